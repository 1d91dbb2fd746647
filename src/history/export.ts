/**
 * Writes down what is kept, room by room and the oldest first: as lines for people, or as objects for programs.
 *
 * It goes on beside a server that uses the same file, locks nothing, and has no more than a page of it in memory. So what
 * the server drops meanwhile may be missing; what is said after it has begun is left out.
 */
import { plain, sanitize } from "../util/sanitize.ts";
import { fold } from "../chat/names.ts";
import { type Database, storeError } from "./database.ts";
import type { Line, SavedRoom } from "../chat/store.ts";
import { lastChange, writeEnd, writeHead, writeMessage, writeRoom } from "./jsonl.ts";
import { SqliteHistory } from "./sqlite.ts";

/** How many lines are read at a time. */
const PAGE_LINES = 500;

/** What it is written as. */
export type ExportFormat = "text" | "jsonl";

/** Some of an export. */
export interface Piece {
  /** Whole lines. */
  readonly text: string;
  /** How many of them somebody has said. */
  readonly messages: number;
}

/** See the head of this file. */
export class Export {
  /** Whether there is such a room. */
  readonly found: boolean;

  readonly #file: Database;
  readonly #history: SqliteHistory;
  readonly #format: ExportFormat;
  readonly #rooms: ReadonlyMap<string, SavedRoom>;
  readonly #first: string; // of the names of the targets that are wanted …
  readonly #last: string; // … and none of those is behind this

  /**
   * @param file What is kept.
   * @param format As text there is only what was said in rooms; as objects there is everything.
   * @param room The room that is wanted; none is all that there is.
   * @throws {StoreError}
   */
  constructor(file: Database, format: ExportFormat, room?: string) {
    this.#file = file;
    this.#format = format;
    this.#history = new SqliteHistory(file);
    this.#rooms = new Map(this.#history.rooms().map((room) => [fold(room.name), room]));
    this.found = room === undefined || this.#rooms.has(fold(room));
    this.#first = room === undefined ? "#" : fold(room);
    this.#last = room !== undefined ? fold(room) : format === "text" ? "$" : "\u{10ffff}"; // no name begins with $
  }

  /**
   * How many lines there are that somebody has said.
   *
   * @throws {StoreError}
   */
  count(): number {
    const { count } = this.#one<{ count: number }>(
      `SELECT count(*) AS count FROM target JOIN message ON message.target = target.id
        WHERE target.key >= ? AND target.key <= ? AND message.id <= ?`,
      this.#first,
      this.#last,
      this.#history.last,
    );
    return count;
  }

  /**
   * All of it, a piece at a time.
   *
   * @throws {StoreError}
   */
  *pieces(): Generator<Piece> {
    const jsonl = this.#format === "jsonl";
    if (jsonl) yield { text: `${writeHead(this.count())}\n`, messages: 0 };
    for (const target of this.#targets()) {
      const room = this.#rooms.get(target);
      if (jsonl && room !== undefined) {
        const [last] = this.#history.page(target, { before: this.#history.last + 1, count: 1 });
        yield { text: `${writeRoom(room, lastChange(room, last))}\n`, messages: 0 };
      }
      yield* this.#messages(target, jsonl ? (line) => writeMessage(target, line) : writeText);
    }
    if (jsonl) yield { text: `${writeEnd()}\n`, messages: 0 };
  }

  /** The names of the targets, in order, rooms first. Of those that are new, there is nothing to be had. */
  *#targets(): Generator<string> {
    let next: string | null = this.#first;
    for (let operator = ">="; next !== null; operator = ">") {
      ({ next } = this.#one<{ next: string | null }>(
        `SELECT min(key) AS next FROM target WHERE key ${operator} ? AND key <= ?`,
        next,
        this.#last,
      ));
      if (next !== null) yield next;
    }
  }

  *#messages(target: string, write: (line: Line) => string): Generator<Piece> {
    const before = this.#history.last + 1;
    let after = 0;
    while (true) {
      const lines = this.#history.page(target, { after, before, first: true, count: PAGE_LINES });
      const last = lines.at(-1);
      if (last === undefined) return;
      yield { text: lines.map((line) => `${write(line)}\n`).join(""), messages: lines.length };
      after = last.id;
    }
  }

  #one<T>(sql: string, ...values: (string | number)[]): T {
    try {
      return this.#file.db.prepare(sql).get(...values) as T;
    } catch (error) {
      throw storeError(error);
    }
  }
}

/**
 * Something that was said in a room, for people: `2026-11-22 14:05:09 #tea <alice> hi`. Whatever it is, it is one line,
 * and begins with when, where and by whom.
 */
function writeText(line: Line): string {
  const { who, style, time } = line;
  const words = plain(sanitize(line.text));
  const room = line.kind === "said" ? line.room : line.to;
  const said = style === "action"
    ? `* ${who} ${words}`
    : style === "notice"
    ? `-${who}- ${words}`
    : `<${who}> ${words}`;
  return `${clock(time)} ${room} ${said}`;
}

/** A time, as the log has it: local. */
function clock(time: number): string {
  const then = new Date(time);
  const two = (number: number) => String(number).padStart(2, "0");
  const day = `${then.getFullYear()}-${two(then.getMonth() + 1)}-${two(then.getDate())}`;
  return `${day} ${two(then.getHours())}:${two(then.getMinutes())}:${two(then.getSeconds())}`;
}
