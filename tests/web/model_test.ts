/** Tests of the rooms, members and lines of the page. */
/// <reference lib="dom" />
import { assertEquals } from "@std/assert";
import { append, firstPosition, indexAfter, lastPosition, type Line, withoutKnown } from "../../src/web/lines.js";
import { Model } from "../../src/web/model.js";
import type { Pending } from "../../src/web/room.js";

/** A message of bob. Its number is its time and its id. */
function line(number: number, more: Partial<Line> = {}): Line {
  return { kind: "say", text: `m${number}`, nick: "bob", time: new Date(number), id: `id${number}`, part: 0, ...more };
}

/** A model with rooms, and what it has emitted. */
function makeModel(...names: string[]) {
  const model = new Model();
  model.nick = "alice";
  for (const name of names) model.open(name);
  const changes: string[] = [];
  model.listen((change, room) => changes.push(room === undefined ? change : `${change} ${room.name}`));
  const tabs = () => model.tabs.map(({ name }) => name);
  return { model, changes, tabs, take: () => changes.splice(0) };
}

Deno.test("model: a room is opened once, in any case of its name, and private conversations come after rooms", () => {
  const { model, tabs, take } = makeModel("#Tea", "bob");
  assertEquals([model.open("#tEA"), take()], [model.find("#TEA")!, []]);
  model.open("#den");
  assertEquals([take(), tabs()], [["tabs", "opened #den"], ["#Tea", "#den", "bob"]]);
  assertEquals([model.find("#tea")?.state, model.find("bob")?.state], ["joining", "in"]);
});

Deno.test("model: the tab after a closed one is shown, or the one before if it was the last", () => {
  const { model, tabs, take } = makeModel("#a", "#b", "#c");
  model.show(model.find("#b"));
  model.close(model.find("#b")!);
  assertEquals([model.current?.name, take().at(-1)], ["#c", "tabs"]);
  model.close(model.find("#c")!);
  assertEquals([model.current?.name, tabs()], ["#a", ["#a"]]);
  model.open("#d");
  model.close(model.find("#d")!);
  assertEquals(model.current?.name, "#a");
  model.open("#e");
  model.open("#f");
  model.close(model.find("#e")!); // is not shown
  assertEquals(model.current?.name, "#a");
  model.close(model.find("#f")!);
  take();
  model.close(model.find("#a")!);
  assertEquals([model.current, take()], [undefined, ["current", "tabs"]]);
});

Deno.test("model: lines are read only while the end of the room is visible", () => {
  const { model, take } = makeModel("#tea", "#den");
  const [tea, den] = model.tabs;
  model.show(tea);
  assertEquals([take(), model.atEnd], [["current #tea"], false]);
  model.setAtEnd(true);
  model.add(tea!, line(1));
  assertEquals([tea?.unread, tea?.lastRead?.id, take()], [0, "id1", ["line #tea", "read #tea"]]);
  model.add(den!, line(2));
  assertEquals([den?.unread, take()], [1, ["line #den", "tabs"]]);
  model.add(den!, line(3, { own: true }));
  assertEquals([den?.unread, take()], [1, ["line #den"]]);
  model.setAtEnd(false);
  model.add(tea!, line(4, { mention: true }));
  assertEquals([tea?.unread, tea?.mentions, tea?.firstNewLine?.id], [1, 1, "id4"]);
  model.setVisible(false);
  model.setAtEnd(true);
  assertEquals(tea?.unread, 1);
  take();
  model.setVisible(true);
  assertEquals([tea?.unread, tea?.mentions, tea?.lastRead?.id, take()], [0, 0, "id4", ["read #tea", "tabs"]]);
  model.setVisible(true);
  model.setAtEnd(true);
  assertEquals(take(), []);
  model.show(den);
  assertEquals([model.atEnd, den?.unread], [false, 1]); // not before the view has drawn it
});

