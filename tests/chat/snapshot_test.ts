/** Snapshots of the state: a hub that restores one goes on as the hub that it was taken from. */
import { assert, assertEquals, assertNotEquals, assertThrows } from "@std/assert";
import type { Hub } from "../../src/chat/hub.ts";
import { REMOTE_ENDPOINT } from "../../src/chat/member.ts";
import { IDS_MAX } from "../../src/chat/snapshot.ts";
import { type Json, RECORDS, SnapshotError, type SnapshotSection } from "../../src/chat/snapshot_records.ts";
import { WHOWAS_MAX } from "../../src/chat/whowas.ts";
import { MemoryHistory } from "../../src/history/memory.ts";
import { fc } from "../dependencies.ts";
import { grownBy } from "../heap.ts";
import { LastingHistory } from "./helpers.ts";
import { BEGINNING, Replica, START, steps } from "./replica.ts";
import { connect, FIELDS, give, join, Notes, say } from "./state_cases.ts";

/** The records of a snapshot, each as JSON text. */
function taken({ hub, digest, bansSection }: Replica): string[] {
  return [...hub.snapshot([digest, bansSection, hub.links.section])].map((record) => JSON.stringify(record));
}

/** Has a replica restore records, with the sessions that another one shows the rooms to. */
function restore(replica: Replica, records: readonly string[], shown?: Hub): void {
  const { hub, digest, bansSection } = replica;
  const endpointOf = (id: number) => replica.endpointOf(id);
  hub.restore(records.map((record) => JSON.parse(record)), {
    sections: [digest, bansSection, hub.links.section],
    endpointOf,
  });
  const sessions = new Map([...hub.members].flatMap(({ sessions }) => sessions.map((each) => [each.id, each])));
  for (const room of shown?.rooms ?? []) {
    for (const { id } of room.sessions) hub.show(sessions.get(id)!, hub.getRoom(room.key)!);
  }
}

for (
  const [kind, history] of [["in memory", () => new MemoryHistory()], ["on disk", () => new LastingHistory()]] as const
) {
  Deno.test(`snapshot: a hub that restores it goes on as the first one when the history is ${kind}`, () => {
    fc.assert(
      fc.property(steps, steps, steps, (before, after, unrelated) => {
        const one = new Replica(history(), 1e9);
        one.take(before);
        const records = taken(one);
        const others = [new Replica(history(), 2e9), new Replica(history(), 3e9)];
        others[1]!.take(unrelated);
        const state = one.state();
        for (const other of others) {
          restore(other, records, one.hub);
          other.sent.length = other.results.length = 0;
          assertEquals(taken(other), records);
          assertEquals(other.state(), state);
        }
        one.sent.length = one.results.length = one.given.length = 0;
        one.take(after);
        for (const other of others) {
          for (const given of one.given) other.give(given);
          assertEquals(other.results, one.results);
          assertEquals(other.sent, one.sent);
          assertEquals(other.digest.value, one.digest.value);
          assertEquals(taken(other), taken(one));
        }
        assertEquals(others[1]!.state(), others[0]!.state());
      }),
      { numRuns: 50 },
    );
  });
}

for (const [field, [commands, look]] of Object.entries(FIELDS)) {
  Deno.test(`snapshot: contains ${field}`, () => {
    const [one, other, empty] = [1, 2, 3].map((chance) => new Replica(new LastingHistory(), chance)) as [
      Replica,
      Replica,
      Replica,
    ];
    give(one.hub, ...commands);
    restore(other, taken(one));
    const seen = look(one.hub);
    assertEquals(look(other.hub), seen);
    assertNotEquals(look(empty.hub), seen, "the commands have not set it");
    // Nor is it left over when another snapshot is restored.
    const [dirty, clean] = [new Replica(new LastingHistory(), 4), new Replica(new LastingHistory(), 5)];
    give(dirty.hub, ...commands);
    for (const replica of [dirty, clean]) restore(replica, taken(new Replica(new LastingHistory(), 6)));
    assertEquals(look(dirty.hub), look(clean.hub));
  });
}

