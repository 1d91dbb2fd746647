/** How a node gets the state of the cluster: from peers, from its checkpoint, or by founding it; on a log in memory. */
import { assertEquals, assertRejects } from "@std/assert";
import { encodeCommand, packBatches } from "../../src/cluster/batches.ts";
import { CODEC_VERSION } from "../../src/cluster/command_codec.ts";
import { JoinError } from "../../src/cluster/join.ts";
import { positionOf } from "../../src/cluster/replica.ts";
import { FakeStream } from "./fake_log.ts";
import { inStep, TestNode, type TestOptions, until } from "./nodes.ts";
import { ToyCheckpoints } from "./toy_replica.ts";

const NO_STATE =
  "Cannot join the cluster: no node answers, and this node has no state of it. Start a node that was in it first.";

/** A node that has a checkpoint in the middle of the log, and is not there any more. */
async function crashed(stream: FakeStream): Promise<ToyCheckpoints> {
  const checkpoints = new ToyCheckpoints();
  const node = await TestNode.join(stream.open, { checkpoints });
  await node.say("before");
  await node.node.checkpoint();
  await node.say("after");
  node.crash();
  return checkpoints;
}

Deno.test("join: a node founds the cluster when the log is empty, with its state and after position 0", async () => {
  const stream = new FakeStream();
  using one = await TestNode.join(stream.open);
  assertEquals(one.replica.foundedAt, positionOf(0));
  assertEquals([one.joins, one.warnings], [[1], []]);
});

Deno.test("join: a node gets the state of a peer when it has none", async () => {
  const stream = new FakeStream();
  using one = await TestNode.join(stream.open, { checkpoints: new ToyCheckpoints() });
  await one.say("a");
  await one.connect(1);
  using two = await TestNode.join(stream.open, { checkpoints: new ToyCheckpoints() });
  await inStep([one, two]);
  assertEquals(two.replica.foundedAt, undefined);
  assertEquals(two.replica.lines, ["1000:a"]);
  assertEquals(two.replica.connected, one.replica.connected);
  assertEquals(two.node.nodes.map(({ number, isSelf }) => [number, isSelf]), [[1, false], [2, true]]);
});

Deno.test("join: batches are applied once when they come while a peer gives the state", async () => {
  const stream = new FakeStream();
  using one = await TestNode.join(stream.open);
  const joining = TestNode.join(stream.open);
  const said = Promise.all(Array.from({ length: 50 }, async (_, i) => {
    await until(() => stream.last >= i / 5);
    await one.say(`${i}`);
  }));
  using two = await joining;
  await said;
  await inStep([one, two]);
  assertEquals(one.replica.lines.length, 50);
  assertEquals(two.replica.lines, one.replica.lines);
});

Deno.test("join: exactly one of three nodes founds the cluster when they start at the same time", async () => {
  const stream = new FakeStream();
  const nodes = Array.from({ length: 3 }, () => new TestNode(stream.open, { checkpoints: new ToyCheckpoints() }));
  nodes.forEach((node, i) => node.replica.lines.push(`state of ${i}`));
  await Promise.all(nodes.map(({ node }) => node.join()));
  await inStep(nodes);
  assertEquals(nodes.flatMap(({ joins }) => joins).sort(), [1, 2, 3]);
  for (const { replica } of nodes) assertEquals(replica.lines, nodes[0]!.replica.lines);
  assertEquals(nodes[0]!.replica.lines.length, 1);
  for (const node of nodes) node[Symbol.dispose]();
});

Deno.test("join: a node starts from its checkpoint and the log when no peer is there", async () => {
  const stream = new FakeStream();
  const checkpoints = await crashed(stream);
  using again = await TestNode.join(stream.open, { checkpoints });
  assertEquals(again.replica.lines, ["1000:before", "1000:after"]);
  assertEquals(again.replica.positions[0], positionOf(2)); // the hello, and one batch
  assertEquals([again.joins, again.warnings], [[2], []]);
  assertEquals(again.node.nodes.map(({ number }) => number), [1, 2]); // until its lease is over
});

Deno.test("join: a node starts from its checkpoint when the log ends exactly there", async () => {
  const stream = new FakeStream();
  const checkpoints = new ToyCheckpoints();
  const one = await TestNode.join(stream.open, { checkpoints });
  await one.say("a");
  await one.node.stop();
  assertEquals(checkpoints.stored?.head.sequence, stream.last);
  stream.trim(stream.last);
  using again = await TestNode.join(stream.open, { checkpoints });
  assertEquals(again.replica.lines, ["1000:a"]);
  assertEquals([again.joins, again.warnings], [[2], []]);
});

