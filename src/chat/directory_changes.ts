/**
 * The commands that change the directory: accounts with their credentials, tokens and certificates.
 *
 * What an author derives or draws (hashes, keys, secrets) is in the command; what has to be unique is checked when it is
 * applied. Accounts are named by folded name, and bytes are in base64.
 */
import type { Scope } from "./scope.ts";

/** The public data of an account. */
export interface Account {
  /** The nickname in the case in which it was registered. */
  readonly name: string;
  /** When it was registered, in milliseconds since 1970. */
  readonly since: number;
  /** Changes with the password, and when the name gets another owner. */
  readonly revision: string;
}

/** What is stored of a password, as text: see `Credentials` in `accounts/account_store.ts`. */
export interface CredentialTexts {
  readonly hash: string;
  readonly salt: string;
  readonly iterations: number;
  readonly stored: string;
  readonly server: string;
}

/** A token as its author gives it. The directory gives it a number. */
export interface NewToken extends Scope {
  /** The SHA-256 hash. */
  readonly hash: string;
  readonly name: string;
  /** The host from where it was made, as members see it. */
  readonly host: string;
}

/**
 * The commands. `revision` is that of the account that the author has seen: if the account has another one, it has another
 * password or another owner, and the command does nothing.
 */
export type DirectoryCommand =
  /** A nickname is registered. `member`: the one that registers it; `undefined` if its client has not registered yet. */
  | {
    readonly op: "account-add";
    readonly name: string;
    readonly credentials: CredentialTexts;
    readonly member: number | undefined;
  }
  /** An account gets another password. Its tokens but `keep`, its one-time word and its certificates are deleted. */
  | {
    readonly op: "account-password";
    readonly account: string;
    readonly revision: string;
    readonly credentials: CredentialTexts;
    readonly keep: number | undefined;
  }
  /** An account is deleted with all that belongs to it. Its members are logged out, and keep their nicknames and rooms. */
  | { readonly op: "account-drop"; readonly account: string; readonly revision: string }
  | {
    readonly op: "token-add";
    readonly account: string;
    readonly revision: string;
    readonly token: NewToken;
  }
  /** A token was used to log in from a host. */
  | {
    readonly op: "token-used";
    readonly account: string;
    readonly id: number;
    readonly revision: string; // of the token
    readonly host: string;
  }
  /** A token is revoked. */
  | {
    readonly op: "token-remove";
    readonly account: string;
    readonly id: number;
    readonly revision: string; // of the token
  }
  /** An account gets a one-time word, in place of an earlier one. */
  | {
    readonly op: "word-add";
    readonly account: string;
    readonly revision: string;
    readonly hash: string;
  }
  /** A one-time word is used: it is deleted. */
  | { readonly op: "word-use"; readonly account: string; readonly hash: string }
  | {
    readonly op: "certificate-add";
    readonly account: string;
    readonly revision: string;
    readonly fingerprint: string;
  }
  | { readonly op: "certificate-remove"; readonly account: string; readonly fingerprint: string };

/** The results of the commands. What was not done has changed nothing. */
export interface DirectoryResults {
  /** The account, or why there is none. `lost`: the member no longer has the nickname, or another one has it. */
  "account-add": Account | "taken" | "confusable" | "full" | "lost";
  /** Whether it was done: the account is the one that the author has seen. */
  "account-password": boolean;
  "account-drop": boolean;
  /** The token's number and time, or why it was not added: the account is gone, or has the most tokens. */
  "token-add": { readonly id: number; readonly since: number } | "gone" | "full";
  "token-used": void;
  /** Whether the token existed. */
  "token-remove": boolean;
  "word-add": boolean;
  /** Whether it was the word of the account, and had not expired. */
  "word-use": boolean;
  /** Why it was not added, if so: it belongs to another account, there are too many, or the account is gone. */
  "certificate-add": "taken" | "full" | "gone" | undefined;
  /** Whether the account had it. */
  "certificate-remove": boolean;
}

/** The names of the commands. */
export type DirectoryOp = DirectoryCommand["op"];
