/** How many lines each target has, in memory, for the limit of lines in a target. */

/** The most targets that are counted at the same time. */
export const TARGETS_MAX = 20_000;

/** Counts of lines, by target. A target is counted once `set` was called for it, until the cache is cleared. */
export class LineCounts {
  readonly #counts = new Map<number, number>();
  readonly #enabled: boolean;

  /** @param enabled False where there is no limit of lines: then nothing is counted. */
  constructor(enabled: boolean) {
    this.#enabled = enabled;
  }

  /** The number of lines; undefined if it is not known. */
  get(target: number): number | undefined {
    return this.#counts.get(target);
  }

  set(target: number, lines: number): void {
    if (!this.#enabled) return;
    if (this.#counts.size >= TARGETS_MAX) this.#counts.clear();
    this.#counts.set(target, lines);
  }

  /**
   * Adds lines to a known count, or subtracts them if `lines` is negative.
   *
   * @returns The new count; undefined if it is not known.
   */
  add(target: number, lines: number): number | undefined {
    const known = this.#counts.get(target);
    if (known === undefined) return undefined;
    this.#counts.set(target, known + lines);
    return known + lines;
  }

  delete(target: number): void {
    this.#counts.delete(target);
  }

  clear(): void {
    this.#counts.clear();
  }
}
