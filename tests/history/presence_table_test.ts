/** Users who are always on, in the database: what is there after a restart. */
import { assertEquals } from "@std/assert";
import { ABSENT_MESSAGE } from "../../src/chat/always_on.ts";
import type { ChatOptions } from "../../src/chat/chat_options.ts";
import { LocalChat } from "../../src/chat/local_chat.ts";
import type { Session } from "../../src/chat/member.ts";
import { fold } from "../../src/chat/names.ts";
import { ROWS_MAX } from "../../src/chat/presence_writer.ts";
import { StoreError } from "../../src/chat/store.ts";
import { Database } from "../../src/history/database.ts";
import { erase } from "../../src/history/erase.ts";
import { MIGRATIONS } from "../../src/history/schema.ts";
import { ANY_ACCOUNT, CountingFormat, dropAccount, IDENTITY, Inbox } from "../chat/helpers.ts";
import { Clock, leaveRoom, NOON, Place } from "./helpers.ts";

/** Opens the file again, as after the process was killed: nothing is written first. */
async function restart(place: Place, options: Partial<ChatOptions> = {}): Promise<LocalChat> {
  const policy = { isRegistered: (nick: string) => /^(alice|bob|carol)$/.test(fold(nick)) };
  return new LocalChat({ history: await place.open(), directory: ANY_ACCOUNT, policy, ...options });
}

function connect(chat: LocalChat, account: string, nick = account): Session {
  return chat.connect(nick, { ...IDENTITY, realname: `Real ${nick}`, account }, new CountingFormat(), new Inbox());
}

/** The members of a chat, with what is restored of them. */
function members(chat: LocalChat): unknown[] {
  return [...chat.members].map((member) => {
    const { nick, origin, realname, account, away, since, lastSeen, bot } = member;
    const rooms = [...member.rooms.values()].map((room) => (room.holds(member, "op") ? "@" : "") + room.name);
    return { nick, origin, realname, account, away, since, lastSeen, bot, rooms: rooms.join(" ") };
  });
}

const ALICE = {
  nick: "ally",
  origin: "ally!~user@host",
  realname: "at sea",
  account: "alice",
  away: ABSENT_MESSAGE,
  since: NOON,
  bot: true,
  rooms: "#lobby #Tea @#den",
};

/** A chat in which alice is always on, in three rooms, as an operator of #den alone. */
async function withAlice(place: Place): Promise<{ chat: LocalChat; session: Session }> {
  const chat = await restart(place);
  const bob = connect(chat, "bob");
  chat.join(bob.member, "#Tea");
  const session = connect(chat, "alice");
  const { member } = session;
  const changes = [
    () => chat.alwaysOn.choose(member, true),
    ...["#lobby", "#Tea", "#den", "#left"].map((room) => () => chat.join(member, room)),
    () => chat.leave(member, chat.findRoom("#left")),
    () => chat.rename(member, "ally"),
    () => chat.setRealname(member, "at sea"),
    () => chat.setFlag(member, "bot", true),
  ];
  for (const change of changes) {
    change();
    chat.flush(); // each change has itself stored
  }
  return { chat, session };
}

Deno.test("presence: a connected user who is always on is there after kill -9, in the same rooms with the same rank, away", async () => {
  using clock = new Clock();
  using place = new Place();
  await withAlice(place);
  clock.now += 5000;
  const chat = await restart(place);
  assertEquals(members(chat), [{ ...ALICE, lastSeen: NOON + 5000 }]); // nothing was said while the server was down
  assertEquals([chat.alwaysOn.absent.size, chat.alwaysOn.status("alice")], [1, { choice: true, on: true }]);
  const back = connect(chat, "alice", "anything");
  assertEquals([back.member.nick, back.member.away, back.missedSince], ["ally", undefined, NOON + 5000]);
});

Deno.test("presence: a user who was not connected is restored with the time of the last session", async () => {
  using clock = new Clock();
  using place = new Place();
  const { chat, session } = await withAlice(place);
  clock.now += 1000;
  chat.disconnect(session);
  chat.flush();
  clock.now += 5000;
  const again = await restart(place);
  assertEquals(members(again), [{ ...ALICE, lastSeen: NOON + 1000 }]);
  const guest = again.connect("guest", IDENTITY, new CountingFormat(), new Inbox());
  assertEquals(new Set([...again.members].map(({ id }) => id)).size, 2);
  assertEquals(guest.member.id, guest.id);
});

