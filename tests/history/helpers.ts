/** Helpers for the tests of the history: lines, temporary files, and a fake clock. */
import type { SQLInputValue } from "node:sqlite";
import type { Said, Whispered } from "../../src/chat/events.ts";
import { firstId } from "../../src/chat/ids.ts";
import type { HistoryStore, Retention, SavedRoom, SearchQuery } from "../../src/chat/store.ts";
import { Database } from "../../src/history/database.ts";
import { SqliteHistory } from "../../src/history/sqlite.ts";
import { queryTerms } from "../../src/util/tokenizer.ts";
import { runToEnd } from "../../src/util/steps.ts";

/** The time of the fake clock: so long ago that its ids differ from those of today. */
export const NOON = Date.UTC(2026, 0, 1, 12);

export const MINUTE = 60_000;
export const DAY = 24 * 60 * MINUTE;

/** How many ids were assigned, by the time in them. */
const assigned = new Map<number, number>();

/** A line that is said in a room now, with a new id. */
export function said(room: string, text: string, change: Partial<Said> = {}): Said {
  const { time = Date.now(), who = "alice", id = nextId(time) } = change;
  const speech = { who, origin: `${who}!~guest@host`, id, time, tags: "", bot: false };
  return { kind: "said", room, text, style: "say", ...speech, ...change };
}

function nextId(time: number): number {
  const before = assigned.get(time) ?? 0;
  assigned.set(time, before + 1);
  if (firstId(time) + before === firstId(time + 1)) throw new Error("No id is left for this time");
  return firstId(time) + before;
}

/** A private line. */
export function whispered(to: string, text: string, change: Partial<Said> = {}): Whispered {
  const { kind: _kind, room: _room, minRank: _minRank, ...speech } = said("", text, change);
  return { kind: "whispered", to, ...speech };
}

/** Adds and commits lines in rooms. */
export function commitLines(history: HistoryStore, ...lines: Said[]): void {
  for (const line of lines) history.add(line.room, line);
  history.commit();
}

/** The texts of the lines of a target. */
export function texts(history: HistoryStore, target: string, count = 1000): string[] {
  return history.page(target, { count }).map(({ text }) => text);
}

/** Many times the steps that the maintenance of any test needs. */
const STEPS_MAX = 50_000;

/**
 * Runs all pending maintenance; returns the rooms that have expired.
 *
 * @throws {Error} if it does not end. The deadline of the test could not stop a loop that never yields.
 */
export function runMaintenance(history: HistoryStore): string[] {
  const expired: string[] = [];
  for (let steps = 0; history.runStep((room) => expired.push(room)); steps++) {
    if (steps === STEPS_MAX) throw new Error(`The maintenance has not ended after ${STEPS_MAX} steps`);
  }
  return expired;
}

/** Replaces the system clock by one that stands still until a test moves it. */
export class Clock implements Disposable {
  now = NOON;
  readonly #real = Date.now;

  constructor() {
    assigned.clear();
    Date.now = () => this.now;
  }

  [Symbol.dispose](): void {
    Date.now = this.#real;
  }
}

/** A temporary directory with a history file, which is removed on disposal. */
export class Place implements Disposable {
  readonly path = Deno.makeTempDirSync({ prefix: "tincan-test-" });
  readonly file = `${this.path}/tincan.db`;
  #open: Database | undefined;

  /** Opens or reopens the file. */
  async open(retention?: Partial<Retention>): Promise<SqliteHistory> {
    this.close();
    this.#open = await Database.open(this.path);
    return new SqliteHistory(this.#open, retention);
  }

  /** The open file, for checks of what the store does not reveal. */
  get database(): Database {
    return this.#open!;
  }

  close(): void {
    this.#open?.close();
    this.#open = undefined;
  }

  /** The number that a query returns. */
  number(sql: string): number {
    return Number(Object.values(this.database.db.prepare(sql).get()!)[0]);
  }

  [Symbol.dispose](): void {
    this.close();
    Deno.removeSync(this.path, { recursive: true });
  }
}

/** How often a sweep starts, in milliseconds. */
export const SWEEP_TIME = 10 * MINUTE;

/** More lines than one step indexes or deletes. */
export const MANY = 500;

export const PLAIN_ROOM: Omit<SavedRoom, "name"> = {
  since: NOON,
  topic: undefined,
  switches: [],
  password: undefined,
  limit: Infinity,
  masks: [],
  roles: [],
};

/** Lines with one common word and one word of their own each. */
export function lines(room: string, count: number, change: Partial<Said> = {}): Said[] {
  return Array.from({ length: count }, (_, n) => said(room, `all word${n}`, change));
}

/** The texts that a search finds. */
export function found(
  history: HistoryStore,
  text: string,
  query: Partial<SearchQuery> & { rooms?: string[] } = {},
): string[] {
  const { rooms = ["#room"], ...rest } = query;
  return runToEnd(history.search(rooms, { terms: queryTerms(text), count: 1000, ...rest })).lines.map(({ text }) =>
    text
  );
}

/** Limits the growth of the file to some pages, as if the disk were full. */
export function leaveRoom(place: Place, pages: number): void {
  place.database.db.exec(`PRAGMA max_page_count = ${place.number("PRAGMA page_count") + pages}`);
}

export function both<T>(one: HistoryStore, other: HistoryStore, ask: (history: HistoryStore) => T): [T, T] {
  return [ask(one), ask(other)];
}

/** Runs a function; returns the most rows that one statement has read or changed meanwhile. */
export function rowsAtOnce(place: Place, run: () => void): number {
  const { db } = place.database;
  const prepare = db.prepare.bind(db);
  const changes = prepare("SELECT total_changes() AS total");
  const total = () => Number(changes.get()!.total);
  let most = 0;
  db.prepare = (sql) => {
    const statement = prepare(sql);
    const [all, run] = [statement.all.bind(statement), statement.run.bind(statement)];
    statement.all = (...values: unknown[]) => {
      const rows = all(...values as SQLInputValue[]);
      most = Math.max(most, rows.length);
      return rows;
    };
    statement.run = (...values: unknown[]) => {
      const before = total();
      const result = run(...values as SQLInputValue[]);
      if (!sql.includes("'merge'")) most = Math.max(most, total() - before);
      return result;
    };
    return statement;
  };
  try {
    run();
  } finally {
    db.prepare = prepare;
  }
  return most;
}

/** Replaces the monotonic clock by one that advances by some milliseconds with each call. */
export function tickingClock(step: number): Disposable {
  const real = performance.now;
  let now = 0;
  performance.now = () => now += step;
  return { [Symbol.dispose]: () => void (performance.now = real) };
}
