/**
 * Names for what is said: numbers that only grow, from one run to the next as well, and tell when it was.
 *
 * So what was said can be found by its name, by a time, and in its order, all by one number.
 */

/** How many names there are for one millisecond; a number with the time in it is exact until the year 2248. */
const PER_MILLISECOND = 1024;

/** See the head of this file. */
export class Ids {
  #last: number;

  /** @param last The last one that was given, or 0. */
  constructor(last: number) {
    this.#last = last;
  }

  /** Whether they are ahead of the clock, which was put back: then they do not tell when something was said. */
  get ahead(): boolean {
    return this.#last >= firstId(Date.now() + 1);
  }

  /**
   * The next one.
   *
   * @param time When it is given, in milliseconds since 1970. A clock that was put back does not make it smaller.
   */
  next(time: number): number {
    return this.#last = Math.max(this.#last + 1, firstId(time));
  }
}

/**
 * The least that something said at a time can have.
 *
 * @param time In milliseconds since 1970.
 */
export function firstId(time: number): number {
  return Math.floor(time) * PER_MILLISECOND;
}

/** The time that is in an id: nothing with a smaller id was said later. */
export function timeOf(id: number): number {
  return Math.floor(id / PER_MILLISECOND);
}

/** An id as clients see it: short, and without anything that means something to them. */
export function writeId(id: number): string {
  return id.toString(36);
}

/**
 * Reads one that a client gives. Of something that came in several lines, each line's is good.
 *
 * @returns `undefined` for what cannot be one.
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
