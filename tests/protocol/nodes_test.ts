/** What clients are shown of the nodes of a cluster: LINKS, LUSERS, WHOIS, NODES and `/nodes`. */
import { assertEquals } from "@std/assert";
import { formatDateTime } from "../../src/util/datetime.ts";
import { FakeCluster } from "../fake_cluster.ts";
import { clock, test } from "./irc/harness.ts";
import { testModeration } from "./moderation_harness.ts";

/** The time at which a node joined, as it is shown. */
function since(time: number): string {
  return formatDateTime(time, clock.now);
}

test("LINKS: lists the nodes of the cluster, each linked to this one", async (fixture) => {
  const cluster = new FakeCluster();
  const alice = await fixture.irc("alice");
  cluster.adopt(fixture.chat);
  await alice.expect(
    "LINKS",
    "364 alice node1 node1 :0 tincan 1.2.3",
    "364 alice backup node1 :1 tincan 1.2.4",
    "365 alice * :End of /LINKS list",
  );
});

test("LUSERS: counts nodes as servers, and the clients of this node", async (fixture) => {
  const cluster = new FakeCluster();
  const alice = await fixture.irc("alice");
  await fixture.irc("bob");
  cluster.adopt(fixture.chat);
  const replies = [
    "252 alice 0 :operator(s) online",
    "253 alice 0 :unknown connection(s)",
    "254 alice 1 :channels formed",
  ];
  await alice.expect(
    "LUSERS",
    "251 alice :There are 2 users and 0 invisible on 2 servers",
    ...replies,
    "255 alice :I have 5 clients and 1 servers",
    "266 alice 2 2 :Current global users 2, max 2",
  );
  cluster.nodes = []; // it joins again
  await alice.expect(
    "LUSERS",
    "251 alice :There are 2 users and 0 invisible on 1 servers",
    ...replies,
    "255 alice :I have 0 clients and 0 servers",
    "266 alice 2 2 :Current global users 2, max 2",
  );
});

test("WHOIS, WHO: they name the node that a user is connected to, or the server if that node is gone", async (fixture) => {
  const cluster = new FakeCluster();
  const [alice, bob] = [await fixture.irc("alice"), await fixture.irc("bob")];
  cluster.adopt(fixture.chat);
  const serverOf = async (nick: string) => {
    return (await alice.asks(`WHOIS ${nick}`)).filter((line) => line.startsWith("312"));
  };
  cluster.places.set(bob.session.id, 3);
  assertEquals(await serverOf("alice"), ["312 alice alice node1 :tincan-1.2.3"]);
  assertEquals(await serverOf("bob"), ["312 alice bob backup :tincan-1.2.4"]);
  await alice.expect(
    "WHO bob",
    "352 alice * ~bob host backup bob H :0 Real bob",
    "315 alice bob :End of WHO list",
  );
  await alice.expect("WHO bob %ns", "354 alice backup bob", "315 alice bob :End of WHO list");
  cluster.places.set(bob.session.id, 2);
  assertEquals(await serverOf("bob"), ["312 alice bob irc.test :tincan-1.2"]);
});

test("server: a command for this node is run, and one for another node gets 402", async (fixture) => {
  const alice = await fixture.irc("alice");
  await alice.expect("TIME node1", "402 alice node1 :No such server");
  new FakeCluster().adopt(fixture.chat);
  for (const name of ["node1", "NODE*", "irc.test"]) {
    await alice.expect(`ADMIN ${name}`, "423 alice irc.test :No administrative info available");
  }
  await alice.expect("TIME backup", "402 alice backup :No such server");
});

testModeration(
  "nodes: NODES and /nodes list the nodes for server operators, and are audited",
  async (fixture, server) => {
    const cluster = new FakeCluster();
    const [alice, bob] = [await fixture.irc("alice"), await fixture.text("bob")];
    await alice.expect("NODES", "481 alice :Permission Denied- You're not an IRC operator");
    await bob.expect("/nodes", "-- Only server operators can do that. If you are one: /oper NAME");
    const [root, boss] = [await server.ircOperator(fixture), await server.textOperator(fixture, "boss")];
    await root.expect("NODES", "NOTICE root :This server is not part of a cluster.");
    cluster.adopt(fixture.chat);
    const lines = [
      "The cluster tea has 2 nodes.",
      `node1   number 1, tincan 1.2.3, 5 connections, since ${since(cluster.nodes[0]!.since)} (this node)`,
      `backup  number 3, tincan 1.2.4, 1 connection, since ${since(cluster.nodes[1]!.since)}`,
    ];
    await root.expect("NODES", ...lines.map((line) => `NOTICE root :${line}`));
    await boss.expect("/nodes", ...lines.map((line) => `-- ${line}`));
    cluster.health = "no news from the log";
    const [heading] = await boss.asks("/nodes");
    assertEquals(heading, "-- The cluster tea has 2 nodes. This node cannot take commands: no news from the log.");
    assertEquals(server.takeAudits(), ["nodes root", "nodes root", "nodes boss", "nodes boss"]);
  },
);
