/**
 * What server operators can do, shared by the protocols: kill, ban, mute, announce. Each use is written to the audit log.
 *
 * Functions throw a {@linkcode ChatError} for what cannot be done, and reply nothing: that is up to the protocol.
 */
import type { Caller } from "../accounts/auth.ts";
import type { Answer, Chat } from "../chat/chat.ts";
import { ChatError } from "../chat/chat_error.ts";
import { requireReason } from "../chat/lengths.ts";
import type { Member } from "../chat/member.ts";
import type { Mute } from "../chat/mutes.ts";
import { fold, isNick } from "../chat/names.ts";
import { type Ban, type Bans, BANS_MAX, readBan } from "../moderation/bans.ts";
import type { Reloaded } from "../moderation/reloaded.ts";
import { formatDuration, parseDuration } from "../util/duration.ts";
import { sanitize } from "../util/sanitize.ts";
import type { Steps } from "../util/steps.ts";

/** What moderation needs of the server. */
export interface ModerationContext {
  readonly bans: Bans;
  /** Writes an action of a server operator to the log, with the operator's name and address. */
  readonly audit: (action: string, by: Member, about?: string) => void;
  /** Counts a rejected request, and logs it if it is one worth logging. */
  readonly refused: (caller: Caller, error: ChatError) => void;
  /** The state of the server, a sentence each. */
  readonly stats: () => string[];
  /** Reloads the config files. Never rejects. */
  readonly reload: () => Promise<Reloaded>;
  /** Disconnects all clients that a new ban matches, except server operators. */
  readonly disconnect: (by: Member, ban: Ban) => Steps<BanResult>;
}

/** The effect of a ban. */
export interface BanResult {
  /** The number of clients that were disconnected. */
  readonly disconnected: number;
  /** Whether the ban matches the operator that made it, too: after disconnecting, they cannot come back. */
  readonly includesCaller: boolean;
  /** Resolves when all of them are disconnected. */
  readonly done: Promise<unknown>;
}

/** A ban that was made, and its effect. */
export interface MadeBan extends BanResult {
  /** The address, network or mask. */
  readonly what: string;
}

/**
 * Makes a member a server operator, after its password was checked.
 *
 * @param name The name in the operators file.
 */
export async function grantOperator(
  context: ModerationContext,
  chat: Chat,
  member: Member,
  name: string,
): Promise<void> {
  member.operatorName = name;
  await chat.setFlag(member, "operator", true);
  context.audit("operator", member);
}

/** @throws {ChatError} `not-server-operator` */
export function requireOperator(member: Member): void {
  if (!member.operator) throw new ChatError("not-server-operator", member.nick);
}

/**
 * Whether a word looks like a duration, valid or not. An invalid one must be an error, and not the reason of a ban without
 * end.
 */
export function looksLikeTime(text: string): boolean {
  return /^\d+(?:[a-z](?:\d+[a-z])?)?$/i.test(text);
}

/**
 * Parses a duration, in minutes or as in `12h`; 0 is without end.
 *
 * @returns Milliseconds.
 * @throws {ChatError} `duration-invalid`
 */
export function readTime(text: string): number {
  if (/^0+$/.test(text)) return Infinity;
  const time = parseDuration(/^\d+$/.test(text) ? `${text}m` : text);
  if (time === undefined) throw new ChatError("duration-invalid", text);
  return time;
}

/**
 * Disconnects a user. What cannot be done is thrown at once, not by the promise.
 *
 * @throws {ChatError} `not-server-operator`, `no-such-user`, `reason-too-long` or `text-too-long`
 */
export function kill(
  context: ModerationContext,
  chat: Chat,
  by: Member,
  nick: string,
  reason?: string,
): Promise<void> {
  requireOperator(by);
  const target = chat.find(nick);
  const words = readReason(reason);
  context.audit("killed", by, target.nick);
  target.tell({ kind: "notice", text: `You were disconnected by ${by.nick}: ${words}` });
  return disconnect(chat, target, `Killed (${by.nick} (${words}))`);
}

async function disconnect(chat: Chat, target: Member, reason: string): Promise<void> {
  await chat.remove(target, reason);
  target.close("killed", reason);
}

/**
 * Bans an address, a network, a mask, or the host of a user, and disconnects all clients that the ban matches.
 *
 * @param text What to ban. A nickname in use means the user's host, since the user could change the nickname.
 * @param duration In milliseconds.
 * @throws {ChatError} `not-server-operator`, `ban-invalid`, `bans-full`, `reason-too-long` or `text-too-long`
 */
