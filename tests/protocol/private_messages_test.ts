/** Private messages between accounts, as IRC and text clients see them: to users who are absent, and on coming back. */
import { assert, assertEquals } from "@std/assert";
import { Buffer } from "node:buffer";
import { ChatError } from "../../src/chat/chat_error.ts";
import { MISSED_CONVERSATIONS, MISSED_PRIVATE } from "../../src/protocol/missed_private.ts";
import { MISSED_SHOWN } from "../../src/protocol/text/missed.ts";
import type { Member } from "../../src/chat/member.ts";
import { CountingFormat, IDENTITY, Inbox } from "../chat/helpers.ts";
import type { AuthFixture } from "../accounts/helpers.ts";
import { type Client, clock, type ProtocolFixture, testAccounts } from "./irc/harness.ts";

const PASSWORD = "open sesame";
const OFFLINE = "Offline, and will see it";

/** Registers nicknames, and disconnects the clients. */
async function registered(fixture: ProtocolFixture, ...nicks: string[]): Promise<void> {
  for (const nick of nicks) {
    const client = await fixture.irc(nick);
    await client.says(`NS REGISTER ${PASSWORD}`);
    await client.leave();
  }
}

/** Whether a line is a message of a user: to a client that could take old messages for new ones, they are notices. */
function isMessage(line: string): boolean {
  return /^(?:@\S+ )?:\w+!~\w+@\S+ (?:PRIVMSG|NOTICE) /.test(line);
}

/** Connects an IRC client that logs in by SASL before it is registered. */
async function login(
  fixture: ProtocolFixture,
  account: string,
  capabilities = "",
  ...lines: string[]
): Promise<[client: Client, received: string[]]> {
  const client = fixture.connect();
  const response = Buffer.from(`\0${account}\0${PASSWORD}`).toString("base64");
  await client.says(`CAP REQ :sasl ${capabilities}`, `NICK ${account}`, `USER ${account} 0 * :x`, "AUTHENTICATE PLAIN");
  await client.says(`AUTHENTICATE ${response}`, ...lines, "CAP END");
  const received = client.hears();
  return [client, received.slice(received.findIndex((line) => / 422 /.test(` ${line}`)) + 1)];
}

/** Connects a user of an account that was not registered in the test. */
function author({ chat }: ProtocolFixture, { accounts }: AuthFixture, account: string): Member {
  const credentials = { hash: "", salt: "", iterations: 1, stored: "", server: "" };
  accounts.directory.change({ op: "account-add", name: account, credentials, member: undefined }, clock.now);
  return chat.connect(account, { ...IDENTITY, account }, new CountingFormat(), new Inbox()).member;
}

/** The time of the last line, as it is written. */
function time(): string {
  return new Date(clock.now).toTimeString().slice(0, 5);
}

testAccounts(
  "private messages: on IRC, the author is told that an absent account will see the message",
  async (fixture) => {
    await registered(fixture, "alice", "bob");
    const [alice] = await login(fixture, "alice");
    await alice.expect("PRIVMSG bob :psst", `301 alice bob :${OFFLINE}`);
    await alice.expect("NOTICE bob :psst");
    await alice.expect(
      "PRIVMSG nobody,bob :psst",
      "401 alice nobody :No such nick/channel",
      `301 alice bob :${OFFLINE}`,
    );
    await alice.expect("PRIVMSG bob :\x01VERSION\x01", "401 alice bob :No such nick/channel");
    const [echoing] = await login(fixture, "alice", "echo-message batch labeled-response");
    alice.hears();
    assertEquals(await echoing.asks("@label=x PRIVMSG bob :again"), [
      "@label=x BATCH +b0 labeled-response",
      "@batch=b0 :alice!~alice@host PRIVMSG bob :again",
      `@batch=b0 301 alice bob :${OFFLINE}`,
      "BATCH -b0",
    ]);
    assertEquals(await echoing.asks("@label=y NOTICE bob :again"), ["@label=y :alice!~alice@host NOTICE bob :again"]);
    assertEquals(alice.hears().length, 2, "the other client of alice gets them");
  },
);

