/**
 * Disconnects the clients that a new ban matches.
 */
import type { Chat } from "../chat/chat.ts";
import type { Member, Session } from "../chat/member.ts";
import { type Ban, Bans } from "../moderation/bans.ts";
import type { BanResult } from "../protocol/moderation.ts";
import type { Connection } from "../transport/connection.ts";
import type { Steps } from "../util/steps.ts";

/** How many clients are checked in one step. */
export const STEP = 16;

/** A client that may be banned. */
export interface Bannable {
  /** Set once the client has registered. */
  readonly session: Session | undefined;
}

/**
 * Disconnects all clients that a new ban matches, except server operators, who could otherwise ban themselves by mistake.
 * Earlier bans are not checked: they were enforced when they were made.
 *
 * @param by The server operator who made the ban.
 * @returns How many clients were disconnected, and whether the ban matches the operator who made it.
 */
export function* enforceBan(
  ban: Ban,
  by: Member,
  clients: Iterable<readonly [Connection, Bannable]>,
  chat: Pick<Chat, "disconnect">,
): Steps<BanResult> {
  const bans = new Bans();
  bans.add(ban);
  const pending: Promise<void>[] = [];
  let [disconnected, includesCaller, checked] = [0, false, 0];
  for (const [connection, { session }] of clients) {
    if (++checked % STEP === 0) yield;
    const match = bans.findByAddress(connection.address) ??
      (session && bans.findByOrigin(session.origin, session.member.account));
    if (match === undefined) continue;
    if (session?.member === by) includesCaller = true;
    if (session?.member.operator || connection.closeReason !== undefined) continue;
    disconnected++;
    if (session === undefined) {
      connection.close("banned");
      continue;
    }
    const reason = `Banned: ${ban.reason}`;
    session.tell({ kind: "notice", text: `You are banned from this server: ${ban.reason}` });
    const disconnecting = disconnect(chat, session, reason);
    disconnecting.catch(() => {}); // `done` rejects, but not before the last step
    pending.push(disconnecting);
  }
  return { disconnected, includesCaller, done: Promise.all(pending) };
}

async function disconnect(chat: Pick<Chat, "disconnect">, session: Session, reason: string): Promise<void> {
  await chat.disconnect(session, reason);
  session.outlet.close("banned", reason);
}
