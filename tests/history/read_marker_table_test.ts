/** Read markers in the database: what is there after a restart, limits, and what deletes them. */
import { assert, assertEquals, assertThrows } from "@std/assert";
import { DatabaseSync } from "node:sqlite";
import type { ChatOptions } from "../../src/chat/chat_options.ts";
import { LocalChat } from "../../src/chat/local_chat.ts";
import type { Member } from "../../src/chat/member.ts";
import { READ_MARKERS_MAX } from "../../src/chat/read_marker_store.ts";
import { StoreError } from "../../src/chat/store.ts";
import { AccountTable } from "../../src/history/account_table.ts";
import { Database } from "../../src/history/database.ts";
import { erase } from "../../src/history/erase.ts";
import { PENDING_MAX, PENDING_OF_ACCOUNT } from "../../src/history/pending_markers.ts";
import { MIGRATIONS } from "../../src/history/schema.ts";
import { runToEnd } from "../../src/util/steps.ts";
import { CountingFormat, IDENTITY, Inbox } from "../chat/helpers.ts";
import { leaveRoom, Place, PLAIN_ROOM, rowsAtOnce, runMaintenance, said, tickingClock, whispered } from "./helpers.ts";

/** Opens the file again, as after the process was killed: nothing is written first. */
async function restart(place: Place, options: Partial<ChatOptions> = {}): Promise<LocalChat> {
  return new LocalChat({ history: await place.open(), policy: { isRegistered: () => true }, ...options });
}

function connect(chat: LocalChat, account: string, ...rooms: string[]): Member {
  const { member } = chat.connect(account, { ...IDENTITY, account }, new CountingFormat(), new Inbox());
  for (const room of rooms) chat.join(member, room);
  return member;
}

const stored = (place: Place) => place.number("SELECT count(*) FROM read_marker");

/** A history with rooms. */
async function withRooms(place: Place, ...rooms: string[]) {
  const history = await place.open();
  for (const name of rooms) history.saveRoom({ ...PLAIN_ROOM, name });
  history.commit();
  return history;
}

/** Commits until everything is stored. */
function commitAll(history: { commit(): boolean }) {
  while (history.commit());
}

Deno.test("read marker table: markers of rooms and conversations are there after kill -9", async () => {
  using place = new Place();
  const chat = await restart(place);
  const alice = connect(chat, "Alice", "#tea", "#den");
  chat.readMarkers.advance(alice, chat.findRoom("#tea"), 5);
  chat.flush();
  chat.readMarkers.advance(alice, chat.findRoom("#tea"), 6);
  chat.readMarkers.advance(alice, "Bob", 7);
  assertEquals(chat.readMarkers.get(alice, "bob"), 7, "before it is stored");
  chat.flush();
  const again = await restart(place);
  const back = connect(again, "alice", "#tea", "#den");
  const get = (where: string) => again.readMarkers.get(back, again.getRoom(where) ?? where);
  assertEquals(["#tea", "#den", "bob", "carol"].map(get), [6, undefined, 7, undefined]);
});

Deno.test("read marker table: a stored marker never goes back", async () => {
  using place = new Place();
  const history = await withRooms(place, "#tea");
  for (const [time, latest] of [[5, 5], [3, 5], [4, 5], [6, 6]] as const) {
    history.readMarkers.advance("alice", "#tea", time);
    assertEquals(history.readMarkers.get("alice", "#tea"), latest, "before it is stored");
    commitAll(history);
    assertEquals(history.readMarkers.get("alice", "#tea"), latest);
  }
  assert(!history.readMarkers.hasPending);
});

Deno.test("read marker table: a renamed room keeps its markers, also those that are not stored yet", async () => {
  using place = new Place();
  const history = await withRooms(place, "#tea");
  history.readMarkers.advance("alice", "#tea", 5);
  commitAll(history);
  history.readMarkers.advance("bob", "#tea", 6);
  const rows = rowsAtOnce(place, () => history.renameRoom("#tea", "#Cave"));
  assert(rows <= 1, "the rename does not touch the markers");
  commitAll(history);
  const again = await place.open();
  const get = (room: string) => ["alice", "bob"].map((account) => again.readMarkers.get(account, room));
  assertEquals([get("#cave"), get("#tea")], [[5, 6], [undefined, undefined]]);
});

