/**
 * What the program may do once it has started, whoever might take it over by then: asked of the running program itself,
 * through V8's inspector.
 */
import { assertEquals } from "@std/assert";
import { source, start, test, within } from "./harness.ts";

/** Evaluates expressions inside a program that was started with `--inspect`. */
class Inspector implements Disposable {
  readonly #socket: WebSocket;
  readonly #answers = new Map<number, (answer: string) => void>();
  #count = 0;

  private constructor(socket: WebSocket) {
    this.#socket = socket;
    socket.onmessage = ({ data }) => {
      const { id, result } = JSON.parse(data) as { id?: number; result?: { result?: { value?: unknown } } };
      if (id !== undefined) this.#answers.get(id)?.(String(result?.result?.value));
    };
  }

  static async open(url: string): Promise<Inspector> {
    const socket = new WebSocket(url);
    await within(new Promise((resolve) => socket.onopen = resolve), () => `Nobody answers at ${url}`);
    return new Inspector(socket);
  }

  /** What an expression comes to, or what it throws. */
  ask(expression: string): Promise<string> {
    const id = ++this.#count;
    const guarded =
      `(async () => { try { return String(await (${expression})) } catch (error) { return error.name } })()`;
    const params = { expression: guarded, awaitPromise: true, returnByValue: true };
    const answer = new Promise<string>((resolve) => this.#answers.set(id, resolve));
    this.#socket.send(JSON.stringify({ id, method: "Runtime.evaluate", params }));
    return within(answer, () => `No answer to ${expression}`);
  }

  [Symbol.dispose](): void {
    this.#socket.close();
  }
}

/** The same, with an inspector; an executable has none. The permissions are the same, and so is what gives them up. */
const inspected = { ...source, command: source.command.toSpliced(2, 0, "--inspect=127.0.0.1:0") };

test(
  "once it has started it can run no program, read and write no file, connect nowhere, and ask nothing of the environment",
  async (form) => {
    const directory = await Deno.makeTempDir();
    try {
      const motd = `${directory}/motd`;
      await Deno.writeTextFile(motd, "Be kind.\n");
      await using server = await start(form, ["--data", `${directory}/chat`, "--motd", motd]);
      const [, url] = /(ws:\/\/\S+)/.exec(await server.logged(/Debugger listening on/))!;
      using inside = await Inspector.open(url!);
      // It lets go of what it may do once it is warm.
      while (await inside.ask(`Deno.permissions.querySync({ name: "net" }).state`) === "granted");
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
