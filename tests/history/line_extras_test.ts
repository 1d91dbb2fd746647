/** What belongs to lines in the stores: replies, reactions and mentions, and their bounds. */
import { assert, assertEquals } from "@std/assert";
import type { Reaction, Said } from "../../src/chat/events.ts";
import { fold } from "../../src/chat/names.ts";
import {
  type HistoryStore,
  type Line,
  MENTIONS_MAX,
  REACTION_CHARACTERS,
  REACTIONS_MAX,
  REACTIONS_PER_MEMBER,
} from "../../src/chat/store.ts";
import { EXTRAS_STEP } from "../../src/history/line_deletion.ts";
import { PAGE_REACTIONS_MAX } from "../../src/history/line_extras.ts";
import { MemoryHistory } from "../../src/history/memory.ts";
import { MemoryMentions } from "../../src/history/memory_mentions.ts";
import { runToEnd } from "../../src/util/steps.ts";
import {
  Clock,
  DAY,
  MINUTE,
  NOON,
  Place,
  PLAIN_ROOM,
  rowsAtOnce,
  runMaintenance,
  said,
  SWEEP_TIME,
  whispered,
} from "./helpers.ts";

function reaction(who: string, text = "+1", account?: string): Reaction {
  return { who, origin: `${who}!~guest@host`, ...(account === undefined ? {} : { account }), text, time: 5 };
}

/** Runs a test on both stores. */
function testStores(name: string, run: (history: HistoryStore) => void): void {
  Deno.test(`memory history: ${name}`, () => run(new MemoryHistory()));
  Deno.test(`SQLite history: ${name}`, async () => {
    using place = new Place();
    run(await place.open());
  });
}

/** Adds lines in #tea and commits them. */
function addAll(history: HistoryStore, ...lines: Line[]): void {
  for (const line of lines) history.add("#tea", line);
  history.commit();
}

function change(history: HistoryStore, run: () => void): void {
  run();
  history.commit();
}

/** The reactions to a line, as `who text`. */
function reactionsTo(history: HistoryStore, { id }: Line): string[] {
  return (history.line("#tea", id)!.reactions ?? []).map(({ who, text }) => `${who} ${text}`);
}

testStores("each way to read lines returns replies with the text of now, and reactions", (history) => {
  const asked = said("#tea", "Lunch?\nSoon.");
  const answer = said("#tea", "yes", { who: "bob", reply: { id: asked.id, who: "", text: "" } });
  addAll(history, asked, answer);
  change(history, () => history.react("#tea", answer.id, reaction("carol", "👍", "Carol"), true));
  if ("checkpoints" in history) runMaintenance(history);
  const expected = {
    ...answer,
    reply: { id: asked.id, who: "alice", text: "Lunch? Soon." },
    reactions: [reaction("carol", "👍", "Carol")],
  };
  const read = () => [
    history.page("#tea", { count: 1 })[0],
    history.line("#tea", answer.id),
    runToEnd(history.search(["#tea"], { terms: ["yes"], count: 1 })).lines[0],
    runToEnd(history.targets("#tea"))[0]!.line,
  ];
  assertEquals(read(), [expected, expected, expected, expected]);
  change(history, () => history.redact("#tea", asked, "alice"));
  assertEquals(read().map((line) => line!.reply), Array(4).fill({ id: asked.id, who: "alice", text: "" }));
  const orphan = said("#tea", "ok", { reply: { id: 5, who: "dave", text: "gone" } });
  addAll(history, orphan);
  assertEquals(history.line("#tea", orphan.id)!.reply, { id: 5, who: "", text: "" });
});

testStores("a member has each reaction once, known by its account, and takes back its own alone", (history) => {
  const line = said("#tea", "hi");
  addAll(history, line);
  const on = (each: Reaction, isOn = true) => change(history, () => history.react("#tea", line.id, each, isOn));
  on(reaction("bob", "+1", "Bob"));
  on(reaction("bobby", "+1", "bob"));
  on(reaction("bob", "-1", "bob"));
  on(reaction("bob"));
  assertEquals(reactionsTo(history, line).sort(), ["bob +1", "bob +1", "bob -1"]);
  on(reaction("carol"), false);
  on(reaction("other", "+1", "BOB"), false);
  assertEquals(reactionsTo(history, line).sort(), ["bob +1", "bob -1"]);
  history.react("#tea", 5, reaction("bob"), true); // no such line
  history.react("#none", line.id, reaction("bob"), true);
  history.commit();
  assertEquals(history.page("#tea", { count: 10 }).length, 1);
});

