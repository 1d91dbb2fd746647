/** Tests the search in the SQLite store, and the full-text index that it uses. */
import { assert, assertEquals } from "@std/assert";
import { MemoryHistory } from "../../src/history/memory.ts";
import { Database } from "../../src/history/database.ts";
import { MIGRATIONS } from "../../src/history/schema.ts";
import { Statements } from "../../src/history/statements.ts";
import { WordIndex } from "../../src/history/word_index.ts";
import { QUERY_TERMS_MAX, queryTerms } from "../../src/util/tokenizer.ts";
import { runToEnd } from "../../src/util/steps.ts";
import { commitLines, found, lines, MANY, Place, runMaintenance, said, whispered } from "./helpers.ts";

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
  assertEquals(found(history, "tea", { rooms }), ["Tea, please", "green tea", "GREEN tea here", "tea tea", "teapot"]);
  assertEquals(found(history, "tea", { rooms, count: 2 }), ["tea tea", "teapot"]);
  assertEquals(found(history, "tea", { rooms: ["#a", "#b"], count: 3 }), ["GREEN tea here", "tea tea", "teapot"]);
  assertEquals(found(history, "tea green", { rooms }), ["green tea", "GREEN tea here"]);
  assertEquals(found(history, "tea", { rooms: ["#a"] }), ["Tea, please", "green tea", "tea tea", "teapot"]);
  assertEquals(found(history, "secret", { rooms }), []);
  assertEquals(found(history, "teap", { rooms }), ["teapot"]);
  assertEquals(found(history, "pl te", { rooms }), ["Tea, please"]);
  assertEquals(found(history, "ea", { rooms }), [], "the middle of a word");
  assertEquals(found(history, "t", { rooms }), [], "one letter is only a word of one letter");
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
    runToEnd(history.search(rooms, { terms: ["word"], count: 10, ...query })).lines.map(({ id }) => id);
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

Deno.test("sqlite: a search for rare words of an author finds no line of another author", async () => {
  using place = new Place();
  const history = await place.open();
  commitLines(history, ...lines("#room", MANY), said("#room", "rare 1"), said("#room", "rare 2", { who: "bob" }));
  runMaintenance(history);
  assertEquals(found(history, "rare", { from: "alice" }), ["rare 1"]);
  assertEquals(found(history, "rare", { from: "bob" }), ["rare 2"]);
});

Deno.test("stores: a search without words, author and link, or for no lines, finds nothing", async () => {
  using place = new Place();
  for (const history of [new MemoryHistory(), await place.open()]) {
    commitLines(history, said("#room", "word"));
    runMaintenance(history);
    const none = { lines: [], unsearched: 0 };
    assertEquals(runToEnd(history.search(["#room"], { terms: [], count: 10 })), none);
    for (const count of [0, -1]) {
      assertEquals(runToEnd(history.search(["#room"], { terms: ["word"], count })), none, `${count}`);
    }
  }
});

// deno-fmt-ignore
const SYNTAX = [
  "tea AND", "OR tea", "tea NOT green", "NEAR(tea green, 2)", "NEAR", "AND", "te*", "^tea", "tea + green", "(tea", "tea)", "{words} : tea",
  "words : tea", "-words : tea", "room : r1", "who:n616c696365", "word:tea", '"tea', 'tea"', '""', "'tea'", "`tea`", "tea;", "tea -- x", "%", "?", "?1", ":a", "$a", "\\",
  "\0", "tea\0green", "👍", "tea 👍", "🫖tea", "\ud83d", "今日", "茶", "rank", "rowid : 1", "#room", "1_tea", "_", "__616c696365",
];

