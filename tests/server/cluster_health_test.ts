/** A server whose node has no connection to its cluster: what load balancers and new clients of each protocol are told. */
import { assertEquals } from "@std/assert";
import { LocalChat } from "../../src/chat/local_chat.ts";
import { parseCommandLine } from "../../src/cli/command_line.ts";
import { NO_CLUSTER_TEXT } from "../../src/server/cluster_health.ts";
import { inMemoryResources } from "../../src/server/resources.ts";
import { Server } from "../../src/server/server.ts";
import { FakeCluster } from "../fake_cluster.ts";
import { quietLog } from "./helpers.ts";

/** Starts a server on free ports whose chat is part of a cluster. */
async function start(cluster: FakeCluster): Promise<Server> {
  const options = parseCommandLine(
    ["--port", "0", "--irc-port", "0", "--web-port", "0"],
    () => undefined,
    "0.0.0",
  );
  if ("print" in options) throw new Error("the command line asks for a text");
  Object.defineProperty(LocalChat.prototype, "cluster", { get: () => cluster, configurable: true });
  const server = new Server(options, inMemoryResources(), quietLog());
  await server.open();
  return server;
}

/** Everything that the server sends until it closes the connection. */
async function rejection(port: number): Promise<string> {
  using socket = await Deno.connect({ port });
  return await new Response(socket.readable).text();
}

/** Reads until a text has come. */
async function readUntil(socket: Deno.TcpConn, expected: string): Promise<void> {
  const buffer = new Uint8Array(4096);
  for (let text = ""; !text.includes(expected);) {
    const count = await socket.read(buffer);
    if (count === null) throw new Error(`The connection ended before "${expected}": ${text}`);
    text += new TextDecoder().decode(buffer.subarray(0, count));
  }
}

/** The first line from a WebSocket. */
async function firstFrame(url: string): Promise<unknown> {
  const socket = new WebSocket(url);
  const { promise, resolve, reject } = Promise.withResolvers<unknown>();
  const closed = new Promise((resolve) => socket.onclose = resolve);
  socket.onmessage = ({ data }) => resolve(data);
  socket.onerror = () => reject(new Error("no WebSocket"));
  const frame = await promise;
  await closed;
  return frame;
}

Deno.test("server: without its cluster it answers 503, rejects new clients by their protocol, and keeps the others", async () => {
  const cluster = new FakeCluster();
  const server = await start(cluster);
  try {
    const [text = 0, irc = 0, web = 0] = server.ports;
    const health = async () => {
      const response = await fetch(`http://127.0.0.1:${web}/healthz`);
      return [response.status, await response.text()];
    };
    assertEquals(await health(), [200, "ok\n"]);
    using early = await Deno.connect({ port: text });
    await readUntil(early, "/help");
    for (const reason of ["no connection to NATS", "no news from the log", "joining"] as const) {
      cluster.health = reason;
      assertEquals(await health(), [503, `${reason}\n`]);
    }
    assertEquals(await rejection(text), `-- ${NO_CLUSTER_TEXT}\n`);
    assertEquals(await rejection(irc), `ERROR :Closing link: [${NO_CLUSTER_TEXT}]\r\n`);
    assertEquals(await firstFrame(`ws://127.0.0.1:${web}/text`), `-- ${NO_CLUSTER_TEXT}`);
    assertEquals(await firstFrame(`ws://127.0.0.1:${web}/irc`), `ERROR :Closing link: [${NO_CLUSTER_TEXT}]`);
    const metrics = await (await fetch(`http://127.0.0.1:${web}/metrics`)).text();
    assertEquals(/^tincan_refused_total\{reason="no cluster"\} 4$/m.test(metrics), true);
    await early.write(new TextEncoder().encode("/ping\n"));
    await readUntil(early, "Pong.");
    cluster.health = "ok";
    assertEquals(await health(), [200, "ok\n"]);
  } finally {
    await server.stop();
    Reflect.deleteProperty(LocalChat.prototype, "cluster");
  }
});
