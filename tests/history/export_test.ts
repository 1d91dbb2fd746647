import { assert, assertEquals, assertMatch, assertThrows } from "@std/assert";
import { fc } from "../dependencies.ts";
import { StoreError } from "../../src/chat/store.ts";
import { Database } from "../../src/history/database.ts";
import { Export } from "../../src/history/export.ts";
import { Store, THEN } from "./stores.ts";

const MASK = { list: "b", mask: "*!*@evil", by: "alice!~alice@alice.host", at: THEN } as const;

/** The lines of an export, parsed. */
function objects(text: string): Record<string, unknown>[] {
  assert(text.endsWith("\n"));
  return text.trimEnd().split("\n").map((line) => JSON.parse(line));
}

Deno.test("export: a text line has time, room, author and text in all styles", async () => {
  await using store = await Store.make();
  store.rooms("#tea", "#Zoo");
  store.say("#Zoo", "alice", "there is a \x02lion\x02");
  store.say("#tea", "bob", "hi");
  store.say("#tea", "alice", "waves", { style: "action" });
  store.say("#tea", "alice", "tea is ready", { style: "notice" });
  store.whisper("alice", "bob", "a secret");
  assertEquals(store.export("text").split("\n"), [
    "2020-11-02 14:05:11 #tea <bob> hi",
    "2020-11-02 14:05:12 #tea * alice waves",
    "2020-11-02 14:05:13 #tea -alice- tea is ready",
    "2020-11-02 14:05:10 #Zoo <alice> there is a lion",
    "",
  ]);
});

