/**
 * The limits and features that the server announces (modern.ircdocs.horse, "RPL_ISUPPORT"; for SAFERATE
 * soju.im, "saferate"; for FILEHOST soju.im, "filehost").
 */
import { IGNORED_MAX } from "../../chat/ignore_lists.ts";
import { KEY_MAX, MASKS_MAX } from "../../chat/modes.ts";
import { NICK_MAX, ROOM_MAX } from "../../chat/names.ts";
import { MONITOR_MAX } from "../../chat/monitor.ts";
import { REALNAME_MAX, REASON_MAX, TOPIC_MAX } from "../../chat/lengths.ts";
import { MODES_MAX } from "../modes.ts";
import type { IrcContext } from "./context.ts";
import { NAMES_MAX, TARGETS_MAX, USER_MAX } from "./limits.ts";
import type { IrcOptions } from "./options.ts";

/** The number of tokens in one line. RFC 2812 allows 15 parameters: the client's name and the description are two. */
const TOKENS_PER_LINE = 13;

/** Returns all tokens. Each limit is the one that is enforced. */
export function isupport(options: IrcOptions): string[] {
  return [
    "ACCOUNTEXTBAN=a",
    `AWAYLEN=${REASON_MAX}`,
    "BOT=B",
    "CASEMAPPING=rfc8265",
    `CHANLIMIT=#:${options.chat.maxJoined}`,
    "CHANMODES=beI,k,l,imnstMR",
    `CHANNELLEN=${ROOM_MAX}`,
    "CHANTYPES=#",
    `CHATHISTORY=${options.historyMax}`,
    ...options.typing ? [] : ["CLIENTTAGDENY=typing,draft/typing"], // IRCv3, "message-tags"
    "ELIST=CMNTU",
    "EXCEPTS=e",
    "EXTBAN=~,a",
    "INVEX=I",
    `KEYLEN=${KEY_MAX}`,
    `KICKLEN=${REASON_MAX}`,
    `MAXLIST=beI:${MASKS_MAX}`,
    `MODES=${MODES_MAX}`,
    `MONITOR=${MONITOR_MAX}`,
    "MSGREFTYPES=msgid,timestamp",
    `NAMELEN=${REALNAME_MAX}`,
    `NETWORK=${options.name}`,
    `NICKLEN=${NICK_MAX}`,
    "PREFIX=(qov)~@+",
    `PRIVATEHISTORY=${options.chat.keepPrivate}`, // whose private messages are stored: see docs/irc.md
    "SAFELIST",
    `SILENCE=${IGNORED_MAX}`,
    "STATUSMSG=~@+",
    `TARGMAX=JOIN:,KICK:,LIST:,NAMES:${NAMES_MAX},NOTICE:${TARGETS_MAX},PART:,PRIVMSG:${TARGETS_MAX},TAGMSG:${TARGETS_MAX},WHOIS:${TARGETS_MAX}`,
    `TOPICLEN=${TOPIC_MAX}`,
    `USERLEN=${USER_MAX}`,
    "UTF8ONLY",
    "WHOX",
    ...options.safeRate ? ["soju.im/SAFERATE"] : [],
    ...uploadTokens(options),
  ];
}

/** The URL for uploads, under both names that clients know; and for the page, the permitted users and the limit of a file. */
function uploadTokens({ uploads }: IrcOptions): string[] {
  if (uploads === undefined) return [];
  const { who, maxFile, url } = uploads;
  const names = url === undefined ? [] : ["draft/FILEHOST", "soju.im/FILEHOST"];
  return [...names.map((name) => `${name}=${url}`), `UPLOADS=${who}:${maxFile}`];
}

/** Sends RPL_ISUPPORT, in as many lines as it takes. */
export function replyIsupport(context: IrcContext): void {
  const tokens = isupport(context.options);
  for (let i = 0; i < tokens.length; i += TOKENS_PER_LINE) {
    context.numeric("RPL_ISUPPORT", tokens.slice(i, i + TOKENS_PER_LINE).join(" "));
  }
}
