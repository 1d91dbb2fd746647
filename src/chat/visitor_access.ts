/**
 * Access rules for visitors: see `visitors.ts`. The author of a command checks them before a line counts for limits, and the hub
 * when it applies the command.
 */
import { requireUnmuted } from "./access.ts";
import { type Identity, Member } from "./member.ts";
import type { MutedHosts } from "./muted_hosts.ts";
import type { Room } from "./room.ts";
import { actsAsAccount } from "./scope.ts";

/** Returns the member that is logged in to an account. */
type FindMember = (account: string) => Member | undefined;

/** A visitor, as the access rules of a room see it. */
export interface RoomVisitor {
  /** The member that it would be. By a token for that room alone, that is one with all that the account has there. */
  readonly client: Member;
  /** The member of its account. */
  readonly known: Member | undefined;
}

/** How the access rules of a room see a visitor. */
export function visitorIn(room: Room, nick: string, identity: Identity, find: FindMember): RoomVisitor {
  const isAccount = actsAsAccount(identity.token, room.key);
  const client = new Member(nick, isAccount ? { ...identity, token: undefined } : identity);
  return { client, known: knownOf(client, find) };
}

/**
 * Checks that a visitor is not muted, nor the member of its account, whose rights it has. A visitor with a token with a scope has
 * those of its own host and account alone.
 *
 * @param client The member that it would be.
 * @throws {ChatError} `muted`
 */
export function requireVisitorUnmuted(muted: MutedHosts, client: Member, find: FindMember): void {
  const known = knownOf(client, find);
  if (known?.operator === true) return;
  requireUnmuted(muted, client);
  if (known !== undefined) requireUnmuted(muted, known);
}

function knownOf({ fullAccount }: Member, find: FindMember): Member | undefined {
  return fullAccount === undefined ? undefined : find(fullAccount);
}
