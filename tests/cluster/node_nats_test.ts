/** Nodes on a real NATS server: founding, joining, crashes, leases. */
import { assertEquals } from "@std/assert";
import { Log } from "../../src/cluster/log.ts";
import type { NodeOptions } from "../../src/cluster/node_options.ts";
import { NatsServer } from "./nats.ts";
import { inStep, TestNode } from "./nodes.ts";

function opener(nats: NatsServer): NodeOptions<string>["open"] {
  return (handlers) => Log.open({ servers: nats.url, cluster: "test", replicas: 1 }, handlers);
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
