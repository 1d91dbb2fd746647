/**
 * Registration and its end: CAP, PASS, NICK, USER, PING, PONG, QUIT, and the welcome.
 */
import { AuthError } from "../../accounts/auth.ts";
import { clipRealname, isReason } from "../../chat/lengths.ts";
import { MULTILINE_BYTES_MAX, MULTILINE_LINES_MAX } from "../../chat/message_text.ts";
import { isAccount } from "../../chat/nicknames.ts";
import { readCode } from "../../chat/link_code.ts";
import { isNick, prepareName } from "../../chat/names.ts";
import { copyString } from "../../util/copy_string.ts";
import { isScoped, requireOtherNick } from "../../chat/scope.ts";
import { sanitize } from "../../util/sanitize.ts";
import { authErrorText } from "../accounts.ts";
import { available, type Capability, isCapability } from "./capabilities.ts";
import { type IrcContext, isRegistered, type MemberContext } from "./context.ts";
import { isoTime, quitReason } from "./format.ts";
import { mechanisms } from "./handshake.ts";
import { replyIsupport } from "./isupport.ts";
import { USER_MAX } from "./limits.ts";
import { type IrcMessage, restOf } from "./parser.ts";
import { userModes } from "./modes.ts";
import { announceStatus } from "./persistence.ts";
import { abort } from "./sasl.ts";
import { lusers, motd } from "./server.ts";

/**
 * How long clients must use TLS after they have seen the `sts` capability, in seconds. One day: with a longer time, a server
 * could not give up TLS soon.
 */
const STS_DURATION = 86_400;

/** Sends what follows a successful registration. */
export function welcome(context: MemberContext): void {
  const { member, handshake } = context;
  const { name, version, since } = context.options;
  const line = context.line("RPL_WELCOME", name, member.origin);
  // With the time, so that a client whose clock is wrong can correct the times that it shows.
  context.reply(context.has("server-time") ? `@time=${isoTime(Date.now())} :${name} ${line}` : line);
  context.numeric("RPL_YOURHOST", name, `tincan-${version}`);
  context.numeric("RPL_CREATED", since.toUTCString());
  context.numeric("RPL_MYINFO", name, `tincan-${version}`, "Biow", "IMRbeiklmnoqstv");
  replyIsupport(context);
  lusers(context);
  announceStatus(context);
  motd(context, []);
  // Those of a user that was there before: without this, the client takes the MODE that it sends for lost.
  const modes = userModes(context);
  if (modes !== "+") context.reply(`:${member.origin} MODE ${member.nick} :${modes}`);
  const realname = sanitize(handshake.realname);
  const clipped = clipRealname(realname);
  if (clipped !== realname && clipped === member.realname) { // not that of another session of the user
    context.reply(`NOTICE ${context.name} :Your real name is too long. It was cut to: ${clipped}`);
  }
}

/** CAP (IRCv3, "Client Capability Negotiation"). */
export function cap(context: IrcContext, params: readonly string[]): void | Promise<void> {
  const { capabilities, handshake } = context;
  const [subcommand = "", arg = ""] = params;
  switch (subcommand.toUpperCase()) {
    case "LS": {
      if (!isRegistered(context)) handshake.negotiating = true;
      const known = available(context.auth.accountsEnabled);
      const is302 = Number.parseInt(arg) >= 302;
      if (is302) handshake.cap302 = true;
      const names = is302 ? [...known.map((name) => withValue(context, name)), ...sts(context)] : known;
      return context.replyList(`CAP ${context.name} LS`, names, is302 ? " *" : "");
    }
    case "LIST":
      return context.replyList(`CAP ${context.name} LIST`, [...capabilities], handshake.cap302 ? " *" : "");
    case "REQ":
      return request(context, arg);
    case "END":
      handshake.negotiating = false;
      if (handshake.sasl !== undefined && !isRegistered(context)) abort(context); // registration continues without it
      return context.register();
    default:
      return context.numeric("ERR_INVALIDCAPCMD", subcommand);
  }
}

/** CAP REQ: enables and disables all capabilities of a list, or none of them. */
function request(context: IrcContext, list: string) {
  const { capabilities, handshake } = context;
  if (!isRegistered(context)) handshake.negotiating = true;
  const changes: { name: Capability; on: boolean }[] = [];
  const known = available(context.auth.accountsEnabled);
  for (const word of list.split(" ").filter((word) => word !== "")) {
    const name = word.replace(/^-/, "");
    // A client that has sent CAP LS 302 cannot disable `cap-notify`.
    const allowed = isCapability(name) && known.includes(name) && !(handshake.cap302 && word === "-cap-notify");
    if (!allowed) return repeatList(context, "NAK", list);
    changes.push({ name, on: !word.startsWith("-") });
  }
  for (const { name, on } of changes) {
    if (on) capabilities.add(name);
    else capabilities.delete(name);
  }
  repeatList(context, "ACK", list);
  if (!isRegistered(context)) return;
  context.chat.reformat(context.session, context.options.formats.of(capabilities));
  context.session.echo = capabilities.has("echo-message");
  context.session.extendedMonitor = capabilities.has("extended-monitor");
  context.session.readsShown = !capabilities.has("draft/read-marker");
}

