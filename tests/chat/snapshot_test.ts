/** Snapshots of the state: a hub that restores one goes on as the hub that it was taken from. */
import { assert, assertEquals, assertNotEquals, assertThrows } from "@std/assert";
import type { Command } from "../../src/chat/commands.ts";
import type { Hub } from "../../src/chat/hub.ts";
import { REMOTE_ENDPOINT, type Session } from "../../src/chat/member.ts";
import { IDS_MAX } from "../../src/chat/snapshot.ts";
import { type Json, RECORDS, SnapshotError, type SnapshotSection } from "../../src/chat/snapshot_records.ts";
import { WHOWAS_MAX } from "../../src/chat/whowas.ts";
import { MemoryHistory } from "../../src/history/memory.ts";
import { fc } from "../dependencies.ts";
import { LastingHistory } from "./helpers.ts";
import { BEGINNING, Replica, START, steps } from "./replica.ts";

/** The records of a snapshot, each as JSON text. */
function taken({ hub, digest }: Replica): string[] {
  return [...hub.snapshot([digest])].map((record) => JSON.stringify(record));
}

/** Has a replica restore records, with the sessions that another one shows the rooms to. */
function restore(replica: Replica, records: readonly string[], shown?: Hub): void {
  const { hub, digest } = replica;
  const endpointOf = (id: number) => replica.endpointOf(id);
  hub.restore(records.map((record) => JSON.parse(record)), { sections: [digest], endpointOf });
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

/** Gives a hub commands. The member and session of each is 1, unless the command says otherwise. */
function give(hub: Hub, ...commands: readonly ({ readonly op: Command["op"] } & Record<string, unknown>)[]): unknown[] {
  let now = hub.now;
  return commands.map((command) => hub.apply({ member: 1, session: 1, ...command } as Command, { now: ++now }));
}

function connect(id: number, nick: string, more: object = {}, attended = true) {
  const identity = { user: "~u", host: "h1", realname: "", networks: ["n1", "n0"], ...more };
  return { op: "connect", id, nick, identity, attended } as const;
}

function join(member: number, room: string) {
  return { op: "join", member, session: member, room, key: undefined } as const;
}

/** The member with an id. */
function memberOf(hub: Hub, id = 1) {
  return [...hub.members].find((member) => member.id === id)!;
}

const ALICE = { account: "alice" };

/** One case for each kind of field: what sets it, and what shows it. */
const FIELDS: Readonly<Record<string, readonly [commands: Parameters<typeof give>[1][], look: (hub: Hub) => unknown]>> =
  {
    "time": [[connect(1, "bob")], (hub) => hub.now],
    "peak": [[connect(1, "bob"), { op: "remove", reason: "" }], (hub) => hub.peak],
    "last id": [[connect(1, "bob"), join(1, "#x"), say("#x")], (hub) => hub.ids.last],
    "guest number": [[connect(1, "guest1"), { op: "logout", id: 2 }], (hub) => {
      const { nextGuest } = hub.nicknames;
      return [nextGuest, hub.nicknames.guestName()];
    }],
    "muted hosts in order": [
      [{ op: "mute", host: "h2", action: undefined }, { op: "mute", host: "h1", action: { who: "a", by: "b" } }],
      (hub) => [...hub.muted],
    ],
    "presence history": [
      [connect(1, "bob", { realname: "Bob" }), { op: "rename", nick: "bill" }],
      (hub) => hub.whowas.find("bob"),
    ],
    "choices": [
      [connect(1, "alice", ALICE), { op: "always-on", choice: true }, { op: "disconnect" }],
      (hub) => [...hub.alwaysOn.choices],
    ],
    "absent members": [
      [connect(1, "alice", ALICE), { op: "always-on", choice: true }, { op: "disconnect" }],
      (hub) => [...hub.alwaysOn.absent].map(({ id }) => id),
    ],
    "waiting messages": [
      [connect(1, "guest2", { account: "guest2" }), {
        op: "whisper",
        to: ["alice"],
        text: "hi",
        style: "say",
        tags: "",
        ignoredBy: [],
      }],
      (hub) => (give(hub, connect(9, "alice", ALICE))[0] as Session).missedPrivateSince,
    ],
    "rooms in order": [
      [connect(1, "bob"), join(1, "#y"), join(1, "#X")],
      (hub) => [...hub.rooms].map(({ name }) => name),
    ],
    "room settings": [[
      connect(1, "alice", ALICE),
      join(1, "#x"),
      { op: "topic", room: "#x", topic: "tea" },
      {
        op: "modes",
        room: "#x",
        changes: [
          { on: true, mode: "s" },
          { on: true, mode: "i" },
          { on: true, mode: "k", key: "sesame" },
          { on: true, mode: "l", limit: 3 },
          { on: true, mode: "b", mask: "a!*@*", nick: "a" },
          { on: true, mode: "e", mask: "b!*@*" },
          { on: true, mode: "I", mask: "c!*@*" },
        ],
      },
      { op: "role", room: "#x", name: "guest2", on: true },
    ], (hub) => hub.getRoom("#x")?.saved],
    "stored rooms": [
      [connect(1, "bob"), join(1, "#x"), say("#x")],
      (hub) => [hub.getRoom("#x")?.stored, hub.getRoom("#x")?.hasLines],
    ],
    "rooms whose modes end with the operator": [
      [connect(1, "bob"), join(1, "#x")],
      (hub) => hub.getRoom("#x")?.ruled,
    ],
    "empty rooms in order": [
      [
        connect(1, "bob"),
        join(1, "#x"),
        join(1, "#y"),
        say("#x"),
        say("#y"),
        { op: "leave", room: "#y" },
        { op: "leave", room: "#x" },
      ],
      (hub) => [...hub.emptyRooms].map(({ key }) => key),
    ],
    "members in order": [
      [connect(2, "bob"), connect(1, "Ann", { user: "~a", host: "h2", realname: "Ann Other", networks: ["n7"] })],
      (hub) =>
        [...hub.members].map(({ id, origin, networks, realname, since }) => [id, origin, networks, realname, since]),
    ],
    "accounts": [[connect(1, "alice", ALICE)], (hub) => [memberOf(hub)?.account, hub.getByAccount("alice")?.id]],
    "scopes": [
      [connect(1, "bob", { ...ALICE, token: { id: 3, readOnly: true, room: "#x" } })],
      (hub) => [memberOf(hub)?.scope?.readOnly, memberOf(hub)?.scope?.room, memberOf(hub)?.sessions[0]?.token],
    ],
    "away messages": [[connect(1, "bob"), { op: "away", message: "tea" }], (hub) => memberOf(hub)?.away],
    "attention": [
      [connect(1, "bob"), { op: "attend", on: false }],
      (hub) => {
        const { away, awayByServer, attended, lastSeen, sessions } = memberOf(hub) ?? { sessions: [] };
        return [away, awayByServer, attended, lastSeen, sessions[0]?.attended];
      },
    ],
    "user flags": [[
      connect(1, "bob"),
      { op: "flag", flag: "invisible", on: true },
      { op: "flag", flag: "operator", on: true, name: "root" },
      { op: "flag", flag: "wallops", on: true },
      { op: "flag", flag: "bot", on: true },
    ], (hub) => {
      const { invisible, operator, operatorName, wallops, bot } = memberOf(hub) ?? {};
      return [invisible, operator, operatorName, wallops, bot, hub.flagCounts];
    }],
    "the time of the last line": [
      [connect(1, "bob"), join(1, "#x"), say("#x")],
      (hub) => memberOf(hub)?.spokeAt,
    ],
    "rooms of members in order": [
      [connect(1, "bob"), connect(2, "ann"), join(2, "#y"), join(1, "#x"), join(1, "#y")],
      (hub) => [
        [...memberOf(hub)?.rooms.keys() ?? []],
        [...hub.rooms].map(({ members }) => [...members].map(({ id }) => id)),
        memberOf(hub)?.rooms.get("#x") === hub.getRoom("#x"),
      ],
    ],
    "ranks": [[
      connect(1, "alice", ALICE),
      connect(2, "bob"),
      connect(3, "ann"),
      join(1, "#x"),
      join(2, "#x"),
      join(3, "#x"),
      {
        op: "modes",
        room: "#x",
        changes: [{ on: true, mode: "o", nick: "bob" }, { on: true, mode: "v", nick: "ann" }],
      },
    ], (hub) => Object.values(hub.getRoom("#x")?.ranks ?? {}).map((ranked) => [...ranked].map(({ id }) => id))],
    "invitations": [
      [connect(1, "bob"), connect(2, "ann"), join(1, "#x"), join(1, "#y"), invite("#y"), invite("#x")],
      (hub) => [[...memberOf(hub, 2)?.invitations ?? []], [...hub.getRoom("#y")?.invited ?? []].map(({ id }) => id)],
    ],
    "ignore lists": [
      [connect(1, "bob"), { op: "ignore", name: "Zoe!*@h1", on: true }, { op: "ignore", name: "alice", on: true }],
      (hub) => {
        const member = memberOf(hub);
        const zoe = { origin: "zoe!~u@h1", account: undefined };
        return member && [hub.ignores.list(member), hub.ignores.ignores(member, zoe)];
      },
    ],
    "the own name on an ignore list": [
      [connect(1, "bob"), { op: "ignore", name: "alice", on: true }, {
        op: "login",
        account: "alice",
        id: 2,
        shown: [],
      }],
      (hub) => memberOf(hub) && hub.ignores.list(memberOf(hub)),
    ],
    "read markers": [[
      connect(1, "bob"),
      join(1, "#x"),
      { op: "mark-read", target: { room: "#x" }, time: START },
      { op: "mark-read", target: { nick: "ann" }, time: START + 1 },
      join(1, "#y"),
      { op: "mark-read", target: { room: "#y" }, time: START + 2 },
      { op: "leave", room: "#y" },
    ], (hub) => {
      return [...memberOf(hub)?.readMarkers ?? []].map(([where, time]) => {
        if (typeof where === "string") return [where, time];
        return [where.name, where.closed, where === hub.getRoom(where.name), time];
      });
    }],
    "sessions in order": [[
      connect(3, "alice", ALICE),
      connect(2, "alice", {
        ...ALICE,
        user: "~other",
        host: "h9",
        networks: ["n9"],
        token: { id: 7, readOnly: false, room: undefined },
      }),
    ], (hub) => {
      return memberOf(hub, 3)?.sessions.map(({ id, user, host, networks, token }) => [id, user, host, networks, token]);
    }],
    "sessions that moved": [[
      connect(1, "bob"),
      connect(2, "alice", ALICE),
      { op: "login", account: "alice", token: undefined, id: 3, shown: [] },
    ], (hub) => [memberOf(hub, 2)?.sessions.map(({ id }) => id), hub.sessionsOfNode(0)]],
    "ends of absences": [
      [
        connect(1, "alice", ALICE),
        { op: "always-on", choice: true },
        { op: "disconnect" },
        connect(2, "alice", ALICE),
      ],
      (hub) => memberOf(hub)?.sessions.map(({ missedSince, missedPrivateSince }) => [missedSince, missedPrivateSince]),
    ],
  };

function say(room: string) {
  return { op: "say", room, text: "hi", style: "say", tags: "", minRank: undefined } as const;
}

function invite(room: string) {
  return { op: "invite", room, nick: "ann" } as const;
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

/** A section that keeps strings. */
class Notes implements SnapshotSection {
  readonly name: string;
  notes: Json[];

  constructor(name: string, notes: Json[] = []) {
    this.name = name;
    this.notes = notes;
  }

  take(): Iterable<Json> {
    return this.notes;
  }

  restore(records: Iterable<Json>): void {
    this.notes = [...records];
  }
}

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
  }
});

