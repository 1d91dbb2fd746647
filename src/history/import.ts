/**
 * Imports JSON lines that `export.ts` has written, from a stream, some thousand messages in a transaction.
 *
 * Messages that the file already contains are skipped. An error ends the import, and what was read before it stays: so the
 * input can be corrected and imported again. A room that exists already is replaced if its exported state is newer. Roles of
 * accounts that the file does not have are left out: else a user who registers such an account would get the room.
 */
import type { StatementSync } from "node:sqlite";
import { TextLineStream } from "@std/streams/text-line-stream";
import type { Quote } from "../chat/events.ts";
import { Roles } from "../chat/roles.ts";
import { restorable } from "../chat/room.ts";
import { fold } from "../chat/names.ts";
import { type Database, storeError } from "./database.ts";
import { type Line, type SavedRoom, StoreError } from "../chat/store.ts";
import { FileImport } from "./import_files.ts";
import { type Entry, FormatError, lastChange, readEntry } from "./jsonl.ts";
import { SqliteHistory } from "./sqlite.ts";

/** The most bytes of a line: many times what fits into a message with the default limits. */
export const IMPORT_LINE_MAX = 8 * 1024 * 1024;

/** How many messages are committed in one transaction. */
export const TRANSACTION_LINES = 5000;

/** The most messages of a target whose new ids are noted. Replies to earlier ones become messages that are no replies. */
export const MOVED_MAX = 100_000;

const LF = 0x0a;

/** An import into a file. */
export class Import {
  /** How many messages were stored. */
  imported = 0;
  /** How many messages the file already contained. */
  known = 0;

  /** The uploaded files. */
  readonly files: FileImport;

  readonly #file: Database;
  readonly #history: SqliteHistory;
  readonly #rooms: Map<string, SavedRoom>;
  readonly #findTarget: StatementSync;
  readonly #findIndexed: StatementSync;
  readonly #markIndexed: StatementSync;
  readonly #findAccount: StatementSync;
  #expected = 0; // the number of messages according to the head
  #uncommitted = 0;
  #target = ""; // the target of the last message …
  #lastId = 0; // … its id in the input …
  #storedId = 0; // … and its id in the file
  readonly #moved = new Map<number, number>(); // messages of this target that got other ids, with those
  readonly #movedMax: number;
  #forgotten = 0; // the greatest id in the input of those whose new id is not noted any more

