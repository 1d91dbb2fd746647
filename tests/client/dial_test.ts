/** Tests of how the client reaches a server: ways, phases that hang, and certificates. The servers are on loopback. */
import { assert, assertEquals, assertMatch, assertRejects } from "@std/assert";
import { createServer as createTlsServer } from "node:tls";
import { createServer, type Server, type Socket } from "node:net";
import { once } from "node:events";
import { WebSocketServer } from "ws";
import { ConnectError } from "../../src/client/connect_error.ts";
import { dial, type Dialed, type DialOptions, isLocal, PlainTextError } from "../../src/client/dial.ts";
import { ServerDialer } from "../../src/client/line_socket.ts";
import { LINE_MAX } from "../../src/client/line_splitter.ts";
import { CertificateFile } from "../../src/client/settings.ts";
import type { Scheme, Way } from "../../src/client/target.ts";
import { Trust, UnknownCertificateError } from "../../src/client/trust.ts";
import { EARLY_MAX, FRAME_MAX, SEND_MAX, type Timeouts } from "../../src/client/wire.ts";
import { Certificates, noCertificates } from "../certificates.ts";

const HELLO = ":fake CAP * LS :batch";
const LONG: Timeouts = { connect: 60_000, tls: 60_000, upgrade: 60_000, firstLine: 60_000 };

/** A server that a test scripts. */
class Fake implements AsyncDisposable {
  readonly sockets = new Set<Socket>();

  private constructor(readonly server: Server, readonly port: number) {
    server.on("connection", (socket: Socket) => this.#add(socket));
    server.on("secureConnection", (socket: Socket) => this.#add(socket));
  }

  /** @param certificate The paths of a certificate and its key, for TLS. */
  static async start(
    handle: (socket: Socket) => void,
    certificate?: { cert: string; key: string },
  ): Promise<Fake> {
    const handler = (socket: Socket) => {
      socket.on("error", () => {});
      handle(socket);
    };
    const server = certificate === undefined ? createServer(handler) : createTlsServer({
      cert: await Deno.readTextFile(certificate.cert),
      key: await Deno.readTextFile(certificate.key),
    }, handler);
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    return new Fake(server, (server.address() as { port: number }).port);
  }

  way(scheme: Scheme, host = "localhost"): Way {
    return { scheme, host, port: this.port, path: scheme.startsWith("ws") ? "/irc" : "" };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const socket of this.sockets) socket.destroy();
    this.server.close();
    await once(this.server, "close");
  }

  #add(socket: Socket) {
    socket.on("error", () => {});
    this.sockets.add(socket);
    socket.on("close", () => this.sockets.delete(socket));
  }
}

/** Answers the first line as an IRC server. */
function irc(socket: Socket): void {
  socket.once("data", () => socket.write(`${HELLO}\r\n`));
}

function trust(ca?: string): Trust {
  return new Trust(new CertificateFile(undefined), ca);
}

function options(more: Partial<DialOptions> = {}): DialOptions {
  return { trust: trust(), allowsPlain: false, timeouts: LONG, resolve: () => Promise.resolve(["127.0.0.1"]), ...more };
}

/** Ends a connection, and waits until it is closed. */
async function close({ wire }: Dialed): Promise<void> {
  wire.close();
  await wire.closed;
}

/** The message of the error that dialing ends with. */
async function failure(ways: Way[], more: Partial<DialOptions> = {}): Promise<string> {
  const error = await assertRejects(() => dial(ways, options(more)), ConnectError);
  return error.message;
}

function tlsTest(name: string, body: (certificates: Certificates) => Promise<void>): void {
  const note = noCertificates === undefined ? "" : ` (${noCertificates})`;
  Deno.test({
    name: name + note,
    ignore: noCertificates !== undefined,
    fn: async () => {
      await using certificates = await Certificates.make();
      await body(certificates);
    },
  });
}

Deno.test("dial: plain IRC on loopback works, and the first line is kept", async () => {
  await using fake = await Fake.start(irc);
  const dialed = await dial([fake.way("irc")], options());
  assertEquals([dialed.way.scheme, dialed.wire.early], ["irc", [HELLO]]);
  await close(dialed);
});

Deno.test("dial: the first way that works is taken, although the ones before it hang or refuse", async () => {
  await using silent = await Fake.start(() => {});
  await using fake = await Fake.start(irc);
  const refused = { ...fake.way("ircs"), port: 1 };
  const dialed = await dial([refused, silent.way("ircs"), silent.way("wss"), fake.way("irc")], options());
  assertEquals(dialed.way, fake.way("irc"));
  await close(dialed);
});

