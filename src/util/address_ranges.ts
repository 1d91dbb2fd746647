/**
 * IP networks: parsing, lookup of the networks that contain an address, and the networks that limits count by.
 *
 * Addresses are numbers of 128 bits; an IPv4 address is treated as its IPv4-mapped IPv6 address (RFC 4291, section
 * 2.5.5.2).
 */
import { isIP, isIPv4 } from "node:net";

const BITS = 128;

/** The first IPv4-mapped address, and the number of leading bits that all of them share. */
const IPV4 = 0xffff_0000_0000n;
const IPV4_BITS = 96;

/** A network: all addresses that begin with `prefix`, a number of `bits` bits. */
export interface AddressRange {
  readonly prefix: bigint;
  readonly bits: number;
}

/**
 * A map from networks to values. A lookup takes one step for each prefix length in use, however many networks there are.
 */
export class AddressRanges<T> {
  readonly #byBits = new Map<number, Map<bigint, T>>();

  /** Whether it contains no networks. */
  get isEmpty(): boolean {
    return this.#byBits.size === 0;
  }

  /** Adds a network. If it has a value already, keeps that one. */
  add({ prefix, bits }: AddressRange, value: T): void {
    let values = this.#byBits.get(bits);
    if (values === undefined) this.#byBits.set(bits, values = new Map());
    if (!values.has(prefix)) values.set(prefix, value);
  }

  /** Returns the value of a network that contains an address; `undefined` if there is none. */
  find(address: string): T | undefined {
    const number = parseAddress(address);
    if (number === undefined) return undefined;
    for (const [bits, values] of this.#byBits) {
      const value = values.get(number >> BigInt(BITS - bits));
      if (value !== undefined) return value;
    }
    return undefined;
  }
}

/**
 * A set of addresses, given as addresses and networks.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { AddressSet } from "./address_ranges.ts";
 *
 * const local = new AddressSet(["127.0.0.0/8", "::1"]);
 * assertEquals(["127.0.0.2", "::ffff:127.0.0.1", "::1", "192.0.2.1"].map((it) => local.has(it)), [true, true, true, false]);
 * ```
 */
export class AddressSet {
  readonly #ranges = new AddressRanges<true>();

  /** @throws {RangeError} if one of `networks` is neither an address nor a network. */
  constructor(networks: Iterable<string> = []) {
    for (const network of networks) this.add(network);
  }

  /** Whether it contains no addresses. */
  get isEmpty(): boolean {
    return this.#ranges.isEmpty;
  }

  /** @throws {RangeError} if `network` is neither an address nor a network. */
  add(network: string): void {
    const range = parseNetwork(network);
    if (range === undefined) throw new RangeError(`Not an IP address or network: ${network}`);
    this.#ranges.add(range, true);
  }

  has(address: string): boolean {
    return this.#ranges.find(address) === true;
  }
}

/**
 * Parses an address, or a network such as `10.0.0.0/8`. Returns `undefined` if it is neither.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { parseNetwork } from "./address_ranges.ts";
 *
 * assertEquals(parseNetwork("::1/16"), { prefix: 0n, bits: 16 });
 * assertEquals(parseNetwork("10.0.0.0/33"), undefined);
 * ```
 */
export function parseNetwork(text: string): AddressRange | undefined {
  const [, address = "", length] = /^([^/%]+)(?:\/(\d{1,3}))?$/.exec(text) ?? [];
  const number = parseAddress(address);
  if (number === undefined) return undefined;
  const offset = address.includes(":") ? 0 : IPV4_BITS;
  const bits = offset + Number(length ?? BITS - offset);
  return bits > BITS ? undefined : { prefix: number >> BigInt(BITS - bits), bits };
}

/** Whether a network contains all IPv4 addresses. */
export function containsAllIPv4({ prefix, bits }: AddressRange): boolean {
  return bits <= IPV4_BITS && IPV4 >> BigInt(BITS - bits) === prefix;
}

/**
 * Returns the network by which an address is counted, which is usually one customer: an IPv4 address itself, or the first
 * 64 bits of an IPv6 address. The name is independent of the notation of the address.
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
  if (isIPv4(address)) return address; // it has one notation
  const number = parseAddress(address);
  if (number === undefined) return address; // not an IP socket
  if (number >> BigInt(BITS - IPV4_BITS) === IPV4 >> BigInt(BITS - IPV4_BITS)) return parts(number, 4, 8, 10).join(".");
  return parts(number >> 64n, 4, 16, 16).join(":");
}

/**
 * Returns the wider network of an address, which may be one customer as well: 24 bits of IPv4, or 48 bits of IPv6.
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

/** Prefix lengths of the networks by which limits count, narrowest first, for IPv4 and for IPv6. */
const WIDTHS = [[32, 28, 24, 16], [64, 56, 48, 32]] as const;

/**
 * Returns the networks by which limits count an address, narrowest first: `network` and three wider ones. All addresses
 * have the same number of them, so that limits can define a share for each level.
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
  if (last?.address !== address) last = { address, networks: findNetworks(address) };
  return last.networks;
}

/** The last result of {@linkcode networksOf}: for a new connection, several limits ask for its networks in turn. */
let last: { address: string; networks: readonly string[] } | undefined;

function findNetworks(address: string): readonly string[] {
  const narrowest = network(address);
  const number = parseAddress(address);
  if (number === undefined) return [narrowest]; // not an IP socket
  const ofIPv4 = !narrowest.includes(":");
  const wider = WIDTHS[ofIPv4 ? 0 : 1].slice(1).map((bits) => {
    const zeros = BigInt(ofIPv4 ? 32 - bits : BITS - bits);
    const first = number >> zeros << zeros;
    return ofIPv4
      ? `${parts(first, 4, 8, 10).join(".")}/${bits}`
      : `${parts(first >> 64n, 4, 16, 16).join(":")}::/${bits}`;
  });
  return [narrowest, ...wider];
}

/** Splits the lowest bits of a number into `count` parts of `bits` bits, and writes each to a base. */
function parts(number: bigint, count: number, bits: number, base: number): string[] {
  return Array.from(
    { length: count },
    (_, n) => BigInt.asUintN(bits, number >> BigInt(bits * (count - 1 - n))).toString(base),
  );
}

/** Returns an address as a number, without its zone; `undefined` if it is not an address. */
function parseAddress(text: string): bigint | undefined {
  const address = text.replace(/%.*/, "");
  const version = isIP(address);
  if (version === 0) return undefined;
  const [head = "", tail] = (version === 4 ? `::ffff:${address}` : address).split("::");
  const before = groups(head);
  const after = groups(tail ?? "");
  const zeros = Array<number>(8 - before.length - after.length).fill(0);
  return [...before, ...zeros, ...after].reduce((number, group) => number << 16n | BigInt(group), 0n);
}

/** Parses groups of 16 bits, of which the last two may be written as an IPv4 address. */
function groups(text: string): number[] {
  if (text === "") return [];
  return text.split(":").flatMap((group) => {
    if (!group.includes(".")) return [parseInt(group, 16)];
    const [a, b, c, d] = group.split(".").map(Number) as [number, number, number, number];
    return [a << 8 | b, c << 8 | d];
  });
}
