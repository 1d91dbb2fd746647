/**
 * A trial TLS handshake, which detects certificates that no client could connect with before they are used.
 *
 * Client and server are both in this process and exchange bytes in memory. The server side uses {@linkcode Tls}, as real
 * connections do. The client accepts any certificate, as trust is the decision of each client.
 */
import type { Buffer } from "node:buffer";
import { Duplex } from "node:stream";
import { connect, type SecureContext, type SecureVersion } from "node:tls";
import type { Socket } from "./socket.ts";
import { Tls } from "./tls.ts";

/** The TLS versions that clients use. */
const VERSIONS: readonly SecureVersion[] = ["TLSv1.2", "TLSv1.3"];

/** Timeout of a handshake in milliseconds. With an RSA key of 8,192 bits it takes 60. */
const TRIAL_TIME = 5000;

/** Sent by the client and echoed by the server. */
const MESSAGE = "hello";

const EMPTY = new Uint8Array(0);

/**
 * Performs a handshake with each version of TLS, and sends data in both directions.
 *
 * @throws {Error} if a handshake fails; the message has the version and the error of the TLS library.
 */
export async function tryHandshake(context: SecureContext): Promise<void> {
  const tls = new Tls({ context });
  for (const version of VERSIONS) {
    try {
      await handshake(tls, version);
    } catch (error) {
      throw new Error(`no client could connect with ${version.replace("v", " ")}: ${(error as Error).message}`);
    }
  }
}

async function handshake(tls: Tls, version: SecureVersion): Promise<void> {
  const wire = new MemoryWire();
  const client = connect({
    socket: wire.client,
    rejectUnauthorized: false,
    servername: "localhost",
    minVersion: version,
    maxVersion: version,
  });
  const { promise: answered, resolve, reject } = Promise.withResolvers<void>();
  answered.catch(() => {}); // an error of the server may be thrown first
  const timeout = setTimeout(() => reject(new Error("the handshake took too long")), TRIAL_TIME);
  client.on("error", reject);
  client.on("secureConnect", () => client.write(MESSAGE));
  client.on("data", (bytes: Buffer) => bytes.toString() === MESSAGE && resolve());
  let server: Socket | undefined;
  try {
    const handshaking = tls.handshake(wire.server);
    await Promise.race([handshaking, answered]);
    server = await handshaking;
    const bytes = new Uint8Array(MESSAGE.length);
    await Promise.race([server.read(bytes), answered]);
    await server.write(bytes);
    await answered;
  } finally {
    clearTimeout(timeout);
    server?.close();
    wire.server.close();
    client.destroy();
    wire.client.destroy();
  }
}

/** The two ends of a connection in memory. */
class MemoryWire {
  readonly server: Socket;
  readonly client: Duplex;

  constructor() {
    const sent: Uint8Array[] = []; // by the client, and not read by the server yet
    let waiting: (() => void) | undefined;
    let closed = false;
    const wake = () => {
      waiting?.();
      waiting = undefined;
    };
    const client: Duplex = new Duplex({
      read() {},
      write(bytes: Uint8Array, _encoding: unknown, done: () => void) {
        sent.push(bytes.slice());
        wake();
        done();
        // Up to Deno 2.7 at least, TLSSocket notices a finished write only when data arrives.
        queueMicrotask(() => client.destroyed || client.emit("data", EMPTY));
      },
    });
    client.on("error", () => {}); // the TLS client reports it
    this.client = client;
    this.server = {
      remoteAddr: { hostname: "127.0.0.1", port: 0 },
      async read(buffer) {
        while (sent.length === 0) {
          if (closed) return null;
          await new Promise<void>((resolve) => waiting = resolve);
        }
        const bytes = sent.shift()!;
        buffer.set(bytes.subarray(0, buffer.length));
        if (bytes.length > buffer.length) sent.unshift(bytes.subarray(buffer.length));
        return Math.min(bytes.length, buffer.length);
      },
      write(bytes) {
        if (!client.destroyed) client.push(bytes.slice());
        return Promise.resolve(bytes.length);
      },
      closeWrite: () => Promise.resolve(),
      close() {
        closed = true;
        wake();
      },
    };
  }
}
