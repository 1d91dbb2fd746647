/** TCP connections: accepting, rate limits, telnet, malformed lines, pauses and the close. */
import { once } from "node:events";
import { connect } from "node:net";
import { assert, assertEquals } from "@std/assert";
import type { Connection } from "../../src/transport/connection.ts";
import { Fanout } from "../../src/transport/fanout.ts";
import { ACCEPT_PAUSE } from "../../src/transport/accept.ts";
import { listenTcp, type TcpOptions } from "../../src/transport/tcp.ts";
import { FakeTimers } from "../fake_timers.ts";
import { soon, tcpOptions } from "./ports.ts";
import { VirtualClock } from "./virtual_clock.ts";

const bytes = (text: string) => new TextEncoder().encode(text);

Deno.test("tcp: lines of connected clients are read while many more connect", async () => {
  const listener = await listenTcp(tcpOptions());
  // All clients are in the backlog before the first one is accepted: as many as any kernel allows.
  const sockets: Deno.TcpConn[] = [];
  while (sockets.length < 125) sockets.push(await Deno.connect({ port: listener.port }));
  await sockets[0]!.write(bytes("hello\n"));

  const connections: Connection[] = [];
  let accepted: number | undefined; // before the line was read
  const readLine = async (first: Connection) => {
    for await (const [_line] of first.lines) accepted ??= connections.length;
  };
  for await (const connection of listener) {
    connections.push(connection);
    if (connections.length === 1) void readLine(connection);
    if (connections.length === sockets.length) break;
  }
  listener.close();
  for (const socket of sockets) socket.close();
  await Promise.all(connections.map((connection) => (connection.close(), connection.closed)));
  assert(accepted !== undefined && accepted < sockets.length, `${accepted} were accepted before`);
});

Deno.test("tcp: clients that leave before they are accepted neither delay others nor are reported", async () => {
  const errors: string[] = [];
  using timers = new FakeTimers(ACCEPT_PAUSE); // a pause would never end
  const listener = await listenTcp({ ...tcpOptions(), onAcceptError: (error) => errors.push(error.message) });
  for (let i = 0; i < 50; i++) {
    const socket = connect(listener.port, "127.0.0.1");
    await once(socket, "connect");
    socket.resetAndDestroy();
    await once(socket, "close");
  }
  using socket = await Deno.connect({ port: listener.port });
  const { port } = socket.localAddr as Deno.NetAddr;
  await soon(
    (async () => {
      for await (const connection of listener) {
        connection.close();
        await connection.closed;
        if (connection.peer === `127.0.0.1:${port}`) break;
      }
    })(),
    "connection",
  );
  listener.close();
  assertEquals([errors, timers.size], [[], 0]);
});

/** Sends bytes and the line `end` to a connection; returns what it delivered, and how long it waited in milliseconds. */
async function received(options: Partial<TcpOptions> & { strict?: boolean }, ...parts: Uint8Array<ArrayBuffer>[]) {
  const clock = new VirtualClock();
  const listener = await listenTcp({ ...tcpOptions(), clock, ...options });
  using socket = await Deno.connect({ port: listener.port });
  const written = (async () => {
    for (const part of [...parts, bytes("end\n")]) {
      for (let at = 0; at < part.length;) at += await socket.write(part.subarray(at));
    }
  })();
  const lines: string[] = [];
  let tooLong = 0;
  for await (const connection of listener) {
    connection.onTooLong = () => tooLong++;
    if (options.strict) {
      connection.onTooLong = (beginning) => lines.push(`too long: ${beginning}`);
      connection.onMalformed = (line) => lines.push(`malformed: ${line}`);
    }
    await soon(
      (async () => {
        for await (const batch of connection.lines) {
          for (const line of batch) {
            lines.push(line);
            if (line === "end") connection.abort("enough");
          }
        }
      })(),
      "line 'end'",
    );
    assertEquals(connection.closeReason, "enough");
    break;
  }
  listener.close();
  await written.catch(() => {});
  return { lines, tooLong, waited: clock.time };
}

/** 20 lines per second, of at most 100 bytes: so long must 8 of them and the last one take. */
const SLOW = { maxLine: 100, rate: 20, burst: 2 };
const WAIT = 1000 * (8 + 1 - 2) / 20;

Deno.test("tcp: an overlong line counts as a line for the rate limit", async () => {
  assertEquals(await received(SLOW, bytes(`${"x".repeat(101)}\n`.repeat(8))), {
    lines: ["end"],
    tooLong: 8,
    waited: WAIT,
  });
});

Deno.test("tcp: bytes without a line end count as lines of maximum length for the rate limit", async () => {
  const waited = WAIT + 1000 / SLOW.rate; // 8 lines while it arrives, and one at its end
  assertEquals(await received(SLOW, bytes(`${"x".repeat(900)}\n`)), { lines: ["end"], tooLong: 1, waited });
});

