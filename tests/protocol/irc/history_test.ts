/** CHATHISTORY, SEARCH, and the replay on JOIN. */
import { assert, assertEquals } from "@std/assert";
import { readId, writeId } from "../../../src/chat/ids.ts";
import { HISTORY_MAX } from "../../../src/protocol/irc/history.ts";
import { type Client, clock, type ProtocolFixture, test, testAccounts, THEN, TIME } from "./harness.ts";

/** All capabilities that matter for history. */
const ALL = ["batch", "server-time", "message-tags", "standard-replies", "draft/chathistory", "soju.im/search"];

/** Returns a time as `timestamp=…`, in minutes after the beginning of the test. */
function minute(number: number): string {
  return `timestamp=${new Date(THEN * 1000 + number * 60_000).toISOString()}`;
}

/** Sends m0, m1 and so on to #tea, the first at minute 0, and then one every minute. */
async function talk(client: Client, count: number): Promise<void> {
  for (let i = 0; i < count; i++) {
    clock.now = THEN * 1000 + i * 60_000;
    await client.says(`PRIVMSG #tea :m${i}`);
  }
}

/** Returns a client that has joined #tea and sent m0 to m9 there. */
async function reader(fixture: ProtocolFixture, count = 10, ...capabilities: string[]): Promise<Client> {
  const alice = await fixture.irc("alice", ...capabilities.length === 0 ? ALL : capabilities);
  await fixture.join("#tea", alice);
  await talk(alice, count);
  fixture.quiet();
  return alice;
}

/** Returns the texts of the messages in the response to a request. */
async function texts(client: Client, request: string): Promise<string> {
  const lines = await client.asks(request);
  assert(/BATCH \+b\d+ /.test(lines[0]!), lines.join("\n"));
  return lines.slice(1, -1).map((line) => line.replace(/^.* :/, "")).join(" ");
}

test("CHATHISTORY: LATEST replies with a batch, as in the example of the specification", async (fixture) => {
  const alice = await fixture.irc("alice", ...ALL);
  await fixture.join("#tea", alice);
  await alice.says(
    "PRIVMSG #tea :message",
    "NOTICE #tea :message",
    "@+client-tag=val PRIVMSG #tea :\x01ACTION message\x01",
  );
  alice.gets();
  await alice.says("CHATHISTORY LATEST #TEA * 50");
  const lines = alice.gets().map((line) => line.replace(/msgid=\w+/, "msgid=ID"));
  assertEquals(lines, [
    ":irc.test BATCH +b0 chathistory #tea",
    `@batch=b0;msgid=ID;time=${TIME} :alice!~alice@host PRIVMSG #tea :message`,
    `@batch=b0;msgid=ID;time=${TIME} :alice!~alice@host NOTICE #tea :message`,
    `@batch=b0;msgid=ID;time=${TIME};+client-tag=val :alice!~alice@host PRIVMSG #tea :\x01ACTION message\x01`,
    ":irc.test BATCH -b0",
  ]);
});

test("CHATHISTORY: messages have the msgid that they were sent with", async (fixture) => {
  const [alice, bob] = [await fixture.irc("alice", ...ALL), await fixture.irc("bob", ...ALL)];
  await fixture.join("#tea", alice, bob);
  await alice.says("PRIVMSG #tea :hi");
  const [said = ""] = bob.gets();
  await bob.says("CHATHISTORY LATEST #tea * 1");
  const [, again = ""] = bob.gets();
  assertEquals(again, said.replace("@", "@batch=b0;"));
});

test("CHATHISTORY: LATEST selects the last messages, or the last ones after a reference", async (fixture) => {
  const alice = await reader(fixture);
  assertEquals(await texts(alice, "CHATHISTORY LATEST #tea * 3"), "m7 m8 m9");
  assertEquals(await texts(alice, `CHATHISTORY LATEST #tea ${minute(6)} 5`), "m7 m8 m9");
  assertEquals(await texts(alice, `CHATHISTORY LATEST #tea ${minute(1)} 3`), "m7 m8 m9");
  assertEquals(await texts(alice, `CHATHISTORY LATEST #tea ${minute(9)} 3`), "");
  assertEquals(await texts(alice, "chathistory latest #tea * 3"), "m7 m8 m9");
  assertEquals((await alice.asks(`chathistory targets ${minute(0)} ${minute(99)} 3`)).length, 3);
});

