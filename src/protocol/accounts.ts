/**
 * What people do about names that are their own, on any door: what is done, and the sentence that they are answered with.
 *
 * It takes a while to look at a password, and who has said it may be gone by then, or be called otherwise.
 */
import type { AuthService, Caller } from "../accounts/auth.ts";
import { AuthError } from "../accounts/auth.ts";
import type { Chat } from "../chat/chat.ts";
import type { Member } from "../chat/member.ts";
import { fold } from "../chat/names.ts";
import { ChatError } from "../chat/chat_error.ts";
import { finish, type Steps } from "../util/steps.ts";

/** What somebody's connection is ended with who was wrong too often. */
export const TOO_MANY_FAILURES = "Too many wrong passwords";

/** What can be asked for, by the names that the text door has for it. */
export type AccountAction = "register" | "login" | "ghost" | "logout" | "password" | "drop";

/** Who asks. */
export interface AccountContext {
  readonly chat: Chat;
  readonly auth: AuthService;
  readonly member: Member;
  readonly caller: Caller;
  /** How something is asked for on this door: `/ghost alice`. */
  how(deed: AccountAction, ...args: string[]): string;
  /** Runs what follows the check of a password; the lines that this sends to the caller are part of the answer. */
  answering<T>(run: () => T): T;
}

/**
 * Reads `[NAME] PASSWORD`. A password may have spaces, so the first word is a name only if there is such an account, or if
 * there is none of the name that is meant without one. With a name before it, every password can be said.
 *
 * @param own The name that is meant if none is given.
 */
export function readLogin(auth: AuthService, text: string, own: string): { name: string; password: string } {
  const [, first = "", rest = ""] = /^(\S+)\s+(.*)$/s.exec(text) ?? [];
  const isName = rest !== "" && (auth.find(first) !== undefined || auth.find(own) === undefined);
  return isName ? { name: first, password: rest } : { name: own, password: text };
}

/** Makes the name that somebody has at the moment their own. */
export async function register(person: AccountContext, password: string): Promise<string> {
  const { chat, auth, member, caller } = person;
  if (member.account !== undefined) throw new AuthError("logged-in", member.account);
  const { nick } = member;
  const holds = () => chat.has(member) && member.nick === nick && member.account === undefined;
  const { name } = await auth.register(caller, nick, password, holds);
  person.answering(() => chat.login(member, name));
  return `${name} is your own name now. With this password you can have it again: ${
    person.how("login", name, "PASSWORD")
  }`;
}

/**
 * Finds out that somebody is who they say.
 *
 * @param take Whether they want to be called so, too.
 */
export async function login(person: AccountContext, name: string, password: string, take: boolean): Promise<string> {
  const { chat, auth, member, caller } = person;
  if (member.account !== undefined && fold(member.account) !== fold(name)) {
    throw new AuthError("logged-in", member.account);
  }
  const account = await auth.login(caller, name, password, "login");
  if (!chat.has(member)) return "";
  person.answering(() => chat.login(member, account.name));
  const known = `You are logged in as ${account.name}.`;
  if (!take || fold(member.nick) === fold(account.name)) return known;
  try {
    person.answering(() => chat.rename(member, account.name));
    return known;
  } catch (error) {
    if (!(error instanceof ChatError)) throw error;
    if (error.code !== "nick-taken") return `${known} You cannot be called so now. Try again later.`;
    return `${known} Another connection has that name. To end it: ${person.how("ghost", account.name)}`;
  }
}

/** Disconnects whoever has a name, and gives it to its owner. */
export async function ghost(person: AccountContext, name: string, password: string): Promise<string> {
  const { chat, auth, member, caller } = person;
  if (password !== "") {
    const { name: account } = await auth.login(caller, name, password, "ghost");
    if (!chat.has(member)) return "";
    person.answering(() => chat.login(member, account));
  } else if (member.account === undefined || fold(member.account) !== fold(name)) {
    throw new AuthError("not-yours", name);
  }
  const own = member.account!;
  if (fold(member.nick) === fold(own)) return `You are ${member.nick} already.`;
  const why = `${member.nick} took the name back`;
  const holder = person.answering(() => chat.reclaim(member, own, why));
  if (holder !== undefined) {
    holder.tell({ kind: "notice", text: `You were disconnected: ${why}` });
    holder.outlet.close(why);
    auth.note("took a name back", caller, own);
  }
  return `${own} is yours again.`;
}

