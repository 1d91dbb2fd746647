/** Registered nicknames, login, logout and private conversations of accounts. */
import { assert, assertEquals } from "@std/assert";
import { fold } from "../../src/chat/names.ts";
import { skeleton } from "../../src/chat/skeleton.ts";
import { MemoryHistory } from "../../src/history/memory.ts";
import { readEntry, writeMessage } from "../../src/history/jsonl.ts";
import { runToEnd } from "../../src/util/steps.ts";
import { assertRejected, Chat, sessionOf } from "./helpers.ts";

/** A chat with registered nicknames. */
function owning(...names: string[]): Chat {
  const isRegistered = (nick: string) => names.includes(fold(nick));
  const registeredLike = (look: string) => names.find((name) => skeleton(name) === look);
  return new Chat({ policy: { isRegistered, registeredLike }, history: new MemoryHistory(), keepPrivate: true });
}

Deno.test("accounts: a registered nickname is rejected without its account, when connecting and later", () => {
  const chat = owning("alice");
  assertRejected("nick-registered", "ALICE", () => chat.arrive("ALICE"));
  assertRejected("nick-registered", "alice", () => chat.arrive("alice", [], { account: "bob" }));
  const alice = chat.arrive("Alice", [], { account: "alice" });
  const carol = chat.enter("carol");
  assertRejected("nick-registered", "alice", () => chat.hub.rename(carol, "alice"));
  chat.hub.rename(alice, "ally");
  assertRejected("nick-registered", "alice", () => chat.hub.rename(carol, "alice"));
  chat.hub.rename(alice, "aLiCe");
  assertEquals([alice.nick, carol.nick, alice.account], ["aLiCe", "carol", "alice"]);
  chat.hub.requireFree("alice", alice);
  assertRejected("nick-taken", "alice", () => chat.hub.requireFree("alice"));
});

Deno.test("login: members that share a room are told once", () => {
  const chat = owning("alice");
  const carol = chat.enter("carol", "#tea", "#den");
  const dave = chat.enter("dave", "#tea", "#den");
  const eve = chat.enter("eve");
  chat.heard(dave);
  chat.hub.login(sessionOf(carol), "alice");
  chat.hub.login(sessionOf(carol), "alice");
  assertEquals(chat.heard(dave), ["account carol alice"]);
  chat.say(carol, "#tea", "hi");
  assertEquals(chat.heard(dave)[0]?.includes(" alice"), true);
  chat.hub.logout(sessionOf(carol));
  chat.hub.logout(sessionOf(carol));
  assertEquals(chat.heard(dave), ["account carol"]);
  assertEquals([chat.heard(eve), carol.nick], [[], "carol"]);
});

Deno.test("logout: a member with a registered nickname becomes a guest", () => {
  const chat = owning("alice", "bob");
  const alice = chat.arrive("alice", ["#tea"], { account: "alice" });
  const dave = chat.enter("dave", "#tea");
  chat.hub.logout(sessionOf(alice));
  assertEquals([alice.nick, alice.account], ["guest1", undefined]);
  assertEquals(chat.heard(dave), ["account alice", "modes #tea -q alice", "renamed alice guest1"]);
  chat.hub.login(sessionOf(alice), "bob");
  chat.hub.rename(alice, "bob");
  chat.hub.login(sessionOf(alice), "alice");
  assertEquals([alice.nick, alice.account], ["guest1", "alice"]);
  assertEquals([chat.hub.getByAccount("ALICE"), chat.hub.getByAccount("bob")], [alice, undefined]);
});

Deno.test("nicknames: no guest gets a registered name", () => {
  const chat = owning("guest1", "guest3");
  assertEquals([chat.enter().nick, chat.enter().nick], ["guest2", "guest4"]);
});

Deno.test("private history: a conversation belongs to the account, under any nickname and host", () => {
  const chat = owning("alice");
  const bob = chat.enter("bob");
  const alice = chat.arrive("alice", [], { account: "alice", host: "home" });
  chat.hub.whisper(bob, "alice", "one");
  chat.hub.whisper(alice, "bob", "two");
  chat.hub.rename(alice, "ally");
  chat.hub.whisper(bob, "ally", "three");
  const texts = (member: typeof alice) =>
    chat.hub.history.conversation(member, "bob", { count: 9 }).map(({ text }) => text);
  assertEquals(texts(alice), ["one", "two", "three"]);
  chat.hub.remove(alice);
  const away = chat.arrive("phone", [], { account: "Alice", host: "away" });
  assertEquals(texts(away), ["one", "two", "three"]);
  assertEquals(runToEnd(chat.hub.history.conversations(away)).map((each) => each.with), ["bob"]);
  chat.hub.logout(sessionOf(away));
  assertEquals([texts(away), runToEnd(chat.hub.history.conversations(away))], [[], []]);
  const impostor = chat.arrive("ally", [], { host: "home" });
  assertEquals([texts(impostor), runToEnd(chat.hub.history.conversations(impostor))], [[], []]);
});

Deno.test("private history: without an account, it takes the same nickname and host to read a conversation", () => {
  const chat = owning();
  const bob = chat.enter("bob");
  const carol = chat.arrive("carol", [], { host: "home" });
  chat.hub.whisper(bob, "carol", "psst");
  chat.hub.remove(carol);
  const texts = (account?: string, host = "home") => {
    const member = chat.arrive("carol", [], { host, account });
    const found = chat.hub.history.conversation(member, "bob", { count: 9 }).map(({ text }) => text);
    chat.hub.remove(member);
    return found;
  };
  assertEquals([texts(), texts("carol"), texts(undefined, "away")], [["psst"], [], []]);
});

