/** The position in the log of a cluster: commands are applied again after a crash, and lead to the same contents of the file. */
import { assert, assertEquals } from "@std/assert";
import type { Command } from "../../src/chat/commands.ts";
import { Hub } from "../../src/chat/hub.ts";
import { NO_OBSERVER } from "../../src/chat/observer.ts";
import { StoreError, StoreLost } from "../../src/chat/store.ts";
import { Database } from "../../src/history/database.ts";
import { MIGRATIONS } from "../../src/history/schema.ts";
import { SqliteHistory } from "../../src/history/sqlite.ts";
import { runToEnd } from "../../src/util/steps.ts";
import { Crashing } from "./crashing.ts";
import { ANY_ACCOUNT } from "../chat/helpers.ts";
import { Clock, commitLines, NOON, Place, PLAIN_ROOM, said, texts } from "./helpers.ts";

const ACCOUNTS = ["alice", "bob", "carol"];

/** A command, or that what it has changed is committed, as at the end of a turn. */
type Step = Command | "commit";

const owner = { member: 1, session: 1 } as const;

function connect(id: number, nick: string): Command {
  return {
    op: "connect",
    id,
    nick,
    identity: { user: nick, host: "host", realname: "", account: nick },
    revision: "1",
  };
}

function join(member: number, room: string): Command {
  return { op: "join", member, session: member, room, key: undefined };
}

function say(room: string, text: string): Command {
  return { op: "say", ...owner, room, text, style: "say", tags: "", minRank: undefined };
}

function rename(room: string, name: string): Command {
  return { op: "rename-room", member: 1, room, name, reason: undefined };
}

function whisper(text: string): Command {
  return { op: "whisper", ...owner, to: ["bob", "carol"], text, style: "say", tags: "", ignoredBy: [] };
}

function read(member: number, target: { readonly room: string } | { readonly nick: string }, time: number): Command {
  return { op: "mark-read", member, target, time };
}

/** So many commits that nothing is put off any more. */
const SETTLE: readonly Step[] = Array(40).fill("commit");

/** Names go round between rooms, lines are pending when something is written at once, and rooms return under old names. */
const STEPS: readonly Step[] = [
  connect(1, "alice"),
  connect(2, "bob"),
  { op: "always-on", member: 2, choice: true },
  join(1, "#a"),
  join(2, "#a"),
  say("#a", "a1"),
  ...Array.from({ length: 6 }, (_, n) => read(2, { nick: `user${n}` }, NOON)), // the next one waits for these
  read(2, { room: "#a" }, NOON + 1),
  read(2, { nick: "alice" }, NOON + 2),
  read(1, { room: "#a" }, NOON + 3),
  "commit",
  say("#a", "a2"),
  whisper("w1"), // commits a2 as well
  say("#a", "a3"),
  join(1, "#c"),
  { op: "topic", member: 1, room: "#c", topic: "see" },
  say("#c", "c1"),
  rename("#a", "#b"), // commits a3 and c1 under the old name
  rename("#c", "#a"), // takes a name that was free for one command
  read(2, { room: "#b" }, NOON + 9),
  say("#a", "c2"),
  "commit",
  rename("#b", "#c"),
  say("#c", "a4"),
  { op: "destroy", member: 1, room: "#a" },
  join(1, "#a"), // another room of this name
  say("#a", "new"),
  { op: "disconnect", session: 2, reason: undefined, own: false },
  whisper("w2"),
  "commit",
  { op: "topic", member: 1, room: "#a", topic: "" },
  rename("#a", "#A"),
  say("#a", "last"),
  { op: "account-drop", account: "carol", revision: "1" },
  join(1, "#p"),
  { op: "topic", member: 1, room: "#p", topic: "was p" },
  join(1, "#q"),
  { op: "topic", member: 1, room: "#q", topic: "was q" },
  ...SETTLE,
  rename("#p", "#r"), // there is nothing to commit before these two
  rename("#q", "#p"),
  whisper("w3"),
];

/** The file of a node whose state does not come from it, but from a checkpoint: here the one of an empty chat. */
class NodeHistory extends SqliteHistory {
  constructor(file: Database) {
    super(file);
    Object.defineProperty(this, "last", { value: 0 });
    Object.assign(this.presence, { members: () => [], choices: () => [], waiting: () => [] });
  }

  override rooms() {
    return [];
  }
}