Deno.test("dial: a port of another protocol is no server", async () => {
  await using greeting = await Fake.start((socket) => void socket.write("-- Welcome\r\n"));
  await using web = await Fake.start((socket) => {
    socket.once("data", () => socket.end("HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n"));
  });
  await using tls = await Fake.start((socket) => {
    const head = "HTTP/1.1 308 Permanent Redirect\r\nLocation: https://a.example/irc\r\nContent-Length: 0\r\n\r\n";
    socket.once("data", () => socket.end(head));
  });
  await using other = await Fake.start((socket) => void socket.end("220 mail ESMTP\r\n"));
  assertEquals(await failure([greeting.way("irc")]), "it is not an IRC server");
  assertEquals(await failure([web.way("irc")]), "it is not an IRC server");
  assertEquals(await failure([web.way("ws")]), "there is no chat at that address");
  assertEquals(await failure([tls.way("ws")]), "it accepts TLS only: use https:// or wss://");
  assertEquals(await failure([other.way("ircs")]), "it does not speak TLS");
});

Deno.test("dial: the reasons of all ways are in the error, each once", async () => {
  await using mail = await Fake.start((socket) => void socket.end("220 mail\r\n"));
  const refused = (port: number): Way => ({ scheme: "irc", host: "localhost", port, path: "" });
  assertEquals(
    await failure([refused(1), refused(2), mail.way("irc")]),
    `connection refused (ports 1, 2); it is not an IRC server (port ${mail.port})`,
  );
  assertEquals(await failure([refused(1)]), "connection refused");
});

Deno.test("dial: a server that rejects the connection is quoted", async () => {
  await using full = await Fake.start((socket) => void socket.end("ERROR :Closing link: [The server is full.]\r\n"));
  await using web = await Fake.start((socket) => {
    socket.once("data", () => {
      socket.end("HTTP/1.1 503 Service Unavailable\r\nContent-Length: 19\r\n\r\nThe server is full.");
    });
  });
  assertEquals(await failure([full.way("irc"), full.way("irc")]), "the server says: The server is full.");
  assertEquals(await failure([web.way("ws")]), "The server is full.");
  assertMatch(
    await failure([full.way("irc"), web.way("irc")]),
    /^the server says: The server is full \(port \d+\); it is not an IRC server \(port \d+\)$/,
  );
  const only = await dial([full.way("irc")], options()); // the core handles it
  assertMatch(only.wire.early[0]!, /^ERROR/);
  await close(only);
});

Deno.test("dial: plain IRC at a TLS port of tincan ends with the way to use, also if it is the only one", async () => {
  const text = "This port is for IRC clients. It uses TLS: turn that on in your client.";
  await using tls = await Fake.start((socket) => void socket.end(`ERROR :${text}\r\n`));
  assertEquals(await failure([tls.way("irc")]), "it accepts TLS only: use ircs://");
});

Deno.test("dial: a connection that ends before the core uses it is reported as closed, after its lines", async () => {
  await using full = await Fake.start((socket) => void socket.end("ERROR :Closing link: [The server is full.]\r\n"));
  const dialed = await dial([full.way("irc")], options());
  await dialed.wire.closed;
  const socket = new ServerDialer(dialed.way, dialed.wire, options()).open();
  const events: string[] = [];
  socket.onopen = () => void events.push("open");
  socket.onmessage = ({ data }: { data: unknown }) => void events.push(String(data));
  socket.onclose = ({ reason }: { reason: string }) => void events.push(`closed ${reason}`);
  await Promise.resolve();
  await Promise.resolve();
  assertEquals(events, ["open", "ERROR :Closing link: [The server is full.]", "closed "]);
});

Deno.test("dial: each phase has a timeout", async () => {
  await using silent = await Fake.start(() => {});
  const short = { ...LONG, tls: 50, upgrade: 50, firstLine: 50 };
  for (
    const [scheme, message] of [
      ["ircs", "no TLS within 0.1 s"],
      ["irc", "connected, but no line within 0.1 s"],
      ["ws", "no answer within 0.1 s"],
    ] as const
  ) {
    assertEquals(await failure([silent.way(scheme)], { timeouts: short }), message);
  }
});

