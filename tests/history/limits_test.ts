/** Tests the limits of lines and bytes in the SQLite store, and how the file shrinks. */
import { assert, assertEquals } from "@std/assert";
import type { SQLInputValue } from "node:sqlite";
import {
  Clock,
  commitLines,
  DAY,
  found,
  lines,
  MANY,
  MINUTE,
  NOON,
  Place,
  PLAIN_ROOM,
  runMaintenance,
  said,
  SWEEP_TIME,
  texts,
  tickingClock,
  whispered,
} from "./helpers.ts";

Deno.test("sqlite: the line limit of a target holds within a tenth, and deleted lines are not found", async () => {
  using place = new Place();
  let history = await place.open({ age: Infinity, lines: MANY });
  commitLines(history, ...lines("#room", 2 * MANY), ...lines("#other", 3));
  runMaintenance(history);
  assertEquals([texts(history, "#room").length, texts(history, "#other").length], [MANY, 3]);
  commitLines(history, ...lines("#room", MANY / 10 - 1));
  runMaintenance(history);
  assertEquals(texts(history, "#room").length, MANY + MANY / 10 - 1);
  commitLines(history, said("#room", "the last"));
  runMaintenance(history);
  const stored = texts(history, "#room");
  assertEquals([stored.length, stored[0], stored.at(-1)], [MANY, `all word${MANY + MANY / 10}`, "the last"]);
  assertEquals([found(history, "word500"), found(history, "all").length], [[], MANY - 1]);
  assertEquals(place.number("SELECT count(*) FROM word_docsize"), MANY + 3);
  history = await place.open({ age: Infinity, lines: 2 }); // a lower limit applies after a restart
  runMaintenance(history);
  assertEquals([texts(history, "#room").length, texts(history, "#other")], [2, ["all word1", "all word2"]]);
});

Deno.test("sqlite: each sweep enforces the line limit when few lines are added at a time", async () => {
  using clock = new Clock();
  using place = new Place();
  const history = await place.open({ age: Infinity, lines: 10 * MANY }); // a tenth of it is more than what is added at once
  for (let n = 0; n < 10; n++, clock.now++) commitLines(history, ...lines("#room", MANY));
  runMaintenance(history);
  for (let n = 0; n < 3; n++) {
    commitLines(history, ...lines("#room", MANY - 1)); // many more than one step deletes
    runMaintenance(history);
    assertEquals(texts(history, "#room", Infinity).length, 11 * MANY - 1, "a tenth above the limit is allowed");
    clock.now += SWEEP_TIME;
    runMaintenance(history);
    assertEquals(texts(history, "#room", Infinity).length, 10 * MANY);
  }
});

Deno.test("sqlite: lines that are added during deletion count for the limit", async () => {
  using place = new Place();
  const history = await place.open({ age: Infinity, lines: 10 });
  commitLines(history, ...lines("#room", MANY));
  while (texts(history, "#room").length === MANY) assert(history.runStep(() => {}), "nothing was deleted");
  commitLines(history, ...lines("#room", MANY));
  runMaintenance(history);
  assertEquals(texts(history, "#room").length, 10);
});

Deno.test("sqlite: a step stays within its time, and exceeded limits come first", async () => {
  using place = new Place();
  const history = await place.open({ lines: 10 });
  runMaintenance(history);
  assertEquals(history.overdue, false);
  commitLines(history, ...lines("#room", MANY));
  assertEquals(history.overdue, true);
  {
    using _slow = tickingClock(1000); // so that each step does as little as possible
    while (texts(history, "#room").length === MANY) assert(history.runStep(() => {})); // first they are counted by writer
    assertEquals([history.overdue, texts(history, "#room").length], [true, MANY - 25]);
    for (let n = 0; n < 24; n++) history.runStep(() => {});
    assertEquals([history.overdue, texts(history, "#room").length], [false, 10]);
    runMaintenance(history);
    const [first, second] = [said("#room", "all 1"), said("#room", "all 2")];
    commitLines(history, first, second);
    const indexed = () => place.number("SELECT indexed FROM target");
    for (let n = 0; n < 8 && indexed() < first.id; n++) history.runStep(() => {});
    assertEquals(indexed(), first.id, "one line is indexed in a step");
  }
  commitLines(history, ...lines("#other", MANY));
  using _fast = tickingClock(0);
  history.runStep(() => {});
  assertEquals([history.overdue, texts(history, "#other").length], [false, 10]);
});

