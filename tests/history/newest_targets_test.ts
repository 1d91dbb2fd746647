/** Lists of targets: which ones, of how many. */
import { assert, assertEquals } from "@std/assert";
import { MemoryHistory } from "../../src/history/memory.ts";
import { LISTED_MAX, NewestTargets, VISITED_MAX } from "../../src/history/newest_targets.ts";
import { runToEnd } from "../../src/util/steps.ts";
import { Place, whispered } from "./helpers.ts";

const PREFIX = "bob@account ";

Deno.test("targets: in memory and on disk, those with the newest lines are listed, however their names are ordered", async () => {
  using place = new Place();
  const disk = await place.open();
  for (const history of [new MemoryHistory(), disk]) {
    for (let n = 1; n <= LISTED_MAX + 10; n++) {
      history.add(`${PREFIX}${String(9999 - n)}`, whispered("bob", `${n}`, { id: n })); // the newest has the first name
    }
    history.commit();
    const texts = runToEnd(history.targets(PREFIX)).map(({ line }) => Number(line.text));
    assertEquals([texts.length, Math.min(...texts)], [LISTED_MAX, 11]);
    history.add(`${PREFIX}9998`, whispered("bob", "5000", { id: 5000 }));
    history.commit();
    assert(runToEnd(history.targets(PREFIX)).some(({ line }) => line.text === "5000"), "an old one has a new line");
  }
});

Deno.test("targets: no more than VISITED_MAX are looked at", async () => {
  using place = new Place();
  const disk = await place.open();
  for (const history of [new MemoryHistory(), disk]) {
    for (let n = 1; n <= VISITED_MAX + 100; n++) {
      history.add(`${PREFIX}${String(n).padStart(6)}`, whispered("bob", `${n}`, { id: n }));
    }
    history.commit();
    const texts = runToEnd(history.targets(PREFIX)).map(({ line }) => Number(line.text));
    assertEquals([texts.length, Math.max(...texts)], [LISTED_MAX, VISITED_MAX]);
  }
});

Deno.test("targets: a list in progress never has more than twice its limit", () => {
  const newest = new NewestTargets();
  for (let n = 1; n <= VISITED_MAX; n++) {
    assertEquals(newest.isFull, false);
    newest.add(`t${n}`, whispered("bob", "x", { id: n }));
  }
  assertEquals([
    newest.isFull,
    newest.list().length,
    newest.list().every(({ line }) => line.id > VISITED_MAX - LISTED_MAX),
  ], [
    true,
    LISTED_MAX,
    true,
  ]);
});
