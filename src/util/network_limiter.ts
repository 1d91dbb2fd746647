/**
 * A rate limiter per client network and the wider networks around it.
 *
 * A limit per address, or per 64 bits of IPv6, does not stop a client that has many of them. So each event counts for the
 * wider networks as well (those of `networksOf` in `address_ranges.ts`), whose limit is a multiple, the share.
 *
 * The number of networks stored is limited at each level. When it is reached, networks with the most of their limit left
 * are removed: a client cannot reset its own count by filling the table.
 */
import { TokenBucket } from "./token_bucket.ts";

/**
 * The limit of each level as a multiple of that of the narrowest, narrowest first: an IPv4 address and its networks of 28,
 * 24 and 16 bits; an IPv6 network of 64 bits and those of 56, 48 and 32 bits.
 */
export const SHARES: readonly number[] = [1, 4, 16, 64];

/** Default maximum number of networks stored per level. */
export const NETWORKS_MAX = 10_000;

/** Fraction of the networks of a level that is removed at a time, as finding them takes a pass over all. */
const REMOVED = 1 / 4;

/** Limits of a limiter. */
export interface NetworkLimit {
  /** Amount per `time` for one network; Infinity for no limit. */
  readonly limit: number;
  /** The period of `limit` in milliseconds. */
  readonly time: number;
  /** Maximum amount at once. Default: `limit`. */
  readonly burst?: number;
  /** Default: {@linkcode SHARES}. */
  readonly shares?: readonly number[];
  /** Default: {@linkcode NETWORKS_MAX}. */
  readonly networksMax?: number;
}

/** The token buckets of all networks of one level. */
interface Level {
  readonly rate: number;
  readonly burst: number;
  readonly buckets: Map<string, TokenBucket>;
}

/** A rate limiter per network. All times are in milliseconds on a monotonic clock. */
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

  /** Number of networks stored, at all levels. */
  get size(): number {
    return this.#levels.reduce((sum, { buckets }) => sum + buckets.size, 0);
  }

  /**
   * Counts `amount` for all networks if that is within the limits of each; otherwise counts nothing.
   *
   * @param networks The networks of the client, narrowest first; those beyond the number of shares are ignored.
   * @param reserve Fraction of each limit that must remain afterwards, 0 to 1, so that less important work stops earlier.
   * @returns Whether the limits allow it.
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
        if (level.buckets.size >= this.#max) removeFullest(level, now);
        bucket = new TokenBucket(level.rate, level.burst, now);
        level.buckets.set(name, bucket);
      }
      bucket.take(amount);
    }
    return true;
  }

  /** Returns an amount that was counted and not used. */
  refund(networks: readonly string[], amount = 1): void {
    for (const [i, { buckets }] of this.#levels.entries()) buckets.get(networks[i] ?? "")?.refund(amount);
  }

  /**
   * Returns the time until `take` with the same arguments would succeed, in milliseconds; Infinity if it never will.
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

  /** Returns the smallest fraction of the limit, 0 to 1, that is left to one of the networks. */
  left(networks: readonly string[], now: number): number {
    if (this.#unlimited) return 1;
    let least = 1;
    for (const [i, { burst, buckets }] of this.#levels.entries()) {
      const bucket = buckets.get(networks[i] ?? "");
      if (bucket !== undefined) least = Math.min(least, bucket.available(now) / burst);
    }
    return least;
  }
}

/** Removes the networks with the most of their limit left, among them all that have not used it. */
function removeFullest({ burst, buckets }: Level, now: number) {
  const left = Float64Array.from(buckets.values(), (bucket) => bucket.available(now)).sort();
  const least = Math.min(burst, left[Math.floor(left.length * (1 - REMOVED))]!);
  let surplus = Math.ceil(left.length * REMOVED); // several may have exactly `least` left
  for (const [name, bucket] of buckets) {
    const tokens = bucket.available(now);
    if (tokens < burst && (tokens < least || surplus <= 0)) continue;
    surplus--;
    buckets.delete(name);
  }
}
