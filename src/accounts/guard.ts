/**
 * Keeps those who guess passwords from guessing many.
 *
 * It counts by network: an IPv4 address, or 64 bits of IPv6. Each network has one password tried at a time, and waits
 * the longer before the next the more were wrong; nobody else waits for it. As one customer can have 65,536 networks of
 * IPv6, those of 48 bits count as well, with more patience and for shorter: there all wait for each other, but not for
 * long. All that it remembers is bounded.
 */
import { network, widerNetwork } from "../networks.ts";
import { Queue } from "./password.ts";

/** How often a client can be wrong before it is disconnected. */
export const MISTAKES_MAX = 3;

/** How many wrong passwords of a network cost it nothing, and how many of a network of 48 bits. */
export const FREE_MISTAKES = 3;
export const FREE_MISTAKES_WIDER = 30;

/** How long the next one then waits, in milliseconds; twice as long after each more … */
export const DELAY = 1000;

/** … and no longer than this, or in a network of 48 bits, where others than the guesser may be. */
export const DELAY_MAX = 5 * 60_000;
export const DELAY_MAX_WIDER = 30_000;

/**
 * How long somebody is kept waiting, at the most: well below what clients wait for an answer (WeeChat 15 seconds). Where it
 * would be longer, they are told to come back.
 */
export const HOLD_MAX = 4000;

/** After how long without a wrong password a network's are forgotten. */
export const FORGET_TIME = 15 * 60_000;

/** The most networks that are remembered: beyond it, the one that has been quiet for longest is forgotten. */
export const NETWORKS_MAX = 10_000;

/** How many lines a minute the log has of one network's wrong passwords, and of what else it is denied. */
export const LOGGED_MAX = 5;

const MINUTE = 60_000;

/** What came of a try. */
export type Verdict = "right" | "wrong" | { readonly wait: number };

/** How patient one is with a network. */
interface Patience {
  /** How many wrong passwords cost it nothing. */
  readonly free: number;
  /** How long it waits at the most. */
  readonly most: number;
}

const PATIENCE: Patience = { free: FREE_MISTAKES, most: DELAY_MAX };
const PATIENCE_WIDER: Patience = { free: FREE_MISTAKES_WIDER, most: DELAY_MAX_WIDER };

/** What is known of a network. */
interface Suspect {
  wrong: number;
  /** When the last one was, and when the next may be tried. */
  at: number;
  ready: number;
  /** One after the other. */
  readonly tries: Queue;
  pending: number;
}

/** When it is, and how to wait: not the wall clock, which may be set. */
export interface Clock {
  now(): number;
  wait(milliseconds: number): Promise<void>;
}

const CLOCK: Clock = {
  now: () => performance.now(),
  wait: (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds)),
};

/** See the head of this file. */
export class Guard {
  /** How many tries came to what. */
  readonly counts = { right: 0, wrong: 0, delayed: 0 };
  readonly #suspects = new Map<string, Suspect>(); // the one that has been quiet for longest first
  readonly #logged: Allowance;
  readonly #clock: Clock;

  constructor(clock: Clock = CLOCK) {
    this.#clock = clock;
    this.#logged = new Allowance(LOGGED_MAX, MINUTE, clock);
  }

  /** How many networks it remembers. */
  get size(): number {
    return this.#suspects.size;
  }

  /**
   * Has a password tried, if it may be by now.
   *
   * @param verify Whether it is right.
   * @returns What came of it; `wait` is in seconds, and nothing was tried then.
   */
  async try(address: string, verify: () => Promise<boolean>): Promise<Verdict> {
    const key = network(address);
    const isIPv6 = key.includes(":");
    const verdict = await this.#in(key, PATIENCE, async () => {
      const attempt = async () => await verify() ? "right" : "wrong";
      return isIPv6 ? await this.#in(widerNetwork(address), PATIENCE_WIDER, attempt) : await attempt();
    });
    this.counts[typeof verdict === "string" ? verdict : "delayed"]++;
    return verdict;
  }

  /**
   * Whether the log may have another line about a network, and how many it could not have before this one.
   *
   * @returns `undefined` if it may not.
   */
  mayLog(address: string): { readonly missed: number } | undefined {
    return this.#logged.take(network(address));
  }

  /** Tries when a network may, and has it wait longer for the next time if that was wrong. */
  async #in(key: string, patience: Patience, attempt: () => Promise<Verdict>): Promise<Verdict> {
    const suspect = this.#suspect(key);
    suspect.pending++;
    try {
      return await suspect.tries.run(() => this.#try(key, suspect, patience, attempt));
    } finally {
      suspect.pending--;
      if (suspect.pending === 0 && suspect.wrong === 0) this.#suspects.delete(key);
    }
  }

  async #try(
    key: string,
    suspect: Suspect,
    { free, most }: Patience,
    attempt: () => Promise<Verdict>,
  ): Promise<Verdict> {
    const delay = suspect.ready - this.#clock.now();
    if (delay > HOLD_MAX) return { wait: Math.ceil(delay / 1000) };
    if (delay > 0) await this.#clock.wait(delay);
    const verdict = await attempt();
    if (verdict !== "wrong") return verdict; // being right forgives nothing: one's own password would open the way to others'
    const now = this.#clock.now();
    suspect.wrong = now - suspect.at > FORGET_TIME ? 1 : suspect.wrong + 1;
    suspect.at = now;
    const more = suspect.wrong - free;
    suspect.ready = more < 0 ? now : now + Math.min(DELAY * 2 ** more, most);
    this.#suspects.delete(key);
    this.#suspects.set(key, suspect); // the last one now
    return verdict;
  }

  #suspect(key: string): Suspect {
    const known = this.#suspects.get(key);
    if (known !== undefined) return known;
    if (this.#suspects.size >= NETWORKS_MAX) this.#forgetOne();
    const suspect = { wrong: 0, at: 0, ready: 0, tries: new Queue(Infinity), pending: 0 };
    this.#suspects.set(key, suspect);
    return suspect;
  }

  /** Forgets the one that has been quiet for longest, of those for whom nobody waits: there are as many of these as clients. */
  #forgetOne() {
    for (const [key, { pending }] of this.#suspects) {
      if (pending === 0) return void this.#suspects.delete(key);
    }
  }
}

/** How often something may happen for each network in a time. */
export class Allowance {
  readonly #most: number;
  readonly #time: number;
  readonly #clock: Pick<Clock, "now">;
  #used = new Map<string, { count: number; since: number; missed: number }>();

  /** @param most How often in `time` milliseconds. */
  constructor(most: number, time: number, clock: Pick<Clock, "now"> = CLOCK) {
    this.#most = most;
    this.#time = time;
    this.#clock = clock;
  }

  /** Takes one; returns how many could not be had before, or `undefined` when this one cannot. */
  take(key: string): { readonly missed: number } | undefined {
    const now = this.#clock.now();
    let used = this.#used.get(key);
    if (used === undefined || now - used.since >= this.#time) {
      const missed = used?.missed ?? 0;
      this.#used.delete(key);
      if (this.#used.size >= NETWORKS_MAX) this.#used.delete(this.#used.keys().next().value!);
      used = { count: 0, since: now, missed };
      this.#used.set(key, used);
    }
    if (used.count >= this.#most) {
      used.missed++;
      return undefined;
    }
    used.count++;
    const { missed } = used;
    used.missed = 0;
    return { missed };
  }
}
