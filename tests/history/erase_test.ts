import { assert, assertEquals, assertThrows } from "@std/assert";
import { tokenize } from "../../src/util/tokenizer.ts";
import { BanTable } from "../../src/history/ban_table.ts";
import { IgnoreTable } from "../../src/history/ignore_table.ts";
import { Database } from "../../src/history/database.ts";
import { erase } from "../../src/history/erase.ts";
import { SqliteHistory } from "../../src/history/sqlite.ts";
import { StoreError } from "../../src/chat/store.ts";
import { runMaintenance } from "./helpers.ts";
import { Store, THEN } from "./stores.ts";

/** All bytes of all files in a directory. */
async function bytesIn(directory: string): Promise<string> {
  const decoder = new TextDecoder("latin1");
  let all = "";
  for await (const { name } of Deno.readDir(directory)) {
    all += decoder.decode(await Deno.readFile(`${directory}/${name}`));
  }
  return all;
}

/** Those of some words that occur in the files of a directory, in any case. */
async function found(directory: string, words: readonly string[]): Promise<string[]> {
  const all = (await bytesIn(directory)).toLowerCase();
  return words.filter((word) => all.includes(word));
}

// No other word starts like these: FTS5 stores only the part of a term that differs from the term before it.
const SAID = ["zebra", "xylophone", "quartz", "vermilion", "!~bob@bob.host"];
const PRIVATE = ["jigsaw", "yonder", "keystone", "wicket", "bob@bob.host alice", "alice@alice.host bob"];

/** A store in which bob and others have said things. */
async function makeStore(): Promise<Store> {
  const store = await Store.make();
  const [bob, alice] = ["bob!~bob@bob.host", "alice!~alice@alice.host"];
  store.rooms(
    {
      name: "#tea",
      topic: { text: "vermilion", by: bob, at: THEN },
      password: "sesame",
      masks: [
        { list: "b", mask: "Evil!*@*", by: bob, at: THEN },
        { list: "e", mask: "bob!*@*", by: alice, at: THEN },
      ],
    },
    { name: "#coffee", topic: { text: "bob is here", by: alice, at: THEN } },
  );
  store.say("#tea", "alice", "hello bob");
  store.say("#tea", "bob", "the zebra");
  store.say("#coffee", "BOB", "xylophone and quartz", { style: "action" });
  store.say("#coffee", "bobby", "not me");
  store.say("#coffee", "[bob", "nor me");
  store.whisper("alice", "bob", "jigsaw");
  store.whisper("Bob", "alice", "yonder");
  store.whisper("bob", "bob", "yonder");
  store.whisper("carol", "bobby", "stays");
  store.whisper("carol", "[bob", "stays");
  // Filed under an account, as for members who are logged in.
  store.whisper("bob", "carol", "keystone", "carol@account ally");
  store.whisper("carol", "Bob", "wicket", "carol@account ally");
  store.whisper("carol", "ally", "stays", "carol@account ally");
  return store.runMaintenance();
}

Deno.test("erase: no trace of a user's lines is left in any file, and all other lines stay", async () => {
  await using store = await makeStore();
  assertEquals(await found(store.directory, [...SAID, ...PRIVATE]), [...SAID, ...PRIVATE]);
  assertEquals(erase(store.file, "bOb"), { inRooms: 2, inPrivate: 5, account: false });
  assertEquals(await found(store.directory, [...SAID, ...PRIVATE]), []);
  assertEquals(store.export("text").split("\n").map((line) => line.slice(20)), [
    "#coffee <bobby> not me",
    "#coffee <[bob> nor me",
    "#tea <alice> hello bob",
    "",
  ]);
  const targets = store.file.db.prepare("SELECT key FROM target WHERE key > '$' ORDER BY key").all();
  assertEquals(targets.map(({ key }) => key), [
    "[bob@[bob.host carol",
    "bobby@bobby.host carol",
    "carol@account ally",
    "carol@carol.host [bob",
    "carol@carol.host bobby",
  ]);
  assertEquals(store.texts("carol@account ally"), ["stays"]);
  for (const word of ["hello", "bob", "nor"]) assertEquals(store.search(word).length, 1, word);
  for (const word of tokenize(SAID.join(" "))) assertEquals(store.search(word), word === "bob" ? ["hello bob"] : []);
  store.file.db.exec("INSERT INTO word (word) VALUES ('integrity-check')");
});

