/**
 * A certificate and its key, as TLS needs them: read from files in PEM, and checked before anybody is shown them.
 */
import { createPrivateKey, type KeyObject, X509Certificate } from "node:crypto";
import { createSecureContext, type SecureContext } from "node:tls";

/** The kinds of keys that clients and Deno's TLS agree on: curves, and what is none. */
const KINDS: readonly string[] = ["prime256v1", "secp384r1", "secp521r1", "ed25519", "rsa"];

/** How long before it expires one is told of, in milliseconds: what renews certificates does so a month before. */
const NOTICE_TIME = 14 * 24 * 60 * 60_000;

/** Two files that cannot be used. The message is one line for whoever named them. */
export class CertificateError extends Error {
  override name = "CertificateError";
}

/** The files, as they were named. */
export interface CertificateFiles {
  /** The certificate, and those between it and its root, in PEM. */
  readonly cert: string;
  /** Its private key, in PEM. */
  readonly key: string;
}

/** What was in them. */
export interface Certificate {
  readonly context: SecureContext;
  /** Whom it is for. */
  readonly subject: string;
  readonly validFrom: Date;
  readonly validTo: Date;
}

/**
 * Reads and checks both files.
 *
 * @param readText Reads a file.
 * @throws {CertificateError} that says which of them cannot be used, and why.
 */
export async function readCertificate(
  files: CertificateFiles,
  readText: (path: string) => Promise<string>,
): Promise<Certificate> {
  const cert = await contentOf("--tls-cert", files.cert, readText);
  const key = await contentOf("--tls-key", files.key, readText);
  const [leaf] = certificatesIn(files.cert, cert);
  const block = privateKeyBlock(files.key, key);
  const privateKey = privateKeyIn(files.key, block);
  if (!leaf!.checkPrivateKey(privateKey)) throw cannot("--tls-key", files.key, "it does not fit the certificate");
  // Any other would be taken, and then no handshake would ever succeed.
  const kind = privateKey.asymmetricKeyDetails?.namedCurve ?? privateKey.asymmetricKeyType ?? "unknown";
  if (!KINDS.includes(kind)) {
    throw cannot("--tls-key", files.key, `a key of the kind ${kind} cannot be used: make one of ${KINDS.join(", ")}`);
  }
  let context;
  try {
    context = createSecureContext({ cert, key: block, minVersion: "TLSv1.2" });
  } catch (error) {
    throw cannot("--tls-cert", files.cert, (error as Error).message);
  }
  return {
    context,
    subject: (leaf!.subject ?? leaf!.subjectAltName ?? "nobody").replaceAll("\n", ", "),
    validFrom: new Date(leaf!.validFrom),
    validTo: new Date(leaf!.validTo),
  };
}

/** What is wrong with a certificate at a time, though it can be used: it is out of date, or will be soon. */
export function datedness({ validFrom, validTo }: Certificate, now: Date): string | undefined {
  if (now > validTo) return `it has expired on ${validTo.toISOString()}`;
  if (now < validFrom) return `it is valid only from ${validFrom.toISOString()} on`;
  if (validTo.getTime() - now.getTime() < NOTICE_TIME) return `it expires on ${validTo.toISOString()}`;
}

async function contentOf(flag: string, path: string, readText: (path: string) => Promise<string>): Promise<string> {
  try {
    return await readText(path);
  } catch (error) {
    throw cannot(flag, path, error instanceof Deno.errors.NotFound ? "no such file" : (error as Error).message);
  }
}

/** All certificates in a file, the server's own first. */
function certificatesIn(path: string, pem: string): X509Certificate[] {
  const blocks = pem.match(/-----BEGIN CERTIFICATE-----[^-]*-----END CERTIFICATE-----/g);
  if (blocks === null) throw cannot("--tls-cert", path, "there is no certificate in it, in PEM");
  return blocks.map((block, n) => {
    try {
      return new X509Certificate(block);
    } catch {
      throw cannot("--tls-cert", path, `certificate ${n + 1} in it cannot be read`);
    }
  });
}

/** The key in a file, where the certificate may be as well, and the parameters of its curve. */
function privateKeyBlock(path: string, pem: string): string {
  const [block] = /-----BEGIN [A-Z ]*PRIVATE KEY-----[^]*?-----END [A-Z ]*PRIVATE KEY-----/.exec(pem) ?? [];
  if (block === undefined) throw cannot("--tls-key", path, "there is no private key in it, in PEM");
  return `${block}\n`;
}

function privateKeyIn(path: string, block: string): KeyObject {
  if (/-----BEGIN ENCRYPTED|^Proc-Type: 4,ENCRYPTED/m.test(block)) {
    throw cannot("--tls-key", path, "the key is protected by a password");
  }
  try {
    return createPrivateKey(block);
  } catch {
    throw cannot("--tls-key", path, "the key in it cannot be read");
  }
}

function cannot(flag: string, path: string, why: string): CertificateError {
  return new CertificateError(`Cannot use ${flag} "${path}": ${why}`);
}