Deno.test("sqlite: every query gives results or none, and never an error", async () => {
  using place = new Place();
  const history = await place.open();
  commitLines(history, ...SYNTAX.map((text) => said("#room", text.replaceAll("\0", ""))), said("#room", "green tea"));
  runMaintenance(history);
  const model = new MemoryHistory();
  for (const line of history.page("#room", { count: 1000 })) model.add("#room", line);
  for (const text of SYNTAX) assertEquals(found(history, text), found(model, text), text);
  assertEquals(found(history, "日"), ["今日"], "some scripts have no spaces between words");
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
  assertEquals(found(history, "w".repeat(1998)).length, 2);
  assertEquals(found(history, `${"w".repeat(1998)}x`), []);
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
  const indexed = () => place.number("SELECT count(*) FROM word_docsize");
  assertEquals(indexed(), 0);
  let before = 0;
  for (let more = true; more;) {
    more = history.runStep(() => {});
    const now = indexed();
    assert(now - before < MANY, `${now - before} lines in a step`);
    before = now;
    assertEquals(found(history, "all", { count: MANY }).length, MANY, "lines are found before they are indexed");
  }
  assertEquals([before, found(history, "all", { rooms: ["#other"] }).length], [MANY + 1, 1]);
  commitLines(history, said("#room", "one more for all"));
  runMaintenance(history);
  assertEquals(found(history, "all").at(-1), "one more for all");
});

Deno.test("sqlite: indexing resumes after a restart, each line once", async () => {
  using place = new Place();
  let history = await place.open();
  commitLines(history, ...lines("#room", MANY));
  while (place.number("SELECT count(*) FROM word_docsize") === 0) {
    assert(history.runStep(() => {}), "it has put nothing off");
  }
  history = await place.open();
  runMaintenance(history);
  assertEquals(found(history, "all").length, MANY);
  assertEquals(found(await place.open(), "all").length, MANY);
  assertEquals(place.number("SELECT count(*) FROM word_docsize"), MANY);
});

Deno.test("sqlite: a running search finds no line of a new room with the number of a deleted one", async () => {
  using place = new Place();
  const history = await place.open();
  commitLines(history, ...lines("#other", 1), ...lines("#room", 200));
  runMaintenance(history);
  const search = history.search(["#room"], { terms: ["all", "secret"], count: 10 });
  search.next();
  history.deleteTarget("#room");
  runMaintenance(history);
  commitLines(history, said("#secret", "all secret"));
  runMaintenance(history);
  assertEquals(runToEnd(search).lines, []);
});

Deno.test("stores: both find the same beginnings of words, parts of runs, and links", async () => {
  using place = new Place();
  const texts = [
    "Kettlewell station",
    "two kettles",
    "a kettle",
    "https://kettle.example",
    "see www.tea.example",
    "t",
    "tea t",
    "今日はいい天気",
    "明日も、いい天気かな",
    "コーヒーとお茶",
    "한국어를 배워요",
    "대한국어학회",
    "ภาษาไทย",
    "ไทย ภาษา",
    "今 日",
  ];
  const history = await place.open();
  const model = new MemoryHistory();
  const all = texts.map((text, n) => said("#room", text, { who: n % 2 === 0 ? "alice" : "bob" }));
  for (const line of all) model.add("#room", line);
  const queries = [
    "ke",
    "kettle",
    "kettlew",
    "kettlewel",
    "kettlewellx",
    "t",
    "te",
    "st two",
    "二",
    "今日",
    "今",
    "いい天気",
    "いい天気か",
    "コーヒー お茶",
    "ヒー",
    "국어",
    "한국어를",
    "ไทย",
    "ภาษาไทย",
    "าไ",
    "日は 今日",
    "",
  ];
  const check = (when: string) => {
    for (const words of queries) {
      for (
        const others of [{}, { from: "alice" }, { hasLink: true }, { from: "bob", hasLink: true, before: all[4]!.id }]
      ) {
        const query = { terms: queryTerms(words), count: 99, ...others };
        const [here, there] = [history, model].map((each) => runToEnd(each.search(["#room"], query)).lines);
        assertEquals(here, there, `${when}: ${words} ${JSON.stringify(others)}`);
      }
    }
  };
  commitLines(history, ...all.slice(0, 10));
  runMaintenance(history);
  commitLines(history, ...all.slice(10));
  check("before the last lines are indexed");
  runMaintenance(history);
  check("after it");
  assertEquals(found(history, "kettlew"), ["Kettlewell station"]);
  assertEquals(found(history, "いい天気"), ["今日はいい天気", "明日も、いい天気かな"]);
  assertEquals(found(history, "국어"), ["한국어를 배워요", "대한국어학회"]);
  const links = runToEnd(history.search(["#room"], { terms: [], hasLink: true, count: 9 })).lines;
  assertEquals(links.map(({ text }) => text), ["https://kettle.example", "see www.tea.example"]);
});

