/**
 * The server: VERSION, TIME, INFO, ADMIN, STATS, LINKS, HELP, LUSERS, MOTD, OPER, WALLOPS, REHASH.
 */
import { AuthError } from "../../accounts/auth.ts";
import { matches } from "../../chat/modes.ts";
import { fold } from "../../chat/names.ts";
import { authErrorText } from "../accounts.ts";
import { commands } from "./commands.ts";
import { wrap } from "../../util/wrap.ts";
import { bytes, IRC_LINE_MAX } from "./format.ts";
import { userModes } from "./modes.ts";
import { present } from "./users.ts";
import { describe, describeMute, grantOperator, maskOf, reload, requireOperator } from "../moderation.ts";
import { type IrcMessage, restOf } from "./parser.ts";
import { word } from "./numerics.ts";
import { replyIsupport } from "./registration.ts";
import type { IrcSession } from "./session.ts";

export function version(session: IrcSession, params: readonly string[]): void {
  if (isElsewhere(session, params[0])) return;
  session.numeric(
    "RPL_VERSION",
    `tincan-${session.options.version}`,
    session.options.name,
    "a chat server in one executable",
  );
  replyIsupport(session);
}

export function time(session: IrcSession, params: readonly string[]): void {
  if (isElsewhere(session, params[0])) return;
  session.numeric("RPL_TIME", session.options.name, new Date().toUTCString());
}

export function info(session: IrcSession, params: readonly string[]): void {
  if (isElsewhere(session, params[0])) return;
  const { name, version, since } = session.options;
  session.numeric("RPL_INFO", `${name} runs tincan ${version}, a chat server in one executable.`);
  session.numeric("RPL_INFO", "Whoever has nc, telnet or an IRC client is in the same conversation.");
  session.numeric("RPL_INFO", `Started ${since.toUTCString()}`);
  session.numeric("RPL_ENDOFINFO");
}

export function admin(session: IrcSession, params: readonly string[]): void {
  if (isElsewhere(session, params[0])) return;
  session.numeric("ERR_NOADMININFO", session.options.name);
}

export function stats(session: IrcSession, params: readonly string[]): void {
  const [what = "*", server] = params;
  if (isElsewhere(session, server)) return;
  if (what === "u") {
    const seconds = Math.floor((Date.now() - session.options.since.getTime()) / 1000);
    const two = (number: number) => String(number).padStart(2, "0");
    const clock = `${Math.floor(seconds / 3600) % 24}:${two(Math.floor(seconds / 60) % 60)}:${two(seconds % 60)}`;
    session.numeric("RPL_STATSUPTIME", Math.floor(seconds / 86_400), clock);
  } else if (what === "k") {
    requireOperator(session.member!);
    const { bans, audit } = session.options.moderation;
    audit("bans", session.member!);
    const lines = function* () {
      for (const ban of bans.all) yield* klines(session, word(ban.what), describe(ban, bans.left(ban)));
      const { mutes } = session.chat;
      for (const mute of mutes.all) {
        yield* klines(session, maskOf(mute.host), describeMute(mute, mute.until - mutes.now()));
      }
    };
    if (!session.replyAll(lines())) session.numeric("ERR_TOOMANYMATCHES", "STATS");
  } else if (what === "z") {
    requireOperator(session.member!);
    session.options.moderation.audit("stats", session.member!);
    for (const sentence of session.options.moderation.stats()) session.numeric("RPL_STATSDEBUG", sentence);
  }
  session.numeric("RPL_ENDOFSTATS", what);
}

/** A ban or mute, in as many lines as it takes. */
function klines(session: IrcSession, mask: string, text: string): string[] {
  const head = session.line("RPL_STATSKLINE", mask, "");
  const most = IRC_LINE_MAX - bytes(`:${session.options.name} ${head}`);
  return wrap(text, most).map((part) => head + part);
}

export function links(session: IrcSession): void {
  session.numeric("RPL_LINKS", session.options.name, session.options.name, "tincan");
  session.numeric("RPL_ENDOFLINKS");
}

