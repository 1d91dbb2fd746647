/** Members and rooms of a chat on a single node. */
import { assert, assertEquals, assertThrows } from "@std/assert";
import { ROOMS_MAX, ROOMS_TOTAL } from "../../src/chat/chat_options.ts";
import { LocalChat } from "../../src/chat/local_chat.ts";
import { LOBBY } from "../../src/chat/names.ts";
import { REALNAME_MAX, REASON_MAX, TOPIC_MAX } from "../../src/chat/lengths.ts";
import { ChatError } from "../../src/chat/chat_error.ts";
import { MemoryHistory } from "../../src/history/memory.ts";
import { assertRejected, ChatFixture, sessionOf } from "./helpers.ts";

Deno.test("nicknames: a client without a nickname becomes guestN with the lowest free number", () => {
  const fixture = new ChatFixture();
  const [one, two, three] = [fixture.enter(), fixture.enter(), fixture.enter()] as const;
  assertEquals([one, two, three].map(({ nick }) => nick), ["guest1", "guest2", "guest3"]);
  fixture.chat.remove(two);
  fixture.chat.rename(one, "alice");
  fixture.chat.rename(three, "GUEST4");
  assertEquals([1, 2, 3, 4].map(() => fixture.enter().nick), ["guest1", "guest2", "guest3", "guest5"]);
});

Deno.test("rename: a nickname is rejected when it is invalid or taken, in any case", () => {
  const fixture = new ChatFixture();
  const alice = fixture.enter("alice");
  const bob = fixture.enter("Bob");
  for (const nick of ["", "1st", "-x", "a b", "a,b", "é!", "a".repeat(31)]) {
    assertRejected("nick-invalid", nick, () => fixture.chat.rename(alice, nick));
  }
  for (const nick of ["Bob", "bob", "BOB"]) assertRejected("nick-taken", nick, () => fixture.chat.rename(alice, nick));
  assertEquals([alice.nick, fixture.chat.find("alice"), fixture.chat.find("BOB")], ["alice", alice, bob]);
  assertEquals([fixture.heard(alice), fixture.heard(bob)], [[], []]);
});

Deno.test("rename: a change of case is announced, and a change to the same nickname is not", () => {
  const fixture = new ChatFixture();
  const alice = fixture.enter("alice");
  fixture.chat.rename(alice, "ALICE");
  fixture.chat.rename(alice, "ALICE");
  assertEquals(fixture.heard(alice), ["renamed alice ALICE"]);
  assert(fixture.chat.find("alice") === alice);
});

Deno.test("rename: a nickname that looks like another member's is rejected until that is free", () => {
  const fixture = new ChatFixture({ reserved: ["tincan"] });
  const [alice, tim] = [fixture.enter("alice"), fixture.enter("tim")];
  for (const nick of ["a1ice", "aIice", "AIice", "AL1CE"]) {
    assertRejected("nick-confusable", nick, () => fixture.chat.rename(tim, nick));
    assertRejected("nick-confusable", nick, () => fixture.arrive(nick));
  }
  assertRejected("nick-confusable", "tirn", () => fixture.chat.requireNick("tirn"));
  assertRejected("nick-confusable", "t1ncan", () => fixture.chat.rename(tim, "t1ncan")); // like the server's name
  assertEquals([fixture.heard(alice), fixture.heard(tim)], [[], []]);
  for (const nick of ["a1ice", "aIice", "alice"]) fixture.chat.rename(alice, nick);
  assertRejected("nick-confusable", "al1ce", () => fixture.chat.rename(tim, "al1ce"));
  fixture.chat.rename(alice, "carol");
  fixture.chat.rename(tim, "a1ice");
  assertRejected("nick-confusable", "alice", () => fixture.chat.rename(alice, "alice"));
  fixture.chat.remove(tim);
  fixture.chat.rename(alice, "alice");
});

Deno.test("nicknames: a nickname that looks like a guest's keeps that guest number alone in use", () => {
  const fixture = new ChatFixture();
  const guests = Array.from({ length: 111 }, () => fixture.enter().nick);
  assertEquals(guests, Array.from({ length: 111 }, (_, i) => `guest${i + 1}`));
  const other = new ChatFixture();
  const double = other.enter("guestl");
  assertEquals(other.enter().nick, "guest2");
  other.chat.rename(double, "bob");
  assertEquals([other.enter().nick, other.enter().nick], ["guest1", "guest3"]);
});

