/**
 * Time-slices expensive commands so that they cannot stall the event loop.
 *
 * A command that reads much history or lists all users takes a thousand times as long as a line of chat. It runs in slices
 * of about a millisecond, with other events served in between. Work that can be divided is a generator
 * ({@linkcode Steps}): it yields where a slice may end.
 *
 * The time is shared fairly on each level: between wide networks, between the networks in one of them, and between the
 * commands of one network. So a command waits for at most one slice of each other network, however many commands those
 * have queued. Commands that every client needs have a lane with slices of its own ({@linkcode Lane}).
 */
import { ChatError } from "../chat/chat_error.ts";
import { isSteps, type Steps } from "../util/steps.ts";

export { isSteps, type Steps };

/** The length of a slice in milliseconds. Its last step may exceed it. */
export const SLICE = 1;

/**
 * The most commands of one network, narrow or wide, that may be queued in the lane `long`. The lane `prompt` is bounded by
 * the connections, with one command each: when all clients of a network reconnect at once, none of their commands is
 * rejected.
 */
export const COMMANDS_QUEUED_MAX = 1000;

/**
 * The most milliseconds of one step that count against its network. Only a step during which the process was suspended
 * takes longer, and its network should not wait for that.
 */
const CHARGED_MAX = 1000;

/**
 * The queue of a command: `prompt` for short commands that every client needs (join, latest lines, members of a room),
 * `long` for those that may read much. Neither waits for the other.
 */
export type Lane = "prompt" | "long";

/** The result of work, which may be a value, a promise, or a generator that returns one of them. */
export type Outcome<W> = Awaited<W extends Generator<void, infer T, void> ? T : W>;

/** How work is scheduled. */
export interface RunOptions {
  /** `long` by default. */
  readonly lane?: Lane;
  /** The networks that share the time, the widest first. */
  readonly networks?: readonly string[];
  /** Called before each step: if it returns false, the rest of the work is dropped. */
  readonly wanted?: () => boolean;
}

/** Queued work. */
interface Job {
  /** Runs the next step; returns whether it was the last one. */
  readonly step: () => boolean;
}

/** A node in the tree of networks; a leaf is a job. */
interface Share {
  /** The time left before other shares of its level are served, in milliseconds. */
  credit: number;
  /** The number of jobs below it. */
  queued: number;
  readonly children: Map<unknown, Share>;
  readonly job: Job | undefined;
}

/** Queued jobs in a tree of networks. Each level is served round robin, a slice at a time. */
class Queue {
  readonly #root: Share;
  readonly #slice: number;
  readonly #queuedMax: number;
  /** The used part of the current slice, in milliseconds. */
  spent = 0;

  constructor(slice: number, queuedMax: number) {
    this.#slice = slice;
    this.#queuedMax = queuedMax;
    this.#root = this.#share();
  }

  get empty(): boolean {
    return this.#root.queued === 0;
  }

  /** @throws {ChatError} `too-many-waiting` */
  add(networks: readonly string[], job: Job): void {
    const path = [this.#root];
    for (const name of networks) {
      const share = path.at(-1)!.children.get(name) ?? this.#share();
      if (share.queued >= this.#queuedMax) throw new ChatError("too-many-waiting", name);
      path.push(share);
    }
    for (const [level, share] of path.entries()) {
      share.queued++;
      if (level < networks.length) share.children.set(networks[level], path[level + 1]!);
      else share.children.set(job, { ...this.#share(job), queued: 1 });
    }
  }

  /**
   * Runs a step of the next job.
   *
   * @param measure Runs a function, and adds the time that it takes to `spent`.
   */
  step(measure: (run: () => void) => void): void {
    const path: { key: unknown; share: Share; parent: Share }[] = [];
    for (let parent = this.#root; parent.job === undefined;) {
      const [key, share] = this.#next(parent.children);
      path.push({ key, share, parent });
      parent = share;
    }
    let done = true;
    const before = this.spent;
    measure(() => done = path.at(-1)!.share.job!.step());
    for (const { key, share, parent } of path) {
      share.credit -= Math.min(CHARGED_MAX, this.spent - before);
      if (done && --share.queued === 0) parent.children.delete(key);
    }
    if (done) this.#root.queued--;
  }

  /** The first share with credit left. Those before it get new credit, and go to the end. */
  #next(shares: Map<unknown, Share>): [unknown, Share] {
    for (;;) {
      const [first] = shares;
      const [key, share] = first!;
      if (share.credit > 0) return first!;
      share.credit += this.#slice;
      shares.delete(key);
      shares.set(key, share);
    }
  }

  #share(job?: Job): Share {
    return { credit: this.#slice, queued: 0, children: new Map(), job };
  }
}

/** Runs work in slices. A protocol queues one command of a client at a time: its next line waits. */
export class TimeSlicer {
  readonly #now: () => number;
  readonly #slice: number;
  readonly #queues: Readonly<Record<Lane, Queue>>;
  /** Runs while a part of a slice is used up. */
  #timer: ReturnType<typeof setTimeout> | undefined;

  /**
   * @param now A clock, in milliseconds.
   * @param slice The length of a slice, in milliseconds.
   * @param queuedMax The most commands of one network, narrow or wide, that may be queued in the lane `long`.
   */
  constructor(now: () => number = () => performance.now(), slice = SLICE, queuedMax = COMMANDS_QUEUED_MAX) {
    this.#now = now;
    this.#slice = slice;
    this.#queues = { prompt: new Queue(slice, Infinity), long: new Queue(slice, queuedMax) };
  }

  /**
   * Runs work at once if the slice has time left, or else queues it. A generator runs in steps; the time that a promise
   * takes does not count.
   *
   * @returns The result of the work, or a promise of it; `undefined` if the work was dropped.
   * @throws {ChatError} `too-many-waiting` if it would have to be queued. It has not started then.
   * @throws What the work throws. A promise rejects with it.
   */
  run<W>(
    work: () => W,
    { lane = "long", networks = [], wanted = () => true }: RunOptions = {},
  ): Outcome<W> | undefined | Promise<Outcome<W> | undefined> {
    const queue = this.#queues[lane];
    let steps: Steps<Outcome<W>> | undefined;
    let outcome: Outcome<W> | Promise<Outcome<W>> | undefined;
    const step = (): boolean => {
      if (!wanted()) {
        steps?.return(undefined as Outcome<W>);
        return true;
      }
      if (steps === undefined) {
        const value = work();
        if (!isSteps(value)) {
          outcome = value as Outcome<W>;
          return true;
        }
        steps = value as Steps<Outcome<W>>;
      }
      const { done = false, value } = steps.next();
      if (done) outcome = value as Outcome<W>;
      return done;
    };
    while (queue.empty && queue.spent < this.#slice) {
      let done = false;
      this.#measure(queue, () => done = step());
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

  /** Runs a function, and counts the time that it takes. */
  #measure(queue: Queue, run: () => void) {
    const began = this.#now();
    try {
      run();
    } finally {
      queue.spent += this.#now() - began;
      // A timer, since Deno polls its sockets only about every sixtieth time in a chain of `setImmediate`.
      this.#timer ??= setTimeout(this.#runSlice);
    }
  }

  readonly #runSlice = () => {
    this.#timer = undefined;
    const queues = Object.values(this.#queues);
    for (const queue of queues) queue.spent = 0;
    for (const queue of queues) {
      while (!queue.empty && queue.spent < this.#slice) queue.step((run) => this.#measure(queue, run));
    }
  };
}
