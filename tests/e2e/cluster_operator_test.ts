/** What an operator is told of a node that cannot join its cluster, or cannot stay in it; and what its clients see. */
import { assert, assertEquals } from "@std/assert";
import { Account } from "../cluster/creds.ts";
import { Cluster, IrcClient, messages, settleAll, until } from "./cluster.ts";
import { executable, test } from "./forms.ts";
import { run, source } from "./harness.ts";
import { Disk, noDisk } from "./history_disk.ts";

const CAPABILITIES = ["message-tags", "server-time", "batch", "draft/chathistory", "echo-message"];

/** The mode of a file that only its owner may read. */
const SECRET = { mode: 0o600 };

/** How long credentials last that expire during a test, in seconds: long enough to start a node with them. */
const EXPIRY = 10;

test("cluster: a node without NATS says so in one sentence, and exits with 1", async (form) => {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const { port } = listener.addr as Deno.NetAddr;
  listener.close(); // nothing listens there now
  const { code, stdout, stderr } = await run(form, ["--cluster", `nats://ann:secret@127.0.0.1:${port}`]);
  const sentence = `Cannot join the cluster: cannot reach NATS at nats://127.0.0.1:${port}: connection refused\n`;
  assertEquals({ code, stdout, stderr }, { code: 1, stdout: "", stderr: sentence });
});

test(
  "cluster: a node with other settings or a name that is taken is refused with the flag, and the others go on",
  async (form) => {
    await using cluster = await Cluster.start(form, 1);
    using alice = await IrcClient.register(cluster.nodes[0]!.ircPort, "alice");
    const cases: [index: number, args: string[], sentence: string][] = [
      [1, ["--max-rooms", "7"], '--max-rooms is "7" here, and "10000" on the other nodes. Use the same on all nodes.'],
      [1, ["--name", "tea"], '--name is "tea" here, and "tincan" on the other nodes. Use the same on all nodes.'],
      [1, ["--node", "n0"], 'another node is named "n0". Choose another name with --node.'],
    ];
    await Promise.all(cases.map(async ([index, args, sentence], n) => {
      const data = ["--data", `${cluster.dataOf(index)}x${n}`];
      const { code, stdout, stderr } = await run(form, [...cluster.argsOf(index), ...data, ...args]);
      assertEquals({ code, stdout, stderr }, { code: 1, stdout: "", stderr: `Cannot join the cluster: ${sentence}\n` });
    }));
    await settleAll([alice]);
    await cluster.startNode(1);
  },
  undefined,
  [source],
);

test("cluster: a node starts again with other settings when all nodes were killed", async (form) => {
  await using cluster = await Cluster.start(form, 2);
  using alice = await IrcClient.register(cluster.nodes[0]!.ircPort, "alice", ...CAPABILITIES);
  await alice.enter("#tea");
  await alice.send("PRIVMSG #tea :before");
  await settleAll([alice]);
  await Promise.all([0, 1].map((n) => cluster.killNode(n)));
  await Promise.all([0, 1].map((n) => cluster.startNode(n, ["--max-rooms", "7"])));
  for (const [n, { ircPort }] of cluster.nodes.entries()) {
    using again = await IrcClient.register(ircPort, `again${n}`, ...CAPABILITIES);
    await again.enter("#tea");
    assertEquals(await again.history("#tea"), messages(alice.received, "#tea"));
  }
});

test("cluster: a node whose credentials are wrong says so without them, and exits with 1", async (form) => {
  const account = new Account();
  const config = account.config;
  const directory = await Deno.makeTempDir();
  try {
    await using cluster = await Cluster.start(form, 0, { nats: { config } });
    const [right, wrong, expired] = ["right", "wrong", "expired"].map((name) => `${directory}/${name}.creds`);
    await Deno.writeTextFile(right!, account.creds(), SECRET);
    await Deno.writeTextFile(wrong!, new Account().creds(), SECRET);
    await Deno.writeTextFile(expired!, account.creds(Math.floor(Date.now() / 1000) - 60), SECRET);
    for (const file of [wrong!, expired!]) {
      const { code, stdout, stderr } = await run(form, [...cluster.argsOf(0), "--cluster-creds", file]);
      const reason = "the server rejected the credentials";
      const sentence = `Cannot join the cluster: cannot reach NATS at ${cluster.urls}: ${reason}\n`;
      assertEquals({ code, stdout, stderr }, { code: 1, stdout: "", stderr: sentence });
    }
    await cluster.startNode(0, ["--cluster-creds", right!]);
  } finally {
    await Deno.remove(directory, { recursive: true });
  }
});

