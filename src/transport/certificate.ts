/**
 * A certificate and its key, as TLS needs them: read from files in PEM, checked, and tried in a handshake, before any
 * client is shown them.
 *
 * What the TLS library gets is what was checked, byte for byte: the blocks as `pem.ts` writes them, and nothing else that
 * is in the files.
 */
import { createPrivateKey, type KeyObject, X509Certificate } from "node:crypto";
import { createSecureContext, type SecureContext } from "node:tls";
import { tryHandshake } from "./handshake_trial.ts";
import { reasonOf } from "../util/system_error.ts";
import { type PemBlock, pemBlocks } from "./pem.ts";

/** The kinds of keys that clients and Deno's TLS agree on: curves, and what is none. */
const KINDS: readonly string[] = ["prime256v1", "secp384r1", "secp521r1", "ed25519", "rsa"];

/** The fewest bits of an RSA key: no TLS library takes fewer. */
const RSA_MIN = 2048;

/** The most bytes of all certificates in a handshake. Some clients stop at 64 KiB, and those that do may wait for ever. */
const CHAIN_MAX = 60_000;

/** Signatures that no client takes any more, unless it trusts the very certificate (RFC 9155). */
const WEAK_SIGNATURE = /md[245]|sha-?1(?!\d)/i;

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
  /** Why some clients will refuse it, though it can be used: a clause each. */
  readonly weaknesses: readonly string[];
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
  const all = certificatesIn(files.cert, cert);
  const { leaf, block } = pairOf(files.key, all, privateKeysIn(files.key, key));
  const chain = chainOf(leaf, all);
  requireSigned(files.cert, chain);
  if (chain.reduce((bytes, { x509 }) => bytes + x509.raw.length, 0) > CHAIN_MAX) {
    const what = `its ${chain.length} certificates have more than ${CHAIN_MAX} bytes`;
    throw cannot("--tls-cert", files.cert, `${what}; leave only the server's own and those between it and its root`);
  }
  let context;
  try {
    context = createSecureContext({
      cert: chain.map(({ pem }) => pem).join(""),
      key: block.pem,
      minVersion: "TLSv1.2",
    });
    await tryHandshake(context);
  } catch (error) {
    throw cannot("--tls-cert", files.cert, (error as Error).message);
  }
  return {
    context,
    subject: (leaf.x509.subject ?? leaf.x509.subjectAltName ?? "unknown").replaceAll("\n", ", "),
    validFrom: new Date(leaf.x509.validFrom),
    validTo: new Date(leaf.x509.validTo),
    weaknesses: weaknessesOf(leaf.x509),
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
    throw cannot(flag, path, reasonOf(error));
  }
}

/** A certificate, and the block that it was read from. */
interface Parsed {
  readonly x509: X509Certificate;
  readonly pem: string;
}

/** All certificates in a file, in its order. */
function certificatesIn(path: string, text: string): Parsed[] {
  const blocks = pemBlocks(text).filter(({ label }) => label === "CERTIFICATE");
  if (blocks.length === 0) throw cannot("--tls-cert", path, missing("certificate", text));
  return blocks.map(({ pem }, n) => {
    try {
      return { x509: new X509Certificate(pem), pem };
    } catch {
      throw cannot("--tls-cert", path, `certificate ${n + 1} in it cannot be read`);
    }
  });
}

/** All private keys in a file, where the certificate may be as well, and the parameters of a key's curve. */
function privateKeysIn(path: string, text: string): PemBlock[] {
  const blocks = pemBlocks(text).filter(({ label }) => label.endsWith("PRIVATE KEY"));
  if (blocks.length === 0) throw cannot("--tls-key", path, missing("private key", text));
  return blocks;
}

/** Why there is no block of a kind in a file. */
function missing(what: string, text: string): string {
  // deno-lint-ignore no-control-regex -- control characters are what it is about
  const binary = /[\x00-\x08\ufffd]/.test(text);
  return binary
    ? `it is binary (DER or PKCS #12), and not PEM; openssl can convert it`
    : `there is no ${what} in it, in PEM`;
}

