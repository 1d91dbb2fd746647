// @ts-check
/**
 * Up to where one has read, room by room: remembered by the browser, for as many rooms as were read last.
 */
import { localStore } from "./storage.js";
import { fold } from "./room.js";

/** @typedef {import("./lines.js").Position} Mark */

/** For how many rooms it is remembered. */
const ROOMS_MAX = 200;

/** How long it may take until it is, in milliseconds. */
const DELAY = 500;

/** @type {Map<string, Mark>} What is yet to be remembered. */
const unsaved = new Map();

/** @param {string} room @returns {Mark | undefined} */
export function readMarkerOf(room) {
  return unsaved.get(fold(room)) ?? loadMarkers().get(fold(room));
}

/** @param {string} room @param {Mark} mark */
export function setReadMarker(room, mark) {
  if (unsaved.size === 0) setTimeout(saveReadMarkers, DELAY);
  unsaved.delete(fold(room)); // it is the last one now
  unsaved.set(fold(room), mark);
}

/** Remembers it now. */
export function saveReadMarkers() {
  if (unsaved.size === 0) return;
  const marks = loadMarkers(); // by now, another tab may have read on
  for (const [room, mark] of unsaved) {
    const other = marks.get(room);
    marks.delete(room);
    marks.set(room, other !== undefined && other.time > mark.time ? other : mark);
  }
  unsaved.clear();
  const rows = [...marks].slice(-ROOMS_MAX).map(([room, { id, time }]) => [room, id, time.getTime()]);
  localStore.set("read", JSON.stringify(rows));
}

/** @returns {Map<string, Mark>} By folded name, what was read last at the end. */
function loadMarkers() {
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
    const rows = JSON.parse(localStore.get("read"));
    return Array.isArray(rows) ? rows : [];
  } catch {
    return [];
  }
}
