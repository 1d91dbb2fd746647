/** WebSockets (RFC 6455) over raw sockets: the handshake, the close, heartbeats, rate limits and proxies. */
import { assert, assertEquals, assertMatch } from "@std/assert";
import type { Connection } from "../../src/transport/connection.ts";
import type { Cause } from "../../src/transport/admission.ts";
import { listenWeb, type WebOptions } from "../../src/transport/web.ts";
import { AddressSet } from "../../src/util/address_ranges.ts";
import { CLOSE_TIME, Heartbeat } from "../../src/transport/websocket.ts";
import { type Frame, handshake, rawRequest, shown, WebSocketClient } from "../websocket_client.ts";
import { type Piece, piece } from "./pieces.ts";
import { FakeTimers } from "../fake_timers.ts";
import { lineOptions, OpenAdmission, soon, untilStill, webOptions } from "./ports.ts";
import { VirtualClock } from "./virtual_clock.ts";

const bytes = (text: string) => new TextEncoder().encode(text);

/** A listener that echoes each line. */
async function echoing(
  body: (port: number, admission: OpenAdmission, connections: Connection[]) => Promise<void>,
  options: Partial<WebOptions> = {},
  lines = lineOptions(),
) {
  const admission = new OpenAdmission();
  const connections: Connection[] = [];
  const onConnection = async (connection: Connection) => {
    connections.push(connection);
    for await (const lines of connection.lines) connection.send([...lines]);
    connection.close();
  };
  const path = {
    subprotocols: { text: "text" },
    framing: "text",
    lines,
    refusal: (why: string) => `no: ${why}`,
    onConnection,
  } as const;
  const listener = await listenWeb({ ...webOptions(admission), sockets: new Map([["/", path]]), ...options });
  try {
    await body(listener.port, admission, connections);
    await admission.holds(0);
    await Promise.all(connections.map((connection) => connection.closed));
  } finally {
    listener.close();
  }
}

/** Sends frames; returns all frames received until the server closes the connection. */
async function answerTo(port: number, ...pieces: Piece[]): Promise<string[]> {
  using client = await WebSocketClient.open(port, "/");
  const all = client.rest();
  for (const it of pieces) await client.write(piece(it)).catch(() => {}); // the server may have closed the connection
  return (await all).map((frame: Frame) => `${frame.opcode} ${shown(frame)}`);
}

const END: Piece = { opcode: 8, content: new Uint8Array([3, 232]) };

