/**
 * Limits the size of the file (`--max-data`).
 *
 * The writer with the most bytes in the whole file loses its oldest lines, or the one with the most bytes in the largest
 * room, whichever of the two is larger: see docs/decisions/storage-budgets.md. Deleted lines leave the index only when its
 * segments are merged. Waiting for that would let the file grow, so a few more lines may be deleted than necessary.
 */
import type { FileTable } from "./file_table.ts";
import { DELETE_STEP, type LineDeletion, SCAN_STEP } from "./line_deletion.ts";
import type { Statements } from "./statements.ts";
import type { TargetDeletion } from "./target_deletion.ts";
import type { Usage } from "./usage.ts";
import { PART_SHARE } from "./writers.ts";

/** What part of a writer's time range is deleted at once. Writers with few lines lose a larger part. */
const TIME_PART = 1 / 16;

/** The most lines that one step reads. */
const STEP = SCAN_STEP;

/** The most targets that one step looks at. */
const TARGETS_STEP = 50;

/** The writer that loses lines, and where. */
interface Selection {
  readonly writer: string;
  /** The only target in which it loses lines; undefined for all targets. */
  readonly room: number | undefined;
}

/** The range of ids of the selected lines, as far as it is known: from the targets up to `at`. */
interface Measurement extends Selection {
  readonly lines: number;
  at: number;
  first: number;
  last: number;
}

/** The lines to delete: those up to an id, in the targets above `at`. */
interface Deletion extends Selection {
  at: number;
  readonly upTo: number;
}

/** Deletes lines while the file is too large. Errors are those of SQLite. */
export class SizeLimit {
  readonly #size: number;
  readonly #sql: Statements;
  readonly #usage: Usage;
  readonly #lineDeletion: LineDeletion;
  readonly #targetDeletion: TargetDeletion;
  readonly #files: FileTable;
  #overdue = false;
  #measurement: Measurement | undefined;
  #deletion: Deletion | undefined;

  /** @param size The most bytes of the file that are in use; Infinity for no limit. */
  constructor(
    size: number,
    sql: Statements,
    usage: Usage,
    lineDeletion: LineDeletion,
    targetDeletion: TargetDeletion,
    files: FileTable,
  ) {
    this.#size = size;
    this.#sql = sql;
    this.#usage = usage;
    this.#lineDeletion = lineDeletion;
    this.#targetDeletion = targetDeletion;
    this.#files = files;
  }

  /** Whether the file was too large after the last step, and there are lines to delete. */
  get overdue(): boolean {
    return this.#overdue;
  }

  /**
   * Chooses, measures or deletes some lines.
   *
   * @returns False if the file is not too large, or if there are no lines to delete.
   */
  runStep(): boolean {
    if (!this.#isTooLarge()) {
      this.#measurement = this.#deletion = undefined;
      return this.#overdue = false;
    }
    if (this.#deletion === undefined) return this.#overdue = this.#measure();
    this.#delete(this.#deletion);
    return true;
  }

  #delete(deletion: Deletion) {
    const { at, upTo, writer, room } = deletion;
    const rows = this.#sql.all<{ target: number; first: number }>(
      "SELECT target, first FROM usage WHERE writer = ? AND target > ? AND target <= ? ORDER BY target LIMIT ?",
      writer,
      at,
      room ?? Number.MAX_SAFE_INTEGER,
      TARGETS_STEP,
    );
    let left = STEP;
    const changed: number[] = [];
    this.#sql.write(() => {
      for (const { target, first } of rows) {
        if (first > upTo) continue;
        const { scanned, deleted, done } = this.#lineDeletion.deleteByWriter(writer, target, upTo, DELETE_STEP);
        changed.push(target);
        left -= Math.max(scanned, deleted * STEP / DELETE_STEP); // deleting a line takes longer than reading it
        if (done && left > 0) continue;
        deletion.at = done ? target : target - 1; // this target may have more lines
        return;
      }
      if (rows.length === TARGETS_STEP) deletion.at = rows.at(-1)!.target;
      else this.#deletion = undefined; // if the file is still too large, another writer may be the largest now
    });
    for (const target of changed) this.#targetDeletion.deleteIfEmptyConversation(target);
  }

  /** Finds out, some targets at a time, which lines to delete; returns whether there are any, or may be. */
  #measure(): boolean {
    if (this.#usage.hasPending) return this.#usage.countStep();
    const measurement = this.#measurement ??= this.#select();
    if (measurement === undefined) return false;
    const { writer, room } = measurement;
    const rows = this.#sql.all<{ target: number; first: number; last: number | null }>(
      `SELECT target, first, (SELECT max(id) FROM message WHERE target = usage.target) AS last
        FROM usage WHERE writer = ? AND target > ? AND target <= ? ORDER BY target LIMIT ?`,
      writer,
      measurement.at,
      room ?? Number.MAX_SAFE_INTEGER,
      TARGETS_STEP,
    );
    for (const { target, first, last } of rows) {
      measurement.at = target;
      measurement.first = Math.min(measurement.first, first);
      measurement.last = Math.max(measurement.last, last ?? 0);
    }
    if (rows.length === TARGETS_STEP) return true;
    const { first, last, lines } = measurement;
    this.#measurement = undefined;
    if (first === Infinity) this.#usage.recount(); // the counts are wrong: the writer has no lines
    const part = Math.min(1 / 2, Math.max(TIME_PART, STEP / lines));
    const upTo = first + Math.max(0, Math.floor((last - first) * part));
    this.#deletion = { writer, room, at: before(room), upTo };
    return true;
  }

  /**
   * Selects the writer that loses lines. A writer with a small part of the file, or of the room, is not selected, as
   * finding its lines among all others would take too long: then the oldest lines of the room are deleted.
   */
  #select(): Measurement | undefined {
    const usage = this.#usage;
    const fullest = usage.largestRoom();
    if (fullest === undefined) return undefined;
    const [largest] = usage.largest();
    const all = this.#size / 2; // about half of the file is text and tags, which is what the usage counts
    const isInAll = largest !== undefined && largest.bytes >= Math.max(fullest.bytes, all * PART_SHARE);
    const room = isInAll ? undefined : fullest.target;
    const least = (isInAll ? all : fullest.bytes) * PART_SHARE;
    const top = isInAll ? largest : usage.largest(room)[0];
    const { writer, lines } = top !== undefined && top.bytes >= least
      ? usage.largestPart(top, least, room)
      : { ...usage.ofRoom(room!)!, lines: Infinity };
    return { writer, lines, room, at: before(room), first: Infinity, last: 0 };
  }

  /**
   * Whether more of the file is in use than the limit. Free pages do not count: SQLite reuses them before it grows. Uploaded
   * files do not count, as they have a limit of their own.
   */
  #isTooLarge(): boolean {
    if (this.#size === Infinity) return false;
    const pages = this.#sql.pragma("page_count") - this.#sql.pragma("freelist_count");
    return pages * this.#sql.pragma("page_size") - this.#files.space > this.#size;
  }
}

/** The number of the target before a room; 0 before all targets. */
function before(room: number | undefined): number {
  return room === undefined ? 0 : room - 1;
}
