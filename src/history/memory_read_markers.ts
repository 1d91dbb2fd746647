/** Read markers in memory, until the process ends. */
import { advanceMarker, READ_MARKERS_MAX, type ReadMarkerStore } from "../chat/read_marker_store.ts";

/** Stores read markers. A room has a number, which stays the same when it is renamed. */
export class MemoryReadMarkers implements ReadMarkerStore {
  readonly hasPending = false;
  readonly #markers = new Map<string, Map<number | string, number>>(); // of each account, by room or nickname
  readonly #rooms = new Map<string, number>(); // the numbers of rooms that have a marker
  #lastRoom = 0;

  get(account: string, target: string): number | undefined {
    const key = isRoom(target) ? this.#rooms.get(target) : target;
    return key === undefined ? undefined : this.#markers.get(account)?.get(key);
  }

  advance(account: string, target: string, time: number): void {
    let key = isRoom(target) ? this.#rooms.get(target) : target;
    if (key === undefined) this.#rooms.set(target, key = ++this.#lastRoom);
    const own = this.#markers.get(account) ?? new Map();
    this.#markers.set(account, own);
    advanceMarker(own, key, time, READ_MARKERS_MAX);
  }

  forget(account: string): void {
    this.#markers.delete(account);
  }

  /** Deletes the markers of a room: its number is not used again. */
  deleteRoom(key: string): void {
    this.#rooms.delete(key);
  }

  renameRoom(key: string, newKey: string): void {
    const room = this.#rooms.get(key);
    this.#rooms.delete(key);
    if (room !== undefined) this.#rooms.set(newKey, room);
  }

  clear(): void {
    this.#markers.clear();
    this.#rooms.clear();
  }
}

function isRoom(target: string): boolean {
  return target.startsWith("#");
}
