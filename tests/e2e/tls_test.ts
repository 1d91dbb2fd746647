/**
 * TLS on every listener: connecting, reloading the certificate, and timeouts of silent connections.
 */
import { assert, assertEquals, assertMatch } from "@std/assert";
import { Certificates, noCertificates } from "../certificates.ts";
import { missing, within as withBrowser } from "./browser.ts";
import { executable, test } from "./forms.ts";
import { Client, type Form, type Program, run, start, Talker } from "./harness.ts";

/** Runs a test body against a server with a certificate. */
async function withTls(
  form: Form,
  body: (server: Program, certificates: Certificates, files: { cert: string; key: string }) => Promise<void>,
  args: string[] = [],
) {
  await using certificates = await Certificates.make();
  const files = await certificates.issue("first");
  await using server = await start(form, ["--tls-cert", files.cert, "--tls-key", files.key, ...args]);
  await body(server, certificates, files);
}

/** A client that connects with the `openssl` command that the listener line prints. */
class OpenSsl extends Talker implements AsyncDisposable {
  readonly #child: Deno.ChildProcess;

  private constructor(child: Deno.ChildProcess) {
    super(child.stdout, child.stdin);
    this.#child = child;
  }

  static open(port: number): OpenSsl {
    const args = ["s_client", "-quiet", "-connect", `127.0.0.1:${port}`];
    return new OpenSsl(
      new Deno.Command("openssl", { args, stdin: "piped", stdout: "piped", stderr: "null" }).spawn(),
    );
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#child.kill("SIGKILL");
    await this.#child.status;
  }
}

/** The subject of the certificate that a port presents. Some versions of `openssl` print it with spaces. */
async function subjectOf(port: number): Promise<string> {
  const args = ["s_client", "-connect", `127.0.0.1:${port}`];
  const { stdout } = await new Deno.Command("openssl", { args, stdin: "null", stderr: "null" }).output();
  return /subject=CN ?= ?(.*)/.exec(new TextDecoder().decode(stdout))?.[1] ?? "";
}

