/** A chat with a persistent history: rooms outlive their members. */
import { assert, assertEquals, assertThrows } from "@std/assert";
import type { LocalChat } from "../../src/chat/local_chat.ts";
import { LOBBY } from "../../src/chat/names.ts";
import type { Member } from "../../src/chat/member.ts";
import type { Room } from "../../src/chat/room.ts";
import { StoreError } from "../../src/chat/store.ts";
import { assertRejected, type Chat, lasting } from "./helpers.ts";

const TEA = "#tea";

function operators(room: Room): string[] {
  return [...room.ranks.op].map(({ nick }) => nick);
}

Deno.test("persistent rooms: a room with lines or settings outlives its members, and others do not", () => {
  const deeds: Record<string, [boolean, (chat: Chat, alice: Member, room: Room) => unknown]> = {
    "nothing": [false, () => {}],
    "nothing said": [false, ({ hub }, alice, room) => hub.say(alice, room, " \x1b ")],
    "said among programs": [false, ({ hub }, alice, room) => hub.say(alice, room, "VERSION", { style: "ctcp" })],
    "said to operators": [false, ({ hub }, alice, room) => hub.say(alice, room, "psst", { minRank: "op" })],
    "said": [true, ({ hub }, alice, room) => hub.say(alice, room, "hi")],
    "a topic": [true, ({ hub }, alice, room) => hub.setTopic(alice, room, "green")],
    "a mode": [true, (chat, alice) => chat.mode(alice, TEA, "+s")],
    "a ban": [true, (chat, alice) => chat.mode(alice, TEA, "+b bob")],
  };
  const ends: Record<string, (hub: LocalChat, alice: Member, room: Room) => unknown> = {
    "leaving": (hub, alice, room) => hub.leave(alice, room),
    "going": (hub, alice) => hub.remove(alice),
    "being put out": (hub, alice, room) => hub.kick(alice, room, "alice"),
  };
  for (const [deed, [stays, act]] of Object.entries(deeds)) {
    for (const [end, leave] of Object.entries(ends)) {
      const { chat, restart } = lasting();
      const alice = chat.enter("alice", TEA);
      const room = chat.hub.findRoom(TEA);
      act(chat, alice, room);
      leave(chat.hub, alice, room);
      const expected = stays ? [LOBBY, TEA] : [LOBBY];
      chat.hub.flush();
      const message = `${deed}, ${end}`;
      assertEquals([chat.rooms(), room.members.size, operators(room)], [expected, 0, []], message);
      if (stays) assert(chat.hub.findRoom(TEA) === room, message);
      const later = restart();
      assertEquals(later.rooms().sort(), expected, message);
      later.hub.remove(later.enter("carol", TEA)); // without saying a line
      assertEquals(later.rooms().sort(), expected, message);
    }
  }
});

Deno.test("persistent rooms: entering an empty room makes no member its operator, also after a restart", () => {
  const { chat, restart } = lasting();
  const alice = chat.enter("alice", TEA, LOBBY);
  chat.say(alice, TEA, "hi");
  chat.say(alice, LOBBY, "hi");
  chat.hub.setTopic(alice, chat.hub.findRoom(LOBBY), "anybody may");
  chat.hub.remove(alice);
  chat.hub.flush();
  for (const each of [chat, restart()]) {
    const bob = each.enter("bob", TEA, LOBBY);
    each.enter("carol", TEA, LOBBY);
    assertEquals([operators(each.hub.findRoom(TEA)), operators(each.hub.findRoom(LOBBY))], [[], []]);
    each.hub.leave(bob, each.hub.findRoom(TEA));
    each.hub.join(bob, TEA);
    assertEquals(operators(each.hub.findRoom(TEA)), []);
    for (const member of each.hub.members) each.hub.remove(member);
  }
});

