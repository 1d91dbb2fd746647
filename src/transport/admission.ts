/** The interface to the connection limits: asked before any work is spent on a connection, and told when it has closed. */
import type { Protocol } from "./recognize.ts";

/**
 * Why a connection or request was rejected for another reason than the connection limits. The values are labels of
 * metrics, so they never contain variable parts.
 */
export type Cause =
  | "no TLS"
  | "bad request"
  | "too slow a request"
  | "another page"
  | "stopping"
  | "no cluster"
  | `speaks ${Protocol}`;

/** Why a connection was not admitted. */
export interface Rejection {
  /** A sentence for the client. */
  readonly message: string;
  /** The reason for the log, without any text from clients. */
  readonly reason: string;
}

/** A connection as the connection limits track it. */
export interface Evictable {
  /** Address and port of the client, as used in the log. */
  readonly peer: string;
  /** Closes the connection, which has not registered yet, to make room for another one. */
  evict(): void;
}

/** Decides which connections are admitted. */
export interface Admission {
  /**
   * Admits a connection, which counts from now on, or returns why it is rejected. May evict another one in its favour.
   *
   * @param address The client's address without the port.
   */
  admit(address: string, connection: Evictable): Rejection | undefined;

  /** Stops counting an admitted connection, which has been closed. */
  release(address: string, connection: Evictable): void;
}
