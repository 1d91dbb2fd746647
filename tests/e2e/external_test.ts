/**
 * SASL EXTERNAL: logging in by the certificate of a client, and not by one whose key the client does not have.
 *
 * Where the runtime cannot ask for certificates, EXTERNAL is not offered, and all else works.
 */
import { assert, assertEquals } from "@std/assert";
import { Certificates, noCertificates } from "../certificates.ts";
import { executable, test } from "./forms.ts";
import { Client, type Form, notInstalled, type Program, source, start, Talker } from "./harness.ts";
import { Directory } from "./history_store.ts";

const PASSWORD = "open sesame";
const MISSING = noCertificates ?? notInstalled("cc");

/** A client that connects with `openssl`, which lets it give a certificate. */
class Certified extends Talker implements AsyncDisposable {
  readonly #child: Deno.ChildProcess;

  private constructor(child: Deno.ChildProcess) {
    super(child.stdout, child.stdin);
    this.#child = child;
  }

  static open(port: number, more: string[], env: Record<string, string> = {}): Certified {
    const args = ["s_client", "-quiet", "-connect", `127.0.0.1:${port}`, ...more];
    const options = { args, env, stdin: "piped", stdout: "piped", stderr: "null" } as const;
    return new Certified(new Deno.Command("openssl", options).spawn());
  }

  async [Symbol.asyncDispose](): Promise<void> {
    try {
      this.#child.kill("SIGKILL");
    } catch {
      // it has ended
    }
    await this.#child.status;
  }
}

/** Runs a test body against a server with TLS and accounts. */
async function withServer(form: Form, body: (server: Program, certificates: Certificates) => Promise<void>) {
  await using certificates = await Certificates.make();
  await using directory = await Directory.make();
  const { cert, key } = await certificates.issue("server");
  await using server = await start(form, ["--tls-cert", cert, "--tls-key", key, "--data", directory.path]);
  await body(server, certificates);
}

/** Makes a certificate that no authority has signed. */
async function selfSigned(certificates: Certificates, name: string): Promise<string[]> {
  const key = "-newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes";
  await certificates.openssl(`req -x509 ${key} -keyout ${name}.key -out ${name}.pem -days 2 -subj /CN=${name}`);
  return ["-cert", `${certificates.path}/${name}.pem`, "-key", `${certificates.path}/${name}.key`];
}

test(
  "SASL EXTERNAL: a certificate that was added to an account logs in, with TLS 1.2 and 1.3, and no other does",
  (form) =>
    withServer(form, async (server, certificates) => {
      const own = await selfSigned(certificates, "own");
      const other = await selfSigned(certificates, "other");
      await using alice = Certified.open(server.ircPort, own);
      await alice.send("CAP LS 302", "NICK alice", "USER a 0 * :A", "CAP END");
      assert((await alice.until(/ sasl=/)).includes("sasl=EXTERNAL,PLAIN"));
      await alice.send(`NS REGISTER ${PASSWORD}`, "NS CERT ADD");
      await alice.until(/ is added\. Clients with this certificate can log in by SASL EXTERNAL\.$/);
      for (
        const [certificate, version, numeric] of [[own, "-tls1_2", 903], [own, "-tls1_3", 903], [other, "-tls1_3", 904]]
      ) {
        await using client = Certified.open(server.ircPort, [...certificate as string[], String(version)]);
        await client.send("CAP REQ sasl", "NICK x", "USER x 0 * :x", "AUTHENTICATE EXTERNAL", "AUTHENTICATE +");
        await client.until(new RegExp(` ${numeric} `));
      }
      await using bare = Certified.open(server.ircPort, []);
      await bare.send("CAP LS 302");
      assert((await bare.until(/ sasl=/)).includes("sasl=PLAIN,SCRAM-SHA-256"));
    }),
  MISSING,
  [source],
);

test(
  "SASL EXTERNAL: a certificate without its key is rejected in the handshake",
  (form) =>
    withServer(form, async (server, certificates) => {
      const [, cert] = await selfSigned(certificates, "victim");
      const [, , , key] = await selfSigned(certificates, "thief");
      // OpenSSL would not use a key that does not match, so that check is replaced.
      const [code, library] = [`${certificates.path}/any.c`, `${certificates.path}/any.so`];
      await Deno.writeTextFile(code, "int X509_check_private_key(void *cert, void *key) { return 1; }\n");
      const compiled = await new Deno.Command("cc", { args: ["-shared", "-fPIC", "-o", library, code] }).output();
      assertEquals(compiled.code, 0);
      await using thief = Certified.open(server.ircPort, ["-cert", cert!, "-key", key!], { LD_PRELOAD: library });
      await thief.send("CAP LS 302").catch(() => {}); // the connection may have ended
      assertEquals(await thief.rest(), []);
      await server.logged(/refused .*reason="no TLS: /);
    }),
  MISSING,
  [source],
);

test(
  "SASL EXTERNAL: a client with a certificate can use TLS also where the runtime cannot ask for it",
  (form) =>
    withServer(form, async (server, certificates) => {
      const own = await selfSigned(certificates, "own");
      await using client = Certified.open(server.ircPort, own);
      await client.send("CAP LS 302", "NICK x", "USER x 0 * :x");
      await client.until(/ sasl=(EXTERNAL,)?PLAIN,SCRAM-SHA-256/);
      using plain = new Client(await Deno.connect({ port: server.ircPort }));
      await plain.send("hello?");
      await plain.rest();
    }),
  MISSING,
  [source, executable],
);