export function* ban(
  context: ModerationContext,
  chat: Chat,
  by: Member,
  text: string,
  duration = Infinity,
  reason?: string,
): Steps<MadeBan> {
  requireOperator(by);
  const target = chat.get(text);
  const what = looksLikeTime(text) ? undefined : readBan(target === undefined ? text : maskOf(target.host));
  if (what === undefined) throw new ChatError("ban-invalid", text);
  const { bans } = context;
  if (bans.full && !bans.all.some((each) => fold(each.what) === fold(what))) {
    throw new ChatError("bans-full", String(BANS_MAX));
  }
  const now = bans.now();
  const made = { what, by: by.nick, reason: readReason(reason), since: now, until: now + duration };
  bans.add(made);
  context.audit("banned", by, `${what} ${formatDuration(duration)}`);
  return { what, ...yield* context.disconnect(by, made) };
}

/**
 * Removes a ban.
 *
 * @returns What was banned.
 * @throws {ChatError} `not-server-operator` or `no-such-ban`
 */
export function unban(context: ModerationContext, by: Member, text: string): string {
  requireOperator(by);
  const what = readBan(text) ?? text;
  if (!context.bans.remove(what)) throw new ChatError("no-such-ban", text);
  context.audit("unbanned", by, what);
  return what;
}

/**
 * Mutes the host of a user, and with it all users from there.
 *
 * @param duration In milliseconds.
 * @throws {ChatError} `not-server-operator` or `no-such-user`
 */
export function mute(context: ModerationContext, chat: Chat, by: Member, nick: string, duration = Infinity): Member {
  requireOperator(by);
  const target = chat.find(nick);
  chat.mutes.add(target.host, chat.mutes.now() + duration, { who: target.nick, by: by.nick });
  context.audit("muted", by, `${target.origin} ${formatDuration(duration)}`);
  target.tell({
    kind: "notice",
    text: `${by.nick} has muted you${
      duration === Infinity ? "" : ` for ${formatDuration(duration)}`
    }. You can read, but not write.`,
  });
  return target;
}

/**
 * Unmutes a host.
 *
 * @param text A user, or for users that have left their host, as in `*!*@host`.
 * @returns The nickname of the user, or the mask of the host.
 * @throws {ChatError} `not-server-operator`, `no-such-user` or `not-muted`
 */
export function unmute(context: ModerationContext, chat: Chat, by: Member, text: string): string {
  requireOperator(by);
  const target = chat.get(text);
  const host = target?.host ?? text.replace(/^\*!\*@/, "");
  if (!chat.mutes.remove(host)) {
    throw new ChatError(target === undefined && isNick(text) ? "no-such-user" : "not-muted", target?.nick ?? text);
  }
  context.audit("unmuted", by, target?.origin ?? maskOf(host));
  target?.tell({ kind: "notice", text: "You can speak again." });
  return target?.nick ?? maskOf(host);
}

/**
 * Reloads the config files.
 *
 * @throws {ChatError} `not-server-operator`, at once
 */
export function reload(context: ModerationContext, by: Member): Promise<Reloaded> {
  requireOperator(by);
  context.audit("rehash", by);
  return context.reload();
}

/**
 * Sends a notice to all users; nothing, if the text is empty.
 *
 * @throws {ChatError} `not-server-operator`, at once
 */
export function announce(context: ModerationContext, chat: Chat, by: Member, text: string): Answer<void> {
  requireOperator(by);
  const words = sanitize(text).trim();
  if (words === "") return;
  context.audit("announced", by);
  return chat.notice(`Announcement from ${by.nick}: ${words}`);
}

/**
 * A ban as a line of a list.
 *
 * @param left How long it lasts from now on, in milliseconds.
 */
export function describe({ what, by, reason, until }: Ban, left = until - Date.now()): string {
  return `${what} ${timeLeft(left)}, by ${by}: ${reason}`;
}

/**
 * A mute as a line of a list.
 *
 * @param left As for {@linkcode describe}.
 */
export function describeMute({ host, action }: Mute, left: number): string {
  const line = `${maskOf(host)} muted ${timeLeft(left)}`;
  return action === undefined ? line : `${line}, by ${action.by}: ${action.who}`;
}

/** The mask that matches all users of a host. */
export function maskOf(host: string): string {
  return `*!*@${host}`;
}

function timeLeft(time: number): string {
  return time === Infinity ? "for good" : `for ${formatDuration(time)} more`;
}

function readReason(text: string | undefined): string {
  const reason = sanitize(text ?? "").trim();
  requireReason(reason);
  return reason || "no reason given";
}
