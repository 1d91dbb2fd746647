/** A chat with a persistent history: lines are committed before delivery, and rooms outlive their members. */
import { assert, assertEquals, assertThrows } from "@std/assert";
import { fc } from "../dependencies.ts";
import type { LocalChat, LocalChatOptions } from "../../src/chat/local_chat.ts";
import { LOBBY } from "../../src/chat/names.ts";
import { firstId } from "../../src/chat/ids.ts";
import type { Member } from "../../src/chat/member.ts";
import type { Room } from "../../src/chat/room.ts";
import { ChatError } from "../../src/chat/chat_error.ts";
import { StoreError } from "../../src/chat/store.ts";
import { finish } from "../../src/util/steps.ts";
import { assertRejected, Chat, CountingFormat, LastingHistory } from "./helpers.ts";

const TEA = "#tea";

/** A chat with a persistent history; `restart` starts another with what was stored. */
function lasting(options: Partial<LocalChatOptions> = {}) {
  const history = new LastingHistory();
  /** The reported storage failures, and `undefined` for each recovery. */
  const troubles: (string | undefined)[] = [];
  const start = (more: Partial<LocalChatOptions> = {}) => {
    history.close();
    const observer = {
      storeFailed: (error: StoreError) => void troubles.push(error.message),
      storeRecovered: () => void troubles.push(undefined),
      ...options.observer,
    };
    return new Chat({ history, ...options, ...more, observer });
  };
  return { history, troubles, chat: start(), restart: start };
}

function operators(room: Room): string[] {
  return [...room.ranks.op].map(({ nick }) => nick);
}

Deno.test("persistent history: a line is committed before any member gets it, whatever delivers it", () => {
  const ways: Record<string, (hub: LocalChat, alice: Member, bob: Member) => unknown> = {
    "a round": (hub) => hub.flush(),
    "a private message": (hub, alice) => hub.whisper(alice, "bob", "psst"),
    "an answer": (_hub, _alice, bob) => bob.send(["answer"]),
    "another format": (hub, _alice, bob) => hub.reformat(bob, new CountingFormat()),
    "leaving": (hub, _alice, bob) => hub.leave(bob, hub.findRoom(TEA)),
    "being put out": (hub, alice) => hub.kick(alice, hub.findRoom(TEA), "bob"),
    "going": (hub, _alice, bob) => hub.disconnect(bob),
  };
  for (const [way, handOut] of Object.entries(ways)) {
    const { chat, history } = lasting();
    const [alice, bob] = [chat.enter("alice", TEA, LOBBY), chat.enter("bob", TEA, LOBBY)];
    chat.heard(alice);
    const early: string[] = [];
    history.onCommit = () => early.push(...chat.told(alice), ...chat.told(bob));
    chat.say(alice, TEA, "1");
    chat.say(alice, LOBBY, "2");
    assertEquals([history.commits, chat.told(bob)], [[], []], way);
    handOut(chat.hub, alice, bob);
    assertEquals([early, history.commits], [[], [[TEA, LOBBY, "1", "2"]]], way);
    const said = (lines: string[]) => lines.filter((line) => line.startsWith("said"));
    for (const each of [alice, bob]) {
      assertEquals(said(chat.heard(each)), ["said #tea alice 1 say", "said #lobby alice 2 say"], way);
    }
    assertEquals(history.commits.length, 1, way);
  }
});

Deno.test("persistent history: lines and changed rooms of a round are committed at once", () => {
  const { chat, history } = lasting();
  const alice = chat.enter("alice", "#a", "#b");
  const a = chat.hub.findRoom("#a");
  const kept = (action: () => unknown) => {
    action();
    chat.heard(alice);
    return history.take();
  };
  assertEquals(kept(() => {}), []);
  const much = () => {
    chat.say(alice, "#a", "1");
    chat.say(alice, "#b", "2");
    chat.hub.setTopic(alice, a, "topic");
    chat.say(alice, "#a", "3", { style: "action" });
    chat.say(alice, "#a", "4", { style: "notice" });
  };
  assertEquals(kept(much), [["#a", "#b", "1", "2", "3", "4"]]);
  assertEquals(kept(() => {}), []);
  assertEquals(kept(() => chat.say(alice, "#a", "5")), [["5"]]);
  assertEquals(kept(() => chat.hub.setTopic(alice, a, "")), [["#a"]]);
  assertEquals(kept(() => chat.mode(alice, "#a", "+m")), [["#a"]]);
  assertEquals(kept(() => chat.mode(alice, "#a", "+m")), [], "it was on already");
  assertEquals(chat.hub.linesStored, 5);
});

Deno.test("persistent history: CTCP, tags and lines for a rank are delivered without being stored", () => {
  const { chat, history } = lasting();
  const [alice, bob] = [chat.enter("alice", TEA), chat.enter("bob", TEA)];
  chat.mode(alice, TEA, "+o bob");
  chat.heard(alice);
  chat.heard(bob);
  history.take();
  history.full = "the disk is full";
  chat.say(alice, TEA, "VERSION", { style: "ctcp" });
  chat.say(alice, TEA, "1.0", { style: "ctcp-reply" });
  chat.say(alice, TEA, "psst", { least: "op" });
  chat.hub.tag(alice, chat.hub.findRoom(TEA), "+typing");
  assertEquals(chat.heard(bob), [
    "said #tea alice VERSION ctcp",
    "said #tea alice 1.0 ctcp-reply",
    "said #tea alice psst say op",
    "tagged alice #tea +typing",
  ]);
  assertEquals([history.commits, chat.hub.linesLost, chat.said(TEA)], [[], 0, []]);
});

