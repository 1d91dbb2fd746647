/** What clients see when nodes or NATS servers crash or freeze, and when a cable between them is cut. */
import { assert, assertEquals } from "@std/assert";
import { Cluster, delay, IrcClient, messages, settleAll, until } from "./cluster.ts";
import { executable, test } from "./forms.ts";
import { type Form, source } from "./harness.ts";

const CAPABILITIES = ["message-tags", "server-time", "batch", "draft/chathistory", "echo-message"];

/** How long NATS is away, in milliseconds: longer than the lease. A minute: `TINCAN_NATS_AWAY=60`, in seconds. */
const AWAY = Number(Deno.env.get("TINCAN_NATS_AWAY") ?? 9) * 1000;

/** The lease of a node, in milliseconds: ten beats. */
const LEASE = 5000;

/** The longest that clients of a node may wait for a line when another node has crashed, in milliseconds, on a busy machine. */
const PAUSE_MAX = 1500;

/** A client of `clientsOf` was disconnected, or sees that another one was. */
const DROPPED = /^(?:@\S+ )?:c\d!\S+ QUIT |^ERROR /m;

const REFUSED = /This node has no connection to its cluster\. Try again in a moment\./;

/** Registers a client at each node: `c0` at the first one. All are in the room `#tea`. */
async function clientsOf(cluster: Cluster): Promise<IrcClient[]> {
  const clients = await Promise.all(
    cluster.nodes.map(({ ircPort }, n) => IrcClient.register(ircPort, `c${n}`, ...CAPABILITIES)),
  );
  for (const client of clients) await client.enter("#tea");
  await settleAll(clients);
  return clients;
}

/** Has each client send lines with these words. Returns how many. */
async function write(clients: readonly IrcClient[], words: string, count = 20): Promise<number> {
  for (const [author, client] of clients.entries()) {
    for (let n = 0; n < count; n++) await client.send(`PRIVMSG #tea :${words} ${n} of ${author}`);
  }
  return clients.length * count;
}

/** Requires that all clients have received the same lines in the same order, each once, and each author's in its order. */
function assertSame(clients: readonly IrcClient[], count: number): void {
  const [first, ...others] = clients.map(({ received }) => messages(received, "#tea"));
  assertEquals(first!.length, count);
  assertEquals(new Set(first!.map((line) => line.slice(line.indexOf(" ")))).size, count, "a line came twice");
  for (const other of others) assertEquals(other, first);
  const last = new Map<string, number>();
  for (const line of first!) {
    const [, words, n, author] = / (.+) (\d+) of (\d+)$/.exec(line)!;
    const key = `${words} of ${author}`;
    assertEquals(Number(n), (last.get(key) ?? -1) + 1, line);
    last.set(key, Number(n));
  }
}

