/**
 * Limits log lines by network, so that one client cannot fill the log.
 */
import { NetworkLimiter } from "../util/network_limiter.ts";

/** How many lines a minute about failed logins, or about other rejected requests, one network may cause. */
export const LINES_PER_MINUTE = 5;

/** The most networks for which left out lines are counted. */
export const MISSED_MAX = 10_000;

/** Limits the log lines of each network in a period, and counts the lines that were left out. */
export class LogLimiter {
  readonly #limiter: NetworkLimiter;
  readonly #clock: { now(): number };
  readonly #missed = new Map<string, number>(); // by narrowest network; the network limited last is the last entry

  /**
   * @param limit How many lines in `time`.
   * @param time In milliseconds.
   * @param clock A monotonic clock, in milliseconds.
   */
  constructor(limit: number, time: number, clock: { now(): number } = performance) {
    this.#limiter = new NetworkLimiter({ limit, time });
    this.#clock = clock;
  }

  /**
   * Decides whether a line may be logged, and counts it.
   *
   * @param networks The client's networks, as `networksOf` returns them.
   * @returns How many lines of the client's narrowest network were left out before this one; `undefined` if this one has to
   * be left out, too.
   *
   * @example
   * ```ts
   * import { assertEquals } from "@std/assert";
   * import { LogLimiter } from "./log_limiter.ts";
   *
   * let time = 0;
   * const limiter = new LogLimiter(1, 1000, { now: () => time });
   * assertEquals(limiter.take(["192.0.2.1"]), { missed: 0 });
   * assertEquals(limiter.take(["192.0.2.1"]), undefined);
   * time = 1000;
   * assertEquals(limiter.take(["192.0.2.1"]), { missed: 1 });
   * ```
   */
  take(networks: readonly string[]): { readonly missed: number } | undefined {
    const [network = ""] = networks;
    const missed = this.#missed.get(network) ?? 0;
    this.#missed.delete(network);
    if (this.#limiter.take(networks, this.#clock.now())) return { missed };
    if (this.#missed.size >= MISSED_MAX) this.#missed.delete(this.#missed.keys().next().value!);
    this.#missed.set(network, missed + 1);
    return undefined;
  }
}