test("CHATHISTORY: BEFORE and AFTER select the messages next to the reference, without it", async (fixture) => {
  const alice = await reader(fixture);
  assertEquals(await texts(alice, `CHATHISTORY BEFORE #tea ${minute(4)} 2`), "m2 m3");
  assertEquals(await texts(alice, `CHATHISTORY BEFORE #tea ${minute(4.5)} 2`), "m3 m4");
  assertEquals(await texts(alice, `CHATHISTORY BEFORE #tea ${minute(0)} 2`), "");
  assertEquals(await texts(alice, `CHATHISTORY AFTER #tea ${minute(4)} 2`), "m5 m6");
  assertEquals(await texts(alice, `CHATHISTORY AFTER #tea ${minute(-1)} 2`), "m0 m1");
  assertEquals(await texts(alice, `CHATHISTORY AFTER #tea ${minute(9)} 2`), "");
});

test("CHATHISTORY: BETWEEN counts from the first reference to the second, forwards or backwards, without them", async (fixture) => {
  const alice = await reader(fixture);
  assertEquals(await texts(alice, `CHATHISTORY BETWEEN #tea ${minute(2)} ${minute(8)} 3`), "m3 m4 m5");
  assertEquals(await texts(alice, `CHATHISTORY BETWEEN #tea ${minute(8)} ${minute(2)} 3`), "m5 m6 m7");
  assertEquals(await texts(alice, `CHATHISTORY BETWEEN #tea ${minute(2)} ${minute(4)} 9`), "m3");
  assertEquals(await texts(alice, `CHATHISTORY BETWEEN #tea ${minute(4)} ${minute(4)} 9`), "");
});

test("CHATHISTORY: AROUND selects as many on either side, or more on one when the other has fewer", async (fixture) => {
  const alice = await reader(fixture);
  assertEquals(await texts(alice, `CHATHISTORY AROUND #tea ${minute(5)} 4`), "m3 m4 m5 m6");
  assertEquals(await texts(alice, `CHATHISTORY AROUND #tea ${minute(5)} 1`), "m5");
  assertEquals(await texts(alice, `CHATHISTORY AROUND #tea ${minute(0)} 4`), "m0 m1 m2 m3");
  assertEquals(await texts(alice, `CHATHISTORY AROUND #tea ${minute(9)} 4`), "m6 m7 m8 m9");
  assertEquals(await texts(alice, `CHATHISTORY AROUND #tea ${minute(9)} 50`), "m0 m1 m2 m3 m4 m5 m6 m7 m8 m9");
});

test("CHATHISTORY: msgids work as references, also those of the further lines of a split message", async (fixture) => {
  const alice = await reader(fixture, 5);
  const names = fixture.chat.history.latest(fixture.chat.findRoom("#tea"), 9).map(({ id }) => writeId(id));
  assertEquals(await texts(alice, `CHATHISTORY BEFORE #tea msgid=${names[2]} 9`), "m0 m1");
  assertEquals(await texts(alice, `CHATHISTORY AFTER #tea msgid=${names[2]}-3 9`), "m3 m4");
  assertEquals(await texts(alice, `CHATHISTORY LATEST #tea msgid=${names[3]} 9`), "m4");
  assertEquals(await texts(alice, `CHATHISTORY AROUND #tea msgid=${names[2]} 3`), "m1 m2 m3");
  assertEquals(await texts(alice, `CHATHISTORY BETWEEN #tea msgid=${names[0]} ${minute(3)} 9`), "m1 m2");
});

