/**
 * Has a history do what it has put off: a little at a time, and while nobody waits for anything else.
 */
import { type HistoryStore, StoreError } from "../chat/store.ts";

/** How long nothing is done when there was nothing to do, in milliseconds. */
const REST = 1000;

/**
 * How long nothing is done between two steps when there is more to do, in milliseconds. A step takes a quarter of it or so:
 * that much the others have to do without while more is kept than may be, and much less otherwise.
 */
const PAUSE = 20;

/**
 * For how many of these pauses it waits at the most because others have something to do: they always may. Where more is
 * kept than may be, it does not wait: or the disk would be full while everybody talks.
 */
const PATIENCE = 5;

/** How long it waits after something went wrong, in milliseconds. */
const TROUBLE_PAUSE = 10_000;

/** What an upkeep needs to know of its surroundings. */
export interface MaintenanceOptions {
  /** Whether something else is under way, so that it should wait a little. */
  readonly busy: () => boolean;
  /** Told of each room of which nothing is left that anybody has said. */
  readonly onDeserted: (room: string) => void;
  /** Told what went wrong, once until it works again. */
  readonly onTrouble: (trouble: StoreError) => void;
}

/** See the head of this file. It runs until it is stopped. */
export class Maintenance {
  readonly #history: HistoryStore;
  readonly #surroundings: MaintenanceOptions;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #waited = 0;
  #troubled = false;

  constructor(history: HistoryStore, surroundings: MaintenanceOptions) {
    this.#history = history;
    this.#surroundings = surroundings;
    this.#wait(REST);
  }

  stop(): void {
    clearTimeout(this.#timer);
  }

  #wait(milliseconds: number) {
    this.#timer = setTimeout(() => this.#wait(this.#step()), milliseconds);
  }

  /** Does a step, if this is a good moment; returns how long to wait for the next one, in milliseconds. */
  #step(): number {
    const { busy, onDeserted, onTrouble } = this.#surroundings;
    if (busy() && !this.#history.overdue && this.#waited++ < PATIENCE) return PAUSE;
    this.#waited = 0;
    try {
      const more = this.#history.runStep(onDeserted);
      this.#troubled = false;
      return more ? PAUSE : REST;
    } catch (error) {
      if (!(error instanceof StoreError)) reportError(error); // a mistake of ours: others must not wait for it for good
      else if (!this.#troubled) onTrouble(error);
      this.#troubled = true;
      return TROUBLE_PAUSE;
    }
  }
}