Deno.test("model: the parts of a long message count as one, and a message that comes again is not counted", () => {
  const { model } = makeModel("#tea");
  const tea = model.find("#tea")!;
  model.add(tea, line(1, { mention: true }));
  model.add(tea, line(1, { part: 1, text: " more" }));
  assertEquals([tea.unread, tea.mentions, tea.lines.length], [1, 1, 1]);
  assertEquals(tea.firstNewLine, tea.lines[0]);
  model.add(tea, line(2));
  model.add(tea, line(1));
  assertEquals([tea.unread, tea.mentions, tea.lines.length], [2, 1, 2]);
});

Deno.test("model: nothing is read while missed messages are loaded, or while the last lines are not the latest", () => {
  const { model } = makeModel("#tea");
  const tea = model.find("#tea")!;
  model.show(tea);
  model.add(tea, line(1));
  model.startQueue(tea);
  model.setAtEnd(true);
  assertEquals(tea.unread, 1);
  model.endQueue(tea, true);
  tea.newer = "more";
  model.setAtEnd(true);
  assertEquals(tea.unread, 1);
  tea.newer = "none";
  model.setAtEnd(true);
  assertEquals(tea.unread, 0);
});

Deno.test("model: messages that were read are no longer new when the user leaves the tab or the page", () => {
  for (const leave of [(model: Model) => model.show(model.find("#den")), (model: Model) => model.setVisible(false)]) {
    const { model } = makeModel("#tea", "#den");
    const tea = model.find("#tea")!;
    model.add(tea, line(1));
    model.show(tea);
    assertEquals(tea.newMessages?.count, 1);
    model.setAtEnd(true);
    assertEquals(tea.firstNewLine?.id, "id1");
    leave(model);
    assertEquals([tea.newMessages, tea.firstNewLine], [undefined, undefined]);
  }
});

Deno.test("model: the oldest lines are dropped when a room has 2,101, or the newest while older ones are read", () => {
  const { model, take } = makeModel("#tea");
  const [tea] = model.tabs;
  model.show(tea);
  model.setAtEnd(true);
  for (let number = 1; number <= 2100; number++) model.add(tea!, line(number));
  take();
  assertEquals([tea?.lines.length, tea?.older], [2100, "unknown"]);
  model.add(tea!, line(2101));
  assertEquals([tea?.lines.length, tea?.lines[0]?.id, tea?.older], [2000, "id102", "unknown"]);
  assertEquals(take(), ["line #tea", "lines #tea", "read #tea"]);
  tea!.older = "none";
  model.setAtEnd(false);
  for (let number = 2102; number <= 2202; number++) model.add(tea!, line(number));
  assertEquals([tea?.lines.length, tea?.lines.at(-1)?.id, tea?.newer], [2000, "id2101", "more"]);
  take();
  model.add(tea!, line(2203));
  assertEquals(take(), ["tabs"]); // it is only counted
  assertEquals([tea?.lines.at(-1)?.id, tea?.unread], ["id2101", 102]);
});

Deno.test("model: members are renamed and removed in all rooms, and a private conversation follows its user", () => {
  const { model, take, tabs } = makeModel("#tea", "bob", "#den", "carol");
  const [tea, den, bob] = model.tabs;
  model.addMember(tea!, "Bob", "@");
  model.addMember(den!, "dave");
  tea!.members.get("bob")!.away = true;
  take();
  assertEquals(model.roomsWith("BOB").map(({ name }) => name), ["#tea", "bob"]);
  model.rename("bob", "Robert");
  assertEquals(tea?.members.get("robert"), { nick: "Robert", prefixes: "@", away: true, isNew: false });
  assertEquals([tabs(), model.find("robert"), model.find("bob")], [
    ["#tea", "#den", "Robert", "carol"],
    bob,
    undefined,
  ]);
  assertEquals(take(), ["members #tea", "tabs", "room Robert"]);
  model.rename("Robert", "ROBERT");
  assertEquals([model.find("robert")?.name, tea?.members.get("robert")?.nick], ["ROBERT", "ROBERT"]);
  model.rename("Robert", "carol");
  assertEquals([tabs(), tea?.members.has("carol")], [["#tea", "#den", "ROBERT", "carol"], true]);
  model.addMember(tea!, "carol", "+");
  assertEquals(tea?.members.get("carol"), { nick: "carol", prefixes: "+", away: true, isNew: false });
  take();
  assertEquals([model.removeMember(tea!, "CAROL"), model.removeMember(tea!, "carol")], [true, false]);
  assertEquals(take(), ["members #tea"]);
});

