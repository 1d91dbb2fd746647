/** Members and rooms of a chat on a single node. */
import { assert, assertEquals, assertThrows } from "@std/assert";
import { LocalChat, ROOMS_MAX, ROOMS_TOTAL } from "../../src/chat/local_chat.ts";
import { LOBBY } from "../../src/chat/names.ts";
import { REALNAME_MAX, REASON_MAX, TOPIC_MAX } from "../../src/chat/lengths.ts";
import { ChatError } from "../../src/chat/chat_error.ts";
import { MemoryHistory } from "../../src/history/memory.ts";
import { assertRejected, Chat, sessionOf } from "./helpers.ts";

Deno.test("nicknames: a client without a nickname becomes guestN with the lowest free number", () => {
  const chat = new Chat();
  const [one, two, three] = [chat.enter(), chat.enter(), chat.enter()] as const;
  assertEquals([one, two, three].map(({ nick }) => nick), ["guest1", "guest2", "guest3"]);
  chat.hub.remove(two);
  chat.hub.rename(one, "alice");
  chat.hub.rename(three, "GUEST4");
  assertEquals([1, 2, 3, 4].map(() => chat.enter().nick), ["guest1", "guest2", "guest3", "guest5"]);
});

Deno.test("rename: a nickname is rejected when it is invalid or taken, in any case", () => {
  const chat = new Chat();
  const alice = chat.enter("alice");
  const bob = chat.enter("Bob");
  for (const nick of ["", "1st", "-x", "a b", "a,b", "é!", "a".repeat(31)]) {
    assertRejected("nick-invalid", nick, () => chat.hub.rename(alice, nick));
  }
  for (const nick of ["Bob", "bob", "BOB"]) assertRejected("nick-taken", nick, () => chat.hub.rename(alice, nick));
  assertEquals([alice.nick, chat.hub.find("alice"), chat.hub.find("BOB")], ["alice", alice, bob]);
  assertEquals([chat.heard(alice), chat.heard(bob)], [[], []]);
});

Deno.test("rename: a change of case is announced, and a change to the same nickname is not", () => {
  const chat = new Chat();
  const alice = chat.enter("alice");
  chat.hub.rename(alice, "ALICE");
  chat.hub.rename(alice, "ALICE");
  assertEquals(chat.heard(alice), ["renamed alice ALICE"]);
  assert(chat.hub.find("alice") === alice);
});

Deno.test("rename: a nickname that looks like another member's is rejected until that is free", () => {
  const chat = new Chat({ reserved: ["tincan"] });
  const [alice, tim] = [chat.enter("alice"), chat.enter("tim")];
  for (const nick of ["a1ice", "aIice", "AIice", "AL1CE"]) {
    assertRejected("nick-confusable", nick, () => chat.hub.rename(tim, nick));
    assertRejected("nick-confusable", nick, () => chat.arrive(nick));
  }
  assertRejected("nick-confusable", "tirn", () => chat.hub.requireNick("tirn"));
  assertRejected("nick-confusable", "t1ncan", () => chat.hub.rename(tim, "t1ncan")); // like the server's name
  assertEquals([chat.heard(alice), chat.heard(tim)], [[], []]);
  for (const nick of ["a1ice", "aIice", "alice"]) chat.hub.rename(alice, nick);
  assertRejected("nick-confusable", "al1ce", () => chat.hub.rename(tim, "al1ce"));
  chat.hub.rename(alice, "carol");
  chat.hub.rename(tim, "a1ice");
  assertRejected("nick-confusable", "alice", () => chat.hub.rename(alice, "alice"));
  chat.hub.remove(tim);
  chat.hub.rename(alice, "alice");
});

Deno.test("nicknames: a nickname that looks like a guest's keeps that guest number alone in use", () => {
  const chat = new Chat();
  const guests = Array.from({ length: 111 }, () => chat.enter().nick);
  assertEquals(guests, Array.from({ length: 111 }, (_, i) => `guest${i + 1}`));
  const other = new Chat();
  const double = other.enter("guestl");
  assertEquals(other.enter().nick, "guest2");
  other.hub.rename(double, "bob");
  assertEquals([other.enter().nick, other.enter().nick], ["guest1", "guest3"]);
});

