/** A chat with a persistent history: rooms outlive their members. */
import { assert, assertEquals, assertThrows } from "@std/assert";
import type { LocalChat } from "../../src/chat/local_chat.ts";
import { LOBBY } from "../../src/chat/names.ts";
import type { Member } from "../../src/chat/member.ts";
import type { Room } from "../../src/chat/room.ts";
import { StoreError } from "../../src/chat/store.ts";
import { assertRejected, type ChatFixture, lasting } from "./helpers.ts";

const TEA = "#tea";

function operators(room: Room): string[] {
  return [...room.ranks.op].map(({ nick }) => nick);
}

Deno.test("persistent rooms: a room with lines or settings outlives its members, and others do not", () => {
  const deeds: Record<string, [boolean, (fixture: ChatFixture, alice: Member, room: Room) => unknown]> = {
    "nothing": [false, () => {}],
    "nothing said": [false, ({ chat }, alice, room) => chat.say(alice, room, " \x1b ")],
    "said among programs": [false, ({ chat }, alice, room) => chat.say(alice, room, "VERSION", { style: "ctcp" })],
    "said to operators": [false, ({ chat }, alice, room) => chat.say(alice, room, "psst", { minRank: "op" })],
    "said": [true, ({ chat }, alice, room) => chat.say(alice, room, "hi")],
    "a topic": [true, ({ chat }, alice, room) => chat.setTopic(alice, room, "green")],
    "a mode": [true, (fixture, alice) => fixture.mode(alice, TEA, "+s")],
    "a ban": [true, (fixture, alice) => fixture.mode(alice, TEA, "+b bob")],
  };
  const ends: Record<string, (chat: LocalChat, alice: Member, room: Room) => unknown> = {
    "leaving": (chat, alice, room) => chat.leave(alice, room),
    "going": (chat, alice) => chat.remove(alice),
    "being put out": (chat, alice, room) => chat.kick(alice, room, "alice"),
  };
  for (const [deed, [stays, act]] of Object.entries(deeds)) {
    for (const [end, leave] of Object.entries(ends)) {
      const { fixture, restart } = lasting();
      const alice = fixture.enter("alice", TEA);
      const room = fixture.chat.findRoom(TEA);
      act(fixture, alice, room);
      leave(fixture.chat, alice, room);
      const expected = stays ? [LOBBY, TEA] : [LOBBY];
      fixture.chat.flush();
      const message = `${deed}, ${end}`;
      assertEquals([fixture.rooms(), room.members.size, operators(room)], [expected, 0, []], message);
      if (stays) assert(fixture.chat.findRoom(TEA) === room, message);
      const later = restart();
      assertEquals(later.rooms().sort(), expected, message);
      later.chat.remove(later.enter("carol", TEA)); // without saying a line
      assertEquals(later.rooms().sort(), expected, message);
    }
  }
});

Deno.test("persistent rooms: entering an empty room makes no member its operator, also after a restart", () => {
  const { fixture, restart } = lasting();
  const alice = fixture.enter("alice", TEA, LOBBY);
  fixture.say(alice, TEA, "hi");
  fixture.say(alice, LOBBY, "hi");
  fixture.chat.setTopic(alice, fixture.chat.findRoom(LOBBY), "anybody may");
  fixture.chat.remove(alice);
  fixture.chat.flush();
  for (const each of [fixture, restart()]) {
    const bob = each.enter("bob", TEA, LOBBY);
    each.enter("carol", TEA, LOBBY);
    assertEquals([operators(each.chat.findRoom(TEA)), operators(each.chat.findRoom(LOBBY))], [[], []]);
    each.chat.leave(bob, each.chat.findRoom(TEA));
    each.chat.join(bob, TEA);
    assertEquals(operators(each.chat.findRoom(TEA)), []);
    for (const member of each.chat.members) each.chat.remove(member);
  }
});