Deno.test("read marker table: the markers of a deleted room are hidden at once, and deleted step by step", async () => {
  for (const lines of [0, 3]) {
    using place = new Place();
    const history = await withRooms(place, "#den", "#tea");
    for (let n = 0; n < lines; n++) history.add("#tea", said("#tea", "hi"));
    for (let n = 0; n < 1000; n++) history.readMarkers.advance(`account${n}`, "#tea", 5);
    history.readMarkers.advance("account1", "#den", 6);
    commitAll(history);
    assertEquals(stored(place), 1001);
    history.readMarkers.advance("account1", "#tea", 7); // not stored yet
    const rows = rowsAtOnce(place, () => {
      history.deleteTarget("#tea");
      history.saveRoom({ ...PLAIN_ROOM, name: "#tea" });
      commitAll(history);
    });
    assert(rows <= 5, `${rows} rows at once`);
    assertEquals(["#tea", "#den"].map((room) => history.readMarkers.get("account1", room)), [undefined, 6]);
    assert(rowsAtOnce(place, () => runMaintenance(history)) <= 200);
    assertEquals(stored(place), 1);
    assertEquals(history.rooms().map(({ name }) => name).sort(), ["#den", "#tea"]);
  }
});

Deno.test("read marker table: deleting a room continues after a restart", async () => {
  using place = new Place();
  const history = await withRooms(place, "#tea");
  for (let n = 0; n < 1000; n++) history.readMarkers.advance(`account${n}`, "#tea", 5);
  commitAll(history);
  history.deleteTarget("#tea");
  runMaintenance(await place.open());
  assertEquals([stored(place), place.number("SELECT count(*) FROM target")], [0, 0]);
});

Deno.test("read marker table: an account has at most a thousand markers, and the oldest is dropped", async () => {
  using place = new Place();
  const history = await withRooms(place, "#tea");
  history.readMarkers.advance("alice", "#tea", 10);
  for (let n = 1; n < READ_MARKERS_MAX; n++) history.readMarkers.advance("alice", `nick${n}`, n === 500 ? 1 : 10 + n);
  history.readMarkers.advance("bob", "#tea", 0);
  commitAll(history);
  assertEquals(stored(place), READ_MARKERS_MAX + 1);
  history.readMarkers.advance("alice", "one-more", 5);
  commitAll(history);
  assertEquals(stored(place), READ_MARKERS_MAX + 1);
  const has = (account: string, target: string) => history.readMarkers.get(account, target) !== undefined;
  assertEquals(["#tea", "nick499", "nick500", "one-more"].map((target) => has("alice", target)), [
    true,
    true,
    false,
    true,
  ]);
  assert(has("bob", "#tea"));
});

Deno.test("read marker table: one commit stores as much as takes little time, and the last one everything", async () => {
  using place = new Place();
  const chat = await restart(place);
  const alice = connect(chat, "alice");
  for (let n = 0; n < 50; n++) chat.readMarkers.advance(alice, `nick${n}`, 5);
  {
    using _slow = tickingClock(1);
    chat.flush();
    const some = stored(place);
    assert(some > 0 && some < 10, `${some} at once`);
    chat.flush();
    assert(stored(place) > some);
  }
  chat.flush(true);
  assertEquals(stored(place), 50);
});

Deno.test("read marker table: reading the history stores no markers, as it would for each room that a session leaves", async () => {
  using place = new Place();
  const chat = await restart(place);
  const alice = connect(chat, "alice", "#tea");
  const tea = chat.findRoom("#tea");
  chat.say(alice, tea, "hi");
  chat.flush();
  chat.readMarkers.advance(alice, tea, 5);
  assertEquals([chat.history.latest(tea, 1).length, stored(place)], [1, 0]);
  chat.say(alice, tea, "again");
  assertEquals([chat.history.latest(tea, 2).length, stored(place)], [2, 1]);
});

Deno.test("read marker table: a flush is asked for until everything is stored", async () => {
  using place = new Place();
  let wanted = 0;
  const chat = await restart(place, { observer: { flushWanted: () => void wanted++ } });
  const alice = connect(chat, "alice");
  for (let n = 0; n < 50; n++) chat.readMarkers.advance(alice, `nick${n}`, 5);
  assert(wanted > 0);
  using _slow = tickingClock(1);
  let flushes = 0;
  for (; wanted > 0; flushes++) {
    wanted = 0;
    chat.flush();
  }
  assert(flushes > 5);
  assertEquals(stored(place), 50);
});