testStores("a line has a limited number of reactions", (history) => {
  const line = said("#tea", "hi");
  addAll(history, line);
  change(history, () => {
    for (let n = 0; n < REACTIONS_MAX + 5; n++) history.react("#tea", line.id, reaction(`bob${n}`), true);
  });
  assertEquals(reactionsTo(history, line).length, REACTIONS_MAX);
  change(history, () => {
    history.react("#tea", line.id, reaction("bob0"), false);
    history.react("#tea", line.id, reaction("carol"), true);
  });
  assert(reactionsTo(history, line).includes("carol +1"));
});

testStores("a member has a limited number of reactions to a line", (history) => {
  const line = said("#tea", "hi");
  addAll(history, line);
  const all = Array.from({ length: REACTIONS_PER_MEMBER + 5 }, (_, n) => `+${n}`);
  change(history, () => {
    for (const text of all) history.react("#tea", line.id, reaction("bob", text), true);
    history.react("#tea", line.id, reaction("carol"), true);
  });
  const expected = all.slice(0, REACTIONS_PER_MEMBER).map((text) => `bob ${text}`).concat("carol +1");
  assertEquals(reactionsTo(history, line).sort(), expected.sort());
});

testStores("reactions count for the limit of characters of a page", (history) => {
  const lines = Array.from({ length: 4 }, (_, n) => said("#tea", `${n}`));
  addAll(history, ...lines);
  change(history, () => {
    for (let n = 0; n < 5; n++) history.react("#tea", lines[1]!.id, reaction(`bob${n}`), true);
  });
  const read = (characters: number, first = false) => {
    return history.page("#tea", { count: 10, characters, first }).map(({ text }) => text);
  };
  assertEquals(read(5 * REACTION_CHARACTERS + 2), ["2", "3"]);
  assertEquals(read(5 * REACTION_CHARACTERS + 3), ["1", "2", "3"]);
  assertEquals(read(5 * REACTION_CHARACTERS + 1, true), ["0"]);
  assertEquals(read(5 * REACTION_CHARACTERS + 2, true), ["0", "1"]);
});

Deno.test("SQLite history: a page with very many reactions ends early, and reading goes on after it", async () => {
  using place = new Place();
  const history = await place.open();
  const lines = Array.from({ length: 30 }, (_, n) => said("#tea", `${n}`));
  for (const line of lines) history.add("#tea", line);
  for (const { id } of lines) {
    for (let n = 0; n < REACTIONS_MAX; n++) history.react("#tea", id, reaction(`bob${n}`), true);
  }
  history.commit();
  const pages: number[] = [];
  let after = 0;
  for (
    let page;
    (page = history.page("#tea", { after, first: true, count: 100 })).length > 0;
    after = page.at(-1)!.id
  ) {
    pages.push(page.length);
    assert(page.every(({ reactions }) => reactions?.length === REACTIONS_MAX));
  }
  assertEquals(pages, Array(6).fill(PAGE_REACTIONS_MAX / REACTIONS_MAX));
});

Deno.test("memory history: reactions and deleted texts are part of its size", () => {
  const line = said("#tea", "x".repeat(1000));
  const history = new MemoryHistory({}, 3000);
  history.add("#tea", line);
  const size = history.size;
  history.react("#tea", line.id, reaction("bob"), true);
  assertEquals(history.size, size + REACTION_CHARACTERS);
  history.react("#tea", line.id, reaction("bob"), true);
  assertEquals(history.size, size + REACTION_CHARACTERS);
  history.redact("#tea", line, "alice");
  assertEquals(history.size, size - 1000);
  const other = said("#tea", "y");
  history.add("#tea", other);
  for (let n = 0; n < 30; n++) history.react("#tea", other.id, reaction(`bob${n}`), true);
  assert(history.size <= 3000);
  history.deleteTarget("#tea");
  assertEquals(history.size, 0);
});

/** The texts of the lines that mention an account. */
function mentionsOf(history: HistoryStore, account: string, before = Infinity): string[] {
  return history.mentions(account, before, 10_000).map(({ target, line }) => `${target} ${line.text}`);
}

