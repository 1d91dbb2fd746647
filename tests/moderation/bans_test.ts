import { assert, assertEquals, assertThrows } from "@std/assert";
import { type Ban, Bans, BANS_MAX, type BanStore, readBan } from "../../src/moderation/bans.ts";
import { SnapshotError } from "../../src/chat/snapshot_records.ts";
import { Clock, MINUTE, NOON } from "../history/helpers.ts";

function ban(what: string, change: Partial<Ban> = {}): Ban {
  return { what, by: "root", reason: "spam", since: NOON, until: Infinity, ...change };
}

/** A store in memory that compares by case, like the table. It can be made to fail. */
class FakeStore implements BanStore {
  readonly stored = new Map<string, Ban>();
  broken = false;

  bans(): Ban[] {
    return [...this.stored.values()];
  }

  addBan(ban: Ban): void {
    if (this.broken) throw new Error("the disk is full");
    this.stored.set(ban.what, ban);
  }

  removeBan(what: string): void {
    if (this.broken) throw new Error("the disk is full");
    this.stored.delete(what);
  }
}

function banned(bans: Bans, addresses: readonly string[]): string[] {
  return addresses.filter((address) => bans.findByAddress(address) !== undefined);
}

/** Asserts that a ban matches these addresses and no others. */
function assertBans(what: string, matching: readonly string[], others: readonly string[]): void {
  const bans = new Bans();
  bans.add(ban("198.51.100.1"));
  bans.add(ban(what));
  assertEquals(banned(bans, [...matching, ...others]), [...matching], what);
  for (const address of matching) assertEquals(bans.findByAddress(address)?.what, what, address);
}

Deno.test("bans: a banned address is matched however it is written, and no other address", () => {
  assertBans("192.0.2.7", ["192.0.2.7", "::ffff:192.0.2.7", "::FFFF:192.0.2.7"], ["192.0.2.8", "192.0.2.70", "::1"]);
  assertBans("2001:db8::7", ["2001:db8::7", "2001:DB8:0:0::7", "2001:db8::7%eth0"], ["2001:db8::8", "2001:db8:7::"]);
  assertBans("2001:DB8::7", ["2001:db8::7"], ["2001:db8::8"]);
  assertBans("::ffff:192.0.2.7", ["192.0.2.7", "::ffff:192.0.2.7"], ["192.0.2.8", "::ffff:192.0.2.8"]);
});

Deno.test("bans: a banned account is matched in any case, under any nickname, and no nickname is like one", () => {
  const bans = new Bans();
  bans.add(ban("~a:Eve", { nick: "evelyn" }));
  bans.add(ban("~a:*bot"));
  const found = (origin: string, account?: string) => bans.findByOrigin(origin, account)?.what;
  assertEquals([found("bob!~b@h", "EVE"), found("bob!~b@h", "spambot")], ["~a:Eve", "~a:*bot"]);
  assertEquals([found("eve!~a:eve@h"), found("~a:eve!x@h"), found("eve!~b@h", "eve2")], [
    undefined,
    undefined,
    undefined,
  ]);
  assertEquals([bans.byNick("EVELYN").map(({ what }) => what), bans.byNick("eve")], [["~a:Eve"], []]);
  const masks = ["~a:eve", "~a:e*", "~a:", "~a:*", "~a:?*", "~a:a b", "~a:a!b@c", `~a:${"x".repeat(200)}`];
  assertEquals(masks.map(readBan), ["~a:eve", "~a:e*", ...Array(6).fill(undefined)]);
});

Deno.test("bans: a banned network is matched from its first address to its last", () => {
  const within = ["10.0.0.0", "10.255.255.255", "::ffff:10.1.2.3"];
  assertBans("10.0.0.0/8", within, ["9.255.255.255", "11.0.0.0", "::ffff:11.0.0.0", "a00::1"]);
  assertBans("10.1.2.3/8", within, ["9.255.255.255", "11.0.0.0"]);
  assertBans("192.0.2.4/30", ["192.0.2.4", "192.0.2.7"], ["192.0.2.3", "192.0.2.8"]);
  assertBans("192.0.2.4/32", ["192.0.2.4"], ["192.0.2.5"]);
  assertBans("128.0.0.0/1", ["128.0.0.0", "255.255.255.255"], ["127.255.255.255", "8000::"]);
  assertBans("2001:db8::/64", ["2001:db8::", "2001:db8::ffff:ffff:ffff:ffff"], ["2001:db8:0:1::", "2001:db7:ffff::"]);
  assertBans("2001:db8::/33", ["2001:db8:7fff::1"], ["2001:db8:8000::"]);
  assertBans("2001:db8::1/128", ["2001:db8::1"], ["2001:db8::"]);
});

