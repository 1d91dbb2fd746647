/**
 * Users: WHO, WHOIS, WHOWAS, ISON, USERHOST, AWAY, SETNAME, MONITOR, SILENCE.
 */
import { ChatError } from "../../chat/chat_error.ts";
import { isRealname, REALNAME_BYTES, REALNAME_MAX } from "../../chat/lengths.ts";
import { MONITOR_MAX } from "../../chat/monitor.ts";
import type { WhowasEntry } from "../../chat/whowas.ts";
import type { Member } from "../../chat/member.ts";
import { matchesMask } from "../../chat/modes.ts";
import { fold, isNick, prepareName } from "../../chat/names.ts";
import type { Room } from "../../chat/room.ts";
import { sanitize } from "../../util/sanitize.ts";
import { nodeOf } from "../nodes.ts";
import type { Steps } from "../time_slicer.ts";
import { type IrcContext, isRegistered, type MemberContext } from "./context.ts";
import { replyError } from "./error_replies.ts";
import { byteLength } from "./format.ts";
import { TARGETS_MAX } from "./limits.ts";
import { rankPrefix, visibleRoom } from "./lookup.ts";

/** The most nicks that USERHOST takes (modern.ircdocs.horse, "USERHOST message"). */
const USERHOST_MAX = 5;

/** WHO (RFC 2812, section 3.6.1) and WHOX. */
export function* who(context: MemberContext, params: readonly string[]): Steps<void> {
  const [mask = "*", options = ""] = params;
  if (!(yield* context.replyInSteps(whoReplies(context, mask, options)))) context.numeric("ERR_TOOMANYMATCHES", "WHO");
  context.numeric("RPL_ENDOFWHO", mask);
}

function* whoReplies(context: MemberContext, mask: string, options: string): Generator<string | undefined> {
  const [flags = "", rest = ""] = options.split("%");
  const fields = options.includes("%") ? rest : undefined;
  const isChannel = mask.startsWith("#");
  const room = isChannel ? visibleRoom(context, mask) : undefined;
  const folded = fold(mask);
  const matchesAll = isChannel || mask === "*" || mask === "0";
  for (const member of isChannel ? room?.members ?? [] : context.chat.members) {
    yield undefined;
    if (!matchesAll && !matchesAny(folded, member)) continue;
    const named = folded === fold(member.nick); // an invisible user is found by the exact nickname
    const seen = room === undefined ? member.isVisibleTo(context.member) : member.isSeenIn(room, context.member);
    if ((!named && !seen) || (flags.includes("o") && !member.operator)) continue;
    const shared = room ?? commonRoom(context, member);
    yield fields === undefined ? whoLine(context, member, shared) : whoxLine(context, member, shared, fields);
  }
}

/** WHOIS (RFC 2812, section 3.6.2), for at most {@linkcode TARGETS_MAX} nicks. */
export function whois(context: MemberContext, params: readonly string[]): void {
  const nicks = params.at(-1) ?? ""; // a server may be named before them
  if (nicks === "") return context.numeric("ERR_NONICKNAMEGIVEN");
  for (const nick of nicks.split(",").slice(0, TARGETS_MAX)) {
    const member = context.chat.get(nick);
    if (member === undefined) context.numeric("ERR_NOSUCHNICK", nick);
    else replyWhois(context, member);
  }
  context.numeric("RPL_ENDOFWHOIS", nicks);
}

/** WHOWAS (RFC 2812, section 3.6.3). */
export function whowas(context: MemberContext, params: readonly string[]): void {
  const [nick = "", count = ""] = params;
  if (nick === "") return context.numeric("ERR_NONICKNAMEGIVEN");
  const max = /^[1-9]\d{0,5}$/.test(count) ? Number(count) : Infinity;
  const entries = context.chat.whowas.find(nick).slice(0, max);
  if (entries.length === 0) context.numeric("ERR_WASNOSUCHNICK", nick);
  context.replyWithinLimit(whowasReplies(context, entries));
  context.numeric("RPL_ENDOFWHOWAS", nick);
}

function* whowasReplies(context: MemberContext, entries: readonly WhowasEntry[]): Generator<string> {
  for (const { nick, user, host, realname, at } of entries) {
    yield context.line("RPL_WHOWASUSER", nick, user, host, realname);
    yield context.line("RPL_WHOISSERVER", nick, context.options.name, new Date(at).toUTCString());
  }
}

