// @ts-check
/**
 * A colour for everybody: the same name has the same one, today and tomorrow, on every screen. Which colours there are
 * says the style sheet (`.c0` to `.c11`), for dark and for light.
 */
import { fold } from "./room.js";

const COLOURS = 12;

/** The class for a name. @param {string} nick */
export function colour(nick) {
  let hash = 0x811c9dc5; // FNV-1a
  for (const character of fold(nick)) hash = Math.imul(hash ^ character.charCodeAt(0), 0x01000193) >>> 0;
  return `c${((hash ^ (hash >>> 16)) >>> 0) % COLOURS}`;
}
