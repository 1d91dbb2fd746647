import { assert, assertEquals, assertThrows } from "@std/assert";
import { fc } from "../dependencies.ts";
import { AddressRanges, AddressSet, containsAllIPv4, network, parseNetwork } from "../../src/util/address_ranges.ts";

Deno.test("address ranges: the network of an IPv4 address is itself", () => {
  fc.assert(fc.property(fc.ipV4(), (address) => {
    assertEquals(
      [network(address), network(`::ffff:${address}`), network(`::FFFF:${address}`)],
      Array(3).fill(address),
    );
  }));
});

Deno.test("address ranges: the network of an IPv6 address is its first four groups, however its zeros are written", () => {
  const group = fc.oneof(fc.constant(0), fc.nat({ max: 0xffff }));
  const isIPv4 = (groups: number[]) => groups.slice(0, 6).join() === "0,0,0,0,0,65535"; // IPv4-mapped addresses have a test of their own
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

Deno.test("address ranges: the network of an IPv4-mapped address is the IPv4 address", () => {
  for (const address of ["::ffff:192.0.2.1", "::ffff:c000:201", "0:0:0:0:0:FFFF:C000:0201", "::FFFF:c000:201%eth0"]) {
    assertEquals(network(address), "192.0.2.1", address);
  }
  assertEquals(network("::1"), "0:0:0:0");
});

Deno.test("address ranges: text that is not an address is its own network", () => {
  for (const name of ["", "unknown", "192.0.2", "2001:db8::1::2"]) assertEquals(network(name), name);
});

Deno.test("address ranges: a lookup finds the value of a network that contains the address, and a second value is ignored", () => {
  const ranges = new AddressRanges<string>();
  assert(ranges.isEmpty);
  for (const [text, value] of [["10.0.0.0/8", "ten"], ["10.0.0.0/8", "again"], ["fd00::/8", "local"], ["::1", "one"]]) {
    ranges.add(parseNetwork(text!)!, value!);
  }
  assert(!ranges.isEmpty);
  const found = [
    "10.1.2.3",
    "::ffff:10.1.2.3",
    "11.0.0.0",
    "9.255.255.255",
    "fd12::1%eth0",
    "fe00::",
    "::1",
    "::2",
    "x",
  ];
  assertEquals(
    found.map((address) => ranges.find(address)),
    ["ten", "ten", undefined, undefined, "local", undefined, "one", undefined, undefined],
  );
});

Deno.test("address ranges: a set contains the addresses of its networks, and rejects other text", () => {
  const set = new AddressSet(["192.0.2.128/25", "2001:db8::/32"]);
  set.add("0.0.0.0/8");
  for (const address of ["192.0.2.128", "192.0.2.255", "2001:DB8::1", "0.1.2.3"]) assert(set.has(address), address);
  for (const address of ["192.0.2.127", "192.0.3.0", "2001:db9::", "1.0.0.0", "", "x"]) {
    assert(!set.has(address), address);
  }
  assertEquals([set.isEmpty, new AddressSet().isEmpty], [false, true]);
  for (const text of ["", "x", "10.0.0.0/33", "::/129", "10.0.0.0/", "1.2.3", "fe80::1%eth0"]) {
    assertThrows(() => set.add(text), RangeError, `Not an IP address or network: ${text}`);
  }
});

Deno.test("address ranges: a network contains all IPv4 addresses only if it does", () => {
  for (const text of ["0.0.0.0/0", "::/0", "::ffff:0:0/96", "::/16"]) {
    assert(containsAllIPv4(parseNetwork(text)!), text);
  }
  for (const text of ["0.0.0.0/1", "128.0.0.0/1", "2000::/3", "::ffff:0:0/97", "::/96"]) {
    assert(!containsAllIPv4(parseNetwork(text)!), text);
  }
});
