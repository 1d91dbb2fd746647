/** Catching up of history between two files. */
import { assert, assertEquals, assertRejects } from "@std/assert";
import type { Line, SavedRoom } from "../../src/chat/store.ts";
import { CHUNKS_MAX, fetchHistory, serveHistory } from "../../src/cluster/history_sync.ts";
import { CHUNK_MAX } from "../../src/cluster/log_limits.ts";
import type { SqliteHistory } from "../../src/history/sqlite.ts";
import { firstId } from "../../src/chat/ids.ts";
import { runToEnd } from "../../src/util/steps.ts";
import { Place, PLAIN_ROOM, runMaintenance, said, whispered } from "../history/helpers.ts";

const LIMITS = { lines: 1_000_000 };

function room(name: string, since: number): SavedRoom {
  return { ...PLAIN_ROOM, name, since };
}

/** Adds lines with given ids and commits them. */
function store(history: SqliteHistory, lines: readonly (readonly [target: string, id: number, text?: string])[]): void {
  for (const [target, id, text = `text${id}`] of lines) {
    const change = { id, time: id, account: id % 2 === 0 ? "alice" : undefined, bot: id % 3 === 0, tags: "+a=b" };
    const line: Line = target.startsWith("#") ? said(target, text, change) : whispered("bob", text, change);
    history.add(target, line);
  }
  history.commit();
}

/** Asks a store, and counts and checks the chunks. An answer ends early when it has had so many chunks. */
function asker(peer: SqliteHistory, chunks = Infinity) {
  const seen = { chunks: 0, questions: 0 };
  const answer = serveHistory(peer, () => peer.position ?? 0, () => void peer.commit());
  const ask = async function* (_topic: string, question: Uint8Array<ArrayBuffer>) {
    seen.questions++;
    for await (const chunk of answer(question)) {
      assert(chunk.length <= CHUNK_MAX);
      if (seen.chunks === chunks) throw new Error("the peer is gone");
      seen.chunks++;
      yield chunk;
    }
  };
  return { seen, ask };
}

/** Adds an account that was registered at some time. */
function addAccount({ database: { db } }: Place, name: string, since: number): void {
  db.prepare("INSERT INTO account VALUES (?1, ?1, ?2, '', x'', 1, x'', x'')").run(name, since);
}

/** All lines, as they are in the file, by the current key of their target. */
function lines(place: Place): unknown[] {
  return place.database.db.prepare(
    `SELECT key, message.id, time, style, origin, recipient, text, tags, bot, account
      FROM message JOIN target ON target = target.id ORDER BY key, message.id`,
  ).all();
}

/** The counts of each writer, by room. */
function usage(place: Place): unknown[] {
  return place.database.db.prepare(
    `SELECT key, writer, parent, lines, bytes FROM usage LEFT JOIN target ON target.id = target
      WHERE writer NOT GLOB '#?*' ORDER BY key, writer`,
  ).all();
}

const OLD: [string, number][] = [["#a", 1], ["#b", 2], ["alice@account bob", 3], ["#gone", 4], ["#a", 5]];
const MISSED: [string, number, string?][] = [
  ["#a", 10],
  ["alice@account bob", 11],
  ["carol@account bob", 12],
  ["#moved", 13],
  ["#new", 14],
  ["#a", 15, "x".repeat(60_000)],
  ["#a", 16, "y".repeat(50_000)],
  ["#moved", 17, "z".repeat(50_000)],
  ...Array.from({ length: 300 }, (_, n): [string, number] => ["#a", 20 + n]),
  ["#moved", 400],
];
const LATER: [string, number][] = [["#a", 500], ["#moved", 501], ["alice@account bob", 502]];

