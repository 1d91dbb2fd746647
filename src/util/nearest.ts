/** Suggestions for mistyped words. */

/** Maximum length of a word that is compared; a longer one is not a typing error. */
const WORD_MAX = 20;

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
  if (word.length < 2 || word.length > WORD_MAX) return undefined;
  let found: string | undefined;
  let least = word.length <= 4 ? 1 : 2;
  for (const name of names) {
    const errors = name.startsWith(word) ? 0 : distance(word, name);
    if (errors > least || (errors === least && found !== undefined)) continue;
    found = name;
    least = errors;
  }
  return found;
}

/** Returns the optimal string alignment distance of two words. */
function distance(a: string, b: string): number {
  let [previous, row]: number[][] = [[], Array.from({ length: b.length + 1 }, (_, j) => j)];
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      const same = a[i - 1] === b[j - 1];
      next[j] = Math.min(row![j]! + 1, next[j - 1]! + 1, row![j - 1]! + (same ? 0 : 1));
      const exchanged = i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1];
      if (exchanged) next[j] = Math.min(next[j]!, previous![j - 2]! + 1);
    }
    [previous, row] = [row, next];
  }
  return row![b.length]!;
}
