/**
 * What server operators do to keep order, whatever door they came in by. Each use is put on record.
 *
 * The functions throw a `Refusal` where something cannot be done, and say nothing to anybody but who is concerned.
 */
import type { Caller } from "../accounts/auth.ts";
import { type Ban, type Bans, BANS_MAX, readBan } from "../moderation/bans.ts";
import { sanitize } from "../util/sanitize.ts";
import type { Chat } from "../chat/chat.ts";
import { requireReason } from "../chat/lengths.ts";
import type { Member } from "../chat/member.ts";
import type { Mute } from "../chat/mutes.ts";
import { fold, isNick } from "../chat/names.ts";
import { ChatError } from "../chat/chat_error.ts";
import { readDuration, writeDuration } from "../util/duration.ts";
import type { Reloaded } from "../moderation/reloaded.ts";
import type { Steps } from "./time_slicer.ts";

/** What it takes to keep order. */
export interface ModerationContext {
  readonly bans: Bans;
  /** Puts on record what a server operator did: who they are and where they came from, as well. */
  readonly audit: (what: string, by: Member, about?: string) => void;
  /** Takes note that somebody was refused something. */
  readonly refused: (caller: Caller, refusal: ChatError) => void;
  /** How the server is, a sentence each. */
  readonly stats: () => string[];
  /** Reads the files again that flags name. Never rejects. */
  readonly reload: () => Promise<Reloaded>;
  /** Disconnects all whom a new ban concerns, but for server operators. */
  readonly disconnect: (by: Member, ban: Ban) => Steps<DisconnectOptions>;
}

/** What has become of those who are banned. */
export interface DisconnectOptions {
  /** How many were disconnected. */
  readonly gone: number;
  /** Whether whoever banned them is banned as well: once they leave, they cannot come in again. */
  readonly own: boolean;
}

/** Makes somebody a server operator, who has shown that they are the one of that name. */
export function become(order: ModerationContext, chat: Chat, member: Member, name: string): void {
  chat.setFlag(member, "operator", true);
  member.operatorName = sanitize(name);
  order.audit("operator", member);
}

/** Makes sure that somebody is a server operator. @throws {ChatError} `not-server-operator` */
export function requireOperator(member: Member): void {
  if (!member.operator) throw new ChatError("not-server-operator", member.nick);
}

/** Whether something is meant as a time, be it written wrong: else it would be the name or the reason of a ban for good. */
export function looksLikeTime(text: string): boolean {
  return /^\d+(?:[a-z](?:\d+[a-z])?)?$/i.test(text);
}

/** A time in milliseconds, written as minutes or as in 12h; 0 is for good. @throws {ChatError} `time-impossible` */
export function readTime(text: string): number {
  if (/^0+$/.test(text)) return Infinity;
  const time = readDuration(/^\d+$/.test(text) ? `${text}m` : text);
  if (time === undefined) throw new ChatError("time-impossible", text);
  return time;
}

/** Disconnects somebody. @throws {ChatError} `not-server-operator`, `nobody`, `reason-too-long` or `text-too-wide` */
export function kill(order: ModerationContext, chat: Chat, by: Member, nick: string, reason?: string): void {
  requireOperator(by);
  const target = chat.find(nick);
  const words = readReason(reason);
  const why = `Killed (${by.nick} (${words}))`;
  order.audit("killed", by, target.nick);
  target.tell({ kind: "notice", text: `You were disconnected by ${by.nick}: ${words}` });
  chat.disconnect(target, why);
  target.outlet.close("killed", why);
}

/**
 * Bans an address, a network, a mask, or where somebody who is here comes from, and disconnects all whom it concerns.
 *
 * @param time For how long, in milliseconds.
 * @returns What was banned, and what that has done.
 * @throws {ChatError} `not-server-operator`, `ban-impossible`, `bans-full`, `reason-too-long` or `text-too-wide`
 */
