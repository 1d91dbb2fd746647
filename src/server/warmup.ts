/**
 * Has the hot path compiled before anybody waits for it.
 *
 * V8 interprets code first and compiles it, in several steps, once it has run often: until then a line to a hundred
 * clients takes several times as long as later. So tincan, once its doors are open, talks to itself for a moment: on
 * real sockets, as what is learned from other objects would be thrown away again.
 */
import type { Options } from "../cli/options.ts";
import { Log } from "../monitoring/log.ts";
import { noFiles } from "./protocol_handlers.ts";
import { Server } from "./server.ts";

/** How many clients there are, and how many of them talk. */
const CLIENTS = 100;
const SPEAKERS = 10;

/** How many lines are said; each goes to all clients. Where more of them gained nothing any more. */
const LINES = 600;

/** How long it may take at the most, in milliseconds. */
const TIME = 1000;

/**
 * Talks to itself, behind a door of its own. Never rejects: without it everything works, a little later.
 *
 * @param time How long it may take at the most, in milliseconds.
 */
export async function warmUp(options: Options, time: number = TIME): Promise<void> {
  const sockets: Deno.TcpConn[] = [];
  const timeout = setTimeout(() => sockets.forEach(close), time);
  let server: Server | undefined;
  try {
    const quiet = new Log("error", "text", { write: (bytes) => Promise.resolve(bytes.length) });
    const unbound = {
      rate: Infinity,
      connectRate: Infinity,
      maxClients: CLIENTS,
      maxPerIp: Infinity,
      maxUnregistered: Infinity,
    };
    server = new Server(
      { ...options, ...unbound, command: "serve", host: "127.0.0.1", port: 0, ircPort: "off", webPort: "off" },
      noFiles(),
      quiet,
    );
    while (sockets.length < CLIENTS) sockets.push(await Deno.connect({ port: server.ports[0]! }));
    await talk(sockets);
  } catch {
    // No loopback, no port or no file left, or no time: none of them is worth a word here.
  } finally {
    clearTimeout(timeout);
    sockets.forEach(close);
    await server?.stop(); // whatever happened: this door is nobody else's
  }
}

async function talk(sockets: Deno.TcpConn[]) {
  const line = new TextEncoder().encode(`${"x".repeat(64)}\r\n`);
  const buffer = new Uint8Array(1024); // one for all: nobody looks at it
  for (let i = 0; i < LINES; i++) {
    // All at once: when the time is over each of them fails, and none may fail unheard.
    await Promise.all([...sockets.map((socket) => socket.read(buffer)), sockets[i % SPEAKERS]!.write(line)]);
  }
}

function close(socket: Deno.TcpConn) {
  try {
    socket.close();
  } catch {
    // It was closed already.
  }
}
