/**
 * A web port without a kernel beneath it: bytes go in as they would come out of a socket, and what comes out is looked at.
 *
 * All of `listenWeb` is in between, its parsers of HTTP and of frames among it. Only `Deno.listen` is another one.
 */
import { isIP } from "node:net";
import type { Connection } from "../../src/transport/connection.ts";
import { Fanout } from "../../src/transport/fanout.ts";
import { HEAD_MAX, REQUESTS_MAX } from "../../src/transport/http.ts";
import { clientAddress, listenWeb, type WebListener, type WebSocketPath } from "../../src/transport/web.ts";
import { MESSAGE_MAX } from "../../src/transport/websocket.ts";
import { AddressSet } from "../../src/util/address_ranges.ts";
import { lineOptions, OpenAdmission, webOptions } from "../transport/ports.ts";

/** The most bytes that may wait for a client here. */
const SEND_BUFFER = 256 * 1024;

/** The most memory that a WebSocket may hold beside them: a message as it came, what it grows into, and as text. */
const MESSAGE_HELD = 4 * MESSAGE_MAX;

/** The most bytes of a line here. */
const LINE_MAX = 4096;

/** How long all may take until a socket is closed whose client has hung up, in milliseconds: long, and not for ever. */
const END_TIME = 5000;

/** Whoever brings all clients here: what it says of them is believed. */
const PROXY = "10.0.0.1";
const PROXIES = new AddressSet(["10.0.0.0/8"]);

/** What may be answered: there is no 500 among it. */
const STATUSES = new Set([101, 200, 304, 400, 403, 404, 405, 408, 413, 414, 417, 426, 429, 431, 501, 503, 505]);

const FIELD = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+: [\t -~\x80-\xff]*$/;

/** A socket in memory: what its client sends is there from the beginning, then comes the end. */
class MemorySocket {
  readonly remoteAddr = { transport: "tcp", hostname: PROXY, port: 50_000 } as const;
  /** All that was written, a character a byte. */
  written = "";
  /** The most memory that was ever there to be read into, in bytes. */
  room = 0;
  readonly #closed = Promise.withResolvers<void>();
  readonly #bytes: Uint8Array;
  readonly #size: number;
  #at = 0;
  #open = true;

  /** @param size How many bytes come at a time. */
  constructor(bytes: Uint8Array, size: number) {
    this.#bytes = bytes;
    this.#size = size;
  }

  /** Resolves when the server has let go of it. */
  get closed(): Promise<void> {
    return this.#closed.promise;
  }

  setNoDelay(): void {}

  setKeepAlive(): void {}

