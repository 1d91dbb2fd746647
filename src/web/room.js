// @ts-check
/**
 * A room as the page knows it: who is in it, a stretch of what was said there, and how much of that has been read.
 *
 * The stretch has no holes. It ends with what is happening, unless one has gone far back: then what happens is counted
 * and not kept, and the server has it. What is too much goes from that end at which nobody is reading.
 *
 * A private conversation is a room too, named after the other one.
 */
import { now } from "./clock.js";
import { append, countsAsNew, firstPosition, indexAfter, lastPosition, positionOf, withoutKnown } from "./lines.js";

/** @typedef {import("./lines.js").Line} Line */
/** @typedef {import("./lines.js").Position} Mark */

/**
 * Something we have said, and that has not come back from the server yet.
 *
 * @typedef {object} Pending
 * @property {"say" | "action"} kind
 * @property {string} text
 * @property {Date} time
 * @property {string} [nick] Who we were then.
 * @property {string} [error] Why it did not get through: a sentence.
 * @property {Mark} [after] If it may have got through all the same: behind which line it would be.
 */

/**
 * Somebody in a room.
 *
 * @typedef {object} Member
 * @property {string} nick
 * @property {string} prefixes `@` for an operator, `+` for a voice, or both.
 * @property {boolean} away
 */

/**
 * Why we are not in a room, and what can be done about it.
 *
 * @typedef {object} JoinError
 * @property {string} text A sentence.
 * @property {string} action What the button says that tries again.
 * @property {boolean} [needsKey] Whether the room asks for a key.
 */

/**
 * What one had not read when one came, or came back.
 *
 * @typedef {object} NewMessages
 * @property {Mark} from Behind what.
 * @property {number} count How much it is.
 * @property {boolean} atLeast Whether it may be more.
 */

/**
 * What was said before the first line, or after the last one: nobody tells, there is more, it is on its way, it could not
 * be had, there is nothing.
 *
 * @typedef {"unknown" | "more" | "loading" | "failed" | "none"} HistoryState
 */

/** The most lines that are kept, and how many more there may be until some go. */
const LINES_MAX = 2000;
const LINES_SPARE = 100;

/** Told where the server does not know what we do. */
const HISTORY_LOST = "The server does not remember what was said until you came back: something may be missing here.";

/** What a name is compared by: case makes no difference. @param {string} name */
export function fold(name) {
  return name.replace(/[A-Z]+/g, (letters) => letters.toLowerCase());
}

/** Whether it is a room's name, and not somebody's. @param {string} name */
export function isRoom(name) {
  return name.startsWith("#");
}

/**
 * Whether a line is something of ours that may not have been sent: who, what and when fit.
 *
 * @param {Pending} pending
 * @param {Line} line
 */
function isDelivered({ kind, text, nick = "", after: behind }, line) {
  if (behind === undefined || line.time < behind.time || line.id === behind.id) return false;
  return kind === line.kind && fold(nick) === fold(line.nick ?? "") && visibleText(text) === visibleText(line.text);
}

/** What can be seen of a text: the server may take out the rest. @param {string} text */
function visibleText(text) {
  return text.replace(/[\s\p{C}]+/gu, "");
}

/** The name of a room that may have been written without its `#`. @param {string} name */
export function toRoomName(name) {
  return isRoom(name) ? name : `#${name}`;
}

/** See the head of this file. Only the model changes one. */
export class Room {
  topic = "";
  /** @type {"joining" | "in" | "out"} */
  state = "joining";
  /** @type {JoinError | undefined} */
  joinError;
  key = "";
  /** @type {Map<string, Member>} By folded nick. */
  members = new Map();
  /** @type {Line[]} The oldest first. */
  lines = [];
  /** @type {HistoryState} */
  older = "unknown";
  /** @type {HistoryState} */
  newer = "none";
  /** @type {Line[] | undefined} What happens while it is not known what was said until then. */
  queue;
  /** @type {Pending[]} */
  pending = [];
  /** @type {string[]} What was said from here, to be taken up again. */
  inputHistory = [];

