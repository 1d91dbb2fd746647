import { assertEquals } from "@std/assert";
import { messageText, MULTILINE_BYTES_MAX, MULTILINE_LINES_MAX } from "../../src/chat/message_text.ts";
import { assertRejected } from "./helpers.ts";

const LIMITS = `${MULTILINE_LINES_MAX} lines and ${MULTILINE_BYTES_MAX} bytes`;

Deno.test("message text: each line is sanitized, and blank lines at the start and the end are removed", () => {
  assertEquals(messageText("a\x07\tb\x02"), "a\tb\x02");
  assertEquals(messageText("\r\n \n  if x:\r\n\n    y\x1b[2J\u2028\n \n"), "  if x:\n\n    y[2J");
  for (const blank of ["", "\n", " \n\x07\n\t"]) assertEquals(messageText(blank), "");
  assertEquals(messageText("one\n"), "one");
});

Deno.test("message text: a message of several lines has limits of lines and bytes, one of a single line has not", () => {
  const lines = (count: number) => Array(count).fill("x").join("\n");
  assertEquals(messageText(`\n${lines(MULTILINE_LINES_MAX)}\n\n`), lines(MULTILINE_LINES_MAX));
  assertRejected("message-too-long", LIMITS, () => messageText(lines(MULTILINE_LINES_MAX + 1)));
  const bytes = (count: number) => `é\n${"x".repeat(count - 3)}`;
  assertEquals(messageText(bytes(MULTILINE_BYTES_MAX)).length, MULTILINE_BYTES_MAX - 1);
  assertRejected("message-too-long", LIMITS, () => messageText(bytes(MULTILINE_BYTES_MAX + 1)));
  assertRejected("message-too-long", LIMITS, () => messageText("\n".repeat(1e6)));
  assertRejected("message-too-long", LIMITS, () => messageText(`\n${"x".repeat(MULTILINE_BYTES_MAX + 1)}`));
  assertEquals(messageText("x".repeat(20_000)).length, 20_000);
});
