/**
 * Puts batches that arrive in any order, or twice, or not at all, into the order of their sequences.
 *
 * It is bounded: a batch that arrives too early to be kept is dropped, and is reported as missing when its turn comes.
 */
import { EARLY_BYTES_MAX, EARLY_MAX, FETCHES_MAX } from "./log_limits.ts";

/** A value that waits for its turn. */
interface Early<T> {
  readonly size: number;
  readonly value: T;
}

/** Delivers values in the order of their sequences, each once. */
export class Sequencer<T> {
  /** The sequence that is delivered next. */
  next: number;
  /** The greatest sequence that is known to exist. */
  known: number;

  readonly #deliver: (sequence: number, value: T, size: number) => void;
  readonly #mayDeliver: () => boolean;
  readonly #early = new Map<number, Early<T>>();
  #earlyBytes = 0;

  /**
   * @param next The first sequence to deliver.
   * @param deliver Receives each value once, in order.
   * @param mayDeliver Whether the receiver has room. While it has not, values wait, or are dropped.
   */
  constructor(
    next: number,
    deliver: (sequence: number, value: T, size: number) => void,
    mayDeliver: () => boolean = () => true,
  ) {
    this.next = next;
    this.known = next - 1;
    this.#deliver = deliver;
    this.#mayDeliver = mayDeliver;
  }

  /** How many values wait for their turn. */
  get early(): number {
    return this.#early.size;
  }

  /**
   * Takes a value, and delivers all whose turn it is.
   *
   * @param make Returns the value; it is called only if there is room for it.
   * @param size What the value takes in memory, in bytes.
   */
  take(sequence: number, make: () => T, size: number): void {
    this.known = Math.max(this.known, sequence);
    if (sequence < this.next || this.#early.has(sequence)) return;
    if (sequence === this.next && this.#mayDeliver()) {
      this.#hand(sequence, make(), size);
      this.drain();
    } else if (sequence < this.next + EARLY_MAX && this.#earlyBytes + size <= EARLY_BYTES_MAX) {
      this.#early.set(sequence, { value: make(), size });
      this.#earlyBytes += size;
    }
  }

  /** Delivers what waits, as far as its turn has come and there is room. */
  drain(): void {
    for (let early = this.#early.get(this.next); early !== undefined; early = this.#early.get(this.next)) {
      if (!this.#mayDeliver()) return;
      this.#early.delete(this.next);
      this.#earlyBytes -= early.size;
      this.#hand(this.next, early.value, early.size);
    }
  }

  /** The first sequence that is neither delivered nor waits. */
  firstMissing(): number {
    let sequence = this.next;
    while (this.#early.has(sequence)) sequence++;
    return sequence;
  }

  /** The lowest sequences that are known to exist and are not here, at most as many as can be fetched at the same time. */
  missing(): number[] {
    const found: number[] = [];
    // Those beyond the window would have no room; those that wait for room to be delivered are not missing.
    const end = Math.min(this.known, this.next + FETCHES_MAX - 1);
    for (let sequence = this.next; sequence <= end; sequence++) {
      if (!this.#early.has(sequence)) found.push(sequence);
    }
    return found;
  }

  #hand(sequence: number, value: T, size: number) {
    this.next = sequence + 1;
    this.#deliver(sequence, value, size);
  }
}
