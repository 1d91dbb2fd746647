/** One user on several devices: IRC and text clients that are logged in to the same account. */
import { assert, assertEquals, assertMatch } from "@std/assert";
import { Buffer } from "node:buffer";
import { type Client, type ProtocolFixture, testAccounts } from "./irc/harness.ts";

const PASSWORD = "open sesame";

/** Alice on IRC, registered and in #tea, with bob. What they have received is discarded. */
async function aliceAndBob(fixture: ProtocolFixture, ...capabilities: string[]): Promise<[alice: Client, bob: Client]> {
  const [alice, bob] = [await fixture.irc("alice", ...capabilities), await fixture.irc("bob")];
  await alice.says(`NS REGISTER ${PASSWORD}`);
  await fixture.join("#tea", alice, bob);
  return [alice, bob];
}

/** Connects a client that logs in by SASL before it is registered. */
async function loggedIn(fixture: ProtocolFixture, nick: string, account = "alice"): Promise<Client> {
  const client = fixture.connect();
  const response = Buffer.from(`\0${account}\0${PASSWORD}`).toString("base64");
  await client.says("CAP REQ :sasl", `NICK ${nick}`, `USER ${nick} 0 * :x`, "AUTHENTICATE PLAIN");
  await client.says(`AUTHENTICATE ${response}`, "CAP END");
  return client;
}

testAccounts("sessions: a second IRC client of an account gets the user's nick and channels", async (fixture) => {
  const [alice, bob] = await aliceAndBob(fixture);
  const phone = await loggedIn(fixture, "alice");
  const lines = phone.hears();
  assert(!lines.some((line) => line.startsWith("433")), "the nick is not in use for its own user");
  assert(lines.some((line) => line.startsWith("001 alice")), lines.join("\n"));
  assertEquals(lines.slice(lines.indexOf(":alice!~alice@host JOIN #tea")), [
    ":alice!~alice@host JOIN #tea",
    "MODE #tea +q alice",
    "353 alice = #tea :~alice bob",
    "366 alice #tea :End of /NAMES list",
  ]);
  assertEquals([alice.hears(), bob.hears()], [[], []]);
  await bob.says("PRIVMSG #tea :hi", "PRIVMSG alice :psst");
  for (const each of [alice, phone]) {
    assertEquals(each.hears(), [":bob!~bob@host PRIVMSG #tea :hi", ":bob!~bob@host PRIVMSG alice :psst"]);
  }
});

testAccounts(
  "sessions: a second IRC client is told the modes that the user has, which its MODE does not change",
  async (fixture) => {
    const [alice] = await aliceAndBob(fixture);
    const told = (client: Client) => client.hears().filter((line) => / MODE alice /.test(line));
    await alice.says("MODE alice +i");
    assertEquals(told(alice), [":alice!~alice@host MODE alice :+i"]);
    const phone = await loggedIn(fixture, "alice");
    await phone.says("MODE alice +i");
    assertEquals(told(phone), [":alice!~alice@host MODE alice :+i"]);
  },
);

testAccounts(
  "sessions: what one client says, the other gets as from itself, without echo-message too",
  async (fixture) => {
    const [alice, bob] = await aliceAndBob(fixture);
    const phone = await loggedIn(fixture, "elsewhere");
    fixture.quiet();
    await phone.says("PRIVMSG #tea :hi", "PRIVMSG bob :psst");
    const said = [":alice!~alice@host PRIVMSG #tea :hi", ":alice!~alice@host PRIVMSG bob :psst"];
    assertEquals([alice.hears(), bob.hears(), phone.hears()], [said, said, []]);
  },
);

testAccounts("sessions: JOIN and PART of one client are shown to the other", async (fixture) => {
  const [alice, bob] = await aliceAndBob(fixture);
  const phone = await loggedIn(fixture, "alice");
  fixture.quiet();
  await phone.says("JOIN #den");
  assertEquals(alice.hears(), [
    ":alice!~alice@host JOIN #den",
    "MODE #den +q alice",
    "353 alice = #den :~alice",
    "366 alice #den :End of /NAMES list",
  ]);
  phone.hears();
  await alice.says("PART #tea :bye");
  assertEquals(phone.hears(), [":alice!~alice@host PART #tea :bye"]);
  assertEquals(bob.hears(), [":alice!~alice@host PART #tea :bye"]);
  await phone.says("JOIN 0");
  assertEquals(alice.hears().at(-1), ":alice!~alice@host PART #den");
});

