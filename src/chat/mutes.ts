/**
 * Mutes with a time limit: keeps the times, and unmutes hosts when theirs is over.
 *
 * The state of the chat has the muted hosts alone (`muted_hosts.ts`), so that no clock decides who may speak: the end of a
 * mute is a command like any other, given by the node that made the mute. A host is muted, not a nickname, which would be
 * changed in a moment.
 */
import type { Answer } from "./answer.ts";
import { type ExpiryClock, WALL_CLOCK } from "../util/trusted_clock.ts";
import { type MuteAction, MutedHosts } from "./muted_hosts.ts";

/** A muted host. */
export interface Mute {
  readonly host: string;
  /** When it ends, in milliseconds of the clock of {@linkcode Mutes.now}; Infinity for a mute without a time limit. */
  readonly until: number;
  readonly action: MuteAction | undefined;
}

/** Where mutes take effect. */
export interface MuteTarget {
  mute(host: string, action?: MuteAction): Answer<void>;
  /** @returns Whether the host was muted. */
  unmute(host: string): Answer<boolean>;
}

/** The muted hosts and when they are unmuted. */
export class Mutes {
  readonly #hosts: MutedHosts;
  readonly #target: MuteTarget;
  readonly #clock: ExpiryClock;
  readonly #ends = new Map<string, number>(); // by host; only mutes with a time limit
  #nextEnd = Infinity;

  /**
   * @param clock Its monotonic time ends mutes, so that a change of the system time does not.
   * @param hosts The muted hosts, to read.
   * @param target Changes them.
   */
  constructor(clock: ExpiryClock = WALL_CLOCK, hosts: MutedHosts = new MutedHosts(), target: MuteTarget = hosts) {
    this.#hosts = hosts;
    this.#target = target;
    this.#clock = clock;
  }

  /** The monotonic time, in milliseconds. */
  now(): number {
    return this.#clock.monotonic;
  }

  /** The muted hosts, in the order in which they were muted. */
  get all(): readonly Mute[] {
    this.expire();
    return [...this.#hosts].map(([host, action]) => ({ host, until: this.#ends.get(host) ?? Infinity, action }));
  }

  /** Whether a host is muted. Server operators may speak all the same. */
  has(host: string): boolean {
    this.expire();
    return this.#hosts.has(host);
  }

  /**
   * Mutes a host; replaces a mute that it has.
   *
   * @param until In milliseconds of the clock of `now`; Infinity for no time limit.
   */
  add(host: string, until: number, action?: MuteAction): Answer<void> {
    const muting = this.#target.mute(host, action);
    this.#ends.delete(host);
    if (until !== Infinity) this.#ends.set(host, until);
    // If the limit was reached, another host was unmuted for this one, and its end time is obsolete.
    for (const each of this.#ends.keys()) if (!this.#hosts.has(each)) this.#ends.delete(each);
    this.#schedule();
    return muting;
  }

  /** Unmutes a host. Returns whether it was muted. */
  remove(host: string): Answer<boolean> {
    this.expire();
    if (this.#ends.delete(host)) this.#schedule();
    return this.#target.unmute(host);
  }

  /** Unmutes the hosts whose time is over. Costs nothing while there are none. */
  expire(): void {
    if (this.#nextEnd === Infinity) return;
    const now = this.#clock.monotonic;
    if (now < this.#nextEnd) return;
    for (const [host, end] of this.#ends) {
      if (end > now) continue;
      this.#ends.delete(host);
      this.#target.unmute(host);
    }
    this.#schedule();
  }

  #schedule() {
    this.#nextEnd = Infinity;
    for (const end of this.#ends.values()) if (end < this.#nextEnd) this.#nextEnd = end;
  }
}
