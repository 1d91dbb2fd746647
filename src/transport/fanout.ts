/**
 * The fan-out: schedules the writes of all outboxes so that a line reaches thousands of clients with few system calls.
 *
 * Copying a line to a thousand sockets takes a thousand system calls, and none of them can be made cheaper. So the
 * fan-out makes fewer of them, and keeps slow clients from delaying the others:
 *
 * - **Rounds.** Lines are not written as they arrive. A round begins in the next turn of the event loop, after
 *   everything read in this turn has been processed, and writes each outbox once, with all that is queued in it. The
 *   next round begins when this one has ended: the busier the server, the more lines share a write.
 * - **Window.** At most {@linkcode WINDOW} writes are in flight at a time. With thousands in flight, each write costs
 *   several times as much.
 * - **Slow writes.** A write that is still in flight after {@linkcode SLOW_WRITE_TIME} leaves the round and its place
 *   in the window. Its client continues out of its bounded outbox, independently of the rounds.
 * - **Slices.** While writes follow one another, Deno polls sockets only once in about sixty turns of the event loop,
 *   so a round for thousands of clients would block all input. A long round therefore yields every
 *   {@linkcode ROUND_SLICE} milliseconds: input is processed, and outboxes that are not part of the round are written
 *   before the rest of it. Replies do not wait until a line has reached all members of a large room.
 * - **Input credit.** Until a round ends, only a limited number of characters is accepted from all clients together;
 *   further input is read after the round. What one round delivers therefore fits into every outbox, and a flood is
 *   slowed down at its source.
 *
 * One `Fanout` is shared by all connections of a server. It depends on outboxes only.
 */
import { setImmediate } from "node:timers";
import type { Outbox } from "./outbox.ts";

/** Maximum number of writes in flight. */
export const WINDOW = 64;

/** How long a write may take before it leaves the round, in milliseconds: between this and twice as long. */
export const SLOW_WRITE_TIME = 5;

/** How long a round writes before it yields to the event loop, in milliseconds. */
export const ROUND_SLICE = 8;

/** Input credit that a line costs in addition to its length: what a protocol may add, such as a name. */
const LINE_COST = 64;

/** Schedules writes in rounds. */
export class Fanout {
  /**
   * Called when a round begins, and after each time that it has yielded, to put into the outboxes what was collected for
   * them since the last call.
   *
   * @param resting Whether the round has only yielded: outboxes that are part of it are written again in the next one.
   */
  collect: (resting: boolean) => void = () => {};

  /** Called after each round with its duration in milliseconds. */
  onRound: (milliseconds: number) => void = () => {};

  readonly #credit: number;
  #creditUsed = 0; // since the round began
  #state: "idle" | "requested" | "running" = "idle";
  #requestedAgain = false; // while a round is running
  #scheduled: Outbox[] = []; // for the next round
  #round: Outbox[] = []; // of this round …
  #overtaking = 0; // … how many at its front joined it after it began …
  #next = 0; // … and the index of the next to be written
  readonly #writing = new Set<Outbox>(); // writes of this round that are in flight
  readonly #now: () => number;
  readonly #yield: () => Promise<void>;
  #roundNumber = 0;
  #sliceEnd = 0; // when the round has to yield
  #yielding = false;
  #tick = 0; // counts intervals of SLOW_WRITE_TIME while rounds are running
  #ticking = false;
  #roundStart = 0;
  #roundOver: PromiseWithResolvers<void> | undefined;

  /**
   * @param credit Characters accepted as input per round. Several lines of maximum length should fit into it, and it
   * should fit into an outbox several times.
   * @param now Returns the time in milliseconds, by a monotonic clock.
   * @param yieldToLoop Resolves after the event loop has polled its sockets.
   */
  constructor(
    credit: number,
    now: () => number = () => performance.now(),
    yieldToLoop: () => Promise<void> = socketsPolled,
  ) {
    this.#credit = credit;
    this.#now = now;
    this.#yield = yieldToLoop;
  }

