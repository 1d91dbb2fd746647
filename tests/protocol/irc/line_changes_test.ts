/** Replies, reactions and deleting of messages, as IRC clients with and without the capabilities see them. */
import { assert, assertEquals } from "@std/assert";
import { LocalChat } from "../../../src/chat/local_chat.ts";
import { REACTIONS_MAX, REACTIONS_PER_MEMBER } from "../../../src/chat/store.ts";
import { MemoryHistory } from "../../../src/history/memory.ts";
import { SLICE, TimeSlicer } from "../../../src/protocol/time_slicer.ts";
import { LastingHistory } from "../../chat/helpers.ts";
import { type Client, clock, type ProtocolFixture, test, testAccounts, TIME } from "./harness.ts";

const ALL = [
  "batch",
  "draft/chathistory",
  "draft/event-playback",
  "draft/message-redaction",
  "draft/multiline",
  "echo-message",
  "labeled-response",
  "message-tags",
  "server-time",
  "standard-replies",
];
const PASSWORD = "open sesame";

/** Alice and bob with all capabilities, and carol with none, in #tea. */
async function three(fixture: ProtocolFixture): Promise<[Client, Client, Client]> {
  const [alice, bob] = [await fixture.irc("alice", ...ALL), await fixture.irc("bob", ...ALL)];
  const carol = await fixture.irc("carol");
  await fixture.join("#tea", alice, bob, carol);
  return [alice, bob, carol];
}

/** Says something, and returns the id of the message. */
async function say(client: Client, text: string, target = "#tea"): Promise<string> {
  client.gets();
  await client.says(`PRIVMSG ${target} :${text}`);
  return /msgid=(\w+)/.exec(client.gets().join("\n"))![1]!;
}

/** What a client gets, without times and the ids of events. */
function received(client: Client): string[] {
  return client.gets().map((line) => line.replace(/msgid=\w+/, "msgid=ID").replace(/time=[^; ]+/, "time=T"));
}

/** Asks for the history of a target, and returns the lines of the batch. */
async function history(client: Client, target = "#tea"): Promise<string[]> {
  client.gets();
  await client.says(`CHATHISTORY LATEST ${target} * 50`);
  return client.gets().slice(1, -1).map((line) => line.replace(/^@batch=b\d+;?/, "@").replace(/^@ /, ""));
}

test("reactions and deletions: those of many clients of one address do not delay a client of another one", async (fixture) => {
  let now = 0;
  Object.assign(fixture.options, { slicer: new TimeSlicer(() => now += SLICE) }); // each step takes a slice
  const bob = await fixture.irc("bob", ...ALL);
  const others: Client[] = [];
  for (let n = 0; n < 5; n++) others.push(await fixture.irc(`other${n}`, "message-tags"));
  const carol = fixture.connect("198.51.100.7");
  await carol.says("NICK carol", "USER carol 0 * :Carol");
  await fixture.join("#tea", bob, carol, ...others);
  const ids: string[] = [];
  for (const other of others) {
    await other.says("PRIVMSG #tea :Lunch?");
    ids.push(/msgid=(\w+)/.exec(bob.gets().join("\n"))![1]!);
  }
  const lines = {
    TAGMSG: (n: number) => `@+draft/react=x;+reply=${ids[n]} TAGMSG #tea`,
    REDACT: (n: number) => `REDACT #tea ${ids[n]}`,
  };
  for (const [command, lineOf] of Object.entries(lines)) {
    fixture.quiet();
    const changing = others.map((other, n) => other.says(lineOf(n)));
    await carol.connection.feed(["NAMES #tea"]);
    const done = bob.gets().length;
    assert(done < others.length, `${command}: ${done} before the reply`);
    await Promise.all(changing);
    assertEquals(bob.gets().length, others.length - done, command);
  }
});

test("reply: both names of the tag are understood, and rendered", async (fixture) => {
  const [alice, bob, carol] = await three(fixture);
  const id = await say(alice, "Lunch?");
  fixture.quiet();
  for (const tag of ["+reply", "+draft/reply"]) {
    await bob.says(`@${tag}=${id};+x=y PRIVMSG #tea :yes`);
    assertEquals(received(alice), [
      `@msgid=ID;time=T;+draft/reply=${id};+reply=${id};+x=y :bob!~bob@host PRIVMSG #tea :yes`,
    ]);
    assertEquals(received(carol), [":bob!~bob@host PRIVMSG #tea :yes"]);
  }
  const replies = (await history(alice)).filter((line) => line.includes(`;+draft/reply=${id};+reply=${id};+x=y `));
  assertEquals(replies.length, 2);
});

