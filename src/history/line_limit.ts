/**
 * Limits the number of lines in each target (`--keep-lines`).
 *
 * The oldest lines are deleted, unless one writer floods the target: then those of the flood are. See `writers.ts`.
 */
import { timeOf } from "../chat/ids.ts";
import type { LineCounts } from "./line_counts.ts";
import { DELETE_STEP, type LineDeletion } from "./line_deletion.ts";
import type { Statements } from "./statements.ts";
import type { Targets } from "./targets.ts";
import type { Usage } from "./usage.ts";
import { FLOOD_PART, isFlood } from "./writers.ts";

/** The most lines that one step counts. */
const COUNT_STEP = 2000;

/**
 * How far a target may exceed the limit while its lines are counted by writer. Above that its oldest lines are deleted,
 * regardless of their writers: otherwise deletion could not keep up.
 */
const UNCOUNTED_MAX = 10_000;

/** Among how many writers with the most bytes the one with the most lines is looked for. */
const LARGEST_WRITERS = 8;

/** The oldest lines of a target, to be deleted. */
interface OldestLines {
  readonly target: number;
  readonly upTo: number;
}

/** Lines of a writer that floods a target, to be deleted. */
interface FloodLines {
  readonly target: number;
  readonly writer: string;
  left: number;
}

/** Finds targets with too many lines, and deletes what exceeds the limit. Errors are those of SQLite. */
export class LineLimit {
  readonly #lines: number;
  readonly #sql: Statements;
  readonly #targets: Targets;
  readonly #usage: Usage;
  readonly #counts: LineCounts;
  readonly #deletion: LineDeletion;
  readonly #pending = new Set<number>(); // targets that exceed the limit, or may exceed it
  #counting: { target: number; before: number; seen: number } | undefined; // the first of them, if partly counted
  #deleting: OldestLines | FloodLines | undefined; // what the first of them loses, once that is known

  /** @param lines The most lines in a target; Infinity for no limit. */
  constructor(
    lines: number,
    sql: Statements,
    targets: Targets,
    usage: Usage,
    counts: LineCounts,
    deletion: LineDeletion,
  ) {
    this.#lines = lines;
    this.#sql = sql;
    this.#targets = targets;
    this.#usage = usage;
    this.#counts = counts;
    this.#deletion = deletion;
  }

  /** Whether a target exceeds the limit, or may exceed it. */
  get overdue(): boolean {
    return this.#pending.size > 0;
  }

