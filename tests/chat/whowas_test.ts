import { assert, assertEquals } from "@std/assert";
import { Member } from "../../src/chat/member.ts";
import { Whowas, WHOWAS_MAX } from "../../src/chat/whowas.ts";
import { networksOf } from "../../src/util/address_ranges.ts";
import { ChatFixture, IDENTITY } from "./helpers.ts";

const NOW = 1_800_000_000_000;

function memberOf(nick: string): Member {
  return new Member(nick, IDENTITY);
}

Deno.test("whowas: the entries of a nickname are found in any case, the newest first", () => {
  const fixture = new ChatFixture();
  const before = Date.now();
  for (const [nick, user] of [["bob", "1"], ["carol", "2"], ["BOB", "3"]] as const) {
    fixture.chat.remove(fixture.arrive(nick, [], { user, host: "there", realname: `${nick} ${user}` }));
  }
  const found = fixture.chat.whowas.find("Bob");
  assert(found.every(({ at }) => at >= before && at <= Date.now()));
  assertEquals(found.map(({ at: _, ...entry }) => entry), [
    { nick: "BOB", user: "3", host: "there", realname: "BOB 3" },
    { nick: "bob", user: "1", host: "there", realname: "bob 1" },
  ]);
  assertEquals(fixture.chat.whowas.find("dave"), []);
});

Deno.test("whowas: a change of nickname adds an entry, unless only the case changes", () => {
  const fixture = new ChatFixture();
  const bob = fixture.enter("bob");
  fixture.chat.rename(bob, "BOB");
  assertEquals(fixture.chat.whowas.find("bob"), []);
  fixture.chat.rename(bob, "rob");
  assertEquals(fixture.chat.whowas.find("bob").map(({ nick }) => nick), ["BOB"]);
  assertEquals(fixture.chat.whowas.find("rob"), []);
});

Deno.test("whowas: the oldest entry is dropped when there is one too many", () => {
  const whowas = new Whowas();
  const add = (count: number) => {
    for (let n = 0; n < count; n++) whowas.add(memberOf("bob"), NOW);
  };
  whowas.add(memberOf("alice"), NOW);
  add(WHOWAS_MAX - 1);
  assertEquals([whowas.find("alice").length, whowas.find("bob").length], [1, WHOWAS_MAX - 1]);
  for (let n = 0; n < 3; n++) {
    add(1);
    assertEquals([whowas.find("alice").length, whowas.find("bob").length], [0, WHOWAS_MAX]);
    add(WHOWAS_MAX - 2);
    assertEquals(whowas.find("bob").length, WHOWAS_MAX);
  }
});

Deno.test("whowas: entries of one network do not displace those of others", () => {
  const whowas = new Whowas();
  whowas.add(memberOf("alice"), NOW);
  for (let n = 0; n < 3 * WHOWAS_MAX; n++) {
    const networks = networksOf(`2001:db8:0:${n.toString(16)}::1`);
    whowas.add(new Member(`troll${n}`, { ...IDENTITY, networks }), NOW);
  }
  assertEquals(whowas.find("alice").length, 1);
  assertEquals(whowas.find(`troll${3 * WHOWAS_MAX - 1}`).length, 1);
});
