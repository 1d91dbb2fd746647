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

/**
 * @param {Chat} chat
 * @param {Room} room
 * @param {() => void} changed Called when a message was loaded.
 * @returns {import("./views/reactions.js").LineActions}
 */
export function lineActions(chat, room, changed) {
  /** @type {Map<string, Line | null | undefined>} By id; `null` if there is none any more, `undefined` while it is being loaded. */
  const loaded = new Map();
  /** @type {string[]} */
  const waiting = [];
  let loading = 0;

  const loadNext = () => {
    const id = loading < LOADING_MAX ? waiting.pop() : undefined; // the last one is the one that is shown
    if (id === undefined) return;
    loading++;
    const done = (/** @type {Line | null} */ line) => {
      loading--;
      loaded.set(id, line);
      const [oldest] = loaded.keys();
      if (loaded.size > QUOTED_MAX && oldest !== undefined) loaded.delete(oldest);
      changed();
      loadNext();
    };
    loadMessage(chat, room, id, { done: (line) => done(line ?? null), failed: () => done(null) });
  };

  return {
    react: (line, text) => toggleReaction(chat, room, line, text),
    goTo: (id) => {
      const time = loaded.get(id)?.time ?? new Date(0);
      goToMessage(chat, room, { id, time }, (why) => chat.model.tell(room, why));
    },
    find(id) {
      const known = room.lines.findLast((line) => line.id === id);
      if (known !== undefined) return known;
      if (loaded.has(id) || !hasHistory(chat) || !chat.online) return loaded.get(id);
      loaded.set(id, undefined);
      if (waiting.length >= QUOTED_MAX) loaded.delete(waiting.shift() ?? "");
      waiting.push(id);
      loadNext();
      return undefined;
    },
  };
}

/** The beginning of a message as a quote shows it: the name of a file, and no marks of code blocks. @param {Line} line @param {string} origin That of the page, whose links are files. */
export function quoteText({ text, deletedBy }, origin) {
  if (deletedBy !== undefined) return "Deleted message";
  const files = text.includes("/f/") ? fileLinks(text, origin) : [];
  if (isFileAlone(text, files)) return files[0]?.name ?? "";
  return plainText(text).replace(/^(?:```.*|> ?)/gm, "").trim().slice(0, QUOTE_MAX);
}

/** What a deleted line shows in place of its text. @param {Line} line */
export function deletedText({ nick, deletedBy = "", reason = "" }) {
  const why = reason === "" ? "" : `: ${plainText(reason)}`;
  return deletedBy === nick || deletedBy === "" ? `Deleted${why}` : `Deleted by ${deletedBy}${why}`;
}
