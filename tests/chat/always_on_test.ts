/** Users who are always on: they stay in the chat, in their rooms, without a session. */
import { assert, assertEquals } from "@std/assert";
import { ABSENT_MESSAGE, ALWAYS_ON_MAX, EXPIRE_STEP } from "../../src/chat/always_on.ts";
import type { ChatOptions } from "../../src/chat/chat_options.ts";
import type { Member, Session } from "../../src/chat/member.ts";
import { fold } from "../../src/chat/names.ts";
import { Clock } from "../history/helpers.ts";
import {
  assertRejected,
  ChatFixture,
  CountingFormat,
  dropAccount,
  IDENTITY,
  Inbox,
  lasting,
  sessionOf,
} from "./helpers.ts";

/** A chat in which nicknames of up to six letters and digits without `guest` are registered. */
function registered(options: Partial<ChatOptions> = {}): ChatFixture {
  const isRegistered = (nick: string) => !fold(nick).startsWith("guest") && !dropped.has(fold(nick));
  return new ChatFixture({ policy: { isRegistered }, ...options });
}

/** Accounts that do not exist any more. */
const dropped = new Set<string>();

/** A session that is logged in to an account. */
function connect(
  fixture: ChatFixture,
  account: string,
  { attended = true, format = new CountingFormat() } = {},
): Session {
  return fixture.chat.connect(account, { ...IDENTITY, account }, format, new Inbox(), attended);
}

/** Alice, who is always on, in #tea with bob. */
function aliceAndBob(options: Partial<ChatOptions> = {}) {
  const fixture = registered(options);
  const session = connect(fixture, "alice");
  const bob = fixture.arrive("guestbob", ["#tea"]);
  fixture.chat.join(session.member, "#tea", undefined, session);
  fixture.chat.alwaysOn.choose(session.member, true);
  fixture.heard(bob);
  return { fixture, bob, session, alice: session.member };
}

function absentees(fixture: ChatFixture): string[] {
  return [...fixture.chat.alwaysOn.absent].map(({ nick }) => nick);
}

Deno.test("always on: a user whose last session ends stays in the rooms, away, and others are told only that", () => {
  const { fixture, bob, session, alice } = aliceAndBob();
  const second = connect(fixture, "alice");
  fixture.chat.disconnect(second, "bye", true);
  assertEquals([fixture.heard(bob), alice.away], [[], undefined]);
  fixture.chat.disconnect(session, "bye", true);
  assertEquals(fixture.heard(bob), [`away alice ${ABSENT_MESSAGE} alice`]);
  assert(fixture.chat.has(alice) && fixture.chat.findRoom("#tea").has(alice));
  assertEquals([absentees(fixture), fixture.chat.getByAccount("ALICE")], [["alice"], alice]);
  assertRejected(
    "login-to-leave",
    "alice",
    () => fixture.chat.whisper(bob, "alice", "a guest's is not stored: it is lost"),
  );
  fixture.say(bob, "#tea", "hi");
  assertRejected("nick-registered", "alice", () => fixture.chat.rename(bob, "alice"));
});

Deno.test("always on: the first session that comes back removes the away message of the server, but not the user's own", () => {
  const { fixture, bob, session, alice } = aliceAndBob();
  fixture.chat.disconnect(session);
  fixture.heard(bob);
  const back = connect(fixture, "alice");
  assertEquals([back.member, alice.away, absentees(fixture)], [alice, undefined, []]);
  assertEquals(fixture.heard(bob), ["away alice alice"]);
  fixture.chat.setAway(alice, "lunch");
  fixture.chat.disconnect(back);
  connect(fixture, "alice");
  assertEquals([alice.away, fixture.heard(bob)], ["lunch", ["away alice lunch alice"]]);
});

Deno.test("always on: a session knows since when its user was not here, if it is the first one to come back", () => {
  using clock = new Clock();
  const { fixture, session, alice } = aliceAndBob();
  assertEquals(session.missedSince, undefined);
  const left = clock.now += 1000;
  fixture.chat.disconnect(session);
  clock.now += 5000;
  const back = connect(fixture, "alice");
  assertEquals([alice.lastSeen, back.missedSince, connect(fixture, "alice").missedSince], [left, left, undefined]);
});

Deno.test("always on: a guest that logs in is the user who was not connected", () => {
  const { fixture, bob, session, alice } = aliceAndBob();
  fixture.chat.disconnect(session);
  const guest = fixture.enter("guest7", "#tea");
  fixture.heard(bob);
  const back = sessionOf(guest);
  fixture.chat.login(back, "alice");
  assertEquals([back.member, alice.away, absentees(fixture)], [alice, undefined, []]);
  assert(fixture.chat.findRoom("#tea").sessions.has(back));
  assertEquals(fixture.heard(bob), ["left #tea guest7 Logged in as alice 2 quit", "away alice alice"]);
});

