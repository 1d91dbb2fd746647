/**
 * What a room's modes are, and what can be done to them. The letters are IRC's: all who run rooms know them.
 */
export { matches } from "../util/mask.ts";

/** What somebody may be in a room, the highest first: an operator runs it, a voice may speak where others may not. */
export const RANKS = ["op", "voice"] as const;
export type Rank = typeof RANKS[number];

/** Modes that are on or off: invite only, moderated, no messages from outside, secret, topic for operators only. */
export const SWITCHES = ["i", "m", "n", "s", "t"] as const;
export type Switch = typeof SWITCHES[number];

/** Modes that are lists of masks: bans, exceptions from them, and who may come in where nobody may without invitation. */
export const LISTS = ["b", "e", "I"] as const;
export type List = typeof LISTS[number];

/** The modes that a new room has. */
export const NEW_ROOM: readonly Switch[] = ["n", "t"];

/** The most masks in all lists of one room together. */
export const MASKS_MAX = 100;

/** The most characters of a mask. */
export const MASK_MAX = 150;

/** The most characters of a room's key. */
export const KEY_MAX = 32;

/** One change of a room's modes. */
export type ModeChange =
  | { readonly on: boolean; readonly mode: Switch }
  | { readonly on: boolean; readonly mode: List; readonly mask: string }
  | { readonly on: boolean; readonly mode: "k"; readonly key: string }
  | { readonly on: true; readonly mode: "l"; readonly limit: number }
  | { readonly on: false; readonly mode: "l" }
  | { readonly on: boolean; readonly mode: "o" | "v"; readonly nick: string };

/** A mask in one of a room's lists. */
export interface Mask {
  readonly mask: string;
  /** Who put it there, in full. */
  readonly by: string;
  /** When, in milliseconds since 1970. */
  readonly at: number;
}

/**
 * Completes what somebody wrote to a mask for `nick!user@host`.
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
