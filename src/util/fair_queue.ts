/**
 * A task queue with limited concurrency that serves client networks in round-robin order.
 *
 * Within a network the newest task runs first: under overload, its client is the one most likely to be still waiting.
 *
 * The number of waiting tasks is limited. When the queue is full, the network with the most waiting tasks loses its oldest
 * one. So however many tasks one network queues, a task of another network is among the next two to run.
 */
import { NetworkPool } from "./network_pool.ts";

/** A task was dropped because the queue is overloaded. */
export class BusyError extends Error {
  override name = "BusyError";
}

/** Limits of a queue. */
export interface FairQueueOptions {
  /** Maximum number of running tasks. */
  readonly runningMax: number;
  /** Maximum number of waiting tasks. */
  readonly waitingMax: number;
  /** How long a task may wait before it is dropped, in milliseconds. */
  readonly time: number;
  /** Returns the time in milliseconds, by a monotonic clock. */
  readonly now: () => number;
}

/** A waiting task. */
interface Waiting {
  readonly since: number;
  readonly start: () => void;
  readonly reject: (error: BusyError) => void;
}

/** A queue of tasks. */
export class FairQueue {
  readonly #options: FairQueueOptions;
  readonly #pools = [new NetworkPool<Waiting>(), new NetworkPool<Waiting>()] as const; // normal and preferred tasks
  #running = 0;
  #lastPool = 0; // index of the pool that was served last

  constructor(options: FairQueueOptions) {
    this.#options = options;
  }

  /** Number of waiting tasks. */
  get waiting(): number {
    return this.#pools[0].size + this.#pools[1].size;
  }

  /**
   * Runs a task when it is next.
   *
   * @param networks The networks of its client, narrowest first, as returned by `networksOf`.
   * @param preferred Whether the task is preferred: while both kinds wait, every second one that is started is preferred.
   * @throws {BusyError} if it has waited too long, or was dropped from the full queue.
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
    this.#lastPool = 1 - this.#lastPool;
    return this.#pools[this.#lastPool]!.next() ?? this.#pools[1 - this.#lastPool]!.next();
  }

  /** Drops the oldest task of the heaviest network, from the larger pool: it would time out first. */
  #makeRoom() {
    const pool = this.#pools[0].size >= this.#pools[1].size ? this.#pools[0] : this.#pools[1];
    const dropped = pool.heaviest()!;
    pool.delete(dropped);
    dropped.reject(new BusyError("Cannot run a task: too many are waiting"));
  }
}
