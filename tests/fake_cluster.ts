/** A cluster for tests of what protocols and monitoring show of it. */
import type { ClusterFigures, ClusterHealth, ClusterView, NodeView } from "../src/chat/cluster_view.ts";

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

  /** The number of the node of each session, by its id; 1 for others. */
  readonly places = new Map<number, number>();

  nodeOf({ id }: { readonly id: number }): NodeView | undefined {
    const place = this.places.get(id) ?? 1;
    return this.nodes.find(({ number }) => number === place);
  }

  /** Makes a chat part of this cluster. */
  adopt(chat: object): void {
    Object.defineProperty(chat, "cluster", { value: this, configurable: true });
  }
}
