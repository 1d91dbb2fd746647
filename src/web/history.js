// @ts-check
/**
 * What was said before: asked of the server a page at a time, and put where it belongs. Searched, too.
 */
import { attributes } from "./irc.js";
import { append, firstPosition, indexAfter, lastPosition } from "./lines.js";
import { readMarkerOf } from "./read_markers.js";
import { fold, isRoom } from "./room.js";

/** @typedef {import("./context.ts").ChatContext} ChatContext */
/** @typedef {import("./lines.js").Line} Line */
/** @typedef {import("./lines.js").Position} Mark */
/** @typedef {import("./room.js").Room} Room */

/** @typedef {"older" | "newer"} Side */
/** @typedef {{ room: string, line: Line }} HistoryItem Something that was said, and the room's name. */

/**
 * @template Value
 * @typedef {object} Answer
 * @property {(value: Value, full: boolean) => void} done Also told whether it is as much as was asked for. If it is less,
 *   there may be more all the same: an answer that would be too long is cut short.
 * @property {(why: string) => void} failed
 */

/** The names of what the server can do about it. */
const HISTORY = "draft/chathistory";
const SEARCH = "soju.im/search";

/** How many messages are asked for: of a room that one comes into, and going back or on. The server may tell fewer. */
const LATEST = 100;
const PAGE = 50;

/** How many search results are asked for at a time. */
const RESULTS = 50;

/** How many conversations are looked for: the latest ones. */
const CONVERSATIONS_MAX = 20;

/** Between these is all that was said, whatever the clock of this device says. */
const FIRST = new Date(0);
const LAST = new Date("9999-12-31T23:59:59.999Z");

/** Whether the server tells what was said before. @param {ChatContext} chat */
export function hasHistory(chat) {
  return chat.connection.has(HISTORY);
}

/** Whether one can search here. @param {ChatContext} chat */
export function canSearch(chat) {
  return chat.connection.has(SEARCH);
}

/** Asks what was said last in a room that we come into, or come back to. @param {ChatContext} chat @param {Room} room */
export function loadLatest(chat, room) {
  if (!hasHistory(chat)) return;
  const { model } = chat;
  room.lastRead ??= readMarkerOf(room.name);
  model.startQueue(room);
  requestLines(chat, ["LATEST", room.name, "*"], LATEST, {
    done(lines, full) {
      const first = firstPosition(lines);
      if (full || first === undefined || room.isConnectedTo(lines)) return model.catchUp(room, lines, full);
      // All that the server knows, or cut short? What comes before it tells.
      requestPage(chat, room, "BEFORE", first, {
        done: (before) => model.catchUp(room, [...before, ...lines], before.length > 0),
        failed() {
          // Without a connection it is all asked anew when there is one.
          if (room.queue !== undefined) model.catchUp(room, lines, true);
        },
      });
    },
    failed: () => model.endQueue(room, false),
  });
}

/** What was asked for a room will not come any more. @param {ChatContext} chat @param {Room} room */
export function cancelLoading({ model }, room) {
  model.endQueue(room, true);
  for (const side of /** @type {const} */ (["older", "newer"])) {
    if (room[side] === "loading") model.setHistoryState(room, side, "failed");
  }
}

/**
 * Opens those conversations that were open before, or in which something was said since. Of rooms, we know which.
 *
 * @param {ChatContext} chat
 * @param {string[]} open
 */
export function loadConversations(chat, open) {
  if (!hasHistory(chat)) return;
  const { model } = chat;
  requestHistory(
    chat,
    "CHATHISTORY",
    ["TARGETS", timestamp(LAST), timestamp(FIRST), String(CONVERSATIONS_MAX)],
    CONVERSATIONS_MAX,
    {
      done(found) {
        for (const { room: where, line } of found) {
          const mark = readMarkerOf(where);
          const news = mark !== undefined && mark.time < line.time;
          if (!isRoom(where) && (news || open.some((name) => fold(name) === fold(where)))) model.open(where);
        }
      },
      failed() {},
    },
  );
}

/** Has more of a room, before its first line or after its last. @param {ChatContext} chat @param {Room} room @param {Side} side */
export function loadMore(chat, room, side) {
  const { model } = chat;
  const edge = () => side === "older" ? firstPosition(room.lines) : lastPosition(room.lines);
  const mark = edge();
  if (mark === undefined) return model.setHistoryState(room, side, "none");
  model.setHistoryState(room, side, "loading");
  requestPage(chat, room, side === "older" ? "BEFORE" : "AFTER", mark, {
    done(lines) {
      if (room[side] !== "loading") return;
      // Meanwhile, what it was to be put beside may have gone.
      if (edge()?.id === mark.id) model.extend(room, side, lines);
      else model.setHistoryState(room, side, "more");
    },
    failed() {
      if (room[side] === "loading") model.setHistoryState(room, side, "failed");
    },
  });
}