Deno.test("join: a room whose name looks like the lobby's is rejected", () => {
  const fixture = new ChatFixture();
  const alice = fixture.enter("alice");
  for (const name of ["#1obby", "#Iobby", "#l0bby", "#l\u043ebby", "#lobby\u200b"]) {
    assertRejected("room-invalid", name, () => fixture.chat.join(alice, name));
  }
  assertEquals(fixture.chat.join(alice, "#LOBBY").name, LOBBY);
});

Deno.test("rename: a nickname is free when its member has taken another or has disconnected", () => {
  const fixture = new ChatFixture();
  const [alice, bob] = [fixture.enter("alice"), fixture.enter("bob")];
  fixture.chat.rename(alice, "carol");
  assertRejected("no-such-user", "alice", () => fixture.chat.find("alice"));
  fixture.chat.rename(bob, "Alice");
  assert(fixture.chat.find("alice") === bob);
  fixture.chat.remove(bob);
  assertRejected("no-such-user", "alice", () => fixture.chat.find("alice"));
  fixture.chat.rename(alice, "bob");
  assert(fixture.chat.find("BOB") === alice);
});

Deno.test("members: they are listed in order of arrival, whatever their nicknames are", () => {
  const fixture = new ChatFixture();
  const [one, two, three] = [fixture.enter(), fixture.enter(), fixture.enter()] as const;
  fixture.chat.rename(one, "zoe");
  fixture.chat.remove(two);
  assertEquals([...fixture.chat.members], [one, three]);
  assertEquals(fixture.chat.members.size, 2);
});

Deno.test("rename: the member and all that share a room with it are told once", () => {
  const fixture = new ChatFixture();
  const mover = fixture.enter("mover", "#a", "#b", "#c");
  const twice = fixture.enter("twice", "#a", "#b");
  const once = fixture.enter("once", "#c");
  const other = fixture.enter("other", "#d");
  fixture.heard(mover);
  fixture.chat.rename(mover, "moved");
  for (const member of [mover, twice, once]) assertEquals(fixture.heard(member), ["renamed mover moved"]);
  assertEquals(fixture.heard(other), []);
  fixture.chat.rename(other, "lonely");
  assertEquals(fixture.heard(other), ["renamed other lonely"]);
  const roomless = fixture.enter("roomless");
  fixture.chat.rename(roomless, "homeless");
  assertEquals(fixture.heard(roomless), ["renamed roomless homeless"]);
});

Deno.test("join: the first member creates and names the room, and later ones are announced", () => {
  const fixture = new ChatFixture();
  const [alice, bob] = [fixture.enter("alice"), fixture.enter("bob")];
  const room = fixture.chat.join(alice, "#Tea");
  assert(fixture.chat.join(bob, "#TEA") === room && fixture.chat.findRoom("#tea") === room);
  assertEquals([room.name, [...room.members], fixture.rooms()], ["#Tea", [alice, bob], [LOBBY, "#Tea"]]);
  assertEquals([fixture.heard(alice), fixture.heard(bob)], [["joined #Tea bob 2"], []]);
  fixture.chat.join(bob, "#tea");
  assertEquals([fixture.heard(alice), room.members.size], [[], 2]);
});

Deno.test("join: an invalid room name is rejected and no room is created", () => {
  const fixture = new ChatFixture();
  const alice = fixture.enter("alice");
  for (const name of ["", "#", "tea", "#a b", "#a,b", "#\x07"]) {
    assertRejected("room-invalid", name, () => fixture.chat.join(alice, name));
  }
  assertRejected("no-such-room", "#tea", () => fixture.chat.findRoom("#tea"));
  assertEquals([fixture.rooms(), alice.rooms.size], [[LOBBY], 0]);
});

