/** Many reactions to one line are shown in few lines. */
import { assertEquals } from "@std/assert";
import { LocalChat } from "../../../src/chat/local_chat.ts";
import { StoreError } from "../../../src/chat/store.ts";
import { MemoryHistory } from "../../../src/history/memory.ts";
import { FOLD_TIME, FOLDS_MAX, ReactionFolds } from "../../../src/protocol/text/reaction_folds.ts";
import { textFormat } from "../../../src/protocol/text/render.ts";
import { FakeTimers } from "../../fake_timers.ts";
import { dialogue, type TextClient, TextServer } from "./harness.ts";

/** A server that folds reactions, and clients in its lobby, of which the first one has said something. */
async function folding<Nicks extends string[]>(...nicks: [...Nicks]) {
  const history = new MemoryHistory();
  const chat = new LocalChat({ history });
  const folds = new ReactionFolds(chat);
  const server = new TextServer({ chat, folds, format: textFormat(100, folds) });
  const clients = await server.enter<Nicks>(...nicks);
  const [first] = clients as TextClient[];
  await first!.says("Lunch at one?");
  for (const client of clients) client.hears();
  return { chat, history, clients };
}

Deno.test("folds: the first reaction is shown at once, those that follow soon in one line", async () => {
  using timers = new FakeTimers(FOLD_TIME);
  const { clients } = await folding("alice", "bob", "carol", "dave", "eve");
  const [alice, bob, carol, dave, eve] = clients;
  await dialogue(bob, [["/react 👍", '-- bob reacted 👍 to "Lunch at one?"']]);
  for (const each of [carol, dave, eve]) {
    assertEquals((await each.asks("/react 👍")).at(-1), '-- You reacted 👍 to "Lunch at one?"');
  }
  await alice.says("/react alice 🎉", "and at two?");
  assertEquals(alice.hears(), [
    '-- bob reacted 👍 to "Lunch at one?"',
    '-- You reacted 🎉 to "Lunch at one?"',
    "<alice> and at two?", // no line waits
  ]);
  for (const client of clients) client.hears();
  timers.pass(FOLD_TIME - 1);
  assertEquals(bob.hears(), []);
  timers.pass(1);
  for (const client of clients) {
    assertEquals(client.hears(), ['-- carol, dave and eve reacted 👍; alice reacted 🎉 to "Lunch at one?"']);
  }
  // The next ones are folded as well, until none came for a while.
  await bob.says("/react alice 1");
  assertEquals(bob.hears(), ['-- bob reacted 1 to "and at two?"']);
  timers.pass(2 * FOLD_TIME);
  assertEquals(timers.size, 0);
  await bob.says("/react alice 2");
  assertEquals(bob.hears(), ['-- bob reacted 2 to "and at two?"']);
});

Deno.test("folds: reactions go on being folded while they come", async () => {
  using timers = new FakeTimers(FOLD_TIME);
  const { clients: [alice, bob, carol] } = await folding("alice", "bob", "carol");
  await bob.says("/react 1");
  await carol.says("/react 1");
  timers.pass(FOLD_TIME);
  await carol.says("/react 2");
  assertEquals(alice.hears(), ['-- bob reacted 1 to "Lunch at one?"', '-- carol reacted 1 to "Lunch at one?"']);
  timers.pass(FOLD_TIME);
  assertEquals(alice.hears(), ['-- carol reacted 2 to "Lunch at one?"']);
});

Deno.test("folds: reactions go on being folded, and are shown, when the room is renamed", async () => {
  using timers = new FakeTimers(FOLD_TIME);
  const { chat, clients: [alice, bob, carol, dave] } = await folding("alice", "bob", "carol", "dave");
  chat.login(alice.session!, "alice");
  for (const each of [alice, bob, carol, dave]) await each.says("/join #tea");
  await alice.says("Green or black?");
  const room = chat.findRoom("#tea");
  room.roles.give({ account: "alice", role: "owner", since: 0, by: "*" });
  for (const each of [bob, carol]) await each.says("/react 👍");
  await alice.says("/rename #coffee");
  chat.join(dave.member!, "#tea"); // another room
  alice.hears();
  await dave.says("/react 👍");
  assertEquals(alice.hears(), []);
  timers.pass(FOLD_TIME);
  assertEquals(alice.hears(), ['-- carol and dave reacted 👍 to "Green or black?"']);
});

