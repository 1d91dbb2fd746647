/**
 * Limits connections when they are accepted: in total, from one network, a minute, and unregistered ones; and rejects
 * banned addresses.
 *
 * A network is what one customer has: an IPv4 address or an IPv6 /64. A connection also counts in the wider networks around
 * it, whose limits are multiples of that of one network. When a limit is reached, the oldest unregistered connection of the
 * network that has most is evicted for the new one, so that silent connections do not keep other clients out. A registered
 * connection is never evicted.
 */
import type { Bans } from "../moderation/bans.ts";
import type { Admission, Cause, Evictable, Rejection } from "../transport/admission.ts";
import { networksOf } from "../util/address_ranges.ts";
import { NetworkLimiter, SHARES } from "../util/network_limiter.ts";
import { NetworkPool } from "../util/network_pool.ts";

/** Why a connection is rejected or evicted here. The log and the metrics name reasons so; they do not change. */
export type Reason = "full" | "too many from there" | "too many a minute" | "too many strangers" | "banned";

/**
 * The share of all unregistered connections that one network may have, and those around it, the narrowest first. No network
 * can use up the limit of unregistered connections alone. At least one connection is allowed.
 */
export const UNREGISTERED_SHARES: readonly number[] = [1 / 10, 1 / 4, 1 / 4, 1 / 2];

const MINUTE = 60_000;

/** The limits; Infinity for none. */
export interface ConnectionLimitOptions {
  /** Connections in total. */
  readonly clients: number;
  /** Connections from one network; the networks around it have {@linkcode SHARES} times as many. */
  readonly perNetwork: number;
  /** New connections a minute from one network, all of which may come at once; shares likewise. */
  readonly perMinute: number;
  /** Unregistered connections in total. */
  readonly unregistered: number;
}

/** A limit that is reached. */
interface ReachedLimit {
  readonly reason: Reason;
  /** The network whose limit it is; `undefined` for a limit on the total. */
  readonly network?: string;
}

/** Counts the connections of a server and decides on new ones. */
export class ConnectionLimits implements Admission {
  /** How many connections were rejected, by reason; those that were rejected after they had been accepted, by cause. */
  readonly rejected = new Map<Reason | Cause, number>();
  /** How many connections were evicted, by the limit that was reached. */
  readonly evicted = new Map<Reason, number>();

  readonly #name: string;
  readonly #limits: ConnectionLimitOptions;
  readonly #bans: Bans;
  readonly #onEvicted: (peer: string, reason: Reason) => void;
  readonly #networks = new Map<Evictable, readonly string[]>(); // of each connection
  readonly #connections = new Map<string, number>(); // how many there are, by network of any width
  readonly #unregistered = new NetworkPool<Evictable>();
  readonly #rate: NetworkLimiter;

  /**
   * @param name The server's name.
   * @param onEvicted Called for each evicted connection, with the limit that was reached.
   */
  constructor(
    name: string,
    limits: ConnectionLimitOptions,
    bans: Bans,
    onEvicted: (peer: string, reason: Reason) => void = () => {},
  ) {
    this.#name = name;
    this.#limits = limits;
    this.#bans = bans;
    this.#onEvicted = onEvicted;
    this.#rate = new NetworkLimiter({ limit: limits.perMinute, time: MINUTE });
  }

  /** How many connections there are. */
  get connections(): number {
    return this.#networks.size;
  }

  /** How many of them have not registered. */
  get unregistered(): number {
    return this.#unregistered.size;
  }

  admit(address: string, evictable: Evictable): Rejection | undefined {
    if (this.#bans.findByAddress(address) !== undefined) return this.#reject("banned", address);
    const networks = networksOf(address);
    const reached = this.#reached(networks);
    const victim = reached === undefined ? undefined : this.#victim(reached, networks);
    if (reached !== undefined && victim === undefined) return this.#reject(reached.reason, address);
    if (!this.#rate.take(networks, performance.now())) return this.#reject("too many a minute", address);
    if (reached !== undefined && victim !== undefined) this.#evict(victim, reached.reason);
    this.#networks.set(evictable, networks);
    this.#unregistered.add(networks, evictable);
    for (const name of networks) this.#connections.set(name, (this.#connections.get(name) ?? 0) + 1);
  }

  /** Counts a connection that was rejected elsewhere. */
  count(reason: Reason | Cause): void {
    this.rejected.set(reason, (this.rejected.get(reason) ?? 0) + 1);
  }

  release(_address: string, evictable: Evictable): void {
    this.#remove(evictable);
  }

  /** Records that a connection has registered: from now on it cannot be evicted. */
  registered(evictable: Evictable): void {
    this.#unregistered.delete(evictable);
  }

  /** What the client of an evicted connection, or of one rejected for `too many strangers`, is told. */
  get crowded(): string {
    return `Too many clients are connecting to ${this.#name} at once. Try again in a moment.`;
  }

  #remove(evictable: Evictable) {
    const networks = this.#networks.get(evictable);
    if (networks === undefined) return; // evicted
    this.#networks.delete(evictable);
    this.#unregistered.delete(evictable);
    for (const name of networks) {
      const left = this.#connections.get(name)! - 1;
      if (left === 0) this.#connections.delete(name);
      else this.#connections.set(name, left);
    }
  }

  /**
   * The limit that one more connection would exceed. That of the narrowest network comes first: a connection evicted there
   * makes room in all wider networks, too.
   */
  #reached(networks: readonly string[]): ReachedLimit | undefined {
    const { clients, perNetwork, unregistered } = this.#limits;
    for (const [i, network] of networks.entries()) {
      if (perNetwork === Infinity) break; // all clients may have the same address
      if ((this.#connections.get(network) ?? 0) >= perNetwork * SHARES[i]!) {
        return { reason: "too many from there", network };
      }
      if (this.#unregistered.count(network) >= unregistered * UNREGISTERED_SHARES[i]!) {
        return { reason: "too many strangers", network };
      }
    }
    if (this.connections >= clients) return { reason: "full" };
    return this.unregistered >= unregistered ? { reason: "too many strangers" } : undefined;
  }

  /**
   * The connection to evict for a new one: `undefined` if all have registered, or if it is the only unregistered one of the
   * new connection's own network.
   */
  #victim({ network }: ReachedLimit, [narrowest = ""]: readonly string[]): Evictable | undefined {
    const victim = this.#unregistered.heaviest(network);
    if (victim === undefined) return undefined;
    const same = this.#networks.get(victim)![0] === narrowest;
    return same && this.#unregistered.count(narrowest) === 1 ? undefined : victim;
  }

  #evict(evictable: Evictable, reason: Reason) {
    const { peer } = evictable;
    this.#remove(evictable); // now, as closing it may take a while
    this.evicted.set(reason, (this.evicted.get(reason) ?? 0) + 1);
    this.#onEvicted(peer, reason);
    evictable.evict();
  }

  #reject(reason: Reason, address: string): Rejection {
    this.count(reason);
    return { message: this.#sentence(reason, address), reason };
  }

  /** The sentence that the client is told. */
  #sentence(reason: Reason, address: string): string {
    switch (reason) {
      case "banned":
        return `You are banned from this server: ${this.#bans.findByAddress(address)?.reason}`;
      case "full":
        return `${this.#name} is full. Try again later.`;
      case "too many from there":
        return "Too many connections from your address. Close one first.";
      case "too many strangers":
        return this.crowded;
      case "too many a minute":
        return "Too many new connections from your address. Try again in a minute.";
    }
  }
}
