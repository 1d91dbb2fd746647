/**
 * An HTTP/1.1 server connection (RFC 9112) for requests without a body and responses that are in memory.
 *
 * It is strict: a request that is not valid is rejected and ends the connection, because request smuggling exploits
 * messages that a server and the proxy before it parse differently. Each request and each response has a timeout.
 */
import { concat } from "@std/bytes/concat";
import type { Cause } from "./admission.ts";
import { type Protocol, Recognizer } from "./recognize.ts";
import type { Socket } from "./socket.ts";

/** Maximum length of a request head in bytes, and maximum number of its fields. */
export const HEAD_MAX = 8 * 1024;
export const FIELDS_MAX = 100;

/** Maximum number of requests on one connection. */
export const REQUESTS_MAX = 1000;

/** Initial size of the read buffer in bytes: most request heads fit into it. */
const BUFFER_SIZE = 1024;

/** Timeouts in milliseconds. */
export interface HttpTimes {
  /** For receiving a request head: from its first byte, or for the first request from the start of the connection. */
  readonly head: number;
  /** Until the next request begins. */
  readonly idle: number;
  /** For sending a response. */
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
export const HTTP_TIMES: HttpTimes = { head: 10_000, idle: 15_000, response: 30_000, linger: 500, total: 30_000 };

/** A response that switches protocols (status 101). */
export interface Upgrade {
  /** The fields of the response. */
  readonly headers: Readonly<Record<string, string>>;
  /** Called after the response was sent, with the socket and the bytes that followed the request. */
  readonly onUpgraded: (socket: Socket, rest: Uint8Array<ArrayBuffer>) => void;
}

/**
 * Answers a request. `Connection: close` in the response ends the connection. Return an upgrade only for a request with
 * an `Upgrade` field.
 */
export type HttpHandler = (request: Request) => Response | Upgrade | Promise<Response | Upgrade>;

/** Runs work now or later, so that a client with many requests does not delay the others. */
export type Schedule = <T>(work: () => T) => T | Promise<Awaited<T>>;

/** Settings of a connection. */
export interface HttpOptions {
  readonly handler: HttpHandler;
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

/** A request is rejected; the connection ends with this response. */
class HttpError extends Error {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;