testAccounts("sessions: a client that logs in to a user who is here gets its nick and channels", async (fixture) => {
  const [alice, bob] = await aliceAndBob(fixture);
  const phone = await fixture.irc("guest");
  await fixture.join("#tea", phone);
  await alice.says("JOIN #den");
  fixture.quiet();
  await phone.says(`NS IDENTIFY alice ${PASSWORD}`);
  assertEquals(phone.hears(), [
    ":guest!~guest@host NICK alice",
    ":alice!~alice@host JOIN #den",
    "MODE #den +q alice",
    "353 alice = #den :~alice",
    "366 alice #den :End of /NAMES list",
    "900 alice alice!~alice@host alice :You are now logged in as alice",
    ":NickServ!services@irc.test NOTICE alice :You are logged in as alice.",
  ]);
  assertEquals(bob.hears(), [":guest!~guest@host QUIT :Logged in as alice"]);
});

testAccounts("sessions: LOGOUT of one client leaves the other alone", async (fixture) => {
  const [alice, bob] = await aliceAndBob(fixture);
  const phone = await loggedIn(fixture, "alice");
  fixture.quiet();
  await phone.says("NS LOGOUT");
  assertEquals(phone.hears().slice(0, 3), [
    ":alice!~alice@host NICK guest1",
    ":guest1!~alice@host PART #tea",
    "901 guest1 guest1!~alice@host :You are now logged out",
  ]);
  assertEquals([alice.hears(), bob.hears(), fixture.chat.members.size], [[], [], 3]);
});

testAccounts("sessions: a text client that logs in stays in its room, and follows the user", async (fixture) => {
  const [alice, bob] = await aliceAndBob(fixture);
  const phone = await fixture.text("guest");
  await phone.says("/join #tea");
  fixture.quiet();
  await phone.says(`/login alice ${PASSWORD}`);
  assertEquals(phone.hears().slice(1), ["-- You are alice now.", "-- You are logged in as alice."]);
  await alice.says("PRIVMSG #tea :hi", "PRIVMSG bob :psst");
  assertEquals(phone.hears(), ["<alice> hi", "-> *bob* psst"]);
  bob.hears();
  await phone.says("/join #den");
  assertEquals(bob.hears(), [], "the other client is still there");
  assertEquals(alice.hears().filter((line) => line.includes("JOIN")), [":alice!~alice@host JOIN #den"]);
  await bob.says("PRIVMSG #tea :not shown here");
  assertEquals(phone.hears().filter((line) => line.startsWith("<bob>")), []);
  await alice.says("PART #den");
  assertEquals(phone.hears().slice(0, 2), ["-- You left #den on another device.", "-- You are in #tea with 1 other."]);
});

testAccounts("sessions: /quit of one client leaves the other connected; KILL ends both", async (fixture) => {
  const [alice, bob] = await aliceAndBob(fixture);
  const phone = await loggedIn(fixture, "alice");
  const third = await loggedIn(fixture, "alice");
  fixture.quiet();
  await third.says("QUIT :bye");
  assertEquals([bob.hears(), alice.connection.open, third.connection.open], [[], true, false]);
  fixture.chat.setFlag(bob.member, "operator", true);
  await bob.says("KILL alice :enough");
  assertEquals([alice.connection.open, phone.connection.open], [false, false]);
});

testAccounts(
  "sessions: of two devices that drop the account at once, one does, and both are guests",
  async (fixture) => {
    const [alice] = await aliceAndBob(fixture);
    const phone = await loggedIn(fixture, "alice");
    fixture.quiet();
    await Promise.all([alice.says(`NS DROP ${PASSWORD}`), phone.says(`NS DROP ${PASSWORD}`)]);
    const lines = [alice, phone].map((client) => client.hears());
    const done = lines.flat().filter((line) => line.endsWith("NOTICE alice :alice is no longer registered."));
    assertEquals(done.length, 1, lines.flat().join("\n"));
    assertEquals([...fixture.chat.members].map(({ account, sessions }) => [account, sessions.length]), [
      [undefined, 1],
      [undefined, 1],
      [undefined, 1],
    ]);
  },
);

testAccounts(
  "sessions: of two devices that change the nickname at once, the last one decides for both",
  async (fixture) => {
    const [alice, bob] = await aliceAndBob(fixture);
    const phone = await loggedIn(fixture, "alice");
    fixture.quiet();
    await Promise.all([alice.says("NICK ally"), phone.says("NICK lice")]);
    const lines = [":alice!~alice@host NICK ally", ":ally!~alice@host NICK lice"];
    assertEquals([alice.hears(), phone.hears(), bob.hears()], [lines, lines, lines]);
  },
);