test("reply: a message of several lines can be one", async (fixture) => {
  const [alice, bob] = await three(fixture);
  const id = await say(alice, "Lunch?");
  fixture.quiet();
  await bob.says(`@+reply=${id} BATCH +x draft/multiline #tea`, "@batch=x PRIVMSG #tea :a", "@batch=x PRIVMSG #tea :b");
  await bob.says("BATCH -x");
  const [opening, ...lines] = received(alice);
  assert(opening!.startsWith(`@msgid=ID;time=T;+draft/reply=${id};+reply=${id} :bob!~bob@host BATCH +`), opening);
  assert(lines.every((line) => !line.includes("reply")));
});

test("reply: a message is said without it, with a warning, if there is no such line", async (fixture) => {
  const [alice, bob, carol] = await three(fixture);
  await fixture.join("#other", alice, bob);
  const elsewhere = await say(alice, "elsewhere", "#other");
  fixture.quiet();
  const warning = (target: string, id: string) =>
    `:irc.test WARN PRIVMSG UNKNOWN_MSGID ${target} ${id} :There is no such message any more: yours was sent without the reply`;
  for (const id of ["0", "zzzzzz", elsewhere, "no\\sid"]) {
    await bob.says(`@+reply=${id} PRIVMSG #tea :yes`);
    assertEquals(received(bob), [
      warning("#tea", id === "no\\sid" ? "*" : id),
      "@msgid=ID;time=T :bob!~bob@host PRIVMSG #tea :yes",
    ]);
    assertEquals(received(carol), [":bob!~bob@host PRIVMSG #tea :yes"]);
  }
  await bob.says(`@+reply=0 NOTICE #tea :yes`);
  assertEquals(received(bob), ["@msgid=ID;time=T :bob!~bob@host NOTICE #tea :yes"], "NOTICE gets no reply");
  const plain = await fixture.irc("dave", "message-tags");
  await plain.says("PRIVMSG #tea :x", "@+reply=0 PRIVMSG carol :psst");
  assertEquals(received(plain).filter((line) => line.includes("WARN")), []);
});

test("reply: the tag of a private message that is not stored is passed on", async (fixture) => {
  const [alice, bob] = await three(fixture);
  await alice.says("@+reply=abc;+x=y PRIVMSG bob :yes");
  assertEquals(received(bob), ["@msgid=ID;time=T;+draft/reply=abc;+x=y :alice!~alice@host PRIVMSG bob :yes"]);
  await alice.says("@+reply=abc;+draft/react=x TAGMSG bob");
  assertEquals(received(bob), ["@msgid=ID;time=T;+reply=abc;+draft/react=x :alice!~alice@host TAGMSG bob"]);
});

test("react: others are told by TAGMSG, and it is played back", async (fixture) => {
  const [alice, bob, carol] = await three(fixture);
  const id = await say(alice, "Lunch?");
  clock.now += 1000;
  fixture.quiet();
  await bob.says(`@label=l;+draft/react=👍;+reply=${id};+x=y TAGMSG #tea`);
  const tags = `+draft/react=👍;+draft/reply=${id};+reply=${id}`;
  assertEquals(received(bob), [`@label=l;msgid=ID;time=T;${tags} :bob!~bob@host TAGMSG #tea`]);
  assertEquals(received(alice), [`@msgid=ID;time=T;${tags} :bob!~bob@host TAGMSG #tea`]);
  assertEquals(received(carol), []);
  await bob.says(`@label=l;+draft/react=👍;+reply=${id} TAGMSG #tea`);
  assertEquals(received(bob), ["@label=l :irc.test ACK"], "a second time changes nothing");
  assertEquals(await history(alice), [
    `@msgid=${id};time=${TIME} :alice!~alice@host PRIVMSG #tea :Lunch?`,
    `@time=${TIME};${tags} :bob!~bob@host TAGMSG #tea`,
  ]);
  const asking = await fixture.irc("dave", "batch", "message-tags", "draft/chathistory", "server-time");
  await fixture.join("#tea", asking);
  assertEquals(await history(asking), [`@msgid=${id};time=${TIME} :alice!~alice@host PRIVMSG #tea :Lunch?`]);
  fixture.quiet();
  await bob.says(`@+draft/unreact=👍;+draft/reply=${id} TAGMSG #tea`);
  assertEquals(received(alice), [
    `@msgid=ID;time=T;+draft/unreact=👍;+draft/reply=${id};+reply=${id} :bob!~bob@host TAGMSG #tea`,
  ]);
  assertEquals((await history(alice)).length, 1);
});

