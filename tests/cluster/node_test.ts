/** Nodes on a log in memory: order, results, the queue, leases, checksums. */
import { assert, assertEquals, assertMatch, assertRejects, assertThrows } from "@std/assert";
import { then } from "../../src/chat/answer.ts";
import { ChatError } from "../../src/chat/chat_error.ts";
import { encodeCommand, packBatches } from "../../src/cluster/batches.ts";
import { LEASE_BEATS } from "../../src/cluster/cluster_limits.ts";
import { EncodeError } from "../../src/cluster/codec_errors.ts";
import { STRING_MAX } from "../../src/cluster/codecs.ts";
import { CODEC_VERSION } from "../../src/cluster/command_codec.ts";
import type { Steps } from "../../src/util/steps.ts";
import { FakeStream } from "./fake_log.ts";
import { textOf } from "./helpers.ts";
import { inStep, TestNode, until } from "./nodes.ts";
import { ToyCheckpoints, ToyReplica } from "./toy_replica.ts";

/** Takes a millisecond for each session that it disconnects, and for each record of a snapshot. */
class SlowReplica extends ToyReplica {
  isRemoving = false;

  override *snapshot(): Iterable<unknown> {
    for (const record of super.snapshot()) {
      const end = performance.now() + 1;
      while (performance.now() < end);
      yield record;
    }
  }

  override *removeNode(number: number): Steps<void> {
    this.isRemoving = true;
    for (const _ of super.removeNode(number)) {
      const end = performance.now() + 1;
      while (performance.now() < end);
      yield;
    }
    this.isRemoving = false;
  }
}

Deno.test("node: a command is applied by all nodes, and its author alone gets the result", async () => {
  const stream = new FakeStream();
  using one = await TestNode.join(stream.open);
  using two = await TestNode.join(stream.open);
  assertEquals([one.joins, two.joins], [[1], [2]]);
  assertEquals(await one.say("hello", "mine"), 1);
  assertEquals(await two.say("world"), 2);
  await inStep([one, two]);
  assertEquals(one.replica.lines, ["1000:hello", "1000:world"]);
  assertEquals(two.replica.lines, one.replica.lines);
  assertEquals([one.replica.own, two.replica.own], [["mine"], []]);
  assertEquals(one.node.nodes.map(({ name, number, isSelf }) => [name, number, isSelf]), [
    ["node1", 1, true],
    ["node2", 2, false],
  ]);
  assertEquals([one.node.isOnDuty, two.node.isOnDuty], [true, false]);
});

Deno.test("node: a rejected command rejects with its error, and the others of its batch are applied", async () => {
  const stream = new FakeStream();
  using one = await TestNode.join(stream.open);
  const results = await Promise.allSettled([one.say("a"), one.say("reject"), one.say("bug"), one.say("b")]);
  assertEquals(results.map(({ status }) => status), ["fulfilled", "rejected", "rejected", "fulfilled"]);
  assert((results[1] as PromiseRejectedResult).reason instanceof ChatError);
  assertEquals(stream.last, 2); // the hello, and one batch
  assertEquals(one.warnings.length, 1);
  assert(one.warnings[0]!.startsWith('A bug: applying the command "notice" has failed: TypeError: a bug'));
});

Deno.test("node: code that awaits a command continues ahead of the next command", async () => {
  const stream = new FakeStream();
  using one = await TestNode.join(stream.open);
  const order: string[] = [];
  one.replica.onApply = (command) => order.push(`apply ${(command as { text: string }).text}`);
  const author = async (text: string) => {
    try {
      // As in the chat: the result passes two functions.
      await then(then(one.say(text), (result) => result), (result) => result);
      order.push(`after ${text}`);
    } catch {
      order.push(`rejected ${text}`);
    }
  };
  await Promise.all(["a", "reject", "c"].map(author));
  assertEquals(order, ["apply a", "after a", "apply reject", "rejected reject", "apply c", "after c"]);
});

