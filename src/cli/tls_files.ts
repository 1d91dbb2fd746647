/**
 * The two files of TLS over the server's life: read at the start, and again whenever it is told that there are new ones.
 */
import type { Log } from "../monitoring/log.ts";
import { type Certificate, type CertificateFiles, readCertificate, validityWarning } from "../transport/certificate.ts";
import { Tls } from "../transport/tls.ts";

/** How often it is looked at whether the certificate runs out, in milliseconds. */
const LOOK_TIME = 24 * 60 * 60_000;

/** See the head of this file. */
export class TlsFiles {
  /** What the ports speak TLS with. */
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
    setInterval(() => this.look(), LOOK_TIME); // for as long as the process lives, as the files are its
    this.look();
    this.#warnOfWeaknesses();
  }

  /** Reads both for the first time. @throws {CertificateError} when they cannot be used. */
  static async open(files: CertificateFiles, readText: (path: string) => Promise<string>, log: Log): Promise<TlsFiles> {
    return new TlsFiles(files, readText, log, await readCertificate(files, readText));
  }

  /**
   * Reads them again, and has them used from now on; if they cannot be, those that were there before.
   * Never rejects.
   *
   * @returns Why they cannot be used, if so.
   */
  async reload(): Promise<string | undefined> {
    try {
      const certificate = await readCertificate(this.#files, this.#readText);
      this.tls.reload(certificate);
      this.#certificate = certificate;
      const { subject, validTo } = certificate;
      this.#log.info("certificate reloaded", { subject, until: validTo.toISOString() });
      this.look();
      this.#warnOfWeaknesses();
    } catch (error) {
      const why = (error as Error).message;
      this.#log.error("certificate not reloaded: the one before stays", { error: why });
      return why;
    }
  }

  /** Says in the log if the certificate is out of date, or will be soon. */
  look(now: Date = new Date()): void {
    const wrong = validityWarning(this.#certificate, now);
    if (wrong !== undefined) this.#log.warn("certificate out of date", { file: this.#files.cert, why: wrong });
  }

  /** Logs why some clients will refuse the certificate; it is used all the same. */
  #warnOfWeaknesses() {
    for (const why of this.#certificate.weaknesses) this.#log.warn("weak certificate", { file: this.#files.cert, why });
  }
}
