import { assert, assertEquals, assertThrows } from "@std/assert";
import { fc } from "../dependencies.ts";
import { LocalChat, ROOMS_MAX, ROOMS_TOTAL } from "../../src/chat/local_chat.ts";
import { fold, LOBBY } from "../../src/chat/names.ts";
import { REALNAME_MAX, REASON_MAX, TOPIC_MAX } from "../../src/chat/lengths.ts";
import { MONITOR_MAX } from "../../src/chat/monitor.ts";
import type { Member } from "../../src/chat/member.ts";
import { LISTS, MASKS_MAX, type ModeChange, SWITCHES } from "../../src/chat/modes.ts";
import { ChatError } from "../../src/chat/chat_error.ts";
import { MemoryHistory } from "../../src/history/memory.ts";
import { assertRejected, Chat, CountingFormat, IDENTITY, Inbox } from "./helpers.ts";

Deno.test("nicknames: a client without a nickname becomes guestN with the lowest free number", () => {
  const chat = new Chat();
  const [one, two, three] = [chat.enter(), chat.enter(), chat.enter()] as const;
  assertEquals([one, two, three].map(({ nick }) => nick), ["guest1", "guest2", "guest3"]);
  chat.hub.disconnect(two);
  chat.hub.rename(one, "alice");
  chat.hub.rename(three, "GUEST4");
  assertEquals([1, 2, 3, 4].map(() => chat.enter().nick), ["guest1", "guest2", "guest3", "guest5"]);
});

Deno.test("rename: a nickname is rejected when it is invalid or taken, in any case", () => {
  const chat = new Chat();
  const alice = chat.enter("alice");
  const bob = chat.enter("Bob");
  for (const nick of ["", "1st", "-x", "a b", "a,b", "é", "a".repeat(31)]) {
    assertRejected("nick-impossible", nick, () => chat.hub.rename(alice, nick));
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
  chat.hub.disconnect(tim);
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
    assertRejected("room-impossible", name, () => chat.hub.join(alice, name));
  }
  assertEquals(chat.hub.join(alice, "#LOBBY").name, LOBBY);
});

Deno.test("rename: a nickname is free when its member has taken another or has disconnected", () => {
  const chat = new Chat();
  const [alice, bob] = [chat.enter("alice"), chat.enter("bob")];
  chat.hub.rename(alice, "carol");
  assertRejected("nobody", "alice", () => chat.hub.find("alice"));
  chat.hub.rename(bob, "Alice");
  assert(chat.hub.find("alice") === bob);
  chat.hub.disconnect(bob);
  assertRejected("nobody", "alice", () => chat.hub.find("alice"));
  chat.hub.rename(alice, "bob");
  assert(chat.hub.find("BOB") === alice);
});

Deno.test("members: they are listed in order of arrival, whatever their nicknames are", () => {
  const chat = new Chat();
  const [one, two, three] = [chat.enter(), chat.enter(), chat.enter()] as const;
  chat.hub.rename(one, "zoe");
  chat.hub.disconnect(two);
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
    assertRejected("room-impossible", name, () => chat.hub.join(alice, name));
  }
  assertRejected("no-room", "#tea", () => chat.hub.findRoom("#tea"));
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
  chat.hub.disconnect(bob);
  assertEquals(chat.rooms(), [LOBBY]);
});

Deno.test("say: all members of the room get the line, the author too, and no others do", () => {
  const chat = new Chat();
  const alice = chat.enter("alice", "#tea");
  const bob = chat.enter("bob", "#tea");
  const carol = chat.enter("carol", "#coffee");
  chat.say(alice, "#tea", "hi");
  chat.say(bob, "#tea", "waves", { style: "action" });
  for (const member of [alice, bob]) {
    assertEquals(chat.heard(member), ["said #tea alice hi say", "said #tea bob waves action"]);
  }
  assertEquals(chat.heard(carol), []);
  assertRejected("not-in-room", "#tea", () => chat.say(carol, "#tea", "let me in"));
  assertEquals([chat.heard(alice), chat.said("#tea")], [[], ["hi", "waves"]]);
});

