/**
 * Uploaded files in the database, in chunks: a transaction stores or removes a few chunks, so that none takes long.
 *
 * While a file is written, and after it was deleted, its number is in `file_remains`. Numbers there at the start are those of
 * uploads that a crash has interrupted. Maintenance removes their chunks some at a time, and so does each chunk that is stored:
 * deleted files take no more space than the files that replace them.
 */
import {
  CHUNK_SIZE,
  type FileDetails,
  type FileStore,
  type FileWriter,
  type LinkAuthor,
  STORABLE_MAX,
  type StoredFile,
} from "../files/file_store.ts";
import { isOwner, linkedIds } from "../files/links.ts";
import { StoreError } from "../chat/store.ts";
import { type ExpiryClock, UNKNOWN_BEFORE, WALL_CLOCK } from "../util/trusted_clock.ts";
import { isFull, withStoreErrors } from "./database.ts";
import type { DiskReserve } from "./disk_reserve.ts";
import type { Statements } from "./statements.ts";

/** How many chunks a file can have: its first one is its number times this. */
export const CHUNKS = STORABLE_MAX / CHUNK_SIZE;

/** How many chunks one step removes, and how many are removed for each that is stored. */
const REMOVE_STEP = 4;
const REMOVE_BESIDE = 2;

/**
 * The bytes that each file counts beside its own, for its row and the rest of its last page, so that very many small files do not
 * fill the disk.
 */
export const FILE_COST = 4096;

/** How many of the oldest files are deleted at once for a new one. Maintenance deletes the others. */
const REPLACE_STEP = 8;

/** How many ids of deleted files are remembered. */
export const DELETED_MAX = 10_000;

/** How often expired files are looked for, in milliseconds. */
const EXPIRY_INTERVAL = 60_000;

/** The bytes of a chunk that a page of the database holds, and the bytes of such a page: 4 belong to SQLite. */
const PAGE_CONTENT = 4092;
const PAGE_SIZE = 4096;

/** How much is stored, and for how long. */
export interface FileLimits {
  /**
   * The most bytes of all complete files, each with {@linkcode FILE_COST} more, and of all that are being written. Default: Infinity.
   */
  readonly size?: number;
  /** The age at which files expire, in milliseconds. Default: Infinity. */
  readonly age?: number;
  /** Decides which files have expired. */
  readonly clock?: ExpiryClock;
}

/** A row of the table `file`. */
type FileRow = Omit<StoredFile, "width" | "height"> & {
  readonly number: number;
  readonly width: number | null;
  readonly height: number | null;
};

/** Stores files. */
export class FileTable implements FileStore {
  readonly #sql: Statements;
  readonly #reserve: DiskReserve | undefined;
  #limits: FileLimits = {};
  #bytes: number;
  #count: number;
  #writing = 0;
  #last: number; // the greatest number that is in use or was used by this process
  readonly #deleted = new Set<string>(); // the oldest first
  readonly #open = new Set<number>(); // numbers of files that are being written
  #hasRemains: boolean;
  #space: number; // the bytes that all chunks take in the database, about, also those that are still to be removed
  readonly #lastBefore: number; // the greatest number that was in use when this process started
  #checkedAt = -Infinity; // when expired files were looked for, by the monotonic clock

  /** @param reserve Space on the disk, which is given back when an upload has filled it. */
  constructor(sql: Statements, reserve?: DiskReserve) {
    this.#sql = sql;
    this.#reserve = reserve;
    const { bytes, space, count } = sql.get<{ bytes: number; space: number; count: number }>(
      `SELECT coalesce(sum(size), 0) AS bytes, count(*) AS count,
        coalesce(sum(size / ${CHUNK_SIZE} * ${spaceOf(CHUNK_SIZE)} + ${spaceSql(`size % ${CHUNK_SIZE}`)}), 0) AS space
        FROM file`,
    )!;
    this.#bytes = bytes + count * FILE_COST;
    this.#count = count;
    const { last, remains } = sql.get<{ last: number; remains: number }>(
      `SELECT max(coalesce((SELECT max(number) FROM file), 0), coalesce((SELECT max(number) FROM file_remains), 0)) AS last,
        (SELECT count(*) FROM file_remains) AS remains`,
    )!;
    this.#last = this.#lastBefore = last;
    this.#hasRemains = remains > 0;
    const left = sql.get<{ space: number }>(
      `SELECT coalesce(sum(${spaceSql("octet_length(bytes)")}), 0) AS space
        FROM file_remains JOIN file_chunk ON file_chunk.id >= number * ${CHUNKS} AND file_chunk.id < (number + 1) * ${CHUNKS}`,
    )!;
    this.#space = space + left.space;
  }

