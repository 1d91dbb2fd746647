/**
 * The database file: opens and locks it, checks that it belongs to tincan, and migrates its tables.
 *
 * It is `tincan.db`, an SQLite database in a directory of its own. `tincan.lock` beside it is locked while a process uses
 * the directory; it also takes up some space, see `disk_reserve.ts`. A file that tincan cannot use is left unchanged.
 */
import { type Sync, SYNCS } from "./sync.ts";
import { DatabaseSync } from "node:sqlite";
import { basename, join } from "node:path";
import { copyOf } from "./copy.ts";
import { DiskReserve } from "./disk_reserve.ts";
import { MIGRATIONS } from "./schema.ts";
import { fold } from "../chat/names.ts";
import { StoreError } from "../chat/store.ts";
import { reasonOf } from "../util/system_error.ts";

/** The application id of tincan's files (SQLite, "PRAGMA application_id"): `tinc`. */
export const APPLICATION_ID = 0x74696e63;

/** The size of the file's header, and where the application id is in it (sqlite.org, "Database File Format"). */
const HEADER_SIZE = 100;
const APPLICATION_ID_AT = 68;

/** How long to wait for a program that has locked the file, such as `sqlite3` or an ending tincan, in milliseconds. */
const BUSY_TIME = 1000;

/** How often the lock of another tincan is tried again, in milliseconds. */
const LOCK_INTERVAL = 20;

/** The size of SQLite's page cache, in KiB. */
const CACHE_SIZE = 8192;

/**
 * After how many pages the write-ahead log is copied into the database file. A checkpoint waits for the disk on the event
 * loop: 2 ms with 250 pages, 6 with 1,000, 22 with 4,000 (2 cores, 2026-11-29).
 */
const CHECKPOINT_PAGES = 250;

/** The size to which the log is truncated after a checkpoint, in bytes. */
const LOG_SIZE = 64 * 1024 * 1024;

export { type Sync, SYNCS };

/** The permissions for files, and the permission bits of users other than the owner. */
const PRIVATE = 0o600;
const OF_OTHERS = 0o077;

/**
 * SQLite's result codes when it cannot lock a file, or cannot create the files that it needs beside it (READONLY, IOERR,
 * FULL, CANTOPEN): see {@linkcode Database.read}.
 */
const UNWRITABLE: readonly number[] = [8, 10, 13, 14];

/** A file that other users could read. */
export interface ExposedFile {
  readonly path: string;
  /** Its permissions before they were corrected. */
  readonly mode: number;
  /** Whether only its owner can read it now. */
  readonly corrected: boolean;
}

/** An open database file. */
export class Database {
  readonly db: DatabaseSync;
  readonly path: string;
  /** The files that other users could read before it was opened. */
  readonly exposed: readonly ExposedFile[];
  /** Space on the disk for when an upload has filled it; none for databases that are only read or in memory. */
  readonly reserve: DiskReserve | undefined;
  readonly #lock: Deno.FsFile | undefined;

  private constructor(
    db: DatabaseSync,
    path: string,
    lock: Deno.FsFile | undefined,
    exposed: readonly ExposedFile[] = [],
  ) {
    this.db = db;
    this.path = path;
    this.exposed = exposed;
    this.#lock = lock;
    this.reserve = lock && new DiskReserve(lock);
  }

  /**
   * Opens the file in a directory, and creates both if they do not exist.
   *
   * @throws {StoreError} with the reason, in a few words.
   */
  static async open(directory: string, sync: Sync = "normal", migrations = MIGRATIONS): Promise<Database> {
    const lock = await lockIn(directory);
    try {
      const path = join(directory, FILE);
      const exposed = makePrivate(directory); // first: SQLite gives new files the permissions of the database
      prepareFile(path);
      return new Database(openFile(path, sync, migrations), path, lock, exposed);
    } catch (error) {
      lock.close();
      throw storeError(error);
    }
  }

  /** Opens a database without a file, which ends with the process. */
  static inMemory(migrations = MIGRATIONS): Database {
    return new Database(openFile(IN_MEMORY, "normal", migrations), IN_MEMORY, undefined);
  }

