/** A TCP connection of `node:net`. */
import type net from "node:net";
import type { Socket } from "./socket.ts";

/** The native part of a socket of `node:net`. It is not documented. */
export interface NetHandle {
  /** Begins to read, whether or not the socket is paused. */
  readStart(): void;
  /** Stops reading. */
  readStop(): void;
}

/** Returns the native part of a socket; `undefined` once it is closed, or if the runtime has none. */
export function netHandleOf(socket: net.Socket): NetHandle | undefined {
  const { _handle: handle } = socket as { _handle?: Partial<NetHandle> | null };
  return handle?.readStart === undefined || handle.readStop === undefined ? undefined : handle as NetHandle;
}

/** Events after which there may be something to read, or the end or an error to report. */
const CHANGES = ["readable", "end", "close"] as const;

/**
 * A TCP connection of `node:net`, as a {@linkcode Socket}.
 *
 * TLS on such a connection is done in native code, and on other streams is not: see docs/decisions/tls-through-node-tls.md.
 */
export class NodeSocket implements Socket {
  readonly remoteAddr: Socket["remoteAddr"];
  readonly #socket: net.Socket;
  #error: Error | undefined;

  /** @param socket It is connected and paused, and nothing was read from it. */
  constructor(socket: net.Socket) {
    this.#socket = socket;
    this.remoteAddr = { hostname: socket.remoteAddress!, port: socket.remotePort! };
    socket.on("error", (error) => this.#error ??= error);
  }

  async read(buffer: Uint8Array): Promise<number | null> {
    const socket = this.#socket;
    while (true) {
      const bytes: Uint8Array | null = socket.read(Math.min(socket.readableLength, buffer.length)); // of 0: begins to read
      if (bytes !== null) {
        buffer.set(bytes);
        return bytes.length;
      }
      if (this.#error !== undefined) throw this.#error;
      if (socket.readableEnded) return null;
      if (socket.destroyed) throw new Deno.errors.BadResource("The socket is closed");
      await changed(socket);
    }
  }

  write(bytes: Uint8Array): Promise<number> {
    return new Promise((resolve, reject) => {
      this.#socket.write(bytes, (error) => error ? reject(error) : resolve(bytes.length));
    });
  }

  closeWrite(): Promise<void> {
    return new Promise((resolve) => this.#socket.end(() => resolve()));
  }

  close(): void {
    this.#socket.destroy();
  }

  release(): net.Socket | undefined {
    return netHandleOf(this.#socket) === undefined ? undefined : this.#socket;
  }
}

function changed(socket: net.Socket): Promise<void> {
  return new Promise((resolve) => {
    const done = () => {
      for (const event of CHANGES) socket.off(event, done);
      resolve();
    };
    for (const event of CHANGES) socket.on(event, done);
  });
}
