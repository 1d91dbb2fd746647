/** Limits how often members change nicknames, create rooms and try keys. Known to one node, not part of the state. */
import { NetworkLimiter } from "../util/network_limiter.ts";
import { TokenBucket } from "../util/token_bucket.ts";
import type { Member } from "./member.ts";

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;

/** How many wrong keys of a room one network may try in a minute … */
export const WRONG_KEYS_MAX = 10;

/** … how many at once, and how many of these may come from members that have tried a wrong one before. */
export const WRONG_KEYS_AT_ONCE = 60;
export const WRONG_KEYS_AGAIN = 10;

/** How many times that limit the networks around it have together, the narrowest first. */
export const WRONG_KEYS_SHARES: readonly number[] = [1, 1, 2, 8];

/** How many times the limit of one network for new rooms the networks around it have together, the narrowest first. */
export const ROOMS_MADE_SHARES: readonly number[] = [1, 2, 4, 16];

/** How many times the limit of one member for nickname changes the members of one network have together. */
export const RENAMES_SHARE = 10;

/** Counts by the monotonic clock. */
export class RateLimits {
  readonly #renames: number;
  readonly #renamesOf = new WeakMap<Member, TokenBucket>();
  readonly #renamesFrom: NetworkLimiter;
  readonly #rooms: NetworkLimiter;
  readonly #wrongKeys = new NetworkLimiter({ // by network and room
    limit: WRONG_KEYS_MAX,
    time: MINUTE,
    burst: WRONG_KEYS_AT_ONCE,
    shares: WRONG_KEYS_SHARES,
  });
  readonly #guessers = new WeakSet<Member>(); // members that have tried a wrong key

  /**
   * @param renames How often a member may change its nickname in a minute, or Infinity.
   * @param rooms How many rooms a network may create in an hour, or Infinity.
   */
  constructor(renames: number, rooms: number) {
    this.#renames = renames;
    this.#renamesFrom = new NetworkLimiter({ limit: RENAMES_SHARE * renames, time: MINUTE });
    this.#rooms = new NetworkLimiter({ limit: rooms, time: HOUR, shares: ROOMS_MADE_SHARES });
  }

  /** Counts a change of nickname, of which other members are told. Returns whether it is allowed. */
  takeRename(member: Member): boolean {
    if (this.#renames === Infinity) return true;
    const now = performance.now();
    let bucket = this.#renamesOf.get(member);
    if (bucket === undefined) {
      bucket = new TokenBucket(this.#renames * 1000 / MINUTE, this.#renames, now);
      this.#renamesOf.set(member, bucket);
    }
    if (bucket.wait(now) > 0 || !this.#renamesFrom.take(member.networks, now)) return false;
    bucket.take();
    return true;
  }

  /** Counts a new room. Returns whether it is allowed. */
  takeRoom(member: Member): boolean {
    return this.#rooms.take(member.networks, performance.now());
  }

  /**
   * Counts a key that a member tries, if it is wrong. Most of a network's limit is reserved for members that have not been
   * wrong before, so that a guesser does not lock out others of its network.
   *
   * @returns Whether it may be tried.
   */
  takeKey(member: Member, room: string, isRight: boolean): boolean {
    const networks = member.networks.map((name) => `${name} ${room}`);
    const reserve = this.#guessers.has(member) ? 1 - WRONG_KEYS_AGAIN / WRONG_KEYS_AT_ONCE : 0;
    if (!this.#wrongKeys.take(networks, performance.now(), 1, reserve)) return false;
    if (isRight) this.#wrongKeys.refund(networks);
    else this.#guessers.add(member);
    return true;
  }
}