Deno.test("snapshot: what the hub had before is gone", () => {
  const [one, other] = [new Replica(new LastingHistory(), 1), new Replica(new LastingHistory(), 1)];
  other.take(BEGINNING);
  const [member] = [...other.hub.members];
  const old = other.hub.getRoom("#x")!;
  other.hub.monitor.add(member!.sessions[0]!, "m1");
  other.hub.storage.saveRoom(old);
  restore(other, taken(one));
  assertEquals(other.state(), one.state());
  assertEquals([old.closed, other.hub.has(member!), other.hub.monitor.list(member!.sessions[0]!)], [true, false, []]);
  assertEquals([other.hub.get("m0"), other.hub.roomNames.isConfusable("#\u0445")], [undefined, false]);
  other.sent.length = 0;
  other.give("flush");
  assertEquals(other.sent, []);
});

Deno.test("snapshot: records have a bounded size when a room has many members", () => {
  const { hub } = new Replica(new MemoryHistory(), 1);
  for (let id = 1; id <= IDS_MAX + 1; id++) give(hub, connect(id, `n-${id}`), join(id, "#x"));
  const records = [...hub.snapshot()] as (readonly Json[])[];
  const crowds = records.filter(([type, , set]) => type === RECORDS.crowd && set === "members");
  assertEquals(crowds.map((record) => (record[3] as Json[]).length), [IDS_MAX, 1]);
});

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
