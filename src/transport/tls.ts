/**
 * TLS on the server side: turns a {@linkcode Socket} into an encrypted one by a handshake.
 *
 * TLS 1.2 and 1.3 with forward secrecy, which is all that the underlying library (rustls) supports. The certificate can
 * be replaced while connections are open; it is used only during handshakes.
 *
 * `TLSSocket` of `node:tls` does the work; `tls_stream.ts` keeps it from reading more than is waited for.
 */
import type { Buffer } from "node:buffer";
import { createHash } from "node:crypto";
import type { SecureContext, TLSSocket, TLSSocketOptions } from "node:tls";
import type { Socket } from "./socket.ts";
import { encrypt, type EncryptedSource, supportsNativeTls } from "./tls_stream.ts";

/** Default timeout of a handshake in milliseconds. */
export const HANDSHAKE_TIME = 10_000;

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
  readonly #isNative: boolean;

  constructor(certificate: { readonly context: SecureContext }) {
    this.#context = certificate.context;
    this.#isNative = supportsNativeTls(certificate.context);
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
    const options: TLSSocketOptions & { allowHalfOpen: boolean } = {
      isServer: true,
      secureContext: this.#context,
      allowHalfOpen: true, // a client that has ended its stream still gets replies
      ...(alpn === undefined ? {} : { ALPNProtocols: [...alpn] }),
      ...(asksForCertificate && CAN_ASK_FOR_CERTIFICATE ? { requestCert: true, rejectUnauthorized: false } : {}),
    };
    return new Promise((resolve, reject) => {
      const { tls, source } = encrypt(socket, options, this.#isNative);
      const secure = new SecureSocket(socket, source, tls, reject);
      tls.once("secure", () => {
        source.stopReading();
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

/** An encrypted socket. */
class SecureSocket implements Socket {
  readonly remoteAddr: Socket["remoteAddr"];
  certificate: string | undefined;
  readonly #socket: Socket;
  readonly #source: EncryptedSource;
  readonly #tls: TLSSocket;
  #decrypted: Uint8Array[] = []; // from one read of the stream, not taken yet
  #ended = false;
  #error: Error | undefined;
  #arrival: PromiseWithResolvers<void> | undefined; // of data, the end or an error, for a pending `read`

  /** @param onError Called when the connection has failed, maybe more than once; during the handshake, the handshake has. */
  constructor(socket: Socket, source: EncryptedSource, tls: TLSSocket, onError: (error: Error) => void) {
    this.remoteAddr = socket.remoteAddr;
    this.#socket = socket;
    this.#source = source;
    this.#tls = tls;
    const fail = (error: Error) => {
      this.#error ??= error; // is thrown when all that was decrypted has been read
      this.#release();
      onError(this.#error);
    };
    tls.on("error", fail);
    tls.on("_tlsError", fail); // after the handshake, and not documented: without a tls.Server, there is no "error" then
    tls.on("close", () => fail(new Deno.errors.ConnectionReset("the client has left")));
    tls.on("end", () => {
      source.stopReading(); // what follows close_notify would be kept, and never read
      // A proper end is announced by close_notify. A TCP end without it may be forged (RFC 8446, section 6.1).
      if (source.truncated) return fail(new Deno.errors.ConnectionReset("the client has left"));
      this.#ended = true;
      this.#wakeReader();
    });
    tls.on("data", (bytes: Buffer) => {
      source.stopReading();
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
      this.#source.startReading();
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
    this.#release();
  }

  #release() {
    this.#socket.close();
    this.#tls.destroy();
    this.#source.destroy();
    this.#wakeReader();
  }

  #wakeReader() {
    this.#arrival?.resolve();
    this.#arrival = undefined;
  }
}
