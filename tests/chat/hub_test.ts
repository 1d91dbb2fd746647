import { assert, assertEquals, assertThrows } from "@std/assert";
import fc from "fast-check";
import { Hub, LOBBY, REASON_MAX, TOPIC_MAX } from "../../src/chat/hub.ts";
import type { Member } from "../../src/chat/member.ts";
import { fold } from "../../src/chat/names.ts";
import { Refusal, type RefusalCode } from "../../src/chat/refusal.ts";
import { MemoryHistory } from "../../src/history/memory.ts";
import { CountingFormat, Inbox } from "./helpers.ts";

/** A hub, and the people in it. */
class Chat {
  held = 0;
  readonly format = new CountingFormat();
  readonly hub = new Hub({ history: new MemoryHistory(), onHeld: () => this.held++ });
  readonly #inboxes = new Map<Member, Inbox>();

  /** Lets somebody in, perhaps under a name, and into rooms. */
  enter(nick?: string, ...rooms: string[]): Member {
    const inbox = new Inbox();
    const member = this.hub.connect(this.format, inbox);
    this.#inboxes.set(member, inbox);
    if (nick !== undefined) this.hub.rename(member, nick);
    for (const room of rooms) this.hub.join(member, room);
    for (const each of this.#inboxes.keys()) this.heard(each);
    return member;
  }

  /** What somebody was told since they were last asked, with what is held back. */
  heard(member: Member): string[] {
    this.hub.flush();
    return this.told(member);
  }

  /** What somebody was told since they were last asked, without what is held back. */
  told(member: Member): string[] {
    return this.#inboxes.get(member)!.take();
  }

  say(member: Member, room: string, text: string, action = false): void {
    this.hub.say(member, this.hub.findRoom(room), text, action);
  }

  said(room: string): string[] {
    return this.hub.latest(this.hub.findRoom(room), 100).map(({ text }) => text);
  }

  rooms(): string[] {
    return [...this.hub.rooms].map(({ name }) => name);
  }
}

function refused(code: RefusalCode, subject: string, action: () => void): void {
  const refusal = assertThrows(action, Refusal);
  assertEquals([refusal.code, refusal.subject], [code, subject]);
}

Deno.test("whoever comes in is guest and the lowest number that is free", () => {
  const chat = new Chat();
  const [one, two, three] = [chat.enter(), chat.enter(), chat.enter()] as const;
  assertEquals([one, two, three].map(({ nick }) => nick), ["guest1", "guest2", "guest3"]);
  chat.hub.disconnect(two);
  chat.hub.rename(one, "alice");
  chat.hub.rename(three, "GUEST4");
  assertEquals([1, 2, 3, 4].map(() => chat.enter().nick), ["guest1", "guest2", "guest3", "guest5"]);
});

Deno.test("a name that nobody can have is refused, and so is one that somebody else has, in any case", () => {
  const chat = new Chat();
  const alice = chat.enter("alice");
  const bob = chat.enter("Bob");
  for (const nick of ["", "1st", "-x", "a b", "a,b", "é", "a".repeat(31)]) {
    refused("nick-impossible", nick, () => chat.hub.rename(alice, nick));
  }
  for (const nick of ["Bob", "bob", "BOB"]) refused("nick-taken", nick, () => chat.hub.rename(alice, nick));
  assertEquals([alice.nick, chat.hub.find("alice"), chat.hub.find("BOB")], ["alice", alice, bob]);
  assertEquals([chat.heard(alice), chat.heard(bob)], [[], []]);
});

Deno.test("a name can be changed in its case only, and to itself without anybody being told", () => {
  const chat = new Chat();
  const alice = chat.enter("alice");
  chat.hub.rename(alice, "ALICE");
  chat.hub.rename(alice, "ALICE");
  assertEquals(chat.heard(alice), ["renamed alice ALICE"]);
  assert(chat.hub.find("alice") === alice);
});

Deno.test("a name is free for others as soon as its owner has another or is gone", () => {
  const chat = new Chat();
  const [alice, bob] = [chat.enter("alice"), chat.enter("bob")];
  chat.hub.rename(alice, "carol");
  refused("nobody", "alice", () => chat.hub.find("alice"));
  chat.hub.rename(bob, "Alice");
  assert(chat.hub.find("alice") === bob);
  chat.hub.disconnect(bob);
  refused("nobody", "alice", () => chat.hub.find("alice"));
  chat.hub.rename(alice, "bob");
  assert(chat.hub.find("BOB") === alice);
});

Deno.test("everybody is counted and listed in order of arrival, whatever they are called since", () => {
  const chat = new Chat();
  const [one, two, three] = [chat.enter(), chat.enter(), chat.enter()] as const;
  chat.hub.rename(one, "zoe");
  chat.hub.disconnect(two);
  assertEquals([...chat.hub.members], [one, three]);
  assertEquals(chat.hub.members.size, 2);
});

Deno.test("whoever gets another name is told, and so are those they share a room with, each once", () => {
  const chat = new Chat();
  const mover = chat.enter("mover", "#a", "#b", "#c");
  const twice = chat.enter("twice", "#a", "#b");
  const once = chat.enter("once", "#c");
  const other = chat.enter("other", "#d");
  chat.heard(mover);
  chat.hub.rename(mover, "moved");
  for (const member of [mover, twice, once]) assertEquals(chat.heard(member), ["renamed mover moved"]);
  assertEquals(chat.heard(other), []);
  chat.hub.rename(other, "lonely");
  assertEquals(chat.heard(other), ["renamed other lonely"]);
  const roomless = chat.enter("roomless");
  chat.hub.rename(roomless, "homeless");
  assertEquals(chat.heard(roomless), ["renamed roomless homeless"]);
});

Deno.test("a room is made by whoever comes first, who names it, and the others are told of each who comes", () => {
  const chat = new Chat();
  const [alice, bob] = [chat.enter("alice"), chat.enter("bob")];
  const room = chat.hub.join(alice, "#Tea");
  assert(chat.hub.join(bob, "#TEA") === room && chat.hub.findRoom("#tea") === room);
  assertEquals([room.name, [...room.members], chat.rooms()], ["#Tea", [alice, bob], [LOBBY, "#Tea"]]);
  assertEquals([chat.heard(alice), chat.heard(bob)], [["joined #Tea bob 2"], []]);
  chat.hub.join(bob, "#tea");
  assertEquals([chat.heard(alice), room.members.size], [[], 2]);
});

Deno.test("what no room can be called is refused, and no room is made", () => {
  const chat = new Chat();
  const alice = chat.enter("alice");
  for (const name of ["", "#", "tea", "#a b", "#a,b", "#\x07"]) {
    refused("room-impossible", name, () => chat.hub.join(alice, name));
  }
  refused("no-room", "#tea", () => chat.hub.findRoom("#tea"));
  assertEquals([chat.rooms(), alice.rooms.size], [[LOBBY], 0]);
});

Deno.test("whoever leaves a room is out of it, and those who stay are told", () => {
  const chat = new Chat();
  const [alice, bob] = [chat.enter("alice", "#tea"), chat.enter("bob", "#tea")];
  const room = chat.hub.findRoom("#tea");
  chat.hub.leave(bob, room, "late");
  assertEquals([chat.heard(alice), chat.heard(bob)], [["left #tea bob late 1"], []]);
  assertEquals([[...room.members], bob.rooms.size], [[alice], 0]);
  refused("not-in-room", "#tea", () => chat.hub.leave(bob, room));
  assertEquals(chat.heard(alice), []);
});

Deno.test("a room is gone with the last who leaves, with its topic and all that was said; the lobby stays", () => {
  const chat = new Chat();
  const alice = chat.enter("alice", LOBBY, "#tea");
  for (const name of [LOBBY, "#tea"]) {
    chat.say(alice, name, "a secret");
    chat.hub.setTopic(alice, chat.hub.findRoom(name), "secrets");
    chat.hub.leave(alice, chat.hub.findRoom(name));
  }
  assertEquals(chat.rooms(), [LOBBY]);
  const bob = chat.enter("bob", LOBBY, "#TEA");
  assertEquals([chat.said("#tea"), chat.hub.findRoom("#tea").topic, chat.hub.findRoom("#tea").name], [[], "", "#TEA"]);
  assertEquals([chat.said(LOBBY), chat.hub.findRoom(LOBBY).topic], [["a secret"], "secrets"]);
  chat.hub.disconnect(bob);
  assertEquals(chat.rooms(), [LOBBY]);
});

Deno.test("what is said in a room is told to all who are in it, the speaker too, and to nobody else", () => {
  const chat = new Chat();
  const alice = chat.enter("alice", "#tea");
  const bob = chat.enter("bob", "#tea");
  const carol = chat.enter("carol", "#coffee");
  chat.say(alice, "#tea", "hi");
  chat.say(bob, "#tea", "waves", true);
  for (const member of [alice, bob]) {
    assertEquals(chat.heard(member), ["said #tea alice hi false", "said #tea bob waves true"]);
  }
  assertEquals(chat.heard(carol), []);
  refused("not-in-room", "#tea", () => chat.say(carol, "#tea", "let me in"));
  assertEquals([chat.heard(alice), chat.said("#tea")], [[], ["hi", "waves"]]);
});

Deno.test("whoever does not want their own lines is told all others, in order", () => {
  const chat = new Chat();
  const [alice, bob] = [chat.enter("alice", LOBBY), chat.enter("bob", LOBBY)];
  alice.echo = false;
  chat.say(bob, LOBBY, "1");
  chat.say(alice, LOBBY, "2");
  chat.say(bob, LOBBY, "3");
  assertEquals(chat.heard(alice), ["said #lobby bob 1 false", "said #lobby bob 3 false"]);
  assertEquals(chat.heard(bob), [1, 2, 3].map((n) => `said #lobby ${n === 2 ? "alice" : "bob"} ${n} false`));
  assertEquals(chat.said(LOBBY), ["1", "2", "3"]);
});

Deno.test("the last lines said are had by count, with who said them and when", () => {
  const chat = new Chat();
  const alice = chat.enter("alice", "#Tea");
  const before = Date.now();
  for (const text of ["1", "2", "3"]) chat.say(alice, "#tea", text);
  const lines = chat.hub.latest(chat.hub.findRoom("#TEA"), 2);
  assertEquals(lines.map(({ from, text }) => [from, text]), [["alice", "2"], ["alice", "3"]]);
  assert(lines.every(({ time }) => time >= before && time <= Date.now()));
});

Deno.test("a private message is told to the other alone, found in any case", () => {
  const chat = new Chat();
  const [alice, bob, carol] = [chat.enter("alice", LOBBY), chat.enter("Bob", LOBBY), chat.enter("carol", LOBBY)];
  assertEquals(chat.hub.whisper(alice, "BOB", "ps\x07st"), { to: bob, text: "psst" });
  assertEquals([alice, bob, carol].map((each) => chat.heard(each)), [[], ["whispered alice Bob psst"], []]);
  refused("nobody", "dave", () => chat.hub.whisper(alice, "dave", "psst"));
  assertEquals(chat.hub.whisper(alice, "bob", " \x1b "), undefined);
  assertEquals([chat.heard(bob), chat.said(LOBBY)], [[], []]);
});

Deno.test("a topic is set for all to see by who is in the room, up to its limit", () => {
  const chat = new Chat();
  const [alice, bob] = [chat.enter("alice", "#tea"), chat.enter("bob")];
  const room = chat.hub.findRoom("#tea");
  chat.hub.setTopic(alice, room, " green\x07 or black? ");
  assertEquals([room.topic, chat.heard(alice)], ["green or black?", ["topic #tea alice green or black?"]]);
  const longest = "😀".repeat(TOPIC_MAX);
  chat.hub.setTopic(alice, room, longest);
  assertEquals([room.topic, chat.heard(alice).length], [longest, 1]);
  refused("topic-too-long", "390", () => chat.hub.setTopic(alice, room, longest + "!"));
  refused("not-in-room", "#tea", () => chat.hub.setTopic(bob, room, "coffee"));
  assertEquals([room.topic, chat.heard(alice), chat.heard(bob)], [longest, [], []]);
});

Deno.test("whoever is gone is out of all rooms, and nobody is told twice", () => {
  const chat = new Chat();
  const alice = chat.enter("alice", "#tea", "#coffee", LOBBY);
  const bob = chat.enter("bob", "#tea", LOBBY);
  chat.heard(alice);
  chat.hub.disconnect(alice, "too slow");
  assertEquals(chat.heard(bob), ["left #tea alice too slow 1", "left #lobby alice too slow 1"]);
  assertEquals([chat.rooms(), [...chat.hub.members], alice.rooms.size], [[LOBBY, "#tea"], [bob], 0]);
  chat.enter("alice");
  chat.hub.disconnect(alice, "again");
  assertEquals([chat.heard(bob), chat.heard(alice), chat.hub.find("alice") === alice], [[], [], false]);
});

Deno.test("a reason for leaving is told without control characters, and cut at its limit, but not in a character", () => {
  const longest = "😀".repeat(REASON_MAX);
  for (const [reason, told] of [["by\x1be\r\n", "bye"], [longest, longest], [longest + "!", longest]] as const) {
    const chat = new Chat();
    const [alice, bob] = [chat.enter("alice", LOBBY), chat.enter("bob", LOBBY)];
    chat.hub.disconnect(bob, reason);
    assertEquals(chat.heard(alice), [`left #lobby bob ${told} 1`]);
  }
});

Deno.test("control characters are taken out of what is said, and nothing is said if nothing is left", () => {
  const chat = new Chat();
  const alice = chat.enter("alice", LOBBY);
  chat.say(alice, LOBBY, "\x1b[31mred\x07\tand\u2028more");
  for (const nothing of ["", "  ", "\t", "\x07", " \x1b \u2029"]) chat.say(alice, LOBBY, nothing);
  assertEquals(chat.heard(alice), ["said #lobby alice [31mred\tandmore false"]);
  assertEquals(chat.said(LOBBY), ["[31mred\tandmore"]);
});

Deno.test("whoever has a format without words for something is sent nothing at all", () => {
  const chat = new Chat();
  const inbox = new Inbox();
  const deaf = chat.hub.connect(new CountingFormat(() => undefined), inbox);
  chat.hub.join(deaf, LOBBY);
  const alice = chat.enter("alice", LOBBY);
  chat.say(alice, LOBBY, "hi");
  chat.hub.whisper(alice, deaf.nick, "psst");
  chat.hub.rename(deaf, "bob");
  assertEquals([chat.heard(alice).length, inbox.batches], [2, []]);
});

Deno.test("a notice is told to everybody, in a room or not", () => {
  const chat = new Chat();
  const members = [chat.enter("alice", LOBBY, "#tea"), chat.enter("bob")];
  chat.hub.notice("stopping");
  for (const member of members) assertEquals(chat.heard(member), ["notice stopping"]);
});

Deno.test("what is announced waits for the flush, which is asked for once", () => {
  const chat = new Chat();
  const alice = chat.enter("alice", "#a", "#b");
  chat.held = 0;
  for (const room of ["#a", "#b", "#a"]) chat.say(alice, room, "hi");
  assertEquals([chat.held, chat.told(alice)], [1, []]);
  assertEquals(chat.heard(alice).length, 3);
  chat.say(alice, "#b", "hi");
  assertEquals(chat.held, 2);
});

Deno.test("what somebody is told directly comes after what their rooms hold back for them", () => {
  const chat = new Chat();
  const [alice, bob] = [chat.enter("alice", "#a", "#b"), chat.enter("bob", "#a", "#b")];
  const said = (room: string, text: string) => `said ${room} alice ${text} false`;
  chat.say(alice, "#a", "1");
  chat.say(alice, "#b", "2");
  chat.hub.whisper(alice, "bob", "3");
  chat.say(alice, "#a", "4");
  bob.send(["5"]);
  chat.hub.leave(bob, chat.hub.findRoom("#b"));
  chat.say(alice, "#b", "6");
  const expected = [said("#a", "1"), said("#b", "2"), "whispered alice bob 3", said("#a", "4"), "5"];
  assertEquals(chat.heard(bob), expected);
  assertEquals(chat.told(alice).length, 5);
});

/** What three people may do to a hub, or it to them. */
const VERBS = ["connect", "disconnect", "rename", "join", "join", "leave", "say", "whisper", "topic", "flush"] as const;
const NAMES = ["a", "A", "b", "guest1", "GUEST2", "guest3", "1st", "#x", "#X", "#y", "#lobby", "#Lobby", "#", ""];
const step = fc.tuple(fc.constantFrom(...VERBS), fc.nat({ max: 2 }), fc.constantFrom(...NAMES));
const steps = fc.array(step, { maxLength: 60, size: "max" });

/** All that can be seen of a hub from outside. */
function state(hub: Hub): unknown {
  const members = [...hub.members].map(({ nick, rooms, echo }) => [nick, [...rooms.keys()], echo]);
  const rooms = [...hub.rooms].map((room) => [
    room.name,
    room.topic,
    [...room.members].map(({ nick }) => nick),
    hub.latest(room, 1000).map(({ text }) => text),
  ]);
  return { members, rooms };
}

Deno.test("whatever three people do, the hub stays in order, and what is refused changes nothing", () => {
  fc.assert(
    fc.property(steps, (steps) => {
      const { hub, format } = new Chat();
      const seats: (Member | undefined)[] = [undefined, undefined, undefined];
      for (const [verb, seat, name] of steps) {
        const member = seats[seat];
        const before = [state(hub), format.rendered];
        const nicks = [...hub.members].map(({ nick }) => fold(nick));
        try {
          if (verb === "connect") {
            if (member !== undefined) continue;
            seats[seat] = hub.connect(format, new Inbox());
            const free = [1, 2, 3, 4].find((number) => !nicks.includes(`guest${number}`));
            assertEquals(seats[seat].nick, `guest${free}`);
          } else if (member === undefined) continue;
          else if (verb === "disconnect") {
            hub.disconnect(member);
            hub.disconnect(member);
            seats[seat] = undefined;
          } else if (verb === "rename") hub.rename(member, name);
          else if (verb === "join") hub.join(member, name);
          else if (verb === "leave") hub.leave(member, hub.findRoom(name));
          else if (verb === "say") hub.say(member, hub.findRoom(name), "hi");
          else if (verb === "whisper") hub.whisper(member, name, "hi");
          else if (verb === "topic") hub.setTopic(member, hub.findRoom(name), name);
          else hub.flush();
        } catch (error) {
          if (!(error instanceof Refusal)) throw error;
          assertEquals([state(hub), format.rendered], before);
        }

        const connected = seats.filter((each) => each !== undefined);
        assertEquals(new Set(hub.members), new Set(connected));
        assertEquals(new Set(connected.map(({ nick }) => fold(nick))).size, connected.length);
        for (const each of connected) assert(hub.find(each.nick) === each);
        const rooms = [...hub.rooms];
        assert(hub.findRoom(LOBBY).name === LOBBY);
        assertEquals(new Set(rooms.map(({ name }) => fold(name))).size, rooms.length);
        for (const room of rooms) {
          assert(hub.findRoom(room.name) === room);
          assert(room.members.size > 0 || room.name === LOBBY, "an empty room");
          assertEquals([...room.members].length, room.members.size);
          for (const each of room.members) assert(each.rooms.get(fold(room.name)) === room);
          for (const each of room.members) assert(connected.includes(each), "a ghost");
        }
        for (const each of connected) {
          for (const room of each.rooms.values()) assert(new Set(room.members).has(each) && rooms.includes(room));
        }
      }
    }),
    { numRuns: 200 },
  );
});

Deno.test("whatever three people say, lines of one room and direct answers keep their order for everybody", () => {
  const ROOMS = ["#x", "#y", LOBBY];
  const verb = fc.constantFrom("say", "say", "say", "answer", "whisper", "join", "leave", "echo", "flush");
  const steps = fc.array(fc.tuple(verb, fc.nat({ max: 2 }), fc.nat({ max: 2 })), { maxLength: 60, size: "max" });
  fc.assert(
    fc.property(steps, (steps) => {
      const hub = new Hub({ history: new MemoryHistory(), onHeld: () => {} });
      // What is said is a number that grows; the room it was said in goes before it, or "direct".
      const format = new CountingFormat((event) => {
        if (event.kind === "said") return `${event.room} ${event.text}`;
        return event.kind === "whispered" ? `direct ${event.text}` : undefined;
      });
      const people = [0, 1, 2].map(() => {
        const inbox = new Inbox();
        return { inbox, member: hub.connect(format, inbox), owed: [] as string[] };
      });
      for (const [number, [verb, who, which]] of steps.entries()) {
        const { member, owed } = people[who]!;
        const name = ROOMS[which]!;
        if (verb === "join") hub.join(member, name);
        else if (verb === "answer") {
          member.send([`direct ${number}`]);
          owed.push(`direct ${number}`);
        } else if (verb === "whisper") {
          hub.whisper(member, people[which]!.member.nick, String(number));
          people[which]!.owed.push(`direct ${number}`);
        } else if (verb === "echo") member.echo = !member.echo;
        else if (verb === "flush") hub.flush();
        else if (!member.rooms.has(name)) continue;
        else if (verb === "leave") hub.leave(member, hub.findRoom(name));
        else {
          hub.say(member, hub.findRoom(name), String(number));
          for (const other of people) {
            if (!other.member.rooms.has(name) || other.member === member && !member.echo) continue;
            other.owed.push(`${name} ${number}`);
          }
        }
      }
      hub.flush();
      for (const { inbox, owed } of people) {
        const got = inbox.lines;
        assertEquals([...got].sort(), [...owed].sort());
        for (const room of ROOMS) {
          const kept = (line: string) => line.startsWith(room) || line.startsWith("direct");
          assertEquals(got.filter(kept), owed.filter(kept));
        }
      }
    }),
    { numRuns: 200 },
  );
});

Deno.test("nobody acts who is gone, or in a room that is gone", () => {
  const chat = new Chat();
  const { hub } = chat;
  const member = chat.enter();
  const first = hub.join(member, "#tea");
  hub.leave(member, first);
  hub.join(member, "#tea");
  assertThrows(() => hub.leave(member, first), Refusal);
  assertThrows(() => hub.say(member, first, "hello?"), Refusal);
  hub.disconnect(member);
  assertThrows(() => hub.join(member, "#tea"), TypeError);
  assertThrows(() => hub.rename(member, "ghost"), TypeError);
  assertEquals([...hub.rooms].map(({ name }) => name), [LOBBY]);
  assertThrows(() => hub.find("ghost"), Refusal);
});
