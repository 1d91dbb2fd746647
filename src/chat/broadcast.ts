/**
 * A set of members who are told the same things.
 *
 * What is announced is not sent at once but held back until `flush`, so that all lines of a turn go to a member as one.
 * An event is rendered once per wire format, and everybody of one format is handed the very same array of lines, so that
 * it need be encoded only once as well: a line costs the same for ten members as for ten thousand, until it is written.
 *
 * Members may come and go, and be sent other things, between two flushes: `settle` hands one member what is held back
 * for it until now. Everybody gets each line once, in the order of the announcements.
 */
import type { ChatEvent, WireFormat } from "./events.ts";
import type { Member } from "./member.ts";

/** The members of one wire format, and the lines they have yet to get. */
interface Group {
  readonly members: Set<Member>;
  lines: string[];
}

/** See the head of this file. */
export class BroadcastSet implements Iterable<Member> {
  readonly #groups = new Map<WireFormat, Group>();
  /** For those who are not to get all lines that are held back: how many of them they have had, or need not have. */
  readonly #ahead = new Map<Member, number>();
  readonly #onHeld: (set: BroadcastSet) => void;
  #held = false;
  #size = 0;

  /** @param onHeld Called when lines are held back, once until the next `flush`. */
  constructor(onHeld: (set: BroadcastSet) => void) {
    this.#onHeld = onHeld;
  }

  /** How many members there are. */
  get size(): number {
    return this.#size;
  }

  *[Symbol.iterator](): Iterator<Member> {
    for (const { members } of this.#groups.values()) yield* members;
  }

  /** Adds a member, who is told what is announced from now on. */
  add(member: Member): void {
    let group = this.#groups.get(member.format);
    if (group === undefined) {
      group = { members: new Set(), lines: [] };
      this.#groups.set(member.format, group);
    }
    if (group.members.has(member)) return;
    group.members.add(member);
    this.#size++;
    if (group.lines.length > 0) this.#ahead.set(member, group.lines.length);
  }

  /** Removes a member, who still gets what was announced until now. */
  delete(member: Member): void {
    const group = this.#groups.get(member.format);
    if (group === undefined || !group.members.has(member)) return;
    this.settle(member);
    group.members.delete(member);
    this.#ahead.delete(member);
    this.#size--;
    if (group.members.size === 0) this.#groups.delete(member.format);
  }

  /** Tells everybody what happened, but for one. */
  announce(event: ChatEvent, except?: Member): void {
    for (const [format, { members, lines }] of this.#groups) {
      const line = format.render(event);
      if (line === undefined) continue;
      const spared = except !== undefined && members.has(except) ? except : undefined;
      if (spared !== undefined) this.settle(spared);
      lines.push(line);
      if (spared !== undefined) this.#ahead.set(spared, lines.length);
      if (this.#held) continue;
      this.#held = true;
      this.#onHeld(this);
    }
  }

  /** Hands one member what is held back for it until now, so that it may be sent something else. */
  settle(member: Member): void {
    const group = this.#groups.get(member.format);
    if (group === undefined || group.lines.length === 0 || !group.members.has(member)) return;
    const { lines } = group;
    const had = this.#ahead.get(member) ?? 0;
    if (had === lines.length) return;
    this.#ahead.set(member, lines.length);
    member.outlet.send(lines.slice(had));
  }

  /** Hands everybody what is held back for them. */
  flush(): void {
    this.#held = false;
    const ahead = this.#ahead;
    for (const group of this.#groups.values()) {
      const { members, lines } = group;
      if (lines.length === 0) continue;
      // Those who get the same in a row: whoever encodes needs to remember no more than the last.
      for (const member of members) if (!ahead.has(member)) member.outlet.send(lines);
      for (const [member, had] of ahead) {
        if (had < lines.length && members.has(member)) member.outlet.send(lines.slice(had));
      }
      group.lines = [];
    }
    ahead.clear();
  }
}
