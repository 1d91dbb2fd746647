/**
 * Directories and disks that are no good: what is said about them, to whom, and that nothing on them is lost.
 */
import { DatabaseSync } from "node:sqlite";
import { assert, assertEquals, assertMatch } from "@std/assert";
import { MIGRATIONS } from "../../src/history/schema.ts";
import { test } from "./forms.ts";
import { Client, type Form, notInstalled, run, start } from "./harness.ts";
import { Disk, noDisk } from "./history_disk.ts";
import { ask, askIrc, Directory, historyFor, joinIrc, type Past, writePast } from "./history_store.ts";

/** Each door on a port that is free. */
const FREE = ["--port", "0", "--irc-port", "0", "--web-port", "0"];

const PAGE = 4096;

/** What was said an hour ago. */
const PAST: Past = {
  room: "#lobby",
  since: Date.now() - 3_600_000,
  lines: Array.from({ length: 50 }, (_, n) => ({ time: Date.now() - 3_600_000 + n, text: `line ${n}` })),
};

/** Has SQLite make or change the file, and leave nothing beside it. */
function sqlite<T>(directory: Directory, use: (db: DatabaseSync) => T): T {
  const db = new DatabaseSync(directory.file());
  try {
    return use(db);
  } finally {
    db.close();
  }
}

/** Bytes that mean nothing in the place of some of the file's. */
async function overwrite(directory: Directory, from: number, to: number) {
  const bytes = await Deno.readFile(directory.file());
  await Deno.writeFile(directory.file(), bytes.fill(0xff, from, to));
}

/** The same, in the place of the root of one of the file's tables. */
async function overwriteTable(directory: Directory, name: string) {
  const page = sqlite(directory, (db) => {
    return Number(db.prepare("SELECT rootpage FROM sqlite_schema WHERE name = ?").get(name)?.rootpage);
  });
  await overwrite(directory, (page - 1) * PAGE, page * PAGE);
}

/** A start that is refused in one line. */
async function assertRefused(form: Form, path: string, because: string) {
  const { code, stdout, stderr } = await run(form, [...FREE, "--data", path]);
  assertEquals([code, stdout, stderr], [2, "", `Cannot use --data "${path}": ${because}\n`]);
}

/** The same; and each file that was there is as it was. */
async function assertUntouched(form: Form, directory: Directory, because: string) {
  const before = await directory.contents();
  await assertRefused(form, directory.path, because);
  const after = await directory.contents();
  assertEquals(Object.fromEntries(Object.keys(before).map((name) => [name, after[name]])), before);
}

test("a file that is another program's, or newer, or damaged, is told and left as it is", async (form) => {
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
    [damaged, ours((directory) => overwrite(directory, 100, PAGE))], // which tables there are
    [damaged, ours((directory) => overwriteTable(directory, "target"))],
    [damaged, ours((directory) => overwriteTable(directory, "mask"))],
    [damaged, ours((directory) => overwriteTable(directory, "message"))],
    [damaged, ours((directory) => overwriteTable(directory, "secret"))],
  ];
  for (const [because, make] of cases) {
    await using directory = await Directory.make();
    await make(directory);
    await assertUntouched(form, directory, because);
  }
});

test("a directory that cannot be made is told", async (form) => {
  await using directory = await Directory.make();
  await Deno.writeTextFile(directory.file("notes"), "my notes\n");
  for (const path of [directory.file("notes"), directory.file("notes/tincan")]) {
    const { code, stdout, stderr } = await run(form, [...FREE, "--data", path]);
    assertEquals([code, stdout], [2, ""]);
    assertMatch(stderr, /^Cannot use --data "[^\n]+": [^\n]+\n$/);
  }
  assertEquals(await Deno.readTextFile(directory.file("notes")), "my notes\n");
});

test("what cannot be written to is told and left as it is", async ({ name, command }) => {
  // Root can write to anything, unless it gives that up.
  const powerless = Deno.uid() === 0 ? ["setpriv", "--inh-caps=-all", "--bounding-set=-all"] : [];
  const form = { name, command: [...powerless, ...command] };
  await using directory = await Directory.make();
  const readOnly = async (path: string, mode: number, because: string) => {
    await Deno.chmod(path, mode);
    await assertUntouched(form, directory, because);
    await Deno.chmod(path, mode | 0o200);
  };
  await readOnly(directory.path, 0o500, "permission denied"); // with nothing in it
  await Deno.chmod(directory.path, 0o500);
  await assertRefused(form, directory.file("below"), "permission denied");
  await Deno.chmod(directory.path, 0o700);
  await writePast(directory, [PAST]);
  await readOnly(directory.file(), 0o400, "permission denied");
  await readOnly(directory.path, 0o500, "it cannot be written to"); // nor can anything beside it be made
  await Deno.remove(directory.file("tincan.lock"));
  await readOnly(directory.path, 0o500, "permission denied");
  assertEquals(directory.rows("#lobby").length, PAST.lines.length);
}, Deno.build.os === "windows" ? "takes Unix" : Deno.uid() === 0 ? notInstalled("setpriv") : undefined);

