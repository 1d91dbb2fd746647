/** Nodes on a log in memory: order, results, the queue, leases, checksums. */
import { assert, assertEquals } from "@std/assert";
import { then } from "../../src/chat/answer.ts";
import { ChatError } from "../../src/chat/chat_error.ts";
import { FakeStream } from "./fake_log.ts";
import { inStep, TestNode } from "./nodes.ts";

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
