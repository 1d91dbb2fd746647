import { assert, assertEquals, assertMatch, assertRejects, assertStringIncludes } from "@std/assert";
import { fc } from "../dependencies.ts";
import { sanitize } from "../../src/util/sanitize.ts";
import { firstId } from "../../src/chat/ids.ts";
import { ACCOUNT_HOST } from "../../src/chat/conversations.ts";
import { KEY_MAX, LISTS, MASK_MAX, SWITCHES } from "../../src/chat/modes.ts";
import { Database } from "../../src/history/database.ts";
import { FormatError, readEntry } from "../../src/history/jsonl.ts";
import { SqliteHistory } from "../../src/history/sqlite.ts";
import { StoreError } from "../../src/chat/store.ts";
import { Import, IMPORT_LINE_MAX, TRANSACTION_LINES } from "../../src/history/import.ts";
import { runMaintenance } from "./helpers.ts";
import { Store, THEN } from "./stores.ts";

/** The head, a room and the end of the exports in these tests. */
const HEAD = JSON.stringify({ tincan: 2, messages: 1 });
const END = JSON.stringify({ kind: "end" });
const TIME = new Date(THEN).toISOString();

type Fields = Record<string, unknown>;

function room(fields: Fields = {}): string {
  const none = { topic: null, modes: "", key: null, limit: null, masks: [] };
  return JSON.stringify({ kind: "room", name: "#tea", since: TIME, at: TIME, ...none, ...fields });
}

function message(fields: Fields = {}): string {
  const id = firstId(THEN);
  const said = { room: "#tea", id, time: TIME, style: "say", from: "alice!~a@h", text: "hi", tags: "", bot: false };
  return JSON.stringify({ kind: "message", ...said, ...fields });
}

function whisper(fields: Fields = {}): string {
  return message({ room: undefined, owner: "alice@h", to: "bob", ...fields });
}

function lines(...lines: string[]): string {
  return lines.map((line) => `${line}\n`).join("");
}

/** The error of an import. */
async function refusal(store: Store, text: string): Promise<string> {
  try {
    await store.import(text);
  } catch (error) {
    assert(error instanceof FormatError, `${error}`);
    return error.message;
  }
  throw new Error("It was taken");
}

/** Adds lines and rooms of all kinds to a store. */
async function fullStore(): Promise<Store> {
  const store = await Store.make();
  const by = "alice!~alice@alice.host";
  store.rooms({
    name: "#Tea",
    topic: { text: "about \x02tea\x02", by, at: THEN + 1 },
    switches: ["t", "n"],
    password: "sesame",
    limit: 12,
    masks: [{ list: "b", mask: "Evil!*@*", by, at: THEN + 2 }, { list: "I", mask: "*!*@ok.*", by: "*", at: THEN + 2 }],
  }, "#empty");
  store.say("#Tea", "alice", "grüße, 今日は 😀");
  store.say("#Tea", "Bob", "waves", { style: "action", tags: "+draft/reply=x;+a" });
  store.say("#Tea", "robot", "beep", { style: "notice", bot: true });
  store.whisper("alice", "Bob", "psst");
  store.whisper("alice", "alice", "remember the milk");
  return store;
}

Deno.test("import: exporting an imported file gives the same bytes, and searches give the same lines", async () => {
  await using from = await fullStore();
  await using to = await Store.make();
  const text = from.export("jsonl");
  assertEquals(await to.import(text), [6, 0]);
  assertEquals(to.export("jsonl"), text);
  assertEquals(to.export("text"), from.export("text"));
  from.runMaintenance();
  for (const word of ["grusse", "waves", "beep", "日", "psst"]) assertEquals(to.search(word), from.search(word), word);
  assertEquals(to.search("waves"), ["waves"]);
});

