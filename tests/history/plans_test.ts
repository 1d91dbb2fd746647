/**
 * Tests the query plans of SQLite (`EXPLAIN QUERY PLAN`): each statement must find its lines by an index, however many
 * other lines there are. Plans do not depend on the contents of the file, as tincan never runs ANALYZE. How fast the
 * statements are depends on the machine: `bench/history.ts` measures that.
 */
import { assert, assertEquals, assertMatch } from "@std/assert";
import type { DatabaseSync } from "node:sqlite";
import { SqliteHistory } from "../../src/history/sqlite.ts";
import { runToEnd } from "../../src/util/steps.ts";
import { DAY, Place, runMaintenance, said, whispered } from "./helpers.ts";

/** A file with indexed lines. */
async function filled(): Promise<Place> {
  const place = new Place();
  const history = await place.open();
  for (let n = 0; n < 30; n++) history.add("#tea", said("#tea", `hello ${n}`));
  for (const target of ["alice bob", "bob alice"]) history.add(target, whispered("bob", "psst"));
  history.commit();
  runMaintenance(history);
  return place;
}

/** Runs a function; returns the plans of the statements on lines and terms that were prepared meanwhile. */
function plansOf(db: DatabaseSync, run: () => void): string[][] {
  const prepare = db.prepare.bind(db);
  const statements = new Set<string>();
  db.prepare = (sql) => {
    statements.add(sql);
    return prepare(sql);
  };
  run();
  return [...statements].filter((sql) => /\b(?:message|word)\b/.test(sql)).map((sql) => {
    const steps = prepare(`EXPLAIN QUERY PLAN ${sql}`).all().map(({ detail }) => String(detail));
    return steps.filter((step) => /^(?:SCAN|SEARCH) (?:message|word)\b|TEMP B-TREE/.test(step));
  });
}

/** Ranges of ids in a target, and single ids: all by the primary key. */
const BETWEEN = /^SEARCH message USING PRIMARY KEY \(target=\? AND id>\? AND id<\?\)$/;
const AFTER = /^SEARCH message USING PRIMARY KEY \(target=\? AND id>\?\)$/;
const ONE = /^SEARCH message USING PRIMARY KEY \(target=\? AND id=\?\)$/;
/** Lines between two times whose ids are ahead of their times. */
const AHEAD = /^SEARCH message USING COVERING INDEX message_ahead \(target=\? AND time>\? AND time<\?\)$/;
/** Lines of a target, of which `max(id)` reads only the last (sqlite.org, "MIN/MAX optimization"). */
const TARGET = /^SEARCH message USING PRIMARY KEY \(target=\?\)$/;
/**
 * A term (`M`, for MATCH) between two ids (`><`), in descending order of ids (192, in SQLite's `fts5_main.c`). SQLite calls
 * everything that FTS5 does a scan.
 */
const WORDS = /^SCAN word VIRTUAL TABLE INDEX 192:M\d+><$/;

const READS: Record<string, [read: (history: SqliteHistory) => unknown, steps: RegExp[]]> = {
  "the latest lines": [(history) => history.page("#tea", { count: 5 }), [BETWEEN]],
  "the lines after one": [(history) => history.page("#tea", { after: 1, first: true, count: 5 }), [BETWEEN]],
  "a line, by its id": [(history) => history.has("#tea", 1), [ONE]],
  "the first line since a time": [(history) => history.firstSince("#tea", 1), [AFTER]],
  "the first line since a time that the clock has not reached": [
    (history) => atTime(2000, () => history.firstSince("#tea", 1)),
    [AFTER, AHEAD],
  ],
  "the lines with some terms": [
    (history) => runToEnd(history.search(["#tea"], { terms: ["hello"], from: "alice", count: 5 })),
    [TARGET, TARGET, WORDS, ONE],
  ],
};

/** Runs a function while the clock shows a time. */
function atTime<T>(time: number, run: () => T): T {
  const now = Date.now;
  Date.now = () => time;
  try {
    return run();
  } finally {
    Date.now = now;
  }
}

for (const [what, [read, steps]] of Object.entries(READS)) {
  Deno.test(`query plans: SQLite uses an index for ${what}`, async () => {
    using place = await filled();
    const history = new SqliteHistory(place.database);
    const plans = plansOf(place.database.db, () => read(history));
    assertEquals(plans.length, steps.length, JSON.stringify(plans));
    for (const [n, step] of steps.entries()) {
      assertEquals(plans[n]!.length, 1, JSON.stringify(plans));
      assertMatch(plans[n]![0]!, step);
    }
  });
}

/** The settings of a new room. */
const EMPTY = { since: 0, topic: undefined, switches: [], password: undefined, limit: Infinity, masks: [], roles: [] };

Deno.test("query plans: no statement of the store scans all lines", async () => {
  using place = await filled();
  const plans = plansOf(place.database.db, () => {
    for (const retention of [{ age: DAY, lines: 10 }, { size: 1 }]) {
      const history = new SqliteHistory(place.database, retention);
      for (let n = 0; n < 30; n++) history.add("#tea", said("#tea", `again ${n}`));
      history.saveRoom({ ...EMPTY, name: "#empty" });
      history.commit();
      for (const [read] of Object.values(READS)) read(history);
      runToEnd(history.targets("#"));
      history.rooms();
      runMaintenance(history);
      for (const target of ["#tea", "alice bob"]) history.deleteTarget(target);
    }
  });
  const steps = plans.flat();
  for (const table of ["message", "word"]) assert(steps.some((step) => step.includes(` ${table} `)));
  for (const step of steps) {
    assertMatch(
      step,
      /^SEARCH message USING (?:PRIMARY KEY|COVERING INDEX message_ahead) \(target=\?|^SCAN word VIRTUAL TABLE INDEX \d+:(?:M\d+><|=)$/,
    );
  }
});

Deno.test("query plans: times are looked up in the partial index only", async () => {
  using place = await filled();
  const statements = new Set<string>();
  const { db } = place.database;
  const prepare = db.prepare.bind(db);
  db.prepare = (sql) => {
    statements.add(sql);
    return prepare(sql);
  };
  for (const now of [2000, Date.now(), Date.now() + 2 * DAY]) {
    atTime(now, () => {
      const history = new SqliteHistory(place.database, { age: DAY });
      for (const time of [1, now - DAY, now]) history.firstSince("#tea", time);
      runMaintenance(history);
    });
  }
  const timed = [...statements].filter((sql) => /\bFROM message\b.*\bAND time\b/s.test(sql));
  assert(timed.length > 0);
  for (const sql of timed) {
    const [step] = prepare(`EXPLAIN QUERY PLAN ${sql}`).all();
    assertMatch(String(step!.detail), /INDEX message_ahead /, sql);
  }
});
