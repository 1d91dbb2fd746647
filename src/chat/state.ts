/** The state of the chat that commands change, and the steps that several commands have in common. */
import type { AlwaysOn } from "./always_on.ts";
import { Audiences } from "./audiences.ts";
import { ChatError } from "./chat_error.ts";
import type { MemberId, RoomKey, SessionId, UserFlag } from "./commands.ts";
import type { Delivery } from "./delivery.ts";
import type { ChatEvent } from "./events.ts";
import type { Ids } from "./ids.ts";
import type { Member, Session } from "./member.ts";
import type { Directory } from "./directory.ts";
import type { LinkRegistry } from "./invite_links.ts";
import { IgnoreLists, type IgnoreStore } from "./ignore_lists.ts";
import { MonitorLists } from "./monitor.ts";
import { MutedHosts } from "./muted_hosts.ts";
import { LOBBY } from "./names.ts";
import type { Nicknames } from "./nicknames.ts";
import type { ChatObserver } from "./observer.ts";
import { Room } from "./room.ts";
import { RoomNames } from "./room_names.ts";
import type { ServerBans } from "./server_bans.ts";
import { SessionMap } from "./session_map.ts";
import type { SavedRoom } from "./store.ts";
import { copyString } from "../util/copy_string.ts";
import type { Waiting } from "./waiting.ts";
import { Whowas } from "./whowas.ts";
import type { WriteBehind } from "./write_behind.ts";

/** The limits that commands are checked against. They must be the same on all nodes. */
export interface HubLimits {
  /** The most rooms. Stored rooms without members count. */
  readonly maxRooms: number;
  /** The most rooms that a member can be in. */
  readonly maxJoined: number;
  /** The most sessions that a member can have. */
  readonly maxSessions: number;
  /** The most members without a session. */
  readonly maxAbsent: number;
}

/** What the state is made of. */
export interface StateParts {
  readonly nicknames: Nicknames;
  readonly ids: Ids;
  readonly delivery: Delivery;
  readonly storage: WriteBehind;
  readonly observer: ChatObserver;
  readonly serverBans: ServerBans;
  readonly links: LinkRegistry;
  readonly limits: HubLimits;
  readonly alwaysOn: AlwaysOn;
  readonly waiting: Waiting;
  /** Without one, there are no accounts that commands could change. */
  readonly directory: Directory | undefined;
  /** Stores the ignore lists of accounts. Without it, they end with the connection. */
  readonly storedIgnores: IgnoreStore | undefined;
}

/** A collection that can be iterated and has a size. */
export type Sized<T> = Iterable<T> & { readonly size: number };

/** Members, rooms and everything about them. */
export class ChatState {
  /** The time of the command that is applied, in milliseconds since 1970. */
  now = 0;
  /** The most members at a time. */
  peak = 0;
  /** The members by id, in order of arrival. */
  readonly members = new Map<MemberId, Member>();
  /** The sessions by id, in order of arrival. */
  readonly sessions = new SessionMap();
  /** The members that are logged in, by the folded name of the account. */
  readonly byAccount = new Map<string, Member>();
  /** The rooms by key: the lobby, rooms with members, and stored rooms. */
  readonly rooms = new Map<RoomKey, Room>();
  /** The stored or owned rooms without members, the one that is empty longest first; never the lobby. */
  readonly emptyRooms = new Set<Room>();
  /** The names of all rooms. */
  readonly roomNames = new RoomNames();
  readonly nicknames: Nicknames;
  readonly muted = new MutedHosts();
  readonly whowas = new Whowas();
  readonly monitor = new MonitorLists();
  readonly ignores = new IgnoreLists();
  /** How many members have each user flag. */
  readonly flagCounts: Record<UserFlag, number> = { invisible: 0, operator: 0, wallops: 0, bot: 0 };
  readonly ids: Ids;
  readonly delivery: Delivery;
  readonly storage: WriteBehind;
  readonly observer: ChatObserver;
  readonly serverBans: ServerBans;
  readonly links: LinkRegistry;
  readonly limits: HubLimits;
  readonly alwaysOn: AlwaysOn;
  readonly waiting: Waiting;
  readonly directory: Directory | undefined;
  readonly storedIgnores: IgnoreStore | undefined;
  readonly audiences: Audiences;

  constructor(parts: StateParts) {
    const { nicknames, ids, delivery, storage, observer, serverBans, limits, alwaysOn, waiting } = parts;
    this.directory = parts.directory;
    this.storedIgnores = parts.storedIgnores;
    this.nicknames = nicknames;
    this.ids = ids;
    this.delivery = delivery;
    this.storage = storage;
    this.observer = observer;
    this.serverBans = serverBans;
    this.links = parts.links;
    this.limits = limits;
    this.alwaysOn = alwaysOn;
    this.waiting = waiting;
    this.audiences = new Audiences(sized(this.sessions));
  }

  /** @throws {ChatError} `no-such-user` if the member has disconnected. */
  requireMember(id: MemberId): Member {
    const member = this.members.get(id);
    if (member === undefined) throw new ChatError("no-such-user", String(id));
    return member;
  }

