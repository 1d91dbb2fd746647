/**
 * Creates the chat of a server from its options and resources, and connects it to the log and the counters.
 */
import type { Chat } from "../chat/chat.ts";
import { Hub } from "../chat/hub.ts";
import { STORAGE_RATE, type StorageLimits } from "../chat/storage_limit.ts";
import type { Options } from "../cli/options.ts";
import type { Audit } from "../moderation/audit.ts";
import type { Bans } from "../moderation/bans.ts";
import type { Log } from "../monitoring/log.ts";
import { NICKSERV } from "../protocol/irc/nickserv_notice.ts";
import type { ConnectionLimits } from "./connection_limits.ts";
import type { RejectionLog } from "./rejection_log.ts";
import type { ServerResources } from "./resources.ts";

/** The parts of the server that the chat reports to. */
export interface ChatContext {
  readonly bans: Bans;
  readonly limits: ConnectionLimits;
  readonly rejections: RejectionLog;
  readonly log: Log;
  readonly audit: Audit;
  /** Has `Chat.flush` called in the next round of writes. */
  readonly requestFlush: () => void;
  /** Has it called again in a moment: another program has locked the database. */
  readonly retryFlush: () => void;
}

/** Creates the chat. */
export function createChat(
  options: Options,
  resources: ServerResources,
  { bans, limits, rejections, log, audit, requestFlush, retryFlush }: ChatContext,
): Chat {
  return new Hub({
    banned: (origin) => bans.ofOrigin(origin)?.reason,
    history: resources.history,
    clock: resources.clock,
    keepPrivate: options.keepPrivate,
    maxRooms: options.maxRooms,
    maxJoined: options.maxJoined,
    renames: options.nickRate,
    roomsMade: options.roomRate,
    storage: storageLimits(options),
    reserved: [options.name, NICKSERV],
    isOwned: (nick) => resources.accounts?.find(nick) !== undefined,
    ownedLike: (look) => resources.accounts?.findConfusable(look),
    onBanned: (who, { peer }) => {
      limits.count("banned");
      log.info("refused", { peer, who, reason: "banned", ban: bans.ofOrigin(who)?.what });
    },
    onTooFast: ({ origin, outlet }, code) => {
      rejections.count(code);
      log.info("too fast", { peer: outlet.peer, who: origin, reason: code });
    },
    onForced: (member, room) => audit("entered", member, room.name),
    onHeld: requestFlush,
    onLocked: retryFlush,
    onTrouble: (trouble) => {
      if (trouble === undefined) log.info("messages can be stored again");
      else log.error("cannot store messages: not delivered", { data: options.data, error: trouble.message });
    },
  });
}

/** The storage limits of each network: none if clients or addresses have no limit. */
function storageLimits({ rate, maxPerIp }: Options): StorageLimits {
  return { rate: rate === Infinity || maxPerIp === Infinity ? Infinity : STORAGE_RATE, members: maxPerIp };
}
