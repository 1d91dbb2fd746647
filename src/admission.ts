/**
 * Who is let in, before anything is spent on them: how many connections there may be, in all and from one network, how
 * many a minute, how many that have not said yet who they are; and nobody who is banned.
 *
 * A network is an IPv4 address or 64 bits of IPv6: what one customer has.
 */
import type { Bans } from "./bans.ts";
import { network } from "./cloak.ts";
import { TokenBucket } from "./transport/throttle.ts";

/** What is counted when somebody is refused: few words that never change, for the log and the metrics. */
export type Refused = "full" | "too many from there" | "too many a minute" | "too many strangers" | "banned";

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
export class Admission {
  /** How many were refused, by the reason. */
  readonly refused = new Map<Refused, number>();

  readonly #limits: Limits;
  readonly #bans: Bans;
  readonly #networks = new Map<string, Network>();
  #connections = 0;
  #strangers = 0;

  constructor(limits: Limits, bans: Bans) {
    this.#limits = limits;
    this.#bans = bans;
  }

  /** Connections there are, and those of them that have not said who they are. */
  get connections(): number {
    return this.#connections;
  }

  get strangers(): number {
    return this.#strangers;
  }

  /**
   * Lets a connection in, unless there is a reason not to. One that is let in has to `leave`.
   *
   * @returns The reason.
   */
  enter(address: string): Refused | undefined {
    const reason = this.#reason(address);
    if (reason !== undefined) {
      this.refused.set(reason, (this.refused.get(reason) ?? 0) + 1);
      return reason;
    }
    const from = this.#network(address);
    from.connections++;
    this.#connections++;
    this.#strangers++;
    return undefined;
  }

  /** Somebody has said who they are: no stranger any more. */
  introduced(): void {
    this.#strangers--;
  }

  /**
   * A connection is gone.
   *
   * @param wasStranger Whether it never said who it is.
   */
  leave(address: string, wasStranger: boolean): void {
    this.#connections--;
    if (wasStranger) this.#strangers--;
    this.#network(address).connections--;
  }

  #reason(address: string): Refused | undefined {
    const { clients, perNetwork, perMinute, strangers } = this.#limits;
    if (this.#bans.ofAddress(address) !== undefined) return "banned";
    if (this.#connections >= clients) return "full";
    if (this.#strangers >= strangers) return "too many strangers";
    const from = this.#network(address);
    if (from.connections >= perNetwork) return "too many from there";
    if (perMinute === Infinity) return undefined;
    // Who is refused has tried, too: only who waits gets in.
    if (from.bucket.wait(performance.now()) > 0) return "too many a minute";
    from.bucket.take();
    return undefined;
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
