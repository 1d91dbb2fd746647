/**
 * A chat server that only copies: what a client sends goes to all clients, in rounds as those of tincan. It has no names, rooms,
 * history or limits, so it shows what they cost.
 *
 *     deno run --allow-net tests/bench/copying_server.ts PORT
 */
import { concat } from "@std/bytes/concat";
import { setImmediate } from "node:timers";

class Client {
  queue: Uint8Array<ArrayBuffer>[] = [];
  #writing = false;
  readonly #socket: Deno.TcpConn;

  constructor(socket: Deno.TcpConn) {
    this.#socket = socket;
  }

  flush(): void {
    if (this.#writing || this.queue.length === 0) return;
    const bytes = concat(this.queue);
    this.queue = [];
    this.#writing = true;
    this.#socket.write(bytes).then((count) => {
      this.#writing = false;
      if (count < bytes.length) this.queue.unshift(bytes.subarray(count));
      this.flush();
    }, () => clients.delete(this));
  }
}

const clients = new Set<Client>();
let isDue = false; // whether a round is requested

function writeRound(): void {
  isDue = false;
  for (const client of clients) client.flush();
}

async function copyFrom(socket: Deno.TcpConn): Promise<void> {
  const client = new Client(socket);
  clients.add(client);
  const buffer = new Uint8Array(16 * 1024);
  try {
    for (let count = await socket.read(buffer); count !== null; count = await socket.read(buffer)) {
      const bytes = buffer.slice(0, count);
      for (const { queue } of clients) queue.push(bytes);
      if (!isDue) setImmediate(writeRound);
      isDue = true;
    }
  } catch {
    // The connection was reset.
  }
  clients.delete(client);
}

for await (const socket of Deno.listen({ hostname: "127.0.0.1", port: Number(Deno.args[0]), tcpBacklog: 4096 })) {
  socket.setNoDelay();
  void copyFrom(socket);
}
