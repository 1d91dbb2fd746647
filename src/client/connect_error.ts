/**
 * The error for a server that cannot be reached.
 */

/** The server cannot be reached, or is not trusted. The message is one line, for the person who wants to connect. */
export class ConnectError extends Error {
  override name = "ConnectError";
}