Deno.test("bans: a text that is not an address matches no ban", () => {
  const bans = new Bans();
  bans.add(ban("10.0.0.0/8"));
  for (const strange of ["", "unknown", "10.0.0", "10.0.0.1.2", "10.0.0.0/8", "host.hidden"]) {
    assertEquals(bans.findByAddress(strange), undefined, strange);
  }
});

Deno.test("bans: a mask matches members in any case, and no address", () => {
  const bans = new Bans();
  bans.add(ban("Troll!*@*"));
  bans.add(ban("*!~bot@host?.hidden"));
  const of = (origin: string) => bans.findByOrigin(origin)?.what;
  assertEquals(of("TROLL!~a@b"), "Troll!*@*");
  assertEquals(of("other!~bot@HOST7.hidden"), "*!~bot@host?.hidden");
  for (const other of ["troll2!~a@b", "a!~troll@troll", "other!~bot@host.hidden"]) {
    assertEquals(of(other), undefined, other);
  }
  bans.add(ban("192.0.2.7"));
  assertEquals([of("a!~b@192.0.2.7"), bans.findByAddress("192.0.2.7")?.what], [undefined, "192.0.2.7"]);
});

Deno.test("bans: a ban ends at its time and is removed from the store", () => {
  using clock = new Clock();
  const store = new FakeStore();
  const bans = new Bans(store);
  bans.add(ban("192.0.2.7", { until: NOON + MINUTE }));
  bans.add(ban("troll!*@*", { until: NOON + 2 * MINUTE }));
  bans.add(ban("192.0.2.8"));
  const left = () => [
    bans.findByAddress("192.0.2.7")?.what,
    bans.findByOrigin("troll!~a@b")?.what,
    bans.findByAddress("192.0.2.8")?.what,
    [...store.stored.keys()],
  ];
  clock.now = NOON + MINUTE - 1;
  const all = ["192.0.2.7", "troll!*@*", "192.0.2.8"];
  assertEquals(left(), [...all, all]);
  clock.now++;
  assertEquals(left(), [undefined, ...all.slice(1), all.slice(1)]);
  clock.now = NOON + 2 * MINUTE;
  assertEquals(left(), [undefined, undefined, "192.0.2.8", ["192.0.2.8"]]);
  clock.now = NOON + 1e15;
  assertEquals(bans.all.map(({ what }) => what), ["192.0.2.8"]);
});

Deno.test("bans: a restart keeps all bans but those that have ended", () => {
  using clock = new Clock();
  const store = new FakeStore();
  const before = new Bans(store);
  before.add(ban("192.0.2.7", { until: NOON + MINUTE }));
  before.add(ban("192.0.2.8", { until: NOON + 3 * MINUTE, reason: "flood" }));
  before.add(ban("troll!*@*"));
  clock.now = NOON + 2 * MINUTE;
  const after = new Bans(store);
  assertEquals(after.findByAddress("192.0.2.7"), undefined);
  assertEquals(after.findByAddress("192.0.2.8")?.reason, "flood");
  assertEquals(after.all, [
    ban("192.0.2.8", { until: NOON + 3 * MINUTE, reason: "flood" }),
    ban("troll!*@*"),
  ]);
  clock.now = NOON + 3 * MINUTE;
  assertEquals(after.findByAddress("192.0.2.8"), undefined);
});

Deno.test("bans: a second ban of the same target replaces the first, is listed last, and is removed as one", () => {
  using clock = new Clock();
  const store = new FakeStore();
  const bans = new Bans(store);
  for (const what of ["Troll!*@*", "192.0.2.7", "2001:DB8::/64"]) bans.add(ban(what, { until: NOON + MINUTE }));
  bans.add(ban("troll!*@*", { reason: "again" }));
  bans.add(ban("2001:db8::/64", { reason: "again" }));
  assertEquals(bans.all.map(({ what, reason }) => `${what} ${reason}`), [
    "192.0.2.7 spam",
    "troll!*@* again",
    "2001:db8::/64 again",
  ]);
  assertEquals(bans.findByAddress("2001:db8::1")?.reason, "again", "at once");
  clock.now = NOON + MINUTE;
  assertEquals(bans.findByOrigin("Troll!~a@b")?.reason, "again", "the longer one counts");
  assertEquals(bans.findByAddress("2001:db8::1")?.reason, "again");
  assert(bans.remove("TROLL!*@*") && bans.remove("2001:DB8::/64"));
  for (const each of [bans, new Bans(store)]) assertEquals(each.all, [], "removed, also after a restart");
});

