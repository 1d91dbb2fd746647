/** What owners do to rooms: transfer, members, renaming and deleting; appointing owners, and dropped accounts. */
import { assert, assertEquals } from "@std/assert";
import type { LocalChatOptions } from "../../src/chat/local_chat.ts";
import type { Member } from "../../src/chat/member.ts";
import { LOBBY } from "../../src/chat/names.ts";
import { CROWD_MAX } from "../../src/chat/room_admin_commands.ts";
import { runToEnd } from "../../src/util/steps.ts";
import { assertRejected, Chat, lasting, sessionOf } from "./helpers.ts";

const TEA = "#tea";
const ACCOUNTS = ["alice", "bob", "carol"];
const OPTIONS: Partial<LocalChatOptions> = {
  policy: { isRegistered: (nick) => ACCOUNTS.includes(nick.toLowerCase()) },
};

function login(chat: Chat, nick: string, ...rooms: string[]): Member {
  return chat.arrive(nick, rooms, { account: nick });
}

function roles(chat: Chat, name = TEA): string[] {
  return [...chat.hub.findRoom(name).roles].map(({ account, role }) => `${account} ${role}`).sort();
}

/** A chat where alice owns a room, and bob, who has an account, and a guest are in it. */
function owned(chat = new Chat({ ...OPTIONS })) {
  const [alice, bob, guest] = [login(chat, "alice", TEA), login(chat, "bob", TEA), chat.enter("guesty", TEA)];
  for (const each of [alice, bob, guest]) chat.heard(each);
  return { chat, alice, bob, guest, room: chat.hub.findRoom(TEA), admin: chat.hub.admin };
}

Deno.test("transfer: the other account owns the room, and the owner is an operator, both at once", () => {
  const { chat, alice, bob, guest, room, admin } = owned();
  assertEquals(admin.transfer(alice, room, "BOB"), "bob");
  assertEquals(chat.heard(guest), ["modes #tea alice alice +q bob -q alice +o alice"]);
  assertEquals(roles(chat), ["alice op", "bob owner"]);
  assertRejected("not-owner", TEA, () => admin.transfer(alice, room, "alice"));
  assertRejected("no-account", "guesty", () => admin.transfer(bob, room, "guesty"));
  assertRejected("no-account", "nobody", () => admin.transfer(bob, room, "nobody"));
  assertEquals([admin.transfer(bob, room, "bob"), roles(chat)], ["bob", ["alice op", "bob owner"]], "to itself");
  admin.transfer(bob, room, "carol"); // who is not there
  chat.hub.leave(bob, room);
  assertEquals([roles(chat), room.ranks.owner.size], [["alice op", "bob op", "carol owner"], 0]);
});

Deno.test("member: operators let accounts always enter, and take their roles, but not that of an owner", () => {
  const { chat, alice, bob, guest, room, admin } = owned();
  assertRejected("not-operator", TEA, () => admin.setMember(bob, room, "carol", true));
  chat.mode(alice, TEA, "+o bob");
  assertEquals(admin.setMember(bob, room, "Carol", true), "Carol");
  assertEquals(admin.setMember(bob, room, "carol", true), "carol");
  assertRejected("no-account", "guesty", () => admin.setMember(bob, room, "guesty", true));
  assertRejected("not-owner", TEA, () => admin.setMember(bob, room, "alice", false));
  assertEquals(roles(chat), ["Carol member", "alice owner", "bob op"]);
  admin.setMember(alice, room, "carol", false);
  assertRejected("no-role", "carol", () => admin.setMember(alice, room, "carol", false));
  chat.hub.leave(bob, room);
  assertEquals(admin.setMember(bob, room, "carol", true), "carol", "also from outside");
  admin.setMember(alice, room, "bob", false);
  chat.heard(guest);
  assertEquals(roles(chat), ["alice owner", "carol member"]);
  const den = chat.hub.join(guest, "#den");
  assertRejected("room-unowned", "#den", () => admin.setMember(guest, den, "bob", true));
});

Deno.test("appoint: only server operators make an account the owner of any room but the lobby", () => {
  const { chat, alice, bob, guest, admin } = owned();
  const den = chat.hub.join(guest, "#den");
  chat.hub.join(bob, "#den");
  assertRejected("not-server-operator", "alice", () => admin.appoint(alice, den, "alice"));
  chat.hub.setFlag(alice, "operator", true);
  chat.heard(bob);
  assertEquals(admin.appoint(alice, den, "bob"), "bob");
  assertEquals([chat.heard(bob), roles(chat, "#den")], [["modes #den alice alice +q bob"], ["bob owner"]]);
  assertRejected("room-fixed", LOBBY, () => admin.appoint(alice, chat.hub.findRoom(LOBBY), "bob"));
  assertRejected("no-account", "guesty", () => admin.appoint(alice, den, "guesty"));
});

