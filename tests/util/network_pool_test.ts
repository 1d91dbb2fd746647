import { assert, assertEquals } from "@std/assert";
import { fc } from "../dependencies.ts";
import { grownBy } from "../heap.ts";
import { networksOf } from "../../src/util/address_ranges.ts";
import { NetworkPool } from "../../src/util/network_pool.ts";

/** Adds an item for each address, which consists of the address and a number. */
function fill(pool: NetworkPool<string>, ...addresses: string[]) {
  for (const address of addresses) {
    let n = 1;
    while (pool.has(`${address} ${n}`)) n++;
    pool.add(networksOf(address), `${address} ${n}`);
  }
}

Deno.test("network pool: heaviest returns the oldest item of the heaviest network", () => {
  const pool = new NetworkPool<string>();
  fill(pool, "10.0.0.1", "192.0.2.1", "192.0.2.1", "198.51.100.1");
  assertEquals(pool.heaviest(), "192.0.2.1 1");
  assert(pool.delete("192.0.2.1 1") && !pool.delete("192.0.2.1 1"));
  assertEquals([pool.size, pool.heaviest()], [3, "10.0.0.1 1"]);
});

Deno.test("network pool: networks of 64 bits count together as their network of 48 bits", () => {
  const pool = new NetworkPool<string>();
  fill(pool, ...Array(5).fill("2001:db8:1::1"), ...Array.from({ length: 10 }, (_, n) => `2001:dbb:2:${n}::1`));
  assertEquals(pool.heaviest(), "2001:dbb:2:0::1 1");
  assertEquals(pool.count("2001:dbb:2:0::/48"), 10);
  assertEquals(pool.heaviest("2001:db8:1:0::/48"), "2001:db8:1::1 1");
  assertEquals(pool.heaviest("2001:db8:9:0::/48"), undefined);
});

Deno.test("network pool: next serves networks in round-robin order at each level", () => {
  const pool = new NetworkPool<string>();
  const many = Array.from({ length: 100 }, (_, n) => `2001:db8:0:${n.toString(16)}::1`);
  fill(pool, ...many, "192.0.2.1", "192.0.2.1", "198.51.100.7");
  const order = Array.from({ length: 6 }, () => pool.next());
  assertEquals(order, [`${many[0]} 1`, "192.0.2.1 2", "198.51.100.7 1", `${many[1]} 1`, "192.0.2.1 1", `${many[2]} 1`]);
  while (pool.next() !== undefined);
  assertEquals([pool.size, pool.count("2001:db8:0:0::/48"), pool.heaviest()], [0, 0, undefined]);
});

Deno.test("network pool: heaviest is correct after any additions and removals", () => {
  const address = fc.tuple(fc.nat(2), fc.nat(2), fc.nat(2)).map(([a, b, c]) => `10.${a}.${b}.${c}`);
  fc.assert(fc.property(fc.array(fc.tuple(address, fc.nat(3)), { maxLength: 60 }), (steps) => {
    const pool = new NetworkPool<number>();
    const held = new Map<number, readonly string[]>();
    for (const [n, [of, what]] of steps.entries()) {
      if (what > 0) {
        pool.add(networksOf(of), n);
        held.set(n, networksOf(of));
      } else if (held.size > 0) {
        const removed = n % 2 === 0 ? pool.next()! : [...held.keys()][n % held.size]!;
        pool.delete(removed);
        held.delete(removed);
      }
      const count = (name: string) => [...held.values()].filter((names) => names.includes(name)).length;
      assertEquals(pool.size, held.size);
      const heaviest = pool.heaviest();
      if (heaviest === undefined) {
        assertEquals(held.size, 0);
        continue;
      }
      let within = [...held.values()];
      for (const [level, name] of [...held.get(heaviest)!.entries()].reverse()) {
        for (const peer of within) assert(count(peer[level]!) <= count(name));
        within = within.filter((names) => names[level] === name);
      }
      assertEquals(pool.count(held.get(heaviest)![0]!), count(held.get(heaviest)![0]!));
    }
  }));
});

Deno.test("network pool: networks without items take no memory", async () => {
  const pool = new NetworkPool<string>();
  const grown = await grownBy(() => {
    for (let n = 0; n < 10_000; n++) {
      pool.add([`192.0.${n}`, `192.${n}`], "item");
      pool.delete("item");
    }
  });
  assert(grown < 1e6, `${grown} bytes`);
});

Deno.test("network pool: another pool with the same items and ranking removes the heaviest in the same order", () => {
  const address = fc.tuple(fc.nat(2), fc.nat(2)).map(([a, b]) => `2001:db8:${a}:${b}::1`);
  fc.assert(fc.property(fc.array(fc.tuple(address, fc.nat(3)), { maxLength: 40 }), (steps) => {
    const [one, other] = [new NetworkPool<number>(), new NetworkPool<number>()];
    for (const [n, [of, what]] of steps.entries()) {
      if (what > 0) one.add(networksOf(of), n);
      else if (one.size > 0) one.delete(one.heaviest()!);
    }
    for (const n of steps.keys()) if (one.has(n)) other.add(one.networksOfItem(n), n);
    for (const networks of [...one.ranking()]) other.rank(networks);
    assertEquals([...other.ranking()], [...one.ranking()]);
    while (one.size > 0) {
      const heaviest = one.heaviest()!;
      assertEquals(other.heaviest(), heaviest);
      assert(one.delete(heaviest) && other.delete(heaviest));
    }
    assertEquals(other.size, 0);
  }));
});

Deno.test("network pool: rank does nothing for a network that it does not contain", () => {
  const pool = new NetworkPool<string>();
  fill(pool, "192.0.2.1", "192.0.2.2");
  for (const networks of [["192.0.2.9"], ["a", "b"], []]) pool.rank(networks);
  assertEquals(pool.heaviest(), "192.0.2.1 1");
});
