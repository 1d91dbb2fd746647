/**
 * What was said lately, kept in memory: gone when the process ends.
 *
 * Bounded twice: so many lines of a target, and so many characters in all. A writer that floods a full target loses its own
 * lines there. When there is too much in all, the heaviest writer or the fullest target loses lines, whichever has more:
 * see `writers.ts`.
 */
import { randomBytes } from "node:crypto";
import { firstId } from "../chat/ids.ts";
import { fold } from "../chat/names.ts";
import { type ExpiryClock, WALL_CLOCK } from "../util/trusted_clock.ts";
import type { FoundLines, HistoryRange, HistoryStore, Line, Retention, SavedRoom, SearchQuery } from "../chat/store.ts";
import { newestOf, type Search } from "./search.ts";
import { Finder } from "./tokenizer.ts";
import { isFlood, Writers } from "./writers.ts";
import type { Steps } from "../util/steps.ts";

/** The most lines that are kept of one target, by default. */
export const TARGET_LINES = 1000;

/** The most characters that are kept of all targets together, by default. */
export const TOTAL_CHARACTERS = 64 * 1024 * 1024;

/** What a line counts beside its text and its tags: the object around it. */
const LINE_COST = 200;

/**
 * What one search may cost, by the count of a `Finder`: some 200 ms, which is more than all that is kept by default takes
 * where it is in ASCII.
 */
export const SEARCH_BUDGET = 20_000_000;

/** How many lines, and characters of them, a search looks at in one step. */
const SEARCH_STEP = 64;
const SEARCH_STEP_CHARACTERS = 20_000;

/** The most targets that are told of at a time, and how many are looked at in one step. */
const TARGETS_MAX = 1000;
const TARGETS_STEP = 2000;

/** What part of a ring a writer that floods it loses at a time, so that to look for its lines costs little for each. */
const FLOOD_STEP = 1 / 8;

/** The most origins of lines whose writers are remembered. */
const ORIGINS_CACHED = 10_000;

/** What a writer has in all. */
interface Sum {
  lines: number;
  size: number;
}

/** What a writer has in a ring. */
interface Share extends Sum {
  readonly writer: string;
  readonly inAll: Sum;
}

/** One target's lines: a ring, the oldest at `first` once it is full. */
interface Ring {
  lines: Line[];
  costs: number[]; // of each of them: to read it off the oldest line itself, long out of the cache, takes longer
  shares: Share[]; // in which each of them is counted
  first: number;
  size: number;
  readonly writers: Map<string, Share>; // what each has in it, by `Writers.topOf`
}

/** See the head of this file. */
export class MemoryHistory implements HistoryStore {
  readonly lasting = false;
  readonly last = 0;
  readonly overdue = false;
  readonly ready = true;
  readonly secret: Uint8Array = randomBytes(32);

  readonly #rings = new Map<string, Ring>();
  readonly #lines: number;
  readonly #age: number;
  readonly #clock: ExpiryClock;
  readonly #total: number;
  readonly #writers = new Writers();
  readonly #sums = new Map<string, Sum>(); // what each has in all
  readonly #origins = new Map<string, { account: string | undefined; writer: string }>(); // the writers of lines said lately
  #size = 0;

  /**
   * @param retention What of it is kept; of lines, 1,000 at the most unless they are given.
   * @param total The most characters that are kept of all targets, tags and 200 a line included.
   * @param clock By which lines grow old.
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

  /** Characters kept, tags and 200 a line included. */
  get size(): number {
    return this.#size;
  }

  introduce(host: string, network: string): void {
    this.#writers.introduce(host, network);
  }