export function help(session: IrcSession, params: readonly string[]): void {
  const topic = (params[0] ?? "").toUpperCase();
  const about = topic === "" ? "index" : topic;
  if (topic !== "") {
    const known = commands.get(topic);
    if (known === undefined) return session.numeric("ERR_HELPNOTFOUND", params[0]!);
    session.numeric("RPL_HELPSTART", about, topic);
    session.numeric("RPL_HELPTXT", about, known.help);
  } else {
    session.numeric("RPL_HELPSTART", about, "What can be done here; HELP command says more");
    const names = [...commands.keys()];
    for (let i = 0; i < names.length; i += 10) {
      session.numeric("RPL_HELPTXT", about, names.slice(i, i + 10).join(" "));
    }
  }
  session.numeric("RPL_ENDOFHELP", about, "End of /HELP");
}

export function lusers(session: IrcSession): void {
  const { members: { size }, rooms, flagCounts, peak } = session.chat;
  session.numeric("RPL_LUSERCLIENT", size - flagCounts.invisible, flagCounts.invisible);
  session.numeric("RPL_LUSEROP", flagCounts.operator);
  session.numeric("RPL_LUSERUNKNOWN", session.options.unregistered.count);
  session.numeric("RPL_LUSERCHANNELS", rooms.size);
  session.numeric("RPL_LUSERME", size);
  session.numeric("RPL_LOCALUSERS", size, peak, size, peak);
  session.numeric("RPL_GLOBALUSERS", size, peak, size, peak);
}

export function motd(session: IrcSession, params: readonly string[]): void {
  if (isElsewhere(session, params[0])) return;
  const lines = session.options.motd();
  if (lines.length === 0) return session.numeric("ERR_NOMOTD");
  session.numeric("RPL_MOTDSTART", session.options.name);
  const most = IRC_LINE_MAX - bytes(`:${session.options.name} ${session.line("RPL_MOTD", "")}`);
  for (const line of lines) for (const part of wrap(line, most)) session.numeric("RPL_MOTD", part);
  session.numeric("RPL_ENDOFMOTD");
}

export async function oper(session: IrcSession, params: readonly string[], message: IrcMessage): Promise<void> {
  const [name = ""] = params;
  const password = restOf(message, 1);
  const { auth, moderation } = session.options;
  const member = session.member!;
  if (auth.operators.size === 0) return session.numeric("ERR_NOOPERHOST");
  try {
    await auth.verifyOperator(session.caller, name, password);
  } catch (error) {
    if (!(error instanceof AuthError)) throw error;
    session.numeric("ERR_PASSWDMISMATCH");
    if (error.code !== "wrong-password") session.reply(`NOTICE ${session.name} :${authErrorText(error)}`);
    return session.mistaken(error);
  }
  if (!session.chat.has(member)) return; // gone in the meantime
  await grantOperator(moderation, session.chat, member, name);
  session.numeric("RPL_YOUREOPER");
  session.reply(`:${member.origin} MODE ${member.nick} :${userModes(session)}`);
}

export function wallops(session: IrcSession, params: readonly string[]): void {
  const { member, chat } = session;
  requireOperator(member!);
  if (params[0]!.trim() === "") return session.numeric("ERR_NEEDMOREPARAMS", "WALLOPS");
  session.options.moderation.audit("wallops", member!);
  chat.sayWallops(member!, params[0]!);
}

export function rehash(session: IrcSession): Promise<void> {
  requireOperator(session.member!); // which is refused before anything is promised
  return reread(session);
}

async function reread(session: IrcSession) {
  const { member, options } = session;
  const { done, failed } = await reload(options.moderation, member!);
  const all = [...done, ...failed.map(({ what }) => what)];
  session.numeric("RPL_REHASHING", all.join(",") || "nothing");
  for (const { why } of failed) session.fail("REHASH", "CANNOT_READ", why);
}

/** Whether something was asked of another server, of which there are none; then the client is told so. */
function isElsewhere(session: IrcSession, server: string | undefined): boolean {
  if (server === undefined || matches(fold(server), fold(session.options.name)) || present(session, server)) {
    return false;
  }
  session.numeric("ERR_NOSUCHSERVER", server);
  return true;
}