Deno.test("read marker table: what cannot be stored waits, up to a limit, and is stored later", async () => {
  using place = new Place();
  const history = await place.open();
  for (let n = 0; n <= PENDING_MAX; n++) history.readMarkers.advance(`account${n}`, `${"x".repeat(20)}${n}`, 5);
  leaveRoom(place, 0);
  assertThrows(() => commitAll(history), StoreError);
  const get = (n: number) => history.readMarkers.get(`account${n}`, `${"x".repeat(20)}${n}`);
  assertEquals([0, 1, PENDING_MAX].map(get), [undefined, 5, 5]);
  place.database.db.exec("PRAGMA max_page_count = 100000");
  commitAll(history);
  assertEquals(stored(place), PENDING_MAX);
  assertEquals([0, 1, PENDING_MAX].map(get), [undefined, 5, 5]);
});

Deno.test("read marker table: an account with many markers neither drops nor delays those of others", async () => {
  using place = new Place();
  const history = await place.open();
  history.readMarkers.advance("bob", "alice", 5);
  for (let n = 0; n <= PENDING_OF_ACCOUNT; n++) history.readMarkers.advance("eve", `user${n}`, 5);
  history.readMarkers.advance("carol", "alice", 5);
  const get = (account: string, nick: string) => history.readMarkers.get(account, nick);
  assertEquals([get("eve", "user0"), get("eve", "user1"), get("bob", "alice")], [undefined, 5, 5]);
  while (place.number("SELECT count(*) FROM read_marker WHERE account IN ('bob', 'carol')") < 2) history.commit();
  assert(stored(place) < PENDING_OF_ACCOUNT, "eve has more turns to come");
  commitAll(history);
  assertEquals(stored(place), PENDING_OF_ACCOUNT + 2);
});

Deno.test("read marker table: when too many markers wait, an account drops its own", async () => {
  using place = new Place();
  const history = await place.open();
  const accounts = Array.from({ length: PENDING_MAX / PENDING_OF_ACCOUNT }, (_, n) => `account${n}`);
  for (const account of accounts) {
    for (let n = 0; n < PENDING_OF_ACCOUNT - 1; n++) history.readMarkers.advance(account, `user${n}`, 5);
  }
  for (let n = 0; n < accounts.length; n++) history.readMarkers.advance("eve", `user${n}`, 5);
  history.readMarkers.advance("eve", "more", 5);
  const get = (account: string, nick: string) => history.readMarkers.get(account, nick);
  assertEquals([get("eve", "user0"), get("eve", "more")], [undefined, 5]);
  assertEquals(accounts.map((account) => get(account, "user0")), accounts.map(() => 5));
});

Deno.test("read marker table: a commit waits while another program has the file locked", async () => {
  using place = new Place();
  const troubles: string[] = [];
  const observer = { storeFailed: (error: StoreError) => void troubles.push(error.message) };
  const chat = await restart(place, { observer });
  place.database.failWhenLocked();
  const alice = connect(chat, "alice");
  chat.flush();
  const locking = new DatabaseSync(place.file);
  locking.exec("BEGIN IMMEDIATE");
  chat.readMarkers.advance(alice, "bob", 5);
  chat.flush();
  assertEquals([troubles, chat.readMarkers.get(alice, "bob")], [[], 5]);
  locking.exec("ROLLBACK");
  locking.close();
  chat.flush();
  assertEquals(stored(place), 1);
});

Deno.test("read marker table: those of a deleted account are deleted before the account, and with what came later", async () => {
  using place = new Place();
  const history = await withRooms(place, "#tea");
  for (const account of ["alice", "bob"]) history.readMarkers.advance(account, "#tea", 5);
  commitAll(history);
  new AccountTable(place.database).removeAccount("alice");
  assertEquals(stored(place), 1);
  history.readMarkers.advance("alice", "#tea", 6);
  history.readMarkers.advance("bob", "carol", 6);
  history.commit();
  history.readMarkers.advance("alice", "bob", 7);
  history.readMarkers.forget("alice");
  assertEquals([history.readMarkers.get("alice", "#tea"), history.readMarkers.get("alice", "bob")], [
    undefined,
    undefined,
  ]);
  commitAll(history);
  assertEquals(stored(place), 2);
});

