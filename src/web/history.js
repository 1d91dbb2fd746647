// @ts-check
/**
 * What was said before: asked of the server a page at a time, and put where it belongs. Searched, too.
 */
import { attributes } from "./irc.js";
import { append, firstSaid, indexAfter, lastSaid } from "./lines.js";
import { markOf } from "./read_markers.js";
import { fold, isRoom } from "./room.js";

/** @typedef {import("./chat.js").Chat} Chat */
/** @typedef {import("./lines.js").Line} Line */
/** @typedef {import("./lines.js").Mark} Mark */
/** @typedef {import("./room.js").Room} Room */

/** @typedef {"before" | "after"} Side */
/** @typedef {{ where: string, line: Line }} Found Something that was said, and the room's name. */

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

/** Whether the server tells what was said before. @param {Chat} chat */
export function canLookBack(chat) {
  return chat.connection.has(HISTORY);
}

/** Whether one can search here. @param {Chat} chat */
export function canSearch(chat) {
  return chat.connection.has(SEARCH);
}

/** Asks what was said last in a room that we come into, or come back to. @param {Chat} chat @param {Room} room */
export function begin(chat, room) {
  if (!canLookBack(chat)) return;
  const { model } = chat;
  room.read ??= markOf(room.name);
  model.hold(room);
  ask(chat, ["LATEST", room.name, "*"], LATEST, {
    done(lines, full) {
      const first = firstSaid(lines);
      if (full || first === undefined || room.isReachedBy(lines)) return model.catchUp(room, lines, full);
      // All that the server knows, or cut short? What comes before it tells.
      page(chat, room, "BEFORE", first, {
        done: (before) => model.catchUp(room, [...before, ...lines], before.length > 0),
        failed() {
          // Without a connection it is all asked anew when there is one.
          if (room.held !== undefined) model.catchUp(room, lines, true);
        },
      });
    },
    failed: () => model.release(room, false),
  });
}

/** What was asked for a room will not come any more. @param {Chat} chat @param {Room} room */
export function interrupt({ model }, room) {
  model.release(room, true);
  for (const side of /** @type {const} */ (["before", "after"])) {
    if (room[side] === "loading") model.beyond(room, side, "failed");
  }
}

/**
 * Opens those conversations that were open before, or in which something was said since. Of rooms, we know which.
 *
 * @param {Chat} chat
 * @param {string[]} open
 */
export function beginConversations(chat, open) {
  if (!canLookBack(chat)) return;
  const { model } = chat;
  send(chat, "CHATHISTORY", ["TARGETS", cursor(LAST), cursor(FIRST), String(CONVERSATIONS_MAX)], CONVERSATIONS_MAX, {
    done(found) {
      for (const { where, line } of found) {
        const mark = markOf(where);
        const news = mark !== undefined && mark.time < line.time;
        if (!isRoom(where) && (news || open.some((name) => fold(name) === fold(where)))) model.open(where);
      }
    },
    failed() {},
  });
}

/** Has more of a room, before its first line or after its last. @param {Chat} chat @param {Room} room @param {Side} side */
export function more(chat, room, side) {
  const { model } = chat;
  const edge = () => side === "before" ? firstSaid(room.lines) : lastSaid(room.lines);
  const mark = edge();
  if (mark === undefined) return model.beyond(room, side, "none");
  model.beyond(room, side, "loading");
  page(chat, room, side === "before" ? "BEFORE" : "AFTER", mark, {
    done(lines) {
      if (room[side] !== "loading") return;
      // Meanwhile, what it was to be put beside may have gone.
      if (edge()?.id === mark.id) model.extend(room, side, lines);
      else model.beyond(room, side, "more");
    },
    failed() {
      if (room[side] === "loading") model.beyond(room, side, "failed");
    },
  });
}

/**
 * Goes to something that was said, or to where it was.
 *
 * @param {Chat} chat
 * @param {Room} room
 * @param {Mark} mark
 * @param {(why: string) => void} failed
 */
