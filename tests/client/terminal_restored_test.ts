/** Tests that the terminal is restored before an error is printed: on a pseudo-terminal, by `script` of util-linux. */
import { assert, assertEquals } from "@std/assert";

/** Loaded before the client: fails once the client has opened the terminal. */
const BUG = (statement: string) => `
const { setRaw } = Deno.stdin;
Deno.stdin.setRaw = function (...args) {
  setRaw.apply(this, args);
  if (args[0]) setTimeout(() => { ${statement} });
};
`;

for (
  const [how, statement] of [
    ["an uncaught error", 'throw new Error("a bug of the test");'],
    ["an unhandled rejection", 'void Promise.reject(new Error("a bug of the test"));'],
  ] as const
) {
  Deno.test({
    name: `client: the terminal is restored before ${how} is printed`,
    ignore: Deno.build.os !== "linux",
    async fn() {
      const directory = await Deno.makeTempDir();
      const server = Deno.listen({ hostname: "127.0.0.1", port: 0 });
      const connection = server.accept();
      void connection.then((it) => it.write(new TextEncoder().encode(":s NOTICE * :Hello\r\n")));
      try {
        await Deno.writeTextFile(`${directory}/bug.ts`, BUG(statement));
        const main = new URL("../../main.ts", import.meta.url).pathname;
        const client = `${Deno.execPath()} run -A --no-lock --no-check --preload=${directory}/bug.ts ${main}`;
        const command = `stty -a; ${client} connect irc://127.0.0.1:${server.addr.port}; echo CODE=$?; stty -a`;
        const { stdout } = await new Deno.Command("script", {
          args: ["-qefc", command, "/dev/null"],
          env: { TERM: "xterm", SHELL: "/bin/sh", XDG_CONFIG_HOME: directory },
          stdin: "null",
        }).output();
        const output = new TextDecoder().decode(stdout);
        const left = output.lastIndexOf("\x1b[?1049l");
        assert(output.includes("\x1b[?1049h") && left > 0, JSON.stringify(output));
        assert(output.indexOf("a bug of the test") > left, JSON.stringify(output));
        assert(output.includes("CODE=1"), JSON.stringify(output));
        const modes = [...output.matchAll(/-?\b(?:icanon|echo|isig)\b/g)].map(([mode]) => mode);
        assertEquals(modes.length, 6, JSON.stringify(output));
        assertEquals(modes.slice(0, modes.length / 2), modes.slice(modes.length / 2));
      } finally {
        (await connection).close();
        server.close();
        await Deno.remove(directory, { recursive: true });
      }
    },
  });
}
