/**
 * Registered nicknames and their credentials, on the side of the author of changes: derives keys from passwords, and submits the
 * commands of the directory. A login takes the same time whether the account exists or not.
 */
import type { CommandOf } from "../chat/commands.ts";
import type { DirectorySink } from "../chat/directory.ts";
import type { Account, DirectoryOp } from "../chat/directory_changes.ts";
import { fold } from "../chat/names.ts";
import type { AccountDirectory } from "./account_directory.ts";
import { type Credentials, toTexts } from "./account_store.ts";
import { Certificates } from "./certificates.ts";
import { type Derive, derive, hashPassword, verifyPassword } from "./password.ts";
import { deriveKeys, fakeKeys, ITERATIONS, type ScramKeys } from "./scram.ts";
import { Tokens } from "./tokens.ts";

export { ACCOUNTS_MAX } from "./limits.ts";
export type { Account };

/** Options of {@linkcode Accounts}. */
export interface AccountsOptions {
  /** Whether the store outlives the process; yes by default. */
  readonly persistent?: boolean;
  /** The key from which the SCRAM salt of names without an account is derived. */
  readonly secret: Uint8Array;
  /** Derives keys from passwords; tests replace it. */
  readonly derive?: Derive;
  /** The PBKDF2 iterations of SCRAM keys; {@linkcode ITERATIONS} by default. */
  readonly iterations?: number;
  /** The time in milliseconds since 1970. */
  readonly now?: () => number;
}

/** The accounts of a server. Names are compared without regard to case. */
export class Accounts {
  readonly directory: AccountDirectory;
  /** What clients log in with in place of passwords. */
  readonly tokens: Tokens;
  readonly certificates: Certificates;
  /** Whether accounts outlive the process. */
  readonly persistent: boolean;
  #sink: DirectorySink;
  readonly #secret: Uint8Array;
  readonly #derive: Derive;
  readonly #iterations: number;

  constructor(directory: AccountDirectory, options: AccountsOptions) {
    const { now = Date.now } = options;
    this.directory = directory;
    this.#sink = { submit: (command) => directory.change(command, now()) };
    const sink: DirectorySink = {
      submit: <O extends DirectoryOp>(command: CommandOf<O>) => this.#sink.submit<O>(command),
    };
    this.tokens = new Tokens(directory, sink, now);
    this.certificates = new Certificates(directory, sink);
    this.persistent = options.persistent ?? true;
    this.#secret = options.secret;
    this.#derive = options.derive ?? derive;
    this.#iterations = options.iterations ?? ITERATIONS;
  }

  /** Says where changes go: to the directory at once, unless it is that of a chat. */
  submitTo(sink: DirectorySink): void {
    this.#sink = sink;
  }

  /** How many accounts there are. */
  get size(): number {
    return this.directory.size;
  }

  /** Whether the limit of accounts is reached. */
  get full(): boolean {
    return this.directory.full;
  }

  /** Returns the account of a nickname. */
  find(name: string): Account | undefined {
    return this.directory.find(name);
  }

  /** Returns the folded name of the account whose name has this skeleton, as `skeleton` returns it. */
  findConfusable(look: string): string | undefined {
    return this.directory.registeredLike(look);
  }

  /**
   * Registers a nickname.
   *
   * @param mayRegister Asked after the password has been hashed, which takes a while: whether to register it.
   * @param member The id of the member that has the nickname; without one, no member may have it.
   * @returns `undefined` if the name is registered already or looks like another one, the limit is reached, the member has lost
   * the nickname, or `mayRegister` returns false.
   * @throws {BusyError | StoreError}
   */
  async register(
    name: string,
    password: string,
    mayRegister: () => boolean = () => true,
    member?: number,
  ): Promise<Account | undefined> {
    const credentials = toTexts(await this.#credentialsOf(password));
    if (!mayRegister()) return undefined;
    const added = await this.#sink.submit<"account-add">({ op: "account-add", name, credentials, member });
    return typeof added === "string" ? undefined : added;
  }

  /**
   * Returns whether a password is right, and was not replaced while it was checked. Takes the same time when there is no
   * such account.
   *
   * @throws {BusyError | StoreError}
   */
  async verify(name: string, password: string): Promise<boolean> {
    const account = this.find(name);
    const isRight = await verifyPassword(
      password,
      this.directory.stores.accounts.credentials(fold(name))?.hash,
      this.#derive,
    );
    return isRight && this.find(name)?.revision === account?.revision;
  }

  /**
   * Returns the SCRAM keys of an account. Without one, returns keys that look the same and match no password.
   *
   * @throws {StoreError}
   */
  scramKeys(name: string): ScramKeys {
    const key = fold(name);
    return this.directory.stores.accounts.credentials(key) ?? fakeKeys(key, this.#secret);
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
    const credentials = toTexts(await this.#credentialsOf(password));
    const revision = this.find(name)?.revision;
    if (revision === undefined || !mayChange()) return false;
    const command = { op: "account-password", account: fold(name), revision, credentials, keep } as const;
    return await this.#sink.submit<"account-password">(command);
  }

  /**
   * Deletes an account, with its tokens and certificates.
   *
   * @returns `false` if it is gone already, or has another password or owner by now.
   * @throws {StoreError}
   */
  async drop({ name, revision }: Account): Promise<boolean> {
    return await this.#sink.submit<"account-drop">({ op: "account-drop", account: fold(name), revision });
  }

  async #credentialsOf(password: string): Promise<Credentials> {
    const hash = await hashPassword(password, this.#derive);
    return { hash, ...await deriveKeys(password, undefined, this.#iterations) };
  }
}