  constructor(status: number, message: string, headers: Record<string, string> = {}) {
    super(message);
    this.status = status;
    this.headers = headers;
  }
}

/** The client uses another protocol. The message is sent to it as it is. */
class WrongProtocolError extends Error {}

/** The client has left, or does not read the response. */
class ClientLeftError extends Error {}

/** A valid request. */
interface ParsedRequest {
  readonly request: Request;
  /** Whether the client may send another request. */
  readonly keepAlive: boolean;
  readonly isHttp10: boolean;
}

/** A request that is being handled. */
interface PendingRequest {
  readonly parsed: ParsedRequest;
  readonly response: Promise<Response | Upgrade>;
}

const CR = 0x0d;
const LF = 0x0a;
const TOKEN = "[!#$%&'*+.^_`|~0-9A-Za-z-]+";
const REQUEST_LINE = new RegExp(`^(${TOKEN}) ([\\x21-\\x7e]+) HTTP/(\\d)\\.(\\d)$`);
const FIELD_NAME = new RegExp(`^${TOKEN}$`);
const FIELD_VALUE = /^[\t\x20-\x7e\x80-\xff]*$/;
const HOST = /^(?:\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9._~%!$&'()*+,;=-]*)(?::\d*)?$/;

/** Methods passed to the handler, which answers those that a path does not support with 404 or 405. */
const METHODS = new Set(["GET", "HEAD", "POST", "PUT", "DELETE", "PATCH", "OPTIONS"]);
/** Methods that no path supports, and that `Request` does not allow. */
const FORBIDDEN_METHODS = new Set(["CONNECT", "TRACE"]);

const INVALID_REQUEST = "Invalid HTTP request";
const INTERNAL_ERROR = "Internal server error";
const HOST_REQUIRED = "Exactly one Host field is required";
const NO_BODY = "Requests with a body are not accepted";
const AMBIGUOUS_LENGTH = "Ambiguous message length";

const STATUS_TEXT: Readonly<Record<number, string>> = {
  101: "Switching Protocols",
  200: "OK",
  304: "Not Modified",
  308: "Permanent Redirect",
  400: "Bad Request",
  403: "Forbidden",
  404: "Not Found",
  405: "Method Not Allowed",
  408: "Request Timeout",
  413: "Content Too Large",
  414: "URI Too Long",
  417: "Expectation Failed",
  426: "Upgrade Required",
  429: "Too Many Requests",
  431: "Request Header Fields Too Large",
  500: "Internal Server Error",
  501: "Not Implemented",
  503: "Service Unavailable",
  505: "HTTP Version Not Supported",
};

const encoder = new TextEncoder();

/** Creates a response with one sentence of plain text, given without its full stop. */
export function textResponse(status: number, text: string, headers: Readonly<Record<string, string>> = {}): Response {
  return new Response(`${text}.\n`, {
    status,
    headers: { "content-type": "text/plain; charset=utf-8", "x-content-type-options": "nosniff", ...headers },
  });
}

/** Returns the bytes of a plain-text response that ends the connection, for a client whose request is not read. */
export function rawResponse(status: number, text: string): string {
  const body = `${text}\n`;
  const length = encoder.encode(body).length;
  return `HTTP/1.1 ${status} ${STATUS_TEXT[status] ?? ""}\r\nDate: ${
    new Date().toUTCString()
  }\r\nConnection: close\r\n` +
    `Content-Type: text/plain; charset=utf-8\r\nX-Content-Type-Options: nosniff\r\nContent-Length: ${length}\r\n\r\n${body}`;
}

/** Serves the requests of one connection, in order and one at a time. */
export class HttpConnection {
  readonly #socket: Socket;
  readonly #options: HttpOptions;
  readonly #startTime = performance.now();
  #buffer: Uint8Array<ArrayBuffer> = new Uint8Array(BUFFER_SIZE);
  #start = 0; // unprocessed bytes of the buffer …
  #end = 0; // … end here
  #timer: ReturnType<typeof setTimeout> | undefined;
  #onReadTimeout: (() => void) | undefined; // ends the read in flight; undefined once the timeout has passed

  constructor(socket: Socket, options: HttpOptions) {
    this.#socket = socket;
    this.#options = options;
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
    let begun = first || this.#start < this.#end;
    this.#setReadTimeout(begun ? times.head : times.idle);
    let recognizer = first ? new Recognizer() : undefined; // until the end of the first line
    let skipped = false; // an empty line before a request, which is allowed (RFC 9112, section 2.2)
    for (let at = this.#start;; at++) {
      while (at >= this.#end) {
        const moved = this.#start;
        if (!await this.#fillBuffer()) {
          const timedOut = this.#onReadTimeout === undefined;
          if (this.#start < this.#end && timedOut) throw new HttpError(408, "Request timeout");
          return undefined;
        }
        at -= moved - this.#start;
        const protocol = recognizer?.push(this.#buffer.subarray(at, this.#end));
        if (protocol !== undefined) {
          recognizer = undefined;
          this.#requireHttp(protocol);
        }
        if (!begun) {
          begun = true;
          this.#setReadTimeout(times.head);
        }
      }
      const byte = this.#buffer[at]!;
      const before = at > this.#start ? this.#buffer[at - 1] : undefined;
      if (before === CR ? byte !== LF : byte === LF) throw new HttpError(400, "Lines must end in CRLF");
      if (byte === LF && at - this.#start === 1 && !skipped) {
        skipped = true;
        this.#start = at + 1;
      }
      if (byte !== LF || at - this.#start < 3 || this.#buffer[at - 2] !== LF) continue;
      clearTimeout(this.#timer);
      const lines = latin1(this.#buffer.subarray(this.#start, at - 3)).split("\r\n");
      this.#start = at + 1;
      return lines;
    }
  }

  /** Rejects a client of another protocol by its first line, as a request head may never be completed. */
  #requireHttp(protocol: Protocol) {
    if (protocol === "HTTP") return;
    const { onWrongProtocol } = this.#options;
    if (protocol !== "text" && onWrongProtocol !== undefined) throw new WrongProtocolError(onWrongProtocol(protocol));
    const [line = ""] = latin1(this.#buffer.subarray(this.#start, this.#end)).trimStart().split(/\r?\n/, 1);
    if (!REQUEST_LINE.test(line)) throw new HttpError(400, INVALID_REQUEST);
  }

  /** Reads into the buffer; returns false at the end of the stream, and after the timeout. */
  async #fillBuffer(): Promise<boolean> {
    if (this.#start > 0) {
      this.#buffer.copyWithin(0, this.#start, this.#end);
      this.#end -= this.#start;
      this.#start = 0;
    }
    if (this.#end === this.#buffer.length) {
      if (this.#end >= HEAD_MAX) {
        const isFirstLine = this.#buffer.subarray(0, this.#end).indexOf(LF) < 0;
        throw isFirstLine
          ? new HttpError(414, "URL too long")
          : new HttpError(431, `Request header too long: at most ${HEAD_MAX} bytes`);
      }
      const larger = new Uint8Array(Math.min(2 * this.#end, HEAD_MAX));
      larger.set(this.#buffer);
      this.#buffer = larger;
    }
    const timeout = new Promise<undefined>((resolve) => this.#onReadTimeout = () => resolve(undefined));
    const reading = this.#socket.read(this.#buffer.subarray(this.#end)).catch(() => null);
    const count = await Promise.race([reading, timeout]);
    if (count === undefined) return false;
    this.#onReadTimeout = () => {};
    if (count === null) return false;
    this.#end += count;
    return true;
  }

  #setReadTimeout(time: number) {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => {
      const onReadTimeout = this.#onReadTimeout;
      this.#onReadTimeout = undefined;
      onReadTimeout?.();
    }, time);
  }

  #handle(lines: string[]): PendingRequest {
    const parsed = parseRequest(lines, this.#options.secure);
    return { parsed, response: this.#callHandler(parsed.request) };
  }

  async #callHandler(request: Request): Promise<Response | Upgrade> {
    try {
      return await this.#options.handler(request);
    } catch (error) {
      this.#options.onError(error);
      return textResponse(500, INTERNAL_ERROR);
    }
  }

  /** @param mayContinue Whether another request is allowed after this one. */
  async #respond(
    { parsed, response }: PendingRequest,
    mayContinue: boolean,
  ): Promise<"continue" | "close" | "upgraded"> {
    const { request, keepAlive, isHttp10 } = parsed;
    const answer = await response;
    if (!(answer instanceof Response)) {
      await this.#write(formatHead(101, Object.entries(answer.headers)));
      clearTimeout(this.#timer);
      answer.onUpgraded(this.#socket, this.#buffer.slice(this.#start, this.#end));
      return "upgraded";
    }
    const inTime = performance.now() - this.#startTime < this.#options.times.total;
    const goesOn = keepAlive && mayContinue && inTime && answer.headers.get("connection") !== "close";
    const connection = goesOn ? (isHttp10 ? ["keep-alive"] : []) : ["close"];
    if (answer.headers.has("upgrade")) connection.push("upgrade");
    await this.#send(answer, request.method === "HEAD", connection);
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
    return textResponse(status, message, headers);
  }

  /** Ends the outgoing stream, and discards input for a while: closing a socket with unread bytes can destroy the response. */
  async #closeGracefully() {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#socket.close(), this.#options.times.linger);
    try {
      await this.#socket.closeWrite();
      while (await this.#socket.read(this.#buffer) !== null);
    } catch {
      // The client has left, or the time has passed.
    }
  }
}

/** @throws {HttpError} */
function parseRequest([line = "", ...rest]: string[], secure: boolean): ParsedRequest {
  const [, method = "", target = "", major = "", minor = ""] = REQUEST_LINE.exec(line) ?? [];
  if (method === "") throw new HttpError(400, INVALID_REQUEST);
  if (major !== "1") throw new HttpError(505, "Unsupported version: use HTTP/1.1");
  const headers = parseFields(rest);
  const isHttp10 = minor === "0";
  const host = requireHost(headers, isHttp10);
  rejectBody(headers, isHttp10);
  if (FORBIDDEN_METHODS.has(method)) {
    throw new HttpError(405, "Method not allowed: use GET or HEAD", { allow: "GET, HEAD" });
  }
  if (!METHODS.has(method)) throw new HttpError(501, "Unknown method");
  const expected = headers.get("expect");
  if (expected !== null && expected.toLowerCase() !== "100-continue") {
    throw new HttpError(417, "Unsupported expectation");
  }
  const url = parseTarget(method, target, host, secure);
  const connection = listTokens(headers.get("connection"));
  const keepAlive = isHttp10 ? connection.includes("keep-alive") : !connection.includes("close");
  if (isHttp10) headers.delete("upgrade"); // to be ignored in HTTP/1.0 (RFC 9110, section 7.8)
  return { request: new Request(url, { method, headers }), keepAlive, isHttp10 };
}

function parseFields(lines: string[]): Headers {
  if (lines.length > FIELDS_MAX) throw new HttpError(431, `Too many header fields: at most ${FIELDS_MAX}`);
  const headers = new Headers();
  for (const line of lines) {
    const { name, value } = parseField(line);
    if (name.toLowerCase() === "host" && headers.has("host")) throw new HttpError(400, HOST_REQUIRED);
    headers.append(name, value);
  }
  return headers;
}

/**
 * Parses a field. Whitespace around the value is removed in a loop: a regular expression for it and for values that may
 * contain whitespace themselves takes cubic time.
 */
function parseField(line: string): { name: string; value: string } {
  const colon = line.indexOf(":");
  const name = line.slice(0, Math.max(colon, 0));
  let start = colon + 1;
  let end = line.length;
  while (start < end && isBlank(line[start]!)) start++;
  while (end > start && isBlank(line[end - 1]!)) end--;
  const value = line.slice(start, end);
  if (!FIELD_NAME.test(name) || !FIELD_VALUE.test(value)) throw new HttpError(400, "Invalid header field");
  return { name, value };
}

function isBlank(character: string): boolean {
  return character === " " || character === "\t";
}

function requireHost(headers: Headers, isHttp10: boolean): string {
  const host = headers.get("host");
  if (host === null && !isHttp10) throw new HttpError(400, HOST_REQUIRED);
  if (!HOST.test(host ?? "")) throw new HttpError(400, "Invalid Host field");
  return host || "localhost";
}

/** Rejects requests with a body, and those whose length is ambiguous (RFC 9112, section 6). */
function rejectBody(headers: Headers, isHttp10: boolean) {
  const length = headers.get("content-length");
  const coding = headers.get("transfer-encoding");
  if (coding !== null) {
    if (length !== null || isHttp10) throw new HttpError(400, AMBIGUOUS_LENGTH);
    if (coding.toLowerCase() !== "chunked") throw new HttpError(400, "Unknown transfer coding");
    throw new HttpError(413, NO_BODY);
  }
  if (length === null || length === "0") return;
  throw /^\d+$/.test(length) ? new HttpError(413, NO_BODY) : new HttpError(400, AMBIGUOUS_LENGTH);
}

/** Returns the URL for a request target (RFC 9112, section 3.2). */
function parseTarget(method: string, target: string, host: string, secure: boolean): string {
  const origin = `${secure ? "https" : "http"}://${host}`;
  const url = target.startsWith("/")
    ? origin + target
    : target === "*" && method === "OPTIONS"
    ? `${origin}/*`
    : /^https?:\/\//i.test(target)
    ? target
    : "";
  if (!URL.canParse(url) || new URL(url).username !== "") throw new HttpError(400, "Invalid request target");
  return url;
}

/** Returns the items of a comma-separated list of tokens, such as a `Connection` field, in lower case. */
export function listTokens(list: string | null): string[] {
  return list?.toLowerCase().split(",").map((token) => token.trim()) ?? [];
}

function formatHead(status: number, fields: readonly (readonly [string, string])[]): Uint8Array {
  const lines = fields.map(([name, value]) => `${name}: ${value}\r\n`).join("");
  return encoder.encode(
    `HTTP/1.1 ${status} ${STATUS_TEXT[status] ?? ""}\r\ndate: ${new Date().toUTCString()}\r\n${lines}\r\n`,
  );
}

/** Decodes Latin-1, where each byte is the character of the same number. */
function latin1(bytes: Uint8Array): string {
  return String.fromCharCode(...bytes);
}
