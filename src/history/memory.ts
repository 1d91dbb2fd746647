/**
 * What was said in the rooms lately, kept in memory.
 *
 * Bounded twice: so many lines a room, and so many characters in all. When there is too much of it in all, the room that
 * has most loses the older half of it: who talks most in many rooms takes nothing from those who talk little in one.
 */
import type { Said } from "../chat/events.ts";

/** The most lines that are kept of one room, by default. */
export const ROOM_LINES = 1000;

/** The most characters that are kept of all rooms together, by default. */
export const TOTAL_CHARACTERS = 64 * 1024 * 1024;

/** What a line counts beside its text: the object around it. */
const LINE_COST = 200;

/** One room's lines: a ring, the oldest at `first` once it is full. */
interface Ring {
  lines: Said[];
  costs: number[]; // of each of them: to read it off the oldest line itself, long out of the cache, takes longer
  first: number;
  size: number;
}

/** See the head of this file. */
export class MemoryHistory {
  readonly #rings = new Map<string, Ring>();
  readonly #roomLines: number;
  readonly #total: number;
  #size = 0;

  /**
   * @param roomLines The most lines that are kept of one room.
   * @param totalCharacters The most characters that are kept of all rooms, 200 a line included.
   */
  constructor(roomLines: number = ROOM_LINES, totalCharacters: number = TOTAL_CHARACTERS) {
    this.#roomLines = roomLines;
    this.#total = totalCharacters;
  }

  /** Characters kept, 200 a line included. */
  get size(): number {
    return this.#size;
  }

  /**
   * Keeps a line.
   *
   * @param room The room's key, the same in all calls.
   */
  add(room: string, said: Said): void {
    let ring = this.#rings.get(room);
    if (ring === undefined) {
      ring = { lines: [], costs: [], first: 0, size: 0 };
      this.#rings.set(room, ring);
    }
    const cost = said.text.length + LINE_COST;
    if (ring.lines.length < this.#roomLines) {
      ring.lines.push(said);
      ring.costs.push(cost);
    } else {
      this.#count(ring, -ring.costs[ring.first]!);
      ring.lines[ring.first] = said;
      ring.costs[ring.first] = cost;
      ring.first = (ring.first + 1) % this.#roomLines;
    }
    this.#count(ring, cost);
    while (this.#size > this.#total) this.#shed();
  }

  /** The last `count` lines of a room, the oldest first. */
  latest(room: string, count: number): Said[] {
    const ring = this.#rings.get(room);
    return ring === undefined ? [] : inOrder(ring.lines, ring.first).slice(Math.max(0, ring.lines.length - count));
  }

  /** Forgets what was said in a room. */
  forget(room: string): void {
    this.#size -= this.#rings.get(room)?.size ?? 0;
    this.#rings.delete(room);
  }

  #count(ring: Ring, change: number) {
    ring.size += change;
    this.#size += change;
  }

  /** Drops the older half of the room that has most. */
  #shed() {
    let largest: Ring | undefined;
    for (const ring of this.#rings.values()) if (ring.size > (largest?.size ?? 0)) largest = ring;
    if (largest === undefined) return;
    const half = Math.ceil(largest.lines.length / 2);
    const costs = inOrder(largest.costs, largest.first);
    for (const cost of costs.slice(0, half)) this.#count(largest, -cost);
    largest.lines = inOrder(largest.lines, largest.first).slice(half);
    largest.costs = costs.slice(half);
    largest.first = 0;
  }
}

function inOrder<T>(ring: T[], first: number): T[] {
  return [...ring.slice(first), ...ring.slice(0, first)];
}
