// @ts-check
/**
 * A room: its members, a contiguous range of its messages, and how many are unread. Private conversations are rooms, too,
 * named after the other user.
 *
 * The range has no gaps. It ends with the latest message unless the user has gone far back: then new messages are only
 * counted, and loaded when the user comes to them. Lines above the limit are dropped at the end that the user is not reading.
 */
import { now } from "./clock.js";
import { append, countsAsNew, firstPosition, indexAfter, lastPosition, positionOf, withoutKnown } from "./lines.js";

/** @typedef {import("./lines.js").Line} Line */
/** @typedef {import("./lines.js").Position} Position */

/**
 * A message of the user that the server has not echoed yet.
 *
 * @typedef {object} Pending
 * @property {"say" | "action"} kind
 * @property {string} text
 * @property {Date} time
 * @property {string} [nick] The user's nickname at that time.
 * @property {string} [reply] The id of the message that it replies to.
 * @property {string} [error] Why it was not sent.
 * @property {Position} [after] Set if it may have been delivered all the same: after this position.
 */

/**
 * A member of a room.
 *
 * @typedef {object} Member
 * @property {string} nick
 * @property {string} prefixes `~` for an owner, `@` for an operator, `+` for voice, or several (PREFIX of RPL_ISUPPORT).
 * @property {boolean} away
 * @property {boolean} [isNew] Whether it has joined, and its rank has not changed since: the server gives it back its role.
 */

/**
 * Why the user is not in a room, and how to try again.
 *
 * @typedef {object} JoinError
 * @property {string} text
 * @property {string} action The label of the button that tries again.
 * @property {boolean} [needsKey] Whether the room needs a key.
 */

/**
 * The messages that were unread when the user came back to the room.
 *
 * @typedef {object} NewMessages
 * @property {Position} from They come after this position.
 * @property {number} count
 * @property {boolean} atLeast Whether there may be more than `count`.
 */

/**
 * Whether there are messages before the first line, or after the last one: not known, yes, being loaded, failed to load, no.
 *
 * @typedef {"unknown" | "more" | "loading" | "failed" | "none"} HistoryState
 */

/** A room has at most `LINES_MAX` lines, and is cut to that when it has `LINES_SPARE` more. */
const LINES_MAX = 2000;
const LINES_SPARE = 100;

/** The most lines that wait until the history before them is loaded. Above it, the oldest ones are dropped. */
export const QUEUE_MAX = 2000;

/** The most characters in the lines of a room, roughly: it is checked after each `CHARACTERS_SPARE` of new lines. */
export const CHARACTERS_MAX = 2_000_000;
const CHARACTERS_SPARE = 200_000;

/** Shown if the server has lost messages that the page has. */
const HISTORY_LOST = "The server has lost its history: messages from before you came back may be missing here.";

/** Wide and narrow forms of letters, digits and the punctuation of nicknames. */
const WIDE = /[\uff0d\uff10-\uff19\uff21-\uff5d\uff65-\uffdc]/g;

/** Folds a name for comparison, as the server does (CASEMAPPING=rfc8265). @param {string} name */
export function fold(name) {
  const composed = name.replace(WIDE, (letter) => letter.normalize("NFKC")).normalize("NFC");
  return composed.toLowerCase().replaceAll("ς", "σ").normalize("NFC");
}

/** Whether a name is that of a room, and not a nickname. @param {string} name */
export function isRoom(name) {
  return name.startsWith("#");
}

/**
 * Whether a line is the delivered copy of a pending message: nickname, text and position match.
 *
 * @param {Pending} pending
 * @param {Line} line
 */
function isDelivered({ kind, text, nick = "", after }, line) {
  if (after === undefined || line.time < after.time || line.id === after.id) return false;
  return kind === line.kind && fold(nick) === fold(line.nick ?? "") && visibleText(text) === visibleText(line.text);
}

/** The visible characters of a text: the server may remove others. @param {string} text */
function visibleText(text) {
  return text.replace(/[\s\p{C}]+/gu, "");
}

/** Adds the `#` to the name of a room if it is missing. @param {string} name */
export function toRoomName(name) {
  return isRoom(name) ? name : `#${name}`;
}

