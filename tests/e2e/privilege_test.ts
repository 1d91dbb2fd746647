/**
 * What the program may do once it has started, whoever might take it over by then: asked of the running program itself,
 * through V8's inspector.
 */
import { assertEquals } from "@std/assert";
import { start, test } from "./harness.ts";
import { inspected, Inspector } from "./inspector.ts";

test(
  "once it has started it can run no program, read and write no file, connect nowhere, and ask nothing of the environment",
  async (form) => {
    const directory = await Deno.makeTempDir();
    try {
      const motd = `${directory}/motd`;
      await Deno.writeTextFile(motd, "Be kind.\n");
      await using server = await start(form, ["--data", `${directory}/chat`, "--motd", motd, "--log-level", "debug"]);
      using inside = await Inspector.of(server);
      await server.warm(); // it lets go of what it may do then
      for (const name of ["net", "read", "write", "env", "run", "ffi", "sys"]) {
        assertEquals(
          await inside.ask(`Deno.permissions.querySync({ name: "${name}" }).state !== "granted"`),
          "true",
          name,
        );
      }
      const asked: Record<string, string> = {
        [`Deno.readTextFileSync("/etc/passwd")`]: "NotCapable",
        [`Deno.readTextFileSync(${JSON.stringify(motd)})`]: "NotCapable",
        [`Deno.writeTextFileSync("${directory}/x", "x")`]: "NotCapable",
        [`Deno.removeSync("${directory}/chat/tincan.db")`]: "NotCapable",
        [`new Deno.Command("true").outputSync()`]: "NotCapable",
        [`Deno.connect({ port: ${server.port} })`]: "NotCapable",
        [`Deno.listen({ port: 0 }).addr.port`]: "NotCapable",
        [`Deno.env.get("TINCAN_HOST")`]: "NotCapable",
        [`Deno.env.get("HOME")`]: "NotCapable",
        [`import("node:child_process").then((it) => it.execSync("true"))`]: "NotCapable",
        [`new (await import("node:sqlite")).DatabaseSync("/etc/passwd")`]: "NotCapable",
      };
      for (const [expression, answer] of Object.entries(asked)) {
        assertEquals(await inside.ask(`(async () => ${expression})()`), answer, expression);
      }
    } finally {
      await Deno.remove(directory, { recursive: true });
    }
  },
  undefined,
  [inspected],
);
