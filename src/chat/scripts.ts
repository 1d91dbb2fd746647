/**
 * Which characters outside ASCII names may have, and which of them together: the IdentifierClass of PRECIS (RFC 8264,
 * section 4.2), the Bidi Rule (RFC 5893, section 2), and the "highly restrictive" level of scripts (UTS #39, section 5.2).
 *
 * V8's regular expressions have the data of Unicode, except for bidirectional classes: scripts stand for these. The
 * regular expression of a script is compiled when a name is compared with it for the first time: 12 ms for all of them.
 */

/** Scripts in everyday use (UAX #31, tables 5 and 7), the frequent ones first, each with those that it is written with. */
const WRITING_SYSTEMS: readonly string[][] = [
  ["Latin", "Han", "Hiragana", "Katakana"],
  ["Latin", "Han", "Bopomofo"],
  ["Latin", "Han", "Hangul"],
  ...`Cyrillic Greek Arabic Hebrew Devanagari Thai Bengali Tamil Telugu Georgian Armenian Ethiopic Gujarati Gurmukhi
    Kannada Khmer Lao Malayalam Myanmar Oriya Sinhala Thaana Tibetan
    Adlam Balinese Bamum Batak Canadian_Aboriginal Chakma Cham Cherokee Hanifi_Rohingya Javanese Kayah_Li Lepcha Limbu
    Lisu Mandaic Meetei_Mayek Miao Mongolian Newa New_Tai_Lue Nko Nyiakeng_Puachue_Hmong Ol_Chiki Osage Saurashtra
    Sundanese Syloti_Nagri Syriac Tai_Le Tai_Tham Tai_Viet Tifinagh Vai Wancho Yi`.split(/\s+/).map((script) => [
    script,
  ]),
];

/** The scripts of these that are written from right to left. */
const RIGHT_TO_LEFT =
  "\\p{sc=Arabic}\\p{sc=Hebrew}\\p{sc=Thaana}\\p{sc=Syriac}\\p{sc=Nko}\\p{sc=Adlam}\\p{sc=Mandaic}\\p{sc=Hanifi_Rohingya}";
const HAS_RIGHT_TO_LEFT = new RegExp(`[${RIGHT_TO_LEFT}]`, "u");
const HAS_LEFT_TO_RIGHT = new RegExp(`[^${RIGHT_TO_LEFT}\\p{sc=Common}\\p{sc=Inherited}]`, "u");

/** Characters of all scripts, such as digits. */
const COMMON = /[\p{scx=Common}\p{scx=Inherited}]+/gu;

/**
 * Letters, marks, digits and the ASCII punctuation of nicknames; and punctuation and a numeral that RFC 5892 (section 2.6)
 * counts as letters: the Tibetan tsheg, two Sindhi signs, and the ideographic zero.
 */
const PERMITTED = /^[\p{L}\p{M}\p{Nd}_\-[\]{}\\|^`\u0f0b\u06fd\u06fe\u3007]*$/u;

/**
 * Of these: invisible ones, enclosing marks, letters that look like punctuation (the clicks), shapes of Cyrillic letters in
 * old books, old Hangul letters, and what RFC 5892 (section 2.6) excludes, such as the Arabic tatweel.
 */
const EXCLUDED =
  /[\p{Default_Ignorable_Code_Point}\p{Me}\u01c0-\u01c3\u0640\u07fa\u1100-\u11ff\u1c80-\u1c88\u302e\u302f\u3031-\u3035\u303b\ua960-\ua97f\ud7b0-\ud7ff]/u;

/** A mark that no letter precedes; one mark twice; and more than four on one letter (UTS #39, section 5.4). */
const STRAY_MARK = /(?<![\p{L}\p{M}])\p{M}|(\p{M})\1|\p{Mn}{5}/u;

/** Characters with compatibility decompositions (NFKC) that Thai, Lao and Armenian words are written with. */
const NATIVE = /[\u0e33\u0eb3\u0edc\u0edd\u0587]/g;

/**
 * Whether the characters of a nickname that is not ASCII are valid together. Its length and its first character are not
 * checked.
 */
export function areNickCharacters(name: string): boolean {
  if (!PERMITTED.test(name) || EXCLUDED.test(name) || STRAY_MARK.test(name)) return false;
  const bare = name.replace(NATIVE, "");
  return bare === bare.normalize("NFKC") && isOneSystem(name) && hasOneKindOfDigits(name) && hasOneDirection(name);
}

/** Whether a text is written in one writing system. */
function isOneSystem(text: string): boolean {
  const own = text.replace(COMMON, "");
  return own === "" || WRITING_SYSTEMS.some((_, i) => systemOf(i).test(own));
}

const compiled: RegExp[] = [];

function systemOf(index: number): RegExp {
  return compiled[index] ??= new RegExp(
    `^[${WRITING_SYSTEMS[index]!.map((script) => `\\p{scx=${script}}`).join("")}]*$`,
    "u",
  );
}

/** Whether all decimal digits are those of one script, which are ten in a row (UTS #39, section 5.3). */
function hasOneKindOfDigits(text: string): boolean {
  const digits = (text.match(/\p{Nd}/gu) ?? []).map((digit) => digit.codePointAt(0)!);
  return digits.length === 0 || Math.max(...digits) - Math.min(...digits) < 10;
}

/**
 * Whether a text runs in one direction (RFC 5893, section 2): a right-to-left one starts with a letter, ends with a letter
 * or a digit, and has no letters of the other direction.
 */
export function hasOneDirection(text: string): boolean {
  const letters = text.replace(/\P{L}+/gu, "");
  if (!HAS_RIGHT_TO_LEFT.test(letters)) return true;
  return !HAS_LEFT_TO_RIGHT.test(letters) && /^\p{L}/u.test(text) && /[\p{L}\p{Nd}]\p{M}*$/u.test(text);
}
