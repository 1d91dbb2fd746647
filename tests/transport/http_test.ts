/**
 * RFC 9112 over raw sockets: what is answered, what is refused, and when one has waited long enough.
 */
import { assert, assertEquals, assertMatch } from "@std/assert";
import { HEAD_MAX, HTTP_TIMES, HttpConnection, type HttpOptions, type HttpTimes } from "../../src/transport/http.ts";
import type { Socket } from "../../src/transport/socket.ts";
import { listenWeb, type WebOptions } from "../../src/transport/web.ts";
import { rawRequest } from "../websocket_client.ts";
import { OpenGate, soon, webOptions } from "./ports.ts";

const HOST = "Host: x\r\n";
const END = "Connection: close\r\n\r\n";

/** A port that answers each request with its method and its path, and `/wrong` by going wrong. */
async function serving(body: (port: number, gate: OpenGate) => Promise<void>, options: Partial<WebOptions> = {}) {
  const gate = new OpenGate();
  const respond = ({ method, url }: Request) => {
    const { pathname } = new URL(url);
    if (pathname === "/wrong") throw new Error("on purpose");
    const allowed = method === "GET" || method === "HEAD";
    return new Response(`${method} ${pathname}\n`, { status: allowed ? 200 : 405 });
  };
  const listener = listenWeb({ ...webOptions(gate), respond, ...options });
  try {
    await body(listener.port, gate);
    await gate.holds(0);
  } finally {
    listener.close();
  }
}

/** All that comes back for bytes, to the end. */
async function exchange(port: number, ...parts: string[]): Promise<string> {
  using socket = await Deno.connect({ port });
  socket.setNoDelay();
  for (const part of parts) await socket.write(Uint8Array.from(part, (char) => char.charCodeAt(0)));
  return await new Response(socket.readable).text();
}

/** A client that says its bytes in reads of our choosing, and is told something. Nothing of it takes any time. */
class Script implements Socket {
  readonly remoteAddr = { hostname: "192.0.2.1", port: 1 };
  /** What it was told. */
  answer = "";
  readonly #reads: Uint8Array[];
  readonly #end = Promise.withResolvers<null>();

  /** @param stays Whether it says nothing after its reads until it is hung up on, instead of hanging up. */
  constructor(reads: readonly string[], stays = false) {
    this.#reads = reads.map((text) => Uint8Array.from(text, (char) => char.charCodeAt(0)));
    if (!stays) this.#end.resolve(null);
  }

  read(buffer: Uint8Array): Promise<number | null> {
    const next = this.#reads.shift();
    if (next === undefined) return this.#end.promise;
    const count = Math.min(next.length, buffer.length);
    buffer.set(next.subarray(0, count));
    if (count < next.length) this.#reads.unshift(next.subarray(count));
    return Promise.resolve(count);
  }

  write(bytes: Uint8Array): Promise<number> {
    this.answer += String.fromCharCode(...bytes);
    return Promise.resolve(bytes.length);
  }

  closeWrite(): Promise<void> {
    return Promise.resolve();
  }

  close(): void {
    this.#end.resolve(null);
  }
}

/** What is answered to bytes that come in such reads: `ok`, if they make a request. */
async function answerTo(...reads: string[]): Promise<string> {
  const socket = new Script(reads);
  await serve(socket);
  return socket.answer;
}

/** Answers a client until it is over. */
async function serve(socket: Socket, options: Partial<HttpOptions> = {}): Promise<void> {
  const onRefused = () => {};
  const onError = (error: unknown) => {
    throw error;
  };
  const handler = () => new Response("ok\n");
  const schedule = <T>(work: () => T) => work();
  const all = { handler, schedule, secure: false, onRefused, onError, times: HTTP_TIMES, ...options };
  await new HttpConnection(socket, all).run();
}

