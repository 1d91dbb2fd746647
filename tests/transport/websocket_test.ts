/**
 * What goes into frames, and what is made of them, without a protocol on top.
 */
import { BlockList } from "node:net";
import { assertEquals } from "@std/assert";
import type { Connection } from "../../src/transport/connection.ts";
import { Fanout } from "../../src/transport/fanout.ts";
import { listenWeb } from "../../src/transport/web.ts";
import { shown, WebSocketClient } from "../websocket_client.ts";

/** A client, and its connection. */
async function together(body: (client: WebSocketClient, connection: Connection) => Promise<void>, protocol?: string) {
  const arrived = Promise.withResolvers<Connection>();
  const lines = {
    fanout: new Fanout(1e6),
    traffic: { linesIn: 0, linesOut: 0, bytesOut: 0 },
    maxLine: 100,
    rate: Infinity,
    burst: 1,
    sendBuffer: 1e6,
    stallTime: 60_000,
  };
  const subprotocols = { lines: "lines", text: "text", binary: "binary" } as const;
  const listener = listenWeb({
    hostname: "127.0.0.1",
    port: 0,
    sockets: new Map([["/", { subprotocols, framing: "text", lines, onConnection: arrived.resolve }]]),
    allowedOrigins: new Set(),
    proxies: new BlockList(),
    accepting: () => true,
    respond: () => new Response(),
    onError: (error) => console.error(error),
  });
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
  Deno.test(`a line goes out as one frame, without its end, with subprotocol ${protocol}`, () =>
    together(async (client, connection) => {
      connection.send(["grüße 😀", "", "two"]);
      for (const text of ["grüße 😀", "", "two"]) {
        const frame = await client.next();
        assertEquals([frame?.opcode, shown(frame)], [opcode, text]);
      }
    }, protocol));
}

Deno.test("lines that go out together are one frame where that is asked for", () =>
  together(async (client, connection) => {
    connection.send(["one", "zwei: grüße"]);
    connection.send(["three"]);
    assertEquals(await client.text(), "one\nzwei: grüße\nthree");
  }, "lines"));

Deno.test("a frame is a line or several, of text or of bytes; what is too long is thrown away", () =>
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