Deno.test("join: a new room is rejected when there are as many as allowed, until one is closed", () => {
  for (const [most, fixture] of [[2, new ChatFixture({ maxRooms: 2 })], [ROOMS_TOTAL, new ChatFixture()]] as const) {
    let member = fixture.arrive("m0");
    for (let room = 1; room < most; room++) { // the lobby counts
      if (room % ROOMS_MAX === 0) member = fixture.arrive(`m${room}`);
      fixture.chat.join(member, `#${room}`);
    }
    const bob = fixture.arrive("bob");
    assertRejected("rooms-full", "#more", () => fixture.chat.join(bob, "#more"));
    assertEquals([fixture.chat.rooms.size, bob.rooms.size], [most, 0]);
    fixture.chat.join(bob, "#1");
    fixture.chat.leave(bob, fixture.chat.findRoom("#1"));
    fixture.chat.leave(member, fixture.chat.findRoom(`#${most - 1}`));
    fixture.chat.join(bob, "#more");
    assertRejected("rooms-full", "#1more", () => fixture.chat.join(bob, "#1more"));
  }
});

Deno.test("leave: the member is removed and the others are told", () => {
  const fixture = new ChatFixture();
  const [alice, bob] = [fixture.enter("alice", "#tea"), fixture.enter("bob", "#tea")];
  const room = fixture.chat.findRoom("#tea");
  fixture.chat.leave(bob, room, "late");
  assertEquals([fixture.heard(alice), fixture.heard(bob)], [["left #tea bob late 1 own"], []]);
  assertEquals([[...room.members], bob.rooms.size], [[alice], 0]);
  assertRejected("not-in-room", "#tea", () => fixture.chat.leave(bob, room));
  assertEquals(fixture.heard(alice), []);
});

Deno.test("leave: a room is closed with its topic and lines when its last member leaves, except for the lobby", () => {
  const fixture = new ChatFixture();
  const alice = fixture.enter("alice", LOBBY, "#tea");
  for (const name of [LOBBY, "#tea"]) {
    fixture.say(alice, name, "a secret");
    fixture.chat.setTopic(alice, fixture.chat.findRoom(name), "secrets");
    fixture.chat.leave(alice, fixture.chat.findRoom(name));
  }
  assertEquals(fixture.rooms(), [LOBBY]);
  const bob = fixture.enter("bob", LOBBY, "#TEA");
  assertEquals([fixture.said("#tea"), fixture.chat.findRoom("#tea").topic, fixture.chat.findRoom("#tea").name], [
    [],
    undefined,
    "#TEA",
  ]);
  assertEquals([fixture.said(LOBBY), fixture.chat.findRoom(LOBBY).topic?.text], [["a secret"], "secrets"]);
  fixture.chat.remove(bob);
  assertEquals(fixture.rooms(), [LOBBY]);
});

Deno.test("topic: a member sets it up to the limit, and all members are told", () => {
  const fixture = new ChatFixture();
  const [alice, bob] = [fixture.enter("alice", "#tea"), fixture.enter("bob")];
  const room = fixture.chat.findRoom("#tea");
  fixture.chat.setTopic(alice, room, " green\x07 or black? ");
  assertEquals([room.topic?.text, fixture.heard(alice)], ["green or black?", ["topic #tea alice green or black?"]]);
  const longest = "x".repeat(TOPIC_MAX);
  fixture.chat.setTopic(alice, room, longest);
  assertEquals([room.topic?.text, fixture.heard(alice).length], [longest, 1]);
  assertRejected("topic-too-long", "360", () => fixture.chat.setTopic(alice, room, longest + "!"));
  assertRejected("text-too-long", "366", () => fixture.chat.setTopic(alice, room, "😀".repeat(100)));
  assertRejected("not-in-room", "#tea", () => fixture.chat.setTopic(bob, room, "coffee"));
  assertEquals([room.topic?.text, fixture.heard(alice), fixture.heard(bob)], [longest, [], []]);
});

Deno.test("disconnect: the member is removed from all rooms, and each other member is told once", () => {
  const fixture = new ChatFixture();
  const alice = fixture.enter("alice", "#tea", "#coffee", LOBBY);
  const bob = fixture.enter("bob", "#tea", LOBBY);
  fixture.heard(alice);
  fixture.chat.remove(alice, "too slow");
  assertEquals(fixture.heard(bob), ["left #tea alice too slow 1 quit"]);
  assertEquals([fixture.rooms(), [...fixture.chat.members], alice.rooms.size], [[LOBBY, "#tea"], [bob], 0]);
  fixture.enter("alice");
  fixture.chat.remove(alice, "again");
  assertEquals([fixture.heard(bob), fixture.heard(alice), fixture.chat.find("alice") === alice], [[], [], false]);
});

