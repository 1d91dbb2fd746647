/**
 * Who is let in, before anything is spent on them: how many connections there may be, in all and from one network, how
 * many a minute, how many that have not said yet who they are; and nobody who is banned.
 *
 * A network is an IPv4 address or 64 bits of IPv6: what one customer has.
 */
import type { Bans } from "./bans.ts";
import { network } from "./cloak.ts";
import type { Cause, Gate, Refused } from "./transport/gate.ts";
import { TokenBucket } from "./transport/throttle.ts";

/** What is counted when somebody is refused here: few words that never change, for the log and the metrics. */
export type Reason = "full" | "too many from there" | "too many a minute" | "too many strangers" | "banned";

/** The most networks that are remembered for how often they connect. */
const NETWORKS_MAX = 100_000;

/** What there may be at the most; Infinity for as many as there are. */
export interface Limits {
  /** Connections in all. */
  readonly clients: number;
  /** Connections from one network. */
  readonly perNetwork: number;
  /** Connections a minute from one network; as many may come at once. */
  readonly perMinute: number;
  /** Connections that have not said yet who they are. */
  readonly strangers: number;
}

/** What is known of a network. */
interface Network {
  connections: number;
  readonly bucket: TokenBucket;
}

/** See the head of this file. */
export class Admission implements Gate {
  /** How many were refused, by the reason; those who were let in first, too, by its cause. */
  readonly refused = new Map<Reason | Cause, number>();

  readonly #name: string;
  readonly #limits: Limits;
  readonly #bans: Bans;
  readonly #networks = new Map<string, Network>();
  #connections = 0;
  #introduced = 0; // how many of them have said who they are

  /** @param name The server's. */
  constructor(name: string, limits: Limits, bans: Bans) {
    this.#name = name;
    this.#limits = limits;
    this.#bans = bans;
  }

  /** Connections there are, and those of them that have not said who they are. */
  get connections(): number {
    return this.#connections;
  }

  get strangers(): number {
    return Math.max(0, this.#connections - this.#introduced);
  }

  enter(address: string): Refused | undefined {
    const reason = this.#reason(address);
    if (reason !== undefined) {
      this.count(reason);
      return { told: this.#sentence(reason, address), reason };
    }
    this.#network(address).connections++;
    this.#connections++;
  }

  /** Counts somebody who was refused. */
  count(reason: Reason | Cause): void {
    this.refused.set(reason, (this.refused.get(reason) ?? 0) + 1);
  }

  leave(address: string): void {
    this.#connections--;
    this.#network(address).connections--;
  }

  /** Somebody has said who they are: no stranger any more … */
  introduced(): void {
    this.#introduced++;
  }

  /** … until they are gone. */
  gone(): void {
    this.#introduced--;
  }

  #reason(address: string): Reason | undefined {
    const { clients, perNetwork, perMinute, strangers } = this.#limits;
    if (this.#bans.ofAddress(address) !== undefined) return "banned";
    if (this.#connections >= clients) return "full";
    const from = this.#network(address);
    if (from.connections >= perNetwork) return "too many from there";
    if (this.strangers >= strangers) return "too many strangers";
    if (perMinute === Infinity) return undefined;
    if (from.bucket.wait(performance.now()) > 0) return "too many a minute";
    from.bucket.take();
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
        return `Too many are coming in to ${this.#name} at once. Try again in a moment.`;
      case "too many a minute":
        return "You connect too often. Try again in a minute.";
    }
  }

  #network(address: string): Network {
    const key = network(address);
    let known = this.#networks.get(key);
    if (known === undefined) {
      if (this.#networks.size >= NETWORKS_MAX) this.#forget();
      const { perMinute } = this.#limits;
      const most = Math.min(perMinute, Number.MAX_SAFE_INTEGER);
      known = { connections: 0, bucket: new TokenBucket(most / 60, most, performance.now()) };
      this.#networks.set(key, known);
    }
    return known;
  }

  /** Makes room: networks that nobody is here from, the oldest first, half of them. */
  #forget() {
    let left = NETWORKS_MAX / 2;
    for (const [key, { connections }] of this.#networks) {
      if (connections > 0) continue;
      this.#networks.delete(key);
      if (--left === 0) return;
    }
  }
}