test(
  "tls: every listener uses TLS, and its line on stdout says how to connect",
  (form) =>
    withTls(form, async (server, certificates) => {
      assertEquals(server.stdout.all.split("\n"), [
        `text  openssl s_client -quiet -connect 127.0.0.1:${server.port}`,
        `irc   ircs://127.0.0.1:${server.ircPort}`,
        `web   https://127.0.0.1:${server.webPort}`,
        "",
      ]);
      await using alice = OpenSsl.open(server.port);
      await alice.until(/^-- Welcome/);
      await using irc = OpenSsl.open(server.ircPort);
      await irc.send("NICK bob", "USER b 0 * :b", "JOIN #lobby");
      await irc.until(/ 366 bob #lobby /);
      await alice.send("grüße 😀");
      await irc.until(/^:guest1!\S+ PRIVMSG #lobby :grüße 😀$/);
      using client = Deno.createHttpClient({ caCerts: [await Deno.readTextFile(certificates.authority)] });
      const health = await fetch(`https://localhost:${server.webPort}/healthz`, { client });
      assertEquals([health.status, await health.text()], [200, "ok\n"]);
      // A client without TLS receives no messages, and is the only one that is disconnected.
      using plain = new Client(await Deno.connect({ port: server.port }));
      await plain.send("hello?");
      await plain.rest();
      assert(!/Welcome/.test(plain.received));
      await server.logged(/refused .*door=text reason="no TLS: /);
      await alice.send("still here");
      await irc.until(/still here$/);
    }),
  noCertificates,
);

test(
  "tls: SIGHUP loads a new certificate without dropping clients, and keeps the old one if the new one is invalid",
  (form) =>
    withTls(form, async (server, certificates, files) => {
      await using alice = OpenSsl.open(server.port);
      await alice.until(/^-- Welcome/);
      assertEquals(await subjectOf(server.port), "first");
      const second = await certificates.issue("second");
      const swap = async () => {
        for (const it of ["cert", "key"] as const) await Deno.rename(second[it], files[it]); // as certbot does
      };
      await swap();
      server.kill("SIGHUP");
      await server.logged(/certificate reloaded subject="?CN=second/);
      for (const port of [server.port, server.ircPort, server.webPort]) {
        assertEquals(await subjectOf(port), "second");
      }
      await Deno.writeTextFile(files.key, await Deno.readTextFile(`${certificates.path}/ca.key`));
      server.kill("SIGHUP");
      assertMatch(
        await server.logged(/error certificate not reloaded/),
        /it does not match the certificate/,
      );
      assertEquals(await subjectOf(server.port), "second");
      await alice.send("/ping");
      await alice.until("-- Pong.");
    }),
  noCertificates ?? (Deno.build.os === "windows" ? "there is no SIGHUP" : undefined),
);

test(
  "tls: a server with TLS advertises strict transport security (sts) to IRC clients, and one without does not",
  (form) =>
    withTls(form, async (server) => {
      await using irc = OpenSsl.open(server.ircPort);
      await irc.send("CAP LS 302");
      await irc.until(/ CAP \* LS :.*\bsts=duration=\d+\b/);
      await using plain = await start(form);
      using other = new Client(await Deno.connect({ port: plain.ircPort }));
      await other.send("CAP LS 302");
      assert(!/\bsts\b/.test(await other.until(/ CAP \* LS :/)));
    }),
  noCertificates,
);

test("tls: an invalid certificate prints one line on stderr and exits with code 2", async (form) => {
  await using certificates = await Certificates.make();
  const [a, b] = [await certificates.issue("a"), await certificates.issue("b")];
  const { code, stdout, stderr } = await run(form, ["--port", "0", "--tls-cert", a.cert, "--tls-key", b.key]);
  assertEquals([code, stdout], [2, ""]);
  assertEquals(stderr, `Cannot use --tls-key "${b.key}": it does not match the certificate\n`);
}, noCertificates);

/** The least time before a silent connection may be closed, in milliseconds: 10 seconds less the error of the server's timers. */
const STAY = 9_000;

/**
 * Opens 5,000 connections, spread over the listeners, that send nothing complete while one client chats. None may be
 * rejected, and each must be closed after its timeout.
 *
 * @param beginning What every other connection sends.
 */
async function besiege(server: Program, alice: Talker, beginning: Uint8Array, metrics: () => Promise<string>) {
  const ports = [server.port, server.ircPort, server.webPort];
  const stays: Promise<number>[] = [];
  for (let n = 0; n < 5000; n++) {
    const began = performance.now(); // the server may accept it before connect() resolves
    const socket = await Deno.connect({ port: ports[n % 3]! });
    stays.push(untilClosed(socket, n % 2 === 0 ? beginning : new Uint8Array(0), began));
    if (n % 100 !== 0) continue;
    await alice.send("/ping"); // answered before more connections are opened
    await alice.until("-- Pong.");
  }
  const shortest = Math.min(...await Promise.all(stays));
  assert(shortest >= STAY, `a connection was closed after ${shortest} ms`);
  await alice.send("/ping");
  await alice.until("-- Pong.");
  const text = await metrics();
  assertMatch(text, /^tincan_connections\{.*\} \d/m);
  assertEquals(text.match(/^tincan_refused_total\{reason="(?!no TLS|too slow a request).*\} [1-9].*$/gm), null);
}

/** Sends bytes, then nothing. Returns the time from `began` until the server closes the connection, in milliseconds. */
async function untilClosed(socket: Deno.TcpConn, words: Uint8Array, began: number): Promise<number> {
  try {
    await socket.write(words);
    while (await socket.read(new Uint8Array(100)) !== null);
  } catch {
    // A reset counts as the end.
  }
  socket.close();
  return performance.now() - began;
}

const UNBOUND = ["--max-per-ip", "off", "--max-unregistered", "off", "--log-level", "warn"];

test(
  "timeouts: 5,000 silent connections with TLS are closed in time, and a chatting client is answered",
  async (form) => {
    await using certificates = await Certificates.make();
    const { cert, key } = await certificates.issue("first");
    await using server = await start(form, ["--tls-cert", cert, "--tls-key", key, ...UNBOUND]);
    await using alice = OpenSsl.open(server.port);
    await alice.until(/^-- Welcome/);
    const hello = new Uint8Array([22, 3, 1, 2, 0, 1, 0, 1, 252]); // the start of a handshake
    using client = Deno.createHttpClient({ caCerts: [await Deno.readTextFile(certificates.authority)] });
    const metrics = async () => (await fetch(`https://localhost:${server.webPort}/metrics`, { client })).text();
    await besiege(server, alice, hello, metrics);
  },
  noCertificates,
);

/** Runs a test body against a server with a server password. */
async function withPassword(form: Form, args: string[], body: (server: Program) => Promise<void>) {
  const path = await Deno.makeTempFile();
  try {
    await Deno.writeTextFile(path, "secret\n");
    await using server = await start(form, ["--password-file", path, ...args]);
    await body(server);
  } finally {
    await Deno.remove(path);
  }
}

test("timeouts: 5,000 silent connections without TLS are closed in time, and a chatting client is answered", (form) =>
  withPassword(form, ["--register-time", "10s", ...UNBOUND], async (server) => {
    using alice = new Client(await Deno.connect({ port: server.port }));
    await alice.send("secret");
    await alice.until(/^-- Welcome/);
    const metrics = async () => (await fetch(`http://127.0.0.1:${server.webPort}/metrics`)).text();
    await besiege(server, alice, new TextEncoder().encode("P"), metrics);
  }));

/** How many bytes a slow client sends before it gives up: ten times what the timeout allows. */
const MOST = 400;

test("timeouts: a client that sends a byte now and then has no more time to register than a silent one", (form) =>
  withPassword(form, ["--register-time", "2s"], async (server) => {
    const bytes: number[] = [];
    for (const [port, byte] of [server.port, server.ircPort].flatMap((port) => [[port, "a"], [port, "\n"]] as const)) {
      const began = performance.now();
      const socket = await Deno.connect({ port });
      const closed = untilClosed(socket, new Uint8Array(0), began);
      let said = 0;
      const dripping = setInterval(() => {
        if (++said === MOST) socket.closeWrite().catch(() => {}); // it would go on forever
        else socket.write(new TextEncoder().encode(byte)).catch(() => {});
      }, 50);
      const took = await closed;
      clearInterval(dripping);
      assert(took >= 1900 && said < MOST, `it took ${took} ms and ${said} bytes`);
      bytes.push(said);
    }
    assert(Math.max(...bytes) > 10, `no connection sent more than ${Math.max(...bytes)} bytes`);
  }));

test(
  "tls: browsers chat over https and wss without errors in the console",
  async (form) => {
    await using certificates = await Certificates.make();
    const { cert, key } = await certificates.issue("first");
    await withBrowser(form, async (world) => {
      const alice = await world.guest("alice", "", { ignoreHTTPSErrors: true });
      const bob = await world.guest("bob", "", { ignoreHTTPSErrors: true });
      assertMatch(alice.page.url(), /^https:/);
      await alice.say("grüße 😀");
      await bob.page.getByText("grüße 😀").first().waitFor();
    }, ["--tls-cert", cert, "--tls-key", key]);
  },
  noCertificates ?? missing,
  [executable],
);
