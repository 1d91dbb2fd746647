/**
 * WebSocket: makes each socket that a browser, or another client, has opened a {@linkcode Connection}.
 *
 * A frame is a line, or a few of them, and a line is a frame (IRCv3, "WebSocket"). The outbox, its bound and the fan-out
 * are those of TCP. What is different is that a WebSocket cannot be read more slowly: Deno reads on whether or not anybody
 * takes what it has read. So a client that sends faster than it may is let go of once too much of it waits.
 */
import type { Connection } from "./connection.ts";
import { LF, LineConnection, type LineOptions } from "./line_connection.ts";
import type { Sink } from "./outbox.ts";

/** The most characters in a frame that a client sends. */
export const FRAME_MAX = 64 * 1024;

/** The most characters that may wait for their client to be allowed to go on, and what a line counts beside its own. */
export const WAITING_MAX = 256 * 1024;
const LINE_COST = 64;

/** How many bytes Deno may hold for a client before it gets no more. */
const BUFFERED_MAX = 64 * 1024;

/** How often those are looked at who have as much as that to take, in milliseconds. */
const LOOK_TIME = 10;

/** How long a closing connection may take to deliver what is queued, and then to hang up, in milliseconds. */
const FLUSH_TIME = 5000;
const LINGER_TIME = 500;

/** How lines are put into frames: each into one of text or of bytes, or all that go out together into one of text. */
export type Framing = "text" | "binary" | "lines";

/** Who is at the other end, and how it wants its frames. */
export interface WebSocketClient {
  /** Where it comes from: see {@linkcode Connection}. */
  readonly address: string;
  readonly peer: string;
  readonly framing: Framing;
}

/**
 * Makes a connection of a WebSocket.
 *
 * @param socket A socket that is open.
 */
export function webSocketConnection(socket: WebSocket, client: WebSocketClient, options: LineOptions): Connection {
  return new WebSocketConnection(socket, client, options);
}

const decoder = new TextDecoder("utf-8", { ignoreBOM: true });
const LINE_END = 0x0a;

/** Cuts bytes into frames, a line each; once for all clients that are sent the same bytes one after another. */
class FrameCutter<T> {
  readonly #cut: (bytes: Uint8Array) => T[];
  #bytes: Uint8Array | undefined;
  #frames: T[] = [];

  constructor(cut: (bytes: Uint8Array) => T[]) {
    this.#cut = cut;
  }

  frames(bytes: Uint8Array): T[] {
    if (bytes !== this.#bytes) {
      this.#bytes = bytes;
      this.#frames = this.#cut(bytes);
    }
    return this.#frames;
  }
}

function binaryFrames(bytes: Uint8Array): Uint8Array<ArrayBuffer>[] {
  const frames: Uint8Array<ArrayBuffer>[] = [];
  for (let start = 0, end = bytes.indexOf(LINE_END); end >= 0; end = bytes.indexOf(LINE_END, start)) {
    frames.push(bytes.slice(start, end));
    start = end + 1;
  }
  return frames;
}

const CUTTERS: Readonly<Record<Framing, FrameCutter<string | Uint8Array<ArrayBuffer>>>> = {
  text: new FrameCutter((bytes) => decoder.decode(bytes).slice(0, -1).split("\n")),
  binary: new FrameCutter(binaryFrames),
  lines: new FrameCutter((bytes) => [decoder.decode(bytes).slice(0, -1)]),
};

/** Those who have yet to take what they were sent: one timer looks after all of them. */
class Drains {
  readonly #waiting = new Map<WebSocket, () => void>();
  #timer: ReturnType<typeof setInterval> | undefined;