const REFUSED: Record<string, [string, number]> = {
  "no request line": [`nonsense\r\n${HOST}${END}`, 400],
  "two spaces in the request line": [`GET  / HTTP/1.1\r\n${HOST}${END}`, 400],
  "a space before the request line": [` GET / HTTP/1.1\r\n${HOST}${END}`, 400],
  "bytes that are no ASCII in the target": [`GET /\xfc HTTP/1.1\r\n${HOST}${END}`, 400],
  "a lower-case version": [`GET / http/1.1\r\n${HOST}${END}`, 400],
  "HTTP/2.0": [`GET / HTTP/2.0\r\n${HOST}${END}`, 505],
  "HTTP/2's preface": ["PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 505],
  "a bare LF": [`GET / HTTP/1.1\n${HOST}${END}`, 400],
  "a bare LF after a field": [`GET / HTTP/1.1\r\nHost: x\n${END}`, 400],
  "a bare CR in a field": [`GET / HTTP/1.1\r\n${HOST}A: b\rc\r\n${END}`, 400],
  "a field over two lines": [`GET / HTTP/1.1\r\n${HOST}A: b\r\n c\r\n${END}`, 400],
  "a space before the colon": [`GET / HTTP/1.1\r\nHost : x\r\n${END}`, 400],
  "a field without a colon": [`GET / HTTP/1.1\r\n${HOST}nothing\r\n${END}`, 400],
  "a field without a name": [`GET / HTTP/1.1\r\n${HOST}: b\r\n${END}`, 400],
  "a NUL in a field": [`GET / HTTP/1.1\r\n${HOST}A: b\0c\r\n${END}`, 400],
  "no Host": [`GET / HTTP/1.1\r\n${END}`, 400],
  "two of them": [`GET / HTTP/1.1\r\n${HOST}${HOST}${END}`, 400],
  "two of them, one empty": [`GET / HTTP/1.1\r\nHost:\r\n${HOST}${END}`, 400],
  "a Host that is none": [`GET / HTTP/1.1\r\nHost: a b\r\n${END}`, 400],
  "a Host with somebody's name": [`GET / HTTP/1.1\r\nHost: me@x\r\n${END}`, 400],
  "a target with somebody's name": [`GET http://me@x/ HTTP/1.1\r\n${HOST}${END}`, 400],
  "a target that is none": [`GET nowhere HTTP/1.1\r\n${HOST}${END}`, 400],
  "a star for GET": [`GET * HTTP/1.1\r\n${HOST}${END}`, 400],
  "a body": [`POST / HTTP/1.1\r\n${HOST}Content-Length: 3\r\n\r\nabc`, 413],
  "a length that is none": [`GET / HTTP/1.1\r\n${HOST}Content-Length: -1\r\n${END}`, 400],
  "a length with a plus": [`GET / HTTP/1.1\r\n${HOST}Content-Length: +0\r\n${END}`, 400],
  "two lengths": [`GET / HTTP/1.1\r\n${HOST}Content-Length: 0\r\nContent-Length: 5\r\n${END}`, 400],
  "a list of lengths": [`GET / HTTP/1.1\r\n${HOST}Content-Length: 0, 0\r\n${END}`, 400],
  "chunks": [`POST / HTTP/1.1\r\n${HOST}Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n`, 413],
  "chunks and a length": [`GET / HTTP/1.1\r\n${HOST}Content-Length: 0\r\nTransfer-Encoding: chunked\r\n\r\n`, 400],
  "another coding": [`GET / HTTP/1.1\r\n${HOST}Transfer-Encoding: identity\r\n${END}`, 400],
  "a hidden coding": [`GET / HTTP/1.1\r\n${HOST}Transfer-Encoding: \x0bchunked\r\n${END}`, 400],
  "chunks in HTTP/1.0": [`GET / HTTP/1.0\r\n${HOST}Transfer-Encoding: chunked\r\n\r\n`, 400],
  "a method that there is not": [`BREW / HTTP/1.1\r\n${HOST}${END}`, 501],
  "CONNECT": [`CONNECT x:80 HTTP/1.1\r\n${HOST}${END}`, 405],
  "TRACE": [`TRACE / HTTP/1.1\r\n${HOST}${END}`, 405],
  "an expectation": [`GET / HTTP/1.1\r\n${HOST}Expect: miracles\r\n${END}`, 417],
  "a target that is too long": [`GET /${"x".repeat(9000)} HTTP/1.1\r\n${HOST}${END}`, 414],
  "a head that is too long": [`GET / HTTP/1.1\r\n${HOST}A: ${"x".repeat(9000)}\r\n${END}`, 431],
  "101 fields": [`GET / HTTP/1.1\r\n${HOST}${"A: b\r\n".repeat(100)}\r\n`, 431],
};

for (const [name, [request, status]] of Object.entries(REFUSED)) {
  Deno.test(`${name} is refused and told of, and nothing after it is read`, async () => {
    const told: string[][] = [];
    const onRefused: WebOptions["onRefused"] = (...all) => told.push(all.map(String));
    await serving(async (port) => {
      const text = await exchange(port, `${request}GET /smuggled HTTP/1.1\r\n${HOST}${END}`);
      assertMatch(text, new RegExp(`^HTTP/1\\.1 ${status} [A-Z]`));
      assertEquals(text.match(/HTTP\/1\.1 /g)?.length, 1, text);
      assertMatch(text, /\r\nconnection: close\r\n/);
      if (status === 405) assertMatch(text, /\r\nallow: GET, HEAD\r\n/);
      const [[peer = "", why = "", cause] = [], ...more] = told;
      assertMatch(peer, /^127\.0\.0\.1:\d+$/);
      assert(text.endsWith(`\r\n\r\n${why}.\n`), `${why}: ${text}`);
      assertEquals([cause, more], ["bad request", []]);
    }, { onRefused });
  });
}

Deno.test("what is as it should be is answered, with Date, Content-Length and Connection", () =>
  serving(async (port) => {
    const cases: Record<string, string> = {
      [`GET /a HTTP/1.1\r\n${HOST}${END}`]: "GET /a\n",
      [`\r\nGET /a HTTP/1.1\r\n${HOST}${END}`]: "GET /a\n",
      [`GET /a HTTP/1.1\r\nhOST:x:80\t\r\n${END}`]: "GET /a\n",
      [`GET /a HTTP/1.1\r\nHost:\r\n${END}`]: "GET /a\n",
      [`GET /a HTTP/1.1\r\nHost: [::1]:80\r\n${END}`]: "GET /a\n",
      [`GET http://y/b?c HTTP/1.1\r\n${HOST}${END}`]: "GET /b\n",
      [`GET /a HTTP/1.9\r\n${HOST}${END}`]: "GET /a\n",
      [`GET /a HTTP/1.1\r\n${HOST}Content-Length: 0\r\n${END}`]: "GET /a\n",
      [`GET /a HTTP/1.1\r\n${HOST}Expect: 100-continue\r\n${END}`]: "GET /a\n",
      [`GET /a HTTP/1.1\r\n${HOST}A:\r\nB: \xfc\t c \r\n${END}`]: "GET /a\n",
      [`GET /a HTTP/1.1\r\n${HOST}${"A: b\r\n".repeat(98)}${END}`]: "GET /a\n",
      [`GET /a HTTP/1.0\r\n\r\n`]: "GET /a\n",
    };
    for (const [request, body] of Object.entries(cases)) {
      const answer = await rawRequest(port, request);
      assertEquals([answer.status, answer.body], [200, body], request);
      assertEquals(answer.headers.get("content-length"), String(body.length));
      assertEquals(answer.headers.get("connection"), "close");
      assert(Math.abs(Date.parse(answer.headers.get("date")!) - Date.now()) < 60_000);
    }
    const head = await rawRequest(port, `HEAD /a HTTP/1.1\r\n${HOST}${END}`);
    assertEquals([head.status, head.body], [200, ""]);
  }));

Deno.test("a head may come a byte at a time", () =>
  serving(async (port) => {
    const text = await exchange(port, ...`GET /slow HTTP/1.1\r\n${HOST}${END}`);
    assertMatch(text, /^HTTP\/1\.1 200 OK\r\n[^]*\r\n\r\nGET \/slow\n$/);
  }));

Deno.test("an empty line may come before a request, and more are none; wherever it is cut", async () => {
  const requests: Record<string, RegExp> = {
    [`\r\nGET /1 HTTP/1.1\r\n${HOST}\r\n\r\nGET /2 HTTP/1.1\r\n${HOST}${END}`]: /^200 200$/,
    [`\r\n\r\nGET / HTTP/1.1\r\n${HOST}${END}`]: /^400$/,
    [`\n\r\nGET / HTTP/1.1\r\n${HOST}${END}`]: /^400$/,
    [`\rGET / HTTP/1.1\r\n${HOST}${END}`]: /^400$/,
    ["\r\n"]: /^$/,
  };
  for (const [request, statuses] of Object.entries(requests)) {
    const all = [[...request]]; // a byte at a time, and in two pieces
    for (let at = 0; at < request.length; at++) all.push([request.slice(0, at), request.slice(at)]);
    for (const reads of all) {
      const answer = await answerTo(...reads.filter((read) => read !== ""));
      const found = [...answer.matchAll(/HTTP\/1\.1 (\d+)/g)].map(([, status]) => status).join(" ");
      assertMatch(found, statuses, JSON.stringify(reads));
    }
  }
});

const BLANKS = 8000;

/** Where many blanks could be, each with what is answered. */
const PLACES: Record<string, [(blanks: string) => string, number]> = {
  "around a value": [(blanks) => `A:${blanks}b${blanks}`, 200],
  "inside of a value": [(blanks) => `A: b${blanks}c`, 200],
  "instead of a value": [(blanks) => `A:${blanks}`, 200],
  "before what no value has": [(blanks) => `A:${blanks}\x01`, 400],
  "behind what no value has": [(blanks) => `A: \x01${blanks}`, 400],
  "before a colon": [(blanks) => `A${blanks}: b`, 400],
  "inside of a Host": [(blanks) => `Host: x${blanks}y`, 400],
  "in a field without a colon": [(blanks) => `A${blanks}b`, 400],
  "in a list": [(blanks) => `Connection:${blanks}close${blanks}, ${blanks}x`, 200],
};

/** How long it takes to answer, in milliseconds: the least of some tries, unless one is beyond all doubt. */
async function timeOf(request: string, status: number): Promise<number> {
  let least = Infinity;
  for (let tries = 0; tries < 10 && (tries === 0 || least < 1000); tries++) {
    const began = performance.now();
    const answer = await answerTo(request);
    least = Math.min(least, performance.now() - began);
    assertMatch(answer, new RegExp(`^HTTP/1\\.1 ${status} `));
  }
  return least;
}

for (const [name, [field, status]] of Object.entries(PLACES)) {
  Deno.test(`thousands of blanks cost no more than as many letters: ${name}`, async () => {
    const parts = field("-").split("-").length - 1;
    const host = field("").startsWith("Host") ? "" : HOST;
    for (const blank of [" ", "\t"]) {
      const line = field(blank.repeat(BLANKS / parts));
      const letters = `GET / HTTP/1.1\r\n${HOST}A: ${"b".repeat(line.length - 3)}\r\n${END}`;
      assert(letters.length < HEAD_MAX);
      const plain = await timeOf(letters, 200);
      const took = await timeOf(`GET / HTTP/1.1\r\n${host}${line}\r\n${END}`, status);
      assert(took < 10 * plain, `${took} ms, and ${plain} ms with letters`);
    }
  });
}

Deno.test("requests that come at once are answered in their order, and the last ends it", () =>
  serving(async (port) => {
    const requests = Array.from({ length: 200 }, (_, n) => `GET /${n} HTTP/1.1\r\n${HOST}\r\n`).join("");
    const text = await exchange(
      port,
      requests + `GET /end HTTP/1.1\r\n${HOST}${END}GET /after HTTP/1.1\r\n${HOST}${END}`,
    );
    const bodies = text.match(/GET \/\w+/g) ?? [];
    assertEquals(bodies, [...Array.from({ length: 200 }, (_, n) => `GET /${n}`), "GET /end"]);
    assertEquals(text.match(/connection: close/g)?.length, 1);
  }));

Deno.test("a thousand requests are all that one connection has", () =>
  serving(async (port) => {
    const text = await exchange(port, `GET / HTTP/1.1\r\n${HOST}\r\n`.repeat(1001));
    assertEquals(text.match(/^HTTP\/1\.1 200/gm)?.length, 1000);
  }));

Deno.test("who has been here for too long is answered once more, and that is the end", () =>
  serving(async (port) => {
    const text = await exchange(port, `GET /1 HTTP/1.1\r\n${HOST}\r\n`.repeat(2));
    assertMatch(text, /^HTTP\/1\.1 200 OK\r\n[^]*connection: close\r\n[^]*GET \/1\n$/);
    assertEquals(text.match(/GET \/1/g)?.length, 1);
  }, { times: timesWith({ all: 0 }) }));

Deno.test("a request is looked at when it is its turn, and not before", async () => {
  const turns: (() => void)[] = [];
  const asked: string[] = [];
  const schedule = <T>(work: () => T) => {
    const { promise, resolve, reject } = Promise.withResolvers<Awaited<T>>();
    turns.push(() => {
      try {
        resolve(work() as Awaited<T>);
      } catch (error) {
        reject(error);
      }
    });
    return promise;
  };
  const handler = ({ url }: Request) => {
    asked.push(url);
    return new Response("ok\n");
  };
  const request = `GET / HTTP/1.1\r\n${HOST}\r\n`;
  const good = new Script([request.repeat(2)]);
  const bad = new Script([`GET / HTTP/1.1\r\n${HOST}A : b\r\n\r\n`]);
  const all = [serve(good, { handler, schedule }), serve(bad, { handler, schedule })];
  const nextTurn = () => new Promise((resolve) => setTimeout(resolve));
  await nextTurn();
  assertEquals([turns.length, asked, good.answer, bad.answer], [2, [], "", ""]);
  for (const turn of turns.splice(0)) turn();
  await nextTurn();
  assertEquals([turns.length, asked.length], [1, 1]); // the second request waits anew
  assertMatch(bad.answer, /^HTTP\/1\.1 400 /);
  turns.pop()!();
  await soon(Promise.all(all));
  assertEquals(good.answer.match(/^HTTP\/1\.1 200/gm)?.length, 2);
});

Deno.test("HTTP/1.0 goes on if it is asked to", () =>
  serving(async (port) => {
    const text = await exchange(port, `GET /1 HTTP/1.0\r\nConnection: Keep-Alive\r\n\r\nGET /2 HTTP/1.0\r\n\r\nGET /3`);
    assertEquals(text.match(/GET \/\w+/g), ["GET /1", "GET /2"]);
    assertMatch(text, /connection: keep-alive/);
  }));

Deno.test("what goes wrong here is told of here, and is 500 to who asked", async () => {
  const errors: unknown[] = [];
  await serving(async (port) => {
    const answer = await rawRequest(port, `GET /wrong HTTP/1.1\r\n${HOST}${END}`);
    assertEquals([answer.status, answer.body], [500, "Internal server error.\n"]);
  }, { onError: (error) => errors.push(error) });
  assertEquals(errors.map(String), ["Error: on purpose"]);
});

/** Times of which some are over soon. On a real socket nothing may have to come within one of those. */
function timesWith(short: Partial<HttpTimes>): HttpTimes {
  return { head: 60_000, idle: 60_000, answer: 60_000, linger: 60_000, all: 60_000, ...short };
}

Deno.test("who says nothing is let go of without a word; who says half a head is told", async () => {
  const REQUEST = `GET / HTTP/1.1\r\n${HOST}\r\n`;
  const [head, idle] = [timesWith({ head: 30, linger: 10 }), timesWith({ idle: 30 })];
  const TOLD = ["too slow a request"];
  const cases: [reads: string[], times: HttpTimes, answer: RegExp, causes: string[]][] = [
    [[], head, /^$/, []],
    [["GET / HTTP/1.1\r\nHost:"], head, /^HTTP\/1\.1 408 /, TOLD],
    [[REQUEST], idle, /^HTTP\/1\.1 200 OK\r\n[^]*\r\n\r\nok\n$/, []],
    [[`${REQUEST}GE`], head, /^HTTP\/1\.1 200 OK\r\n[^]*ok\nHTTP\/1\.1 408 /, TOLD],
    [[REQUEST, "GE"], head, /^HTTP\/1\.1 200 OK\r\n[^]*ok\nHTTP\/1\.1 408 /, TOLD],
  ];
  for (const [reads, times, answer, causes] of cases) {
    const socket = new Script(reads, true);
    const told: string[] = [];
    await soon(serve(socket, { times, onRefused: (_why, cause) => told.push(cause) }));
    assertMatch(socket.answer, answer);
    assertEquals(told, causes);
  }
  const refused: unknown[] = [];
  const options = { times: head, onRefused: () => refused.push("somebody") };
  await serving(async (port) => assertEquals(await exchange(port), ""), options);
  assertEquals(refused, []);
});

Deno.test("bytes that keep coming do not make the time any longer", () =>
  serving(async (port, gate) => {
    using socket = await Deno.connect({ port });
    let gone = false;
    void gate.holds(1).then(() => gate.holds(0)).then(() => gone = true);
    const began = performance.now();
    // A byte with each turn of the event loop, of a head that never ends: without a limit of its own it would be 431.
    try {
      await socket.write(new TextEncoder().encode("GET / HTTP/1.1\r\nA: "));
      while (!gone && performance.now() - began < 10_000) {
        await socket.write(new Uint8Array([0x61]));
        await new Promise((resolve) => setTimeout(resolve, 5));
      }
    } catch {
      // It hung up.
    }
    assert(performance.now() - began < 5000, "it went on listening");
  }, { times: timesWith({ head: 30, linger: 10 }) }));

Deno.test("an answer that says it is the last is", async () => {
  const respond = () => new Response("bye", { headers: { connection: "close" } });
  await serving(async (port) => {
    const text = await exchange(port, `GET / HTTP/1.1\r\n${HOST}\r\n`.repeat(2));
    assertMatch(
      text,
      /^HTTP\/1\.1 200 OK\r\n(?:(?!connection)[^\r]*\r\n)*connection: close\r\n(?:(?!connection)[^\r]*\r\n)*\r\nbye$/,
    );
  }, { respond });
});

Deno.test("who does not read its answer is let go of", async () => {
  const huge = new Uint8Array(20e6);
  await serving(async (port, gate) => {
    using socket = await Deno.connect({ port });
    await socket.write(new TextEncoder().encode(`GET / HTTP/1.1\r\n${HOST}\r\n`));
    await gate.holds(1);
    await gate.holds(0);
  }, { respond: () => new Response(huge), times: { ...HTTP_TIMES, answer: 50 } });
});

Deno.test("who is not let in is told so before anything was read", async () => {
  const gate = new OpenGate();
  gate.closed = "Not today.";
  const refused: string[] = [];
  const listener = listenWeb({ ...webOptions(gate), onRefused: (_, why) => refused.push(why) });
  const text = await exchange(listener.port);
  assertMatch(text, /^HTTP\/1\.1 503 Service Unavailable\r\n[^]*Connection: close\r\n[^]*\r\n\r\nNot today\.\n$/);
  assertEquals([refused, gate.inside], [["closed"], []]);
  listener.close();
});
