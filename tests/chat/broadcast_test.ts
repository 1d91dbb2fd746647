import { assert, assertEquals } from "@std/assert";
import { fc } from "../dependencies.ts";
import { BroadcastSet } from "../../src/chat/broadcast.ts";
import type { ChatEvent, WireFormat } from "../../src/chat/events.ts";
import { Member } from "../../src/chat/member.ts";
import { CountingFormat, IDENTITY, Inbox, spell } from "./helpers.ts";

/** Somebody with an inbox. */
class Listener extends Member {
  constructor(nick: string, format: WireFormat, readonly inbox = new Inbox()) {
    super(nick, IDENTITY, format, inbox);
  }
}

const event = (text: string | number): ChatEvent => ({ kind: "notice", text: String(text) });
const lines = (...texts: (string | number)[]) => texts.map((text) => spell(event(text)));

/** A set with members of one format in it, and how often it said that something is held back. */
function setOf(...nicks: string[]) {
  let held = 0;
  const set = new BroadcastSet(() => held++);
  const format = new CountingFormat();
  const members = nicks.map((nick) => new Listener(nick, format));
  for (const member of members) set.add(member);
  return { set, format, members, held: () => held };
}

Deno.test("everybody gets each line once, in order, when it is handed out and not before", () => {
  const { set, members } = setOf("a", "b", "c");
  for (const text of [1, 2, 3]) set.announce(event(text));
  for (const { inbox } of members) assertEquals(inbox.lines, []);
  set.flush();
  set.flush();
  for (const { inbox } of members) assertEquals(inbox.take(), lines(1, 2, 3));
  set.announce(event(4));
  set.flush();
  for (const { inbox } of members) assertEquals(inbox.take(), lines(4));
});

Deno.test("an event is rendered once for each format that somebody has", () => {
  const { set, format, members } = setOf("a", "b");
  const other = new CountingFormat();
  const listeners = ["c", "d", "e"].map((nick) => new Listener(nick, other));
  for (const listener of listeners) set.add(listener);
  set.announce(event(1), [members[0]!]);
  set.announce(event(2));
  set.flush();
  assertEquals([format.rendered, other.rendered], [2, 2]);
  for (const listener of listeners) set.delete(listener);
  set.announce(event(3));
  assertEquals([format.rendered, other.rendered], [3, 2]);
});

Deno.test("everybody of one format is handed the very same array, which is never changed afterwards", () => {
  const { set, members } = setOf("a", "b", "c");
  const other = ["d", "e"].map((nick) => new Listener(nick, new CountingFormat(({ kind }) => kind)));
  for (const listener of other) set.add(listener);
  for (const round of [[1, 2], [3]]) {
    for (const text of round) set.announce(event(text));
    set.flush();
  }
  const batches = members.map(({ inbox }) => inbox.batches);
  for (const round of [0, 1]) {
    assert(batches.every((each) => each[round] === batches[0]![round]), "not the same array");
  }
  assertEquals(batches[0], [lines(1, 2), lines(3)]);
  assertEquals(other[0]!.inbox.batches, [["notice", "notice"], ["notice"]]);
});

Deno.test("somebody who comes is told what is announced from then on", () => {
  const { set, format, members } = setOf("a");
  set.announce(event(1));
  const late = new Listener("b", format);
  set.add(late);
  set.announce(event(2));
  set.flush();
  assertEquals(late.inbox.take(), lines(2));
  assertEquals(members[0]!.inbox.take(), lines(1, 2));
  set.add(late);
  set.announce(event(3));
  set.flush();
  assertEquals([set.size, late.inbox.take()], [2, lines(3)]);
});

Deno.test("somebody who goes still gets what was announced until then, and nothing more", () => {
  const { set, members } = setOf("a", "b");
  const [a, b] = members as [Listener, Listener];
  set.announce(event(1));
  set.delete(a);
  assertEquals(a.inbox.lines, lines(1));
  set.delete(a);
  set.announce(event(2));
  set.flush();
  assertEquals(a.inbox.lines, lines(1));
  assertEquals(b.inbox.lines, lines(1, 2));
  assertEquals([set.size, [...set]], [1, [b]]);
});

