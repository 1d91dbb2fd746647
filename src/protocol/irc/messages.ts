/**
 * Messages: PRIVMSG, NOTICE, TAGMSG, and BATCH for messages of several lines.
 */
import { ChatError } from "../../chat/chat_error.ts";
import type { Style } from "../../chat/events.ts";
import { type Rank, RANKS } from "../../chat/modes.ts";
import type { Room } from "../../chat/room.ts";
import { sanitize } from "../../util/sanitize.ts";
import { handleChannelRequest } from "./chanserv.ts";
import { isChanServ } from "./chanserv_notice.ts";
import type { MemberContext } from "./context.ts";
import { replyError } from "./error_replies.ts";
import { PREFIXES } from "./format.ts";
import { TARGETS_MAX } from "./limits.ts";
import { requireVisibleRoom } from "./lookup.ts";
import { handleRequest } from "./nickserv.ts";
import { isNickServ } from "./nickserv_notice.ts";
import { escapeTagValue, type IrcMessage, renderTags } from "./parser.ts";
import { findReply, isKept, isReplyTag, react, reactionOf, replyReference, warnOfReply } from "./replied_lines.ts";

/**
 * The away message of an account that is not in the chat, and for which a message waits. Clients show it as `bob is away: …`;
 * the page recognizes it: see `web/kept.js`.
 */
const OFFLINE = "Offline, and will see it";

const CTCP = "\x01";
const ACTION = "\x01ACTION ";

/** PRIVMSG (RFC 2812, section 3.3.1), for at most {@linkcode TARGETS_MAX} targets. */
export function privmsg(context: MemberContext, params: readonly string[], message: IrcMessage): void | Promise<void> {
  return send(context, params, message, "PRIVMSG");
}

/** NOTICE (RFC 2812, section 3.3.2). It never gets a reply. */
export function notice(context: MemberContext, params: readonly string[], message: IrcMessage): void | Promise<void> {
  return send(context, params, message, "NOTICE");
}

/** BATCH of a client that has not enabled `draft/multiline`; else its session takes the lines of a batch together. */
export function batch(context: MemberContext): void {
  context.fail("BATCH", "MULTILINE_INVALID", "Enable the capability draft/multiline first");
}

/** TAGMSG (IRCv3, "message-tags"). Reactions are stored with the lines that they are to. */
export async function tagmsg(context: MemberContext, params: readonly string[], message: IrcMessage): Promise<void> {
  const tags = clientTags(context, message, true);
  if (tags === "") return;
  const reaction = reactionOf(message.tags);
  if (reaction === "invalid") {
    return context.fail("TAGMSG", "INVALID_REACTION", "A message either reacts or takes a reaction back");
  }
  const { chat, member, session } = context;
  const targets = split(params[0]!);
  for (const target of targets.slice(0, TARGETS_MAX)) {
    if (isService(target)) continue;
    try {
      const { room, minRank } = roomOf(context, target);
      if (reaction !== undefined && minRank === undefined && (room !== undefined || isKept(context, target))) {
        const reference = replyReference(message.tags);
        await context.inSlice("prompt", () => react(context, room ?? target, reaction, reference)); // it reads the history
      } else if (room !== undefined) await context.inResponse(() => chat.tag(member, room, tags, minRank, session));
      else {
        const to = chat.get(target) ?? chat.getByAccount(target);
        if (to === undefined && isAbsent(context, target)) continue;
        // A message to oneself is not part of the response; its echo is.
        const event = await context.outsideResponse(() =>
          chat.tag(member, to ?? chat.find(target), tags, undefined, session)
        );
        if (session.echo) context.tell(event);
      }
    } catch (error) {
      const isGone = error instanceof ChatError && error.code === "no-such-user"; // perhaps only when it was applied
      reject(context, isGone ? new ChatError("no-such-user", target) : error, "TAGMSG");
    }
  }
  rejectFurther(context, targets, "TAGMSG");
}

/** Whether a nickname that is not in use is that of an account: a message waits for it, and tags such as `typing` are dropped. */
function isAbsent({ auth, chat, member }: MemberContext, nick: string): boolean {
  return chat.keepPrivate !== "off" && member.fullAccount !== undefined && auth.find(nick) !== undefined;
}

/** Sends a text to each target: to channels at once, in any other case the client's next line waits. */
function send(
  context: MemberContext,
  params: readonly string[],
  message: IrcMessage,
  command: "PRIVMSG" | "NOTICE",
): void | Promise<void> {
  const [list = "", text = ""] = params;
  const isNotice = command === "NOTICE"; // which never gets a reply (RFC 2812, section 3.3.2)
  if (list === "") return isNotice ? undefined : context.numeric("ERR_NORECIPIENT", command);
  if (text === "") return isNotice ? undefined : context.numeric("ERR_NOTEXTTOSEND");
  const { style, words } = parseText(text, isNotice);
  const tags = clientTags(context, message, false);
  const reference = message.tags.size === 0 || !context.has("message-tags") ? undefined : replyReference(message.tags);
  const targets = split(list);
  const nicks: string[] = [];
  const requests: typeof handleRequest[] = [];
  for (const target of targets.slice(0, TARGETS_MAX)) {
    if (isService(target)) {
      if (style === "say") requests.push(isNickServ(target) ? handleRequest : handleChannelRequest);
      continue;
    }
    try {
      const { room, minRank } = roomOf(context, target);
      if (room === undefined) nicks.push(target);
      else {
        const reply = reference === undefined ? undefined : findReply(context, room, reference, command);
        context.chat.say(context.member, room, words, { style, tags, minRank, reply, from: context.session });
      }
    } catch (error) {
      reject(context, error, command);
    }
  }
  rejectFurther(context, targets, command);
  if (nicks.length > 0 || requests.length > 0) {
    return sendPrivately(context, nicks, words, { style, tags, reference }, command, requests);
  }
}

