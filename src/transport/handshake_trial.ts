/**
 * Tries whether a client can shake hands with a certificate, before any real client has to.
 *
 * Client and server are both in this process and share two queues of bytes; no socket is opened. The server's end goes
 * through {@linkcode Tls}, as every connection does. The client believes any certificate: whether one is trusted is for
 * each client to decide, but a handshake that fails here fails for all of them.
 */
import type { Buffer } from "node:buffer";
import { Duplex } from "node:stream";
import { connect, type SecureContext, type SecureVersion } from "node:tls";
import type { Socket } from "./socket.ts";
import { Tls } from "./tls.ts";

/** The versions of TLS that clients come with. */
const VERSIONS: readonly SecureVersion[] = ["TLSv1.2", "TLSv1.3"];

/** How long one handshake may take, in milliseconds. With an RSA key of 8,192 bits it takes 60. */
const TRIAL_TIME = 5000;

/** What the client says, and has to get back. */
const WORD = "hello";

const EMPTY = new Uint8Array(0);

/**
 * Shakes hands once with each version of TLS, and says something over it, both ways.
 *
 * @throws {Error} if a handshake does not succeed; the message says with which version, and what the TLS library says.
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
  answered.catch(() => {}); // the server's error may be thrown first
  const timeout = setTimeout(() => reject(new Error("the handshake took too long")), TRIAL_TIME);
  client.on("error", reject);
  client.on("secureConnect", () => client.write(WORD));
  client.on("data", (bytes: Buffer) => bytes.toString() === WORD && resolve());
  let server: Socket | undefined;
  try {
    const shaking = tls.shake(wire.server);
    await Promise.race([shaking, answered]);
    server = await shaking;
    const bytes = new Uint8Array(WORD.length);
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

/** Two ends of a connection that exists in memory alone. */
class MemoryWire {
  readonly server: Socket;
  readonly client: Duplex;

  constructor() {
    const sent: Uint8Array[] = []; // what the client has sent, and the server has not read
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
        // Up to Deno 2.7 at least, TLS looks up from its reading only to see that something was written.
        queueMicrotask(() => client.destroyed || client.emit("data", EMPTY));
      },
    });
    client.on("error", () => {}); // the TLS client on top of it tells of it
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
