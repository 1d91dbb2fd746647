/** A ring buffer with the lines of one target, for the history in memory. */
import type { Line } from "../chat/store.ts";

/** How many lines a writer has, and their cost. */
export interface WriterTotals {
  lines: number;
  cost: number;
}

/** What a writer has in a ring. */
export interface RingUsage extends WriterTotals {
  readonly writer: string;
  /** What the same writer has in all rings. */
  readonly total: WriterTotals;
}

/** The lines of a target in the order of their ids. Indices count from the oldest line. */
export class Ring {
  /** The writers of the lines, by their keys. The owner of the ring maintains this. */
  readonly writers = new Map<string, RingUsage>();
  /** The cost of all lines. The owner of the ring maintains this. */
  cost = 0;

  // The columns are parallel arrays. Reading a cost from the line itself would be slower: old lines are not in the CPU cache.
  #lines: Line[] = [];
  #costs: number[] = [];
  #usages: RingUsage[] = [];
  #first = 0; // where the oldest line is

  /** The number of lines. */
  get length(): number {
    return this.#lines.length;
  }

  /** The line at an index, which must exist. */
  at(index: number): Line {
    return this.#lines[(this.#first + index) % this.#lines.length]!;
  }

  /** Adds a line behind the newest one. */
  push(line: Line, cost: number, usage: RingUsage): void {
    if (this.#first > 0) this.#rotate();
    this.#lines.push(line);
    this.#costs.push(cost);
    this.#usages.push(usage);
  }

  /** The usage that the oldest line counts for. */
  get oldestUsage(): RingUsage {
    return this.#usages[this.#first]!;
  }

  /** The cost of the oldest line. */
  get oldestCost(): number {
    return this.#costs[this.#first]!;
  }

  /** Adds a line behind the newest one, in the place of the oldest one. */
  replaceOldest(line: Line, cost: number, usage: RingUsage): void {
    const first = this.#first;
    this.#lines[first] = line;
    this.#costs[first] = cost;
    this.#usages[first] = usage;
    this.#first = (first + 1) % this.#lines.length;
  }

  /**
   * Puts a line in the place of the one at an index, of the same writer.
   *
   * @returns The cost of the line before, and the usage that both count for.
   */
  replace(index: number, line: Line, cost: number): { readonly usage: RingUsage; readonly cost: number } {
    const at = (this.#first + index) % this.#lines.length;
    const before = { usage: this.#usages[at]!, cost: this.#costs[at]! };
    this.#lines[at] = line;
    this.#costs[at] = cost;
    return before;
  }

  /** The index of the first line with an id, or with a greater one. */
  indexOf(id: number): number {
    let low = 0;
    let high = this.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.at(middle).id < id) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  /** The index of the first line of a writer; -1 if it has none. */
  firstOf(usage: RingUsage): number {
    for (let index = 0; index < this.length; index++) if (this.#usageAt(index) === usage) return index;
    return -1;
  }

  /** How many lines each origin of a writer has. */
  originsOf(usage: RingUsage): Map<string, number> {
    const origins = new Map<string, number>();
    for (const [n, { origin }] of this.#lines.entries()) {
      if (this.#usages[n] === usage) origins.set(origin, (origins.get(origin) ?? 0) + 1);
    }
    return origins;
  }

  /**
   * How many of the oldest lines were said before a time. A line from the future, when the clock was wrong, is as old as
   * the line after it.
   */
  countBefore(time: number, now: number): number {
    let count = 0;
    for (let index = 0; index < this.length; index++) {
      const line = this.at(index);
      if (line.time > now) continue;
      if (line.time >= time) break;
      count = index + 1;
    }
    return count;
  }

  /**
   * Removes lines.
   *
   * @param isRemoved Called for each line, the oldest first.
   * @param onRemoved Called for each line that is removed.
   */
  remove(
    isRemoved: (line: Line, usage: RingUsage, index: number) => boolean,
    onRemoved: (usage: RingUsage, cost: number) => void,
  ): void {
    this.#rotate();
    const [lines, costs, usages] = [this.#lines, this.#costs, this.#usages];
    [this.#lines, this.#costs, this.#usages] = [[], [], []];
    for (const [index, line] of lines.entries()) {
      const [cost, usage] = [costs[index]!, usages[index]!];
      if (isRemoved(line, usage, index)) onRemoved(usage, cost);
      else this.push(line, cost, usage);
    }
  }

  #usageAt(index: number): RingUsage {
    return this.#usages[(this.#first + index) % this.#usages.length]!;
  }

  /** Moves the oldest line to the start of the arrays. */
  #rotate() {
    const first = this.#first;
    if (first === 0) return;
    const inOrder = <T>(column: T[]) => [...column.slice(first), ...column.slice(0, first)];
    [this.#lines, this.#costs, this.#usages] = [inOrder(this.#lines), inOrder(this.#costs), inOrder(this.#usages)];
    this.#first = 0;
  }
}
