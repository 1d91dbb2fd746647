// @ts-check
/**
 * Marks search terms in a text, by the same rules as the server's search: case, accents and punctuation are ignored; in
 * scripts without spaces between words, each character is a term.
 */

const UNSPACED =
  "\\p{Script=Han}\\p{Script=Hiragana}\\p{Script=Katakana}\\p{Script=Thai}\\p{Script=Lao}\\p{Script=Khmer}\\p{Script=Myanmar}";
const WORD = new RegExp(`[${UNSPACED}]\\p{M}*|[[\\p{L}\\p{N}\\p{M}]--[${UNSPACED}]]+`, "gv");

/** The most characters shown before the first match, and in total. */
const EXCERPT_BEFORE = 60;
const EXCERPT_MAX = 400;

/**
 * Splits a text into matches and the text between them, shortened to an excerpt around the first match.
 *
 * @param {string} text
 * @param {string} words
 * @returns {{ text: string, found: boolean }[]}
 */
export function highlightWords(text, words) {
  const wanted = new Set((words.match(WORD) ?? []).flatMap(foldWord));
  const parts = [];
  let from = 0;
  for (const match of text.matchAll(WORD)) {
    if (!foldWord(match[0]).some((word) => wanted.has(word))) continue;
    if (parts.length === 0 && match.index > 2 * EXCERPT_BEFORE) {
      from = match.index - EXCERPT_BEFORE;
      parts.push({ text: "… ", found: false });
    }
    if (match.index > from) parts.push({ text: text.slice(from, match.index), found: false });
    parts.push({ text: match[0], found: true });
    from = match.index + match[0].length;
  }
  if (from < text.length) parts.push({ text: text.slice(from), found: false });
  return shorten(parts);
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

/** Folds a word for comparison. A ligature may become several letters, and a symbol several words. @param {string} word @returns {string[]} */
function foldWord(word) {
  return word.normalize("NFKD").replace(/\p{M}+/gu, "").toLowerCase().match(WORD) ?? [];
}
