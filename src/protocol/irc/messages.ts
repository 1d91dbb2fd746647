/**
 * Talking: PRIVMSG, NOTICE, TAGMSG.
 */
import { sanitize } from "../../util/sanitize.ts";
import type { Style } from "../../chat/events.ts";
import type { Rank } from "../../chat/modes.ts";
import type { Room } from "../../chat/room.ts";
import { ChatError } from "../../chat/chat_error.ts";
import { visibleRoom } from "./channels.ts";
import { PREFIXES } from "./format.ts";
import { type IrcMessage, renderTags } from "./parser.ts";
import { refused } from "./error_replies.ts";
import { isNickServ, nickserv } from "./nickserv.ts";
import type { IrcSession } from "./session.ts";

/** The most targets of one line. */
export const TARGETS_MAX = 4;

const CTCP = "\x01";
const ACTION = "\x01ACTION ";

export function privmsg(session: IrcSession, params: readonly string[], message: IrcMessage): void | Promise<void> {
  return say(session, params, message, false);
}

export function notice(session: IrcSession, params: readonly string[], message: IrcMessage): void {
  say(session, params, message, true);
}

export function tagmsg(session: IrcSession, params: readonly string[], message: IrcMessage): void {
  const tags = clientTags(session, message);
  if (tags === "") return; // nothing to pass on
  const { chat } = session;
  const member = session.member!;
  eachTarget(session, params[0]!, "TAGMSG", (target) => {
    if (isNickServ(target)) return; // it does not look at what somebody's client does
    const { room, least } = roomOf(session, target);
    if (room !== undefined) return void chat.tag(member, room, tags, least);
    // What one gets from oneself is no answer to the command; that it was sent is.
    const event = session.apart(() => chat.tag(member, chat.find(target), tags));
    if (member.echo) member.tell(event);
  });
}

function say(
  session: IrcSession,
  params: readonly string[],
  message: IrcMessage,
  isNotice: boolean,
): void | Promise<void> {
  const command = isNotice ? "NOTICE" : "PRIVMSG";
  const [targets = "", text = ""] = params;
  // A notice is never answered, not even with what is wrong with it (RFC 2812, section 3.3.2).
  if (targets === "") return isNotice ? undefined : session.numeric("ERR_NORECIPIENT", command);
  if (text === "") return isNotice ? undefined : session.numeric("ERR_NOTEXTTOSEND");
  const { chat } = session;
  const member = session.member!;
  const { style, words } = read(text, isNotice);
  const tags = clientTags(session, message);
  const alone: string[] = []; // whom it is said to alone: together, as each time that something is kept takes long
  let asked: Promise<void> | undefined;
  eachTarget(session, targets, command, (target) => {
    if (isNickServ(target)) { // which never answers what is not to be answered
      if (style === "say") asked = (asked ?? Promise.resolve()).then(() => nickserv(session, words));
      return;
    }
    const { room, least } = roomOf(session, target);
    if (room === undefined) alone.push(target);
    else chat.say(member, room, words, { style, tags, least });
  });
  if (alone.length === 0) return asked;
  // What one gets from oneself is no answer to the command; that it was sent is.
  for (const told of session.apart(() => chat.whisperEach(member, alone, words, { style, tags }))) {
    if (told instanceof ChatError) refused(session, told, command);
    if (told === undefined || told instanceof ChatError) continue;
    if (member.echo) member.tell(told);
    const { away, nick } = chat.find(told.to);
    if (away !== undefined && !isNotice) session.numeric("RPL_AWAY", nick, away);
  }
  return asked;
}

/** Tells what is said from what programs say to each other (CTCP). */
function read(text: string, isNotice: boolean): { style: Style; words: string } {
  if (!text.startsWith(CTCP)) return { style: isNotice ? "notice" : "say", words: text };
  const end = text.endsWith(CTCP) && text.length > 1 ? -1 : undefined;
  if (text.startsWith(ACTION) && !isNotice) return { style: "action", words: text.slice(ACTION.length, end) };
  return { style: isNotice ? "ctcp-reply" : "ctcp", words: text.slice(1, end) };
}

/** Does something for each target, for as many as there may be; one that cannot be reached keeps none from the others. */
function eachTarget(session: IrcSession, targets: string, command: string, run: (target: string) => void) {
  for (const [i, target] of (targets.includes(",") ? targets.split(",") : [targets]).entries()) {
    if (i === TARGETS_MAX) return command === "NOTICE" ? undefined : session.numeric("ERR_TOOMANYTARGETS", target);
    try {
      run(target);
    } catch (error) {
      if (!(error instanceof ChatError)) throw error;
      refused(session, error, command);
    }
  }
}

/** The room that a target is, and who of it: of several prefixes, the lowest counts. */
function roomOf(session: IrcSession, target: string): { room?: Room; least?: Rank } {
  if (target.startsWith("#")) return { room: audience(session, target) };
  const [, prefixes, name = ""] = /^([@+]+)(#.*)$/s.exec(target) ?? [];
  if (prefixes === undefined) return {};
  return { room: audience(session, name), least: prefixes.includes(PREFIXES.voice) ? "voice" : "op" };
}

/** A room; from who could not speak there anyway, a secret one is kept. */
function audience(session: IrcSession, name: string): Room {
  const room = session.chat.findRoom(name);
  return room.switches.has("n") ? visibleRoom(session, name) : room;
}

/** A tag for other clients (IRCv3, "message-tags", "Format"): what is none could not be read again, and is not passed on. */
const CLIENT_TAG = /^\+(?:[A-Za-z0-9.-]+\/)?[A-Za-z0-9-]+$/;

/** What of a line's tags is for other clients, in the form in which it is passed on. */
function clientTags(session: IrcSession, { tags }: IrcMessage): string {
  if (tags.size === 0 || !session.has("message-tags")) return "";
  const passed = new Map<string, string>();
  for (const [key, value] of tags) if (CLIENT_TAG.test(key)) passed.set(key, sanitize(value));
  return passed.size === 0 ? "" : renderTags(passed).slice(1, -1);
}