  /** Resolves when a socket has taken most of what it was sent, or is no longer open. */
  wait(socket: WebSocket): Promise<void> {
    this.#timer ??= setInterval(() => this.#look(), LOOK_TIME);
    return new Promise((resolve) => this.#waiting.set(socket, resolve));
  }

  #look() {
    for (const [socket, resolve] of this.#waiting) {
      if (socket.readyState === WebSocket.OPEN && socket.bufferedAmount > BUFFERED_MAX / 2) continue;
      this.#waiting.delete(socket);
      resolve();
    }
    if (this.#waiting.size > 0) return;
    clearInterval(this.#timer);
    this.#timer = undefined;
  }
}

const drains = new Drains();

/** Writes to a WebSocket, no faster than it is read from at the other end. */
class WebSocketSink implements Sink {
  readonly #socket: WebSocket;
  readonly #cutter: FrameCutter<string | Uint8Array<ArrayBuffer>>;

  constructor(socket: WebSocket, framing: Framing) {
    this.#socket = socket;
    this.#cutter = CUTTERS[framing];
  }

  /** @param bytes Whole lines, each with its end. */
  async write(bytes: Uint8Array): Promise<number> {
    const socket = this.#socket;
    if (socket.readyState !== WebSocket.OPEN) throw new Deno.errors.BrokenPipe("Cannot write: the socket is closed");
    for (const frame of this.#cutter.frames(bytes)) socket.send(frame);
    if (socket.bufferedAmount > BUFFERED_MAX) await drains.wait(socket);
    return bytes.length;
  }
}

class WebSocketConnection extends LineConnection {
  readonly address: string;
  readonly peer: string;
  readonly lines: AsyncIterable<Iterable<string>>;
  readonly #socket: WebSocket;
  #waiting: string[] = []; // lines that came and were not passed on yet
  #size = 0; // and how long they are together
  #over = false;
  #arrived = () => {};
  readonly #gone = Promise.withResolvers<void>();

  constructor(socket: WebSocket, client: WebSocketClient, options: LineOptions) {
    super(new WebSocketSink(socket, client.framing), options, LF);
    this.#socket = socket;
    this.address = client.address;
    this.peer = client.peer;
    this.lines = this.#read();
    socket.binaryType = "arraybuffer";
    socket.addEventListener("message", (event) => this.#take(event.data));
    socket.addEventListener("close", (event) => {
      if (!event.wasClean && !this.closing) this.ending ??= "connection lost";
      this.#end();
      this.#gone.resolve();
    });
    socket.addEventListener("error", () => {}); // a close follows
  }

  override get released(): Promise<void> {
    return this.#gone.promise;
  }

  protected override async finish(): Promise<void> {
    this.#end();
    const timeout = setTimeout(() => this.outbox.close(), FLUSH_TIME);
    await this.outbox.drained();
    clearTimeout(timeout);
    if (this.#socket.readyState !== WebSocket.CLOSED) {
      const closed = new Promise<void>((resolve) => {
        const timeout = setTimeout(resolve, LINGER_TIME);
        this.#socket.addEventListener("close", () => {
          clearTimeout(timeout);
          resolve();
        });
      });
      this.hangUp();
      await closed;
    }
    this.release();
  }

  protected override hangUp(): void {
    this.#end();
    if (this.#socket.readyState !== WebSocket.OPEN) return;
    // RFC 6455, section 7.4.1: 1000, all is said. The reason has 123 bytes at the most.
    this.#socket.close(1000, (this.ending ?? "").replace(/[^ -~]/g, "?").slice(0, 120));
  }

  /** Takes a frame. */
  #take(data: string | ArrayBuffer) {
    if (this.closing) return;
    const text = typeof data === "string" ? data : decoder.decode(data);
    if (text.length > FRAME_MAX) return this.abort("sent too much at once");
    for (const line of text.replace(/\r?\n$/, "").split(/\r?\n/)) { // some end the last one, too
      if (3 * line.length > this.maxLine && encoder.encode(line).length > this.maxLine) {
        this.onTooLong();
        continue;
      }
      this.#waiting.push(line);
      this.#size += line.length + LINE_COST;
    }
    if (this.#size > WAITING_MAX) return this.abort("sent too fast");
    this.#arrived();
  }

  #end() {
    this.#over = true;
    this.#arrived();
  }

  async *#read(): AsyncGenerator<Iterable<string>> {
    const bucket = this.bucket();
    while (!this.closing) {
      if (this.#waiting.length === 0) {
        if (this.#over) return;
        await new Promise<void>((resolve) => this.#arrived = resolve);
      } else if (this.mayGoOn(bucket)) {
        yield this.passOn(this.#waiting, bucket);
        this.#size = this.#waiting.reduce((size, line) => size + line.length + LINE_COST, 0);
      } else await this.obstacle(bucket);
    }
  }
}

const encoder = new TextEncoder();
