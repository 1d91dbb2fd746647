/** Formatting and parsing of past times for users, in the time zone of the server. */

/**
 * Formats a time: `14:05`, or `2026-11-20 14:05` if it is not on the same day as `now`.
 *
 * @param time In milliseconds since 1970, like `now`.
 */
export function formatDateTime(time: number, now: number): string {
  const then = new Date(time);
  const clock = `${twoDigits(then.getHours())}:${twoDigits(then.getMinutes())}`;
  if (then.toDateString() === new Date(now).toDateString()) return clock;
  return `${then.getFullYear()}-${twoDigits(then.getMonth() + 1)}-${twoDigits(then.getDate())} ${clock}`;
}

/**
 * Parses a time: `14:05` (its most recent occurrence), `2026-11-20` (the beginning of the day), or both.
 *
 * @returns Milliseconds since 1970; `undefined` if the text is not a valid time.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { parseDateTime, formatDateTime } from "./datetime.ts";
 *
 * const now = new Date(2026, 10, 22, 9, 30).getTime();
 * assertEquals(formatDateTime(parseDateTime("08:15", now)!, now), "08:15");
 * assertEquals(formatDateTime(parseDateTime("14:05", now)!, now), "2026-11-21 14:05");
 * assertEquals(formatDateTime(parseDateTime("2026-11-20", now)!, now), "2026-11-20 00:00");
 * assertEquals(parseDateTime("2026-11-31 25:00", now), undefined);
 * ```
 */
export function parseDateTime(text: string, now: number): number | undefined {
  const [all, year, month, day, hour, minute] =
    /^(?:(\d{4})-(\d\d)-(\d\d))?(?:(?:^|[ T])(\d\d?):(\d\d))?$/.exec(text) ?? [];
  if (!all) return undefined;
  const time = new Date(now);
  if (year !== undefined) time.setFullYear(Number(year), Number(month) - 1, Number(day));
  time.setHours(Number(hour ?? 0), Number(minute ?? 0), 0, 0);
  const isValid = year === undefined || (time.getMonth() === Number(month) - 1 && time.getDate() === Number(day));
  if (!isValid || Number(hour ?? 0) > 23 || Number(minute ?? 0) > 59) return undefined;
  if (year === undefined && time.getTime() > now) time.setDate(time.getDate() - 1);
  return time.getTime();
}

function twoDigits(number: number): string {
  return String(number).padStart(2, "0");
}