testAccounts(
  "private messages: tags to an absent account are dropped, and reach one that has another nickname",
  async (fixture) => {
    await registered(fixture, "alice", "bob");
    const [alice] = await login(fixture, "alice", "message-tags");
    const guest = await fixture.irc("dave", "message-tags");
    await alice.expect("@+typing=active TAGMSG bob");
    await guest.expect("@+typing=active TAGMSG bob", "401 dave bob :No such nick/channel");
    await alice.expect("@+typing=active TAGMSG nobody", "401 alice nobody :No such nick/channel");
    const [bob] = await login(fixture, "bob", "message-tags");
    await bob.says("NICK bobby");
    bob.gets();
    await alice.says("@+typing=active TAGMSG bob");
    assertEquals(bob.hears().map((line) => line.replace(/^@\S+ /, "")), [":alice!~alice@host TAGMSG bobby"]);
  },
);

testAccounts(
  "private messages: a guest is told to log in to leave a message, and a NOTICE gets no reply",
  async (fixture) => {
    await registered(fixture, "bob");
    const guest = await fixture.irc("dave");
    await guest.expect(
      "PRIVMSG bob :psst",
      "486 dave bob :The user is offline: to leave a message, log in to an account first",
    );
    await guest.expect("NOTICE bob :psst");
    const text = await fixture.text("erin");
    assertEquals(await text.asks("/msg bob psst"), [
      "-- bob is offline. To leave a message, log in first: /login NAME",
    ]);
  },
);

testAccounts(
  "private messages: CHATHISTORY has what came while the user was absent, and nothing is replayed",
  async (fixture) => {
    await registered(fixture, "alice", "bob");
    const [alice] = await login(fixture, "alice");
    await alice.says("PRIVMSG bob :one", "PRIVMSG bob :two");
    const [bob, received] = await login(fixture, "bob", "batch draft/chathistory server-time");
    assertEquals(received, []);
    const [, target] = await bob.asks(
      "CHATHISTORY TARGETS timestamp=2000-01-01T00:00:00.000Z timestamp=2100-01-01T00:00:00.000Z 9",
    );
    assert(target?.includes("CHATHISTORY TARGETS alice "), target);
    const lines = await bob.asks("CHATHISTORY LATEST alice * 9");
    assertEquals(lines.slice(1, -1).map((line) => line.replace(/^@\S+ /, "")), [
      ":alice!~alice@host PRIVMSG bob :one",
      ":alice!~alice@host PRIVMSG bob :two",
    ]);
    const [, again] = await login(fixture, "bob");
    assertEquals(again, [], "a client that asks has come");
  },
);

testAccounts(
  "private messages: a client without CHATHISTORY gets what came while the user was absent, once",
  async (fixture) => {
    await registered(fixture, "alice", "bob", "carol");
    const [alice] = await login(fixture, "alice");
    const [carol] = await login(fixture, "carol");
    await alice.says("PRIVMSG bob :one");
    await carol.says("PRIVMSG bob :\x01ACTION waves\x01");
    await alice.says("PRIVMSG bob :two");
    const [bob, received] = await login(fixture, "bob");
    assertEquals(received, [
      `:carol!~carol@host NOTICE bob :[${time()}] * carol waves`,
      `:alice!~alice@host NOTICE bob :[${time()}] one`,
      `:alice!~alice@host NOTICE bob :[${time()}] two`,
    ]);
    await bob.says("PRIVMSG alice :thanks");
    await bob.leave();
    assertEquals((await login(fixture, "bob"))[1], []);
    fixture.clients.at(-1)!.says("QUIT");
    clock.now += 60_000;
    await alice.says("PRIVMSG bob :three");
    assertEquals(
      (await login(fixture, "bob", "batch server-time"))[1].map((line) => line.replace(/;?(time|msgid)=[^; ]*/g, "")),
      [
        "BATCH +b0 chathistory alice",
        "@batch=b0 :alice!~alice@host PRIVMSG bob :three",
        "BATCH -b0",
      ],
    );
  },
);

