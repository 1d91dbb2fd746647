/** A chat with a persistent history: lines are committed before delivery. */
import { assert, assertEquals } from "@std/assert";
import { fc } from "../dependencies.ts";
import type { LocalChat } from "../../src/chat/local_chat.ts";
import { LOBBY } from "../../src/chat/names.ts";
import { firstId } from "../../src/chat/ids.ts";
import type { Member } from "../../src/chat/member.ts";
import { runToEnd } from "../../src/util/steps.ts";
import { assertRejected, type ChatFixture, CountingFormat, lasting, sessionOf } from "./helpers.ts";

const TEA = "#tea";

Deno.test("persistent history: a line is committed before any member gets it, whatever delivers it", () => {
  const ways: Record<string, (chat: LocalChat, alice: Member, bob: Member) => unknown> = {
    "a round": (chat) => chat.flush(),
    "a private message": (chat, alice) => chat.whisper(alice, "bob", "psst"),
    "an answer": (_hub, _alice, bob) => sessionOf(bob).send(["answer"]),
    "another format": (chat, _alice, bob) => chat.reformat(sessionOf(bob), new CountingFormat()),
    "leaving": (chat, _alice, bob) => chat.leave(bob, chat.findRoom(TEA)),
    "being put out": (chat, alice) => chat.kick(alice, chat.findRoom(TEA), "bob"),
    "going": (chat, _alice, bob) => chat.remove(bob),
  };
  for (const [way, handOut] of Object.entries(ways)) {
    const { fixture, history } = lasting();
    const [alice, bob] = [fixture.enter("alice", TEA, LOBBY), fixture.enter("bob", TEA, LOBBY)];
    fixture.heard(alice);
    const early: string[] = [];
    history.onCommit = () => early.push(...fixture.told(alice), ...fixture.told(bob));
    fixture.say(alice, TEA, "1");
    fixture.say(alice, LOBBY, "2");
    assertEquals([history.commits, fixture.told(bob)], [[], []], way);
    handOut(fixture.chat, alice, bob);
    assertEquals([early, history.commits], [[], [[TEA, LOBBY, "1", "2"]]], way);
    const said = (lines: string[]) => lines.filter((line) => line.startsWith("said"));
    for (const each of [alice, bob]) {
      assertEquals(said(fixture.heard(each)), ["said #tea alice 1 say", "said #lobby alice 2 say"], way);
    }
    assertEquals(history.commits.length, 1, way);
  }
});

Deno.test("persistent history: lines and changed rooms of a round are committed at once", () => {
  const { fixture, history } = lasting();
  const alice = fixture.enter("alice", "#a", "#b");
  const a = fixture.chat.findRoom("#a");
  const stored = (action: () => unknown) => {
    action();
    fixture.heard(alice);
    return history.take();
  };
  assertEquals(stored(() => {}), []);
  const much = () => {
    fixture.say(alice, "#a", "1");
    fixture.say(alice, "#b", "2");
    fixture.chat.setTopic(alice, a, "topic");
    fixture.say(alice, "#a", "3", { style: "action" });
    fixture.say(alice, "#a", "4", { style: "notice" });
  };
  assertEquals(stored(much), [["#a", "#b", "1", "2", "3", "4"]]);
  assertEquals(stored(() => {}), []);
  assertEquals(stored(() => fixture.say(alice, "#a", "5")), [["5"]]);
  assertEquals(stored(() => fixture.chat.setTopic(alice, a, "")), [["#a"]]);
  assertEquals(stored(() => fixture.mode(alice, "#a", "+m")), [["#a"]]);
  assertEquals(stored(() => fixture.mode(alice, "#a", "+m")), [], "it was on already");
  assertEquals(fixture.chat.linesStored, 5);
});

