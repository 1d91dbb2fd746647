/**
 * The names under which the history stores private conversations.
 *
 * Each of the two members has a copy of the conversation. A member that is logged in finds its own by the account, from any
 * host and under any nickname. Other members are identified by nickname and host together.
 */
import type { Member } from "./member.ts";
import { fold } from "./names.ts";
import type { Room } from "./room.ts";

/** Stands in place of a host where a conversation belongs to an account. No host has this name. */
export const ACCOUNT_HOST = "account";

/** The history target of what a member and another nickname have said to each other, from the member's side. */
export function conversationTarget(member: Member, nick: string): string {
  return conversationPrefix(member) + fold(nick);
}

/** What the history targets of all conversations of a member begin with; the other nickname, folded, follows. */
export function conversationPrefix({ nick, host, fullAccount }: Member): string {
  return fullAccount === undefined ? `${fold(nick)}@${host} ` : accountPrefix(fullAccount);
}

/** What the history targets of all conversations of an account begin with. */
export function accountPrefix(account: string): string {
  return `${fold(account)}@${ACCOUNT_HOST} `;
}

/** The history target of a room, or of a member's conversation with a nickname. */
export function historyTarget(member: Member, where: Room | string): string {
  return typeof where === "string" ? conversationTarget(member, where) : where.key;
}
