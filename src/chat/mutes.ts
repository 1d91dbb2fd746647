/**
 * Mutes with a time limit: has hosts unmuted when theirs is over.
 *
 * Every node knows when a mute is to end (`muted_hosts.ts`), but no clock decides who may speak: the end of a mute is a
 * command like any other, given by the node on duty. A host is muted, not a nickname, which would be changed in a moment.
 */
import { type ExpiryClock, WALL_CLOCK } from "../util/trusted_clock.ts";
import { type Answer, settle } from "./answer.ts";
import { ChatError } from "./chat_error.ts";
import { type MuteAction, MutedHosts } from "./muted_hosts.ts";

/** After what time a host is unmuted again that is still muted, as the command was lost, in milliseconds. */
export const RETRY_TIME = 10_000;

/** A muted host. */
export interface Mute {
  readonly host: string;
  /** When it ends, in milliseconds of the clock of {@linkcode Mutes.now}; Infinity for a mute without a time limit. */
  readonly until: number;
  readonly action: MuteAction | undefined;
}

/** Where mutes take effect. */
export interface MuteTarget {
  /** @param until When it is to end, in milliseconds since 1970. */
  mute(host: string, until?: number, action?: MuteAction): Answer<void>;
  /**
   * @param until Unmutes the host only if its mute is to end at that time.
   * @returns Whether the host was muted.
   */
  unmute(host: string, until?: number): Answer<boolean>;
}

/** When a mute ends. */
interface End {
  /** As the nodes know it. */
  readonly until: number;
  /** By the monotonic clock of this process. */
  readonly at: number;
  /** When the host is to be unmuted: later than `at` if that was tried already. */
  due: number;
}

/** The muted hosts and when they are unmuted. */
export class Mutes {
  readonly #hosts: MutedHosts;
  readonly #target: MuteTarget;
  readonly #clock: ExpiryClock;
  readonly #isOnDuty: () => boolean;
  readonly #ends = new Map<string, End>(); // by host; only mutes with a time limit
  #version = 0; // of the hosts that `#ends` and `#nextDue` are made of
  #nextDue = Infinity;

  /**
   * @param clock Its monotonic time ends mutes, so that a change of the system time does not.
   * @param hosts The muted hosts, to read.
   * @param target Changes them.
   * @param isOnDuty Whether this node ends mutes.
   */
  constructor(
    clock: ExpiryClock = WALL_CLOCK,
    hosts: MutedHosts = new MutedHosts(),
    target: MuteTarget = hosts,
    isOnDuty: () => boolean = () => true,
  ) {
    this.#hosts = hosts;
    this.#target = target;
    this.#clock = clock;
    this.#isOnDuty = isOnDuty;
  }

  /** The monotonic time, in milliseconds. */
  now(): number {
    return this.#clock.monotonic;
  }

  /** The muted hosts, in the order in which they were muted. */
  get all(): readonly Mute[] {
    this.expire();
    return [...this.#hosts].map(([host, { action }]) => {
      return { host, until: this.#ends.get(host)?.at ?? Infinity, action };
    });
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
    this.expire();
    if (until === Infinity) return this.#target.mute(host, undefined, action);
    const known = Math.max(0, Math.ceil(this.#clock.now() + until - this.#clock.monotonic));
    this.#ends.set(host, { until: known, at: until, due: until }); // first: else it would be computed from `known`
    return this.#target.mute(host, known, action);
  }

  /** Unmutes a host. Returns whether it was muted. */
  remove(host: string): Answer<boolean> {
    this.expire();
    return this.#target.unmute(host);
  }

  /** Unmutes the hosts whose time is over, if this node is on duty. Costs nothing while there are none. */
  expire(): void {
    this.#follow();
    if (this.#nextDue === Infinity) return;
    const now = this.#clock.monotonic;
    if (now < this.#nextDue || !this.#isOnDuty()) return;
    for (const [host, end] of [...this.#ends]) {
      if (end.due > now) continue;
      end.due = now + RETRY_TIME;
      // Tried again, by this node or another one: the command that has caused the look must not fail with this one.
      settle(() => this.#target.unmute(host, end.until), (error) => error instanceof ChatError);
    }
    this.#version = -1; // also forgets the ends of mutes that were rejected
    this.#follow();
  }

  /** Follows changes of the muted hosts, which commands of all nodes make. */
  #follow() {
    if (this.#version === this.#hosts.version) return;
    this.#version = this.#hosts.version;
    const ended = new Set(this.#ends.keys());
    for (const [host, { until }] of this.#hosts) {
      if (until === undefined) continue;
      ended.delete(host);
      if (this.#ends.get(host)?.until === until) continue;
      const at = this.#clock.monotonic + until - this.#clock.now();
      this.#ends.set(host, { until, at, due: at });
    }
    for (const host of ended) this.#ends.delete(host);
    this.#schedule();
  }

  #schedule() {
    this.#nextDue = Infinity;
    for (const { due } of this.#ends.values()) if (due < this.#nextDue) this.#nextDue = due;
  }
}
