/**
 * TCP, with TLS or without: opens a port, and makes each of its sockets a {@linkcode Connection}.
 *
 * Promises that no client costs another anything but its share, and that a closed connection leaves nothing behind.
 */
import type { Connection, Protocol } from "./connection.ts";
import { CRLF, LF, LineConnection, type LineOptions } from "./line_connection.ts";
import { Framer, LineSplitter, malformedLines } from "./lines.ts";
import { listen, type Listener, type ListenOptions } from "./listen.ts";
import { Recognizer } from "./recognize.ts";
import { type EvictableSocket, peerOf, type Socket } from "./socket.ts";
import { HIDE_INPUT, SHOW_INPUT, TelnetFilter } from "./telnet.ts";
import { HANDSHAKE_TIME } from "./tls.ts";

/** Bytes of the first reads from a client. Few, as each of the many who only listen holds a buffer of this size. */
const READ_SIZE = 128;

/** Bytes of one read from a client that has more to say than the first reads hold. */
const LONG_READ_SIZE = 4096;

/** How long a closing connection may take to deliver what is queued, in milliseconds. */
const FLUSH_TIME = 5000;

/**
 * How long a closed connection is still read from, in milliseconds. A socket closed with unread bytes is reset, and a
 * reset can destroy the last words sent to the client before it has read them.
 */
const LINGER_TIME = 500;

/** How the connections of one port behave. */
export interface TcpOptions extends LineOptions, ListenOptions {
  /** How the lines end that clients are sent: always so, or as each client ends its own. */
  readonly lineEnd: "\r\n" | "as the client";
}

/**
 * Opens a port.
 *
 * @throws {Deno.errors.AddrInUse} and what else `Deno.listen` throws.
 *
 * @example A server that says each line back
 * ```ts no-assert
 * import { Fanout } from "./fanout.ts";
 * import { listenTcp } from "./tcp.ts";
 *
 * const listener = listenTcp({
 *   hostname: "127.0.0.1",
 *   port: 0,
 *   gate: { enter: () => undefined, leave() {} },
 *   refusal: (why) => `${why}\n`,
 *   onRefused: console.warn,
 *   onAcceptError: console.error,
 *   fanout: new Fanout(100_000),
 *   lineEnd: "as the client",
 *   traffic: { linesIn: 0, linesOut: 0, bytesOut: 0 },
 *   maxLine: 8192,
 *   rate: Infinity,
 *   burst: 1,
 *   sendBuffer: 1_000_000,
 *   stallTime: 60_000,
 * });
 * setTimeout(() => listener.close(), 10);
 * for await (const connection of listener) {
 *   for await (const lines of connection.lines) connection.send([...lines]);
 * }
 * ```
 */
export function listenTcp(options: TcpOptions): Listener<Connection> {
  const listener = listen({ ...options, onPlain: (socket) => rejectPlain(socket, options) });
  async function* connections() {
    for await (const socket of listener) yield new TcpConnection(socket, options);
  }
  const { hostname, port } = listener;
  return { hostname, port, close: () => listener.close(), [Symbol.asyncIterator]: connections };
}

const decoder = new TextDecoder("utf-8", { ignoreBOM: true }); // a mark is text like any other: lines do not differ by where reads cut

/** All protocols: what is spoken without TLS where there should be TLS. */
const ALL: ReadonlySet<Protocol> = new Set(["HTTP", "TLS", "SSH", "IRC", "PROXY", "binary", "text"]);

/** Rejects a client that does not speak TLS, once its first line tells what it speaks; nothing of it gets any further. */
async function rejectPlain(socket: Socket, options: TcpOptions): Promise<void> {
  const onRejected: LineOptions["onRejected"] = (peer, protocol) => {
    options.onRefused(peer, `no TLS: speaks ${protocol}`, "no TLS");
  };
  const connection = new TcpConnection(socket, { ...options, tls: undefined, rejects: ALL, onRejected });
  const timeout = setTimeout(() => connection.reject("text"), options.handshakeTime ?? HANDSHAKE_TIME);
  for await (const lines of connection.lines) {
    for (const _ of lines); // empty ones: what is not taken is offered again, without end
  }
  clearTimeout(timeout);
  connection.close();
  await connection.closed;
}

class TcpConnection extends LineConnection {
  readonly address: string;
  readonly secure: boolean;
  readonly lines: AsyncIterable<Iterable<string>>;
  readonly #socket: Socket;
  readonly #lineEnd: TcpOptions["lineEnd"];
  #isTelnet = false;

  constructor(socket: Socket, options: TcpOptions) {
    super(socket, options, options.lineEnd === "\r\n" ? CRLF : LF);
    this.#socket = socket;
    this.#lineEnd = options.lineEnd;
    this.address = socket.remoteAddr.hostname;
    this.secure = options.tls !== undefined;
    this.lines = this.#read();
  }

  override get entrant(): EvictableSocket | undefined {
    return this.#socket.entrant;
  }

