/**
 * How many lines and bytes each writer has in each room of a file, in a table: so that a full room, or a full file, takes
 * from the writer that has most.
 *
 * Lines are counted in the background, in the order of their ids, and `target.counted` is the last one that was: a line
 * costs nothing more when it is stored, and a crash leaves no wrong counts. All methods that change something have to be
 * called within a transaction.
 */
import type { DatabaseSync, StatementSync } from "node:sqlite";
import type { Writers, Written } from "./writers.ts";

/** What a line counts for beside its text and its tags, in bytes: its other columns, and some of its words in the index. */
const LINE_COST = 150;

/** Stands for all rooms together, in `target`. */
const ALL = 0;

/** Stands for all writers of a room; and for the rooms themselves among the writers of all rooms, each by its number, too. */
const ROOM = "#";

/** The most hosts whose network, as it was counted, is remembered. */
const HOSTS_CACHED = 10_000;

/** The columns of a message that `uncount` needs. */
export const COUNTED_COLUMNS = `id, origin, account, octet_length(text) + octet_length(tags) + ${LINE_COST} AS size`;

/** A message with these columns. */
export interface CountedRow extends Written {
  readonly id: number;
  readonly size: number;
}

/** What a writer has in a room, or in all. */
export interface Share {
  readonly writer: string;
  readonly lines: number;
  readonly bytes: number;
  /** None of its lines there has a smaller id. */
  readonly first: number;
}

/** See the head of this file. */
export class Usage {
  readonly #writers: Writers;
  readonly #networks = new Map<string, string | undefined>(); // of hosts, as they were counted
  readonly #statements: Record<
    "select" | "counted" | "mark" | "add" | "subtract" | "prune" | "advance" | "heaviest" | "share" | "parent",
    StatementSync
  >;

