/**
 * The certificates of accounts in the database.
 */
import type { StatementSync } from "node:sqlite";
import type { CertificateStore, StoredCertificate } from "../accounts/certificate_store.ts";
import { type Database, storeError, withStoreErrors } from "./database.ts";

/** Reads and writes the table `certificate`. All methods throw {@linkcode StoreError}. */
export class CertificateTable implements CertificateStore {
  readonly #all: StatementSync;
  readonly #select: StatementSync;
  readonly #insert: StatementSync;
  readonly #delete: StatementSync;
  readonly #deleteAll: StatementSync;

  constructor({ db }: Database) {
    try {
      const columns = "fingerprint, account, since FROM certificate";
      this.#all = db.prepare(`SELECT ${columns} WHERE account = ? ORDER BY since, fingerprint`);
      this.#select = db.prepare(`SELECT ${columns} WHERE fingerprint = ?`);
      this.#insert = db.prepare("INSERT INTO certificate (fingerprint, account, since) VALUES (?, ?, ?)");
      this.#delete = db.prepare("DELETE FROM certificate WHERE fingerprint = ?");
      this.#deleteAll = db.prepare("DELETE FROM certificate WHERE account = ?");
    } catch (error) {
      throw storeError(error);
    }
  }

  certificates(account: string): StoredCertificate[] {
    return withStoreErrors(() => this.#all.all(account)) as unknown as StoredCertificate[];
  }

  certificate(fingerprint: string): StoredCertificate | undefined {
    return withStoreErrors(() => this.#select.get(fingerprint)) as StoredCertificate | undefined;
  }

  addCertificate({ fingerprint, account, since }: StoredCertificate): void {
    withStoreErrors(() => this.#insert.run(fingerprint, account, since));
  }

  removeCertificate(fingerprint: string): void {
    withStoreErrors(() => this.#delete.run(fingerprint));
  }

  removeCertificates(account: string): void {
    withStoreErrors(() => this.#deleteAll.run(account));
  }
}
