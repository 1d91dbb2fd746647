import { assert, assertEquals } from "@std/assert";
import { fc } from "../dependencies.ts";
import { fold, LOBBY } from "../../src/chat/names.ts";
import { ROOMS_MAX } from "../../src/chat/local_chat.ts";
import type { Member } from "../../src/chat/member.ts";
import { KEY_MAX, MASK_MAX, MASKS_MAX, matchesMask, type ModeChange } from "../../src/chat/modes.ts";
import type { Room } from "../../src/chat/room.ts";
import { assertRejected, Chat, sessionOf } from "./helpers.ts";

const TEA = "#tea";

/** A chat with a room that has the operator `op` and other members. */
function chatOf<Nick extends string = never>(...nicks: Nick[]) {
  const chat = new Chat();
  const people = {} as Record<Nick | "op", Member>;
  for (const nick of ["op", ...nicks] as const) people[nick] = chat.enter(nick, TEA);
  return { chat, ...people, room: chat.hub.findRoom(TEA) };
}

/** The members that are told something while an action runs, in order of arrival. */
function reached(chat: Chat, action: () => unknown): string[] {
  const members = [...chat.hub.members];
  for (const member of members) chat.heard(member);
  action();
  return members.filter((member) => chat.heard(member).length > 0).map(({ nick }) => nick);
}

function ranks(room: Room): string[][] {
  return [room.ranks.op, room.ranks.voice].map((members) => [...members].map(({ nick }) => nick));
}

Deno.test("rooms: the creator becomes operator, and later members do not", () => {
  const { chat, op, room } = chatOf("bob");
  assertEquals(ranks(room), [["op"], []]);
  assertEquals([...room.switches].sort(), ["n", "t"]);
  assert(room.holds(op, "op") && room.holds(op, "voice"));
  chat.hub.leave(op, room);
  chat.hub.join(op, TEA);
  assertEquals(ranks(room), [[], []], "not on joining again");
});

Deno.test("lobby: it has no operator and rejects external messages", () => {
  const chat = new Chat();
  const alice = chat.enter("alice", LOBBY);
  const lobby = chat.hub.findRoom(LOBBY);
  assertEquals([ranks(lobby), [...lobby.switches]], [[[], []], ["n"]]);
  assertRejected("not-operator", LOBBY, () => chat.mode(alice, LOBBY, "+m"));
  assertRejected("not-operator", LOBBY, () => chat.hub.kick(alice, lobby, "alice"));
  chat.hub.setTopic(alice, lobby, "anybody may");
  assertEquals(lobby.topic?.text, "anybody may");
  assertRejected("not-in-room", LOBBY, () => chat.say(chat.enter("bob"), LOBBY, "hi"));
});

Deno.test("modes: only operators change them", () => {
  const { chat, op, bob, carol, room } = chatOf("bob", "carol");
  const stranger = chat.enter("stranger");
  chat.mode(op, TEA, "+v bob");
  for (const member of Object.values({ op, bob, carol, stranger })) chat.heard(member);
  for (const modes of ["+o bob", "-o op", "+v carol", "+b op", "+e bob", "+I x", "+k x", "+l 1", "+imnst", "-nt"]) {
    for (const member of [bob, carol]) assertRejected("not-operator", TEA, () => chat.mode(member, TEA, modes));
    assertRejected("not-in-room", TEA, () => chat.mode(stranger, TEA, modes));
  }
  const lists = Object.values(room.lists).map(({ size }) => size);
  assertEquals([ranks(room), lists, room.password, room.limit], [[["op"], ["bob"]], [0, 0, 0], undefined, Infinity]);
  assertEquals([...room.switches].sort(), ["n", "t"]);
  assertEquals([op, bob, carol].flatMap((member) => chat.heard(member)), []);
});