Deno.test("dial: plain text leaves the local network only if that is allowed", async () => {
  for (
    const [host, address, local] of [
      ["a.example", "127.0.0.1", true],
      ["a.example", "10.1.2.3", true],
      ["a.example", "172.31.0.1", true],
      ["a.example", "172.32.0.1", false],
      ["a.example", "192.168.1.1", true],
      ["a.example", "169.254.1.1", true],
      ["a.example", "192.0.2.1", false],
      ["a.example", "::1", true],
      ["a.example", "fd00::1", true],
      ["a.example", "fe80::1%eth0", true],
      ["a.example", "2001:db8::1", false],
      ["printer.local", "192.0.2.1", true],
    ] as const
  ) assertEquals(isLocal(host, address), local, address);
  const way: Way = { scheme: "irc", host: "a.example", port: 1, path: "" };
  const resolve = () => Promise.resolve(["192.0.2.1"]);
  const error = await assertRejects(() => dial([way, { ...way, scheme: "ws" }], options({ resolve })), PlainTextError);
  assertEquals(error.message, "it would not be encrypted");
});

Deno.test("dial: plain text is not taken in place of TLS that has worked before", async () => {
  await using fake = await Fake.start(irc);
  const ways = [{ ...fake.way("ircs"), port: 1 }, fake.way("irc")];
  const error = await assertRejects(() => dial(ways, options({ wasEncrypted: true })), PlainTextError);
  assertEquals(error.message, "it cannot be reached with encryption (connection refused)");
  assertEquals(fake.sockets.size, 0);
});

tlsTest("dial: TLS is preferred when plain text would be faster", async (certificates) => {
  const issued = await certificates.issue("server");
  await using plain = await Fake.start(irc);
  await using encrypted = await Fake.start((socket) => {
    socket.once("data", () => setTimeout(() => socket.write(`${HELLO}\r\n`), 60)); // after the head start
  }, issued);
  const ca = await Deno.readTextFile(certificates.authority);
  const dialed = await dial([encrypted.way("ircs"), plain.way("irc")], options({ trust: trust(ca), tlsGrace: 60_000 }));
  assertEquals(dialed.way.scheme, "ircs");
  await close(dialed);
});

tlsTest("trust: an unknown certificate is a question, and one that was accepted is not", async (certificates) => {
  const issued = await certificates.issue("server");
  await using fake = await Fake.start(irc, issued);
  await using second = await Fake.start(irc, issued);
  const plain = { ...fake.way("irc"), port: second.port };
  const known = new CertificateFile(undefined);
  const own = options({ trust: new Trust(known) });
  const error = await assertRejects(() => dial([fake.way("ircs"), plain], own), UnknownCertificateError);
  const { stdout } = await new Deno.Command("openssl", {
    args: ["x509", "-noout", "-fingerprint", "-sha256", "-in", issued.cert],
  }).output();
  const [, expected] = new TextDecoder().decode(stdout).trim().split("=");
  assertEquals([error.server, error.fingerprint], [`localhost:${fake.port}`, `SHA256:${expected}`]);
  assertEquals(error.why, "its authority is not known");
  known.add(error.server, error.fingerprint);
  await close(await dial([fake.way("ircs")], own));
  await close(await dial([second.way("ircs")], own)); // the same certificate at another port of the host
});

tlsTest("trust: a certificate that has changed is refused, also when plain text would work", async (certificates) => {
  await using fake = await Fake.start(irc, await certificates.issue("server"));
  await using plain = await Fake.start(irc);
  const directory = await Deno.makeTempDir();
  try {
    const known = new CertificateFile(directory);
    known.add("other:1", "SHA256:AA");
    known.add(`localhost:${fake.port}`, "SHA256:AA");
    const ways = [fake.way("ircs"), plain.way("irc")];
    const message = await failure(ways, { trust: new Trust(known) });
    assertMatch(
      message,
      /^the certificate of localhost:\d+ has changed\. It has the fingerprint SHA256:.*, and had SHA256:AA\./,
    );
    assertMatch(message, new RegExp(`remove line 2 of ${directory}/known_certificates and connect again$`));
  } finally {
    await Deno.remove(directory, { recursive: true });
  }
});

tlsTest("trust: a certificate of an authority passes for its names alone", async (certificates) => {
  await using fake = await Fake.start(irc, await certificates.issue("server"));
  const ca = await Deno.readTextFile(certificates.authority);
  for (const host of ["localhost", "127.0.0.1"]) {
    await close(await dial([fake.way("ircs", host)], options({ trust: trust(ca) })));
  }
  // Over IPv4, as not every machine has IPv6. The certificate has this address in another form.
  await close(await dial([fake.way("ircs", "0:0::1")], options({ trust: trust(ca) })));
  const other = await assertRejects(
    () => dial([fake.way("ircs", "other.example")], options({ trust: trust(ca) })),
    UnknownCertificateError,
  );
  assertEquals(other.why, "it is for another host");
  const address = { ...options({ trust: trust(ca) }), resolve: () => Promise.resolve(["127.0.0.1"]) };
  const wrong = await assertRejects(() => dial([fake.way("ircs", "127.0.0.2")], address), UnknownCertificateError);
  assertEquals(wrong.why, "it is for another host");
});

