/** Exports, imports and erasing of what belongs to lines: replies, reactions, mentions, deleted texts and texts of several lines. */
import { assert, assertEquals, assertRejects } from "@std/assert";
import { MENTIONED_MAX } from "../../src/chat/mentions.ts";
import { REACTIONS_MAX } from "../../src/chat/store.ts";
import { erase } from "../../src/history/erase.ts";
import { FormatError } from "../../src/history/jsonl.ts";
import { Store, THEN } from "./stores.ts";

const BOB = { who: "bob", origin: "bob!~bob@bob.host" };

/** A store with one of everything. */
async function makeStore(): Promise<Store> {
  const store = await Store.make();
  store.rooms("#tea");
  const asked = store.say("#tea", "alice", "Lunch?\n  at one", { mentions: ["Bob", "carol"] });
  const answer = store.say("#tea", "bob", "yes", { reply: { id: asked.id, who: "", text: "" } });
  const zebra = store.say("#tea", "carol", "zebra", { tags: "+a=b" });
  store.whisper("alice", "bob", "psst");
  store.history.react("#tea", answer.id, { ...BOB, account: "Bob", text: "👍", time: THEN }, true);
  store.history.react(
    "#tea",
    answer.id,
    { who: "alice", origin: "alice!~alice@alice.host", text: "+1", time: THEN },
    true,
  );
  store.history.redact("#tea", zebra, "Bob");
  store.history.commit();
  return store;
}

function messages(store: Store): unknown[] {
  return store.history.page("#tea", { count: 10 });
}

Deno.test("export: an import brings back replies, reactions, mentions and texts of several lines, and no deleted text", async () => {
  await using one = await makeStore();
  await using other = await Store.make();
  const all = one.export("jsonl");
  assert(!all.includes("zebra"));
  assertEquals(await other.import(all), [5, 0]);
  assertEquals(messages(other), messages(one));
  assertEquals(other.export("jsonl"), all);
  assertEquals(other.search("zebra"), []);
  assertEquals(await other.import(all), [0, 5]);
});

Deno.test("export: as text, each line of a message has its author, and a deleted message has no text", async () => {
  await using store = await makeStore();
  const lines = store.export("text").split("\n").map((line) => line.slice(20));
  assertEquals(lines, [
    "#tea <alice> Lunch?",
    "#tea <alice>   at one",
    "#tea <bob> yes",
    "#tea <carol> (deleted by Bob)",
    "",
  ]);
});

Deno.test("import: a text that was deleted on either side is not brought back, and is known", async () => {
  await using one = await Store.make();
  await using other = await Store.make();
  one.rooms("#tea");
  const line = one.say("#tea", "alice", "zebra");
  const before = one.export("jsonl");
  one.history.redact("#tea", line, "alice");
  one.history.commit();
  assertEquals(await one.import(before), [0, 1]);
  assertEquals(one.texts("#tea"), [""]);
  await other.import(before);
  assertEquals(await other.import(one.export("jsonl")), [0, 1]);
  assertEquals(other.texts("#tea"), ["zebra"]);
});

Deno.test("import: a reply still refers to its message where that has got another id", async () => {
  await using one = await Store.make();
  await using other = await Store.make();
  for (const store of [one, other]) store.rooms("#tea");
  other.say("#tea", "carol", "mine");
  const asked = one.say("#tea", "alice", "lunch?");
  one.say("#tea", "bob", "yes", { reply: { id: asked.id, who: "", text: "" } });
  for (const counts of [[2, 0], [0, 2]]) assertEquals([...await other.import(one.export("jsonl"))], counts);
  const [, , answer] = other.history.page("#tea", { count: 3 });
  assertEquals(answer!.reply?.text, "lunch?");
});

Deno.test("import: a reply to a message whose new id is not noted any more refers to no other message", async () => {
  await using one = await Store.make();
  await using other = await Store.make();
  for (const store of [one, other]) store.rooms("#tea");
  for (const text of ["mine", "too"]) other.say("#tea", "carol", text);
  const asked = ["lunch?", "dinner?"].map((text) => one.say("#tea", "alice", text));
  for (const { id } of asked) one.say("#tea", "bob", "yes", { reply: { id, who: "", text: "" } });
  assertEquals(await other.import(one.export("jsonl"), 1), [4, 0]);
  const answers = other.history.page("#tea", { count: 10 }).filter(({ text }) => text === "yes");
  assertEquals(answers.map(({ reply }) => reply?.text), [undefined, "dinner?"]);
});