Deno.test("rename: members, settings, roles, bans, invitations and lines stay, and the old name is free", () => {
  for (const { chat, restart } of [lasting(OPTIONS), { chat: new Chat({ ...OPTIONS }), restart: undefined }]) {
    const { alice, bob, guest, room, admin } = owned(chat);
    chat.say(bob, TEA, "before");
    chat.hub.setTopic(alice, room, "green");
    chat.mode(alice, TEA, "+ob bob evil!*@*");
    const eve = chat.enter("eve");
    chat.hub.invite(alice, room, "eve");
    for (const each of [alice, bob, guest]) chat.heard(each);
    chat.say(bob, TEA, "just now"); // is not committed yet
    admin.rename(alice, room, "#Coffee", "no more tea");
    const told = ["said #tea bob just now say", "room-renamed #Coffee alice no more tea alice #tea"];
    assertEquals(chat.heard(guest).map((line) => line.replace(/ bob$/, "")), told);
    assertRejected("no-such-room", TEA, () => chat.hub.findRoom(TEA));
    assert(chat.hub.findRoom("#COFFEE") === room && room.has(guest) && guest.rooms.get("#coffee") === room);
    assertEquals(roles(chat, "#coffee"), ["alice owner", "bob op"]);
    chat.say(guest, "#coffee", "after");
    const expected = ["before", "just now", "after"].map((text) => `#Coffee ${text}`);
    const lines = (chat: Chat) =>
      chat.hub.history.latest(chat.hub.findRoom("#coffee"), 9).map(({ room, text }) => `${room} ${text}`);
    assertEquals(lines(chat), expected);
    assertEquals([...eve.invitations], ["#coffee"]);
    chat.hub.join(eve, TEA); // another room now
    assertEquals(chat.said(TEA), []);
    chat.hub.flush();
    if (restart === undefined) continue;
    const later = restart(OPTIONS);
    const { topic, lists } = later.hub.findRoom("#coffee");
    assertEquals([lines(later), topic?.text, [...lists.b.keys()]], [expected, "green", ["evil!*@*"]]);
    assertEquals([roles(later, "#coffee"), later.rooms().includes(TEA)], [["alice owner", "bob op"], false]);
  }
});

Deno.test("rename: only the case may change, and a name in use or an invalid one is rejected", () => {
  const { chat, alice, bob, room, admin } = owned();
  chat.hub.join(bob, "#den");
  for (const [name, code] of [["#DEN", "room-taken"], ["#tea", "room-taken"], [LOBBY, "room-taken"]] as const) {
    assertRejected(code, name, () => admin.rename(alice, room, name));
  }
  for (const name of ["tea", "#", "#a b", `#${"x".repeat(60)}`, "#1obby"]) {
    assertRejected("room-invalid", name, () => admin.rename(alice, room, name));
  }
  admin.rename(alice, room, "#TEA");
  assertEquals([room.name, room.key, chat.hub.findRoom(TEA) === room], ["#TEA", TEA, true]);
  chat.mode(alice, TEA, "+o bob");
  assertRejected("not-owner", "#TEA", () => admin.rename(bob, room, "#mine"));
  chat.hub.setTopic(alice, room, "é".repeat(180)); // a longer name would leave no space for it
  assertRejected("text-too-long", "279", () => admin.rename(alice, room, `#${"é".repeat(45)}`));
});

Deno.test("rename: it counts as a new room for the rate limit of the network", () => {
  const { alice, room, admin } = owned(new Chat({ ...OPTIONS, roomsMade: 2 }));
  admin.rename(alice, room, "#two");
  assertRejected("rooms-too-fast", "#three", () => admin.rename(alice, room, "#three"));
});

Deno.test("rename: a room that the history cannot rename keeps its name", () => {
  const { chat, history } = lasting(OPTIONS);
  const { alice, room, admin } = owned(chat);
  history.full = "the disk is full";
  assertRejected("history-unreadable", "the disk is full", () => admin.rename(alice, room, "#coffee"));
  assertEquals([room.name, chat.hub.findRoom(TEA) === room], [TEA, true]);
  history.full = undefined;
  chat.hub.flush();
  admin.rename(alice, room, "#coffee");
});

