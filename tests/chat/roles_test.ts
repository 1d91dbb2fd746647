/** Rooms belong to accounts: who owns a room, which ranks come back, and what ends in a room without an owner. */
import { assert, assertEquals } from "@std/assert";
import type { LocalChatOptions } from "../../src/chat/local_chat.ts";
import type { Member } from "../../src/chat/member.ts";
import { LOBBY } from "../../src/chat/names.ts";
import { type Role, Roles, ROLES_MAX } from "../../src/chat/roles.ts";
import { assertRejected, Chat, lasting, sessionOf } from "./helpers.ts";

const TEA = "#tea";

/** The accounts of these tests. */
const ACCOUNTS = ["alice", "bob", "carol", "dave"];

const OPTIONS: Partial<LocalChatOptions> = {
  policy: { isRegistered: (nick) => ACCOUNTS.includes(nick.toLowerCase()) },
};

/** Connects a user that is logged in to the account of its nickname, or to another one. */
function login(chat: Chat, nick: string, rooms: string[] = [], account = nick): Member {
  return chat.arrive(nick, rooms, { account });
}

/** The roles of a room by account: `alice owner`. */
function roles(chat: Chat, name = TEA): string[] {
  return [...chat.hub.findRoom(name).roles].map(({ account, role }) => `${account} ${role}`).sort();
}

/** The members with each rank. */
function ranks(chat: Chat, name = TEA): string[][] {
  const { owner, op, voice } = chat.hub.findRoom(name).ranks;
  return [owner, op, voice].map((members) => [...members].map(({ nick }) => nick));
}

/** A chat where alice owns the room, and bob and a guest are in it. */
function owned() {
  const chat = new Chat({ ...OPTIONS });
  const alice = login(chat, "alice", [TEA]);
  const bob = login(chat, "bob", [TEA]);
  const guest = chat.enter("guesty", TEA);
  for (const each of [alice, bob, guest]) chat.heard(each);
  return { chat, alice, bob, guest, room: chat.hub.findRoom(TEA) };
}

Deno.test("roles: a user that is logged in owns the room that it creates, and a guest is its operator", () => {
  const chat = new Chat({ ...OPTIONS });
  login(chat, "alice", [TEA]);
  chat.enter("guesty", "#den");
  assertEquals([ranks(chat), roles(chat)], [[["alice"], [], []], ["alice owner"]]);
  assertEquals([ranks(chat, "#den"), roles(chat, "#den")], [[[], ["guesty"], []], []]);
  login(chat, "bob", [LOBBY]);
  assertEquals([ranks(chat, LOBBY), roles(chat, LOBBY)], [[[], [], []], []]);
});

Deno.test("roles: the owner of a room is owner again when it reconnects, from any host, and the others are told", () => {
  const { chat, alice, bob } = owned();
  chat.hub.remove(alice);
  chat.heard(bob);
  const again = chat.arrive("ally", [TEA], { account: "Alice", host: "elsewhere" });
  assertEquals(chat.heard(bob), ["joined #tea ally Alice 3", "modes #tea +q ally"]);
  assertEquals(chat.heard(again), [], "its protocol tells it after its own join");
  chat.mode(again, TEA, "+m");
});

Deno.test("roles: ranks that operators give to accounts come back, and those of guests do not", () => {
  const { chat, alice, bob, guest, room } = owned();
  chat.mode(alice, TEA, "+o bob");
  chat.mode(alice, TEA, "+o guesty");
  assertEquals(roles(chat), ["alice owner", "bob op"]);
  chat.hub.leave(bob, room);
  chat.hub.leave(guest, room);
  chat.hub.join(bob, TEA);
  chat.hub.join(guest, TEA);
  assertEquals(ranks(chat), [["alice"], ["bob"], []]);
  chat.mode(alice, TEA, "-o bob");
  assertEquals(roles(chat), ["alice owner"]);
  chat.mode(alice, TEA, "+v bob");
  chat.hub.leave(bob, room);
  chat.hub.join(bob, TEA);
  assertEquals([roles(chat), ranks(chat)], [["alice owner", "bob voice"], [["alice"], [], ["bob"]]]);
});

