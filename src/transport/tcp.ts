/** The TCP listener, with or without TLS: turns each socket into a {@linkcode Connection}. */
import type { Connection, Protocol } from "./connection.ts";
import { CRLF, LF, LineConnection, type LineOptions } from "./line_connection.ts";
import { Framer, malformedLines, splitLines } from "./lines.ts";
import { listen, type Listener, type ListenOptions } from "./listen.ts";
import { Recognizer } from "./recognize.ts";
import { type EvictableSocket, peerOf, type Socket } from "./socket.ts";
import { HIDE_INPUT, NO_TIMING_MARK, SHOW_INPUT, TelnetFilter } from "./telnet.ts";
import { HANDSHAKE_TIME } from "./tls.ts";

/** Buffer size of the first reads in bytes: small, as each idle client holds a buffer of this size. */
const READ_SIZE = 128;

/** Buffer size in bytes after a read that filled the buffer. */
const LONG_READ_SIZE = 4096;

/** How long a closing connection may take to send what is queued, in milliseconds. */
const FLUSH_TIME = 5000;

/**
 * How long input is discarded before the socket is closed, in milliseconds. Closing a socket with unread bytes resets it,
 * which can destroy what was sent last before the client has read it.
 */
const LINGER_TIME = 500;

/** Settings of a TCP listener. */
export interface TcpOptions extends LineOptions, ListenOptions {
  /** The end of lines sent to clients: always CRLF, or whichever each client uses itself. */
  readonly lineEnd: "\r\n" | "as the client";
}

/**
 * Starts a TCP listener.
 *
 * @throws {Deno.errors.AddrInUse} and the other errors of `Deno.listen`.
 *
 * @example An echo server
 * ```ts no-assert
 * import { Fanout } from "./fanout.ts";
 * import { listenTcp } from "./tcp.ts";
 *
 * const listener = await listenTcp({
 *   hostname: "127.0.0.1",
 *   port: 0,
 *   admission: { admit: () => undefined, release() {} },
 *   refusal: (message) => `${message}\n`,
 *   onRejected: console.warn,
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
export async function listenTcp(options: TcpOptions): Promise<Listener<Connection>> {
  const listener = await listen({ ...options, onPlain: (socket) => rejectWithoutTls(socket, options) });
  async function* connections() {
    for await (const socket of listener) yield new TcpConnection(socket, options);
  }
  const { hostname, port } = listener;
  return { hostname, port, close: () => listener.close(), [Symbol.asyncIterator]: connections };
}

// A byte order mark is kept, or lines would depend on how the stream is cut into reads.
const decoder = new TextDecoder("utf-8", { ignoreBOM: true });

const ALL_PROTOCOLS: ReadonlySet<Protocol> = new Set(["HTTP", "TLS", "SSH", "IRC", "PROXY", "binary", "text"]);

/** Rejects a client that does not use TLS, once its first line shows its protocol. None of its lines is delivered. */
async function rejectWithoutTls(socket: Socket, options: TcpOptions): Promise<void> {
  const onWrongProtocol: LineOptions["onWrongProtocol"] = (peer, protocol) => {
    options.onRejected(peer, `no TLS: speaks ${protocol}`, "no TLS");
  };
  const settings = { ...options, tls: undefined, rejectedProtocols: ALL_PROTOCOLS, onWrongProtocol };
  const connection = new TcpConnection(socket, settings);
  const timeout = setTimeout(() => connection.reject("text"), options.handshakeTime ?? HANDSHAKE_TIME);
  for await (const lines of connection.lines) {
    for (const _ of lines); // skips empty lines: a line that is not taken is offered again
  }
  clearTimeout(timeout);
  connection.close();
  await connection.closed;
}

class TcpConnection extends LineConnection {
  readonly address: string;
  readonly secure: boolean;
  readonly certificate: string | undefined;
  readonly lines: AsyncIterable<Iterable<string>>;
  readonly #socket: Socket;
  readonly #lineEnd: TcpOptions["lineEnd"];
  #isTelnet = false;
  #echoesLocally = false;

  constructor(socket: Socket, options: TcpOptions) {
    super(socket, options, options.lineEnd === "\r\n" ? CRLF : LF);
    this.#socket = socket;
    this.#lineEnd = options.lineEnd;
    this.address = socket.remoteAddr.hostname;
    this.certificate = socket.certificate;
    this.secure = options.tls !== undefined;
    this.lines = this.#read();
  }

  override get evictable(): EvictableSocket | undefined {
    return this.#socket.evictable;
  }

