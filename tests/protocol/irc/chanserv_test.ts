/** Channels of accounts on IRC: prefixes, MODE +q, ChanServ, BAN and UNBAN, RENAME and its fallback. */
import { assertEquals } from "@std/assert";
import type { Client } from "./harness.ts";
import { type ProtocolFixture, testAccounts } from "./harness.ts";

/** Registers the account of each nickname, and connects its user, logged in. */
async function users(
  fixture: ProtocolFixture,
  ...nicks: (string | [nick: string, ...capabilities: string[]])[]
): Promise<Client[]> {
  const clients: Client[] = [];
  for (const each of nicks) {
    const [nick, ...capabilities] = typeof each === "string" ? [each] : each;
    const client = await fixture.irc(nick, ...capabilities);
    await client.says("NICKSERV REGISTER longenough");
    clients.push(client);
  }
  fixture.quiet();
  return clients;
}

const NOTICE = (nick: string, text: string) => `:ChanServ!services@irc.test NOTICE ${nick} :${text}`;

testAccounts("channels: the creator with an account is owner, and is again when it rejoins", async (fixture) => {
  const [alice] = await users(fixture, "alice") as [Client];
  const bob = await fixture.irc("bob", "multi-prefix");
  assertEquals(await alice.asks("JOIN #tea"), [
    ":alice!~alice@host JOIN #tea",
    "MODE #tea +q alice",
    "353 alice = #tea :~alice",
    "366 alice #tea :End of /NAMES list",
  ]);
  await bob.says("JOIN #tea");
  await alice.says("MODE #tea +o alice");
  fixture.quiet();
  assertEquals((await bob.asks("NAMES #tea")).at(0), "353 bob = #tea :~@alice bob");
  assertEquals((await alice.asks("NAMES #tea")).at(0), "353 alice = #tea :~alice bob");
  assertEquals((await bob.asks("WHO #tea")).at(0), "352 bob #tea ~alice host irc.test alice H~@ :0 Real alice");
  assertEquals((await bob.asks("WHOIS alice")).at(1), "319 bob alice :~@#tea");
  await bob.says("PRIVMSG ~#tea :owners only", "PRIVMSG ~@#tea :and operators");
  assertEquals(alice.hears(), [
    ":bob!~bob@host PRIVMSG ~#tea :owners only",
    ":bob!~bob@host PRIVMSG @#tea :and operators",
  ]);
  await alice.says("PART #tea", "JOIN #tea");
  assertEquals(bob.hears().slice(1), [":alice!~alice@host JOIN #tea", "MODE #tea +q alice"]);
});

testAccounts("MODE q: only owners give it, and an operator cannot take it", async (fixture) => {
  const [alice, bob] = await users(fixture, "alice", "bob") as [Client, Client];
  const carol = await fixture.irc("carol");
  await fixture.join("#tea", alice, bob, carol);
  await alice.expect("MODE #tea +o bob", ":alice!~alice@host MODE #tea +o bob");
  for (const mode of ["+q bob", "-q alice", "-o alice"]) {
    await bob.expect(`MODE #tea ${mode}`, "482 bob #tea :You're not channel owner");
  }
  await bob.expect("KICK #tea alice", "482 bob #tea :You're not channel owner");
  const standard = "NOTICE alice :MODE: The user is not registered or not logged in";
  await alice.expect("MODE #tea +q carol", standard);
  await alice.expect("MODE #tea +q-q bob alice", ":alice!~alice@host MODE #tea +q-q bob alice");
});

testAccounts("ChanServ: a list is cut off at the limit on a response", async (fixture) => {
  Object.assign(fixture.options, { answerMax: 300 });
  const [alice] = await users(fixture, "alice", "bob", "carol", "dave", "eve") as [Client];
  await fixture.join("#tea", alice);
  for (const name of ["bob", "carol", "dave", "eve"]) await alice.says(`CS MEMBER #tea ADD ${name}`);
  const lines = await alice.asks("CS MEMBERS #tea");
  assertEquals(lines.slice(3), ["416 alice CHANSERV :Output too long, the rest was left out"]);
});

