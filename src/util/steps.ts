/** Work that can be interrupted. */

/**
 * Work that can be interrupted wherever it yields, and returns its result in the end. A step, from one `yield` to the next,
 * should take no more than a fraction of a millisecond.
 */
export type Steps<T> = Generator<void, T, void>;

/** Whether something is work that is done in steps. */
export function isSteps(value: unknown): value is Steps<unknown> {
  return typeof value === "object" && value !== null && Symbol.iterator in value && "next" in value;
}

/**
 * Does all steps at once: where no event loop waits.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { finish } from "./steps.ts";
 *
 * const sum = function* () {
 *   yield;
 *   return 1 + 2;
 * };
 * assertEquals(finish(sum()), 3);
 * ```
 */
export function finish<T>(steps: Steps<T>): T {
  for (;;) {
    const { done, value } = steps.next();
    if (done) return value as T;
  }
}
