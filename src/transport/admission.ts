/**
 * Who may come in: asked before anything is spent on a connection, and told when it is gone.
 */
import type { Protocol } from "./connection.ts";

/**
 * Why somebody is refused whom the gate has let in, or has not been asked about: few words that never change, to count
 * by.
 */
export type Cause =
  | "no TLS"
  | "bad request"
  | "too slow a request"
  | "another page"
  | "stopping"
  | `speaks ${Protocol}`;

/** Why somebody is not let in. */
export interface Rejection {
  /** What they are told: a sentence for people. */
  readonly told: string;
  /** What the log calls it: nothing that people say is in it. */
  readonly reason: string;
}

/** A connection as the gate knows it. */
export interface Entrant {
  /** Where it comes from, as in the log. */
  readonly peer: string;
  /** Ends it before it has registered, so that another can come in. */
  evict(): void;
}

/** See the head of this file. */
export interface Admission {
  /**
   * Lets a connection in, which counts from now on, or says why not. Another one may be evicted for it.
   *
   * @param address Where it comes from, without the port.
   */
  enter(address: string, entrant: Entrant): Rejection | undefined;

  /** A connection that was let in has been closed: nothing of it is left. */
  leave(address: string, entrant: Entrant): void;
}
