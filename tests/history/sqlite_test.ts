/**
 * History in a file: what it gives back, when it forgets, and what it does when it cannot write. Nothing here can be seen
 * by SQL alone, but for what is not to be seen at all: whether what was dropped is gone from the index as well.
 */
import { assert, assertEquals, assertNotEquals, assertThrows } from "@std/assert";
import type { SQLInputValue } from "node:sqlite";
import { fc } from "../dependencies.ts";
import type { Said } from "../../src/chat/events.ts";
import { Ids } from "../../src/chat/ids.ts";
import { fold } from "../../src/chat/names.ts";
import { type HistoryStore, type Line, type SavedRoom, type SearchQuery, StoreError } from "../../src/chat/store.ts";
import { MemoryHistory } from "../../src/history/memory.ts";
import { finish } from "../../src/util/steps.ts";
import { QUERY_TERMS_MAX, queryTerms } from "../../src/history/tokenizer.ts";
import { Clock, commitLines, DAY, MINUTE, NOON, Place, runMaintenance, said, texts, whispered } from "./helpers.ts";

/** How often all targets are looked at. */
const SWEEP_TIME = 10 * MINUTE;

/** More lines than are indexed, or dropped, in one step. */
const MANY = 500;

const PLAIN: Omit<SavedRoom, "name"> = {
  since: NOON,
  topic: undefined,
  switches: [],
  password: undefined,
  limit: Infinity,
  masks: [],
};

/** So many lines, all with one word and each with one of its own. */
function lines(room: string, count: number, change: Partial<Said> = {}): Said[] {
  return Array.from({ length: count }, (_, n) => said(room, `all word${n}`, change));
}

/** The texts that are found. */
function found(history: HistoryStore, text: string, query: Partial<SearchQuery> & { rooms?: string[] } = {}): string[] {
  const { rooms = ["#room"], ...rest } = query;
  return finish(history.search(rooms, { terms: queryTerms(text), count: 1000, ...rest })).lines.map(({ text }) => text);
}

Deno.test("sqlite: committed lines survive a restart, and other lines are lost", async () => {
  using place = new Place();
  const history = await place.open();
  assertEquals([history.lasting, history.commit(), texts(history, "#room")], [true, false, []]);
  history.add("#room", said("#room", "1"));
  history.add("#room", said("#room", "2"));
  assertEquals(texts(history, "#room"), [], "before it is committed");
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
  assertEquals(page({ after: 46, before: 66 }, 9), "56", "ids that nothing has");
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
    switches: ["i", "m", "n", "s", "t"],
    password: "sécret'",
    limit: 17,
    masks: [
      { list: "b", mask: "*!*@evil.*", by: "alice!~a@host", at: NOON },
      { list: "e", mask: "*!*@evil.*", by: "bob!~b@host", at: NOON + 1 },
      { list: "I", mask: "carol!*@*", by: "*", at: NOON + 2 },
    ],
  };
  const plain = { ...PLAIN, name: "#an-empty-one" };
  history.saveRoom(full);
  history.saveRoom(plain);
  assertEquals(history.rooms(), [], "before it is committed");
  assertEquals([history.commit(), history.rooms(), history.commit()], [true, [full, plain], false]);
  assertEquals((await place.open()).rooms(), [full, plain]);
});

Deno.test("sqlite: the last saved state of a room is stored, with a changed name, and its lines stay", async () => {
  using place = new Place();
  const history = await place.open();
  const masks = [{ list: "b", mask: "*!*@*", by: "alice!~a@host", at: NOON }] as const;
  const topic = { text: "tea", by: "alice!~a@host", at: NOON };
  history.saveRoom({ ...PLAIN, name: "#Room", topic, switches: ["n"], password: "x", limit: 3, masks });
  commitLines(history, said("#room", "hi"));
  const now = { ...PLAIN, name: "#ROOM", since: NOON + 1, topic: { text: "coffee", by: "bob!~b@host", at: NOON + 1 } };
  history.saveRoom({ ...PLAIN, name: "#room" });
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
  assertEquals(history.rooms(), [{ ...PLAIN, name: "#Room", since: line.time }]);
});

Deno.test("sqlite: targets() returns at most 1,000 targets with a prefix and their newest lines", async () => {
  using place = new Place();
  const history = await place.open();
  commitLines(history, said("#a", "1"), said("#a", "2"), said("#b", "3"));
  history.saveRoom({ ...PLAIN, name: "#silent" });
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
    finish(history.targets(prefix)).map(({ target, line }) => `${target}: ${line.text}`).sort();
  assertEquals(of("bob@host "), ["bob@host carol: 4", "bob@host dave: 5", "bob@host {x}: 6"]);
  assertEquals(of("b_b@"), ["b_b@host dave: 8"]);
  assertEquals(of("b%"), []);
  assertEquals(of("#"), ["#a: 2", "#b: 3"]);
  assertEquals(of("").length, 7);
  for (let n = 0; n <= 1000; n++) history.add(`many ${n}`, whispered("x", "x", { id: n + 1 }));
  history.commit();
  assertEquals(finish(history.targets("many ")).length, 1000);
});

