/**
 * Finds the name that a mistyped word most likely stands for.
 */

/** The longest word that is compared; a longer one is no slip of the fingers. */
const WORD_MAX = 20;

/**
 * Finds the name that a word is the beginning of, or differs from by one slip, two in a longer word: a letter too many, too
 * few or wrong, or two letters exchanged.
 *
 * @param word In lower case.
 * @returns `undefined` if there is none. Of several, the nearest, and of those the first.
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
    const slips = name.startsWith(word) ? 0 : distance(word, name);
    if (slips > least || (slips === least && found !== undefined)) continue;
    found = name;
    least = slips;
  }
  return found;
}

/** How many slips lead from one word to another: the optimal string alignment distance. */
function distance(a: string, b: string): number {
  let [before, row]: number[][] = [[], Array.from({ length: b.length + 1 }, (_, j) => j)];
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      const same = a[i - 1] === b[j - 1];
      next[j] = Math.min(row![j]! + 1, next[j - 1]! + 1, row![j - 1]! + (same ? 0 : 1));
      const exchanged = i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1];
      if (exchanged) next[j] = Math.min(next[j]!, before![j - 2]! + 1);
    }
    [before, row] = [row, next];
  }
  return row![b.length]!;
}
