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
 * import { wordsOf } from "./tokenizer.ts";
 *
 * assertEquals(wordsOf("L'été: “Zürich” AND 2×3"), ["l", "ete", "zurich", "and", "2", "3"]);
 * assertEquals(wordsOf("今日は"), ["今", "日", "は"]);
 * ```
 */
export function wordsOf(text: string): string[] {
  return split(plain(decompose(text)));
}

// Texts in ASCII have nothing to take apart or out, and go a shorter way through all three.

function decompose(text: string): string {
  return ASCII.test(text) ? text : text.normalize("NFKD");
}

/** A text without what makes no difference: all its words are in there, one after another. */
function plain(decomposed: string): string {
  return (ASCII.test(decomposed) ? decomposed : decomposed.replace(/\p{M}+/gu, "")).toLowerCase();
}

function split(plain: string): string[] {
  return plain.match(ASCII.test(plain) ? /[a-z0-9]+/g : WORD) ?? [];
}

/** What a text costs to look at, whatever is in it. */
const TEXT_COST = 10;

/** How many characters of ASCII cost what one other costs, and how many times as much it costs to tell the words apart. */
const ASCII_CHEAPER = 8;
const WORDS_DEARER = 8;

/** Looks for words in one text after another, and counts what that costs: about 10 ns each. */
export class Finder {
  /** What all texts have cost until now. */
  spent = 0;
  readonly #words: readonly string[];

  /** @param words Words as `wordsOf` makes them. */
  constructor(words: readonly string[]) {
    this.#words = words;
  }

  /** Whether all of the words are in a text. It is soon found out where they are not, as in nearly all texts. */
  finds(text: string): boolean {
    const decomposed = decompose(text); // one character can become eighteen: what it becomes is what counts
    const cost = ASCII.test(text) ? text.length / ASCII_CHEAPER : decomposed.length;
    this.spent += TEXT_COST + cost;
    const all = plain(decomposed);
    if (!this.#words.every((word) => all.includes(word))) return false;
    this.spent += WORDS_DEARER * cost;
    const there = new Set(split(all));
    return this.#words.every((word) => there.has(word));
  }
}

/** Whether all of some words, as `wordsOf` makes them, are in a text. */
export function containsWords(text: string, words: readonly string[]): boolean {
  return new Finder(words).finds(text);
}

/** The words of what somebody searches for. */
export function wordsSought(text: string): string[] {
  return [...new Set(wordsOf(text))].slice(0, WORDS_MAX);
}
