/**
 * How many lines and bytes each writer has in each room, in the table `usage`: so that the writer with the most is the one
 * that loses lines when a room or the file is full.
 *
 * Lines are counted in the background, in the order of their ids. `target.counted` is the id of the last counted line of
 * a target. So storing a line costs nothing more, and a crash leaves no wrong counts.
 */
import type { StatementSync } from "node:sqlite";
import type { Statements } from "./statements.ts";
import type { LineAuthor, Writers } from "./writers.ts";

/** What a line counts in addition to its text and its tags, in bytes: its other columns, and some terms in the index. */
const LINE_COST = 150;

/** The value of `target` that stands for all rooms together. */
const ALL = 0;

/** As a writer of a room, this stands for all writers of it. As a writer of `ALL`, with a number, it stands for that room. */
const ROOM = "#";

/** The most hosts in the cache of networks. */
const HOSTS_CACHED = 10_000;

/** The most lines that one step counts, and the most targets. */
const COUNT_STEP = 50;
const TARGETS_STEP = 50;

/** How long one step may count, in milliseconds. */
const STEP_TIME = 2;

/** The columns of a message that are needed to count it. */
export const COUNTED_COLUMNS =
  `id, origin, account, extras, octet_length(text) + octet_length(tags) + ${LINE_COST} AS size`;

/** Deletes all counts, so that all lines are counted again: for code that changes the messages by other means. */
export const RECOUNT = "DELETE FROM usage; UPDATE target SET counted = 0";

/** A message with these columns. */
export interface CountedRow extends LineAuthor {
  readonly id: number;
  readonly size: number;
  /** Whether it may have reactions or mentions: 0 or 1. */
  readonly extras: number;
}

/** What a writer has in a room, or in all rooms. */
export interface WriterUsage {
  readonly writer: string;
  readonly lines: number;
  readonly bytes: number;
  /** A lower bound of the ids of its lines. */
  readonly first: number;
}

/** Counts lines by writer, and finds the writers and rooms with the most. Errors are those of SQLite. */
export class Usage {
  readonly #sql: Statements;
  readonly #writers: Writers;
  readonly #enabled: boolean;
  readonly #pending: Set<number>; // targets with lines that are not counted yet
  readonly #networks = new Map<string, string | undefined>(); // of hosts, as they were counted
  readonly #statements: Record<
    "select" | "counted" | "mark" | "add" | "subtract" | "prune" | "setFirst" | "largest" | "usage" | "parent",
    StatementSync
  >;