testAccounts(
  "private messages: a login after registration, and one to a user who is always on, replay as well",
  async (fixture) => {
    await registered(fixture, "alice", "bob");
    const [alice] = await login(fixture, "alice");
    await alice.says("PRIVMSG bob :one");
    const guest = await fixture.irc("guest");
    const lines = await guest.asks(`NS IDENTIFY bob ${PASSWORD}`);
    assertEquals(lines.filter((line) => isMessage(line)), [
      `:alice!~alice@host NOTICE bob :[${time()}] one`,
    ]);
    await guest.says("NICK bob", "NS SET ALWAYS-ON ON");
    clock.now += 60_000;
    await guest.leave();
    clock.now += 60_000;
    await alice.expect("PRIVMSG bob :two", "301 alice bob :Not connected");
    const [, received] = await login(fixture, "bob");
    assertEquals(received, [`:alice!~alice@host NOTICE bob :[${time()}] two`]);
  },
);

testAccounts(
  "private messages: a bot and a client at which no person is get no replay; the next person does",
  async (fixture) => {
    await registered(fixture, "alice", "bob");
    const [alice] = await login(fixture, "alice");
    await alice.says("PRIVMSG bob :one");
    const [program, first] = await login(fixture, "bob", "draft/pre-away", "AWAY *");
    assertEquals(first.filter((line) => isMessage(line)), []);
    const [, second] = await login(fixture, "bob");
    assertEquals(second.filter((line) => isMessage(line)).length, 1);
    await fixture.clients.at(-1)!.leave();
    await program.says("MODE bob +B", "NS SET ALWAYS-ON ON");
    await program.leave();
    await alice.says("PRIVMSG bob :two");
    const [, third] = await login(fixture, "bob");
    assertEquals(third.filter((line) => isMessage(line)), []);
  },
);

testAccounts(
  "private messages: a client at which no person is gets no replay, also if its user is always on",
  async (fixture) => {
    await registered(fixture, "alice", "bob");
    const [bob] = await login(fixture, "bob");
    await bob.says("NS SET ALWAYS-ON ON");
    clock.now += 1000;
    await bob.leave();
    clock.now += 1000;
    const [alice] = await login(fixture, "alice");
    await alice.says("PRIVMSG bob :one");
    const replayed = async (...lines: string[]) => {
      const [, received] = await login(fixture, "bob", "draft/pre-away", ...lines);
      return received.filter((line) => isMessage(line)).length;
    };
    assertEquals([await replayed("AWAY *"), await replayed(), await replayed()], [0, 1, 0]);
  },
);

testAccounts(
  "private messages: long ones are replayed as far as they fit into a reply, the latest of each conversation",
  async (fixture, office) => {
    await registered(fixture, "bob");
    const long = "x".repeat(380);
    for (const nick of ["al", "ali"]) {
      const member = author(fixture, office, nick);
      for (let n = 1; n <= MISSED_PRIVATE; n++) fixture.chat.whisper(member, "bob", `${n}. ${long}`);
    }
    const [, lines] = await login(fixture, "bob", "server-time");
    const share = Math.floor(fixture.options.answerMax / 4 / 2 / 385);
    for (const nick of ["al", "ali"]) {
      const own = lines.filter((line) => line.includes(` :${nick}!`));
      assert(own.length >= share - 1 && own.length <= share + 1, `${own.length} of about ${share}`);
      assert(own.at(-1)!.includes(` :${MISSED_PRIVATE}. `));
    }
  },
);

testAccounts("private messages: a second login on the same connection replays nothing again", async (fixture) => {
  await registered(fixture, "alice", "bob");
  const [alice] = await login(fixture, "alice");
  await alice.says("PRIVMSG bob :one");
  const guest = await fixture.irc("guest");
  assertEquals((await guest.asks(`NS IDENTIFY bob ${PASSWORD}`)).filter(isMessage).length, 1);
  await guest.says("NS LOGOUT");
  assertEquals((await guest.asks(`NS IDENTIFY bob ${PASSWORD}`)).filter(isMessage), []);
});

testAccounts(
  "private messages: a replay is named after the account when the author has another nickname since",
  async (fixture) => {
    await registered(fixture, "Alice", "bob");
    const [alice] = await login(fixture, "Alice");
    await alice.says("PRIVMSG bob :one", "NICK lisa", "PRIVMSG bob :two");
    const [, received] = await login(fixture, "bob", "batch");
    assertEquals(received.filter((line) => line.startsWith("BATCH +")), ["BATCH +b0 chathistory alice"]);
  },
);