Deno.test("persistent history: CTCP, tags and lines for a rank are delivered without being stored", () => {
  const { fixture, history } = lasting();
  const [alice, bob] = [fixture.enter("alice", TEA), fixture.enter("bob", TEA)];
  fixture.mode(alice, TEA, "+o bob");
  fixture.heard(alice);
  fixture.heard(bob);
  history.take();
  history.full = "the disk is full";
  fixture.say(alice, TEA, "VERSION", { style: "ctcp" });
  fixture.say(alice, TEA, "1.0", { style: "ctcp-reply" });
  fixture.say(alice, TEA, "psst", { minRank: "op" });
  fixture.chat.tag(alice, fixture.chat.findRoom(TEA), "+typing");
  assertEquals(fixture.heard(bob), [
    "said #tea alice VERSION ctcp",
    "said #tea alice 1.0 ctcp-reply",
    "said #tea alice psst say op",
    "tagged alice #tea +typing",
  ]);
  assertEquals([history.commits, fixture.chat.linesLost, fixture.said(TEA)], [[], 0, []]);
});

Deno.test("persistent history: lines that cannot be stored reach no member, and their authors are told", () => {
  const { fixture, history } = lasting();
  const [alice, bob] = [fixture.enter("alice", TEA, LOBBY), fixture.enter("bob", TEA, LOBBY)];
  const tea = fixture.chat.findRoom(TEA);
  fixture.say(bob, TEA, "before");
  for (const each of [alice, bob]) fixture.heard(each);
  history.full = "the disk is full";
  sessionOf(bob).echo = false;
  fixture.say(alice, TEA, "1");
  const carol = fixture.arrive("carol", [TEA]);
  fixture.chat.setTopic(alice, tea, "green");
  fixture.say(bob, TEA, "2");
  fixture.say(alice, LOBBY, "3");
  fixture.chat.rename(bob, "rob");
  fixture.say(alice, TEA, "4");
  fixture.chat.leave(carol, tea); // this delivers to one what the others wait for
  fixture.say(alice, TEA, "5");
  const events = ["joined #tea carol 3", "topic #tea alice green", "renamed bob rob"];
  const left = "left #tea carol 2 own";
  const notStored = (room: string, who: string, text: string) => `not-stored ${room} ${who} ${text}`;
  assertEquals(fixture.heard(alice), [
    ...events,
    notStored(TEA, "alice", "1"),
    notStored(LOBBY, "alice", "3"),
    notStored(TEA, "alice", "4"),
    left,
    notStored(TEA, "alice", "5"),
  ]);
  assertEquals(fixture.heard(bob), [...events, notStored(TEA, "bob", "2"), left]);
  assertEquals(fixture.heard(carol), events.slice(1));
  assertEquals([fixture.said(TEA), fixture.said(LOBBY), fixture.chat.linesLost], [["before"], [], 5]);

  history.full = undefined;
  fixture.say(alice, TEA, "6");
  for (const each of [alice, bob]) assertEquals(fixture.heard(each), ["said #tea alice 6 say"]);
  assertEquals([fixture.said(TEA), fixture.chat.linesStored, fixture.chat.linesLost], [["before", "6"], 2, 5]);
});

Deno.test("persistent history: lines are rolled back when a commit for one member fails", () => {
  const { fixture, history } = lasting();
  const [alice, bob] = [fixture.enter("alice", TEA), fixture.enter("bob", TEA)];
  fixture.heard(alice);
  history.full = "the disk is full";
  fixture.say(alice, TEA, "1");
  sessionOf(alice).send(["an answer"]);
  assertEquals(fixture.told(alice), ["not-stored #tea alice 1", "an answer"]);
  fixture.say(alice, TEA, "2");
  fixture.chat.whisper(alice, "bob", "psst");
  assertEquals(fixture.heard(alice), ["not-stored #tea alice 2"]);
  assertEquals(fixture.heard(bob), ["whispered alice bob psst say"]);
});

