import { assertEquals, assertThrows } from "@std/assert";
import { parseCommandLine } from "../../src/cli/command_line.ts";
import { warmUp } from "../../src/server/warmup.ts";

const options = parseCommandLine([], () => undefined, "0.0.0");
if ("print" in options) throw new Error("the command line asks for a text");

/** Returns the listeners that a function opened. */
async function listenersOpenedBy(run: () => Promise<void>): Promise<Deno.Listener[]> {
  const listeners: Deno.Listener[] = [];
  const listen = Deno.listen;
  Deno.listen = ((options: Deno.TcpListenOptions) => {
    const listener = listen(options);
    listeners.push(listener);
    return listener;
  }) as typeof Deno.listen;
  try {
    await run();
  } finally {
    Deno.listen = listen;
  }
  return listeners;
}

Deno.test("warm-up: it ends before or at its time limit, and closes its listener", async () => {
  for (const time of [undefined, 0, 10, 50, 100]) {
    const listeners = await listenersOpenedBy(() => warmUp(options, time));
    assertEquals(listeners.length, 1);
    // Not by connecting: a process that another test starts at this moment inherits the socket for a while.
    assertThrows(() => listeners[0]!.close(), Deno.errors.BadResource, undefined, `after ${time ?? "enough"} ms`);
  }
});

Deno.test("warm-up: a node of a cluster warms up by itself, without the cluster", async () => {
  const args = ["--cluster", "nats://127.0.0.1:1", "--reuse-port"];
  const node = parseCommandLine(args, () => undefined, "0.0.0");
  if ("print" in node) throw new Error("the command line asks for a text");
  assertEquals((await listenersOpenedBy(() => warmUp(node))).length, 1);
});
