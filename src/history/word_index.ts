/**
 * The full-text index of the lines in rooms: which terms are in which line. `index_terms.ts` says which terms these are.
 *
 * Lines are indexed in the background, since indexing costs ten times as much as storing. `target.indexed` is the id of
 * the last line of a room that is in the index, so that indexing resumes after a restart. Private lines are not indexed.
 */
import { fold } from "../chat/names.ts";
import { indexTerms } from "./index_terms.ts";
import { type MessageRow, nickOf } from "./rows.ts";
import type { Statements } from "./statements.ts";
import { DELETED_ROOM, isRoomKey } from "./targets.ts";
import { hasLink } from "../util/links.ts";

/** The most lines that one step indexes. */
const INDEX_STEP = 100;

/** How long one step may index, in milliseconds. The line that is being indexed then is finished. */
const STEP_TIME = 2;

/** How many pages of the index one step merges. */
const MERGE_STEP = 8;

/** Adds lines to the index, and removes them. Errors are those of SQLite: callers convert them. */
export class WordIndex {
  readonly #sql: Statements;
  readonly #pending: Set<number>; // rooms with lines that are not indexed yet
  #needsMerge = true; // whether the index may consist of so many segments that some should be merged

  constructor(sql: Statements) {
    this.#sql = sql;
    const rooms = sql.all<{ id: number }>(
      "SELECT id FROM target WHERE key >= '#' AND key < '$' AND indexed < (SELECT max(id) FROM message WHERE target = target.id)",
    );
    this.#pending = new Set(rooms.map(({ id }) => id));
  }

  /** Notes that a room has a new line to be indexed by a later step. */
  schedule(room: number): void {
    this.#pending.add(room);
  }

  /** Cancels what was scheduled for a room. */
  cancel(room: number): void {
    this.#pending.delete(room);
  }

  /**
   * Indexes some lines, of as many rooms as fit into one step.
   *
   * @returns False if there was nothing to index.
   */
  indexStep(): boolean {
    if (this.#pending.size === 0) return false;
    const done: number[] = [];
    const end = performance.now() + STEP_TIME;
    let left = INDEX_STEP;
    this.#sql.write(() => {
      for (const room of this.#pending) {
        let last: number | undefined;
        const rows = this.#sql.all<MessageRow>(
          `SELECT id, origin, text, deleted_by FROM message
            WHERE target = ?1 AND id > (SELECT indexed FROM target WHERE id = ?1 AND key >= '#' AND key < '$') ORDER BY id LIMIT ?2`,
          room,
          left,
        );
        for (const row of rows) {
          if (row.deleted_by === null) this.insert(room, row);
          last = row.id;
          if (performance.now() >= end) left = 0; // some lines take a hundred times as long as others
          else left--;
          if (left === 0) break;
        }
        if (last !== undefined) this.#sql.run("UPDATE target SET indexed = ? WHERE id = ?", last, room);
        done.push(room);
        if (left === 0) break;
      }
    });
    for (const room of done) this.#pending.delete(room);
    if (left === 0) this.#pending.add(done.at(-1)!); // it may have more lines: now behind the other rooms
    this.#needsMerge = true;
    return true;
  }

  /**
   * Merges some segments of the index. Each transaction adds a segment, and a search reads all of them. FTS5's automatic
   * merge is off, as it merges everything at once and would block the event loop.
   *
   * @returns Whether there is more to merge.
   */
  mergeStep(): boolean {
    if (!this.#needsMerge) return false;
    const changes = () => this.#sql.get<{ total: number }>("SELECT total_changes() AS total")!.total;
    const before = changes();
    this.#sql.write(() => this.#sql.run("INSERT INTO word (word, rank) VALUES ('merge', ?)", MERGE_STEP));
    this.#needsMerge = changes() - before > 1; // how FTS5 reports that it did something: sqlite.org/fts5.html, "merge"
    return this.#needsMerge;
  }

  /** Begins to merge all segments into one, which leaves out the terms of deleted lines. `mergeStep` does the rest. */
  mergeAll(): void {
    this.#sql.run("INSERT INTO word (word, rank) VALUES ('merge', ?)", -MERGE_STEP);
    this.#needsMerge = true;
  }

  /** Indexes a line, within a transaction. */
  insert(room: number, { id, origin, text }: Pick<MessageRow, "id" | "origin" | "text">): void {
    const terms = [nickTerm(room, fold(nickOf(origin)))];
    if (hasLink(text)) terms.push(linkTerm(room));
    for (const term of indexTerms(text)) terms.push(wordTerm(room, term));
    this.#sql.run("INSERT INTO word (rowid, words) VALUES (?, ?)", id, terms.join(" "));
  }

  /** Removes a line from the index, within a transaction. */
  delete(id: number): void {
    this.#sql.run("DELETE FROM word WHERE rowid = ?", id);
    this.#needsMerge = true;
  }

  /** Whether lines of a target are indexed. A private line may have the same id as an indexed line of a room. */
  covers(target: number): boolean {
    const { key } = this.#sql.get<{ key: string }>("SELECT key FROM target WHERE id = ?", target)!;
    return isRoomKey(key) || key.startsWith(DELETED_ROOM);
  }
}

/** The term that stands for a word in a room. No word contains `_`. */
export function wordTerm(room: number, word: string): string {
  return `${room.toString(36)}_${word}`;
}

/** The term of lines with a link in a room. The letters are no hexadecimal digits, so it is no author's. */
export function linkTerm(room: number): string {
  return wordTerm(room, "_link");
}

/** The term that stands for an author in a room: hexadecimal, as the index takes only letters, digits and `_`. */
export function nickTerm(room: number, nick: string): string {
  const hex = [...new TextEncoder().encode(nick)].map((byte) => byte.toString(16).padStart(2, "0")).join("");
  return wordTerm(room, `_${hex}`);
}