Deno.test("persistent history: lines that cannot be stored reach no member, and their authors are told", () => {
  const { chat, history } = lasting();
  const [alice, bob] = [chat.enter("alice", TEA, LOBBY), chat.enter("bob", TEA, LOBBY)];
  const tea = chat.hub.findRoom(TEA);
  chat.say(bob, TEA, "before");
  for (const each of [alice, bob]) chat.heard(each);
  history.full = "the disk is full";
  bob.echo = false;
  chat.say(alice, TEA, "1");
  const carol = chat.arrive("carol", [TEA]);
  chat.hub.setTopic(alice, tea, "green");
  chat.say(bob, TEA, "2");
  chat.say(alice, LOBBY, "3");
  chat.hub.rename(bob, "rob");
  chat.say(alice, TEA, "4");
  chat.hub.leave(carol, tea); // this delivers to one what the others wait for
  chat.say(alice, TEA, "5");
  const events = ["joined #tea carol 3", "topic #tea alice green", "renamed bob rob"];
  const left = "left #tea carol 2 own";
  const unsaid = (room: string, who: string, text: string) => `unsaid ${room} ${who} ${text}`;
  assertEquals(chat.heard(alice), [
    ...events,
    unsaid(TEA, "alice", "1"),
    unsaid(LOBBY, "alice", "3"),
    unsaid(TEA, "alice", "4"),
    left,
    unsaid(TEA, "alice", "5"),
  ]);
  assertEquals(chat.heard(bob), [...events, unsaid(TEA, "bob", "2"), left]);
  assertEquals(chat.heard(carol), events.slice(1));
  assertEquals([chat.said(TEA), chat.said(LOBBY), chat.hub.linesLost], [["before"], [], 5]);

  history.full = undefined;
  chat.say(alice, TEA, "6");
  for (const each of [alice, bob]) assertEquals(chat.heard(each), ["said #tea alice 6 say"]);
  assertEquals([chat.said(TEA), chat.hub.linesStored, chat.hub.linesLost], [["before", "6"], 2, 5]);
});

Deno.test("persistent history: lines are rolled back when a commit for one member fails", () => {
  const { chat, history } = lasting();
  const [alice, bob] = [chat.enter("alice", TEA), chat.enter("bob", TEA)];
  chat.heard(alice);
  history.full = "the disk is full";
  chat.say(alice, TEA, "1");
  alice.send(["an answer"]);
  assertEquals(chat.told(alice), ["unsaid #tea alice 1", "an answer"]);
  chat.say(alice, TEA, "2");
  chat.hub.whisper(alice, "bob", "psst");
  assertEquals(chat.heard(alice), ["unsaid #tea alice 2"]);
  assertEquals(chat.heard(bob), ["whispered alice bob psst say"]);
});

Deno.test("persistent history: a failure and the recovery are reported once each", () => {
  const { chat, history, troubles } = lasting();
  const alice = chat.enter("alice", TEA);
  const say = (full?: string) => {
    history.full = full;
    chat.say(alice, TEA, "hi");
    chat.heard(alice);
    return troubles.splice(0);
  };
  assertEquals(say(), []);
  assertEquals(say("the disk is full"), ["the disk is full"]);
  assertEquals([say("the disk is full"), say("the disk fails")], [[], []]);
  history.full = undefined;
  chat.hub.flush();
  chat.hub.notice("lunch");
  assertEquals(troubles, [], "there was nothing to store");
  assertEquals([say(), say()], [[undefined], []]);
  assertEquals(say("the disk fails"), ["the disk fails"]);
  assertEquals([chat.hub.linesStored, chat.hub.linesLost], [3, 4]);
});

Deno.test("persistent history: room settings take effect at once and are saved when that is possible", () => {
  const { chat, history, restart } = lasting();
  const alice = chat.enter("alice", TEA);
  history.full = "the disk is full";
  chat.hub.setTopic(alice, chat.hub.findRoom(TEA), "green");
  chat.mode(alice, TEA, "+m");
  assertEquals(chat.heard(alice), ["topic #tea alice green", "modes #tea alice +m"]);
  assertEquals(history.rooms(), []);
  history.full = undefined;
  chat.hub.flush();
  const { topic, switches } = restart().hub.findRoom(TEA);
  assertEquals([topic?.text, [...switches].sort()], ["green", ["m", "n", "t"]]);
});

Deno.test("persistent history: a line to an empty room is stored, or its author is told", () => {
  const { chat, history } = lasting();
  const [alice, bob] = [chat.enter("alice", TEA), chat.enter("bob")];
  chat.mode(alice, TEA, "-n");
  chat.hub.leave(alice, chat.hub.findRoom(TEA));
  chat.hub.flush();
  history.take();
  chat.held = 0;
  chat.say(bob, TEA, "anybody?");
  assert(chat.held > 0, "no flush is requested");
  assertEquals([chat.heard(bob), history.take()], [[], [["anybody?"]]]);
  history.full = "the disk is full";
  chat.say(bob, TEA, "nobody?");
  assertEquals(chat.heard(bob), ["unsaid #tea bob nobody?"]);
});

Deno.test("persistent history: lines of this round are committed before the history is read", () => {
  const { chat, history } = lasting();
  const alice = chat.enter("alice", TEA);
  const room = chat.hub.findRoom(TEA);
  chat.say(alice, TEA, "1");
  chat.say(alice, TEA, "2");
  const [one, two] = chat.hub.history.page(room, { count: 10 });
  assertEquals([one?.text, two?.text, history.take()], ["1", "2", [[TEA, "1", "2"]]]);
  assert(chat.hub.history.hasLine(alice, room, one!.id) && !chat.hub.history.hasLine(alice, room, two!.id + 1));
  assert(!chat.hub.history.hasLine(alice, chat.hub.findRoom(LOBBY), one!.id));
  assertEquals(chat.hub.history.page(room, { after: one!.id, count: 10 }).map(({ text }) => text), ["2"]);
  chat.say(alice, TEA, "green tea");
  assertEquals(finish(chat.hub.history.search([room], { words: ["tea"], count: 10 })).lines.map(({ text }) => text), [
    "green tea",
  ]);
  assertEquals(finish(chat.hub.history.search([chat.hub.findRoom(LOBBY)], { words: ["tea"], count: 10 })).lines, []);
});