Deno.test("import: arbitrary rooms and messages survive export and import unchanged", async () => {
  const nick = fc.constantFrom("alice", "Bob", "[c]", "d-1", "Zoë", "田中さん", "عمر", "ΝΊΚΟΣ");
  const text = fc.string({ unit: "grapheme", minLength: 1, maxLength: 40 }).map(sanitize).filter((text) =>
    text.trim() !== ""
  );
  const mask = fc.record({
    list: fc.constantFrom(...LISTS),
    mask: fc.constantFrom("*!*@a", "b!*@*", "C!d@*", "Zoë!*@*", "*さん!*@*"),
    by: fc.constantFrom("*", "alice!~a@h"),
    at: fc.integer({ min: THEN, max: THEN + 1000 }),
  });
  const state = fc.record({
    name: fc.constantFrom("#tea", "#Zoo", "#a|b", "#Été", "#ЧАЙ", "#linux-עברית"),
    since: fc.integer({ min: 0, max: THEN }),
    topic: fc.option(
      fc.record({ text: text.map((text) => text.trim()), by: fc.constant("a!b@c"), at: fc.constant(THEN) }),
      {
        nil: undefined,
      },
    ),
    switches: fc.shuffledSubarray([...SWITCHES]),
    password: fc.constantFrom(undefined, "sesame", "ö"),
    limit: fc.constantFrom(Infinity, 1, 999_999_999),
    masks: fc.uniqueArray(mask, { selector: ({ list, mask }) => list + mask }),
  });
  const talk = fc.array(
    fc.record({ place: fc.nat(), who: nick, to: nick, text, style: fc.constantFrom("say", "action") }),
  );
  await fc.assert(
    fc.asyncProperty(fc.uniqueArray(state, { selector: ({ name }) => name }), talk, async (states, talk) => {
      await using from = await Store.make();
      await using to = await Store.make();
      from.rooms(...states);
      for (const { place, who, to, text, style } of talk) {
        const room = states[place % (states.length + 1)];
        if (room === undefined) from.whisper(who, to, text);
        else from.say(room.name, who, text, { style: style as "say" | "action" });
      }
      const exported = from.export("jsonl");
      await to.import(exported);
      assertEquals(to.export("jsonl"), exported);
      assertEquals(to.history.rooms().map(({ name }) => name).sort(), states.map(({ name }) => name).sort());
    }),
    { numRuns: 25 },
  );
});

Deno.test("import: a second import adds nothing, also without a final line end", async () => {
  await using from = await fullStore();
  await using to = await Store.make();
  const text = from.export("jsonl");
  await to.import(text);
  assertEquals(await to.import(text), [0, 6]);
  assertEquals(await to.import(text.trimEnd().replaceAll("\n", "\r\n")), [0, 6]);
  assertEquals(to.export("jsonl"), text);
  assertEquals(to.search("waves"), ["waves"]);
  assertEquals(to.number("SELECT count(*) FROM word"), 3);
});

Deno.test("import: messages older than stored ones are indexed once each", async () => {
  await using from = await Store.make();
  await using to = await Store.make();
  from.rooms("#tea");
  to.rooms("#tea");
  for (let i = 0; i < 10; i++) {
    const line = from.say("#tea", "alice", `word${i}`);
    if (i === 3 || i === 5) to.history.add("#tea", line); // these are indexed already …
    if (i === 5) {
      to.history.commit();
      to.runMaintenance();
    }
    if (i === 7) to.history.add("#tea", line); // … and this one is not
  }
  to.history.commit();
  assertEquals(await to.import(from.export("jsonl")), [7, 3]);
  const behind = "indexed < (SELECT max(id) FROM message WHERE target = target.id)";
  assertEquals(to.number(`SELECT count(*) FROM target WHERE ${behind}`), 0, "there is nothing left to index");
  to.runMaintenance();
  for (let i = 0; i < 10; i++) assertEquals(to.search(`word${i}`), [`word${i}`]);
  assertEquals(to.number("SELECT count(*) FROM word"), 10);
  to.history.add("#tea", from.say("#tea", "bob", "afterwards"));
  to.history.commit();
  to.runMaintenance();
  assertEquals(to.search("afterwards"), ["afterwards"]);
});

Deno.test("import: the newer state of a room replaces the older one completely", async () => {
  const at = (time: number, text: string) => ({ topic: { text, by: "a!b@c", at: time } });
  const topicAfter = async (there: Parameters<Store["rooms"]>[0], said: boolean, given: Fields) => {
    await using store = await Store.make();
    store.rooms(there);
    if (said) store.say("#tea", "alice", "hi"); // a second after THEN
    await store.import(lines(HEAD, room({ modes: "m", ...given }), END));
    const [{ topic, switches } = { topic: undefined, switches: [] }] = store.history.rooms();
    return `${topic?.text} ${switches.join("")}`;
  };
  const later = new Date(THEN + 5000).toISOString();
  const topic = { text: "theirs", by: "a!b@c", at: TIME };
  assertEquals(await topicAfter({ name: "#TEA", ...at(THEN, "ours") }, false, { at: later, topic }), "theirs m");
  assertEquals(await topicAfter({ name: "#tea", ...at(THEN, "ours") }, true, { at: later }), "undefined m");
  assertEquals(await topicAfter({ name: "#tea", ...at(THEN, "ours") }, true, { at: TIME, topic }), "ours ");
  assertEquals(await topicAfter({ name: "#tea", ...at(THEN + 6000, "ours") }, false, { at: later, topic }), "ours ");
  assertEquals(await topicAfter({ name: "#tea", ...at(THEN + 5000, "ours") }, false, { at: later, topic }), "ours ");
});

