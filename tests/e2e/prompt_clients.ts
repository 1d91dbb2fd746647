/**
 * Clients whose first bytes reach the server together with their connection, however busy the machine is. The text port
 * greets a client whose first bytes come late.
 */
import type { Program } from "./harness.ts";

let last: Promise<unknown> = Promise.resolve(); // the server must not be continued while another client connects

/** Connects and sends bytes while the server is stopped: when it goes on, it finds both. */
export function connectWith(server: Program, port: number, bytes: Uint8Array): Promise<Deno.TcpConn> {
  const connecting = last.then(async () => {
    server.kill("SIGSTOP");
    try {
      const socket = await Deno.connect({ port });
      await socket.write(bytes);
      return socket;
    } finally {
      server.kill("SIGCONT");
    }
  });
  last = connecting.catch(() => {});
  return connecting;
}

/** A port for clients such as a browser: connects each one to a port of the server when its first bytes have come. */
export class Relay implements AsyncDisposable {
  readonly #server: Program;
  readonly #target: number;
  readonly #listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  readonly #over: Promise<void>;

  /** @param target The port of the server. */
  constructor(server: Program, target: number) {
    this.#server = server;
    this.#target = target;
    this.#over = this.#accept();
  }

  get port(): number {
    return this.#listener.addr.port;
  }

  async #accept() {
    const open: Promise<void>[] = [];
    for await (const client of this.#listener) open.push(this.#join(client));
    await Promise.all(open);
  }

  async #join(client: Deno.TcpConn) {
    try {
      using _client = client;
      const first = new Uint8Array(65_536);
      const count = await client.read(first);
      if (count === null) return;
      using server = await connectWith(this.#server, this.#target, first.subarray(0, count));
      const out = client.readable.pipeTo(server.writable).catch(() => {});
      await server.readable.pipeTo(client.writable).catch(() => {});
      await out;
    } catch {
      // The client or the server has closed the connection.
    }
  }

  async [Symbol.asyncDispose]() {
    this.#listener.close();
    await this.#over;
  }
}
