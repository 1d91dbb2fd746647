// @ts-check
/**
 * What the page knows: rooms, who is in them, what was said, what has not been seen yet. It knows neither the server nor
 * the screen: whoever wants to show something of it listens.
 */
import { now } from "./clock.js";
import { countsAsNew } from "./lines.js";
import { fold, Room } from "./room.js";

/** @typedef {import("./lines.js").Line} Line */
/** @typedef {import("./room.js").Pending} Pending */
/** @typedef {import("./room.js").JoinError} Trouble */

/**
 * What has changed: a tab that was opened, the tabs or their counts, what is shown, a room's new line, more of its lines, all that was missed
 * there, where in it one wants to be, what has been read, what is pending in it, its people, or its topic and whether we
 * are in.
 *
 * @typedef {"opened" | "tabs" | "current" | "line" | "lines" | "caught up" | "goto" | "read" | "pending" | "members" | "room"} Change
 */

/** Told where it is not known what was said between two lines. */
export const HISTORY_UNKNOWN = "What was said while you were away is not shown here.";

/** See the head of this file. */
export class Model {
  nick = "";
  /** @type {Map<string, Room>} By folded name. */
  rooms = new Map();
  /** @type {Room | undefined} The one that is shown. */
  current;
  /** Whether somebody is looking. */
  visible = true;
  /** Whether the end of what is shown can be seen. */
  atEnd = false;

  /** @type {((change: Change, room: Room | undefined, line: Line | undefined) => void)[]} */
  #listeners = [];

  /** @param {(change: Change, room: Room | undefined, line: Line | undefined) => void} listener */
  listen(listener) {
    this.#listeners.push(listener);
  }

  /** @param {Change} change @param {Room} [room] @param {Line} [line] */
  emit(change, room, line) {
    for (const listener of this.#listeners) listener(change, room, line);
  }

  /** The tabs as they are shown: rooms, then people. */
  get tabs() {
    const rooms = [...this.rooms.values()];
    return [...rooms.filter((room) => room.isRoom), ...rooms.filter((room) => !room.isRoom)];
  }

  /** @param {string} name */
  find(name) {
    return this.rooms.get(fold(name));
  }

  /** The tab of that name, opened if need be. @param {string} name */
  open(name) {
    let room = this.find(name);
    if (room === undefined) {
      room = new Room(name);
      this.rooms.set(fold(name), room);
      this.emit("tabs");
      this.emit("opened", room);
    }
    return room;
  }

  /** @param {Room} room */
  close(room) {
    const tabs = this.tabs;
    const at = tabs.indexOf(room);
    this.rooms.delete(fold(room.name));
    if (room === this.current) this.show(tabs[at + 1] ?? tabs[at - 1]);
    this.emit("tabs");
  }

  /** @param {Room | undefined} room */
  show(room) {
    if (room === this.current) return;
    this.current?.clearNewMessages();
    this.current = room;
    this.atEnd = false; // until it is there to be seen
    this.emit("current", room);
  }

  /** Takes note whether somebody is looking: what comes while nobody is has not been seen. @param {boolean} looking */
  setVisible(looking) {
    if (looking === this.visible) return;
    this.visible = looking;
    if (looking) this.#markRead();
    else this.current?.clearNewMessages();
  }

  /** Takes note whether the end of what is shown can be seen: likewise. @param {boolean} atEnd */
  setAtEnd(atEnd) {
    this.atEnd = atEnd;
    this.#markRead();
  }

  #markRead() {
    const room = this.current;
    if (room === undefined || !this.visible || !this.atEnd || room.queue !== undefined || room.newer !== "none") return;
    const { moved, counted } = room.markRead();
    if (moved) this.emit("read", room);
    if (counted) this.emit("tabs");
  }

  /** Adds what has just happened. @param {Room} room @param {Line} line */
  add(room, line) {
    const shown = room === this.current;
    const seen = shown && this.visible && this.atEnd && room.newer === "none";
    const outcome = room.add(line, seen);
    if (outcome === "held" || outcome === "known") return;
    if (outcome !== "elsewhere") this.emit("line", room, line);
    if (room.trim(shown && !this.atEnd)) this.emit("lines", room);
    if (seen) this.#markRead();
    else if (countsAsNew(line)) this.emit("tabs");
  }

  /** Holds back what happens in a room until it is known what was said there before. @param {Room} room */
  startQueue(room) {
    room.queue ??= [];
    this.emit("room", room);
  }

  /**
   * Holds nothing back any more, as nobody tells what was said before.
   *
   * @param {Room} room
   * @param {boolean} lost Whether that is since the connection is: then what was said is asked for when it is back.
   */
  endQueue(room, lost) {
    const { queue: held, newest } = room;
    if (held === undefined) return;
    room.queue = undefined;
    // Who could not come in has not come back to anything.
    if (!lost && newest !== undefined && room.state !== "out") this.tell(room, HISTORY_UNKNOWN);
    for (const line of held) if (!lost || line.id === undefined) this.add(room, line);
    this.emit("room", room);
  }

