import { assert, assertEquals } from "@std/assert";
import { AUDIENCES_MAX, BroadcastSet } from "../../src/chat/broadcast.ts";
import type { Member } from "../../src/chat/member.ts";
import { Room } from "../../src/chat/room.ts";
import { fc } from "../dependencies.ts";
import { Chat } from "./helpers.ts";

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
function crowd(count: number, ...rooms: string[]): { chat: Chat; members: Member[] } {
  const chat = new Chat();
  const members = Array.from({ length: count }, (_, n) => chat.enter(`member${n}`, ...rooms));
  chat.hub.flush();
  for (const member of members) chat.heard(member);
  return { chat, members };
}

Deno.test("audiences: no member is visited for an event of a member of one room", () => {
  const { chat, members } = crowd(50, "#a");
  const [alice, bob] = members as [Member, Member];
  assertEquals(looks(() => chat.hub.setAway(alice, "lunch")), 0);
  assertEquals(looks(() => chat.hub.rename(alice, "alicia")), 0);
  assertEquals(looks(() => chat.hub.setRealname(alice, "Alicia")), 0);
  assertEquals(looks(() => chat.hub.remove(bob, "gone")), 0);
});

Deno.test("audiences: visits grow linearly when all members of two rooms act at once", () => {
  for (
    const act of [
      ({ chat, members }: ReturnType<typeof crowd>) => members.forEach((each) => chat.hub.setAway(each, "lunch")),
      ({ chat, members }: ReturnType<typeof crowd>) => members.forEach((each, n) => chat.hub.rename(each, `other${n}`)),
      ({ chat, members }: ReturnType<typeof crowd>) => members.forEach((each) => chat.hub.remove(each)),
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
  const { chat, members } = crowd(100, ...Array.from({ length: 40 }, (_, n) => `#room${n}`));
  const count = looks(() => chat.hub.setAway(members[0]!, "lunch"));
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
      const chat = new Chat();
      const members = where.map((names, n) => chat.enter(`member${n}`, ...names));
      for (const member of members) chat.heard(member);
      const expected = members.map((): string[] => []);
      const share = (one: Member, other: Member) => [...one.rooms.values()].some((room) => room.has(other));
      for (const [n, { who, what, where }] of deeds.entries()) {
        const member = members[who]!;
        if (!chat.hub.has(member)) continue;
        const name = NAMES[where]!;
        const room = member.rooms.get(name);
        if (what === "join") chat.hub.join(member, name);
        else if (what === "leave" && room !== undefined) chat.hub.leave(member, room);
        else if (what === "away" || what === "quit") {
          for (const [i, other] of members.entries()) {
            if (other !== member && chat.hub.has(other) && share(member, other)) {
              expected[i]!.push(`${what} ${who} ${n}`);
            }
          }
          if (what === "away") chat.hub.setAway(member, String(n));
          else chat.hub.remove(member, `because${n}`);
        } else if (what === "flush") chat.hub.flush();
      }
      const heard = members.map((member) =>
        chat.heard(member).flatMap((line) => {
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
  const chat = new Chat();
  const count = AUDIENCES_MAX + 3;
  const everyone = chat.enter("everyone", "#all");
  const pairs = Array.from({ length: count }, (_, n) => {
    return [chat.enter(`actor${n}`, `#r${n}`, "#all"), chat.enter(`friend${n}`, `#r${n}`, "#all")] as const;
  });
  chat.hub.flush();
  for (const [actor, friend] of pairs) [actor, friend].forEach((each) => chat.heard(each));
  chat.heard(everyone);
  for (const [actor] of pairs) chat.hub.setAway(actor, "lunch");
  const all = pairs.map((_, n) => `away actor${n} lunch`);
  assertEquals(chat.heard(everyone), all);
  for (const [n, [, friend]] of pairs.entries()) {
    assertEquals(chat.heard(friend).toSorted(), all.toSorted(), `friend${n}`);
  }
});
