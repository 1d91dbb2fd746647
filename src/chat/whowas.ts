/** The presence history (RFC 2812, section 3.6.3, WHOWAS): nicknames that were in use until lately. */
import { NetworkPool } from "../util/network_pool.ts";
import type { Member } from "./member.ts";
import { fold } from "./names.ts";

/** The most entries. */
export const WHOWAS_MAX = 1000;

/** A nickname that was given up, and its member at that time. */
export interface WhowasEntry {
  readonly nick: string;
  readonly user: string;
  readonly host: string;
  readonly realname: string;
  /** When the nickname was given up, in milliseconds since 1970. */
  readonly at: number;
}

/** A bounded list of entries. A new one that does not fit replaces the oldest of the network that has most. */
export class Whowas {
  readonly #entries = new Set<WhowasEntry>(); // the oldest first
  #byNetwork = new NetworkPool<WhowasEntry>();

  /**
   * Adds an entry for a member that leaves or is about to change its nickname.
   *
   * @param at The time, in milliseconds since 1970.
   */
  add({ nick, user, host, realname, networks }: Member, at: number): void {
    this.restore({ nick, user, host, realname, at }, networks);
  }

  /** Adds an entry. @param networks Those of its member, the narrowest first. */
  restore(entry: WhowasEntry, networks: readonly string[]): void {
    this.#entries.add(entry);
    this.#byNetwork.add(networks, entry);
    if (this.#entries.size <= WHOWAS_MAX) return;
    const oldest = this.#byNetwork.heaviest()!;
    this.#entries.delete(oldest);
    this.#byNetwork.delete(oldest);
  }

  /** The entries with the networks of their members, the oldest first. */
  *entries(): Iterable<[entry: WhowasEntry, networks: string[]]> {
    for (const entry of this.#entries) yield [entry, this.#byNetwork.networksOfItem(entry)];
  }

  /** Which networks lose an entry first: see {@linkcode NetworkPool.ranking}. */
  ranking(): Iterable<string[]> {
    return this.#byNetwork.ranking();
  }

  /** Restores what `ranking` returned, one by one, after the entries. */
  rank(networks: readonly string[]): void {
    this.#byNetwork.rank(networks);
  }

  clear(): void {
    this.#entries.clear();
    this.#byNetwork = new NetworkPool();
  }

  /** The entries of a nickname, in any case, the newest first. */
  find(nick: string): WhowasEntry[] {
    const key = fold(nick);
    return [...this.#entries].filter((entry) => fold(entry.nick) === key).reverse();
  }
}