Deno.test("node: all commands of a turn are in one batch, and those of further turns in the next", async () => {
  const stream = new FakeStream();
  using one = await TestNode.join(stream.open);
  const said = Array.from({ length: 10 }, (_, i) => one.say(`${i}`));
  await undefined; // the same turn
  said.push(one.say("10"));
  await until(() => stream.last === 2);
  said.push(one.say("late"), one.say("later")); // while the batch is under way
  await Promise.all(said);
  assertEquals(stream.last, 3);
  assertEquals(one.replica.lines.length, 13);
  const sorted = one.replica.positions.toSorted((a, b) => a - b);
  assertEquals(one.replica.positions, sorted);
  assertEquals(new Set(sorted).size, 13);
});

Deno.test("node: a command is rejected at once when the node does not take part", async () => {
  const stream = new FakeStream();
  const one = new TestNode(stream.open);
  assertEquals(assertThrows(() => one.say("x"), ChatError).code, "cluster-busy");
  await one.node.join();
  await one.node.stop();
  assertEquals(assertThrows(() => one.say("x"), ChatError).code, "cluster-busy");
});

Deno.test("node: a command that cannot be encoded is rejected alone", async () => {
  const stream = new FakeStream();
  using one = await TestNode.join(stream.open);
  const good = one.say("good");
  assertThrows(() => one.say("x".repeat(STRING_MAX + 1)), EncodeError);
  assertEquals(await good, 1);
});

Deno.test("node: a batch that was stored twice is applied once", async () => {
  const stream = new FakeStream();
  stream.duplicate = () => true;
  using one = await TestNode.join(stream.open);
  using two = await TestNode.join(stream.open);
  await one.say("a");
  await two.say("b");
  await one.say("c");
  await inStep([one, two]);
  assertEquals(one.replica.lines.map((line) => line.split(":")[1]), ["a", "b", "c"]);
  assertEquals(two.replica.lines, one.replica.lines);
  assertEquals(one.node.nodes.length, 2);
});

Deno.test("node: time is that of the log and does not go back when a clock does", async () => {
  const stream = new FakeStream();
  using ahead = await TestNode.join(stream.open, { now: () => 5000 });
  using behind = await TestNode.join(stream.open, { now: () => 3000 });
  await ahead.say("a");
  await behind.say("b");
  await inStep([ahead, behind]);
  assertEquals(ahead.replica.lines, ["5000:a", "5000:b"]);
  assertEquals(behind.replica.lines, ahead.replica.lines);
});

Deno.test("node: a node that leaves is gone at once, with its sessions", async () => {
  const stream = new FakeStream();
  using one = await TestNode.join(stream.open);
  const two = await TestNode.join(stream.open);
  await two.connect(1);
  await inStep([one, two]);
  assertEquals(one.node.nodes.map(({ sessions }) => sessions), [0, 1]);
  assertEquals(one.node.nodeOf({ id: 2 * 2 ** 33 + 1 })?.name, "node2");
  await two.node.stop();
  await one.until(() => one.node.nodes.length === 1);
  assertEquals(one.replica.lines, [`${2 * 2 ** 33 + 1} quits`]);
  assertEquals([two.expulsions, two.fatal], [0, undefined]);
  assertEquals(one.node.nodeOf({ id: 2 * 2 ** 33 + 1 }), undefined);
});

Deno.test("node: a node that is silent for the lease is declared gone, and nodes go on", async () => {
  const stream = new FakeStream();
  using one = await TestNode.join(stream.open);
  const two = await TestNode.join(stream.open);
  await two.connect(1);
  await inStep([one, two]);
  two.crash();
  for (let beat = 1; beat < LEASE_BEATS; beat++) await one.beat();
  assertEquals(one.node.nodes.length, 2);
  await one.beat();
  await one.until(() => one.node.nodes.length === 1);
  assertEquals(one.replica.lines, [`${2 * 2 ** 33 + 1} quits`]);
  assertEquals(await one.say("alone"), 2);
});

