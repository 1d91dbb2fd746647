/**
 * Networks of addresses, and which of them an address is in: found in a few steps, however many there are.
 *
 * An address is a number of 128 bits, an IPv4 address the one that IPv6 has for it (RFC 4291, section 2.5.5.2).
 */
import { isIP } from "node:net";

const BITS = 128;

/** Where the numbers of IPv4 begin, and how many bits of them all have. */
const IPV4 = 0xffff_0000_0000n;
const IPV4_BITS = 96;

/** A network: the first bits of all addresses in it. */
export interface AddressRange {
  readonly prefix: bigint;
  readonly bits: number;
}

/** Things that belong to networks each. */
export class AddressRanges<T> {
  readonly #byBits = new Map<number, Map<bigint, T>>();

  /** What a network has already stays. */
  add({ prefix, bits }: AddressRange, thing: T): void {
    let known = this.#byBits.get(bits);
    if (known === undefined) this.#byBits.set(bits, known = new Map());
    if (!known.has(prefix)) known.set(prefix, thing);
  }

  /** What belongs to a network that an address is in, if anything. */
  of(address: string): T | undefined {
    const number = numberOf(address.replace(/%.*/, ""));
    if (number === undefined) return undefined;
    for (const [bits, known] of this.#byBits) {
      const thing = known.get(number >> BigInt(BITS - bits));
      if (thing !== undefined) return thing;
    }
    return undefined;
  }
}

/**
 * Reads an address, or a network as in `10.0.0.0/8`.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { readNetwork } from "./address_ranges.ts";
 *
 * assertEquals(readNetwork("::1/16"), { prefix: 0n, bits: 16 });
 * assertEquals(readNetwork("10.0.0.0/33"), undefined);
 * ```
 */
export function readNetwork(text: string): AddressRange | undefined {
  const [, address = "", length] = /^([^/%]+)(?:\/(\d{1,3}))?$/.exec(text) ?? [];
  const number = numberOf(address);
  if (number === undefined) return undefined;
  const before = address.includes(":") ? 0 : IPV4_BITS;
  const bits = before + Number(length ?? BITS - before);
  return bits > BITS ? undefined : { prefix: number >> BigInt(BITS - bits), bits };
}

/** Whether every IPv4 address is in a network. */
export function hasAll({ prefix, bits }: AddressRange): boolean {
  return bits <= IPV4_BITS && IPV4 >> BigInt(BITS - bits) === prefix;
}

/**
 * The network that an address counts as, where one customer is to count as one: itself with IPv4, its first 64 bits with
 * IPv6. Each has one name, however its addresses are written.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { network } from "./address_ranges.ts";
 *
 * assertEquals(network("192.0.2.7"), "192.0.2.7");
 * assertEquals(network("2001:db8::1"), "2001:db8:0:0");
 * assertEquals(network("::ffff:c000:207"), "192.0.2.7");
 * ```
 */
export function network(address: string): string {
  const number = numberOf(address.replace(/%.*/, ""));
  if (number === undefined) return address; // of a socket that is none of the Internet's
  if (number >> BigInt(BITS - IPV4_BITS) === IPV4 >> BigInt(BITS - IPV4_BITS)) return parts(number, 4, 8, 10).join(".");
  return parts(number >> 64n, 4, 16, 16).join(":");
}

/**
 * The network that an address counts as beside others, where several of them may be one customer's: 24 bits of IPv4, or
 * 48 of IPv6.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { widerNetwork } from "./address_ranges.ts";
 *
 * assertEquals(widerNetwork("192.0.2.7"), "192.0.2");
 * assertEquals(widerNetwork("2001:db8:1:2::3"), "2001:db8:1");
 * ```
 */
export function widerNetwork(address: string): string {
  return network(address).replace(/[.:][^.:]*$/, "");
}

/** The networks of a number of bits in which an address counts, the narrowest first, of IPv4 and of IPv6. */
const WIDTHS = [[32, 28, 24, 16], [64, 56, 48, 32]] as const;

/**
 * The networks in which an address counts where something is limited, the narrowest first: `network` and those around
 * it. As many for each address, so that limits can name a share for each level.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { networksOf } from "./address_ranges.ts";
 *
 * assertEquals(networksOf("192.0.2.77"), ["192.0.2.77", "192.0.2.64/28", "192.0.2.0/24", "192.0.0.0/16"]);
 * assertEquals(networksOf("2001:db8:1:203::1"), [
 *   "2001:db8:1:203",
 *   "2001:db8:1:200::/56",
 *   "2001:db8:1:0::/48",
 *   "2001:db8:0:0::/32",
 * ]);
 * assertEquals(networksOf("::ffff:c000:24d"), networksOf("192.0.2.77"));
 * ```
 */
export function networksOf(address: string): readonly string[] {
  const narrowest = network(address);
  const number = numberOf(address.replace(/%.*/, ""));
  if (number === undefined) return [narrowest]; // of a socket that is none of the Internet's
  const isIPv4 = !narrowest.includes(":");
  const wider = WIDTHS[isIPv4 ? 0 : 1].slice(1).map((bits) => {
    const zeros = BigInt(isIPv4 ? 32 - bits : BITS - bits);
    const first = number >> zeros << zeros;
    return isIPv4
      ? `${parts(first, 4, 8, 10).join(".")}/${bits}`
      : `${parts(first >> 64n, 4, 16, 16).join(":")}::/${bits}`;
  });
  return [narrowest, ...wider];
}

/** The last parts of a number, each of so many bits, written to a base. */
function parts(number: bigint, count: number, bits: number, base: number): string[] {
  return Array.from(
    { length: count },
    (_, n) => BigInt.asUintN(bits, number >> BigInt(bits * (count - 1 - n))).toString(base),
  );
}

function numberOf(address: string): bigint | undefined {
  const version = isIP(address);
  if (version === 0) return undefined;
  const [head = "", tail] = (version === 4 ? `::ffff:${address}` : address).split("::");
  const before = groups(head);
  const after = groups(tail ?? "");
  const zeros = Array<number>(8 - before.length - after.length).fill(0);
  return [...before, ...zeros, ...after].reduce((number, group) => number << 16n | BigInt(group), 0n);
}

/** Numbers of 16 bits, from groups of hexadecimal digits, the last two perhaps written as in IPv4. */
function groups(text: string): number[] {
  if (text === "") return [];
  return text.split(":").flatMap((group) => {
    if (!group.includes(".")) return [parseInt(group, 16)];
    const [a, b, c, d] = group.split(".").map(Number) as [number, number, number, number];
    return [a << 8 | b, c << 8 | d];
  });
}
