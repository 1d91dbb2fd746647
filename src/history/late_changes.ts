/**
 * Changes of lines that a node of a cluster does not have yet, as it catches up: reactions, and deletions of texts.
 *
 * The peer that sends the line may not have applied the change yet. So it is kept, and applied once the line is stored: applying it
 * again to a line that has it already changes nothing. So no peer that is behind can bring back a deleted text.
 */
import type { Reaction } from "../chat/events.ts";
import type { Statements } from "./statements.ts";

/** The most reactions that are kept. More are lost; deletions are not limited, as each line has one. */
export const LATE_REACTIONS_MAX = 100_000;

/** The kinds of changes: the column `change`. */
const REMOVE = 0;
const ADD = 1;
const REDACT = 2;

interface LateChangeRow {
  readonly change: number;
  readonly text: string;
  readonly origin: string;
  readonly account: string | null;
  readonly time: number;
}

/** How changes are applied to a line that is stored. */
interface LineChanges {
  readonly react: (target: number, id: number, reaction: Reaction, on: boolean) => void;
  readonly redact: (target: number, id: number, by: string) => void;
}

/** Keeps and applies changes, within transactions of the caller. Errors are those of SQLite. */
export class LateChanges {
  readonly #sql: Statements;
  readonly #changes: LineChanges;
  #count: number | undefined; // of reactions, once it is known

  constructor(sql: Statements, changes: LineChanges) {
    this.#sql = sql;
    sql.onRollback(() => this.#count = undefined);
    this.#changes = changes;
  }

  /** @param place The key of a conversation, or the id of a room. */
  addReaction(place: string | number, id: number, reaction: Reaction, on: boolean): void {
    const sql = `SELECT count(*) AS count FROM late_change WHERE change <> ${REDACT}`;
    this.#count ??= this.#sql.get<{ count: number }>(sql)!.count;
    if (this.#count >= LATE_REACTIONS_MAX) return;
    this.#count++;
    const { text, origin, account, time } = reaction;
    this.#add(place, id, { change: on ? ADD : REMOVE, text, origin, account: account ?? null, time });
  }

  addRedaction(place: string | number, id: number, by: string): void {
    const found = "SELECT 1 FROM late_change WHERE target = ? AND line = ? AND change = ?";
    if (this.#sql.get(found, String(place), id, REDACT) !== undefined) return;
    this.#delete(place, id);
    this.#add(place, id, { change: REDACT, text: "", origin: by, account: null, time: 0 });
  }

  /** Applies the changes of a line that was stored just now. */
  apply(place: string | number, target: number, id: number): void {
    const sql =
      `SELECT change, text, origin, account, time FROM late_change WHERE target = ? AND line = ? ORDER BY number`;
    const rows = this.#sql.all<LateChangeRow>(sql, String(place), id);
    for (const { change, text, origin, account, time } of rows) {
      if (change === REDACT) this.#changes.redact(target, id, origin);
      else {
        const who = origin.slice(0, origin.indexOf("!"));
        const reaction = { who, origin, ...(account === null ? {} : { account }), text, time };
        this.#changes.react(target, id, reaction, change === ADD);
      }
    }
    if (rows.length > 0) this.#delete(place, id);
  }

  /** Drops the changes that are left: their lines do not exist. */
  clear(): void {
    this.#sql.run("DELETE FROM late_change");
    this.#count = undefined;
  }

  #delete(place: string | number, id: number) {
    this.#sql.run("DELETE FROM late_change WHERE target = ? AND line = ?", String(place), id);
    this.#count = undefined;
  }

  #add(place: string | number, id: number, { change, text, origin, account, time }: LateChangeRow) {
    this.#sql.run(
      `INSERT INTO late_change (target, line, number, change, text, origin, account, time) VALUES (?1, ?2,
        (SELECT coalesce(max(number), 0) + 1 FROM late_change WHERE target = ?1 AND line = ?2), ?3, ?4, ?5, ?6, ?7)`,
      String(place),
      id,
      change,
      text,
      origin,
      account,
      time,
    );
  }
}
