/**
 * Up to which command of a cluster's log the file holds all effects. It is stored in the same transaction as these effects.
 *
 * Commands have ascending numbers, their positions. A transaction may be committed in the middle of a command, such as that of
 * a private message. So a commit stores the position before that of the current command: all earlier commands are complete,
 * and the current one may be applied again after a crash. Its effects can be written twice: its lines have the same ids,
 * settings are replaced, and a room that is renamed or deleted is no longer found.
 *
 * Read markers and users who are always on are written some at a time, and therefore have a position of their own.
 */
import { withStoreErrors } from "./database.ts";
import type { Statements } from "./statements.ts";

/** The positions of a file. */
export class Position {
  /** The command that is applied, or was applied last; `undefined` for a server without a cluster. */
  current: number | undefined;

  readonly #sql: Statements;
  #stored: number;
  #settled: number;
  #written: { readonly stored: number; readonly settled: number } | undefined; // until the transaction is committed

  constructor(sql: Statements) {
    this.#sql = sql;
    const row = sql.get<{ stored: number; settled: number }>("SELECT stored, settled FROM position")!;
    this.#stored = row.stored;
    this.#settled = row.settled;
  }

  /** All lines and rooms of the commands up to this one are stored. */
  get stored(): number {
    return this.#stored;
  }

  /** Everything that the commands up to this one have changed is stored. At most `stored`, after a commit. */
  get settled(): number {
    return this.#settled;
  }

  /** Whether the current command is applied again, and its lines and rooms are stored already. */
  get isReplay(): boolean {
    return this.current !== undefined && this.current <= this.#stored;
  }

  /** Whether the current command may have been applied before, in part or completely, though it counts as not stored. */
  get mayRepeat(): boolean {
    return this.current === this.#stored + 1;
  }

  /** Whether the read markers and the presence that the current command changes are stored already. */
  get isSettled(): boolean {
    return this.current !== undefined && this.current <= this.#settled;
  }

  /**
   * Writes the position, within a transaction that writes all lines and rooms of the earlier commands.
   *
   * @param complete Whether it writes everything else of them, too.
   */
  write(complete: boolean): void {
    if (this.current === undefined) return;
    const stored = Math.max(this.#stored, this.current - 1);
    const settled = complete ? stored : this.#settled;
    this.#sql.run("UPDATE position SET stored = ?, settled = ?", stored, settled);
    this.#written = { stored, settled };
  }

  /** To be called when the transaction is committed. */
  confirm(): void {
    if (this.#written === undefined) return;
    ({ stored: this.#stored, settled: this.#settled } = this.#written);
    this.#written = undefined;
  }

  /** There is nothing to write: all earlier commands are complete. The file need not know. */
  pass(): void {
    if (this.current !== undefined && !this.isReplay) this.#settled = Math.max(this.#settled, this.current - 1);
  }

  /**
   * Sets the position after the file was given another state.
   *
   * @throws {StoreError}
   */
  replace(position: number): void {
    withStoreErrors(() => this.#sql.run("UPDATE position SET stored = ?1, settled = ?1", position));
    this.#stored = this.#settled = position;
  }
}