Deno.test("persistent rooms: they are restored after a restart with lines and settings, without members", () => {
  const { fixture, restart } = lasting();
  const alice = fixture.enter("alice", "#Tea", LOBBY, "#empty");
  fixture.enter("bob", TEA);
  for (const text of ["1", "2", "3"]) fixture.say(alice, TEA, text, { tags: "+a" });
  fixture.chat.setTopic(alice, fixture.chat.findRoom(TEA), "green or black?");
  fixture.chat.setTopic(alice, fixture.chat.findRoom(LOBBY), "anybody may");
  fixture.mode(alice, TEA, "+ims-t");
  fixture.mode(alice, TEA, "+k sesame");
  fixture.mode(alice, TEA, "+l 7");
  fixture.mode(alice, TEA, "+beI evil!*@* *!*@good.* friend!*@*");
  fixture.mode(alice, TEA, "+b Other!*@*");
  fixture.mode(alice, TEA, "+v bob");
  fixture.say(alice, LOBBY, "hi");
  fixture.chat.flush();
  const before = [TEA, LOBBY].map((name) => fixture.chat.findRoom(name));
  const lines = before.map((room) => fixture.chat.history.latest(room, 10));

  const later = restart();
  assertEquals(later.rooms().sort(), [LOBBY, "#Tea"].sort(), "the third room has no lines");
  const after = [TEA, LOBBY].map((name) => later.chat.findRoom(name));
  assertEquals(after.map(({ saved }) => saved), before.map(({ saved }) => saved));
  assertEquals(after.map((room) => later.chat.history.latest(room, 10)), lines);
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

  assertRejected("invite-only", "#Tea", () => later.chat.join(later.enter("bob"), TEA, "sesame"));
  const friend = later.enter("friend");
  assertRejected("wrong-key", "#Tea", () => later.chat.join(friend, TEA, "guess"));
  later.chat.join(friend, TEA, "sesame");
  assertEquals(operators(tea), []);
  assertRejected("banned", "#Tea", () => later.chat.join(later.enter("evil"), TEA, "sesame"));
});

Deno.test("persistent rooms: removed settings stay removed after a restart", () => {
  const { fixture, restart } = lasting();
  const alice = fixture.enter("alice", TEA);
  fixture.chat.setTopic(alice, fixture.chat.findRoom(TEA), "green");
  fixture.mode(alice, TEA, "+ib bob!*@*");
  fixture.mode(alice, TEA, "+k sesame");
  fixture.chat.flush();
  fixture.chat.setTopic(alice, fixture.chat.findRoom(TEA), "");
  fixture.mode(alice, TEA, "-ib bob!*@*");
  fixture.mode(alice, TEA, "-k sesame");
  fixture.chat.flush();
  const { topic, switches, password, lists } = restart().chat.findRoom(TEA);
  assertEquals([topic, [...switches].sort(), password, lists.b.size], [undefined, ["n", "t"], undefined, 0]);
});

Deno.test("persistent rooms: invitations end when the room is empty", () => {
  const { fixture } = lasting();
  const [alice, bob] = [fixture.arrive("alice", [TEA], { account: "alice" }), fixture.enter("bob")];
  const room = fixture.chat.findRoom(TEA);
  fixture.mode(alice, TEA, "+i");
  fixture.chat.invite(alice, room, "bob");
  fixture.chat.leave(alice, room);
  assertEquals([room.invited.size, bob.invitations.size], [0, 0]);
  assertRejected("invite-only", TEA, () => fixture.chat.join(bob, TEA));
});

Deno.test("persistent rooms: a server operator may enter any empty room, which is reported", () => {
  const forced: string[] = [];
  const { fixture } = lasting({
    observer: { entryForced: ({ nick }, { name }) => void forced.push(`${nick} ${name}`) },
  });
  const alice = fixture.arrive("alice", [TEA], { account: "alice" });
  fixture.mode(alice, TEA, "+iklb sesame 1 *!*@*");
  const [oper, other, bob] = [fixture.enter("oper"), fixture.enter("other"), fixture.enter("bob")];
  for (const member of [oper, other]) fixture.chat.setFlag(member, "operator", true);
  assertRejected("banned", TEA, () => fixture.chat.join(oper, TEA));
  fixture.chat.leave(alice, fixture.chat.findRoom(TEA));
  assertRejected("banned", TEA, () => fixture.chat.join(bob, TEA));
  const room = fixture.chat.join(oper, TEA);
  assertEquals([[...room.members], operators(room)], [[oper], []]);
  assertRejected("banned", TEA, () => fixture.chat.join(other, TEA));
  assertEquals(forced, [`oper ${TEA}`]);
});

Deno.test("persistent rooms: a server operator that may join anyway is not reported", () => {
  const forced: string[] = [];
  const { fixture } = lasting({
    observer: { entryForced: ({ nick }, { name }) => void forced.push(`${nick} ${name}`) },
  });
  const oper = fixture.enter("oper");
  fixture.chat.setFlag(oper, "operator", true);
  for (const [name, modes] of [["#open", "+m"], ["#key", "+k key"], ["#asked", "+iI op*!*@*"], ["#not", "+be * op*"]]) {
    const alice = fixture.enter("alice", name!);
    const room = fixture.chat.findRoom(name!);
    fixture.say(alice, room.name, "so that it stays");
    fixture.mode(alice, room.name, modes!);
    fixture.chat.remove(alice);
    assertEquals(fixture.chat.join(oper, room.name, "key"), room);
    assertEquals([[...room.members], forced], [[oper], []], room.name);
  }
});