Deno.test("private history: the next owner of an account cannot read deleted conversations", () => {
  const chat = owning("alice");
  const bob = chat.enter("bob");
  const alice = chat.arrive("alice", [], { account: "alice" });
  const other = chat.arrive("alice2", [], { account: "alice2" });
  chat.hub.whisper(bob, "alice", "for alice");
  chat.hub.whisper(bob, "alice2", "for the other");
  runToEnd(chat.hub.history.forgetConversations("ALICE"));
  assertEquals(runToEnd(chat.hub.history.conversations(alice)), []);
  assertEquals(runToEnd(chat.hub.history.conversations(other)).map(({ line }) => line.text), ["for the other"]);
  assertEquals(runToEnd(chat.hub.history.conversations(bob)).length, 2);
});

Deno.test("private history: an account's conversation is exported and imported as such", () => {
  const speech = {
    who: "ally",
    origin: "ally!~a@host",
    id: 1,
    text: "hi",
    style: "say",
    time: 0,
    tags: "",
    bot: false,
  } as const;
  const line = { kind: "whispered", to: "bob", ...speech } as const;
  for (const target of ["alice@account bob", "ally@host bob"]) {
    assertEquals(readEntry(writeMessage(target, line)), { kind: "message", target, line });
  }
});

Deno.test("logout: the member becomes a guest despite rate limits and bans", () => {
  const banReason = (origin: string) => origin.startsWith("guest") ? "no guests" : undefined;
  const chat = new Chat({ policy: { isRegistered: (nick) => fold(nick) === "alice", banReason }, renames: 1 });
  const alice = chat.arrive("ally", [], { account: "alice" });
  chat.hub.rename(alice, "alice");
  assertRejected("nicks-too-fast", "alison", () => chat.hub.rename(alice, "alison"));
  chat.hub.logout(sessionOf(alice));
  assertEquals([alice.nick, alice.account], ["guest1", undefined]);
});

Deno.test("logout: a member whose nickname looks like a registered one becomes a guest", () => {
  const chat = owning("alice", "bob");
  const alice = chat.arrive("a1ice", ["#tea"], { account: "alice" });
  const dave = chat.enter("dave", "#tea");
  chat.hub.logout(sessionOf(alice));
  const told = ["account a1ice", "modes #tea -q a1ice", "renamed a1ice guest1"];
  assertEquals([alice.nick, chat.heard(dave)], ["guest1", told]);
  chat.hub.login(sessionOf(alice), "alice");
  chat.hub.rename(alice, "aIice");
  chat.hub.login(sessionOf(alice), "bob");
  assertEquals([alice.nick, alice.account], ["guest1", "bob"]);
  chat.hub.rename(alice, "robert");
  chat.hub.logout(sessionOf(alice));
  assertEquals(alice.nick, "robert");
});

Deno.test("accounts: of two registered nicknames that look alike, each is for its own account", () => {
  const chat = owning("a1ice", "alice");
  const alice = chat.arrive("alice", [], { account: "alice" });
  chat.hub.rename(alice, "ally");
  chat.hub.rename(alice, "alice");
  chat.hub.remove(alice);
  assertEquals(chat.arrive("a1ice", [], { account: "a1ice" }).nick, "a1ice");
  assertRejected("nick-confusable", "aIice", () => chat.arrive("aIice", [], { account: "bob" }));
});

Deno.test("reclaim: the member gets its nickname despite rate limits, and the holder is returned", () => {
  const banReason = (origin: string) => origin.startsWith("bob!") ? "no bobs" : undefined;
  const registered: string[] = [];
  const chat = new Chat({ policy: { isRegistered: (nick) => registered.includes(fold(nick)), banReason }, renames: 1 });
  const lost = chat.arrive("alice", ["#tea"]); // before the name is registered, as by an import
  registered.push("alice", "bob");
  const member = chat.arrive("ally", ["#tea"], { account: "alice" });
  chat.hub.rename(member, "ally_");
  assertRejected("nicks-too-fast", "ally", () => chat.hub.rename(member, "ally"));
  chat.heard(member);
  assertEquals(chat.hub.reclaim(member, "alice", "taken back"), lost);
  assertEquals([chat.hub.has(lost), member.nick], [false, "alice"]);
  assertEquals(chat.heard(member), ["left #tea alice taken back 1 quit", "renamed ally_ alice alice"]);
  assertEquals(chat.hub.reclaim(member, "alice", "taken back"), undefined);
  assert(chat.hub.has(member));
});

Deno.test("reclaim: no member is disconnected when the nickname is rejected", () => {
  let ban: string | undefined;
  let registered = "";
  const chat = new Chat({ policy: { isRegistered: (nick) => fold(nick) === registered, banReason: () => ban } });
  const holder = chat.arrive("alice");
  registered = "alice";
  const member = chat.arrive("ally", [], { account: "alice" });
  const stranger = chat.arrive("bob");
  ban = "no more";
  assertRejected("server-banned", "no more", () => chat.hub.reclaim(member, "alice", "taken back"));
  ban = undefined;
  assertRejected("nick-registered", "alice", () => chat.hub.reclaim(stranger, "alice", "taken back"));
  assertEquals([chat.hub.has(holder), holder.nick, member.nick, stranger.nick], [true, "alice", "ally", "bob"]);
  chat.hub.rename(holder, "a1ice");
  assertRejected("nick-confusable", "alice", () => chat.hub.reclaim(member, "alice", "taken back"));
  assert(chat.hub.has(holder));
});