/** Applies steps from the first one on; returns how many transactions that took. */
async function run(place: Place, last = Infinity, steps = STEPS): Promise<number> {
  await place.open();
  const crash = new Crashing(place.database, last);
  const process = new Node(new NodeHistory(place.database));
  try {
    for (const [n, step] of steps.entries()) {
      process.take(step, n);
      if (crash.dead) return crash.transactions;
    }
    process.finish();
  } catch (error) {
    if (!crash.dead) throw error;
  }
  return crash.transactions;
}

/** A node that applies steps. */
class Node {
  readonly hub: Hub;
  readonly #history: SqliteHistory;

  constructor(history: SqliteHistory) {
    this.#history = history;
    this.hub = new Hub({
      history,
      keepPrivate: "all",
      limits: { maxRooms: 10, maxJoined: 10, maxSessions: 2, maxAbsent: 2 },
      reserved: [],
      policy: { isRegistered: (nick) => ACCOUNTS.includes(nick.toLowerCase()), registeredLike: () => undefined },
      directory: ANY_ACCOUNT,
      observer: NO_OBSERVER,
      alwaysOn: "opt-in",
      now: NOON,
    });
  }

  take(step: Step, n: number) {
    if (step === "commit") return void this.hub.storage.commit();
    this.#history.position = (n + 1) * 2 ** 13;
    const result = this.hub.apply(step, { now: NOON + n });
    if (result instanceof Error) throw result;
  }