Deno.test("always on: without a choice the policy of the server decides", () => {
  for (const [alwaysOn, without, on, off] of [["off", 0, 0, 0], ["opt-in", 0, 1, 0], ["on", 1, 1, 0]] as const) {
    for (const [choice, expected] of [[undefined, without], [true, on], [false, off]] as const) {
      const fixture = registered({ alwaysOn });
      const session = connect(fixture, "alice");
      fixture.chat.alwaysOn.choose(session.member, choice);
      assertEquals(fixture.chat.alwaysOn.status("ALICE"), { choice, on: expected === 1 });
      fixture.chat.disconnect(session);
      assertEquals(fixture.chat.members.size, expected, `${alwaysOn} ${choice}`);
    }
  }
});

Deno.test("always on: a guest cannot choose it, and leaves with the session", () => {
  const fixture = registered({ alwaysOn: "on" });
  const guest = fixture.enter("guest1");
  assertRejected("account-required", "guest1", () => fixture.chat.alwaysOn.choose(guest, true));
  fixture.chat.disconnect(sessionOf(guest));
  assertEquals(fixture.chat.members.size, 0);
});

Deno.test("always on: logging out of the last session leaves the user, and makes the session a guest", () => {
  const { fixture, bob, session, alice } = aliceAndBob();
  fixture.chat.logout(session);
  assertEquals([session.member.nick, session.member.account, session.member.rooms.size], ["guest1", undefined, 0]);
  assertEquals([alice.account, absentees(fixture), alice.away], ["alice", ["alice"], ABSENT_MESSAGE]);
  assertEquals(fixture.heard(bob), [`away alice ${ABSENT_MESSAGE} alice`]);
});

Deno.test("always on: a session that logs in to another account leaves its user behind", () => {
  for (const isOtherHere of [false, true]) {
    const { fixture, session, alice } = aliceAndBob();
    if (isOtherHere) connect(fixture, "carol");
    fixture.chat.login(session, "carol");
    assertEquals([session.member.account, alice.account, absentees(fixture)], ["carol", "alice", ["alice"]]);
  }
});

Deno.test("always on: an account that is dropped takes its user out of the chat, and its choice is forgotten", () => {
  try {
    const { fixture, bob, session } = aliceAndBob();
    fixture.chat.disconnect(session);
    fixture.heard(bob);
    dropped.add("alice");
    dropAccount(fixture.chat, "Alice");
    assertEquals(fixture.heard(bob), ["left #tea alice Account deleted alice 1 quit"]);
    assertEquals([fixture.chat.get("alice"), fixture.chat.alwaysOn.status("alice").choice], [undefined, undefined]);
    dropped.clear();
    const connected = aliceAndBob();
    dropped.add("alice");
    dropAccount(connected.fixture.chat, "alice");
    connected.fixture.chat.logout(connected.session);
    connected.fixture.chat.disconnect(connected.session);
    assertEquals(absentees(connected.fixture), [], "it is no user of an account any more");
  } finally {
    dropped.clear();
  }
});

Deno.test("always on: a user who is removed does not stay, whether connected or not", () => {
  for (const isConnected of [true, false]) {
    const { fixture, bob, session, alice } = aliceAndBob();
    if (!isConnected) fixture.chat.disconnect(session);
    fixture.chat.remove(alice, "enough");
    assertEquals(fixture.heard(bob).at(-1), "left #tea alice enough alice 1 quit");
    assertEquals([absentees(fixture), fixture.chat.getByAccount("alice")], [[], undefined]);
  }
});

Deno.test("always on: the limit of users without a session rejects the next choice, and lets the next user leave", () => {
  const { fixture, session } = aliceAndBob({ maxAbsent: 1 });
  const carol = connect(fixture, "carol");
  fixture.chat.alwaysOn.choose(carol.member, true);
  fixture.chat.disconnect(session);
  const dave = connect(fixture, "dave");
  assertRejected("absent-full", "1", () => fixture.chat.alwaysOn.choose(dave.member, true));
  assertEquals(fixture.chat.alwaysOn.status("dave"), { choice: undefined, on: false });
  fixture.chat.disconnect(carol);
  assertEquals([absentees(fixture), fixture.chat.get("carol")], [["alice"], undefined]);
  connect(fixture, "alice");
  fixture.chat.alwaysOn.choose(dave.member, true);
});

