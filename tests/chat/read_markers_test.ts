/** Read markers: up to when members have read, for accounts and for guests. */
import { assertEquals } from "@std/assert";
import type { LocalChat } from "../../src/chat/local_chat.ts";
import { type Member, type Session, SHOWN_MAX } from "../../src/chat/member.ts";
import { GUEST_MARKERS_MAX } from "../../src/chat/read_marker_commands.ts";
import { READ_MARKERS_MAX } from "../../src/chat/read_marker_store.ts";
import { NEW_COUNTED } from "../../src/chat/read_markers.ts";
import type { Room } from "../../src/chat/room.ts";
import { MemoryHistory } from "../../src/history/memory.ts";
import { Clock, NOON } from "../history/helpers.ts";
import { assertRejected, ChatFixture, CountingFormat, dropAccount, IDENTITY, Inbox, lasting } from "./helpers.ts";

const isRegistered = (nick: string) => /^(alice|bob)$/i.test(nick);

/** Connects a session that is logged in to an account; what it is notified of is added to `told`. */
function connect(chat: LocalChat, account: string, told: string[] = []): Session {
  const session = chat.connect(account, { ...IDENTITY, account }, new CountingFormat(), new Inbox());
  session.handlers = { markedRead: (target, time) => void told.push(`${target} ${time - NOON}`) };
  return session;
}

/** Alice, who is logged in twice, in #tea. */
function twice({ chat }: ChatFixture) {
  const told: [string[], string[]] = [[], []];
  const [one, other] = [connect(chat, "alice", told[0]), connect(chat, "alice", told[1])];
  const tea = chat.join(one.member, "#Tea", undefined, one);
  return { chat, one, other, alice: one.member, tea, told, markers: chat.readMarkers };
}

Deno.test("read markers: a marker only advances, not beyond now, and all sessions of the user are notified when it does", () => {
  using clock = new Clock();
  const { markers, alice, tea, told } = twice(new ChatFixture({ policy: { isRegistered } }));
  assertEquals(markers.get(alice, tea), undefined);
  clock.now = NOON + 50;
  assertEquals([10, 30, 30, 20, 1000].map((time) => markers.advance(alice, tea, NOON + time) - NOON), [
    10,
    30,
    30,
    30,
    50,
  ]);
  assertEquals(markers.advance(alice, "Bob", NOON + 40), NOON + 40);
  assertEquals([markers.get(alice, tea), markers.get(alice, "BOB")], [NOON + 50, NOON + 40]);
  assertEquals(told, Array(2).fill(["#Tea 10", "#Tea 30", "#Tea 50", "Bob 40"]));
});

Deno.test("read markers: those of an account are there for its next session, and not for others", () => {
  using _clock = new Clock();
  const fixture = new ChatFixture({ policy: { isRegistered } });
  const { chat, markers, alice, tea, one, other } = twice(fixture);
  const bob = connect(chat, "bob").member;
  chat.join(bob, "#tea");
  markers.advance(alice, tea, 5);
  markers.advance(alice, "bob", 6);
  assertEquals([markers.get(bob, tea), markers.get(bob, "bob")], [undefined, undefined]);
  for (const session of [one, other]) chat.disconnect(session);
  const back = connect(chat, "ALICE").member;
  chat.join(back, "#tea");
  assertEquals([markers.get(back, tea), markers.get(back, "bob")], [5, 6]);
});

Deno.test("read markers: a member can have one of rooms that it is in, and of valid nicknames", () => {
  const fixture = new ChatFixture();
  const [eve, bob] = [fixture.enter("eve"), fixture.enter("bob", "#tea")];
  const { readMarkers } = fixture.chat;
  assertRejected("not-in-room", "#tea", () => readMarkers.advance(eve, fixture.chat.findRoom("#tea"), 5));
  for (const name of ["#den", "", "a b", "x".repeat(100)]) {
    assertRejected("nick-invalid", name, () => readMarkers.advance(bob, name, 5));
  }
});

Deno.test("read markers: a guest's are on the member, in renamed rooms too, and at most a hundred", () => {
  using clock = new Clock();
  const { chat } = new ChatFixture({ policy: { isRegistered } });
  const owner = connect(chat, "bob").member;
  const tea = chat.join(owner, "#tea");
  const guest = chat.connect("eve", IDENTITY, new CountingFormat(), new Inbox()).member;
  chat.join(guest, "#tea");
  chat.readMarkers.advance(guest, tea, NOON - 2);
  chat.readMarkers.advance(guest, "bob", NOON - 5);
  chat.admin.rename(owner, tea, "#cave");
  assertEquals([chat.readMarkers.get(guest, tea), chat.readMarkers.get(guest, "bob")], [NOON - 2, NOON - 5]);
  for (let n = 0; n < GUEST_MARKERS_MAX - 1; n++) chat.readMarkers.advance(guest, `nick${n}`, clock.now++);
  assertEquals(guest.readMarkers?.size, GUEST_MARKERS_MAX);
  assertEquals([chat.readMarkers.get(guest, tea), chat.readMarkers.get(guest, "bob")], [NOON - 2, undefined]);
});