Deno.test("persistent rooms: they are restored after a restart with lines and settings, without members", () => {
  const { chat, restart } = lasting();
  const alice = chat.enter("alice", "#Tea", LOBBY, "#empty");
  chat.enter("bob", TEA);
  for (const text of ["1", "2", "3"]) chat.say(alice, TEA, text, { tags: "+a" });
  chat.hub.setTopic(alice, chat.hub.findRoom(TEA), "green or black?");
  chat.hub.setTopic(alice, chat.hub.findRoom(LOBBY), "anybody may");
  chat.mode(alice, TEA, "+ims-t");
  chat.mode(alice, TEA, "+k sesame");
  chat.mode(alice, TEA, "+l 7");
  chat.mode(alice, TEA, "+beI evil!*@* *!*@good.* friend!*@*");
  chat.mode(alice, TEA, "+b Other!*@*");
  chat.mode(alice, TEA, "+v bob");
  chat.say(alice, LOBBY, "hi");
  chat.hub.flush();
  const before = [TEA, LOBBY].map((name) => chat.hub.findRoom(name));
  const lines = before.map((room) => chat.hub.history.latest(room, 10));

  const later = restart();
  assertEquals(later.rooms().sort(), [LOBBY, "#Tea"].sort(), "the third room has no lines");
  const after = [TEA, LOBBY].map((name) => later.hub.findRoom(name));
  assertEquals(after.map(({ saved }) => saved), before.map(({ saved }) => saved));
  assertEquals(after.map((room) => later.hub.history.latest(room, 10)), lines);
  const [tea, lobby] = after as [Room, Room];
  assertEquals([tea.name, tea.since, tea.topic, tea.password, tea.limit], [
    "#Tea",
    before[0]!.since,
    { text: "green or black?", by: "alice!~user@host", at: before[0]!.topic!.at },
    "sesame",
    7,
  ]);
  assertEquals([...tea.switches].sort(), ["i", "m", "n", "s"]);
  assertEquals([...tea.lists.b.keys()], ["evil!*@*", "other!*@*"]);
  assertEquals([[...tea.lists.e.keys()], [...tea.lists.I.keys()]], [["*!*@good.*"], ["friend!*@*"]]);
  assertEquals([tea.members.size, tea.ranks.op.size, tea.ranks.voice.size], [0, 0, 0]);
  assertEquals([[...lobby.switches], lobby.topic?.text], [["n"], "anybody may"]);

  assertRejected("invite-only", "#Tea", () => later.hub.join(later.enter("bob"), TEA, "sesame"));
  const friend = later.enter("friend");
  assertRejected("wrong-key", "#Tea", () => later.hub.join(friend, TEA, "guess"));
  later.hub.join(friend, TEA, "sesame");
  assertEquals(operators(tea), []);
  assertRejected("banned", "#Tea", () => later.hub.join(later.enter("evil"), TEA, "sesame"));
});

Deno.test("persistent rooms: removed settings stay removed after a restart", () => {
  const { chat, restart } = lasting();
  const alice = chat.enter("alice", TEA);
  chat.hub.setTopic(alice, chat.hub.findRoom(TEA), "green");
  chat.mode(alice, TEA, "+ib bob!*@*");
  chat.mode(alice, TEA, "+k sesame");
  chat.hub.flush();
  chat.hub.setTopic(alice, chat.hub.findRoom(TEA), "");
  chat.mode(alice, TEA, "-ib bob!*@*");
  chat.mode(alice, TEA, "-k sesame");
  chat.hub.flush();
  const { topic, switches, password, lists } = restart().hub.findRoom(TEA);
  assertEquals([topic, [...switches].sort(), password, lists.b.size], [undefined, ["n", "t"], undefined, 0]);
});

Deno.test("persistent rooms: invitations end when the room is empty", () => {
  const { chat } = lasting();
  const [alice, bob] = [chat.arrive("alice", [TEA], { account: "alice" }), chat.enter("bob")];
  const room = chat.hub.findRoom(TEA);
  chat.mode(alice, TEA, "+i");
  chat.hub.invite(alice, room, "bob");
  chat.hub.leave(alice, room);
  assertEquals([room.invited.size, bob.invitations.size], [0, 0]);
  assertRejected("invite-only", TEA, () => chat.hub.join(bob, TEA));
});

Deno.test("persistent rooms: a server operator may enter any empty room, which is reported", () => {
  const forced: string[] = [];
  const { chat } = lasting({ observer: { entryForced: ({ nick }, { name }) => void forced.push(`${nick} ${name}`) } });
  const alice = chat.arrive("alice", [TEA], { account: "alice" });
  chat.mode(alice, TEA, "+iklb sesame 1 *!*@*");
  const [oper, other, bob] = [chat.enter("oper"), chat.enter("other"), chat.enter("bob")];
  for (const member of [oper, other]) chat.hub.setFlag(member, "operator", true);
  assertRejected("banned", TEA, () => chat.hub.join(oper, TEA));
  chat.hub.leave(alice, chat.hub.findRoom(TEA));
  assertRejected("banned", TEA, () => chat.hub.join(bob, TEA));
  const room = chat.hub.join(oper, TEA);
  assertEquals([[...room.members], operators(room)], [[oper], []]);
  assertRejected("banned", TEA, () => chat.hub.join(other, TEA));
  assertEquals(forced, [`oper ${TEA}`]);
});