Deno.test("folds: members with and without times are shown the same reactions", async () => {
  using timers = new FakeTimers(FOLD_TIME);
  const { clients: [alice, bob, carol] } = await folding("alice", "bob", "carol");
  await alice.says("/times on");
  alice.hears();
  for (const each of [bob, carol]) await each.says("/react 👍");
  assertEquals(alice.hears(), ['[past] -- bob reacted 👍 to "Lunch at one?"']);
  timers.pass(FOLD_TIME);
  assertEquals(alice.hears(), ['[past] -- carol reacted 👍 to "Lunch at one?"']);
});

Deno.test("folds: a reaction that is taken back before it was shown is not shown", async () => {
  using timers = new FakeTimers(FOLD_TIME);
  const { clients: [alice, bob, carol] } = await folding("alice", "bob", "carol");
  await bob.says("/react 👍");
  alice.hears();
  assertEquals((await carol.asks("/react 👍", "/unreact")).at(-1), '-- You took back 👍 from "Lunch at one?"');
  await bob.says("/unreact");
  assertEquals(alice.hears(), ['-- bob took back 👍 from "Lunch at one?"']);
  timers.pass(FOLD_TIME);
  assertEquals([alice.hears(), timers.size], [[], 0]);
});

Deno.test("folds: reactions to a line that is deleted meanwhile are not shown", async () => {
  using timers = new FakeTimers(FOLD_TIME);
  const { clients: [alice, bob, carol] } = await folding("alice", "bob", "carol");
  for (const each of [bob, carol]) await each.says("/react 👍");
  await alice.says("/delete");
  alice.hears();
  timers.pass(FOLD_TIME);
  assertEquals(alice.hears(), []);
});

Deno.test("folds: reactions are not shown when the history cannot be read, and the server goes on", async () => {
  using timers = new FakeTimers(FOLD_TIME);
  const { history, clients: [alice, bob, carol] } = await folding("alice", "bob", "carol");
  for (const each of [bob, carol]) await each.says("/react 👍");
  alice.hears();
  const { line } = history;
  history.line = () => {
    throw new StoreError("disk gone");
  };
  timers.pass(FOLD_TIME);
  assertEquals(alice.hears(), []);
  history.line = line;
  await carol.says("/react 2");
  timers.pass(FOLD_TIME);
  assertEquals(alice.hears(), ['-- carol reacted 2 to "Lunch at one?"']);
});

Deno.test("folds: reactions of users that are ignored are shown to the others, and by themselves", async () => {
  using timers = new FakeTimers(FOLD_TIME);
  const { clients: [alice, bob, carol, dave] } = await folding("alice", "bob", "carol", "dave");
  await dave.says("/ignore carol");
  dave.hears();
  for (const each of [bob, carol]) await each.says("/react 👍");
  assertEquals(alice.hears(), ['-- bob reacted 👍 to "Lunch at one?"', '-- carol reacted 👍 to "Lunch at one?"']);
  assertEquals(dave.hears(), ['-- bob reacted 👍 to "Lunch at one?"']);
  timers.pass(FOLD_TIME);
  assertEquals(dave.hears(), []);
  assertEquals((await dave.asks("/history 1")).at(-1), "[past] -- bob reacted 👍");
});

Deno.test("folds: a room that is left by all has no reactions to show", async () => {
  using timers = new FakeTimers(FOLD_TIME);
  const { clients: [alice, bob] } = await folding("alice", "bob");
  for (const each of [alice, bob]) await each.says("/join #tea");
  await alice.says("Lunch?");
  await bob.says("/react 1", "/react 2");
  for (const each of [alice, bob]) await each.says("/leave");
  timers.pass(FOLD_TIME);
  assertEquals(timers.size, 0);
});

Deno.test("folds: reactions to more lines than the limit are shown at once", () => {
  using timers = new FakeTimers(FOLD_TIME);
  const chat = new LocalChat({ history: new MemoryHistory() });
  const folds = new ReactionFolds(chat);
  const who = { who: "bob", origin: "bob!~u@host" };
  const reacted = (line: number, id: number) => {
    const event = { kind: "reacted", ...who, to: "#lobby", id, time: 0, text: `${id}`, on: true, bot: false } as const;
    return { ...event, line: { id: line, who: "alice", text: "hi" } };
  };
  for (let line = 1; line <= FOLDS_MAX; line++) assertEquals(folds.shows(reacted(line, line)), true);
  assertEquals(folds.shows(reacted(1, 5001)), false);
  for (const id of [6000, 6001]) assertEquals(folds.shows(reacted(FOLDS_MAX + 1, id)), true);
  assertEquals(timers.size, FOLDS_MAX);
});
