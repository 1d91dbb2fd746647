/** Read markers that wait to be stored: each account has a share, so that one which sets many delays no other. */
import { READ_MARKERS_MAX } from "../chat/read_marker_store.ts";

/** The most markers that wait, and the most of one account. Of more, the one of the same account that waits longest is dropped; if it has none, that of the account whose turn is next. */
export const PENDING_MAX = 10_000;
export const PENDING_OF_ACCOUNT = READ_MARKERS_MAX;

/** How many markers of an account are next to be stored before those of the next account are. */
const TURN = 20;

/** A marker that waits to be stored. */
export interface PendingMarker {
  readonly account: string;
  readonly target: string;
  readonly time: number;
}

/** The markers, by account and target. */
export class PendingMarkers {
  readonly #accounts = new Map<string, Map<string, number>>(); // the account whose turn it is first
  #size = 0;

  get size(): number {
    return this.#size;
  }

  get(account: string, target: string): number | undefined {
    return this.#accounts.get(account)?.get(target);
  }

  /** Adds a marker, unless a later one waits. */
  advance({ account, target, time }: PendingMarker): void {
    const own = this.#accounts.get(account) ?? new Map<string, number>();
    const before = own.get(target);
    if (before === undefined) {
      if (own.size >= PENDING_OF_ACCOUNT || (this.#size >= PENDING_MAX && own.size > 0)) {
        this.delete({ account, target: own.keys().next().value! });
      } else if (this.#size >= PENDING_MAX) this.#dropFirst();
      this.#size++;
    }
    this.#accounts.set(account, own.set(target, Math.max(time, before ?? time)));
  }

  delete({ account, target }: Pick<PendingMarker, "account" | "target">): void {
    const own = this.#accounts.get(account);
    if (own?.delete(target)) this.#size--;
    if (own?.size === 0) this.#accounts.delete(account);
  }

  /** Drops all markers of an account. */
  forget(account: string): void {
    this.#size -= this.#accounts.get(account)?.size ?? 0;
    this.#accounts.delete(account);
  }

  /** The markers that are next to be stored: some of each account. Nothing may be added or deleted meanwhile. */
  *next(): Generator<PendingMarker, void, void> {
    for (const [account, own] of this.#accounts) {
      for (const [target, time] of own.entries().take(TURN)) yield { account, target, time };
    }
  }

  /** Deletes markers that were stored. Their accounts have to wait for the others now. */
  confirm(stored: readonly PendingMarker[]): void {
    for (const marker of stored) this.delete(marker);
    for (const account of new Set(stored.map(({ account }) => account))) {
      const own = this.#accounts.get(account);
      if (own === undefined) continue;
      this.#accounts.delete(account);
      this.#accounts.set(account, own);
    }
  }

  /** Takes the markers of a target. */
  take(target: string): PendingMarker[] {
    const found: PendingMarker[] = [];
    for (const [account, own] of this.#accounts) {
      const time = own.get(target);
      if (time !== undefined) found.push({ account, target, time });
    }
    for (const marker of found) this.delete(marker);
    return found;
  }

  /** Drops the first marker of the account whose turn is next. */
  #dropFirst() {
    const [account, own] = this.#accounts.entries().next().value!;
    this.delete({ account, target: own.keys().next().value! });
  }
}