testAccounts("ChanServ: owners transfer, list, add and remove members, and delete the channel", async (fixture) => {
  const [alice, bob] = await users(fixture, "alice", "bob") as [Client, Client];
  const carol = await fixture.irc("carol");
  await fixture.join("#tea", alice, carol);
  await alice.expect("CS MEMBER #tea ADD bob", NOTICE("alice", "bob is a member of #tea, and can always enter."));
  const since = / since \S+ \S+$/;
  assertEquals((await alice.asks("PRIVMSG ChanServ :members #tea")).map((line) => line.replace(since, "")), [
    NOTICE("alice", "~alice, an owner"),
    NOTICE("alice", "bob, a member"),
  ]);
  assertEquals((await bob.asks("CHANSERV MEMBERS #tea")).length, 2, "who has a role there");
  await alice.says("MODE #tea +s");
  assertEquals((await bob.asks("CHANSERV MEMBERS #tea")).length, 2, "who has a role there may know that it exists");
  await alice.asks("MODE #tea -s");
  await alice.expect("CS MEMBER #tea REMOVE bob", NOTICE("alice", "bob has no role in #tea any more."));
  await bob.expect("CHANSERV MEMBERS #tea", "442 bob #tea :You're not on that channel");
  await alice.expect(
    "CS TRANSFER #tea",
    NOTICE("alice", "Write TRANSFER #channel NAME - give the channel to another registered user."),
  );
  await alice.expect(
    "CS TRANSFER #tea bob",
    ":alice!~alice@host MODE #tea -q+o alice alice",
    NOTICE("alice", "bob owns #tea now."),
  );
  fixture.quiet();
  const ask = "This deletes #tea and its history for good. To do it, repeat within a minute: /msg ChanServ DROP #tea";
  await alice.expect("CS DROP #tea", "482 alice #tea :You're not channel owner");
  await bob.expect("CS DROP #tea", NOTICE("bob", ask));
  await bob.expect("CS DROP #tea", NOTICE("bob", "#tea and its history are deleted."));
  assertEquals(carol.hears(), [":bob!~bob@host KICK #tea carol :The room was deleted"]);
});

testAccounts(
  "ChanServ: OWNER is for server operators, HELP lists the requests, and the name is reserved",
  async (fixture) => {
    const [alice] = await users(fixture, "alice") as [Client];
    const carol = await fixture.irc("carol");
    await carol.says("JOIN #den", "MODE #den +s");
    fixture.quiet();
    await alice.expect("CS OWNER #den alice", "481 alice :Permission Denied- You're not an IRC operator");
    await alice.expect("CS MEMBERS #den", "403 alice #den :No such channel");
    fixture.chat.setFlag(alice.member, "operator", true);
    await alice.expect("CS OWNER #den alice", NOTICE("alice", "alice is an owner of #den now."));
    assertEquals(fixture.audits, ["appointed owner alice #den alice"]);
    assertEquals((await alice.asks("CS NONE")).length, 11);
    assertEquals((await alice.asks("CS"))[0], NOTICE("alice", "Requests:"));
    await carol.expect("NICK chanserv", "433 carol chanserv :Nickname is already in use");
  },
);

testAccounts(
  "BAN: bans the account or the host and removes the user, and UNBAN undoes it by the nickname",
  async (fixture) => {
    const [alice, bob] = await users(fixture, "alice", "bob") as [Client, Client];
    await fixture.join("#tea", alice, bob);
    await alice.expect(
      "BAN #tea bob",
      ":alice!~alice@host MODE #tea +b ~a:bob",
      ":alice!~alice@host KICK #tea bob :Banned",
    );
    bob.hears();
    await bob.says("NICK bobby");
    bob.hears();
    await bob.expect("JOIN #tea", "474 bobby #tea :Cannot join channel (+b)");
    await bob.leave();
    fixture.quiet();
    await alice.says("MODE #tea +b *!*@spam");
    fixture.quiet();
    const since = / since \d{4}-\d\d-\d\d \d\d:\d\d$/;
    assertEquals((await alice.asks("CS BANS #tea")).map((line) => line.replace(since, "")), [
      NOTICE("alice", "bob (~a:bob), by alice"),
      NOTICE("alice", "*!*@spam, by alice"),
    ]);
    await alice.expect("UNBAN #tea *!*@spam", ":alice!~alice@host MODE #tea -b *!*@spam");
    await alice.expect("UNBAN #tea bob", ":alice!~alice@host MODE #tea -b ~a:bob");
    await alice.expect("CS BANS #tea", NOTICE("alice", "#tea has no bans."));
    await alice.expect("UNBAN #tea bob", "NOTICE alice :UNBAN: No such ban. MODE #channel b lists the bans");
  },
);

testAccounts("NICK: a banned member keeps its nickname in the channel", async (fixture) => {
  const [alice] = await users(fixture, "alice") as [Client];
  const carol = await fixture.irc("carol");
  await fixture.join("#tea", alice, carol);
  await alice.says("MODE #tea +b carol");
  await carol.asks("PING x");
  await carol.expect("NICK carla", "435 carol carla #tea :Cannot change nickname while banned from the channel");
});

