/** Rooms belong to accounts: who owns a room, which ranks come back, and what ends in a room without an owner. */
import { assert, assertEquals } from "@std/assert";
import type { ChatOptions } from "../../src/chat/chat_options.ts";
import type { Member } from "../../src/chat/member.ts";
import { LOBBY } from "../../src/chat/names.ts";
import { type Role, Roles, ROLES_MAX } from "../../src/chat/roles.ts";
import { assertRejected, ChatFixture, lasting, sessionOf } from "./helpers.ts";

const TEA = "#tea";

/** The accounts of these tests. */
const ACCOUNTS = ["alice", "bob", "carol", "dave"];

const OPTIONS: Partial<ChatOptions> = {
  policy: { isRegistered: (nick) => ACCOUNTS.includes(nick.toLowerCase()) },
};

/** Connects a user that is logged in to the account of its nickname, or to another one. */
function login(fixture: ChatFixture, nick: string, rooms: string[] = [], account = nick): Member {
  return fixture.arrive(nick, rooms, { account });
}

/** The roles of a room by account: `alice owner`. */
function roles(fixture: ChatFixture, name = TEA): string[] {
  return [...fixture.chat.findRoom(name).roles].map(({ account, role }) => `${account} ${role}`).sort();
}

/** The members with each rank. */
function ranks(fixture: ChatFixture, name = TEA): string[][] {
  const { owner, op, voice } = fixture.chat.findRoom(name).ranks;
  return [owner, op, voice].map((members) => [...members].map(({ nick }) => nick));
}

/** A chat where alice owns the room, and bob and a guest are in it. */
function owned() {
  const fixture = new ChatFixture({ ...OPTIONS });
  const alice = login(fixture, "alice", [TEA]);
  const bob = login(fixture, "bob", [TEA]);
  const guest = fixture.enter("guesty", TEA);
  for (const each of [alice, bob, guest]) fixture.heard(each);
  return { fixture, alice, bob, guest, room: fixture.chat.findRoom(TEA) };
}

Deno.test("roles: a user that is logged in owns the room that it creates, and a guest is its operator", () => {
  const fixture = new ChatFixture({ ...OPTIONS });
  login(fixture, "alice", [TEA]);
  fixture.enter("guesty", "#den");
  assertEquals([ranks(fixture), roles(fixture)], [[["alice"], [], []], ["alice owner"]]);
  assertEquals([ranks(fixture, "#den"), roles(fixture, "#den")], [[[], ["guesty"], []], []]);
  login(fixture, "bob", [LOBBY]);
  assertEquals([ranks(fixture, LOBBY), roles(fixture, LOBBY)], [[[], [], []], []]);
});

Deno.test("roles: the owner of a room is owner again when it reconnects, from any host, and the others are told", () => {
  const { fixture, alice, bob } = owned();
  fixture.chat.remove(alice);
  fixture.heard(bob);
  const again = fixture.arrive("ally", [TEA], { account: "Alice", host: "elsewhere" });
  assertEquals(fixture.heard(bob), ["joined #tea ally Alice 3", "modes #tea +q ally"]);
  assertEquals(fixture.heard(again), [], "its protocol tells it after its own join");
  fixture.mode(again, TEA, "+m");
});

Deno.test("roles: ranks that operators give to accounts come back, and those of guests do not", () => {
  const { fixture, alice, bob, guest, room } = owned();
  fixture.mode(alice, TEA, "+o bob");
  fixture.mode(alice, TEA, "+o guesty");
  assertEquals(roles(fixture), ["alice owner", "bob op"]);
  fixture.chat.leave(bob, room);
  fixture.chat.leave(guest, room);
  fixture.chat.join(bob, TEA);
  fixture.chat.join(guest, TEA);
  assertEquals(ranks(fixture), [["alice"], ["bob"], []]);
  fixture.mode(alice, TEA, "-o bob");
  assertEquals(roles(fixture), ["alice owner"]);
  fixture.mode(alice, TEA, "+v bob");
  fixture.chat.leave(bob, room);
  fixture.chat.join(bob, TEA);
  assertEquals([roles(fixture), ranks(fixture)], [["alice owner", "bob voice"], [["alice"], [], ["bob"]]]);
});

