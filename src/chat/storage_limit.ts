/**
 * Limits how much each network, and each account, has stored.
 *
 * A team behind one address never reaches the limit. A client that does is read more slowly first, so that a long paste
 * arrives whole; lines of a flood that goes on all the same are refused. Where a network has reached its limit, each of its
 * members may still have a share stored: a flood does not silence others at the same address.
 */
import { NetworkLimiter } from "../util/network_limiter.ts";
import { TokenBucket } from "../util/token_bucket.ts";
import type { Member } from "./member.ts";

/** How many characters one network may have stored in a minute, and at once, by default; and one account. */
export const STORAGE_RATE = 2 ** 20;
export const STORAGE_BURST = 8 * 2 ** 20;

/** How long a client is not read at the most before what it says is refused, in milliseconds. */
export const PAUSE_MAX = 5000;

/** What a line counts for beside its text and its tags: who said it, and when. */
const LINE_COST = 150;

/** How much a member gets at a time, so that not each line has to look at all networks. */
const CHUNK = 16_384;

/** The most that a member may have stored at once of its own share, where its network has reached its limit. */
const SHARE_BURST = 1024;

/** How long a minute is, in milliseconds. */
const MINUTE = 60_000;

/** What it takes to limit that. */
export interface StorageLimits {
  /** Characters a minute; Infinity for no limit. */
  readonly rate: number;
  /** How many members share the limit of one network, at least: the most connections that it can have. */
  readonly members: number;
}

/** See the head of this file. All times are of a monotonic clock, in milliseconds. */
export class StorageLimit {
  readonly #unlimited: boolean;
  readonly #memberRate: number;
  readonly #networks: NetworkLimiter;
  readonly #accounts: NetworkLimiter;
  readonly #shared: NetworkLimiter; // what is stored beyond the limit of a network, by members of their own shares
  /** What part of each limit is the last one: who takes from that is paused. */
  readonly #reserve: number;
  readonly #members = new WeakMap<Member, TokenBucket>();

  constructor({ rate, members }: StorageLimits) {
    const burst = rate * STORAGE_BURST / STORAGE_RATE;
    const limit = { limit: rate, time: MINUTE, burst };
    this.#unlimited = rate === Infinity;
    this.#memberRate = rate / MINUTE * 1000 / members;
    this.#networks = new NetworkLimiter(limit);
    this.#accounts = new NetworkLimiter({ ...limit, shares: [1] });
    this.#shared = new NetworkLimiter({ ...limit, burst: members * SHARE_BURST });
    this.#reserve = rate * PAUSE_MAX / MINUTE / burst;
  }

  /**
   * Has a member store something, if that is not too much.
   *
   * @param characters Of text and tags.
   * @returns For how long the client should not be read, in milliseconds; `undefined` if it is too much.
   */
  take(member: Member, characters: number, now: number): number | undefined {
    if (this.spend(member, characters)) return 0;
    const cost = characters + LINE_COST;
    const { networks, account } = member;
    const accounts = account === undefined ? [] : [account.toLowerCase()];
    for (const amount of cost < CHUNK ? [CHUNK, cost] : [cost]) {
      if (!this.#accounts.take(accounts, now, amount)) continue;
      if (this.#networks.take(networks, now, amount)) {
        member.storageCredit += amount - cost;
        const reserve = this.#reserve;
        return Math.max(this.#networks.wait(networks, now, 0, reserve), this.#accounts.wait(accounts, now, 0, reserve));
      }
      this.#accounts.giveBack(accounts, amount);
    }
    return this.#takeShare(member, cost, now) ? 0 : undefined;
  }

  /** Has a member store something that was counted before; returns whether enough was. For nearly all lines, it was. */
  spend(member: Member, characters: number): boolean {
    if (this.#unlimited) return true;
    const left = member.storageCredit - characters - LINE_COST;
    if (left >= 0) member.storageCredit = left;
    return left >= 0;
  }

  #takeShare(member: Member, cost: number, now: number): boolean {
    let bucket = this.#members.get(member);
    if (bucket === undefined) {
      bucket = new TokenBucket(this.#memberRate, SHARE_BURST, now);
      this.#members.set(member, bucket);
    }
    if (bucket.wait(now, cost) > 0 || !this.#shared.take(member.networks, now, cost)) return false;
    bucket.take(cost);
    return true;
  }
}