Deno.test("persistent history: the lobby is restored with its topic and without its modes", () => {
  const { history, restart } = lasting();
  const topic = { text: "hello", by: "a!b@c", at: 1 };
  const masks = [{ list: "b", mask: "*!*@*", by: "*", at: 1 }] as const;
  history.saveRoom({ name: "#Lobby", since: 1, topic, switches: ["i", "m"], password: "x", limit: 1, masks });
  history.commit();
  const chat = restart();
  const [alice, bob] = [chat.enter("alice", LOBBY), chat.enter("bob", LOBBY)];
  chat.say(bob, LOBBY, "hi");
  assertEquals([chat.heard(alice).length, chat.hub.findRoom(LOBBY).topic], [1, topic]);
});

Deno.test("private history: a message is stored for both members, and read by no other", () => {
  const { chat, history, restart } = lasting({ keepPrivate: true });
  const arrive = (chat: Chat, nick: string, host: string) => chat.arrive(nick, [LOBBY], { host });
  const texts = ({ hub }: Chat, member: Member, nick: string) => {
    return hub.history.conversation(member, nick, { count: 10 }).map(({ who, text }) => `${who} ${text}`);
  };
  const withWhom = ({ hub }: Chat, member: Member) => {
    return finish(hub.history.conversations(member)).map(({ with: nick, line }) => `${nick} ${line.text}`).sort();
  };
  const [alice, bob, carol] = [arrive(chat, "Alice", "a"), arrive(chat, "Bob", "b"), arrive(chat, "carol", "c")];
  const early: string[] = [];
  chat.heard(bob);
  history.onCommit = () => early.push(...chat.told(bob));
  chat.hub.whisper(alice, "bob", "psst");
  assertEquals([early, history.take()], [[], [["psst", "psst"]]]);
  assertEquals(chat.told(bob), ["whispered Alice Bob psst say"]);
  chat.hub.whisper(bob, "ALICE", "what?");
  chat.hub.whisper(alice, "bob", "VERSION", { style: "ctcp" });
  chat.hub.whisper(alice, "carol", "waves", { style: "action" });
  chat.hub.whisper(carol, "carol", "note");
  for (const [member, nick] of [[alice, "BOB"], [bob, "alice"]] as const) {
    assertEquals(texts(chat, member, nick), ["Alice psst", "Bob what?"]);
  }
  assertEquals(chat.hub.linesStored, 4, "each once, though both members have a copy");
  assertEquals([texts(chat, carol, "carol"), texts(chat, carol, "bob"), texts(chat, carol, "alice")], [
    ["carol note"],
    [],
    ["Alice waves"],
  ]);
  assertEquals([alice, bob, carol].map((each) => withWhom(chat, each)), [
    ["bob what?", "carol waves"],
    ["alice what?"],
    ["alice waves", "carol note"],
  ]);
  const [first] = chat.hub.history.conversation(alice, "bob", { count: 10 });
  assertEquals(
    [[alice, "bob"], [bob, "alice"], [alice, "carol"], [carol, "bob"]].map(([member, nick]) => {
      return chat.hub.history.hasLine(member as Member, nick as string, first!.id);
    }),
    [true, true, false, false],
  );

  // A nickname without an account proves nothing, so the host has to be the same.
  const later = restart();
  const [again, other] = [arrive(later, "alice", "a"), arrive(later, "bob", "elsewhere")];
  assertEquals([texts(later, again, "bob"), texts(later, other, "alice")], [["Alice psst", "Bob what?"], []]);
  assertEquals(withWhom(later, other), []);
});

Deno.test("private history: a message that cannot be stored is rejected and not delivered", () => {
  const { chat, history, troubles } = lasting({ keepPrivate: true });
  const [alice, bob] = [chat.enter("alice", TEA), chat.enter("Bob", TEA)];
  chat.heard(alice);
  history.full = "the disk is full";
  chat.say(alice, TEA, "aloud");
  const before = alice.spokeAt;
  assertRejected("not-kept", "Bob", () => chat.hub.whisper(alice, "bob", "psst"));
  assertEquals([chat.heard(bob), alice.spokeAt, troubles], [[], before, ["the disk is full"]]);
  assertEquals([chat.heard(alice), chat.hub.linesLost], [["unsaid #tea alice aloud"], 2]);
  chat.hub.whisper(alice, "bob", "VERSION", { style: "ctcp" });
  assertEquals(chat.heard(bob), ["whispered alice Bob VERSION ctcp"]);
  history.full = undefined;
  chat.hub.whisper(alice, "bob", "again");
  assertEquals(chat.heard(bob), ["whispered alice Bob again say"]);
  assertEquals(chat.hub.history.conversation(bob, "alice", { count: 10 }).map(({ text }) => text), ["again"]);
});

