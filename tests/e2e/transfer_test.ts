/**
 * `tincan export`, `import` and `forget`, with and without a server running on the same directory.
 */
import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { Database } from "../../src/history/database.ts";
import { MIGRATIONS } from "../../src/history/schema.ts";
import { TRANSACTION_LINES } from "../../src/history/import.ts";
import { test } from "./forms.ts";
import { Client, type Form, notInstalled, run, start, within } from "./harness.ts";
import { askIrc, Directory, eventually, historyFor, joinIrc, writePast } from "./history_store.ts";

const ROOT = `${import.meta.dirname}/../../`;

/** The time of the prepared messages. */
const THEN = Date.now() - 3_600_000;

/** A room with `count` messages. */
function past(room: string, count: number) {
  return { room, since: THEN, lines: Array.from({ length: count }, (_, i) => ({ time: THEN + i, text: `line ${i}` })) };
}

/** Runs a tincan command with `--data`. */
function tincan(form: Form, command: string[], directory: Directory, input?: string) {
  return run(form, [...command, "--data", directory.path], {}, input);
}

/** A complete export of a directory. */
async function exported(form: Form, directory: Directory): Promise<string> {
  const { code, stdout, stderr } = await tincan(form, ["export", "--format", "jsonl"], directory);
  assertEquals([code, stderr], [0, ""]);
  return stdout;
}

/** The bytes of all files in a directory. */
async function bytesIn(directory: Directory): Promise<string> {
  let bytes = "";
  for (const name of Object.keys(await directory.contents())) {
    bytes += new TextDecoder("latin1").decode(await Deno.readFile(directory.file(name)));
  }
  return bytes;
}

/** Starts a command with all streams piped. */
function spawn(command: readonly string[]): Deno.ChildProcess {
  const [program, ...args] = command;
  return new Deno.Command(program!, { args, cwd: ROOT, stdin: "piped", stdout: "piped", stderr: "piped" }).spawn();
}

/** The `sh` command that runs tincan with arguments. */
function shell(form: Form, args: string[], more = ""): string {
  return [...form.command, ...args].map((arg) => `'${arg}'`).join(" ") + more;
}

/** Runs an `sh` command. */
async function sh(line: string, program = ["sh", "-c"]) {
  const child = spawn([...program, line]);
  await child.stdin.close();
  const { code, stdout, stderr } = await within(child.output(), () => `exit of "${line}"`);
  return { code, stdout: new TextDecoder().decode(stdout), stderr: new TextDecoder().decode(stderr) };
}

