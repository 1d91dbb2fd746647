/** `/nick`, `/list`, `/msg`, `/echo`, `/times` and `/quit`. */
import { assert, assertEquals } from "@std/assert";
import { REASON_MAX } from "../../../src/chat/lengths.ts";
import { textFormat, withTimes } from "../../../src/protocol/text/render.ts";
import { dialogue, type TextClient, TextServer } from "./harness.ts";

Deno.test("nick: changes the nickname, or replies why it cannot", async () => {
  const server = new TextServer();
  const [alice, bob] = [server.arrive(), server.arrive()];
  alice.hears();
  bob.hears();
  await dialogue(alice, [
    ["/nick alice", "-- guest1 is now alice"],
    ["/nick alice", "-- You are already alice."],
    ["/nick Alice", "-- alice is now Alice"],
    ["/nick GUEST2", "-- Nickname in use: GUEST2. Choose another one."],
    [
      "/nick two words",
      "-- Invalid nickname: use 1 to 30 letters and digits of one script or _-[]{}\\|^`, at most 60 bytes; it cannot start with a digit or -.",
    ],
  ]);
  assertEquals(bob.hears(), ["-- guest1 is now alice", "-- alice is now Alice"]);
});

Deno.test("list: LIST and /list show all users in order of arrival", async () => {
  const server = new TextServer();
  const [alice, bob, carol] = await server.enter("alice", "bob", "carol");
  await bob.asks("/join #Tea");
  await alice.asks("/nick zoe");
  for (const line of ["LIST", "/list"]) {
    assertEquals(await alice.asks(line), [
      "-- Online: 3 users",
      "-- Client 1: zoe in #lobby (you)",
      "-- Client 2: bob in #Tea",
      "-- Client 3: carol in #lobby",
    ]);
  }
  server.connect();
  alice.connection.leave();
  await alice.over;
  assertEquals(await carol.asks("LIST"), [
    "-- Online: 3 users",
    "-- Client 1: bob in #Tea",
    "-- Client 2: carol in #lobby (you)",
    "-- Client 3: guest1 in no room",
  ]);
});

Deno.test("list: neither secret rooms nor invisible users are shown to users outside their rooms", async () => {
  const server = new TextServer();
  const [alice, bob, carol] = await server.enter("alice", "bob", "carol");
  await bob.says("/join #den", "/mode +s");
  await carol.says("/join #tea");
  server.chat.setFlag(carol.member!, "invisible", true);
  const seen = ["-- Online: 2 users", "-- Client 1: alice in #lobby (you)", "-- Client 2: bob in no room"];
  await dialogue(alice, [["/list", ...seen]]);
  await alice.says("/join #den");
  assertEquals((await alice.asks("/list")).at(-1), "-- Client 2: bob in #den");
  assertEquals((await carol.asks("/list")).at(-1), "-- Client 3: carol in #tea (you)");
});

Deno.test("msg: sends a private message to one user, and shows it to the sender", async () => {
  const [alice, bob, carol] = await new TextServer().enter("alice", "Bob", "carol");
  await dialogue(alice, [
    ["/msg bob  ps\x07st  you ", "-> *Bob* psst  you"],
    ["/msg bob", "-- Usage: /msg NAME TEXT – send a private message."],
    ["/msg dave hi", "-- No such user: dave. /list shows who is here."],
    ["/msg ALICE note to self", "*alice* note to self", "-> *alice* note to self"],
  ]);
  assertEquals([bob.hears(), carol.hears()], [["*alice* psst  you"], []]);
});

Deno.test("echo: /echo off hides the sender's own lines, and /echo on shows them again", async () => {
  const [alice, bob] = await new TextServer().enter("alice", "bob");
  await dialogue(alice, [
    ["/echo off", "-- You no longer see your own lines."],
    ["one"],
    ["/me waves"],
    ["/echo on", "-- You see your own lines now."],
    ["two", "<alice> two"],
  ]);
  assertEquals(bob.hears(), ["<alice> one", "* alice waves", "<alice> two"]);
  assertEquals(alice.hears(), []);
});

Deno.test("echo: a private message is not shown to its sender after /echo off", async () => {
  const [alice, bob] = await new TextServer().enter("alice", "bob");
  await dialogue(alice, [
    ["/echo off", "-- You no longer see your own lines."],
    ["/msg bob psst"],
    ["/msg dave psst", "-- No such user: dave. /list shows who is here."],
    ["/echo on", "-- You see your own lines now."],
    ["/msg bob hey", "-> *bob* hey"],
  ]);
  assertEquals(bob.hears(), ["*alice* psst", "*alice* hey"]);
});

