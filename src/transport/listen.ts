/**
 * An open port: accepts, asks the gate, shakes hands where there is TLS, and hands on sockets that one can talk on.
 *
 * Promises that accepting never ends by an error of one client, or for want of open files; that those who are in go on
 * talking while thousands come at once; and that whoever is turned away, or does not finish its handshake, leaves nothing
 * behind.
 */
import { setImmediate } from "node:timers";
import type { Admission, Cause, Rejection } from "./admission.ts";
import { peerOf, sendOff, type Socket, TrackedSocket, UnreadSocket } from "./socket.ts";
import { HANDSHAKE_TIME, type Tls } from "./tls.ts";

/** Connections that may wait to be accepted. Beyond it, a client's kernel tries again after a whole second. */
const BACKLOG = 4096;

/** How long accepting pauses after an error such as too many open files, in milliseconds. */
const ACCEPT_PAUSE = 100;

/** How much is read of a client to see whether it begins with a handshake, in bytes. */
const FIRST_READ_SIZE = 512;

/** What accepting fails with when the client is gone already. */
const GONE = [Deno.errors.NotConnected, Deno.errors.ConnectionAborted, Deno.errors.ConnectionReset] as const;

/** What is to be known of a port. */
export interface ListenOptions {
  /** The address to listen on. */
  readonly hostname: string;
  /** The port to listen on; 0 for any that is free. */
  readonly port: number;
  /** Who may come in. */
  readonly admission: Admission;
  /** Who does not count at the gate, as those behind them do: proxies. Nobody if nothing else is said. */
  readonly exempt?: (address: string) => boolean;
  /** What TLS needs, where it is spoken. */
  readonly tls?: Tls | undefined;
  /** How long a handshake may take, in milliseconds; {@linkcode HANDSHAKE_TIME} if nothing else is said. */
  readonly handshakeTime?: number;
  /**
   * Serves a client that does not begin with a handshake where TLS is spoken, until it has closed the socket. Without it,
   * the handshake fails.
   */
  readonly onPlain?: (socket: Socket) => Promise<void>;
  /** Protocols that are offered in the handshake (ALPN); without any, none is. */
  readonly alpn?: readonly string[];
  /** What a client is told that is not let in. With TLS it is told nothing: that would take a handshake. */
  readonly refusal: (why: string) => string;
  /** Told of who was not let in, or did not finish its handshake, and why; without a cause it was the gate, which knows. */
  readonly onRefused: (peer: string, why: string, cause?: Cause) => void;
  /** Told when accepting fails and is tried again until it works; once for all tries in a row. */
  readonly onAcceptError: (error: Error) => void;
}

/** An open port: iterate it, once, for its sockets. */
export interface Listener<T> extends AsyncIterable<T> {
  /** The address it is open on, as the system has it, however the one was written that was asked for. */
  readonly hostname: string;
  /** The port it is open on. */
  readonly port: number;
  /** Accepts nobody any more; ends the iteration. Those who are in stay. */
  close(): void;
}

/**
 * Opens a port.
 *
 * @throws {Deno.errors.AddrInUse} and what else `Deno.listen` throws.
 */
export function listen(options: ListenOptions): Listener<Socket> {
  return new Port(options);
}

const encoder = new TextEncoder();

class Port implements Listener<Socket> {
  readonly hostname: string;
  readonly port: number;
  readonly #options: ListenOptions;
  readonly #listener: Deno.TcpListener;
  readonly #shaking = new Set<Socket>(); // those whose handshake is under way
  #ready: Socket[] = [];
  #wake = () => {};
  #open = true;

  constructor(options: ListenOptions) {
    this.#options = options;
    this.#listener = Deno.listen({ hostname: options.hostname, port: options.port, tcpBacklog: BACKLOG });
    const { hostname, port } = this.#listener.addr;
    this.hostname = hostname.replace(/^::ffff:(?=\d+\.)/, ""); // an IPv4 address, written as IPv6
    this.port = port;
  }

  close(): void {
    if (!this.#open) return;
    this.#open = false;
    this.#listener.close();
    for (const socket of this.#shaking) socket.close();
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
        this.#receive(await this.#listener.accept());
        failing = false;
        // One a turn of the event loop: those who are in go on talking while thousands come at once.
        await new Promise<void>((resolve) => setImmediate(resolve));
      } catch (error) {
        if (!this.#open) return;
        // Neither a client that was gone again before its turn nor that no file is left to open is a reason to stop; and
        // the former not to pause either, or whoever hangs up often enough would keep everybody else out.
        if (GONE.some((kind) => error instanceof kind)) {
          await new Promise<void>((resolve) => setImmediate(resolve));
          continue;
        }
        if (!failing) this.#options.onAcceptError(error as Error);
        failing = true;
        await new Promise((resolve) => setTimeout(resolve, ACCEPT_PAUSE));
      }
    }
  }

  #receive(socket: Deno.TcpConn) {
    try {
      socket.setNoDelay(); // else each small write waits for the acknowledgement of the one before
      socket.setKeepAlive(); // else a client whose cable was pulled is never missed
    } catch {
      return socket.close(); // it was gone again before its turn
    }
    const { admission, exempt, tls } = this.#options;
    const address = socket.remoteAddr.hostname;
    const exempted = exempt?.(address) === true;
    const tracked: TrackedSocket = new TrackedSocket(socket, () => exempted || admission.leave(address, tracked));
    const refused = exempted ? undefined : admission.enter(address, tracked);
    if (refused !== undefined) return this.#refuse(socket, refused);
    if (tls === undefined) this.#put(tracked);
    else void this.#shake(tls, tracked);
  }

  #put(socket: Socket) {
    this.#ready.push(socket);
    this.#wake();
  }

  /** Says why somebody is not let in, to who can be told, and hangs up. */
  #refuse(socket: Deno.TcpConn, { told, reason }: Rejection) {
    this.#options.onRefused(peerOf(socket), reason);
    if (this.#options.tls !== undefined) return socket.close();
    // A few words fit into the buffer of any socket that was just opened, so this is over as soon as it began.
    void sendOff(socket, encoder.encode(this.#options.refusal(told)));
  }

  async #shake(tls: Tls, socket: TrackedSocket) {
    const { handshakeTime: time = HANDSHAKE_TIME, alpn, onPlain, onRefused } = this.#options;
    let late = false;
    const timeout = setTimeout(() => {
      late = true;
      socket.close();
    }, time);
    this.#shaking.add(socket);
    try {
      const buffer = new Uint8Array(FIRST_READ_SIZE);
      const count = await socket.read(buffer);
      if (count === null) throw new Error("the client has gone");
      const whole = new UnreadSocket(socket, buffer.subarray(0, count));
      if (onPlain !== undefined && !beginsHandshake(buffer[0]!)) {
        clearTimeout(timeout);
        await onPlain(whole);
      } else {
        const secure = await tls.shake(whole, alpn);
        if (this.#open) this.#put(secure);
        else secure.close();
      }
    } catch (error) {
      socket.close();
      const why = late ? "the handshake took too long" : (error as Error).message;
      if (!socket.evicted) onRefused(peerOf(socket), `no TLS: ${why}`, "no TLS");
    }
    clearTimeout(timeout);
    this.#shaking.delete(socket);
  }
}

/** Whether a byte is the first of a handshake: of a TLS record, or of SSL 2.0, which TLS answers as well. */
function beginsHandshake(byte: number): boolean {
  return byte === 0x16 || byte >= 0x80;
}