Deno.test("node: no node is declared gone when all are cut off from the log", async () => {
  const stream = new FakeStream();
  using one = await TestNode.join(stream.open);
  using two = await TestNode.join(stream.open);
  await inStep([one, two]);
  for (const each of [one, two]) each.fake.pause();
  for (let beat = 0; beat < 3 * LEASE_BEATS; beat++) for (const each of [one, two]) each.node.beat();
  for (const each of [one, two]) each.fake.resume();
  await Promise.all([one.say("a"), two.say("b")]);
  await inStep([one, two]);
  assertEquals([one.node.nodes.length, two.node.nodes.length], [2, 2]);
  assertEquals([one.expulsions, two.expulsions], [0, 0]);
  assertEquals(stream.last, 4); // two hellos, and a batch of each with one beat
});

Deno.test("node: a node whose lease is over rejects what waits, and joins again", async () => {
  const stream = new FakeStream();
  using one = await TestNode.join(stream.open);
  using two = await TestNode.join(stream.open);
  await two.connect(1);
  await inStep([one, two]);
  two.fake.pause();
  const underWay = two.say("under way");
  await until(() => two.node.figures.waiting === 1);
  const queued = two.say("queued");
  const results = Promise.allSettled([underWay, queued]);
  for (let beat = 1; beat <= LEASE_BEATS; beat++) await one.beat();
  await one.until(() => one.node.nodes.length === 1);
  two.fake.resume();
  await two.until(() => two.joins.length === 2);
  const codes = (await results).map((result) => ((result as PromiseRejectedResult).reason as ChatError).code);
  assertEquals(codes, ["cluster-busy", "cluster-busy"]);
  assertEquals([two.expulsions, two.joins, two.fatal], [1, [2, 3], undefined]);
  await two.say("back");
  await inStep([one, two]);
  assertEquals(one.replica.lines, [`${2 * 2 ** 33 + 1} quits`, "1000:back"]);
  assertEquals(two.replica.lines, one.replica.lines);
  assertEquals(one.node.nodes.map(({ name }) => name), ["node1", "node3"]);
});

Deno.test("node: a node whose lease is over joins again when no command waits", async () => {
  const stream = new FakeStream();
  using one = await TestNode.join(stream.open);
  using two = await TestNode.join(stream.open);
  await inStep([one, two]);
  for (let beat = 1; beat <= LEASE_BEATS; beat++) await one.beat();
  await two.until(() => two.joins.length === 2);
  assertEquals([two.expulsions, two.joins], [1, [2, 3]]);
});

Deno.test("node: nothing is applied while a checkpoint is taken, and timers run meanwhile", async () => {
  const stream = new FakeStream();
  const checkpoints = new ToyCheckpoints();
  const replica = new SlowReplica();
  using one = await TestNode.join(stream.open, { replica, checkpoints });
  for (let i = 0; i < 30; i++) await one.say(`${i}`);
  await until(() => checkpoints.stored?.head.sequence === 1); // that of the join
  const { sequence } = one.node.figures;
  const taken = one.node.checkpoint();
  let isTaken = false;
  void taken.then(() => isTaken = true);
  const said = one.say("meanwhile");
  await until(() => stream.last > sequence);
  assertEquals(isTaken, false);
  await Promise.all([taken, said]);
  const { head, all: records } = checkpoints.stored!;
  assertEquals(head.sequence, sequence);
  assertEquals(records.length, 31); // the sessions, and 30 lines
  assertEquals(replica.lines.length, 31);
});

Deno.test("node: nothing is applied until the sessions of a gone node are disconnected, and timers run meanwhile", async () => {
  const stream = new FakeStream();
  const replica = new SlowReplica();
  using one = await TestNode.join(stream.open, { replica });
  using two = await TestNode.join(stream.open);
  for (let i = 0; i < 40; i++) await two.connect(i);
  await inStep([one, two]);
  let turns = 0;
  const timer = setInterval(() => replica.isRemoving && turns++, 1);
  const left = two.node.stop();
  await until(() => stream.last === 43);
  const said = one.say("after");
  await left;
  await said;
  clearInterval(timer);
  assertEquals(replica.lines.findIndex((line) => line.endsWith("after")), 40);
  assert(turns >= 5, `${turns} turns`);
});

