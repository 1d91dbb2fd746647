/** The store of read markers: up to when accounts have read their rooms and conversations. `history/` implements it. */

/** The most read markers of an account. Above that, the one with the earliest time is dropped. */
export const READ_MARKERS_MAX = 1000;

/**
 * Stores a time for an account and a target, in milliseconds since 1970. The time never goes back.
 *
 * Accounts are folded. A target is the key of a room, or the folded nickname of the other user of a private conversation. The
 * marker of a room stays when the room is renamed, and is deleted with the room.
 */
export interface ReadMarkerStore {
  /** The marker, also before it is committed; `undefined` if there is none. @throws {StoreError} */
  get(account: string, target: string): number | undefined;
  /** Has a later `commit` of the history store a marker, unless the stored one is later. Those of unknown rooms are dropped. */
  advance(account: string, target: string, time: number): void;
  /** Has a later `commit` of the history delete all markers of an account. */
  forget(account: string): void;
  /** Whether there is something to store. One commit stores as much as takes a few milliseconds. */
  readonly hasPending: boolean;
}

/**
 * Advances a marker in a map that has at most so many.
 *
 * @param max Above that, the marker with the earliest time is dropped.
 */
export function advanceMarker<K>(markers: Map<K, number>, key: K, time: number, max: number): void {
  markers.set(key, Math.max(time, markers.get(key) ?? time));
  if (markers.size <= max) return;
  let [oldest, least] = [key, Infinity];
  for (const [each, at] of markers) if (at < least) [oldest, least] = [each, at];
  markers.delete(oldest);
}
