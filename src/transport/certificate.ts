/**
 * Loading of a TLS certificate and its key from PEM files, with checks that detect unusable ones before clients do.
 *
 * The TLS library gets exactly the bytes that were checked: the blocks in the canonical form of `pem.ts`.
 */
import { createPrivateKey, type KeyObject, X509Certificate } from "node:crypto";
import { createSecureContext, type SecureContext } from "node:tls";
import { tryHandshake } from "./handshake_trial.ts";
import { reasonOf } from "../util/system_error.ts";
import { type PemBlock, pemBlocks } from "./pem.ts";

/** The supported kinds of keys: named curves and other key types. */
const KEY_KINDS: readonly string[] = ["prime256v1", "secp384r1", "secp521r1", "ed25519", "rsa"];

/** Minimum size of an RSA key in bits, as required by TLS libraries. */
const RSA_MIN = 2048;

/** Maximum size of the certificate chain in bytes. Some clients stop reading at 64 KiB, and may then wait forever. */
const CHAIN_MAX = 60_000;

/** Signature algorithms that clients reject, except in a certificate that they trust directly (RFC 9155). */
const WEAK_SIGNATURE = /md[245]|sha-?1(?!\d)/i;

/** How long before its expiry a certificate is warned of, in milliseconds. ACME clients renew it a month before. */
const NOTICE_TIME = 14 * 24 * 60 * 60_000;

/** The files cannot be used. The message is one line for the server administrator. */
export class CertificateError extends Error {
  override name = "CertificateError";
}

/** Paths of the PEM files. */
export interface CertificateFiles {
  /** The certificate and the intermediate certificates. */
  readonly cert: string;
  /** Its private key. */
  readonly key: string;
}

/** A loaded certificate. */
export interface Certificate {
  readonly context: SecureContext;
  /** Its subject, for the log. */
  readonly subject: string;
  readonly validFrom: Date;
  readonly validTo: Date;
  /** Reasons why some clients will reject it, a clause each. */
  readonly weaknesses: readonly string[];
}

/**
 * Loads and checks a certificate and its key.
 *
 * @param readText Reads a file.
 * @throws {CertificateError} naming the flag, the file and the reason.
 */
export async function readCertificate(
  files: CertificateFiles,
  readText: (path: string) => Promise<string>,
): Promise<Certificate> {
  const cert = await readFile("--tls-cert", files.cert, readText);
  const key = await readFile("--tls-key", files.key, readText);
  const certificates = parseCertificates(files.cert, cert);
  const { leaf, block } = findPair(files.key, certificates, parseKeyBlocks(files.key, key));
  const chain = buildChain(leaf, certificates);
  requireStrongSignatures(files.cert, chain);
  if (chain.reduce((bytes, { x509 }) => bytes + x509.raw.length, 0) > CHAIN_MAX) {
    const problem = `its ${chain.length} certificates have more than ${CHAIN_MAX} bytes`;
    throw cannotUse("--tls-cert", files.cert, `${problem}; include only the server certificate and its intermediates`);
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
    throw cannotUse("--tls-cert", files.cert, (error as Error).message);
  }
  return {
    context,
    subject: (leaf.x509.subject ?? leaf.x509.subjectAltName ?? "unknown").replaceAll("\n", ", "),
    validFrom: new Date(leaf.x509.validFrom),
    validTo: new Date(leaf.x509.validTo),
    weaknesses: weaknessesOf(leaf.x509),
  };
}

/** Returns a warning if a certificate is expired, not valid yet, or expires soon; a clause that begins with "it". */
export function validityWarning({ validFrom, validTo }: Certificate, now: Date): string | undefined {
  if (now > validTo) return `it expired on ${validTo.toISOString()}`;
  if (now < validFrom) return `it is valid only from ${validFrom.toISOString()}`;
  if (validTo.getTime() - now.getTime() < NOTICE_TIME) return `it expires on ${validTo.toISOString()}`;
}

async function readFile(flag: string, path: string, readText: (path: string) => Promise<string>): Promise<string> {
  try {
    return await readText(path);
  } catch (error) {
    throw cannotUse(flag, path, reasonOf(error));
  }
}

/** A certificate and its PEM block. */
interface ParsedCertificate {
  readonly x509: X509Certificate;
  readonly pem: string;
}

function parseCertificates(path: string, text: string): ParsedCertificate[] {
  const blocks = pemBlocks(text).filter(({ label }) => label === "CERTIFICATE");
  if (blocks.length === 0) throw cannotUse("--tls-cert", path, missingReason("certificate", text));
  return blocks.map(({ pem }, n) => {
    try {
      return { x509: new X509Certificate(pem), pem };
    } catch {
      throw cannotUse("--tls-cert", path, `certificate ${n + 1} in it cannot be read`);
    }
  });
}