Deno.test("join: a node knows that it has founded the cluster when it has crashed just after that", async () => {
  const stream = new FakeStream();
  const checkpoints = new ToyCheckpoints();
  const one = new TestNode(stream.open, { checkpoints });
  one.replica.lines.push("of its file");
  await one.node.join();
  one.crash();
  checkpoints.stored = checkpoints.all[0];
  assertEquals(checkpoints.stored?.head.sequence, 0);
  using again = await TestNode.join(stream.open, { checkpoints });
  assertEquals(again.replica.lines, ["of its file"]);
  assertEquals(again.joins, [2]);
});

Deno.test("join: a node does not join when it has no state and no node answers", async () => {
  const stream = new FakeStream();
  await crashed(stream);
  const error = await assertRejects(
    () => TestNode.join(stream.open, { checkpoints: new ToyCheckpoints() }),
    JoinError,
  );
  assertEquals(error.message, NO_STATE);
});

Deno.test("join: a node does not found the cluster anew when its checkpoint is of another log than the one that is used", async () => {
  const stream = new FakeStream();
  const checkpoints = await crashed(stream);
  stream.recreate("two");
  await crashed(stream);
  const error = await assertRejects(() => TestNode.join(stream.open, { checkpoints }), JoinError);
  assertEquals(error.message, NO_STATE);
});

Deno.test("join: a node that keeps nothing in a file founds the cluster anew when no node lives", async () => {
  const stream = new FakeStream();
  const one = await TestNode.join(stream.open);
  await one.say("lost");
  one.crash();
  using again = await TestNode.join(stream.open);
  assertEquals(again.replica.foundedAt, positionOf(2));
  assertEquals([again.replica.lines, again.joins], [[], [1]]);
  assertEquals(again.warnings, [
    "No node of the cluster answers. This node founds the cluster anew: it has no state of it.",
  ]);
});

Deno.test("join: a node founds the cluster anew when the log does not reach back to its checkpoint", async () => {
  const stream = new FakeStream();
  const checkpoints = await crashed(stream);
  stream.trim(3);
  using again = await TestNode.join(stream.open, { checkpoints });
  assertEquals(again.replica.foundedAt, positionOf(3));
  assertEquals(again.warnings.length, 1);
  assertEquals(again.joins, [1]);
});

Deno.test("join: a node founds the cluster anew when the log has gone back", async () => {
  const stream = new FakeStream();
  const checkpoints = await crashed(stream);
  stream.batches.length = 1;
  stream.last = 1;
  using again = await TestNode.join(stream.open, { checkpoints });
  assertEquals(again.replica.foundedAt, positionOf(1));
  assertEquals(again.warnings.length, 1);
});

Deno.test("join: a node founds the cluster when the log was created anew, and says so", async () => {
  const stream = new FakeStream();
  const checkpoints = await crashed(stream);
  stream.recreate("two");
  using again = await TestNode.join(stream.open, { checkpoints });
  assertEquals(again.replica.foundedAt, positionOf(0));
  assertEquals(again.warnings, [
    "The log of the cluster is new, and the old one is gone. This node founds the cluster with its state.",
  ]);
  await until(() => checkpoints.stored?.head.created === "two" && checkpoints.stored.head.sequence === 1);
});

Deno.test("join: a node gets the state of a peer when another node has founded the cluster anew", async () => {
  const stream = new FakeStream();
  const old = await crashed(stream);
  using other = await TestNode.join(stream.open); // keeps nothing in a file
  await other.say("new");
  using again = await TestNode.join(stream.open, { checkpoints: old });
  await inStep([other, again]);
  assertEquals(again.replica.lines, ["1000:new"]);
  assertEquals(old.cleared, 1);
  assertEquals(other.node.nodes.map(({ number }) => number), [1, 2]);
});

Deno.test("join: a living node ends when another has founded the cluster anew", async () => {
  const stream = new FakeStream();
  using one = await TestNode.join(stream.open);
  one.fake.pause();
  using two = await TestNode.join(stream.open);
  one.fake.resume();
  await until(() => one.fatal !== undefined);
  assertEquals(
    one.fatal,
    "Another node has founded the cluster anew. This node has to start again to get its state.",
  );
  assertEquals(await two.say("goes on"), 1);
});

Deno.test("join: a node does not found the cluster anew when nodes live that give it no state", async () => {
  const stream = new FakeStream();
  using one = await TestNode.join(stream.open);
  one.fake.serve("snap", undefined);
  const timer = setInterval(() => one.node.beat(), 5);
  const error = await assertRejects(() => TestNode.join(stream.open), JoinError);
  clearInterval(timer);
  assertEquals(error.message, "Cannot join the cluster: it has nodes, and none of them gives this one the state.");
});

