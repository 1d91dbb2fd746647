/**
 * TLS on every door of the whole program: how one gets in, how the certificate is exchanged, what is out of reach.
 */
import { assert, assertEquals, assertMatch } from "@std/assert";
import { Certificates, noCertificates } from "../certificates.ts";
import { quantile } from "../soak/figures.ts";
import { missing, within as withBrowser } from "./browser.ts";
import { executable, test } from "./forms.ts";
import { Client, type Form, type Program, run, start, Talker } from "./harness.ts";

/** A server with a certificate, and those who know it. */
async function together(
  form: Form,
  body: (server: Program, certificates: Certificates, files: { cert: string; key: string }) => Promise<void>,
  args: string[] = [],
) {
  await using certificates = await Certificates.make();
  const files = await certificates.issue("first");
  await using server = await start(form, ["--tls-cert", files.cert, "--tls-key", files.key, ...args]);
  await body(server, certificates, files);
}

/** Somebody who comes in as the door's line says. */
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

/** Whose certificate it is that a port shows. Some versions of `openssl` write it with blanks. */
async function subjectOf(port: number): Promise<string> {
  const args = ["s_client", "-connect", `127.0.0.1:${port}`];
  const { stdout } = await new Deno.Command("openssl", { args, stdin: "null", stderr: "null" }).output();
  return /subject=CN ?= ?(.*)/.exec(new TextDecoder().decode(stdout))?.[1] ?? "";
}

