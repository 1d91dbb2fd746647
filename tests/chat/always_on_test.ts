/** Users who are always on: they stay in the chat, in their rooms, without a session. */
import { assert, assertEquals } from "@std/assert";
import { ABSENT_MESSAGE, ALWAYS_ON_MAX, EXPIRE_STEP } from "../../src/chat/always_on.ts";
import type { LocalChatOptions } from "../../src/chat/local_chat.ts";
import type { Member, Session } from "../../src/chat/member.ts";
import { fold } from "../../src/chat/names.ts";
import { Clock } from "../history/helpers.ts";
import { assertRejected, Chat, CountingFormat, IDENTITY, Inbox, lasting, sessionOf } from "./helpers.ts";

/** A chat in which nicknames of up to six letters and digits without `guest` are registered. */
function registered(options: Partial<LocalChatOptions> = {}): Chat {
  const isRegistered = (nick: string) => !fold(nick).startsWith("guest") && !dropped.has(fold(nick));
  return new Chat({ policy: { isRegistered }, ...options });
}

/** Accounts that do not exist any more. */
const dropped = new Set<string>();

/** A session that is logged in to an account. */
function connect(chat: Chat, account: string, { attended = true, format = new CountingFormat() } = {}): Session {
  return chat.hub.connect(account, { ...IDENTITY, account }, format, new Inbox(), attended);
}

/** Alice, who is always on, in #tea with bob. */
function aliceAndBob(options: Partial<LocalChatOptions> = {}) {
  const chat = registered(options);
  const session = connect(chat, "alice");
  const bob = chat.arrive("guestbob", ["#tea"]);
  chat.hub.join(session.member, "#tea", undefined, session);
  chat.hub.setAlwaysOn(session.member, true);
  chat.heard(bob);
  return { chat, bob, session, alice: session.member };
}

function absentees(chat: Chat): string[] {
  return [...chat.hub.absent].map(({ nick }) => nick);
}

Deno.test("always on: a user whose last session ends stays in the rooms, away, and others are told only that", () => {
  const { chat, bob, session, alice } = aliceAndBob();
  const second = connect(chat, "alice");
  chat.hub.disconnect(second, "bye", true);
  assertEquals([chat.heard(bob), alice.away], [[], undefined]);
  chat.hub.disconnect(session, "bye", true);
  assertEquals(chat.heard(bob), [`away alice ${ABSENT_MESSAGE} alice`]);
  assert(chat.hub.has(alice) && chat.hub.findRoom("#tea").has(alice));
  assertEquals([absentees(chat), chat.hub.getByAccount("ALICE")], [["alice"], alice]);
  assertEquals(chat.hub.whisper(bob, "alice", "psst")?.to, "alice");
  chat.say(bob, "#tea", "hi");
  assertRejected("nick-registered", "alice", () => chat.hub.rename(bob, "alice"));
});

Deno.test("always on: the first session that comes back removes the away message of the server, but not the user's own", () => {
  const { chat, bob, session, alice } = aliceAndBob();
  chat.hub.disconnect(session);
  chat.heard(bob);
  const back = connect(chat, "alice");
  assertEquals([back.member, alice.away, absentees(chat)], [alice, undefined, []]);
  assertEquals(chat.heard(bob), ["away alice alice"]);
  chat.hub.setAway(alice, "lunch");
  chat.hub.disconnect(back);
  connect(chat, "alice");
  assertEquals([alice.away, chat.heard(bob)], ["lunch", ["away alice lunch alice"]]);
});

Deno.test("always on: a session knows since when its user was not here, if it is the first one to come back", () => {
  using clock = new Clock();
  const { chat, session, alice } = aliceAndBob();
  assertEquals(session.missedSince, undefined);
  const left = clock.now += 1000;
  chat.hub.disconnect(session);
  clock.now += 5000;
  const back = connect(chat, "alice");
  assertEquals([alice.lastSeen, back.missedSince, connect(chat, "alice").missedSince], [left, left, undefined]);
});

Deno.test("always on: a guest that logs in is the user who was not connected", () => {
  const { chat, bob, session, alice } = aliceAndBob();
  chat.hub.disconnect(session);
  const guest = chat.enter("guest7", "#tea");
  chat.heard(bob);
  const back = sessionOf(guest);
  chat.hub.login(back, "alice");
  assertEquals([back.member, alice.away, absentees(chat)], [alice, undefined, []]);
  assert(chat.hub.findRoom("#tea").sessions.has(back));
  assertEquals(chat.heard(bob), ["left #tea guest7 Logged in as alice 2 quit", "away alice alice"]);
});

