/**
 * Times that pass, as people write them: `30s`, `45m`, `12h`, `90d`, `2w`.
 */

const SECONDS: Readonly<Record<string, number>> = { s: 1, m: 60, h: 3600, d: 86_400, w: 604_800 };

/**
 * Reads one.
 *
 * @returns In milliseconds, more than 0; `undefined` for what is none.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { readDuration } from "./duration.ts";
 *
 * assertEquals(readDuration("90m"), 5_400_000);
 * assertEquals(readDuration("0h"), undefined);
 * assertEquals(readDuration("soon"), undefined);
 * ```
 */
export function readDuration(text: string): number | undefined {
  const [, digits = "", unit = ""] = /^(\d{1,6})([smhdw])$/.exec(text) ?? [];
  const milliseconds = Number(digits) * (SECONDS[unit] ?? 0) * 1000;
  return milliseconds > 0 ? milliseconds : undefined;
}

/**
 * Writes one, in the largest unit that it has at least one of: `90 minutes` is `1h`.
 *
 * @param milliseconds 0 or more; Infinity is `for good`.
 */
export function writeDuration(milliseconds: number): string {
  if (milliseconds === Infinity) return "for good";
  const seconds = Math.max(1, Math.round(milliseconds / 1000));
  const [unit, length] = Object.entries(SECONDS).reverse().find(([, length]) => seconds >= length)!;
  return `${Math.floor(seconds / length)}${unit}`;
}
