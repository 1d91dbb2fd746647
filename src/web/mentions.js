// @ts-check
/**
 * Finds names of users and rooms in messages.
 */
import { fold } from "./room.js";

/** Scripts whose words are written without spaces between them, or with endings: there, a name may stand anywhere. */
const UNSPACED =
  "\\p{scx=Han}\\p{scx=Hiragana}\\p{scx=Katakana}\\p{scx=Hangul}\\p{scx=Thai}\\p{scx=Lao}\\p{scx=Khmer}\\p{scx=Myanmar}\\p{scx=Tibetan}";

/** The characters of nicknames, as a regular expression. */
const NAME = "[\\p{L}\\p{M}\\p{Nd}_\\-\\[\\]\\{\\}\\\\\\|\\^\\`]";

/** A character that continues a name, as a regular expression. */
export const LETTER = `[${NAME}--[${UNSPACED}]]`;

/** The most characters of a nickname and of a room. The server rejects longer ones. */
const NICK_MAX = 30;
const ROOM_MAX = 50;

/** What is folded as one: a character with its marks, or Hangul letters that form syllables. Further marks are folded alone. */
const CLUSTER = /[\u1100-\u11ff\ua960-\ua97f\ud7b0-\ud7ff]{1,32}|\P{M}[\p{M}\uff9e\uff9f]{0,16}|\p{M}/gu;

const CONTINUES = new RegExp(`^${LETTER}`, "v");
const AT = new RegExp(`(?<!${LETTER})@(${NAME}{1,${NICK_MAX}})`, "gv");
const ROOM = new RegExp(`(?<!${LETTER}|[#&\\/])##?[\\p{L}\\p{M}\\p{N}_.+\\/&\\-]{1,${ROOM_MAX - 1}}`, "gv");

/** Punctuation after the name of a room, as at the end of a sentence. */
const AFTER_ROOM = /[.&/+-]+$/;

/** The name of a room in Latin letters that text of a script without spaces follows. */
const LATIN_ROOM = new RegExp(`^#+[!-~]*[\\da-z](?=[${UNSPACED}])`, "iv");

/** Hexadecimal colours of style sheets. */
const COLOUR = /^#(?=[\da-f]*\d)(?:[\da-f]{3}|[\da-f]{6}|[\da-f]{8})$/i;

/**
 * Whom and what a message can name. Without it, no names are found.
 *
 * @typedef {object} Names
 * @property {string} own The user's nickname, or the empty string in its own messages.
 * @property {(name: string) => string | undefined} member Returns the nickname of a member of the room.
 */

/** @typedef {{ from: number, to: number, kind: "own" | "name" | "room", name: string }} Found A name in a text, and where it is. */

/** @type {{ nick: string, pattern: RegExp } | undefined} The pattern of the last nickname, as all messages are searched for the same one. */
let last;

/** The nickname as a word. @param {string} nick */
function patternOf(nick) {
  if (last?.nick === nick) return last.pattern;
  const escaped = fold(nick).replace(/[\\^$.*+?()[\]{}|]/g, "\\$&");
  const pattern = new RegExp(`(?<!${LETTER})@?${escaped}(?!${LETTER})`, "gv");
  last = { nick, pattern };
  return pattern;
}

/**
 * Where a text contains a nickname as a word, with or without `@`, compared as the server compares nicknames.
 *
 * @param {string} text
 * @param {string} nick
 * @returns {{ from: number, to: number }[]}
 */
export function findNick(text, nick) {
  if (nick === "") return [];
  const { folded, starts } = foldAll(text);
  return [...folded.matchAll(patternOf(nick))].map(({ index, 0: found }) => {
    const end = index + found.length;
    const from = starts?.[index] ?? index;
    if (starts === undefined) return { from, to: end };
    let to = end;
    while (to < starts.length && to > 0 && starts[to] === starts[to - 1]) to++; // to the end of the character
    return { from, to: starts[to] ?? text.length };
  });
}

/** Folds a text as a nickname. `starts`: the index in the text of each index in the result, if these differ. @param {string} text */
function foldAll(text) {
  if (/^[ -~\n\t]*$/.test(text)) return { folded: text.toLowerCase() };
  let folded = "";
  /** @type {number[]} */
  const starts = [];
  for (const { index, 0: cluster } of text.matchAll(CLUSTER)) {
    folded += fold(cluster);
    while (starts.length < folded.length) starts.push(index);
  }
  return { folded, starts };
}

/**
 * Finds the user's own name, `@name` of other members, and rooms.
 *
 * @param {string} text
 * @param {Names} [names]
 * @returns {Found[]} In the order of the text, without overlaps.
 */
export function findNames(text, names) {
  /** @type {Found[]} */
  const found = [];
  if (names !== undefined) {
    for (const { from, to } of findNick(text, names.own)) found.push({ from, to, kind: "own", name: names.own });
    for (const { index, 1: word = "" } of text.includes("@") ? text.matchAll(AT) : []) {
      const name = longestMember(word, text.slice(index + 1 + word.length), names.member);
      if (name !== undefined) found.push({ from: index, to: index + 1 + name.length, kind: "name", name: name.nick });
    }
  }
  for (const { index, 0: word } of text.includes("#") ? text.matchAll(ROOM) : []) {
    const name = roomIn(word);
    if (name !== undefined) found.push({ from: index, to: index + name.length, kind: "room", name });
  }
  let end = 0;
  return found.sort((a, b) => a.from - b.from).filter(({ from, to }) => {
    if (from < end) return false;
    end = to;
    return true;
  });
}

/** The longest beginning of a word that is a member. @param {string} word @param {string} after The text after it. @param {Names["member"]} member */
function longestMember(word, after, member) {
  const characters = [...word];
  let rest = after.slice(0, 2);
  for (let length = characters.length; length > 0; length--) {
    if (!CONTINUES.test(rest)) {
      const name = characters.slice(0, length).join("");
      const nick = member(name);
      if (nick !== undefined) return { nick, length: name.length };
    }
    rest = characters[length - 1] ?? "";
  }
  return undefined;
}

/** The room at the beginning of a word, if it looks like one: a number after `#` is more often an issue. @param {string} word */
function roomIn(word) {
  const name = (LATIN_ROOM.exec(word)?.[0] ?? word).replace(AFTER_ROOM, "");
  return /\p{L}/u.test(name) && !COLOUR.test(name) ? name : undefined;
}
