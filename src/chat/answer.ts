/** Results that are there at once on a single node, and later in a cluster. */

/** The result of a change: available at once on a single node, and awaited by callers all the same. */
export type Answer<T> = T | Promise<T>;

/**
 * Goes on with an answer: at once if it is there, so that a single node pays for no promise.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { then } from "./answer.ts";
 *
 * assertEquals(then(1, (n) => n + 1), 2);
 * assertEquals(await then(Promise.resolve(1), (n) => n + 1), 2);
 * ```
 */
export function then<T, U>(answer: Answer<T>, next: (value: T) => Answer<U>): Answer<U> {
  return answer instanceof Promise ? answer.then(next) : next(answer);
}

/**
 * Makes a change whose result is not needed.
 *
 * @param isExpected Whether an error is ignored. Any other one is a bug: it is thrown, or is an unhandled rejection.
 */
export function settle(change: () => Answer<unknown>, isExpected: (error: unknown) => boolean): void {
  const ignore = (error: unknown) => {
    if (!isExpected(error)) throw error;
  };
  try {
    const answer = change();
    if (answer instanceof Promise) void answer.catch(ignore);
  } catch (error) {
    ignore(error);
  }
}
