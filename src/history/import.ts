/**
 * Takes in what `export.ts` has written as objects, as it comes, some thousand lines in a transaction.
 *
 * What is there already is not taken twice. What makes no sense ends it, and what came before stays; so it can be mended
 * and tried again. A room that is there already becomes what it is in the export if that is newer, by `lastChange`.
 */
import type { StatementSync } from "node:sqlite";
import { TextLineStream } from "@std/streams/text-line-stream";
import { restorable } from "../chat/room.ts";
import { fold } from "../chat/names.ts";
import { type Database, storeError } from "./database.ts";
import { type Line, type SavedRoom, StoreError } from "../chat/store.ts";
import { type Entry, FormatError, lastChange, readEntry } from "./jsonl.ts";
import { SqliteHistory } from "./sqlite.ts";

/** The most bytes of a line: many times what anybody can say, unless the server has been told otherwise. */
export const IMPORT_LINE_MAX = 8 * 1024 * 1024;

/** How many lines that somebody has said go into one transaction. */
export const TRANSACTION_LINES = 5000;

const LF = 0x0a;

/** See the head of this file. */
export class Import {
  /** How many lines that somebody has said were taken, and how many were there already. */
  imported = 0;
  known = 0;

  readonly #file: Database;
  readonly #history: SqliteHistory;
  readonly #rooms: Map<string, SavedRoom>;
  readonly #findTarget: StatementSync;
  readonly #findWords: StatementSync;
  readonly #markIndexed: StatementSync;
  #expected = 0; // how many lines of what somebody has said there are, as the head has it
  #uncommitted = 0;
  #target = ""; // where the last line was said …
  #given = 0; // … which id it came with, and under which one it is kept
  #kept = 0;

