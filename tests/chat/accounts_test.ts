/** Registered nicknames, login, logout and private conversations of accounts. */
import { assert, assertEquals } from "@std/assert";
import type { Member } from "../../src/chat/member.ts";
import { fold } from "../../src/chat/names.ts";
import { skeleton } from "../../src/chat/skeleton.ts";
import { MemoryHistory } from "../../src/history/memory.ts";
import { readEntry, writeMessage } from "../../src/history/jsonl.ts";
import { runToEnd } from "../../src/util/steps.ts";
import { assertRejected, ChatFixture, dropAccount, sessionOf } from "./helpers.ts";

/** A chat with registered nicknames. */
function owning(...names: string[]): ChatFixture {
  const isRegistered = (nick: string) => names.includes(fold(nick));
  const registeredLike = (look: string) => names.find((name) => skeleton(name) === look);
  return new ChatFixture({
    policy: { isRegistered, registeredLike },
    history: new MemoryHistory(),
    keepPrivate: "all",
  });
}

Deno.test("accounts: a registered nickname is rejected without its account, when connecting and later", () => {
  const fixture = owning("alice");
  assertRejected("nick-registered", "ALICE", () => fixture.arrive("ALICE"));
  assertRejected("nick-registered", "alice", () => fixture.arrive("alice", [], { account: "bob" }));
  const alice = fixture.arrive("Alice", [], { account: "alice" });
  const carol = fixture.enter("carol");
  assertRejected("nick-registered", "alice", () => fixture.chat.rename(carol, "alice"));
  fixture.chat.rename(alice, "ally");
  assertRejected("nick-registered", "alice", () => fixture.chat.rename(carol, "alice"));
  fixture.chat.rename(alice, "aLiCe");
  assertEquals([alice.nick, carol.nick, alice.account], ["aLiCe", "carol", "alice"]);
  fixture.chat.requireFree("alice", alice);
  assertRejected("nick-taken", "alice", () => fixture.chat.requireFree("alice"));
});

Deno.test("login: members that share a room are told once", () => {
  const fixture = owning("alice");
  const carol = fixture.enter("carol", "#tea", "#den");
  const dave = fixture.enter("dave", "#tea", "#den");
  const eve = fixture.enter("eve");
  fixture.heard(dave);
  fixture.chat.login(sessionOf(carol), "alice");
  fixture.chat.login(sessionOf(carol), "alice");
  assertEquals(fixture.heard(dave), ["account carol alice"]);
  fixture.say(carol, "#tea", "hi");
  assertEquals(fixture.heard(dave)[0]?.includes(" alice"), true);
  fixture.chat.logout(sessionOf(carol));
  fixture.chat.logout(sessionOf(carol));
  assertEquals(fixture.heard(dave), ["account carol"]);
  assertEquals([fixture.heard(eve), carol.nick], [[], "carol"]);
});

Deno.test("logout: a member with a registered nickname becomes a guest", () => {
  const fixture = owning("alice", "bob");
  const alice = fixture.arrive("alice", ["#tea"], { account: "alice" });
  const dave = fixture.enter("dave", "#tea");
  fixture.chat.logout(sessionOf(alice));
  assertEquals([alice.nick, alice.account], ["guest1", undefined]);
  assertEquals(fixture.heard(dave), ["account alice", "modes #tea -q alice", "renamed alice guest1"]);
  fixture.chat.login(sessionOf(alice), "bob");
  fixture.chat.rename(alice, "bob");
  fixture.chat.login(sessionOf(alice), "alice");
  assertEquals([alice.nick, alice.account], ["guest1", "alice"]);
  assertEquals([fixture.chat.getByAccount("ALICE"), fixture.chat.getByAccount("bob")], [alice, undefined]);
});

Deno.test("nicknames: no guest gets a registered name", () => {
  const fixture = owning("guest1", "guest3");
  assertEquals([fixture.enter().nick, fixture.enter().nick], ["guest2", "guest4"]);
});

