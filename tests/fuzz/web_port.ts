/**
 * A web port on sockets in memory, whose responses are checked.
 *
 * It runs all of `listenWeb`, including the parsers of HTTP and frames. Only `Deno.listen` is replaced.
 */
import { isIP } from "node:net";
import type { Connection } from "../../src/transport/connection.ts";
import { Fanout } from "../../src/transport/fanout.ts";
import { HTTP_TIMES, REQUESTS_MAX } from "../../src/transport/http.ts";
import { PIECE_MAX } from "../../src/transport/http_body.ts";
import { HEAD_MAX } from "../../src/transport/http_input.ts";
import {
  clientAddress,
  listenWeb,
  type WebListener,
  type WebOptions,
  type WebSocketPath,
} from "../../src/transport/web.ts";
import { MESSAGE_MAX } from "../../src/transport/websocket.ts";
import { AddressSet } from "../../src/util/address_ranges.ts";
import { lineOptions, OpenAdmission, webOptions } from "../transport/ports.ts";

/** The limit of a client's outbox, in bytes. */
const SEND_BUFFER = 256 * 1024;

/** The memory that a WebSocket may hold beside its outbox, in bytes: a message as received, reassembled, and as text. */
const MESSAGE_HELD = 4 * MESSAGE_MAX;

/** The limit of a line, in bytes. */
const LINE_MAX = 4096;

/** The time within which a socket must be closed after its client has ended, in milliseconds. */
const END_TIME = 5000;

/** The trusted proxy that all clients connect through. */
const PROXY = "10.0.0.1";
const PROXIES = new AddressSet(["10.0.0.0/8"]);

/** The statuses allowed in responses; 500 is not one of them. */
const STATUSES = new Set([
  ...[100, 101, 200, 201, 304, 400, 401, 403, 404, 405, 408, 413, 414, 417, 426, 429, 431, 501, 503, 505],
]);

const FIELD = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+: [\t -~\x80-\xff]*$/;

/** The types of responses that may end with the connection: streams to clients of HTTP/1.0. */
const STREAM = /^text\/(?:event-stream|plain)\b/;

/** A socket in memory: all input is available from the start, followed by the end. */
class MemorySocket {
  readonly remoteAddr = { transport: "tcp", hostname: PROXY, port: 50_000 } as const;
  /** The bytes written, one character per byte. */
  written = "";
  /** The size of the largest buffer passed to read(), in bytes. */
  room = 0;
  readonly #closed = Promise.withResolvers<void>();
  readonly #bytes: Uint8Array;
  readonly #size: number;
  #at = 0;
  #open = true;

  /** @param size The bytes that one read returns at most. */
  constructor(bytes: Uint8Array, size: number) {
    this.#bytes = bytes;
    this.#size = size;
  }

  /** Resolves when the server has closed the socket. */
  get closed(): Promise<void> {
    return this.#closed.promise;
  }

  setNoDelay(): void {}

  setKeepAlive(): void {}

