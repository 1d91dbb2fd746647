/**
 * A set of members who are told the same things.
 *
 * What is announced is not sent at once but held back until `flush`, so that all lines of a turn go to a member as one.
 * An event is rendered once per wire format, and everybody of one format is handed the very same array of lines, so that
 * it need be encoded only once as well: a line costs the same for ten members as for ten thousand, until it is written.
 *
 * Members may come and go, and be sent other things, between two flushes: `settle` hands one member what is held back
 * for it until now. Everybody gets each line once, in the order of the announcements.
 *
 * Some of what is announced is pending: nobody may get it before it is kept. Whoever hands something out asks for that
 * first (`onDue`), and what cannot be kept is taken back (`retract`) as if it had never been announced.
 */
import type { ChatEvent, WireFormat } from "./events.ts";
import type { Member } from "./member.ts";

/** The members of one wire format, and the lines they have yet to get. */
interface Group {
  readonly members: Set<Member>;
  lines: string[];
  /** Which of them are pending. In order. */
  pending: number[];
  /** Where those of the last announcement begin. */
  last: number;
}

/** What one member is not to get of the lines that are held back. */
interface Gap {
  /** Those before this one; it has had them. */
  from: number;
  /** These, after it; it is spared them. In order. */
  without: number[];
}

/** See the head of this file. */
export class BroadcastSet implements Iterable<Member> {
  readonly #groups = new Map<WireFormat, Group>();
  /** Of those who are not to get all lines that are held back. */
  readonly #gaps = new Map<Member, Gap>();
  readonly #onHeld: (set: BroadcastSet) => void;
  readonly #onDue: () => void;
  #held = false;
  #pending = false;
  #size = 0;

  /**
   * @param onHeld Called when lines are held back, once until the next `flush`.
   * @param onDue Called when pending lines are about to be handed out: to `confirm` or `retract` them.
   */
  constructor(onHeld: (set: BroadcastSet) => void, onDue: () => void = () => {}) {
    this.#onHeld = onHeld;
    this.#onDue = onDue;
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
      group = { members: new Set(), lines: [], pending: [], last: 0 };
      this.#groups.set(member.format, group);
    }
    if (group.members.has(member)) return;
    group.members.add(member);
    this.#size++;
    if (group.lines.length > 0) this.#gap(member).from = group.lines.length;
  }

  /** Removes a member, who still gets what was announced until now. */
  delete(member: Member): void {
    const group = this.#groups.get(member.format);
    if (group === undefined || !group.members.has(member)) return;
    this.settle(member);
    group.members.delete(member);
    this.#gaps.delete(member);
    this.#size--;
    if (group.members.size === 0) this.#groups.delete(member.format);
  }

  /**
   * Tells everybody what happened, but for some.
   *
   * @param isPending Whether nobody may get it before it is kept.
   */
  announce(event: ChatEvent, except?: Iterable<Member>, isPending = false): void {
    if (isPending) this.#pending = true;
    for (const [format, group] of this.#groups) {
      const { lines, pending } = group;
      group.last = lines.length;
      const rendered = format.render(event);
      if (rendered === undefined) continue;
      if (typeof rendered === "string") lines.push(rendered);
      else lines.push(...rendered);
      if (isPending) { for (let line = group.last; line < lines.length; line++) pending.push(line); }
      if (this.#held) continue;
      this.#held = true;
      this.#onHeld(this);
    }
    for (const spared of except ?? []) {
      const group = this.#groups.get(spared.format);
      if (group === undefined || !group.members.has(spared)) continue;
      for (let line = group.last; line < group.lines.length; line++) this.#gap(spared).without.push(line);
    }
  }

  /** What was pending may be handed out. */
  confirm(): void {
    if (!this.#pending) return;
    this.#pending = false;
    for (const group of this.#groups.values()) group.pending = [];
  }

  /** What is pending is not to be handed out. */
  retract(): void {
    if (!this.#pending) return;
    for (const { members, pending } of this.#groups.values()) {
      for (const member of members) {
        const gap = this.#gap(member);
        const without = new Set([...gap.without, ...pending.filter((line) => line >= gap.from)]);
        gap.without = [...without].sort((a, b) => a - b);
      }
    }
    this.confirm();
  }

  /** Hands one member what is held back for it until now, so that it may be sent something else. */
  settle(member: Member): void {
    const group = this.#groups.get(member.format);
    if (group === undefined || group.lines.length === 0 || !group.members.has(member)) return;
    if (this.#pending) this.#onDue();
    const gap = this.#gap(member);
    const lines = rest(group.lines, gap);
    gap.from = group.lines.length;
    gap.without = [];
    if (lines.length > 0) member.outlet.send(lines);
  }

  /** Hands everybody what is held back for them. */
  flush(): void {
    if (this.#pending) this.#onDue();
    this.#held = false;
    const gaps = this.#gaps;
    for (const group of this.#groups.values()) {
      const { members, lines } = group;
      if (lines.length === 0) continue;
      // Those who get the same in a row: whoever encodes needs to remember no more than the last.
      for (const member of members) if (!gaps.has(member)) member.outlet.send(lines);
      for (const [member, gap] of gaps) {
        if (!members.has(member)) continue;
        const left = rest(lines, gap);
        if (left.length > 0) member.outlet.send(left);
      }
      group.lines = [];
    }
    gaps.clear();
  }

  #gap(member: Member): Gap {
    let gap = this.#gaps.get(member);
    if (gap === undefined) {
      gap = { from: 0, without: [] };
      this.#gaps.set(member, gap);
    }
    return gap;
  }
}

/** What is left of some lines for who has such a gap. */
function rest(lines: readonly string[], { from, without }: Gap): string[] {
  const left: string[] = [];
  for (const line of without) {
    left.push(...lines.slice(from, line));
    from = line + 1;
  }
  return left.length === 0 ? lines.slice(from) : left.concat(lines.slice(from));
}
