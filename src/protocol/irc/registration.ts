/**
 * Coming in and going: CAP, PASS, NICK, USER, PING, PONG, QUIT, and the welcome.
 */
import { sanitize } from "../../util/sanitize.ts";
import { KEY_MAX, MASKS_MAX } from "../../chat/modes.ts";
import { isNick, NICK_MAX, ROOM_MAX } from "../../chat/names.ts";
import { MONITOR_MAX } from "../../chat/monitor.ts";
import { isReason, REALNAME_MAX, REASON_MAX, TOPIC_MAX } from "../../chat/lengths.ts";
import { copyString } from "../../util/copy_string.ts";
import { isoTime, quitReason } from "./format.ts";
import { AuthError } from "../../accounts/auth.ts";
import { denied } from "../accounts.ts";
import { available, isCapability } from "./capabilities.ts";
import { type IrcMessage, restOf } from "./parser.ts";
import { MODES_MAX } from "../modes.ts";
import { NAMES_MAX } from "./channels.ts";
import { lusers, motd } from "./server.ts";
import { abort, MECHANISMS } from "./sasl.ts";
import type { IrcOptions, IrcSession } from "./session.ts";
import { TARGETS_MAX } from "./messages.ts";

/** The most characters of a user name; what is longer is cut. */
const USER_MAX = 10;

/** For how long clients are to come back with TLS only, in seconds: a day, or a server could not go without it soon. */
const STS_DURATION = 86_400;

/** What clients can rely on (modern.ircdocs.horse, "RPL_ISUPPORT"); each is enforced somewhere. */
export function isupport(door: IrcOptions): string[] {
  return [
    `AWAYLEN=${REASON_MAX}`,
    "BOT=B",
    "CASEMAPPING=ascii",
    `CHANLIMIT=#:${door.chat.maxJoined}`,
    "CHANMODES=beI,k,l,imnst",
    `CHANNELLEN=${ROOM_MAX}`,
    "CHANTYPES=#",
    `CHATHISTORY=${door.historyMax}`,
    "ELIST=CMNTU",
    "EXCEPTS=e",
    "INVEX=I",
    `KEYLEN=${KEY_MAX}`,
    `KICKLEN=${REASON_MAX}`,
    `MAXLIST=beI:${MASKS_MAX}`,
    `MODES=${MODES_MAX}`,
    `MONITOR=${MONITOR_MAX}`,
    "MSGREFTYPES=msgid,timestamp",
    `NAMELEN=${REALNAME_MAX}`,
    `NETWORK=${door.name}`,
    `NICKLEN=${NICK_MAX}`,
    "PREFIX=(ov)@+",
    "SAFELIST",
    "STATUSMSG=@+",
    `TARGMAX=JOIN:,KICK:,LIST:,NAMES:${NAMES_MAX},NOTICE:${TARGETS_MAX},PART:,PRIVMSG:${TARGETS_MAX},TAGMSG:${TARGETS_MAX},WHOIS:${TARGETS_MAX}`,
    `TOPICLEN=${TOPIC_MAX}`,
    `USERLEN=${USER_MAX}`,
    "UTF8ONLY",
    "WHOX",
  ];
}

/** The most tokens in one line of them. */
const TOKENS = 13;

/** RPL_ISUPPORT, in as many lines as it takes. */
export function replyIsupport(session: IrcSession): void {
  const tokens = isupport(session.options);
  for (let i = 0; i < tokens.length; i += TOKENS) {
    session.numeric("RPL_ISUPPORT", tokens.slice(i, i + TOKENS).join(" "));
  }
}

export function welcome(session: IrcSession): void {
  const { name, version, since } = session.options;
  const welcome = session.line("RPL_WELCOME", name, session.member!.origin);
  // With the time, so that a client whose clock is wrong knows the server's before it shows anything.
  session.reply(session.has("server-time") ? `@time=${isoTime(Date.now())} :${name} ${welcome}` : welcome);
  session.numeric("RPL_YOURHOST", name, `tincan-${version}`);
  session.numeric("RPL_CREATED", since.toUTCString());
  session.numeric("RPL_MYINFO", name, `tincan-${version}`, "Biow", "Ibeiklmnostv");
  replyIsupport(session);
  lusers(session);
  motd(session, []);
  const { realname } = session.member!;
  if (realname !== sanitize(session.realname)) {
    session.reply(`NOTICE ${session.name} :Your real name is too long. It was cut to: ${realname}`);
  }
}