/** A peer with all lines, and a node that was away. While it was, #b became #moved. */
async function prepare(one: Place, other: Place): Promise<[peer: SqliteHistory, node: SqliteHistory]> {
  const peer = await one.open(LIMITS);
  for (const [name, since] of [["#a", 1], ["#b", 2], ["#gone", 3]] as const) peer.saveRoom(room(name, since));
  peer.position = 100;
  store(peer, OLD);
  peer.renameRoom("#b", "#moved");
  peer.saveRoom(room("#new", 4));
  peer.saveRoom(room("#old", 5)); // the node has lost it, as if it had another file
  store(peer, [["#old", 6], ...MISSED]);
  peer.position = 200;
  store(peer, LATER);
  const node = await other.open(LIMITS);
  for (const [name, since] of [["#a", 1], ["#moved", 2], ["#gone", 3], ["#new", 4], ["#old", 5]] as const) {
    node.saveRoom(room(name, since));
  }
  for (const account of ["alice", "carol"]) addAccount(other, account, 0);
  store(node, OLD.map(([target, id]) => [target === "#b" ? "#moved" : target, id]));
  node.archive.begin({ after: 7, until: 400, position: 150 });
  store(node, LATER); // from the log
  runMaintenance(node); // they are indexed and counted before older ones come
  return [peer, node];
}

Deno.test("history sync: a node gets what it lacks, in rooms under their names of now, and finds and counts it", async () => {
  using one = new Place();
  using other = new Place();
  const [peer, node] = await prepare(one, other);
  await fetchHistory(asker(peer).ask, node);
  assertEquals(node.archive.catchUp, undefined);
  assertEquals(lines(other), lines(one));
  node.archive.begin({ after: 0, until: 400, position: 150 });
  await fetchHistory(asker(peer).ask, node);
  assertEquals(lines(other), lines(one), "lines that it has are left out");
  runMaintenance(peer);
  runMaintenance(node);
  assertEquals(usage(other), usage(one));
  for (
    const [target, id] of [["#old", 6], ["#a", 10], ["#moved", 13], ["#a", 319], ["#moved", 400], ["#a", 500]] as const
  ) {
    const found = runToEnd(node.search([target], { terms: [`text${id}`], before: id + 1, count: 1 })).lines;
    assertEquals(found.map((line) => line.id), [id], `${target} ${id}`);
  }
});

Deno.test("history sync: lines of an account that was deleted since the peer has read them are dropped", async () => {
  using place = new Place();
  const history = await place.open(LIMITS);
  addAccount(place, "again", 100); // by another user than before
  const line = (id: number) => whispered("bob", "private", { id, time: id });
  const catchUp = { after: 0, until: firstId(200), position: 1, step: "missing" as const, target: "", id: 0 };
  for (const account of ["gone", "again"]) {
    const ids = [firstId(99), firstId(101)];
    history.archive.insert({ key: `${account}@account bob`, since: 0 }, ids.map(line), catchUp);
  }
  assertEquals((lines(place) as { key: string; id: number }[]).map(({ key, id }) => [key, id]), [
    ["again@account bob", firstId(101)],
  ]);
});

Deno.test("history sync: a node goes on where it was when a peer goes away or it is started again", async () => {
  using one = new Place();
  using whole = new Place();
  const [all] = await prepare(one, whole);
  const complete = asker(all);
  await fetchHistory(complete.ask, await whole.open(LIMITS));
  const { chunks } = complete.seen;
  assert(chunks >= 4, "there are several chunks");
  using peerPlace = new Place();
  using other = new Place();
  let [peer, node] = await prepare(peerPlace, other);
  let attempts = 0;
  for (let done = false; !done; attempts++) {
    assert(attempts < 2 * chunks, "no chunk is got again and again");
    try {
      await fetchHistory(asker(peer, 1).ask, node);
      done = true;
    } catch (error) {
      assertEquals((error as Error).message, "the peer is gone");
    }
    node = await other.open(LIMITS);
    peer = await peerPlace.open(LIMITS);
    peer.position = 200;
  }
  assert(attempts >= chunks);
  assertEquals(lines(other), lines(peerPlace));
});

Deno.test("history sync: a long history takes several questions, and answers of bounded size", async () => {
  using one = new Place();
  using other = new Place();
  const peer = await one.open();
  peer.saveRoom(room("#a", 1));
  peer.position = 100;
  const count = CHUNKS_MAX + 5; // each is a chunk
  store(peer, Array.from({ length: count }, (_, n) => ["#a", n + 1, "x".repeat(60_000)]));
  const node = await other.open();
  node.saveRoom(room("#a", 1));
  node.commit();
  node.archive.begin({ after: 0, until: count, position: 50 });
  const { seen, ask } = asker(peer);
  await fetchHistory(ask, node);
  assertEquals(
    [node.countAfter("#a", 0, 10_000), seen.questions],
    [count, 4],
    "two more are for deleted texts and older lines",
  );
});