Deno.test("disconnect: a client's reason is sanitized, and left out when it is too long", () => {
  const longest = "x".repeat(REASON_MAX);
  const reasons = [["by\x1be\r\n", "bye "], [longest, `${longest} `], [longest + "!", ""], [
    "😀".repeat(93),
    "",
  ]] as const;
  for (const [reason, told] of reasons) {
    const fixture = new ChatFixture();
    const [alice, bob] = [fixture.enter("alice", LOBBY), fixture.enter("bob", LOBBY)];
    fixture.chat.disconnect(sessionOf(bob), reason, true);
    assertEquals(fixture.heard(alice), [`left #lobby bob ${told}1 quit own`]);
  }
});

Deno.test("leave: a reason that is too long is rejected, and the member stays", () => {
  const fixture = new ChatFixture();
  const [alice, bob] = [fixture.enter("alice", "#tea"), fixture.enter("bob", "#tea")];
  const room = fixture.chat.findRoom("#tea");
  fixture.heard(alice);
  assertRejected("reason-too-long", "200", () => fixture.chat.leave(bob, room, "x".repeat(REASON_MAX + 1)));
  assertRejected("text-too-long", "336", () => fixture.chat.leave(bob, room, "😀".repeat(100)));
  assertEquals([room.has(bob), fixture.heard(alice)], [true, []]);
});

Deno.test("connect: a client gets the nickname that it asks for if that is valid and free", () => {
  const fixture = new ChatFixture();
  const alice = fixture.enter("Alice");
  for (const nick of ["alice", "ALICE"]) assertRejected("nick-taken", nick, () => fixture.arrive(nick));
  for (const nick of ["", "1st", "a b"]) assertRejected("nick-invalid", nick, () => fixture.arrive(nick));
  assertRejected("nick-taken", "aLICE", () => fixture.chat.requireNick("aLICE"));
  assertRejected("nick-invalid", "1st", () => fixture.chat.requireNick("1st"));
  fixture.chat.requireNick("bob");
  assertEquals([...fixture.chat.members], [alice]);
});

Deno.test("connect: the real name is sanitized and cut, and the origin follows the nickname", () => {
  const fixture = new ChatFixture();
  const identity = { user: "~al", host: "there", realname: `A\x1bl\r\n${"x".repeat(REALNAME_MAX)}` };
  const alice = fixture.arrive("alice", [], identity);
  assertEquals(alice.realname, `Al${"x".repeat(REALNAME_MAX - 2)}`);
  const wide = fixture.arrive("wide", [], { ...identity, realname: `A${"😀".repeat(REALNAME_MAX)}` });
  assertEquals(wide.realname, `A${"😀".repeat(52)}`);
  assertEquals([alice.user, alice.host, alice.origin], ["~al", "there", "alice!~al@there"]);
  fixture.chat.rename(alice, "carol");
  assertEquals(alice.origin, "carol!~al@there");
});

Deno.test("away: members that share a room are told once of a change, and on joining", () => {
  const fixture = new ChatFixture();
  const alice = fixture.enter("alice", "#a", "#b");
  const [twice, other] = [fixture.enter("twice", "#a", "#b"), fixture.enter("other", "#c")];
  fixture.heard(alice);
  const told = (message: string | undefined) => {
    fixture.chat.setAway(alice, message);
    return [alice, twice, other].map((each) => fixture.heard(each));
  };
  assertEquals(told("lun\x1bch"), [[], ["away alice lunch"], []]);
  assertEquals(told("lunch"), [[], [], []], "nothing has changed");
  assertEquals(told("tea"), [[], ["away alice tea"], []]);
  fixture.chat.join(alice, "#c");
  assertEquals(fixture.heard(other), ["joined #c alice tea 2"]);
  assertEquals(told(undefined), [[], ["away alice"], ["away alice"]]);
  assertEquals(told(undefined), [[], [], []]);
  fixture.chat.setAway(alice, "x".repeat(REASON_MAX));
  assertRejected("reason-too-long", "200", () => fixture.chat.setAway(alice, "x".repeat(REASON_MAX + 1)));
  assertRejected("text-too-long", "310", () => fixture.chat.setAway(alice, "😀".repeat(93)));
  assertEquals(alice.away, "x".repeat(REASON_MAX));
});

