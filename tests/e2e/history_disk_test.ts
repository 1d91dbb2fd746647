/**
 * Unusable data directories and full disks: the errors that are reported, and that no stored data is lost.
 */
import { DatabaseSync } from "node:sqlite";
import { assert, assertEquals, assertMatch } from "@std/assert";
import { MIGRATIONS } from "../../src/history/schema.ts";
import { test } from "./forms.ts";
import { Client, type Form, notInstalled, run, start } from "./harness.ts";
import { Disk, noDisk } from "./history_disk.ts";
import { ask, askIrc, Directory, historyFor, joinIrc, type Past, writePast } from "./history_store.ts";

/** Each listener on a free port. */
const FREE_PORTS = ["--port", "0", "--irc-port", "0", "--web-port", "0"];

const PAGE = 4096;

/** Messages from an hour ago. */
const PAST: Past = {
  room: "#lobby",
  since: Date.now() - 3_600_000,
  lines: Array.from({ length: 50 }, (_, n) => ({ time: Date.now() - 3_600_000 + n, text: `line ${n}` })),
};

/** Creates or changes the database file with SQLite, without leaving a WAL file. */
function sqlite<T>(directory: Directory, use: (db: DatabaseSync) => T): T {
  const db = new DatabaseSync(directory.file());
  try {
    return use(db);
  } finally {
    db.close();
  }
}

/** Overwrites a range of bytes of the database file. */
async function overwrite(directory: Directory, from: number, to: number) {
  const bytes = await Deno.readFile(directory.file());
  await Deno.writeFile(directory.file(), bytes.fill(0xff, from, to));
}

/** Overwrites the root page of a table. */
async function overwriteTable(directory: Directory, name: string) {
  const page = sqlite(directory, (db) => {
    return Number(db.prepare("SELECT rootpage FROM sqlite_schema WHERE name = ?").get(name)?.rootpage);
  });
  await overwrite(directory, (page - 1) * PAGE, page * PAGE);
}

/** Asserts that startup fails with a one-line error. */
async function assertRejected(form: Form, path: string, because: string) {
  const { code, stdout, stderr } = await run(form, [...FREE_PORTS, "--data", path]);
  assertEquals([code, stdout, stderr], [2, "", `Cannot use --data "${path}": ${because}\n`]);
}

/** Asserts that startup fails and changes none of the files. */
async function assertUntouched(form: Form, directory: Directory, because: string) {
  const before = await directory.contents();
  await assertRejected(form, directory.path, because);
  const after = await directory.contents();
  assertEquals(Object.fromEntries(Object.keys(before).map((name) => [name, after[name]])), before);
}

test("history: startup fails and changes nothing when the database is foreign, newer or damaged", async (form) => {
  const foreign = "tincan.db is another program's";
  const newer = `tincan.db was made by a newer tincan (format 99, and this one knows ${MIGRATIONS.length})`;
  const damaged = "tincan.db is damaged";
  const none = "tincan.db is not a database";
  type Make = (directory: Directory) => Promise<void> | void;
  const made = (sql: string): Make => (directory) => sqlite(directory, (db) => db.exec(sql));
  const ours = (spoil: Make): Make => async (directory) => {
    await writePast(directory, [PAST]);
    await spoil(directory);
  };
  const cases: [string, Make][] = [
    [none, (directory) => Deno.writeTextFile(directory.file(), "my notes\n")],
    [none, ours((directory) => overwrite(directory, 0, PAGE))],
    [foreign, made("CREATE TABLE message (x); INSERT INTO message VALUES (1)")],
    [foreign, made("PRAGMA application_id = 7; CREATE TABLE x (x)")],
    [foreign, made("PRAGMA user_version = 1")],
    [newer, ours(made("PRAGMA user_version = 99; CREATE TABLE of_the_future (x)"))],
    [damaged, ours((directory) => Deno.truncate(directory.file(), 5 * PAGE))],
    [damaged, ours((directory) => overwrite(directory, 100, PAGE))], // the schema
    [damaged, ours((directory) => overwriteTable(directory, "target"))],
    [damaged, ours((directory) => overwriteTable(directory, "mask"))],
    [damaged, ours((directory) => overwriteTable(directory, "role"))],
    [damaged, ours((directory) => overwriteTable(directory, "message"))],
    [damaged, ours((directory) => overwriteTable(directory, "secret"))],
  ];
  for (const [because, make] of cases) {
    await using directory = await Directory.make();
    await make(directory);
    await assertUntouched(form, directory, because);
  }
});

