/**
 * Scopes: what a session that has logged in by a token for bots and scripts may do. The author of commands checks them, in
 * `authored_chat.ts`, so that they hold for every protocol.
 *
 * Such a session is a member of its own. It is named by its account, so that bans of the account apply to it; but it has
 * neither the nickname nor the roles, invitations, private conversations and ignored users of the account.
 */
import { ChatError } from "./chat_error.ts";
import { fold } from "./names.ts";

/** What a token permits. Without either limit it permits all that the password of the account does. */
export interface Scope {
  /** Whether it permits to read alone. */
  readonly readOnly: boolean;
  /** The folded name of the only room that it permits to join, read and speak in. */
  readonly room: string | undefined;
}

/** The token that a session has logged in with. */
export interface SessionToken extends Scope {
  /** Its number among the tokens of the account. */
  readonly id: number;
}

/** A member, as far as its token is concerned. */
interface ScopeHolder {
  readonly nick: string;
  readonly scope: Scope | undefined;
}

/** The scope of a token; `undefined` if it permits all that the password of its account does. */
export function scopeOf(token: Scope | undefined): Scope | undefined {
  return token !== undefined && (token.readOnly || token.room !== undefined) ? token : undefined;
}

/** Whether a token permits less than the password of its account. */
export function isScoped(token: Scope | undefined): boolean {
  return scopeOf(token) !== undefined;
}

/**
 * Whether a token permits in a room all that its account may do there: one without a scope, or one for that room alone. For a
 * client that is no member: members have no roles by a token with a scope, as they can be given ranks.
 */
export function actsAsAccount(token: Scope | undefined, room: string): boolean {
  return !isScoped(token) || token?.room === room;
}

/** Checks that a member may change what others see of it or of a room. @throws {ChatError} `token-read-only` */
export function requireWritable({ scope, nick }: ScopeHolder): void {
  if (scope?.readOnly) throw new ChatError("token-read-only", nick);
}

/**
 * Checks that a member may speak in a room and change it.
 *
 * @param room Its key; none for what concerns no single room, such as a private message.
 * @throws {ChatError} `token-read-only` or `token-room`
 */
export function requireScope(member: ScopeHolder, room?: string): void {
  if (member.scope === undefined) return; // the common case
  requireWritable(member);
  requireReadable(member, room);
}

/**
 * Checks that a member may be in a room, and read it.
 *
 * @param room Its key; none for what concerns no single room, such as a private conversation.
 * @throws {ChatError} `token-room`
 */
export function requireReadable({ scope }: Pick<ScopeHolder, "scope">, room?: string): void {
  if (scope?.room !== undefined && scope.room !== room) throw new ChatError("token-room", scope.room);
}

/** Whether a member may be sent private messages: not one whose token permits one room alone. */
export function takesPrivate({ scope }: Pick<ScopeHolder, "scope">): boolean {
  return scope?.room === undefined;
}

/**
 * Checks that a client whose token has a scope does not take the nickname of its account: private messages to its owner would
 * reach it.
 *
 * @throws {ChatError} `token-nick`
 */
export function requireOtherNick(nick: string, account: string | undefined): void {
  if (account !== undefined && fold(nick) === fold(account)) throw new ChatError("token-nick", nick);
}