Deno.test("private history: messages to several members are committed at once, or delivered to none", () => {
  const { chat, history } = lasting({ keepPrivate: true });
  const [alice, bob, carol] = [chat.enter("alice"), chat.enter("bob"), chat.enter("carol")];
  const early: string[] = [];
  history.onCommit = () => early.push(...chat.told(bob), ...chat.told(carol));
  const whisper = (text: string) => {
    return chat.hub.whisperEach(alice, ["bob", "nobody", "CAROL", "alice"], text).map((told) => {
      return told instanceof ChatError ? `${told.code} ${told.subject}` : told?.to;
    });
  };
  assertEquals(whisper("1"), ["bob", "nobody nobody", "carol", "alice"]);
  assertEquals([early, history.take()], [[], [["1", "1", "1", "1", "1"]]]);
  assertEquals([bob, carol].map((each) => chat.told(each)), [["whispered alice bob 1 say"], [
    "whispered alice carol 1 say",
  ]]);
  history.full = "the disk is full";
  assertEquals(whisper("2"), ["not-kept bob", "nobody nobody", "not-kept carol", "not-kept alice"]);
  assertEquals([chat.told(bob), chat.told(carol), chat.hub.linesStored, chat.hub.linesLost], [[], [], 3, 3]);
  assertEquals([whisper(" \x1b"), chat.hub.linesLost], [[undefined, "nobody nobody", undefined, undefined], 3]);
});

Deno.test("private history: a message is delivered without being stored when that is off", () => {
  const { chat, history } = lasting();
  const [alice, bob] = [chat.enter("alice"), chat.enter("bob")];
  history.full = "the disk is full";
  chat.hub.whisper(alice, "bob", "psst");
  assertEquals([chat.heard(bob), history.commits], [["whispered alice bob psst say"], []]);
  assertEquals(chat.hub.history.conversation(alice, "bob", { count: 10 }), []);
  assertEquals(finish(chat.hub.history.conversations(bob)), []);
});

Deno.test("persistent history: reads are rejected when the history is unreadable", () => {
  const { chat, history } = lasting();
  const alice = chat.enter("alice", TEA);
  const room = chat.hub.findRoom(TEA);
  chat.say(alice, TEA, "hi");
  chat.heard(alice);
  const ways: Record<string, (hub: LocalChat) => unknown> = {
    latest: (hub) => hub.history.latest(room, 10),
    page: (hub) => hub.history.page(room, { count: 10 }),
    conversation: (hub) => hub.history.conversation(alice, "bob", { count: 10 }),
    wasSaid: (hub) => hub.history.hasLine(alice, room, 7),
    conversations: (hub) => finish(hub.history.conversations(alice)),
    search: (hub) => finish(hub.history.search([room], { words: ["hi"], count: 10 })),
  };
  history.unreadable = "the disk fails";
  for (const read of Object.values(ways)) assertRejected("history-unreadable", "the disk fails", () => read(chat.hub));
  history.unreadable = undefined;
  assertEquals(chat.said(TEA), ["hi"]);
});

Deno.test("persistent rooms: a room with lines or settings outlives its members, and others do not", () => {
  const deeds: Record<string, [boolean, (chat: Chat, alice: Member, room: Room) => unknown]> = {
    "nothing": [false, () => {}],
    "nothing said": [false, ({ hub }, alice, room) => hub.say(alice, room, " \x1b ")],
    "said among programs": [false, ({ hub }, alice, room) => hub.say(alice, room, "VERSION", { style: "ctcp" })],
    "said to operators": [false, ({ hub }, alice, room) => hub.say(alice, room, "psst", { least: "op" })],
    "said": [true, ({ hub }, alice, room) => hub.say(alice, room, "hi")],
    "a topic": [true, ({ hub }, alice, room) => hub.setTopic(alice, room, "green")],
    "a mode": [true, (chat, alice) => chat.mode(alice, TEA, "+s")],
    "a ban": [true, (chat, alice) => chat.mode(alice, TEA, "+b bob")],
  };
  const ends: Record<string, (hub: LocalChat, alice: Member, room: Room) => unknown> = {
    "leaving": (hub, alice, room) => hub.leave(alice, room),
    "going": (hub, alice) => hub.disconnect(alice),
    "being put out": (hub, alice, room) => hub.kick(alice, room, "alice"),
  };
  for (const [deed, [stays, act]] of Object.entries(deeds)) {
    for (const [end, leave] of Object.entries(ends)) {
      const { chat, restart } = lasting();
      const alice = chat.enter("alice", TEA);
      const room = chat.hub.findRoom(TEA);
      act(chat, alice, room);
      leave(chat.hub, alice, room);
      const expected = stays ? [LOBBY, TEA] : [LOBBY];
      chat.hub.flush();
      const message = `${deed}, ${end}`;
      assertEquals([chat.rooms(), room.members.size, operators(room)], [expected, 0, []], message);
      if (stays) assert(chat.hub.findRoom(TEA) === room, message);
      const later = restart();
      assertEquals(later.rooms().sort(), expected, message);
      later.hub.disconnect(later.enter("carol", TEA)); // without saying a line
      assertEquals(later.rooms().sort(), expected, message);
    }
  }
});

Deno.test("persistent rooms: the first member of an empty room becomes its operator, except in the lobby", () => {
  const { chat, restart } = lasting();
  const alice = chat.enter("alice", TEA, LOBBY);
  chat.say(alice, TEA, "hi");
  chat.say(alice, LOBBY, "hi");
  chat.hub.setTopic(alice, chat.hub.findRoom(LOBBY), "anybody may");
  chat.hub.disconnect(alice);
  chat.hub.flush();
  for (const each of [chat, restart()]) {
    const bob = each.enter("bob", TEA, LOBBY);
    each.enter("carol", TEA, LOBBY);
    assertEquals(operators(each.hub.findRoom(TEA)), ["bob"]);
    assertEquals(operators(each.hub.findRoom(LOBBY)), []);
    each.hub.leave(bob, each.hub.findRoom(TEA));
    each.hub.join(bob, TEA);
    assertEquals(operators(each.hub.findRoom(TEA)), [], "not while the room has members");
    for (const member of each.hub.members) each.hub.disconnect(member);
  }
});