Deno.test("read marker table: tincan forget erases those of the user, and of others in conversations with the user", async () => {
  using place = new Place();
  const history = await withRooms(place, "#tea");
  const markers = [["alice", "#tea"], ["alice", "bob"], ["bob", "alice"], ["bob", "carol"], ["bob", "#tea"]];
  for (const [account, target] of markers) history.readMarkers.advance(account!, target!, 5);
  commitAll(history);
  erase(place.database, "Alice");
  const again = await place.open();
  const kept = markers.filter(([account, target]) => again.readMarkers.get(account!, target!) !== undefined);
  assertEquals([kept, stored(place)], [[["bob", "carol"], ["bob", "#tea"]], 2]);
});

Deno.test("read marker table: in a file of an earlier version, private conversations of accounts count as read", async () => {
  using place = new Place();
  const before = MIGRATIONS.slice(0, MIGRATIONS.findIndex((sql) => sql.includes("CREATE TABLE read_marker")));
  const old = await Database.open(place.path, "normal", before);
  const insert = (target: number, key: string, times: number[]) => {
    old.db.prepare("INSERT INTO target (id, key, name) VALUES (?, ?, ?)").run(target, key, key);
    for (const [n, time] of times.entries()) {
      old.db.prepare(
        `INSERT INTO message (target, id, time, style, origin, recipient, text, tags, bot)
          VALUES (?, ?, ?, 0, 'bob!b@h', 'alice', 'psst', '', 0)`,
      ).run(target, n + 1, time);
    }
  };
  insert(1, "#tea", [4]);
  insert(2, "alice@account bob", [5, 9]);
  insert(3, "alice@account carol", []);
  insert(4, "guest@some.host alice", [6]);
  insert(5, "!2", [7]);
  old.close();
  const { readMarkers } = await place.open();
  assertEquals([readMarkers.get("alice", "bob"), readMarkers.get("alice", "carol"), stored(place)], [9, undefined, 1]);
});

Deno.test("read marker table: lines after an id are counted, up to a limit", async () => {
  using place = new Place();
  const history = await place.open();
  const lines = Array.from({ length: 10 }, (_, n) => said("#tea", `${n}`));
  for (const line of lines) history.add("#tea", line);
  history.add("alice bob", whispered("bob", "psst"));
  history.commit();
  const count = (id: number, max: number) => history.countAfter("#tea", id, max);
  assertEquals([count(0, 20), count(0, 5), count(lines[7]!.id, 20), count(lines[9]!.id, 20)], [10, 5, 2, 0]);
  assertEquals(history.countAfter("#none", 0, 5), 0);
});

Deno.test("read marker table: a marker of a room that is not stored does not prevent the commit of others", async () => {
  using place = new Place();
  const history = await withRooms(place, "#tea");
  history.readMarkers.advance("alice", "#gone", 5);
  history.readMarkers.advance("alice", "#tea", 6);
  commitAll(history);
  assertEquals(["#gone", "#tea"].map((room) => history.readMarkers.get("alice", room)), [undefined, 6]);
  assert(!history.readMarkers.hasPending);
});

Deno.test("read marker table: a snapshot has no marker of a room that is being deleted, and replaces all markers", async () => {
  using place = new Place();
  const history = await withRooms(place, "#tea", "#den");
  history.add("#tea", said("#tea", "hi"));
  for (const target of ["#tea", "#den", "bob"]) history.readMarkers.advance("alice", target, 5);
  commitAll(history);
  history.deleteTarget("#tea");
  const taken = [...history.readMarkers.take()];
  assertEquals(taken, [["alice", "bob", 5], ["alice", "#den", 5]]);
  history.readMarkers.advance("alice", "#den", 6);
  history.readMarkers.advance("carol", "bob", 7);
  commitAll(history);
  history.readMarkers.restore(taken);
  runToEnd(history.readMarkers.replace());
  assertEquals([...history.readMarkers.take()], taken);
});