Deno.test("persistent history: a failure and the recovery are reported once each", () => {
  const { fixture, history, troubles } = lasting();
  const alice = fixture.enter("alice", TEA);
  const say = (full?: string) => {
    history.full = full;
    fixture.say(alice, TEA, "hi");
    fixture.heard(alice);
    return troubles.splice(0);
  };
  assertEquals(say(), []);
  assertEquals(say("the disk is full"), ["the disk is full"]);
  assertEquals([say("the disk is full"), say("the disk fails")], [[], []]);
  history.full = undefined;
  fixture.chat.flush();
  fixture.chat.notice("lunch");
  assertEquals(troubles, [], "there was nothing to store");
  assertEquals([say(), say()], [[undefined], []]);
  assertEquals(say("the disk fails"), ["the disk fails"]);
  assertEquals([fixture.chat.linesStored, fixture.chat.linesLost], [3, 4]);
});

Deno.test("persistent history: room settings take effect at once and are saved when that is possible", () => {
  const { fixture, history, restart } = lasting();
  const alice = fixture.enter("alice", TEA);
  history.full = "the disk is full";
  fixture.chat.setTopic(alice, fixture.chat.findRoom(TEA), "green");
  fixture.mode(alice, TEA, "+m");
  assertEquals(fixture.heard(alice), ["topic #tea alice green", "modes #tea alice +m"]);
  assertEquals(history.rooms(), []);
  history.full = undefined;
  fixture.chat.flush();
  const { topic, switches } = restart().chat.findRoom(TEA);
  assertEquals([topic?.text, [...switches].sort()], ["green", ["m", "n", "t"]]);
});

Deno.test("persistent history: a line to an empty room is stored, or its author is told", () => {
  const { fixture, history } = lasting();
  const [alice, bob] = [fixture.enter("alice", TEA), fixture.enter("bob")];
  fixture.mode(alice, TEA, "-n");
  fixture.chat.leave(alice, fixture.chat.findRoom(TEA));
  fixture.chat.flush();
  history.take();
  fixture.held = 0;
  fixture.say(bob, TEA, "anybody?");
  assert(fixture.held > 0, "no flush is requested");
  assertEquals([fixture.heard(bob), history.take()], [[], [["anybody?"]]]);
  history.full = "the disk is full";
  fixture.say(bob, TEA, "nobody?");
  assertEquals(fixture.heard(bob), ["not-stored #tea bob nobody?"]);
});

Deno.test("persistent history: lines of this round are committed before the history is read", () => {
  const { fixture, history } = lasting();
  const alice = fixture.enter("alice", TEA);
  const room = fixture.chat.findRoom(TEA);
  fixture.say(alice, TEA, "1");
  fixture.say(alice, TEA, "2");
  const [one, two] = fixture.chat.history.page(room, { count: 10 });
  assertEquals([one?.text, two?.text, history.take()], ["1", "2", [[TEA, "1", "2"]]]);
  assert(fixture.chat.history.hasLine(alice, room, one!.id) && !fixture.chat.history.hasLine(alice, room, two!.id + 1));
  assert(!fixture.chat.history.hasLine(alice, fixture.chat.findRoom(LOBBY), one!.id));
  assertEquals(fixture.chat.history.page(room, { after: one!.id, count: 10 }).map(({ text }) => text), ["2"]);
  fixture.say(alice, TEA, "green tea");
  assertEquals(
    runToEnd(fixture.chat.history.search([room], { terms: ["tea"], count: 10 })).lines.map(({ text }) => text),
    [
      "green tea",
    ],
  );
  assertEquals(
    runToEnd(fixture.chat.history.search([fixture.chat.findRoom(LOBBY)], { terms: ["tea"], count: 10 })).lines,
    [],
  );
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
  const fixture = restart();
  const [alice, bob] = [fixture.enter("alice", LOBBY), fixture.enter("bob", LOBBY)];
  fixture.say(bob, LOBBY, "hi");
  assertEquals([fixture.heard(alice).length, fixture.chat.findRoom(LOBBY).topic], [1, topic]);
});

