/**
 * Account commands, shared by the protocols: what each does, and the sentence that the user gets for it.
 *
 * Checking a password takes a while. Afterwards the member may have left or have another nickname, so it is looked at again.
 */
import { AuthError, type AuthService, type Caller, type Login } from "../accounts/auth.ts";
import type { StoredToken } from "../accounts/tokens.ts";
import type { Chat } from "../chat/chat.ts";
import { ChatError } from "../chat/chat_error.ts";
import type { Member, Session } from "../chat/member.ts";
import { fold } from "../chat/names.ts";
import type { SessionToken } from "../chat/scope.ts";
import { runToEnd, type Steps } from "../util/steps.ts";
import { isLinkError, linkErrorText } from "./invite_links.ts";
import type { ModerationContext } from "./moderation.ts";
import { endOtherSessions } from "./sign_out.ts";

/** The reason that a connection is closed with after too many wrong passwords. */
export const TOO_MANY_FAILURES = "Too many wrong passwords";

/** The reason that a connection is closed with if it sent a wrong password and did not register in time. */
export const WRONG_PASSWORD = "Wrong password";

/** The reason in the log when the owner of a nickname has disconnected its user. */
export const NICKNAME_RECLAIMED = "nickname reclaimed";

/** What a user can do with an account, by the names of the text protocol's commands. */
export type AccountAction =
  | "register"
  | "login"
  | "ghost"
  | "logout"
  | "password"
  | "drop"
  | "set"
  | "devices"
  | "devices add"
  | "devices revoke"
  | "cert add";

/** The session of a member, as the account commands see it. */
export interface AccountContext {
  readonly chat: Chat;
  readonly auth: AuthService;
  readonly session: Session;
  /** The user of the session, which a login may change. */
  readonly member: Member;
  readonly caller: Caller;
  readonly moderation: ModerationContext;
  /** How a command is written in this protocol: `/ghost alice`. */
  commandFor(action: AccountAction, ...args: string[]): string;
  /** Runs a change after the check of a password. Lines that it sends to the caller are part of the reply. */
  answering<T>(run: () => T): T;
}

/**
 * Parses `[NAME] PASSWORD`. A password may contain spaces: the first word is a name only if such an account exists, or if
 * there is no account called `own`. With a name before it, every password can be given.
 *
 * @param own The name that is meant if none is given.
 */
export function readLogin(auth: AuthService, text: string, own: string): { name: string; password: string } {
  const [, first = "", rest = ""] = /^(\S+)\s+(.*)$/s.exec(text) ?? [];
  const isName = rest !== "" && (auth.find(first) !== undefined || auth.find(own) === undefined);
  return isName ? { name: first, password: rest } : { name: own, password: text };
}

/**
 * Registers the member's nickname as an account, and logs the member in.
 *
 * @returns The empty string if the member has left.
 * @throws {AuthError} as `AuthService.register`, or `logged-in`
 */
export async function register(context: AccountContext, password: string): Promise<string> {
  const { chat, auth, session, member, caller } = context;
  if (member.account !== undefined) throw new AuthError("logged-in", member.account);
  const { nick } = member;
  const isUnchanged = () => chat.has(member) && member.nick === nick && member.account === undefined;
  const { name } = await auth.register(caller, nick, password, isUnchanged, member.id);
  if (!chat.hasSession(session)) return "";
  await context.answering(() => chat.login(session, name));
  return registeredText(name, context.commandFor, context);
}

/** What a user is told that has registered a nickname. */
export function registeredText(
  name: string,
  commandFor: AccountContext["commandFor"],
  { auth, chat }: Pick<AccountContext, "auth" | "chat">,
): string {
  const limit = auth.persistent ? "" : "Accounts last until this server stops. ";
  const hint = `${commandFor("set", "always-on", "on")} keeps you in the chat when you disconnect. `;
  const login = `To log in later: ${commandFor("login", name, "PASSWORD")}`;
  return `${name} is now registered. ${limit}${chat.alwaysOn.policy === "opt-in" ? hint : ""}${login}`;
}

