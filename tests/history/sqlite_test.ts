/** Tests the SQLite store: lines, pages, rooms, targets, and commits that fail. */
import type { SQLInputValue } from "node:sqlite";
import { assert, assertEquals, assertNotEquals, assertThrows } from "@std/assert";
import type { Said } from "../../src/chat/events.ts";
import { type Line, type SavedRoom, StoreError } from "../../src/chat/store.ts";
import { MemoryHistory } from "../../src/history/memory.ts";
import { runToEnd } from "../../src/util/steps.ts";
import {
  both,
  commitLines,
  DAY,
  found,
  leaveRoom,
  lines,
  MANY,
  NOON,
  Place,
  PLAIN_ROOM,
  rowsAtOnce,
  runMaintenance,
  said,
  texts,
  whispered,
} from "./helpers.ts";

Deno.test("sqlite: committed lines survive a restart, and other lines are lost", async () => {
  using place = new Place();
  const history = await place.open();
  assertEquals([history.persistent, history.commit(), texts(history, "#room")], [true, false, []]);
  history.add("#room", said("#room", "1"));
  history.add("#room", said("#room", "2"));
  assertEquals(texts(history, "#room"), [], "before the commit");
  assertEquals([history.commit(), texts(history, "#room")], [true, ["1", "2"]]);
  assertEquals([history.commit(), texts(history, "#room")], [false, ["1", "2"]]);
  history.add("#room", said("#room", "3"));
  assertEquals(texts(await place.open(), "#room"), ["1", "2"]);
});

Deno.test("sqlite: lines are returned as they were added, whatever they contain", async () => {
  using place = new Place();
  const history = await place.open();
  const texts = [
    "'; DROP TABLE message; --",
    '"',
    "👩‍👩‍👧 今日は\ufffd",
    "%_\\ \t\x02bold\x0f",
    "x".repeat(100_000),
    "",
  ];
  const all: Line[] = [
    ...texts.map((text) => said("#Room", text)),
    said("#Room", "waves", { style: "action", who: "[Bob]^|", bot: true }),
    said("#Room", "psst", { style: "notice", tags: "+draft/reply=abc;+x=\\s'" }),
    said("#Room", "later", { id: Number.MAX_SAFE_INTEGER - 1 }),
  ];
  for (const line of all) history.add("#room", line);
  const secrets = [whispered("bob", "hi"), whispered("Alice", "me too", { who: "bob", style: "action" })];
  for (const line of secrets) history.add("alice@host bob", line);
  history.commit();
  assertEquals(history.page("#room", { count: 100 }), all);
  assertEquals(history.page("alice@host bob", { count: 100 }), secrets);
  const again = await place.open();
  assertEquals(again.page("#room", { count: 100 }), all);
  assertEquals(again.page("alice@host bob", { count: 100 }), secrets);
});

Deno.test("sqlite: a page is the first or last lines between two ids, which are excluded", async () => {
  using place = new Place();
  const history = await place.open();
  commitLines(
    history,
    ...Array.from({ length: 9 }, (_, n) => said("#room", `${n}`, { id: 10 * n + 1 })),
    said("#other", "x"),
  );
  const page = (range: { after?: number; before?: number; first?: boolean }, count = 2) =>
    history.page("#room", { ...range, count }).map(({ text }) => text).join("");
  assertEquals(page({}), "78");
  assertEquals(page({ first: true }), "01");
  assertEquals(page({ before: 71 }), "56");
  assertEquals(page({ before: 71, first: true }), "01");
  assertEquals(page({ after: 41 }), "78");
  assertEquals(page({ after: 41, first: true }), "56");
  assertEquals(page({ after: 41, before: 81 }), "67");
  assertEquals(page({ after: 41, before: 81, first: true }, 9), "567");
  assertEquals(page({ after: 46, before: 66 }, 9), "56", "ids without a line");
  assertEquals(page({ after: -Infinity, before: Infinity }, 9), "012345678");
  assertEquals(page({ after: 41, before: 51 }) + page({ after: 71, before: 31 }) + page({ before: 1 }), "");
  assertEquals(history.page("#never", { count: 1 }), []);
});

