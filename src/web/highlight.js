// @ts-check
/**
 * Words, as the server searches for them: case, accents and punctuation make no difference, and scripts that write no
 * spaces between words count each character. It is needed to show what was found in a text.
 */

const UNSPACED =
  "\\p{Script=Han}\\p{Script=Hiragana}\\p{Script=Katakana}\\p{Script=Thai}\\p{Script=Lao}\\p{Script=Khmer}\\p{Script=Myanmar}";
const WORD = new RegExp(`[${UNSPACED}]\\p{M}*|[[\\p{L}\\p{N}\\p{M}]--[${UNSPACED}]]+`, "gv");

/** How much of a text stands before what was found first, and how much of it there is at all, in characters. */
const EXCERPT_BEFORE = 60;
const EXCERPT_MAX = 400;

/**
 * Cuts a text into what is one of the words and what is not, and leaves out what is far from the first of them.
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

/** As it is compared: a ligature may become several letters, and a symbol several words. @param {string} word @returns {string[]} */
function foldWord(word) {
  return word.normalize("NFKD").replace(/\p{M}+/gu, "").toLowerCase().match(WORD) ?? [];
}
