/**
 * Moderation by server operators: KILL, KLINE, UNKLINE, MUTE, UNMUTE, ANNOUNCE. STATS k lists bans and mutes.
 */
import * as moderation from "../moderation.ts";
import type { MemberContext } from "./context.ts";

/** KILL (RFC 2812, section 3.7.1). */
export async function kill(context: MemberContext, params: readonly string[]): Promise<void> {
  await moderation.kill(context.options.moderation, context.chat, context.member, params[0]!, params[1]);
}

/** KLINE [time] mask [:reason]. */
export async function kline(context: MemberContext, params: readonly string[]): Promise<void> {
  const { options, chat, member } = context;
  moderation.requireOperator(member);
  const timed = moderation.looksLikeTime(params[0]!); // as on other servers, the time comes first
  const time = timed ? moderation.readTime(params[0]!) : Infinity;
  const [what, reason] = timed ? params.slice(1) : params;
  if (what === undefined) return context.numeric("ERR_NEEDMOREPARAMS", "KLINE");
  const ban = await moderation.ban(options.moderation, chat, member, what, time, reason);
  replyNotice(context, `Banned ${ban.what}; ${moderation.countDisconnected(chat, ban)}`);
  if (ban.includesCaller) {
    replyNotice(context, `This ban includes you: UNKLINE ${ban.undo} before you disconnect, or you cannot come back`);
  }
}

/** UNKLINE mask. */
export async function unkline(context: MemberContext, params: readonly string[]): Promise<void> {
  const what = await moderation.unban(context.options.moderation, context.chat, context.member, params[0]!);
  replyNotice(context, `Lifted the ban of ${what}`);
}

/** MUTE nick [time]. */
export async function mute(context: MemberContext, params: readonly string[]): Promise<void> {
  const { options, chat, member } = context;
  moderation.requireOperator(member);
  const time = params[1] === undefined ? Infinity : moderation.readTime(params[1]);
  const target = await moderation.mute(options.moderation, chat, member, params[0]!, time);
  replyNotice(context, `Muted ${target.nick} and everyone else from ${target.host}`);
}

/** UNMUTE nick|host. */
export async function unmute(context: MemberContext, params: readonly string[]): Promise<void> {
  const { options, chat, member } = context;
  const target = await moderation.unmute(options.moderation, chat, member, params[0]!);
  replyNotice(context, `Unmuted ${target}`);
}

/** ANNOUNCE :text. */
export async function announcement(context: MemberContext, params: readonly string[]): Promise<void> {
  await moderation.announce(context.options.moderation, context.chat, context.member, params[0]!);
}

function replyNotice(context: MemberContext, text: string) {
  context.reply(`NOTICE ${context.name} :${text}`);
}