Deno.test("somebody who goes and comes again between two rounds misses what was announced meanwhile", () => {
  const { set, members } = setOf("a", "b");
  const [a, b] = members as [Listener, Listener];
  set.announce(event(1));
  set.delete(a);
  set.announce(event(2));
  set.add(a);
  set.announce(event(3));
  set.flush();
  assertEquals(a.inbox.lines, lines(1, 3));
  assertEquals(b.inbox.lines, lines(1, 2, 3));
});

Deno.test("settling hands one member at once what the others wait for, and leaves the rest for the round", () => {
  const { set, members } = setOf("a", "b");
  const [a, b] = members as [Listener, Listener];
  set.announce(event(1));
  set.settle(a);
  set.settle(a);
  assertEquals([a.inbox.lines, b.inbox.lines], [lines(1), []]);
  set.announce(event(2));
  set.settle(a);
  set.announce(event(3));
  set.flush();
  assertEquals(a.inbox.batches, [lines(1), lines(2), lines(3)]);
  assertEquals(b.inbox.batches, [lines(1, 2, 3)]);
});

Deno.test("whoever is excepted is spared that one line and keeps the order of the others", () => {
  const { set, members } = setOf("a", "b");
  const [a, b] = members as [Listener, Listener];
  set.announce(event(1));
  set.announce(event(2), [a]);
  set.announce(event(3));
  set.flush();
  set.announce(event(4), [a]);
  set.flush();
  assertEquals(a.inbox.lines, lines(1, 3));
  assertEquals(b.inbox.lines, lines(1, 2, 3, 4));
});

Deno.test("several are excepted at once, some of them from several lines, and each gets the rest in order", () => {
  const { set, members } = setOf("a", "b", "c");
  const [a, b, c] = members as [Listener, Listener, Listener];
  set.announce(event(1), [a, b]);
  set.announce(event(2), [b]);
  set.announce(event(3), new Set([a, c]));
  set.settle(b);
  set.announce(event(4), [b, b]);
  set.delete(c);
  set.announce(event(5), [c]);
  set.add(c);
  set.announce(event(6), [a, b, c]);
  set.announce(event(7));
  set.flush();
  assertEquals([a, b, c].map(({ inbox }) => inbox.batches), [
    [lines(2, 4, 5, 7)],
    [lines(3), lines(5, 7)],
    [lines(1, 2, 4), lines(7)],
  ]);
});

Deno.test("an event of several lines is told as a whole, and spared as a whole", () => {
  const format = new CountingFormat((event) => event.kind === "notice" ? event.text.split("|") : undefined);
  const { set, members } = setOf("a");
  const several = [new Listener("b", format), new Listener("c", format)] as const;
  for (const listener of several) set.add(listener);
  set.announce(event("1|2|3"), [several[0]]);
  set.announce(event("4|5"));
  set.flush();
  assertEquals(several.map(({ inbox }) => inbox.batches), [[["4", "5"]], [["1", "2", "3", "4", "5"]]]);
  assertEquals(members[0]!.inbox.lines, lines("1|2|3", "4|5"));
});

Deno.test("that lines are held back is said once until they are handed out, whatever the formats", () => {
  const { set, format, members, held } = setOf("a", "b");
  set.add(new Listener("c", new CountingFormat()));
  assertEquals(held(), 0);
  set.announce(event(1));
  set.announce(event(2));
  assertEquals(held(), 1);
  set.flush();
  set.flush();
  assertEquals(held(), 1);
  set.announce(event(3), [members[0]!]);
  set.delete(members[0]!);
  set.add(new Listener("d", format));
  set.announce(event(4));
  assertEquals(held(), 2);
});

