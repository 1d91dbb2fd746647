/** The sessions by id, and how many each node has. */
import { assertEquals } from "@std/assert";
import { IDS_OF_NODE } from "../../src/chat/commands.ts";
import { Member, REMOTE_ENDPOINT, Session } from "../../src/chat/member.ts";
import { SessionMap } from "../../src/chat/session_map.ts";
import { IDENTITY } from "./helpers.ts";

Deno.test("session map: each node's sessions are counted as they come and go, each once", () => {
  const sessions = new SessionMap();
  const session = new Session(1, new Member("alice", IDENTITY), IDENTITY, REMOTE_ENDPOINT);
  const counts = () => [0, 1, 2].map((node) => sessions.countOf(node));
  for (const id of [1, IDS_OF_NODE, IDS_OF_NODE + 1, IDS_OF_NODE + 1]) sessions.set(id, session);
  assertEquals(counts(), [1, 2, 0]);
  sessions.delete(IDS_OF_NODE);
  sessions.delete(IDS_OF_NODE);
  assertEquals(counts(), [1, 1, 0]);
  sessions.clear();
  assertEquals(counts(), [0, 0, 0]);
});
