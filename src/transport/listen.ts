/**
 * A listening port: accepts connections, applies the connection limits, performs TLS handshakes, and yields sockets.
 *
 * - Neither an error of one client nor a lack of file descriptors stops it from accepting.
 * - While thousands of clients connect, connected clients continue to be served.
 * - A rejected client, or one that does not complete its handshake, leaves no resources behind.
 */
import { setImmediate } from "node:timers";
import type { Admission, Cause, Rejection } from "./admission.ts";
import { peerOf, sendAndClose, type Socket, TrackedSocket, UnreadSocket } from "./socket.ts";
import { HANDSHAKE_TIME, type Tls } from "./tls.ts";

/** Maximum number of connections waiting to be accepted. Beyond it, the client's kernel retries after a full second. */
const BACKLOG = 4096;

/** How long accepting pauses after an error such as too many open files, in milliseconds. */
export const ACCEPT_PAUSE = 100;

/** Bytes read to find out whether a client begins with a TLS handshake. */
const FIRST_READ_SIZE = 512;

/** Errors of `accept` when the client has already left. */
const CLIENT_LEFT = [Deno.errors.NotConnected, Deno.errors.ConnectionAborted, Deno.errors.ConnectionReset] as const;

/** Settings of a listening port. */
export interface ListenOptions {
  /** The address to listen on. */
  readonly hostname: string;
  /** The port to listen on; 0 for any free port. */
  readonly port: number;
  /** Whether other processes may listen on the port, too: the system spreads connections over them (Linux). Default: no. */
  readonly reusePort?: boolean;
  /** The connection limits. */
  readonly admission: Admission;
  /** Whether an address, such as a proxy's, is exempt from the connection limits. Default: none is. */
  readonly exempt?: (address: string) => boolean;
  /** If set, the port uses TLS. */
  readonly tls?: Tls | undefined;
  /** Timeout of the TLS handshake in milliseconds. Default: {@linkcode HANDSHAKE_TIME}. */
  readonly handshakeTime?: number;
  /**
   * Serves a client that does not begin with a handshake on a port with TLS; resolves after closing the socket. Default:
   * the handshake fails.
   */
  readonly onPlain?: (socket: Socket) => Promise<void>;
  /** Protocols offered in the handshake (ALPN). Default: none. */
  readonly alpn?: readonly string[];
  /** Whether clients are asked for a certificate, which they need not have. Default: no. */
  readonly asksForCertificate?: boolean;
  /** Formats the message for a client that is not admitted. With TLS none is sent, as it would take a handshake. */
  readonly refusal: (message: string) => string;
  /** Called when a client is not admitted (without a cause), or does not complete its handshake. */
  readonly onRejected: (peer: string, reason: string, cause?: Cause) => void;
  /** Called when accepting fails; once for consecutive failures. Accepting is retried until it works. */
  readonly onAcceptError: (error: Error) => void;
}

/** A listening port. Iterate it, once, for its sockets. */
export interface Listener<T> extends AsyncIterable<T> {
  /** The address it is bound to, as the operating system writes it. */
  readonly hostname: string;
  /** The port it is bound to. */
  readonly port: number;
  /** Stops accepting and ends the iteration. Open connections remain. */
  close(): void;
}

/**
 * Listens on a port.
 *
 * @throws {Deno.errors.AddrInUse} and the other errors of `Deno.listen`.
 */
export function listen(options: ListenOptions): Listener<Socket> {
  return new SocketListener(options);
}

const encoder = new TextEncoder();

class SocketListener implements Listener<Socket> {
  readonly hostname: string;
  readonly port: number;
  readonly #options: ListenOptions;
  readonly #listener: Deno.TcpListener;
  readonly #handshaking = new Set<Socket>();
  #ready: Socket[] = [];
  #wake = () => {};
  #open = true;

  constructor(options: ListenOptions) {
    this.#options = options;
    const { hostname: wanted, port: wantedPort, reusePort = false } = options;
    this.#listener = Deno.listen({ hostname: wanted, port: wantedPort, tcpBacklog: BACKLOG, reusePort });
    const { hostname, port } = this.#listener.addr;
    this.hostname = hostname.replace(/^::ffff:(?=\d+\.)/, ""); // an IPv4-mapped IPv6 address
    this.port = port;
  }

