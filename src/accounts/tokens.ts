/**
 * Tokens: what a device, a bot or a script logs in with in place of the password of an account.
 *
 * A token is 256 random bits, so its hash needs neither salt nor key derivation: only SHA-256 hashes are stored. The
 * one-time word with which a lost password is replaced is stored as a token that ends, and that is deleted when it is used.
 */
import { createHash, randomBytes, timingSafeEqual } from "node:crypto";
import { fold } from "../chat/names.ts";
import { isScoped, type Scope, type SessionToken } from "../chat/scope.ts";
import { StoreError } from "../chat/store.ts";

/** The most tokens of an account. */
export const TOKENS_MAX = 20;

/** The most characters of a token's name. */
export const TOKEN_NAME_MAX = 60;

/** How often the time of the last use is written, in milliseconds. */
export const USED_INTERVAL = 60_000;

/** How long a one-time word is valid, in milliseconds. */
export const WORD_TIME = 3600_000;

/** The number of the one-time word of an account; tokens have numbers from 1. */
const WORD_ID = 0;

/** What each token begins with, so that people and programs that look for leaked secrets recognize it. */
const TOKEN_PREFIX = "tincan_";

const TOKEN_BYTES = 32;
const WORD_BYTES = 10;

/** A token or a one-time word. */
const SECRET = /^(?:tincan_[\w-]{43}|once(?:-[a-z2-7]{4}){4})$/;

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

/** Whether a text has the form of a token or of a one-time word. Such a text cannot be a password. */
export function isSecret(text: string): boolean {
  return SECRET.test(text);
}

/** Whether a stored token is the one-time word. */
export function isWord({ id }: SessionToken): boolean {
  return id === WORD_ID;
}

/** The tokens of all accounts. Names are compared without regard to case. */
export class Tokens {
  readonly #store: TokenStore;
  readonly #now: () => number;

  /** @param now The time in milliseconds since 1970. */
  constructor(store: TokenStore, now: () => number = Date.now) {
    this.#store = store;
    this.#now = now;
  }

  /** The tokens of an account, by number, without a one-time word. @throws {StoreError} */
  list(account: string): StoredToken[] {
    return this.#store.tokens(fold(account)).filter((token) => !isWord(token));
  }

  /**
   * A token as it is stored now: its room may have been renamed. `undefined` if it was revoked, or replaced by another one with
   * the same number.
   *
   * @throws {StoreError}
   */
  current(account: string, { id, hash }: StoredToken): StoredToken | undefined {
    return this.list(account).find((each) => each.id === id && timingSafeEqual(each.hash, hash));
  }

  /**
   * Makes a token.
   *
   * @param host From where, as members see it.
   * @returns The token, and the secret, which is stored nowhere; `undefined` if the account has {@linkcode TOKENS_MAX}.
   * @throws {StoreError}
   */
  add(
    account: string,
    name: string,
    host: string,
    scope: Scope = { readOnly: false, room: undefined },
  ): { readonly token: StoredToken; readonly secret: string } | undefined {
    const all = this.list(account);
    if (all.length >= TOKENS_MAX) return undefined;
    const secret = TOKEN_PREFIX + randomBytes(TOKEN_BYTES).toString("base64url");
    const { readOnly, room } = scope;
    const id = Math.max(WORD_ID, ...all.map((each) => each.id)) + 1;
    const now = this.#now();
    const token = { account: fold(account), id, hash: hashOf(secret), name, host, readOnly, room };
    const stored = { ...token, since: now, used: now, until: undefined };
    this.#store.addToken(stored);
    return { token: stored, secret };
  }

  /**
   * Makes a one-time word, in place of an earlier one. It is valid for {@linkcode WORD_TIME}.
   *
   * @returns The word, which is stored nowhere.
   * @throws {StoreError}
   */
  addWord(account: string): string {
    const letters = [...randomBytes(WORD_BYTES)].map((byte) => byte.toString(2).padStart(8, "0")).join("");
    const digits = letters.match(/.{5}/g)!.map((five) => BASE32[Number.parseInt(five, 2)]).join("");
    const word = `once-${digits.match(/.{4}/g)!.join("-")}`;
    const now = this.#now();
    this.#store.addToken({
      account: fold(account),
      id: WORD_ID,
      hash: hashOf(word),
      name: "one-time word",
      since: now,
      used: now,
      host: "",
      readOnly: false,
      room: undefined,
      until: now + WORD_TIME,
    });
    return word;
  }

  /**
   * Returns the token of an account with a secret, and notes its use. A one-time word is deleted.
   *
   * Each token of the account is compared in constant time; the time depends on their number alone.
   *
   * @param host From where it is used, as members see it.
   * @throws {StoreError}
   */
  use(account: string, secret: string, host: string): StoredToken | undefined {
    const key = fold(account);
    const hash = hashOf(secret);
    let found: StoredToken | undefined;
    for (const each of this.#store.tokens(key)) if (timingSafeEqual(each.hash, hash)) found = each;
    if (found === undefined) return undefined;
    const now = this.#now();
    if (isWord(found)) {
      this.#store.removeToken(key, WORD_ID); // also an old one: the next operator's word replaces it anyway
      return now < found.until! ? found : undefined;
    }
    if (now - found.used >= USED_INTERVAL) this.#noteUse(found, now, host);
    return found;
  }

  /** Deletes a token. @returns The deleted token, if it existed. @throws {StoreError} */
  revoke(account: string, id: number): StoredToken | undefined {
    const found = this.list(account).find((each) => each.id === id);
    if (found !== undefined) this.#store.removeToken(found.account, id);
    return found;
  }

  /** Deletes all tokens of an account and its one-time word, except one token, if it is given. @throws {StoreError} */
  revokeAll(account: string, except?: number): void {
    this.#store.removeTokens(fold(account), except);
  }

  /** Has the tokens for a room that was renamed permit its new name, by folded names. @throws {StoreError} */
  renameRoom(from: string, to: string): void {
    this.#store.renameTokenRoom(from, to);
  }

  #noteUse({ account, id }: StoredToken, now: number, host: string) {
    try {
      this.#store.setTokenUsed(account, id, now, host);
    } catch (error) {
      if (!(error instanceof StoreError)) throw error; // a full disk keeps no owner out
    }
  }
}

/** The scope of a token in words for users; the empty string if it has none. */
export function describeScope({ readOnly, room }: Scope): string {
  if (!isScoped({ readOnly, room })) return "";
  return [readOnly ? "read only" : "", room ?? ""].filter((part) => part !== "").join(", ");
}

const BASE32 = "abcdefghijklmnopqrstuvwxyz234567";

function hashOf(secret: string): Uint8Array {
  return new Uint8Array(createHash("sha256").update(secret).digest());
}
