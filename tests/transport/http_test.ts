/** HTTP/1.1 (RFC 9112) over raw sockets: valid and invalid requests, limits and timeouts. */
import { assert, assertEquals, assertMatch } from "@std/assert";
import { HTTP_TIMES, type HttpTimes } from "../../src/transport/http.ts";
import { listenWeb, type WebOptions } from "../../src/transport/web.ts";
import { FakeTimers } from "../fake_timers.ts";
import { rawRequest } from "../websocket_client.ts";
import { BLANK_FIELDS, requestWith } from "./blank_fields.ts";
import { ScriptedSocket, serve } from "./scripted_socket.ts";
import { OpenAdmission, soon, webOptions } from "./ports.ts";

const HOST = "Host: x\r\n";
const END = "Connection: close\r\n\r\n";

/** A listener that answers each request with its method and path, and `/wrong` with an exception. */
async function serving(
  body: (port: number, admission: OpenAdmission) => Promise<void>,
  options: Partial<WebOptions> = {},
) {
  const admission = new OpenAdmission();
  const respond = ({ method, url }: Request) => {
    const { pathname } = new URL(url);
    if (pathname === "/wrong") throw new Error("on purpose");
    const allowed = method === "GET" || method === "HEAD";
    return new Response(`${method} ${pathname}\n`, { status: allowed ? 200 : 405 });
  };
  const listener = await listenWeb({ ...webOptions(admission), respond, ...options });
  try {
    await body(listener.port, admission);
    await admission.holds(0);
  } finally {
    listener.close();
  }
}

/** Sends bytes; returns everything received until the end of the stream. */
async function exchange(port: number, ...parts: string[]): Promise<string> {
  using socket = await Deno.connect({ port });
  socket.setNoDelay();
  for (const part of parts) await socket.write(Uint8Array.from(part, (char) => char.charCodeAt(0)));
  return await new Response(socket.readable).text();
}

/** Returns the responses to given reads: `ok` for each valid request. */
async function answerTo(...reads: string[]): Promise<string> {
  const socket = new ScriptedSocket(reads);
  await serve(socket);
  return socket.answer;
}