test("CHATHISTORY: the number of messages is limited", async (fixture) => {
  const alice = await reader(fixture, HISTORY_MAX + 5);
  const all = (await texts(alice, "CHATHISTORY LATEST #tea * 999999999")).split(" ");
  assertEquals([all.length, all[0], all.at(-1)], [HISTORY_MAX, "m5", `m${HISTORY_MAX + 4}`]);
});

test(
  "CHATHISTORY: leaves out the messages farthest from the reference when the response would be too long",
  async (fixture) => {
    const alice = await reader(fixture, 10);
    assertEquals(await texts(alice, "CHATHISTORY LATEST #tea * 10"), "m7 m8 m9");
    assertEquals(await texts(alice, `CHATHISTORY BEFORE #tea ${minute(9)} 10`), "m6 m7 m8");
    assertEquals(await texts(alice, `CHATHISTORY AFTER #tea ${minute(-1)} 10`), "m0 m1 m2");
    assertEquals(await texts(alice, `CHATHISTORY BETWEEN #tea ${minute(8)} ${minute(2)} 10`), "m5 m6 m7");
    assertEquals(await texts(alice, `CHATHISTORY AROUND #tea ${minute(3)} 10`), "m2 m3 m4");
    assertEquals(await texts(alice, `CHATHISTORY AROUND #tea ${minute(0)} 10`), "m0 m1 m2");
    assertEquals(await texts(alice, `CHATHISTORY AROUND #tea ${minute(9)} 10`), "m7 m8 m9");
  },
  () => ({ answerMax: 350 }),
);

test("CHATHISTORY: reads no more from the store than a response may have", async (fixture) => {
  const alice = await fixture.irc("alice", ...ALL);
  await fixture.join("#tea", alice);
  for (let i = 0; i < 9; i++) await alice.says(`PRIVMSG #tea :${"x".repeat(400)}`);
  fixture.quiet();
  const read: number[] = [];
  const page = fixture.chat.history.page.bind(fixture.chat.history);
  fixture.chat.history.page = (room, range) => {
    const lines = page(room, range);
    read.push(lines.length);
    return lines;
  };
  assertEquals([(await texts(alice, "CHATHISTORY LATEST #tea * 9")).length, read], [801, [2]]);
}, () => ({ answerMax: 1000 }));

test("CHATHISTORY: the limit on the response counts bytes", async (fixture) => {
  const alice = await fixture.irc("alice", ...ALL);
  await fixture.join("#tea", alice);
  for (let i = 0; i < 9; i++) await alice.says(`PRIVMSG #tea :${"語".repeat(100)}`);
  fixture.quiet();
  await alice.says("CHATHISTORY LATEST #tea * 9");
  assertEquals(alice.gets().length, 1 + 2 + 1);
}, () => ({ answerMax: 1000 }));

test("CHATHISTORY: a split message counts as one, and is complete or missing", async (fixture) => {
  const alice = await fixture.irc("alice", ...ALL);
  await fixture.join("#tea", alice);
  const bob = await fixture.text("bob");
  await bob.says("/join #tea", "x".repeat(1000), "short");
  alice.gets();
  await alice.says("CHATHISTORY LATEST #tea * 2");
  const lines = alice.gets();
  assertEquals(lines.length, 1 + 3 + 1 + 1);
  const names = lines.slice(1, -1).map((line) => /msgid=([^;]+)/.exec(line)![1]!);
  assertEquals(names.slice(1, 3), [`${names[0]}-1`, `${names[0]}-2`]);
  assertEquals(new Set(names.map(readId)).size, 2);
});

test("CHATHISTORY: adapts to clients without batch, server-time or message-tags", async (fixture) => {
  const alice = await reader(fixture, 2, "standard-replies", "draft/chathistory");
  assertEquals(await alice.asks("CHATHISTORY LATEST #tea * 5"), [
    ":alice!~alice@host NOTICE #tea :m0",
    ":alice!~alice@host NOTICE #tea :m1",
  ]);
  const bob = await fixture.irc("bob", "server-time");
  await fixture.join("#tea", bob);
  await bob.expect(
    "CHATHISTORY LATEST #tea * 1",
    `@time=${new Date(clock.now).toISOString()} :alice!~alice@host PRIVMSG #tea :m1`,
  );
});

