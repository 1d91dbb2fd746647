/** HTTP clients in memory. */
import { HTTP_TIMES, HttpConnection, type HttpOptions } from "../../src/transport/http.ts";
import type { Socket } from "../../src/transport/socket.ts";

const latin1 = (text: string) => Uint8Array.from(text, (char) => char.charCodeAt(0));

/** A client in memory that sends given reads, and records what it receives. */
export class ScriptedSocket implements Socket {
  readonly remoteAddr = { hostname: "192.0.2.1", port: 1 };
  /** Everything written to it. */
  answer = "";
  closed = false;
  readonly #reads: Uint8Array[];
  readonly #end = Promise.withResolvers<null>();
  #arrival = Promise.withResolvers<void>();
  #drained = Promise.withResolvers<void>();

  /** @param stays Whether it stays connected after its reads. */
  constructor(reads: readonly string[], stays = false) {
    this.#reads = reads.map(latin1);
    if (!stays) this.#end.resolve(null);
  }

  /** Resolves when all has been read, and the server waits for more. */
  get drained(): Promise<void> {
    return this.#drained.promise;
  }

  /** Ends its stream. */
  end(): void {
    this.#end.resolve(null);
  }

  /** Sends another read. */
  send(text: string): void {
    this.#drained = Promise.withResolvers();
    this.#reads.push(latin1(text));
    this.#arrival.resolve();
    this.#arrival = Promise.withResolvers();
  }

  async read(buffer: Uint8Array): Promise<number | null> {
    const next = this.#reads.shift();
    if (next === undefined) {
      this.#drained.resolve();
      const arrived = this.#arrival.promise.then(() => true);
      return await Promise.race([arrived, this.#end.promise]) ? this.read(buffer) : null;
    }
    const count = Math.min(next.length, buffer.length);
    buffer.set(next.subarray(0, count));
    if (count < next.length) this.#reads.unshift(next.subarray(count));
    return count;
  }

  /** If set, writes wait for it. */
  blocked: Promise<void> | undefined;

  async write(bytes: Uint8Array): Promise<number> {
    await this.blocked;
    if (this.closed) throw new Deno.errors.BadResource();
    this.answer += String.fromCharCode(...bytes);
    return bytes.length;
  }

  closeWrite(): Promise<void> {
    return Promise.resolve();
  }

  close(): void {
    this.closed = true;
    this.#end.resolve(null);
  }
}

/** Serves a client until the connection ends. */
export async function serve(socket: Socket, options: Partial<HttpOptions> = {}): Promise<void> {
  const onRejected = () => {};
  const onError = (error: unknown) => {
    throw error;
  };
  const handler = () => new Response("ok\n");
  const schedule = <T>(work: () => T) => work();
  const all = { handler, schedule, secure: false, onRejected, onError, times: HTTP_TIMES, ...options };
  await new HttpConnection(socket, all).run();
}
