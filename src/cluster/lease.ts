/**
 * The lease: which nodes were silent for too long, counted in beats of this node that the log has handed back.
 *
 * So the time is that of the log. While NATS is away no beat comes back, and no node is declared gone.
 */
import { LEASE_BEATS } from "./cluster_limits.ts";
import type { LivingNode } from "./membership.ts";

/** Counts for how many own beats each other node was silent. */
export class Lease {
  readonly #beats: number;
  readonly #heard = new Map<number, number>(); // the own beats when a node was heard, by its incarnation
  #own = 0;

  /** @param beats After how many own beats the lease of a node is over. */
  constructor(beats = LEASE_BEATS) {
    this.#beats = beats;
  }

  /** A batch of a node was applied. */
  heard(incarnation: number): void {
    this.#heard.set(incarnation, this.#own);
  }

  /** An own beat was handed back. Returns the nodes that were silent for the whole lease. */
  beat(others: readonly LivingNode[]): LivingNode[] {
    this.#own++;
    for (const { incarnation } of others) {
      if (!this.#heard.has(incarnation)) this.#heard.set(incarnation, this.#own - 1);
    }
    return others.filter(({ incarnation }) => this.#own - this.#heard.get(incarnation)! >= this.#beats);
  }

  /** A node is gone. */
  gone(incarnation: number): void {
    this.#heard.delete(incarnation);
  }

  /** Begins anew, as this node has joined just now. */
  reset(): void {
    this.#heard.clear();
    this.#own = 0;
  }
}
