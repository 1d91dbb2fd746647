import { assert, assertEquals } from "@std/assert";
import { fc } from "../dependencies.ts";
import { fold, LOBBY } from "../../src/chat/names.ts";
import { ROOMS_MAX } from "../../src/chat/chat_options.ts";
import type { Member } from "../../src/chat/member.ts";
import { KEY_MAX, MASK_MAX, MASKS_MAX, matchesMask, type ModeChange } from "../../src/chat/modes.ts";
import type { Room } from "../../src/chat/room.ts";
import { assertRejected, ChatFixture, sessionOf } from "./helpers.ts";

const TEA = "#tea";

/** A chat with a room that has the operator `op` and other members. */
function chatOf<Nick extends string = never>(...nicks: Nick[]) {
  const fixture = new ChatFixture();
  const people = {} as Record<Nick | "op", Member>;
  for (const nick of ["op", ...nicks] as const) people[nick] = fixture.enter(nick, TEA);
  return { fixture, ...people, room: fixture.chat.findRoom(TEA) };
}

/** The members that are told something while an action runs, in order of arrival. */
function reached(fixture: ChatFixture, action: () => unknown): string[] {
  const members = [...fixture.chat.members];
  for (const member of members) fixture.heard(member);
  action();
  return members.filter((member) => fixture.heard(member).length > 0).map(({ nick }) => nick);
}

function ranks(room: Room): string[][] {
  return [room.ranks.op, room.ranks.voice].map((members) => [...members].map(({ nick }) => nick));
}

Deno.test("rooms: the creator becomes operator, and later members do not", () => {
  const { fixture, op, room } = chatOf("bob");
  assertEquals(ranks(room), [["op"], []]);
  assertEquals([...room.switches].sort(), ["n", "t"]);
  assert(room.holds(op, "op") && room.holds(op, "voice"));
  fixture.chat.leave(op, room);
  fixture.chat.join(op, TEA);
  assertEquals(ranks(room), [[], []], "not on joining again");
});

Deno.test("lobby: it has no operator and rejects external messages", () => {
  const fixture = new ChatFixture();
  const alice = fixture.enter("alice", LOBBY);
  const lobby = fixture.chat.findRoom(LOBBY);
  assertEquals([ranks(lobby), [...lobby.switches]], [[[], []], ["n"]]);
  assertRejected("not-operator", LOBBY, () => fixture.mode(alice, LOBBY, "+m"));
  assertRejected("not-operator", LOBBY, () => fixture.chat.kick(alice, lobby, "alice"));
  fixture.chat.setTopic(alice, lobby, "anybody may");
  assertEquals(lobby.topic?.text, "anybody may");
  assertRejected("not-in-room", LOBBY, () => fixture.say(fixture.enter("bob"), LOBBY, "hi"));
});

Deno.test("modes: only operators change them", () => {
  const { fixture, op, bob, carol, room } = chatOf("bob", "carol");
  const stranger = fixture.enter("stranger");
  fixture.mode(op, TEA, "+v bob");
  for (const member of Object.values({ op, bob, carol, stranger })) fixture.heard(member);
  for (const modes of ["+o bob", "-o op", "+v carol", "+b op", "+e bob", "+I x", "+k x", "+l 1", "+imnst", "-nt"]) {
    for (const member of [bob, carol]) assertRejected("not-operator", TEA, () => fixture.mode(member, TEA, modes));
    assertRejected("not-in-room", TEA, () => fixture.mode(stranger, TEA, modes));
  }
  const lists = Object.values(room.lists).map(({ size }) => size);
  assertEquals([ranks(room), lists, room.password, room.limit], [[["op"], ["bob"]], [0, 0, 0], undefined, Infinity]);
  assertEquals([...room.switches].sort(), ["n", "t"]);
  assertEquals([op, bob, carol].flatMap((member) => fixture.heard(member)), []);
});