Deno.test("sqlite: a page has at most the given characters, but at least one line", async () => {
  using place = new Place();
  const [file, memory] = [await place.open(), new MemoryHistory()];
  const lines = ["a", "bb", "ccc", "dddd", "ee"].map((text, n) => said("#room", text, { id: n + 1, tags: "+t" }));
  for (const each of [file, memory]) commitLines(each, ...lines);
  const page = (range: { first?: boolean; after?: number; before?: number; characters?: number }, count = 9) => {
    const [one, other] = both(file, memory, (each) => each.page("#room", { count, ...range }).map(({ text }) => text));
    assertEquals(one, other);
    return one.join(" ");
  };
  assertEquals([page({}), page({ characters: 22 })], ["a bb ccc dddd ee", "a bb ccc dddd ee"]);
  assertEquals([page({ characters: 21 }), page({ characters: 10 }), page({ characters: 9 })], [
    "bb ccc dddd ee",
    "dddd ee",
    "ee",
  ]);
  assertEquals([page({ characters: 7, first: true }), page({ characters: 6, first: true })], ["a bb", "a"]);
  assertEquals([page({ characters: 0 }), page({ characters: 0, first: true }), page({ characters: 0 }, 0)], [
    "ee",
    "a",
    "",
  ]);
  assertEquals([page({ characters: 11, before: 5 }), page({ characters: 11, after: 1, before: 5 }, 1)], [
    "ccc dddd",
    "dddd",
  ]);
});

Deno.test("sqlite: a page that has all of its characters reads no further lines", async () => {
  using place = new Place();
  const history = await place.open();
  commitLines(history, ...Array.from({ length: 500 }, () => said("#room", "x".repeat(10))));
  let read = 0;
  const prepare = place.database.db.prepare.bind(place.database.db);
  place.database.db.prepare = (sql) => {
    const statement = prepare(sql);
    const all = statement.all.bind(statement);
    statement.all = (...values: unknown[]) => {
      const rows = all(...values as SQLInputValue[]);
      read += rows.length;
      return rows;
    };
    return statement;
  };
  assertEquals(history.page("#room", { count: 500, characters: 100 }).length, 10);
  assertEquals(read, 50);
});

Deno.test("sqlite: a page with limited characters equals that of the history in memory when it is read in parts", async () => {
  using place = new Place();
  const [file, memory] = [await place.open(), new MemoryHistory()];
  const given = Array.from({ length: 120 }, (_, n) => said("#room", String(n).padStart(10, "x")));
  for (const history of [file, memory]) commitLines(history, ...given);
  for (
    const [characters, length] of [[490, 49], [500, 50], [505, 50], [509, 50], [605, 60], [1000, 100], [9999, 120]]
  ) {
    for (const first of [true, false]) {
      const [one, other] = both(file, memory, (each) => each.page("#room", { count: 1000, characters, first }));
      assertEquals([one, one.length], [other, length!], `${characters} ${first}`);
    }
  }
});

Deno.test("sqlite: a count may be 0, negative, large or Infinity", async () => {
  using place = new Place();
  const history = await place.open();
  commitLines(history, ...lines("#room", 3));
  runMaintenance(history);
  for (const [count, there] of [[0, 0], [-1, 0], [2, 2], [Infinity, 3], [Number.MAX_SAFE_INTEGER, 3]] as const) {
    assertEquals(history.page("#room", { count }).length, there, `${count} of a page`);
    assertEquals(history.page("#room", { count, first: true }).length, there, `the first ${count} of a page`);
    assertEquals(found(history, "all", { count }).length, there, `${count} of a search`);
  }
});

Deno.test("sqlite: has() finds a line only in its own target", async () => {
  using place = new Place();
  const history = await place.open();
  commitLines(history, said("#room", "x", { id: 20 }), said("#other", "x", { id: 30 }));
  assertEquals([19, 20, 21, 30].map((id) => history.has("#room", id)), [false, true, false, false]);
  assertEquals(history.has("#never", 20), false);
});

Deno.test("sqlite: the greatest id of all targets is known after opening", async () => {
  using place = new Place();
  const history = await place.open();
  assertEquals(history.last, 0);
  commitLines(history, said("#b", "x", { id: 7 }), said("#a", "x", { id: 5 }));
  assertEquals((await place.open()).last, 7);
  const again = await place.open();
  again.add("alice@host bob", whispered("bob", "x", { id: 9 }));
  again.commit();
  assertEquals((await place.open()).last, 9);
});

Deno.test("sqlite: the secret of a file never changes, and differs between files", async () => {
  using place = new Place();
  using other = new Place();
  const { secret } = await place.open();
  assertEquals(secret.length, 32);
  assertEquals((await place.open()).secret, secret);
  assertNotEquals((await other.open()).secret, secret);
});