Deno.test("join: a room whose name looks like the lobby's is rejected", () => {
  const chat = new Chat();
  const alice = chat.enter("alice");
  for (const name of ["#1obby", "#Iobby", "#l0bby", "#l\u043ebby", "#lobby\u200b"]) {
    assertRejected("room-invalid", name, () => chat.hub.join(alice, name));
  }
  assertEquals(chat.hub.join(alice, "#LOBBY").name, LOBBY);
});

Deno.test("rename: a nickname is free when its member has taken another or has disconnected", () => {
  const chat = new Chat();
  const [alice, bob] = [chat.enter("alice"), chat.enter("bob")];
  chat.hub.rename(alice, "carol");
  assertRejected("no-such-user", "alice", () => chat.hub.find("alice"));
  chat.hub.rename(bob, "Alice");
  assert(chat.hub.find("alice") === bob);
  chat.hub.remove(bob);
  assertRejected("no-such-user", "alice", () => chat.hub.find("alice"));
  chat.hub.rename(alice, "bob");
  assert(chat.hub.find("BOB") === alice);
});

Deno.test("members: they are listed in order of arrival, whatever their nicknames are", () => {
  const chat = new Chat();
  const [one, two, three] = [chat.enter(), chat.enter(), chat.enter()] as const;
  chat.hub.rename(one, "zoe");
  chat.hub.remove(two);
  assertEquals([...chat.hub.members], [one, three]);
  assertEquals(chat.hub.members.size, 2);
});

Deno.test("rename: the member and all that share a room with it are told once", () => {
  const chat = new Chat();
  const mover = chat.enter("mover", "#a", "#b", "#c");
  const twice = chat.enter("twice", "#a", "#b");
  const once = chat.enter("once", "#c");
  const other = chat.enter("other", "#d");
  chat.heard(mover);
  chat.hub.rename(mover, "moved");
  for (const member of [mover, twice, once]) assertEquals(chat.heard(member), ["renamed mover moved"]);
  assertEquals(chat.heard(other), []);
  chat.hub.rename(other, "lonely");
  assertEquals(chat.heard(other), ["renamed other lonely"]);
  const roomless = chat.enter("roomless");
  chat.hub.rename(roomless, "homeless");
  assertEquals(chat.heard(roomless), ["renamed roomless homeless"]);
});

Deno.test("join: the first member creates and names the room, and later ones are announced", () => {
  const chat = new Chat();
  const [alice, bob] = [chat.enter("alice"), chat.enter("bob")];
  const room = chat.hub.join(alice, "#Tea");
  assert(chat.hub.join(bob, "#TEA") === room && chat.hub.findRoom("#tea") === room);
  assertEquals([room.name, [...room.members], chat.rooms()], ["#Tea", [alice, bob], [LOBBY, "#Tea"]]);
  assertEquals([chat.heard(alice), chat.heard(bob)], [["joined #Tea bob 2"], []]);
  chat.hub.join(bob, "#tea");
  assertEquals([chat.heard(alice), room.members.size], [[], 2]);
});

Deno.test("join: an invalid room name is rejected and no room is created", () => {
  const chat = new Chat();
  const alice = chat.enter("alice");
  for (const name of ["", "#", "tea", "#a b", "#a,b", "#\x07"]) {
    assertRejected("room-invalid", name, () => chat.hub.join(alice, name));
  }
  assertRejected("no-such-room", "#tea", () => chat.hub.findRoom("#tea"));
  assertEquals([chat.rooms(), alice.rooms.size], [[LOBBY], 0]);
});