  constructor(db: DatabaseSync, writers: Writers) {
    this.#writers = writers;
    const shares = "SELECT writer, lines, bytes, first FROM usage";
    this.#statements = {
      select: db.prepare(
        `SELECT ${COUNTED_COLUMNS} FROM message
          WHERE target = ?1 AND id > (SELECT counted FROM target WHERE id = ?1) ORDER BY id LIMIT ?2`,
      ),
      counted: db.prepare("SELECT counted FROM target WHERE id = ?"),
      mark: db.prepare("UPDATE target SET counted = ? WHERE id = ?"),
      add: db.prepare(
        `INSERT INTO usage (target, writer, parent, lines, bytes, first) VALUES (?, ?, ?, ?, ?, ?)
          ON CONFLICT (target, writer) DO UPDATE SET lines = lines + excluded.lines, bytes = bytes + excluded.bytes,
            first = min(first, excluded.first)`,
      ),
      subtract: db.prepare(
        "UPDATE usage SET lines = lines - ?, bytes = bytes - ? WHERE target = ? AND writer = ? RETURNING lines",
      ),
      prune: db.prepare("DELETE FROM usage WHERE target = ? AND writer = ?"),
      advance: db.prepare("UPDATE usage SET first = ? WHERE target = ? AND writer = ?"),
      heaviest: db.prepare(`${shares} WHERE target = ? AND parent = ? ORDER BY bytes DESC LIMIT ?`),
      share: db.prepare(`${shares} WHERE target = ? AND writer = ?`),
      parent: db.prepare("SELECT parent FROM usage WHERE writer = ? LIMIT 1"),
    };
  }

  /**
   * Counts some lines of a room that are not counted yet.
   *
   * @returns How many.
   */
  count(target: number, most: number): number {
    const rows = this.#statements.select.all(target, most) as unknown as CountedRow[];
    this.#each(rows, (writer, parent, { lines, bytes, first }) => {
      for (const where of [target, ALL]) this.#statements.add.run(where, writer, parent, lines, bytes, first);
    });
    const last = rows.at(-1);
    if (last === undefined) return 0;
    const bytes = rows.reduce((sum, { size }) => sum + size, 0);
    this.#statements.add.run(target, ROOM, ROOM, rows.length, bytes, rows[0]!.id);
    this.#statements.add.run(ALL, `${ROOM}${target}`, ROOM, rows.length, bytes, rows[0]!.id);
    this.#statements.mark.run(last.id, target);
    return rows.length;
  }

  /** Takes lines that are about to be deleted out of the counts, if they are in there. */
  uncount(target: number, rows: readonly CountedRow[]): void {
    const { counted } = this.#statements.counted.get(target) as { counted: number } | undefined ?? { counted: 0 };
    const gone = rows.filter(({ id }) => id <= counted);
    if (gone.length === 0) return;
    this.#each(gone, (writer, _parent, { lines, bytes }) => {
      for (const where of [target, ALL]) this.#subtract(where, writer, lines, bytes);
    });
    const bytes = gone.reduce((sum, { size }) => sum + size, 0);
    this.#subtract(target, ROOM, gone.length, bytes);
    this.#subtract(ALL, `${ROOM}${target}`, gone.length, bytes);
  }

  /** What a room has, of all writers together. */
  room(target: number): Share | undefined {
    return this.share(ROOM, target);
  }

  /** What a writer has in a room, or in all. */
  share(writer: string, target = ALL): Share | undefined {
    return this.#statements.share.get(target, writer) as Share | undefined;
  }

  /** The writers with most bytes in a room, or in all; the heaviest first. */
  heaviest(target = ALL, count = 1): Share[] {
    return this.#statements.heaviest.all(target, "", count) as unknown as Share[];
  }

  /** The room with most bytes. */
  fullest(): { target: number; bytes: number } | undefined {
    const room = this.#statements.heaviest.get(ALL, ROOM, 1) as Share | undefined;
    return room === undefined ? undefined : { target: Number(room.writer.slice(ROOM.length)), bytes: room.bytes };
  }

  /**
   * The part of a writer that is to lose lines for it, in a room or in all.
   *
   * @param least How many bytes a part has to have for that.
   */
  partOf(writer: Share, least: number, target = ALL): Share {
    const part = this.#statements.heaviest.get(target, writer.writer, 1) as Share | undefined;
    return part === undefined || part.bytes < least ? writer : this.partOf(part, least, target);
  }

  /** Takes note that no line of a writer in a room has a smaller id. */
  advance(writer: string, target: number, first: number): void {
    this.#statements.advance.run(first, target, writer);
  }

  /** Takes a writer out of a room in which nothing of it was found, so that it is not looked for there again. */
  clear(writer: string, target: number): void {
    const share = this.share(writer, target);
    if (share === undefined) return;
    for (const where of [target, ALL]) this.#subtract(where, writer, share.lines, share.bytes);
  }

  /** Whether a line counts for a writer. */
  isBy(row: Written, writer: string): boolean {
    return writer === ROOM || this.#chain(row).includes(writer);
  }

  #subtract(target: number, writer: string, lines: number, bytes: number) {
    const left = this.#statements.subtract.get(lines, bytes, target, writer) as { lines: number } | undefined;
    if (left !== undefined && left.lines <= 0) this.#statements.prune.run(target, writer);
  }

  /** Does something for each writer of some lines, with what is theirs. */
  #each(
    rows: readonly CountedRow[],
    change: (writer: string, parent: string, sum: { lines: number; bytes: number; first: number }) => void,
  ) {
    const writers = new Map<string, { row: CountedRow; lines: number; bytes: number }>(); // those of the same origin as one
    for (const row of rows) {
      const key = row.account ? `=${row.account}` : row.origin;
      const known = writers.get(key);
      if (known === undefined) writers.set(key, { row, lines: 1, bytes: row.size });
      else {
        known.lines++;
        known.bytes += row.size;
      }
    }
    const sums = new Map<string, { parent: string; lines: number; bytes: number; first: number }>();
    for (const { row, lines, bytes } of writers.values()) {
      let parent = "";
      for (const writer of this.#chain(row)) {
        const sum = sums.get(writer);
        if (sum === undefined) sums.set(writer, { parent, lines, bytes, first: row.id });
        else {
          sum.lines += lines;
          sum.bytes += bytes;
        }
        parent = writer;
      }
    }
    for (const [writer, { parent, ...sum }] of sums) change(writer, parent, sum);
  }

  #chain(row: Written): string[] {
    return this.#writers.of(row, (host) => this.#networkOf(host));
  }

  /** The network of a host: the one that it was counted in, whatever was introduced since. */
  #networkOf(host: string): string | undefined {
    if (this.#networks.has(host)) return this.#networks.get(host);
    const row = this.#statements.parent.get(host) as { parent: string } | undefined;
    const network = row === undefined ? this.#writers.networkOf(host) : row.parent || undefined;
    if (this.#networks.size >= HOSTS_CACHED) this.#networks.clear();
    this.#networks.set(host, network);
    return network;
  }
}

/** Forgets all counts, so that all lines are counted anew: for what changes the file in other ways. */
export const RECOUNT = "DELETE FROM usage; UPDATE target SET counted = 0";
