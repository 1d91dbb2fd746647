/** A client with an address of its own, for tests of bans and mutes. */
import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { Writable } from "node:stream";
import { type Program, Talker } from "./harness.ts";

/** A client that connects from a given loopback address. */
export class Guest extends Talker implements Disposable {
  readonly #socket: Socket;

  private constructor(socket: Socket) {
    super(socket, Writable.toWeb(socket));
    this.#socket = socket;
  }

  static async from(address: string, port: number): Promise<Guest> {
    const socket = connect({ port, host: "127.0.0.1", localAddress: address });
    await once(socket, "connect");
    socket.on("error", () => {}); // it may be disconnected while it writes
    return new Guest(socket);
  }

  [Symbol.dispose](): void {
    this.#socket.destroy();
  }
}

/** A user on the text port, connected from an address of its own. */
export async function joinFrom(node: Program, from: string, nick: string): Promise<Guest> {
  const client = await Guest.from(from, node.port);
  await client.send(`/nick ${nick}`);
  await client.until(new RegExp(` is now ${nick}$`));
  return client;
}
