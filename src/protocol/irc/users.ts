/**
 * People: WHO, WHOIS, WHOWAS, ISON, USERHOST, AWAY, SETNAME, MONITOR.
 */
import { sanitize } from "../../util/sanitize.ts";
import { isRealname, REALNAME_BYTES, REALNAME_MAX } from "../../chat/lengths.ts";
import { MONITOR_MAX } from "../../chat/monitor.ts";
import type { WhowasEntry } from "../../chat/whowas.ts";
import type { Member } from "../../chat/member.ts";
import { matches } from "../../chat/modes.ts";
import { fold, isNick } from "../../chat/names.ts";
import { ChatError } from "../../chat/chat_error.ts";
import type { Room } from "../../chat/room.ts";
import { hasRoom, prefix } from "./channels.ts";
import { bytes, IRC_LINE_MAX } from "./format.ts";
import type { IrcSession } from "./session.ts";
import { TARGETS_MAX } from "./messages.ts";
import type { Steps } from "../time_slicer.ts";

/** The most nicks that USERHOST answers (modern.ircdocs.horse). */
const USERHOST_MAX = 5;

export function* who(session: IrcSession, params: readonly string[]): Steps<void> {
  const [mask = "*", options = ""] = params;
  if (!(yield* session.replySteps(whoReplies(session, mask, options)))) session.numeric("ERR_TOOMANYMATCHES", "WHO");
  session.numeric("RPL_ENDOFWHO", mask);
}

function* whoReplies(session: IrcSession, mask: string, options: string): Generator<string | undefined> {
  const [flags = "", rest = ""] = options.split("%");
  const fields = options.includes("%") ? rest : undefined;
  const room = mask.startsWith("#") ? hasRoom(session, mask) : undefined;
  const wanted = room !== undefined || mask === "*" || mask === "0" ? undefined : fold(mask);
  for (const member of mask.startsWith("#") ? room?.members ?? [] : session.chat.members) {
    yield undefined;
    if (wanted !== undefined && !matchesAny(wanted, member)) continue;
    const named = fold(mask) === fold(member.nick);
    const seen = room === undefined ? member.isVisibleTo(session.member!) : member.isSeenIn(room, session.member!);
    if ((!named && !seen) || (flags.includes("o") && !member.operator)) continue;
    const where = room ?? commonRoom(session, member);
    yield fields === undefined ? whoLine(session, member, where) : whoxLine(session, member, where, fields);
  }
}

export function whois(session: IrcSession, params: readonly string[]): void {
  const asked = params.at(-1) ?? ""; // before it a server may be named
  if (asked === "") return session.numeric("ERR_NONICKNAMEGIVEN");
  for (const nick of asked.split(",").slice(0, TARGETS_MAX)) {
    const member = present(session, nick);
    if (member === undefined) session.numeric("ERR_NOSUCHNICK", nick);
    else replyWhois(session, member);
  }
  session.numeric("RPL_ENDOFWHOIS", asked);
}

export function whowas(session: IrcSession, params: readonly string[]): void {
  const [nick = "", count = ""] = params;
  if (nick === "") return session.numeric("ERR_NONICKNAMEGIVEN");
  const most = /^[1-9]\d{0,5}$/.test(count) ? Number(count) : Infinity;
  const gone = session.chat.whowas.find(nick).slice(0, most);
  if (gone.length === 0) session.numeric("ERR_WASNOSUCHNICK", nick);
  session.replyAll(whowasReplies(session, gone));
  session.numeric("RPL_ENDOFWHOWAS", nick);
}

function* whowasReplies(session: IrcSession, gone: readonly WhowasEntry[]): Generator<string> {
  for (const each of gone) {
    yield session.line("RPL_WHOWASUSER", each.nick, each.user, each.host, each.realname);
    yield session.line("RPL_WHOISSERVER", each.nick, session.options.name, new Date(each.at).toUTCString());
  }
}

