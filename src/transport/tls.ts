/**
 * TLS on the server side: turns a {@linkcode Socket} into an encrypted one by a handshake.
 *
 * TLS 1.2 and 1.3 with forward secrecy, which is all that the underlying library (rustls) supports. The certificate can
 * be replaced while connections are open; it is used only during handshakes.
 *
 * `TLSSocket` of `node:tls` does the work. It reads without limit even when paused, so it gets a `SocketStream`, which
 * reads from the socket only while a read of decrypted data is pending.
 */
import { Buffer } from "node:buffer";
import { createHash } from "node:crypto";
import { Duplex } from "node:stream";
import { setImmediate } from "node:timers";
import { type SecureContext, TLSSocket, type TLSSocketOptions } from "node:tls";
import type { Socket } from "./socket.ts";

/** Default timeout of a handshake in milliseconds. */
export const HANDSHAKE_TIME = 10_000;

/** Buffer sizes in bytes: of the first reads, as most clients send little, and after a read that filled the buffer. */
const READ_SIZE = 512;
const LONG_READ_SIZE = 16 * 1024;

const EMPTY = Buffer.alloc(0);

/**
 * Whether the runtime can ask clients for certificates. Deno 2.7 fails each handshake in which it should: see
 * docs/decisions/sasl-external.md.
 */
export const CAN_ASK_FOR_CERTIFICATE: boolean = canAskForCertificate(Deno.version.deno);

function canAskForCertificate(version: string): boolean {
  const [major = 0, minor = 0] = version.split(".").map(Number);
  return major > 2 || (major === 2 && minor >= 9);
}

/** A certificate that can be replaced, shared by any number of listeners. */
export class Tls {
  #context: SecureContext;

  constructor(certificate: { readonly context: SecureContext }) {
    this.#context = certificate.context;
  }

  /** Replaces the certificate for later handshakes. Open connections are not affected. */
  reload(certificate: { readonly context: SecureContext }): void {
    this.#context = certificate.context;
  }

  /**
   * Performs a handshake. It has no timeout: close `socket` to end it.
   *
   * @param alpn Protocols to offer; a client that supports none of them is rejected. Default: no ALPN.
   * @param asksForCertificate Whether the client is asked for a certificate, where the runtime can. It need not have one,
   * and it may be from any issuer: the handshake proves that the client has the key, and its owner is known by its
   * fingerprint.
   * @returns The encrypted socket. If the handshake fails, the promise rejects and `socket` has been closed.
   */
  handshake(socket: Socket, alpn?: readonly string[], asksForCertificate = false): Promise<Socket> {
    const stream = new SocketStream(socket);
    const options: TLSSocketOptions & { allowHalfOpen: boolean } = {
      isServer: true,
      secureContext: this.#context,
      allowHalfOpen: true, // a client that has ended its stream still gets replies
      ...(alpn === undefined ? {} : { ALPNProtocols: [...alpn] }),
      ...(asksForCertificate && CAN_ASK_FOR_CERTIFICATE ? { requestCert: true, rejectUnauthorized: false } : {}),
    };
    return new Promise((resolve, reject) => {
      const tls = new TLSSocket(stream, options);
      const fail = (error: Error) => {
        secure.close();
        reject(error);
      };
      const secure = new SecureSocket(socket, stream, tls, fail);
      const onEnd = () => fail(new Error("the client has left"));
      stream.once("end", onEnd);
      tls.once("secure", () => {
        stream.off("end", onEnd);
        stream.stopReading();
        if (options.requestCert) secure.certificate = fingerprintOf(tls);
        resolve(secure);
      });
    });
  }
}

/** The SHA-256 fingerprint of the certificate that a client has given, in hexadecimal. */
function fingerprintOf(tls: TLSSocket): string | undefined {
  const { raw } = tls.getPeerCertificate() ?? {};
  return raw === undefined ? undefined : createHash("sha256").update(raw).digest("hex");
}

/** A socket as a Node.js stream that reads only on demand. */
class SocketStream extends Duplex {
  /** Whether the socket's incoming stream has ended. */
  ended = false;

  readonly #socket: Socket;
  #buffer: Uint8Array<ArrayBuffer> = new Uint8Array(READ_SIZE);
  #hasRoom = false; // whether the stream asked for data
  #enabled = true; // whether reading is allowed: always during the handshake
  #reading = false;

  constructor(socket: Socket) {
    super({ allowHalfOpen: true, emitClose: false });
    this.#socket = socket;
  }

  /** Allows reading, until `stopReading`. */
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
    this.ended = true;
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

/** An encrypted socket. */
class SecureSocket implements Socket {
  readonly remoteAddr: Socket["remoteAddr"];
  certificate: string | undefined;
  readonly #socket: Socket;
  readonly #stream: SocketStream;
  readonly #tls: TLSSocket;
  #decrypted: Uint8Array[] = []; // from one read of the stream, not taken yet
  #ended = false;
  #error: Error | undefined;
  #arrival: PromiseWithResolvers<void> | undefined; // of data, the end or an error, for a pending `read`

  /** @param onError Called with each error; the first one may be a failed handshake. */
  constructor(socket: Socket, stream: SocketStream, tls: TLSSocket, onError: (error: Error) => void) {
    this.remoteAddr = socket.remoteAddr;
    this.#socket = socket;
    this.#stream = stream;
    this.#tls = tls;
    const fail = (error: Error) => {
      this.#error ??= error;
      this.#wakeReader();
      onError(this.#error);
    };
    stream.on("error", fail);
    tls.on("error", fail);
    tls.on("close", () => fail(new Deno.errors.ConnectionReset("the client has left")));
    tls.on("end", () => {
      // A proper end is announced by close_notify. A TCP end without it may be forged (RFC 8446, section 6.1).
      if (stream.ended) return fail(new Deno.errors.ConnectionReset("the stream was truncated"));
      this.#ended = true;
      this.#wakeReader();
    });
    tls.on("data", (bytes: Buffer) => {
      stream.stopReading();
      this.#decrypted.push(bytes);
      this.#wakeReader();
    });
  }

  get evictable(): Socket["evictable"] {
    return this.#socket.evictable;
  }

  async read(buffer: Uint8Array): Promise<number | null> {
    while (this.#decrypted.length === 0) {
      if (this.#ended) return null;
      if (this.#error !== undefined) throw this.#error;
      this.#arrival ??= Promise.withResolvers();
      this.#stream.startReading();
      await this.#arrival.promise;
    }
    const bytes = this.#decrypted[0]!;
    const count = Math.min(bytes.length, buffer.length);
    buffer.set(count < bytes.length ? bytes.subarray(0, count) : bytes);
    if (count < bytes.length) this.#decrypted[0] = bytes.subarray(count);
    else this.#decrypted.shift();
    return count;
  }

  write(bytes: Uint8Array): Promise<number> {
    return new Promise((resolve, reject) => {
      if (this.#error !== undefined) return reject(this.#error);
      this.#tls.write(bytes, (error) => error ? reject(error) : resolve(bytes.length));
    });
  }

  closeWrite(): Promise<void> {
    return new Promise((resolve, reject) => {
      if (this.#error !== undefined) return reject(this.#error);
      this.#tls.end(() => resolve());
    });
  }

  close(): void {
    this.#error ??= new Deno.errors.BadResource("The socket is closed");
    this.#decrypted = [];
    this.#socket.close();
    this.#tls.destroy();
    this.#stream.destroy();
    this.#wakeReader();
  }

  #wakeReader() {
    this.#arrival?.resolve();
    this.#arrival = undefined;
  }
}
