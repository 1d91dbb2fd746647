/**
 * Lets go of those for whom most is held when the process takes too much memory.
 *
 * What is held for one client is bounded, but thousands of them who do not read, each a little short of that, are more
 * than a machine has. While there is memory, nobody is let go of for it.
 */

/** How often memory is looked at, in milliseconds: what is held for all cannot grow by much in that time. */
export const LOOK_TIME = 100;

/** What part of the limit may be held for all clients together once the limit is reached … */
export const HELD_MAX = 1 / 4;

/** … and what part is left to them when some had to go, so that it is not the next one's turn at once. */
export const HELD_AFTER = 1 / 8;

/** Why a connection ended. */
export const MEMORY_SHORT = "too slow to read while memory is short";

/** A client for whom something is held: a connection is one. */
export interface Holder {
  /** How much, in bytes. */
  readonly held: number;
  abort(reason: string): void;
}

/**
 * Lets go of those for whom most is held, if the process takes more memory than it may, and if that is why.
 *
 * @param limit How much memory the process may take, in bytes.
 * @param memory How much it takes.
 * @returns How many were let go of.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { relieve } from "./memory_pressure.ts";
 *
 * const gone: number[] = [];
 * const holders = [10, 500, 0].map((held) => ({ held, abort: () => void gone.push(held) }));
 * assertEquals(relieve(holders, 1000, 1000), 0); // enough memory
 * assertEquals(relieve(holders, 1000, 1001), 1);
 * assertEquals(gone, [500]);
 * ```
 */
export function relieve(holders: Iterable<Holder>, limit: number, memory: number): number {
  if (memory <= limit) return 0;
  const all = [...holders].map((holder) => ({ holder, held: holder.held }));
  let held = all.reduce((sum, each) => sum + each.held, 0);
  if (held <= limit * HELD_MAX) return 0; // it is something else: others have done nothing to deserve it
  all.sort((a, b) => b.held - a.held);
  let gone = 0;
  while (held > limit * HELD_AFTER) {
    const most = all[gone++]!;
    held -= most.held;
    most.holder.abort(MEMORY_SHORT);
  }
  return gone;
}
