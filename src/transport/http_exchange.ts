/** The types that an HTTP connection and the resources above it exchange, besides `Request` and `Response`. */
import type { EvictableSocket } from "./socket.ts";

/** The client of a request. */
export interface HttpClient {
  /** Its address without the port; that of the client of a trusted proxy, if the request came through one. */
  readonly address: string;
  /** Address and port, as used in the log; without the port behind a proxy. */
  readonly peer: string;
  /** Whether the connection is encrypted (TLS). */
  readonly secure: boolean;
  /** The socket as the connection limits track it; `undefined` if they do not. */
  readonly evictable: EvictableSocket | undefined;
  /**
   * Whether a page of another site has sent the request: by its `Origin` or `Sec-Fetch-Site`, or by a host that may have been
   * rebound. Clients that are not browsers send neither.
   */
  readonly foreign: boolean;
}

/**
 * A response whose body is made while it is sent.
 *
 * The connection reads the next piece when the client has taken the previous one, and cancels the stream when the client
 * has left, does not read, or has asked for the head alone. A stream that fails ends the connection before the end of the
 * response, so that the client can tell; it is reported as an error of the server, unless it fails with an `AbortError`.
 */
export interface StreamedResponse {
  readonly status: number;
  /**
   * With a `content-length`, the stream has to have that length. Without one, the connection ends with the response, and the
   * client leaves by ending its side.
   */
  readonly headers: Readonly<Record<string, string>>;
  /** Pieces should not be longer than 64 KiB: each has to be taken within the timeout of a response. */
  readonly stream: ReadableStream<Uint8Array>;
}

/** The answer to a request. */
export type HttpAnswer = Response | StreamedResponse;
