/** The commands of room owners on the text port, and what members read of roles. */
import { assertEquals, assertMatch } from "@std/assert";
import { LocalChat } from "../../../src/chat/local_chat.ts";
import { MemoryHistory } from "../../../src/history/memory.ts";
import { CONFIRM_TIME } from "../../../src/protocol/room_admin.ts";
import { fakeModeration } from "../fake_moderation.ts";
import { dialogue, type TextClient, TextServer } from "./harness.ts";

/** A server with accounts, and users of which the first are logged in to the accounts of their nicknames. */
async function server<Nicks extends string[]>(accounts: number, ...nicks: [...Nicks]) {
  const isRegistered = (nick: string) => nicks.slice(0, accounts).includes(nick.toLowerCase());
  const registeredLike = () => undefined;
  const chat = new LocalChat({ history: new MemoryHistory(), policy: { isRegistered, registeredLike } });
  const audits: string[] = [];
  const moderation = {
    ...fakeModeration(),
    audit: (what: string, _by: unknown, about?: string) => void audits.push(`${what} ${about}`),
  };
  const text = new TextServer({ chat, moderation });
  const clients: TextClient[] = [];
  for (const [n, nick] of nicks.entries()) {
    const client = text.arrive();
    await client.says("");
    if (n < accounts) chat.login(client.session!, nick);
    await client.says(`/nick ${nick}`);
    clients.push(client);
  }
  const hear = () => clients.forEach((client) => client.hears());
  hear();
  return { chat, audits, hear, clients: clients as { [Each in keyof Nicks]: TextClient } };
}

const SINCE = / since \d{4}-\d\d-\d\d \d\d:\d\d$/;

Deno.test("roles: a user that enters is told its rank, and /who and /members show the owner", async () => {
  const { clients: [alice, bob], chat } = await server(1, "alice", "bob");
  await dialogue(alice, [["/join #tea", "-- You are alone in #tea.", "-- You are an owner of #tea."]]);
  await bob.says("/join #tea");
  alice.hears();
  await dialogue(bob, [["/who", "-- In #tea: 2 users", "-- ~alice, bob (you)"]]);
  await dialogue(alice, [[
    "/leave",
    "-- You are alone in #lobby.",
  ]]);
  assertEquals(bob.hears(), ["-- alice left #tea"]);
  await alice.says("/join #tea");
  assertEquals(bob.hears(), ["-- alice joined #tea", "-- alice is an owner of #tea"]);
  const [line] = await bob.asks("/members");
  assertMatch(line!, SINCE);
  assertEquals(line!.replace(SINCE, ""), "-- ~alice, an owner");
  chat.logout(alice.session!);
  assertEquals(bob.hears(), ["-- alice is no longer an owner of #tea", "-- alice is now guest1"]);
});

Deno.test("transfer: /transfer gives the room to another registered user", async () => {
  const { clients: [alice, bob, eve] } = await server(2, "alice", "bob", "eve");
  for (const each of [alice, bob, eve]) await each.says("/join #tea");
  for (const each of [alice, bob, eve]) each.hears();
  await dialogue(alice, [
    ["/transfer eve", "-- eve is not registered. They have to /register or /login first."],
    [
      "/transfer bob",
      "-- alice made bob an owner of #tea",
      "-- alice is no longer an owner of #tea",
      "-- alice is an operator of #tea",
      "-- bob owns #tea now.",
    ],
    [
      "/kick bob",
      "-- Only owners of #tea can do that, and only owners can act against one. /members lists them.",
    ],
  ]);
});

Deno.test("op: a registered user who is offline is not in the room, and not unknown", async () => {
  const { clients: [alice, bob] } = await server(2, "alice", "bob");
  for (const each of [alice, bob]) await each.says("/join #tea");
  await bob.says("/quit");
  alice.hears();
  const answer = "-- bob is not in #tea. /who lists its members.";
  await dialogue(alice, [
    ["/op bob", answer],
    ["/kick bob", answer],
    ["/op dave", "-- No such user: dave. /list shows who is here."],
  ]);
});

Deno.test("member: /member add and remove give and take roles", async () => {
  const { clients: [alice, bob, eve] } = await server(2, "alice", "bob", "eve");
  await alice.says("/join #tea");
  await dialogue(alice, [
    ["/member add bob", "-- bob is a member of #tea, and can always enter."],
    ["/member remove bob", "-- bob has no role in #tea any more."],
    ["/member remove bob", "-- bob has no role in #tea. /members lists the roles."],
    ["/member", "-- Usage: /member add|remove NAME – let a user always enter, or not any more."],
    ["/member invite bob", "-- Usage: /member add|remove NAME – let a user always enter, or not any more."],
    ["/member add eve", "-- eve is not registered. They have to /register or /login first."],
  ]);
  await eve.says("/join #den");
  await dialogue(eve, [
    ["/members", "-- #den belongs to no account."],
    [
      "/member add bob",
      "-- #den belongs to no account, so it has no lasting members. Ask a server operator to name an owner.",
    ],
  ]);
  await dialogue(bob, [["/join #den", "-- You are in #den with 1 other."]]);
});