test("cluster: members of a killed node quit after the lease, the others go on, and it is welcome elsewhere", async (form) => {
  await using cluster = await Cluster.start(form, 3);
  const [alice, bob, carol] = await clientsOf(cluster) as [IrcClient, IrcClient, IrcClient];
  await write([alice], "before");
  await settleAll([alice, bob, carol]);
  let longest = 0;
  await cluster.killNode(0);
  const begin = performance.now();
  let lines = 20;
  while (!/:c0!\S+ QUIT /.test(carol.received)) {
    const sent = performance.now();
    await bob.send(`PRIVMSG #tea :meanwhile ${lines++}`);
    await carol.until(new RegExp(` :meanwhile ${lines - 1}$`));
    longest = Math.max(longest, performance.now() - sent);
    assert(sent - begin < 60_000, "no QUIT");
  }
  const quit = performance.now() - begin;
  assert(quit > LEASE / 2 && quit < 4 * LEASE, `QUIT after ${Math.round(quit)} ms`);
  assert(longest < PAUSE_MAX, `a line took ${Math.round(longest)} ms`);
  assert(/:c0!\S+ QUIT :.*Node lost/.test(carol.received), carol.received);
  using again = await IrcClient.register(cluster.nodes[1]!.ircPort, "c0", ...CAPABILITIES);
  await again.enter("#tea");
  assertEquals(await again.history("#tea"), messages(carol.received, "#tea").slice(-100));
  await again.send("PRIVMSG #tea :back");
  await carol.until(/:c0!\S+ PRIVMSG #tea :back$/);
  alice[Symbol.dispose]();
});

test("cluster: nobody is dropped and no line is lost when the only NATS server is killed, for a moment or longer", async (form) => {
  await using cluster = await Cluster.start(form, 2);
  const clients = await clientsOf(cluster);
  const nats = cluster.nats[0]!;
  let count = await write(clients, "before");
  await nats.kill();
  count += await write(clients, "first crash");
  await nats.start();
  await settleAll(clients);
  assertSame(clients, count);
  await nats.kill();
  const begin = performance.now();
  count += await write(clients, "second crash");
  for (const node of cluster.nodes) await until(async () => (await cluster.health(node)).status === 503);
  for (const { ircPort, port, webPort } of cluster.nodes) {
    using irc = new IrcClient(await Deno.connect({ port: ircPort }));
    await irc.until(REFUSED);
    using text = new IrcClient(await Deno.connect({ port }));
    await text.until(REFUSED);
    assertEquals((await fetch(`http://127.0.0.1:${webPort}/`).then((page) => page.text())).includes("<html"), true);
  }
  await delay(begin + AWAY - performance.now());
  await nats.start();
  await settleAll(clients);
  assertSame(clients, count);
  for (const [n, node] of cluster.nodes.entries()) {
    await until(async () => (await cluster.health(node)).status === 200);
    using late = await IrcClient.register(node.ircPort, `late${n}`, ...CAPABILITIES);
    await late.enter("#tea");
    assertEquals(await late.history("#tea"), messages(clients[0]!.received, "#tea").slice(-100));
    assert(!node.log.all.includes("gone"), node.log.all);
  }
  for (const { received } of clients) assert(!DROPPED.test(received), received);
});

test(
  "cluster: nobody is dropped and no line is lost when the leader of three NATS servers is killed, and all three",
  async (form) => {
    await using cluster = await Cluster.start(form, 2, { servers: 3 });
    const clients = await clientsOf(cluster);
    let count = await write(clients, "before");
    await settleAll(clients);
    const leader = await cluster.leader();
    await leader.kill();
    count += await write(clients, "without leader");
    await settleAll(clients);
    assertSame(clients, count);
    await leader.start();
    count += await write(clients, "with all");
    await settleAll(clients);
    await Promise.all(cluster.nats.map((server) => server.kill()));
    count += await write(clients, "without servers");
    await Promise.all(cluster.nats.map((server) => server.start()));
    await settleAll(clients);
    assertSame(clients, count);
    for (const { received } of clients) assert(!DROPPED.test(received), received);
  },
  undefined,
  [source],
);

/** What holds a node back, and lets it go on. */
interface Hold {
  readonly name: string;
  readonly forms: readonly Form[];
  /** Called before the node is started. */
  prepare?(cluster: Cluster): void;
  hold(cluster: Cluster): void;
  release(cluster: Cluster): void;
}

const cables = new WeakMap<Cluster, ReturnType<Cluster["cable"]>>();

const HOLDS: Hold[] = [
  {
    name: "a node that is stopped (SIGSTOP)",
    forms: [source, executable],
    hold: ({ nodes }) => nodes[1]!.kill("SIGSTOP"),
    release: ({ nodes }) => nodes[1]!.kill("SIGCONT"),
  },
  {
    name: "a node whose cable to NATS is cut",
    forms: [source],
    prepare: (cluster) => void cables.set(cluster, cluster.cable(1)),
    hold: (cluster) => cables.get(cluster)!.cut(),
    release: (cluster) => cables.get(cluster)!.mend(),
  },
];

for (const { name, forms, prepare, hold, release } of HOLDS) {
  test(
    `cluster: ${name} for less than the lease keeps its clients, for longer joins again`,
    async (form) => {
      await using cluster = await Cluster.start(form, 1);
      prepare?.(cluster);
      await cluster.startNode(1);
      const clients = await clientsOf(cluster) as [IrcClient, IrcClient];
      const [near, far] = clients;
      let count = await write(clients, "before");
      hold(cluster);
      count += await write(clients, "short");
      await delay(LEASE * 0.4);
      await settleAll([near]); // the others are not disturbed
      release(cluster);
      await settleAll(clients);
      assertSame(clients, count);
      for (const { received } of clients) assert(!DROPPED.test(received), received);

      hold(cluster);
      await write([near], "long");
      await far.send("PRIVMSG #tea :under way 0 of 1");
      await near.until(/:c1!\S+ QUIT :.*Node lost/);
      release(cluster);
      assert(/out of reach/.test((await far.rest()).join("\n")), far.received);
      const node = cluster.nodes[1]!;
      await node.logged(/declared gone by the other nodes/);
      await node.logged(/joined.* number=3 others=n0/);
      await until(async () => (await cluster.health(node)).status === 200);
      using again = await IrcClient.register(node.ircPort, "c1", ...CAPABILITIES);
      await again.enter("#tea");
      await again.send("PRIVMSG #tea :back 0 of 1");
      for (const client of [near, again]) await client.until(/ :back 0 of 1$/);
      const lines = messages(near.received, "#tea");
      assertEquals(await again.history("#tea"), lines.slice(-100));
      assertEquals(new Set(lines.map((line) => line.slice(line.indexOf(" ")))).size, lines.length, "a line came twice");
      assertEquals(messages(far.received, "#tea"), lines.slice(0, messages(far.received, "#tea").length));
    },
    undefined,
    forms,
  );
}
