/**
 * How often something may be done: so many times at once, and so many in a while again.
 */

/** See the head of this file. Bounded by what it counts: one for each who is counted. */
export class Pace {
  readonly #most: number;
  readonly #while: number;
  #left: number;
  #at: number;

  /**
   * @param most How many times; Infinity for as often as one likes.
   * @param time In how long, in milliseconds.
   * @param now The time, in milliseconds, on a clock that is never set.
   */
  constructor(most: number, time: number, now: number) {
    this.#most = most;
    this.#while = time;
    this.#left = most;
    this.#at = now;
  }

  /** Does it once more, if that is not too often; returns whether it is not. */
  take(now: number): boolean {
    if (this.#most === Infinity) return true;
    this.#left = Math.min(this.#most, this.#left + Math.max(0, now - this.#at) * this.#most / this.#while);
    this.#at = now;
    if (this.#left < 1) return false;
    this.#left--;
    return true;
  }

  /** Whether it could be done once more. */
  mayGoOn(now: number): boolean {
    return this.#left + Math.max(0, now - this.#at) * this.#most / this.#while >= 1;
  }

  /** Whether it is as if nothing had been done for long. */
  rested(now: number): boolean {
    return this.#left + Math.max(0, now - this.#at) * this.#most / this.#while >= this.#most;
  }
}

/** A pace for each of many, such as addresses: no more of them are remembered than there may be. */
export class Paces {
  readonly #most: number;
  readonly #time: number;
  readonly #max: number;
  readonly #paces = new Map<string, Pace>();

  /** @param max How many are remembered; then those forget first who were here first. */
  constructor(most: number, time: number, max: number) {
    this.#most = most;
    this.#time = time;
    this.#max = max;
  }

  /** How many are remembered. */
  get size(): number {
    return this.#paces.size;
  }

  /** Somebody does it once more, if that is not too often; returns whether it is not. */
  take(who: string, now: number): boolean {
    let pace = this.#paces.get(who);
    if (pace === undefined) {
      if (this.#paces.size >= this.#max) this.#forget(now);
      pace = new Pace(this.#most, this.#time, now);
      this.#paces.set(who, pace);
    }
    return pace.take(now);
  }

  /** Whether somebody could do it once more. */
  mayGoOn(who: string, now: number): boolean {
    return this.#paces.get(who)?.mayGoOn(now) ?? true;
  }

  #forget(now: number) {
    for (const [who, pace] of this.#paces) if (pace.rested(now)) this.#paces.delete(who);
    for (const who of this.#paces.keys()) {
      if (this.#paces.size < this.#max) return;
      this.#paces.delete(who);
    }
  }
}
