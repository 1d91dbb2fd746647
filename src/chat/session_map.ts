/** The sessions by id, in order of arrival, and how many each node of a cluster has. */
import { IDS_OF_NODE, type SessionId } from "./commands.ts";
import type { Session } from "./member.ts";

/** A map that counts as it changes: the counts are read for each client that registers, and each user of a WHO. */
export class SessionMap extends Map<SessionId, Session> {
  readonly #counts = new Map<number, number>(); // by the number of the node; only nodes with sessions

  /** How many sessions a node has. */
  countOf(node: number): number {
    return this.#counts.get(node) ?? 0;
  }

  override set(id: SessionId, session: Session): this {
    if (!this.has(id)) this.#count(id, 1);
    return super.set(id, session);
  }

  override delete(id: SessionId): boolean {
    const isDeleted = super.delete(id);
    if (isDeleted) this.#count(id, -1);
    return isDeleted;
  }

  override clear(): void {
    super.clear();
    this.#counts.clear();
  }

  #count(id: SessionId, change: number) {
    const node = Math.floor(id / IDS_OF_NODE);
    const count = this.countOf(node) + change;
    if (count === 0) this.#counts.delete(node);
    else this.#counts.set(node, count);
  }
}