Deno.test("private history: a conversation belongs to the account, under any nickname and host", () => {
  const fixture = owning("alice");
  const bob = fixture.enter("bob");
  const alice = fixture.arrive("alice", [], { account: "alice", host: "home" });
  fixture.chat.whisper(bob, "alice", "one");
  fixture.chat.whisper(alice, "bob", "two");
  fixture.chat.rename(alice, "ally");
  fixture.chat.whisper(bob, "ally", "three");
  const texts = (member: typeof alice) =>
    fixture.chat.history.conversation(member, "bob", { count: 9 }).map(({ text }) => text);
  assertEquals(texts(alice), ["one", "two", "three"]);
  fixture.chat.remove(alice);
  const away = fixture.arrive("phone", [], { account: "Alice", host: "away" });
  assertEquals(texts(away), ["one", "two", "three"]);
  assertEquals(runToEnd(fixture.chat.history.conversations(away)).map((each) => each.with), ["bob"]);
  fixture.chat.logout(sessionOf(away));
  assertEquals([texts(away), runToEnd(fixture.chat.history.conversations(away))], [[], []]);
  const impostor = fixture.arrive("ally", [], { host: "home" });
  assertEquals([texts(impostor), runToEnd(fixture.chat.history.conversations(impostor))], [[], []]);
});

Deno.test("private history: no later user reads a guest's conversations, from the same host or with an account", () => {
  const fixture = owning();
  const bob = fixture.enter("bob");
  const carol = fixture.arrive("carol", [], { host: "home" });
  const texts = (member: Member) => {
    const listed = runToEnd(fixture.chat.history.conversations(member)).map(({ line }) => line.text);
    return [fixture.chat.history.conversation(member, "bob", { count: 9 }).map(({ text }) => text), listed];
  };
  fixture.chat.whisper(bob, "carol", "psst");
  assertEquals(texts(carol), [["psst"], ["psst"]]);
  fixture.chat.rename(carol, "caro");
  assertEquals(texts(fixture.arrive("carol", [], { host: "home" })), [[], []], "of a guest that is still here");
  fixture.chat.remove(fixture.chat.find("carol"));
  fixture.chat.rename(carol, "carol");
  fixture.chat.remove(carol);
  for (const account of [undefined, "carol"]) {
    const member = fixture.arrive("carol", [], { host: "home", account });
    assertEquals(texts(member), [[], []], account);
    fixture.chat.remove(member);
  }
  const later = fixture.arrive("erin", [], { host: "home" });
  fixture.chat.rename(later, "carol");
  assertEquals(texts(later), [[], []], "after a change of the nickname");
  fixture.chat.login(later.sessions[0]!, "carol");
  assertEquals(texts(later), [[], []], "after a login");
});

Deno.test("private history: the next owner of an account cannot read deleted conversations", () => {
  const fixture = owning("alice");
  const bob = fixture.enter("bob");
  const alice = fixture.arrive("alice", [], { account: "alice" });
  const other = fixture.arrive("alice2", [], { account: "alice2" });
  fixture.chat.whisper(bob, "alice", "for alice");
  fixture.chat.whisper(bob, "alice2", "for the other");
  runToEnd(fixture.chat.history.forgetConversations("ALICE"));
  assertEquals(runToEnd(fixture.chat.history.conversations(alice)), []);
  assertEquals(runToEnd(fixture.chat.history.conversations(other)).map(({ line }) => line.text), ["for the other"]);
  assertEquals(runToEnd(fixture.chat.history.conversations(bob)).length, 2);
});

Deno.test("private history: the command that deletes an account deletes its conversations, as on all nodes", () => {
  const fixture = owning("alice");
  const bob = fixture.enter("bob");
  fixture.arrive("alice", [], { account: "alice" });
  const other = fixture.arrive("alice2", [], { account: "alice2" });
  fixture.chat.whisper(bob, "alice", "for alice");
  fixture.chat.whisper(bob, "alice2", "for the other");
  dropAccount(fixture.chat, "alice");
  const next = fixture.arrive("carol", [], { account: "alice" });
  assertEquals(runToEnd(fixture.chat.history.conversations(next)), []);
  assertEquals(runToEnd(fixture.chat.history.conversations(other)).map(({ line }) => line.text), ["for the other"]);
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
  const fixture = new ChatFixture({
    policy: { isRegistered: (nick) => fold(nick) === "alice", banReason },
    renames: 1,
  });
  const alice = fixture.arrive("ally", [], { account: "alice" });
  fixture.chat.rename(alice, "alice");
  assertRejected("nicks-too-fast", "alison", () => fixture.chat.rename(alice, "alison"));
  fixture.chat.logout(sessionOf(alice));
  assertEquals([alice.nick, alice.account], ["guest1", undefined]);
});

