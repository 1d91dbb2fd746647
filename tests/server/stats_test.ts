import { assertEquals, assertMatch } from "@std/assert";
import { AuthService } from "../../src/accounts/auth.ts";
import { Bans } from "../../src/moderation/bans.ts";
import { Connections } from "../../src/server/connections.ts";
import { RejectionLog } from "../../src/server/rejection_log.ts";
import { Stats } from "../../src/server/stats.ts";
import type { ChatOptions } from "../../src/chat/chat_options.ts";
import { ChatFixture, sessionOf } from "../chat/helpers.ts";
import { createHandler, createLimits, quietLog } from "./helpers.ts";
import { FakeCluster } from "../fake_cluster.ts";
import { FakeConnection } from "../fake_connection.ts";

/** Creates the figures of a server that has no ports. */
function createStats(options: Partial<ChatOptions> = {}, cluster?: FakeCluster) {
  const fixture = new ChatFixture(options);
  const bans = new Bans();
  const limits = createLimits(bans);
  const connections = new Connections({ limits, bans, log: quietLog(), registers: true });
  const traffic = { linesIn: 1, linesOut: 20, bytesOut: 2_600_000 };
  const rejections = new RejectionLog(quietLog());
  const { members, alwaysOn, rooms, linesStored, linesLost } = fixture.chat;
  const stats = new Stats({
    chat: cluster === undefined ? fixture.chat : { members, alwaysOn, rooms, linesStored, linesLost, cluster },
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

Deno.test("stats: a node has sentences about its cluster and the log", () => {
  const cluster = new FakeCluster();
  const { stats } = createStats({}, cluster);
  assertEquals(stats.sentences().slice(3), [
    "Node node1 of the cluster tea, which has 2 nodes.",
    "The log is at 101, 0.1 s ago; 103 commands applied, 104 batches appended, the last in 106 ms and the slowest of the " +
    "last minute in 107 ms; 108 waiting, 110 sent again, 111 fetched.",
  ]);
  cluster.health = "no connection to NATS";
  cluster.nodes = [];
  const [first] = stats.sentences().slice(3);
  assertEquals(
    first,
    "Node without a name yet of the cluster tea, which has 0 nodes. It cannot take commands: no connection to NATS.",
  );
});

Deno.test("stats: a node has metrics of its cluster, and a server without a cluster has none of them", () => {
  const cluster = new FakeCluster();
  const { stats } = createStats({}, cluster);
  const values = () => {
    return [...stats.metrics([]).matchAll(/^(tincan_cluster_\w+) (\S+)$/gm)].map(([, name, value]) =>
      `${name} ${value}`
    );
  };
  assertEquals(values(), [
    "tincan_cluster_nodes 2",
    "tincan_cluster_healthy 1",
    "tincan_cluster_log_sequence 101",
    "tincan_cluster_log_silence_seconds 0.109",
    "tincan_cluster_batches_total 102",
    "tincan_cluster_commands_total 103",
    "tincan_cluster_appended_batches_total 104",
    "tincan_cluster_appended_bytes_total 105",
    "tincan_cluster_append_seconds 0.106",
    "tincan_cluster_slowest_append_seconds 0.107",
    "tincan_cluster_waiting_commands 108",
    "tincan_cluster_resent_batches_total 110",
    "tincan_cluster_filled_batches_total 111",
    "tincan_cluster_checksums_total 112",
  ]);
  cluster.health = "joining";
  assertEquals(values()[1], "tincan_cluster_healthy 0");
  assertEquals(createStats().stats.metrics([]).includes("tincan_cluster"), false);
});
