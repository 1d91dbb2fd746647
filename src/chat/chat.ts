/**
 * The chat as protocols see it: members, rooms, their history, and what members can do.
 *
 * Methods that change the state throw a {@linkcode ChatError} when they are rejected, and have changed nothing then. They
 * return an {@linkcode Answer}, which protocols await. The exception is `say`: it is the hot path, and is never awaited.
 * Methods by which a member acts also throw `token-read-only` and `token-room`: see `scope.ts`.
 */
import type { Answer } from "./answer.ts";
import type { Closing, Invitee, ModesResult, SayOptions, UserFlag } from "./commands.ts";
import type { Ignores } from "./account_ignores.ts";
import type { AlwaysOnUsers } from "./always_on_users.ts";
import type { ClusterView } from "./cluster_view.ts";
import type { KeepPrivate } from "./conversations.ts";
import type { ChatError } from "./chat_error.ts";
import type { Tagged, Whispered, WireFormat } from "./events.ts";
import type { HistoryReader } from "./history_reader.ts";
import type { InviteLinks } from "./invite_link_users.ts";
import type { Lines } from "./lines.ts";
import type { Identity, Member, Outlet, Session } from "./member.ts";
import type { ModeChange, Rank } from "./modes.ts";
import type { MonitorLists } from "./monitor.ts";
import type { Mutes } from "./mutes.ts";
import type { ReadMarkers } from "./read_markers.ts";
import type { Room } from "./room.ts";
import type { RoomAdmin } from "./room_admin.ts";
import type { SessionToken } from "./scope.ts";
import type { Visitors } from "./visitors.ts";
import type { ServerBan } from "./server_bans.ts";
import type { Whowas } from "./whowas.ts";

export type { Answer, Closing };

/** Changes the bans of the server, on all nodes. */
export interface ServerBanList {
  /** Adds a ban; replaces one of the same address, network, mask or account. Clients that it matches stay connected. */
  add(ban: ServerBan): Answer<void>;
  /** Removes a ban; returns whether there was one. */
  remove(what: string): Answer<boolean>;
}

/** Members, rooms, their history, and every change that a protocol can ask for. */
export interface Chat {
  readonly whowas: Whowas;
  /** The monitor lists of the members of this process. */
  readonly monitor: MonitorLists;
  /** The muted hosts. */
  readonly mutes: Mutes;
  /** The bans of the server. */
  readonly serverBans: ServerBanList;
  /** How many members have each user flag. */
  readonly flagCounts: Readonly<Record<UserFlag, number>>;
  /** The most members at a time since the start. */
  readonly peak: number;
  /** The number of lines that a persistent history has stored, and that it could not store. */
  readonly linesStored: number;
  readonly linesLost: number;
  /** Whose private messages are stored. */
  readonly keepPrivate: KeepPrivate;
  /** The most rooms that a member can be in. */
  readonly maxJoined: number;
  /** All members, in order of arrival. */
  readonly members: Iterable<Member> & { readonly size: number };
  /** All rooms: the lobby, rooms with members, and stored rooms. */
  readonly rooms: Iterable<Room> & { readonly size: number };
  /** Reads the lines of rooms and private conversations. */
  readonly history: HistoryReader;
  /** Replies, reactions and deleting of lines. */
  readonly lines: Lines;
  /** Roles, bans of users, renaming and deleting of rooms. */
  readonly admin: RoomAdmin;
  /** Links that let people past the server password and into a room. */
  readonly links: InviteLinks;
  /** Which accounts are always on, and the members without a session. */
  readonly alwaysOn: AlwaysOnUsers;
  /** Which users each member ignores. */
  readonly ignores: Ignores;
  /** How far each member has read its rooms and private conversations. */
  readonly readMarkers: ReadMarkers;

  /** What clients can do that are not members, such as requests over HTTP. */
  readonly visitors: Visitors;

  /** The cluster that this process is a node of; `undefined` for a single node. */
  readonly cluster?: ClusterView | undefined;

  /**
   * Whether this node does what has to be done once in a cluster, when a clock says so: ending mutes, removing users who are
   * always on and rooms that have expired. Always true for a single node.
   */
  readonly onDuty: boolean;

  /** Whether a member is in the chat. */
  has(member: Member): boolean;
  /** Whether a session is connected. */
  hasSession(session: Session): boolean;
  /** The member with a nickname, in any case. */
  get(nick: string): Member | undefined;
  /** The room with a name, in any case. */
  getRoom(name: string): Room | undefined;
  /** The member with a nickname, in any case. @throws {ChatError} `no-such-user` */
  find(nick: string): Member;
  /** The room with a name, in any case. @throws {ChatError} `no-such-room` */
  findRoom(name: string): Room;
  /** `guest` and the lowest number whose name is free and not registered. */
  guestName(): string;
  /**
   * Checks that a nickname is valid, free and not registered to another account.
   *
   * @param holder The member that may have it already.
   * @param account The account whose nickname the client may have; that of the holder, unless given.
   * @throws {ChatError} `nick-invalid`, `nick-taken`, `nick-confusable` or `nick-registered`
   */
  requireNick(nick: string, holder?: Member, account?: string): void;
  /**
   * Checks that a nickname is valid and free. Registration does not matter.
   *
   * @param holder The member that may have it already.
   * @throws {ChatError} `nick-invalid`, `nick-taken` or `nick-confusable`
   */
  requireFree(nick: string, holder?: Member): void;
  /** The member that is logged in to an account, in any case. Members whose tokens have a scope do not count. */
  getByAccount(account: string): Member | undefined;
  /** All sessions that are logged in to an account, in any case; also those whose tokens have a scope. */
  sessionsOf(account: string): Iterable<Session>;