export function* ban(
  order: ModerationContext,
  chat: Chat,
  by: Member,
  text: string,
  time = Infinity,
  reason?: string,
): Steps<DisconnectOptions & { readonly what: string }> {
  requireOperator(by);
  const target = present(chat, text); // of whom it is not the name that is banned, which they would change
  const what = looksLikeTime(text) ? undefined : readBan(target === undefined ? text : maskOf(target.host));
  if (what === undefined) throw new ChatError("ban-impossible", text);
  if (order.bans.full && !order.bans.all.some((each) => fold(each.what) === fold(what))) {
    throw new ChatError("bans-full", String(BANS_MAX));
  }
  const now = order.bans.now();
  const made = { what, by: by.nick, reason: readReason(reason), since: now, until: now + time };
  order.bans.add(made);
  order.audit("banned", by, `${what} ${writeDuration(time)}`);
  return { what, ...yield* order.disconnect(by, made) };
}

/** Lifts a ban. @throws {ChatError} `not-server-operator` or `no-ban` */
export function unban(order: ModerationContext, by: Member, text: string): string {
  requireOperator(by);
  const what = readBan(text) ?? text;
  if (!order.bans.remove(what)) throw new ChatError("no-ban", text);
  order.audit("unbanned", by, what);
  return what;
}

/** Keeps all who come from where somebody does from saying anything. @throws {ChatError} `not-server-operator`, `nobody` */
export function mute(order: ModerationContext, chat: Chat, by: Member, nick: string, time = Infinity): Member {
  requireOperator(by);
  const target = chat.find(nick);
  chat.mutes.add(target.host, chat.mutes.now() + time, { who: target.nick, by: by.nick });
  order.audit("muted", by, `${target.origin} ${writeDuration(time)}`);
  target.tell({
    kind: "notice",
    text: `You may not say anything, ${
      time === Infinity ? "as" : `for ${writeDuration(time)}, as`
    } ${by.nick} has muted you.`,
  });
  return target;
}

/**
 * Takes that back.
 *
 * @param text Somebody who is here, or a host, as in `*!*@host`, for who has left.
 * @returns Who may speak again, as they are called or as the mask that they match.
 * @throws {ChatError} `not-server-operator`, `nobody` or `not-muted`
 */
export function unmute(order: ModerationContext, chat: Chat, by: Member, text: string): string {
  requireOperator(by);
  const target = present(chat, text);
  const host = target?.host ?? text.replace(/^\*!\*@/, "");
  if (!chat.mutes.remove(host)) {
    throw new ChatError(target === undefined && isNick(text) ? "nobody" : "not-muted", target?.nick ?? text);
  }
  order.audit("unmuted", by, target?.origin ?? maskOf(host));
  target?.tell({ kind: "notice", text: `You may speak again.` });
  return target?.nick ?? maskOf(host);
}

/** Reads the files again that flags name. @throws {ChatError} `not-server-operator` */
export function reload(order: ModerationContext, by: Member): Promise<Reloaded> {
  requireOperator(by);
  order.audit("rehash", by);
  return order.reload();
}

/** Tells everybody something. @throws {ChatError} `not-server-operator` */
export function announce(order: ModerationContext, chat: Chat, by: Member, text: string): void {
  requireOperator(by);
  const words = sanitize(text).trim();
  if (words === "") return;
  order.audit("announced", by);
  chat.notice(`${by.nick} to everybody: ${words}`);
}

/**
 * A ban as a line for people.
 *
 * @param left For how long it still counts, in milliseconds.
 */
export function describe({ what, by, reason, until }: Ban, left = until - Date.now()): string {
  return `${what} ${leftOf(left)}, by ${by}: ${reason}`;
}

/** A mute as a line for people; `left` as for `describe`. */
export function describeMute({ host, action }: Mute, left: number): string {
  const line = `${maskOf(host)} muted ${leftOf(left)}`;
  return action === undefined ? line : `${line}, by ${action.by}: ${action.who}`;
}

/** The mask of all who come from a host. */
export function maskOf(host: string): string {
  return `*!*@${host}`;
}

function leftOf(time: number): string {
  return time === Infinity ? "for good" : `for ${writeDuration(time)} more`;
}

/** Who is called so, if anybody who is here. */
function present(chat: Chat, nick: string): Member | undefined {
  try {
    return chat.find(nick);
  } catch (error) {
    if (error instanceof ChatError) return undefined;
    throw error;
  }
}

function readReason(text: string | undefined): string {
  const reason = sanitize(text ?? "").trim();
  requireReason(reason);
  return reason || "no reason given";
}
