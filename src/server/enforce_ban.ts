/**
 * Disconnects the clients that a new ban matches, and removes such users without a connection.
 */
import type { AlwaysOnUsers } from "../chat/always_on_users.ts";
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
 * @returns How many clients were disconnected or removed, and whether the ban matches the operator who made it.
 */
export function* enforceBan(
  ban: Ban,
  by: Member,
  clients: Iterable<readonly [Connection, Bannable]>,
  chat: Pick<Chat, "disconnect" | "remove"> & { readonly alwaysOn: Pick<AlwaysOnUsers, "absent"> },
): Steps<BanResult> {
  const bans = new Bans();
  bans.add(ban);
  const pending: Promise<void>[] = [];
  let [disconnected, includesCaller, checked] = [0, false, 0];
  for (const member of [...chat.alwaysOn.absent]) { // first: the others become absent before they are removed
    if (++checked % STEP === 0) yield;
    if (member.sessions.length > 0 || bans.findByOrigin(member.origin) === undefined) continue;
    disconnected++;
    pending.push(Promise.resolve(chat.remove(member, `Banned: ${ban.reason}`)));
  }
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

/** Disconnects a session, and removes its user if that has no other session, also if it is always on. */
async function disconnect(
  chat: Pick<Chat, "disconnect" | "remove">,
  session: Session,
  reason: string,
): Promise<void> {
  const { member } = session;
  await chat.disconnect(session, reason);
  if (member.sessions.length === 0) await chat.remove(member, reason);
  session.outlet.close("banned", reason);
}
