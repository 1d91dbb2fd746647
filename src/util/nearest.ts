/** Suggestions for mistyped words. */

/** Maximum length of a word that is compared; a longer one is not a typing error. */
const WORD_MAX = 20;

/** More errors than there can be in a word. */
const FAR = 100;

/**
 * Returns the name that a word abbreviates, or from which it differs by one typing error (two if it has five or more
 * letters): a letter added, missing or wrong, or two adjacent letters exchanged.
 *
 * @param word In lower case.
 * @returns The nearest name, the first of several equally near ones; `undefined` if there is none.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { nearest } from "./nearest.ts";
 *
 * assertEquals(nearest("jion", ["invite", "join"]), "join");
 * assertEquals(nearest("hist", ["join", "history"]), "history");
 * assertEquals(nearest("dance", ["invite", "join"]), undefined);
 * ```
 */
export function nearest(word: string, names: Iterable<string>): string | undefined {
  return nearestOf(word, names, (name) => name);
}

/**
 * Returns the item with the nearest name: see {@linkcode nearest}. It takes less than a microsecond for each item.
 *
 * @param word In lower case.
 * @param nameOf Returns the name of an item, in lower case; `undefined` if the item does not count.
 */
export function nearestOf<T>(
  word: string,
  items: Iterable<T>,
  nameOf: (item: T) => string | undefined,
): T | undefined {
  if (word.length < 2 || word.length > WORD_MAX) return undefined;
  let found: T | undefined;
  let most = word.length <= 4 ? 1 : 2; // errors that the next item may have
  const rows = [0, 1, 2].map(() => new Uint8Array(WORD_MAX + most + 1));
  for (const item of items) {
    const name = nameOf(item);
    if (name === undefined) continue;
    const errors = name.startsWith(word) ? 0 : distance(word, name, most, rows);
    if (errors > most) continue;
    found = item;
    if (errors === 0) break;
    most = errors - 1;
  }
  return found;
}

/**
 * Returns the optimal string alignment distance of two words, or `Infinity` if it exceeds a maximum.
 *
 * @param rows Memory for three rows, so that a comparison allocates none.
 */
function distance(a: string, b: string, max: number, rows: readonly Uint8Array[]): number {
  if (Math.abs(a.length - b.length) > max) return Infinity;
  let [before, previous, row] = rows as [Uint8Array, Uint8Array, Uint8Array];
  for (let j = 0; j <= b.length; j++) row[j] = j;
  let least = 0;
  for (let i = 1; i <= a.length; i++) {
    [before, previous, row] = [previous, row, before];
    const leastBefore = least;
    // Cells further from the diagonal exceed the maximum.
    const [from, to] = [Math.max(1, i - max), Math.min(b.length, i + max)];
    row[from - 1] = least = from === 1 ? i : FAR;
    for (let j = from; j <= to; j++) {
      const wrong = a.charCodeAt(i - 1) === b.charCodeAt(j - 1) ? 0 : 1;
      let errors = Math.min(previous[j]! + 1, row[j - 1]! + 1, previous[j - 1]! + wrong);
      const exchanged = i > 1 && j > 1 && a.charCodeAt(i - 1) === b.charCodeAt(j - 2) &&
        a.charCodeAt(i - 2) === b.charCodeAt(j - 1);
      if (exchanged) errors = Math.min(errors, before[j - 2]! + 1);
      row[j] = errors;
      least = Math.min(least, errors);
    }
    if (to < b.length) row[to + 1] = FAR;
    if (least > max && leastBefore >= max) return Infinity; // an exchange continues the row before
  }
  return row[b.length]!;
}
