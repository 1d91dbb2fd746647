/** What a node counts of its appends. */

/** How long the slowest append is remembered, in milliseconds: between this and half of it. */
const SLOWEST_PERIOD = 60_000;

/** Counts appends, and how long they take. */
export class AppendFigures {
  appended = 0;
  appendedBytes = 0;
  /** The time of the last one, in milliseconds. */
  appendTime = 0;
  #slowest = [0, 0]; // of this half of the period, and of the one before
  #half = performance.now();

  /** The longest time of the last minute, in milliseconds. */
  get slowestAppend(): number {
    this.#turn();
    return Math.max(...this.#slowest);
  }

  /** An append is over. */
  add(bytes: number, milliseconds: number): void {
    this.#turn();
    this.appended++;
    this.appendedBytes += bytes;
    this.appendTime = milliseconds;
    this.#slowest[0] = Math.max(this.#slowest[0]!, milliseconds);
  }

  #turn(): void {
    const halves = Math.floor((performance.now() - this.#half) / (SLOWEST_PERIOD / 2));
    if (halves === 0) return;
    this.#slowest = [0, halves === 1 ? this.#slowest[0]! : 0];
    this.#half += halves * (SLOWEST_PERIOD / 2);
  }
}
