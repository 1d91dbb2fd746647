/** A handler of a session that fails changes nothing of what a command does: other nodes apply the command without it. */
import { assertEquals } from "@std/assert";
import { ChatError } from "../../src/chat/chat_error.ts";
import type { Command } from "../../src/chat/commands.ts";
import type { SessionHandlers } from "../../src/chat/member.ts";
import { TwoNodes } from "./two_nodes.ts";

const ALICE = { account: "alice" };

/** Handlers that fail as those of a protocol whose time slicer has too much to do. */
function busy(): SessionHandlers {
  const fail = () => {
    throw new ChatError("too-many-waiting", "");
  };
  return {
    joined: fail,
    left: fail,
    kicked: fail,
    moved: fail,
    accountChanged: fail,
    markedRead: fail,
    roomRenamed: fail,
    alwaysOnChanged: fail,
  };
}

Deno.test("handlers: those that fail on one node change no result, and nodes have the same state", () => {
  const nodes = new TwoNodes();
  const alice = nodes.connect(0, "alice", ALICE);
  const other = nodes.connect(0, "alice", ALICE);
  const guest = nodes.connect(0, "guest");
  for (const client of [alice, other, guest]) nodes.session(0, client).handlers = busy();
  const me = { member: alice.id, session: alice.id };
  const commands: Command[] = [
    { op: "join", ...me, room: "#x", key: undefined },
    { op: "mark-read", member: alice.id, target: { room: "#x" }, time: 1 },
    { op: "always-on", member: alice.id, choice: true },
    { op: "rename-room", member: alice.id, room: "#x", name: "#y", reason: undefined },
    { op: "join", member: guest.id, session: guest.id, room: "#y", key: undefined },
    { op: "kick", member: alice.id, room: "#y", nick: "guest", reason: undefined },
    { op: "login", session: guest.id, account: "alice", token: undefined, id: 100, shown: [], revision: "1" },
    { op: "logout", session: guest.id, id: 101 },
    { op: "leave", ...me, room: "#y", reason: undefined },
    { op: "join", ...me, room: "#z", key: undefined },
    { op: "destroy", member: alice.id, room: "#z" },
  ];
  for (const command of commands) nodes.apply(command);
  assertEquals(nodes.nicks.length, 2);
  assertEquals([...nodes.hubs[0].snapshot()], [...nodes.hubs[1].snapshot()]);
});
