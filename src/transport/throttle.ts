/**
 * How fast a client may talk: a token bucket of lines.
 *
 * A client that sends faster is read more slowly; the kernel's buffers fill up and TCP slows the sender down. Nothing
 * is thrown away.
 */

/** How much of a token may be lost to rounding: who has waited as long as told gets one. */
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
   * @param now The time, in milliseconds, from the clock that `take` is given.
   */
  constructor(rate: number, burst: number, now: number) {
    this.#rate = rate;
    this.#burst = burst;
    this.#tokens = burst;
    this.#at = now;
  }

  /**
   * How long to wait for a token.
   *
   * @param now The time, in milliseconds.
   * @returns 0 if there is one, else the milliseconds until there is.
   *
   * @example
   * ```ts
   * import { assertEquals } from "@std/assert";
   * import { TokenBucket } from "./throttle.ts";
   *
   * const bucket = new TokenBucket(10, 1, 0);
   * assertEquals(bucket.wait(0), 0);
   * bucket.take();
   * assertEquals(bucket.wait(0), 100);
   * assertEquals(bucket.wait(100), 0);
   * ```
   */
  wait(now: number): number {
    // A clock that went back gives nothing, and takes nothing away.
    this.#tokens = Math.min(this.#burst, this.#tokens + Math.max(0, now - this.#at) * this.#rate / 1000);
    this.#at = now;
    return this.#tokens < 1 - ROUNDING ? Math.ceil((1 - this.#tokens) * 1000 / this.#rate) : 0;
  }

  /** Takes a token. There must be one: see `wait`. */
  take(): void {
    this.#tokens--;
  }
}