Deno.test("rename: /rename tells the members, who stay in the room", async () => {
  const { clients: [alice, eve] } = await server(1, "alice", "eve");
  for (const each of [alice, eve]) await each.says("/join #tea");
  for (const each of [alice, eve]) each.hears();
  await dialogue(alice, [["/rename coffee", "-- alice renamed #tea to #coffee"]]);
  assertEquals(eve.hears(), ["-- alice renamed #tea to #coffee"]);
  await dialogue(eve, [
    ["hi", "<eve> hi"],
    ["/who", "-- In #coffee: 2 users", "-- ~alice, eve (you)"],
    [
      "/rename #mine",
      "-- Only owners of #coffee can do that, and only owners can act against one. /members lists them.",
    ],
  ]);
  await dialogue(alice, [["/rename #lobby", "-- There is a room #lobby already. Choose another name."]]);
});

Deno.test("drop: /drop #ROOM asks again, deletes the room with its history, and members are in the lobby", async () => {
  const { clients: [alice, eve] } = await server(1, "alice", "eve");
  for (const each of [alice, eve]) await each.says("/join #tea");
  await eve.says("secret");
  for (const each of [alice, eve]) each.hears();
  const ask = "-- This deletes #tea and its history for good. To do it, repeat within a minute: /drop #tea";
  const not = "-- Only owners of #tea can do that, and only owners can act against one. /members lists them.";
  await dialogue(eve, [["/drop #tea", not], ["/drop #tea", not]]);
  const { now } = performance;
  try {
    performance.now = () => 0;
    await dialogue(alice, [["/drop #tea", ask]]);
    performance.now = () => CONFIRM_TIME + 1; // too late
    await dialogue(alice, [["/drop #tea", ask]]);
    performance.now = () => 2 * CONFIRM_TIME;
    assertEquals(await alice.asks("/drop #tea"), [
      "-- alice kicked alice from #tea (The room was deleted)",
      "-- You are alone in #lobby.",
      "-- eve joined #lobby",
      "-- #tea and its history are deleted.",
    ]);
  } finally {
    performance.now = now;
  }
  assertEquals(eve.hears(), [
    "-- alice kicked eve from #tea (The room was deleted)",
    "-- You are in #lobby with 1 other.",
  ]);
  await dialogue(eve, [["/join #tea", "-- You are alone in #tea."]]);
});

Deno.test("drop: /drop #ROOM does not delete a room when another one was asked for before", async () => {
  const { clients: [alice], chat } = await server(1, "alice");
  await alice.says("/join #den", "/join #tea", "/drop #tea");
  alice.hears();
  const ask = "-- This deletes #den and its history for good. To do it, repeat within a minute: /drop #den";
  await dialogue(alice, [["/drop #den", ask]]);
  assertEquals([chat.getRoom("#den")?.name, chat.getRoom("#tea")?.name], ["#den", "#tea"]);
});

Deno.test("owner: /owner names an owner of a room, for server operators, and is logged", async () => {
  const { clients: [alice, eve], chat, audits } = await server(1, "alice", "eve");
  await eve.says("/join #den");
  alice.hears();
  const not = "-- Only server operators can do that. If you are one: /oper NAME";
  await dialogue(alice, [["/owner #den alice", not], ["/owner #nowhere alice", not]]);
  chat.setFlag(alice.member!, "operator", true);
  await dialogue(alice, [
    ["/owner #den", "-- Usage: /owner #ROOM NAME – make a registered user an owner of a room."],
    ["/owner #lobby alice", "-- #lobby is for everyone: it can have no owner."],
    ["/owner #none alice", "-- No such room: #none. /rooms lists the rooms, /join creates one."],
    ["/owner den alice", "-- alice is an owner of #den now."],
  ]);
  assertEquals(audits, ["appointed owner #den alice"]);
  assertEquals((await alice.asks("/join #den")).at(-1), "-- You are an owner of #den.");
});

Deno.test("modes: members read what ends with the last operator of a room without an owner", async () => {
  const { clients: [alice, eve] } = await server(0, "alice", "eve");
  for (const each of [alice, eve]) await each.says("/join #tea");
  await alice.says("/mode +iRM", "/mode +k key", "/ban *!*@x");
  eve.hears();
  await alice.says("/leave");
  assertEquals(eve.hears(), [
    "-- alice left #tea",
    "-- The server opened #tea to everyone",
    "-- The server let users without an account speak in #tea",
    "-- The server let users without an account enter #tea",
    "-- The server unlocked #tea",
    "-- The server lifted the ban of *!*@x from #tea",
  ]);
});

Deno.test("login-required: a guest is told to log in where only registered users may enter or speak", async () => {
  const { clients: [alice, eve] } = await server(1, "alice", "eve");
  await alice.says("/join #tea", "/mode +R");
  const sentence = "-- #tea is for registered users. Log in first: /login NAME";
  await dialogue(eve, [["/join #tea", sentence]]);
  await alice.says("/mode -R+M");
  await dialogue(eve, [["/join #tea", "-- You are in #tea with 1 other."], ["hi", sentence]]);
});