const REJECTED: Record<string, [string, number]> = {
  "a missing request line": [`nonsense\r\n${HOST}${END}`, 400],
  "two spaces in the request line": [`GET  / HTTP/1.1\r\n${HOST}${END}`, 400],
  "a space before the request line": [` GET / HTTP/1.1\r\n${HOST}${END}`, 400],
  "a target with non-ASCII bytes": [`GET /\xfc HTTP/1.1\r\n${HOST}${END}`, 400],
  "a lower-case version": [`GET / http/1.1\r\n${HOST}${END}`, 400],
  "HTTP/2.0": [`GET / HTTP/2.0\r\n${HOST}${END}`, 505],
  "HTTP/2's preface": ["PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 505],
  "a bare LF": [`GET / HTTP/1.1\n${HOST}${END}`, 400],
  "a bare LF after a field": [`GET / HTTP/1.1\r\nHost: x\n${END}`, 400],
  "a bare CR in a field": [`GET / HTTP/1.1\r\n${HOST}A: b\rc\r\n${END}`, 400],
  "a folded field": [`GET / HTTP/1.1\r\n${HOST}A: b\r\n c\r\n${END}`, 400],
  "a space before the colon": [`GET / HTTP/1.1\r\nHost : x\r\n${END}`, 400],
  "a field without a colon": [`GET / HTTP/1.1\r\n${HOST}nothing\r\n${END}`, 400],
  "a field without a name": [`GET / HTTP/1.1\r\n${HOST}: b\r\n${END}`, 400],
  "a NUL in a field": [`GET / HTTP/1.1\r\n${HOST}A: b\0c\r\n${END}`, 400],
  "a missing Host": [`GET / HTTP/1.1\r\n${END}`, 400],
  "two Host fields": [`GET / HTTP/1.1\r\n${HOST}${HOST}${END}`, 400],
  "two Host fields, one empty": [`GET / HTTP/1.1\r\nHost:\r\n${HOST}${END}`, 400],
  "an invalid Host": [`GET / HTTP/1.1\r\nHost: a b\r\n${END}`, 400],
  "a Host with user information": [`GET / HTTP/1.1\r\nHost: me@x\r\n${END}`, 400],
  "a target with user information": [`GET http://me@x/ HTTP/1.1\r\n${HOST}${END}`, 400],
  "an invalid target": [`GET nowhere HTTP/1.1\r\n${HOST}${END}`, 400],
  "a star for GET": [`GET * HTTP/1.1\r\n${HOST}${END}`, 400],
  "a body": [`POST / HTTP/1.1\r\n${HOST}Content-Length: 3\r\n\r\nabc`, 413],
  "a negative length": [`GET / HTTP/1.1\r\n${HOST}Content-Length: -1\r\n${END}`, 400],
  "a length with a plus": [`GET / HTTP/1.1\r\n${HOST}Content-Length: +0\r\n${END}`, 400],
  "two lengths": [`GET / HTTP/1.1\r\n${HOST}Content-Length: 0\r\nContent-Length: 5\r\n${END}`, 400],
  "a list of lengths": [`GET / HTTP/1.1\r\n${HOST}Content-Length: 0, 0\r\n${END}`, 400],
  "a chunked body": [`POST / HTTP/1.1\r\n${HOST}Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n`, 413],
  "a chunked body and a length": [
    `GET / HTTP/1.1\r\n${HOST}Content-Length: 0\r\nTransfer-Encoding: chunked\r\n\r\n`,
    400,
  ],
  "an unknown transfer coding": [`GET / HTTP/1.1\r\n${HOST}Transfer-Encoding: identity\r\n${END}`, 400],
  "a transfer coding after a control character": [
    `GET / HTTP/1.1\r\n${HOST}Transfer-Encoding: \x0bchunked\r\n${END}`,
    400,
  ],
  "a chunked body in HTTP/1.0": [`GET / HTTP/1.0\r\n${HOST}Transfer-Encoding: chunked\r\n\r\n`, 400],
  "an unknown method": [`BREW / HTTP/1.1\r\n${HOST}${END}`, 501],
  "CONNECT": [`CONNECT x:80 HTTP/1.1\r\n${HOST}${END}`, 405],
  "TRACE": [`TRACE / HTTP/1.1\r\n${HOST}${END}`, 405],
  "an expectation": [`GET / HTTP/1.1\r\n${HOST}Expect: miracles\r\n${END}`, 417],
  "an overlong target": [`GET /${"x".repeat(9000)} HTTP/1.1\r\n${HOST}${END}`, 414],
  "an overlong head": [`GET / HTTP/1.1\r\n${HOST}A: ${"x".repeat(9000)}\r\n${END}`, 431],
  "101 fields": [`GET / HTTP/1.1\r\n${HOST}${"A: b\r\n".repeat(100)}\r\n`, 431],
};

for (const [name, [request, status]] of Object.entries(REJECTED)) {
  Deno.test(`http: ${name} is rejected and reported, and nothing after it is read`, async () => {
    const rejections: string[][] = [];
    const onRejected: WebOptions["onRejected"] = (...all) => rejections.push(all.map(String));
    await serving(async (port) => {
      const text = await exchange(port, `${request}GET /smuggled HTTP/1.1\r\n${HOST}${END}`);
      assertMatch(text, new RegExp(`^HTTP/1\\.1 ${status} [A-Z]`));
      assertEquals(text.match(/HTTP\/1\.1 /g)?.length, 1, text);
      assertMatch(text, /\r\nconnection: close\r\n/);
      if (status === 405) assertMatch(text, /\r\nallow: GET, HEAD\r\n/);
      const [[peer = "", why = "", cause] = [], ...more] = rejections;
      assertMatch(peer, /^127\.0\.0\.1:\d+$/);
      assert(text.endsWith(`\r\n\r\n${why}.\n`), `${why}: ${text}`);
      assertEquals([cause, more], ["bad request", []]);
    }, { onRejected });
  });
}

Deno.test("http: valid requests get a response with Date, Content-Length and Connection", () =>
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
      const began = Date.now();
      const answer = await rawRequest(port, request);
      assertEquals([answer.status, answer.body], [200, body], request);
      assertEquals(answer.headers.get("content-length"), String(body.length));
      assertEquals(answer.headers.get("connection"), "close");
      const date = Date.parse(answer.headers.get("date")!); // in whole seconds
      assert(date > began - 1000 && date <= Date.now(), "the date is not that of the response");
    }
    const head = await rawRequest(port, `HEAD /a HTTP/1.1\r\n${HOST}${END}`);
    assertEquals([head.status, head.body], [200, ""]);
  }));

