/**
 * The file in which history is kept: opens it, makes sure that it is ours and nobody else's at the moment, and brings its
 * tables up to date.
 *
 * It is `tincan.db`, of SQLite's format, in a directory of its own; beside it lies `tincan.lock`, for as long as somebody
 * uses it. Nothing that is found there is ever destroyed: what cannot be used is left as it is.
 */
import { DatabaseSync } from "node:sqlite";
import { basename, join } from "node:path";
import { copyOf } from "./copy.ts";
import { MIGRATIONS } from "./schema.ts";
import { StoreError } from "../chat/store.ts";
import { reasonOf } from "../util/system_error.ts";

/** What marks a file as ours (SQLite, "PRAGMA application_id"): `tinc`. */
export const APPLICATION_ID = 0x74696e63;

/** The file's header, and where it is in there (sqlite.org, "Database File Format"). */
const HEADER_SIZE = 100;
const APPLICATION_ID_AT = 68;

/**
 * How long it waits for somebody else who reads or writes the file, such as `sqlite3`, or for another tincan that is about
 * to end, in milliseconds.
 */
const BUSY_TIME = 1000;

/** How long it waits before it looks again whether the other tincan has ended, in milliseconds. */
const LOCK_INTERVAL = 20;

/** How much of the file is kept in memory, in KiB. */
const CACHE_SIZE = 8192;

/** How many pages may be written to the log before they go into the file itself. */
const CHECKPOINT_PAGES = 250;

/** What the log is cut back to once it is in the file, in bytes. */
const LOG_SIZE = 64 * 1024 * 1024;

/** How much a transaction survives: the end of the process, or a power cut as well. */
export const SYNCS = ["normal", "full"] as const;
export type Sync = typeof SYNCS[number];

/** Permissions of files for their owner alone, and those of everybody else. */
const PRIVATE = 0o600;
const OF_OTHERS = 0o077;

/** SQLite's codes for a file that it cannot lock, or make what it needs beside it: see {@linkcode Database.read}. */
const UNWRITABLE: readonly number[] = [8, 10, 13, 14];

/** A file that others could read. */
export interface ExposedFile {
  readonly path: string;
  /** Its permissions, as they were found. */
  readonly mode: number;
  /** Whether only its owner can read it now. */
  readonly mended: boolean;
}

