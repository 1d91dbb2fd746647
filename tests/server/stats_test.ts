import { assertEquals, assertMatch } from "@std/assert";
import { AuthService } from "../../src/accounts/auth.ts";
import { Bans } from "../../src/moderation/bans.ts";
import { Connections } from "../../src/server/connections.ts";
import { RejectionLog } from "../../src/server/rejection_log.ts";
import { Stats } from "../../src/server/stats.ts";
import type { ChatOptions } from "../../src/chat/chat_options.ts";
import { ChatFixture, sessionOf } from "../chat/helpers.ts";
import { createHandler, createLimits, quietLog } from "./helpers.ts";
import { FakeConnection } from "../fake_connection.ts";

/** Creates the figures of a server that has no ports. */
function createStats(options: Partial<ChatOptions> = {}) {
  const fixture = new ChatFixture(options);
  const bans = new Bans();
  const limits = createLimits(bans);
  const connections = new Connections({ limits, bans, log: quietLog(), registers: true });
  const traffic = { linesIn: 1, linesOut: 20, bytesOut: 2_600_000 };
  const rejections = new RejectionLog(quietLog());
  const stats = new Stats({
    chat: fixture.chat,
    bans,
    auth: new AuthService(),
    limits,
    connections,
    rejections,
    traffic,
  });
  return { stats, fixture, bans, connections };
}

Deno.test("stats: sentences have the figures, with singular and plural", () => {
  const { stats, fixture, bans, connections } = createStats();
  const [first = "", second = "", third = ""] = stats.sentences();
  assertMatch(first, /^Up for \d+s, with 0 users on 0 connections in 1 room\.$/);
  assertEquals(second, "1 line received, 20 sent (3 MB); 0 stored, 0 could not be stored.");
  assertMatch(third, /^\d+ MB of memory in use\. 0 bans\.$/);
  fixture.arrive("alice", ["#tea"]);
  connections.accept(createHandler("irc"), new FakeConnection("192.0.2.1"));
  bans.add({ what: "198.51.100.1", by: "root", reason: "spam", since: 0, until: Infinity });
  const later = stats.sentences();
  assertMatch(later[0]!, /, with 1 user on 1 connection in 2 rooms\.$/);
  assertMatch(later[2]!, / 1 ban\.$/);
});

/** A connection with a full outbox. */
class QueuedConnection extends FakeConnection {
  override readonly queued: number = 70;
}

Deno.test("stats: metrics have every listener, and the figures of all sources", () => {
  const { stats, fixture, connections } = createStats();
  fixture.arrive("alice", ["#tea"]);
  connections.accept(createHandler("irc"), new QueuedConnection("192.0.2.1"));
  connections.accept(createHandler("irc"), new QueuedConnection("192.0.2.2"));
  stats.recordRound(2);
  const lines = stats.metrics(["text", "irc", "web"]).split("\n");
  for (
    const line of [
      'tincan_connections{door="text"} 0',
      'tincan_connections{door="irc"} 2',
      'tincan_connections{door="web"} 0',
      "tincan_outbox_bytes 140",
      "tincan_members 1",
      "tincan_rooms 2",
      "tincan_messages_received_total 1",
      "tincan_deliveries_total 20",
      'tincan_flush_duration_seconds_bucket{le="0.001"} 0',
      'tincan_flush_duration_seconds_bucket{le="0.0025"} 1',
    ]
  ) assertEquals(lines.filter((each) => each === line), [line]);
});

Deno.test("stats: users who are not connected are counted apart", () => {
  const { stats, fixture } = createStats({ policy: { isRegistered: () => true }, alwaysOn: "on" });
  fixture.chat.disconnect(sessionOf(fixture.arrive("alice", [], { account: "alice" })));
  fixture.arrive("bob", [], { account: "bob" });
  assertMatch(stats.sentences()[0]!, /, with 2 users \(1 not connected\) on 0 connections/);
  assertMatch(stats.metrics([]), /^tincan_members 2$[^]*^tincan_absent_members 1$/m);
});