/**
 * Goes to something that was said, or to where it was.
 *
 * @param {ChatContext} chat
 * @param {Room} room
 * @param {Mark} mark
 * @param {(why: string) => void} failed
 */
export function goToMessage(chat, room, mark, failed) {
  const { model } = chat;
  const find = (/** @type {Line[]} */ lines) => lines.find(({ id }) => id === mark.id);
  const known = find(room.lines);
  if (known !== undefined) return model.goTo(room, known, true);
  loadAround(chat, room, mark, {
    done(lines) {
      const line = find(lines);
      if (line !== undefined) return model.goTo(room, line, true);
      model.goTo(room, lines[indexAfter(lines, mark)] ?? lines.at(-1));
      failed("That message is not there any more.");
    },
    failed,
  });
}

/** Goes to the first of what one has not read. @param {ChatContext} chat @param {Room} room @param {(why: string) => void} failed */
export function goToFirstNew(chat, room, failed) {
  const { firstNewLine: firstNew, newMessages: news } = room;
  if (firstNew !== undefined) return chat.model.goTo(room, firstNew);
  if (news === undefined) return;
  loadAround(chat, room, news.from, { done: ([first]) => chat.model.goTo(room, room.firstNewLine ?? first), failed });
}

/** Goes to the end. @param {ChatContext} chat @param {Room} room */
export function goToEnd(chat, room) {
  const { model } = chat;
  if (room.newer === "none") return model.goTo(room);
  requestLines(chat, ["LATEST", room.name, "*"], PAGE, {
    done(lines) {
      if (room.queue !== undefined) return goToEnd(chat, room); // not before it is known what was missed
      model.replace(room, lines, true);
      model.goTo(room);
    },
    failed() {}, // that there is no connection is said already
  });
}

/**
 * Searches.
 *
 * @param {ChatContext} chat
 * @param {{ words: string, room: Room | undefined, before: Date | undefined }} wanted In no room: in all of them.
 * @param {Answer<HistoryItem[]>} answer The oldest first.
 */
export function search(chat, { words, room, before }, answer) {
  const wanted = { in: room?.name, text: words, before: before?.toISOString(), limit: String(RESULTS) };
  requestHistory(chat, "SEARCH", [attributes(wanted)], RESULTS, answer);
}

/** Has other lines of a room: those around a place. @param {ChatContext} chat @param {Room} room @param {Mark} mark @param {Answer<Line[]>} answer */
function loadAround(chat, room, mark, { done, failed }) {
  requestPage(chat, room, "AROUND", mark, {
    done(lines, full) {
      if (room.queue !== undefined) return loadAround(chat, room, mark, { done, failed }); // likewise
      if (lines.length > 0) chat.model.replace(room, lines, false);
      done(lines, full);
    },
    failed,
  });
}

/**
 * Asks for messages beside a place, or around it. Where the message is gone, its time still says where it was.
 *
 * @param {ChatContext} chat
 * @param {Room} room
 * @param {"BEFORE" | "AFTER" | "AROUND"} subcommand
 * @param {Mark} mark
 * @param {Answer<Line[]>} answer
 */
function requestPage(chat, room, subcommand, { id, time }, answer) {
  const byTime = () => requestLines(chat, [subcommand, room.name, timestamp(time)], PAGE, answer);
  if (id === "") byTime();
  else requestLines(chat, [subcommand, room.name, `msgid=${id}`], PAGE, { ...answer, failed: byTime });
}

/** @param {ChatContext} chat @param {string[]} params @param {number} limit @param {Answer<Line[]>} answer */
function requestLines(chat, params, limit, { done, failed }) {
  requestHistory(chat, "CHATHISTORY", [...params, String(limit)], limit, {
    done: (found, full) => done(found.map(({ line }) => line), full),
    failed,
  });
}

/** @param {ChatContext} chat @param {string} command @param {string[]} params @param {number} limit @param {Answer<HistoryItem[]>} answer */
function requestHistory(chat, command, params, limit, { done, failed }) {
  /** @type {Line[]} */
  const lines = [];
  /** @type {string[]} */
  const names = [];
  let count = 0; // of long messages, each line: the server may cut an answer short that is too long
  const found = (/** @type {string} */ name, /** @type {Line} */ line) => {
    count++;
    if (append(lines, line) === "added") names.push(name);
  };
  // The first questions are asked before the server has told how many it answers with; by now it has.
  const full = () => count >= Math.min(limit, chat.historyMax);
  const ended = () => done(lines.map((line, i) => ({ room: names[i] ?? "", line })), full());
  const sent = chat.request(command, params, { onLine: found, onEnd: ended, onError: failed });
  if (!sent) failed("Not connected. Try again when you are back.");
}

/** @param {Date} time */
function timestamp(time) {
  return `timestamp=${time.toISOString()}`;
}