Deno.test("history sync: a peer that lacks lines itself does not answer", async () => {
  using one = new Place();
  using other = new Place();
  const [peer, node] = await prepare(one, other);
  peer.position = 149;
  await assertRejects(() => fetchHistory(asker(peer).ask, node), Error, "the peer has not come so far yet");
  peer.position = 200;
  peer.archive.begin({ after: 1, until: 2, position: 3 });
  await assertRejects(() => fetchHistory(asker(peer).ask, node), Error, "the peer lacks lines itself");
  const ask = async function* () {
    yield await Promise.resolve(new TextEncoder().encode('{"groups":[]}'));
  };
  await assertRejects(() => fetchHistory(ask, node), Error, "not complete");
});

Deno.test("history sync: catching up that begins again before it has ended includes what was missing before", async () => {
  using place = new Place();
  const node = await place.open();
  node.archive.begin({ after: 5, until: 9, position: 1 });
  node.archive.begin({ after: 30, until: 40, position: 2 });
  const start = { after: 5, until: 40, position: 2, step: "missing" as const, target: "", id: 0 };
  assertEquals((await place.open()).archive.catchUp, start);
});

Deno.test("history sync: lines go to the room that has another name here, and to none if the room is deleted", async () => {
  using place = new Place();
  const node = await place.open();
  for (const [name, since] of [["#a", 1], ["#b", 2], ["#c", 3], ["#d", 3]] as const) node.saveRoom(room(name, since));
  node.commit();
  node.archive.begin({ after: 0, until: 9, position: 1 });
  const { catchUp } = node.archive;
  const rooms = [["#old", 1, 1], ["#a", 2, 2], ["#gone", 9, 3], ["#b", 9, 4], ["#c", 3, 5], ["#d", 3, 6], [
    "#e",
    3,
    7,
  ]] as const;
  for (const [key, since, id] of rooms) node.archive.insert({ key, since }, [said("", "", { id })], catchUp!);
  const stored = (lines(place) as { key: string; id: number }[]).map(({ key, id }) => [key, id]);
  assertEquals(stored, [["#a", 1], ["#b", 2], ["#c", 5], ["#d", 6]]);
});

/** All that belongs to the lines. */
function extras({ database: { db } }: Place): unknown[] {
  return ["message.extras, reply, deleted_by FROM message", "reaction.* FROM reaction", "mention.* FROM mention"].map(
    (what) => {
      const table = what.split(" ").at(-1)!;
      const order = table === "message"
        ? "message.id"
        : `${table}.line, ${table}.${table === "reaction" ? "member" : "account"}`;
      return db.prepare(`SELECT key, ${what} JOIN target ON target.id = ${table}.target ORDER BY key, ${order}`).all()
        .map(({ target: _target, ...row }) => row);
    },
  );
}

Deno.test("history sync: replies, reactions, mentions and deleted texts come with the lines", async () => {
  using one = new Place();
  using other = new Place();
  const [peer, node] = await prepare(one, other);
  for (const place of [one, other]) {
    place.database.db.exec("DELETE FROM message; UPDATE target SET indexed = 0, counted = 0");
  }
  const by = { who: "bob", origin: "bob!b@h" };
  peer.position = 201;
  peer.add("#a", said("#a", "hi carol", { id: 10, mentions: ["Carol", "dave"], reply: { id: 5, who: "", text: "" } }));
  peer.add("#a", said("#a", "zebra", { id: 11, tags: "+a=b" }));
  peer.add("alice@account bob", whispered("bob", "psst", { id: 12, reply: { id: 3, who: "", text: "" } }));
  peer.commit();
  peer.react("#a", 10, { ...by, account: "Bob", text: "+1", time: 7 }, true);
  peer.react("#a", 10, { ...by, text: "👍", time: 8 }, true);
  peer.redact("#a", { id: 11, who: "", text: "" }, "bob");
  peer.react("alice@account bob", 12, { ...by, text: "+1", time: 9 }, true);
  peer.commit();
  await fetchHistory(asker(peer).ask, node);
  assertEquals(extras(other), extras(one));
  assertEquals(lines(other), lines(one));
  runMaintenance(node);
  assertEquals(runToEnd(node.search(["#a"], { terms: ["zebra"], count: 10 })).lines, []);
});

