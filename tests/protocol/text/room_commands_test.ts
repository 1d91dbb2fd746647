/** `/rooms`, `/join`, `/leave`, `/who` and `/topic`. */
import { assert, assertEquals } from "@std/assert";
import { LOBBY } from "../../../src/chat/names.ts";
import { dialogue, inRoom, TextServer } from "./harness.ts";

Deno.test("rooms: lists rooms with their sizes and topics, and /who lists their members", async () => {
  const server = new TextServer();
  const [alice, bob, carol] = await server.enter("alice", "bob", "carol");
  await bob.asks("/join #tea", "/topic green or black?");
  await carol.asks("/join #tea");
  await dialogue(alice, [
    ["/rooms", "-- Rooms: 2, each with its number of members", "-- #lobby (1)", "-- #tea (2): green or black?"],
    ["/who", "-- In #lobby: 1 user", "-- alice (you)"],
    ["/who #TEA", "-- In #tea: 2 users", "-- @bob, carol"],
    ["/who #coffee", "-- No such room: #coffee. /rooms lists the rooms, /join creates one."],
  ]);
  assertEquals(await carol.asks("/who"), ["-- In #tea: 2 users", "-- @bob, carol (you)"]);
  await alice.asks("/join #tea");
  assertEquals(await alice.asks("/who #lobby"), ["-- #lobby is empty."]);
});

Deno.test("who: invisible users are shown only to users who share a room with them", async () => {
  const server = new TextServer();
  const [alice, carol] = await server.enter("alice", "carol");
  const bob = server.connect("bob");
  for (const room of ["#den", "#tea"]) server.chat.join(bob, room);
  server.chat.setFlag(bob, "invisible", true);
  await carol.asks("/join #tea");
  await dialogue(alice, [
    ["LIST", "-- Online: 2 users", "-- Client 1: alice in #lobby (you)", "-- Client 2: carol in #tea"],
    ["/who #den", "-- In #den: 1 user", "-- … and 1 invisible"],
    ["/who #tea", "-- In #tea: 2 users", "-- carol, … and 1 invisible"],
  ]);
  await dialogue(carol, [
    [
      "LIST",
      "-- Online: 3 users",
      "-- Client 1: alice in #lobby",
      "-- Client 2: carol in #tea (you)",
      "-- Client 3: bob in #tea",
    ],
    ["/who #den", "-- In #den: 1 user", "-- … and 1 invisible"],
    ["/who", "-- In #tea: 2 users", "-- @bob, carol (you)"],
  ]);
});

Deno.test("who: names all members of a full room in lines no wider than a terminal", async () => {
  const server = new TextServer();
  const [alice] = await server.enter("alice");
  const nicks = ["alice (you)"];
  for (let number = 1; number <= 60; number++) {
    const member = server.connect();
    server.chat.rename(member, `n${number}`.padEnd(2 + number % 29, "_"));
    server.chat.join(member, LOBBY);
    nicks.push(member.nick);
  }
  const [head, ...lines] = await alice.asks("/who");
  assertEquals(head, "-- In #lobby: 61 users");
  for (const line of lines) assert(line.length <= 80, line);
  assertEquals(lines.map((line) => line.slice(3)).join(", ").split(", "), nicks);
});

Deno.test("join: moves to another room and leaves the last one, and /leave goes back to the lobby", async () => {
  const [alice, bob] = await new TextServer().enter("alice", "bob");
  await dialogue(alice, [
    ["/join #tea", "-- You are alone in #tea."],
    ["/join #TEA", "-- You are already in #tea."],
    ["/join tea", "-- You are already in #tea."],
    [
      "/join #tea,#coffee",
      "-- Invalid room name: use # and 1 to 49 characters, at most 100 bytes, without spaces or commas, each word in one script, as in /join #tea.",
    ],
    ["/who lobby", "-- In #lobby: 1 user", "-- bob"],
    ["/who cellar", "-- No such room: #cellar. /rooms lists the rooms, /join creates one."],
    ["hi", "<alice> hi"],
    ["/topic leaves", "-- alice set the topic of #tea: leaves"],
  ]);
  assertEquals(bob.hears(), ["-- alice left #lobby"]);
  assertEquals(await bob.asks("/join #Tea"), [
    "-- You are in #tea with 1 other.",
    "-- The topic of #tea is: leaves",
    "-- Earlier messages:",
    "[past] <alice> hi",
  ]);
  assertEquals(alice.hears(), ["-- bob joined #tea"]);
  assertEquals(await alice.asks("/leave"), ["-- You are alone in #lobby."]);
  assertEquals(await alice.asks("/leave"), [
    "-- You are in #lobby. /join #ROOM goes to another room, /quit leaves the chat.",
  ]);
  assertEquals(bob.hears(), ["-- alice left #tea"]);
});

