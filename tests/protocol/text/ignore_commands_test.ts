/** `/ignore` and `/unignore`. */
import { assertEquals } from "@std/assert";
import { IGNORED_MAX } from "../../../src/chat/ignore_lists.ts";
import { dialogue, TextServer } from "./harness.ts";

Deno.test("ignore: what a user says is hidden, and shown again after /unignore", async () => {
  const [alice, bob, carol] = await new TextServer().enter("alice", "bob", "carol");
  await dialogue(alice, [
    ["/ignore", "-- You ignore no user. To ignore one: /ignore NAME"],
    ["/ignore BOB", "-- You ignore bob now. To see again what bob says: /unignore bob"],
    ["/ignore", "-- You ignore 1 of at most 100:", "-- bob!*@of-127.0.0.1"],
  ]);
  await bob.says("hi", "/me waves", "/msg alice psst");
  await carol.says("hello");
  assertEquals(alice.hears(), ["<carol> hello"]);
  assertEquals(carol.hears(), ["<bob> hi", "* bob waves", "<carol> hello"]);
  await bob.says("/nick robert");
  assertEquals(alice.hears(), ["-- bob is now robert"], "changes are shown");
  await bob.says("/nick bob");
  alice.hears();
  await dialogue(alice, [
    ["/unignore bob", "-- You no longer ignore bob."],
    ["/unignore bob", "-- You do not ignore bob. /ignore lists the users that you ignore."],
    ["/unignore", "-- Usage: /unignore NAME – show again what a user says."],
    ["/ignore nobody", "-- No such user: nobody. /list shows who is here."],
    ["/ignore alice", "-- You cannot ignore yourself."],
  ]);
  await bob.says("hi");
  assertEquals(alice.hears(), ["<bob> hi"]);
});

Deno.test("ignore: a full list is rejected", async () => {
  const [alice] = await new TextServer().enter("alice");
  for (let n = 0; n < IGNORED_MAX; n++) await alice.says(`/ignore g${n}!*@host`);
  await dialogue(alice, [
    ["/ignore more!*@host", "-- You ignore 100 users, which is the most. Remove one first: /unignore NAME"],
  ]);
});

Deno.test("ignore: the lines of ignored users are left out of /history, /search and the lines on joining, and counted", async () => {
  const [alice, bob, carol] = await new TextServer().enter("alice", "bob", "carol");
  for (const client of [bob, carol]) await client.says("/join #tea");
  await bob.says("tea one", "tea two");
  await carol.says("tea three");
  await bob.says("tea four");
  await alice.asks("/ignore bob");
  assertEquals((await alice.asks("/join #tea")).filter((line) => /tea (one|two|three|four)/.test(line)), [
    "[past] <carol> tea three",
  ]);
  await dialogue(alice, [
    ["/history", "[past] <carol> tea three", "-- 3 lines of users that you ignore not shown."],
    ["/history 1", "-- 1 line of users that you ignore not shown."],
    ["/search tea", "[past] <carol> tea three", "-- 3 lines of users that you ignore not shown."],
  ]);
  await alice.says("/unignore bob");
  alice.hears();
  assertEquals((await alice.asks("/history")).length, 4);
});

Deno.test("ignore: /history says where to go on when a reply is full, with ignored users' lines between", async () => {
  const server = new TextServer({ answerMax: 400 });
  const [alice, bob, carol] = await server.enter("alice", "bob", "carol");
  await alice.asks("/ignore bob");
  for (let n = 0; n < 10; n++) {
    await bob.says(`bob ${n} ${"x".repeat(50)}`);
    await carol.says(`carol ${n} ${"x".repeat(50)}`);
  }
  const lines = await alice.asks("/history 20");
  const said = lines.filter((line) => line.startsWith("[past]"));
  assertEquals(said.every((line) => line.includes("<carol>")), true);
  assertEquals(said.at(-1)!.includes("carol 9"), true);
  assertEquals(/^-- There is more/.test(lines[0]!), true, lines.join("\n"));
});
