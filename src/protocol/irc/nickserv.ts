/**
 * Names that are somebody's own, for clients that do not speak SASL: messages to NickServ, who is nobody; and REGISTER
 * (IRCv3, "account-registration").
 */
import { AuthError, type AuthErrorCode } from "../../accounts/auth.ts";
import { fold } from "../../chat/names.ts";
import { ChatError } from "../../chat/chat_error.ts";
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
} from "../accounts.ts";
import { type IrcMessage, restOf } from "./parser.ts";
import { word } from "./numerics.ts";
import { refused } from "./error_replies.ts";
import type { IrcSession } from "./session.ts";

/** What it is called. Nobody else can be called so. */
export const NICKSERV = "NickServ";

/** Whether something is said to it. */
export function isNickServ(target: string): boolean {
  return target.length === NICKSERV.length && fold(target) === fold(NICKSERV);
}

/** Has it say something to a client. */
export function services(session: IrcSession, ...sentences: string[]): void {
  const { name } = session.options;
  session.reply(...sentences.map((text) => `:${NICKSERV}!services@${name} NOTICE ${session.name} :${text}`));
}

/** What it can be asked for. */
interface NickServCommand {
  readonly args: string;
  readonly help: string;
  /** @param what What was said behind its name; a password is all that is left, with the spaces in it. */
  run(person: AccountContext, what: string): Promise<string> | string;
}

/** An address of mail, as far as it matters here; each character is looked at once. */
const ADDRESS = /^[^\s@]+@[^\s@.]+\.[^\s@]+$/;

const REQUESTS: Readonly<Record<string, NickServCommand>> = {
  REGISTER: {
    args: "PASSWORD",
    help: "make the name that you have at the moment your own",
    async run(person, what) {
      // Elsewhere an address comes behind it, and clients send one.
      const end = what.lastIndexOf(" ");
      const address = end > 0 && ADDRESS.test(what.slice(end + 1)) ? what.slice(end + 1) : undefined;
      return withoutAddress(
        address,
        await register(person, address === undefined ? what : what.slice(0, end).trimEnd()),
      );
    },
  },
  IDENTIFY: {
    args: "[NAME] PASSWORD",
    help: "show that a name is your own",
    run(person, what) {
      const { name, password } = readLogin(person.auth, what, person.member.nick);
      return login(person, name, password, false);
    },
  },
  GHOST: {
    args: "NAME [PASSWORD]",
    help: "disconnect whoever has your name, and have it again; so does REGAIN",
    run: (person, what) => ghost(person, ...split(what)),
  },
  LOGOUT: { args: "", help: "be nobody in particular again", run: (person) => logout(person) },
  "SET PASSWORD": {
    args: "NEW",
    help: "give your name another password",
    run: (person, what) => changePassword(person, what),
  },
  DROP: {
    args: "PASSWORD",
    help: "make your name nobody's own any more",
    run: (person, what) => drop(person, what),
  },
  INFO: {
    args: "[NAME]",
    help: "whether a name is somebody's own",
    run: (person, what) => describeAccount(person, split(what)[0] || person.member.nick),
  },
};

/** Other words for some of them. */
const ALIASES: Readonly<Record<string, string>> = {
  ID: "IDENTIFY",
  LOGIN: "IDENTIFY",
  REGAIN: "GHOST",
  RECOVER: "GHOST",
};

/** Takes what somebody says to NickServ. It is shown to nobody, not even to themselves. */
export async function nickserv(session: IrcSession, text: string): Promise<void> {
  let [name, what] = split(text.trim());
  name = name.toUpperCase() || "HELP";
  if (name === "SET") {
    const [setting, value] = split(what);
    [name, what] = [`SET ${setting.toUpperCase()}`, value];
  }
  name = Object.hasOwn(ALIASES, name) ? ALIASES[name]! : name;
  if (!Object.hasOwn(REQUESTS, name)) return help(session, name);
  const { args, help: about, run } = REQUESTS[name]!;
  if (what === "" && args !== "" && args !== "[NAME]") {
    return services(session, `Write ${name} ${args} - ${about}.`);
  }
  const person = session.accountContext;
  try {
    const sentence = await run(person, what);
    if (sentence !== "") services(session, sentence);
  } catch (error) {
    if (error instanceof ChatError) return refused(session, error, "NICKSERV");
    if (!(error instanceof AuthError)) throw error;
    services(session, authErrorText(error, person));
    session.mistaken(error);
  }
}

/** The first word, and what follows it. */
function split(text: string): [first: string, rest: string] {
  const [, first = "", rest = ""] = /^(\S*)\s*(.*)$/s.exec(text)!;
  return [first, rest];
}

/** The commands NICKSERV and NS: what is written behind them, where a colon may begin the last word of all. */
export function ns(session: IrcSession, _params: readonly string[], { rest }: IrcMessage): Promise<void> {
  return nickserv(session, rest.replace(/(?<=^| ):/, ""));
}

/** What somebody is told who has registered a name, perhaps with an address. */
function withoutAddress(address: string | undefined, sentence: string): string {
  return address === undefined ? sentence : `No address is kept. ${sentence}`;
}

/** The codes that REGISTER fails with; with any other it is not to be had at the moment. */
const CODES: Readonly<Partial<Record<AuthErrorCode, string>>> = {
  "logged-in": "ALREADY_AUTHENTICATED",
  "name-owned": "ACCOUNT_EXISTS",
  "name-impossible": "BAD_ACCOUNT_NAME",
  "name-confusable": "BAD_ACCOUNT_NAME",
  "password-short": "WEAK_PASSWORD",
  "password-long": "UNACCEPTABLE_PASSWORD",
  "password-wide": "UNACCEPTABLE_PASSWORD",
  "password-impossible": "UNACCEPTABLE_PASSWORD",
};

/** REGISTER account|* email|* password: what NickServ's REGISTER does, answered for programs. */
export async function registerAccount(
  session: IrcSession,
  params: readonly string[],
  message: IrcMessage,
): Promise<void> {
  const [asked = "", email = "*"] = params;
  const password = restOf(message, 2);
  if (session.member === undefined) {
    const account = asked === "*" ? session.nick ?? "*" : word(asked);
    return session.fail("REGISTER", "COMPLETE_CONNECTION_REQUIRED", "Complete the connection first", account);
  }
  const { nick } = session.member;
  if (asked !== "*" && fold(asked) !== fold(nick)) {
    return session.fail("REGISTER", "ACCOUNT_NAME_MUST_BE_NICK", "The name must be the one that you have", word(asked));
  }
  try {
    const address = email === "*" ? undefined : email;
    const sentence = withoutAddress(address, await register(session.accountContext, password));
    session.reply(`REGISTER SUCCESS ${nick} :${sentence}`);
  } catch (error) {
    if (!(error instanceof AuthError)) throw error;
    session.fail(
      "REGISTER",
      CODES[error.code] ?? "TEMPORARILY_UNAVAILABLE",
      authErrorText(error, session.accountContext),
      nick,
    );
  }
}

function help(session: IrcSession, asked: string) {
  const rows = Object.entries(REQUESTS).map(([name, { args, help }]) => `${`${name} ${args}`.trimEnd()} - ${help}`);
  services(
    session,
    asked === "HELP" ? "What you can ask me for:" : "I do not know that. What you can ask me for:",
    ...rows,
  );
}
