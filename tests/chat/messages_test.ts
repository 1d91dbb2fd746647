/** Messages of a chat on a single node, and their delivery. */
import { assert, assertEquals } from "@std/assert";
import { LOBBY } from "../../src/chat/names.ts";
import { assertRejected, Chat, CountingFormat, IDENTITY, Inbox, sessionOf } from "./helpers.ts";

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
  sessionOf(alice).echo = false;
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
  assertRejected("no-such-user", "dave", () => chat.hub.whisper(alice, "dave", "psst"));
  assertEquals(chat.hub.whisper(alice, "bob", " \x1b "), undefined);
  assertEquals([chat.heard(bob), chat.said(LOBBY)], [[], []]);
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
  const { member: deaf } = chat.hub.connect("deaf", IDENTITY, new CountingFormat(() => undefined), inbox);
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
  sessionOf(bob).send(["5"]);
  chat.hub.leave(bob, chat.hub.findRoom("#b"));
  chat.say(alice, "#b", "6");
  const expected = [said("#a", "1"), said("#b", "2"), "whispered alice bob 3 say", said("#a", "4"), "5"];
  assertEquals(chat.heard(bob), expected);
  assertEquals(chat.told(alice).length, 5);
});

Deno.test("events: each has the nickname and origin that its member had at the time", () => {
  const chat = new Chat();
  const format = new CountingFormat((event) => "origin" in event ? `${event.kind} ${event.who} ${event.origin}` : "");
  const bob = chat.arrive("bob", ["#tea"], {}, format);
  const alice = chat.arrive("alice");
  const room = chat.hub.join(alice, "#tea");
  chat.hub.monitor.add(sessionOf(bob), "eve");
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
  chat.hub.remove(alice);
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
  sessionOf(alice).echo = false;
  chat.hub.tag(alice, lobby, "+typing=done");
  assertEquals(chat.hub.tag(alice, carol, "+typing=active").to, "carol");
  assertRejected("not-in-room", LOBBY, () => chat.hub.tag(carol, lobby, "+typing=active"));
  const typing = (to: string, how: string) => `tagged alice ${to} +typing=${how}`;
  assertEquals(chat.heard(alice), [typing(LOBBY, "active")]);
  assertEquals(chat.heard(bob), [typing(LOBBY, "active"), typing(LOBBY, "done")]);
  assertEquals([chat.heard(carol), chat.said(LOBBY)], [[typing("carol", "active")], []]);
});

Deno.test("wallops: members with the flag get the message", () => {
  const chat = new Chat();
  const [alice, bob, carol] = [chat.enter("alice"), chat.enter("bob", LOBBY), chat.enter("carol", LOBBY)];
  chat.hub.setFlag(bob, "wallops", true);
  chat.hub.sayWallops(alice, "restart\x1b at four");
  assertEquals([alice, bob, carol].map((each) => chat.heard(each)), [[], ["wallops alice restart at four"], []]);
});

Deno.test("reformat: later lines are rendered in the new format and queued lines are not lost", () => {
  const chat = new Chat();
  const [alice, bob] = [chat.enter("alice", "#tea", LOBBY), chat.enter("bob", "#tea", LOBBY)];
  chat.say(bob, "#tea", "1");
  chat.say(bob, LOBBY, "2");
  const loud = new CountingFormat((event) => event.kind === "said" ? event.text.toUpperCase() : "?");
  chat.hub.reformat(sessionOf(alice), loud);
  chat.hub.reformat(sessionOf(alice), loud);
  chat.say(bob, "#tea", "three");
  chat.hub.whisper(bob, "alice", "psst");
  assertEquals(chat.heard(alice), ["said #tea bob 1 say", "said #lobby bob 2 say", "THREE", "?"]);
  assertEquals(chat.heard(bob).length, 3);
  const room = chat.hub.findRoom("#tea");
  assert(room.has(alice) && room.holds(alice, "op"));
  assertEquals(room.members.size, 2);
});
