import { assertEquals, assertMatch, assertNotEquals } from "@std/assert";
import { randomBytes } from "node:crypto";
import { fc } from "./dependencies.ts";
import { Cloak, network } from "../src/cloak.ts";

Deno.test("a cloak is the same for an address each time, another for others, and tells nothing of it", () => {
  const cloak = new Cloak(randomBytes(32));
  const addresses = ["127.0.0.1", "192.0.2.7", "192.0.2.8", "2001:db8::1", "2001:db8:0:1::1", "::1"];
  const cloaks = addresses.map((address) => cloak.of(address));
  assertEquals(addresses.map((address) => cloak.of(address)), cloaks);
  assertEquals(new Set(cloaks).size, addresses.length);
  for (const cloaked of cloaks) assertMatch(cloaked, /^[0-9a-f]{12}\.hidden$/);
});

Deno.test("cloaks are the same with the same secret, and others with another, so that no table of them can be made", () => {
  const secret = randomBytes(32);
  for (const address of ["192.0.2.7", "2001:db8::1"]) {
    const cloaked = new Cloak(secret).of(address);
    assertEquals(new Cloak(secret.slice()).of(address), cloaked);
    assertNotEquals(new Cloak(randomBytes(32)).of(address), cloaked);
  }
});

Deno.test("all addresses of one IPv6 network of 64 bits have one cloak, however they are written", () => {
  const cloak = new Cloak(randomBytes(32));
  const one = ["2001:db8:0:7::1", "2001:db8:0:7:ffff:ffff:ffff:ffff", "2001:0DB8:0:07::", "2001:db8:0:7::1%eth0"];
  for (const address of one) assertEquals(cloak.of(address), cloak.of(one[0]!), address);
  for (const other of ["2001:db8:0:8::1", "2001:db8:7::1"]) assertNotEquals(cloak.of(other), cloak.of(one[0]!), other);
  assertEquals(cloak.of("::ffff:192.0.2.7"), cloak.of("192.0.2.7"));
});

Deno.test("the network of an IPv4 address is itself", () => {
  fc.assert(fc.property(fc.ipV4(), (address) => {
    assertEquals(
      [network(address), network(`::ffff:${address}`), network(`::FFFF:${address}`)],
      Array(3).fill(address),
    );
  }));
});

Deno.test("the network of an IPv6 address is its first four groups, whichever zeros it is written with", () => {
  const group = fc.oneof(fc.constant(0), fc.nat({ max: 0xffff }));
  const groups = fc.array(group, { minLength: 8, maxLength: 8 });
  fc.assert(fc.property(groups, fc.nat({ max: 7 }), fc.nat({ max: 4 }), fc.boolean(), (groups, from, width, upper) => {
    const write = (group: number) => {
      const digits = group.toString(16).padStart(width, "0");
      return upper ? digits.toUpperCase() : digits;
    };
    const expected = groups.slice(0, 4).map((group) => group.toString(16)).join(":");
    assertEquals(network(groups.map(write).join(":")), expected);
    // The same with its zeros from there on written as "::".
    let to = from;
    while (groups[to] === 0) to++;
    if (to === from) return;
    const short = `${groups.slice(0, from).map(write).join(":")}::${groups.slice(to).map(write).join(":")}`;
    assertEquals(network(short), expected, short);
  }));
});
