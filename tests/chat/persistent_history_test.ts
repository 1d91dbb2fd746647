/** A chat with a persistent history: lines are committed before delivery. */
import { assert, assertEquals } from "@std/assert";
import { fc } from "../dependencies.ts";
import type { LocalChat } from "../../src/chat/local_chat.ts";
import { LOBBY } from "../../src/chat/names.ts";
import { firstId } from "../../src/chat/ids.ts";
import type { Member } from "../../src/chat/member.ts";
import { runToEnd } from "../../src/util/steps.ts";
import { assertRejected, type Chat, CountingFormat, lasting, sessionOf } from "./helpers.ts";

const TEA = "#tea";

Deno.test("persistent history: a line is committed before any member gets it, whatever delivers it", () => {
  const ways: Record<string, (hub: LocalChat, alice: Member, bob: Member) => unknown> = {
    "a round": (hub) => hub.flush(),
    "a private message": (hub, alice) => hub.whisper(alice, "bob", "psst"),
    "an answer": (_hub, _alice, bob) => sessionOf(bob).send(["answer"]),
    "another format": (hub, _alice, bob) => hub.reformat(sessionOf(bob), new CountingFormat()),
    "leaving": (hub, _alice, bob) => hub.leave(bob, hub.findRoom(TEA)),
    "being put out": (hub, alice) => hub.kick(alice, hub.findRoom(TEA), "bob"),
    "going": (hub, _alice, bob) => hub.remove(bob),
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
  const stored = (action: () => unknown) => {
    action();
    chat.heard(alice);
    return history.take();
  };
  assertEquals(stored(() => {}), []);
  const much = () => {
    chat.say(alice, "#a", "1");
    chat.say(alice, "#b", "2");
    chat.hub.setTopic(alice, a, "topic");
    chat.say(alice, "#a", "3", { style: "action" });
    chat.say(alice, "#a", "4", { style: "notice" });
  };
  assertEquals(stored(much), [["#a", "#b", "1", "2", "3", "4"]]);
  assertEquals(stored(() => {}), []);
  assertEquals(stored(() => chat.say(alice, "#a", "5")), [["5"]]);
  assertEquals(stored(() => chat.hub.setTopic(alice, a, "")), [["#a"]]);
  assertEquals(stored(() => chat.mode(alice, "#a", "+m")), [["#a"]]);
  assertEquals(stored(() => chat.mode(alice, "#a", "+m")), [], "it was on already");
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
  chat.say(alice, TEA, "psst", { minRank: "op" });
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
  sessionOf(bob).echo = false;
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
  const notStored = (room: string, who: string, text: string) => `not-stored ${room} ${who} ${text}`;
  assertEquals(chat.heard(alice), [
    ...events,
    notStored(TEA, "alice", "1"),
    notStored(LOBBY, "alice", "3"),
    notStored(TEA, "alice", "4"),
    left,
    notStored(TEA, "alice", "5"),
  ]);
  assertEquals(chat.heard(bob), [...events, notStored(TEA, "bob", "2"), left]);
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
  sessionOf(alice).send(["an answer"]);
  assertEquals(chat.told(alice), ["not-stored #tea alice 1", "an answer"]);
  chat.say(alice, TEA, "2");
  chat.hub.whisper(alice, "bob", "psst");
  assertEquals(chat.heard(alice), ["not-stored #tea alice 2"]);
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
  assertEquals(chat.heard(bob), ["not-stored #tea bob nobody?"]);
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
  assertEquals(runToEnd(chat.hub.history.search([room], { terms: ["tea"], count: 10 })).lines.map(({ text }) => text), [
    "green tea",
  ]);
  assertEquals(runToEnd(chat.hub.history.search([chat.hub.findRoom(LOBBY)], { terms: ["tea"], count: 10 })).lines, []);
});

Deno.test("persistent history: the lobby is restored with its topic and without its modes", () => {
  const { history, restart } = lasting();
  const topic = { text: "hello", by: "a!b@c", at: 1 };
  const masks = [{ list: "b", mask: "*!*@*", by: "*", at: 1 }] as const;
  history.saveRoom({
    name: "#Lobby",
    since: 1,
    topic,
    switches: ["i", "m"],
    password: "x",
    limit: 1,
    masks,
    roles: [],
  });
  history.commit();
  const chat = restart();
  const [alice, bob] = [chat.enter("alice", LOBBY), chat.enter("bob", LOBBY)];
  chat.say(bob, LOBBY, "hi");
  assertEquals([chat.heard(alice).length, chat.hub.findRoom(LOBBY).topic], [1, topic]);
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
    conversations: (hub) => runToEnd(hub.history.conversations(alice)),
    search: (hub) => runToEnd(hub.history.search([room], { terms: ["hi"], count: 10 })),
  };
  history.unreadable = "the disk fails";
  for (const read of Object.values(ways)) assertRejected("history-unreadable", "the disk fails", () => read(chat.hub));
  history.unreadable = undefined;
  assertEquals(chat.said(TEA), ["hi"]);
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
        if (event.kind === "not-stored") return `not-stored ${event.text}`;
        return event.kind === "whispered" ? `direct ${event.text}` : undefined;
      });
      const people = [0, 1, 2].map((number) => {
        const member = chat.arrive(`p${number}`, [], {}, format);
        return { member, got: [] as string[], owed: [] as string[], said: [] as string[] };
      });
      const stored = () => new Set(history.commits.flat());
      const collect = () => {
        for (const { member, got } of people) got.push(...chat.told(member));
        const known = stored();
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
          sessionOf(member).send([`direct ${step}`]);
          owed.push(`direct ${step}`);
        } else if (verb === "whisper") {
          hub.whisper(member, people[which]!.member.nick, String(step));
          people[which]!.owed.push(`direct ${step}`);
        } else if (verb === "echo") sessionOf(member).echo = !sessionOf(member).echo;
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
          for (const other of inside()) {
            if (other.member !== member || sessionOf(member).echo) other.owed.push(`${name} ${step}`);
          }
        }
        collect();
      }
      const known = stored();
      assertEquals(hub.linesStored + hub.linesLost, people.reduce((sum, { said }) => sum + said.length, 0));
      for (const { got, owed, said } of people) {
        const due = owed.filter((line) => !/^#\w+ \d+$/.test(line) || known.has(line.split(" ")[1]!));
        assertEquals(
          got.filter((line) => line.startsWith("not-stored")),
          said.filter((text) => !known.has(text)).map((text) => `not-stored ${text}`),
        );
        const told = got.filter((line) => !line.startsWith("not-stored"));
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
