/**
 * Takes out of people's words what could do something to a terminal, or to the words around them.
 */

// C0 but for the tab and what IRC clients format text with (bold, colour, italics and the like), DEL, C1 (0x9B alone is a
// control sequence introducer to some terminals), the line and paragraph separators, and the byte order mark that some
// editors put before the first line. And what turns text around beyond its own place (embeddings, overrides, isolates, and
// what Unicode has given up beside them): with it, words could seem to stand where the server's or somebody else's do. The
// marks U+200E, U+200F and U+061C, which those need who write from right to left, turn nothing but what is beside them.
// deno-lint-ignore no-control-regex -- control characters are what it is about
const CONTROL = /[^\P{Cc}\t\x02-\x04\x0f\x11\x16\x1d-\x1f]|[\u2028-\u202e\u2066-\u206f\ufeff]/gu;

// modern.ircdocs.horse, "Formatting": a colour has up to two digits, twice, or six hexadecimal ones, twice.
const FORMATTING =
  // deno-lint-ignore no-control-regex -- control characters are what it is about
  /\x03(?:\d{1,2}(?:,\d{1,2})?)?|\x04(?:[0-9a-fA-F]{6}(?:,[0-9a-fA-F]{6})?)?|[\x02\x0f\x11\x16\x1d-\x1f]/g;

/**
 * Removes control characters, escape sequences' introducers among them, and what turns text around. A tab may stay, and the characters that IRC
 * clients format text with: see `plain`.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { clean } from "./sanitize.ts";
 *
 * assertEquals(clean("\x1b[31mred\x07"), "[31mred");
 * ```
 */
export function sanitize(text: string): string {
  return text.replace(CONTROL, "");
}

/**
 * Removes the characters that IRC clients format text with, for those who would see them, or worse.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { plain } from "./sanitize.ts";
 *
 * assertEquals(plain("\x02bold\x02 and \x0304,12red\x03"), "bold and red");
 * ```
 */
export function plain(text: string): string {
  return text.replace(FORMATTING, "");
}
