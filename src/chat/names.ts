/** The syntax of nicknames and room names, and when two names are equal or look alike. */

/** The most characters of a nickname. */
export const NICK_MAX = 30;

/** The most characters of a room name, including `#`. */
export const ROOM_MAX = 50;

/** The room that always exists and never has operators. Text clients start there. */
export const LOBBY = "#lobby";

const NICK = new RegExp(`^[A-Za-z_\\[\\]{}\\\\|^\`][A-Za-z0-9_\\-\\[\\]{}\\\\|^\`]{0,${NICK_MAX - 1}}$`);

// No spaces, commas (they separate IRC lists) or control characters, and no invisible ones: fillers, joiners, variation
// selectors (Default_Ignorable_Code_Point), and the empty Braille cell.
const ROOM = new RegExp(`^#[^\\p{Z}\\p{C}\\p{Default_Ignorable_Code_Point}\\u2800,]{1,${ROOM_MAX - 1}}$`, "u");

const ASCII = /^[!-~]*$/;
const LETTERS = /\p{L}+/gu;

// Emoji are left alone, though NFKC decomposes some into a squared letter.
const EMOJI = /\p{Emoji_Presentation}/gu;

// Characters that NFKC decomposes but that Thai, Lao and Armenian words are written with, and wide marks behind wide letters.
const NATIVE =
  /[\u0e33\u0eb3\u0edc\u0edd\u0587]|(?<=[\p{sc=Han}\p{sc=Hiragana}\p{sc=Katakana}\p{sc=Hangul}ー])[！？～]/gu;

// All dashes but `-`, except those that belong to one script, such as the Hebrew maqaf.
const DASHES = /(?!-)(?=\p{Script=Common})\p{Pd}|[\u2212\u2043\u02d7]/u;

/** Scripts with letters that look alike. A word may have letters of one of them only. */
const SCRIPTS = [
  /\p{Script=Latin}/u,
  /\p{Script=Greek}/u,
  /\p{Script=Cyrillic}/u,
  /\p{Script=Armenian}/u,
  /\p{Script=Cherokee}/u,
  /\p{Script=Coptic}/u,
  /\p{Script=Lisu}/u,
];

/**
 * Whether a nickname is valid: 1 to {@linkcode NICK_MAX} of the letters A to Z, digits and ``_-[]{}\|^` ``, with neither a
 * digit nor `-` first (RFC 2812, section 2.3.1, except for the length).
 *
 * @example
 * ```ts
 * import { assert } from "@std/assert";
 * import { isNick } from "./names.ts";
 *
 * assert(isNick("alice") && isNick("[bot]-1"));
 * assert(!isNick("1st") && !isNick("a b") && !isNick(""));
 * ```
 */
export function isNick(name: string): boolean {
  return NICK.test(name);
}

/**
 * Whether a room name is valid: `#` and 1 to 49 more characters, without spaces, commas, control or invisible characters.
 *
 * So that two rooms are not written alike, a name is in composed form (NFC), has no compatibility characters such as wide or
 * bold letters (NFKC) and no dash but `-`, and no word of it mixes letters of scripts that look alike, such as Latin and
 * Cyrillic. A name in one script alone is valid, whatever it looks like.
 *
 * @example
 * ```ts
 * import { assert } from "@std/assert";
 * import { isRoom } from "./names.ts";
 *
 * assert(isRoom("#lobby") && isRoom("#café") && isRoom("#linux-помощь"));
 * assert(!isRoom("lobby") && !isRoom("#") && !isRoom("#a b"));
 * assert(!isRoom("#l\u043ebby")); // the second letter is Cyrillic
 * ```
 */
export function isRoom(name: string): boolean {
  return ROOM.test(name) && (ASCII.test(name) || isPlain(name));
}

/** Whether a name that is not ASCII is in its canonical form. */
function isPlain(name: string): boolean {
  const bare = name.replace(EMOJI, "").replace(NATIVE, "");
  if (name !== name.normalize("NFC") || bare !== bare.normalize("NFKC") || DASHES.test(name)) return false;
  return (name.match(LETTERS) ?? []).every((word) => SCRIPTS.filter((script) => script.test(word)).length < 2);
}

/**
 * The form in which names are compared: with A to Z in lower case. Other letters keep their case, as clients expect with
 * `CASEMAPPING=ascii`.
 */
export function fold(name: string): string {
  return name.replace(/[A-Z]+/g, (letters) => letters.toLowerCase());
}

/**
 * The skeleton of a nickname (UTS #39, section 4): nicknames with the same skeleton look alike.
 *
 * The confusable characters are those of UTS #39: `1`, `I`, `l` and `|`; `0` and `O`; `rn` and `m`; and also `vv` and `w`.
 * The name is folded first, so `i` counts as `I`.
 *
 * @example
 * ```ts
 * import { assertEquals, assertNotEquals } from "@std/assert";
 * import { skeleton } from "./names.ts";
 *
 * for (const name of ["a1ice", "aIice", "ALICE", "a|ice"]) assertEquals(skeleton(name), skeleton("alice"));
 * assertEquals(skeleton("tirn"), skeleton("tim"));
 * assertNotEquals(skeleton("guest1"), skeleton("guest11"));
 * ```
 */
export function skeleton(name: string): string {
  return fold(name).replace(/[1i|0mw]/g, (character) => PROTOTYPES[character]!);
}

/** The prototypes of confusable characters. */
const PROTOTYPES: Readonly<Record<string, string>> = { "1": "l", "i": "l", "|": "l", "0": "o", "m": "rn", "w": "vv" };
