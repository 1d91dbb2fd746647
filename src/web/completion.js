// @ts-check
/**
 * Completions of the word before the caret by the Tab key. Those that are listed while the user types are in suggestions.js.
 */
import { listedCommands } from "./commands.js";
import { fold, isRoom } from "./room.js";

/** @typedef {import("./chat.js").Chat} Chat */
/** @typedef {import("./room.js").Room} Room */

/**
 * Completions of the Tab key: commands at the beginning, rooms after a `#`, nicknames anywhere.
 *
 * @param {Chat} chat
 * @param {Room} room
 * @param {string} before The text before the caret.
 * @returns {{ from: number, options: string[] }} The index of the word, and the texts that can replace it.
 */
export function completions(chat, room, before) {
  const from = before.search(/\S*$/);
  const word = before.slice(from);
  const fits = (/** @type {string} */ name) => fold(name).startsWith(fold(word));
  if (word === "") return { from, options: [] };
  if (from === 0 && word.startsWith("/")) {
    return { from, options: listedCommands(chat).map(([name]) => `/${name} `).filter(fits) };
  }
  if (isRoom(word)) return { from, options: chat.model.tabs.map(({ name }) => `${name} `).filter(fits) };
  const names = namesIn(chat, room);
  if (word.startsWith("@")) return { from, options: names.map((nick) => `@${nick} `).filter(fits) };
  return { from, options: names.filter(fits).map((nick) => from === 0 ? `${nick}: ` : `${nick} `) };
}

/** The names of the other members of a room. Those who spoke last come first. @param {Chat} chat @param {Room} room */
export function namesIn(chat, room) {
  const spoke = room.lines.flatMap(({ nick, own }) => nick === undefined || own ? [] : [nick]).reverse();
  const here = room.sortedMembers.map(({ nick }) => nick);
  const there = new Set(here);
  const names = new Set([...spoke.filter((nick) => there.has(nick)), ...here, ...room.isRoom ? [] : [room.name]]);
  const own = fold(chat.model.nick);
  return [...names].filter((nick) => fold(nick) !== own);
}