Deno.test("erase: bans of the user stay, without their author and reason", async () => {
  await using store = await makeStore();
  const bans = new BanTable(store.file);
  const ban = { what: "192.0.2.7", by: "Bob", reason: "stole my saxophone", since: THEN, until: Infinity };
  bans.addBan(ban);
  bans.addBan({ ...ban, what: "192.0.2.8", by: "bobby", nick: "Bob" });
  bans.addBan({ ...ban, what: "192.0.2.9", by: "carol", reason: "", nick: "bobby" });
  erase(store.file, "bob");
  assertEquals(bans.bans().map(({ what, by, reason, nick }) => [what, by, reason, nick]), [
    ["192.0.2.7", "*", "no reason given", undefined],
    ["192.0.2.8", "bobby", "stole my saxophone", undefined],
    ["192.0.2.9", "carol", "", "bobby"],
  ]);
  bans.removeBan("192.0.2.8");
  erase(store.file, "bob");
  assertEquals(await found(store.directory, ["saxophone"]), []);
});

Deno.test("erase: lines of the user's account under other nicknames are erased, and the account is", async () => {
  await using store = await makeStore();
  store.say("#tea", "robert", "quokka", { account: "Bob" });
  store.say("#tea", "bobby", "stays here", { account: "bobby" });
  const account = store.file.db.prepare("INSERT INTO account VALUES (?, ?, 0, 'hash', x'00', 1, x'00', x'00')");
  for (const name of ["Bob", "bobby"]) account.run(name.toLowerCase(), name);
  const ignored = new IgnoreTable(store.file);
  ignored.addIgnored("bob", ["carol"]);
  ignored.addIgnored("carol", ["Bob", "bob!*@host", "bobby", "bobby!*@host"]);
  store.runMaintenance();
  assertEquals(erase(store.file, "bob"), { inRooms: 3, inPrivate: 5, account: true });
  assertEquals(await found(store.directory, ["quokka", "robert"]), []);
  assertEquals([store.texts("#tea"), store.search("quokka")], [["hello bob", "stays here"], []]);
  assertEquals(store.file.db.prepare("SELECT name FROM account").all().map(({ name }) => name), ["bobby"]);
  assertEquals([ignored.ignored("bob"), ignored.ignored("carol")], [[], ["bobby", "bobby!*@host"]]);
  assertEquals(erase(store.file, "bob"), { inRooms: 0, inPrivate: 0, account: false });
});

Deno.test("erase: lines to the user under another nickname are erased from both copies of a conversation", async () => {
  await using store = await makeStore();
  const told = store.whisper("carol", "robert", "quokka", "bob@account carol"); // robert is logged in as bob
  store.history.add("carol@carol.host robert", told);
  store.history.add("carol@carol.host robert", { ...told, id: told.id + 1, text: "stays here" });
  store.history.commit();
  assertEquals(erase(store.file, "bob").inPrivate, 6);
  assertEquals(await found(store.directory, ["quokka"]), []);
  assertEquals(store.texts("carol@carol.host robert"), ["stays here"]);
});

Deno.test("erase: a line to the user under another nickname is erased when its only copy is that of the other side", async () => {
  await using store = await makeStore();
  store.whisper("carol", "robert", "quokka", "carol@account bob"); // robert is logged in as bob
  assertEquals(erase(store.file, "bob").inPrivate, 6);
  assertEquals(await found(store.directory, ["quokka"]), []);
});