Deno.test("modes: the changes that were made are announced as one event", () => {
  const { fixture, op, bob } = chatOf("bob");
  const stranger = fixture.enter("stranger");
  assertEquals(fixture.mode(op, TEA, "+mno-s+v+b+k+l BOB Bob bob KEY 7"), []);
  const told = "modes #tea op +m +o bob +v bob +b bob!*@* +k KEY +l 7";
  assertEquals([op, bob, stranger].map((each) => fixture.heard(each)), [[told], [told], []]);
  assertEquals(fixture.mode(op, TEA, "+mno-s+v+b+k+l BOB Bob BOB KEY 7"), []);
  assertEquals(fixture.heard(bob), []);
  assertEquals(fixture.mode(op, TEA, "-mo-v-b-k-l bob bob bob!*@* ?"), []);
  assertEquals(fixture.heard(bob), ["modes #tea op -m -o bob -v bob -b bob!*@* -k KEY -l"]);
  assertEquals(fixture.mode(op, TEA, "-mo-v-b-k-l bob bob bob!*@* ?"), []);
  assertEquals(fixture.heard(bob), []);
});

Deno.test("modes: impossible changes are rejected one by one, and the others are made", () => {
  const { fixture, op, bob, room } = chatOf("bob");
  fixture.enter("stranger");
  assertEquals(fixture.mode(op, TEA, "+ovmvk nobody stranger bob a,b"), [
    "no-such-user",
    "user-not-in-room",
    "key-invalid",
  ]);
  assertEquals([ranks(room), room.password, fixture.heard(bob)], [
    [["op"], ["bob"]],
    undefined,
    ["modes #tea op +m +v bob"],
  ]);
  assertEquals(fixture.mode(op, TEA, "+o nobody"), ["no-such-user"]);
  assertEquals(fixture.heard(bob), []);
});

Deno.test("mode o: an operator gives and takes the rank, also from itself", () => {
  const { fixture, op, bob, room } = chatOf("bob");
  fixture.mode(op, TEA, "+o bob");
  fixture.mode(bob, TEA, "-o op");
  assertEquals(ranks(room), [["bob"], []]);
  assertRejected("not-operator", TEA, () => fixture.mode(op, TEA, "+o op"));
  fixture.mode(bob, TEA, "-o bob");
  assertEquals(ranks(room), [[], []]);
});

Deno.test("ranks: they end when the member leaves, is kicked or disconnects", () => {
  const { fixture, op, room } = chatOf("a", "b", "c");
  fixture.mode(op, TEA, "+ovovov a a b b c c");
  fixture.chat.leave(fixture.chat.find("a"), room);
  fixture.chat.kick(op, room, "b");
  fixture.chat.remove(fixture.chat.find("c"));
  assertEquals(ranks(room), [["op"], []]);
  fixture.chat.join(fixture.chat.find("a"), TEA);
  assertEquals(ranks(room), [["op"], []]);
});

Deno.test("mode m: only operators and voiced members may speak or send tags", () => {
  const { fixture, op, voiced, plain, room } = chatOf("voiced", "plain");
  fixture.mode(op, TEA, "+mv voiced");
  for (const member of [op, voiced]) {
    assertEquals(reached(fixture, () => fixture.say(member, TEA, "hi")), ["op", "voiced", "plain"]);
    assertEquals(reached(fixture, () => fixture.chat.tag(member, room, "+typing=active")), ["op", "voiced", "plain"]);
  }
  assertRejected("cannot-speak", TEA, () => fixture.say(plain, TEA, "hi"));
  assertRejected("cannot-speak", TEA, () => fixture.say(plain, TEA, "hi", { minRank: "op" }));
  assertRejected("cannot-speak", TEA, () => fixture.chat.tag(plain, room, "+typing=active"));
  assertEquals(fixture.said(TEA), ["hi", "hi"]);
  fixture.mode(op, TEA, "-m");
  fixture.say(plain, TEA, "at last");
  assertEquals(fixture.said(TEA).at(-1), "at last");
});

Deno.test("mode n: external messages are allowed where it is off, unless the author is banned or the room moderated", () => {
  const { fixture, op } = chatOf();
  const stranger = fixture.enter("stranger");
  assertRejected("not-in-room", TEA, () => fixture.say(stranger, TEA, "hi"));
  fixture.mode(op, TEA, "-n");
  assertEquals(reached(fixture, () => fixture.say(stranger, TEA, "hi")), ["op"]);
  fixture.mode(op, TEA, "+m");
  assertRejected("cannot-speak", TEA, () => fixture.say(stranger, TEA, "hi"));
  fixture.mode(op, TEA, "-m+b stranger");
  assertRejected("cannot-speak", TEA, () => fixture.say(stranger, TEA, "hi"));
  fixture.mode(op, TEA, "+n");
  assertRejected("not-in-room", TEA, () => fixture.say(stranger, TEA, "hi"));
  assertEquals(fixture.said(TEA), ["hi"]);
});

