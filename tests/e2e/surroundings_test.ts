/**
 * Faults of the environment: a full or closed stdout, resource limits, and data directories that are read-only, without
 * locks or no directories. Each is reported in one line with an exit code, never as a stack trace.
 */
import { assert, assertEquals, assertMatch } from "@std/assert";
import { executable, test } from "./forms.ts";
import { type Form, named, notInstalled, run, source, start, within } from "./harness.ts";
import { Disk, noDisk } from "./history_disk.ts";
import { Directory, writePast } from "./history_store.ts";

const ROOT = `${import.meta.dirname}/../../`;
const FREE = ["--port", "0", "--irc-port", "0", "--web-port", "0"];
const noShell = notInstalled("sh") ?? (Deno.build.os === "linux" ? undefined : "takes Linux");

/** Runs an `sh` command in which `$0 "$@"` is the program. Fails when it does not end before the deadline. */
async function sh(form: Form, line: string, args: string[]) {
  const child = new Deno.Command("sh", {
    args: ["-c", line, ...form.command, ...args],
    cwd: ROOT,
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  const { code, stdout, stderr } = await within(child.output(), () => `exit of "${line} ${args}"`);
  return { code, stdout: new TextDecoder().decode(stdout), stderr: new TextDecoder().decode(stderr) };
}

/** Fails unless stderr is one line that matches, beside the log lines of opened listeners. */
function assertOneLine(stderr: string, wanted: RegExp, what: string) {
  const lines = stderr.split("\n").filter((line) => !/^\d{4}-\d\d-\d\d .* info open /.test(line));
  assertEquals(lines.length, 2, `${what}: ${stderr}`);
  assertMatch(lines[0]!, wanted, what);
}

/** Command lines that print something. */
const PRINTING: Record<string, string[]> = {
  "--help": ["--help"],
  "--version": ["--version"],
  "the server": FREE,
  "passwd": ["passwd", "alice"],
};

test("output: a full stdout is reported in one line, with exit code 1", async (form) => {
  await using directory = await Directory.make();
  await writePast(directory, [{ room: "#tea", since: 1, lines: [{ time: Date.now(), text: "hello" }] }]);
  const all: Record<string, string[]> = {
    ...PRINTING,
    "export": ["export", "--data", directory.path],
    "forget": ["forget", "nobody", "--data", directory.path],
  };
  for (const [what, args] of Object.entries(all)) {
    const { code, stderr } = await sh(form, `echo "open sesame" | "$0" "$@" > /dev/full`, args);
    assertOneLine(stderr, /^Cannot (write to stdout|export): No space left on device \(os error 28\)$/, what);
    assertEquals(code, 1, what);
    const silent = await sh(form, `echo "open sesame" | "$0" "$@" > /dev/full 2>&1`, args);
    assertEquals([silent.code, silent.stderr], [1, ""], `${what}, with stderr full as well`);
  }
}, noShell);

test("output: a pipe without a reader and a closed stdout or stderr are no error", async (form) => {
  for (const [what, args] of Object.entries(PRINTING)) {
    if (args === FREE) continue;
    const pipe = await sh(form, `{ echo "open sesame" | "$0" "$@"; echo "code $?" >&2; } | true`, args);
    assertEquals(pipe.stderr, "code 0\n", what);
    for (const closed of [">&-", "2>&-", ">&- 2>&-"]) {
      const { code, stderr } = await sh(form, `echo "open sesame" | "$0" "$@" ${closed}`, args);
      assertEquals([code, stderr], [0, ""], `${what} ${closed}`);
    }
  }
  for (const lost of ["2>&-", "2>/dev/full"]) {
    assertEquals((await sh(form, `"$0" "$@" ${lost}`, ["--port", "banana"])).code, 2, lost);
  }
}, noShell);

test(
  "output: a server keeps running when its stdout is closed or a pipe without a reader",
  async (form) => {
    const [command, ...rest] = form.command;
    for (const [how, line] of [["a pipe", `exec "$0" "$@" | true`], ["closed", `exec "$0" "$@" >&-`]] as const) {
      const child = new Deno.Command("sh", {
        args: ["-c", line, command!, ...rest, ...FREE],
        cwd: ROOT,
        stdin: "null",
        stdout: "null",
        stderr: "piped",
      }).spawn();
      const lines = child.stderr.pipeThrough(new TextDecoderStream())[Symbol.asyncIterator]();
      let log = "";
      const wanted = how === "a pipe" ? / warn stdout is closed/ : / info open door=web /;
      while (!wanted.test(log)) {
        const { value } = await within(lines.next(), () => `${named(wanted)} in the log`, () => log);
        if (value === undefined) throw new Error(`No ${named(wanted)} before the exit of the server; the log:\n${log}`);
        log += value;
      }
      const port = Number(/door=web host=127\.0\.0\.1 port=(\d+)/.exec(log)![1]);
      const answer = await fetch(`http://127.0.0.1:${port}/healthz`);
      assertEquals(await answer.text(), "ok\n", how);
      const pids = how === "a pipe" ? await childrenOf(child.pid) : [child.pid];
      for (const pid of pids) Deno.kill(pid, "SIGKILL");
      while (!(await lines.next()).done);
      await child.status;
    }
  },
  noShell,
);

/** The children of a process, or the process itself if it has none. */
async function childrenOf(pid: number): Promise<number[]> {
  const text = await Deno.readTextFile(`/proc/${pid}/task/${pid}/children`);
  return text.trim() === "" ? [pid] : text.trim().split(" ").map(Number);
}

test(
  "limits: too few open files and a file size limit are each reported in one line",
  async (form) => {
    await using directory = await Directory.make();
    const files = await sh(form, `ulimit -n 14; exec "$0" "$@"`, FREE);
    assertOneLine(files.stderr, /^Cannot open port 0: too many open files \(ulimit -n raises the limit\)$/, "files");
    assertEquals(files.code, 1);
    const size = await sh(form, `ulimit -f 1; exec "$0" "$@"`, [...FREE, "--data", directory.path]);
    assertOneLine(size.stderr, /^Cannot use --data ".*": the disk fails$/, "size");
    assertEquals(size.code, 2);
    const file = directory.file("help");
    const help = await sh(form, `ulimit -f 0; exec "$0" --help > ${file}`, []);
    assertEquals([help.code, help.stderr], [1, "Cannot write to stdout: File too large (os error 27)\n"]);
  },
  noShell,
  [executable], // `deno run` itself writes to its cache
);

/** Invalid data directories: how each is made, and the expected error. */
const INVALID: Record<string, [make: (path: string) => Promise<void> | void, why: RegExp]> = {
  "a file": [(path) => Deno.writeTextFile(path, "x"), /it is not a directory/],
  "below a file": [(path) => Deno.writeTextFile(path.replace(/\/[^/]*$/, ""), "x"), /it is not a directory/],
  "a database that is a directory": [
    (path) => Deno.mkdir(`${path}/tincan.db`, { recursive: true }),
    /tincan\.db is a directory/,
  ],
  "a lock that is a directory": [
    async (path) => {
      await Deno.mkdir(`${path}/tincan.lock`, { recursive: true });
      await Deno.writeTextFile(`${path}/tincan.db`, "");
    },
    /tincan\.lock is a directory|tincan\.db is empty/,
  ],
  "a database that is a pipe": [
    async (path) => {
      await Deno.mkdir(path);
      await new Deno.Command("mkfifo", { args: [`${path}/tincan.db`] }).output();
    },
    /tincan\.db is not a file/,
  ],
  "something that is no database": [
    async (path) => {
      await Deno.mkdir(path);
      await Deno.writeTextFile(`${path}/tincan.db`, "hello ".repeat(1000));
    },
    /tincan\.db is not a database/,
  ],
};

test("data: an invalid data directory is reported in one line, by the server and by each command", async (form) => {
  const folder = await Deno.makeTempDir();
  try {
    let n = 0;
    for (const [what, [make, why]] of Object.entries(INVALID)) {
      const path = what === "below a file" ? `${folder}/${n++}/x` : `${folder}/${n++}`;
      await make(path);
      for (const [command, code] of [["serve", 2], ["export", 1], ["import", 1], ["forget alice", 1]] as const) {
        const flags = command === "serve" ? FREE : [];
        const got = await run(form, [...command.split(" "), "--data", path, ...flags], {}, "");
        assertEquals([got.code, got.stdout], [code, ""], `${what}, ${command}`);
        assertMatch(got.stderr, new RegExp(`^Cannot [^\n]*(${why.source})\n$`), `${what}, ${command}`);
      }
    }
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}, noShell);

test(
  "data: a file system without locks is reported in one line, with exit code 2",
  async (form) => {
    await using directory = await Directory.make();
    const inject = ["strace", "-f", "-qq", "-o", "/dev/null", "-e", "trace=flock", "-e", "inject=flock:error=ENOLCK"];
    const locked = { ...form, command: [...inject, ...form.command] };
    const { code, stdout, stderr } = await run(locked, [...FREE, "--data", directory.path]);
    assertEquals([code, stdout], [2, ""]);
    assertEquals(
      stderr,
      `Cannot use --data "${directory.path}": its file system cannot lock files: no locks available\n`,
    );
  },
  notInstalled("strace"),
  [executable],
);

test(
  "export: a read-only database is exported with its write-ahead log, and no temporary files remain",
  async (form) => {
    await using past = await Directory.make();
    {
      await using server = await start(form, ["--data", past.path]);
      const socket = await Deno.connect({ port: server.port });
      await socket.write(new TextEncoder().encode("hello\n/ping\n"));
      for (let text = ""; !text.includes("Pong");) {
        const bytes = new Uint8Array(1000);
        text += new TextDecoder().decode(bytes.subarray(0, (await socket.read(bytes))!));
      }
      socket.close();
      server.kill("SIGKILL"); // so that the message is still in the write-ahead log
      await server.code();
    }
    assert((await Deno.stat(past.file("tincan.db-wal"))).size > 0);
    const tmp = await Deno.makeTempDir();
    try {
      for (const without of [[], ["tincan.db-shm"]]) {
        await using disk = await Disk.mount(1024);
        for (const { name } of Deno.readDirSync(past.path)) {
          if (!without.includes(name)) await Deno.copyFile(past.file(name), disk.file(name));
        }
        await disk.readOnly();
        const { code, stdout, stderr } = await run(form, ["export", "--data", disk.path], { TMPDIR: tmp });
        assertEquals([code, stderr], [0, ""], `without ${without}`);
        assertMatch(stdout, /^\S+ \S+ #lobby <guest1> hello\n$/);
        assertEquals([...Deno.readDirSync(tmp)], []);
        for (const command of [FREE, ["import"], ["forget", "alice"]]) {
          const rejected = await run(form, [...command, "--data", disk.path], {}, "");
          assertMatch(rejected.stderr, /^Cannot [^\n]*: read-only file system\n$/);
          assertEquals(rejected.code, command === FREE ? 2 : 1);
        }
      }
      // After a clean shutdown there is no write-ahead log, and SQLite cannot create one.
      {
        await using server = await start(form, ["--data", past.path]);
        server.kill("SIGTERM");
        await server.code();
      }
      await using disk = await Disk.mount(1024);
      await Deno.copyFile(past.file("tincan.db"), disk.file("tincan.db"));
      await disk.readOnly();
      const { code, stdout } = await run(form, ["export", "--data", disk.path], { TMPDIR: tmp });
      assertEquals(code, 0);
      assertMatch(stdout, /#lobby <guest1> hello\n$/);
      await using small = await Disk.mount(16);
      const full = await run(form, ["export", "--data", disk.path], { TMPDIR: small.path });
      assertEquals([full.code, full.stdout], [1, ""]);
      assertMatch(
        full.stderr,
        /^Cannot export ".*": it is read-only, and no copy can be made \(TMPDIR .*\): no space left on device\n$/,
      );
    } finally {
      await Deno.remove(tmp, { recursive: true });
    }
  },
  noDisk,
);

test("data: files of the database that others can read are logged and set to mode 0600", async (form) => {
  await using directory = await Directory.make();
  await writePast(directory, [{ room: "#tea", since: 1, lines: [{ time: Date.now(), text: "hello" }] }]);
  const mode = async (name: string) => ((await Deno.stat(directory.file(name))).mode! & 0o777).toString(8);
  await Deno.chmod(directory.file("tincan.db"), 0o644);
  await Deno.chmod(directory.file("tincan.lock"), 0o660);
  {
    await using server = await start(form, ["--data", directory.path]);
    for (const [name, was] of [["tincan.db", 644], ["tincan.lock", 660]]) {
      await server.logged(
        new RegExp(` warn database could be read by others, and no longer can file=\\S*/${name} mode=${was}\n`),
      );
    }
    for (const { name } of Deno.readDirSync(directory.path)) assertEquals(await mode(name), "600", name);
  }
  await using server = await start(form, ["--data", directory.path]);
  assert(!server.log.all.includes(" warn "), server.log.all);
}, noShell);

test(
  "errors: an uncaught error is reported in one line with exit code 1, and with details at --log-level debug",
  async (form) => {
    const bare = { ...form, command: [form.command[0]!, "run", "--no-prompt", "main.ts"] }; // without access to the environment
    const { code, stdout, stderr } = await run(bare, FREE);
    assertEquals([code, stdout], [1, ""]);
    assertMatch(stderr, /^Cannot continue: Requires env access to [^\n]*\n$/);
    const noFile = {
      ...form,
      command: [form.command[0]!, "run", "--no-prompt", "--allow-env", "--allow-net", "main.ts"],
    };
    await using directory = await Directory.make();
    const told = await run(noFile, ["export", "--data", directory.path, "--log-level", "debug"]);
    assertEquals(told.code, 1);
    assertMatch(told.stderr, /Requires read access/);
  },
  undefined,
  [source],
);
