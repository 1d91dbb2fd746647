/**
 * Creates the chat of a server from its options and resources, and connects it to the log and the counters.
 */
import type { Chat } from "../chat/chat.ts";
import type { ChatOptions } from "../chat/chat_options.ts";
import { LocalChat } from "../chat/local_chat.ts";
import type { LinkRegistry } from "../chat/invite_links.ts";
import type { Session } from "../chat/member.ts";
import { StoreError } from "../chat/store.ts";
import { STORAGE_RATE, type StorageLimits } from "../chat/storage_limit.ts";
import type { Options } from "../cli/options.ts";
import type { Audit } from "../moderation/audit.ts";
import type { Ban, Bans } from "../moderation/bans.ts";
import type { Log } from "../monitoring/log.ts";
import { CHANSERV } from "../protocol/irc/chanserv_notice.ts";
import { NICKSERV } from "../protocol/irc/nickserv_notice.ts";
import { ServerCluster } from "./cluster.ts";
import type { ConnectionLimits } from "./connection_limits.ts";
import type { RejectionLog } from "./rejection_log.ts";
import type { ServerResources } from "./resources.ts";

/** The parts of the server that the chat reports to. */
export interface ChatContext {
  readonly bans: Bans;
  readonly links: LinkRegistry;
  /** Has the clients of this node disconnected that a new ban matches. */
  readonly enforceBan: (ban: Ban) => void;
  /** Has the streams end that are logged in to an account, if their logins have ended. */
  readonly endLogins: (account: string) => void;
  /** Has a session disconnected if a ban matches it. */
  readonly checkBans: (session: Session) => void;
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

/** A chat, and the cluster that it is part of, if there is one. */
export interface CreatedChat {
  readonly chat: Chat;
  readonly cluster?: ServerCluster;
}

/** Creates the chat. */
export function createChat(options: Options, resources: ServerResources, context: ChatContext): CreatedChat {
  const { cluster } = options;
  const chatOptions = chatOptionsOf(options, resources, context);
  if (cluster === undefined) {
    const chat = new LocalChat(chatOptions);
    resources.accounts?.submitTo(chat.directory);
    return { chat };
  }
  const sections = [context.bans.section, context.links.section];
  const node = new ServerCluster({ ...options, cluster }, resources, chatOptions, sections, context.log);
  resources.accounts?.submitTo(node.chat.directory);
  return { chat: node.chat, cluster: node };
}

function chatOptionsOf(
  options: Options,
  resources: ServerResources,
  {
    bans,
    links,
    enforceBan,
    endLogins,
    checkBans,
    limits,
    rejections,
    log,
    audit,
    requestFlush,
    retryFlush,
    repeatFlush,
  }: ChatContext,
): ChatOptions {
  return {
    history: resources.history,
    clock: resources.clock,
    keepPrivate: options.keepPrivate,
    redactTime: options.redactTime,
    maxRooms: options.maxRooms,
    maxJoined: options.maxJoined,
    maxSessions: options.maxSessions,
    alwaysOn: options.alwaysOn,
    renames: options.nickRate,
    roomsMade: options.roomRate,
    storage: storageLimits(options),
    directory: resources.accounts?.directory,
    ignores: resources.ignores,
    reserved: [options.name, NICKSERV, CHANSERV],
    policy: {
      banReason: (origin, account) => bans.findByOrigin(origin, account)?.reason,
    },
    serverBans: bans,
    links,
    observer: {
      serverBanned: enforceBan,
      loginsEnded: endLogins,
      identified: checkBans,
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
          resources.accounts?.directory.renameRoom(from, to);
        } catch (error) {
          if (!(error instanceof StoreError) || options.cluster !== undefined) throw error; // a node has to leave then
          log.error("tokens do not follow a renamed room", { data: options.data, error: error.message });
        }
      },
      linkUsed: ({ peer, nick }, { id, room }) => {
        if (peer !== "") log.info("invite link used", { peer, nick, room, link: id });
      },
      entryForced: (member, room) => {
        if (member.peer !== "") audit("entered", member, room.name); // else another node has its sessions, and logs it
      },
    },
  };
}

/** The storage limits of each network: none if clients or addresses have no limit. */
function storageLimits({ rate, maxPerIp }: Options): StorageLimits {
  return { rate: rate === Infinity || maxPerIp === Infinity ? Infinity : STORAGE_RATE, members: maxPerIp };
}