  close(): void {
    if (!this.#open) return;
    this.#open = false;
    this.#listener.close();
    for (const socket of this.#handshaking) socket.close();
    this.#wake();
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Socket> {
    void this.#accept();
    while (true) {
      for (let socket = this.#ready.shift(); socket !== undefined; socket = this.#ready.shift()) yield socket;
      if (!this.#open) return;
      await new Promise<void>((resolve) => this.#wake = resolve);
    }
  }

  async #accept() {
    let failing = false;
    while (this.#open) {
      try {
        this.#admit(await this.#listener.accept());
        failing = false;
        await nextTurn(); // one connection per turn of the event loop, so that connected clients continue to be served
      } catch (error) {
        if (!this.#open) return;
        // A client that has already left is no reason to pause: repeated hang-ups would keep all others from connecting.
        if (CLIENT_LEFT.some((kind) => error instanceof kind)) {
          await nextTurn();
          continue;
        }
        if (!failing) this.#options.onAcceptError(error as Error);
        failing = true;
        await new Promise((resolve) => setTimeout(resolve, ACCEPT_PAUSE));
      }
    }
  }

  #admit(socket: Deno.TcpConn) {
    try {
      socket.setNoDelay(); // without it, each small write waits for the acknowledgement of the previous one
      socket.setKeepAlive(); // detects clients whose network is gone
    } catch {
      return socket.close(); // the client has already left
    }
    const { admission, exempt, tls } = this.#options;
    const address = socket.remoteAddr.hostname;
    const isExempt = exempt?.(address) === true;
    const tracked: TrackedSocket = new TrackedSocket(socket, () => isExempt || admission.release(address, tracked));
    const rejection = isExempt ? undefined : admission.admit(address, tracked);
    if (rejection !== undefined) return this.#reject(socket, rejection);
    if (tls === undefined) this.#deliver(tracked);
    else void this.#handshake(tls, tracked);
  }

  #deliver(socket: Socket) {
    this.#ready.push(socket);
    this.#wake();
  }

  #reject(socket: Deno.TcpConn, { message, reason }: Rejection) {
    this.#options.onRejected(peerOf(socket), reason);
    if (this.#options.tls !== undefined) return socket.close();
    // A short message fits into the send buffer of a new socket, so this ends at once.
    void sendAndClose(socket, encoder.encode(this.#options.refusal(message)));
  }

  async #handshake(tls: Tls, socket: TrackedSocket) {
    const { handshakeTime = HANDSHAKE_TIME, alpn, asksForCertificate, onPlain, onRejected } = this.#options;
    let timedOut = false;
    const timeout = setTimeout(() => {
      timedOut = true;
      socket.close();
    }, handshakeTime);
    this.#handshaking.add(socket);
    try {
      const buffer = new Uint8Array(FIRST_READ_SIZE);
      const count = await socket.read(buffer);
      if (count === null) throw new Error("the client has left");
      const whole = new UnreadSocket(socket, buffer.subarray(0, count));
      if (onPlain !== undefined && !beginsHandshake(buffer[0]!)) {
        clearTimeout(timeout);
        await onPlain(whole);
      } else {
        const secure = await tls.handshake(whole, alpn, asksForCertificate);
        if (this.#open) this.#deliver(secure);
        else secure.close();
      }
    } catch (error) {
      socket.close();
      const reason = timedOut ? "the handshake took too long" : (error as Error).message;
      if (!socket.evicted) onRejected(peerOf(socket), `no TLS: ${reason}`, "no TLS");
    }
    clearTimeout(timeout);
    this.#handshaking.delete(socket);
  }
}

/** Whether `byte` is the first of a TLS handshake record, or of an SSL 2.0 ClientHello, which TLS answers as well. */
function beginsHandshake(byte: number): boolean {
  return byte === 0x16 || byte >= 0x80;
}

function nextTurn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
