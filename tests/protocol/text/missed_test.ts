/** How many messages of a room are new to a user of the text port. */
import { assertEquals } from "@std/assert";
import { NEW_COUNTED } from "../../../src/chat/read_markers.ts";
import { REPLAY } from "../../../src/protocol/text/history_commands.ts";
import { type Client, clock, type ProtocolFixture, test, testAccounts } from "../irc/harness.ts";

const PASSWORD = "open sesame";

/** Has a client say numbered messages in a room, one each second. */
async function say(client: Client, room: string, ...numbers: number[]) {
  for (const number of numbers) {
    clock.now += 1000;
    await client.says(`PRIVMSG ${room} :${number}.`);
  }
  clock.now += 1000;
}

/** Numbers from one to another. */
function range(from: number, to: number): number[] {
  return Array.from({ length: to - from + 1 }, (_, n) => from + n);
}

/** Sends lines; returns what the server says, and the last word of what users say. */
async function asks(client: Client, ...lines: string[]): Promise<string[]> {
  return (await client.asks(...lines)).map((line) => line.startsWith("--") ? line : line.split(" ").at(-1)!);
}

/** Alice, on the text port with an account, and bob on IRC in #lobby and #tea. */
async function aliceAndBob(fixture: ProtocolFixture): Promise<[alice: Client, bob: Client]> {
  const [alice, bob] = [await fixture.text("alice"), await fixture.irc("bob")];
  await bob.says("JOIN #lobby,#tea");
  await alice.says(`/register ${PASSWORD}`);
  return [alice, bob];
}

test("missed: a guest that comes back to a room sees which messages are new", async (fixture) => {
  const [alice, bob] = [await fixture.text("alice"), await fixture.irc("bob")];
  await bob.says("JOIN #lobby,#tea");
  await say(bob, "#tea", 1, 2);
  assertEquals((await asks(alice, "/join #tea")).slice(1), ["-- Earlier messages:", "1.", "2."], "it was never there");
  await say(bob, "#tea", 3);
  assertEquals((await asks(alice, "/join #lobby", "/join #tea")).slice(2), ["-- Earlier messages:", "1.", "2.", "3."]);
  await alice.says("/join #lobby");
  await say(bob, "#tea", 4);
  assertEquals((await asks(alice, "/join #tea")).slice(1), [
    "-- Earlier messages:",
    "1.",
    "2.",
    "3.",
    "-- 1 new message since you were last here:",
    "4.",
  ]);
  await alice.says("/join #lobby");
  await say(bob, "#tea", ...range(5, 4 + REPLAY));
  const fresh = range(5, 4 + REPLAY).map((n) => `${n}.`);
  assertEquals((await asks(alice, "/join #tea")).slice(1), [
    `-- ${REPLAY} new messages since you were last here:`,
    ...fresh,
  ]);
  await alice.says("/join #lobby");
  await say(bob, "#tea", ...range(1, REPLAY + 1));
  assertEquals((await asks(alice, "/join #tea")).slice(1, 3), [
    `-- ${REPLAY + 1} new messages since you were last here. The last ones:`,
    "2.",
  ]);
  for (
    const [count, words] of [[NEW_COUNTED, `${NEW_COUNTED}`], [NEW_COUNTED + 1, `More than ${NEW_COUNTED}`]] as const
  ) {
    await alice.says("/join #lobby");
    await say(bob, "#tea", ...range(1, count));
    assertEquals(
      (await asks(alice, "/join #tea"))[1],
      `-- ${words} new messages since you were last here. The last ones:`,
    );
  }
});

testAccounts("missed: a user that logs in is told how many messages are new", async (fixture) => {
  const [alice, bob] = await aliceAndBob(fixture);
  await alice.says("/join #tea");
  await say(bob, "#lobby", 1);
  await say(bob, "#tea", 2);
  await alice.says("/join #lobby");
  await say(bob, "#lobby", 3);
  await alice.says("/quit");
  await say(bob, "#lobby", 4, 5);
  await say(bob, "#tea", 6);
  const phone = await fixture.text("guest");
  const login = await asks(phone, `/login alice ${PASSWORD}`);
  assertEquals(login.at(-2), "-- You are logged in as alice.");
  assertEquals(login.at(-1), "-- 2 new messages in #lobby since you were last here. To read them: /history 2");
  assertEquals((await asks(phone, "/join #tea")).slice(1), [
    "-- Earlier messages:",
    "2.",
    "-- 1 new message since you were last here:",
    "6.",
  ]);
});

testAccounts(
  "missed: a user that has another device is told of all rooms, and of nothing that it has read there",
  async (fixture) => {
    const [alice, bob] = await aliceAndBob(fixture);
    const page = await fixture.irc("laptop", "draft/read-marker");
    await page.says(`NS IDENTIFY alice ${PASSWORD}`, "JOIN #lobby,#tea,#den");
    await alice.says("/quit");
    await bob.says("JOIN #den");
    for (const room of ["#lobby", "#tea", "#den"]) {
      await say(bob, room, 1);
      await page.says(`MARKREAD ${room} timestamp=${new Date(clock.now).toISOString()}`);
      await say(bob, room, 2, 3);
    }
    await page.says(`MARKREAD #tea timestamp=${new Date(clock.now).toISOString()}`);
    const phone = await fixture.text("guest");
    const lines = await asks(phone, `/login alice ${PASSWORD}`);
    assertEquals(lines.filter((line) => line.includes("new message")), [
      "-- 2 new messages in #lobby since you were last here. To read them: /history 2",
      "-- 2 new messages in #den since you were last here. To read them: /join #den",
    ]);
  },
);

test("missed: new messages of several lines are shown with all of them", async (fixture) => {
  const [alice, tom] = [await fixture.text("alice"), await fixture.text("tom")];
  for (const each of [alice, tom]) await each.says("/join #tea");
  await tom.says("hello");
  clock.now += 1000;
  await alice.says("/join #lobby");
  await tom.says("/paste", "one", "", "two", ".");
  assertEquals((await alice.asks("/join #tea")).slice(3).map((line) => line.trim().split("> ").at(-1)), [
    "-- 1 new message since you were last here:",
    "one",
    "",
    "two",
  ]);
});
