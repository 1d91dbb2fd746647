/**
 * Splits texts into search terms: the same ones for both stores, independent of SQLite's tokenizers.
 *
 * Case, accents and punctuation are ignored. In scripts without spaces between words, each character is a term.
 */

const TERM =
  /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Thai}\p{Script=Lao}\p{Script=Khmer}\p{Script=Myanmar}]|[[\p{L}\p{N}]--[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Thai}\p{Script=Lao}\p{Script=Khmer}\p{Script=Myanmar}]]+/gv;

const ASCII = /^[\0-\x7f]*$/;

const MARKS = /\p{M}+/gu;

/**
 * Above how many characters marks are removed before a text is decomposed, and not only after it. Decomposition sorts adjacent
 * marks in quadratic time: 4,096 of them take 12 ms, and 64 take 4 µs. Short texts do without the further pass.
 */
const MARKS_SORTED = 64;

/** The most terms of a query. The rest is ignored. */
export const QUERY_TERMS_MAX = 16;

/**
 * Splits a text into terms, in their order, with repetitions.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { tokenize } from "./tokenizer.ts";
 *
 * assertEquals(tokenize("L'été: “Zürich” AND 2×3"), ["l", "ete", "zurich", "and", "2", "3"]);
 * assertEquals(tokenize("今日は"), ["今", "日", "は"]);
 * ```
 */
export function tokenize(text: string): string[] {
  return split(normalize(decompose(text)));
}

/**
 * The different terms of a search query, at most {@linkcode QUERY_TERMS_MAX}.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { queryTerms } from "./tokenizer.ts";
 *
 * assertEquals(queryTerms("Tea, green tea"), ["tea", "green"]);
 * ```
 */
export function queryTerms(query: string): string[] {
  return [...new Set(tokenize(query))].slice(0, QUERY_TERMS_MAX);
}

// ASCII has nothing to decompose, so all three steps have a faster way for it.

function decompose(text: string): string {
  if (ASCII.test(text)) return text;
  return (text.length > MARKS_SORTED ? text.replace(MARKS, "") : text).normalize("NFKD");
}

/** Removes accents and case. The result contains all terms as substrings. */
function normalize(decomposed: string): string {
  return (ASCII.test(decomposed) ? decomposed : decomposed.replace(MARKS, "")).toLowerCase();
}

function split(normalized: string): string[] {
  return normalized.match(ASCII.test(normalized) ? /[a-z0-9]+/g : TERM) ?? [];
}

/** The cost of each text, whatever it contains. */
const TEXT_COST = 10;

/** How many times cheaper an ASCII character is than another, and how many times dearer it is to split a text. */
const ASCII_DISCOUNT = 8;
const SPLIT_FACTOR = 8;

/** Searches texts for terms, one text after another, and adds up the cost. */
export class TermMatcher {
  /** The cost of all texts so far, in units of about 10 ns. */
  cost = 0;
  readonly #terms: readonly string[];

  /** @param terms Terms from `tokenize` or `queryTerms`. */
  constructor(terms: readonly string[]) {
    this.#terms = terms;
  }

  /** Whether a text contains all terms. Texts that do not even contain them as substrings, as most do, are cheap. */
  matches(text: string): boolean {
    const decomposed = decompose(text); // one character can become eighteen: the cost is that of the result
    const cost = ASCII.test(text) ? text.length / ASCII_DISCOUNT : Math.max(text.length, decomposed.length);
    this.cost += TEXT_COST + cost;
    const normalized = normalize(decomposed);
    if (!this.#terms.every((term) => normalized.includes(term))) return false;
    this.cost += SPLIT_FACTOR * cost;
    const found = new Set(split(normalized));
    return this.#terms.every((term) => found.has(term));
  }
}

/** Whether a text contains all of some terms, which `tokenize` or `queryTerms` returned. */
export function containsTerms(text: string, terms: readonly string[]): boolean {
  return new TermMatcher(terms).matches(text);
}
