/** Tasks that can be interrupted, as generators. */

/**
 * A task that can be interrupted at each `yield`, and returns its result at the end. A step, from one `yield` to the next,
 * should take a fraction of a millisecond.
 */
export type Steps<T> = Generator<void, T, void>;

/** Whether a value is an interruptible task. */
export function isSteps(value: unknown): value is Steps<unknown> {
  return typeof value === "object" && value !== null && Symbol.iterator in value && "next" in value;
}

/**
 * Runs a task to its end without interruption, where that does not block an event loop.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { runToEnd } from "./steps.ts";
 *
 * const sum = function* () {
 *   yield;
 *   return 1 + 2;
 * };
 * assertEquals(runToEnd(sum()), 3);
 * ```
 */
export function runToEnd<T>(steps: Steps<T>): T {
  for (;;) {
    const { done, value } = steps.next();
    if (done) return value as T;
  }
}
