// @ts-check
/**
 * What the page knows: rooms, who is in them, what was said, what has not been seen yet. It knows neither the server nor
 * the screen: whoever wants to show something of it listens.
 *
 * A private conversation is a room too, named after the other one.
 */

/**
 * Something that happened in a room. `say`, `action` and `notice` are somebody's words; `quiet` is somebody who came,
 * went or was renamed; `info` and `error` are told by the server or by the page.
 *
 * @typedef {object} Line
 * @property {"say" | "action" | "notice" | "quiet" | "info" | "error"} kind
 * @property {string} text
 * @property {Date} time
 * @property {string} [nick] Who said or did it.
 * @property {"came" | "left"} [change] What a quiet line is about, if it is one of these.
 * @property {string} [id] The server's name for it.
 * @property {boolean} [own] Whether we said it.
 * @property {boolean} [mention] Whether it is for us.
 */

/**
 * Something we have said, and that has not come back from the server yet.
 *
 * @typedef {object} Pending
 * @property {"say" | "action"} kind
 * @property {string} text
 * @property {Date} time
 * @property {string} [failed] Why it did not get through: a sentence.
 */

/**
 * Somebody in a room.
 *
 * @typedef {object} Person
 * @property {string} nick
 * @property {string} ranks `@` for an operator, `+` for a voice, or both.
 * @property {boolean} away
 */

/**
 * Why we are not in a room, and what can be done about it.
 *
 * @typedef {object} Trouble
 * @property {string} text A sentence.
 * @property {string} way What the button says that tries again.
 * @property {boolean} [key] Whether the room asks for a key.
 */

/**
 * What has changed: the tabs or their counts, what is shown, a room's new line, its first lines (gone), what is pending
 * in it, its people, or its topic and whether we are in.
 *
 * @typedef {"tabs" | "current" | "line" | "trimmed" | "pending" | "people" | "room"} Change
 */

/** The most lines of a room that are kept, and how many go at once when there are more. */
const LINES_MAX = 2000;
const LINES_CUT = 100;

/** What a name is compared by: case makes no difference. @param {string} name */
export function fold(name) {
  return name.replace(/[A-Z]+/g, (letters) => letters.toLowerCase());
}

/** Whether it is a room's name, and not somebody's. @param {string} name */
export function isRoom(name) {
  return name.startsWith("#");
}

/** A tab: a room, or a conversation with one person. */
export class Room {
  topic = "";
  /** @type {"joining" | "in" | "out"} */
  state = "joining";
  /** @type {Trouble | undefined} */
  trouble;
  key = "";
  /** @type {Map<string, Person>} By folded nick. */
  people = new Map();
  /** @type {Line[]} The oldest first. */
  lines = [];
  /** @type {Pending[]} */
  pending = [];
  unread = 0;
  mentions = 0;
  /** @type {Line | undefined} The first that had not been seen when one last looked. */
  firstNew;
  /** @type {string[]} What was said from here, for editing it again. */
  said = [];

  /** @param {string} name */
  constructor(name) {
    this.name = name;
    if (!this.isRoom) this.state = "in";
  }

  get isRoom() {
    return isRoom(this.name);
  }

  /** Everybody here: operators first, then voices, each by name. */
  get sorted() {
    const rank = (/** @type {Person} */ { ranks }) => ranks.includes("@") ? 0 : ranks.includes("+") ? 1 : 2;
    return [...this.people.values()].sort((a, b) => rank(a) - rank(b) || (fold(a.nick) < fold(b.nick) ? -1 : 1));
  }
}

/** See the head of this file. */
export class Model {
  nick = "";
  /** @type {Map<string, Room>} By folded name. */
  rooms = new Map();
  /** @type {Room | undefined} The one that is shown. */
  current;
  /** Whether somebody is looking. */
  looking = true;

  /** @type {((change: Change, room: Room | undefined, line: Line | undefined) => void)[]} */
  #listeners = [];

  /** @param {(change: Change, room: Room | undefined, line: Line | undefined) => void} listener */
  listen(listener) {
    this.#listeners.push(listener);
  }