testAccounts("RENAME: clients with draft/channel-rename are told, and others leave and join", async (fixture) => {
  const [alice, bob] = await users(fixture, ["alice", "draft/channel-rename"], "bob") as [Client, Client];
  await fixture.join("#tea", alice, bob);
  await alice.says("TOPIC #tea :green");
  fixture.quiet();
  await alice.expect("RENAME #tea #Coffee :no more tea", ":alice!~alice@host RENAME #tea #Coffee :no more tea");
  assertEquals(bob.hears(), [
    ":bob!~bob@host PART #tea :no more tea",
    ":bob!~bob@host JOIN #Coffee",
    "332 bob #Coffee :green",
    "333 bob #Coffee alice!~alice@host 1767323045",
    "353 bob = #Coffee :~alice bob",
    "366 bob #Coffee :End of /NAMES list",
  ]);
  await alice.expect("RENAME #coffee #COFFEE", ":alice!~alice@host RENAME #Coffee #COFFEE :");
  assertEquals(bob.hears(), [], "only the case is another one");
  await bob.says("PRIVMSG #coffee :hi");
  assertEquals(alice.hears(), [":bob!~bob@host PRIVMSG #COFFEE :hi"]);
  await bob.expect("RENAME #coffee #mine", "482 bob #COFFEE :You're not channel owner");
  await bob.says("JOIN #taken");
  fixture.quiet();
  await alice.says("CAP REQ standard-replies");
  fixture.quiet();
  await alice.expect(
    "RENAME #coffee #taken",
    "FAIL RENAME CHANNEL_NAME_IN_USE #COFFEE #taken :There is a channel of that name",
  );
  await alice.expect("RENAME #coffee tea", "FAIL RENAME CANNOT_RENAME #COFFEE tea :Not a valid channel name");
  await alice.expect("RENAME #none #tea", "403 alice #none :No such channel");
});

testAccounts("RENAME: a client that has left before its turn gets no names", async (fixture) => {
  const { slicer } = fixture.options;
  const [alice] = await users(fixture, ["alice", "draft/channel-rename"]) as [Client];
  const bob = await fixture.irc("bob");
  await fixture.join("#tea", alice, bob);
  const { handlers } = bob.session;
  const { roomRenamed } = handlers;
  const waiting: (() => unknown)[] = [];
  handlers.roomRenamed = (...args) => {
    Object.assign(slicer, { run: (work: () => unknown) => void waiting.push(work) });
    roomRenamed?.(...args);
    Reflect.deleteProperty(slicer, "run");
  };
  await alice.says("RENAME #tea #coffee");
  await bob.says("PART #coffee");
  assertEquals(waiting.length, 1);
  waiting[0]!();
  assertEquals(bob.hears(), [
    ":bob!~bob@host PART #tea",
    ":bob!~bob@host JOIN #coffee",
    ":bob!~bob@host PART #coffee",
  ]);
});

testAccounts("RENAME: the fallback is part of the labeled response of the client that renames", async (fixture) => {
  const [alice] = await users(fixture, ["alice", "labeled-response", "batch"]) as [Client];
  await fixture.join("#tea", alice);
  assertEquals(await alice.asks("@label=1 RENAME #tea #coffee"), [
    "@label=1 BATCH +b0 labeled-response",
    "@batch=b0 :alice!~alice@host PART #tea",
    "@batch=b0 :alice!~alice@host JOIN #coffee",
    "@batch=b0 353 alice = #coffee :~alice",
    "@batch=b0 366 alice #coffee :End of /NAMES list",
    "BATCH -b0",
  ]);
});

testAccounts(
  "MODE b: an account is banned by ~a:, and a guest is told that a channel needs an account",
  async (fixture) => {
    const [alice, bob] = await users(fixture, "alice", "bob") as [Client, Client];
    const carol = await fixture.irc("carol");
    await fixture.join("#tea", alice, bob);
    await alice.expect("MODE #tea +b ~a:BOB", ":alice!~alice@host MODE #tea +b ~a:BOB");
    bob.hears();
    await bob.expect("PRIVMSG #tea :hi", "404 bob #tea :Cannot send to channel");
    await alice.expect("MODE #tea +R", ":alice!~alice@host MODE #tea +R");
    await carol.expect("JOIN #tea", "477 carol #tea :You need to be logged in to an account for this channel");
  },
);

testAccounts("drop: an account that is deleted leaves its channels to the next operator", async (fixture) => {
  const [alice, bob] = await users(fixture, "alice", "bob") as [Client, Client];
  await fixture.join("#tea", alice, bob);
  await alice.says("MODE #tea +o bob");
  fixture.quiet();
  await alice.says("NICKSERV DROP longenough");
  const told = bob.hears();
  assertEquals(told[0], "MODE #tea -qo+q alice bob bob");
  await alice.says("NICK alice", "NICKSERV REGISTER longenough");
  const { roles } = fixture.chat.findRoom("#tea");
  assertEquals([...roles].map(({ account, role }) => `${account} ${role}`), ["bob owner"]);
});
