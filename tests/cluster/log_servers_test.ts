import { assertEquals, assertThrows } from "@std/assert";
import { LogError } from "../../src/cluster/log_error.ts";
import { formatServers, readNatsServers } from "../../src/cluster/log_servers.ts";

const NONE = { user: "", password: "", token: "", tls: false };

Deno.test("NATS addresses: hosts, ports and credentials are taken apart", () => {
  const cases: [text: string, expected: ReturnType<typeof readNatsServers>][] = [
    ["nats://localhost", { ...NONE, hosts: ["localhost:4222"] }],
    ["nats://a:1, nats://b:2/", { ...NONE, hosts: ["a:1", "b:2"] }],
    ["nats://[::1]:4223", { ...NONE, hosts: ["[::1]:4223"] }],
    ["tls://nats.example.org", { ...NONE, hosts: ["nats.example.org:4222"], tls: true }],
    ["nats://ann:p%40ss%2C@a", { ...NONE, hosts: ["a:4222"], user: "ann", password: "p@ss," }],
    ["nats://ann:pw@a,nats://b,nats://ann:pw@c", {
      ...NONE,
      hosts: ["a:4222", "b:4222", "c:4222"],
      user: "ann",
      password: "pw",
    }],
    ["nats://t0ken@a", { ...NONE, hosts: ["a:4222"], token: "t0ken" }],
  ];
  for (const [text, expected] of cases) assertEquals(readNatsServers(text), expected);
});

Deno.test("NATS addresses: an invalid one is rejected with a sentence that has no credentials", () => {
  const cases: [text: string, message: string][] = [
    ["localhost:4222", 'Invalid NATS address "localhost:4222": use nats://host:4222 or tls://host:4222'],
    ["", 'Invalid NATS address "": use nats://host:4222 or tls://host:4222'],
    ["http://ann:secret@a", 'Invalid NATS address "…@a": use nats://host:4222 or tls://host:4222'],
    ["nats://ann:secret@a:99999", 'Invalid NATS address "…@a:99999": it is not a URL'],
    ["nats://ann:sec@ret@a:x", 'Invalid NATS address "…@a:x": it is not a URL'],
    ["nats://", 'Invalid NATS address "nats://": the host is missing'],
    ["nats://a:0", 'Invalid NATS address "nats://a:0": the port must be 1 to 65535'],
    ["nats://a/x", 'Invalid NATS address "nats://a/x": only a host and a port can follow the credentials'],
    ["nats://a%20b", 'Invalid NATS address "nats://a%20b": the host is not valid'],
    ["nats://ann:50%@a", 'Invalid NATS address "…@a": write a "%" in the credentials as %25'],
    ["nats://ann:sec,ret@a", 'Invalid NATS address "nats://ann:…": it is not a URL'],
    ["nats://ann:sec\nret@a/x", 'Invalid NATS address "…@a/x": only a host and a port can follow the credentials'],
    ["nats://ann:secret@a,nats://bob:secret@b", "Invalid NATS addresses: all servers must have the same credentials"],
  ];
  for (const [text, message] of cases) {
    const error = assertThrows(() => readNatsServers(text), LogError);
    assertEquals([error.kind, error.message], ["address", message]);
  }
});

Deno.test("NATS addresses: they are formatted without credentials", () => {
  assertEquals(formatServers(readNatsServers("nats://ann:secret@a,nats://b")), "nats://a:4222, nats://b:4222");
  assertEquals(formatServers(readNatsServers("tls://t0ken@a")), "tls://a:4222");
});