Deno.test("erase: lines of a deleted room that still await their deletion leave no trace, and are not counted", async () => {
  await using store = await Store.make();
  store.rooms("#tea");
  store.say("#tea", "bob", "quokka");
  store.history.readMarkers.advance("alice", "#tea", THEN);
  store.history.commit();
  store.history.deleteTarget("#tea");
  assertEquals(await found(store.directory, ["quokka"]), ["quokka"]);
  assertEquals(erase(store.file, "bob"), { inRooms: 0, inPrivate: 0, account: false });
  assertEquals(await found(store.directory, ["quokka"]), []);
  assertEquals(
    store.number("SELECT count(*) FROM read_marker"),
    0,
    "the next room may get the number of the deleted one",
  );
});

Deno.test("erase: no nickname is left in the counts of each writer, and they are correct afterwards", async () => {
  await using store = await Store.make();
  store.rooms("#tea");
  for (const who of ["zed", "alice"]) store.say("#tea", who, "hello");
  const counts = () => {
    runMaintenance(new SqliteHistory(store.file, { lines: 100 }));
    return store.file.db.prepare("SELECT writer FROM usage ORDER BY writer").all().map(({ writer }) => writer);
  };
  assert(counts().includes("zed@zed.host"));
  erase(store.file, "zed");
  assertEquals(await found(store.directory, ["zed@zed.host"]), []);
  const room = `#${store.number("SELECT id FROM target")}`;
  assertEquals(counts(), ["#", room, "alice.host", "alice.host", "alice@alice.host", "alice@alice.host"]);
});

Deno.test("erase: a full disk makes it fail and change nothing, and the next try completes it", async () => {
  await using store = await makeStore();
  const before = store.export("jsonl");
  store.file.db.exec(`PRAGMA max_page_count = ${store.number("PRAGMA page_count")}`);
  const error = assertThrows(() => erase(store.file, "bob"), StoreError);
  assertEquals([error.message, store.file.db.isTransaction], ["the disk is full", false]);
  assertEquals(store.export("jsonl"), before);
  store.file.db.exec("PRAGMA max_page_count = 1000000");
  assertEquals(erase(store.file, "bob"), { inRooms: 2, inPrivate: 5, account: false });
  assertEquals(await found(store.directory, [...SAID, ...PRIVATE]), []);
});

Deno.test("erase: the user's topics are erased, and masks stay without their author", async () => {
  await using store = await makeStore();
  erase(store.file, "bob");
  const rooms = new Map(store.history.rooms().map((room) => [room.name, room]));
  assertEquals(rooms.get("#tea")!.topic, undefined);
  assertEquals(rooms.get("#tea")!.password, "sesame");
  assertEquals(rooms.get("#tea")!.masks.map(({ mask, by }) => [mask, by]), [
    ["Evil!*@*", "*"],
    ["bob!*@*", "alice!~alice@alice.host"],
  ]);
  assertEquals(rooms.get("#coffee")!.topic!.text, "bob is here");
});

Deno.test("erase: a single line among many, moved rows and previously deleted rows leave no trace", async () => {
  await using store = await Store.make();
  const rooms = ["#a", "#b", "#c"];
  store.rooms(...rooms);
  const line = { kind: "said", who: "alice", origin: "alice!~alice@alice.host", style: "say", time: THEN } as const;
  for (let i = 0; i < 3000; i++) {
    const room = rooms[i % 3]!;
    const text = `${i} some words in a line that is not theirs`;
    const who = i % 100 === 50 ? { who: "zed", origin: "zed!~zed@zed.host", text: `zebra${i}` } : {};
    store.history.add(room, { ...line, room, id: THEN + i, text, ...who, tags: "", bot: false });
    if (i % 20 === 0) store.history.commit(); // so that each commit needs new pages
  }
  store.say("#c", "zed", "xylophone");
  store.runMaintenance();
  store.file.db.exec("DELETE FROM word WHERE rowid = (SELECT max(id) FROM message)"); // as for an expired line
  store.file.db.exec("DELETE FROM message WHERE id = (SELECT max(id) FROM message)");
  const traces = ["zebra", "xylophone", "zed!~zed@zed.host", "7a6564"]; // the last is the nickname as it is in the index
  assertEquals(await found(store.directory, traces), traces);
  assertEquals(erase(store.file, "zed"), { inRooms: 30, inPrivate: 0, account: false });
  assertEquals(await found(store.directory, traces), []);
  assertEquals(store.number("SELECT count(*) FROM word"), 2970);
  assertEquals(store.search("2999").length, 1);
  assertEquals(store.number("PRAGMA freelist_count"), 0);
});

