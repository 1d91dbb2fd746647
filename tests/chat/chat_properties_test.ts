/** Properties of the chat that hold whatever its members do. */
import { assert, assertEquals } from "@std/assert";
import { fc } from "../dependencies.ts";
import { ROOMS_MAX } from "../../src/chat/chat_options.ts";
import { LocalChat } from "../../src/chat/local_chat.ts";
import { fold, LOBBY } from "../../src/chat/names.ts";
import { MONITOR_MAX } from "../../src/chat/monitor.ts";
import type { Member, Session } from "../../src/chat/member.ts";
import { LISTS, MASKS_MAX, type ModeChange, SWITCHES } from "../../src/chat/modes.ts";
import { ROLES_MAX } from "../../src/chat/roles.ts";
import { ChatError } from "../../src/chat/chat_error.ts";
import type { Room } from "../../src/chat/room.ts";
import { MemoryHistory } from "../../src/history/memory.ts";
import { ChatFixture, CountingFormat, IDENTITY, Inbox, sessionOf } from "./helpers.ts";

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
  disconnect: (chat, member) => chat.remove(member),
  rename: (chat, member, _, other) => chat.rename(member, other),
  join: (chat, member, name, other) => chat.join(member, name, other),
  leave: (chat, member, name) => chat.leave(member, chat.findRoom(name)),
  kick: (chat, member, name, other) => chat.kick(member, chat.findRoom(name), other, name),
  invite: (chat, member, name, other) => chat.invite(member, chat.findRoom(name), other),
  say: (chat, member, name, other) => chat.say(member, chat.findRoom(name), other),
  sayToSome: (chat, member, name) => chat.say(member, chat.findRoom(name), "hi", { minRank: "voice" }),
  whisper: (chat, member, name, other) => chat.whisper(member, other, name),
  tag: (chat, member, name) => chat.tag(member, chat.findRoom(name), "+x"),
  tagOne: (chat, member, _, other) => chat.tag(member, chat.find(other), "+x"),
  topic: (chat, member, name, other) => chat.setTopic(member, chat.findRoom(name), other),
  login: (chat, member, _, other) => chat.login(sessionOf(member), ACCOUNTS.includes(fold(other)) ? other : "a"),
  logout: (chat, member) => chat.logout(sessionOf(member)),
  operate: (chat, member) => chat.setFlag(member, "operator", !member.operator),
  ban: (chat, member, name, other) => chat.admin.ban(member, chat.findRoom(name), other),
  unban: (chat, member, name, other) => chat.admin.unban(member, chat.findRoom(name), other),
  transfer: (chat, member, name, other) => chat.admin.transfer(member, chat.findRoom(name), other),
  admit: (chat, member, name, other) => chat.admin.setMember(member, chat.findRoom(name), other, true),
  dismiss: (chat, member, name, other) => chat.admin.setMember(member, chat.findRoom(name), other, false),
  appoint: (chat, member, name, other) => chat.admin.appoint(member, chat.findRoom(name), other),
  renameRoom: (chat, member, name, other) => chat.admin.rename(member, chat.findRoom(name), other),
  destroy: (chat, member, name) => chat.admin.destroy(member, chat.findRoom(name)),
  away: (chat, member, name) => chat.setAway(member, name || undefined),
  realname: (chat, member, name) => chat.setRealname(member, name),
  wallops: (chat, member, name) => chat.sayWallops(member, name),
  monitor: (chat, member, _, other) => chat.monitor.add(sessionOf(member), other),
  echo: (_, { sessions: [session] }) => session !== undefined && (session.echo = !session.echo),
  notice: (chat) => chat.notice("hi"),
  flush: (chat) => chat.flush(),
} satisfies Record<string, (chat: LocalChat, member: Member, name: string, other: string) => unknown>;

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
function state(chat: LocalChat): unknown {
  const members = [...chat.members].map((member) => [
    member.nick,
    member.realname,
    member.away,
    sessionOf(member).echo,
    member.account,
    member.operator,
    [...member.rooms.keys()],
    [...member.invitations],
    chat.monitor.list(sessionOf(member)),
  ]);
  const rooms = [...chat.rooms].map((room) => [
    room.name,
    room.topic,
    room.password,
    room.limit,
    [...room.switches],
    [...room.roles],
    ...[room.members, ...Object.values(room.ranks), room.invited].map((set) => [...set].map(({ nick }) => nick)),
    ...LISTS.map((list) => [...room.lists[list].values()]),
    chat.history.latest(room, 1000).map(({ text }) => text),
  ]);
  return { members, rooms };
}