test("react: the time of a played back reaction is at most that of the last message", async (fixture) => {
  const [alice, bob] = await three(fixture);
  const id = await say(alice, "one");
  clock.now += 1000;
  await bob.says(`@+draft/react=a;+reply=${id} TAGMSG #tea`);
  clock.now += 1000;
  await say(alice, "two");
  clock.now += 1000;
  await bob.says(`@+draft/react=b;+reply=${id} TAGMSG #tea`);
  const times = (await history(alice)).map((line) => Number(/time=\S+:0(\d)\.000Z/.exec(line)![1]));
  assertEquals(times, [5, 6, 7, 7]);
});

test("react: invalid reactions get FAIL", async (fixture) => {
  const [alice, bob] = await three(fixture);
  const id = await say(alice, "Lunch?");
  const deleted = await say(alice, "oops");
  await alice.says(`REDACT #tea ${deleted}`);
  fixture.quiet();
  const fails = async (tags: string, target: string, failure: string) => {
    await bob.says(`@${tags} TAGMSG ${target}`);
    const lines = received(bob);
    assertEquals(lines.length, 1, lines.join("\n"));
    assert(lines[0]!.startsWith(`:irc.test FAIL TAGMSG ${failure} :`), lines[0]);
    assertEquals(received(alice), []);
  };
  await fails("+draft/react=x;+reply=0", "#tea", "UNKNOWN_MSGID #tea 0");
  await fails("+draft/react=x;+reply=zzz", "#tea", "UNKNOWN_MSGID #tea zzz");
  await fails(`+draft/react=x;+reply=${deleted}`, "#tea", `UNKNOWN_MSGID #tea ${deleted}`);
  await fails("+draft/react=x", "#tea", "INVALID_REACTION");
  await fails(`+draft/react=x;+draft/unreact=x;+reply=${id}`, "#tea", "INVALID_REACTION");
  await fails(`+draft/react=two\\swords;+reply=${id}`, "#tea", `INVALID_REACTION #tea ${id}`);
  await fails(`+draft/react;+reply=${id}`, "#tea", `INVALID_REACTION #tea ${id}`);
  for (let n = 0; n < REACTIONS_PER_MEMBER; n++) await bob.says(`@+draft/react=${n};+reply=${id} TAGMSG #tea`);
  fixture.quiet();
  await fails(`+draft/react=x;+reply=${id}`, "#tea", `TOO_MANY_REACTIONS #tea ${id}`);
  await bob.says("PART #tea");
  fixture.quiet();
  await bob.expect(`@+draft/react=x;+reply=${id} TAGMSG #tea`, "404 bob #tea :Cannot send to channel");
});

test("react: a line has at most REACTIONS_MAX reactions, however many are sent", async (fixture) => {
  const [alice, bob] = await three(fixture);
  const id = await say(alice, "Lunch?");
  const many: Client[] = [bob];
  while (many.length * REACTIONS_PER_MEMBER <= REACTIONS_MAX) {
    const client = await fixture.irc(`member${many.length}`, "message-tags", "standard-replies");
    await client.says("JOIN #tea");
    many.push(client);
  }
  for (const client of many) {
    for (let n = 0; n < 50; n++) await client.says(`@+draft/react=${n};+reply=${id} TAGMSG #tea`);
  }
  assert(many.at(-1)!.gets().some((line) => line.includes(" FAIL TAGMSG TOO_MANY_REACTIONS ")));
  assertEquals((await history(alice)).length, 1 + REACTIONS_MAX);
});

