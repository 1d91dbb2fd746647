/**
 * Keeping order, for server operators: KILL, KLINE, UNKLINE, MUTE, UNMUTE, ANNOUNCE. What they ban and mute is listed by
 * `STATS k`.
 */
import { readDuration } from "../../duration.ts";
import { announce, ban, kill as killed, mute as muted, unban, unmute as unmuted } from "../order.ts";
import { word } from "./numerics.ts";
import type { IrcSession } from "./session.ts";

export function kill(session: IrcSession, params: readonly string[]): void {
  killed(session.door.order, session.hub, session.member!, params[0]!, params[1]);
}

export function kline(session: IrcSession, params: readonly string[]): void {
  // As elsewhere, a time comes first if there is one: minutes, or 12h.
  const time = timeOf(params[0]!);
  const [what, reason] = time === undefined ? params : params.slice(1);
  if (what === undefined) return session.numeric("ERR_NEEDMOREPARAMS", "KLINE");
  const made = ban(session.door.order, session.hub, session.member!, what, time, reason);
  session.reply(`NOTICE ${session.name} :Banned ${made.what}; ${made.gone} disconnected`);
}

export function unkline(session: IrcSession, params: readonly string[]): void {
  const what = unban(session.door.order, session.member!, params[0]!);
  session.reply(`NOTICE ${session.name} :Lifted the ban of ${what}`);
}

export function mute(session: IrcSession, params: readonly string[]): void {
  const time = params[1] === undefined ? Infinity : timeOf(params[1]);
  if (time === undefined) return session.fail("MUTE", "INVALID_TIME", "Minutes, or as in 12h", word(params[1]!));
  const target = muted(session.door.order, session.hub, session.member!, params[0]!, time);
  session.reply(`NOTICE ${session.name} :Muted ${target.nick}, and all from ${target.host}`);
}

export function unmute(session: IrcSession, params: readonly string[]): void {
  const target = unmuted(session.door.order, session.hub, session.member!, params[0]!);
  session.reply(`NOTICE ${session.name} :${target.nick} may speak again`);
}

export function announcement(session: IrcSession, params: readonly string[]): void {
  announce(session.door.order, session.hub, session.member!, params[0]!);
}

/** A time, in milliseconds, 0 being for good; `undefined` for what is none. */
function timeOf(text: string): number | undefined {
  if (/^0+$/.test(text)) return Infinity;
  return readDuration(/^\d+$/.test(text) ? `${text}m` : text);
}
