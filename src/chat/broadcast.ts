/**
 * A set of members that are sent the same events.
 *
 * Announced events are queued until `flush`, so that each member gets all lines of a round in one write. An event is
 * rendered once per wire format, and all members of a format are given the same array of lines, which is then encoded once:
 * until it is written, a line costs the same for ten members as for ten thousand.
 *
 * Members may be added, removed and sent other lines between two flushes; `settle` sends one member what is queued for it.
 * Each member gets each line once, in the order of the announcements.
 *
 * Some lines are pending: they must not be sent before the history has committed them. The set asks for the commit
 * (`onDue`) before it sends a pending line; lines that cannot be committed are taken out (`rollBack`).
 */
import type { ChatEvent, WireFormat } from "./events.ts";

/** What a set needs to know of a member. */
export interface Recipient {
  readonly format: WireFormat;
  readonly outlet: { send(lines: readonly string[]): void };
}

/** The members of a set that an event is for. Pass the same object again for the same members: sets compare by identity. */
export type Audience<M> = { has(member: M): boolean };

/** Contains no member: the audience of lines that were rolled back. */
const EMPTY: Audience<unknown> = new Set();

/**
 * The most audiences of the queued lines of one format. An announcement to one more is noted for each member that is not in
 * its audience.
 */
export const AUDIENCES_MAX = 8;

/** The members of one wire format, and their queued lines. */
interface Group<M> {
  readonly members: Set<M>;
  lines: string[];
  /** The indexes of pending lines, ascending. */
  pending: number[];
  /** The indexes of lines that are for an audience only. */
  partial: Map<Audience<M>, number[]>;
  /** The index of the first line of the last announcement. */
  last: number;
}

/** The queued lines that one member must not get. */
interface Gap {
  /** All lines before this index. */
  from: number;
  /** The indexes of further lines, ascending. */
  without: number[];
}

/** A set of members and the lines that are queued for them. Members are iterated by wire format, then in order of arrival. */
export class BroadcastSet<M extends Recipient> implements Iterable<M> {
  readonly #groups = new Map<WireFormat, Group<M>>();
  readonly #gaps = new Map<M, Gap>(); // only members that must not get all queued lines
  readonly #onHeld: (set: BroadcastSet<M>) => void;
  readonly #onDue: () => void;
  #held = false;
  #pending = false;
  #size = 0;

  /**
   * @param onHeld Called when lines are queued, once until the next `flush`.
   * @param onDue Called before pending lines are sent, to `confirm` or `rollBack`. If it does neither, they stay queued.
   */
  constructor(onHeld: (set: BroadcastSet<M>) => void, onDue: () => void = () => {}) {
    this.#onHeld = onHeld;
    this.#onDue = onDue;
  }

  /** The number of members. */
  get size(): number {
    return this.#size;
  }

  /** Whether a member is in the set. */
  has(member: M): boolean {
    return this.#groups.get(member.format)?.members.has(member) ?? false;
  }