Deno.test("import: messages with the same id in two histories are both stored, and a repeated import adds nothing", async () => {
  await using to = await Store.make();
  to.rooms("#tea", "#coffee");
  const id = firstId(THEN);
  to.say("#coffee", "bob", "black", { id }); // the id is taken in another room
  to.say("#tea", "bob", "green", { id: id + 1 }); // and the next one in this room
  const text = lines(
    HEAD,
    room(),
    message({ id, text: "one" }),
    message({ id: id + 1, text: "two" }),
    message({ id: id + 3, text: "two" }),
    message({ id: id + 4, text: "two" }),
    END,
  );
  assertEquals(await to.import(text), [4, 0]);
  const stored = to.history.page("#tea", { count: 10 }).map((line) => `${line.id - id} ${line.text}`);
  assertEquals(stored, ["1 green", "2 one", "3 two", "4 two", "5 two"]);
  assertEquals(to.texts("#coffee"), ["black"]);
  assertEquals(await to.import(text), [0, 4]);
  assertEquals(to.search("one"), ["one"]);
  assertEquals(to.search("black"), ["black"]);
});

Deno.test("import: messages with the same id that differ in one of time, author and text are different ones", async () => {
  await using store = await Store.make();
  const given = [
    {},
    { time: new Date(THEN - 1).toISOString() },
    { from: "bob!~b@h" },
    { text: "hello" },
  ];
  for (const fields of given) assertEquals(await store.import(lines(HEAD, room(), message(fields), END)), [1, 0]);
  for (const fields of given) assertEquals(await store.import(lines(HEAD, room(), message(fields), END)), [0, 1]);
  assertEquals(store.texts("#tea"), ["hi", "hi", "hi", "hello"]);
});

Deno.test("import: invalid tags and tags above the limit are dropped, and the message is stored", async () => {
  await using store = await Store.make();
  const long = "+a=" + "x".repeat(4087);
  const tags = [
    "a=b",
    "+a=b c",
    "+a;;+b",
    "+a=\r\nQUIT;+c",
    "+d=\ud800;+e",
    `${long};+long;+f`,
    `+a=${"x".repeat(5000)}`,
    ";",
  ];
  const given = tags.map((tags, n) => message({ id: firstId(THEN) + n, tags }));
  assertEquals(await store.import(lines(HEAD, room(), ...given, END)), [tags.length, 0]);
  const stored = store.history.page("#tea", { count: 10 }).map(({ tags }) => tags);
  assertEquals(stored, ["", "", "+a;+b", "+c", "+e", `${long};+long`, "", ""]);
  assertEquals(stored[5]!.length, 4096);
});

Deno.test("import: accounts are imported, and messages without an account field are accepted", async () => {
  await using store = await Store.make();
  const id = firstId(THEN);
  const text = lines(
    HEAD,
    room(),
    message({ id, account: "Alice" }),
    message({ id: id + 1 }),
    whisper({ id: id + 2, account: "ally" }),
    END,
  );
  assertEquals(await store.import(text), [3, 0]);
  const accounts = (target: string) => store.history.page(target, { count: 10 }).map(({ account }) => account);
  assertEquals([accounts("#tea"), accounts("alice@h bob")], [["Alice", undefined], ["ally"]]);
  assertEquals(store.export("jsonl").match(/"account":"\w+"/g), ['"account":"Alice"', '"account":"ally"']);
});

Deno.test("import: only the topic of #lobby is imported, not its modes and masks", async () => {
  await using store = await Store.make();
  const topic = { text: "hello", by: "a!b@c", at: TIME };
  const masks = [{ list: "b", mask: "*!*@*", by: "*", at: TIME }];
  await store.import(lines(HEAD, room({ name: "#LOBBY", modes: "im", key: "x", limit: 1, masks, topic }), END));
  assertEquals(store.history.rooms(), [{
    name: "#lobby",
    since: THEN,
    topic: { ...topic, at: THEN },
    switches: ["n"],
    password: undefined,
    limit: Infinity,
    masks: [],
    roles: [],
  }]);
});

