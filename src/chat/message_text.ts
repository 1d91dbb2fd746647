/** The text of messages: control characters are removed, and messages of several lines have limits. */
import { byteLength } from "../util/bytes.ts";
import { sanitize } from "../util/sanitize.ts";
import { ChatError } from "./chat_error.ts";

/** The most lines of a message, and the most bytes of a message of several lines, with a byte for each line end. */
export const MULTILINE_LINES_MAX = 100;
export const MULTILINE_BYTES_MAX = 8192;

/**
 * Removes control characters from the text of a message. `\n` separates its lines; blank lines at its end and before its first
 * line are removed.
 *
 * @throws {ChatError} `message-too-long`
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { messageText } from "./message_text.ts";
 *
 * assertEquals(messageText("one\x07"), "one");
 * assertEquals(messageText("\n  one\r\n\ntwo\n"), "  one\n\ntwo");
 * ```
 */
export function messageText(text: string): string {
  if (!text.includes("\n")) return sanitize(text); // the common case
  if (text.length > 4 * MULTILINE_BYTES_MAX) throw tooLong();
  const lines = text.split("\n").map(sanitize);
  const isBlank = (line: string) => line.trim() === "";
  while (lines.length > 0 && isBlank(lines.at(-1)!)) lines.pop();
  const kept = lines.slice(lines.findIndex((line) => !isBlank(line)));
  const clean = kept.join("\n");
  if (kept.length > MULTILINE_LINES_MAX || byteLength(clean) > MULTILINE_BYTES_MAX) throw tooLong();
  return clean;
}

/** Checks that a message is not longer than one of several lines may be. @throws {ChatError} `message-too-long` */
export function requireLength(text: string): void {
  if (byteLength(text) > MULTILINE_BYTES_MAX) throw tooLong();
}

function tooLong(): ChatError {
  return new ChatError("message-too-long", `${MULTILINE_LINES_MAX} lines and ${MULTILINE_BYTES_MAX} bytes`);
}
