/** Formatting and parsing of durations: `30s`, `45m`, `12h`, `90d`, `2w`, and with two units `1h30m`. */

const SECONDS: Readonly<Record<string, number>> = { s: 1, m: 60, h: 3600, d: 86_400, w: 604_800 };

/**
 * Parses a duration of one or two units.
 *
 * @returns Milliseconds, more than 0; `undefined` if the text is not a valid duration.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { parseDuration } from "./duration.ts";
 *
 * assertEquals(parseDuration("90m"), 5_400_000);
 * assertEquals(parseDuration("1h30m"), 5_400_000);
 * assertEquals(parseDuration("0h"), undefined);
 * assertEquals(parseDuration("soon"), undefined);
 * ```
 */
export function parseDuration(text: string): number | undefined {
  if (!/^(?:\d{1,6}[smhdw]){1,2}$/.test(text)) return undefined;
  let seconds = 0;
  for (const [, digits, unit] of text.matchAll(/(\d+)(\w)/g)) seconds += Number(digits) * SECONDS[unit!]!;
  return seconds > 0 ? seconds * 1000 : undefined;
}

/**
 * Formats a duration with at most two units, rounded up. `parseDuration` can parse the result.
 *
 * @param milliseconds 0 or more; Infinity is written as `for good`, which cannot be parsed.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { formatDuration } from "./duration.ts";
 *
 * assertEquals(formatDuration(5_400_000), "1h30m");
 * assertEquals(formatDuration(5_401_000), "1h31m");
 * assertEquals(formatDuration(7_199_000), "2h");
 * ```
 */
export function formatDuration(milliseconds: number): string {
  if (milliseconds === Infinity) return "for good";
  const seconds = Math.max(1, Math.ceil(milliseconds / 1000));
  const first = unitOf(seconds);
  const rest = seconds % SECONDS[first]!;
  const count = `${(seconds - rest) / SECONDS[first]!}${first}`;
  if (rest === 0) return count;
  const second = unitOf(rest);
  const over = rest % SECONDS[second]!;
  if (over > 0) return formatDuration((seconds - over + SECONDS[second]!) * 1000); // which may carry into the first unit
  return `${count}${rest / SECONDS[second]!}${second}`;
}

/** Returns the largest unit that fits into a time. */
function unitOf(seconds: number): string {
  return Object.keys(SECONDS).findLast((unit) => seconds >= SECONDS[unit]!)!;
}
