/** Which lines mention each account, for the history in memory: references to lines, some of which may be gone. */
import type { Said } from "../chat/events.ts";
import { fold } from "../chat/names.ts";
import { MENTIONS_MAX } from "../chat/store.ts";

/** The most mentions of all accounts together. Beyond that, the account with the most of them loses its older half. */
export const MENTIONS_TOTAL = 200_000;

/** How many mentions of an account there may be beyond {@linkcode MENTIONS_MAX} before the oldest are removed together. */
const SLACK = 100;

/** A room: all mentions in it share this object, so that they follow when it is renamed or deleted. */
interface Place {
  /** `undefined` once the room is deleted. */
  target: string | undefined;
}

/** A reference to a line. */
interface Mention {
  readonly place: Place;
  readonly id: number;
}

/** The mentions of all accounts. */
export class MemoryMentions {
  readonly #byAccount = new Map<string, Mention[]>(); // by folded name, the oldest first
  readonly #places = new Map<string, Place>(); // by target
  readonly #most: number;
  #total = 0;

  /** @param most The most mentions of all accounts together. */
  constructor(most: number = MENTIONS_TOTAL) {
    this.#most = most;
  }

  /** The number of mentions. */
  get size(): number {
    return this.#total;
  }

  /** Adds the mentions of a line, which has the greatest id so far. */
  add(target: string, { id, mentions }: Pick<Said, "id" | "mentions">): void {
    if (mentions === undefined) return;
    let place = this.#places.get(target);
    if (place === undefined) this.#places.set(target, place = { target });
    for (const account of new Set(mentions.map(fold))) {
      const all = this.#byAccount.get(account);
      if (all === undefined) this.#byAccount.set(account, [{ place, id }]);
      else all.push({ place, id });
      this.#total++;
      if (all !== undefined && all.length >= MENTIONS_MAX + SLACK) this.#removeOldest(all, all.length - MENTIONS_MAX);
      if (this.#total > this.#most) this.#cutLongest();
    }
  }

  /**
   * References to the lines that mention an account, the newest first, with smaller ids than `before`. Whether these lines are still
   * there is left to the caller.
   *
   * @param account The folded name.
   */
  *list(account: string, before: number): Generator<{ readonly target: string; readonly id: number }> {
    const all = this.#byAccount.get(account) ?? [];
    for (const { place: { target }, id } of all.slice(-MENTIONS_MAX).reverse()) {
      if (target !== undefined && id < before) yield { target, id };
    }
  }

  /** Forgets the mentions of an account, by its folded name. */
  forget(account: string): void {
    this.#total -= this.#byAccount.get(account)?.length ?? 0;
    this.#byAccount.delete(account);
  }

  /** Has the mentions in a room follow to its new target, which is free. */
  renameRoom(from: string, to: string): void {
    const place = this.#places.get(from);
    if (place === undefined) return;
    this.#places.delete(from);
    place.target = to;
    this.#places.set(to, place);
  }

  /** Drops the mentions in a target that is deleted. */
  deleteTarget(target: string): void {
    const place = this.#places.get(target);
    if (place === undefined) return;
    place.target = undefined;
    this.#places.delete(target);
  }

  clear(): void {
    this.#byAccount.clear();
    this.#places.clear();
    this.#total = 0;
  }

  #cutLongest() {
    let longest: Mention[] = [];
    for (const all of this.#byAccount.values()) if (all.length > longest.length) longest = all;
    this.#removeOldest(longest, Math.ceil(longest.length / 2));
  }

  #removeOldest(all: Mention[], count: number) {
    all.splice(0, count);
    this.#total -= count;
  }
}