test(
  "cluster: a node whose password is wrong says so without it, and exits with 1",
  async (form) => {
    await using cluster = await Cluster.start(form, 0, {
      nats: { config: "authorization { user: ann, password: open-sesame }" },
    });
    const { host } = cluster.nats[0]!;
    cluster.route(0, `nats://ann:close-sesame@${host}`);
    const { code, stdout, stderr } = await run(form, cluster.argsOf(0));
    const sentence =
      `Cannot join the cluster: cannot reach NATS at nats://${host}: the server rejected the credentials\n`;
    assertEquals({ code, stdout, stderr }, { code: 1, stdout: "", stderr: sentence });
    cluster.route(0, `nats://ann:open-sesame@${host}`);
    const node = await cluster.startNode(0);
    assert(!node.log.all.includes("sesame"));
  },
  undefined,
  [source],
);

test(
  "cluster: a node whose credentials expire says why it takes no commands, and the others go on",
  async (form) => {
    const account = new Account();
    const directory = await Deno.makeTempDir();
    try {
      await using cluster = await Cluster.start(form, 0, { nats: { config: account.config } });
      const [lasting, short] = [`${directory}/lasting.creds`, `${directory}/short.creds`];
      await Deno.writeTextFile(lasting, account.creds(), SECRET);
      await cluster.startNode(0, ["--cluster-creds", lasting]);
      await Deno.writeTextFile(short, account.creds(Math.floor(Date.now() / 1000) + EXPIRY), SECRET);
      const node = await cluster.startNode(1, ["--cluster-creds", short]);
      using alice = await IrcClient.register(cluster.nodes[0]!.ircPort, "alice");
      using bob = await IrcClient.register(node.ircPort, "bob");
      for (const client of [alice, bob]) await client.enter("#tea");
      await node.logged(/the credentials have expired/);
      await until(async () => (await cluster.health(node)).status === 503);
      await alice.until(/:bob!\S+ QUIT :.*Node lost/);
      await settleAll([alice]);
      assertEquals((await cluster.health(cluster.nodes[0]!)).status, 200);
    } finally {
      await Deno.remove(directory, { recursive: true });
    }
  },
  undefined,
  [source],
);

test(
  "cluster: a node whose disk is full ends with a sentence, the others go on, and it starts again with everything",
  async (form) => {
    await using disk = await Disk.mount(4096);
    await using cluster = await Cluster.start(form, 1);
    const node = await cluster.startNode(1, ["--data", disk.file("data")]);
    using alice = await IrcClient.register(cluster.nodes[0]!.ircPort, "alice", ...CAPABILITIES);
    using bob = await IrcClient.register(node.ircPort, "bob", ...CAPABILITIES);
    for (const client of [alice, bob]) await client.enter("#tea");
    await disk.fill();
    const begin = performance.now();
    for (let n = 0; !/ QUIT /.test(alice.received); n++) {
      await alice.send(`PRIVMSG #tea :${"x".repeat(300)} ${n}`);
      await settleAll([alice]);
      assert(performance.now() - begin < 60_000, node.log.all);
    }
    assertEquals(await node.code(), 1);
    const words = node.log.all.trimEnd().split("\n").at(-1)!;
    assert(/^Cannot stay in the cluster: the history cannot be written: .*(?:full|disk)/.test(words), words);
    const told = await bob.rest();
    assert(told.some((line) => /^ERROR/.test(line)), told.join("\n"));
    await settleAll([alice]);
    assertEquals((await cluster.health(cluster.nodes[0]!)).status, 200);
    await disk.free();
    const again = await cluster.startNode(1, ["--data", disk.file("data")]);
    using carol = await IrcClient.register(again.ircPort, "carol", ...CAPABILITIES);
    await carol.enter("#tea");
    await alice.send("PRIVMSG #tea :after");
    await settleAll([alice, carol]);
    const lines = messages(carol.received, "#tea");
    assertEquals((await carol.history("#tea")).slice(0, 99), messages(alice.received, "#tea").slice(-100).slice(0, 99));
    assertEquals(lines.length, 1);
  },
  noDisk,
  [source, executable],
);