Deno.test("import: control characters are removed, and invalid Unicode is replaced", async () => {
  await using store = await Store.make();
  const text = lines(
    HEAD,
    room({ topic: { text: " \x1b[2Jabout\n\ttea ", by: "*", at: TIME } }),
    message({ text: "a\x1b[31mb\nc\x00\x02d\x02\ud800" }),
    END,
  );
  assertEquals(await store.import(text), [1, 0]);
  assertEquals(await store.import(text), [0, 1]);
  assertEquals(store.texts("#tea"), ["a[31mb\nc\x02d\x02\ufffd"]);
  assertEquals(store.history.rooms()[0]!.topic!.text, "[2Jabout\ttea");
});

Deno.test("import: an invalid line is reported with its number, and earlier lines stay", async () => {
  const million = "k".repeat(1_000_000);
  const deep = "[".repeat(200_000) + "]".repeat(200_000);
  const tomorrow = Date.now() + 25 * 60 * 60_000;
  const cases: [string, RegExp][] = [
    ["", /it is not JSON$/],
    ["{", /it is not JSON$/],
    ["\x00\x01\x02", /it is not JSON$/],
    [message().slice(0, -1), /it is not JSON$/],
    [deep.slice(1), /it is not JSON$/],
    [deep, /it is not an object$/],
    ["null", /it is not an object$/],
    ["7", /it is not an object$/],
    ["[]", /it is not an object$/],
    [`{"kind":${deep}}`, /"kind" must be one of room, message, chunk, file, end$/],
    [HEAD, /it is a second head$/],
    ["{}", /"kind" is missing$/],
    ['{"kind":"secret"}', /"kind" must be one of room, message, chunk, file, end$/],
    ['{"kind":"end","__proto__":{}}', /"__proto__" does not belong there$/],
    [message({ [million]: 1 }), /"k{40}" does not belong there$/],
    [message({ "a\n\x1b[2J\x9b": 1 }), /"a\[2J" does not belong there$/],
    [message({ time: undefined }), /"time" is missing$/],
    [message({ time: "yesterday" }), /"time" must be a time such as .*$/],
    [message({ time: "2026-02-30T00:00:00.000Z" }), /"time" must be a time such as .*$/],
    [message({ time: "2020-11-02T14:05:09Z" }), /"time" must be a time such as .*$/],
    [message({ time: "-000001-01-01T00:00:00.000Z" }), /"time" must be a time such as .*$/],
    [message({ time: "1969-12-31T23:59:59.999Z" }), /"time" must be a time such as .*$/],
    [message({ time: new Date(tomorrow).toISOString() }), /"time" must be a time such as .*$/],
    [message({ time: THEN }), /"time" must be a time such as .*$/],
    [message({ time: new Date(tomorrow).toISOString(), id: firstId(tomorrow) }), /"id" must be .* not in the future$/],
    [message({ id: undefined }), /"id" is missing$/],
    [message({ id: "7" }), /"id" must be a whole number above 0.*$/],
    [message({ id: 0 }), /"id" must be a whole number above 0.*$/],
    [message({ id: -1 }), /"id" must be a whole number above 0.*$/],
    [message({ id: 1.5 }), /"id" must be a whole number above 0.*$/],
    [message({ id: 2 ** 53 }), /"id" must be a whole number above 0.*$/],
    [message().replace(/"id":\d+/, '"id":1e999'), /"id" must be a whole number above 0.*$/],
    [message({ id: firstId(tomorrow) }), /"id" must be a whole number above 0.*$/],
    [message({ id: firstId(THEN) - 1 }), /"id" is smaller than its "time" allows$/],
    [message({ text: "again" }), /"id" is not greater than that of the line before$/],
    [message({ style: "ctcp" }), /"style" must be one of say, action, notice$/],
    [message({ from: "alice" }), /"from" must be nick!user@host$/],
    [message({ from: "1st!a@b" }), /"from" must be nick!user@host$/],
    [message({ from: "alice!a b@c" }), /"from" must be nick!user@host$/],
    [message({ from: "alice!a@b c" }), /"from" must be nick!user@host$/],
    [message({ from: "alice!a@b\r\nPRIVMSG" }), /"from" must be nick!user@host$/],
    [message({ from: `alice!a@${million}` }), /"from" must be nick!user@host$/],
    [message({ text: "" }), /"text" must be a text.*$/],
    [message({ text: " \t\x1b\n" }), /"text" must be a text.*$/],
    [message({ text: null }), /"text" must be a text.*$/],
    [message({ text: ["hi"] }), /"text" must be a text.*$/],
    [message({ tags: ["+a"] }), /"tags" must be a text$/],
    [message({ account: "1st" }), /"account" must be a nick$/],
    [message({ account: null }), /"account" must be a nick$/],
    [message({ bot: 1 }), /"bot" must be true or false$/],
    [message({ room: "tea" }), /"room" must be a room$/],
    [message({ room: `#${million}` }), /"room" must be a room$/],
    [message({ room: "#other" }), /"room" is not defined by an earlier line$/],
    [message({ to: "bob" }), /"to" does not belong there$/],
    [whisper({ room: "#tea" }), /"room" does not belong there$/],
    [whisper({ to: "#tea" }), /"to" must be a nick$/],
    [whisper({ owner: "alice" }), /"owner" must be nick@host$/],
    [whisper({ owner: "a b@c" }), /"owner" must be nick@host$/],
    [whisper({ owner: "alice@h h" }), /"owner" must be nick@host$/],
    [whisper({ owner: `alice@${ACCOUNT_HOST}`, with: "carol" }), /"with" is neither the author nor the recipient$/],
    [whisper({ owner: "carol@h" }), /"owner" is neither the author nor the recipient$/],
    [room({ name: "#a,b" }), /"name" must be a room$/],
    [room({ name: "#a\ud800" }), /"name" must be a room$/],
    [room({ since: null }), /"since" must be a time such as .*$/],
    [room({ at: undefined }), /"at" is missing$/],
    [room({ topic: undefined }), /"topic" is missing$/],
    [room({ topic: "tea" }), /"topic" must be an object$/],
    [room({ topic: { text: "tea", by: "alice" } }), /"topic\.by" must be nick!user@host, or \*$/],
    [room({ topic: { text: "tea", by: "*" } }), /"topic\.at" is missing$/],
    [room({ topic: { text: "é".repeat(391), by: "*", at: TIME } }), /"topic\.text" must be a text of 1 to 390 .*$/],
    [room({ topic: { text: "tea", by: "*", at: TIME, x: 1 } }), /"topic\.x" does not belong there$/],
    [room({ modes: "x" }), /"modes" must be letters of imnstMR, each once$/],
    [room({ modes: "nn" }), /"modes" must be letters of imnstMR, each once$/],
    [room({ modes: ["n"] }), /"modes" must be letters of imnstMR, each once$/],
    [room({ key: million }), /"key" must be a key of 1 to 32 characters, or null$/],
    [room({ key: "k".repeat(KEY_MAX + 1) }), /"key" must be a key of 1 to 32 characters, or null$/],
    [room({ key: "open sesame" }), /"key" must be a key of 1 to 32 characters, or null$/],
    [room({ key: "" }), /"key" must be a key of 1 to 32 characters, or null$/],
    [room({ limit: 0 }), /"limit" must be a whole number from 1 to 999999999, or null$/],
    [room({ limit: 1e9 }), /"limit" must be a whole number from 1 to 999999999, or null$/],
    [room({ masks: {} }), /"masks" must be a list of up to 100 objects$/],
    [room({ masks: Array(101).fill({}) }), /"masks" must be a list of up to 100 objects$/],
    [room({ masks: [null] }), /"masks\[0\]" must be an object$/],
    [room({ masks: [{ list: "q" }] }), /"masks\[0\]\.list" must be one of b, e, I$/],
    [room({ masks: [{ list: "b", mask: "bob" }] }), /"masks\[0\]\.mask" must be nick!user@host.*$/],
    [
      room({ masks: [{ list: "b", mask: `${"a".repeat(MASK_MAX - 3)}!*@*` }] }),
      /"masks\[0\]\.mask" must be nick!user@host.*$/,
    ],
    [room({ masks: [{ list: "b", mask: `${million}!*@*` }] }), /"masks\[0\]\.mask" must be nick!user@host.*$/],
    [
      room({ masks: [{ list: "b", mask: "a!*@*", by: "*", at: TIME, x: 1 }] }),
      /"masks\[0\]\.x" does not belong there$/,
    ],
    [
      room({ masks: ["a!*@*", "A!*@*"].map((mask) => ({ list: "b", mask, by: "*", at: TIME })) }),
      /"masks" contains one mask twice$/,
    ],
  ];
  await using store = await Store.make();
  const start = lines(HEAD, room(), message());
  for (const [index, [line, why]] of cases.entries()) {
    const said = await refusal(store, lines(HEAD, room(), message(), line, END));
    assertMatch(said, /^line 4: .{1,150}$/);
    assertMatch(said, new RegExp(`^line 4: ${why.source}`), `case ${index}`);
  }
  assertEquals(store.texts("#tea"), ["hi"]);
  assertEquals(store.search("hi"), ["hi"]);
  assertEquals(await store.import(lines(start.trimEnd(), whisper(), END)), [1, 1]); // the lines that all cases are made from are valid
});