  get peer(): string {
    return peerOf(this.#socket);
  }

  override hideInput(hidden: boolean): void {
    if (this.closing || this.#lineEnd !== "as the client" || !(hidden || this.#isTelnet)) return;
    if (!this.outbox.push(hidden ? HIDE_INPUT : SHOW_INPUT)) return this.abort("too slow to read");
    if (hidden) this.encoder = CRLF; // a telnet that hides what is typed adds no carriage return any more
    this.options.fanout.add(this.outbox);
  }

  /** Lets what is queued go out, says that no more will come, and hears the client out before hanging up. */
  protected override async finish(): Promise<void> {
    const timeout = setTimeout(() => this.outbox.close(), FLUSH_TIME);
    await this.outbox.drained();
    clearTimeout(timeout);
    const linger = setTimeout(() => this.release(), LINGER_TIME);
    try {
      await this.#socket.closeWrite();
      const buffer = new Uint8Array(LONG_READ_SIZE);
      while (await this.#socket.read(buffer) !== null);
    } catch {
      // It hung up first, or the time is over.
    }
    clearTimeout(linger);
    this.release();
  }

  protected override hangUp(): void {
    this.#socket.close();
  }

  /**
   * What the client says: read, split, and passed on when there is room for it in this round, no faster than this client
   * may talk, and not while it leaves unread what it has asked for.
   *
   * It is one generator, as each more would cost every idle client some 500 bytes.
   */
  async *#read(): AsyncGenerator<Iterable<string>> {
    const framer = new Framer(this.maxLine);
    const telnet = this.#lineEnd === "as the client" ? new TelnetFilter() : undefined; // elsewhere none comes
    const bucket = this.bucket();
    const { rejects } = this.options;
    let recognizing = rejects !== undefined; // until the first line has ended
    let recognizer: Recognizer | undefined; // from the first byte on: of the many who only listen, none pays for one
    let splitter: LineSplitter | undefined;
    let unended = 0; // bytes that came since a line ended, or were taken for one
    let buffer = new Uint8Array(Math.min(READ_SIZE, this.maxLine)); // no longer than a line: see Framer.push
    for (let ended = false; !ended;) {
      let count: number | null | undefined;
      try {
        count = await this.#socket.read(buffer);
      } catch {
        // Cut off, as below.
      }
      if (this.closing) return;
      if (count === undefined || (count === null && await this.#wasReset())) {
        return this.abort("connection lost"); // half a line is nothing that the client meant to say
      }
      ended = count === null;
      const read = buffer.subarray(0, count ?? 0);
      const text = telnet?.filter(read) ?? read;
      if (telnet?.seen) this.#isTelnet = true;
      if (recognizing) {
        recognizer ??= new Recognizer();
        const protocol = ended ? recognizer.finish() : recognizer.push(text);
        if (protocol !== undefined) {
          if (rejects!.has(protocol)) return this.reject(protocol);
          recognizing = false;
          recognizer = undefined;
        }
      }
      const whole = ended ? framer.finish() : framer.push(text);
      unended = whole.length > 0 || framer.tooLong ? 0 : unended + (count ?? 0);
      if (framer.tooLong || unended > this.maxLine + 1) { // more than a line and half of its end
        await this.toll(bucket, 1, this.maxLine);
        if (this.closing) return;
        unended = Math.max(0, unended - this.maxLine);
      }
      if (framer.tooLong) this.onTooLong(decoder.decode(framer.beginning));
      if (count === READ_SIZE && buffer.length === READ_SIZE) {
        buffer = new Uint8Array(Math.min(LONG_READ_SIZE, this.maxLine));
      }
      if (whole.length === 0) continue;
      if (this.#lineEnd === "as the client") this.encoder = framer.crlf ? CRLF : LF;
      splitter ??= new LineSplitter();
      const decoded = decoder.decode(whole);
      const lines = await splitter.split(decoded);
      const unsure = this.onMalformed !== undefined && decoded.includes("\ufffd"); // rarely
      const malformed = unsure ? malformedLines(whole, lines) : [];
      for (let taken = 0; lines.length > 0;) {
        const first = malformed[0] ?? Infinity; // of the lines of this read
        const sound = first === Infinity ? lines : lines.splice(0, first - taken);
        taken = first + 1;
        while (sound.length > 0) {
          if (this.mayGoOn(bucket)) yield this.passOn(sound, bucket);
          else await this.obstacle(bucket);
          if (this.closing) return;
        }
        if (malformed.shift() === undefined) continue;
        const line = lines.shift()!;
        await this.toll(bucket, 1, line.length);
        if (this.closing) return;
        this.onMalformed!(line);
      }
    }
  }

  /** Whether the end that a read has seen is a reset that came while something was being written: told to that alone. */
  async #wasReset(): Promise<boolean> {
    if (!this.outbox.empty) await new Promise((resolve) => setTimeout(resolve));
    return this.outbox.failed;
  }
}