Deno.test("join: a new room is rejected when there are as many as allowed, until one is closed", () => {
  for (const [most, chat] of [[2, new Chat({ maxRooms: 2 })], [ROOMS_TOTAL, new Chat()]] as const) {
    let member = chat.arrive("m0");
    for (let room = 1; room < most; room++) { // the lobby counts
      if (room % ROOMS_MAX === 0) member = chat.arrive(`m${room}`);
      chat.hub.join(member, `#${room}`);
    }
    const bob = chat.arrive("bob");
    assertRejected("rooms-full", "#more", () => chat.hub.join(bob, "#more"));
    assertEquals([chat.hub.rooms.size, bob.rooms.size], [most, 0]);
    chat.hub.join(bob, "#1");
    chat.hub.leave(bob, chat.hub.findRoom("#1"));
    chat.hub.leave(member, chat.hub.findRoom(`#${most - 1}`));
    chat.hub.join(bob, "#more");
    assertRejected("rooms-full", "#1more", () => chat.hub.join(bob, "#1more"));
  }
});

Deno.test("leave: the member is removed and the others are told", () => {
  const chat = new Chat();
  const [alice, bob] = [chat.enter("alice", "#tea"), chat.enter("bob", "#tea")];
  const room = chat.hub.findRoom("#tea");
  chat.hub.leave(bob, room, "late");
  assertEquals([chat.heard(alice), chat.heard(bob)], [["left #tea bob late 1 own"], []]);
  assertEquals([[...room.members], bob.rooms.size], [[alice], 0]);
  assertRejected("not-in-room", "#tea", () => chat.hub.leave(bob, room));
  assertEquals(chat.heard(alice), []);
});

Deno.test("leave: a room is closed with its topic and lines when its last member leaves, except for the lobby", () => {
  const chat = new Chat();
  const alice = chat.enter("alice", LOBBY, "#tea");
  for (const name of [LOBBY, "#tea"]) {
    chat.say(alice, name, "a secret");
    chat.hub.setTopic(alice, chat.hub.findRoom(name), "secrets");
    chat.hub.leave(alice, chat.hub.findRoom(name));
  }
  assertEquals(chat.rooms(), [LOBBY]);
  const bob = chat.enter("bob", LOBBY, "#TEA");
  assertEquals([chat.said("#tea"), chat.hub.findRoom("#tea").topic, chat.hub.findRoom("#tea").name], [
    [],
    undefined,
    "#TEA",
  ]);
  assertEquals([chat.said(LOBBY), chat.hub.findRoom(LOBBY).topic?.text], [["a secret"], "secrets"]);
  chat.hub.remove(bob);
  assertEquals(chat.rooms(), [LOBBY]);
});

Deno.test("topic: a member sets it up to the limit, and all members are told", () => {
  const chat = new Chat();
  const [alice, bob] = [chat.enter("alice", "#tea"), chat.enter("bob")];
  const room = chat.hub.findRoom("#tea");
  chat.hub.setTopic(alice, room, " green\x07 or black? ");
  assertEquals([room.topic?.text, chat.heard(alice)], ["green or black?", ["topic #tea alice green or black?"]]);
  const longest = "x".repeat(TOPIC_MAX);
  chat.hub.setTopic(alice, room, longest);
  assertEquals([room.topic?.text, chat.heard(alice).length], [longest, 1]);
  assertRejected("topic-too-long", "360", () => chat.hub.setTopic(alice, room, longest + "!"));
  assertRejected("text-too-long", "366", () => chat.hub.setTopic(alice, room, "😀".repeat(100)));
  assertRejected("not-in-room", "#tea", () => chat.hub.setTopic(bob, room, "coffee"));
  assertEquals([room.topic?.text, chat.heard(alice), chat.heard(bob)], [longest, [], []]);
});

Deno.test("disconnect: the member is removed from all rooms, and each other member is told once", () => {
  const chat = new Chat();
  const alice = chat.enter("alice", "#tea", "#coffee", LOBBY);
  const bob = chat.enter("bob", "#tea", LOBBY);
  chat.heard(alice);
  chat.hub.remove(alice, "too slow");
  assertEquals(chat.heard(bob), ["left #tea alice too slow 1 quit"]);
  assertEquals([chat.rooms(), [...chat.hub.members], alice.rooms.size], [[LOBBY, "#tea"], [bob], 0]);
  chat.enter("alice");
  chat.hub.remove(alice, "again");
  assertEquals([chat.heard(bob), chat.heard(alice), chat.hub.find("alice") === alice], [[], [], false]);
});

