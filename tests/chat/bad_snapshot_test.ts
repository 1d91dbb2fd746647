/** Snapshots that no node has written: they are errors, whatever is wrong with them. */
import { assert, assertEquals, assertThrows } from "@std/assert";
import { type Json, RECORDS, SnapshotError } from "../../src/chat/snapshot_records.ts";
import { fc } from "../dependencies.ts";
import { LastingHistory } from "./helpers.ts";
import { BEGINNING, Replica, START } from "./replica.ts";
import { ALICE, connect, FIELDS, give, join, Notes, say } from "./state_cases.ts";

/** Records of a state that has all of what there is. */
function fullRecords(): Json[] {
  const { hub } = new Replica(new LastingHistory(), 1);
  give(hub, ...FIELDS["room settings"]![0]);
  give(hub, connect(2, "bob"), connect(3, "ann"), join(2, "#y"), join(2, "#z"), join(3, "#y"));
  give(hub, { ...say("#z"), member: 2 }, { op: "leave", member: 2, room: "#z" });
  give(hub, { op: "invite", member: 2, room: "#y", nick: "alice" });
  give(hub, { op: "mark-read", member: 2, target: { room: "#y" }, time: START });
  give(hub, { op: "ignore", member: 2, name: "zoe!*@h1", on: true }, { op: "mute", host: "h7", action: undefined });
  give(hub, { op: "rename", member: 3, nick: "anna" }, { op: "rename", member: 3, nick: "ann" });
  give(hub, connect(4, "dave", { networks: ["n2"] }), { op: "rename", member: 4, nick: "d1" });
  for (const [id, network] of [[7, "n7"], [8, "n8"]] as const) {
    give(hub, connect(id, "eve", { networks: [network] }), { op: "remove", member: id });
  }
  give(hub, { op: "rename", member: 4, nick: "d2" }, { op: "always-on", choice: true }, { op: "disconnect" });
  give(hub, { op: "whisper", member: 2, to: ["guest2"], text: "", style: "say", tags: "", ignoredBy: [] });
  give(
    hub,
    connect(5, "guest2", { account: "guest2" }),
    {
      ...{ op: "whisper", member: 5, to: ["alice"], text: "hi", style: "say", tags: "", ignoredBy: [] },
    },
    { op: "remove", member: 1 },
    connect(6, "alice", ALICE),
    { op: "remove", member: 6 },
  );
  give(
    hub,
    {
      ...{ op: "whisper", member: 5, to: ["alice"], text: "hi", style: "say", tags: "", ignoredBy: [] },
    },
    { op: "always-on", member: 5, choice: true },
    { op: "disconnect", session: 5 },
  );
  return JSON.parse(JSON.stringify([...hub.snapshot([new Notes("notes", [["x"]])])]));
}

/** Restores records in a hub that has other members. */
function tryRestore(records: readonly unknown[]): Json[] {
  const replica = new Replica(new LastingHistory(), 1);
  replica.take(BEGINNING);
  const notes = new Notes("notes");
  replica.hub.restore(records, { sections: [notes] });
  return [...replica.hub.snapshot([notes])];
}

Deno.test("snapshot: an incomplete one is an error, wherever it ends", () => {
  const records = fullRecords();
  assertEquals(new Set(records.map((record) => (record as Json[])[0])), new Set(Object.values(RECORDS)));
  assertEquals(tryRestore(records), records);
  for (let length = 0; length < records.length; length++) {
    assertThrows(() => tryRestore(records.slice(0, length)), SnapshotError);
    assertThrows(() => tryRestore(records.toSpliced(length, 1)), SnapshotError);
  }
  assertThrows(() => tryRestore([...records, records.at(-1)]), SnapshotError, "after the last");
});

Deno.test("snapshot: a record with a wrong value is an error or a value, and nothing else happens", () => {
  const records = fullRecords();
  const value = fc.oneof(
    fc.constantFrom(null, true, -1, 0.5, 1, 2, 9e15, "", "alice", "#x", "room", []),
    fc.jsonValue(),
  );
  const damage = fc.tuple(fc.nat({ max: records.length - 1 }), fc.nat({ max: 20 }), value);
  fc.assert(
    fc.property(damage, ([at, item, value]) => {
      const record = [...records[at] as Json[]];
      record[item % (record.length + 1)] = value as Json;
      try {
        tryRestore(records.with(at, record));
      } catch (error) {
        assert(error instanceof SnapshotError, String(error));
      }
    }),
    { numRuns: 500 },
  );
  for (const record of [undefined, null, 7, "t", {}, [], ["?"]]) {
    assertThrows(() => tryRestore(records.toSpliced(3, 0, record as Json)), SnapshotError);
  }
});

Deno.test("snapshot: one of another format is an error", () => {
  assertThrows(() => tryRestore([[RECORDS.start, 999], ...fullRecords().slice(1)]), SnapshotError, "another version");
});

Deno.test("snapshot: one that contradicts itself is an error", () => {
  const records = fullRecords() as Json[][];
  const { room, member, session, crowd } = RECORDS;
  const cases: [why: string, type: string, item: number, value: (old: Json) => Json][] = [
    ["is not there", session, 2, (id) => id === 2 ? 3 : 2],
    ["a session has no member", member, -1, () => []],
    ["is ambiguous", crowd, 3, (ids) => [...ids as Json[], 5]],
    ["lacks a member", member, -3, (rooms) => [...rooms as Json[], 0]],
    ["no lobby", room, 1, () => "#other"],
    ["is there twice", room, 1, () => "#X"],
    ["is there twice", member, 2, () => "ann"],
    ["is there twice", session, 1, () => 3],
    ["the member 99 is not there", crowd, 3, () => [99]],
    ["the room 99 is not there", crowd, 1, () => 99],
  ];
  for (const [why, type, item, value] of cases) {
    const at = records.findIndex(([each]) => each === type);
    const record = records[at]!;
    const index = (item + record.length) % record.length;
    const changed = records.with(at, record.with(index, value(record[index]!)));
    assertThrows(() => tryRestore(changed), SnapshotError, why);
  }
  const at = records.findIndex(([type]) => type === member);
  const copy = records[at]!.with(2, "other");
  assertThrows(() => tryRestore(records.toSpliced(at, 0, copy)), SnapshotError, "is there twice");
});