/** Asserts the invariants of the state. */
function assertConsistent(chat: LocalChat, connected: readonly Member[]): void {
  assertEquals(new Set(chat.members), new Set(connected));
  assertEquals(new Set(connected.map(({ nick }) => fold(nick))).size, connected.length);
  for (const each of connected) assert(chat.find(each.nick) === each);
  const rooms = [...chat.rooms];
  assert(chat.findRoom(LOBBY).name === LOBBY);
  assertEquals(new Set(rooms.map(({ name }) => fold(name))).size, rooms.length);
  for (const room of rooms) {
    assert(chat.findRoom(room.name) === room);
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
  assertEquals(chat.findRoom(LOBBY).ranks.op.size, 0);
  for (const each of connected) {
    for (const room of each.rooms.values()) assert(new Set(room.members).has(each) && rooms.includes(room));
    for (const key of each.invitations) assert(chat.findRoom(key).invited.has(each));
    assert(each.rooms.size <= ROOMS_MAX && each.invitations.size <= ROOMS_MAX);
    assert(chat.monitor.list(sessionOf(each)).length <= MONITOR_MAX);
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
      const { chat, format } = new ChatFixture({ policy: POLICY });
      const seats: (Session | undefined)[] = [undefined, undefined, undefined]; // of one user, perhaps
      for (const [action, seat, name, other] of steps) {
        const member = seats[seat]?.member;
        const before = [state(chat), format.rendered];
        const nicks = [...chat.members].map(({ nick }) => fold(nick));
        try {
          if (action === "connect" || member === undefined) {
            if (member !== undefined && chat.has(member)) continue;
            const guest = chat.guestName();
            assertEquals(guest, `guest${[1, 2, 3, 4].find((number) => !nicks.includes(`guest${number}`))}`);
            const account = ACCOUNTS.find((account) => account === fold(other));
            const nick = name === LOBBY ? guest : other;
            seats[seat] = chat.connect(nick, { ...IDENTITY, account }, format, new Inbox());
          } else if (Array.isArray(action)) {
            const room = chat.findRoom(name);
            for (const rejection of chat.setModes(member, room, action).rejected) {
              assert(rejection instanceof ChatError);
            }
          } else if (action === "monitor" && !chat.has(member)) continue; // the list would never be cleared
          else ACTIONS[action](chat, member, name, other);
        } catch (error) {
          const gone = member !== undefined && !chat.has(member);
          if (!(error instanceof ChatError || gone && error instanceof TypeError)) throw error;
          assert(!gone || !UNCHECKED.has(action) || error instanceof ChatError);
          assertEquals([state(chat), format.rendered], before);
        }
        const connected = new Set(seats.filter((each) => each !== undefined && chat.hasSession(each)) as Session[]);
        assertConsistent(chat, [...new Set([...connected].map(({ member }) => member))]);
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
      const chat = new LocalChat({ history: new MemoryHistory() });
      // Texts are growing numbers, rendered after the room or "direct".
      const format = new CountingFormat((event) => {
        if (event.kind === "said") return `${event.room} ${event.text}`;
        return event.kind === "whispered" ? `direct ${event.text}` : undefined;
      });
      const people = [0, 1, 2].map(() => {
        const inbox = new Inbox();
        return { inbox, member: chat.connect(chat.guestName(), IDENTITY, format, inbox).member, owed: [] as string[] };
      });
      for (const [number, [verb, who, which]] of steps.entries()) {
        const { member, owed } = people[who]!;
        const name = ROOMS[which]!;
        if (verb === "join") chat.join(member, name);
        else if (verb === "answer") {
          sessionOf(member).send([`direct ${number}`]);
          owed.push(`direct ${number}`);
        } else if (verb === "whisper") {
          chat.whisper(member, people[which]!.member.nick, String(number));
          people[which]!.owed.push(`direct ${number}`);
        } else if (verb === "echo") sessionOf(member).echo = !sessionOf(member).echo;
        else if (verb === "flush") chat.flush();
        else if (!member.rooms.has(name)) continue;
        else if (verb === "leave") chat.leave(member, chat.findRoom(name));
        else {
          chat.say(member, chat.findRoom(name), String(number));
          for (const other of people) {
            if (!other.member.rooms.has(name) || other.member === member && !sessionOf(member).echo) continue;
            other.owed.push(`${name} ${number}`);
          }
        }
      }
      chat.flush();
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
