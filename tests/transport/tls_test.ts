/** TLS with `openssl s_client` and raw sockets: versions, data in both directions, ends, limits, and certificates. */
import { assert, assertEquals, assertMatch, assertRejects } from "@std/assert";
import { concat } from "@std/bytes/concat";
import { once } from "node:events";
import { Buffer } from "node:buffer";
import { Duplex } from "node:stream";
import { connect as tcpConnect, type Socket as NetSocket } from "node:net";
import { connect as tlsConnect } from "node:tls";
import { CertificateError, readCertificate, validityWarning } from "../../src/transport/certificate.ts";
import type { Connection } from "../../src/transport/connection.ts";
import { listen } from "../../src/transport/listen.ts";
import { listenTcp, type TcpOptions } from "../../src/transport/tcp.ts";
import { Tls } from "../../src/transport/tls.ts";
import { Certificates, noCertificates } from "../certificates.ts";
import { FakeTimers } from "../fake_timers.ts";
import { grownWithBuffersBy } from "../heap.ts";
import { OpenAdmission, portOptions, tcpOptions, untilStill } from "./ports.ts";

/** Maximum bytes that a client can send while it is not read from, and maximum growth of memory, in bytes. */
const SENT_MAX = 50e6;
const KEPT_MAX = 3e6;

const encoder = new TextEncoder();
const readText = (path: string) => Deno.readTextFile(path);

const KINDS = "use one of prime256v1, secp384r1, secp521r1, ed25519, rsa";