test("CHATHISTORY: the label is on the batch itself", async (fixture) => {
  const alice = await reader(fixture, 1, ...ALL, "labeled-response");
  await alice.says("@label=x CHATHISTORY LATEST #tea * 1");
  const lines = alice.gets();
  assertEquals(lines.length, 3);
  assertEquals(lines[0], "@label=x :irc.test BATCH +b0 chathistory #tea");
  assertEquals([lines[1]!.startsWith("@batch=b0;"), lines[2]], [true, ":irc.test BATCH -b0"]);
});

test("CHATHISTORY: TARGETS lists joined channels by the time of their latest message", async (fixture) => {
  const alice = await reader(fixture, 3);
  await alice.says("JOIN #late,#none,#early");
  clock.now = THEN * 1000 + 3600_000;
  await alice.says("PRIVMSG #late :x");
  const bob = await fixture.irc("bob");
  await fixture.join("#secret", bob);
  await bob.says("PRIVMSG #secret :x");
  fixture.quiet();
  const far = minute(10_000);
  const found = async (from: string, to: string, count = 9) => {
    const lines = await alice.asks(`CHATHISTORY TARGETS ${from} ${to} ${count}`);
    assertEquals(lines[0]!.replace(/b\d+/, ""), "BATCH + draft/chathistory-targets");
    return lines.slice(1, -1).map((line) => line.replace(/^@batch=b\d+ /, ""));
  };
  const tea = "CHATHISTORY TARGETS #tea 2026-01-02T03:06:05.000Z";
  const late = "CHATHISTORY TARGETS #late 2026-01-02T04:04:05.000Z";
  assertEquals(await found(minute(-1), far), [tea, late]);
  assertEquals(await found(far, minute(-1)), [tea, late]);
  assertEquals(await found(minute(-1), far, 1), [tea]);
  assertEquals(await found(far, minute(-1), 1), [late]);
  assertEquals(await found(far, minute(-1), 3), [tea, late]);
  assertEquals(await found(minute(2), far), [late]);
  assertEquals(await found(minute(-9), minute(-1)), []);
  clock.now += 60_000;
  await alice.says("PRIVMSG #tea :x");
  assertEquals(await found(minute(-1), far), [late, "CHATHISTORY TARGETS #tea 2026-01-02T04:05:05.000Z"]);
});

test(
  "CHATHISTORY: TARGETS leaves out the channels farthest from the first time when the response would be too long",
  async (fixture) => {
    const alice = await fixture.irc("alice", ...ALL);
    for (const [i, name] of ["#a", "#b", "#c"].entries()) {
      await fixture.join(name, alice);
      clock.now = THEN * 1000 + i * 60_000;
      await alice.says(`PRIVMSG ${name} :x`);
    }
    fixture.quiet();
    const found = async (from: string, to: string) => {
      const lines = await alice.asks(`CHATHISTORY TARGETS ${from} ${to} 9`);
      return lines.slice(1, -1).map((line) => line.split(" ")[3]);
    };
    assertEquals(await found(minute(-1), minute(9)), ["#a", "#b"]);
    assertEquals(await found(minute(9), minute(-1)), ["#b", "#c"]);
  },
  () => ({ answerMax: 150 }),
);

