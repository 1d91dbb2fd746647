/**
 * When what takes long is done.
 *
 * To look through what was said, or to list everybody, takes a thousand times as long as to say something, and whoever
 * asks for it again and again in one piece would have everybody wait for all of it. So such commands, whoever gives them,
 * are done for a moment at a time; between two moments all others are served. They are done in the order they came in. So
 * are requests to the web port, in turns of their own.
 */

/** How long such commands are done at a time, in milliseconds; the last of them may take longer. */
export const SLICE = 1;

/** See the head of this file. No more waits than one command of each client: its next line waits for that. */
export class Turns {
  readonly #now: () => number;
  readonly #slice: number;
  readonly #waiting: (() => void)[] = [];
  #spent = 0; // of this slice, in milliseconds
  #timer: ReturnType<typeof setTimeout> | undefined; // runs while something of it is

  /**
   * @param now The time, in milliseconds.
   * @param slice How long something is done at a time, likewise.
   */
  constructor(now: () => number = () => performance.now(), slice: number = SLICE) {
    this.#now = now;
    this.#slice = slice;
  }

  /**
   * Does something now, if there is time for it, or else when there is; returns what it returns, or a promise of it.
   *
   * @throws What it throws; a promise rejects with it.
   */
  run<T>(work: () => T): T | Promise<Awaited<T>> {
    if (this.#waiting.length === 0 && this.#spent < this.#slice) return this.#timed(work);
    const { promise, resolve, reject } = Promise.withResolvers<Awaited<T>>();
    this.#waiting.push(() => {
      try {
        resolve(this.#timed(work) as Awaited<T>);
      } catch (error) {
        reject(error);
      }
    });
    return promise;
  }

  #timed<T>(work: () => T): T {
    const began = this.#now();
    try {
      return work();
    } finally {
      this.#spent += this.#now() - began;
      // A timer: while one `setImmediate` follows the other, Deno looks at its sockets every sixty times or so.
      this.#timer ??= setTimeout(this.#next);
    }
  }

  readonly #next = () => {
    this.#timer = undefined;
    this.#spent = 0;
    while (this.#waiting.length > 0 && this.#spent < this.#slice) this.#waiting.shift()!();
  };
}