Deno.test("sqlite: rooms are returned as they were saved, with masks, oldest first", async () => {
  using place = new Place();
  const history = await place.open();
  const full: SavedRoom = {
    name: "#Full",
    since: NOON - DAY,
    topic: { text: 'it\'s "about" 茶', by: "alice!~a@host", at: NOON },
    switches: ["i", "m", "n", "s", "t", "M", "R"],
    password: "sécret'",
    limit: 17,
    masks: [
      { list: "b", mask: "*!*@evil.*", by: "alice!~a@host", at: NOON },
      { list: "e", mask: "*!*@evil.*", by: "bob!~b@host", at: NOON + 1 },
      { list: "I", mask: "carol!*@*", by: "*", at: NOON + 2 },
      { list: "b", mask: "~a:eve", by: "alice!~a@host", at: NOON + 3, nick: "Evil" },
    ],
    roles: [
      { account: "Alice", role: "owner", since: NOON, by: "Alice" },
      { account: "bob", role: "op", since: NOON + 1, by: "Alice" },
      { account: "carol", role: "voice", since: NOON + 1, by: "*" },
      { account: "dave", role: "member", since: NOON + 2, by: "guest1" },
    ],
  };
  const plain = { ...PLAIN_ROOM, name: "#an-empty-one" };
  history.saveRoom(full);
  history.saveRoom(plain);
  assertEquals(history.rooms(), [], "before the commit");
  assertEquals([history.commit(), history.rooms(), history.commit()], [true, [full, plain], false]);
  assertEquals((await place.open()).rooms(), [full, plain]);
});

Deno.test("sqlite: the last saved state of a room is stored, with a changed name, and its lines stay", async () => {
  using place = new Place();
  const history = await place.open();
  const masks = [{ list: "b", mask: "*!*@*", by: "alice!~a@host", at: NOON }] as const;
  const topic = { text: "tea", by: "alice!~a@host", at: NOON };
  history.saveRoom({ ...PLAIN_ROOM, name: "#Room", topic, switches: ["n"], password: "x", limit: 3, masks });
  commitLines(history, said("#room", "hi"));
  const now = {
    ...PLAIN_ROOM,
    name: "#ROOM",
    since: NOON + 1,
    topic: { text: "coffee", by: "bob!~b@host", at: NOON + 1 },
  };
  history.saveRoom({ ...PLAIN_ROOM, name: "#room" });
  history.saveRoom(now);
  history.commit();
  assertEquals([history.rooms(), texts(history, "#room")], [[now], ["hi"]]);
  assertEquals((history.page("#room", { count: 1 })[0] as Said).room, "#ROOM");
});

Deno.test("sqlite: a line creates its room, and a private line creates none", async () => {
  using place = new Place();
  const history = await place.open();
  const line = said("#Room", "hi");
  history.add("#room", line);
  history.add("alice@host bob", whispered("bob", "hi"));
  history.commit();
  assertEquals(history.rooms(), [{ ...PLAIN_ROOM, name: "#Room", since: line.time }]);
});

Deno.test("sqlite: targets() returns at most 1,000 targets with a prefix and their newest lines", async () => {
  using place = new Place();
  const history = await place.open();
  commitLines(history, said("#a", "1"), said("#a", "2"), said("#b", "3"));
  history.saveRoom({ ...PLAIN_ROOM, name: "#silent" });
  const conversations = {
    "bob@host carol": "4",
    "bob@host dave": "5",
    "bob@host {x}": "6",
    "bobby@host dave": "7",
    "b_b@host dave": "8",
  };
  for (const [target, text] of Object.entries(conversations)) history.add(target, whispered("x", text));
  history.commit();
  const of = (prefix: string) =>
    runToEnd(history.targets(prefix)).map(({ target, line }) => `${target}: ${line.text}`).sort();
  assertEquals(of("bob@host "), ["bob@host carol: 4", "bob@host dave: 5", "bob@host {x}: 6"]);
  assertEquals(of("b_b@"), ["b_b@host dave: 8"]);
  assertEquals(of("b%"), []);
  assertEquals(of("#"), ["#a: 2", "#b: 3"]);
  assertEquals(of("").length, 7);
  for (let n = 0; n <= 1000; n++) history.add(`many ${n}`, whispered("x", "x", { id: n + 1 }));
  history.commit();
  place.database.db.exec("INSERT INTO target (key, name) VALUES ('many ', '')"); // a crash may leave one without lines
  assertEquals(runToEnd(history.targets("many ")).length, 1000);
});

