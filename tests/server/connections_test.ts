import { assert, assertEquals, assertMatch } from "@std/assert";
import { Bans } from "../../src/moderation/bans.ts";
import { NICKNAME_RECLAIMED } from "../../src/protocol/accounts.ts";
import { PING_TIMEOUT } from "../../src/protocol/irc/keepalive.ts";
import { type Client, Connections, type ConnectionsContext } from "../../src/server/connections.ts";
import { ChatFixture, sessionOf } from "../chat/helpers.ts";
import { FakeConnection } from "../fake_connection.ts";
import { createHandler, createLimits, recordingLog } from "./helpers.ts";

function create({ registers = true, trouble }: Partial<ConnectionsContext> = {}) {
  const bans = new Bans();
  const limits = createLimits(bans);
  const { log, lines } = recordingLog();
  const connections = new Connections({ limits, bans, log, registers, trouble });
  return { bans, limits, lines, connections, handler: createHandler("irc") };
}

/** The only client of a server. */
function only(connections: Connections): Client {
  const [[, client]] = [...connections] as [[unknown, Client]];
  return client;
}

Deno.test("connections: a connection is logged when its client registers and when it ends, and counted by reason", async () => {
  const { connections, handler, lines } = create();
  const connection = new FakeConnection("192.0.2.1");
  connections.accept(handler, connection);
  assertEquals(connections.size, 1);
  const client = only(connections);
  handler.register(sessionOf(new ChatFixture().arrive("alice", [])));
  connection.leave("quit");
  await client.done;
  assertEquals(connections.size, 0);
  assertEquals([...connections.ended], [["quit", 1]]);
  assertEquals(await lines(), [
    "info connected peer=127.0.0.1:50000 door=irc nick=alice",
    "info disconnected peer=127.0.0.1:50000 door=irc nick=alice reason=quit",
  ]);
});

Deno.test("connections: a reason that is not in the list is counted as other", async () => {
  const { connections, handler } = create();
  const connection = new FakeConnection();
  connections.accept(handler, connection);
  const { done } = only(connections);
  connection.leave("message too long");
  await done;
  assertEquals([...connections.ended], [["other", 1]]);
});

Deno.test("connections: ping timeouts and reclaimed nicknames are counted by name", async () => {
  const { connections, handler } = create();
  for (const reason of [PING_TIMEOUT, NICKNAME_RECLAIMED]) {
    const connection = new FakeConnection();
    connections.accept(handler, connection);
    const { done } = only(connections);
    connection.leave(reason);
    await done;
  }
  assertEquals([...connections.ended], [["ping timeout", 1], ["nickname reclaimed", 1]]);
});

Deno.test("connections: an address that was banned after it was accepted is rejected with the reason", async () => {
  const { bans, connections, handler, limits, lines } = create();
  bans.add({ what: "192.0.2.0/24", by: "root", reason: "spam", since: 0, until: Infinity });
  const connection = new FakeConnection("192.0.2.1");
  connections.accept(handler, connection);
  assertEquals(connection.take(), ["rejected: You are banned from this server: spam"]);
  assertEquals([connection.closeReason, connections.size, limits.rejected.get("banned")], ["banned", 0, 1]);
  assertEquals(await lines(), ["info refused peer=127.0.0.1:50000 door=irc reason=banned ban=192.0.2.0/24"]);
});

Deno.test("connections: new clients are rejected while the node has no cluster, and those that are connected stay", async () => {
  let trouble: string | undefined;
  const { connections, handler, limits, lines } = create({ trouble: () => trouble });
  const [before, during, after] = [new FakeConnection(), new FakeConnection(), new FakeConnection()];
  connections.accept(handler, before);
  trouble = "no connection to NATS";
  connections.accept(handler, during);
  const sentence = "This node has no connection to its cluster. Try again in a moment.";
  assertEquals(during.take(), [`rejected: ${sentence}`]);
  trouble = undefined;
  connections.accept(handler, after);
  assertEquals([before, during, after].map(({ closeReason }) => closeReason), [undefined, "no cluster", undefined]);
  assertEquals([connections.size, limits.rejected.get("no cluster")], [2, 1]);
  assertEquals(await lines(), [
    'info refused peer=127.0.0.1:50000 door=irc reason="no cluster" trouble="no connection to NATS"',
  ]);
});