test("CHATHISTORY: finds messages by time when the clock once went backwards", async (fixture) => {
  const [alice, bob] = [await reader(fixture, 5), await fixture.irc("bob", ...ALL)];
  clock.now += 5000 * 24 * 3_600_000;
  await alice.says("PRIVMSG #tea :wrong");
  for (const minute of [5, 6, 7]) {
    clock.now = THEN * 1000 + minute * 60_000;
    await alice.says(`PRIVMSG #tea :m${minute}`);
  }
  fixture.quiet();
  assertEquals(await texts(alice, `CHATHISTORY BEFORE #tea ${minute(7)} 2`), "m5 m6");
  assertEquals(await texts(alice, `CHATHISTORY AFTER #tea ${minute(5)} 9`), "m6 m7");
  assertEquals(await texts(alice, `CHATHISTORY AFTER #tea ${minute(7)} 9`), "");
  assertEquals(await texts(alice, `CHATHISTORY BETWEEN #tea ${minute(2)} ${minute(6)} 9`), "m3 m4 wrong m5");
  assertEquals(await texts(alice, `CHATHISTORY BEFORE bob ${minute(7)} 2`), "");
  await fixture.join("#tea", bob);
  await alice.says("PRIVMSG #tea :m6 again", "JOIN #other");
  fixture.quiet();
  const time = (number: number) => minute(number).replace("timestamp=", "");
  assertEquals(await texts(alice, `SEARCH text=m6;after=${time(6)}`), "m6 again");
  assertEquals(await texts(alice, `SEARCH text=m6;before=${time(7)}`), "m6");
});

test("CHATHISTORY: replies with FAIL when the request is not valid", async (fixture) => {
  const alice = await reader(fixture, 1);
  const fails = async (request: string, answer: string) => await alice.expect(request, `FAIL ${answer}`);
  await fails("CHATHISTORY", "CHATHISTORY INVALID_PARAMS * :Unknown command");
  await fails("CHATHISTORY SIDEWAYS #tea * 5", "CHATHISTORY INVALID_PARAMS SIDEWAYS :Unknown command");
  await fails("CHATHISTORY toString #tea * 5", "CHATHISTORY INVALID_PARAMS toString :Unknown command");
  await fails("CHATHISTORY LATEST #tea *", "CHATHISTORY INVALID_PARAMS LATEST :Insufficient parameters");
  await fails("CHATHISTORY LATEST #tea * 5 5", "CHATHISTORY INVALID_PARAMS LATEST :Too many parameters");
  await fails(`CHATHISTORY BETWEEN #tea ${minute(1)} 5`, "CHATHISTORY INVALID_PARAMS BETWEEN :Insufficient parameters");
  for (const limit of ["0", "-1", "x", "1.5", "9".repeat(10)]) {
    await fails(`CHATHISTORY LATEST #tea * ${limit}`, `CHATHISTORY INVALID_PARAMS LATEST ${limit} :Invalid limit`);
  }
  for (const time of ["timestamp=", "timestamp=2026-01-02", "timestamp=2026-13-02T03:04:05.000Z", "timestamp=1e9"]) {
    await fails(`CHATHISTORY BEFORE #tea ${time} 5`, `CHATHISTORY INVALID_PARAMS BEFORE ${time} :Invalid timestamp`);
  }
  await fails("CHATHISTORY BEFORE #tea * 5", "CHATHISTORY INVALID_PARAMS BEFORE * :Invalid message reference");
  await fails("CHATHISTORY BEFORE #tea id=1 5", "CHATHISTORY INVALID_PARAMS BEFORE id=1 :Invalid message reference");
  await fails("CHATHISTORY TARGETS id=1 id=2 5", "CHATHISTORY INVALID_PARAMS TARGETS id=1 :Invalid timestamp");
  await fails("CHATHISTORY TARGETS", "CHATHISTORY INVALID_PARAMS TARGETS :Insufficient parameters");
});

test("CHATHISTORY: replies with MESSAGE_ERROR when the msgid does not exist", async (fixture) => {
  const alice = await reader(fixture, 1);
  for (const id of ["1", "zzzzzzzzzzz", "no", "x'--", "m-0", ""]) {
    await alice.says(`CHATHISTORY BEFORE #tea msgid=${id} 5`);
    const answer = `:irc.test FAIL CHATHISTORY MESSAGE_ERROR BEFORE #tea msgid=${id} :There is no such message`;
    assertEquals(alice.gets(), [answer]);
  }
});

