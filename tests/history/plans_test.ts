/**
 * How SQLite goes about what it is asked (`EXPLAIN QUERY PLAN`): it must go straight to the lines that are wanted, however
 * many others there are. How fast that is depends on the machine, and is what `bench/history.ts` measures. The plan does
 * not, nor on what is in the file, as nobody has SQLite gather statistics there.
 */
import { assert, assertEquals, assertMatch } from "@std/assert";
import type { DatabaseSync } from "node:sqlite";
import { SqliteHistory } from "../../src/history/sqlite.ts";
import { finish } from "../../src/util/steps.ts";
import { DAY, Place, runMaintenance, said, whispered } from "./helpers.ts";

/** A file in which something was said, whose words can be found. */
async function filled(): Promise<Place> {
  const place = new Place();
  const history = await place.open();
  for (let n = 0; n < 30; n++) history.add("#tea", said("#tea", `hello ${n}`));
  for (const target of ["alice bob", "bob alice"]) history.add(target, whispered("bob", "psst"));
  history.commit();
  runMaintenance(history);
  return place;
}

/** Does something; returns how SQLite looks for lines and words in each of the statements that were prepared meanwhile. */
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

/** What is between two ids in a target, after an id, or one alone: all by the primary key. */
const BETWEEN = /^SEARCH message USING PRIMARY KEY \(target=\? AND id>\? AND id<\?\)$/;
const AFTER = /^SEARCH message USING PRIMARY KEY \(target=\? AND id>\?\)$/;
const ONE = /^SEARCH message USING PRIMARY KEY \(target=\? AND id=\?\)$/;
const BEFORE = /^SEARCH message USING PRIMARY KEY \(target=\? AND id<\?\)$/;
/** What was said between two times while ids were ahead of the clock. */
const AHEAD = /^SEARCH message USING COVERING INDEX message_ahead \(target=\? AND time>\? AND time<\?\)$/;
/** What is in a target; of which `max(id)` takes the last, and looks at no other (sqlite.org, "MIN/MAX optimization"). */
const TARGET = /^SEARCH message USING PRIMARY KEY \(target=\?\)$/;
/**
 * What has some words (`M`, for MATCH) and is between two ids (`><`), by the index, from the last id to the first (192, in
 * SQLite's `fts5_main.c`). Whatever FTS5 does is called a scan.
 */
const WORDS = /^SCAN word VIRTUAL TABLE INDEX 192:M\d+><$/;

const READS: Record<string, [read: (history: SqliteHistory) => unknown, steps: RegExp[]]> = {
  "the latest lines": [(history) => history.page("#tea", { count: 5 }), [BETWEEN]],
  "the lines after one": [(history) => history.page("#tea", { after: 1, first: true, count: 5 }), [BETWEEN]],
  "a line, by its id": [(history) => history.has("#tea", 1), [ONE]],
  "the first line since a time": [(history) => history.firstSince("#tea", 1), [BEFORE, AFTER]],
  "the first line since a time that the clock has not reached": [
    (history) => atTime(2000, () => history.firstSince("#tea", 1)),
    [BEFORE, AFTER, AHEAD],
  ],
  "the lines with some words": [
    (history) => finish(history.search(["#tea"], { terms: ["hello"], from: "alice", count: 5 })),
    [TARGET, TARGET, WORDS, ONE],
  ],
};

/** Does something while the clock says a time. */
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

/** A room in which nothing was ever said. */
const EMPTY = { since: 0, topic: undefined, switches: [], password: undefined, limit: Infinity, masks: [] };

Deno.test("query plans: no statement of the store scans all lines", async () => {
  using place = await filled();
  const plans = plansOf(place.database.db, () => {
    for (const kept of [{ age: DAY, lines: 10 }, { size: 1 }]) {
      const history = new SqliteHistory(place.database, kept);
      for (let n = 0; n < 30; n++) history.add("#tea", said("#tea", `again ${n}`));
      history.saveRoom({ ...EMPTY, name: "#deserted" });
      history.commit();
      for (const [read] of Object.values(READS)) read(history);
      finish(history.targets("#"));
      history.rooms();
      runMaintenance(history);
      for (const target of ["#tea", "alice bob"]) history.forget(target);
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
