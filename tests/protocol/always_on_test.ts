/** Users who are always on, as IRC and text clients see them. */
import { assert, assertEquals } from "@std/assert";
import { Buffer } from "node:buffer";
import { MISSED_MAX } from "../../src/protocol/irc/replay.ts";
import { writeId } from "../../src/chat/ids.ts";
import { NEW_COUNTED } from "../../src/chat/read_markers.ts";
import { type Client, clock, type ProtocolFixture, testAccounts, THEN } from "./irc/harness.ts";

const PASSWORD = "open sesame";

/** Alice on IRC, who is always on, and bob in #tea. What they have received is discarded. */
async function aliceAndBob(fixture: ProtocolFixture): Promise<[alice: Client, bob: Client]> {
  const [alice, bob] = [await fixture.irc("alice"), await fixture.irc("bob", "away-notify")];
  await alice.says(`NS REGISTER ${PASSWORD}`, "NS SET ALWAYS-ON ON");
  await fixture.join("#tea", alice, bob);
  return [alice, bob];
}

/** Connects a client that logs in by SASL before it is registered, and returns it with what it receives from its first JOIN. */
async function loggedIn(
  fixture: ProtocolFixture,
  capabilities: string,
  ...lines: string[]
): Promise<[Client, string[]]> {
  const client = fixture.connect();
  const response = Buffer.from(`\0alice\0${PASSWORD}`).toString("base64");
  await client.says(`CAP REQ :sasl ${capabilities}`, "NICK alice", "USER alice 0 * :x", "AUTHENTICATE PLAIN");
  await client.says(`AUTHENTICATE ${response}`, ...lines, "CAP END");
  const received = client.hears();
  return [client, received.slice(received.findIndex((line) => /^(@\S+ )?:alice!\S+ JOIN/.test(line)))];
}

testAccounts(
  "always on: on IRC, a user without a connection is away for WHOIS, WHO and NAMES, and gets no message of a guest",
  async (fixture) => {
    const [alice, bob] = await aliceAndBob(fixture);
    await alice.leave();
    assertEquals(bob.hears(), [":alice!~alice@host AWAY :Not connected"]);
    await bob.expect(
      "PRIVMSG alice :psst",
      "486 bob alice :The user is offline: to leave a message, log in to an account first",
    );
    assert((await bob.asks("WHOIS alice")).includes("301 bob alice :Not connected"));
    assertEquals((await bob.asks("WHO #tea"))[0], "352 bob #tea ~alice host irc.test alice G~ :0 Real alice");
    assertEquals((await bob.asks("NAMES #tea"))[0], "353 bob = #tea :~alice bob");
    await bob.expect("ISON alice", "303 bob :alice");
    assert((await bob.asks("LUSERS")).includes("255 bob :I have 1 clients and 0 servers"));
    await bob.expect(
      "NS INFO alice",
      ":NickServ!services@irc.test NOTICE bob :alice has been registered since 2026-01-02, and is in the chat, but not connected.",
    );
  },
);

testAccounts(
  "always on: a client that comes back gets the channels, and what was said since, in a batch",
  async (fixture) => {
    const [alice, bob] = await aliceAndBob(fixture);
    await bob.says("PRIVMSG #tea :before");
    clock.now += 1000;
    await alice.says("QUIT :bye");
    clock.now += 1000;
    await bob.says("PRIVMSG #tea :since");
    bob.hears();
    const [, lines] = await loggedIn(fixture, "batch");
    assertEquals(lines, [
      ":alice!~alice@host JOIN #tea",
      "MODE #tea +q alice",
      "353 alice = #tea :~alice bob",
      "366 alice #tea :End of /NAMES list",
      "BATCH +b0 chathistory #tea",
      `@batch=b0 :bob!~bob@host PRIVMSG #tea :[${time()}] since`,
      "BATCH -b0",
    ]);
    assertEquals(bob.hears(), [":alice!~alice@host AWAY"]);
  },
);