Deno.test("always on: the limit is ALWAYS_ON_MAX by default", () => {
  const fixture = registered();
  const leave = (n: number) => {
    const session = connect(fixture, `a${n}`);
    if (n < ALWAYS_ON_MAX) fixture.chat.alwaysOn.choose(session.member, true);
    else assertRejected("absent-full", String(ALWAYS_ON_MAX), () => fixture.chat.alwaysOn.choose(session.member, true));
    fixture.chat.disconnect(session);
  };
  for (let n = 0; n <= ALWAYS_ON_MAX; n++) leave(n);
  assertEquals(fixture.chat.alwaysOn.absent.size, ALWAYS_ON_MAX);
});

Deno.test("always on: users who were last here before a time are removed, some at once", () => {
  using clock = new Clock();
  const fixture = registered({ alwaysOn: "on" });
  const sessions = Array.from({ length: EXPIRE_STEP + 3 }, (_, n) => connect(fixture, `a${n}`));
  const [first, second, ...others] = sessions;
  for (const session of others) fixture.chat.disconnect(session);
  const then = clock.now += 1000;
  fixture.chat.disconnect(second!);
  assertEquals([fixture.chat.alwaysOn.expire(then), fixture.chat.members.size], [true, 3]);
  assertEquals([fixture.chat.alwaysOn.expire(then), fixture.chat.members.size], [false, 2]);
  assertEquals([first!.member, second!.member].every((member) => fixture.chat.has(member)), true);
  assertEquals([fixture.chat.alwaysOn.expire(then + 1), absentees(fixture), fixture.chat.has(first!.member)], [
    false,
    [],
    true,
  ]);
});

Deno.test("always on: a user without a session is no server operator any more, but still a bot", () => {
  const { fixture, session, alice } = aliceAndBob();
  for (const flag of ["operator", "wallops", "bot", "invisible"] as const) fixture.chat.setFlag(alice, flag, true);
  fixture.chat.disconnect(session);
  assertEquals([alice.operator, alice.wallops, alice.bot, alice.invisible], [false, false, true, true]);
  assertEquals(fixture.chat.flagCounts, { invisible: 1, operator: 0, wallops: 0, bot: 1 });
});

Deno.test("always on: limits count a user in the networks of the session that came back", () => {
  const { fixture, session, alice } = aliceAndBob();
  fixture.chat.disconnect(session);
  const identity = { ...IDENTITY, host: "elsewhere", networks: ["far"], account: "alice" };
  fixture.chat.connect("alice", identity, new CountingFormat(), new Inbox());
  assertEquals([alice.networks, alice.host], [["far"], "host"]);
});

Deno.test("always on: a line is stored soon in a room whose members are all without a session", () => {
  const { fixture, history } = lasting({ policy: { isRegistered: () => true }, alwaysOn: "on" });
  const alice = connect(fixture, "alice");
  const tea = fixture.chat.join(alice.member, "#tea");
  fixture.chat.setModes(alice.member, tea, [{ on: false, mode: "n" }]);
  fixture.chat.disconnect(alice);
  fixture.chat.flush();
  const { held } = fixture;
  fixture.chat.say(connect(fixture, "bob").member, tea, "hi");
  assertEquals(fixture.held, held + 1, "a flush is requested");
  fixture.chat.flush();
  assertEquals(history.commits.at(-1), ["hi"]);
});

Deno.test("unattended: a session that no person is at does not bring its user back", () => {
  using clock = new Clock();
  const { fixture, bob, session, alice } = aliceAndBob();
  const left = clock.now += 1000;
  fixture.chat.disconnect(session);
  fixture.heard(bob);
  clock.now += 1000;
  const fetching = connect(fixture, "alice", { attended: false });
  assertEquals([alice.away, absentees(fixture), fixture.heard(bob)], [ABSENT_MESSAGE, [], []]);
  fixture.chat.disconnect(fetching);
  assertEquals(alice.lastSeen, left);
  const back = connect(fixture, "alice");
  assertEquals([back.missedSince, alice.away], [left, undefined]);
  fixture.chat.alwaysOn.attend(back, false);
  assertEquals(alice.away, ABSENT_MESSAGE);
  fixture.chat.alwaysOn.attend(back, true);
  assertEquals(alice.away, undefined);
});

Deno.test("unattended: a guest with such a session is away, and leaves with it", () => {
  const fixture = registered();
  const { member }: { member: Member } = fixture.chat.connect(
    "guest1",
    IDENTITY,
    new CountingFormat(),
    new Inbox(),
    false,
  );
  assertEquals(member.away, ABSENT_MESSAGE);
  fixture.chat.disconnect(sessionOf(member));
  assertEquals(fixture.chat.members.size, 0);
});