Deno.test("mode t: only operators set the topic where it is on, and all members where it is off", () => {
  const { fixture, op, bob, room } = chatOf("bob");
  const before = Date.now();
  fixture.mode(op, TEA, "+v bob");
  assertRejected("not-operator", TEA, () => fixture.chat.setTopic(bob, room, "bob's"));
  fixture.chat.setTopic(op, room, "op's");
  assertEquals([room.topic?.text, room.topic?.by], ["op's", "op!~user@host"]);
  assert(room.topic!.at >= before && room.topic!.at <= Date.now());
  fixture.mode(op, TEA, "-t");
  fixture.chat.setTopic(bob, room, "bob's");
  assertRejected("not-in-room", TEA, () => fixture.chat.setTopic(fixture.enter("stranger"), room, "mine"));
  assertEquals([room.topic?.text, room.topic?.by], ["bob's", "bob!~user@host"]);
  fixture.chat.setTopic(bob, room, " \x07 ");
  assertEquals(room.topic, undefined);
});

Deno.test("mode i: only invited members and those that match mode I join", () => {
  const { fixture, op, room } = chatOf();
  fixture.mode(op, TEA, "+i");
  const bob = fixture.arrive("bob", [], { host: "bobs.example" });
  assertRejected("invite-only", TEA, () => fixture.chat.join(bob, TEA));
  fixture.mode(op, TEA, "+I *.EXAMPLE");
  assert(fixture.chat.join(bob, TEA) === room && room.has(bob));
  fixture.chat.leave(bob, room);
  fixture.mode(op, TEA, "-I *.example");
  assertRejected("invite-only", TEA, () => fixture.chat.join(bob, TEA));
  fixture.mode(op, TEA, "-i");
  fixture.chat.join(bob, TEA);
});

Deno.test("mode I: it overrides neither the key nor the limit nor a ban", () => {
  const { fixture, op } = chatOf();
  const bob = fixture.enter("bob");
  for (const [modes, code] of [["+k x", "wrong-key"], ["-k+l x 1", "room-full"], ["-l+b bob", "banned"]] as const) {
    fixture.mode(op, TEA, "+iI bob");
    fixture.mode(op, TEA, modes);
    assertRejected(code, TEA, () => fixture.chat.join(bob, TEA));
  }
});

Deno.test("mode k: only members with the key join, and malformed keys are rejected", () => {
  const { fixture, op, room } = chatOf();
  const bob = fixture.enter("bob");
  fixture.mode(op, TEA, "+k Sesame");
  for (const key of [undefined, "", "sesame", "Sesame "]) {
    assertRejected("wrong-key", TEA, () => fixture.chat.join(bob, TEA, key));
  }
  fixture.chat.join(bob, TEA, "Sesame");
  assert(room.has(bob));
  for (const key of ["", "a b", "a,b", ":a", "\x07", "\x02", "a\u200bb", "a\x07", "x".repeat(KEY_MAX + 1)]) {
    const [error] = fixture.chat.setModes(op, room, [{ on: true, mode: "k", key }]).rejected;
    assertEquals([error?.code, error?.room, room.password], ["key-invalid", TEA, "Sesame"], JSON.stringify(key));
  }
  fixture.mode(op, TEA, `+k ${"x".repeat(KEY_MAX)}`);
  assertEquals(room.password, "x".repeat(KEY_MAX));
  fixture.mode(op, TEA, "-k");
  fixture.chat.leave(bob, room);
  fixture.chat.join(bob, TEA, "whatever");
  assert(room.has(bob));
});

