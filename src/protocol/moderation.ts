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
import { ACCOUNT_MASK, accountMask } from "../chat/modes.ts";
import type { MuteAction } from "../chat/muted_hosts.ts";
import type { Mute } from "../chat/mutes.ts";
import { fold, isNick } from "../chat/names.ts";
import { type Ban, type Bans, BANS_MAX, readBan } from "../moderation/bans.ts";
import type { Reloaded } from "../moderation/reloaded.ts";
import { formatDuration, parseDuration } from "../util/duration.ts";
import { sanitize } from "../util/sanitize.ts";

/** What moderation needs of the server. */
export interface ModerationContext {
  readonly bans: Bans;
  /** Writes an action of a server operator to the log, with the operator's name and address. */
  readonly audit: (action: string, by: Member, about?: string) => void;
  /** The URL of an invite link, as far as the server knows its own address. */
  readonly linkUrl: (code: string) => string;
  /** Counts a rejected request, and logs it if it is one worth logging. */
  readonly rejected: (caller: Caller, error: ChatError) => void;
  /** The state of the server, a sentence each. */
  readonly stats: () => string[];
  /** Reloads the config files. Never rejects. */
  readonly reload: () => Promise<Reloaded>;
  /** Adds a ban, and disconnects all clients that it matches, except server operators. Resolves when that is done on this node. */
  readonly makeBan: (by: Member, ban: Ban) => Promise<BanResult>;
}

/** The effect of a ban. */
export interface BanResult {
  /** The number of clients of this node that were disconnected. */
  readonly disconnected: number;
  /** Whether the ban matches the operator that made it, too: after disconnecting, they cannot come back. */
  readonly includesCaller: boolean;
}

/** The effect of a ban of a user or a mask. */
export interface UserBanResult extends BanResult {
  /** What was banned: for a user with an account, the account and the host. */
  readonly what: string;
  /** What lifts the ban. */
  readonly undo: string;
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
  await chat.setFlag(member, "operator", true, name);
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
): Answer<void> {
  requireOperator(by);
  const target = chat.find(nick);
  const words = readReason(reason);
  context.audit("killed", by, target.nick);
  const shown = `Killed (${by.nick} (${words}))`;
  const notice = `You were disconnected by ${by.nick}: ${words}`;
  return chat.remove(target, shown, { ending: "killed", words: shown, notice });
}

/**
 * Bans an address, a network, a mask, an account or a user, and disconnects all clients that the ban matches. What cannot be done
 * is thrown at once, not by the promise.
 *
 * @param text What to ban. A nickname in use means the user's host, since the user could change the nickname, and the account
 *   that it is logged in to.
 * @param duration In milliseconds.
 * @throws {ChatError} `not-server-operator`, `ban-invalid`, `bans-full`, `reason-too-long` or `text-too-long`
 */
export function ban(
  context: ModerationContext,
  chat: Chat,
  by: Member,
  text: string,
  duration = Infinity,
  reason?: string,
): Promise<UserBanResult> {
  requireOperator(by);
  const target = chat.get(text);
  const all = looksLikeTime(text) ? [] : target === undefined ? [readBan(text)] : marksOf(target).map(maskOf);
  const masks = all.filter((mask) => mask !== undefined);
  if (masks.length === 0) throw new ChatError("ban-invalid", text);
  const { bans } = context;
  const more = masks.filter((mask) => !bans.all.some((each) => fold(each.what) === fold(mask))).length;
  if (bans.all.length + more > BANS_MAX) throw new ChatError("bans-full", String(BANS_MAX));
  const now = bans.now();
  const words = readReason(reason);
  const nick = target === undefined ? {} : { nick: target.nick };
  const made = masks.map((what) => ({ what, by: by.nick, reason: words, since: now, until: now + duration, ...nick }));
  for (const { what } of made) context.audit("banned", by, `${what} ${formatDuration(duration)}`);
  const what = masks.join(" and ");
  return makeBans(context, by, made, { what, undo: target?.nick ?? what });
}

/** One after the other, so that no client is counted twice. */
async function makeBans(
  context: ModerationContext,
  by: Member,
  bans: readonly Ban[],
  about: Pick<UserBanResult, "what" | "undo">,
): Promise<UserBanResult> {
  const result = { ...about, disconnected: 0, includesCaller: false };
  for (const ban of bans) {
    const { disconnected, includesCaller } = await context.makeBan(by, ban);
    result.disconnected += disconnected;
    result.includesCaller ||= includesCaller;
  }
  return result;
}