Deno.test("always on: without a choice the policy of the server decides", () => {
  for (const [alwaysOn, without, on, off] of [["off", 0, 0, 0], ["opt-in", 0, 1, 0], ["on", 1, 1, 0]] as const) {
    for (const [choice, expected] of [[undefined, without], [true, on], [false, off]] as const) {
      const chat = registered({ alwaysOn });
      const session = connect(chat, "alice");
      chat.hub.setAlwaysOn(session.member, choice);
      assertEquals(chat.hub.alwaysOnStatus("ALICE"), { choice, on: expected === 1 });
      chat.hub.disconnect(session);
      assertEquals(chat.hub.members.size, expected, `${alwaysOn} ${choice}`);
    }
  }
});

Deno.test("always on: a guest cannot choose it, and leaves with the session", () => {
  const chat = registered({ alwaysOn: "on" });
  const guest = chat.enter("guest1");
  assertRejected("account-required", "guest1", () => chat.hub.setAlwaysOn(guest, true));
  chat.hub.disconnect(sessionOf(guest));
  assertEquals(chat.hub.members.size, 0);
});

Deno.test("always on: logging out of the last session leaves the user, and makes the session a guest", () => {
  const { chat, bob, session, alice } = aliceAndBob();
  chat.hub.logout(session);
  assertEquals([session.member.nick, session.member.account, session.member.rooms.size], ["guest1", undefined, 0]);
  assertEquals([alice.account, absentees(chat), alice.away], ["alice", ["alice"], ABSENT_MESSAGE]);
  assertEquals(chat.heard(bob), [`away alice ${ABSENT_MESSAGE} alice`]);
});

Deno.test("always on: a session that logs in to another account leaves its user behind", () => {
  for (const isOtherHere of [false, true]) {
    const { chat, session, alice } = aliceAndBob();
    if (isOtherHere) connect(chat, "carol");
    chat.hub.login(session, "carol");
    assertEquals([session.member.account, alice.account, absentees(chat)], ["carol", "alice", ["alice"]]);
  }
});

Deno.test("always on: an account that is dropped takes its user out of the chat, and its choice is forgotten", () => {
  try {
    const { chat, bob, session } = aliceAndBob();
    chat.hub.disconnect(session);
    chat.heard(bob);
    dropped.add("alice");
    chat.hub.forgetAccount("Alice");
    assertEquals(chat.heard(bob), ["left #tea alice Account deleted alice 1 quit"]);
    assertEquals([chat.hub.get("alice"), chat.hub.alwaysOnStatus("alice").choice], [undefined, undefined]);
    dropped.clear();
    const connected = aliceAndBob();
    dropped.add("alice");
    connected.chat.hub.forgetAccount("alice");
    connected.chat.hub.logout(connected.session);
    connected.chat.hub.disconnect(connected.session);
    assertEquals(absentees(connected.chat), [], "it is no user of an account any more");
  } finally {
    dropped.clear();
  }
});

Deno.test("always on: a user who is removed does not stay, whether connected or not", () => {
  for (const isConnected of [true, false]) {
    const { chat, bob, session, alice } = aliceAndBob();
    if (!isConnected) chat.hub.disconnect(session);
    chat.hub.remove(alice, "enough");
    assertEquals(chat.heard(bob).at(-1), "left #tea alice enough alice 1 quit");
    assertEquals([absentees(chat), chat.hub.getByAccount("alice")], [[], undefined]);
  }
});

Deno.test("always on: the limit of users without a session rejects the next choice, and lets the next user leave", () => {
  const { chat, session } = aliceAndBob({ maxAbsent: 1 });
  const carol = connect(chat, "carol");
  chat.hub.setAlwaysOn(carol.member, true);
  chat.hub.disconnect(session);
  const dave = connect(chat, "dave");
  assertRejected("absent-full", "1", () => chat.hub.setAlwaysOn(dave.member, true));
  assertEquals(chat.hub.alwaysOnStatus("dave"), { choice: undefined, on: false });
  chat.hub.disconnect(carol);
  assertEquals([absentees(chat), chat.hub.get("carol")], [["alice"], undefined]);
  connect(chat, "alice");
  chat.hub.setAlwaysOn(dave.member, true);
});