Deno.test("mode l: no member joins a full room, and none is removed", () => {
  const { fixture, op, room } = chatOf("bob", "carol");
  const dave = fixture.enter("dave");
  fixture.mode(op, TEA, "+l 2");
  assertEquals(room.members.size, 3);
  assertRejected("room-full", TEA, () => fixture.chat.join(dave, TEA));
  fixture.chat.kick(op, room, "bob");
  assertRejected("room-full", TEA, () => fixture.chat.join(dave, TEA));
  fixture.mode(op, TEA, "+l 3");
  fixture.chat.join(dave, TEA);
  assertRejected("room-full", TEA, () => fixture.chat.join(fixture.chat.find("bob"), TEA));
  fixture.mode(op, TEA, "-l");
  fixture.chat.join(fixture.chat.find("bob"), TEA);
  assertEquals(room.members.size, 4);
});

Deno.test("mode s: a secret room can be joined by its name", () => {
  const { fixture, op, room } = chatOf();
  fixture.mode(op, TEA, "+s");
  assert(room.switches.has("s"));
  assert(fixture.chat.join(fixture.enter("bob"), TEA) === room);
});

Deno.test("mode b: a banned member can neither join nor speak, unless it is voiced or an operator", () => {
  const { fixture, op, room } = chatOf();
  const [bob, rob] = ["bob", "rob"].map((nick) => fixture.arrive(nick, [], { host: "evil.example" })) as [
    Member,
    Member,
  ];
  fixture.chat.join(bob, TEA);
  fixture.say(bob, TEA, "before");
  fixture.mode(op, TEA, "+b *.Evil.example");
  fixture.mode(op, TEA, "+b *!*@EVIL.*");
  assert(room.has(bob));
  assertRejected("cannot-speak", TEA, () => fixture.say(bob, TEA, "hi"));
  assertRejected("cannot-speak", TEA, () => fixture.say(bob, TEA, "hi", { minRank: "op" }));
  assertRejected("cannot-speak", TEA, () => fixture.chat.tag(bob, room, "+typing=active"));
  assertRejected("banned", TEA, () => fixture.chat.join(rob, TEA));
  for (const rank of ["v", "o"]) {
    fixture.mode(op, TEA, `+${rank} bob`);
    fixture.say(bob, TEA, `with ${rank}`);
    fixture.mode(op, TEA, `-${rank} bob`);
    assertRejected("cannot-speak", TEA, () => fixture.say(bob, TEA, "hi"));
  }
  fixture.mode(op, TEA, "-b *!*@evil.*");
  fixture.say(bob, TEA, "after");
  fixture.chat.join(rob, TEA);
  assertEquals(fixture.said(TEA), ["before", "with v", "with o", "after"]);
});

Deno.test("mode e: an exception overrides all bans", () => {
  const { fixture, op, room } = chatOf("bob");
  const bob = fixture.chat.find("bob");
  fixture.mode(op, TEA, "+bb * bob");
  assertRejected("cannot-speak", TEA, () => fixture.say(bob, TEA, "hi"));
  fixture.mode(op, TEA, "+e BOB");
  fixture.say(bob, TEA, "hi");
  fixture.chat.leave(bob, room);
  fixture.chat.join(bob, TEA);
  fixture.mode(op, TEA, "-e bob");
  assertRejected("cannot-speak", TEA, () => fixture.say(bob, TEA, "hi"));
  fixture.chat.leave(bob, room);
  assertRejected("banned", TEA, () => fixture.chat.join(bob, TEA));
});

Deno.test("bans: they are checked again when a nickname changes", () => {
  const { fixture, op, bob } = chatOf("bob");
  fixture.mode(op, TEA, "+b evil*");
  fixture.say(bob, TEA, "as bob");
  fixture.chat.rename(bob, "EvilBob");
  assertRejected("cannot-speak", TEA, () => fixture.say(bob, TEA, "as evil"));
  assertRejected("banned-nick", "bob", () => fixture.chat.rename(bob, "bob"));
  fixture.mode(op, TEA, "+v EvilBob"); // who is not silenced by the ban any more
  fixture.chat.rename(bob, "bob");
  fixture.mode(op, TEA, "-v bob");
  fixture.say(bob, TEA, "as bob again");
  assertEquals(fixture.said(TEA), ["as bob", "as bob again"]);
});

