/**
 * What the program may do when it starts, in each of its forms, and what once it has started, whoever might take it over
 * by then: the latter is asked of the running program itself, through V8's inspector, which an executable has not.
 */
import { assertEquals, assertMatch } from "@std/assert";
import { Buffer } from "node:buffer";
import { executable, test } from "./forms.ts";
import { start, taskArguments } from "./harness.ts";
import { inspected, Inspector } from "./inspector.ts";

Deno.test("it is started and compiled with the same permissions, and with no more than it needs", () => {
  for (const task of ["start", "dev", "compile"] as const) {
    const flags = taskArguments(task).filter((flag) =>
      /^-(?:\w|-allow|-deny|-ignore|-permission|-no-prompt)/.test(flag)
    );
    const needed = ["--allow-env=TINCAN_*", "--allow-net", "--allow-read", "--allow-write", "--no-prompt"];
    assertEquals(flags.sort(), needed, task);
  }
});

/** What an executable may do when it starts: `deno compile` writes that into it, as JSON behind a mark and a length. */
async function permissionsIn(path: string): Promise<Record<string, unknown>> {
  const file = Buffer.from(await Deno.readFile(path));
  for (let at = file.indexOf(MARK); at >= 0; at = file.indexOf(MARK, at + 1)) {
    const begin = at + MARK.length + 8;
    if (file[begin] !== "{".charCodeAt(0)) continue; // what looks for the mark has it as well
    const length = Number(file.readBigUInt64LE(begin - 8));
    return JSON.parse(file.toString("utf8", begin, begin + length)).permissions;
  }
  throw new Error(`Cannot tell what "${path}" may do: "${MARK}" is not in it`);
}

const MARK = "d3n0l4nd";

test(
  "there is nothing that it may do but use the network, read, write, and look at its own variables",
  async (form) => {
    const permissions = await permissionsIn(form.command[0]!);
    const granted = Object.entries(permissions).filter(([name, value]) => !name.startsWith("deny_") && value !== null);
    // Where modules may be imported from is a list of Deno's, and goes with the rest once the program has started.
    assertEquals(Object.fromEntries(granted.filter(([name]) => name !== "allow_import")), {
      allow_env: ["TINCAN_*"],
      allow_net: [],
      allow_read: [],
      allow_write: [],
      prompt: false,
    });
  },
  undefined,
  [executable],
);

/** What it can do with the disk, and with other programs, and with what is in its environment. */
const FILES: Record<string, string> = {
  [`Deno.readTextFileSync("/etc/passwd")`]: "NotCapable",
  [`Deno.writeTextFileSync("/none/x", "x")`]: "NotCapable",
  [`new Deno.Command("true").outputSync()`]: "NotCapable",
  [`Deno.env.get("TINCAN_HOST")`]: "NotCapable",
};

test(
  "once it has started it can run no program, read and write no file, connect nowhere, and ask nothing of the environment",
  async (form) => {
    const directory = await Deno.makeTempDir();
    try {
      const motd = `${directory}/motd`;
      await Deno.writeTextFile(motd, "Be kind.\n");
      await using server = await start(form, ["--data", `${directory}/chat`, "--motd", motd, "--log-level", "debug"]);
      using inside = await Inspector.of(server);
      const early = Object.keys(FILES).map((expression) => inside.ask(`(async () => ${expression})()`));
      assertEquals(await Promise.all(early), Object.values(FILES), "as soon as the doors are open");
      await server.warm(); // it lets go of the rest then
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
      // What SQLite opens by itself it would open without asking anybody.
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
