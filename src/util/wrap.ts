/** Splitting of texts and lists into parts of limited length in UTF-8. */
import { byteLength } from "./bytes.ts";

const encoder = new TextEncoder();

/** Maximum length of a character in UTF-8. A part is never shorter than that, so that splitting always makes progress. */
const CHARACTER_MAX = 4;

/**
 * Splits a text into parts of at most `most` bytes: after a space if possible, otherwise between two characters. The
 * concatenation of all parts is the text.
 *
 * @param most At least 4; a lower value counts as 4.
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
  const buffer = new Uint8Array(Math.max(most, CHARACTER_MAX));
  let rest = text;
  while (rest.length * 3 > most) { // a UTF-16 code unit takes at most 3 bytes
    const { read } = encoder.encodeInto(rest, buffer);
    if (read === rest.length) break;
    const space = rest.lastIndexOf(" ", read - 1) + 1;
    const end = space > 0 ? space : read;
    parts.push(rest.slice(0, end));
    rest = rest.slice(end);
  }
  return [...parts, rest];
}

/**
 * Joins items into lines of at most `most` bytes. A longer item is a line of its own. Items are taken only as needed.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { wrapList } from "./wrap.ts";
 *
 * assertEquals([...wrapList(["alice", "bob", "carol"], 10)], ["alice bob", "carol"]);
 * assertEquals([...wrapList(["alice", "bob"], 100, ",")], ["alice,bob"]);
 * assertEquals([...wrapList([], 10)], []);
 * ```
 */
export function* wrapList(items: Iterable<string>, most: number, separator = " "): Generator<string> {
  let line: string | undefined;
  let length = 0;
  for (const item of items) {
    const added = byteLength(item);
    if (line !== undefined && length + separator.length + added <= most) {
      line += separator + item;
      length += separator.length + added;
    } else {
      if (line !== undefined) yield line;
      line = item;
      length = added;
    }
  }
  if (line !== undefined) yield line;
}
