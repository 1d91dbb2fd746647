/**
 * What the end-to-end tests cannot see of TCP: whose turn it is inside the server.
 */
import { once } from "node:events";
import { connect } from "node:net";
import { assert, assertEquals } from "@std/assert";
import type { Connection } from "../../src/transport/connection.ts";
import { listenTcp, type TcpOptions } from "../../src/transport/tcp.ts";
import { tcpOptions } from "./ports.ts";

Deno.test("those who are in are heard while many more come in", async () => {
  const listener = listenTcp(tcpOptions());
  // All of them wait at the door before it is looked at, as many as may on any kernel, the first with something to say.
  const sockets: Deno.TcpConn[] = [];
  while (sockets.length < 125) sockets.push(await Deno.connect({ port: listener.port }));
  await sockets[0]!.write(new TextEncoder().encode("hello\n"));

  const connections: Connection[] = [];
  let before: number | undefined; // how many had come in when it was heard
  const heard = async (first: Connection) => {
    for await (const [_line] of first.lines) before ??= connections.length;
  };
  for await (const connection of listener) {
    connections.push(connection);
    if (connections.length === 1) void heard(connection);
    if (connections.length === sockets.length) break;
  }
  listener.close();
  for (const socket of sockets) socket.close();
  await Promise.all(connections.map((connection) => (connection.close(), connection.closed)));
  assert(before !== undefined && before < sockets.length, `${before} had come in before`);
});

Deno.test("those who are gone before their turn keep nobody waiting, and are not worth a word", async () => {
  const errors: string[] = [];
  const listener = listenTcp({ ...tcpOptions(), onAcceptError: (error) => errors.push(error.message) });
  for (let i = 0; i < 50; i++) { // with a pause for each, the one behind them would wait for 5 seconds
    const socket = connect(listener.port, "127.0.0.1");
    await once(socket, "connect");
    socket.resetAndDestroy();
    await once(socket, "close");
  }
  using socket = await Deno.connect({ port: listener.port });
  const { port } = socket.localAddr as Deno.NetAddr;
  const began = performance.now();
  for await (const connection of listener) {
    connection.close();
    await connection.closed;
    if (connection.peer === `127.0.0.1:${port}`) break;
  }
  const took = performance.now() - began;
  listener.close();
  assertEquals(errors, []);
  assert(took < 3000, `it took ${took} ms`);
});

/** What a client with a pace to keep sends until it has said `end`, and how long that takes, in milliseconds. */
async function saying(options: Partial<TcpOptions> & { strict?: boolean }, ...parts: Uint8Array<ArrayBuffer>[]) {
  const listener = listenTcp({ ...tcpOptions(), ...options });
  const began = performance.now();
  using socket = await Deno.connect({ port: listener.port });
  const written = (async () => {
    for (const part of [...parts, bytes("end\n")]) {
      for (let at = 0; at < part.length;) at += await socket.write(part.subarray(at));
    }
  })();
  const heard: string[] = [];
  let tooLong = 0;
  for await (const connection of listener) {
    connection.onTooLong = () => tooLong++;
    if (options.strict) {
      connection.onTooLong = (beginning) => heard.push(`too long: ${beginning}`);
      connection.onMalformed = (line) => heard.push(`malformed: ${line}`);
    }
    const deadline = setTimeout(() => connection.abort("it takes for ever"), 20_000);
    for await (const lines of connection.lines) {
      for (const line of lines) {
        heard.push(line);
        if (line === "end") connection.abort("enough");
      }
    }
    clearTimeout(deadline);
    assertEquals(connection.ending, "enough");
    break;
  }
  const took = performance.now() - began;
  listener.close();
  await written.catch(() => {});
  return { heard, tooLong, took };
}

const bytes = (text: string) => new TextEncoder().encode(text);

/** 20 lines a second, of at most 100 bytes: 8 of them, and the one that ends it, are to take so long. */
const SLOW = { maxLine: 100, rate: 20, burst: 2 };
const LEAST = 1000 * (8 + 1 - 2) / 20;

Deno.test("a line that is too long counts as a line, answered or not", async () => {
  const { heard, tooLong, took } = await saying(SLOW, bytes(`${"x".repeat(101)}\n`.repeat(8)));
  assertEquals([heard, tooLong], [["end"], 8]);
  assert(took >= LEAST, `it took ${took} ms`);
});

