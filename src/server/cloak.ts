/**
 * What others may see of an address: something that stays the same for it, so that it can be banned, and tells nothing.
 */
import { createHmac } from "node:crypto";
import { isIPv4 } from "node:net";
import { network, widerNetwork } from "../util/address_ranges.ts";

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
    return `${this.#hash(network(address))}.hidden`;
  }

  /**
   * What a network of 48 bits of IPv6 is called where what it stores is counted; no member is shown it.
   *
   * @returns `undefined` for IPv4, where each address is counted alone.
   */
  networkOf(address: string): string | undefined {
    return isIPv4(network(address)) ? undefined : `${this.#hash(widerNetwork(address))}.network`;
  }

  #hash(name: string): string {
    return createHmac("sha256", this.#secret).update(name).digest("hex").slice(0, 12);
  }
}
