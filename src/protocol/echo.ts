/**
 * The smallest protocol there is: each line that is not empty is answered with `Hello, world!`.
 *
 * Read it first. A protocol is one function over a connection's lines, and this is all there is to one: it returns when
 * the client has left, and whoever called it closes the connection.
 */
import type { Connection } from "../transport/connection.ts";

const HELLO = ["Hello, world!"];

/** Serves one client until it leaves. */
export async function echo(connection: Connection): Promise<void> {
  for await (const lines of connection.lines) {
    for (const line of lines) if (line !== "") connection.send(HELLO);
  }
}
