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
function delayed(hub: LocalChat): LocalChat {
  return new Proxy(hub, {
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
  await dialogue(alice, [["/who", "-- You are alone in #den:", "-- @alice (you)"], ["/quit", "-- Goodbye."]]);
  await alice.over;
  assertEquals(server.hub.members.size, 0);
});

Deno.test("text: a member that is kicked says its next line in the lobby when changes take a while", async () => {
  const server = makeServer();
  const [alice, bob] = [await arrive(server), await arrive(server)];
  for (const client of [alice, bob]) await client.says("/join #tea");
  await alice.says("/kick guest2");
  await bob.says("here I am");
  const lobby = server.hub.findRoom("#lobby");
  assertEquals([lobby.has(bob.member!), lobby.members.size], [true, 1]);
  assertEquals((await bob.asks("/who")).at(0), "-- You are alone in #lobby:");
});

Deno.test("text: a client that leaves while it is connected leaves no member behind", async () => {
  const server = makeServer();
  const alice = server.arrive();
  alice.connection.leave();
  await alice.over;
  assertEquals(server.hub.members.size, 0);
});

Deno.test("text: a change that is rejected after a while gets its reply before the next line is taken", async () => {
  const alice = await arrive(makeServer());
  alice.hears();
  await alice.says("/nick 1st", "/ping");
  const [rejected, pong] = alice.hears();
  assertEquals([rejected?.startsWith("-- Invalid nickname"), pong], [true, "-- Pong."]);
});