  get peer(): string {
    return peerOf(this.#socket);
  }

  override get echoesLocally(): boolean {
    return this.#echoesLocally;
  }

  override hideInput(hidden: boolean): void {
    if (this.closing || this.#lineEnd !== "as the client" || !(hidden || this.#isTelnet)) return;
    if (hidden) this.encoder = CRLF; // while telnet hides input, its terminal adds no CR to a LF
    this.#sendBytes(hidden ? HIDE_INPUT : SHOW_INPUT);
  }

  #sendBytes(bytes: Uint8Array<ArrayBuffer>) {
    if (!this.outbox.push(bytes)) return this.abort("too slow to read");
    this.options.fanout.add(this.outbox);
  }

  /** Sends what is queued, ends the outgoing stream, and discards input for up to {@linkcode LINGER_TIME}. */
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
      // The client has left, or the time has passed.
    }
    clearTimeout(linger);
    this.release();
  }

  protected override closeSocket(): void {
    this.#socket.close();
  }

  /**
   * Reads, splits and delivers lines while `canAccept` allows it. One generator does all of it, because each additional one
   * costs 500 bytes per idle client.
   */
  async *#read(): AsyncGenerator<Iterable<string>> {
    const framer = new Framer(this.maxLine);
    const telnet = this.#lineEnd === "as the client" ? new TelnetFilter() : undefined;
    const limiter = this.createRateLimiter();
    const { rejectedProtocols } = this.options;
    let recognizing = rejectedProtocols !== undefined; // until the first line has ended
    let recognizer: Recognizer | undefined; // created with the first byte, so that idle clients hold none
    let uncharged = 0; // bytes received since the last line end, or since they were charged as a line
    let buffer = new Uint8Array(Math.min(READ_SIZE, this.maxLine)); // at most a line, as `Framer.push` requires
    for (let ended = false; !ended;) {
      let count: number | null | undefined;
      try {
        count = await this.#socket.read(buffer);
      } catch {
        // The connection was reset: handled below.
      }
      if (this.closing) return;
      if (count === undefined || (count === null && await this.#wasReset())) {
        return this.abort("connection lost"); // an incomplete line is dropped
      }
      ended = count === null;
      const read = buffer.subarray(0, count ?? 0);
      const text = telnet?.filter(read) ?? read;
      if (telnet?.seen) this.#isTelnet = true;
      if (telnet?.negotiates) this.#echoesLocally = true;
      if (telnet?.timingMark) {
        this.#sendBytes(NO_TIMING_MARK);
        if (this.closing) return;
      }
      if (recognizing) {
        recognizer ??= new Recognizer();
        const protocol = ended ? recognizer.finish() : recognizer.push(text);
        if (protocol !== undefined) {
          if (rejectedProtocols!.has(protocol)) return this.reject(protocol);
          recognizing = false;
          recognizer = undefined;
        }
      }
      const whole = ended ? framer.finish() : framer.push(text);
      uncharged = whole.length > 0 || framer.tooLong ? 0 : uncharged + (count ?? 0);
      if (framer.tooLong || uncharged > this.maxLine + 1) { // the line and a CR
        await this.chargeLines(limiter, 1, this.maxLine);
        if (this.closing) return;
        uncharged = Math.max(0, uncharged - this.maxLine);
      }
      if (framer.tooLong) this.onTooLong(decoder.decode(framer.beginning));
      if (count === READ_SIZE && buffer.length === READ_SIZE) {
        buffer = new Uint8Array(Math.min(LONG_READ_SIZE, this.maxLine));
      }
      if (whole.length === 0) continue;
      if (this.#lineEnd === "as the client") this.encoder = framer.crlf ? CRLF : LF;
      const decoded = decoder.decode(whole);
      const lines = splitLines(decoded);
      const mayBeMalformed = this.onMalformed !== undefined && decoded.includes("\ufffd"); // rarely
      const malformed = mayBeMalformed ? malformedLines(whole, lines) : [];
      for (let taken = 0; lines.length > 0;) {
        const next = malformed[0] ?? Infinity; // index of the next malformed line of this read
        const valid = next === Infinity ? lines : lines.splice(0, next - taken);
        taken = next + 1;
        while (valid.length > 0) {
          if (this.canAccept(limiter)) yield this.acceptLines(valid, limiter);
          else await this.whenAcceptable(limiter);
          if (this.closing) return;
        }
        if (malformed.shift() === undefined) continue;
        const line = lines.shift()!;
        await this.chargeLines(limiter, 1, line.length);
        if (this.closing) return;
        this.onMalformed!(line);
      }
    }
  }

  /** Whether the end of the stream was a reset: during a write, only the write reports it. */
  async #wasReset(): Promise<boolean> {
    if (!this.outbox.empty) await new Promise((resolve) => setTimeout(resolve));
    return this.outbox.failed;
  }
}