  /**
   * Opens the file in a directory, and creates nothing if it does not exist.
   *
   * @throws {StoreError}
   */
  static async reopen(directory: string): Promise<Database> {
    await requireFile(directory);
    return await Database.open(directory);
  }

  /**
   * Opens the file for reading, also while a server uses it.
   *
   * Where SQLite cannot create the files that it needs, as in a read-only snapshot, a copy is opened: see `copy.ts`.
   *
   * @throws {StoreError}
   */
  static async read(directory: string): Promise<Database> {
    const path = await requireFile(directory);
    try {
      return new Database(openToRead(path), path, undefined);
    } catch (error) {
      if (!UNWRITABLE.includes(codeOf(error) & 0xff)) throw storeError(error);
    }
    const copy = await copyOf(path);
    try {
      return new Database(openToRead(copy.path), path, undefined);
    } catch (error) {
      throw storeError(error);
    } finally {
      copy.remove();
    }
  }

  /**
   * Stops waiting for locks of other programs: operations on a locked file fail at once from now on. Waiting would block
   * the event loop of a server.
   */
  failWhenLocked(): void {
    this.db.exec("PRAGMA busy_timeout = 0");
  }

  close(): void {
    this.db.close();
    this.#lock?.close();
  }
}

const FILE = "tincan.db";
const LOCK = "tincan.lock";

/** SQLite's name for a database without a file. */
const IN_MEMORY = ":memory:";

/** The path of the file in a directory, where it must exist. */
async function requireFile(directory: string): Promise<string> {
  const path = join(directory, FILE);
  try {
    await Deno.stat(path);
  } catch (error) {
    throw error instanceof Deno.errors.NotFound ? new StoreError(`there is no ${FILE} in it`) : storeError(error);
  }
  requireRegular(path);
  return path;
}

/** Rejects a path that exists and is not a regular file: opening a pipe would wait for ever. */
function requireRegular(path: string) {
  let info;
  try {
    info = Deno.statSync(path);
  } catch {
    return; // opening it reports the reason
  }
  if (!info.isFile) throw new StoreError(`${basename(path)} is ${info.isDirectory ? "a directory" : "not a file"}`);
}

/** Opens a file for reading only. */
function openToRead(path: string): DatabaseSync {
  const db = new DatabaseSync(path, { readOnly: true });
  try {
    db.exec(`PRAGMA busy_timeout = ${BUSY_TIME}`);
    const version = versionOf(db);
    requireKnown(version, MIGRATIONS);
    if (version === 0) throw new StoreError(`${FILE} is empty`);
    if (version < MIGRATIONS.length) { // a reader cannot migrate it
      throw new StoreError(`${FILE} was made by an older tincan; start the server on it once`);
    }
    return db;
  } catch (error) {
    db.close();
    throw error;
  }
}

/** Makes the existing files of a directory readable by their owner only; returns those that were not. */
function makePrivate(directory: string): ExposedFile[] {
  const exposed: ExposedFile[] = [];
  for (const name of [FILE, `${FILE}-wal`, `${FILE}-shm`, `${FILE}-journal`, LOCK]) {
    const path = join(directory, name);
    try {
      const mode = (Deno.statSync(path).mode ?? 0) & 0o777;
      if ((mode & OF_OTHERS) !== 0) exposed.push({ path, mode, corrected: changeMode(path, PRIVATE) });
    } catch {
      // It does not exist.
    }
  }
  return exposed;
}

function changeMode(path: string, mode: number): boolean {
  try {
    Deno.chmodSync(path, mode);
    return true;
  } catch {
    return false; // it belongs to another user
  }
}

/** Rejects a file of a newer version. */
function requireKnown(version: number, migrations: readonly string[]) {
  if (version <= migrations.length) return;
  throw new StoreError(
    `${FILE} was made by a newer tincan (format ${version}, and this one knows ${migrations.length})`,
  );
}

/**
 * Locks a directory against other processes of tincan.
 *
 * The lock ends with the process. During a restart, the new server may come before the old one has ended. And a child that
 * the old process has forked shares the lock until it executes its own program (flock(2)). So a lock is tried for a while.
 */
