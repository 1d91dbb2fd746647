// @ts-check
/**
 * The private conversations that the user has closed: they stay closed until there is a new message. The browser stores those
 * closed last.
 */
import { localStore } from "./storage.js";
import { fold } from "./room.js";

/** The most conversations that are stored as closed. */
const CLOSED_MAX = 200;

/** Notes that the user has closed a conversation. @param {string} name @param {Date} time That of the last message. */
export function noteClosed(name, time) {
  const closed = load();
  closed.delete(fold(name)); // so that it comes last
  closed.set(fold(name), time.getTime());
  save(closed);
}

/** Notes that a conversation is open. @param {string} name */
export function noteOpened(name) {
  const closed = load();
  if (closed.delete(fold(name))) save(closed);
}

/** Whether a conversation was closed after its last message. @param {string} name @param {Date} time That of the last message. */
export function isClosed(name, time) {
  return time.getTime() <= (load().get(fold(name)) ?? -Infinity);
}

/** @param {Map<string, number>} closed */
function save(closed) {
  localStore.set("closed", closed.size === 0 ? "" : JSON.stringify([...closed].slice(-CLOSED_MAX)));
}

/** @returns {Map<string, number>} Times in milliseconds since 1970 by folded name. */
function load() {
  try {
    /** @type {unknown} */
    const rows = JSON.parse(localStore.get("closed"));
    if (!Array.isArray(rows)) return new Map();
    return new Map(rows.filter((row) => Array.isArray(row) && typeof row[0] === "string" && Number.isFinite(row[1])));
  } catch {
    return new Map();
  }
}
