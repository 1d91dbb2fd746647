/** A chat that stores private messages. */
import { assertEquals } from "@std/assert";
import { LOBBY } from "../../src/chat/names.ts";
import type { Member } from "../../src/chat/member.ts";
import { ChatError } from "../../src/chat/chat_error.ts";
import { runToEnd } from "../../src/util/steps.ts";
import { assertRejected, type ChatFixture, lasting } from "./helpers.ts";

const TEA = "#tea";

Deno.test("private history: a message is stored for both members, and read by no other", () => {
  const { fixture, history, restart } = lasting({ keepPrivate: "all" });
  const arrive = (fixture: ChatFixture, nick: string, host: string) => fixture.arrive(nick, [LOBBY], { host });
  const texts = ({ chat }: ChatFixture, member: Member, nick: string) => {
    return chat.history.conversation(member, nick, { count: 10 }).map(({ who, text }) => `${who} ${text}`);
  };
  const withWhom = ({ chat }: ChatFixture, member: Member) => {
    return runToEnd(chat.history.conversations(member)).map(({ with: nick, line }) => `${nick} ${line.text}`).sort();
  };
  const [alice, bob, carol] = [
    arrive(fixture, "Alice", "a"),
    arrive(fixture, "Bob", "b"),
    arrive(fixture, "carol", "c"),
  ];
  const early: string[] = [];
  fixture.heard(bob);
  history.onCommit = () => early.push(...fixture.told(bob));
  fixture.chat.whisper(alice, "bob", "psst");
  assertEquals([early, history.take()], [[], [["psst", "psst"]]]);
  assertEquals(fixture.told(bob), ["whispered Alice Bob psst say"]);
  fixture.chat.whisper(bob, "ALICE", "what?");
  fixture.chat.whisper(alice, "bob", "VERSION", { style: "ctcp" });
  fixture.chat.whisper(alice, "carol", "waves", { style: "action" });
  fixture.chat.whisper(carol, "carol", "note");
  for (const [member, nick] of [[alice, "BOB"], [bob, "alice"]] as const) {
    assertEquals(texts(fixture, member, nick), ["Alice psst", "Bob what?"]);
  }
  assertEquals(fixture.chat.linesStored, 4, "each once, though both members have a copy");
  assertEquals([texts(fixture, carol, "carol"), texts(fixture, carol, "bob"), texts(fixture, carol, "alice")], [
    ["carol note"],
    [],
    ["Alice waves"],
  ]);
  assertEquals([alice, bob, carol].map((each) => withWhom(fixture, each)), [
    ["bob what?", "carol waves"],
    ["alice what?"],
    ["alice waves", "carol note"],
  ]);
  const [first] = fixture.chat.history.conversation(alice, "bob", { count: 10 });
  assertEquals(
    [[alice, "bob"], [bob, "alice"], [alice, "carol"], [carol, "bob"]].map(([member, nick]) => {
      return fixture.chat.history.hasLine(member as Member, nick as string, first!.id);
    }),
    [true, true, false, false],
  );

  // A nickname without an account proves nothing, nor does the host.
  const later = restart();
  const [again, other] = [arrive(later, "alice", "a"), arrive(later, "bob", "b")];
  assertEquals([texts(later, again, "bob"), texts(later, other, "alice")], [[], []]);
  assertEquals([withWhom(later, again), withWhom(later, other)], [[], []]);
});

Deno.test("private history: a message that cannot be stored is rejected and not delivered", () => {
  const { fixture, history, troubles } = lasting({ keepPrivate: "all" });
  const [alice, bob] = [fixture.enter("alice", TEA), fixture.enter("Bob", TEA)];
  fixture.heard(alice);
  history.full = "the disk is full";
  fixture.say(alice, TEA, "aloud");
  const before = alice.spokeAt;
  assertRejected("not-stored", "Bob", () => fixture.chat.whisper(alice, "bob", "psst"));
  assertEquals([fixture.heard(bob), alice.spokeAt, troubles], [[], before, ["the disk is full"]]);
  assertEquals([fixture.heard(alice), fixture.chat.linesLost], [["not-stored #tea alice aloud"], 2]);
  fixture.chat.whisper(alice, "bob", "VERSION", { style: "ctcp" });
  assertEquals(fixture.heard(bob), ["whispered alice Bob VERSION ctcp"]);
  history.full = undefined;
  fixture.chat.whisper(alice, "bob", "again");
  assertEquals(fixture.heard(bob), ["whispered alice Bob again say"]);
  assertEquals(fixture.chat.history.conversation(bob, "alice", { count: 10 }).map(({ text }) => text), ["again"]);
});