Deno.test("tcp: telnet commands without a line end count for the rate limit", async () => {
  const commands = new Uint8Array(900).map((_, n) => [0xff, 0xf1][n % 2]!);
  assertEquals(await received(SLOW, commands), { lines: ["end"], tooLong: 0, waited: WAIT });
});

Deno.test("tcp: lines count for the rate limit when they are delivered", async () => {
  const lines = Array.from({ length: 8 }, (_, n) => `line ${n}`);
  assertEquals(await received(SLOW, bytes(`${lines.join("\n")}\n`)), {
    lines: [...lines, "end"],
    tooLong: 0,
    waited: WAIT,
  });
});

Deno.test("tcp: input takes credit by its length, whether it is delivered or dropped", async () => {
  const fanout = new Fanout(1e6);
  const lengths: number[] = [];
  fanout.useCredit = (length) => lengths.push(length);
  const { lines } = await received({ maxLine: 10, fanout }, bytes(`abc\n\n${"x".repeat(11)}\n`));
  assertEquals([lines, lengths], [["abc", "", "end"], [3, 0, 10, 3]]);
});

/** A connection whose client has sent the lines `one` and `two`, and that is being read from. */
interface Reading {
  readonly socket: Deno.TcpConn;
  readonly connection: Connection;
  /** The lines that were delivered. */
  readonly lines: string[];
  /** Resolves when the connection delivers no more lines. */
  readonly ended: Promise<void>;
}

/** Runs a test with such a connection. */
async function readingFrom(
  options: Partial<TcpOptions>,
  body: (reading: Reading) => Promise<void>,
  onLine: (line: string, connection: Connection) => void = () => {},
): Promise<void> {
  const listener = await listenTcp({ ...tcpOptions(), ...options });
  using socket = await Deno.connect({ port: listener.port });
  await socket.write(bytes("one\ntwo\n"));
  const connection = (await listener[Symbol.asyncIterator]().next()).value as Connection;
  const lines: string[] = [];
  const ended = (async () => {
    for await (const batch of connection.lines) {
      for (const line of batch) {
        lines.push(line);
        onLine(line, connection);
      }
    }
  })();
  await body({ socket, connection, lines, ended });
  listener.close();
}

/** Runs the event loop until a condition holds. */
async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((resolve) => setTimeout(resolve));
}

/** Runs the event loop some times, in which nothing should happen. */
async function idle(): Promise<void> {
  for (let turn = 0; turn < 20; turn++) await new Promise((resolve) => setTimeout(resolve));
}

Deno.test("tcp: lines wait for the end of the round when the input credit is used", async () => {
  const round = Promise.withResolvers<void>();
  const fanout = new Fanout(1); // one line per round
  fanout.roundOver = () => round.promise;
  await readingFrom({ fanout }, async ({ connection, lines, ended }) => {
    await until(() => lines.length > 0);
    await idle();
    assertEquals(lines, ["one"]);
    fanout.request(); // a round, which renews the credit
    await until(() => !fanout.busy);
    round.resolve();
    await until(() => lines.length > 1);
    assertEquals(lines, ["one", "two"]);
    connection.abort("enough");
    await soon(ended, "end of the connection");
  });
});

Deno.test("tcp: a line of maximum length is one line when it arrives byte by byte", async () => {
  const line = "x".repeat(100);
  const parts = [line, ...`\r\n${line}\r\n${line}\r\n`].map(bytes); // the first in one read, if possible
  const { lines, tooLong, waited } = await received({ maxLine: 100, rate: 1e-9, burst: 4 }, ...parts);
  assertEquals([lines, tooLong, waited], [[line, line, line, "end"], 0, 0]);
});

Deno.test("tcp: telnet commands are removed where lines may come from telnet, and are data elsewhere", async () => {
  const sent = new Uint8Array([...bytes(":mo"), 0xff, ...bytes("\n:two\n"), 0xff, 0xfa, ...bytes("\nthree\n")]);
  const irc = await received({ lineEnd: "\r\n" }, sent);
  assertEquals(irc.lines, [":mo\ufffd", ":two", "\ufffd\ufffd", "three", "end"]);
  const telnet = new Uint8Array([...bytes("o"), 0xff, 0xfd, 0x06, 0xff, 0xfa, 1, 2, 0xff, 0xf0, ...bytes("ne\n")]);
  assertEquals((await received({}, telnet)).lines, ["one", "end"]);
});

