/**
 * AUTHENTICATE: SASL login before or after registration (IRCv3, "SASL authentication", 3.1 and 3.2).
 *
 * Messages are in base64, in chunks of 400 characters; a shorter chunk is the last one. Their total size is bounded.
 */
import { Buffer } from "node:buffer";
import { AuthError, type Login } from "../../accounts/auth.ts";
import { fold } from "../../chat/names.ts";
import { ChatError } from "../../chat/chat_error.ts";
import { authErrorText, newPasswordHint } from "../accounts.ts";
import type { IrcContext } from "./context.ts";
import { replyError, tooManySessions } from "./error_replies.ts";
import { mechanisms, type SaslExchange } from "./handshake.ts";
import { nickServRequest, replyFromNickServ } from "./nickserv_notice.ts";

/** The characters of a chunk. */
const CHUNK = 400;

/** Upper bound on the characters of one message: more than an account name and a password can take. */
export const SASL_MAX = 4 * CHUNK;

const FAILED = "SASL authentication failed";

/** AUTHENTICATE (IRCv3, "SASL authentication"). */
export function authenticate(context: IrcContext, params: readonly string[]): Promise<void> | void {
  const [chunk = ""] = params;
  const { handshake } = context;
  const { sasl } = handshake;
  if (!context.has("sasl")) return context.numeric("ERR_SASLFAIL", FAILED);
  if (!handshake.passwordAccepted) return context.numeric("ERR_SASLFAIL", `${FAILED}: PASS comes first`);
  if (chunk === "*") return abort(context);
  if (context.account !== undefined) return context.numeric("ERR_SASLALREADY");
  if (sasl === undefined) return begin(context, chunk);
  if (chunk.length > CHUNK || sasl.text.length + chunk.length > SASL_MAX) {
    handshake.sasl = undefined;
    return context.numeric("ERR_SASLTOOLONG");
  }
  if (chunk !== "+") sasl.text += chunk;
  if (chunk.length === CHUNK) return;
  const message = decode(sasl.text);
  sasl.text = "";
  if (message === undefined) return fail(context);
  return respond(context, sasl, message);
}

/** Ends an exchange at the client's request. */
export function abort(context: IrcContext): void {
  context.handshake.sasl = undefined;
  context.numeric("ERR_SASLABORTED");
}

function begin(context: IrcContext, name: string) {
  const known = mechanisms(context.caller.certificate !== undefined);
  const mechanism = known.find((each) => each === name.toUpperCase());
  if (mechanism === undefined) {
    context.numeric("RPL_SASLMECHS", known.join(","));
    return fail(context);
  }
  context.handshake.sasl = { mechanism, text: "", scram: undefined, login: undefined };
  context.reply("AUTHENTICATE +");
}

/** Responds to a complete message. */
async function respond(context: IrcContext, sasl: SaslExchange, message: string): Promise<void> {
  const { auth } = context;
  try {
    if (sasl.mechanism === "PLAIN") {
      const { name, password } = readPlain(message);
      await succeed(context, await auth.login(context.caller, name, password, "SASL PLAIN"));
    } else if (sasl.mechanism === "EXTERNAL") {
      await succeed(context, await auth.loginByCertificate(context.caller, message));
    } else if (sasl.login !== undefined) {
      // The account may have been dropped in the meantime, and registered by another client.
      const login = auth.current(sasl.login);
      if (message !== "" || login === undefined) throw new AuthError("wrong-password");
      await succeed(context, login);
    } else if (sasl.scram === undefined) {
      sasl.scram = auth.scram(context.caller);
      challenge(context, sasl.scram.first(message));
    } else {
      const { answer, login } = await sasl.scram.last(message);
      sasl.login = login;
      challenge(context, answer);
    }
  } catch (error) {
    if (!(error instanceof AuthError)) throw error;
    fail(context, error);
  }
}

/** Sends a message of the server's, in chunks. The last one is shorter than the others: `+` if it is empty. */
function challenge(context: IrcContext, message: string) {
  const text = Buffer.from(message).toString("base64");
  for (let at = 0; at <= text.length; at += CHUNK) {
    context.reply(`AUTHENTICATE ${text.slice(at, at + CHUNK) || "+"}`);
  }
}

async function succeed(context: IrcContext, login: Login) {
  context.handshake.sasl = undefined;
  try {
    await context.login(login);
  } catch (error) {
    if (!(error instanceof ChatError)) throw error;
    if (error.code === "too-many-sessions") { // or clients would show that the password is wrong
      return context.numeric("ERR_SASLFAIL", `${FAILED}: ${tooManySessions(error.subject)}`);
    }
    replyError(context, error, "AUTHENTICATE");
    return context.numeric("ERR_SASLFAIL", FAILED);
  }
  context.numeric("RPL_SASLSUCCESS");
  if (login.byWord) replyFromNickServ(context, newPasswordHint({ commandFor: nickServRequest }));
}

/** @param error Why the login failed; none if the message was not valid. */
function fail(context: IrcContext, error?: AuthError) {
  context.handshake.sasl = undefined;
  const explained = error !== undefined && error.code !== "wrong-password";
  context.numeric("ERR_SASLFAIL", explained ? `${FAILED}: ${authErrorText(error)}` : FAILED);
  if (error !== undefined) context.countFailure(error);
}

/** Reads a message of PLAIN (RFC 4616): authorization identity, authentication identity, password. The identities must agree. */
function readPlain(message: string): { name: string; password: string } {
  const [authorized = "", name = "", password, ...rest] = message.split("\0");
  if (password === undefined || rest.length > 0 || name === "") throw new AuthError("wrong-password");
  if (authorized !== "" && fold(authorized) !== fold(name)) throw new AuthError("wrong-password");
  return { name, password };
}

/** Decodes base64; returns `undefined` if it is not valid, or is not UTF-8. */
function decode(text: string): string | undefined {
  if (!/^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/.test(text)) return undefined;
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(Buffer.from(text, "base64"));
  } catch {
    return undefined;
  }
}