  /**
   * @param file Where it goes.
   * @throws {StoreError}
   */
  constructor(file: Database) {
    this.#file = file;
    this.#history = new SqliteHistory(file);
    // From here on all words of what was said in rooms are in the index, and those of a new line go there with it.
    while (this.#history.runStep(() => {}));
    this.#rooms = new Map(this.#history.rooms().map((room) => [fold(room.name), room]));
    try {
      this.#findTarget = file.db.prepare("SELECT id FROM target WHERE key = ?");
      this.#findWords = file.db.prepare("SELECT 1 FROM word WHERE rowid = ?");
      this.#markIndexed = file.db.prepare("UPDATE target SET indexed = max(indexed, ?) WHERE id = ?");
    } catch (error) {
      throw storeError(error);
    }
  }

  /**
   * Takes an export, once.
   *
   * @param onProgress Told how many lines of what somebody has said have come, and how many there are.
   * @throws {FormatError} which begins with the number of a line.
   * @throws {StoreError}
   */
  async read(bytes: ReadableStream<Uint8Array<ArrayBuffer>>, onProgress: (done: number, of: number) => void) {
    const cap = new LineCap(IMPORT_LINE_MAX);
    const lines = bytes.pipeThrough(cap.stream).pipeThrough(new TextDecoderStream()).pipeThrough(new TextLineStream());
    let number = 1;
    let before: Entry["kind"] | undefined;
    try {
      for await (const line of lines) {
        if (number === cap.tooLong) break; // this is its beginning
        const entry = readEntry(line);
        if (before === "end") throw new FormatError("it comes after the end");
        if (before === undefined && entry.kind !== "head") throw new FormatError("the head of the export is missing");
        if (before !== undefined && entry.kind === "head") throw new FormatError("it is a second head");
        this.#take(entry);
        before = entry.kind;
        number++;
        onProgress(this.known + this.imported + this.#uncommitted, this.#expected);
      }
      if (cap.tooLong !== undefined) throw new FormatError(`it has more than ${IMPORT_LINE_MAX} bytes`);
      if (before !== "end") throw new FormatError("the end of the export is missing");
      this.#commit();
    } catch (error) {
      if (error instanceof StoreError) throw error;
      this.#commit();
      throw error instanceof FormatError ? new FormatError(`line ${number}: ${error.message}`) : error;
    }
  }

  #take(entry: Entry) {
    switch (entry.kind) {
      case "head":
        this.#expected = entry.messages;
        break;
      case "room":
        this.#takeRoom(entry.room, entry.at);
        break;
      case "message":
        this.#takeLine(entry.target, entry.line);
    }
  }

  #takeRoom(room: SavedRoom, at: number) {
    this.#commit();
    const key = fold(room.name);
    const there = this.#rooms.get(key);
    if (there !== undefined && lastChange(there, this.#history.page(key, { count: 1 })[0]) >= at) return;
    this.#history.saveRoom(restorable(room));
    this.#history.commit();
    this.#rooms.set(key, restorable(room));
  }

  #takeLine(target: string, line: Line) {
    if (line.kind === "said" && !this.#rooms.has(target)) throw new FormatError('"room" has not come before');
    if (target !== this.#target) {
      this.#target = target;
      this.#given = this.#kept = 0;
    }
    if (line.id <= this.#given) throw new FormatError('"id" is not greater than that of the line before');
    this.#given = line.id;
    this.#write(() => {
      if (!this.#findPlace(target, line)) return void this.known++;
      if (this.imported + this.#uncommitted === 0) this.#history.recount();
      if (this.#uncommitted++ === 0) this.#file.db.exec("BEGIN IMMEDIATE");
      this.#put(target, { ...line, id: this.#kept });
    });
    if (this.#uncommitted === TRANSACTION_LINES) this.#commit();
  }

  /**
   * Finds an id for a line: its own, unless something else has that, as may be where the histories of two servers meet.
   *
   * @returns Whether the line is new; else it is there already.
   */
  #findPlace(target: string, line: Line): boolean {
    for (let id = Math.max(line.id, this.#kept + 1);; id++) {
      const [there] = this.#history.page(target, { after: id - 1, before: id + 1, count: 1 });
      this.#kept = id;
      const taken = there !== undefined || (line.kind === "said" && this.#findWords.get(id) !== undefined);
      if (!taken) return true;
      if (there?.time === line.time && there.origin === line.origin && there.text === line.text) return false;
    }
  }

  /** Puts a line where it goes, with its words; within a transaction. */
  #put(target: string, line: Line) {
    this.#history.insert(target, line);
    if (line.kind === "whispered") return; // nobody can search for these
    const { id } = this.#findTarget.get(target) as { id: number };
    this.#history.indexRow(id, line);
    this.#markIndexed.run(line.id, id);
  }

  #commit() {
    if (this.#uncommitted === 0) return;
    this.#write(() => this.#file.db.exec("COMMIT"));
    this.imported += this.#uncommitted;
    this.#uncommitted = 0;
  }

  /** Does something to the file. When that fails, all is gone that was not committed. */
  #write(write: () => void) {
    try {
      write();
    } catch (error) {
      if (this.#file.db.isTransaction) this.#file.db.exec("ROLLBACK");
      throw storeError(error);
    }
  }
}

/** Lets bytes through until a line is longer than it may be. So what comes behind never has to hold more of a line. */
class LineCap {
  readonly stream: TransformStream<Uint8Array<ArrayBuffer>, Uint8Array<ArrayBuffer>>;
  /** The number of that line. All before it go through; of itself, the beginning may. */
  tooLong: number | undefined;

  /** @param most The most bytes of a line, without its end. */
  constructor(most: number) {
    let number = 1;
    let length = 0; // of this line, so far
    this.stream = new TransformStream({
      transform: (chunk, controller) => {
        for (let from = 0; from < chunk.length;) {
          const end = chunk.indexOf(LF, from);
          length += (end < 0 ? chunk.length : end) - from;
          if (length > most) {
            this.tooLong = number;
            controller.enqueue(chunk.subarray(0, from));
            return controller.terminate();
          }
          if (end < 0) break;
          from = end + 1;
          length = 0;
          number++;
        }
        controller.enqueue(chunk);
      },
    });
  }
}
