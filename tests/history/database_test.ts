/** Tests the database file: permissions, locks, foreign files, migrations and readers. A rejected file must not change. */
import { assert, assertEquals, assertRejects, assertThrows } from "@std/assert";
import { DatabaseSync } from "node:sqlite";
import { Database, isLocked, knownTime, pragma, storeError, type Sync, SYNCS } from "../../src/history/database.ts";
import { fold } from "../../src/chat/names.ts";
import { StoreError } from "../../src/chat/store.ts";
import { MIGRATIONS } from "../../src/history/schema.ts";
import { SqliteHistory } from "../../src/history/sqlite.ts";
import { assertRejected, bySqlite, contents, fill, MAGIC, PAGE, refusal } from "./database_helpers.ts";
import { commitLines, Place, said, texts } from "./helpers.ts";

/** Migrations for tests, so that these do not depend on the real ones. */
const STEPS = [
  "CREATE TABLE one (value TEXT); INSERT INTO one VALUES ('kept')",
  "CREATE TABLE two (value TEXT); INSERT INTO two SELECT value FROM one; UPDATE one SET value = value || ' and changed'",
  "ALTER TABLE two ADD COLUMN more TEXT; UPDATE two SET more = value",
];

/** A migration that fails. */
const WRONG = "CREATE TABLE four (value TEXT); INSERT INTO three VALUES (1)";

/** The version of a file, and all rows of its tables. */
function tables(path: string): [version: number, ...rows: unknown[]] {
  const db = new DatabaseSync(path, { readOnly: true });
  const names = db.prepare("SELECT name FROM sqlite_schema WHERE type = 'table' ORDER BY name").all();
  const rows = names.map(({ name }) => [name, ...db.prepare(`SELECT * FROM ${name}`).all().flatMap(Object.values)]);
  const version = pragma(db, "user_version");
  db.close();
  return [version, ...rows];
}

Deno.test({
  name: "database: only the owner can read the directory, the file, its log and the lock",
  ignore: Deno.build.os === "windows",
  async fn() {
    using place = new Place();
    const directory = `${place.path}/new/data`;
    // The umask must not matter. Tests cannot set it, as it is shared by all tests of the process.
    const child = openElsewhere(directory, ["sh", "-c", 'umask 0 && exec "$@"', "sh"]);
    try {
      assertEquals(await firstLine(child.stdout), "open");
      const modes = [...Deno.readDirSync(directory)].map(({ name }) => [name, modeOf(`${directory}/${name}`)]);
      assertEquals(modeOf(directory), 0o700);
      assertEquals(Object.fromEntries(modes), {
        "tincan.db": 0o600,
        "tincan.db-shm": 0o600,
        "tincan.db-wal": 0o600,
        "tincan.lock": 0o600,
      });
    } finally {
      child.kill("SIGKILL");
      await child.status;
    }
  },
});

Deno.test({
  name: "database: files that other users could read are reported, and readable by their owner only afterwards",
  ignore: Deno.build.os === "windows",
  async fn() {
    using place = new Place();
    await place.open();
    assertEquals(place.database.exposed, [], "new files");
    place.close();
    const modes = [
      ["tincan.db", 0o640],
      ["tincan.db-wal", 0o640],
      ["tincan.db-shm", 0o644],
      ["tincan.db-journal", 0o604],
      ["tincan.lock", 0o620],
    ] as const;
    for (const [name] of modes.slice(1, 4)) Deno.writeTextFileSync(`${place.path}/${name}`, "");
    for (const [name, mode] of modes) Deno.chmodSync(`${place.path}/${name}`, mode);
    const file = await Database.open(place.path);
    file.close();
    assertEquals(file.exposed, modes.map(([name, mode]) => ({ path: `${place.path}/${name}`, mode, corrected: true })));
    assertEquals([...Deno.readDirSync(place.path)].filter(({ name }) => modeOf(`${place.path}/${name}`) !== 0o600), []);
    const again = await Database.open(place.path);
    again.close();
    assertEquals(again.exposed, []);
  },
});

