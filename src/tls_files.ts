/**
 * The two files of TLS over the server's life: read at the start, and again whenever it is told that there are new ones.
 */
import type { Log } from "./log.ts";
import { type Certificate, type CertificateFiles, datedness, readCertificate } from "./transport/certificate.ts";
import { Tls } from "./transport/tls.ts";

/** See the head of this file. */
export class TlsFiles {
  /** What the ports speak TLS with. */
  readonly tls: Tls;
  readonly #files: CertificateFiles;
  readonly #readText: (path: string) => Promise<string>;
  readonly #log: Log;

  private constructor(files: CertificateFiles, readText: (path: string) => Promise<string>, log: Log, tls: Tls) {
    this.#files = files;
    this.#readText = readText;
    this.#log = log;
    this.tls = tls;
  }

  /** Reads both for the first time. @throws {CertificateError} when they cannot be used. */
  static async open(files: CertificateFiles, readText: (path: string) => Promise<string>, log: Log): Promise<TlsFiles> {
    const certificate = await readCertificate(files, readText);
    warn(certificate, files, log);
    return new TlsFiles(files, readText, log, new Tls(certificate));
  }

  /** Reads them again, and has them used from now on; if they cannot be, those that were there before. Never rejects. */
  async reload(): Promise<void> {
    try {
      const certificate = await readCertificate(this.#files, this.#readText);
      this.tls.reload(certificate);
      const { subject, validTo } = certificate;
      this.#log.info("certificate reloaded", { subject, until: validTo.toISOString() });
      warn(certificate, this.#files, this.#log);
    } catch (error) {
      this.#log.error("certificate not reloaded: the one before stays", { error: (error as Error).message });
    }
  }
}

function warn(certificate: Certificate, { cert }: CertificateFiles, log: Log) {
  const wrong = datedness(certificate, new Date());
  if (wrong !== undefined) log.warn("certificate out of date", { file: cert, why: wrong });
}