Deno.test("persistent rooms: they are restored after a restart with lines and settings, without members", () => {
  const { chat, restart } = lasting();
  const alice = chat.enter("alice", "#Tea", LOBBY, "#empty");
  chat.enter("bob", TEA);
  for (const text of ["1", "2", "3"]) chat.say(alice, TEA, text, { tags: "+a" });
  chat.hub.setTopic(alice, chat.hub.findRoom(TEA), "green or black?");
  chat.hub.setTopic(alice, chat.hub.findRoom(LOBBY), "anybody may");
  chat.mode(alice, TEA, "+ims-t");
  chat.mode(alice, TEA, "+k sesame");
  chat.mode(alice, TEA, "+l 7");
  chat.mode(alice, TEA, "+beI evil!*@* *!*@good.* friend!*@*");
  chat.mode(alice, TEA, "+b Other!*@*");
  chat.mode(alice, TEA, "+v bob");
  chat.say(alice, LOBBY, "hi");
  chat.hub.flush();
  const before = [TEA, LOBBY].map((name) => chat.hub.findRoom(name));
  const lines = before.map((room) => chat.hub.history.latest(room, 10));

  const later = restart();
  assertEquals(later.rooms().sort(), [LOBBY, "#Tea"].sort(), "the third room has no lines");
  const after = [TEA, LOBBY].map((name) => later.hub.findRoom(name));
  assertEquals(after.map(({ saved }) => saved), before.map(({ saved }) => saved));
  assertEquals(after.map((room) => later.hub.history.latest(room, 10)), lines);
  const [tea, lobby] = after as [Room, Room];
  assertEquals([tea.name, tea.since, tea.topic, tea.password, tea.limit], [
    "#Tea",
    before[0]!.since,
    { text: "green or black?", by: "alice!~user@host", at: before[0]!.topic!.at },
    "sesame",
    7,
  ]);
  assertEquals([...tea.switches].sort(), ["i", "m", "n", "s"]);
  assertEquals([...tea.lists.b.keys()], ["evil!*@*", "other!*@*"]);
  assertEquals([[...tea.lists.e.keys()], [...tea.lists.I.keys()]], [["*!*@good.*"], ["friend!*@*"]]);
  assertEquals([tea.members.size, tea.ranks.op.size, tea.ranks.voice.size], [0, 0, 0]);
  assertEquals([[...lobby.switches], lobby.topic?.text], [["n"], "anybody may"]);

  assertRejected("invite-only", "#Tea", () => later.hub.join(later.enter("bob"), TEA, "sesame"));
  const friend = later.enter("friend");
  assertRejected("wrong-key", "#Tea", () => later.hub.join(friend, TEA, "guess"));
  later.hub.join(friend, TEA, "sesame");
  assertEquals(operators(tea), ["friend"]);
  assertRejected("banned", "#Tea", () => later.hub.join(later.enter("evil"), TEA, "sesame"));
});

Deno.test("persistent rooms: removed settings stay removed after a restart", () => {
  const { chat, restart } = lasting();
  const alice = chat.enter("alice", TEA);
  chat.hub.setTopic(alice, chat.hub.findRoom(TEA), "green");
  chat.mode(alice, TEA, "+ib bob!*@*");
  chat.mode(alice, TEA, "+k sesame");
  chat.hub.flush();
  chat.hub.setTopic(alice, chat.hub.findRoom(TEA), "");
  chat.mode(alice, TEA, "-ib bob!*@*");
  chat.mode(alice, TEA, "-k sesame");
  chat.hub.flush();
  const { topic, switches, password, lists } = restart().hub.findRoom(TEA);
  assertEquals([topic, [...switches].sort(), password, lists.b.size], [undefined, ["n", "t"], undefined, 0]);
});

Deno.test("persistent rooms: invitations end when the room is empty", () => {
  const { chat } = lasting();
  const [alice, bob] = [chat.enter("alice", TEA), chat.enter("bob")];
  const room = chat.hub.findRoom(TEA);
  chat.mode(alice, TEA, "+i");
  chat.hub.invite(alice, room, "bob");
  chat.hub.leave(alice, room);
  assertEquals([room.invited.size, bob.invitations.size], [0, 0]);
  assertRejected("invite-only", TEA, () => chat.hub.join(bob, TEA));
});

Deno.test("persistent rooms: a server operator may enter any empty room, which is reported", () => {
  const forced: string[] = [];
  const { chat } = lasting({ observer: { entryForced: ({ nick }, { name }) => void forced.push(`${nick} ${name}`) } });
  const alice = chat.enter("alice", TEA);
  chat.mode(alice, TEA, "+iklb sesame 1 *!*@*");
  const [oper, other, bob] = [chat.enter("oper"), chat.enter("other"), chat.enter("bob")];
  for (const member of [oper, other]) chat.hub.setFlag(member, "operator", true);
  assertRejected("banned", TEA, () => chat.hub.join(oper, TEA));
  chat.hub.leave(alice, chat.hub.findRoom(TEA));
  assertRejected("banned", TEA, () => chat.hub.join(bob, TEA));
  const room = chat.hub.join(oper, TEA);
  assertEquals([[...room.members], operators(room)], [[oper], ["oper"]]);
  assertRejected("banned", TEA, () => chat.hub.join(other, TEA));
  assertEquals(forced, [`oper ${TEA}`]);
});

