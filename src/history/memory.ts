/**
 * The history in memory: the latest lines, until the process ends.
 *
 * Both the lines of each target and the characters of all targets are limited. A writer that floods a full target loses
 * its own lines. When all targets together have too many characters, the largest writer or the largest target loses
 * lines, whichever has more: see `writers.ts`.
 */
import { randomBytes } from "node:crypto";
import { firstId } from "../chat/ids.ts";
import type { Actor, Quote, Reaction } from "../chat/events.ts";
import { reactorKey } from "../chat/line_author.ts";
import { fold } from "../chat/names.ts";
import { quoteOf } from "../chat/quotes.ts";
import {
  type FoundLines,
  type HistoryRange,
  type HistoryStore,
  type Line,
  REACTION_CHARACTERS,
  REACTIONS_MAX,
  REACTIONS_PER_MEMBER,
  type ReactionsTo,
  type Retention,
  type SavedRoom,
  type SearchQuery,
} from "../chat/store.ts";
import type { Steps } from "../util/steps.ts";
import { type ExpiryClock, WALL_CLOCK } from "../util/trusted_clock.ts";
import { type ListedTarget, NewestTargets } from "./newest_targets.ts";
import { Ring, type RingUsage, type WriterTotals } from "./ring.ts";
import { MemoryMentions } from "./memory_mentions.ts";
import { MemoryReadMarkers } from "./memory_read_markers.ts";
import { newestOf, type Search } from "./search.ts";
import { hasLink } from "../util/links.ts";
import { TermMatcher } from "../util/tokenizer.ts";
import { isFlood, Writers } from "./writers.ts";

/** The most lines of a target, by default. */
export const TARGET_LINES = 1000;

/** The most characters of all targets together. */
export const TOTAL_CHARACTERS = 64 * 1024 * 1024;

/** What a line costs in addition to the characters of its text and its tags: the object around them. */
const LINE_COST = 200;

/**
 * The most that one search may cost, in the unit of `TermMatcher`: some 200 ms. Searching all lines that fit into the
 * default limits costs less if they are in ASCII.
 */
export const SEARCH_BUDGET = 20_000_000;

/** The most lines that one step of a search reads, and the most characters in them. */
const SEARCH_STEP = 64;
const SEARCH_STEP_CHARACTERS = 20_000;

/** How many targets one step of `targets` looks at. */
const TARGETS_STEP = 2000;

/** What part of a ring a flood loses at once, so that finding its lines costs little for each of them. */
const FLOOD_PART = 1 / 8;

/** The most origins in the cache of writers. */
const ORIGINS_CACHED = 10_000;

/** Stores lines in memory. Rooms are not stored: a room lasts as long as its members. */
export class MemoryHistory implements HistoryStore {
  readonly persistent = false;
  readonly last = 0;
  readonly overdue = false;
  readonly ready = true;
  readonly storedPosition = 0;
  readonly settledPosition = 0;
  position: number | undefined;
  readonly secret: Uint8Array = randomBytes(32);
  readonly readMarkers: MemoryReadMarkers = new MemoryReadMarkers();

  readonly #rings = new Map<string, Ring>(); // by target
  readonly #renamed = new Map<string, string>(); // the names of renamed rooms by target: their lines have older ones
  readonly #lines: number;
  readonly #age: number;
  readonly #clock: ExpiryClock;
  readonly #total: number;
  readonly #mentions = new MemoryMentions();
  readonly #writers = new Writers();
  readonly #totals = new Map<string, WriterTotals>(); // by writer
  readonly #origins = new Map<string, { account: string | undefined; writer: string }>(); // the writers of recent lines
  #size = 0;

  /**
   * @param retention The limits of age and lines; by default 1,000 lines of each target.
   * @param total The most characters of all targets, including tags, 200 for each line and 100 for each reaction.
   * @param clock Decides which lines have expired.
   */
  constructor(
    retention: Partial<Omit<Retention, "size">> = {},
    total: number = TOTAL_CHARACTERS,
    clock: ExpiryClock = WALL_CLOCK,
  ) {
    this.#clock = clock;
    this.#lines = retention.lines ?? TARGET_LINES;
    this.#age = retention.age ?? Infinity;
    this.#total = total;
  }

  /** The characters of all lines, including tags, 200 for each line and 100 for each reaction. */
  get size(): number {
    return this.#size;
  }

  setNetwork(host: string, network: string): void {
    this.#writers.setNetwork(host, network);
  }

  adoptSecret(secret: Uint8Array): void {
    this.secret.set(secret); // in place: others hold it
  }

  adoptPosition(position: number): void {
    this.position = position;
  }