Deno.test("snapshot: contains which network loses an entry of the presence history first", () => {
  const [one, other] = [new Replica(new MemoryHistory(), 1), new Replica(new MemoryHistory(), 1)];
  let id = 0;
  const leave = ({ hub }: Replica, nick: string, network: string) => {
    give(hub, connect(++id, nick, { networks: [network] }), { op: "remove", member: id });
  };
  // The network a has lost its oldest entry, so b is the first of the two that have as many.
  for (let n = 0; n < WHOWAS_MAX / 2 + 1; n++) leave(one, `a-${n}`, "a");
  for (let n = 0; n < WHOWAS_MAX / 2; n++) leave(one, `b-${n}`, "b");
  restore(other, taken(one));
  for (const replica of [one, other]) {
    leave(replica, "late", "c");
    assertEquals(["a-0", "a-1", "b-0"].map((nick) => replica.hub.whowas.find(nick).length), [0, 1, 0]);
  }
});

Deno.test("snapshot: contains its sections, and a section that is missing is restored as empty", () => {
  const { hub } = new Replica(new MemoryHistory(), 1);
  const records = [...hub.snapshot([new Notes("a", ["one", ["two"]]), new Notes("b")])];
  const sections = ["b", "c", "a"].map((name) => new Notes(name, ["old"]));
  hub.restore(records, { sections });
  assertEquals(sections.map(({ notes }) => notes), [[], [], ["one", ["two"]]]);
});

Deno.test("snapshot: an unknown section is an error, and so is one that leaves records", () => {
  const { hub } = new Replica(new MemoryHistory(), 1);
  const restore = (...sections: SnapshotSection[]) => {
    hub.restore([...hub.snapshot([new Notes("a", ["one", "two"])])], { sections });
  };
  assertThrows(() => restore(), SnapshotError, "unknown section a");
  const lazy = new Notes("a");
  lazy.restore = ([first]) => void (lazy.notes = [first!]);
  hub.restore([...new Replica(new MemoryHistory(), 1).hub.snapshot()]);
  assertThrows(() => restore(lazy), SnapshotError, "too many records");
  const twice = [...new Replica(new MemoryHistory(), 1).hub.snapshot([new Notes("a"), new Notes("a")])];
  assertThrows(() => hub.restore(twice, { sections: [new Notes("a")] }), SnapshotError, "twice");
});

Deno.test("snapshot: restored sessions are those of other nodes, and the sessions of a node are found", () => {
  const [one, other] = [new Replica(new MemoryHistory(), 1), new Replica(new MemoryHistory(), 1)];
  const ids = [2 ** 34 - 1, 2 ** 33, 2 ** 34, 2 ** 33 + 7, 5];
  for (const id of ids) one.give({ command: connect(id, `n-${id}`), now: START });
  other.hub.restore([...one.hub.snapshot()]);
  for (const { sessions: [session] } of other.hub.members) {
    assert(session!.outlet === REMOTE_ENDPOINT.outlet && session!.format === REMOTE_ENDPOINT.format);
  }
  for (const { hub } of [one, other]) {
    assertEquals([0, 1, 2, 3].map((node) => hub.sessionsOfNode(node)), [
      [5],
      [2 ** 34 - 1, 2 ** 33, 2 ** 33 + 7],
      [2 ** 34],
      [],
    ]);
    for (const node of [0, 1, 2, 3]) assertEquals(hub.countSessionsOf(node), hub.sessionsOfNode(node).length);
  }
});

Deno.test("snapshot: what the hub had before is gone", () => {
  const history = new LastingHistory();
  const [one, other] = [new Replica(new LastingHistory(), 1), new Replica(history, 1)];
  other.take(BEGINNING);
  const { hub } = other;
  const [member] = [...hub.members];
  const session = member!.sessions[0]!;
  const old = hub.getRoom("#x")!;
  hub.monitor.add(session, "m1");
  const { id } = member!;
  assertEquals(
    give(hub, { ...say("#x"), style: "ctcp", member: id }, { op: "ignore", member: id, name: "alice", on: true }),
    [undefined, undefined],
  );
  hub.delivery.setFormat(session, { render: () => undefined }, true);
  hub.storage.saveRoom(old);
  other.sent.length = 0;
  restore(other, taken(one));
  other.give("flush");
  assertEquals(other.state(), one.state());
  assertEquals([old.closed, hub.has(member!), hub.monitor.list(session)], [true, false, []]);
  assertEquals([hub.get("m0"), hub.getByAccount("alice"), hub.ignores.list(member!)], [undefined, undefined, []]);
  assertEquals([hub.roomNames.isConfusable("#\u0445"), other.sent], [false, []]);
  assertEquals(history.rooms().map(({ name }) => name), ["#y"], "what was not stored yet");
});