Deno.test("always on: the limit is ALWAYS_ON_MAX by default", () => {
  const chat = registered();
  const leave = (n: number) => {
    const session = connect(chat, `a${n}`);
    if (n < ALWAYS_ON_MAX) chat.hub.setAlwaysOn(session.member, true);
    else assertRejected("absent-full", String(ALWAYS_ON_MAX), () => chat.hub.setAlwaysOn(session.member, true));
    chat.hub.disconnect(session);
  };
  for (let n = 0; n <= ALWAYS_ON_MAX; n++) leave(n);
  assertEquals(chat.hub.absent.size, ALWAYS_ON_MAX);
});

Deno.test("always on: users who were last here before a time are removed, some at once", () => {
  using clock = new Clock();
  const chat = registered({ alwaysOn: "on" });
  const sessions = Array.from({ length: EXPIRE_STEP + 3 }, (_, n) => connect(chat, `a${n}`));
  const [first, second, ...others] = sessions;
  for (const session of others) chat.hub.disconnect(session);
  const then = clock.now += 1000;
  chat.hub.disconnect(second!);
  assertEquals([chat.hub.expireAbsent(then), chat.hub.members.size], [true, 3]);
  assertEquals([chat.hub.expireAbsent(then), chat.hub.members.size], [false, 2]);
  assertEquals([first!.member, second!.member].every((member) => chat.hub.has(member)), true);
  assertEquals([chat.hub.expireAbsent(Infinity), absentees(chat), chat.hub.has(first!.member)], [false, [], true]);
});

Deno.test("always on: a user without a session is no server operator any more, but still a bot", () => {
  const { chat, session, alice } = aliceAndBob();
  for (const flag of ["operator", "wallops", "bot", "invisible"] as const) chat.hub.setFlag(alice, flag, true);
  chat.hub.disconnect(session);
  assertEquals([alice.operator, alice.wallops, alice.bot, alice.invisible], [false, false, true, true]);
  assertEquals(chat.hub.flagCounts, { invisible: 1, operator: 0, wallops: 0, bot: 1 });
});

Deno.test("always on: limits count a user in the networks of the session that came back", () => {
  const { chat, session, alice } = aliceAndBob();
  chat.hub.disconnect(session);
  const identity = { ...IDENTITY, host: "elsewhere", networks: ["far"], account: "alice" };
  chat.hub.connect("alice", identity, new CountingFormat(), new Inbox());
  assertEquals([alice.networks, alice.host], [["far"], "host"]);
});

Deno.test("always on: a line is stored soon in a room whose members are all without a session", () => {
  const { chat, history } = lasting({ policy: { isRegistered: () => true }, alwaysOn: "on" });
  const alice = connect(chat, "alice");
  const tea = chat.hub.join(alice.member, "#tea");
  chat.hub.setModes(alice.member, tea, [{ on: false, mode: "n" }]);
  chat.hub.disconnect(alice);
  chat.hub.flush();
  const { held } = chat;
  chat.hub.say(connect(chat, "bob").member, tea, "hi");
  assertEquals(chat.held, held + 1, "a flush is requested");
  chat.hub.flush();
  assertEquals(history.commits.at(-1), ["hi"]);
});

Deno.test("unattended: a session that no person is at does not bring its user back", () => {
  using clock = new Clock();
  const { chat, bob, session, alice } = aliceAndBob();
  const left = clock.now += 1000;
  chat.hub.disconnect(session);
  chat.heard(bob);
  clock.now += 1000;
  const fetching = connect(chat, "alice", { attended: false });
  assertEquals([alice.away, absentees(chat), chat.heard(bob)], [ABSENT_MESSAGE, [], []]);
  chat.hub.disconnect(fetching);
  assertEquals(alice.lastSeen, left);
  const back = connect(chat, "alice");
  assertEquals([back.missedSince, alice.away], [left, undefined]);
  chat.hub.attend(back, false);
  assertEquals(alice.away, ABSENT_MESSAGE);
  chat.hub.attend(back, true);
  assertEquals(alice.away, undefined);
});

Deno.test("unattended: a guest with such a session is away, and leaves with it", () => {
  const chat = registered();
  const { member }: { member: Member } = chat.hub.connect("guest1", IDENTITY, new CountingFormat(), new Inbox(), false);
  assertEquals(member.away, ABSENT_MESSAGE);
  chat.hub.disconnect(sessionOf(member));
  assertEquals(chat.hub.members.size, 0);
});
