import { parseCommandLine } from "../src/cli.ts";
import { warmUp } from "../src/warmup.ts";

const options = parseCommandLine([], () => undefined, "0.0.0");
if ("print" in options) throw new Error("not a program to run");

Deno.test("warming up ends by itself, and leaves nothing open", async () => {
  await warmUp(options);
});

Deno.test("warming up that has no time left ends, too, and no error of it goes unheard", async () => {
  for (const time of [0, 10, 50, 100]) await warmUp(options, time);
});