Deno.test("modes: the changes that were made are announced as one event", () => {
  const { chat, op, bob } = chatOf("bob");
  const stranger = chat.enter("stranger");
  assertEquals(chat.mode(op, TEA, "+mno-s+v+b+k+l BOB Bob bob KEY 7"), []);
  const told = "modes #tea op +m +o bob +v bob +b bob!*@* +k KEY +l 7";
  assertEquals([op, bob, stranger].map((each) => chat.heard(each)), [[told], [told], []]);
  assertEquals(chat.mode(op, TEA, "+mno-s+v+b+k+l BOB Bob BOB KEY 7"), []);
  assertEquals(chat.heard(bob), []);
  assertEquals(chat.mode(op, TEA, "-mo-v-b-k-l bob bob bob!*@* ?"), []);
  assertEquals(chat.heard(bob), ["modes #tea op -m -o bob -v bob -b bob!*@* -k KEY -l"]);
  assertEquals(chat.mode(op, TEA, "-mo-v-b-k-l bob bob bob!*@* ?"), []);
  assertEquals(chat.heard(bob), []);
});

Deno.test("modes: impossible changes are rejected one by one, and the others are made", () => {
  const { chat, op, bob, room } = chatOf("bob");
  chat.enter("stranger");
  assertEquals(chat.mode(op, TEA, "+ovmvk nobody stranger bob a,b"), [
    "no-such-user",
    "user-not-in-room",
    "key-invalid",
  ]);
  assertEquals([ranks(room), room.password, chat.heard(bob)], [
    [["op"], ["bob"]],
    undefined,
    ["modes #tea op +m +v bob"],
  ]);
  assertEquals(chat.mode(op, TEA, "+o nobody"), ["no-such-user"]);
  assertEquals(chat.heard(bob), []);
});

Deno.test("mode o: an operator gives and takes the rank, also from itself", () => {
  const { chat, op, bob, room } = chatOf("bob");
  chat.mode(op, TEA, "+o bob");
  chat.mode(bob, TEA, "-o op");
  assertEquals(ranks(room), [["bob"], []]);
  assertRejected("not-operator", TEA, () => chat.mode(op, TEA, "+o op"));
  chat.mode(bob, TEA, "-o bob");
  assertEquals(ranks(room), [[], []]);
});

Deno.test("ranks: they end when the member leaves, is kicked or disconnects", () => {
  const { chat, op, room } = chatOf("a", "b", "c");
  chat.mode(op, TEA, "+ovovov a a b b c c");
  chat.hub.leave(chat.hub.find("a"), room);
  chat.hub.kick(op, room, "b");
  chat.hub.remove(chat.hub.find("c"));
  assertEquals(ranks(room), [["op"], []]);
  chat.hub.join(chat.hub.find("a"), TEA);
  assertEquals(ranks(room), [["op"], []]);
});

Deno.test("mode m: only operators and voiced members may speak or send tags", () => {
  const { chat, op, voiced, plain, room } = chatOf("voiced", "plain");
  chat.mode(op, TEA, "+mv voiced");
  for (const member of [op, voiced]) {
    assertEquals(reached(chat, () => chat.say(member, TEA, "hi")), ["op", "voiced", "plain"]);
    assertEquals(reached(chat, () => chat.hub.tag(member, room, "+typing=active")), ["op", "voiced", "plain"]);
  }
  assertRejected("cannot-speak", TEA, () => chat.say(plain, TEA, "hi"));
  assertRejected("cannot-speak", TEA, () => chat.say(plain, TEA, "hi", { minRank: "op" }));
  assertRejected("cannot-speak", TEA, () => chat.hub.tag(plain, room, "+typing=active"));
  assertEquals(chat.said(TEA), ["hi", "hi"]);
  chat.mode(op, TEA, "-m");
  chat.say(plain, TEA, "at last");
  assertEquals(chat.said(TEA).at(-1), "at last");
});

Deno.test("mode n: external messages are allowed where it is off, unless the author is banned or the room moderated", () => {
  const { chat, op } = chatOf();
  const stranger = chat.enter("stranger");
  assertRejected("not-in-room", TEA, () => chat.say(stranger, TEA, "hi"));
  chat.mode(op, TEA, "-n");
  assertEquals(reached(chat, () => chat.say(stranger, TEA, "hi")), ["op"]);
  chat.mode(op, TEA, "+m");
  assertRejected("cannot-speak", TEA, () => chat.say(stranger, TEA, "hi"));
  chat.mode(op, TEA, "-m+b stranger");
  assertRejected("cannot-speak", TEA, () => chat.say(stranger, TEA, "hi"));
  chat.mode(op, TEA, "+n");
  assertRejected("not-in-room", TEA, () => chat.say(stranger, TEA, "hi"));
  assertEquals(chat.said(TEA), ["hi"]);
});

