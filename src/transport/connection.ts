/**
 * What a protocol gets to see of a client: lines in, lines out, an end.
 *
 * Everything below this interface (sockets, bytes, line ends, buffers, whose turn it is to be written) is the
 * transport's business; everything above it (names, rooms, commands) is none of the transport's.
 */

import type { EvictableSocket } from "./socket.ts";

/**
 * What a client speaks, as far as its first line tells: `HTTP` stands for all protocols with the same request line, `PROXY`
 * for the header that a proxy puts before a connection, `binary` for what has bytes in it that no text has, and `text` for
 * a line that is of no other protocol.
 */
export type Protocol = "HTTP" | "TLS" | "SSH" | "IRC" | "PROXY" | "binary" | "text";

/** Why a connection ended whose client speaks another protocol than its port does. */
export const WRONG_PROTOCOL = "wrong protocol";

/** One client, whatever it came in through. */
export interface Connection {
  /** Where it comes from, without the port, as in limits per address: `127.0.0.1`, `::1`. */
  readonly address: string;

  /** Where it comes from, with the port, as in the log: `127.0.0.1:54321`, `[::1]:54321`. */
  readonly peer: string;

  /** What the gate knows it by; none, if that was not asked about it. */
  readonly entrant?: EvictableSocket | undefined;

  /** Whether nobody on the way can read what is said: it came in over TLS. */
  readonly secure: boolean;

  /** The most bytes that one line of this client may have, its end not counted. */
  readonly maxLine: number;

  /**
   * The client's lines, without their ends, as they come: decoded (bytes that are not UTF-8 become U+FFFD, unless
   * {@linkcode onMalformed} is set), empty ones included, no faster than the client may talk. Those that came together come together, to be taken one by one in one
   * go; one that is not taken comes again. Both iterations end when the client does, or when the connection is closed; they never throw. It can be had
   * once.
   */
  readonly lines: AsyncIterable<Iterable<string>>;

  /** Called in place of a line that was longer than {@linkcode maxLine} and was thrown away, with its beginning. */
  onTooLong: (beginning: string) => void;

  /** If set, called in place of a line that is not UTF-8: it has U+FFFD where it is not. */
  onMalformed?: ((line: string) => void) | undefined;

  /**
   * Why the connection ended, in a few words for people (`too slow to read`): a reason given to `close`, or what
   * went wrong on the way. `undefined` while it lasts, and when the client simply left.
   */
  readonly ending: string | undefined;

  /** How much is queued for it, in bytes, what queueing costs included. */
  readonly queued: number;

  /** How much memory is held for it, in bytes: what is queued, and what came from it and was not taken yet. */
  readonly held: number;

  /**
   * Queues lines, without their ends, for this client; never waits, and does nothing once the connection is closing.
   * Hand the very same array to many connections, and it is encoded once for all of them.
   */
  send(lines: readonly string[]): void;

  /** Reads no more lines from the client for a time, in milliseconds. */
  pause?(milliseconds: number): void;

  /**
   * Asks whatever the client types on not to show it, or to show it again; after what is queued. Where nothing would
   * understand that, it does nothing.
   */
  hideInput(hidden: boolean): void;

  /**
   * Ends the connection, after what is queued has gone out. What the client still sends is thrown away. Calling it
   * again changes nothing.
   */
  close(reason?: string): void;

  /**
   * Ends the connection of a client that speaks another protocol than its port does, and tells it, in that protocol where
   * possible, which port to use. It is logged and counted.
   */
  reject(protocol: Protocol): void;

  /** Ends the connection at once; what was queued is lost. */
  abort(reason: string): void;

  /**
   * Resolves when the connection is over: all that was queued has gone out, or cannot, and nothing of it is left, its
   * open file least of all; never rejects.
   */
  readonly closed: Promise<void>;
}
