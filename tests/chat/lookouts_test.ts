import { assert, assertEquals } from "@std/assert";
import { fc } from "../dependencies.ts";
import { MONITOR_MAX, MonitorLists, Whowas, WHOWAS_MAX } from "../../src/chat/lookouts.ts";
import { Member } from "../../src/chat/member.ts";
import { networksOf } from "../../src/util/address_ranges.ts";
import { Chat, CountingFormat, IDENTITY, Inbox } from "./helpers.ts";

const format = new CountingFormat();

function somebody(nick: string, inbox = new Inbox()): Member {
  return new Member(nick, IDENTITY, format, inbox);
}

Deno.test("whoever looks out for a name is told when somebody of that name comes or goes, in any case", () => {
  const chat = new Chat();
  const [watcher, other] = [chat.enter("watcher"), chat.enter("other")];
  assert(chat.hub.monitor.add(watcher, "Bob"));
  const bob = chat.arrive("bOB");
  assertEquals(chat.heard(watcher), ["online bOB"]);
  chat.hub.disconnect(bob);
  assertEquals(chat.heard(watcher), ["offline bOB"]);
  chat.arrive("bobby");
  assertEquals([chat.heard(watcher), chat.heard(other)], [[], []]);
});

Deno.test("a change of names is a going and a coming, but for one of case", () => {
  const chat = new Chat();
  const [watcher, bob] = [chat.enter("watcher"), chat.enter("bob")];
  for (const nick of ["bob", "rob"]) chat.hub.monitor.add(watcher, nick);
  const steps: [string, string[]][] = [
    ["BOB", []],
    ["rob", ["offline BOB", "online rob"]],
    ["tom", ["offline rob"]],
    ["bob", ["online bob"]],
  ];
  for (const [nick, told] of steps) {
    chat.hub.rename(bob, nick);
    assertEquals(chat.heard(watcher), told, nick);
  }
});

Deno.test("a member looks out for so many names, and a name twice counts once", () => {
  const lookouts = new MonitorLists();
  const [one, two] = [somebody("one"), somebody("two")];
  const names = Array.from({ length: MONITOR_MAX }, (_, n) => `n${n}`);
  for (const name of names) assert(lookouts.add(one, name));
  assert(lookouts.add(one, "N0"), "it was there already");
  assert(!lookouts.add(one, "more"));
  assert(lookouts.add(two, "more"), "each has a list of their own");
  assertEquals(lookouts.list(one), ["N0", ...names.slice(1)]);
  lookouts.delete(one, "n1");
  assert(lookouts.add(one, "more"));
  assert(!lookouts.add(one, "n1"));
});

Deno.test("whoever is gone is told nothing more, and takes up no room", () => {
  const chat = new Chat();
  const watcher = chat.enter("watcher");
  chat.hub.monitor.add(watcher, "bob");
  chat.hub.disconnect(watcher);
  chat.heard(watcher);
  chat.hub.disconnect(chat.arrive("bob"));
  assertEquals([chat.heard(watcher), chat.hub.monitor.list(watcher)], [[], []]);
});

Deno.test("whatever is looked out for and no more, who is told is exactly who asked", () => {
  const verb = fc.constantFrom("add", "add", "add", "delete", "forget", "came", "went");
  const steps = fc.array(fc.tuple(verb, fc.nat({ max: 2 }), fc.constantFrom("a", "A", "b", "B", "c")), {
    size: "medium",
  });
  fc.assert(fc.property(steps, (steps) => {
    const lookouts = new MonitorLists();
    const inboxes = [0, 1, 2].map(() => new Inbox());
    const members = inboxes.map((inbox, n) => somebody(`m${n}`, inbox));
    const wanted = members.map(() => new Map<string, string>());
    for (const [verb, who, nick] of steps) {
      const key = nick.toLowerCase();
      const [member, names] = [members[who]!, wanted[who]!];
      if (verb === "add") assert(lookouts.add(member, nick) && names.set(key, nick));
      else if (verb === "delete") lookouts.delete(member, nick), names.delete(key);
      else if (verb === "forget") lookouts.forget(member), names.clear();
      else {
        lookouts[verb](somebody(nick));
        const told = [verb === "came" ? `online ${nick}` : `offline ${nick}`];
        for (const [n, inbox] of inboxes.entries()) assertEquals(inbox.take(), wanted[n]!.has(key) ? told : []);
      }
      for (const [n, each] of members.entries()) assertEquals(lookouts.list(each), [...wanted[n]!.values()]);
    }
  }));
});

Deno.test("those who went last are remembered, the last one first, in any case of their names", () => {
  const chat = new Chat();
  const before = Date.now();
  for (const [nick, user] of [["bob", "1"], ["carol", "2"], ["BOB", "3"]] as const) {
    chat.hub.disconnect(chat.arrive(nick, [], { user, host: "there", realname: `${nick} ${user}` }));
  }
  const found = chat.hub.whowas.find("Bob");
  assert(found.every(({ at }) => at >= before && at <= Date.now()));
  assertEquals(found.map(({ at: _, ...gone }) => gone), [
    { nick: "BOB", user: "3", host: "there", realname: "BOB 3" },
    { nick: "bob", user: "1", host: "there", realname: "bob 1" },
  ]);
  assertEquals(chat.hub.whowas.find("dave"), []);
});

Deno.test("whoever has another name has departed from the old one, but not when only its case is another", () => {
  const chat = new Chat();
  const bob = chat.enter("bob");
  chat.hub.rename(bob, "BOB");
  assertEquals(chat.hub.whowas.find("bob"), []);
  chat.hub.rename(bob, "rob");
  assertEquals(chat.hub.whowas.find("bob").map(({ nick }) => nick), ["BOB"]);
  assertEquals(chat.hub.whowas.find("rob"), []);
});

Deno.test("of those who went so many are remembered and no more, whenever one looks", () => {
  const departed = new Whowas();
  const went = (count: number) => {
    for (let n = 0; n < count; n++) departed.add(somebody("bob"));
  };
  departed.add(somebody("alice"));
  went(WHOWAS_MAX - 1);
  assertEquals([departed.find("alice").length, departed.find("bob").length], [1, WHOWAS_MAX - 1]);
  for (let n = 0; n < 3; n++) {
    went(1);
    assertEquals([departed.find("alice").length, departed.find("bob").length], [0, WHOWAS_MAX]);
    went(WHOWAS_MAX - 2);
    assertEquals(departed.find("bob").length, WHOWAS_MAX);
  }
});

Deno.test("whowas: members of one network that come and go do not have those of others forgotten", () => {
  const departed = new Whowas();
  departed.add(somebody("alice"));
  for (let n = 0; n < 3 * WHOWAS_MAX; n++) {
    const networks = networksOf(`2001:db8:0:${n.toString(16)}::1`);
    departed.add(new Member(`troll${n}`, { ...IDENTITY, networks }, format, new Inbox()));
  }
  assertEquals(departed.find("alice").length, 1);
  assertEquals(departed.find(`troll${3 * WHOWAS_MAX - 1}`).length, 1);
});