/** Returns the private keys in a file, which may contain certificates and curve parameters as well. */
function parseKeyBlocks(path: string, text: string): PemBlock[] {
  const blocks = pemBlocks(text).filter(({ label }) => label.endsWith("PRIVATE KEY"));
  if (blocks.length === 0) throw cannotUse("--tls-key", path, missingReason("private key", text));
  return blocks;
}

function missingReason(what: string, text: string): string {
  // deno-lint-ignore no-control-regex -- control characters tell a binary file from a PEM file
  const binary = /[\x00-\x08\ufffd]/.test(text);
  return binary
    ? `it is binary (DER or PKCS #12), not PEM; openssl can convert it`
    : `it contains no ${what} in PEM format`;
}

/**
 * Returns the first key that matches a certificate, and that certificate: the server's own, never one that has issued
 * another in the file.
 */
function findPair(path: string, certificates: readonly ParsedCertificate[], blocks: readonly PemBlock[]) {
  const leaves = certificates.filter(({ x509 }) =>
    !certificates.some((each) => each.x509.fingerprint256 !== x509.fingerprint256 && each.x509.checkIssued(x509))
  );
  let error: CertificateError | undefined;
  for (const block of blocks) {
    try {
      const key = parseKey(path, block);
      const leaf = (leaves.length > 0 ? leaves : certificates).find(({ x509 }) => x509.checkPrivateKey(key));
      if (leaf !== undefined) return { leaf, block };
    } catch (thrown) {
      if (!(thrown instanceof CertificateError)) throw thrown;
      error ??= thrown;
    }
  }
  throw error ?? cannotUse("--tls-key", path, "it does not match the certificate");
}

/** Parses a key and checks its kind: the TLS library accepts other kinds, but no handshake succeeds with them. */
function parseKey(path: string, { encrypted, pem }: PemBlock): KeyObject {
  if (encrypted) throw cannotUse("--tls-key", path, "the key is encrypted with a password");
  let key;
  try {
    key = createPrivateKey(pem);
  } catch {
    throw cannotUse("--tls-key", path, "the key in it cannot be read");
  }
  const { namedCurve, modulusLength = RSA_MIN } = key.asymmetricKeyDetails ?? {};
  const kind = namedCurve ?? key.asymmetricKeyType ?? "unknown";
  if (!KEY_KINDS.includes(kind)) {
    throw cannotUse("--tls-key", path, `keys of type ${kind} are not supported: use one of ${KEY_KINDS.join(", ")}`);
  }
  if (modulusLength < RSA_MIN) {
    throw cannotUse(
      "--tls-key",
      path,
      `an RSA key of ${modulusLength} bits is too short: use at least ${RSA_MIN} bits`,
    );
  }
  return key;
}

/** Sorts certificates: the leaf, the issuer of each as far as it is known, then the rest; each once. */
function buildChain(leaf: ParsedCertificate, certificates: readonly ParsedCertificate[]): ParsedCertificate[] {
  const chain = [leaf];
  const rest = new Map(certificates.map((each) => [each.x509.fingerprint256, each]));
  for (let last: ParsedCertificate | undefined = leaf; last !== undefined;) {
    rest.delete(last.x509.fingerprint256);
    const { x509 }: ParsedCertificate = last;
    last = [...rest.values()].find((each) => x509.checkIssued(each.x509));
    if (last !== undefined) chain.push(last);
  }
  return [...chain, ...rest.values()];
}

/** Rejects weak signatures. Those of self-signed certificates are not checked by clients. */
function requireStrongSignatures(path: string, chain: readonly ParsedCertificate[]) {
  for (const [n, { x509 }] of chain.entries()) {
    const algorithm = signatureAlgorithm(x509);
    if (isSelfSigned(x509) || !WEAK_SIGNATURE.test(algorithm)) continue;
    const which = n === 0 ? "it" : `certificate ${n + 1} of its chain`;
    throw cannotUse("--tls-cert", path, `${which} is signed with ${algorithm}, which clients reject; use SHA-256`);
  }
}

function weaknessesOf(x509: X509Certificate): string[] {
  const weaknesses = [];
  if (x509.subjectAltName === undefined) weaknesses.push("it names no host (subjectAltName), so browsers reject it");
  if (isSelfSigned(x509) && WEAK_SIGNATURE.test(signatureAlgorithm(x509))) {
    weaknesses.push(`it is signed with ${signatureAlgorithm(x509)}, so browsers reject it`);
  }
  return weaknesses;
}

function isSelfSigned(x509: X509Certificate): boolean {
  return x509.issuer === x509.subject && x509.checkIssued(x509);
}

/** Returns the signature algorithm of a certificate, such as `sha1WithRSAEncryption`. */
function signatureAlgorithm(x509: X509Certificate & { readonly signatureAlgorithm?: string }): string {
  return x509.signatureAlgorithm ?? "";
}

function cannotUse(flag: string, path: string, reason: string): CertificateError {
  return new CertificateError(`Cannot use ${flag} "${path}": ${reason}`);
}
