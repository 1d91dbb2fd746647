/**
 * Disconnects the slowest readers when the process uses more memory than `--max-memory`.
 *
 * The buffers of one client are bounded, but those of thousands of clients that do not read may together exceed the memory
 * of the machine. Below the limit no client is disconnected for it.
 */

/** How often memory use is checked, in milliseconds: buffers cannot grow by much in that time. */
export const CHECK_INTERVAL = 100;

/** Above the limit, clients are disconnected if all buffers together take more than this share of it … */
export const BUFFERED_MAX = 1 / 4;

/** … until they take at most this share, so that the next check does not disconnect more. */
export const BUFFERED_TARGET = 1 / 8;

/** Why such a connection ended. */
export const MEMORY_SHORT = "too slow to read while memory is short";

/** A client with buffers: a connection is one. */
export interface BufferedClient {
  /** The memory that its buffers take, in bytes. */
  readonly held: number;
  abort(reason: string): void;
}

/**
 * Disconnects the clients with the largest buffers, if memory use is above the limit because of buffers.
 *
 * @param limit The memory that the process may use, in bytes.
 * @param used The memory that it uses.
 * @returns How many clients were disconnected.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { disconnectSlowest } from "./memory_pressure.ts";
 *
 * const disconnected: number[] = [];
 * const clients = [10, 500, 0].map((held) => ({ held, abort: () => void disconnected.push(held) }));
 * assertEquals(disconnectSlowest(clients, 1000, 1000), 0); // not above the limit
 * assertEquals(disconnectSlowest(clients, 1000, 1001), 1);
 * assertEquals(disconnected, [500]);
 * ```
 */
export function disconnectSlowest(clients: Iterable<BufferedClient>, limit: number, used: number): number {
  if (used <= limit) return 0;
  const all = [...clients].map((client) => ({ client, held: client.held }));
  let buffered = all.reduce((sum, { held }) => sum + held, 0);
  if (buffered <= limit * BUFFERED_MAX) return 0; // the memory is used for something else
  all.sort((a, b) => b.held - a.held);
  let disconnected = 0;
  while (buffered > limit * BUFFERED_TARGET) {
    const { client, held } = all[disconnected++]!;
    buffered -= held;
    client.abort(MEMORY_SHORT);
  }
  return disconnected;
}
