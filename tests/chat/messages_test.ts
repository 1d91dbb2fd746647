/** Messages of a chat on a single node, and their delivery. */
import { assert, assertEquals } from "@std/assert";
import { LOBBY } from "../../src/chat/names.ts";
import { assertRejected, ChatFixture, CountingFormat, IDENTITY, Inbox, sessionOf } from "./helpers.ts";

Deno.test("say: all members of the room get the line, the author too, and no others do", () => {
  const fixture = new ChatFixture();
  const alice = fixture.enter("alice", "#tea");
  const bob = fixture.enter("bob", "#tea");
  const carol = fixture.enter("carol", "#coffee");
  fixture.say(alice, "#tea", "hi");
  fixture.say(bob, "#tea", "waves", { style: "action" });
  for (const member of [alice, bob]) {
    assertEquals(fixture.heard(member), ["said #tea alice hi say", "said #tea bob waves action"]);
  }
  assertEquals(fixture.heard(carol), []);
  assertRejected("not-in-room", "#tea", () => fixture.say(carol, "#tea", "let me in"));
  assertEquals([fixture.heard(alice), fixture.said("#tea")], [[], ["hi", "waves"]]);
});

Deno.test("say: an author without echo gets all lines but its own, in order", () => {
  const fixture = new ChatFixture();
  const [alice, bob] = [fixture.enter("alice", LOBBY), fixture.enter("bob", LOBBY)];
  sessionOf(alice).echo = false;
  fixture.say(bob, LOBBY, "1");
  fixture.say(alice, LOBBY, "2");
  fixture.say(bob, LOBBY, "3");
  assertEquals(fixture.heard(alice), ["said #lobby bob 1 say", "said #lobby bob 3 say"]);
  assertEquals(fixture.heard(bob), [1, 2, 3].map((n) => `said #lobby ${n === 2 ? "alice" : "bob"} ${n} say`));
  assertEquals(fixture.said(LOBBY), ["1", "2", "3"]);
});

Deno.test("history: the last lines are read by count, with authors and times", () => {
  const fixture = new ChatFixture();
  const alice = fixture.enter("alice", "#Tea");
  const before = Date.now();
  for (const text of ["1", "2", "3"]) fixture.say(alice, "#tea", text);
  const lines = fixture.chat.history.latest(fixture.chat.findRoom("#TEA"), 2);
  assertEquals(lines.map(({ who, text }) => [who, text]), [["alice", "2"], ["alice", "3"]]);
  assert(lines.every(({ time }) => time >= before && time <= Date.now()));
});

Deno.test("whisper: the receiver alone gets the message, under its nickname in any case", () => {
  const fixture = new ChatFixture();
  const [alice, bob, carol] = [
    fixture.enter("alice", LOBBY),
    fixture.enter("Bob", LOBBY),
    fixture.enter("carol", LOBBY),
  ];
  const { to, text } = fixture.chat.whisper(alice, "BOB", "ps\x07st")!;
  assertEquals([to, text], ["Bob", "psst"]);
  assertEquals([alice, bob, carol].map((each) => fixture.heard(each)), [[], ["whispered alice Bob psst say"], []]);
  assertRejected("no-such-user", "dave", () => fixture.chat.whisper(alice, "dave", "psst"));
  assertEquals(fixture.chat.whisper(alice, "bob", " \x1b "), undefined);
  assertEquals([fixture.heard(bob), fixture.said(LOBBY)], [[], []]);
});

Deno.test("say: control characters are removed, and blank text is ignored", () => {
  const fixture = new ChatFixture();
  const alice = fixture.enter("alice", LOBBY);
  fixture.say(alice, LOBBY, "\x1b[31mred\x07\tand\u2028more");
  for (const nothing of ["", "  ", "\t", "\x07", " \x1b \u2029"]) fixture.say(alice, LOBBY, nothing);
  assertEquals(fixture.heard(alice), ["said #lobby alice [31mred\tandmore say"]);
  assertEquals(fixture.said(LOBBY), ["[31mred\tandmore"]);
});

Deno.test("delivery: a member whose format does not render an event is sent nothing", () => {
  const fixture = new ChatFixture();
  const inbox = new Inbox();
  const { member: deaf } = fixture.chat.connect("deaf", IDENTITY, new CountingFormat(() => undefined), inbox);
  fixture.chat.join(deaf, LOBBY);
  const alice = fixture.enter("alice", LOBBY);
  fixture.say(alice, LOBBY, "hi");
  fixture.chat.whisper(alice, deaf.nick, "psst");
  fixture.chat.rename(deaf, "bob");
  assertEquals([fixture.heard(alice).length, inbox.batches], [2, []]);
});

