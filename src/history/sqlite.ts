/**
 * What was said, kept in a file: it outlives the process.
 *
 * Lines are collected and written in one transaction, since a transaction costs more than the lines in it. A line costs
 * some 3 us so. Which words are in it is written down later, in a quiet moment, as that costs ten times as much: see
 * `tidy`, which also drops what is too old, a little at a time.
 */
import type { StatementSync } from "node:sqlite";
import type { Said, Style, Whispered } from "../chat/events.ts";
import type { List, Switch } from "../chat/modes.ts";
import { firstId, timeOf } from "../chat/ids.ts";
import { fold } from "../chat/names.ts";
import { type ExpiryClock, NEVER_SET_BEFORE, UNKNOWN_BEFORE, WALL_CLOCK } from "../util/trusted_clock.ts";
import { type Database, isLocked, pragma, storeError } from "./database.ts";
import type { FoundLines, HistoryRange, HistoryStore, Line, Retention, SavedRoom, SearchQuery } from "../chat/store.ts";
import { type SearchSource, searchTargets } from "./search.ts";
import { COUNTED_COLUMNS, type CountedRow, RECOUNT, Usage } from "./usage.ts";
import { containsWords, wordsOf } from "./tokenizer.ts";
import { FLOOD_PART, isFlood, PART_SHARE, Writers } from "./writers.ts";
import type { Steps } from "../util/steps.ts";

/** How many lines are indexed at the most at a time, or dropped, and how many pages of the index are merged. */
const STEP = 100;
const DROP_STEP = 25;
const MERGE_STEP = 8;

/**
 * How long words are made findable in one step of `tidy`, in milliseconds, and how long lines are dropped; the last ones of
 * them may take longer.
 */
const STEP_TIME = 2;

/** How many lines are counted at a time. */
const COUNT_STEP = 2000;

/**
 * Where the file is too large, the oldest lines of its heaviest writer or of its fullest room go: those of a sixteenth of
 * the time that there are lines of, or of more where there are few.
 */
const AGES = 16;

/** How many lines are counted by their writers in one step: see `usage.ts`. */
const USAGE_STEP = 50;

/**
 * How many lines too many a target can have while they are counted by their writers. Where there are more, its oldest lines
 * go, whoever wrote them: or dropping could not keep up.
 */
const UNCOUNTED_MAX = 10_000;

/** How many of the writers with most bytes in a full room are looked at for the one with most lines. */
const HEAVIEST_STEP = 8;

/** How many targets are looked at in one step, for what is too old. */
const TARGETS_STEP = 50;

/** How often all targets are looked at, in milliseconds. */
const SWEEP_TIME = 10 * 60_000;

/** How many pages may lie idle in the file before it is made smaller, and by how many in one step. */
const IDLE_PAGES = 256;
const VACUUM_STEP = 32;

/** How many lines are read at a time where it is not known how many will fit. */
const PAGE_STEP = 50;

/** The most targets whose numbers are remembered. */
const TARGETS_CACHED = 20_000;

/** The most targets that are told of at a time. */
const TARGETS_MAX = 1000;

/**
 * The greatest ids of a word, between two, in descending order. Numbers are given to SQLite as REAL, and only where they are
 * INTEGER does FTS5 look no further. As one text they are read three times as fast as row by row.
 */
const IDS_OF_WORD = `SELECT json_group_array(id) AS ids FROM (SELECT rowid AS id FROM word
  WHERE word MATCH ? AND rowid > CAST(? AS INTEGER) AND rowid < CAST(? AS INTEGER) ORDER BY rowid DESC LIMIT ?)`;

/** What the key of a target begins with that was forgotten, and whose lines are still to be dropped. No other begins so. */
const FORGOTTEN = "!";
const FORGOTTEN_ROOM = "!#";

/** What is kept of how things are said: the number of each is in the file. */
const STYLES: readonly Style[] = ["say", "action", "notice"];

/** A row of the table of messages, with the name of its target. */
export interface Row {
  readonly target: number;
  readonly name: string;
  readonly id: number;
  readonly time: number;
  readonly style: number;
  readonly origin: string;
  readonly recipient: string | null;
  readonly text: string;
  readonly tags: string;
  readonly bot: number;
  readonly account: string | null;
}

/** A row of the table of targets. */
interface TargetRow {
  readonly id: number;
  readonly key: string;
  readonly name: string;
  readonly since: number;
  readonly topic: string | null;
  readonly topic_by: string | null;
  readonly topic_at: number | null;
  readonly switches: string;
  readonly password: string | null;
  readonly limit: number | null;
  readonly indexed: number;
  readonly changed: number;
}

/** A writer that loses lines, and where. */
interface Loser {
  readonly writer: string;
  /** The one target that it loses lines in; in all, if there is none. */
  readonly room: number | undefined;
}

/** What is known so far of a writer's lines: those in targets up to a number. */
interface Survey extends Loser {
  readonly lines: number;
  at: number;
  first: number;
  last: number;
}

/** Which lines go: those up to one, in the targets behind a number. */
interface Losses extends Loser {
  at: number;
  readonly upTo: number;
}

/** How many lines of a writer are still to go from a target. */
interface Flood {
  readonly target: number;
  readonly writer: string;
  left: number;
}

/** See the head of this file. */
export class SqliteHistory implements HistoryStore {
  readonly lasting = true;
  readonly last: number;
  readonly secret: Uint8Array;

