/** The invite links, in a table of the history file. */
import type { StatementSync } from "node:sqlite";
import type { InviteLink, InviteLinkStore } from "../chat/invite_links.ts";
import { type Database, storeError, withStoreErrors } from "./database.ts";

/** A row of the table `invite_link`. */
type Row = Omit<InviteLink, "uses" | "guests"> & { readonly uses: number | null; readonly guests: string };

/** Reads and writes the table `invite_link`. All methods throw {@linkcode StoreError}. */
export class InviteLinkTable implements InviteLinkStore {
  readonly #db: Database["db"];
  readonly #select: StatementSync;
  readonly #insert: StatementSync;
  readonly #delete: StatementSync;

  constructor({ db }: Database) {
    this.#db = db;
    try {
      this.#select = db.prepare("SELECT * FROM invite_link ORDER BY id");
      this.#insert = db.prepare(
        `INSERT OR REPLACE INTO invite_link (id, hash, room, by, maker, since, until, uses, used, guests)
          VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
      );
      this.#delete = db.prepare("DELETE FROM invite_link WHERE id = ?");
    } catch (error) {
      throw storeError(error);
    }
  }

  links(): InviteLink[] {
    const rows = withStoreErrors(() => this.#select.all()) as unknown as Row[];
    return rows.map(({ uses, guests, ...row }) => {
      return { ...row, uses: uses ?? undefined, guests: JSON.parse(guests) as string[] };
    });
  }

  saveLink({ id, hash, room, by, maker, since, until, uses, used, guests }: InviteLink): void {
    const users = JSON.stringify(guests);
    withStoreErrors(() => this.#insert.run(id, hash, room, by, maker, since, until, uses ?? null, used, users));
  }

  removeLink(id: number): void {
    withStoreErrors(() => this.#delete.run(id));
  }

  replaceLinks(links: readonly InviteLink[]): void {
    withStoreErrors(() => this.#db.exec("SAVEPOINT links; DELETE FROM invite_link")); // a transaction may be open
    try {
      for (const link of links) this.saveLink(link);
      withStoreErrors(() => this.#db.exec("RELEASE links"));
    } catch (error) {
      // After some errors, SQLite has rolled back already.
      if (this.#db.isTransaction) this.#db.exec("ROLLBACK TO links; RELEASE links");
      throw error;
    }
  }
}
