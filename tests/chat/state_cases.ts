/** What sets each field of the state, and what shows it: shared by the tests of snapshots. */
import type { Command } from "../../src/chat/commands.ts";
import type { Hub } from "../../src/chat/hub.ts";
import type { Session } from "../../src/chat/member.ts";
import type { Json, SnapshotSection } from "../../src/chat/snapshot_records.ts";
import { START } from "./replica.ts";

/** Gives a hub commands. The member and session of each is 1, unless the command says otherwise. */
export function give(
  hub: Hub,
  ...commands: readonly ({ readonly op: Command["op"] } & Record<string, unknown>)[]
): unknown[] {
  let now = hub.now;
  return commands.map((command) =>
    hub.apply({ member: 1, session: 1, revision: "1", ...command } as unknown as Command, { now: ++now })
  );
}

export function connect(id: number, nick: string, more: object = {}, attended = true) {
  const identity = { user: "~u", host: "h1", realname: "", networks: ["n1", "n0"], ...more };
  return { op: "connect", id, nick, identity, attended } as const;
}

export function join(member: number, room: string) {
  return { op: "join", member, session: member, room, key: undefined } as const;
}

/** The member with an id. */
export function memberOf(hub: Hub, id = 1) {
  return [...hub.members].find((member) => member.id === id)!;
}

export const ALICE = { account: "alice" };

/** One case for each kind of field: what sets it, and what shows it. */
export const FIELDS: Readonly<
  Record<string, readonly [commands: Parameters<typeof give>[1][], look: (hub: Hub) => unknown]>
> = {
  "time": [[connect(1, "bob")], (hub) => hub.now],
  "peak": [[connect(1, "bob"), { op: "remove", reason: "" }], (hub) => hub.peak],
  "last id": [[connect(1, "bob"), join(1, "#x"), say("#x")], (hub) => hub.ids.last],
  "guest number": [
    [connect(1, "alice", ALICE), connect(2, "guest1"), { op: "logout", id: 3 }, {
      op: "login",
      account: "alice",
      id: 4,
      shown: [],
    }, {
      op: "logout",
      id: 5,
    }],
    (hub) => hub.nicknames.nextGuest,
  ],
  "muted hosts in order": [
    [
      { op: "mute", host: "h2", action: undefined, until: START + 100 },
      { op: "mute", host: "h1", action: { who: "a", by: "b" } },
    ],
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
      for (const session of member?.sessions ?? []) session.hidesIgnored = true;
      const audience = hub.ignores.audience(zoe, { has: () => true });
      return member && [hub.ignores.list(member), hub.ignores.ignores(member, zoe), audience !== undefined];
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
    connect(2, "alice", ALICE),
    connect(3, "alice", {
      ...ALICE,
      user: "~other",
      host: "h9",
      networks: ["n9"],
      token: { id: 7, readOnly: false, room: undefined },
    }),
  ], (hub) => {
    return memberOf(hub, 2)?.sessions.map(({ id, user, host, networks, token }) => [id, user, host, networks, token]);
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

export function say(room: string) {
  return { op: "say", room, text: "hi", style: "say", tags: "", minRank: undefined } as const;
}

export function invite(room: string) {
  return { op: "invite", room, nick: "ann" } as const;
}

/** A section that keeps strings. */
export class Notes implements SnapshotSection {
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
