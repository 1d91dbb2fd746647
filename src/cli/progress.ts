/**
 * A progress bar on a terminal, with counts and the rate.
 *
 * `cli-progress` is imported only when a bar is shown: the server never shows one, and the module takes 5 MB of memory.
 */
import type { SingleBar, Terminal } from "cli-progress";

const FORMAT = "[{bar}] {percentage}% | {done} of {all} | {rate}/s";

/** The width of the bar itself, in characters; with counts in the millions, the line still fits into 80. */
const BAR_SIZE = 20;

/** The shortest time between two redraws, in milliseconds. */
const REDRAW_INTERVAL = 100;

/** A progress bar. */
export class Progress {
  readonly #bar: SingleBar;
  readonly #now: () => number;
  readonly #began: number;
  #drawnAt: number | undefined;
  #done = 0;
  #total = 0;

  private constructor(bar: SingleBar, now: () => number) {
    this.#bar = bar;
    this.#now = now;
    this.#began = now();
  }

  /**
   * Creates a progress bar. It is drawn on the first call of {@linkcode Progress.set}.
   *
   * @param what Stands before the bar, such as `Importing`.
   * @param terminal Where the bar is drawn; stderr by default.
   * @param now A monotonic clock, in milliseconds.
   */
  static async show(what: string, terminal?: Terminal, now = () => performance.now()): Promise<Progress> {
    const { default: { SingleBar } } = await import("cli-progress");
    // With `linewrap: true` the library truncates lines itself. Else it would turn off the terminal's wrapping, and leave it
    // off after Ctrl-C.
    const bar = new SingleBar({ format: `${what} ${FORMAT}`, barsize: BAR_SIZE, linewrap: true, stream: terminal });
    return new Progress(bar, now);
  }

  /** Updates the bar: `done` of `total`. */
  set(done: number, total: number): void {
    this.#done = done;
    this.#total = total;
    if (this.#drawnAt === undefined || this.#now() - this.#drawnAt >= REDRAW_INTERVAL) this.#draw();
  }

  /** Draws the final state, if the bar was ever drawn, and ends the line. */
  stop(): void {
    if (this.#drawnAt === undefined) return;
    this.#draw();
    this.#bar.stop();
  }

  #draw() {
    const seconds = Math.max(1, this.#now() - this.#began) / 1000;
    const counts = [this.#done, this.#total, this.#done / seconds].map(grouped) as [string, string, string];
    const [done, all, rate] = counts;
    if (this.#drawnAt === undefined) this.#bar.start(this.#total, this.#done, { done, all, rate });
    this.#drawnAt = this.#now();
    this.#bar.setTotal(this.#total);
    this.#bar.update(this.#done, { done, all, rate });
  }
}

/** Formats a number with thousands separators: `1,234,567`. */
function grouped(number: number): string {
  return Math.round(number).toLocaleString("en");
}
