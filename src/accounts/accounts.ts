/**
 * Registered nicknames and their credentials.
 *
 * All names are held in memory, since they are looked up whenever a client chooses a nickname; `--max-accounts` bounds
 * them. Credentials stay in the store. A login takes the same time whether the account exists or not.
 */
import { fold } from "../chat/names.ts";
import { skeleton } from "../chat/skeleton.ts";
import { copyString } from "../util/copy_string.ts";
import type { Certificates } from "./certificates.ts";
import { type Derive, derive, hashPassword, verifyPassword } from "./password.ts";
import { deriveKeys, fakeKeys, ITERATIONS, type ScramKeys } from "./scram.ts";
import type { Tokens } from "./tokens.ts";

/** The most accounts, by default. */
export const ACCOUNTS_MAX = 10_000;

/** What is stored of a password: a hash for passwords that are sent to the server, and keys for SCRAM. */
export interface Credentials extends ScramKeys {
  readonly hash: string;
}

/**
 * The public data of an account. The object is replaced when the password changes, or when the name gets another owner: who
 * has logged in to the same object may still be logged in.
 */
export interface Account {
  /** The nickname in the case in which it was registered. */
  readonly name: string;
  /** When it was registered, in milliseconds since 1970. */
  readonly since: number;
}

/** An account as it is stored. */
export interface StoredAccount extends Account {
  /** The folded name. */
  readonly key: string;
}

/** Where accounts are stored, by folded name. All methods may throw `StoreError`. */
export interface AccountStore {
  accounts(): StoredAccount[];
  credentials(key: string): Credentials | undefined;
  addAccount(account: StoredAccount, credentials: Credentials): void;
  /** Returns whether the account exists. */
  setCredentials(key: string, credentials: Credentials): boolean;
  removeAccount(key: string): void;
}

/** Options of {@linkcode Accounts}. */
export interface AccountsOptions {
  /** The most accounts; {@linkcode ACCOUNTS_MAX} by default. */
  readonly max?: number;
  /** Whether the store outlives the process; yes by default. */
  readonly persistent?: boolean;
  readonly tokens: Tokens;
  readonly certificates: Certificates;
  /** The key from which the SCRAM salt of names without an account is derived. */
  readonly secret: Uint8Array;
  /** Derives keys from passwords; tests replace it. */
  readonly derive?: Derive;
  /** The PBKDF2 iterations of SCRAM keys; {@linkcode ITERATIONS} by default. */
  readonly iterations?: number;
}

/** The accounts of a server. Names are compared without regard to case. */
export class Accounts {
  /** What clients log in with in place of passwords. */
  readonly tokens: Tokens;
  readonly certificates: Certificates;
  /** Whether accounts outlive the process. */
  readonly persistent: boolean;
  readonly #store: AccountStore;
  readonly #accounts = new Map<string, Account>(); // by folded name
  readonly #bySkeleton = new Map<string, string>(); // folded names
  readonly #max: number;
  readonly #secret: Uint8Array;
  readonly #derive: Derive;
  readonly #iterations: number;

  /** @throws {StoreError} */
  constructor(store: AccountStore, options: AccountsOptions) {
    this.#store = store;
    this.tokens = options.tokens;
    this.certificates = options.certificates;
    this.persistent = options.persistent ?? true;
    this.#max = options.max ?? ACCOUNTS_MAX;
    this.#secret = options.secret;
    this.#derive = options.derive ?? derive;
    this.#iterations = options.iterations ?? ITERATIONS;
    for (const { key, name, since } of store.accounts()) this.#put(key, { name, since });
  }

  /** How many accounts there are. */
  get size(): number {
    return this.#accounts.size;
  }

  /** Whether the limit of accounts is reached. */
  get full(): boolean {
    return this.#accounts.size >= this.#max;
  }

  /** Returns the account of a nickname. */
  find(name: string): Account | undefined {
    return this.#accounts.get(fold(name));
  }

  /** Returns the folded name of the account whose name has this skeleton, as `skeleton` returns it. */
  findConfusable(look: string): string | undefined {
    return this.#bySkeleton.get(look);
  }

  /**
   * Registers a nickname.
   *
   * @param mayRegister Asked after the password has been hashed, which takes a while: whether to register it.
   * @returns `false` if the name is registered already, the limit is reached, or `mayRegister` returns false.
   * @throws {BusyError | StoreError}
   */
  async register(name: string, password: string, mayRegister: () => boolean = () => true): Promise<boolean> {
    const credentials = await this.#credentialsOf(password);
    const copy = copyString(name);
    const key = fold(copy);
    if (this.#accounts.has(key) || this.full || !mayRegister()) return false;
    const account = { name: copy, since: Date.now() };
    this.#store.addAccount({ key, ...account }, credentials);
    this.#put(key, account);
    return true;
  }

  /**
   * Returns whether a password is right, and was not replaced while it was checked. Takes the same time when there is no
   * such account.
   *
   * @throws {BusyError | StoreError}
   */
  async verify(name: string, password: string): Promise<boolean> {
    const account = this.find(name);
    const isRight = await verifyPassword(password, this.#store.credentials(fold(name))?.hash, this.#derive);
    return isRight && this.find(name) === account;
  }

  /**
   * Returns the SCRAM keys of an account. Without one, returns keys that look the same and match no password.
   *
   * @throws {StoreError}
   */
  scramKeys(name: string): ScramKeys {
    const key = fold(name);
    return this.#store.credentials(key) ?? fakeKeys(key, this.#secret);
  }

  /**
   * Changes the password of an account, and revokes its tokens and certificates.
   *
   * @param keep The number of the token that stays, if one does.
   * @param mayChange Asked after the password has been hashed, which takes a while: whether to change it.
   * @returns `false` if there is no such account by the time the password is hashed, or `mayChange` returns false.
   * @throws {BusyError | StoreError}
   */
  async changePassword(
    name: string,
    password: string,
    keep?: number,
    mayChange: () => boolean = () => true,
  ): Promise<boolean> {
    const credentials = await this.#credentialsOf(password);
    const key = fold(name);
    const account = this.#accounts.get(key);
    if (account === undefined || !mayChange() || !this.#store.setCredentials(key, credentials)) return false;
    this.#accounts.set(key, { ...account });
    this.#revokeAll(key, keep);
    return true;
  }

  /**
   * Deletes an account, with its tokens and certificates.
   *
   * @throws {StoreError}
   */
  drop(name: string): void {
    const key = fold(name);
    this.#revokeAll(key); // first: the next owner of the name must not get them
    this.#store.removeAccount(key);
    const account = this.#accounts.get(key);
    if (account === undefined) return;
    const look = skeleton(account.name);
    if (this.#bySkeleton.get(look) === key) this.#bySkeleton.delete(look);
    this.#accounts.delete(key);
  }

  #revokeAll(key: string, keep?: number) {
    this.tokens.revokeAll(key, keep);
    this.certificates.removeAll(key);
  }

  #put(key: string, account: Account) {
    this.#accounts.set(key, account);
    this.#bySkeleton.set(skeleton(account.name), key);
  }

  async #credentialsOf(password: string): Promise<Credentials> {
    const hash = await hashPassword(password, this.#derive);
    return { hash, ...await deriveKeys(password, undefined, this.#iterations) };
  }
}
