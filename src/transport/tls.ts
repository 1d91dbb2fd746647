/**
 * TLS: makes a {@linkcode Socket} of another, once its client has shaken hands.
 *
 * TLS 1.2 and 1.3 with forward secrecy, as that is all that the library below (rustls) can do. A certificate can be
 * exchanged for another while everybody stays: it is looked at when a handshake begins, and never again.
 *
 * `TLSSocket` of `node:tls` does the work. It reads on without any bound, whether or not it is paused, so it is not given
 * a socket but a `Wire` that reads only when somebody waits for what comes of it.
 */
import { Buffer } from "node:buffer";
import { Duplex } from "node:stream";
import { setImmediate } from "node:timers";
import { type SecureContext, TLSSocket, type TLSSocketOptions } from "node:tls";
import type { Socket } from "./socket.ts";

/** How long a handshake may take, in milliseconds. */
export const HANDSHAKE_TIME = 10_000;

/** Bytes of the first reads from a client, and of one from a client that has more to say. */
const READ_SIZE = 512;
const LONG_READ_SIZE = 16 * 1024;

const EMPTY = Buffer.alloc(0);

/** What is needed to speak TLS, on any number of ports. */
export class Tls {
  #context: SecureContext;

  constructor(certificate: { readonly context: SecureContext }) {
    this.#context = certificate.context;
  }

  /** Uses another certificate for those who come from now on. Nobody who is in notices. */
  reload(certificate: { readonly context: SecureContext }): void {
    this.#context = certificate.context;
  }

  /**
   * Shakes hands. Who has waited long enough for it closes the socket.
   *
   * @param alpn Protocols that are offered; a client that wants others only is refused.
   * @returns A socket that is secure. If it cannot be, rejects, and has closed the one that was given.
   */
  shake(socket: Socket, alpn?: readonly string[]): Promise<Socket> {
    const wire = new Wire(socket);
    const options: TLSSocketOptions & { allowHalfOpen: boolean } = {
      isServer: true,
      secureContext: this.#context,
      allowHalfOpen: true, // who has said all that it had to say still wants the answers
      ...(alpn === undefined ? {} : { ALPNProtocols: [...alpn] }),
    };
    return new Promise((resolve, reject) => {
      const tls = new TLSSocket(wire, options);
      const fail = (error: Error) => {
        secure.close();
        reject(error);
      };
      const secure = new SecureSocket(socket, wire, tls, fail);
      const left = () => fail(new Error("the client has gone"));
      wire.once("end", left);
      tls.once("secure", () => {
        wire.off("end", left);
        wire.stopReading();
        resolve(secure);
      });
    });
  }
}

/** A socket as a stream that reads only when it is told to. */
class Wire extends Duplex {
  /** Whether the end has come. */
  ended = false;

  readonly #socket: Socket;
  #buffer: Uint8Array<ArrayBuffer> = new Uint8Array(READ_SIZE);
  #asked = false; // whether the stream has room for more
  #wanted = true; // whether somebody waits for what comes: during the handshake, that is us
  #reading = false;

  constructor(socket: Socket) {
    super({ allowHalfOpen: true, emitClose: false });
    this.#socket = socket;
  }

  /** Reads until told to stop. */
  startReading(): void {
    this.#wanted = true;
    this.#next();
  }

  stopReading(): void {
    this.#wanted = false;
  }

  override _read(): void {
    this.#asked = true;
    this.#next();
  }

  override _write(bytes: Uint8Array, _encoding: unknown, done: (error?: Error | null) => void): void {
    this.#socket.write(bytes).then((count) => {
      if (count < bytes.length) return this._write(bytes.subarray(count), _encoding, done);
      done();
      // Up to Deno 2.7 at least, TLS looks up from its reading only to see that something was written.
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

  #next() {
    if (!this.#asked || !this.#wanted || this.#reading || this.destroyed) return;
    this.#reading = true;
    this.#asked = false;
    this.#socket.read(this.#buffer).then((count) => {
      this.#reading = false;
      if (this.destroyed) return;
      if (count === null) return void setImmediate(this.#end); // by then all is understood that came before
      const bytes = this.#buffer.slice(0, count);
      if (count === READ_SIZE && this.#buffer.length === READ_SIZE) this.#buffer = new Uint8Array(LONG_READ_SIZE);
      this.push(bytes);
    }, (error) => this.destroy(error));
  }
}

/** What is left of a handshake. */
class SecureSocket implements Socket {
  readonly remoteAddr: Socket["remoteAddr"];
  readonly #socket: Socket;
  readonly #wire: Wire;
  readonly #tls: TLSSocket;
  #waiting: Uint8Array[] = []; // what came and was not asked for yet: of one read of the wire
  #ended = false;
  #error: Error | undefined;
  #news: PromiseWithResolvers<void> | undefined; // for those who wait for something to read

  /** @param onError Told of an error, the first of which may be that there is no handshake. */
  constructor(socket: Socket, wire: Wire, tls: TLSSocket, onError: (error: Error) => void) {
    this.remoteAddr = socket.remoteAddr;
    this.#socket = socket;
    this.#wire = wire;
    this.#tls = tls;
    const gone = (error: Error) => {
      this.#error ??= error;
      this.#tell();
      onError(this.#error);
    };
    wire.on("error", gone);
    tls.on("error", gone);
    tls.on("close", () => gone(new Deno.errors.ConnectionReset("the client has gone")));
    tls.on("end", () => {
      // Whoever has said all says so, in TLS; an end without it may be of anybody's making (RFC 8446, section 6.1).
      if (wire.ended) return gone(new Deno.errors.ConnectionReset("the end was not the client's"));
      this.#ended = true;
      this.#tell();
    });
    tls.on("data", (bytes: Buffer) => {
      wire.stopReading();
      this.#waiting.push(bytes);
      this.#tell();
    });
  }

  get entrant(): Socket["entrant"] {
    return this.#socket.entrant;
  }

  async read(buffer: Uint8Array): Promise<number | null> {
    while (this.#waiting.length === 0) {
      if (this.#ended) return null;
      if (this.#error !== undefined) throw this.#error;
      this.#news ??= Promise.withResolvers();
      this.#wire.startReading();
      await this.#news.promise;
    }
    const bytes = this.#waiting[0]!;
    const count = Math.min(bytes.length, buffer.length);
    buffer.set(count < bytes.length ? bytes.subarray(0, count) : bytes);
    if (count < bytes.length) this.#waiting[0] = bytes.subarray(count);
    else this.#waiting.shift();
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
    this.#waiting = [];
    this.#socket.close();
    this.#tls.destroy();
    this.#wire.destroy();
    this.#tell();
  }

  #tell() {
    this.#news?.resolve();
    this.#news = undefined;
  }
}
