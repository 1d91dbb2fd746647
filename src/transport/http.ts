/**
 * An HTTP/1.1 server connection (RFC 9112). Bodies of requests are streams (`http_body.ts`), those of responses are in
 * memory or streams (`http_exchange.ts`).
 *
 * It is strict: a request that is not valid is rejected and ends the connection, because request smuggling exploits
 * messages that a server and the proxy before it parse differently. Each request and each response has a timeout.
 */
import { concat } from "@std/bytes/concat";
import type { Cause } from "./admission.ts";
import { BodyEndedError, bodyTooLong, RequestBody } from "./http_body.ts";
import { HttpError } from "./http_error.ts";
import type { HttpAnswer, StreamedResponse } from "./http_exchange.ts";
import { HttpInput } from "./http_input.ts";
import { INVALID_REQUEST, type ParsedRequest, parseRequest, REQUEST_LINE } from "./http_request.ts";
import { CONTINUE, formatHead, statusText, textResponse } from "./http_response.ts";
import { ResponseBody } from "./http_response_body.ts";
import { type Protocol, Recognizer } from "./recognize.ts";
import type { Socket } from "./socket.ts";
import { problemResponse } from "../util/problem.ts";

/** Maximum number of requests on one connection. */
export const REQUESTS_MAX = 1000;

/** Timeouts in milliseconds. */
export interface HttpTimes {
  /** For receiving a request head: from its first byte, or for the first request from the start of the connection. */
  readonly head: number;
  /** Until the next request begins. */
  readonly idle: number;
  /**
   * For each piece of a body that is waited for. A body may also take no longer than this and its limit at a rate of 16
   * bytes a millisecond.
   */
  readonly body: number;
  /** For sending a response, or a piece of one that is streamed. */
  readonly response: number;
  /** For discarding input after the last response. */
  readonly linger: number;
  /**
   * From the start of the connection; the first response after it is the last. A connection that only sends requests
   * remains unregistered, so it must end.
   */
  readonly total: number;
}

/** The default timeouts. */
export const HTTP_TIMES: HttpTimes = {
  head: 10_000,
  idle: 15_000,
  body: 15_000,
  response: 30_000,
  linger: 500,
  total: 30_000,
};

/** A response that switches protocols (status 101). */
export interface Upgrade {
  /** The fields of the response. */
  readonly headers: Readonly<Record<string, string>>;
  /** Called after the response was sent, with the socket and the bytes that followed the request. */
  readonly onUpgraded: (socket: Socket, rest: Uint8Array<ArrayBuffer>) => void;
}

/**
 * Answers a request. `Connection: close` in the response ends the connection, and so does a body that was not read to its
 * end. Return an upgrade only for a request with an `Upgrade` field and without a body.
 *
 * The body of the request is a stream that can be read piece by piece, and only until the request is answered. It fails when
 * it exceeds its limit, is invalid, comes too slowly or ends early: a handler that fails then need not answer.
 */
export type HttpHandler = (request: Request) => HttpAnswer | Upgrade | Promise<HttpAnswer | Upgrade>;

/** Runs work now or later, so that a client with many requests does not delay the others. */
export type Schedule = <T>(work: () => T) => T | Promise<Awaited<T>>;

/** Settings of a connection. */
export interface HttpOptions {
  readonly handler: HttpHandler;
  /**
   * The maximum length in bytes of the body of a request; 0 if it may have none. Requests with a longer one are rejected with
   * problem details. None may, unless given. Infinity if the handler reads no body.
   */
  readonly bodyLimit?: ((method: string, url: string) => number) | undefined;
  /** Schedules the parsing and handling of a request. */
  readonly schedule: Schedule;
  /** Whether the connection uses TLS, so that URLs are `https`. */
  readonly secure: boolean;
  /** Called when a request is invalid or takes too long, with the reason that the client gets. */
  readonly onRejected: (reason: string, cause: Cause) => void;
  /** Called when a client uses another protocol; returns the message for it. Default: an HTTP error. */
  readonly onWrongProtocol?: ((protocol: Protocol) => string) | undefined;
  /** Called with an internal error; the client gets status 500. */
  readonly onError: (error: unknown) => void;
  readonly times: HttpTimes;
}

/** The client uses another protocol. The message is sent to it as it is. */
class WrongProtocolError extends Error {}

/** The client has left, or does not read the response. */
class ClientLeftError extends Error {}

/** A request that is being handled. */
interface PendingRequest {
  readonly parsed: ParsedRequest;
  readonly body: RequestBody | undefined;
  readonly answer: Promise<HttpAnswer | Upgrade>;
}

const CR = 0x0d;
const LF = 0x0a;

/** Size of the buffer for discarded input, in bytes. */
const SCRATCH_SIZE = 512;

const INTERNAL_ERROR = "Internal server error";

const encoder = new TextEncoder();

/** Serves the requests of one connection, in order and one at a time. */
export class HttpConnection {
  readonly #socket: Socket;
  readonly #options: HttpOptions;
  readonly #startTime = performance.now();
  readonly #input: HttpInput;
  #timer: ReturnType<typeof setTimeout> | undefined; // closes the socket
  #problems = false; // whether errors of the request are answered with problem details
  #clientLeft: Promise<void> | undefined; // the read in flight during an endless response

