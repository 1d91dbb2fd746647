import { assert, assertEquals } from "@std/assert";
import { fc } from "../dependencies.ts";
import { MONITOR_MAX, MonitorLists } from "../../src/chat/monitor.ts";
import type { Member } from "../../src/chat/member.ts";
import { ChatFixture, CountingFormat, Inbox, memberWith, sessionOf } from "./helpers.ts";

const format = new CountingFormat();

function memberOf(nick: string, inbox = new Inbox()): Member {
  return memberWith({}, nick, format, inbox);
}

Deno.test("monitor: a member is notified when a nickname on its list comes or goes, in any case", () => {
  const fixture = new ChatFixture();
  const [watcher, other] = [fixture.enter("watcher"), fixture.enter("other")];
  assert(fixture.chat.monitor.add(sessionOf(watcher), "Bob"));
  const bob = fixture.arrive("bOB");
  assertEquals(fixture.heard(watcher), ["online bOB"]);
  fixture.chat.remove(bob);
  assertEquals(fixture.heard(watcher), ["offline bOB"]);
  fixture.arrive("bobby");
  assertEquals([fixture.heard(watcher), fixture.heard(other)], [[], []]);
});

Deno.test("monitor: a change of nickname is notified as offline and online, unless only the case changes", () => {
  const fixture = new ChatFixture();
  const [watcher, bob] = [fixture.enter("watcher"), fixture.enter("bob")];
  for (const nick of ["bob", "rob"]) fixture.chat.monitor.add(sessionOf(watcher), nick);
  const steps: [string, string[]][] = [
    ["BOB", []],
    ["rob", ["offline BOB", "online rob"]],
    ["tom", ["offline rob"]],
    ["bob", ["online bob"]],
  ];
  for (const [nick, told] of steps) {
    fixture.chat.rename(bob, nick);
    assertEquals(fixture.heard(watcher), told, nick);
  }
});

Deno.test("monitor: a list takes 100 nicknames, and a nickname added twice counts once", () => {
  const lists = new MonitorLists();
  const [one, two] = [memberOf("one"), memberOf("two")];
  const names = Array.from({ length: MONITOR_MAX }, (_, n) => `n${n}`);
  for (const name of names) assert(lists.add(sessionOf(one), name));
  assert(lists.add(sessionOf(one), "N0"), "it is on the list already");
  assert(!lists.add(sessionOf(one), "more"));
  assert(lists.add(sessionOf(two), "more"), "each member has its own list");
  assertEquals(lists.list(sessionOf(one)), ["N0", ...names.slice(1)]);
  lists.delete(sessionOf(one), "n1");
  assert(lists.add(sessionOf(one), "more"));
  assert(!lists.add(sessionOf(one), "n1"));
});

Deno.test("monitor: the list of a member is cleared when it disconnects", () => {
  const fixture = new ChatFixture();
  const watcher = fixture.enter("watcher");
  fixture.chat.monitor.add(sessionOf(watcher), "bob");
  fixture.chat.remove(watcher);
  fixture.heard(watcher);
  fixture.chat.remove(fixture.arrive("bob"));
  assertEquals([fixture.heard(watcher), fixture.chat.monitor.list(sessionOf(watcher))], [[], []]);
});

Deno.test("monitor: exactly the members that monitor a nickname are notified, whatever the lists are changed to", () => {
  const verb = fc.constantFrom("add", "add", "add", "delete", "clear", "online", "offline");
  const steps = fc.array(fc.tuple(verb, fc.nat({ max: 2 }), fc.constantFrom("a", "A", "b", "B", "c")), {
    size: "medium",
  });
  fc.assert(fc.property(steps, (steps) => {
    const lists = new MonitorLists();
    const inboxes = [0, 1, 2].map(() => new Inbox());
    const members = inboxes.map((inbox, n) => memberOf(`m${n}`, inbox));
    const wanted = members.map(() => new Map<string, string>());
    for (const [verb, who, nick] of steps) {
      const key = nick.toLowerCase();
      const [member, names] = [members[who]!, wanted[who]!];
      if (verb === "add") assert(lists.add(sessionOf(member), nick) && names.set(key, nick));
      else if (verb === "delete") lists.delete(sessionOf(member), nick), names.delete(key);
      else if (verb === "clear") lists.clear(sessionOf(member)), names.clear();
      else {
        lists[verb](memberOf(nick));
        const told = [`${verb} ${nick}`];
        for (const [n, inbox] of inboxes.entries()) assertEquals(inbox.take(), wanted[n]!.has(key) ? told : []);
      }
      for (const [n, each] of members.entries()) assertEquals(lists.list(sessionOf(each)), [...wanted[n]!.values()]);
    }
  }));
});
