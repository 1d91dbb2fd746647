/** Ports whose sockets are of `node:net`, beside those of `Deno.listen`. */
import { assert, assertEquals, assertRejects } from "@std/assert";
import { acceptWithDeno, acceptWithNode, type OpenPort } from "../../src/transport/accept.ts";
import { NodeSocket } from "../../src/transport/node_socket.ts";
import { resettable } from "../e2e/harness.ts";
import type { Socket } from "../../src/transport/socket.ts";

const encoder = new TextEncoder();
const decoder = new TextDecoder();

const options = {
  hostname: "127.0.0.1",
  port: 0,
  onAcceptError: (error: Error) => {
    throw error;
  },
};

/** Opens a port, connects to it, and runs a function with both ends. */
async function withPair(body: (server: Socket, client: Deno.TcpConn, port: OpenPort) => Promise<void>) {
  const port = await acceptWithNode(options);
  const { promise, resolve } = Promise.withResolvers<Socket>();
  port.accept(resolve);
  using client = await Deno.connect({ port: port.port });
  const server = await promise;
  try {
    await body(server, client, port);
  } finally {
    server.close();
    port.close();
  }
}

async function read(socket: Pick<Socket, "read">, size: number): Promise<string | null> {
  const buffer = new Uint8Array(size);
  const count = await socket.read(buffer);
  return count === null ? null : decoder.decode(buffer.subarray(0, count));
}

Deno.test("accept: a socket of node:net is read in parts, written, and ended on either side", () =>
  withPair(async (server, client) => {
    assert(server instanceof NodeSocket, "the runtime cannot go on accepting");
    const { hostname, port } = client.localAddr as Deno.NetAddr;
    assertEquals(server.remoteAddr, { hostname, port });
    const waiting = read(server, 3);
    await client.write(encoder.encode("hello world"));
    assertEquals(await waiting, "hel");
    let rest = "";
    while (rest.length < 8) rest += await read(server, 5);
    assertEquals(rest, "lo world");
    await client.closeWrite();
    assertEquals(await read(server, 5), null);
    assertEquals(await read(server, 5), null);
    assertEquals(await server.write(encoder.encode("bye")), 3); // after the end of what it reads
    await server.closeWrite();
    assertEquals([await read(client, 9), await read(client, 9)], ["bye", null]);
  }));

Deno.test("accept: a read of a socket of node:net fails when it is closed on either side", async () => {
  await withPair(async (server) => {
    const waiting = assertRejects(() => read(server, 9), Deno.errors.BadResource);
    server.close();
    await waiting;
    await assertRejects(() => read(server, 9), Deno.errors.BadResource);
  });
  const port = await acceptWithNode(options);
  const { promise, resolve } = Promise.withResolvers<Socket>();
  port.accept(resolve);
  const client = await resettable(port.port);
  const server = await promise;
  const waiting = assertRejects(() => read(server, 9), Error, "ECONNRESET");
  client.resetAndDestroy();
  await waiting;
  port.close();
});

Deno.test("accept: clients that connect before the first is accepted are kept until then, or closed with the port", async () => {
  const port = await acceptWithNode(options);
  using first = await Deno.connect({ port: port.port });
  await first.write(encoder.encode("early"));
  const { promise, resolve } = Promise.withResolvers<Socket>();
  port.accept(resolve);
  const socket = await promise;
  assertEquals(await read(socket, 9), "early");
  socket.close();
  port.close();

  const unused = await acceptWithNode(options);
  using second = await Deno.connect({ port: unused.port });
  unused.close();
  assertEquals(await read(second, 9).catch(() => null), null);
});

Deno.test("accept: both ways report the same errors, and release the port", async () => {
  for (const open of [acceptWithDeno, acceptWithNode]) {
    const first = await open(options);
    await assertRejects(async () => await open({ ...options, port: first.port }), Deno.errors.AddrInUse);
    first.close();
    const second = await open({ ...options, hostname: "localhost", port: first.port });
    assertEquals(second.port, first.port);
    second.close();
    await assertRejects(async () => await open({ ...options, hostname: "203.0.113.1" }), Deno.errors.AddrNotAvailable);
  }
});
