/** Renders the metrics of a node of a cluster in the Prometheus text format. */
import { render } from "./metrics.ts";

/** The figures of a node at one moment; times are in milliseconds. */
export interface ClusterSnapshot {
  /** How many nodes take part in the cluster. */
  readonly nodes: number;
  /** Whether the node can take commands. */
  readonly isHealthy: boolean;
  readonly sequence: number;
  readonly silence: number;
  readonly batches: number;
  readonly commands: number;
  readonly appended: number;
  readonly appendedBytes: number;
  readonly appendTime: number;
  readonly slowestAppend: number;
  readonly waiting: number;
  readonly resent: number;
  readonly filled: number;
  readonly checksums: number;
}

/** Renders the metrics of a cluster. A server without one has none of them. */
export function renderCluster(now: ClusterSnapshot): string {
  const one = (type: "counter" | "gauge") => (name: string, help: string, value: number) => {
    return render({ name, type, help, values: () => [["", value]] });
  };
  const [gauge, counter] = [one("gauge"), one("counter")];
  return [
    gauge("tincan_cluster_nodes", "Nodes that take part in the cluster.", now.nodes),
    gauge("tincan_cluster_healthy", "Whether this node can take commands, 1 or 0.", now.isHealthy ? 1 : 0),
    gauge("tincan_cluster_log_sequence", "Sequence of the last batch that was applied.", now.sequence),
    gauge("tincan_cluster_log_silence_seconds", "Time since the last batch was applied.", now.silence / 1000),
    counter("tincan_cluster_batches_total", "Batches of all nodes that were applied.", now.batches),
    counter("tincan_cluster_commands_total", "Commands of all nodes that were applied.", now.commands),
    counter("tincan_cluster_appended_batches_total", "Batches of this node that were stored.", now.appended),
    counter("tincan_cluster_appended_bytes_total", "Bytes of the batches of this node.", now.appendedBytes),
    gauge("tincan_cluster_append_seconds", "Time from an append to its delivery, the last one.", now.appendTime / 1000),
    gauge("tincan_cluster_slowest_append_seconds", "The same, the slowest of a minute.", now.slowestAppend / 1000),
    gauge("tincan_cluster_waiting_commands", "Commands of this node that are under way.", now.waiting),
    counter("tincan_cluster_resent_batches_total", "Batches that were appended again.", now.resent),
    counter("tincan_cluster_filled_batches_total", "Batches that were fetched, as they were not received.", now.filled),
    counter("tincan_cluster_checksums_total", "Checksums of other nodes that were compared.", now.checksums),
  ].join("");
}
