/** Identifies the author of a line or of a reaction. */
import type { Actor } from "./events.ts";
import type { Member } from "./member.ts";
import { fold } from "./names.ts";

/**
 * Whether a member is the author of a line or of a reaction. With an account, its nickname does not matter; without one, nickname,
 * user and host have to be the same.
 */
export function isAuthor({ origin, account }: Pick<Actor, "origin" | "account">, member: Member): boolean {
  if (account === undefined) return origin === member.origin;
  if (member.fullAccount !== undefined) return fold(account) === fold(member.fullAccount);
  return origin === member.origin && account === member.account; // a token with a scope: not all lines of the account
}

/** Names the author of a reaction, so that the same member is known again: its account, else its origin. */
export function reactorKey({ origin, account }: Pick<Actor, "origin" | "account">): string {
  return account === undefined ? origin : `=${fold(account)}`;
}
