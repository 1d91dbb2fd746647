/**
 * The certificate and key of TLS: read when the server starts, and again on each reload.
 */
import type { Log } from "../monitoring/log.ts";
import { type Certificate, type CertificateFiles, readCertificate, validityWarning } from "../transport/certificate.ts";
import { Tls } from "../transport/tls.ts";

/** How often the certificate's dates are checked, in milliseconds. */
const CHECK_INTERVAL = 24 * 60 * 60_000;

/** The certificate in use. Logs a warning each day while it is expired or expires soon. */
export class TlsFiles {
  /** What the listeners use; it follows reloads. */
  readonly tls: Tls;
  readonly #files: CertificateFiles;
  readonly #readText: (path: string) => Promise<string>;
  readonly #log: Log;
  #certificate: Certificate;

  private constructor(
    files: CertificateFiles,
    readText: (path: string) => Promise<string>,
    log: Log,
    certificate: Certificate,
  ) {
    this.#files = files;
    this.#readText = readText;
    this.#log = log;
    this.#certificate = certificate;
    this.tls = new Tls(certificate);
    setInterval(() => this.checkDates(), CHECK_INTERVAL); // never cleared: there is one per process
    this.checkDates();
    this.#warnOfWeaknesses();
  }

  /**
   * Reads both files for the first time.
   *
   * @throws {CertificateError} if they cannot be used.
   */
  static async open(files: CertificateFiles, readText: (path: string) => Promise<string>, log: Log): Promise<TlsFiles> {
    return new TlsFiles(files, readText, log, await readCertificate(files, readText));
  }

  /**
   * Reads both files again and uses them for new connections. If they cannot be used, the previous certificate stays in use.
   * Never rejects.
   *
   * @returns Why the files cannot be used; `undefined` if they are in use now.
   */
  async reload(): Promise<string | undefined> {
    try {
      const certificate = await readCertificate(this.#files, this.#readText);
      this.tls.reload(certificate);
      this.#certificate = certificate;
      const { subject, validTo } = certificate;
      this.#log.info("certificate reloaded", { subject, until: validTo.toISOString() });
      this.checkDates();
      this.#warnOfWeaknesses();
    } catch (error) {
      const why = (error as Error).message;
      this.#log.error("certificate not reloaded: the previous one stays in use", { error: why });
      return why;
    }
  }

  /** Logs a warning if the certificate is expired, expires soon or is not valid yet. */
  checkDates(now: Date = new Date()): void {
    const why = validityWarning(this.#certificate, now);
    if (why !== undefined) this.#log.warn("certificate out of date", { file: this.#files.cert, why });
  }

  /** Logs why some clients will reject the certificate, although the server uses it. */
  #warnOfWeaknesses() {
    for (const why of this.#certificate.weaknesses) this.#log.warn("weak certificate", { file: this.#files.cert, why });
  }
}