test("react: a reaction to a message for a rank alone is passed on", async (fixture) => {
  const [alice] = await three(fixture);
  await alice.says("@+draft/react=x;+reply=abc TAGMSG @#tea");
  assertEquals(received(alice), ["@msgid=ID;time=T;+draft/react=x;+reply=abc :alice!~alice@host TAGMSG @#tea"]);
});

test("REDACT: clients with the capability are told, others are not, and the text is gone", async (fixture) => {
  const [alice, bob, carol] = await three(fixture);
  const id = await say(alice, "a secret");
  const kept = await say(alice, "kept");
  await bob.says(`@+draft/react=x;+reply=${id} TAGMSG #tea`);
  fixture.quiet();
  await alice.says(`@label=l REDACT #tea ${id} :not for you`);
  const line = `:alice!~alice@host REDACT #tea ${id} :not for you`;
  assertEquals(received(alice), [`@label=l;msgid=ID;time=T ${line}`]);
  assertEquals(received(bob), [`@msgid=ID;time=T ${line}`]);
  assertEquals(received(carol), []);
  assertEquals(await history(bob), [
    `@msgid=${id};time=${TIME} :alice!~alice@host PRIVMSG #tea :(deleted)`,
    `@time=${TIME} :alice!~alice@host REDACT #tea ${id}`,
    `@msgid=${kept};time=${TIME} :alice!~alice@host PRIVMSG #tea :kept`,
  ]);
  await bob.says(`@+reply=${id} PRIVMSG #tea :a reply to a deleted line`);
  assert(received(bob).at(-1)!.startsWith(`@msgid=ID;time=T;+draft/reply=${id};+reply=${id} `));
  const plain = await fixture.irc("dave", "batch", "draft/chathistory", "soju.im/search", "message-tags");
  await fixture.join("#tea", plain);
  assertEquals((await history(plain)).map((line) => line.replace(/^.* :/, "")), ["kept", "a reply to a deleted line"]);
  const found = await plain.asks("SEARCH text=secret", "SEARCH text=deleted");
  assertEquals(found.map((line) => line.replace(/^.* :/, "")).filter((line) => !line.includes("BATCH")), [
    "a reply to a deleted line",
  ]);
});

test("REDACT: a page of deleted messages alone is not empty for a client that cannot know of them", async (fixture) => {
  const [alice] = await three(fixture);
  const ids = [await say(alice, "one"), await say(alice, "two")];
  for (const id of ids) await alice.says(`REDACT #tea ${id}`);
  const plain = await fixture.irc("dave", "batch", "draft/chathistory", "message-tags");
  await fixture.join("#tea", plain);
  assertEquals(await history(plain), ids.map((id) => `@msgid=${id} :alice!~alice@host PRIVMSG #tea :(deleted)`));
});

test("REDACT: errors have the codes of the specification", async (fixture) => {
  const [alice, bob] = await three(fixture);
  await fixture.irc("eve");
  const id = await say(bob, "hi");
  fixture.quiet();
  const fails = async (client: Client, params: string, failure: string) => {
    await client.says(`REDACT ${params}`);
    const lines = received(client);
    assertEquals(lines.length, 1, lines.join("\n"));
    assert(lines[0]!.startsWith(`:irc.test FAIL REDACT ${failure} :`), lines[0]);
  };
  await fails(bob, "#none abc", "INVALID_TARGET #none");
  await fails(bob, "1! abc", "INVALID_TARGET 1!");
  await fails(bob, "#tea,#b abc", "INVALID_TARGET #tea,#b");
  await fails(bob, "#tea abc", "UNKNOWN_MSGID #tea abc");
  await fails(bob, "#tea !", "UNKNOWN_MSGID #tea !");
  await fails(bob, "eve abc", "UNKNOWN_MSGID eve abc");
  const own = await say(alice, "mine");
  fixture.quiet();
  await fails(bob, `#tea ${own}`, `REDACT_FORBIDDEN #tea ${own}`);
  await fails(bob, `#tea ${id} :${"x".repeat(201)}`, "REASON_TOO_LONG");
  clock.now += 24 * 60 * 60_000 + 1;
  await fails(bob, `#tea ${id}`, `REDACT_WINDOW_EXPIRED #tea ${id} 86400`);
  await alice.says(`REDACT #tea ${id}`);
  assert(received(alice)[0]!.endsWith(`:alice!~alice@host REDACT #tea ${id}`), "an operator may");
  await fails(alice, `#tea ${id}`, `UNKNOWN_MSGID #tea ${id}`);
  const eve = fixture.clients.find(({ member }) => member.nick === "eve")!;
  await fails(eve, `#tea ${own}`, "INVALID_TARGET #tea");
});

