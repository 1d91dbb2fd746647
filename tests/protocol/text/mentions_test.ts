/** `/mentions`, with a history in a file. */
import { assertEquals } from "@std/assert";
import { SqliteHistory } from "../../../src/history/sqlite.ts";
import { REPLAY } from "../../../src/protocol/text/history_commands.ts";
import { AuthFixture } from "../../accounts/helpers.ts";
import { dialogue, type TextClient, TextServer } from "./harness.ts";

/** Two clients, alice with an account and bob without. */
async function withClients(run: (alice: TextClient, bob: TextClient) => Promise<void>): Promise<void> {
  await using office = await AuthFixture.open();
  const history = new SqliteHistory(office.file);
  const chat = office.chat({ history });
  const server = new TextServer({ chat, auth: office.auth });
  const [alice, bob] = await server.enter("alice", "bob");
  await alice.says("/register open sesame");
  for (const client of [alice, bob]) client.hears();
  await run(alice, bob);
}

Deno.test("mentions: lists the messages that mention the user, one line each, with their rooms", async () => {
  await withClients(async (alice, bob) => {
    await dialogue(alice, [["/mentions", "-- No messages mention you here."]]);
    await bob.says("lunch, Alice?", "for all", "/paste", "look,", "", "  @alice", ".");
    await alice.says("at one");
    await bob.says("/reply alice yes");
    alice.hears();
    await dialogue(alice, [[
      "/mentions",
      "[past] #lobby <bob> lunch, Alice?",
      "[past] #lobby <bob> look, / @alice",
      '[past] #lobby <bob to alice> "at one": yes',
    ]]);
    await bob.says("/delete lunch");
    await alice.says("/ignore nobody!*@*", "/ignore bob");
    alice.hears();
    await dialogue(alice, [["/mentions", "-- No messages mention you here."]]);
    await alice.says("/unignore bob");
    assertEquals((await alice.asks("/mentions")).length, 2);
  });
});

Deno.test("mentions: messages of rooms that the user has left are counted, and not shown", async () => {
  await withClients(async (alice, bob) => {
    for (const each of [alice, bob]) await each.says("/join #tea");
    await bob.says("alice?");
    await alice.says("/leave");
    alice.hears();
    await dialogue(alice, [
      ["/mentions", "-- No messages mention you here.", "-- 1 more in rooms that you are not in now."],
    ]);
    await alice.says("/join #tea");
    alice.hears();
    await dialogue(alice, [["/mentions", "[past] #tea <bob> alice?"]]);
  });
});

Deno.test("mentions: shows the last ones, however many there are", async () => {
  await withClients(async (alice, bob) => {
    for (let n = 0; n < 70; n++) await bob.says(`alice ${n}`);
    alice.hears();
    const shown = await alice.asks("/mentions");
    assertEquals([shown.length, shown[0], shown.at(-1)], [
      REPLAY,
      "[past] #lobby <bob> alice 50",
      "[past] #lobby <bob> alice 69",
    ]);
    // Those of another room fill the first pages.
    for (const each of [alice, bob]) await each.says("/join #tea");
    for (let n = 0; n < 120; n++) await bob.says(`alice ${n}`);
    await alice.says("/leave");
    alice.hears();
    const found = await alice.asks("/mentions");
    assertEquals([found.length, found[0], found.at(-1)], [
      REPLAY + 1,
      "[past] #lobby <bob> alice 50",
      "-- 120 more in rooms that you are not in now.",
    ]);
  });
});

Deno.test("mentions: a user without an account is told to register", async () => {
  await withClients(async (_alice, bob) => {
    await dialogue(bob, [["/mentions", "-- You need an account for that. Register your nickname: /register"]]);
  });
});