Deno.test("bans: remove returns whether there was such a ban", () => {
  const store = new FakeStore();
  const bans = new Bans(store);
  bans.add(ban("10.0.0.0/8"));
  bans.add(ban("10.1.0.0/16"));
  assert(!bans.remove("10.1.1.1"));
  assert(bans.remove("10.0.0.0/8"));
  assert(!bans.remove("10.0.0.0/8"));
  assertEquals(
    banned(bans, ["10.0.0.1", "10.1.0.1"]),
    ["10.1.0.1"],
    "an address in two banned networks is still banned",
  );
  assertEquals([...store.stored.keys()], ["10.1.0.0/16"]);
});

Deno.test("bans: the limit is reached until a ban ends or is removed", () => {
  using clock = new Clock();
  const bans = new Bans();
  for (let n = 0; n < BANS_MAX; n++) {
    assert(!bans.full, `${n}`);
    bans.add(ban(`10.0.${n >> 8}.${n & 255}`, { until: n === 7 ? NOON + MINUTE : Infinity }));
  }
  assert(bans.full);
  assert(bans.remove("10.0.0.0"));
  assert(!bans.full);
  bans.add(ban("10.0.0.0"));
  assert(bans.full);
  clock.now = NOON + MINUTE;
  assert(!bans.full);
  assertEquals(bans.all.length, BANS_MAX - 1);
});

Deno.test("bans: errors of the store are reported, and changes are in force all the same", () => {
  const store = new FakeStore();
  store.stored.set("192.0.2.9", ban("192.0.2.9"));
  const errors: string[] = [];
  const bans = new Bans(store, ({ message }) => errors.push(message));
  store.broken = true;
  bans.add(ban("192.0.2.7"));
  assert(bans.remove("192.0.2.9"));
  assertEquals(errors, ["the disk is full", "the disk is full"]);
  assertEquals(banned(bans, ["192.0.2.7", "192.0.2.9"]), ["192.0.2.7"]);
  assertEquals(bans.all.map(({ what }) => what), ["192.0.2.7"]);
});

Deno.test("bans: a ban ends even if the store fails, which is reported once", () => {
  using clock = new Clock();
  const store = new FakeStore();
  let errors = 0;
  const bans = new Bans(store, () => errors++);
  bans.add(ban("192.0.2.7", { until: NOON + MINUTE }));
  store.broken = true;
  clock.now = NOON + MINUTE;
  for (let n = 0; n < 3; n++) assertEquals([bans.findByAddress("192.0.2.7"), bans.all], [undefined, []]);
  assertEquals(errors, 1);
});

Deno.test("bans: a jump of the clock stores new end times once, and only of bans that are in force and end", () => {
  const clock = { time: NOON, monotonic: 0, age: 0, now: () => clock.time, reached: () => clock.time };
  const store = new FakeStore();
  const writes: string[] = [];
  const addBan = store.addBan.bind(store);
  store.addBan = (ban) => {
    writes.push(ban.what);
    addBan(ban);
  };
  const bans = new Bans(store, undefined, clock);
  bans.add(ban("192.0.2.7", { until: NOON + 10 * MINUTE }));
  bans.add(ban("192.0.2.8", { until: NOON + 10 * MINUTE }));
  bans.add(ban("192.0.2.9"));
  bans.remove("192.0.2.8");
  writes.length = 0;
  clock.time += 60 * MINUTE;
  clock.monotonic += MINUTE;
  for (let n = 0; n < 3; n++) assertEquals(banned(bans, ["192.0.2.7", "192.0.2.8", "192.0.2.9"]).length, 2);
  assertEquals(writes, ["192.0.2.7"]);
  assertEquals([...store.stored.values()].map(({ what, until }) => [what, until]), [
    ["192.0.2.7", clock.time + 9 * MINUTE],
    ["192.0.2.9", Infinity],
  ]);
});

