/** Fake timers, which fire when a test advances their time. */

/** Replaces `setTimeout` and `clearTimeout` until it is disposed. */
export class FakeTimers implements Disposable {
  readonly #real = { setTimeout: globalThis.setTimeout, clearTimeout: globalThis.clearTimeout };
  readonly #set = new Map<number, { at: number; callback: () => void }>();
  #now = 0;
  #last = 0;
  #started = Promise.withResolvers<void>();

  /** @param only Replaces only timers of this delay, in milliseconds. */
  constructor(only?: number) {
    const { setTimeout, clearTimeout } = this.#real;
    globalThis.setTimeout = ((...all: Parameters<typeof setTimeout>) => {
      const [callback, delay = 0] = all;
      if (only !== undefined && delay !== only) return setTimeout(...all);
      this.#set.set(--this.#last, { at: this.#now + delay, callback }); // real timers have positive ids
      this.#started.resolve();
      return this.#last;
    }) as unknown as typeof setTimeout;
    globalThis.clearTimeout = (timer) => this.#set.delete(Number(timer)) || clearTimeout(timer);
  }

  /** Resolves when the first timer has been started. */
  get started(): Promise<void> {
    return this.#started.promise;
  }

  /** The number of pending timers. */
  get size(): number {
    return this.#set.size;
  }

  /** Advances the time by milliseconds, and fires the timers that are due. */
  pass(time: number): void {
    const end = this.#now + time;
    while (true) {
      const [next] = [...this.#set].sort(([, a], [, b]) => a.at - b.at);
      if (next === undefined || next[1].at > end) break;
      this.#set.delete(next[0]);
      this.#now = next[1].at;
      next[1].callback();
    }
    this.#now = end;
  }

  [Symbol.dispose](): void {
    Object.assign(globalThis, this.#real);
  }
}