Deno.test("sqlite: the oldest lines of all targets are deleted when the file is too large, and no more than necessary", async () => {
  using clock = new Clock();
  using place = new Place();
  const size = 2 ** 20;
  const history = await place.open({ size });
  const used = () => {
    return place.number("PRAGMA page_size") *
      (place.number("PRAGMA page_count") - place.number("PRAGMA freelist_count"));
  };
  const targets = ["#a", "#b", "alice@host bob"];
  const ids = () => targets.map((target) => history.page(target, { count: Infinity }).map(({ id }) => id));
  let n = 0;
  const say = (times: number) => {
    for (const end = n + times; n < end; n++, clock.now += MINUTE) {
      const target = targets[n % 3]!;
      const text = `word${n} ${"x".repeat(500)}`;
      history.add(target, target.startsWith("#") ? said(target, text) : whispered("bob", text));
    }
    history.commit();
  };
  say(1200);
  runMaintenance(history);
  assertEquals([history.overdue, ids().flat().length], [false, 1200], "they fit");
  for (let round = 0; round < 3; round++) {
    say(600);
    runMaintenance(history);
    assert(used() <= size && used() > size * 0.8, `${used()} bytes are in use`);
    const left = ids();
    const [oldest, newest] = [Math.min(...left.flat()), Math.max(...left.flat())];
    for (const each of left) {
      assert(each[0]! - oldest <= (newest - oldest) / 8, "the oldest lines of all targets are about equally old");
      assert(newest - each.at(-1)! <= 3 * 1024 * MINUTE, "the newest lines are there");
    }
    assert(
      place.number("PRAGMA page_count") * place.number("PRAGMA page_size") < 2.5 * size,
      "the file has not grown further",
    );
  }
  assertEquals([found(history, "word0", { rooms: ["#a"] }), history.overdue], [[], false]);
  assertEquals(place.number("SELECT count(*) FROM word_docsize"), ids().slice(0, 2).flat().length);
});

Deno.test("sqlite: the store stays overdue until the file is small enough", async () => {
  using place = new Place();
  const size = 2 ** 18;
  const history = await place.open({ size });
  for (let n = 0; n < 1500; n++) history.add("#room", said("#room", "x".repeat(500), { time: NOON + n * MINUTE }));
  history.commit();
  const isTooLarge = () => {
    const pages = place.number("PRAGMA page_count") - place.number("PRAGMA freelist_count");
    return pages * place.number("PRAGMA page_size") > size;
  };
  using _slow = tickingClock(1000);
  assert(isTooLarge());
  while (isTooLarge()) {
    history.runStep(() => {});
    assert(history.overdue || !isTooLarge());
  }
});

Deno.test("sqlite: the size limit looks at few rooms in one step", async () => {
  using place = new Place();
  const history = await place.open({ size: 2 ** 18 });
  for (let n = 0; n < 500; n++) commitLines(history, said(`#room${n}`, "x".repeat(500), { time: NOON + n * MINUTE }));
  const count = () => place.number("SELECT count(*) FROM message");
  const all = count();
  using _slow = tickingClock(1000); // so that each step does as little as possible
  let steps = 0;
  for (; count() === all; steps++) history.runStep(() => {});
  assert(steps > 10 && steps < 30, `after ${steps} steps`); // ten to count the lines, ten to measure the rooms
});