  /**
   * @param movedMax The most messages of a target whose new ids are noted.
   * @throws {StoreError}
   */
  constructor(file: Database, movedMax: number = MOVED_MAX) {
    this.#file = file;
    this.#movedMax = movedMax;
    this.#history = new SqliteHistory(file);
    // First finishes all maintenance, so that each line in a room is indexed. From here on, a line is indexed when it is stored.
    while (this.#history.runStep(() => {}));
    this.files = new FileImport(this.#history.files);
    this.#rooms = new Map(this.#history.rooms().map((room) => [fold(room.name), room]));
    try {
      this.#findTarget = file.db.prepare("SELECT id FROM target WHERE key = ?");
      this.#findIndexed = file.db.prepare("SELECT 1 FROM word WHERE rowid = ?");
      this.#findAccount = file.db.prepare("SELECT 1 FROM account WHERE key = ?");
      this.#markIndexed = file.db.prepare("UPDATE target SET indexed = max(indexed, ?) WHERE id = ?");
    } catch (error) {
      throw storeError(error);
    }
  }

  /**
   * Reads an export. Can be called once.
   *
   * @param bytes The export, in UTF-8.
   * @param onProgress Called after each line with the number of messages that were read, and of those in the whole export.
   * @throws {FormatError} with a message that starts with the number of the line.
   * @throws {StoreError}
   */
  async read(bytes: ReadableStream<Uint8Array<ArrayBuffer>>, onProgress: (done: number, of: number) => void) {
    const limit = new LineLengthLimit(IMPORT_LINE_MAX);
    const lines = bytes.pipeThrough(limit.stream).pipeThrough(new TextDecoderStream()).pipeThrough(
      new TextLineStream(),
    );
    let number = 1;
    let last: Entry["kind"] | undefined;
    try {
      for await (const line of lines) {
        if (number === limit.tooLong) break; // this is only the start of the line
        const entry = readEntry(line);
        if (last === "end") throw new FormatError("it comes after the end");
        if (last === undefined && entry.kind !== "head") throw new FormatError("the head of the export is missing");
        if (last !== undefined && entry.kind === "head") throw new FormatError("it is a second head");
        this.#importEntry(entry);
        last = entry.kind;
        number++;
        onProgress(this.known + this.imported + this.#uncommitted, this.#expected);
      }
      if (limit.tooLong !== undefined) throw new FormatError(`it has more than ${IMPORT_LINE_MAX} bytes`);
      if (last !== "end") throw new FormatError("the end of the export is missing");
      this.#commit();
    } catch (error) {
      this.files.end();
      if (error instanceof StoreError) throw error;
      this.#commit();
      throw error instanceof FormatError ? new FormatError(`line ${number}: ${error.message}`) : error;
    }
  }

  #importEntry(entry: Entry) {
    switch (entry.kind) {
      case "head":
        this.#expected = entry.messages;
        break;
      case "room":
        this.#importRoom(entry.room, entry.at);
        break;
      case "message":
        this.#importMessage(entry.target, entry.line);
        break;
      case "chunk":
        this.#commit();
        this.files.chunk(entry);
        break;
      case "file":
        this.files.file(entry);
    }
  }

  #importRoom(room: SavedRoom, at: number) {
    this.#commit();
    const key = fold(room.name);
    const existing = this.#rooms.get(key);
    if (existing !== undefined && lastChange(existing, this.#history.page(key, { count: 1 })[0]) >= at) return;
    const known = room.roles.filter(({ account }) => this.#findAccount.get(fold(account)) !== undefined);
    const roles = known.length > 0 ? [...new Roles(known)] : existing?.roles ?? [];
    const saved = restorable({ ...room, roles });
    this.#history.saveRoom(saved);
    this.#history.commit();
    this.#rooms.set(key, saved);
  }

  #importMessage(target: string, line: Line) {
    if (line.kind === "said" && !this.#rooms.has(target)) {
      throw new FormatError('"room" is not defined by an earlier line');
    }
    if (target !== this.#target) {
      this.#target = target;
      this.#lastId = this.#storedId = 0;
      this.#moved.clear();
      this.#forgotten = 0;
    }
    if (line.id <= this.#lastId) throw new FormatError('"id" is not greater than that of the line before');
    this.#lastId = line.id;
    this.#write(() => {
      const isNew = this.#findFreeId(target, line);
      if (this.#storedId !== line.id) this.#noteMoved(line.id);
      if (!isNew) return void this.known++;
      if (this.imported + this.#uncommitted === 0) this.#history.recount();
      if (this.#uncommitted++ === 0) this.#file.db.exec("BEGIN IMMEDIATE");
      this.#store(target, { ...line, id: this.#storedId, reply: line.reply && this.#storedReply(line.reply) });
    });
    if (this.#uncommitted === TRANSACTION_LINES) this.#commit();
  }

  /**
   * Finds an id for a message: its own, or the next free one, if another message has that id. That happens when the
   * histories of two servers are merged.
   *
   * @returns False if the file already contains the message.
   */
  #findFreeId(target: string, line: Line): boolean {
    for (let id = Math.max(line.id, this.#storedId + 1);; id++) {
      const [existing] = this.#history.page(target, { after: id - 1, before: id + 1, count: 1 });
      this.#storedId = id;
      const isTaken = existing !== undefined || (line.kind === "said" && this.#findIndexed.get(id) !== undefined);
      if (!isTaken) return true;
      if (existing?.time !== line.time || existing.origin !== line.origin) continue;
      // The text may have been deleted in the file or by the other server: it stays as it is here.
      if (existing.text === line.text || existing.deletedBy !== undefined || line.deletedBy !== undefined) return false;
    }
  }

  /** Notes that a message of the current target got another id, so that replies to it refer to that. */
  #noteMoved(id: number) {
    if (this.#moved.size === this.#movedMax) {
      this.#forgotten = this.#moved.keys().next().value!;
      this.#moved.delete(this.#forgotten);
    }
    this.#moved.set(id, this.#storedId);
  }

  /** The reply with the id that its message has in the file; `undefined` if that is not known any more. */
  #storedReply(reply: Quote): Quote | undefined {
    const moved = this.#moved.get(reply.id);
    if (moved !== undefined) return { ...reply, id: moved };
    return reply.id <= this.#forgotten ? undefined : reply;
  }

  /** Stores and indexes a message, within a transaction. */
  #store(target: string, line: Line) {
    this.#history.insert(target, line);
    if (line.kind === "whispered") return; // private lines are not indexed
    const { id } = this.#findTarget.get(target) as { id: number };
    if (line.deletedBy === undefined) this.#history.indexLine(id, line);
    this.#markIndexed.run(line.id, id);
  }

  #commit() {
    if (this.#uncommitted === 0) return;
    this.#write(() => this.#file.db.exec("COMMIT"));
    this.imported += this.#uncommitted;
    this.#uncommitted = 0;
  }

  /** Writes to the file. If that fails, everything since the last commit is rolled back. */
  #write(write: () => void) {
    try {
      write();
    } catch (error) {
      if (this.#file.db.isTransaction) this.#file.db.exec("ROLLBACK");
      throw storeError(error);
    }
  }
}

/** Passes bytes through until a line is too long: so the stages behind it never buffer more than the limit. */
class LineLengthLimit {
  readonly stream: TransformStream<Uint8Array<ArrayBuffer>, Uint8Array<ArrayBuffer>>;
  /** The number of the line that was too long. The lines before it are passed through, and perhaps its start. */
  tooLong: number | undefined;

  /** @param most The most bytes of a line, without its line end. */
  constructor(most: number) {
    let number = 1;
    let length = 0; // of the current line, so far
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
