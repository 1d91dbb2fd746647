/**
 * Which writers a stored line counts for: an account, or else a network, a host in it and a nick at that host.
 *
 * Stores see no addresses, only the cloaked hosts in the lines, so the server tells them which of those share a network.
 */
import { fold } from "../chat/names.ts";

/** The most hosts whose network is remembered; the one introduced first is forgotten first. */
export const HOSTS_MAX = 20_000;

/**
 * A writer with more than this share of a full room's lines, and more than so many, that wrote them faster than so many a
 * minute loses its own oldest lines, not the oldest of all. A flood is faster; an office behind one address, whose lines
 * count as one writer's, is slower even in a busy hour.
 */
export const FLOOD_SHARE = 1 / 4;
export const FLOOD_LINES = 20;
export const FLOOD_RATE = 30;

/**
 * A writer, or a part of one (a host of a network, a nick of a host), loses lines apart from others only if it has this
 * share of a flooded room, or of the whole: to find the lines of a smaller one takes too long. So others at an address that
 * a flood comes from keep theirs.
 */
export const FLOOD_PART = 1 / 256;
export const PART_SHARE = 1 / 16;

/** A line, as far as it tells who wrote it. */
export interface Written {
  readonly origin: string;
  readonly account?: string | null | undefined;
}

/** Names the writers of lines. */
export class Writers {
  readonly #networks = new Map<string, string>();

  /** How many hosts are remembered. */
  get size(): number {
    return this.#networks.size;
  }

  /** Remembers that a host is in a network. */
  introduce(host: string, network: string): void {
    if (this.#networks.has(host)) return;
    if (this.#networks.size >= HOSTS_MAX) this.#networks.delete(this.#networks.keys().next().value!);
    this.#networks.set(host, network);
  }

  /** The network that a host is in, if it was introduced. */
  networkOf(host: string): string | undefined {
    return this.#networks.get(host);
  }

  /** The writer that a line counts for in the first place: its account, or the network or host that it came from. */
  topOf({ origin, account }: Written): string {
    if (account) return accountKey(account);
    const host = hostOf(origin);
    return this.#networks.get(host) ?? host;
  }

  /**
   * All writers that a line counts for, each a part of the one before. An account is one writer, wherever it writes from.
   *
   * @param networkOf The network of a host, where another one is known than the one that was introduced.
   */
  of({ origin, account }: Written, networkOf = (host: string) => this.networkOf(host)): string[] {
    if (account) return [accountKey(account)];
    const host = hostOf(origin);
    const network = networkOf(host);
    const nick = `${fold(origin.slice(0, origin.indexOf("!")))}@${host}`;
    return network === undefined ? [host, nick] : [network, host, nick];
  }
}

/**
 * Whether a writer floods a room that can have so many lines.
 *
 * @param first When its first line there was said, in milliseconds since 1970, and its last one.
 */
export function isFlood(lines: number, most: number, first: number, last: number): boolean {
  return lines > most * FLOOD_SHARE && lines > FLOOD_LINES && lines * 60_000 > FLOOD_RATE * Math.max(0, last - first);
}

/** No host has the character in front. */
function accountKey(account: string): string {
  return `=${fold(account)}`;
}

function hostOf(origin: string): string {
  return origin.slice(origin.lastIndexOf("@") + 1);
}
