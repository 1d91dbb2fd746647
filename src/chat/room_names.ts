/** The names of the rooms that exist, to reject a new one that looks like one of them. */
import { skeleton } from "./skeleton.ts";

const ASCII = /^[\0-\x7f]*$/;

/** An index of room names by what they look like. */
export class RoomNames {
  // How many rooms have each skeleton: rooms with ASCII names, and others.
  readonly #ascii = new Map<string, number>();
  readonly #others = new Map<string, number>();

  /** Adds the name of a new room. */
  add(name: string): void {
    this.#count(name, 1);
  }

  /** Removes the name of a room that is deleted. */
  delete(name: string): void {
    this.#count(name, -1);
  }

  clear(): void {
    this.#ascii.clear();
    this.#others.clear();
  }

  /** Whether a name looks like that of a room, and one of the two is not ASCII: `#al` and `#a1` may both exist. */
  isConfusable(name: string): boolean {
    const shape = skeleton(name);
    return this.#others.has(shape) || (!ASCII.test(name) && this.#ascii.has(shape));
  }

  #count(name: string, change: number) {
    const counts = ASCII.test(name) ? this.#ascii : this.#others;
    const shape = skeleton(name);
    const count = (counts.get(shape) ?? 0) + change;
    if (count > 0) counts.set(shape, count);
    else counts.delete(shape);
  }
}
