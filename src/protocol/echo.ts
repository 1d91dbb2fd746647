/**
 * The echo protocol: replies `Hello, world!` to each line that is not empty.
 *
 * It shows what a protocol is: a function over the lines of a connection, which returns when the client has left. The
 * caller closes the connection.
 */
import type { Connection } from "../transport/connection.ts";

const HELLO = ["Hello, world!"];

/** Serves one client until its connection ends. */
export async function echo(connection: Connection): Promise<void> {
  for await (const lines of connection.lines) {
    for (const line of lines) if (line !== "") connection.send(HELLO);
  }
}
