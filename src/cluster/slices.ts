/** Long work in slices of time, with other events between them. */
import { APPLY_SLICE } from "./cluster_limits.ts";

/** Says when to let other events in. */
export class Slices {
  #begin = performance.now();

  /** Whether the slice is used up. */
  get isOver(): boolean {
    return performance.now() - this.#begin >= APPLY_SLICE;
  }

  /** Lets other events in. */
  async rest(): Promise<void> {
    // A timer, since Deno polls its sockets only about every sixtieth time in a chain of `setImmediate`.
    await new Promise<void>((resolve) => setTimeout(resolve));
    this.#begin = performance.now();
  }
}

/** Takes all values of an iterable in slices. */
export async function inSlices<T>(values: Iterable<T>, take: (value: T) => void): Promise<void> {
  const slices = new Slices();
  for (const value of values) {
    take(value);
    if (slices.isOver) await slices.rest();
  }
}
