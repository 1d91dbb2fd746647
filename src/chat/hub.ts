/**
 * Everyone and every room. The only writer of that state: protocols ask, and the hub does it and announces it, or throws
 * a {@linkcode ChatError} and changes nothing.
 *
 * It never waits, and it builds no strings for anybody: what clients see is their wire format's business. What is
 * announced in rooms is held back until `flush`; the hub says through `onHeld` that there is something to flush.
 *
 * Where the history is a lasting one, nobody gets what it has not kept, and rooms stay when nobody is in them; those in
 * which nobody has spoken, until others need their place.
 */
import {
  type HistoryRange,
  type HistoryStore,
  type Line,
  type SavedRoom,
  type SearchQuery,
  StoreError,
} from "./store.ts";
import type { ExpiryClock } from "../util/trusted_clock.ts";
import { Audiences } from "./audiences.ts";
import { BroadcastSet } from "./broadcast.ts";
import type { Chat } from "./chat.ts";
import { sanitize } from "../util/sanitize.ts";
import type { ChatEvent, Invited, Left, Said, Style, Tagged, Whispered, WireFormat } from "./events.ts";
import { firstId, Ids, timeOf } from "./ids.ts";
import { type Identity, Member, type Outlet } from "./member.ts";
import { clipRealname, isReason, requireReason, requireTopic } from "./lengths.ts";
import { completeMask, KEY_MAX, type List, MASK_MAX, type ModeChange, NEW_ROOM, type Rank } from "./modes.ts";
import { fold, isNick, isRoom, skeleton } from "./names.ts";
import { copyString } from "../util/copy_string.ts";
import { ChatError, type ChatErrorCode } from "./chat_error.ts";
import { Room } from "./room.ts";
import { only, tellEach } from "./tell.ts";
import { MonitorLists, Whowas } from "./lookouts.ts";
import { Mutes } from "./mutes.ts";
import { StorageLimit, type StorageLimits } from "./storage_limit.ts";
import type { Steps } from "../util/steps.ts";
import { NetworkLimiter } from "../util/network_limiter.ts";
import { TokenBucket } from "../util/token_bucket.ts";

/** The room that is always there, and that nobody has a say in; the text door leads into it. */
export const LOBBY = "#lobby";

export { REALNAME_MAX, REASON_MAX, TOPIC_MAX } from "./lengths.ts";

/** The most rooms that somebody can be in, by default, and that they can have been asked into and not been to since. */
export const ROOMS_MAX = 50;

/** How long what is said waits for another program that has the history locked, in milliseconds. */
const LOCKED_TIME = 1000;

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;

/** How many wrong keys of a room one network may say in a minute: else a short one would be guessed in a moment … */
export const WRONG_KEYS_MAX = 10;

/** … how many at once, and how many of these may be of members who have said a wrong one before. */
export const WRONG_KEYS_AT_ONCE = 60;
export const WRONG_KEYS_AGAIN = 10;

/** How many times that the networks around it may say together, the narrowest first. */
export const WRONG_KEYS_SHARES: readonly number[] = [1, 1, 2, 8];

/** How many times that the networks around one may make rooms together, the narrowest first: there is an end to these. */
export const ROOMS_MADE_SHARES: readonly number[] = [1, 2, 4, 16];

/** How many times the limit of one member the members of one network may choose other names. */
export const RENAMES_SHARE = 10;

/** The most rooms that there can be, by default. */
export const ROOMS_TOTAL = 10_000;

/** What stands in place of a host in the name of a conversation that belongs to an account. No host is called so. */
export const ANYWHERE = "account";

/** What may be said of a member that others want to know the number of. */
const USER_FLAGS = ["invisible", "operator"] as const;
export type UserFlag = typeof USER_FLAGS[number];

/** What a hub is made of. */
export interface HubOptions {
  /** Keeps what is said. */
  history: HistoryStore;
  /** Whether it keeps what is said to one person alone, too. */
  keepPrivate?: boolean;
  /** Told when it cannot keep what is said, and why; and when it can again. */
  onTrouble?: (trouble: StoreError | undefined) => void;
  /** The most rooms that there can be. */
  maxRooms?: number;
  /** The most rooms that somebody can be in. */
  maxJoined?: number;
  /** How often a member can choose another name in a minute, and all of one network ten times that; no limit by default. */
  renames?: number;
  /** How many rooms one network can make in an hour; those around it have their shares. No limit by default. */
  roomsMade?: number;
  /** How much each network and account may have stored by a lasting history; as much as it likes if nothing is said. */
  storage?: StorageLimits;
  /** Names that nobody may have: what the server calls itself, as if it were somebody. */
  reserved?: readonly string[];
  /** Whether a name is somebody's own: then nobody is called so who has not shown that it is theirs. */
  isOwned?: (nick: string) => boolean;
  /** The owned name, folded, that looks like one that has this skeleton, if there is such. */
  ownedLike?: (look: string) => string | undefined;
  /** Why somebody, `nick!user@host`, may not be here at all, if so. */
  banned?: (origin: string) => string | undefined;
  /** Told who was refused as they may not be here, `nick!user@host`, and where they would have had their lines. */
  onBanned?: (origin: string, outlet: Outlet) => void;
  /** Told who has asked for other names or new rooms too often, and was refused. */
  onTooFast?: (member: Member, code: ChatErrorCode) => void;
  /** Told of a server operator whom an empty room lets in that would have let in nobody else. */
  onForced?: (member: Member, room: Room) => void;
  /** By which mutes are over. */
  clock?: ExpiryClock;
  /** Called when something is held back, once until the next `flush`. */
  onHeld: () => void;
  /** Called when a `flush` has to be tried again in a moment, as another program has the history locked. */
  onLocked?: () => void;
}

/** How something is said. */
export interface SayOptions {
  readonly style?: Style;
  /** See {@linkcode Said}. */
  readonly tags?: string;
  /** For those in the room alone who have this rank, or a higher one. */
  readonly least?: Rank | undefined;
}

/** See the head of this file. */
export class Hub implements Chat {
  /** Those who are no longer here, or no longer called so. */
  readonly whowas = new Whowas();
  /** Who wants to know when somebody comes or goes. */
  readonly monitor = new MonitorLists();
  /** Who may say nothing. */
  readonly mutes: Mutes;
  /** How many have a mark: to count them each time somebody comes in would be too much. */
  readonly flagCounts: Record<UserFlag, number> = { invisible: 0, operator: 0 };
  /** The most who were here at a time. */
  peak = 0;
  /** How many lines a lasting history has kept, and how many it could not. */
  kept = 0;
  lost = 0;

