/** The hub as a state machine: the same commands lead to the same state, results, ids and events. */
import { assert, assertEquals, assertNotEquals, assertThrows } from "@std/assert";
import { ChatError } from "../../src/chat/chat_error.ts";
import type { Command } from "../../src/chat/commands.ts";
import type { Session } from "../../src/chat/member.ts";
import type { Room } from "../../src/chat/room.ts";
import { MemoryHistory } from "../../src/history/memory.ts";
import { fc } from "../dependencies.ts";
import { LastingHistory } from "./helpers.ts";
import { ARGUMENTS, BEGINNING, Replica, START, type Step, steps } from "./replica.ts";

for (
  const [kind, history] of [["in memory", () => new MemoryHistory()], ["on disk", () => new LastingHistory()]] as const
) {
  Deno.test(`hub: the same commands give the same state, results, ids and events when the history is ${kind}`, () => {
    const seen = new Set<string>();
    fc.assert(
      fc.property(steps, (steps) => {
        const [one, other] = [new Replica(history(), 1e9), new Replica(history(), 2e9)];
        for (const replica of [one, other]) replica.take(steps);
        assertEquals(other.results, one.results);
        assertEquals(other.sent, one.sent);
        assertEquals(other.state(), one.state());
        assertEquals([...other.bans], [...one.bans]);
        assertEquals(other.stored(), one.stored());
        assertEquals(other.digest.value, one.digest.value);
        for (const [op, result] of one.results as [string, unknown][]) {
          seen.add(
            typeof result === "string" && /^[a-z-]+ /.test(result) && !/^(member|room|session|invited) /.test(result)
              ? "error"
              : op,
          );
        }
      }),
      { numRuns: 100 },
    );
    assertEquals([...seen].sort(), [...Object.keys(ARGUMENTS), "error"].sort(), "all commands, made and rejected");
  });
}

Deno.test("hub: another time with the commands gives another state, so the comparison can fail", () => {
  const say: Step = { after: 1, slot: 0, command: { op: "say", room: "#x", text: "hi", style: "say", tags: "" } };
  const [one, other] = [new Replica(new MemoryHistory(), 1), new Replica(new MemoryHistory(), 1)];
  one.take([...BEGINNING, say]);
  other.take([...BEGINNING, say], 1000);
  assertNotEquals(other.sent, one.sent);
  assertNotEquals(other.state(), one.state());
});

Deno.test("hub: a login does not depend on the rooms that this node shows the session", () => {
  const [one, other] = [new Replica(new MemoryHistory(), 1), new Replica(new MemoryHistory(), 1)];
  for (const { hub } of [one, other]) {
    const connect = (id: number, nick: string, account?: string) => {
      const identity = { user: "~u", host: "h1", realname: "", account };
      return hub.apply({ op: "connect", id, nick, identity, revision: "1" }, { now: START }) as Session;
    };
    connect(1, "alice", "alice");
    const session = connect(2, "bob");
    const join = (room: string) =>
      hub.apply({ op: "join", member: 2, session: 2, room, key: undefined }, { now: START }) as Room;
    const [room] = [join("#x"), join("#y")];
    if (hub === other.hub) hub.hide(session, room);
    const login = { op: "login", session: 2, account: "alice", token: undefined, id: 3, revision: "1" } as const;
    hub.apply({ ...login, shown: ["#x", "#gone"] }, { now: START });
    assertEquals([...session.member.rooms.keys()], ["#x"]);
  }
  assertEquals(other.state(), one.state());
});

Deno.test("hub: a rejected command returns why and changes nothing", () => {
  const replica = new Replica(new MemoryHistory(), 1);
  replica.take(BEGINNING);
  const { hub, sent } = replica;
  const { members, rooms } = replica.state() as { members: unknown; rooms: unknown };
  sent.length = 0;
  const [member] = [...hub.members];
  const rejected: [Command, string][] = [
    [{ op: "rename", member: member!.id, nick: "no nick" }, "nick-invalid"],
    [{ op: "rename", member: member!.id, nick: "m1" }, "nick-taken"],
    [{ op: "rename", member: member!.id, nick: "guest2" }, "nick-registered"],
    [{ op: "join", member: member!.id, session: undefined, room: "no room", key: undefined }, "room-invalid"],
    [{ op: "leave", member: member!.id, session: undefined, room: "#y", reason: undefined }, "not-in-room"],
    [{ op: "topic", member: member!.id, room: "#gone", topic: "" }, "not-in-room"],
    [{ op: "rename", member: 99, nick: "ghost" }, "no-such-user"],
    [
      { op: "tag", member: member!.id, session: undefined, to: { room: "#y" }, tags: "+a", minRank: undefined },
      "not-in-room",
    ],
  ];
  for (const [command, code] of rejected) {
    const result = hub.apply(command, { now: START });
    assert(result instanceof ChatError, command.op);
    assertEquals(result.code, code);
  }
  replica.take([]);
  const after = replica.state() as { members: unknown; rooms: unknown };
  assertEquals([after.members, after.rooms, sent], [members, rooms, []]);
});

Deno.test("hub: an unexpected exception is thrown and not returned", () => {
  const history = new LastingHistory();
  const replica = new Replica(history, 1);
  const say: Step = { after: 1, slot: 0, command: { op: "say", room: "#z", text: "hi", style: "say", tags: "" } };
  replica.take([
    ...BEGINNING,
    { after: 0, slot: 0, command: { op: "join", room: "#z", key: undefined } },
    say,
    "flush",
    { after: 0, slot: 0, command: { op: "leave", room: "#z", reason: undefined } },
  ]);
  history.full = "the disk is full";
  assertThrows(
    () => replica.hub.apply({ op: "drop", room: "#z", seen: Number.MAX_SAFE_INTEGER }, { now: START }),
    Error,
    "the disk is full",
  );
  assert(replica.hub.getRoom("#z") !== undefined);
});

Deno.test("hub: a room is not dropped when a line was said that the author of the command had not seen", () => {
  const replica = new Replica(new LastingHistory(), 1);
  const step = (command: Exclude<Step, string>["command"]): Step => ({ after: 1, slot: 0, command });
  const say = step({ op: "say", room: "#z", text: "hi", style: "say", tags: "" });
  replica.take([...BEGINNING, step({ op: "join", room: "#z", key: undefined }), say]);
  const seen = replica.hub.ids.last;
  replica.take([say, step({ op: "leave", room: "#z", reason: undefined })]); // and all is committed
  const isLeft = [seen, replica.hub.ids.last].map((greatest) => {
    replica.hub.apply({ op: "drop", room: "#z", seen: greatest }, { now: START });
    return replica.hub.getRoom("#z") !== undefined;
  });
  assertEquals(isLeft, [true, false]);
});