Deno.test("export: each line of a message names its author, so that no message can look like another one", async () => {
  const nasty = fc.string({ unit: fc.constantFrom("\n", "\r", "\x85", "\u2028", "\x1b[2K", "\x9b1A", "\b", "a", " ") });
  await fc.assert(
    fc.asyncProperty(nasty, async (text) => {
      await using store = await Store.make();
      store.rooms("#tea");
      store.say("#tea", "alice", `${text}2020-11-02 14:05:12 #tea <bob> I owe you`); // the chat would have sanitized it
      assertMatch(store.export("text"), /^(?:2020-11-02 14:05:10 #tea <alice> [^\p{Cc}\p{Zl}\p{Zp}]*\n)+$/u);
    }),
    { numRuns: 30 },
  );
});

Deno.test("export: JSON lines contain all of a room's settings and messages", async () => {
  await using store = await Store.make();
  const at = THEN + 500;
  const topic = { text: "about tea", by: "bob!~bob@bob.host", at };
  const other = { list: "I", mask: "carol!*@*", by: "*", at: THEN - 1 } as const;
  store.rooms(
    { name: "#Tea", topic, switches: ["t", "i"], password: "sesame", limit: 7, masks: [MASK, other] },
    "#empty",
  );
  const more = { style: "action", tags: "+draft/reply=x", bot: true, account: "Ally" } as const;
  const line = store.say("#Tea", "alice", "hi\x02!", more);
  const iso = (time: number) => new Date(time).toISOString();
  assertEquals(objects(store.export("jsonl")), [
    { tincan: 3, messages: 1 },
    {
      kind: "room",
      name: "#empty",
      since: iso(THEN),
      at: iso(THEN),
      topic: null,
      modes: "",
      key: null,
      limit: null,
      masks: [],
      roles: [],
    },
    {
      kind: "room",
      name: "#Tea",
      since: iso(THEN),
      at: iso(line.time), // the time of the last line
      topic: { text: "about tea", by: "bob!~bob@bob.host", at: iso(at) },
      modes: "ti",
      key: "sesame",
      limit: 7,
      masks: [
        { list: "I", mask: "carol!*@*", by: "*", at: iso(THEN - 1) },
        { list: "b", mask: "*!*@evil", by: "alice!~alice@alice.host", at: iso(THEN) },
      ],
      roles: [],
    },
    {
      kind: "message",
      room: "#Tea",
      id: line.id,
      time: iso(line.time),
      style: "action",
      from: "alice!~alice@alice.host",
      account: "Ally",
      text: "hi\x02!",
      tags: "+draft/reply=x",
      bot: true,
    },
    { kind: "end" },
  ]);
});

Deno.test("export: private messages come last in JSON lines, once for each owner", async () => {
  await using store = await Store.make();
  store.whisper("Alice", "bob", "psst");
  store.whisper("bob", "bob", "remember");
  store.rooms("#tea");
  store.say("#tea", "alice", "hi");
  const messages = objects(store.export("jsonl")).filter(({ kind }) => kind === "message");
  assertEquals(messages.map(({ room, owner, from, to, text }) => [room ?? owner, from, to, text]), [
    ["#tea", "alice!~alice@alice.host", undefined, "hi"],
    ["alice@alice.host", "Alice!~Alice@alice.host", "bob", "psst"],
    ["bob@bob.host", "Alice!~Alice@alice.host", "bob", "psst"],
    ["bob@bob.host", "bob!~bob@bob.host", "bob", "remember"],
  ]);
});

Deno.test("export: a single room is found in any case, and a missing room is reported", async () => {
  await using store = await Store.make();
  store.rooms("#tea", "#teapot", "#coffee");
  for (const room of ["#tea", "#teapot", "#coffee"]) store.say(room, "alice", `in ${room}`);
  store.whisper("alice", "bob", "psst");
  assertEquals(objects(store.export("jsonl", "#TEA")).map(({ text, name }) => text ?? name), [
    undefined,
    "#tea",
    "in #tea",
    undefined,
  ]);
  assertEquals(store.export("text", "#Tea"), "2020-11-02 14:05:10 #tea <alice> in #tea\n");
  const rooms = ["#TEA", "#te", "#te%", "alice@alice.host bob", ""];
  const found = rooms.filter((room) => new Export(store.file, "text", room).found);
  assertEquals(found, ["#TEA"]);
});

Deno.test("export: count() is the number of messages that follow", async () => {
  await using store = await Store.make();
  store.rooms("#tea", "#teapot");
  for (const room of ["#tea", "#teapot", "#teapot"]) store.say(room, "alice", "hi");
  store.whisper("alice", "bob", "psst");
  const counts = (["text", "jsonl"] as const).map((format) => {
    const all = new Export(store.file, format);
    const pieces = [...all.pieces()];
    assertEquals(all.count(), pieces.reduce((sum, { messages }) => sum + messages, 0));
    return all.count();
  });
  assertEquals(counts, [3, 5]);
  assertEquals(new Export(store.file, "text", "#teapot").count(), 2);
});

Deno.test("export: pieces have up to 500 lines, each line once and in order", async () => {
  await using store = await Store.make();
  store.rooms("#tea", "#coffee");
  const said: string[] = [];
  for (let i = 0; i < 1234; i++) {
    for (const [room, id] of [["#coffee", i + 1], ["#tea", i + 5000]] as const) {
      const line = { kind: "said", room, who: "a", origin: "a!b@c", id, style: "say", time: THEN } as const;
      store.history.add(room, { ...line, text: `${i}`, tags: "", bot: false });
    }
    said.push(`${i}`);
  }
  store.history.commit();
  const pieces = [...new Export(store.file, "text").pieces()];
  assertEquals(Math.max(...pieces.map(({ text }) => text.split("\n").length - 1)), 500);
  const words = pieces.flatMap(({ text }) => text.trimEnd().split("\n")).map((line) =>
    line.split(" ").slice(2).join(" ")
  );
  assertEquals(words, ["#coffee", "#tea"].flatMap((room) => said.map((text) => `${room} <a> ${text}`)));
});

Deno.test("export: a server that writes meanwhile does not block it, and later lines are left out", async () => {
  await using store = await Store.make();
  store.rooms("#b", "#c");
  for (const room of ["#b", "#c"]) for (const text of ["1", "2"]) store.say(room, "alice", text);
  const beside = await Database.read(store.directory);
  const pieces = new Export(beside, "text").pieces();
  const first = pieces.next().value!.text;
  store.rooms("#a", "#d");
  for (const room of ["#a", "#b", "#c", "#d"]) store.say(room, "alice", "too late");
  store.file.db.exec("DELETE FROM message WHERE text = '1'; PRAGMA wal_checkpoint(TRUNCATE)");
  assertEquals(store.number("PRAGMA wal_checkpoint(TRUNCATE)"), 0, "the log is not held fast");
  const rest = [...pieces].map(({ text }) => text);
  beside.close();
  const words = [first, ...rest].join("").trimEnd().split("\n").map((line) => line.slice(20));
  assertEquals(words, ["#b <alice> 1", "#b <alice> 2", "#c <alice> 2"]);
});

Deno.test("export: a line that is added meanwhile does not make the state of its room newer", async () => {
  await using store = await Store.make();
  store.rooms("#tea");
  const { time } = store.say("#tea", "alice", "hi");
  const pieces = new Export(store.file, "jsonl").pieces();
  pieces.next(); // the head
  store.say("#tea", "alice", "too late");
  assertEquals(JSON.parse(pieces.next().value!.text).at, new Date(time).toISOString());
});

Deno.test("export: a file that cannot be read is reported with a StoreError", async () => {
  await using store = await Store.make();
  store.rooms("#tea");
  const all = new Export(store.file, "text");
  store.file.db.exec("DROP TABLE message");
  assertThrows(() => all.count(), StoreError, "no such table");
  assertThrows(() => [...all.pieces()], StoreError, "no such table");
});
