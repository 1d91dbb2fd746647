import { assert, assertEquals } from "@std/assert";
import { ChatError } from "../../src/chat/chat_error.ts";
import { Mutes, RETRY_TIME } from "../../src/chat/mutes.ts";
import { MutedHosts, MUTES_MAX } from "../../src/chat/muted_hosts.ts";
import type { ExpiryClock } from "../../src/util/trusted_clock.ts";
import { Clock, MINUTE, NOON } from "../history/helpers.ts";
import { assertRejected, ChatFixture, sessionOf } from "./helpers.ts";
import { TwoNodes } from "./two_nodes.ts";

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

/** A node of two, and its clock. The commands that it gives are applied when the test says so. */
class MutingNode implements ExpiryClock {
  /** It has begun at another time on each node. */
  monotonic: number;
  readonly age = Infinity;
  onDuty = false;
  readonly pending: (() => void)[] = [];
  readonly mutes: Mutes;
  readonly #nodes: TwoNodes;

  constructor(nodes: TwoNodes, node: 0 | 1) {
    this.#nodes = nodes;
    this.monotonic = 1000 * (node + 1);
    const submit = <T>(give: () => T) => {
      const { promise, resolve } = Promise.withResolvers<T>();
      this.pending.push(() => resolve(give()));
      return promise;
    };
    this.mutes = new Mutes(this, nodes.hubs[node].muted, {
      mute: (host, until, action) => submit(() => void nodes.apply({ op: "mute", host, until, action })),
      unmute: (host, until) => submit(() => nodes.apply({ op: "unmute", host, until })[node]),
    }, () => this.onDuty);
  }

  now(): number {
    return this.#nodes.now;
  }

  reached(): number {
    return this.#nodes.now;
  }

  /** Has its commands applied on both nodes. */
  apply(): number {
    const commands = this.pending.splice(0);
    for (const command of commands) command();
    return commands.length;
  }
}

function mutingNodes() {
  const nodes = new TwoNodes();
  const each = [new MutingNode(nodes, 0), new MutingNode(nodes, 1)] as const;
  const pass = (time: number) => {
    nodes.now += time;
    for (const node of each) node.monotonic += time;
  };
  /** Has both look for mutes that are over, and returns how many commands each of them gives. */
  const expire = () => {
    for (const { mutes } of each) mutes.expire();
    return each.map((node) => node.apply());
  };
  const muted = () => nodes.hubs.map((hub) => [...hub.muted].map(([host]) => host));
  return { nodes, each, pass, expire, muted };
}

Deno.test("mutes: the node on duty ends those of all nodes, and each node says how long they last", async () => {
  const { each: [one, other], pass, expire, muted } = mutingNodes();
  one.onDuty = true;
  const added = other.mutes.add("cave", other.monotonic + MINUTE);
  assertEquals([other.apply(), await added], [1, undefined]);
  pass(MINUTE - 1);
  assertEquals([one, other].map(({ mutes, monotonic }) => mutes.all[0]!.until - monotonic), [1, 1]);
  assertEquals([expire(), muted()], [[0, 0], [["cave"], ["cave"]]]);
  pass(1);
  assertEquals([expire(), muted()], [[1, 0], [[], []]]);
  assertEquals(expire(), [0, 0]);
});

Deno.test("mutes: another node ends them when the one on duty is gone", () => {
  const { each: [one, other], pass, expire, muted } = mutingNodes();
  one.onDuty = true;
  void one.mutes.add("cave", one.monotonic + MINUTE);
  one.apply();
  pass(MINUTE);
  one.onDuty = false;
  assertEquals([expire(), muted()], [[0, 0], [["cave"], ["cave"]]]);
  other.onDuty = true;
  assertEquals([expire(), muted()], [[0, 1], [[], []]]);
});

Deno.test("mutes: the end of a mute does not end another one of the host that was made meanwhile", () => {
  const { each: [one, other], pass, muted } = mutingNodes();
  one.onDuty = true;
  void one.mutes.add("cave", one.monotonic + MINUTE);
  one.apply();
  pass(MINUTE);
  one.mutes.expire();
  void other.mutes.add("cave", Infinity);
  assertEquals([other.apply(), one.apply(), muted()], [1, 1, [["cave"], ["cave"]]]);
  pass(RETRY_TIME);
  assertEquals([one.mutes.all.map(({ until }) => until), one.pending.length], [[Infinity], 0]);
});

Deno.test("mutes: the end of a mute is given once, and again when it was lost", () => {
  const { each: [one], pass, muted } = mutingNodes();
  one.onDuty = true;
  void one.mutes.add("cave", one.monotonic + MINUTE);
  one.apply();
  pass(MINUTE);
  for (let n = 0; n < 3; n++) one.mutes.expire();
  assertEquals(one.pending.splice(0).length, 1, "and it is lost");
  pass(RETRY_TIME - 1);
  one.mutes.expire();
  assertEquals(one.pending.length, 0);
  pass(1);
  one.mutes.expire();
  assertEquals([one.apply(), muted()], [1, [[], []]]);
});

Deno.test("mutes: the end of a mute is given again when the cluster was busy, and fails no other command", () => {
  const clock: ExpiryClock = { monotonic: 0, age: Infinity, now: () => 0, reached: () => 0 };
  const hosts = new MutedHosts();
  let busy = true;
  const target = {
    mute: (host: string, until?: number) => hosts.mute(host, until),
    unmute(host: string, until?: number) {
      if (busy) throw new ChatError("cluster-busy", "");
      return hosts.unmute(host, until);
    },
  };
  const mutes = new Mutes(clock, hosts, target);
  mutes.add("cave", 1);
  Object.assign(clock, { monotonic: 1 });
  mutes.expire();
  assertEquals([...hosts].length, 1);
  busy = false;
  Object.assign(clock, { monotonic: 1 + RETRY_TIME });
  mutes.expire();
  assertEquals([...hosts], []);
});

Deno.test("mutes: a node that knows a mute from a snapshot or another node ends it by its monotonic clock from then on", () => {
  const { nodes, each: [one], muted } = mutingNodes();
  one.onDuty = true;
  nodes.apply({ op: "mute", host: "cave", until: nodes.now + MINUTE, action: undefined });
  one.mutes.expire();
  nodes.now += 365 * 24 * 60 * MINUTE; // the system clock is wrong
  one.monotonic += MINUTE - 1;
  one.mutes.expire();
  assertEquals(one.pending.length, 0);
  one.monotonic += 1;
  one.mutes.expire();
  assertEquals([one.apply(), muted()[0]], [1, []]);
});
