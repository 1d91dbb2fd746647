/**
 * Everyone and every room. The only writer of that state: protocols ask, and the hub does it and announces it, or throws
 * a {@linkcode Refusal} and changes nothing.
 *
 * It never waits, and it builds no strings for anybody: what clients see is their wire format's business. What is
 * announced in rooms is held back until `flush`; the hub says through `onHeld` that there is something to flush.
 */
import type { MemoryHistory } from "../history/memory.ts";
import type { BroadcastSet } from "./broadcast.ts";
import { clean } from "./clean.ts";
import type { ChatEvent, Said, WireFormat } from "./events.ts";
import { Member, type Outlet } from "./member.ts";
import { fold, isNick, isRoom } from "./names.ts";
import { Refusal } from "./refusal.ts";
import { Room } from "./room.ts";

/** The room that everybody comes into, and that is always there. */
export const LOBBY = "#lobby";

/** The most characters in a topic. */
export const TOPIC_MAX = 390;

/** The most characters of a reason for leaving; what is longer is cut. */
export const REASON_MAX = 200;

/** What a hub is made of. */
export interface HubOptions {
  /** Keeps what is said. */
  history: MemoryHistory;
  /** Called when something is held back, once until the next `flush`. */
  onHeld: () => void;
}

/** See the head of this file. */
export class Hub {
  readonly #members = new Map<string, Member>(); // by folded nick, so not in order of arrival once somebody is renamed …
  readonly #arrivals = new Set<Member>(); // … which is why there is this, too
  readonly #rooms = new Map<string, Room>(); // by folded name
  readonly #history: MemoryHistory;
  readonly #onHeld: () => void;
  #held: BroadcastSet[] = [];
  #nextGuest = 1; // no guest has a lower number that is free

  constructor(options: HubOptions) {
    this.#history = options.history;
    this.#onHeld = options.onHeld;
    this.#room(LOBBY);
  }

  /** Everybody, in order of arrival. */
  get members(): Iterable<Member> & { readonly size: number } {
    return this.#arrivals;
  }

  /** All rooms: the lobby, and those that somebody is in. */
  get rooms(): Iterable<Room> {
    return this.#rooms.values();
  }

