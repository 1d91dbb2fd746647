/**
 * Which names look alike: the skeletons of UTS #39 (section 4), with the confusable characters of the package
 * `unhomoglyph`.
 */
import confusables from "unhomoglyph/data.json" with { type: "json" };
import { fold, prepareName } from "./names.ts";

/** The prototypes of characters outside ASCII. */
const PROTOTYPES: Readonly<Record<string, string>> = confusables;

/** The prototypes of ASCII characters, in lower case. */
const ASCII_PROTOTYPES: Readonly<Record<string, string>> = {
  "1": "l",
  "i": "l",
  "|": "l",
  "0": "o",
  "m": "rn",
  "w": "vv",
};

const ASCII = /^[\0-\x7f]*$/;

/**
 * The skeleton of a name: names with the same skeleton look alike.
 *
 * The confusable characters of ASCII are those of UTS #39: `1`, `I`, `l` and `|`; `0` and `O`; `rn` and `m`; and also `vv`
 * and `w`. Case is ignored, so `i` counts as `I`. Outside ASCII, upper case and lower case may look like different letters:
 * Cyrillic `В` looks like `B`, and `в` does not look like `b`. So a skeleton is that of a name as it is shown, and the
 * skeleton of the folded name may be another one.
 *
 * @example
 * ```ts
 * import { assertEquals, assertNotEquals } from "@std/assert";
 * import { skeleton } from "./skeleton.ts";
 *
 * for (const name of ["a1ice", "aIice", "ALICE", "a|ice"]) assertEquals(skeleton(name), skeleton("alice"));
 * assertEquals(skeleton("tirn"), skeleton("tim"));
 * assertEquals(skeleton("\u0440\u0430\u0443\u0440\u0430\u04cf"), skeleton("paypal")); // Cyrillic
 * assertNotEquals(skeleton("guest1"), skeleton("guest11"));
 * ```
 */
export function skeleton(name: string): string {
  const shape = ASCII.test(name) ? name : prototypes(name);
  return fold(shape).replace(/[1i|0mw]/g, (character) => ASCII_PROTOTYPES[character]!);
}

/** Replaces the characters outside ASCII by their prototypes. */
function prototypes(name: string): string {
  const decomposed = prepareName(name).normalize("NFD");
  return decomposed.replace(/[^\0-\x7f]/gu, (character) => PROTOTYPES[character] ?? character);
}
