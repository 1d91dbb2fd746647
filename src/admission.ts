/**
 * Who is let in, before anything is spent on them: how many connections there may be, in all and from one network, how
 * many a minute, how many that have not said yet who they are; and nobody who is banned.
 *
 * A network is an IPv4 address or 64 bits of IPv6: what one customer has. Some have more, so strangers are counted in the
 * wider networks of 24 and 48 bits, too: nobody alone can be all the strangers there may be, and keep others out.
 */
import type { Bans } from "./bans.ts";
import { network, widerNetwork } from "./networks.ts";
import type { Cause, Gate, Refused } from "./transport/gate.ts";
import { TokenBucket } from "./util/token_bucket.ts";

/** What is counted when somebody is refused here: few words that never change, for the log and the metrics. */
export type Reason = "full" | "too many from there" | "too many a minute" | "too many strangers" | "banned";

/** The most networks that are remembered for how often they connect. */
const NETWORKS_MAX = 100_000;

/** What part of all strangers there may be one network can have, and one wider network; one stranger at the least. */
export const NETWORK_SHARE = 1 / 10;
export const WIDER_SHARE = 1 / 4;

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

/** How many are in from somewhere. */
interface Presence {
  connections: number;
  /** Of these, those who have said who they are. */
  introduced: number;
}

/** What is known of a network. */
interface Network extends Presence {
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
  readonly #wider = new Map<string, Presence>(); // those that somebody is here from
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
    return strangersOf({ connections: this.#connections, introduced: this.#introduced });
  }

  enter(address: string): Refused | undefined {
    const reason = this.#reason(address);
    if (reason !== undefined) {
      this.count(reason);
      return { told: this.#sentence(reason, address), reason };
    }
    this.#connections++;
    this.#count(address, "connections", 1);
  }

  /** Counts somebody who was refused. */
  count(reason: Reason | Cause): void {
    this.refused.set(reason, (this.refused.get(reason) ?? 0) + 1);
  }

  leave(address: string): void {
    this.#connections--;
    this.#count(address, "connections", -1);
  }

  /** Somebody has said who they are: no stranger any more … */
  introduced(address: string): void {
    this.#introduced++;
    this.#count(address, "introduced", 1);
  }

  /** … until they are gone. */
  gone(address: string): void {
    this.#introduced--;
    this.#count(address, "introduced", -1);
  }

  #count(address: string, what: keyof Presence, change: 1 | -1) {
    this.#network(address)[what] += change;
    const key = widerNetwork(address);
    const wider = this.#wider.get(key) ?? { connections: 0, introduced: 0 };
    wider[what] += change;
    if (wider.connections === 0 && wider.introduced === 0) this.#wider.delete(key);
    else this.#wider.set(key, wider);
  }

  #reason(address: string): Reason | undefined {
    const { clients, perNetwork, perMinute, strangers } = this.#limits;
    if (this.#bans.ofAddress(address) !== undefined) return "banned";
    if (this.#connections >= clients) return "full";
    const from = this.#network(address);
    if (from.connections >= perNetwork) return "too many from there";
    if (this.strangers >= strangers) return "too many strangers";
    if (perNetwork < Infinity) { // else all may come from one place
      const wider = this.#wider.get(widerNetwork(address));
      if (strangersOf(from) >= strangers * NETWORK_SHARE) return "too many strangers";
      if (wider && strangersOf(wider) >= strangers * WIDER_SHARE) return "too many strangers";
    }
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
      known = { connections: 0, introduced: 0, bucket: new TokenBucket(most / 60, most, performance.now()) };
      this.#networks.set(key, known);
    }
    return known;
  }

  /** Makes room: networks that nobody is here from, the oldest first, half of them. */
  #forget() {
    let left = NETWORKS_MAX / 2;
    for (const [key, { connections, introduced }] of this.#networks) {
      if (connections > 0 || introduced > 0) continue;
      this.#networks.delete(key);
      if (--left === 0) return;
    }
  }
}

/** How many have not said who they are. Whoever has, and has just hung up, may be no connection any more. */
function strangersOf({ connections, introduced }: Presence): number {
  return Math.max(0, connections - introduced);
}
