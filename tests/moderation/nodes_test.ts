/** Bans of the server on the nodes of a cluster, which are given the same commands. */
import { assertEquals } from "@std/assert";
import { NO_OBSERVER } from "../../src/chat/observer.ts";
import { Bans } from "../../src/moderation/bans.ts";
import { TwoNodes } from "../chat/two_nodes.ts";
import { Clock, MINUTE, NOON } from "../history/helpers.ts";

Deno.test("server bans: a ban that one node makes is in force on all, is reported there, and ends at the same time", () => {
  using clock = new Clock();
  const bans = [new Bans(), new Bans()];
  const reported: string[] = [];
  const nodes = new TwoNodes(...bans.map((serverBans, node) => ({
    serverBans,
    observer: { ...NO_OBSERVER, serverBanned: ({ what }: { what: string }) => void reported.push(`${node} ${what}`) },
  })));
  const made = { what: "192.0.2.7", by: "root", reason: "spam", since: NOON, until: NOON + MINUTE, nick: "troll" };
  nodes.apply({ op: "server-ban", ...made });
  nodes.apply({ op: "server-ban", ...made, what: "troll!*@*", until: undefined, nick: undefined });
  const permanent = { what: "troll!*@*", by: "root", reason: "spam", since: NOON, until: Infinity };
  for (const each of bans) assertEquals(each.all, [made, permanent]);
  assertEquals(reported, ["0 192.0.2.7", "1 192.0.2.7", "0 troll!*@*", "1 troll!*@*"]);
  clock.now = NOON + MINUTE - 1;
  assertEquals(bans.map((each) => each.findByAddress("192.0.2.7")), [made, made]);
  clock.now++;
  assertEquals(bans.map((each) => each.findByAddress("192.0.2.7")), [undefined, undefined]);
  assertEquals(nodes.apply({ op: "server-unban", what: "TROLL!*@*" }), [true, true]);
  assertEquals(nodes.apply({ op: "server-unban", what: "TROLL!*@*" }), [false, false]);
  assertEquals(bans.map((each) => each.all), [[], []]);
});

Deno.test("server bans: a ban that a node applies late, as it has joined later, ends when it ends on the others", () => {
  using clock = new Clock();
  clock.now = NOON + MINUTE - 1;
  const bans = new Bans();
  bans.add({ what: "192.0.2.7", by: "root", reason: "spam", since: NOON, until: NOON + MINUTE });
  assertEquals(bans.all.length, 1);
  clock.now++;
  assertEquals(bans.all, []);
});