  readonly #file: Database;
  readonly #retention: Retention;
  readonly #clock: ExpiryClock;
  readonly #statements = new Map<string, StatementSync>();
  readonly #begin: StatementSync;
  readonly #end: StatementSync;
  readonly #insert: StatementSync;
  readonly #targets = new Map<string, { id: number; name: string }>();
  #lines: { readonly target: string; readonly line: Line }[] = [];
  #rooms = new Map<string, SavedRoom>();
  readonly #unindexed: Set<number>;
  readonly #forgotten: Set<number>; // targets whose lines are still to be dropped
  readonly #counts = new Map<number, number>(); // how many lines a target has, where that is known
  readonly #overgrown = new Set<number>(); // those that have so many that some have to go, or may …
  #counting: { target: number; before: number; seen: number } | undefined; // … the one of which some lines were counted …
  #trimming: { target: number; upTo: number } | Flood | undefined; // … the one that was counted, and up to which line they have to
  #large = false; // whether the file is too large, and something can go …
  #survey: Survey | undefined; // … of which lines there are these …
  #losses: Losses | undefined; // … and behind which target, up to which line they go
  readonly #writers = new Writers();
  readonly #usage: Usage;
  readonly #limited: boolean; // whether it matters who has how much
  readonly #uncounted: Set<number>; // the targets with lines that `#usage` has not counted
  #sweep: { at: number } | undefined; // behind which target, if under way
  #sweptAt = -Infinity; // by the monotonic clock
  #unmerged = true; // whether the index may be in so many pieces that some should be made one
  #vacuuming = false;
  #begun = false; // whether the next transaction has begun already
  #trimmed = false; // whether the last step did nothing else
  #turn = 0; // whose turn it is: what always has something to do must not keep the others from it