test("REDACT: --redact-time off leaves it to operators", async (fixture) => {
  const [, bob] = await three(fixture);
  const id = await say(bob, "hi");
  clock.now += 1;
  fixture.quiet();
  await bob.says(`REDACT #tea ${id}`);
  assert(received(bob)[0]!.startsWith(`:irc.test FAIL REDACT REDACT_WINDOW_EXPIRED #tea ${id} 0 :`));
}, () => ({ chat: new LocalChat({ history: new MemoryHistory(), redactTime: 0 }) }));

test("reactions and deletions are told when they are committed", async (fixture) => {
  const [alice, bob] = await three(fixture);
  const id = await say(alice, "Lunch?");
  fixture.quiet();
  await bob.says(`@+draft/react=x;+reply=${id} TAGMSG #tea`);
  await alice.says(`REDACT #tea ${id}`);
  assertEquals(received(bob).map((line) => line.split(" ")[2]), ["TAGMSG", "REDACT"]);
}, () => ({ chat: new LocalChat({ history: new LastingHistory() }) }));

testAccounts(
  "private messages: replies, reactions and deletions reach both sides and all their sessions",
  async (fixture) => {
    const clients: Client[] = [];
    for (const nick of ["alice", "bob"]) {
      const client = await fixture.irc(nick, ...ALL);
      await client.says(`NS REGISTER ${PASSWORD}`);
      clients.push(client);
    }
    const [alice, bob] = clients as [Client, Client];
    const phone = await fixture.irc("phone", ...ALL);
    await phone.says(`NS IDENTIFY bob ${PASSWORD}`);
    const id = await say(alice, "psst", "bob");
    fixture.quiet();
    await bob.says(`@label=l;+draft/react=x;+reply=${id} TAGMSG alice`);
    const reaction = `+draft/react=x;+draft/reply=${id};+reply=${id} :bob!~bob@host TAGMSG alice`;
    assertEquals(received(bob), [`@label=l;msgid=ID;time=T;${reaction}`]);
    assertEquals(received(phone), [`@msgid=ID;time=T;${reaction}`]);
    assertEquals(received(alice), [`@msgid=ID;time=T;${reaction}`]);
    for (const [client, other] of [[alice, "bob"], [bob, "alice"]] as const) {
      assertEquals(await history(client, other), [
        `@msgid=${id};time=${TIME} :alice!~alice@host PRIVMSG bob :psst`,
        `@time=${TIME};${reaction}`,
      ]);
    }
    await bob.says(`@+reply=${id} PRIVMSG alice :what?`);
    assert(
      received(alice)[0]!.startsWith(`@msgid=ID;time=T;+draft/reply=${id};+reply=${id} :bob!~bob@host PRIVMSG alice `),
    );
    fixture.quiet();
    await bob.says(`REDACT alice ${id}`);
    assert(received(bob)[0]!.startsWith(`:irc.test FAIL REDACT REDACT_FORBIDDEN alice ${id} :`));
    await alice.says(`@label=l REDACT bob ${id}`);
    assertEquals(received(alice), [`@label=l;msgid=ID;time=T :alice!~alice@host REDACT bob ${id}`]);
    assertEquals(received(bob), [`@msgid=ID;time=T :alice!~alice@host REDACT bob ${id}`]);
    assertEquals(received(phone), [`@msgid=ID;time=T :alice!~alice@host REDACT bob ${id}`]);
    assertEquals((await history(bob, "alice")).slice(0, 2), [
      `@msgid=${id};time=${TIME} :alice!~alice@host PRIVMSG bob :(deleted)`,
      `@time=${TIME} :alice!~alice@host REDACT bob ${id}`,
    ]);
  },
);