/** How a private message is sent. */
interface PrivateOptions {
  readonly style: Style;
  readonly tags: string;
  /** The message id that it replies to, as the client has sent it. */
  readonly reference: string | undefined;
}

async function sendPrivately(
  context: MemberContext,
  nicks: readonly string[],
  words: string,
  options: PrivateOptions,
  command: "PRIVMSG" | "NOTICE",
  requests: readonly (typeof handleRequest)[],
) {
  const waiting = context.chat.underWay(context.session); // what was said in channels comes first
  if (waiting !== undefined) await waiting;
  if (nicks.length > 0) await whisper(context, nicks, words, options, command);
  for (const handle of requests) await handle(context, words);
}

/** Whether a target is NickServ or ChanServ, which take requests and not messages. */
function isService(target: string): boolean {
  return isNickServ(target) || isChanServ(target);
}

/** Sends a text to some users. All copies are stored in one transaction. */
async function whisper(
  context: MemberContext,
  nicks: readonly string[],
  words: string,
  { style, reference, ...options }: PrivateOptions,
  command: "PRIVMSG" | "NOTICE",
) {
  const { chat, member, session } = context;
  const { tags, reply } = privateReply(context, nicks, options.tags, reference, command);
  // A message to oneself is not part of the response; its echo is.
  const results = await context.outsideResponse(() =>
    chat.whisperEach(member, nicks, words, { style, tags, reply, from: session })
  );
  for (const result of results) {
    if (result instanceof ChatError) replyError(context, result, command);
    if (result === undefined || result instanceof ChatError) continue;
    if (session.echo) context.tell(result);
    if (command === "NOTICE") continue;
    const target = chat.get(result.to);
    if (target?.away !== undefined) context.numeric("RPL_AWAY", target.nick, target.away);
    else if (result.waits) context.numeric("RPL_AWAY", result.to, OFFLINE);
  }
}

/** What a private message replies to: a line that is stored, or one that only the clients know, as a tag. */
function privateReply(
  context: MemberContext,
  nicks: readonly string[],
  tags: string,
  reference: string | undefined,
  command: string,
): { tags: string; reply?: number | undefined } {
  const [nick] = nicks;
  if (reference === undefined || nick === undefined) return { tags };
  if (nicks.length > 1) {
    warnOfReply(context, nicks.join(","), reference, command);
    return { tags };
  }
  if (isKept(context, nick)) return { tags, reply: findReply(context, nick, reference, command) };
  const own = `+draft/reply=${escapeTagValue(sanitize(reference))}`;
  return { tags: tags === "" ? own : `${own};${tags}` };
}

/** Splits a text into its style and its words: those of a CTCP message are between two marks. */
function parseText(text: string, isNotice: boolean): { style: Style; words: string } {
  if (!text.startsWith(CTCP)) return { style: isNotice ? "notice" : "say", words: text };
  const end = text.endsWith(CTCP) && text.length > 1 ? -1 : undefined;
  if (text.startsWith(ACTION) && !isNotice) return { style: "action", words: text.slice(ACTION.length, end) };
  return { style: isNotice ? "ctcp-reply" : "ctcp", words: text.slice(1, end) };
}

function split(list: string): string[] {
  return list.includes(",") ? list.split(",") : [list];
}

/** Replies with an error if there are more targets than the limit. */
function rejectFurther(context: MemberContext, targets: readonly string[], command: string) {
  const next = targets[TARGETS_MAX];
  if (next !== undefined && command !== "NOTICE") context.numeric("ERR_TOOMANYTARGETS", next);
}

function reject(context: MemberContext, error: unknown, command: string) {
  if (!(error instanceof ChatError)) throw error;
  replyError(context, error, command);
}

/** Parses a target: a channel, perhaps for members of a rank only. Of several prefixes, the lowest rank counts. */
function roomOf(context: MemberContext, target: string): { room?: Room; minRank?: Rank } {
  if (target.startsWith("#")) return { room: requireTarget(context, target) };
  const [, prefixes, name = ""] = /^([~@+]+)(#.*)$/s.exec(target) ?? [];
  if (prefixes === undefined) return {};
  const minRank = RANKS.findLast((rank) => prefixes.includes(PREFIXES[rank]))!;
  return { room: requireTarget(context, name), minRank };
}

/** Returns a channel. A secret one that accepts no messages from outside looks as if it did not exist. */
function requireTarget(context: MemberContext, name: string): Room {
  const room = context.chat.findRoom(name);
  return room.switches.has("n") ? requireVisibleRoom(context, name) : room;
}

/** The tags that tell others that a user is typing (IRCv3, "typing"), and that of its draft. */
const TYPING_TAGS = ["+typing", "+draft/typing"];

/** A valid key of a client-only tag (IRCv3, "message-tags", "Format"). Any other could not be parsed, and is dropped. */
const CLIENT_TAG = /^\+(?:[A-Za-z0-9.-]+\/)?[A-Za-z0-9-]+$/;

/**
 * Returns the client-only tags of a line, escaped, as they are passed on to other clients; "" if there are none.
 *
 * @param replies Whether that of a reply is one of them.
 */
function clientTags(context: MemberContext, { tags }: IrcMessage, replies: boolean): string {
  if (tags.size === 0 || !context.has("message-tags")) return "";
  const passed = new Map<string, string>();
  for (const [key, value] of tags) {
    if (!CLIENT_TAG.test(key) || (!replies && isReplyTag(key))) continue;
    if (!context.options.typing && TYPING_TAGS.includes(key)) continue;
    passed.set(key, sanitize(value));
  }
  return passed.size === 0 ? "" : renderTags(passed).slice(1, -1);
}