Deno.test("history sync: a peer that is behind cannot bring back what was changed meanwhile", async () => {
  using one = new Place();
  using other = new Place();
  const [peer, node] = await prepare(one, other);
  const by = { who: "bob", origin: "bob!b@h" };
  const thumb = { ...by, text: "+1", time: 7 };
  const heart = { ...by, text: "<3", time: 8 };
  peer.react("#a", 20, heart, true);
  peer.commit();
  node.redact("#a", { id: 10, who: "alice", text: "text10" }, "bob");
  node.redact("alice@account bob", { id: 11, who: "alice", text: "text11" }, "alice");
  node.redact("carol@account bob", { id: 12, who: "alice", text: "text12" }, "alice"); // it has no such conversation yet
  node.react("#a", 10, thumb, true);
  node.react("#a", 20, thumb, true);
  node.react("#a", 20, heart, false);
  node.react("#a", 5, thumb, true); // it has this line
  node.react("#a", 9, thumb, true); // there is no such line
  node.commit();
  await fetchHistory(asker(peer).ask, node);
  const line = (target: string, id: number) => node.line(target, id)!;
  assertEquals([line("#a", 10).text, line("#a", 10).deletedBy, line("#a", 10).reactions], ["", "bob", undefined]);
  assertEquals([line("alice@account bob", 11), line("carol@account bob", 12)].map(({ text }) => text), ["", ""]);
  assertEquals(line("#a", 20).reactions, [thumb]);
  assertEquals([line("#a", 5).reactions?.length, node.has("#a", 9)], [1, false]);
  runMaintenance(node);
  const found = runToEnd(node.search(["#a"], { terms: ["text10"], count: 1000 })).lines.map(({ id }) => id);
  assertEquals([found.includes(10), found.includes(100)], [false, true]); // text100 begins with it
  const left = other.database.db.prepare(
    "SELECT (SELECT count(*) FROM late_change) + (SELECT count(*) FROM reaction WHERE line = 9)",
  );
  assertEquals(Object.values(left.get()!), [0]);
});

Deno.test("history sync: lines with very many reactions fit into chunks", async () => {
  using one = new Place();
  using other = new Place();
  const [peer, node] = await prepare(one, other);
  peer.position = 201;
  for (let id = 20; id < 60; id++) {
    for (let n = 0; n < 200; n++) {
      const reaction = {
        who: "b",
        origin: `${"b".repeat(30)}!~b@${"h".repeat(60)}`,
        account: `bob${n}`,
        text: "👩‍👩‍👧",
        time: 7,
      };
      peer.react("#a", id, reaction, true);
    }
  }
  peer.commit();
  await fetchHistory(asker(peer).ask, node);
  assertEquals(extras(other), extras(one));
});

Deno.test("history sync: texts that were deleted while a node was away are deleted there, too", async () => {
  using one = new Place();
  using other = new Place();
  const [peer, node] = await prepare(one, other);
  assertEquals(runToEnd(node.search(["#a"], { terms: ["text5"], before: 7, count: 10 })).lines.length, 1);
  peer.redact("#a", { id: 5, who: "", text: "" }, "bob");
  peer.redact("alice@account bob", { id: 3, who: "", text: "" }, "alice");
  peer.redact("#moved", { id: 2, who: "", text: "" }, "carol");
  peer.redact("#old", { id: 6, who: "", text: "" }, "carol"); // of a room that the node does not know yet
  peer.redact("#a", { id: 500, who: "", text: "" }, "bob"); // later than what is caught up on: it comes from the log
  peer.commit();
  node.deleteTarget("#gone");
  peer.redact("#gone", { id: 4, who: "", text: "" }, "bob");
  peer.commit();
  await fetchHistory(asker(peer, Infinity).ask, node);
  const all = [["#a", 5], ["alice@account bob", 3], ["#moved", 2], ["#old", 6], ["#a", 500]] as const;
  const read = all.map(([target, id]) => [node.line(target, id)!.text, node.line(target, id)!.deletedBy]);
  assertEquals(read, [["", "bob"], ["", "alice"], ["", "carol"], ["", "carol"], ["text500", undefined]]);
  assertEquals([node.archive.catchUp, node.has("#gone", 4)], [undefined, false]);
  runMaintenance(node);
  assertEquals(runToEnd(node.search(["#a"], { terms: ["text5"], before: 7, count: 10 })).lines, []);
});
