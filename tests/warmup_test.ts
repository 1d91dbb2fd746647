import { assert, assertEquals } from "@std/assert";
import { parseCommandLine } from "../src/cli.ts";
import { warmUp } from "../src/warmup.ts";

const options = parseCommandLine([], () => undefined, "0.0.0");
if ("print" in options) throw new Error("not a program to run");

/** Runs something, and returns the ports that it opened. */
async function portsOpenedBy(run: () => Promise<void>): Promise<number[]> {
  const ports: number[] = [];
  const listen = Deno.listen;
  Deno.listen = ((options: Deno.TcpListenOptions) => {
    const listener = listen(options);
    ports.push(listener.addr.port);
    return listener;
  }) as typeof Deno.listen;
  try {
    await run();
  } finally {
    Deno.listen = listen;
  }
  return ports;
}

/** Whether nobody is let in at a port. */
async function isClosed(port: number): Promise<boolean> {
  try {
    (await Deno.connect({ port })).close();
    return false;
  } catch (error) {
    return error instanceof Deno.errors.ConnectionRefused;
  }
}

Deno.test("warming up ends by itself, in time or out of time, closes its door, and leaves no error unheard", async () => {
  for (const time of [undefined, 0, 10, 50, 100]) {
    const ports = await portsOpenedBy(() => warmUp(options, time));
    assertEquals(ports.length, 1);
    assert(await isClosed(ports[0]!), `after ${time ?? "enough"} ms`);
  }
});
