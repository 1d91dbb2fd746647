/**
 * The certificates with which clients of an account log in by SASL EXTERNAL: fingerprints, and whose they are.
 */
import type { DirectorySink } from "../chat/directory.ts";
import { fold } from "../chat/names.ts";
import type { AccountDirectory } from "./account_directory.ts";
import type { StoredCertificate } from "./certificate_store.ts";

export { CERTIFICATES_MAX, type CertificateStore, type StoredCertificate } from "./certificate_store.ts";

/** A SHA-256 fingerprint in hexadecimal, as `openssl x509 -fingerprint -sha256` and other programs write it. */
const FINGERPRINT = /^(?:[0-9a-f]{64}|[0-9a-f]{2}(?::[0-9a-f]{2}){31})$/i;

/** Reads a fingerprint, with or without colons, in any case; `undefined` if it is none. */
export function readFingerprint(text: string): string | undefined {
  return FINGERPRINT.test(text) ? text.replaceAll(":", "").toLowerCase() : undefined;
}

/** The certificates of all accounts. Names are compared without regard to case. */
export class Certificates {
  readonly #directory: AccountDirectory;
  readonly #sink: DirectorySink;

  /** @param sink Where changes go. */
  constructor(directory: AccountDirectory, sink: DirectorySink) {
    this.#directory = directory;
    this.#sink = sink;
  }

  /** The certificates of an account, the oldest first. @throws {StoreError} */
  list(account: string): StoredCertificate[] {
    return this.#directory.stores.certificates.certificates(fold(account));
  }

  /** The folded name of the account that a certificate belongs to. @throws {StoreError} */
  ownerOf(fingerprint: string): string | undefined {
    return this.#directory.stores.certificates.certificate(fingerprint)?.account;
  }

  /**
   * Adds a certificate. Does nothing if it is that of the account already.
   *
   * @returns Why it cannot be added, if so: it belongs to another account, there are {@linkcode CERTIFICATES_MAX}, or the account
   * is gone.
   * @throws {StoreError}
   */
  async add(account: string, fingerprint: string): Promise<"taken" | "full" | "gone" | undefined> {
    const revision = this.#directory.revision(account, undefined);
    if (revision === undefined) return "gone";
    const command = { op: "certificate-add", account: fold(account), revision, fingerprint } as const;
    return await this.#sink.submit<"certificate-add">(command);
  }

  /** Removes a certificate of an account. Resolves to whether there was one. @throws {StoreError} */
  async remove(account: string, fingerprint: string): Promise<boolean> {
    const command = { op: "certificate-remove", account: fold(account), fingerprint } as const;
    return await this.#sink.submit<"certificate-remove">(command);
  }
}
