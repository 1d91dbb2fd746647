/** The modes of rooms, by their IRC letters (RFC 2811, section 4). */
import { byteLength } from "../util/bytes.ts";

export { matchesMask } from "../util/mask.ts";

/** The ranks of members, the highest first: operators change the room, and voiced members may speak when it is moderated. */
export const RANKS = ["op", "voice"] as const;
export type Rank = typeof RANKS[number];

/** Modes without a parameter: invite-only, moderated, no external messages, secret, topic set by operators alone. */
export const SWITCHES = ["i", "m", "n", "s", "t"] as const;
export type Switch = typeof SWITCHES[number];

/** Modes that are lists of masks: bans, exceptions from bans, and exceptions from invite-only. */
export const LISTS = ["b", "e", "I"] as const;
export type List = typeof LISTS[number];

/** The modes of a new room. */
export const NEW_ROOM: readonly Switch[] = ["n", "t"];

/** The most masks in all lists of one room together. */
export const MASKS_MAX = 100;

/** The most bytes of a mask. */
export const MASK_MAX = 150;

/** The most characters of a key. */
export const KEY_MAX = 32;

/** One change of a mode. */
export type ModeChange =
  | { readonly on: boolean; readonly mode: Switch }
  | { readonly on: boolean; readonly mode: List; readonly mask: string }
  | { readonly on: boolean; readonly mode: "k"; readonly key: string }
  | { readonly on: true; readonly mode: "l"; readonly limit: number }
  | { readonly on: false; readonly mode: "l" }
  | { readonly on: boolean; readonly mode: "o" | "v"; readonly nick: string };

/** A mask in a list of a room. */
export interface Mask {
  readonly mask: string;
  /** Who added it, as `nick!user@host`. */
  readonly by: string;
  /** When it was added, in milliseconds since 1970. */
  readonly at: number;
}

/**
 * Completes a nickname, host or partial mask to a mask for `nick!user@host`.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { completeMask } from "./modes.ts";
 *
 * assertEquals(completeMask("bob"), "bob!*@*");
 * assertEquals(completeMask("*.example.org"), "*!*@*.example.org");
 * assertEquals(completeMask("~bob@host"), "*!~bob@host");
 * ```
 */
export function completeMask(text: string): string {
  const bang = text.indexOf("!");
  const at = text.indexOf("@", bang + 1);
  if (bang < 0 && at < 0) return /[.:]/.test(text) ? `*!*@${text}` : `${text}!*@*`;
  const nick = bang < 0 ? "" : text.slice(0, bang);
  const user = at < 0 ? text.slice(bang + 1) : text.slice(bang + 1, at);
  const host = at < 0 ? "" : text.slice(at + 1);
  return `${nick || "*"}!${user || "*"}@${host || "*"}`;
}

/** The characters of nicknames, users and hosts, `*` and `?`; a colon first would begin a trailing parameter. */
const MASK = /^(?![!:])(?:(?!\p{Default_Ignorable_Code_Point})[!-~\p{L}\p{M}\p{Nd}\u0f0b\u06fd\u06fe\u3007])+$/u;

/** Whether a mask that {@linkcode completeMask} has returned is valid. */
export function isMask(mask: string): boolean {
  return mask.length <= MASK_MAX && byteLength(mask) <= MASK_MAX && MASK.test(mask);
}
