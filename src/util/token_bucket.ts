/**
 * A token bucket: how often, or how much, in a time.
 */

/** How much of a token may be lost to rounding: a caller that has waited as long as told gets one. */
const ROUNDING = 1e-9;

/** A bucket that starts full, with `burst` tokens, and gets `rate` more a second. */
export class TokenBucket {
  readonly #rate: number;
  readonly #burst: number;
  #tokens: number;
  #at: number;

  /**
   * @param rate Tokens a second, above 0.
   * @param burst The most tokens there can be, 1 or more.
   * @param now The time, in milliseconds, on the monotonic clock that the other methods are given.
   */
  constructor(rate: number, burst: number, now: number) {
    this.#rate = rate;
    this.#burst = burst;
    this.#tokens = burst;
    this.#at = now;
  }

  /** How many tokens there are. */
  left(now: number): number {
    // A clock that went back gives nothing, and takes nothing away.
    this.#tokens = Math.min(this.#burst, this.#tokens + Math.max(0, now - this.#at) * this.#rate / 1000);
    this.#at = now;
    return this.#tokens;
  }

  /**
   * How long to wait for a token.
   *
   * @param now The time, in milliseconds.
   * @param amount How many tokens are waited for.
   * @returns 0 if there is one, else the milliseconds until there is.
   *
   * @example
   * ```ts
   * import { assertEquals } from "@std/assert";
   * import { TokenBucket } from "./token_bucket.ts";
   *
   * const bucket = new TokenBucket(10, 1, 0);
   * assertEquals(bucket.wait(0), 0);
   * bucket.take();
   * assertEquals(bucket.wait(0), 100);
   * assertEquals(bucket.wait(100), 0);
   * ```
   */
  wait(now: number, amount = 1): number {
    const missing = amount - this.left(now);
    return missing > ROUNDING * amount ? Math.ceil(missing * 1000 / this.#rate) : 0;
  }

  /** Takes tokens. They must be there: see `wait`. */
  take(amount = 1): void {
    this.#tokens -= amount;
  }

  /** Gives back tokens that were taken and not used. */
  giveBack(amount = 1): void {
    this.#tokens = Math.min(this.#burst, this.#tokens + amount);
  }
}
