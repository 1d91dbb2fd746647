/**
 * Opening a port, and accepting its connections: by `Deno.listen`, or by `node:net` where TLS needs its sockets.
 *
 * Neither an error of one client nor a lack of file descriptors stops it from accepting.
 */
import net from "node:net";
import { setImmediate } from "node:timers";
import { NodeSocket } from "./node_socket.ts";
import type { Socket } from "./socket.ts";

/** Maximum number of connections waiting to be accepted. Beyond it, the client's kernel retries after a full second. */
const BACKLOG = 4096;

/** How long accepting pauses after an error such as too many open files, in milliseconds. */
export const ACCEPT_PAUSE = 100;

/** Errors of `accept` when the client has already left. */
const CLIENT_LEFT = [Deno.errors.NotConnected, Deno.errors.ConnectionAborted, Deno.errors.ConnectionReset] as const;

/** Settings of an open port. */
export interface AcceptOptions {
  /** The address to listen on, or a name of it. */
  readonly hostname: string;
  /** The port to listen on; 0 for any free port. */
  readonly port: number;
  /** Whether other processes may listen on the port, too: the system spreads connections over them (Linux). Default: no. */
  readonly reusePort?: boolean;
  /** Called when accepting fails; once for consecutive failures. Accepting is retried until it works. */
  readonly onAcceptError: (error: Error) => void;
}

/** An open port. */
export interface OpenPort {
  /** The address it is bound to, as a number. */
  readonly hostname: string;
  readonly port: number;
  /** Begins to accept connections. Call it once. */
  accept(onSocket: (socket: Socket) => void): void;
  /** Stops accepting. */
  close(): void;
}

/**
 * Opens a port.
 *
 * @throws {Deno.errors.AddrInUse} and the other errors of `Deno.listen`.
 */
export function acceptWithDeno({ hostname, port, reusePort = false, onAcceptError }: AcceptOptions): OpenPort {
  const listener = Deno.listen({ hostname, port, tcpBacklog: BACKLOG, reusePort });
  let open = true;
  const accept = async (onSocket: (socket: Socket) => void) => {
    let failing = false;
    while (open) {
      try {
        const socket = await listener.accept();
        failing = false;
        if (prepare(socket)) onSocket(socket);
        await nextTurn(); // one connection per turn of the event loop, so that connected clients continue to be served
      } catch (error) {
        if (!open) return;
        // A client that has already left is no reason to pause: repeated hang-ups would keep all others from connecting.
        if (CLIENT_LEFT.some((kind) => error instanceof kind)) {
          await nextTurn();
          continue;
        }
        if (!failing) onAcceptError(error as Error);
        failing = true;
        await new Promise((resolve) => setTimeout(resolve, ACCEPT_PAUSE));
      }
    }
  };
  return {
    hostname: listener.addr.hostname,
    port: listener.addr.port,
    accept: (onSocket) => void accept(onSocket),
    close() {
      open = false;
      listener.close();
    },
  };
}

/** Sets the options of an accepted socket. Closes it and returns `false` if the client has already left. */
function prepare(socket: Deno.TcpConn): boolean {
  try {
    socket.setNoDelay(); // without it, each small write waits for the acknowledgement of the previous one
    socket.setKeepAlive(); // detects clients whose network is gone
    return true;
  } catch {
    socket.close();
    return false;
  }
}

/** The handle of a `net.Server`. It is not documented, so its use checks that it is there. */
interface ServerHandle {
  /** Begins to listen; if it listens already, looks for connections again. Returns 0, or the number of an error. */
  listen(backlog: number): number;
}

/**
 * Opens a port whose sockets are of `node:net`, if the runtime can go on accepting after a lack of file descriptors;
 * else as {@linkcode acceptWithDeno}.
 *
 * After such a lack, `net.Server` of Deno 2.9 stops accepting without an error, until its handle is told to listen again.
 * So that is done regularly; it takes less than a microsecond. In Deno 2.7 it fails. As there is no error, `onAcceptError` is
 * not called.
 *
 * @throws {Deno.errors.AddrInUse} and the other errors of `Deno.listen`.
 */
export async function acceptWithNode(options: AcceptOptions): Promise<OpenPort> {
  // Opened and closed by Deno first: it looks up the name, finds a free port, and its errors are those of other ports.
  const { hostname, port, reusePort = false } = options;
  const listener = Deno.listen({ hostname, port, reusePort });
  const bound = { hostname: listener.addr.hostname, port: listener.addr.port };
  listener.close();
  const settings = { allowHalfOpen: true, pauseOnConnect: true, noDelay: true, keepAlive: true };
  const early: NodeSocket[] = []; // accepted before `accept` was called: the others are opened meanwhile
  let take = (socket: NodeSocket): void => void early.push(socket);
  const server = net.createServer(settings, (socket) => {
    if (socket.remoteAddress === undefined) socket.destroy(); // the client has already left
    else take(new NodeSocket(socket));
  });
  const listening = await new Promise<boolean>((resolve) => {
    server.on("error", () => resolve(false)); // and no other error ends the process
    server.listen({ host: bound.hostname, port: bound.port, backlog: BACKLOG, reusePort }, () => resolve(true));
  });
  const handle = (server as { _handle?: Partial<ServerHandle> | null })._handle;
  const resume = () => handle?.listen?.(BACKLOG) === 0;
  if (!listening || !resume()) {
    await new Promise((resolve) => server.close(resolve));
    return acceptWithDeno({ ...options, ...bound });
  }
  const timer = setInterval(resume, ACCEPT_PAUSE);
  return {
    ...bound,
    accept(onSocket) {
      take = onSocket;
      early.splice(0).forEach(onSocket);
    },
    close() {
      clearInterval(timer);
      server.close();
      take = (socket) => socket.close();
      early.forEach(take);
    },
  };
}

/** Resolves in the next turn of the event loop. */
export function nextTurn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
