/**
 * Runs a few tasks at a time, in turns of the networks that ask for them.
 *
 * Of one network the newest task runs first: while more come than can be run, it is the one whose client still waits, and
 * a client that comes once does not wait for all that others have waiting.
 *
 * How many wait is bounded. Where one more comes, the heaviest network loses one of its own: however many tasks a network
 * has waiting, the next one of another network is the next to run, or the one after that.
 */
import { NetworkPool } from "./network_pool.ts";

/** Thrown for a task that there is no time for. */
export class BusyError extends Error {
  override name = "BusyError";
}

/** What a queue allows. */
export interface FairQueueOptions {
  /** The most tasks that run at a time. */
  readonly runningMax: number;
  /** The most tasks that wait. */
  readonly waitingMax: number;
  /** How long one may wait, in milliseconds; then it is not run any more. */
  readonly time: number;
  /** The time, in milliseconds, on a monotonic clock. */
  readonly now: () => number;
}

/** A task that waits. */
interface Waiting {
  readonly since: number;
  readonly start: () => void;
  readonly reject: (error: BusyError) => void;
}

/** See the head of this file. */
export class FairQueue {
  readonly #options: FairQueueOptions;
  readonly #pools = [new NetworkPool<Waiting>(), new NetworkPool<Waiting>()] as const; // of others, and of those preferred
  #running = 0;
  #turn = 0; // which of them is next

  constructor(options: FairQueueOptions) {
    this.#options = options;
  }

  /** How many tasks wait. */
  get waiting(): number {
    return this.#pools[0].size + this.#pools[1].size;
  }

  /**
   * Runs a task when its turn has come.
   *
   * @param networks Whose it is, the narrowest first, as `networksOf` names them.
   * @param preferred Whether it is one of those that every second turn is kept for.
   * @throws {BusyError} when it has waited for too long, or its network has too many waiting and there is no room.
   */
  run<T>(networks: readonly string[], task: () => Promise<T>, preferred = false): Promise<T> {
    return new Promise((resolve, reject) => {
      const start = () => {
        this.#running++;
        void task().then(resolve, reject).finally(() => this.#next());
      };
      if (this.#running < this.#options.runningMax) return start();
      const pool = this.#pools[preferred ? 1 : 0];
      if (this.waiting >= this.#options.waitingMax) this.#makeRoom();
      pool.add(networks, { since: this.#options.now(), start, reject });
    });
  }

  #next() {
    this.#running--;
    for (let waiting = this.#take(); waiting !== undefined; waiting = this.#take()) {
      if (this.#options.now() - waiting.since <= this.#options.time) return waiting.start();
      waiting.reject(new BusyError("Cannot run a task: it has waited for too long"));
    }
  }

  #take(): Waiting | undefined {
    this.#turn = 1 - this.#turn;
    return this.#pools[this.#turn]!.next() ?? this.#pools[1 - this.#turn]!.next();
  }

  /** Drops the oldest task of the heaviest network, of the kind that most wait of: it would be late soonest. */
  #makeRoom() {
    const pool = this.#pools[0].size >= this.#pools[1].size ? this.#pools[0] : this.#pools[1];
    const dropped = pool.heaviest()!;
    pool.delete(dropped);
    dropped.reject(new BusyError("Cannot run a task: too many wait"));
  }
}
