/** Rejection of clients that use another protocol than the port: no line is delivered, they get a reply, and are closed. */
import { assert, assertEquals, assertMatch } from "@std/assert";
import type { Protocol } from "../../src/transport/connection.ts";
import { listenTcp, type TcpOptions } from "../../src/transport/tcp.ts";
import { Tls } from "../../src/transport/tls.ts";
import { listenWeb, type WebOptions } from "../../src/transport/web.ts";
import { readCertificate } from "../../src/transport/certificate.ts";
import { Certificates, noCertificates } from "../certificates.ts";
import { OpenAdmission, soon, tcpOptions, webOptions } from "./ports.ts";

const CHAT: ReadonlySet<Protocol> = new Set(["HTTP", "TLS", "SSH", "IRC", "PROXY", "binary"]);
const wrongProtocolReply: TcpOptions["wrongProtocolReply"] = (protocol, secure) =>
  `You speak ${protocol}${secure ? ", with TLS" : ""}.\n`;
const REQUEST = "POST / HTTP/1.1\r\nHost: x\r\nCookie: secret\r\n\r\n/nick boss\nhello\n";

/** Sends bytes; returns everything received until the end of the stream. */
async function exchange(port: number, ...parts: string[]): Promise<string> {
  using socket = await Deno.connect({ port });
  socket.setNoDelay();
  for (const part of parts) await socket.write(Uint8Array.from(part, (char) => char.charCodeAt(0)));
  return await soon(new Response(socket.readable).text(), "end of the connection");
}

/** Returns everything received until the end of the stream; TLS may end without close_notify. */
async function received(readable: ReadableStream<Uint8Array>): Promise<string> {
  let text = "";
  try {
    for await (const bytes of readable) text += new TextDecoder().decode(bytes);
  } catch {
    // What was received counts.
  }
  return text;
}

/** A listener that records delivered lines and rejections. */
async function listening(
  body: (port: number, delivered: string[], rejected: string[], admission: OpenAdmission) => Promise<void>,
  options: Partial<TcpOptions> = {},
) {
  const admission = new OpenAdmission();
  const delivered: string[] = [];
  const rejected: string[] = [];
  const listener = await listenTcp({
    ...tcpOptions(admission),
    rejectedProtocols: CHAT,
    wrongProtocolReply,
    onWrongProtocol: (peer, protocol) => rejected.push(`${peer.replace(/:\d+$/, "")} ${protocol}`),
    onRejected: (_peer, why, cause) => rejected.push(`${cause}: ${why}`),
    ...options,
  });
  const served = (async () => {
    for await (const connection of listener) {
      connection.onTooLong = () => delivered.push("too long");
      void (async () => {
        for await (const lines of connection.lines) delivered.push(...lines);
        connection.close();
      })();
    }
  })();
  await body(listener.port, delivered, rejected, admission);
  await admission.holds(0);
  listener.close();
  await served;
}

Deno.test("tcp: a client of another protocol gets a reply and is closed, and none of its lines is delivered", () =>
  listening(async (port, delivered, rejected) => {
    assertEquals(await exchange(port, REQUEST), "You speak HTTP.\n");
    assertEquals(await exchange(port, ...REQUEST), "You speak HTTP.\n");
    assertEquals(await exchange(port, "\x16\x03\x01\x02"), "You speak TLS.\n");
    assertEquals(await exchange(port, "SSH-2.0-x\r\n"), "You speak SSH.\n");
    assertEquals(await exchange(port, "NICK a\r\nUSER a 0 * :a\r\n"), "You speak IRC.\n");
    assertEquals(delivered, []);
    const protocols = ["HTTP", "HTTP", "TLS", "SSH", "IRC"];
    assertEquals(rejected, protocols.map((protocol) => `127.0.0.1 ${protocol}`));
  }));

Deno.test("tcp: an HTTP request line longer than maxLine is rejected, and not reported as overlong", () =>
  listening(async (port, delivered) => {
    const long = `\r\n\r\nGET /${"a".repeat(300)} HTTP/1.1\r\nHost: x\r\n\r\nhello\n`;
    assertEquals(await exchange(port, long), "You speak HTTP.\n");
    assertEquals(delivered.filter((line) => line !== ""), []);
  }, { maxLine: 64 }));

Deno.test("tcp: only the first line is checked, and nothing is rejected without rejectedProtocols", async () => {
  const hears = (options?: Partial<TcpOptions>) =>
    listening(async (port, delivered) => {
      using socket = await Deno.connect({ port });
      await socket.write(new TextEncoder().encode("hello\nGET / HTTP/1.1\nNICK a\n"));
      await socket.closeWrite();
      await soon(new Response(socket.readable).text(), "end of the connection");
      assertEquals(delivered, ["hello", "GET / HTTP/1.1", "NICK a"]);
    }, options);
  await hears();
  await listening(async (port, delivered) => {
    using socket = await Deno.connect({ port });
    await socket.write(new TextEncoder().encode("GET / HTTP/1.1\n"));
    await socket.closeWrite();
    await soon(new Response(socket.readable).text(), "end of the connection");
    assertEquals(delivered, ["GET / HTTP/1.1"]);
  }, { rejectedProtocols: new Set() });
});

/** A test with a certificate. */
function testWithTls(name: string, body: (tls: Tls, certificates: Certificates) => Promise<void>) {
  Deno.test({
    name,
    ignore: noCertificates !== undefined,
    async fn() {
      await using certificates = await Certificates.make();
      const read = (path: string) => Deno.readTextFile(path);
      await body(new Tls(await readCertificate(await certificates.issue("first"), read)), certificates);
    },
  });
}