Deno.test("persistent rooms: a server operator that may join anyway is not reported", () => {
  const forced: string[] = [];
  const { chat } = lasting({ observer: { entryForced: ({ nick }, { name }) => void forced.push(`${nick} ${name}`) } });
  const oper = chat.enter("oper");
  chat.hub.setFlag(oper, "operator", true);
  for (const [name, modes] of [["#open", "+m"], ["#key", "+k key"], ["#asked", "+iI op*!*@*"], ["#not", "+be * op*"]]) {
    const alice = chat.enter("alice", name!);
    const room = chat.hub.findRoom(name!);
    chat.say(alice, room.name, "so that it stays");
    chat.mode(alice, room.name, modes!);
    chat.hub.disconnect(alice);
    assertEquals(chat.hub.join(oper, room.name, "key"), room);
    assertEquals([[...room.members], forced], [[oper], []], room.name);
  }
});

Deno.test("persistent rooms: empty rooms count towards the limit until they are deleted", () => {
  const { chat, restart } = lasting({ maxRooms: 3 });
  const alice = chat.enter("alice", "#a", "#b");
  chat.say(alice, "#a", "hi");
  assertRejected("rooms-full", "#c", () => chat.hub.join(alice, "#c"));
  chat.hub.leave(alice, chat.hub.findRoom("#b")); // which has no lines
  chat.hub.join(alice, "#c");
  chat.say(alice, "#c", "hi");
  chat.hub.flush();
  const later = restart({ maxRooms: 1 });
  assertEquals(later.rooms().length, 3, "restored rooms are not deleted");
  const bob = later.enter("bob", "#a", "#c");
  assertRejected("rooms-full", "#b", () => later.hub.join(bob, "#b"));
  assertEquals(bob.rooms.size, 2);
});

