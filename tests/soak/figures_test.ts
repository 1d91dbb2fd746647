import { assert, assertEquals } from "@std/assert";
import { Random } from "../fuzz/random.ts";
import { blocks, compared, fit, growthOf, quantile } from "./figures.ts";

Deno.test("points on a line have its slope, and no error", () => {
  const { slope, error } = fit([[0, 1], [1, 3], [2, 5], [10, 21]]);
  assert(Math.abs(slope - 2) < 1e-9);
  assert(error < 1e-9);
});

Deno.test("the standard error is that of the textbook", () => {
  const { slope, error } = fit([[1, 2], [2, 4], [3, 5], [4, 4], [5, 5]]); // R: lm(y ~ x): 0.6, 0.2828
  assert(Math.abs(slope - 0.6) < 1e-9);
  assert(Math.abs(error - 0.2828) < 1e-4);
});

Deno.test("noise without a slope is within its error, nearly always", () => {
  const random = new Random(1);
  const within = Array.from({ length: 200 }, () => {
    const { slope, error } = fit(Array.from({ length: 20 }, (_, x) => [x, random.next()] as const));
    return Math.abs(slope) < 3 * error;
  });
  assert(within.filter((each) => each).length > 190);
});

Deno.test("quantiles, and floors of blocks", () => {
  const values = Array.from({ length: 100 }, (_, i) => 100 - i);
  assertEquals([quantile(values, 0.5), quantile(values, 0.99), quantile(values, 1)], [50, 99, 100]);
  assertEquals(blocks([[0, 1], [1, 3], [2, 5], [3, 7]], 2), [[0.5, 1], [2.5, 5]]);
});

/** What ten minutes of churn look like behind the warm-up: memory goes up and is collected, again and again, never alike. */
function memory(seed: number, leak: number): [number, number][] {
  const random = new Random(seed);
  let garbage = 0;
  return Array.from({ length: 840 }, (_, i) => {
    garbage = garbage > 6e6 ? 0 : garbage + 400e3 * random.next();
    return [i / 2, 90e6 + leak * i / 2 + garbage + 3e6 * random.next()];
  });
}

Deno.test("a leak of 1 KB a connection is seen in ten minutes of churn, and garbage is none", () => {
  const CONNECTS = 20; // a second, about
  for (let seed = 1; seed <= 200; seed++) {
    assert(growthOf(memory(seed, CONNECTS * 1024)).real, `not seen with seed ${seed}`);
    assert(!growthOf(memory(seed, 0)).real, `seen with seed ${seed}, and there is none`);
  }
});

Deno.test("others at work on the machine are no slowdown, and a slowdown is one", () => {
  const random = new Random(1);
  const took = (i: number, slower: number) => (2 + 5 * random.next() ** 8) * (i > 10_000 ? slower : 1);
  const busy = Array.from({ length: 20_000 }, (_, i) => took(i, 1) + (i > 14_000 && i % 2000 > 700 ? 20 : 0));
  const disturbed = compared(busy);
  assert(disturbed.last < 1.1 * disturbed.first, `${disturbed.first} and ${disturbed.last}`);
  const slow = compared(Array.from({ length: 20_000 }, (_, i) => took(i, 1.3)));
  assert(slow.last > 1.2 * slow.first, `${slow.first} and ${slow.last}`);
});
