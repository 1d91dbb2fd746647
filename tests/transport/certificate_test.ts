/**
 * Certificate files as editors, CAs and other programs write them: each is either rejected with a reason, or `openssl
 * s_client` can connect with it.
 */
import { assert, assertEquals, assertMatch } from "@std/assert";
import { createSecureContext } from "node:tls";
import { Certificates, noCertificates } from "../certificates.ts";
import { CertificateError, type CertificateFiles, readCertificate } from "../../src/transport/certificate.ts";
import { tryHandshake } from "../../src/transport/handshake_trial.ts";
import { listenTcp } from "../../src/transport/tcp.ts";
import { Tls } from "../../src/transport/tls.ts";
import { OpenAdmission, tcpOptions } from "./ports.ts";

const read = (path: string) => Deno.readTextFile(path);

function test(name: string, body: (certificates: Certificates) => Promise<void>): void {
  Deno.test({
    name: noCertificates === undefined ? name : `${name} (${noCertificates})`,
    ignore: noCertificates !== undefined,
    fn: async () => {
      await using certificates = await Certificates.make();
      await body(certificates);
    },
  });
}

/** Returns the subject of the certificate that `openssl s_client` verifies with a version of TLS. */
async function shownTo(files: CertificateFiles, version: string, authority: string): Promise<string> {
  const admission = new OpenAdmission();
  const listener = await listenTcp({ ...tcpOptions(admission), tls: new Tls(await readCertificate(files, read)) });
  const serving = (async () => {
    for await (const connection of listener) connection.close();
  })();
  const target = ["-connect", `127.0.0.1:${listener.port}`, "-CAfile", authority, "-verify_return_error"];
  const args = ["s_client", version, ...target];
  const { stdout } = await new Deno.Command("openssl", { args, stdin: "null", stderr: "null" }).output();
  listener.close();
  await serving;
  return /subject=CN ?= ?(.*)/.exec(new TextDecoder().decode(stdout))?.[1] ?? "";
}

