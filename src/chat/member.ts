/**
 * A member: a user of the chat, with one nickname and one or more sessions.
 *
 * A guest has one session. A user that is logged in to an account has one for each device that it is connected with: all of
 * them have the same nickname, the same rooms and the same rank. A session whose token has a scope is a member of its own:
 * see `scope.ts`.
 */
import type { ChatError } from "./chat_error.ts";
import type { Actor, ChatEvent, Style, WireFormat } from "./events.ts";
import type { GenericRoom } from "./generic_room.ts";
import { fold } from "./names.ts";
import { advanceMarker } from "./read_marker_store.ts";
import { type Scope, scopeOf, type SessionToken } from "./scope.ts";

/** The most conversations of a session that are noted as shown. Of more, the one with the earliest message is dropped. */
export const SHOWN_MAX = 100;

/** The connection of a member, as far as the chat uses it: to send lines, and to close it. */
export interface Outlet {
  /** The address of the client, for the log alone. */
  readonly peer: string;
  /** Stops reading from the client for a time, in milliseconds. */
  pause?(milliseconds: number): void;
  /** Queues lines without waiting. Many outlets may be given the same array. */
  send(lines: readonly string[]): void;
  /**
   * Closes the connection after the queued lines are sent.
   *
   * @param ending The reason in the log; contains nothing that a user wrote.
   * @param words The reason that the client is told, where it differs and the protocol has one.
   */
  close(ending: string, words?: string): void;
}

/** User, host and real name as given at registration. */
export interface Identity {
  /** The user name. */
  readonly user: string;
  /** The host as other members see it. */
  readonly host: string;
  /** The networks that limits count the client in, the narrowest first; only names to compare. The host, unless given. */
  readonly networks?: readonly string[];
  readonly realname: string;
  /** The account that the client has logged in to, if any. */
  readonly account?: string | undefined;
  /** The token that it has logged in with, if any. */
  readonly token?: SessionToken | undefined;
}

/** What only the process that a client is connected to knows of it. */
export interface Endpoint {
  readonly format: WireFormat;
  readonly outlet: Outlet;
}

/** The endpoint of a client that is connected to another node: it is sent nothing here. */
export const REMOTE_ENDPOINT: Endpoint = {
  format: { render: () => undefined },
  outlet: { peer: "", send: () => {}, close: () => {} },
};

/** What a session is notified of by the hub, as the last step of a command: a handler may give another command. */
export interface SessionHandlers {
  /** The user is in a room that this session has not joined itself: another one has. It is not shown the room yet. */
  joined?(room: GenericRoom<Member, Session>): void;
  /** The user has left a room, but not by a command of this session. */
  left?(room: GenericRoom<Member, Session>, reason: string | undefined): void;
  /** The user was kicked from a room. */
  kicked?(room: GenericRoom<Member, Session>): void;
  /** A room that the user is in was renamed. */
  roomRenamed?(room: GenericRoom<Member, Session>, from: string, reason: string | undefined): void;
  /** The user has logged in or out. */
  accountChanged?(): void;
  /** The account of the user has chosen whether it is always on. */
  alwaysOnChanged?(): void;
  /** The user has read a room, or its conversation with a nickname, up to a time, in milliseconds since 1970. */
  markedRead?(target: string, time: number): void;
  /**
   * A line that the session has said in a room was rejected when it was applied. What can be checked at once is thrown by `say`.
   *
   * @param style That of the line: some are never replied to.
   */
  rejected?(error: ChatError, style: Style): void;
  /**
   * Wraps the application of a command of this user that was under way, and was given on this node: the events that `apply`
   * causes are those of that command. Called by the chat of a cluster alone; on a single node commands are applied at once.
   */
  applying?(apply: () => void): void;
  /**
   * The session has another user now: it has logged in to an account that is in the chat already, or out of one that
   * stays there.
   *
   * @param previous The user that it had, with the nickname it had then.
   * @param rooms The rooms that it was shown.
   * @param joined Those of them that the user was not in before.
   */
  moved?(
    previous: Member,
    rooms: readonly GenericRoom<Member, Session>[],
    joined: readonly GenericRoom<Member, Session>[],
  ): void;
}

