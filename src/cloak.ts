/**
 * What others may see of an address: something that stays the same for it, so that it can be banned, and tells nothing.
 */
import { createHmac } from "node:crypto";

/** Hides addresses, each behind a host name of its own. */
export class Cloak {
  readonly #secret: Uint8Array;

  /** @param secret Whoever knows it can find out what is hidden. The same secret makes the same names. */
  constructor(secret: Uint8Array) {
    this.#secret = secret;
  }

  /**
   * @param address An IP address. Those of one IPv6 network of 64 bits are one: that is what a customer gets.
   * @returns Twelve hexadecimal digits and `.hidden`.
   */
  of(address: string): string {
    const digest = createHmac("sha256", this.#secret).update(network(address)).digest("hex");
    return `${digest.slice(0, 12)}.hidden`;
  }
}

/**
 * The network that an address counts as: itself with IPv4, its first 64 bits with IPv6.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { network } from "./cloak.ts";
 *
 * assertEquals(network("192.0.2.7"), "192.0.2.7");
 * assertEquals(network("2001:db8::1"), "2001:db8:0:0");
 * assertEquals(network("::ffff:192.0.2.7"), "192.0.2.7");
 * ```
 */
export function network(address: string): string {
  const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(address);
  if (mapped !== null) return mapped[1]!;
  if (!address.includes(":")) return address;
  const [head = "", tail] = address.replace(/%.*/, "").toLowerCase().split("::");
  const groups = head === "" ? [] : head.split(":");
  const after = tail === undefined || tail === "" ? [] : tail.split(":");
  if (tail !== undefined) { while (groups.length + after.length < 8) groups.push("0"); }
  return [...groups, ...after].slice(0, 4).map((group) => group.replace(/^0+(?=.)/, "")).join(":");
}