function modeOf(path: string): number {
  return Deno.statSync(path).mode! & 0o777;
}

Deno.test("database: a new file has the application id, a version and incremental vacuum", async () => {
  using place = new Place();
  await place.open();
  place.close();
  const bytes = Deno.readFileSync(place.file);
  const text = (from: number, to: number) => new TextDecoder("latin1").decode(bytes.subarray(from, to));
  assertEquals([text(0, 16), text(68, 72)], [MAGIC, "tinc"]); // sqlite.org, "The Database Header"
  assertEquals(new DataView(bytes.buffer).getUint32(60), MIGRATIONS.length);
  assertEquals(new DataView(bytes.buffer).getUint32(64), 1); // incremental vacuum
});

for (const [sync, level] of [["normal", 1], ["full", 2]] as const) {
  Deno.test(`database: --sync ${sync} calls fsync as often as it should`, async () => {
    using place = new Place();
    const file = await Database.open(place.path, sync);
    const values = [pragma(file.db, "synchronous"), file.db.prepare("PRAGMA journal_mode").get()!.journal_mode];
    file.close();
    assertEquals(values, [level, "wal"]);
    assertEquals<readonly Sync[]>(SYNCS, ["normal", "full"]);
  });
}

Deno.test("database: its log is copied into the file before it has as many pages as SQLite would let it have", async () => {
  using place = new Place();
  await place.open();
  const { db } = place.database;
  db.exec("CREATE TABLE filled (bytes BLOB)");
  for (let n = 0; n < 1000; n += 10) db.exec("INSERT INTO filled VALUES (zeroblob(40000))");
  assert(Deno.statSync(`${place.file}-wal`).size < 500 * 4096);
  assertEquals(pragma(db, "journal_size_limit"), 64 * 1024 * 1024);
});

Deno.test("database: a view that was added to the file cannot call tincan's functions", async () => {
  using place = new Place();
  await place.open();
  const { db } = place.database;
  assertEquals(db.prepare("SELECT fold('A') AS folded").get()!.folded, "a");
  db.exec("CREATE VIEW planted AS SELECT fold('A') AS folded");
  assertThrows(() => db.prepare("SELECT * FROM planted").get(), Error, "unsafe use of fold()");
});

Deno.test("database: a second open of a directory fails and changes nothing", async () => {
  using place = new Place();
  const history = await place.open();
  assertEquals(await refusal(place.path), "another tincan uses it");
  commitLines(history, said("#room", "hi"));
  assertEquals(texts(history, "#room"), ["hi"]);
  place.close();
  assertEquals(openFiles(place.path), []);
  assertEquals(await refusal(place.path), undefined);
});

/** The files below a directory that this process has open; none where the system does not tell. */
function openFiles(directory: string): string[] {
  if (Deno.build.os !== "linux") return [];
  return [...Deno.readDirSync("/proc/self/fd")].flatMap(({ name }) => {
    try {
      return [Deno.readLinkSync(`/proc/self/fd/${name}`)];
    } catch {
      return []; // it was closed meanwhile
    }
  }).filter((path) => path.startsWith(directory));
}

Deno.test("database: opening waits for a lock that is released within a second", async () => {
  using place = new Place();
  await place.open();
  const { tryLock } = Deno.FsFile.prototype;
  const tried: boolean[] = [];
  Deno.FsFile.prototype.tryLock = async function (exclusive) {
    const locked = await tryLock.call(this, exclusive);
    if (tried.push(locked) === 3) place.close();
    return locked;
  };
  const { now } = performance;
  performance.now = () => 0; // the wait never times out, however busy the machine is
  try {
    (await Database.open(place.path)).close();
  } finally {
    performance.now = now;
    Deno.FsFile.prototype.tryLock = tryLock;
  }
  assertEquals([tried.slice(0, 3), tried.at(-1)], [[false, false, false], true]);
});

