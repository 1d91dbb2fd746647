// @ts-check
/**
 * Colours of nicknames: a nickname has the same colour on every screen. The style sheet defines the colours, for light and
 * dark (`.c0` to `.c11`).
 */
import { fold } from "./room.js";

const COLOURS = 12;

/** The class of a nickname's colour. @param {string} nick */
export function colour(nick) {
  let hash = 0x811c9dc5; // FNV-1a
  for (const character of fold(nick)) hash = Math.imul(hash ^ character.charCodeAt(0), 0x01000193) >>> 0;
  return `c${((hash ^ (hash >>> 16)) >>> 0) % COLOURS}`;
}