Deno.test("roles: a member that logs in or out in a room gets or loses the rank of its account", () => {
  const { chat, alice, bob, guest } = owned();
  chat.mode(alice, TEA, "+o bob");
  chat.hub.remove(bob);
  chat.heard(guest);
  chat.hub.login(sessionOf(guest), "bob");
  assertEquals(chat.heard(guest), ["modes #tea +o guesty"]);
  assertEquals(ranks(chat), [["alice"], ["guesty"], []]);
  chat.hub.logout(sessionOf(guest));
  assertEquals(chat.heard(guest), ["modes #tea -o guesty"]);
  chat.hub.logout(sessionOf(alice));
  assertEquals([ranks(chat), roles(chat)], [[[], [], []], ["alice owner", "bob op"]]);
});

Deno.test("roles: a device that logs in to a user who is here has the ranks of that user", () => {
  const { chat, alice, bob, guest } = owned();
  chat.mode(alice, TEA, "+o bob");
  const device = sessionOf(guest);
  chat.hub.login(device, "bob");
  assertEquals([device.member, ranks(chat)], [bob, [["alice"], ["bob"], []]]);
  chat.mode(alice, TEA, "-o bob");
  assertEquals([ranks(chat), roles(chat)], [[["alice"], [], []], ["alice owner"]]);
});

Deno.test("roles: operators can neither kick nor ban nor depose an owner, nor make one", () => {
  const { chat, alice, bob, room } = owned();
  chat.mode(alice, TEA, "+o bob");
  chat.mode(alice, TEA, "+o alice");
  for (const mode of ["-q alice", "-o alice", "+q bob", "+q guesty"]) {
    assertEquals(chat.mode(bob, TEA, mode), ["not-owner"], mode);
  }
  assertRejected("not-owner", TEA, () => chat.hub.kick(bob, room, "alice"));
  assertRejected("not-owner", TEA, () => chat.hub.admin.ban(bob, room, "alice"));
  chat.mode(bob, TEA, "+b *!*@*");
  chat.say(alice, TEA, "no ban applies to me");
  chat.hub.leave(alice, room);
  assertRejected("not-owner", TEA, () => chat.hub.admin.ban(bob, room, "ALICE"));
  chat.hub.join(alice, TEA);
  assertEquals(ranks(chat)[0], ["alice"]);
  assertEquals(chat.mode(alice, TEA, "+q guesty"), ["no-account"], "only accounts own rooms");
});

Deno.test("roles: owners, operators and members pass +i, +k, +l and +R, but only owners pass bans", () => {
  const { chat, alice, bob, guest, room } = owned();
  chat.mode(alice, TEA, "+o bob");
  chat.hub.admin.setMember(alice, room, "carol", true);
  chat.mode(alice, TEA, "+ikl key 1");
  chat.mode(alice, TEA, "+R");
  for (const each of [alice, bob, guest]) chat.hub.leave(each, room);
  assertRejected("login-required", TEA, () => chat.hub.join(guest, TEA, "key"));
  const carol = login(chat, "carol");
  for (const each of [alice, bob, carol]) chat.hub.join(each, TEA);
  assertRejected("invite-only", TEA, () => chat.hub.join(login(chat, "dave"), TEA, "key"));
  chat.mode(alice, TEA, "+b *!*@*");
  for (const each of [alice, bob, carol]) chat.hub.leave(each, room);
  for (const each of [bob, carol]) assertRejected("banned", TEA, () => chat.hub.join(each, TEA));
  chat.hub.join(alice, TEA);
});