test("history: startup fails when the data directory cannot be created", async (form) => {
  await using directory = await Directory.make();
  await Deno.writeTextFile(directory.file("notes"), "my notes\n");
  for (const path of [directory.file("notes"), directory.file("notes/tincan")]) {
    const { code, stdout, stderr } = await run(form, [...FREE_PORTS, "--data", path]);
    assertEquals([code, stdout], [2, ""]);
    assertMatch(stderr, /^Cannot use --data "[^\n]+": [^\n]+\n$/);
  }
  assertEquals(await Deno.readTextFile(directory.file("notes")), "my notes\n");
});

test("history: startup fails and changes nothing when the data directory is read-only", async ({ name, command }) => {
  // Root can write to everything unless it drops its capabilities.
  const unprivileged = Deno.uid() === 0 ? ["setpriv", "--inh-caps=-all", "--bounding-set=-all"] : [];
  const form = { name, command: [...unprivileged, ...command] };
  await using directory = await Directory.make();
  const readOnly = async (path: string, mode: number, because: string) => {
    await Deno.chmod(path, mode);
    await assertUntouched(form, directory, because);
    await Deno.chmod(path, mode | 0o200);
  };
  await readOnly(directory.path, 0o500, "permission denied"); // an empty directory
  await Deno.chmod(directory.path, 0o500);
  await assertRejected(form, directory.file("below"), "permission denied");
  await Deno.chmod(directory.path, 0o700);
  await writePast(directory, [PAST]);
  await readOnly(directory.file(), 0o400, "permission denied");
  await readOnly(directory.path, 0o500, "it cannot be written to"); // nor can the WAL be created
  await Deno.remove(directory.file("tincan.lock"));
  await readOnly(directory.path, 0o500, "permission denied");
  assertEquals(directory.rows("#lobby").length, PAST.lines.length);
}, Deno.build.os === "windows" ? "needs Unix" : Deno.uid() === 0 ? notInstalled("setpriv") : undefined);

test("history: a second server on the same directory fails to start, and the first keeps working", async (form) => {
  await using directory = await Directory.make();
  await writePast(directory, [PAST]);
  await using first = await start(form, ["--data", directory.path]);
  first.kill("SIGSTOP"); // otherwise its maintenance may write meanwhile
  await assertUntouched(form, directory, "another tincan uses it");
  first.kill("SIGCONT");
  using alice = await Client.join(first.port);
  await alice.send("still here");
  await alice.until("<guest1> still here");
  assertEquals(directory.rows("#lobby").at(-1)?.text, "still here");
  first.kill("SIGKILL");
  await first.code();
  await using _second = await start(form, ["--data", directory.path]); // the lock ended with its process
});

test("history: a truncated WAL loses only its last lines, and the server keeps working", async (form) => {
  await using directory = await Directory.make();
  const said = Array.from({ length: 50 }, (_, n) => `<guest1> line ${n}`);
  {
    await using server = await start(form, ["--data", directory.path, "--rate", "off"]);
    using alice = await Client.join(server.port);
    for (const [n, line] of said.entries()) { // each line is committed on its own
      await alice.send(`line ${n}`);
      await alice.until(line);
    }
    server.kill("SIGKILL");
    await server.code();
  }
  const { size } = await Deno.stat(directory.file("tincan.db-wal"));
  let least = said.length;
  for (const torn of [0, 1, PAGE, size / 4, size / 2, size - 1, size]) {
    await using copy = await directory.copy();
    await Deno.truncate(copy.file("tincan.db-wal"), Math.floor(size - torn));
    await using server = await start(form, ["--data", copy.path]);
    using bob = await Client.join(server.port);
    const left = (await historyFor(bob)).filter((line) => line.startsWith("<"));
    assertEquals(left, said.slice(0, left.length), `${torn} of ${size} bytes are missing`);
    assert(left.length <= least, "more lines than with a longer WAL");
    if (torn <= 1) assert(left.length >= said.length - torn, "more than the last line is missing");
    least = left.length;
    await bob.send("and now?");
    await bob.until("<guest1> and now?");
    server.kill("SIGTERM");
    assertEquals(await server.code(), 0);
    assertEquals(copy.rows("#lobby").map(({ who, text }) => `<${who}> ${text}`), [...left, "<guest1> and now?"]);
    assertEquals(copy.query("PRAGMA integrity_check"), [{ integrity_check: "ok" }]);
  }
  assertEquals(least, 0);
});

