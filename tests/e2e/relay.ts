/** Relays connections to a server from an address of its own, for tests with many users: limits are by address. */
import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Server, type Socket } from "node:net";
import type { Program } from "./harness.ts";

/** The listeners of a server, at ports that stay the same when the server is started again. */
export class Relay implements AsyncDisposable {
  readonly port: number;
  readonly ircPort: number;
  readonly webPort: number;
  readonly #listeners: readonly Server[];
  readonly #sockets: Set<Socket>;

  private constructor(listeners: readonly Server[], sockets: Set<Socket>) {
    [this.port, this.ircPort, this.webPort] = listeners.map((it) => (it.address() as AddressInfo).port) as [
      number,
      number,
      number,
    ];
    this.#listeners = listeners;
    this.#sockets = sockets;
  }

  /**
   * @param server Returns the server that is running now.
   * @param localAddress The loopback address that the server sees.
   */
  static async open(server: () => Program, localAddress: string): Promise<Relay> {
    const sockets = new Set<Socket>();
    const listeners: Server[] = [];
    for (const port of ["port", "ircPort", "webPort"] as const) {
      const listener = createServer({ allowHalfOpen: true }, (inside) => {
        const outside = connect({ port: server()[port], host: "127.0.0.1", localAddress, allowHalfOpen: true });
        for (const [from, to] of [[inside, outside], [outside, inside]] as const) {
          sockets.add(from);
          from.pipe(to);
          from.on("error", () => to.destroy());
          from.on("close", () => {
            sockets.delete(from);
            to.destroySoon();
          });
        }
      }).listen(0, "127.0.0.1");
      await once(listener, "listening");
      listeners.push(listener);
    }
    return new Relay(listeners, sockets);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    await Promise.all(this.#listeners.map((listener) => new Promise((resolve) => listener.close(resolve))));
  }
}
