/**
 * Limits how many characters each network and each account may have stored.
 *
 * A team behind one address does not reach the limit. A client near it is read more slowly first, so that a long paste
 * arrives whole; beyond it, lines are rejected. Members of a network at its limit still have a small share each, so that a
 * flood does not silence the others at the same address.
 */
import { NetworkLimiter } from "../util/network_limiter.ts";
import { TokenBucket } from "../util/token_bucket.ts";
import { ChatError } from "./chat_error.ts";
import type { Member, Session } from "./member.ts";
import { fold } from "./names.ts";

/** The characters that a network or an account may have stored per minute, and at once, by default. */
export const STORAGE_RATE = 2 ** 20;
export const STORAGE_BURST = 8 * 2 ** 20;

/** The longest pause in reading from a client before its lines are rejected, in milliseconds. */
export const PAUSE_MAX = 5000;

/** What a line costs beside its text and tags, in characters: its author, id and time. */
const LINE_COST = 150;

/** The credit that a member gets at a time, so that the networks are not checked for each line. */
const CHUNK = 16_384;

/** The most characters that a member may have stored at once of its share, when its network has reached the limit. */
const SHARE_BURST = 1024;

const MINUTE = 60_000;

/** The limits. */
export interface StorageLimits {
  /** Characters a minute; Infinity for no limit. */
  readonly rate: number;
  /** How many members share the limit of a network: the most connections that it can have. */
  readonly members: number;
}

/** Counts stored characters. All times are monotonic, in milliseconds. */
export class StorageLimit {
  readonly #unlimited: boolean;
  readonly #memberRate: number;
  readonly #networks: NetworkLimiter;
  readonly #accounts: NetworkLimiter;
  readonly #shared: NetworkLimiter; // shares of members beyond the limit of their network
  /** The part of each limit, 0 to 1, below which clients are paused. */
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
   * Counts a line, and pauses reading from the client near the limit.
   *
   * @param from The session that has said it.
   * @param where For the error.
   * @param characters Of text and tags.
   * @throws {ChatError} `stored-too-much`
   */
  require(member: Member, from: Session | undefined, where: string, characters: number): void {
    if (this.spend(member, characters)) return; // without a look at the clock
    const pause = this.take(member, characters, performance.now());
    if (pause === undefined) throw new ChatError("stored-too-much", where);
    if (pause > 0) from?.outlet.pause?.(pause);
  }

  /**
   * Counts a line of a client that may not store another one soon: no credit is left over.
   *
   * @throws {ChatError} `stored-too-much`
   */
  requireOnce(client: Member, where: string, characters: number): void {
    if (this.#unlimited || this.#takeBoth(client, characters + LINE_COST, performance.now())) return;
    throw new ChatError("stored-too-much", where);
  }

  /**
   * Counts a line.
   *
   * @param characters Of text and tags.
   * @returns How long to pause reading from the client, in milliseconds; `undefined` if the line must be rejected.
   */
  take(member: Member, characters: number, now: number): number | undefined {
    if (this.spend(member, characters)) return 0;
    const cost = characters + LINE_COST;
    for (const amount of cost < CHUNK ? [CHUNK, cost] : [cost]) {
      if (!this.#takeBoth(member, amount, now)) continue;
      member.storageCredit += amount - cost;
      const reserve = this.#reserve;
      const networks = this.#networks.wait(member.networks, now, 0, reserve);
      return Math.max(networks, this.#accounts.wait(accountsOf(member), now, 0, reserve));
    }
    return this.#takeShare(member, cost, now) ? 0 : undefined;
  }

  /** Counts a line against the credit of its author. Returns whether that was enough, as it is for nearly all lines. */
  spend(member: Member, characters: number): boolean {
    if (this.#unlimited) return true;
    const left = member.storageCredit - characters - LINE_COST;
    if (left >= 0) member.storageCredit = left;
    return left >= 0;
  }

  /** Counts an amount for the networks and the account of a member. Returns whether the limits of both allow it. */
  #takeBoth(member: Member, amount: number, now: number): boolean {
    const accounts = accountsOf(member);
    if (!this.#accounts.take(accounts, now, amount)) return false;
    if (this.#networks.take(member.networks, now, amount)) return true;
    this.#accounts.refund(accounts, amount);
    return false;
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

/** The accounts that a member counts in: its own, if it is logged in. */
function accountsOf({ account }: Member): string[] {
  return account === undefined ? [] : [fold(account)];
}
