/**
 * Logging in while coming in, or later: CAP's `sasl`, AUTHENTICATE (IRCv3, "SASL authentication", 3.1 and 3.2).
 *
 * What a client says is base64, in pieces of 400 characters; a shorter one is the last. How much that can be is bounded.
 */
import { Buffer } from "node:buffer";
import type { Account } from "../../accounts/accounts.ts";
import { AuthError, type Scram } from "../../accounts/auth.ts";
import { fold } from "../../chat/names.ts";
import { authErrorText } from "../accounts.ts";
import type { IrcSession } from "./session.ts";

/** The ways that there are, the better one last, as clients try them in this order of their own. */
export const MECHANISMS = ["PLAIN", "SCRAM-SHA-256"] as const;
type Mechanism = typeof MECHANISMS[number];

/** How long one piece is. */
const PIECE = 400;

/** The most characters of one message, in pieces: more than a name and a password can take. */
export const SASL_MAX = 4 * PIECE;

const FAILED = "SASL authentication failed";

/** An exchange that is under way. */
export interface Exchange {
  readonly mechanism: Mechanism;
  /** What came of the message until now. */
  text: string;
  /** SCRAM's part of it, once it has begun … */
  scram: Scram | undefined;
  /** … and who it turned out to be, when nothing but the client's assent is missing. */
  account: Account | undefined;
}

export function authenticate(session: IrcSession, params: readonly string[]): Promise<void> | void {
  const [said = ""] = params;
  const { exchange } = session;
  if (!session.has("sasl")) return session.numeric("ERR_SASLFAIL", FAILED);
  if (!session.admitted) return session.numeric("ERR_SASLFAIL", `${FAILED}: PASS comes first`);
  if (said === "*") return abort(session);
  if (session.account !== undefined) return session.numeric("ERR_SASLALREADY");
  if (exchange === undefined) return begin(session, said);
  if (said.length > PIECE || exchange.text.length + said.length > SASL_MAX) {
    session.exchange = undefined;
    return session.numeric("ERR_SASLTOOLONG");
  }
  if (said !== "+") exchange.text += said;
  if (said.length === PIECE) return;
  const message = decoded(exchange.text);
  exchange.text = "";
  if (message === undefined) return fail(session);
  return go(session, exchange, message);
}

/** Ends an exchange that is under way when the client has had enough of it. */
export function abort(session: IrcSession): void {
  session.exchange = undefined;
  session.numeric("ERR_SASLABORTED");
}

function begin(session: IrcSession, name: string) {
  const mechanism = MECHANISMS.find((each) => each === name.toUpperCase());
  if (mechanism === undefined) {
    session.numeric("RPL_SASLMECHS", MECHANISMS.join(","));
    return fail(session);
  }
  session.exchange = { mechanism, text: "", scram: undefined, account: undefined };
  session.reply("AUTHENTICATE +");
}

/** Takes a whole message. */
async function go(session: IrcSession, exchange: Exchange, message: string): Promise<void> {
  const { auth } = session;
  try {
    if (exchange.mechanism === "PLAIN") {
      const { name, password } = readPlain(message);
      succeed(session, await auth.login(session.caller, name, password, "SASL PLAIN"));
    } else if (exchange.account !== undefined) {
      // The name may have been given up meanwhile, and be somebody else's by now.
      const same = auth.find(exchange.account.name) === exchange.account;
      if (message !== "" || !same) throw new AuthError("wrong-password");
      succeed(session, exchange.account);
    } else if (exchange.scram === undefined) {
      exchange.scram = auth.scram(session.caller);
      say(session, exchange.scram.first(message));
    } else {
      const { answer, account } = await exchange.scram.last(message);
      exchange.account = account;
      say(session, answer);
    }
  } catch (error) {
    if (!(error instanceof AuthError)) throw error;
    fail(session, error);
  }
}

/** Says something, in pieces. */
function say(session: IrcSession, message: string) {
  const text = Buffer.from(message).toString("base64");
  for (let at = 0; at <= text.length; at += PIECE) {
    session.reply(`AUTHENTICATE ${text.slice(at, at + PIECE) || "+"}`); // the last one is shorter, if need be empty
  }
}

function succeed(session: IrcSession, account: Account) {
  session.exchange = undefined;
  session.login(account);
  session.numeric("RPL_SASLSUCCESS");
}

function fail(session: IrcSession, denial?: AuthError) {
  session.exchange = undefined;
  const tellable = denial !== undefined && denial.code !== "wrong-password";
  session.numeric("ERR_SASLFAIL", tellable ? `${FAILED}: ${authErrorText(denial, session.accountContext)}` : FAILED);
  if (denial !== undefined) session.mistaken(denial);
}

/** PLAIN (RFC 4616): on whose behalf, who, and the password. Nobody can act for somebody else. */
function readPlain(message: string): { name: string; password: string } {
  const [other = "", name = "", password, ...rest] = message.split("\0");
  if (password === undefined || rest.length > 0 || name === "") throw new AuthError("wrong-password");
  if (other !== "" && fold(other) !== fold(name)) throw new AuthError("wrong-password");
  return { name, password };
}

/** What some base64 says; `undefined` if it is none, or no UTF-8. */
function decoded(text: string): string | undefined {
  if (!/^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/.test(text)) return undefined;
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(Buffer.from(text, "base64"));
  } catch {
    return undefined;
  }
}
