import { assert, assertEquals } from "@std/assert";
import { Mutes } from "../../src/chat/mutes.ts";
import { MUTES_MAX } from "../../src/chat/muted_hosts.ts";
import { Clock, MINUTE, NOON } from "../history/helpers.ts";
import { assertRejected, ChatFixture, sessionOf } from "./helpers.ts";

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
  const fixture = new ChatFixture();
  const [alice, carol] = [fixture.enter("alice", "#tea"), fixture.enter("carol")];
  const troll = fixture.arrive("troll", ["#tea"], { host: "cave" });
  fixture.chat.join(troll, "#cave"); // as its operator
  for (const each of [alice, carol, troll]) fixture.heard(each);
  fixture.chat.mutes.add("cave", Infinity);
  const tea = fixture.chat.findRoom("#tea");
  const cave = fixture.chat.findRoom("#cave");
  const attempts: Record<string, () => void> = {
    say: () => fixture.say(troll, "#tea", "spam"),
    act: () => fixture.say(troll, "#tea", "spams", { style: "action" }),
    note: () => fixture.say(troll, "#tea", "spam", { style: "notice" }),
    "say to the operators": () => fixture.say(troll, "#tea", "spam", { minRank: "op" }),
    "say in their own room": () => fixture.say(troll, "#cave", "spam"),
    whisper: () => fixture.chat.whisper(troll, "alice", "spam"),
    "whisper to nobody": () => fixture.chat.whisper(troll, "no-such-user", "spam"),
    tag: () => fixture.chat.tag(troll, tea, "+typing=active"),
    "tag a member": () => fixture.chat.tag(troll, alice, "+typing=active"),
    "set a topic": () => fixture.chat.setTopic(troll, cave, "spam"),
    invite: () => fixture.chat.invite(troll, cave, "alice"),
    "be away with a message": () => fixture.chat.setAway(troll, "spam"),
    "be called something": () => fixture.chat.rename(troll, "spam_spam"),
    "have another real name": () => fixture.chat.setRealname(troll, "spam"),
  };
  for (const attempt of Object.values(attempts)) assertRejected("muted", "troll", attempt);
  for (const mode of ["+b spam", "+e spam", "+I spam", "+k spam"]) {
    assertEquals(fixture.mode(troll, "#cave", mode), ["muted"], mode);
  }
  assertEquals([fixture.heard(alice), fixture.heard(carol), fixture.heard(troll)], [[], [], []]);
  assertEquals([cave.topic, troll.away, troll.realname], [undefined, undefined, ""]);
  fixture.say(alice, "#tea", "hello");
  assertEquals(fixture.heard(troll), ["said #tea alice hello say"]);
  fixture.chat.whisper(alice, "troll", "hello?");
  fixture.chat.join(troll, "#other");
  fixture.chat.setAway(troll, undefined);
  assertEquals([troll.rooms.has("#other"), fixture.heard(troll)], [true, ["whispered alice troll hello? say"]]);
});

Deno.test("mutes: the reasons of a muted member are left out", () => {
  const fixture = new ChatFixture();
  const [alice, troll] = [fixture.enter("alice"), fixture.arrive("troll", [], { host: "cave" })];
  for (const room of ["#cave", "#tea"]) for (const each of [troll, alice]) fixture.chat.join(each, room);
  const bob = fixture.enter("bob", "#cave");
  fixture.chat.mutes.add("cave", Infinity);
  fixture.chat.kick(troll, fixture.chat.findRoom("#cave"), "bob", "spam");
  fixture.chat.leave(troll, fixture.chat.findRoom("#cave"), "spam");
  fixture.chat.disconnect(sessionOf(troll), "spam", true);
  const heard = fixture.heard(alice);
  assertEquals(heard.length, 3, heard.join("\n"));
  assertEquals(heard.filter((line) => line.includes("spam")), []);
  assertEquals(fixture.heard(bob), ["kicked #cave troll bob"]);
});

Deno.test("mutes: the server's reason for disconnecting a muted member is delivered", () => {
  const fixture = new ChatFixture();
  const [alice, troll] = [fixture.enter("alice", "#tea"), fixture.arrive("troll", ["#tea"], { host: "cave" })];
  fixture.heard(alice);
  fixture.chat.mutes.add("cave", Infinity);
  fixture.chat.remove(troll, "too slow to read");
  assertEquals(fixture.heard(alice), ["left #tea troll too slow to read 1 quit"]);
});

Deno.test("mutes: a muted member may take the nickname of its account, and becomes a guest on logout", () => {
  const fixture = new ChatFixture({ policy: { isRegistered: (nick) => nick === "nice" } });
  const owner = fixture.arrive("guest7", [], { host: "cave", account: "nice" });
  fixture.chat.mutes.add("cave", Infinity);
  fixture.chat.rename(owner, "nice");
  assertEquals(owner.nick, "nice");
  fixture.chat.logout(sessionOf(owner));
  assertEquals(owner.nick, "guest1");
});

Deno.test("mutes: they apply to all members of a host except server operators", () => {
  const fixture = new ChatFixture();
  const hearer = fixture.enter("alice", "#tea");
  const troll = fixture.arrive("troll", ["#tea"], { host: "cave" });
  fixture.chat.mutes.add("cave", Infinity);
  const again = fixture.arrive("again", ["#tea"], { host: "cave" });
  const other = fixture.arrive("other", ["#tea"], { host: "hill" });
  const root = fixture.arrive("root", ["#tea"], { host: "cave" });
  fixture.chat.setFlag(root, "operator", true);
  fixture.heard(hearer);
  assertRejected("muted", "troll", () => fixture.say(troll, "#tea", "spam"));
  assertRejected("muted", "again", () => fixture.say(again, "#tea", "spam"));
  fixture.say(other, "#tea", "fine");
  fixture.say(root, "#tea", "order");
  assertEquals(fixture.heard(hearer), ["said #tea other fine say", "said #tea root order say"]);
});

Deno.test("mutes: a member may speak again as soon as the time of its mute is over", () => {
  using clock = new Clock();
  const fixture = new ChatFixture();
  const troll = fixture.arrive("troll", ["#tea"], { host: "cave" });
  fixture.chat.mutes.add("cave", NOON + MINUTE);
  clock.now = NOON + MINUTE - 1;
  assertRejected("muted", "troll", () => fixture.say(troll, "#tea", "spam"));
  clock.now++;
  fixture.say(troll, "#tea", "sorry");
  assertEquals(fixture.heard(troll), ["said #tea troll sorry say"]);
  assertEquals(fixture.chat.mutes.all, []);
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