/**
 * The first key that fits one of the certificates, and that certificate, which is the server's own: never one that another
 * in the file is issued by, whose key belongs to an authority.
 */
function pairOf(path: string, certificates: readonly Parsed[], blocks: readonly PemBlock[]) {
  const own = certificates.filter(({ x509 }) =>
    !certificates.some((each) => each.x509.fingerprint256 !== x509.fingerprint256 && each.x509.checkIssued(x509))
  );
  let error: CertificateError | undefined;
  for (const block of blocks) {
    try {
      const key = privateKeyIn(path, block);
      const leaf = (own.length > 0 ? own : certificates).find(({ x509 }) => x509.checkPrivateKey(key));
      if (leaf !== undefined) return { leaf, block };
    } catch (thrown) {
      if (!(thrown instanceof CertificateError)) throw thrown;
      error ??= thrown;
    }
  }
  throw error ?? cannot("--tls-key", path, "it does not fit the certificate");
}

/** The key in a block, if it is of a kind that can be used: any other would be taken, and no handshake would succeed. */
function privateKeyIn(path: string, { encrypted, pem }: PemBlock): KeyObject {
  if (encrypted) throw cannot("--tls-key", path, "the key is protected by a password");
  let key;
  try {
    key = createPrivateKey(pem);
  } catch {
    throw cannot("--tls-key", path, "the key in it cannot be read");
  }
  const { namedCurve, modulusLength = RSA_MIN } = key.asymmetricKeyDetails ?? {};
  const kind = namedCurve ?? key.asymmetricKeyType ?? "unknown";
  if (!KINDS.includes(kind)) {
    throw cannot("--tls-key", path, `a key of the kind ${kind} cannot be used: make one of ${KINDS.join(", ")}`);
  }
  if (modulusLength < RSA_MIN) {
    throw cannot("--tls-key", path, `an RSA key of ${modulusLength} bits is too short: make one of ${RSA_MIN} or more`);
  }
  return key;
}

/** The server's own certificate, then each one's issuer as far as there is one, then the rest; each once. */
function chainOf(leaf: Parsed, certificates: readonly Parsed[]): Parsed[] {
  const chain = [leaf];
  const rest = new Map(certificates.map((each) => [each.x509.fingerprint256, each]));
  for (let last: Parsed | undefined = leaf; last !== undefined;) {
    rest.delete(last.x509.fingerprint256);
    const { x509 }: Parsed = last;
    last = [...rest.values()].find((each) => x509.checkIssued(each.x509));
    if (last !== undefined) chain.push(last);
  }
  return [...chain, ...rest.values()];
}

/** Makes sure that clients who check signatures take them. That of one who has signed itself is not checked by anybody. */
function requireSigned(path: string, chain: readonly Parsed[]) {
  for (const [n, { x509 }] of chain.entries()) {
    const algorithm = signatureOf(x509);
    if (selfSigned(x509) || !WEAK_SIGNATURE.test(algorithm)) continue;
    const which = n === 0 ? "it" : `certificate ${n + 1} of its chain`;
    throw cannot("--tls-cert", path, `${which} is signed with ${algorithm}, which clients refuse; use SHA-256`);
  }
}

function weaknessesOf(x509: X509Certificate): string[] {
  const weaknesses = [];
  if (x509.subjectAltName === undefined) weaknesses.push("it names no host (subjectAltName), so browsers refuse it");
  if (selfSigned(x509) && WEAK_SIGNATURE.test(signatureOf(x509))) {
    weaknesses.push(`it is signed with ${signatureOf(x509)}, so browsers refuse it`);
  }
  return weaknesses;
}

function selfSigned(x509: X509Certificate): boolean {
  return x509.issuer === x509.subject && x509.checkIssued(x509);
}

/** The name of the algorithm that a certificate is signed with, such as `sha1WithRSAEncryption`. */
function signatureOf(x509: X509Certificate & { readonly signatureAlgorithm?: string }): string {
  return x509.signatureAlgorithm ?? "";
}

function cannot(flag: string, path: string, why: string): CertificateError {
  return new CertificateError(`Cannot use ${flag} "${path}": ${why}`);
}