  /** @param {Change} change @param {Room} [room] @param {Line} [line] */
  changed(change, room, line) {
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
      this.changed("tabs");
    }
    return room;
  }

  /** @param {Room} room */
  close(room) {
    const tabs = this.tabs;
    const at = tabs.indexOf(room);
    this.rooms.delete(fold(room.name));
    if (room === this.current) this.show(tabs[at + 1] ?? tabs[at - 1]);
    this.changed("tabs");
  }

  /** @param {Room | undefined} room */
  show(room) {
    if (room === this.current) return;
    if (this.current !== undefined) this.current.firstNew = undefined;
    this.current = room;
    this.#see();
    this.changed("current", room);
  }

  /** Takes note whether somebody is looking: what comes while nobody is has not been seen. @param {boolean} looking */
  look(looking) {
    if (looking === this.looking) return;
    this.looking = looking;
    if (looking) this.#see();
    else if (this.current !== undefined) this.current.firstNew = undefined;
  }

  #see() {
    if (this.current === undefined || !this.looking) return;
    this.current.unread = this.current.mentions = 0;
    this.changed("tabs");
  }

  /** Adds what has just happened. @param {Room} room @param {Line} line */
  add(room, line) {
    // What we say to ourselves comes twice.
    if (line.id !== undefined && room.lines.slice(-20).some(({ id }) => id === line.id)) return;
    const seen = room === this.current && this.looking;
    const words = line.kind === "say" || line.kind === "action" || line.kind === "notice";
    if (words && !line.own && !seen) {
      room.firstNew ??= line;
      room.unread++;
      if (line.mention) room.mentions++;
    }
    room.lines.push(line);
    this.changed("line", room, line);
    if (room.lines.length > LINES_MAX + LINES_CUT) {
      room.lines.splice(0, LINES_CUT);
      this.changed("trimmed", room);
    }
    if (words && !seen) this.changed("tabs");
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
    if (room !== undefined) this.add(room, { kind, text, time: new Date(), ...more });
  }

  /** Somebody came in, or is there. @param {Room} room @param {string} nick */
  enter(room, nick, ranks = "") {
    const away = room.people.get(fold(nick))?.away ?? false;
    room.people.set(fold(nick), { nick, ranks, away });
    this.changed("people", room);
  }

  /** @param {Room} room @param {string} nick @returns {boolean} Whether they were there. */
  exit(room, nick) {
    const was = room.people.delete(fold(nick));
    if (was) this.changed("people", room);
    return was;
  }

  /** @param {string} nick @returns {Room[]} Where somebody is, and the conversation with them. */
  whereIs(nick) {
    return [...this.rooms.values()].filter((room) => room.people.has(fold(nick)) || fold(room.name) === fold(nick));
  }

  /** Somebody is called otherwise now. @param {string} from @param {string} to */
  rename(from, to) {
    for (const room of this.whereIs(from)) {
      const person = room.people.get(fold(from));
      if (person !== undefined) {
        room.people.delete(fold(from));
        room.people.set(fold(to), { ...person, nick: to });
        this.changed("people", room);
      }
      if (fold(room.name) === fold(from) && (this.find(to) === undefined || fold(from) === fold(to))) {
        // The tab stays where it is among the others.
        this.rooms = new Map([...this.rooms].map(([key, it]) => it === room ? [fold(to), it] : [key, it]));
        room.name = to;
        this.changed("tabs");
        this.changed("room", room);
      }
    }
  }

  /** @param {Room} room @param {Pending} pending */
  await(room, pending) {
    room.pending.push(pending);
    this.changed("pending", room);
  }

  /** It came back, or nobody waits for it any more. @param {Room} room @param {Pending} pending */
  settle(room, pending) {
    const at = room.pending.indexOf(pending);
    if (at < 0) return;
    room.pending.splice(at, 1);
    this.changed("pending", room);
  }

  /** @param {Room} room @param {Pending} pending @param {string} why */
  fail(room, pending, why) {
    if (pending.failed !== undefined || !room.pending.includes(pending)) return;
    pending.failed = why;
    this.changed("pending", room);
  }

  /** We are in a room, or not, and why. @param {Room} room @param {Room["state"]} state @param {Trouble} [trouble] */
  place(room, state, trouble) {
    room.state = state;
    room.trouble = trouble;
    if (state !== "in") room.people.clear();
    this.changed("people", room);
    this.changed("room", room);
    this.changed("tabs");
  }

  /** Whether a text is for us. @param {string} text */
  mentions(text) {
    const own = this.nick.replace(/[\\^$.*+?()[\]{}|\-]/g, "\\$&");
    const letter = "[\\w\\-\\[\\]{}\\\\|^`]";
    return own !== "" && new RegExp(`(?<!${letter})${own}(?!${letter})`, "i").test(text);
  }
}
