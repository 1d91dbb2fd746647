import { assertEquals, assertThrows } from "@std/assert";
import { MOTD_LINES_MAX, MOTD_MAX, readMotd } from "../../src/cli/motd.ts";

/** More than any message of the day needs. */
const ENOUGH = 1024 * 1024;

Deno.test("motd: lines end in LF, CR LF or CR, and blank lines at the end are removed", () => {
  assertEquals(readMotd("one\ntwo\r\nthree\rfour", ENOUGH), ["one", "two", "three", "four"]);
  assertEquals(readMotd("\n\nBe kind.\n\n  \n\x1b[0m\n", ENOUGH), ["", "", "Be kind."]);
  assertEquals(readMotd(" \n", ENOUGH), []);
  assertEquals(readMotd("", ENOUGH), []);
});

Deno.test("motd: escape sequences are removed as a whole, and other control characters alone", () => {
  const lines = [
    "\x1b[1;31mred\x1b[0m",
    "\x9b4munder\x9b0m",
    "\x1b]0;title\x07a",
    "\x1b]0;title\x1b\\b",
    "\x9d0;title\x9cc",
  ];
  assertEquals(readMotd(lines.join("\n"), ENOUGH), ["red", "under", "a", "b", "c"]);
  assertEquals(readMotd("a\0b\x1bc\u202ed", ENOUGH), ["abcd"]);
});

Deno.test("motd: a text at its limits is accepted, and a longer one is rejected", () => {
  assertEquals(readMotd("é".repeat(MOTD_MAX / 2), ENOUGH).length, 1);
  assertThrows(() => readMotd("é".repeat(MOTD_MAX / 2) + "x", ENOUGH), RangeError, `more than ${MOTD_MAX} bytes`);
  const longest = Array.from({ length: MOTD_LINES_MAX }, () => "x");
  assertEquals(readMotd(longest.join("\n"), ENOUGH), longest);
  assertEquals(readMotd(`${longest.join("\n")}\n\n`, ENOUGH), longest);
  assertThrows(() => readMotd(`${longest.join("\n")}\nx`, ENOUGH), RangeError, `more than ${MOTD_LINES_MAX} lines`);
});

Deno.test("motd: a text is rejected when it does not fit into the send buffer, with 200 bytes around each line on IRC", () => {
  const text = "0123456\n89"; // each byte counts twice, as a long line is sent as several replies
  assertEquals(readMotd(text, 2 * 10 + 2 * 200).length, 2);
  assertThrows(() => readMotd(text, 2 * 10 + 2 * 200 - 1), RangeError, "it does not fit into half of --send-buffer");
});