  /**
   * Adds a session: of the member that is logged in to its account, if there is one; else of a new member, which is in no
   * room yet. The session is shown no room. One whose token has a scope is always a new member.
   *
   * @param nick The nickname of a new member; `undefined` for a guest that gets the next free one of `guest1`, `guest2` …
   * @param attended Whether a person is at it; yes by default. Else the member is shown as away, unless it has another session.
   * @throws {ChatError} `nick-invalid`, `nick-taken`, `nick-confusable`, `nick-registered`, `token-nick`, `server-banned`,
   *   `too-many-sessions` or `login-outdated`
   */
  connect(
    nick: string | undefined,
    identity: Identity,
    format: WireFormat,
    outlet: Outlet,
    attended?: boolean,
  ): Answer<Session>;
  /**
   * Removes a session, and with the last one the member, unless it is always on. Does nothing when it has disconnected already.
   *
   * @param reason What other members are told. A reason of the client's that is too long or that a muted member gives is left
   *   out.
   * @param own Whether the client gave the reason.
   * @param close How the connection is closed, on the node that has it. Unless given, it stays open.
   */
  disconnect(session: Session, reason?: string, own?: boolean, close?: Closing): Answer<void>;
  /**
   * Removes a member with all its sessions. Does nothing when it is gone already.
   *
   * @param reason What other members are told.
   * @param close As for `disconnect`.
   */
  remove(member: Member, reason?: string, close?: Closing): Answer<void>;
  /**
   * Sets or clears a user flag.
   *
   * @param name That of a new server operator in the operators file.
   */
  setFlag(member: Member, flag: UserFlag, on: boolean, name?: string): Answer<void>;
  /**
   * Changes a member's nickname.
   *
   * @throws {ChatError} `nick-invalid`, `nick-taken`, `nick-confusable`, `nick-registered`, `server-banned`, `muted`,
   *   `banned-nick` or `nicks-too-fast`
   */
  rename(member: Member, nick: string): Answer<void>;
  /**
   * Gives a member the nickname of its account, and disconnects the member that has it. Rate limits do not apply.
   *
   * @param reason Why the other member is disconnected.
   * @param close How its connections are closed: as for `disconnect`.
   * @returns The member that was disconnected, if any.
   * @throws {ChatError} `nick-invalid`, `nick-taken`, `nick-confusable`, `nick-registered` or `server-banned`
   */
  reclaim(member: Member, nick: string, reason: string, close?: Closing): Answer<Member | undefined>;
  /**
   * Logs a session in to an account. If a member is logged in to it, the session becomes one of that member, and is shown
   * the rooms that it was shown before; the others it may ask for. Else its own member is logged in, and becomes a guest if
   * its nickname is, or looks like, that of another account.
   *
   * A session whose token has a scope has a member of its own in any case: not a server operator, and in no room that the
   * token does not permit.
   *
   * @param token The token that it has logged in with, if any.
   * @throws {ChatError} `too-many-sessions`, `server-banned` or `login-outdated`
   */
  login(session: Session, account: string, token?: SessionToken): Answer<void>;
  /**
   * Logs a session out. If its member has others, or is always on, the session gets a member of its own, a guest in no room. Else its member
   * becomes a guest if its nickname is, or looks like, a registered one.
   */
  logout(session: Session): Answer<void>;
  /**
   * Has a session count as logged in with a token of its account, so that it ends when the token is revoked.
   *
   * @param account The account that the token was made for.
   * @param token One without a scope.
   * @throws {ChatError} `account-required` if the session is not logged in to that account any more, or `login-outdated` if
   *   there is no such token
   */
  setToken(session: Session, account: string, token: SessionToken): Answer<void>;
  /** Sets or removes the away message. @throws {ChatError} `muted`, `reason-too-long` or `text-too-long` */
  setAway(member: Member, message: string | undefined): Answer<void>;
  /** Changes the real name, which is cut if it is too long. @throws {ChatError} `muted` */
  setRealname(member: Member, realname: string): Answer<void>;