testAccounts("private messages: what the user's own program has written is not replayed", async (fixture) => {
  await registered(fixture, "alice", "bob", "carol");
  const [bob] = await login(fixture, "bob");
  await bob.says("NS SET ALWAYS-ON ON");
  await bob.leave();
  clock.now += 1000;
  const [alice] = await login(fixture, "alice");
  const [program] = await login(fixture, "bob", "draft/pre-away", "AWAY *");
  await program.says("PRIVMSG alice :I am a program", "PRIVMSG carol :so am I");
  await program.says("NICK robot", "PRIVMSG alice :with another nickname", "NICK bob");
  await alice.says("PRIVMSG bob :and bob?");
  const [, lines] = await login(fixture, "bob");
  assertEquals(lines.filter((line) => isMessage(line)), [
    `:alice!~alice@host NOTICE bob :[${time()}] and bob?`,
  ]);
});

testAccounts(
  "private messages: the replay has the latest messages and conversations up to its limits",
  async (fixture, office) => {
    await registered(fixture, "alice", "bob");
    const [alice] = await login(fixture, "alice");
    for (let n = 0; n <= MISSED_PRIVATE; n++) await alice.says(`PRIVMSG bob :${n}.`);
    for (let n = 1; n <= MISSED_CONVERSATIONS; n++) {
      fixture.chat.whisper(author(fixture, office, `a${n}`), "bob", `from ${n}`);
    }
    const [, lines] = await login(fixture, "bob", "server-time");
    const texts = lines.map((line) => line.split(":").at(-1));
    assertEquals(texts, Array.from({ length: MISSED_CONVERSATIONS }, (_, n) => `from ${n + 1}`));
    await fixture.clients.at(-1)!.leave();
    clock.now += 1000;
    for (let n = 0; n <= MISSED_PRIVATE; n++) await alice.says(`PRIVMSG bob :${n}.`);
    const [, more] = await login(fixture, "bob", "server-time");
    assertEquals([more.length, more[0]?.split(":").at(-1)], [MISSED_PRIVATE, "1."]);
  },
);

testAccounts("private messages: the client is told when the history cannot be read at its return", async (fixture) => {
  await registered(fixture, "alice", "bob");
  const [alice] = await login(fixture, "alice");
  await alice.says("PRIVMSG bob :one");
  Object.defineProperty(fixture.chat.history, "conversations", {
    value: () => {
      throw new ChatError("history-unreadable", "broken");
    },
  });
  const [, lines] = await login(fixture, "bob", "standard-replies");
  assertEquals(lines, ["FAIL PRIVMSG MESSAGE_ERROR :Messages could not be retrieved"]);
  await fixture.clients.at(-1)!.leave();
  await alice.says("PRIVMSG bob :two");
  const text = await fixture.text("dave");
  assert(
    (await text.asks(`/login bob ${PASSWORD}`)).includes("-- The history cannot be read right now. Try again later."),
  );
});

testAccounts(
  "private messages: on the text port, few are shown at a login, and of many only the number",
  async (fixture) => {
    await registered(fixture, "alice", "bob");
    const alice = await fixture.text("x");
    await alice.says(`/login alice ${PASSWORD}`);
    assertEquals(await alice.asks("/msg bob one"), ["-> *bob* one", "-- bob is offline and will see it."]);
    const bob = await fixture.text("y");
    const received = await bob.asks(`/login bob ${PASSWORD}`);
    assertEquals(received.slice(-2), [
      "-- 1 private message from alice while you were away:",
      `[${time()}] *alice* one`,
    ]);
    await bob.says("/msg alice hello", "/quit");
    clock.now += 1000;
    for (let n = 0; n <= MISSED_SHOWN; n++) await alice.says(`/msg bob ${n}.`);
    const again = await fixture.text("z");
    assertEquals(
      (await again.asks(`/login bob ${PASSWORD}`)).at(-1),
      `-- ${MISSED_SHOWN + 1} private messages from alice while you were away. To read them: /history alice`,
    );
    await again.expect("/nick bob", "-- You are already bob."); // and not the number again
    await again.says("/quit");
    clock.now += 1000;
    for (let n = 0; n <= MISSED_PRIVATE; n++) await alice.says(`/msg bob ${n}.`);
    assertEquals(
      (await (await fixture.text("z")).asks(`/login bob ${PASSWORD}`)).at(-1),
      `-- ${MISSED_PRIVATE} or more private messages from alice while you were away. To read them: /history alice`,
    );
  },
);

