/**
 * Runs the hot path before clients use it, so that V8 has compiled it by then.
 *
 * V8 interprets code first and compiles it, in several steps, once it has run often: until then a line to a hundred clients
 * takes several times as long. So a second server on a port of its own serves real connections for a moment. They have to
 * be real sockets: V8 discards what it has compiled for objects of other shapes.
 */
import { isNick } from "../chat/names.ts";
import type { Options } from "../cli/options.ts";
import { Log } from "../monitoring/log.ts";
import { inMemoryResources } from "./resources.ts";
import { Server } from "./server.ts";

/** How many clients connect, and how many of them send lines. */
const CLIENTS = 100;
const SPEAKERS = 10;

/** How many lines are sent, each to all clients. More of them gained nothing. */
const LINES = 600;

/** A nickname in the script that is tried last, so that the regular expressions of all scripts are compiled. */
const RARE_NICK = "ꆈꌠ";

/** The default time limit, in milliseconds. */
const TIME = 1000;

/**
 * Warms up. Never rejects: without warm-up everything works, only slower at first.
 *
 * @param time The time limit, in milliseconds.
 */
export async function warmUp(options: Options, time: number = TIME): Promise<void> {
  const sockets: Deno.TcpConn[] = [];
  const timeout = setTimeout(() => sockets.forEach(close), time);
  let server: Server | undefined;
  try {
    isNick(RARE_NICK); // 12 ms the first time
    const quiet = new Log("error", "text", { write: (bytes) => Promise.resolve(bytes.length) });
    const unlimited = {
      rate: Infinity,
      connectRate: Infinity,
      maxClients: CLIENTS,
      maxPerIp: Infinity,
      maxUnregistered: Infinity,
    };
    server = new Server(
      {
        ...options,
        ...unlimited,
        command: "serve",
        host: "127.0.0.1",
        port: 0,
        ircPort: "off",
        webPort: "off",
        cluster: undefined,
        reusePort: false,
      },
      inMemoryResources(),
      quiet,
    );
    await server.open();
    while (sockets.length < CLIENTS) sockets.push(await Deno.connect({ port: server.ports[0]! }));
    await exchangeLines(sockets);
  } catch {
    // No loopback interface, no free port, too many open files, or out of time: not worth a log line.
  } finally {
    clearTimeout(timeout);
    sockets.forEach(close);
    await server?.stop();
  }
}

async function exchangeLines(sockets: Deno.TcpConn[]) {
  const line = new TextEncoder().encode(`${"x".repeat(64)}\r\n`);
  const buffer = new Uint8Array(1024); // shared: the bytes are not used
  for (let i = 0; i < LINES; i++) {
    // Together, so that all rejections are handled when the sockets are closed at the end of the time.
    await Promise.all([...sockets.map((socket) => socket.read(buffer)), sockets[i % SPEAKERS]!.write(line)]);
  }
}

function close(socket: Deno.TcpConn) {
  try {
    socket.close();
  } catch {
    // Already closed.
  }
}