Deno.test("sqlite: a search finds the newest lines with all terms in the given rooms", async () => {
  using place = new Place();
  const history = await place.open();
  commitLines(
    history,
    said("#a", "Tea, please"),
    said("#a", "green tea"),
    said("#b", "GREEN tea here"),
    said("#a", "tea tea"),
  );
  commitLines(history, said("#a", "teapot"), said("#b", "coffee"), said("#c", "secret green tea"));
  runMaintenance(history);
  const rooms = ["#b", "#a", "#never"];
  assertEquals(found(history, "tea", { rooms }), ["Tea, please", "green tea", "GREEN tea here", "tea tea"]);
  assertEquals(found(history, "tea", { rooms, count: 2 }), ["GREEN tea here", "tea tea"]);
  assertEquals(found(history, "tea", { rooms: ["#a", "#b"], count: 3 }), ["green tea", "GREEN tea here", "tea tea"]);
  assertEquals(found(history, "tea green", { rooms }), ["green tea", "GREEN tea here"]);
  assertEquals(found(history, "tea", { rooms: ["#a"] }), ["Tea, please", "green tea", "tea tea"]);
  assertEquals(found(history, "secret", { rooms }), []);
  assertEquals(found(history, "te", { rooms }), []);
  assertEquals(found(history, "green coffee", { rooms }), []);
  assertEquals([found(history, "", { rooms }), found(history, "tea", { rooms: [] })], [[], []]);
  assertEquals(found(history, "room a", { rooms }), [], "the room is no word in it");
});

Deno.test("sqlite: a search can be limited to an author and to a range of ids", async () => {
  using place = new Place();
  const history = await place.open();
  const people = ["Alice", "bob", "alice", "alice_", "ALICE", "[x]`^{|}\\"];
  commitLines(history, ...people.map((who, n) => said("#room", `word ${who}`, { who, id: n + 1 })));
  commitLines(history, said("#other", "word", { id: 100 }));
  runMaintenance(history);
  const ids = (query: { from?: string; after?: number; before?: number }, rooms = ["#room"]) =>
    finish(history.search(rooms, { terms: ["word"], count: 10, ...query })).lines.map(({ id }) => id);
  assertEquals(ids({ from: "alice" }), [1, 3, 5]);
  assertEquals(ids({ from: "alice", after: 1, before: 5 }), [3]);
  assertEquals(ids({ from: "[x]`^{|}\\" }), [6]);
  assertEquals(ids({ after: 1, before: 4 }), [2, 3]);
  assertEquals(ids({ after: 5 }, ["#room", "#other"]), [6, 100]);
  assertEquals(ids({ before: 2, after: -Infinity }), [1]);
  assertEquals(ids({ after: 6, before: Infinity }), []);
  for (const from of ["nobody", "", "*", '"', "alice OR bob", "été\0"]) assertEquals(ids({ from }), [], from);
  assertEquals(found(history, "alice", { from: "bob" }), [], "a name is no word that was said");
});

// deno-fmt-ignore
const SYNTAX = [
  "tea AND", "OR tea", "tea NOT green", "NEAR(tea green, 2)", "NEAR", "AND", "te*", "^tea", "tea + green", "(tea", "tea)", "{words} : tea",
  "words : tea", "-words : tea", "room : r1", "who:n616c696365", "word:tea", '"tea', 'tea"', '""', "'tea'", "`tea`", "tea;", "tea -- x", "%", "?", "?1", ":a", "$a", "\\",
  "\0", "tea\0green", "👍", "tea 👍", "🫖tea", "\ud83d", "今日", "茶", "rank", "rowid : 1", "#room", "1_tea", "_", "__616c696365",
];

Deno.test("sqlite: any query gives results or none, and never an error", async () => {
  using place = new Place();
  const history = await place.open();
  commitLines(history, ...SYNTAX.map((text) => said("#room", text.replaceAll("\0", ""))), said("#room", "green tea"));
  runMaintenance(history);
  const model = new MemoryHistory();
  for (const line of history.page("#room", { count: 1000 })) model.add("#room", line);
  for (const text of SYNTAX) assertEquals(found(history, text), found(model, text), text);
  assertEquals(found(history, "今日"), ["今日"], "each character of some scripts is a word");
  assertEquals(found(history, "tea\0green"), [
    "tea NOT green",
    "NEAR(tea green, 2)",
    "tea + green",
    "green tea",
  ]);
  assertEquals([found(history, "👍"), found(history, '"')], [[], []]);
});

Deno.test("sqlite: a search works with the most terms and with long ones", async () => {
  using place = new Place();
  const history = await place.open();
  const words = Array.from({ length: QUERY_TERMS_MAX }, (_, n) => `${n}`.padStart(2000, "w"));
  commitLines(history, said("#room", words.join(" ")), said("#room", words.slice(1).join(" ")));
  runMaintenance(history);
  assertEquals(found(history, words.join(" ")).length, 1);
  assertEquals(found(history, words.slice(1).join(" ")).length, 2);
  assertEquals(found(history, "w".repeat(1999)), []);
});