test("transfer: messages sent until a kill -9 can be exported, imported elsewhere, and read there", async (form) => {
  await using from = await Directory.make();
  await using to = await Directory.make();
  {
    await using server = await start(form, ["--data", from.path, "--keep-private", "all"]);
    using alice = await joinIrc(server, "alice");
    await askIrc(
      alice,
      "JOIN #tea",
      "TOPIC #tea :about tea",
      "MODE #tea +kb sesame evil!*@*",
      "PRIVMSG #tea :hi there",
    );
    await askIrc(alice, "PRIVMSG #tea :\x01ACTION waves\x01", "NOTICE #tea :tea is ready", "PRIVMSG alice :remember");
    using bob = await Client.join(server.port);
    await bob.send("good morning");
    await bob.until("<guest1> good morning");
    server.kill("SIGKILL");
    await server.code();
  }

  const text = await tincan(form, ["export"], from);
  assertEquals([text.code, text.stderr], [0, ""]);
  const lines = text.stdout.trimEnd().split("\n");
  for (const line of lines) assertMatch(line, /^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d #/);
  assertEquals(lines.map((line) => line.slice(20)), [
    "#lobby <guest1> good morning",
    "#tea <alice> hi there",
    "#tea * alice waves",
    "#tea -alice- tea is ready",
  ]);

  const all = await exported(form, from);
  assertStringIncludes(all, '"owner":"alice@');
  assertEquals(await tincan(form, ["import"], to, all), { code: 0, stdout: "5 lines imported\n", stderr: "" });
  assertEquals(await exported(form, to), all);
  const again = await tincan(form, ["import"], to, all);
  assertEquals(again, { code: 0, stdout: "0 lines imported, and 5 lines there already\n", stderr: "" });
  assertEquals(await exported(form, to), all);

  await using server = await start(form, ["--data", to.path, "--keep-private", "all"]);
  using carol = await Client.join(server.port);
  assertEquals(await historyFor(carol), ["<guest1> good morning"]);
  using dora = await joinIrc(server, "dora");
  assertStringIncludes((await askIrc(dora, "JOIN #tea")).join("\n"), " 475 "); // the key was imported
  assertStringIncludes((await askIrc(dora, "JOIN #tea sesame")).join("\n"), " 332 dora #tea :about tea");
});

test("transfer: export works while a server runs and has all delivered messages, import and forget are rejected", async (form) => {
  await using directory = await Directory.make();
  await writePast(directory, [past("#tea", 3)]);
  await using server = await start(form, ["--data", directory.path]);
  using alice = await Client.join(server.port);
  await alice.send("said just now");
  await alice.until("<guest1> said just now");
  const all = await exported(form, directory);
  for (const text of ["line 0", "line 2", "said just now"]) assertStringIncludes(all, `"text":"${text}"`);
  const one = await tincan(form, ["export", "--room", "#TEA"], directory);
  assertEquals(one.stdout.trimEnd().split("\n").map((line) => line.slice(20)), [
    "#tea <past> line 0",
    "#tea <past> line 1",
    "#tea <past> line 2",
  ]);
  const imported = await tincan(form, ["import"], directory, all);
  const why = `Cannot import into "${directory.path}": another tincan uses it\n`;
  assertEquals(imported, { code: 1, stdout: "", stderr: why });
  const forgotten = await tincan(form, ["forget", "past"], directory);
  assertEquals(forgotten, { code: 1, stdout: "", stderr: why.replace("import into", 'forget "past" in') });
  await alice.send("still here");
  await alice.until("<guest1> still here");
  assertEquals(directory.rows("#tea").length, 3);
});

test("forget: no bytes of a user's messages remain in the files", async (form) => {
  await using directory = await Directory.make();
  {
    await using server = await start(form, ["--data", directory.path, "--keep-private", "all"]);
    using bob = await joinIrc(server, "bob");
    using alice = await joinIrc(server, "alice");
    await askIrc(bob, "JOIN #tea", "TOPIC #tea :vermilion", "PRIVMSG #tea :the zebra", "PRIVMSG alice :yonder");
    await askIrc(alice, "JOIN #tea", "PRIVMSG #tea :good morning", "PRIVMSG bob :jigsaw");
    server.kill("SIGKILL");
    await server.code();
  }
  const traces = ["vermilion", "zebra", "yonder", "jigsaw", "bob!~bob@"];
  const before = await bytesIn(directory);
  assertEquals(traces.filter((trace) => before.includes(trace)), traces);
  const forgotten = await tincan(form, ["forget", "BOB"], directory);
  const stdout = "1 line erased, and 2 lines of private conversations\n";
  assertEquals(forgotten, { code: 0, stdout, stderr: "" });
  const after = await bytesIn(directory);
  assertEquals(traces.filter((trace) => after.includes(trace)), []);
  assert(after.includes("good morning"));
  const again = await tincan(form, ["forget", "bob"], directory);
  assertEquals(again, { code: 0, stdout: "0 lines erased\n", stderr: "" });
});

test("forget: the account of the nickname is deleted", async (form) => {
  await using directory = await Directory.make();
  {
    await using server = await start(form, ["--data", directory.path]);
    using bob = await Client.join(server.port);
    await bob.send("/nick bob", "/register open sesame");
    await eventually("stored account", () => directory.query("SELECT * FROM account").length === 1);
  }
  const forgotten = await tincan(form, ["forget", "BOB"], directory);
  assertEquals(forgotten, { code: 0, stdout: "0 lines erased, and the account\n", stderr: "" });
  assertEquals(directory.query("SELECT * FROM account"), []);
});

test("transfer: forget migrates a database of the previous schema version, and export rejects it", async (form) => {
  await using directory = await Directory.make();
  (await Database.open(directory.path, "normal", MIGRATIONS.slice(0, -1))).close();
  const why = `Cannot export "${directory.path}": tincan.db was made by an older tincan; start the server on it once\n`;
  assertEquals(await tincan(form, ["export"], directory), { code: 1, stdout: "", stderr: why });
  assertEquals(await tincan(form, ["forget", "bob"], directory), { code: 0, stdout: "0 lines erased\n", stderr: "" });
  assertEquals(await tincan(form, ["export"], directory), { code: 0, stdout: "", stderr: "" });
});

test("import: an invalid line is reported by its number, and the lines before it stay imported", async (form) => {
  await using from = await Directory.make();
  await writePast(from, [past("#tea", 3)]);
  const [head, room, first, ...rest] = (await exported(form, from)).trimEnd().split("\n");
  const start = `${head}\n${room}\n${first}\n`;
  const object = (fields: object) => JSON.stringify({ ...JSON.parse(rest[0]!), ...fields });
  const cases: [string, string][] = [
    [start + object({ time: undefined }), 'line 4: "time" is missing'],
    [start + "GET / HTTP/1.1\r\n\r\n", "line 4: it is not JSON"],
    [start + "\0\x1b[2J\xff".repeat(1000), "line 4: it is not JSON"],
    [start + "[".repeat(1_000_000), "line 4: it is not JSON"],
    [start + "[".repeat(1_000_000) + "]".repeat(1_000_000), "line 4: it is not an object"],
    [start + "x".repeat(10_000_000) + "\n", "line 4: it has more than 8388608 bytes"],
    [start + object({ text: "x".repeat(10_000_000) }) + "\n" + rest[1], "line 4: it has more than 8388608 bytes"],
    [start + object({ ["k".repeat(1_000_000)]: 1 }), `line 4: "${"k".repeat(40)}" does not belong there`],
    [start + object({ id: 2 ** 60 }), 'line 4: "id" must be a whole number above 0, and not in the future'],
    [
      start + room!.replace('"key":null', `"key":"${"k".repeat(1_000_000)}"`),
      'line 4: "key" must be a key of 1 to 32 characters, or null',
    ],
    [start + rest[0]!.slice(0, 50), "line 4: it is not JSON"], // cut off, as by a full disk
    [start, "line 4: the end of the export is missing"],
    ["", "line 1: the end of the export is missing"],
  ];
  await using to = await Directory.make();
  for (const [index, [input, why]] of cases.entries()) {
    const { code, stdout, stderr } = await tincan(form, ["import"], to, input);
    assertEquals([code, stderr], [1, `Cannot import: ${why}\n`]);
    const known = "0 lines imported, and 1 line there already\n";
    assertEquals(stdout, index === 0 ? "1 line imported\n" : input === "" ? "0 lines imported\n" : known);
  }
  assertEquals(to.texts(), ["line 0"]);
});

test("import: an interrupted import leaves whole transactions, and the next import completes it", async (form) => {
  await using from = await Directory.make();
  await using to = await Directory.make();
  const count = 4 * TRANSACTION_LINES + 1000;
  await writePast(from, [past("#tea", count)]);
  const all = await exported(form, from);
  const child = spawn([...form.command, "import", "--data", to.path]);
  const writer = child.stdin.getWriter();
  await writer.write(new TextEncoder().encode(all.slice(0, -100))); // all but what is in buffers has been read
  child.kill("SIGINT");
  const { signal, stderr } = await within(child.output(), () => "exit of the command");
  assertEquals([signal, new TextDecoder().decode(stderr)], ["SIGINT", ""]);
  await writer.abort().catch(() => {}); // the reader is gone
  const imported = to.rows("#tea");
  assert(imported.length >= 3 * TRANSACTION_LINES, `only ${imported.length} lines`);
  assertEquals(imported.length % TRANSACTION_LINES, 0);
  const finished = await tincan(form, ["import"], to, all);
  assertEquals(
    finished.stdout,
    `${count - imported.length} lines imported, and ${imported.length} lines there already\n`,
  );
  assertEquals(await exported(form, to), all);
});

test("export: ends without an error when its reader stops, and reports a failed write", async (form) => {
  await using directory = await Directory.make();
  await writePast(directory, [past("#tea", 5000)]); // more than a pipe buffers
  for (const format of ["text", "jsonl"]) {
    const export_ = ["export", "--data", directory.path, "--format", format];
    const child = spawn([...form.command, ...export_]);
    const reader = child.stdout.getReader();
    assert((await reader.read()).value!.length > 0);
    await reader.cancel();
    await child.stdin.close();
    const { code } = await within(child.status, () => "exit of the command");
    assertEquals([code, await new Response(child.stderr).text()], [0, ""]);
    const full = await sh(shell(form, export_, " > /dev/full"));
    assertEquals([full.code, full.stderr], [1, "Cannot export: No space left on device (os error 28)\n"]);
    const closed = await sh(shell(form, export_, " | head -1; exit $?"));
    assertEquals([closed.stdout.split("\n").length, closed.stderr], [2, ""]);
  }
}, Deno.build.os === "linux" ? undefined : "there is no /dev/full");

test("transfer: a failed command prints one line on stderr and exits with code 1", async (form) => {
  await using empty = await Directory.make();
  await using full = await Directory.make();
  await writePast(full, [past("#tea", 1)]);
  await using damaged = await full.copy();
  await Deno.truncate(damaged.file(), 5 * 4096);
  await using foreign = await Directory.make();
  await Deno.writeTextFile(foreign.file(), "my notes\n");
  const cases: [string[], Directory, string][] = [
    [["export"], empty, `export "${empty.path}": there is no tincan.db in it`],
    [["forget", "bob"], empty, `forget "bob" in "${empty.path}": there is no tincan.db in it`],
    [["export", "--room", "#x"], full, 'export "#x": there is no such room'],
    [["export", "--room", "a\nb\x1b"], full, 'export "a\\nb\\u001b": there is no such room'],
    [["export"], foreign, `export "${foreign.path}": tincan.db is not a database`],
    [["import"], foreign, `import into "${foreign.path}": tincan.db is not a database`],
    [["forget", "bob"], foreign, `forget "bob" in "${foreign.path}": tincan.db is not a database`],
    [["export"], damaged, `export "${damaged.path}": tincan.db is damaged`],
    [["import"], damaged, `import into "${damaged.path}": tincan.db is damaged`],
    [["forget", "bob"], damaged, `forget "bob" in "${damaged.path}": tincan.db is damaged`],
  ];
  for (const [command, directory, why] of cases) {
    const before = await directory.contents();
    assertEquals(await tincan(form, command, directory, ""), { code: 1, stdout: "", stderr: `Cannot ${why}\n` });
    const after = await directory.contents();
    assertEquals(after["tincan.db"], before["tincan.db"], `${command} left the database unchanged`);
  }
});

test("transfer: an invalid command line prints one line on stderr and exits with code 2", async (form) => {
  await using directory = await Directory.make();
  const data = ["--data", directory.path];
  const cases: [string[], string][] = [
    [["export"], "Cannot export: it needs --data DIR"],
    [["import"], "Cannot import: it needs --data DIR"],
    [["forget", "bob"], "Cannot forget: it needs --data DIR"],
    [["forget", ...data], "Cannot forget: tincan forget NAME --data DIR"],
    [["forget", "1st", ...data], 'Cannot forget "1st": it is not a valid nickname'],
    [["export", "#tea", ...data], 'Cannot use "#tea": export takes flags only'],
  ];
  for (const [args, why] of cases) assertEquals(await run(form, args), { code: 2, stdout: "", stderr: `${why}\n` });
  assertEquals(await directory.contents(), {});
});

test("transfer: a progress bar is shown on a terminal only", async (form) => {
  await using directory = await Directory.make();
  await using to = await Directory.make();
  await writePast(directory, [past("#tea", 3000)]);
  const file = directory.file("export.jsonl");
  const terminal = ["script", "--quiet", "--return", "/dev/null", "--command"];
  const export_ = shell(form, ["export", "--data", directory.path, "--format", "jsonl"]);
  const import_ = shell(form, ["import", "--data", to.path]);
  const bar = /\[={20}\] 100% \| 3,000 of 3,000 \| [\d,]+\/s/;
  const exporting = await sh(`${export_} > '${file}'`, terminal);
  assertEquals(exporting.code, 0);
  assertMatch(exporting.stdout, new RegExp(`Exporting ${bar.source}`));
  assertEquals(await Deno.readTextFile(file), await exported(form, directory)); // exported() expects an empty stderr
  const importing = await sh(`${import_} < '${file}'`, terminal);
  assertMatch(importing.stdout, new RegExp(`Importing ${bar.source}[^\\r\\n]*\\r\\n3000 lines imported\\r\\n$`));
  const shown = await sh(shell(form, ["export", "--data", directory.path]), terminal);
  assertEquals(
    shown.stdout.split("\r\n").length,
    3001,
    "lines printed on the terminal have no progress bar between them",
  );
  assert(!shown.stdout.includes("100%"));
  const typed = await sh(import_, terminal);
  assertEquals([typed.code, typed.stdout], [2, "Cannot import from a terminal: tincan import --data DIR < FILE\r\n"]);
}, notInstalled("script"));
