/** Sessions of the text protocol: greeting, lines, order of replies, end. */
import { assertEquals } from "@std/assert";
import { LOBBY } from "../../../src/chat/names.ts";
import { REPLAY } from "../../../src/protocol/text/history_commands.ts";
import { type Outcome, type RunOptions, TimeSlicer } from "../../../src/protocol/time_slicer.ts";
import { fakeModeration } from "../fake_moderation.ts";
import { dialogue, TextServer } from "./harness.ts";

Deno.test("text: the greeting says the nickname and how many others are in the lobby", () => {
  const server = new TextServer();
  const clients = [server.arrive(), server.arrive(), server.arrive()];
  const greetings = clients.map((client) => client.connection.take());
  assertEquals(greetings, [
    ["-- Welcome to tincan. You are guest1, alone in #lobby. Say something, or /help."],
    ["-- Welcome to tincan. You are guest2, in #lobby with 1 other. Say something, or /help."],
    ["-- Welcome to tincan. You are guest3, in #lobby with 2 others. Say something, or /help."],
  ]);
  assertEquals(clients.map(({ member }) => member), [...server.chat.members]);
});

Deno.test("text: the greeting contains the server name, the message of the day, the topic and the last lines", async () => {
  const server = new TextServer({ name: "kitchen", motd: () => ["Be kind.", ""] });
  await server.arrive().says("/topic dinner", "who cooks?", "/me looks around");
  assertEquals(server.arrive().hears(), [
    "-- Welcome to kitchen. You are guest2, in #lobby with 1 other. Say something, or /help.",
    "-- Be kind.",
    "-- ",
    "-- The topic of #lobby is: dinner",
    "-- Earlier messages:",
    "[past] <guest1> who cooks?",
    "[past] * guest1 looks around",
  ]);
});

Deno.test("text: a client that cannot join the lobby gets the error and leaves no member behind", async () => {
  const server = new TextServer();
  const [alice] = await server.enter("alice");
  const lobby = server.chat.findRoom(LOBBY);
  lobby.limit = 1;
  const late = server.arrive();
  await late.over;
  assertEquals(late.hears(), ["-- #lobby is full. Try again later."]);
  assertEquals([late.connection.open, late.member, [...server.chat.members]], [false, undefined, [alice.member]]);
  lobby.limit = 2;
  assertEquals(server.arrive().member?.nick, "guest1");
});

Deno.test("text: joining a room shows its last 20 lines with their times", async () => {
  const server = new TextServer();
  const [alice, bob] = await server.enter("alice", "bob");
  const lines = Array.from({ length: REPLAY + 5 }, (_, index) => `line ${index}`);
  await alice.says("/join #tea", ...lines);
  const shown = lines.slice(-REPLAY).map((line) => `[past] <alice> ${line}`);
  assertEquals(REPLAY, 20);
  assertEquals(await bob.asks("/join #tea"), [
    "-- You are in #tea with 1 other.",
    "-- Earlier messages:",
    ...shown,
  ]);
  assertEquals(server.arrive().hears().length, 1);
});

Deno.test("text: a line said while a client joins is replayed or delivered, and not both", async () => {
  const server = new TextServer();
  const [alice] = await server.enter("alice");
  await alice.says("before");
  const bob = server.arrive();
  await alice.says("after");
  assertEquals(bob.hears().slice(1), ["-- Earlier messages:", "[past] <alice> before", "<alice> after"]);
  assertEquals(alice.hears(), ["<alice> before", "-- guest1 joined #lobby", "<alice> after"]);
});

Deno.test("text: a line that is not a command is delivered to all members of the room, the sender included", async () => {
  const server = new TextServer();
  const [alice, bob, carol] = await server.enter("alice", "bob", "carol");
  await carol.asks("/join #tea");
  bob.hears();
  const said = ["<alice> hi", "<alice>  two  spaces ", "<alice> list", "<alice> LIST!"];
  assertEquals(await alice.asks("hi", " two  spaces ", "list", "LIST!"), said);
  assertEquals(bob.hears(), said);
  assertEquals(carol.hears(), []);
});

Deno.test("text: empty lines and lines of only spaces and control characters are ignored", async () => {
  const server = new TextServer();
  const [alice, bob] = await server.enter("alice", "bob");
  assertEquals(await alice.asks("", " ", "\x1b\x07", "/me \x07", "/msg bob \x07", ""), []);
  assertEquals(bob.hears(), []);
});

Deno.test("text: //TEXT says /TEXT, and commands are found in any case", async () => {
  const [alice] = await new TextServer().enter("alice");
  await dialogue(alice, [
    ["//quit is how you leave", "<alice> /quit is how you leave"],
    ["///", "<alice> //"],
    ["/PING", "-- Pong."],
    ["/Me  waves ", "* alice waves"],
  ]);
});

Deno.test("text: IRC formatting is removed from lines of the client and from topics", async () => {
  const server = new TextServer();
  const [alice, bob] = await server.enter("alice", "bob");
  assertEquals(await alice.asks("\x02bold\x02 and \x0304red", "\x02\x02", "/\x02ping"), [
    "<alice> bold and red",
    "-- Pong.",
  ]);
  assertEquals(bob.hears(), ["<alice> bold and red"]);
  server.chat.setTopic(bob.member!, server.chat.findRoom(LOBBY), "\x0304red");
  alice.hears();
  await dialogue(alice, [["/topic", "-- The topic of #lobby is: red"], [
    "/rooms",
    "-- Rooms: 1, each with its number of members",
    "-- #lobby (2): red",
  ]]);
});

