/**
 * The reactions, mentions and replies of stored lines.
 *
 * Lines that have any are marked in the column `extras`, so that a trigger removes it with the line, and reading other lines
 * costs nothing more. Methods that write must be called within a transaction.
 */
import type { Actor, Quote, Reaction } from "../chat/events.ts";
import { firstId } from "../chat/ids.ts";
import { reactorKey } from "../chat/line_author.ts";
import { quoteOf } from "../chat/quotes.ts";
import { type Line, MENTIONS_MAX, REACTIONS_MAX, REACTIONS_PER_MEMBER, type ReactionsTo } from "../chat/store.ts";
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

/**
 * How many mentions of an account there may be beyond {@linkcode MENTIONS_MAX} before the oldest are deleted together: finding these
 * takes longer than adding one.
 */
const MENTIONS_SLACK = 100;

/** The most accounts whose mentions are counted in memory. */
const ACCOUNTS_CACHED = 10_000;

/** The most reactions to the lines of a page: more would take too long to read. */
export const PAGE_REACTIONS_MAX = 1000;

/** Reads and writes them. Errors are those of SQLite. */
export class LineExtras {
  readonly #sql: Statements;
  readonly #mentions = new Map<string, number>(); // how many there are at most, by account

  constructor(sql: Statements) {
    this.#sql = sql;
    sql.onRollback(() => this.#mentions.clear());
  }

  /** Stores the reactions, the mentions and the deletion of a line that was inserted. */
  add(target: number, line: Line): void {
    const { id, reactions, deletedBy } = line;
    if (line.kind === "said" && line.mentions !== undefined) {
      for (const account of line.mentions) this.#addMention(fold(account), id, target);
    }
    for (const reaction of reactions ?? []) this.react(target, id, reaction, true);
    if (deletedBy === undefined) return;
    this.#sql.run("UPDATE message SET deleted_by = ? WHERE target = ? AND id = ?", deletedBy, target, id);
  }

  #addMention(account: string, line: number, target: number) {
    this.#sql.run("INSERT OR IGNORE INTO mention (account, line, target) VALUES (?, ?, ?)", account, line, target);
    const known = this.#mentions.get(account);
    const count = known === undefined ? this.#countMentions(account) : known + 1;
    if (this.#mentions.size >= ACCOUNTS_CACHED) this.#mentions.clear();
    this.#mentions.set(account, count);
    if (count < MENTIONS_MAX + MENTIONS_SLACK) return;
    this.#sql.run(
      `DELETE FROM mention WHERE account = ?1
        AND line <= (SELECT line FROM mention WHERE account = ?1 ORDER BY line DESC LIMIT 1 OFFSET ?2)`,
      account,
      MENTIONS_MAX,
    );
    this.#mentions.delete(account);
  }

  #countMentions(account: string): number {
    return this.#sql.get<{ count: number }>("SELECT count(*) AS count FROM mention WHERE account = ?", account)!.count;
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
    const { total, own } = this.reactionsTo(target, id, reaction);
    if (total >= REACTIONS_MAX || own.length >= REACTIONS_PER_MEMBER) return;
    if (total === 0) this.#sql.run("UPDATE message SET extras = 1 WHERE target = ? AND id = ?", target, id);
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

  /** A line without its reply, reactions and mentions: see `HistoryStore.bareLine`. @param room The name of the room, for a line in a room. */
  bareLine(target: number, id: number, room: string): Line | undefined {
    const row = this.#sql.get<MessageRow>("SELECT * FROM message WHERE target = ? AND id = ?", target, id);
    return row && lineOf(row, room);
  }

  /** The reactions to a line: see `HistoryStore.reactionsTo`. */
  reactionsTo(target: number, id: number, member: Pick<Actor, "origin" | "account">): ReactionsTo {
    const count = "SELECT count(*) AS count FROM reaction WHERE target = ? AND line = ?";
    const total = this.#sql.get<{ count: number }>(count, target, id)!.count;
    const own = this.#sql.all<{ text: string }>(
      "SELECT text FROM reaction WHERE target = ? AND line = ? AND member = ?",
      target,
      id,
      reactorKey(member),
    );
    return { total, own: own.map(({ text }) => text) };
  }

  /** Removes the reactions to a line, and its mentions. */
  clear(target: number, id: number): void {
    this.#sql.run("DELETE FROM reaction WHERE target = ? AND line = ?", target, id);
    this.#sql.run("DELETE FROM mention WHERE target = ? AND line = ?", target, id);
  }

  /** Forgets the mentions of an account, so that the next owner of its name does not see them. */
  forgetMentions(account: string): void {
    this.#sql.run("DELETE FROM mention WHERE account = ?", account);
    this.#mentions.delete(account);
  }

  /** How many reactions there are to each line among some rows of a target, for the lines that have reactions. */
  countReactions(target: number, rows: readonly MessageRow[]): Map<number, number> {
    if (!rows.some(({ extras }) => extras !== 0)) return NONE; // the usual case
    const counts = this.#sql.all<{ line: number; count: number }>(
      "SELECT line, count(*) AS count FROM reaction WHERE target = ? AND line BETWEEN ? AND ? GROUP BY line",
      target,
      ...rangeOf(rows),
    );
    return new Map(counts.map(({ line, count }) => [line, count]));
  }

  /**
   * Converts rows of a target to lines, with all that belongs to them.
   *
   * @param rows In ascending or descending order of their ids.
   * @param room The name of the room, for lines in a room.
   */
  linesOf(target: number, rows: readonly MessageRow[], room: string): Line[] {
    const lines = rows.map((row) => lineOf(row, room));
    if (!rows.some(({ extras, reply }) => extras !== 0 || reply !== null)) return lines; // the usual case
    const [first, last] = rangeOf(rows);
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
        "SELECT line, account FROM mention WHERE target = ? AND line BETWEEN ? AND ?",
        target,
        first,
        last,
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

  /**
   * Lines that mention an account: see `HistoryStore.mentions`. Those from before it was registered mention an earlier owner of its
   * name.
   */
  mentions(account: string, before: number, count: number): { target: string; line: Line }[] {
    const rows = this.#sql.all<MessageRow & { readonly key: string; readonly name: string }>(
      `SELECT target.key, target.name, message.* FROM mention
        JOIN message ON message.target = mention.target AND message.id = mention.line
        JOIN target ON target.id = mention.target
        WHERE mention.account = ?1 AND mention.line < ?2 AND target.key >= '#' AND target.key < '$'
          AND mention.line >= coalesce((SELECT since FROM account WHERE key = ?1), 0) * ${firstId(1)}
        ORDER BY mention.line DESC LIMIT ?3`,
      account,
      before,
      Math.min(count, MENTIONS_MAX),
    );
    return rows.map((row) => ({ target: row.key, line: this.linesOf(row.target, [row], row.name)[0]! }));
  }

  /** The current quote of a line. */
  #quote(target: number, id: number): Quote {
    const line = this.bareLine(target, id, "");
    return line === undefined ? { id, who: "", text: "" } : quoteOf(line);
  }
}

const NONE: Map<number, number> = new Map();

/** The smallest and the greatest id of rows in ascending or descending order. */
function rangeOf(rows: readonly MessageRow[]): [number, number] {
  const [first, last] = [rows[0]!.id, rows.at(-1)!.id];
  return first < last ? [first, last] : [last, first];
}

function reactionOf({ text, origin, account, time }: ReactionRow): Reaction {
  const who = origin.slice(0, origin.indexOf("!"));
  return { who, origin, ...(account === null ? {} : { account }), text, time };
}
