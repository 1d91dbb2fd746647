/** What is stored of accounts and their credentials, and where. */
import { Buffer } from "node:buffer";
import type { CredentialTexts } from "../chat/directory_changes.ts";
import type { ScramKeys } from "./scram.ts";

/** What is stored of a password: a hash for passwords that are sent to the server, and keys for SCRAM. */
export interface Credentials extends ScramKeys {
  readonly hash: string;
}

/** An account as it is stored. */
export interface StoredAccount {
  /** The folded name. */
  readonly key: string;
  /** The nickname in the case in which it was registered. */
  readonly name: string;
  /** When it was registered, in milliseconds since 1970. */
  readonly since: number;
}

/** Where accounts are stored, by folded name. All methods may throw `StoreError`. */
export interface AccountStore {
  /** All accounts, with the StoredKey of their credentials. */
  accounts(): (StoredAccount & Pick<Credentials, "stored">)[];
  credentials(key: string): Credentials | undefined;
  addAccount(account: StoredAccount, credentials: Credentials): void;
  /** Returns whether the account exists. */
  setCredentials(key: string, credentials: Credentials): boolean;
  /** Removes an account with its ignore list and its read markers. */
  removeAccount(key: string): void;
  /** Removes all accounts with their tokens, certificates and ignore lists. */
  clear(): void;
  /** Runs changes of accounts, tokens and certificates, of which either all or none are stored. */
  atomically<T>(change: () => T): T;
}

/** Identifies a secret by the hash that is stored of it. */
export function revisionOf(hash: Uint8Array): string {
  return toBase64(hash.subarray(0, REVISION_BYTES));
}

/** So many that two secrets have the same revision by chance only, and that guessing it is of no use. */
const REVISION_BYTES = 12;

export function toTexts({ hash, salt, iterations, stored, server }: Credentials): CredentialTexts {
  return { hash, salt: toBase64(salt), iterations, stored: toBase64(stored), server: toBase64(server) };
}

export function fromTexts({ hash, salt, iterations, stored, server }: CredentialTexts): Credentials {
  return { hash, salt: fromBase64(salt), iterations, stored: fromBase64(stored), server: fromBase64(server) };
}

export function toBase64(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString("base64");
}

export function fromBase64(text: string): Uint8Array {
  return new Uint8Array(Buffer.from(text, "base64"));
}
