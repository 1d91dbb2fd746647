/**
 * What belongs to stored lines beside their columns: reactions, mentions, and the lines that they reply to.
 *
 * Lines that have any are marked in the column `extras`, so that a trigger removes it with the line, and reading other lines
 * costs nothing more. Methods that write must be called within a transaction.
 */
import type { Quote, Reaction } from "../chat/events.ts";
import { reactorKey } from "../chat/line_author.ts";
import { quoteOf } from "../chat/quotes.ts";
import { type Line, MENTIONS_MAX, REACTIONS_MAX } from "../chat/store.ts";
import { fold } from "../chat/names.ts";
import { lineOf, type MessageRow } from "./rows.ts";
import type { Statements } from "./statements.ts";

/** A row of `reaction`. */
interface ReactionRow {
  readonly line: number;
  readonly text: string;
  readonly origin: string;
  readonly account: string | null;
  readonly time: number;
}

/** Reads and writes them. Errors are those of SQLite. */
export class LineExtras {
  readonly #sql: Statements;

  constructor(sql: Statements) {
    this.#sql = sql;
  }

  /** Stores the mentions of a line that was inserted. */
  addMentions(target: number, { id, mentions }: Line & { readonly mentions?: readonly string[] | undefined }): void {
    for (const account of mentions ?? []) {
      const key = fold(account);
      this.#sql.run("INSERT OR IGNORE INTO mention (account, line, target) VALUES (?, ?, ?)", key, id, target);
      this.#sql.run(
        `DELETE FROM mention WHERE account = ?1
          AND line <= (SELECT line FROM mention WHERE account = ?1 ORDER BY line DESC LIMIT 1 OFFSET ?2)`,
        key,
        MENTIONS_MAX,
      );
    }
  }

  /** Adds or removes a reaction: see `HistoryStore.react`. */
  react(target: number, id: number, reaction: Reaction, on: boolean): void {
    const key = reactorKey(reaction);
    const { text, origin, account = null, time } = reaction;
    if (!on) {
      const sql = "DELETE FROM reaction WHERE target = ? AND line = ? AND member = ? AND text = ?";
      return this.#sql.run(sql, target, id, key, text);
    }
    const line = "SELECT 1 FROM message WHERE target = ? AND id = ? AND deleted_by IS NULL";
    if (this.#sql.get(line, target, id) === undefined) return;
    const count = "SELECT count(*) AS count FROM reaction WHERE target = ? AND line = ?";
    if (this.#sql.get<{ count: number }>(count, target, id)!.count >= REACTIONS_MAX) return;
    this.#sql.run("UPDATE message SET extras = 1 WHERE target = ? AND id = ? AND extras = 0", target, id);
    this.#sql.run(
      `INSERT OR IGNORE INTO reaction (target, line, member, text, origin, account, time) VALUES (?, ?, ?, ?, ?, ?, ?)`,
      target,
      id,
      key,
      text,
      origin,
      account,
      time,
    );
  }

  /** Removes the reactions to a line, and its mentions. */
  clear(target: number, id: number): void {
    this.#sql.run("DELETE FROM reaction WHERE target = ? AND line = ?", target, id);
    this.#sql.run("DELETE FROM mention WHERE line = ? AND target = ?", id, target);
  }

  /**
   * Converts rows of a target to lines, with all that belongs to them.
   *
   * @param rows In the order of their ids.
   * @param room The name of the room, for lines in a room.
   */
  linesOf(target: number, rows: readonly MessageRow[], room: string): Line[] {
    const lines = rows.map((row) => lineOf(row, room));
    if (!rows.some(({ extras, reply }) => extras !== 0 || reply !== null)) return lines; // the usual case
    const [first, last] = [Math.min(...rows.map(({ id }) => id)), Math.max(...rows.map(({ id }) => id))];
    const reactions = Map.groupBy(
      this.#sql.all<ReactionRow>(
        "SELECT line, text, origin, account, time FROM reaction WHERE target = ? AND line BETWEEN ? AND ? ORDER BY line, time",
        target,
        first,
        last,
      ),
      ({ line }) => line,
    );
    const mentions = Map.groupBy(
      this.#sql.all<{ line: number; account: string }>(
        "SELECT line, account FROM mention WHERE line BETWEEN ? AND ? AND target = ?",
        first,
        last,
        target,
      ),
      ({ line }) => line,
    );
    return lines.map((line, n) => {
      const { reply, extras } = rows[n]!;
      if (reply === null && extras === 0) return line;
      const of = {
        ...line,
        ...(reply === null ? {} : { reply: this.#quote(target, reply) }),
        ...(reactions.has(line.id) ? { reactions: reactions.get(line.id)!.map(reactionOf) } : {}),
      };
      if (of.kind !== "said" || !mentions.has(line.id)) return of;
      return { ...of, mentions: mentions.get(line.id)!.map(({ account }) => account) };
    });
  }

  /** Lines that mention an account: see `HistoryStore.mentions`. */
  mentions(account: string, before: number, count: number): { target: string; line: Line }[] {
    const rows = this.#sql.all<MessageRow & { readonly key: string; readonly name: string }>(
      `SELECT target.key, target.name, message.* FROM mention
        JOIN message ON message.target = mention.target AND message.id = mention.line
        JOIN target ON target.id = mention.target
        WHERE mention.account = ? AND mention.line < ? AND target.key >= '#' AND target.key < '$'
        ORDER BY mention.line DESC LIMIT ?`,
      account,
      before,
      count,
    );
    return rows.map((row) => ({ target: row.key, line: this.linesOf(row.target, [row], row.name)[0]! }));
  }

  /** What is quoted of a line now. */
  #quote(target: number, id: number): Quote {
    const row = this.#sql.get<MessageRow>("SELECT * FROM message WHERE target = ? AND id = ?", target, id);
    return row === undefined ? { id, who: "", text: "" } : quoteOf(lineOf(row, ""));
  }
}

function reactionOf({ text, origin, account, time }: ReactionRow): Reaction {
  const who = origin.slice(0, origin.indexOf("!"));
  return { who, origin, ...(account === null ? {} : { account }), text, time };
}