Deno.test("tcp: a line that is not UTF-8 is reported in order when onMalformed is set, and repaired otherwise", async () => {
  const sent = new Uint8Array([...bytes("a\n"), 0xe9, ...bytes("b\nc\nd"), 0xff, 0x0a, 0xc3, ...bytes("\ne \ufffd\n")]);
  const strict = await received({ lineEnd: "\r\n", strict: true }, sent);
  const expected = ["a", "malformed: \ufffdb", "c", "malformed: d\ufffd", "malformed: \ufffd", "e \ufffd", "end"];
  assertEquals(strict.lines, expected);
  const lenient = await received({ lineEnd: "\r\n" }, sent);
  assertEquals(lenient.lines, expected.map((line) => line.replace("malformed: ", "")));
});

Deno.test("tcp: an overlong line is reported with its beginning", async () => {
  const { lines } = await received({ maxLine: 10, strict: true }, bytes(`@a=b ${"x".repeat(100)}\nnext\n`));
  assertEquals(lines, ["too long: @a=b xxxxxx", "next", "end"]);
});

Deno.test("tcp: lines that are not UTF-8 count as lines for the rate limit", async () => {
  const sent = new Uint8Array(16).map((_, n) => [0xe9, 0x0a][n % 2]!);
  const { lines, waited } = await received({ ...SLOW, strict: true }, sent);
  assertEquals([lines, waited], [[...Array(8).fill("malformed: \ufffd"), "end"], WAIT]);
});

Deno.test("tcp: lines after a pause are delivered when it ends, and a shorter pause does not shorten it", async () => {
  const clock = new VirtualClock();
  const listener = await listenTcp({ ...tcpOptions(), clock });
  using socket = await Deno.connect({ port: listener.port });
  await socket.write(bytes("one\ntwo\nthree\n"));
  const delivered: [string, number][] = [];
  for await (const connection of listener) {
    for await (const lines of connection.lines) {
      for (const line of lines) {
        delivered.push([line, clock.time]);
        if (line !== "one") continue;
        for (const time of [300, 100, 0, -1]) connection.pause?.(time);
      }
      if (delivered.length === 3) break;
    }
    connection.close();
    await connection.closed;
    break;
  }
  listener.close();
  assertEquals(delivered, [["one", 0], ["two", 300], ["three", 300]]);
});

Deno.test("tcp: a connection that is closed while it waits for the rate limit ends at once, with the first reason", async () => {
  const traffic = { linesIn: 0, linesOut: 0, bytesOut: 0 };
  const waiting = Promise.withResolvers<void>();
  let cancelled = 0;
  const clock = { now: () => 0, callAfter: () => (waiting.resolve(), () => void cancelled++) }; // never calls back
  await readingFrom({ traffic, clock, rate: 1, burst: 1 }, async ({ socket, connection, lines, ended }) => {
    await soon(waiting.promise, "wait for the rate limit");
    connection.send(["grüße", "!"]);
    connection.close("first");
    connection.abort("second");
    await soon(ended, "end of the connection");
    assertEquals([lines, connection.closeReason, cancelled], [["one"], "first", 1]);
    socket.close();
    await connection.closed;
  });
  assertEquals(traffic, { linesIn: 1, linesOut: 2, bytesOut: 10 });
});

Deno.test("tcp: a client that does not read its replies is not read from either", async () => {
  const taken = Promise.withResolvers<void>();
  const onLine = (line: string, connection: Connection) => {
    if (line === "one") connection.send(["x".repeat(12_000_000)]); // more than the buffers of the kernel hold
    if (line === "two") taken.resolve();
  };
  await readingFrom({ sendBuffer: 14_000_000 }, async ({ socket, connection, lines, ended }) => {
    await until(() => lines.length > 0 && connection.queued > 0);
    await idle();
    assertEquals(lines, ["one"]);
    const drained = (async () => {
      for await (const _ of socket.readable);
    })().catch(() => {});
    await soon(taken.promise, "line 'two'");
    connection.close();
    await soon(ended, "end of the connection");
    await connection.closed;
    await drained;
  }, onLine);
});

Deno.test("tcp: no line is delivered after close, even if it arrived with others", async () => {
  const onLine = (_line: string, connection: Connection) => connection.close();
  await readingFrom({}, async ({ socket, connection, lines, ended }) => {
    await ended;
    await socket.closeWrite();
    await connection.closed;
    assertEquals(lines, ["one"]);
  }, onLine);
});

Deno.test("tcp: a wait longer than setTimeout supports is shortened, not skipped", async () => {
  using timers = new FakeTimers(2 ** 31 - 1);
  await readingFrom({ rate: 1e-9 }, async ({ connection, lines, ended }) => {
    await until(() => timers.size > 0);
    assertEquals([lines, timers.size], [["one"], 1]);
    connection.abort("enough");
    await soon(ended, "end of the connection");
    assertEquals(timers.size, 0);
  });
});