  readonly #members = new Map<string, Member>(); // by folded nick, so not in order of arrival once somebody is renamed …
  readonly #arrivals = new Set<Member>(); // … which is why there is this, too
  readonly #audiences = new Audiences(this.#arrivals);
  readonly #looks = new Map<string, Member>(); // by skeleton of the nick: each member has one that nobody else has
  readonly #rooms = new Map<string, Room>(); // by folded name
  readonly #deserted = new Set<Room>(); // those that nobody is in, the longest deserted first; the lobby never is
  readonly #history: HistoryStore;
  readonly #ids: Ids;
  readonly #keepPrivate: boolean;
  readonly #storage: StorageLimit | undefined;
  readonly #maxRooms: number;
  /** The most rooms that somebody can be in. */
  readonly maxJoined: number;
  readonly #renames: number;
  readonly #renamed = new WeakMap<Member, TokenBucket>(); // of those who have chosen another name
  readonly #renamedFrom: NetworkLimiter;
  readonly #roomsMade: NetworkLimiter;
  readonly #wrongKeys = new NetworkLimiter({ // by network and room
    limit: WRONG_KEYS_MAX,
    time: MINUTE,
    burst: WRONG_KEYS_AT_ONCE,
    shares: WRONG_KEYS_SHARES,
  });
  readonly #guessers = new WeakSet<Member>(); // those who have said a wrong key
  readonly #onTrouble: (trouble: StoreError | undefined) => void;
  readonly #onTooFast: (member: Member, code: ChatErrorCode) => void;
  readonly #onForced: (member: Member, room: Room) => void;
  readonly #onHeld: () => void;
  readonly #onLocked: () => void;
  readonly #reserved: ReadonlySet<string>;
  readonly #isOwned: (nick: string) => boolean;
  readonly #ownedLike: (look: string) => string | undefined;
  readonly #banned: (origin: string) => string | undefined;
  readonly #onBanned: (origin: string, outlet: Outlet) => void;
  #held: BroadcastSet[] = [];
  #unkept: { readonly member: Member; readonly said: Said }[] = []; // what nobody may get yet
  #unsaved = new Set<Room>(); // what is not kept yet of rooms
  readonly #reformats = new Map<Member, WireFormat>(); // formats that members get once what waits is out
  #troubled = false;
  #lockedSince: number | undefined; // since when another program has the history locked, on a monotonic clock
  #nextGuest = 1; // no guest has a lower number that is free

  constructor(options: HubOptions) {
    this.#history = options.history;
    this.#ids = new Ids(options.history.last);
    this.mutes = new Mutes(options.clock);
    this.#keepPrivate = options.keepPrivate ?? false;
    this.#storage = options.history.lasting && options.storage ? new StorageLimit(options.storage) : undefined;
    this.#maxRooms = options.maxRooms ?? ROOMS_TOTAL;
    this.maxJoined = options.maxJoined ?? ROOMS_MAX;
    this.#renames = options.renames ?? Infinity;
    this.#renamedFrom = new NetworkLimiter({ limit: RENAMES_SHARE * this.#renames, time: MINUTE });
    this.#roomsMade = new NetworkLimiter({
      limit: options.roomsMade ?? Infinity,
      time: HOUR,
      shares: ROOMS_MADE_SHARES,
    });
    this.#onTrouble = options.onTrouble ?? (() => {});
    this.#onTooFast = options.onTooFast ?? (() => {});
    this.#onForced = options.onForced ?? (() => {});
    this.#onHeld = options.onHeld;
    this.#onLocked = options.onLocked ?? (() => {});
    this.#reserved = new Set(options.reserved?.map(fold));
    this.#isOwned = options.isOwned ?? (() => false);
    this.#ownedLike = options.ownedLike ?? (() => undefined);
    this.#banned = options.banned ?? (() => undefined);
    this.#onBanned = options.onBanned ?? (() => {});
    for (const saved of options.history.rooms()) {
      const room = this.#room(saved.name, ruled(saved));
      if (room.key === LOBBY) continue;
      this.#deserted.add(room);
      room.spoken = this.#spokenIn(room); // now: to look into all of them when a place is needed would take long
    }
    if (!this.#rooms.has(LOBBY)) this.#room(LOBBY).switches.add("n");
  }

  /** Everybody, in order of arrival. */
  get members(): Iterable<Member> & { readonly size: number } {
    return this.#arrivals;
  }

  /** All rooms: the lobby, those that somebody is in, and those that are kept. */
  get rooms(): Iterable<Room> & { readonly size: number } {
    return { [Symbol.iterator]: () => this.#rooms.values(), size: this.#rooms.size };
  }

  /** A name that nobody has, and that is nobody's own: `guest` and a number. */
  guestName(): string {
    const isTaken = (nick: string) => {
      const look = skeleton(nick);
      return this.#looks.has(look) || this.#isOwned(nick) || this.#ownedLike(look) !== undefined;
    };
    while (isTaken(`guest${this.#nextGuest}`)) this.#nextGuest++;
    return `guest${this.#nextGuest}`;
  }

  /**
   * Lets somebody in, into no room yet.
   *
   * @throws {ChatError} `nick-invalid`, `nick-taken`, `nick-confusable` `nick-registered` or
   * `server-banned`
   */
  connect(nick: string, identity: Identity, format: WireFormat, outlet: Outlet): Member {
    this.requireNick(nick, undefined, identity.account);
    this.#requireUnbanned(nick, identity, outlet);
    const user = copyString(identity.user);
    const realname = copyString(clipRealname(sanitize(identity.realname)));
    const member = new Member(copyString(nick), { ...identity, user, realname }, format, outlet);
    this.#members.set(fold(member.nick), member);
    this.#looks.set(skeleton(member.nick), member);
    this.#arrivals.add(member);
    this.peak = Math.max(this.peak, this.#arrivals.size);
    this.monitor.came(member);
    return member;
  }

  /**
   * Takes somebody out of all rooms, and away. Does nothing the second time.
   *
   * @param own Whether the reason is theirs.
   */
  disconnect(member: Member, reason?: string, own = false): void {
    if (!this.#arrivals.delete(member)) return;
    const told = this.#reason(reason, own ? member : undefined);
    const why = own && told !== undefined && !isReason(told) ? undefined : told; // who leaves cannot be asked for another
    for (const mark of USER_FLAGS) this.setFlag(member, mark, false);
    const rooms = [...member.rooms.values()];
    for (const room of rooms) this.#take(member, room);
    const deed = { who: member.nick, origin: member.origin, account: member.account };
    for (const { room, audience } of this.#audiences.of(rooms)) {
      const { name, members } = room;
      const event: Left = { kind: "left", ...deed, room: name, reason: why, size: members.size, quit: true, own };
      members.announce(event, undefined, false, audience);
    }
    for (const room of rooms) this.#closeIfEmpty(room);
    for (const key of member.invitations) this.#uninvite(member, key);
    this.#freeNick(member);
    this.#reformats.delete(member);
    this.monitor.forget(member);
  }

  /** Puts a mark on somebody, or takes it off; how many have it is in `marked`. */
  setFlag(member: Member, mark: UserFlag, on: boolean): void {
    if (member[mark] === on) return;
    member[mark] = on;
    this.flagCounts[mark] += on ? 1 : -1;
  }

  /** The member with a nickname, in any case. */
  get(nick: string): Member | undefined {
    return this.#members.get(fold(nick));
  }

  /** The room with a name, in any case. */
  getRoom(name: string): Room | undefined {
    return this.#rooms.get(fold(name));
  }

  /** Whether a member is connected. */
  has(member: Member): boolean {
    return this.#arrivals.has(member);
  }

  /**
   * Finds somebody by name, in any case.
   *
   * @throws {ChatError} `no-such-user`
   */
  find(nick: string): Member {
    const member = this.get(nick);
    if (member === undefined) throw new ChatError("no-such-user", nick);
    return member;
  }

  /**
   * Finds a room by name, in any case.
   *
   * @throws {ChatError} `no-such-room`
   */
  findRoom(name: string): Room {
    const room = this.getRoom(name);
    if (room === undefined) throw new ChatError("no-such-room", name);
    return room;
  }

  /**
   * Makes sure that somebody can have a name.
   *
   * @param holder Who may have it already.
   * @param account The name that they have shown to be theirs, if any.
   * @throws {ChatError} `nick-invalid`, `nick-taken` or `nick-registered`, if not
   */
  requireNick(nick: string, holder?: Member, account: string | undefined = holder?.account): void {
    this.requireFree(nick, holder);
    const bar = this.#bar(nick, account);
    if (bar !== undefined) throw new ChatError(bar, nick);
  }

  /** Why somebody cannot have a name, if it is, or looks like, one that is another's own. */
  #bar(nick: string, account: string | undefined): "nick-registered" | "nick-confusable" | undefined {
    if (isSame(nick, account)) return undefined;
    if (this.#isOwned(nick)) return "nick-registered";
    const like = this.#ownedLike(skeleton(nick));
    return like !== undefined && like !== fold(nick) && !isSame(like, account) ? "nick-confusable" : undefined;
  }

  /**
   * Makes sure that nobody has a name, and that it can be one; whether it is somebody's own is not asked.
   *
   * @param owner Who may have it already.
   * @throws {ChatError} `nick-invalid`, `nick-taken` or `nick-confusable`, if not
   */
  requireFree(nick: string, owner?: Member): void {
    if (!isNick(nick)) throw new ChatError("nick-invalid", nick);
    const key = fold(nick);
    const holder = this.#members.get(key);
    if (this.#reserved.has(key) || (holder !== undefined && holder !== owner)) throw new ChatError("nick-taken", nick);
    const look = skeleton(nick);
    const double = this.#looks.get(look);
    const reserved = [...this.#reserved].some((name) => skeleton(name) === look);
    if (reserved || (double !== undefined && double !== owner)) throw new ChatError("nick-confusable", nick);
  }

  /**
   * Gives somebody another name, as they wish.
   *
   * @throws {ChatError} `nick-invalid`, `nick-taken`, `nick-confusable`, `nick-registered`, `server-banned`, `muted` or
   * `nicks-too-fast`
   */
  rename(member: Member, nick: string): void {
    this.#requireConnected(member);
    this.requireNick(nick, member);
    this.#requireUnbanned(nick, member, member.outlet);
    if (nick === member.nick) return;
    if (!isSame(nick, member.account)) this.#requireUnmuted(member); // others are told, and a name can be words
    this.#requirePace(member, nick);
    this.#rename(member, nick);
  }

  /**
   * Gives somebody the name that they have shown to be theirs, and disconnects whoever has it; however often they have
   * chosen another one lately. Nobody is disconnected for somebody who cannot have it then.
   *
   * @param reason Why the holder is disconnected.
   * @returns Who that was, if there was one.
   * @throws {ChatError} `nick-invalid`, `nick-taken`, `nick-confusable`, `nick-registered` or `server-banned`
   */
  reclaim(member: Member, nick: string, reason: string): Member | undefined {
    this.#requireConnected(member);
    const holder = this.#members.get(fold(nick));
    if (!isSame(nick, member.account)) throw new ChatError("nick-registered", nick);
    this.requireFree(nick, holder ?? member);
    this.#requireUnbanned(nick, member, member.outlet);
    if (holder === member) return undefined;
    if (holder !== undefined) this.disconnect(holder, reason);
    this.#rename(member, nick);
    return holder;
  }

  /** Gives somebody a name that is free, whether they want it or not. */
  #rename(member: Member, nick: string) {
    const { origin, account } = member;
    const event: ChatEvent = { kind: "renamed", who: member.nick, origin, account, to: nick };
    const same = fold(nick) === fold(member.nick);
    this.#freeNick(member, same);
    member.nick = copyString(nick);
    this.#members.set(fold(member.nick), member);
    this.#looks.set(skeleton(member.nick), member);
    for (const room of member.rooms.values()) room.reconsider(member);
    this.#announceAround(member, event);
    if (!same) this.monitor.came(member);
  }

  /**
   * Somebody has shown that a name is theirs. They need not be called so; but if they are called by another one that is
   * somebody's own, or looks like one, which was theirs until now, they are a guest from here on.
   */
  login(member: Member, account: string): void {
    this.#requireConnected(member);
    this.#setAccount(member, account);
    member.onAccount?.();
  }

  /**
   * Somebody is nobody in particular again: a guest, if the name that they are called by is somebody's own, or looks like
   * one.
   */
  logout(member: Member): void {
    this.#requireConnected(member);
    this.#setAccount(member, undefined);
    member.onAccount?.();
  }

  /** Everybody who has shown that a name is theirs. */
  *loggedIn(account: string): Iterable<Member> {
    for (const member of this.#arrivals) if (isSame(account, member.account)) yield member;
  }

  /**
   * Forgets the stored private conversations of an account, in steps: the next owner of the name must not read them.
   *
   * @throws {ChatError} `history-unreadable`
   */
  *forgetConversations(account: string): Steps<void> {
    const prefix = conversationsOf(account);
    for (;;) {
      const found = yield* this.#readOn((history) => history.targets(prefix));
      if (found.length === 0) return;
      for (const { target } of found) {
        this.#read((history) => history.forget(target));
        yield;
      }
    }
  }

  /** Tells a member what happens in another way from now on; while lines wait for a locked history, from when these are out. */
  reformat(member: Member, format: WireFormat): void {
    this.#reformats.delete(member);
    if (member.format === format) return;
    if (this.#isLocked()) return void this.#reformats.set(member, format); // what waits is in the old one
    const rooms = [...member.rooms.values()];
    for (const room of rooms) room.members.delete(member);
    member.format = format;
    for (const room of rooms) room.members.add(member);
  }

  /**
   * Brings somebody into a room; the room is made if it is not there. Who comes into one that nobody is in runs it.
   *
   * @param key What they say to be let in, where something has to be said.
   * @throws {ChatError} `room-invalid`, `too-many-rooms`, `rooms-full`, `rooms-too-fast`, `history-unreadable`,
   * `banned`, `invite-only`, `wrong-key`, `keys-too-fast` or `room-full`
   */
  join(member: Member, name: string, key?: string): Room {
    this.#requireConnected(member);
    const found = this.#rooms.get(fold(name));
    // What is there has its name already, be it from a time when more names were possible.
    if (found === undefined && (!isRoom(name) || skeleton(name) === skeleton(LOBBY))) {
      throw new ChatError("room-invalid", name);
    }
    if (found?.has(member)) return found;
    if (member.rooms.size >= this.maxJoined) throw new ChatError("too-many-rooms", name);
    if (found !== undefined) this.#requireWelcome(member, found, key);
    else {
      const full = this.#rooms.size >= this.#maxRooms;
      if (full && this.#deserted.size === 0) throw new ChatError("rooms-full", name);
      if (!this.#roomsMade.take(member.networks, performance.now())) {
        throw this.#tooFast(member, "rooms-too-fast", name);
      }
      if (full) this.#makeWay(name);
    }
    const room = found ?? this.#room(name);
    // First the others are told, then there is one more: so nobody is told of their own coming.
    const { nick: who, origin, account, realname, away } = member;
    room.members.announce({
      kind: "joined",
      room: room.name,
      who,
      origin,
      account,
      realname,
      away,
      size: room.members.size + 1,
    });
    room.members.add(member);
    this.#audiences.forget();
    this.#deserted.delete(room);
    member.rooms.set(room.key, room);
    this.#uninvite(member, room.key);
    if (found === undefined) { for (const mode of NEW_ROOM) room.switches.add(mode); }
    if (room.members.size === 1 && room.key !== LOBBY) room.ranks.op.add(member);
    return room;
  }

  /**
   * Takes somebody out of a room.
   *
   * @throws {ChatError} `not-in-room`, `reason-too-long` or `text-too-long`
   */
  leave(member: Member, room: Room, reason?: string): void {
    this.#requireIn(member, room);
    const why = this.#reason(reason, member);
    if (why !== undefined) requireReason(why, room.name);
    this.#take(member, room);
    this.#audiences.forget();
    const { nick: who, origin, account } = member;
    room.members.announce({
      kind: "left",
      room: room.name,
      who,
      origin,
      account,
      reason: why,
      size: room.members.size,
      quit: false,
      own: true,
    });
    this.#closeIfEmpty(room);
  }

  /**
   * Puts somebody out of a room.
   *
   * @throws {ChatError} `not-in-room`, `not-operator`, `no-such-user`, `user-not-in-room`, `reason-too-long` or
   * `text-too-long`
   */
  kick(member: Member, room: Room, nick: string, reason?: string): Member {
    this.#requireOperator(member, room);
    const target = this.#findIn(room, nick);
    const why = this.#reason(reason, member);
    if (why !== undefined) requireReason(why, room.name);
    const { nick: who, origin, account } = member;
    room.members.announce({ kind: "kicked", room: room.name, who, origin, account, whom: target.nick, reason: why });
    this.#take(target, room);
    this.#audiences.forget();
    target.onKicked?.(room);
    this.#closeIfEmpty(room);
    return target;
  }

  /**
   * Asks somebody into a room, which they may then come into even where only who was asked may.
   *
   * @throws {ChatError} `not-in-room`, `muted`, `not-operator`, `no-such-user` or `already-in-room`
   */
  invite(member: Member, room: Room, nick: string): Member {
    this.#requireIn(member, room);
    this.#requireUnmuted(member);
    if (room.switches.has("i")) this.#requireOperator(member, room);
    const target = this.find(nick);
    if (room.has(target)) throw new ChatError("already-in-room", target.nick, room.name);
    // Whoever is in may ask others in, but only an operator's word counts against a ban, a key or a limit.
    if (room.holds(member, "op")) this.#expect(target, room);
    const event: Invited = {
      kind: "invited",
      room: room.name,
      who: member.nick,
      origin: member.origin,
      account: member.account,
      whom: target.nick,
      overheard: false,
    };
    target.tell(event);
    tellEach(only(room.ranks.op, (operator) => operator !== member), { ...event, overheard: true });
    return target;
  }

  /**
   * Says something in a room, to everybody there; the speaker too, unless they do not want their own lines. Control
   * characters are taken out, and nothing is said if nothing is left.
   *
   * @throws {ChatError} `cannot-speak`, `muted` or `stored-too-much`
   */
  say(member: Member, room: Room, text: string, manner: SayOptions = {}): void {
    this.#requireUnmuted(member);
    this.#requireVoice(member, room);
    const words = sanitize(text);
    if (words.trim() === "") return;
    const said = this.#utterance(member, room, words, manner);
    const keeps = said.least === undefined && this.#keeps(said);
    if (keeps) this.#requireStorage(member, room.name, said.text.length + said.tags.length);
    member.spokeAt = said.time;
    if (said.least !== undefined) return this.#tellRanked(room, said, member, said.least);
    const pending = keeps && this.#add(member, room, said);
    room.members.announce(said, member.echo ? undefined : [member], pending);
  }

  /**
   * Says something to one other alone.
   *
   * @returns What was said, without its control characters; `undefined` if nothing was left of it.
   * @throws {ChatError} `no-such-user`, `muted`, `stored-too-much` or `not-stored`
   */
  whisper(member: Member, nick: string, text: string, manner: SayOptions = {}): Whispered | undefined {
    const [told] = this.whisperEach(member, [nick], text, manner);
    if (told instanceof ChatError) throw told;
    return told;
  }

  /**
   * Says something to some others, to each alone. What is to be kept is kept at once for all of them: that costs what one
   * costs.
   *
   * @returns What became of it, in their order: what `whisper` returns or throws.
   */
  whisperEach(
    member: Member,
    nicks: readonly string[],
    text: string,
    manner: SayOptions = {},
  ): (Whispered | ChatError | undefined)[] {
    const words = sanitize(text);
    const all = nicks.map((nick) => this.#whisperTo(member, nick, words, manner));
    const unkept = all.filter((each) => each !== undefined && !(each instanceof ChatError) && each.kept);
    const failed = unkept.length > 0 && !this.#keep();
    this[failed ? "lost" : "kept"] += unkept.length;
    return all.map((each) => {
      if (each === undefined || each instanceof ChatError) return each;
      const { to, event, kept } = each;
      if (kept && failed) return new ChatError("not-stored", to.nick);
      member.spokeAt = event.time;
      to.tell(event);
      return event;
    });
  }

  /** Has something kept that is to be said to one other alone, if it is to be kept. They are not told yet. */
  #whisperTo(member: Member, nick: string, words: string, manner: SayOptions) {
    try {
      this.#requireUnmuted(member);
      const to = this.find(nick);
      if (words.trim() === "") return undefined;
      const event: Whispered = { kind: "whispered", to: to.nick, ...this.#speech(member, words, manner) };
      const kept = this.#keepPrivate && this.#keeps(event);
      if (kept && this.#isLocked()) { // they are told now, or not at all
        this.lost++;
        return new ChatError("not-stored", to.nick);
      }
      if (kept) {
        this.#requireStorage(member, to.nick, 2 * (event.text.length + event.tags.length)); // each of the two has a copy
        this.#history.add(conversation(member, to.nick), event);
        if (to !== member) this.#history.add(conversation(to, member.nick), event);
      }
      return { to, event, kept };
    } catch (error) {
      if (error instanceof ChatError) return error;
      throw error;
    }
  }

  /**
   * Passes on what somebody's client says to others' without words.
   *
   * @param to A nick or a room.
   * @returns What was passed on.
   * @throws {ChatError} what `say` throws
   */
  tag(member: Member, to: Member | Room, tags: string, least?: Rank): Tagged {
    this.#requireUnmuted(member);
    const { nick: who, origin, account, bot } = member;
    const name = to instanceof Room ? to.name : to.nick;
    const time = Date.now();
    const event: Tagged = {
      kind: "tagged",
      to: name,
      who,
      origin,
      account,
      id: this.#ids.next(time),
      time,
      tags,
      bot,
      least,
    };
    if (!(to instanceof Room)) to.tell(event);
    else {
      this.#requireVoice(member, to);
      if (least !== undefined) this.#tellRanked(to, event, member, least);
      else to.members.announce(event, member.echo ? undefined : [member]);
    }
    return event;
  }

  /**
   * Gives a room another topic; an empty one takes it away.
   *
   * @throws {ChatError} `not-in-room`, `muted`, `not-operator`, `topic-too-long` or `text-too-long`
   */
  setTopic(member: Member, room: Room, topic: string): void {
    this.#requireIn(member, room);
    this.#requireUnmuted(member);
    if (room.switches.has("t")) this.#requireOperator(member, room);
    const words = copyString(sanitize(topic).trim());
    requireTopic(words, room.name);
    const { nick: who, origin, account } = member;
    room.topic = words === "" ? undefined : { text: words, by: origin, at: Date.now() };
    this.#save(room);
    room.members.announce({ kind: "topic", room: room.name, who, origin, account, topic: words });
  }

  /**
   * Changes a room's modes. What is so already changes nothing; what cannot be changed is refused, one by one, and the
   * rest is done.
   *
   * @returns What was changed, and what was refused.
   * @throws {ChatError} `not-in-room` or `not-operator`
   */
  setModes(member: Member, room: Room, changes: readonly ModeChange[]): { made: ModeChange[]; refused: ChatError[] } {
    this.#requireOperator(member, room);
    const made: ModeChange[] = [];
    const refused: ChatError[] = [];
    for (const change of changes) {
      try {
        const done = this.#change(member, room, change);
        if (done !== undefined) made.push(done);
      } catch (error) {
        if (!(error instanceof ChatError)) throw error;
        refused.push(error);
      }
    }
    const { nick: who, origin, account } = member;
    if (made.length > 0) {
      if (made.some(({ mode }) => mode !== "o" && mode !== "v")) this.#save(room); // ranks are theirs who are in
      room.members.announce({ kind: "modes", room: room.name, who, origin, account, changes: made });
    }
    return { made, refused };
  }

  /**
   * Sets a member's away message, or removes it.
   *
   * @throws {ChatError} `muted`, `reason-too-long` or `text-too-long`
   */
  setAway(member: Member, message: string | undefined): void {
    if (message !== undefined) this.#requireUnmuted(member);
    const why = message === undefined ? undefined : copyString(sanitize(message));
    if (why !== undefined) requireReason(why);
    if (why === member.away) return;
    member.away = why;
    const { nick: who, origin, account } = member;
    this.#announceAround(member, { kind: "away", who, origin, account, message: why }, false);
  }

  /** Gives somebody another real name; what is too long of it is cut. @throws {ChatError} `muted` */
  setRealname(member: Member, realname: string): void {
    this.#requireUnmuted(member);
    member.realname = copyString(clipRealname(sanitize(realname)));
    const { nick: who, origin, account } = member;
    this.#announceAround(member, { kind: "realname", who, origin, account, realname: member.realname });
  }

  /**
   * The last lines said in a room, the oldest first.
   *
   * @throws {ChatError} `history-unreadable`
   */
  latest(room: Room, count: number): Said[] {
    return this.page(room, { count });
  }

  /**
   * Lines said in a room, the oldest first.
   *
   * @throws {ChatError} `history-unreadable`
   */
  page(room: Room, range: HistoryRange): Said[] {
    return this.#read((history) => history.page(room.key, range)).filter(isSaid);
  }

  /**
   * Lines that somebody and another one have said to each other alone, the oldest first.
   *
   * @throws {ChatError} `history-unreadable`
   */
  conversation(member: Member, nick: string, range: HistoryRange): Line[] {
    return this.#read((history) => history.page(conversation(member, nick), range));
  }

  /**
   * Whether something was said in a room, or in a conversation.
   *
   * @throws {ChatError} `history-unreadable`
   */
  wasSaid(member: Member, where: Room | string, id: number): boolean {
    return this.#read((history) => history.has(targetOf(member, where), id));
  }

  /**
   * Where in what was said a time is: what has this id, or a greater one, was said then or later, and all else before.
   *
   * @param where Rooms, and with whom it was said in private.
   * @throws {ChatError} `history-unreadable`
   */
  placeOf(time: number, member: Member, where: readonly (Room | string)[]): number {
    if (!this.#ids.ahead) return firstId(time);
    return this.#read((history) => {
      return Math.min(...where.map((each) => history.firstSince(targetOf(member, each), time)));
    });
  }

  /**
   * A member's private conversations with their last lines, in steps.
   *
   * @throws {ChatError} `history-unreadable`
   */
  *conversations(member: Member): Steps<{ with: string; line: Line }[]> {
    const own = conversation(member, "");
    const found = yield* this.#readOn((history) => history.targets(own));
    return found.map(({ target, line }) => ({ with: target.slice(target.indexOf(" ") + 1), line }));
  }

  /**
   * The last lines said in some rooms that a query wants, the oldest first, in steps. Lines of the last moments may be
   * missing. Lines that were said before `unsearched`, in milliseconds since 1970, were not looked at.
   *
   * @throws {ChatError} `history-unreadable`
   */
  *search(rooms: readonly Room[], query: SearchQuery): Steps<{ lines: Said[]; unsearched: number | undefined }> {
    const { lines, unsearched } = yield* this.#readOn((history) => history.search(rooms.map(({ key }) => key), query));
    return { lines: lines.filter(isSaid), unsearched: unsearched === 0 ? undefined : timeOf(unsearched) };
  }

  /** Lets go of a room in which nobody is, and of which nothing is left that anybody has said. */
  readonly desert = (key: string): void => {
    const room = this.#rooms.get(key);
    if (room === undefined || room.members.size > 0 || room.key === LOBBY) return;
    if (this.#unkept.some(({ said }) => fold(said.room) === key)) return; // said a moment ago, and not in the file yet
    this.#close(room);
  };

  /** Tells everybody something. */
  notice(text: string): void {
    tellEach(this.#arrivals, { kind: "notice", text });
  }

  /** Has a server operator say something to all who want to hear such. */
  sayWallops(member: Member, text: string): void {
    const { nick: who, origin, account } = member;
    const event: ChatEvent = { kind: "wallops", who, origin, account, text: sanitize(text) };
    tellEach(only(this.#arrivals, ({ wallops }) => wallops), event);
  }

  /**
   * Hands out what was announced since the last time. While another program has the history locked that is put off, for up to
   * a second.
   *
   * @param last Whether it is not to be put off, as there is no other time.
   */
  flush(last = false): void {
    if (!last && this.#isLocked()) return this.#onLocked();
    this.#keep(last);
    const held = this.#held;
    if (held.length === 0 && this.#reformats.size === 0) return;
    this.#held = [];
    for (const set of held) set.flush();
    this.#audiences.forget(); // nor does it outlive the members in it
    for (const [member, format] of this.#reformats) this.reformat(member, format);
  }

  #room(name: string, saved?: SavedRoom): Room {
    const room = new Room(copyString(name), new BroadcastSet(this.#hold, this.#keep), saved);
    this.#rooms.set(room.key, room);
    return room;
  }

  /** Whether something is to be kept: what people say is, and not what their programs say to each other. */
  #keeps({ style }: Line): boolean {
    return style === "say" || style === "action" || style === "notice";
  }

  /** Has a line kept; returns whether it is not yet, so that nobody may get it. */
  #add(member: Member, room: Room, said: Said): boolean {
    this.#history.add(room.key, said);
    room.spoken = true;
    if (!this.#history.lasting) return false;
    if (!room.worthKeeping) this.#save(room);
    else if (room.members.size === 0) this.#onHeld(); // nobody is told, so nothing else asks for a flush
    this.#unkept.push({ member, said });
    return true;
  }

  /** Has a room kept as it is now. */
  #save(room: Room) {
    if (!this.#history.lasting) return;
    room.worthKeeping = true;
    this.#unsaved.add(room);
    this.#onHeld(); // else nothing might be announced, and nothing flushed
  }

  /** Has kept what nobody may get before; returns whether that could be done. Whose words are lost is told. */
  readonly #keep = (last = false): boolean => {
    const unkept = this.#unkept;
    if (!this.#history.lasting) return true;
    if (!last && this.#isLocked()) return false;
    this.#unkept = [];
    for (const room of this.#unsaved) this.#history.saveRoom(room.saved);
    this.#unsaved.clear();
    try {
      if (this.#history.commit()) this.#trouble(undefined);
    } catch (error) {
      if (!(error instanceof StoreError)) throw error;
      this.#trouble(error);
      this.lost += unkept.length;
      for (const set of this.#held) set.retract();
      for (const { member, said: { who, room, text } } of unkept) member.tell({ kind: "unsaid", who, room, text });
      return false;
    }
    this.kept += unkept.length;
    for (const set of this.#held) set.confirm();
    return true;
  };

  /** Whether nothing can be kept at the moment, and it is not to be tried: for a second at the most. */
  #isLocked(): boolean {
    if (this.#unkept.length === 0 && this.#unsaved.size === 0) return false;
    if (this.#history.ready) {
      this.#lockedSince = undefined;
      return false;
    }
    const now = performance.now();
    this.#lockedSince ??= now;
    return now - this.#lockedSince < LOCKED_TIME;
  }

  #trouble(trouble: StoreError | undefined) {
    if (this.#troubled === (trouble !== undefined)) return;
    this.#troubled = trouble !== undefined;
    this.#onTrouble(trouble);
  }

  #read<T>(read: (history: HistoryStore) => T): T {
    this.#keep();
    try {
      return read(this.#history);
    } catch (error) {
      if (!(error instanceof StoreError)) throw error;
      throw new ChatError("history-unreadable", error.message);
    }
  }

  /** The same, in steps. */
  *#readOn<T>(read: (history: HistoryStore) => Steps<T>): Steps<T> {
    const steps = this.#read(read);
    for (;;) {
      let next: IteratorResult<void, T> | undefined;
      try {
        next = steps.next();
      } catch (error) {
        if (!(error instanceof StoreError)) throw error;
        throw new ChatError("history-unreadable", error.message);
      }
      if (next.done) return next.value;
      yield;
    }
  }

  /** Takes somebody out of a room, and tells nobody. */
  #take(member: Member, room: Room) {
    room.members.delete(member);
    room.reconsider(member);
    room.ranks.op.delete(member);
    room.ranks.voice.delete(member);
    member.rooms.delete(room.key);
  }

  #closeIfEmpty(room: Room) {
    if (room.members.size > 0 || room.key === LOBBY) return;
    // Whoever comes next makes it anew, and is not to read what others said among themselves, nor to have their guests.
    for (const guest of room.invited) guest.invitations.delete(room.key);
    room.invited.clear();
    if (!this.#history.lasting || !room.worthKeeping) this.#close(room);
    else this.#deserted.add(room);
  }

  /**
   * Lets go of a deserted room in which nobody has spoken, for another to take its place: the longest deserted. So whoever
   * makes rooms and leaves them keeps nobody from making one, and yet has nothing forgotten that anybody said.
   */
  #makeWay(name: string) {
    this.#keep(); // what was said there a moment ago
    const isSilent = (room: Room) => !(room.spoken ??= this.page(room, { count: 1 }).length > 0);
    try {
      const silent = this.#deserted.values().find(isSilent);
      if (silent === undefined) throw new ChatError("rooms-full", name);
      this.#close(silent);
    } catch (error) {
      if (!(error instanceof StoreError)) throw error;
      throw new ChatError("rooms-full", name);
    }
  }

  /** Whether anybody has spoken in a room; `undefined` if that cannot be read. */
  #spokenIn(room: Room): boolean | undefined {
    try {
      return this.#history.page(room.key, { count: 1 }).length > 0;
    } catch (error) {
      if (!(error instanceof StoreError)) throw error;
      return undefined;
    }
  }

  #close(room: Room) {
    if (room.worthKeeping || !this.#history.lasting) this.#history.forget(room.key); // which may fail: then it stays
    this.#rooms.delete(room.key);
    this.#deserted.delete(room);
    this.#unsaved.delete(room);
  }

  /** Remembers that somebody was asked into a room. */
  #expect(member: Member, room: Room) {
    const { invitations } = member;
    const [oldest] = invitations;
    if (invitations.size >= ROOMS_MAX && !room.invited.has(member)) this.#uninvite(member, oldest!);
    invitations.add(room.key);
    room.invited.add(member);
  }

  /** Forgets it. */
  #uninvite(member: Member, key: string) {
    member.invitations.delete(key);
    this.#rooms.get(key)?.invited.delete(member);
  }

  /** Does one change, and returns it as it was done, or nothing when it was so already. */
  #change(member: Member, room: Room, change: ModeChange): ModeChange | undefined {
    if (change.on && ("mask" in change || "key" in change)) this.#requireUnmuted(member); // they can be words, too
    switch (change.mode) {
      case "o":
      case "v": {
        const target = this.#findIn(room, change.nick);
        const ranked = room.ranks[change.mode === "o" ? "op" : "voice"];
        if (ranked.has(target) === change.on) return undefined;
        if (change.on) ranked.add(target);
        else ranked.delete(target);
        return { ...change, nick: target.nick };
      }
      case "b":
      case "e":
      case "I":
        return this.#changeList(member, room, change);
      case "k": {
        if (!change.on) {
          if (room.password === undefined) return undefined;
          const key = room.password;
          room.password = undefined;
          return { ...change, key };
        }
        const key = copyString(change.key);
        const possible = /^[^\p{Z}\p{C},:][^\p{Z}\p{C},]*$/u.test(key) && [...key].length <= KEY_MAX;
        if (!possible) throw new ChatError("key-invalid", key, room.name);
        if (key === room.password) return undefined;
        room.password = key;
        return { ...change, key };
      }
      case "l": {
        const limit = change.on ? change.limit : Infinity;
        if (limit === room.limit) return undefined;
        room.limit = limit;
        return change;
      }
      default:
        if (room.switches.has(change.mode) === change.on) return undefined;
        if (change.on) room.switches.add(change.mode);
        else room.switches.delete(change.mode);
        return change;
    }
  }

  #changeList(
    member: Member,
    room: Room,
    change: ModeChange & { mode: List },
  ): ModeChange | undefined {
    const list = room.lists[change.mode];
    const mask = completeMask(sanitize(change.mask)); // a string of its own, not a part of the line
    const key = fold(mask);
    if (list.has(key) === change.on) return undefined;
    if (change.on) {
      if (mask.length > MASK_MAX || !/^["-9;-~][!-~]*$/.test(mask)) { // no name has anything else in it
        throw new ChatError("mask-invalid", change.mask, room.name, change.mode);
      }
      if (room.masksFull) throw new ChatError("masks-full", mask, room.name, change.mode);
      list.set(key, { mask, by: member.origin, at: Date.now() });
    } else list.delete(key);
    room.reconsider();
    return { ...change, mask };
  }

  #speech(member: Member, text: string, { style = "say", tags = "" }: SayOptions) {
    const { nick: who, origin, account, bot } = member;
    const time = Date.now();
    return {
      who,
      origin,
      account,
      id: this.#ids.next(time),
      text: copyString(text),
      style,
      time,
      tags: copyString(tags),
      bot,
    };
  }

  // One literal, not a spread of another: it is made for every line.
  #utterance(member: Member, room: Room, text: string, { style = "say", tags = "", least }: SayOptions): Said {
    const time = Date.now();
    return {
      kind: "said",
      who: member.nick,
      origin: member.origin,
      account: member.account,
      id: this.#ids.next(time),
      text: copyString(text),
      style,
      time,
      tags: copyString(tags),
      bot: member.bot,
      room: room.name,
      least,
    };
  }

  /** Tells those in a room who have a rank, and the one who says it if they want their own lines. */
  #tellRanked(room: Room, event: Said | Tagged, from: Member, least: Rank) {
    tellEach(only(room.members, (each) => each === from ? from.echo : room.holds(each, least)), event);
  }

  /** A member who is gone must not come back as a ghost: to ask for it is a mistake of the protocol's. */
  #requireConnected(member: Member) {
    if (!this.#arrivals.has(member)) throw new TypeError(`Cannot act for "${member.nick}": not connected`);
  }

  #requireUnbanned(nick: string, { user, host }: { readonly user: string; readonly host: string }, outlet: Outlet) {
    const origin = `${nick}!${user}@${host}`;
    const reason = this.#banned(origin);
    if (reason === undefined) return;
    this.#onBanned(origin, outlet);
    throw new ChatError("server-banned", reason);
  }

  /** Others are told of each name that somebody chooses. */
  #requirePace(member: Member, nick: string) {
    if (this.#renames === Infinity) return;
    const now = performance.now();
    let bucket = this.#renamed.get(member);
    if (bucket === undefined) {
      bucket = new TokenBucket(this.#renames * 1000 / MINUTE, this.#renames, now);
      this.#renamed.set(member, bucket);
    }
    if (bucket.wait(now) > 0 || !this.#renamedFrom.take(member.networks, now)) {
      throw this.#tooFast(member, "nicks-too-fast", nick);
    }
    bucket.take();
  }

  /** Tells of it here; whoever it was is told by what catches it. */
  #tooFast(member: Member, code: ChatErrorCode, subject: string): ChatError {
    this.#onTooFast(member, code);
    return new ChatError(code, subject);
  }

  #requireStorage(member: Member, where: string, characters: number) {
    if (this.#storage === undefined || this.#storage.spend(member, characters)) return;
    const pause = this.#storage.take(member, characters, performance.now());
    if (pause === undefined) throw new ChatError("stored-too-much", where);
    if (pause > 0) member.outlet.pause?.(pause);
  }

  #requireUnmuted(member: Member) {
    if (this.#isMuted(member)) throw new ChatError("muted", member.nick);
  }

  #isMuted(member: Member): boolean {
    return this.mutes.has(member.host) && !member.operator;
  }

  /** A reason as others get it: none, if it is of somebody who may say nothing. */
  #reason(reason: string | undefined, of: Member | undefined): string | undefined {
    if (reason === undefined || (of !== undefined && this.#isMuted(of))) return undefined;
    return sanitize(reason);
  }

  #requireIn(member: Member, room: Room) {
    if (!room.has(member)) throw new ChatError("not-in-room", room.name);
  }

  #requireOperator(member: Member, room: Room) {
    this.#requireIn(member, room);
    if (!room.holds(member, "op")) throw new ChatError("not-operator", room.name);
  }

  /** Whoever is in may speak, unless they are banned or the room is moderated; from outside nobody, as a rule. */
  #requireVoice(member: Member, room: Room) {
    const inside = room.has(member);
    if (inside && !room.switches.has("m") && room.lists.b.size === 0) return; // nearly always
    if (room.holds(member, "voice")) return;
    if (room.switches.has("m") || room.bans(member) || (!inside && room.switches.has("n"))) {
      throw new ChatError(inside || !room.switches.has("n") ? "cannot-speak" : "not-in-room", room.name);
    }
  }

  #requireWelcome(member: Member, room: Room, key: string | undefined) {
    const bar = this.#barOf(room, member, key);
    if (bar === undefined) return;
    if (!member.operator || room.members.size > 0) {
      throw bar === "keys-too-fast" ? this.#tooFast(member, bar, room.name) : new ChatError(bar, room.name);
    }
    this.#onForced(member, room); // else nobody could ever open it again
  }

  /** Why a room does not let somebody in, if so. */
  #barOf(room: Room, member: Member, key: string | undefined): ChatErrorCode | undefined {
    if (member.invitations.has(room.key)) return undefined;
    if (room.bans(member)) return "banned";
    if (room.switches.has("i") && !room.expects(member)) return "invite-only";
    const wrong = this.#barOfKey(room, member, key);
    if (wrong !== undefined) return wrong;
    return room.members.size >= room.limit ? "room-full" : undefined;
  }

  /**
   * Where too many keys were wrong the right one is not looked at, either: the next guess might be it. Most of what a
   * network may get wrong is for members who have not been wrong yet, so that others who guess do not keep them out.
   */
  #barOfKey(room: Room, member: Member, key: string | undefined): ChatErrorCode | undefined {
    if (room.password === undefined) return undefined;
    if (key === undefined) return "wrong-key"; // which is no guess
    const networks = member.networks.map((name) => `${name} ${room.key}`); // wrong keys of one room do not count for another
    const reserve = this.#guessers.has(member) ? 1 - WRONG_KEYS_AGAIN / WRONG_KEYS_AT_ONCE : 0;
    if (!this.#wrongKeys.take(networks, performance.now(), 1, reserve)) return "keys-too-fast";
    if (key !== room.password) {
      this.#guessers.add(member);
      return "wrong-key";
    }
    this.#wrongKeys.giveBack(networks);
    return undefined;
  }

  #findIn(room: Room, nick: string): Member {
    const member = this.find(nick);
    if (!room.has(member)) throw new ChatError("user-not-in-room", member.nick, room.name);
    return member;
  }

  /** Tells all who share a room with a member, each once; and the member, unless they know. */
  #announceAround(member: Member, event: ChatEvent, themselves = true) {
    for (const { room, audience } of this.#audiences.of(member.rooms.values())) {
      room.members.announce(event, themselves ? undefined : [member], false, audience);
    }
    if (themselves && member.rooms.size === 0) member.tell(event);
  }

  #setAccount(member: Member, account: string | undefined) {
    if (member.account === account) return;
    member.account = account;
    this.#announceAround(member, { kind: "account", who: member.nick, origin: member.origin, account }, false);
    if (this.#bar(member.nick, account) !== undefined) this.#rename(member, this.guestName());
  }

  /** Lets others have somebody's name, and remembers who had it. */
  #freeNick(member: Member, same = false) {
    this.#members.delete(fold(member.nick));
    const look = skeleton(member.nick);
    this.#looks.delete(look);
    // Whoever looks like a guest keeps a guest's number from others, too.
    const guest = /^guest([1-9]\d{0,8})$/.exec(look.replaceAll("l", "1").replaceAll("o", "0"));
    // One that is an account's stays taken: to try all such again each time would take long.
    if (guest !== null && !this.#isOwned(`guest${guest[1]}`)) {
      this.#nextGuest = Math.min(this.#nextGuest, Number(guest[1]));
    }
    if (same) return;
    this.whowas.add(member);
    this.monitor.went(member);
  }

  readonly #hold = (set: BroadcastSet) => {
    this.#held.push(set);
    if (this.#held.length === 1) this.#onHeld();
  };
}

