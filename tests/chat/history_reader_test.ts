import { assertEquals } from "@std/assert";
import { conversationTarget } from "../../src/chat/conversations.ts";
import { BroadcastSet } from "../../src/chat/broadcast.ts";
import type { Said, Whispered } from "../../src/chat/events.ts";
import { HistoryReader } from "../../src/chat/history_reader.ts";
import { firstId, Ids } from "../../src/chat/ids.ts";
import { Member, type Session } from "../../src/chat/member.ts";
import { Room } from "../../src/chat/room.ts";
import { runToEnd } from "../../src/util/steps.ts";
import { assertRejected, IDENTITY, LastingHistory } from "./helpers.ts";

/** A history with lines of a room and of conversations; they are committed when something is read. */
function place() {
  const history = new LastingHistory();
  const ids = new Ids(0);
  let commits = 0;
  const commit = () => {
    commits++;
    history.commit();
  };
  const reader = new HistoryReader(history, { commitLines: commit, commitLine: commit }, ids);
  const memberOf = (nick: string, account?: string) => {
    return new Member(nick, { ...IDENTITY, account });
  };
  const room = new Room("#Tea", new BroadcastSet<Session>(() => {}), 0);
  const line = (text: string, time: number) => {
    return {
      who: "alice",
      origin: "a!b@c",
      text,
      style: "say",
      id: ids.next(time),
      time,
      tags: "",
      bot: false,
    } as const;
  };
  const say = (text: string, time = 1000): Said => {
    const said = { kind: "said", room: room.name, ...line(text, time) } as const;
    history.add(room.key, said);
    return said;
  };
  const whisper = (from: Member, to: Member, text: string): Whispered => {
    const message = { kind: "whispered", to: to.nick, ...line(text, 1000), who: from.nick } as const;
    history.add(conversationTarget(from, to.nick), message);
    history.add(conversationTarget(to, from.nick), message);
    return message;
  };
  return { history, reader, room, memberOf, say, whisper, commits: () => commits };
}

const texts = (lines: readonly { text: string }[]) => lines.map(({ text }) => text);

Deno.test("history: lines of a room are read by count and range, with those of this round", () => {
  const { reader, room, say, commits } = place();
  const [one] = [say("1"), say("2"), say("3")];
  assertEquals([texts(reader.latest(room, 2)), commits()], [["2", "3"], 1]);
  assertEquals(texts(reader.page(room, { after: one.id, count: 1, first: true })), ["2"]);
});

Deno.test("history: a line is found where it was said, and nowhere else", () => {
  const { reader, room, say, memberOf, whisper } = place();
  const [alice, bob] = [memberOf("alice"), memberOf("bob")];
  const [said, message] = [say("1"), whisper(alice, bob, "2")];
  const found = (id: number) => [room, "bob", "carol"].map((where) => reader.hasLine(alice, where, id));
  assertEquals([found(said.id), found(message.id)], [[true, false, false], [false, true, false]]);
});

Deno.test("history: both members of a conversation read it, under the account of the one that has one", () => {
  const { reader, memberOf, whisper } = place();
  const [alice, bob] = [memberOf("alice", "Alice"), memberOf("Bob")];
  whisper(alice, bob, "psst");
  whisper(bob, alice, "what?");
  const elsewhere = memberOf("other", "ALICE");
  for (const member of [alice, elsewhere]) {
    assertEquals(texts(reader.conversation(member, "BOB", { count: 9 })), ["psst", "what?"]);
    assertEquals(runToEnd(reader.conversations(member)).map((each) => [each.with, each.line.text]), [["bob", "what?"]]);
  }
  assertEquals(texts(reader.conversation(bob, "alice", { count: 9 })), ["psst", "what?"]);
  assertEquals(reader.conversation(memberOf("carol"), "bob", { count: 9 }), []);
});

Deno.test("history: the conversations of an account are deleted, and those of its correspondents stay", () => {
  const { reader, memberOf, whisper } = place();
  const [alice, bob] = [memberOf("alice", "alice"), memberOf("bob")];
  whisper(alice, bob, "psst");
  runToEnd(reader.forgetConversations("Alice"));
  assertEquals(runToEnd(reader.conversations(alice)), []);
  assertEquals(texts(reader.conversation(bob, "alice", { count: 9 })), ["psst"]);
});

Deno.test("history: a search finds lines with all words", () => {
  const { reader, room, say } = place();
  for (const text of ["green tea", "tea", "green"]) say(text);
  const { lines, unsearched } = runToEnd(reader.search([room], { terms: ["green", "tea"], count: 9 }));
  assertEquals([texts(lines), unsearched], [["green tea"], undefined]);
});

Deno.test("history: the first id of a time is computed, or looked up when the clock was put back", () => {
  const { reader, room, say, memberOf } = place();
  const alice = memberOf("alice");
  say("1", 1000);
  assertEquals(reader.firstIdSince(2000, alice, [room]), firstId(2000));
  say("2", Date.now() + 3_600_000); // the clock is put back after this
  const third = say("3", 5000);
  assertEquals(reader.firstIdSince(3000, alice, [room]), third.id);
  assertEquals(reader.firstIdSince(3000, alice, [room, "bob"]), third.id, "the least of several");
});

Deno.test("history: a read that fails is a ChatError, at once or in a later step", () => {
  const { history, reader, room, memberOf, say } = place();
  const alice = memberOf("alice");
  say("hi");
  const reads: Record<string, () => unknown> = {
    latest: () => reader.latest(room, 1),
    page: () => reader.page(room, { count: 1 }),
    conversation: () => reader.conversation(alice, "bob", { count: 1 }),
    hasLine: () => reader.hasLine(alice, room, 1),
    conversations: () => runToEnd(reader.conversations(alice)),
    search: () => runToEnd(reader.search([room], { terms: ["hi"], count: 1 })),
    forgetConversations: () => runToEnd(reader.forgetConversations("alice")),
  };
  history.unreadable = "the disk fails";
  for (const read of Object.values(reads)) assertRejected("history-unreadable", "the disk fails", () => void read());
});
