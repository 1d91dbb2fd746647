/** Properties of the chat that hold whatever its members do. */
import { assert, assertEquals } from "@std/assert";
import { fc } from "../dependencies.ts";
import { LocalChat, ROOMS_MAX } from "../../src/chat/local_chat.ts";
import { fold, LOBBY } from "../../src/chat/names.ts";
import { MONITOR_MAX } from "../../src/chat/monitor.ts";
import type { Member, Session } from "../../src/chat/member.ts";
import { LISTS, MASKS_MAX, type ModeChange, SWITCHES } from "../../src/chat/modes.ts";
import { ROLES_MAX } from "../../src/chat/roles.ts";
import { ChatError } from "../../src/chat/chat_error.ts";
import type { Room } from "../../src/chat/room.ts";
import { MemoryHistory } from "../../src/history/memory.ts";
import { Chat, CountingFormat, IDENTITY, Inbox, sessionOf } from "./helpers.ts";

/** The strings that three members use as nicknames, rooms, masks, keys and texts. */
const NAMES = [
  "a",
  "A",
  "b",
  "guest1",
  "GUEST2",
  "guest3",
  "1st",
  "#x",
  "#X",
  "#y",
  LOBBY,
  "#Lobby",
  "#",
  "",
  "*",
  "a!*@*",
  "~a:a",
];

/** The nicknames that are accounts. */
const ACCOUNTS = ["a", "b"];
const POLICY = { isRegistered: (nick: string) => ACCOUNTS.includes(fold(nick)) };

/** The actions of three members. Most of them are rejected. */
const ACTIONS = {
  disconnect: (hub, member) => hub.remove(member),
  rename: (hub, member, _, other) => hub.rename(member, other),
  join: (hub, member, name, other) => hub.join(member, name, other),
  leave: (hub, member, name) => hub.leave(member, hub.findRoom(name)),
  kick: (hub, member, name, other) => hub.kick(member, hub.findRoom(name), other, name),
  invite: (hub, member, name, other) => hub.invite(member, hub.findRoom(name), other),
  say: (hub, member, name, other) => hub.say(member, hub.findRoom(name), other),
  sayToSome: (hub, member, name) => hub.say(member, hub.findRoom(name), "hi", { minRank: "voice" }),
  whisper: (hub, member, name, other) => hub.whisper(member, other, name),
  tag: (hub, member, name) => hub.tag(member, hub.findRoom(name), "+x"),
  tagOne: (hub, member, _, other) => hub.tag(member, hub.find(other), "+x"),
  topic: (hub, member, name, other) => hub.setTopic(member, hub.findRoom(name), other),
  login: (hub, member, _, other) => hub.login(sessionOf(member), ACCOUNTS.includes(fold(other)) ? other : "a"),
  logout: (hub, member) => hub.logout(sessionOf(member)),
  operate: (hub, member) => hub.setFlag(member, "operator", !member.operator),
  ban: (hub, member, name, other) => hub.admin.ban(member, hub.findRoom(name), other),
  unban: (hub, member, name, other) => hub.admin.unban(member, hub.findRoom(name), other),
  transfer: (hub, member, name, other) => hub.admin.transfer(member, hub.findRoom(name), other),
  admit: (hub, member, name, other) => hub.admin.setMember(member, hub.findRoom(name), other, true),
  dismiss: (hub, member, name, other) => hub.admin.setMember(member, hub.findRoom(name), other, false),
  appoint: (hub, member, name, other) => hub.admin.appoint(member, hub.findRoom(name), other),
  renameRoom: (hub, member, name, other) => hub.admin.rename(member, hub.findRoom(name), other),
  destroy: (hub, member, name) => hub.admin.destroy(member, hub.findRoom(name)),
  away: (hub, member, name) => hub.setAway(member, name || undefined),
  realname: (hub, member, name) => hub.setRealname(member, name),
  wallops: (hub, member, name) => hub.sayWallops(member, name),
  monitor: (hub, member, _, other) => hub.monitor.add(sessionOf(member), other),
  echo: (_, { sessions: [session] }) => session !== undefined && (session.echo = !session.echo),
  notice: (hub) => hub.notice("hi"),
  flush: (hub) => hub.flush(),
} satisfies Record<string, (hub: LocalChat, member: Member, name: string, other: string) => unknown>;

/** Actions that throw no TypeError for a disconnected member. */
const UNCHECKED = new Set<unknown>([
  "disconnect",
  "whisper",
  "tagOne",
  "away",
  "realname",
  "operate",
  "ban",
  "unban",
  "transfer",
  "admit",
  "dismiss",
  "appoint",
  "renameRoom",
  "destroy",
  "wallops",
  "monitor",
  "echo",
  "notice",
]);

