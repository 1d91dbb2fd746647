/** Runs the maintenance of a history store in short steps, while the server has nothing else to do. */
import { type HistoryStore, StoreError } from "../chat/store.ts";

/** The delay before the next step when there was nothing to do, in milliseconds. */
const IDLE_DELAY = 1000;

/**
 * The delay before the next step when there is more to do, in milliseconds. A step takes about a quarter of this while a
 * limit is exceeded, and much less otherwise.
 */
const STEP_DELAY = 20;

/**
 * How often a step is put off because the server is busy. Without a limit, a server that is always busy would never do any
 * maintenance. A step is not put off while a limit is exceeded: otherwise the disk could fill up.
 */
const DELAYS_MAX = 5;

/** The delay after an error, in milliseconds. */
const ERROR_DELAY = 10_000;

/** What the maintenance asks the server, and reports to it. */
export interface MaintenanceOptions {
  /** Whether the server is busy, so that the next step should be put off. */
  readonly busy: () => boolean;
  /** Called for each room without lines that was not changed for the retention period. */
  readonly onRoomExpired: (room: string) => void;
  /** Called with the first error, and again only after a step has succeeded. */
  readonly onError: (error: StoreError) => void;
}

/** Runs maintenance from its construction until `stop`. */
export class Maintenance {
  readonly #history: HistoryStore;
  readonly #options: MaintenanceOptions;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #delays = 0;
  #hasFailed = false;

  constructor(history: HistoryStore, options: MaintenanceOptions) {
    this.#history = history;
    this.#options = options;
    this.#schedule(IDLE_DELAY);
  }

  stop(): void {
    clearTimeout(this.#timer);
  }

  #schedule(delay: number) {
    this.#timer = setTimeout(() => this.#schedule(this.#runStep()), delay);
  }

  /** Runs a step, or puts it off; returns the delay before the next one, in milliseconds. */
  #runStep(): number {
    const { busy, onRoomExpired, onError } = this.#options;
    if (busy() && !this.#history.overdue && this.#delays++ < DELAYS_MAX) return STEP_DELAY;
    this.#delays = 0;
    try {
      const more = this.#history.runStep(onRoomExpired);
      this.#hasFailed = false;
      return more ? STEP_DELAY : IDLE_DELAY;
    } catch (error) {
      if (!(error instanceof StoreError)) reportError(error); // a bug: report it, and go on with other maintenance
      else if (!this.#hasFailed) onError(error);
      this.#hasFailed = true;
      return ERROR_DELAY;
    }
  }
}
