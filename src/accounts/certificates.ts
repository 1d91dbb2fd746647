/**
 * The certificates with which clients of an account log in by SASL EXTERNAL: fingerprints, and whose they are.
 */
import { fold } from "../chat/names.ts";

/** The most certificates of an account. */
export const CERTIFICATES_MAX = 5;

/** A SHA-256 fingerprint in hexadecimal, as `openssl x509 -fingerprint -sha256` and other programs write it. */
const FINGERPRINT = /^(?:[0-9a-f]{64}|[0-9a-f]{2}(?::[0-9a-f]{2}){31})$/i;

/** A certificate as it is stored. */
export interface StoredCertificate {
  /** The SHA-256 hash of the certificate, in hexadecimal, in lower case and without colons. */
  readonly fingerprint: string;
  /** The folded name of the account. */
  readonly account: string;
  /** When it was added, in milliseconds since 1970. */
  readonly since: number;
}

/** Where certificates are stored. All methods may throw `StoreError`. */
export interface CertificateStore {
  /** The certificates of an account, the oldest first. */
  certificates(account: string): StoredCertificate[];
  certificate(fingerprint: string): StoredCertificate | undefined;
  addCertificate(certificate: StoredCertificate): void;
  removeCertificate(fingerprint: string): void;
  /** Removes all certificates of an account. */
  removeCertificates(account: string): void;
}

/** Reads a fingerprint, with or without colons, in any case; `undefined` if it is none. */
export function readFingerprint(text: string): string | undefined {
  return FINGERPRINT.test(text) ? text.replaceAll(":", "").toLowerCase() : undefined;
}

/** The certificates of all accounts. Names are compared without regard to case. */
export class Certificates {
  readonly #store: CertificateStore;
  readonly #now: () => number;

  /** @param now The time in milliseconds since 1970. */
  constructor(store: CertificateStore, now: () => number = Date.now) {
    this.#store = store;
    this.#now = now;
  }

  /** The certificates of an account, the oldest first. @throws {StoreError} */
  list(account: string): StoredCertificate[] {
    return this.#store.certificates(fold(account));
  }

  /** The folded name of the account that a certificate belongs to. @throws {StoreError} */
  ownerOf(fingerprint: string): string | undefined {
    return this.#store.certificate(fingerprint)?.account;
  }

  /**
   * Adds a certificate. Does nothing if it is that of the account already.
   *
   * @returns Why it cannot be added, if so: it belongs to another account, or there are {@linkcode CERTIFICATES_MAX}.
   * @throws {StoreError}
   */
  add(account: string, fingerprint: string): "taken" | "full" | undefined {
    const key = fold(account);
    const owner = this.ownerOf(fingerprint);
    if (owner === key) return undefined;
    if (owner !== undefined) return "taken";
    if (this.list(account).length >= CERTIFICATES_MAX) return "full";
    this.#store.addCertificate({ fingerprint, account: key, since: this.#now() });
    return undefined;
  }

  /** Removes a certificate of an account. Returns whether there was one. @throws {StoreError} */
  remove(account: string, fingerprint: string): boolean {
    if (this.ownerOf(fingerprint) !== fold(account)) return false;
    this.#store.removeCertificate(fingerprint);
    return true;
  }

  /** Removes all certificates of an account. @throws {StoreError} */
  removeAll(account: string): void {
    this.#store.removeCertificates(fold(account));
  }
}
