import { assert, assertEquals } from "@std/assert";
import { Progress } from "../../src/cli/progress.ts";

/** A terminal that remembers what it was told, and is so many characters wide. */
function terminal(columns: number) {
  const written: string[] = [];
  return {
    isTTY: true,
    columns,
    write: (text: string) => void written.push(text),
    /** Everything until now. */
    get all() {
      return written.join("");
    },
    /** The lines that were drawn over each other, without what moves the cursor. */
    get drawn() {
      return written.filter((text) => !text.startsWith("\x1b") && text !== "\n");
    },
  };
}

/** A progress on a terminal, and what time it is there. */
async function show(columns = 80) {
  const screen = terminal(columns);
  const clock = { now: 5000 };
  return { screen, clock, progress: await Progress.show("Importing", screen, () => clock.now) };
}

Deno.test("a progress is a bar, how much of it is done, how many that is, and how fast", async () => {
  const { screen, clock, progress } = await show();
  clock.now += 2000;
  progress.set(25_000, 100_000);
  progress.stop();
  assertEquals(screen.drawn.at(-1), "Importing [=====---------------] 25% | 25,000 of 100,000 | 12,500/s");
  assert(screen.all.endsWith("\n"));
});

Deno.test("what has just begun is not shown as done", async () => {
  const { screen, progress } = await show();
  progress.set(0, 14);
  assertEquals(screen.drawn, ["Importing [--------------------] 0% | 0 of 14 | 0/s"]);
  progress.stop();
});

Deno.test("it is drawn ten times a second at the most, and once more in the end", async () => {
  const { screen, clock, progress } = await show();
  for (let done = 1; done <= 1000; done++) {
    clock.now += 1;
    progress.set(done, 1000);
  }
  assert(screen.drawn.length <= 11, `it was drawn ${screen.drawn.length} times`);
  progress.stop();
  assertEquals(screen.drawn.at(-1), "Importing [====================] 100% | 1,000 of 1,000 | 1,000/s");
});

Deno.test("what has not begun is not shown, and nothing at all is all of it", async () => {
  const never = await show();
  never.progress.stop();
  assertEquals(never.screen.all, "");
  const { screen, progress } = await show();
  progress.set(0, 0);
  progress.stop();
  assertEquals(screen.drawn.at(-1), "Importing [====================] 100% | 0 of 0 | 0/s");
});

Deno.test("millions fit into 80 characters, and what does not fit into fewer is cut", async () => {
  for (const columns of [80, 40]) {
    const { screen, clock, progress } = await show(columns);
    clock.now += 60_000;
    progress.set(9_000_000, 10_000_000);
    progress.stop();
    const line = "Importing [==================--] 90% | 9,000,000 of 10,000,000 | 150,000/s";
    assertEquals(screen.drawn.at(-1), line.slice(0, columns));
  }
});

Deno.test("the terminal's modes stay as they are, so that who is killed leaves them so", async () => {
  const { screen, progress } = await show();
  progress.set(1, 2);
  progress.stop();
  assert(!screen.all.includes("\x1b[?"), JSON.stringify(screen.all));
});
