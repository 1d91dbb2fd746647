import { assertEquals } from "@std/assert";
import { formatDateTime, parseDateTime } from "../../src/util/datetime.ts";

const NOW = new Date(2026, 10, 22, 9, 30).getTime();
const at = (...all: [number, number, number, number?, number?]) => new Date(...all).getTime();

Deno.test("datetime: the date is included if it is not that of now", () => {
  assertEquals(formatDateTime(at(2026, 10, 22, 0, 5), NOW), "00:05");
  assertEquals(formatDateTime(at(2026, 10, 21, 23, 59), NOW), "2026-11-21 23:59");
  assertEquals(formatDateTime(at(2025, 0, 2, 3, 4), NOW), "2025-01-02 03:04");
});

Deno.test("datetime: a time without a date is its most recent occurrence", () => {
  assertEquals(parseDateTime("09:30", NOW), at(2026, 10, 22, 9, 30));
  assertEquals(parseDateTime("9:31", NOW), at(2026, 10, 21, 9, 31));
});

Deno.test("datetime: a date, with or without a time, may be in the future", () => {
  assertEquals(parseDateTime("2026-11-20", NOW), at(2026, 10, 20));
  assertEquals(parseDateTime("2026-11-20 14:05", NOW), at(2026, 10, 20, 14, 5));
  assertEquals(parseDateTime("2026-11-23T00:00", NOW), at(2026, 10, 23));
});

Deno.test("datetime: invalid dates and times are not parsed", () => {
  for (
    const text of ["", "24:00", "12:60", "2026-02-29", "2026-13-01", "2026-11-00", "12", "1:2", "2026-11-20 ", "x"]
  ) {
    assertEquals(parseDateTime(text, NOW), undefined, text);
  }
});