Deno.test("persistent rooms: a server operator that may join anyway is not reported", () => {
  const forced: string[] = [];
  const { chat } = lasting({ observer: { entryForced: ({ nick }, { name }) => void forced.push(`${nick} ${name}`) } });
  const oper = chat.enter("oper");
  chat.hub.setFlag(oper, "operator", true);
  for (const [name, modes] of [["#open", "+m"], ["#key", "+k key"], ["#asked", "+iI op*!*@*"], ["#not", "+be * op*"]]) {
    const alice = chat.enter("alice", name!);
    const room = chat.hub.findRoom(name!);
    chat.say(alice, room.name, "so that it stays");
    chat.mode(alice, room.name, modes!);
    chat.hub.remove(alice);
    assertEquals(chat.hub.join(oper, room.name, "key"), room);
    assertEquals([[...room.members], forced], [[oper], []], room.name);
  }
});

Deno.test("persistent rooms: empty rooms count towards the limit until they are deleted", () => {
  const { chat, restart } = lasting({ maxRooms: 3 });
  const alice = chat.enter("alice", "#a", "#b");
  chat.say(alice, "#a", "hi");
  assertRejected("rooms-full", "#c", () => chat.hub.join(alice, "#c"));
  chat.hub.leave(alice, chat.hub.findRoom("#b")); // which has no lines
  chat.hub.join(alice, "#c");
  chat.say(alice, "#c", "hi");
  chat.hub.flush();
  const later = restart({ maxRooms: 1 });
  assertEquals(later.rooms().length, 3, "restored rooms are not deleted");
  const bob = later.enter("bob", "#a", "#c");
  assertRejected("rooms-full", "#b", () => later.hub.join(bob, "#b"));
  assertEquals(bob.rooms.size, 2);
});

