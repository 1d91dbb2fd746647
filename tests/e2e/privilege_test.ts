/**
 * The permissions of the process at the start, in both forms, and after the start, when an attacker might control it.
 * The latter are checked inside the running process through V8's inspector, which an executable lacks.
 */
import { assertEquals, assertMatch } from "@std/assert";
import { Buffer } from "node:buffer";
import { executable, test } from "./forms.ts";
import { start, taskArguments } from "./harness.ts";
import { inspected, Inspector } from "./inspector.ts";

/** The variables that may be read: those of flags, and those that the terminal client and its WebSocket library look up. */
const VARIABLES = [
  "TINCAN_*",
  "HOME",
  "XDG_CONFIG_HOME",
  "APPDATA",
  "USER",
  "USERNAME",
  "SSH_CONNECTION",
  "TERM",
  "COLORTERM",
  "NO_COLOR",
  "LANG",
  "LC_ALL",
  "LC_CTYPE",
  "TMUX",
  "WT_SESSION",
  "WS_NO_BUFFER_UTIL",
  "WS_NO_UTF_8_VALIDATE",
];

Deno.test("permissions: the start, dev and compile tasks grant the same permissions, and only those that are needed", () => {
  for (const task of ["start", "dev", "compile"] as const) {
    const flags = taskArguments(task).filter((flag) =>
      /^-(?:\w|-allow|-deny|-ignore|-permission|-no-prompt)/.test(flag)
    );
    const needed = [
      `--allow-env=${VARIABLES.join(",")}`,
      "--allow-net",
      "--allow-read",
      "--allow-write",
      "--no-prompt",
    ];
    assertEquals(flags.sort(), needed, task);
  }
});

/** The permissions of an executable at the start: `deno compile` embeds them as JSON after a magic string and a length. */
async function permissionsIn(path: string): Promise<Record<string, unknown>> {
  const file = Buffer.from(await Deno.readFile(path));
  for (let at = file.indexOf(MARK); at >= 0; at = file.indexOf(MARK, at + 1)) {
    const begin = at + MARK.length + 8;
    if (file[begin] !== "{".charCodeAt(0)) continue; // code that searches for the magic string contains it, too
    const length = Number(file.readBigUInt64LE(begin - 8));
    return JSON.parse(file.toString("utf8", begin, begin + length)).permissions;
  }
  throw new Error(`Cannot read the permissions of "${path}": it does not contain "${MARK}"`);
}

const MARK = "d3n0l4nd";

test(
  "permissions: the executable may only use the network, read, write, and read some variables",
  async (form) => {
    const permissions = await permissionsIn(form.command[0]!);
    const granted = Object.entries(permissions).filter(([name, value]) => !name.startsWith("deny_") && value !== null);
    // The hosts that modules may be imported from are Deno's default, and are dropped with the rest after the start.
    assertEquals(Object.fromEntries(granted.filter(([name]) => name !== "allow_import")), {
      allow_env: VARIABLES,
      allow_net: [],
      allow_read: [],
      allow_write: [],
      prompt: false,
    });
  },
  undefined,
  [executable],
);

/** Attempts to use the disk, other programs and the environment, each with the expected error. */
const FILES: Record<string, string> = {
  [`Deno.readTextFileSync("/etc/passwd")`]: "NotCapable",
  [`Deno.writeTextFileSync("/none/x", "x")`]: "NotCapable",
  [`new Deno.Command("true").outputSync()`]: "NotCapable",
  [`Deno.env.get("TINCAN_HOST")`]: "NotCapable",
};

test(
  "permissions: no program, file, connection or environment variable can be used after the start",
  async (form) => {
    const directory = await Deno.makeTempDir();
    try {
      const motd = `${directory}/motd`;
      await Deno.writeTextFile(motd, "Be kind.\n");
      await using server = await start(form, ["--data", `${directory}/chat`, "--motd", motd, "--log-level", "debug"]);
      using inside = await Inspector.of(server);
      const early = Object.keys(FILES).map((expression) => inside.ask(`(async () => ${expression})()`));
      assertEquals(await Promise.all(early), Object.values(FILES), "as soon as the listeners are open");
      await server.warm(); // it drops the other permissions then
      for (const name of ["net", "read", "write", "env", "run", "ffi", "sys"]) {
        assertEquals(
          await inside.ask(`Deno.permissions.querySync({ name: "${name}" }).state !== "granted"`),
          "true",
          name,
        );
      }
      const asked: Record<string, string> = {
        ...FILES,
        [`Deno.readTextFileSync(${JSON.stringify(motd)})`]: "NotCapable",
        [`Deno.writeTextFileSync("${directory}/x", "x")`]: "NotCapable",
        [`Deno.removeSync("${directory}/chat/tincan.db")`]: "NotCapable",
        [`Deno.connect({ port: ${server.port} })`]: "NotCapable",
        [`Deno.listen({ port: 0 }).addr.port`]: "NotCapable",
        [`Deno.env.get("HOME")`]: "NotCapable",
        [`import("node:child_process").then((it) => it.execSync("true"))`]: "NotCapable",
        [`new (await import("node:sqlite")).DatabaseSync("/etc/passwd")`]: "NotCapable",
      };
      for (const [expression, answer] of Object.entries(asked)) {
        assertEquals(await inside.ask(`(async () => ${expression})()`), answer, expression);
      }
      // SQLite opens files itself, without Deno's permission checks.
      for (const words of [`ATTACH '${directory}/x.db' AS x`, `VACUUM INTO '${directory}/y.db'`]) {
        const told = await inside.askEach(
          `import("node:sqlite").then((it) => it.DatabaseSync.prototype)`,
          `(db) => { if (db.limits) db.limits.attach = 1; return db.exec(${JSON.stringify(words)}) }`,
        );
        assertEquals(told.length, 1, words);
        assertMatch(told[0]!, /attach/, words);
      }
      assertEquals([...Deno.readDirSync(directory)].map(({ name }) => name).sort(), ["chat", "motd"]);
    } finally {
      await Deno.remove(directory, { recursive: true });
    }
  },
  undefined,
  [inspected],
);