test("history: startup fails when the disk is full, and succeeds when space is free", async (form) => {
  for (const size of [4, 8, 16, 32, 48, 64, 72]) { // sizes at which different steps of the start run out of space
    await using disk = await Disk.mount(size);
    await assertRejected(form, disk.path, "the disk is full");
    await disk.resize(4096);
    await using server = await start(form, ["--data", disk.path]);
    using alice = await Client.join(server.port);
    await alice.send("now there is room");
    await alice.until("<guest1> now there is room");
    assertEquals(disk.rows("#lobby").map(({ text }) => text), ["now there is room"]);
  }
  await using disk = await Disk.mount(1024);
  await writePast(disk, [PAST]);
  await disk.fill();
  await assertUntouched(form, disk, "the disk is full");
  await disk.free();
  await using server = await start(form, ["--data", disk.path]);
  using alice = await Client.join(server.port);
  assertEquals(await historyFor(alice), PAST.lines.map(({ text }) => `<past> ${text}`));
}, noDisk);

test("history: room messages, and nothing else, are rejected while the disk is full", async (form) => {
  await using disk = await Disk.mount(2048);
  await using server = await start(form, ["--data", disk.path, "--rate", "off"]);
  using alice = await Client.join(server.port);
  using bob = await Client.join(server.port);
  await ask(alice, "/nick alice");
  await ask(bob, "/nick bob");
  using robin = await joinIrc(server, "robin", "echo-message");
  await askIrc(robin, "JOIN #lobby");
  await alice.until("-- robin joined #lobby");
  const delivered: string[] = [];
  let rejected = 0;
  for (const round of [1, 2]) {
    await disk.fill();
    for (let n = 0; n < 20; n++) {
      assertEquals(await ask(alice, `refused ${n}`), [
        `-- Not sent, the server cannot store messages right now. Try again later: refused ${n}`,
      ]);
    }
    assertEquals(await askIrc(robin, "PRIVMSG #lobby :refused", "NOTICE #lobby :refused, too"), [
      ":tincan 404 robin #lobby :Not sent, the server cannot store it (try again later): refused",
      ":tincan 404 robin #lobby :Not sent, the server cannot store it (try again later): refused, too",
    ]);
    rejected += 22;
    await server.logged(/ error cannot store messages: not delivered .*error="the disk is full"/);

    {
      using carol = await Client.join(server.port);
      await carol.send("/nick carol");
      await alice.until(/^-- guest\d+ joined #lobby$/);
      await alice.until(/^-- guest\d+ is now carol$/);
      await bob.send("/msg carol psst");
      await carol.until("*bob* psst");
      await robin.send("PRIVMSG carol :psst, too");
      await carol.until("*robin* psst, too");
      await carol.send("/join #tea");
      await carol.until("-- You are alone in #tea.");
      await alice.send(`/topic number ${round}`);
      await bob.until(`-- alice set the topic of #lobby: number ${round}`);
    }

    await disk.free();
    await ask(alice, `said ${round}`);
    await server.logged(/ info messages can be stored again/);
    await askIrc(robin, `PRIVMSG #lobby :written ${round}`);
    await alice.until(`<robin> written ${round}`);
    delivered.push(`<alice> said ${round}`, `<robin> written ${round}`);
  }
  const { webPort, log } = server;
  const metrics = await (await fetch(`http://127.0.0.1:${webPort}/metrics`)).text();
  assertMatch(metrics, new RegExp(`^tincan_messages_kept_total ${delivered.length}$`, "m"));
  assertMatch(metrics, new RegExp(`^tincan_messages_refused_total ${rejected}$`, "m"));
  for (const client of [alice, bob, robin]) {
    await client.send(client === robin ? "QUIT" : "/quit");
    await client.rest();
  }
  assertEquals(log.all.match(/cannot store messages/g)?.length, 2, "logged once per failure, not for each line");
  assertEquals(alice.received.match(/^<.*/gm), delivered);
  assertEquals(bob.received.match(/^<.*/gm), delivered);
  assertEquals(
    robin.received.match(/ PRIVMSG #lobby :.*(?=\r)/g),
    delivered.map((line) => line.replace(/^.*> /, " PRIVMSG #lobby :")),
  );
  server.kill("SIGTERM");
  assertEquals(await server.code(), 0);
  assertEquals(disk.rows("#lobby").map(({ who, text }) => `<${who}> ${text}`), delivered);
  assertEquals(disk.texts().length, delivered.length, "no other line, and no private message");
  assertEquals(disk.query("SELECT topic FROM target WHERE key = '#lobby'"), [{ topic: "number 2" }]);
}, noDisk);

test("history: each line is stored and delivered or rejected when the disk fills up during traffic", async (form) => {
  await using disk = await Disk.mount(2048);
  await using server = await start(form, ["--data", disk.path, "--rate", "off", "--send-buffer", "16MiB"]);
  using receiver = await Client.join(server.port);
  const senders = await Promise.all(Array.from({ length: 4 }, () => Client.join(server.port)));
  const padding = "x".repeat(200);
  const texts = senders.map((_, who) => Array.from({ length: 2500 }, (_, n) => `${who} ${n} ${padding}`));
  const rejected = await Promise.all(senders.map(async (sender, who) => {
    const answers = await ask(sender, texts[who]!.join("\n"));
    return answers.flatMap((line) => /^-- Not sent, .* later: (.*)$/.exec(line)?.slice(1) ?? []);
  }));
  await ask(receiver);
  const delivered = receiver.received.match(/^<.*/gm) ?? [];
  assert(delivered.length > 0 && rejected.flat().length > 0, "lines were delivered and rejected");
  assertEquals(disk.rows("#lobby").map(({ who, text }) => `<${who}> ${text}`), delivered);
  const heard = delivered.map((line) => line.replace(/^<\S+> /, ""));
  for (const [who, sent] of texts.entries()) {
    const own = heard.filter((text) => text.startsWith(`${who} `));
    assertEquals([...own, ...rejected[who]!].sort(), sent.sort()); // each line once, in one of the two
  }
  for (const sender of senders) sender[Symbol.dispose]();
}, noDisk);

test("history: private messages are rejected on a full disk with --keep-private", async (form) => {
  await using disk = await Disk.mount(2048);
  await using server = await start(form, ["--data", disk.path, "--keep-private", "all"]);
  using alice = await Client.join(server.port);
  using bob = await Client.join(server.port);
  await ask(alice, "/nick alice", "/msg guest2 one");
  await ask(bob, "/nick bob");
  using robin = await joinIrc(server, "robin", "echo-message", "standard-replies");
  await disk.fill();
  const rejected = "-- Not sent to bob: the server cannot store messages right now. Try again later.";
  assertEquals(await ask(alice, "/msg bob refused"), ["-- guest2 is now bob", rejected]);
  assertEquals(await askIrc(robin, "PRIVMSG bob :refused"), [
    ":tincan FAIL PRIVMSG CANNOT_KEEP bob :Not sent: the server cannot store it. Try again later",
  ]);
  await disk.free();
  assertEquals(await ask(alice, "/msg bob two"), ["-> *bob* two"]);
  await askIrc(robin, "PRIVMSG bob :three");
  await bob.until("*robin* three");
  assertEquals(bob.received.match(/^\*.*/gm), ["*alice* one", "*alice* two", "*robin* three"]);
  // Each side of the conversation has a copy.
  assertEquals(disk.texts().sort(), ["one", "one", "three", "three", "two", "two"]);
}, noDisk);
