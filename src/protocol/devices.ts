/**
 * What users do with the tokens and certificates of their account, shared by the protocols. Each function returns the lines that the user gets.
 */
import { AuthError } from "../accounts/auth.ts";
import { describeToken, minutes, readDevice } from "../accounts/device_texts.ts";
import { describeScope } from "../accounts/tokens.ts";
import { type AccountContext, logoutConnected } from "./accounts.ts";
import { requireOperator } from "./moderation.ts";
import { endSessions, REVOKED } from "./sign_out.ts";

/**
 * Lists the tokens of the caller's account.
 *
 * @throws {AuthError} as `Devices.list`
 */
export function listDevices(context: AccountContext): string[] {
  const { auth, caller, session, member } = context;
  const tokens = auth.devices.list(caller, member.account);
  if (tokens.length === 0) {
    return [`No devices or bots have a token. To make one: ${context.commandFor("devices add", "NAME")}`];
  }
  return tokens.map((token) => describeToken(token, session.token?.id));
}

/** A further use of a token that permits to speak in one room. */
const WEBHOOK = "As a webhook, for programs that write to Slack: /hooks/ and the token are its path on the web port.";

/**
 * Makes a token.
 *
 * @param text `NAME [read] [#room]`
 * @returns The lines; the second is the token alone.
 * @throws {AuthError} as `Devices.add`
 */
export async function addDevice({ auth, caller, member }: AccountContext, text: string): Promise<string[]> {
  const { name, scope } = readDevice(text);
  const { token, secret } = await auth.devices.add(caller, member.account, name, scope);
  const what = describeScope(token);
  return [
    `This is the token of ${token.name}${what && ` (${what})`}. It is not shown again:`,
    secret,
    `Log in with it in place of the password: as ${member.account}, by SASL PLAIN or as you log in here.`,
    ...scope.room === undefined || scope.readOnly ? [] : [WEBHOOK],
  ];
}

/**
 * Revokes a token, and disconnects the sessions that have logged in with it.
 *
 * @param text The number of the token.
 * @throws {AuthError} as `Devices.revoke`
 */
export async function revokeDevice(context: AccountContext, text: string): Promise<string[]> {
  const { chat, auth, caller, session, member } = context;
  const id = /^\d{1,9}$/.test(text) ? Number(text) : NaN;
  if (Number.isNaN(id)) throw new AuthError("no-such-token", text);
  const { account } = member;
  const { name } = await auth.devices.revoke(caller, account, id);
  const ended = await endSessions(chat, account!, (each) => each !== session && each.token?.id === id, REVOKED);
  const sessions = ended === 0 ? "" : ended === 1 ? " Its session is closed." : ` Its ${ended} sessions are closed.`;
  if (session.token?.id === id) await endSessions(chat, account!, (each) => each === session, REVOKED);
  return [`${name} is signed out.${sessions}`];
}

/**
 * Revokes the token of the caller's session: logs the caller out, and disconnects other sessions with the same token.
 *
 * @throws {AuthError} `no-such-token` if it has not logged in with one
 */
export async function revokeOwn({ chat, auth, caller, session, member, answering }: AccountContext): Promise<string> {
  const { account } = member;
  const { token } = session;
  if (token === undefined) throw new AuthError("no-such-token", "*");
  await auth.devices.revoke(caller, account, token.id);
  await endSessions(chat, account!, (each) => each !== session && each.token?.id === token.id, REVOKED);
  auth.logAction("logged out", caller, account!);
  await answering(() => logoutConnected(chat, session));
  return "You are logged out.";
}

/** Lists the certificates of the caller's account. @throws {AuthError} as `Devices.certificates` */
export function listCertificates(context: AccountContext): string[] {
  const { auth, caller, member } = context;
  const certificates = auth.devices.certificates(caller, member.account);
  const own = caller.certificate;
  const lines = certificates.map(({ fingerprint, since }) => {
    return `${fingerprint}, added ${minutes(since).slice(0, 10)}${fingerprint === own ? ", this connection" : ""}`;
  });
  if (own !== undefined && !certificates.some(({ fingerprint }) => fingerprint === own)) {
    lines.push(`This connection has ${own}. To log in with it from now on: ${context.commandFor("cert add")}`);
  }
  if (lines.length > 0) return lines;
  return [`Your account has no certificates. To add one: ${context.commandFor("cert add", "FINGERPRINT")}`];
}

/** Adds a certificate, that of the connection unless a fingerprint is given. @throws {AuthError} as `Devices.addCertificate` */
export async function addCertificate({ auth, caller, member }: AccountContext, text: string): Promise<string[]> {
  const fingerprint = await auth.devices.addCertificate(caller, member.account, text);
  return [`${fingerprint} is added. Clients with this certificate can log in by SASL EXTERNAL.`];
}

/** Removes a certificate. @throws {AuthError} as `Devices.removeCertificate` */
export async function removeCertificate({ auth, caller, member }: AccountContext, text: string): Promise<string[]> {
  await auth.devices.removeCertificate(caller, member.account, text);
  return ["The certificate is removed."];
}

/**
 * Makes a one-time word for a user who has lost the password, at the request of a server operator. The sessions of the
 * account are told.
 *
 * @throws {ChatError} `not-server-operator`
 * @throws {AuthError} as `Devices.addWord`
 */
export async function resetPassword(
  { chat, auth, member, moderation }: AccountContext,
  text: string,
): Promise<string[]> {
  requireOperator(member);
  const { name, word } = await auth.devices.addWord(text);
  moderation.audit("password reset", member, name);
  for (const each of chat.sessionsOf(name)) {
    await chat.notice(`${member.nick} has made a one-time word to reset the password of ${name}.`, each);
  }
  return [
    `The one-time word of ${name}, valid for an hour:`,
    word,
    `Give it to its owner in private. They log in with it as the password, once, and choose a new password then.`,
  ];
}
