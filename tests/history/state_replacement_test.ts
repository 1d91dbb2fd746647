/** A file gets the rooms and the presence of a snapshot. */
import { assert, assertEquals } from "@std/assert";
import { firstId } from "../../src/chat/ids.ts";
import { fold } from "../../src/chat/names.ts";
import type { NodeState } from "../../src/chat/node_state.ts";
import type { SavedMember } from "../../src/chat/presence_store.ts";
import type { SavedRoom } from "../../src/chat/store.ts";
import { AccountTable } from "../../src/history/account_table.ts";
import type { SqliteHistory } from "../../src/history/sqlite.ts";
import { runToEnd } from "../../src/util/steps.ts";
import { commitLines, Place, runMaintenance, said, texts, whispered } from "./helpers.ts";

function room(name: string, since: number, topic = name): SavedRoom {
  const settings = { switches: [], password: undefined, limit: Infinity, masks: [], roles: [] };
  return { name, since, topic: { text: topic, by: "a!b@c", at: 1 }, ...settings };
}

function member(account: string): SavedMember {
  const identity = { user: "u", host: "h", realname: "", bot: false, since: 1, lastSeen: undefined };
  return { account, nick: account, ...identity, rooms: [{ name: "#a", ranks: ["op"] }] };
}

/** Names have gone round; #gone was deleted; #same is another room of that name; #x1 and #x2 were created at the same time. */
const BEFORE = [["#a", 1], ["#b", 2], ["#gone", 3], ["#same", 4], ["#x1", 5], ["#x2", 5], ["#case", 6]] as const;
const STATE: NodeState = {
  rooms: [
    room("#b", 1),
    room("#A", 2),
    room("#same", 40),
    room("#x1", 5),
    room("#y2", 5),
    room("#Case", 6),
    room("#new", 7),
    ...Array.from({ length: 100 }, (_, n) => room(`#many${n}`, 100 + n)),
  ],
  members: [["alice", member("Alice")], ["carol", member("carol")]],
  choices: [["alice", true]],
  waiting: [["dave", 9]],
  position: 700,
  last: 2 ** 52,
};

/** A file with another state, with lines in all rooms, and a checkpoint. */
async function prepare(place: Place): Promise<SqliteHistory> {
  const history = await place.open();
  for (const [name, since] of BEFORE) history.saveRoom(room(name, since, "old"));
  commitLines(history, ...BEFORE.map(([name]) => said(name, `in ${name}`)));
  history.presence.saveMember("bob", member("bob"));
  history.presence.saveChoice("bob", false);
  history.presence.saveWaiting("alice", 1);
  history.commit();
  history.checkpoints.begin().finish({ created: "", sequence: 1, position: 0 });
  return await place.open();
}

/** Asserts that a file has the new state. */
function assertReplaced(history: SqliteHistory, place: Place): void {
  const byName = (rooms: readonly SavedRoom[]) => rooms.map(({ name, since, topic }) => [name, since, topic]).sort();
  assertEquals(byName(history.rooms()), byName(STATE.rooms));
  const lines = STATE.rooms.map(({ name }) => [name, texts(history, fold(name)).join()]).filter(([, text]) =>
    text !== ""
  );
  assertEquals(lines, [["#b", "in #a"], ["#A", "in #b"], ["#x1", "in #x1"], ["#Case", "in #case"]]);
  assertEquals([history.presence.members(), history.presence.choices()], [
    STATE.members.map(([, saved]) => saved),
    STATE.choices,
  ]);
  assertEquals(history.presence.waiting(), STATE.waiting);
  assertEquals([history.storedPosition, history.settledPosition], [700, 700]);
  runMaintenance(history);
  assertEquals(place.number("SELECT count(*) FROM message"), 4, "lines of deleted rooms are deleted");
  assertEquals(history.archive.catchUp?.until, STATE.last);
}

Deno.test("state replacement: the conversations of accounts that were deleted meanwhile are deleted", async () => {
  using place = new Place();
  const history = await place.open();
  const accounts = new AccountTable(place.database);
  const credentials = {
    hash: "PBKDF2",
    salt: new Uint8Array(1),
    iterations: 1,
    stored: new Uint8Array(1),
    server: new Uint8Array(1),
  } as unknown as Parameters<AccountTable["addAccount"]>[1];
  accounts.addAccount({ key: "alice", name: "alice", since: 1000 }, credentials);
  accounts.addAccount({ key: "again", name: "again", since: 2000 }, credentials); // another owner than before
  const targets = ["alice@account bob", "again@account bob", "gone@account alice", "guest@host/1.1 alice"];
  for (const [n, target] of targets.entries()) {
    history.add(target, whispered("bob", target, { id: firstId(1500) + n, time: 1500 }));
  }
  history.commit();
  runToEnd(history.replaceState(STATE));
  assertEquals(targets.map((target) => texts(history, target).length), [1, 0, 0, 1]);
});

Deno.test("state replacement: rooms keep their lines under other names, others are deleted, and presence is replaced", async () => {
  using place = new Place();
  const history = await prepare(place);
  runToEnd(history.replaceState(STATE));
  assertReplaced(history, place);
  assertReplaced(await place.open(), place);
});

Deno.test("state replacement: it can be done again after a crash at any step, and no checkpoint counts meanwhile", async () => {
  for (let steps = 1;; steps++) {
    using place = new Place();
    const replacement = (await prepare(place)).replaceState(STATE);
    let done = false;
    for (let n = 0; n < steps && !done; n++) done = replacement.next().done ?? false;
    const history = await place.open();
    assertEquals([history.checkpoints.load(), history.storedPosition], [undefined, done ? 700 : 0]);
    runToEnd(history.replaceState(STATE));
    assertReplaced(history, place);
    if (!done) continue;
    assert(steps > 5, "there are several steps");
    return;
  }
});