Deno.test("model: members are sorted by rank and by name", () => {
  const { model } = makeModel("#tea");
  const [tea] = model.tabs;
  const nicks = { eve: "", Carol: "", dave: "+", alice: "+", zoe: "@", Bob: "@+" };
  for (const [nick, prefixes] of Object.entries(nicks)) model.addMember(tea!, nick, prefixes);
  assertEquals(tea?.sortedMembers.map(({ nick }) => nick), ["Bob", "zoe", "alice", "dave", "Carol", "eve"]);
});

Deno.test("model: the members are forgotten when the user is no longer in the room", () => {
  const { model } = makeModel("#tea");
  const [tea] = model.tabs;
  model.setState(tea!, "in");
  model.addMember(tea!, "bob");
  model.setState(tea!, "in");
  assertEquals(tea?.members.size, 1);
  model.setState(tea!, "out", { text: "bob kicked you.", action: "Rejoin" });
  assertEquals([tea?.members.size, tea?.joinError?.action], [0, "Rejoin"]);
  model.setState(tea!, "joining");
  assertEquals(tea?.joinError, undefined);
});

Deno.test("model: a nickname is mentioned only as a whole word, in any case", () => {
  const { model } = makeModel();
  for (
    const text of ["alice", "Hi ALICE!", "(alice)", "@alice:", "no: alice, alice", "Für alice…", "alicealice alice"]
  ) {
    assertEquals(model.mentions(text), true, text);
  }
  for (const text of ["", "malice", "alice2", "alice-", "_alice", "alice^", "[alice]", "alic", "a\\alice"]) {
    assertEquals(model.mentions(text), false, text);
  }
  for (const nick of ["a[b]", "x|y", "d^e", "z-z", "{o}", "w\\d"]) {
    model.nick = nick;
    assertEquals([model.mentions(`hi ${nick}!`), model.mentions("hi wd ab xy y 5 z")], [true, false], nick);
  }
  model.nick = "";
  assertEquals(model.mentions("anything at all!"), false);
  assertEquals(model.mentions("hi !"), false);
});

Deno.test("model: new lines wait while the history is loaded, and are added in any case", () => {
  const { model } = makeModel("#tea");
  const tea = model.find("#tea")!;
  const texts = () => tea.lines.map(({ text }) => text);
  model.startQueue(tea);
  model.add(tea, line(1));
  model.startQueue(tea);
  assertEquals([texts(), tea.queue?.length], [[], 1]);
  model.endQueue(tea, false);
  assertEquals([texts(), tea.queue, tea.unread], [["m1"], undefined, 1]);
  const missing = "Messages sent while you were away are not shown here.";
  model.startQueue(tea);
  model.add(tea, line(2));
  model.endQueue(tea, false);
  assertEquals(texts(), ["m1", missing, "m2"]);
  model.startQueue(tea);
  model.add(tea, line(3));
  model.tell(tea, "bob left");
  model.endQueue(tea, true); // the message is loaded after reconnecting
  assertEquals(texts(), ["m1", missing, "m2", "bob left"]);
  model.setState(tea, "out");
  model.startQueue(tea);
  model.endQueue(tea, false);
  model.endQueue(tea, false);
  assertEquals(texts().length, 4);
});

