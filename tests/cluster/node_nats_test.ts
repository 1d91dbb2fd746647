/** Nodes on a real NATS server: founding, joining, crashes, leases. */
import { assertEquals } from "@std/assert";
import { Log } from "../../src/cluster/log.ts";
import type { NodeOptions } from "../../src/cluster/node_options.ts";
import { Cable } from "./cable.ts";
import { NatsServer } from "./nats.ts";
import { inStep, TestNode, until } from "./nodes.ts";
import { ToyCheckpoints } from "./toy_replica.ts";

function opener(nats: NatsServer, servers = nats.url): NodeOptions<string>["open"] {
  return (handlers) => Log.open({ servers, cluster: "test", replicas: 1 }, handlers);
}

Deno.test("node: three nodes that start at the same time are one cluster", async () => {
  await using nats = await NatsServer.start();
  const times = { watch: 2000, snapshot: 20_000, ask: 50 };
  using one = new TestNode(opener(nats), { times });
  using two = new TestNode(opener(nats), { times });
  using three = new TestNode(opener(nats), { times });
  const nodes = [one, two, three];
  await Promise.all(nodes.map(({ node }) => node.join()));
  assertEquals(nodes.flatMap(({ joins }) => joins).sort(), [1, 2, 3]);
  assertEquals(nodes.filter(({ replica }) => replica.foundedAt !== undefined).length >= 1, true);
  await Promise.all(nodes.flatMap((each) => [each.say("a"), each.say("b")]));
  await inStep(nodes);
  for (const each of nodes) {
    assertEquals(each.replica.lines.length, 6);
    assertEquals(each.replica.lines, one.replica.lines);
    assertEquals(each.node.nodes.map(({ number }) => number), [1, 2, 3]);
    assertEquals(each.fatal, undefined);
  }
});

Deno.test("node: a node that was killed starts from its checkpoint, and the others are not disturbed", async () => {
  await using nats = await NatsServer.start();
  const checkpoints = new ToyCheckpoints();
  const times = { watch: 3000, snapshot: 20_000, beat: 20, lease: 10 };
  const one = await TestNode.join(opener(nats), { times, checkpoints });
  using two = await TestNode.join(opener(nats), { times });
  await one.connect(1);
  await one.node.checkpoint();
  await two.say("a");
  await inStep([one, two]);
  one.crash();
  await two.until(() => two.node.nodes.length === 1); // after the lease
  await two.say("b");
  using again = await TestNode.join(opener(nats), { times, checkpoints });
  assertEquals(again.replica.foundedAt, undefined);
  await inStep([again, two]);
  assertEquals(again.replica.lines, two.replica.lines);
  assertEquals(two.replica.lines.length, 3);
  assertEquals([again.joins, two.joins, two.expulsions], [[3], [2], 0]);
});

Deno.test("node: no node is declared gone when NATS is away for longer than the lease", async () => {
  await using nats = await NatsServer.start();
  const times = { watch: 3000, snapshot: 20_000, beat: 20, lease: 10 };
  using one = await TestNode.join(opener(nats), { times });
  using two = await TestNode.join(opener(nats), { times });
  await nats.kill();
  await one.until(() => one.node.health === "no connection to NATS");
  const said = one.say("waits");
  const begin = performance.now();
  await until(() => performance.now() - begin > 600); // three times the lease
  await nats.start();
  assertEquals(await said, 1);
  await one.beat();
  await inStep([one, two]);
  assertEquals([one.expulsions, two.expulsions], [0, 0]);
  assertEquals([one.node.health, one.fatal, two.fatal], ["ok", undefined, undefined]);
  assertEquals(two.replica.lines.length, 1);
});

Deno.test("node: a node that is cut off for longer than the lease joins again, and one for shorter stays", async () => {
  await using nats = await NatsServer.start();
  await using cable = new Cable(nats.port);
  const times = { watch: 3000, snapshot: 20_000, beat: 50, lease: 20 };
  using one = await TestNode.join(opener(nats), { times });
  using two = await TestNode.join(opener(nats, cable.url), { times });
  await one.until(() => one.node.nodes.length === 2); // it may apply the hello later
  cable.cut();
  const { sequence } = one.node.figures;
  await one.until(() => one.node.figures.sequence >= sequence + 4); // less than the lease
  cable.mend();
  await two.say("a");
  assertEquals(two.joins, [2]);
  cable.cut();
  await one.until(() => one.node.nodes.length === 1);
  cable.mend();
  await two.until(() => two.joins.length === 2);
  assertEquals([two.expulsions, two.joins], [1, [2, 3]]);
  await two.say("b");
  await inStep([one, two]);
  assertEquals(one.replica.lines, two.replica.lines);
});