test("CHATHISTORY: a client cannot read channels that it has not joined", async (fixture) => {
  const [alice, bob] = [await reader(fixture, 1), await fixture.irc("bob", ...ALL)];
  const rejected = "FAIL CHATHISTORY INVALID_TARGET LATEST #tea :Messages could not be retrieved";
  await bob.expect("CHATHISTORY LATEST #tea * 5", rejected);
  await bob.expect("CHATHISTORY LATEST #nowhere * 5", rejected.replace("#tea", "#nowhere"));
  await bob.expect("CHATHISTORY LATEST :no name 5", "FAIL CHATHISTORY INVALID_PARAMS LATEST :Insufficient parameters");
  await fixture.join("#tea", bob);
  assertEquals(await texts(bob, "CHATHISTORY LATEST #tea * 5"), "m0");
  await alice.says("KICK #tea bob");
  fixture.quiet();
  await bob.expect("CHATHISTORY LATEST #tea * 5", rejected);
  assertEquals(await texts(bob, "CHATHISTORY LATEST alice * 5"), "");
});

test("SEARCH: finds messages with all words, by channel, sender and time", async (fixture) => {
  const [alice, bob] = [await reader(fixture, 3), await fixture.irc("bob", ...ALL)];
  await fixture.join("#tea", bob);
  await bob.says("PRIVMSG #tea :Green tea, M1?");
  await alice.says("JOIN #other", "PRIVMSG #other :m1 here");
  fixture.quiet();
  assertEquals(await texts(alice, "SEARCH text=m1"), "m1 Green tea, M1? m1 here");
  assertEquals(await texts(alice, "SEARCH text=m1;in=#TEA"), "m1 Green tea, M1?");
  assertEquals(await texts(alice, "SEARCH text=M1\\sgreen"), "Green tea, M1?");
  assertEquals(await texts(alice, "SEARCH text=m1;from=BOB"), "Green tea, M1?");
  assertEquals(await texts(alice, "SEARCH text=m1;limit=1"), "m1 here");
  const time = (number: number) => minute(number).replace("timestamp=", "");
  assertEquals(await texts(alice, `SEARCH text=m1;before=${time(2)}`), "m1");
  assertEquals(await texts(alice, `SEARCH text=m1;after=${time(1)}`), "Green tea, M1? m1 here");
  assertEquals(await texts(bob, "SEARCH text=m1"), "m1 Green tea, M1?");
  assertEquals(await texts(alice, 'SEARCH :text=m1"\\sAND\\sNEAR(*'), "");
  const lines = await alice.asks("SEARCH text=m1;in=#other");
  assertEquals(lines[0]!.replace(/b\d+/, ""), "BATCH + soju.im/search");
});

test("SEARCH: takes conditions in the text, beside the attributes", async (fixture) => {
  const [alice, bob] = [await reader(fixture, 3), await fixture.irc("bob", ...ALL)];
  await fixture.join("#tea", bob);
  await bob.says("PRIVMSG #tea :Green teapot https://example.org");
  await alice.says("JOIN #other", "PRIVMSG #other :greenery, 今日はいい天気");
  fixture.quiet();
  const time = (number: number) => minute(number).replace("timestamp=", "");
  assertEquals(await texts(alice, "SEARCH text=gree"), "Green teapot https://example.org greenery, 今日はいい天気");
  assertEquals(await texts(alice, "SEARCH text=gree\\sfrom:BOB"), "Green teapot https://example.org");
  assertEquals(await texts(alice, "SEARCH text=gree\\sfrom:BOB;from=alice"), "Green teapot https://example.org");
  assertEquals(await texts(alice, "SEARCH text=gr\\sin:#OTHER;in=#tea"), "greenery, 今日はいい天気");
  assertEquals(await texts(alice, "SEARCH text=has:link"), "Green teapot https://example.org");
  assertEquals(await texts(alice, "SEARCH from=bob"), "Green teapot https://example.org");
  assertEquals(await texts(alice, "SEARCH text=いい天"), "greenery, 今日はいい天気");
  assertEquals(await texts(alice, `SEARCH text=from:alice\\sbefore:${time(2)}`), "m0 m1");
  assertEquals(await texts(alice, `SEARCH text=from:alice\\sbefore:${time(2)};before=${time(1)}`), "m0");
  assertEquals(await texts(alice, `SEARCH text=from:alice\\safter:${time(1)};before=${time(2)}`), "m1");
  await alice.expect("SEARCH text=has:x", "FAIL SEARCH INVALID_PARAMS has :Only links can be found so: has:link");
  await alice.expect("SEARCH text=x\\sin:#none", "FAIL SEARCH INVALID_PARAMS in :You are not in that room");
  await alice.expect(
    "SEARCH text=from:",
    "FAIL SEARCH INVALID_PARAMS from :Name a user behind from:, as in from:alice",
  );
});