  *[Symbol.iterator](): Iterator<M> {
    for (const { members } of this.#groups.values()) yield* members;
  }

  /** Adds a member, which gets what is announced from now on. */
  add(member: M): void {
    let group = this.#groups.get(member.format);
    if (group === undefined) {
      group = { members: new Set(), lines: [], pending: [], partial: new Map(), last: 0 };
      this.#groups.set(member.format, group);
    }
    if (group.members.has(member)) return;
    group.members.add(member);
    this.#size++;
    if (group.lines.length > 0) this.#gap(member).from = group.lines.length;
  }

  /** Sends a member what is queued for it, except for pending lines that cannot be committed now, and removes it. */
  delete(member: M): void {
    const group = this.#groups.get(member.format);
    if (group === undefined || !group.members.has(member)) return;
    this.settle(member);
    if (this.#pending) { // lines that do not wait, such as that of its own kick, are sent all the same
      this.#gap(member).without.push(...group.pending);
      this.#send(group, member);
    }
    group.members.delete(member);
    this.#gaps.delete(member);
    this.#size--;
    if (group.members.size === 0) this.#groups.delete(member.format);
  }

  /**
   * Queues an event for all members. Takes as long for many members as for few.
   *
   * @param except The members that do not get it: few.
   * @param isPending Whether it must not be sent before it is committed.
   * @param audience The members that get it, unless all do.
   */
  announce(event: ChatEvent, except?: Iterable<M>, isPending = false, audience?: Audience<M>): void {
    if (isPending) this.#pending = true;
    for (const [format, group] of this.#groups) {
      const { lines, pending } = group;
      group.last = lines.length;
      const rendered = format.render(event);
      if (rendered === undefined) continue;
      if (typeof rendered === "string") lines.push(rendered);
      else lines.push(...rendered);
      if (isPending) { for (let line = group.last; line < lines.length; line++) pending.push(line); }
      if (audience !== undefined) this.#restrict(group, audience);
      if (this.#held) continue;
      this.#held = true;
      this.#onHeld(this);
    }
    for (const member of except ?? []) {
      const group = this.#groups.get(member.format);
      if (group === undefined || !group.members.has(member)) continue;
      this.#skip(member, group.last, group.lines.length);
    }
  }

  /** The pending lines are committed, and may be sent. */
  confirm(): void {
    if (!this.#pending) return;
    this.#pending = false;
    for (const group of this.#groups.values()) group.pending = [];
  }

  /** Takes the pending lines out of the queue, as they could not be committed. */
  rollBack(): void {
    if (!this.#pending) return;
    for (const { pending, partial } of this.#groups.values()) {
      if (pending.length > 0) partial.set(EMPTY, [...partial.get(EMPTY) ?? [], ...pending]);
    }
    this.confirm();
  }

  /** Sends one member what is queued for it, so that it may be sent something else. Pending lines may stay queued. */
  settle(member: M): void {
    if (!this.#held) return; // the common case
    const group = this.#groups.get(member.format);
    if (group === undefined || group.lines.length === 0 || !group.members.has(member)) return;
    if (this.#pending) this.#onDue();
    if (this.#pending) return;
    this.#send(group, member);
  }

  /** Sends all members what is queued for them. */
  flush(): void {
    if (this.#pending) this.#onDue();
    this.#held = false;
    const gaps = this.#gaps;
    for (const group of this.#groups.values()) {
      if (group.lines.length === 0) continue;
      // Members with the same lines come in a row, as the transport remembers the encoding of the last array alone.
      if (group.partial.size === 0) {
        for (const member of group.members) if (!gaps.has(member)) member.outlet.send(group.lines);
      } else {
        for (const [lines, members] of shares(group, gaps)) for (const member of members) member.outlet.send(lines);
      }
      for (const [member, gap] of gaps) {
        if (!group.members.has(member)) continue;
        const left = linesFor(group, member, gap);
        if (left.length > 0) member.outlet.send(left);
      }
      group.lines = [];
      if (group.partial.size > 0) group.partial = new Map();
    }
    gaps.clear();
  }

  #send(group: Group<M>, member: M) {
    const gap = this.#gap(member);
    const lines = linesFor(group, member, gap);
    gap.from = group.lines.length;
    gap.without = [];
    if (lines.length > 0) member.outlet.send(lines);
  }

  /** Restricts the last announcement to an audience. */
  #restrict({ members, lines, last, partial }: Group<M>, audience: Audience<M>) {
    const known = partial.get(audience);
    if (known === undefined && partial.size >= AUDIENCES_MAX) {
      for (const member of members) if (!audience.has(member)) this.#skip(member, last, lines.length);
      return;
    }
    const restricted = known ?? [];
    for (let line = last; line < lines.length; line++) restricted.push(line);
    partial.set(audience, restricted);
  }

  /** Excludes a member from the lines of a range of indexes. */
  #skip(member: M, from: number, to: number) {
    const { without } = this.#gap(member);
    for (let line = from; line < to; line++) without.push(line);
  }

  #gap(member: M): Gap {
    let gap = this.#gaps.get(member);
    if (gap === undefined) {
      gap = { from: 0, without: [] };
      this.#gaps.set(member, gap);
    }
    return gap;
  }
}

/** The lines of the members without a gap, where some lines have an audience: each list of lines, with its members. */
function* shares<M extends Recipient>(group: Group<M>, gaps: ReadonlyMap<M, Gap>): Generator<[string[], M[]]> {
  const audiences = [...group.partial.keys()];
  const alike = new Map<number, M[]>(); // by the audiences that they are in, one bit each
  for (const member of group.members) {
    if (gaps.has(member)) continue;
    let bits = 0;
    for (let n = 0; n < audiences.length; n++) if (audiences[n]!.has(member)) bits |= 1 << n;
    const others = alike.get(bits);
    if (others === undefined) alike.set(bits, [member]);
    else others.push(member);
  }
  for (const members of alike.values()) {
    const lines = linesFor(group, members[0]!, { from: 0, without: [] });
    if (lines.length > 0) yield [lines, members];
  }
}

/** The queued lines of a group that a member with a gap gets. */
function linesFor<M extends Recipient>({ lines, partial }: Group<M>, member: M, { from, without }: Gap): string[] {
  if (partial.size === 0 && without.length === 0) return lines.slice(from);
  const skipped = new Set(without);
  for (const [audience, some] of partial) if (!audience.has(member)) { for (const line of some) skipped.add(line); }
  return lines.filter((_, line) => line >= from && !skipped.has(line));
}