/** The time of the last line, as it is written. */
function time(): string {
  return new Date(clock.now).toTimeString().slice(0, 5);
}

testAccounts(
  "always on: without batches, each message is a notice with its time; nothing is sent to a client with chathistory",
  async (fixture) => {
    const [alice, bob] = await aliceAndBob(fixture);
    await alice.leave();
    await bob.says("PRIVMSG #tea :since");
    const [plain, lines] = await loggedIn(fixture, "");
    assertEquals(lines.slice(4), [`:bob!~bob@host NOTICE #tea :[${time()}] since`]);
    await plain.leave();
    const [, asking] = await loggedIn(fixture, "batch draft/chathistory server-time");
    assertEquals(asking.length, 4);
  },
);

testAccounts("always on: a bot gets no replay", async (fixture) => {
  const [alice, bob] = await aliceAndBob(fixture);
  await alice.says("MODE alice +B");
  await alice.leave();
  await bob.says("PRIVMSG #tea :since");
  const [, lines] = await loggedIn(fixture, "batch");
  assertEquals(lines.length, 4);
});

testAccounts("always on: the replay has the last messages up to its limit", async (fixture) => {
  const [alice, bob] = await aliceAndBob(fixture);
  await alice.leave();
  for (let n = 0; n <= MISSED_MAX; n++) await bob.says(`PRIVMSG #tea :${n}.`);
  const [, lines] = await loggedIn(fixture, "batch server-time");
  const texts = lines.filter((line) => line.includes("PRIVMSG")).map((line) => line.split(":").at(-1));
  assertEquals([texts.length, texts[0], texts.at(-1)], [MISSED_MAX, "1.", `${MISSED_MAX}.`]);
});

testAccounts("always on: NickServ IDENTIFY brings the user back too", async (fixture) => {
  const [alice, bob] = await aliceAndBob(fixture);
  await alice.leave();
  await bob.says("PRIVMSG #tea :since");
  const phone = await fixture.irc("guest", "batch");
  const lines = await phone.asks(`NS IDENTIFY alice ${PASSWORD}`);
  assertEquals(lines[1], ":alice!~alice@host JOIN #tea");
  assertEquals(lines.filter((line) => line.includes("since")).length, 1);
});

/** What a client is sent of bob's lines in a channel. */
function texts(lines: readonly string[], channel = "#tea"): string[] {
  return lines.filter((line) => new RegExp(` (?:PRIVMSG|NOTICE) ${channel} :(?!To read)`).test(line)).map((line) =>
    line.split(/[ :]/).at(-1)!
  );
}

for (const capabilities of [[], ["batch"], ["batch", "server-time"]]) {
  testAccounts(
    `always on: a guest that has joined channels gets what the user has missed there by IDENTIFY (${capabilities})`,
    async (fixture) => {
      const [alice, bob] = await aliceAndBob(fixture);
      await fixture.join("#coffee", bob);
      await bob.says("PRIVMSG #tea :before");
      clock.now += 1000;
      await alice.leave();
      clock.now += 1000;
      const [missed, live] = [Array.from({ length: 30 }, (_, n) => `missed${n}`), ["live0", "live1"]];
      for (const text of missed) await bob.says(`PRIVMSG #tea :${text}`, `PRIVMSG #coffee :${text}`);
      const phone = await fixture.irc("guest", ...capabilities);
      const received = await phone.asks("JOIN #tea,#coffee");
      for (const text of live) await bob.says(`PRIVMSG #tea :${text}`);
      received.push(...phone.hears());
      const later = await phone.asks(`NS IDENTIFY alice ${PASSWORD}`);
      assertEquals([...texts([...received, ...later])].sort(), [...missed, ...live].sort(), "each line once");
      assertEquals(texts(later, "#coffee"), [], "the user was not in that channel before");
      await bob.says("PRIVMSG #tea :after");
      assertEquals(texts(phone.hears()), ["after"]);
    },
  );
}