Deno.test("realname: the member and all that share a room with it are told once", () => {
  const fixture = new ChatFixture();
  const alice = fixture.enter("alice", "#a", "#b");
  const [twice, other] = [fixture.enter("twice", "#a", "#b"), fixture.enter("other", "#c")];
  fixture.heard(alice);
  fixture.chat.setRealname(alice, "Alice \x1bL.");
  for (const member of [alice, twice]) assertEquals(fixture.heard(member), ["realname alice Alice L."]);
  assertEquals([fixture.heard(other), alice.realname], [[], "Alice L."]);
  fixture.chat.join(alice, "#c");
  assertEquals(fixture.heard(other), ["joined #c alice Alice L. 2"]);
  fixture.chat.setRealname(alice, "x".repeat(REALNAME_MAX + 1));
  assertEquals(alice.realname, "x".repeat(REALNAME_MAX));
  const roomless = fixture.enter("roomless");
  fixture.chat.setRealname(roomless, "Nobody");
  assertEquals(fixture.heard(roomless), ["realname roomless Nobody"]);
});

Deno.test("disconnect: members that share several rooms are told once, with the reason", () => {
  const fixture = new ChatFixture();
  const alice = fixture.enter("alice", "#a", "#b", "#c");
  const others = {
    ab: fixture.enter("ab", "#a", "#b"),
    bc: fixture.enter("bc", "#b", "#c"),
    abc: fixture.enter("abc", "#c", "#b", "#a"),
    c: fixture.enter("c", "#c"),
    none: fixture.enter("none", "#d"),
  };
  for (const member of Object.values(others)) fixture.heard(member);
  fixture.chat.remove(alice, "bye");
  assertEquals(Object.values(others).map((member) => fixture.heard(member)), [
    ["left #a alice bye 2 quit"],
    ["left #b alice bye 3 quit"],
    ["left #a alice bye 2 quit"],
    ["left #c alice bye 3 quit"],
    [],
  ]);
});

Deno.test("members: the peak and the number of rooms are counted", () => {
  const fixture = new ChatFixture();
  const [one, two] = [fixture.enter(), fixture.enter("alice", "#a", "#b")];
  fixture.chat.remove(one);
  fixture.enter();
  assertEquals([fixture.chat.peak, fixture.chat.members.size, fixture.chat.rooms.size], [2, 2, 3]);
  fixture.chat.remove(two);
  assertEquals([fixture.chat.peak, fixture.chat.members.size, fixture.chat.rooms.size], [2, 1, 1]);
});

Deno.test("chat: requests of a disconnected member, or in a closed room, are rejected", () => {
  const fixture = new ChatFixture();
  const { chat } = fixture;
  const member = fixture.enter();
  const first = chat.join(member, "#tea");
  chat.leave(member, first);
  chat.join(member, "#tea");
  assertThrows(() => chat.leave(member, first), ChatError);
  assertThrows(() => chat.say(member, first, "hello?"), ChatError);
  chat.remove(member);
  assertThrows(() => chat.join(member, "#tea"), TypeError);
  assertThrows(() => chat.rename(member, "ghost"), TypeError);
  assertEquals([...chat.rooms].map(({ name }) => name), [LOBBY]);
  assertThrows(() => chat.find("ghost"), ChatError);
});

Deno.test("rename: the name of the server is rejected", () => {
  const chat = new LocalChat({ history: new MemoryHistory(), reserved: ["Tincan"] });
  const outlet = { peer: "", send() {}, close() {} };
  const identity = { user: "~a", host: "host", realname: "" };
  const { member } = chat.connect("alice", identity, { render: () => undefined }, outlet);
  assertRejected("nick-taken", "tinCAN", () => chat.rename(member, "tinCAN"));
  assertRejected("nick-taken", "tincan", () => chat.connect("tincan", identity, { render: () => undefined }, outlet));
});