Deno.test("http: a request head may arrive byte by byte", () =>
  serving(async (port) => {
    const text = await exchange(port, ...`GET /slow HTTP/1.1\r\n${HOST}${END}`);
    assertMatch(text, /^HTTP\/1\.1 200 OK\r\n[^]*\r\n\r\nGET \/slow\n$/);
  }));

Deno.test("http: one empty line before a request is skipped, and two are rejected, however they are cut into reads", async () => {
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

for (const [name, [field, status]] of Object.entries(BLANK_FIELDS)) {
  Deno.test(`http: thousands of spaces are treated as one: ${name}`, async () => {
    for (const blank of [" ", "\t"]) {
      assertMatch(await answerTo(requestWith(field, blank)), new RegExp(`^HTTP/1\\.1 ${status} `));
    }
  });
}

Deno.test("http: pipelined requests are answered in order, up to the one with Connection: close", () =>
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

Deno.test("http: a connection ends after REQUESTS_MAX requests", () =>
  serving(async (port) => {
    const text = await exchange(port, `GET / HTTP/1.1\r\n${HOST}\r\n`.repeat(1001));
    assertEquals(text.match(/^HTTP\/1\.1 200/gm)?.length, 1000);
  }));

Deno.test("http: the first response after the total time is the last", () =>
  serving(async (port) => {
    const text = await exchange(port, `GET /1 HTTP/1.1\r\n${HOST}\r\n`.repeat(2));
    assertMatch(text, /^HTTP\/1\.1 200 OK\r\n[^]*connection: close\r\n[^]*GET \/1\n$/);
    assertEquals(text.match(/GET \/1/g)?.length, 1);
  }, { times: timesWith({ total: 0 }) }));

Deno.test("http: requests are parsed and handled when they are scheduled", async () => {
  const scheduled: (() => void)[] = [];
  const handled: string[] = [];
  const schedule = <T>(work: () => T) => {
    const { promise, resolve, reject } = Promise.withResolvers<Awaited<T>>();
    scheduled.push(() => {
      try {
        resolve(work() as Awaited<T>);
      } catch (error) {
        reject(error);
      }
    });
    return promise;
  };
  const handler = ({ url }: Request) => {
    handled.push(url);
    return new Response("ok\n");
  };
  const request = `GET / HTTP/1.1\r\n${HOST}\r\n`;
  const valid = new ScriptedSocket([request.repeat(2)]);
  const invalid = new ScriptedSocket([`GET / HTTP/1.1\r\n${HOST}A : b\r\n\r\n`]);
  const all = [serve(valid, { handler, schedule }), serve(invalid, { handler, schedule })];
  const nextTask = () => new Promise((resolve) => setTimeout(resolve));
  await nextTask();
  assertEquals([scheduled.length, handled, valid.answer, invalid.answer], [2, [], "", ""]);
  for (const run of scheduled.splice(0)) run();
  await nextTask();
  assertEquals([scheduled.length, handled.length], [1, 1]); // the second request waits anew
  assertMatch(invalid.answer, /^HTTP\/1\.1 400 /);
  scheduled.pop()!();
  await soon(Promise.all(all), "end of both connections");
  assertEquals(valid.answer.match(/^HTTP\/1\.1 200/gm)?.length, 2);
});

Deno.test("http: HTTP/1.0 connections stay open with Connection: keep-alive", () =>
  serving(async (port) => {
    const text = await exchange(port, `GET /1 HTTP/1.0\r\nConnection: Keep-Alive\r\n\r\nGET /2 HTTP/1.0\r\n\r\nGET /3`);
    assertEquals(text.match(/GET \/\w+/g), ["GET /1", "GET /2"]);
    assertMatch(text, /connection: keep-alive/);
  }));

Deno.test("http: an exception in the handler is reported, and the client gets 500", async () => {
  const errors: unknown[] = [];
  await serving(async (port) => {
    const answer = await rawRequest(port, `GET /wrong HTTP/1.1\r\n${HOST}${END}`);
    assertEquals([answer.status, answer.body], [500, "Internal server error.\n"]);
  }, { onError: (error) => errors.push(error) });
  assertEquals(errors.map(String), ["Error: on purpose"]);
});

/** Timeouts of a minute, except for some. */
function timesWith(short: Partial<HttpTimes>): HttpTimes {
  return { head: 60_000, idle: 60_000, body: 60_000, response: 60_000, linger: 60_000, total: 60_000, ...short };
}

Deno.test("http: a silent client is disconnected without a response, and an incomplete head gets 408", async () => {
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
    const socket = new ScriptedSocket(reads, true);
    const rejections: string[] = [];
    await soon(serve(socket, { times, onRejected: (_why, cause) => rejections.push(cause) }), "end of the connection");
    assertMatch(socket.answer, answer);
    assertEquals(rejections, causes);
  }
  const rejected: unknown[] = [];
  const options = { times: head, onRejected: () => rejected.push("called") };
  await serving(async (port) => assertEquals(await exchange(port), ""), options);
  assertEquals(rejected, []);
});

Deno.test("http: bytes that keep arriving do not extend the timeout of a request head", async () => {
  const HEAD_TIME = 50_000;
  using timers = new FakeTimers(HEAD_TIME);
  const socket = new ScriptedSocket(["GET / HTTP/1.1\r\nA: "], true);
  const served = serve(socket, { times: timesWith({ head: HEAD_TIME, linger: 10 }) });
  for (let n = 1; n < 10; n++) {
    timers.pass(HEAD_TIME / 10);
    socket.send("a");
    await soon(socket.drained, "read of the byte");
  }
  assertEquals([socket.answer, timers.size], ["", 1]);
  timers.pass(HEAD_TIME / 10);
  await soon(served, "end of the connection");
  assertMatch(socket.answer, /^HTTP\/1\.1 408 /);
});

Deno.test("http: a response with Connection: close ends the connection", async () => {
  const respond = () => new Response("bye", { headers: { connection: "close" } });
  await serving(async (port) => {
    const text = await exchange(port, `GET / HTTP/1.1\r\n${HOST}\r\n`.repeat(2));
    assertMatch(
      text,
      /^HTTP\/1\.1 200 OK\r\n(?:(?!connection)[^\r]*\r\n)*connection: close\r\n(?:(?!connection)[^\r]*\r\n)*\r\nbye$/,
    );
  }, { respond });
});

Deno.test("http: a client that does not read its response is disconnected", async () => {
  const huge = new Uint8Array(20e6);
  await serving(async (port, admission) => {
    const admitted = admission.holds(1);
    using socket = await Deno.connect({ port });
    await socket.write(new TextEncoder().encode(`GET / HTTP/1.1\r\n${HOST}\r\n`));
    await admitted;
    await admission.holds(0);
  }, { respond: () => new Response(huge), times: { ...HTTP_TIMES, response: 50 } });
});

Deno.test("http: a client that is not admitted gets 503 before anything is read", async () => {
  const admission = new OpenAdmission();
  admission.closed = "Not today.";
  const rejected: string[] = [];
  const listener = await listenWeb({ ...webOptions(admission), onRejected: (_, why) => rejected.push(why) });
  const text = await exchange(listener.port);
  assertMatch(text, /^HTTP\/1\.1 503 Service Unavailable\r\n[^]*Connection: close\r\n[^]*\r\n\r\nNot today\.\n$/);
  assertEquals([rejected, admission.inside], [["closed"], []]);
  listener.close();
});
