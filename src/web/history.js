// @ts-check
/**
 * Loads the history of rooms page by page (IRCv3, "chathistory"), and searches it (soju.im/search).
 */
import { isClosed } from "./closed.js";
import { attributes } from "./irc.js";
import { append, firstPosition, indexAfter, lastPosition } from "./lines.js";
import { requestMarker, storedMarkerOf } from "./read_sync.js";
import { isRoom } from "./room.js";
import { withTimesInUtc } from "./search_words.js";

/** @typedef {import("./context.ts").ChatContext} ChatContext */
/** @typedef {import("./lines.js").Line} Line */
/** @typedef {import("./lines.js").Position} Position */
/** @typedef {import("./room.js").Room} Room */

/** @typedef {"older" | "newer"} Side */
/** @typedef {{ room: string, line: Line }} HistoryItem A message, and the room or user it was sent to. */

/**
 * @template Value
 * @typedef {object} Answer
 * @property {(value: Value, full: boolean) => void} done `full`: as many messages as requested. If not, there may still be
 *   more, as the server cuts long answers short.
 * @property {(why: string) => void} failed
 */

/** The capabilities for history and search. */
const HISTORY = "draft/chathistory";
const SEARCH = "soju.im/search";

/** How many messages are requested: after a JOIN, and when scrolling. The server may return fewer. */
const LATEST = 100;
const PAGE = 50;

/** How many lines more than requested are taken: servers count messages, of which each may have several lines. */
const EXCESS_MAX = 1000;

/** How many search results are requested at a time. */
const RESULTS = 50;

/** How many rooms and conversations are requested, and how many conversations are opened: the latest ones. */
const TARGETS = 100;
const CONVERSATIONS_MAX = 20;

/** All messages are between these times, even if the clock of this device is wrong. */
const FIRST = new Date(0);
const LAST = new Date("9999-12-31T23:59:59.999Z");

/** Whether the server has history. @param {ChatContext} chat */
export function hasHistory(chat) {
  return chat.connection.has(HISTORY);
}

/** Whether the server supports search. @param {ChatContext} chat */
export function canSearch(chat) {
  return chat.connection.has(SEARCH);
}

/** Loads the latest messages of a room after a JOIN. @param {ChatContext} chat @param {Room} room */
export function loadLatest(chat, room) {
  if (!hasHistory(chat)) return;
  const { model } = chat;
  room.lastRead ??= storedMarkerOf(chat, room.name);
  if (!room.isRoom) requestMarker(chat, room.name);
  model.startQueue(room);
  requestLines(chat, ["LATEST", room.name, "*"], LATEST, {
    done(lines, full) {
      const first = firstPosition(lines);
      if (full || first === undefined || room.isConnectedTo(lines)) return model.catchUp(room, lines, full);
      // Either the server has no more, or it cut the answer short. Older messages tell which.
      requestPage(chat, room, "BEFORE", first, {
        done: (before) => model.catchUp(room, [...before, ...lines], before.length > 0),
        failed() {
          // If the connection was lost, all is requested again after reconnecting.
          if (room.queue !== undefined) model.catchUp(room, lines, true);
        },
      });
    },
    failed: () => model.endQueue(room, false),
  });
}

/** Called when the connection is lost: requests for a room are not answered any more. @param {ChatContext} chat @param {Room} room */
export function cancelLoading({ model }, room) {
  model.endQueue(room, true);
  for (const side of /** @type {const} */ (["older", "newer"])) {
    if (room[side] === "loading") model.setHistoryState(room, side, "failed");
  }
}

/** Opens the latest private conversations, but not those that the user has closed. @param {ChatContext} chat */
export function loadConversations(chat) {
  if (!hasHistory(chat)) return;
  const { model } = chat;
  requestHistory(
    chat,
    "CHATHISTORY",
    ["TARGETS", timestamp(LAST), timestamp(FIRST), String(TARGETS)],
    TARGETS,
    {
      done(found) {
        const conversations = found.filter(({ room: name, line }) => !isRoom(name) && !isClosed(name, line.time));
        for (const { room: name } of conversations.slice(-CONVERSATIONS_MAX)) model.open(name);
      },
      failed() {},
    },
  );
}

/** Loads more messages before the first line or after the last one. @param {ChatContext} chat @param {Room} room @param {Side} side */
export function loadMore(chat, room, side) {
  const { model } = chat;
  const edge = () => side === "older" ? firstPosition(room.lines) : lastPosition(room.lines);
  const position = edge();
  if (position === undefined) return model.setHistoryState(room, side, "none");
  model.setHistoryState(room, side, "loading");
  requestPage(chat, room, side === "older" ? "BEFORE" : "AFTER", position, {
    done(lines) {
      if (room[side] !== "loading") return;
      // The line that they adjoin may have been dropped in the meantime.
      if (edge()?.id === position.id) model.extend(room, side, lines);
      else model.setHistoryState(room, side, "more");
    },
    failed() {
      if (room[side] === "loading") model.setHistoryState(room, side, "failed");
    },
  });
}

