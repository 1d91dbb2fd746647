/** WebSocket connections: framing of lines, invalid lines, the close, and memory. */
import { assert, assertEquals } from "@std/assert";
import type { Connection } from "../../src/transport/connection.ts";
import type { Socket } from "../../src/transport/socket.ts";
import { listenWeb } from "../../src/transport/web.ts";
import { Heartbeat, WebSocketConnection } from "../../src/transport/websocket.ts";
import { grownBy } from "../heap.ts";
import { shown, WebSocketClient } from "../websocket_client.ts";
import { piece } from "./pieces.ts";
import { lineOptions, webOptions } from "./ports.ts";

/** Runs a test with a client and its connection. */
async function together(body: (client: WebSocketClient, connection: Connection) => Promise<void>, protocol?: string) {
  const arrived = Promise.withResolvers<Connection>();
  const lines = lineOptions(100);
  const subprotocols = { lines: "lines", text: "text", binary: "binary" } as const;
  const path = { subprotocols, framing: "text", lines, refusal: String, onConnection: arrived.resolve } as const;
  const listener = await listenWeb({ ...webOptions(), sockets: new Map([["/", path]]) });
  const headers: Record<string, string> = protocol === undefined ? {} : { "sec-websocket-protocol": protocol };
  const client = await WebSocketClient.open(listener.port, "/", headers);
  const connection = await arrived.promise;
  await body(client, connection);
  const rest = client.rest();
  connection.close("done");
  assertEquals((await rest).map(shown), ["close 1000 done"]);
  await connection.closed;
  client[Symbol.dispose]();
  listener.close();
}

for (const [protocol, opcode] of [[undefined, 1], ["text", 1], ["binary", 2]] as const) {
  Deno.test(`websocket: each line is sent as one frame without its end with subprotocol ${protocol}`, () =>
    together(async (client, connection) => {
      connection.send(["grüße 😀", "", "two"]);
      for (const text of ["grüße 😀", "", "two"]) {
        const frame = await client.next();
        assertEquals([frame?.opcode, shown(frame)], [opcode, text]);
      }
    }, protocol));
}

Deno.test("websocket: lines of one call are sent as one frame with framing lines", () =>
  together(async (client, connection) => {
    connection.send(["one", "zwei: grüße"]);
    connection.send(["three"]);
    assertEquals(await client.text(), "one\nzwei: grüße");
    assertEquals(await client.text(), "three");
  }, "lines"));

Deno.test("websocket: a message is one line or several, as text or bytes, and overlong lines are dropped", () =>
  together(async (client, connection) => {
    let tooLong = 0;
    connection.onTooLong = () => tooLong++;
    await client.send("one", "two\r\n", "", "a\nb\n", "x".repeat(101), "é".repeat(51), "é".repeat(50));
    await client.sendBytes(new Uint8Array([0xc3, 0xbc, 0xff]));
    await client.send("end");
    const got: string[] = [];
    loop: for await (const lines of connection.lines) {
      for (const line of lines) {
        got.push(line);
        if (line === "end") break loop;
      }
    }
    assertEquals(got, ["one", "two", "", "a", "b", "é".repeat(50), "ü\ufffd", "end"]);
    assertEquals(tooLong, 2);
  }));

Deno.test("websocket: a line that is not UTF-8 is reported in order when onMalformed is set", () =>
  together(async (client, connection) => {
    const got: string[] = [];
    connection.onTooLong = (beginning) => got.push(`too long: ${beginning}`);
    connection.onMalformed = (line) => got.push(`malformed: ${line}`);
    await client.sendBytes(new Uint8Array([0x61, 0x0a, 0xff, 0x0a, 0x62]));
    await client.send("\ufffd", `@a ${"x".repeat(200)}`, "end");
    loop: for await (const lines of connection.lines) {
      for (const line of lines) {
        got.push(line);
        if (line === "end") break loop;
      }
    }
    assertEquals(got, ["a", "malformed: \ufffd", "b", "\ufffd", `too long: @a ${"x".repeat(97)}`, "end"]);
  }));

/** A socket whose writes complete when the test says so, and which delivers one read. */
class SlowSocket implements Socket {
  readonly remoteAddr = { hostname: "192.0.2.1", port: 1 };
  /** Number of reads. */
  reads = 0;
  /** Resolves when a write begins … */
  readonly writing = Promise.withResolvers<void>();
  /** … which completes when this is resolved. */
  readonly taken = Promise.withResolvers<void>();
  /** The bytes of the read. */
  readonly bytes = Promise.withResolvers<Uint8Array>();
  readonly #closed = Promise.withResolvers<never>();

  constructor() {
    this.#closed.promise.catch(() => {}); // there may be no read
  }

  async read(buffer: Uint8Array): Promise<number> {
    if (++this.reads > 1) return this.#closed.promise;
    const bytes = await this.bytes.promise;
    buffer.set(bytes);
    return bytes.length;
  }

  async write(bytes: Uint8Array): Promise<number> {
    this.writing.resolve();
    await this.taken.promise;
    return bytes.length;
  }

  closeWrite(): Promise<void> {
    return Promise.resolve();
  }

  close(): void {
    this.#closed.reject(new Deno.errors.BadResource("closed"));
  }
}

Deno.test("websocket: the close does not wait for a client that has sent a close frame already", async () => {
  const socket = new SlowSocket();
  const client = { address: "192.0.2.1", peer: "192.0.2.1:1", secure: false, framing: "text" } as const;
  const connection = new WebSocketConnection(socket, new Uint8Array(0), client, lineOptions(), new Heartbeat());
  const reading = Array.fromAsync(connection.lines);
  connection.send(["hello"]);
  await socket.writing.promise;
  connection.close("enough");
  socket.bytes.resolve(piece({ opcode: 8 }));
  assertEquals(await reading, []); // the close frame was read, and the line is still being written
  socket.taken.resolve();
  await connection.closed;
  assertEquals(socket.reads, 1);
});

Deno.test("websocket: a close frame that followed the handshake is noticed when lines are never read", async () => {
  const socket = new SlowSocket();
  const client = { address: "192.0.2.1", peer: "192.0.2.1:1", secure: false, framing: "text" } as const;
  const first = piece({ opcode: 8 });
  const connection = new WebSocketConnection(socket, first, client, lineOptions(), new Heartbeat());
  connection.close("banned");
  socket.taken.resolve();
  await connection.closed;
  assertEquals(socket.reads, 0);
});
Deno.test("websocket: a stored line does not retain its message", () =>
  together(async (client, connection) => {
    const count = 100;
    const kept: string[] = [];
    const lines = connection.lines[Symbol.asyncIterator]();
    const grown = await grownBy(async () => {
      for (let n = 0; n < count; n++) {
        await client.send(`a line of chat, ${n}: 茶\n${"x".repeat(60_000)}`);
        const { value } = await lines.next();
        kept.push(...value!);
      }
    });
    assertEquals(kept.length, count);
    assert(grown < count * 10_000, `${grown} bytes are retained by ${count} lines`); // of 120,000 each
  }));
