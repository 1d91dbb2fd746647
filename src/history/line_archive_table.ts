/** Gives the lines of the file to other nodes of a cluster, and stores lines that this one lacks among those that it has. */
import { ACCOUNT_HOST } from "../chat/conversations.ts";
import { firstId } from "../chat/ids.ts";
import type { ArchiveTarget, CatchUp, LineArchive } from "../chat/line_archive.ts";
import type { Line } from "../chat/store.ts";
import { withStoreErrors } from "./database.ts";
import type { LateChanges } from "./late_changes.ts";
import type { Statements } from "./statements.ts";
import { isRoomKey, type Targets } from "./targets.ts";
import { COUNTED_COLUMNS, type CountedRow, type Usage } from "./usage.ts";
import type { WordIndex } from "./word_index.ts";

/** After what time a step inserts no further line, in milliseconds. */
const STEP_TIME = 2;

/** What else has to know the lines. */
interface ArchiveParts {
  readonly targets: Targets;
  readonly index: WordIndex;
  readonly usage: Usage;
  /** Inserts a line as if it was the newest one, within a transaction. */
  readonly insert: (key: string, line: Line) => void;
  /** Deletes the text of a line, within a transaction, unless that was done before. */
  readonly redact: (target: number, id: number, by: string) => void;
  /** Changes of these lines that were made before they came. */
  readonly lateChanges: LateChanges;
}

/** Reads and inserts lines for nodes that catch up. */
export class LineArchiveTable implements LineArchive {
  readonly #sql: Statements;
  readonly #parts: ArchiveParts;
  #catchUp: CatchUp | undefined;

  constructor(sql: Statements, parts: ArchiveParts) {
    this.#sql = sql;
    this.#parts = parts;
    const row = sql.get<{ progress: string }>("SELECT progress FROM catch_up");
    this.#catchUp = row === undefined ? undefined : JSON.parse(row.progress) as CatchUp;
  }

  get catchUp(): CatchUp | undefined {
    return this.#catchUp;
  }

  begin({ after, until, position }: Pick<CatchUp, "after" | "until" | "position">): void {
    const start = Math.min(after, this.#catchUp?.after ?? after);
    this.note({ after: start, until, position, step: "missing", target: "", id: 0 });
  }

  note(catchUp: CatchUp | undefined): void {
    this.#sql.write(() => this.#write(catchUp));
    this.#catchUp = catchUp;
  }

  targets(from: string, count: number): ArchiveTarget[] {
    const sql = "SELECT key, since FROM target WHERE key >= ? AND key >= '#' ORDER BY key LIMIT ?";
    return withStoreErrors(() => this.#sql.all<ArchiveTarget>(sql, from, count));
  }

  roomsWithout(from: string, id: number, count: number): ArchiveTarget[] {
    const sql = `SELECT key, since FROM target WHERE key >= ? AND key >= '#' AND key < '$'
      AND NOT EXISTS (SELECT 1 FROM message WHERE target = target.id AND id <= ?) ORDER BY key LIMIT ?`;
    return withStoreErrors(() => this.#sql.all<ArchiveTarget>(sql, from, id, count));
  }

  deleted(key: string, after: number, before: number, count: number): number[] {
    const target = this.#parts.targets.find(key)?.id;
    if (target === undefined) return [];
    const sql = `SELECT id FROM message INDEXED BY message_deleted
      WHERE target = ? AND id > ? AND id < ? AND deleted_by IS NOT NULL ORDER BY id LIMIT ?`;
    return withStoreErrors(() => this.#sql.all<{ id: number }>(sql, target, after, before, count)).map(({ id }) => id);
  }

  insert(target: ArchiveTarget, lines: readonly Line[], catchUp: CatchUp): number {
    const end = performance.now() + STEP_TIME;
    let done = 0;
    const progress = () => ({ ...catchUp, target: target.key, id: lines[done - 1]?.id ?? catchUp.id });
    this.#sql.write(() => {
      const key = this.#keyOf(target);
      const first = this.#firstIdOf(target.key);
      while (done < lines.length) {
        const line = lines[done++]!;
        if (key !== undefined && line.id >= first) this.#insert(key, line, catchUp.step === "deleted");
        if (performance.now() >= end) break;
      }
      this.#write(progress());
    });
    this.#catchUp = progress();
    return done;
  }

  /** The key that a target has here. A room may have been renamed since the peer has read its lines, or before. */
  #keyOf({ key, since }: ArchiveTarget): string | undefined {
    if (!isRoomKey(key)) return key;
    const rooms = this.#sql.all<{ key: string }>(
      "SELECT key FROM target WHERE since = ? AND key >= '#' AND key < '$' ORDER BY key <> ? LIMIT 2",
      since,
      key,
    );
    return rooms[0]?.key === key || rooms.length === 1 ? rooms[0]!.key : undefined;
  }

  /**
   * The first id that lines of a target may have: those of a conversation belong to the owner of its account, which may have been
   * deleted since the peer has read them.
   */
  #firstIdOf(key: string): number {
    const end = isRoomKey(key) ? -1 : key.indexOf(`@${ACCOUNT_HOST} `);
    if (end < 0) return 0;
    const account = this.#sql.get<{ since: number }>("SELECT since FROM account WHERE key = ?", key.slice(0, end));
    return account === undefined ? Infinity : firstId(account.since);
  }

  #insert(key: string, line: Line, isKnown: boolean) {
    const { targets, index, usage, insert, redact, lateChanges } = this.#parts;
    const known = targets.find(key)?.id;
    if (known !== undefined && this.#row(known, line.id) !== undefined) {
      if (line.deletedBy !== undefined) redact(known, line.id, line.deletedBy);
      return;
    }
    if (isKnown) return; // it has expired here
    insert(key, line);
    const { id } = targets.find(key)!;
    const sql = "SELECT indexed, counted FROM target WHERE id = ?";
    const { indexed, counted } = this.#sql.get<{ indexed: number; counted: number }>(sql, id)!;
    // Maintenance takes care of newer lines.
    if (isRoomKey(key) && line.id <= indexed && line.deletedBy === undefined) index.insert(id, line);
    if (line.id <= counted) usage.add(id, [this.#row(id, line.id)!]);
    lateChanges.apply(isRoomKey(key) ? id : key, id, line.id);
  }

  #row(target: number, id: number): CountedRow | undefined {
    return this.#sql.get<CountedRow>(`SELECT ${COUNTED_COLUMNS} FROM message WHERE target = ? AND id = ?`, target, id);
  }

  #write(catchUp: CatchUp | undefined) {
    this.#sql.run("DELETE FROM catch_up");
    if (catchUp !== undefined) this.#sql.run("INSERT INTO catch_up (progress) VALUES (?)", JSON.stringify(catchUp));
    else this.#parts.lateChanges.clear();
  }
}
