/** The server's bans, in a table of the history file. */
import type { Ban, BanStore } from "../moderation/bans.ts";
import { type Database, storeError } from "./database.ts";

/** Stores bans in a file. */
export class BanTable implements BanStore {
  readonly #file: Database;

  constructor(file: Database) {
    this.#file = file;
  }

  /**
   * All bans, in the order in which they were made.
   *
   * @throws {StoreError}
   */
  bans(): Ban[] {
    return this.#run(({ db }) => {
      const rows = db.prepare("SELECT what, by, reason, since, until, nick FROM ban ORDER BY since").all();
      type Row = Omit<Ban, "until" | "nick"> & { until: number | null; nick: string | null };
      return (rows as unknown as Row[]).map(({ what, by, reason, since, until, nick }) => {
        return { what, by, reason, since, until: until ?? Infinity, ...(nick === null ? {} : { nick }) };
      });
    });
  }

  /** @throws {StoreError} */
  addBan({ what, by, reason, since, until, nick }: Ban): void {
    this.#run(({ db }) => {
      db.prepare("INSERT OR REPLACE INTO ban (what, by, reason, since, until, nick) VALUES (?, ?, ?, ?, ?, ?)")
        .run(what, by, reason, since, until === Infinity ? null : until, nick ?? null);
    });
  }

  /** @throws {StoreError} */
  removeBan(what: string): void {
    this.#run(({ db }) => void db.prepare("DELETE FROM ban WHERE what = ?").run(what));
  }

  #run<T>(run: (file: Database) => T): T {
    try {
      return run(this.#file);
    } catch (error) {
      throw storeError(error);
    }
  }
}