function test(name: string, body: (certificates: Certificates) => Promise<void>): void {
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

/** A port that echoes each line, and what has happened there. */
interface Echo {
  readonly port: number;
  readonly admission: OpenAdmission;
  readonly tls: Tls;
  readonly rejected: readonly string[];
  readonly connections: readonly Connection[];
  /** The last lines that were delivered. */
  readonly received: readonly string[];
  /** Stops accepting. */
  readonly close: () => void;
}

/** Runs a function with a port that echoes each line. */
async function echoing(
  certificates: Certificates,
  body: (echo: Echo) => Promise<void>,
  options: Partial<TcpOptions> = {},
) {
  const admission = new OpenAdmission();
  const tls = new Tls(await readCertificate(await certificates.issue("first"), readText));
  const rejected: string[] = [];
  const onRejected: TcpOptions["onRejected"] = (_, why, cause) => rejected.push(`${cause}: ${why}`);
  const listener = await listenTcp({ ...tcpOptions(admission), tls, onRejected, ...options });
  const connections: Connection[] = [];
  const received: string[] = [];
  const echo = async (connection: Connection) => {
    for await (const lines of connection.lines) {
      const taken = [...lines];
      received.push(...taken);
      received.splice(0, received.length - 10); // more would count as memory that grows
      connection.send(taken);
    }
    connection.close();
  };
  const serving = (async () => {
    for await (const connection of listener) {
      connections.push(connection);
      void echo(connection);
    }
  })();
  try {
    const close = () => listener.close();
    await body({ port: listener.port, admission, tls, rejected, connections, received, close });
  } finally {
    listener.close();
    await serving;
    for (const connection of connections) connection.close();
    await admission.holds(0);
  }
}

async function connect(port: number, certificates: Certificates): Promise<Deno.TlsConn> {
  const caCerts = [await Deno.readTextFile(certificates.authority)];
  const conn = await Deno.connectTls({ hostname: "localhost", port, caCerts });
  await conn.handshake();
  return conn;
}

async function receive(conn: Deno.TlsConn, length: number): Promise<string> {
  const bytes = new Uint8Array(length);
  for (let at = 0; at < length;) {
    const count = await conn.read(bytes.subarray(at));
    if (count === null) return new TextDecoder().decode(bytes.subarray(0, at));
    at += count;
  }
  return new TextDecoder().decode(bytes);
}

/** Returns the output of `openssl s_client` for a port. */
async function sClient(port: number, ...args: string[]): Promise<string> {
  const child = new Deno.Command("openssl", {
    args: ["s_client", "-connect", `127.0.0.1:${port}`, ...args],
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
  });
  const { stdout, stderr } = await child.output();
  return new TextDecoder().decode(stdout) + new TextDecoder().decode(stderr);
}

test("tls: only TLS 1.2 and 1.3 with forward secrecy are accepted", (certificates) =>
  echoing(certificates, async ({ port, rejected }) => {
    assertMatch(await sClient(port, "-tls1_3"), /TLSv1\.3, Cipher is TLS_/);
    assertMatch(await sClient(port, "-tls1_2"), /TLSv1\.2, Cipher is ECDHE-/);
    for (const old of ["-tls1", "-tls1_1"]) {
      assertMatch(await sClient(port, old, "-cipher", "ALL:@SECLEVEL=0"), /Cipher is \(NONE\)/, old);
    }
    for (const cipher of ["kRSA", "PSK", "aNULL", "eNULL", "CAMELLIA", "3DES", "RC4", "CBC", "SHA1"]) {
      const answer = await sClient(port, "-tls1_2", "-cipher", `${cipher}:@SECLEVEL=0`);
      assertMatch(answer, /Cipher is \(NONE\)|no cipher match|[Nn]o ciphers/, cipher);
    }
    assert(rejected.length >= 3 && rejected.every((why) => why.startsWith("no TLS: no TLS: ")), rejected.join("\n"));
  }));

test("tls: ALPN selects http/1.1 where it is offered, and rejects clients that do not support it", (certificates) =>
  echoing(certificates, async ({ port }) => {
    assertMatch(await sClient(port, "-alpn", "h2,http/1.1"), /ALPN protocol: http\/1\.1/);
    assertMatch(await sClient(port, "-alpn", "h2"), /no application protocol|Cipher is \(NONE\)/);
    assertMatch(await sClient(port), /No ALPN negotiated/);
  }, { alpn: ["http/1.1"] }));

test("tls: data arrives complete and in order in both directions", (certificates) =>
  echoing(certificates, async ({ port, connections }) => {
    using conn = await connect(port, certificates);
    const lines = Array.from({ length: 2000 }, (_, n) => `${n} grüße ${"x".repeat(n % 500)}`);
    const bytes = encoder.encode(lines.join("\n") + "\n");
    const sent = (async () => {
      for (let at = 0; at < bytes.length;) at += await conn.write(bytes.subarray(at));
    })();
    assertEquals(await receive(conn, bytes.length), lines.join("\n") + "\n");
    await sent;
    assert(connections[0]!.secure);
    assertMatch(connections[0]!.peer, /^127\.0\.0\.1:\d+$/);
  }));

test("tls: a client that has ended its stream still gets all replies, and then the end", (certificates) =>
  echoing(certificates, async ({ port }) => {
    const ca = await Deno.readTextFile(certificates.authority);
    for (const [text, answer] of [["no end", "no end\n"], ["one\ntwo\n", "one\ntwo\n"]] as const) {
      const options = { port, host: "127.0.0.1", servername: "localhost", ca, allowHalfOpen: true };
      const client = tlsConnect(options);
      await once(client, "secureConnect");
      let got = "";
      client.on("data", (bytes: Uint8Array) => got += new TextDecoder().decode(bytes));
      const ended = once(client, "end");
      client.end(text);
      await ended;
      assertEquals(got, answer);
      client.destroy();
    }
  }));

test("tls: an incomplete last line is delivered after close_notify, and dropped after a truncation", (certificates) =>
  echoing(certificates, async ({ port, connections }) => {
    for (const proper of [true, false]) {
      for (let n = 0; n < 20; n++) {
        const { wire, client } = await connectOn(port, certificates);
        let got = "";
        const answered = Promise.withResolvers<void>();
        client.on("data", (bytes: Uint8Array) => {
          got += new TextDecoder().decode(bytes);
          if (got.startsWith("whole\n")) answered.resolve();
        });
        client.write("whole\nhalf a li");
        await answered.promise;
        if (proper) client.end();
        else wire.end();
        const connection = connections.at(-1)!;
        await connection.closed;
        assertEquals(connection.closeReason, proper ? undefined : "connection lost");
        client.destroy();
        wire.destroy();
        if (!proper) assertEquals(got, "whole\n");
      }
    }
  }));

/** Connects with TLS, and also returns the TCP connection below, to which anything can be written. */
async function connectOn(port: number, certificates: Certificates): Promise<{ wire: NetSocket; client: NetSocket }> {
  const wire = tcpConnect({ port, host: "127.0.0.1", allowHalfOpen: true });
  const ca = await Deno.readTextFile(certificates.authority);
  const client = tlsConnect({ socket: wire, servername: "localhost", ca });
  for (const each of [wire, client]) each.on("error", () => {}); // the server may reset the connection
  await once(client, "secureConnect");
  return { wire, client };
}

/** A TLS record that cannot be decrypted. */
const BAD_RECORD = new Uint8Array([23, 3, 3, 0, 64, ...new Uint8Array(64)]);

/** A TLS client on a TCP connection, which stays open when TLS has ended. */
async function connectWithin(
  conn: Deno.TcpConn,
  send: (bytes: Uint8Array) => unknown = (bytes) => writeAll(conn, bytes),
): Promise<NetSocket> {
  const stream: Duplex = new Duplex({
    read() {},
    write: async (bytes: Uint8Array, _encoding, done) => {
      await send(bytes.slice());
      done();
      if (!stream.destroyed) stream.emit("data", Buffer.alloc(0)); // TLSSocket notices a finished write only with data
    },
  });
  const client = tlsConnect({ socket: stream, rejectUnauthorized: false });
  const secured = once(client, "secureConnect");
  const buffer = new Uint8Array(16384);
  const read = async () => {
    for (let n = await conn.read(buffer); n !== null; n = await conn.read(buffer)) stream.push(buffer.slice(0, n));
  };
  read().catch(() => {}); // until it is closed
  await secured;
  return client;
}

async function writeAll(conn: Deno.TcpConn, bytes: Uint8Array) {
  for (let at = 0; at < bytes.length;) at += await conn.write(bytes.subarray(at));
}

test("tls: whole lines are delivered that arrive together with a truncation", (certificates) =>
  echoing(certificates, async ({ port, connections, received }) => {
    const many = `${"x".repeat(99)}\n`.repeat(100); // more than is read at once
    for (let n = 0; n < 10; n++) {
      using conn = await Deno.connect({ port });
      const held: Uint8Array[] = [];
      let holds = false;
      const client = await connectWithin(conn, (bytes) => holds ? held.push(bytes) : writeAll(conn, bytes));
      client.write("first\n");
      await once(client, "data"); // the echo
      holds = true;
      await new Promise((resolve) => client.write(`${many}line ${n}\nhalf a li`, resolve));
      await writeAll(conn, concat(held));
      await conn.closeWrite();
      await connections.at(-1)!.closed;
      assertEquals(connections.at(-1)!.closeReason, "connection lost");
      assertEquals(received.at(-1), `line ${n}`);
      client.destroy();
    }
  }));

test("tls: a client is disconnected when a record cannot be decrypted, though it keeps the connection open", (certificates) =>
  echoing(certificates, async ({ port, admission }) => {
    const { wire, client } = await connectOn(port, certificates);
    wire.write(BAD_RECORD);
    await admission.holds(0);
    client.destroy();
    wire.destroy();
  }));

test("tls: what follows close_notify is not read", async (certificates) => {
  const admission = new OpenAdmission();
  const tls = new Tls(await readCertificate(await certificates.issue("first"), readText));
  const listener = await listen({ ...portOptions(admission), tls });
  const sockets = listener[Symbol.asyncIterator]();
  const accepted = sockets.next();
  using conn = await Deno.connect({ port: listener.port });
  const client = await connectWithin(conn);
  const { value: socket } = await accepted;
  const ended = socket.read(new Uint8Array(100));
  client.end();
  assertEquals(await ended, null);
  const flood = concat(Array<Uint8Array>(1000).fill(BAD_RECORD));
  let sent = 0;
  const flooding = (async () => {
    while (sent < SENT_MAX) sent += await conn.write(flood);
  })();
  await untilStill(() => sent);
  assert(sent < SENT_MAX, `${sent} bytes were accepted`);
  socket.close();
  await assertRejects(() => flooding); // not before
  client.destroy();
  listener.close();
  await admission.holds(0);
});

test("tls: clients whose handshake has not begun are no rejected ones when the listener closes", (certificates) =>
  echoing(certificates, async ({ port, admission, rejected, close }) => {
    const hello = new Uint8Array([22, 3, 1, 2, 0, 1, 0, 1, 252]);
    const clients: Deno.TcpConn[] = [];
    for (let n = 0; n < 50; n++) clients.push(await Deno.connect({ port }));
    await Promise.all(clients.map((socket) => socket.write(hello)));
    await admission.holds(50);
    close();
    await admission.holds(0);
    await untilStill(() => rejected.length);
    assertEquals(rejected, []);
    clients.forEach((socket) => socket.close());
  }));

test("tls: a client that is killed leaves no resources behind", (certificates) =>
  echoing(certificates, async ({ port, admission }) => {
    const child = new Deno.Command("openssl", {
      args: ["s_client", "-quiet", "-connect", `127.0.0.1:${port}`],
      stdin: "piped",
      stdout: "piped",
      stderr: "null",
    }).spawn();
    const writer = child.stdin.getWriter();
    await writer.write(encoder.encode("whole\nhalf"));
    const reader = child.stdout.getReader();
    assertEquals(new TextDecoder().decode((await reader.read()).value), "whole\n");
    child.kill("SIGKILL"); // TCP ends without close_notify
    await admission.holds(0);
    await child.status;
    await reader.cancel();
    await writer.abort().catch(() => {});
  }));

test("tls: neither a client that does not read nor one that is not read from makes memory grow", (certificates) =>
  echoing(certificates, async ({ port, connections }) => {
    using conn = await connect(port, certificates);
    const line = encoder.encode("x".repeat(8000) + "\n");
    let sent = 0;
    // The client sends lines and reads none of the echoes, until nothing more is accepted from it.
    const kept = await grownWithBuffersBy(async () => {
      void (async () => {
        while (sent < SENT_MAX) {
          for (let at = 0; at < line.length;) at += await conn.write(line.subarray(at));
          sent += line.length;
        }
      })().catch(() => {});
      await untilStill(() => sent);
    });
    assert(sent < SENT_MAX, "more was accepted than buffers hold");
    assert(connections[0]!.queued <= 1e6);
    assert(kept < KEPT_MAX, `${kept} bytes are retained of ${sent}`);
    assertEquals(connections[0]!.closeReason, undefined, "the client was disconnected");
  }));

/** A timeout that no other timer has, in milliseconds. */
const HANDSHAKE_TIME = 1e8;

test("tls: incomplete handshakes and silent clients time out, and garbage is rejected, without affecting others", async (certificates) => {
  using timers = new FakeTimers(HANDSHAKE_TIME);
  await echoing(certificates, async ({ port, admission, rejected }) => {
    using conn = await connect(port, certificates);
    const silent: Deno.TcpConn[] = [];
    const handshaking = admission.holds(151);
    while (silent.length < 150) silent.push(await Deno.connect({ port }));
    // The beginning of a ClientHello that is never completed.
    for (const socket of silent.slice(0, 50)) await socket.write(new Uint8Array([22, 3, 1, 2, 0, 1, 0, 1, 252]));
    await handshaking;
    const long = new Uint8Array(1000);
    long[0] = 22; // as in a handshake; it is read in more than one part
    for (let n = 0; n < 50; n++) { // what never was one is known to be none at once
      using socket = await Deno.connect({ port });
      await socket.write(n % 2 === 0 ? encoder.encode("GET / HTTP/1.1\r\n\r\n") : long);
      const buffer = new Uint8Array(100);
      while (await socket.read(buffer).catch(() => null) !== null);
    }
    await conn.write(encoder.encode("hello\n"));
    assertEquals(await receive(conn, 6), "hello\n");
    assertEquals([timers.size, admission.inside.length, rejected.length], [150, 151, 50]);
    const alone = admission.holds(1);
    timers.pass(HANDSHAKE_TIME);
    await alone;
    await conn.write(encoder.encode("still here\n"));
    assertEquals(await receive(conn, 11), "still here\n");
    assertEquals(rejected.length, 200);
    assertEquals(rejected.filter((why) => /too long/.test(why)).length, 150);
    silent.forEach((socket) => socket.close());
  }, { handshakeTime: HANDSHAKE_TIME });
});

test("tls: closing a listener closes connections during their handshake", async (certificates) => {
  const admission = new OpenAdmission();
  const tls = new Tls(await readCertificate(await certificates.issue("first"), readText));
  const listener = await listenTcp({ ...tcpOptions(admission), tls, handshakeTime: 1e8 });
  const all = (async () => {
    for await (const connection of listener) connection.close();
  })();
  using _silent = await Deno.connect({ port: listener.port });
  await admission.holds(1);
  listener.close();
  await admission.holds(0);
  await all;
});

test("tls: clients that leave at any time leave no resources behind", (certificates) =>
  echoing(certificates, async ({ port, admission }) => {
    for (let n = 0; n < 20; n++) {
      (await Deno.connect({ port })).close();
      const conn = await connect(port, certificates);
      if (n % 2 === 0) await conn.write(encoder.encode("half a li"));
      conn.close();
    }
    await admission.holds(0);
    assertEquals(admission.entered, 40);
  }));

test("tls: a reloaded certificate is used for new connections, and open ones remain", (certificates) =>
  echoing(certificates, async ({ port, tls }) => {
    using conn = await connect(port, certificates);
    assertMatch(await sClient(port), /subject=CN ?= ?first/);
    tls.reload(await readCertificate(await certificates.issue("second"), readText));
    assertMatch(await sClient(port), /subject=CN ?= ?second/);
    await conn.write(encoder.encode("still here\n"));
    assertEquals(await receive(conn, 11), "still here\n");
  }));

test("tls: no line is lost when certificates are reloaded under load", (certificates) =>
  echoing(certificates, async ({ port, tls }) => {
    const both = [await certificates.issue("one"), await certificates.issue("two")];
    const read = await Promise.all(both.map((files) => readCertificate(files, readText)));
    const conns = await Promise.all(Array.from({ length: 20 }, () => connect(port, certificates)));
    const talk = conns.map(async (conn, id) => {
      for (let n = 0; n < 50; n++) {
        const line = `${id} sends ${n}\n`;
        await conn.write(encoder.encode(line));
        assertEquals(await receive(conn, line.length), line);
      }
    });
    for (let n = 0; n < 20; n++) {
      tls.reload(read[n % 2]!);
      (await connect(port, certificates)).close();
    }
    await Promise.all(talk);
    conns.forEach((conn) => conn.close());
  }));

test("tls: unusable certificate files are reported with flag, path and reason", async (certificates) => {
  const [a, b] = [await certificates.issue("a"), await certificates.issue("b")];
  const odd = await certificates.issue("odd", 30, "-newkey ec -pkeyopt ec_paramgen_curve:secp256k1 -nodes");
  const at = (name: string) => `${certificates.path}/${name}`;
  await Deno.writeTextFile(at("empty"), "");
  await Deno.writeTextFile(at("broken"), "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n");
  await Deno.writeTextFile(at("brokenkey"), "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n");
  await Deno.writeTextFile(
    at("locked"),
    "-----BEGIN ENCRYPTED PRIVATE KEY-----\nAAAA\n-----END ENCRYPTED PRIVATE KEY-----\n",
  );
  const cases: [string, string, string][] = [
    [a.cert, b.key, `Cannot use --tls-key "${b.key}": it does not match the certificate`],
    [at("none"), a.key, `Cannot use --tls-cert "${at("none")}": no such file`],
    [a.cert, at("none"), `Cannot use --tls-key "${at("none")}": no such file`],
    [at("empty"), a.key, `Cannot use --tls-cert "${at("empty")}": it contains no certificate in PEM format`],
    [at("broken"), a.key, `Cannot use --tls-cert "${at("broken")}": certificate 1 in it cannot be read`],
    [a.cert, a.cert, `Cannot use --tls-key "${a.cert}": it contains no private key in PEM format`],
    [a.cert, at("brokenkey"), `Cannot use --tls-key "${at("brokenkey")}": the key in it cannot be read`],
    [a.cert, at("locked"), `Cannot use --tls-key "${at("locked")}": the key is encrypted with a password`],
    [odd.cert, odd.key, `Cannot use --tls-key "${odd.key}": keys of type secp256k1 are not supported: ${KINDS}`],
  ];
  for (const [cert, key, message] of cases) {
    const error = await readCertificate({ cert, key }, readText).then(() => undefined, (error) => error);
    assert(error instanceof CertificateError, message);
    assertEquals(error.message, message);
  }
  const good = await readCertificate(a, readText);
  assertEquals(good.subject, "CN=a");
  const [from, to] = [good.validFrom.getTime(), good.validTo.getTime()];
  const twoWeeks = 14 * 86_400_000;
  assertEquals([from, to - twoWeeks].map((now) => validityWarning(good, new Date(now))), [undefined, undefined]);
  assertMatch(validityWarning(good, new Date(to - twoWeeks + 1))!, /^it expires on \d{4}-/);
  assertMatch(validityWarning(good, new Date(to))!, /^it expires on \d{4}-/);
  assertMatch(validityWarning(good, new Date(to + 1))!, /^it expired on \d{4}-/);
  assertMatch(validityWarning(good, new Date(from - 1))!, /^it is valid only from \d{4}-/);
});

for (
  const key of [
    "ec -pkeyopt ec_paramgen_curve:prime256v1",
    "ec -pkeyopt ec_paramgen_curve:secp384r1",
    "ec -pkeyopt ec_paramgen_curve:secp521r1",
    "ed25519",
    "rsa:2048",
  ]
) {
  test(`tls: a key of type ${key} can be used, also from one file with the certificate`, (certificates) =>
    echoing(certificates, async ({ port, tls }) => {
      const { cert, key: path } = await certificates.issue("kind", 30, `-newkey ${key} -nodes`);
      const both = `${certificates.path}/both`;
      await Deno.writeTextFile(both, await Deno.readTextFile(cert) + await Deno.readTextFile(path));
      tls.reload(await readCertificate({ cert: both, key: both }, readText));
      assertMatch(await sClient(port), /subject=CN ?= ?kind/);
    }));
}
