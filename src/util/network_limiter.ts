/**
 * Limits how often, or how much, each network does something, and the wider networks around it.
 *
 * A limit for one address, or for 64 bits of IPv6, is none for a client that has many of them. So each network counts in
 * the wider ones as well (`networksOf` in `address_ranges.ts` names them), which may do a multiple of what one may: its share.
 *
 * What is remembered is bounded at each level of networks. Where there is no room for another network, those are forgotten
 * that have most of their limit left: a client cannot have its own count forgotten by making others be remembered.
 */
import { TokenBucket } from "./token_bucket.ts";

/**
 * How many times the limit of one network the networks around it have together, the narrowest first: an IPv4 address,
 * and its networks of 28, 24 and 16 bits; a network of 64 bits of IPv6, and those of 56, 48 and 32 bits.
 */
export const SHARES: readonly number[] = [1, 4, 16, 64];

/** The most networks of one level that a limiter remembers. */
export const NETWORKS_MAX = 10_000;

/** What part of the networks of a level is forgotten at a time: to find them takes a look at each. */
const FORGOTTEN = 1 / 4;

/** What a limiter allows. */
export interface NetworkLimit {
  /** How often, or how much, one network may do it in `time`, and at once; Infinity for no limit. */
  readonly limit: number;
  /** In milliseconds. */
  readonly time: number;
  /** How much it may do at once, if that is not `limit`. */
  readonly burst?: number;
  /** {@linkcode SHARES}, unless it is given. */
  readonly shares?: readonly number[];
  /** {@linkcode NETWORKS_MAX}, unless it is given. */
  readonly networksMax?: number;
}

/** The buckets of all networks of one width. */
interface Level {
  readonly rate: number;
  readonly burst: number;
  readonly buckets: Map<string, TokenBucket>;
}

/** See the head of this file. All times are of a monotonic clock, in milliseconds. */
export class NetworkLimiter {
  readonly #levels: readonly Level[];
  readonly #max: number;
  readonly #unlimited: boolean;

  constructor({ limit, time, burst = limit, shares = SHARES, networksMax = NETWORKS_MAX }: NetworkLimit) {
    this.#unlimited = limit === Infinity;
    this.#max = networksMax;
    this.#levels = shares.map((share) => ({
      rate: share * limit * 1000 / time,
      burst: share * burst,
      buckets: new Map(),
    }));
  }

  /** How many networks are remembered, of all levels. */
  get size(): number {
    return this.#levels.reduce((sum, { buckets }) => sum + buckets.size, 0);
  }

  /**
   * Does it once more, or so much of it, if that is within the limits of all networks; counts nothing if it is not.
   *
   * @param networks The client's, the narrowest first; no more of them count than there are shares.
   * @param reserve What part of each limit has to be left afterwards, 0 to 1: what is less important stops earlier.
   * @returns Whether it may be done.
   *
   * @example
   * ```ts
   * import { assert } from "@std/assert";
   * import { NetworkLimiter } from "./network_limiter.ts";
   *
   * const limiter = new NetworkLimiter({ limit: 1, time: 1000, shares: [1, 2] });
   * assert(limiter.take(["2001:db8:0:0", "2001:db8:0"], 0));
   * assert(!limiter.take(["2001:db8:0:0", "2001:db8:0"], 0));
   * assert(limiter.take(["2001:db8:0:1", "2001:db8:0"], 0));
   * assert(!limiter.take(["2001:db8:0:2", "2001:db8:0"], 0));
   * ```
   */
  take(networks: readonly string[], now: number, amount = 1, reserve = 0): boolean {
    if (this.#unlimited) return true;
    if (this.wait(networks, now, amount, reserve) > 0) return false;
    for (const [i, level] of this.#levels.entries()) {
      const name = networks[i];
      if (name === undefined) break;
      let bucket = level.buckets.get(name);
      if (bucket === undefined) {
        if (level.buckets.size >= this.#max) forget(level, now);
        bucket = new TokenBucket(level.rate, level.burst, now);
        level.buckets.set(name, bucket);
      }
      bucket.take(amount);
    }
    return true;
  }

  /** Takes back what was counted and has not been done. */
  giveBack(networks: readonly string[], amount = 1): void {
    for (const [i, { buckets }] of this.#levels.entries()) buckets.get(networks[i] ?? "")?.giveBack(amount);
  }

  /**
   * How long to wait until `take` would count, in milliseconds; 0 if it would now, Infinity if it never will.
   *
   * @param amount As for `take`.
   * @param reserve Likewise.
   */
  wait(networks: readonly string[], now: number, amount = 1, reserve = 0): number {
    if (this.#unlimited) return 0;
    let longest = 0;
    for (let i = 0; i < this.#levels.length && i < networks.length; i++) {
      const { burst, buckets } = this.#levels[i]!;
      const needed = amount + reserve * burst;
      if (needed > burst) return Infinity;
      longest = Math.max(longest, buckets.get(networks[i]!)?.wait(now, needed) ?? 0);
    }
    return longest;
  }

  /** What part of its limit is left to a client's networks, 0 to 1: to the one that has least left. */
  left(networks: readonly string[], now: number): number {
    if (this.#unlimited) return 1;
    let least = 1;
    for (const [i, { burst, buckets }] of this.#levels.entries()) {
      const bucket = buckets.get(networks[i] ?? "");
      if (bucket !== undefined) least = Math.min(least, bucket.left(now) / burst);
    }
    return least;
  }
}

/** Forgets the networks that have most of their limit left, among them all that have all of it. */
function forget({ burst, buckets }: Level, now: number) {
  const left = Float64Array.from(buckets.values(), (bucket) => bucket.left(now)).sort();
  const least = Math.min(burst, left[Math.floor(left.length * (1 - FORGOTTEN))]!);
  let surplus = Math.ceil(left.length * FORGOTTEN); // many may have as much left as the last one of them
  for (const [name, bucket] of buckets) {
    const tokens = bucket.left(now);
    if (tokens < burst && (tokens < least || surplus <= 0)) continue;
    surplus--;
    buckets.delete(name);
  }
}
