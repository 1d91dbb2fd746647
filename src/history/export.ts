/**
 * Exports the history of a file, room by room, the oldest lines first: as text for people, or as JSON lines for programs.
 *
 * An export can run while a server uses the file: it takes no lock, and holds one page of lines in memory. Lines that the
 * server deletes meanwhile may be missing. Lines that are added after the start are left out.
 */
import { sanitize, stripFormatting } from "../util/sanitize.ts";
import { fold } from "../chat/names.ts";
import { type Database, storeError } from "./database.ts";
import type { Line, SavedRoom } from "../chat/store.ts";
import { lastChange, writeEnd, writeHead, writeMessage, writeRoom } from "./jsonl.ts";
import { writeChunk, writeFile } from "./jsonl_files.ts";
import { SqliteHistory } from "./sqlite.ts";

/** How many lines are read at once. */
const PAGE_LINES = 500;

/** The format of an export. */
export type ExportFormat = "text" | "jsonl";

/** A part of an export. */
export interface Piece {
  /** Whole lines, with their line ends. */
  readonly text: string;
  /** How many messages are among them. */
  readonly messages: number;
}

/** An export of one room or of the whole file. */
export class Export {
  /** Whether the room exists. */
  readonly found: boolean;

  readonly #file: Database;
  readonly #history: SqliteHistory;
  readonly #format: ExportFormat;
  readonly #withFiles: boolean;
  readonly #rooms: ReadonlyMap<string, SavedRoom>;
  readonly #first: string; // the range of the keys of the exported targets, inclusive
  readonly #last: string;

  /**
   * @param format `text` exports only lines in rooms, `jsonl` exports everything.
   * @param room The only room to export.
   * @param files Whether the uploaded files are exported as well, as JSON lines.
   * @throws {StoreError}
   */
  constructor(file: Database, format: ExportFormat, room?: string, files = false) {
    this.#file = file;
    this.#withFiles = files;
    this.#format = format;
    this.#history = new SqliteHistory(file);
    this.#rooms = new Map(this.#history.rooms().map((room) => [fold(room.name), room]));
    this.found = room === undefined || this.#rooms.has(fold(room));
    this.#first = room === undefined ? "#" : fold(room);
    this.#last = room !== undefined ? fold(room) : format === "text" ? "$" : "\u{10ffff}"; // no name begins with $
  }

  /**
   * The number of messages to export.
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
   * Reads the export, a piece at a time.
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
    if (this.#withFiles) yield* this.#files();
    if (jsonl) yield { text: `${writeEnd()}\n`, messages: 0 };
  }

  /** The uploaded files, a chunk at a time. The details come last, and only if the file was not deleted meanwhile. */
  *#files(): Generator<Piece> {
    const { files } = this.#history;
    let last = 0;
    for (let [next] = files.page(last, 1); next !== undefined; [next] = files.page(last, 1)) {
      const { number, file } = next;
      last = number;
      let size = 0;
      for (let index = 0; size < file.size; index++) {
        const bytes = files.read(file.id, index);
        if (bytes === undefined) break;
        size += bytes.length;
        yield { text: `${writeChunk(file.id, bytes)}\n`, messages: 0 };
      }
      if (size === file.size) yield { text: `${writeFile(file)}\n`, messages: 0 };
    }
  }

  /** The keys of the targets in their order, rooms first. A target that is added meanwhile has no lines to export. */
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
 * A message as text, such as `2026-11-22 14:05:09 #tea <alice> hi`: each of its lines begins like that. Control characters and
 * formatting are removed.
 */
function writeText(line: Line): string {
  const { who, style, time, deletedBy } = line;
  const room = line.kind === "said" ? line.room : line.to;
  const name = style === "action" ? `* ${who}` : style === "notice" ? `-${who}-` : `<${who}>`;
  const lines = deletedBy === undefined ? line.text.split("\n") : [`(deleted by ${deletedBy})`];
  return lines.map((text) => `${localTime(time)} ${room} ${name} ${stripFormatting(sanitize(text))}`).join("\n");
}

/** A time in the local time zone, as in the log. */
function localTime(time: number): string {
  const then = new Date(time);
  const two = (number: number) => String(number).padStart(2, "0");
  const day = `${then.getFullYear()}-${two(then.getMonth() + 1)}-${two(then.getDate())}`;
  return `${day} ${two(then.getHours())}:${two(then.getMinutes())}:${two(then.getSeconds())}`;
}