Deno.test("bans: exactly the members that match no ban, or an exception, may speak", () => {
  const masks = fc.constantFrom("a*", "*b", "?", "B", "*!*@host", "ab!*@*", "*!~user@*");
  const step = fc.oneof(
    fc.record({ list: fc.constantFrom("b", "b", "e"), on: fc.boolean(), mask: masks }),
    fc.record({ nick: fc.constantFrom("a", "b", "AB", "Xb", "ax") }),
  );
  fc.assert(fc.property(fc.array(step, { maxLength: 30, size: "max" }), (steps) => {
    const { fixture, op, room, someone } = chatOf("someone");
    const lists = { b: new Set<string>(), e: new Set<string>() };
    for (const step of steps) {
      if ("nick" in step) {
        if (room.bans(someone)) fixture.mode(op, TEA, `+v ${someone.nick}`); // else it could not take another nickname
        fixture.chat.rename(someone, step.nick);
        fixture.mode(op, TEA, `-v ${someone.nick}`);
      } else {
        fixture.mode(op, TEA, `${step.on ? "+" : "-"}${step.list} ${step.mask}`);
        const mask = step.mask.includes("!") ? step.mask : `${step.mask}!*@*`;
        lists[step.list as "b" | "e"][step.on ? "add" : "delete"](fold(mask));
      }
      const listed = (list: Set<string>) => [...list].some((mask) => matchesMask(mask, fold(someone.origin)));
      const banned = listed(lists.b) && !listed(lists.e);
      assertEquals(room.bans(someone), banned);
      if (banned) assertRejected("cannot-speak", TEA, () => fixture.say(someone, TEA, "hi"));
      else fixture.say(someone, TEA, "hi");
    }
  }));
});

Deno.test("masks: they are stored once in any case, with author and time", () => {
  const { fixture, op, room } = chatOf();
  const before = Date.now();
  fixture.mode(op, TEA, "+bbeI Bob BOB *.Example @Host");
  const masks = [room.lists.b, room.lists.e, room.lists.I].map((list) => [...list.values()]);
  assertEquals(masks.map((list) => list.map(({ mask, by }) => [mask, by])), [
    [["Bob!*@*", "op!~user@host"]],
    [["*!*@*.Example", "op!~user@host"]],
    [["*!*@Host", "op!~user@host"]],
  ]);
  assert(masks.flat().every(({ at }) => at >= before && at <= Date.now()));
  fixture.mode(op, TEA, "-b BOB");
  assertEquals(room.lists.b.size, 0);
});

Deno.test("masks: one that cannot match or is too long is rejected", () => {
  const { fixture, op, room } = chatOf();
  const longest = "x".repeat(MASK_MAX - "!*@*".length);
  for (const mask of ["a b", ":a!b@c", "é…", "", "\x07", "a\x02b", "a\u200bb", `${longest}x`]) {
    for (const mode of ["b", "e", "I"] as const) {
      const [error] = fixture.chat.setModes(op, room, [{ on: true, mode, mask }]).rejected;
      assertEquals([error?.code, error?.subject], ["mask-invalid", mask], JSON.stringify(mask));
    }
  }
  assertEquals(Object.values(room.lists).map(({ size }) => size), [0, 0, 0]);
  assertEquals(fixture.mode(op, TEA, `+b ${longest}`), []);
});

Deno.test("masks: all lists of a room together have a limit", () => {
  const { fixture, op, room } = chatOf();
  const change = (n: number): ModeChange => ({ on: true, mode: (["b", "e", "I"] as const)[n % 3]!, mask: `n${n}` });
  const changes = Array.from({ length: MASKS_MAX }, (_, n) => change(n));
  assertEquals(fixture.chat.setModes(op, room, changes).rejected, []);
  const size = () => Object.values(room.lists).reduce((sum, list) => sum + list.size, 0);
  for (const mode of ["b", "e", "I"]) assertEquals(fixture.mode(op, TEA, `+${mode} more`), ["masks-full"]);
  assertEquals(size(), MASKS_MAX);
  assertEquals(fixture.mode(op, TEA, "+b N0"), [], "it is on the list already");
  assertEquals(fixture.mode(op, TEA, "-b+I n0 more"), []);
  assertEquals(size(), MASKS_MAX);
});

