import { assert, assertEquals } from "@std/assert";
import { fc } from "../dependencies.ts";
import { BroadcastSet } from "../../src/chat/broadcast.ts";
import type { ChatEvent, WireFormat } from "../../src/chat/events.ts";
import { Member, Session } from "../../src/chat/member.ts";
import { CountingFormat, IDENTITY, Inbox, spell } from "./helpers.ts";

/** A session with an inbox. */
class Listener extends Session {
  constructor(nick: string, format: WireFormat, readonly inbox = new Inbox()) {
    super(0, new Member(nick, IDENTITY), IDENTITY, { format, outlet: inbox });
  }
}

const event = (text: string | number): ChatEvent => ({ kind: "notice", text: String(text) });
const lines = (...texts: (string | number)[]) => texts.map((text) => spell(event(text)));

/** A set with members of one format; `held` counts how often it reported queued lines. */
function setOf(...nicks: string[]) {
  let held = 0;
  const set = new BroadcastSet<Session>(() => held++);
  const format = new CountingFormat();
  const members = nicks.map((nick) => new Listener(nick, format));
  for (const member of members) set.add(member);
  return { set, format, members, held: () => held };
}

Deno.test("broadcast: each member gets each line once, in order, at the flush", () => {
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

Deno.test("broadcast: an event is rendered once per format", () => {
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

Deno.test("broadcast: members of a format get the same array, which is never changed afterwards", () => {
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

Deno.test("broadcast: a new member gets later announcements only", () => {
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

Deno.test("broadcast: a removed member gets earlier announcements only", () => {
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

Deno.test("broadcast: a member that is removed and added again misses what was announced in between", () => {
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

Deno.test("broadcast: settle sends one member its queued lines, and the flush sends it the later ones", () => {
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

Deno.test("broadcast: an excepted member gets all other lines in order", () => {
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

Deno.test("broadcast: several members can be excepted from several lines", () => {
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

Deno.test("broadcast: an event of several lines is sent or skipped as a whole", () => {
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

Deno.test("broadcast: queued lines are reported once per flush, whatever the formats are", () => {
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

Deno.test("broadcast: members whose format renders nothing are not sent an empty array", () => {
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

Deno.test("broadcast: an empty set queues nothing", () => {
  const { set, held } = setOf();
  set.announce(event(1));
  set.flush();
  assertEquals([set.size, held(), [...set]], [0, 0, []]);
});

/** A set with pending lines: `decide.as` says what is done when a commit is requested. */
function pendingSetOf(...nicks: string[]) {
  let due = 0;
  const decide = { as: () => {} };
  const set = new BroadcastSet<Session>(() => {}, () => {
    due++;
    decide.as();
  });
  const format = new CountingFormat();
  const members = nicks.map((nick) => new Listener(nick, format));
  for (const member of members) set.add(member);
  const announce = (text: number, except?: Listener[]) => set.announce(event(text), except, true);
  return { set, format, members, decide, announce, due: () => due };
}

Deno.test("broadcast: a commit is requested before pending lines are sent, by flush and by settle", () => {
  const ways: Record<string, (set: BroadcastSet<Session>, member: Listener) => void> = {
    "a round": (set) => set.flush(),
    "settling": (set, member) => set.settle(member),
    "leaving": (set, member) => set.delete(member),
  };
  for (const [way, handOut] of Object.entries(ways)) {
    const { set, members, decide, announce, due } = pendingSetOf("a", "b");
    const [a, b] = members as [Listener, Listener];
    decide.as = () => {
      assertEquals([a.inbox.batches, b.inbox.batches], [[], []], way);
      set.confirm();
    };
    set.announce(event(1));
    announce(2);
    set.announce(event(3));
    assertEquals(due(), 0, way);
    handOut(set, a);
    assertEquals([due(), a.inbox.batches], [1, [lines(1, 2, 3)]], way);
    set.flush();
    assertEquals([due(), b.inbox.batches], [1, [lines(1, 2, 3)]], way);
  }
});

Deno.test("broadcast: no commit is requested without pending lines", () => {
  const { set, members, announce, due } = pendingSetOf("a", "b");
  const [a, b] = members as [Listener, Listener];
  set.announce(event(1));
  set.settle(a);
  set.flush();
  announce(2);
  set.confirm();
  set.settle(a);
  announce(3);
  set.rollBack();
  set.settle(a);
  set.flush();
  assertEquals([due(), a.inbox.lines, b.inbox.lines], [0, lines(1, 2), lines(1, 2)]);
});

Deno.test("broadcast: lines that were rolled back reach no member, and all others do in order", () => {
  const { set, format, members, decide, announce } = pendingSetOf("a", "b", "c");
  const [a, b, c] = members as [Listener, Listener, Listener];
  decide.as = () => set.confirm();
  announce(1);
  set.announce(event(2), [a]);
  set.settle(c); // it has received both
  announce(3, [b]);
  set.announce(event(4), [c]);
  const late = new Listener("d", format);
  set.add(late);
  announce(5);
  set.announce(event(6), [a, b]);
  decide.as = () => set.rollBack();
  set.delete(c); // this requests the commit of 3 and 5, which fails
  set.announce(event(7));
  set.add(c);
  announce(8);
  set.flush();
  announce(9);
  decide.as = () => set.confirm();
  set.flush();
  assertEquals([a, b, c, late].map(({ inbox }) => inbox.batches), [
    [lines(1, 4, 7), lines(9)],
    [lines(1, 2, 4, 7), lines(9)],
    [lines(1, 2), lines(6), lines(9)],
    [lines(6, 7), lines(9)],
  ]);
});

Deno.test("broadcast: members are not sent an empty array when all lines were rolled back", () => {
  const { set, members, decide, announce } = pendingSetOf("a", "b");
  decide.as = () => set.rollBack();
  announce(1);
  set.settle(members[0]!);
  announce(2);
  set.delete(members[1]!);
  set.flush();
  for (const { inbox } of members) assertEquals(inbox.batches, []);
});

Deno.test("broadcast: an event of several lines is rolled back as a whole in every format", () => {
  const { set, members, decide, announce } = pendingSetOf("a");
  const format = new CountingFormat((event) => {
    return event.kind === "notice" ? [1, 2, 3].map((part) => `${event.text}.${part}`) : [];
  });
  const several = [new Listener("b", format), new Listener("c", format)] as const;
  const deaf = new Listener("d", new CountingFormat((event) => spell(event) === "notice 3" ? "3" : undefined));
  for (const listener of [...several, deaf]) set.add(listener);
  decide.as = () => set.rollBack();
  set.announce(event(1), [several[0]]);
  announce(2, [several[1]]);
  set.announce(event(3));
  announce(4);
  set.flush();
  assertEquals(members[0]!.inbox.batches, [lines(1, 3)]);
  const parts = (...texts: number[]) => texts.flatMap((text) => [`${text}.1`, `${text}.2`, `${text}.3`]);
  assertEquals(several.map(({ inbox }) => inbox.batches), [[parts(3)], [parts(1, 3)]]);
  assertEquals(deaf.inbox.batches, [["3"]]);
});

Deno.test("broadcast: confirmed lines are sent as one array, whatever is rolled back later", () => {
  const { set, members, announce } = pendingSetOf("a", "b");
  const [a, b] = members as [Listener, Listener];
  announce(1);
  set.confirm();
  set.flush();
  assert(a.inbox.batches[0] === b.inbox.batches[0], "not the same array");
  announce(2);
  set.confirm();
  announce(3);
  set.rollBack();
  set.flush();
  for (const { inbox } of members) assertEquals(inbox.batches, [lines(1), lines(2)]);
});

/** The operations on a set and its members. */
const VERBS = [
  "add",
  "add",
  "delete",
  "settle",
  "announce",
  "announce",
  "announce pending",
  "announce pending",
  "confirm",
  "retract",
  "flush",
] as const;

/** The lines that one member has to get, and whether they are pending. */
type Owed = { line: string; pending: boolean }[];

Deno.test("broadcast: each member gets what it would get without queueing, except for lines that were rolled back", () => {
  const who = fc.nat({ max: 4 });
  // Each step also says whether pending lines can be committed.
  const others = fc.oneof(fc.constant([]), fc.array(who, { maxLength: 6, size: "max" }));
  const step = fc.tuple(fc.constantFrom(...VERBS), who, others, fc.boolean());
  const steps = fc.array(step, { size: "medium", maxLength: 60 });
  fc.assert(
    fc.property(steps, (steps) => {
      const whole = new CountingFormat();
      // Renders no line of every other event, and none, one or two of the rest.
      const halves = (text: string) =>
        Number(text) % 2 === 1 ? undefined : [`${text}a`, `${text}b`].slice(Number(text) % 3);
      const half = new CountingFormat((event) => event.kind === "notice" ? halves(event.text) : undefined);
      const listeners = [whole, whole, whole, half, half].map((format, index) => new Listener(`m${index}`, format));
      let owed = listeners.map((): Owed => []);
      let held = 0;
      let commits = true;
      const got = (index: number) => listeners[index]!.inbox.lines;
      const due = (index: number) => owed[index]!.map(({ line }) => line);
      const assertNonePending = () => {
        for (const index of listeners.keys()) {
          const had = owed[index]!.slice(0, got(index).length);
          assertEquals(got(index), had.map(({ line }) => line));
          assert(had.every(({ pending }) => !pending), "sent a pending line");
        }
      };
      const decide = (committed: boolean) => {
        if (committed) set.confirm();
        else set.rollBack();
        owed = owed.map((all) =>
          all.filter(({ pending }) => committed || !pending).map(({ line }) => ({ line, pending: false }))
        );
      };
      const set = new BroadcastSet<Session>(() => held++, () => {
        assertNonePending();
        decide(commits);
      });
      const inside = new Set<Listener>();

      for (const [step, [verb, index, others, committed]] of [...steps, ["flush", 0, [], true] as const].entries()) {
        const listener = listeners[index]!;
        const before = got(index).length;
        commits = committed;
        switch (verb) {
          case "add":
            set.add(listener);
            inside.add(listener);
            assertEquals(got(index).length, before);
            break;
          case "delete":
            set.delete(listener);
            inside.delete(listener);
            assertEquals(got(index), due(index));
            break;
          case "settle":
            if (!inside.has(listener)) break;
            set.settle(listener);
            assertEquals(got(index), due(index));
            break;
          case "announce":
          case "announce pending": {
            // These members may be outside of the set, and may be named twice.
            const except = others.map((other) => listeners[other]!);
            const pending = verb === "announce pending";
            set.announce(event(step), except.length === 0 ? undefined : except, pending);
            for (const [other, each] of listeners.entries()) {
              if (except.includes(each) || !inside.has(each)) continue;
              const { format } = each;
              const lines = format === whole ? [spell(event(step))] : halves(String(step)) ?? [];
              owed[other]!.push(...lines.map((line) => ({ line, pending })));
            }
            break;
          }
          case "confirm":
          case "retract":
            decide(verb === "confirm");
            break;
          case "flush":
            set.flush();
            for (const other of listeners.keys()) assertEquals(got(other), due(other));
            held = 0;
        }
        assertNonePending();
        assert(held <= 1, "queued lines were reported more than once");
        const waiting = listeners.some((_, other) => got(other).length < owed[other]!.length);
        assert(held === 1 || !waiting, "queued lines were not reported");
        assertEquals(new Set(set), inside);
        assertEquals(set.size, inside.size);
      }
      for (const { inbox } of listeners) assert(inbox.batches.every((batch) => batch.length > 0), "an empty array");
    }),
    { numRuns: 300 },
  );
});

Deno.test("broadcast: members of other sets get nothing", () => {
  const { set, format, members } = setOf("alice");
  const stranger = new Listener("bob", format);
  set.announce(event(1));
  set.settle(stranger);
  set.announce(event(2), [stranger]);
  set.delete(stranger);
  set.flush();
  assertEquals([members[0]!.inbox.lines, stranger.inbox.lines], [lines(1, 2), []]);
});