Deno.test("echo: a client that shows its own lines is not sent them, from when that is known, unless it wants them", async () => {
  const [alice, bob] = await new TextServer().enter("alice", "bob");
  await dialogue(alice, [["not known yet", "<alice> not known yet"]]);
  alice.connection.echoesLocally = true;
  await dialogue(alice, [
    ["one"],
    ["/me waves"],
    ["/msg bob psst"],
    ["/paste", "-- Paste your lines. A line with just . sends them, /cancel drops them."],
    ["a"],
    ["."],
    ["/nick alicia", "-- alice is now alicia"],
    ["/msg dave hi", "-- No such user: dave. /list shows who is here."],
    ["/topic tea", "-- alicia set the topic of #lobby: tea"],
    ["/echo on", "-- You see your own lines now."],
    ["two", "<alicia> two"],
    ["/msg bob psst", "-> *bob* psst"],
    ["/echo off", "-- You no longer see your own lines."],
    ["three"],
  ]);
  assertEquals(bob.hears(), [
    "<alice> not known yet",
    "<alice> one",
    "* alice waves",
    "*alice* psst",
    "<alice> a",
    "-- alice is now alicia",
    "-- alicia set the topic of #lobby: tea",
    "<alicia> two",
    "*alicia* psst",
    "<alicia> three",
  ]);
});

Deno.test("quit: says goodbye, closes the connection, and shows the reason to others", async () => {
  for (
    const [line, told] of [
      ["/quit", "-- alice left #lobby"],
      ["/quit see you\x07 ", "-- alice left #lobby (see you)"],
    ] as const
  ) {
    const server = new TextServer();
    const [alice, bob] = await server.enter("alice", "bob");
    const disconnect = server.chat.disconnect.bind(server.chat);
    const quits: unknown[] = [];
    server.chat.disconnect = (member, reason, quit) => {
      quits.push([reason, quit]); // on IRC, the reason is that of a QUIT
      return disconnect(member, reason, quit);
    };
    await alice.says("last words", line, "lost");
    await alice.over;
    assertEquals(quits[0], [line === "/quit" ? undefined : "see you\x07", true]);
    assertEquals(alice.hears(), ["<alice> last words", "-- Goodbye."]);
    assertEquals([alice.connection.open, alice.connection.closeReason], [false, "quit"]);
    assertEquals(bob.hears(), ["<alice> last words", told]);
  }
});

Deno.test("quit: a reason that is too long is rejected, without its control characters", async () => {
  const [alice, bob] = await new TextServer().enter("alice", "bob");
  const longest = "x".repeat(REASON_MAX);
  await dialogue(alice, [
    [`/quit ${longest}x`, `-- Reason too long: at most ${REASON_MAX} characters.`],
    ["still here", "<alice> still here"],
    [`/quit ${longest}\x07`, "-- Goodbye."],
  ]);
  assertEquals(bob.hears().at(-1), `-- alice left #lobby (${longest})`);
});

Deno.test("times: /times on puts the time before each line of an event, and /times off removes it", async () => {
  const server = new TextServer();
  const [alice, bob] = await server.enter("alice", "bob");
  const timed = async (client: TextClient, ...lines: string[]) => {
    await client.says(...lines);
    server.chat.flush();
    const now = new Date();
    return bob.connection.take().map((line) => {
      const [, time, rest] = /^\[(\d\d:\d\d)\] (.*)$/.exec(line) ?? [undefined, undefined, line];
      const [hour, minute] = (time ?? "").split(":").map(Number);
      const age = (now.getHours() * 60 + now.getMinutes() - hour! * 60 - minute! + 1440) % 1440;
      return time !== undefined && age <= 1 ? `[now] ${rest}` : line;
    });
  };
  assertEquals(await timed(bob, "/times"), [
    "-- Usage: /times on|off – begin lines with the time, as in [14:05], or not.",
  ]);
  assertEquals(await timed(bob, "/times on"), ["-- New lines begin with the time now."]);
  assertEquals(await timed(alice, "hi", "/me waves", "/msg bob psst", "/nick al", "/mode +m"), [
    "[now] <alice> hi",
    "[now] * alice waves",
    "[now] *alice* psst",
    "[now] -- alice is now al",
  ]);
  assertEquals(await timed(bob, "hello", "/msg al psst", "/ping"), [
    "[now] <bob> hello",
    "[now] -> *al* psst",
    "-- Pong.",
  ]);
  assertEquals(await timed(alice, "/join #tea", "/invite bob"), [
    "[now] -- al left #lobby",
    "[now] -- al invited bob to #tea. To go there: /join #tea",
  ]);
  assert(alice.connection.take().every((line) => !line.startsWith("[")), "another member's lines have none");
  assertEquals(await timed(bob, "/times off"), ["-- New lines no longer begin with the time."]);
  assertEquals(await timed(bob, "bye"), ["<bob> bye"]);
});

Deno.test("times: all members with times share one format per wire format", () => {
  const [one, another] = [textFormat(100), textFormat(100)];
  assert(withTimes(one) === withTimes(one) && withTimes(one) !== withTimes(another));
});
