/** Checksums of the state at sequences that all nodes remember, to notice a node whose state is different. */
import type { Checksum } from "./cluster_commands.ts";
import { CHECKSUMS_MAX } from "./cluster_limits.ts";

/** Remembers the latest checksums of this node. */
export class Checksums {
  readonly #values = new Map<number, number>(); // by sequence, in their order
  /** How many checksums of other nodes were compared. */
  compared = 0;

  /** A batch with a beat was applied. */
  remember({ sequence, value }: Checksum): void {
    this.#values.set(sequence, value);
    if (this.#values.size > CHECKSUMS_MAX) this.#values.delete(this.#values.keys().next().value!);
  }

  /** How many are remembered. */
  get size(): number {
    return this.#values.size;
  }

  /** The checksum of this node at the sequence of another's, if it differs. */
  differing({ sequence, value }: Checksum): number | undefined {
    const own = this.#values.get(sequence);
    if (own === undefined) return undefined;
    this.compared++;
    return own === value ? undefined : own;
  }

  /** Forgets all, as the state was replaced. */
  clear(): void {
    this.#values.clear();
  }
}