Deno.test("presence: an operator that is made or unmade is one, or none, after a restart", async () => {
  using place = new Place();
  const { chat, session } = await withAlice(place);
  const tea = chat.findRoom("#tea");
  chat.setModes(chat.find("bob"), tea, [{ on: true, mode: "o", nick: "ally" }]);
  chat.setModes(session.member, chat.findRoom("#den"), [{ on: false, mode: "q", nick: "ally" }]);
  chat.flush();
  const again = await restart(place);
  const ally = again.find("ally");
  assertEquals([...ally.rooms.values()].map((room) => room.holds(ally, "op")), [false, true, false]);
});

Deno.test("presence: a user is in a renamed room after a restart", async () => {
  using place = new Place();
  const { chat, session } = await withAlice(place);
  chat.admin.rename(session.member, chat.findRoom("#den"), "#cave");
  chat.flush();
  const again = await restart(place);
  assertEquals([...again.find("ally").rooms.keys()].sort(), ["#cave", "#lobby", "#tea"]);
});

Deno.test("presence: a user is not restored who has turned it off, was removed, or whose account is gone", async () => {
  const ends: ((chat: LocalChat, session: Session) => void)[] = [
    (chat, { member }) => chat.alwaysOn.choose(member, false),
    (chat, { member }) => chat.remove(member, "killed"),
    (chat) => chat.alwaysOn.expire(Infinity),
    (chat) => dropAccount(chat, "alice"),
  ];
  for (const [n, end] of ends.entries()) {
    using place = new Place();
    const { chat, session } = await withAlice(place);
    if (n >= 2) chat.disconnect(session);
    chat.flush();
    end(chat, session);
    chat.flush();
    assertEquals(members(await restart(place)), [], `${end}`);
    assertEquals(place.number("SELECT count(*) FROM presence") + place.number("SELECT count(*) FROM presence_room"), 0);
    assertEquals(place.number("SELECT count(*) FROM always_on"), n === 3 ? 0 : 1);
  }
});

Deno.test("presence: a room with a restored user is not empty, so that a new room takes the place of another one", async () => {
  using place = new Place();
  const { chat, session } = await withAlice(place);
  chat.setTopic(session.member, chat.findRoom("#den"), "with alice");
  const bob = chat.find("bob");
  chat.setTopic(bob, chat.join(bob, "#empty"), "without users");
  chat.flush();
  const again = await restart(place, { maxRooms: 5 }); // #lobby, #Tea, #den, #left and #empty
  again.join(connect(again, "bob").member, "#new");
  assertEquals([...again.rooms].map(({ name }) => name).sort(), ["#Tea", "#den", "#empty", "#lobby", "#new"]);
});

Deno.test("presence: users are not restored beyond the limit or against the policy, and are deleted from the file", async () => {
  for (const options of [{ maxAbsent: 0 }, { alwaysOn: "off" }, { policy: { isRegistered: () => false } }] as const) {
    using place = new Place();
    await withAlice(place);
    const chat = await restart(place, options);
    assertEquals(members(chat), []);
    chat.flush();
    assertEquals(place.number("SELECT count(*) FROM presence"), 0);
  }
});

Deno.test("presence: a user whose nickname the server has now is restored as a guest", async () => {
  using place = new Place();
  await withAlice(place);
  const [alice] = (await restart(place, { reserved: ["ally"] })).members;
  assertEquals([alice!.nick, alice!.account], ["guest1", "alice"]);
});

Deno.test("presence: what could not be written is written by the next commit", async () => {
  using place = new Place();
  const history = await place.open();
  const member = { account: "alice", nick: "alice", user: "u", host: "h", realname: "x".repeat(60_000), bot: false };
  history.presence.saveMember("alice", { ...member, since: 1, lastSeen: 2, rooms: [{ name: "#a", ranks: ["op"] }] });
  history.presence.saveChoice("alice", false);
  leaveRoom(place, 1);
  try {
    history.commit();
    throw new Error("the disk was not full");
  } catch (error) {
    if (!(error instanceof StoreError)) throw error;
  }
  place.database.db.exec("PRAGMA max_page_count = 100000");
  history.commit();
  assertEquals(history.commit(), false, "and only once");
  const { presence } = await place.open();
  assertEquals([presence.members()[0]?.rooms, presence.choices()], [[{ name: "#a", ranks: ["op"] }], [[
    "alice",
    false,
  ]]]);
});