/**
 * Logs the member in.
 *
 * @param rename Whether the member takes the account's name as its nickname, too.
 * @returns The empty string if the member has left.
 * @throws {AuthError} as `AuthService.login`, or `logged-in` if it is logged in to another account
 */
export async function login(context: AccountContext, name: string, password: string, rename: boolean): Promise<string> {
  const { chat, auth, session, member, caller } = context;
  if (member.account !== undefined && fold(member.account) !== fold(name)) {
    throw new AuthError("logged-in", member.account);
  }
  const { name: account, token, byWord = false } = currentLogin(
    auth,
    await auth.login(caller, name, password, "login"),
  );
  if (!chat.hasSession(session)) return "";
  await context.answering(() => chat.login(session, account, token && sessionToken(token)));
  const hint = byWord ? ` ${newPasswordHint(context)}` : "";
  const done = `You are logged in as ${account}.${hint}`;
  const { sessions, scope, nick } = session.member;
  const isElsewhere = sessions.length > 1; // where it may have another nickname on purpose
  if (!rename || isElsewhere || scope !== undefined || fold(nick) === fold(account)) return done;
  try {
    await context.answering(() => chat.rename(session.member, account));
    return done;
  } catch (error) {
    if (!(error instanceof ChatError)) throw error;
    if (error.code !== "nick-taken") return `${done} The nickname cannot be used right now. Try again later.`;
    return `${done} Another connection uses that nickname. To end it: ${context.commandFor("ghost", account)}`;
  }
}

/**
 * Disconnects the member that uses the account's nickname, and renames the caller to it.
 *
 * @param password The password of the account, or the empty string if the caller is logged in to it.
 * @returns The empty string if the caller has left.
 * @throws {AuthError} as `AuthService.login`, or `not-yours`
 * @throws {ChatError} as `Chat.reclaim`
 */
export async function ghost(context: AccountContext, name: string, password: string): Promise<string> {
  const { chat, auth, session, caller } = context;
  const { account } = context.member;
  if (password !== "") {
    const { name: account, token } = currentLogin(auth, await auth.login(caller, name, password, "ghost"));
    if (!chat.hasSession(session)) return "";
    await context.answering(() => chat.login(session, account, token && sessionToken(token)));
  } else if (account === undefined || fold(account) !== fold(name)) {
    throw new AuthError("not-yours", name);
  }
  const { member } = session;
  const own = member.account!;
  if (fold(member.nick) === fold(own)) return `You are ${member.nick}.`;
  const words = `${member.nick} reclaimed the nickname`;
  const close = { ending: NICKNAME_RECLAIMED, words, notice: `You were disconnected: ${words}` };
  const holder = await context.answering(() => chat.reclaim(member, own, words, close));
  if (holder !== undefined) auth.logAction("reclaimed nickname", caller, own);
  return `The nickname ${own} is yours again.`;
}

/**
 * Logs the member out.
 *
 * @throws {AuthError} `not-logged-in`
 */
export async function logout(context: AccountContext): Promise<string> {
  const { chat, auth, session, member, caller } = context;
  if (member.account === undefined) throw new AuthError("not-logged-in");
  auth.logAction("logged out", caller, member.account);
  await chat.logout(session);
  return "You are logged out.";
}

/**
 * Changes the password of the member's account, and ends its other sessions.
 *
 * @throws {AuthError} as `AuthService.changePassword`
 */
export async function changePassword(context: AccountContext, password: string): Promise<string> {
  const { chat, auth, caller, session, member } = context;
  const { account } = member;
  await auth.changePassword(caller, account, password, () => isLoggedIn(context, account));
  await endOtherSessions(chat, account!, session);
  return "Your password is changed. All other devices and bots are signed out.";
}