Deno.test("disconnect: a client's reason is sanitized, and left out when it is too long", () => {
  const longest = "x".repeat(REASON_MAX);
  const reasons = [["by\x1be\r\n", "bye "], [longest, `${longest} `], [longest + "!", ""], [
    "😀".repeat(93),
    "",
  ]] as const;
  for (const [reason, told] of reasons) {
    const chat = new Chat();
    const [alice, bob] = [chat.enter("alice", LOBBY), chat.enter("bob", LOBBY)];
    chat.hub.disconnect(sessionOf(bob), reason, true);
    assertEquals(chat.heard(alice), [`left #lobby bob ${told}1 quit own`]);
  }
});

Deno.test("leave: a reason that is too long is rejected, and the member stays", () => {
  const chat = new Chat();
  const [alice, bob] = [chat.enter("alice", "#tea"), chat.enter("bob", "#tea")];
  const room = chat.hub.findRoom("#tea");
  chat.heard(alice);
  assertRejected("reason-too-long", "200", () => chat.hub.leave(bob, room, "x".repeat(REASON_MAX + 1)));
  assertRejected("text-too-long", "336", () => chat.hub.leave(bob, room, "😀".repeat(100)));
  assertEquals([room.has(bob), chat.heard(alice)], [true, []]);
});

Deno.test("connect: a client gets the nickname that it asks for if that is valid and free", () => {
  const chat = new Chat();
  const alice = chat.enter("Alice");
  for (const nick of ["alice", "ALICE"]) assertRejected("nick-taken", nick, () => chat.arrive(nick));
  for (const nick of ["", "1st", "a b"]) assertRejected("nick-invalid", nick, () => chat.arrive(nick));
  assertRejected("nick-taken", "aLICE", () => chat.hub.requireNick("aLICE"));
  assertRejected("nick-invalid", "1st", () => chat.hub.requireNick("1st"));
  chat.hub.requireNick("bob");
  assertEquals([...chat.hub.members], [alice]);
});

Deno.test("connect: the real name is sanitized and cut, and the origin follows the nickname", () => {
  const chat = new Chat();
  const identity = { user: "~al", host: "there", realname: `A\x1bl\r\n${"x".repeat(REALNAME_MAX)}` };
  const alice = chat.arrive("alice", [], identity);
  assertEquals(alice.realname, `Al${"x".repeat(REALNAME_MAX - 2)}`);
  const wide = chat.arrive("wide", [], { ...identity, realname: `A${"😀".repeat(REALNAME_MAX)}` });
  assertEquals(wide.realname, `A${"😀".repeat(52)}`);
  assertEquals([alice.user, alice.host, alice.origin], ["~al", "there", "alice!~al@there"]);
  chat.hub.rename(alice, "carol");
  assertEquals(alice.origin, "carol!~al@there");
});

Deno.test("away: members that share a room are told once of a change, and on joining", () => {
  const chat = new Chat();
  const alice = chat.enter("alice", "#a", "#b");
  const [twice, other] = [chat.enter("twice", "#a", "#b"), chat.enter("other", "#c")];
  chat.heard(alice);
  const told = (message: string | undefined) => {
    chat.hub.setAway(alice, message);
    return [alice, twice, other].map((each) => chat.heard(each));
  };
  assertEquals(told("lun\x1bch"), [[], ["away alice lunch"], []]);
  assertEquals(told("lunch"), [[], [], []], "nothing has changed");
  assertEquals(told("tea"), [[], ["away alice tea"], []]);
  chat.hub.join(alice, "#c");
  assertEquals(chat.heard(other), ["joined #c alice tea 2"]);
  assertEquals(told(undefined), [[], ["away alice"], ["away alice"]]);
  assertEquals(told(undefined), [[], [], []]);
  chat.hub.setAway(alice, "x".repeat(REASON_MAX));
  assertRejected("reason-too-long", "200", () => chat.hub.setAway(alice, "x".repeat(REASON_MAX + 1)));
  assertRejected("text-too-long", "310", () => chat.hub.setAway(alice, "😀".repeat(93)));
  assertEquals(alice.away, "x".repeat(REASON_MAX));
});