Deno.test("persistent rooms: at the limit, the room without lines that is empty longest is deleted", () => {
  const { chat, history, restart } = lasting({ maxRooms: 7 });
  const alice = chat.enter("alice", "#a", "#b", "#quiet", "#c", "#d", "#mute");
  for (const room of ["#a", "#b", "#c", "#d"]) chat.say(alice, room, "hi");
  for (const room of ["#quiet", "#mute"]) chat.mode(alice, room, "+m");
  for (const room of ["#b", "#a", "#mute", "#quiet"]) chat.hub.leave(alice, chat.hub.findRoom(room));
  chat.hub.join(alice, "#b");
  chat.hub.leave(alice, chat.hub.findRoom("#b")); // it was empty for the shortest time now
  chat.hub.flush();
  /** Joins a new room, and returns the rooms that were deleted for it. */
  const gone = ({ hub }: Chat, member: Member, room: string): string[] => {
    const before = [...hub.rooms];
    hub.join(member, room);
    hub.flush();
    const left = before.filter((each) => ![...hub.rooms].includes(each)).map(({ name }) => name);
    assertEquals(history.rooms().filter(({ name }) => left.includes(name)), [], "they are not stored any more");
    return left;
  };
  assertEquals(gone(chat, alice, "#1"), ["#mute"]);
  chat.say(alice, "#1", "hi");
  chat.hub.flush();
  const later = restart(); // which has to read which rooms have lines
  const bob = later.enter("bob", "#c", "#d", "#1");
  assertEquals(gone(later, bob, "#2"), ["#quiet"]);
  assertRejected("rooms-full", "#3", () => later.hub.join(bob, "#3")); // #a and #b are empty, but have lines
  later.mode(bob, "#2", "+m");
  later.hub.leave(bob, later.hub.findRoom("#2"));
  later.hub.flush();
  history.full = "the disk is full";
  assertRejected("rooms-full", "#3", () => later.hub.join(bob, "#3"));
  assert(later.rooms().includes("#2"));
  history.full = undefined;
  assertEquals(gone(later, bob, "#3"), ["#2"]);
  assertEquals(later.rooms().filter((room) => /#[ab]$/.test(room)), ["#a", "#b"]);
});

Deno.test("persistent rooms: a member that creates and leaves rooms does not use up the limit", () => {
  const { chat } = lasting({ maxRooms: 5 });
  const [alice, troll] = [chat.enter("alice", "#den"), chat.enter("troll")];
  chat.say(alice, "#den", "hi");
  chat.hub.leave(alice, chat.hub.findRoom("#den"));
  for (let n = 0; n < 20; n++) {
    const room = chat.hub.join(troll, `#t${n}`);
    chat.mode(troll, room.name, "+m");
    chat.hub.leave(troll, room);
    chat.hub.flush();
  }
  assert(chat.rooms().includes("#den"), "it has lines");
  chat.hub.join(alice, "#tea");
  assertEquals(chat.rooms(), [LOBBY, "#den", "#t18", "#t19", "#tea"]);
});

Deno.test("persistent rooms: ranks alone do not make a room outlive its members", () => {
  const { chat, history } = lasting();
  const alice = chat.enter("alice", TEA);
  chat.mode(alice, TEA, "+v alice");
  chat.mode(alice, TEA, "-o alice");
  chat.hub.leave(alice, chat.hub.findRoom(TEA));
  chat.hub.flush();
  assertEquals([chat.rooms(), history.rooms()], [[LOBBY], []]);
});

Deno.test("persistent rooms: an empty room is deleted when its history has expired, except for the lobby", () => {
  const { chat, history, restart } = lasting({ maxRooms: 3 });
  const alice = chat.enter("alice", "#a", "#b", LOBBY);
  for (const room of ["#a", "#b", LOBBY]) chat.say(alice, room, "hi");
  chat.hub.setTopic(alice, chat.hub.findRoom("#a"), "old");
  chat.hub.leave(alice, chat.hub.findRoom("#a"));
  chat.hub.leave(alice, chat.hub.findRoom(LOBBY));
  chat.hub.flush();
  for (const room of ["#a", "#b", LOBBY, "#nowhere"]) chat.hub.dropRoom(room);
  assertEquals(chat.rooms(), [LOBBY, "#b"]);
  assertEquals(history.rooms().map(({ name }) => name).sort(), [LOBBY, "#b"].sort());
  assertEquals([chat.said("#b"), chat.said(LOBBY)], [["hi"], ["hi"]]);
  chat.hub.join(alice, "#a");
  assertEquals([chat.said("#a"), chat.hub.findRoom("#a").topic], [[], undefined]);
  chat.hub.leave(alice, chat.hub.findRoom("#a"));
  chat.hub.flush();
  assertEquals([chat.rooms(), restart().rooms().sort()], [[LOBBY, "#b"], [LOBBY, "#b"].sort()]);
});

Deno.test("persistent rooms: a room that cannot be deleted stays until it can", () => {
  const { chat, history } = lasting();
  const alice = chat.enter("alice", TEA);
  chat.say(alice, TEA, "hi");
  chat.hub.remove(alice);
  history.full = "the disk is full";
  assertThrows(() => chat.hub.dropRoom(TEA), StoreError);
  assertEquals([chat.rooms(), history.rooms().map(({ name }) => name)], [[LOBBY, TEA], [TEA]]);
  history.full = undefined;
  chat.hub.dropRoom(TEA);
  assertEquals([chat.rooms(), history.rooms()], [[LOBBY], []]);
});

Deno.test("persistent rooms: a room that is deleted before it was saved is not saved", () => {
  const { chat, history, restart } = lasting();
  const alice = chat.enter("alice", TEA);
  chat.hub.setTopic(alice, chat.hub.findRoom(TEA), "green");
  chat.hub.leave(alice, chat.hub.findRoom(TEA));
  chat.hub.dropRoom(TEA);
  chat.hub.flush();
  assertEquals([history.rooms(), restart().rooms()], [[], [LOBBY]]);
});

Deno.test("persistent rooms: no lines are read when a new room needs the place of one without lines", () => {
  const { chat, history, restart } = lasting({ maxRooms: 20 });
  const alice = chat.enter("alice");
  for (let n = 0; n < 18; n++) {
    const room = chat.hub.join(alice, `#${n}`);
    chat.say(alice, room.name, "hi");
    chat.hub.leave(alice, room);
  }
  const silent = chat.hub.join(alice, "#silent");
  chat.hub.setTopic(alice, silent, "sh");
  chat.heard(alice);
  const again = restart({ maxRooms: 20 });
  const bob = again.enter("bob");
  let reads = 0;
  const page = history.page.bind(history);
  history.page = (target, range) => {
    reads++;
    return page(target, range);
  };
  again.hub.join(bob, "#new");
  assertEquals([reads, again.rooms().includes("#silent")], [0, false]);
});
