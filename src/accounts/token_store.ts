/** What is stored of tokens, and where. The one-time word of an account is stored as a token that ends. */
import type { SessionToken } from "../chat/scope.ts";

/** The most tokens of an account. */
export const TOKENS_MAX = 20;

/** How often the time of the last use is written, in milliseconds. */
export const USED_INTERVAL = 60_000;

/** How long a one-time word is valid, in milliseconds. */
export const WORD_TIME = 3600_000;

/** The number of the one-time word of an account; tokens have numbers from 1. */
export const WORD_ID = 0;

/** A token as it is stored. All times are in milliseconds since 1970. */
export interface StoredToken extends SessionToken {
  /** The folded name of the account. */
  readonly account: string;
  /** Its SHA-256 hash. */
  readonly hash: Uint8Array;
  /** What it was made for, such as `Firefox on Linux`. */
  readonly name: string;
  readonly since: number;
  /** When it was last used; up to {@linkcode USED_INTERVAL} earlier than that. */
  readonly used: number;
  /** The host from where it was made or last used, as members see it. */
  readonly host: string;
  /** When it ends, if it does. */
  readonly until: number | undefined;
}

/** Where tokens are stored. All methods may throw `StoreError`. */
export interface TokenStore {
  /** The tokens of an account, by number. */
  tokens(account: string): StoredToken[];
  /** The token with a hash, of any account. */
  tokenByHash(hash: Uint8Array): StoredToken | undefined;
  /** Adds a token, in place of one with the same number. */
  addToken(token: StoredToken): void;
  /** Returns whether the token existed. */
  removeToken(account: string, id: number): boolean;
  /** Removes all tokens of an account but one, if it is given. */
  removeTokens(account: string, except?: number): void;
  setTokenUsed(account: string, id: number, used: number, host: string): void;
  /** Has all tokens that permit one room alone permit another one instead, by folded names, however many there are. */
  renameTokenRoom(from: string, to: string): void;
}

/** Whether a stored token is the one-time word. */
export function isWord({ id }: SessionToken): boolean {
  return id === WORD_ID;
}
