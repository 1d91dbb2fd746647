/** Tests of the target of `tincan connect`. */
import { assertEquals, assertThrows } from "@std/assert";
import { parseTarget, TargetError, urlOf } from "../../src/client/target.ts";

/** The ways of a target, and what else it says. */
function parsed(text: string): string[] {
  const { ways, room, code, server } = parseTarget(text);
  return [server, ...ways.map(urlOf), ...room === "" ? [] : [room], ...code === "" ? [] : [`code ${code}`]];
}

Deno.test("target: a host alone is tried on all usual ports, encrypted ways first", () => {
  const usual = (host: string) => [
    `ircs://${host}:6697`,
    `ircs://${host}:6667`,
    `irc://${host}:6667`,
    `wss://${host}:443/irc`,
    `wss://${host}:8080/irc`,
    `ws://${host}:8080/irc`,
  ];
  for (const host of ["chat.example.org", "localhost", "127.0.0.1"]) {
    assertEquals(parsed(host), [host, ...usual(host)]);
    assertEquals(parsed(`${host}/#tea`), [host, ...usual(host), "#tea"]);
    assertEquals(parsed(`${host}#tea`), [host, ...usual(host), "#tea"]);
  }
  for (const host of ["::1", "2001:db8::1"]) {
    assertEquals(parsed(host), [host, ...usual(`[${host}]`)]);
    assertEquals(parsed(`[${host}]/#tea`), [host, ...usual(`[${host}]`), "#tea"]);
  }
});

Deno.test("target: a port limits the ways to what can be expected there", () => {
  assertEquals(parsed("a.example:6697"), ["a.example", "ircs://a.example:6697"]);
  assertEquals(parsed("a.example:443").slice(1), [
    "wss://a.example:443/irc",
    "ws://a.example:443/irc",
    "ircs://a.example:443",
  ]);
  assertEquals(parsed("[::1]:7000"), [
    "::1:7000",
    "ircs://[::1]:7000",
    "irc://[::1]:7000",
    "wss://[::1]:7000/irc",
    "ws://[::1]:7000/irc",
  ]);
});

Deno.test("target: a URL names one way, a room and the code of an invite link", () => {
  const code = "abcdefghij234567abcd";
  const urls: Record<string, string[]> = {
    "irc://a.example": ["a.example", "irc://a.example:6667"],
    "ircs://a.example/": ["a.example", "ircs://a.example:6697"],
    "ircs://a.example:+7000/tea": ["a.example:7000", "ircs://a.example:7000", "#tea"],
    "irc://a.example/#tea": ["a.example", "irc://a.example:6667", "#tea"],
    "irc://a.example/%23tea,isnick": ["a.example", "irc://a.example:6667", "#tea"],
    "IRC://[::1]:6668/#tea": ["::1:6668", "irc://[::1]:6668", "#tea"],
    "https://a.example": ["a.example", "wss://a.example:443/irc"],
    "http://a.example:8080/#%C3%A9t%C3%A9": ["a.example", "ws://a.example:8080/irc", "#été"],
    "https://a.example/chat/": ["a.example", "wss://a.example:443/chat/irc"],
    [`https://a.example/i/${code}`]: ["a.example", "wss://a.example:443/irc", `code ${code}`],
    [`https://a.example/chat/i/${code.toUpperCase()}/`]: ["a.example", "wss://a.example:443/chat/irc", `code ${code}`],
    "wss://a.example/socket?x=1#tea": ["a.example", "wss://a.example:443/socket", "#tea"],
    "ws://a.example/": ["a.example", "ws://a.example:80/"],
  };
  for (const [url, expected] of Object.entries(urls)) assertEquals(parsed(url), expected, url);
});

Deno.test("target: a WebSocket URL without a path is that of tincan, or the root", () => {
  assertEquals(parsed("ws://a.example:8080"), ["a.example", "ws://a.example:8080/irc", "ws://a.example:8080/"]);
});

Deno.test("target: what is no target is rejected with a reason, and without a password", () => {
  const rejected: Record<string, string> = {
    "": 'Cannot connect to "": name a host, such as chat.example.org',
    "#tea": 'Cannot connect to "#tea": name a host, such as chat.example.org',
    "a.example:0": 'Cannot connect to "a.example:0": a port is a number from 1 to 65535',
    "a.example:65536": 'Cannot connect to "a.example:65536": a port is a number from 1 to 65535',
    "a.example:tea": 'Cannot connect to "a.example:tea": a port is a number from 1 to 65535',
    "[::1": 'Cannot connect to "[::1": name a host, such as chat.example.org',
    "[banana]:1": 'Cannot connect to "[banana]:1": "banana" is no IPv6 address',
    "two words": 'Cannot connect to "two words": no such host name',
    "ftp://a.example":
      'Cannot connect to "ftp://a.example": "ftp" is not supported; use irc, ircs, http, https, ws or wss',
    "irc://bob:sesame@a.example":
      'Cannot connect to "irc://a.example": a URL with a user is not supported; see --nick and --login',
    "irc://bob:ses#ame@a.example": 'Cannot connect to "irc://a.example": a port is a number from 1 to 65535',
    "bob:sesame@a.example": 'Cannot connect to "a.example": name a host, without a user or a password',
    "irc://a.example/#a%20b":
      'Cannot connect to "irc://a.example/#a%20b": the name of a room has no spaces and no commas',
    "https://": 'Cannot connect to "https://": name a host, such as chat.example.org',
  };
  for (const [text, message] of Object.entries(rejected)) {
    assertEquals(assertThrows(() => parseTarget(text), TargetError).message, message, text);
  }
});
