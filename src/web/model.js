// @ts-check
/**
 * The state of the page: rooms, their members, messages and unread counts. It knows neither the connection nor the screen:
 * views listen for its changes.
 */
import { now } from "./clock.js";
import { countsAsNew } from "./lines.js";
import { findNick } from "./mentions.js";
import { fold, Room } from "./room.js";

/** @typedef {import("./lines.js").Line} Line */
/** @typedef {import("./room.js").Pending} Pending */
/** @typedef {import("./room.js").JoinError} JoinError */

/**
 * What has changed: a tab was opened; the list of tabs or their counts; the current room; a line was added to a room; its
 * lines were replaced; it was brought up to date after joining; it shall scroll to a line or to the end; its read marker; its
 * pending messages; a line has changed; the message that the user replies to; the members who are typing; its members; its topic or whether the user is in it; whether the user is always on or a server operator.
 *
 * @typedef {"opened" | "tabs" | "current" | "line" | "lines" | "caught up" | "goto" | "read" | "pending" | "changed" | "reply" | "typing" | "members" | "room" | "user"} Change
 */

/**
 * Whether the user stays in the chat without a connection, and whether it has chosen that: then the server may not allow it.
 *
 * @typedef {{ on: boolean, wanted: boolean }} AlwaysOn
 */

/** Shown between two lines if messages may be missing between them. */
export const HISTORY_UNKNOWN = "Messages sent while you were away are not shown here.";

/** The most tabs. A server can open them, by invitations and private messages; above it, the oldest one that is not shown is closed. */
export const TABS_MAX = 500;

/** The most members in all rooms together; further ones are not listed. */
export const MEMBERS_MAX = 250_000;

/** The most users whose lines are not shown. */
export const IGNORED_MAX = 1000;

/** All rooms and conversations, and what the user sees of them. Each change is emitted to the listeners. */
export class Model {
  nick = "";
  /** The account that the user is logged in to, or the empty string. */
  account = "";
  /** @type {Map<string, Room>} By folded name. */
  rooms = new Map();
  /** @type {Room | undefined} The room that is shown. */
  current;
  /** Whether the page is visible and focused. */
  visible = true;
  /** Whether the user is a server operator. */
  isServerOperator = false;
  /** @type {AlwaysOn | undefined} Not known yet, or the user is not logged in. */
  alwaysOn;
  /** Whether the current room is scrolled to its end. */
  atEnd = false;

  /** @type {Map<string, string>} The users whose lines are not shown, as on ignore lists, by folded name. */
  #ignored = new Map();
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

  /** All rooms in the order of their tabs: rooms, then private conversations. */
  get tabs() {
    const rooms = [...this.rooms.values()];
    return [...rooms.filter((room) => room.isRoom), ...rooms.filter((room) => !room.isRoom)];
  }

  /** @param {string} name */
  find(name) {
    return this.rooms.get(fold(name));
  }

  /** Returns the room of that name, and adds it if there is none. @param {string} name */
  open(name) {
    let room = this.find(name);
    if (room === undefined) {
      room = new Room(name);
      this.rooms.set(fold(name), room);
      this.#limitTabs(room);
      this.emit("tabs");
      this.emit("opened", room);
    }
    return room;
  }

