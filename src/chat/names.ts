/**
 * What a nick and a room may be called, when two names are one, and when they only look it.
 */

/** The most characters in a nick. */
export const NICK_MAX = 30;

/** The most characters in a room's name, its `#` included. */
export const ROOM_MAX = 50;

/** The room that always exists and never has operators. Text clients start there. */
export const LOBBY = "#lobby";

const NICK = new RegExp(`^[A-Za-z_\\[\\]{}\\\\|^\`][A-Za-z0-9_\\-\\[\\]{}\\\\|^\`]{0,${NICK_MAX - 1}}$`);

// No spaces, no comma (IRC's lists have it), no control characters, and none that cannot be seen: Unicode's list of what
// is to be ignored where it cannot be shown (fillers, joiners, variation selectors), and the empty Braille cell.
const ROOM = new RegExp(`^#[^\\p{Z}\\p{C}\\p{Default_Ignorable_Code_Point}\\u2800,]{1,${ROOM_MAX - 1}}$`, "u");

const ASCII = /^[!-~]*$/;
const LETTERS = /\p{L}+/gu;

// An emoji is what it is, though Unicode has it that some are made of a letter in a square.
const EMOJI = /\p{Emoji_Presentation}/gu;

// Thai, Lao and Armenian words are written with these, though Unicode would take them apart; and the wide marks stand
// behind what is as wide.
const NATIVE =
  /[\u0e33\u0eb3\u0edc\u0edd\u0587]|(?<=[\p{sc=Han}\p{sc=Hiragana}\p{sc=Katakana}\p{sc=Hangul}ー])[！？～]/gu;

// Those that belong to one script, such as the Hebrew maqaf, stand among its letters, and are no `-`.
const DASHES = /(?!-)(?=\p{Script=Common})\p{Pd}|[\u2212\u2043\u02d7]/u;

/** Scripts that have letters which look like each other's. A word has letters of one of them. */
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
 * Whether somebody may be called so: 1 to {@linkcode NICK_MAX} of the letters A to Z, digits and ``_-[]{}\|^` ``, and
 * neither a digit nor `-` first (RFC 2812, section 2.3.1, with more characters at the most).
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
 * Whether a room may be called so: `#` and 1 to 49 characters more, none of them a space, a comma, a control character
 * or another that cannot be seen.
 *
 * Two rooms must not be written alike, so a name is composed as far as it can be (NFC), its letters, digits and other
 * characters are plain ones, not wide, bold or the like (NFKC), it has no dash but `-`, and no word of it mixes letters
 * of scripts that look like each other, such as Latin and Cyrillic. A name that is of one script altogether is what it
 * is, whatever it looks like.
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

/** Whether a name that is not all ASCII is written in the one way in which it is to be written. */
function isPlain(name: string): boolean {
  const bare = name.replace(EMOJI, "").replace(NATIVE, "");
  if (name !== name.normalize("NFC") || bare !== bare.normalize("NFKC") || DASHES.test(name)) return false;
  return (name.match(LETTERS) ?? []).every((word) => SCRIPTS.filter((script) => script.test(word)).length < 2);
}

/**
 * What a name is compared by: names that differ in the case of A to Z only are one name. Other letters keep their case,
 * as in IRC's `CASEMAPPING=ascii`, so that all clients can tell.
 */
export function fold(name: string): string {
  return name.replace(/[A-Z]+/g, (letters) => letters.toLowerCase());
}

/**
 * What a name is compared by where it matters what it looks like (a skeleton, as UTS #39 has it, of those characters
 * that a nick may have): names with the same skeleton are confusable.
 *
 * The pairs are those of UTS #39, `1`, `I`, `l` and `|`; `0` and `O`; `rn` and `m`; and `vv` and `w` beside them. Case is
 * folded first, as names that differ in nothing else are one name; so `i` counts as an `I`, which it may be shown as.
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
  return fold(name).replace(/[1i|0mw]/g, (character) => LOOKS[character]!);
}

/** What each of them looks like. */
const LOOKS: Readonly<Record<string, string>> = { "1": "l", "i": "l", "|": "l", "0": "o", "m": "rn", "w": "vv" };
