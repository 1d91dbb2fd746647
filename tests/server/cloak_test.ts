import { assertEquals, assertMatch, assertNotEquals } from "@std/assert";
import { randomBytes } from "node:crypto";
import { Cloak } from "../../src/server/cloak.ts";

Deno.test("cloak: an address always has the same host name, and others have different ones", () => {
  const cloak = new Cloak(randomBytes(32));
  const addresses = ["127.0.0.1", "192.0.2.7", "192.0.2.8", "2001:db8::1", "2001:db8:0:1::1", "::1"];
  const cloaks = addresses.map((address) => cloak.of(address));
  assertEquals(addresses.map((address) => cloak.of(address)), cloaks);
  assertEquals(new Set(cloaks).size, addresses.length);
  for (const cloaked of cloaks) assertMatch(cloaked, /^[0-9a-f]{12}\.hidden$/);
});

Deno.test("cloak: host names depend on the secret", () => {
  const secret = randomBytes(32);
  for (const address of ["192.0.2.7", "2001:db8::1"]) {
    const cloaked = new Cloak(secret).of(address);
    assertEquals(new Cloak(secret.slice()).of(address), cloaked);
    assertNotEquals(new Cloak(randomBytes(32)).of(address), cloaked);
  }
});

Deno.test("cloak: all addresses of an IPv6 /64 have the same host name, however they are written", () => {
  const cloak = new Cloak(randomBytes(32));
  const one = ["2001:db8:0:7::1", "2001:db8:0:7:ffff:ffff:ffff:ffff", "2001:0DB8:0:07::", "2001:db8:0:7::1%eth0"];
  for (const address of one) assertEquals(cloak.of(address), cloak.of(one[0]!), address);
  for (const other of ["2001:db8:0:8::1", "2001:db8:7::1"]) assertNotEquals(cloak.of(other), cloak.of(one[0]!), other);
  assertEquals(cloak.of("::ffff:192.0.2.7"), cloak.of("192.0.2.7"));
});

Deno.test("cloak: host names stay the same across versions, as stored bans contain them", () => {
  const cloak = new Cloak(new Uint8Array(32));
  const cloaks = ["192.0.2.7", "2001:db8:0:7::1", "::1"].map((address) => cloak.of(address));
  assertEquals(cloaks, ["3a1504b2932e.hidden", "78d855eec9e3.hidden", "8e0f459329d3.hidden"]);
});

Deno.test("cloak: the hosts of an IPv6 /48 share a network name, and IPv4 addresses have none", () => {
  const cloak = new Cloak(randomBytes(32));
  const of = (address: string) => cloak.networkOf(address);
  assertEquals(of("2001:db8:0:7::1"), of("2001:db8:0:8::1"));
  assertNotEquals(of("2001:db8:0:7::1"), of("2001:db8:1:7::1"));
  assertMatch(of("2001:db8:0:7::1")!, /^[0-9a-f]{12}\.network$/);
  assertEquals([of("192.0.2.7"), of("::ffff:192.0.2.7")], [undefined, undefined]);
});