Deno.test("node: it ends when a node of a newer version has written a batch", async () => {
  const stream = new FakeStream();
  using one = await TestNode.join(stream.open);
  stream.store(new TextEncoder().encode(`[${CODEC_VERSION + 1},1,1,1000,[["new"]]]`));
  await one.until(() => one.fatal !== undefined);
  assertEquals(
    one.fatal,
    `Cannot read batch 2 of the log: it has version 2, and this program knows 1 at most. ` +
      "A newer tincan has written it: update tincan on this node.",
  );
  assertThrows(() => one.say("x"), ChatError);
});

Deno.test("node: what another program has published is ignored", async () => {
  const stream = new FakeStream();
  using one = await TestNode.join(stream.open);
  using two = await TestNode.join(stream.open);
  const { incarnation } = one.node.self!;
  const garbage = [
    "",
    "hello",
    "{}",
    "[1]",
    '[0,1,1,1000,[["no","x"]]]',
    '[1,"1",1,1000,[]]',
    '[1,0,1,1000,[["h",{}]]]', // a hello
    '[1,0,1,1000,[["nothing"]]]',
    '[1,999,1,1000,[["nothing"]]]', // a node that does not live
    `[1,${incarnation},99,1000,[["nothing"]]]`, // not its next batch
  ];
  for (const text of garbage) stream.store(new TextEncoder().encode(text));
  await one.say("goes on");
  await inStep([one, two]);
  assertEquals([one.fatal, two.fatal], [undefined, undefined]);
  assertEquals(
    one.warnings[0],
    `Message ${stream.last - 10} of the log is not from tincan, and is ignored: ` +
      "it is not JSON in UTF-8",
  );
  assertEquals(two.warnings, one.warnings);
});

Deno.test("node: it does not join when it cannot apply what its checkpoint lacks", async () => {
  const stream = new FakeStream();
  const checkpoints = new ToyCheckpoints();
  using one = await TestNode.join(stream.open, { checkpoints });
  await one.node.checkpoint();
  one.crash();
  stream.store(new TextEncoder().encode(`[${CODEC_VERSION + 1},1,1,1000,[["new"]]]`));
  stream.store(new TextEncoder().encode("[1,1,1,1000,[]]"));
  using again = new TestNode(stream.open, { checkpoints });
  const error = await assertRejects(() => again.node.join(), Error);
  assertEquals([error.message.startsWith("Cannot read batch 2 of the log"), again.node.hasEnded], [true, true]);
});

Deno.test("node: it does not join with a clock that is more than a minute ahead, and warns of a clock that gets there", async () => {
  const stream = new FakeStream();
  using one = await TestNode.join(stream.open);
  using early = new TestNode(stream.open, { now: () => 62_000 });
  const error = await assertRejects(() => early.node.join(), Error);
  assertEquals(
    error.message,
    "Cannot join the cluster: the clock of this machine is 61 seconds ahead of those of its nodes. Set it right first.",
  );
  let now = 61_000;
  using two = await TestNode.join(stream.open, { now: () => now });
  const { warnings } = one;
  warnings.length = 0;
  await two.say("in time");
  now += 1000;
  for (let n = 0; n < 2; n++) await two.say("early");
  await inStep([one, two]);
  assertEquals(warnings, ["The clock of the node node2 is 61 seconds ahead of that of this node."]);
});

Deno.test("node: newer commands are used only when all nodes know them", async () => {
  const stream = new FakeStream();
  const newest = CODEC_VERSION + 1;
  using older = await TestNode.join(stream.open);
  using newer = await TestNode.join(stream.open, { codec: newest });
  await newer.say("a");
  await inStep([older, newer]);
  assertEquals([older.fatal, older.node.codec, newer.node.codec], [undefined, CODEC_VERSION, CODEC_VERSION]);
  await older.node.stop();
  await newer.until(() => newer.node.nodes.length === 1);
  assertEquals(newer.node.codec, newest);
  await newer.say("b");
  assert(textOf(stream.batches.at(-1)!.bytes).startsWith(`[${newest},`));
  const error = await assertRejects(() => TestNode.join(stream.open), Error);
  assertEquals(error.message, "Cannot join the cluster: its nodes run a newer tincan. Update this one.");
});

