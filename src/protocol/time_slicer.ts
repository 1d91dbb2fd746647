/**
 * Time-slices expensive commands so that they cannot stall the event loop.
 *
 * A command that reads much history or lists everybody takes a thousand times as long as saying a line. Such a command is
 * run in slices of about a millisecond, and everything else is served between two slices. Work that can be divided is a
 * generator ({@linkcode Steps}): it yields where a slice may end.
 *
 * The time is shared fairly, at each level: between wide networks, between the networks in one of them, and between the
 * commands from one network. So a command waits for at most one slice of each other network, whatever those ask for. What
 * every client needs in order to take part has a lane of its own, with slices of its own ({@linkcode Lane}).
 */

import { ChatError } from "../chat/chat_error.ts";
import { isSteps, type Steps } from "../util/steps.ts";

export { isSteps, type Steps };

/** How long commands of one lane are run at a time, in milliseconds; the last step of them may take longer. */
export const SLICE = 1;

/**
 * The most commands that may be waiting in the lane `long` from one network, narrow or wide. In `prompt` there is one for
 * each connection at the most: where all members of a network connect again at once, NICK and JOIN wait, and are not refused.
 */
export const COMMANDS_QUEUED_MAX = 1000;

/**
 * The most of one step that its network is charged for, in milliseconds: a step takes longer only where the process was
 * stopped meanwhile, and no network should wait for that, nor be looked at once for each slice of it.
 */
const CHARGED_MAX = 1000;

/**
 * Which queue a command waits in: `prompt` for what every client needs and what is short (joining, the latest lines, the
 * names in a room), `long` for what may look through much. Neither waits for the other.
 */
export type Lane = "prompt" | "long";

/** What work gives in the end. */
export type Outcome<W> = W extends Generator<void, infer T, void> ? T : Awaited<W>;

/** For whom work is done. */
export interface Requester {
  /** `long`, unless it is said. */
  readonly lane?: Lane;
  /** Names of the networks whose share of the time it uses, the widest first. */
  readonly networks?: readonly string[];
  /** Whether the result is still wanted: asked before each step, and where it is not, the rest is dropped. */
  readonly wanted?: () => boolean;
}

/** Work that has not come to its end. */
interface Job {
  /** Does the next step; returns whether that was the last one. */
  readonly step: () => boolean;
}

/** A network, or at the bottom one job, with what it may use of the time before others of its level have their turn. */
interface Share {
  credit: number;
  waiting: number;
  readonly below: Map<unknown, Share>;
  readonly job: Job | undefined;
}

/** Jobs that wait, in a tree of networks: at each level round robin, each for a slice. */
class Queue {
  readonly #root: Share;
  readonly #slice: number;
  readonly #most: number;
  spent = 0; // of this slice, in milliseconds

  constructor(slice: number, most: number) {
    this.#slice = slice;
    this.#most = most;
    this.#root = this.#share();
  }

  get empty(): boolean {
    return this.#root.waiting === 0;
  }

