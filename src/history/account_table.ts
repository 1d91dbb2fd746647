/**
 * The accounts in the database.
 */
import type { StatementSync } from "node:sqlite";
import type { AccountStore, Credentials, StoredAccount } from "../accounts/account_store.ts";
import { type Database, storeError, withStoreErrors } from "./database.ts";

/** Reads and writes the table `account`. All methods throw {@linkcode StoreError}. */
export class AccountTable implements AccountStore {
  readonly #all: StatementSync;
  readonly #select: StatementSync;
  readonly #insert: StatementSync;
  readonly #update: StatementSync;
  readonly #delete: StatementSync;
  readonly #deleteIgnored: StatementSync;
  readonly #deleteMarkers: StatementSync;
  readonly #db: Database["db"];

  constructor({ db }: Database) {
    this.#db = db;
    try {
      this.#all = db.prepare("SELECT key, name, since, stored FROM account");
      this.#select = db.prepare("SELECT hash, salt, iterations, stored, server FROM account WHERE key = ?");
      this.#insert = db.prepare(
        "INSERT INTO account (key, name, since, hash, salt, iterations, stored, server) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
      );
      this.#update = db.prepare(
        "UPDATE account SET hash = ?, salt = ?, iterations = ?, stored = ?, server = ? WHERE key = ?",
      );
      this.#delete = db.prepare("DELETE FROM account WHERE key = ?");
      this.#deleteIgnored = db.prepare("DELETE FROM ignored WHERE account = ?");
      this.#deleteMarkers = db.prepare("DELETE FROM read_marker WHERE account = ?");
    } catch (error) {
      throw storeError(error);
    }
  }

  accounts(): (StoredAccount & Pick<Credentials, "stored">)[] {
    return withStoreErrors(() => this.#all.all()) as unknown as (StoredAccount & Pick<Credentials, "stored">)[];
  }

  credentials(key: string): Credentials | undefined {
    return withStoreErrors(() => this.#select.get(key)) as Credentials | undefined;
  }

  addAccount({ key, name, since }: StoredAccount, { hash, salt, iterations, stored, server }: Credentials): void {
    withStoreErrors(() => this.#insert.run(key, name, since, hash, salt, iterations, stored, server));
  }

  setCredentials(key: string, { hash, salt, iterations, stored, server }: Credentials): boolean {
    return withStoreErrors(() => this.#update.run(hash, salt, iterations, stored, server, key)).changes > 0;
  }

  removeAccount(key: string): void {
    // First: the next owner of the name must get neither.
    withStoreErrors(() => this.#deleteIgnored.run(key));
    withStoreErrors(() => this.#deleteMarkers.run(key));
    withStoreErrors(() => this.#delete.run(key));
  }

  clear(): void {
    for (const table of ["ignored", "token", "certificate", "account"]) {
      withStoreErrors(() => this.#db.exec(`DELETE FROM ${table}`));
    }
  }

  atomically<T>(change: () => T): T {
    withStoreErrors(() => this.#db.exec("SAVEPOINT directory")); // a transaction may be open
    try {
      const result = change();
      withStoreErrors(() => this.#db.exec("RELEASE directory"));
      return result;
    } catch (error) {
      // After some errors, SQLite has rolled back already.
      if (this.#db.isTransaction) this.#db.exec("ROLLBACK TO directory; RELEASE directory");
      throw error;
    }
  }
}
