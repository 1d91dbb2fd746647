// @ts-check
/**
 * What is suggested while the user types. It is loaded when the user types the first name or emoji.
 */
import { namesIn } from "./completion.js";
import { loadEmoji, matchingEmoji } from "./emoji.js";
import { LETTER } from "./mentions.js";
import { fold } from "./room.js";

/** @typedef {import("./chat.js").Chat} Chat */
/** @typedef {import("./room.js").Room} Room */

/** The most suggestions in a list. */
const SUGGESTIONS_MAX = 8;

/**
 * A suggestion: what it inserts, and how it is shown.
 *
 * @typedef {{ text: string, label: string, icon: string, nick?: string }} Suggestion
 */

/** The end of a text in which a name or emoji is being typed. */
const NAME = new RegExp(`(?<!${LETTER}|@)@([^\\s@]{0,30})$`, "v");
const EMOJI = /(?<![\p{L}\p{N}:./]):([a-z0-9][a-z0-9_+-]+|[+-]1?)$/iu;

/** The end of a text that is the whole name of an emoji. */
const WHOLE_EMOJI = /(?<![\p{L}\p{N}:./]):([a-z0-9_+-]+):$/iu;

/** The most characters of a text that are examined. */
const EXAMINED_MAX = 60;

/**
 * What is listed while the user types a name after `@`, or an emoji after `:`.
 *
 * @param {Chat} chat
 * @param {Room} room
 * @param {string} before The text before the caret.
 * @returns {Promise<{ from: number, options: Suggestion[] } | undefined>} The index of the word, and the suggestions.
 */
export async function suggestions(chat, room, before) {
  if (inCode(before)) return undefined;
  const end = before.slice(-EXAMINED_MAX);
  const [, name] = NAME.exec(end) ?? [];
  if (name !== undefined) return { from: before.length - name.length - 1, options: suggestedNames(chat, room, name) };
  const [, word] = EMOJI.exec(end) ?? [];
  if (word === undefined) return undefined;
  const found = matchingEmoji(await loadEmoji(), word, SUGGESTIONS_MAX);
  const options = found.map(({ emoji, names: [first = ""] }) => ({
    text: `${emoji} `,
    label: `:${first}:`,
    icon: emoji,
  }));
  return { from: before.length - word.length - 1, options };
}

/** @param {Chat} chat @param {Room} room @param {string} word @returns {Suggestion[]} */
function suggestedNames(chat, room, word) {
  const wanted = fold(word);
  const names = namesIn(chat, room);
  const first = names.filter((nick) => fold(nick).startsWith(wanted));
  const others = names.filter((nick) => fold(nick).indexOf(wanted) > 0);
  const found = [...first, ...others].slice(0, SUGGESTIONS_MAX);
  // A name that is complete needs no list, in which Enter would choose it instead of sending.
  if (found.length === 1 && fold(found[0] ?? "") === wanted) return [];
  return found.map((nick) => ({ text: `@${nick} `, label: nick, icon: "@", nick }));
}

/**
 * The emoji whose whole name the user has typed.
 *
 * @param {string} before The text before the caret.
 * @returns {Promise<{ from: number, emoji: string } | undefined>} The index of the name, and the emoji.
 */
export async function typedEmoji(before) {
  const [, name] = WHOLE_EMOJI.exec(before.slice(-EXAMINED_MAX)) ?? [];
  if (name === undefined || inCode(before)) return undefined;
  const found = (await loadEmoji()).find(({ names }) => names.includes(name.toLowerCase()));
  return found && { from: before.length - name.length - 2, emoji: found.emoji };
}

/** Whether a text ends within code: nothing is completed there. @param {string} before */
function inCode(before) {
  return before.split("`").length % 2 === 0;
}