Deno.test("import: older messages are counted for their writers as well", async () => {
  await using from = await Store.make();
  await using to = await Store.make();
  from.rooms("#tea");
  to.rooms("#tea");
  from.say("#tea", "alice", "old");
  const text = from.export("jsonl");
  to.history.add("#tea", from.say("#tea", "bob", "new"));
  to.history.commit();
  const counted = () => {
    runMaintenance(new SqliteHistory(to.file, { lines: 100 }));
    return to.number("SELECT lines FROM usage WHERE target > 0 AND writer = '#'");
  };
  assertEquals(counted(), 1);
  await to.import(text);
  assertEquals(counted(), 2);
});

Deno.test("import: each JSON value is accepted or rejected with a FormatError of one line", () => {
  const names = ["kind", "tincan", "messages", "name", "topic", "masks", "room", "owner", "id", "time", "text", "from"];
  const value = fc.oneof(fc.jsonValue(), fc.constantFrom("room", "message", "end", "head", TIME, 1, null, [], {}));
  const object = fc.dictionary(fc.oneof(fc.constantFrom(...names), fc.string()), value);
  fc.assert(fc.property(fc.oneof(object, fc.jsonValue()), (value) => {
    try {
      assertStringIncludes("head room message end", readEntry(JSON.stringify(value)).kind);
    } catch (error) {
      assert(error instanceof FormatError, `${error}`);
      assertMatch(error.message, /^.{1,150}$/);
    }
  }));
});