/** ISON (RFC 2812, section 4.9). */
export function ison(context: MemberContext, params: readonly string[]): void {
  let left = context.bytesLeft(context.line("RPL_ISON", ""));
  const online: string[] = [];
  for (const param of params.flatMap((param) => param.split(" "))) {
    const nick = context.chat.get(param)?.nick;
    // There can be one line only, and a nick that was cut off would be another.
    const size = nick === undefined ? Infinity : byteLength(nick) + 1;
    if (size > left) continue;
    online.push(nick!);
    left -= size;
  }
  context.numeric("RPL_ISON", online.join(" "));
}

/** USERHOST (RFC 2812, section 4.8). */
export function userhost(context: MemberContext, params: readonly string[]): void {
  const members = params.slice(0, USERHOST_MAX).flatMap((nick) => context.chat.get(nick) ?? []);
  const replies = members.map(({ nick, operator, away, user, host }) => {
    return `${nick}${operator ? "*" : ""}=${away === undefined ? "+" : "-"}${user}@${host}`;
  });
  // Of the longest nicks, four fit into the one line that there can be.
  while (!context.fits(context.line("RPL_USERHOST", replies.join(" ")))) replies.pop();
  context.numeric("RPL_USERHOST", replies.join(" "));
}

/** The away message of a client that no person is at (IRCv3, "pre-away", a draft). */
const UNATTENDED = "*";

/** AWAY (RFC 2812, section 4.1); with `draft/pre-away` also before registration, and `AWAY *` for an unattended client. */
export async function away(context: IrcContext, params: readonly string[]): Promise<void> {
  const message = sanitize(params[0] ?? "").trim() || undefined;
  const known = context.has("draft/pre-away");
  const isUnattended = known && message === UNATTENDED;
  if (isRegistered(context)) {
    if (isUnattended || message === undefined) await context.chat.alwaysOn.attend(context.session, !isUnattended);
    if (!isUnattended) await context.chat.setAway(context.member, message);
  } else {
    if (!known) return context.numeric("ERR_NOTREGISTERED");
    context.handshake.attended = !isUnattended;
    context.handshake.away = isUnattended ? undefined : message;
  }
  context.numeric(message === undefined ? "RPL_UNAWAY" : "RPL_NOWAWAY");
}

/** Sets the away message that a client has given before it was registered. */
export async function setAway(context: MemberContext, message: string): Promise<void> {
  try {
    await context.chat.setAway(context.member, message);
  } catch (error) {
    if (!(error instanceof ChatError)) throw error;
    replyError(context, error, "AWAY");
  }
}

/** SETNAME (IRCv3, "setname"). */
export async function setname(context: MemberContext, params: readonly string[]): Promise<void> {
  const [realname = ""] = params;
  if (sanitize(realname).trim() === "" || !isRealname(sanitize(realname))) {
    const wide = [...realname].length <= REALNAME_MAX && byteLength(realname) > REALNAME_BYTES;
    const limit = wide ? `at most ${REALNAME_BYTES} bytes` : `1 to ${REALNAME_MAX} characters`;
    return context.fail("SETNAME", "INVALID_REALNAME", `A real name has ${limit}`);
  }
  await context.chat.setRealname(context.member, realname);
}

/** MONITOR (IRCv3, "monitor"). */
export function monitor(context: MemberContext, params: readonly string[]): void {
  const [subcommand = "", list = ""] = params;
  const { chat: { monitor }, session } = context;
  const nicks = list.split(",").map(prepareName).filter(isNick);
  switch (subcommand.toUpperCase()) {
    case "+": {
      for (const [i, nick] of nicks.entries()) {
        if (monitor.add(session, nick)) continue;
        context.numeric("ERR_MONLISTFULL", MONITOR_MAX, nicks.slice(i).join(","));
        return replyPresence(context, nicks.slice(0, i));
      }
      return replyPresence(context, nicks);
    }
    case "-":
      return nicks.forEach((nick) => monitor.delete(session, nick));
    case "C":
      return monitor.clear(session);
    case "L":
      replyNicks(context, "RPL_MONLIST", monitor.list(session));
      return context.numeric("RPL_ENDOFMONLIST");
    case "S":
      return replyPresence(context, monitor.list(session));
  }
}

/**
 * SILENCE: ignores users, whose private messages do not reach the client then (modern.ircdocs.horse, "SILENCE Parameter"; the
 * command is that of ircu). `+` before a name is optional. There are no masks but `nick!*@host`.
 */
export async function silence(context: MemberContext, params: readonly string[]): Promise<void> {
  const { chat, member } = context;
  const [, sign = "", name = ""] = /^([+-]?)(.*)$/s.exec(params[0] ?? "")!;
  if (name !== "") {
    return void await (sign === "-" ? chat.ignores.remove(member, name) : chat.ignores.add(member, name));
  }
  for (const each of chat.ignores.list(member)) context.numeric("RPL_SILELIST", member.nick, each);
  context.numeric("RPL_ENDOFSILELIST");
}

