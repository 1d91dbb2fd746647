// @ts-check
/**
 * Up to where one has read, room by room: remembered by the browser, for as many rooms as were read last.
 */
import { lasting } from "./storage.js";
import { fold } from "./room.js";

/** @typedef {import("./lines.js").Mark} Mark */

/** For how many rooms it is remembered. */
const ROOMS_MAX = 200;

/** How long it may take until it is, in milliseconds. */
const DELAY = 500;

/** @type {Map<string, Mark>} What is yet to be remembered. */
const fresh = new Map();

/** @param {string} room @returns {Mark | undefined} */
export function markOf(room) {
  return fresh.get(fold(room)) ?? remembered().get(fold(room));
}

/** @param {string} room @param {Mark} mark */
export function remember(room, mark) {
  if (fresh.size === 0) setTimeout(save, DELAY);
  fresh.delete(fold(room)); // it is the last one now
  fresh.set(fold(room), mark);
}

/** Remembers it now. */
export function save() {
  if (fresh.size === 0) return;
  const marks = remembered(); // by now, another tab may have read on
  for (const [room, mark] of fresh) {
    const other = marks.get(room);
    marks.delete(room);
    marks.set(room, other !== undefined && other.time > mark.time ? other : mark);
  }
  fresh.clear();
  const rows = [...marks].slice(-ROOMS_MAX).map(([room, { id, time }]) => [room, id, time.getTime()]);
  lasting.set("read", JSON.stringify(rows));
}

/** @returns {Map<string, Mark>} By folded name, what was read last at the end. */
function remembered() {
  /** @type {Map<string, Mark>} */
  const marks = new Map();
  for (const row of rows()) {
    if (!Array.isArray(row)) continue;
    const [room, id, time] = row;
    if (typeof room !== "string" || typeof id !== "string" || !Number.isFinite(time)) continue;
    marks.set(room, { id, time: new Date(time) });
  }
  return marks;
}

/** @returns {unknown[]} */
function rows() {
  try {
    const rows = JSON.parse(lasting.get("read"));
    return Array.isArray(rows) ? rows : [];
  } catch {
    return [];
  }
}
