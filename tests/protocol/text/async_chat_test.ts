/** Sessions on a chat whose changes take a while, as they do with several nodes. */
import { assertEquals } from "@std/assert";
import { LocalChat } from "../../../src/chat/local_chat.ts";
import { MemoryHistory } from "../../../src/history/memory.ts";
import { dialogue, type TextClient, TextServer } from "./harness.ts";

/** The changes of a chat that sessions await. */
const CHANGES: readonly (string | symbol)[] = [
  "connect",
  "disconnect",
  "rename",
  "login",
  "logout",
  "join",
  "leave",
  "kick",
  "invite",
  "setTopic",
  "setModes",
  "whisper",
  "notice",
];

/** A chat that makes each change a moment after it was asked to. */
function delayed(chat: LocalChat): LocalChat {
  return new Proxy(chat, {
    get(target, name) {
      const member = Reflect.get(target, name, target);
      if (typeof member !== "function") return member;
      const call = member.bind(target);
      if (!CHANGES.includes(name)) return call;
      return (...args: unknown[]) => new Promise((resolve) => setTimeout(resolve)).then(() => call(...args));
    },
  });
}

/** A server on such a chat. */
function makeServer(): TextServer {
  return new TextServer({ chat: delayed(new LocalChat({ history: new MemoryHistory() })) });
}

/** Connects a client, and waits for its greeting. */
async function arrive(server: TextServer): Promise<TextClient> {
  const client = server.arrive();
  await client.says("");
  return client;
}

Deno.test("text: lines wait for the greeting and for each change when changes take a while", async () => {
  const server = makeServer();
  const alice = server.arrive();
  await alice.says("hello", "/nick alice", "/topic tea", "/join #den", "hi");
  assertEquals(alice.hears(), [
    "-- Welcome to tincan. You are guest1, alone in #lobby. Say something, or /help.",
    "<guest1> hello",
    "-- guest1 is now alice",
    "-- alice set the topic of #lobby: tea",
    "-- You are alone in #den.",
    "<alice> hi",
  ]);
  await dialogue(alice, [["/who", "-- In #den: 1 user", "-- @alice (you)"]]);
  await dialogue(alice, [
    ["/join #tea", "-- You are alone in #tea."],
    ["/list", "-- Online: 1 user", "-- Client 1: alice in #tea (you)"], // it has left the other room
    ["/quit", "-- Goodbye."],
  ]);
  await alice.over;
  assertEquals(server.chat.members.size, 0);
});

Deno.test("text: a member that is kicked says its next line in the lobby when changes take a while", async () => {
  const server = makeServer();
  const [alice, bob] = [await arrive(server), await arrive(server)];
  for (const client of [alice, bob]) await client.says("/join #tea");
  await alice.says("/kick guest2");
  await bob.says("here I am");
  const lobby = server.chat.findRoom("#lobby");
  assertEquals([lobby.has(bob.member!), lobby.members.size], [true, 1]);
  assertEquals((await bob.asks("/who")).at(0), "-- In #lobby: 1 user");
});

Deno.test("text: a client that leaves while it is connected leaves no member behind", async () => {
  const server = makeServer();
  const alice = server.arrive();
  alice.connection.leave();
  await alice.over;
  for (let turn = 0; turn < 10; turn++) await new Promise((resolve) => setTimeout(resolve)); // more than it takes
  assertEquals([server.chat.members.size, server.chat.peak], [0, 1]);
});

Deno.test("text: a change that is rejected after a while gets its reply before the next line is taken", async () => {
  const alice = await arrive(makeServer());
  alice.hears();
  const rejected = {
    "/nick 1st": "-- Invalid nickname",
    [`/topic ${"x".repeat(391)}`]: "-- Topic too long",
    "/kick bob": "-- Only operators of #lobby",
    "/mode +m": "-- Only operators of #lobby",
  };
  for (const [line, reply] of Object.entries(rejected)) {
    await alice.says(line, "/ping");
    const [first, pong] = alice.hears();
    assertEquals([first?.slice(0, reply.length), pong], [reply, "-- Pong."], line);
  }
});

Deno.test("text: a line that is too long gets its reply after the greeting when connecting takes a while", async () => {
  const alice = makeServer().arrive();
  alice.connection.onTooLong();
  await alice.says("");
  assertEquals(alice.hears().map((line) => line.slice(0, 16)), ["-- Welcome to ti", "-- Line too long"]);
});

Deno.test("text: the next line waits for an announcement when it takes a while", async () => {
  const alice = await arrive(makeServer());
  alice.member!.operator = true;
  assertEquals(await alice.asks("/announce tea", "/ping"), ["-- Announcement from guest1: tea", "-- Pong."]);
});
