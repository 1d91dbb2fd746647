/** A log that was trimmed, went back or was made anew under running nodes: they end with a sentence, and start again. */
import { assert, assertEquals } from "@std/assert";
import { Cluster, IrcClient, messages, settleAll, STREAM, until } from "./cluster.ts";
import { executable, test } from "./forms.ts";
import { source } from "./harness.ts";

const CAPABILITIES = ["message-tags", "server-time", "batch", "draft/chathistory", "echo-message"];

/** The last line that a process has written to stderr. */
function lastWords({ log }: { readonly log: { readonly all: string } }): string {
  return log.all.trimEnd().split("\n").at(-1)!;
}

/** Waits until a node has ended with an error, and returns what it has said. Its client has to be told. */
async function ending(cluster: Cluster, index: number, client: IrcClient): Promise<string> {
  const node = cluster.nodes[index]!;
  assertEquals(await node.code(), 1, node.log.all);
  assert((await client.rest()).some((line) => /ERROR|NOTICE/.test(line)), client.received);
  return lastWords(node);
}

/** Registers a client at each node, in the room `#tea`. */
async function clientsOf(cluster: Cluster, name = "c"): Promise<IrcClient[]> {
  const clients = await Promise.all(
    cluster.nodes.map(({ ircPort }, n) => IrcClient.register(ircPort, `${name}${n}`, ...CAPABILITIES)),
  );
  for (const client of clients) await client.enter("#tea");
  return clients;
}

async function write(client: IrcClient, words: string): Promise<void> {
  for (let n = 0; n < 10; n++) await client.send(`PRIVMSG #tea :${words} ${n}`);
}

/** Requires that all nodes work, and have some lines in their history. */
async function assertWorks(cluster: Cluster, words: RegExp[]): Promise<void> {
  const clients = await clientsOf(cluster, "later");
  for (const client of clients) await write(client, "again");
  await settleAll(clients);
  const histories = await Promise.all(clients.map((client) => client.history("#tea")));
  const lines = messages(clients[0]!.received, "#tea").slice(0, 10 * clients.length);
  for (const history of histories) {
    assertEquals(history.slice(-lines.length), lines);
    for (const each of words) {
      assert(history.some((line) => each.test(line)), `${each} is not in\n${history.join("\n")}`);
    }
  }
}

test("cluster: a node that was cut off while the log was trimmed ends with a sentence, and works when it starts again", async (form) => {
  await using cluster = await Cluster.start(form, 1);
  const cable = cluster.cable(1);
  await cluster.startNode(1);
  const [alice, bob] = await clientsOf(cluster) as [IrcClient, IrcClient];
  await write(alice, "before");
  await settleAll([alice, bob]);
  cable.cut();
  await write(alice, "meanwhile");
  await alice.until(/ QUIT :.*Node lost/);
  await settleAll([alice]);
  await cluster.administer(async (manager) => {
    await manager.streams.update(STREAM, { max_msgs: 1 });
    await manager.streams.update(STREAM, { max_msgs: -1 });
  });
  cable.mend(true); // without what NATS has sent meanwhile
  const sentence = await ending(cluster, 1, bob);
  assert(/The stream \S+ begins with batch \d+ by now, and batch \d+ is needed\.$/.test(sentence), sentence);
  await settleAll([alice]); // the other one is not disturbed
  await cluster.startNode(1);
  alice[Symbol.dispose]();
  await assertWorks(cluster, [/before 9$/]);
});

test("cluster: all nodes end with a sentence when the log went back, and start again with everything that was said", async (form) => {
  await using cluster = await Cluster.start(form, 2);
  const clients = await clientsOf(cluster);
  const nats = cluster.nats[0]!;
  await write(clients[0]!, "before");
  await settleAll(clients);
  await nats.kill();
  await nats.copyStore("save");
  await nats.start();
  await write(clients[1]!, "lost in the log");
  await settleAll(clients);
  await nats.kill();
  await nats.copyStore("restore");
  await nats.start();
  for (const [n, client] of clients.entries()) {
    const sentence = await ending(cluster, n, client);
    assert(/The stream \S+ ends with batch \d+, and batch \d+ was delivered already\.$/.test(sentence), sentence);
  }
  await Promise.all([0, 1].map((n) => cluster.startNode(n)));
  await assertWorks(cluster, [/before 9$/, /lost in the log 9$/]);
});

for (const [how, form] of [["deleted", source], ["erased with NATS's store", executable]] as const) {
  test(
    `cluster: all nodes end with a sentence when the log was ${how}, and start again with everything that was said`,
    async (form) => {
      await using cluster = await Cluster.start(form, 2);
      const clients = await clientsOf(cluster);
      await write(clients[0]!, "before");
      await settleAll(clients);
      if (form === source) await cluster.administer((manager) => manager.streams.delete(STREAM));
      else {
        await cluster.nats[0]!.kill();
        await cluster.nats[0]!.erase();
        await cluster.nats[0]!.start();
      }
      for (const [n, client] of clients.entries()) {
        const sentence = await ending(cluster, n, client);
        assert(/The stream \S+ was deleted\.$/.test(sentence), sentence);
      }
      await Promise.all([0, 1].map((n) => cluster.startNode(n)));
      await assertWorks(cluster, [/before 9$/]);
      await until(() => cluster.nodes.some(({ log }) => /The log of the cluster is new/.test(log.all)));
    },
    undefined,
    [form],
  );
}
