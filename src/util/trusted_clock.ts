/**
 * A clock for expiry, which follows the system clock but does not trust jumps of it immediately.
 *
 * The system clock may be wrong for a moment (a bad time server), at the start (no battery, before NTP) or for hours (an
 * operator's mistake), and data deleted because of that is lost. So this clock advances by the monotonic clock, and adopts
 * a jump of the system clock only after that has run steadily for `TRUST_TIME`.
 */

/** How long the system clock must run steadily before a jump is adopted, in milliseconds of the monotonic clock. */
export const TRUST_TIME = 10 * 60_000;

/** Deviations of the system clock up to this are adjustments, not jumps, in milliseconds. */
const TOLERANCE = 2000;

/** Speed at which `reached` catches up, as a multiple of real time: an hour per minute. */
export const CATCH_UP = 60;

/** A clock that shows an earlier time than this (2024-01-01) was never set. */
export const NEVER_SET_BEFORE = Date.UTC(2024, 0, 1);

/** Data with an earlier time than this was stored while the clock was not set: such clocks start in 1970, 1980 or 2000. */
export const UNKNOWN_BEFORE = Date.UTC(2001, 0, 1);

/** A clock that decides what has expired. */
export interface ExpiryClock {
  /** The trusted time in milliseconds since 1970. */
  now(): number;
  /** A time that has certainly passed, in milliseconds since 1970: data that expired before it may be deleted. */
  reached(): number;
  /** The monotonic clock in milliseconds. */
  readonly monotonic: number;
  /** How long this clock has run, in milliseconds of the monotonic clock. */
  readonly age: number;
}

/** The system clock, trusted unconditionally: for tests, and for commands that delete nothing. */
export const WALL_CLOCK: ExpiryClock = {
  now: () => Date.now(),
  reached: () => Date.now(),
  get monotonic() {
    return Date.now();
  },
  age: Infinity,
};

/** The underlying clocks. */
export interface Clocks {
  /** The system clock in milliseconds since 1970, which may jump. */
  readonly wall: () => number;
  /** The monotonic clock in milliseconds, which never jumps, but may stop while the machine sleeps. */
  readonly monotonic: () => number;
}

const SYSTEM: Clocks = { wall: () => Date.now(), monotonic: () => performance.now() };

/** A clock that adopts jumps of the system clock with a delay. Call `now` or `reached` periodically, as it has no timer. */
export class TrustedClock implements ExpiryClock {
  readonly #clocks: Clocks;
  readonly #known: number;
  readonly #started: number; // on the monotonic clock
  #offset: number; // of the trusted time to the monotonic clock …
  #candidate: { offset: number; since: number }; // … and of the system clock since its last jump
  #trusted = false;
  #reached: number;
  #reachedAt: number;

  /**
   * @param known The latest time known to have passed, such as that of the newest stored line, in milliseconds since 1970;
   * Infinity if there is no data that could be deleted by mistake.
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

  /** The trusted time, which ignores a jump until it is adopted. */
  now(): number {
    const { monotonic } = this;
    this.#update(monotonic);
    return monotonic + this.#offset;
  }

  /**
   * A time that has certainly passed. It starts at the known time, and catches up with a trusted clock by an hour per
   * minute, so that little is lost by a clock that is wrong for long.
   */
  reached(): number {
    const now = this.now();
    const { monotonic } = this;
    const passed = monotonic - this.#reachedAt;
    this.#reachedAt = monotonic;
    this.#reached = Math.min(now, this.#reached + passed * (this.#trusted ? CATCH_UP : 1));
    return this.#reached;
  }

  #update(monotonic: number) {
    const wall = this.#clocks.wall();
    const offset = wall - monotonic;
    if (Math.abs(offset - this.#candidate.offset) > TOLERANCE) { // a jump
      this.#candidate = { offset, since: monotonic };
      this.#trusted = false;
    }
    this.#candidate.offset = offset; // follows gradual adjustments
    const steady = monotonic - this.#candidate.since >= TRUST_TIME;
    if (steady) this.#trusted = true;
    const before = monotonic + this.#offset;
    const isSetAtLast = before < NEVER_SET_BEFORE && wall >= NEVER_SET_BEFORE;
    if (!steady && !isSetAtLast && Math.abs(offset - this.#offset) > TOLERANCE) return;
    this.#offset = offset;
    // After an unset clock, `reached` need not catch up slowly: the known time has certainly passed.
    if (isSetAtLast || before < this.#known - TOLERANCE) {
      this.#reached = Math.max(this.#reached, Math.min(wall, this.#known));
    }
  }
}