testAccounts("always on: a guest that joins and logs in again gets what was said in between, once", async (fixture) => {
  const [alice, bob] = await aliceAndBob(fixture);
  await alice.leave();
  const phone = await fixture.irc("guest", "batch");
  await phone.says("JOIN #tea", `NS IDENTIFY alice ${PASSWORD}`);
  clock.now += 1000;
  await phone.says("NS LOGOUT");
  await bob.says("PRIVMSG #tea :between");
  phone.hears();
  assertEquals(texts(await phone.asks(`NS IDENTIFY alice ${PASSWORD}`)), ["between"]);
});

testAccounts("always on: on the text port, a room that a guest brings along has no new messages", async (fixture) => {
  const [alice, bob] = await aliceAndBob(fixture);
  await fixture.join("#coffee", bob);
  await alice.leave();
  clock.now += 1000;
  await bob.says("PRIVMSG #coffee :one", "PRIVMSG #tea :two");
  const phone = await fixture.text("guest");
  await phone.says("/join #coffee");
  const lines = await phone.asks(`/login alice ${PASSWORD}`);
  assertEquals(lines.filter((line) => / new /.test(line)).map((line) => line.split(" ").slice(1, 6).join(" ")), [
    "1 new message in #tea",
  ]);
});

testAccounts("always on: NickServ SET ALWAYS-ON says what happens, and needs an account", async (fixture) => {
  const [alice, bob] = [await fixture.irc("alice"), await fixture.irc("bob")];
  const said = async (client: Client, line: string) => (await client.asks(line)).map((each) => each.split(" :")[1]);
  await alice.says(`NS REGISTER ${PASSWORD}`);
  assertEquals(await said(alice, "NS SET ALWAYS-ON ON"), [
    "You stay in the chat now when you disconnect. To change that: /msg NickServ SET always-on off",
  ]);
  assertEquals(await said(alice, "NS SET always-on off"), ["You leave the chat now when you disconnect."]);
  assertEquals(await said(alice, "NS SET ALWAYS-ON maybe"), ["Write SET ALWAYS-ON ON or OFF."]);
  assertEquals(await said(bob, "NS SET ALWAYS-ON ON"), [
    "You are not logged in. First: /msg NickServ IDENTIFY NAME PASSWORD",
  ]);
  await alice.leave();
  assertEquals(fixture.chat.members.size, 1);
});

testAccounts("always on: DROP takes the user out of the chat", async (fixture) => {
  const [alice, bob] = await aliceAndBob(fixture);
  await alice.says(`NS DROP ${PASSWORD}`);
  await alice.leave();
  assertEquals([fixture.chat.members.size, fixture.chat.alwaysOn.status("alice").choice], [1, undefined]);
  assertEquals(bob.hears(), ["MODE #tea -q alice", ":alice!~alice@host QUIT :Connection closed"]);
});

testAccounts("persistence: GET and SET reply with the status, which other sessions are told too", async (fixture) => {
  const alice = await fixture.irc("alice");
  await alice.says(`NS REGISTER ${PASSWORD}`);
  const [phone] = await loggedIn(fixture, "draft/persistence standard-replies");
  fixture.quiet();
  await phone.expect("PERSISTENCE GET", "PERSISTENCE STATUS DEFAULT OFF");
  await alice.expect("PERSISTENCE SET ON", "PERSISTENCE STATUS ON ON");
  assertEquals(phone.hears(), ["PERSISTENCE STATUS ON ON"]);
  await phone.expect("PERSISTENCE set off", "PERSISTENCE STATUS OFF OFF");
  await phone.expect("PERSISTENCE SET DEFAULT", "PERSISTENCE STATUS DEFAULT OFF");
  for (const line of ["PERSISTENCE SET", "PERSISTENCE SET MAYBE", "PERSISTENCE"]) {
    await phone.expect(line, "FAIL PERSISTENCE INVALID_PARAMETERS :Invalid parameters");
  }
  await phone.expect("PERSISTENCE FUTURE x");
  const guest = await fixture.irc("guest", "standard-replies");
  for (const line of ["PERSISTENCE GET", "PERSISTENCE SET ON"]) {
    await guest.expect(line, "FAIL PERSISTENCE ACCOUNT_REQUIRED :An account is required");
  }
});