Deno.test("roles: an account that is invited into an invite-only room stays a member", () => {
  const { chat, alice, bob, room } = owned();
  chat.hub.leave(bob, room);
  chat.hub.invite(alice, room, "bob");
  assertEquals(roles(chat), ["alice owner"], "the room was open");
  chat.mode(alice, TEA, "+i");
  chat.hub.invite(alice, room, "bob");
  assertEquals(roles(chat), ["alice owner", "bob member"]);
  for (let n = 0; n < 2; n++) {
    chat.hub.join(bob, TEA);
    chat.hub.leave(bob, room);
  }
});

Deno.test("mode M: only members that are logged in, voiced or operators may speak", () => {
  const { chat, alice, bob, guest } = owned();
  chat.mode(alice, TEA, "+M");
  chat.say(bob, TEA, "hi");
  assertRejected("login-required", TEA, () => chat.say(guest, TEA, "hi"));
  chat.mode(alice, TEA, "+v guesty");
  chat.say(guest, TEA, "hi");
});

Deno.test("mode R: only users that are logged in or invited may enter", () => {
  const { chat, alice, guest, room } = owned();
  chat.mode(alice, TEA, "+R");
  chat.hub.leave(guest, room);
  assertRejected("login-required", TEA, () => chat.hub.join(guest, TEA));
  chat.hub.invite(alice, room, "guesty");
  chat.hub.join(guest, TEA);
});

Deno.test("rooms without an owner: what only an operator could end, ends with the last operator", () => {
  const ends: Record<string, (chat: Chat, op: Member) => unknown> = {
    "leaving": ({ hub }, op) => hub.leave(op, hub.findRoom(TEA)),
    "disconnecting": ({ hub }, op) => hub.remove(op),
    "being kicked": ({ hub }, op) => hub.kick(op, hub.findRoom(TEA), "op"),
    "giving up the rank": (chat, op) => chat.mode(op, TEA, "-o op"),
  };
  for (const [how, end] of Object.entries(ends)) {
    const chat = new Chat({ ...OPTIONS });
    const [op, other, bob] = [chat.enter("op", TEA), chat.enter("other", TEA), login(chat, "bob", [TEA])];
    chat.mode(op, TEA, "+oo other bob");
    assertEquals(roles(chat), [], "no role lasts");
    chat.mode(op, TEA, "+imMsR");
    chat.mode(op, TEA, "+klbeI key 9 x y z");
    for (const each of [other, bob]) chat.hub.leave(each, chat.hub.findRoom(TEA));
    chat.enter("last"); // not in the room
    const room = chat.hub.findRoom(TEA);
    const witness = chat.enter("witness");
    chat.hub.invite(op, room, "witness");
    chat.hub.join(witness, TEA);
    chat.heard(witness);
    assert(room.switches.has("i"), how);
    end(chat, op);
    const told = "modes #tea -i -m -M -R -k key -l -b x!*@* -e y!*@* -I z!*@*";
    assertEquals(chat.heard(witness).at(-1), told, how);
    assertEquals([...room.switches].sort(), ["n", "s", "t"], how);
    assertEquals([room.password, room.limit, room.lists.b.size], [undefined, Infinity, 0], how);
    chat.hub.join(bob, TEA);
    assertEquals(ranks(chat), [[], [], []], how);
  }
});

Deno.test("rooms without an owner: entering an empty one gives no power, and its creator was its only operator", () => {
  const { chat, restart } = lasting(OPTIONS);
  const guest = chat.enter("guesty", TEA);
  chat.say(guest, TEA, "hi");
  chat.hub.leave(guest, chat.hub.findRoom(TEA));
  chat.hub.join(guest, TEA);
  assertEquals(ranks(chat), [[], [], []]);
  chat.hub.flush();
  const later = restart(OPTIONS);
  login(later, "bob", [TEA]);
  assertEquals([ranks(later), roles(later)], [[[], [], []], []]);
});