Deno.test("connections: an error in a session ends this session alone and is logged with its stack", async () => {
  const { connections, handler, lines } = create();
  const [first, second] = [new FakeConnection(), new FakeConnection()];
  connections.accept(createHandler("text"), first);
  connections.accept(handler, second);
  handler.fail(new Error("broken"));
  const [, client] = [...connections][1]!;
  await client.done;
  assertEquals([first.closeReason, second.closeReason, connections.size], [undefined, "internal error", 1]);
  assertEquals([...connections.ended], [["internal error", 1]]);
  assertMatch((await lines())[0]!, /^error session failed peer=127\.0\.0\.1:50000 door=irc error="Error: broken\\n/);
});

Deno.test("connections: a connection rejected for its protocol is not counted as ended", async () => {
  const { connections, handler, lines } = create();
  const connection = new FakeConnection();
  connections.accept(handler, connection);
  const { done } = only(connections);
  connection.reject("HTTP");
  await done;
  assertEquals([connections.size, connections.ended.size, await lines()], [0, 0, [""]]);
});

Deno.test("connections: close sends the farewell and waits for the end of all sessions", async () => {
  const { connections, handler } = create();
  const connection = new FakeConnection();
  connections.accept(handler, connection);
  await connections.close("server stopping", 60_000);
  assertEquals(connection.take(), ["farewell: server stopping"]);
  assertEquals([connection.closeReason, connections.size], ["server stopping", 0]);
  assertEquals([...connections.ended], [["server stopping", 1]]);
});

/** A connection that is closed when the test says so. */
class SlowConnection extends FakeConnection {
  readonly released = Promise.withResolvers<void>();

  override get closed(): Promise<void> {
    return this.released.promise;
  }
}

Deno.test("connections: a connection counts until its queued lines are sent and it is closed", async () => {
  const { connections, handler } = create();
  const connection = new SlowConnection();
  connections.accept(handler, connection);
  const { done } = only(connections);
  connection.leave("quit");
  await new Promise((resolve) => setTimeout(resolve));
  assertEquals([connections.size, connections.ended.size], [1, 0]);
  connection.released.resolve();
  await done;
  assertEquals([connections.size, connections.ended.get("quit")], [0, 1]);
});

Deno.test("connections: close waits no longer than its timeout", async () => {
  const { connections } = create();
  const endless = { ...createHandler("irc"), serve: () => new Promise<void>(() => {}) };
  connections.accept(endless, new FakeConnection());
  await connections.close("server stopping", 1);
  assertEquals(connections.size, 1);
});

/** A connection that counts as unregistered. */
class UnregisteredConnection extends FakeConnection {
  readonly evictable = {
    peer: this.peer,
    evicted: false,
    evict() {},
    onEvicted: undefined as (() => void) | undefined,
  };
}

Deno.test("connections: an evicted client is told the reason until it has registered", () => {
  const { connections, handler, limits } = create();
  const connection = new UnregisteredConnection();
  limits.admit("192.0.2.1", connection.evictable);
  connections.accept(handler, connection);
  assertEquals(limits.unregistered, 1);
  const evict = connection.evictable.onEvicted!;
  handler.register(sessionOf(new ChatFixture().arrive("alice", [])));
  assertEquals([limits.unregistered, connection.evictable.onEvicted], [0, undefined]);
  evict();
  assertEquals(connection.take(), [`rejected: ${limits.crowded}`]);
  assertEquals(connection.closeReason, "made room for another");
});

Deno.test("connections: a client of a protocol without registration is never evicted", () => {
  const { connections, handler, limits } = create({ registers: false });
  const connection = new UnregisteredConnection();
  limits.admit("192.0.2.1", connection.evictable);
  connections.accept(handler, connection);
  assertEquals(limits.unregistered, 0);
  assert(connection.evictable.onEvicted === undefined);
});

Deno.test("connections: open leaves out connections that are closing", () => {
  const { connections, handler } = create();
  const [first, second] = [new FakeConnection(), new FakeConnection()];
  for (const connection of [first, second]) connections.accept(handler, connection);
  first.closeReason = "quit";
  assertEquals([...connections.open()], [second]);
});
