/**
 * Somebody who is connected: a name, the rooms they are in, and where their lines go.
 */
import type { ChatEvent, WireFormat } from "./events.ts";
import type { Room } from "./room.ts";

/** Where the lines of a member go. A connection is one; the chat needs to know no more of it. */
export interface Outlet {
  /** Where its client is, for the log alone. */
  readonly peer: string;
  /** Reads no more lines from its client for a time, in milliseconds. */
  pause?(milliseconds: number): void;
  /** Queues lines, without waiting. Many outlets may be handed the very same array. */
  send(lines: readonly string[]): void;
  /**
   * Ends it, after what is queued has gone out.
   *
   * @param ending What the log calls it: nothing that people say is in it.
   * @param words What they are told, if that is not the same, where they are told.
   */
  close(ending: string, words?: string): void;
}

/** Who somebody says they are. */
export interface Identity {
  /** What their account is called where they come from. */
  readonly user: string;
  /** Where they come from, as others may see it. */
  readonly host: string;
  /** The networks that limits count them in, the narrowest first: names that mean nothing here. The host, if not given. */
  readonly networks?: readonly string[];
  readonly realname: string;
  /** The name that they have shown to be theirs, if any. */
  readonly account?: string | undefined;
}

/** See the head of this file. Only the hub changes one, but for what says otherwise. */
export class Member {
  readonly user: string;
  readonly host: string;
  /** The networks that limits count them in, the narrowest first. */
  readonly networks: readonly string[];
  /** What they are called outside the chat. */
  realname: string;
  /** How they are told what happens. */
  format: WireFormat;
  readonly outlet: Outlet;
  /** The rooms they are in, by folded name. */
  readonly rooms = new Map<string, Room>();
  /** The rooms they were asked into and have not been to since, by folded name. */
  readonly invitations = new Set<string>();
  /** Whether they get their own lines back. For their protocol to set. */
  echo = true;
  /** The name that they have shown to be theirs, if any. */
  account: string | undefined;
  /** Why they are not really there, if so. */
  away: string | undefined;
  /** Whether those who share no room with them are not to find them. */
  invisible = false;
  /** Whether they run the server. */
  operator = false;
  /** By which name they became that: what they are called says nothing of who they are. For their protocol to set. */
  operatorName: string | undefined;
  /** Whether they want to hear what the operators say to all. For their protocol to set. */
  wallops = false;
  /** How many characters it may have stored without asking whether that is too much: see `storage_limit.ts`. */
  storageCredit = 0;
  /** Whether they are a program. For their protocol to set. */
  bot = false;
  /** Told when somebody put them out of a room. For their protocol to set. */
  onKicked: ((room: Room) => void) | undefined;
  /** Told when they have shown that a name is theirs, or are nobody in particular again. For their protocol to set. */
  onAccount: (() => void) | undefined;
  /** When they came, and when they last said something, in milliseconds since 1970. */
  readonly since = Date.now();
  spokeAt = this.since;

  #nick: string;
  #origin: string;

  constructor(nick: string, identity: Identity, format: WireFormat, outlet: Outlet) {
    this.user = identity.user;
    this.host = identity.host;
    this.networks = identity.networks ?? [identity.host];
    this.realname = identity.realname;
    this.account = identity.account;
    this.format = format;
    this.outlet = outlet;
    this.#nick = nick;
    this.#origin = `${nick}!${this.user}@${this.host}`;
  }

  /** What they are called now. */
  get nick(): string {
    return this.#nick;
  }

  set nick(nick: string) {
    this.#nick = nick;
    this.#origin = `${nick}!${this.user}@${this.host}`;
  }

  /** What they are called now, in full: `nick!user@host`. */
  get origin(): string {
    return this.#origin;
  }

  /** Whether somebody may find this member who does not know what it is called. */
  isVisibleTo(other: Member): boolean {
    if (!this.invisible || this === other) return true;
    for (const room of this.rooms.values()) if (room.has(other)) return true;
    return false;
  }

  /** Whether somebody may know that this member is in one of its rooms. */
  isSeenIn(room: Room, other: Member): boolean {
    return room.has(other) || !(this.invisible || room.switches.has("s"));
  }

  /** Hands this member what its rooms hold back for it. */
  settle(): void {
    for (const room of this.rooms.values()) room.members.settle(this);
  }

  /** Sends lines to this member alone, after all that its rooms still hold back for it. */
  send(lines: readonly string[]): void {
    this.settle();
    this.outlet.send(lines);
  }

  /** Tells this member alone what happened. */
  tell(event: ChatEvent): void {
    const lines = this.format.render(event);
    if (lines !== undefined) this.send(typeof lines === "string" ? [lines] : lines);
  }
}
