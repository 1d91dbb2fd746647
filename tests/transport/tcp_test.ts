/**
 * What the end-to-end tests cannot see of TCP: whose turn it is inside the server.
 */
import { once } from "node:events";
import { connect } from "node:net";
import { assert, assertEquals } from "@std/assert";
import type { Connection } from "../../src/transport/connection.ts";
import { listenTcp } from "../../src/transport/tcp.ts";
import { tcpOptions } from "./ports.ts";

Deno.test("those who are in are heard while many more come in", async () => {
  const listener = listenTcp(tcpOptions());
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

Deno.test("those who are gone before their turn keep nobody waiting, and are not worth a word", async () => {
  const errors: string[] = [];
  const listener = listenTcp({ ...tcpOptions(), onAcceptError: (error) => errors.push(error.message) });
  for (let i = 0; i < 50; i++) { // with a pause for each, the one behind them would wait for 5 seconds
    const socket = connect(listener.port, "127.0.0.1");
    await once(socket, "connect");
    socket.resetAndDestroy();
    await once(socket, "close");
  }
  using socket = await Deno.connect({ port: listener.port });
  const { port } = socket.localAddr as Deno.NetAddr;
  const began = performance.now();
  for await (const connection of listener) {
    connection.close();
    await connection.closed;
    if (connection.peer === `127.0.0.1:${port}`) break;
  }
  const took = performance.now() - began;
  listener.close();
  assertEquals(errors, []);
  assert(took < 3000, `it took ${took} ms`);
});