  /** Closes a tab if there are too many: of conversations and rooms without the user if there is one, and not one with messages that were not sent. @param {Room} added */
  #limitTabs(added) {
    if (this.rooms.size <= TABS_MAX) return;
    const others = [...this.rooms.values()].filter((room) => room !== added && room !== this.current);
    const idle = others.filter(({ pending }) => pending.length === 0);
    const oldest = idle.find(({ isRoom, state }) => !isRoom || state === "out") ?? idle[0] ?? others[0];
    if (oldest !== undefined) this.close(oldest);
  }

  /** @param {Room} room */
  close(room) {
    const tabs = this.tabs;
    const at = tabs.indexOf(room);
    this.rooms.delete(fold(room.name));
    if (room === this.current) this.show(tabs[at + 1] ?? tabs[at - 1]);
    this.emit("tabs");
  }

  /** The users whose lines are not shown, as on ignore lists. */
  get ignoredNames() {
    return [...this.#ignored.values()];
  }

  /** Whether lines of a sender are not shown. @param {string} author Folded. */
  ignores(author) {
    return this.#ignored.has(author);
  }

  /** Whether lines of a nickname are not shown. A guest is ignored under its host as well, which is not known here. @param {string} nick */
  ignoresNick(nick) {
    return this.#ignored.has(fold(nick));
  }

  /** Sets the users whose lines are not shown. @param {string[]} names */
  setIgnored(names) {
    this.#ignored = new Map(names.slice(-IGNORED_MAX).map((name) => [fold(name), name]));
    for (const room of this.rooms.values()) {
      for (const line of [...room.lines, ...room.queue ?? []]) {
        if (line.author !== undefined) line.ignored = !line.own && this.ignores(line.author);
      }
      this.emit("lines", room);
    }
  }

  /** @param {boolean} on */
  setServerOperator(on) {
    if (on === this.isServerOperator) return;
    this.isServerOperator = on;
    this.emit("user");
  }

  /** @param {AlwaysOn | undefined} alwaysOn */
  setAlwaysOn(alwaysOn) {
    this.alwaysOn = alwaysOn;
    this.emit("user");
  }

  /** @param {Room | undefined} room */
  show(room) {
    if (room === this.current) return;
    this.current?.clearNewMessages();
    this.current = room;
    this.atEnd = false; // until the view has drawn it
    this.emit("current", room);
  }

  /** Sets whether the page is visible. While it is not, new lines count as unread. @param {boolean} visible */
  setVisible(visible) {
    if (visible === this.visible) return;
    this.visible = visible;
    if (visible) this.#markRead();
    else this.current?.clearNewMessages();
  }

  /** Sets whether the current room is scrolled to its end. While it is not, new lines count as unread. @param {boolean} atEnd */
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

  /** Moves the read marker to a time, if that is later: the user has read on another device. @param {Room} room @param {Date} time */
  readUpTo(room, time) {
    if (!room.readUpTo(time)) return;
    this.emit("lines", room);
    this.emit("tabs");
  }

  /** Adds a new line. @param {Room} room @param {Line} line */
  add(room, line) {
    const shown = room === this.current;
    const seen = shown && this.visible && this.atEnd && room.newer === "none";
    const outcome = room.add(line, seen);
    if (outcome === "queued" || outcome === "known") return;
    if (outcome !== "skipped") this.emit("line", room, line);
    if (room.trim(shown && !this.atEnd)) this.emit("lines", room);
    if (seen) this.#markRead();
    else if (countsAsNew(line)) this.emit("tabs");
  }

  /** Changes a line of a room, if it is loaded. @param {Room} room @param {string} id @param {(line: Line) => void} change */
  changeLine(room, id, change) {
    for (const line of new Set([...room.lines, ...room.queue ?? [], room.quoted.get(id), room.replyTo])) {
      if (line?.id !== id) continue;
      change(line);
      line.version = (line.version ?? 0) + 1;
      this.emit("changed", room, line);
    }
    if (room.replyTo?.id === id && room.replyTo.deletedBy !== undefined) this.replyTo(room, undefined);
  }

  /** Sets the message that the user replies to with the next one. @param {Room} room @param {Line | undefined} line */
  replyTo(room, line) {
    room.replyTo = line;
    this.emit("reply", room);
  }

  /** Queues the new lines of a room until its history is loaded. @param {Room} room */
  startQueue(room) {
    room.queue ??= [];
    this.emit("room", room);
  }

  /**
   * Adds the queued lines, since the history cannot be loaded.
   *
   * @param {Room} room
   * @param {boolean} lost Whether the connection was lost. Then messages are dropped: they are loaded after reconnecting.
   */
  endQueue(room, lost) {
    const { queue, newest } = room;
    if (queue === undefined) return;
    room.queue = undefined;
    // If the JOIN failed, nothing is missing.
    if (!lost && newest !== undefined && room.state !== "out") this.tell(room, HISTORY_UNKNOWN);
    for (const line of queue) if (!lost || line.id === undefined) this.add(room, line);
    this.emit("room", room);
  }

  /** Adds the latest messages after a JOIN. @param {Room} room @param {Line[]} lines @param {boolean} full As in `Room.catchUp`. */
  catchUp(room, lines, full) {
    this.reconcile(room, lines);
    const queue = room.catchUp(lines, full, room === this.current && !this.atEnd);
    this.emit("room", room);
    this.emit("caught up", room);
    this.emit("tabs");
    this.emit("read", room);
    for (const line of queue) this.add(room, line);
  }

  /** Adds older or newer messages. @param {Room} room @param {"older" | "newer"} side @param {Line[]} lines */
  extend(room, side, lines) {
    this.reconcile(room, lines);
    if (side === "older") room.addOlder(lines);
    else room.addNewer(lines);
    this.emit("lines", room);
  }

  /** Sets whether there are messages before or after the lines of a room. @param {Room} room @param {"older" | "newer"} side @param {Room["older"]} state */
  setHistoryState(room, side, state) {
    room[side] = state;
    this.emit("lines", room);
  }

  /** Replaces the lines of a room. @param {Room} room @param {Line[]} lines @param {boolean} last Whether these are the latest. */
  replace(room, lines, last) {
    this.reconcile(room, lines);
    room.replace(lines, last);
    this.emit("lines", room);
  }

  /** Scrolls a room to a line, or to its end. @param {Room} room @param {Line} [line] @param {boolean} found Whether the line is highlighted. */
  goTo(room, line, found = false) {
    if (found) room.highlighted = line;
    this.emit("goto", room, line);
  }

  /**
   * Adds a line that is not a message, such as an error or a join.
   *
   * @param {Room | undefined} room
   * @param {string} text
   * @param {"info" | "error" | "quiet"} kind
   * @param {Partial<Line>} more
   */
  tell(room, text, kind = "info", more = {}) {
    if (room !== undefined) this.add(room, { kind, text, time: now(), ...more });
  }

  /** Adds or updates a member. @param {Room} room @param {string} nick @param {string} prefixes @param {boolean} isNew Whether it has joined. */
  addMember(room, nick, prefixes = "", isNew = false) {
    this.setMember(room, { nick, prefixes, away: room.members.get(fold(nick))?.away ?? false, isNew });
    this.emit("members", room);
  }

  /** Adds or replaces a member without telling the listeners. @param {Room} room @param {import("./room.js").Member} member */
  setMember(room, member) {
    const key = fold(member.nick);
    let count = 0;
    for (const { members } of this.rooms.values()) count += members.size;
    if (count < MEMBERS_MAX || room.members.has(key)) room.members.set(key, member);
  }

  /** @param {Room} room @param {string} nick @returns {boolean} Whether it was a member. */
  removeMember(room, nick) {
    const was = room.members.delete(fold(nick));
    if (room.typing.delete(fold(nick))) this.emit("typing", room);
    if (was) this.emit("members", room);
    return was;
  }

  /** @param {string} nick @returns {Room[]} The rooms with this member, and the private conversation with it. */
  roomsWith(nick) {
    return [...this.rooms.values()].filter((room) => room.members.has(fold(nick)) || fold(room.name) === fold(nick));
  }

  /** Renames a member in all rooms. @param {string} from @param {string} to */
  rename(from, to) {
    for (const room of this.roomsWith(from)) {
      const person = room.members.get(fold(from));
      if (person !== undefined) {
        room.members.delete(fold(from));
        room.members.set(fold(to), { ...person, nick: to });
        this.emit("members", room);
      }
      if (fold(room.name) === fold(from) && (this.find(to) === undefined || fold(from) === fold(to))) {
        this.#renameTab(room, to);
      }
    }
  }

  /** Renames a room. A tab with the new name, of a room that the user is not in, is closed. @param {Room} room @param {string} to */
  renameRoom(room, to) {
    const other = this.find(to);
    if (other !== undefined && other !== room) this.close(other);
    this.#renameTab(room, to);
    this.emit("read", room); // the read marker is stored by name
  }

  /** Gives a room or conversation another name. Its tab keeps its place. @param {Room} room @param {string} to */
  #renameTab(room, to) {
    this.rooms = new Map([...this.rooms].map(([key, it]) => it === room ? [fold(to), it] : [key, it]));
    room.name = to;
    this.emit("tabs");
    this.emit("room", room);
  }

  /** @param {Room} room @param {Pending} pending */
  addPending(room, pending) {
    room.pending.push(pending);
    this.emit("pending", room);
  }

  /** Removes a pending message: it was delivered, or discarded. @param {Room} room @param {Pending} pending */
  removePending(room, pending) {
    const at = room.pending.indexOf(pending);
    if (at < 0) return;
    room.pending.splice(at, 1);
    this.emit("pending", room);
  }

  /**
   * Marks a pending message as failed.
   *
   * @param {Room} room
   * @param {Pending} pending
   * @param {string} why
   * @param {boolean} possiblyDelivered Whether it may have been delivered.
   */
  failPending(room, pending, why, possiblyDelivered = false) {
    if (pending.error !== undefined || !room.pending.includes(pending)) return;
    pending.error = why;
    if (possiblyDelivered) pending.after = room.newest ?? { id: "", time: new Date(0) };
    this.emit("pending", room);
  }

  /** Removes the pending messages that are among delivered ones. @param {Room} room @param {Line[]} lines @param {boolean} confirmed As in `Room.reconcile`. */
  reconcile(room, lines, confirmed = false) {
    if (room.reconcile(lines, confirmed)) this.emit("pending", room);
  }

  /** Sets whether the user is in a room, and why not. @param {Room} room @param {Room["state"]} state @param {JoinError} [error] */
  setState(room, state, error) {
    room.state = state;
    room.joinError = error;
    if (state !== "in") room.members.clear();
    this.emit("members", room);
    this.emit("room", room);
    this.emit("tabs");
  }

  /** Whether a text contains the user's nickname as a word. @param {string} text */
  mentions(text) {
    return findNick(text, this.nick).length > 0;
  }
}
