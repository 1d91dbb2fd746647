/**
 * Disconnects the clients whom a new ban concerns.
 */
import { type Ban, Bans } from "../moderation/bans.ts";
import type { LocalChat } from "../chat/local_chat.ts";
import type { Member } from "../chat/member.ts";
import type { DisconnectOptions } from "../protocol/moderation.ts";
import type { Steps } from "../protocol/time_slicer.ts";
import type { Connection } from "../transport/connection.ts";

/** How many clients are looked at in one step. */
export const STEP = 16;

/** What has to be known of a client: who it is, once it has said so. */
export interface Bannable {
  readonly member: Member | undefined;
}

/**
 * Disconnects all whom a new ban concerns, but for server operators: none of them bans themselves by mistake. The bans that
 * were made before have been enforced by then, and are not looked at.
 *
 * @param by Who has made it.
 * @param clients All clients, by their connections.
 */
export function* enforceBan(
  ban: Ban,
  by: Member,
  clients: Iterable<readonly [Connection, Bannable]>,
  hub: LocalChat,
): Steps<DisconnectOptions> {
  const only = new Bans();
  only.add(ban);
  let [gone, own, looked] = [0, false, 0];
  for (const [connection, { member }] of clients) {
    if (++looked % STEP === 0) yield;
    const concerned = only.ofAddress(connection.address) ?? (member && only.ofOrigin(member.origin));
    if (concerned === undefined) continue;
    if (member === by) own = true;
    if (member?.operator || connection.ending !== undefined) continue; // or on their way out already
    gone++;
    const why = `Banned: ${ban.reason}`;
    if (member === undefined) connection.close("banned");
    else {
      member.tell({ kind: "notice", text: `You are banned from this server: ${ban.reason}` });
      hub.disconnect(member, why);
      member.outlet.close("banned", why);
    }
  }
  return { gone, own };
}