Deno.test("snapshot: members of the same rooms as before are told what happens", () => {
  const [one, other] = [new Replica(new MemoryHistory(), 1), new Replica(new MemoryHistory(), 1)];
  const people = [connect(1, "bob"), connect(2, "ann"), ...[1, 2].flatMap((id) => [join(id, "#x"), join(id, "#y")])];
  for (const { hub } of [one, other]) give(hub, ...people, { op: "away", message: "tea" });
  restore(other, taken(one), one.hub);
  other.give({ command: { op: "away", member: 1, message: "lunch" }, now: START });
  other.give("flush");
  assertEquals(other.sent.map((line) => line.includes("lunch")), [true]);
});

/** A history that notes what it is given of users who are always on. */
function historyWithPresence() {
  const saved: unknown[][] = [];
  const presence = {
    members: () => [],
    choices: () => [],
    waiting: () => [],
    saveMember: (account: string, member: { nick: string } | undefined) => void saved.push([account, member?.nick]),
    saveChoice: (account: string, choice: boolean | undefined) => void saved.push([account, choice]),
    saveWaiting: (account: string, since: number | undefined) => void saved.push([account, since]),
  };
  return { saved, history: Object.assign(new LastingHistory(), { presence }) };
}

Deno.test("snapshot: a restored member that is always on is deleted from the store when its account is", () => {
  const { saved, history } = historyWithPresence();
  const [one, other] = [new Replica(new LastingHistory(), 1), new Replica(history, 1)];
  give(one.hub, ...FIELDS["absent members"]![0]);
  restore(other, taken(one));
  other.give("flush");
  assertEquals(saved, []);
  give(other.hub, { op: "account-drop", account: "alice", revision: "1" });
  other.give("flush");
  assertEquals(saved, [["alice", undefined], ["alice", undefined]], "the choice and the member");
});

Deno.test("snapshot: what a node is to store is known after a restore", () => {
  const [one, other] = [new Replica(new LastingHistory(), 1), new Replica(new LastingHistory(), 1)];
  give(one.hub, ...FIELDS["waiting messages"]![0], { op: "always-on", choice: true }, join(1, "#x"), say("#x"));
  restore(other, taken(one));
  const { rooms, members, choices, waiting, position, last } = other.hub.nodeState(7);
  assertEquals(rooms.map(({ name }) => name), ["#x"]);
  assertEquals(members.map(([account, { nick }]) => [account, nick]), [["guest2", "guest2"]]);
  assertEquals([choices, waiting], [[["guest2", true]], [["alice", START + 2]]]);
  assertEquals([position, last], [7, one.hub.ids.last]);
});

Deno.test("snapshot: restored members do not retain the JSON that they were read from", async () => {
  const [one, other] = [new Replica(new MemoryHistory(), 1), new Replica(new MemoryHistory(), 1)];
  for (let id = 1; id <= 100; id++) give(one.hub, connect(id, `n-${id}`, { realname: `${id} `.repeat(20) }));
  const records = taken(one);
  const grown = await grownBy(() => {
    const sections = [other.digest, other.bansSection, other.hub.links.section];
    other.hub.restore(records.map((record) => JSON.parse(record + " ".repeat(2 ** 20))), { sections });
  });
  assertEquals(other.hub.members.size, 100);
  assert(grown < 10 * 2 ** 20, `${grown} bytes`);
});

Deno.test("snapshot: records have a bounded size when a room has many members", () => {
  const { hub } = new Replica(new MemoryHistory(), 1);
  for (let id = 1; id <= IDS_MAX + 1; id++) give(hub, connect(id, `n-${id}`), join(id, "#x"));
  const records = [...hub.snapshot()] as (readonly Json[])[];
  const crowds = records.filter(([type, , set]) => type === RECORDS.crowd && set === "members");
  assertEquals(crowds.map((record) => (record[3] as Json[]).length), [IDS_MAX, 1]);
});
