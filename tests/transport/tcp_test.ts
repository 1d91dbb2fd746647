/**
 * What the end-to-end tests cannot see of TCP: whose turn it is inside the server.
 */
import { assert } from "@std/assert";
import type { Connection } from "../../src/transport/connection.ts";
import { Fanout } from "../../src/transport/fanout.ts";
import { listenTcp } from "../../src/transport/tcp.ts";

Deno.test("those who are in are heard while many more come in", async () => {
  const listener = listenTcp({
    hostname: "127.0.0.1",
    port: 0,
    fanout: new Fanout(1e6),
    lineEnd: "as the client",
    traffic: { linesIn: 0, linesOut: 0, bytesOut: 0 },
    maxLine: 8192,
    rate: Infinity,
    burst: 1,
    sendBuffer: 1e6,
    stallTime: 60_000,
    onAcceptError: (error) => console.error(error),
  });
  // All of them wait at the door before it is looked at, the first with something to say.
  const sockets: Deno.TcpConn[] = [];
  while (sockets.length < 500) sockets.push(await Deno.connect({ port: listener.port }));
  await sockets[0]!.write(new TextEncoder().encode("hello\n"));

  const connections: Connection[] = [];
  let before: number | undefined; // how many had come in when it was heard
  const heard = async (first: Connection) => {
    for await (const [_line] of first.lines) before ??= connections.length;
  };
  for await (const connection of listener) {
    connections.push(connection);
    if (connections.length === 1) void heard(connection);
    if (connections.length === sockets.length) break;
  }
  listener.close();
  for (const socket of sockets) socket.close();
  await Promise.all(connections.map((connection) => (connection.close(), connection.closed)));
  assert(before !== undefined && before < sockets.length, `${before} had come in before`);
});
