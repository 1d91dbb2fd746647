/**
 * Splits texts into search terms: the same ones for both stores, independent of SQLite's tokenizers.
 *
 * Case, accents and punctuation are ignored. Most terms are words. In scripts without spaces between words, and in Korean, which
 * adds endings and other words to a word without a space, a term is a run of characters up to the next space or punctuation.
 *
 * A term of a query matches each word that begins with it; a single letter, only the word of that letter. A run in a query
 * matches each run that contains it.
 */

/**
 * The letters and digits of these scripts. The extensions of a script (`scx`) have characters that several scripts share, such as
 * the long vowel mark of Hiragana and Katakana.
 */
const UNSPACED =
  "[[\\p{scx=Han}\\p{scx=Hiragana}\\p{scx=Katakana}\\p{scx=Hangul}\\p{scx=Thai}\\p{scx=Lao}\\p{scx=Khmer}\\p{scx=Myanmar}]&&[\\p{L}\\p{N}]]";

const TERM = new RegExp(`${UNSPACED}+|[[\\p{L}\\p{N}]--${UNSPACED}]+`, "gv");

const RUN = new RegExp(`^${UNSPACED}`, "v");

/** The letters that Korean syllables are decomposed into. */
const JAMO = /[\u1100-\u11ff]/;

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
 * assertEquals(tokenize("今日は good"), ["今日は", "good"]);
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

/** Whether a term is a run of characters of a script without spaces, and not a word. */
export function isRun(term: string): boolean {
  return RUN.test(term);
}

// ASCII has nothing to decompose, so all three steps have a faster way for it.

function decompose(text: string): string {
  if (ASCII.test(text)) return text;
  return (text.length > MARKS_SORTED ? text.replace(MARKS, "") : text).normalize("NFKD");
}

/** Removes accents and case, and composes Korean syllables. The result contains all terms as substrings. */
function normalize(decomposed: string): string {
  if (ASCII.test(decomposed)) return decomposed.toLowerCase();
  const folded = decomposed.replace(MARKS, "").toLowerCase();
  return JAMO.test(folded) ? folded.normalize("NFC") : folded; // nothing else can be composed without marks
}

function split(normalized: string): string[] {
  return normalized.match(ASCII.test(normalized) ? /[a-z0-9]+/g : TERM) ?? [];
}

/** The cost of each text, whatever it contains. */
const TEXT_COST = 10;

/** How many times cheaper an ASCII character is than another, and how many times dearer it is to split a text. */
const ASCII_DISCOUNT = 8;
const SPLIT_FACTOR = 8;

/** The cost of comparing a word with a term. */
const COMPARE_COST = 0.5;

/** Searches texts for terms, one text after another, and adds up the cost. */
export class TermMatcher {
  /** The cost of all texts so far, in units of about 10 ns. */
  cost = 0;
  readonly #terms: readonly string[];
  readonly #words: readonly string[];

  /** @param terms Terms from `queryTerms`. */
  constructor(terms: readonly string[]) {
    this.#terms = terms;
    this.#words = terms.filter((term) => !isRun(term));
  }

  /** Whether a text matches all terms. Texts that do not even contain them as substrings, as most do, are cheap. */
  matches(text: string): boolean {
    const decomposed = decompose(text); // one character can become eighteen: the cost is that of the result
    const cost = ASCII.test(text) ? text.length / ASCII_DISCOUNT : Math.max(text.length, decomposed.length);
    this.cost += TEXT_COST + cost;
    const normalized = normalize(decomposed);
    if (!this.#terms.every((term) => normalized.includes(term))) return false;
    if (this.#words.length === 0) return true;
    const words = split(normalized);
    this.cost += SPLIT_FACTOR * cost + COMPARE_COST * this.#words.length * words.length;
    return this.#words.every((term) => words.some((word) => matchesWord(word, term)));
  }
}

function matchesWord(word: string, term: string): boolean {
  return word.startsWith(term) && (word.length === term.length || !isLetter(term));
}

/** Whether a term is a single character, which matches no longer word. */
function isLetter(term: string): boolean {
  return term.length === 1 || (term.length === 2 && term.codePointAt(0)! > 0xffff);
}