Deno.test("database: the lock of a killed process is released", async () => {
  using place = new Place();
  const child = openElsewhere(place.path);
  try {
    assertEquals(await firstLine(child.stdout), "open");
    assertEquals(await refusal(place.path), "another tincan uses it");
  } finally {
    child.kill("SIGKILL");
    await child.status;
  }
  await place.open();
  assertEquals(place.number("SELECT count(*) FROM sqlite_schema WHERE name = 'made_by_child'"), 1);
});

/** Starts a process that opens a directory, writes to the file, and then prints `open`. */
function openElsewhere(directory: string, before: readonly string[] = []): Deno.ChildProcess {
  return run(
    `
    const file = await Database.open(${JSON.stringify(directory)});
    file.db.exec("CREATE TABLE made_by_child (x)");
    console.log("open");
    setInterval(() => {}, 1000);
  `,
    before,
  );
}

/** Runs TypeScript code in another process. */
function run(code: string, before: readonly string[] = []): Deno.ChildProcess {
  const source = import.meta.resolve("../../src/history/database.ts");
  const [command, ...args] = [
    ...before,
    Deno.execPath(),
    "eval",
    "--ext=ts",
    `import { Database } from ${JSON.stringify(source)};\n${code}`,
  ];
  return new Deno.Command(command!, { args, stdin: "null", stdout: "piped", stderr: "inherit" }).spawn();
}

async function firstLine(stream: ReadableStream<Uint8Array<ArrayBuffer>>): Promise<string> {
  let text = "";
  for await (const part of stream.pipeThrough(new TextDecoderStream())) {
    text += part;
    if (text.includes("\n")) break;
  }
  return text.split("\n")[0]!;
}

/** Files that are not tincan's, and why they are rejected. */
const FOREIGN_FILES: Record<string, [reason: string, make: (path: string) => void]> = {
  "a database of another program": ["tincan.db is another program's", (path) => {
    bySqlite(path, "CREATE TABLE precious (x); INSERT INTO precious VALUES ('data')");
  }],
  "a database with another application id": ["tincan.db is another program's", (path) => {
    bySqlite(path, "PRAGMA application_id = 1; PRAGMA user_version = 1; CREATE TABLE precious (x)");
  }],
  "a database of another program whose log has no checkpoint yet": ["tincan.db is another program's", (path) => {
    const db = new DatabaseSync(`${path}.original`);
    db.exec("PRAGMA journal_mode = WAL; CREATE TABLE precious (x); INSERT INTO precious VALUES ('data')");
    for (const suffix of ["", "-wal"]) Deno.copyFileSync(`${path}.original${suffix}`, `${path}${suffix}`);
    db.close();
  }],
  "a text": ["tincan.db is not a database", (path) => Deno.writeTextFileSync(path, "Dear diary\n".repeat(1000))],
  "a short text": ["tincan.db is not a database", (path) => Deno.writeTextFileSync(path, "hi")],
  "only zeros": ["tincan.db is not a database", (path) => Deno.writeFileSync(path, new Uint8Array(2 * PAGE))],
  "the beginning of a database": [
    "tincan.db is not a database",
    (path) => Deno.writeTextFileSync(path, MAGIC.slice(0, 10)),
  ],
  "a log whose file is empty": ["tincan.db is missing or empty, but not its log, tincan.db-wal", (path) => {
    Deno.writeTextFileSync(path, "");
    Deno.writeTextFileSync(`${path}-wal`, "who knows");
  }],
};

for (const [name, [reason, make]] of Object.entries(FOREIGN_FILES)) {
  Deno.test(`database: a foreign file is rejected and left unchanged: ${name}`, async () => {
    using place = new Place();
    make(place.file);
    await assertRejected(place, reason);
  });
}

Deno.test("database: a file in place of the directory is rejected, and a directory in place of a file", async () => {
  using place = new Place();
  Deno.mkdirSync(place.file);
  assertEquals(await refusal(place.path), "tincan.db is a directory");
  const error = await assertRejects(() => Database.read(place.path), StoreError);
  assertEquals(error.message, "tincan.db is a directory");
  Deno.mkdirSync(`${place.path}/other/tincan.lock`, { recursive: true });
  assertEquals(await refusal(`${place.path}/other`), "tincan.lock is a directory");
  Deno.writeTextFileSync(`${place.path}/file`, "x");
  assertEquals(await refusal(`${place.path}/file`), "it is not a directory");
  assertEquals(await refusal(`${place.path}/file/data`), "it is not a directory");
});

