/**
 * Deletes targets.
 *
 * Deleting many lines takes long. So a target gets a key that no name can have, which hides it at once; its lines and read
 * markers are deleted by later steps, and its row last.
 */
import type { LineDeletion } from "./line_deletion.ts";
import type { LineLimit } from "./line_limit.ts";
import type { ReadMarkerTable } from "./read_marker_table.ts";
import type { Statements } from "./statements.ts";
import { DELETED, DELETED_ROOM, isRoomKey, type Targets } from "./targets.ts";
import type { Usage } from "./usage.ts";
import type { WordIndex } from "./word_index.ts";

/** How long one step may delete lines, in milliseconds. The transaction that runs then is finished. */
const STEP_TIME = 2;

/** What keeps data about targets that has to go with them. */
interface TargetDeletionParts {
  readonly targets: Targets;
  readonly index: WordIndex;
  readonly usage: Usage;
  readonly lineLimit: LineLimit;
  readonly lineDeletion: LineDeletion;
  readonly readMarkers: ReadMarkerTable;
}

/** Deletes targets at once, and their lines and read markers step by step. Errors are those of SQLite. */
export class TargetDeletion {
  readonly #sql: Statements;
  readonly #parts: TargetDeletionParts;
  readonly #pending: Set<number>; // deleted targets that still have a row

  constructor(sql: Statements, parts: TargetDeletionParts) {
    this.#sql = sql;
    this.#parts = parts;
    const deleted = sql.all<{ id: number }>("SELECT id FROM target WHERE key >= '!' AND key < '#'");
    this.#pending = new Set(deleted.map(({ id }) => id));
  }

  /** Whether deleted targets still have lines or read markers. */
  get hasPending(): boolean {
    return this.#pending.size > 0;
  }

  /** Deletes a target, if it exists. */
  delete(key: string): void {
    const { targets, index, usage, lineLimit, readMarkers } = this.#parts;
    const target = targets.find(key);
    if (target === undefined) return;
    const { id } = target;
    const hasLines = targets.firstId(id) > 0;
    const isEmpty = !hasLines && !readMarkers.hasMarkers(id);
    this.#sql.write(() => {
      if (isEmpty) this.#sql.run("DELETE FROM target WHERE id = ?", id);
      else {
        this.#sql.run(
          `UPDATE target SET key = ?, name = '', topic = NULL, topic_by = NULL, topic_at = NULL, switches = '',
            password = NULL, "limit" = NULL WHERE id = ?`,
          `${isRoomKey(key) ? DELETED_ROOM : DELETED}${id}`,
          id,
        );
      }
      this.#sql.run("DELETE FROM mask WHERE target = ?", id);
      this.#sql.run("DELETE FROM role WHERE target = ?", id);
    });
    targets.uncache(key);
    index.cancel(id);
    lineLimit.cancel(id);
    if (!hasLines) usage.cancel(id);
    if (!isEmpty) this.#pending.add(id);
  }

  /** Deletes all conversations whose keys begin with a prefix, which hides them at once: some 10 µs for each. */
  deleteConversations(prefix: string): void {
    const { targets, lineLimit } = this.#parts;
    const range = [prefix, `${prefix}\u{10ffff}`];
    const found = this.#sql.all<{ id: number; key: string }>(
      "SELECT id, key FROM target WHERE key >= ? AND key < ?",
      ...range,
    );
    if (found.length === 0) return;
    const sql = `UPDATE target SET key = '${DELETED}' || id, name = '' WHERE key >= ? AND key < ?`;
    this.#sql.write(() => this.#sql.run(sql, ...range));
    for (const { id, key } of found) {
      targets.uncache(key);
      lineLimit.cancel(id);
      this.#pending.add(id);
    }
  }

  /**
   * Deletes a conversation without lines. There can be as many of these as there are nicknames: if they filled the file,
   * the size limit would delete the lines of all rooms.
   */
  deleteIfEmptyConversation(target: number): void {
    const row = this.#sql.get<{ key: string }>(
      `SELECT key FROM target WHERE id = ? AND key >= '$'
        AND NOT EXISTS (SELECT 1 FROM message WHERE target = target.id)`,
      target,
    );
    if (row !== undefined) this.delete(row.key);
  }

  /**
   * Deletes some lines and read markers of deleted targets.
   *
   * @returns False if there was nothing to delete.
   */
  runStep(): boolean {
    if (this.#pending.size === 0) return false;
    const { lineDeletion, readMarkers } = this.#parts;
    const end = performance.now() + STEP_TIME;
    for (const target of this.#pending) {
      while (lineDeletion.deleteOldest(target, Number.MAX_SAFE_INTEGER) > 0) {
        if (performance.now() >= end) return true;
      }
      while (this.#sql.write(() => readMarkers.deleteSome(target))) if (performance.now() >= end) return true;
      this.#sql.write(() => this.#sql.run("DELETE FROM target WHERE id = ?", target));
      this.#pending.delete(target);
      if (performance.now() >= end) break;
    }
    return true;
  }
}