  /** Stores everything, also what commits put off. */
  finish() {
    this.#history.position = 1000 * 2 ** 13;
    for (const _ of SETTLE) this.hub.storage.commit();
    assert(this.#history.settledPosition > 900 * 2 ** 13, "there is nothing more to store");
  }
}

/** What is in the file, without the numbers that stand for rooms in it. */
function contents({ database: { db } }: Place): unknown[] {
  return [
    "SELECT key, name, since, topic, topic_by, topic_at, switches FROM target WHERE key >= '#' ORDER BY key",
    "SELECT key, message.* FROM message JOIN target ON target = target.id WHERE key >= '#' ORDER BY key, message.id",
    "SELECT role.*, target.key AS room FROM role JOIN target ON target = target.id ORDER BY room, role.key",
    "SELECT account, nick, time, key FROM read_marker LEFT JOIN target ON room = id ORDER BY account, key, nick",
    "SELECT * FROM presence",
    "SELECT * FROM presence_room",
    "SELECT * FROM always_on",
    "SELECT * FROM waiting",
  ].map((sql) => db.prepare(sql).all().map((row) => ({ ...row, target: undefined })));
}

/** A monotonic clock by which every look takes a second: commits put off what they can, and the wait for a lock is short. */
function slowTime(): Disposable {
  const real = performance.now;
  let now = 0;
  performance.now = () => now += 1000;
  return { [Symbol.dispose]: () => void (performance.now = real) };
}

Deno.test("position: a crash after any transaction and a replay lead to the same contents", async () => {
  using _time = slowTime();
  using _clock = new Clock();
  using whole = new Place();
  const transactions = await run(whole);
  const expected = contents(whole);
  assertEquals(expected.map((rows) => (rows as unknown[]).length > 0), [
    true,
    true,
    true,
    true,
    true,
    true,
    true,
    true,
  ]);
  assert(transactions > 10, "the steps take many transactions");
  for (let last = 1; last <= transactions; last++) {
    using place = new Place();
    await run(place, last);
    await run(place);
    assertEquals(contents(place), expected, `after transaction ${last}`);
    await run(place);
    assertEquals(contents(place), expected, `after transaction ${last}, and again`);
  }
});

Deno.test("position: a crash during the replay of a crash leads to the same contents", async () => {
  using _time = slowTime();
  using _clock = new Clock();
  using whole = new Place();
  const transactions = await run(whole);
  const expected = contents(whole);
  for (let last = 2; last <= transactions; last += 3) {
    for (let again = 1; again <= transactions - last; again += 2) {
      using place = new Place();
      await run(place, last);
      await run(place, again);
      await run(place);
      assertEquals(contents(place), expected, `after transaction ${last}, and ${again} of the replay`);
    }
  }
});

Deno.test("position: commands that are applied again lead to the same state in memory", async () => {
  const guest = { op: "connect", id: 3, nick: "dave", identity: { user: "d", host: "host", realname: "" } } as const;
  const steps: readonly Step[] = [
    guest,
    join(3, "#g"), // a room that no account owns: it is stored because of its line alone
    { op: "say", member: 3, session: 3, room: "#g", text: "1", style: "say", tags: "", minRank: undefined },
    "commit",
    { op: "leave", member: 3, session: 3, room: "#g", reason: undefined },
    say("#a", "after it"), // its commit stores that all before is complete
    "commit",
  ];
  using place = new Place();
  const states: unknown[] = [];
  for (let time = 0; time < 2; time++) {
    await place.open();
    const node = new Node(new NodeHistory(place.database));
    for (const [n, step] of [...STEPS, ...steps].entries()) node.take(step, n);
    states.push([...node.hub.snapshot()]);
    node.finish();
  }
  assertEquals(states[1], states[0]);
});

Deno.test("position: a server without a cluster writes none, and nothing is dropped", async () => {
  using place = new Place();
  const history = await place.open();
  commitLines(history, said("#a", "1"));
  assertEquals([history.position, history.storedPosition, history.settledPosition], [undefined, 0, 0]);
  assertEquals(texts(history, "#a"), ["1"]);
});

Deno.test("position: it is read when the file is opened", async () => {
  using place = new Place();
  const history = await place.open();
  history.position = 100;
  commitLines(history, said("#a", "1"));
  const reopened = await place.open();
  assertEquals([reopened.storedPosition, reopened.settledPosition], [99, 99]);
  reopened.position = 99;
  commitLines(reopened, said("#a", "dropped"));
  reopened.deleteTarget("#a");
  reopened.renameRoom("#a", "#b");
  assertEquals([texts(reopened, "#a"), reopened.storedPosition], [["1"], 99]);
});

Deno.test("position: rooms and lines that a replay saves are not stored again, also under names that rooms had", async () => {
  using place = new Place();
  const history = await place.open();
  history.adoptPosition(10);
  history.position = 5;
  history.saveRoom({ ...PLAIN_ROOM, name: "#former" });
  history.add("#former", said("#former", "again"));
  history.position = 11;
  history.saveRoom({ ...PLAIN_ROOM, name: "#now" });
  history.commit();
  assertEquals(history.rooms().map(({ name }) => name), ["#now"]);
});

Deno.test("position: a commit that does not have all presence yet stores the position of lines, and not that of presence", async () => {
  using place = new Place();
  const history = await place.open();
  const after = (position: number, complete: boolean) => {
    history.position = position;
    history.add("#room", said("#room", "hi"));
    history.commit(complete);
    return [history.storedPosition, history.settledPosition];
  };
  assertEquals([after(5, false), after(6, false), after(7, true)], [[4, 0], [5, 0], [6, 6]]);
});

Deno.test("position: it stays when the transaction with the lines fails", async () => {
  using place = new Place();
  const history = await place.open();
  history.position = 100;
  commitLines(history, said("#a", "1", { id: 7 }));
  history.position = 200;
  history.add("#a", said("#a", "2", { id: 7 })); // there is a line with this id
  let error: unknown;
  try {
    history.commit();
  } catch (failed) {
    error = failed;
  }
  assert(error instanceof StoreError && !(error instanceof StoreLost));
  assertEquals([history.storedPosition, texts(history, "#a")], [99, ["1"]]);
  assertEquals(place.number("SELECT stored FROM position"), 99);
});

Deno.test("position: a file of a version before has none after its migration", async () => {
  const before = MIGRATIONS.slice(0, MIGRATIONS.findIndex((sql) => sql.includes("CREATE TABLE position")));
  using place = new Place();
  const old = await Database.open(place.path, "normal", before);
  old.db.exec("INSERT INTO target (key, name) VALUES ('#a', '#a')");
  old.db.exec("INSERT INTO message VALUES (1, 5, 1, 0, 'a!b@c', NULL, 'old', '', 0, NULL)");
  old.close();
  const history = await place.open();
  assertEquals([history.storedPosition, texts(history, "#a")], [0, ["old"]]);
});

Deno.test("position: a node without --data has the same store in memory as one with a file", async () => {
  using _clock = new Clock();
  using place = new Place();
  const stores = [await place.open(), new SqliteHistory(Database.inMemory())];
  for (const history of stores) {
    assert(history.persistent, "rooms outlast their members on both");
    history.position = 100;
    commitLines(history, said("#a", "a line", { id: 5 }));
    while (history.runStep(() => {}));
  }
  const [file, memory] = stores.map((history) => [
    history.storedPosition,
    history.rooms(),
    history.page("#a", { count: 1 }),
    runToEnd(history.search(["#a"], { terms: ["line"], count: 1 })),
  ]);
  assertEquals(memory, file);
});