Deno.test("text: the host of a member is the one that hostOf returns", () => {
  const server = new TextServer();
  const client = server.arrive();
  assertEquals(client.member!.origin, "guest1!~guest@of-127.0.0.1");
});

Deno.test("text: a reply is sent after the lines that were said before it", async () => {
  const [alice, bob] = await new TextServer().enter("alice", "bob");
  await bob.says("first");
  await alice.says("second", "/ping", "third");
  assertEquals(alice.connection.take(), ["<bob> first", "<alice> second", "-- Pong."]);
  assertEquals(alice.hears(), ["<alice> third"]);
});

Deno.test("text: a member whose connection ends leaves with the reason, and the nickname is free", async () => {
  for (const [ending, told] of [[undefined, "-- alice left #lobby"], ["too slow", "-- alice left #lobby (too slow)"]]) {
    const [alice, bob] = await new TextServer().enter("alice", "bob");
    alice.connection.leave(ending);
    await alice.over;
    assertEquals(bob.hears(), [told!]);
    assertEquals(await bob.asks("/nick alice"), ["-- bob is now alice"]);
  }
});

Deno.test("text: a bug in a session ends it and disconnects its member", async () => {
  const server = new TextServer();
  const [alice, bob] = await server.enter("alice", "bob");
  server.chat.whisper = () => {
    throw new TypeError("a mistake");
  };
  const over = alice.over.catch((error: Error) => error.message);
  await alice.says("/msg bob hi");
  assertEquals(await over, "a mistake");
  assertEquals(bob.hears(), ["-- alice left #lobby"]);
});

Deno.test("text: joins and departures are shown only in rooms of up to `announce` members", async () => {
  const server = new TextServer({ announce: 2 });
  const [alice] = await server.enter("alice");
  server.arrive();
  assertEquals(alice.hears(), ["-- guest1 joined #lobby"]);
  const third = server.arrive();
  assertEquals(alice.hears(), []);
  const fourth = server.arrive();
  fourth.connection.leave();
  await fourth.over;
  assertEquals(alice.hears(), []);
  third.connection.leave();
  await third.over;
  assertEquals(alice.hears(), ["-- guest2 left #lobby"]);
});

Deno.test("text: a line that is too long gets a reply in order, and later lines are taken", async () => {
  const [alice, bob] = await new TextServer().enter("alice", "bob");
  await alice.says("before");
  alice.connection.onTooLong();
  await alice.says("after");
  assertEquals(alice.hears(), [
    "<alice> before",
    "-- Line too long, not sent: at most 64 bytes. Send it in parts.",
    "<alice> after",
  ]);
  assertEquals(bob.hears(), ["<alice> before", "<alice> after"]);
});

Deno.test("text: a command with line separators of Unicode is run", async () => {
  const [alice, bob] = await new TextServer().enter("alice", "bob");
  await dialogue(alice, [
    ["/msg bob one\u2028two", "-> *bob* onetwo"],
    ["/me\u2028waves", "* alice waves"],
  ]);
  assertEquals(bob.hears(), ["*alice* onetwo", "* alice waves"]);
});

Deno.test("text: a bug in connecting a member closes the connection", async () => {
  const server = new TextServer();
  server.chat.connect = () => {
    throw new TypeError("a mistake");
  };
  const alice = server.arrive();
  assertEquals(await alice.over.catch((error: Error) => error.message), "a mistake");
  assertEquals([alice.hears(), alice.connection.closeReason], [[], "internal error"]);
});

Deno.test("text: a bug on the way back to the lobby closes the connection", async () => {
  const server = new TextServer();
  const [alice, bob] = await server.enter("alice", "bob");
  await alice.says("/join #tea");
  await bob.says("/join #tea");
  const over = bob.over.catch((error: Error) => error.message);
  server.chat.join = () => {
    throw new TypeError("a mistake");
  };
  await alice.says("/kick bob");
  assertEquals([await over, bob.connection.closeReason, server.chat.members.size], ["a mistake", "internal error", 1]);
});

/** A slicer that records the options of each command. */
class RecordingSlicer extends TimeSlicer {
  readonly runs: RunOptions[] = [];

  override run<W>(work: () => W, options: RunOptions): Outcome<W> | undefined | Promise<Outcome<W> | undefined> {
    this.runs.push(options);
    return super.run(work, options);
  }
}

Deno.test("text: commands that may take long share the time of the client's networks, while it is a member", async () => {
  const slicer = new RecordingSlicer();
  const [alice] = await new TextServer({ slicer }).enter("alice");
  assertEquals((await alice.asks("/ping", "/topic", "/list", "/history")).length, 5);
  assertEquals(slicer.runs.map(({ lane, networks }) => [lane, networks?.at(0), networks?.at(-1)]), [
    ["long", "127.0.0.0/16", "127.0.0.1"],
    ["prompt", "127.0.0.0/16", "127.0.0.1"],
  ]);
  assertEquals(slicer.runs.map(({ wanted }) => wanted?.()), [true, true]);
  await alice.says("/quit");
  assertEquals(slicer.runs.map(({ wanted }) => wanted?.()), [false, false]);
});

Deno.test("text: each rejected command is counted with its error", async () => {
  const rejected: string[] = [];
  const moderation = {
    ...fakeModeration(),
    rejected: ({ nick }: { nick?: string | undefined }, { code }: { code: string }) =>
      void rejected.push(`${nick}: ${code}`),
  };
  const [alice] = await new TextServer({ moderation }).enter("alice");
  await alice.says("/nick 1st", "/msg nobody hi", "/ping");
  assertEquals(rejected, ["alice: nick-invalid", "alice: no-such-user"]);
});
