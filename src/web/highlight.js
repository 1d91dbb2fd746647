// @ts-check
/**
 * Words, as the server searches for them: case, accents and punctuation make no difference, and scripts that write no
 * spaces between words count each character. It is needed to show what was found in a text.
 */

const ALONE =
  "\\p{Script=Han}\\p{Script=Hiragana}\\p{Script=Katakana}\\p{Script=Thai}\\p{Script=Lao}\\p{Script=Khmer}\\p{Script=Myanmar}";
const WORD = new RegExp(`[${ALONE}]\\p{M}*|[[\\p{L}\\p{N}\\p{M}]--[${ALONE}]]+`, "gv");

/** How much of a text stands before what was found first, and how much of it there is at all, in characters. */
const BEFORE = 60;
const EXCERPT = 400;

/**
 * Cuts a text into what is one of the words and what is not, and leaves out what is far from the first of them.
 *
 * @param {string} text
 * @param {string} words
 * @returns {{ text: string, found: boolean }[]}
 */
export function findWords(text, words) {
  const wanted = new Set((words.match(WORD) ?? []).flatMap(folded));
  const parts = [];
  let from = 0;
  for (const match of text.matchAll(WORD)) {
    if (!folded(match[0]).some((word) => wanted.has(word))) continue;
    if (parts.length === 0 && match.index > 2 * BEFORE) {
      from = match.index - BEFORE;
      parts.push({ text: "… ", found: false });
    }
    if (match.index > from) parts.push({ text: text.slice(from, match.index), found: false });
    parts.push({ text: match[0], found: true });
    from = match.index + match[0].length;
  }
  if (from < text.length) parts.push({ text: text.slice(from), found: false });
  return shortened(parts);
}

/** @param {{ text: string, found: boolean }[]} parts */
function shortened(parts) {
  let left = EXCERPT;
  return parts.flatMap(({ text, found }) => {
    if (left <= 0) return [];
    const part = text.length <= left ? text : `${text.slice(0, left)} …`;
    left -= text.length;
    return { text: part, found };
  });
}

/** As it is compared: a ligature may become several letters, and a symbol several words. @param {string} word @returns {string[]} */
function folded(word) {
  return word.normalize("NFKD").replace(/\p{M}+/gu, "").toLowerCase().match(WORD) ?? [];
}
