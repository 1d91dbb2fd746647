/** Visits all targets every ten minutes: deletes expired lines (`--keep`), and finds targets that have expired themselves. */
import type { Retention } from "../chat/store.ts";
import { type ExpiryClock, NEVER_SET_BEFORE, UNKNOWN_BEFORE, WALL_CLOCK } from "../util/trusted_clock.ts";
import type { LineDeletion } from "./line_deletion.ts";
import type { LineLimit } from "./line_limit.ts";
import { firstSaidSince } from "./line_times.ts";
import type { TargetRow } from "./rows.ts";
import type { Statements } from "./statements.ts";
import type { TargetDeletion } from "./target_deletion.ts";
import { DELETED, isRoomKey, type Targets } from "./targets.ts";

/** How often all targets are visited, in milliseconds. */
const INTERVAL = 10 * 60_000;

/** The most targets that one step visits, and how long it may take, in milliseconds. */
const TARGETS_STEP = 50;
const STEP_TIME = 2;

/** The most lines of a target that are looked at for their times. */
const LINES_STEP = 100;

/** What a sweep works with. */
interface SweepParts {
  readonly targets: Targets;
  readonly lineLimit: LineLimit;
  readonly lineDeletion: LineDeletion;
  readonly targetDeletion: TargetDeletion;
}

/** The sweep over all targets. Errors are those of SQLite. */
export class Sweep {
  readonly #age: number;
  readonly #clock: ExpiryClock;
  readonly #last: number;
  readonly #sql: Statements;
  readonly #parts: SweepParts;
  #position: number | undefined; // the last target that was visited, during a sweep
  #sweptAt = -Infinity; // when the last sweep ended, by the monotonic clock

  /**
   * @param age For how long lines are stored, in milliseconds; Infinity for ever.
   * @param last The greatest id of the lines that were stored before this process started.
   */
  constructor(age: Retention["age"], clock: ExpiryClock, last: number, sql: Statements, parts: SweepParts) {
    this.#age = age;
    this.#clock = clock;
    this.#last = last;
    this.#sql = sql;
    this.#parts = parts;
  }

  /**
   * Visits some targets, if a sweep is due or under way.
   *
   * @param onRoomExpired Called for each room in which nothing has happened for the retention period.
   * @returns Whether there is more to do.
   */
  runStep(onRoomExpired: (room: string) => void): boolean {
    const { lineLimit, targetDeletion } = this.#parts;
    const [now, { monotonic }] = [this.#clock.reached(), this.#clock];
    if (this.#position === undefined) {
      if (monotonic - this.#sweptAt < INTERVAL && monotonic >= this.#sweptAt) return false;
      this.#saveTime(now);
      this.#position = 0;
    }
    const rows = this.#sql.all<TargetRow>(
      "SELECT * FROM target WHERE id > ? ORDER BY id LIMIT ?",
      this.#position,
      TARGETS_STEP,
    );
    const end = performance.now() + STEP_TIME;
    for (const row of rows) {
      if (performance.now() >= end) return true;
      if (row.key.startsWith(DELETED)) {
        this.#position = row.id;
        continue;
      }
      if (this.#deleteExpired(row.id, now)) return true; // the target may have more of them: visit it again
      this.#position = row.id;
      lineLimit.check(row.id);
      if (!isRoomKey(row.key)) targetDeletion.deleteIfEmptyConversation(row.id); // a crash may leave an empty one
      else if (this.#isExpired(row, now)) onRoomExpired(row.key);
    }
    if (rows.length === TARGETS_STEP) return true;
    this.#position = undefined;
    this.#sweptAt = monotonic;
    return false;
  }

  /**
   * Saves the time that has certainly passed, for the next process: if its clock is wrong then, it may have been wrong
   * before, and with it the time of the newest line. The time of a clock that was never set is not saved.
   */
  #saveTime(reached: number) {
    if (this.#clock === WALL_CLOCK || reached < NEVER_SET_BEFORE) return;
    this.#sql.write(() => this.#sql.run("UPDATE clock SET reached = ?", Math.floor(reached)));
  }

  /** Deletes some expired lines of a target; returns whether there were any. */
  #deleteExpired(target: number, now: number): boolean {
    if (this.#age === Infinity) return false;
    const upTo = this.#lastExpired(target, now - this.#age, now);
    const deleted = this.#parts.lineDeletion.deleteOldest(target, upTo);
    if (deleted > 0) this.#parts.lineLimit.linesExpired(target, deleted);
    return deleted > 0;
  }

  /**
   * Finds the last of a target's oldest lines that were said before a time, or of some of them.
   *
   * A line with a time in the future, or before 2001, comes from a wrong clock: it is as old as the line after it. Lines
   * of this process are no older than the process, whatever the clock says.
   *
   * @returns The id of the line; 0 if there is none.
   */
  #lastExpired(target: number, before: number, now: number): number {
    let last = 0;
    const lines = this.#sql.all<{ id: number; time: number }>(
      "SELECT id, time FROM message WHERE target = ? ORDER BY id LIMIT ?",
      target,
      LINES_STEP,
    );
    const end = this.#clock.age < this.#age ? this.#last : Infinity;
    for (const line of lines) {
      if (line.id > end) return last;
      if (line.time > now || line.time < UNKNOWN_BEFORE) continue;
      if (line.time >= before) return last;
      last = line.id;
    }
    if (last > 0 || lines.length < LINES_STEP) return last;
    // None of these lines has a usable time. The first line that has one is found by its time, as all others may be the same.
    const next = firstSaidSince(this.#sql, this.#parts.targets, target, UNKNOWN_BEFORE, now);
    if (next === Infinity || next > end) return 0;
    const line = this.#sql.get<{ time: number }>("SELECT time FROM message WHERE target = ? AND id = ?", target, next);
    return line !== undefined && line.time < before ? next : 0;
  }

  /** Whether a room has no lines and was not changed for the retention period. */
  #isExpired(row: TargetRow, now: number): boolean {
    if (this.#age === Infinity) return false;
    const changed = Math.max(row.since, row.topic_at ?? 0, row.changed);
    if (changed > now - this.#age || (changed < UNKNOWN_BEFORE && this.#clock.age < this.#age)) return false;
    return this.#sql.get("SELECT 1 FROM message WHERE target = ? LIMIT 1", row.id) === undefined;
  }
}
