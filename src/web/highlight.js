// @ts-check
/**
 * Marks search terms in a text, by the same rules as the server's search: case, accents and punctuation are ignored; a word matches
 * if it begins with a term; in Korean and in scripts without spaces between words, any part of a text matches.
 */
import { wordsOf } from "./search_words.js";

const UNSPACED =
  "[[\\p{scx=Han}\\p{scx=Hiragana}\\p{scx=Katakana}\\p{scx=Hangul}\\p{scx=Thai}\\p{scx=Lao}\\p{scx=Khmer}\\p{scx=Myanmar}]&&[\\p{L}\\p{N}]]";
const WORD = new RegExp(`(?:${UNSPACED}\\p{M}*)+|[[\\p{L}\\p{N}\\p{M}]--${UNSPACED}]+`, "gv");
const RUN = new RegExp(`^${UNSPACED}`, "v");

/** A character, with the marks and the further parts of a Korean syllable behind it. */
const CHARACTER = /\P{M}[\p{M}\u1160-\u11ff]*/gu;

/** The most characters shown before the first match, and in total. */
const EXCERPT_BEFORE = 60;
const EXCERPT_MAX = 400;

/**
 * Splits a text into matches and the text between them, shortened to an excerpt around the first match.
 *
 * @param {string} text
 * @param {string} search As the user has written it.
 * @returns {{ text: string, found: boolean }[]}
 */
export function highlightWords(text, search) {
  const wanted = [...new Set(foldWords(wordsOf(search)))];
  const parts = [];
  let from = 0;
  for (const { index, length } of findMatches(text, wanted)) {
    if (parts.length === 0 && index > 2 * EXCERPT_BEFORE) {
      from = index - EXCERPT_BEFORE;
      parts.push({ text: "… ", found: false });
    }
    if (index > from) parts.push({ text: text.slice(from, index), found: false });
    parts.push({ text: text.slice(index, index + length), found: true });
    from = index + length;
  }
  if (from < text.length) parts.push({ text: text.slice(from), found: false });
  return shorten(parts);
}

/**
 * @param {string} text
 * @param {string[]} wanted
 * @returns {{ index: number, length: number }[]} In their order.
 */
function findMatches(text, wanted) {
  const [runs, beginnings] = [wanted.filter((term) => RUN.test(term)), wanted.filter((term) => !RUN.test(term))];
  return [...text.matchAll(WORD)].flatMap(({ 0: word, index }) => {
    if (RUN.test(word)) return findInRun(word, runs, index);
    const length = matchLength(word, beginnings);
    return length > 0 ? [{ index, length }] : [];
  });
}

/** @param {string} word @param {string} term A beginning, or a word of one letter. */
function matches(word, term) {
  return word === term || ([...term].length > 1 && word.startsWith(term));
}

/**
 * How much of a word its longest match takes, as whole characters; 0 if there is none.
 *
 * @param {string} word
 * @param {string[]} terms
 */
function matchLength(word, terms) {
  const all = foldWords(word);
  const matched = terms.filter((term) => all.some((each) => matches(each, term))).map(({ length }) => length);
  if (matched.length === 0) return 0;
  if (all.length > 1) return word.length; // a symbol that is several words, of which one is enough
  const wanted = Math.max(...matched);
  let [length, seen] = [0, 0];
  for (const [character] of word.matchAll(/\P{M}\p{M}*|\p{M}+/gu)) {
    if (seen >= wanted && fold(character) !== "") break;
    length += character.length;
    seen += fold(character).length;
  }
  return length;
}

/**
 * @param {string} run
 * @param {string[]} terms
 * @param {number} start Where the run begins in the text.
 */
function findInRun(run, terms, start) {
  const characters = [...run.matchAll(CHARACTER)].map(({ 0: text, index }) => ({ text: fold(text), index }));
  let folded = "";
  const ends = characters.map(({ text }) => (folded += text).length);
  /** Which of the characters belong to a match. */
  const marked = new Set();
  for (const term of terms) {
    for (let at = folded.indexOf(term); at >= 0; at = folded.indexOf(term, at + 1)) {
      ends.forEach((end, n) => {
        if (end > at && (ends[n - 1] ?? 0) < at + term.length) marked.add(n);
      });
    }
  }
  /** @type {{ index: number, length: number }[]} */
  const found = [];
  characters.forEach(({ index }, n) => {
    if (!marked.has(n)) return;
    const length = (characters[n + 1]?.index ?? run.length) - index;
    const last = found.at(-1);
    if (last !== undefined && marked.has(n - 1)) last.length += length;
    else found.push({ index: start + index, length });
  });
  return found;
}

/** @param {{ text: string, found: boolean }[]} parts */
function shorten(parts) {
  let left = EXCERPT_MAX;
  return parts.flatMap(({ text, found }) => {
    if (left <= 0) return [];
    const part = text.length <= left ? text : `${text.slice(0, left)} …`;
    left -= text.length;
    return { text: part, found };
  });
}

/** Folds a text for comparison. @param {string} text */
function fold(text) {
  return text.normalize("NFKD").replace(/\p{M}+/gu, "").toLowerCase().normalize("NFC");
}

/** The words of a text for comparison. A ligature may become several letters, and a symbol several words. @param {string} text @returns {string[]} */
function foldWords(text) {
  return fold(text).match(WORD) ?? [];
}
