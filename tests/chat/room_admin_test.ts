/** What owners do to rooms: transfer, members, renaming and deleting; appointing owners, and dropped accounts. */
import { assert, assertEquals } from "@std/assert";
import type { ChatOptions } from "../../src/chat/chat_options.ts";
import type { Member } from "../../src/chat/member.ts";
import { LOBBY } from "../../src/chat/names.ts";
import { CROWD_MAX } from "../../src/chat/room_admin_commands.ts";
import { runToEnd } from "../../src/util/steps.ts";
import { assertRejected, ChatFixture, lasting, sessionOf } from "./helpers.ts";

const TEA = "#tea";
const ACCOUNTS = ["alice", "bob", "carol"];
const OPTIONS: Partial<ChatOptions> = {
  policy: { isRegistered: (nick) => ACCOUNTS.includes(nick.toLowerCase()) },
};

function login(fixture: ChatFixture, nick: string, ...rooms: string[]): Member {
  return fixture.arrive(nick, rooms, { account: nick });
}

function roles(fixture: ChatFixture, name = TEA): string[] {
  return [...fixture.chat.findRoom(name).roles].map(({ account, role }) => `${account} ${role}`).sort();
}

/** A chat where alice owns a room, and bob, who has an account, and a guest are in it. */
function owned(fixture = new ChatFixture({ ...OPTIONS })) {
  const [alice, bob, guest] = [login(fixture, "alice", TEA), login(fixture, "bob", TEA), fixture.enter("guesty", TEA)];
  for (const each of [alice, bob, guest]) fixture.heard(each);
  return { fixture, alice, bob, guest, room: fixture.chat.findRoom(TEA), admin: fixture.chat.admin };
}

Deno.test("transfer: the other account owns the room, and the owner is an operator, both at once", () => {
  const { fixture, alice, bob, guest, room, admin } = owned();
  assertEquals(admin.transfer(alice, room, "BOB"), "bob");
  assertEquals(fixture.heard(guest), ["modes #tea alice alice +q bob -q alice +o alice"]);
  assertEquals(roles(fixture), ["alice op", "bob owner"]);
  assertRejected("not-owner", TEA, () => admin.transfer(alice, room, "alice"));
  assertRejected("no-account", "guesty", () => admin.transfer(bob, room, "guesty"));
  assertRejected("no-account", "nobody", () => admin.transfer(bob, room, "nobody"));
  assertEquals([admin.transfer(bob, room, "bob"), roles(fixture)], ["bob", ["alice op", "bob owner"]], "to itself");
  admin.transfer(bob, room, "carol"); // who is not there
  fixture.chat.leave(bob, room);
  assertEquals([roles(fixture), room.ranks.owner.size], [["alice op", "bob op", "carol owner"], 0]);
});

Deno.test("member: operators let accounts always enter, and take their roles, but not that of an owner", () => {
  const { fixture, alice, bob, guest, room, admin } = owned();
  assertRejected("not-operator", TEA, () => admin.setMember(bob, room, "carol", true));
  fixture.mode(alice, TEA, "+o bob");
  assertEquals(admin.setMember(bob, room, "Carol", true), "Carol");
  assertEquals(admin.setMember(bob, room, "carol", true), "carol");
  assertRejected("no-account", "guesty", () => admin.setMember(bob, room, "guesty", true));
  assertRejected("not-owner", TEA, () => admin.setMember(bob, room, "alice", false));
  assertEquals(roles(fixture), ["Carol member", "alice owner", "bob op"]);
  admin.setMember(alice, room, "carol", false);
  assertRejected("no-role", "carol", () => admin.setMember(alice, room, "carol", false));
  fixture.chat.leave(bob, room);
  assertEquals(admin.setMember(bob, room, "carol", true), "carol", "also from outside");
  admin.setMember(alice, room, "bob", false);
  fixture.heard(guest);
  assertEquals(roles(fixture), ["alice owner", "carol member"]);
  const den = fixture.chat.join(guest, "#den");
  assertRejected("room-unowned", "#den", () => admin.setMember(guest, den, "bob", true));
});

Deno.test("appoint: only server operators make an account the owner of any room but the lobby", () => {
  const { fixture, alice, bob, guest, admin } = owned();
  const den = fixture.chat.join(guest, "#den");
  fixture.chat.join(bob, "#den");
  assertRejected("not-server-operator", "alice", () => admin.appoint(alice, den, "alice"));
  fixture.chat.setFlag(alice, "operator", true);
  fixture.heard(bob);
  assertEquals(admin.appoint(alice, den, "bob"), "bob");
  assertEquals([fixture.heard(bob), roles(fixture, "#den")], [["modes #den alice alice +q bob"], ["bob owner"]]);
  assertRejected("room-fixed", LOBBY, () => admin.appoint(alice, fixture.chat.findRoom(LOBBY), "bob"));
  assertRejected("no-account", "guesty", () => admin.appoint(alice, den, "guesty"));
});

