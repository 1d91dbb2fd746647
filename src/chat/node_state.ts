/** What a node of a cluster stores beside its lines when its state was replaced by a snapshot. */
import { savedMember } from "./always_on.ts";
import { fold } from "./names.ts";
import type { SavedMember } from "./presence_store.ts";
import type { ChatState } from "./state.ts";
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

/**
 * What a node stores of the state of its hub.
 *
 * @param position The last command that is part of it.
 */
export function nodeStateOf(state: ChatState, position: number): NodeState {
  const { rooms, members, alwaysOn, waiting, ids } = state;
  const stored = [...members.values()].filter((member) => state.isAlwaysOn(member));
  return {
    rooms: [...rooms.values()].filter((room) => room.stored).map((room) => room.saved),
    members: stored.map((member) => [fold(member.fullAccount!), savedMember(member)]),
    choices: [...alwaysOn.choices],
    waiting: [...waiting],
    position,
    last: ids.last,
  };
}
