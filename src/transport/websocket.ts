/**
 * WebSocket connections: turns an upgraded socket into a {@linkcode Connection}.
 *
 * A message is one line or several; a line is sent as one frame ("WebSocket" of IRCv3) or together with others. Outbox,
 * fan-out and rate limits are those of TCP connections. Frames for many clients are encoded once, and all frames queued
 * for a client are sent in one write.
 */
import type { Connection } from "./connection.ts";
import {
  BINARY,
  CLOSE,
  closePayload,
  decodeText,
  frame,
  FrameError,
  FrameReader,
  type Framing,
  FRAMINGS,
  NORMAL,
  parseClosePayload,
  PING,
  PONG,
  TEXT,
  type WebSocketMessage,
} from "./frames.ts";
import { LineConnection, type LineOptions } from "./line_connection.ts";
import { isUtf8 } from "./lines.ts";
import { Recognizer } from "./recognize.ts";
import type { EvictableSocket, Socket } from "./socket.ts";
import type { TokenBucket } from "../util/token_bucket.ts";

/** Maximum length of a message from a client in bytes, in one frame or several. */
export const MESSAGE_MAX = 64 * 1024;

const LF = 0x0a;
const CR = 0x0d;

/** Maximum number of lines split off at a time, as a message may consist of line ends only. */
const BATCH_SIZE = 64;

/** Buffer sizes in bytes: of the first reads, and after a read that filled the buffer. As with TCP. */
const READ_SIZE = 128;
const LONG_READ_SIZE = 4096;

/** How long a closing connection may take to send what is queued, in milliseconds. */
const FLUSH_TIME = 5000;

/** How long a client may take to answer a close frame before the socket is closed, in milliseconds. */
export const CLOSE_TIME = 1000;

/**
 * How long a client may be silent before it is pinged, and how long it then has to answer, in milliseconds. Proxies close
 * connections that are silent for a minute.
 */
export const PING_TIME = 30_000;

/** The client of a WebSocket. */
export interface WebSocketClient {
  /** As in {@linkcode Connection}. */
  readonly address: string;
  readonly peer: string;
  readonly secure: boolean;
  readonly framing: Framing;
}

/** A line that is not delivered because it is too long or not UTF-8. */
interface InvalidLine {
  /** Length in bytes. */
  readonly length: number;
  /** Its beginning, decoded. */
  readonly text: string;
}

/** Calls back periodically, by one timer for all clients, to detect those that are gone. */
export class Heartbeat {
  readonly #callbacks = new Set<() => void>();
  readonly #interval: number;
  #timer: ReturnType<typeof setInterval> | undefined;

  /** @param interval In milliseconds. */
  constructor(interval: number = PING_TIME) {
    this.#interval = interval;
  }

  add(callback: () => void): void {
    this.#callbacks.add(callback);
    this.#timer ??= setInterval(() => this.beat(), this.#interval);
  }