  read(buffer: Uint8Array): Promise<number | null> {
    if (!this.#open) return Promise.reject(new Deno.errors.BadResource("closed"));
    if (buffer.length === 0) return Promise.reject(new Error("the buffer to read into is empty"));
    this.room = Math.max(this.room, buffer.buffer.byteLength);
    const some = this.#bytes.subarray(this.#at, this.#at + Math.min(this.#size, buffer.length));
    this.#at += some.length;
    buffer.set(some);
    return Promise.resolve(some.length || null);
  }

  write(bytes: Uint8Array): Promise<number> {
    if (!this.#open) return Promise.reject(new Deno.errors.BadResource("closed"));
    const count = Math.min(bytes.length, 20_000); // a partial write, as a kernel does
    for (let i = 0; i < count; i++) this.written += String.fromCharCode(bytes[i]!);
    return Promise.resolve(count);
  }

  closeWrite(): Promise<void> {
    return Promise.resolve();
  }

  close(): void {
    if (!this.#open) throw new Deno.errors.BadResource("closed");
    this.#open = false;
    this.#closed.resolve();
  }
}

/** The WebSocket paths; calls back for each request, as each is looked up here. */
class Paths extends Map<string, WebSocketPath> {
  readonly #onRequest: () => void;

  constructor(paths: [string, WebSocketPath][], onRequest: () => void) {
    super(paths);
    this.#onRequest = onRequest;
  }

  override get(path: string): WebSocketPath | undefined {
    this.#onRequest();
    return super.get(path);
  }
}

/** What the server made of some bytes. */
interface Heard {
  /** The requests passed to `respond`. */
  readonly requests: string[];
  /** The methods of all parsed requests; `undefined` for those to a WebSocket path. */
  readonly methods: (string | undefined)[];
  /** The lines received over the WebSocket, if the connection became one. */
  readonly lines: string[];
  socket?: { readonly address: string; ending: string | undefined };
  closed?: Promise<void>;
  wrong?: string;
}

/** The web port, and its checks. */
export class WebPort {
  readonly #admission = new OpenAdmission();
  readonly #listener: Promise<WebListener>;
  readonly #fanout = new Fanout(1e5);
  readonly #accepting: MemorySocket[] = [];
  #wake = () => {};
  #heard: Heard = { requests: [], methods: [], lines: [] };

  /**
   * @param respond Answers requests other than WebSocket handshakes.
   * @param bodyLimit As in `WebOptions`.
   */
  constructor(respond: WebOptions["respond"], bodyLimit: NonNullable<WebOptions["bodyLimit"]>) {
    const options = { ...lineOptions(LINE_MAX), fanout: this.#fanout, sendBuffer: SEND_BUFFER };
    const path = (framing: WebSocketPath["framing"]): WebSocketPath => ({
      subprotocols: { "lines.tincan": "lines", "text.ircv3.net": "text", "binary.ircv3.net": "binary" },
      framing,
      lines: options,
      refusal: String,
      onConnection: (connection) => void this.#echo(connection),
    });
    const listen = Deno.listen;
    Reflect.set(Deno, "listen", () => this.#listening()); // called before `listenWeb` returns its promise
    try {
      this.#listener = listenWeb({
        ...webOptions(this.#admission),
        proxies: PROXIES,
        allowedOrigins: new Set(["https://tincan.example"]),
        sockets: new Paths(
          [["/irc", path("text")], ["/text", path("lines")]],
          () => this.#heard.methods.push(undefined),
        ),
        bodyLimit,
        times: { ...HTTP_TIMES, linger: 1 },
        respond: (request, client) => {
          this.#heard.requests.push(`${request.method} ${request.url} ${JSON.stringify([...request.headers])}`);
          this.#heard.methods.splice(-1, 1, request.method);
          if (isIP(clientAddress(request, PROXY, PROXIES)) === 0) this.#heard.wrong ??= "has an invalid address";
          return respond(request, client);
        },
        onError: (error) => this.#heard.wrong ??= `failed: ${(error as Error).stack}`,
      });
    } finally {
      Reflect.set(Deno, "listen", listen);
    }
  }

  close(): void {
    void this.#listener.then((listener) => listener.close());
  }

  /**
   * Sends bytes and closes, first at once and then in pieces, which must have the same result.
   *
   * @returns What is wrong, or `undefined`.
   */
  async take(bytes: Uint8Array): Promise<string | undefined> {
    const whole = await this.#converse(bytes, Infinity);
    if (whole.wrong !== undefined) return whole.wrong;
    const cut = await this.#converse(bytes, 1 + bytes.length % 97);
    if (cut.wrong !== undefined) return cut.wrong;
    const [one, other] = [whole, cut].map(({ requests, lines, socket }) => JSON.stringify([requests, lines, socket]));
    return one === other ? undefined : `has another result in pieces: ${one} and ${other}`;
  }

  async #converse(bytes: Uint8Array, size: number): Promise<Heard> {
    const heard: Heard = this.#heard = { requests: [], methods: [], lines: [] };
    const socket = new MemorySocket(bytes, size);
    this.#accepting.push(socket);
    this.#wake();
    let timer;
    const late = new Promise<true>((resolve) => timer = setTimeout(() => resolve(true), END_TIME));
    const closed = socket.closed.then(() => heard.closed);
    if (await Promise.race([closed, late])) heard.wrong ??= "is neither answered nor closed";
    clearTimeout(timer);
    if (this.#admission.inside.length > 0) heard.wrong ??= "is still counted as connected";
    if (heard.socket === undefined && socket.room > Math.max(HEAD_MAX, PIECE_MAX)) {
      heard.wrong ??= `has a read buffer of ${socket.room} bytes`;
    }
    heard.wrong ??= unsoundAnswers(socket.written, heard.methods, heard.socket !== undefined);
    return heard;
  }

  /** Echoes all lines until the end. */
  async #echo(connection: Connection) {
    const heard = this.#heard;
    heard.closed = connection.closed;
    const result = heard.socket = { address: connection.address, ending: undefined as string | undefined };
    if (isIP(connection.address) === 0) heard.wrong ??= "has an invalid address";
    try {
      for await (const lines of connection.lines) {
        for (const line of lines) {
          heard.lines.push(line);
          connection.send([line]);
          if (connection.held > SEND_BUFFER + MESSAGE_HELD) heard.wrong ??= `holds ${connection.held} bytes`;
        }
      }
    } catch (error) {
      heard.wrong ??= `failed: ${(error as Error).stack}`;
    }
    result.ending = connection.closeReason;
    connection.close();
  }

  /** The replacement for the result of `Deno.listen`. */
  #listening() {
    return {
      addr: { transport: "tcp", hostname: "127.0.0.1", port: 0 },
      accept: async () => {
        while (this.#accepting.length === 0) await new Promise<void>((resolve) => this.#wake = resolve);
        return this.#accepting.shift();
      },
      close: () => {},
    };
  }
}

/**
 * What is wrong with the output, which must have one response for each request, possibly an error response at the end,
 * and frames after the response to a WebSocket handshake.
 */
function unsoundAnswers(
  written: string,
  methods: readonly (string | undefined)[],
  upgraded: boolean,
): string | undefined {
  let [at, last] = [0, false];
  for (let count = 0; at < written.length; count++) {
    if (last || count > REQUESTS_MAX) return "has a response after the last one";
    const end = written.indexOf("\r\n\r\n", at);
    const [line = "", ...fields] = written.slice(at, Math.max(at, end)).split("\r\n");
    const status = Number(/^HTTP\/1\.1 (\d{3}) [A-Z][A-Za-z ]+$/.exec(line)?.[1]);
    if (!STATUSES.has(status)) return `is answered by ${JSON.stringify(line)}`;
    if (!fields.every((field) => FIELD.test(field))) return `is answered with invalid fields: ${fields}`;
    const value = (name: string) => fields.find((field) => field.startsWith(`${name}: `))?.slice(name.length + 2);
    at = end + 4;
    if (status === 100) {
      if (fields.length > 0) return "is sent fields with 100 Continue";
      count--;
      continue;
    }
    if (status === 101) return upgraded ? unsoundFrames(written, at) : "is answered with 101, but is no WebSocket";
    if (value("x-content-type-options") !== "nosniff") return "is answered without nosniff";
    const rejected = count >= methods.length;
    last = rejected || value("connection")?.includes("close") === true;
    const method = rejected ? "GET" : methods[count];
    const body = at < written.length && !written.startsWith("HTTP/1.1 ", at);
    if (status === 304 || (method === undefined ? !body : method === "HEAD")) continue;
    if (value("transfer-encoding") === "chunked") {
      const size = chunkedLength(written, at);
      if (size === undefined) return "is answered with invalid chunks";
      at += size;
      continue;
    }
    const length = value("content-length") ?? "";
    if (length === "" && last && STREAM.test(value("content-type") ?? "")) return undefined; // as HTTP/1.0 has no chunks
    if (!/^\d+$/.test(length)) return "is answered without a length";
    at += Number(length);
  }
  return at > written.length ? "is answered with an incomplete response" : undefined;
}

/** The length of a chunked body; `undefined` if it is not valid, or not complete. */
function chunkedLength(written: string, begin: number): number | undefined {
  for (let at = begin;;) {
    const [line, digits] = /^([0-9a-f]+)\r\n/.exec(written.slice(at, at + 20)) ?? [];
    if (line === undefined || digits === undefined) return undefined;
    const size = parseInt(digits, 16);
    at += line.length + size + 2;
    if (written.slice(at - 2, at) !== "\r\n") return undefined;
    if (size === 0) return at - begin;
  }
}

/** What is wrong with the frames that the server sent. */
function unsoundFrames(written: string, begin: number): string | undefined {
  for (let at = begin; at < written.length;) {
    const first = written.charCodeAt(at);
    const second = written.charCodeAt(at + 1);
    const opcode = first & 15;
    if ((first & 0xf0) !== 0x80 || ![1, 2, 8, 9, 10].includes(opcode)) return `is sent an invalid frame: ${first}`;
    if (second > 127 || (opcode >= 8 && second > 125)) return "is sent a frame that only a client may send";
    const size = second < 126 ? 0 : second === 126 ? 2 : 8;
    let length = size === 0 ? second : 0;
    for (let i = 0; i < size; i++) length = length * 256 + written.charCodeAt(at + 2 + i);
    at += 2 + size + length;
    if (!(at <= written.length)) return "is sent an incomplete frame";
    if (opcode === 8 && at < written.length) return "is sent a frame after the close frame";
  }
  return undefined;
}