Deno.test("import: anything but exactly one complete export is rejected", async () => {
  await using store = await Store.make();
  assertEquals(await refusal(store, ""), "line 1: the end of the export is missing");
  assertEquals(await refusal(store, lines(room(), END)), "line 1: the head of the export is missing");
  assertEquals(await refusal(store, lines(HEAD, room(), message())), "line 4: the end of the export is missing");
  assertEquals(await refusal(store, lines(HEAD, END, room())), "line 3: it comes after the end");
  const newer = `{"tincan":4,"messages":1,"more":"things"}\n`;
  assertEquals(await refusal(store, newer), "line 1: it is of a newer tincan (format 4, and this one knows 3)");
  assertEquals(store.texts("#tea"), ["hi"]);
});

Deno.test("import: a line longer than the limit is rejected, and earlier lines stay", async () => {
  await using store = await Store.make();
  const room_ = message({ text: "" }).length;
  const longest = message({ text: "x".repeat(IMPORT_LINE_MAX - room_) });
  assertEquals(longest.length, IMPORT_LINE_MAX);
  const start = [HEAD, room(), message(), message({ id: firstId(THEN) + 1 })];
  const tooLong = `line 5: it has more than ${IMPORT_LINE_MAX} bytes`;
  assertEquals(await refusal(store, lines(...start, longest.replace("x", "xx"), END)), tooLong);
  assertEquals(await refusal(store, lines(...start, "é".repeat(IMPORT_LINE_MAX / 2 + 1), END)), tooLong);
  assertEquals(await refusal(store, lines(...start) + "x".repeat(10_000_000)), tooLong);
  assertEquals(store.texts("#tea"), ["hi", "hi"]);
  const early = await refusal(store, lines(HEAD, "{}", "x".repeat(10_000_000)));
  assertEquals(early, 'line 2: "kind" is missing', "what is wrong first");
  assertEquals(await store.import(lines(HEAD, room(), longest, END)), [1, 0]);
});

