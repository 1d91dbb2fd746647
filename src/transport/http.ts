/**
 * HTTP/1.1 (RFC 9112), as much of it as a page and a few questions need: requests without a body, answers that are in
 * memory.
 *
 * It is strict, as what one server reads in one way and the proxy in front of it in another is how requests are smuggled:
 * what is not as it should be is refused, and the connection ends with it. And it is impatient: a client has so long to
 * ask, and so long to take the answer.
 */
import type { Protocol } from "./connection.ts";
import type { Cause } from "./admission.ts";
import { Recognizer } from "./recognize.ts";
import type { Socket } from "./socket.ts";

/** The most bytes before the end of a request's head, and the most fields in it. */
export const HEAD_MAX = 8 * 1024;
export const FIELDS_MAX = 100;

/** The most requests on one connection. */
export const REQUESTS_MAX = 1000;

/** Bytes of the first buffer for a head: most have room in it. */
const BUFFER_SIZE = 1024;

/** How long things may take, in milliseconds. */
export interface HttpTimes {
  /** The head of a request, from its first byte on; that of the first, from when the client has come. */
  readonly head: number;
  /** Until the next request begins. */
  readonly idle: number;
  /** Taking an answer. */
  readonly answer: number;
  /** Hanging up, after an answer that was the last. */
  readonly linger: number;
  /** From when the client has come: the first answer after it is the last. Who asks for nothing but this is nobody yet. */
  readonly all: number;
}

/** By default. */
export const HTTP_TIMES: HttpTimes = { head: 10_000, idle: 15_000, answer: 30_000, linger: 500, all: 30_000 };

/** The socket is to be used for something else from here on. */
export interface Takeover {
  /** The fields of the answer, whose status is 101. */
  readonly headers: Readonly<Record<string, string>>;
  /** Takes the socket, and what has come in after the request. */
  readonly take: (socket: Socket, rest: Uint8Array<ArrayBuffer>) => void;
}

/**
 * Answers a request, for the last time on that connection if it says `Connection: close`. It may take its socket, if the
 * client asks for that in HTTP/1.1.
 */
export type Answerer = (request: Request) => Response | Takeover | Promise<Response | Takeover>;

/** Does something now, or when there is time for it: who asks for more and more has nobody else wait for all of it. */
export type InTurn = <T>(work: () => T) => T | Promise<Awaited<T>>;

/** What a connection needs to know. */
export interface HttpOptions {
  readonly answer: Answerer;
  readonly inTurn: InTurn;
  /** Whether it is `https`. */
  readonly secure: boolean;
  /** Told of a request that was none, or took too long: why, as its client is told. */
  readonly onRefused: (why: string, cause: Cause) => void;
  /** Told of a client that speaks another protocol; returns what it is told, in that protocol. Without it, that this is no request. */
  readonly onRejected?: ((protocol: Protocol) => string) | undefined;
  /** Told of what went wrong here; whoever asked is told that something did. */
  readonly onError: (error: unknown) => void;
  readonly times: HttpTimes;
}

/** A request that is refused, and the connection with it. */
class HttpError extends Error {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;

  constructor(status: number, message: string, headers: Record<string, string> = {}) {
    super(message);
    this.status = status;
    this.headers = headers;
  }
}

/** The client speaks another protocol. The message is what it is told. */
class Foreign extends Error {}

/** The client has gone, or does not read. */
class Gone extends Error {}

/** What was asked for. */
interface Asked {
  readonly request: Request;
  /** Whether the client wants to go on after it. */
  readonly keepAlive: boolean;
  /** Whether it is HTTP/1.0. */
  readonly old: boolean;
}

/** What was asked for, and what is answered. */
interface Heard {
  readonly asked: Asked;
  readonly answering: Promise<Response | Takeover>;
}