/** Whether a term is anywhere in the full-text index, also as a deleted one. */
function isInIndex(place: Place, term: string): boolean {
  const blocks = place.database.db.prepare("SELECT block FROM word_data").all() as { block: Uint8Array }[];
  return blocks.some(({ block }) => new TextDecoder("latin1").decode(block).includes(term));
}

Deno.test("index: nothing of a deleted line is left in the file after all segments were merged", async () => {
  using place = new Place();
  const history = await place.open();
  // The index has no more of a term than what it does not share with the term before: here eight letters.
  const secret = (end: string) => said("#room", `${end.at(-1)!.repeat(24)}${end}`);
  commitLines(history, ...lines("#room", MANY));
  const first = secret("secretqq");
  commitLines(history, first);
  runMaintenance(history);
  const second = secret("secretzz");
  commitLines(history, second, ...lines("#room", MANY));
  runMaintenance(history);
  assertEquals([isInIndex(place, "secretqq"), isInIndex(place, "secretzz")], [true, true]);
  const sql = new Statements(place.database.db);
  const index = new WordIndex(sql);
  const deleteLine = (id: number) =>
    sql.write(() => {
      sql.run("DELETE FROM message WHERE id = ?", id);
      index.delete(id);
      index.mergeAll();
    });
  deleteLine(first.id);
  deleteLine(second.id);
  assertEquals(found(history, "qqqq"), []);
  while (index.mergeStep());
  assertEquals([isInIndex(place, "secretqq"), isInIndex(place, "secretzz")], [false, false]);
  assertEquals(place.number("SELECT count(*) FROM word_docsize"), 2 * MANY);
  assertEquals(found(history, "all", { count: 3 * MANY }).length, 2 * MANY);
  deleteLine(history.page("#room", { count: 1 })[0]!.id);
  while (index.mergeStep());
  assertEquals(found(history, "all", { count: 3 * MANY }).length, 2 * MANY - 1, "and again");
});

Deno.test("sqlite: a file of an earlier version is indexed again, and searched meanwhile", async () => {
  using place = new Place();
  const before = MIGRATIONS.slice(0, MIGRATIONS.findIndex((sql) => sql.includes("index_terms.ts")));
  const earlier = await Database.open(place.path, "normal", before);
  earlier.db.exec(`INSERT INTO target (id, key, name, indexed) VALUES (1, '#room', '#room', 2048);
    INSERT INTO message (target, id, time, style, origin, text, tags, bot) VALUES (1, 1024, 1, 0, 'alice!a@h', 'teapot', '', 0),
      (1, 2048, 2, 0, 'bob!b@h', 'old teapots', '', 0);
    INSERT INTO word (rowid, words) VALUES (1024, '1_teapot 1__616c696365'), (2048, '1_old 1_teapots 1__626f62')`);
  earlier.close();
  const history = await place.open();
  assertEquals(place.number("SELECT count(*) FROM word_docsize"), 0);
  assertEquals(found(history, "te"), ["teapot", "old teapots"]);
  runMaintenance(history);
  assertEquals([place.number("SELECT count(*) FROM word_docsize"), found(history, "te")], [2, [
    "teapot",
    "old teapots",
  ]]);
});