Deno.test("notice: all members get it, whether they are in a room or not", () => {
  const fixture = new ChatFixture();
  const members = [fixture.enter("alice", LOBBY, "#tea"), fixture.enter("bob")];
  fixture.chat.notice("stopping");
  for (const member of members) assertEquals(fixture.heard(member), ["notice stopping"]);
});

Deno.test("delivery: lines are queued until the flush, which is requested once", () => {
  const fixture = new ChatFixture();
  const alice = fixture.enter("alice", "#a", "#b");
  fixture.held = 0;
  for (const room of ["#a", "#b", "#a"]) fixture.say(alice, room, "hi");
  assertEquals([fixture.held, fixture.told(alice)], [1, []]);
  assertEquals(fixture.heard(alice).length, 3);
  fixture.say(alice, "#b", "hi");
  assertEquals(fixture.held, 2);
});

Deno.test("delivery: lines for one member come after those that its rooms have queued for it", () => {
  const fixture = new ChatFixture();
  const [alice, bob] = [fixture.enter("alice", "#a", "#b"), fixture.enter("bob", "#a", "#b")];
  const said = (room: string, text: string) => `said ${room} alice ${text} say`;
  fixture.say(alice, "#a", "1");
  fixture.say(alice, "#b", "2");
  fixture.chat.whisper(alice, "bob", "3");
  fixture.say(alice, "#a", "4");
  sessionOf(bob).send(["5"]);
  fixture.chat.leave(bob, fixture.chat.findRoom("#b"));
  fixture.say(alice, "#b", "6");
  const expected = [said("#a", "1"), said("#b", "2"), "whispered alice bob 3 say", said("#a", "4"), "5"];
  assertEquals(fixture.heard(bob), expected);
  assertEquals(fixture.told(alice).length, 5);
});

Deno.test("events: each has the nickname and origin that its member had at the time", () => {
  const fixture = new ChatFixture();
  const format = new CountingFormat((event) => "origin" in event ? `${event.kind} ${event.who} ${event.origin}` : "");
  const bob = fixture.arrive("bob", ["#tea"], {}, format);
  const alice = fixture.arrive("alice");
  const room = fixture.chat.join(alice, "#tea");
  fixture.chat.monitor.add(sessionOf(bob), "eve");
  fixture.chat.setFlag(bob, "wallops", true);
  fixture.chat.invite(alice, room, fixture.arrive("carol").nick);
  fixture.chat.say(alice, room, "hi");
  fixture.chat.whisper(alice, "bob", "hi");
  fixture.chat.tag(alice, bob, "+x");
  fixture.chat.setModes(bob, room, [{ on: false, mode: "t" }]);
  fixture.chat.setTopic(alice, room, "tea");
  fixture.chat.setAway(alice, "lunch");
  fixture.chat.setRealname(alice, "Alice");
  fixture.chat.sayWallops(alice, "hi");
  fixture.chat.rename(alice, "eve");
  fixture.chat.leave(alice, room);
  fixture.chat.join(alice, "#tea");
  fixture.chat.kick(bob, room, "eve");
  fixture.chat.join(alice, "#tea");
  fixture.chat.remove(alice);
  const [as, asEve, asBob] = ["alice alice!~user@host", "eve eve!~user@host", "bob bob!~user@host"];
  const before = ["joined", "invited", "said", "whispered", "tagged"].map((kind) => `${kind} ${as}`);
  const between = ["topic", "away", "realname", "wallops", "renamed"].map((kind) => `${kind} ${as}`);
  const after = ["online", "left", "joined"].map((kind) => `${kind} ${asEve}`);
  const last = [`kicked ${asBob}`, `joined ${asEve}`, `left ${asEve}`, ""];
  assertEquals(fixture.heard(bob), [...before, `modes ${asBob}`, ...between, ...after, ...last]);
});