  /**
   * @param clock By which lines grow old.
   * @throws {StoreError}
   */
  constructor(
    file: Database,
    { age = Infinity, lines = Infinity, size = Infinity }: Partial<Retention> = {},
    clock: ExpiryClock = WALL_CLOCK,
  ) {
    this.#file = file;
    this.#clock = clock;
    this.#retention = { age, lines, size };
    this.#limited = lines !== Infinity || size !== Infinity;
    try {
      this.#begin = file.db.prepare("BEGIN IMMEDIATE");
      this.#end = file.db.prepare("COMMIT");
      this.#insert = file.db.prepare(
        "INSERT INTO message (target, id, time, style, origin, recipient, text, tags, bot, account) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
      );
      this.secret = this.#one<{ value: Uint8Array }>("SELECT value FROM secret")!.value;
      // By target, as it is kept: the last of each is soon found.
      this.last = this.#one<{ last: number | null }>(
        "SELECT max((SELECT max(id) FROM message WHERE target = target.id)) AS last FROM target",
      )!.last ?? 0;
      const unindexed = this.#all<{ id: number }>(
        "SELECT id FROM target WHERE key >= '#' AND key < '$' AND indexed < (SELECT max(id) FROM message WHERE target = target.id)",
      );
      this.#unindexed = new Set(unindexed.map(({ id }) => id));
      this.#usage = new Usage(file.db, this.#writers);
      const uncounted = this.#limited
        ? this.#all<{ id: number }>(
          "SELECT id FROM target WHERE counted < (SELECT max(id) FROM message WHERE target = target.id)",
        )
        : [];
      this.#uncounted = new Set(uncounted.map(({ id }) => id));
      const forgotten = this.#all<{ id: number }>("SELECT id FROM target WHERE key >= '!' AND key < '#'");
      this.#forgotten = new Set(forgotten.map(({ id }) => id));
    } catch (error) {
      throw storeError(error);
    }
  }

  introduce(host: string, network: string): void {
    this.#writers.introduce(host, network);
  }

  add(target: string, line: Line): void {
    this.#lines.push({ target, line });
  }

  saveRoom(room: SavedRoom): void {
    this.#rooms.set(fold(room.name), room);
  }

  get ready(): boolean {
    if (this.#begun || (this.#lines.length === 0 && this.#rooms.size === 0)) return true;
    try {
      this.#begin.run();
      return this.#begun = true;
    } catch (error) {
      return !isLocked(error); // if it is anything else, `commit` tells what
    }
  }

  commit(): boolean {
    const lines = this.#lines;
    if (lines.length === 0 && this.#rooms.size === 0) return false;
    this.#lines = [];
    const rooms = this.#rooms;
    this.#write(() => {
      for (const [key, room] of rooms) this.#saveRoom(key, room);
      for (const { target, line } of lines) this.insert(target, line);
    });
    this.#rooms = new Map();
    return true;
  }

  page(target: string, range: HistoryRange): Line[] {
    const { after = 0, before = Number.MAX_SAFE_INTEGER, first = false, count, characters = Infinity } = range;
    return reading(() => {
      const found = this.#target(target);
      if (found === undefined) return [];
      const sql = `SELECT * FROM message WHERE target = ? AND id > ? AND id < ?
        ORDER BY id ${first ? "ASC" : "DESC"} LIMIT ?`;
      const step = characters === Infinity ? count : PAGE_STEP;
      const lines: Line[] = [];
      let [left, low, high] = [characters, after, before];
      while (lines.length < count) {
        const wanted = Math.min(step, count - lines.length);
        const rows = this.#all<Row>(sql, found.id, low, high, limit(wanted));
        const fitting = rows.findIndex((row, n) => {
          left -= row.text.length + row.tags.length;
          return left < 0 && lines.length + n > 0;
        });
        lines.push(...(fitting < 0 ? rows : rows.slice(0, fitting)).map((row) => lineOf(row, found.name)));
        if (fitting >= 0 || rows.length < wanted) break;
        if (first) low = rows.at(-1)!.id;
        else high = rows.at(-1)!.id;
      }
      return first ? lines : lines.reverse();
    });
  }

  has(target: string, id: number): boolean {
    return reading(() => {
      const found = this.#target(target);
      return found !== undefined &&
        this.#one("SELECT 1 FROM message WHERE target = ? AND id = ?", found.id, id) !== undefined;
    });
  }

  firstSince(target: string, time: number): number {
    return reading(() => {
      const found = this.#target(target);
      return found === undefined ? Infinity : this.#firstSince(found.id, time, Date.now());
    });
  }

  *search(
    targets: readonly string[],
    { words, from, after = 0, before = Infinity, count }: SearchQuery,
  ): Steps<FoundLines> {
    if (words.length === 0 || count <= 0) return { lines: [], unsearched: 0 };
    const names = new Map<number, string>();
    try {
      const places = targets.flatMap((key) => {
        const target = this.#target(key);
        if (target === undefined) return [];
        names.set(target.id, target.name);
        const first = this.#firstOf(target.id);
        if (first === 0) return [];
        const terms = words.map((word) => wordIn(target.id, word));
        if (from !== undefined) terms.push(nickIn(target.id, from));
        // What is added from now on is not looked at, whichever room may have the number of this one by then.
        const last = this.#lastOf(target.id);
        return { id: target.id, terms, after: Math.max(after, first - 1), before: Math.min(before, last + 1) };
      });
      const source: SearchSource<Row> = {
        ids: (term, after, before, count) =>
          JSON.parse(this.#one<{ ids: string }>(IDS_OF_WORD, `"${term}"`, after, before, limit(count))!.ids),
        line: (target, id) => this.#one<Row>("SELECT * FROM message WHERE target = ? AND id = ?", target, id),
        matches: ({ text, origin }) =>
          (from === undefined || fold(nickOf(origin)) === from) && containsWords(text, words),
      };
      const { found, unsearched } = yield* searchTargets(source, places, { count });
      const lines = found.reverse().map(({ line }) => lineOf(line, names.get(line.target)!));
      return { lines, unsearched };
    } catch (error) {
      throw storeError(error);
    }
  }

  *targets(prefix: string): Steps<{ target: string; line: Line }[]> {
    const found: { target: string; line: Line }[] = [];
    try {
      for (let [at, operator] = [prefix || "#", ">="]; found.length < TARGETS_MAX; yield) {
        const rows = this.#all<{ id: number; key: string; name: string }>(
          `SELECT id, key, name FROM target WHERE key ${operator} ? AND key < ? ORDER BY key LIMIT ?`,
          at,
          `${prefix}\u{10ffff}`,
          Math.min(TARGETS_STEP, TARGETS_MAX - found.length),
        );
        for (const { id, key, name } of rows) {
          const row = this.#one<Row>("SELECT * FROM message WHERE target = ? ORDER BY id DESC LIMIT 1", id);
          if (row !== undefined) found.push({ target: key, line: lineOf(row, name) });
        }
        if (rows.length < TARGETS_STEP) break;
        [at, operator] = [rows.at(-1)!.key, ">"];
      }
      return found;
    } catch (error) {
      throw storeError(error);
    }
  }

  rooms(): SavedRoom[] {
    return reading(() => {
      const masks = new Map<number, SavedRoom["masks"][number][]>();
      type MaskRow = { target: number; list: List; mask: string; by: string; at: number };
      for (const { target, ...mask } of this.#all<MaskRow>("SELECT * FROM mask ORDER BY at")) {
        const some = masks.get(target) ?? [];
        some.push(mask);
        masks.set(target, some);
      }
      const rows = this.#all<TargetRow>("SELECT * FROM target WHERE key >= '#' AND key < '$' ORDER BY id");
      return rows.map(({ id, name, since, topic, topic_by, topic_at, switches, password, limit }) => ({
        name,
        since,
        topic: topic === null ? undefined : { text: topic, by: topic_by ?? "", at: topic_at ?? 0 },
        switches: [...switches] as Switch[],
        password: password ?? undefined,
        limit: limit ?? Infinity,
        masks: masks.get(id) ?? [],
      }));
    });
  }

  forget(target: string): void {
    this.#rooms.delete(target);
    this.#lines = this.#lines.filter((each) => each.target !== target);
    const found = reading(() => this.#target(target));
    if (found === undefined) return;
    // Its lines go later, some at a time: until then they belong to a target that nothing can be called.
    const isEmpty = reading(() => this.#firstOf(found.id)) === 0;
    const key = `${isRoom(target) ? FORGOTTEN_ROOM : FORGOTTEN}${found.id}`;
    this.#write(() => {
      if (isEmpty) this.#run("DELETE FROM target WHERE id = ?", found.id);
      else {this.#run(
          `UPDATE target SET key = ?, name = '', topic = NULL, topic_by = NULL, topic_at = NULL, switches = '',
          password = NULL, "limit" = NULL WHERE id = ?`,
          key,
          found.id,
        );}
      this.#run("DELETE FROM mask WHERE target = ?", found.id);
    });
    this.#targets.delete(target);
    for (const each of [this.#unindexed, this.#overgrown, this.#counts]) each.delete(found.id);
    if (isEmpty) this.#uncounted.delete(found.id);
    if (this.#trimming?.target === found.id) this.#trimming = undefined;
    if (this.#counting?.target === found.id) this.#counting = undefined;
    if (!isEmpty) this.#forgotten.add(found.id);
  }

  get overdue(): boolean {
    return this.#overgrown.size > 0 || this.#large;
  }

  runStep(onDeserted: (room: string) => void): boolean {
    const merge = () => this.#merge();
    const chores = [
      merge, // between all others: it has to be as fast as they are
      () => this.#index(),
      merge,
      () => this.#countOn(),
      merge,
      () => this.#sweepOn(onDeserted),
      merge,
      () => this.#vacuum(),
      merge,
      () => this.#dropForgotten(),
    ];
    return this.#unlessLocked(() => {
      const end = performance.now() + STEP_TIME;
      while (this.#trim() || this.#shrink()) {
        if (performance.now() < end) continue;
        this.#trimmed = !this.#trimmed;
        if (this.#trimmed) return true; // what else there is has every other step
        break;
      }
      const more = chores.some(() => chores[this.#turn++ % chores.length]!());
      return more || this.overdue || this.#forgotten.size > 0;
    });
  }

  close(): void {
    this.#file.close();
  }

  /** Puts a line into the file, within a transaction. */
  insert(target: string, line: Line): void {
    const { id } = this.#target(target) ?? this.#addTarget(target, line);
    const { origin, style, text, time, tags, account } = line;
    const recipient = line.kind === "whispered" ? line.to : null;
    const bot = line.bot ? 1 : 0;
    this.#insert.run(id, line.id, time, STYLES.indexOf(style), origin, recipient, text, tags, bot, account ?? null);
    if (target.startsWith("#")) this.#unindexed.add(id);
    if (this.#limited) this.#uncounted.add(id);
    if (this.#retention.lines === Infinity) return;
    const known = this.#counts.get(id);
    if (known !== undefined) this.#counts.set(id, known + 1);
    if (known === undefined || known + 1 >= this.#retention.lines + this.#slack) this.#overgrown.add(id);
  }

  /** Has all lines counted anew, as some are about to come in among those that were. */
  recount(): void {
    this.#write(() => this.#file.db.exec(RECOUNT));
    for (const { id } of this.#all<{ id: number }>("SELECT id FROM target")) this.#uncounted.add(id);
  }

  /** Counts some lines of each writer; returns whether there were any. */
  #countOn(): boolean {
    if (this.#uncounted.size === 0) return false;
    const done: number[] = [];
    let left = USAGE_STEP;
    this.#write(() => {
      for (const target of this.#uncounted) {
        left -= this.#usage.count(target, left);
        if (left <= 0) break; // there may be more of it
        done.push(target);
        if (done.length === TARGETS_STEP) break;
      }
    });
    for (const target of done) this.#uncounted.delete(target);
    return true;
  }

  /** How many lines more than it may have a target can have for a while: they go together. */
  get #slack(): number {
    return Math.max(1, Math.min(1000, Math.floor(this.#retention.lines / 10)));
  }

  #addTarget(key: string, line: Line): { id: number; name: string } {
    const name = line.kind === "said" ? line.room : key;
    this.#run("INSERT INTO target (key, name, since) VALUES (?, ?, ?)", key, name, line.time);
    const target = this.#target(key)!;
    this.#count(target.id, 0);
    return target;
  }

  #saveRoom(key: string, { name, since, topic, switches, password, limit, masks }: SavedRoom) {
    this.#run(
      `INSERT INTO target (key, name, since, topic, topic_by, topic_at, switches, password, "limit", changed)
        VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
        ON CONFLICT (key) DO UPDATE SET name = excluded.name, since = excluded.since, topic = excluded.topic,
          topic_by = excluded.topic_by, topic_at = excluded.topic_at, switches = excluded.switches,
          password = excluded.password, "limit" = excluded."limit", changed = excluded.changed`,
      key,
      name,
      since,
      topic?.text ?? null,
      topic?.by ?? null,
      topic?.at ?? null,
      switches.join(""),
      password ?? null,
      limit === Infinity ? null : limit,
      Date.now(),
    );
    this.#targets.delete(key); // its name may be written otherwise now
    const { id } = this.#target(key)!;
    this.#run("DELETE FROM mask WHERE target = ?", id);
    for (const { list, mask, by, at } of masks) {
      this.#run("INSERT INTO mask (target, list, mask, by, at) VALUES (?, ?, ?, ?, ?)", id, list, mask, by, at);
    }
  }

  /** Finds a target, if there is such. */
  #target(key: string): { id: number; name: string } | undefined {
    let target = this.#targets.get(key);
    if (target !== undefined) return target;
    target = this.#one<{ id: number; name: string }>("SELECT id, name FROM target WHERE key = ?", key);
    if (target === undefined) return undefined;
    if (this.#targets.size >= TARGETS_CACHED) this.#targets.clear();
    this.#targets.set(key, target);
    return target;
  }

  /**
   * Makes one of some pieces of the index. Each transaction adds a piece, and a search looks into all of them. FTS5 would
   * do so by itself, but all at once, whenever there is enough for it to take long.
   */
  #merge(): boolean {
    if (!this.#unmerged) return false;
    const changes = () => this.#one<{ total: number }>("SELECT total_changes() AS total")!.total;
    const before = changes();
    this.#write(() => this.#run("INSERT INTO word (word, rank) VALUES ('merge', ?)", MERGE_STEP));
    this.#unmerged = changes() - before > 1; // this is how it tells
    return this.#unmerged;
  }

  /** Makes words findable: those of some lines, of as many rooms as that takes. */
  #index(): boolean {
    if (this.#unindexed.size === 0) return false;
    const done: number[] = [];
    const end = performance.now() + STEP_TIME;
    let left = STEP;
    this.#write(() => {
      for (const target of this.#unindexed) {
        let last: number | undefined;
        const rows = this.#all<Row>(
          `SELECT id, origin, text FROM message
            WHERE target = ?1 AND id > (SELECT indexed FROM target WHERE id = ?1 AND key >= '#' AND key < '$') ORDER BY id LIMIT ?2`,
          target,
          left,
        );
        for (const row of rows) {
          this.indexRow(target, row);
          last = row.id;
          if (performance.now() >= end) left = 0; // some lines take a hundred times as long as others
          else left--;
          if (left === 0) break;
        }
        if (last !== undefined) this.#run("UPDATE target SET indexed = ? WHERE id = ?", last, target);
        done.push(target);
        if (left === 0) break;
      }
    });
    for (const target of done) this.#unindexed.delete(target);
    if (left === 0) this.#unindexed.add(done.at(-1)!); // behind the others: there may be more of it
    this.#unmerged = true;
    return true;
  }

  /** Makes the words of a line findable, within a transaction. */
  indexRow(target: number, { id, origin, text }: Pick<Row, "id" | "origin" | "text">): void {
    this.#run(
      "INSERT INTO word (rowid, words) VALUES (?, ?)",
      id,
      [nickIn(target, fold(nickOf(origin))), ...wordsOf(text).map((word) => wordIn(target, word))].join(" "),
    );
  }

  /** Drops some lines of a target that has more than it may have. */
  #trim(): boolean {
    const [target] = this.#overgrown;
    if (target === undefined) return false;
    if (this.#trimming?.target !== target) {
      if (this.#uncounted.has(target) && (this.#counts.get(target) ?? 0) < this.#retention.lines + UNCOUNTED_MAX) {
        if (!this.#countIn(target)) return true;
      }
      const flood = this.#floodIn(target);
      const upTo = flood === undefined ? this.#firstTooMany(target) : 0;
      if (upTo === undefined) return true;
      this.#trimming = flood ?? { target, upTo };
    }
    const trimming = this.#trimming;
    if ("upTo" in trimming ? this.#drop(target, trimming.upTo) > 0 : this.#dropFlood(trimming)) return true;
    this.#trimming = undefined;
    if ((this.#counts.get(target) ?? 0) <= this.#retention.lines) this.#overgrown.delete(target); // else there are more
    return true;
  }

  /** Drops some lines of a target that was forgotten, and at last the target. */
  #dropForgotten(): boolean {
    if (this.#forgotten.size === 0) return false;
    const end = performance.now() + STEP_TIME;
    for (const target of this.#forgotten) {
      while (this.#drop(target, Number.MAX_SAFE_INTEGER) > 0) if (performance.now() >= end) return true;
      this.#write(() => this.#run("DELETE FROM target WHERE id = ?", target));
      this.#forgotten.delete(target);
      if (performance.now() >= end) break;
    }
    return true;
  }

  /** What a writer has to lose for flooding a target that has too many lines, if one does. */
  #floodIn(target: number): Flood | undefined {
    const { lines } = this.#retention;
    const [heaviest] = this.#usage.heaviest(target, HEAVIEST_STEP).sort((a, b) => b.lines - a.lines);
    if (
      heaviest === undefined || !isFlood(heaviest.lines, lines, timeOf(heaviest.first), timeOf(this.#lastOf(target)))
    ) return undefined;
    const count = this.#usage.room(target)!.lines;
    if (count <= lines) return undefined;
    this.#count(target, count);
    this.#counting = undefined;
    const { writer } = this.#usage.partOf(heaviest, this.#usage.room(target)!.bytes * FLOOD_PART, target);
    return { target, writer, left: count - lines };
  }

  /** Drops some lines of a writer that floods a target; returns whether there are more. */
  #dropFlood(flood: Flood): boolean {
    const { target, writer, left } = flood;
    if (left <= 0) return false;
    return this.#write(() => {
      const { dropped, over } = this.#dropBy(writer, target, Number.MAX_SAFE_INTEGER, Math.min(left, DROP_STEP));
      flood.left -= dropped;
      return !over;
    });
  }

  /** Counts lines of a target for as long as a step may take; returns whether all of them are counted now. */
  #countIn(target: number): boolean {
    const end = performance.now() + STEP_TIME;
    while (this.#write(() => this.#usage.count(target, USAGE_STEP)) === USAGE_STEP) {
      if (performance.now() >= end) return false;
    }
    return this.#uncounted.delete(target);
  }

  #count(target: number, lines: number) {
    if (this.#retention.lines === Infinity) return;
    if (this.#counts.size >= TARGETS_CACHED) this.#counts.clear();
    this.#counts.set(target, lines);
  }

  /**
   * Drops some lines, if the file is larger than it may be and there are any: the oldest ones of its heaviest writer, or of
   * the heaviest one in its fullest room, whichever of the two is larger. What the index has of them goes when its pieces
   * are merged. To wait for that would let the file grow meanwhile: so a few more lines may go than had to.
   */
  #shrink(): boolean {
    if (!this.#isTooLarge()) {
      this.#survey = this.#losses = undefined;
      return this.#large = false;
    }
    if (this.#losses === undefined) return this.#large = this.#lookOut();
    const { at, upTo, writer, room } = this.#losses;
    const rows = this.#all<{ target: number; first: number }>(
      "SELECT target, first FROM usage WHERE writer = ? AND target > ? AND target <= ? ORDER BY target LIMIT ?",
      writer,
      at,
      room ?? Number.MAX_SAFE_INTEGER,
      TARGETS_STEP,
    );
    let left = STEP;
    const changed: number[] = [];
    this.#write(() => {
      for (const { target, first } of rows) {
        if (first > upTo) continue;
        const { seen, dropped, over } = this.#dropBy(writer, target, upTo, DROP_STEP);
        changed.push(target);
        left -= Math.max(seen, dropped * STEP / DROP_STEP); // to drop one takes longer than to look at it
        if (over && left > 0) continue;
        this.#losses!.at = over ? target : target - 1; // there may be more of it
        return;
      }
      if (rows.length === TARGETS_STEP) this.#losses!.at = rows.at(-1)!.target;
      else this.#losses = undefined; // where it is still too large, another writer may be the heaviest now
    });
    for (const target of changed) this.#forgetIfSilent(target);
    return true;
  }

  /** Finds out, some targets at a time, which lines go first; returns whether there are any, or may be. */
  #lookOut(): boolean {
    if (this.#uncounted.size > 0) return this.#countOn();
    const survey = this.#survey ??= this.#choose();
    if (survey === undefined) return false;
    const { writer, room } = survey;
    const rows = this.#all<{ target: number; first: number; last: number | null }>(
      `SELECT target, first, (SELECT max(id) FROM message WHERE target = usage.target) AS last
        FROM usage WHERE writer = ? AND target > ? AND target <= ? ORDER BY target LIMIT ?`,
      writer,
      survey.at,
      room ?? Number.MAX_SAFE_INTEGER,
      TARGETS_STEP,
    );
    for (const { target, first, last } of rows) {
      survey.at = target;
      survey.first = Math.min(survey.first, first);
      survey.last = Math.max(survey.last, last ?? 0);
    }
    if (rows.length === TARGETS_STEP) return true;
    const { first, last } = survey;
    this.#survey = undefined;
    if (first === Infinity) this.recount(); // it has no lines, whatever the counts say
    const part = Math.min(1 / 2, Math.max(1 / AGES, STEP / survey.lines)); // of a writer with few lines, more of them
    const upTo = first + Math.max(0, Math.floor((last - first) * part));
    this.#losses = { writer, room, at: room === undefined ? 0 : room - 1, upTo };
    return true;
  }

  /**
   * Chooses whose lines go first. A writer that has next to nothing of all, or of the room, is no reason to look for its
   * lines among all others: there, the oldest ones of the room go.
   */
  #choose(): Survey | undefined {
    const usage = this.#usage;
    const fullest = usage.fullest();
    if (fullest === undefined) return undefined;
    const [heaviest] = usage.heaviest();
    const all = this.#retention.size / 2; // about as much of the file is what is counted
    const inAll = heaviest !== undefined && heaviest.bytes >= Math.max(fullest.bytes, all * PART_SHARE);
    const room = inAll ? undefined : fullest.target;
    const least = (inAll ? all : fullest.bytes) * PART_SHARE;
    const top = inAll ? heaviest : usage.heaviest(room)[0];
    const loser = top !== undefined && top.bytes >= least
      ? usage.partOf(top, least, room)
      : { ...usage.room(room!)!, lines: Infinity };
    return { ...loser, room, at: room === undefined ? 0 : room - 1, first: Infinity, last: 0 };
  }

  /**
   * Lets go of a conversation in which nothing is left. There can be as many as people choose names: with a file full of
   * those, all that is said in rooms would have to go.
   */
  #forgetIfSilent(target: number) {
    const row = this.#one<{ key: string }>(
      `SELECT key FROM target WHERE id = ? AND key >= '$'
        AND NOT EXISTS (SELECT 1 FROM message WHERE target = target.id)`,
      target,
    );
    if (row !== undefined) this.forget(row.key);
  }

  /** Whether more of the file is in use than may be. What is free in it is used again before it grows. */
  #isTooLarge(): boolean {
    if (this.#retention.size === Infinity) return false;
    const number = (name: string) => Object.values(this.#one<Record<string, number>>(`PRAGMA ${name}`)!)[0]!;
    return (number("page_count") - number("freelist_count")) * number("page_size") > this.#retention.size;
  }

  /**
   * The newest line of a target that is one too many, or of some that are; 0 if there is none. From here on those count as
   * gone. Where it is not known how many lines there are, these are counted, the newest first, some at a time: `undefined`
   * if that has to go on.
   */
  #firstTooMany(target: number): number | undefined {
    const { lines } = this.#retention;
    if (lines === Infinity) return 0;
    const known = this.#counts.get(target);
    if (known !== undefined && this.#counting?.target !== target) {
      const tooMany = Math.min(known - lines, COUNT_STEP);
      if (tooMany <= 0) return 0;
      this.#count(target, known - tooMany);
      const sql = "SELECT id FROM message WHERE target = ? ORDER BY id LIMIT 1 OFFSET ?";
      return this.#one<{ id: number }>(sql, target, tooMany - 1)?.id ?? 0;
    }
    if (this.#counting?.target !== target || known === undefined) {
      this.#counting = { target, before: Number.MAX_SAFE_INTEGER, seen: 0 };
      this.#count(target, 0); // from now on, what is added is counted
    }
    const counting = this.#counting;
    const step = Math.min(COUNT_STEP, lines - counting.seen);
    const { count, last } = this.#one<{ count: number; last: number | null }>(
      `SELECT count(*) AS count, min(id) AS last
        FROM (SELECT id FROM message WHERE target = ? AND id < ? ORDER BY id DESC LIMIT ?)`,
      target,
      counting.before,
      step,
    )!;
    counting.seen += count;
    counting.before = last ?? counting.before;
    if (count === step && counting.seen < lines) return undefined;
    this.#counting = undefined;
    this.#count(target, counting.seen + (this.#counts.get(target) ?? 0));
    const sql = "SELECT id FROM message WHERE target = ? AND id < ? ORDER BY id DESC LIMIT 1";
    return this.#one<{ id: number }>(sql, target, counting.before)?.id ?? 0;
  }

  /** Looks at some targets, for what is too old there, or may be too much; all have their turn every ten minutes. */
  #sweepOn(onDeserted: (room: string) => void): boolean {
    const [now, { monotonic }] = [this.#clock.reached(), this.#clock];
    if (this.#sweep === undefined) {
      if (monotonic - this.#sweptAt < SWEEP_TIME && monotonic >= this.#sweptAt) return false;
      this.#keepTime(now);
      this.#sweep = { at: 0 };
    }
    const { age } = this.#retention;
    const sweep = this.#sweep;
    const rows = this.#all<TargetRow>("SELECT * FROM target WHERE id > ? ORDER BY id LIMIT ?", sweep.at, TARGETS_STEP);
    const end = performance.now() + STEP_TIME;
    for (const row of rows) {
      if (performance.now() >= end) return true;
      if (isForgotten(row.key)) {
        sweep.at = row.id;
        continue;
      }
      if (age !== Infinity && this.#dropAged(row.id, this.#lastBefore(row.id, now - age, now)) > 0) return true; // and here again
      sweep.at = row.id;
      const { lines } = this.#retention;
      if (lines !== Infinity && (this.#counts.get(row.id) ?? Infinity) > lines) this.#overgrown.add(row.id); // perhaps
      if (age !== Infinity) this.#desert(row, now - age, onDeserted);
      if (!row.key.startsWith("#")) this.#forgetIfSilent(row.id); // as a crash may leave one, between its last line and itself
    }
    if (rows.length === TARGETS_STEP) return true;
    this.#sweep = undefined;
    this.#sweptAt = monotonic;
    return this.#overgrown.size > 0;
  }

  /**
   * Keeps the time that has been for certain, for the next process: a clock that is wrong then may have been wrong before,
   * and so may the time of the newest line. One that had not been set tells nothing.
   */
  #keepTime(reached: number) {
    if (this.#clock === WALL_CLOCK || reached < NEVER_SET_BEFORE) return;
    this.#write(() => this.#run("UPDATE clock SET reached = ?", Math.floor(reached)));
  }

  /**
   * The last one of a target's oldest lines that were said before a time, or of some of them; 0 if there is none. What was
   * said in the future, or before there were computers like this one, when a clock was wrong, is as old as what was said
   * next. What was said since this process runs is no older than that, whatever a clock says.
   */
  #lastBefore(target: number, time: number, now: number): number {
    let last = 0;
    const lines = this.#all<{ id: number; time: number }>(
      "SELECT id, time FROM message WHERE target = ? ORDER BY id LIMIT ?",
      target,
      STEP,
    );
    const end = this.#clock.age < this.#retention.age ? this.last : Infinity;
    for (const line of lines) {
      if (line.id > end) return last;
      if (line.time > now || line.time < UNKNOWN_BEFORE) continue;
      if (line.time >= time) return last;
      last = line.id;
    }
    if (last > 0 || lines.length < STEP) return last;
    // They are all of the future, or of no time. The next one that is not is looked for by its time: all others may be, too.
    const next = this.#firstSince(target, UNKNOWN_BEFORE, now);
    if (next === Infinity || next > end) return 0;
    const line = this.#one<{ time: number }>("SELECT time FROM message WHERE target = ? AND id = ?", target, next);
    return line !== undefined && line.time < time ? next : 0;
  }

  /**
   * The first line of a target that was said between two times; Infinity if there is none. What was said in the future, when
   * a clock was wrong, tells nothing of when what comes after it was said.
   *
   * No id is earlier than its time. So up to the ids of `now` all lines are in the order of their times; and of those
   * behind, the ones that were said by `now` are all in `message_ahead`.
   */
  #firstSince(target: number, time: number, now: number): number {
    if (time > now) return Infinity;
    const end = firstId(now + 1);
    const guess = Math.max(0, Math.min(firstId(time), end));
    type Moment = { id: number; time: number };
    const from = (id: number) => {
      const sql = "SELECT id, time FROM message WHERE target = ? AND id >= ? ORDER BY id LIMIT 1";
      const line = this.#one<Moment>(sql, target, id);
      return line !== undefined && line.id < end ? line : undefined;
    };
    const before = this.#one<Moment>(
      "SELECT id, time FROM message WHERE target = ? AND id < ? ORDER BY id DESC LIMIT 1",
      target,
      guess,
    );
    const line = from(guess);
    if ((before?.time ?? -Infinity) < time && line !== undefined && line.time >= time) return line.id; // nearly always
    let first = Infinity;
    if (line !== undefined || (before !== undefined && before.time >= time)) {
      for (let low = this.#firstOf(target), high = Math.min(this.#lastOf(target), end - 1); low <= high;) {
        const middle = low + Math.floor((high - low) / 2);
        const line = from(middle);
        if (line !== undefined && line.time < time) low = line.id + 1;
        else {
          first = line?.id ?? first;
          high = middle - 1;
        }
      }
    }
    if (first < Infinity) return first;
    const ahead = this.#one<{ id: number }>(
      `SELECT id FROM message WHERE target = ? AND time >= ? AND time <= ? AND id >= (time + 1) * 1024
        ORDER BY time LIMIT 1`,
      target,
      time,
      now,
    );
    return ahead?.id ?? Infinity;
  }

  #firstOf(target: number): number {
    return this.#one<{ first: number | null }>("SELECT min(id) AS first FROM message WHERE target = ?", target)!
      .first ?? 0;
  }

  #lastOf(target: number): number {
    return this.#one<{ last: number | null }>("SELECT max(id) AS last FROM message WHERE target = ?", target)!.last ??
      0;
  }

  /** The same, where those were not counted as gone before. */
  #dropAged(target: number, upTo: number): number {
    const dropped = this.#drop(target, upTo);
    const known = this.#counts.get(target);
    if (this.#counting?.target === target) this.#counting = undefined;
    if (this.#trimming?.target === target) this.#counts.delete(target); // some of them may have been
    else if (known !== undefined) this.#counts.set(target, known - dropped);
    return dropped;
  }

  /** Drops some lines of a target that are as old as one, or older; returns how many. */
  #drop(target: number, upTo: number): number {
    if (upTo <= 0) return 0;
    const rows = this.#all<CountedRow>(
      `SELECT ${COUNTED_COLUMNS} FROM message WHERE target = ? AND id <= ? ORDER BY id LIMIT ?`,
      target,
      upTo,
      DROP_STEP,
    );
    const last = rows.at(-1);
    if (last === undefined) return 0;
    const hasWords = this.#hasWords(target);
    this.#write(() => {
      if (hasWords) {
        for (const { id } of rows) this.#run("DELETE FROM word WHERE rowid = ?", id);
      }
      this.#run("DELETE FROM message WHERE target = ? AND id <= ?", target, last.id);
      this.#usage.uncount(target, rows);
    });
    this.#unmerged = true;
    return rows.length;
  }

  /**
   * Drops some of the oldest lines of a writer in a target, within a transaction.
   *
   * @returns How many lines were looked at, how many were dropped, and whether no more of the writer's are as old as a
   * line, or older.
   */
  #dropBy(writer: string, target: number, upTo: number, most: number) {
    const share = this.#usage.share(writer, target);
    if (share === undefined) return { seen: 0, dropped: 0, over: true };
    const rows = this.#all<CountedRow>(
      `SELECT ${COUNTED_COLUMNS} FROM message WHERE target = ? AND id >= ? AND id <= ? ORDER BY id LIMIT ?`,
      target,
      share.first,
      upTo,
      STEP,
    );
    const all = rows.filter((row) => this.#usage.isBy(row, writer));
    const theirs = all.slice(0, most);
    const over = theirs.length === all.length && rows.length < STEP;
    const next = theirs.length < all.length ? all[theirs.length]!.id : (rows.at(-1)?.id ?? share.first) + 1;
    const hasWords = this.#hasWords(target);
    const isEnd = over && upTo >= this.#lastOf(target);
    for (const { id } of theirs) {
      if (hasWords) this.#run("DELETE FROM word WHERE rowid = ?", id);
      this.#run("DELETE FROM message WHERE target = ? AND id = ?", target, id);
    }
    this.#usage.uncount(target, theirs);
    if (isEnd) this.#usage.clear(writer, target);
    else this.#usage.advance(writer, target, over ? upTo + 1 : next);
    const known = this.#counts.get(target);
    if (known !== undefined) this.#counts.set(target, known - theirs.length);
    if (theirs.length > 0) this.#unmerged = true;
    return { seen: rows.length, dropped: theirs.length, over };
  }

  /** Whether lines of a target are in the index: what is private is not, and may have the id of something that is. */
  #hasWords(target: number): boolean {
    const { key } = this.#one<{ key: string }>("SELECT key FROM target WHERE id = ?", target)!;
    return isRoom(key) || key.startsWith(FORGOTTEN_ROOM);
  }

  /** Lets go of a target in which nothing is left, and where nothing has happened since a time. */
  #desert(row: TargetRow, since: number, onDeserted: (room: string) => void) {
    const changed = Math.max(row.since, row.topic_at ?? 0, row.changed);
    if (changed > since || (changed < UNKNOWN_BEFORE && this.#clock.age < this.#retention.age)) return;
    if (this.#one("SELECT 1 FROM message WHERE target = ? LIMIT 1", row.id) !== undefined) return;
    if (row.key.startsWith("#")) onDeserted(row.key);
    else this.forget(row.key);
  }

  /** Gives some idle pages back to the disk. */
  #vacuum(): boolean {
    const idle = pragma(this.#file.db, "freelist_count");
    this.#vacuuming = idle > (this.#vacuuming ? 0 : IDLE_PAGES);
    if (this.#vacuuming) this.#all(`PRAGMA incremental_vacuum(${VACUUM_STEP})`); // each page is a row: one would be one
    return this.#vacuuming;
  }

  /** Does something that can wait; returns true, as if there were more of it, while another program has the file locked. */
  #unlessLocked(run: () => boolean): boolean {
    try {
      return run();
    } catch (error) {
      if (isLocked(error)) return true;
      throw storeError(error);
    }
  }

  /** Writes something, wholly or not at all. */
  #write<T>(write: () => T): T {
    try {
      if (!this.#begun) this.#begin.run();
      this.#begun = false;
      const result = write();
      this.#end.run();
      return result;
    } catch (error) {
      try {
        this.#file.db.exec("ROLLBACK");
      } catch {
        // SQLite has done so by itself.
      }
      this.#targets.clear(); // some of these may never have been written …
      this.#counts.clear(); // … or counted wrong
      throw storeError(error);
    }
  }

  #run(sql: string, ...values: Value[]) {
    this.#prepared(sql).run(...values);
  }

  #one<T>(sql: string, ...values: Value[]): T | undefined {
    return this.#prepared(sql).get(...values) as T | undefined;
  }

  /** Rows, all at once: `iterate` keeps some memory for good whenever it is not followed to the end. */
  #all<T>(sql: string, ...values: Value[]): T[] {
    return this.#prepared(sql).all(...values) as T[];
  }

  #prepared(sql: string): StatementSync {
    let statement = this.#statements.get(sql); // as many as there are in this file
    if (statement === undefined) {
      statement = this.#file.db.prepare(sql);
      this.#statements.set(sql, statement);
    }
    return statement;
  }
}

