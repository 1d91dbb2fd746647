/**
 * Whose outbox is written next. The heart of tincan's speed.
 *
 * Copying a line to a thousand sockets is a thousand system calls, and nothing makes one of them cheaper. What helps is
 * to make fewer of them, and never to let one client hold up the others:
 *
 * - **Rounds.** Lines are not written as they come. A round begins in the next turn of the event loop, when all that
 *   was read in this one has been said, and gives each client everything it has queued in a single write. The next round
 *   begins when this one is over: the busier the server, the more lines share a write.
 * - **A window.** No more than {@linkcode WINDOW} writes are under way at a time. Thousands of them at once cost several
 *   times as much each.
 * - **Patience, but little.** A client whose write is still open after some milliseconds does not read, or reads slowly.
 *   It leaves the round and goes on at its own pace; its outbox is bounded, its place in the window goes to the next.
 * - **Slices.** While one write follows the other, Deno looks at its sockets every sixty turns of the event loop or so, and
 *   a round for thousands would keep it from all input. So a long round rests every {@linkcode ROUND_SLICE} milliseconds: what
 *   came in is handled, and what is for clients who are not in this round is written before the rest of it. So they do
 *   not wait until a line has reached all of a large room. How often they can come first is bounded by the budget.
 * - **A budget.** Until a round is over only so much is taken in from everybody together; who has more to say waits for
 *   the next (see `solvent`). So what one round hands out always fits into everybody's outbox, and a flood is slowed down
 *   where it comes from.
 *
 * A `Fanout` is shared by all connections of a server. It knows outboxes only.
 */
import { setImmediate } from "node:timers";
import type { Outbox } from "./outbox.ts";

/** Writes under way at a time, by default. */
export const WINDOW = 64;

/** How long a round waits for a write, at least, in milliseconds; twice as long at most. */
export const PATIENCE = 5;

/** How long a round writes before it rests, in milliseconds. */
export const ROUND_SLICE = 8;

/** What a line counts toward the budget beside its length: what a protocol may put around it, such as a name. */
const LINE_COST = 64;

/** See the head of this file. */
export class Fanout {
  /**
   * Called as a round begins, or goes on after a rest, to put into the outboxes whatever was held back until now, so that it can be put there
   * in one piece.
   */
  collect: () => void = () => {};

  /** Told how long each round took, in milliseconds. */
  onRound: (milliseconds: number) => void = () => {};

  readonly #budget: number;
  #taken = 0; // of the budget, since the round began
  #state: "idle" | "asked" | "running" = "idle";
  #again = false; // asked for another round while one is running
  #listed: Outbox[] = []; // who is written in the next round
  #round: Outbox[] = []; // who is written in this one …
  #news = 0; // … how many of the first were not in it when it began …
  #next = 0; // … and who of them is next
  readonly #writing = new Set<Outbox>(); // this round's writes that are under way
  readonly #now: () => number;
  readonly #pause: () => Promise<void>;
  #rounds = 0; // until now, this one included
  #sliceEnd = 0; // when the round is to rest
  #resting = false;
  #tick = 0; // counts PATIENCEs, while there are rounds
  #ticking = false;
  #began = 0; // when this round did
  #over: PromiseWithResolvers<void> | undefined; // the round's end, for those who wait for it

  /**
   * @param budget How much may be taken in until a round is over, in characters. What one line can be should fit a few
   * times, and it should fit a few times into an outbox.
   * @param now The time, in milliseconds.
   * @param rest Resolves when a round has rested long enough.
   */
  constructor(budget: number, now: () => number = () => performance.now(), rest: () => Promise<void> = looked) {
    this.#budget = budget;
    this.#now = now;
    this.#pause = rest;
  }

