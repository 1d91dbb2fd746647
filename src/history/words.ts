/**
 * What counts as a word when one searches: the same in both histories, and whatever the database thinks words are.
 *
 * Case, accents and punctuation make no difference. Scripts that write no spaces between words count each character.
 */

const WORD =
  /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Thai}\p{Script=Lao}\p{Script=Khmer}\p{Script=Myanmar}]|[[\p{L}\p{N}]--[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Thai}\p{Script=Lao}\p{Script=Khmer}\p{Script=Myanmar}]]+/gv;

const ASCII = /^[\0-\x7f]*$/;

/** The most words of a search; what follows them is left out. */
export const WORDS_MAX = 16;

/**
 * The words of a text.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { wordsOf } from "./words.ts";
 *
 * assertEquals(wordsOf("L'été: “Zürich” AND 2×3"), ["l", "ete", "zurich", "and", "2", "3"]);
 * assertEquals(wordsOf("今日は"), ["今", "日", "は"]);
 * ```
 */
export function wordsOf(text: string): string[] {
  if (ASCII.test(text)) return text.toLowerCase().match(/[a-z0-9]+/g) ?? []; // the same, faster
  return text.normalize("NFKD").replace(/\p{M}+/gu, "").toLowerCase().match(WORD) ?? [];
}

/** Whether all of some words are in a text. It is soon found out where they are not, as in nearly all texts. */
export function hasWords(text: string, words: readonly string[]): boolean {
  if (ASCII.test(text)) {
    const lower = text.toLowerCase();
    if (!words.every((word) => lower.includes(word))) return false;
  }
  const there = new Set(wordsOf(text));
  return words.every((word) => there.has(word));
}

/** The words of what somebody searches for. */
export function wordsSought(text: string): string[] {
  return [...new Set(wordsOf(text))].slice(0, WORDS_MAX);
}
