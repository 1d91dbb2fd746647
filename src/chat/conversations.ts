/**
 * Private conversations in the history: which are stored, and under which names.
 *
 * Each of the two sides has a copy of the conversation. A member that is logged in finds its own by the account, from any
 * host and under any nickname. The conversations of a guest belong to its connection: a nickname without an account proves
 * nothing, and many users may share a host.
 */
import type { Member } from "./member.ts";
import { fold } from "./names.ts";
import type { Room } from "./room.ts";

/** Whose private messages are stored: those between two accounts, all, or none. */
export const KEEP_PRIVATE = ["accounts", "all", "off"] as const;
export type KeepPrivate = typeof KEEP_PRIVATE[number];

/** Stands in place of a host where a conversation belongs to an account. No host has this name. */
export const ACCOUNT_HOST = "account";

/** The history target of what a member and another nickname have said to each other, from the member's side. */
export function conversationTarget(member: Member, nick: string): string {
  return conversationPrefix(member) + fold(nick);
}

/** What the history targets of all conversations of a member begin with; the other nickname, folded, follows. */
export function conversationPrefix({ id, nick, host, since, fullAccount }: Member): string {
  if (fullAccount !== undefined) return accountPrefix(fullAccount);
  return `${fold(nick)}@${host}/${since.toString(36)}.${id.toString(36)} `; // ids begin anew with each run of the server
}

/** What the history targets of all conversations of an account begin with. */
export function accountPrefix(account: string): string {
  return `${fold(account)}@${ACCOUNT_HOST} `;
}

/** The history target of a room, or of a member's conversation with a nickname. */
export function historyTarget(member: Member, where: Room | string): string {
  return typeof where === "string" ? conversationTarget(member, where) : where.key;
}
