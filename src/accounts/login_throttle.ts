/**
 * Limits wrong passwords by network, and shares out the time that trying passwords takes.
 *
 * Each network may be wrong so often at once, and then again as time passes; so may the wider networks around it, with
 * shares of their own. Most of that is reserved for connections that have not been wrong yet: a client that guesses uses up
 * what is for those that have, and the right password on another connection is looked at all the same, from the same
 * address too. A right password costs nothing, and forgives nothing.
 *
 * An account counts apart in the networks that it has been logged in from: what others do there, or everywhere, does not
 * keep its owner out. Derivations are done in turns of networks, every second one for such owners.
 */
import { networksOf } from "../util/address_ranges.ts";
import { FairQueue } from "../util/fair_queue.ts";
import { NetworkLimiter } from "../util/network_limiter.ts";

/** How often a client can be wrong before it is disconnected. */
export const FAILURES_MAX = 3;

/** How many wrong passwords of a network are looked at in `MISTAKES_TIME`, and how many at once. */
export const FAILURES_PER_TIME = 360;
export const FAILURES_BURST = 240;
export const FAILURES_TIME = 3600_000;

/** How many of these may be of connections that have been wrong before: the rest is for those that have not. */
export const REPEATED_FAILURES_BURST = 10;
const FIRST_RESERVE = 1 - REPEATED_FAILURES_BURST / FAILURES_BURST;

/**
 * How many times that the networks around it may be wrong together, the narrowest first. They are small: the networks of
 * 56 and 48 bits of IPv6 are what one customer has, and of IPv4, too, few who share one are wrong at the same time.
 */
export const FAILURE_SHARES: readonly number[] = [1, 1, 2, 8];

/** The most tries whose turn it is at a time: their derivations are done one by one. */
export const CONCURRENT_MAX = 2;

/** The most tries that wait for their turn. */
export const QUEUED_MAX = 500;

/**
 * How long one of them may wait, in milliseconds: well below what clients wait for an answer (WeeChat 15 seconds). Then
 * they are told to come back.
 */
export const QUEUE_TIME_MAX = 10_000;

/** The most networks that an account is remembered to be logged in from, and the most accounts of which that is. */
export const KNOWN_NETWORKS_MAX = 8;
export const KNOWN_MAX = 20_000;

/** How many lines a minute the log has of one network's wrong passwords, and of what else it is denied. */
export const LOGGED_MAX = 5;

/** The most networks of which it is remembered how many lines the log could not have. */
export const MISSED_MAX = 10_000;

const MINUTE = 60_000;

/** What came of a try. */
export type Verdict = "right" | "wrong" | RetryLater;

/** Nothing was tried. */
export interface RetryLater {
  /** How long to wait, in seconds. */
  readonly wait: number;
  /** Whether another connection need not wait: this one has been wrong before. */
  readonly reconnect: boolean;
}

/** A login attempt. */
export interface LoginAttempt {
  /** The account or operator whose password is tried, if it exists. */
  readonly owner?: string | undefined;
  /** Whether its connection has said a wrong password before. */
  readonly hasFailed?: boolean | undefined;
  /** Whether it takes no derivation, and so no turn. */
  readonly quick?: boolean | undefined;
}

/** When it is: not the wall clock, which may be set. */
export interface Clock {
  now(): number;
}

const CLOCK: Clock = { now: () => performance.now() };

/** See the head of this file. */
export class LoginThrottle {
  /** How many tries came to what. */
  readonly counts = { right: 0, wrong: 0, delayed: 0 };
  readonly #mistakes = new NetworkLimiter({ ...MISTAKES, shares: FAILURE_SHARES });
  readonly #ownMistakes = new NetworkLimiter({ ...MISTAKES, shares: [1] }); // by network and owner
  readonly #known = new Map<string, Set<string>>(); // networks by owner; of both, the one logged in longest ago first
  readonly #queue: FairQueue;
  readonly #logged: LogLimiter;
  readonly #clock: Clock;