Deno.test("realname: the member and all that share a room with it are told once", () => {
  const chat = new Chat();
  const alice = chat.enter("alice", "#a", "#b");
  const [twice, other] = [chat.enter("twice", "#a", "#b"), chat.enter("other", "#c")];
  chat.heard(alice);
  chat.hub.setRealname(alice, "Alice \x1bL.");
  for (const member of [alice, twice]) assertEquals(chat.heard(member), ["realname alice Alice L."]);
  assertEquals([chat.heard(other), alice.realname], [[], "Alice L."]);
  chat.hub.join(alice, "#c");
  assertEquals(chat.heard(other), ["joined #c alice Alice L. 2"]);
  chat.hub.setRealname(alice, "x".repeat(REALNAME_MAX + 1));
  assertEquals(alice.realname, "x".repeat(REALNAME_MAX));
  const roomless = chat.enter("roomless");
  chat.hub.setRealname(roomless, "Nobody");
  assertEquals(chat.heard(roomless), ["realname roomless Nobody"]);
});

Deno.test("disconnect: members that share several rooms are told once, with the reason", () => {
  const chat = new Chat();
  const alice = chat.enter("alice", "#a", "#b", "#c");
  const others = {
    ab: chat.enter("ab", "#a", "#b"),
    bc: chat.enter("bc", "#b", "#c"),
    abc: chat.enter("abc", "#c", "#b", "#a"),
    c: chat.enter("c", "#c"),
    none: chat.enter("none", "#d"),
  };
  for (const member of Object.values(others)) chat.heard(member);
  chat.hub.remove(alice, "bye");
  assertEquals(Object.values(others).map((member) => chat.heard(member)), [
    ["left #a alice bye 2 quit"],
    ["left #b alice bye 3 quit"],
    ["left #a alice bye 2 quit"],
    ["left #c alice bye 3 quit"],
    [],
  ]);
});

Deno.test("members: the peak and the number of rooms are counted", () => {
  const chat = new Chat();
  const [one, two] = [chat.enter(), chat.enter("alice", "#a", "#b")];
  chat.hub.remove(one);
  chat.enter();
  assertEquals([chat.hub.peak, chat.hub.members.size, chat.hub.rooms.size], [2, 2, 3]);
  chat.hub.remove(two);
  assertEquals([chat.hub.peak, chat.hub.members.size, chat.hub.rooms.size], [2, 1, 1]);
});

Deno.test("chat: requests of a disconnected member, or in a closed room, are rejected", () => {
  const chat = new Chat();
  const { hub } = chat;
  const member = chat.enter();
  const first = hub.join(member, "#tea");
  hub.leave(member, first);
  hub.join(member, "#tea");
  assertThrows(() => hub.leave(member, first), ChatError);
  assertThrows(() => hub.say(member, first, "hello?"), ChatError);
  hub.remove(member);
  assertThrows(() => hub.join(member, "#tea"), TypeError);
  assertThrows(() => hub.rename(member, "ghost"), TypeError);
  assertEquals([...hub.rooms].map(({ name }) => name), [LOBBY]);
  assertThrows(() => hub.find("ghost"), ChatError);
});

Deno.test("rename: the name of the server is rejected", () => {
  const hub = new LocalChat({ history: new MemoryHistory(), reserved: ["Tincan"] });
  const outlet = { peer: "", send() {}, close() {} };
  const identity = { user: "~a", host: "host", realname: "" };
  const { member } = hub.connect("alice", identity, { render: () => undefined }, outlet);
  assertRejected("nick-taken", "tinCAN", () => hub.rename(member, "tinCAN"));
  assertRejected("nick-taken", "tincan", () => hub.connect("tincan", identity, { render: () => undefined }, outlet));
});

Deno.test("rename: a nickname is stored composed and in usual width, and found in all its forms", () => {
  const chat = new Chat();
  const [zoe, kana] = [chat.enter("Zoe\u0308"), chat.enter("ｶﾞｸ")];
  assertEquals([zoe.nick, kana.nick], ["Zoë", "ガク"]);
  for (const nick of ["zoë", "ZOË", "ZOE\u0308", "ＺＯË"]) assert(chat.hub.get(nick) === zoe, nick);
  assertRejected("nick-taken", "ZOË", () => chat.hub.rename(kana, "ZOE\u0308"));
  chat.hub.rename(zoe, "ｚｏｅ");
  assertEquals([zoe.nick, chat.hub.get("zoë"), chat.hub.get("ZOE")], ["zoe", undefined, zoe]);
});