const ENDS: Record<string, [Piece[], string[]]> = {
  "a close": [[END], ["8 close 1000"]],
  "a close without a code": [[{ opcode: 8 }], ["8 close"]],
  "a close with a private code": [[{ opcode: 8, content: new Uint8Array([0x0f, 0xa0, 0x61]) }], ["8 close 4000"]],
  "a close with an incomplete code": [[{ opcode: 8, content: new Uint8Array([3]) }], [
    "8 close 1002 close code is incomplete",
  ]],
  "a close with an invalid code": [
    [{ opcode: 8, content: new Uint8Array([3, 237]) }],
    ["8 close 1002 invalid close code"],
  ],
  "a close that is not UTF-8": [
    [{ opcode: 8, content: new Uint8Array([3, 232, 255]) }],
    ["8 close 1007 text is not UTF-8"],
  ],
  "a text after a close": [[END, { opcode: 1, content: bytes("more") }], ["8 close 1000"]],
  "no mask": [[{ opcode: 1, mask: undefined }], ["8 close 1002 frame is not masked"]],
  "RSV1": [[{ opcode: 1, rsv: 4 }], ["8 close 1002 reserved bits are set"]],
  "an unknown opcode": [[{ opcode: 3 }], ["8 close 1002 unknown opcode"]],
  "a fragmented ping": [[{ opcode: 9, fin: false }], ["8 close 1002 control frame is fragmented"]],
  "a ping of 126 bytes": [
    [{ opcode: 9, content: new Uint8Array(126) }],
    ["8 close 1002 control frame is too long"],
  ],
  "a continuation without a message": [[{ opcode: 0 }], ["8 close 1002 no message to continue"]],
  "a message within a message": [
    [{ opcode: 1, fin: false }, { opcode: 1 }],
    ["8 close 1002 previous message is incomplete"],
  ],
  "a text that is not UTF-8": [
    [{ opcode: 1, content: new Uint8Array([0xff]) }],
    ["8 close 1007 text is not UTF-8"],
  ],
  "a text that is not UTF-8 as a whole": [
    [{ opcode: 1, fin: false, content: new Uint8Array([0xc3]) }, { opcode: 0, content: new Uint8Array([0x28]) }],
    ["8 close 1007 text is not UTF-8"],
  ],
  "a character cut between two frames": [
    [{ opcode: 1, fin: false, content: new Uint8Array([0xc3]) }, { opcode: 0, content: new Uint8Array([0xbc]) }, END],
    ["1 ü", "8 close 1000"],
  ],
  "bytes that are not UTF-8": [[{ opcode: 2, content: new Uint8Array([0xff]) }, END], ["1 \ufffd", "8 close 1000"]],
  "a ping": [[{ opcode: 9, content: bytes("hey") }, END], ["10 hey", "8 close 1000"]],
  "a ping of 125 bytes": [
    [{ opcode: 9, content: new Uint8Array(125).fill(0x61) }, END],
    [`10 ${"a".repeat(125)}`, "8 close 1000"],
  ],
  "a ping within a message": [
    [
      { opcode: 1, fin: false, content: bytes("a") },
      { opcode: 9, content: bytes("?") },
      { opcode: 0, content: bytes("b") },
      END,
    ],
    ["10 ?", "1 ab", "8 close 1000"],
  ],
  "an unrequested pong": [[{ opcode: 10 }, END], ["8 close 1000"]],
  "an overlong message": [[{ opcode: 1, content: new Uint8Array(65_537) }], ["8 close 1009 sent too much at once"]],
  "an overlong fragmented message": [
    [{ opcode: 1, fin: false, content: new Uint8Array(65_536) }, { opcode: 0, content: new Uint8Array(1) }],
    ["8 close 1009 sent too much at once"],
  ],
  "an empty fragmented message": [[{ opcode: 1, fin: false }, { opcode: 0 }, END], ["1", "8 close 1000"]],
};

for (const [name, [pieces, answer]] of Object.entries(ENDS)) {
  Deno.test(`websocket: ${name} is answered as RFC 6455 requires`, () =>
    echoing(async (port) => {
      assertEquals((await answerTo(port, ...pieces)).map((line) => line.trimEnd()), answer);
    }));
}

Deno.test("websocket: an overlong message is rejected by its header", () =>
  echoing(async (port) => {
    using client = await WebSocketClient.open(port, "/");
    await client.write(new Uint8Array([0x82, 0xff, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0]));
    assertEquals(shown(await client.next()), "close 1009 sent too much at once");
  }));

Deno.test("websocket: frames may follow the handshake in the same read, or arrive byte by byte", () =>
  echoing(async (port) => {
    const head = handshake("/");
    const all = new Uint8Array([...bytes(head), ...piece({ opcode: 1, content: bytes("hi") }), ...piece(END)]);
    for (const step of [all.length, 1]) {
      using socket = await Deno.connect({ port });
      socket.setNoDelay();
      for (let at = 0; at < all.length; at += step) await socket.write(all.subarray(at, at + step));
      const answer = String.fromCharCode(...new Uint8Array(await new Response(socket.readable).arrayBuffer()));
      assertMatch(answer, /^HTTP\/1\.1 101 [^]*\r\nsec-websocket-accept: s3pPLMBiTxaQ9kYGzzhZRbK\+xOo=\r\n/);
      assert(answer.includes("\r\n\r\n\x81\x02hi\x88\x02"), JSON.stringify(answer));
    }
  }));

