import { assertEquals, assertThrows } from "@std/assert";
import { parseCommandLine } from "../../src/cli/command_line.ts";
import { warmUp } from "../../src/server/warmup.ts";

const options = parseCommandLine([], () => undefined, "0.0.0");
if ("print" in options) throw new Error("not a program to run");

/** Runs something, and returns the doors that it opened. */
async function doorsOpenedBy(run: () => Promise<void>): Promise<Deno.Listener[]> {
  const doors: Deno.Listener[] = [];
  const listen = Deno.listen;
  Deno.listen = ((options: Deno.TcpListenOptions) => {
    const door = listen(options);
    doors.push(door);
    return door;
  }) as typeof Deno.listen;
  try {
    await run();
  } finally {
    Deno.listen = listen;
  }
  return doors;
}

Deno.test("warming up ends by itself, in time or out of time, closes its door, and leaves no error unheard", async () => {
  for (const time of [undefined, 0, 10, 50, 100]) {
    const doors = await doorsOpenedBy(() => warmUp(options, time));
    assertEquals(doors.length, 1);
    // Not asked with a connection: a process that another test starts at this moment has the port too, for as long.
    assertThrows(() => doors[0]!.close(), Deno.errors.BadResource, undefined, `after ${time ?? "enough"} ms`);
  }
});
