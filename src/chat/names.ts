/** The syntax of nicknames and room names, and when two names are equal. `skeleton.ts` says when two look alike. */
import { byteLength } from "../util/bytes.ts";
import { areNickCharacters, hasOneDirection } from "./scripts.ts";

/** The most characters and bytes of a nickname. Outside ASCII, a letter has 2 to 4 bytes. */
export const NICK_MAX = 30;
export const NICK_BYTES = 60;

/** The most characters and bytes of a room name, including `#`. */
export const ROOM_MAX = 50;
export const ROOM_BYTES = 100;

/** The room that always exists and never has operators. Text clients start there. */
export const LOBBY = "#lobby";

/**
 * The most UTF-16 units of a text that is normalized: more than any name or mask has. Normalization (NFC) takes quadratic
 * time in the number of marks: 0.1 ms for 250, and 100 ms for 8,000.
 */
const NORMALIZED_MAX = 256;

const NICK = new RegExp(`^[A-Za-z_\\[\\]{}\\\\|^\`][A-Za-z0-9_\\-\\[\\]{}\\\\|^\`]{0,${NICK_MAX - 1}}$`);

// No spaces, commas (they separate IRC lists) or control characters, and no invisible ones: fillers, joiners, variation
// selectors (Default_Ignorable_Code_Point), and the empty Braille cell.
const ROOM = new RegExp(`^#[^\\p{Z}\\p{C}\\p{Default_Ignorable_Code_Point}\\u2800,]{1,${ROOM_MAX - 1}}$`, "u");

const ASCII = /^[\0-\x7f]*$/;
const LETTERS = /\p{L}+/gu;

// Emoji are left alone, though NFKC decomposes some into a squared letter.
const EMOJI = /\p{Emoji_Presentation}/gu;

// Characters that NFKC decomposes but that Thai, Lao and Armenian words are written with, and wide marks behind wide letters.
const NATIVE =
  /[\u0e33\u0eb3\u0edc\u0edd\u0587]|(?<=[\p{sc=Han}\p{sc=Hiragana}\p{sc=Katakana}\p{sc=Hangul}ー])[！？～]/gu;

// All dashes but `-`, except those that belong to one script, such as the Hebrew maqaf.
const DASHES = /(?!-)(?=\p{Script=Common})\p{Pd}|[\u2212\u2043\u02d7]/u;

/** Wide and narrow forms (East Asian Width F and H) of letters, digits and the punctuation of nicknames. */
const WIDE = /[\uff0d\uff10-\uff19\uff21-\uff5d\uff65-\uffdc]/g;

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
 * Whether a nickname is valid: 1 to {@linkcode NICK_MAX} letters, digits and ``_-[]{}\|^` `` in at most
 * {@linkcode NICK_BYTES} bytes, with neither a digit nor `-` first (RFC 2812, section 2.3.1, except for the length and for
 * letters outside ASCII). Letters and digits are of one writing system: see `scripts.ts`.
 *
 * A valid nickname is in the form that {@linkcode prepareName} returns.
 *
 * @example
 * ```ts
 * import { assert } from "@std/assert";
 * import { isNick } from "./names.ts";
 *
 * assert(isNick("alice") && isNick("[bot]-1") && isNick("Zoë") && isNick("田中さん"));
 * assert(!isNick("1st") && !isNick("a b") && !isNick(""));
 * assert(!isNick("Zo\u0451")); // the last letter is Cyrillic
 * ```
 */
export function isNick(name: string): boolean {
  if (ASCII.test(name)) return NICK.test(name);
  // The folded name, which can be longer, has to be valid as well: the history stores it.
  return isShortNick(name) && !/^[\p{Nd}-]/u.test(name) && name === prepareName(name) && areNickCharacters(name) &&
    isShortNick(fold(name));
}

function isShortNick(name: string): boolean {
  return name.length <= NICK_BYTES && [...name].length <= NICK_MAX && byteLength(name) <= NICK_BYTES;
}

/**
 * Whether a room may be created under a name: `#` and 1 to 49 more characters in at most {@linkcode ROOM_BYTES} bytes,
 * without spaces, commas, control or invisible characters.
 *
 * So that two rooms are not written alike, a name is in composed form (NFC), has no compatibility characters such as wide or
 * bold letters (NFKC) and no dash but `-`, runs in one direction, and no word of it mixes letters of scripts that look alike,
 * such as Latin and Cyrillic. A name in one script alone is valid, whatever it looks like.
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
  return isStoredRoom(name) && (ASCII.test(name) || (byteLength(name) <= ROOM_BYTES && isPlain(name)));
}

/** Whether an earlier version may have created a room under a name: its characters and their number are valid. */
export function isStoredRoom(name: string): boolean {
  return ROOM.test(name);
}

/** Whether a name that is not ASCII is in its canonical form. */
function isPlain(name: string): boolean {
  const bare = name.replace(EMOJI, "").replace(NATIVE, "");
  if (name !== name.normalize("NFC") || bare !== bare.normalize("NFKC") || DASHES.test(name)) return false;
  return hasOneDirection(name.slice(1)) &&
    (name.match(LETTERS) ?? []).every((word) => SCRIPTS.filter((script) => script.test(word)).length < 2);
}

/**
 * The form in which a name that a client has chosen is stored and shown: with wide and narrow letters in their usual form,
 * and composed (NFC), as in the profile UsernameCasePreserved (RFC 8265, section 3.4). Whether it is valid is not checked.
 */
export function prepareName(name: string): string {
  if (ASCII.test(name) || name.length > NORMALIZED_MAX) return name;
  return name.replace(WIDE, (letter) => letter.normalize("NFKC")).normalize("NFC");
}

/**
 * The form in which names are compared: prepared, and in lower case (UsernameCaseMapped, RFC 8265, section 3.3).
 *
 * RFC 8265 distinguishes the final sigma; here both sigmas are the same, as a mask may end within a name.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { fold } from "./names.ts";
 *
 * assertEquals(fold("#Lobby"), "#lobby");
 * assertEquals(fold("ΝΊΚΟΣ"), fold("Νίκος"));
 * assertEquals(fold("E\u0301mile"), fold("émile"));
 * ```
 */
export function fold(name: string): string {
  if (ASCII.test(name)) return name.toLowerCase();
  if (name.length > NORMALIZED_MAX) return name.replace(/[A-Z]+/g, (letters) => letters.toLowerCase());
  return prepareName(name).toLowerCase().replaceAll("ς", "σ").normalize("NFC");
}
