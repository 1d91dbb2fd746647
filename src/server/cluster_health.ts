/** What new clients and monitoring are told while a node of a cluster cannot take commands. */
import type { ClusterView } from "../chat/cluster_view.ts";

/** Why a connection is rejected then, in the log and in the metrics. */
export const NO_CLUSTER = "no cluster";

/** What its client is told. */
export const NO_CLUSTER_TEXT = "This node has no connection to its cluster. Try again in a moment.";

/** Why a node cannot take commands: a few words; `undefined` if it can, or if it is not part of a cluster. */
export function troubleOf(cluster: Pick<ClusterView, "health"> | undefined): string | undefined {
  return cluster === undefined || cluster.health === "ok" ? undefined : cluster.health;
}
