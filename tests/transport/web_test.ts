import { assertEquals } from "@std/assert";
import { clientAddress, listenWeb } from "../../src/transport/web.ts";
import { AddressSet } from "../../src/util/address_ranges.ts";
import { rawRequest } from "../websocket_client.ts";
import { webOptions } from "./ports.ts";

const proxies = new AddressSet(["127.0.0.1", "10.0.0.0/8", "fd00::/8"]);

function addressOf(headers: Record<string, string>, peer = "127.0.0.1"): string {
  return clientAddress(new Request("http://tincan.example/irc", { headers }), peer, proxies);
}

Deno.test("web: the address of a client comes from either header of a trusted proxy", () => {
  const forwarded: Record<string, string> = {
    "for=192.0.2.7": "192.0.2.7",
    'For="192.0.2.7:4711";proto=https': "192.0.2.7",
    'proto=https;by=10.0.0.1; FOR="[2001:DB8::7]:4711"': "2001:db8::7",
    'for="[2001:db8::7]"': "2001:db8::7",
    'for="[2001:db8::7]:_port"': "2001:db8::7",
  };
  for (const [header, address] of Object.entries(forwarded)) assertEquals(addressOf({ forwarded: header }), address);
  for (const text of ["192.0.2.7", "192.0.2.7:4711", " 192.0.2.7 "]) {
    assertEquals(addressOf({ "x-forwarded-for": text }), "192.0.2.7");
  }
  for (const text of ["2001:db8::7", "[2001:DB8::7]:4711", "[2001:db8::7]"]) {
    assertEquals(addressOf({ "x-forwarded-for": text }, "fd00::1"), "2001:db8::7");
  }
});

Deno.test("web: an invalid address results in that of the last trusted proxy", () => {
  for (const hop of ["unknown", "_hidden", "", "999.1.1.1", ":::", "1.2.3", "localhost", "fe80::1%eth0", "a.b.c.d"]) {
    assertEquals(addressOf({ "x-forwarded-for": hop }), "127.0.0.1", hop);
    assertEquals(addressOf({ "x-forwarded-for": `192.0.2.7, ${hop}, 10.0.0.2` }), "10.0.0.2", hop);
    assertEquals(addressOf({ forwarded: `for="${hop}"` }), "127.0.0.1", hop);
  }
  assertEquals(addressOf({ forwarded: "proto=https;by=192.0.2.7" }), "127.0.0.1");
  assertEquals(addressOf({}), "127.0.0.1");
});

Deno.test("web: a chain is followed through trusted proxies only", () => {
  assertEquals(addressOf({ "x-forwarded-for": "192.0.2.7, 10.1.1.1, fd00::2" }), "192.0.2.7");
  assertEquals(addressOf({ "x-forwarded-for": "6.6.6.6, 192.0.2.7, 10.1.1.1" }), "192.0.2.7");
  assertEquals(addressOf({ forwarded: 'for=6.6.6.6, for=192.0.2.7, for="[fd00::2]:1"' }), "192.0.2.7");
  assertEquals(addressOf({ "x-forwarded-for": "10.0.0.1, 10.0.0.2" }), "10.0.0.1");
  assertEquals(addressOf({ forwarded: 'for=", for=192.0.2.7' }), "192.0.2.7"); // a quote that the client left open
});

Deno.test("web: headers of other clients are ignored", () => {
  const headers = { "x-forwarded-for": "6.6.6.6", forwarded: "for=6.6.6.6" };
  for (const peer of ["192.0.2.9", "2001:db8::9", "127.0.0.2"]) assertEquals(addressOf(headers, peer), peer);
});

Deno.test("web: X-Forwarded-For takes precedence over Forwarded, which a client may have sent itself", () => {
  assertEquals(addressOf({ "x-forwarded-for": "192.0.2.7", forwarded: "for=6.6.6.6" }), "192.0.2.7");
});

Deno.test("web: requests of pages of other sites are recognized by Origin, Sec-Fetch-Site or a rebound host", async () => {
  const same = { "sec-fetch-site": "same-origin" };
  const cases: [headers: Record<string, string>, foreign: boolean][] = [
    [{}, false],
    [same, false],
    [{ "sec-fetch-site": "none" }, false],
    [{ origin: "http://localhost:1", host: "localhost:1", ...same }, false],
    [{ origin: "https://ok.example", "sec-fetch-site": "cross-site" }, false],
    [{ host: "ok.example" }, true], // not with TLS: that origin is not allowed
    [{ origin: "http://evil.example" }, true],
    [{ origin: "null" }, true],
    [{ "sec-fetch-site": "cross-site" }, true],
    [{ "sec-fetch-site": "same-site" }, true],
    [{ origin: "http://evil.example", host: "evil.example", ...same }, true],
    [{ host: "evil.example" }, true],
  ];
  const found: boolean[] = [];
  const listener = await listenWeb({
    ...webOptions(),
    allowedOrigins: new Set(["https://ok.example"]),
    respond: (_request, { foreign }) => {
      found.push(foreign);
      return new Response("ok");
    },
  });
  try {
    for (const [headers, foreign] of cases) {
      const fields = Object.entries({ host: `127.0.0.1:${listener.port}`, ...headers, connection: "close" });
      const head = fields.map(([name, value]) => `${name}: ${value}\r\n`).join("");
      await rawRequest(listener.port, `GET / HTTP/1.1\r\n${head}\r\n`);
      assertEquals(found.pop(), foreign, JSON.stringify(headers));
    }
  } finally {
    listener.close();
  }
});
