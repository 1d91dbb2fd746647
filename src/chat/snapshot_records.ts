/** The records of a snapshot: small arrays of plain JSON, and how what comes over the network is read. */

/** What records are made of. */
export type Json = string | number | boolean | null | readonly Json[];

/** A part of the state that is not in `ChatState`: it writes and reads its own records. */
export interface SnapshotSection {
  /** Identifies it. The same on all nodes. */
  readonly name: string;
  /** Its records, each of bounded size, so that they may be taken in slices of time. */
  take(): Iterable<Json>;
  /**
   * Replaces its state. A section that is not in the snapshot gets no records.
   *
   * @throws {SnapshotError}
   */
  restore(records: Iterable<Json>): void;
}

/** A snapshot cannot be restored. The state is incomplete then, until another one is restored. */
export class SnapshotError extends Error {
  override name = "SnapshotError";

  /** @param why What is wrong. */
  constructor(why: string, cause?: unknown) {
    super(`Cannot restore the snapshot: ${why}`, { cause });
  }
}

/** The record types. The letter is the first item of a record. */
export const RECORDS = {
  /** The first record: `[type, FORMAT]`. */
  start: "tincan-snapshot",
  /** Begins a section: `[type, name]`. Its records follow. */
  section: "section",
  /** A record of a section: `[type, record]`. */
  item: "item",
  /** Time, peak, last id, next number of guests. */
  totals: "t",
  /** A muted host, with the time when that is to end. */
  muted: "mute",
  /** An entry of the presence history, with its networks. */
  whowas: "was",
  /** The order of a network in the presence history. */
  rank: "rank",
  /** The choice of an account. */
  choice: "ao",
  /** Since when messages wait for an account. */
  waiting: "wait",
  /** A room with its settings. Later records name it by its index: 0 for the first one, and so on. */
  room: "r",
  /** A member. */
  member: "m",
  /** The users that a member ignores. */
  ignored: "ig",
  /** The read markers of a member without an account. */
  markers: "mark",
  /** A session. */
  session: "s",
  /** Some members of a room, with those that have each rank, and those that are invited. */
  crowd: "in",
  /** The rooms without members. */
  empty: "e",
  /** A member without a session. */
  absent: "abs",
  /** The last record: `[type, number of records before it]`. */
  end: "end",
} as const;
export type RecordType = keyof typeof RECORDS;

/** Raised when a record changes. Nodes restore snapshots of their own format only. */
export const FORMAT = 1;

/** Reads the items of a record in order. All methods throw {@linkcode SnapshotError}. */
export class RecordReader {
  readonly #items: readonly unknown[];
  #at = 0;

  /** @param skip How many items are read already. */
  constructor(record: unknown, skip = 0) {
    if (!Array.isArray(record)) throw new SnapshotError("a record is no array");
    this.#items = record;
    this.#at = skip;
  }

  /** A string. `JSON.parse` has copied it, so that it does not retain the JSON: no need for `copyString`. */
  text(): string {
    const item = this.#next();
    if (typeof item !== "string") throw this.#wrong("a string");
    return item;
  }

  /** A finite number. Times may have fractions. */
  number(): number {
    const item = this.#next();
    if (typeof item !== "number" || !Number.isFinite(item)) throw this.#wrong("a number");
    return item;
  }

  /** A safe integer from 0. */
  integer(): number {
    const item = this.#next();
    if (!Number.isSafeInteger(item) || item as number < 0) throw this.#wrong("an integer from 0");
    return item as number;
  }

  /** A signed integer of 32 bits. */
  int32(): number {
    const item = this.#next();
    if (typeof item !== "number" || (item | 0) !== item) throw this.#wrong("an integer of 32 bits");
    return item;
  }

  flag(): boolean {
    const item = this.#next();
    if (typeof item !== "boolean") throw this.#wrong("a boolean");
    return item;
  }

  /** One of some strings. */
  oneOf<T extends string>(values: readonly T[]): T {
    const item = this.#next();
    if (!values.includes(item as T)) throw this.#wrong(`one of ${values.join(", ")}`);
    return item as T;
  }

  /** What `read` returns, or `undefined` for `null`. */
  optional<T>(read: (reader: RecordReader) => T): T | undefined {
    if (this.#items[this.#at] !== null) return read(this);
    this.#at++;
    return undefined;
  }

  /** A list whose items `read` reads one by one. */
  list<T>(read: (reader: RecordReader) => T): T[] {
    const inner = new RecordReader(this.#next());
    const items: T[] = [];
    while (!inner.#done) items.push(read(inner));
    return items;
  }

  /** An array that `read` reads to its end. */
  tuple<T>(read: (reader: RecordReader) => T): T {
    const inner = new RecordReader(this.#next());
    const value = read(inner);
    inner.end();
    return value;
  }

  /** Checks that all items are read. */
  end(): void {
    if (!this.#done) throw new SnapshotError(`a record has too many items: ${this.#excerpt()}`);
  }

  get #done(): boolean {
    return this.#at >= this.#items.length;
  }

  #next(): unknown {
    if (this.#done) throw new SnapshotError(`a record has too few items: ${this.#excerpt()}`);
    return this.#items[this.#at++];
  }

  #wrong(what: string): SnapshotError {
    return new SnapshotError(`item ${this.#at} of a record is not ${what}: ${this.#excerpt()}`);
  }

  #excerpt(): string {
    return JSON.stringify(this.#items.slice(0, 2)).slice(0, 80);
  }
}
