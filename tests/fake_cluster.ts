/** A cluster for tests of what protocols and monitoring show of it. */
import type { ClusterFigures, ClusterHealth, ClusterView, NodeView } from "../src/chat/cluster_view.ts";

/** How many ids a node has: that of a session, divided by it, is the number of its node. */
export const NODE_IDS = 2 ** 33;

/** A cluster of two nodes, `node1` and `backup`. This one is the first, unless a test changes that. */
export class FakeCluster implements ClusterView {
  readonly name = "tea";
  health: ClusterHealth = "ok";
  nodes: readonly NodeView[] = [
    { name: "node1", number: 1, since: Date.UTC(2026, 0, 2), version: "1.2.3", sessions: 5, isSelf: true },
    { name: "backup", number: 3, since: Date.UTC(2026, 0, 3, 4, 5), version: "1.2.4", sessions: 1, isSelf: false },
  ];
  figures: ClusterFigures = {
    sequence: 101,
    batches: 102,
    commands: 103,
    appended: 104,
    appendedBytes: 105,
    appendTime: 106,
    slowestAppend: 107,
    waiting: 108,
    silence: 109,
    resent: 110,
    filled: 111,
    checksums: 112,
  };

  nodeOf({ id }: { readonly id: number }): NodeView | undefined {
    return this.nodes.find(({ number }) => number === Math.floor(id / NODE_IDS));
  }
}