Deno.test("logout: a member whose nickname looks like a registered one becomes a guest", () => {
  const fixture = owning("alice", "bob");
  const alice = fixture.arrive("a1ice", ["#tea"], { account: "alice" });
  const dave = fixture.enter("dave", "#tea");
  fixture.chat.logout(sessionOf(alice));
  const told = ["account a1ice", "modes #tea -q a1ice", "renamed a1ice guest1"];
  assertEquals([alice.nick, fixture.heard(dave)], ["guest1", told]);
  fixture.chat.login(sessionOf(alice), "alice");
  fixture.chat.rename(alice, "aIice");
  fixture.chat.login(sessionOf(alice), "bob");
  assertEquals([alice.nick, alice.account], ["guest1", "bob"]);
  fixture.chat.rename(alice, "robert");
  fixture.chat.logout(sessionOf(alice));
  assertEquals(alice.nick, "robert");
});

Deno.test("accounts: of two registered nicknames that look alike, each is for its own account", () => {
  const fixture = owning("a1ice", "alice");
  const alice = fixture.arrive("alice", [], { account: "alice" });
  fixture.chat.rename(alice, "ally");
  fixture.chat.rename(alice, "alice");
  fixture.chat.remove(alice);
  assertEquals(fixture.arrive("a1ice", [], { account: "a1ice" }).nick, "a1ice");
  assertRejected("nick-confusable", "aIice", () => fixture.arrive("aIice", [], { account: "bob" }));
});

Deno.test("reclaim: the member gets its nickname despite rate limits, and the holder is returned", () => {
  const banReason = (origin: string) => origin.startsWith("bob!") ? "no bobs" : undefined;
  const registered: string[] = [];
  const fixture = new ChatFixture({
    policy: { isRegistered: (nick) => registered.includes(fold(nick)), banReason },
    renames: 1,
  });
  const lost = fixture.arrive("alice", ["#tea"]); // before the name is registered, as by an import
  registered.push("alice", "bob");
  const member = fixture.arrive("ally", ["#tea"], { account: "alice" });
  fixture.chat.rename(member, "ally_");
  assertRejected("nicks-too-fast", "ally", () => fixture.chat.rename(member, "ally"));
  fixture.heard(member);
  assertEquals(fixture.chat.reclaim(member, "alice", "taken back"), lost);
  assertEquals([fixture.chat.has(lost), member.nick], [false, "alice"]);
  assertEquals(fixture.heard(member), ["left #tea alice taken back 1 quit", "renamed ally_ alice alice"]);
  assertEquals(fixture.chat.reclaim(member, "alice", "taken back"), undefined);
  assert(fixture.chat.has(member));
});

Deno.test("reclaim: no member is disconnected when the nickname is rejected", () => {
  let ban: string | undefined;
  let registered = "";
  const fixture = new ChatFixture({
    policy: { isRegistered: (nick) => fold(nick) === registered, banReason: () => ban },
  });
  const holder = fixture.arrive("alice");
  registered = "alice";
  const member = fixture.arrive("ally", [], { account: "alice" });
  const stranger = fixture.arrive("bob");
  ban = "no more";
  assertRejected("server-banned", "no more", () => fixture.chat.reclaim(member, "alice", "taken back"));
  ban = undefined;
  assertRejected("nick-registered", "alice", () => fixture.chat.reclaim(stranger, "alice", "taken back"));
  assertEquals([fixture.chat.has(holder), holder.nick, member.nick, stranger.nick], [true, "alice", "ally", "bob"]);
  fixture.chat.rename(holder, "a1ice");
  assertRejected("nick-confusable", "alice", () => fixture.chat.reclaim(member, "alice", "taken back"));
  assert(fixture.chat.has(holder));
});