  constructor(socket: Socket, options: HttpOptions) {
    this.#socket = socket;
    this.#options = options;
    this.#input = new HttpInput(socket);
  }

  /** Serves all requests, then closes the socket. Resolves to whether the socket was upgraded instead. */
  async run(): Promise<boolean> {
    let upgraded = false;
    try {
      for (let count = 1; !upgraded; count++) {
        const lines = await this.#readHead(count === 1);
        if (lines === undefined) break;
        const pending = await this.#options.schedule(() => this.#handle(lines));
        const outcome = await this.#respond(pending, count < REQUESTS_MAX);
        if (outcome === "upgraded") upgraded = true;
        else if (outcome === "close") {
          await this.#closeGracefully();
          break;
        }
      }
    } catch (error) {
      await this.#respondToError(error);
    }
    this.#input.clearTimeout();
    clearTimeout(this.#timer);
    if (!upgraded) this.#socket.close();
    return upgraded;
  }

  /** Closes the socket at once. */
  close(): void {
    this.#socket.close();
  }

  /** Reads the lines of a request head. Returns `undefined` at the end of the stream, or if no request begins in time. */
  async #readHead(first: boolean): Promise<string[] | undefined> {
    const { times } = this.#options;
    const input = this.#input;
    let begun = first || !input.empty;
    input.setTimeout(begun ? times.head : times.idle);
    let recognizer = first ? new Recognizer() : undefined; // until the end of the first line
    let skipped = false; // an empty line before a request, which is allowed (RFC 9112, section 2.2)
    for (let at = input.start;; at++) {
      while (at >= input.end) {
        const moved = input.start;
        const outcome = await input.fill();
        if (outcome !== "read") {
          if (outcome === "timeout" && !input.empty) throw new HttpError(408, "Request timeout");
          return undefined;
        }
        at -= moved - input.start;
        const protocol = recognizer?.push(input.buffer.subarray(at, input.end));
        if (protocol !== undefined) {
          recognizer = undefined;
          this.#requireHttp(protocol);
        }
        if (!begun) {
          begun = true;
          input.setTimeout(times.head);
        }
      }
      const byte = input.buffer[at]!;
      const before = at > input.start ? input.buffer[at - 1] : undefined;
      if (before === CR ? byte !== LF : byte === LF) throw new HttpError(400, "Lines must end in CRLF");
      if (byte === LF && at - input.start === 1 && !skipped) {
        skipped = true;
        input.start = at + 1;
      }
      if (byte !== LF || at - input.start < 3 || input.buffer[at - 2] !== LF) continue;
      input.clearTimeout();
      const lines = latin1(input.buffer.subarray(input.start, at - 3)).split("\r\n");
      input.start = at + 1;
      return lines;
    }
  }

