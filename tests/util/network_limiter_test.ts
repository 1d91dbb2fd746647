import { assert, assertEquals } from "@std/assert";
import { networksOf } from "../../src/util/address_ranges.ts";
import { NetworkLimiter, SHARES } from "../../src/util/network_limiter.ts";

const HOUR = 3600_000;

/** How many of these addresses can do something once more. */
function taken(limiter: NetworkLimiter, now: number, addresses: Iterable<string>): number {
  let count = 0;
  for (const address of addresses) if (limiter.take(networksOf(address), now)) count++;
  return count;
}

/** An address for each number from 0 on. */
function* addresses(count: number, name: (n: number) => string): Generator<string> {
  for (let n = 0; n < count; n++) yield name(n);
}

Deno.test("network limiter: a network may use its limit at once, and again over time", () => {
  const limiter = new NetworkLimiter({ limit: 3, time: 60_000 });
  const same = [...addresses(10, () => "192.0.2.1")];
  assertEquals([0, 19_999, 20_000, 80_000].map((now) => taken(limiter, now, same)), [3, 0, 1, 3]);
});

for (
  const [what, level, name] of [
    ["28 bits of IPv4", 1, (n: number) => `192.0.2.${n % 16}`],
    ["24 bits of IPv4", 2, (n: number) => `192.0.2.${n % 256}`],
    ["16 bits of IPv4", 3, (n: number) => `192.0.${n >> 8 & 255}.${n & 255}`],
    ["56 bits of IPv6", 1, (n: number) => `2001:db8:0:${(n % 256).toString(16)}::1`],
    ["48 bits of IPv6", 2, (n: number) => `2001:db8:0:${(n & 0xffff).toString(16)}::${n.toString(16)}`],
    ["32 bits of IPv6", 3, (n: number) => `2001:db8:${(n & 0xffff).toString(16)}:${(n % 256).toString(16)}::1`],
  ] as const
) {
  Deno.test(`network limiter: all networks of ${what} share one limit`, () => {
    const limiter = new NetworkLimiter({ limit: 10, time: HOUR });
    assertEquals(taken(limiter, 0, addresses(5000, name)), 10 * SHARES[level]!);
    assertEquals(taken(limiter, 0, ["198.51.100.1", "2001:db9::1"]), 2, "others have their own");
  });
}

Deno.test("network limiter: nothing is counted for narrower networks when a wider one is at its limit", () => {
  const limiter = new NetworkLimiter({ limit: 2, time: HOUR, shares: [1, 1] });
  assert(limiter.take(["a", "wide"], 0, 2));
  const before = limiter.size;
  for (const name of ["b", "c"]) assert(!limiter.take([name, "wide"], 0));
  assertEquals(limiter.size, before);
  assert(limiter.take(["b"], 0, 2));
});

Deno.test("network limiter: amounts are counted, and more than the limit is never allowed", () => {
  const limiter = new NetworkLimiter({ limit: 1000, time: 1000 });
  const networks = networksOf("192.0.2.1");
  assert(limiter.take(networks, 0, 999));
  assertEquals(limiter.wait(networks, 0, 101), 100);
  assertEquals(limiter.wait(networks, 0, 1001), Infinity);
  assert(!limiter.take(networks, 99, 101));
  assert(limiter.take(networks, 100, 101));
});

Deno.test("network limiter: a reserve makes work stop earlier", () => {
  const limiter = new NetworkLimiter({ limit: 10, time: HOUR });
  const networks = networksOf("192.0.2.1");
  let spare = 0;
  while (limiter.take(networks, 0, 1, 0.8)) spare++;
  assertEquals(spare, 2);
  assertEquals(taken(limiter, 0, Array(20).fill("192.0.2.1")), 8);
});

Deno.test("network limiter: an amount given back can be taken again, up to the limit", () => {
  const limiter = new NetworkLimiter({ limit: 2, time: HOUR });
  const networks = networksOf("192.0.2.1");
  assert(limiter.take(networks, 0) && limiter.take(networks, 0) && !limiter.take(networks, 0));
  assertEquals(limiter.left(networks, 0), 0);
  limiter.refund(networks);
  assertEquals(limiter.left(networks, 0), 0.5);
  assert(limiter.take(networks, 0) && !limiter.take(networks, 0));
  limiter.refund(networks, 100);
  assertEquals(limiter.left(networks, 0), 1);
});

Deno.test("network limiter: nothing is stored without a limit", () => {
  const limiter = new NetworkLimiter({ limit: Infinity, time: HOUR });
  assertEquals(taken(limiter, 0, addresses(1000, () => "192.0.2.1")), 1000);
  assertEquals([limiter.size, limiter.wait(networksOf("192.0.2.1"), 0), limiter.left([], 0)], [0, 0, 1]);
});

Deno.test("network limiter: memory is bounded at each level, and a flood of networks does not remove one at its limit", () => {
  const networksMax = 100;
  const limiter = new NetworkLimiter({ limit: 10, time: HOUR, networksMax });
  const spent = [...addresses(50, (n) => `10.${n}.0.1`)];
  for (const address of spent) assertEquals(taken(limiter, 0, Array(20).fill(address)), 10);
  for (let n = 0; n < 5000; n++) {
    limiter.take(networksOf(`2001:${n.toString(16)}:${n.toString(16)}::1`), 1);
    assert(limiter.size <= SHARES.length * networksMax);
  }
  assertEquals(taken(limiter, 2, spent), 0);
});

Deno.test("network limiter: networks with all of their limit left are removed first", () => {
  const limiter = new NetworkLimiter({ limit: 2, time: 1000, shares: [1], networksMax: 8 });
  for (const name of ["a", "b", "c", "d"]) limiter.take([name], 0);
  for (const name of ["e", "f", "g", "h"]) limiter.take([name], 900);
  limiter.take(["i"], 1000);
  assertEquals(limiter.size, 5);
  assertEquals(["a", "e"].map((name) => limiter.left([name], 1000)), [1, 0.6]);
});

Deno.test("network limiter: of networks with equally much left, no more than a quarter is removed at a time", () => {
  const limiter = new NetworkLimiter({ limit: 10, time: HOUR, shares: [1], networksMax: 8 });
  for (let n = 0; n < 8; n++) assert(limiter.take([`network ${n}`], 0));
  assertEquals(limiter.size, 8);
  assert(limiter.take(["another"], 0));
  assertEquals(limiter.size, 8 - 2 + 1);
});