/** How many clients a ban has disconnected, for a sentence. Other nodes of a cluster do not tell how many of theirs. */
export function countDisconnected({ cluster }: Pick<Chat, "cluster">, { disconnected }: BanResult): string {
  return `${disconnected} disconnected${cluster === undefined ? "" : " from this node"}`;
}

/**
 * Removes a ban, or those that were made from a nickname. What cannot be done is thrown at once, not by the promise.
 *
 * @returns What was banned.
 * @throws {ChatError} `not-server-operator` or `no-such-ban`
 */
export function unban(context: ModerationContext, chat: Chat, by: Member, text: string): Promise<string> {
  requireOperator(by);
  const { bans } = context;
  const named = bans.byNick(text).map(({ what }) => what);
  const left = new Set(bans.all.map(({ what }) => fold(what)));
  const found = [...named, readBan(text) ?? text].filter((what) => left.delete(fold(what)));
  if (found.length === 0) throw new ChatError("no-such-ban", text);
  for (const what of found) context.audit("unbanned", by, what);
  return removeBans(chat, found);
}

async function removeBans(chat: Chat, bans: readonly string[]): Promise<string> {
  for (const what of bans) await chat.serverBans.remove(what);
  return bans.join(" and ");
}

/** What identifies a user to bans and mutes: its account, if it is logged in, and its host. */
function marksOf({ account, host }: Member): string[] {
  return account === undefined ? [host] : [accountMask(fold(account)), host];
}

/**
 * Mutes the account and the host of a user, and with the host all users from there. What cannot be done is thrown at once, not
 * by the promise.
 *
 * @param duration In milliseconds.
 * @throws {ChatError} `not-server-operator` or `no-such-user`
 */
export function mute(
  context: ModerationContext,
  chat: Chat,
  by: Member,
  nick: string,
  duration = Infinity,
): Promise<Member> {
  requireOperator(by);
  const target = chat.find(nick);
  context.audit("muted", by, `${target.origin} ${formatDuration(duration)}`);
  const limit = duration === Infinity ? "" : ` for ${formatDuration(duration)}`;
  const notice = `${by.nick} has muted you${limit}. You can read, but not write.`;
  return addMutes(chat, target, { who: target.nick, by: by.nick }, duration, notice);
}

async function addMutes(chat: Chat, target: Member, action: MuteAction, duration: number, notice: string) {
  for (const mark of marksOf(target)) await chat.mutes.add(mark, chat.mutes.now() + duration, action);
  await chat.notice(notice, target);
  return target;
}

/**
 * Unmutes a user, or a host or an account. What cannot be done is thrown at once, not by the promise.
 *
 * @param text A user, who may have left since it was muted, a host, as in `*!*@host`, or an account, as in `~a:alice`.
 * @returns The nickname of the user, or the mask of the host or account.
 * @throws {ChatError} `not-server-operator`, `no-such-user` or `not-muted`
 */
export function unmute(context: ModerationContext, chat: Chat, by: Member, text: string): Promise<string> {
  requireOperator(by);
  const target = chat.get(text);
  const named = chat.mutes.all.filter(({ action }) => action !== undefined && fold(action.who) === fold(text));
  const marks = target === undefined ? [text.replace(/^\*!\*@/, "")] : marksOf(target);
  const muted = [...new Set([...named.map(({ host }) => host), ...marks])].filter((mark) => chat.mutes.has(mark));
  if (muted.length === 0) {
    throw new ChatError(target === undefined && isNick(text) ? "no-such-user" : "not-muted", target?.nick ?? text);
  }
  const what = muted.map(maskOf).join(" and ");
  context.audit("unmuted", by, target?.origin ?? what);
  return removeMutes(chat, muted, target, target?.nick ?? what);
}

async function removeMutes(chat: Chat, marks: readonly string[], target: Member | undefined, what: string) {
  for (const mark of marks) await chat.mutes.remove(mark);
  if (target !== undefined) await chat.notice("You can speak again.", target);
  return what;
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

/** The mask that matches all users of a host, or of an account as {@linkcode accountMask} writes it. */
export function maskOf(mark: string): string {
  return mark.startsWith(ACCOUNT_MASK) ? mark : `*!*@${mark}`;
}

function timeLeft(time: number): string {
  return time === Infinity ? "for good" : `for ${formatDuration(time)} more`;
}

function readReason(text: string | undefined): string {
  const reason = sanitize(text ?? "").trim();
  requireReason(reason);
  return reason || "no reason given";
}