Deno.test("mode t: only operators set the topic where it is on, and all members where it is off", () => {
  const { chat, op, bob, room } = chatOf("bob");
  const before = Date.now();
  chat.mode(op, TEA, "+v bob");
  assertRejected("not-operator", TEA, () => chat.hub.setTopic(bob, room, "bob's"));
  chat.hub.setTopic(op, room, "op's");
  assertEquals([room.topic?.text, room.topic?.by], ["op's", "op!~user@host"]);
  assert(room.topic!.at >= before && room.topic!.at <= Date.now());
  chat.mode(op, TEA, "-t");
  chat.hub.setTopic(bob, room, "bob's");
  assertRejected("not-in-room", TEA, () => chat.hub.setTopic(chat.enter("stranger"), room, "mine"));
  assertEquals([room.topic?.text, room.topic?.by], ["bob's", "bob!~user@host"]);
  chat.hub.setTopic(bob, room, " \x07 ");
  assertEquals(room.topic, undefined);
});

Deno.test("mode i: only invited members and those that match mode I join", () => {
  const { chat, op, room } = chatOf();
  chat.mode(op, TEA, "+i");
  const bob = chat.arrive("bob", [], { host: "bobs.example" });
  assertRejected("invite-only", TEA, () => chat.hub.join(bob, TEA));
  chat.mode(op, TEA, "+I *.EXAMPLE");
  assert(chat.hub.join(bob, TEA) === room && room.has(bob));
  chat.hub.leave(bob, room);
  chat.mode(op, TEA, "-I *.example");
  assertRejected("invite-only", TEA, () => chat.hub.join(bob, TEA));
  chat.mode(op, TEA, "-i");
  chat.hub.join(bob, TEA);
});

Deno.test("mode I: it overrides neither the key nor the limit nor a ban", () => {
  const { chat, op } = chatOf();
  const bob = chat.enter("bob");
  for (const [modes, code] of [["+k x", "wrong-key"], ["-k+l x 1", "room-full"], ["-l+b bob", "banned"]] as const) {
    chat.mode(op, TEA, "+iI bob");
    chat.mode(op, TEA, modes);
    assertRejected(code, TEA, () => chat.hub.join(bob, TEA));
  }
});

Deno.test("mode k: only members with the key join, and malformed keys are rejected", () => {
  const { chat, op, room } = chatOf();
  const bob = chat.enter("bob");
  chat.mode(op, TEA, "+k Sesame");
  for (const key of [undefined, "", "sesame", "Sesame "]) {
    assertRejected("wrong-key", TEA, () => chat.hub.join(bob, TEA, key));
  }
  chat.hub.join(bob, TEA, "Sesame");
  assert(room.has(bob));
  for (const key of ["", "a b", "a,b", ":a", "\x07", "\x02", "a\u200bb", "a\x07", "x".repeat(KEY_MAX + 1)]) {
    const [error] = chat.hub.setModes(op, room, [{ on: true, mode: "k", key }]).rejected;
    assertEquals([error?.code, error?.room, room.password], ["key-invalid", TEA, "Sesame"], JSON.stringify(key));
  }
  chat.mode(op, TEA, `+k ${"x".repeat(KEY_MAX)}`);
  assertEquals(room.password, "x".repeat(KEY_MAX));
  chat.mode(op, TEA, "-k");
  chat.hub.leave(bob, room);
  chat.hub.join(bob, TEA, "whatever");
  assert(room.has(bob));
});