Deno.test("wire: lines of 10 MB are skipped, and bytes that are no UTF-8 replaced", async () => {
  await using fake = await Fake.start((socket) => {
    socket.once("data", () => {
      socket.write(`${HELLO}\r\n`);
      for (let i = 0; i < 160; i++) socket.write(new Uint8Array(65_536).fill(97));
      socket.write(Uint8Array.of(13, 10, 0xff, 0xfe, 13, 10));
      socket.end("last\r\n");
    });
  });
  const { wire } = await dial([fake.way("irc")], options());
  const lines = wire.early.splice(0);
  wire.onLines = (more) => void lines.push(...more);
  await new Promise<void>((resolve) => wire.onClose = () => resolve());
  assertEquals(lines, [
    HELLO,
    `NOTICE * :The server sent a line of ${160 * 65_536 + 1} bytes, which is too long. It was skipped.`,
    "��",
    "last",
  ]);
});

Deno.test("wire: a server that does not read is disconnected, and no more than the limit waits", async () => {
  await using fake = await Fake.start((socket) => {
    irc(socket);
    socket.once("data", () => socket.pause());
  });
  const { wire } = await dial([fake.way("irc")], options());
  const closed = new Promise<string>((resolve) => wire.onClose = resolve);
  let isClosed = false;
  void closed.then(() => isClosed = true);
  let sent = 0;
  for (; !isClosed && sent < 100 * SEND_MAX; sent += 10_000) {
    wire.send("x".repeat(10_000));
    await new Promise((resolve) => setTimeout(resolve));
  }
  assertEquals(await closed, "The server does not read what is sent to it.");
  assert(sent < 100 * SEND_MAX);
});

/** Runs a WebSocket server. */
async function webSocketServer(handle: (socket: Peer) => void, body: (way: Way) => Promise<void>): Promise<void> {
  const server = new WebSocketServer({ host: "127.0.0.1", port: 0 });
  await once(server, "listening");
  server.on("connection", (socket: Peer) => {
    socket.on("error", () => {});
    handle(socket);
  });
  try {
    await body({ scheme: "ws", host: "localhost", port: server.address().port, path: "/irc" });
  } finally {
    for (const socket of server.clients) socket.terminate();
    server.close();
    await once(server, "close");
  }
}

/** The server's side of a WebSocket. */
interface Peer {
  on(event: string, listener: (data: unknown) => void): void;
  send(text: string): void;
  close(code: number, reason: string): void;
}

Deno.test("wire: several lines of a WebSocket message are lines, too long ones are skipped, and its reason is passed on", async () => {
  await webSocketServer((socket) => {
    socket.on("message", (data) => {
      if (String(data) === "bye") socket.close(1000, "server stopping");
      else socket.send(`${HELLO}\r\none\ntwo\r\n${"x".repeat(LINE_MAX + 1)}`);
    });
  }, async (way) => {
    const { wire } = await dial([way], options());
    assertEquals(wire.early, [
      HELLO,
      "one",
      "two",
      `NOTICE * :The server sent a line of ${LINE_MAX + 1} bytes, which is too long. It was skipped.`,
    ]);
    const reason = new Promise<string>((resolve) => wire.onClose = resolve);
    wire.send("bye");
    assertEquals(await reason, "server stopping");
  });
});

Deno.test("wire: a WebSocket message above the limit ends the connection", async () => {
  await webSocketServer((socket) => {
    socket.on("message", (data) => socket.send(String(data) === "more" ? "x".repeat(FRAME_MAX + 1) : HELLO));
  }, async (way) => {
    const { wire } = await dial([way], options());
    const reason = new Promise<string>((resolve) => wire.onClose = resolve);
    wire.send("more");
    assertEquals(await reason, "The server sent a message that is too long.");
  });
});

Deno.test("wire: a WebSocket message of very many lines is no error, and not all of them are kept", async () => {
  await webSocketServer((socket) => {
    socket.on("message", () => socket.send(`${HELLO}\r\n${"a\n".repeat(FRAME_MAX / 2 - 50)}`));
  }, async (way) => {
    const { wire } = await dial([way], options());
    assertEquals(wire.early[0], HELLO);
    assertEquals(wire.early.length, EARLY_MAX);
    wire.close();
    await wire.closed;
  });
});