Deno.test("events: ids grow, and lines have the tags and the bot flag of their author", () => {
  const fixture = new ChatFixture();
  const ids: number[] = [];
  const format = new CountingFormat((event) => {
    if (!("tags" in event)) return undefined;
    ids.push(event.id);
    return `${event.kind} ${event.tags} ${event.bot}`;
  });
  const [alice, bob] = [fixture.arrive("alice", [LOBBY], {}, format), fixture.arrive("bob")];
  fixture.say(alice, LOBBY, "1", { tags: "+a=1" });
  fixture.say(alice, LOBBY, "1");
  fixture.chat.setFlag(alice, "bot", true);
  fixture.chat.whisper(alice, "alice", "1", { tags: "+b" });
  fixture.chat.tag(bob, alice, "+c");
  fixture.chat.tag(alice, fixture.chat.findRoom(LOBBY), "+d");
  assertEquals(fixture.heard(alice), [
    "said +a=1 false",
    "said  false",
    "whispered +b true",
    "tagged +c false",
    "tagged +d true",
  ]);
  assertEquals([new Set(ids).size, ids.toSorted((a, b) => a - b)], [5, ids]);
});

Deno.test("say: all styles are delivered, and those for people are stored", () => {
  const fixture = new ChatFixture();
  const alice = fixture.enter("alice", LOBBY);
  const styles = ["say", "action", "notice", "ctcp", "ctcp-reply"] as const;
  for (const style of styles) {
    fixture.say(alice, LOBBY, style, { style });
    fixture.chat.whisper(alice, "alice", style, { style });
  }
  const told = styles.flatMap((style) => [
    `said #lobby alice ${style} ${style}`,
    `whispered alice alice ${style} ${style}`,
  ]);
  assertEquals([fixture.heard(alice), fixture.said(LOBBY)], [told, ["say", "action", "notice"]]);
});

Deno.test("tag: tags are delivered to a member or a room, and not stored", () => {
  const fixture = new ChatFixture();
  const [alice, bob, carol] = [fixture.enter("alice", LOBBY), fixture.enter("bob", LOBBY), fixture.enter("carol")];
  const lobby = fixture.chat.findRoom(LOBBY);
  assertEquals(fixture.chat.tag(alice, lobby, "+typing=active").to, LOBBY);
  sessionOf(alice).echo = false;
  fixture.chat.tag(alice, lobby, "+typing=done");
  assertEquals(fixture.chat.tag(alice, carol, "+typing=active").to, "carol");
  assertRejected("not-in-room", LOBBY, () => fixture.chat.tag(carol, lobby, "+typing=active"));
  const typing = (to: string, how: string) => `tagged alice ${to} +typing=${how}`;
  assertEquals(fixture.heard(alice), [typing(LOBBY, "active")]);
  assertEquals(fixture.heard(bob), [typing(LOBBY, "active"), typing(LOBBY, "done")]);
  assertEquals([fixture.heard(carol), fixture.said(LOBBY)], [[typing("carol", "active")], []]);
});

Deno.test("wallops: members with the flag get the message", () => {
  const fixture = new ChatFixture();
  const [alice, bob, carol] = [fixture.enter("alice"), fixture.enter("bob", LOBBY), fixture.enter("carol", LOBBY)];
  fixture.chat.setFlag(bob, "wallops", true);
  fixture.chat.sayWallops(alice, "restart\x1b at four");
  assertEquals([alice, bob, carol].map((each) => fixture.heard(each)), [[], ["wallops alice restart at four"], []]);
});

Deno.test("reformat: later lines are rendered in the new format and queued lines are not lost", () => {
  const fixture = new ChatFixture();
  const [alice, bob] = [fixture.enter("alice", "#tea", LOBBY), fixture.enter("bob", "#tea", LOBBY)];
  fixture.say(bob, "#tea", "1");
  fixture.say(bob, LOBBY, "2");
  const loud = new CountingFormat((event) => event.kind === "said" ? event.text.toUpperCase() : "?");
  fixture.chat.reformat(sessionOf(alice), loud);
  fixture.chat.reformat(sessionOf(alice), loud);
  fixture.say(bob, "#tea", "three");
  fixture.chat.whisper(bob, "alice", "psst");
  assertEquals(fixture.heard(alice), ["said #tea bob 1 say", "said #lobby bob 2 say", "THREE", "?"]);
  assertEquals(fixture.heard(bob).length, 3);
  const room = fixture.chat.findRoom("#tea");
  assert(room.has(alice) && room.holds(alice, "op"));
  assertEquals(room.members.size, 2);
});