Deno.test("import: a private reply refers to the copy of its message on its own side", async () => {
  await using one = await Store.make();
  await using other = await Store.make();
  const asked = one.whisper("alice", "bob", "lunch?");
  one.whisper("bob", "alice", "yes", undefined, { reply: { id: asked.id, who: "", text: "" } });
  other.whisper("alice", "bob", "mine", "alice@alice.host bob");
  await other.import(one.export("jsonl"));
  for (const target of ["alice@alice.host bob", "bob@bob.host alice"]) {
    const answer = other.history.page(target, { count: 10 }).find(({ text }) => text === "yes");
    assertEquals(answer?.reply?.text, "lunch?", target);
  }
});

Deno.test("import: what no server can have stored is rejected", async () => {
  await using store = await Store.make();
  await using source = await Store.make();
  source.rooms("#tea");
  const { id } = source.say("#tea", "alice", "hi");
  const read = (more: Record<string, unknown>) => {
    const lines = source.export("jsonl").split("\n");
    const at = lines.findIndex((line) => line.includes('"message"'));
    lines[at] = JSON.stringify({ ...JSON.parse(lines[at]!), ...more });
    return store.import(lines.join("\n"));
  };
  const reaction = { from: BOB.origin, text: "+1", time: new Date(THEN).toISOString() };
  const wrong: [Record<string, unknown>, string][] = [
    [{ deleted: "bob" }, '"text" must be empty in a deleted message'],
    [{ deleted: "bob", text: "", tags: "+a=b" }, '"tags" must be empty'],
    [{ deleted: "no nick", text: "" }, '"deleted" must be'],
    [{ deleted: "bob", text: "", reactions: [] }, '"reactions" does not belong to a deleted message'],
    [{ text: "" }, '"text" must be a text that is not empty'],
    [{ text: "x\n".repeat(101) }, '"text" must be'],
    [{ reply: -1 }, '"reply" must be'],
    [{ reply: id }, '"reply" is not smaller than "id"'],
    [{ mentions: ["no nick"] }, '"mentions" must be a list'],
    [{ mentions: Array(MENTIONED_MAX + 1).fill("bob") }, '"mentions" must be a list'],
    [{ reactions: Array(REACTIONS_MAX + 1).fill(reaction) }, '"reactions" must be a list'],
    [{ reactions: [reaction, { ...reaction, account: undefined }] }, '"reactions" contains one twice'],
    [{ reactions: [{ ...reaction, text: "a b" }] }, '"reactions[0].text" must be a reaction'],
    [{ reactions: [{ ...reaction, more: 1 }] }, '"reactions[0].more" does not belong there'],
  ];
  for (const [more, message] of wrong) await assertRejects(() => read(more), FormatError, message);
  assertEquals(await read({ reactions: [reaction], mentions: ["bob"], reply: 5, text: "a\nb" }), [1, 0]);
});

Deno.test("erase: the reactions of a user, the mentions of it and its name on deleted messages go as well", async () => {
  await using store = await makeStore();
  erase(store.file, "bob");
  const [asked, zebra] = store.history.page("#tea", { count: 10 });
  assertEquals([asked!.kind === "said" && asked!.mentions, zebra!.deletedBy], [["carol"], "*"]);
  assertEquals(["reaction", "mention"].map((table) => store.number(`SELECT count(*) FROM ${table}`)), [0, 1]);
  const bytes = [...Deno.readDirSync(store.directory)].map(({ name }) => {
    return new TextDecoder("latin1").decode(Deno.readFileSync(`${store.directory}/${name}`));
  });
  assert(!bytes.join("\0").includes("bob.host"));
  await using other = await makeStore();
  erase(other.file, "alice");
  assertEquals(other.history.page("#tea", { count: 10 })[0]!.reply?.text, "");
  assertEquals(other.history.page("#tea", { count: 10 })[0]!.reactions?.map(({ who }) => who), ["bob"]);
});
