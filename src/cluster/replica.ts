/** What a node replicates: the state of the chat, as the log sees it. */
import { type Command, IDS_OF_NODE } from "../chat/commands.ts";
import { POSITIONS_PER_BATCH } from "./cluster_limits.ts";
import type { Steps } from "../util/steps.ts";

/** What comes with a change. */
export interface ReplicaContext<Own> {
  /** The time of the log, in milliseconds since 1970. It never goes back. */
  readonly now: number;
  /** The place of the command in the log: see {@linkcode positionOf}. Higher than that of all before. */
  readonly position: number;
  /** What this node has submitted with the command; `undefined` for commands of others. */
  readonly own: Own | undefined;
}

/** Where a state is restored from: a checkpoint, to which the other things belong that this node has stored; or a peer. */
export type Origin = "checkpoint" | "peer";

/** A deterministic state machine. The same commands lead to the same state on all nodes. */
export interface Replica<Own> {
  /** A checksum of the state: an integer from 0. */
  readonly digest: number;
  /** Applies a command, and returns its result. @throws {ChatError} if it is rejected; then nothing has changed. */
  apply(command: Command, context: ReplicaContext<Own>): unknown;
  /** Disconnects all sessions of a node. Nothing is applied until it is done. */
  removeNode(number: number, context: ReplicaContext<Own>): Steps<void>;
  /** How many sessions a node has. */
  sessions(number: number): number;
  /**
   * The state as JSON values: for a peer all of it; for a checkpoint what this node has not stored otherwise. Nothing is applied
   * until all of them were taken.
   */
  snapshot(use: Origin): Iterable<unknown>;
  /** Replaces the state by that of a snapshot, which contains all changes up to a position. */
  restore(records: Iterable<unknown>, position: number, origin: Origin): void;
  /** Everything up to a position was applied, and is to be stored now. @throws {Error} if it cannot be. */
  settle(position: number): void;
  /** The state as it is now becomes that of a new cluster, whose log goes on after a position. */
  found(position: number): void;
}

/** The position of a command by its index in its batch; without an index, that of the whole batch. */
export function positionOf(sequence: number, index = POSITIONS_PER_BATCH - 1): number {
  return sequence * POSITIONS_PER_BATCH + index;
}

/** The number of the node that has chosen the id of a session or a member; 0 for a member that was restored from a file. */
export function nodeNumberOf(id: number): number {
  return Math.floor(id / IDS_OF_NODE);
}
