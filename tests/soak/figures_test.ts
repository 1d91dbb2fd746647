import { assert, assertEquals } from "@std/assert";
import { Random } from "../fuzz/random.ts";
import { blocks, compared, fit, growthOf, quantile } from "./figures.ts";

Deno.test("figures: points on a line have its slope and no error", () => {
  const { slope, error } = fit([[0, 1], [1, 3], [2, 5], [10, 21]]);
  assert(Math.abs(slope - 2) < 1e-9);
  assert(error < 1e-9);
});

Deno.test("figures: the standard error is that of R", () => {
  const { slope, error } = fit([[1, 2], [2, 4], [3, 5], [4, 4], [5, 5]]); // R: lm(y ~ x): 0.6, 0.2828
  assert(Math.abs(slope - 0.6) < 1e-9);
  assert(Math.abs(error - 0.2828) < 1e-4);
});

Deno.test("figures: the slope of noise is nearly always within its error", () => {
  const random = new Random(1);
  const within = Array.from({ length: 200 }, () => {
    const { slope, error } = fit(Array.from({ length: 20 }, (_, x) => [x, random.next()] as const));
    return Math.abs(slope) < 3 * error;
  });
  assert(within.filter((each) => each).length > 190);
});

Deno.test("figures: quantiles and the floors of blocks are values of the sample", () => {
  const values = Array.from({ length: 100 }, (_, i) => 100 - i);
  assertEquals([quantile(values, 0.5), quantile(values, 0.99), quantile(values, 1)], [50, 99, 100]);
  assertEquals(blocks([[0, 1], [1, 3], [2, 5], [3, 7]], 2), [[0.5, 1], [2.5, 5]]);
});

/** Memory as in ten minutes of churn after the warm-up: it grows and is collected at irregular intervals. */
function memory(seed: number, leak: number): [number, number][] {
  const random = new Random(seed);
  let garbage = 0;
  return Array.from({ length: 840 }, (_, i) => {
    garbage = garbage > 6e6 ? 0 : garbage + 400e3 * random.next();
    return [i / 2, 90e6 + leak * i / 2 + garbage + 3e6 * random.next()];
  });
}

Deno.test("figures: a leak of 1 KB per connection counts as growth in ten minutes of churn, and garbage does not", () => {
  const CONNECTS = 20; // per second, approximately
  for (let seed = 1; seed <= 200; seed++) {
    assert(growthOf(memory(seed, CONNECTS * 1024)).real, `a leak is not detected with seed ${seed}`);
    assert(!growthOf(memory(seed, 0)).real, `a leak is detected with seed ${seed}, but there is none`);
  }
});

Deno.test("figures: a slowdown is detected, and other work on the machine does not count as one", () => {
  const random = new Random(1);
  const took = (i: number, slower: number) => (2 + 5 * random.next() ** 8) * (i > 10_000 ? slower : 1);
  const busy = Array.from({ length: 20_000 }, (_, i) => took(i, 1) + (i > 14_000 && i % 2000 > 700 ? 20 : 0));
  const disturbed = compared(busy);
  assert(disturbed.last < 1.1 * disturbed.first, `${disturbed.first} and ${disturbed.last}`);
  const slow = compared(Array.from({ length: 20_000 }, (_, i) => took(i, 1.3)));
  assert(slow.last > 1.2 * slow.first, `${slow.first} and ${slow.last}`);
});

/** The p99 in 30 windows of seven seconds of a soak on two cores without a slowdown, in milliseconds. */
const WINDOWS = [
  ...[7.44, 4.98, 4.12, 9.01, 6.88, 6.02, 8.22, 10.47, 5.98, 4.16, 3.21, 4.47, 6.24, 6.08, 7.92],
  ...[4.83, 5.45, 6.08, 6.96, 4.89, 6.78, 7.04, 9.78, 11.45, 4.36, 4.56, 2.71, 5.76, 11.27, 5.64],
];

Deno.test("figures: a varying load nearly never counts as a slowdown", () => {
  const random = new Random(1);
  let slower = 0;
  for (let soak = 0; soak < 2000; soak++) {
    const windows = Array.from({ length: 60 }, () => WINDOWS[Math.floor(random.next() * WINDOWS.length)]!);
    const { first, last } = compared(windows.flatMap((p99) => Array(10).fill(p99)));
    if (last > 1.2 * first + 1) slower++;
  }
  assert(slower < 20, `${slower} of 2,000`);
});