Deno.test("mode l: no member joins a full room, and none is removed", () => {
  const { chat, op, room } = chatOf("bob", "carol");
  const dave = chat.enter("dave");
  chat.mode(op, TEA, "+l 2");
  assertEquals(room.members.size, 3);
  assertRejected("room-full", TEA, () => chat.hub.join(dave, TEA));
  chat.hub.kick(op, room, "bob");
  assertRejected("room-full", TEA, () => chat.hub.join(dave, TEA));
  chat.mode(op, TEA, "+l 3");
  chat.hub.join(dave, TEA);
  assertRejected("room-full", TEA, () => chat.hub.join(chat.hub.find("bob"), TEA));
  chat.mode(op, TEA, "-l");
  chat.hub.join(chat.hub.find("bob"), TEA);
  assertEquals(room.members.size, 4);
});

Deno.test("mode s: a secret room can be joined by its name", () => {
  const { chat, op, room } = chatOf();
  chat.mode(op, TEA, "+s");
  assert(room.switches.has("s"));
  assert(chat.hub.join(chat.enter("bob"), TEA) === room);
});

Deno.test("mode b: a banned member can neither join nor speak, unless it is voiced or an operator", () => {
  const { chat, op, room } = chatOf();
  const [bob, rob] = ["bob", "rob"].map((nick) => chat.arrive(nick, [], { host: "evil.example" })) as [Member, Member];
  chat.hub.join(bob, TEA);
  chat.say(bob, TEA, "before");
  chat.mode(op, TEA, "+b *.Evil.example");
  chat.mode(op, TEA, "+b *!*@EVIL.*");
  assert(room.has(bob));
  assertRejected("cannot-speak", TEA, () => chat.say(bob, TEA, "hi"));
  assertRejected("cannot-speak", TEA, () => chat.say(bob, TEA, "hi", { minRank: "op" }));
  assertRejected("cannot-speak", TEA, () => chat.hub.tag(bob, room, "+typing=active"));
  assertRejected("banned", TEA, () => chat.hub.join(rob, TEA));
  for (const rank of ["v", "o"]) {
    chat.mode(op, TEA, `+${rank} bob`);
    chat.say(bob, TEA, `with ${rank}`);
    chat.mode(op, TEA, `-${rank} bob`);
    assertRejected("cannot-speak", TEA, () => chat.say(bob, TEA, "hi"));
  }
  chat.mode(op, TEA, "-b *!*@evil.*");
  chat.say(bob, TEA, "after");
  chat.hub.join(rob, TEA);
  assertEquals(chat.said(TEA), ["before", "with v", "with o", "after"]);
});

Deno.test("mode e: an exception overrides all bans", () => {
  const { chat, op, room } = chatOf("bob");
  const bob = chat.hub.find("bob");
  chat.mode(op, TEA, "+bb * bob");
  assertRejected("cannot-speak", TEA, () => chat.say(bob, TEA, "hi"));
  chat.mode(op, TEA, "+e BOB");
  chat.say(bob, TEA, "hi");
  chat.hub.leave(bob, room);
  chat.hub.join(bob, TEA);
  chat.mode(op, TEA, "-e bob");
  assertRejected("cannot-speak", TEA, () => chat.say(bob, TEA, "hi"));
  chat.hub.leave(bob, room);
  assertRejected("banned", TEA, () => chat.hub.join(bob, TEA));
});

Deno.test("bans: they are checked again when a nickname changes", () => {
  const { chat, op, bob } = chatOf("bob");
  chat.mode(op, TEA, "+b evil*");
  chat.say(bob, TEA, "as bob");
  chat.hub.rename(bob, "EvilBob");
  assertRejected("cannot-speak", TEA, () => chat.say(bob, TEA, "as evil"));
  assertRejected("banned-nick", "bob", () => chat.hub.rename(bob, "bob"));
  chat.mode(op, TEA, "+v EvilBob"); // who is not silenced by the ban any more
  chat.hub.rename(bob, "bob");
  chat.mode(op, TEA, "-v bob");
  chat.say(bob, TEA, "as bob again");
  assertEquals(chat.said(TEA), ["as bob", "as bob again"]);
});

