/**
 * Opening a port, and accepting its connections.
 *
 * Neither an error of one client nor a lack of file descriptors stops it from accepting.
 */
import { setImmediate } from "node:timers";
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
export function openPort({ hostname, port, reusePort = false, onAcceptError }: AcceptOptions): OpenPort {
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

/** Resolves in the next turn of the event loop. */
export function nextTurn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
