/** `/reply`, `/react`, `/unreact` and `/delete`. */
import { assertEquals, assertMatch } from "@std/assert";
import { AuthService } from "../../../src/accounts/auth.ts";
import { LocalChat } from "../../../src/chat/local_chat.ts";
import { MemoryHistory } from "../../../src/history/memory.ts";
import { LOOKED_AT } from "../../../src/protocol/text/find_line.ts";
import { AuthFixture } from "../../accounts/helpers.ts";
import { dialogue, inRoom, type TextClient, TextServer } from "./harness.ts";

/** Three clients in #tea, of which alice is operator; bob and carol have said something, what they have received is discarded. */
async function conversation() {
  const { server, clients } = await inRoom("alice", "bob", "carol");
  const [alice, bob, carol] = clients;
  await bob.says("Lunch at one?");
  await carol.says("No idea");
  for (const client of clients) client.hears();
  return { server, alice, bob, carol };
}

/** Two clients with accounts, whose private messages are stored. */
async function withAccounts(run: (alice: TextClient, bob: TextClient) => Promise<void>): Promise<void> {
  await using office = await AuthFixture.open();
  const chat = office.chat({ history: new MemoryHistory() });
  const server = new TextServer({ chat, auth: office.auth });
  const [alice, bob] = await server.enter("alice", "bob");
  for (const client of [alice, bob]) await client.says("/register open sesame");
  for (const client of [alice, bob]) client.hears();
  await run(alice, bob);
}

Deno.test("reply: replies to the last message of another user, or of the one that is named", async () => {
  const { alice, bob } = await conversation();
  await dialogue(alice, [
    ["/reply me neither", '<alice to carol> "No idea": me neither'],
    ["/reply bob yes", '<alice to bob> "Lunch at one?": yes'],
    ["/reply BOB: yes", '<alice to bob> "Lunch at one?": yes'],
    ["/reply @bob yes", '<alice to bob> "Lunch at one?": yes'],
    ["/reply alice and I mean it", '<alice to alice> "yes": and I mean it'],
    ["/reply nobody knows", '<alice to carol> "No idea": nobody knows'],
  ]);
  assertEquals(bob.hears().slice(0, 2), [
    '<alice to carol> "No idea": me neither',
    '<alice to bob> "Lunch at one?": yes',
  ]);
});

Deno.test("reply: without a text or a message to reply to, says so and sends nothing", async () => {
  const { server, alice, bob } = await conversation();
  const [dave] = await server.enter("dave");
  await dave.says("/join #tea");
  for (const each of [alice, bob]) each.hears();
  const usage = "-- Usage: /reply [NAME] TEXT – reply to the last message, or to that of NAME.";
  await dialogue(alice, [
    ["/reply", usage],
    ["/reply bob", usage],
    ["/reply dave hello", "-- No message of dave among the last 200 in #tea."],
  ]);
  await alice.says("/join #empty");
  alice.hears();
  await dialogue(alice, [["/reply hello", "-- No message of another user among the last 200 in #empty."]]);
  assertEquals(bob.hears(), ["-- alice left #tea"]);
});

Deno.test("reply: looks at the last 200 messages, and not at those that are deleted or of ignored users", async () => {
  const { alice, bob, carol } = await conversation();
  await alice.says("/ignore carol");
  assertEquals((await alice.asks("/reply yes")).at(-1), '<alice to bob> "Lunch at one?": yes');
  await bob.says("never mind", "/delete");
  assertEquals((await alice.asks("/reply yes")).at(-1), '<alice to bob> "Lunch at one?": yes');
  for (let n = 0; n < LOOKED_AT; n++) await carol.says("and so on");
  assertEquals((await alice.asks("/reply bob yes")).at(-1), "-- No message of bob among the last 200 in #tea.");
});

Deno.test("reply: a member who may not speak gets the reason", async () => {
  const { alice, bob } = await conversation();
  await alice.says("/mode +m");
  bob.hears();
  await dialogue(bob, [
    ["/reply carol yes", "-- You cannot speak in #tea. Ask an operator of the room for a voice."],
    ["/react carol 👍", "-- You cannot speak in #tea. Ask an operator of the room for a voice."],
  ]);
});

Deno.test("react: all are told of a reaction, and of one that is taken back", async () => {
  const { alice, bob } = await conversation();
  await dialogue(alice, [
    ["/react 👍", '-- alice reacted 👍 to "No idea"'],
    ["/react bob 🎉", '-- alice reacted 🎉 to "Lunch at one?"'],
    ["/react bob 🎉", "-- You have reacted 🎉 to that message already."],
    ["/react alice 🎉", "-- No message of alice among the last 200 in #tea."],
    ["/unreact ❤️", "-- You have no reaction ❤️ among the last 200 messages in #tea."],
    ["/unreact", '-- alice took back 👍 from "No idea"'],
    ["/unreact", '-- alice took back 🎉 from "Lunch at one?"'],
    ["/unreact", "-- You have no reaction among the last 200 messages in #tea."],
  ]);
  assertEquals(bob.hears(), [
    '-- alice reacted 👍 to "No idea"',
    '-- alice reacted 🎉 to "Lunch at one?"',
    '-- alice took back 👍 from "No idea"',
    '-- alice took back 🎉 from "Lunch at one?"',
  ]);
});