  /** Rejects a client of another protocol by its first line, as a request head may never be completed. */
  #requireHttp(protocol: Protocol) {
    if (protocol === "HTTP") return;
    const { onWrongProtocol } = this.#options;
    if (protocol !== "text" && onWrongProtocol !== undefined) throw new WrongProtocolError(onWrongProtocol(protocol));
    const { buffer, start, end } = this.#input;
    const [line = ""] = latin1(buffer.subarray(start, end)).trimStart().split(/\r?\n/, 1);
    if (!REQUEST_LINE.test(line)) throw new HttpError(400, INVALID_REQUEST);
  }

  #handle(lines: string[]): PendingRequest {
    const parsed = parseRequest(lines, this.#options.secure);
    const { method, url, headers } = parsed;
    const body = this.#bodyOf(parsed);
    const request = new Request(url, { method, headers, ...(body && { body: body.stream }) });
    return { parsed, body, answer: this.#callHandler(request, body) };
  }

  /** @throws {HttpError} 413 if the body is too long, before any of it is read. */
  #bodyOf({ method, url, framing, awaitsContinue }: ParsedRequest): RequestBody | undefined {
    if (framing === 0) return undefined;
    const mayHaveBody = method !== "GET" && method !== "HEAD"; // `Request` does not allow it
    const limit = mayHaveBody ? this.#options.bodyLimit?.(method, url) ?? 0 : 0;
    if (limit === 0) throw new HttpError(413, "Requests with a body are not accepted");
    this.#problems = true;
    if (framing !== "chunked" && framing > limit) throw bodyTooLong(limit);
    const onWait = async () => {
      if (awaitsContinue) await this.#write(CONTINUE);
    };
    return new RequestBody(this.#input, { framing, limit, time: this.#options.times.body, onWait });
  }

  async #callHandler(request: Request, body: RequestBody | undefined): Promise<HttpAnswer | Upgrade> {
    try {
      return await this.#options.handler(request);
    } catch (error) {
      const failure = body?.failure;
      if (failure instanceof BodyEndedError || failure instanceof ClientLeftError) {
        return textResponse(400, "Body ended");
      }
      return this.#errorResponse(failure ?? error);
    }
  }

  /** @param mayContinue Whether another request is allowed after this one. */
  async #respond(
    { parsed, body, answer: pending }: PendingRequest,
    mayContinue: boolean,
  ): Promise<"continue" | "close" | "upgraded"> {
    const { method, keepAlive, isHttp10 } = parsed;
    const answer = await pending;
    body?.end();
    if ("onUpgraded" in answer) {
      await this.#write(formatHead(101, Object.entries(answer.headers)));
      clearTimeout(this.#timer);
      answer.onUpgraded(this.#socket, this.#input.rest);
      return "upgraded";
    }
    this.#problems = false;
    const headers = new Headers(answer.headers);
    const inTime = performance.now() - this.#startTime < this.#options.times.total;
    const isEndless = "stream" in answer && !headers.has("content-length");
    const goesOn = keepAlive && mayContinue && inTime && body?.complete !== false && !isEndless &&
      headers.get("connection") !== "close";
    const connection = goesOn ? (isHttp10 ? ["keep-alive"] : []) : ["close"];
    if (headers.has("upgrade")) connection.push("upgrade");
    const headOnly = method === "HEAD";
    if ("stream" in answer) await this.#sendStream(answer, headOnly, connection, isHttp10);
    else await this.#send(answer, headOnly, connection);
    return goesOn ? "continue" : "close";
  }

  async #send(response: Response, headOnly: boolean, connection: string[]) {
    const body = new Uint8Array(await response.arrayBuffer());
    const fields = [...response.headers].filter(([name]) => name !== "connection");
    if (connection.length > 0) fields.push(["connection", connection.join(", ")]);
    const mayHaveBody = response.status !== 304 && response.status !== 204;
    if (mayHaveBody && !headOnly && !response.headers.has("content-length")) {
      fields.push(["content-length", String(body.length)]);
    }
    const head = formatHead(response.status, fields);
    await this.#write(headOnly || !mayHaveBody ? head : concat([head, body]));
  }

  async #sendStream(answer: StreamedResponse, headOnly: boolean, connection: string[], isHttp10: boolean) {
    const fields = Object.entries(answer.headers).filter(([name]) => name.toLowerCase() !== "connection");
    if (connection.length > 0) fields.push(["connection", connection.join(", ")]);
    const write = (bytes: Uint8Array) => this.#write(bytes);
    const body = new ResponseBody(answer, { write, isHttp10 });
    const head = formatHead(answer.status, [...fields, ...body.fields]);
    if (headOnly) {
      await body.cancel();
      return await this.#write(head);
    }
    try {
      await this.#write(head);
      if (body.isEndless) this.#clientLeft = this.#watch(() => void body.cancel());
      await body.send();
    } catch (error) {
      await body.cancel();
      const isExpected = error instanceof ClientLeftError ||
        (error instanceof DOMException && error.name === "AbortError");
      if (!isExpected) this.#options.onError(error);
      throw new ClientLeftError(); // the client is to see that the response is not complete
    }
  }

  /** Discards input during an endless response; calls back when it ends the stream. */
  async #watch(onLeft: () => void) {
    const scratch = new Uint8Array(SCRATCH_SIZE);
    try {
      while (await this.#socket.read(scratch) !== null);
    } catch {
      // The client has left.
    }
    onLeft();
  }

  /** @throws {ClientLeftError} if the client has left, or does not read in time. */
  async #write(bytes: Uint8Array) {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#socket.close(), this.#options.times.response);
    try {
      for (let at = 0; at < bytes.length;) at += await this.#socket.write(bytes.subarray(at));
    } catch {
      throw new ClientLeftError();
    }
    clearTimeout(this.#timer);
  }

  async #respondToError(error: unknown) {
    if (error instanceof ClientLeftError) return;
    try {
      if (error instanceof WrongProtocolError) await this.#write(encoder.encode(error.message));
      else await this.#send(this.#errorResponse(error), false, ["close"]);
      await this.#closeGracefully();
    } catch {
      // The client has left.
    }
  }

  /** Reports an error, and creates the response for it. */
  #errorResponse(error: unknown): Response {
    const isExpected = error instanceof HttpError;
    const { status, message, headers } = isExpected ? error : new HttpError(500, INTERNAL_ERROR);
    if (isExpected) this.#options.onRejected(message, status === 408 ? "too slow a request" : "bad request");
    else this.#options.onError(error);
    const fields = { ...headers, connection: "close" };
    if (this.#problems) return problemResponse(status, statusText(status), `${message}.`, fields);
    return textResponse(status, message, fields);
  }

  /** Ends the outgoing stream, and discards input for a while: closing a socket with unread bytes can destroy the response. */
  async #closeGracefully() {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#socket.close(), this.#options.times.linger);
    try {
      await this.#socket.closeWrite();
      if (this.#clientLeft !== undefined) return await this.#clientLeft;
      while (await this.#socket.read(this.#input.buffer) !== null);
    } catch {
      // The client has left, or the time has passed.
    }
  }
}

/** Decodes Latin-1, where each byte is the character of the same number. */
function latin1(bytes: Uint8Array): string {
  return String.fromCharCode(...bytes);
}