/** One connection of a user. */
export class Session {
  /** Identifies the session in commands. */
  readonly id: number;
  /** The user. Another one after a login to an account that is in the chat already, and after a logout. */
  member: Member;
  readonly user: string;
  /** The host of this connection; that of the user is the host of its first one. */
  readonly host: string;
  /** The networks that limits count it in, the narrowest first. */
  readonly networks: readonly string[];
  /** The wire format of its lines. */
  format: WireFormat;
  readonly outlet: Outlet;
  /** The token that it has logged in with, or counts as logged in with, if any. Changed by commands alone. */
  token: SessionToken | undefined;

  /** Whether a person is at it: a program may have connected by itself (IRCv3 `AWAY *`). Changed by commands alone. */
  attended = true;
  /** When its user was last here, if this session ended an absence, in milliseconds since 1970: see `Member.lastSeen`. */
  missedSince: number | undefined;
  /**
   * Since when private messages have come that were sent to no person, in milliseconds since 1970, if this session ended an
   * absence of its user. Its protocol deletes the time when it shows the messages.
   */
  missedPrivateSince: number | undefined;
  /** Whether it is sent its own lines. Set by its protocol. */
  echo = true;
  /** Whether lines of ignored users in rooms are not sent to it, as its client cannot hide them. Set by its protocol. */
  hidesIgnored = false;
  /**
   * Whether the rooms that it is shown count as read up to the time when it leaves them or ends, as its client does not tell
   * what its user has read. Set by its protocol.
   */
  readsShown = false;
  /** Up to when it was shown private messages, by folded nickname: see {@linkcode noteShown}. */
  shownPrivate: Map<string, number> | undefined;
  /** Whether it is also told how monitored members change that share no room with it. Set by its protocol. */
  extendedMonitor = false;
  /** Set by its protocol. */
  handlers: SessionHandlers = {};

  /** @param id Identifies it in commands. */
  constructor(
    id: number,
    member: Member,
    { user, host, networks = [host], token }: Identity,
    { format, outlet }: Endpoint,
  ) {
    this.id = id;
    this.member = member;
    this.user = user;
    this.host = host;
    this.networks = networks;
    this.format = format;
    this.outlet = outlet;
    this.token = token;
  }

  /** `nick!user@host`, with the host of this connection. */
  get origin(): string {
    return `${this.member.nick}!${this.user}@${this.host}`;
  }

  /**
   * Notes that it is shown a private message: the conversation counts as read when the session ends, as the rooms that it is
   * shown do.
   *
   * @param nick The author.
   * @param time When the message was sent, in milliseconds since 1970.
   */
  noteShown(nick: string, time: number): void {
    if (!this.readsShown || !this.attended || this.member.fullAccount === undefined) return;
    advanceMarker(this.shownPrivate ??= new Map(), fold(nick), time, SHOWN_MAX);
  }

  /** Sends the session the lines that the rooms of its user have queued for it. */
  settle(): void {
    for (const room of this.member.rooms.values()) room.sessions.settle(this);
  }

  /** Sends lines to this session alone, after the lines that rooms have queued for it. */
  send(lines: readonly string[]): void {
    this.settle();
    this.outlet.send(lines);
  }

  /** Sends an event to this session alone. */
  tell(event: ChatEvent): void {
    const lines = this.format.render(event);
    if (lines !== undefined) this.send(typeof lines === "string" ? [lines] : lines);
  }
}