  /** Requests a round, so that `collect` is called soon. */
  request(): void {
    if (this.#state === "idle") {
      this.#state = "requested";
      setImmediate(this.#begin);
    } else if (this.#state === "running") this.#requestedAgain = true;
  }

  /** Whether a round is running or requested. */
  get busy(): boolean {
    return this.#state !== "idle";
  }

  /** Schedules an outbox for the next round. Call it after each `push`; repeated calls cost next to nothing. */
  add(outbox: Outbox): void {
    if (outbox.scheduled || !outbox.ready) return;
    outbox.scheduled = true;
    this.#scheduled.push(outbox);
    this.request();
  }

  /** Whether input credit is left, so that another line may be accepted. */
  get hasCredit(): boolean {
    return this.#creditUsed < this.#credit;
  }

  /** Takes the credit for a line of `length` characters. The last line of a round may exceed the credit. */
  useCredit(length: number): void {
    this.#creditUsed += length + LINE_COST;
  }

  /** Resolves when the current round, or else the next one, has ended. Credit is renewed when a round begins. */
  roundOver(): Promise<void> {
    this.request();
    this.#roundOver ??= Promise.withResolvers();
    return this.#roundOver.promise;
  }

  readonly #begin = () => {
    this.#state = "running";
    this.#roundNumber++;
    this.#creditUsed = 0;
    this.#roundStart = this.#now();
    this.#collect(false);
    this.#round = this.#scheduled;
    this.#scheduled = [];
    this.#overtaking = 0;
    this.#next = 0;
    this.#requestedAgain = false;
    this.#startTimer();
    this.#sliceEnd = this.#now() + ROUND_SLICE;
    this.#fillWindow();
  };

  #collect(resting: boolean) {
    try {
      this.collect(resting);
    } catch (error) {
      reportError(error); // a bug in a callback must not end the rounds
    }
  }

  /** Starts as many writes as the window has room for; ends the round after the last one. */
  #fillWindow() {
    if (this.#yielding) return;
    while (this.#writing.size < WINDOW && this.#next < this.#round.length) {
      // Reading the clock costs a tenth of a write, so it is read once in eight writes.
      if (this.#next % 8 === 0 && this.#now() >= this.#sliceEnd) return this.#yieldSlice();
      if (this.#next >= this.#overtaking) this.#round[this.#next]!.lastRound = this.#roundNumber;
      const outbox = this.#round[this.#next++]!;
      outbox.scheduled = false;
      if (outbox.ready) this.#write(outbox);
    }
    if (this.#writing.size === 0 && this.#next === this.#round.length) this.#end();
  }

  /** Lets the event loop process input, then continues, first with outboxes that are not part of this round. */
  #yieldSlice() {
    this.#yielding = true;
    void this.#yield().then(() => {
      this.#yielding = false;
      this.#collect(true);
      const overtaking = this.#scheduled.filter(({ lastRound }) => lastRound !== this.#roundNumber);
      this.#scheduled = this.#scheduled.filter(({ lastRound }) => lastRound === this.#roundNumber);
      this.#round = overtaking.concat(this.#round.slice(this.#next));
      this.#overtaking = overtaking.length + Math.max(0, this.#overtaking - this.#next);
      this.#next = 0;
      this.#sliceEnd = this.#now() + ROUND_SLICE;
      this.#fillWindow();
    });
  }

  #end() {
    this.onRound(this.#now() - this.#roundStart);
    this.#state = "idle";
    this.#round = [];
    this.#roundOver?.resolve();
    this.#roundOver = undefined;
    if (this.#requestedAgain || this.#scheduled.length > 0) this.request();
  }

  #write(outbox: Outbox) {
    this.#writing.add(outbox);
    outbox.writeTick = this.#tick;
    outbox.flush(this.#onWritten);
  }

  readonly #onWritten = (outbox: Outbox) => {
    if (this.#writing.delete(outbox)) {
      this.add(outbox);
      this.#fillWindow();
    } else if (outbox.ready) { // it has left the round, and continues on its own until its queue is empty
      outbox.flush(this.#onWritten);
      outbox.startStallTimer();
    }
  };

  /** Removes slow writes from the round, by one timer for all, which runs only while there are rounds. */
  #startTimer() {
    if (this.#ticking) return;
    this.#ticking = true;
    setTimeout(() => {
      this.#ticking = false;
      if (this.#state !== "running") return;
      for (const outbox of this.#writing) {
        if (outbox.writeTick === this.#tick) continue;
        this.#writing.delete(outbox);
        outbox.startStallTimer();
      }
      this.#tick++;
      this.#startTimer();
      this.#fillWindow();
    }, SLOW_WRITE_TIME);
  }
}

const EMPTY = new Uint8Array();

/**
 * Resolves when the event loop has polled its sockets. It polls when it has nothing else to do, for example while
 * another thread works for it. That takes some microseconds; it is done twice because the first task may finish before
 * the loop polls. A timer would work as well, but takes two milliseconds, a fifth of a busy server's throughput.
 */
async function socketsPolled() {
  for (let n = 0; n < 2; n++) await crypto.subtle.digest("SHA-256", EMPTY);
}