Deno.test("persistent history: reads are rejected when the history is unreadable", () => {
  const { fixture, history } = lasting();
  const alice = fixture.enter("alice", TEA);
  const room = fixture.chat.findRoom(TEA);
  fixture.say(alice, TEA, "hi");
  fixture.heard(alice);
  const ways: Record<string, (chat: LocalChat) => unknown> = {
    latest: (chat) => chat.history.latest(room, 10),
    page: (chat) => chat.history.page(room, { count: 10 }),
    conversation: (chat) => chat.history.conversation(alice, "bob", { count: 10 }),
    wasSaid: (chat) => chat.history.hasLine(alice, room, 7),
    conversations: (chat) => runToEnd(chat.history.conversations(alice)),
    search: (chat) => runToEnd(chat.history.search([room], { terms: ["hi"], count: 10 })),
  };
  history.unreadable = "the disk fails";
  for (const read of Object.values(ways)) {
    assertRejected("history-unreadable", "the disk fails", () => read(fixture.chat));
  }
  history.unreadable = undefined;
  assertEquals(fixture.said(TEA), ["hi"]);
});

Deno.test("ids: they grow across restarts, even if the clock was put back", () => {
  const { fixture, history, restart } = lasting();
  const ids = (fixture: ChatFixture) => {
    const alice = fixture.enter("alice", TEA);
    fixture.say(alice, TEA, "hi");
    fixture.say(alice, TEA, "hi");
    return fixture.chat.history.latest(fixture.chat.findRoom(TEA), 2).map(({ id }) => id);
  };
  const [first, second] = ids(fixture) as [number, number];
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
      const { fixture, history } = lasting();
      const { chat } = fixture;
      // Texts are growing numbers, rendered after the room or "direct".
      const format = new CountingFormat((event) => {
        if (event.kind === "said") return `${event.room} ${event.text}`;
        if (event.kind === "topic") return `${event.room} topic ${event.topic}`;
        if (event.kind === "not-stored") return `not-stored ${event.text}`;
        return event.kind === "whispered" ? `direct ${event.text}` : undefined;
      });
      const people = [0, 1, 2].map((number) => {
        const member = fixture.arrive(`p${number}`, [], {}, format);
        return { member, got: [] as string[], owed: [] as string[], said: [] as string[] };
      });
      const stored = () => new Set(history.commits.flat());
      const collect = () => {
        for (const { member, got } of people) got.push(...fixture.told(member));
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
        if (verb === "join") chat.join(member, name);
        else if (verb === "answer") {
          sessionOf(member).send([`direct ${step}`]);
          owed.push(`direct ${step}`);
        } else if (verb === "whisper") {
          chat.whisper(member, people[which]!.member.nick, String(step));
          people[which]!.owed.push(`direct ${step}`);
        } else if (verb === "echo") sessionOf(member).echo = !sessionOf(member).echo;
        else if (verb === "disk") history.full = history.full === undefined ? "the disk is full" : undefined;
        else if (verb === "flush") chat.flush();
        else if (!member.rooms.has(name)) continue;
        else if (verb === "leave") chat.leave(member, chat.findRoom(name));
        else if (verb === "topic") {
          if (!chat.findRoom(name).holds(member, "op")) continue;
          chat.setTopic(member, chat.findRoom(name), String(step));
          for (const other of inside()) other.owed.push(`${name} topic ${step}`);
        } else {
          chat.say(member, chat.findRoom(name), String(step));
          said.push(String(step));
          for (const other of inside()) {
            if (other.member !== member || sessionOf(member).echo) other.owed.push(`${name} ${step}`);
          }
        }
        collect();
      }
      const known = stored();
      assertEquals(chat.linesStored + chat.linesLost, people.reduce((sum, { said }) => sum + said.length, 0));
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