test("SEARCH: replies with FAIL when the request is not valid", async (fixture) => {
  const alice = await reader(fixture, 1);
  await alice.expect("SEARCH", "461 alice SEARCH :Not enough parameters");
  const nothing =
    "FAIL SEARCH INVALID_PARAMS text :Nothing to search for: use words, from:NAME or has:link (punctuation and emoji are not indexed)";
  for (const given of ["in=#tea", "text=", "text=?!", "nonsense"]) await alice.expect(`SEARCH ${given}`, nothing);
  const where = "FAIL SEARCH INVALID_PARAMS in :You are not in that channel";
  for (const given of ["#nowhere", "bob", ""]) await alice.expect(`SEARCH text=x;in=${given}`, where);
  await alice.expect("SEARCH text=x;limit=0", "FAIL SEARCH INVALID_PARAMS limit :Invalid limit");
  await alice.expect("SEARCH text=x;before=now", "FAIL SEARCH INVALID_PARAMS before :Invalid timestamp");
});

const isSaid = (line: string) => / PRIVMSG /.test(line);

test("JOIN: replays the latest messages in a chathistory batch when the client has batch", async (fixture) => {
  await reader(fixture, 25);
  const [timed, untimed] = [
    await fixture.irc("bob", "server-time", "batch", "message-tags"),
    await fixture.irc("carol", "batch"),
  ];
  for (const client of [timed, untimed]) await client.says("JOIN #tea");
  const lines = timed.gets().map((line) => line.replace(/msgid=\w+/, "msgid=ID"));
  assertEquals(lines.filter(isSaid).length, 20);
  assertEquals(
    lines.find(isSaid),
    `@batch=b0;msgid=ID;time=2026-01-02T03:09:05.000Z :alice!~alice@host PRIVMSG #tea :m5`,
  );
  assertEquals(lines.filter((line) => line.includes(" BATCH ")), [
    ":irc.test BATCH +b0 chathistory #tea",
    ":irc.test BATCH -b0",
  ]);
  const clock = new Date(THEN * 1000 + 5 * 60_000).toTimeString().slice(0, 5);
  const told = untimed.gets().filter(isSaid);
  assertEquals([told.length, told[0]], [20, `@batch=b0 :alice!~alice@host PRIVMSG #tea :[${clock}] m5`]);
});

test("JOIN: replays nothing when the client has no batch, is a bot, or has draft/chathistory", async (fixture) => {
  const sets: Record<string, string[]> = {
    plain: [],
    timed: ["server-time", "message-tags"],
    tagged: ["message-tags", "echo-message", "account-tag"],
    bot: ["batch", "server-time"],
    knowing: ALL,
  };
  await reader(fixture, 3);
  for (const [nick, capabilities] of Object.entries(sets)) {
    const client = await fixture.irc(nick, ...capabilities);
    if (nick === "bot") await client.says("MODE bot +B");
    for (const again of ["JOIN #tea", "PART #tea", "JOIN #tea"]) await client.says(again);
    assertEquals(client.gets().filter((line) => isSaid(line) || line.includes(" BATCH ")), [], nick);
  }
});

test("JOIN: replays messages again when the client is no longer a bot", async (fixture) => {
  await reader(fixture, 3);
  const bob = await fixture.irc("bob", "batch", "server-time");
  await bob.says("MODE bob +B", "JOIN #tea", "PART #tea");
  assertEquals(bob.gets().filter(isSaid).length, 0);
  await bob.says("MODE bob -B", "JOIN #tea");
  assertEquals(bob.gets().filter(isSaid).length, 3);
});

