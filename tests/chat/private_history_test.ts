/** A chat that stores private messages. */
import { assertEquals } from "@std/assert";
import { LOBBY } from "../../src/chat/names.ts";
import type { Member } from "../../src/chat/member.ts";
import { ChatError } from "../../src/chat/chat_error.ts";
import { runToEnd } from "../../src/util/steps.ts";
import { assertRejected, type Chat, lasting } from "./helpers.ts";

const TEA = "#tea";

Deno.test("private history: a message is stored for both members, and read by no other", () => {
  const { chat, history, restart } = lasting({ keepPrivate: true });
  const arrive = (chat: Chat, nick: string, host: string) => chat.arrive(nick, [LOBBY], { host });
  const texts = ({ hub }: Chat, member: Member, nick: string) => {
    return hub.history.conversation(member, nick, { count: 10 }).map(({ who, text }) => `${who} ${text}`);
  };
  const withWhom = ({ hub }: Chat, member: Member) => {
    return runToEnd(hub.history.conversations(member)).map(({ with: nick, line }) => `${nick} ${line.text}`).sort();
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
  assertRejected("not-stored", "Bob", () => chat.hub.whisper(alice, "bob", "psst"));
  assertEquals([chat.heard(bob), alice.spokeAt, troubles], [[], before, ["the disk is full"]]);
  assertEquals([chat.heard(alice), chat.hub.linesLost], [["not-stored #tea alice aloud"], 2]);
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
  assertEquals(whisper("1"), ["bob", "no-such-user nobody", "carol", "alice"]);
  assertEquals([early, history.take()], [[], [["1", "1", "1", "1", "1"]]]);
  assertEquals([bob, carol].map((each) => chat.told(each)), [["whispered alice bob 1 say"], [
    "whispered alice carol 1 say",
  ]]);
  history.full = "the disk is full";
  assertEquals(whisper("2"), ["not-stored bob", "no-such-user nobody", "not-stored carol", "not-stored alice"]);
  assertEquals([chat.told(bob), chat.told(carol), chat.hub.linesStored, chat.hub.linesLost], [[], [], 3, 3]);
  assertEquals([whisper(" \x1b"), chat.hub.linesLost], [[undefined, "no-such-user nobody", undefined, undefined], 3]);
});

Deno.test("private history: a message is delivered without being stored when that is off", () => {
  const { chat, history } = lasting();
  const [alice, bob] = [chat.enter("alice"), chat.enter("bob")];
  history.full = "the disk is full";
  chat.hub.whisper(alice, "bob", "psst");
  assertEquals([chat.heard(bob), history.commits], [["whispered alice bob psst say"], []]);
  assertEquals(chat.hub.history.conversation(alice, "bob", { count: 10 }), []);
  assertEquals(runToEnd(chat.hub.history.conversations(bob)), []);
});