/** Makes somebody nobody in particular again. */
export function logout(person: AccountContext): string {
  const { chat, member } = person;
  if (member.account === undefined) throw new AuthError("not-logged-in");
  person.auth.note("logged out", person.caller, member.account);
  chat.logout(member);
  return "You are logged out.";
}

/** Gives somebody's name another password. */
export async function change(person: AccountContext, password: string): Promise<string> {
  await person.auth.change(person.caller, person.member.account, password);
  return "Your password is another one now.";
}

/** Makes somebody's name nobody's, and forgets what was said to it in private. */
export async function drop(person: AccountContext, password: string): Promise<string> {
  const { chat, auth, member, caller } = person;
  const name = member.account;
  await auth.drop(caller, name, password, () => unhurried(chat.history.forgetConversations(name!)));
  const gone = `${name} is nobody's own name any more.`;
  for (const each of [...chat.loggedIn(name!)]) {
    if (each === member) person.answering(() => chat.logout(each));
    else {
      chat.logout(each);
      each.tell({ kind: "notice", text: gone });
    }
  }
  finish(chat.history.forgetConversations(name!)); // what was said in the meantime
  return gone;
}

/** Does work in steps, and lets all others go on after each. */
async function unhurried(steps: Steps<void>): Promise<void> {
  while (!steps.next().done) await new Promise((resolve) => setTimeout(resolve));
}

/** What is known of a name. */
export function info(person: AccountContext, name: string): string {
  if (!person.auth.accountsEnabled) throw new AuthError("no-accounts");
  const account = person.auth.find(name);
  if (account === undefined) return `${name} is nobody's own name.`;
  const here = holderOf(person.chat, name) === undefined ? "" : ", and is here";
  return `${account.name} is somebody's own name since ${new Date(account.since).toISOString().slice(0, 10)}${here}.`;
}

/** What somebody is told who was denied something, and what to do instead. */
export function denied({ code, subject }: AuthError, person?: AccountContext): string {
  switch (code) {
    case "no-accounts":
      return "Names cannot be owned here: whoever runs this server has to start it with --data.";
    case "wrong-password":
      return "That is not the password.";
    case "wait":
      return `Too many wrong passwords came from your address. Try again in ${subject} seconds.`;
    case "reconnect":
      return `Too many wrong passwords came from your address. Connect again, or try again in ${subject} seconds.`;
    case "busy":
      return "Too many passwords are being looked at. Try again in a moment.";
    case "name-owned":
      return `${subject} is somebody's own name. If it is yours: ${person?.how("login", subject, "PASSWORD")}`;
    case "name-impossible":
      return `${subject} can be nobody's own name. Choose another one first.`;
    case "name-confusable":
      return `${subject} looks like somebody's own name. Choose another one first.`;
    case "name-gone":
      return `Somebody else has ${subject} by now. Choose another name.`;
    case "password-short":
      return `A password has ${subject} characters at least.`;
    case "password-long":
      return `A password has ${subject} characters at the most.`;
    case "password-wide":
      return `A password has ${subject} bytes at the most; letters outside ASCII take 2 to 4 each.`;
    case "password-impossible":
      return "A password has no control characters in it, and no space at its ends.";
    case "accounts-full":
      return "As many names are owned as can be. Ask whoever runs this server.";
    case "too-many":
      return "Too many passwords were chosen from your address. Try again in an hour.";
    case "not-logged-in":
      return `You are not logged in. First: ${person?.how("login", "NAME", "PASSWORD")}`;
    case "logged-in":
      return `You are logged in as ${subject} already. First: ${person?.how("logout")}`;
    case "not-yours":
      return `That is not your name. If it is: ${person?.how("ghost", subject, "PASSWORD")}`;
    case "not-kept":
      return "The server cannot keep that now. Try again later.";
  }
}

/** Counts how often a client was wrong. */
export class FailureCount {
  readonly #most: number;
  #count = 0;

  /** @param most How often it may be, the last time included. */
  constructor(most: number) {
    this.#most = most;
  }

  /** Whether it was wrong before. */
  get any(): boolean {
    return this.#count > 0;
  }

  /** Takes a denial; returns whether that was one wrong password too many. One that was not looked at is none. */
  add({ code }: AuthError): boolean {
    if (code === "wrong-password") this.#count++;
    return this.#count >= this.#most;
  }
}

function holderOf(chat: Chat, name: string): Member | undefined {
  try {
    return chat.find(name);
  } catch (error) {
    if (error instanceof ChatError) return undefined;
    throw error;
  }
}