  /** When we came in, by the server's clock. */
  joinedAt = now();
  /** @type {Mark | undefined} The last that we know of. */
  newest;
  /** @type {Mark | undefined} The last that one has read. */
  lastRead;
  unread = 0;
  mentions = 0;
  /** @type {NewMessages | undefined} Until one leaves, having read it. */
  newMessages;
  /** @type {Line | undefined} The first of them, if it is among the lines. */
  firstNewLine;
  /** @type {Line | undefined} What somebody has looked for, and is to see. */
  highlighted;

  /** @param {string} name */
  constructor(name) {
    this.name = name;
    if (!this.isRoom) this.state = "in";
  }

  get isRoom() {
    return isRoom(this.name);
  }

  /** Everybody here: operators first, then voices, each by name. */
  get sortedMembers() {
    const rank = (/** @type {Member} */ { prefixes: ranks }) => ranks.includes("@") ? 0 : ranks.includes("+") ? 1 : 2;
    return [...this.members.values()].sort((a, b) => rank(a) - rank(b) || (fold(a.nick) < fold(b.nick) ? -1 : 1));
  }

  /**
   * Takes in what has just happened.
   *
   * @param {Line} line
   * @param {boolean} seen Whether somebody is looking at it.
   * @returns {"held" | "known" | "longer" | "added" | "elsewhere"} What has become of it.
   */
  add(line, seen) {
    if (this.queue !== undefined) {
      this.queue.push(line);
      return "held";
    }
    const last = this.lines.at(-1);
    const outcome = this.newer === "none" ? append(this.lines, line) : "elsewhere";
    if (outcome === "longer" && this.firstNewLine === last) this.firstNewLine = this.lines.at(-1);
    const more = (line.part ?? 0) > 0 && line.id === this.newest?.id;
    this.newest = positionOf(line) ?? this.newest;
    if (seen || more || outcome === "known" || !countsAsNew(line)) return outcome;
    if (this.newMessages === undefined && outcome === "added") this.firstNewLine = line;
    this.#countUnread([line]);
    return outcome;
  }

  /** Whether what was said last begins before all that is news, so that none of that is missing. @param {Line[]} lines */
  isConnectedTo(lines) {
    const from = this.newMessages?.from ?? this.newest ?? this.lastRead;
    return from === undefined || indexAfter(lines, from) > 0;
  }

  /**
   * Takes in what was said last, when one comes in or comes back.
   *
   * @param {Line[]} lines
   * @param {boolean} full Whether there may be more before these. It matters where they do not reach what we know.
   * @param {boolean} reading Whether somebody is reading before the end.
   * @returns {Line[]} What was held until now, and is to be added.
   */
  catchUp(lines, full, reading) {
    const { queue: held = [], newest } = this;
    this.queue = undefined;
    const past = withoutKnown(lines, held); // what was held is later
    const from = newest ?? this.lastRead;
    const fresh = from === undefined ? [] : past.slice(indexAfter(past, from));
    const follows = fresh.length < past.length;
    if (newest === undefined) this.older = lines.length === 0 ? "none" : "more";
    else if (this.older !== "none") this.older = "more";
    const forgotten = newest !== undefined && !follows && !full; // the server has told all that it knows
    if (this.newer !== "none" && !forgotten) this.newer = "more"; // one is reading elsewhere
    else if (newest === undefined) this.lines = [...past, ...this.lines];
    else if (follows || !full) {
      this.newer = "none"; // what was there is not to be had any more
      if (!follows && this.isRoom) this.lines.push({ kind: "info", text: HISTORY_LOST, time: fresh[0]?.time ?? now() });
      this.lines.push(...fresh);
    } else if (reading) this.newer = "more";
    else {
      this.replace(past, true); // and what is between is to be had by going back
      this.older = "more";
    }
    const missed = fresh.filter(countsAsNew);
    const atLeast = full && !follows;
    if (missed.length > 0 || (atLeast && this.lastRead !== undefined)) this.#countUnread(missed, atLeast);
    this.newest = lastPosition(past) ?? newest;
    // Who is here for the first time has missed nothing.
    this.lastRead ??= this.newest ?? { id: "", time: new Date(Number(firstPosition(held)?.time ?? this.joinedAt) - 1) };
    this.trim(reading);
    this.#findFirstNewLine(!full && this.newer === "none");
    return held;
  }