Deno.test("database: an empty file is treated as a new one", async () => {
  using place = new Place();
  Deno.writeTextFileSync(place.file, "");
  const history = await place.open();
  commitLines(history, said("#room", "hi"));
  assertEquals(texts(await place.open(), "#room"), ["hi"]);
});

Deno.test("database: a file of a newer version is rejected and left unchanged", async () => {
  using place = new Place();
  await fill(place);
  const newer = MIGRATIONS.length + 1;
  bySqlite(place.file, `PRAGMA user_version = ${newer}`);
  await assertRejected(
    place,
    `tincan.db was made by a newer tincan (format ${newer}, and this one knows ${MIGRATIONS.length})`,
  );
});

Deno.test("database: a file of an older version is migrated with its contents", async () => {
  using place = new Place();
  assertEquals(await refusal(place.path, STEPS.slice(0, 1)), undefined);
  assertEquals(tables(place.file), [1, ["one", "kept"]]);
  assertEquals(await refusal(place.path, STEPS), undefined);
  const [version, ...rows] = tables(place.file);
  assertEquals([version, ...rows], [3, ["one", "kept and changed"], ["two", "kept", "kept"]]);
  assertEquals(await refusal(place.path, STEPS), undefined);
  assertEquals(tables(place.file), [version, ...rows], "and no step is done twice");
});

Deno.test("database: a new file has the version of the last migration", async () => {
  using place = new Place();
  assertEquals(await refusal(place.path, STEPS), undefined);
  assertEquals(tables(place.file), [3, ["one", "kept and changed"], ["two", "kept", "kept"]]);
});

Deno.test("database: a failed migration rolls back all migrations, and the file stays usable", async () => {
  using place = new Place();
  await refusal(place.path, STEPS.slice(0, 1));
  await assertRejected(place, "no such table: three", [...STEPS.slice(0, 2), WRONG]);
  assertEquals(tables(place.file), [1, ["one", "kept"]]);
  assertEquals(await refusal(place.path, STEPS), undefined);
  assertEquals(tables(place.file)[0], 3);
});

Deno.test("database: a failed first migration leaves an empty file, and the next open starts again", async () => {
  using place = new Place();
  assertEquals(await refusal(place.path, [STEPS[0]!, WRONG]), "no such table: three");
  assertEquals(contents(place.path), { "tincan.db": "" });
  assertEquals(await refusal(place.path, STEPS), undefined);
  assertEquals(tables(place.file)[0], 3);
});

Deno.test("database: an interrupted transaction is rolled back, also when it has left an incomplete header", async () => {
  using place = new Place();
  assertEquals(await refusal(place.path, STEPS.slice(0, 1)), undefined);
  const db = new DatabaseSync(place.file);
  db.exec("PRAGMA journal_mode = DELETE; BEGIN; PRAGMA user_version = 7; UPDATE one SET value = 'lost'");
  db.exec("PRAGMA cache_spill = 1; PRAGMA cache_size = 1; CREATE TABLE large (value)"); // writes before the commit
  db.exec("INSERT INTO large SELECT randomblob(10000) FROM json_each('[1,2,3,4,5,6,7,8,9]')");
  const crashed = `${place.path}/crashed`;
  Deno.mkdirSync(crashed);
  for (const suffix of ["", "-journal"]) Deno.copyFileSync(`${place.file}${suffix}`, `${crashed}/tincan.db${suffix}`);
  db.close();
  using file = Deno.openSync(`${crashed}/tincan.db`, { write: true });
  file.writeSync(new Uint8Array(100));
  assertEquals(await refusal(crashed, STEPS.slice(0, 1)), undefined);
  assertEquals(tables(`${crashed}/tincan.db`), [1, ["one", "kept"]]);
});

