/**
 * Message ids: integers that only grow, also from one run to the next, and contain the time.
 *
 * One number thus identifies a line, orders it, and finds the lines of a time.
 */

/** The number of ids per millisecond. Ids with the time in them are safe integers until the year 2248. */
const PER_MILLISECOND = 1024;

/** Generates ids. */
export class Ids {
  #last: number;

  /** @param last The greatest id of earlier runs, or 0. */
  constructor(last: number) {
    this.#last = last;
  }

  /** The last id; the next one is greater. */
  get last(): number {
    return this.#last;
  }

  /** Continues after an id, which may be less than the last one. */
  restore(last: number): void {
    this.#last = last;
  }

  /**
   * Whether the last id is greater than all of a time, because the clock was put back: then ids do not tell when lines were
   * said.
   *
   * @param now In milliseconds since 1970.
   */
  isAheadOf(now: number): boolean {
    return this.#last >= firstId(now + 1);
  }

  /**
   * The next id: greater than all before, whatever the time is.
   *
   * @param time In milliseconds since 1970.
   */
  next(time: number): number {
    return this.#last = Math.max(this.#last + 1, firstId(time));
  }
}

/**
 * The smallest id of a time.
 *
 * @param time In milliseconds since 1970.
 */
export function firstId(time: number): number {
  return Math.floor(time) * PER_MILLISECOND;
}

/** The time of an id, in milliseconds since 1970: no line with a smaller id was said later. */
export function timeOf(id: number): number {
  return Math.floor(id / PER_MILLISECOND);
}

/** An id in the form that clients get: short, and opaque to them. */
export function writeId(id: number): string {
  return id.toString(36);
}

/**
 * Reads an id in that form. A message that was sent as several lines has a suffix on each line's id, which is ignored.
 *
 * @returns `undefined` if it is malformed.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { readId, writeId } from "./ids.ts";
 *
 * assertEquals(readId(writeId(1234567)), 1234567);
 * assertEquals(readId(`${writeId(1234567)}-1`), 1234567);
 * assertEquals(readId("no id"), undefined);
 * ```
 */
export function readId(text: string): number | undefined {
  const [, digits] = /^([1-9a-z][0-9a-z]{0,10})(?:-[1-9]\d{0,3})?$/.exec(text) ?? [];
  const id = digits === undefined ? NaN : parseInt(digits, 36);
  return Number.isSafeInteger(id) ? id : undefined;
}