Deno.test("lines: the parts of a long message become one line, and a message is added once", () => {
  const lines = [line(1)];
  assertEquals(append(lines, line(1, { part: 1, text: " more", mention: true })), "longer");
  assertEquals(append(lines, line(1, { part: 2, text: " and more" })), "longer");
  assertEquals(lines, [line(1, { part: 2, text: "m1 more and more", mention: true })]);
  assertEquals([append(lines, line(1)), append(lines, line(1, { part: 2 }))], ["known", "known"]);
  assertEquals(append(lines, line(2, { part: 1 })), "added");
  assertEquals(append(lines, line(2, { part: 3 })), "known");
  const quiet = { kind: "quiet", text: "bob left", time: new Date(0) } as const;
  assertEquals([append(lines, quiet), append(lines, quiet)], ["added", "added"]);
  for (let number = 3; number < 20; number++) append(lines, line(number));
  assertEquals([append(lines, line(2)), lines.length], ["known", 21]);
  append(lines, line(20));
  assertEquals(append(lines, line(2, { part: 0 })), "added"); // only the last lines are looked at
});

Deno.test("lines: a position is after the message with its id, or after its time if that message is not there", () => {
  const lines = [line(1), line(2, { time: new Date(1) }), line(3, { id: undefined }), line(4), line(4, { part: 1 })];
  const after = (id: string, time: number) => indexAfter(lines, { id, time: new Date(time) });
  assertEquals([after("id1", 9), after("id2", 9), after("id4", 0)], [1, 2, 5]);
  assertEquals([after("", 0), after("", 1), after("gone", 1), after("gone", 4)], [0, 3, 3, 5]); // without an id, no message
  assertEquals([firstPosition(lines)?.id, lastPosition(lines)?.id, firstPosition([])], ["id1", "id4", undefined]);
  assertEquals(withoutKnown(lines, [line(4), line(9, { id: undefined })]).map(({ text }) => text), ["m1", "m2", "m3"]);
});

Deno.test("model: a pending message fails once, with the first reason, and only while it is pending", () => {
  const { model, take } = makeModel("#tea");
  const tea = model.find("#tea")!;
  const one: Pending = { kind: "say", text: "one", time: new Date() };
  const two: Pending = { ...one, text: "two" };
  for (const pending of [one, two]) model.addPending(tea, pending);
  take();
  model.failPending(tea, one, "first", true);
  model.failPending(tea, one, "second", false);
  assertEquals(tea.pending[0], { ...one, error: "first", after: { id: "", time: new Date(0) } });
  assertEquals(take(), ["pending #tea"]);
  model.removePending(tea, one);
  model.removePending(tea, one);
  assertEquals([tea.pending, take()], [[two], ["pending #tea"]]);
  const sent: Pending = { kind: "say", text: "sent", time: new Date() };
  model.failPending(tea, sent, "late");
  assertEquals([sent.error, take()], [undefined, []]);
});

Deno.test("model: missed messages replace the lines, unless the user reads older ones", () => {
  for (const reading of [true, false]) {
    const { model } = makeModel("#tea");
    const tea = model.find("#tea")!;
    model.show(tea);
    model.add(tea, line(1));
    model.setAtEnd(!reading);
    model.startQueue(tea);
    model.catchUp(tea, [line(8), line(9)], true);
    const texts = tea.lines.map(({ text }) => text);
    assertEquals([texts, tea.newer], reading ? [["m1"], "more"] : [["m8", "m9"], "none"]);
  }
});

Deno.test("model: only a line that was found is highlighted", () => {
  const { model, take } = makeModel("#tea");
  const tea = model.find("#tea")!;
  model.goTo(tea, line(1));
  assertEquals(tea.highlighted, undefined);
  model.goTo(tea, line(1), true);
  assertEquals([tea.highlighted, take()], [line(1), ["goto #tea", "goto #tea"]]);
});

Deno.test("model: lost history is told in rooms, and not in private conversations, of which the server may store none", () => {
  const { model } = makeModel("#tea", "bob");
  for (const room of model.tabs) {
    model.catchUp(room, [line(1)], false);
    model.catchUp(room, [line(8)], false);
  }
  const [tea, bob] = model.tabs.map(({ lines }) => lines.map(({ kind }) => kind));
  assertEquals([tea, bob], [["say", "info", "say"], ["say", "say"]]);
});

