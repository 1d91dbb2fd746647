import { assertEquals } from "@std/assert";
import { LineCounts, TARGETS_MAX } from "../../src/history/line_counts.ts";

Deno.test("line counts: only a known count is changed, until it is deleted or all are cleared", () => {
  const counts = new LineCounts(true);
  assertEquals([counts.add(1, 5), counts.get(1)], [undefined, undefined]);
  counts.set(1, 5);
  counts.set(2, 0);
  assertEquals([counts.add(1, 2), counts.add(1, -3), counts.get(1), counts.get(2)], [7, 4, 4, 0]);
  counts.delete(1);
  assertEquals([counts.get(1), counts.get(2)], [undefined, 0]);
  counts.clear();
  assertEquals(counts.get(2), undefined);
});

Deno.test("line counts: nothing is counted where there is no limit", () => {
  const counts = new LineCounts(false);
  counts.set(1, 5);
  assertEquals([counts.get(1), counts.add(1, 1)], [undefined, undefined]);
});

Deno.test("line counts: the number of counted targets is limited, and a forgotten one is unknown", () => {
  const counts = new LineCounts(true);
  for (let target = 0; target < TARGETS_MAX; target++) counts.set(target, 1);
  assertEquals([counts.get(0), counts.get(TARGETS_MAX - 1)], [1, 1]);
  counts.set(TARGETS_MAX, 1);
  assertEquals([counts.get(0), counts.get(TARGETS_MAX - 1), counts.get(TARGETS_MAX)], [undefined, undefined, 1]);
});
