/**
 * A certificate and its key, as TLS needs them: read from files in PEM, and checked before anybody is shown them.
 */
import { createPrivateKey, type KeyObject, X509Certificate } from "node:crypto";
import { createSecureContext, type SecureContext } from "node:tls";

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
  if (!leaf!.checkPrivateKey(privateKeyIn(files.key, key))) {
    throw cannot("--tls-key", files.key, "it does not fit the certificate");
  }
  let context;
  try {
    context = createSecureContext({ cert, key, minVersion: "TLSv1.2" });
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

/** What is wrong with a certificate at a time, though it can be used: it is out of date, or not yet in it. */
export function datedness({ validFrom, validTo }: Certificate, now: Date): string | undefined {
  if (now > validTo) return `it has expired on ${validTo.toISOString()}`;
  if (now < validFrom) return `it is valid only from ${validFrom.toISOString()} on`;
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

function privateKeyIn(path: string, pem: string): KeyObject {
  if (!/-----BEGIN [A-Z ]*PRIVATE KEY-----/.test(pem)) {
    throw cannot("--tls-key", path, "there is no private key in it, in PEM");
  }
  if (/-----BEGIN ENCRYPTED|^Proc-Type: 4,ENCRYPTED/m.test(pem)) {
    throw cannot("--tls-key", path, "the key is protected by a password");
  }
  try {
    return createPrivateKey(pem);
  } catch {
    throw cannot("--tls-key", path, "the key in it cannot be read");
  }
}

function cannot(flag: string, path: string, why: string): CertificateError {
  return new CertificateError(`Cannot use ${flag} "${path}": ${why}`);
}
