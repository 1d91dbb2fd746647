/**
 * WebSocket: makes each socket that a browser, or another client, has asked to be one a {@linkcode Connection}.
 *
 * A frame is a line, or a few of them, and a line is a frame (IRCv3, "WebSocket"). The outbox, its bound, the fan-out and
 * how fast a client may talk are as with TCP: a client that sends faster is read more slowly. What is said to many is
 * made into frames once for all of them, and all frames that wait for one go out in one write.
 */
import type { Connection } from "./connection.ts";
import {
  BINARY,
  CLOSE,
  closeCode,
  closing,
  frame,
  FrameError,
  FrameReader,
  type Framing,
  FRAMINGS,
  NORMAL,
  PING,
  PONG,
  TEXT,
  textOf,
  type WebSocketMessage,
} from "./frames.ts";
import { LineConnection, type LineOptions } from "./line_connection.ts";
import { isUtf8 } from "./lines.ts";
import { Recognizer } from "./recognize.ts";
import type { EvictableSocket, Socket } from "./socket.ts";
import type { TokenBucket } from "../util/token_bucket.ts";

/** The most bytes in a message that a client sends, in one frame or several. */
export const MESSAGE_MAX = 64 * 1024;

const LF = 0x0a;
const CR = 0x0d;

/** The most lines of a message that are cut off at a time, so that one of nothing but line ends is no burden. */
const LINES_AT_ONCE = 64;

/** Bytes of the first reads from a client, and of one from a client that has more to say: as with TCP. */
const READ_SIZE = 128;
const LONG_READ_SIZE = 4096;

/** How long a closing connection may take to deliver what is queued, in milliseconds. */
const FLUSH_TIME = 5000;

/** How long a client may take to answer that it is told of the end, in milliseconds, before it is torn off. */
export const CLOSE_TIME = 1000;

/**
 * How long a client may be silent before it is asked whether it is there, in milliseconds, and how long it then has to
 * answer. Proxies end what is silent for a minute.
 */
export const PING_TIME = 30_000;

/** Who is at the other end, and how it wants its frames. */
export interface WebSocketClient {
  /** Where it comes from: see {@linkcode Connection}. */
  readonly address: string;
  readonly peer: string;
  readonly secure: boolean;
  readonly framing: Framing;
}

/** A line that is not passed on, as it is too long or not UTF-8: how many bytes it is, and its beginning, decoded. */
interface Refused {
  readonly length: number;
  readonly text: string;
}

/** Finds out which clients are still there: one timer for all of them. */
export class Heartbeat {
  readonly #beats = new Set<() => void>();
  readonly #time: number;
  #timer: ReturnType<typeof setInterval> | undefined;

  /** @param time How long a client may be silent before it is asked, and how long it then has to answer. */
  constructor(time: number = PING_TIME) {
    this.#time = time;
  }

  /** Has something done again and again. */
  add(beat: () => void): void {
    this.#beats.add(beat);
    this.#timer ??= setInterval(() => this.beat(), this.#time);
  }