testAccounts(
  "persistence: a client that is logged in is told the status before the end of the MOTD",
  async (fixture) => {
    await aliceAndBob(fixture);
    const client = fixture.connect();
    const response = Buffer.from(`\0alice\0${PASSWORD}`).toString("base64");
    await client.says("CAP REQ :sasl draft/persistence", "NICK x", "USER x 0 * :x", "AUTHENTICATE PLAIN");
    await client.says(`AUTHENTICATE ${response}`, "CAP END");
    const lines = client.hears();
    const [status, isupport, end] = ["PERSISTENCE STATUS ON ON", "005 ", "422 "].map((start) =>
      lines.findLastIndex((line) => line.startsWith(start))
    );
    assert(isupport! > 0 && status! > isupport! && end! > status!, lines.join("\n"));
  },
);

testAccounts("pre-away: AWAY * before registration leaves the user away; AWAY brings it back", async (fixture) => {
  const [alice, bob] = await aliceAndBob(fixture);
  await alice.leave();
  bob.hears();
  const [phone] = await loggedIn(fixture, "draft/pre-away", "AWAY *");
  assertEquals([bob.hears(), fixture.chat.find("alice").away], [[], "Not connected"]);
  await phone.expect("AWAY", "305 alice :You are no longer marked as being away");
  assertEquals(bob.hears(), [":alice!~alice@host AWAY"]);
  await phone.expect("AWAY *", "306 alice :You have been marked as being away");
  assertEquals(bob.hears(), [":alice!~alice@host AWAY :Not connected"]);
});

testAccounts(
  "pre-away: a message before registration is the away message; without the capability it is too early",
  async (fixture) => {
    const [phone] = [fixture.connect()];
    await phone.expect("AWAY :lunch", "451 * :You have not registered");
    await phone.says("CAP REQ draft/pre-away", "NICK carol", "USER carol 0 * :x");
    await phone.expect("AWAY :lunch", "306 carol :You have been marked as being away");
    await phone.says("CAP END");
    assertEquals(fixture.chat.find("carol").away, "lunch");
  },
);

testAccounts("always on: on the text port, /set shows and changes it", async (fixture) => {
  const alice = await fixture.text("alice");
  await alice.expect("/set", "-- You are not logged in. First: /login NAME");
  await alice.says(`/register ${PASSWORD}`);
  await alice.expect(
    "/set",
    "-- always-on is off: you leave the chat when you disconnect. To change that: /set always-on on",
  );
  await alice.expect(
    "/set always-on on",
    "-- You stay in the chat now when you disconnect. To change that: /set always-on off",
  );
  await alice.expect("/set ALWAYS-ON off", "-- You leave the chat now when you disconnect.");
  await alice.expect("/set colour", "-- Usage: /set [always-on on|off] – show your settings, or change one.");
});

testAccounts(
  "always on: a text client that logs in is told how many messages are new, and the last ones",
  async (fixture) => {
    const [alice, bob] = await aliceAndBob(fixture);
    await alice.says("JOIN #den", "JOIN #quiet");
    await bob.says("JOIN #den", "PRIVMSG #tea :before");
    clock.now = (THEN + 60) * 1000;
    await alice.leave();
    for (let n = 0; n < 25; n++) await bob.says(`PRIVMSG #tea :${n}.`);
    await bob.says("PRIVMSG #den :one");
    const phone = await fixture.text("guest");
    await phone.says("/join #tea");
    await phone.says("/login alice");
    const lines = await phone.asks(PASSWORD);
    assertEquals(lines.filter((line) => line.startsWith("--")), [
      "-- You are alice now.",
      `-- 25 new messages in #tea since you were last here. The last ones:`,
      `-- 1 new message in #den since you were last here. To read them: /join #den`,
      "-- You are logged in as alice.",
    ]);
    assertEquals(lines.filter((line) => line.includes("<bob>")).map((line) => line.split(" ").at(-1)), [
      ...Array.from({ length: 20 }, (_, n) => `${n + 5}.`),
    ]);
  },
);

