/** Logs what happens to a cluster, as one of its nodes sees it: who joins and leaves, and whether it can take commands. */
import type { ClusterHealth, ClusterView, NodeView } from "../chat/cluster_view.ts";
import type { Log } from "../monitoring/log.ts";
import { formatDuration } from "../util/duration.ts";

/** How often the cluster is looked at, in milliseconds: as often as nodes append a beat. */
export const CHECK_INTERVAL = 500;

/** What is logged of a cluster. */
type WatchedCluster = Pick<ClusterView, "name" | "health" | "nodes">;

/** Compares a cluster with what it was before, and logs what has changed. */
export class ClusterLog {
  readonly #cluster: WatchedCluster;
  readonly #log: Pick<Log, "info" | "warn" | "error">;
  readonly #now: () => number;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #nodes = new Map<number, NodeView>(); // by number; empty while this node is not one of them
  #health: ClusterHealth = "joining";
  #since = 0; // when the health became that, on the monotonic clock

  /**
   * Watches a cluster from now on, until `stop`.
   *
   * @param now A monotonic clock, in milliseconds.
   */
  constructor(
    cluster: WatchedCluster,
    log: Pick<Log, "info" | "warn" | "error">,
    now: () => number = () => performance.now(),
  ) {
    this.#cluster = cluster;
    this.#log = log;
    this.#now = now;
    this.#schedule();
  }

  stop(): void {
    clearTimeout(this.#timer);
  }

  /** Looks at the cluster now, such as when it has called an event. */
  check(): void {
    this.#checkNodes();
    this.#checkHealth();
  }

  /** The other nodes have declared this one gone. It joins again by itself. */
  expelled(): void {
    this.#log.warn("declared gone by the other nodes: clients are disconnected", { cluster: this.#cluster.name });
    this.#nodes.clear(); // so that it is logged when it has joined again
  }

  /** Something is wrong, and the node goes on. */
  warn(message: string): void {
    this.#log.warn("trouble with the cluster", { cluster: this.#cluster.name, error: message });
  }

  /** The node cannot go on. */
  fatal(message: string): void {
    this.#log.error("cannot stay in the cluster", { cluster: this.#cluster.name, error: message });
  }

  #schedule() {
    this.#timer = setTimeout(() => {
      this.#schedule();
      this.check();
    }, CHECK_INTERVAL);
  }

  #checkNodes() {
    const { name, nodes } = this.#cluster;
    const self = nodes.find(({ isSelf }) => isSelf);
    if (self === undefined) return; // it has not joined yet, or is gone
    const before = this.#nodes;
    this.#nodes = new Map(nodes.map((node) => [node.number, node]));
    if (!before.has(self.number)) {
      const others = nodes.filter((node) => node !== self).map((node) => node.name).join(" ");
      return this.#log.info("joined", {
        cluster: name,
        node: self.name,
        number: self.number,
        others: others || undefined,
      });
    }
    for (const [number, node] of before) {
      if (!this.#nodes.has(number)) this.#log.warn("node gone", { cluster: name, node: node.name, number });
    }
    for (const [number, node] of this.#nodes) {
      if (before.has(number)) continue;
      this.#log.info("node joined", { cluster: name, node: node.name, number, version: node.version });
    }
  }

  #checkHealth() {
    const { name: cluster, health } = this.#cluster;
    if (health === this.#health) return;
    const now = this.#now();
    const before = this.#health;
    if (health === "ok") {
      // The line "joined" says it of a node that was joining.
      const time = formatDuration(now - this.#since);
      if (before !== "joining") this.#log.info("commands are taken again", { cluster, after: time });
    } else if (health !== "joining") this.#log.warn("no commands are taken", { cluster, reason: health });
    // The time is that of all the trouble, if one reason follows another.
    if (before === "ok" || before === "joining") this.#since = now;
    this.#health = health;
  }
}