Deno.test("roles: giving and taking one does not look at all members of the room", () => {
  const { fixture, alice, room } = owned();
  Object.defineProperty(room.members, Symbol.iterator, { value: () => assert(false, "it looks at all members") });
  fixture.mode(alice, TEA, "+o bob");
  assertEquals(ranks(fixture), [["alice"], ["bob"], []]);
  fixture.chat.admin.transfer(alice, room, "bob");
  assertEquals(ranks(fixture), [["bob"], ["alice"], []]);
  fixture.mode(fixture.chat.find("bob"), TEA, "-o alice");
  assertEquals(ranks(fixture), [["bob"], [], []]);
});

Deno.test("roles: a member that logs in or out in a room gets or loses the rank of its account", () => {
  const { fixture, alice, bob, guest } = owned();
  fixture.mode(alice, TEA, "+o bob");
  fixture.chat.remove(bob);
  fixture.heard(guest);
  fixture.chat.login(sessionOf(guest), "bob");
  assertEquals(fixture.heard(guest), ["modes #tea +o guesty"]);
  assertEquals(ranks(fixture), [["alice"], ["guesty"], []]);
  fixture.chat.logout(sessionOf(guest));
  assertEquals(fixture.heard(guest), ["modes #tea -o guesty"]);
  fixture.chat.logout(sessionOf(alice));
  assertEquals([ranks(fixture), roles(fixture)], [[[], [], []], ["alice owner", "bob op"]]);
});

Deno.test("roles: a device that logs in to a user who is here has the ranks of that user", () => {
  const { fixture, alice, bob, guest } = owned();
  fixture.mode(alice, TEA, "+o bob");
  const device = sessionOf(guest);
  fixture.chat.login(device, "bob");
  assertEquals([device.member, ranks(fixture)], [bob, [["alice"], ["bob"], []]]);
  fixture.mode(alice, TEA, "-o bob");
  assertEquals([ranks(fixture), roles(fixture)], [[["alice"], [], []], ["alice owner"]]);
});

Deno.test("roles: operators can neither kick nor ban nor depose an owner, nor make one", () => {
  const { fixture, alice, bob, room } = owned();
  fixture.mode(alice, TEA, "+o bob");
  fixture.mode(alice, TEA, "+o alice");
  for (const mode of ["-q alice", "-o alice", "+q bob", "+q guesty"]) {
    assertEquals(fixture.mode(bob, TEA, mode), ["not-owner"], mode);
  }
  assertRejected("not-owner", TEA, () => fixture.chat.kick(bob, room, "alice"));
  assertRejected("not-owner", TEA, () => fixture.chat.admin.ban(bob, room, "alice"));
  fixture.mode(bob, TEA, "+b *!*@*");
  fixture.say(alice, TEA, "no ban applies to me");
  fixture.chat.leave(alice, room);
  assertRejected("not-owner", TEA, () => fixture.chat.admin.ban(bob, room, "ALICE"));
  fixture.chat.join(alice, TEA);
  assertEquals(ranks(fixture)[0], ["alice"]);
  assertEquals(fixture.mode(alice, TEA, "+q guesty"), ["no-account"], "only accounts own rooms");
});

Deno.test("roles: owners, operators and members pass +i, +k, +l and +R, but only owners pass bans", () => {
  const { fixture, alice, bob, guest, room } = owned();
  fixture.mode(alice, TEA, "+o bob");
  fixture.chat.admin.setMember(alice, room, "carol", true);
  fixture.mode(alice, TEA, "+ikl key 1");
  fixture.mode(alice, TEA, "+R");
  for (const each of [alice, bob, guest]) fixture.chat.leave(each, room);
  assertRejected("login-required", TEA, () => fixture.chat.join(guest, TEA, "key"));
  const carol = login(fixture, "carol");
  for (const each of [alice, bob, carol]) fixture.chat.join(each, TEA);
  assertRejected("invite-only", TEA, () => fixture.chat.join(login(fixture, "dave"), TEA, "key"));
  fixture.mode(alice, TEA, "+b *!*@*");
  for (const each of [alice, bob, carol]) fixture.chat.leave(each, room);
  for (const each of [bob, carol]) assertRejected("banned", TEA, () => fixture.chat.join(each, TEA));
  fixture.chat.join(alice, TEA);
});