Deno.test("invite: an operator's invitation overrides everything once, and the operators are told", () => {
  const { fixture, op, second, plain, room } = chatOf("second", "plain");
  const bob = fixture.enter("bob");
  fixture.mode(op, TEA, "+ikl+bo KEY 1 bob second");
  assertRejected("banned", TEA, () => fixture.chat.join(bob, TEA));
  for (const member of [op, second, plain, bob]) fixture.heard(member);
  assert(fixture.chat.invite(op, room, "BOB").member === bob);
  const told = [op, second, plain, bob].map((member) => fixture.heard(member));
  assertEquals(told, [[], ["invited #tea op bob forOperators"], [], ["invited #tea op bob"]]);
  fixture.chat.join(bob, TEA);
  assert(room.has(bob));
  fixture.chat.leave(bob, room);
  assertRejected("banned", TEA, () => fixture.chat.join(bob, TEA));
  for (const [mode, code] of [["b", "invite-only"], ["i", "wrong-key"], ["k", "room-full"]] as const) {
    fixture.mode(op, TEA, `-${mode} bob`);
    assertRejected(code, TEA, () => fixture.chat.join(bob, TEA));
  }
});

Deno.test("invite: all members may invite, and only operators where mode i is on", () => {
  const { fixture, op, plain, room } = chatOf("plain");
  const [bob, stranger] = [fixture.enter("bob"), fixture.enter("stranger")];
  fixture.chat.invite(plain, room, "bob");
  assert(!bob.invitations.has(TEA), "only an operator's word counts against a ban, a key or a limit");
  assertRejected("not-in-room", TEA, () => fixture.chat.invite(stranger, room, "bob"));
  assertRejected("no-such-user", "carol", () => fixture.chat.invite(plain, room, "carol"));
  assertRejected("already-in-room", "op", () => fixture.chat.invite(plain, room, "OP"));
  fixture.mode(op, TEA, "+iv plain");
  assertRejected("not-operator", TEA, () => fixture.chat.invite(plain, room, "stranger"));
  assertEquals(stranger.invitations.size, 0);
});

Deno.test("invite: an invitation ends with the room", () => {
  const { fixture, op, room } = chatOf();
  const bob = fixture.enter("bob");
  fixture.chat.invite(op, room, "bob");
  fixture.chat.leave(op, room);
  const other = fixture.enter("other", TEA);
  fixture.mode(other, TEA, "+i");
  assertRejected("invite-only", TEA, () => fixture.chat.join(bob, TEA));
  assertEquals(bob.invitations.size, 0);
});

Deno.test("invite: an invitation ends when its member disconnects", () => {
  const { fixture, op, room } = chatOf();
  const bob = fixture.enter("bob");
  fixture.mode(op, TEA, "+i");
  fixture.chat.invite(op, room, "bob");
  assertEquals([...room.invited], [bob]);
  fixture.chat.remove(bob);
  assertEquals(room.invited.size, 0);
  assertRejected("invite-only", TEA, () => fixture.chat.join(fixture.enter("bob"), TEA));
});

Deno.test("invite: a further invitation replaces the oldest, and a repeated one replaces none", () => {
  const fixture = new ChatFixture();
  const bob = fixture.enter("bob");
  const rooms = Array.from({ length: ROOMS_MAX + 1 }, (_, n) => {
    const host = fixture.enter(`host${n}`, `#room${n}`);
    fixture.mode(host, `#room${n}`, "+i");
    return { host, room: fixture.chat.findRoom(`#room${n}`) };
  });
  for (const { host, room } of rooms.slice(0, -1)) fixture.chat.invite(host, room, "bob");
  fixture.chat.invite(rooms[5]!.host, rooms[5]!.room, "bob");
  assertEquals([...bob.invitations], rooms.slice(0, -1).map(({ room }) => room.key));
  const last = rooms.at(-1)!;
  fixture.chat.invite(last.host, last.room, "bob");
  assertEquals([...bob.invitations], rooms.slice(1).map(({ room }) => room.key));
  assertRejected("invite-only", "#room0", () => fixture.chat.join(bob, "#room0"));
  fixture.chat.join(bob, "#room1");
});

