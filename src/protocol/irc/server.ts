/**
 * The server: VERSION, TIME, INFO, ADMIN, STATS, LINKS, NODES, HELP, LUSERS, MOTD, OPER, WALLOPS, REHASH.
 */
import { AuthError } from "../../accounts/auth.ts";
import { matchesMask } from "../../chat/modes.ts";
import { fold } from "../../chat/names.ts";
import { wrap } from "../../util/wrap.ts";
import { authErrorText } from "../accounts.ts";
import { describe, describeMute, grantOperator, maskOf, reload, requireOperator } from "../moderation.ts";
import { listNodes, ownNode } from "../nodes.ts";
import type { MemberContext } from "./context.ts";
import { replyIsupport } from "./isupport.ts";
import { userModes } from "./modes.ts";
import { word } from "./numerics.ts";
import { type IrcMessage, restOf } from "./parser.ts";

/** The number of command names in one line of HELP. */
const NAMES_PER_LINE = 10;

/** VERSION (RFC 2812, section 3.4.3). */
export function version(context: MemberContext, params: readonly string[]): void {
  if (isElsewhere(context, params[0])) return;
  const { name, version } = context.options;
  context.numeric("RPL_VERSION", `tincan-${version}`, name, "a chat server in one executable");
  replyIsupport(context);
}

/** TIME (RFC 2812, section 3.4.6). */
export function time(context: MemberContext, params: readonly string[]): void {
  if (isElsewhere(context, params[0])) return;
  context.numeric("RPL_TIME", context.options.name, new Date(Date.now()).toUTCString());
}

/** INFO (RFC 2812, section 3.4.10). */
export function info(context: MemberContext, params: readonly string[]): void {
  if (isElsewhere(context, params[0])) return;
  const { name, version, since } = context.options;
  context.numeric("RPL_INFO", `${name} runs tincan ${version}, a chat server in one executable.`);
  context.numeric("RPL_INFO", "IRC, nc and telnet clients share the same channels.");
  context.numeric("RPL_INFO", `Started ${since.toUTCString()}`);
  context.numeric("RPL_ENDOFINFO");
}

/** ADMIN (RFC 2812, section 3.4.9). */
export function admin(context: MemberContext, params: readonly string[]): void {
  if (isElsewhere(context, params[0])) return;
  context.numeric("ERR_NOADMININFO", context.options.name);
}

/** STATS (RFC 2812, section 3.4.4): u, and k and z for server operators. Any other letter has an empty reply. */
export function stats(context: MemberContext, params: readonly string[]): void {
  const [query = "*", server] = params;
  const { moderation, since } = context.options;
  if (isElsewhere(context, server)) return;
  if (query === "u") {
    const seconds = Math.floor((Date.now() - since.getTime()) / 1000);
    const two = (number: number) => String(number).padStart(2, "0");
    const clock = `${Math.floor(seconds / 3600) % 24}:${two(Math.floor(seconds / 60) % 60)}:${two(seconds % 60)}`;
    context.numeric("RPL_STATSUPTIME", Math.floor(seconds / 86_400), clock);
  } else if (query === "k") {
    requireOperator(context.member);
    moderation.audit("bans", context.member);
    if (!context.replyWithinLimit(klines(context))) context.numeric("ERR_TOOMANYMATCHES", "STATS");
  } else if (query === "z") {
    requireOperator(context.member);
    moderation.audit("stats", context.member);
    for (const sentence of moderation.stats()) context.numeric("RPL_STATSDEBUG", sentence);
  }
  context.numeric("RPL_ENDOFSTATS", query);
}

/** The lines of STATS k: all bans, then all mutes. */
function* klines(context: MemberContext): Generator<string> {
  const { bans } = context.options.moderation;
  const { mutes } = context.chat;
  for (const ban of bans.all) yield* kline(context, word(ban.what), describe(ban, bans.left(ban)));
  for (const mute of mutes.all) {
    yield* kline(context, maskOf(mute.host), describeMute(mute, mute.until - mutes.now()));
  }
}

/** The description of a ban or a mute, in as many lines as it takes. */
function kline(context: MemberContext, mask: string, text: string): string[] {
  const head = context.line("RPL_STATSKLINE", mask, "");
  return wrap(text, context.bytesLeft(head)).map((part) => head + part);
}

/** LINKS (RFC 2812, section 3.4.5): the nodes of the cluster, all of them linked to this one; else this server alone. */
export function links(context: MemberContext): void {
  const { chat, options: { name } } = context;
  const self = ownNode(chat)?.name ?? name;
  for (const { name, version, isSelf } of chat.cluster?.nodes ?? []) {
    context.numeric("RPL_LINKS", name, self, isSelf ? 0 : 1, `tincan ${version}`);
  }
  if (chat.cluster === undefined) context.numeric("RPL_LINKS", name, name, 0, "tincan");
  context.numeric("RPL_ENDOFLINKS");
}

/** NODES: the nodes of the cluster, for server operators. */
export function nodes(context: MemberContext): void {
  const { chat, member, options: { moderation } } = context;
  for (const line of listNodes(moderation, chat, member)) context.reply(`NOTICE ${context.name} :${line}`);
}

