import { assert, assertEquals } from "@std/assert";
import { Mutes } from "../../src/chat/mutes.ts";
import { MUTES_MAX } from "../../src/chat/muted_hosts.ts";
import { Clock, MINUTE, NOON } from "../history/helpers.ts";
import { assertRejected, Chat, sessionOf } from "./helpers.ts";

Deno.test("mutes: a host is muted until its time is over, or without a limit", () => {
  using clock = new Clock();
  const mutes = new Mutes();
  mutes.add("one", NOON + MINUTE);
  mutes.add("two", Infinity);
  const muted = () => ["one", "two", "three"].filter((host) => mutes.has(host));
  clock.now = NOON + MINUTE - 1;
  assertEquals(muted(), ["one", "two"]);
  clock.now++;
  assertEquals(muted(), ["two"]);
  clock.now = NOON - MINUTE; // a mute that has ended stays ended
  assertEquals(muted(), ["two"]);
  clock.now = NOON + 1e15;
  assertEquals(muted(), ["two"]);
});

Deno.test("mutes: remove returns whether the host was muted", () => {
  using clock = new Clock();
  const mutes = new Mutes();
  assert(!mutes.remove("one"));
  mutes.add("one", NOON + MINUTE);
  assert(mutes.remove("one"));
  assert(!mutes.has("one") && !mutes.remove("one"));
  mutes.add("one", NOON + MINUTE);
  clock.now = NOON + MINUTE;
  assert(!mutes.remove("one"), "its time is over");
});

Deno.test("mutes: a second mute replaces the first, even if it is shorter", () => {
  using clock = new Clock();
  const mutes = new Mutes();
  mutes.add("one", Infinity);
  mutes.add("one", NOON + MINUTE);
  clock.now = NOON + MINUTE;
  assert(!mutes.has("one"));
});

Deno.test("mutes: they are listed in order, with who made them, until their time is over", () => {
  using clock = new Clock();
  const mutes = new Mutes();
  mutes.add("one", NOON + MINUTE);
  mutes.add("two", Infinity, { who: "troll", by: "root" });
  mutes.add("three", NOON + 2 * MINUTE);
  mutes.add("one", NOON + 3 * MINUTE);
  const listed = () => mutes.all.map(({ host, until, action }) => [host, until, action?.who, action?.by]);
  assertEquals(listed(), [
    ["two", Infinity, "troll", "root"],
    ["three", NOON + 2 * MINUTE, undefined, undefined],
    ["one", NOON + 3 * MINUTE, undefined, undefined],
  ]);
  clock.now = NOON + 2 * MINUTE;
  assertEquals(listed().map(([host]) => host), ["two", "one"]);
});

Deno.test("mutes: one too many replaces the oldest", () => {
  const mutes = new Mutes();
  for (let n = 0; n < MUTES_MAX; n++) mutes.add(`host${n}`, Infinity);
  assert(mutes.has("host0"));
  mutes.add("host1", Infinity); // no other is replaced, and it is the newest now
  for (const host of ["host0", "host1", `host${MUTES_MAX - 1}`]) assert(mutes.has(host), host);
  for (const host of ["another", "and another"]) mutes.add(host, Infinity);
  for (const host of ["host0", "host2"]) assert(!mutes.has(host), host);
  for (const host of ["host1", "host3", "another", "and another"]) assert(mutes.has(host), host);
});

Deno.test("mutes: a muted member can join, leave and read, and none of its texts is delivered", () => {
  const chat = new Chat();
  const [alice, carol] = [chat.enter("alice", "#tea"), chat.enter("carol")];
  const troll = chat.arrive("troll", ["#tea"], { host: "cave" });
  chat.hub.join(troll, "#cave"); // as its operator
  for (const each of [alice, carol, troll]) chat.heard(each);
  chat.hub.mutes.add("cave", Infinity);
  const tea = chat.hub.findRoom("#tea");
  const cave = chat.hub.findRoom("#cave");
  const attempts: Record<string, () => void> = {
    say: () => chat.say(troll, "#tea", "spam"),
    act: () => chat.say(troll, "#tea", "spams", { style: "action" }),
    note: () => chat.say(troll, "#tea", "spam", { style: "notice" }),
    "say to the operators": () => chat.say(troll, "#tea", "spam", { minRank: "op" }),
    "say in their own room": () => chat.say(troll, "#cave", "spam"),
    whisper: () => chat.hub.whisper(troll, "alice", "spam"),
    "whisper to nobody": () => chat.hub.whisper(troll, "no-such-user", "spam"),
    tag: () => chat.hub.tag(troll, tea, "+typing=active"),
    "tag a member": () => chat.hub.tag(troll, alice, "+typing=active"),
    "set a topic": () => chat.hub.setTopic(troll, cave, "spam"),
    invite: () => chat.hub.invite(troll, cave, "alice"),
    "be away with a message": () => chat.hub.setAway(troll, "spam"),
    "be called something": () => chat.hub.rename(troll, "spam_spam"),
    "have another real name": () => chat.hub.setRealname(troll, "spam"),
  };
  for (const attempt of Object.values(attempts)) assertRejected("muted", "troll", attempt);
  for (const mode of ["+b spam", "+e spam", "+I spam", "+k spam"]) {
    assertEquals(chat.mode(troll, "#cave", mode), ["muted"], mode);
  }
  assertEquals([chat.heard(alice), chat.heard(carol), chat.heard(troll)], [[], [], []]);
  assertEquals([cave.topic, troll.away, troll.realname], [undefined, undefined, ""]);
  chat.say(alice, "#tea", "hello");
  assertEquals(chat.heard(troll), ["said #tea alice hello say"]);
  chat.hub.whisper(alice, "troll", "hello?");
  chat.hub.join(troll, "#other");
  chat.hub.setAway(troll, undefined);
  assertEquals([troll.rooms.has("#other"), chat.heard(troll)], [true, ["whispered alice troll hello? say"]]);
});

