/**
 * What others may see of an address: something that stays the same for it, so that it can be banned, and tells nothing.
 */
import { createHmac } from "node:crypto";
import { network } from "./networks.ts";

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
