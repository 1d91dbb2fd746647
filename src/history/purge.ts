/**
 * Removes the last traces of deleted texts from the file, in short steps.
 *
 * A deleted text is overwritten in its row, and its terms are no longer found. Traces of it may remain in four places, which are
 * cleared in this order:
 * 1. Pages with neighbours of the line. When SQLite splits a page, the rows that move to the new page stay in the free space of
 *    the old one. Making the rows around a bit longer, and shorter again, has SQLite use that space, or clear it.
 * 2. The full-text index. FTS5 removes the terms of deleted lines when it merges their segments, so all are merged.
 * 3. Free pages, which hold rows that SQLite has moved or deleted. They are given back to the disk.
 * 4. The write-ahead log, which is truncated.
 *
 * Merging all segments takes long if the file is large. So a purge begins that once, and the time between two purges is a multiple of
 * the time that one takes. Terms that are deleted during the merge are left to the next purge.
 */
import type { Statements } from "./statements.ts";
import type { WordIndex } from "./word_index.ts";

/** The bytes of rows on each side of a line that may share a page with it, or may have shared one, and the most of these rows. */
const NEIGHBOURS_SIZE = 2 * 4096;
const NEIGHBOURS_MAX = 100;

/** How often these rows are made longer, so that they use all free space of their pages, even of pages that are nearly empty. */
const ROUNDS = 2;

/** How many free pages one step gives back. */
const VACUUM_STEP = 32;

/** The shortest time between two purges in milliseconds, and how many times the duration of the last one it is at least. */
export const PURGE_INTERVAL = 10_000;
const DURATIONS = 20;

/** The most pages that are copied from the log at once, so that copying them stalls nothing; see CHECKPOINT_PAGES in `database.ts`. */
export const LOG_PAGES_MAX = 500;

/** The work that is left: the table `purge`. */
interface Due {
  readonly log: number;
  readonly terms: number;
  readonly merging: number;
}

/** Purges a file. Errors are those of SQLite. */
export class Purge {
  readonly #sql: Statements;
  readonly #index: WordIndex;
  readonly #now: () => number;
  #begun: number | undefined; // when the current purge has begun
  #next = -Infinity; // when the next one may begin
  #hasMerged = false; // whether the current purge has begun to merge

  /** @param now The monotonic clock. */
  constructor(sql: Statements, index: WordIndex, now: () => number = () => performance.now()) {
    this.#sql = sql;
    this.#index = index;
    this.#now = now;
  }

  /**
   * Notes that the text of a line was deleted, within a transaction.
   *
   * @param isIndexed Whether its terms were in the index.
   */
  note(target: number, id: number, isIndexed: boolean): void {
    this.#sql.run("INSERT OR IGNORE INTO purge_line (target, id) VALUES (?, ?)", target, id);
    this.#sql.run("UPDATE purge SET log = 1, terms = max(terms, ?)", isIndexed ? 1 : 0);
  }

  /** Removes some traces; returns whether there may be more to do now. */
  runStep(): boolean {
    const { log, terms, merging } = this.#sql.get<Due>("SELECT log, terms, merging FROM purge")!;
    if (log === 0 && terms === 0 && merging === 0) return false;
    if (this.#now() < this.#next) return false;
    this.#begun ??= this.#now();
    if (this.#clearNeighbours()) return true;
    if (merging === 0 && terms !== 0 && !this.#hasMerged) {
      this.#hasMerged = true;
      this.#sql.write(() => {
        this.#index.mergeAll();
        this.#sql.run("UPDATE purge SET log = 1, terms = 0, merging = 1");
      });
      return true;
    }
    if (merging !== 0) {
      if (!this.#index.mergeStep()) this.#sql.write(() => this.#sql.run("UPDATE purge SET merging = 0"));
      return true;
    }
    if (this.#sql.pragma("freelist_count") > 0) {
      this.#sql.all(`PRAGMA incremental_vacuum(${VACUUM_STEP})`); // `get` would free one page only
      return true;
    }
    if (this.#truncateLog()) this.#sql.write(() => this.#sql.run("UPDATE purge SET log = 0"));
    const now = this.#now();
    this.#next = now + Math.max(PURGE_INTERVAL, DURATIONS * (now - this.#begun));
    this.#begun = undefined;
    this.#hasMerged = false;
    return false;
  }

  /** Clears the pages around one line; returns false if there is none left. */
  #clearNeighbours(): boolean {
    const line = this.#sql.get<{ target: number; id: number }>("SELECT target, id FROM purge_line LIMIT 1");
    if (line === undefined) return false;
    const { target, id } = line;
    this.#sql.write(() => {
      const rows = [...this.#neighbours(target, id, "<", "DESC"), ...this.#neighbours(target, id, ">=", "ASC")];
      const grow = "UPDATE message SET tags = tags || ' ' WHERE target = ? AND id = ?";
      for (let round = 0; round < ROUNDS; round++) for (const row of rows) this.#sql.run(grow, row.target, row.id);
      const shrink = `UPDATE message SET tags = substr(tags, 1, length(tags) - ${ROUNDS}) WHERE target = ? AND id = ?`;
      for (const row of rows) this.#sql.run(shrink, row.target, row.id);
      this.#sql.run("DELETE FROM purge_line WHERE target = ? AND id = ?", target, id);
    });
    return true;
  }

  /** The rows next to a line, of this and other targets: they are in one tree. */
  #neighbours(target: number, id: number, operator: "<" | ">=", order: "ASC" | "DESC") {
    const rows = this.#sql.all<{ target: number; id: number; size: number }>(
      `SELECT target, id, octet_length(text) + octet_length(tags) + octet_length(origin) + 30 AS size FROM message
        WHERE (target, id) ${operator} (?, ?) ORDER BY target ${order}, id ${order} LIMIT ?`,
      target,
      id,
      NEIGHBOURS_MAX,
    );
    let left = NEIGHBOURS_SIZE;
    return rows.filter(({ size }) => (left -= size) > -size);
  }

  /** Copies the log into the file and truncates it; returns false if that has to wait, as for another process that reads. */
  #truncateLog(): boolean {
    const state = this.#sql.get<{ log: number; checkpointed: number }>("PRAGMA wal_checkpoint(NOOP)")!;
    if (state.log - state.checkpointed > LOG_PAGES_MAX) return false; // commits copy it as soon as that is possible
    return this.#sql.get<{ busy: number }>("PRAGMA wal_checkpoint(TRUNCATE)")!.busy === 0;
  }
}