testAccounts("mentions: lines name the accounts that they mention, and SEARCH lists them", async (fixture) => {
  const bob = await fixture.irc("bob");
  await bob.says(`NS REGISTER ${PASSWORD}`, "NICK robert");
  const alice = await fixture.irc("alice");
  const page = await fixture.irc("page", ...ALL, "tincan.chat/mentions", "soju.im/search");
  await page.says(`NS IDENTIFY bob ${PASSWORD}`);
  const plain = await fixture.irc("plain", ...ALL);
  await fixture.join("#tea", alice, bob, plain);
  await fixture.join("#den", alice, bob);
  page.gets();
  const texts = ["hi robert", "nobody", "bob again"];
  for (const text of texts) {
    clock.now += 1000;
    await alice.says(`PRIVMSG #tea :${text}`);
  }
  await alice.says("PRIVMSG #den :robert, too");
  const lines = received(page).map((line) => line.replace(/^@msgid=ID;time=T/, "").replace(" :alice!~alice@host", ""));
  assertEquals(lines, [
    ";tincan.chat/mentions=bob PRIVMSG #tea :hi robert",
    " PRIVMSG #tea :nobody",
    ";tincan.chat/mentions=bob PRIVMSG #tea :bob again",
    ";tincan.chat/mentions=bob PRIVMSG #den :robert, too",
  ]);
  assert(!plain.gets().join("\n").includes("mentions"));
  assertEquals((await history(page)).filter((line) => line.includes(";tincan.chat/mentions=bob ")).length, 2);
  const found = async (query: string) => {
    const answer = await page.asks(`SEARCH tincan.chat/mentions${query}`);
    assert(/^BATCH \+b\d+ soju.im\/search$/.test(answer[0]!), answer.join("\n"));
    return answer.slice(1, -1).map((line) => line.replace(/^.* :/, ""));
  };
  assertEquals(await found(""), ["hi robert", "bob again", "robert, too"]);
  assertEquals(await found(";limit=2"), ["bob again", "robert, too"]);
  assertEquals(await found(";before=2026-01-02T03:04:08.000Z"), ["hi robert"]);
  await bob.says("PART #den");
  assertEquals(await found(""), ["hi robert", "bob again"]);
  await page.expect("SEARCH tincan.chat/mentions;limit=x", "FAIL SEARCH INVALID_PARAMS limit :Invalid limit");
  await page.expect(
    "SEARCH tincan.chat/mentions;before=x",
    "FAIL SEARCH INVALID_PARAMS before :Invalid timestamp",
  );
  assertEquals(await alice.asks("SEARCH tincan.chat/mentions"), [], "a guest has none");
}, { stored: true });

test("typing: --typing off drops it, and says so in ISUPPORT", async (fixture) => {
  const [alice, bob] = await three(fixture);
  assert((await alice.asks("VERSION")).some((line) => line.includes(" CLIENTTAGDENY=typing,draft/typing ")));
  await alice.says(
    "@+typing=active TAGMSG #tea",
    "@+draft/typing=active TAGMSG #tea",
    "@+typing=active;+x TAGMSG #tea",
  );
  assertEquals(received(bob), ["@msgid=ID;time=T;+x :alice!~alice@host TAGMSG #tea"]);
}, () => ({ typing: false }));

test("typing: it is passed on, and ISUPPORT denies no tag, by default", async (fixture) => {
  const [alice, bob] = await three(fixture);
  assert(!(await alice.asks("VERSION")).some((line) => line.includes("CLIENTTAGDENY")));
  await alice.says("@+typing=active TAGMSG #tea");
  assertEquals(received(bob), ["@msgid=ID;time=T;+typing=active :alice!~alice@host TAGMSG #tea"]);
});

test("CHATHISTORY: a bot gets earlier messages in batches alone", async (fixture) => {
  const [alice] = await three(fixture);
  await say(alice, "hi");
  const bot = await fixture.irc("bot", "standard-replies");
  await fixture.join("#tea", bot);
  await bot.says("MODE bot +B");
  const text = "Bots get earlier messages in batches alone: enable the capability batch";
  await bot.expect("CHATHISTORY LATEST #tea * 5", `FAIL CHATHISTORY MESSAGE_ERROR LATEST :${text}`);
  await bot.expect("SEARCH text=hi", `FAIL SEARCH MESSAGE_ERROR :${text}`);
  await bot.says("CAP REQ batch");
  const lines = await bot.asks("CHATHISTORY LATEST #tea * 5");
  assertEquals(lines.length, 3);
});