testStores("the newest mentions of an account are found, with what belongs to the lines", (history) => {
  const one = said("#Tea", "hi bob", { mentions: ["bob", "carol"] });
  const two = said("#Tea", "bob again", { mentions: ["bob"], reply: { id: one.id, who: "", text: "" } });
  addAll(history, one, two, said("#Tea", "hello"));
  assertEquals(mentionsOf(history, "bob"), ["#tea bob again", "#tea hi bob"]);
  assertEquals(mentionsOf(history, "bob", two.id), ["#tea hi bob"]);
  const line = history.mentions("bob", Infinity, 1)[0]!.line as Said;
  assertEquals([line.room, line.mentions, line.reply!.text], ["#Tea", ["bob"], "hi bob"]);
  history.saveRoom({ ...PLAIN_ROOM, name: "#Tea", since: 1 });
  history.commit();
  history.renameRoom("#tea", "#coffee");
  assertEquals(mentionsOf(history, "bob"), ["#coffee bob again", "#coffee hi bob"]);
  assertEquals((history.mentions("bob", Infinity, 1)[0]!.line as Said).room, "#coffee");
  addAll(history, said("#tea", "bob, in a new room", { mentions: ["bob"] }));
  history.deleteTarget("#coffee");
  assertEquals(mentionsOf(history, "bob"), ["#tea bob, in a new room"]);
  addAll(history, said("#tea", "BOB", { mentions: ["BOB"] }));
  assertEquals(mentionsOf(history, "bob").length, 2);
  history.forgetMentions("bob");
  assertEquals([mentionsOf(history, "bob"), mentionsOf(history, "carol")], [[], []]);
});

Deno.test("SQLite history: few lines with reactions are deleted at once", async () => {
  using clock = new Clock();
  using place = new Place();
  const reactions = Array.from({ length: 50 }, (_, n) => reaction(`user${n}`));
  addAll(await place.open(), ...Array.from({ length: 30 }, () => said("#tea", "hi", { reactions })));
  clock.now += 2 * DAY;
  const history = await place.open({ age: DAY });
  const most = rowsAtOnce(place, () => runMaintenance(history));
  assertEquals(place.number("SELECT (SELECT count(*) FROM message) + (SELECT count(*) FROM reaction)"), 0);
  assertEquals(most, EXTRAS_STEP * (reactions.length + 1));
});

testStores("a deleted line is not found by its author alone, whether it is indexed or not", (history) => {
  const lines = ["one", "two", "three"].map((text) => said("#tea", text));
  addAll(history, ...lines);
  const found = () => {
    const { lines } = runToEnd(history.search(["#tea"], { terms: [], from: "alice", count: 10 }));
    return lines.map(({ text }) => text);
  };
  change(history, () => history.redact("#tea", lines[0]!, "alice"));
  assertEquals(found(), ["two", "three"]);
  runMaintenance(history);
  change(history, () => history.redact("#tea", lines[1]!, "alice"));
  assertEquals(found(), ["three"]);
});

testStores("a line whose text was deleted has no mentions", (history) => {
  const [one, two] = [said("#tea", "one", { mentions: ["bob"] }), said("#tea", "two", { mentions: ["bob"] })];
  addAll(history, one, two);
  change(history, () => history.redact("#tea", one, "alice"));
  assertEquals(mentionsOf(history, "bob"), ["#tea two"]);
});

for (const [limit, retention] of [["age", { age: DAY }], ["lines", { lines: 3 }]] as const) {
  Deno.test(`memory history: mentions go with their lines, for the limit of ${limit}`, () => {
    using clock = new Clock();
    const history = new MemoryHistory(retention);
    const add = (text: string) => history.add("#tea", said("#tea", text, { time: clock.now, mentions: ["bob"] }));
    for (let n = 0; n < 5; n++) add(`old ${n}`);
    clock.now += DAY + MINUTE;
    for (let n = 0; n < 3; n++) add(`new ${n}`);
    runMaintenance(history);
    assertEquals(mentionsOf(history, "bob"), ["#tea new 2", "#tea new 1", "#tea new 0"]);
  });
}

