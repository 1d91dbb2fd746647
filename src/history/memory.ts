/**
 * What was said lately, kept in memory: gone when the process ends.
 *
 * Bounded twice: so many lines of a target, and so many characters in all. When there is too much of it in all, the target
 * that has most loses the older half of it: who talks most in many rooms takes nothing from those who talk little in one.
 */
import { randomBytes } from "node:crypto";
import { firstId } from "../chat/ids.ts";
import { fold } from "../chat/names.ts";
import type { Found, History, Line, Query, Range, Retention, SavedRoom } from "./history.ts";
import { newestOf, type Search } from "./search.ts";
import { Finder } from "./words.ts";
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

/** One target's lines: a ring, the oldest at `first` once it is full. */
interface Ring {
  lines: Line[];
  costs: number[]; // of each of them: to read it off the oldest line itself, long out of the cache, takes longer
  first: number;
  size: number;
}

/** See the head of this file. */
export class MemoryHistory implements History {
  readonly lasting = false;
  readonly last = 0;
  readonly behind = false;
  readonly ready = true;
  readonly secret: Uint8Array = randomBytes(32);

  readonly #rings = new Map<string, Ring>();
  readonly #lines: number;
  readonly #age: number;
  readonly #total: number;
  #size = 0;

  /**
   * @param retention What of it is kept; of lines, 1,000 at the most unless they are given.
   * @param total The most characters that are kept of all targets, tags and 200 a line included.
   */
  constructor(retention: Partial<Omit<Retention, "size">> = {}, total: number = TOTAL_CHARACTERS) {
    this.#lines = retention.lines ?? TARGET_LINES;
    this.#age = retention.age ?? Infinity;
    this.#total = total;
  }

  /** Characters kept, tags and 200 a line included. */
  get size(): number {
    return this.#size;
  }

  add(target: string, line: Line): void {
    let ring = this.#rings.get(target);
    if (ring === undefined) {
      ring = { lines: [], costs: [], first: 0, size: 0 };
      this.#rings.set(target, ring);
    }
    const cost = line.text.length + line.tags.length + LINE_COST;
    if (ring.lines.length < this.#lines) {
      ring.lines.push(line);
      ring.costs.push(cost);
    } else {
      this.#count(ring, -ring.costs[ring.first]!);
      ring.lines[ring.first] = line;
      ring.costs[ring.first] = cost;
      ring.first = (ring.first + 1) % this.#lines;
    }
    this.#count(ring, cost);
    while (this.#size > this.#total) this.#shed();
  }

  /** There is nowhere to keep it: a room is gone with those who are in it. */
  saveRoom(): void {}

  /** It is kept already. */
  commit(): boolean {
    return false;
  }

  page(target: string, range: Range): Line[] {
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

  *search(targets: readonly string[], { words, from, after = 0, before = Infinity, count }: Query): Steps<Found> {
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
    this.#size -= this.#rings.get(target)?.size ?? 0;
    this.#rings.delete(target);
  }

  tidy(): boolean {
    const now = Date.now();
    for (const [target, ring] of this.#rings) {
      const old = countOlder(ring, now - this.#age, now);
      if (old > 0) this.#drop(ring, old);
      if (ring.lines.length === 0) this.#rings.delete(target);
    }
    return false;
  }

  close(): void {
    this.#rings.clear();
    this.#size = 0;
  }

  #count(ring: Ring, change: number) {
    ring.size += change;
    this.#size += change;
  }

  /** Drops the older half of the target that has most. */
  #shed() {
    let largest: Ring | undefined;
    for (const ring of this.#rings.values()) if (ring.size > (largest?.size ?? 0)) largest = ring;
    if (largest !== undefined) this.#drop(largest, Math.ceil(largest.lines.length / 2));
  }

  /** Drops a target's oldest lines. */
  #drop(ring: Ring, count: number) {
    const costs = inOrder(ring.costs, ring.first);
    for (const cost of costs.slice(0, count)) this.#count(ring, -cost);
    ring.lines = inOrder(ring.lines, ring.first).slice(count);
    ring.costs = costs.slice(count);
    ring.first = 0;
  }
}

/** The search in one ring. Lines are found by their ids each time: what is there may change between two steps. */
class RingSearch implements Search<Line> {
  before: number;
  readonly after: number;
  readonly #page: (range: Range) => Line[];
  readonly #finds: (line: Line) => boolean;

  constructor(page: (range: Range) => Line[], after: number, before: number, finds: (line: Line) => boolean) {
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