Deno.test("destroy: the owner deletes the room with its lines, and its members are removed", () => {
  for (const { chat, history } of [lasting(OPTIONS), { chat: new Chat({ ...OPTIONS }), history: undefined }]) {
    const { alice, bob, guest, room, admin } = owned(chat);
    const left: string[] = [];
    for (const each of [alice, guest]) {
      sessionOf(each).handlers = { kicked: ({ name }) => void left.push(`${each.nick} ${name}`) };
    }
    chat.mode(alice, TEA, "+o bob");
    assertRejected("not-owner", TEA, () => admin.destroy(bob, room));
    chat.say(bob, TEA, "hi");
    const eve = chat.enter("eve");
    chat.hub.invite(alice, room, "eve");
    for (const each of [alice, bob, guest]) chat.heard(each);
    admin.destroy(alice, room);
    assertEquals(chat.heard(guest), ["kicked #tea alice guesty The room was deleted alice"]);
    assertEquals([left, eve.invitations.size], [["alice #tea", "guesty #tea"], 0]);
    assertEquals([chat.rooms(), [alice, bob, guest].map(({ rooms }) => rooms.size)], [[LOBBY], [0, 0, 0]]);
    assertEquals(history?.rooms() ?? [], []);
    chat.hub.join(guest, TEA);
    assertEquals([chat.said(TEA), roles(chat)], [[], []]);
  }
});

Deno.test("destroy: a room that the history cannot delete stays", () => {
  const { chat, history } = lasting(OPTIONS);
  const { alice, guest, room, admin } = owned(chat);
  history.full = "the disk is full";
  assertRejected("history-unreadable", "the disk is full", () => admin.destroy(alice, room));
  assert(room.has(guest) && chat.hub.findRoom(TEA) === room && !room.closed);
});

Deno.test(`rooms: one with more than ${CROWD_MAX} members is neither renamed nor deleted`, () => {
  const { chat, alice, room, admin } = owned();
  for (let n = room.members.size; n < CROWD_MAX; n++) chat.hub.join(chat.arrive(chat.hub.guestName()), TEA);
  admin.rename(alice, room, "#coffee");
  chat.enter("more", "#coffee");
  assertRejected("room-crowded", String(CROWD_MAX), () => admin.rename(alice, room, TEA));
  assertRejected("room-crowded", String(CROWD_MAX), () => admin.destroy(alice, room));
});

Deno.test("dropped accounts: their roles go, and the operator that has been one for longest owns the room", () => {
  const { chat, alice, bob, guest, room, admin } = owned();
  chat.mode(alice, TEA, "+o bob");
  chat.hub.join(bob, "#own");
  chat.hub.join(alice, "#alone");
  chat.mode(alice, "#alone", "+i");
  chat.heard(guest);
  runToEnd(admin.forgetRoles("ALICE"));
  assertEquals(chat.heard(guest), ["modes #tea -q alice -o bob +q bob"]);
  assertEquals([roles(chat), roles(chat, "#own"), roles(chat, "#alone")], [["bob owner"], ["bob owner"], []]);
  assert(!room.holds(alice, "op"));
  const alone = chat.hub.findRoom("#alone");
  chat.hub.leave(alice, alone);
  assertRejected("no-such-room", "#alone", () => chat.hub.findRoom("#alone")); // not stored, and not owned any more
});

Deno.test("dropped accounts: a private room without another operator does not open to everyone", () => {
  const { chat } = lasting(OPTIONS);
  const alice = login(chat, "alice", TEA);
  chat.mode(alice, TEA, "+i");
  chat.say(alice, TEA, "secret");
  runToEnd(chat.hub.admin.forgetRoles("alice"));
  chat.hub.remove(alice);
  assertRejected("invite-only", TEA, () => chat.hub.join(chat.enter("guesty"), TEA));
});

Deno.test("roles: an empty room that lasts only because of a role ends with it", () => {
  const ends = {
    "the account is dropped": (chat: Chat) => runToEnd(chat.hub.admin.forgetRoles("alice")),
    "the owner gives it up": (chat: Chat, alice: Member) => {
      chat.hub.admin.setMember(alice, chat.hub.findRoom(TEA), "alice", false);
    },
  };
  for (const [how, end] of Object.entries(ends)) {
    const chat = new Chat({ ...OPTIONS });
    const alice = login(chat, "alice", TEA);
    chat.hub.leave(alice, chat.hub.findRoom(TEA));
    assertEquals(chat.rooms(), [LOBBY, TEA], how);
    end(chat, alice);
    assertEquals(chat.rooms(), [LOBBY], how);
  }
});

Deno.test("dropped accounts: the next user that registers the name has no role", () => {
  const { chat, restart } = lasting(OPTIONS);
  const { alice } = owned(chat);
  runToEnd(chat.hub.admin.forgetRoles("alice"));
  chat.hub.logout(sessionOf(alice));
  chat.hub.login(sessionOf(alice), "alice");
  assertEquals([roles(chat), restart(OPTIONS).hub.findRoom(TEA).roles.size], [[], 0], "and it is committed");
});
