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
  readonly #byNetwork = new NetworkPool<WhowasEntry>();

  /**
   * Adds an entry for a member that leaves or is about to change its nickname.
   *
   * @param at The time, in milliseconds since 1970.
   */
  add({ nick, user, host, realname, networks }: Member, at: number): void {
    const entry = { nick, user, host, realname, at };
    this.#entries.add(entry);
    this.#byNetwork.add(networks, entry);
    if (this.#entries.size <= WHOWAS_MAX) return;
    const oldest = this.#byNetwork.heaviest()!;
    this.#entries.delete(oldest);
    this.#byNetwork.delete(oldest);
  }

  /** The entries of a nickname, in any case, the newest first. */
  find(nick: string): WhowasEntry[] {
    const key = fold(nick);
    return [...this.#entries].filter((entry) => fold(entry.nick) === key).reverse();
  }
}
