/**
 * Who may read and say nothing, anywhere: hosts that server operators have muted, for a time or until the end.
 *
 * It is a host, not a name, since another name is had in a moment.
 */

import { type ExpiryClock, WALL_CLOCK } from "../util/trusted_clock.ts";

/** The most hosts that can be muted at a time; the one muted first may speak again when there is another. */
export const MUTES_MAX = 1000;

/** Who was muted, and by whom, as they were called then. */
export interface MuteAction {
  readonly who: string;
  readonly by: string;
}

/** A host that is muted. */
export interface Mute {
  readonly host: string;
  /** By the monotonic clock, in milliseconds: see `Mutes.now`; Infinity until the end. */
  readonly until: number;
  readonly deed: MuteAction | undefined;
}

/** See the head of this file. */
export class Mutes {
  readonly #mutes = new Map<string, Mute>(); // by host
  readonly #clock: ExpiryClock;

  constructor(clock: ExpiryClock = WALL_CLOCK) {
    this.#clock = clock;
  }

  /** The time by which mutes are made. */
  now(): number {
    return this.#clock.monotonic;
  }

  /** All that count now, in the order in which they were made. */
  get all(): readonly Mute[] {
    return [...this.#mutes.values()].filter(({ host }) => this.has(host));
  }

  /**
   * @param until By the clock of `now`, in milliseconds; Infinity until the end.
   * @param deed Who it was meant for, and whose deed it is.
   */
  add(host: string, until: number, deed?: MuteAction): void {
    this.#mutes.delete(host);
    const [oldest] = this.#mutes.keys();
    if (this.#mutes.size >= MUTES_MAX) this.#mutes.delete(oldest!);
    this.#mutes.set(host, { host, until, deed });
  }

  /** Lets a host speak again; returns whether it could not. */
  remove(host: string): boolean {
    const was = this.has(host);
    this.#mutes.delete(host);
    return was;
  }

  has(host: string): boolean {
    if (this.#mutes.size === 0) return false; // nearly always
    const mute = this.#mutes.get(host);
    if (mute === undefined || mute.until > this.#clock.monotonic) return mute !== undefined;
    this.#mutes.delete(host);
    return false;
  }
}
