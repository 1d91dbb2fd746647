/** The history of a node of a cluster: an interface, which `history/` implements in a file and in memory. */
import type { LineArchive } from "./line_archive.ts";
import type { NodeState } from "./node_state.ts";
import type { SnapshotSection } from "./snapshot_records.ts";
import type { HistoryStore } from "./store.ts";
import type { Steps } from "../util/steps.ts";

/** Stores what a node has of the state of its cluster. */
export interface NodeHistory extends HistoryStore {
  /** The lines that peers ask for, and those that this node lacks. */
  readonly archive: LineArchive;
  /** How far accounts have read. They are part of a snapshot for a peer; a checkpoint does not need them. */
  readonly markerSection: SnapshotSection;
  /**
   * Replaces rooms and presence by those of a state, in steps. No command may be applied meanwhile.
   *
   * @throws {StoreError}
   */
  replaceState(state: NodeState): Steps<void>;
}
