import { assertEquals, assertMatch } from "@std/assert";
import { hint, type OpenPort, TLS_ALERT } from "../../src/server/hints.ts";
import type { Protocol } from "../../src/transport/connection.ts";

const PORTS: OpenPort[] = [{ name: "text", port: 8888 }, { name: "irc", port: 6667 }, { name: "web", port: 8080 }];

Deno.test("hints: a hint says what the port is for and where the client's protocol is spoken", () => {
  const cases: [string, Protocol, string][] = [
    [
      "text",
      "IRC",
      "ERROR :This port is for text clients such as nc and telnet. IRC clients connect to port 6667.\r\n",
    ],
    ["text", "SSH", "-- This port is for text clients such as nc and telnet.\r\n"],
    ["text", "binary", "-- This port is for text clients such as nc and telnet.\r\n"],
    ["irc", "text", "-- This port is for IRC clients. nc and telnet connect to port 8888.\r\n"],
    ["web", "IRC", "ERROR :This port is for web browsers. IRC clients connect to port 6667.\r\n"],
    ["echo", "SSH", "-- This port answers lines of text.\r\n"],
    ["/text", "IRC", "ERROR :This path is for text clients. IRC clients connect to /irc.\r\n"],
    ["/irc", "text", "-- This path is for IRC clients. Text clients connect to /text.\r\n"],
  ];
  for (const [at, protocol, told] of cases) assertEquals(hint(at, protocol, PORTS, "none"), told);
});

Deno.test("hints: HTTP gets a response with status 400, and so does any protocol but IRC and TLS on the web port", () => {
  const answer = hint("text", "HTTP", PORTS, "none");
  assertMatch(answer, /^HTTP\/1\.1 400 Bad Request\r\n/);
  assertMatch(answer, /\r\nConnection: close\r\nContent-Type: text\/plain; charset=utf-8\r\n/);
  const sentences = "This port is for text clients such as nc and telnet. The web page is on port 8080.\n";
  assertMatch(answer, new RegExp(`\r\nContent-Length: ${sentences.length}\r\n\r\n${sentences}$`));
  for (const protocol of ["SSH", "text", "PROXY", "binary"] as const) {
    assertMatch(
      hint("web", protocol, PORTS, "none"),
      /^HTTP\/1\.1 400 Bad Request\r\n[^]*\r\n\r\nThis port is for web/,
    );
  }
});

Deno.test("hints: TLS gets one record with a fatal alert on every port", () => {
  const [type, , , high, low, level, description] = new TextEncoder().encode(TLS_ALERT);
  assertEquals([type, high! * 256 + low!, level, description], [21, 2, 2, 70]);
  for (const at of ["text", "irc", "web", "echo"]) assertEquals(hint(at, "TLS", PORTS, "none"), TLS_ALERT);
});

Deno.test("hints: a port that is not open is not named, and TLS is mentioned when the ports use it", () => {
  assertMatch(
    hint("text", "HTTP", PORTS.slice(0, 2), "none"),
    /\r\n\r\nThis port is for text clients such as nc and telnet\.\n$/,
  );
  assertMatch(hint("irc", "HTTP", PORTS, "spoken"), /IRC clients\. The web page is on port 8080, with TLS\.\n$/);
  assertEquals(
    hint("irc", "text", PORTS, "missing"),
    "-- This port is for IRC clients. It uses TLS: connect with openssl s_client or ncat --ssl. nc and telnet connect to port 8888, with TLS.\r\n",
  );
  assertEquals(
    hint("irc", "IRC", PORTS, "missing"),
    "ERROR :This port is for IRC clients. It uses TLS: turn that on in your client.\r\n",
  );
});
