/** Rooms whose members are members of the chat. */
import { GenericRoom } from "./generic_room.ts";
import type { Member, Session } from "./member.ts";
import { fold, LOBBY } from "./names.ts";
import type { SavedRoom } from "./store.ts";

export type { Topic } from "./generic_room.ts";

/** A room of the chat. */
export const Room: typeof GenericRoom<Member, Session> = GenericRoom;
export type Room = GenericRoom<Member, Session>;

/**
 * A room as it may be restored. The lobby never has operators, so its modes could never be undone: only its topic is restored.
 */
export function restorable(room: SavedRoom): SavedRoom {
  if (fold(room.name) !== LOBBY) return room;
  return { ...room, name: LOBBY, switches: ["n"], password: undefined, limit: Infinity, masks: [], roles: [] };
}
