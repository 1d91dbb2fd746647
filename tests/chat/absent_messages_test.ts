/** Private messages to accounts, in the chat or not: who may leave one, what is stored, and since when messages wait. */
import { assertEquals } from "@std/assert";
import type { IgnoreStore } from "../../src/chat/ignore_lists.ts";
import type { ChatOptions } from "../../src/chat/chat_options.ts";
import type { Member } from "../../src/chat/member.ts";
import { fold } from "../../src/chat/names.ts";
import { StoreError } from "../../src/chat/store.ts";
import { Waiting } from "../../src/chat/waiting.ts";
import { runToEnd } from "../../src/util/steps.ts";
import { Clock } from "../history/helpers.ts";
import { assertRejected, ChatFixture, dropAccount, Inbox, LastingHistory, sessionOf } from "./helpers.ts";

/** Ignore lists of accounts that are broken on demand. */
class Lists implements IgnoreStore {
  readonly lists: Record<string, string[]> = {};
  broken = false;

  ignored(account: string): string[] {
    if (this.broken) throw new StoreError("broken");
    return this.lists[fold(account)] ?? [];
  }

  addIgnored(): void {}
  removeIgnored(): void {}
}

/** A chat with the accounts alice, bob and carol; `dropped` are no accounts any more. */
function accounts(options: Partial<ChatOptions> = {}) {
  const dropped = new Set<string>();
  const isRegistered = (nick: string) => ["alice", "bob", "carol"].includes(fold(nick)) && !dropped.has(fold(nick));
  const ignores = new Lists();
  const fixture = new ChatFixture({ policy: { isRegistered }, ignores, ...options });
  const { chat } = fixture;
  const texts = (member: Member, nick: string) =>
    chat.history.conversation(member, nick, { count: 9 }).map(({ who, text }) => `${who} ${text}`);
  const login = (account: string, nick = account) => fixture.arrive(nick, [], { account });
  return { fixture, chat, ignores, dropped, texts, login };
}

Deno.test("private history: by default, what two accounts write to each other is stored, and nothing of guests", () => {
  const { fixture, chat, texts, login } = accounts();
  const [alice, bob, guest, other] = [login("alice"), login("bob"), fixture.arrive("dave"), fixture.arrive("erin")];
  for (const [from, to] of [[alice, bob], [alice, guest], [guest, alice], [guest, other], [alice, alice]] as const) {
    chat.whisper(from, to.nick, `${from.nick} to ${to.nick}`);
  }
  assertEquals([texts(alice, "bob"), texts(bob, "alice"), texts(alice, "alice")], [
    ["alice alice to bob"],
    ["alice alice to bob"],
    ["alice alice to alice"],
  ]);
  assertEquals([texts(alice, "dave"), texts(guest, "alice"), texts(guest, "erin"), texts(other, "dave")], [
    [],
    [],
    [],
    [],
  ]);
  assertEquals(fixture.told(guest), ["whispered alice dave alice to dave say alice"]);
});

Deno.test("private history: a token with a scope does not read the conversations of its account", () => {
  const { fixture, chat, texts, login } = accounts();
  chat.whisper(login("alice"), "bob", "psst");
  const token = { id: 1, readOnly: true, room: undefined };
  const reader = fixture.arrive("reader", [], { account: "bob", token });
  assertEquals([texts(reader, "alice"), runToEnd(chat.history.conversations(reader))], [[], []]);
  assertEquals(chat.getByAccount("bob"), undefined);
  assertEquals(texts(login("bob"), "alice"), ["alice psst"]);
});