const CR = 0x0d;
const LF = 0x0a;
const TOKEN = "[!#$%&'*+.^_`|~0-9A-Za-z-]+";
const REQUEST_LINE = new RegExp(`^(${TOKEN}) ([\\x21-\\x7e]+) HTTP/(\\d)\\.(\\d)$`);
const NAME = new RegExp(`^${TOKEN}$`);
const VALUE = /^[\t\x20-\x7e\x80-\xff]*$/;
const HOST = /^(?:\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9._~%!$&'()*+,;=-]*)(?::\d*)?$/;

/** Methods that are known; those that nothing here can be asked with are answered by whoever is asked, with 404 or 405. */
const METHODS = new Set(["GET", "HEAD", "POST", "PUT", "DELETE", "PATCH", "OPTIONS"]);
/** Methods that nothing anywhere here can be asked with, and that no `Request` can have. */
const FORBIDDEN = new Set(["CONNECT", "TRACE"]);

const NO_REQUEST = "This is no request";

const NAMES: Readonly<Record<number, string>> = {
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

/** An answer in plain words. */
export function refusal(status: number, text: string, headers: Readonly<Record<string, string>> = {}): Response {
  return new Response(`${text}.\n`, {
    status,
    headers: { "content-type": "text/plain; charset=utf-8", "x-content-type-options": "nosniff", ...headers },
  });
}

/** The bytes of an answer in plain words, for who is not heard at all. */
export function plainAnswer(status: number, text: string): string {
  const body = `${text}\n`;
  const length = encoder.encode(body).length;
  return `HTTP/1.1 ${status} ${NAMES[status] ?? ""}\r\nDate: ${new Date().toUTCString()}\r\nConnection: close\r\n` +
    `Content-Type: text/plain; charset=utf-8\r\nX-Content-Type-Options: nosniff\r\nContent-Length: ${length}\r\n\r\n${body}`;
}

/** Who asks, from the first request to the last. */
export class HttpConnection {
  readonly #socket: Socket;
  readonly #options: HttpOptions;
  readonly #since = performance.now();
  #buffer: Uint8Array<ArrayBuffer> = new Uint8Array(BUFFER_SIZE);
  #start = 0; // where what was not looked at yet begins …
  #end = 0; // … and ends
  #timer: ReturnType<typeof setTimeout> | undefined;
  #late: (() => void) | undefined; // ends the read that is under way

  constructor(socket: Socket, options: HttpOptions) {
    this.#socket = socket;
    this.#options = options;
  }

  /** Answers requests in their order, one at a time. Resolves when it is over, and to whether the socket is in other hands. */
  async run(): Promise<boolean> {
    let taken = false;
    try {
      for (let count = 1; !taken; count++) {
        const lines = await this.#head(count === 1);
        if (lines === undefined) break;
        const heard = await this.#options.inTurn(() => this.#hear(lines));
        const goOn = await this.#respond(heard, count < REQUESTS_MAX);
        if (goOn === "taken") taken = true;
        else if (!goOn) {
          await this.#hearOut();
          break;
        }
      }
    } catch (error) {
      await this.#refuse(error);
    }
    clearTimeout(this.#timer);
    if (!taken) this.#socket.close();
    return taken;
  }

  /** Ends it at once. */
  close(): void {
    this.#socket.close();
  }

  /** The lines of a request's head; none at the end, or when nobody asks anything for too long. */
  async #head(first: boolean): Promise<string[] | undefined> {
    const { times } = this.#options;
    let begun = first || this.#start < this.#end;
    this.#setTimer(begun ? times.head : times.idle);
    let recognizer = first ? new Recognizer() : undefined; // until the first line has ended
    let skipped = false; // an empty line before a request, which does no harm (RFC 9112, section 2.2)
    for (let at = this.#start;; at++) {
      while (at >= this.#end) {
        const moved = this.#start;
        if (!await this.#more()) {
          if (this.#start < this.#end && this.#late === undefined) throw new HttpError(408, "This took too long");
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
          this.#setTimer(times.head);
        }
      }
      const byte = this.#buffer[at]!;
      const before = at > this.#start ? this.#buffer[at - 1] : undefined;
      if (before === CR ? byte !== LF : byte === LF) throw new HttpError(400, "A line ends in CR and LF");
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

  /** Rejects a client by its first line, rather than wait for a head that may never end. */
  #requireHttp(protocol: Protocol) {
    if (protocol === "HTTP") return;
    const { onRejected } = this.#options;
    if (protocol !== "text" && onRejected !== undefined) throw new Foreign(onRejected(protocol));
    const [line = ""] = latin1(this.#buffer.subarray(this.#start, this.#end)).trimStart().split(/\r?\n/, 1);
    if (!REQUEST_LINE.test(line)) throw new HttpError(400, NO_REQUEST);
  }

  /** Reads; returns whether there was anything. */
  async #more(): Promise<boolean> {
    if (this.#start > 0) {
      this.#buffer.copyWithin(0, this.#start, this.#end);
      this.#end -= this.#start;
      this.#start = 0;
    }
    if (this.#end === this.#buffer.length) {
      if (this.#end >= HEAD_MAX) {
        const line = this.#buffer.subarray(0, this.#end).indexOf(LF) < 0;
        throw line
          ? new HttpError(414, "This address is too long")
          : new HttpError(431, `A head has ${HEAD_MAX} bytes at the most`);
      }
      const room = new Uint8Array(Math.min(2 * this.#end, HEAD_MAX));
      room.set(this.#buffer);
      this.#buffer = room;
    }
    const late = new Promise<undefined>((resolve) => this.#late = () => resolve(undefined));
    const reading = this.#socket.read(this.#buffer.subarray(this.#end)).catch(() => null);
    const count = await Promise.race([reading, late]);
    if (count === undefined) return false; // too late, as `#late` says
    this.#late = () => {};
    if (count === null) return false;
    this.#end += count;
    return true;
  }

  #setTimer(time: number) {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => {
      const late = this.#late;
      this.#late = undefined;
      late?.();
    }, time);
  }

  /** Takes a request, and begins to answer it. */
  #hear(lines: string[]): Heard {
    const asked = read(lines, this.#options.secure);
    return { asked, answering: this.#answer(asked.request) };
  }

  async #answer(request: Request): Promise<Response | Takeover> {
    try {
      return await this.#options.answer(request);
    } catch (error) {
      this.#options.onError(error);
      return refusal(500, "Something went wrong here");
    }
  }

  async #respond({ asked, answering }: Heard, more: boolean): Promise<boolean | "taken"> {
    const { request, keepAlive, old } = asked;
    const answer = await answering;
    if (!(answer instanceof Response)) {
      await this.#write(headOf(101, Object.entries(answer.headers)));
      clearTimeout(this.#timer);
      answer.take(this.#socket, this.#buffer.slice(this.#start, this.#end));
      return "taken";
    }
    const inTime = performance.now() - this.#since < this.#options.times.all;
    const goOn = keepAlive && more && inTime && answer.headers.get("connection") !== "close";
    const connection = goOn ? (old ? ["keep-alive"] : []) : ["close"];
    if (answer.headers.has("upgrade")) connection.push("upgrade");
    await this.#send(answer, request.method === "HEAD", connection);
    return goOn;
  }

  async #send(answer: Response, headOnly: boolean, connection: string[]) {
    const body = new Uint8Array(await answer.arrayBuffer());
    const fields = [...answer.headers].filter(([name]) => name !== "connection");
    if (connection.length > 0) fields.push(["connection", connection.join(", ")]);
    const mayHaveBody = answer.status !== 304 && answer.status !== 204;
    if (mayHaveBody && !headOnly && !answer.headers.has("content-length")) {
      fields.push(["content-length", String(body.length)]);
    }
    const head = headOf(answer.status, fields);
    if (headOnly || !mayHaveBody) return await this.#write(head);
    const all = new Uint8Array(head.length + body.length);
    all.set(head);
    all.set(body, head.length);
    await this.#write(all);
  }

  /** Writes, unless the client does not read. */
  async #write(bytes: Uint8Array) {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#socket.close(), this.#options.times.answer);
    try {
      for (let at = 0; at < bytes.length;) at += await this.#socket.write(bytes.subarray(at));
    } catch {
      throw new Gone();
    }
    clearTimeout(this.#timer);
  }

  /** Says what was wrong, if that is what it was, and hangs up. */
  async #refuse(error: unknown) {
    if (error instanceof Gone) return;
    try {
      if (error instanceof Foreign) await this.#write(encoder.encode(error.message));
      else await this.#send(this.#refusalOf(error), false, ["close"]);
      await this.#hearOut();
    } catch {
      // It has gone.
    }
  }

  /** Tells of what was wrong, and makes an answer of it. */
  #refusalOf(error: unknown): Response {
    const known = error instanceof HttpError;
    const { status, message, headers } = known ? error : new HttpError(500, "Something went wrong here");
    if (known) this.#options.onRefused(message, status === 408 ? "too slow a request" : "bad request");
    else this.#options.onError(error);
    return refusal(status, message, headers);
  }

  /** Hangs up. A socket closed with unread bytes is reset, which can destroy the answer: so they are read, for a moment. */
  async #hearOut() {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#socket.close(), this.#options.times.linger);
    try {
      await this.#socket.closeWrite();
      while (await this.#socket.read(this.#buffer) !== null);
    } catch {
      // It hung up first, or the time is over.
    }
  }
}

/** A request out of the lines of its head. */
function read([line = "", ...rest]: string[], secure: boolean): Asked {
  const [, method = "", target = "", major = "", minor = ""] = REQUEST_LINE.exec(line) ?? [];
  if (method === "") throw new HttpError(400, NO_REQUEST);
  if (major !== "1") throw new HttpError(505, "This is HTTP/1.1");
  const headers = fieldsOf(rest);
  const old = minor === "0";
  const host = hostOf(headers, old);
  checkBody(headers, old);
  if (FORBIDDEN.has(method)) {
    throw new HttpError(405, "This can only be read, with GET or HEAD", { allow: "GET, HEAD" });
  }
  if (!METHODS.has(method)) throw new HttpError(501, "There is no such method");
  const expected = headers.get("expect");
  if (expected !== null && expected.toLowerCase() !== "100-continue") {
    throw new HttpError(417, "This is not expected here");
  }
  const url = urlOf(method, target, host, secure);
  const connection = tokens(headers.get("connection"));
  const keepAlive = old ? connection.includes("keep-alive") : !connection.includes("close");
  // In HTTP/1.0 there is nothing that one could change to (RFC 9110, section 7.8).
  if (old) headers.delete("upgrade");
  return { request: new Request(url, { method, headers }), keepAlive, old };
}

function fieldsOf(lines: string[]): Headers {
  if (lines.length > FIELDS_MAX) throw new HttpError(431, `A head has ${FIELDS_MAX} fields at the most`);
  const headers = new Headers();
  for (const line of lines) {
    const { name, value } = fieldOf(line);
    if (name.toLowerCase() === "host" && headers.has("host")) throw new HttpError(400, "There is one Host");
    headers.append(name, value);
  }
  return headers;
}

/**
 * A field, without the blanks around its value. They are taken off one by one: an expression that looks for them and for a
 * value that may have blanks in it as well takes time by the cube of how many there are.
 */
function fieldOf(line: string): { name: string; value: string } {
  const colon = line.indexOf(":");
  const name = line.slice(0, Math.max(colon, 0));
  let start = colon + 1;
  let end = line.length;
  while (start < end && isBlank(line[start]!)) start++;
  while (end > start && isBlank(line[end - 1]!)) end--;
  const value = line.slice(start, end);
  if (!NAME.test(name) || !VALUE.test(value)) throw new HttpError(400, "This is no field of a head");
  return { name, value };
}

function isBlank(character: string): boolean {
  return character === " " || character === "\t";
}

function hostOf(headers: Headers, old: boolean): string {
  const host = headers.get("host");
  if (host === null && !old) throw new HttpError(400, "There is one Host");
  if (!HOST.test(host ?? "")) throw new HttpError(400, "This is no host");
  return host || "localhost";
}

/** Nothing here takes a body, and whoever says that there is one is not heard any further. */
function checkBody(headers: Headers, old: boolean) {
  const length = headers.get("content-length");
  const coding = headers.get("transfer-encoding");
  if (coding !== null) {
    if (length !== null || old) throw new HttpError(400, "It is not clear where this ends");
    if (coding.toLowerCase() !== "chunked") throw new HttpError(400, "There is no such transfer coding");
    throw new HttpError(413, "Nothing can be sent here");
  }
  if (length === null || length === "0") return;
  throw /^\d+$/.test(length)
    ? new HttpError(413, "Nothing can be sent here")
    : new HttpError(400, "It is not clear where this ends");
}

function urlOf(method: string, target: string, host: string, secure: boolean): string {
  const origin = `${secure ? "https" : "http"}://${host}`;
  const url = target.startsWith("/")
    ? origin + target
    : target === "*" && method === "OPTIONS"
    ? `${origin}/*`
    : /^https?:\/\//i.test(target)
    ? target
    : "";
  if (!URL.canParse(url) || new URL(url).username !== "") throw new HttpError(400, "This is no address of anything");
  return url;
}

/** What is in a list such as that of `Connection`. */
export function tokens(list: string | null): string[] {
  return list?.toLowerCase().split(",").map((token) => token.trim()) ?? [];
}

function headOf(status: number, fields: readonly (readonly [string, string])[]): Uint8Array {
  const lines = fields.map(([name, value]) => `${name}: ${value}\r\n`).join("");
  return encoder.encode(
    `HTTP/1.1 ${status} ${NAMES[status] ?? ""}\r\ndate: ${new Date().toUTCString()}\r\n${lines}\r\n`,
  );
}

/** Bytes as characters of the same number. */
function latin1(bytes: Uint8Array): string {
  return String.fromCharCode(...bytes);
}
