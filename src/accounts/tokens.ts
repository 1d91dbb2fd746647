/**
 * Tokens: what a device, a bot or a script logs in with in place of the password of an account.
 *
 * A token is 256 random bits, so its hash needs neither salt nor key derivation: only SHA-256 hashes are stored. The
 * one-time word with which a lost password is replaced is stored as a token that ends, and that is deleted when it is used.
 */
import { createHash, randomBytes, timingSafeEqual } from "node:crypto";
import type { DirectorySink } from "../chat/directory.ts";
import { fold } from "../chat/names.ts";
import { isScoped, type Scope } from "../chat/scope.ts";
import { ChatError } from "../chat/chat_error.ts";
import { StoreError } from "../chat/store.ts";
import type { AccountDirectory } from "./account_directory.ts";
import { revisionOf, toBase64 } from "./account_store.ts";
import { isWord, type StoredToken, USED_INTERVAL } from "./token_store.ts";

export { isWord, type StoredToken, TOKENS_MAX, type TokenStore, USED_INTERVAL, WORD_TIME } from "./token_store.ts";

/** The most characters of a token's name. */
export const TOKEN_NAME_MAX = 60;

/** What each token begins with, so that people and programs that look for leaked secrets recognize it. */
const TOKEN_PREFIX = "tincan_";

const TOKEN_BYTES = 32;
const WORD_BYTES = 10;

/** A token or a one-time word. */
const SECRET = /^(?:tincan_[\w-]{43}|once(?:-[a-z2-7]{4}){4})$/;

/** Whether a text has the form of a token or of a one-time word. Such a text cannot be a password. */
export function isSecret(text: string): boolean {
  return SECRET.test(text);
}

/** A new token, and its secret, which is stored nowhere. */
export interface NewSecret {
  readonly token: StoredToken;
  readonly secret: string;
}

/** Makes and checks the tokens of all accounts. Names are compared without regard to case. */
export class Tokens {
  readonly #directory: AccountDirectory;
  readonly #sink: DirectorySink;
  readonly #now: () => number;

  /**
   * @param sink Where changes go.
   * @param now The time in milliseconds since 1970.
   */
  constructor(directory: AccountDirectory, sink: DirectorySink, now: () => number) {
    this.#directory = directory;
    this.#sink = sink;
    this.#now = now;
  }

  /** The tokens of an account, by number, without a one-time word. @throws {StoreError} */
  list(account: string): StoredToken[] {
    return this.#directory.stores.tokens.tokens(fold(account)).filter((token) => !isWord(token));
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
   * @returns Or why it was not made: the account is gone, or has {@linkcode TOKENS_MAX}.
   * @throws {StoreError}
   */
  async add(
    account: string,
    name: string,
    host: string,
    scope: Scope = { readOnly: false, room: undefined },
  ): Promise<NewSecret | "gone" | "full"> {
    const revision = this.#directory.revision(account, undefined);
    if (revision === undefined) return "gone";
    const key = fold(account);
    const secret = TOKEN_PREFIX + randomBytes(TOKEN_BYTES).toString("base64url");
    const hash = hashOf(secret);
    const { readOnly, room } = scope;
    const token = { hash: toBase64(hash), name, host, readOnly, room };
    const added = await this.#sink.submit<"token-add">({ op: "token-add", account: key, revision, token });
    if (typeof added === "string") return added;
    const { id, since } = added;
    return { token: { ...token, account: key, id, hash, since, used: since, until: undefined }, secret };
  }

  /**
   * Makes a one-time word, in place of an earlier one. It is valid for {@linkcode WORD_TIME}.
   *
   * @returns The word, which is stored nowhere; `undefined` if the account is gone.
   * @throws {StoreError}
   */
  async addWord(account: string): Promise<string | undefined> {
    const revision = this.#directory.revision(account, undefined);
    if (revision === undefined) return undefined;
    const letters = [...randomBytes(WORD_BYTES)].map((byte) => byte.toString(2).padStart(8, "0")).join("");
    const digits = letters.match(/.{5}/g)!.map((five) => BASE32[Number.parseInt(five, 2)]).join("");
    const word = `once-${digits.match(/.{4}/g)!.join("-")}`;
    const hash = toBase64(hashOf(word));
    const isAdded = await this.#sink.submit<"word-add">({ op: "word-add", account: fold(account), revision, hash });
    return isAdded ? word : undefined;
  }

  /**
   * Resolves to the token of an account with a secret, and notes its use. A one-time word is deleted.
   *
   * Each token of the account is compared in constant time; the time depends on their number alone.
   *
   * @param host From where it is used, as members see it.
   * @throws {StoreError}
   */
  async use(account: string, secret: string, host: string): Promise<StoredToken | undefined> {
    const key = fold(account);
    const hash = hashOf(secret);
    let found: StoredToken | undefined;
    for (const each of this.#directory.stores.tokens.tokens(key)) if (timingSafeEqual(each.hash, hash)) found = each;
    if (found === undefined) return undefined;
    if (isWord(found)) { // another client may have used it in the meantime
      const isValid = await this.#sink.submit<"word-use">({ op: "word-use", account: key, hash: toBase64(hash) });
      return isValid ? found : undefined;
    }
    if (this.#now() - found.used >= USED_INTERVAL) await this.#noteUse(found, host);
    return found;
  }

  /**
   * Resolves to the token with a secret, of any account, and notes its use; `undefined` if there is none, and for a one-time
   * word. It is found by its hash, so the time that this takes tells nothing about the secret.
   *
   * @param host From where it is used, as members see it.
   * @throws {StoreError}
   */
  async useAny(secret: string, host: string): Promise<StoredToken | undefined> {
    if (!isSecret(secret)) return undefined;
    const found = this.#directory.stores.tokens.tokenByHash(hashOf(secret));
    if (found === undefined || isWord(found)) return undefined;
    if (this.#now() - found.used >= USED_INTERVAL) await this.#noteUse(found, host);
    return found;
  }

  /** Deletes a token. @returns The deleted token, if it existed. @throws {StoreError} */
  async revoke(account: string, id: number): Promise<StoredToken | undefined> {
    const found = this.list(account).find((each) => each.id === id);
    if (found === undefined) return undefined;
    const revision = revisionOf(found.hash);
    const command = { op: "token-remove", account: found.account, id, revision } as const;
    return await this.#sink.submit<"token-remove">(command) ? found : undefined;
  }

  async #noteUse({ account, id, hash }: StoredToken, host: string) {
    try {
      await this.#sink.submit<"token-used">({ op: "token-used", account, id, revision: revisionOf(hash), host });
    } catch (error) {
      // A full disk or a busy cluster keeps no owner out.
      if (!(error instanceof StoreError || error instanceof ChatError)) throw error;
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