  /** @throws {ChatError} `no-such-user` if the session has disconnected. */
  requireSession(id: SessionId): Session {
    const session = this.sessions.get(id);
    if (session === undefined) throw new ChatError("no-such-user", String(id));
    return session;
  }

  /** @throws {ChatError} `not-in-room` if the room does not exist any more. */
  requireRoom(key: RoomKey): Room {
    const room = this.rooms.get(key);
    if (room === undefined) throw new ChatError("not-in-room", key);
    return room;
  }

  /** Finds a member by nickname, in any case. @throws {ChatError} `no-such-user` */
  find(nick: string): Member {
    const member = this.nicknames.get(nick);
    if (member === undefined) throw new ChatError("no-such-user", nick);
    return member;
  }

  /**
   * Finds a member of a room by nickname.
   *
   * @throws {ChatError} `user-not-in-room`, also for a registered nickname that is not in use, or `no-such-user`
   */
  findIn(room: Room, nick: string): Member {
    const member = this.nicknames.get(nick);
    if (member !== undefined && room.has(member)) return member;
    if (member === undefined && !this.nicknames.isRegistered(nick)) throw new ChatError("no-such-user", nick);
    throw new ChatError("user-not-in-room", member?.nick ?? nick, room.name);
  }

  /**
   * Creates a room without members.
   *
   * @param since In milliseconds since 1970.
   * @param saved Its settings from an earlier run, if any.
   */
  createRoom(name: string, since: number, saved?: SavedRoom): Room {
    const room = new Room(copyString(name), this.delivery.createSet(), since, saved);
    this.rooms.set(room.key, room);
    this.roomNames.add(room.name);
    return room;
  }

  /**
   * Deletes a room without members, and the invite links to it.
   *
   * @throws {StoreError} if the history cannot delete it. It stays then.
   */
  deleteRoom(room: Room): void {
    this.storage.require(() => this.links.removeRoom(room.key));
    this.storage.deleteRoom(room);
    room.closed = true;
    this.rooms.delete(room.key);
    this.roomNames.delete(room.name);
    this.emptyRooms.delete(room);
  }

  /** Adds a member to a room, and announces it to the members that are in it. No session of the member is shown the room. */
  addToRoom(member: Member, room: Room): void {
    room.sessions.announce({
      kind: "joined",
      room: room.name,
      ...member.actor(),
      realname: member.realname,
      away: member.away,
      size: room.members.size + 1,
    });
    room.members.add(member);
    this.emptyRooms.delete(room);
    member.rooms.set(room.key, room);
    this.withdrawInvitation(member, room.key);
    this.saveMember(member);
  }

  /** Removes a member from a room without announcing it. */
  removeFromRoom(member: Member, room: Room): void {
    for (const session of member.sessions) room.sessions.delete(session);
    room.members.delete(member);
    room.recheckBans(member);
    room.ranks.owner.delete(member);
    room.ranks.op.delete(member);
    room.ranks.voice.delete(member);
    member.rooms.delete(room.key);
    this.saveMember(member);
  }

  /** Deletes a room that has lost its last member, unless it is stored or belongs to an account. */
  closeIfEmpty(room: Room): void {
    if (room.members.size > 0 || room.key === LOBBY) return;
    for (const guest of room.invited) guest.invitations.delete(room.key);
    room.invited.clear();
    if (room.roles.size > 0 || (this.storage.persistent && room.stored)) this.emptyRooms.add(room);
    else this.deleteRoom(room);
  }

  /** Whether a member stays in the chat without a session. */
  isAlwaysOn({ fullAccount: account }: Member): boolean {
    if (account === undefined || !this.alwaysOn.status(account).on) return false;
    return this.nicknames.isRegistered(account); // it may have been dropped
  }

  /** Has the store keep a member that is always on as it is now. To be called after each change of what is stored. */
  saveMember(member: Member): void {
    if (this.isAlwaysOn(member)) this.storage.presence.save(member.fullAccount!, member);
  }

  /** Withdraws the invitation of a member to a room. */
  withdrawInvitation(member: Member, key: RoomKey): void {
    member.invitations.delete(key);
    this.rooms.get(key)?.invited.delete(member);
  }

  /** Announces an event once to each session that is shown a room of a member, and to the member itself if `self` is true. */
  announceAround(member: Member, event: ChatEvent, self: boolean): void {
    for (const { room, audience } of this.audiences.of(member.rooms.values())) {
      room.sessions.announce(event, self ? undefined : member.sessions, false, audience);
    }
    if (!self) return;
    for (const session of member.sessions) if (!isShownAny(session)) session.tell(event);
  }
}

/** Whether a session is shown a room of its user. */
function isShownAny(session: Session): boolean {
  for (const { sessions } of session.member.rooms.values()) if (sessions.has(session)) return true;
  return false;
}

/** The values of a map, as a collection that changes with it. */
export function sized<T>(map: ReadonlyMap<unknown, T>): Sized<T> {
  return {
    [Symbol.iterator]: () => map.values(),
    get size() {
      return map.size;
    },
  };
}