  add(target: string, line: Line): void {
    let ring = this.#rings.get(target);
    if (ring === undefined) this.#rings.set(target, ring = new Ring());
    const cost = costOf(line);
    const usage = this.#usageOf(ring, this.#writerOf(line));
    if (ring.length >= this.#lines && !this.#deleteFlood(ring, usage, line)) {
      this.#count(ring, ring.oldestUsage, -1, -ring.oldestCost);
      ring.replaceOldest(line, cost, usage);
    } else ring.push(line, cost, usage);
    this.#count(ring, usage, 1, cost);
    if (line.kind === "said") this.#mentions.add(target, line);
    while (this.#size > this.#total) this.#deleteLargest();
  }

  react(target: string, id: number, { text, ...reaction }: Reaction, on: boolean): void {
    this.#change(target, id, (line) => {
      if (line.deletedBy !== undefined) return line;
      const key = reactorKey(reaction);
      const reactions = line.reactions ?? [];
      const isSame = (each: Reaction) => each.text === text && reactorKey(each) === key;
      if (!on) return { ...line, reactions: reactions.filter((each) => !isSame(each)) };
      if (reactions.length >= REACTIONS_MAX || reactions.some(isSame)) return line;
      if (reactions.filter((each) => reactorKey(each) === key).length >= REACTIONS_PER_MEMBER) return line;
      return { ...line, reactions: [...reactions, { ...reaction, text }] };
    });
  }

  redact(target: string, { id }: Quote, by: string): void {
    this.#change(target, id, (line) => {
      if (line.deletedBy !== undefined) return line;
      const deleted = { ...line, text: "", tags: "", reactions: undefined, deletedBy: by };
      return deleted.kind === "said" ? { ...deleted, mentions: undefined } : deleted;
    });
  }

  /** Does nothing: rooms are not stored. */
  saveRoom(): void {}

  /** Does nothing: lines are stored by `add`. */
  commit(): boolean {
    return false;
  }

  page(target: string, range: HistoryRange): Line[] {
    const { after = -Infinity, before = Infinity, first = false, count, characters = Infinity } = range;
    const ring = this.#rings.get(target);
    if (ring === undefined) return [];
    const from = ring.indexOf(after + 1);
    const to = ring.indexOf(before);
    const lines: Line[] = [];
    let left = characters;
    for (let n = 0; n < Math.min(count, to - from); n++) {
      const line = ring.at(first ? from + n : to - 1 - n);
      left -= costOf(line) - LINE_COST;
      if (left < 0 && n > 0) break;
      lines.push(line);
    }
    if (!first) lines.reverse();
    const room = this.#renamed.get(target);
    return lines.map((line) => {
      if (room === undefined && line.reply === undefined) return line;
      const reply = line.reply && currentQuote(ring, line.reply);
      return { ...line, ...(room === undefined ? {} : { room }), reply } as Line;
    });
  }

  line(target: string, id: number): Line | undefined {
    return this.page(target, { after: id - 1, before: id + 1, count: 1 })[0];
  }

  bareLine(target: string, id: number): Line | undefined {
    const line = this.line(target, id);
    return line && { ...line, reply: undefined, reactions: undefined };
  }

  reactionsTo(target: string, id: number, member: Pick<Actor, "origin" | "account">): ReactionsTo {
    const all = this.line(target, id)?.reactions ?? [];
    const key = reactorKey(member);
    return { total: all.length, own: all.filter((each) => reactorKey(each) === key).map(({ text }) => text) };
  }

  has(target: string, id: number): boolean {
    return this.line(target, id) !== undefined;
  }

  mentions(account: string, before: number, count: number): { target: string; line: Line }[] {
    const found: { target: string; line: Line }[] = [];
    for (const { target, id } of this.#mentions.list(account, before)) {
      if (found.length >= count) break;
      const line = this.line(target, id);
      const isMentioned = line?.kind === "said" && line.mentions?.some((each) => fold(each) === account);
      if (isMentioned) found.push({ target, line }); // else it is gone, or its text was deleted
    }
    return found;
  }

  forgetMentions(account: string): void {
    this.#mentions.forget(account);
  }

  countAfter(target: string, id: number, max: number): number {
    const ring = this.#rings.get(target);
    return ring === undefined ? 0 : Math.min(max, ring.length - ring.indexOf(id + 1));
  }

  firstSince(target: string, time: number): number {
    const ring = this.#rings.get(target);
    if (ring === undefined) return Infinity;
    const now = Date.now();
    // Up to here, lines are in the order of their times, as no id is earlier than its time: see `line_times.ts`.
    const ordered = ring.indexOf(firstId(now + 1));
    let [low, high] = [0, ordered];
    while (low < high) {
      const middle = (low + high) >> 1;
      if (ring.at(middle).time < time) low = middle + 1;
      else high = middle;
    }
    if (low < ordered) return ring.at(low).id;
    for (let index = ordered; index < ring.length; index++) {
      const line = ring.at(index);
      if (line.time >= time && line.time <= now) return line.id;
    }
    return Infinity;
  }

  *search(
    targets: readonly string[],
    { terms, from, hasLink: withLink = false, after = 0, before = Infinity, count }: SearchQuery,
  ): Steps<FoundLines> {
    if ((terms.length === 0 && from === undefined && !withLink) || count <= 0) return { lines: [], unsearched: 0 };
    const matcher = new TermMatcher(terms);
    const searches = targets.map((target) => {
      return new RingSearch((range) => this.page(target, range), after, before, (line) => {
        return line.deletedBy === undefined && (from === undefined || fold(line.who) === from) &&
          matcher.matches(line.text) && (!withLink || hasLink(line.text));
      });
    });
    const { found, unsearched } = yield* newestOf(searches, count, () => SEARCH_BUDGET - matcher.cost);
    return { lines: found.reverse().map(({ line }) => line), unsearched };
  }

  *targets(prefix: string): Steps<ListedTarget[]> {
    const found = new NewestTargets();
    let visited = 0;
    for (const [target, ring] of this.#rings) { // the iterator stays valid if targets are added or deleted meanwhile
      if (++visited % TARGETS_STEP === 0) yield;
      if (!target.startsWith(prefix) || ring.length === 0) continue;
      found.add(target, this.page(target, { count: 1 })[0]!);
      if (found.isFull) break;
    }
    return found.list();
  }

  rooms(): SavedRoom[] {
    return [];
  }

  deleteTarget(target: string): void {
    this.readMarkers.deleteRoom(target);
    this.#mentions.deleteTarget(target);
    const ring = this.#rings.get(target);
    if (ring === undefined) return;
    for (const usage of [...ring.writers.values()]) this.#count(ring, usage, -usage.lines, -usage.cost);
    this.#rings.delete(target);
    this.#renamed.delete(target);
  }

  deleteConversations(prefix: string): void {
    for (const target of [...this.#rings.keys()]) if (target.startsWith(prefix)) this.deleteTarget(target);
  }

  renameRoom(key: string, name: string): void {
    this.readMarkers.renameRoom(key, fold(name));
    this.#mentions.renameRoom(key, fold(name));
    const ring = this.#rings.get(key);
    if (ring === undefined) return;
    this.#rings.delete(key);
    this.#renamed.delete(key);
    this.#rings.set(fold(name), ring);
    this.#renamed.set(fold(name), name);
  }

  runStep(): boolean {
    const now = this.#clock.reached();
    if (this.#clock.age < this.#age) return false; // no line is older than the process
    for (const [target, ring] of this.#rings) {
      const expired = ring.countBefore(now - this.#age, now);
      if (expired > 0) this.#remove(ring, (_line, _usage, index) => index < expired);
      if (ring.length > 0) continue;
      this.#rings.delete(target);
      this.#renamed.delete(target);
      this.#mentions.deleteTarget(target);
    }
    return false;
  }

  close(): void {
    this.#rings.clear();
    this.readMarkers.clear();
    this.#mentions.clear();
    this.#totals.clear();
    this.#size = 0;
  }

  /** Replaces a line, if it is there. Reactions of others count for its writer. */
  #change(target: string, id: number, change: (line: Line) => Line) {
    const ring = this.#rings.get(target);
    const index = ring?.indexOf(id) ?? 0;
    if (ring === undefined || index >= ring.length || ring.at(index).id !== id) return;
    const line = change(ring.at(index));
    const cost = costOf(line);
    const { usage, cost: before } = ring.replace(index, line, cost);
    this.#count(ring, usage, 0, cost - before);
    while (this.#size > this.#total) this.#deleteLargest();
  }

  /** The writer that a line counts for. */
  #writerOf({ origin, account }: Line): string {
    const known = this.#origins.get(origin);
    if (known !== undefined && known.account === account) return known.writer;
    if (this.#origins.size >= ORIGINS_CACHED) this.#origins.clear();
    const writer = this.#writers.largestOf({ origin, account });
    this.#origins.set(origin, { account, writer });
    return writer;
  }

  /** The usage of a writer in a ring. A new one becomes part of the ring when a line is counted. */
  #usageOf(ring: Ring, writer: string): RingUsage {
    const known = ring.writers.get(writer);
    if (known !== undefined) return known;
    return { writer, lines: 0, cost: 0, total: this.#totals.get(writer) ?? { lines: 0, cost: 0 } };
  }

  #count(ring: Ring, usage: RingUsage, lines: number, cost: number) {
    const { writer, total } = usage;
    if (usage.lines === 0) ring.writers.set(writer, usage);
    if (total.lines === 0) this.#totals.set(writer, total);
    usage.lines += lines;
    usage.cost += cost;
    total.lines += lines;
    total.cost += cost;
    if (usage.lines === 0) ring.writers.delete(writer);
    if (total.lines === 0) this.#totals.delete(writer);
    ring.cost += cost;
    this.#size += cost;
  }

  /** Deletes lines of a full ring if the writer of a new line floods it; returns whether it does. */
  #deleteFlood(ring: Ring, usage: RingUsage, { origin, time }: Line): boolean {
    const { lines } = usage;
    if (!isFlood(lines, this.#lines, time, time)) return false; // the usual case, and a cheap test
    if (ring.at(0).origin === origin) return false; // the new line replaces a line of the same author in any case
    const first = ring.at(ring.firstOf(usage));
    if (!isFlood(lines, this.#lines, first.time, time)) return false;
    this.#deleteByWriter(ring, usage, Math.ceil(this.#lines * FLOOD_PART));
    return true;
  }

  /** Deletes half of the lines that the largest writer has in one ring, or of the largest writer in the largest ring. */
  #deleteLargest() {
    let [largestWriter, most] = ["", 0];
    for (const [writer, { cost }] of this.#totals) if (cost > most) [largestWriter, most] = [writer, cost];
    let largestRing: Ring | undefined;
    for (const ring of this.#rings.values()) if (ring.cost > (largestRing?.cost ?? 0)) largestRing = ring;
    const isRingLarger = largestRing!.cost > most;
    let [ring, usage]: [Ring | undefined, RingUsage | undefined] = [undefined, undefined];
    for (const each of isRingLarger ? [largestRing!] : this.#rings.values()) {
      const usages = isRingLarger ? each.writers.values() : [each.writers.get(largestWriter)];
      for (const one of usages) if ((one?.cost ?? 0) > (usage?.cost ?? 0)) [ring, usage] = [each, one];
    }
    this.#deleteByWriter(ring!, usage!, Math.ceil(usage!.lines / 2));
  }

  /** Deletes some lines of a writer in a ring: the oldest ones of those of its origins that have the most there. */
  #deleteByWriter(ring: Ring, usage: RingUsage, count: number) {
    const left = ring.originsOf(usage);
    const level = levelOf([...left.values()], count);
    this.#remove(ring, ({ origin }, each) => {
      const lines = each === usage ? left.get(origin)! : 0;
      if (lines > level) left.set(origin, lines - 1);
      return lines > level;
    });
  }

  #remove(ring: Ring, isRemoved: (line: Line, usage: RingUsage, index: number) => boolean) {
    ring.remove(isRemoved, (usage, cost) => this.#count(ring, usage, -1, -cost));
  }
}

/** The cost of a line for the limit of characters. */
function costOf({ text, tags, reactions }: Line): number {
  return text.length + tags.length + LINE_COST + (reactions === undefined ? 0 : reactions.length * REACTION_CHARACTERS);
}

/** The current quote of a line; without its name and text if the line is gone. */
function currentQuote(ring: Ring, { id }: Quote): Quote {
  const index = ring.indexOf(id);
  const line = index < ring.length ? ring.at(index) : undefined;
  return line?.id === id ? quoteOf(line) : { id, who: "", text: "" };
}

/** To how many lines each origin is cut, so that `count` of all lines are deleted, or a few more. */
function levelOf(lines: number[], count: number): number {
  lines.sort((a, b) => b - a);
  let deleted = 0;
  for (let n = 1; n < lines.length; n++) {
    const step = n * (lines[n - 1]! - lines[n]!); // cuts the largest n origins to the lines of the next one
    if (deleted + step >= count) return Math.max(0, lines[n - 1]! - Math.ceil((count - deleted) / n));
    deleted += step;
  }
  return Math.max(0, lines.at(-1)! - Math.ceil((count - deleted) / lines.length));
}

/** A search in one ring. Each step finds its place by id, since lines may be added or deleted between two steps. */
class RingSearch implements Search<Line> {
  before: number;
  readonly after: number;
  readonly #page: (range: HistoryRange) => Line[];
  readonly #matches: (line: Line) => boolean;

  constructor(page: (range: HistoryRange) => Line[], after: number, before: number, matches: (line: Line) => boolean) {
    this.#page = page;
    this.#matches = matches;
    const [first] = page({ count: 1, first: true });
    const [last] = page({ count: 1 });
    this.after = Math.max(after, (first?.id ?? Infinity) - 1);
    this.before = Math.min(before, (last?.id ?? 0) + 1); // lines that are added from now on are ignored
  }

  *part(oldest: number): Steps<{ id: number; line: Line }[]> {
    const after = Math.max(this.after, oldest);
    const lines = this.#page({
      after,
      before: this.before,
      count: SEARCH_STEP,
      characters: SEARCH_STEP_CHARACTERS,
    });
    this.before = lines[0]?.id ?? after + 1;
    const found = lines.filter(this.#matches).map((line) => ({ id: line.id, line }));
    yield;
    return found.reverse();
  }
}
