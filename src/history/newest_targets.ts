/** Collects the targets with the newest lines, when a store lists targets. */
import type { Line } from "../chat/store.ts";

/** The most targets that a list has. */
export const LISTED_MAX = 1000;

/** The most targets that are looked at: no client should need them all, and looking at one takes some microseconds. */
export const VISITED_MAX = 10_000;

/** A target with its newest line. */
export interface ListedTarget {
  readonly target: string;
  readonly line: Line;
}

/** The targets with the newest lines of those that were added. */
export class NewestTargets {
  #found: ListedTarget[] = [];
  #visited = 0;

  /** Adds a target. */
  add(target: string, line: Line): void {
    this.#visited++;
    if (this.#found.push({ target, line }) >= 2 * LISTED_MAX) this.#trim(); // not each time: sorting has a price
  }

  /** Whether no more targets are to be looked at. */
  get isFull(): boolean {
    return this.#visited >= VISITED_MAX;
  }

  /** At most {@linkcode LISTED_MAX} targets, in no particular order. */
  list(): ListedTarget[] {
    if (this.#found.length > LISTED_MAX) this.#trim();
    return this.#found;
  }

  #trim() {
    this.#found = this.#found.sort((a, b) => b.line.id - a.line.id).slice(0, LISTED_MAX);
  }
}