Deno.test("read markers: in memory, an account has at most a thousand, and the oldest is dropped", () => {
  const { readMarkers } = new MemoryHistory();
  for (let n = 0; n <= READ_MARKERS_MAX; n++) readMarkers.advance("alice", `nick${n}`, n === 500 ? -1 : n);
  assertEquals([0, 499, 500, 501].map((n) => readMarkers.get("alice", `nick${n}`)), [0, 499, undefined, 501]);
  assertEquals(readMarkers.get("alice", `nick${READ_MARKERS_MAX}`), READ_MARKERS_MAX);
});

for (
  const [how, make] of [["in memory", () => new ChatFixture({ policy: { isRegistered } })], [
    "with a persistent history",
    () => lasting({ policy: { isRegistered } }).fixture,
  ]] as const
) {
  Deno.test(`read markers: ${how}, a renamed room keeps them, and a new room of the same name has none`, () => {
    using _clock = new Clock();
    const { chat, markers, alice, tea } = twice(make());
    markers.advance(alice, tea, 5);
    chat.flush();
    chat.admin.rename(alice, tea, "#cave");
    assertEquals(markers.get(alice, tea), 5);
    const other = chat.join(alice, "#tea");
    assertEquals(markers.get(alice, other), undefined);
    markers.advance(alice, other, 6);
    assertEquals([markers.get(alice, tea), markers.get(alice, other)], [5, 6]);
    chat.flush();
    chat.admin.destroy(alice, tea);
    assertEquals(markers.get(alice, chat.join(alice, "#cave")), undefined);
    assertEquals(markers.get(alice, other), 6);
  });
}

Deno.test("read markers: a guest that logs in takes them along, and a guest that logs out has none", () => {
  using _clock = new Clock();
  const { chat } = new ChatFixture({ policy: { isRegistered } });
  const session = chat.connect("eve", IDENTITY, new CountingFormat(), new Inbox());
  const tea = chat.join(session.member, "#tea", undefined, session);
  chat.readMarkers.advance(session.member, tea, 5);
  chat.readMarkers.advance(session.member, "bob", 6);
  const both = (member: Member, room = tea) => [room, "bob"].map((where) => chat.readMarkers.get(member, where));
  chat.login(session, "alice"); // in place
  assertEquals([both(session.member), session.member.readMarkers], [[5, 6], undefined]);
  const guest = chat.connect("mallory", IDENTITY, new CountingFormat(), new Inbox());
  chat.join(guest.member, "#tea", undefined, guest);
  chat.readMarkers.advance(guest.member, tea, 7);
  chat.readMarkers.advance(guest.member, "bob", 2);
  chat.login(guest, "alice"); // to the member that is there
  assertEquals(both(guest.member), [7, 6]);
  chat.logout(guest);
  assertEquals(both(guest.member), [undefined, undefined]);
});

Deno.test("read markers: those of a deleted account are gone", () => {
  using _clock = new Clock();
  const { chat, markers, alice, tea, one, other } = twice(new ChatFixture({ policy: { isRegistered } }));
  markers.advance(alice, tea, 5);
  for (const session of [one, other]) chat.logout(session);
  dropAccount(chat, "Alice");
  const next = connect(chat, "alice").member;
  chat.join(next, "#tea");
  assertEquals(markers.get(next, tea), undefined);
});

Deno.test("read markers: a member whose token has a scope has its own, of what the token permits", () => {
  using _clock = new Clock();
  const { chat, markers, alice, tea } = twice(new ChatFixture({ policy: { isRegistered } }));
  markers.advance(alice, tea, 5);
  const token = { id: 1, readOnly: true, room: "#tea" };
  const bot = chat.connect("bot", { ...IDENTITY, account: "alice", token }, new CountingFormat(), new Inbox()).member;
  chat.join(bot, "#tea");
  assertEquals(markers.get(bot, tea), undefined);
  assertEquals([markers.advance(bot, tea, 7), markers.get(alice, tea)], [7, 5]);
  assertRejected("token-room", "#tea", () => markers.get(bot, "bob"));
  assertRejected("token-room", "#tea", () => markers.advance(bot, "bob", 7));
});

/** A room with a line in it, and ways in which a session is no longer shown it. */
const WAYS: Record<string, (chat: LocalChat, session: Session, room: Room) => unknown> = {
  disconnects: (chat, session) => chat.disconnect(session),
  "is removed": (chat, session) => chat.remove(session.member),
  "logs out": (chat, session) => chat.logout(session),
  "hides the room": (chat, session, room) => chat.hide(session, room),
  "leaves the room": (chat, session, room) => chat.leave(session.member, room, undefined, session),
};

