/**
 * Private conversations in the history: which are stored, and under which names.
 *
 * Each of the two sides has a copy of the conversation. A member that is logged in finds its own by the account, from any
 * host and under any nickname. The conversations of a guest belong to its connection: a nickname without an account proves
 * nothing, and many users may share a host.
 */
import type { Member } from "./member.ts";
import { fold } from "./names.ts";

/** Whose private messages are stored: those between two accounts, all, or none. */
export const KEEP_PRIVATE = ["accounts", "all", "off"] as const;
export type KeepPrivate = typeof KEEP_PRIVATE[number];

/** Stands in place of a host where a conversation belongs to an account. No host has this name. */
export const ACCOUNT_HOST = "account";

/**
 * The name of a user in the conversations of others: its account, under whatever nickname it is in the chat. So a later owner
 * of that nickname has a conversation of its own.
 */
export function conversationName({ nick, fullAccount }: Pick<Member, "nick" | "fullAccount">): string {
  return fullAccount ?? nick;
}

/**
 * The history target of what a member and another user have said to each other, from the member's side.
 *
 * @param name The other user: see {@linkcode conversationName}.
 */
export function conversationTarget(member: Member, name: string): string {
  return conversationPrefix(member) + fold(name);
}

/** What the history targets of all conversations of a member begin with; the name of the other user, folded, follows. */
export function conversationPrefix({ id, nick, host, since, fullAccount }: Member): string {
  if (fullAccount !== undefined) return accountPrefix(fullAccount);
  return `${fold(nick)}@${host}/${since.toString(36)}.${id.toString(36)} `; // ids begin anew with each run of the server
}

/** What the history targets of all conversations of an account begin with. */
export function accountPrefix(account: string): string {
  return `${fold(account)}@${ACCOUNT_HOST} `;
}