Deno.test("readBan: addresses and networks are returned unchanged, and anything else is completed to a mask", () => {
  for (
    const what of ["192.0.2.7", "192.0.2.0/24", "10.1.2.3/8", "2001:DB8::/32", "::1", "::ffff:192.0.2.7", "0.0.0.0"]
  ) {
    for (const before of ["", "@", "*@", "*!*@"]) assertEquals(readBan(before + what), what, "as on IRC");
  }
  const masks = {
    "troll": "troll!*@*",
    "[Bot]-1": "[Bot]-1!*@*",
    "~bot@": "*!~bot@*",
    "@0a1b2c3d4e5f.hidden": "*!*@0a1b2c3d4e5f.hidden",
    "0a1b2c3d4e5f.hidden": "*!*@0a1b2c3d4e5f.hidden",
    "tr?ll*!*@*": "tr?ll*!*@*",
  };
  for (const [text, mask] of Object.entries(masks)) assertEquals(readBan(text), mask);
});

Deno.test("readBan: a long text that is almost an address is rejected", () => {
  for (const char of ["a", ".", "*"]) assertEquals(readBan(`${char.repeat(50_000)}!`), undefined);
});

Deno.test("readBan: bans of all members, of no possible member, and of parts of addresses are rejected", () => {
  const allMembers = ["*", "**", "*!*@*", "!@", "*!*", "0.0.0.0/0", "10.0.0.0/0", "::/0", "0.0.0.0/00"];
  const allOfIPv4 = ["::/1", "::/80", "::ffff:0.0.0.0/96", "::ffff:10.0.0.0/90"];
  const allHosts = ["*!*@*.hidden", "*.hidden", "*!~*@*", "*!*@*.*"];
  const impossible = ["", "a b", "é…", "a\x07", "10.0.0.0/33", "2001:db8::/129", "300.1.1.1", "10.0.0.*", "10.0.0.1/"];
  const noMask = ["*@10.0.0.*", "troll@192.0.2.7", "troll!*@2001:db8::7", "*!~troll@192.0.2.0/24", "*@0.0.0.0/0"];
  for (
    const text of [
      ...allMembers,
      ...allOfIPv4,
      ...allHosts,
      ...impossible,
      ...noMask,
      "x".repeat(151),
      `${"x".repeat(150)}!*@*`,
    ]
  ) {
    assertEquals(readBan(text), undefined, text);
  }
});

Deno.test("bans: a snapshot of them replaces those of another node, and what that has stored", () => {
  using clock = new Clock();
  const store = new FakeStore();
  const [from, to] = [new Bans(), new Bans(store)];
  const kept = ban("192.0.2.0/24", { until: NOON + MINUTE, nick: "troll" });
  for (const each of [kept, ban("Troll!*@*")]) from.add(each);
  for (const each of [ban("10.0.0.1"), ban("troll!*@*"), ban("192.0.2.0/24", { until: NOON + 1 })]) to.add(each);
  const records = JSON.parse(JSON.stringify([...from.section.take()]));
  to.section.restore(records);
  assertEquals([to.all, to.section.name], [from.all, "bans"]);
  assertEquals([...store.stored.values()].sort((a, b) => a.what < b.what ? -1 : 1), [kept, ban("Troll!*@*")]);
  assertEquals([to.findByAddress("10.0.0.1"), to.findByAddress("192.0.2.7")], [undefined, kept]);
  assertEquals(new Bans(store).byNick("TROLL"), [kept]);
  clock.now = NOON + MINUTE;
  assertEquals(to.all, [ban("Troll!*@*")]);
  to.section.restore([]);
  assertEquals([to.all, store.stored.size], [[], 0]);
});

Deno.test("bans: a snapshot with a ban whose fields are wrong is rejected, and the bans stay", () => {
  const bans = new Bans();
  bans.add(ban("10.0.0.1"));
  const [what, by, reason] = ["10.0.0.2", "root", "spam"];
  for (
    const wrong of [null, [], [what, by, reason, NOON], [what, by, reason, NOON, "1", null], [what, by, 1, 1, 1, 1]]
  ) {
    assertThrows(() => bans.section.restore([wrong]), SnapshotError, "Cannot restore the snapshot");
  }
  assertEquals(bans.all, [ban("10.0.0.1")]);
});