Deno.test("say: an author without echo gets all lines but its own, in order", () => {
  const chat = new Chat();
  const [alice, bob] = [chat.enter("alice", LOBBY), chat.enter("bob", LOBBY)];
  alice.echo = false;
  chat.say(bob, LOBBY, "1");
  chat.say(alice, LOBBY, "2");
  chat.say(bob, LOBBY, "3");
  assertEquals(chat.heard(alice), ["said #lobby bob 1 say", "said #lobby bob 3 say"]);
  assertEquals(chat.heard(bob), [1, 2, 3].map((n) => `said #lobby ${n === 2 ? "alice" : "bob"} ${n} say`));
  assertEquals(chat.said(LOBBY), ["1", "2", "3"]);
});

Deno.test("history: the last lines are read by count, with authors and times", () => {
  const chat = new Chat();
  const alice = chat.enter("alice", "#Tea");
  const before = Date.now();
  for (const text of ["1", "2", "3"]) chat.say(alice, "#tea", text);
  const lines = chat.hub.history.latest(chat.hub.findRoom("#TEA"), 2);
  assertEquals(lines.map(({ who, text }) => [who, text]), [["alice", "2"], ["alice", "3"]]);
  assert(lines.every(({ time }) => time >= before && time <= Date.now()));
});

Deno.test("whisper: the receiver alone gets the message, under its nickname in any case", () => {
  const chat = new Chat();
  const [alice, bob, carol] = [chat.enter("alice", LOBBY), chat.enter("Bob", LOBBY), chat.enter("carol", LOBBY)];
  const { to, text } = chat.hub.whisper(alice, "BOB", "ps\x07st")!;
  assertEquals([to, text], ["Bob", "psst"]);
  assertEquals([alice, bob, carol].map((each) => chat.heard(each)), [[], ["whispered alice Bob psst say"], []]);
  assertRejected("nobody", "dave", () => chat.hub.whisper(alice, "dave", "psst"));
  assertEquals(chat.hub.whisper(alice, "bob", " \x1b "), undefined);
  assertEquals([chat.heard(bob), chat.said(LOBBY)], [[], []]);
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
  assertRejected("topic-too-long", "390", () => chat.hub.setTopic(alice, room, longest + "!"));
  assertRejected("text-too-wide", "396", () => chat.hub.setTopic(alice, room, "😀".repeat(100)));
  assertRejected("not-in-room", "#tea", () => chat.hub.setTopic(bob, room, "coffee"));
  assertEquals([room.topic?.text, chat.heard(alice), chat.heard(bob)], [longest, [], []]);
});

Deno.test("disconnect: the member is removed from all rooms, and each other member is told once", () => {
  const chat = new Chat();
  const alice = chat.enter("alice", "#tea", "#coffee", LOBBY);
  const bob = chat.enter("bob", "#tea", LOBBY);
  chat.heard(alice);
  chat.hub.disconnect(alice, "too slow");
  assertEquals(chat.heard(bob), ["left #tea alice too slow 1 quit"]);
  assertEquals([chat.rooms(), [...chat.hub.members], alice.rooms.size], [[LOBBY, "#tea"], [bob], 0]);
  chat.enter("alice");
  chat.hub.disconnect(alice, "again");
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
    chat.hub.disconnect(bob, reason, true);
    assertEquals(chat.heard(alice), [`left #lobby bob ${told}1 quit own`]);
  }
});

Deno.test("leave: a reason that is too long is rejected, and the member stays", () => {
  const chat = new Chat();
  const [alice, bob] = [chat.enter("alice", "#tea"), chat.enter("bob", "#tea")];
  const room = chat.hub.findRoom("#tea");
  chat.heard(alice);
  assertRejected("reason-too-long", "200", () => chat.hub.leave(bob, room, "x".repeat(REASON_MAX + 1)));
  assertRejected("text-too-wide", "396", () => chat.hub.leave(bob, room, "😀".repeat(100)));
  assertEquals([room.has(bob), chat.heard(alice)], [true, []]);
});

Deno.test("say: control characters are removed, and blank text is ignored", () => {
  const chat = new Chat();
  const alice = chat.enter("alice", LOBBY);
  chat.say(alice, LOBBY, "\x1b[31mred\x07\tand\u2028more");
  for (const nothing of ["", "  ", "\t", "\x07", " \x1b \u2029"]) chat.say(alice, LOBBY, nothing);
  assertEquals(chat.heard(alice), ["said #lobby alice [31mred\tandmore say"]);
  assertEquals(chat.said(LOBBY), ["[31mred\tandmore"]);
});