/**
 * Deletes the member's account with its roles and its private conversations, and logs out all its sessions.
 *
 * @throws {AuthError} as `AuthService.drop`
 */
export async function drop(context: AccountContext, password: string): Promise<string> {
  const { chat, auth, session, member, caller } = context;
  const name = member.account;
  const account = name === undefined ? undefined : auth.find(name);
  const requireOwner = () => { // another device may have dropped it, and another user have registered the name
    if (auth.find(name!)?.revision !== account?.revision) throw new AuthError("not-logged-in");
  };
  let sessions: Session[] = [];
  await auth.drop(caller, name, password, async () => {
    requireOwner();
    await runInBackground(chat.admin.forgetRoles(name!)); // or the next owner of the name would have them
    // In slices, so that the command has little left. In a cluster all nodes delete them when it is applied, or none.
    if (chat.cluster === undefined) await runInBackground(chat.history.forgetConversations(name!));
    requireOwner();
    sessions = [...chat.sessionsOf(name!)]; // the command logs them out
  });
  const done = `${name} is no longer registered.`;
  // Meanwhile, it may have disconnected or logged in to another account.
  const isLoggedOut = (each: Session) => chat.hasSession(each) && each.member.account === undefined;
  for (const each of sessions) {
    if (each === session || !isLoggedOut(each)) continue;
    if (await logoutConnected(chat, each)) await chat.notice(done, each); // it has a user of its own now
  }
  if (isLoggedOut(session)) {
    await context.answering(() => logoutConnected(chat, session)); // last, so that it is the one that stays where it is
  }
  runToEnd(chat.admin.forgetRoles(name!)); // those that were given during the first pass; the command has forgotten the conversations
  return done;
}

/** A login as it is now. @throws {AuthError} `wrong-password` if the account or the token has changed in the meantime */
export function currentLogin(auth: AuthService, login: Login): Login {
  const current = auth.current(login);
  if (current === undefined) throw new AuthError("wrong-password");
  return current;
}

/** Logs a session out. Returns whether it had not disconnected meanwhile. */
export async function logoutConnected(chat: Chat, session: Session): Promise<boolean> {
  if (!chat.hasSession(session)) return false;
  try {
    await chat.logout(session);
    return true;
  } catch (error) {
    if (!(error instanceof ChatError) || error.code !== "no-such-user") throw error;
    return false;
  }
}

/** Whether a session is in the chat, and logged in to an account. */
function isLoggedIn({ chat, session }: AccountContext, account: string | undefined): boolean {
  return chat.hasSession(session) && session.member.account === account;
}

/** Runs all steps, each in a task of its own. */
async function runInBackground(steps: Steps<void>): Promise<void> {
  while (!steps.next().done) await new Promise((resolve) => setTimeout(resolve));
}

/**
 * Says whether a name is registered, since when, and whether a user has it as nickname.
 *
 * @throws {AuthError} `no-accounts`
 */
export function describeAccount({ auth, chat }: AccountContext, name: string): string {
  if (!auth.accountsEnabled) throw new AuthError("no-accounts");
  const account = auth.find(name);
  if (account === undefined) return `${name} is not registered.`;
  const user = chat.get(name);
  const online = user === undefined
    ? ""
    : user.sessions.length > 0
    ? ", and is online"
    : ", and is in the chat, but not connected";
  return `${account.name} has been registered since ${new Date(account.since).toISOString().slice(0, 10)}${online}.`;
}

/**
 * The sentence for an error of the auth service.
 *
 * @param context Tells how commands are written, for sentences that name one.
 */