/** Returns the reason why files cannot be used. */
async function refusal(files: CertificateFiles): Promise<string> {
  try {
    await readCertificate(files, read);
  } catch (error) {
    assert(error instanceof CertificateError, String(error));
    assertMatch(error.message, /^Cannot use --tls-(cert|key) "[^"]+": [^\n]+$/);
    return error.message.replace(/^[^"]*"[^"]*": /, "");
  }
  throw new Error(`${files.cert} was accepted`);
}

/** Other spellings of the same files. */
const SPELLINGS: Record<string, (pem: string) => string> = {
  "with a byte order mark": (pem) => `\ufeff${pem}`,
  "with CRLF": (pem) => pem.replaceAll("\n", "\r\n"),
  "with CR": (pem) => pem.replaceAll("\n", "\r"),
  "indented": (pem) => pem.replace(/^/gm, "  "),
  "with trailing spaces": (pem) => pem.replaceAll("\n", " \t\n"),
  "with its base64 on one line": (pem) =>
    pem.replace(
      /(-----\n)([^-]*)(-----END)/g,
      (_, begin, base64, end) => `${begin}${base64.replaceAll("\n", "")}\n${end}`,
    ),
  "between other text": (pem) => `Bag Attributes\n    friendlyName: grüße\n${pem}the end`,
  "after curve parameters": (pem) =>
    `-----BEGIN EC PARAMETERS-----\nBggqhkjOPQMBBw==\n-----END EC PARAMETERS-----\n${pem}`,
};

test("certificate: clients can connect with files in every accepted spelling", async (certificates) => {
  const { cert, key } = await certificates.issue("spelled");
  for (const [name, spell] of Object.entries(SPELLINGS)) {
    const files = { cert: `${certificates.path}/it.pem`, key: `${certificates.path}/it.key` };
    await Deno.writeTextFile(files.cert, spell(await read(cert)));
    await Deno.writeTextFile(files.key, spell(await read(key)));
    for (const version of ["-tls1_2", "-tls1_3"]) {
      assertEquals(await shownTo(files, version, certificates.authority), "spelled", `${name}, ${version}`);
    }
  }
});

test("certificate: the chain is sorted and the matching key is found in any order", async (certificates) => {
  const { cert, key } = await certificates.issue("leaf");
  const other = await certificates.issue("other");
  const [leaf, authority] = (await read(cert)).split(/(?<=-----END CERTIFICATE-----\n)/);
  const files = { cert: `${certificates.path}/mixed.pem`, key: `${certificates.path}/mixed.key` };
  await Deno.writeTextFile(files.cert, [authority, leaf, authority, leaf].join(""));
  await Deno.writeTextFile(files.key, await read(other.key) + await read(key));
  assertEquals(await shownTo(files, "-tls1_2", certificates.authority), "leaf");
  assertEquals(await shownTo(files, "-tls1_3", certificates.authority), "leaf");
});

test("certificate: files that no client could connect with are rejected with the reason", async (certificates) => {
  const kind = async (name: string, key: string) => {
    await certificates.openssl(
      `req -x509 -newkey ${key} -nodes -keyout ${name}.key -out ${name}.pem -subj /CN=x`,
    );
    return { cert: `${certificates.path}/${name}.pem`, key: `${certificates.path}/${name}.key` };
  };
  const good = await certificates.issue("good");
  const file = async (name: string, bytes: string | Uint8Array) => {
    await Deno.writeFile(
      `${certificates.path}/${name}`,
      typeof bytes === "string" ? new TextEncoder().encode(bytes) : bytes,
    );
    return `${certificates.path}/${name}`;
  };
  await certificates.openssl("x509 -in good.pem -outform der -out good.der");
  await certificates.openssl("pkey -in good.key -outform der -out goodkey.der");
  await certificates.openssl("pkey -in good.key -aes128 -passout pass:abcd -out locked.key");
  assertEquals(
    await refusal(await kind("short", "rsa:1024")),
    "an RSA key of 1024 bits is too short: use at least 2048 bits",
  );
  for (
    const [name, key] of [["k1", "ec -pkeyopt ec_paramgen_curve:secp256k1"], [
      "pss",
      "rsa-pss -pkeyopt rsa_keygen_bits:2048",
    ], ["ed448", "ed448"]] as const
  ) {
    assertMatch(
      await refusal(await kind(name, key)),
      /^keys of type \S+ are not supported: use one of prime256v1, /,
    );
  }
  assertMatch(
    await refusal({ cert: `${certificates.path}/good.der`, key: good.key }),
    /^it is binary \(DER or PKCS #12\)/,
  );
  assertMatch(await refusal({ cert: good.cert, key: `${certificates.path}/goodkey.der` }), /^it is binary/);
  assertEquals(
    await refusal({ cert: good.cert, key: `${certificates.path}/locked.key` }),
    "the key is encrypted with a password",
  );
  assertEquals(
    await refusal({ cert: good.cert, key: await file("empty", "") }),
    "it contains no private key in PEM format",
  );
  assertEquals(
    await refusal({ cert: good.cert, key: (await certificates.issue("other")).key }),
    "it does not match the certificate",
  );
  assertEquals(
    await refusal({ cert: good.cert, key: `${certificates.path}/ca.key` }),
    "it does not match the certificate",
    "the key of the authority, whose certificate is in the chain",
  );
  assertMatch(
    await refusal(await certificates.issue("old", 30, undefined, "-sha1")),
    /^it is signed with ecdsa-with-SHA1, which clients reject; use SHA-256$/,
  );
});

test("certificate: a chain longer than clients accept is rejected", async (certificates) => {
  const good = await certificates.issue("good");
  await certificates.openssl("genpkey -algorithm ed25519 -out root.key");
  let chain = await read(good.cert);
  const comment = `nsComment=${"x".repeat(3000)}`;
  for (let n = 0; n < 20; n++) {
    await certificates.openssl(`req -x509 -key root.key -out root.pem -subj /CN=${n} -addext ${comment}`);
    chain += await read(`${certificates.path}/root.pem`);
  }
  const cert = `${certificates.path}/long.pem`;
  await Deno.writeTextFile(cert, chain);
  assertMatch(await refusal({ cert, key: good.key }), /^its 22 certificates have more than 60000 bytes; /);
});

test("certificate: a trial handshake runs with TLS 1.2 and 1.3, and its failure is thrown", async (certificates) => {
  const { cert, key } = await certificates.issue("good");
  await tryHandshake(createSecureContext({ cert: await read(cert), key: await read(key), minVersion: "TLSv1.2" }));
  let message = "";
  const broken = createSecureContext({ cert: `\ufeff${await read(cert)}`, key: `\ufeff${await read(key)}` });
  await tryHandshake(broken).catch((error) => message = error.message);
  assertMatch(message, /^no client could connect with TLS 1\.2: /);
});

test("certificate: reasons why browsers reject a usable certificate are reported", async (certificates) => {
  const self = async (more: string) => {
    await certificates.openssl(
      `req -x509 -newkey rsa:2048 -nodes -keyout self.key -out self.pem -subj /CN=self ${more}`,
    );
    return (await readCertificate(
      { cert: `${certificates.path}/self.pem`, key: `${certificates.path}/self.key` },
      read,
    )).weaknesses;
  };
  assertEquals(await self("-addext subjectAltName=DNS:chat.lan"), []);
  assertMatch((await self("-sha256")).join(), /^it names no host \(subjectAltName\)/);
  assertMatch((await self("-md5 -addext subjectAltName=DNS:chat.lan")).join(), /^it is signed with md5/);
  assertMatch((await self("-sha1 -addext subjectAltName=DNS:chat.lan")).join(), /^it is signed with sha1/);
});