  /** Removes a callback. The timer stops with the last one. */
  delete(callback: () => void): void {
    this.#callbacks.delete(callback);
    if (this.#callbacks.size > 0) return;
    clearInterval(this.#timer);
    this.#timer = undefined;
  }

  /** Calls all callbacks once. */
  beat(): void {
    for (const callback of [...this.#callbacks]) callback();
  }
}

const decoder = new TextDecoder("utf-8", { ignoreBOM: true });
const PING_FRAME = frame(PING, new Uint8Array(0));

/** A connection over WebSocket. */
export class WebSocketConnection extends LineConnection implements Connection {
  readonly address: string;
  readonly peer: string;
  readonly secure: boolean;
  readonly lines: AsyncIterable<Iterable<string>>;
  readonly #socket: Socket;
  readonly #heartbeat: Heartbeat;
  readonly #reader = new FrameReader(MESSAGE_MAX);
  #buffer = new Uint8Array(READ_SIZE);
  #undelivered = 0; // bytes of the message whose lines are being delivered
  #messages: Iterator<WebSocketMessage> & Iterable<WebSocketMessage>; // remaining messages of the last read
  #reading: Promise<boolean> | undefined; // the read in flight
  #closeCode: number | undefined = NORMAL; // code for our close frame; undefined if the client's had none
  #closedByClient = false; // whether the client sent a close frame
  #invalid = false; // whether the client sent an invalid frame: later bytes cannot be parsed
  #silent = false; // whether nothing arrived since the last heartbeat
  #pinged = false; // whether a ping was sent and nothing arrived since
  #pongPending = false; // whether a ping was sent and not answered by a pong

  /**
   * @param socket The socket, after the response to the upgrade request was sent.
   * @param first Bytes that followed the request.
   */
  constructor(
    socket: Socket,
    first: Uint8Array<ArrayBuffer>,
    client: WebSocketClient,
    options: LineOptions,
    heartbeat: Heartbeat,
  ) {
    super(socket, options, FRAMINGS[client.framing]);
    this.#socket = socket;
    this.address = client.address;
    this.peer = client.peer;
    this.secure = client.secure;
    this.#messages = this.#reader.push(first);
    this.lines = this.#read();
    this.#heartbeat = heartbeat;
    heartbeat.add(this.#onHeartbeat);
  }

  override get evictable(): EvictableSocket | undefined {
    return this.#socket.evictable;
  }

  override get held(): number {
    return this.queued + this.#reader.held + this.#undelivered;
  }

  /** Sends what is queued and a close frame, and waits up to {@linkcode CLOSE_TIME} for the close frame of the client. */
  protected override async finish(): Promise<void> {
    const code = this.#closeCode;
    this.#send(frame(CLOSE, code === undefined ? new Uint8Array(0) : closePayload(code, this.closeReason ?? "")));
    const timeout = setTimeout(() => this.outbox.close(), FLUSH_TIME);
    await this.outbox.drained();
    clearTimeout(timeout);
    const linger = setTimeout(() => this.release(), CLOSE_TIME);
    this.#findClose(this.#messages);
    // Closing a socket with unread bytes resets it, which can destroy what was sent last: so even invalid bytes are read.
    while (!this.#closedByClient && await this.#readMore()) if (!this.#invalid) this.#findClose(this.#messages);
    clearTimeout(linger);
    this.release();
  }

  /** Sends the message as a line. */
  protected override sendRaw(text: string): void {
    this.send([text.trimEnd()]);
  }

  protected override closeSocket(): void {
    this.#heartbeat.delete(this.#onHeartbeat);
    this.#socket.close();
  }

  /** Queues a frame. */
  #send(bytes: Uint8Array) {
    if (!this.outbox.push(bytes)) return this.abort("too slow to read");
    this.options.fanout.add(this.outbox);
  }

  /** Looks for a close frame and discards all other messages. */
  #findClose(messages: Iterable<WebSocketMessage>) {
    try {
      for (const { opcode } of messages) if (opcode === CLOSE) this.#closedByClient = true;
    } catch {
      this.#invalid = true;
    }
  }

  /**
   * Reads into `#messages`; resolves to whether anything arrived. Calls during a read share it: after closing, `finish`
   * takes over the read that `#read` began.
   */
  #readMore(): Promise<boolean> {
    this.#reading ??= this.#socket.read(this.#buffer).catch(() => null).then((count) => {
      this.#reading = undefined;
      this.#silent = this.#pinged = false;
      if (count === null) return false;
      this.#messages = this.#reader.push(this.#buffer.subarray(0, count));
      if (count === READ_SIZE && this.#buffer.length === READ_SIZE) this.#buffer = new Uint8Array(LONG_READ_SIZE);
      return true;
    });
    return this.#reading;
  }

  readonly #onHeartbeat = () => {
    if (this.#reading === undefined || this.closing) return; // silent because it is not being read
    if (this.#silent && this.#pinged) return this.abort("connection lost");
    if (this.#silent) {
      this.#pinged = this.#pongPending = true;
      this.#send(PING_FRAME);
    }
    this.#silent = true;
  };

  async *#read(): AsyncGenerator<Iterable<string>> {
    const limiter = this.createRateLimiter();
    const { rejectedProtocols } = this.options;
    let recognizer = rejectedProtocols ? new Recognizer() : undefined; // until the first line
    while (true) {
      for (let message = this.#nextMessage(); message !== undefined; message = this.#nextMessage()) {
        if (message.opcode === TEXT || message.opcode === BINARY) {
          if (recognizer !== undefined) {
            const protocol = recognizer.push(message.bytes) ?? recognizer.finish(); // the end of a message ends a line
            if (protocol !== undefined && rejectedProtocols!.has(protocol)) return this.reject(protocol);
            if (protocol !== undefined) recognizer = undefined;
          }
          this.#undelivered = message.bytes.buffer.byteLength;
          for (const lines of this.#splitLines(message)) {
            if (!Array.isArray(lines)) {
              await this.#reportInvalid(lines, limiter);
              continue;
            }
            while (lines.length > 0) {
              if (this.canAccept(limiter)) yield this.acceptLines(lines, limiter);
              else await this.whenAcceptable(limiter);
              if (this.closing) return;
            }
          }
          this.#undelivered = 0;
        } else await this.#handleControl(message, limiter);
        if (this.closing || this.#closedByClient) return;
      }
      if (this.closing) return;
      const more = await this.#readMore();
      if (this.closing) return; // `finish` processes what arrived
      if (!more) return this.abort("connection lost");
    }
  }

  /** Returns the next message of the last read. An invalid frame closes the connection. */
  #nextMessage(): WebSocketMessage | undefined {
    try {
      const { value } = this.#messages.next();
      // Invalid UTF-8 and invalid close payloads are errors like invalid frames.
      if (value?.opcode === TEXT) decodeText(value.bytes);
      if (value?.opcode === CLOSE) this.#closeCode = parseClosePayload(value.bytes);
      return value ?? undefined;
    } catch (error) {
      if (!(error instanceof FrameError)) throw error;
      this.#invalid = true;
      this.#closeCode = error.code;
      this.close(error.message);
    }
  }

  /** Handles a message without lines, and answers a ping. It counts as a line, except for a pong that was requested. */
  async #handleControl({ opcode, bytes }: WebSocketMessage, limiter: TokenBucket | undefined) {
    if (opcode === CLOSE) {
      this.#closedByClient = true;
      return;
    }
    if (opcode === PONG && this.#pongPending) {
      this.#pongPending = false;
      return;
    }
    await this.chargeLines(limiter, 1);
    if (opcode === PING && !this.closing) this.#send(frame(PONG, bytes));
  }

  /** Reports a line that is not delivered. One that is too long counts as several, by its length. */
  async #reportInvalid({ length, text }: InvalidLine, limiter: TokenBucket | undefined) {
    await this.chargeLines(limiter, Math.ceil(length / this.maxLine), Math.min(length, this.maxLine));
    if (this.closing) return;
    if (length > this.maxLine) this.onTooLong(text);
    else this.onMalformed?.(text);
  }

  /**
   * Splits a message into batches of lines, and single invalid lines. Each line is decoded separately: a substring would
   * retain the whole message.
   */
  *#splitLines({ bytes }: WebSocketMessage): Generator<string[] | InvalidLine> {
    const length = bytes.at(-1) === LF ? bytes.length - 1 : bytes.length; // the last line may have an end as well
    let lines: string[] = [];
    for (let start = 0; start <= length;) {
      const found = bytes.indexOf(LF, start);
      const next = found < 0 ? length : Math.min(found, length);
      const end = next > start && bytes[next - 1] === CR ? next - 1 : next;
      const line = bytes.subarray(start, Math.min(end, start + this.maxLine));
      const text = decoder.decode(line);
      const invalid = end - start > this.maxLine || (this.onMalformed !== undefined && !isUtf8(line, text));
      if (!invalid) lines.push(text);
      if (invalid || lines.length === BATCH_SIZE) {
        yield lines;
        lines = [];
      }
      if (invalid) yield { length: end - start, text };
      start = next + 1;
    }
    yield lines;
  }
}
