/** What becomes of the directory of a node that joins: an empty one gets the history of the others, and another chat is not lost. */
import { assertEquals, assertMatch } from "@std/assert";
import { DatabaseSync } from "node:sqlite";
import { Cluster, IrcClient } from "./cluster.ts";
import { test } from "./forms.ts";
import { Client, Program, start } from "./harness.ts";

/** How many nodes join, one after the other. */
const JOINS = 3;

/** How often is looked whether a node has stored a line, and for how long at most, in milliseconds. */
const POLL = 20;
const LIMIT = 2500;

test("cluster: a new node gets the lines of others and stores new ones at once, also when none of its clients is in the room", async (form) => {
  await using cluster = await Cluster.start(form, 1);
  using alice = await IrcClient.register(cluster.nodes[0]!.ircPort, "alice");
  await alice.enter("#tea");
  await alice.send("PRIVMSG #tea :before");
  await alice.settled();
  for (let index = 1; index <= JOINS; index++) {
    const node = await cluster.startNode(index);
    await until(() => stored(cluster.dataOf(index)).includes("before"));
    using bob = await IrcClient.register(cluster.nodes[0]!.ircPort, `bob${index}`);
    await bob.enter("#tea");
    for (const word of ["first", "second"]) { // no member of the room is on the new node
      await bob.send(`PRIVMSG #tea :${word} ${index}`);
      await until(() => stored(cluster.dataOf(index)).includes(`${word} ${index}`));
    }
    using client = await Client.join(node.port);
    await client.send("/join #tea");
    await client.until(/> before$/);
    assertEquals(node.log.all.match(/Lines are missing.*/), null);
    assertEquals(await cluster.stopNode(index), 0);
    await client.until("-- This node of tincan is stopping. Connect again to use another one.");
  }
});

test("cluster: a node whose directory has another chat exits with a sentence and leaves it as it is", async (form) => {
  await using cluster = await Cluster.start(form, 1);
  const data = ["--data", cluster.dataOf(1)];
  const single = await start(form, data);
  using client = await Client.join(single.port);
  await client.send("of another chat");
  await client.until(/> of another chat$/);
  await single[Symbol.asyncDispose]();
  await using node = new Program(form, [...cluster.argsOf(1), "--port", "0", "--irc-port", "0", "--web-port", "0"]);
  assertEquals(await node.code(), 1);
  assertMatch(node.log.all, /Cannot join the cluster: the directory of --data has another chat, which would be lost\./);
  assertEquals(stored(cluster.dataOf(1)), ["of another chat"]);
});

/** The lines that a node has stored. */
function stored(data: string): string[] {
  using database = new DatabaseSync(`${data}/tincan.db`, { readOnly: true });
  return database.prepare("SELECT text FROM message").all().map(({ text }) => String(text));
}

async function until(isTrue: () => boolean): Promise<void> {
  for (const end = performance.now() + LIMIT; !isTrue();) {
    if (performance.now() > end) throw new Error(`Not within ${LIMIT} ms: ${isTrue}`);
    await new Promise((resolve) => setTimeout(resolve, POLL));
  }
}
