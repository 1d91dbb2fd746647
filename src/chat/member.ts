/** A member: a client that is registered in the chat, with one nickname. */
import type { Actor, ChatEvent, WireFormat } from "./events.ts";
import type { GenericRoom } from "./generic_room.ts";
import type { SessionToken } from "./scope.ts";

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
}

/** What only the process that a client is connected to knows of it. */
export interface LocalSession {
  readonly format: WireFormat;
  readonly outlet: Outlet;
}

/** The session of a member that is connected to another node: it is sent nothing here. */
export const REMOTE_SESSION: LocalSession = {
  format: { render: () => undefined },
  outlet: { peer: "", send: () => {}, close: () => {} },
};

/** A member. Only the hub changes one, except for the fields that say otherwise. */
export class Member {
  /** Identifies the member in commands. */
  readonly id: number;
  readonly user: string;
  readonly host: string;
  /** The networks that limits count it in, the narrowest first. */
  readonly networks: readonly string[];
  realname: string;
  /** The wire format of its lines. */
  format: WireFormat;
  readonly outlet: Outlet;
  /** The rooms that it is in, by key. */
  readonly rooms: Map<string, GenericRoom<Member>> = new Map();
  /** The keys of the rooms that it was invited to and has not joined since. */
  readonly invitations = new Set<string>();
  /** The account that it is logged in to, if any. */
  account: string | undefined;
  /** The away message, if it is away. */
  away: string | undefined;
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

  /** The token that it has logged in with, if any. Set by its protocol and by `local_chat.ts`. */
  token: SessionToken | undefined;
  /** Whether it is sent its own lines. Set by its protocol. */
  echo = true;
  /** The name in the operators file by which it became a server operator. Set by its protocol. */
  operatorName: string | undefined;
  /** Called when it was kicked from a room, as the last step of the command. Set by its protocol. */
  onKicked: ((room: GenericRoom<Member>) => void) | undefined;
  /** Called when it has logged in or out, as the last step of the command. Set by its protocol. */
  onAccount: (() => void) | undefined;
  /** How many characters it may have stored before the limits are asked again. Set by `storage_limit.ts`. */
  storageCredit = 0;

  #nick: string;
  #origin: string;

  /**
   * @param id Identifies it in commands.
   * @param now The time, in milliseconds since 1970.
   */
  constructor(nick: string, identity: Identity, format: WireFormat, outlet: Outlet, id = 0, now = 0) {
    this.id = id;
    this.user = identity.user;
    this.host = identity.host;
    this.networks = identity.networks ?? [identity.host];
    this.realname = identity.realname;
    this.account = identity.account;
    this.format = format;
    this.outlet = outlet;
    this.since = this.spokeAt = now;
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

  /** The fields of an event that say who caused it, as this member is called now. */
  actor(): Actor {
    return { who: this.#nick, origin: this.#origin, account: this.account };
  }

  /** Whether another member may find this one without knowing its nickname. */
  isVisibleTo(other: Member): boolean {
    if (!this.invisible || this === other) return true;
    for (const room of this.rooms.values()) if (room.has(other)) return true;
    return false;
  }

  /** Whether another member may know that this one is in a room of its own. */
  isSeenIn(room: GenericRoom<Member>, other: Member): boolean {
    return room.has(other) || !(this.invisible || room.switches.has("s"));
  }

  /** Sends the member the lines that its rooms have queued for it. */
  settle(): void {
    for (const room of this.rooms.values()) room.members.settle(this);
  }

  /** Sends lines to this member alone, after the lines that its rooms have queued for it. */
  send(lines: readonly string[]): void {
    this.settle();
    this.outlet.send(lines);
  }

  /** Sends an event to this member alone. */
  tell(event: ChatEvent): void {
    const lines = this.format.render(event);
    if (lines !== undefined) this.send(typeof lines === "string" ? [lines] : lines);
  }
}
