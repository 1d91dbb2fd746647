/** A rate limiter (token bucket). */

/** Fraction of a token that rounding may lose, so that `wait` returns 0 after the time that it returned before. */
const ROUNDING = 1e-9;

/** A bucket that starts with `burst` tokens and gains `rate` tokens per second, up to `burst`. */
export class TokenBucket {
  readonly #rate: number;
  readonly #burst: number;
  #tokens: number;
  #at: number;

  /**
   * @param rate Tokens per second, above 0.
   * @param burst Maximum number of tokens, at least 1.
   * @param now The time in milliseconds, on the same clock as for the other methods.
   */
  constructor(rate: number, burst: number, now: number) {
    this.#rate = rate;
    this.#burst = burst;
    this.#tokens = burst;
    this.#at = now;
  }

  /** Returns the number of tokens. */
  available(now: number): number {
    // A clock that goes back neither adds nor removes tokens.
    this.#tokens = Math.min(this.#burst, this.#tokens + Math.max(0, now - this.#at) * this.#rate / 1000);
    this.#at = now;
    return this.#tokens;
  }

  /**
   * Returns the time until `amount` tokens are available.
   *
   * @param now The time in milliseconds.
   * @returns Milliseconds; 0 if they are available now.
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
    const missing = amount - this.available(now);
    return missing > ROUNDING * amount ? Math.ceil(missing * 1000 / this.#rate) : 0;
  }

  /** Takes tokens, which must be available: see `wait`. */
  take(amount = 1): void {
    this.#tokens -= amount;
  }

  /** Returns tokens that were not used. */
  refund(amount = 1): void {
    this.#tokens = Math.min(this.#burst, this.#tokens + amount);
  }
}
