/**
 * Since when private messages wait for accounts that have no member in the chat. The messages are in the history; this says
 * which of them to show to the user who comes back with a client that does not ask for them.
 */
import { fold } from "./names.ts";

/** The times, by account: at most one for each. Accounts may be in any case. */
export class Waiting {
  readonly #since: Map<string, number>; // by folded account

  /** @param stored Those from an earlier run, by folded account. */
  constructor(stored: Iterable<readonly [string, number]> = []) {
    this.#since = new Map(stored);
  }

  /** The times, by folded account. */
  [Symbol.iterator](): Iterator<[account: string, since: number]> {
    return this.#since.entries();
  }

  clear(): void {
    this.#since.clear();
  }

  /**
   * Notes that a message waits for an account.
   *
   * @param time In milliseconds since 1970.
   * @returns Whether it is the first one.
   */
  note(account: string, time: number): boolean {
    const key = fold(account);
    if (this.#since.has(key)) return false;
    this.#since.set(key, time);
    return true;
  }

  /** Since when messages have waited for an account that has come back; `undefined` if there are none. */
  take(account: string): number | undefined {
    const key = fold(account);
    const since = this.#since.get(key);
    this.#since.delete(key);
    return since;
  }
}