Deno.test("database: a commit fails while another program writes to the file, and succeeds afterwards", async () => {
  using place = new Place();
  const history = await place.open();
  commitLines(history, said("#room", "before"));
  const other = new DatabaseSync(place.file);
  other.exec("BEGIN IMMEDIATE");
  assertThrows(() => commitLines(history, said("#room", "lost")), StoreError, "another program keeps it locked");
  assertEquals(texts(history, "#room"), ["before"], "it can be read");
  other.exec("COMMIT");
  other.close();
  commitLines(history, said("#room", "after"));
  assertEquals(texts(history, "#room"), ["before", "after"]);
});

Deno.test("database: a server never waits for another program's lock, and loses no line", async () => {
  using place = new Place();
  const history = await place.open();
  assertEquals(place.number("PRAGMA busy_timeout"), 1000, "opening a file waits for a second");
  place.database.failWhenLocked();
  assertEquals(place.number("PRAGMA busy_timeout"), 0);
  commitLines(history, said("#room", "before"));
  const other = new DatabaseSync(place.file);
  other.exec("BEGIN IMMEDIATE");
  assertEquals(history.ready, true, "there is nothing to commit");
  history.add("#room", said("#room", "1"));
  assertEquals([history.ready, history.ready, texts(history, "#room")], [false, false, ["before"]]);
  assertEquals(history.runStep(() => {}), true, "what can wait waits");
  other.exec("COMMIT");
  history.add("#room", said("#room", "2"));
  assertEquals([history.ready, history.ready, history.commit()], [true, true, true]);
  other.exec("BEGIN IMMEDIATE; ROLLBACK"); // no transaction is left open
  other.close();
  assertEquals(texts(history, "#room"), ["before", "1", "2"]);
});

Deno.test("database: a second process can read an open file, but not write to it", async () => {
  using place = new Place();
  const history = await place.open();
  commitLines(history, said("#room", "1"));
  const file = await Database.read(place.path);
  try {
    const reader = new SqliteHistory(file);
    assertEquals([texts(reader, "#room"), pragma(file.db, "busy_timeout")], [["1"], 1000]);
    history.add("#room", said("#room", "2"));
    assertEquals(texts(reader, "#room"), ["1"]);
    history.commit();
    assertEquals(texts(reader, "#room"), ["1", "2"]);
    assertThrows(() => commitLines(reader, said("#room", "3")), StoreError, "it cannot be written to");
  } finally {
    file.close();
  }
  commitLines(history, said("#room", "4"));
  assertEquals(texts(history, "#room"), ["1", "2", "4"]);
});

Deno.test("database: reading a missing file or one of another version fails and changes nothing", async () => {
  const reason = async (directory: string) => {
    try {
      (await Database.read(directory)).close();
    } catch (error) {
      assert(error instanceof StoreError, `${error}`);
      return error.message;
    }
  };
  using place = new Place();
  assertEquals(await reason(`${place.path}/nowhere`), "there is no tincan.db in it");
  assertEquals(await reason(place.path), "there is no tincan.db in it");
  assertEquals(contents(place.path), {});
  Deno.writeTextFileSync(place.file, "");
  assertEquals(await reason(place.path), "tincan.db is empty");
  const known = MIGRATIONS.length;
  assertEquals(await refusal(place.path, MIGRATIONS.slice(0, -1)), undefined);
  assertEquals(await reason(place.path), "tincan.db was made by an older tincan; start the server on it once");
  assertEquals(await refusal(place.path, [...MIGRATIONS, STEPS[0]!]), undefined);
  const newer = `tincan.db was made by a newer tincan (format ${known + 1}, and this one knows ${known})`;
  assertEquals(await reason(place.path), newer);
  Deno.writeTextFileSync(place.file, "Dear diary\n".repeat(1000));
  assertEquals(await reason(place.path), "tincan.db is not a database");
  Deno.removeSync(place.file);
  bySqlite(place.file, "CREATE TABLE precious (x)");
  assertEquals(await reason(place.path), "tincan.db is another program's");
  await Deno.remove(place.file);
  await fill(place);
  assertEquals(await reason(place.path), undefined);
});