test("JOIN: tells a client without batch once how to read the history, when there is any", async (fixture) => {
  await reader(fixture, 3);
  const bob = await fixture.irc("bob");
  const hints = async (channel: string) => {
    return (await bob.asks(`JOIN ${channel}`)).filter((line) => line.startsWith("NOTICE"));
  };
  assertEquals(await hints("#empty"), []);
  assertEquals(await hints("#tea"), [
    "NOTICE bob :To read earlier messages of #tea: /quote CHATHISTORY LATEST #tea * 20",
  ]);
  await bob.says("PART #tea");
  assertEquals(await hints("#tea"), []);
  const clock = (number: number) => new Date(THEN * 1000 + number * 60_000).toTimeString().slice(0, 5);
  await bob.expect(
    "CHATHISTORY LATEST #tea * 2",
    `:alice!~alice@host NOTICE #tea :[${clock(1)}] m1`,
    `:alice!~alice@host NOTICE #tea :[${clock(2)}] m2`,
  );
});

test("JOIN: a replay in a labeled response is a batch in a batch", async (fixture) => {
  await reader(fixture, 1);
  const bob = await fixture.irc("bob", "server-time", "batch", "labeled-response");
  await bob.says("@label=x JOIN #tea");
  const lines = bob.gets();
  const outer = /^@label=x :irc\.test BATCH \+(\S+) labeled-response$/.exec(lines[0]!)![1];
  const inner = /^@batch=(\S+) :irc\.test BATCH \+(\S+) chathistory #tea$/.exec(lines.at(-4)!)!;
  assertEquals(inner[1], outer);
  assert(lines.at(-3)!.startsWith(`@batch=${inner[2]};time=`), lines.at(-3));
  assertEquals(lines.slice(-2), [`@batch=${outer} :irc.test BATCH -${inner[2]}`, `:irc.test BATCH -${outer}`]);
});

test("SEARCH: replies with the latest 50 messages when no limit is given", async (fixture) => {
  const alice = await fixture.irc("alice", ...ALL);
  await fixture.join("#tea", alice);
  for (let i = 0; i < 51; i++) await alice.says(`PRIVMSG #tea :word m${i}`);
  fixture.quiet();
  const lines = (await alice.asks("SEARCH text=word")).slice(1, -1);
  assertEquals([lines.length, lines[0]!.slice(-2)], [50, "m1"]);
});

testAccounts("CHATHISTORY: TARGETS lists private conversations by the other user's nickname", async (fixture) => {
  const [alice, bob] = [await fixture.irc("alice", ...ALL), await fixture.irc("Bob", ...ALL)];
  const partners = async (client: Client) => {
    const lines = await client.asks(`CHATHISTORY TARGETS ${minute(-1)} ${minute(9)} 9`);
    return lines.slice(1, -1).map((line) => line.split(" ")[3]);
  };
  await alice.says("NS REGISTER long-enough");
  await bob.says("NS REGISTER long-enough");
  await alice.says("PRIVMSG bob :1");
  assertEquals([await partners(alice), await partners(bob)], [["Bob"], ["alice"]], "after a message to Bob");
  await bob.says("PRIVMSG ALICE :2");
  assertEquals([await partners(alice), await partners(bob)], [["Bob"], ["alice"]], "after a message to alice");
  await alice.says("PRIVMSG bob :3", "NICK ALICE");
  assertEquals(await partners(alice), ["Bob"], "the client sent the latest message with its nickname in another case");
  await alice.says("NICK al", "PRIVMSG bob :4", "NICK alice");
  assertEquals(await partners(alice), ["Bob"], "the client had another nickname when it sent the latest message");
  await fixture.irc("carol", ...ALL);
  assertEquals(await partners(fixture.clients.at(-1)!), []);
}, { keepPrivate: "all" });