/**
 * Scrolls to a message, and loads the messages around it if needed. If it is gone, scrolls to its position.
 *
 * @param {ChatContext} chat
 * @param {Room} room
 * @param {Position} position
 * @param {(why: string) => void} failed
 */
export function goToMessage(chat, room, position, failed) {
  const { model } = chat;
  const find = (/** @type {Line[]} */ lines) => lines.find(({ id }) => id === position.id);
  const known = find(room.lines);
  if (known !== undefined) return model.goTo(room, known, true);
  loadAround(chat, room, position, {
    done(lines) {
      const line = find(lines);
      if (line !== undefined) return model.goTo(room, line, true);
      model.goTo(room, lines[indexAfter(lines, position)] ?? lines.at(-1));
      failed("That message no longer exists.");
    },
    failed,
  });
}

/** Loads a single message, which another one replies to. @param {ChatContext} chat @param {Room} room @param {string} id @param {Answer<Line | undefined>} answer */
export function loadMessage(chat, room, id, { done, failed }) {
  requestLines(chat, ["AROUND", room.name, `msgid=${id}`], 1, {
    done: (lines, full) => done(lines.find((line) => line.id === id), full),
    failed,
  });
}

/** Scrolls to the first new message, and loads it if needed. @param {ChatContext} chat @param {Room} room @param {(why: string) => void} failed */
export function goToFirstNew(chat, room, failed) {
  const { firstNewLine, newMessages } = room;
  if (firstNewLine !== undefined) return chat.model.goTo(room, firstNewLine);
  if (newMessages === undefined) return;
  loadAround(chat, room, newMessages.from, {
    done: ([first]) => chat.model.goTo(room, room.firstNewLine ?? first),
    failed,
  });
}

/** Scrolls to the end, and loads the latest messages if needed. @param {ChatContext} chat @param {Room} room */
export function goToEnd(chat, room) {
  const { model } = chat;
  if (room.newer === "none") return model.goTo(room);
  requestLines(chat, ["LATEST", room.name, "*"], PAGE, {
    done(lines) {
      if (room.queue !== undefined) return goToEnd(chat, room); // only after the missed messages are loaded
      model.replace(room, lines, true);
      model.goTo(room);
    },
    failed() {}, // the page already shows that there is no connection
  });
}

/**
 * Searches messages.
 *
 * @param {ChatContext} chat
 * @param {{ words: string, room: Room | undefined, before: Date | undefined }} wanted Without a room: in all rooms.
 * @param {Answer<HistoryItem[]>} answer Oldest first.
 */
export function search(chat, { words, room, before }, answer) {
  const text = withTimesInUtc(words, Date.now());
  const wanted = { in: room?.name, text, before: before?.toISOString(), limit: String(RESULTS) };
  requestHistory(chat, "SEARCH", [attributes(wanted)], RESULTS, answer);
}

/** Replaces the lines of a room by those around a position. @param {ChatContext} chat @param {Room} room @param {Position} position @param {Answer<Line[]>} answer */
function loadAround(chat, room, position, { done, failed }) {
  requestPage(chat, room, "AROUND", position, {
    done(lines, full) {
      if (room.queue !== undefined) return loadAround(chat, room, position, { done, failed }); // only after the missed messages are loaded
      if (lines.length > 0) chat.model.replace(room, lines, false);
      done(lines, full);
    },
    failed,
  });
}

/**
 * Requests messages before, after or around a position: by its id or, if that message is gone, by its time.
 *
 * @param {ChatContext} chat
 * @param {Room} room
 * @param {"BEFORE" | "AFTER" | "AROUND"} subcommand
 * @param {Position} position
 * @param {Answer<Line[]>} answer
 */
export function requestPage(chat, room, subcommand, { id, time }, answer) {
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
  let count = 0; // lines, not messages: the server limits the lines of an answer
  const found = (/** @type {string} */ name, /** @type {Line} */ line) => {
    if (++count > limit + EXCESS_MAX) return;
    if (append(lines, line) === "added") names.push(name);
  };
  // Not a constant: the first requests are sent before RPL_ISUPPORT has come.
  const full = () => count >= Math.min(limit, chat.historyMax);
  const ended = () => done(lines.map((line, i) => ({ room: names[i] ?? "", line })), full());
  const onChange = (/** @type {string} */ id, /** @type {(line: Line) => void} */ change) => {
    for (const line of lines) if (line.id === id) change(line);
  };
  const sent = chat.request(command, params, { onLine: found, onChange, onEnd: ended, onError: failed });
  if (!sent) failed("Not connected. Try again when the connection is back.");
}

/** @param {Date} time */
function timestamp(time) {
  return `timestamp=${time.toISOString()}`;
}
