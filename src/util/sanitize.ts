/** Removal of characters from user input that could affect a terminal or the text around it. */

// C0 except the tab and the IRC formatting characters, DEL, C1 (0x9B alone is a control sequence introducer on some
// terminals), the line and paragraph separators, the byte order mark that some editors add, and bidirectional embeddings,
// overrides and isolates (and the deprecated characters beside them), which could make text appear as part of another line.
// The marks U+200E, U+200F and U+061C remain: right-to-left scripts need them, and they affect only adjacent characters.
// deno-lint-ignore no-control-regex -- the pattern matches control characters to remove them
const CONTROL = /[^\P{Cc}\t\x02-\x04\x0f\x11\x16\x1d-\x1f]|[\u2028-\u202e\u2066-\u206f\ufeff]/gu;

// modern.ircdocs.horse, "Formatting": colours are one or two numbers of two digits, or of six hexadecimal digits.
const FORMATTING =
  // deno-lint-ignore no-control-regex -- the pattern matches control characters to remove them
  /\x03(?:\d{1,2}(?:,\d{1,2})?)?|\x04(?:[0-9a-fA-F]{6}(?:,[0-9a-fA-F]{6})?)?|[\x02\x0f\x11\x16\x1d-\x1f]/g;

/**
 * Removes control characters, including those that begin escape sequences, and bidirectional controls. Tabs and IRC
 * formatting characters remain: see `plain` for the latter.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { sanitize } from "./sanitize.ts";
 *
 * assertEquals(sanitize("\x1b[31mred\x07"), "[31mred");
 * ```
 */
export function sanitize(text: string): string {
  return text.replace(CONTROL, "");
}

/**
 * Removes IRC formatting characters, for clients that do not support them.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { stripFormatting } from "./sanitize.ts";
 *
 * assertEquals(stripFormatting("\x02bold\x02 and \x0304,12red\x03"), "bold and red");
 * ```
 */
export function stripFormatting(text: string): string {
  return text.replace(FORMATTING, "");
}