/**
 * A room as it may be when it is there again. In the lobby nobody has a say: whatever was ruled there could never be taken
 * back, and only what it is about is left.
 */
export function ruled(room: SavedRoom): SavedRoom {
  if (fold(room.name) !== LOBBY) return room;
  return { ...room, name: LOBBY, switches: ["n"], password: undefined, limit: Infinity, masks: [] };
}

/**
 * What the history calls what somebody says and hears in private with another one. Who has shown that a name is theirs
 * is found by that, wherever they are and whatever they are called; of others it takes the same name from the same place
 * to have it again.
 */
function conversation(member: Member, nick: string): string {
  const { account, host } = member;
  const own = account === undefined ? `${fold(member.nick)}@${host} ` : conversationsOf(account);
  return own + fold(nick);
}

/** What the history calls a room, or what somebody says and hears in private with another one. */
function targetOf(member: Member, where: Room | string): string {
  return where instanceof Room ? where.key : conversation(member, where);
}

/** What the names of all conversations of an account begin with. */
function conversationsOf(account: string): string {
  return `${fold(account)}@${ANYWHERE} `;
}

/** Whether a name is that of an account, if there is one. */
function isSame(nick: string, account: string | undefined): boolean {
  return account !== undefined && fold(nick) === fold(account);
}

function isSaid(line: Line): line is Said {
  return line.kind === "said";
}