export function ison(session: IrcSession, params: readonly string[]): void {
  const most = IRC_LINE_MAX - bytes(`:${session.options.name} ${session.line("RPL_ISON", "")}`);
  let some = "";
  for (const asked of params.flatMap((param) => param.split(" "))) {
    const nick = present(session, asked)?.nick;
    // One cut off would be another; and there can be one line only.
    if (nick !== undefined && some.length + 1 + nick.length <= most) some += some === "" ? nick : ` ${nick}`;
  }
  session.numeric("RPL_ISON", some);
}

export function userhost(session: IrcSession, params: readonly string[]): void {
  const found = params.slice(0, USERHOST_MAX).flatMap((nick) => present(session, nick) ?? []);
  const replies = found.map(({ nick, operator, away, user, host }) => {
    return `${nick}${operator ? "*" : ""}=${away === undefined ? "+" : "-"}${user}@${host}`;
  });
  session.numeric("RPL_USERHOST", replies.join(" "));
}

export function away(session: IrcSession, params: readonly string[]): void {
  const message = sanitize(params[0] ?? "").trim() || undefined;
  session.chat.setAway(session.member!, message);
  session.numeric(message === undefined ? "RPL_UNAWAY" : "RPL_NOWAWAY");
}

export function setname(session: IrcSession, params: readonly string[]): void {
  const [realname = ""] = params;
  if (sanitize(realname).trim() === "" || !isRealname(sanitize(realname))) {
    const wide = [...realname].length <= REALNAME_MAX && bytes(realname) > REALNAME_BYTES;
    const limit = wide ? `at most ${REALNAME_BYTES} bytes` : `1 to ${REALNAME_MAX} characters`;
    return session.fail("SETNAME", "INVALID_REALNAME", `A real name has ${limit}`);
  }
  const member = session.member!;
  session.chat.setRealname(member, realname);
}

export function monitor(session: IrcSession, params: readonly string[]): void {
  const [what = "", nicks = ""] = params;
  const { monitor } = session.chat;
  const member = session.member!;
  const targets = nicks.split(",").filter(isNick);
  switch (what.toUpperCase()) {
    case "+": {
      for (const [i, nick] of targets.entries()) {
        if (monitor.add(member, nick)) continue;
        session.numeric("ERR_MONLISTFULL", MONITOR_MAX, targets.slice(i).join(","));
        return replyPresence(session, targets.slice(0, i));
      }
      return replyPresence(session, targets);
    }
    case "-":
      return targets.forEach((nick) => monitor.delete(member, nick));
    case "C":
      return monitor.clear(member);
    case "L":
      replyNames(session, "RPL_MONLIST", monitor.list(member));
      return session.numeric("RPL_ENDOFMONLIST");
    case "S":
      return replyPresence(session, monitor.list(member));
  }
}

/** Tells which of some names are here, and which are not. */
function replyPresence(session: IrcSession, nicks: readonly string[]) {
  const here = nicks.flatMap((nick) => present(session, nick)?.origin ?? []);
  replyNames(session, "RPL_MONONLINE", here);
  replyNames(session, "RPL_MONOFFLINE", nicks.filter((nick) => present(session, nick) === undefined));
}

/** As many lines as it takes for a list of names. */
function replyNames(session: IrcSession, name: "RPL_MONLIST" | "RPL_MONONLINE" | "RPL_MONOFFLINE", names: string[]) {
  const most = IRC_LINE_MAX - bytes(`:${session.options.name} ${session.line(name, "")}`);
  let some = "";
  for (const each of names) {
    if (some !== "" && some.length + 1 + each.length > most) {
      session.numeric(name, some);
      some = "";
    }
    some += some === "" ? each : `,${each}`;
  }
  if (some !== "") session.numeric(name, some);
}

/** Somebody by name, if there is such a one. */
export function present(session: IrcSession, nick: string): Member | undefined {
  try {
    return session.chat.find(nick);
  } catch (error) {
    if (error instanceof ChatError) return undefined;
    throw error;
  }
}