test("a second server on a directory is refused, and the first one goes on", async (form) => {
  await using directory = await Directory.make();
  await writePast(directory, [PAST]);
  await using first = await start(form, ["--data", directory.path]);
  first.kill("SIGSTOP"); // else its maintenance may write meanwhile
  await assertUntouched(form, directory, "another tincan uses it");
  first.kill("SIGCONT");
  using alice = await Client.join(first.port);
  await alice.send("still here");
  await alice.until("<guest1> still here");
  assertEquals(directory.rows("#lobby").at(-1)?.text, "still here");
  first.kill("SIGKILL");
  await first.code();
  await using _second = await start(form, ["--data", directory.path]); // a lock goes with who has it
});

test("a log that is torn costs its last lines at the most, and the server goes on from there", async (form) => {
  await using directory = await Directory.make();
  const said = Array.from({ length: 50 }, (_, n) => `<guest1> line ${n}`);
  {
    await using server = await start(form, ["--data", directory.path, "--rate", "off"]);
    using alice = await Client.join(server.port);
    for (const [n, line] of said.entries()) { // each is kept on its own
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
    assertEquals(left, said.slice(0, left.length), `${torn} bytes of ${size} are missing`);
    assert(left.length <= least, "more lines than when less was missing");
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

test("a full disk at the start is told, and once there is room all is well", async (form) => {
  for (const size of [4, 8, 16, 32, 48, 64, 72]) { // that is where it ran out of room, at one time or another
    await using disk = await Disk.mount(size);
    await assertRefused(form, disk.path, "the disk is full");
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

test("a full disk stops what is said in rooms, and nothing else, until there is room", async (form) => {
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
  let refused = 0;
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
    refused += 22;
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
  assertMatch(metrics, new RegExp(`^tincan_messages_refused_total ${refused}$`, "m"));
  for (const client of [alice, bob, robin]) {
    await client.send(client === robin ? "QUIT" : "/quit");
    await client.rest();
  }
  assertEquals(log.all.match(/cannot store messages/g)?.length, 2, "once, not for each line");
  assertEquals(alice.received.match(/^<.*/gm), delivered);
  assertEquals(bob.received.match(/^<.*/gm), delivered);
  assertEquals(
    robin.received.match(/ PRIVMSG #lobby :.*(?=\r)/g),
    delivered.map((line) => line.replace(/^.*> /, " PRIVMSG #lobby :")),
  );
  server.kill("SIGTERM");
  assertEquals(await server.code(), 0);
  assertEquals(disk.rows("#lobby").map(({ who, text }) => `<${who}> ${text}`), delivered);
  assertEquals(disk.texts().length, delivered.length, "nothing else, nor what was said in private");
  assertEquals(disk.query("SELECT topic FROM target WHERE key = '#lobby'"), [{ topic: "number 2" }]);
}, noDisk);

test("a disk that runs full while everybody talks: each line is kept and delivered, or neither", async (form) => {
  await using disk = await Disk.mount(2048);
  await using server = await start(form, ["--data", disk.path, "--rate", "off", "--send-buffer", "16MiB"]);
  using listener = await Client.join(server.port);
  const talkers = await Promise.all(Array.from({ length: 4 }, () => Client.join(server.port)));
  const padding = "x".repeat(200);
  const texts = talkers.map((_, who) => Array.from({ length: 2500 }, (_, n) => `${who} ${n} ${padding}`));
  const refused = await Promise.all(talkers.map(async (talker, who) => {
    const answers = await ask(talker, texts[who]!.join("\n"));
    return answers.flatMap((line) => /^-- Not sent, .* later: (.*)$/.exec(line)?.slice(1) ?? []);
  }));
  await ask(listener);
  const delivered = listener.received.match(/^<.*/gm) ?? [];
  assert(delivered.length > 0 && refused.flat().length > 0, "both happened");
  assertEquals(disk.rows("#lobby").map(({ who, text }) => `<${who}> ${text}`), delivered);
  const heard = delivered.map((line) => line.replace(/^<\S+> /, ""));
  for (const [who, sent] of texts.entries()) {
    const own = heard.filter((text) => text.startsWith(`${who} `));
    assertEquals([...own, ...refused[who]!].sort(), sent.sort()); // each once, either here or there
  }
  for (const talker of talkers) talker[Symbol.dispose]();
}, noDisk);

test("with --keep-private, a full disk stops what is said in private, too", async (form) => {
  await using disk = await Disk.mount(2048);
  await using server = await start(form, ["--data", disk.path, "--keep-private"]);
  using alice = await Client.join(server.port);
  using bob = await Client.join(server.port);
  await ask(alice, "/nick alice", "/msg guest2 one");
  await ask(bob, "/nick bob");
  using robin = await joinIrc(server, "robin", "echo-message", "standard-replies");
  await disk.fill();
  const refused = "-- Not sent to bob: the server cannot store messages right now. Try again later.";
  assertEquals(await ask(alice, "/msg bob refused"), ["-- guest2 is now bob", refused]);
  assertEquals(await askIrc(robin, "PRIVMSG bob :refused"), [
    ":tincan FAIL PRIVMSG CANNOT_KEEP bob :Not sent: the server cannot store it. Try again later",
  ]);
  await disk.free();
  assertEquals(await ask(alice, "/msg bob two"), ["-> *bob* two"]);
  await askIrc(robin, "PRIVMSG bob :three");
  await bob.until("*robin* three");
  assertEquals(bob.received.match(/^\*.*/gm), ["*alice* one", "*alice* two", "*robin* three"]);
  // Each of the two has it for themselves.
  assertEquals(disk.texts().sort(), ["one", "one", "three", "three", "two", "two"]);
}, noDisk);
