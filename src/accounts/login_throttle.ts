/**
 * Rate-limits failed logins by network, and schedules password checks fairly.
 *
 * Each network may fail a number of times at once, and then more as time passes; so may the wider networks around it, with
 * limits of their own. Most of the limit is reserved for connections that have not failed yet: a client that guesses uses
 * up the share of connections that have, and the right password on another connection is still checked, from the same
 * address too. A successful login does not count, and does not reset the count.
 *
 * An account has a count of its own in each network from which it has logged in before, so that guesses by others, there
 * or elsewhere, do not lock out its owner. Networks take turns for key derivations; every second one is reserved for such
 * owners.
 */
import { LINES_PER_MINUTE, LogLimiter } from "../monitoring/log_limiter.ts";
import { networksOf } from "../util/address_ranges.ts";
import { FairQueue } from "../util/fair_queue.ts";
import { type NetworkLimit, NetworkLimiter } from "../util/network_limiter.ts";

/** How many wrong passwords from one network are checked in `FAILURES_TIME` (in milliseconds), and how many at once. */
export const FAILURES_PER_TIME = 360;
export const FAILURES_BURST = 240;
export const FAILURES_TIME = 3600_000;

/** How many of the latter may come from connections that have failed before; the rest is reserved for those that have not. */
export const REPEATED_FAILURES_BURST = 10;
const FIRST_RESERVE = 1 - REPEATED_FAILURES_BURST / FAILURES_BURST;

/**
 * The limits of the networks around one, as multiples of its own, the narrowest first. They are small: an IPv6 /56 or /48
 * belongs to one customer, and few clients of an IPv4 network fail at the same time.
 */
export const FAILURE_SHARES: readonly number[] = [1, 1, 2, 8];

/** How many logins are checked at a time. Their key derivations run one after another. */
export const CONCURRENT_MAX = 2;

/** How many logins may wait. */
export const QUEUED_MAX = 500;

/**
 * How long a login may wait, in milliseconds, before it fails with a `BusyError`: well below the time that clients wait for
 * a reply (WeeChat: 15 seconds).
 */
export const QUEUE_TIME_MAX = 10_000;

/** How many networks of an account are remembered, and of how many accounts. */
export const KNOWN_NETWORKS_MAX = 8;
export const KNOWN_MAX = 20_000;

/** The outcome of a login attempt. */
export type Verdict = "right" | "wrong" | RetryLater;

/** The password was not checked: there were too many wrong ones. */
export interface RetryLater {
  /** How long to wait, in seconds. */
  readonly wait: number;
  /** Whether a new connection would not have to wait: this one has failed before. */
  readonly reconnect: boolean;
}

/** A login attempt. */
export interface LoginAttempt {
  /** The account or operator whose password is checked, if it exists. */
  readonly owner?: string | undefined;
  /** Whether the connection has sent a wrong password before. */
  readonly hasFailed?: boolean | undefined;
  /** Whether the check needs no key derivation: then it does not wait. */
  readonly quick?: boolean | undefined;
}

/** A monotonic clock, in milliseconds. */
export interface Clock {
  now(): number;
}

const FAILURE_LIMIT: NetworkLimit = { limit: FAILURES_PER_TIME, time: FAILURES_TIME, burst: FAILURES_BURST };

/** Counts failed logins and decides whether the next password is checked. */
export class LoginThrottle {
  /** How many attempts had which outcome. */
  readonly counts = { right: 0, wrong: 0, delayed: 0 };
  readonly #failures = new NetworkLimiter({ ...FAILURE_LIMIT, shares: FAILURE_SHARES });
  readonly #ownerFailures = new NetworkLimiter({ ...FAILURE_LIMIT, shares: [1] }); // by network and owner
  readonly #known = new Map<string, Set<string>>(); // networks by owner; in both, the least recent login comes first
  readonly #queue: FairQueue;
  readonly #logLimiter: LogLimiter;
  readonly #clock: Clock;

  constructor(clock: Clock = performance) {
    this.#clock = clock;
    this.#logLimiter = new LogLimiter(LINES_PER_MINUTE, 60_000, clock);
    const now = () => clock.now();
    this.#queue = new FairQueue({ runningMax: CONCURRENT_MAX, waitingMax: QUEUED_MAX, time: QUEUE_TIME_MAX, now });
  }

  /** How many networks are remembered. */
  get size(): number {
    return this.#failures.size + this.#ownerFailures.size;
  }

  /**
   * Checks a password, unless the networks of the address have reached their limit of failures. An attempt whose check
   * throws does not count.
   *
   * @param verify Resolves to whether the password is right.
   * @throws {BusyError} if the attempt had to wait for too long, or too many wait.
   */
  async try(address: string, verify: () => Promise<boolean>, attempt: LoginAttempt = {}): Promise<Verdict> {
    const networks = networksOf(address);
    const { owner, hasFailed = false, quick = false } = attempt;
    const known = owner !== undefined && this.#known.get(owner)?.has(networks[0]!) === true;
    const limiter = known ? this.#ownerFailures : this.#failures;
    const counted = known ? [`${networks[0]} ${owner}`] : networks;
    if (!limiter.take(counted, this.#clock.now(), 1, hasFailed ? FIRST_RESERVE : 0)) {
      this.counts.delayed++;
      return this.#retryLater(limiter, counted, hasFailed);
    }
    let right;
    try {
      right = quick ? await verify() : await this.#queue.run(networks, verify, known);
    } catch (error) {
      limiter.refund(counted);
      throw error;
    }
    this.counts[right ? "right" : "wrong"]++;
    if (!right) return "wrong";
    limiter.refund(counted);
    if (owner !== undefined) this.rememberNetwork(owner, address);
    return "right";
  }

  /**
   * Runs another task that derives keys, in the same queue as the checks of passwords.
   *
   * @throws {BusyError} as `try`.
   */
  schedule<T>(address: string, task: () => Promise<T>): Promise<T> {
    return this.#queue.run(networksOf(address), task);
  }

  /** Remembers that an account or operator logs in from the network of an address. */
  rememberNetwork(owner: string, address: string): void {
    const networks = this.#known.get(owner) ?? new Set();
    const [network = ""] = networksOf(address);
    for (const [set, key, max] of [[this.#known, owner, KNOWN_MAX], [networks, network, KNOWN_NETWORKS_MAX]] as const) {
      set.delete(key);
      if (set.size >= max) set.delete(set.keys().next().value!);
    }
    this.#known.set(owner, networks.add(network));
  }

  /** Decides whether a line about a client may be logged: see `LogLimiter.take`. */
  mayLog(address: string): { readonly missed: number } | undefined {
    return this.#logLimiter.take(networksOf(address));
  }

  #retryLater(limiter: NetworkLimiter, networks: readonly string[], hasFailed: boolean): RetryLater {
    const now = this.#clock.now();
    const first = limiter.wait(networks, now);
    const wait = hasFailed ? limiter.wait(networks, now, 1, FIRST_RESERVE) : first;
    return { wait: Math.ceil(wait / 1000), reconnect: hasFailed && first === 0 };
  }
}
