// @ts-check
/**
 * Read markers in the browser: the last message that the user has read in each room, for those read last. See read_sync.js.
 */
import { localStore } from "./storage.js";
import { fold } from "./room.js";

/** @typedef {import("./lines.js").Position} Position */

/** The most rooms for which a marker is stored. */
const ROOMS_MAX = 200;

/** Markers are stored after this delay, in milliseconds. */
const DELAY = 500;

/** @type {Map<string, Position>} Markers that are not stored yet. */
const unsaved = new Map();

/** @param {string} room @returns {Position | undefined} */
export function readMarkerOf(room) {
  return unsaved.get(fold(room)) ?? loadMarkers().get(fold(room));
}

/** @param {string} room @param {Position} marker */
export function setReadMarker(room, marker) {
  if (unsaved.size === 0) setTimeout(saveReadMarkers, DELAY);
  unsaved.delete(fold(room)); // so that it comes last
  unsaved.set(fold(room), marker);
}

/** Stores the markers now. */
export function saveReadMarkers() {
  if (unsaved.size === 0) return;
  const markers = loadMarkers(); // another tab of the browser may have changed them
  for (const [room, marker] of unsaved) {
    const other = markers.get(room);
    markers.delete(room);
    markers.set(room, other !== undefined && other.time > marker.time ? other : marker);
  }
  unsaved.clear();
  const rows = [...markers].slice(-ROOMS_MAX).map(([room, { id, time }]) => [room, id, time.getTime()]);
  localStore.set("read", JSON.stringify(rows));
}

/** @returns {Map<string, Position>} By folded name; the room read last is at the end. */
function loadMarkers() {
  /** @type {Map<string, Position>} */
  const markers = new Map();
  for (const row of rows()) {
    if (!Array.isArray(row)) continue;
    const [room, id, time] = row;
    if (typeof room !== "string" || typeof id !== "string" || !Number.isFinite(time)) continue;
    markers.set(room, { id, time: new Date(time) });
  }
  return markers;
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