Deno.test("what ends no line counts as a line for each that it could have been", async () => {
  const { heard, tooLong, took } = await saying(SLOW, bytes(`${"x".repeat(900)}\n`));
  assertEquals([heard, tooLong], [["end"], 1]);
  assert(took >= LEAST, `it took ${took} ms`);
});

Deno.test("what telnet says of itself without end counts, too", async () => {
  const { heard, took } = await saying(SLOW, new Uint8Array(900).map((_, n) => [0xff, 0xf1][n % 2]!));
  assertEquals(heard, ["end"]);
  assert(took >= LEAST, `it took ${took} ms`);
});

Deno.test("a line may come a byte at a time, and be as long as it may be: it is one line", async () => {
  const line = "x".repeat(100);
  const parts = [line, ...`\r\n${line}\r\n${line}\r\n`].map(bytes); // the first in one read, if it can be
  const { heard, tooLong } = await saying({ maxLine: 100, rate: 1e-9, burst: 4 }, ...parts);
  assertEquals([heard, tooLong], [[line, line, line, "end"], 0]);
});

Deno.test("telnet's own bytes are taken out where a telnet may come, and are bytes like any other elsewhere", async () => {
  const said = new Uint8Array([...bytes(":mo"), 0xff, ...bytes("\n:two\n"), 0xff, 0xfa, ...bytes("\nthree\n")]);
  const irc = await saying({ lineEnd: "\r\n" }, said);
  assertEquals(irc.heard, [":mo\ufffd", ":two", "\ufffd\ufffd", "three", "end"]);
  const telnet = new Uint8Array([...bytes("o"), 0xff, 0xfd, 0x06, 0xff, 0xfa, 1, 2, 0xff, 0xf0, ...bytes("ne\n")]);
  assertEquals((await saying({}, telnet)).heard, ["one", "end"]);
});

Deno.test("tcp: a line that is not UTF-8 is reported in its place where that is asked for", async () => {
  const said = new Uint8Array([...bytes("a\n"), 0xe9, ...bytes("b\nc\nd"), 0xff, 0x0a, 0xc3, ...bytes("\ne \ufffd\n")]);
  const strict = await saying({ lineEnd: "\r\n", strict: true }, said);
  const told = ["a", "malformed: \ufffdb", "c", "malformed: d\ufffd", "malformed: \ufffd", "e \ufffd", "end"];
  assertEquals(strict.heard, told);
  const lenient = await saying({ lineEnd: "\r\n" }, said);
  assertEquals(lenient.heard, told.map((line) => line.replace("malformed: ", "")));
});

Deno.test("tcp: a line that is too long is reported with its beginning", async () => {
  const { heard } = await saying({ maxLine: 10, strict: true }, bytes(`@a=b ${"x".repeat(100)}\nnext\n`));
  assertEquals(heard, ["too long: @a=b xxxxxx", "next", "end"]);
});

Deno.test("tcp: lines that are not UTF-8 count as lines for the pace of a client", async () => {
  const { heard, took } = await saying(
    { ...SLOW, strict: true },
    new Uint8Array(16).map((_, n) => [0xe9, 0x0a][n % 2]!),
  );
  assertEquals(heard, [...Array(8).fill("malformed: \ufffd"), "end"]);
  assert(took >= LEAST, `it took ${took} ms`);
});

Deno.test("tcp: a client that is paused is not read until that is over, and loses nothing", async () => {
  const listener = listenTcp(tcpOptions());
  using socket = await Deno.connect({ port: listener.port });
  await socket.write(new TextEncoder().encode("one\ntwo\nthree\n"));
  const heard: string[] = [];
  let took = 0;
  for await (const connection of listener) {
    let pausedAt = 0;
    for await (const lines of connection.lines) {
      for (const line of lines) {
        heard.push(line);
        if (line === "one") {
          connection.pause?.(300);
          pausedAt = performance.now();
        } else if (line === "two") took = performance.now() - pausedAt;
      }
      if (heard.length === 3) break;
    }
    connection.close();
    await connection.closed;
    break;
  }
  listener.close();
  assertEquals(heard, ["one", "two", "three"]);
  assert(took >= 299, `after ${took} ms`);
});