/** Messages from one number to another. */
function lines(from: number, to: number, more: Partial<Line> = {}): Line[] {
  return Array.from({ length: to - from + 1 }, (_, n) => line(from + n, more));
}

Deno.test("model: there may be more new messages than were loaded, unless the user has read the first of these", () => {
  for (const [read, atLeast, unread] of [[2, true, 8], [5, false, 5]] as const) {
    const { model } = makeModel("#tea");
    const tea = model.find("#tea")!;
    model.catchUp(tea, [line(1)], false);
    model.readUpTo(tea, new Date(read)); // on another device
    model.catchUp(tea, lines(3, 10), true);
    assertEquals([tea.newMessages?.atLeast, tea.unread], [atLeast, unread]);
  }
  const { model } = makeModel("#tea");
  const tea = model.find("#tea")!;
  model.catchUp(tea, [line(1)], false);
  model.catchUp(tea, lines(50, 60, { own: true }), true);
  assertEquals(tea.newMessages, { from: { id: "id1", time: new Date(1) }, count: 0, atLeast: true });
});

Deno.test("model: a room has no more than 2,000 lines after missed messages were loaded", () => {
  const { model } = makeModel("#tea");
  const tea = model.find("#tea")!;
  model.catchUp(tea, lines(1, 2090), true);
  assertEquals(tea.lines.length, 2090);
  model.catchUp(tea, lines(2050, 2110), true);
  assertEquals([tea.lines.length, tea.lines[0]?.id, tea.lines.at(-1)?.id], [2000, "id111", "id2110"]);
});

Deno.test("model: users are ignored also in messages that wait for the history, and never the user", () => {
  const { model } = makeModel("#tea");
  const tea = model.find("#tea")!;
  model.startQueue(tea);
  model.add(tea, line(1, { author: "bob" }));
  model.add(tea, line(2, { author: "alice", own: true }));
  model.setIgnored(["bob", "alice"]);
  model.endQueue(tea, false);
  assertEquals([tea.unread, tea.lines.map(({ ignored }) => ignored)], [0, [true, false]]);
});

Deno.test("model: a renamed room takes the place of a tab with its new name", () => {
  for (const names of [["#tea", "#den"], ["#den", "#tea"]]) {
    const { model, tabs } = makeModel(...names);
    const tea = model.find("#tea");
    model.show(model.find("#den"));
    model.renameRoom(tea!, "#den");
    assertEquals([tabs(), model.find("#den") === tea, model.current === tea], [["#den"], true, true]);
  }
});

Deno.test("model: the end of a room is reached when the latest message is loaded, and the first lines are dropped", () => {
  const { model } = makeModel("#tea");
  const tea = model.find("#tea")!;
  model.catchUp(tea, [line(2150)], true);
  model.replace(tea, lines(1, 50), false);
  assertEquals(tea.newer, "more");
  model.extend(tea, "newer", lines(51, 2149));
  assertEquals([tea.newer, tea.lines.length], ["more", 2000]);
  model.extend(tea, "newer", [line(2150)]);
  assertEquals([tea.newer, tea.lines.at(-1)?.id, tea.lines[0]?.id], ["none", "id2150", "id150"]);
  model.replace(tea, lines(2140, 2150), false);
  assertEquals(tea.newer, "none");
  model.replace(tea, lines(2140, 2160), true);
  assertEquals([tea.newer, tea.newest?.id], ["none", "id2160"]);
});

Deno.test("model: unread messages stay new when the user leaves the tab before they are shown", () => {
  const { model } = makeModel("#tea", "#den");
  const tea = model.find("#tea")!;
  model.add(tea, line(1));
  model.show(tea);
  model.show(model.find("#den"));
  assertEquals([tea.newMessages?.count, tea.firstNewLine?.id], [1, "id1"]);
});