testAccounts("sessions: of two devices that rename a room at once, the first one does", async (fixture) => {
  const [alice, bob] = await aliceAndBob(fixture, "draft/channel-rename", "standard-replies");
  const phone = await loggedIn(fixture, "alice");
  fixture.quiet();
  await Promise.all([alice.says("RENAME #tea #green"), phone.says("RENAME #tea #black")]);
  assertEquals(alice.hears(), [":alice!~alice@host RENAME #tea #green :"]);
  const lines = [phone, bob].map((client) => client.hears());
  for (const each of lines) {
    assertEquals(
      each.filter((line) => / JOIN | PART /.test(line)).map((line) => line.split(" ").slice(1, 3).join(" ")),
      [
        "PART #tea",
        "JOIN #green",
      ],
    );
  }
  assert(lines[0]!.includes("403 alice #tea :No such channel"), lines[0]!.join("\n"));
  assertEquals([...fixture.chat.rooms].map(({ name }) => name).sort(), ["#green", "#lobby"]);
});

testAccounts("sessions: of two devices that delete a room at once, one does, after each was asked", async (fixture) => {
  const [alice] = await aliceAndBob(fixture);
  const phone = await loggedIn(fixture, "alice");
  fixture.quiet();
  for (const client of [alice, phone]) {
    assertMatch((await client.asks("CS DROP #tea"))[0] ?? "", /This deletes #tea and its history for good\./);
  }
  await Promise.all([alice.says("CS DROP #tea"), phone.says("CS DROP #tea")]);
  const kicked = ":alice!~alice@host KICK #tea alice :The room was deleted";
  assertEquals([alice.hears(), phone.hears()], [
    [kicked, ":ChanServ!services@irc.test NOTICE alice :#tea and its history are deleted."],
    [kicked, "403 alice #tea :No such channel"],
  ]);
  assertEquals([...fixture.chat.rooms].map(({ name }) => name), ["#lobby"]);
});

testAccounts("sessions: a device that does not read is disconnected alone", async (fixture) => {
  const [alice, bob] = await aliceAndBob(fixture);
  const phone = await loggedIn(fixture, "alice");
  fixture.quiet();
  await phone.leave("too slow to read"); // as the transport does
  await bob.says("PRIVMSG #tea :hi");
  assertEquals([alice.hears(), bob.hears()], [[":bob!~bob@host PRIVMSG #tea :hi"], []]);
});

testAccounts(
  "sessions: a device is not told that its real name was cut when another one's applies",
  async (fixture) => {
    await aliceAndBob(fixture);
    const phone = await loggedIn(fixture, "alice"); // as "x"
    assertEquals([phone.hears().filter((line) => line.includes("real name")), phone.member.realname], [
      [],
      "Real alice",
    ]);
  },
);

testAccounts("sessions: a device beyond the limit is told so, however it logs in", async (fixture) => {
  await aliceAndBob(fixture);
  for (let n = 1; n < 10; n++) await loggedIn(fixture, "alice");
  const sentence = "Your account is connected 10 times, which is the limit. Close one of the others first";
  const [text, running] = [await fixture.text("y"), await fixture.irc("x", "sasl")];
  const registering = await loggedIn(fixture, "eleven");
  assertEquals([registering.hears().at(-1), registering.connection.open], [
    `ERROR :Closing link: (*) [${sentence}]`,
    false,
  ]);
  await running.says("AUTHENTICATE PLAIN");
  running.hears();
  await running.expect(
    `AUTHENTICATE ${Buffer.from(`\0alice\0${PASSWORD}`).toString("base64")}`,
    `904 x :SASL authentication failed: ${sentence}`,
  );
  await text.says(`/login alice ${PASSWORD}`);
  assertEquals(text.hears().at(-1), `-- ${sentence}.`);
});

testAccounts(
  "sessions: a text client in the lobby stays there when another device drops the account",
  async (fixture) => {
    const [alice] = await aliceAndBob(fixture);
    const phone = await fixture.text("phone");
    await phone.says(`/login alice ${PASSWORD}`);
    await alice.says(`NS DROP ${PASSWORD}`);
    phone.gets();
    await phone.says("hi");
    assertEquals(phone.gets(), ["<guest1> hi"]);
  },
);