export function authErrorText(
  { code, subject }: AuthError,
  context?: Pick<AccountContext, "commandFor">,
): string {
  switch (code) {
    case "no-accounts":
      return "This server has no accounts.";
    case "wrong-password":
      return "Wrong password.";
    case "wait":
      return `Too many wrong passwords from your address. Try again in ${subject} seconds.`;
    case "reconnect":
      return `Too many wrong passwords from your address. Connect again, or try again in ${subject} seconds.`;
    case "busy":
      return "The server is busy checking passwords. Try again in a moment.";
    case "name-owned":
      return `${subject} is a registered nickname. If it is yours: ${
        context?.commandFor("login", subject, "PASSWORD")
      }`;
    case "name-impossible":
      return `${subject} cannot be registered. Choose another nickname first.`;
    case "name-confusable":
      return `${subject} looks like a registered nickname. Choose another one first.`;
    case "name-gone":
      return `${subject} has been taken in the meantime. Choose another nickname.`;
    case "password-short":
      return `Password too short: at least ${subject} characters.`;
    case "password-long":
      return `Password too long: at most ${subject} characters.`;
    case "password-wide":
      return `Password too long: at most ${subject} bytes. Letters outside ASCII take 2 to 4 bytes each.`;
    case "password-impossible":
      return "Invalid password: use no control characters, and no space at its start or end.";
    case "accounts-full":
      return "This server has reached its limit of accounts. Ask its administrator.";
    case "too-many":
      return "Too many new passwords from your address. Try again in an hour.";
    case "not-logged-in":
      return `You are not logged in. First: ${context?.commandFor("login", "NAME", "PASSWORD")}`;
    case "logged-in":
      return `You are already logged in as ${subject}. First: ${context?.commandFor("logout")}`;
    case "not-yours":
      return `You are not logged in as ${subject}. If it is yours: ${
        context?.commandFor("ghost", subject, "PASSWORD")
      }`;
    case "link-unknown":
    case "link-expired":
    case "link-used-up":
      return linkErrorText(code);
    case "server-password":
      return "This server needs a password. Send it first.";
    case "password-token":
      return "That is a token, not a password. Choose another password.";
    case "no-such-account":
      return `${subject} is not registered.`;
    case "token-scoped":
      return "Your token does not permit that. Log in with your password first.";
    case "token-name-invalid":
      return `Invalid name: give the device or bot a name of at most ${subject} characters.`;
    case "token-room-invalid":
      return `Invalid room name: ${subject}.`;
    case "tokens-full":
      return `You have ${subject} devices and bots, which is the most. Remove one first: ${
        context?.commandFor("devices revoke", "N")
      }`;
    case "no-such-token":
      return `No such device: ${subject}. For a list: ${context?.commandFor("devices")}`;
    case "certificate-none":
      return "Your connection has no certificate. Give a SHA-256 fingerprint, or connect with TLS and a certificate.";
    case "certificate-invalid":
      return "Invalid fingerprint: give the SHA-256 hash of the certificate in hexadecimal.";
    case "certificate-taken":
      return "That certificate belongs to another account.";
    case "certificates-full":
      return `You have ${subject} certificates, which is the most. Remove one first.`;
    case "no-such-certificate":
      return "Your account has no such certificate.";
    case "not-kept":
      return "The server cannot store that right now. Try again later.";
  }
}

/** What a user is told who has logged in with a one-time word. */
export function newPasswordHint(context: Pick<AccountContext, "commandFor">): string {
  return `The one-time word is used up. Choose a new password now: ${context.commandFor("password", "PASSWORD")}`;
}

/** What a session keeps of the token that it has logged in with. */
export function sessionToken({ id, readOnly, room }: StoredToken): SessionToken {
  return { id, readOnly, room };
}

/** Counts the wrong passwords of a connection. */
export class FailureCount {
  readonly #max: number;
  #count = 0;

  /** @param max The number of wrong passwords after which the connection is closed. */
  constructor(max: number) {
    this.#max = max;
  }

  /** Whether there was a wrong password. */
  get any(): boolean {
    return this.#count > 0;
  }

  /** Counts an error if it is a wrong password or code; returns whether the connection has to be closed. */
  add({ code }: AuthError): boolean {
    if (code === "wrong-password" || isLinkError(code)) this.#count++;
    return this.#count >= this.#max;
  }
}
