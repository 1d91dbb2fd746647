/**
 * The interface between transports and protocols: one client as lines in, lines out and an end.
 *
 * Sockets, bytes, line ends, buffers and the scheduling of writes belong to the transport below this interface; names,
 * rooms and commands belong to the protocol above it.
 */

import type { HttpAnswer, HttpClient, StreamedResponse } from "./http_exchange.ts";
import type { Protocol } from "./recognize.ts";
import type { EvictableSocket } from "./socket.ts";

export type { HttpAnswer, HttpClient, Protocol, StreamedResponse };

/** The reason of a connection that ended because its client uses another protocol than the port. */
export const WRONG_PROTOCOL = "wrong protocol";

/** The line that Ctrl-C of a telnet client becomes. In raw connections, the same key and Enter send it. */
export const INTERRUPT = "\x03";

/** A connection to one client. */
export interface Connection {
  /** Address of the client without the port, as used by limits per address: `127.0.0.1`, `::1`. */
  readonly address: string;

  /** Address and port of the client, as used in the log: `127.0.0.1:54321`, `[::1]:54321`. */
  readonly peer: string;

  /** The socket as the connection limits track it; `undefined` if they do not. */
  readonly evictable?: EvictableSocket | undefined;

  /** Whether the connection is encrypted (TLS). */
  readonly secure: boolean;
  /** The SHA-256 fingerprint of the client's certificate in hexadecimal, if it has given one. */
  readonly certificate?: string | undefined;

  /** Whether the client is known to show the lines that its user types, as telnet does. May become true with any read. */
  readonly echoesLocally: boolean;

  /** Maximum length of a line from this client in bytes, excluding its end. */
  readonly maxLine: number;

  /**
   * The client's lines, without their ends, as they arrive and no faster than the rate limit of the client. They are
   * decoded (bytes that are not UTF-8 become U+FFFD unless {@linkcode onMalformed} is set); empty lines are included.
   *
   * Lines that arrived together come as one batch. A line that is not taken from its batch is offered again in the next
   * one. Both iterations end when the client or this side closes the connection; they never throw. The lines can be
   * iterated once.
   */
  readonly lines: AsyncIterable<Iterable<string>>;

  /** Called in place of a line longer than {@linkcode maxLine}, which is dropped, with its beginning. */
  onTooLong: (beginning: string) => void;

  /** If set, called in place of a line that is not UTF-8, decoded with U+FFFD for the invalid parts. */
  onMalformed?: ((line: string) => void) | undefined;

  /**
   * Why the connection ended, in a few words for people (`too slow to read`): the reason given to `close` or `abort`,
   * or a transport error. `undefined` while it is open, and if the client left without an error.
   */
  readonly closeReason: string | undefined;

  /** Size of the outbox in bytes, including the cost of each chunk. */
  readonly queued: number;

  /** Memory held for this client in bytes: the outbox, and input that has not been processed yet. */
  readonly held: number;

  /**
   * Queues lines, given without their ends. Never waits, and does nothing once the connection is closing. An array that
   * is passed to many connections in a row is encoded once for all of them.
   */
  send(lines: readonly string[]): void;

  /** Stops reading lines from the client for a time in milliseconds. */
  pause?(milliseconds: number): void;

  /**
   * Asks the client to hide typed input, or to show it again, after what is queued has been sent. Does nothing where the
   * protocol has no way to ask.
   */
  hideInput(hidden: boolean): void;

  /**
   * Closes the connection after sending what is queued. Further input is discarded. Has no effect the second time.
   *
   * @param reason Becomes {@linkcode closeReason}.
   */
  close(reason?: string): void;

  /**
   * Closes the connection of a client that uses another protocol than the port, after telling it, in its own protocol
   * where possible, which port to use. The rejection is logged and counted.
   */
  reject(protocol: Protocol): void;

  /** Closes the connection at once; what is queued is lost. */
  abort(reason: string): void;

  /**
   * Resolves when the connection has ended: everything queued was sent or dropped, and all resources, including the file
   * descriptor, are released. Never rejects.
   */
  readonly closed: Promise<void>;
}
