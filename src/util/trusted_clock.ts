/**
 * A clock for what expires: it follows the system's clock, but believes no jump of it at once.
 *
 * The system's clock may be wrong for a moment (a bad time server), at the start (no battery, before NTP) or for hours
 * (an operator's mistake); what is deleted because of it is gone. So this clock goes on by the monotonic one, and takes over
 * what the system's clock says only when that has gone on steadily for `TRUST_TIME`.
 */

/** For how long the system's clock has to go on steadily before it is believed, by the monotonic clock, in milliseconds. */
export const TRUST_TIME = 10 * 60_000;

/** By how much it may differ from what was expected, in milliseconds: it is adjusted all the time. */
const TOLERANCE = 2000;

/** How many times as fast as real time `reached` catches up: an hour a minute. */
export const CATCH_UP = 60;

/** No clock that shows an earlier time was ever set: 2024-01-01. */
export const NEVER_SET_BEFORE = Date.UTC(2024, 0, 1);

/** What has an earlier time is from when a clock had not been set: such clocks begin in 1970, 1980 or 2000. */
export const UNKNOWN_BEFORE = Date.UTC(2001, 0, 1);

/** What decides what has expired. */
export interface ExpiryClock {
  /** The time, as far as it is believed, in milliseconds since 1970. */
  now(): number;
  /** A time that has been for certain, in milliseconds since 1970: what expired before may be deleted. */
  reached(): number;
  /** The monotonic clock, in milliseconds. */
  readonly monotonic: number;
  /** For how long this clock has run, in milliseconds of the monotonic one. */
  readonly age: number;
}

/** The system's clock, believed whatever it says: for tests and for commands that delete nothing. */
export const WALL_CLOCK: ExpiryClock = {
  now: () => Date.now(),
  reached: () => Date.now(),
  get monotonic() {
    return Date.now();
  },
  age: Infinity,
};

/** Where the time comes from. */
export interface Clocks {
  /** The system's clock, in milliseconds since 1970: it may jump. */
  readonly wall: () => number;
  /** In milliseconds since any time: it never jumps, and may stand still while the machine sleeps. */
  readonly monotonic: () => number;
}

const SYSTEM: Clocks = { wall: () => Date.now(), monotonic: () => performance.now() };

/** See the head of this file. It has to be asked now and then to notice how the system's clock goes on. */
export class TrustedClock implements ExpiryClock {
  readonly #clocks: Clocks;
  readonly #known: number;
  readonly #started: number; // by the monotonic clock
  #offset: number; // from the monotonic clock to what is believed …
  #candidate: { offset: number; since: number }; // … and to what the system's clock has said since a time
  #trusted = false;
  #reached: number;
  #reachedAt: number;

  /**
   * @param known The latest time that is known to have been, such as that of the newest line in a file, in milliseconds
   * since 1970; Infinity if nothing is there that could be deleted by mistake.
   */
  constructor(known = Infinity, clocks: Clocks = SYSTEM) {
    this.#clocks = clocks;
    this.#known = known;
    const [wall, monotonic] = [clocks.wall(), clocks.monotonic()];
    this.#started = this.#reachedAt = monotonic;
    this.#offset = wall - monotonic;
    this.#candidate = { offset: this.#offset, since: monotonic };
    this.#reached = Math.min(wall, known);
  }

  get age(): number {
    return this.monotonic - this.#started;
  }

  get monotonic(): number {
    return this.#clocks.monotonic();
  }

  /** The time, as far as it is believed: until a jump is, as if there had been none. */
  now(): number {
    const { monotonic } = this;
    this.#look(monotonic);
    return monotonic + this.#offset;
  }

  /**
   * A time that has been for certain. It begins with what is known, and catches up with a believed clock an hour a minute, so
   * that little is lost by one that was wrong for long.
   */
  reached(): number {
    const now = this.now();
    const { monotonic } = this;
    const passed = monotonic - this.#reachedAt;
    this.#reachedAt = monotonic;
    this.#reached = Math.min(now, this.#reached + passed * (this.#trusted ? CATCH_UP : 1));
    return this.#reached;
  }

  #look(monotonic: number) {
    const wall = this.#clocks.wall();
    const offset = wall - monotonic;
    if (Math.abs(offset - this.#candidate.offset) > TOLERANCE) { // it has jumped
      this.#candidate = { offset, since: monotonic };
      this.#trusted = false;
    }
    this.#candidate.offset = offset; // it may be slowed down or sped up a little for long
    const steady = monotonic - this.#candidate.since >= TRUST_TIME;
    if (steady) this.#trusted = true;
    const before = monotonic + this.#offset;
    const isSetAtLast = before < NEVER_SET_BEFORE && wall >= NEVER_SET_BEFORE;
    if (!steady && !isSetAtLast && Math.abs(offset - this.#offset) > TOLERANCE) return;
    this.#offset = offset;
    // A clock that had not been set is no reason to catch up slowly: what is known has been, whatever it said.
    if (isSetAtLast || before < this.#known - TOLERANCE) {
      this.#reached = Math.max(this.#reached, Math.min(wall, this.#known));
    }
  }
}