  /** Asks for a round, so that `collect` is called soon. */
  request(): void {
    if (this.#state === "idle") {
      this.#state = "asked";
      setImmediate(this.#begin);
    } else if (this.#state === "running") this.#again = true;
  }

  /** Whether a round is under way, or about to begin. */
  get busy(): boolean {
    return this.#state !== "idle";
  }

  /** Has an outbox written in the next round. To be called after each `push`; costs next to nothing the second time. */
  add(outbox: Outbox): void {
    if (outbox.listed || !outbox.ready) return;
    outbox.listed = true;
    this.#listed.push(outbox);
    this.request();
  }

  /** Whether there is something left of the budget, so that a line may be taken in. */
  get solvent(): boolean {
    return this.#taken < this.#budget;
  }

  /** Takes from the budget what a line of so many characters needs. */
  spend(length: number): void {
    this.#taken += length + LINE_COST;
  }

  /** Resolves when a round is over, and there is a new budget. */
  roundOver(): Promise<void> {
    this.request(); // perhaps nobody had reason to until now
    this.#over ??= Promise.withResolvers();
    return this.#over.promise;
  }

  readonly #begin = () => {
    this.#state = "running";
    this.#rounds++;
    this.#taken = 0;
    this.#began = this.#now();
    this.#collect();
    this.#round = this.#listed;
    this.#listed = [];
    this.#news = 0;
    this.#next = 0;
    this.#again = false;
    this.#watch();
    this.#sliceEnd = this.#now() + ROUND_SLICE;
    this.#fill();
  };

  #collect() {
    try {
      this.collect();
    } catch (error) {
      reportError(error); // a mistake of ours: it is told, and the next round is not kept from anybody
    }
  }

  /** Starts as many writes as the window has room for; ends the round after the last. */
  #fill() {
    if (this.#resting) return;
    while (this.#writing.size < WINDOW && this.#next < this.#round.length) {
      // To look at the clock costs a tenth of what a write does: once for eight is often enough.
      if (this.#next % 8 === 0 && this.#now() >= this.#sliceEnd) return this.#rest();
      if (this.#next >= this.#news) this.#round[this.#next]!.round = this.#rounds;
      const outbox = this.#round[this.#next++]!;
      outbox.listed = false;
      if (outbox.ready) this.#write(outbox);
    }
    if (this.#writing.size === 0 && this.#next === this.#round.length) this.#end();
  }

  /** Lets what came in be handled, and goes on with what is for clients who are not in this round. */
  #rest() {
    this.#resting = true;
    void this.#pause().then(() => {
      this.#resting = false;
      this.#collect();
      const news = this.#listed.filter(({ round }) => round !== this.#rounds);
      this.#listed = this.#listed.filter(({ round }) => round === this.#rounds);
      this.#round = news.concat(this.#round.slice(this.#next));
      this.#news = news.length + Math.max(0, this.#news - this.#next);
      this.#next = 0;
      this.#sliceEnd = this.#now() + ROUND_SLICE;
      this.#fill();
    });
  }

  #end() {
    this.onRound(this.#now() - this.#began);
    this.#state = "idle";
    this.#round = [];
    this.#over?.resolve();
    this.#over = undefined;
    if (this.#again || this.#listed.length > 0) this.request();
  }

  #write(outbox: Outbox) {
    this.#writing.add(outbox);
    outbox.writingSince = this.#tick;
    outbox.flush(this.#written);
  }

  readonly #written = (outbox: Outbox) => {
    if (this.#writing.delete(outbox)) {
      this.add(outbox); // for the next round, if there is more
      this.#fill();
    } else if (outbox.ready) { // out of the round by now: it goes on alone until it has caught up
      outbox.flush(this.#written);
      outbox.late();
    }
  };

  /** Keeps time, for as long as there are rounds. */
  #watch() {
    if (this.#ticking) return;
    this.#ticking = true;
    setTimeout(() => {
      this.#ticking = false;
      if (this.#state !== "running") return;
      for (const outbox of this.#writing) {
        if (outbox.writingSince === this.#tick) continue;
        this.#writing.delete(outbox);
        outbox.late();
      }
      this.#tick++;
      this.#watch();
      this.#fill();
    }, PATIENCE);
  }
}

const NOTHING = new Uint8Array();

/**
 * Resolves when the event loop has looked at its sockets. It does so when it has nothing to do, as while another thread
 * works for it: that takes some microseconds, and twice, because the first may be done before the loop comes to look. A
 * timer would let it look as well, but takes two milliseconds: a fifth of what a busy server can deliver.
 */
async function looked() {
  for (let n = 0; n < 2; n++) await crypto.subtle.digest("SHA-256", NOTHING);
}