// Mostly a room, and a nickname that may be in it, so that many actions succeed.
const name = fc.oneof({ arbitrary: fc.constantFrom("#x", "#X", LOBBY), weight: 3 }, fc.constantFrom(...NAMES));
const other = fc.oneof({ arbitrary: fc.constantFrom("a", "b", "guest1"), weight: 3 }, fc.constantFrom(...NAMES));
const change: fc.Arbitrary<ModeChange> = fc.oneof(
  fc.record({ on: fc.boolean(), mode: fc.constantFrom(...SWITCHES) }),
  fc.record({ on: fc.boolean(), mode: fc.constantFrom(...LISTS), mask: other }),
  fc.record({ on: fc.boolean(), mode: fc.constantFrom("q", "o", "v"), nick: other }),
  fc.record({ on: fc.boolean(), mode: fc.constant("k"), key: other }),
  fc.record({ on: fc.constant(true), mode: fc.constant("l"), limit: fc.integer({ min: 1, max: 3 }) }),
  fc.record({ on: fc.constant(false), mode: fc.constant("l") }),
);
const action = fc.oneof(
  fc.constantFrom(...Object.keys(ACTIONS) as (keyof typeof ACTIONS)[]),
  { arbitrary: fc.constantFrom("connect", "join", "join"), weight: 1 },
  fc.array(change, { minLength: 1, maxLength: 3 }),
);
const steps = fc.array(fc.tuple(action, fc.nat({ max: 2 }), name, other), { maxLength: 80, size: "max" });

/** The visible state of a chat. */
function state(hub: LocalChat): unknown {
  const members = [...hub.members].map((member) => [
    member.nick,
    member.realname,
    member.away,
    sessionOf(member).echo,
    member.account,
    member.operator,
    [...member.rooms.keys()],
    [...member.invitations],
    hub.monitor.list(sessionOf(member)),
  ]);
  const rooms = [...hub.rooms].map((room) => [
    room.name,
    room.topic,
    room.password,
    room.limit,
    [...room.switches],
    [...room.roles],
    ...[room.members, ...Object.values(room.ranks), room.invited].map((set) => [...set].map(({ nick }) => nick)),
    ...LISTS.map((list) => [...room.lists[list].values()]),
    hub.history.latest(room, 1000).map(({ text }) => text),
  ]);
  return { members, rooms };
}

/** Asserts the invariants of the state. */
function assertConsistent(hub: LocalChat, connected: readonly Member[]): void {
  assertEquals(new Set(hub.members), new Set(connected));
  assertEquals(new Set(connected.map(({ nick }) => fold(nick))).size, connected.length);
  for (const each of connected) assert(hub.find(each.nick) === each);
  const rooms = [...hub.rooms];
  assert(hub.findRoom(LOBBY).name === LOBBY);
  assertEquals(new Set(rooms.map(({ name }) => fold(name))).size, rooms.length);
  for (const room of rooms) {
    assert(hub.findRoom(room.name) === room);
    assert(room.members.size > 0 || room.name === LOBBY || room.roles.size > 0, "an empty room");
    const inside = [...room.members];
    assertEquals(inside.length, room.members.size);
    for (const each of inside) assert(each.rooms.get(fold(room.name)) === room);
    for (const each of inside) assert(connected.includes(each), "a disconnected member in a room");
    for (const each of Object.values(room.ranks).flatMap((members) => [...members])) {
      assert(inside.includes(each), "a rank without a member");
    }
    assertRolesConsistent(room);
    for (const each of room.invited) assert(connected.includes(each) && each.invitations.has(room.key));
    assert(LISTS.reduce((sum, list) => sum + room.lists[list].size, 0) <= MASKS_MAX);
  }
  assertEquals(hub.findRoom(LOBBY).ranks.op.size, 0);
  for (const each of connected) {
    for (const room of each.rooms.values()) assert(new Set(room.members).has(each) && rooms.includes(room));
    for (const key of each.invitations) assert(hub.findRoom(key).invited.has(each));
    assert(each.rooms.size <= ROOMS_MAX && each.invitations.size <= ROOMS_MAX);
    assert(hub.monitor.list(sessionOf(each)).length <= MONITOR_MAX);
  }
}

/** Asserts that members have the ranks of their roles, and that a room without an owner gives no power that lasts. */
function assertRolesConsistent(
  { name, members, ranks, roles, operators, switches, password, limit, lists }: Room,
): void {
  assert(roles.size <= ROLES_MAX);
  for (const member of members) {
    const role = roles.of(member.account);
    if (role !== undefined && role !== "member") assert(ranks[role].has(member), `a ${role} without the rank`);
  }
  for (const member of ranks.owner) assertEquals(roles.of(member.account), "owner", "an owner without the role");
  if (name === LOBBY) return assertEquals([roles.size, operators.size], [0, 0]);
  if (roles.owned) return;
  assert([...roles].every(({ role }) => role !== "op"), "an operator for good in a room without an owner");
  if (operators.size > 0) return;
  const modes = ["i", "m", "M", "R"] as const;
  assertEquals([modes.filter((mode) => switches.has(mode)), password, limit], [[], undefined, Infinity], name);
  assert(LISTS.every((list) => lists[list].size === 0), "masks that no member can remove");
}