testWithTls(
  "tcp: on a port with TLS, a client without it gets a reply in its protocol, and none of its lines is delivered",
  (tls) =>
    listening(async (port, delivered, rejected) => {
      assertEquals(await exchange(port, REQUEST), "You speak HTTP.\n");
      assertEquals(await exchange(port, "NICK a\r\n"), "You speak IRC.\n");
      assertEquals(await exchange(port, ..."hello\n"), "You speak text.\n");
      assertEquals(delivered, []);
      assertEquals(rejected, ["HTTP", "IRC", "text"].map((protocol) => `no TLS: no TLS: speaks ${protocol}`));
    }, { tls }),
);

testWithTls("tcp: HTTP over TLS is rejected as well", (tls, certificates) =>
  listening(async (port, delivered) => {
    const caCerts = [await Deno.readTextFile(certificates.authority)];
    using socket = await Deno.connectTls({ hostname: "127.0.0.1", port, caCerts });
    await socket.write(new TextEncoder().encode(REQUEST));
    assertEquals(await soon(received(socket.readable), "end of the connection"), "You speak HTTP, with TLS.\n");
    assertEquals(delivered, []);
  }, { tls }));

/** A web listener that records rejections. */
async function serving(body: (port: number, rejected: string[]) => Promise<void>, options: Partial<WebOptions> = {}) {
  const admission = new OpenAdmission();
  const rejected: string[] = [];
  const onRejected: WebOptions["onRejected"] = (_peer, why, cause) => rejected.push(`${cause}: ${why}`);
  const listener = await listenWeb({ ...webOptions(admission), wrongProtocolReply, onRejected, ...options });
  await body(listener.port, rejected);
  await admission.holds(0);
  listener.close();
}

Deno.test("web: a client that does not use HTTP is rejected after its first line", () =>
  serving(async (port, rejected) => {
    assertEquals(await exchange(port, "NICK a\r\n"), "You speak IRC.\n");
    assertEquals(await exchange(port, "\x16\x03\x01\x02"), "You speak TLS.\n");
    assertEquals(await exchange(port, "SSH-2.0-x\r\n"), "You speak SSH.\n");
    assertMatch(await exchange(port, "hello\r\n"), /^HTTP\/1\.1 400 [^]*\r\n\r\nInvalid HTTP request\.\n$/);
    const protocols = ["IRC", "TLS", "SSH"].map((protocol) => `speaks ${protocol}: speaks ${protocol}`);
    assertEquals(rejected, [...protocols, "bad request: Invalid HTTP request"]);
  }));

testWithTls(
  "web: plain HTTP where TLS is required is redirected to the same address with https",
  (tls) =>
    serving(async (port, rejected) => {
      const get = (head: string) => exchange(port, `${head}\r\n\r\n`);
      const found = await get("GET /a/b?c=d HTTP/1.1\r\nHost: chat.example:8443");
      assertMatch(found, /^HTTP\/1\.1 308 Permanent Redirect\r\n/);
      assertMatch(found, /\r\nlocation: https:\/\/chat\.example:8443\/a\/b\?c=d\r\n/);
      assertMatch(found, /\r\nconnection: close\r\n/);
      assertEquals(rejected, ["no TLS: no TLS: sent to https"]);
      const post = await get("POST /rooms/lobby HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\nhi");
      assertMatch(post, /^HTTP\/1\.1 308 [^]*\r\nlocation: https:\/\/x\/rooms\/lobby\r\n/);
      // The host is what the client sent, validated; everything else in the request goes after it.
      assertMatch(
        await get("GET //evil.example/ HTTP/1.1\r\nHost: x"),
        /\r\nlocation: https:\/\/x\/\/evil\.example\/\r\n/,
      );
      assertMatch(await get("GET http://evil.example/a HTTP/1.1\r\nHost: x"), /\r\nlocation: https:\/\/x\/a\r\n/);
      for (
        const fields of ["", "\r\nHost:", "\r\nHost: a b", "\r\nHost: x/y", "\r\nHost: a\r\nHost: b", "\r\nHost: x@y"]
      ) {
        for (const version of ["1.1", "1.0"]) {
          const answer = await get(`GET / HTTP/${version}${fields}`);
          assertMatch(answer, /^HTTP\/1\.1 400 /, fields);
          assert(!/^location:/mi.test(answer), fields);
        }
      }
      assertEquals(await exchange(port, "NICK a\r\n"), "You speak IRC.\n");
    }, { tls }),
);

Deno.test("web: on a WebSocket path for text, lines of IRC are rejected, and lines of HTTP are delivered", () => {
  const delivered: string[] = [];
  const lines = { ...tcpOptions(), rejectedProtocols: new Set<Protocol>(["IRC"]), wrongProtocolReply };
  const path = {
    subprotocols: {},
    framing: "text" as const,
    lines,
    refusal: String,
    onConnection: async (connection: import("../../src/transport/connection.ts").Connection) => {
      for await (const lines of connection.lines) {
        for (const line of lines) {
          delivered.push(line);
          connection.send([`delivered ${line}`]);
        }
      }
      connection.close();
    },
  };
  return serving(async (port) => {
    for (const [sent, reply] of [["NICK a", "You speak IRC."], ["GET / HTTP/1.1", "delivered GET / HTTP/1.1"]]) {
      const socket = new WebSocket(`ws://127.0.0.1:${port}/text`);
      await new Promise((resolve) => socket.onopen = resolve);
      const answer = new Promise<string>((resolve) => socket.onmessage = ({ data }) => resolve(data));
      const closed = new Promise((resolve) => socket.onclose = resolve);
      socket.send(sent!);
      assertEquals(await soon(answer, "end of the connection"), reply);
      socket.close();
      await closed;
    }
    assertEquals(delivered, ["GET / HTTP/1.1"]);
  }, { sockets: new Map([["/text", path]]) });
});
