/**
 * Shows on a terminal how far something long has come: a bar, how much of it is done, and how fast.
 *
 * What draws the bar is only loaded where one is wanted. A server never wants one, and it would cost it 5 MB of memory.
 */
import type { SingleBar, Terminal } from "cli-progress";

const FORMAT = "[{bar}] {percentage}% | {done} of {all} | {rate}/s";

/** How wide the bar alone is; the line has to fit into 80 characters with millions in it. */
const BAR_SIZE = 20;

/** How often it is drawn at the most, in milliseconds. */
const DRAW_TIME = 100;

/** See the head of this file. */
export class Progress {
  readonly #bar: SingleBar;
  readonly #now: () => number;
  readonly #began: number;
  #drawn: number | undefined; // when it was the last time
  #done = 0;
  #all = 0;

  private constructor(bar: SingleBar, now: () => number) {
    this.#bar = bar;
    this.#now = now;
    this.#began = now();
  }

  /**
   * Begins to show one.
   *
   * @param what What is done.
   * @param terminal Where it is shown; stderr unless it is given.
   * @param now A clock, in milliseconds.
   */
  static async show(what: string, terminal?: Terminal, now = () => performance.now()): Promise<Progress> {
    const { default: { SingleBar } } = await import("cli-progress");
    // A line is cut by us where the terminal's ends: else it would be told not to wrap, and Ctrl-C left it so.
    const bar = new SingleBar({ format: `${what} ${FORMAT}`, barsize: BAR_SIZE, linewrap: true, stream: terminal });
    return new Progress(bar, now);
  }

  /**
   * Shows how far it is.
   *
   * @param all What `done` is going to be in the end.
   */
  set(done: number, all: number): void {
    this.#done = done;
    this.#all = all;
    if (this.#drawn === undefined || this.#now() - this.#drawn >= DRAW_TIME) this.#draw();
  }

  /** Leaves it as it is, if there is anything to be seen of it, and goes on below it. */
  stop(): void {
    if (this.#drawn === undefined) return;
    this.#draw();
    this.#bar.stop();
  }

  #draw() {
    const seconds = Math.max(1, this.#now() - this.#began) / 1000;
    const [done, all, rate] = [this.#done, this.#all, this.#done / seconds].map(grouped) as [string, string, string];
    if (this.#drawn === undefined) this.#bar.start(this.#all, this.#done, { done, all, rate });
    this.#drawn = this.#now();
    this.#bar.setTotal(this.#all);
    this.#bar.update(this.#done, { done, all, rate });
  }
}

/** A number that can be read at a glance: `1,234,567`. */
function grouped(number: number): string {
  return Math.round(number).toLocaleString("en");
}
