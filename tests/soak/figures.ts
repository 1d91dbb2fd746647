/** What is made of measurements: a line through them, and how sure it is; quantiles; what grows, and what slows down. */

/** A line through points. */
export interface Line {
  /** How much y grows with each x … */
  readonly slope: number;
  /** … and how far that may be off (its standard error). */
  readonly error: number;
}

/**
 * The line that fits best (least squares).
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

/** The least value that so large a part of all, from 0 to 1, are no greater than. */
export function quantile(values: readonly number[], part: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.max(0, Math.ceil(part * sorted.length) - 1)] ?? NaN;
}

/** How much of what was measured is below the floor of it. */
const FLOOR = 0.1;

/**
 * The floors of so many runs of values of the same length, in order, each at the mean of when: garbage comes and goes, and
 * what leaks stays.
 */
export function blocks(points: readonly (readonly [number, number])[], count: number): [number, number][] {
  return Array.from({ length: count }, (_, i) => {
    const some = points.slice(Math.floor(i * points.length / count), Math.floor((i + 1) * points.length / count));
    const mean = some.reduce((sum, [x]) => sum + x, 0) / some.length;
    return [mean, quantile(some.map(([, y]) => y), FLOOR)];
  });
}

/** Into how many blocks points are cut for a slope: what follows at once is not independent. */
const BLOCKS = 10;

/** How many of its standard errors a slope has to be above zero to be one … */
const ERRORS = 3;

/**
 * … and what part of it something has to grow by, over all that was measured, to matter: in ten minutes, what V8 and the
 * allocator settle into still goes up by one or two hundredths.
 */
const GROWTH_MAX = 0.03;

/** What became of something over time. */
export interface Growth extends Line {
  /** By what part of its mean it grew over all the time. */
  readonly part: number;
  /** Whether that is growth: more than chance makes of nothing, and enough to matter. */
  readonly real: boolean;
}

/** Whether something grows, measured again and again at the same distance. */
export function growthOf(points: readonly (readonly [x: number, y: number])[]): Growth {
  const { slope, error } = fit(blocks(points, BLOCKS));
  const mean = points.reduce((sum, [, y]) => sum + y, 0) / points.length;
  const part = slope * (points.at(-1)![0] - points[0]![0]) / mean;
  return { slope, error, part, real: part > GROWTH_MAX && slope > ERRORS * error };
}

/** Into how many windows times are cut, and how many of them, at the beginning and at the end, are looked at. */
const WINDOWS = 60;
const COMPARED = 20;

/** What part of those that are looked at counts as good. */
const GOOD = 0.25;

/**
 * The p99 of how long something took, in a good window of the beginning and in a good one of the end.
 *
 * Good ones, and of many short ones: whoever else is at work on the machine makes some slower and none faster, and what
 * slows down by itself does so in all. Not the best one, which is luck: what people do in one window or another differs.
 */
export function compared(took: readonly number[]): { first: number; last: number } {
  const windows = Array.from({ length: WINDOWS }, (_, i) => {
    const some = took.slice(Math.floor(i * took.length / WINDOWS), Math.floor((i + 1) * took.length / WINDOWS));
    return quantile(some, 0.99);
  });
  return { first: quantile(windows.slice(0, COMPARED), GOOD), last: quantile(windows.slice(-COMPARED), GOOD) };
}
