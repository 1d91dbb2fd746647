/**
 * The errors of the auth service: a code, which each protocol turns into a sentence of its own.
 */
import { StoreError } from "../chat/store.ts";
import { BusyError, PASSWORD_BYTES_MAX, PASSWORD_MAX, PASSWORD_MIN, PasswordError } from "./password.ts";
import { ScramError } from "./scram.ts";

/** Why a request was rejected. Metrics count requests by these codes; they do not change. */
export type AuthErrorCode =
  | "no-accounts" // nicknames cannot be registered on this server
  | "server-password" // the server password comes first
  | "wrong-password" // or there is no such account
  | "link-unknown" // the code of an invite link that there is not
  | "link-expired" // its time is over
  | "link-used-up" // as many users as allowed have used it
  | "wait" // too many wrong passwords from the network
  | "reconnect" // likewise, but a connection that has not failed may try
  | "busy" // too many passwords are being checked
  | "name-owned" // the nickname is registered
  | "name-impossible" // the nickname cannot be registered
  | "name-confusable" // it looks like a registered nickname
  | "name-gone" // the member no longer had the nickname when the password was hashed
  | "password-short"
  | "password-long"
  | "password-wide" // too many bytes
  | "password-impossible"
  | "password-token" // it has the form of a token
  | "accounts-full"
  | "too-many" // too many registrations or new passwords from the network
  | "not-logged-in"
  | "logged-in" // already
  | "not-yours" // the account belongs to someone else
  | "no-such-account"
  | "token-scoped" // the caller's token permits only a part of what the account may do
  | "token-name-invalid" // empty or too long
  | "token-room-invalid" // not a valid room name
  | "tokens-full" // the account has as many tokens as allowed
  | "no-such-token"
  | "certificate-none" // the connection has no certificate
  | "certificate-invalid" // not a fingerprint
  | "certificate-taken" // it belongs to another account
  | "certificates-full" // the account has as many certificates as allowed
  | "no-such-certificate"
  | "not-kept"; // the store cannot be written

/** Thrown when the auth service rejects a request. */
export class AuthError extends Error {
  override name = "AuthError";
  readonly code: AuthErrorCode;
  /** What the error is about: a nickname, a limit, or how many seconds to wait. */
  readonly subject: string;

  constructor(code: AuthErrorCode, subject: string | number = "") {
    super(`Cannot authenticate: ${code}`);
    this.code = code;
    this.subject = String(subject);
  }
}

/** The subject of each error about a new password: the limit that it exceeds. */
const PASSWORD_LIMITS = { short: PASSWORD_MIN, long: PASSWORD_MAX, wide: PASSWORD_BYTES_MAX, impossible: "" } as const;

/** Converts the errors of passwords, SCRAM, queues and stores; returns any other error unchanged. */
export function toAuthError(error: unknown): unknown {
  if (error instanceof BusyError) return new AuthError("busy");
  if (error instanceof StoreError) return new AuthError("not-kept");
  if (error instanceof ScramError) return new AuthError("wrong-password");
  if (error instanceof PasswordError) return new AuthError(`password-${error.flaw}`, PASSWORD_LIMITS[error.flaw]);
  return error;
}

/** Whether an error says that a password is wrong, or that it cannot be a new one: the user may want to give another. */
export function isPasswordError(error: unknown): boolean {
  return error instanceof AuthError && (error.code === "wrong-password" || error.code.startsWith("password-"));
}
