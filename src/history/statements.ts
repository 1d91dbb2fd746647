/** Prepared statements and transactions on an open database. */
import type { DatabaseSync, StatementSync } from "node:sqlite";
import { StoreError } from "../chat/store.ts";
import { isLocked, storeError } from "./database.ts";

/** A value that can be bound to a parameter of a statement. */
export type SqlValue = string | number | null;

/** Prepares each statement once, on first use, and runs writes in transactions. */
export class Statements {
  readonly db: DatabaseSync;
  readonly #prepared = new Map<string, StatementSync>(); // by SQL text: as many as the source files contain
  readonly #begin: StatementSync;
  readonly #commit: StatementSync;
  readonly #rollbackListeners: (() => void)[] = [];
  #afterCommit: (() => void)[] = [];
  #hasBegun = false; // whether `tryBegin` has opened the transaction that `write` will use

  constructor(db: DatabaseSync) {
    this.db = db;
    this.#begin = db.prepare("BEGIN IMMEDIATE");
    this.#commit = db.prepare("COMMIT");
  }

  /** Runs a statement and ignores its rows. */
  run(sql: string, ...values: SqlValue[]): void {
    this.prepare(sql).run(...values);
  }

  /** The first row of a query. */
  get<T>(sql: string, ...values: SqlValue[]): T | undefined {
    return this.prepare(sql).get(...values) as T | undefined;
  }

  /** All rows of a query. `iterate` is not used: it leaks memory when the caller stops before the last row. */
  all<T>(sql: string, ...values: SqlValue[]): T[] {
    return this.prepare(sql).all(...values) as T[];
  }

  /** The value of a pragma that returns a number. */
  pragma(name: string): number {
    return Object.values(this.get<Record<string, number>>(`PRAGMA ${name}`)!)[0]!;
  }

  /** A statement, for callers that run it often. */
  prepare(sql: string): StatementSync {
    let statement = this.#prepared.get(sql);
    if (statement === undefined) {
      statement = this.db.prepare(sql);
      this.#prepared.set(sql, statement);
    }
    return statement;
  }

  /** Registers a function that runs after each failed transaction, to clear caches of uncommitted rows. */
  onRollback(listener: () => void): void {
    this.#rollbackListeners.push(listener);
  }

  /** Has a function run when the current transaction is committed. It may use transactions; its errors are ignored. */
  afterCommit(run: () => void): void {
    this.#afterCommit.push(run);
  }

  /**
   * Opens the transaction for the next `write` without waiting for a lock.
   *
   * @returns False if another program has locked the file. Other errors return true: `write` will report them.
   */
  tryBegin(): boolean {
    if (this.#hasBegun) return true;
    try {
      this.#begin.run();
      return this.#hasBegun = true;
    } catch (error) {
      return !isLocked(error);
    }
  }

  /**
   * Runs a function in a transaction: all of its changes are committed, or none.
   *
   * @throws {StoreError}
   */
  write<T>(change: () => T): T {
    try {
      if (!this.#hasBegun) this.#begin.run();
      this.#hasBegun = false;
      const result = change();
      this.#commit.run();
      if (this.#afterCommit.length > 0) this.#runAfterCommit();
      return result;
    } catch (error) {
      this.#afterCommit = [];
      try {
        this.db.exec("ROLLBACK");
      } catch {
        // SQLite has rolled back by itself.
      }
      for (const listener of this.#rollbackListeners) listener();
      throw storeError(error);
    }
  }

  #runAfterCommit() {
    const functions = this.#afterCommit;
    this.#afterCommit = [];
    for (const run of functions) {
      try {
        run();
      } catch (error) {
        if (!(error instanceof StoreError)) reportError(error); // the transaction is committed all the same
      }
    }
  }
}