Deno.test("sqlite: a failed commit drops all of its lines, and later commits succeed when there is space", async () => {
  using place = new Place();
  const history = await place.open();
  commitLines(history, said("#room", "before"));
  leaveRoom(place, 2);
  const small = said("#new", "small");
  history.add("#new", small);
  history.add("#room", said("#room", "x".repeat(100_000)));
  const error = assertThrows(() => history.commit(), StoreError);
  assertEquals(error.message, "the disk is full");
  assertEquals([texts(history, "#room"), texts(history, "#new"), history.has("#new", small.id)], [
    ["before"],
    [],
    false,
  ]);
  assertEquals(history.commit(), false, "the lines are not tried again");
  history.add("alice@host bob", whispered("bob", "secret")); // it may get the number that the new room had
  history.add("#other", said("#other", "fits"));
  history.add("#new", said("#new", "after"));
  assertEquals(history.commit(), true);
  leaveRoom(place, 1_000_000);
  commitLines(history, said("#room", "y".repeat(100_000)));
  assertEquals(texts(history, "#room").map((text) => text[0]), ["b", "y"]);
  runMaintenance(history);
  assertEquals(found(history, "after", { rooms: ["#new"] }), ["after"]);
  assertEquals(found(history, "secret", { rooms: ["#new", "#other", "#room"] }), []);
  assertEquals(place.number("SELECT count(*) FROM word_docsize"), 4, "no private line is in the index");
  const again = await place.open();
  assertEquals([texts(again, "#new"), texts(again, "#other"), texts(again, "#room").length], [["after"], ["fits"], 2]);
  assertEquals(texts(again, "alice@host bob"), ["secret"]);
});

Deno.test("sqlite: exactly the newest lines up to the limit are left after maintenance", async () => {
  using place = new Place();
  const history = await place.open({ lines: 20 });
  const given = Array.from(
    { length: 25 },
    (_, n) => said("#room", `${n}`, { who: `user${n}`, origin: `u${n}!u@h${n}` }),
  );
  commitLines(history, ...given);
  runMaintenance(history);
  assertEquals(texts(history, "#room"), given.slice(5).map(({ text }) => text));
});

Deno.test("sqlite: lines of a failed commit do not count for the line limit", async () => {
  using place = new Place();
  const history = await place.open({ lines: 20 });
  commitLines(history, ...lines("#room", 15));
  runMaintenance(history);
  place.database.db.exec(
    "CREATE TRIGGER failure BEFORE INSERT ON message WHEN new.text = 'fail' BEGIN SELECT RAISE(ABORT, 'no'); END",
  );
  for (let n = 0; n < 3; n++) {
    assertThrows(() => commitLines(history, ...lines("#room", 10), said("#room", "fail")), StoreError, "no");
  }
  runMaintenance(history);
  commitLines(history, ...lines("#room", 5));
  runMaintenance(history);
  assertEquals(texts(history, "#room").length, 20);
});

Deno.test("sqlite: rooms of a failed commit are stored by the next one, in their newest state", async () => {
  using place = new Place();
  const history = await place.open();
  leaveRoom(place, 0);
  const topic = { text: "x".repeat(20_000), by: "alice!~a@host", at: NOON };
  const [a, b] = [{ ...PLAIN_ROOM, name: "#a", topic }, { ...PLAIN_ROOM, name: "#b", topic }];
  history.saveRoom(a);
  history.saveRoom(b);
  assertThrows(() => history.commit(), StoreError, "the disk is full");
  assertThrows(() => history.commit(), StoreError, "the disk is full");
  const newer = { ...b, switches: ["m"] } as const;
  history.saveRoom(newer);
  leaveRoom(place, 1_000_000);
  assertEquals([history.commit(), history.rooms()], [true, [a, newer]]);
  assertEquals(history.commit(), false);
});

Deno.test("sqlite: maintenance reports a full disk, loses nothing, and continues when there is space", async () => {
  using place = new Place();
  const history = await place.open();
  commitLines(history, ...Array.from({ length: MANY }, (_, n) => said("#room", `all ${"w".repeat(1000)}${n}`)));
  leaveRoom(place, 0);
  for (let n = 0; n < 2; n++) assertThrows(() => runMaintenance(history), StoreError, "the disk is full");
  const indexed = () => place.number("SELECT count(*) FROM word_docsize");
  assert(texts(history, "#room").length === MANY && indexed() < MANY);
  leaveRoom(place, 1_000_000);
  runMaintenance(history);
  assertEquals([found(history, "all").length, indexed()], [MANY, MANY]);
});

Deno.test("sqlite: targets() reads few conversations in one step", async () => {
  using place = new Place();
  const history = await place.open();
  for (let n = 0; n < 300; n++) history.add(`a ${n}`, whispered("bob", "x"));
  history.commit();
  const steps = history.targets("a ");
  assertEquals(rowsAtOnce(place, () => assert(!steps.next().done)) <= 50, true);
  assertEquals(runToEnd(steps).length, 300);
});