  add(target: string, line: Line): void {
    let ring = this.#rings.get(target);
    if (ring === undefined) {
      ring = { lines: [], costs: [], shares: [], first: 0, size: 0, writers: new Map() };
      this.#rings.set(target, ring);
    }
    const cost = line.text.length + line.tags.length + LINE_COST;
    const share = this.#shareOf(ring, this.#writerOf(line));
    if (ring.lines.length >= this.#lines && !this.#dropFlood(ring, share, line)) {
      const { first } = ring;
      this.#count(ring, ring.shares[first]!, -1, -ring.costs[first]!);
      ring.lines[first] = line;
      ring.costs[first] = cost;
      ring.shares[first] = share;
      ring.first = (first + 1) % this.#lines;
    } else {
      ring.lines.push(line);
      ring.costs.push(cost);
      ring.shares.push(share);
    }
    this.#count(ring, share, 1, cost);
    while (this.#size > this.#total) this.#shed();
  }

  /** There is nowhere to keep it: a room is gone with those who are in it. */
  saveRoom(): void {}

  /** It is kept already. */
  commit(): boolean {
    return false;
  }

  page(target: string, range: HistoryRange): Line[] {
    const { after = -Infinity, before = Infinity, first = false, count, characters = Infinity } = range;
    const ring = this.#rings.get(target);
    if (ring === undefined) return [];
    const from = indexOf(ring, after + 1);
    const to = indexOf(ring, before);
    const lines: Line[] = [];
    let left = characters;
    for (let n = 0; n < Math.min(count, to - from); n++) {
      const line = at(ring, first ? from + n : to - 1 - n);
      left -= line.text.length + line.tags.length;
      if (left < 0 && n > 0) break;
      lines.push(line);
    }
    return first ? lines : lines.reverse();
  }

  has(target: string, id: number): boolean {
    return this.page(target, { after: id - 1, before: id + 1, count: 1 }).length > 0;
  }

  firstSince(target: string, time: number): number {
    const ring = this.#rings.get(target);
    if (ring === undefined) return Infinity;
    const now = Date.now();
    // Up to here all lines are in the order of their times: no id is earlier than its time.
    const ordered = indexOf(ring, firstId(now + 1));
    let [low, high] = [0, ordered];
    while (low < high) {
      const middle = (low + high) >> 1;
      if (at(ring, middle).time < time) low = middle + 1;
      else high = middle;
    }
    if (low < ordered && time <= now) return at(ring, low).id;
    for (let i = ordered; i < ring.lines.length; i++) {
      const line = at(ring, i);
      if (line.time >= time && line.time <= now) return line.id;
    }
    return Infinity;
  }

  *search(
    targets: readonly string[],
    { words, from, after = 0, before = Infinity, count }: SearchQuery,
  ): Steps<FoundLines> {
    if (words.length === 0 || count <= 0) return { lines: [], unsearched: 0 };
    const finder = new Finder(words);
    const all = targets.map((target) => {
      return new RingSearch((range) => this.page(target, range), after, before, (line) => {
        return (from === undefined || fold(line.who) === from) && finder.finds(line.text);
      });
    });
    const { found, unsearched } = yield* newestOf(all, count, () => SEARCH_BUDGET - finder.spent);
    return { lines: found.reverse().map(({ line }) => line), unsearched };
  }

  *targets(prefix: string): Steps<{ target: string; line: Line }[]> {
    const found: { target: string; line: Line }[] = [];
    let looked = 0;
    for (const [target, ring] of this.#rings) { // which goes on where it was, whatever is added or forgotten meanwhile
      if (++looked % TARGETS_STEP === 0) yield;
      if (!target.startsWith(prefix) || ring.lines.length === 0) continue;
      if (found.push({ target, line: at(ring, ring.lines.length - 1) }) === TARGETS_MAX) break;
    }
    return found;
  }

  rooms(): SavedRoom[] {
    return [];
  }

  forget(target: string): void {
    const ring = this.#rings.get(target);
    if (ring === undefined) return;
    for (const share of [...ring.writers.values()]) this.#count(ring, share, -share.lines, -share.size);
    this.#rings.delete(target);
  }

  runStep(): boolean {
    const now = this.#clock.reached();
    if (this.#clock.age < this.#age) return false; // no line is older than this
    for (const [target, ring] of this.#rings) {
      const old = countOlder(ring, now - this.#age, now);
      if (old > 0) this.#drop(ring, (_line, _share, index) => index < old);
      if (ring.lines.length === 0) this.#rings.delete(target);
    }
    return false;
  }

  close(): void {
    this.#rings.clear();
    this.#sums.clear();
    this.#size = 0;
  }

  /** The writer that a line counts for. */
  #writerOf({ origin, account }: Line): string {
    const known = this.#origins.get(origin);
    if (known !== undefined && known.account === account) return known.writer;
    if (this.#origins.size >= ORIGINS_CACHED) this.#origins.clear();
    const writer = this.#writers.topOf({ origin, account });
    this.#origins.set(origin, { account, writer });
    return writer;
  }

  /** What a writer has in a ring; it is not in there for good before something is counted. */
  #shareOf(ring: Ring, writer: string): Share {
    const known = ring.writers.get(writer);
    if (known !== undefined) return known;
    return { writer, lines: 0, size: 0, inAll: this.#sums.get(writer) ?? { lines: 0, size: 0 } };
  }

  #count(ring: Ring, share: Share, lines: number, size: number) {
    const { writer, inAll } = share;
    if (share.lines === 0) ring.writers.set(writer, share);
    if (inAll.lines === 0) this.#sums.set(writer, inAll);
    share.lines += lines;
    share.size += size;
    inAll.lines += lines;
    inAll.size += size;
    if (share.lines === 0) ring.writers.delete(writer);
    if (inAll.lines === 0) this.#sums.delete(writer);
    ring.size += size;
    this.#size += size;
  }

  /** Makes room in a full ring where the writer of a line floods it, by dropping its own lines; returns whether it does. */
  #dropFlood(ring: Ring, share: Share, { origin, time }: Line): boolean {
    const { lines } = share;
    if (!isFlood(lines, this.#lines, time, time)) return false; // nearly always, and soon known
    if (ring.lines[ring.first]!.origin === origin) return false; // it loses its own anyway
    const first = inOrder(ring.shares, ring.first).indexOf(share);
    if (!isFlood(lines, this.#lines, at(ring, first).time, time)) return false;
    this.#dropBy(ring, share, Math.ceil(this.#lines * FLOOD_STEP));
    return true;
  }

  /** Drops lines of the heaviest writer of all, or of the one in the largest ring: a half of what there is of it. */
  #shed() {
    let [heaviest, most] = ["", 0];
    for (const [writer, { size }] of this.#sums) if (size > most) [heaviest, most] = [writer, size];
    let fullest: Ring | undefined;
    for (const ring of this.#rings.values()) if (ring.size > (fullest?.size ?? 0)) fullest = ring;
    let [loser, its]: [Ring | undefined, Share | undefined] = [undefined, undefined];
    for (const ring of fullest!.size > most ? [fullest!] : this.#rings.values()) {
      const shares = ring === fullest && ring.size > most ? ring.writers.values() : [ring.writers.get(heaviest)];
      for (const share of shares) if ((share?.size ?? 0) > (its?.size ?? 0)) [loser, its] = [ring, share];
    }
    this.#dropBy(loser!, its!, Math.ceil(its!.lines / 2));
  }

  /** Drops some of a writer's lines in a ring: the oldest ones of those nicks that have most there. */
  #dropBy(ring: Ring, share: Share, count: number) {
    const left = new Map<string, number>(); // how many lines each nick of it has
    for (const [n, { origin }] of ring.lines.entries()) {
      if (ring.shares[n] === share) left.set(origin, (left.get(origin) ?? 0) + 1);
    }
    const spared = levelOf([...left.values()], count);
    this.#drop(ring, ({ origin }, its) => {
      const lines = its === share ? left.get(origin)! : 0;
      if (lines > spared) left.set(origin, lines - 1);
      return lines > spared;
    });
  }

  /** Drops some of a ring's lines; asks for each, the oldest first. */
  #drop(ring: Ring, isGone: (line: Line, share: Share, index: number) => boolean) {
    const { first, lines, costs, shares } = ring;
    [ring.lines, ring.costs, ring.shares, ring.first] = [[], [], [], 0];
    for (let n = 0; n < lines.length; n++) {
      const index = (first + n) % lines.length;
      const [line, cost, share] = [lines[index]!, costs[index]!, shares[index]!];
      if (isGone(line, share, n)) this.#count(ring, share, -1, -cost);
      else {
        ring.lines.push(line);
        ring.costs.push(cost);
        ring.shares.push(share);
      }
    }
  }
}

/** How many lines everyone may keep, of those who have so many each, so that so many lines go, or a few more. */
function levelOf(lines: number[], count: number): number {
  lines.sort((a, b) => b - a);
  let gone = 0;
  for (let n = 1; n < lines.length; n++) {
    const step = n * (lines[n - 1]! - lines[n]!); // to make the first so many equal to the next one
    if (gone + step >= count) return Math.max(0, lines[n - 1]! - Math.ceil((count - gone) / n));
    gone += step;
  }
  return Math.max(0, lines.at(-1)! - Math.ceil((count - gone) / lines.length));
}

/** The search in one ring. Lines are found by their ids each time: what is there may change between two steps. */
class RingSearch implements Search<Line> {
  before: number;
  readonly after: number;
  readonly #page: (range: HistoryRange) => Line[];
  readonly #finds: (line: Line) => boolean;

  constructor(page: (range: HistoryRange) => Line[], after: number, before: number, finds: (line: Line) => boolean) {
    this.#page = page;
    this.#finds = finds;
    const [first] = page({ count: 1, first: true });
    const [last] = page({ count: 1 });
    this.after = Math.max(after, (first?.id ?? Infinity) - 1);
    this.before = Math.min(before, (last?.id ?? 0) + 1); // what is added from now on is not looked at
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
    const found = lines.filter(this.#finds).map((line) => ({ id: line.id, line }));
    yield;
    return found.reverse();
  }
}

function inOrder<T>(ring: T[], first: number): T[] {
  return [...ring.slice(first), ...ring.slice(0, first)];
}

/** A line of a ring, the oldest being 0. */
function at({ lines, first }: Ring, index: number): Line {
  return lines[(first + index) % lines.length]!;
}

/** Where in a ring the first line is that has this id or a greater one. */
function indexOf(ring: Ring, id: number): number {
  let low = 0;
  let high = ring.lines.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (at(ring, middle).id < id) low = middle + 1;
    else high = middle;
  }
  return low;
}

/**
 * How many of a ring's oldest lines were said before a time. What was said in the future, when a clock was wrong, is as old
 * as what was said next.
 */
function countOlder(ring: Ring, time: number, now: number): number {
  let older = 0;
  for (let i = 0; i < ring.lines.length; i++) {
    const line = at(ring, i);
    if (line.time > now) continue;
    if (line.time >= time) break;
    older = i + 1;
  }
  return older;
}