  /** Takes in what was said last. @param {Room} room @param {Line[]} lines @param {boolean} full See there. */
  catchUp(room, lines, full) {
    this.reconcile(room, lines);
    const held = room.catchUp(lines, full, room === this.current && !this.atEnd);
    this.emit("room", room);
    this.emit("caught up", room);
    this.emit("tabs");
    this.emit("read", room);
    for (const line of held) this.add(room, line);
  }

  /** Takes in more of what was said. @param {Room} room @param {"older" | "newer"} where @param {Line[]} lines */
  extend(room, where, lines) {
    this.reconcile(room, lines);
    if (where === "older") room.addOlder(lines);
    else room.addNewer(lines);
    this.emit("lines", room);
  }

  /** What is to be had beyond a room's lines. @param {Room} room @param {"older" | "newer"} where @param {Room["older"]} how */
  setHistoryState(room, where, how) {
    room[where] = how;
    this.emit("lines", room);
  }

  /** Takes other lines of a room. @param {Room} room @param {Line[]} lines @param {boolean} last Whether these are the last. */
  replace(room, lines, last) {
    this.reconcile(room, lines);
    room.replace(lines, last);
    this.emit("lines", room);
  }

  /** Where in a room one wants to be: at a line, which may be one that was looked for, or at the end. @param {Room} room @param {Line} [line] */
  goTo(room, line, found = false) {
    if (found) room.highlighted = line;
    this.emit("goto", room, line);
  }

  /**
   * Says something about a room that nobody in it has said.
   *
   * @param {Room | undefined} room
   * @param {string} text
   * @param {"info" | "error" | "quiet"} kind
   * @param {Partial<Line>} more
   */
  tell(room, text, kind = "info", more = {}) {
    if (room !== undefined) this.add(room, { kind, text, time: now(), ...more });
  }

  /** Somebody came in, or is there. @param {Room} room @param {string} nick */
  addMember(room, nick, ranks = "") {
    const away = room.members.get(fold(nick))?.away ?? false;
    room.members.set(fold(nick), { nick, prefixes: ranks, away });
    this.emit("members", room);
  }

  /** @param {Room} room @param {string} nick @returns {boolean} Whether they were there. */
  removeMember(room, nick) {
    const was = room.members.delete(fold(nick));
    if (was) this.emit("members", room);
    return was;
  }

  /** @param {string} nick @returns {Room[]} Where somebody is, and the conversation with them. */
  roomsWith(nick) {
    return [...this.rooms.values()].filter((room) => room.members.has(fold(nick)) || fold(room.name) === fold(nick));
  }

  /** Somebody is called otherwise now. @param {string} from @param {string} to */
  rename(from, to) {
    for (const room of this.roomsWith(from)) {
      const person = room.members.get(fold(from));
      if (person !== undefined) {
        room.members.delete(fold(from));
        room.members.set(fold(to), { ...person, nick: to });
        this.emit("members", room);
      }
      if (fold(room.name) === fold(from) && (this.find(to) === undefined || fold(from) === fold(to))) {
        // The tab stays where it is among the others.
        this.rooms = new Map([...this.rooms].map(([key, it]) => it === room ? [fold(to), it] : [key, it]));
        room.name = to;
        this.emit("tabs");
        this.emit("room", room);
      }
    }
  }

  /** @param {Room} room @param {Pending} pending */
  addPending(room, pending) {
    room.pending.push(pending);
    this.emit("pending", room);
  }

  /** It came back, or nobody waits for it any more. @param {Room} room @param {Pending} pending */
  removePending(room, pending) {
    const at = room.pending.indexOf(pending);
    if (at < 0) return;
    room.pending.splice(at, 1);
    this.emit("pending", room);
  }

  /**
   * It did not get through, as far as is known.
   *
   * @param {Room} room
   * @param {Pending} pending
   * @param {string} why
   * @param {boolean} perhaps Whether it may have got through all the same.
   */
  failPending(room, pending, why, perhaps = false) {
    if (pending.error !== undefined || !room.pending.includes(pending)) return;
    pending.error = why;
    if (perhaps) pending.after = room.newest ?? { id: "", time: new Date(0) };
    this.emit("pending", room);
  }

  /** What may not have been sent, and is found among what was said, was sent. @param {Room} room @param {Line[]} lines @param {boolean} confirmed See there. */
  reconcile(room, lines, confirmed = false) {
    if (room.reconcile(lines, confirmed)) this.emit("pending", room);
  }

  /** We are in a room, or not, and why. @param {Room} room @param {Room["state"]} state @param {Trouble} [trouble] */
  setState(room, state, trouble) {
    room.state = state;
    room.joinError = trouble;
    if (state !== "in") room.members.clear();
    this.emit("members", room);
    this.emit("room", room);
    this.emit("tabs");
  }

  /** Whether a text is for us. @param {string} text */
  mentions(text) {
    const own = this.nick.replace(/[\\^$.*+?()[\]{}|\-]/g, "\\$&");
    const letter = "[\\w\\-\\[\\]{}\\\\|^`]";
    return own !== "" && new RegExp(`(?<!${letter})${own}(?!${letter})`, "i").test(text);
  }
}