test("every door speaks TLS, and says how to get in", (form) =>
  together(form, async (server, certificates) => {
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
    // Whoever speaks no TLS gets none of what is said, and ends nobody's session but its own.
    using plain = new Client(await Deno.connect({ port: server.port }));
    await plain.send("hello?");
    await plain.rest();
    assert(!/Welcome/.test(plain.received));
    await server.logged(/refused .*door=text reason="no TLS: /);
    await alice.send("still here");
    await irc.until(/still here$/);
  }), noCertificates);

test(
  "SIGHUP has a new certificate used, and nobody is dropped; one that cannot be used changes nothing",
  (form) =>
    together(form, async (server, certificates, files) => {
      await using alice = OpenSsl.open(server.port);
      await alice.until(/^-- Welcome/);
      assertEquals(await subjectOf(server.port), "first");
      const second = await certificates.issue("second");
      const swap = async () => {
        for (const it of ["cert", "key"] as const) await Deno.rename(second[it], files[it]); // as certbot and others do
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
  "IRC clients are told to come back over TLS (STS) by whoever speaks it, and by nobody else",
  (form) =>
    together(form, async (server) => {
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

test("a certificate that cannot be used is one line on stderr, and exit code 2", async (form) => {
  await using certificates = await Certificates.make();
  const [a, b] = [await certificates.issue("a"), await certificates.issue("b")];
  const { code, stdout, stderr } = await run(form, ["--port", "0", "--tls-cert", a.cert, "--tls-key", b.key]);
  assertEquals([code, stdout], [2, ""]);
  assertEquals(stderr, `Cannot use --tls-key "${b.key}": it does not match the certificate\n`);
}, noCertificates);

/** How long those stay at least who say nothing, in milliseconds: 10 seconds, but for what a busy server's timers are early by. */
const STAY = 9_000;

/**
 * Has 5,000 come who say nothing that has an end, at every door, while somebody talks. None may be turned away, and each
 * must be let go of after its time.
 *
 * @param beginning What every other one says.
 */
async function besiege(server: Program, alice: Talker, beginning: Uint8Array, metrics: () => Promise<string>) {
  const ports = [server.port, server.ircPort, server.webPort];
  const stays: Promise<number>[] = [];
  const waits: number[] = [];
  for (let n = 0; n < 5000; n++) {
    const began = performance.now(); // they may have been let in before we see that they are
    const socket = await Deno.connect({ port: ports[n % 3]! });
    stays.push(hearOut(socket, n % 2 === 0 ? beginning : new Uint8Array(0), began));
    if (n % 100 !== 0) continue;
    const asked = performance.now();
    await alice.send("/ping");
    await alice.until("-- Pong.");
    waits.push(performance.now() - asked);
  }
  const shortest = Math.min(...await Promise.all(stays));
  assert(shortest >= STAY, `one was let go of after ${shortest} ms`);
  const slow = quantile(waits, 0.9); // a machine that stalls for a moment is late with one of the 50, or two
  assert(slow < 2000, `answers took ${slow} ms`);
  await alice.send("/ping");
  await alice.until("-- Pong.");
  const text = await metrics();
  assertMatch(text, /^tincan_connections\{.*\} \d/m);
  assertEquals(text.match(/^tincan_refused_total\{reason="(?!no TLS|too slow a request).*\} [1-9].*$/gm), null);
}

/** Says something and then nothing; returns how long it took to be let go of since it began to come, in milliseconds. */
async function hearOut(socket: Deno.TcpConn, words: Uint8Array, began: number): Promise<number> {
  try {
    await socket.write(words);
    while (await socket.read(new Uint8Array(100)) !== null);
  } catch {
    // A reset ends it as an end does.
  }
  socket.close();
  return performance.now() - began;
}

const UNBOUND = ["--max-per-ip", "off", "--max-unregistered", "off", "--log-level", "warn"];

test("5,000 who say nothing are gone after their time with TLS, and nobody notices", async (form) => {
  await using certificates = await Certificates.make();
  const { cert, key } = await certificates.issue("first");
  await using server = await start(form, ["--tls-cert", cert, "--tls-key", key, ...UNBOUND]);
  await using alice = OpenSsl.open(server.port);
  await alice.until(/^-- Welcome/);
  const hello = new Uint8Array([22, 3, 1, 2, 0, 1, 0, 1, 252]); // the beginning of a handshake
  using client = Deno.createHttpClient({ caCerts: [await Deno.readTextFile(certificates.authority)] });
  const metrics = async () => (await fetch(`https://localhost:${server.webPort}/metrics`, { client })).text();
  await besiege(server, alice, hello, metrics);
}, noCertificates);

/** A server whose doors want a password, and a file with that. */
async function guarded(form: Form, args: string[], body: (server: Program) => Promise<void>) {
  const path = await Deno.makeTempFile();
  try {
    await Deno.writeTextFile(path, "secret\n");
    await using server = await start(form, ["--password-file", path, ...args]);
    await body(server);
  } finally {
    await Deno.remove(path);
  }
}

test("5,000 who say nothing are gone after their time without TLS, and nobody notices", (form) =>
  guarded(form, ["--register-time", "10s", ...UNBOUND], async (server) => {
    using alice = new Client(await Deno.connect({ port: server.port }));
    await alice.send("secret");
    await alice.until(/^-- Welcome/);
    const metrics = async () => (await fetch(`http://127.0.0.1:${server.webPort}/metrics`)).text();
    await besiege(server, alice, new TextEncoder().encode("P"), metrics);
  }));

/** How many bytes somebody says before giving up: ten times what there is time for. */
const MOST = 400;

test("who says a byte now and then has no more time to say who they are", (form) =>
  guarded(form, ["--register-time", "2s"], async (server) => {
    const bytes: number[] = [];
    for (const [port, byte] of [server.port, server.ircPort].flatMap((port) => [[port, "a"], [port, "\n"]] as const)) {
      const began = performance.now();
      const socket = await Deno.connect({ port });
      const heard = hearOut(socket, new Uint8Array(0), began);
      let said = 0;
      const dripping = setInterval(() => {
        if (++said === MOST) socket.closeWrite().catch(() => {}); // it could go on like this for ever
        else socket.write(new TextEncoder().encode(byte)).catch(() => {});
      }, 50);
      const took = await heard;
      clearInterval(dripping);
      assert(took >= 1900 && said < MOST, `it took ${took} ms and ${said} bytes`);
      bytes.push(said);
    }
    assert(Math.max(...bytes) > 10, `nobody said more than ${Math.max(...bytes)} bytes`);
  }));

test(
  "people in a browser talk over https and wss, and the console says nothing",
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