/** A room or a private conversation. Only the model changes it. */
export class Room {
  topic = "";
  /** @type {"joining" | "in" | "out"} */
  state = "joining";
  /** @type {JoinError | undefined} */
  joinError;
  key = "";
  /** @type {Map<string, string>} The settings by the letter of their mode, with their parameter: current once they were loaded. */
  modes = new Map();
  /** @type {Map<string, Member>} By folded nick. */
  members = new Map();
  /** @type {Line[]} The oldest first. */
  lines = [];
  /** @type {HistoryState} */
  older = "unknown";
  /** @type {HistoryState} */
  newer = "none";
  /** @type {Line[] | undefined} New lines, while the history before them is being loaded. */
  queue;
  /** @type {Pending[]} */
  pending = [];
  /** @type {Line | undefined} The message that the user replies to with the next one. */
  replyTo;
  /** @type {Map<string, Line | null | undefined>} Quoted messages that are not among the lines, by id: see quoted.js. */
  quoted = new Map();
  /** @type {Map<string, { nick: string, until: number }>} The members who are typing, by folded nickname: see typing.js. */
  typing = new Map();
  /** @type {string[]} Earlier input, for recall. */
  inputHistory = [];

  /** Whether the other user of a private conversation has no account; not known at first. */
  isGuest = false;

  /** When the user joined, by the server's clock. */
  joinedAt = now();
  /** @type {Position | undefined} The latest message that is known. */
  newest;
  /** @type {Position | undefined} The read marker. */
  lastRead;
  unread = 0;
  mentions = 0;
  /** @type {NewMessages | undefined} Until the user has read them and leaves the tab. */
  newMessages;
  /** @type {Line | undefined} The first of them, if it is loaded. */
  firstNewLine;
  /** @type {Line | undefined} The line that was found, to highlight it. */
  highlighted;

  /** The characters of the lines that were added since the last check of their limit. */
  #added = 0;

  /** @param {string} name */
  constructor(name) {
    this.name = name;
    if (!this.isRoom) this.state = "in";
  }

  get isRoom() {
    return isRoom(this.name);
  }

  /** The members: owners, then operators, then those with voice, then others, each by name. */
  get sortedMembers() {
    const rank = (/** @type {Member} */ { prefixes }) => prefixes === "" ? 5 : "~&@%+".indexOf(prefixes[0] ?? "");
    const entries = [...this.members].sort(([key, a], [other, b]) => rank(a) - rank(b) || (key < other ? -1 : 1));
    return entries.map(([, member]) => member);
  }

  /**
   * Adds a new line.
   *
   * @param {Line} line
   * @param {boolean} seen Whether the user sees it, so that it does not count as unread.
   * @returns {"queued" | "known" | "longer" | "added" | "skipped"} What became of it.
   */
  add(line, seen) {
    if (this.queue !== undefined) {
      this.queue.push(line);
      if (this.queue.length > QUEUE_MAX) this.queue.shift();
      return "queued";
    }
    this.#added += line.text.length;
    const last = this.lines.at(-1);
    const outcome = this.newer === "none" ? append(this.lines, line) : "skipped";
    if (outcome === "longer" && this.firstNewLine === last) this.firstNewLine = this.lines.at(-1);
    const more = (line.part ?? 0) > 0 && line.id === this.newest?.id;
    this.newest = positionOf(line) ?? this.newest;
    if (seen || more || outcome === "known" || !countsAsNew(line)) return outcome;
    if (this.newMessages === undefined && outcome === "added") this.firstNewLine = line;
    this.#countUnread([line]);
    return outcome;
  }

  /** Whether the latest messages reach back to those that are known or read, so that no unread one is missing. @param {Line[]} lines */
  isConnectedTo(lines) {
    const from = this.newMessages?.from ?? this.newest ?? this.lastRead;
    return from === undefined || indexAfter(lines, from) > 0;
  }