Deno.test("persistent rooms: at the limit, the room without lines that is empty longest is deleted", () => {
  const { chat, history, restart } = lasting({ maxRooms: 7 });
  const alice = chat.enter("alice", "#a", "#b", "#quiet", "#c", "#d", "#mute");
  for (const room of ["#a", "#b", "#c", "#d"]) chat.say(alice, room, "hi");
  for (const room of ["#quiet", "#mute"]) chat.mode(alice, room, "+m");
  for (const room of ["#b", "#a", "#mute", "#quiet"]) chat.hub.leave(alice, chat.hub.findRoom(room));
  chat.hub.join(alice, "#b");
  chat.hub.leave(alice, chat.hub.findRoom("#b")); // it was empty for the shortest time now
  chat.hub.flush();
  /** Joins a new room, and returns the rooms that were deleted for it. */
  const gone = ({ hub }: Chat, member: Member, room: string): string[] => {
    const before = [...hub.rooms];
    hub.join(member, room);
    hub.flush();
    const left = before.filter((each) => ![...hub.rooms].includes(each)).map(({ name }) => name);
    assertEquals(history.rooms().filter(({ name }) => left.includes(name)), [], "they are not stored any more");
    return left;
  };
  assertEquals(gone(chat, alice, "#1"), ["#mute"]);
  chat.say(alice, "#1", "hi");
  chat.hub.flush();
  const later = restart(); // which has to read which rooms have lines
  const bob = later.enter("bob", "#c", "#d", "#1");
  assertEquals(gone(later, bob, "#2"), ["#quiet"]);
  assertRejected("rooms-full", "#3", () => later.hub.join(bob, "#3")); // #a and #b are empty, but have lines
  later.mode(bob, "#2", "+m");
  later.hub.leave(bob, later.hub.findRoom("#2"));
  later.hub.flush();
  history.full = "the disk is full";
  assertRejected("rooms-full", "#3", () => later.hub.join(bob, "#3"));
  assert(later.rooms().includes("#2"));
  history.full = undefined;
  assertEquals(gone(later, bob, "#3"), ["#2"]);
  assertEquals(later.rooms().filter((room) => /#[ab]$/.test(room)), ["#a", "#b"]);
});

Deno.test("persistent rooms: a member that creates and leaves rooms does not use up the limit", () => {
  const { chat } = lasting({ maxRooms: 5 });
  const [alice, troll] = [chat.enter("alice", "#den"), chat.enter("troll")];
  chat.say(alice, "#den", "hi");
  chat.hub.leave(alice, chat.hub.findRoom("#den"));
  for (let n = 0; n < 20; n++) {
    const room = chat.hub.join(troll, `#t${n}`);
    chat.mode(troll, room.name, "+m");
    chat.hub.leave(troll, room);
    chat.hub.flush();
  }
  assert(chat.rooms().includes("#den"), "it has lines");
  chat.hub.join(alice, "#tea");
  assertEquals(chat.rooms(), [LOBBY, "#den", "#t18", "#t19", "#tea"]);
});

Deno.test("persistent rooms: ranks alone do not make a room outlive its members", () => {
  const { chat, history } = lasting();
  const alice = chat.enter("alice", TEA);
  chat.mode(alice, TEA, "+v alice");
  chat.mode(alice, TEA, "-o alice");
  chat.hub.leave(alice, chat.hub.findRoom(TEA));
  chat.hub.flush();
  assertEquals([chat.rooms(), history.rooms()], [[LOBBY], []]);
});

Deno.test("persistent rooms: an empty room is deleted when its history has expired, except for the lobby", () => {
  const { chat, history, restart } = lasting({ maxRooms: 3 });
  const alice = chat.enter("alice", "#a", "#b", LOBBY);
  for (const room of ["#a", "#b", LOBBY]) chat.say(alice, room, "hi");
  chat.hub.setTopic(alice, chat.hub.findRoom("#a"), "old");
  chat.hub.leave(alice, chat.hub.findRoom("#a"));
  chat.hub.leave(alice, chat.hub.findRoom(LOBBY));
  chat.hub.flush();
  for (const room of ["#a", "#b", LOBBY, "#nowhere"]) chat.hub.dropRoom(room);
  assertEquals(chat.rooms(), [LOBBY, "#b"]);
  assertEquals(history.rooms().map(({ name }) => name).sort(), [LOBBY, "#b"].sort());
  assertEquals([chat.said("#b"), chat.said(LOBBY)], [["hi"], ["hi"]]);
  chat.hub.join(alice, "#a");
  assertEquals([chat.said("#a"), chat.hub.findRoom("#a").topic], [[], undefined]);
  chat.hub.leave(alice, chat.hub.findRoom("#a"));
  chat.hub.flush();
  assertEquals([chat.rooms(), restart().rooms().sort()], [[LOBBY, "#b"], [LOBBY, "#b"].sort()]);
});

Deno.test("persistent rooms: a room that cannot be deleted stays until it can", () => {
  const { chat, history } = lasting();
  const alice = chat.enter("alice", TEA);
  chat.say(alice, TEA, "hi");
  chat.hub.disconnect(alice);
  history.full = "the disk is full";
  assertThrows(() => chat.hub.dropRoom(TEA), StoreError);
  assertEquals([chat.rooms(), history.rooms().map(({ name }) => name)], [[LOBBY, TEA], [TEA]]);
  history.full = undefined;
  chat.hub.dropRoom(TEA);
  assertEquals([chat.rooms(), history.rooms()], [[LOBBY], []]);
});

Deno.test("persistent rooms: a room that is deleted before it was saved is not saved", () => {
  const { chat, history, restart } = lasting();
  const alice = chat.enter("alice", TEA);
  chat.hub.setTopic(alice, chat.hub.findRoom(TEA), "green");
  chat.hub.leave(alice, chat.hub.findRoom(TEA));
  chat.hub.dropRoom(TEA);
  chat.hub.flush();
  assertEquals([history.rooms(), restart().rooms()], [[], [LOBBY]]);
});

Deno.test("ids: they grow across restarts, even if the clock was put back", () => {
  const { chat, history, restart } = lasting();
  const ids = (chat: Chat) => {
    const alice = chat.enter("alice", TEA);
    chat.say(alice, TEA, "hi");
    chat.say(alice, TEA, "hi");
    return chat.hub.history.latest(chat.hub.findRoom(TEA), 2).map(({ id }) => id);
  };
  const [first, second] = ids(chat) as [number, number];
  assert(first < second);
  const [third] = ids(restart()) as [number];
  assert(second < third);
  history.last = firstId(Date.now() + 3_600_000);
  const last = history.last;
  assertEquals(ids(restart()), [last + 1, last + 2]);
});

Deno.test("persistent history: members get exactly the lines that are stored, whenever the disk is full", () => {
  const ROOMS = ["#x", "#y", LOBBY];
  const verb = fc.constantFrom(
    "say",
    "say",
    "say",
    "answer",
    "whisper",
    "join",
    "leave",
    "echo",
    "topic",
    "disk",
    "flush",
  );
  const steps = fc.array(fc.tuple(verb, fc.nat({ max: 2 }), fc.nat({ max: 2 })), { maxLength: 60, size: "max" });
  fc.assert(
    fc.property(steps, (steps) => {
      const { chat, history } = lasting();
      const { hub } = chat;
      // Texts are growing numbers, rendered after the room or "direct".
      const format = new CountingFormat((event) => {
        if (event.kind === "said") return `${event.room} ${event.text}`;
        if (event.kind === "topic") return `${event.room} topic ${event.topic}`;
        if (event.kind === "unsaid") return `unsaid ${event.text}`;
        return event.kind === "whispered" ? `direct ${event.text}` : undefined;
      });
      const people = [0, 1, 2].map((number) => {
        const member = chat.arrive(`p${number}`, [], {}, format);
        return { member, got: [] as string[], owed: [] as string[], said: [] as string[] };
      });
      const kept = () => new Set(history.commits.flat());
      const collect = () => {
        for (const { member, got } of people) got.push(...chat.told(member));
        const known = kept();
        for (const line of people.flatMap(({ got }) => got)) {
          const [, text] = /^#\w+ (\d+)$/.exec(line) ?? [];
          assert(text === undefined || known.has(text), `${line} was delivered before its commit`);
        }
      };
      history.onCommit = collect;
      for (const [step, [verb, who, which]] of [...steps, ["flush", 0, 0] as const].entries()) {
        const { member, owed, said } = people[who]!;
        const name = ROOMS[which]!;
        const inside = () => people.filter((other) => other.member.rooms.has(name));
        if (verb === "join") hub.join(member, name);
        else if (verb === "answer") {
          member.send([`direct ${step}`]);
          owed.push(`direct ${step}`);
        } else if (verb === "whisper") {
          hub.whisper(member, people[which]!.member.nick, String(step));
          people[which]!.owed.push(`direct ${step}`);
        } else if (verb === "echo") member.echo = !member.echo;
        else if (verb === "disk") history.full = history.full === undefined ? "the disk is full" : undefined;
        else if (verb === "flush") hub.flush();
        else if (!member.rooms.has(name)) continue;
        else if (verb === "leave") hub.leave(member, hub.findRoom(name));
        else if (verb === "topic") {
          if (!hub.findRoom(name).holds(member, "op")) continue;
          hub.setTopic(member, hub.findRoom(name), String(step));
          for (const other of inside()) other.owed.push(`${name} topic ${step}`);
        } else {
          hub.say(member, hub.findRoom(name), String(step));
          said.push(String(step));
          for (const other of inside()) if (other.member !== member || member.echo) other.owed.push(`${name} ${step}`);
        }
        collect();
      }
      const known = kept();
      assertEquals(hub.linesStored + hub.linesLost, people.reduce((sum, { said }) => sum + said.length, 0));
      for (const { got, owed, said } of people) {
        const due = owed.filter((line) => !/^#\w+ \d+$/.test(line) || known.has(line.split(" ")[1]!));
        assertEquals(
          got.filter((line) => line.startsWith("unsaid")),
          said.filter((text) => !known.has(text)).map((text) => `unsaid ${text}`),
        );
        const told = got.filter((line) => !line.startsWith("unsaid"));
        assertEquals(told.toSorted(), due.toSorted());
        for (const room of ROOMS) {
          const kind = (line: string) => line.startsWith(room) || line.startsWith("direct");
          assertEquals(told.filter(kind), due.filter(kind));
        }
      }
    }),
    { numRuns: 300 },
  );
});

/** Stops the monotonic clock, which `now` sets. */
function stopClock() {
  const real = performance.now;
  const clock = { now: 0, [Symbol.dispose]: () => void (performance.now = real) };
  performance.now = () => clock.now;
  return clock;
}

Deno.test("locked history: lines wait in order and nothing blocks", () => {
  using clock = stopClock();
  let again = 0;
  const { chat, history, troubles } = lasting({ keepPrivate: true, observer: { storeLocked: () => void again++ } });
  const [alice, bob] = [chat.enter("alice", TEA), chat.enter("bob", TEA)];
  const tea = chat.hub.findRoom(TEA);
  chat.say(alice, TEA, "before");
  for (const each of [alice, bob]) chat.heard(each);
  history.take();
  history.locked = true;
  chat.say(alice, TEA, "1");
  assertEquals([chat.heard(bob), chat.heard(alice), again], [[], [], 2]);
  alice.settle(); // as before a direct line
  assertEquals(chat.told(alice), []);
  assertEquals(chat.said(TEA), ["before"], "the committed lines");
  assertRejected("not-kept", "bob", () => chat.hub.whisper(alice, "bob", "psst"));
  chat.say(bob, TEA, "2");
  chat.hub.setTopic(alice, tea, "green");
  clock.now += 999;
  assertEquals([chat.heard(bob), history.take(), troubles], [[], [], []]);
  history.locked = false;
  const all = ["said #tea alice 1 say", "said #tea bob 2 say", "topic #tea alice green"];
  assertEquals([chat.heard(bob), chat.heard(alice)], [all, all]);
  assertEquals([history.take(), chat.hub.linesLost], [[[TEA, "1", "2"]], 1]);
});

Deno.test("locked history: a member is told of its kick at once", () => {
  using _clock = stopClock();
  const { chat, history } = lasting();
  const [alice, bob] = [chat.enter("alice", TEA), chat.enter("bob", TEA)];
  chat.say(alice, TEA, "before");
  for (const each of [alice, bob]) chat.heard(each);
  history.locked = true;
  chat.say(alice, TEA, "1");
  chat.hub.kick(alice, chat.hub.findRoom(TEA), "bob");
  assertEquals(chat.told(bob), ["kicked #tea alice bob"], "without the pending line");
  history.locked = false;
  assertEquals(chat.heard(alice), ["said #tea alice 1 say", "kicked #tea alice bob"]);
});

Deno.test("locked history: a change of format waits for the queued lines", () => {
  using _clock = stopClock();
  const { chat, history } = lasting();
  const [alice, bob] = [chat.enter("alice", TEA), chat.enter("bob", TEA)];
  chat.heard(alice);
  history.locked = true;
  chat.say(alice, TEA, "1");
  chat.hub.reformat(bob, new CountingFormat(() => "another format"));
  chat.say(alice, TEA, "2");
  history.locked = false;
  assertEquals(chat.heard(bob).slice(-2), ["said #tea alice 1 say", "said #tea alice 2 say"]);
  chat.say(alice, TEA, "3");
  assertEquals(chat.heard(bob), ["another format"]);
});

Deno.test("locked history: lines are rolled back after a second, or at the final flush", () => {
  using clock = stopClock();
  for (const last of [false, true]) {
    const { chat, history, troubles } = lasting();
    const alice = chat.enter("alice", TEA);
    chat.say(alice, TEA, "before");
    chat.heard(alice);
    history.locked = true;
    chat.say(alice, TEA, "1");
    assertEquals(chat.heard(alice), []);
    if (!last) clock.now += 1000;
    chat.hub.flush(last);
    assertEquals(chat.heard(alice), ["unsaid #tea alice 1"]);
    chat.say(alice, TEA, "2");
    assertEquals([chat.heard(alice), troubles], last ? [[], ["locked"]] : [["unsaid #tea alice 2"], ["locked"]]);
    history.locked = false;
    chat.say(alice, TEA, "3");
    assertEquals(chat.heard(alice).slice(-1), ["said #tea alice 3 say"]);
  }
});

Deno.test("persistent rooms: no lines are read when a new room needs the place of one without lines", () => {
  const { chat, history, restart } = lasting({ maxRooms: 20 });
  const alice = chat.enter("alice");
  for (let n = 0; n < 18; n++) {
    const room = chat.hub.join(alice, `#${n}`);
    chat.say(alice, room.name, "hi");
    chat.hub.leave(alice, room);
  }
  const silent = chat.hub.join(alice, "#silent");
  chat.hub.setTopic(alice, silent, "sh");
  chat.heard(alice);
  const again = restart({ maxRooms: 20 });
  const bob = again.enter("bob");
  let reads = 0;
  const page = history.page.bind(history);
  history.page = (target, range) => {
    reads++;
    return page(target, range);
  };
  again.hub.join(bob, "#new");
  assertEquals([reads, again.rooms().includes("#silent")], [0, false]);
});
