/**
 * The checkpoints of a node of a cluster, in the database.
 *
 * Records are stored as parts of bounded size under the number of their generation. A generation counts when it has a row in
 * the table `checkpoint`, and that row replaces the one before in the same transaction. Parts of other generations are left
 * over, by a crash too: maintenance deletes them some at a time.
 */
import {
  type CheckpointHead,
  type CheckpointStore,
  type CheckpointWriter,
  type Json,
  RECORD_MAX,
} from "../chat/checkpoint_store.ts";
import { StoreError } from "../chat/store.ts";
import { withStoreErrors } from "./database.ts";
import type { Position } from "./position.ts";
import type { Statements } from "./statements.ts";

/** After how many characters a part ends. A record that has more is a part of its own. */
const PART_SIZE = 32 * 1024;

/** How many parts one step deletes: some 256 KiB, and a large record at most. */
const DELETE_STEP = 8;

/** Stores checkpoints. */
export class CheckpointTable implements CheckpointStore {
  readonly #sql: Statements;
  readonly #position: Position;
  #valid: number | undefined; // the generation that counts …
  #writing: number | undefined; // … the one that is written …
  #last: number; // … and the greatest that was ever used in this process or is in the file
  #hasLeftovers: boolean;
  #size = 0; // of the checkpoint that was written last, in characters

  constructor(sql: Statements, position: Position) {
    this.#sql = sql;
    this.#position = position;
    this.#valid = sql.get<{ generation: number }>("SELECT generation FROM checkpoint")?.generation;
    const parts = sql.get<{ last: number | null }>("SELECT max(generation) AS last FROM checkpoint_part")!.last ?? 0;
    this.#last = Math.max(this.#valid ?? 0, parts);
    const others = "SELECT 1 FROM checkpoint_part WHERE generation <> ? LIMIT 1";
    this.#hasLeftovers = sql.get(others, this.#valid ?? 0) !== undefined;
  }

  /** How many characters the next checkpoint will have, about. Their space in the file should not be given back meanwhile. */
  get size(): number {
    return this.#size;
  }

  load(): { readonly head: CheckpointHead; records(): Iterable<Json> } | undefined {
    return withStoreErrors(() => {
      const row = this.#sql.get<{ generation: number; head: string }>("SELECT generation, head FROM checkpoint");
      if (row === undefined) return undefined;
      return { head: JSON.parse(row.head) as CheckpointHead, records: () => this.#records(row.generation) };
    });
  }

  begin(): CheckpointWriter {
    const generation = this.#writing = ++this.#last;
    this.#hasLeftovers = true;
    let [number, size] = [0, 0];
    return {
      write: (records) => {
        this.#require(generation);
        const texts = partsOf(records);
        this.#write(() => {
          for (const text of texts) {
            const sql = "INSERT INTO checkpoint_part (generation, number, records) VALUES (?, ?, ?)";
            this.#sql.run(sql, generation, number++, text);
            size += text.length;
          }
        });
      },
      finish: (head) => {
        this.#require(generation);
        if (this.#position.settled < head.position) {
          this.#abandon();
          return false;
        }
        this.#write(() => {
          this.#sql.run("DELETE FROM checkpoint");
          this.#sql.run("INSERT INTO checkpoint (generation, head) VALUES (?, ?)", generation, JSON.stringify(head));
        });
        this.#valid = generation;
        this.#size = size;
        this.#abandon();
        return true;
      },
    };
  }

  clear(): void {
    this.#abandon();
    this.#sql.write(() => this.#sql.run("DELETE FROM checkpoint"));
    this.#valid = undefined;
  }

  /** Deletes some parts of generations that do not count. Returns whether there may be more. */
  runStep(): boolean {
    if (!this.#hasLeftovers) return false;
    const sql = `DELETE FROM checkpoint_part WHERE rowid IN
      (SELECT rowid FROM checkpoint_part WHERE generation <> ? AND generation <> ? LIMIT ${DELETE_STEP})`;
    const { changes } = this.#sql.write(() => this.#sql.prepare(sql).run(this.#valid ?? 0, this.#writing ?? 0));
    return this.#hasLeftovers = Number(changes) === DELETE_STEP;
  }

  *#records(generation: number): Generator<Json, void, void> {
    for (let number = 0;; number++) {
      const sql = "SELECT records FROM checkpoint_part WHERE generation = ? AND number = ?";
      const row = withStoreErrors(() => this.#sql.get<{ records: string }>(sql, generation, number));
      if (row === undefined) return;
      yield* JSON.parse(row.records) as Json[];
    }
  }

  #require(generation: number) {
    if (this.#writing !== generation) throw new StoreError("this checkpoint was abandoned");
  }

  #write(change: () => void) {
    try {
      this.#sql.write(change);
    } catch (error) {
      this.#abandon();
      throw error;
    }
  }

  #abandon() {
    this.#writing = undefined;
    this.#hasLeftovers = true;
  }
}

/** Records as JSON arrays of bounded size. */
function partsOf(records: Iterable<Json>): string[] {
  const parts: string[] = [];
  let part: string[] = [];
  let size = 0;
  for (const record of records) {
    const text = JSON.stringify(record);
    if (text.length > RECORD_MAX) throw new RangeError(`A record of a checkpoint has at most ${RECORD_MAX} characters`);
    if (size > 0 && size + text.length > PART_SIZE) {
      parts.push(`[${part.join()}]`);
      [part, size] = [[], 0];
    }
    part.push(text);
    size += text.length;
  }
  if (size > 0) parts.push(`[${part.join()}]`);
  return parts;
}