Deno.test("join: a key opens a locked room, and each reason for rejection has its reply", async () => {
  const { server, clients: [alice] } = await inRoom("alice");
  const [bob] = await server.enter("bob");
  await alice.says("/mode +k sesame");
  await dialogue(bob, [
    ["/join #tea", "-- #tea is locked. To join with its key: /join #tea KEY"],
    ["/join #tea Sesame", "-- #tea is locked. To join with its key: /join #tea KEY"],
    ["/join  #tea   sesame ", "-- You are in #tea with 1 other."],
    ["/leave", "-- You are alone in #lobby."],
  ]);
  const reasons = [
    ["-k+i", "-- #tea is invite-only. Ask an operator of the room for an invitation."],
    ["-i+l 1", "-- #tea is full. Try again later."],
    ["-l+b bob", "-- You are banned from #tea. Ask an operator of the room to lift the ban."],
  ] as const;
  for (const [modes, answer] of reasons) {
    await alice.says(`/mode ${modes}`);
    await dialogue(bob, [["/join #tea", answer], ["still here", "<bob> still here"]]);
  }
});

Deno.test("rooms: /rooms, /list and /who hide a secret room from users outside it", async () => {
  const { server, clients: [alice] } = await inRoom("alice");
  const [bob] = await server.enter("bob");
  await alice.asks("/mode +s", "/topic secrets");
  const none = (room: string) => `-- No such room: ${room}. /rooms lists the rooms, /join creates one.`;
  await dialogue(bob, [
    ["/rooms", "-- Rooms: 1, each with its number of members", "-- #lobby (1)"],
    ["/list", "-- Online: 2 users", "-- Client 1: alice in no room", "-- Client 2: bob in #lobby (you)"],
    ["LIST", "-- Online: 2 users", "-- Client 1: alice in no room", "-- Client 2: bob in #lobby (you)"],
    ["/who #TEA", none("#TEA")], // as it was asked: its own name would tell that it exists
    ["/who #coffee", none("#coffee")],
  ]);
  await dialogue(alice, [
    ["/rooms", "-- Rooms: 2, each with its number of members", "-- #lobby (1)", "-- #tea (1): secrets"],
    ["/list", "-- Online: 2 users", "-- Client 1: alice in #tea (you)", "-- Client 2: bob in #lobby"],
    ["/who #tea", "-- In #tea: 1 user", "-- @alice (you)"],
  ]);
  await bob.asks("/join #tea");
  assertEquals(await bob.asks("/who"), ["-- In #tea: 2 users", "-- @alice, bob (you)"]);
});

Deno.test("topic: shows and sets the topic of the room", async () => {
  const [alice, bob] = await new TextServer().enter("alice", "bob");
  await dialogue(alice, [
    ["/topic", "-- #lobby has no topic. /topic TEXT sets one."],
    ["/topic  green\x07 tea ", "-- alice set the topic of #lobby: green tea"],
    ["/topic", "-- The topic of #lobby is: green tea"],
    [`/topic ${"x".repeat(361)}`, "-- Topic too long: at most 360 characters."],
    ["/topic", "-- The topic of #lobby is: green tea"],
  ]);
  assertEquals(bob.hears(), ["-- alice set the topic of #lobby: green tea"]);
});

Deno.test("who: a line of members is as wide as it can be", async () => {
  const server = new TextServer();
  const [alice] = await server.enter("alice");
  for (const [i, length] of [20, 20, 19].entries()) {
    server.chat.join(server.connect(`n${i}`.padEnd(length, "_")), LOBBY);
  }
  server.chat.join(server.connect("x"), LOBBY);
  const [, ...lines] = await alice.asks("/who");
  assertEquals(lines.map(({ length }) => length - "-- ".length), [76, 1]);
});

Deno.test("join: an attempt without a key does not count as a wrong key", async () => {
  const { server, clients: [alice] } = await inRoom("alice");
  const [bob] = await server.enter("bob");
  await alice.says("/mode +k sesame");
  const asked: unknown[] = [];
  const join = server.chat.join.bind(server.chat);
  server.chat.join = (member, name, key) => {
    asked.push(key);
    return join(member, name, key);
  };
  await bob.says("/join #tea", "/join #tea ", "/join #tea sesame");
  assertEquals(asked, [undefined, undefined, "sesame"]);
});
