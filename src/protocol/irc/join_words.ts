/**
 * Joins words into lines that are short enough in bytes, for replies that are lists.
 */
import { byteLength } from "../../util/bytes.ts";

/**
 * Yields lines of whole words. No line is longer than `max` bytes of UTF-8, except that a longer word is a line of its own.
 * The words are taken one by one, so a caller that stops early makes no more of them. No words make no lines.
 *
 * @param sizeOf The size of a word in bytes. Where all words are ASCII, their length is the same, and faster.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { joinWords } from "./join_words.ts";
 *
 * assertEquals([...joinWords(["alice", "bob", "carol"], 10)], ["alice bob", "carol"]);
 * assertEquals([...joinWords(["alice", "bob"], 10, ",")], ["alice,bob"]);
 * assertEquals([...joinWords([], 10)], []);
 * ```
 */
export function* joinWords(
  words: Iterable<string>,
  max: number,
  separator = " ",
  sizeOf: (word: string) => number = byteLength,
): Generator<string> {
  let line: string | undefined;
  let length = 0;
  for (const word of words) {
    const size = sizeOf(word);
    if (line === undefined) {
      line = word;
      length = size;
    } else if (length + separator.length + size > max) {
      yield line;
      line = word;
      length = size;
    } else {
      line += separator + word;
      length += separator.length + size;
    }
  }
  if (line !== undefined) yield line;
}