export function cap(session: IrcSession, params: readonly string[]): void {
  const { capabilities, member } = session;
  const [subcommand = "", arg = ""] = params;
  const known = available(session.auth.accountsEnabled);
  switch (subcommand.toUpperCase()) {
    case "LS": {
      if (member === undefined) session.choosing = true;
      const valued = Number.parseInt(arg) >= 302;
      if (valued) session.notified = true;
      const names = valued ? [...known.map(withValue), ...sts(session)] : known;
      return session.replyWords(`CAP ${session.name} LS`, names, valued ? " *" : "");
    }
    case "LIST":
      return session.replyWords(`CAP ${session.name} LIST`, [...capabilities], session.notified ? " *" : "");
    case "REQ": {
      if (member === undefined) session.choosing = true;
      const wanted = arg.split(" ").filter((word) => word !== "");
      const all = wanted.map((word) => word.replace(/^-/, "")).every((name) =>
        isCapability(name) && known.includes(name)
      );
      // Whoever has said 302 is told of new ones, and cannot choose not to be.
      const possible = all && !(session.notified && wanted.includes("-cap-notify"));
      if (!possible) return repeat(session, "NAK", arg);
      for (const word of wanted) {
        const name = word.replace(/^-/, "");
        if (!isCapability(name)) continue;
        if (word.startsWith("-")) capabilities.delete(name);
        else capabilities.add(name);
      }
      repeat(session, "ACK", arg);
      if (member !== undefined) {
        session.chat.reformat(member, session.options.formats.of(capabilities));
        member.echo = capabilities.has("echo-message");
      }
      return;
    }
    case "END":
      session.choosing = false;
      if (session.exchange !== undefined && member === undefined) abort(session); // it goes on without
      return session.register();
    default:
      return session.numeric("ERR_INVALIDCAPCMD", subcommand);
  }
}

/** Repeats a list of capabilities as the client wrote it, or in several lines if it does not fit into one. */
function repeat(session: IrcSession, subcommand: string, list: string): void {
  const head = `CAP ${session.name} ${subcommand}`;
  if (session.fits(`${head} :${list}`)) session.reply(`${head} :${list}`);
  else session.replyWords(head, list.split(" ").filter((word) => word !== ""));
}

/** The promise that TLS will be spoken here for a while (IRCv3, "Strict Transport Security"). Nobody can ask for it. */
function sts({ secure }: IrcSession): string[] {
  return secure ? [`sts=duration=${STS_DURATION}`] : [];
}

/** A capability with its value, if it has one, for clients that have said `CAP LS 302`. */
function withValue(name: string): string {
  return name === "sasl" ? `${name}=${MECHANISMS.join(",")}` : name;
}

/**
 * The password that everybody needs. Where none is wanted, any will do; it is no account's in either case. Whoever is wrong
 * may say it again: to hang up is up to the server (modern.ircdocs.horse, "PASS message"), and by hand it is typed wrong.
 */
export async function pass(session: IrcSession, _params: readonly string[], message: IrcMessage): Promise<void> {
  if (session.registered) return session.numeric("ERR_ALREADYREGISTERED");
  if (session.admitted) return;
  try {
    await session.auth.checkServerPassword(session.caller, restOf(message, 0));
  } catch (error) {
    if (!(error instanceof AuthError)) throw error;
    session.numeric("ERR_PASSWDMISMATCH");
    if (error.code !== "wrong-password") session.reply(`NOTICE ${session.name} :${denied(error)}`);
    session.denied = true;
    return session.mistaken(error);
  }
  session.admitted = true;
  session.register(); // if it was a second try, all else has been said
}

export function nick(session: IrcSession, params: readonly string[]): void {
  const [name = ""] = params;
  if (name === "") return session.numeric("ERR_NONICKNAMEGIVEN");
  if (session.member !== undefined) return session.chat.rename(session.member, name);
  // Who has not said the password of all learns nothing of the names that there are.
  if (!session.admitted && !isNick(name)) return session.numeric("ERR_ERRONEUSNICKNAME", name);
  if (!session.admitted) {
    session.nick = name;
    return session.register();
  }
  // While it chooses capabilities, it may still show that the name is its own.
  if (session.choosing) session.chat.requireFree(name);
  else session.chat.requireNick(name, undefined, session.account);
  session.nick = name;
  session.register();
}

export function user(session: IrcSession, params: readonly string[]): void {
  if (session.registered || session.user !== undefined) return session.numeric("ERR_ALREADYREGISTERED");
  const [name = "", , , realname = ""] = params;
  if (name === "" || sanitize(realname).trim() === "") return session.numeric("ERR_NEEDMOREPARAMS", "USER");
  // Nobody has checked it, which IRC tells by a tilde; and nothing in it may look like another part of a mask.
  const usable = name.replace(/[^A-Za-z0-9_.\-[\]{}\\|^`]/g, "").slice(0, USER_MAX - 1);
  session.user = `~${usable || "user"}`;
  session.realname = copyString(realname);
  session.register();
}

export function ping(session: IrcSession, params: readonly string[]): void {
  const answer = `PONG ${session.options.name} :${params[0]}`;
  // A token that is cut off would answer another PING.
  if (!session.fits(answer)) return session.numeric("ERR_INPUTTOOLONG");
  session.reply(answer);
}

/** That it came is all that matters. */
export function pong(): void {}

export function quit(session: IrcSession, params: readonly string[]): void {
  const reason = params[0] || undefined;
  if (session.member !== undefined) session.chat.disconnect(session.member, reason, true);
  const told = reason === undefined || isReason(sanitize(reason));
  session.close("quit", told ? quitReason(reason) : `${quitReason(undefined)}, the reason was too long`);
}