Deno.test("memory history: the mentions of each account and of all are limited", () => {
  const history = new MemoryHistory({ lines: 10_000 });
  for (let n = 0; n < MENTIONS_MAX + 150; n++) history.add("#tea", said("#tea", `${n}`, { mentions: ["bob"] }));
  const found = mentionsOf(history, "bob");
  assertEquals([found.length, found[0]], [MENTIONS_MAX, `#tea ${MENTIONS_MAX + 149}`]);
  const mentions = new MemoryMentions(100);
  const add = (id: number, ...accounts: string[]) => mentions.add("#tea", { id, mentions: accounts });
  for (let n = 0; n < 10; n++) add(n, "carol");
  for (let n = 10; n < 1000; n++) {
    add(n, "bob", "Bob");
    assert(mentions.size <= 100);
  }
  const idsOf = (account: string) => [...mentions.list(account, Infinity)].map(({ id }) => id);
  assertEquals([idsOf("carol").length, idsOf("bob")[0]], [10, 999], "only the account with the most has lost some");
  mentions.forget("bob");
  assertEquals(mentions.size, 10);
});

Deno.test("mentions: a limited number is stored of each account", async () => {
  using place = new Place();
  const history = await place.open();
  for (let n = 0; n < MENTIONS_MAX + 150; n++) {
    history.add("#tea", said("#tea", `${n}`, { id: n + 1, mentions: n < 5 ? ["carol"] : ["bob"] }));
  }
  history.commit();
  const found = mentionsOf(history, "bob");
  assertEquals([found.length, found[0]], [MENTIONS_MAX, `#tea ${MENTIONS_MAX + 149}`]);
  assert(place.number("SELECT count(*) FROM mention WHERE account = 'bob'") < MENTIONS_MAX + 100);
  assertEquals(mentionsOf(history, "carol").length, 5);
});

Deno.test("mentions: a later owner of a name sees none of those before", async () => {
  using place = new Place();
  const history = await place.open();
  const add = (id: number) => addAll(history, said("#tea", `${id}`, { id, time: 1, mentions: ["Bob"] }));
  add(2000);
  history.forgetMentions(fold("Bob"));
  assertEquals(mentionsOf(history, "bob"), []);
  add(3000); // such as one that was pending, or that comes from a peer
  place.database.db.exec("INSERT INTO account VALUES ('bob', 'bob', 4, '', x'', 1, x'', x'')");
  add(5000);
  assertEquals(mentionsOf(history, "bob"), ["#tea 5000"]);
});

for (const [limit, retention] of [["age", { age: DAY }], ["lines", { lines: 3 }]] as const) {
  Deno.test(`SQLite history: reactions and mentions go with their lines, for the limit of ${limit}`, async () => {
    using clock = new Clock();
    using place = new Place();
    const history = await place.open(retention);
    const old = Array.from({ length: 40 }, (_, n) => said("#tea", `${n}`, { mentions: ["bob"] }));
    addAll(history, ...old);
    change(history, () => {
      for (const { id } of old) history.react("#tea", id, reaction("bob"), true);
    });
    clock.now = NOON + DAY + MINUTE;
    const recent = Array.from({ length: 3 }, (_, n) => said("#tea", `new${n}`, { mentions: ["carol"] }));
    addAll(history, ...recent);
    change(history, () => history.react("#tea", recent[0]!.id, reaction("bob"), true));
    clock.now += SWEEP_TIME;
    runMaintenance(history);
    assertEquals(history.page("#tea", { count: 100 }).map(({ text }) => text), ["new0", "new1", "new2"]);
    assertEquals(["reaction", "mention"].map((table) => place.number(`SELECT count(*) FROM ${table}`)), [1, 3]);
    history.deleteTarget("#tea");
    runMaintenance(history);
    assertEquals(["reaction", "mention"].map((table) => place.number(`SELECT count(*) FROM ${table}`)), [0, 0]);
  });
}

Deno.test("SQLite history: a private line has its reactions on both sides, until each conversation is deleted", async () => {
  using place = new Place();
  const history = await place.open();
  const psst = whispered("bob", "psst");
  const both = ["alice@account bob", "bob@account alice"];
  for (const target of both) history.add(target, psst);
  for (const target of both) history.react(target, psst.id, reaction("bob"), true);
  history.commit();
  history.deleteConversations("alice@account ");
  runMaintenance(history);
  assertEquals(both.map((target) => history.line(target, psst.id)?.reactions?.length), [undefined, 1]);
  assertEquals(place.number("SELECT count(*) FROM reaction"), 1);
});