Deno.test("persistent rooms: empty rooms count towards the limit until they are deleted", () => {
  const { fixture, restart } = lasting({ maxRooms: 3 });
  const alice = fixture.enter("alice", "#a", "#b");
  fixture.say(alice, "#a", "hi");
  assertRejected("rooms-full", "#c", () => fixture.chat.join(alice, "#c"));
  fixture.chat.leave(alice, fixture.chat.findRoom("#b")); // which has no lines
  fixture.chat.join(alice, "#c");
  fixture.say(alice, "#c", "hi");
  fixture.chat.flush();
  const later = restart({ maxRooms: 1 });
  assertEquals(later.rooms().length, 3, "restored rooms are not deleted");
  const bob = later.enter("bob", "#a", "#c");
  assertRejected("rooms-full", "#b", () => later.chat.join(bob, "#b"));
  assertEquals(bob.rooms.size, 2);
});

Deno.test("persistent rooms: at the limit, the room without lines that is empty longest is deleted", () => {
  const { fixture, history, restart } = lasting({ maxRooms: 7 });
  const alice = fixture.enter("alice", "#a", "#b", "#quiet", "#c", "#d", "#mute");
  for (const room of ["#a", "#b", "#c", "#d"]) fixture.say(alice, room, "hi");
  for (const room of ["#quiet", "#mute"]) fixture.mode(alice, room, "+m");
  for (const room of ["#b", "#a", "#mute", "#quiet"]) fixture.chat.leave(alice, fixture.chat.findRoom(room));
  fixture.chat.join(alice, "#b");
  fixture.chat.leave(alice, fixture.chat.findRoom("#b")); // it was empty for the shortest time now
  fixture.chat.flush();
  /** Joins a new room, and returns the rooms that were deleted for it. */
  const gone = ({ chat }: ChatFixture, member: Member, room: string): string[] => {
    const before = [...chat.rooms];
    chat.join(member, room);
    chat.flush();
    const left = before.filter((each) => ![...chat.rooms].includes(each)).map(({ name }) => name);
    assertEquals(history.rooms().filter(({ name }) => left.includes(name)), [], "they are not stored any more");
    return left;
  };
  assertEquals(gone(fixture, alice, "#1"), ["#mute"]);
  fixture.say(alice, "#1", "hi");
  fixture.chat.flush();
  const later = restart(); // which has to read which rooms have lines
  const bob = later.enter("bob", "#c", "#d", "#1");
  assertEquals(gone(later, bob, "#2"), ["#quiet"]);
  assertRejected("rooms-full", "#3", () => later.chat.join(bob, "#3")); // #a and #b are empty, but have lines
  later.mode(bob, "#2", "+m");
  later.chat.leave(bob, later.chat.findRoom("#2"));
  later.chat.flush();
  history.full = "the disk is full";
  assertRejected("rooms-full", "#3", () => later.chat.join(bob, "#3"));
  assert(later.rooms().includes("#2"));
  history.full = undefined;
  assertEquals(gone(later, bob, "#3"), ["#2"]);
  assertEquals(later.rooms().filter((room) => /#[ab]$/.test(room)), ["#a", "#b"]);
});

Deno.test("persistent rooms: a member that creates and leaves rooms does not use up the limit", () => {
  const { fixture } = lasting({ maxRooms: 5 });
  const [alice, troll] = [fixture.enter("alice", "#den"), fixture.enter("troll")];
  fixture.say(alice, "#den", "hi");
  fixture.chat.leave(alice, fixture.chat.findRoom("#den"));
  for (let n = 0; n < 20; n++) {
    const room = fixture.chat.join(troll, `#t${n}`);
    fixture.mode(troll, room.name, "+m");
    fixture.chat.leave(troll, room);
    fixture.chat.flush();
  }
  assert(fixture.rooms().includes("#den"), "it has lines");
  fixture.chat.join(alice, "#tea");
  assertEquals(fixture.rooms(), [LOBBY, "#den", "#t18", "#t19", "#tea"]);
});

Deno.test("persistent rooms: ranks alone do not make a room outlive its members", () => {
  const { fixture, history } = lasting();
  const alice = fixture.enter("alice", TEA);
  fixture.mode(alice, TEA, "+v alice");
  fixture.mode(alice, TEA, "-o alice");
  fixture.chat.leave(alice, fixture.chat.findRoom(TEA));
  fixture.chat.flush();
  assertEquals([fixture.rooms(), history.rooms()], [[LOBBY], []]);
});

Deno.test("persistent rooms: an empty room is deleted when its history has expired, except for the lobby", () => {
  const { fixture, history, restart } = lasting({ maxRooms: 3 });
  const alice = fixture.enter("alice", "#a", "#b", LOBBY);
  for (const room of ["#a", "#b", LOBBY]) fixture.say(alice, room, "hi");
  fixture.chat.setTopic(alice, fixture.chat.findRoom("#a"), "old");
  fixture.chat.leave(alice, fixture.chat.findRoom("#a"));
  fixture.chat.leave(alice, fixture.chat.findRoom(LOBBY));
  fixture.chat.flush();
  for (const room of ["#a", "#b", LOBBY, "#nowhere"]) fixture.chat.dropRoom(room);
  assertEquals(fixture.rooms(), [LOBBY, "#b"]);
  assertEquals(history.rooms().map(({ name }) => name).sort(), [LOBBY, "#b"].sort());
  assertEquals([fixture.said("#b"), fixture.said(LOBBY)], [["hi"], ["hi"]]);
  fixture.chat.join(alice, "#a");
  assertEquals([fixture.said("#a"), fixture.chat.findRoom("#a").topic], [[], undefined]);
  fixture.chat.leave(alice, fixture.chat.findRoom("#a"));
  fixture.chat.flush();
  assertEquals([fixture.rooms(), restart().rooms().sort()], [[LOBBY, "#b"], [LOBBY, "#b"].sort()]);
});

Deno.test("persistent rooms: a room is not deleted while lines of it wait to be committed", () => {
  const { fixture, history } = lasting();
  const alice = fixture.enter("alice", TEA);
  fixture.say(alice, TEA, "hi");
  history.locked = true; // else leaving would commit the line
  fixture.chat.leave(alice, fixture.chat.findRoom(TEA));
  fixture.chat.dropRoom(TEA);
  history.locked = false;
  fixture.chat.flush();
  assertEquals(fixture.said(TEA), ["hi"]);
});

Deno.test("persistent rooms: a room that cannot be deleted stays until it can", () => {
  const { fixture, history } = lasting();
  const alice = fixture.enter("alice", TEA);
  fixture.say(alice, TEA, "hi");
  fixture.chat.remove(alice);
  history.full = "the disk is full";
  assertThrows(() => fixture.chat.dropRoom(TEA), StoreError);
  assertEquals([fixture.rooms(), history.rooms().map(({ name }) => name)], [[LOBBY, TEA], [TEA]]);
  history.full = undefined;
  fixture.chat.dropRoom(TEA);
  assertEquals([fixture.rooms(), history.rooms()], [[LOBBY], []]);
});

Deno.test("persistent rooms: a room that is deleted before it was saved is not saved", () => {
  const { fixture, history, restart } = lasting();
  const alice = fixture.enter("alice", TEA);
  fixture.chat.setTopic(alice, fixture.chat.findRoom(TEA), "green");
  fixture.chat.leave(alice, fixture.chat.findRoom(TEA));
  fixture.chat.dropRoom(TEA);
  fixture.chat.flush();
  assertEquals([history.rooms(), restart().rooms()], [[], [LOBBY]]);
});

Deno.test("persistent rooms: no lines are read when a new room needs the place of one without lines", () => {
  const { fixture, history, restart } = lasting({ maxRooms: 20 });
  const alice = fixture.enter("alice");
  for (let n = 0; n < 18; n++) {
    const room = fixture.chat.join(alice, `#${n}`);
    fixture.say(alice, room.name, "hi");
    fixture.chat.leave(alice, room);
  }
  const silent = fixture.chat.join(alice, "#silent");
  fixture.chat.setTopic(alice, silent, "sh");
  fixture.heard(alice);
  const again = restart({ maxRooms: 20 });
  const bob = again.enter("bob");
  let reads = 0;
  const page = history.page.bind(history);
  history.page = (target, range) => {
    reads++;
    return page(target, range);
  };
  again.chat.join(bob, "#new");
  assertEquals([reads, again.rooms().includes("#silent")], [0, false]);
});
