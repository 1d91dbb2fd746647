import { assert, assertEquals } from "@std/assert";
import { Progress } from "../../src/cli/progress.ts";

/** A terminal of some width that records all writes. */
function terminal(columns: number) {
  const written: string[] = [];
  return {
    isTTY: true,
    columns,
    write: (text: string) => void written.push(text),
    /** All writes, joined. */
    get all() {
      return written.join("");
    },
    /** The versions of the line, without cursor movements. */
    get drawn() {
      return written.filter((text) => !text.startsWith("\x1b") && text !== "\n");
    },
  };
}

/** A progress bar on a fake terminal, with a fake clock. */
async function show(columns = 80) {
  const screen = terminal(columns);
  const clock = { now: 5000 };
  return { screen, clock, progress: await Progress.show("Importing", screen, () => clock.now) };
}

Deno.test("progress: it shows a bar, the percentage, the counts and the rate", async () => {
  const { screen, clock, progress } = await show();
  clock.now += 2000;
  progress.set(25_000, 100_000);
  progress.stop();
  assertEquals(screen.drawn.at(-1), "Importing [=====---------------] 25% | 25,000 of 100,000 | 12,500/s");
  assert(screen.all.endsWith("\n"));
});

Deno.test("progress: it shows 0% when nothing is done yet", async () => {
  const { screen, progress } = await show();
  progress.set(0, 14);
  assertEquals(screen.drawn, ["Importing [--------------------] 0% | 0 of 14 | 0/s"]);
  progress.stop();
});

Deno.test("progress: it is drawn at most ten times a second, and once when it stops", async () => {
  const { screen, clock, progress } = await show();
  for (let done = 1; done <= 1000; done++) {
    clock.now += 1;
    progress.set(done, 1000);
  }
  assert(screen.drawn.length <= 11, `drawn ${screen.drawn.length} times`);
  progress.stop();
  assertEquals(screen.drawn.at(-1), "Importing [====================] 100% | 1,000 of 1,000 | 1,000/s");
});

Deno.test("progress: the percentage is that of the last total when it has grown", async () => {
  const { screen, clock, progress } = await show();
  progress.set(1, 2);
  clock.now += 1000;
  progress.set(2, 4);
  progress.stop();
  assertEquals(screen.drawn.at(-1), "Importing [==========----------] 50% | 2 of 4 | 2/s");
});

Deno.test("progress: nothing is drawn when set was not called, and 0 of 0 is 100%", async () => {
  const never = await show();
  never.progress.stop();
  assertEquals(never.screen.all, "");
  const { screen, progress } = await show();
  progress.set(0, 0);
  progress.stop();
  assertEquals(screen.drawn.at(-1), "Importing [====================] 100% | 0 of 0 | 0/s");
});

Deno.test("progress: counts in the millions fit into 80 columns, and the line is truncated on a narrower terminal", async () => {
  for (const columns of [80, 40]) {
    const { screen, clock, progress } = await show(columns);
    clock.now += 60_000;
    progress.set(9_000_000, 10_000_000);
    progress.stop();
    const line = "Importing [==================--] 90% | 9,000,000 of 10,000,000 | 150,000/s";
    assertEquals(screen.drawn.at(-1), line.slice(0, columns));
  }
});

Deno.test("progress: it does not change the modes of the terminal, which a killed process could not restore", async () => {
  const { screen, progress } = await show();
  progress.set(1, 2);
  progress.stop();
  assert(!screen.all.includes("\x1b[?"), JSON.stringify(screen.all));
});
