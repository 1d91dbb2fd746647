/**
 * Replaces addresses by host names that are stable, so that they can be banned, and that do not reveal the address.
 */
import { createHmac } from "node:crypto";
import { isIPv4 } from "node:net";
import { network, widerNetwork } from "../util/address_ranges.ts";

/** Makes host names by HMAC-SHA-256 of the network of an address. */
export class Cloak {
  readonly #secret: Uint8Array;

  /** @param secret The key of the HMAC. With the key, addresses can be found by trying all of them. */
  constructor(secret: Uint8Array) {
    this.#secret = secret;
  }

  /**
   * Returns the host name of an address, as other members see it.
   *
   * @param address An IP address. All addresses of an IPv6 /64, which is what one customer gets, have the same host name.
   * @returns Twelve hexadecimal digits and `.hidden`.
   */
  of(address: string): string {
    return `${this.#hash(network(address))}.hidden`;
  }

  /**
   * Returns a name for the IPv6 /48 of an address, by which its stored messages are counted. Members do not see it.
   *
   * @returns Twelve hexadecimal digits and `.network`; `undefined` for IPv4, where each address counts on its own.
   */
  networkOf(address: string): string | undefined {
    return isIPv4(network(address)) ? undefined : `${this.#hash(widerNetwork(address))}.network`;
  }

  #hash(name: string): string {
    return createHmac("sha256", this.#secret).update(name).digest("hex").slice(0, 12);
  }
}