Deno.test("node: a node whose state differs from that of the node on duty ends, and its checkpoint is discarded", async () => {
  const stream = new FakeStream();
  const checkpoints = new ToyCheckpoints();
  using one = await TestNode.join(stream.open);
  using two = await TestNode.join(stream.open, { checkpoints });
  using three = await TestNode.join(stream.open);
  const all = [one, two, three];
  for (const each of all) {
    await each.beat();
    await each.beat();
    await inStep(all);
  }
  assert(one.node.figures.checksums > 0);
  assertEquals(two.node.figures.checksums, 2);
  two.replica.flaw = 1;
  for (const each of [one, three, two]) await each.beat();
  await inStep(all);
  assertEquals(two.fatal, undefined); // the checksums are those of earlier sequences
  await two.beat();
  await inStep(all);
  assertEquals([one.fatal, three.fatal], [undefined, undefined]);
  assertEquals([one.warnings.length, three.warnings.length], [1, 1]);
  assertMatch(three.warnings[0]!, /^The node node2 has another state: after batch \d+ .* is 1, and here it is 0\.$/);
  await one.beat();
  await until(() => two.fatal !== undefined);
  assertMatch(
    two.fatal!,
    /^A bug: this node has another state than the node node1: after batch \d+ the checksum of its state is 0, and here it is 1\. It has to start again\.$/,
  );
  assertEquals([checkpoints.stored, checkpoints.cleared], [undefined, 1]);
  assertEquals([one.fatal, three.fatal], [undefined, undefined]);
});

Deno.test("node: a node that is cut off ends when it is stopped, and its commands are rejected", async () => {
  const stream = new FakeStream();
  const one = await TestNode.join(stream.open, { times: { leave: 20 } });
  one.fake.pause();
  const said = assertRejects(() => one.say("x"), ChatError);
  await one.node.stop();
  assertEquals((await said).code, "cluster-busy");
  await one.node.stop(); // again
  assertEquals(one.fatal, undefined);
});

Deno.test("node: what is posted reports its end once, with the error if it is rejected", async () => {
  const stream = new FakeStream();
  const one = await TestNode.join(stream.open);
  const ends: unknown[] = [];
  const post = (text: string) => one.node.post({ op: "notice", text }, "own", (error) => ends.push(error));
  post("a");
  post("reject");
  await until(() => ends.length === 2);
  assertEquals(ends[0], undefined);
  assertEquals((ends[1] as ChatError).code, "banned");
  assertEquals(one.replica.own, ["own", "own"]);
  one.fake.pause();
  post("b");
  one.node.fail("the file cannot be written");
  await until(() => ends.length === 3);
  assertEquals((ends[2] as ChatError).code, "cluster-busy");
  assertEquals(one.fatal, "the file cannot be written");
});

Deno.test("node: its health says whether it joins, is cut off, or has no news", async () => {
  const stream = new FakeStream();
  using one = new TestNode(stream.open);
  assertEquals(one.node.health, "joining");
  await one.node.join();
  assertEquals(one.node.health, "ok");
  one.fake.status = { connected: true, silent: true, reason: "" };
  assertEquals(one.node.health, "no news from the log");
  one.fake.status = { connected: false, silent: true, reason: "timeout" };
  assertEquals(one.node.health, "no connection to NATS");
});

Deno.test("node: what a node has appended behind its own gone is ignored", async () => {
  const stream = new FakeStream();
  using one = await TestNode.join(stream.open);
  using two = await TestNode.join(stream.open);
  await inStep([one, two]);
  const { incarnation } = two.node.self!;
  const commands = [{ op: "gone", node: incarnation, last: 1 }, { op: "notice", text: "ghost" }] as const;
  const encoded = commands.map((command) => encodeCommand(command, 1));
  stream.store(packBatches({ version: 1, incarnation, number: 1, time: 1000 }, encoded)[0]!);
  await one.say("after");
  assertEquals(one.replica.lines, ["1000:after"]);
});