async function lockIn(directory: string): Promise<Deno.FsFile> {
  let file: Deno.FsFile;
  try {
    await Deno.mkdir(directory, { recursive: true, mode: 0o700 }); // history is private
    requireRegular(join(directory, LOCK));
    file = await Deno.open(join(directory, LOCK), { write: true, create: true, mode: PRIVATE });
  } catch (error) {
    throw storeError(error);
  }
  const end = performance.now() + BUSY_TIME;
  while (!await tryLock(file)) {
    if (performance.now() >= end) {
      file.close();
      throw new StoreError("another tincan uses it");
    }
    await new Promise((resolve) => setTimeout(resolve, LOCK_INTERVAL));
  }
  return file;
}

async function tryLock(file: Deno.FsFile): Promise<boolean> {
  try {
    return await file.tryLock(true);
  } catch (error) {
    file.close();
    throw new StoreError(`its file system cannot lock files: ${reasonOf(error)}`, { cause: error });
  }
}

/** Creates a file that is readable by its owner only, unless it exists, and rejects that of another program. */
function prepareFile(path: string) {
  requireRegular(path);
  // Created here and not by SQLite, which would let other users read it and its log.
  const file = Deno.openSync(path, { read: true, write: true, create: true, mode: PRIVATE });
  try {
    requireOwn(file, path);
  } finally {
    file.close(); // before SQLite locks the file: closing it would release the locks (fcntl(2), "advisory locks")
  }
}

/** Opens a database for reading and writing. A file must have been prepared. */
function openFile(path: string, sync: Sync, migrations: readonly string[]): DatabaseSync {
  const db = new DatabaseSync(path);
  try {
    db.exec(`PRAGMA busy_timeout = ${BUSY_TIME}`);
    const version = versionOf(db); // before anything is written: it could belong to another program
    requireKnown(version, migrations);
    db.function("fold", { deterministic: true }, (name) => typeof name === "string" ? fold(name) : null);
    migrate(db, version, migrations);
    // After the migration: switching to WAL writes to the file, which must be marked as tincan's first.
    pragma(db, "journal_mode = WAL");
    db.exec(`PRAGMA synchronous = ${sync === "full" ? "FULL" : "NORMAL"};
      PRAGMA wal_autocheckpoint = ${CHECKPOINT_PAGES};
      PRAGMA journal_size_limit = ${LOG_SIZE};
      PRAGMA cache_size = -${CACHE_SIZE};
      PRAGMA temp_store = MEMORY;
      PRAGMA secure_delete = ON; -- overwrites deleted rows and pages, for 5% more to write: see purge.ts
      PRAGMA trusted_schema = OFF`);
    return db;
  } catch (error) {
    db.close();
    throw error;
  }
}

/**
 * Rejects a file of another program before SQLite opens it: SQLite would recover it from the log or journal beside it, and
 * would delete these beside an empty file.
 */
function requireOwn(file: Deno.FsFile, path: string) {
  if (exists(`${path}-journal`)) return; // an interrupted transaction: the header may be incomplete
  const header = new Uint8Array(HEADER_SIZE);
  if ((file.readSync(header) ?? 0) === 0) {
    if (exists(`${path}-wal`)) throw new StoreError(`${FILE} is missing or empty, but not its log, ${FILE}-wal`);
    return;
  }
  if (!new TextDecoder("latin1").decode(header).startsWith("SQLite format 3\0")) {
    throw new StoreError(`${FILE} is not a database`);
  }
  if (new DataView(header.buffer).getUint32(APPLICATION_ID_AT) !== APPLICATION_ID) {
    throw new StoreError(`${FILE} is another program's`);
  }
}

function exists(path: string): boolean {
  try {
    return Deno.statSync(path).size > 0;
  } catch {
    return false;
  }
}

/** The version of the tables in a file; 0 if it is empty. */
function versionOf(db: DatabaseSync): number {
  const application = pragma(db, "application_id");
  if (application === APPLICATION_ID) return pragma(db, "user_version");
  if (application === 0 && pragma(db, "page_count") === 0) return 0;
  throw new StoreError(`${FILE} is another program's`);
}

/** Runs all pending migrations in one transaction. If it fails, the caller closes the file, which rolls it back. */
function migrate(db: DatabaseSync, version: number, migrations: readonly string[]) {
  if (version === migrations.length) return;
  db.exec("BEGIN");
  // Has no effect once the file has a page.
  if (version === 0) db.exec("PRAGMA auto_vacuum = INCREMENTAL");
  for (const migration of migrations.slice(version)) db.exec(migration);
  db.exec(`PRAGMA application_id = ${APPLICATION_ID}; PRAGMA user_version = ${migrations.length}; COMMIT`);
}

