/** What the tests of history share: things that are said, a directory to keep them in, and a clock that stands still. */
import type { SQLInputValue } from "node:sqlite";
import type { Said, Whispered } from "../../src/chat/events.ts";
import { firstId } from "../../src/chat/ids.ts";
import type { HistoryStore, Retention, SavedRoom, SearchQuery } from "../../src/chat/store.ts";
import { Database } from "../../src/history/database.ts";
import { SqliteHistory } from "../../src/history/sqlite.ts";
import { queryTerms } from "../../src/history/tokenizer.ts";
import { finish } from "../../src/util/steps.ts";

/** A time that clocks stand still at: long enough ago for ids made from it to be unlike those of today. */
export const NOON = Date.UTC(2026, 0, 1, 12);

export const MINUTE = 60_000;
export const DAY = 24 * 60 * MINUTE;

/** How many ids were given, by the time in them. */
const given = new Map<number, number>();

/** Something said in a room now, under an id of its own. */
export function said(room: string, text: string, change: Partial<Said> = {}): Said {
  const { time = Date.now(), who = "alice", id = nextId(time) } = change;
  const deed = { who, origin: `${who}!~guest@host`, id, time, tags: "", bot: false };
  return { kind: "said", room, text, style: "say", ...deed, ...change };
}

function nextId(time: number): number {
  const before = given.get(time) ?? 0;
  given.set(time, before + 1);
  if (firstId(time) + before === firstId(time + 1)) throw new Error("Cannot say so much at one time: no id is left");
  return firstId(time) + before;
}

/** Something said by somebody to somebody alone. */
export function whispered(to: string, text: string, change: Partial<Said> = {}): Whispered {
  const { kind: _kind, room: _room, least: _least, ...speech } = said("", text, change);
  return { kind: "whispered", to, ...speech };
}

/** Keeps lines, one by one, and has them committed. */
export function commitLines(history: HistoryStore, ...lines: Said[]): void {
  for (const line of lines) history.add(line.room, line);
  history.commit();
}

/** The texts of a target's lines. */
export function texts(history: HistoryStore, target: string, count = 1000): string[] {
  return history.page(target, { count }).map(({ text }) => text);
}

/** Has a history do all that it has put off; returns the rooms that it found deserted. */
export function runMaintenance(history: HistoryStore): string[] {
  const deserted: string[] = [];
  while (history.runStep((room) => deserted.push(room)));
  return deserted;
}

/** A clock that stands still, and moves when it is told to. */
export class Clock implements Disposable {
  now = NOON;
  readonly #real = Date.now;

  constructor() {
    given.clear();
    Date.now = () => this.now;
  }

  [Symbol.dispose](): void {
    Date.now = this.#real;
  }
}

/** A directory that is gone in the end, and files of history in it. */
export class Place implements Disposable {
  readonly path = Deno.makeTempDirSync({ prefix: "tincan-test-" });
  readonly file = `${this.path}/tincan.db`;
  #open: Database | undefined;

  /** Opens it, for the first time or anew. */
  async open(retention?: Partial<Retention>): Promise<SqliteHistory> {
    this.close();
    this.#open = await Database.open(this.path);
    return new SqliteHistory(this.#open, retention);
  }

  /** What is open: to look at what cannot be seen from outside. */
  get database(): Database {
    return this.#open!;
  }

  close(): void {
    this.#open?.close();
    this.#open = undefined;
  }

  /** A number that is the answer to some SQL. */
  number(sql: string): number {
    return Number(Object.values(this.database.db.prepare(sql).get()!)[0]);
  }

  [Symbol.dispose](): void {
    this.close();
    Deno.removeSync(this.path, { recursive: true });
  }
}

/** How often all targets are looked at. */
export const SWEEP_TIME = 10 * MINUTE;

/** More lines than are indexed, or dropped, in one step. */
export const MANY = 500;

export const PLAIN_ROOM: Omit<SavedRoom, "name"> = {
  since: NOON,
  topic: undefined,
  switches: [],
  password: undefined,
  limit: Infinity,
  masks: [],
};

/** So many lines, all with one word and each with one of its own. */
export function lines(room: string, count: number, change: Partial<Said> = {}): Said[] {
  return Array.from({ length: count }, (_, n) => said(room, `all word${n}`, change));
}

/** The texts that are found. */
export function found(
  history: HistoryStore,
  text: string,
  query: Partial<SearchQuery> & { rooms?: string[] } = {},
): string[] {
  const { rooms = ["#room"], ...rest } = query;
  return finish(history.search(rooms, { terms: queryTerms(text), count: 1000, ...rest })).lines.map(({ text }) => text);
}

/** Lets a file not grow by more than so many pages, as if the disk were full; or lets it grow again. */
export function leaveRoom(place: Place, pages: number): void {
  place.database.db.exec(`PRAGMA max_page_count = ${place.number("PRAGMA page_count") + pages}`);
}

export function both<T>(one: HistoryStore, other: HistoryStore, ask: (history: HistoryStore) => T): [T, T] {
  return [ask(one), ask(other)];
}

/** Does something; returns the most rows that a statement has read or changed at a time meanwhile. */
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

/** A clock that goes on by so many milliseconds whenever somebody looks. */
export function tickingClock(step: number): Disposable {
  const real = performance.now;
  let now = 0;
  performance.now = () => now += step;
  return { [Symbol.dispose]: () => void (performance.now = real) };
}