Deno.test("bans: exactly the members that match no ban, or an exception, may speak", () => {
  const masks = fc.constantFrom("a*", "*b", "?", "B", "*!*@host", "ab!*@*", "*!~user@*");
  const step = fc.oneof(
    fc.record({ list: fc.constantFrom("b", "b", "e"), on: fc.boolean(), mask: masks }),
    fc.record({ nick: fc.constantFrom("a", "b", "AB", "Xb", "ax") }),
  );
  fc.assert(fc.property(fc.array(step, { maxLength: 30, size: "max" }), (steps) => {
    const { chat, op, room, someone } = chatOf("someone");
    const lists = { b: new Set<string>(), e: new Set<string>() };
    for (const step of steps) {
      if ("nick" in step) {
        if (room.bans(someone)) chat.mode(op, TEA, `+v ${someone.nick}`); // else it could not take another nickname
        chat.hub.rename(someone, step.nick);
        chat.mode(op, TEA, `-v ${someone.nick}`);
      } else {
        chat.mode(op, TEA, `${step.on ? "+" : "-"}${step.list} ${step.mask}`);
        const mask = step.mask.includes("!") ? step.mask : `${step.mask}!*@*`;
        lists[step.list as "b" | "e"][step.on ? "add" : "delete"](fold(mask));
      }
      const listed = (list: Set<string>) => [...list].some((mask) => matchesMask(mask, fold(someone.origin)));
      const banned = listed(lists.b) && !listed(lists.e);
      assertEquals(room.bans(someone), banned);
      if (banned) assertRejected("cannot-speak", TEA, () => chat.say(someone, TEA, "hi"));
      else chat.say(someone, TEA, "hi");
    }
  }));
});

Deno.test("masks: they are stored once in any case, with author and time", () => {
  const { chat, op, room } = chatOf();
  const before = Date.now();
  chat.mode(op, TEA, "+bbeI Bob BOB *.Example @Host");
  const masks = [room.lists.b, room.lists.e, room.lists.I].map((list) => [...list.values()]);
  assertEquals(masks.map((list) => list.map(({ mask, by }) => [mask, by])), [
    [["Bob!*@*", "op!~user@host"]],
    [["*!*@*.Example", "op!~user@host"]],
    [["*!*@Host", "op!~user@host"]],
  ]);
  assert(masks.flat().every(({ at }) => at >= before && at <= Date.now()));
  chat.mode(op, TEA, "-b BOB");
  assertEquals(room.lists.b.size, 0);
});

Deno.test("masks: one that cannot match or is too long is rejected", () => {
  const { chat, op, room } = chatOf();
  const longest = "x".repeat(MASK_MAX - "!*@*".length);
  for (const mask of ["a b", ":a!b@c", "é…", "", "\x07", "a\x02b", "a\u200bb", `${longest}x`]) {
    for (const mode of ["b", "e", "I"] as const) {
      const [error] = chat.hub.setModes(op, room, [{ on: true, mode, mask }]).rejected;
      assertEquals([error?.code, error?.subject], ["mask-invalid", mask], JSON.stringify(mask));
    }
  }
  assertEquals(Object.values(room.lists).map(({ size }) => size), [0, 0, 0]);
  assertEquals(chat.mode(op, TEA, `+b ${longest}`), []);
});

Deno.test("masks: all lists of a room together have a limit", () => {
  const { chat, op, room } = chatOf();
  const change = (n: number): ModeChange => ({ on: true, mode: (["b", "e", "I"] as const)[n % 3]!, mask: `n${n}` });
  const changes = Array.from({ length: MASKS_MAX }, (_, n) => change(n));
  assertEquals(chat.hub.setModes(op, room, changes).rejected, []);
  const size = () => Object.values(room.lists).reduce((sum, list) => sum + list.size, 0);
  for (const mode of ["b", "e", "I"]) assertEquals(chat.mode(op, TEA, `+${mode} more`), ["masks-full"]);
  assertEquals(size(), MASKS_MAX);
  assertEquals(chat.mode(op, TEA, "+b N0"), [], "it is on the list already");
  assertEquals(chat.mode(op, TEA, "-b+I n0 more"), []);
  assertEquals(size(), MASKS_MAX);
});