Deno.test("rename: a nickname in another script that looks like one in use is rejected", () => {
  const chat = new Chat();
  const [paypal, bob] = [chat.enter("paypal"), chat.enter("bob")];
  const cyrillic = "\u0440\u0430\u0443\u0440\u0430\u04cf"; // раураӏ
  assertRejected("nick-confusable", cyrillic, () => chat.hub.rename(bob, cyrillic));
  assertRejected("nick-invalid", "p\u0430ypal", () => chat.hub.rename(bob, "p\u0430ypal"));
  chat.hub.remove(paypal);
  chat.hub.rename(bob, cyrillic);
  assertRejected("nick-confusable", "PayPal", () => chat.arrive("PayPal"));
  chat.hub.rename(bob, "bob");
  chat.arrive("PayPal");
  // Capital letters may look like those of another script where small ones do not.
  chat.hub.rename(bob, "ABC");
  assertRejected("nick-confusable", "\u0410\u0412\u0421", () => chat.arrive("\u0410\u0412\u0421"));
  chat.arrive("\u0430\u0432\u0441");
});

Deno.test("join: room names are the same in any case and form, in all scripts", () => {
  const chat = new Chat();
  const [alice, bob] = [chat.enter("alice"), chat.enter("bob")];
  for (
    const [name, other] of [["#Чай", "#ЧАЙ"], ["#Cafe\u0301", "#CAFÉ"], ["#ΟΔΌΣ", "#οδός"], [
      "#ｔｅａ",
      "#Tea",
    ]] as const
  ) {
    const room = chat.hub.join(alice, name);
    assert(chat.hub.join(bob, other) === room, name);
  }
  assertEquals(chat.rooms(), ["#lobby", "#Чай", "#Café", "#ΟΔΌΣ", "#tea"]);
});

Deno.test("join: a new room that looks like one in another script is rejected while that exists", () => {
  const chat = new Chat({ roomsMade: 3 });
  const [alice, bob] = [chat.enter("alice", "#tea"), chat.enter("bob")];
  const cyrillic = "#\u043e\u0440\u0430"; // #ора
  const room = chat.hub.join(alice, "#opa");
  for (let i = 0; i < 3; i++) assertRejected("room-confusable", cyrillic, () => chat.hub.join(bob, cyrillic));
  chat.hub.leave(alice, room);
  chat.hub.join(bob, cyrillic); // the attempts did not count as new rooms
  assertRejected("room-confusable", "#OPA", () => chat.hub.join(alice, "#OPA"));
  // Of two ASCII names, one may look like the other, as ever.
  const ascii = new Chat();
  const carol = ascii.enter("carol", "#al");
  ascii.hub.join(carol, "#a1");
  assertEquals(ascii.rooms(), ["#lobby", "#al", "#a1"]);
});

Deno.test("masks: they are compared with names in any script, in any case and form", () => {
  const chat = new Chat();
  const [op, zoe] = [chat.enter("Ωμέγα", "#чай"), chat.enter("Zoë")];
  const room = chat.hub.findRoom("#ЧАЙ");
  for (const mask of ["ZOE\u0308", "z?ë!*@*", "*Ë", "Zoë!*@host"]) {
    chat.mode(op, "#чай", `+b ${mask}`);
    for (const { mask: shown } of room.lists.b.values()) assertEquals(shown, shown.normalize("NFC"));
    assertRejected("banned", "#чай", () => chat.hub.join(zoe, "#чай"));
    chat.mode(op, "#чай", `-b ${mask.toLowerCase().normalize("NFC")}`);
    assertEquals(room.lists.b.size, 0, mask);
  }
  chat.mode(op, "#чай", "+b ΖΩΉ");
  chat.hub.join(zoe, "#чай");
});