Deno.test("join: a node with another chat may found a cluster, and does not join one", async () => {
  const stream = new FakeStream();
  const hasOtherChat = true;
  using one = await TestNode.join(stream.open, { hasOtherChat });
  const two = new TestNode(stream.open, { hasOtherChat });
  const error = await assertRejects(() => two.node.join(), JoinError);
  assertEquals(
    error.message,
    "Cannot join the cluster: the directory of --data has another chat, which would be lost. Use an empty directory.",
  );
  assertEquals([await one.say("goes on"), two.replica.lines], [1, []]);
});

Deno.test("join: a node with other settings does not join, and says which", async () => {
  const stream = new FakeStream();
  using one = await TestNode.join(stream.open, { settings: [["--max-rooms", "10"]] });
  const error = await assertRejects(
    () => TestNode.join(stream.open, { settings: [["--max-rooms", "20"]] }),
    JoinError,
  );
  assertEquals(
    error.message,
    'Cannot join the cluster: --max-rooms is "20" here, and "10" on the other nodes. Use the same on all nodes.',
  );
  assertEquals(await one.say("goes on"), 1);
});

Deno.test("join: a node waits for its name when it was started again before its lease was over", async () => {
  const stream = new FakeStream();
  const first = await TestNode.join(stream.open, { name: "berlin" });
  using other = await TestNode.join(stream.open);
  await inStep([first, other]);
  first.crash();
  const timer = setInterval(() => other.node.beat(), 5);
  using again = await TestNode.join(stream.open, { name: "berlin", times: { name: 60_000 } });
  clearInterval(timer);
  await inStep([other, again]);
  assertEquals(other.node.nodes.map(({ name, number }) => [name, number]), [["node2", 2], ["berlin", 3]]);
});

Deno.test("join: a node that was alone gets its name back when it was started again", async () => {
  const stream = new FakeStream();
  const checkpoints = new ToyCheckpoints();
  const first = await TestNode.join(stream.open, { name: "berlin", checkpoints });
  await first.connect(1);
  await first.node.checkpoint();
  first.crash();
  using again = await TestNode.join(stream.open, { name: "berlin", checkpoints, times: { name: 60_000 } });
  assertEquals(again.node.nodes.map(({ name, number }) => [name, number]), [["berlin", 2]]);
  assertEquals(again.replica.connected.size, 0);
});

Deno.test("join: a node with other settings joins when all nodes were killed, and not when one lives", async () => {
  const stream = new FakeStream();
  const checkpoints = new ToyCheckpoints();
  const first = await TestNode.join(stream.open, { settings: [["--max-rooms", "10"]], checkpoints });
  const second = await TestNode.join(stream.open, { settings: [["--max-rooms", "10"]] });
  await first.node.checkpoint();
  const options: TestOptions = { settings: [["--max-rooms", "20"]], times: { name: 60_000 } };
  const timer = setInterval(() => second.node.beat(), 5);
  await assertRejects(() => TestNode.join(stream.open, options), JoinError, "--max-rooms");
  clearInterval(timer);
  for (const node of [first, second]) node.crash();
  using again = await TestNode.join(stream.open, { ...options, checkpoints });
  assertEquals(again.node.nodes.map(({ number }) => number), [3]);
});

Deno.test("join: a node does not get the name of a node that lives", async () => {
  const stream = new FakeStream();
  using first = await TestNode.join(stream.open, { name: "berlin" });
  const timer = setInterval(() => first.node.beat(), 30); // more seldom than hellos are tried
  await assertRejects(() => TestNode.join(stream.open, { name: "berlin", times: { name: 500 } }), JoinError);
  clearInterval(timer);
  assertEquals([first.expulsions, first.node.nodes.length], [0, 1]);
});

Deno.test("join: a node stores a checkpoint when it has joined, and one when it leaves", async () => {
  const stream = new FakeStream();
  const checkpoints = new ToyCheckpoints();
  const one = await TestNode.join(stream.open, { checkpoints });
  await until(() => checkpoints.stored?.head.sequence === 1);
  await one.node.stop();
  assertEquals(checkpoints.stored?.head.sequence, 2);
});

Deno.test("join: a node ends with a sentence when the log has a batch that it cannot read", async () => {
  const stream = new FakeStream();
  const checkpoints = new ToyCheckpoints();
  const one = await TestNode.join(stream.open, { checkpoints });
  await one.node.checkpoint();
  using newer = await TestNode.join(stream.open, { codec: CODEC_VERSION + 1 });
  const head = { version: CODEC_VERSION + 1, incarnation: newer.node.self!.incarnation, number: 1, time: 1 };
  one.crash();
  for (const batch of [head, { ...head, version: CODEC_VERSION, number: 2 }]) {
    await newer.log.append(packBatches(batch, [encodeCommand({ op: "beat" }, CODEC_VERSION)])[0]!);
  }
  const again = new TestNode(stream.open, { checkpoints });
  await assertRejects(() => again.node.join(), JoinError, "update tincan on this node.");
  assertEquals(again.fatal, undefined); // it is said once
});