export function goTo(chat, room, mark, failed) {
  const { model } = chat;
  const find = (/** @type {Line[]} */ lines) => lines.find(({ id }) => id === mark.id);
  const known = find(room.lines);
  if (known !== undefined) return model.goTo(room, known, true);
  around(chat, room, mark, {
    done(lines) {
      const line = find(lines);
      if (line !== undefined) return model.goTo(room, line, true);
      model.goTo(room, lines[indexAfter(lines, mark)] ?? lines.at(-1));
      failed("That message is not there any more.");
    },
    failed,
  });
}

/** Goes to the first of what one has not read. @param {Chat} chat @param {Room} room @param {(why: string) => void} failed */
export function goToNews(chat, room, failed) {
  const { firstNew, news } = room;
  if (firstNew !== undefined) return chat.model.goTo(room, firstNew);
  if (news === undefined) return;
  around(chat, room, news.from, { done: ([first]) => chat.model.goTo(room, room.firstNew ?? first), failed });
}

/** Goes to the end. @param {Chat} chat @param {Room} room */
export function goToEnd(chat, room) {
  const { model } = chat;
  if (room.after === "none") return model.goTo(room);
  ask(chat, ["LATEST", room.name, "*"], PAGE, {
    done(lines) {
      if (room.held !== undefined) return goToEnd(chat, room); // not before it is known what was missed
      model.replace(room, lines, true);
      model.goTo(room);
    },
    failed() {}, // that there is no connection is said already
  });
}

/**
 * Searches.
 *
 * @param {Chat} chat
 * @param {{ words: string, room: Room | undefined, before: Date | undefined }} wanted In no room: in all of them.
 * @param {Answer<Found[]>} answer The oldest first.
 */
export function search(chat, { words, room, before }, answer) {
  const wanted = { in: room?.name, text: words, before: before?.toISOString(), limit: String(RESULTS) };
  send(chat, "SEARCH", [attributes(wanted)], RESULTS, answer);
}

/** Has other lines of a room: those around a place. @param {Chat} chat @param {Room} room @param {Mark} mark @param {Answer<Line[]>} answer */
function around(chat, room, mark, { done, failed }) {
  page(chat, room, "AROUND", mark, {
    done(lines, full) {
      if (room.held !== undefined) return around(chat, room, mark, { done, failed }); // likewise
      if (lines.length > 0) chat.model.replace(room, lines, false);
      done(lines, full);
    },
    failed,
  });
}

/**
 * Asks for messages beside a place, or around it. Where the message is gone, its time still says where it was.
 *
 * @param {Chat} chat
 * @param {Room} room
 * @param {"BEFORE" | "AFTER" | "AROUND"} subcommand
 * @param {Mark} mark
 * @param {Answer<Line[]>} answer
 */
function page(chat, room, subcommand, { id, time }, answer) {
  const byTime = () => ask(chat, [subcommand, room.name, cursor(time)], PAGE, answer);
  if (id === "") byTime();
  else ask(chat, [subcommand, room.name, `msgid=${id}`], PAGE, { ...answer, failed: byTime });
}

/** @param {Chat} chat @param {string[]} params @param {number} limit @param {Answer<Line[]>} answer */
function ask(chat, params, limit, { done, failed }) {
  send(chat, "CHATHISTORY", [...params, String(limit)], limit, {
    done: (found, full) => done(found.map(({ line }) => line), full),
    failed,
  });
}

/** @param {Chat} chat @param {string} command @param {string[]} params @param {number} limit @param {Answer<Found[]>} answer */
function send(chat, command, params, limit, { done, failed }) {
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
  const ended = () => done(lines.map((line, i) => ({ where: names[i] ?? "", line })), full());
  const sent = chat.ask(command, params, { found, ended, refused: failed });
  if (!sent) failed("Not connected. Try again when you are back.");
}

/** @param {Date} time */
function cursor(time) {
  return `timestamp=${time.toISOString()}`;
}
