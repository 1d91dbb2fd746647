/** What is stored of certificates, and where. */

/** The most certificates of an account. */
export const CERTIFICATES_MAX = 5;

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
