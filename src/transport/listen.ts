/**
 * A listening port: applies the connection limits, performs TLS handshakes, and yields sockets.
 *
 * - While thousands of clients connect, connected clients continue to be served.
 * - A rejected client, or one that does not complete its handshake, leaves no resources behind.
 */
import { type AcceptOptions, acceptWithDeno, acceptWithNode, nextTurn, type OpenPort } from "./accept.ts";
import type { Admission, Cause, Rejection } from "./admission.ts";
import { peerOf, sendAndClose, type Socket, TrackedSocket, UnreadSocket } from "./socket.ts";
import { HANDSHAKE_TIME, type Tls } from "./tls.ts";

/** Bytes read to find out whether a client begins with a TLS handshake. */
const FIRST_READ_SIZE = 512;

/** Settings of a listening port. */
export interface ListenOptions extends AcceptOptions {
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
export async function listen(options: ListenOptions): Promise<Listener<Socket>> {
  const open = options.tls === undefined ? acceptWithDeno : acceptWithNode;
  return new SocketListener(await open(options), options);
}

const encoder = new TextEncoder();

class SocketListener implements Listener<Socket> {
  readonly hostname: string;
  readonly port: number;
  readonly #options: ListenOptions;
  readonly #port: OpenPort;
  readonly #handshaking = new Set<Socket>();
  #nextHandshake: Promise<void> | undefined; // resolves when another may begin; `undefined` if it may at once
  #ready: Socket[] = [];
  #wake = () => {};
  #closed = false;

  constructor(port: OpenPort, options: ListenOptions) {
    this.#port = port;
    this.#options = options;
    this.hostname = port.hostname.replace(/^::ffff:(?=\d+\.)/, ""); // an IPv4-mapped IPv6 address
    this.port = port.port;
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#port.close();
    for (const socket of this.#handshaking) socket.close();
    this.#wake();
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Socket> {
    this.#port.accept((socket) => this.#admit(socket));
    while (true) {
      for (let socket = this.#ready.shift(); socket !== undefined; socket = this.#ready.shift()) yield socket;
      if (this.#closed) return;
      await new Promise<void>((resolve) => this.#wake = resolve);
    }
  }

  #admit(socket: Socket) {
    if (this.#closed) return socket.close();
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

  #reject(socket: Socket, { message, reason }: Rejection) {
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
        await this.#waitForTurn();
        if (timedOut || socket.evicted || this.#closed) throw new Deno.errors.BadResource("The socket is closed");
        const secure = await tls.handshake(whole, alpn, asksForCertificate);
        if (this.#closed) secure.close();
        else this.#deliver(secure);
      }
    } catch (error) {
      socket.close();
      const reason = timedOut ? "the handshake took too long" : (error as Error).message;
      if (!socket.evicted && !this.#closed) onRejected(peerOf(socket), `no TLS: ${reason}`, "no TLS");
    }
    clearTimeout(timeout);
    this.#handshaking.delete(socket);
  }

  /** Lets one handshake begin per turn of the event loop: it takes up to a millisecond, in which no client is served. */
  #waitForTurn(): Promise<void> {
    const turn = this.#nextHandshake ?? Promise.resolve();
    const next = this.#nextHandshake = turn.then(nextTurn);
    void next.then(() => {
      if (this.#nextHandshake === next) this.#nextHandshake = undefined;
    });
    return turn;
  }
}

/** Whether `byte` is the first of a TLS handshake record, or of an SSL 2.0 ClientHello, which TLS answers as well. */
function beginsHandshake(byte: number): boolean {
  return byte === 0x16 || byte >= 0x80;
}
