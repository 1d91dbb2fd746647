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

/** The p99 in 30 windows of seven seconds each, in milliseconds, of a soak on two cores in which nothing slowed down. */
const WINDOWS = [
  ...[7.44, 4.98, 4.12, 9.01, 6.88, 6.02, 8.22, 10.47, 5.98, 4.16, 3.21, 4.47, 6.24, 6.08, 7.92],
  ...[4.83, 5.45, 6.08, 6.96, 4.89, 6.78, 7.04, 9.78, 11.45, 4.36, 4.56, 2.71, 5.76, 11.27, 5.64],
];

Deno.test("that more goes on at one time than at another is no slowing down, nearly always", () => {
  const random = new Random(1);
  let slower = 0;
  for (let soak = 0; soak < 2000; soak++) {
    const windows = Array.from({ length: 60 }, () => WINDOWS[Math.floor(random.next() * WINDOWS.length)]!);
    const { first, last } = compared(windows.flatMap((p99) => Array(10).fill(p99)));
    if (last > 1.2 * first + 1) slower++;
  }
  assert(slower < 20, `${slower} of 2,000`);
});