Deno.test("private history: messages to several members are committed at once, or delivered to none", () => {
  const { fixture, history } = lasting({ keepPrivate: "all" });
  const [alice, bob, carol] = [fixture.enter("alice"), fixture.enter("bob"), fixture.enter("carol")];
  const early: string[] = [];
  history.onCommit = () => early.push(...fixture.told(bob), ...fixture.told(carol));
  const whisper = (text: string) => {
    return fixture.chat.whisperEach(alice, ["bob", "nobody", "CAROL", "alice"], text).map((told) => {
      return told instanceof ChatError ? `${told.code} ${told.subject}` : told?.to;
    });
  };
  assertEquals(whisper("1"), ["bob", "no-such-user nobody", "carol", "alice"]);
  assertEquals([early, history.take()], [[], [["1", "1", "1", "1", "1"]]]);
  assertEquals([bob, carol].map((each) => fixture.told(each)), [["whispered alice bob 1 say"], [
    "whispered alice carol 1 say",
  ]]);
  history.full = "the disk is full";
  assertEquals(whisper("2"), ["not-stored bob", "no-such-user nobody", "not-stored carol", "not-stored alice"]);
  assertEquals([fixture.told(bob), fixture.told(carol), fixture.chat.linesStored, fixture.chat.linesLost], [
    [],
    [],
    3,
    3,
  ]);
  assertEquals([whisper(" \x1b"), fixture.chat.linesLost], [
    [undefined, "no-such-user nobody", undefined, undefined],
    3,
  ]);
});

Deno.test("private history: a message is delivered without being stored when that is off", () => {
  const { fixture, history } = lasting();
  const [alice, bob] = [fixture.enter("alice"), fixture.enter("bob")];
  history.full = "the disk is full";
  fixture.chat.whisper(alice, "bob", "psst");
  assertEquals([fixture.heard(bob), history.commits], [["whispered alice bob psst say"], []]);
  assertEquals(fixture.chat.history.conversation(alice, "bob", { count: 10 }), []);
  assertEquals(runToEnd(fixture.chat.history.conversations(bob)), []);
});

Deno.test("private history: a later owner of a nickname does not continue the conversation of an account that used it", () => {
  const { fixture } = lasting({ policy: { isRegistered: (nick) => /^(alice|bob)$/i.test(nick) } });
  const { chat } = fixture;
  const [alice, bob] = ["alice", "bob"].map((account) => fixture.arrive(account, [LOBBY], { account })) as [
    Member,
    Member,
  ];
  const texts = (nick: string) => chat.history.conversation(bob, nick, { count: 10 }).map(({ text }) => text);
  chat.rename(alice, "Alicia");
  chat.whisper(alice, "bob", "it is me");
  chat.whisper(bob, "ALICIA", "yes");
  assertEquals([texts("alicia"), texts("alice")], [["it is me", "yes"], ["it is me", "yes"]]);
  chat.readMarkers.advance(bob, "alicia", 5);
  chat.rename(alice, "alice");
  const other = fixture.arrive("alicia", [LOBBY], { account: "mallory" });
  chat.whisper(other, "bob", "where were we?");
  assertEquals([texts("alicia"), texts("alice")], [["where were we?"], ["it is me", "yes"]]);
  const withWhom = runToEnd(chat.history.conversations(bob)).map(({ with: name }) => name);
  assertEquals(withWhom.sort(), ["alice", "mallory"]);
  assertEquals(["alicia", "alice"].map((nick) => chat.readMarkers.get(bob, nick)), [undefined, 5]);
});