Deno.test("whisper: a message to an absent account is stored for both, and the other sessions of the author get it", () => {
  const { fixture, chat, texts, login } = accounts();
  const alice = login("alice");
  const second = fixture.arrive("alice", [], { account: "alice" });
  assertEquals(second, alice);
  fixture.told(alice);
  const sent = chat.whisper(alice, "BOB", "are you there?", { tags: "+a=b", from: sessionOf(alice) });
  assertEquals([sent?.to, sent?.text, sent?.waits], ["BOB", "are you there?", true]);
  assertEquals(fixture.told(alice), ["whispered alice BOB are you there? say alice +a=b forAuthor"]);
  const bob = login("bob");
  assertEquals([texts(alice, "bob"), texts(bob, "alice")], [["alice are you there?"], ["alice are you there?"]]);
  assertEquals(fixture.told(bob), [], "its client asks for it, or its protocol replays it");
  assertEquals(chat.whisper(alice, "bob", "hi")?.waits, undefined);
  assertEquals(fixture.told(bob), ["whispered alice bob hi say alice"]);
  const [stored] = chat.history.conversation(bob, "alice", { count: 1 });
  assertEquals("waits" in stored!, false);
});

Deno.test("whisper: a message to an absent account is stored with --keep-private all, too, and rejected with off", () => {
  for (const keepPrivate of ["accounts", "all", "off"] as const) {
    const { fixture, chat, login } = accounts({ keepPrivate });
    const [alice, guest] = [login("alice"), fixture.arrive("dave")];
    if (keepPrivate === "off") {
      for (const each of [alice, guest]) {
        assertRejected("no-such-user", "bob", () => chat.whisper(each, "bob", "psst"));
      }
    } else {
      assertEquals(chat.whisper(alice, "bob", "psst")?.waits, true);
      assertRejected("login-to-leave", "bob", () => chat.whisper(guest, "bob", "psst"));
    }
  }
});

Deno.test("whisper: what is not stored does not reach an absent account, nor does a message to a name that is none", () => {
  const { chat, dropped, login } = accounts();
  const alice = login("alice");
  for (const style of ["ctcp", "ctcp-reply"] as const) {
    assertRejected("no-such-user", "bob", () => chat.whisper(alice, "bob", "VERSION", { style }));
  }
  assertEquals(chat.whisper(alice, "bob", " \x1b "), undefined, "it is blank");
  for (const style of ["action", "notice"] as const) {
    assertEquals(chat.whisper(alice, "bob", "x", { style })?.waits, true);
  }
  assertRejected("no-such-user", "nobody", () => chat.whisper(alice, "nobody", "psst"));
  dropped.add("bob");
  assertRejected("no-such-user", "bob", () => chat.whisper(alice, "bob", "psst"));
  dropped.clear();
  chat.mutes.add("host", Infinity);
  assertRejected("muted", "alice", () => chat.whisper(alice, "bob", "psst"));
});

Deno.test("whisper: a message to an account that has another nickname now reaches it, also from a guest", () => {
  const { fixture, chat, texts, login } = accounts();
  const [alice, bob, guest] = [login("alice"), login("bob", "bobby"), fixture.arrive("dave")];
  for (const author of [alice, guest]) assertEquals(chat.whisper(author, "bob", "psst")?.waits, undefined);
  assertEquals(fixture.told(bob), ["whispered alice bobby psst say alice", "whispered dave bobby psst say"]);
  assertEquals([texts(bob, "alice"), texts(alice, "bob")], [["alice psst"], ["alice psst"]]);
  assertEquals(chat.whisper(bob, "BOB", "a note")?.to, "BOB");
  assertEquals([texts(bob, "bob"), fixture.told(bob).length], [["bobby a note"], 1]);
});

Deno.test("whisper: an absent account that ignores the author gets nothing, and the author is told the same", () => {
  const { chat, ignores, texts, login } = accounts();
  const alice = login("alice");
  ignores.lists["bob"] = ["carol", "Alice"];
  assertEquals(chat.whisper(alice, "Bob", "psst")?.waits, true);
  const bob = login("bob");
  assertEquals([texts(alice, "bob"), texts(bob, "alice")], [["alice psst"], []]);
  assertEquals(sessionOf(bob).missedPrivateSince, undefined);
  chat.remove(bob);
  ignores.broken = true;
  assertRejected("not-stored", "bob", () => chat.whisper(alice, "bob", "again"));
});