Deno.test("sqlite: private lines are not indexed", async () => {
  using place = new Place();
  const history = await place.open();
  history.add("alice@host bob", whispered("bob", "secret"));
  commitLines(history, said("#room", "secret"));
  runMaintenance(history);
  assertEquals(found(history, "secret", { rooms: ["#room", "alice@host bob"] }), ["secret"]);
  assertEquals(place.number("SELECT count(*) FROM word_docsize"), 1);
});

Deno.test("sqlite: lines are indexed by later steps, some at a time", async () => {
  using place = new Place();
  const history = await place.open();
  commitLines(history, ...lines("#room", MANY), ...lines("#other", 1));
  assertEquals(found(history, "all"), []);
  let before = 0;
  for (let more = true; more;) {
    more = history.runStep(() => {});
    const { length } = found(history, "all");
    assert(length - before < MANY, `${length - before} lines in a step`);
    before = length;
  }
  assertEquals([before, found(history, "all", { rooms: ["#other"] }).length], [MANY, 1]);
  commitLines(history, said("#room", "one more for all"));
  runMaintenance(history);
  assertEquals(found(history, "all").at(-1), "one more for all");
});

Deno.test("sqlite: indexing resumes after a restart, each line once", async () => {
  using place = new Place();
  let history = await place.open();
  commitLines(history, ...lines("#room", MANY));
  while (found(history, "all").length === 0) assert(history.runStep(() => {}), "it has put nothing off");
  history = await place.open();
  runMaintenance(history);
  assertEquals(found(history, "all").length, MANY);
  assertEquals(found(await place.open(), "all").length, MANY);
  assertEquals(place.number("SELECT count(*) FROM word_docsize"), MANY);
});

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
  const kept = texts(history, "#room");
  assertEquals([kept.length, kept[0], kept.at(-1)], [MANY, `all word${MANY + MANY / 10}`, "the last"]);
  assertEquals([found(history, "word500"), found(history, "all").length], [[], MANY - 1]);
  assertEquals(place.number("SELECT count(*) FROM word_docsize"), MANY + 3);
  history = await place.open({ age: Infinity, lines: 2 }); // from the next start on
  runMaintenance(history);
  assertEquals([texts(history, "#room").length, texts(history, "#other")], [2, ["all word1", "all word2"]]);
});

Deno.test("sqlite: each sweep enforces the line limit when few lines are added at a time", async () => {
  using clock = new Clock();
  using place = new Place();
  const history = await place.open({ age: Infinity, lines: 10 * MANY }); // so that a tenth is more than comes at a time
  for (let n = 0; n < 10; n++, clock.now++) commitLines(history, ...lines("#room", MANY));
  runMaintenance(history);
  for (let n = 0; n < 3; n++) {
    commitLines(history, ...lines("#room", MANY - 1)); // and many more than are dropped in a step
    runMaintenance(history);
    assertEquals(texts(history, "#room", Infinity).length, 11 * MANY - 1, "there may be a tenth too many");
    clock.now += SWEEP_TIME;
    runMaintenance(history);
    assertEquals(texts(history, "#room", Infinity).length, 10 * MANY);
  }
});

Deno.test("sqlite: lines that are added during deletion count for the limit", async () => {
  using place = new Place();
  const history = await place.open({ age: Infinity, lines: 10 });
  commitLines(history, ...lines("#room", MANY));
  while (texts(history, "#room").length === MANY) assert(history.runStep(() => {}), "nothing was dropped");
  commitLines(history, ...lines("#room", MANY));
  runMaintenance(history);
  assertEquals(texts(history, "#room").length, 10);
});

/** A clock that goes on by so many milliseconds whenever somebody looks. */
function tickingClock(step: number): Disposable {
  const real = performance.now;
  let now = 0;
  performance.now = () => now += step;
  return { [Symbol.dispose]: () => void (performance.now = real) };
}