testAccounts("private messages: what is shown to a client counts as read on other devices", async (fixture) => {
  await registered(fixture, "alice", "bob", "carol");
  const [alice] = await login(fixture, "alice");
  await alice.says("PRIVMSG bob :one", "PRIVMSG carol :one");
  const bob = await fixture.text("x");
  await bob.says(`/login bob ${PASSWORD}`, "/quit");
  const [carol] = await login(fixture, "carol");
  await carol.says("QUIT");
  const read = `MARKREAD alice timestamp=${new Date(clock.now).toISOString()}`;
  for (const account of ["bob", "carol"]) {
    const [phone] = await login(fixture, account, "draft/read-marker");
    await phone.expect("MARKREAD alice", read);
  }
});

testAccounts(
  "private messages: on the text port, MISSED_SHOWN of all conversations are shown, and none of one that is cut off",
  async (fixture) => {
    await registered(fixture, "alice", "bob", "carol");
    const [alice] = await login(fixture, "alice");
    const [carol] = await login(fixture, "carol");
    const headings = async () => {
      const bob = await fixture.text("x");
      const lines = await bob.asks(`/login bob ${PASSWORD}`);
      await bob.says("/quit");
      clock.now += 1000;
      return lines.filter((line) => line.includes(" private "));
    };
    for (let n = 0; n < MISSED_SHOWN; n++) await alice.says(`PRIVMSG bob :${n}`);
    assertEquals(await headings(), [`-- ${MISSED_SHOWN} private messages from alice while you were away:`]);
    for (let n = 0; n < MISSED_SHOWN - 1; n++) await alice.says(`PRIVMSG bob :${n}`);
    for (let n = 0; n < 2; n++) await carol.says(`PRIVMSG bob :${n}`);
    assertEquals(await headings(), [
      `-- ${MISSED_SHOWN - 1} private messages from alice while you were away:`,
      "-- 2 private messages from carol while you were away. To read them: /history carol",
    ]);
    Object.assign(fixture.options, { answerMax: 500 });
    for (let n = 0; n < 3; n++) await alice.says(`PRIVMSG bob :${"x".repeat(200)}`);
    assertEquals(await headings(), [
      "-- 2 or more private messages from alice while you were away. To read them: /history alice",
    ]);
  },
);

testAccounts(
  "private messages: /history NAME shows a conversation from both sides, in parts as that of a room",
  async (fixture) => {
    await registered(fixture, "alice", "bob");
    const alice = await fixture.text("x");
    await alice.says(`/login alice ${PASSWORD}`, "/msg bob one");
    const bob = await fixture.text("y");
    await bob.says(`/login bob ${PASSWORD}`, "/msg alice two");
    const now = time();
    assertEquals(await alice.asks("/history BOB"), [`[${now}] -> *bob* one`, `[${now}] *bob* two`]);
    assertEquals(await bob.asks("/history alice 1"), [`[${now}] -> *alice* two`]);
    assertEquals(await bob.asks("/history alice before 2000-01-01 00:00"), [
      "-- No stored private messages with alice before 2000-01-01 00:00.",
    ]);
    assertEquals(await bob.asks("/history carol", "/history alice 0", "/history alice before noon"), [
      "-- No stored private messages with carol yet.",
      "-- Invalid range: use 1 to 1000 lines, as in /history alice 50 or /history alice 50 before 14:05",
      "-- Invalid time: use 14:05 or a date, as in /history alice 50 before 2026-11-20 14:05",
    ]);
    for (let n = 0; n < 3; n++) {
      clock.now += 60_000;
      await alice.connection.feed([`/msg bob ${"x".repeat(50_000)}`]);
    }
    const [more] = await bob.asks("/history alice 100");
    assert(/^-- There is more: go on with \/history alice 100 before \S+/.test(more!), more);
  },
);