  /** @param enabled False where neither lines nor bytes are limited: then new lines are not counted. */
  constructor(sql: Statements, writers: Writers, enabled: boolean) {
    this.#sql = sql;
    this.#writers = writers;
    this.#enabled = enabled;
    const usage = "SELECT writer, lines, bytes, first FROM usage";
    this.#statements = {
      select: sql.prepare(
        `SELECT ${COUNTED_COLUMNS} FROM message
          WHERE target = ?1 AND id > (SELECT counted FROM target WHERE id = ?1) ORDER BY id LIMIT ?2`,
      ),
      counted: sql.prepare("SELECT counted FROM target WHERE id = ?"),
      mark: sql.prepare("UPDATE target SET counted = ? WHERE id = ?"),
      add: sql.prepare(
        `INSERT INTO usage (target, writer, parent, lines, bytes, first) VALUES (?, ?, ?, ?, ?, ?)
          ON CONFLICT (target, writer) DO UPDATE SET lines = lines + excluded.lines, bytes = bytes + excluded.bytes,
            first = min(first, excluded.first)`,
      ),
      subtract: sql.prepare(
        "UPDATE usage SET lines = lines - ?, bytes = bytes - ? WHERE target = ? AND writer = ? RETURNING lines",
      ),
      prune: sql.prepare("DELETE FROM usage WHERE target = ? AND writer = ?"),
      setFirst: sql.prepare("UPDATE usage SET first = ? WHERE target = ? AND writer = ?"),
      largest: sql.prepare(`${usage} WHERE target = ? AND parent = ? ORDER BY bytes DESC LIMIT ?`),
      usage: sql.prepare(`${usage} WHERE target = ? AND writer = ?`),
      parent: sql.prepare("SELECT parent FROM usage WHERE writer = ? LIMIT 1"),
    };
    const uncounted = enabled
      ? sql.all<{ id: number }>(
        "SELECT id FROM target WHERE counted < (SELECT max(id) FROM message WHERE target = target.id)",
      )
      : [];
    this.#pending = new Set(uncounted.map(({ id }) => id));
  }

  /** Whether any target has lines that are not counted. */
  get hasPending(): boolean {
    return this.#pending.size > 0;
  }

  /** Whether a target may have lines that are not counted. */
  isPending(target: number): boolean {
    return this.#pending.has(target);
  }

  /** Notes that a target has a new line, to be counted by a later step. */
  schedule(target: number): void {
    if (this.#enabled) this.#pending.add(target);
  }

  /** Cancels what was scheduled for a target. */
  cancel(target: number): void {
    this.#pending.delete(target);
  }

  /**
   * Counts some lines, in a transaction of its own.
   *
   * @returns False if there was nothing to count.
   */
  countStep(): boolean {
    if (this.#pending.size === 0) return false;
    const done: number[] = [];
    let left = COUNT_STEP;
    this.#sql.write(() => {
      for (const target of this.#pending) {
        left -= this.#count(target, left);
        if (left <= 0) break; // this target may have more lines
        done.push(target);
        if (done.length === TARGETS_STEP) break;
      }
    });
    for (const target of done) this.#pending.delete(target);
    return true;
  }

  /**
   * Counts lines of one target for as long as a step may take, in transactions of its own.
   *
   * @returns Whether all of its lines are counted now.
   */
  countTarget(target: number): boolean {
    const end = performance.now() + STEP_TIME;
    while (this.#sql.write(() => this.#count(target, COUNT_STEP)) === COUNT_STEP) {
      if (performance.now() >= end) return false;
    }
    return this.#pending.delete(target);
  }

  /** Deletes all counts and schedules all targets: before lines are inserted among those that were counted. */
  recount(): void {
    this.#sql.write(() => this.#sql.db.exec(RECOUNT));
    for (const { id } of this.#sql.all<{ id: number }>("SELECT id FROM target")) this.#pending.add(id);
  }

  /** Adds lines, within a transaction: the next ones, or such that were inserted among those that are counted. */
  add(target: number, rows: readonly CountedRow[]): void {
    for (const { writer, parent, lines, bytes, first } of this.#sumByWriter(rows)) {
      for (const place of [target, ALL]) this.#statements.add.run(place, writer, parent, lines, bytes, first);
    }
    const [bytes, first] = [sumOfSizes(rows), rows[0]!.id];
    this.#statements.add.run(target, ROOM, ROOM, rows.length, bytes, first);
    this.#statements.add.run(ALL, `${ROOM}${target}`, ROOM, rows.length, bytes, first);
  }

  /** Subtracts lines that are about to be deleted, if they were counted; within a transaction. */
  remove(target: number, rows: readonly CountedRow[]): void {
    const { counted } = this.#statements.counted.get(target) as { counted: number } | undefined ?? { counted: 0 };
    const removed = rows.filter(({ id }) => id <= counted);
    if (removed.length === 0) return;
    for (const { writer, lines, bytes } of this.#sumByWriter(removed)) {
      for (const place of [target, ALL]) this.#subtract(place, writer, lines, bytes);
    }
    const bytes = sumOfSizes(removed);
    this.#subtract(target, ROOM, removed.length, bytes);
    this.#subtract(ALL, `${ROOM}${target}`, removed.length, bytes);
  }

  /** Corrects the count of a line whose size has changed, if it was counted; within a transaction. */
  replace(target: number, before: CountedRow, after: CountedRow): void {
    const { counted } = this.#statements.counted.get(target) as { counted: number };
    if (before.id > counted) return;
    this.remove(target, [before]);
    this.add(target, [after]);
  }

  /** The usage of all writers of a room together. */
  ofRoom(target: number): WriterUsage | undefined {
    return this.of(ROOM, target);
  }

  /** The usage of a writer in a room, or in all rooms. */
  of(writer: string, target = ALL): WriterUsage | undefined {
    return this.#statements.usage.get(target, writer) as WriterUsage | undefined;
  }

  /** The writers with the most bytes in a room, or in all rooms, in descending order. */
  largest(target = ALL, count = 1): WriterUsage[] {
    return this.#statements.largest.all(target, "", count) as unknown as WriterUsage[];
  }

  /** The room with the most bytes. */
  largestRoom(): { target: number; bytes: number } | undefined {
    const room = this.#statements.largest.get(ALL, ROOM, 1) as WriterUsage | undefined;
    return room === undefined ? undefined : { target: Number(room.writer.slice(ROOM.length)), bytes: room.bytes };
  }

  /**
   * The largest part of a writer: a host of a network, or a nickname at a host; or the writer, if no part is large enough.
   *
   * @param least How many bytes a part needs to count as large enough.
   */
  largestPart(writer: WriterUsage, least: number, target = ALL): WriterUsage {
    const part = this.#statements.largest.get(target, writer.writer, 1) as WriterUsage | undefined;
    return part === undefined || part.bytes < least ? writer : this.largestPart(part, least, target);
  }

  /** Raises the lower bound of the ids of a writer's lines in a room, within a transaction. */
  setFirst(writer: string, target: number, first: number): void {
    this.#statements.setFirst.run(first, target, writer);
  }

  /** Removes a writer from a room in which it has no lines, so that they are not searched again; within a transaction. */
  clear(writer: string, target: number): void {
    const usage = this.of(writer, target);
    if (usage === undefined) return;
    for (const place of [target, ALL]) this.#subtract(place, writer, usage.lines, usage.bytes);
  }

  /** Whether a line counts for a writer. */
  isBy(row: LineAuthor, writer: string): boolean {
    return writer === ROOM || this.#writersOf(row).includes(writer);
  }

  /** Counts up to `most` lines of a target, within a transaction; returns how many. */
  #count(target: number, most: number): number {
    const rows = this.#statements.select.all(target, most) as unknown as CountedRow[];
    const last = rows.at(-1);
    if (last === undefined) return 0;
    this.add(target, rows);
    this.#statements.mark.run(last.id, target);
    return rows.length;
  }

  #subtract(target: number, writer: string, lines: number, bytes: number) {
    const left = this.#statements.subtract.get(lines, bytes, target, writer) as { lines: number } | undefined;
    if (left !== undefined && left.lines <= 0) this.#statements.prune.run(target, writer);
  }

  /** The lines and bytes of each writer among some rows, which are in the order of their ids. */
  #sumByWriter(rows: readonly CountedRow[]): (WriterUsage & { readonly parent: string })[] {
    const authors = new Map<string, { row: CountedRow; lines: number; bytes: number }>(); // one for each account or origin
    for (const row of rows) {
      const key = row.account ? `=${row.account}` : row.origin;
      const known = authors.get(key);
      if (known === undefined) authors.set(key, { row, lines: 1, bytes: row.size });
      else {
        known.lines++;
        known.bytes += row.size;
      }
    }
    const sums = new Map<string, { writer: string; parent: string; lines: number; bytes: number; first: number }>();
    for (const { row, lines, bytes } of authors.values()) {
      let parent = "";
      for (const writer of this.#writersOf(row)) {
        const sum = sums.get(writer);
        if (sum === undefined) sums.set(writer, { writer, parent, lines, bytes, first: row.id });
        else {
          sum.lines += lines;
          sum.bytes += bytes;
        }
        parent = writer;
      }
    }
    return [...sums.values()];
  }

  #writersOf(row: LineAuthor): string[] {
    return this.#writers.allOf(row, (host) => this.#networkOf(host));
  }

  /** The network of a host as its lines were counted, even if the server has reported another network since. */
  #networkOf(host: string): string | undefined {
    if (this.#networks.has(host)) return this.#networks.get(host);
    const row = this.#statements.parent.get(host) as { parent: string } | undefined;
    const network = row === undefined ? this.#writers.networkOf(host) : row.parent || undefined;
    if (this.#networks.size >= HOSTS_CACHED) this.#networks.clear();
    this.#networks.set(host, network);
    return network;
  }
}

function sumOfSizes(rows: readonly CountedRow[]): number {
  return rows.reduce((sum, { size }) => sum + size, 0);
}