Deno.test("sqlite: a step stays within its time, and exceeded limits come first", async () => {
  using place = new Place();
  const history = await place.open({ lines: 10 });
  runMaintenance(history);
  assertEquals(history.overdue, false);
  commitLines(history, ...lines("#room", MANY));
  assertEquals(history.overdue, true);
  {
    using _slow = tickingClock(1000); // so that a step is over when it has hardly begun
    while (texts(history, "#room").length === MANY) assert(history.runStep(() => {})); // they are counted by their writers
    assertEquals([history.overdue, texts(history, "#room").length], [true, MANY - 25]);
    for (let n = 0; n < 24; n++) history.runStep(() => {});
    assertEquals([history.overdue, texts(history, "#room").length], [false, 10]);
    runMaintenance(history);
    commitLines(history, said("#room", "all 1"), said("#room", "all 2"));
    for (let n = 0; n < 8 && found(history, "all 1").length === 0; n++) history.runStep(() => {});
    assertEquals([found(history, "all 1").length, found(history, "all 2").length], [1, 0], "words of one line a step");
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
  assertEquals([history.overdue, ids().flat().length], [false, 1200], "there is room for these");
  for (let round = 0; round < 3; round++) {
    say(600);
    runMaintenance(history);
    assert(used() <= size && used() > size * 0.8, `${used()} bytes are in use`);
    const left = ids();
    const [oldest, newest] = [Math.min(...left.flat()), Math.max(...left.flat())];
    for (const each of left) {
      assert(each[0]! - oldest <= (newest - oldest) / 8, "of all targets, what is left is about as old");
      assert(newest - each.at(-1)! <= 3 * 1024 * MINUTE, "and the newest lines are there");
    }
    assert(
      place.number("PRAGMA page_count") * place.number("PRAGMA page_size") < 2.5 * size,
      "the file takes no more either",
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
  using _slow = tickingClock(1000); // so that a step does no more than it has to
  let steps = 0;
  for (; count() === all; steps++) history.runStep(() => {});
  assert(steps > 10 && steps < 30, `after ${steps} steps`); // ten to count them, ten to look at what they have
});

Deno.test("sqlite: the size limit deletes empty conversations and spares newer lines in rooms", async () => {
  using clock = new Clock();
  using place = new Place();
  const size = 2 ** 20;
  const history = await place.open({ size });
  // As a crash may leave one, between the last line and itself.
  place.database.db.exec("INSERT INTO target (key, name, since) VALUES ('guest@host bob', 'guest@host bob', 1)");
  for (let n = 0; n < 20_000; n++, clock.now += 1000) history.add(`guest${n}@host bob`, whispered("bob", "hi"));
  commitLines(history, ...lines("#room", 10));
  runMaintenance(history);
  assertEquals([texts(history, "#room").length, history.overdue], [10, false]);
  const left = "SELECT count(*) FROM target WHERE key GLOB 'guest*'";
  assert(place.number(left) > 0, "there is room for some");
  const [pages, free] = [place.number("PRAGMA page_count"), place.number("PRAGMA freelist_count")];
  assert((pages - free) * place.number("PRAGMA page_size") <= size, "and for no more");
  assertEquals(place.number(left), place.number("SELECT count(DISTINCT target) FROM message") - 1);
});

Deno.test("sqlite: the size limit does nothing when there are no lines", async () => {
  using place = new Place();
  const history = await place.open({ size: 1 });
  history.saveRoom({ ...PLAIN, name: "#room" });
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

Deno.test("sqlite: expired lines are deleted to the millisecond, at the start and every ten minutes", async () => {
  using clock = new Clock();
  using place = new Place();
  let history = await place.open({ age: DAY, lines: Infinity });
  commitLines(
    history,
    said("#room", "old", { time: NOON - DAY - 1 }),
    said("#room", "a day old", { time: NOON - DAY }),
  );
  commitLines(history, said("#room", "new"));
  history.add("alice@host bob", whispered("bob", "old", { time: NOON - DAY - 1 }));
  history.commit();
  runMaintenance(history);
  assertEquals([texts(history, "#room"), texts(history, "alice@host bob")], [["a day old", "new"], []]);
  assertEquals(found(history, "old"), ["a day old"]);
  clock.now += SWEEP_TIME - 1;
  runMaintenance(history);
  assertEquals(texts(history, "#room"), ["a day old", "new"], "not yet");
  clock.now += 1;
  runMaintenance(history);
  assertEquals([texts(history, "#room"), found(history, "old")], [["new"], []]);
  assertEquals(place.number("SELECT count(*) FROM word_docsize"), 1);
  clock.now += DAY;
  history = await place.open({ age: DAY, lines: Infinity });
  runMaintenance(history);
  assertEquals(texts(history, "#room"), []);
});

Deno.test("sqlite: sweeps continue when the clock is set back", async () => {
  using clock = new Clock();
  using place = new Place();
  const history = await place.open({ age: DAY, lines: Infinity });
  runMaintenance(history);
  clock.now -= 7 * DAY;
  commitLines(history, said("#room", "old", { time: clock.now - DAY - 1 }), said("#room", "new"));
  runMaintenance(history);
  assertEquals(texts(history, "#room"), ["new"]);
});

/** Lines that are said one after another, so that their ids grow; one of them when the clock is wrong. */
function saidWhile(clock: Clock, wrong: number): Said[] {
  const ids = new Ids(0);
  return [["1", NOON], ["2", NOON + 1], ["wrong", wrong], ["3", NOON + 2], ["4", NOON + DAY]].map(([text, time]) => {
    clock.now = Number(time);
    return said("#room", String(text), { id: ids.next(clock.now), time: clock.now });
  });
}

const FAR_AHEAD = NOON + 5000 * DAY;

for (const kind of ["memory", "sqlite"]) {
  Deno.test(`${kind}: lines after one from a wrong clock still expire`, async () => {
    using clock = new Clock();
    using place = new Place();
    const history = kind === "memory" ? new MemoryHistory({ age: DAY }) : await place.open({ age: DAY });
    commitLines(history, ...saidWhile(clock, FAR_AHEAD));
    const swept = async () => {
      const each = kind === "memory" ? history : await place.open({ age: DAY }); // which begins with a sweep
      runMaintenance(each);
      return texts(each, "#room").join(" ");
    };
    const left: string[] = [];
    for (clock.now = NOON + DAY; clock.now < NOON + DAY + 4; clock.now++) left.push(await swept());
    assertEquals(left, ["1 2 wrong 3 4", "2 wrong 3 4", "wrong 3 4", "4"]);
    clock.now = NOON - 10_000 * DAY; // wrong again: then all is from the future, and nothing goes
    assertEquals(await swept(), "4");
  });

  Deno.test(`${kind}: many lines from the future expire with the line after them`, async () => {
    using clock = new Clock();
    using place = new Place();
    const history = kind === "memory" ? new MemoryHistory({ age: DAY }) : await place.open({ age: DAY });
    const ids = new Ids(0);
    const say = (time: number, text: string) => commitLines(history, said("#room", text, { time, id: ids.next(time) }));
    for (let n = 0; n < 250; n++) say(FAR_AHEAD + n, `wrong ${n}`);
    say(NOON, "right");
    say(NOON + 2, "later");
    const swept = async () => {
      const each = kind === "memory" ? history : await place.open({ age: DAY });
      runMaintenance(each);
      return texts(each, "#room").length;
    };
    clock.now = NOON + DAY;
    assertEquals(await swept(), 252);
    clock.now++;
    assertEquals(await swept(), 1);
  });

  Deno.test(`${kind}: firstSince() goes by the times of the lines, not by their ids`, async () => {
    using clock = new Clock();
    using place = new Place();
    const history = kind === "memory" ? new MemoryHistory() : await place.open();
    const lines = saidWhile(clock, FAR_AHEAD);
    commitLines(history, ...lines);
    const since = (time: number) => lines.find(({ id }) => id === history.firstSince("#room", time))?.text;
    assertEquals([since(0), since(NOON), since(NOON + 1), since(NOON + 2)], ["1", "1", "2", "3"]);
    assertEquals([since(NOON + 3), since(NOON + DAY), since(NOON + DAY + 1)], ["4", "4", undefined]);
    assertEquals([history.firstSince("#room", FAR_AHEAD), history.firstSince("#never", 0)], [Infinity, Infinity]);
  });
}

Deno.test("sqlite: firstSince() equals that of the history in memory for random times", async () => {
  const times = fc.array(fc.nat(50), { minLength: 1, maxLength: 40 }).map((steps) => {
    let time = NOON;
    return steps.map((step) => time += step);
  });
  await fc.assert(
    fc.asyncProperty(times, fc.integer({ min: -1, max: 2000 }), async (times, offset) => {
      using clock = new Clock();
      using place = new Place();
      clock.now = NOON + 10_000;
      const [file, memory] = [await place.open(), new MemoryHistory()];
      const ids = new Ids(0);
      for (const time of times) {
        const line = said("#room", "x", { time, id: ids.next(time) });
        commitLines(file, line);
        commitLines(memory, line);
      }
      assertEquals(...both(file, memory, (each) => each.firstSince("#room", NOON + offset)));
    }),
    { numRuns: 30 },
  );
});

Deno.test("sqlite: expired lines are deleted some at a time", async () => {
  using clock = new Clock();
  using place = new Place();
  const history = await place.open({ age: DAY, lines: Infinity });
  const rooms = Array.from({ length: 10 }, (_, n) => `#${n}`);
  for (const room of rooms) commitLines(history, ...lines(room, MANY / 5));
  runMaintenance(history);
  const left = () => rooms.reduce((sum, room) => sum + texts(history, room).length, 0);
  clock.now += DAY + 1;
  let before = left();
  for (let more = true; more;) {
    more = history.runStep(() => {});
    const now = left();
    assert(before - now < MANY, `${before - now} lines in a step`);
    before = now;
  }
  assertEquals([before, place.number("SELECT count(*) FROM word_docsize")], [0, 0]);
});

Deno.test("sqlite: rooms without lines are reported when they expire, and stay until they are deleted", async () => {
  using clock = new Clock();
  using place = new Place();
  const history = await place.open({ age: DAY, lines: Infinity });
  for (const name of ["#Silent", "#ruled", "#talk", "#new"]) {
    const topic = name === "#ruled" ? { text: "x", by: "alice!~a@host", at: NOON + DAY } : undefined;
    history.saveRoom({ ...PLAIN, name, topic, since: name === "#new" ? NOON + DAY : NOON - DAY });
  }
  history.saveRoom({ ...PLAIN, name: "#locked", since: NOON - DAY });
  commitLines(history, said("#talk", "later", { time: NOON + DAY }), said("#silent", "once"));
  assertEquals(runMaintenance(history), []);
  clock.now += DAY;
  history.saveRoom({ ...PLAIN, name: "#locked", since: NOON - DAY, password: "sesame" });
  history.commit();
  clock.now++;
  assertEquals(runMaintenance(history), ["#silent"]);
  assertEquals(history.rooms().map(({ name }) => name), ["#Silent", "#ruled", "#talk", "#new", "#locked"]);
  clock.now += SWEEP_TIME;
  assertEquals(runMaintenance(history), ["#silent"], "again, if it was not forgotten");
  history.forget("#silent");
  clock.now += DAY;
  assertEquals(runMaintenance(history), ["#ruled", "#talk", "#new", "#locked"]);
});

Deno.test("sqlite: no room expires without an age limit", async () => {
  using clock = new Clock();
  using place = new Place();
  const history = await place.open();
  history.saveRoom({ ...PLAIN, name: "#silent" });
  history.commit();
  clock.now += 100_000 * DAY;
  assertEquals([runMaintenance(history), history.rooms().length], [[], 1]);
});

Deno.test("sqlite: conversations without lines are deleted, and can start again", async () => {
  using clock = new Clock();
  using place = new Place();
  const history = await place.open({ age: DAY, lines: Infinity });
  const say = (text: string) => {
    history.add("alice@host bob", whispered("bob", text));
    history.commit();
  };
  say("1");
  clock.now += DAY + 1;
  assertEquals(runMaintenance(history), []);
  assertEquals(place.number("SELECT count(*) FROM target"), 0);
  say("2");
  assertEquals(texts(history, "alice@host bob"), ["2"]);
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
  history.forget("#room");
  runMaintenance(history);
  assert(place.number("PRAGMA freelist_count") > 0, "nothing is idle");
});

Deno.test("sqlite: nothing of a deleted room is left, and other rooms stay", async () => {
  using place = new Place();
  const history = await place.open();
  const masks = [{ list: "b", mask: "*!*@*", by: "alice!~a@host", at: NOON }] as const;
  for (const name of ["#A", "#b"]) history.saveRoom({ ...PLAIN, name, masks });
  commitLines(history, said("#a", "word 1"), said("#b", "word 2"));
  runMaintenance(history);
  commitLines(history, said("#a", "word 3"));
  history.forget("#a");
  history.forget("#never");
  runMaintenance(history);
  const rooms = ["#a", "#b"];
  assertEquals([texts(history, "#a"), found(history, "word", { rooms })], [[], ["word 2"]]);
  assertEquals(history.rooms(), [{ ...PLAIN, name: "#b", masks }]);
  assertEquals(
    ["target", "mask", "message", "word_docsize"].map((table) => place.number(`SELECT count(*) FROM ${table}`)),
    [1, 1, 1, 1],
  );
  commitLines(history, said("#a", "word 4"));
  runMaintenance(history);
  assertEquals(found(history, "word", { rooms }), ["word 2", "word 4"]);
  assertEquals(history.rooms().at(-1)!.masks, []);
});

Deno.test("sqlite: deleting a conversation does not remove a line with the same id from the index", async () => {
  using place = new Place();
  const history = await place.open();
  commitLines(history, said("#room", "aloud", { id: 7 }));
  history.add("alice@host bob", whispered("bob", "psst", { id: 7 })); // as where the histories of two servers meet
  history.commit();
  runMaintenance(history);
  history.forget("alice@host bob");
  assertEquals(found(history, "aloud"), ["aloud"]);
});

Deno.test("sqlite: a room that is deleted before its commit is not stored", async () => {
  using place = new Place();
  const history = await place.open();
  history.add("#room", said("#room", "1"));
  history.add("#other", said("#other", "2"));
  history.saveRoom({ ...PLAIN, name: "#Room" });
  history.forget("#room");
  history.commit();
  assertEquals([texts(history, "#room"), texts(history, "#other")], [[], ["2"]]);
  assertEquals(history.rooms().map(({ name }) => name), ["#other"]);
});

/** Lets a file not grow by more than so many pages, as if the disk were full; or lets it grow again. */
function leaveRoom(place: Place, pages: number): void {
  place.database.db.exec(`PRAGMA max_page_count = ${place.number("PRAGMA page_count") + pages}`);
}

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
  assertEquals(history.commit(), false, "they are not tried again");
  history.add("alice@host bob", whispered("bob", "secret")); // which may get the number that the new room had
  history.add("#other", said("#other", "fits"));
  history.add("#new", said("#new", "after"));
  assertEquals(history.commit(), true);
  leaveRoom(place, 1_000_000);
  commitLines(history, said("#room", "y".repeat(100_000)));
  assertEquals(texts(history, "#room").map((text) => text[0]), ["b", "y"]);
  runMaintenance(history);
  assertEquals(found(history, "after", { rooms: ["#new"] }), ["after"]);
  assertEquals(found(history, "secret", { rooms: ["#new", "#other", "#room"] }), []);
  assertEquals(place.number("SELECT count(*) FROM word_docsize"), 4, "and nothing private is in the index");
  const again = await place.open();
  assertEquals([texts(again, "#new"), texts(again, "#other"), texts(again, "#room").length], [["after"], ["fits"], 2]);
  assertEquals(texts(again, "alice@host bob"), ["secret"]);
});

Deno.test("sqlite: rooms of a failed commit are stored by the next one, in their newest state", async () => {
  using place = new Place();
  const history = await place.open();
  leaveRoom(place, 0);
  const topic = { text: "x".repeat(20_000), by: "alice!~a@host", at: NOON };
  const [a, b] = [{ ...PLAIN, name: "#a", topic }, { ...PLAIN, name: "#b", topic }];
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
  assert(texts(history, "#room").length === MANY && found(history, "all").length < MANY);
  leaveRoom(place, 1_000_000);
  runMaintenance(history);
  assertEquals(found(history, "all").length, MANY);
});

/** What is done to both histories, or asked of them. Ids are meant by the number of a line that was said, and how far from it. */
type Step =
  | { do: "say"; target: number; who: number; words: string[] }
  | { do: "commit" | "reopen" }
  | { do: "forget"; target: number }
  | { do: "wait"; time: number }
  | { do: "page"; target: number; after: Near; before: Near; first: boolean; count: number }
  | { do: "has"; target: number; id: Near }
  | { do: "search"; targets: number[]; words: string[]; from: number; after: Near; before: Near; count: number }
  | { do: "targets"; prefix: string };
type Near = readonly [line: number, off: number] | undefined;

const TARGETS = ["#a", "#b", "#a-b", "alice@host bob", "alice@host carol"];
const PEOPLE = ["alice", "Alice", "[b]`ob", "carol"];

/** Fewer lines than this are trimmed exactly, not only by and by. */
const EXACT = 19;

const target = fc.nat(TARGETS.length - 1);
const near: fc.Arbitrary<Near> = fc.option(fc.tuple(fc.nat(20), fc.constantFrom(-1, 0, 1)), { nil: undefined });
const count = fc.constantFrom(0, 1, 2, 5, Infinity);
const words = fc.array(fc.constantFrom("tea", "Tea!", "the", '"', "AND", "été", "今日", "a_b", "👍"), {
  minLength: 1,
  maxLength: 5,
});
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 8, arbitrary: fc.record({ do: fc.constant("say"), target, who: fc.nat(PEOPLE.length - 1), words }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constantFrom("commit") }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constantFrom("reopen") }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("forget"), target }) },
  {
    weight: 1,
    arbitrary: fc.record({
      do: fc.constant("wait"),
      time: fc.constantFrom(-30, 10, 45, 120).map((time) => time * MINUTE),
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({ do: fc.constant("page"), target, after: near, before: near, first: fc.boolean(), count }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("has"), target, id: near }) },
  {
    weight: 3,
    arbitrary: fc.record({
      do: fc.constant("search"),
      targets: fc.uniqueArray(fc.nat(2), { maxLength: 3 }),
      words: words.map((some) => some.slice(0, 2)),
      from: fc.integer({ min: -3, max: PEOPLE.length - 1 }),
      after: near,
      before: near,
      count,
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      do: fc.constant("targets"),
      prefix: fc.constantFrom("", "#", "#a", "alice@host ", "never"),
    }),
  },
);

