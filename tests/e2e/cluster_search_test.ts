/** History of a cluster: search and export give the same on each node. */
import { assertEquals, assertMatch } from "@std/assert";
import { clustered, untagged, User } from "./cluster_users.ts";
import { Client, run } from "./harness.ts";
import { ask, Directory, eventually } from "./history_store.ts";

/** How long a node may take to index what was said, in milliseconds. */
const DEADLINE = 30_000;

/** The results of a search on IRC: ids and texts. */
async function search(user: User, request: string): Promise<string[]> {
  await user.settled();
  const from = user.received.length;
  await user.ask(`SEARCH ${request}`);
  const lines = user.received.slice(from).split("\n").filter((line) => line.includes(" PRIVMSG "));
  return lines.map((line) => `${/msgid=([^; ]+)/.exec(line)![1]} ${untagged(line).trimEnd()}`);
}

/** Searches until as many messages are found: they are indexed when a node is idle. */
async function searchFor(user: User, request: string, count: number): Promise<string[]> {
  for (const end = performance.now() + DEADLINE;;) {
    const found = await search(user, request);
    if (found.length === count || performance.now() > end) return found;
  }
}

clustered(
  "a search finds the same on each node, and so does one on a node that joins later",
  2,
  async (a, b, cluster) => {
    using alice = await User.withAccount(a, "alice", "soju.im/search");
    using bob = await User.withAccount(b, "bob", "soju.im/search");
    for (const user of [alice, bob]) await user.enter("#tea");
    for (let n = 0; n < 10; n++) {
      await alice.ask(`PRIVMSG #tea :green tea ${n}`, "PRIVMSG bob :a green secret");
      await bob.ask(`PRIVMSG #tea :black tea ${n}`);
    }
    await alice.catchUp();
    const found = await searchFor(alice, "in=#tea;text=green", 10);
    assertEquals(found.map((line) => line.split(" :").at(-1)), Array.from({ length: 10 }, (_, n) => `green tea ${n}`));
    assertEquals(await searchFor(bob, "in=#tea;text=green", 10), found);
    assertEquals(await search(bob, "in=#tea;text=tea;from=alice"), found);

    await cluster.startNode(2);
    const data = new Directory(cluster.dataOf(2));
    await eventually("end of catching up", () => data.query("SELECT progress FROM catch_up").length === 0);
    using carol = await User.connect(cluster.nodes[2]!, "carol", "soju.im/search");
    await carol.enter("#tea");
    assertEquals(await searchFor(carol, "in=#tea;text=green", 10), found);
    const results = await Promise.all(cluster.nodes.map(async ({ port }) => {
      using client = await Client.join(port);
      await ask(client, "/join #tea");
      return (await ask(client, "/search green tea")).filter((line) => line.startsWith("["));
    }));
    assertEquals(results[0]!.length, 10);
    for (const result of results) assertEquals(result, results[0]);
  },
);

clustered("exports of the directories of all nodes are the same", 2, async (a, b, cluster, form) => {
  using alice = await User.withAccount(a, "alice");
  using bob = await User.withAccount(b, "bob");
  for (const user of [alice, bob]) await user.enter("#tea");
  await alice.ask("TOPIC #tea :Lunch at one", "MODE #tea +b eve!*@*", "MODE #tea +v bob");
  await bob.catchUp();
  for (let n = 0; n < 5; n++) {
    await Promise.all([alice.ask(`PRIVMSG #tea :alice ${n}`), bob.ask(`PRIVMSG #tea :bob ${n}`)]);
  }
  await bob.ask("PRIVMSG alice :in private", "NOTICE #tea :noted", "PRIVMSG #tea :\x01ACTION leaves\x01");
  await alice.catchUp();
  for (const format of ["text", "jsonl"]) {
    const exports = await Promise.all([0, 1].map(async (n) => {
      const args = ["export", "--data", cluster.dataOf(n), "--format", format];
      const { code, stdout, stderr } = await run(form, args); // while the node runs
      assertEquals(code, 0, stderr);
      return stdout.split("\n");
    }));
    assertEquals(exports[1], exports[0]);
    assertMatch(exports[0]!.join("\n"), /alice 4/);
  }
});