Deno.test("rooms with an owner: +i and +k do not lock out their author, also after a restart", () => {
  const { chat, restart } = lasting(OPTIONS);
  const alice = login(chat, "alice", [TEA]);
  chat.mode(alice, TEA, "+ik key");
  chat.mode(alice, TEA, "+l 1");
  chat.hub.remove(alice);
  chat.hub.join(login(chat, "alice"), TEA);
  chat.hub.flush();
  const later = restart(OPTIONS);
  assertRejected("invite-only", TEA, () => later.hub.join(later.enter("guesty"), TEA, "key"));
  login(later, "alice", [TEA]);
  assertEquals([ranks(later), roles(later)], [[["alice"], [], []], ["alice owner"]]);
});

Deno.test("rooms with an owner: they outlive their members, even in silence and in memory", () => {
  for (const chat of [new Chat({ ...OPTIONS }), lasting(OPTIONS).chat]) {
    const alice = login(chat, "alice", [TEA]);
    chat.hub.remove(alice);
    login(chat, "bob", [TEA]);
    assertEquals([ranks(chat), roles(chat)], [[[], [], []], ["alice owner"]]);
  }
});

Deno.test("roles: when the last owner gives up, the operator that has been one for longest owns the room", () => {
  const { chat, alice, bob, room } = owned();
  login(chat, "carol", [TEA]);
  chat.mode(alice, TEA, "+o bob");
  chat.mode(alice, TEA, "+o carol");
  chat.heard(alice);
  chat.mode(alice, TEA, "-q alice");
  assertEquals(chat.heard(alice), ["modes #tea alice alice -q alice -o bob +q bob"]);
  assertEquals([roles(chat), ranks(chat)], [["bob owner", "carol op"], [["bob"], ["carol"], []]]);
  chat.mode(bob, TEA, "+m");
  chat.hub.admin.setMember(bob, room, "carol", false);
  chat.mode(bob, TEA, "-q bob");
  assertEquals([roles(chat), ranks(chat), room.switches.has("m")], [[], [[], [], []], false]);
});

Deno.test("roles: a room has at most ROLES_MAX", () => {
  const chat = new Chat({ policy: { isRegistered: () => true } });
  const alice = login(chat, "alice", [TEA]);
  const bob = login(chat, "bob", [TEA]);
  const room = chat.hub.findRoom(TEA);
  for (let n = 1; n < ROLES_MAX; n++) chat.hub.admin.setMember(alice, room, `account${n}`, true);
  assertEquals(room.roles.size, ROLES_MAX);
  assertRejected("roles-full", TEA, () => chat.hub.admin.setMember(alice, room, "more", true));
  assertRejected("roles-full", TEA, () => chat.hub.admin.transfer(alice, room, "bob"));
  assertEquals([chat.mode(alice, TEA, "+o bob"), room.holds(bob, "op")], [["roles-full"], false]);
  chat.mode(alice, TEA, "+i");
  chat.hub.leave(bob, room);
  chat.hub.invite(alice, room, "bob"); // is invited all the same
  chat.hub.join(bob, TEA);
  chat.hub.admin.transfer(alice, room, "account1"); // who has a role already
  assertEquals(room.roles.size, ROLES_MAX);
  const saved: Role[] = Array.from({ length: ROLES_MAX + 1 }, (_, n) => {
    return { account: `account${n}`, role: "member", since: n, by: "*" };
  });
  assertEquals(new Roles(saved).size, ROLES_MAX);
});

Deno.test("roles: those from a file that break a rule are corrected", () => {
  const role = (account: string, role: Role["role"], since: number): Role => ({ account, role, since, by: "*" });
  const restored = new Roles([role("b", "op", 2), role("a", "op", 2), role("c", "op", 3), role("d", "member", 1)]);
  assertEquals([...restored].map(({ account, role }) => `${account} ${role}`), [
    "a owner",
    "d member",
    "b op",
    "c op",
  ]);
});
