// @ts-check
/**
 * Finds the messages that others reply to: among the lines of the room, or else in the history of the server.
 */
import { fileLinks, isFileAlone } from "./files.js";
import { plainText } from "./format.js";
import { goToMessage, hasHistory, loadMessage } from "./history.js";
import { toggleReaction } from "./line_changes.js";

/** @typedef {import("./chat.js").Chat} Chat */
/** @typedef {import("./lines.js").Line} Line */
/** @typedef {import("./room.js").Room} Room */

/** The most messages that are loaded for quotes and kept, for each room. */
export const QUOTED_MAX = 200;

/** The most characters of a quote. CSS cuts it to one line. */
const QUOTE_MAX = 160;

/** How many are loaded at a time. */
const LOADING_MAX = 4;

/** Whether single messages of a room can be loaded: after a reconnect, not before the user is in it again. @param {Chat} chat @param {Room} room */
export function canLoad(chat, room) {
  return chat.online && hasHistory(chat) && room.state === "in";
}

/**
 * @param {Chat} chat
 * @param {Room} room Its `quoted` has `null` for a message that is gone, `undefined` while one is being loaded.
 * @param {(id: string) => void} changed Called when a message was loaded, or could not be.
 * @returns {import("./views/reactions.js").LineActions}
 */
export function lineActions(chat, room, changed) {
  const { quoted } = room;
  /** @type {string[]} */
  const waiting = [];
  let loading = 0;

  const loadNext = () => {
    const id = loading < LOADING_MAX ? waiting.pop() : undefined; // the last one is the one that is shown
    if (id === undefined) return;
    loading++;
    const done = (/** @type {Line | null | undefined} */ line) => {
      loading--;
      if (line === undefined) quoted.delete(id);
      else quoted.set(id, line);
      const [oldest] = quoted.keys();
      if (quoted.size > QUOTED_MAX && oldest !== undefined) quoted.delete(oldest);
      changed(id);
      loadNext();
    };
    loadMessage(chat, room, id, {
      done: (line) => done(line ?? null),
      failed: () => done(canLoad(chat, room) ? null : undefined), // else it is loaded when the user is in the room again
    });
  };

  return {
    react: (line, text) => toggleReaction(chat, room, line, text),
    goTo: (id) => {
      const time = quoted.get(id)?.time ?? new Date(0);
      goToMessage(chat, room, { id, time }, (why) => chat.model.tell(room, why));
    },
    find(id) {
      const known = room.lines.findLast((line) => line.id === id);
      if (known !== undefined) return known;
      if (quoted.has(id) || !canLoad(chat, room)) return quoted.get(id);
      quoted.set(id, undefined);
      if (waiting.length >= QUOTED_MAX) quoted.delete(waiting.shift() ?? "");
      waiting.push(id);
      loadNext();
      return undefined;
    },
  };
}

/** The beginning of a message as a quote shows it: the name of a file, and no marks of code blocks. @param {Line} line */
export function quoteText({ text, deletedBy }) {
  if (deletedBy !== undefined) return "Deleted message";
  const files = fileLinks(text);
  if (isFileAlone(text, files)) return files[0]?.name ?? "";
  return plainText(text).replace(/^(?:```.*|> ?)/gm, "").trim().slice(0, QUOTE_MAX);
}

/** What a deleted line shows in place of its text. @param {Line} line */
export function deletedText({ nick, deletedBy = "", reason = "" }) {
  const why = reason === "" ? "" : `: ${plainText(reason)}`;
  return deletedBy === nick || deletedBy === "" ? `Deleted${why}` : `Deleted by ${deletedBy}${why}`;
}