  /**
   * Adds a member to a room, which is created if it does not exist. Returns the room also when the member is in it already.
   * A member that creates a room owns it if it is logged in, and else is its operator until it leaves. A member that joins gets
   * the rank that its account has in the room.
   *
   * @param key The key of mode `k`.
   * @param from The session that joins, which is shown the room; the first one of the member, unless given. The others are
   *   notified.
   * @throws {ChatError} `room-invalid`, `room-confusable`, `too-many-rooms`, `rooms-full`, `rooms-too-fast`,
   *   `history-unreadable`, `banned`, `login-required`, `invite-only`, `wrong-key`, `keys-too-fast` or `room-full`
   */
  join(member: Member, name: string, key?: string, from?: Session): Answer<Room>;
  /** Has the lines of a room sent to a session of a member of the room, from now on. */
  show(session: Session, room: Room): void;
  /** No longer has the lines of a room sent to a session. */
  hide(session: Session, room: Room): void;
  /** Removes a member from a room. Its sessions but `from` are notified. @throws {ChatError} `not-in-room`, `reason-too-long` or `text-too-long` */
  leave(member: Member, room: Room, reason?: string, from?: Session): Answer<void>;
  /**
   * Has an operator remove a member from a room.
   *
   * @returns The member that was removed.
   * @throws {ChatError} `not-in-room`, `not-operator`, `not-owner`, `no-such-user`, `user-not-in-room`, `reason-too-long` or
   *   `text-too-long`
   */
  kick(member: Member, room: Room, nick: string, reason?: string): Answer<Member>;
  /**
   * Invites a user to a room. An operator's invitation overrides bans, `+i`, the key and the limit. If the room is invite-only
   * and has an owner, it also makes the account of the user a member of the room, which may always enter. Only then can an
   * account be invited that is not in the chat.
   *
   * @throws {ChatError} `not-in-room`, `muted`, `not-operator`, `no-such-user`, `already-in-room` or `roles-full`
   */
  invite(member: Member, room: Room, nick: string): Answer<Invitee>;
  /**
   * Sets the topic of a room. An empty one removes it.
   *
   * @throws {ChatError} `not-in-room`, `muted`, `not-operator`, `topic-too-long` or `text-too-long`
   */
  setTopic(member: Member, room: Room, topic: string): Answer<void>;
  /** Changes the modes of a room, as far as possible. @throws {ChatError} `not-in-room` or `not-operator` */
  setModes(member: Member, room: Room, changes: readonly ModeChange[]): Answer<ModesResult>;
  /** Deletes a room without members, all lines of which have expired. @throws {StoreError} if the history cannot. */
  dropRoom(key: string): Answer<void>;

  /**
   * Says a line in a room, to all members including the author; not to `from` if that wants no echo. Control characters are removed.
   * Blank text is ignored. A text with `\n` in it is a message of several lines: see `message_text.ts`.
   *
   * @throws {ChatError} `cannot-speak`, `login-required`, `not-in-room`, `muted`, `stored-too-much` or `message-too-long`; with a
   *   `reply`, also those of `Lines.find`
   */
  say(member: Member, room: Room, text: string, options?: SayOptions): void;
  /**
   * Sends a private message: to the member with the nickname, or to the account of that name, also if it has no member in the
   * chat. The sessions of the author but `from` get a copy.
   *
   * @returns The message without control characters, or `undefined` if it is blank.
   * @throws {ChatError} `no-such-user`, `login-to-leave`, `no-private-messages`, `muted`, `stored-too-much`, `not-stored` or
   *   `message-too-long`; with a `reply`, also those of `Lines.find`
   */
  whisper(member: Member, nick: string, text: string, options?: SayOptions): Answer<Whispered | undefined>;
  /**
   * Sends a private message to each of several users. All copies are committed at once. Only a message to one user can be a reply.
   *
   * @returns For each nickname what `whisper` returns or throws.
   */
  whisperEach(
    member: Member,
    nicks: readonly string[],
    text: string,
    options?: SayOptions,
  ): Answer<(Whispered | ChatError | undefined)[]>;
  /**
   * Sends client tags without text to a member or a room.
   *
   * @param minRank The lowest rank of the members that they are for.
   * @throws {ChatError} `muted`, `no-such-user`, `no-private-messages`, `cannot-speak` or `not-in-room`
   */
  tag(member: Member, to: Member | Room, tags: string, minRank?: Rank, from?: Session): Answer<Tagged>;
  /** Has a server operator write to all members that receive WALLOPS. */
  sayWallops(member: Member, text: string): Answer<void>;
  /** Writes as the server: to all members, unless a member or a session is given, on whichever node it is. */
  notice(text: string, to?: Member | Session): Answer<void>;

  /**
   * Resolves when at most `most` lines of a session are under way: given by `say`, and not applied yet. `undefined` if that is
   * so now, as always on a single node. What a client reads waits for its lines, so that replies come in order; and the next
   * line waits when there are too many.
   */
  underWay(session: Session, most?: number): Promise<void> | undefined;

  /** Changes the wire format of a session; while pending lines wait for a locked history, after the next flush. */
  reformat(session: Session, format: WireFormat): void;
  /**
   * Commits and delivers what has happened since the last call. Does nothing while another process has the history locked,
   * for up to a second.
   *
   * @param final Whether to commit in any case, as there is no later call.
   * @param resting Whether a round of writes has only yielded: large rooms that it writes already wait for the next one.
   */
  flush(final?: boolean, resting?: boolean): void;
}
