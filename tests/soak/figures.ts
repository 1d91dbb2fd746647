/** Statistics of measurements: linear regression with its error, quantiles, growth and slowdown. */

/** A regression line. */
export interface Line {
  /** The slope of y by x. */
  readonly slope: number;
  /** The standard error of the slope. */
  readonly error: number;
}

/**
 * Fits a line by least squares.
 *
 * @param points Three or more, not all with the same x.
 */
export function fit(points: readonly (readonly [x: number, y: number])[]): Line {
  const n = points.length;
  const mean = (pick: (point: readonly [number, number]) => number) => points.reduce((sum, p) => sum + pick(p), 0) / n;
  const [mx, my] = [mean(([x]) => x), mean(([, y]) => y)];
  const sxx = points.reduce((sum, [x]) => sum + (x - mx) ** 2, 0);
  const slope = points.reduce((sum, [x, y]) => sum + (x - mx) * (y - my), 0) / sxx;
  const residuals = points.reduce((sum, [x, y]) => sum + (y - my - slope * (x - mx)) ** 2, 0);
  return { slope, error: Math.sqrt(residuals / (n - 2) / sxx) };
}

/** The quantile of values at `part`, from 0 to 1: the least value that this part of all does not exceed. */
export function quantile(values: readonly number[], part: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.max(0, Math.ceil(part * sorted.length) - 1)] ?? NaN;
}

/** The quantile that counts as the floor of a block. */
const FLOOR = 0.1;

/**
 * Cuts points into `count` blocks, and returns the floor of each at its mean x. Garbage does not raise the floor, but a
 * leak does.
 */
export function blocks(points: readonly (readonly [number, number])[], count: number): [number, number][] {
  return Array.from({ length: count }, (_, i) => {
    const some = points.slice(Math.floor(i * points.length / count), Math.floor((i + 1) * points.length / count));
    const mean = some.reduce((sum, [x]) => sum + x, 0) / some.length;
    return [mean, quantile(some.map(([, y]) => y), FLOOR)];
  });
}

/** The blocks for a regression: successive points are not independent. */
const BLOCKS = 10;

/** The least slope that is significant, in standard errors. */
const ERRORS = 3;

/**
 * The least growth that matters, as a part of the mean: in ten minutes, V8 and the allocator still grow by one or two
 * hundredths as they settle.
 */
const GROWTH_MAX = 0.03;

/** The growth of a value over time. */
export interface Growth extends Line {
  /** The growth over the whole time, as a part of the mean. */
  readonly part: number;
  /** Whether the growth is significant, and large enough to matter. */
  readonly real: boolean;
}

/** The growth of a value measured at equal intervals. */
export function growthOf(points: readonly (readonly [x: number, y: number])[]): Growth {
  const { slope, error } = fit(blocks(points, BLOCKS));
  const mean = points.reduce((sum, [, y]) => sum + y, 0) / points.length;
  const part = slope * (points.at(-1)![0] - points[0]![0]) / mean;
  return { slope, error, part, real: part > GROWTH_MAX && slope > ERRORS * error };
}

/** The number of windows, and how many of them at the beginning and at the end are compared. */
const WINDOWS = 60;
const COMPARED = 20;

/** The quantile of the compared windows that counts as a good one. */
const GOOD = 0.25;

/**
 * The p99 of times in a good window at the beginning and in one at the end.
 *
 * Other work on the machine slows down some of many short windows, whereas a slowdown of the program affects all of them,
 * so good windows are compared. The best window would be luck, since the load of windows differs.
 */
export function compared(took: readonly number[]): { first: number; last: number } {
  const windows = Array.from({ length: WINDOWS }, (_, i) => {
    const some = took.slice(Math.floor(i * took.length / WINDOWS), Math.floor((i + 1) * took.length / WINDOWS));
    return quantile(some, 0.99);
  });
  return { first: quantile(windows.slice(0, COMPARED), GOOD), last: quantile(windows.slice(-COMPARED), GOOD) };
}