/** Sends which of some nicks are online, and which are offline. */
function replyPresence(context: MemberContext, nicks: readonly string[]) {
  const online = nicks.flatMap((nick) => context.chat.get(nick)?.origin ?? []);
  replyNicks(context, "RPL_MONONLINE", online);
  replyNicks(context, "RPL_MONOFFLINE", nicks.filter((nick) => context.chat.get(nick) === undefined));
}

function replyNicks(context: MemberContext, name: "RPL_MONLIST" | "RPL_MONONLINE" | "RPL_MONOFFLINE", nicks: string[]) {
  context.reply(...context.numericList(name, [], nicks, ","));
}

/** A channel that the client may know a user to be in: one that both have joined, if there is one. */
function commonRoom(context: MemberContext, member: Member): Room | undefined {
  for (const room of member.rooms.values()) if (room.has(context.member)) return room;
  for (const room of member.rooms.values()) if (member.isSeenIn(room, context.member)) return room;
  return undefined;
}

function matchesAny(mask: string, { nick, user, host, realname }: Member): boolean {
  return [nick, user, host, realname].some((text) => matchesMask(mask, fold(text)));
}

/** The name and the version of the server that a user is connected to: a node of the cluster, else this server. */
function serverOf(context: MemberContext, member: Member): { readonly name: string; readonly version: string } {
  return nodeOf(context.chat, member) ?? context.options;
}

function flagsOf(context: MemberContext, member: Member, room: Room | undefined): string {
  const presence = member.away === undefined ? "H" : "G";
  const rank = room === undefined ? "" : rankPrefix(context, room, member);
  return `${presence}${member.operator ? "*" : ""}${rank}${member.bot ? "B" : ""}`;
}

function whoLine(context: MemberContext, member: Member, room: Room | undefined): string {
  const { user, host, nick, realname } = member;
  const flags = flagsOf(context, member, room);
  const line = (channel: string) => {
    return context.line("RPL_WHOREPLY", channel, user, host, serverOf(context, member).name, nick, flags, realname);
  };
  const whole = line(room?.name ?? "*");
  return context.fits(whole) ? whole : line("*"); // without the channel rather than with half a real name
}

/** A reply of WHOX: the requested fields, always in the same order (ircv3.net, "WHOX"). */
function whoxLine(context: MemberContext, member: Member, room: Room | undefined, request: string): string {
  const [letters = "", token = ""] = request.split(",");
  const idle = Math.floor((Date.now() - member.spokeAt) / 1000);
  const fields: Readonly<Record<string, string>> = {
    t: /^\d{1,3}$/.test(token) ? token : "0",
    c: room?.name ?? "*",
    u: member.user,
    i: "255.255.255.255", // addresses are secret
    h: member.host,
    s: serverOf(context, member).name,
    n: member.nick,
    f: flagsOf(context, member, room),
    d: "0",
    l: String(member === context.member ? idle : 0),
    a: member.account ?? "0",
    o: room !== undefined && room.holds(member, "op") ? "999" : "n/a",
    r: `:${member.realname}`,
  };
  const requested = Object.keys(fields).filter((letter) => letters.includes(letter));
  return context.line("RPL_WHOSPCRPL", requested.map((letter) => fields[letter]).join(" "));
}

function replyWhois(context: MemberContext, member: Member) {
  const { nick, user, host, realname } = member;
  context.numeric("RPL_WHOISUSER", nick, user, host, realname);
  const rooms = [...member.rooms.values()].filter((room) => member.isSeenIn(room, context.member));
  const names = rooms.map((room) => rankPrefix(context, room, member) + room.name);
  context.reply(...context.numericList("RPL_WHOISCHANNELS", [nick], names));
  const { name, version } = serverOf(context, member);
  context.numeric("RPL_WHOISSERVER", nick, name, `tincan-${version}`);
  if (member.account !== undefined) context.numeric("RPL_WHOISACCOUNT", nick, member.account);
  if (member.operator) context.numeric("RPL_WHOISOPERATOR", nick);
  if (member.bot) context.numeric("RPL_WHOISBOT", nick);
  if (member.away !== undefined) context.numeric("RPL_AWAY", nick, member.away);
  const idle = Math.floor((Date.now() - member.spokeAt) / 1000);
  context.numeric("RPL_WHOISIDLE", nick, idle, Math.floor(member.since / 1000));
}
