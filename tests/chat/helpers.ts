/** What the tests of the chat share: somebody to tell things to, and a wire format that leaves nothing out. */
import type { ChatEvent, WireFormat } from "../../src/chat/events.ts";
import type { Outlet } from "../../src/chat/member.ts";

/** Keeps what is sent: the very arrays, not copies, so that a later change to one of them shows. */
export class Inbox implements Outlet {
  batches: (readonly string[])[] = [];

  send(lines: readonly string[]): void {
    this.batches.push(lines);
  }

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

/** Spells an event out, but for its time: `left #lobby guest1 too slow 2`. */
export function spell({ time: _, ...event }: ChatEvent & { time?: number }): string {
  return Object.values(event).filter((value) => value !== undefined).join(" ");
}

/** A wire format that counts what it renders. */
export class CountingFormat implements WireFormat {
  rendered = 0;
  readonly #render: WireFormat["render"];

  constructor(render: WireFormat["render"] = spell) {
    this.#render = render;
  }

  render(event: ChatEvent): string | undefined {
    this.rendered++;
    return this.#render(event);
  }
}
