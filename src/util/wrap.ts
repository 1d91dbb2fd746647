/**
 * Breaks a text into lines that are short enough in bytes.
 */

const encoder = new TextEncoder();

/**
 * Returns the parts of a text, each of so many bytes of UTF-8 at the most: behind a space where there is one, and else
 * between two characters. All of the text is in them.
 *
 * @param most The most bytes of a part; 4 at least, so that any character fits.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { wrap } from "./wrap.ts";
 *
 * assertEquals(wrap("tea at five", 8), ["tea at ", "five"]);
 * assertEquals(wrap("grüße", 4), ["grü", "ße"]);
 * assertEquals(wrap("", 8), [""]);
 * ```
 */
export function wrap(text: string, most: number): string[] {
  const parts: string[] = [];
  const buffer = new Uint8Array(Math.max(most, 4));
  let rest = text;
  while (rest.length * 3 > most) { // a unit of UTF-16 is 3 bytes at the most
    const { read } = encoder.encodeInto(rest, buffer);
    if (read === rest.length) break;
    const space = rest.lastIndexOf(" ", read - 1) + 1;
    const end = space > 0 ? space : read;
    parts.push(rest.slice(0, end));
    rest = rest.slice(end);
  }
  return [...parts, rest];
}
