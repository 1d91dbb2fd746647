import { assertEquals } from "@std/assert";
import { fc } from "../dependencies.ts";
import { formatDuration, parseDuration } from "../../src/util/duration.ts";

const SECOND = 1000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
const WEEK = 7 * DAY;

Deno.test("duration: formats at most two units, rounded up", () => {
  const written: [number, string][] = [
    [0, "1s"],
    [1, "1s"],
    [1001, "2s"],
    [90 * SECOND, "1m30s"],
    [90 * MINUTE, "1h30m"],
    [10 * DAY, "1w3d"],
    [WEEK + 5 * MINUTE, "1w5m"],
    [HOUR + MINUTE + SECOND, "1h2m"],
    [2 * HOUR - SECOND, "2h"],
    [2 * DAY - SECOND, "2d"],
    [WEEK - 1, "1w"],
    [WEEK + DAY - SECOND, "1w1d"],
    [Infinity, "for good"],
  ];
  for (const [time, text] of written) assertEquals(formatDuration(time), text, String(time));
});

Deno.test("duration: invalid text is not parsed", () => {
  for (const text of ["", "h", "90", "0h", "0m0s", "1y", "-5m", "1.5h", "1h 30m", "1h30", "1h2m3s", "1234567s"]) {
    assertEquals(parseDuration(text), undefined, text);
  }
});

Deno.test("duration: a formatted duration is parsed as no less, and formatted again as the same text", () => {
  fc.assert(fc.property(fc.integer({ min: 1, max: 100 * WEEK }), (time) => {
    const text = formatDuration(time);
    const read = parseDuration(text)!;
    assertEquals([read >= time, formatDuration(read)], [true, text]);
  }));
});