Deno.test("sqlite: results equal those of the history in memory for random operations", async () => {
  using clock = new Clock();
  const steps = fc.array(step, { maxLength: 60, size: "max" });
  const retention = fc.record({
    age: fc.constantFrom(Infinity, 60 * MINUTE),
    lines: fc.constantFrom(Infinity, 1, 4, EXACT),
  });
  const property = fc.asyncProperty(steps, retention, async (steps, retention) => {
    using place = new Place();
    clock.now = NOON;
    const model = new MemoryHistory(retention);
    const ids = new Ids(0);
    let history = await place.open(retention);
    let pending: { target: string; line: Line }[] = [];
    const given: number[] = [];
    const idNear = (near: Near) => near && given.length > 0 ? given[near[0] % given.length]! + near[1] : undefined;
    const commit = () => {
      assertEquals(history.commit(), pending.length > 0);
      for (const { target, line } of pending) model.add(target, line);
      pending = [];
      runMaintenance(history);
    };
    for (const step of steps) {
      if (step.do === "say") {
        const target = TARGETS[step.target]!;
        const speech = { id: ids.next(clock.now), who: PEOPLE[step.who]! };
        const text = step.words.join(" ");
        const line = target.startsWith("#") ? said(target, text, speech) : whispered("bob", text, speech);
        given.push(line.id);
        history.add(target, line);
        pending.push({ target, line });
        continue;
      }
      if (step.do === "forget") {
        const target = TARGETS[step.target]!;
        for (const each of [history, model]) each.forget(target);
        pending = pending.filter((each) => each.target !== target);
        continue;
      }
      if (step.do === "reopen") {
        history = await place.open(retention);
        pending = [];
        runMaintenance(history);
        continue;
      }
      commit(); // as the chat does before it asks anything
      switch (step.do) {
        case "wait":
          clock.now += step.time;
          for (const each of [history, model]) runMaintenance(each);
          break;
        case "page": {
          const { first, count } = step;
          const range = { after: idNear(step.after), before: idNear(step.before), first, count };
          assertEquals(...both(history, model, (each) => each.page(TARGETS[step.target]!, range)));
          break;
        }
        case "has": {
          const id = idNear(step.id) ?? 1;
          assertEquals(...both(history, model, (each) => each.has(TARGETS[step.target]!, id)));
          break;
        }
        case "search": {
          const query = {
            terms: queryTerms(step.words.join(" ")),
            from: step.from < 0 ? undefined : fold(PEOPLE[step.from]!),
            after: idNear(step.after),
            before: idNear(step.before),
            count: step.count,
          };
          const rooms = step.targets.map((n) => TARGETS[n]!);
          assertEquals(...both(history, model, (each) => finish(each.search(rooms, query))));
          break;
        }
        case "targets": {
          const inOrder = (each: HistoryStore) =>
            finish(each.targets(step.prefix)).sort((a, b) => a.line.id - b.line.id);
          assertEquals(...both(history, model, inOrder));
        }
      }
    }
    commit();
    for (const target of TARGETS) {
      assertEquals(...both(history, model, (each) => each.page(target, { count: Infinity })));
    }
  });
  await fc.assert(property, { numRuns: 60 });
});

