import { assertEquals, assertNotEquals } from "@std/assert";
import fc from "fast-check";
import { clean } from "../../../src/chat/clean.ts";
import type { ChatEvent, Said } from "../../../src/chat/events.ts";
import { isNick } from "../../../src/chat/names.ts";
import { Refusal, type RefusalCode } from "../../../src/chat/refusal.ts";
import { company, past, refusal, system, textFormat, whisperSent } from "../../../src/protocol/text/render.ts";

const said: Said = { kind: "said", room: "#tea", from: "alice", text: "hi", action: false, time: 0 };
const joined = { kind: "joined", room: "#tea", who: "alice", size: 2 } as const;
const left = { kind: "left", room: "#tea", who: "alice", size: 2, reason: undefined } as const;

Deno.test("each thing that can happen has its line", () => {
  const lines: [ChatEvent, string][] = [
    [said, "<alice> hi"],
    [{ ...said, action: true, text: "waves" }, "* alice waves"],
    [{ kind: "whispered", from: "alice", to: "bob", text: "psst", time: 0 }, "*alice* psst"],
    [joined, "-- alice joined #tea"],
    [left, "-- alice left #tea"],
    [{ ...left, reason: "connection lost" }, "-- alice left #tea (connection lost)"],
    [{ ...left, reason: "" }, "-- alice left #tea"],
    [{ kind: "renamed", from: "alice", to: "bob" }, "-- alice is now bob"],
    [{ kind: "topic", room: "#tea", who: "alice", topic: "green" }, "-- alice set the topic of #tea: green"],
    [{ kind: "topic", room: "#tea", who: "alice", topic: "" }, "-- alice took away the topic of #tea"],
    [{ kind: "notice", text: "stopping" }, "-- stopping"],
  ];
  for (const [event, line] of lines) assertEquals(textFormat(100).render(event), line);
  assertEquals(whisperSent("bob", "psst"), "-> *bob* psst");
  assertEquals(system("Pong."), "-- Pong.");
});

Deno.test("who comes and goes is told in rooms of up to so many, all else in rooms of any size", () => {
  for (const limit of [0, 1, 3]) {
    const format = textFormat(limit);
    for (const size of [1, 2, 3, 4]) {
      assertEquals(format.render({ ...joined, size }) !== undefined, size <= limit, `joined: ${size} of ${limit}`);
      assertEquals(format.render({ ...left, size }) !== undefined, size <= limit, `left: ${size} of ${limit}`);
    }
    assertEquals(format.render(said), "<alice> hi");
  }
});

Deno.test("nobody can say anything that looks as if it came from another, or from the server", () => {
  const first = fc.constantFrom(..."abYZ_[]{}\\|^`");
  const more = fc.string({ unit: fc.constantFrom(..."aZ09_-[]{}\\|^`"), maxLength: 5 });
  const nick = fc.tuple(first, more).map(([first, more]) => first + more).filter(isNick);
  const forged = fc.constantFrom(
    "<bob> hi",
    "* bob waves",
    "*bob* hi",
    "-- bye",
    "\n<bob> hi",
    "\r-- bye",
    "> <bob> hi",
  );
  const text = fc.oneof(forged, fc.string(), fc.string({ unit: fc.constantFrom(..."<>*- ab\n\r\x1b") })).map(clean);
  fc.assert(fc.property(nick, text, fc.constantFrom("says", "does", "whispers"), (nick, text, how) => {
    const line = how === "whispers"
      ? textFormat(9).render({ kind: "whispered", from: nick, to: "bob", text, time: 0 })
      : textFormat(9).render({ ...said, from: nick, text, action: how === "does" });
    const shapes = { says: /^<([^ >]*)> (.*)$/, does: /^\* ([^ ]*) (.*)$/, whispers: /^\*([^ *]+)\* (.*)$/ } as const;
    for (const [shape, pattern] of Object.entries(shapes)) {
      const found = pattern.exec(line!)?.slice(1);
      assertEquals(found, shape === how ? [nick, text] : undefined, `${shape} in ${line}`);
    }
    assertNotEquals(line!.slice(0, 2), "--");
    assertNotEquals(line!.slice(0, 2), "->");
  }));
});

Deno.test("what is past has its time before it, and its day if that was another", () => {
  const time = (...[month, day, hour, minute]: [number, number, number, number]) =>
    new Date(2026, month - 1, day, hour, minute).getTime();
  const then = { ...said, time: time(3, 7, 9, 5) };
  assertEquals(past(then, time(3, 7, 9, 5)), "[09:05] <alice> hi");
  assertEquals(past(then, time(3, 7, 23, 59)), "[09:05] <alice> hi");
  assertEquals(past({ ...then, action: true, text: "waves" }, then.time), "[09:05] * alice waves");
  for (const [month, day] of [[3, 8], [4, 7], [12, 31]] as const) {
    assertEquals(past(then, time(month, day, 9, 5)), "[2026-03-07 09:05] <alice> hi");
  }
  assertEquals(past({ ...said, time: time(12, 24, 0, 0) }, then.time), "[2026-12-24 00:00] <alice> hi");
});

Deno.test("who is in a room is counted in good English", () => {
  const all = [0, 1, 2, 100].map((others) => company("#tea", others));
  assertEquals(all, ["alone in #tea", "in #tea with 1 other", "in #tea with 2 others", "in #tea with 100 others"]);
});

Deno.test("each refusal is one sentence of the server's, with what to do instead", () => {
  const lines: Record<RefusalCode, string> = {
    "nick-impossible":
      "-- Nobody can be called that. A name has 1 to 30 letters, digits and _-[]{}\\|^`, and no digit or - first.",
    "nick-taken": "-- Somebody is called X already. Choose another name.",
    "nobody": "-- There is nobody of that name here. LIST shows who is.",
    "room-impossible":
      "-- No room can be called that. A room is # and 1 to 49 characters without spaces and commas: /join #tea",
    "no-room": "-- There is no such room. /rooms lists them, and /join makes one.",
    "not-in-room": "-- You are not in X. Go there first: /join X",
    "topic-too-long": "-- A topic has X characters at the most. Say it shorter.",
  };
  for (const [code, line] of Object.entries(lines) as [RefusalCode, string][]) {
    assertEquals(refusal(new Refusal(code, "X")), line);
  }
});