  /**
   * Adds the latest messages after a JOIN.
   *
   * @param {Line[]} lines
   * @param {boolean} full Whether there may be more before these. This matters if they do not reach the known lines.
   * @param {boolean} reading Whether the user is reading older messages.
   * @returns {Line[]} The queued lines, which are to be added.
   */
  catchUp(lines, full, reading) {
    const { queue = [], newest } = this;
    this.queue = undefined;
    const past = withoutKnown(lines, queue); // the queued lines come later
    const from = newest ?? this.lastRead;
    const fresh = from === undefined ? [] : past.slice(indexAfter(past, from));
    const follows = fresh.length < past.length;
    if (newest === undefined) this.older = lines.length === 0 ? "none" : "more";
    else if (this.older !== "none") this.older = "more";
    const forgotten = newest !== undefined && !follows && !full; // the server has sent all that it has
    if (this.newer !== "none" && !forgotten) this.newer = "more"; // the user is reading older messages
    else if (newest === undefined) this.lines = [...past, ...this.lines];
    else if (follows || !full) {
      this.newer = "none"; // the server no longer has the lines in between
      if (!follows && this.isRoom) this.lines.push({ kind: "info", text: HISTORY_LOST, time: fresh[0]?.time ?? now() });
      this.lines.push(...fresh);
    } else if (reading) this.newer = "more";
    else {
      this.replace(past, true); // the lines in between are loaded by scrolling back
      this.older = "more";
    }
    const readUpTo = this.lastRead?.id === "" ? this.lastRead.time : undefined; // on another device, perhaps
    const missed = fresh.filter((line) => countsAsNew(line) && !(readUpTo !== undefined && line.time <= readUpTo));
    const first = firstPosition(fresh);
    const atLeast = full && !follows && !(readUpTo !== undefined && first !== undefined && first.time <= readUpTo);
    if (missed.length > 0 || (atLeast && this.lastRead !== undefined)) this.#countUnread(missed, atLeast);
    this.newest = lastPosition(past) ?? newest;
    // On the first visit, nothing is unread.
    this.lastRead ??= this.newest ??
      { id: "", time: new Date(Number(firstPosition(queue)?.time ?? this.joinedAt) - 1) };
    this.trim(reading);
    this.#findFirstNewLine(!full && this.newer === "none");
    return queue;
  }

  /**
   * Removes pending messages that were delivered after all: those that are among the lines.
   *
   * @param {Line[]} lines Each settles at most one pending message, once.
   * @param {boolean} confirmed Whether they are known to be copies of other messages.
   * @returns {boolean} Whether any message was removed.
   */
  reconcile(lines, confirmed) {
    const count = this.pending.length;
    if (this.pending.every(({ after }) => after === undefined)) return false;
    for (const line of lines) {
      const position = positionOf(line);
      const same = this.pending.filter((each) => isDelivered(each, line));
      const [found] = same;
      if (position === undefined || found === undefined) continue;
      for (const each of same) each.after = position;
      if (!confirmed) this.pending.splice(this.pending.indexOf(found), 1);
    }
    return this.pending.length < count;
  }

