/** The socket interface of the transports, which `Deno.TcpConn` satisfies, and sockets that wrap another one. */
import { concat } from "@std/bytes/concat";
import type { Socket as NetSocket } from "node:net";
import type { Evictable } from "./admission.ts";

/** How long a rejected client may take to receive the reason, in milliseconds. */
const REJECTION_TIME = 500;

/** A byte stream in both directions. */
export interface Socket {
  /** The other end. */
  readonly remoteAddr: { readonly hostname: string; readonly port: number };

  /** The socket as the connection limits track it; `undefined` if they do not. */
  readonly evictable?: EvictableSocket | undefined;

  /** Resolves to the number of bytes read, or to `null` at the end of the stream. Rejects if the socket is reset or closed. */
  read(buffer: Uint8Array): Promise<number | null>;

  /** Resolves to the number of bytes written, at least 1. */
  write(bytes: Uint8Array): Promise<number>;

  /** The SHA-256 fingerprint of the client's certificate in hexadecimal, if it has given one. */
  readonly certificate?: string | undefined;

  /** Ends the outgoing stream. */
  closeWrite(): Promise<void>;

  /** Releases the socket. */
  close(): void;

  /**
   * Gives the socket of `node:net` that this one reads, with all bytes that were not read yet, or `undefined` if it reads
   * another one. Afterwards, only `close` may be called.
   */
  release?(): NetSocket | undefined;
}

/** A socket as the connection limits track it. Evicting it closes it, unless its connection takes over that task. */
export interface EvictableSocket extends Evictable {
  /** If set, called instead of closing the socket. */
  onEvicted: (() => void) | undefined;
  /** Whether it was evicted. */
  readonly evicted: boolean;
}

/** Returns the address and port of the other end, as used in the log: `127.0.0.1:54321`, `[::1]:54321`. */
export function peerOf({ remoteAddr: { hostname, port } }: Socket): string {
  return hostname.includes(":") ? `[${hostname}]:${port}` : `${hostname}:${port}`;
}

/** A socket that reports when it is closed. Closing it a second time has no effect. */
export class TrackedSocket implements Socket, EvictableSocket {
  readonly remoteAddr: Socket["remoteAddr"];
  onEvicted: (() => void) | undefined;
  evicted = false;
  readonly #socket: Socket;
  readonly #peer: string | undefined;
  #onClosed: (() => void) | undefined;

  /** @param peer The client's address for the log, if it is not that of the socket. */
  constructor(socket: Socket, onClosed: () => void, peer?: string) {
    this.remoteAddr = socket.remoteAddr;
    this.#socket = socket;
    this.#onClosed = onClosed;
    this.#peer = peer;
  }

  get evictable(): EvictableSocket {
    return this;
  }

  get peer(): string {
    return this.#peer ?? peerOf(this);
  }

  evict(): void {
    this.evicted = true;
    if (this.onEvicted === undefined) this.close();
    else this.onEvicted();
  }

  read(buffer: Uint8Array): Promise<number | null> {
    return this.#socket.read(buffer);
  }

  write(bytes: Uint8Array): Promise<number> {
    return this.#socket.write(bytes);
  }

  closeWrite(): Promise<void> {
    return this.#socket.closeWrite();
  }

  close(): void {
    const onClosed = this.#onClosed;
    if (onClosed === undefined) return;
    this.#onClosed = undefined;
    try {
      this.#socket.close();
    } catch {
      // It was closed already.
    }
    onClosed();
  }

  release(): NetSocket | undefined {
    return this.#socket.release?.();
  }
}

/** A socket from which some bytes were read already; they are read again before all others. */
export class UnreadSocket implements Socket {
  readonly remoteAddr: Socket["remoteAddr"];
  readonly #socket: Socket;
  #bytes: Uint8Array | undefined;

  /** @param bytes The bytes to be read again, at least 1. */
  constructor(socket: Socket, bytes: Uint8Array) {
    this.remoteAddr = socket.remoteAddr;
    this.#socket = socket;
    this.#bytes = bytes;
  }

  get evictable(): Socket["evictable"] {
    return this.#socket.evictable;
  }

  read(buffer: Uint8Array): Promise<number | null> {
    const bytes = this.#bytes;
    if (bytes === undefined) return this.#socket.read(buffer);
    const count = Math.min(bytes.length, buffer.length);
    buffer.set(bytes.subarray(0, count));
    this.#bytes = count < bytes.length ? bytes.subarray(count) : undefined;
    return Promise.resolve(count);
  }

  write(bytes: Uint8Array): Promise<number> {
    return this.#socket.write(bytes);
  }

  closeWrite(): Promise<void> {
    return this.#socket.closeWrite();
  }

  close(): void {
    this.#bytes = undefined;
    this.#socket.close();
  }

  release(): NetSocket | undefined {
    const socket = this.#socket.release?.();
    if (socket === undefined || this.#bytes === undefined) return socket;
    // As one chunk: when a TLSSocket gets several, and the first ends the handshake, an error is thrown that no one can catch.
    const chunks: Uint8Array[] = [this.#bytes];
    for (let next = socket.read(); next !== null; next = socket.read()) chunks.push(next);
    socket.unshift(concat(chunks));
    this.#bytes = undefined; // is not kept while the socket is open
    return socket;
  }
}

/** Sends the reason to a rejected client, then closes the socket, at the latest after {@linkcode REJECTION_TIME}. */
export async function sendAndClose(socket: Socket, bytes: Uint8Array): Promise<void> {
  const tracked = new TrackedSocket(socket, () => clearTimeout(timeout));
  const timeout = setTimeout(() => tracked.close(), REJECTION_TIME);
  try {
    for (let at = 0; at < bytes.length;) at += await tracked.write(bytes.subarray(at));
  } catch {
    // The client has left, or the time has passed.
  }
  tracked.close();
}
