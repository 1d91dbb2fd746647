/** What a node of a cluster stores beside its lines when its state was replaced by a snapshot. */
import type { SavedMember } from "./presence_store.ts";
import type { SavedRoom } from "./store.ts";

/** A state. Accounts are folded. */
export interface NodeState {
  /** All stored rooms. */
  readonly rooms: readonly SavedRoom[];
  /** The members that are always on, by account. */
  readonly members: readonly (readonly [account: string, member: SavedMember])[];
  readonly choices: readonly (readonly [account: string, choice: boolean])[];
  readonly waiting: readonly (readonly [account: string, since: number])[];
  /** The last command that is part of it: see `HistoryStore.position`. */
  readonly position: number;
  /** The greatest id of the lines that were said until then. */
  readonly last: number;
}
