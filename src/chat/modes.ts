/** The modes of rooms, by their IRC letters (RFC 2811, section 4). */
import { byteLength } from "../util/bytes.ts";

import { matchesMask } from "../util/mask.ts";

export { matchesMask };

/**
 * The ranks of members, the highest first: owners have a room, operators change it, and voiced members may speak when it is
 * moderated.
 */
export const RANKS = ["owner", "op", "voice"] as const;
export type Rank = typeof RANKS[number];

/** The modes that give a rank, and the mode of each rank. */
export const RANK_OF = { q: "owner", o: "op", v: "voice" } as const;
export const MODE_OF = { owner: "q", op: "o", voice: "v" } as const;
export type RankMode = keyof typeof RANK_OF;

/**
 * Modes without a parameter: invite-only, moderated, no external messages, secret, topic set by operators alone; only users
 * that are logged in may speak (M), and enter (R).
 */
export const SWITCHES = ["i", "m", "n", "s", "t", "M", "R"] as const;
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
  /** `nick`: the user that the mask stands for, if it was made from a nickname. */
  | { readonly on: boolean; readonly mode: List; readonly mask: string; readonly nick?: string }
  | { readonly on: boolean; readonly mode: "k"; readonly key: string }
  | { readonly on: true; readonly mode: "l"; readonly limit: number }
  | { readonly on: false; readonly mode: "l" }
  | { readonly on: boolean; readonly mode: RankMode; readonly nick: string };

/** A mask in a list of a room. */
export interface Mask {
  readonly mask: string;
  /** Who added it, as `nick!user@host`. */
  readonly by: string;
  /** When it was added, in milliseconds since 1970. */
  readonly at: number;
  /** The nickname that was banned, if the mask stands for a user: the ban can be lifted by it. */
  readonly nick?: string | undefined;
}

/** Masks that begin with this match an account (IRCv3, "account-extban"): `~a:alice`. No nickname begins with it. */
export const ACCOUNT_MASK = "~a:";

/** The mask that matches the members that are logged in to an account. */
export function accountMask(account: string): string {
  return ACCOUNT_MASK + account;
}

/**
 * Whether a mask matches a user. All arguments are folded.
 *
 * @param origin `nick!user@host`
 * @param account The account that the user is logged in to, if any.
 *
 * @example
 * ```ts
 * import { assert } from "@std/assert";
 * import { matchesUser } from "./modes.ts";
 *
 * assert(matchesUser("~a:alice", "bob!~b@host", "alice"));
 * assert(!matchesUser("~a:alice", "alice!~a@host", undefined));
 * assert(matchesUser("*!*@host", "bob!~b@host", "alice"));
 * ```
 */
export function matchesUser(mask: string, origin: string, account: string | undefined): boolean {
  if (!mask.startsWith(ACCOUNT_MASK)) return matchesMask(mask, origin);
  return account !== undefined && matchesMask(mask, accountMask(account));
}

/**
 * Completes a nickname, host or partial mask to a mask for `nick!user@host`. A mask for accounts is complete.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { completeMask } from "./modes.ts";
 *
 * assertEquals(completeMask("bob"), "bob!*@*");
 * assertEquals(completeMask("*.example.org"), "*!*@*.example.org");
 * assertEquals(completeMask("~bob@host"), "*!~bob@host");
 * assertEquals(completeMask("~a:bob"), "~a:bob");
 * ```
 */
export function completeMask(text: string): string {
  if (text.startsWith(ACCOUNT_MASK)) return text;
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

/** What follows `~a:`, a name of an account in which `*` and `?` are wildcards: no spaces, commas or control characters. */
const ACCOUNT = /^[^\p{Z}\p{C},!@]+$/u;

/** Whether a mask that {@linkcode completeMask} has returned is valid. */
export function isMask(mask: string): boolean {
  if (mask.length > MASK_MAX || byteLength(mask) > MASK_MAX) return false;
  return mask.startsWith(ACCOUNT_MASK) ? ACCOUNT.test(mask.slice(ACCOUNT_MASK.length)) : MASK.test(mask);
}
