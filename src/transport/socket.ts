/**
 * A socket: what connections need of one, and nothing more. `Deno.TcpConn` is one as it is; `tls.ts` makes others.
 */

import type { Entrant } from "./admission.ts";

/** How long somebody who is turned away may take to receive the reason, in milliseconds. */
const REFUSE_TIME = 500;

/** Bytes in, bytes out, an end. */
export interface Socket {
  /** Who is at the other end. */
  readonly remoteAddr: { readonly hostname: string; readonly port: number };

  /** What the gate knows it by, if that was asked about it. */
  readonly entrant?: EvictableSocket | undefined;

  /** Resolves to how many bytes came, or to `null` at the end. Rejects when the socket is cut off, or closed. */
  read(buffer: Uint8Array): Promise<number | null>;

  /** Resolves to how many of the bytes were taken, 1 at least. */
  write(bytes: Uint8Array): Promise<number>;

  /** Says that no more will come. */
  closeWrite(): Promise<void>;

  /** Lets go of all that the socket holds. */
  close(): void;
}

/** What the gate knows a socket by: evicting it closes it, unless its connection handles that. */
export interface EvictableSocket extends Entrant {
  /** Called in place of closing it. */
  onEvicted: (() => void) | undefined;
  /** Whether it was evicted. */
  readonly evicted: boolean;
}

/** Who is at the other end, with the port, as in the log: `127.0.0.1:54321`, `[::1]:54321`. */
export function peerOf({ remoteAddr: { hostname, port } }: Socket): string {
  return hostname.includes(":") ? `[${hostname}]:${port}` : `${hostname}:${port}`;
}

/** A socket that says when it is closed. Closing it twice is closing it once. */
export class TrackedSocket implements Socket, EvictableSocket {
  readonly remoteAddr: Socket["remoteAddr"];
  onEvicted: (() => void) | undefined;
  evicted = false;
  readonly #socket: Socket;
  readonly #peer: string | undefined;
  #onClosed: (() => void) | undefined;

  /** @param peer Where it comes from, as in the log, if the socket does not tell. */
  constructor(socket: Socket, onClosed: () => void, peer?: string) {
    this.remoteAddr = socket.remoteAddr;
    this.#socket = socket;
    this.#onClosed = onClosed;
    this.#peer = peer;
  }

  get entrant(): EvictableSocket {
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
}

/** A socket of which some bytes have been read already: they are read again, before all others. */
export class UnreadSocket implements Socket {
  readonly remoteAddr: Socket["remoteAddr"];
  readonly #socket: Socket;
  #bytes: Uint8Array | undefined;

  /** @param bytes What was read, 1 byte at least. */
  constructor(socket: Socket, bytes: Uint8Array) {
    this.remoteAddr = socket.remoteAddr;
    this.#socket = socket;
    this.#bytes = bytes;
  }

  get entrant(): Socket["entrant"] {
    return this.#socket.entrant;
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
}

/** Tells somebody why they are turned away, and hangs up; at once if they are gone, and soon if they do not read. */
export async function sendOff(socket: Socket, words: Uint8Array): Promise<void> {
  const tracked = new TrackedSocket(socket, () => clearTimeout(timeout));
  const timeout = setTimeout(() => tracked.close(), REFUSE_TIME);
  try {
    for (let at = 0; at < words.length;) at += await tracked.write(words.subarray(at));
  } catch {
    // They are gone, or the time is over.
  }
  tracked.close();
}
