/** What a node of a cluster is made of: the log, the replica, times, and the calls that it makes. */
import type { Setting } from "./cluster_commands.ts";
import { BEAT_INTERVAL, CHECKPOINT_INTERVAL, LEASE_BEATS, LEAVE_TIMEOUT, NAME_TIMEOUT } from "./cluster_limits.ts";
import type { CheckpointStore } from "../chat/checkpoint_store.ts";
import { JOIN_TIMES, type JoinLog, type JoinTimes } from "./join.ts";
import type { LogHandlers, LogStatus } from "./log.ts";
import type { Answer } from "./peer_requests.ts";
import type { Replica } from "./replica.ts";

/** The log, for a node. */
export interface NodeLog extends JoinLog {
  readonly status: LogStatus;
  readonly resent: number;
  readonly filled: number;
  start(from: number): Promise<void>;
  append(bytes: Uint8Array<ArrayBuffer>): Promise<number>;
  appendAfter(last: number, bytes: Uint8Array<ArrayBuffer>): Promise<number | undefined>;
  serve(topic: string, answer: Answer | undefined): void;
  close(): void;
}

/** Times of a node, in milliseconds, and its lease. */
export interface NodeTimes extends JoinTimes {
  /** How often it appends a beat; 0: only when `beat` is called. */
  readonly beat: number;
  /** The lease of other nodes, in beats of this one. */
  readonly lease: number;
  /** How often it stores a checkpoint; 0: only when it joins and leaves. */
  readonly checkpoint: number;
  readonly name: number;
  readonly leave: number;
}

/** The times of nodes, except in tests. */
export const NODE_TIMES: NodeTimes = {
  ...JOIN_TIMES,
  beat: BEAT_INTERVAL,
  lease: LEASE_BEATS,
  checkpoint: CHECKPOINT_INTERVAL,
  name: NAME_TIMEOUT,
  leave: LEAVE_TIMEOUT,
};

/** The calls that a node makes. */
export interface NodeEvents {
  /** It takes part from now on, for the first time or again. `number`: in the ids that it chooses. */
  joined?(number: number): void;
  /** Its lease is over: the other nodes have disconnected its sessions. It joins again by itself. */
  expelled?(): void;
  /** It cannot go on, and the process has to end. The sentence is for the operator. Called once. */
  fatal?(sentence: string): void;
  /** Something for the operator; the node goes on. */
  warn?(message: string): void;
}

/** What a node is made of. */
export interface NodeOptions<Own> {
  /** The name of the cluster. */
  readonly cluster: string;
  /** The name of the node; empty for one that is made of its number. */
  readonly name: string;
  /** The version of tincan. */
  readonly version: string;
  /** What all nodes must have the same. */
  readonly settings: readonly Setting[];
  readonly replica: Replica<Own>;
  /**
   * Whether the state of this node is that of a chat that was never part of a cluster. It may found a cluster, and does not join
   * one: its state would be lost.
   */
  readonly hasOtherChat?: boolean;
  /** Opens the log. */
  readonly open: (handlers: LogHandlers) => Promise<NodeLog>;
  /** Where checkpoints are stored; `undefined` for a node that keeps nothing in a file. */
  readonly checkpoints?: CheckpointStore | undefined;
  readonly events: NodeEvents;
  readonly times?: Partial<NodeTimes>;
  /** The newest version of the encoding that it knows; tests give others. */
  readonly codec?: number;
  /** The clock of the process, in milliseconds since 1970. */
  readonly now?: () => number;
}
