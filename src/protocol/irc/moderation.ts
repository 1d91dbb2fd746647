/**
 * Keeping order, for server operators: KILL, KLINE, UNKLINE, MUTE, UNMUTE, ANNOUNCE. What they ban and mute is listed by
 * `STATS k`.
 */
import {
  announce,
  ban,
  kill as killed,
  looksLikeTime,
  mute as muted,
  readTime,
  requireOperator,
  unban,
  unmute as unmuted,
} from "../moderation.ts";
import type { Steps } from "../time_slicer.ts";
import type { IrcSession } from "./session.ts";

export function kill(session: IrcSession, params: readonly string[]): Promise<void> {
  return killed(session.options.moderation, session.chat, session.member!, params[0]!, params[1]);
}

export function* kline(session: IrcSession, params: readonly string[]): Steps<void> {
  requireOperator(session.member!);
  const timed = looksLikeTime(params[0]!); // as elsewhere, it comes first if there is one
  const time = timed ? readTime(params[0]!) : Infinity;
  const [what, reason] = timed ? params.slice(1) : params;
  if (what === undefined) return session.numeric("ERR_NEEDMOREPARAMS", "KLINE");
  const made = yield* ban(session.options.moderation, session.chat, session.member!, what, time, reason);
  session.reply(`NOTICE ${session.name} :Banned ${made.what}; ${made.disconnected} disconnected`);
  if (made.includesCaller) {
    session.reply(
      `NOTICE ${session.name} :You come from there yourself: UNKLINE ${made.what} before you leave, or stay out`,
    );
  }
}

export function unkline(session: IrcSession, params: readonly string[]): void {
  const what = unban(session.options.moderation, session.member!, params[0]!);
  session.reply(`NOTICE ${session.name} :Lifted the ban of ${what}`);
}

export function mute(session: IrcSession, params: readonly string[]): void {
  requireOperator(session.member!);
  const time = params[1] === undefined ? Infinity : readTime(params[1]);
  const target = muted(session.options.moderation, session.chat, session.member!, params[0]!, time);
  session.reply(`NOTICE ${session.name} :Muted ${target.nick}, and all from ${target.host}`);
}

export function unmute(session: IrcSession, params: readonly string[]): void {
  const who = unmuted(session.options.moderation, session.chat, session.member!, params[0]!);
  session.reply(`NOTICE ${session.name} :${who} may speak again`);
}

export function announcement(session: IrcSession, params: readonly string[]): void | Promise<void> {
  return announce(session.options.moderation, session.chat, session.member!, params[0]!);
}
