/** Ports without TLS that lead to a server's ports with TLS, so that the same load runs over TLS. */
import { once } from "node:events";
import { type AddressInfo, createServer, type Server, type Socket } from "node:net";
import { connect, type ConnectionOptions } from "node:tls";
import type { Ports } from "./churn.ts";

/** Tunnels to the ports of a server. */
export class TlsTunnels implements Ports, Disposable {
  readonly port: number;
  readonly ircPort: number;
  readonly webPort: number;
  readonly #servers: readonly Server[];

  private constructor(servers: readonly Server[]) {
    this.#servers = servers;
    const [port, ircPort, webPort] = servers.map((server) => (server.address() as AddressInfo).port);
    this.port = port!;
    this.ircPort = ircPort!;
    this.webPort = webPort!;
  }

  /** @param ca The certificate of the authority, in PEM format. */
  static async open({ port, ircPort, webPort }: Ports, ca: string): Promise<TlsTunnels> {
    const servers = [port, ircPort, webPort].map((to) => {
      return createServer({ allowHalfOpen: true, noDelay: true }, (socket) => tunnel(socket, to, ca));
    });
    await Promise.all(servers.map((server) => once(server.listen(0, "127.0.0.1"), "listening")));
    return new TlsTunnels(servers);
  }

  [Symbol.dispose](): void {
    for (const server of this.#servers) server.close();
  }
}

/** Copies in both directions. A reset of one side, or an error, resets the other. */
function tunnel(socket: Socket, port: number, ca: string) {
  const secure = connect({ port, host: "127.0.0.1", ca, allowHalfOpen: true } as ConnectionOptions);
  secure.setNoDelay();
  socket.pipe(secure).pipe(socket);
  for (const [one, other] of [[socket, secure], [secure, socket]] as const) {
    one.on("error", () => other.destroy());
    one.on("close", () => other.destroy());
  }
}
