// @ts-check
/**
 * The exceptions of a room: users whom no ban concerns (mode `e`), and users who need no invitation (mode `I`). Only operators
 * of the room can see them.
 */
import { hasAccounts } from "./account.js";

/** @typedef {import("./context.ts").ChatContext} ChatContext */
/** @typedef {import("./room.js").Room} Room */

/** An exception. `name` is the account that it is about, or else the mask. @typedef {{ name: string, mask: string, by: string, since: Date }} Exception */

/** How the mask of an account begins (EXTBAN of RPL_ISUPPORT). */
const ACCOUNT = "~a:";

/**
 * Loads a list.
 *
 * @param {ChatContext} chat
 * @param {Room} room
 * @param {"e" | "I"} list The letter of its mode.
 * @param {(exceptions: Exception[]) => void} done Not called if the request fails.
 */
export function loadExceptions(chat, room, list, done) {
  /** @type {Exception[]} */
  const found = [];
  let failed = false;
  chat.request("MODE", [room.name, list], {
    room,
    onReply(_text, [, mask = "", by = "", since] = []) {
      if (since === undefined) return; // the end of the list
      found.push({ name: nameOf(mask), mask, by: by.split("!")[0] ?? "", since: new Date(Number(since) * 1000) });
    },
    onError: () => failed = true,
    onDone() {
      if (!failed) done(found);
    },
  });
}

/** The mask for what an operator has entered: a name is that of an account, if there are any. @param {ChatContext} chat @param {string} entered */
export function maskFor(chat, entered) {
  return hasAccounts(chat) && !/[!@*?~]/.test(entered) ? ACCOUNT + entered : entered;
}

/** @param {string} mask */
function nameOf(mask) {
  return /^~a:[^*?]+$/.test(mask) ? mask.slice(ACCOUNT.length) : mask.replace(/!\*@\*$/, "");
}
