import { assert, assertEquals } from "@std/assert";
import { Random } from "../fuzz/random.ts";
import { blocks, fit, quantile } from "./figures.ts";

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

Deno.test("quantiles and means of blocks", () => {
  const values = Array.from({ length: 100 }, (_, i) => 100 - i);
  assertEquals([quantile(values, 0.5), quantile(values, 0.99), quantile(values, 1)], [50, 99, 100]);
  assertEquals(blocks([[0, 1], [1, 3], [2, 5], [3, 7]], 2), [[0.5, 2], [2.5, 6]]);
});