for (const [way, run] of Object.entries(WAYS)) {
  Deno.test(`read markers: what was shown to a session without markers counts as read when it ${way}`, () => {
    using clock = new Clock();
    const fixture = new ChatFixture({ policy: { isRegistered } });
    const bob = fixture.enter("guestbob", "#tea", "#den", "#quiet");
    const { chat } = fixture;
    const read = (change: (session: Session) => void) => {
      const session = connect(chat, "alice");
      session.readsShown = true;
      const rooms = ["#tea", "#den", "#quiet"].map((name) => chat.join(session.member, name, undefined, session));
      const [tea, den] = rooms as [Room, Room];
      const stays = chat.connect("alice", { ...IDENTITY, account: "alice" }, new CountingFormat(), new Inbox());
      clock.now += 1000;
      for (const room of [tea, den]) chat.say(bob, room, "hi");
      clock.now += 1000;
      chat.hide(session, den);
      clock.now += 1000;
      chat.say(bob, tea, "last");
      chat.say(bob, den, "not shown");
      change(session);
      run(chat, session, tea);
      const { member } = connect(chat, "alice");
      for (const room of rooms) chat.join(member, room.name);
      const found = rooms.map((room) => chat.readMarkers.newLines(member, room)?.count);
      for (const each of [...member.sessions]) chat.disconnect(each);
      chat.disconnect(stays);
      dropAccount(chat, "alice");
      return found;
    };
    assertEquals(read(() => {}), [0, 1, undefined]);
    assertEquals(read((session) => session.readsShown = false), [undefined, 1, undefined]);
    assertEquals(read((session) => chat.alwaysOn.attend(session, false)), [undefined, 1, undefined]);
  });
}

Deno.test("read markers: private messages that were shown to a session without markers count as read when it ends", () => {
  using clock = new Clock();
  const fixture = new ChatFixture({ policy: { isRegistered } });
  const { chat } = fixture;
  const bob = connect(chat, "bob").member;
  const read = (change: (session: Session) => void) => {
    const session = connect(chat, "alice");
    const stays = connect(chat, "alice");
    session.readsShown = true;
    change(session);
    clock.now += 1000;
    chat.whisper(bob, "alice", "hi");
    const sent = clock.now++;
    chat.disconnect(session);
    const marker = chat.readMarkers.get(stays.member, "BOB");
    chat.disconnect(stays);
    dropAccount(chat, "alice");
    return marker === sent;
  };
  assertEquals(read(() => {}), true);
  assertEquals(read((session) => session.readsShown = false), false);
  assertEquals(read((session) => chat.alwaysOn.attend(session, false)), false);
});

Deno.test("read markers: a session notes a limited number of conversations that it was shown", () => {
  using clock = new Clock();
  const { chat } = new ChatFixture({ policy: { isRegistered } });
  const session = connect(chat, "alice");
  const stays = connect(chat, "alice");
  session.readsShown = true;
  for (let n = 0; n <= SHOWN_MAX; n++) session.noteShown(`user${n}`, clock.now++);
  chat.disconnect(session);
  const marker = (nick: string) => chat.readMarkers.get(stays.member, nick) !== undefined;
  assertEquals([marker("user0"), marker("user1"), marker(`user${SHOWN_MAX}`)], [false, true, true]);
});

Deno.test("read markers: new lines are counted up to a limit, from the marker, or else from another time", () => {
  using clock = new Clock();
  const fixture = new ChatFixture();
  const { readMarkers } = fixture.chat;
  const [eve, bob] = [fixture.enter("eve", "#tea"), fixture.enter("bob", "#tea")];
  const tea = fixture.chat.findRoom("#tea");
  for (let n = 0; n < NEW_COUNTED + 10; n++, clock.now++) fixture.say(bob, "#tea", `${n}`);
  assertEquals(readMarkers.newLines(eve, tea), undefined);
  assertEquals(readMarkers.newLines(eve, tea, clock.now - 4)?.count, 4);
  const countAt = (n: number) => {
    readMarkers.advance(eve, tea, NOON + n);
    return readMarkers.newLines(eve, tea, NOON + 500)?.count;
  };
  assertEquals([0, 8, 9, 10, NEW_COUNTED, NEW_COUNTED + 9].map(countAt), [501, 501, 500, 499, 9, 0]);
});

Deno.test("read markers: an error of the history is reported, and does not keep a session from ending", () => {
  const { history, fixture } = lasting({ policy: { isRegistered } });
  const { chat } = fixture;
  const session = connect(chat, "alice");
  session.readsShown = true;
  const tea = chat.join(session.member, "#tea", undefined, session);
  chat.say(session.member, tea, "hi");
  chat.flush();
  history.unreadable = "damaged";
  assertRejected("history-unreadable", "damaged", () => chat.readMarkers.newLines(session.member, tea, 0));
  chat.disconnect(session);
  assertEquals(chat.hasSession(session), false);
});

Deno.test("read markers: a marker in a room without stored lines has the room stored", () => {
  const { fixture, restart } = lasting({ policy: { isRegistered } });
  const { chat } = fixture;
  fixture.enter("eve", "#den");
  const alice = connect(chat, "alice").member;
  const den = chat.join(alice, "#den");
  assertEquals(den.stored, false);
  chat.readMarkers.advance(alice, den, 5);
  chat.flush();
  const again = restart();
  assertEquals(again.rooms(), ["#den", "#lobby"]);
  const back = connect(again.chat, "alice").member;
  assertEquals(again.chat.readMarkers.get(back, again.chat.join(back, "#den")), 5);
});