Deno.test("roles: an account that is invited into an invite-only room stays a member", () => {
  const { fixture, alice, bob, room } = owned();
  fixture.chat.leave(bob, room);
  fixture.chat.invite(alice, room, "bob");
  assertEquals(roles(fixture), ["alice owner"], "the room was open");
  fixture.mode(alice, TEA, "+i");
  fixture.chat.invite(alice, room, "bob");
  assertEquals(roles(fixture), ["alice owner", "bob member"]);
  for (let n = 0; n < 2; n++) {
    fixture.chat.join(bob, TEA);
    fixture.chat.leave(bob, room);
  }
});

Deno.test("roles: an absent account can be invited into an invite-only room that has an owner", () => {
  const { fixture, alice, bob, guest, room } = owned();
  fixture.chat.disconnect(sessionOf(bob));
  const invite = (by: Member, nick: string) => fixture.chat.invite(by, room, nick);
  assertRejected("no-such-user", "bob", () => invite(alice, "bob")); // the room is open
  fixture.mode(alice, TEA, "+i");
  assertRejected("not-operator", TEA, () => invite(guest, "bob"));
  assertRejected("no-such-user", "nobody", () => invite(alice, "nobody"));
  assertEquals(invite(alice, "bob"), { nick: "bob", member: undefined });
  assertEquals(roles(fixture), ["alice owner", "bob member"]);
  assertEquals(invite(alice, "bob"), { nick: "bob", member: undefined });
  fixture.chat.join(login(fixture, "bob"), TEA);
});

Deno.test("invite: an account that is in the chat under another nickname is invited there", () => {
  const { fixture, alice, bob, room } = owned();
  fixture.chat.leave(bob, room);
  fixture.chat.rename(bob, "robert");
  const { nick, member } = fixture.chat.invite(alice, room, "bob");
  assertEquals([nick, member === bob], ["robert", true]);
});

Deno.test("mode M: only members that are logged in, voiced or operators may speak", () => {
  const { fixture, alice, bob, guest } = owned();
  fixture.mode(alice, TEA, "+M");
  fixture.say(bob, TEA, "hi");
  assertRejected("login-required", TEA, () => fixture.say(guest, TEA, "hi"));
  fixture.mode(alice, TEA, "+v guesty");
  fixture.say(guest, TEA, "hi");
});

Deno.test("mode R: only users that are logged in or invited may enter", () => {
  const { fixture, alice, guest, room } = owned();
  fixture.mode(alice, TEA, "+R");
  fixture.chat.leave(guest, room);
  assertRejected("login-required", TEA, () => fixture.chat.join(guest, TEA));
  fixture.chat.invite(alice, room, "guesty");
  fixture.chat.join(guest, TEA);
});

Deno.test("rooms without an owner: what only an operator could end, ends with the last operator", () => {
  const ends: Record<string, (fixture: ChatFixture, op: Member) => unknown> = {
    "leaving": ({ chat }, op) => chat.leave(op, chat.findRoom(TEA)),
    "disconnecting": ({ chat }, op) => chat.remove(op),
    "being kicked": ({ chat }, op) => chat.kick(op, chat.findRoom(TEA), "op"),
    "giving up the rank": (fixture, op) => fixture.mode(op, TEA, "-o op"),
  };
  for (const [how, end] of Object.entries(ends)) {
    const fixture = new ChatFixture({ ...OPTIONS });
    const [op, other, bob] = [fixture.enter("op", TEA), fixture.enter("other", TEA), login(fixture, "bob", [TEA])];
    fixture.mode(op, TEA, "+oo other bob");
    assertEquals(roles(fixture), [], "no role lasts");
    fixture.mode(op, TEA, "+imMsR");
    fixture.mode(op, TEA, "+klbeI key 9 x y z");
    for (const each of [other, bob]) fixture.chat.leave(each, fixture.chat.findRoom(TEA));
    fixture.enter("last"); // not in the room
    const room = fixture.chat.findRoom(TEA);
    const witness = fixture.enter("witness");
    fixture.chat.invite(op, room, "witness");
    fixture.chat.join(witness, TEA);
    fixture.heard(witness);
    assert(room.switches.has("i"), how);
    end(fixture, op);
    const told = "modes #tea -i -m -M -R -k key -l -b x!*@* -e y!*@* -I z!*@*";
    assertEquals(fixture.heard(witness).at(-1), told, how);
    assertEquals([...room.switches].sort(), ["n", "s", "t"], how);
    assertEquals([room.password, room.limit, room.lists.b.size], [undefined, Infinity, 0], how);
    fixture.chat.join(bob, TEA);
    assertEquals(ranks(fixture), [[], [], []], how);
  }
});

