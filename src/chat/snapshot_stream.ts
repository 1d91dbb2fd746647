/** Reads the records of a snapshot one by one, and checks their types. All methods throw `SnapshotError`. */
import { type Json, RecordReader, RECORDS, type RecordType, SnapshotError } from "./snapshot_records.ts";

const TYPES: ReadonlyMap<unknown, RecordType> = new Map(
  (Object.keys(RECORDS) as RecordType[]).map((type) => [RECORDS[type], type]),
);

/** The records, one of which is read ahead. */
export class RecordStream {
  /** How many were taken. */
  taken = 0;
  readonly #records: Iterator<unknown>;
  #next: IteratorResult<unknown>;

  constructor(records: Iterable<unknown>) {
    this.#records = records[Symbol.iterator]();
    this.#next = this.#records.next();
  }

  get done(): boolean {
    return this.#next.done === true;
  }

  /** The type of the next record. */
  get type(): RecordType {
    if (this.#next.done) throw new SnapshotError("it ends too early");
    const { value } = this.#next;
    const type = Array.isArray(value) ? TYPES.get(value[0]) : undefined;
    if (type === undefined) throw new SnapshotError("a record has an unknown type");
    return type;
  }

  /** Whether the next record has a type. */
  is(type: RecordType): boolean {
    return this.type === type;
  }

  /** Takes the next record, which has to be of a type, and reads it. */
  take<T>(type: RecordType, read: (reader: RecordReader, type: RecordType) => T): T {
    if (this.type !== type) throw new SnapshotError(`a record is ${this.type}, not ${type}`);
    const reader = new RecordReader(this.#next.value, 1);
    const result = read(reader, type);
    reader.end();
    this.#advance();
    return result;
  }

  /** Takes the records of a section. */
  *items(): Generator<Json> {
    while (!this.done && this.type === "item") {
      const record = this.#next.value as readonly unknown[];
      if (record.length !== 2) throw new SnapshotError("a record of a section has not one item");
      this.#advance();
      yield record[1] as Json;
    }
  }

  #advance() {
    this.taken++;
    this.#next = this.#records.next();
  }
}
