/**
 * Account management for clients without SASL: requests to NickServ, and REGISTER (IRCv3, "account-registration", a draft).
 */
import { AuthError, type AuthErrorCode } from "../../accounts/auth.ts";
import { fold } from "../../chat/names.ts";
import { setAlwaysOn } from "../always_on.ts";
import {
  type AccountContext,
  authErrorText,
  changePassword,
  describeAccount,
  drop,
  ghost,
  login,
  logout,
  readLogin,
  register,
  registeredText,
} from "../accounts.ts";
import {
  addCertificate,
  addDevice,
  listCertificates,
  listDevices,
  removeCertificate,
  resetPassword,
  revokeDevice,
} from "../devices.ts";
import { type IrcContext, isRegistered, type MemberContext } from "./context.ts";
import { nickServRequest, replyFromNickServ } from "./nickserv_notice.ts";
import { word } from "./numerics.ts";
import { type IrcMessage, restOf } from "./parser.ts";

/** A request to NickServ. */
interface NickServRequest {
  /** Its parameters, for help. It runs without any only if there are none, or if they are `[NAME]`. */
  readonly params: string;
  readonly help: string;
  /** @param text What follows the request's name. A password is all of the rest, spaces included. */
  run(account: AccountContext, text: string): Promise<string | string[]> | string | string[];
}

/** An e-mail address, roughly. Each character is looked at once. */
const ADDRESS = /^[^\s@]+@[^\s@.]+\.[^\s@]+$/;

const REQUESTS: Readonly<Record<string, NickServRequest>> = {
  REGISTER: {
    params: "PASSWORD",
    help: "register your current nickname",
    async run(account, text) {
      // On other servers an address follows the password, so clients send one.
      const end = text.lastIndexOf(" ");
      const address = end > 0 && ADDRESS.test(text.slice(end + 1)) ? text.slice(end + 1) : undefined;
      const password = address === undefined ? text : text.slice(0, end).trimEnd();
      return withoutAddress(address, await register(account, password));
    },
  },
  IDENTIFY: {
    params: "[NAME] PASSWORD",
    help: "log in to an account",
    run(account, text) {
      const { name, password } = readLogin(account.auth, text, account.member.nick);
      return login(account, name, password, false);
    },
  },
  GHOST: {
    params: "NAME [PASSWORD]",
    help: "take your nickname back from another connection, which is closed; also REGAIN",
    run: (account, text) => ghost(account, ...split(text)),
  },
  LOGOUT: { params: "", help: "log out", run: (account) => logout(account) },
  "SET PASSWORD": {
    params: "NEW",
    help: "change your password",
    run: (account, text) => changePassword(account, text),
  },
  "SET ALWAYS-ON": {
    params: "ON|OFF",
    help: "stay in the chat, in your channels, when you disconnect",
    run(account, text) {
      const on = text.toUpperCase();
      return on === "ON" || on === "OFF" ? setAlwaysOn(account, on === "ON") : "Write SET ALWAYS-ON ON or OFF.";
    },
  },
  DROP: {
    params: "PASSWORD",
    help: "delete your account",
    run: (account, text) => drop(account, text),
  },
  DEVICES: { params: "", help: "list the devices and bots with a token of your account", run: listDevices },
  TOKEN: {
    params: "NAME [read] [#channel]",
    help: "make a token for another device, or for a bot that may only read or only use one channel",
    run: addDevice,
  },
  REVOKE: { params: "N", help: "sign out a device or bot, by its number in DEVICES", run: revokeDevice },
  CERT: {
    params: "LIST|ADD|REMOVE [FINGERPRINT]",
    help: "the certificates with which you can log in by SASL EXTERNAL",
    run: certificates,
  },
  RESETPASS: {
    params: "NAME",
    help: "make a one-time word for a user who has lost the password; for server operators",
    run: resetPassword,
  },
  INFO: {
    params: "[NAME]",
    help: "whether a nickname is registered",
    run: (account, text) => describeAccount(account, split(text)[0] || account.member.nick),
  },
};

/** Other names of requests. */
const ALIASES: Readonly<Record<string, string>> = {
  ID: "IDENTIFY",
  LOGIN: "IDENTIFY",
  REGAIN: "GHOST",
  RECOVER: "GHOST",
};

/** Handles a message to NickServ. It may contain a password, so no client gets it, not even as an echo. */
export async function handleRequest(context: MemberContext, message: string): Promise<void> {
  let [name, text] = split(message.trim());
  name = name.toUpperCase() || "HELP";
  if (name === "SET") {
    const [setting, value] = split(text);
    [name, text] = [`SET ${setting.toUpperCase()}`, value];
  }
  name = Object.hasOwn(ALIASES, name) ? ALIASES[name]! : name;
  if (!Object.hasOwn(REQUESTS, name)) return help(context, name);
  const { params, help: about, run } = REQUESTS[name]!;
  if (text === "" && params !== "" && params !== "[NAME]") {
    return replyFromNickServ(context, `Write ${name} ${params} - ${about}.`);
  }
  const account = context.accountContext;
  try {
    const reply = await run(account, text);
    replyFromNickServ(context, ...[reply].flat().filter((sentence) => sentence !== ""));
  } catch (error) {
    if (!(error instanceof AuthError)) throw error;
    replyFailure(context, error, authErrorText(error, account));
    context.countFailure(error);
  }
}