Deno.test("rename: a nickname is stored composed and in usual width, and found in all its forms", () => {
  const fixture = new ChatFixture();
  const [zoe, kana] = [fixture.enter("Zoe\u0308"), fixture.enter("ｶﾞｸ")];
  assertEquals([zoe.nick, kana.nick], ["Zoë", "ガク"]);
  for (const nick of ["zoë", "ZOË", "ZOE\u0308", "ＺＯË"]) assert(fixture.chat.get(nick) === zoe, nick);
  assertRejected("nick-taken", "ZOË", () => fixture.chat.rename(kana, "ZOE\u0308"));
  fixture.chat.rename(zoe, "ｚｏｅ");
  assertEquals([zoe.nick, fixture.chat.get("zoë"), fixture.chat.get("ZOE")], ["zoe", undefined, zoe]);
});

Deno.test("rename: a nickname in another script that looks like one in use is rejected", () => {
  const fixture = new ChatFixture();
  const [paypal, bob] = [fixture.enter("paypal"), fixture.enter("bob")];
  const cyrillic = "\u0440\u0430\u0443\u0440\u0430\u04cf"; // раураӏ
  assertRejected("nick-confusable", cyrillic, () => fixture.chat.rename(bob, cyrillic));
  assertRejected("nick-invalid", "p\u0430ypal", () => fixture.chat.rename(bob, "p\u0430ypal"));
  fixture.chat.remove(paypal);
  fixture.chat.rename(bob, cyrillic);
  assertRejected("nick-confusable", "PayPal", () => fixture.arrive("PayPal"));
  fixture.chat.rename(bob, "bob");
  fixture.arrive("PayPal");
  // Capital letters may look like those of another script where small ones do not.
  fixture.chat.rename(bob, "ABC");
  assertRejected("nick-confusable", "\u0410\u0412\u0421", () => fixture.arrive("\u0410\u0412\u0421"));
  fixture.arrive("\u0430\u0432\u0441");
});

Deno.test("join: room names are the same in any case and form, in all scripts", () => {
  const fixture = new ChatFixture();
  const [alice, bob] = [fixture.enter("alice"), fixture.enter("bob")];
  for (
    const [name, other] of [["#Чай", "#ЧАЙ"], ["#Cafe\u0301", "#CAFÉ"], ["#ΟΔΌΣ", "#οδός"], [
      "#ｔｅａ",
      "#Tea",
    ]] as const
  ) {
    const room = fixture.chat.join(alice, name);
    assert(fixture.chat.join(bob, other) === room, name);
  }
  assertEquals(fixture.rooms(), ["#lobby", "#Чай", "#Café", "#ΟΔΌΣ", "#tea"]);
});

Deno.test("join: a new room that looks like one in another script is rejected while that exists", () => {
  const fixture = new ChatFixture({ roomsMade: 3 });
  const [alice, bob] = [fixture.enter("alice", "#tea"), fixture.enter("bob")];
  const cyrillic = "#\u043e\u0440\u0430"; // #ора
  const room = fixture.chat.join(alice, "#opa");
  for (let i = 0; i < 3; i++) assertRejected("room-confusable", cyrillic, () => fixture.chat.join(bob, cyrillic));
  fixture.chat.leave(alice, room);
  fixture.chat.join(bob, cyrillic); // the attempts did not count as new rooms
  assertRejected("room-confusable", "#OPA", () => fixture.chat.join(alice, "#OPA"));
  // Of two ASCII names, one may look like the other, as ever.
  const ascii = new ChatFixture();
  const carol = ascii.enter("carol", "#al");
  ascii.chat.join(carol, "#a1");
  assertEquals(ascii.rooms(), ["#lobby", "#al", "#a1"]);
});

Deno.test("masks: they are compared with names in any script, in any case and form", () => {
  const fixture = new ChatFixture();
  const [op, zoe] = [fixture.enter("Ωμέγα", "#чай"), fixture.enter("Zoë")];
  const room = fixture.chat.findRoom("#ЧАЙ");
  for (const mask of ["ZOE\u0308", "z?ë!*@*", "*Ë", "Zoë!*@host"]) {
    fixture.mode(op, "#чай", `+b ${mask}`);
    for (const { mask: shown } of room.lists.b.values()) assertEquals(shown, shown.normalize("NFC"));
    assertRejected("banned", "#чай", () => fixture.chat.join(zoe, "#чай"));
    fixture.mode(op, "#чай", `-b ${mask.toLowerCase().normalize("NFC")}`);
    assertEquals(room.lists.b.size, 0, mask);
  }
  fixture.mode(op, "#чай", "+b ΖΩΉ");
  fixture.chat.join(zoe, "#чай");
});