/** The start of a command that runs another one without root's permission to ignore file modes. */
const unprivileged = Deno.build.os !== "windows" && Deno.uid() === 0
  ? ["setpriv", "--bounding-set=-dac_override,-dac_read_search"]
  : [];

/** Why that is not possible on this machine; undefined if it is. */
const missing = Deno.build.os === "windows" ? "no modes on Windows" : await canRun(unprivileged);

async function canRun(before: readonly string[]): Promise<string | undefined> {
  const [command, ...args] = [...before, "true"];
  try {
    const { success } = await new Deno.Command(command!, { args, stderr: "null" }).output();
    return success ? undefined : "root's capabilities cannot be dropped here";
  } catch {
    return `no ${command} here`;
  }
}

/** Modes of the directory, the file and the lock, and the error. undefined means that the file does not exist. */
const FORBIDDEN: Record<
  string,
  [directory: number, file: number | undefined, lock: number | undefined, reason: string]
> = {
  "a directory without write permission": [0o500, undefined, undefined, "permission denied"],
  "a directory without write permission, with a database": [0o500, 0o600, undefined, "permission denied"],
  "a directory without write permission, with a database and a lock": [0o500, 0o600, 0o600, "it cannot be written to"],
  "a directory without any permission": [0o000, 0o600, 0o600, "permission denied"],
  "a database without write permission": [0o700, 0o400, 0o600, "permission denied"],
  "a database without read permission": [0o700, 0o200, 0o600, "permission denied"],
  "a lock file without any permission": [0o700, 0o600, 0o000, "permission denied"],
};

for (const [name, [directory, file, lock, reason]] of Object.entries(FORBIDDEN)) {
  Deno.test({
    name: `database: missing permissions are reported, and nothing changes: ${name}${
      missing === undefined ? "" : ` (${missing})`
    }`,
    ignore: missing !== undefined,
    async fn() {
      using place = new Place();
      await fill(place);
      const modes = [[`${place.path}/tincan.lock`, lock], [place.file, file], [place.path, directory]] as const;
      for (const [path, mode] of modes) if (mode === undefined) Deno.removeSync(path);
      const before = contents(place.path);
      for (const [path, mode] of modes) if (mode !== undefined) Deno.chmodSync(path, mode);
      const child = run(
        `try { await Database.open(${JSON.stringify(place.path)}); console.log("opened"); }
          catch (error) { console.log(error.name, error.message); }`,
        unprivileged,
      );
      const { stdout } = await child.output();
      for (const [path, mode] of modes.toReversed()) if (mode !== undefined) Deno.chmodSync(path, 0o700);
      assertEquals(contents(place.path), before);
      assertEquals(new TextDecoder().decode(stdout), `StoreError ${reason}\n`);
    },
  });
}

Deno.test({
  name: `database: a file in a directory without write permission is read from a copy, which is removed${
    missing === undefined ? "" : ` (${missing})`
  }`,
  ignore: missing !== undefined,
  async fn() {
    // After a clean end there is no log, and SQLite wants to create one (SQLITE_READONLY_DIRECTORY). After a crash there
    // is one, and SQLite wants to create its index (SQLITE_CANTOPEN).
    for (const crashed of [false, true]) {
      using place = new Place();
      commitLines(await place.open(), said("#room", "hi"));
      const directory = `${place.path}/copied`;
      Deno.mkdirSync(directory);
      if (!crashed) place.close();
      for (const suffix of crashed ? ["", "-wal"] : [""]) {
        Deno.copyFileSync(`${place.file}${suffix}`, `${directory}/tincan.db${suffix}`);
      }
      Deno.chmodSync(directory, 0o500);
      const temporary = `${place.path}/temporary`;
      Deno.mkdirSync(temporary);
      const child = run(
        `const file = await Database.read(${JSON.stringify(directory)});
          console.log(file.path, file.db.prepare("SELECT text FROM message").get().text);
          console.log([...Deno.readDirSync(${JSON.stringify(temporary)})].length);`,
        [...unprivileged, "env", `TMPDIR=${temporary}`],
      );
      const { stdout } = await child.output();
      Deno.chmodSync(directory, 0o700);
      assertEquals(new TextDecoder().decode(stdout), `${directory}/tincan.db hi\n0\n`);
    }
  },
});