/** The value of a pragma, as a number. */
export function pragma(db: DatabaseSync, name: string): number {
  return Number(Object.values(db.prepare(`PRAGMA ${name}`).get() ?? {})[0]);
}

/**
 * The latest time that has certainly passed, according to a file.
 *
 * That is the time that the last process has saved; in a file without one, the time of the line with the greatest id, or
 * of the newest ban or account. The system clock may be wrong, and so may the times of lines that were said then.
 *
 * @returns In milliseconds since 1970; Infinity if the file contains no time.
 * @throws {StoreError}
 */
export function knownTime({ db }: Database): number {
  try {
    const { reached } = db.prepare("SELECT reached FROM clock").get() as { reached: number };
    if (reached > 0) return reached;
    const row = db.prepare(`SELECT max(
      coalesce((SELECT time FROM message WHERE (target, id) = (SELECT id, last FROM (
        SELECT id, (SELECT max(id) FROM message WHERE target = target.id) AS last FROM target
      ) ORDER BY last DESC LIMIT 1)), 0),
      coalesce((SELECT max(since) FROM ban), 0),
      coalesce((SELECT max(since) FROM account), 0)) AS time`).get() as { time: number };
    return row.time || Infinity;
  } catch (error) {
    throw storeError(error);
  }
}

/** Converts an error of SQLite or of the system, with a message that fits behind `Cannot …: `. */
export function storeError(error: unknown): StoreError {
  if (error instanceof StoreError) return error;
  if (error instanceof Deno.errors.AlreadyExists || error instanceof Deno.errors.NotADirectory) {
    return new StoreError("it is not a directory");
  }
  const code = codeOf(error);
  const reason = REASONS.find((each) => each.code === code) ?? REASONS.find((each) => each.code === (code & 0xff));
  return new StoreError(reason?.message ?? reasonOf(error), { cause: error });
}

/** Runs statements, and throws their errors as {@linkcode StoreError}. */
export function withStoreErrors<T>(run: () => T): T {
  try {
    return run();
  } catch (error) {
    throw storeError(error);
  }
}

/** SQLite's result code; 0 for other errors. */
function codeOf(error: unknown): number {
  const { message = "", errcode } = (error ?? {}) as Error & { errcode?: number };
  // Errors of `exec` have no code, only SQLite's message, sometimes followed by the place.
  return errcode ?? REASONS.find(({ sqlite }) => message.startsWith(sqlite))?.code ?? 0;
}

/** Whether an error means that another program has locked the file (SQLITE_BUSY or one of its extended codes). */
export function isLocked(error: unknown): boolean {
  const { errcode } = (error instanceof StoreError ? error.cause : error) as { errcode?: number };
  return errcode !== undefined && (errcode & 0xff) === 5;
}

/** Whether an error means that the disk is full (SQLITE_FULL, or an I/O error for that reason: 4874). */
export function isFull(error: unknown): boolean {
  const { errcode } = (error instanceof StoreError ? error.cause : error) as { errcode?: number };
  return errcode === 13 || errcode === 4874;
}

/** SQLite's result codes (sqlite.org, "Result and Error Codes"), its messages, and tincan's. */
const REASONS: readonly { readonly code: number; readonly sqlite: string; readonly message: string }[] = [
  { code: 5, sqlite: "database is locked", message: "another program keeps it locked" },
  { code: 8, sqlite: "attempt to write a readonly database", message: "it cannot be written to" },
  { code: 4874, sqlite: "(no message)", message: "the disk is full" }, // before 10, which it extends
  { code: 10, sqlite: "disk I/O error", message: "the disk fails" },
  { code: 11, sqlite: "database disk image is malformed", message: `${FILE} is damaged` },
  { code: 13, sqlite: "database or disk is full", message: "the disk is full" },
  { code: 14, sqlite: "unable to open database file", message: `${FILE} cannot be opened` },
  { code: 26, sqlite: "file is not a database", message: `${FILE} is not a database` },
];