  /** Notes that a line was added to a target. */
  lineAdded(target: number): void {
    if (this.#lines === Infinity) return;
    const lines = this.#counts.add(target, 1);
    if (lines === undefined || lines >= this.#lines + this.#slack) this.#pending.add(target);
  }

  /** Notes that lines of a target were deleted for another reason. */
  linesExpired(target: number, lines: number): void {
    if (this.#counting?.target === target) this.#counting = undefined;
    if (this.#deleting?.target === target) this.#counts.delete(target); // the count may exclude some of these lines already
    else this.#counts.add(target, -lines);
  }

  /** Schedules a target if it exceeds the limit, even by less than what {@linkcode lineAdded} tolerates. */
  check(target: number): void {
    if (this.#lines !== Infinity && (this.#counts.get(target) ?? Infinity) > this.#lines) this.#pending.add(target);
  }

  /** Cancels all work on a target. */
  cancel(target: number): void {
    this.#pending.delete(target);
    this.#counts.delete(target);
    if (this.#deleting?.target === target) this.#deleting = undefined;
    if (this.#counting?.target === target) this.#counting = undefined;
  }

  /**
   * Counts or deletes some lines of a target that exceeds the limit.
   *
   * @returns False if there was nothing to do.
   */
  runStep(): boolean {
    const [target] = this.#pending;
    if (target === undefined) return false;
    if (this.#deleting?.target !== target) {
      const isBehind = (this.#counts.get(target) ?? 0) >= this.#lines + UNCOUNTED_MAX;
      if (this.#usage.isPending(target) && !isBehind && !this.#usage.countTarget(target)) return true;
      const flood = this.#findFlood(target);
      const upTo = flood === undefined ? this.#findExcess(target) : 0;
      if (upTo === undefined) return true;
      this.#deleting = flood ?? { target, upTo };
    }
    const deleting = this.#deleting;
    const more = "upTo" in deleting
      ? this.#deletion.deleteOldest(target, deleting.upTo) > 0
      : this.#deleteFlood(deleting);
    if (more) return true;
    this.#deleting = undefined;
    if ((this.#counts.get(target) ?? 0) <= this.#lines) this.#pending.delete(target);
    return true;
  }

  /** By how many lines a target may exceed the limit before they are deleted together. */
  get #slack(): number {
    return Math.max(1, Math.min(1000, Math.floor(this.#lines / 10)));
  }

  /** Finds out whether a writer floods a target that exceeds the limit, and how many lines it loses. */
  #findFlood(target: number): FloodLines | undefined {
    const [largest] = this.#usage.largest(target, LARGEST_WRITERS).sort((a, b) => b.lines - a.lines);
    if (largest === undefined) return undefined;
    const [first, last] = [timeOf(largest.first), timeOf(this.#targets.lastId(target))];
    if (!isFlood(largest.lines, this.#lines, first, last)) return undefined;
    const all = this.#usage.ofRoom(target)!;
    if (all.lines <= this.#lines) return undefined;
    this.#counts.set(target, all.lines);
    this.#counting = undefined;
    const { writer } = this.#usage.largestPart(largest, all.bytes * FLOOD_PART, target);
    return { target, writer, left: all.lines - this.#lines };
  }

  /** Deletes some lines of a flood; returns whether there are more. */
  #deleteFlood(flood: FloodLines): boolean {
    const { target, writer, left } = flood;
    if (left <= 0) return false;
    return this.#sql.write(() => {
      const most = Math.min(left, DELETE_STEP);
      const { deleted, done } = this.#deletion.deleteByWriter(writer, target, Number.MAX_SAFE_INTEGER, most);
      flood.left -= deleted;
      return !done;
    });
  }

  /**
   * Finds the oldest lines of a target that exceed the limit, or some of them, and subtracts them from its count. If the
   * count is not known, the lines are counted first, from the newest on.
   *
   * @returns The id of the newest line to delete; 0 if there is none; undefined if counting has to go on in another step.
   */
  #findExcess(target: number): number | undefined {
    if (this.#lines === Infinity) return 0;
    const known = this.#counts.get(target);
    if (known !== undefined && this.#counting?.target !== target) {
      const excess = Math.min(known - this.#lines, COUNT_STEP);
      if (excess <= 0) return 0;
      this.#counts.set(target, known - excess);
      const sql = "SELECT id FROM message WHERE target = ? ORDER BY id LIMIT 1 OFFSET ?";
      return this.#sql.get<{ id: number }>(sql, target, excess - 1)?.id ?? 0;
    }
    if (this.#counting?.target !== target || known === undefined) {
      this.#counting = { target, before: Number.MAX_SAFE_INTEGER, seen: 0 };
      this.#counts.set(target, 0); // lines that are added meanwhile are counted here
    }
    const counting = this.#counting;
    const step = Math.min(COUNT_STEP, this.#lines - counting.seen);
    const { count, last } = this.#sql.get<{ count: number; last: number | null }>(
      `SELECT count(*) AS count, min(id) AS last
        FROM (SELECT id FROM message WHERE target = ? AND id < ? ORDER BY id DESC LIMIT ?)`,
      target,
      counting.before,
      step,
    )!;
    counting.seen += count;
    counting.before = last ?? counting.before;
    if (count === step && counting.seen < this.#lines) return undefined;
    this.#counting = undefined;
    this.#counts.set(target, counting.seen + (this.#counts.get(target) ?? 0));
    const sql = "SELECT id FROM message WHERE target = ? AND id < ? ORDER BY id DESC LIMIT 1";
    return this.#sql.get<{ id: number }>(sql, target, counting.before)?.id ?? 0;
  }
}