Deno.test("rooms without an owner: entering an empty one gives no power, and its creator was its only operator", () => {
  const { fixture, restart } = lasting(OPTIONS);
  const guest = fixture.enter("guesty", TEA);
  fixture.say(guest, TEA, "hi");
  fixture.chat.leave(guest, fixture.chat.findRoom(TEA));
  fixture.chat.join(guest, TEA);
  assertEquals(ranks(fixture), [[], [], []]);
  fixture.chat.flush();
  const later = restart(OPTIONS);
  login(later, "bob", [TEA]);
  assertEquals([ranks(later), roles(later)], [[[], [], []], []]);
});

Deno.test("rooms with an owner: +i and +k do not lock out their author, also after a restart", () => {
  const { fixture, restart } = lasting(OPTIONS);
  const alice = login(fixture, "alice", [TEA]);
  fixture.mode(alice, TEA, "+ik key");
  fixture.mode(alice, TEA, "+l 1");
  fixture.chat.remove(alice);
  fixture.chat.join(login(fixture, "alice"), TEA);
  fixture.chat.flush();
  const later = restart(OPTIONS);
  assertRejected("invite-only", TEA, () => later.chat.join(later.enter("guesty"), TEA, "key"));
  login(later, "alice", [TEA]);
  assertEquals([ranks(later), roles(later)], [[["alice"], [], []], ["alice owner"]]);
});

Deno.test("rooms with an owner: they outlive their members, even in silence and in memory", () => {
  for (const fixture of [new ChatFixture({ ...OPTIONS }), lasting(OPTIONS).fixture]) {
    const alice = login(fixture, "alice", [TEA]);
    fixture.chat.remove(alice);
    login(fixture, "bob", [TEA]);
    assertEquals([ranks(fixture), roles(fixture)], [[[], [], []], ["alice owner"]]);
  }
});

Deno.test("roles: when the last owner gives up, the operator that has been one for longest owns the room", () => {
  const { fixture, alice, bob, room } = owned();
  login(fixture, "carol", [TEA]);
  fixture.mode(alice, TEA, "+o bob");
  fixture.mode(alice, TEA, "+o carol");
  fixture.heard(alice);
  fixture.mode(alice, TEA, "-q alice");
  assertEquals(fixture.heard(alice), ["modes #tea alice alice -q alice -o bob +q bob"]);
  assertEquals([roles(fixture), ranks(fixture)], [["bob owner", "carol op"], [["bob"], ["carol"], []]]);
  fixture.mode(bob, TEA, "+m");
  fixture.chat.admin.setMember(bob, room, "carol", false);
  fixture.mode(bob, TEA, "-q bob");
  assertEquals([roles(fixture), ranks(fixture), room.switches.has("m")], [[], [[], [], []], false]);
});

Deno.test("roles: a room has at most ROLES_MAX", () => {
  const fixture = new ChatFixture({ policy: { isRegistered: () => true } });
  const alice = login(fixture, "alice", [TEA]);
  const bob = login(fixture, "bob", [TEA]);
  const room = fixture.chat.findRoom(TEA);
  for (let n = 1; n < ROLES_MAX; n++) fixture.chat.admin.setMember(alice, room, `account${n}`, true);
  assertEquals(room.roles.size, ROLES_MAX);
  assertRejected("roles-full", TEA, () => fixture.chat.admin.setMember(alice, room, "more", true));
  assertRejected("roles-full", TEA, () => fixture.chat.admin.transfer(alice, room, "bob"));
  assertEquals([fixture.mode(alice, TEA, "+o bob"), room.holds(bob, "op")], [["roles-full"], false]);
  fixture.mode(alice, TEA, "+i");
  fixture.chat.leave(bob, room);
  fixture.chat.invite(alice, room, "bob"); // is invited all the same
  fixture.chat.join(bob, TEA);
  fixture.chat.admin.transfer(alice, room, "account1"); // who has a role already
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
