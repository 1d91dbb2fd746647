/** What the tests of the chat share: a hub with people in it, and a wire format that leaves nothing out. */
import { assertEquals, assertThrows } from "@std/assert";
import type { ChatEvent, WireFormat } from "../../src/chat/events.ts";
import { Hub, type Manner } from "../../src/chat/hub.ts";
import type { Identity, Member, Outlet } from "../../src/chat/member.ts";
import type { ModeChange } from "../../src/chat/modes.ts";
import { Refusal, type RefusalCode } from "../../src/chat/refusal.ts";
import { MemoryHistory } from "../../src/history/memory.ts";
import { readModes } from "../../src/protocol/modes.ts";

/** Keeps what is sent: the very arrays, not copies, so that a later change to one of them shows. */
export class Inbox implements Outlet {
  batches: (readonly string[])[] = [];

  send(lines: readonly string[]): void {
    this.batches.push(lines);
  }

  close(): void {}

  get lines(): string[] {
    return this.batches.flat();
  }

  /** What was sent since the last call. */
  take(): string[] {
    const lines = this.lines;
    this.batches = [];
    return lines;
  }
}

/** What of an event is spelled out, in this order. */
const PARTS = ["kind", "room", "who", "to", "whom", "reason", "text", "topic", "message", "realname", "away", "style"];

/**
 * Spells an event out, all but its time, its name and where it comes from: `left #lobby guest1 too slow 2`.
 *
 * What is empty or false is left out; what is true is named: `left #lobby guest1 2 quit`.
 */
export function spell(event: ChatEvent): string {
  const { time: _time, id: _id, origin: _origin, changes, ...rest } = event as unknown as Record<string, unknown>;
  const parts: unknown[] = PARTS.map((part) => rest[part]);
  for (const [part, value] of Object.entries(rest)) {
    if (!PARTS.includes(part)) parts.push(value === true ? part : value);
  }
  for (const change of (changes ?? []) as ModeChange[]) parts.push(spellChange(change));
  return parts.filter((part) => part !== undefined && part !== false && part !== "").join(" ");
}

/** Spells a change of modes out: `+k KEY`. */
function spellChange({ on, mode, ...rest }: ModeChange): string {
  return [`${on ? "+" : "-"}${mode}`, ...Object.values(rest)].join(" ");
}

/** A wire format that counts what it renders. */
export class CountingFormat implements WireFormat {
  rendered = 0;
  readonly #render: WireFormat["render"];

  constructor(render: WireFormat["render"] = spell) {
    this.#render = render;
  }

  render(event: ChatEvent): string | readonly string[] | undefined {
    this.rendered++;
    return this.#render(event);
  }
}

/** Who somebody is, where it does not matter. */
export const IDENTITY: Identity = { user: "~user", host: "host", realname: "" };

/** A hub, and the people in it. */
export class Chat {
  held = 0;
  readonly format = new CountingFormat();
  readonly hub = new Hub({ history: new MemoryHistory(), onHeld: () => this.held++ });
  readonly #inboxes = new Map<Member, Inbox>();

  /** Lets somebody in, under a name or as a guest, and into rooms. Nobody has heard anything yet then. */
  enter(nick: string = this.hub.guestName(), ...rooms: string[]): Member {
    const member = this.arrive(nick, rooms);
    for (const each of this.#inboxes.keys()) this.heard(each);
    return member;
  }

  /** Lets somebody in, and takes nothing of what is told. */
  arrive(nick: string, rooms: readonly string[] = [], identity: Partial<Identity> = {}, format = this.format): Member {
    const inbox = new Inbox();
    const member = this.hub.connect(nick, { ...IDENTITY, ...identity }, format, inbox);
    this.#inboxes.set(member, inbox);
    for (const room of rooms) this.hub.join(member, room);
    return member;
  }

  /** What somebody was told since they were last asked, with what is held back. */
  heard(member: Member): string[] {
    this.hub.flush();
    return this.told(member);
  }

  /** What somebody was told since they were last asked, without what is held back. */
  told(member: Member): string[] {
    return this.#inboxes.get(member)!.take();
  }

  say(member: Member, room: string, text: string, manner?: Manner): void {
    this.hub.say(member, this.hub.findRoom(room), text, manner);
  }

  /** Changes a room's modes, written as on IRC. Returns what was refused. */
  mode(member: Member, room: string, modes: string): RefusalCode[] {
    const { changes, lists, unknown } = readModes(modes.split(" "));
    assertEquals([lists, unknown], [[], []], modes);
    return this.hub.setModes(member, this.hub.findRoom(room), changes).refused.map(({ code }) => code);
  }

  said(room: string): string[] {
    return this.hub.latest(this.hub.findRoom(room), 100).map(({ text }) => text);
  }

  rooms(): string[] {
    return [...this.hub.rooms].map(({ name }) => name);
  }
}

/** Asserts that something is refused: why, and what it is about. */
export function refused(code: RefusalCode, subject: string, action: () => void): void {
  const refusal = assertThrows(action, Refusal);
  assertEquals([refusal.code, refusal.subject], [code, subject]);
}