/** A member. Only the hub changes one, except for the fields that say otherwise. */
export class Member {
  /** Identifies the member in commands. */
  readonly id: number;
  readonly user: string;
  readonly host: string;
  /** The networks that limits count it in, the narrowest first: those of the session that came when there was none. */
  networks: readonly string[];
  realname: string;
  /** Its connections, the oldest first. */
  readonly sessions: Session[] = [];
  /** The rooms that it is in, by key. */
  readonly rooms: Map<string, GenericRoom<Member, Session>> = new Map();
  /** The keys of the rooms that it was invited to and has not joined since. */
  readonly invitations = new Set<string>();
  /** The account that it is logged in to, if any. For what the account has, see {@linkcode fullAccount}. */
  account: string | undefined;
  /** What its token permits, if that is less than the password of the account does. */
  scope: Scope | undefined;
  /**
   * Up to when it has read rooms and private conversations, by room or folded nickname. Those of an account are in the history
   * store.
   */
  readMarkers: Map<GenericRoom<Member, Session> | string, number> | undefined;
  /** The away message, if it is away. */
  away: string | undefined;
  /** Whether the away message was set by the server, which removes it when the user is back. */
  awayByServer = false;
  /** Whether one of its sessions is attended. */
  attended = true;
  /** When it last had an attended session, in milliseconds since 1970, if it has none now. */
  lastSeen: number;
  /** Whether members that share no room with it cannot find it (user mode `i`). */
  invisible = false;
  /** Whether it is a server operator (user mode `o`). */
  operator = false;
  /** Whether it receives WALLOPS (user mode `w`). */
  wallops = false;
  /** Whether it is a bot (user mode `B`). */
  bot = false;
  /** When it connected, in milliseconds since 1970. */
  readonly since: number;
  /** When it last said something, in milliseconds since 1970; `since` before that. */
  spokeAt: number;

  /** The name in the operators file by which it became a server operator. Changed by commands alone. */
  operatorName: string | undefined;
  /** How many characters it may have stored before the limits are asked again. Set by `storage_limit.ts`. */
  storageCredit = 0;

  #nick: string;
  #origin: string;

  /**
   * @param id Identifies it in commands.
   * @param now The time, in milliseconds since 1970.
   */
  constructor(nick: string, identity: Identity, id = 0, now = 0) {
    this.id = id;
    this.user = identity.user;
    this.host = identity.host;
    this.networks = identity.networks ?? [identity.host];
    this.realname = identity.realname;
    this.account = identity.account;
    this.scope = scopeOf(identity.token);
    this.since = this.spokeAt = this.lastSeen = now;
    this.#nick = nick;
    this.#origin = `${nick}!${this.user}@${this.host}`;
  }

  get nick(): string {
    return this.#nick;
  }

  set nick(nick: string) {
    this.#nick = nick;
    this.#origin = `${nick}!${this.user}@${this.host}`;
  }

  /** `nick!user@host` */
  get origin(): string {
    return this.#origin;
  }

  /**
   * The account whose nickname, roles, private conversations and ignored users are its own. A member whose token has a scope
   * has none. At most one member has an account as this one.
   */
  get fullAccount(): string | undefined {
    return this.scope === undefined ? this.account : undefined;
  }

  /** The fields of an event that say who caused it, as this member is called now. */
  actor(): Actor {
    return { who: this.#nick, origin: this.#origin, account: this.account };
  }

  /** The session with an id. */
  session(id: number | undefined): Session | undefined {
    for (const session of this.sessions) if (session.id === id) return session;
    return undefined;
  }

  /** Whether another member may find this one without knowing its nickname. */
  isVisibleTo(other: Member): boolean {
    if (!this.invisible || this === other) return true;
    for (const room of this.rooms.values()) if (room.has(other)) return true;
    return false;
  }

  /** Whether another member may know that this one is in a room of its own. */
  isSeenIn(room: GenericRoom<Member, Session>, other: Member): boolean {
    return room.has(other) || !(this.invisible || room.switches.has("s"));
  }

  /** The addresses that it is connected to this process from, for the log alone. */
  get peer(): string {
    return this.sessions.map(({ outlet }) => outlet.peer).filter((peer) => peer !== "").join(" ");
  }

  /** Sends an event to all sessions of this member. */
  tell(event: ChatEvent): void {
    for (const session of this.sessions) session.tell(event);
  }
}
