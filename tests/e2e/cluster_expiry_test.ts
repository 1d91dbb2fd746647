/** Expiry of users of a cluster who are always on: one node is responsible for it, and another one if that is killed. */
import { assertEquals } from "@std/assert";
import { Cluster } from "./cluster.ts";
import { User } from "./cluster_users.ts";
import { test } from "./forms.ts";
import { source } from "./harness.ts";

test(
  "cluster: a user who is always on expires once, also when the node that is responsible for it was killed",
  async (form) => {
    await using cluster = await Cluster.start(form, 3, { args: ["--always-on-expire", "5s"] });
    const [a, b, c] = cluster.nodes as [Node, Node, Node];
    using bob = await User.connect(b, "bob");
    using carol = await User.connect(c, "carol");
    using alice = await User.withAccount(a, "alice");
    await alice.ask("NS SET ALWAYS-ON ON");
    for (const user of [alice, bob, carol]) await user.enter("#tea");
    await alice.quit();
    await cluster.killNode(0); // the one on duty
    for (const user of [bob, carol]) {
      await user.until(/:alice!\S+ QUIT :Not seen for a long time/); // nodes look for it every minute
      await user.catchUp();
      assertEquals([...user.received.matchAll(/:alice!\S+ QUIT /g)].length, 1);
    }
  },
  undefined,
  [source], // takes more than a minute
);

type Node = Cluster["nodes"][number];