Deno.test("erase: free space in other tables is overwritten, and their rows stay", async () => {
  await using store = await Store.make();
  store.rooms("#tea");
  for (let i = 0; i < 300; i++) store.say("#tea", "zed", `zebra${i}`);
  store.file.db.exec("PRAGMA secure_delete = OFF; DELETE FROM message; PRAGMA wal_checkpoint(TRUNCATE)");
  store.file.db.exec("CREATE TABLE other (x TEXT); CREATE INDEX others ON other (x)"); // in pages that contained messages, …
  store.file.db.exec("INSERT INTO other VALUES ('one'), ('two')"); // … of which it fills only a part
  store.file.db.prepare("PRAGMA incremental_vacuum").all();
  store.file.db.exec("PRAGMA wal_checkpoint(TRUNCATE)");
  assertEquals(await found(store.directory, ["zebra"]), ["zebra"]);
  erase(store.file, "zed");
  assertEquals(await found(store.directory, ["zebra"]), []);
  assertEquals(store.number("SELECT count(*) FROM other WHERE x IN ('one', 'two')"), 2);
});

Deno.test("erase: pending lines are indexed, and an unknown user changes nothing", async () => {
  await using store = await Store.make();
  store.rooms("#tea");
  store.say("#tea", "alice", "hello");
  const secret = store.file.db.prepare("SELECT hex(value) FROM secret").get();
  const before = store.export("jsonl");
  assertEquals(erase(store.file, "nobody"), { inRooms: 0, inPrivate: 0, account: false });
  assertEquals(store.export("jsonl"), before);
  assertEquals(store.search("hello"), ["hello"]);
  assertEquals(store.file.db.prepare("SELECT hex(value) FROM secret").get(), secret);
});

Deno.test("erase: a concurrent reader makes it fail, and the next try completes it", async () => {
  await using store = await makeStore();
  const reader = await Database.read(store.directory);
  const rows = reader.db.prepare("SELECT text FROM message").iterate();
  rows.next(); // keeps a read transaction open
  const error = assertThrows(() => erase(store.file, "bob"), StoreError);
  assertEquals(error.message, "another program reads it, so its log could not be truncated");
  assert((await found(store.directory, SAID)).length > 0);
  rows.return!();
  reader.close();
  assertEquals(erase(store.file, "bob"), { inRooms: 0, inPrivate: 0, account: false });
  assertEquals(await found(store.directory, [...SAID, ...PRIVATE]), []);
});

Deno.test("erase: lines under a nickname outside ASCII are erased in all its spellings", async () => {
  await using store = await Store.make();
  store.rooms({ name: "#tea", topic: { text: "vermilion", by: "ZOË!~z@other.host", at: THEN } });
  store.say("#tea", "Zoë", "the zebra");
  store.say("#tea", "ZOË", "quartz", { account: "zoë" });
  store.say("#tea", "Zoe", "not me");
  store.whisper("Zoë", "Ζωή", "jigsaw");
  store.whisper("Ζωή", "ZOË", "wicket", "ζωή@account ally");
  store.whisper("ΖΩΉ", "Zoe", "stays");
  new BanTable(store.file).addBan({ what: "192.0.2.7", by: "zOË", reason: "saxophone", since: THEN, until: Infinity });
  assertEquals(erase(store.runMaintenance().file, "Zoe\u0308"), { inRooms: 2, inPrivate: 2, account: false });
  const words = ["zebra", "quartz", "jigsaw", "wicket", "vermilion", "saxophone"];
  assertEquals(await found(store.directory, [...words, "stays"]), ["stays"]);
  assertEquals(store.export("text").split("\n").map((line) => line.slice(20)), ["#tea <Zoe> not me", ""]);
});