  /**
   * Finds out of what may not have been sent that it was: it is among what was said.
   *
   * @param {Line[]} lines Each counts for one, the first time that it comes.
   * @param {boolean} confirmed Whether they are known to be something else of ours.
   * @returns {boolean} Whether there was any: it is not pending any longer.
   */
  reconcile(lines, confirmed) {
    const count = this.pending.length;
    if (this.pending.every(({ after: behind }) => behind === undefined)) return false;
    for (const line of lines) {
      const mark = positionOf(line);
      const same = this.pending.filter((each) => isDelivered(each, line));
      const [found] = same;
      if (mark === undefined || found === undefined) continue;
      for (const each of same) each.after = mark;
      if (!confirmed) this.pending.splice(this.pending.indexOf(found), 1);
    }
    return this.pending.length < count;
  }

  /** Takes in what comes before the first line. @param {Line[]} lines None, if there is nothing. */
  addOlder(lines) {
    this.lines.unshift(...withoutKnown(lines, this.lines));
    this.older = lines.length === 0 ? "none" : "more";
    if (this.#tooMany) this.#dropLast();
    this.#findFirstNewLine();
  }

  /** Takes in what comes after the last line. @param {Line[]} lines None, if there is nothing. */
  addNewer(lines) {
    this.lines.push(...withoutKnown(lines, this.lines));
    this.newer = lines.length === 0 || lastPosition(this.lines)?.id === this.newest?.id ? "none" : "more";
    if (this.#tooMany) this.#dropFirst();
    this.#findFirstNewLine();
  }

  /** Takes other lines instead. @param {Line[]} lines @param {boolean} last Whether these are the last ones. */
  replace(lines, last) {
    this.lines = lines;
    this.older = lines.length === 0 ? "none" : "more";
    this.newer = last || lastPosition(lines)?.id === this.newest?.id ? "none" : "more";
    if (last) this.newest = lastPosition(lines) ?? this.newest;
    this.#findFirstNewLine();
  }

  /**
   * Lets go of some lines, if there are too many.
   *
   * @param {boolean} reading Whether somebody is reading before the end.
   * @returns {boolean} Whether there were.
   */
  trim(reading) {
    if (!this.#tooMany) return false;
    if (reading && this.older !== "unknown") this.#dropLast();
    else this.#dropFirst();
    this.#findFirstNewLine();
    return true;
  }

  /** All of it has been seen. @returns {{ moved: boolean, counted: boolean }} Whether that changes anything. */
  markRead() {
    const last = this.newest ?? lastPosition(this.lines);
    const moved = last !== undefined && last.id !== this.lastRead?.id;
    if (moved) this.lastRead = last;
    const counted = this.unread > 0;
    this.unread = this.mentions = 0;
    return { moved, counted };
  }

  /** One looks away: what one has read is no news when one looks again. */
  clearNewMessages() {
    if (this.unread > 0) return;
    this.newMessages = this.firstNewLine = undefined;
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

  /** Counts what nobody has seen. @param {Line[]} lines @param {boolean} atLeast Whether there may be more. */
  #countUnread(lines, atLeast = false) {
    this.unread += lines.length;
    this.mentions += lines.filter(({ mention }) => mention).length;
    this.lastRead ??= { id: "", time: new Date(Number(lines[0]?.time) - 1) };
    this.newMessages ??= { from: this.lastRead, count: 0, atLeast };
    this.newMessages.count += lines.length;
    this.newMessages.atLeast ||= atLeast;
  }

  /** Finds the first of the news. @param {boolean} whole Whether it must be among the lines. */
  #findFirstNewLine(whole = false) {
    this.firstNewLine = undefined;
    if (this.newMessages === undefined) return;
    const at = indexAfter(this.lines, this.newMessages.from);
    // Nothing before it: it may be further back.
    const reached = whole || !["more", "loading", "failed"].includes(this.older) ||
      firstPosition(this.lines.slice(0, at));
    if (reached) this.firstNewLine = this.lines.slice(at).find(countsAsNew);
  }
}
