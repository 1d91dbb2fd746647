/** Deletes the texts of lines, with all that belongs to them: index entries, sizes, reactions, mentions, and files that they link to. */
import type { LineDeletion } from "./line_deletion.ts";
import type { LineExtras } from "./line_extras.ts";
import type { Purge } from "./purge.ts";
import type { Statements } from "./statements.ts";
import { COUNTED_COLUMNS, type CountedRow, type Usage } from "./usage.ts";
import type { WordIndex } from "./word_index.ts";

/** The parts that have to know of a deleted text. */
interface RedactionParts {
  readonly index: WordIndex;
  readonly usage: Usage;
  readonly extras: LineExtras;
  readonly purge: Purge;
  readonly lineDeletion: Pick<LineDeletion, "deleteFilesOf">;
}

/** Deletes texts, within transactions of the caller. Errors are those of SQLite. */
export class Redaction {
  readonly #sql: Statements;
  readonly #parts: RedactionParts;

  constructor(sql: Statements, parts: RedactionParts) {
    this.#sql = sql;
    this.#parts = parts;
  }

  /**
   * Deletes the text of a line, unless that was done before.
   *
   * @param by The nickname of the member that deletes it.
   * @returns Whether there is such a line.
   */
  redact(target: number, id: number, by: string): boolean {
    const { index, usage, extras, purge, lineDeletion } = this.#parts;
    const before = this.#row(target, id);
    if (before === undefined) return false;
    if (before.deleted_by !== null) return true;
    lineDeletion.deleteFilesOf(target, id);
    const sql = "UPDATE message SET text = '', tags = '', deleted_by = ? WHERE target = ? AND id = ?";
    this.#sql.run(sql, by, target, id);
    usage.replace(target, before, this.#row(target, id)!);
    const isIndexed = index.covers(target);
    if (isIndexed) index.delete(id);
    extras.clear(target, id);
    purge.note(target, id, isIndexed);
    return true;
  }

  #row(target: number, id: number): CountedRow & { readonly deleted_by: string | null } | undefined {
    return this.#sql.get(`SELECT ${COUNTED_COLUMNS}, deleted_by FROM message WHERE target = ? AND id = ?`, target, id);
  }
}
