/**
 * The tokens of accounts in the database.
 */
import type { StatementSync } from "node:sqlite";
import type { StoredToken, TokenStore } from "../accounts/token_store.ts";
import { type Database, storeError, withStoreErrors } from "./database.ts";

/** A row of the table `token`. */
type TokenRow = Omit<StoredToken, "readOnly" | "room" | "until"> & {
  readonly read_only: number;
  readonly room_id: number | null;
  readonly room: string | null;
  readonly until: number | null;
};

/**
 * Reads and writes the table `token`. The names of rooms are in a table of their own, `token_room`, so that renaming one
 * does not take longer with many tokens. All methods throw {@linkcode StoreError}.
 */
export class TokenTable implements TokenStore {
  readonly #select: StatementSync;
  readonly #selectByHash: StatementSync;
  readonly #insertRoom: StatementSync;
  readonly #insert: StatementSync;
  readonly #delete: StatementSync;
  readonly #deleteAll: StatementSync;
  readonly #update: StatementSync;
  readonly #renameRoom: StatementSync;

  constructor({ db }: Database) {
    try {
      const select = "SELECT token.*, token_room.room FROM token LEFT JOIN token_room ON token_room.id = token.room_id";
      this.#select = db.prepare(`${select} WHERE account = ? ORDER BY token.id`);
      this.#selectByHash = db.prepare(`${select} WHERE hash = ? LIMIT 1`);
      this.#insertRoom = db.prepare(
        "INSERT INTO token_room (room) SELECT ?1 WHERE NOT EXISTS (SELECT 1 FROM token_room WHERE room = ?1)",
      );
      this.#insert = db.prepare(
        `INSERT OR REPLACE INTO token (account, id, hash, name, since, used, host, read_only, until, room_id)
          VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, (SELECT id FROM token_room WHERE room = ? LIMIT 1))`,
      );
      this.#delete = db.prepare("DELETE FROM token WHERE account = ? AND id = ?");
      this.#deleteAll = db.prepare("DELETE FROM token WHERE account = ? AND id IS NOT ?");
      this.#renameRoom = db.prepare("UPDATE token_room SET room = ? WHERE room = ?");
      this.#update = db.prepare("UPDATE token SET used = ?, host = ? WHERE account = ? AND id = ?");
    } catch (error) {
      throw storeError(error);
    }
  }

  tokens(account: string): StoredToken[] {
    const rows = withStoreErrors(() => this.#select.all(account)) as unknown as TokenRow[];
    return rows.map(readRow);
  }

  tokenByHash(hash: Uint8Array): StoredToken | undefined {
    const row = withStoreErrors(() => this.#selectByHash.get(hash)) as unknown as TokenRow | undefined;
    return row && readRow(row);
  }

  addToken({ account, id, hash, name, since, used, host, readOnly, room, until }: StoredToken): void {
    if (room !== undefined) withStoreErrors(() => this.#insertRoom.run(room));
    const scope = [readOnly ? 1 : 0, until ?? null, room ?? null] as const;
    withStoreErrors(() => this.#insert.run(account, id, hash, name, since, used, host, ...scope));
  }

  removeToken(account: string, id: number): boolean {
    return withStoreErrors(() => this.#delete.run(account, id)).changes > 0;
  }

  removeTokens(account: string, except?: number): void {
    withStoreErrors(() => this.#deleteAll.run(account, except ?? null));
  }

  renameTokenRoom(from: string, to: string): void {
    withStoreErrors(() => this.#renameRoom.run(to, from));
  }

  setTokenUsed(account: string, id: number, used: number, host: string): void {
    withStoreErrors(() => this.#update.run(used, host, account, id));
  }
}

function readRow({ read_only, room_id: _, room, until, ...row }: TokenRow): StoredToken {
  return { ...row, readOnly: read_only === 1, room: room ?? undefined, until: until ?? undefined };
}