Deno.test("kick: the member is removed and all are told, with the sanitized reason", () => {
  const { fixture, op, bob, carol, room } = chatOf("bob", "carol");
  assert(fixture.chat.kick(op, room, "BOB", `en\x1bough${"!".repeat(194)}`) === bob);
  const told = `kicked #tea op bob enough${"!".repeat(194)}`;
  for (const member of [op, bob, carol]) assertEquals(fixture.heard(member), [told]);
  assertEquals([room.has(bob), bob.rooms.size, [...room.members]], [false, 0, [op, carol]]);
  fixture.say(op, TEA, "quiet now");
  assertEquals(fixture.heard(bob), []);
  fixture.chat.join(bob, TEA);
  fixture.chat.kick(op, room, "bob");
  assertEquals(fixture.heard(bob).at(-1), "kicked #tea op bob");
});

Deno.test("kick: only operators kick, only members of the room, and also themselves", () => {
  const { fixture, op, bob, room } = chatOf("bob", "carol");
  const stranger = fixture.enter("stranger");
  assertRejected("not-operator", TEA, () => fixture.chat.kick(bob, room, "carol"));
  assertRejected("not-in-room", TEA, () => fixture.chat.kick(stranger, room, "carol"));
  assertRejected("no-such-user", "dave", () => fixture.chat.kick(op, room, "dave"));
  assertRejected("user-not-in-room", "stranger", () => fixture.chat.kick(op, room, "Stranger"));
  assertRejected("reason-too-long", "200", () => fixture.chat.kick(op, room, "bob", "x".repeat(201)));
  assertRejected("text-too-long", "336", () => fixture.chat.kick(op, room, "bob", "😀".repeat(100)));
  assertEquals(room.members.size, 3);
  fixture.chat.kick(op, room, "bob");
  fixture.chat.kick(op, room, "carol");
  fixture.chat.kick(op, room, "op");
  assertEquals(fixture.rooms(), [LOBBY], "the room is closed with its last member");
});

Deno.test("kick: sessions are notified after the member was removed", () => {
  const { fixture, op, bob, room } = chatOf("bob", "carol");
  const told: unknown[] = [];
  sessionOf(bob).handlers = {
    kicked: (from) => told.push([from === room, from.has(bob), fixture.chat.join(bob, LOBBY).name]),
  };
  fixture.chat.kick(op, room, "carol");
  fixture.chat.leave(fixture.chat.find("bob"), room);
  fixture.chat.join(bob, TEA);
  assertEquals(told, []);
  fixture.chat.kick(op, room, "bob");
  assertEquals(told, [[true, false, LOBBY]]);
});

Deno.test("say: a line for a rank is delivered to it and the author, and not stored", () => {
  const { fixture, op, voiced, plain, room } = chatOf("voiced", "plain");
  fixture.mode(op, TEA, "+v voiced");
  const say = (from: Member, minRank: "op" | "voice") =>
    reached(fixture, () => fixture.say(from, TEA, "psst", { minRank }));
  assertEquals(say(plain, "op"), ["op", "plain"]);
  assertEquals(say(plain, "voice"), ["op", "voiced", "plain"]);
  assertEquals(say(voiced, "op"), ["op", "voiced"]);
  sessionOf(plain).echo = sessionOf(op).echo = false;
  assertEquals(say(plain, "voice"), ["op", "voiced"]);
  assertEquals(say(op, "op"), []);
  assertEquals(reached(fixture, () => fixture.chat.tag(voiced, room, "+typing=active", "op")), ["op", "voiced"]);
  assertEquals(reached(fixture, () => fixture.chat.tag(plain, room, "+typing=active", "op")), ["op"]);
  fixture.say(plain, TEA, "psst", { minRank: "op" });
  assertEquals(fixture.heard(op), ["said #tea plain psst say op"]);
  assertEquals(fixture.said(TEA), []);
});

Deno.test("join: a member can be in a limited number of rooms", () => {
  const fixture = new ChatFixture();
  const alice = fixture.enter("alice");
  for (let n = 0; n < ROOMS_MAX; n++) fixture.chat.join(alice, `#room${n}`);
  assertRejected("too-many-rooms", "#more", () => fixture.chat.join(alice, "#more"));
  assertEquals([alice.rooms.size, fixture.rooms().length], [ROOMS_MAX, ROOMS_MAX + 1]);
  assert(fixture.chat.join(alice, "#room7").has(alice), "it is in that room already");
  fixture.chat.leave(alice, fixture.chat.findRoom("#room7"));
  fixture.chat.join(alice, "#more");
});