Deno.test("whisper: a message to an absent account that cannot be stored is rejected, and so is one beyond the storage limit", () => {
  const history = new LastingHistory();
  const { chat, texts, login } = accounts({ history, storage: { rate: 60_000, members: 10 } });
  const alice = login("alice");
  history.full = "the disk is full";
  assertRejected("not-stored", "bob", () => chat.whisper(alice, "bob", "psst"));
  history.full = undefined;
  let stored = 0;
  const flood = () => {
    for (; stored < 1000; stored++) chat.whisper(alice, "bob", "x".repeat(2000));
  };
  assertRejected("stored-too-much", "bob", flood);
  const single = 2000 + 150;
  const burst = 60_000 * 8;
  assertEquals(stored < burst / single * 0.6, true, `both copies count: ${stored} messages`);
  assertEquals(texts(login("bob"), "alice").length, 9);
});

Deno.test("whisper: a session learns since when messages have waited for its account, once, by connecting or by a login", () => {
  using time = new Clock();
  const { fixture, chat, login } = accounts();
  const alice = login("alice");
  const wait = (text: string) => {
    time.now += 1000;
    chat.whisper(alice, "bob", text);
    return Date.now();
  };
  const first = wait("1");
  wait("2");
  const bob = login("bob");
  assertEquals(sessionOf(bob).missedPrivateSince, first);
  assertEquals(sessionOf(login("bob")).missedPrivateSince, first, "the first session of the member");
  assertEquals(bob.sessions[1]!.missedPrivateSince, undefined);
  chat.remove(bob);

  const later = wait("3");
  const guest = fixture.arrive("guest");
  assertEquals(sessionOf(guest).missedPrivateSince, undefined);
  chat.login(sessionOf(guest), "bob");
  assertEquals([guest.fullAccount, sessionOf(guest).missedPrivateSince], ["bob", later]);
  chat.remove(guest);

  const last = wait("4");
  const program = chat.connect(
    "bob",
    { user: "u", host: "h", realname: "", account: "bob" },
    fixture.format,
    new Inbox(),
    false,
  );
  assertEquals(program.missedPrivateSince, undefined, "no person is there");
  const person = chat.connect(
    "bob",
    { user: "u", host: "h", realname: "", account: "bob" },
    fixture.format,
    new Inbox(),
  );
  assertEquals(person.missedPrivateSince, Math.min(last, program.member.since));
});

Deno.test("whisper: nothing waits any more for an account that was deleted", () => {
  const { chat, dropped, login } = accounts();
  chat.whisper(login("alice"), "bob", "psst");
  dropped.add("bob");
  dropAccount(chat, "BOB");
  dropped.clear();
  assertEquals(sessionOf(login("bob")).missedPrivateSince, undefined);
});

Deno.test("whisper: a message to an absent member that is always on waits for it, if it is stored", () => {
  for (const keepPrivate of ["accounts", "off"] as const) {
    const { fixture, chat, login } = accounts({ keepPrivate });
    const [alice, bob] = [login("alice"), login("bob")];
    chat.alwaysOn.choose(bob, true);
    chat.disconnect(sessionOf(bob));
    assertEquals(chat.whisper(alice, "bob", "psst")?.waits, keepPrivate === "off" ? undefined : true);
    const back = chat.connect(
      "bob",
      { user: "u", host: "h", realname: "", account: "bob" },
      fixture.format,
      new Inbox(),
    );
    assertEquals([back.member, back.missedPrivateSince], [bob, back.missedSince]);
  }
});

Deno.test("waiting: the first message of an account counts, in any case of its name", () => {
  const waiting = new Waiting([["carol", 5]]);
  assertEquals([waiting.note("Bob", 1), waiting.note("bob", 2), waiting.note("carol", 9)], [true, false, false]);
  assertEquals([waiting.take("BOB"), waiting.take("bob"), waiting.take("Carol")], [1, undefined, 5]);
});
