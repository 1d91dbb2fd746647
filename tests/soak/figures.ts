/** What is made of measurements: a line through them, and how sure it is; quantiles. */

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

/** The means of so many runs of values of the same length, in order. */
export function blocks(points: readonly (readonly [number, number])[], count: number): [number, number][] {
  return Array.from({ length: count }, (_, i) => {
    const some = points.slice(Math.floor(i * points.length / count), Math.floor((i + 1) * points.length / count));
    const mean = (index: 0 | 1) => some.reduce((sum, point) => sum + point[index], 0) / some.length;
    return [mean(0), mean(1)];
  });
}