Deno.test("database: reopen migrates an existing file, and does not create a missing one", async () => {
  using place = new Place();
  const error = await assertRejects(() => Database.reopen(place.path), StoreError);
  assertEquals([error.message, contents(place.path)], ["there is no tincan.db in it", {}]);
  assertEquals(await refusal(place.path, MIGRATIONS.slice(0, -1)), undefined);
  const file = await Database.reopen(place.path);
  assertEquals(pragma(file.db, "user_version"), MIGRATIONS.length);
  file.close();
});

Deno.test("database: extended result codes of SQLite are told apart, and are locks or not like their base codes", () => {
  // sqlite.org, "Result and Error Codes": IOERR_READ, IOERR_SHMSIZE, BUSY_RECOVERY, and a code without a message here.
  const errors = [[266, "the disk fails"], [4874, "the disk is full"], [261, "another program keeps it locked"], [
    1,
    "x",
  ]];
  for (const [errcode, message] of errors) {
    const error = Object.assign(new Error("x"), { errcode });
    assertEquals([storeError(error).message, isLocked(error), isLocked(storeError(error))], [
      message,
      errcode === 261,
      errcode === 261,
    ]);
  }
});

Deno.test("database: a file without lines knows the time of its newest ban or account, and an empty one no time", async () => {
  using place = new Place();
  await place.open();
  const { database } = place;
  assertEquals(knownTime(database), Infinity);
  database.db.exec("INSERT INTO ban (what, by, reason, since) VALUES ('a', '*', '', 5), ('b', '*', '', 3)");
  assertEquals(knownTime(database), 5);
  database.db.exec("INSERT INTO account SELECT what, what, since + 10, '', x'', 1, x'', x'' FROM ban");
  assertEquals(knownTime(database), 15);
});

Deno.test("database: rooms of an earlier version are found by names in any case, and none is lost", async () => {
  using place = new Place();
  const earlier = MIGRATIONS.slice(0, MIGRATIONS.findIndex((sql) => sql.includes("fold(name)")));
  assertEquals(await refusal(place.path, earlier), undefined);
  // As the earlier version stored them: only A to Z are in lower case.
  const rooms = ["#Tea", "#ЧАЙ", "#Été", "#été", "#ÉTÉ"];
  const key = (name: string) => name.replace(/[A-Z]+/g, (letters) => letters.toLowerCase());
  for (const [i, name] of rooms.entries()) {
    bySqlite(place.file, `INSERT INTO target (id, key, name) VALUES (${i + 1}, '${key(name)}', '${name}')`);
    bySqlite(
      place.file,
      `INSERT INTO message VALUES (${i + 1}, ${i + 1}, 1, 0, 'a!b@c', NULL, 'said in ${name}', '', 0, NULL)`,
    );
  }
  bySqlite(place.file, "INSERT INTO target (id, key, name) VALUES (9, 'alice@host bob', 'alice@host bob')");
  const history = await place.open();
  assertEquals(history.rooms().map(({ name }) => name).sort(), ["#Tea", "#ÉTÉ-5", "#Été", "#été-4", "#ЧАЙ"].sort());
  for (const name of ["#tea", "#чай", "#été"]) assertEquals(texts(history, fold(name)).length, 1, name);
  assertEquals(texts(history, fold("#ÉTÉ-5")), ["said in #ÉTÉ"]);
  const keys = tables(place.file).flat().filter((value) => typeof value === "string" && value.includes(" bob"));
  assertEquals(keys, ["alice@host bob", "alice@host bob"]);
});
