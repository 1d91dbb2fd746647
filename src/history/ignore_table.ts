/** The ignore lists of accounts, in a table of the history file. */
import type { StatementSync } from "node:sqlite";
import type { IgnoreStore } from "../chat/ignore_lists.ts";
import { fold } from "../chat/names.ts";
import { type Database, storeError } from "./database.ts";

/** Reads and writes the table `ignored`. All methods throw {@linkcode StoreError}. */
export class IgnoreTable implements IgnoreStore {
  readonly #select: StatementSync;
  readonly #insert: StatementSync;
  readonly #delete: StatementSync;

  constructor({ db }: Database) {
    try {
      this.#select = db.prepare("SELECT name FROM ignored WHERE account = ? ORDER BY number");
      // One statement is one transaction. The names come as JSON.
      this.#insert = db.prepare(`INSERT OR IGNORE INTO ignored (account, key, name, number)
        SELECT ?1, value ->> 0, value ->> 1, key + (SELECT coalesce(max(number) + 1, 0) FROM ignored WHERE account = ?1)
        FROM json_each(?2)`);
      this.#delete = db.prepare("DELETE FROM ignored WHERE account = ? AND key = ?");
    } catch (error) {
      throw storeError(error);
    }
  }

  ignored(account: string): string[] {
    const rows = use(() => this.#select.all(fold(account))) as { name: string }[];
    return rows.map(({ name }) => name);
  }

  addIgnored(account: string, names: readonly string[]): void {
    const rows = names.map((name) => [fold(name), name]);
    use(() => this.#insert.run(fold(account), JSON.stringify(rows)));
  }

  removeIgnored(account: string, name: string): void {
    use(() => this.#delete.run(fold(account), fold(name)));
  }
}

function use<T>(statement: () => T): T {
  try {
    return statement();
  } catch (error) {
    throw storeError(error);
  }
}
