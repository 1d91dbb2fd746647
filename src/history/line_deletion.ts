/** Deletes lines together with all that belongs to them: index entries, usage, counts, and files that they link to. */
import type { FileTable } from "./file_table.ts";
import type { LineCounts } from "./line_counts.ts";
import type { Statements } from "./statements.ts";
import type { Targets } from "./targets.ts";
import { COUNTED_COLUMNS, type CountedRow, type Usage } from "./usage.ts";
import type { WordIndex } from "./word_index.ts";
import type { LineAuthor } from "./writers.ts";

/** The most lines that one call deletes. */
export const DELETE_STEP = 25;

/** The most lines with reactions or mentions among them, as each may have hundreds. */
export const EXTRAS_STEP = 5;

/** The most lines that one call reads to find those of a writer. */
export const SCAN_STEP = 100;

/**
 * The columns of a line that are read to delete it: its text only if it may link to a file. A private line is stored twice, and
 * its files are still linked to when one copy is deleted: they expire with age.
 */
const COLUMNS = `${COUNTED_COLUMNS}, CASE WHEN recipient IS NULL AND instr(text, '/f/') > 0 THEN text END AS linking`;

/** A line with these columns. */
type DeletedRow = CountedRow & LinkingRow;

/** The author of a line, and its text, if it may link to a file. */
type LinkingRow = LineAuthor & { readonly linking: string | null };

/** What a call of `deleteByWriter` did. */
export interface WriterDeletion {
  /** How many lines were read. */
  readonly scanned: number;
  readonly deleted: number;
  /** Whether no line of the writer in the range is left. */
  readonly done: boolean;
}

/** Deletes lines, a few in each call. */
export class LineDeletion {
  readonly #sql: Statements;
  readonly #targets: Targets;
  readonly #index: WordIndex;
  readonly #usage: Usage;
  readonly #counts: LineCounts;
  readonly #files: FileTable;

  constructor(
    sql: Statements,
    targets: Targets,
    index: WordIndex,
    usage: Usage,
    counts: LineCounts,
    files: FileTable,
  ) {
    this.#sql = sql;
    this.#targets = targets;
    this.#index = index;
    this.#usage = usage;
    this.#counts = counts;
    this.#files = files;
  }

  /**
   * Deletes the oldest lines of a target, in a transaction of its own. The caller corrects the count of the target.
   *
   * @param upTo Lines with greater ids stay.
   * @returns How many lines were deleted, at most {@linkcode DELETE_STEP}.
   */
  deleteOldest(target: number, upTo: number): number {
    if (upTo <= 0) return 0;
    const rows = withFewExtras(this.#sql.all<DeletedRow>(
      `SELECT ${COLUMNS} FROM message WHERE target = ? AND id <= ? ORDER BY id LIMIT ?`,
      target,
      upTo,
      DELETE_STEP,
    ));
    const last = rows.at(-1);
    if (last === undefined) return 0;
    const isIndexed = this.#index.covers(target);
    this.#sql.write(() => {
      if (isIndexed) { for (const { id } of rows) this.#index.delete(id); }
      this.#sql.run("DELETE FROM message WHERE target = ? AND id <= ?", target, last.id);
      this.#usage.remove(target, rows);
      this.#deleteFiles(rows);
    });
    return rows.length;
  }

  /**
   * Deletes the oldest lines of a writer in a target, within a transaction. Corrects the count of the target.
   *
   * @param upTo Lines with greater ids stay.
   * @param most The most lines to delete. Up to {@linkcode SCAN_STEP} lines are read to find them.
   */
  deleteByWriter(writer: string, target: number, upTo: number, most: number): WriterDeletion {
    const used = this.#usage.of(writer, target);
    if (used === undefined) return { scanned: 0, deleted: 0, done: true };
    const rows = this.#sql.all<DeletedRow>(
      `SELECT ${COLUMNS} FROM message WHERE target = ? AND id >= ? AND id <= ? ORDER BY id LIMIT ?`,
      target,
      used.first,
      upTo,
      SCAN_STEP,
    );
    const written = rows.filter((row) => this.#usage.isBy(row, writer));
    const deleted = withFewExtras(written.slice(0, most));
    const done = deleted.length === written.length && rows.length < SCAN_STEP;
    const next = deleted.length < written.length ? written[deleted.length]!.id : (rows.at(-1)?.id ?? used.first) + 1;
    const isIndexed = this.#index.covers(target);
    const isWholeTarget = done && upTo >= this.#targets.lastId(target);
    for (const { id } of deleted) {
      if (isIndexed) this.#index.delete(id);
      this.#sql.run("DELETE FROM message WHERE target = ? AND id = ?", target, id);
    }
    this.#usage.remove(target, deleted);
    this.#deleteFiles(deleted);
    if (isWholeTarget) this.#usage.clear(writer, target);
    else this.#usage.setFirst(writer, target, done ? upTo + 1 : next);
    this.#counts.add(target, -deleted.length);
    return { scanned: rows.length, deleted: deleted.length, done };
  }

  /** Has the files of a line deleted whose text is deleted, also of a private one, within the transaction that does it. */
  deleteFilesOf(target: number, id: number): void {
    const row = this.#sql.get<LinkingRow>(
      "SELECT origin, account, text AS linking FROM message WHERE target = ? AND id = ?",
      target,
      id,
    );
    if (row?.linking?.includes("/f/")) this.#deleteFiles([row]);
  }

  /** Has the files that lines link to deleted once the lines are. A file that a crash keeps is deleted when it expires. */
  #deleteFiles(rows: readonly LinkingRow[]) {
    for (const { linking, origin, account } of rows) {
      if (linking === null) continue;
      this.#sql.afterCommit(() => this.#files.deleteLinked(linking, { origin, account: account ?? undefined }));
    }
  }
}

/** The first rows, up to as many as one step deletes with all that belongs to them. */
function withFewExtras<R extends CountedRow>(rows: R[]): R[] {
  let left = EXTRAS_STEP;
  const end = rows.findIndex(({ extras }) => extras !== 0 && left-- === 0);
  return end < 0 ? rows : rows.slice(0, end);
}
