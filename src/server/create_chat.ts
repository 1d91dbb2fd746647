/**
 * Creates the chat of a server from its options and resources, and connects it to the log and the counters.
 */
import type { Chat } from "../chat/chat.ts";
import { LocalChat } from "../chat/local_chat.ts";
import { StoreError } from "../chat/store.ts";
import { STORAGE_RATE, type StorageLimits } from "../chat/storage_limit.ts";
import type { Options } from "../cli/options.ts";
import type { Audit } from "../moderation/audit.ts";
import type { Bans } from "../moderation/bans.ts";
import type { Log } from "../monitoring/log.ts";
import { CHANSERV } from "../protocol/irc/chanserv_notice.ts";
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
  /** Has `Chat.flush` called in a few milliseconds, as another program has locked the database. */
  readonly retryFlush: () => void;
  /** Has `Chat.flush` called every now and then, or no longer: the history cannot be written. */
  readonly repeatFlush: (on: boolean) => void;
}

/** Creates the chat. */
export function createChat(
  options: Options,
  resources: ServerResources,
  { bans, limits, rejections, log, audit, requestFlush, retryFlush, repeatFlush }: ChatContext,
): Chat {
  const { accounts } = resources;
  const chat = new LocalChat({
    history: resources.history,
    clock: resources.clock,
    keepPrivate: options.keepPrivate,
    maxRooms: options.maxRooms,
    maxJoined: options.maxJoined,
    maxSessions: options.maxSessions,
    alwaysOn: options.alwaysOn,
    renames: options.nickRate,
    roomsMade: options.roomRate,
    storage: storageLimits(options),
    directory: accounts?.directory,
    ignores: resources.ignores,
    reserved: [options.name, NICKSERV, CHANSERV],
    policy: {
      banReason: (origin, account) => bans.findByOrigin(origin, account)?.reason,
    },
    observer: {
      flushWanted: requestFlush,
      storeLocked: retryFlush,
      storeFailed: ({ message }) => {
        repeatFlush(true);
        log.error("cannot store messages: not delivered", { data: options.data, error: message });
      },
      storeRecovered: () => {
        repeatFlush(false);
        log.info("messages can be stored again");
      },
      banned: (who, { peer }, account) => {
        limits.count("banned");
        log.info("refused", { peer, who, reason: "banned", ban: bans.findByOrigin(who, account)?.what });
      },
      rateLimited: ({ origin, peer }, code) => {
        rejections.count(code);
        log.info("too fast", { peer, who: origin, reason: code });
      },
      roomRenamed: (from, to) => {
        try {
          accounts?.directory.renameRoom(from, to);
        } catch (error) {
          if (!(error instanceof StoreError)) throw error;
          log.error("tokens do not follow a renamed room", { data: options.data, error: error.message });
        }
      },
      entryForced: (member, room) => audit("entered", member, room.name),
    },
  });
  if (accounts !== undefined) accounts.sink = chat.directory;
  return chat;
}

/** The storage limits of each network: none if clients or addresses have no limit. */
function storageLimits({ rate, maxPerIp }: Options): StorageLimits {
  return { rate: rate === Infinity || maxPerIp === Infinity ? Infinity : STORAGE_RATE, members: maxPerIp };
}