const ODD: Record<string, [Record<string, string>, number, Cause]> = {
  "another version": [{ "sec-websocket-version": "8" }, 426, "bad request"],
  "a key that is too short": [{ "sec-websocket-key": "AAAA" }, 400, "bad request"],
  "an invalid key": [{ "sec-websocket-key": "!".repeat(24) }, 400, "bad request"],
  "no upgrade in Connection": [{ connection: "close" }, 400, "bad request"],
  "another upgrade": [{ upgrade: "h2c" }, 426, "bad request"],
  "another subprotocol": [{ "sec-websocket-protocol": "soap" }, 400, "bad request"],
  "another page": [{ origin: "http://evil.example" }, 403, "another page"],
};

for (const [name, [headers, status, cause]] of Object.entries(ODD)) {
  Deno.test(`websocket: a handshake with ${name} is rejected and reported`, async () => {
    const proxies = new AddressSet();
    const rejections: unknown[] = [];
    const onRejected: WebOptions["onRejected"] = (...all) => rejections.push(all);
    await echoing(async (port) => {
      const head = { connection: "Upgrade, close", "x-forwarded-for": "192.0.2.7", ...headers };
      const answer = await rawRequest(port, handshake("/", head));
      assertEquals(answer.status, status);
      if (status === 426) assertEquals(answer.headers.get("upgrade"), "websocket");
      if (name === "another version") assertEquals(answer.headers.get("sec-websocket-version"), "13");
      proxies.add("127.0.0.1");
      await rawRequest(port, handshake("/", head));
      const [[peer] = []] = rejections as [string[]];
      assertMatch(peer!, /^127\.0\.0\.1:\d+$/);
      const why = answer.body.replace(/\.\n$/, "");
      assertEquals(rejections, [[peer, why, cause], ["192.0.2.7", why, cause]], "the client of the proxy is reported");
    }, { onRejected, proxies });
  });
}

/** Origins, and whether each is accepted on a loopback address. */
const PAGES: Record<string, boolean> = {
  "http://localhost:8080": true,
  "https://localhost": true,
  "http://chat.localhost:8080": true,
  "http://127.0.0.1:8080": true,
  "http://192.0.2.7": true,
  "http://[::1]:8080": true,
  "https://chat.example.org": true, // by allowedOrigins
  "http://evil.example:8080": false,
  "http://localhost.evil.example": false,
  "http://127.0.0.1.evil.example": false,
  "http://notlocalhost": false,
};

/** Returns the status for a handshake from a page of the same host; or without Origin, with some Host. */
async function statusFor(port: number, origin?: string, hostname = "127.0.0.1", host = ""): Promise<number> {
  const head: Record<string, string> = origin === undefined ? { host } : { origin, host: new URL(origin).host };
  using socket = await Deno.connect({ hostname, port });
  await socket.write(bytes(handshake("/", { ...head, connection: "Upgrade" })));
  const buffer = new Uint8Array(1000);
  return Number(new TextDecoder().decode(buffer.subarray(0, (await socket.read(buffer))!)).split(" ")[1]);
}

