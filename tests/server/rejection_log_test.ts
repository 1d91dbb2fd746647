import { assertEquals } from "@std/assert";
import { LOGGED_MAX } from "../../src/accounts/login_throttle.ts";
import { ChatError, type ChatErrorCode } from "../../src/chat/chat_error.ts";
import type { Fields } from "../../src/monitoring/log.ts";
import { RejectionLog } from "../../src/server/rejection_log.ts";

/** A record, what it has logged, and a clock of its own. */
function make() {
  const logged: Fields[] = [];
  const clock = { now: 0 };
  const refusals = new RejectionLog({ info: (_message, fields = {}) => void logged.push(fields) }, () => clock.now);
  const add = (code: ChatErrorCode, subject = "", address = "192.0.2.1") => {
    refusals.add({ address, peer: `${address}:1`, nick: "alice" }, new ChatError(code, subject));
  };
  return { refusals, logged, clock, add };
}

Deno.test("who may not do something is on record, with what it is about where that is somebody's or something's name", () => {
  const { refusals, logged, add } = make();
  add("banned", "#tea");
  add("nick-confusable", "secret");
  add("muted", "secret");
  assertEquals(logged.map(({ reason, about }) => [reason, about]), [
    ["banned", "#tea"],
    ["nick-confusable", undefined],
    ["muted", undefined],
  ]);
  assertEquals(logged[0], { peer: "192.0.2.1:1", nick: "alice", about: "#tea", reason: "banned", unlogged: undefined });
  assertEquals([...refusals.counts], [["banned", 1], ["nick-confusable", 1], ["muted", 1]]);
});

Deno.test("who mistakes a name is not on record", () => {
  const { refusals, logged, add } = make();
  for (const code of ["no-such-user", "no-such-room", "nick-invalid", "nick-taken"] as const) add(code, "secret");
  assertEquals([logged, refusals.counts.size], [[], 0]);
});

Deno.test("of each network there are a few lines a minute, and all are counted", () => {
  const { refusals, logged, clock, add } = make();
  for (let i = 0; i < LOGGED_MAX + 3; i++) add("muted");
  assertEquals(logged.length, LOGGED_MAX);
  add("muted", "", "192.0.2.2");
  assertEquals(logged.length, LOGGED_MAX + 1);
  clock.now = 60_000;
  add("muted");
  assertEquals(logged.at(-1)?.unlogged, 3);
  assertEquals(refusals.counts.get("muted"), LOGGED_MAX + 5);
});

Deno.test("rejection log: a code that was renamed keeps its label in the log and in the metrics", () => {
  const { refusals, logged, add } = make();
  add("nick-registered", "bob");
  add("cannot-speak", "#tea");
  assertEquals(logged.map(({ reason, about }) => [reason, about]), [["nick-owned", "bob"], ["may-not-speak", "#tea"]]);
  assertEquals([...refusals.counts], [["nick-owned", 1], ["may-not-speak", 1]]);
});
