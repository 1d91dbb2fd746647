import { assert, assertEquals } from "@std/assert";
import { AUDIENCES_MAX, BroadcastSet } from "../../src/chat/broadcast.ts";
import type { Member } from "../../src/chat/member.ts";
import { Room } from "../../src/chat/room.ts";
import { fc } from "../dependencies.ts";
import { ChatFixture } from "./helpers.ts";

/** Counts how often members are visited while something runs: by iterating a room, or asking whether a member is in it. */
function looks(run: () => void): number {
  const { has } = Room.prototype;
  const iterate = BroadcastSet.prototype[Symbol.iterator];
  let count = 0;
  Room.prototype.has = function (member) {
    count++;
    return has.call(this, member);
  };
  BroadcastSet.prototype[Symbol.iterator] = function* () {
    for (const member of { [Symbol.iterator]: () => iterate.call(this) }) {
      count++;
      yield member;
    }
  };
  try {
    run();
  } finally {
    Room.prototype.has = has;
    BroadcastSet.prototype[Symbol.iterator] = iterate;
  }
  return count;
}

/** A number of members of some rooms, with all arrivals delivered. */
function crowd(count: number, ...rooms: string[]): { fixture: ChatFixture; members: Member[] } {
  const fixture = new ChatFixture();
  const members = Array.from({ length: count }, (_, n) => fixture.enter(`member${n}`, ...rooms));
  fixture.chat.flush();
  for (const member of members) fixture.heard(member);
  return { fixture, members };
}

Deno.test("audiences: no member is visited for an event of a member of one room", () => {
  const { fixture, members } = crowd(50, "#a");
  const [alice, bob] = members as [Member, Member];
  assertEquals(looks(() => fixture.chat.setAway(alice, "lunch")), 0);
  assertEquals(looks(() => fixture.chat.rename(alice, "alicia")), 0);
  assertEquals(looks(() => fixture.chat.setRealname(alice, "Alicia")), 0);
  assertEquals(looks(() => fixture.chat.remove(bob, "gone")), 0);
});

Deno.test("audiences: visits grow linearly when all members of two rooms act at once", () => {
  for (
    const act of [
      ({ fixture, members }: ReturnType<typeof crowd>) =>
        members.forEach((each) => fixture.chat.setAway(each, "lunch")),
      ({ fixture, members }: ReturnType<typeof crowd>) =>
        members.forEach((each, n) => fixture.chat.rename(each, `other${n}`)),
      ({ fixture, members }: ReturnType<typeof crowd>) => members.forEach((each) => fixture.chat.remove(each)),
    ]
  ) {
    const [few, many] = [50, 200].map((count) => {
      const all = crowd(count, "#a", "#b");
      return looks(() => act(all));
    });
    assert(many! <= 5 * few!, `${few} looks by 50 members, ${many} by 200`);
  }
});

Deno.test("audiences: each member is visited a few times for an event of a member of many rooms", () => {
  const { fixture, members } = crowd(100, ...Array.from({ length: 40 }, (_, n) => `#room${n}`));
  const count = looks(() => fixture.chat.setAway(members[0]!, "lunch"));
  assert(count <= 3 * members.length, String(count));
});

Deno.test("audiences: each member is told once of each other, whatever members join and leave", () => {
  const NAMES = ["#a", "#b", "#c", "#d"];
  const rooms = fc.subarray(NAMES);
  const deed = fc.record({
    who: fc.nat({ max: 5 }),
    what: fc.constantFrom("away", "join", "leave", "quit", "flush"),
    where: fc.nat({ max: 3 }),
  });
  fc.assert(
    fc.property(fc.array(rooms, { minLength: 6, maxLength: 6 }), fc.array(deed, { maxLength: 30 }), (where, deeds) => {
      const fixture = new ChatFixture();
      const members = where.map((names, n) => fixture.enter(`member${n}`, ...names));
      for (const member of members) fixture.heard(member);
      const expected = members.map((): string[] => []);
      const share = (one: Member, other: Member) => [...one.rooms.values()].some((room) => room.has(other));
      for (const [n, { who, what, where }] of deeds.entries()) {
        const member = members[who]!;
        if (!fixture.chat.has(member)) continue;
        const name = NAMES[where]!;
        const room = member.rooms.get(name);
        if (what === "join") fixture.chat.join(member, name);
        else if (what === "leave" && room !== undefined) fixture.chat.leave(member, room);
        else if (what === "away" || what === "quit") {
          for (const [i, other] of members.entries()) {
            if (other !== member && fixture.chat.has(other) && share(member, other)) {
              expected[i]!.push(`${what} ${who} ${n}`);
            }
          }
          if (what === "away") fixture.chat.setAway(member, String(n));
          else fixture.chat.remove(member, `because${n}`);
        } else if (what === "flush") fixture.chat.flush();
      }
      const heard = members.map((member) =>
        fixture.heard(member).flatMap((line) => {
          const [, who, n] =
            /^(?:away member(?=\d \d)|left #\w member(?=\d because))(\d) (?:because)?(\d+)/.exec(line) ?? [];
          return n === undefined ? [] : [`${line.startsWith("away") ? "away" : "quit"} ${who} ${n}`];
        })
      );
      assertEquals(heard.map((lines) => lines.toSorted()), expected.map((lines) => lines.toSorted()));
    }),
    { numRuns: 500 },
  );
});

Deno.test("audiences: events are delivered correctly beyond AUDIENCES_MAX", () => {
  const fixture = new ChatFixture();
  const count = AUDIENCES_MAX + 3;
  const everyone = fixture.enter("everyone", "#all");
  const pairs = Array.from({ length: count }, (_, n) => {
    return [fixture.enter(`actor${n}`, `#r${n}`, "#all"), fixture.enter(`friend${n}`, `#r${n}`, "#all")] as const;
  });
  fixture.chat.flush();
  for (const [actor, friend] of pairs) [actor, friend].forEach((each) => fixture.heard(each));
  fixture.heard(everyone);
  for (const [actor] of pairs) fixture.chat.setAway(actor, "lunch");
  const all = pairs.map((_, n) => `away actor${n} lunch`);
  assertEquals(fixture.heard(everyone), all);
  for (const [n, [, friend]] of pairs.entries()) {
    assertEquals(fixture.heard(friend).toSorted(), all.toSorted(), `friend${n}`);
  }
});
