/**
 * The tokens of accounts in the database.
 */
import type { StatementSync } from "node:sqlite";
import type { StoredToken, TokenStore } from "../accounts/tokens.ts";
import { type Database, storeError, withStoreErrors } from "./database.ts";

/** A row of the table `token`. */
type TokenRow = Omit<StoredToken, "readOnly" | "room" | "until"> & {
  readonly read_only: number;
  readonly room: string | null;
  readonly until: number | null;
};

/** Reads and writes the table `token`. All methods throw {@linkcode StoreError}. */
export class TokenTable implements TokenStore {
  readonly #select: StatementSync;
  readonly #insert: StatementSync;
  readonly #delete: StatementSync;
  readonly #deleteAll: StatementSync;
  readonly #update: StatementSync;

  constructor({ db }: Database) {
    try {
      this.#select = db.prepare("SELECT * FROM token WHERE account = ? ORDER BY id");
      this.#insert = db.prepare(
        `INSERT OR REPLACE INTO token (account, id, hash, name, since, used, host, read_only, room, until)
          VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
      );
      this.#delete = db.prepare("DELETE FROM token WHERE account = ? AND id = ?");
      this.#deleteAll = db.prepare("DELETE FROM token WHERE account = ? AND id IS NOT ?");
      this.#update = db.prepare("UPDATE token SET used = ?, host = ? WHERE account = ? AND id = ?");
    } catch (error) {
      throw storeError(error);
    }
  }

  tokens(account: string): StoredToken[] {
    const rows = withStoreErrors(() => this.#select.all(account)) as unknown as TokenRow[];
    return rows.map(({ read_only, room, until, ...row }) => {
      return { ...row, readOnly: read_only === 1, room: room ?? undefined, until: until ?? undefined };
    });
  }

  addToken({ account, id, hash, name, since, used, host, readOnly, room, until }: StoredToken): void {
    const scope = [readOnly ? 1 : 0, room ?? null, until ?? null] as const;
    withStoreErrors(() => this.#insert.run(account, id, hash, name, since, used, host, ...scope));
  }

  removeToken(account: string, id: number): boolean {
    return withStoreErrors(() => this.#delete.run(account, id)).changes > 0;
  }

  removeTokens(account: string, except?: number): void {
    withStoreErrors(() => this.#deleteAll.run(account, except ?? null));
  }

  setTokenUsed(account: string, id: number, used: number, host: string): void {
    withStoreErrors(() => this.#update.run(used, host, account, id));
  }
}