Deno.test("delivery: a member whose format does not render an event is sent nothing", () => {
  const chat = new Chat();
  const inbox = new Inbox();
  const deaf = chat.hub.connect("deaf", IDENTITY, new CountingFormat(() => undefined), inbox);
  chat.hub.join(deaf, LOBBY);
  const alice = chat.enter("alice", LOBBY);
  chat.say(alice, LOBBY, "hi");
  chat.hub.whisper(alice, deaf.nick, "psst");
  chat.hub.rename(deaf, "bob");
  assertEquals([chat.heard(alice).length, inbox.batches], [2, []]);
});

Deno.test("notice: all members get it, whether they are in a room or not", () => {
  const chat = new Chat();
  const members = [chat.enter("alice", LOBBY, "#tea"), chat.enter("bob")];
  chat.hub.notice("stopping");
  for (const member of members) assertEquals(chat.heard(member), ["notice stopping"]);
});

Deno.test("delivery: lines are queued until the flush, which is requested once", () => {
  const chat = new Chat();
  const alice = chat.enter("alice", "#a", "#b");
  chat.held = 0;
  for (const room of ["#a", "#b", "#a"]) chat.say(alice, room, "hi");
  assertEquals([chat.held, chat.told(alice)], [1, []]);
  assertEquals(chat.heard(alice).length, 3);
  chat.say(alice, "#b", "hi");
  assertEquals(chat.held, 2);
});

Deno.test("delivery: lines for one member come after those that its rooms have queued for it", () => {
  const chat = new Chat();
  const [alice, bob] = [chat.enter("alice", "#a", "#b"), chat.enter("bob", "#a", "#b")];
  const said = (room: string, text: string) => `said ${room} alice ${text} say`;
  chat.say(alice, "#a", "1");
  chat.say(alice, "#b", "2");
  chat.hub.whisper(alice, "bob", "3");
  chat.say(alice, "#a", "4");
  bob.send(["5"]);
  chat.hub.leave(bob, chat.hub.findRoom("#b"));
  chat.say(alice, "#b", "6");
  const expected = [said("#a", "1"), said("#b", "2"), "whispered alice bob 3 say", said("#a", "4"), "5"];
  assertEquals(chat.heard(bob), expected);
  assertEquals(chat.told(alice).length, 5);
});