  /** Sets some of the limits. Before it is called, nothing is limited. */
  limit(limits: FileLimits): void {
    this.#limits = { ...this.#limits, ...limits };
  }

  get max(): number {
    return this.#limits.size ?? Infinity;
  }

  get bytes(): number {
    return this.#bytes;
  }

  get count(): number {
    return this.#count;
  }

  get writing(): number {
    return this.#writing;
  }

  /** How many bytes of the database all chunks take, about, also those of deleted files that are still there. */
  get space(): number {
    return this.#space;
  }

  /** Whether there are more bytes than the limit, so that the oldest files are to be deleted. */
  get overdue(): boolean {
    return this.#bytes > this.max && this.#count > 1;
  }

  get ready(): boolean {
    return this.#sql.tryBegin();
  }

  begin(): FileWriter {
    const number = ++this.#last;
    this.#open.add(number);
    let size = 0;
    let chunks = 0;
    const close = () => {
      if (!this.#open.delete(number)) return;
      this.#writing -= size;
    };
    const abort = () => {
      if (!this.#open.has(number)) return;
      close();
      if (chunks > 0) this.#hasRemains = true;
    };
    const write = <T>(change: () => T): T => {
      if (!this.#open.has(number)) throw new StoreError("this file was given up");
      try {
        return this.#sql.write(change);
      } catch (error) {
        if (isFull(error)) this.#reserve?.release();
        abort();
        throw error;
      }
    };
    return {
      get size() {
        return size;
      },
      append: (bytes) => {
        if (size % CHUNK_SIZE !== 0 || bytes.length > CHUNK_SIZE || chunks === CHUNKS) {
          throw new RangeError("Only the last chunk of a file can be smaller, and none is larger");
        }
        if (this.#open.has(number) && this.#writing + bytes.length > this.max) {
          abort();
          throw new StoreError("other uploads take all the space there is");
        }
        const removed = write(() => {
          if (chunks === 0) this.#sql.run("INSERT INTO file_remains (number) VALUES (?)", number);
          const insert = this.#sql.prepare("INSERT INTO file_chunk (id, bytes) VALUES (?, ?)");
          insert.run(number * CHUNKS + chunks, bytes);
          return this.#removeSome(REMOVE_BESIDE);
        });
        chunks++;
        size += bytes.length;
        this.#writing += bytes.length;
        this.#space += spaceOf(bytes.length) - removed;
      },
      finish: (details) => {
        if (size === 0) throw new RangeError("A file has at least one byte");
        write(() => this.#insert(number, details, size));
        close();
        this.#bytes += size + FILE_COST;
        this.#count++;
        this.#makeRoomFor(number);
        return { ...details, size };
      },
      abort,
    };
  }

  find(id: string): StoredFile | undefined {
    return withStoreErrors(() => {
      const row = this.#row(id);
      if (row === undefined) return undefined;
      const { number: _, width, height, ...file } = row;
      return { ...file, width: width ?? undefined, height: height ?? undefined };
    });
  }

  read(id: string, index: number): Uint8Array<ArrayBuffer> | undefined {
    return withStoreErrors(() =>
      this.#sql.get<{ bytes: Uint8Array<ArrayBuffer> }>(
        `SELECT bytes FROM file_chunk WHERE id = (SELECT number FROM file WHERE file.id = ?) * ${CHUNKS} + ?`,
        id,
        Math.min(index, CHUNKS - 1),
      )?.bytes
    );
  }

  delete(id: string): boolean {
    return withStoreErrors(() => {
      const row = this.#row(id);
      if (row === undefined) return false;
      this.#sql.write(() => this.#delete(row));
      this.#forget(row);
      this.#deleted.add(id);
      if (this.#deleted.size > DELETED_MAX) this.#deleted.delete(this.#deleted.values().next().value!);
      return true;
    });
  }

  wasDeleted(id: string): boolean {
    return this.#deleted.has(id);
  }

  deleteLinked(text: string, author: LinkAuthor): number {
    let deleted = 0;
    for (const id of linkedIds(text)) {
      const file = this.find(id);
      if (file !== undefined && isOwner(file.owner, author) && this.delete(id)) deleted++;
    }
    return deleted;
  }

  /** All complete files, the oldest first, some at a time. @param after The number of the last one before. */
  page(after: number, count: number): { readonly number: number; readonly file: StoredFile }[] {
    return withStoreErrors(() => {
      const rows = this.#sql.all<FileRow>("SELECT * FROM file WHERE number > ? ORDER BY number LIMIT ?", after, count);
      return rows.map(({ number, width, height, ...file }) => {
        return { number, file: { ...file, width: width ?? undefined, height: height ?? undefined } };
      });
    });
  }

  /**
   * Deletes a file that has expired or for which there is no room, or some chunks of a deleted one; or takes space for the reserve.
   *
   * @returns Whether there is more to do.
   */
  runStep(): boolean {
    if (this.overdue) return this.#deleteOldest();
    if (this.#expireOne()) return true;
    if (!this.#hasRemains) return this.#limits.size !== undefined && (this.#reserve?.runStep() ?? false);
    this.#space -= this.#sql.write(() => this.#removeSome(REMOVE_STEP));
    return this.#hasRemains;
  }

  #row(id: string): FileRow | undefined {
    return this.#sql.get<FileRow>("SELECT * FROM file WHERE id = ?", id);
  }

  #insert(number: number, { id, name, type, width, height, owner, at }: FileDetails, size: number) {
    const sql = `INSERT INTO file (number, id, name, type, width, height, size, owner, at)
      VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)`;
    this.#sql.run(sql, number, id, name, type, width ?? null, height ?? null, size, owner, at);
    this.#sql.run("DELETE FROM file_remains WHERE number = ?", number);
  }

  /**
   * Deletes some of the oldest files to make room for one that was just stored, but never that one: it may have been begun before
   * others. After an error, maintenance deletes them.
   */
  #makeRoomFor(number: number) {
    try {
      withStoreErrors(() => {
        for (let n = 0; n < REPLACE_STEP && this.overdue && this.#deleteOldest(number); n++);
      });
    } catch (error) {
      if (!(error instanceof StoreError)) throw error;
    }
  }

  /** Deletes the oldest file, except one. @returns Whether there was a file to delete. */
  #deleteOldest(except = 0): boolean {
    const row = this.#sql.get<FileRow>("SELECT * FROM file WHERE number <> ? ORDER BY number LIMIT 1", except);
    if (row === undefined) return false;
    this.#sql.write(() => this.#delete(row));
    this.#forget(row);
    return true;
  }

  /**
   * Deletes the oldest file, if it has expired; looks for that now and then. A file with a time that cannot be right expires with
   * the first one after it that has a usable time, and no file of this process expires before the process is as old.
   */
  #expireOne(): boolean {
    const { age = Infinity, clock = WALL_CLOCK } = this.#limits;
    if (age === Infinity || clock.monotonic - this.#checkedAt < EXPIRY_INTERVAL) return false;
    const now = clock.reached();
    const oldest = this.#sql.get<{ at: number }>(
      "SELECT at FROM file WHERE at >= ? AND at <= ? AND number <= ? ORDER BY number LIMIT 1",
      UNKNOWN_BEFORE,
      Math.floor(now),
      clock.age < age ? this.#lastBefore : Number.MAX_SAFE_INTEGER,
    );
    if (oldest !== undefined && oldest.at < now - age && this.#deleteOldest()) return true;
    this.#checkedAt = clock.monotonic;
    return false;
  }

  /** Deletes the row of a file, within a transaction. */
  #delete({ number }: FileRow) {
    this.#sql.run("DELETE FROM file WHERE number = ?", number);
    this.#sql.run("INSERT INTO file_remains (number) VALUES (?)", number);
  }

  #forget({ size }: FileRow) {
    this.#bytes -= size + FILE_COST;
    this.#count--;
    this.#hasRemains = true;
  }

  /**
   * Removes up to some chunks of files that were deleted or given up, within a transaction.
   *
   * @returns How many bytes of the database they took.
   */
  #removeSome(most: number): number {
    if (!this.#hasRemains) return 0;
    const { number } = this.#sql.all<{ number: number }>(
      "SELECT number FROM file_remains ORDER BY number LIMIT ?",
      this.#open.size + 1,
    ).find(({ number }) => !this.#open.has(number)) ?? {};
    if (number === undefined) {
      this.#hasRemains = false;
      return 0;
    }
    const chunks = this.#sql.all<{ id: number; size: number }>(
      "SELECT id, octet_length(bytes) AS size FROM file_chunk WHERE id >= ? AND id < ? ORDER BY id LIMIT ?",
      number * CHUNKS,
      (number + 1) * CHUNKS,
      most,
    );
    for (const { id } of chunks) this.#sql.run("DELETE FROM file_chunk WHERE id = ?", id);
    if (chunks.length < most) this.#sql.run("DELETE FROM file_remains WHERE number = ?", number);
    return chunks.reduce((sum, { size }) => sum + spaceOf(size), 0);
  }
}

/** How many bytes of the database a chunk takes. */
function spaceOf(size: number): number {
  return Math.ceil(size / PAGE_CONTENT) * PAGE_SIZE;
}

/** The same in SQL. */
function spaceSql(size: string): string {
  return `(${size} + ${PAGE_CONTENT - 1}) / ${PAGE_CONTENT} * ${PAGE_SIZE}`;
}