Deno.test("chat: the state stays consistent and rejected requests change nothing, whatever three members do", () => {
  fc.assert(
    fc.property(steps, (steps) => {
      const { hub, format } = new Chat({ policy: POLICY });
      const seats: (Session | undefined)[] = [undefined, undefined, undefined]; // of one user, perhaps
      for (const [action, seat, name, other] of steps) {
        const member = seats[seat]?.member;
        const before = [state(hub), format.rendered];
        const nicks = [...hub.members].map(({ nick }) => fold(nick));
        try {
          if (action === "connect" || member === undefined) {
            if (member !== undefined && hub.has(member)) continue;
            const guest = hub.guestName();
            assertEquals(guest, `guest${[1, 2, 3, 4].find((number) => !nicks.includes(`guest${number}`))}`);
            const account = ACCOUNTS.find((account) => account === fold(other));
            const nick = name === LOBBY ? guest : other;
            seats[seat] = hub.connect(nick, { ...IDENTITY, account }, format, new Inbox());
          } else if (Array.isArray(action)) {
            const room = hub.findRoom(name);
            for (const rejection of hub.setModes(member, room, action).rejected) assert(rejection instanceof ChatError);
          } else if (action === "monitor" && !hub.has(member)) continue; // the list would never be cleared
          else ACTIONS[action](hub, member, name, other);
        } catch (error) {
          const gone = member !== undefined && !hub.has(member);
          if (!(error instanceof ChatError || gone && error instanceof TypeError)) throw error;
          assert(!gone || !UNCHECKED.has(action) || error instanceof ChatError);
          assertEquals([state(hub), format.rendered], before);
        }
        const connected = new Set(seats.filter((each) => each !== undefined && hub.hasSession(each)) as Session[]);
        assertConsistent(hub, [...new Set([...connected].map(({ member }) => member))]);
        for (const each of connected) assert(each.member.sessions.includes(each), "a session of another user");
      }
    }),
    { numRuns: 300 },
  );
});

Deno.test("delivery: lines of a room and direct lines keep their order for all members", () => {
  const ROOMS = ["#x", "#y", LOBBY];
  const verb = fc.constantFrom("say", "say", "say", "answer", "whisper", "join", "leave", "echo", "flush");
  const steps = fc.array(fc.tuple(verb, fc.nat({ max: 2 }), fc.nat({ max: 2 })), { maxLength: 60, size: "max" });
  fc.assert(
    fc.property(steps, (steps) => {
      const hub = new LocalChat({ history: new MemoryHistory() });
      // Texts are growing numbers, rendered after the room or "direct".
      const format = new CountingFormat((event) => {
        if (event.kind === "said") return `${event.room} ${event.text}`;
        return event.kind === "whispered" ? `direct ${event.text}` : undefined;
      });
      const people = [0, 1, 2].map(() => {
        const inbox = new Inbox();
        return { inbox, member: hub.connect(hub.guestName(), IDENTITY, format, inbox).member, owed: [] as string[] };
      });
      for (const [number, [verb, who, which]] of steps.entries()) {
        const { member, owed } = people[who]!;
        const name = ROOMS[which]!;
        if (verb === "join") hub.join(member, name);
        else if (verb === "answer") {
          sessionOf(member).send([`direct ${number}`]);
          owed.push(`direct ${number}`);
        } else if (verb === "whisper") {
          hub.whisper(member, people[which]!.member.nick, String(number));
          people[which]!.owed.push(`direct ${number}`);
        } else if (verb === "echo") sessionOf(member).echo = !sessionOf(member).echo;
        else if (verb === "flush") hub.flush();
        else if (!member.rooms.has(name)) continue;
        else if (verb === "leave") hub.leave(member, hub.findRoom(name));
        else {
          hub.say(member, hub.findRoom(name), String(number));
          for (const other of people) {
            if (!other.member.rooms.has(name) || other.member === member && !sessionOf(member).echo) continue;
            other.owed.push(`${name} ${number}`);
          }
        }
      }
      hub.flush();
      for (const { inbox, owed } of people) {
        const got = inbox.lines;
        assertEquals([...got].sort(), [...owed].sort());
        for (const room of ROOMS) {
          const isOfRoom = (line: string) => line.startsWith(room) || line.startsWith("direct");
          assertEquals(got.filter(isOfRoom), owed.filter(isOfRoom));
        }
      }
    }),
    { numRuns: 200 },
  );
});