  constructor(clock: Clock = CLOCK) {
    this.#clock = clock;
    this.#logged = new LogLimiter(LOGGED_MAX, MINUTE, clock);
    const now = () => clock.now();
    this.#queue = new FairQueue({ runningMax: CONCURRENT_MAX, waitingMax: QUEUED_MAX, time: QUEUE_TIME_MAX, now });
  }

  /** How many networks it remembers. */
  get size(): number {
    return this.#mistakes.size + this.#ownMistakes.size;
  }

  /**
   * Has a password tried, if its networks may be wrong once more.
   *
   * @param verify Whether it is right.
   * @throws {BusyError} if its turn does not come in time.
   */
  async try(address: string, verify: () => Promise<boolean>, what: LoginAttempt = {}): Promise<Verdict> {
    const networks = networksOf(address);
    const { owner, hasFailed = false, quick = false } = what;
    const known = owner !== undefined && this.#known.get(owner)?.has(networks[0]!) === true;
    const limiter = known ? this.#ownMistakes : this.#mistakes;
    const counted = known ? [`${networks[0]} ${owner}`] : networks;
    if (!limiter.take(counted, this.#clock.now(), 1, hasFailed ? FIRST_RESERVE : 0)) {
      this.counts.delayed++;
      return this.#later(limiter, counted, hasFailed);
    }
    let right;
    try {
      right = quick ? await verify() : await this.#queue.run(networks, verify, known);
    } catch (error) {
      limiter.giveBack(counted);
      throw error;
    }
    this.counts[right ? "right" : "wrong"]++;
    if (!right) return "wrong";
    limiter.giveBack(counted);
    if (owner !== undefined) this.know(owner, address);
    return "right";
  }

  /**
   * Does something else that takes a derivation, in its turn.
   *
   * @throws {BusyError} if that does not come in time.
   */
  inTurn<T>(address: string, task: () => Promise<T>): Promise<T> {
    return this.#queue.run(networksOf(address), task);
  }

  /** Remembers that an owner comes from there. */
  know(owner: string, address: string): void {
    const networks = this.#known.get(owner) ?? new Set();
    const [network = ""] = networksOf(address);
    for (const [set, key, max] of [[this.#known, owner, KNOWN_MAX], [networks, network, KNOWN_NETWORKS_MAX]] as const) {
      set.delete(key);
      if (set.size >= max) set.delete(set.keys().next().value!);
    }
    this.#known.set(owner, networks.add(network));
  }

  /**
   * Whether the log may have another line about a network, and how many it could not have before this one.
   *
   * @returns `undefined` if it may not.
   */
  mayLog(address: string): { readonly missed: number } | undefined {
    return this.#logged.take(networksOf(address));
  }

  #later(limiter: NetworkLimiter, networks: readonly string[], mistaken: boolean): RetryLater {
    const now = this.#clock.now();
    const first = limiter.wait(networks, now);
    const wait = mistaken ? limiter.wait(networks, now, 1, FIRST_RESERVE) : first;
    return { wait: Math.ceil(wait / 1000), reconnect: mistaken && first === 0 };
  }
}

const MISTAKES = { limit: FAILURES_PER_TIME, time: FAILURES_TIME, burst: FAILURES_BURST } as const;

/** How often something may happen for each network in a time, with what could not counted. */
export class LogLimiter {
  readonly #limiter: NetworkLimiter;
  readonly #clock: Clock;
  readonly #missed = new Map<string, number>(); // by network, the one that was refused last at the end

  /** @param most How often in `time` milliseconds. */
  constructor(most: number, time: number, clock: Clock = CLOCK) {
    this.#limiter = new NetworkLimiter({ limit: most, time });
    this.#clock = clock;
  }

  /** Takes one; returns how many could not be had before, or `undefined` when this one cannot. */
  take(networks: readonly string[]): { readonly missed: number } | undefined {
    const [network = ""] = networks;
    const missed = this.#missed.get(network) ?? 0;
    this.#missed.delete(network);
    if (this.#limiter.take(networks, this.#clock.now())) return { missed };
    if (this.#missed.size >= MISSED_MAX) this.#missed.delete(this.#missed.keys().next().value!);
    this.#missed.set(network, missed + 1);
    return undefined;
  }
}
