/** Ends a process, for the tests of crashes, after a transaction of its choice. */
import type { Database } from "../../src/history/database.ts";

/** Thrown in place of the end of a process. */
class Crash extends Error {}

/** A file whose process can end after any transaction. */
export class Crashing {
  dead = false;
  transactions = 0;

  /** @param last After how many transactions the process ends. */
  constructor(database: Database, last: number) {
    const { db } = database;
    const prepare = db.prepare.bind(db);
    const spy = (sql: string) => {
      const statement = prepare(sql);
      const run = statement.run.bind(statement);
      if (sql === "BEGIN IMMEDIATE") {
        statement.run = () => {
          if (this.dead) throw new Crash();
          return run();
        };
      } else if (sql === "COMMIT") {
        statement.run = () => {
          const result = run();
          this.dead = ++this.transactions === last;
          if (this.dead) throw new Crash();
          return result;
        };
      }
      return statement;
    };
    db.prepare = spy as typeof db.prepare;
  }
}
