/** Bodies of HTTP requests and streamed responses: framing, smuggling, limits, timeouts and backpressure. */
import { assert, assertEquals, assertMatch } from "@std/assert";

import { HTTP_TIMES, type HttpOptions } from "../../src/transport/http.ts";
import { CHUNK_EXTRAS_MAX, CHUNK_LINE_MAX, PIECE_MAX, PIECE_MIN } from "../../src/transport/http_body.ts";
import { FIELDS_MAX } from "../../src/transport/http_request.ts";
import { fc } from "../dependencies.ts";
import { FakeTimers } from "../fake_timers.ts";
import { soon } from "./ports.ts";
import { ScriptedSocket, serve } from "./scripted_socket.ts";

const HEAD = "POST /x HTTP/1.1\r\nHost: x\r\n";
const CHUNKED = `${HEAD}Transfer-Encoding: chunked\r\n\r\n`;
const NEXT = "GET /next HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n";
const LIMIT = 1000;

/** Answers with the body. */
const echo: HttpOptions["handler"] = async (request) => new Response(`[${await request.text()}]`);

/** The responses to reads, and the bodies that the handler got. */
async function answerTo(reads: readonly string[], options: Partial<HttpOptions> = {}): Promise<string> {
  const socket = new ScriptedSocket(reads);
  await soon(serve(socket, { handler: echo, bodyLimit: () => LIMIT, ...options }), "end of the connection");
  return socket.answer;
}

/** The statuses of responses, and their bodies in brackets. */
function found(answer: string): string {
  return [...answer.matchAll(/HTTP\/1\.1 (\d+)|(\[[^\]]*\])/g)].map(([, status, body]) => status ?? body).join(" ");
}

const VALID: Record<string, [string, string]> = {
  "a length": [`${HEAD}Content-Length: 3\r\n\r\nabc`, "[abc]"],
  "a length with zeros before it": [`${HEAD}Content-Length: 003\r\n\r\nabc`, "[abc]"],
  "no length": [`${HEAD}\r\n`, "[]"],
  "length 0": [`${HEAD}Content-Length: 0\r\n\r\n`, "[]"],
  "one chunk": [`${CHUNKED}3\r\nabc\r\n0\r\n\r\n`, "[abc]"],
  "several chunks": [`${CHUNKED}1\r\na\r\n0A\r\n0123456789\r\n02\r\nbc\r\n000\r\n\r\n`, "[a0123456789bc]"],
  "no data in chunks": [`${CHUNKED}0\r\n\r\n`, "[]"],
  "extensions": [`${CHUNKED}3;a=b ; c="d"\r\nabc\r\n0 ;e\r\n\r\n`, "[abc]"],
  "trailers": [`${CHUNKED}3\r\nabc\r\n0\r\nA: b\r\nContent-Length: 7\r\n\r\n`, "[abc]"],
  "as many trailers as there may be": [`${CHUNKED}3\r\nabc\r\n0\r\n${"A: b\r\n".repeat(FIELDS_MAX)}\r\n`, "[abc]"],
  "data that looks like chunks": [`${CHUNKED}7\r\n0\r\n\r\nab\r\n0\r\n\r\n`, "[0\r\n\r\nab]"],
};

for (const [name, [request, body]] of Object.entries(VALID)) {
  Deno.test(`http: a body with ${name} is read to its end, however it is cut into reads`, async () => {
    const whole = request + NEXT;
    const all = [[whole], [...whole]];
    for (let at = 1; at < whole.length; at++) all.push([whole.slice(0, at), whole.slice(at)]);
    for (const reads of all) assertEquals(found(await answerTo(reads)), `200 ${body} 200 []`, JSON.stringify(reads));
  });
}

