/** Tests the ring buffer of the history in memory. */
import { assertEquals } from "@std/assert";
import { Ring, type RingUsage } from "../../src/history/ring.ts";
import { said } from "./helpers.ts";

function usageOf(writer: string): RingUsage {
  return { writer, lines: 0, cost: 0, total: { lines: 0, cost: 0 } };
}

const ALICE = usageOf("alice");
const BOB = usageOf("bob");

/** A full ring with the lines 4, 5, 3 in this order in its arrays, of which bob wrote the odd ones. */
function wrapped(): Ring {
  const ring = new Ring();
  const line = (n: number) => said("#room", `${n}`, { id: 10 * n, time: n, origin: `${n % 2 ? "bob" : "alice"}!~u@h` });
  for (const n of [1, 2, 3]) ring.push(line(n), n, n % 2 ? BOB : ALICE);
  for (const n of [4, 5]) ring.replaceOldest(line(n), n, n % 2 ? BOB : ALICE);
  return ring;
}

function textsOf(ring: Ring): string {
  return Array.from({ length: ring.length }, (_, index) => ring.at(index).text).join(" ");
}

Deno.test("ring: lines are in order after the oldest ones were replaced", () => {
  const ring = wrapped();
  assertEquals([textsOf(ring), ring.length, ring.oldestUsage, ring.oldestCost], ["3 4 5", 3, BOB, 3]);
});

Deno.test("ring: a line that is added to a wrapped ring is the newest", () => {
  const ring = wrapped();
  ring.push(said("#room", "6"), 6, ALICE);
  assertEquals([textsOf(ring), ring.oldestCost], ["3 4 5 6", 3]);
});

Deno.test("ring: indexOf finds an id or the next greater one", () => {
  const ring = wrapped();
  assertEquals([0, 30, 31, 40, 50, 51].map((id) => ring.indexOf(id)), [0, 0, 1, 1, 2, 3]);
  assertEquals(new Ring().indexOf(1), 0);
});

Deno.test("ring: firstOf and originsOf find the lines of a writer", () => {
  const ring = wrapped();
  assertEquals([ring.firstOf(BOB), ring.firstOf(ALICE), ring.firstOf(usageOf("carol"))], [0, 1, -1]);
  assertEquals([...ring.originsOf(BOB)], [["bob!~u@h", 2]]);
});

Deno.test("ring: countBefore counts a line from the future with the line after it", () => {
  const ring = new Ring();
  for (const time of [1, 100, 2, 3]) ring.push(said("#room", "x", { time }), 1, ALICE);
  assertEquals([1, 2, 3, 4].map((time) => ring.countBefore(time, 10)), [0, 1, 3, 4]);
});

Deno.test("ring: remove asks for the oldest line first, and reports what it removes", () => {
  const ring = wrapped();
  const asked: string[] = [];
  const removed: [RingUsage, number][] = [];
  ring.remove(
    ({ text }, usage, index) => {
      asked.push(`${index}:${text}`);
      return usage === ALICE;
    },
    (usage, cost) => removed.push([usage, cost]),
  );
  assertEquals([asked, removed, textsOf(ring)], [["0:3", "1:4", "2:5"], [[ALICE, 4]], "3 5"]);
});
