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

/** Whom of a set an announcement is for. One object serves many announcements. */
export type Audience = ReadonlySet<Member>;

/** An audience of no member: what is taken back is for it. */
const NOBODY: Audience = new Set();

/**
 * The most audiences that the lines which are held back may have. An announcement to one more is noted down for each member
 * who is not in it.
 */
export const AUDIENCES_MAX = 8;

/** The members of one wire format, and the lines they have yet to get. */
interface Group {
  readonly members: Set<Member>;
  lines: string[];
  /** Which of them are pending. In order. */
  pending: number[];
  /** Which of them are for some members only. */
  partial: Map<Audience, number[]>;
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
   * @param onDue Called when pending lines are about to be handed out: to `confirm` or `retract` them. Where it does neither,
   *   all lines have to wait.
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
      group = { members: new Set(), lines: [], pending: [], partial: new Map(), last: 0 };
      this.#groups.set(member.format, group);
    }
    if (group.members.has(member)) return;
    group.members.add(member);
    this.#size++;
    if (group.lines.length > 0) this.#gap(member).from = group.lines.length;
  }

  /** Removes a member, who still gets what was announced until now, but for pending lines that have to wait. */
  delete(member: Member): void {
    const group = this.#groups.get(member.format);
    if (group === undefined || !group.members.has(member)) return;
    this.settle(member);
    if (this.#pending) { // it has to be told that it was put out, say
      this.#gap(member).without.push(...group.pending);
      this.#handOut(group, member);
    }
    group.members.delete(member);
    this.#gaps.delete(member);
    this.#size--;
    if (group.members.size === 0) this.#groups.delete(member.format);
  }

  /**
   * Tells all members what happened, but for some. Takes as long for many members as for few.
   *
   * @param except Who is not told: few members.
   * @param isPending Whether nobody may get it before it is kept.
   * @param audience Who is told, if not all members.
   */
  announce(event: ChatEvent, except?: Iterable<Member>, isPending = false, audience?: Audience): void {
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
    for (const spared of except ?? []) {
      const group = this.#groups.get(spared.format);
      if (group === undefined || !group.members.has(spared)) continue;
      this.#spare(spared, group.last, group.lines.length);
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
    for (const { pending, partial } of this.#groups.values()) {
      if (pending.length > 0) partial.set(NOBODY, [...partial.get(NOBODY) ?? [], ...pending]);
    }
    this.confirm();
  }

  /** Hands one member what is held back for it until now, so that it may be sent something else. */
  settle(member: Member): void {
    if (!this.#held) return; // nearly always
    const group = this.#groups.get(member.format);
    if (group === undefined || group.lines.length === 0 || !group.members.has(member)) return;
    if (this.#pending) this.#onDue();
    if (this.#pending) return; // it has to wait
    this.#handOut(group, member);
  }

  #handOut(group: Group, member: Member) {
    const gap = this.#gap(member);
    const lines = rest(group, member, gap);
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
      if (group.lines.length === 0) continue;
      // Those who get the same in a row: whoever encodes needs to remember no more than the last.
      if (group.partial.size === 0) {
        for (const member of group.members) if (!gaps.has(member)) member.outlet.send(group.lines);
      } else {
        for (const [lines, members] of shares(group, gaps)) for (const member of members) member.outlet.send(lines);
      }
      for (const [member, gap] of gaps) {
        if (!group.members.has(member)) continue;
        const left = rest(group, member, gap);
        if (left.length > 0) member.outlet.send(left);
      }
      group.lines = [];
      if (group.partial.size > 0) group.partial = new Map();
    }
    gaps.clear();
  }

  /** Restricts the last announcement to an audience. */
  #restrict({ members, lines, last, partial }: Group, audience: Audience) {
    const known = partial.get(audience);
    if (known === undefined && partial.size >= AUDIENCES_MAX) {
      for (const member of members) if (!audience.has(member)) this.#spare(member, last, lines.length);
      return;
    }
    const restricted = known ?? [];
    for (let line = last; line < lines.length; line++) restricted.push(line);
    partial.set(audience, restricted);
  }

  /** Spares a member some lines. */
  #spare(member: Member, from: number, to: number) {
    const { without } = this.#gap(member);
    for (let line = from; line < to; line++) without.push(line);
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

/** What a group's members get who have no gap, where some lines are for some members only: each list, and who gets it. */
function* shares(group: Group, gaps: ReadonlyMap<Member, Gap>): Generator<[string[], Member[]]> {
  const audiences = [...group.partial.keys()];
  const alike = new Map<number, Member[]>(); // by the audiences that they are in, a bit each
  for (const member of group.members) {
    if (gaps.has(member)) continue;
    let bits = 0;
    for (let n = 0; n < audiences.length; n++) if (audiences[n]!.has(member)) bits |= 1 << n;
    const others = alike.get(bits);
    if (others === undefined) alike.set(bits, [member]);
    else others.push(member);
  }
  for (const some of alike.values()) {
    const left = rest(group, some[0]!, { from: 0, without: [] });
    if (left.length > 0) yield [left, some];
  }
}

/** What is left of a group's lines for a member with such a gap. */
function rest({ lines, partial }: Group, member: Member, { from, without }: Gap): string[] {
  if (partial.size === 0 && without.length === 0) return lines.slice(from);
  const spared = new Set(without);
  for (const [audience, some] of partial) if (!audience.has(member)) { for (const line of some) spared.add(line); }
  return lines.filter((_, line) => line >= from && !spared.has(line));
}