  read(buffer: Uint8Array): Promise<number | null> {
    if (!this.#open) return Promise.reject(new Deno.errors.BadResource("closed"));
    if (buffer.length === 0) return Promise.reject(new Error("nothing can be read into nothing"));
    this.room = Math.max(this.room, buffer.buffer.byteLength);
    const some = this.#bytes.subarray(this.#at, this.#at + Math.min(this.#size, buffer.length));
    this.#at += some.length;
    buffer.set(some);
    return Promise.resolve(some.length || null);
  }

  write(bytes: Uint8Array): Promise<number> {
    if (!this.#open) return Promise.reject(new Deno.errors.BadResource("closed"));
    const count = Math.min(bytes.length, 20_000); // as a kernel does, it does not take everything at once
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

/** Where there are WebSockets; tells of each request, as all are looked up there. */
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

/** What came of some bytes, however they were cut. */
interface Heard {
  /** The requests that were understood. */
  readonly requests: string[];
  /** How all were asked for that were read: nothing is known of those to where there are WebSockets. */
  readonly methods: (string | undefined)[];
  /** The lines of the WebSocket, if it became one, and how that ended. */
  readonly lines: string[];
  socket?: { readonly address: string; ending: string | undefined };
  closed?: Promise<void>;
  wrong?: string;
}

/** See the head of this file. */
export class WebPort {
  readonly #admission = new OpenAdmission();
  readonly #listener: WebListener;
  readonly #fanout = new Fanout(1e5);
  readonly #knocking: MemorySocket[] = [];
  #knock = () => {};
  #heard: Heard = { requests: [], methods: [], lines: [] };

  /** @param respond Answers what is no WebSocket. */
  constructor(respond: (request: Request) => Response) {
    const options = { ...lineOptions(LINE_MAX), fanout: this.#fanout, sendBuffer: SEND_BUFFER };
    const path = (framing: WebSocketPath["framing"]): WebSocketPath => ({
      subprotocols: { "lines.tincan": "lines", "text.ircv3.net": "text", "binary.ircv3.net": "binary" },
      framing,
      lines: options,
      refusal: String,
      onConnection: (connection) => void this.#echo(connection),
    });
    const listen = Deno.listen;
    Reflect.set(Deno, "listen", () => this.#listening());
    try {
      this.#listener = listenWeb({
        ...webOptions(this.#admission),
        proxies: PROXIES,
        allowedOrigins: new Set(["https://tincan.example"]),
        sockets: new Paths(
          [["/irc", path("text")], ["/text", path("lines")]],
          () => this.#heard.methods.push(undefined),
        ),
        respond: (request) => {
          this.#heard.requests.push(`${request.method} ${request.url} ${JSON.stringify([...request.headers])}`);
          this.#heard.methods.splice(-1, 1, request.method);
          if (isIP(clientAddress(request, PROXY, PROXIES)) === 0) this.#heard.wrong ??= "has an address that is none";
          return respond(request);
        },
        onError: (error) => this.#heard.wrong ??= `failed: ${(error as Error).stack}`,
      });
    } finally {
      Reflect.set(Deno, "listen", listen);
    }
  }

  close(): void {
    this.#listener.close();
  }

  /**
   * Has a client send bytes and hang up: all at once, and once more in pieces, of which the same must come.
   *
   * @returns What is wrong with what came of it, or nothing.
   */
  async take(bytes: Uint8Array): Promise<string | undefined> {
    const whole = await this.#converse(bytes, Infinity);
    if (whole.wrong !== undefined) return whole.wrong;
    const cut = await this.#converse(bytes, 1 + bytes.length % 97);
    if (cut.wrong !== undefined) return cut.wrong;
    const [one, other] = [whole, cut].map(({ requests, lines, socket }) => JSON.stringify([requests, lines, socket]));
    return one === other ? undefined : `is another one in pieces: ${one} and ${other}`;
  }

  async #converse(bytes: Uint8Array, size: number): Promise<Heard> {
    const heard: Heard = this.#heard = { requests: [], methods: [], lines: [] };
    const socket = new MemorySocket(bytes, size);
    this.#knocking.push(socket);
    this.#knock();
    let timer;
    const late = new Promise<true>((resolve) => timer = setTimeout(() => resolve(true), END_TIME));
    const closed = socket.closed.then(() => heard.closed);
    if (await Promise.race([closed, late])) heard.wrong ??= "is neither answered nor ended";
    clearTimeout(timer);
    if (this.#admission.inside.length > 0) heard.wrong ??= "is still counted as in";
    if (heard.socket === undefined && socket.room > HEAD_MAX) heard.wrong ??= `has ${socket.room} bytes kept of it`;
    heard.wrong ??= unsoundAnswers(socket.written, heard.methods, heard.socket !== undefined);
    return heard;
  }

  /** Says everything again, until the end. */
  async #echo(connection: Connection) {
    const heard = this.#heard;
    heard.closed = connection.closed;
    const kept = heard.socket = { address: connection.address, ending: undefined as string | undefined };
    if (isIP(connection.address) === 0) heard.wrong ??= "has an address that is none";
    try {
      for await (const lines of connection.lines) {
        for (const line of lines) {
          heard.lines.push(line);
          connection.send([line]);
          if (connection.held > SEND_BUFFER + MESSAGE_HELD) heard.wrong ??= `has ${connection.held} bytes held of it`;
        }
      }
    } catch (error) {
      heard.wrong ??= `failed: ${(error as Error).stack}`;
    }
    kept.ending = connection.closeReason;
    connection.close();
  }

  /** What there is instead of a port of the kernel's. */
  #listening() {
    return {
      addr: { transport: "tcp", hostname: "127.0.0.1", port: 0 },
      accept: async () => {
        while (this.#knocking.length === 0) await new Promise<void>((resolve) => this.#knock = resolve);
        return this.#knocking.shift();
      },
      close: () => {},
    };
  }
}

/**
 * What is wrong with what was written, if it is not an answer to each request, perhaps one more that is the last, and
 * then, if a WebSocket was made of it, frames.
 */
function unsoundAnswers(
  written: string,
  methods: readonly (string | undefined)[],
  taken: boolean,
): string | undefined {
  let [at, last] = [0, false];
  for (let count = 0; at < written.length; count++) {
    if (last || count > REQUESTS_MAX) return "is answered after the last answer";
    const end = written.indexOf("\r\n\r\n", at);
    const [line = "", ...fields] = written.slice(at, Math.max(at, end)).split("\r\n");
    const status = Number(/^HTTP\/1\.1 (\d{3}) [A-Z][A-Za-z ]+$/.exec(line)?.[1]);
    if (!STATUSES.has(status)) return `is answered by ${JSON.stringify(line)}`;
    if (!fields.every((field) => FIELD.test(field))) return `is answered with fields that are none: ${fields}`;
    const value = (name: string) => fields.find((field) => field.startsWith(`${name}: `))?.slice(name.length + 2);
    at = end + 4;
    if (status === 101) return taken ? unsoundFrames(written, at) : "is told of a WebSocket that there is not";
    if (value("x-content-type-options") !== "nosniff") return "is answered by what may be taken for a page";
    const refused = count >= methods.length;
    last = refused || value("connection")?.includes("close") === true;
    const method = refused ? "GET" : methods[count];
    const body = at < written.length && !written.startsWith("HTTP/1.1 ", at);
    if (status === 304 || (method === undefined ? !body : method === "HEAD")) continue;
    const length = value("content-length") ?? "";
    if (!/^\d+$/.test(length)) return "is answered with no length";
    at += Number(length);
  }
  return at > written.length ? "is answered with less than was promised" : undefined;
}

/** What is wrong with the frames of a server. */
function unsoundFrames(written: string, begin: number): string | undefined {
  for (let at = begin; at < written.length;) {
    const first = written.charCodeAt(at);
    const second = written.charCodeAt(at + 1);
    const opcode = first & 15;
    if ((first & 0xf0) !== 0x80 || ![1, 2, 8, 9, 10].includes(opcode)) return `is sent a frame that is none: ${first}`;
    if (second > 127 || (opcode >= 8 && second > 125)) return "is sent a frame that only a client sends";
    const size = second < 126 ? 0 : second === 126 ? 2 : 8;
    let length = size === 0 ? second : 0;
    for (let i = 0; i < size; i++) length = length * 256 + written.charCodeAt(at + 2 + i);
    at += 2 + size + length;
    if (!(at <= written.length)) return "is sent less of a frame than was promised";
    if (opcode === 8 && at < written.length) return "is sent something after the end";
  }
  return undefined;
}
