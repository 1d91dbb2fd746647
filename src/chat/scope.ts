/**
 * Scopes: what a session that has logged in by a token for bots and scripts may do. The author of commands checks them, in
 * `local_chat.ts`, so that they hold for every protocol.
 */
import { ChatError } from "./chat_error.ts";

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
interface TokenHolder {
  readonly nick: string;
  readonly token: SessionToken | undefined;
}

/** Whether a token permits less than the password of its account. */
export function isScoped(token: Scope | undefined): boolean {
  return token !== undefined && (token.readOnly || token.room !== undefined);
}

/** Checks that a member may change what others see of it or of a room. @throws {ChatError} `token-read-only` */
export function requireWritable({ token, nick }: TokenHolder): void {
  if (token?.readOnly) throw new ChatError("token-read-only", nick);
}

/**
 * Checks that a member may speak in a room and change it.
 *
 * @param room Its key; none for what concerns no single room, such as a private message.
 * @throws {ChatError} `token-read-only` or `token-room`
 */
export function requireScope(member: TokenHolder, room?: string): void {
  if (member.token === undefined) return; // the common case
  requireWritable(member);
  requireReadable(member, room);
}

/**
 * Checks that a member may be in a room, and read it.
 *
 * @param room Its key; none for what concerns no single room, such as a private conversation.
 * @throws {ChatError} `token-room`
 */
export function requireReadable({ token }: TokenHolder, room?: string): void {
  if (token?.room !== undefined && token.room !== room) throw new ChatError("token-room", token.room);
}