/** A room that this client may know somebody to be in; one that it is in itself, if there is one. */
function commonRoom(session: IrcSession, member: Member): Room | undefined {
  for (const room of member.rooms.values()) if (room.has(session.member!)) return room;
  for (const room of member.rooms.values()) if (member.isSeenIn(room, session.member!)) return room;
  return undefined;
}

function matchesAny(mask: string, { nick, user, host, realname }: Member): boolean {
  return [nick, user, host, realname].some((text) => matches(mask, fold(text)));
}

function flagsOf(session: IrcSession, member: Member, room: Room | undefined): string {
  const here = member.away === undefined ? "H" : "G";
  const rank = room === undefined ? "" : prefix(session, room, member);
  return `${here}${member.operator ? "*" : ""}${rank}${member.bot ? "B" : ""}`;
}

function whoLine(session: IrcSession, member: Member, room: Room | undefined): string {
  const { user, host, nick, realname } = member;
  const flags = flagsOf(session, member, room);
  const line = (where: string) => {
    return session.line("RPL_WHOREPLY", where, user, host, session.options.name, nick, flags, realname);
  };
  const whole = line(room?.name ?? "*");
  return session.fits(whole) ? whole : line("*"); // rather than a real name that is cut
}

/** WHOX: the fields that were asked for, in an order of its own (ircv3.net, "WHOX"). */
function whoxLine(session: IrcSession, member: Member, room: Room | undefined, asked: string): string {
  const [letters = "", token = ""] = asked.split(",");
  const idle = Math.floor((Date.now() - member.spokeAt) / 1000);
  const fields: Readonly<Record<string, string>> = {
    t: /^\d{1,3}$/.test(token) ? token : "0",
    c: room?.name ?? "*",
    u: member.user,
    i: "255.255.255.255", // nobody is told an address
    h: member.host,
    s: session.options.name,
    n: member.nick,
    f: flagsOf(session, member, room),
    d: "0",
    l: String(member === session.member ? idle : 0),
    a: member.account ?? "0",
    o: room !== undefined && room.holds(member, "op") ? "999" : "n/a",
    r: `:${member.realname}`,
  };
  const wanted = Object.keys(fields).filter((letter) => letters.includes(letter));
  return session.line("RPL_WHOSPCRPL", wanted.map((letter) => fields[letter]).join(" "));
}

function replyWhois(session: IrcSession, member: Member) {
  const { nick, user, host, realname } = member;
  session.numeric("RPL_WHOISUSER", nick, user, host, realname);
  const rooms = [...member.rooms.values()].filter((room) => member.isSeenIn(room, session.member!));
  const most = IRC_LINE_MAX - bytes(`:${session.options.name} ${session.line("RPL_WHOISCHANNELS", nick, "")}`);
  let some = "";
  for (const room of rooms) {
    const name = prefix(session, room, member) + room.name;
    if (some !== "" && bytes(some) + 1 + bytes(name) > most) {
      session.numeric("RPL_WHOISCHANNELS", nick, some);
      some = "";
    }
    some += some === "" ? name : ` ${name}`;
  }
  if (some !== "") session.numeric("RPL_WHOISCHANNELS", nick, some);
  session.numeric("RPL_WHOISSERVER", nick, session.options.name, `tincan-${session.options.version}`);
  if (member.account !== undefined) session.numeric("RPL_WHOISACCOUNT", nick, member.account);
  if (member.operator) session.numeric("RPL_WHOISOPERATOR", nick);
  if (member.bot) session.numeric("RPL_WHOISBOT", nick);
  if (member.away !== undefined) session.numeric("RPL_AWAY", nick, member.away);
  const idle = Math.floor((Date.now() - member.spokeAt) / 1000);
  session.numeric("RPL_WHOISIDLE", nick, idle, Math.floor(member.since / 1000));
}