Deno.test("presence: of many users who change at once, each commit writes some", async () => {
  using place = new Place();
  const chat = await restart(place, { policy: { isRegistered: () => true }, alwaysOn: "on" });
  const sessions = Array.from({ length: ROWS_MAX }, (_, n) => connect(chat, `a${n}`));
  for (const session of sessions) chat.join(session.member, "#tea");
  const stored = () => place.number("SELECT count(*) FROM presence");
  chat.flush();
  assertEquals(stored(), ROWS_MAX / 2);
  chat.flush();
  assertEquals(stored(), ROWS_MAX);
  for (const session of sessions) chat.disconnect(session);
  chat.flush(true);
  assertEquals(
    place.number("SELECT count(*) FROM presence WHERE seen IS NOT NULL"),
    ROWS_MAX,
    "all, if it is the last",
  );
});

Deno.test("presence: a user has the ignore list of its account after a restart", async () => {
  using place = new Place();
  const { chat } = await withAlice(place);
  chat.flush(true);
  const list = (account: string) => account === "alice" ? ["dave!*@host"] : [];
  const again = await restart(place, { ignores: { ignored: list, addIgnored() {}, removeIgnored() {} } });
  assertEquals(again.ignores.list(again.find("ally")), ["dave!*@host"]);
});

Deno.test("presence: tincan forget erases the user", async () => {
  using place = new Place();
  await withAlice(place);
  await place.open();
  erase(place.database, "alice");
  assertEquals(place.number("SELECT count(*) FROM presence") + place.number("SELECT count(*) FROM presence_room"), 0);
  assertEquals(place.number("SELECT count(*) FROM always_on"), 0);
});

Deno.test("presence: tincan forget of a nickname erases the user who is always on under it, and not the account's choice", async () => {
  using place = new Place();
  await withAlice(place);
  const history = await place.open();
  erase(place.database, "Ally");
  assertEquals(place.number("SELECT count(*) FROM presence") + place.number("SELECT count(*) FROM presence_room"), 0);
  assertEquals(history.presence.choices(), [["alice", true]]);
});

Deno.test("waiting: after a kill, a message to an absent account is there, and so is the time since which it waits", async () => {
  using place = new Place();
  using time = new Clock();
  const before = await restart(place);
  before.whisper(connect(before, "bob").member, "alice", "psst");
  time.now += 60_000;
  const after = await restart(place);
  const alice = connect(after, "alice");
  assertEquals(alice.missedPrivateSince, NOON);
  assertEquals(after.history.conversation(alice.member, "bob", { count: 9 }).map(({ text }) => text), ["psst"]);
  after.flush();
  assertEquals((await place.open()).presence.waiting(), [], "shown once");
});

Deno.test("waiting: the time is stored in one commit with the message, and erased with the account", async () => {
  using place = new Place();
  const chat = await restart(place);
  const bob = connect(chat, "bob").member;
  chat.whisper(bob, "alice", "psst");
  chat.whisper(bob, "carol", "psst");
  const count = () => place.number("SELECT count(*) FROM waiting");
  assertEquals(count(), 2);
  await place.open();
  erase(place.database, "ALICE");
  assertEquals(count(), 1);
});

Deno.test("presence: a file without its tables gets them, and keeps its accounts", async () => {
  using place = new Place();
  const before = MIGRATIONS.slice(0, MIGRATIONS.findIndex((sql) => sql.includes("CREATE TABLE presence")));
  const old = await Database.open(place.path, "normal", before);
  old.db.exec("INSERT INTO account VALUES ('alice', 'Alice', 1, 'hash', x'00', 1, x'00', x'00')");
  old.close();
  const { presence } = await place.open();
  assertEquals([presence.members(), presence.choices()], [[], []]);
  assertEquals(place.number("SELECT count(*) FROM account"), 1);
});

Deno.test("presence: what was committed is not written again", async () => {
  using place = new Place();
  const history = await place.open();
  const { presence } = history;
  presence.saveChoice("alice", true);
  presence.saveWaiting("alice", NOON);
  assertEquals([presence.hasPending, history.commit(), presence.hasPending], [true, true, false]);
  assertEquals(history.commit(), false);
});

Deno.test("presence: the members are restored in the order in which they came, which gives them their ids", async () => {
  using place = new Place();
  const history = await place.open();
  const member = { user: "u", host: "host", realname: "r", bot: false, lastSeen: NOON, rooms: [] };
  for (const [n, name] of ["carol", "alice", "bob"].entries()) {
    history.presence.saveMember(name, { ...member, account: name, nick: name, since: NOON + n });
  }
  history.commit();
  assertEquals((await place.open()).presence.members().map(({ nick }) => nick), ["carol", "alice", "bob"]);
});