Deno.test("sqlite: the size limit deletes empty conversations and spares newer lines in rooms", async () => {
  using clock = new Clock();
  using place = new Place();
  const size = 2 ** 20;
  const history = await place.open({ size });
  // A conversation without lines, as a crash may leave one.
  place.database.db.exec("INSERT INTO target (key, name, since) VALUES ('guest@host bob', 'guest@host bob', 1)");
  for (let n = 0; n < 20_000; n++, clock.now += 1000) history.add(`guest${n}@host bob`, whispered("bob", "hi"));
  commitLines(history, ...lines("#room", 10));
  runMaintenance(history);
  assertEquals([texts(history, "#room").length, history.overdue], [10, false]);
  const left = "SELECT count(*) FROM target WHERE key GLOB 'guest*'";
  assert(place.number(left) > 0, "some fit");
  const [pages, free] = [place.number("PRAGMA page_count"), place.number("PRAGMA freelist_count")];
  assert((pages - free) * place.number("PRAGMA page_size") <= size, "and no more than that");
  assertEquals(place.number(left), place.number("SELECT count(DISTINCT target) FROM message") - 1);
});

Deno.test("sqlite: the size limit does nothing when there are no lines", async () => {
  using place = new Place();
  const history = await place.open({ size: 1 });
  history.saveRoom({ ...PLAIN_ROOM, name: "#room" });
  commitLines(history, said("#other", "1"), said("#other", "2"));
  runMaintenance(history);
  assertEquals([texts(history, "#other"), history.rooms().length, history.overdue], [[], 2, false]);
});

Deno.test("sqlite: the line limit applies to private conversations", async () => {
  using place = new Place();
  const history = await place.open({ age: Infinity, lines: 2 });
  for (const text of ["1", "2", "3"]) history.add("alice@host bob", whispered("bob", text));
  history.commit();
  runMaintenance(history);
  assertEquals(texts(history, "alice@host bob"), ["2", "3"]);
});

Deno.test("sqlite: lines above the limit are counted some at a time", async () => {
  using place = new Place();
  const all = 7000;
  const first = await place.open();
  for (let n = 0; n < all; n++) first.add("#room", said("#room", "x", { time: NOON + n * MINUTE })); // too slow for a flood
  first.commit();
  runMaintenance(first);
  for (const [limit, stored] of [[6900, 6900], [4000, 4000], [3999, 3999], [10, 10]] as const) {
    const history = await place.open({ lines: limit });
    const values: unknown[] = [];
    const { db } = place.database;
    const prepare = db.prepare.bind(db);
    db.prepare = (sql) => {
      const statement = prepare(sql);
      const get = statement.get.bind(statement);
      statement.get = (...given: unknown[]) => {
        if (/\b(?:LIMIT|OFFSET) \?/.test(sql)) values.push(given.at(-1));
        return get(...given as SQLInputValue[]);
      };
      return statement;
    };
    runMaintenance(history);
    const most = Math.max(...values as number[]);
    assert(values.length > 0 && most <= 2000, `${most} lines at once`);
    assertEquals(texts(history, "#room", all).length, stored, `of ${limit}`);
  }
});

Deno.test("sqlite: the file shrinks in small steps after lines were deleted", async () => {
  using clock = new Clock();
  using place = new Place();
  const history = await place.open({ age: DAY, lines: Infinity });
  commitLines(history, ...Array.from({ length: MANY }, () => said("#room", "x".repeat(10_000))));
  runMaintenance(history);
  const pages = () => place.number("PRAGMA page_count");
  const before = pages();
  clock.now += DAY + 1;
  commitLines(history, said("#room", "new"));
  let last = before;
  for (let more = true; more;) {
    more = history.runStep(() => {});
    assert(last - pages() <= 100, `${last - pages()} of ${before} pages at once`);
    last = pages();
  }
  assertEquals([place.number("PRAGMA freelist_count"), place.number("SELECT count(*) FROM message")], [0, 1]);
  place.close();
  const { size } = Deno.statSync(place.file);
  assert(size < MANY * 1000, `${size} bytes`);
});

Deno.test("sqlite: a few free pages are left for reuse", async () => {
  using place = new Place();
  const history = await place.open();
  commitLines(history, said("#room", "x".repeat(100_000)));
  history.deleteTarget("#room");
  runMaintenance(history);
  assert(place.number("PRAGMA freelist_count") > 0, "no page is free");
});