Deno.test("invite: an operator's invitation overrides everything once, and the operators are told", () => {
  const { chat, op, second, plain, room } = chatOf("second", "plain");
  const bob = chat.enter("bob");
  chat.mode(op, TEA, "+ikl+bo KEY 1 bob second");
  assertRejected("banned", TEA, () => chat.hub.join(bob, TEA));
  for (const member of [op, second, plain, bob]) chat.heard(member);
  assert(chat.hub.invite(op, room, "BOB") === bob);
  const told = [op, second, plain, bob].map((member) => chat.heard(member));
  assertEquals(told, [[], ["invited #tea op bob forOperators"], [], ["invited #tea op bob"]]);
  chat.hub.join(bob, TEA);
  assert(room.has(bob));
  chat.hub.leave(bob, room);
  assertRejected("banned", TEA, () => chat.hub.join(bob, TEA));
  for (const [mode, code] of [["b", "invite-only"], ["i", "wrong-key"], ["k", "room-full"]] as const) {
    chat.mode(op, TEA, `-${mode} bob`);
    assertRejected(code, TEA, () => chat.hub.join(bob, TEA));
  }
});

Deno.test("invite: all members may invite, and only operators where mode i is on", () => {
  const { chat, op, plain, room } = chatOf("plain");
  const [bob, stranger] = [chat.enter("bob"), chat.enter("stranger")];
  chat.hub.invite(plain, room, "bob");
  assert(!bob.invitations.has(TEA), "only an operator's word counts against a ban, a key or a limit");
  assertRejected("not-in-room", TEA, () => chat.hub.invite(stranger, room, "bob"));
  assertRejected("no-such-user", "carol", () => chat.hub.invite(plain, room, "carol"));
  assertRejected("already-in-room", "op", () => chat.hub.invite(plain, room, "OP"));
  chat.mode(op, TEA, "+iv plain");
  assertRejected("not-operator", TEA, () => chat.hub.invite(plain, room, "stranger"));
  assertEquals(stranger.invitations.size, 0);
});

Deno.test("invite: an invitation ends with the room", () => {
  const { chat, op, room } = chatOf();
  const bob = chat.enter("bob");
  chat.hub.invite(op, room, "bob");
  chat.hub.leave(op, room);
  const other = chat.enter("other", TEA);
  chat.mode(other, TEA, "+i");
  assertRejected("invite-only", TEA, () => chat.hub.join(bob, TEA));
  assertEquals(bob.invitations.size, 0);
});

Deno.test("invite: an invitation ends when its member disconnects", () => {
  const { chat, op, room } = chatOf();
  const bob = chat.enter("bob");
  chat.mode(op, TEA, "+i");
  chat.hub.invite(op, room, "bob");
  assertEquals([...room.invited], [bob]);
  chat.hub.remove(bob);
  assertEquals(room.invited.size, 0);
  assertRejected("invite-only", TEA, () => chat.hub.join(chat.enter("bob"), TEA));
});

Deno.test("invite: a further invitation replaces the oldest, and a repeated one replaces none", () => {
  const chat = new Chat();
  const bob = chat.enter("bob");
  const rooms = Array.from({ length: ROOMS_MAX + 1 }, (_, n) => {
    const host = chat.enter(`host${n}`, `#room${n}`);
    chat.mode(host, `#room${n}`, "+i");
    return { host, room: chat.hub.findRoom(`#room${n}`) };
  });
  for (const { host, room } of rooms.slice(0, -1)) chat.hub.invite(host, room, "bob");
  chat.hub.invite(rooms[5]!.host, rooms[5]!.room, "bob");
  assertEquals([...bob.invitations], rooms.slice(0, -1).map(({ room }) => room.key));
  const last = rooms.at(-1)!;
  chat.hub.invite(last.host, last.room, "bob");
  assertEquals([...bob.invitations], rooms.slice(1).map(({ room }) => room.key));
  assertRejected("invite-only", "#room0", () => chat.hub.join(bob, "#room0"));
  chat.hub.join(bob, "#room1");
});

