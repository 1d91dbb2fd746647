/**
 * A `TLSSocket` of `node:tls` on a {@linkcode Socket}, which is read no further than decrypted data is waited for.
 *
 * By itself, `TLSSocket` reads without limit, even when it is paused. There are two ways around that:
 *
 * - On a socket of `node:net` the runtime does TLS in native code. Its handles, which are not documented, stop reading.
 * - Any other socket becomes a stream, which reads on demand. A line to many clients costs 1.4 times as much that way.
 *
 * See docs/decisions/tls-through-node-tls.md.
 */
import { Buffer } from "node:buffer";
import type { Socket as NetSocket } from "node:net";
import { Duplex } from "node:stream";
import { setImmediate } from "node:timers";
import { type SecureContext, TLSSocket, type TLSSocketOptions } from "node:tls";
import { type NetHandle, netHandleOf } from "./node_socket.ts";
import type { Socket } from "./socket.ts";

/** Buffer sizes in bytes: of the first reads, as most clients send little, and after a read that filled the buffer. */
const READ_SIZE = 512;
const LONG_READ_SIZE = 16 * 1024;

const EMPTY = Buffer.alloc(0);

/** What a `TLSSocket` reads from: no further than it is allowed to. */
export interface EncryptedSource {
  /** Whether the stream has ended without close_notify. */
  readonly truncated: boolean;
  /** Allows reading, until `stopReading`. It is allowed at first, for the handshake. */
  startReading(): void;
  stopReading(): void;
  /** Releases what it holds. */
  destroy(): void;
}

/**
 * Makes a `TLSSocket` on a socket.
 *
 * @param isNative Whether the runtime {@linkcode supportsNativeTls}.
 */
export function encrypt(
  socket: Socket,
  options: TLSSocketOptions,
  isNative: boolean,
): { tls: TLSSocket; source: EncryptedSource } {
  const raw = isNative ? socket.release?.() : undefined;
  if (raw !== undefined) {
    const tls = new NativeTls(raw, options);
    return { tls, source: tls };
  }
  const source = new SocketStream(socket);
  const tls = new TLSSocket(source, options);
  source.on("error", (error) => tls.destroy(error));
  return { tls, source };
}

/** Whether the `TLSSocket` of the runtime has what {@linkcode NativeTls} needs. */
export function supportsNativeTls(secureContext: SecureContext): boolean {
  const tls = new TLSSocket(new Duplex({ read() {}, write: (_chunk, _encoding, done) => done() }), {
    isServer: true,
    secureContext,
  });
  const handle = tlsHandleOf(tls);
  tls.destroy();
  return handle !== undefined;
}

/** The native part of a `TLSSocket`. It is not documented. */
interface TlsHandle {
  /** Called by the runtime at the end of the TCP stream; calls `push(null)` if the TLS stream has not ended before. */
  emitEof(): void;
}

function tlsHandleOf(socket: TLSSocket): TlsHandle | undefined {
  const { _handle: handle } = socket as { _handle?: Partial<TlsHandle> | null };
  return handle?.emitEof === undefined ? undefined : handle as TlsHandle;
}

/** A `TLSSocket` on a socket of `node:net`: the runtime decrypts what arrives, and encrypts and sends, in native code. */
class NativeTls extends TLSSocket implements EncryptedSource {
  truncated = false;
  readonly #handle: NetHandle;
  #ending = false;

  constructor(socket: NetSocket, options: TLSSocketOptions) {
    super(socket, options);
    this.#handle = netHandleOf(socket)!;
    const handle = tlsHandleOf(this)!;
    const emitEof = handle.emitEof;
    handle.emitEof = () => {
      this.#ending = true;
      emitEof.call(handle);
    };
  }

  override push(...[chunk, encoding]: Parameters<TLSSocket["push"]>): boolean {
    if (chunk === null && #ending in this && this.#ending) this.truncated = true; // not within the constructor of the base
    return super.push(chunk, encoding);
  }

  startReading(): void {
    if (!this.destroyed) this.#handle.readStart();
  }

  stopReading(): void {
    if (!this.destroyed) this.#handle.readStop();
  }
}

/** A socket as a Node.js stream that reads only on demand. */
class SocketStream extends Duplex implements EncryptedSource {
  /** Whether the socket's incoming stream has ended: close_notify would have ended the `TLSSocket` a turn earlier. */
  truncated = false;

  readonly #socket: Socket;
  #buffer: Uint8Array<ArrayBuffer> = new Uint8Array(READ_SIZE);
  #hasRoom = false; // whether the stream asked for data
  #enabled = true; // whether reading is allowed: always during the handshake
  #reading = false;

  constructor(socket: Socket) {
    super({ allowHalfOpen: true, emitClose: false });
    this.#socket = socket;
  }

  startReading(): void {
    this.#enabled = true;
    this.#readNext();
  }

  stopReading(): void {
    this.#enabled = false;
  }

  override _read(): void {
    this.#hasRoom = true;
    this.#readNext();
  }

  override _write(bytes: Uint8Array, _encoding: unknown, done: (error?: Error | null) => void): void {
    this.#socket.write(bytes).then((count) => {
      if (count < bytes.length) return this._write(bytes.subarray(count), _encoding, done);
      done();
      // Up to Deno 2.7 at least, TLSSocket notices a finished write only when data arrives.
      if (!this.destroyed) this.emit("data", EMPTY);
    }, done);
  }

  override _final(done: (error?: Error | null) => void): void {
    this.#socket.closeWrite().then(() => done(), () => done());
  }

  override _destroy(error: Error | null, done: (error?: Error | null) => void): void {
    this.#socket.close();
    done(error);
  }

  readonly #end = () => {
    if (this.destroyed) return;
    this.truncated = true;
    this.push(null);
  };

  #readNext() {
    if (!this.#hasRoom || !this.#enabled || this.#reading || this.destroyed) return;
    this.#reading = true;
    this.#hasRoom = false;
    this.#socket.read(this.#buffer).then((count) => {
      this.#reading = false;
      if (this.destroyed) return;
      if (count === null) return void setImmediate(this.#end); // after TLSSocket has processed earlier data
      const bytes = this.#buffer.slice(0, count);
      if (count === READ_SIZE && this.#buffer.length === READ_SIZE) this.#buffer = new Uint8Array(LONG_READ_SIZE);
      this.push(bytes);
    }, (error) => this.destroy(error));
  }
}