  /** @throws {ChatError} `too-many-waiting` */
  add(networks: readonly string[], job: Job): void {
    const path = [this.#root];
    for (const name of networks) {
      const below = path.at(-1)!.below.get(name) ?? this.#share();
      if (below.waiting >= this.#most) throw new ChatError("too-many-waiting", name);
      path.push(below);
    }
    for (const [level, each] of path.entries()) {
      each.waiting++;
      if (level < networks.length) each.below.set(networks[level], path[level + 1]!);
      else each.below.set(job, { ...this.#share(job), waiting: 1 });
    }
  }

  /** Does a step of the job whose turn it is. @param timed Runs a function, and adds to `spent`. */
  step(timed: (run: () => void) => void): void {
    const path: { key: unknown; each: Share; above: Share }[] = [];
    for (let above = this.#root; above.job === undefined;) {
      const [key, each] = this.#next(above.below);
      path.push({ key, each, above });
      above = each;
    }
    let done = true;
    const before = this.spent;
    timed(() => done = path.at(-1)!.each.job!.step());
    for (const { key, each, above } of path) {
      each.credit -= Math.min(CHARGED_MAX, this.spent - before);
      if (done && --each.waiting === 0) above.below.delete(key);
    }
    if (done) this.#root.waiting--;
  }

  /** Whose turn it is: the first that has not used up what it may. Those before it go behind the others, and may again. */
  #next(shares: Map<unknown, Share>): [unknown, Share] {
    for (;;) {
      const [first] = shares;
      const [key, each] = first!;
      if (each.credit > 0) return first!;
      each.credit += this.#slice;
      shares.delete(key);
      shares.set(key, each);
    }
  }

  #share(job?: Job): Share {
    return { credit: this.#slice, waiting: 0, below: new Map(), job };
  }
}

/** See the head of this file. A client has one command at most in it: its next line waits for that. */
export class TimeSlicer {
  readonly #now: () => number;
  readonly #slice: number;
  readonly #queues: Readonly<Record<Lane, Queue>>;
  #timer: ReturnType<typeof setTimeout> | undefined; // runs while something of a slice is used up

  /**
   * @param now The time, in milliseconds.
   * @param slice How long commands of one lane are run at a time, likewise.
   * @param most The most commands that may be waiting in the lane `long` from one network, narrow or wide.
   */
  constructor(now: () => number = () => performance.now(), slice: number = SLICE, most: number = COMMANDS_QUEUED_MAX) {
    this.#now = now;
    this.#slice = slice;
    this.#queues = { prompt: new Queue(slice, Infinity), long: new Queue(slice, most) };
  }

  /**
   * Does work at once if there is time for it, or else when there is, in slices if it is a generator.
   *
   * @returns What it returns, or a promise of that; `undefined` if it is not wanted any more.
   * @throws {ChatError} `too-many-waiting`, if it would have to wait; then nothing of it has been done.
   * @throws What the work throws; a promise rejects with it.
   */
  run<W>(
    work: () => W,
    { lane = "long", networks = [], wanted = () => true }: Requester = {},
  ): Outcome<W> | undefined | Promise<Outcome<W> | undefined> {
    const queue = this.#queues[lane];
    let begun: Steps<Outcome<W>> | undefined;
    let outcome: Outcome<W> | undefined;
    const step = (): boolean => {
      if (!wanted()) {
        begun?.return(undefined as Outcome<W>);
        return true;
      }
      if (begun === undefined) {
        const value = work();
        if (!isSteps(value)) {
          outcome = value as Outcome<W>;
          return true;
        }
        begun = value as Steps<Outcome<W>>;
      }
      const { done = false, value } = begun.next();
      if (done) outcome = value as Outcome<W>;
      return done;
    };
    while (queue.empty && queue.spent < this.#slice) {
      let done = false;
      this.#timed(queue, () => done = step());
      if (done) return outcome;
    }
    const { promise, resolve, reject } = Promise.withResolvers<Outcome<W> | undefined>();
    queue.add(networks, {
      step() {
        try {
          const done = step();
          if (done) resolve(outcome);
          return done;
        } catch (error) {
          reject(error);
          return true;
        }
      },
    });
    return promise;
  }

  /** Runs something, and counts the time that takes. */
  #timed(queue: Queue, run: () => void) {
    const began = this.#now();
    try {
      run();
    } finally {
      queue.spent += this.#now() - began;
      // A timer: while one `setImmediate` follows the other, Deno looks at its sockets every sixty times or so.
      this.#timer ??= setTimeout(this.#next);
    }
  }

  readonly #next = () => {
    this.#timer = undefined;
    const queues = Object.values(this.#queues);
    for (const queue of queues) queue.spent = 0;
    for (const queue of queues) {
      while (!queue.empty && queue.spent < this.#slice) queue.step((run) => this.#timed(queue, run));
    }
  };
}