/** An open file. */
export class Database {
  readonly db: DatabaseSync;
  readonly path: string;
  /** Files of it that others could read until it was opened. */
  readonly exposed: readonly ExposedFile[];
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
  }

  /**
   * Opens the file in a directory; makes both if they are not there.
   *
   * @throws {StoreError} when that cannot be done, with the reason in a few words.
   */
  static async open(directory: string, sync: Sync = "normal", migrations = MIGRATIONS): Promise<Database> {
    const lock = await lockIn(directory);
    try {
      const path = join(directory, FILE);
      const exposed = makePrivate(directory); // before SQLite gives what it makes the same permissions
      return new Database(openFile(path, sync, migrations), path, lock, exposed);
    } catch (error) {
      lock.close();
      throw storeError(error);
    }
  }

  /**
   * Opens it if it is there already: nothing is made.
   *
   * @throws {StoreError}
   */
  static async reopen(directory: string): Promise<Database> {
    await requireFile(directory);
    return await Database.open(directory);
  }

  /**
   * Opens it for reading, beside whoever uses it.
   *
   * Where SQLite cannot make what it needs beside it, as in a read-only snapshot, a copy is opened: see `copy.ts`.
   *
   * @throws {StoreError}
   */
  static async read(directory: string): Promise<Database> {
    const path = await requireFile(directory);
    try {
      return new Database(openToRead(path), path, undefined);
    } catch (error) {
      if (error instanceof StoreError || !UNWRITABLE.includes(codeOf(error) & 0xff)) throw storeError(error);
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
   * From now on, waits for no other program that reads or writes the file: what cannot be done fails at once. A server has
   * other things to do meanwhile.
   */
  neverWait(): void {
    this.db.exec("PRAGMA busy_timeout = 0");
  }

  close(): void {
    this.db.close();
    this.#lock?.close();
  }
}

const FILE = "tincan.db";
const LOCK = "tincan.lock";

/** Finds the file in a directory, where it has to be there. */
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

/** Makes sure that something is a file, if it is there: opening a pipe would wait for ever. */
function requireRegular(path: string) {
  let info;
  try {
    info = Deno.statSync(path);
  } catch {
    return; // opening it tells why
  }
  if (!info.isFile) throw new StoreError(`${basename(path)} is ${info.isDirectory ? "a directory" : "not a file"}`);
}

/** Opens a file only to read it. */
function openToRead(path: string): DatabaseSync {
  const db = new DatabaseSync(path, { readOnly: true });
  try {
    db.exec(`PRAGMA busy_timeout = ${BUSY_TIME}`);
    const version = versionOf(db);
    requireKnown(version, MIGRATIONS);
    if (version === 0) throw new StoreError(`${FILE} is empty`);
    if (version < MIGRATIONS.length) { // it cannot be brought up to date by who only reads
      throw new StoreError(`${FILE} was made by an older tincan; start the server on it once`);
    }
    return db;
  } catch (error) {
    db.close();
    throw error;
  }
}

/** Has the files of a directory that are there already readable by their owner alone. Returns those that were not. */
function makePrivate(directory: string): ExposedFile[] {
  const exposed: ExposedFile[] = [];
  for (const name of [FILE, `${FILE}-wal`, `${FILE}-shm`, `${FILE}-journal`, LOCK]) {
    const path = join(directory, name);
    try {
      const mode = (Deno.statSync(path).mode ?? 0) & 0o777;
      if ((mode & OF_OTHERS) !== 0) exposed.push({ path, mode, mended: changeMode(path, PRIVATE) });
    } catch {
      // It is not there.
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

/** Makes sure that a file is of no version that is yet to come. */
function requireKnown(version: number, migrations: readonly string[]) {
  if (version <= migrations.length) return;
  throw new StoreError(
    `${FILE} was made by a newer tincan (format ${version}, and this one knows ${migrations.length})`,
  );
}

/**
 * Makes sure that nobody else uses a directory. The lock goes with the process, however that ends; but whoever restarts a
 * server may be here before the old one is gone, and a process that is just being started by whoever had the lock has it
 * too until it runs its own program (flock(2): it belongs to the open file, which a fork shares).
 */
async function lockIn(directory: string): Promise<Deno.FsFile> {
  let file: Deno.FsFile;
  try {
    await Deno.mkdir(directory, { recursive: true, mode: 0o700 }); // what people say is nobody else's
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
    await new Promise((looked) => setTimeout(looked, LOCK_INTERVAL));
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

function openFile(path: string, sync: Sync, migrations: readonly string[]): DatabaseSync {
  // SQLite would let others read it, and its log as well.
  requireRegular(path);
  const file = Deno.openSync(path, { read: true, write: true, create: true, mode: PRIVATE });
  try {
    requireOurs(file, path);
  } finally {
    file.close(); // now: later it would take the locks along that SQLite has on it
  }
  const db = new DatabaseSync(path);
  try {
    db.exec(`PRAGMA busy_timeout = ${BUSY_TIME}`);
    const version = versionOf(db); // before anything is written: it could be anybody's
    requireKnown(version, migrations);
    migrate(db, version, migrations);
    // Only now: to begin the log writes to the file, which is nobody's until it has our tables.
    pragma(db, "journal_mode = WAL");
    db.exec(`PRAGMA synchronous = ${sync === "full" ? "FULL" : "NORMAL"};
      PRAGMA wal_autocheckpoint = ${CHECKPOINT_PAGES};
      PRAGMA journal_size_limit = ${LOG_SIZE};
      PRAGMA cache_size = -${CACHE_SIZE};
      PRAGMA temp_store = MEMORY;
      PRAGMA trusted_schema = OFF`);
    return db;
  } catch (error) {
    db.close();
    throw error;
  }
}

/**
 * Makes sure that a file is ours, or nobody's, before SQLite sees it: that would bring even what it only looks at in order,
 * by what lies beside it, and would delete what lies beside an empty one.
 */
function requireOurs(file: Deno.FsFile, path: string) {
  if (exists(`${path}-journal`)) return; // somebody was stopped while changing it, so it may look like anything
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

/** Which version of our tables a file has; 0 for one that is empty. */
function versionOf(db: DatabaseSync): number {
  const application = pragma(db, "application_id");
  if (application === APPLICATION_ID) return pragma(db, "user_version");
  if (application === 0 && pragma(db, "page_count") === 0) return 0;
  throw new StoreError(`${FILE} is another program's`);
}

/** Brings a file up to date, wholly or not at all. */
function migrate(db: DatabaseSync, version: number, migrations: readonly string[]) {
  if (version === migrations.length) return;
  db.exec("BEGIN");
  try {
    // This writes as well, and is too late once a page is there.
    if (version === 0) db.exec("PRAGMA auto_vacuum = INCREMENTAL");
    for (const migration of migrations.slice(version)) db.exec(migration);
    db.exec(`PRAGMA application_id = ${APPLICATION_ID}; PRAGMA user_version = ${migrations.length}; COMMIT`);
  } catch (error) {
    if (db.isTransaction) db.exec("ROLLBACK");
    throw error;
  }
}

/** A number that SQLite knows of a file. */
export function pragma(db: DatabaseSync, name: string): number {
  return Number(Object.values(db.prepare(`PRAGMA ${name}`).get() ?? {})[0]);
}

/**
 * The latest time that has been for certain, by what is in a file: what the last process has kept of its clock; before that
 * was kept, the time of the line with the greatest id, or of the last ban or account. A clock that says something else may
 * be wrong, and so may the times of lines that were said by it.
 *
 * @returns In milliseconds since 1970; Infinity where nothing is kept.
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

/** What went wrong, in words of our own where SQLite's or the system's would say less. */
export function storeError(error: unknown): StoreError {
  if (error instanceof StoreError) return error;
  if (error instanceof Deno.errors.PermissionDenied) return new StoreError("permission denied");
  if (error instanceof Deno.errors.AlreadyExists || error instanceof Deno.errors.NotADirectory) {
    return new StoreError("it is not a directory");
  }
  const code = codeOf(error);
  const reason = REASONS.find((each) => each.code === code) ?? REASONS.find((each) => each.code === (code & 0xff));
  return new StoreError(reason?.ours ?? reasonOf(error), { cause: error });
}

/** The code of what SQLite threw; 0 for anything else. */
function codeOf(error: unknown): number {
  const { message = "", errcode } = (error ?? {}) as Error & { errcode?: number };
  // What `exec` throws has no code, but SQLite's own words for it, and perhaps where it happened.
  return errcode ?? REASONS.find(({ theirs }) => message.startsWith(theirs))?.code ?? 0;
}

/** Whether what went wrong is that another program has the file locked (SQLITE_BUSY, in any of its forms). */
export function isLocked(error: unknown): boolean {
  const { errcode } = (error instanceof StoreError ? error.cause : error) as { errcode?: number };
  return errcode !== undefined && (errcode & 0xff) === 5;
}

/** SQLite's result codes (sqlite.org, "Result and Error Codes"), its words for them, and ours. */
const REASONS: readonly { readonly code: number; readonly theirs: string; readonly ours: string }[] = [
  { code: 5, theirs: "database is locked", ours: "another program keeps it locked" },
  { code: 8, theirs: "attempt to write a readonly database", ours: "it cannot be written to" },
  { code: 4874, theirs: "(no room beside the log)", ours: "the disk is full" }, // before 10, of which it is a kind
  { code: 10, theirs: "disk I/O error", ours: "the disk fails" },
  { code: 11, theirs: "database disk image is malformed", ours: `${FILE} is damaged` },
  { code: 13, theirs: "database or disk is full", ours: "the disk is full" },
  { code: 14, theirs: "unable to open database file", ours: `${FILE} cannot be opened` },
  { code: 26, theirs: "file is not a database", ours: `${FILE} is not a database` },
];