Deno.test("rename: members, settings, roles, bans, invitations and lines stay, and the old name is free", () => {
  for (
    const { fixture, restart } of [lasting(OPTIONS), { fixture: new ChatFixture({ ...OPTIONS }), restart: undefined }]
  ) {
    const { alice, bob, guest, room, admin } = owned(fixture);
    fixture.say(bob, TEA, "before");
    fixture.chat.setTopic(alice, room, "green");
    fixture.mode(alice, TEA, "+ob bob evil!*@*");
    const eve = fixture.enter("eve");
    fixture.chat.invite(alice, room, "eve");
    for (const each of [alice, bob, guest]) fixture.heard(each);
    fixture.say(bob, TEA, "just now"); // is not committed yet
    admin.rename(alice, room, "#Coffee", "no more tea");
    const told = ["said #tea bob just now say", "room-renamed #Coffee alice no more tea alice #tea"];
    assertEquals(fixture.heard(guest).map((line) => line.replace(/ bob$/, "")), told);
    assertRejected("no-such-room", TEA, () => fixture.chat.findRoom(TEA));
    assert(fixture.chat.findRoom("#COFFEE") === room && room.has(guest) && guest.rooms.get("#coffee") === room);
    assertEquals(roles(fixture, "#coffee"), ["alice owner", "bob op"]);
    fixture.say(guest, "#coffee", "after");
    const expected = ["before", "just now", "after"].map((text) => `#Coffee ${text}`);
    const lines = (fixture: ChatFixture) =>
      fixture.chat.history.latest(fixture.chat.findRoom("#coffee"), 9).map(({ room, text }) => `${room} ${text}`);
    assertEquals(lines(fixture), expected);
    assertEquals([...eve.invitations], ["#coffee"]);
    fixture.chat.join(eve, TEA); // another room now
    assertEquals(fixture.said(TEA), []);
    fixture.chat.flush();
    if (restart === undefined) continue;
    const later = restart(OPTIONS);
    const { topic, lists } = later.chat.findRoom("#coffee");
    assertEquals([lines(later), topic?.text, [...lists.b.keys()]], [expected, "green", ["evil!*@*"]]);
    assertEquals([roles(later, "#coffee"), later.rooms().includes(TEA)], [["alice owner", "bob op"], false]);
  }
});

Deno.test("rename: only the case may change, and a name in use or an invalid one is rejected", () => {
  const { fixture, alice, bob, room, admin } = owned();
  fixture.chat.join(bob, "#den");
  for (const [name, code] of [["#DEN", "room-taken"], ["#tea", "room-taken"], [LOBBY, "room-taken"]] as const) {
    assertRejected(code, name, () => admin.rename(alice, room, name));
  }
  for (const name of ["tea", "#", "#a b", `#${"x".repeat(60)}`, "#1obby"]) {
    assertRejected("room-invalid", name, () => admin.rename(alice, room, name));
  }
  admin.rename(alice, room, "#TEA");
  assertEquals([room.name, room.key, fixture.chat.findRoom(TEA) === room], ["#TEA", TEA, true]);
  fixture.mode(alice, TEA, "+o bob");
  assertRejected("not-owner", "#TEA", () => admin.rename(bob, room, "#mine"));
  fixture.chat.setTopic(alice, room, "é".repeat(180)); // a longer name would leave no space for it
  assertRejected("text-too-long", "279", () => admin.rename(alice, room, `#${"é".repeat(45)}`));
});

Deno.test("rename: it counts as a new room for the rate limit of the network", () => {
  const { alice, room, admin } = owned(new ChatFixture({ ...OPTIONS, roomsMade: 2 }));
  admin.rename(alice, room, "#two");
  assertRejected("rooms-too-fast", "#three", () => admin.rename(alice, room, "#three"));
});

Deno.test("rename: a room that the history cannot rename keeps its name", () => {
  const { fixture, history } = lasting(OPTIONS);
  const { alice, room, admin } = owned(fixture);
  history.full = "the disk is full";
  assertRejected("history-unreadable", "the disk is full", () => admin.rename(alice, room, "#coffee"));
  assertEquals([room.name, fixture.chat.findRoom(TEA) === room], [TEA, true]);
  history.full = undefined;
  fixture.chat.flush();
  admin.rename(alice, room, "#coffee");
});

