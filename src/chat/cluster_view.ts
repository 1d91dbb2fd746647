/** The cluster as protocols and the monitoring see it: its nodes, and how well this one follows the log. */

/** A node of a cluster that takes part in it now. */
export interface NodeView {
  /** Its name: that of `--node`, or `node` and its number. */
  readonly name: string;
  /** Its place in the order in which nodes have ever joined the cluster; 1 for the first one. */
  readonly number: number;
  /** When it joined, in milliseconds since 1970. */
  readonly since: number;
  /** The version of tincan that it runs, such as `0.1.0`. */
  readonly version: string;
  /** How many sessions are connected to it. */
  readonly sessions: number;
  /** Whether it is this node. */
  readonly isSelf: boolean;
}

/** Whether a node can take commands now. */
export type ClusterHealth = "ok" | "no connection to NATS" | "no news from the log" | "joining";

/** What a node counts of its work on the log. */
export interface ClusterFigures {
  /** The sequence of the last batch that was applied. */
  readonly sequence: number;
  /** How many batches, and how many commands in them, were applied since the start. */
  readonly batches: number;
  readonly commands: number;
  /** How many batches of this node were stored, and how many bytes they had. */
  readonly appended: number;
  readonly appendedBytes: number;
  /** How long the last batch of this node took from the append until it was handed back, and the longest of the last minute, in milliseconds. */
  readonly appendTime: number;
  readonly slowestAppend: number;
  /** How many commands of this node wait to be appended or handed back. */
  readonly waiting: number;
  /** How long ago the last batch was applied, in milliseconds. */
  readonly silence: number;
  /** How often a batch was appended again, and how many batches were fetched that were not received. */
  readonly resent: number;
  readonly filled: number;
  /** How many checksums of other nodes were compared with that of this node. If one of the node on duty differs, this node ends. */
  readonly checksums: number;
}

/** The cluster that a chat is part of. */
export interface ClusterView {
  /** The name of the cluster. */
  readonly name: string;
  readonly health: ClusterHealth;
  /** The nodes that take part, this one included, in the order of their numbers. */
  readonly nodes: readonly NodeView[];
  readonly figures: ClusterFigures;
  /** The node that a session is connected to, by the id of the session; `undefined` if that node is gone. */
  nodeOf(session: { readonly id: number }): NodeView | undefined;
}
