/**
 * What a nick and a room may be called, and when two names are one.
 */

/** The most characters in a nick. */
export const NICK_MAX = 30;

/** The most characters in a room's name, its `#` included. */
export const ROOM_MAX = 50;

const NICK = new RegExp(`^[A-Za-z_\\[\\]{}\\\\|^\`][A-Za-z0-9_\\-\\[\\]{}\\\\|^\`]{0,${NICK_MAX - 1}}$`);

// No spaces, no comma (IRC's lists have it), no control characters, and none that cannot be seen.
const ROOM = new RegExp(`^#[^\\p{Z}\\p{C},]{1,${ROOM_MAX - 1}}$`, "u");

/**
 * Whether somebody may be called so: 1 to {@linkcode NICK_MAX} of the letters A to Z, digits and ``_-[]{}\|^` ``, and
 * neither a digit nor `-` first (RFC 2812, section 2.3.1, with more characters at the most).
 *
 * @example
 * ```ts
 * import { assert } from "@std/assert";
 * import { isNick } from "./names.ts";
 *
 * assert(isNick("alice") && isNick("[bot]-1"));
 * assert(!isNick("1st") && !isNick("a b") && !isNick(""));
 * ```
 */
export function isNick(name: string): boolean {
  return NICK.test(name);
}

/**
 * Whether a room may be called so: `#` and 1 to 49 characters more, none of them a space, a comma, a control character
 * or another that cannot be seen.
 *
 * @example
 * ```ts
 * import { assert } from "@std/assert";
 * import { isRoom } from "./names.ts";
 *
 * assert(isRoom("#lobby") && isRoom("#café"));
 * assert(!isRoom("lobby") && !isRoom("#") && !isRoom("#a b"));
 * ```
 */
export function isRoom(name: string): boolean {
  return ROOM.test(name);
}

/**
 * What a name is compared by: names that differ in the case of A to Z only are one name. Other letters keep their case,
 * as in IRC's `CASEMAPPING=ascii`, so that all clients can tell.
 */
export function fold(name: string): string {
  return name.replace(/[A-Z]+/g, (letters) => letters.toLowerCase());
}