Deno.test("a format that renders nothing has its members sent nothing, not even an empty array", () => {
  const { set, members, held } = setOf("a");
  const deaf = new Listener("b", new CountingFormat(() => undefined));
  set.add(deaf);
  set.announce(event(1));
  set.settle(deaf);
  set.flush();
  assertEquals([deaf.inbox.batches, members[0]!.inbox.lines], [[], lines(1)]);
  set.delete(members[0]!);
  set.announce(event(2));
  assertEquals(held(), 1);
});

Deno.test("an empty set holds nothing back", () => {
  const { set, held } = setOf();
  set.announce(event(1));
  set.flush();
  assertEquals([set.size, held(), [...set]], [0, 0, []]);
});

/** What can be done to a set, to or by one of its members. */
const VERBS = ["add", "add", "delete", "settle", "announce", "announce", "announce but for", "flush"] as const;

Deno.test("whatever comes between two rounds, each member gets what it would get if nothing were held back", () => {
  const who = fc.nat({ max: 4 });
  const step = fc.tuple(fc.constantFrom(...VERBS), who, fc.array(who, { maxLength: 6, size: "max" }));
  const steps = fc.array(step, { size: "medium", maxLength: 60 });
  fc.assert(
    fc.property(steps, (steps) => {
      const whole = new CountingFormat();
      // Of every other event nothing, and of the rest none, one or two lines.
      const halves = (text: string) =>
        Number(text) % 2 === 1 ? undefined : [`${text}a`, `${text}b`].slice(Number(text) % 3);
      const half = new CountingFormat((event) => event.kind === "notice" ? halves(event.text) : undefined);
      const listeners = [whole, whole, whole, half, half].map((format, index) => new Listener(`m${index}`, format));
      const owed = listeners.map((): string[] => []);
      let held = 0;
      const set = new BroadcastSet(() => held++);
      const inside = new Set<Listener>();
      const got = (index: number) => listeners[index]!.inbox.lines;

      for (const [step, [verb, index, others]] of [...steps, ["flush", 0, []] as const].entries()) {
        const listener = listeners[index]!;
        const before = got(index).length;
        switch (verb) {
          case "add":
            set.add(listener);
            inside.add(listener);
            assertEquals(got(index).length, before);
            break;
          case "delete":
            set.delete(listener);
            inside.delete(listener);
            assertEquals(got(index), owed[index]);
            break;
          case "settle":
            if (!inside.has(listener)) break;
            set.settle(listener);
            assertEquals(got(index), owed[index]);
            break;
          case "announce":
          case "announce but for": {
            // Whoever is named here may be outside, and may be named twice.
            const except = verb === "announce" ? [] : others.map((other) => listeners[other]!);
            set.announce(event(step), verb === "announce" ? undefined : except);
            for (const [other, each] of listeners.entries()) {
              if (except.includes(each) || !inside.has(each)) continue;
              const { format } = each;
              owed[other]!.push(...format === whole ? [spell(event(step))] : halves(String(step)) ?? []);
            }
            break;
          }
          case "flush":
            set.flush();
            for (const other of listeners.keys()) assertEquals(got(other), owed[other]);
            held = 0;
        }
        assert(held <= 1, "said more than once that lines are held back");
        const waiting = listeners.some((_, other) => got(other).length < owed[other]!.length);
        assert(held === 1 || !waiting, "lines are held back, and it was not said");
        assertEquals(new Set(set), inside);
        assertEquals(set.size, inside.size);
      }
      for (const { inbox } of listeners) assert(inbox.batches.every((batch) => batch.length > 0), "an empty array");
    }),
    { numRuns: 300 },
  );
});

Deno.test("who is not in the set gets nothing of it", () => {
  const { set, format, members } = setOf("alice");
  const stranger = new Listener("bob", format);
  set.announce(event(1));
  set.settle(stranger);
  set.announce(event(2), [stranger]);
  set.delete(stranger);
  set.flush();
  assertEquals([members[0]!.inbox.lines, stranger.inbox.lines], [lines(1, 2), []]);
});