  /** Adds messages before the first line. @param {Line[]} lines Empty if there are none. */
  addOlder(lines) {
    this.lines.unshift(...withoutKnown(lines, this.lines));
    this.older = lines.length === 0 ? "none" : "more";
    if (this.#tooMany) this.#dropLast();
    this.#findFirstNewLine();
  }

  /** Adds messages after the last line. @param {Line[]} lines Empty if there are none. */
  addNewer(lines) {
    this.lines.push(...withoutKnown(lines, this.lines));
    this.newer = lines.length === 0 || lastPosition(this.lines)?.id === this.newest?.id ? "none" : "more";
    if (this.#tooMany) this.#dropFirst();
    this.#findFirstNewLine();
  }

  /** Replaces the lines. @param {Line[]} lines @param {boolean} last Whether these are the latest. */
  replace(lines, last) {
    this.lines = lines;
    this.older = lines.length === 0 ? "none" : "more";
    this.newer = last || lastPosition(lines)?.id === this.newest?.id ? "none" : "more";
    if (last) this.newest = lastPosition(lines) ?? this.newest;
    this.#findFirstNewLine();
  }

  /**
   * Drops lines if there are too many.
   *
   * @param {boolean} reading Whether the user is reading older messages.
   * @returns {boolean} Whether lines were dropped.
   */
  trim(reading) {
    if (this.#added > CHARACTERS_SPARE) this.#dropLongest();
    if (!this.#tooMany) return false;
    if (reading && this.older !== "unknown") this.#dropLast();
    else this.#dropFirst();
    this.#findFirstNewLine();
    return true;
  }

  /** Sets the read marker to the latest message. @returns {{ moved: boolean, counted: boolean }} Whether the marker moved, and whether any message was unread. */
  markRead() {
    const last = this.newest ?? lastPosition(this.lines);
    const moved = last !== undefined && last.id !== this.lastRead?.id;
    if (moved) this.lastRead = last;
    const counted = this.unread > 0;
    this.unread = this.mentions = 0;
    return { moved, counted };
  }

  /**
   * Moves the read marker to a time, if that is later: the user has read up to it on another device.
   *
   * @param {Date} time
   * @returns {boolean} Whether fewer messages are unread.
   */
  readUpTo(time) {
    if (this.lastRead !== undefined && this.lastRead.time >= time) return false;
    this.lastRead = { id: "", time };
    if (this.unread === 0) return false;
    const isAll = this.newest !== undefined && this.newest.time <= time;
    if (!isAll && this.newer !== "none") return false; // the last ones are not loaded: their number is not known
    const rest = isAll ? [] : this.lines.filter((line) => countsAsNew(line) && line.time > time);
    const first = firstPosition(this.lines);
    const atLeast = (this.newMessages?.atLeast ?? false) && first !== undefined && time < first.time;
    this.unread = this.mentions = 0;
    this.newMessages = this.firstNewLine = undefined;
    if (rest.length > 0) this.#countUnread(rest, atLeast);
    this.#findFirstNewLine();
    return true;
  }

  /** Called when the user leaves the tab: messages that were read are no longer shown as new. */
  clearNewMessages() {
    if (this.unread > 0) return;
    this.newMessages = this.firstNewLine = undefined;
  }

  /** Drops old lines whose texts are above the limit together. */
  #dropLongest() {
    this.#added = 0;
    let characters = 0;
    const at = this.lines.findLastIndex(({ text }) => (characters += text.length) > CHARACTERS_MAX);
    if (at < 0) return;
    this.lines.splice(0, at + 1);
    if (this.older !== "unknown") this.older = "more";
    this.#findFirstNewLine();
  }

  get #tooMany() {
    return this.lines.length > LINES_MAX + LINES_SPARE;
  }

  #dropFirst() {
    this.lines.splice(0, this.lines.length - LINES_MAX);
    if (this.older !== "unknown") this.older = "more";
  }

  #dropLast() {
    this.lines.length = LINES_MAX;
    this.newer = "more";
  }

  /** Counts unread messages. @param {Line[]} lines @param {boolean} atLeast Whether there may be more. */
  #countUnread(lines, atLeast = false) {
    this.unread += lines.length;
    this.mentions += lines.filter(({ mention }) => mention).length;
    this.lastRead ??= { id: "", time: new Date(Number(lines[0]?.time) - 1) };
    this.newMessages ??= { from: this.lastRead, count: 0, atLeast };
    this.newMessages.count += lines.length;
    this.newMessages.atLeast ||= atLeast;
  }

  /** Finds the first new line. @param {boolean} whole Whether it must be among the lines. */
  #findFirstNewLine(whole = false) {
    this.firstNewLine = undefined;
    if (this.newMessages === undefined) return;
    const at = indexAfter(this.lines, this.newMessages.from);
    // If no older message is loaded, the first new one may be further back.
    const reached = whole || !["more", "loading", "failed"].includes(this.older) ||
      firstPosition(this.lines.slice(0, at));
    if (reached) this.firstNewLine = this.lines.slice(at).find(countsAsNew);
  }
}

/** The fragment of the address for a room. @param {Room | undefined} room */
export function hashOf(room) {
  return room?.isRoom ? `#${encodeURIComponent(room.name.slice(1)).replaceAll("%23", "#")}` : "";
}