function both<T>(one: HistoryStore, other: HistoryStore, ask: (history: HistoryStore) => T): [T, T] {
  return [ask(one), ask(other)];
}

/** Does something; returns the most rows that a statement has read or changed at a time meanwhile. */
function rowsAtOnce(place: Place, run: () => void): number {
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

Deno.test("sqlite: a deleted room is hidden at once, and its lines are deleted some at a time", async () => {
  using place = new Place();
  commitLines(await place.open(), ...lines("#room", MANY), ...lines("#other", 3));
  runMaintenance(await place.open());
  const history = await place.open();
  const left = () => place.number("SELECT count(*) FROM message") - texts(history, "#other").length;
  const most = rowsAtOnce(place, () => history.forget("#room"));
  assert(most <= 1, `${most} rows at once`);
  assertEquals([texts(history, "#room"), left()], [[], MANY]);
  assertEquals([found(history, "all"), history.rooms().map(({ name }) => name)], [[], ["#other"]]);
  assertEquals(finish(history.targets("")).map(({ target }) => target), ["#other"]);
  commitLines(history, said("#room", "all anew"));
  assertEquals(texts(history, "#room"), ["all anew"]);
  const steps = rowsAtOnce(place, () => {
    for (let n = 0; n < 5; n++) history.runStep(() => {});
  });
  assert(steps <= 2 * 100, `${steps} rows at once`);
  assert(left() > 1, "some are left");
  runMaintenance(await place.open()); // the next process goes on where this one ended
  const again = await place.open();
  assertEquals([place.number("SELECT count(*) FROM message"), texts(again, "#room"), found(again, "all")], [
    4,
    ["all anew"],
    ["all anew"],
  ]);
  assertEquals(place.number("SELECT count(*) FROM target"), 2);
});

Deno.test("sqlite: a running search finds no line of a new room with the number of a deleted one", async () => {
  using place = new Place();
  const history = await place.open();
  commitLines(history, ...lines("#other", 1), ...lines("#room", 200));
  runMaintenance(history);
  const search = history.search(["#room"], { terms: ["all", "secret"], count: 10 });
  search.next();
  history.forget("#room");
  runMaintenance(history);
  commitLines(history, said("#secret", "all secret"));
  runMaintenance(history);
  assertEquals(finish(search).lines, []);
});

Deno.test("sqlite: lines above the limit are counted some at a time", async () => {
  using place = new Place();
  const all = 7000;
  const first = await place.open();
  for (let n = 0; n < all; n++) first.add("#room", said("#room", "x", { time: NOON + n * MINUTE })); // no flood
  first.commit();
  runMaintenance(first);
  for (const [limit, kept] of [[6900, 6900], [4000, 4000], [3999, 3999], [10, 10]] as const) {
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
    assertEquals(texts(history, "#room", all).length, kept, `of ${limit}`);
  }
});

Deno.test("sqlite: targets() reads few conversations in one step", async () => {
  using place = new Place();
  const history = await place.open();
  for (let n = 0; n < 300; n++) history.add(`a ${n}`, whispered("bob", "x"));
  history.commit();
  const steps = history.targets("a ");
  assertEquals(rowsAtOnce(place, () => assert(!steps.next().done)) <= 50, true);
  assertEquals(finish(steps).length, 300);
});