testAccounts("always on: the last new messages are shown without those of users that are ignored", async (fixture) => {
  const [alice, bob] = await aliceAndBob(fixture);
  const carol = await fixture.irc("carol", "message-tags");
  await carol.says("JOIN #tea");
  await alice.says("SILENCE +carol");
  await alice.leave();
  await bob.says("PRIVMSG #tea :Lunch?");
  const { id } = fixture.chat.history.latest(fixture.chat.findRoom("#tea"), 1)[0]!;
  await carol.says(`@+draft/react=👍;+reply=${writeId(id)} TAGMSG #tea`, "PRIVMSG #tea :yes");
  const phone = await fixture.text("guest");
  await phone.says("/join #tea");
  const lines = await phone.asks(`/login alice ${PASSWORD}`);
  assertEquals(lines.filter((line) => /bob|carol/.test(line)).map((line) => line.split("] ").at(-1)), ["<bob> Lunch?"]);
});

testAccounts("always on: new messages are counted up to a limit", async (fixture) => {
  const [alice, bob] = await aliceAndBob(fixture);
  await alice.leave();
  for (let n = 0; n <= NEW_COUNTED; n++) await bob.says(`PRIVMSG #tea :${n}.`);
  const phone = await fixture.text("guest");
  const lines = await phone.asks(`/login alice ${PASSWORD}`);
  assert(
    lines.some((line) => line.startsWith(`-- More than ${NEW_COUNTED} new messages in #tea since you were last here.`)),
  );
});

testAccounts(
  "always on: on the text port, /who marks who is away, and /msg of a guest to a user without a connection is rejected",
  async (fixture) => {
    const [alice] = await aliceAndBob(fixture);
    await alice.leave();
    const carol = await fixture.text("carol");
    await carol.expect("/who #tea", "-- In #tea: 2 users", "-- ~alice (away), bob");
    await carol.expect("/msg alice psst", "-- alice is offline. To leave a message, log in first: /login NAME");
    await carol.expect("/nick alice", "-- alice is a registered nickname. If it is yours: /login alice");
  },
);

testAccounts(
  "always on: /join leaves a user who is always on in the last room, and /leave does not",
  async (fixture) => {
    const phone = await fixture.text("alice");
    await phone.says(`/register ${PASSWORD}`, "/set always-on on", "/join #tea", "/join #den");
    assertEquals([...phone.member.rooms.keys()], ["#lobby", "#tea", "#den"]);
    await phone.says("/leave");
    assertEquals([...phone.member.rooms.keys()], ["#lobby", "#tea"]);
    await phone.says("/quit");
    assertEquals([...fixture.chat.find("alice").rooms.keys()], ["#lobby", "#tea"]);
  },
);

testAccounts("always on: KILL removes a user who is not connected", async (fixture) => {
  const [alice, bob] = await aliceAndBob(fixture);
  await alice.leave();
  fixture.chat.setFlag(bob.member, "operator", true);
  await bob.says("KILL alice :enough");
  assert(bob.hears().some((line) => line.startsWith(":alice!~alice@host QUIT :Killed")));
  assertEquals(fixture.chat.alwaysOn.absent.size, 0);
});

testAccounts("always on: a user is told when the server does not keep users without a connection", async (fixture) => {
  const alice = await fixture.irc("alice");
  await alice.says(`NS REGISTER ${PASSWORD}`);
  Object.defineProperty(fixture.chat.alwaysOn, "status", {
    configurable: true,
    value: () => ({ choice: true, on: false }),
  });
  await alice.expect(
    "NS SET ALWAYS-ON ON",
    ":NickServ!services@irc.test NOTICE alice :Saved, but this server does not keep users who are not connected.",
  );
});