/** What can be given to SQLite. */
type Value = string | number | null;

function reading<T>(read: () => T): T {
  try {
    return read();
  } catch (error) {
    throw storeError(error);
  }
}

/** A row as what happened. */
export function lineOf(row: Row, name: string): Line {
  const { id, time, origin, text, tags } = row;
  const account = row.account === null ? {} : { account: row.account };
  const [style, bot] = [STYLES[row.style]!, row.bot === 1];
  const speech = { who: nickOf(origin), origin, ...account, id, text, style, time, tags, bot };
  if (row.recipient === null) return { kind: "said", ...speech, room: name } satisfies Said;
  return { kind: "whispered", ...speech, to: row.recipient } satisfies Whispered;
}

function isRoom(key: string): boolean {
  return key.startsWith("#");
}

/** Whether a target was forgotten; only some of its lines may still be there. */
function isForgotten(key: string): boolean {
  return key.startsWith(FORGOTTEN);
}

function nickOf(origin: string): string {
  return origin.slice(0, origin.indexOf("!"));
}

/** What a word in a room is found by: no word has the character between. */
function wordIn(target: number, word: string): string {
  return `${target.toString(36)}_${word}`;
}

/** What somebody in a room is found by: in letters and digits, which not all in a name are, and as no word is. */
function nickIn(target: number, nick: string): string {
  return wordIn(
    target,
    `_${[...new TextEncoder().encode(nick)].map((byte) => byte.toString(16).padStart(2, "0")).join("")}`,
  );
}

/** How many lines are wanted, as SQLite takes it: for that, infinity is no number, and less than none is all. */
function limit(count: number): number {
  return Math.max(0, Math.min(count, Number.MAX_SAFE_INTEGER));
}
