/** The checksum over applied commands. */
import { assert, assertEquals, assertThrows } from "@std/assert";
import { ChatError } from "../../src/chat/chat_error.ts";
import type { Command } from "../../src/chat/commands.ts";
import { SnapshotError } from "../../src/chat/snapshot_records.ts";
import { type DigestedState, StateDigest } from "../../src/chat/state_digest.ts";

const STATE: DigestedState = { ids: { last: 2 ** 50 + 1 }, members: { size: 3 }, rooms: { size: 2 } };
const SAY = {
  op: "say",
  member: 7,
  session: 8,
  room: "#x",
  text: "hi",
  style: "say",
  tags: "",
  minRank: undefined,
} as const;

/** The checksum of some applied commands. */
function digest(...applied: readonly [command: Command, result?: unknown, state?: DigestedState][]): number {
  const digest = new StateDigest();
  for (const [command, result, state = STATE] of applied) digest.add(command, result, state);
  assert(Number.isSafeInteger(digest.value) && digest.value >= 0);
  return digest.value;
}

Deno.test("state digest: the same commands give the same value, and any difference gives another", () => {
  const rename: Command = { op: "rename", member: 7, nick: "bob" };
  assertEquals(digest([SAY], [rename]), digest([SAY], [rename]));
  const values = [
    digest(),
    digest([SAY]),
    digest([SAY], [SAY]),
    digest([SAY], [rename]),
    digest([rename], [SAY]),
    digest([rename]),
    digest([{ ...rename, nick: "bo" }]),
    digest([{ ...rename, nick: "boc" }]),
    digest([{ ...rename, member: 8 }]),
    digest([{ ...rename, member: 7 + 2 ** 33 }]),
    digest([{ ...SAY, room: "#y" }]),
    digest([{ ...SAY, session: 9 }]),
    digest([{ ...SAY, session: undefined }]),
    digest([{ op: "role", member: 7, room: "#x", name: "a", on: true }]),
    digest([{ op: "role", member: 7, room: "#x", name: "b", on: true }]),
    digest([{ op: "account-drop", account: "a", revision: "1" }, true]),
    digest([{ op: "account-drop", account: "a", revision: "1" }, false]),
    digest([{ op: "account-drop", account: "b", revision: "1" }, true]),
    digest([SAY, new ChatError("muted", "bob")]),
    digest([SAY, new ChatError("cannot-speak", "bob")]),
    digest([SAY, undefined, { ...STATE, ids: { last: 2 ** 50 + 2 } }]),
    digest([SAY, undefined, { ...STATE, ids: { last: 2 ** 49 + 1 } }]),
    digest([SAY, undefined, { ...STATE, members: { size: 4 } }]),
    digest([SAY, undefined, { ...STATE, rooms: { size: 3 } }]),
  ];
  assertEquals(new Set(values).size, values.length);
});

Deno.test("state digest: whether a ban of the server was over by the clock of a node makes no difference", () => {
  const unban: Command = { op: "server-unban", what: "192.0.2.1" };
  assertEquals(digest([unban, true]), digest([unban, false]));
});

Deno.test("state digest: a difference stays when the same commands follow", () => {
  const others = Array<[Command]>(1000).fill([SAY]);
  assert(digest([{ ...SAY, room: "#y" }], ...others) !== digest([SAY], ...others));
});

Deno.test("state digest: a snapshot contains it, and without it the value is that of no command", () => {
  const [one, other] = [new StateDigest(), new StateDigest()];
  one.add(SAY, undefined, STATE);
  other.restore(one.take());
  assertEquals(other.value, one.value);
  for (const each of [one, other]) each.add(SAY, undefined, STATE);
  assertEquals(other.value, one.value);
  other.restore([]);
  assertEquals(other.value, digest());
  for (const record of [[1], [1, 2, 3], [1, 0.5], ["1", 2], 7]) {
    assertThrows(() => other.restore([record]), SnapshotError);
  }
});
