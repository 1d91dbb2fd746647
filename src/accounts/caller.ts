/**
 * The client that makes a request of the auth service, and the log of these requests.
 */
import type { SessionToken } from "../chat/scope.ts";

/** The client that makes a request. */
export interface Caller {
  /** Its address without a port, for limits. */
  readonly address: string;
  /** Its address with the port, for the log. */
  readonly peer: string;
  /** Its nickname, for the log, if it has one. */
  readonly nick?: string | undefined;
  /** Whether its connection has sent a wrong password before. */
  readonly hasFailed?: boolean | undefined;
  /** Its host as members see it, for the list of tokens. */
  readonly host?: string | undefined;
  /** The token that it has logged in with, if any. */
  readonly token?: SessionToken | undefined;
  /** The fingerprint of the certificate of its connection, if any. */
  readonly certificate?: string | undefined;
}

/** The fields of a log line; `undefined` ones are left out. */
export type Fields = { readonly [name: string]: string | number | undefined };

/** The log, as far as the auth service needs it. */
export interface AuthLog {
  info(message: string, fields: Fields): void;
  warn(message: string, fields: Fields): void;
}
