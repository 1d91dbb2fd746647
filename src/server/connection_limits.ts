/**
 * Limits connections before anything is spent on them: how many there may be, in all and from one network, how many a
 * minute, how many that have not registered; and rejects banned addresses.
 *
 * A network is an IPv4 address or 64 bits of IPv6: what one customer has. Some have more, so each counts in the wider
 * networks around it as well, which have shares. Where there are as many connections as may be, the oldest unregistered
 * one of the heaviest network goes: silent connections keep no other client out. One that has registered stays.
 */
import type { Bans } from "../moderation/bans.ts";
import { networksOf } from "../util/address_ranges.ts";
import type { Admission, Cause, Evictable, Rejection } from "../transport/admission.ts";
import { NetworkLimiter, SHARES } from "../util/network_limiter.ts";
import { NetworkPool } from "../util/network_pool.ts";

/** What is counted when somebody is refused here: few words that never change, for the log and the metrics. */
export type Reason = "full" | "too many from there" | "too many a minute" | "too many strangers" | "banned";

/**
 * What part of all unregistered connections there may be one network can have, and those around it, the narrowest first;
 * one connection at the least.
 */
export const UNREGISTERED_SHARES: readonly number[] = [1 / 10, 1 / 4, 1 / 4, 1 / 2];

const MINUTE = 60_000;

/** What there may be at the most; Infinity for as many as there are. */
export interface ConnectionLimitOptions {
  /** Connections in all. */
  readonly clients: number;
  /** Connections from one network; those around it have {@linkcode SHARES}. */
  readonly perNetwork: number;
  /** Connections a minute from one network, likewise; as many may come at once. */
  readonly perMinute: number;
  /** Connections that have not registered. */
  readonly unregistered: number;
}

/** A limit that is reached. */
interface Reached {
  readonly reason: Reason;
  /** The network whose limit it is; none, if it is that of all. */
  readonly network?: string;
}

/** See the head of this file. */
export class ConnectionLimits implements Admission {
  /** How many were refused, by the reason; those who were let in first, too, by its cause. */
  readonly refused = new Map<Reason | Cause, number>();
  /** How many were evicted, by the limit that was reached. */
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
   * @param name The server's.
   * @param onEvicted Told of each connection that is evicted, and which limit was reached.
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

  /** Connections there are, and those of them that have not registered. */
  get connections(): number {
    return this.#networks.size;
  }

  get unregistered(): number {
    return this.#unregistered.size;
  }

  enter(address: string, evictable: Evictable): Rejection | undefined {
    if (this.#bans.ofAddress(address) !== undefined) return this.#refuse("banned", address);
    const networks = networksOf(address);
    const reached = this.#reached(networks);
    const last = reached === undefined ? undefined : this.#last(reached, networks);
    if (reached !== undefined && last === undefined) return this.#refuse(reached.reason, address);
    if (!this.#rate.take(networks, performance.now())) return this.#refuse("too many a minute", address);
    if (reached !== undefined && last !== undefined) this.#evict(last, reached.reason);
    this.#networks.set(evictable, networks);
    this.#unregistered.add(networks, evictable);
    for (const name of networks) this.#connections.set(name, (this.#connections.get(name) ?? 0) + 1);
  }

  /** Counts somebody who was refused. */
  count(reason: Reason | Cause): void {
    this.refused.set(reason, (this.refused.get(reason) ?? 0) + 1);
  }

  leave(_address: string, evictable: Evictable): void {
    this.#forget(evictable);
  }

  #forget(evictable: Evictable) {
    const networks = this.#networks.get(evictable);
    if (networks === undefined) return; // it was evicted
    this.#networks.delete(evictable);
    this.#unregistered.delete(evictable);
    for (const name of networks) {
      const left = this.#connections.get(name)! - 1;
      if (left === 0) this.#connections.delete(name);
      else this.#connections.set(name, left);
    }
  }

  /** A connection has registered: it cannot be evicted any longer. */
  registered(evictable: Evictable): void {
    this.#unregistered.delete(evictable);
  }

  /** The limit that one more connection would be above: that of the narrowest network, as a place that is free there is free in all wider ones. */
  #reached(networks: readonly string[]): Reached | undefined {
    const { clients, perNetwork, unregistered } = this.#limits;
    for (const [i, network] of networks.entries()) {
      if (perNetwork === Infinity) break; // all may come from one place
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

  /** Who goes for one more from some networks; none, if all have registered, or it is the only one from there itself. */
  #last({ network }: Reached, [narrowest = ""]: readonly string[]): Evictable | undefined {
    const last = this.#unregistered.heaviest(network);
    if (last === undefined) return undefined;
    const same = this.#networks.get(last)![0] === narrowest;
    return same && this.#unregistered.count(narrowest) === 1 ? undefined : last;
  }

  #evict(evictable: Evictable, reason: Reason) {
    const { peer } = evictable;
    this.#forget(evictable); // at once, as it may take a while to go
    this.evicted.set(reason, (this.evicted.get(reason) ?? 0) + 1);
    this.#onEvicted(peer, reason);
    evictable.evict();
  }

  #refuse(reason: Reason, address: string): Rejection {
    this.count(reason);
    return { message: this.#sentence(reason, address), reason };
  }

  /** What somebody is told: one plain sentence that says what to do. */
  #sentence(reason: Reason, address: string): string {
    switch (reason) {
      case "banned":
        return `You are banned from this server: ${this.#bans.ofAddress(address)?.reason}`;
      case "full":
        return `${this.#name} is full. Come back later.`;
      case "too many from there":
        return "Too many connections from your address. Close one first.";
      case "too many strangers":
        return this.crowded;
      case "too many a minute":
        return "You connect too often. Try again in a minute.";
    }
  }

  /** What is told to whom another connection is evicted for, if it can be. */
  get crowded(): string {
    return `Too many are coming in to ${this.#name} at once. Try again in a moment.`;
  }
}
