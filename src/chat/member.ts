/**
 * Somebody who is connected: a name, the rooms they are in, and where their lines go.
 */
import type { ChatEvent, WireFormat } from "./events.ts";
import type { Room } from "./room.ts";

/** Where the lines of a member go. A connection is one; the chat needs to know no more of it. */
export interface Outlet {
  /** Queues lines, without waiting. Many outlets may be handed the very same array. */
  send(lines: readonly string[]): void;
}

/** See the head of this file. Only the hub changes one. */
export class Member {
  /** What they are called now. */
  nick: string;
  /** Whether they get their own lines back. */
  echo = true;
  /** The rooms they are in, by folded name. */
  readonly rooms = new Map<string, Room>();
  /** How they are told what happens. */
  readonly format: WireFormat;
  readonly outlet: Outlet;

  constructor(nick: string, format: WireFormat, outlet: Outlet) {
    this.nick = nick;
    this.format = format;
    this.outlet = outlet;
  }

  /** Sends lines to this member alone, after all that its rooms still hold back for it. */
  send(lines: readonly string[]): void {
    for (const room of this.rooms.values()) room.members.settle(this);
    this.outlet.send(lines);
  }

  /** Tells this member alone what happened. */
  tell(event: ChatEvent): void {
    const line = this.format.render(event);
    if (line !== undefined) this.send([line]);
  }
}