Deno.test("destroy: the owner deletes the room with its lines, and its members are removed", () => {
  for (
    const { fixture, history } of [lasting(OPTIONS), { fixture: new ChatFixture({ ...OPTIONS }), history: undefined }]
  ) {
    const { alice, bob, guest, room, admin } = owned(fixture);
    const left: string[] = [];
    for (const each of [alice, guest]) {
      sessionOf(each).handlers = { kicked: ({ name }) => void left.push(`${each.nick} ${name}`) };
    }
    fixture.mode(alice, TEA, "+o bob");
    assertRejected("not-owner", TEA, () => admin.destroy(bob, room));
    fixture.say(bob, TEA, "hi");
    const eve = fixture.enter("eve");
    fixture.chat.invite(alice, room, "eve");
    for (const each of [alice, bob, guest]) fixture.heard(each);
    admin.destroy(alice, room);
    assertEquals(fixture.heard(guest), ["kicked #tea alice guesty The room was deleted alice"]);
    assertEquals([left, eve.invitations.size], [["alice #tea", "guesty #tea"], 0]);
    assertEquals([fixture.rooms(), [alice, bob, guest].map(({ rooms }) => rooms.size)], [[LOBBY], [0, 0, 0]]);
    assertEquals(history?.rooms() ?? [], []);
    fixture.chat.join(guest, TEA);
    assertEquals([fixture.said(TEA), roles(fixture)], [[], []]);
  }
});

Deno.test("destroy: a room that the history cannot delete stays", () => {
  const { fixture, history } = lasting(OPTIONS);
  const { alice, guest, room, admin } = owned(fixture);
  history.full = "the disk is full";
  assertRejected("history-unreadable", "the disk is full", () => admin.destroy(alice, room));
  assert(room.has(guest) && fixture.chat.findRoom(TEA) === room && !room.closed);
});

Deno.test(`rooms: one with more than ${CROWD_MAX} members is neither renamed nor deleted`, () => {
  const { fixture, alice, room, admin } = owned();
  for (let n = room.members.size; n < CROWD_MAX; n++) fixture.chat.join(fixture.arrive(fixture.chat.guestName()), TEA);
  admin.rename(alice, room, "#coffee");
  fixture.enter("more", "#coffee");
  assertRejected("room-crowded", String(CROWD_MAX), () => admin.rename(alice, room, TEA));
  assertRejected("room-crowded", String(CROWD_MAX), () => admin.destroy(alice, room));
});

Deno.test("dropped accounts: their roles go, and the operator that has been one for longest owns the room", () => {
  const { fixture, alice, bob, guest, room, admin } = owned();
  fixture.mode(alice, TEA, "+o bob");
  fixture.chat.join(bob, "#own");
  fixture.chat.join(alice, "#alone");
  fixture.mode(alice, "#alone", "+i");
  fixture.heard(guest);
  runToEnd(admin.forgetRoles("ALICE"));
  assertEquals(fixture.heard(guest), ["modes #tea -q alice -o bob +q bob"]);
  assertEquals([roles(fixture), roles(fixture, "#own"), roles(fixture, "#alone")], [["bob owner"], ["bob owner"], []]);
  assert(!room.holds(alice, "op"));
  const alone = fixture.chat.findRoom("#alone");
  fixture.chat.leave(alice, alone);
  assertRejected("no-such-room", "#alone", () => fixture.chat.findRoom("#alone")); // not stored, and not owned any more
});

Deno.test("dropped accounts: a private room without another operator does not open to everyone", () => {
  const { fixture } = lasting(OPTIONS);
  const alice = login(fixture, "alice", TEA);
  fixture.mode(alice, TEA, "+i");
  fixture.say(alice, TEA, "secret");
  runToEnd(fixture.chat.admin.forgetRoles("alice"));
  fixture.chat.remove(alice);
  assertRejected("invite-only", TEA, () => fixture.chat.join(fixture.enter("guesty"), TEA));
});

Deno.test("roles: an empty room that lasts only because of a role ends with it", () => {
  const ends = {
    "the account is dropped": (fixture: ChatFixture) => runToEnd(fixture.chat.admin.forgetRoles("alice")),
    "the owner gives it up": (fixture: ChatFixture, alice: Member) => {
      fixture.chat.admin.setMember(alice, fixture.chat.findRoom(TEA), "alice", false);
    },
  };
  for (const [how, end] of Object.entries(ends)) {
    const fixture = new ChatFixture({ ...OPTIONS });
    const alice = login(fixture, "alice", TEA);
    fixture.chat.leave(alice, fixture.chat.findRoom(TEA));
    assertEquals(fixture.rooms(), [LOBBY, TEA], how);
    end(fixture, alice);
    assertEquals(fixture.rooms(), [LOBBY], how);
  }
});

Deno.test("dropped accounts: the next user that registers the name has no role", () => {
  const { fixture, restart } = lasting(OPTIONS);
  const { alice } = owned(fixture);
  runToEnd(fixture.chat.admin.forgetRoles("alice"));
  fixture.chat.logout(sessionOf(alice));
  fixture.chat.login(sessionOf(alice), "alice");
  assertEquals([roles(fixture), restart(OPTIONS).chat.findRoom(TEA).roles.size], [[], 0], "and it is committed");
});