Deno.test("mutes: the reasons of a muted member are left out", () => {
  const chat = new Chat();
  const [alice, troll] = [chat.enter("alice"), chat.arrive("troll", [], { host: "cave" })];
  for (const room of ["#cave", "#tea"]) for (const each of [troll, alice]) chat.hub.join(each, room);
  const bob = chat.enter("bob", "#cave");
  chat.hub.mutes.add("cave", Infinity);
  chat.hub.kick(troll, chat.hub.findRoom("#cave"), "bob", "spam");
  chat.hub.leave(troll, chat.hub.findRoom("#cave"), "spam");
  chat.hub.disconnect(sessionOf(troll), "spam", true);
  const heard = chat.heard(alice);
  assertEquals(heard.length, 3, heard.join("\n"));
  assertEquals(heard.filter((line) => line.includes("spam")), []);
  assertEquals(chat.heard(bob), ["kicked #cave troll bob"]);
});

Deno.test("mutes: the server's reason for disconnecting a muted member is delivered", () => {
  const chat = new Chat();
  const [alice, troll] = [chat.enter("alice", "#tea"), chat.arrive("troll", ["#tea"], { host: "cave" })];
  chat.heard(alice);
  chat.hub.mutes.add("cave", Infinity);
  chat.hub.remove(troll, "too slow to read");
  assertEquals(chat.heard(alice), ["left #tea troll too slow to read 1 quit"]);
});

Deno.test("mutes: a muted member may take the nickname of its account, and becomes a guest on logout", () => {
  const chat = new Chat({ policy: { isRegistered: (nick) => nick === "nice" } });
  const owner = chat.arrive("guest7", [], { host: "cave", account: "nice" });
  chat.hub.mutes.add("cave", Infinity);
  chat.hub.rename(owner, "nice");
  assertEquals(owner.nick, "nice");
  chat.hub.logout(sessionOf(owner));
  assertEquals(owner.nick, "guest1");
});

Deno.test("mutes: they apply to all members of a host except server operators", () => {
  const chat = new Chat();
  const hearer = chat.enter("alice", "#tea");
  const troll = chat.arrive("troll", ["#tea"], { host: "cave" });
  chat.hub.mutes.add("cave", Infinity);
  const again = chat.arrive("again", ["#tea"], { host: "cave" });
  const other = chat.arrive("other", ["#tea"], { host: "hill" });
  const root = chat.arrive("root", ["#tea"], { host: "cave" });
  chat.hub.setFlag(root, "operator", true);
  chat.heard(hearer);
  assertRejected("muted", "troll", () => chat.say(troll, "#tea", "spam"));
  assertRejected("muted", "again", () => chat.say(again, "#tea", "spam"));
  chat.say(other, "#tea", "fine");
  chat.say(root, "#tea", "order");
  assertEquals(chat.heard(hearer), ["said #tea other fine say", "said #tea root order say"]);
});

Deno.test("mutes: a member may speak again as soon as the time of its mute is over", () => {
  using clock = new Clock();
  const chat = new Chat();
  const troll = chat.arrive("troll", ["#tea"], { host: "cave" });
  chat.hub.mutes.add("cave", NOON + MINUTE);
  clock.now = NOON + MINUTE - 1;
  assertRejected("muted", "troll", () => chat.say(troll, "#tea", "spam"));
  clock.now++;
  chat.say(troll, "#tea", "sorry");
  assertEquals(chat.heard(troll), ["said #tea troll sorry say"]);
  assertEquals(chat.hub.mutes.all, []);
});

Deno.test("mutes: the time of a mute that made room for another does not end a later one", () => {
  using clock = new Clock();
  const mutes = new Mutes();
  mutes.add("one", NOON + MINUTE);
  for (let n = 0; n < MUTES_MAX; n++) mutes.add(`host${n}`, Infinity);
  assert(!mutes.has("one"));
  mutes.add("one", Infinity);
  clock.now = NOON + 2 * MINUTE;
  assert(mutes.has("one"));
});
