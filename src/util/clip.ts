/** Shortening of texts to a maximum length. */

const encoder = new TextEncoder();
let buffer = new Uint8Array(512);

/**
 * Returns the beginning of a text that has at most `most` bytes in UTF-8, cut between two characters.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { clipBytes } from "./clip.ts";
 *
 * assertEquals(clipBytes("grüße", 6), "grüß");
 * assertEquals(clipBytes("grüße", 5), "grü");
 * assertEquals(clipBytes("tea", 100), "tea");
 * ```
 */
export function clipBytes(text: string, most: number): string {
  if (3 * text.length <= most) return text; // a UTF-16 code unit takes at most 3 bytes
  if (most > buffer.length) buffer = new Uint8Array(most);
  return text.slice(0, encoder.encodeInto(text, buffer.subarray(0, Math.max(most, 0))).read);
}

/**
 * Returns a text of at most `most` UTF-16 code units; a longer one is cut there and marked with an ellipsis.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { ellipsize } from "./clip.ts";
 *
 * assertEquals(ellipsize("a long word", 6), "a long…");
 * assertEquals(ellipsize("short", 6), "short");
 * ```
 */
export function ellipsize(text: string, most: number): string {
  return text.length <= most ? text : `${text.slice(0, most)}…`;
}

/**
 * Splits a text into parts of at most `most` bytes in UTF-8, between two characters. See `wrap` for splitting at spaces.
 *
 * @param most At least 4; a lower value counts as 4.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { splitBytes } from "./clip.ts";
 *
 * assertEquals(splitBytes("grüße", 4), ["grü", "ße"]);
 * assertEquals(splitBytes("", 4), []);
 * ```
 */
export function splitBytes(text: string, most: number): string[] {
  const parts: string[] = [];
  for (let rest = text; rest !== "";) {
    const part = clipBytes(rest, Math.max(most, 4)); // long enough for any character
    parts.push(part);
    rest = rest.slice(part.length);
  }
  return parts;
}