Deno.test("websocket: on a loopback address, pages whose host could be rebound by DNS are rejected", async () => {
  const allowedOrigins = new Set(["https://chat.example.org"]);
  // The address that the listener is bound to counts, not how it was written.
  const spellings = [
    "127.1",
    "LOCALHOST",
    "0x7f.1",
    "2130706433",
    "127.0.0.2",
    "::ffff:127.0.0.1",
    "[::1]",
    "0:0:0:0:0:0:0:1",
  ];
  for (const written of ["127.0.0.1", "localhost", ...spellings]) {
    const hostname = written === "127.0.0.2" ? written : /^\[?[0:]+1/.test(written) ? "::1" : "127.0.0.1";
    await echoing(async (port) => {
      for (const [origin, letIn] of Object.entries(PAGES)) {
        assertEquals(await statusFor(port, origin, hostname), letIn ? 101 : 403, `${origin} on ${written}`);
      }
      assertEquals(await statusFor(port, undefined, hostname, "evil.example"), 101, "no Origin");
    }, { hostname: written, allowedOrigins });
  }
});

Deno.test("websocket: on other addresses, or behind a proxy, pages of any host name of this server are accepted", async () => {
  const proxies = new AddressSet();
  proxies.add("192.0.2.1");
  for (const options of [{ hostname: "0.0.0.0" }, { hostname: "0" }, { hostname: "::ffff:0.0.0.0" }, { proxies }]) {
    await echoing(async (port) => {
      for (const origin of Object.keys(PAGES)) assertEquals(await statusFor(port, origin), 101, origin);
    }, options);
  }
});

Deno.test("websocket: handshakes are rejected and reported while the server is stopping", async () => {
  const causes: unknown[] = [];
  const onRejected: WebOptions["onRejected"] = (_peer, _why, cause) => causes.push(cause);
  await echoing(async (port) => {
    const answer = await rawRequest(port, handshake("/", { connection: "Upgrade, close" }));
    assertEquals([answer.status, answer.body, causes], [503, "The server is stopping.\n", ["stopping"]]);
  }, { accepting: () => false, onRejected });
});

Deno.test("websocket: a handshake with POST or HTTP/1.0 is rejected", () =>
  echoing(async (port) => {
    const ending = handshake("/", { connection: "Upgrade, close" });
    assertEquals((await rawRequest(port, ending.replace("GET", "POST"))).status, 400);
    assertEquals((await rawRequest(port, ending.replace("HTTP/1.1", "HTTP/1.0"))).status, 426);
  }));

/** Returns a function that reads until everything received, as Latin-1, ends with a text. */
function receiving(socket: Deno.TcpConn): (end: string) => Promise<void> {
  let received = "";
  const buffer = new Uint8Array(1000);
  return async (end) => {
    while (!received.endsWith(end)) {
      const count = await soon(socket.read(buffer), `input that ends with ${JSON.stringify(end)}`);
      if (count === null) throw new Error(`The end came before ${JSON.stringify(end)}: ${JSON.stringify(received)}`);
      received += String.fromCharCode(...buffer.subarray(0, count));
    }
  };
}

Deno.test("websocket: a client that does not answer a close frame is disconnected after CLOSE_TIME", () =>
  echoing(async (port, admission, connections) => {
    using timers = new FakeTimers(CLOSE_TIME);
    using socket = await Deno.connect({ port });
    await socket.write(new Uint8Array([...bytes(handshake("/")), ...piece({ opcode: 1, content: bytes("hi") })]));
    const receive = receiving(socket);
    await receive("\x81\x02hi");
    connections[0]!.close("enough");
    await receive("\x88\x08\x03\xe8enough");
    await soon(timers.started, "timer of the close frame");
    timers.pass(CLOSE_TIME - 1);
    assertEquals([timers.size, admission.inside.length], [1, 1]);
    timers.pass(1);
    await soon(connections[0]!.closed, "end of the connection");
    await soon(admission.holds(0), "release of the connection");
  }));

Deno.test("websocket: a silent client is pinged, and disconnected if it does not answer", async () => {
  const heartbeat = new Heartbeat(1e9); // beats only when the test says so
  await echoing(async (port, _gate, connections) => {
    const vanishing = await WebSocketClient.open(port, "/");
    vanishing[Symbol.dispose]();
    using answering = await WebSocketClient.open(port, "/");
    using silent = await Deno.connect({ port });
    await silent.write(new Uint8Array([...bytes(handshake("/")), ...piece({ opcode: 1, content: bytes("hi") })]));
    const receive = receiving(silent);
    await receive("hi");
    for (let beat = 0; beat < 3; beat++) {
      heartbeat.beat();
      if (beat === 1) await receive("\x89\x00"); // the ping
      // It answers pings while it waits for the echo.
      await answering.send(`${beat}`);
      assertEquals(await answering.text(), `${beat}`);
    }
    await Promise.all([0, 2].map((n) => connections[n]!.closed));
    assertEquals([0, 2].map((n) => connections[n]!.closeReason), ["connection lost", "connection lost"]);
    assertEquals(connections[1]!.closeReason, undefined);
    connections[1]!.close();
    await answering.rest();
  }, { heartbeat });
});

Deno.test("websocket: a client that is not being read from is not disconnected as silent", async () => {
  const heartbeat = new Heartbeat(1e9); // beats only when the test says so
  const waiting = Promise.withResolvers<void>();
  const clock = { now: () => 0, callAfter: () => (waiting.resolve(), () => {}) }; // never calls back
  const lines = { ...lineOptions(), rate: 1, burst: 1, clock };
  await echoing(
    async (port, _admission, connections) => {
      using client = await WebSocketClient.open(port, "/");
      await client.send("one", "two");
      await soon(waiting.promise, "wait for the rate limit");
      for (let beat = 0; beat < 4; beat++) heartbeat.beat();
      assertEquals(connections[0]!.closeReason, undefined);
      connections[0]!.close("enough");
      assertEquals((await client.rest()).map(shown), ["one", "close 1000 enough"]);
    },
    { heartbeat },
    lines,
  );
});

Deno.test("websocket: a client that exceeds its rate limit is not read from", async () => {
  const lines = { ...lineOptions(), rate: 1e-9 }; // one line, and then none for thirty years
  await echoing(
    async (port, _gate, connections) => {
      using client = await WebSocketClient.open(port, "/");
      let sent = 0;
      const message = piece({ opcode: 1, content: bytes("x".repeat(60_000)) });
      const ping = piece({ opcode: 9 });
      void (async () => {
        while (sent < 50e6) {
          await client.write(message);
          await client.write(ping);
          sent += message.length;
        }
      })().catch(() => {});
      await untilStill(() => sent);
      assert(sent < 50e6, `${sent} bytes were taken`);
      assertEquals(connections[0]!.closeReason, undefined);
      connections[0]!.close();
    },
    {},
    lines,
  );
});

/** Input by its kind, and how many lines it counts as if a line has at most 100 bytes. */
const CHARGED: Record<string, [Piece[], number]> = {
  "pongs that were not requested": [Array<Piece>(8).fill({ opcode: 10 }), 8],
  "empty fragments of a message, and its line": [[
    { opcode: 1, fin: false, content: bytes("in pieces") },
    ...Array<Piece>(8).fill({ opcode: 0, fin: false }),
    { opcode: 0 },
  ], 9],
  "overlong lines": [[{ opcode: 1, content: bytes(Array(4).fill("x".repeat(101)).join("\n")) }], 8],
  "a line as long as several": [[{ opcode: 1, content: bytes("x".repeat(800)) }], 8],
};

for (const [kind, [pieces, count]] of Object.entries(CHARGED)) {
  Deno.test(`websocket: input that is not delivered counts for the rate limit: ${kind}`, async () => {
    const clock = new VirtualClock();
    const lines = { ...lineOptions(100), rate: 20, burst: 2, clock };
    await echoing(
      async (port) => {
        using client = await WebSocketClient.open(port, "/");
        for (const it of pieces) await client.write(piece(it));
        await client.send("end");
        while (await client.text() !== "end");
        assertEquals(clock.time, 1000 * (count + 1 - 2) / 20);
        await client.write(piece(END));
        await client.rest();
      },
      {},
      lines,
    );
  });
}

Deno.test("websocket: a pong that answers a ping does not count for the rate limit", async () => {
  const heartbeat = new Heartbeat(1e9); // beats only when the test says so
  const lines = { ...lineOptions(), rate: 1e-9, burst: 3 };
  await echoing(
    async (port) => {
      using client = await WebSocketClient.open(port, "/");
      for (const word of ["one", "two", "three"]) {
        await client.send(word);
        assertEquals(await client.text(), word);
        if (word === "three") break;
        heartbeat.beat(); // it was not silent before …
        heartbeat.beat(); // … and now it was, so it is pinged, and answers while it waits for the echo
      }
      await client.write(piece(END));
      await client.rest();
    },
    { heartbeat },
    lines,
  );
});

Deno.test("websocket: one pong per ping is free, and others count for the rate limit", async () => {
  const heartbeat = new Heartbeat(1e9); // beats only when the test says so
  const clock = new VirtualClock();
  await echoing(
    async (port, _admission, connections) => {
      using client = await WebSocketClient.open(port, "/");
      await client.send("one");
      assertEquals(await client.text(), "one");
      assertEquals(connections[0]!.held, connections[0]!.queued, "the message is not held after its delivery");
      for (let beat = 0; beat < 2; beat++) heartbeat.beat();
      for (let n = 0; n < 8; n++) await client.write(piece({ opcode: 10 }));
      await client.send("two");
      assertEquals(await client.text(), "two"); // and answers the ping before it
      assert(clock.time >= 1000 * (8 - 1 + 2 - 2) / 20, `${clock.time} ms`);
      await client.write(piece(END));
      await client.rest();
    },
    { heartbeat },
    { ...lineOptions(), rate: 20, burst: 2, clock },
  );
});

Deno.test("websocket: pings count for the rate limit", async () => {
  const lines = { ...lineOptions(), rate: 1e-9, burst: 3 };
  await echoing(
    async (port, _gate, connections) => {
      using client = await WebSocketClient.open(port, "/");
      for (let n = 0; n < 10; n++) await client.write(piece({ opcode: 9, content: bytes(`${n}`) }));
      const answered: string[] = [];
      for (let frame = await client.next(); frame !== undefined; frame = await client.next()) {
        answered.push(shown(frame));
        if (answered.length === 3) connections[0]!.close("enough");
      }
      assertEquals(answered, ["0", "1", "2", "close 1000 enough"]);
    },
    {},
    lines,
  );
});

Deno.test("websocket: clients of a proxy count for the connection limits, and the proxy does not", async () => {
  const proxies = new AddressSet();
  proxies.add("127.0.0.1");
  await echoing(async (port, admission) => {
    const answer = await rawRequest(port, "GET /page HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
    assertEquals([answer.status, admission.entered], [200, 0]);
    {
      using client = await WebSocketClient.open(port, "/", { "x-forwarded-for": "192.0.2.1" });
      await admission.holds(1);
      assertEquals(admission.inside, ["192.0.2.1"]);
      await client.write(piece(END));
      await client.rest();
    }
    await admission.holds(0);
    admission.closed = "Not today.";
    using rejected = await WebSocketClient.open(port, "/", { "x-forwarded-for": "192.0.2.1" });
    assertEquals((await rejected.rest()).map(shown), ["no: Not today.", "close 1000 Not today."]);
  }, { proxies });
});

Deno.test("websocket: a rejected client of a proxy is disconnected even if the proxy does not read the reason", async () => {
  const proxies = new AddressSet();
  proxies.add("127.0.0.1");
  const admission = new OpenAdmission();
  admission.closed = "Not today.";
  const path = {
    subprotocols: {},
    framing: "text",
    lines: lineOptions(),
    refusal: () => "x".repeat(50e6), // more than socket buffers hold
    onConnection: () => {},
  } as const;
  const listener = await listenWeb({ ...webOptions(admission), proxies, sockets: new Map([["/", path]]) });
  using socket = await Deno.connect({ port: listener.port });
  await socket.write(bytes(handshake("/")));
  await soon(reset(socket), "reset of the connection");
  listener.close();
});

/** Resolves when the other end has closed a socket with unread bytes, which makes writes fail. */
async function reset(socket: Deno.TcpConn) {
  const some = new Uint8Array(65_536);
  try {
    while (true) await socket.write(some);
  } catch (error) {
    const isReset = [Deno.errors.ConnectionReset, Deno.errors.BrokenPipe].some((kind) => error instanceof kind);
    if (!isReset) throw error;
  }
}
