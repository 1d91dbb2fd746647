/**
 * Hands batches to the applier, one after the other: the next one when the applier has finished with the one before.
 *
 * It lets other events in whenever a slice of time is used up. The number of batches that wait is bounded by the sender,
 * which is told of those that are handled.
 */
import { SLICE, UNHANDLED_BYTES_MAX, UNHANDLED_MAX } from "./log_limits.ts";

/** A batch as the log has it. */
export interface Batch {
  readonly sequence: number;
  readonly bytes: Uint8Array<ArrayBuffer>;
  /** The id of the append that it completes, or 0. */
  readonly own: number;
}

/** After how many batches, or bytes of them, the sender is told, if not before. */
const ACKNOWLEDGE_AFTER = UNHANDLED_MAX / 4;
const ACKNOWLEDGE_BYTES = UNHANDLED_BYTES_MAX / 4;

/** The calls that a delivery makes. */
export interface DeliveryEvents {
  /** Applies a batch. The next one is not delivered before the promise is settled. */
  apply(batch: Batch): void | Promise<void>;
  /** A batch was applied, or `apply` has failed. */
  applied(batch: Batch): void;
  /** All batches up to a sequence were handled. */
  handled(sequence: number): void;
  failed(error: unknown, batch: Batch): void;
}

/** Delivers batches in the order in which they are added. */
export class Delivery {
  readonly #events: DeliveryEvents;
  #queue: Batch[] = [];
  #running = false;
  #stopped = false;
  #turn: Promise<void> | undefined; // resolves when timers have had their turn
  #turnBegin = 0; // when it was last known that they had it, in milliseconds
  #last = 0; // the last sequence that was handled
  #unacknowledged = 0;
  #unacknowledgedBytes = 0;

  constructor(events: DeliveryEvents) {
    this.#events = events;
  }

  add(batch: Batch): void {
    this.#queue.push(batch);
    if (!this.#running) void this.#run();
  }

  /** Delivers nothing after the batch that is being applied. */
  stop(): void {
    this.#stopped = true;
    this.#queue = [];
  }

  async #run(): Promise<void> {
    this.#running = true;
    for (let next = 0; next < this.#queue.length; next++) {
      const batch = this.#queue[next]!;
      const { length } = batch.bytes; // the handler may transfer them
      this.#turn ??= this.#startTurn();
      if (performance.now() - this.#turnBegin >= SLICE) await this.#turn;
      if (this.#stopped) return;
      try {
        const applying = this.#events.apply(batch);
        if (applying !== undefined) await applying;
      } catch (error) {
        this.#events.failed(error, batch);
      }
      if (this.#stopped) return;
      this.#events.applied(batch);
      this.#last = batch.sequence;
      this.#unacknowledgedBytes += length;
      if (++this.#unacknowledged >= ACKNOWLEDGE_AFTER || this.#unacknowledgedBytes >= ACKNOWLEDGE_BYTES) {
        this.#acknowledge();
        this.#queue.splice(0, next + 1);
        next = -1;
      }
    }
    this.#queue = [];
    this.#running = false;
  }

  #startTurn(): Promise<void> {
    this.#turnBegin = performance.now();
    return new Promise((resolve) => {
      setTimeout(() => {
        this.#turn = undefined;
        this.#acknowledge();
        resolve();
      });
    });
  }

  #acknowledge(): void {
    if (this.#unacknowledged === 0 || this.#stopped) return;
    this.#unacknowledged = 0;
    this.#unacknowledgedBytes = 0;
    this.#events.handled(this.#last);
  }
}
