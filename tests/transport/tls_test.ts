/** TLS with `openssl s_client` and raw sockets: versions, data in both directions, ends, limits, and certificates. */
import { assert, assertEquals, assertMatch } from "@std/assert";
import { once } from "node:events";
import { connect as tcpConnect } from "node:net";
import { connect as tlsConnect } from "node:tls";
import { CertificateError, readCertificate, validityWarning } from "../../src/transport/certificate.ts";
import type { Connection } from "../../src/transport/connection.ts";
import { listenTcp, type TcpOptions } from "../../src/transport/tcp.ts";
import { Tls } from "../../src/transport/tls.ts";
import { Certificates, noCertificates } from "../certificates.ts";
import { FakeTimers } from "../fake_timers.ts";
import { grownWithBuffersBy } from "../heap.ts";
import { OpenAdmission, tcpOptions, untilStill } from "./ports.ts";

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

/** A listener that echoes each line. */
async function echoing(
  certificates: Certificates,
  body: (
    port: { port: number; admission: OpenAdmission; tls: Tls; rejected: string[]; connections: Connection[] },
  ) => Promise<void>,
  options: Partial<TcpOptions> = {},
) {
  const admission = new OpenAdmission();
  const tls = new Tls(await readCertificate(await certificates.issue("first"), readText));
  const rejected: string[] = [];
  const onRejected: TcpOptions["onRejected"] = (_, why, cause) => rejected.push(`${cause}: ${why}`);
  const listener = await listenTcp({ ...tcpOptions(admission), tls, onRejected, ...options });
  const connections: Connection[] = [];
  const echo = async (connection: Connection) => {
    for await (const lines of connection.lines) connection.send([...lines]);
    connection.close();
  };
  const serving = (async () => {
    for await (const connection of listener) {
      connections.push(connection);
      void echo(connection);
    }
  })();
  try {
    await body({ port: listener.port, admission, tls, rejected, connections });
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
    const ca = await Deno.readTextFile(certificates.authority);
    for (const proper of [true, false]) {
      for (let n = 0; n < 20; n++) {
        const wire = tcpConnect({ port, host: "127.0.0.1", allowHalfOpen: true });
        const client = tlsConnect({ socket: wire, servername: "localhost", ca });
        await once(client, "secureConnect");
        let got = "";
        const answered = Promise.withResolvers<void>();
        client.on("data", (bytes: Uint8Array) => {
          got += new TextDecoder().decode(bytes);
          if (got.startsWith("whole\n")) answered.resolve();
        });
        client.on("error", () => {}); // a truncation is reported as an error
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
    for (let n = 0; n < 50; n++) { // what never was one is known to be none at once
      using socket = await Deno.connect({ port });
      await socket.write(encoder.encode("GET / HTTP/1.1\r\n\r\n"));
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
