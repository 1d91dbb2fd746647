// @ts-check
/**
 * Suggestions for mistyped words, by the same rules as the text port's (`util/nearest.ts`).
 */

/** Maximum length of a word that is compared; a longer one is not a typing error. */
const WORD_MAX = 20;

/**
 * Returns the name that a word abbreviates, or from which it differs by one typing error (two if it has five or more
 * letters): a letter added, missing or wrong, or two adjacent letters exchanged.
 *
 * @param {string} word In lower case.
 * @param {Iterable<string>} names
 * @returns {string | undefined} The nearest name, the first of several equally near ones.
 */
export function nearest(word, names) {
  if (word.length < 2 || word.length > WORD_MAX) return undefined;
  let found;
  let least = word.length <= 4 ? 1 : 2;
  for (const name of names) {
    const errors = name.startsWith(word) ? 0 : distance(word, name);
    if (errors > least || (errors === least && found !== undefined)) continue;
    found = name;
    least = errors;
  }
  return found;
}

/** The optimal string alignment distance of two words. @param {string} a @param {string} b */
function distance(a, b) {
  /** @type {number[]} */
  let previous = [];
  let row = Array.from({ length: b.length + 1 }, (_, j) => j);
  /** @param {number[]} from @param {number} j */
  const at = (from, j) => from[j] ?? Infinity;
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      const same = a[i - 1] === b[j - 1];
      let errors = Math.min(at(row, j) + 1, at(next, j - 1) + 1, at(row, j - 1) + (same ? 0 : 1));
      const exchanged = i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1];
      if (exchanged) errors = Math.min(errors, at(previous, j - 2) + 1);
      next.push(errors);
    }
    [previous, row] = [row, next];
  }
  return at(row, b.length);
}