Deno.test("import: the length of a line is counted across chunks", async () => {
  await using store = await Store.make();
  const bytes = new TextEncoder().encode(lines(HEAD, room(), "x".repeat(IMPORT_LINE_MAX + 1), END));
  let pulled = 0;
  const stream = new ReadableStream<Uint8Array<ArrayBuffer>>({
    pull(controller) {
      if (pulled >= bytes.length) return controller.close();
      controller.enqueue(bytes.slice(pulled, pulled += 60_000));
    },
  });
  const taken = new Import(store.file).read(stream, () => {});
  const why = await taken.then(() => "taken", (error: Error) => error.message);
  assertEquals(why, `line 3: it has more than ${IMPORT_LINE_MAX} bytes`);
});

Deno.test("import: nothing is left to index when all messages are older than the stored ones", async () => {
  await using from = await Store.make();
  await using to = await Store.make();
  from.rooms("#tea");
  to.rooms("#tea");
  from.say("#tea", "alice", "old");
  const text = from.export("jsonl");
  to.history.add("#tea", from.say("#tea", "alice", "new"));
  to.history.commit();
  assertEquals(await to.import(text), [1, 0]);
  assertEquals(to.number("SELECT count(*) FROM target WHERE indexed = (SELECT max(id) FROM message)"), 1);
});

/** An export with a number of messages. */
function many(count: number): string {
  const said = Array.from({ length: count }, (_, i) => message({ id: firstId(THEN) + i, text: `word${i}` }));
  return lines(JSON.stringify({ tincan: 1, messages: count }), room(), ...said, END);
}

Deno.test("import: messages are committed in batches, and progress is reported for each line", async () => {
  await using store = await Store.make();
  const beside = await Database.read(store.directory);
  const stored = () => (beside.db.prepare("SELECT count(*) AS count FROM message").get() as { count: number }).count;
  const count = TRANSACTION_LINES + 10;
  const seen = new Map<number, number>();
  const told: number[] = [];
  const all = new Import(store.file);
  await all.read(new Blob([many(count)]).stream(), (done, of) => {
    if (of > 0) assertEquals(of, count);
    if (told.at(-1) !== done) told.push(done);
    if ([1, TRANSACTION_LINES - 1, TRANSACTION_LINES, count].includes(done) && !seen.has(done)) {
      seen.set(done, stored());
    }
  });
  const whole = TRANSACTION_LINES;
  assertEquals([...seen], [[1, 0], [whole - 1, 0], [whole, whole], [count, whole]]);
  assertEquals(told, Array.from({ length: count + 1 }, (_, i) => i));
  assertEquals(stored(), count);
  beside.close();
});

Deno.test("import: committed batches stay when the disk is full, and a later import adds the rest", async () => {
  await using store = await Store.make();
  const count = 3 * TRANSACTION_LINES;
  await using large = await Store.make();
  await large.import(many(count));
  store.file.db.exec(`PRAGMA max_page_count = ${Math.floor(large.number("PRAGMA page_count") * 0.6)}`);
  const all = new Import(store.file);
  const why = await all.read(new Blob([many(count)]).stream(), () => {}).then(() => "taken", (error: Error) => error);
  assert(why instanceof StoreError, `${why}`);
  assertEquals(why.message, "the disk is full");
  assertEquals(all.imported % TRANSACTION_LINES, 0);
  assert(all.imported > 0 && all.imported < count);
  assertEquals(store.number("SELECT count(*) FROM message"), all.imported);
  assertEquals(store.number("SELECT count(*) FROM word"), all.imported);
  store.file.db.exec("PRAGMA max_page_count = 1000000");
  assertEquals(await store.import(many(count)), [count - all.imported, all.imported]);
  assertEquals(store.search(`word${count - 1}`), [`word${count - 1}`]);
});

Deno.test("import: all messages since the last commit are rolled back when one cannot be stored", async () => {
  await using store = await Store.make();
  store.file.db.exec(
    `CREATE TRIGGER failure BEFORE INSERT ON message WHEN new.text = 'word2' BEGIN SELECT RAISE(ABORT, 'no'); END`,
  );
  const all = new Import(store.file);
  const error = await assertRejects(() => all.read(new Blob([many(5)]).stream(), () => {}), StoreError);
  assertEquals([error.message, all.imported, store.file.db.isTransaction], ["no", 0, false]);
  assertEquals(store.texts("#tea"), []);
  store.file.db.exec("DROP TRIGGER failure");
  assertEquals(await store.import(many(5)), [5, 0]);
});
