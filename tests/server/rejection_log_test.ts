import { assertEquals } from "@std/assert";
import { ChatError, type ChatErrorCode } from "../../src/chat/chat_error.ts";
import type { Fields } from "../../src/monitoring/log.ts";
import { LINES_PER_MINUTE } from "../../src/monitoring/log_limiter.ts";
import { RejectionLog } from "../../src/server/rejection_log.ts";

/** Returns a rejection log, the lines that it logged, and its clock. */
function make() {
  const logged: Fields[] = [];
  const clock = { now: 0 };
  const rejections = new RejectionLog({ info: (_message, fields = {}) => void logged.push(fields) }, () => clock.now);
  const add = (code: ChatErrorCode, subject = "", address = "192.0.2.1") => {
    rejections.add({ address, peer: `${address}:1`, nick: "alice" }, new ChatError(code, subject));
  };
  return { rejections, logged, clock, add };
}

Deno.test("rejection log: a request without permission is logged, and its subject unless it may be a password", () => {
  const { rejections, logged, add } = make();
  const withSubject = [
    "nick-registered",
    "banned",
    "invite-only",
    "wrong-key",
    "cannot-speak",
    "login-required",
    "not-operator",
    "not-owner",
  ] as const;
  const without = ["nick-confusable", "banned-nick", "not-server-operator", "muted", "stored-too-much"] as const;
  const codes = [...withSubject, ...without];
  for (const [n, code] of codes.entries()) add(code, "#tea", `192.0.${n}.1`);
  assertEquals(logged.map(({ reason, about }) => [reason, about]), [
    ...withSubject.map((code) => [labelOf(code), "#tea"]),
    ...without.map((code) => [code, undefined]),
  ]);
  assertEquals(logged[0], {
    peer: "192.0.0.1:1",
    nick: "alice",
    about: "#tea",
    reason: "nick-owned",
    unlogged: undefined,
  });
  assertEquals([...rejections.counts], codes.map((code) => [labelOf(code), 1]));
});

Deno.test("rejection log: a mistyped name is neither logged nor counted", () => {
  const { rejections, logged, add } = make();
  for (const code of ["no-such-user", "no-such-room", "nick-invalid", "nick-taken"] as const) add(code, "secret");
  assertEquals([logged, rejections.counts.size], [[], 0]);
});

Deno.test("rejection log: lines are limited per minute and network, and all requests are counted", () => {
  const { rejections, logged, clock, add } = make();
  for (let i = 0; i < LINES_PER_MINUTE + 3; i++) add("muted");
  assertEquals(logged.length, LINES_PER_MINUTE);
  add("muted", "", "192.0.2.2");
  assertEquals(logged.length, LINES_PER_MINUTE + 1);
  clock.now = 60_000;
  add("muted");
  assertEquals(logged.at(-1)?.unlogged, 3);
  assertEquals(rejections.counts.get("muted"), LINES_PER_MINUTE + 5);
});

Deno.test("rejection log: a code that was renamed keeps its label in the log and in the metrics", () => {
  const { rejections, logged, add } = make();
  add("nick-registered", "bob");
  add("cannot-speak", "#tea");
  assertEquals(logged.map(({ reason, about }) => [reason, about]), [["nick-owned", "bob"], ["may-not-speak", "#tea"]]);
  assertEquals([...rejections.counts], [["nick-owned", 1], ["may-not-speak", 1]]);
});

function labelOf(code: ChatErrorCode): string {
  return code === "nick-registered" ? "nick-owned" : code === "cannot-speak" ? "may-not-speak" : code;
}
