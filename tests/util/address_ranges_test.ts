import { assertEquals } from "@std/assert";
import { fc } from "../dependencies.ts";
import { network } from "../../src/util/address_ranges.ts";

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
  const isIPv4 = (groups: number[]) => groups.slice(0, 6).join() === "0,0,0,0,0,65535"; // which has a test of its own
  const groups = fc.array(group, { minLength: 8, maxLength: 8 }).filter((groups) => !isIPv4(groups));
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

Deno.test("an IPv4 address that is written as IPv6 is itself, in whichever digits", () => {
  for (const address of ["::ffff:192.0.2.1", "::ffff:c000:201", "0:0:0:0:0:FFFF:C000:0201", "::FFFF:c000:201%eth0"]) {
    assertEquals(network(address), "192.0.2.1", address);
  }
  assertEquals(network("::1"), "0:0:0:0");
});

Deno.test("what is no address is a network of its own", () => {
  for (const name of ["", "unknown", "192.0.2", "2001:db8::1::2"]) assertEquals(network(name), name);
});