/** Repeats a list of capabilities as the client has written it, or in several lines if it does not fit into one. */
function repeatList(context: IrcContext, subcommand: string, list: string): void {
  const head = `CAP ${context.name} ${subcommand}`;
  if (context.fits(`${head} :${list}`)) context.reply(`${head} :${list}`);
  else context.replyList(head, list.split(" ").filter((word) => word !== ""));
}

/** The `sts` capability on an encrypted connection (IRCv3, "Strict Transport Security"). Clients cannot request it. */
function sts({ secure }: IrcContext): string[] {
  return secure ? [`sts=duration=${STS_DURATION}`] : [];
}

/** A capability with its value, if it has one, for CAP LS 302. */
function withValue({ caller }: IrcContext, name: string): string {
  if (name === "draft/multiline") {
    return `${name}=max-bytes=${MULTILINE_BYTES_MAX},max-lines=${MULTILINE_LINES_MAX}`;
  }
  if (name === "draft/account-registration") return `${name}=before-connect`;
  return name === "sasl" ? `${name}=${mechanisms(caller.certificate !== undefined).join(",")}` : name;
}

/**
 * PASS (RFC 2812, section 3.1.1): the server password, or the code of an invite link. If no password is required, any is
 * accepted. It is never the password of an account. A client whose password is wrong may try again (modern.ircdocs.horse,
 * "PASS message", leaves that to the server): people mistype passwords.
 */
export async function pass(context: IrcContext, _params: readonly string[], message: IrcMessage): Promise<void> {
  const { handshake, auth } = context;
  if (isRegistered(context)) return context.numeric("ERR_ALREADYREGISTERED");
  const password = restOf(message, 0);
  const isNeeded = !handshake.passwordAccepted;
  if (!isNeeded && (auth.passwordRequired || readCode(password) === undefined)) return;
  try {
    handshake.link = await auth.checkServerPassword(context.caller, password);
  } catch (error) {
    if (!(error instanceof AuthError)) throw error;
    if (isNeeded) context.numeric("ERR_PASSWDMISMATCH");
    if (error.code !== "wrong-password") context.reply(`NOTICE ${context.name} :${authErrorText(error)}`);
    handshake.passwordRejected = isNeeded;
    return context.countFailure(error);
  }
  handshake.passwordAccepted = true;
  await context.register(); // after a second attempt, NICK and USER have been sent
}

/** NICK (RFC 2812, section 3.1.2). */
export async function nick(context: IrcContext, params: readonly string[]): Promise<void> {
  const { chat, handshake } = context;
  const name = prepareName(params[0] ?? "");
  if (name === "") return context.numeric("ERR_NONICKNAMEGIVEN");
  if (isRegistered(context)) return await chat.rename(context.member, name);
  if (!handshake.passwordAccepted) {
    // Without the server password, a client must not learn which nicknames are in use.
    if (!isNick(name)) return context.numeric("ERR_ERRONEUSNICKNAME", name);
  } else if (handshake.negotiating) { // the client may still log in to the account of that name
    const holder = chat.get(name);
    if (!isAccount(name, holder?.account)) chat.requireFree(name);
  } else if (isScoped(handshake.login?.token)) {
    requireOtherNick(name, context.account);
    chat.requireNick(name);
  } else if (context.account === undefined || chat.getByAccount(context.account) === undefined) {
    chat.requireNick(name, undefined, context.account);
  } // else it becomes a session of a user that has a nickname
  handshake.nick = name;
  await context.register();
}

/** USER (RFC 2812, section 3.1.3). */
export async function user(context: IrcContext, params: readonly string[]): Promise<void> {
  const { handshake } = context;
  if (isRegistered(context) || handshake.user !== undefined) return context.numeric("ERR_ALREADYREGISTERED");
  const [name = "", , , realname = ""] = params;
  if (name === "" || sanitize(realname).trim() === "") return context.numeric("ERR_NEEDMOREPARAMS", "USER");
  // A tilde marks a user name that no ident server has confirmed. Other characters could look like a part of a mask.
  const valid = name.replace(/[^A-Za-z0-9_.\-[\]{}\\|^`]/g, "").slice(0, USER_MAX - 1);
  handshake.user = `~${valid || "user"}`;
  handshake.realname = copyString(realname);
  await context.register();
}

/** PING (RFC 2812, section 3.7.2). */
export function ping(context: IrcContext, params: readonly string[]): void {
  const reply = `PONG ${context.options.name} :${params[0]}`;
  // A token that was cut off would match another PING.
  if (!context.fits(reply)) return context.numeric("ERR_INPUTTOOLONG");
  context.reply(reply);
}

/** PONG (RFC 2812, section 3.7.3). Any line from the client resets the ping timeout, so there is nothing left to do. */
export function pong(): void {}

/** QUIT (RFC 2812, section 3.1.7). */
export async function quit(context: IrcContext, params: readonly string[]): Promise<void> {
  const reason = params[0] || undefined;
  if (isRegistered(context)) await context.chat.disconnect(context.session, reason, true);
  const told = reason === undefined || isReason(sanitize(reason));
  context.close("quit", told ? quitReason(reason) : `${quitReason(undefined)}, the reason was too long`);
}
