/**
 * Which writers a stored line counts for: an account; or else a network, a host in it and a nickname at that host.
 *
 * Stores see no addresses, only the cloaked hosts in the lines. The server tells them which hosts share a network.
 */
import { fold } from "../chat/names.ts";
import { nickOf } from "./rows.ts";

/** The most hosts whose network is stored. Above that, the host that was added first is removed. */
export const HOSTS_MAX = 20_000;

/**
 * A writer floods a full room if it has more than this share of the room's lines, has more than this number of lines, and
 * wrote them faster than this number a minute. Then it loses its own oldest lines. An office behind one address, which
 * counts as one writer, is slower than that even in a busy hour.
 */
export const FLOOD_SHARE = 1 / 4;
export const FLOOD_LINES = 20;
export const FLOOD_RATE = 30;

/**
 * The smallest share of a flooded room (`FLOOD_PART`), or of the room or file otherwise (`PART_SHARE`), with which a
 * writer, or a part of one, loses lines apart from others. Finding the lines of a smaller one would take too long. So
 * others at the address of a flood do not lose theirs.
 */
export const FLOOD_PART = 1 / 256;
export const PART_SHARE = 1 / 16;

/** What tells who wrote a line. */
export interface LineAuthor {
  /** As `nick!user@host`. */
  readonly origin: string;
  readonly account?: string | null | undefined;
}

/** Maps lines to the keys of their writers. */
export class Writers {
  readonly #networks = new Map<string, string>(); // by host

  /** How many hosts are stored. */
  get size(): number {
    return this.#networks.size;
  }

  /** Stores the network of a host. A host that is already known keeps its network. */
  setNetwork(host: string, network: string): void {
    if (this.#networks.has(host)) return;
    if (this.#networks.size >= HOSTS_MAX) this.#networks.delete(this.#networks.keys().next().value!);
    this.#networks.set(host, network);
  }

  /** The network of a host, if it is known. */
  networkOf(host: string): string | undefined {
    return this.#networks.get(host);
  }

  /** The largest writer that a line counts for: its account, or else its network, or else its host. */
  largestOf({ origin, account }: LineAuthor): string {
    if (account) return accountKey(account);
    const host = hostOf(origin);
    return this.#networks.get(host) ?? host;
  }

  /**
   * All writers that a line counts for, each a part of the one before. An account is one writer, wherever it writes from.
   *
   * @param networkOf Replaces {@linkcode networkOf}.
   */
  allOf({ origin, account }: LineAuthor, networkOf = (host: string) => this.networkOf(host)): string[] {
    if (account) return [accountKey(account)];
    const host = hostOf(origin);
    const network = networkOf(host);
    const nick = `${fold(nickOf(origin))}@${host}`;
    return network === undefined ? [host, nick] : [network, host, nick];
  }
}

/**
 * Whether a writer floods a room.
 *
 * @param lines The number of its lines in the room.
 * @param most The most lines that the room can have.
 * @param first When its first line there was said, in milliseconds since 1970.
 * @param last When the last line there was said, likewise.
 */
export function isFlood(lines: number, most: number, first: number, last: number): boolean {
  return lines > most * FLOOD_SHARE && lines > FLOOD_LINES && lines * 60_000 > FLOOD_RATE * (last - first);
}

/** The key of an account. It starts with a character that no host has. */
function accountKey(account: string): string {
  return `=${fold(account)}`;
}

function hostOf(origin: string): string {
  return origin.slice(origin.lastIndexOf("@") + 1);
}