Deno.test("kick: the member is removed and all are told, with the sanitized reason", () => {
  const { chat, op, bob, carol, room } = chatOf("bob", "carol");
  assert(chat.hub.kick(op, room, "BOB", `en\x1bough${"!".repeat(194)}`) === bob);
  const told = `kicked #tea op bob enough${"!".repeat(194)}`;
  for (const member of [op, bob, carol]) assertEquals(chat.heard(member), [told]);
  assertEquals([room.has(bob), bob.rooms.size, [...room.members]], [false, 0, [op, carol]]);
  chat.say(op, TEA, "quiet now");
  assertEquals(chat.heard(bob), []);
  chat.hub.join(bob, TEA);
  chat.hub.kick(op, room, "bob");
  assertEquals(chat.heard(bob).at(-1), "kicked #tea op bob");
});

Deno.test("kick: only operators kick, only members of the room, and also themselves", () => {
  const { chat, op, bob, room } = chatOf("bob", "carol");
  const stranger = chat.enter("stranger");
  assertRejected("not-operator", TEA, () => chat.hub.kick(bob, room, "carol"));
  assertRejected("not-in-room", TEA, () => chat.hub.kick(stranger, room, "carol"));
  assertRejected("no-such-user", "dave", () => chat.hub.kick(op, room, "dave"));
  assertRejected("user-not-in-room", "stranger", () => chat.hub.kick(op, room, "Stranger"));
  assertRejected("reason-too-long", "200", () => chat.hub.kick(op, room, "bob", "x".repeat(201)));
  assertRejected("text-too-long", "336", () => chat.hub.kick(op, room, "bob", "😀".repeat(100)));
  assertEquals(room.members.size, 3);
  chat.hub.kick(op, room, "bob");
  chat.hub.kick(op, room, "carol");
  chat.hub.kick(op, room, "op");
  assertEquals(chat.rooms(), [LOBBY], "the room is closed with its last member");
});

Deno.test("kick: sessions are notified after the member was removed", () => {
  const { chat, op, bob, room } = chatOf("bob", "carol");
  const told: unknown[] = [];
  sessionOf(bob).handlers = {
    kicked: (from) => told.push([from === room, from.has(bob), chat.hub.join(bob, LOBBY).name]),
  };
  chat.hub.kick(op, room, "carol");
  chat.hub.leave(chat.hub.find("bob"), room);
  chat.hub.join(bob, TEA);
  assertEquals(told, []);
  chat.hub.kick(op, room, "bob");
  assertEquals(told, [[true, false, LOBBY]]);
});

Deno.test("say: a line for a rank is delivered to it and the author, and not stored", () => {
  const { chat, op, voiced, plain, room } = chatOf("voiced", "plain");
  chat.mode(op, TEA, "+v voiced");
  const say = (from: Member, minRank: "op" | "voice") => reached(chat, () => chat.say(from, TEA, "psst", { minRank }));
  assertEquals(say(plain, "op"), ["op", "plain"]);
  assertEquals(say(plain, "voice"), ["op", "voiced", "plain"]);
  assertEquals(say(voiced, "op"), ["op", "voiced"]);
  sessionOf(plain).echo = sessionOf(op).echo = false;
  assertEquals(say(plain, "voice"), ["op", "voiced"]);
  assertEquals(say(op, "op"), []);
  assertEquals(reached(chat, () => chat.hub.tag(voiced, room, "+typing=active", "op")), ["op", "voiced"]);
  assertEquals(reached(chat, () => chat.hub.tag(plain, room, "+typing=active", "op")), ["op"]);
  chat.say(plain, TEA, "psst", { minRank: "op" });
  assertEquals(chat.heard(op), ["said #tea plain psst say op"]);
  assertEquals(chat.said(TEA), []);
});

Deno.test("join: a member can be in a limited number of rooms", () => {
  const chat = new Chat();
  const alice = chat.enter("alice");
  for (let n = 0; n < ROOMS_MAX; n++) chat.hub.join(alice, `#room${n}`);
  assertRejected("too-many-rooms", "#more", () => chat.hub.join(alice, "#more"));
  assertEquals([alice.rooms.size, chat.rooms().length], [ROOMS_MAX, ROOMS_MAX + 1]);
  assert(chat.hub.join(alice, "#room7").has(alice), "it is in that room already");
  chat.hub.leave(alice, chat.hub.findRoom("#room7"));
  chat.hub.join(alice, "#more");
});