  /** Lets somebody in, as `guest` and a number, into no room yet. */
  connect(format: WireFormat, outlet: Outlet): Member {
    while (this.#members.has(`guest${this.#nextGuest}`)) this.#nextGuest++;
    const member = new Member(`guest${this.#nextGuest}`, format, outlet);
    this.#members.set(member.nick, member);
    this.#arrivals.add(member);
    return member;
  }

  /** Takes somebody out of all rooms, and away. Does nothing the second time. */
  disconnect(member: Member, reason?: string): void {
    if (!this.#arrivals.delete(member)) return;
    for (const room of [...member.rooms.values()]) this.#remove(member, room, reason);
    this.#freeNick(member.nick);
  }

  /**
   * Finds somebody by name, in any case.
   *
   * @throws {Refusal} `nobody`
   */
  find(nick: string): Member {
    const member = this.#members.get(fold(nick));
    if (member === undefined) throw new Refusal("nobody", nick);
    return member;
  }

  /**
   * Finds a room by name, in any case.
   *
   * @throws {Refusal} `no-room`
   */
  findRoom(name: string): Room {
    const room = this.#rooms.get(fold(name));
    if (room === undefined) throw new Refusal("no-room", name);
    return room;
  }

  /**
   * Gives somebody another name.
   *
   * @throws {Refusal} `nick-impossible` or `nick-taken`
   */
  rename(member: Member, nick: string): void {
    this.#requireConnected(member);
    if (!isNick(nick)) throw new Refusal("nick-impossible", nick);
    const owner = this.#members.get(fold(nick));
    if (owner !== undefined && owner !== member) throw new Refusal("nick-taken", nick);
    if (nick === member.nick) return;
    const from = member.nick;
    this.#freeNick(from);
    this.#members.set(fold(nick), member);
    member.nick = nick;
    this.#announceAround(member, { kind: "renamed", from, to: nick });
  }

  /**
   * Brings somebody into a room; the room is made if it is not there.
   *
   * @throws {Refusal} `room-impossible`
   */
  join(member: Member, name: string): Room {
    this.#requireConnected(member);
    if (!isRoom(name)) throw new Refusal("room-impossible", name);
    const room = this.#room(name);
    if (member.rooms.has(room.key)) return room;
    // First the others are told, then there is one more: so nobody is told of their own coming.
    room.members.announce({ kind: "joined", room: room.name, who: member.nick, size: room.members.size + 1 });
    room.members.add(member);
    member.rooms.set(room.key, room);
    return room;
  }

  /**
   * Takes somebody out of a room.
   *
   * @throws {Refusal} `not-in-room`
   */
  leave(member: Member, room: Room, reason?: string): void {
    this.#requireIn(member, room);
    this.#remove(member, room, reason);
  }

  /**
   * Says something in a room, to everybody there; the speaker too, unless they do not want their own lines. Control
   * characters are taken out, and nothing is said if nothing is left.
   *
   * @param action Whether it is something done rather than said.
   * @throws {Refusal} `not-in-room`
   */
  say(member: Member, room: Room, text: string, action = false): void {
    this.#requireIn(member, room);
    const words = clean(text);
    if (words.trim() === "") return;
    const said: Said = { kind: "said", room: room.name, from: member.nick, text: words, action, time: Date.now() };
    this.#history.add(room.key, said);
    room.members.announce(said, member.echo ? undefined : member);
  }

  /**
   * Says something to one other alone.
   *
   * @returns Whom it was said to, and what, without its control characters; `undefined` if nothing was left of it.
   * @throws {Refusal} `nobody`
   */
  whisper(member: Member, nick: string, text: string): { to: Member; text: string } | undefined {
    const to = this.find(nick);
    const words = clean(text);
    if (words.trim() === "") return undefined;
    to.tell({ kind: "whispered", from: member.nick, to: to.nick, text: words, time: Date.now() });
    return { to, text: words };
  }

  /**
   * Gives a room another topic.
   *
   * @throws {Refusal} `not-in-room` or `topic-too-long`
   */
  setTopic(member: Member, room: Room, topic: string): void {
    this.#requireIn(member, room);
    const words = clean(topic).trim();
    if ([...words].length > TOPIC_MAX) throw new Refusal("topic-too-long", String(TOPIC_MAX));
    room.topic = words;
    room.members.announce({ kind: "topic", room: room.name, who: member.nick, topic: words });
  }

  /** The last lines said in a room, the oldest first. */
  latest(room: Room, count: number): Said[] {
    return this.#history.latest(room.key, count);
  }

  /** Tells everybody something. */
  notice(text: string): void {
    for (const member of this.#arrivals) member.tell({ kind: "notice", text });
  }

  /** Hands out what was announced since the last time. */
  flush(): void {
    const held = this.#held;
    if (held.length === 0) return;
    this.#held = [];
    for (const set of held) set.flush();
  }

  #room(name: string): Room {
    const key = fold(name);
    let room = this.#rooms.get(key);
    if (room === undefined) {
      room = new Room(name, this.#hold);
      this.#rooms.set(key, room);
    }
    return room;
  }

  #remove(member: Member, room: Room, reason: string | undefined) {
    const { key } = room;
    room.members.delete(member);
    member.rooms.delete(key);
    const { size } = room.members;
    if (size > 0) {
      const why = reason === undefined ? undefined : clip(clean(reason), REASON_MAX);
      room.members.announce({ kind: "left", room: room.name, who: member.nick, reason: why, size });
    } else if (key !== LOBBY) {
      // Whoever comes next makes it anew, and is not to read what others said among themselves.
      this.#rooms.delete(key);
      this.#history.forget(key);
    }
  }

  /** A member who is gone must not come back as a ghost: to ask for it is a mistake of the protocol's. */
  #requireConnected(member: Member) {
    if (!this.#arrivals.has(member)) throw new TypeError(`Cannot act for "${member.nick}": not connected`);
  }

  #requireIn(member: Member, room: Room) {
    if (member.rooms.get(room.key) !== room) throw new Refusal("not-in-room", room.name);
  }

  /** Tells a member and all who share a room with them, each once. */
  #announceAround(member: Member, event: ChatEvent) {
    const rooms = [...member.rooms.values()];
    if (rooms.length === 1) return rooms[0]!.members.announce(event);
    for (const each of new Set([member, ...rooms.flatMap((room) => [...room.members])])) each.tell(event);
  }

  #freeNick(nick: string) {
    const key = fold(nick);
    this.#members.delete(key);
    const guest = /^guest([1-9]\d{0,8})$/.exec(key);
    if (guest !== null) this.#nextGuest = Math.min(this.#nextGuest, Number(guest[1]));
  }

  readonly #hold = (set: BroadcastSet) => {
    this.#held.push(set);
    if (this.#held.length === 1) this.#onHeld();
  };
}

/** The first `max` characters; none is cut in half. */
function clip(text: string, max: number): string {
  return text.length <= max ? text : [...text].slice(0, max).join("");
}
