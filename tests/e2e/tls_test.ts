/**
 * TLS on every door of the whole program: how one gets in, how the certificate is exchanged, what is out of reach.
 */
import { assert, assertEquals, assertMatch } from "@std/assert";
import { Certificates, noCertificates } from "../certificates.ts";
import { missing, within as withBrowser } from "./browser.ts";
import { Client, executable, type Form, type Program, run, start, Talker, test } from "./harness.ts";

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

async function subjectOf(port: number): Promise<string> {
  const args = ["s_client", "-connect", `127.0.0.1:${port}`];
  const { stdout } = await new Deno.Command("openssl", { args, stdin: "null", stderr: "null" }).output();
  return /subject=(.*)/.exec(new TextDecoder().decode(stdout))?.[1] ?? "";
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
      assertEquals(await subjectOf(server.port), "CN = first");
      const second = await certificates.issue("second");
      const swap = async () => {
        for (const it of ["cert", "key"] as const) await Deno.rename(second[it], files[it]); // as certbot and others do
      };
      await swap();
      server.kill("SIGHUP");
      await server.logged(/certificate reloaded subject="?CN=second/);
      for (const port of [server.port, server.ircPort, server.webPort]) {
        assertEquals(await subjectOf(port), "CN = second");
      }
      await Deno.writeTextFile(files.key, await Deno.readTextFile(`${certificates.path}/ca.key`));
      server.kill("SIGHUP");
      assertMatch(
        await server.logged(/error certificate not reloaded/),
        /it does not fit the certificate/,
      );
      assertEquals(await subjectOf(server.port), "CN = second");
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
  assertEquals(stderr, `Cannot use --tls-key "${b.key}": it does not fit the certificate\n`);
}, noCertificates);

test("5,000 who say nothing are gone after their time, with TLS or without, and nobody notices", async (form) => {
  await using certificates = await Certificates.make();
  const files = await certificates.issue("first");
  const unbound = ["--max-per-ip", "off", "--log-level", "warn"];
  await using server = await start(form, ["--tls-cert", files.cert, "--tls-key", files.key, ...unbound]);
  await using alice = OpenSsl.open(server.port);
  await alice.until(/^-- Welcome/);
  const silent: Promise<void>[] = [];
  const hello = new Uint8Array([22, 3, 1, 2, 0, 1, 0, 1, 252]); // the beginning of a handshake
  let late = 0;
  for (let n = 0; n < 5000; n++) {
    const socket = await Deno.connect({ port: [server.port, server.ircPort, server.webPort][n % 3]! });
    if (n % 2 === 0) await socket.write(hello);
    silent.push(socket.read(new Uint8Array(10)).then(() => {}, () => {}).then(() => socket.close()));
    if (n % 100 !== 0) continue;
    const began = performance.now();
    await alice.send("/ping");
    await alice.until("-- Pong.");
    late = Math.max(late, performance.now() - began);
  }
  await Promise.all(silent);
  assert(late < 2000, `an answer took ${late} ms`);
  await alice.send("/ping");
  await alice.until("-- Pong.");
}, noCertificates);

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