const INVALID: Record<string, [string, number]> = {
  "both a length and chunks": [`${HEAD}Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n`, 400],
  "chunks in HTTP/1.0": ["POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400],
  "two codings": [`${HEAD}Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n`, 400],
  "chunks twice": [`${HEAD}Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n`, 400],
  "two lengths": [`${HEAD}Content-Length: 3\r\nContent-Length: 3\r\n\r\nabc`, 400],
  "a hexadecimal length": [`${HEAD}Content-Length: 0x3\r\n\r\nabc`, 400],
  "a fractional length": [`${HEAD}Content-Length: 3.0\r\n\r\nabc`, 400],
  "a huge length": [`${HEAD}Content-Length: 99999999999999999999\r\n\r\nabc`, 400],
  "a length over the limit": [`${HEAD}Content-Length: ${LIMIT + 1}\r\n\r\n`, 413],
  "a chunk over the limit": [`${CHUNKED}3E9\r\n`, 413],
  "chunks that are over the limit together": [`${CHUNKED}3E8\r\n${"x".repeat(LIMIT)}\r\n1\r\na\r\n0\r\n\r\n`, 413],
  "a size with 0x": [`${CHUNKED}0x3\r\nabc\r\n0\r\n\r\n`, 400],
  "a negative size": [`${CHUNKED}-3\r\nabc\r\n0\r\n\r\n`, 400],
  "a size after a space": [`${CHUNKED} 3\r\nabc\r\n0\r\n\r\n`, 400],
  "a size with a space after it": [`${CHUNKED}3 \r\nabc\r\n0\r\n\r\n`, 400],
  "no size": [`${CHUNKED}\r\nabc\r\n0\r\n\r\n`, 400],
  "a size of nine digits": [`${CHUNKED}000000003\r\nabc\r\n0\r\n\r\n`, 400],
  "a bare LF after a size": [`${CHUNKED}3\nabc\r\n0\r\n\r\n`, 400],
  "a bare LF after a size of two digits": [`${CHUNKED}10\na\r\n0\r\n\r\n`, 400],
  "a bare LF after a chunk": [`${CHUNKED}3\r\nabc\n0\r\n\r\n`, 400],
  "a bare CR in an extension": [`${CHUNKED}3;a\rb\r\nabc\r\n0\r\n\r\n`, 400],
  "a chunk longer than its size": [`${CHUNKED}3\r\nabcd\r\n0\r\n\r\n`, 400],
  "an invalid trailer": [`${CHUNKED}0\r\nnothing\r\n\r\n`, 400],
  "a folded trailer": [`${CHUNKED}0\r\nA: b\r\n c\r\n\r\n`, 400],
  "an overlong line before a chunk": [`${CHUNKED}3;${"x".repeat(CHUNK_LINE_MAX)}\r\nabc\r\n0\r\n\r\n`, 400],
  "too many trailers": [`${CHUNKED}0\r\n${"A: b\r\n".repeat(FIELDS_MAX + 1)}\r\n`, 431],
  "too long trailers": [`${CHUNKED}0\r\n${`A: ${"x".repeat(200)}\r\n`.repeat(CHUNK_EXTRAS_MAX / 203 + 1)}\r\n`, 431],
  "too many extensions": [
    `${CHUNKED}${
      `1;${"x".repeat(CHUNK_LINE_MAX - 4)}\r\na\r\n`.repeat(CHUNK_EXTRAS_MAX / CHUNK_LINE_MAX + 2)
    }0\r\n\r\n`,
    431,
  ],
};

for (const [name, [request, status]] of Object.entries(INVALID)) {
  Deno.test(`http: a body with ${name} is rejected with ${status}, and nothing after it is read`, async () => {
    for (const reads of [[request + NEXT], [...request + NEXT]]) {
      const causes: string[] = [];
      const onRejected: HttpOptions["onRejected"] = (_reason, cause) => causes.push(cause);
      const answer = await answerTo(reads, { onRejected });
      assertMatch(answer, new RegExp(`^HTTP/1\\.1 ${status} [^]*\r\nconnection: close\r\n`));
      assertEquals([answer.match(/HTTP\/1\.1 /g)?.length, causes], [1, ["bad request"]], answer);
    }
  });
}

Deno.test("http: any body arrives as it was sent, in any chunks and reads, and the next request after it", () =>
  fc.assert(fc.asyncProperty(
    fc.array(fc.string({ minLength: 1, maxLength: 40, unit: "grapheme-ascii" }), { maxLength: 20 }),
    fc.boolean(),
    fc.array(fc.integer({ min: 1, max: 60 }), { minLength: 1 }),
    async (pieces, chunked, cuts) => {
      const text = pieces.join("").replaceAll(/[[\]]/g, "_").slice(0, LIMIT);
      const chunks = pieces.map((piece) => piece.replaceAll(/[[\]]/g, "_"));
      const body = chunks.map((chunk) => `${chunk.length.toString(16)}\r\n${chunk}\r\n`).join("");
      const request = chunked ? `${CHUNKED}${body}0\r\n\r\n` : `${HEAD}Content-Length: ${text.length}\r\n\r\n${text}`;
      const reads: string[] = [];
      for (let rest = request + NEXT, n = 0; rest !== ""; n++) {
        const cut = cuts[n % cuts.length]!;
        reads.push(rest.slice(0, cut));
        rest = rest.slice(cut);
      }
      assertEquals(found(await answerTo(reads)), `200 [${text}] 200 []`);
    },
  )));

Deno.test("http: a request with a body is rejected with 413 where none is accepted, and for GET and HEAD", async () => {
  const length = "Content-Length: 3\r\n\r\nabc";
  const none: Partial<HttpOptions> = { bodyLimit: (_method, url) => url.endsWith("/x") ? 0 : LIMIT };
  assertMatch(await answerTo([`${HEAD}${length}${NEXT}`], none), /^HTTP\/1\.1 413 [^]*not accepted\.\n$/);
  assertMatch(await answerTo([`${CHUNKED}0\r\n\r\n${NEXT}`], none), /^HTTP\/1\.1 413 [^]*not accepted\.\n$/);
  for (const method of ["GET", "HEAD"]) {
    assertMatch(await answerTo([`${method} /y HTTP/1.1\r\nHost: x\r\n${length}${NEXT}`]), /^HTTP\/1\.1 413 [^]*\.\n$/);
  }
});

Deno.test("http: an invalid body is answered with problem details", async () => {
  const answer = await answerTo([`${HEAD}Content-Length: ${LIMIT + 1}\r\n\r\n`]);
  assertMatch(answer, /\r\ncontent-type: application\/problem\+json\r\n/);
  assertEquals(JSON.parse(answer.slice(answer.indexOf("{"))), {
    title: "Content Too Large",
    status: 413,
    detail: `Request body too long: at most ${LIMIT} bytes.`,
  });
});

Deno.test("http: 100 Continue is sent when the body is read, once, and not when it is not wanted", async () => {
  const expecting = `${HEAD}Content-Length: 3\r\nExpect: 100-continue\r\n\r\n`;
  const socket = new ScriptedSocket([expecting], true);
  const served = serve(socket, { handler: echo, bodyLimit: () => LIMIT });
  await soon(socket.drained, "read of the head");
  assertEquals(socket.answer, "HTTP/1.1 100 Continue\r\n\r\n");
  for (const byte of "abc") socket.send(byte);
  socket.send(NEXT);
  await soon(served, "end of the connection");
  assertEquals(found(socket.answer), "100 200 [abc] 200 []");
  assertEquals(found(await answerTo([`${expecting}abc${NEXT}`])), "200 [abc] 200 []"); // it was sent already
  assertEquals(found(await answerTo([expecting], { bodyLimit: () => 2 })), "413");
  const refuse = () => new Response("[no]", { status: 403 });
  assertEquals(found(await answerTo([`${expecting}abc${NEXT}`], { handler: refuse })), "403 [no]");
  const http10 = "POST / HTTP/1.0\r\nContent-Length: 3\r\nExpect: 100-continue\r\n\r\n";
  assertEquals(found(await answerTo([http10, "abc"])), "200 [abc]");
});

Deno.test("http: the connection ends after a response when the body was not read to its end", async () => {
  const handler: HttpOptions["handler"] = async (request) => {
    const reader = request.body?.getReader();
    await reader?.read();
    return new Response("[enough]");
  };
  assertEquals(
    found(await answerTo([`${HEAD}Content-Length: 6\r\n\r\nabc`, `def${NEXT}`], { handler })),
    "200 [enough]",
  );
  assertEquals(
    found(await answerTo([`${HEAD}Content-Length: 3\r\n\r\nabc${NEXT}`], { handler })),
    "200 [enough] 200 [enough]",
  );
});

Deno.test("http: a body that ends early fails its reader, and is not answered as if it were whole", async () => {
  for (const request of [`${HEAD}Content-Length: 5\r\n\r\nab`, `${CHUNKED}5\r\nab`, `${CHUNKED}2\r\nab\r\n`]) {
    const bodies: string[] = [];
    const errors: unknown[] = [];
    const handler: HttpOptions["handler"] = async (request) => {
      bodies.push(await request.text());
      return new Response("ok");
    };
    const answer = await answerTo([request], { handler, onError: (error) => errors.push(error) });
    assertMatch(answer, /^HTTP\/1\.1 400 /);
    assertEquals([bodies, errors], [[], []]);
  }
});

Deno.test("http: a body is read when its consumer asks for more, in pieces of at most PIECE_MAX", async () => {
  const { promise: go, resolve } = Promise.withResolvers<void>();
  const lengths: number[] = [];
  const handler: HttpOptions["handler"] = async (request) => {
    await go;
    for await (const piece of request.body!) lengths.push(piece.length);
    return new Response("[read]");
  };
  const size = 5 * PIECE_MAX;
  const socket = new ScriptedSocket([`${HEAD}Content-Length: ${size}\r\n\r\n`, "x".repeat(size), NEXT]);
  let reads = 0;
  const read = socket.read.bind(socket);
  socket.read = (buffer) => {
    reads++;
    return read(buffer);
  };
  const served = serve(socket, { handler, bodyLimit: () => size });
  await new Promise((resolve) => setTimeout(resolve));
  assertEquals(reads, 1); // the head
  resolve();
  await soon(served, "end of the connection");
  const [first, second, third, ...rest] = lengths; // a client that sends fast is read in larger pieces
  assertEquals([first, second, third], [PIECE_MIN, 4 * PIECE_MIN, PIECE_MAX]);
  assert(rest.every((length) => length <= PIECE_MAX) && rest.length === 4, `${lengths}`);
  assertEquals(lengths.reduce((sum, length) => sum + length), size);
});

Deno.test("http: a body that does not arrive in time is rejected with 408, also when a byte arrives now and then", async () => {
  const times = { ...HTTP_TIMES, body: 1000, linger: 10 };
  {
    using timers = new FakeTimers(1000);
    const socket = new ScriptedSocket([`${HEAD}Content-Length: 9\r\n\r\na`], true);
    const causes: string[] = [];
    const onRejected: HttpOptions["onRejected"] = (_reason, cause) => causes.push(cause);
    const served = serve(socket, { handler: echo, bodyLimit: () => LIMIT, times, onRejected });
    await soon(socket.drained, "read of the first byte");
    timers.pass(1000);
    await soon(served, "end of the connection");
    assertMatch(socket.answer, /^HTTP\/1\.1 408 [^]*"detail":"Request body too slow\."/);
    assertEquals(causes, ["too slow a request"]);
  }
  const socket = new ScriptedSocket([`${HEAD}Content-Length: 999\r\n\r\n`], true);
  const dripping = setInterval(() => socket.send("a"), 5);
  try {
    await soon(
      serve(socket, { handler: echo, bodyLimit: () => LIMIT, times: { ...times, body: 100 } }), // 100 ms and 1000 / 16
      "end of the connection",
    );
  } finally {
    clearInterval(dripping);
  }
  assertMatch(socket.answer, /^HTTP\/1\.1 408 /);
});

/** A stream of pieces that a test sends, and whether it was cancelled. */
function source() {
  let controller!: ReadableStreamDefaultController<Uint8Array>;
  const { promise: cancelled, resolve } = Promise.withResolvers<void>();
  let pulls = 0;
  const stream = new ReadableStream<Uint8Array>({
    start: (given) => void (controller = given),
    pull: () => void pulls++,
    cancel: () => resolve(),
  }, { highWaterMark: 0 });
  const send = (text: string) => controller.enqueue(new TextEncoder().encode(text));
  return {
    stream,
    cancelled,
    send,
    close: () => controller.close(),
    fail: () => controller.error(new Error("on purpose")),
    pulls: () => pulls,
  };
}

const GET = "GET / HTTP/1.1\r\nHost: x\r\n\r\n";

Deno.test("http: a streamed response is sent in chunks and ends the connection; in HTTP/1.0 it has none", async () => {
  for (const [request, body] of [[GET, "2\r\nab\r\n1\r\nc\r\n0\r\n\r\n"], ["GET / HTTP/1.0\r\n\r\n", "abc"]] as const) {
    const { stream, send, close } = source();
    const socket = new ScriptedSocket([request + NEXT], true);
    const served = serve(socket, {
      handler: () => ({ status: 200, headers: { a: "b" }, stream }),
      times: { ...HTTP_TIMES, linger: 1 },
    });
    send("ab");
    send("");
    send("c");
    close();
    await soon(served, "end of the connection");
    const [head = "", rest] = socket.answer.split(/\r\n\r\n([^]*)/);
    assertMatch(head, /^HTTP\/1\.1 200 OK\r\n[^]*\r\na: b\r\nconnection: close/);
    assertEquals([rest, head.includes("transfer-encoding: chunked")], [body, request === GET]);
  }
});

Deno.test("http: a streamed response with a length leaves the connection open", async () => {
  const bodies = ["[abc]", "[de]"];
  const handler: HttpOptions["handler"] = () => {
    const body = bodies.shift()!;
    return { status: 200, headers: { "content-length": String(body.length) }, stream: new Response(body).body! };
  };
  const answer = await answerTo([GET + GET], { handler });
  assertEquals(found(answer), "200 [abc] 200 [de]");
  assert(!answer.includes("chunked"));
});

Deno.test("http: HEAD gets the head of a streamed response, which is cancelled", async () => {
  const { stream, cancelled, send } = source();
  send("ab");
  const handler = () => ({ status: 200, headers: { "content-length": "2" }, stream });
  const answer = await answerTo([`HEAD / HTTP/1.1\r\nHost: x\r\n\r\n`], { handler });
  assertMatch(answer, /^HTTP\/1\.1 200 OK\r\n[^]*content-length: 2\r\n\r\n$/);
  await soon(cancelled, "cancellation");
});

Deno.test("http: a streamed response is cancelled when the client leaves, and its input before is discarded", async () => {
  const { stream, cancelled, send } = source();
  const socket = new ScriptedSocket([GET], true);
  const served = serve(socket, { handler: () => ({ status: 200, headers: {}, stream }) });
  send("ab");
  socket.send("x".repeat(5000));
  await soon(socket.drained, "read of what is discarded");
  socket.end();
  await soon(cancelled, "cancellation");
  await soon(served, "end of the connection");
});

Deno.test("http: a stream is read no faster than the client reads, which is disconnected when it does not", async () => {
  using timers = new FakeTimers(30_000);
  const { stream, cancelled, send, pulls } = source();
  const socket = new ScriptedSocket([GET], true);
  socket.blocked = Promise.withResolvers<void>().promise;
  const close = socket.close.bind(socket);
  socket.close = () => {
    close();
    unblock();
  };
  const { promise, resolve: unblock } = Promise.withResolvers<void>();
  socket.blocked = promise;
  const served = serve(socket, { handler: () => ({ status: 200, headers: {}, stream }) });
  send("ab");
  await new Promise((resolve) => setImmediate(resolve));
  assertEquals([pulls(), socket.answer], [0, ""]);
  timers.pass(30_000);
  await soon(cancelled, "cancellation");
  await soon(served, "end of the connection");
});

Deno.test("http: a stream that fails, or has another length than promised, ends the connection before the end of the response", async () => {
  const errors: string[] = [];
  const onError = (error: unknown) => errors.push(String(error));
  {
    const { stream, send, fail } = source();
    const socket = new ScriptedSocket([GET + NEXT], true);
    const served = serve(socket, { handler: () => ({ status: 200, headers: {}, stream }), onError });
    send("ab");
    await soon(socket.drained, "read of the request");
    await new Promise((resolve) => setTimeout(resolve));
    fail();
    await soon(served, "end of the connection");
    assert(socket.answer.endsWith("\r\n\r\n2\r\nab\r\n"), socket.answer);
  }
  for (const length of ["1", "3"]) {
    const handler = () => ({ status: 200, headers: { "content-length": length }, stream: new Response("ab").body! });
    const answer = await answerTo([GET + NEXT], { handler, onError });
    assertEquals(answer.match(/HTTP\/1\.1/g)?.length, 1);
  }
  assertEquals(errors, [
    "Error: on purpose",
    "Error: The response is longer than 1 bytes",
    "Error: The response is shorter than 3 bytes",
  ]);
});