  /** Not any more. */
  delete(beat: () => void): void {
    this.#beats.delete(beat);
    if (this.#beats.size > 0) return;
    clearInterval(this.#timer);
    this.#timer = undefined;
  }

  /** Does it once. */
  beat(): void {
    for (const beat of [...this.#beats]) beat();
  }
}

const decoder = new TextDecoder("utf-8", { ignoreBOM: true });
const PING_FRAME = frame(PING, new Uint8Array(0));

/** See the head of this file. */
export class WebSocketConnection extends LineConnection implements Connection {
  readonly address: string;
  readonly peer: string;
  readonly secure: boolean;
  readonly lines: AsyncIterable<Iterable<string>>;
  readonly #socket: Socket;
  readonly #heartbeat: Heartbeat;
  readonly #reader = new FrameReader(MESSAGE_MAX);
  #buffer = new Uint8Array(READ_SIZE);
  #unheard = 0; // bytes of a message whose lines are being taken
  #messages: Iterator<WebSocketMessage> & Iterable<WebSocketMessage>; // of the last read, those that were not taken yet
  #reading: Promise<boolean> | undefined; // the read that is under way
  #code: number | undefined = NORMAL; // what the client is told with the closing; nothing if it gave nothing itself
  #closedByClient = false; // whether it has said that this is the end
  #lost = false; // whether what it sends makes no frames any more
  #silent = false; // whether nothing came since the last beat
  #asked = false; // whether it was asked if it is there, and has not said a thing since
  #awaited = false; // whether it was asked, and has not answered that

  /**
   * @param socket A socket that has just become a WebSocket.
   * @param first What came in already after the client had asked for it.
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
    heartbeat.add(this.#beat);
  }

  override get entrant(): EvictableSocket | undefined {
    return this.#socket.entrant;
  }

  override get held(): number {
    return this.queued + this.#reader.held + this.#unheard;
  }

  /** Lets what is queued go out, says that this is the end, and waits a moment for the client to say so, too. */
  protected override async finish(): Promise<void> {
    const code = this.#code;
    this.#queue(frame(CLOSE, code === undefined ? new Uint8Array(0) : closing(code, this.ending ?? "")));
    const timeout = setTimeout(() => this.outbox.close(), FLUSH_TIME);
    await this.outbox.drained();
    clearTimeout(timeout);
    const linger = setTimeout(() => this.release(), CLOSE_TIME);
    this.#lookForClose(this.#messages);
    // A socket closed with unread bytes is reset, which can destroy the last words: so even garbage is heard out.
    while (!this.#closedByClient && await this.#next()) if (!this.#lost) this.#lookForClose(this.#messages);
    clearTimeout(linger);
    this.release();
  }

  /** In a frame, as a line. */
  protected override tell(text: string): void {
    this.send([text.trimEnd()]);
  }

  protected override hangUp(): void {
    this.#heartbeat.delete(this.#beat);
    this.#socket.close();
  }

  /** Puts a frame beside those with lines. */
  #queue(bytes: Uint8Array) {
    if (!this.outbox.push(bytes)) return this.abort("too slow to read");
    this.options.fanout.add(this.outbox);
  }

  /** Skips what else a client says that was told of the end. */
  #lookForClose(messages: Iterable<WebSocketMessage>) {
    try {
      for (const { opcode } of messages) if (opcode === CLOSE) this.#closedByClient = true;
    } catch {
      this.#lost = true; // nothing that can be understood will come
    }
  }

  /**
   * Reads; resolves to whether anything came. One read at a time, whoever asks; and what it brings is for whoever takes it
   * first, as who asked may not want it any more.
   */
  #next(): Promise<boolean> {
    this.#reading ??= this.#socket.read(this.#buffer).catch(() => null).then((count) => {
      this.#reading = undefined;
      this.#silent = this.#asked = false;
      if (count === null) return false;
      this.#messages = this.#reader.push(this.#buffer.subarray(0, count));
      if (count === READ_SIZE && this.#buffer.length === READ_SIZE) this.#buffer = new Uint8Array(LONG_READ_SIZE);
      return true;
    });
    return this.#reading;
  }

  readonly #beat = () => {
    if (this.#reading === undefined || this.closing) return; // it is we who do not listen
    if (this.#silent && this.#asked) return this.abort("connection lost");
    if (this.#silent) {
      this.#asked = this.#awaited = true;
      this.#queue(PING_FRAME);
    }
    this.#silent = true;
  };

  async *#read(): AsyncGenerator<Iterable<string>> {
    const bucket = this.bucket();
    const { rejects } = this.options;
    let recognizer = rejects ? new Recognizer() : undefined; // until there is a first line
    while (true) {
      for (let message = this.#take(); message !== undefined; message = this.#take()) {
        if (message.opcode === TEXT || message.opcode === BINARY) {
          if (recognizer !== undefined) {
            const protocol = recognizer.push(message.bytes) ?? recognizer.finish(); // a message ends a line
            if (protocol !== undefined && rejects!.has(protocol)) return this.reject(protocol);
            if (protocol !== undefined) recognizer = undefined;
          }
          this.#unheard = message.bytes.buffer.byteLength;
          for (const lines of this.#linesOf(message)) {
            if (!Array.isArray(lines)) {
              await this.#refuse(lines, bucket);
              continue;
            }
            while (lines.length > 0) {
              if (this.mayGoOn(bucket)) yield this.passOn(lines, bucket);
              else await this.obstacle(bucket);
              if (this.closing) return;
            }
          }
          this.#unheard = 0;
        } else await this.#control(message, bucket);
        if (this.closing || this.#closedByClient) return;
      }
      if (this.closing) return;
      const more = await this.#next();
      if (this.closing) return; // `finish` looks at what came
      if (!more) return this.abort("connection lost");
    }
  }

  /** The next message of a read; a mistake ends the connection. */
  #take(): WebSocketMessage | undefined {
    try {
      const { value } = this.#messages.next();
      // What is no text, or a close that is none, is as much of a mistake as a frame that is none.
      if (value?.opcode === TEXT) textOf(value.bytes);
      if (value?.opcode === CLOSE) this.#code = closeCode(value.bytes);
      return value ?? undefined;
    } catch (error) {
      if (!(error instanceof FrameError)) throw error;
      this.#lost = true;
      this.#code = error.code;
      this.close(error.message);
    }
  }

  /** Takes what has no lines in it, and answers a ping. It counts as a line does, unless it was asked for. */
  async #control({ opcode, bytes }: WebSocketMessage, bucket: TokenBucket | undefined) {
    if (opcode === CLOSE) {
      this.#closedByClient = true;
      return;
    }
    if (opcode === PONG && this.#awaited) {
      this.#awaited = false;
      return;
    }
    await this.toll(bucket, 1);
    if (opcode === PING && !this.closing) this.#queue(frame(PONG, bytes));
  }

  /** Tells of a line that is not passed on. One that is too long counts as as many as would have fitted into it. */
  async #refuse({ length, text }: Refused, bucket: TokenBucket | undefined) {
    await this.toll(bucket, Math.ceil(length / this.maxLine), Math.min(length, this.maxLine));
    if (this.closing) return;
    if (length > this.maxLine) this.onTooLong(text);
    else this.onMalformed?.(text);
  }

  /**
   * The lines in a message, a few at a time; one that is too long or not UTF-8 by itself. Each is decoded by itself: a
   * part of a text would keep all of it.
   */
  *#linesOf({ bytes }: WebSocketMessage): Generator<string[] | Refused> {
    const length = bytes.at(-1) === LF ? bytes.length - 1 : bytes.length; // some end the last one, too
    let lines: string[] = [];
    for (let start = 0; start <= length;) {
      const found = bytes.indexOf(LF, start);
      const next = found < 0 ? length : Math.min(found, length);
      const end = next > start && bytes[next - 1] === CR ? next - 1 : next;
      const line = bytes.subarray(start, Math.min(end, start + this.maxLine));
      const text = decoder.decode(line);
      const refused = end - start > this.maxLine || (this.onMalformed !== undefined && !isUtf8(line, text));
      if (!refused) lines.push(text);
      if (refused || lines.length === LINES_AT_ONCE) {
        yield lines;
        lines = [];
      }
      if (refused) yield { length: end - start, text };
      start = next + 1;
    }
    yield lines;
  }
}
