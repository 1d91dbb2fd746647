/**
 * The names that are somebody's own, with what is kept of their passwords: in the file that history is in.
 *
 * Names are remembered, as they are asked for whenever anybody chooses one; there are no more than may be registered.
 * A name that is nobody's takes as long to be told so as one whose password is wrong.
 */
import type { StatementSync } from "node:sqlite";
import { fold, skeleton } from "../chat/names.ts";
import { copyString } from "../util/copy_string.ts";
import { type Database, storeError } from "../history/database.ts";
import { type Derive, derive, hashPassword, verifyPassword } from "./password.ts";
import { ITERATIONS, type Keys, keysOf, noKeys } from "./scram.ts";

/** The most accounts that there can be, by default. */
export const ACCOUNTS_MAX = 10_000;

/** A row of the table. */
interface Row {
  readonly hash: string;
  readonly salt: Uint8Array;
  readonly iterations: number;
  readonly stored: Uint8Array;
  readonly server: Uint8Array;
}

/** An account, as others may know it. */
export interface Account {
  /** As it was written when it was registered. */
  readonly name: string;
  /** When that was, in milliseconds since 1970. */
  readonly since: number;
}

/** How accounts are kept. */
export interface AccountsOptions {
  /** The most that there can be. */
  readonly most?: number;
  /** For names that are nobody's, and that nobody else knows. */
  readonly secret: Uint8Array;
  /** How keys are derived. For tests. */
  readonly derive?: Derive;
  readonly iterations?: number;
}

/** See the head of this file. */
export class Accounts {
  readonly #names = new Map<string, Account>(); // by folded name
  readonly #looks = new Map<string, string>(); // of these, by what a name looks like
  readonly #most: number;
  readonly #secret: Uint8Array;
  readonly #derive: Derive;
  readonly #iterations: number;
  readonly #select: StatementSync;
  readonly #insert: StatementSync;
  readonly #update: StatementSync;
  readonly #delete: StatementSync;

  /** @throws {StoreError} */
  constructor({ db }: Database, options: AccountsOptions) {
    this.#most = options.most ?? ACCOUNTS_MAX;
    this.#secret = options.secret;
    this.#derive = options.derive ?? derive;
    this.#iterations = options.iterations ?? ITERATIONS;
    try {
      this.#select = db.prepare("SELECT hash, salt, iterations, stored, server FROM account WHERE key = ?");
      this.#insert = db.prepare(
        "INSERT INTO account (key, name, since, hash, salt, iterations, stored, server) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
      );
      this.#update = db.prepare(
        "UPDATE account SET hash = ?, salt = ?, iterations = ?, stored = ?, server = ? WHERE key = ?",
      );
      this.#delete = db.prepare("DELETE FROM account WHERE key = ?");
      const rows = db.prepare("SELECT key, name, since FROM account").all() as unknown as (Account & { key: string })[];
      for (const { key, name, since } of rows) this.#put(key, { name, since });
    } catch (error) {
      throw storeError(error);
    }
  }

  /** How many there are. */
  get size(): number {
    return this.#names.size;
  }

  /** Whether there can be no more. */
  get full(): boolean {
    return this.#names.size >= this.#most;
  }

  /** The account of a name, in any case. */
  find(name: string): Account | undefined {
    return this.#names.get(fold(name));
  }

  /**
   * The owned name that looks like one, if there is such.
   *
   * @param look What a name looks like: see `skeleton`.
   */
  ownedLike(look: string): string | undefined {
    return this.#looks.get(look);
  }

  /**
   * Makes a name somebody's own.
   *
   * @param mayStill Whether it is still to be so once the password is hashed, which takes a while.
   * @returns Whether it was done: not if it is somebody's already, or there are as many as may be.
   * @throws {BusyError | StoreError}
   */
  async register(name: string, password: string, mayStill: () => boolean = () => true): Promise<boolean> {
    const { hash, keys } = await this.#hash(password);
    const kept = copyString(name);
    const key = fold(kept);
    if (this.#names.has(key) || this.full || !mayStill()) return false;
    const since = Date.now();
    const { salt, iterations, stored, server } = keys;
    writing(() => this.#insert.run(key, name, since, hash, salt, iterations, stored, server));
    this.#put(key, { name: kept, since });
    return true;
  }

  /**
   * Whether a password is a name's. Takes as long when the name is nobody's.
   *
   * @throws {BusyError | StoreError}
   */
  verify(name: string, password: string): Promise<boolean> {
    return verifyPassword(password, this.#row(name)?.hash, this.#derive);
  }

  /**
   * What SCRAM needs of a name; where it is nobody's, something that looks the same.
   *
   * @throws {StoreError}
   */
  keys(name: string): Keys {
    return this.#row(name) ?? noKeys(fold(name), this.#secret);
  }

  /**
   * Gives a name another password.
   *
   * @returns Whether it was done: not if the name is nobody's by then.
   * @throws {BusyError | StoreError}
   */
  async change(name: string, password: string): Promise<boolean> {
    const { hash, keys: { salt, iterations, stored, server } } = await this.#hash(password);
    const key = fold(name);
    return this.#names.has(key) &&
      writing(() => this.#update.run(hash, salt, iterations, stored, server, key)).changes > 0;
  }

  /**
   * Makes a name nobody's.
   *
   * @throws {StoreError}
   */
  drop(name: string): void {
    const key = fold(name);
    writing(() => this.#delete.run(key));
    const look = skeleton(key);
    if (this.#looks.get(look) === key) this.#looks.delete(look);
    this.#names.delete(key);
  }

  #put(key: string, account: Account) {
    this.#names.set(key, account);
    this.#looks.set(skeleton(key), key);
  }

  #row(name: string): Row | undefined {
    return writing(() => this.#select.get(fold(name))) as Row | undefined;
  }

  async #hash(password: string): Promise<{ hash: string; keys: Keys }> {
    const hash = await hashPassword(password, this.#derive);
    return { hash, keys: await keysOf(password, undefined, this.#iterations) };
  }
}

/** Does something with the file. */
function writing<T>(use: () => T): T {
  try {
    return use();
  } catch (error) {
    throw storeError(error);
  }
}