Deno.test("react: an invalid reaction gets a reply that describes valid ones", async () => {
  const { alice, bob } = await conversation();
  const usage = "-- Usage: /react [NAME] EMOJI – react to the last message, or to that of NAME.";
  const invalid = "-- A reaction is one emoji or one short word: /react alice 👍";
  await dialogue(alice, [
    ["/react", usage],
    ["/react bob", usage],
    ["/react bob two words", usage],
    ["/react 1st 👍", usage],
    [`/react ${"x".repeat(33)}`, invalid],
    ["/react nobody 👍", "-- No message of nobody among the last 200 in #tea."],
  ]);
  for (let n = 0; n < 10; n++) await alice.says(`/react bob r${n}`);
  assertEquals((await alice.asks("/react bob one-more")).at(-1), "-- Too many reactions to that message: at most 10.");
  assertEquals(bob.hears().length, 10);
});

Deno.test("reply: a member without echo is told which message it replies to", async () => {
  const { alice, bob } = await conversation();
  await bob.says("/echo off");
  await dialogue(bob, [["/reply carol yes", '-- Replying to "No idea"']]);
  assertEquals(alice.hears(), ['<bob to carol> "No idea": yes']);
});

Deno.test("react: a member without echo gets a confirmation, and others the line", async () => {
  const { alice, bob } = await conversation();
  await bob.says("/echo off");
  bob.hears();
  await dialogue(bob, [
    ["/react carol 👍", '-- You reacted 👍 to "No idea"'],
    ["/unreact", '-- You took back 👍 from "No idea"'],
    ["/delete", '-- You deleted: "Lunch at one?"'],
  ]);
  assertEquals(alice.hears(), [
    '-- bob reacted 👍 to "No idea"',
    '-- bob took back 👍 from "No idea"',
    '-- bob deleted: "Lunch at one?"',
  ]);
});

Deno.test("delete: deletes the last message of the user, or the last one with some words", async () => {
  const { alice, bob } = await conversation();
  await bob.says("first  Message", "second message", "third");
  alice.hears();
  bob.hears();
  await dialogue(bob, [
    ["/delete", '-- bob deleted: "third"'],
    ["/delete first message", '-- bob deleted: "first Message"'],
    ["/delete carol", '-- You have no message with "carol" among the last 200 in #tea.'],
    ["/delete", '-- bob deleted: "second message"'],
    ["/delete", '-- bob deleted: "Lunch at one?"'],
    ["/delete", "-- You have no message among the last 200 in #tea."],
    ["/history 2", "[past] -- bob deleted this message", "[past] -- bob deleted this message"],
    ["/search lunch", "-- No matches in #tea. Search finds beginnings of words, in any order."],
  ]);
  assertEquals(alice.hears().length, 4);
});

Deno.test("delete: operators delete messages of others by name", async () => {
  const { alice, bob, carol } = await conversation();
  await bob.says("spam", "more spam");
  for (const each of [alice, bob, carol]) each.hears();
  await dialogue(alice, [
    ["/delete bob lunch", '-- alice deleted a message of bob: "Lunch at one?"'],
    ["/delete Bob", '-- alice deleted a message of bob: "more spam"'],
    ["/delete bob lunch", '-- No message of bob with "lunch" among the last 200 in #tea.'],
    ["/delete nobody", '-- You have no message with "nobody" among the last 200 in #tea.'],
    ["/history 1", "[past] -- alice deleted this message of bob"],
  ]);
  await alice.says("bob is right");
  alice.hears();
  await dialogue(alice, [["/delete is right", '-- alice deleted: "bob is right"']]);
  // In the words of a user that is no operator, a name is a word.
  await carol.says("bob is late");
  carol.hears();
  await dialogue(carol, [["/delete bob is", '-- carol deleted: "bob is late"']]);
});

Deno.test("delete: a message that is too old for its author gets a reply that refers to operators", async () => {
  const chat = new LocalChat({ history: new MemoryHistory(), redactTime: -1 });
  const [alice] = await new TextServer({ chat }).enter("alice");
  await alice.says("hello");
  alice.hears();
  await dialogue(alice, [["/delete", "-- That message is too old. Ask an operator of the room to delete it."]]);
});

Deno.test("messages: replies, reactions and deletions work in private, with *NAME*", async () => {
  await withAccounts(async (alice, bob) => {
    await alice.says("/msg bob the password is sesame");
    alice.hears();
    assertEquals(bob.hears(), ["*alice* the password is sesame"]);
    await dialogue(bob, [
      ["/reply *alice* oh no", '-> *alice* "the password is sesame": oh no'],
      ["/reply *alice* alice oh no", '-> *alice* "the password is sesame": oh no'],
      ["/react *alice* 😱", '-- You reacted 😱 to "the password is sesame"'],
      ["/unreact *alice*", '-- You took back 😱 from "the password is sesame"'],
      ["/react *nobody* 😱", "-- No message of another user among the last 200 with nobody."],
    ]);
    assertEquals(alice.hears(), [
      '*bob to alice* "the password is sesame": oh no',
      '*bob to alice* "the password is sesame": oh no',
      '-- bob reacted 😱 in private to "the password is sesame"',
      '-- bob took back 😱 in private from "the password is sesame"',
    ]);
    await dialogue(alice, [
      ["/delete *bob* sesame", '-- You deleted: "the password is sesame"'],
      ["/delete *bob*", "-- You have no message among the last 200 with bob."],
      [
        "/history bob",
        "[past] -- alice deleted this message",
        "[past] *bob to alice* (deleted): oh no",
        "[past] *bob to alice* (deleted): oh no",
      ],
    ]);
    assertEquals(bob.hears(), ['-- alice deleted in private: "the password is sesame"']);
  });
});

Deno.test("messages: a mistyped command is not said, and the reply suggests the right one", async () => {
  const server = new TextServer({ auth: new AuthService() });
  const [alice] = await server.enter("alice");
  for (const [word, name] of Object.entries({ repyl: "reply", raect: "react", delte: "delete", past: "paste" })) {
    assertMatch((await alice.asks(`/${word} x`))[0]!, new RegExp(`Did you mean /${name}\\?`));
  }
});