Deno.test("connect: a client gets the nickname that it asks for if that is valid and free", () => {
  const chat = new Chat();
  const alice = chat.enter("Alice");
  for (const nick of ["alice", "ALICE"]) assertRejected("nick-taken", nick, () => chat.arrive(nick));
  for (const nick of ["", "1st", "a b"]) assertRejected("nick-impossible", nick, () => chat.arrive(nick));
  assertRejected("nick-taken", "aLICE", () => chat.hub.requireNick("aLICE"));
  assertRejected("nick-impossible", "1st", () => chat.hub.requireNick("1st"));
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

Deno.test("events: each has the nickname and origin that its member had at the time", () => {
  const chat = new Chat();
  const format = new CountingFormat((event) => "origin" in event ? `${event.kind} ${event.who} ${event.origin}` : "");
  const bob = chat.arrive("bob", ["#tea"], {}, format);
  const alice = chat.arrive("alice");
  const room = chat.hub.join(alice, "#tea");
  chat.hub.monitor.add(bob, "eve");
  chat.hub.setFlag(bob, "wallops", true);
  chat.hub.invite(alice, room, chat.arrive("carol").nick);
  chat.hub.say(alice, room, "hi");
  chat.hub.whisper(alice, "bob", "hi");
  chat.hub.tag(alice, bob, "+x");
  chat.hub.setModes(bob, room, [{ on: false, mode: "t" }]);
  chat.hub.setTopic(alice, room, "tea");
  chat.hub.setAway(alice, "lunch");
  chat.hub.setRealname(alice, "Alice");
  chat.hub.sayWallops(alice, "hi");
  chat.hub.rename(alice, "eve");
  chat.hub.leave(alice, room);
  chat.hub.join(alice, "#tea");
  chat.hub.kick(bob, room, "eve");
  chat.hub.join(alice, "#tea");
  chat.hub.disconnect(alice);
  const [as, asEve, asBob] = ["alice alice!~user@host", "eve eve!~user@host", "bob bob!~user@host"];
  const before = ["joined", "invited", "said", "whispered", "tagged"].map((kind) => `${kind} ${as}`);
  const between = ["topic", "away", "realname", "wallops", "renamed"].map((kind) => `${kind} ${as}`);
  const after = ["online", "left", "joined"].map((kind) => `${kind} ${asEve}`);
  const last = [`kicked ${asBob}`, `joined ${asEve}`, `left ${asEve}`, ""];
  assertEquals(chat.heard(bob), [...before, `modes ${asBob}`, ...between, ...after, ...last]);
});

Deno.test("events: ids grow, and lines have the tags and the bot flag of their author", () => {
  const chat = new Chat();
  const ids: number[] = [];
  const format = new CountingFormat((event) => {
    if (!("id" in event)) return undefined;
    ids.push(event.id);
    return `${event.kind} ${event.tags} ${event.bot}`;
  });
  const [alice, bob] = [chat.arrive("alice", [LOBBY], {}, format), chat.arrive("bob")];
  chat.say(alice, LOBBY, "1", { tags: "+a=1" });
  chat.say(alice, LOBBY, "1");
  chat.hub.setFlag(alice, "bot", true);
  chat.hub.whisper(alice, "alice", "1", { tags: "+b" });
  chat.hub.tag(bob, alice, "+c");
  chat.hub.tag(alice, chat.hub.findRoom(LOBBY), "+d");
  assertEquals(chat.heard(alice), [
    "said +a=1 false",
    "said  false",
    "whispered +b true",
    "tagged +c false",
    "tagged +d true",
  ]);
  assertEquals([new Set(ids).size, ids.toSorted((a, b) => a - b)], [5, ids]);
});

Deno.test("say: all styles are delivered, and those for people are stored", () => {
  const chat = new Chat();
  const alice = chat.enter("alice", LOBBY);
  const styles = ["say", "action", "notice", "ctcp", "ctcp-reply"] as const;
  for (const style of styles) {
    chat.say(alice, LOBBY, style, { style });
    chat.hub.whisper(alice, "alice", style, { style });
  }
  const told = styles.flatMap((style) => [
    `said #lobby alice ${style} ${style}`,
    `whispered alice alice ${style} ${style}`,
  ]);
  assertEquals([chat.heard(alice), chat.said(LOBBY)], [told, ["say", "action", "notice"]]);
});

Deno.test("tag: tags are delivered to a member or a room, and not stored", () => {
  const chat = new Chat();
  const [alice, bob, carol] = [chat.enter("alice", LOBBY), chat.enter("bob", LOBBY), chat.enter("carol")];
  const lobby = chat.hub.findRoom(LOBBY);
  assertEquals(chat.hub.tag(alice, lobby, "+typing=active").to, LOBBY);
  alice.echo = false;
  chat.hub.tag(alice, lobby, "+typing=done");
  assertEquals(chat.hub.tag(alice, carol, "+typing=active").to, "carol");
  assertRejected("not-in-room", LOBBY, () => chat.hub.tag(carol, lobby, "+typing=active"));
  const typing = (to: string, how: string) => `tagged alice ${to} +typing=${how}`;
  assertEquals(chat.heard(alice), [typing(LOBBY, "active")]);
  assertEquals(chat.heard(bob), [typing(LOBBY, "active"), typing(LOBBY, "done")]);
  assertEquals([chat.heard(carol), chat.said(LOBBY)], [[typing("carol", "active")], []]);
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
  assertRejected("text-too-wide", "370", () => chat.hub.setAway(alice, "😀".repeat(93)));
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

Deno.test("wallops: members with the flag get the message", () => {
  const chat = new Chat();
  const [alice, bob, carol] = [chat.enter("alice"), chat.enter("bob", LOBBY), chat.enter("carol", LOBBY)];
  chat.hub.setFlag(bob, "wallops", true);
  chat.hub.sayWallops(alice, "restart\x1b at four");
  assertEquals([alice, bob, carol].map((each) => chat.heard(each)), [[], ["wallops alice restart at four"], []]);
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
  chat.hub.disconnect(alice, "bye");
  assertEquals(Object.values(others).map((member) => chat.heard(member)), [
    ["left #a alice bye 2 quit"],
    ["left #b alice bye 3 quit"],
    ["left #a alice bye 2 quit"],
    ["left #c alice bye 3 quit"],
    [],
  ]);
});

Deno.test("reformat: later lines are rendered in the new format and queued lines are not lost", () => {
  const chat = new Chat();
  const [alice, bob] = [chat.enter("alice", "#tea", LOBBY), chat.enter("bob", "#tea", LOBBY)];
  chat.say(bob, "#tea", "1");
  chat.say(bob, LOBBY, "2");
  const loud = new CountingFormat((event) => event.kind === "said" ? event.text.toUpperCase() : "?");
  chat.hub.reformat(alice, loud);
  chat.hub.reformat(alice, loud);
  chat.say(bob, "#tea", "three");
  chat.hub.whisper(bob, "alice", "psst");
  assertEquals(chat.heard(alice), ["said #tea bob 1 say", "said #lobby bob 2 say", "THREE", "?"]);
  assertEquals(chat.heard(bob).length, 3);
  const room = chat.hub.findRoom("#tea");
  assert(room.has(alice) && room.holds(alice, "op"));
  assertEquals(room.members.size, 2);
});

Deno.test("members: the peak and the number of rooms are counted", () => {
  const chat = new Chat();
  const [one, two] = [chat.enter(), chat.enter("alice", "#a", "#b")];
  chat.hub.disconnect(one);
  chat.enter();
  assertEquals([chat.hub.peak, chat.hub.members.size, chat.hub.rooms.size], [2, 2, 3]);
  chat.hub.disconnect(two);
  assertEquals([chat.hub.peak, chat.hub.members.size, chat.hub.rooms.size], [2, 1, 1]);
});

/** The strings that three members use as nicknames, rooms, masks, keys and texts. */
const NAMES = [
  "a",
  "A",
  "b",
  "guest1",
  "GUEST2",
  "guest3",
  "1st",
  "#x",
  "#X",
  "#y",
  LOBBY,
  "#Lobby",
  "#",
  "",
  "*",
  "a!*@*",
];

/** The actions of three members. Most of them are rejected. */
const ACTIONS = {
  disconnect: (hub, member) => hub.disconnect(member),
  rename: (hub, member, _, other) => hub.rename(member, other),
  join: (hub, member, name, other) => hub.join(member, name, other),
  leave: (hub, member, name) => hub.leave(member, hub.findRoom(name)),
  kick: (hub, member, name, other) => hub.kick(member, hub.findRoom(name), other, name),
  invite: (hub, member, name, other) => hub.invite(member, hub.findRoom(name), other),
  say: (hub, member, name, other) => hub.say(member, hub.findRoom(name), other),
  sayToSome: (hub, member, name) => hub.say(member, hub.findRoom(name), "hi", { least: "voice" }),
  whisper: (hub, member, name, other) => hub.whisper(member, other, name),
  tag: (hub, member, name) => hub.tag(member, hub.findRoom(name), "+x"),
  tagOne: (hub, member, _, other) => hub.tag(member, hub.find(other), "+x"),
  topic: (hub, member, name, other) => hub.setTopic(member, hub.findRoom(name), other),
  away: (hub, member, name) => hub.setAway(member, name || undefined),
  realname: (hub, member, name) => hub.setRealname(member, name),
  wallops: (hub, member, name) => hub.sayWallops(member, name),
  monitor: (hub, member, _, other) => hub.monitor.add(member, other),
  echo: (_, member) => member.echo = !member.echo,
  notice: (hub) => hub.notice("hi"),
  flush: (hub) => hub.flush(),
} satisfies Record<string, (hub: LocalChat, member: Member, name: string, other: string) => unknown>;

/** Actions that throw no TypeError for a disconnected member. */
const UNCHECKED = new Set<unknown>([
  "disconnect",
  "whisper",
  "tagOne",
  "away",
  "realname",
  "wallops",
  "monitor",
  "echo",
  "notice",
]);

// Mostly a room, and a nickname that may be in it, so that many actions succeed.
const name = fc.oneof({ arbitrary: fc.constantFrom("#x", "#X", LOBBY), weight: 3 }, fc.constantFrom(...NAMES));
const other = fc.oneof({ arbitrary: fc.constantFrom("a", "b", "guest1"), weight: 3 }, fc.constantFrom(...NAMES));
const change: fc.Arbitrary<ModeChange> = fc.oneof(
  fc.record({ on: fc.boolean(), mode: fc.constantFrom(...SWITCHES) }),
  fc.record({ on: fc.boolean(), mode: fc.constantFrom(...LISTS), mask: other }),
  fc.record({ on: fc.boolean(), mode: fc.constantFrom("o", "v"), nick: other }),
  fc.record({ on: fc.boolean(), mode: fc.constant("k"), key: other }),
  fc.record({ on: fc.constant(true), mode: fc.constant("l"), limit: fc.integer({ min: 1, max: 3 }) }),
  fc.record({ on: fc.constant(false), mode: fc.constant("l") }),
);
const action = fc.oneof(
  fc.constantFrom(...Object.keys(ACTIONS) as (keyof typeof ACTIONS)[]),
  { arbitrary: fc.constantFrom("connect", "join", "join"), weight: 1 },
  fc.array(change, { minLength: 1, maxLength: 3 }),
);
const steps = fc.array(fc.tuple(action, fc.nat({ max: 2 }), name, other), { maxLength: 80, size: "max" });

/** The visible state of a chat. */
function state(hub: LocalChat): unknown {
  const members = [...hub.members].map((member) => [
    member.nick,
    member.realname,
    member.away,
    member.echo,
    [...member.rooms.keys()],
    [...member.invitations],
    hub.monitor.list(member),
  ]);
  const rooms = [...hub.rooms].map((room) => [
    room.name,
    room.topic,
    room.password,
    room.limit,
    [...room.switches],
    ...[room.members, room.ranks.op, room.ranks.voice, room.invited].map((set) => [...set].map(({ nick }) => nick)),
    ...LISTS.map((list) => [...room.lists[list].values()]),
    hub.history.latest(room, 1000).map(({ text }) => text),
  ]);
  return { members, rooms };
}

/** Asserts the invariants of the state. */
function assertConsistent(hub: LocalChat, connected: readonly Member[]): void {
  assertEquals(new Set(hub.members), new Set(connected));
  assertEquals(new Set(connected.map(({ nick }) => fold(nick))).size, connected.length);
  for (const each of connected) assert(hub.find(each.nick) === each);
  const rooms = [...hub.rooms];
  assert(hub.findRoom(LOBBY).name === LOBBY);
  assertEquals(new Set(rooms.map(({ name }) => fold(name))).size, rooms.length);
  for (const room of rooms) {
    assert(hub.findRoom(room.name) === room);
    assert(room.members.size > 0 || room.name === LOBBY, "an empty room");
    const inside = [...room.members];
    assertEquals(inside.length, room.members.size);
    for (const each of inside) assert(each.rooms.get(fold(room.name)) === room);
    for (const each of inside) assert(connected.includes(each), "a disconnected member in a room");
    for (const each of [...room.ranks.op, ...room.ranks.voice]) {
      assert(inside.includes(each), "a rank without a member");
    }
    for (const each of room.invited) assert(connected.includes(each) && each.invitations.has(room.key));
    assert(LISTS.reduce((sum, list) => sum + room.lists[list].size, 0) <= MASKS_MAX);
  }
  assertEquals(hub.findRoom(LOBBY).ranks.op.size, 0);
  for (const each of connected) {
    for (const room of each.rooms.values()) assert(new Set(room.members).has(each) && rooms.includes(room));
    for (const key of each.invitations) assert(hub.findRoom(key).invited.has(each));
    assert(each.rooms.size <= ROOMS_MAX && each.invitations.size <= ROOMS_MAX);
    assert(hub.monitor.list(each).length <= MONITOR_MAX);
  }
}

Deno.test("chat: the state stays consistent and rejected requests change nothing, whatever three members do", () => {
  fc.assert(
    fc.property(steps, (steps) => {
      const { hub, format } = new Chat();
      const seats: (Member | undefined)[] = [undefined, undefined, undefined];
      for (const [action, seat, name, other] of steps) {
        const member = seats[seat];
        const before = [state(hub), format.rendered];
        const nicks = [...hub.members].map(({ nick }) => fold(nick));
        try {
          if (action === "connect" || member === undefined) {
            if (member !== undefined && hub.has(member)) continue;
            const guest = hub.guestName();
            assertEquals(guest, `guest${[1, 2, 3, 4].find((number) => !nicks.includes(`guest${number}`))}`);
            seats[seat] = hub.connect(name === LOBBY ? guest : other, IDENTITY, format, new Inbox());
          } else if (Array.isArray(action)) {
            const room = hub.findRoom(name);
            for (const rejection of hub.setModes(member, room, action).refused) assert(rejection instanceof ChatError);
          } else if (action === "monitor" && !hub.has(member)) continue; // the list would never be cleared
          else ACTIONS[action](hub, member, name, other);
        } catch (error) {
          const gone = member !== undefined && !hub.has(member);
          if (!(error instanceof ChatError || gone && error instanceof TypeError)) throw error;
          assert(!gone || !UNCHECKED.has(action) || error instanceof ChatError);
          assertEquals([state(hub), format.rendered], before);
        }
        assertConsistent(hub, seats.filter((each) => each !== undefined && hub.has(each)) as Member[]);
      }
    }),
    { numRuns: 300 },
  );
});

Deno.test("delivery: lines of a room and direct lines keep their order for all members", () => {
  const ROOMS = ["#x", "#y", LOBBY];
  const verb = fc.constantFrom("say", "say", "say", "answer", "whisper", "join", "leave", "echo", "flush");
  const steps = fc.array(fc.tuple(verb, fc.nat({ max: 2 }), fc.nat({ max: 2 })), { maxLength: 60, size: "max" });
  fc.assert(
    fc.property(steps, (steps) => {
      const hub = new LocalChat({ history: new MemoryHistory() });
      // Texts are growing numbers, rendered after the room or "direct".
      const format = new CountingFormat((event) => {
        if (event.kind === "said") return `${event.room} ${event.text}`;
        return event.kind === "whispered" ? `direct ${event.text}` : undefined;
      });
      const people = [0, 1, 2].map(() => {
        const inbox = new Inbox();
        return { inbox, member: hub.connect(hub.guestName(), IDENTITY, format, inbox), owed: [] as string[] };
      });
      for (const [number, [verb, who, which]] of steps.entries()) {
        const { member, owed } = people[who]!;
        const name = ROOMS[which]!;
        if (verb === "join") hub.join(member, name);
        else if (verb === "answer") {
          member.send([`direct ${number}`]);
          owed.push(`direct ${number}`);
        } else if (verb === "whisper") {
          hub.whisper(member, people[which]!.member.nick, String(number));
          people[which]!.owed.push(`direct ${number}`);
        } else if (verb === "echo") member.echo = !member.echo;
        else if (verb === "flush") hub.flush();
        else if (!member.rooms.has(name)) continue;
        else if (verb === "leave") hub.leave(member, hub.findRoom(name));
        else {
          hub.say(member, hub.findRoom(name), String(number));
          for (const other of people) {
            if (!other.member.rooms.has(name) || other.member === member && !member.echo) continue;
            other.owed.push(`${name} ${number}`);
          }
        }
      }
      hub.flush();
      for (const { inbox, owed } of people) {
        const got = inbox.lines;
        assertEquals([...got].sort(), [...owed].sort());
        for (const room of ROOMS) {
          const kept = (line: string) => line.startsWith(room) || line.startsWith("direct");
          assertEquals(got.filter(kept), owed.filter(kept));
        }
      }
    }),
    { numRuns: 200 },
  );
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
  hub.disconnect(member);
  assertThrows(() => hub.join(member, "#tea"), TypeError);
  assertThrows(() => hub.rename(member, "ghost"), TypeError);
  assertEquals([...hub.rooms].map(({ name }) => name), [LOBBY]);
  assertThrows(() => hub.find("ghost"), ChatError);
});

Deno.test("rename: the name of the server is rejected", () => {
  const hub = new LocalChat({ history: new MemoryHistory(), reserved: ["Tincan"] });
  const outlet = { peer: "", send() {}, close() {} };
  const identity = { user: "~a", host: "host", realname: "" };
  const member = hub.connect("alice", identity, { render: () => undefined }, outlet);
  assertRejected("nick-taken", "tinCAN", () => hub.rename(member, "tinCAN"));
  assertRejected("nick-taken", "tincan", () => hub.connect("tincan", identity, { render: () => undefined }, outlet));
});