/** Replies to a request that failed: with a standard reply if the client knows those, so that programs can tell it from a success. */
function replyFailure(context: MemberContext, { code }: AuthError, text: string) {
  if (!context.has("standard-replies")) return replyFromNickServ(context, text);
  context.fail("NICKSERV", code.toUpperCase().replaceAll("-", "_"), text);
}

/** CERT: the certificates of the account. */
async function certificates(account: AccountContext, text: string): Promise<string[]> {
  const [action, fingerprint] = split(text);
  switch (action.toUpperCase()) {
    case "LIST":
      return listCertificates(account);
    case "ADD":
      return await addCertificate(account, fingerprint);
    case "REMOVE":
    case "DEL":
      return await removeCertificate(account, fingerprint);
    default:
      return [`Write CERT ${REQUESTS["CERT"]!.params} - ${REQUESTS["CERT"]!.help}.`];
  }
}

/** Splits a text into its first word and the rest. */
function split(text: string): [first: string, rest: string] {
  const [, first = "", rest = ""] = /^(\S*)\s*(.*)$/s.exec(text)!;
  return [first, rest];
}

/** NICKSERV and NS: the rest of the line is a request. A colon may begin it, or its last word. */
export function ns(context: MemberContext, _params: readonly string[], { rest }: IrcMessage): Promise<void> {
  return handleRequest(context, rest.replace(/(?<=^| ):/, ""));
}

/** Adds to a confirmation that the address, if any, was not stored. */
function withoutAddress(address: string | undefined, sentence: string): string {
  return address === undefined ? sentence : `The address was not stored. ${sentence}`;
}

/** The codes of REGISTER's errors. All others are `TEMPORARILY_UNAVAILABLE`. */
const CODES: Readonly<Partial<Record<AuthErrorCode, string>>> = {
  "logged-in": "ALREADY_AUTHENTICATED",
  "name-owned": "ACCOUNT_EXISTS",
  "name-impossible": "BAD_ACCOUNT_NAME",
  "name-confusable": "BAD_ACCOUNT_NAME",
  "password-short": "WEAK_PASSWORD",
  "password-long": "UNACCEPTABLE_PASSWORD",
  "password-wide": "UNACCEPTABLE_PASSWORD",
  "password-impossible": "UNACCEPTABLE_PASSWORD",
  "password-token": "UNACCEPTABLE_PASSWORD",
};

/** REGISTER account|* email|* password. Addresses are not stored. */
export async function registerAccount(
  context: IrcContext,
  params: readonly string[],
  message: IrcMessage,
): Promise<void> {
  const [name = "", email = "*"] = params;
  const password = restOf(message, 2);
  const nick = context.member?.nick ?? context.handshake.nick;
  if (nick === undefined) {
    return context.fail("REGISTER", "NEED_NICK", "Choose a nickname first: NICK comes first", "*");
  }
  if (name !== "*" && fold(name) !== fold(nick)) {
    return context.fail("REGISTER", "ACCOUNT_NAME_MUST_BE_NICK", "The account name must be your nickname", word(name));
  }
  try {
    const registering = isRegistered(context)
      ? register(context.accountContext, password)
      : registerEarly(context, nick, password);
    const sentence = withoutAddress(email === "*" ? undefined : email, await registering);
    context.reply(`REGISTER SUCCESS ${nick} :${sentence}`);
  } catch (error) {
    if (!(error instanceof AuthError)) throw error;
    const text = authErrorText(error, { commandFor: nickServRequest });
    context.fail("REGISTER", CODES[error.code] ?? "TEMPORARILY_UNAVAILABLE", text, nick);
  }
}

/**
 * Registers the nickname of a client whose connection is not complete (`before-connect`), and logs the client in.
 *
 * @throws {AuthError}
 */
async function registerEarly(context: IrcContext, nick: string, password: string): Promise<string> {
  const { auth, chat, caller, handshake } = context;
  if (!handshake.passwordAccepted) throw new AuthError("server-password");
  if (context.account !== undefined) throw new AuthError("logged-in", context.account);
  const account = await auth.register(caller, nick, password, () => {
    return context.member === undefined && handshake.nick === nick && chat.get(nick) === undefined;
  });
  await context.login({ name: account.name, account });
  return registeredText(account.name, nickServRequest, context);
}

function help(context: MemberContext, name: string) {
  const rows = Object.entries(REQUESTS).map(([name, { params, help }]) => `${`${name} ${params}`.trimEnd()} - ${help}`);
  replyFromNickServ(context, name === "HELP" ? "Requests:" : "Unknown request. Requests:", ...rows);
}