/**
 * HELP (modern.ircdocs.horse, "HELP message").
 *
 * @param commands The help texts by command.
 */
export function help(
  context: MemberContext,
  params: readonly string[],
  commands: ReadonlyMap<string, { readonly help: string }>,
): void {
  const [command = ""] = params;
  if (command === "") {
    context.numeric("RPL_HELPSTART", "index", "Commands; HELP command explains one");
    const names = [...commands.keys()];
    for (let i = 0; i < names.length; i += NAMES_PER_LINE) {
      context.numeric("RPL_HELPTXT", "index", names.slice(i, i + NAMES_PER_LINE).join(" "));
    }
    return context.numeric("RPL_ENDOFHELP", "index", "End of /HELP");
  }
  const topic = command.toUpperCase();
  const found = commands.get(topic);
  if (found === undefined) return context.numeric("ERR_HELPNOTFOUND", command);
  context.numeric("RPL_HELPSTART", topic, topic);
  context.numeric("RPL_HELPTXT", topic, found.help);
  context.numeric("RPL_ENDOFHELP", topic, "End of /HELP");
}

/** LUSERS (RFC 2812, section 3.4.2). */
export function lusers(context: MemberContext): void {
  const { members: { size }, alwaysOn: { absent }, rooms, flagCounts, peak, cluster } = context.chat;
  const servers = Math.max(1, cluster?.nodes.length ?? 1);
  context.numeric("RPL_LUSERCLIENT", size - flagCounts.invisible, flagCounts.invisible, servers);
  context.numeric("RPL_LUSEROP", flagCounts.operator);
  context.numeric("RPL_LUSERUNKNOWN", context.options.unregistered.count);
  context.numeric("RPL_LUSERCHANNELS", rooms.size);
  const clients = cluster === undefined ? size - absent.size : ownNode(context.chat)?.sessions ?? 0;
  context.numeric("RPL_LUSERME", clients, servers - 1);
  // The most users of one node are not counted.
  if (cluster === undefined) context.numeric("RPL_LOCALUSERS", size, peak, size, peak);
  context.numeric("RPL_GLOBALUSERS", size, peak, size, peak);
}

/** MOTD (RFC 2812, section 3.4.1). */
export function motd(context: MemberContext, params: readonly string[]): void {
  if (isElsewhere(context, params[0])) return;
  const lines = context.options.motd();
  if (lines.length === 0) return context.numeric("ERR_NOMOTD");
  context.numeric("RPL_MOTDSTART", context.options.name);
  const max = context.bytesLeft(context.line("RPL_MOTD", ""));
  for (const line of lines) for (const part of wrap(line, max)) context.numeric("RPL_MOTD", part);
  context.numeric("RPL_ENDOFMOTD");
}

/** OPER (RFC 2812, section 3.1.4). The password may have spaces. */
export async function oper(context: MemberContext, params: readonly string[], message: IrcMessage): Promise<void> {
  const [name = ""] = params;
  const password = restOf(message, 1);
  const { member, chat, options: { auth, moderation } } = context;
  if (auth.operators.size === 0) return context.numeric("ERR_NOOPERHOST");
  try {
    await auth.verifyOperator(context.caller, name, password);
  } catch (error) {
    if (!(error instanceof AuthError)) throw error;
    context.numeric("ERR_PASSWDMISMATCH");
    if (error.code !== "wrong-password") context.reply(`NOTICE ${context.name} :${authErrorText(error)}`);
    return context.countFailure(error);
  }
  if (!chat.has(member)) return; // disconnected while the password was checked
  await grantOperator(moderation, chat, member, name);
  context.numeric("RPL_YOUREOPER");
  context.reply(`:${member.origin} MODE ${member.nick} :${userModes(context)}`);
}

/** WALLOPS (RFC 2812, section 4.7). */
export async function wallops(context: MemberContext, params: readonly string[]): Promise<void> {
  const { member, chat } = context;
  requireOperator(member);
  if (params[0]!.trim() === "") return context.numeric("ERR_NEEDMOREPARAMS", "WALLOPS");
  context.options.moderation.audit("wallops", member);
  await chat.sayWallops(member, params[0]!);
}

/** REHASH (RFC 2812, section 4.2). */
export async function rehash(context: MemberContext): Promise<void> {
  const { done, failed } = await reload(context.options.moderation, context.member);
  const all = [...done, ...failed.map(({ what }) => what)];
  context.numeric("RPL_REHASHING", all.join(",") || "nothing");
  for (const { why } of failed) context.fail("REHASH", "CANNOT_READ", why);
}

/** Whether a command is for another server. Commands are not passed on: then the client is told that there is none. */
function isElsewhere(context: MemberContext, server: string | undefined): boolean {
  if (server === undefined) return false;
  const names = [context.options.name, ownNode(context.chat)?.name].filter((name) => name !== undefined);
  if (names.some((name) => matchesMask(fold(server), fold(name)))) return false;
  if (context.chat.get(server) !== undefined) return false; // a nick stands for the server of that user
  context.numeric("ERR_NOSUCHSERVER", server);
  return true;
}
