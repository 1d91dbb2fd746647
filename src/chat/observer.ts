/** What the chat reports to the server around it: when to flush, storage failures, and events for the log. */
import type { ChatErrorCode } from "./chat_error.ts";
import type { InviteLink } from "./invite_links.ts";
import type { Member, Outlet, Session } from "./member.ts";
import type { Room } from "./room.ts";
import type { ServerBan } from "./server_bans.ts";
import type { StoreError } from "./store.ts";

/**
 * Callbacks of the chat. They must not throw, and must not change the chat's state; only `roomRenamed` may throw a `StoreError`,
 * in a cluster.
 */
export interface ChatObserver {
  /** Lines or room settings wait for the next `flush`. Called at least once between the first of them and that flush. */
  flushWanted(): void;
  /** `flush` did nothing because another process has the history locked: call it again in a few milliseconds. */
  storeLocked(): void;
  /**
   * The history cannot be written. Called once until it has recovered. Call `flush` every now and then until that: what has
   * been accepted, such as read markers and room settings, still waits to be stored.
   */
  storeFailed(error: StoreError): void;
  /** The same in a cluster, called once: the node has to leave. It delivers nothing more. */
  storeLost?(error: StoreError): void;
  /** The history can be written again. */
  storeRecovered(): void;
  /** A client was rejected because `nick!user@host` or its account matches a server ban. */
  banned(origin: string, outlet: Outlet, account: string | undefined): void;
  /** A session has another nickname or account, by a command that was under way: a ban may have been made meanwhile. */
  identified?(session: Session): void;
  /** A ban of the server was made, on any node: the clients of this one that it matches are to be disconnected. */
  serverBanned(ban: ServerBan): void;
  /** Logins of an account may have ended, on any node: its password was changed, a token revoked, or it was dropped. */
  loginsEnded?(account: string): void;
  /** A member's command was rejected by a rate limit. */
  rateLimited(member: Member, code: ChatErrorCode): void;
  /** A room has another key: tokens that permit it alone have to follow. */
  roomRenamed(from: string, to: string): void;
  /** A server operator entered an empty room that would have rejected any other member. */
  entryForced(member: Member, room: Room): void;
  /** A member has used an invite link. */
  linkUsed(member: Member, link: InviteLink): void;
}

/** Ignores everything. */
export const NO_OBSERVER: ChatObserver = {
  flushWanted: () => {},
  storeLocked: () => {},
  storeFailed: () => {},
  storeRecovered: () => {},
  banned: () => {},
  serverBanned: () => {},
  rateLimited: () => {},
  roomRenamed: () => {},
  entryForced: () => {},
  linkUsed: () => {},
};
