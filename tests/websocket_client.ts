/**
 * A WebSocket client (RFC 6455) that exposes each frame, and can violate the protocol as tests need.
 */

// Opcodes.
const TEXT = 1;
const BINARY = 2;
const CLOSE = 8;
const PING = 9;
const PONG = 10;

/** A frame from the server. */
export interface Frame {
  readonly opcode: number;
  readonly bytes: Uint8Array;
}

/** An HTTP response. */
export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  /** The bytes after the head, as text. */
  readonly body: string;
}

const encoder = new TextEncoder();
const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/** Sends a request unchanged, and resolves to the response when the server has closed the connection. */
export async function rawRequest(port: number, request: string): Promise<Answer> {
  using socket = await Deno.connect({ port });
  const written = write(socket, encoder.encode(request)).catch(() => {}); // the server need not read it to its end
  let text = "";
  const buffer = new Uint8Array(65536);
  try {
    for (let n = await socket.read(buffer); n !== null; n = await socket.read(buffer)) {
      text += String.fromCharCode(...buffer.subarray(0, n));
    }
  } catch {
    // A reset counts as the end.
  }
  await written;
  return answerOf(text);
}

/** Parses a response that has one character per byte. */
function answerOf(text: string): Answer {
  const end = text.indexOf("\r\n\r\n");
  const [status = "", ...lines] = text.slice(0, end).split("\r\n");
  const headers = new Headers(lines.map((line) => line.split(/: ?(.*)/s).slice(0, 2) as [string, string]));
  const bytes = Uint8Array.from(text.slice(end + 4), (char) => char.charCodeAt(0));
  return { status: Number(status.split(" ")[1]), headers, body: new TextDecoder().decode(bytes) };
}

async function write(socket: Deno.TcpConn, bytes: Uint8Array) {
  for (let at = 0; at < bytes.length;) at += await socket.write(bytes.subarray(at));
}

/** A frame of a client, masked as RFC 6455 requires, with a mask of zeros. */
export function frame(opcode: number, bytes: Uint8Array): Uint8Array {
  const head = [0x80 | opcode];
  if (bytes.length < 126) head.push(0x80 | bytes.length);
  else if (bytes.length < 65536) head.push(0x80 | 126, bytes.length >> 8, bytes.length & 255);
  else head.push(0x80 | 127, 0, 0, 0, 0, ...[24, 16, 8, 0].map((shift) => (bytes.length >>> shift) & 255));
  const all = new Uint8Array(head.length + 4 + bytes.length);
  all.set(head);
  all.set(bytes, head.length + 4);
  return all;
}

/** The request of a WebSocket handshake. */
export function handshake(path: string, headers: Record<string, string> = {}): string {
  const all = {
    host: "tincan.example",
    upgrade: "websocket",
    connection: "Upgrade",
    "sec-websocket-version": "13",
    "sec-websocket-key": "dGhlIHNhbXBsZSBub25jZQ==",
    ...headers,
  };
  const lines = Object.entries(all).map(([name, value]) => `${name}: ${value}\r\n`);
  return `GET ${path} HTTP/1.1\r\n${lines.join("")}\r\n`;
}

/** A client after the handshake. */
export class WebSocketClient implements Disposable {
  /** The response to its handshake. */
  readonly answer: Answer;
  readonly #socket: Deno.TcpConn;
  #bytes: Uint8Array; // the beginning of an incomplete frame

  private constructor(socket: Deno.TcpConn, answer: Answer, rest: Uint8Array) {
    this.#socket = socket;
    this.answer = answer;
    this.#bytes = rest;
  }

  /** Opens a WebSocket. Throws the response if the server rejects it. */
  static async open(port: number, path = "/irc", headers: Record<string, string> = {}): Promise<WebSocketClient> {
    const socket = await Deno.connect({ port });
    await write(socket, encoder.encode(handshake(path, headers)));
    let bytes: Uint8Array = new Uint8Array(0);
    while (true) {
      const text = Array.from(bytes, (byte) => String.fromCharCode(byte)).join("");
      const end = text.indexOf("\r\n\r\n") + 4;
      if (end >= 4) {
        const answer = answerOf(text.slice(0, end));
        if (answer.status === 101) return new WebSocketClient(socket, answer, bytes.slice(end));
        socket.close();
        throw new Error(text);
      }
      const more = await read(socket);
      if (more === undefined) throw new Error(`No response to the handshake before the end of the connection: ${text}`);
      bytes = joined(bytes, more);
    }
  }

  /** Sends texts in one frame each. */
  async send(...texts: string[]): Promise<void> {
    for (const text of texts) await this.write(frame(TEXT, encoder.encode(text)));
  }

  /** Sends bytes in a binary frame. */
  async sendBytes(bytes: Uint8Array): Promise<void> {
    await this.write(frame(BINARY, bytes));
  }

  /** Sends bytes unchanged. */
  write(bytes: Uint8Array): Promise<void> {
    return write(this.#socket, bytes);
  }

  /** The next frame; `undefined` after the last. Answers pings, which are not returned, and close frames. */
  async next(): Promise<Frame | undefined> {
    while (true) {
      const frame = this.#take();
      if (frame === undefined) {
        const more = await read(this.#socket);
        if (more === undefined) return undefined;
        this.#bytes = joined(this.#bytes, more);
      } else if (frame.opcode === PING) await this.write(framed(PONG, frame.bytes));
      else {
        if (frame.opcode === CLOSE) await this.write(framed(CLOSE, frame.bytes)).catch(() => {}); // so that the server closes the connection
        return frame;
      }
    }
  }

  /** The text of the next frame, which must be a text frame. */
  async text(): Promise<string> {
    const frame = await this.next();
    if (frame?.opcode === TEXT) return decoder.decode(frame.bytes);
    throw new Error(`Expected a text frame, but received ${shown(frame)}`);
  }

  /** Skips to the text that matches, and returns it. */
  async until(wanted: RegExp): Promise<string> {
    const seen: string[] = [];
    while (true) {
      const text = await this.text().catch((error) => {
        throw new Error(
          `No text that matches ${wanted}: ${error.message}; before that:\n${seen.slice(-10).join("\n")}`,
        );
      });
      if (wanted.test(text)) return text;
      seen.push(text);
    }
  }

  /** Reads to the end, and returns the frames. */
  async rest(): Promise<Frame[]> {
    const frames: Frame[] = [];
    for (let frame = await this.next(); frame !== undefined; frame = await this.next()) frames.push(frame);
    return frames;
  }

  /** Closes the socket without a close frame. */
  [Symbol.dispose](): void {
    try {
      this.#socket.close();
    } catch {
      // Already closed.
    }
  }

  #take(): Frame | undefined {
    const bytes = this.#bytes;
    if (bytes.length < 2) return undefined;
    if ((bytes[0]! & 0x80) === 0 || (bytes[1]! & 0x80) !== 0) {
      throw new Error("Expected an unfragmented frame without a mask");
    }
    const view = new DataView(bytes.buffer, bytes.byteOffset);
    let length = bytes[1]!;
    let at = 2;
    if (length >= 126) {
      at += length === 126 ? 2 : 8;
      if (bytes.length < at) return undefined;
      length = at === 4 ? view.getUint16(2) : Number(view.getBigUint64(2));
    }
    if (bytes.length < at + length) return undefined;
    this.#bytes = bytes.subarray(at + length);
    return { opcode: bytes[0]! & 15, bytes: bytes.subarray(at, at + length) };
  }
}

const framed = frame;

/** A frame as text; a close frame as its code and reason. */
export function shown(frame: Frame | undefined): string {
  if (frame === undefined) return "the end";
  const { opcode, bytes } = frame;
  if (opcode !== CLOSE) return new TextDecoder().decode(bytes);
  const code = bytes.length < 2 ? "" : new DataView(bytes.buffer, bytes.byteOffset).getUint16(0);
  return `close ${code} ${new TextDecoder().decode(bytes.subarray(2))}`.trimEnd();
}

async function read(socket: Deno.TcpConn): Promise<Uint8Array | undefined> {
  const buffer = new Uint8Array(65536);
  try {
    const count = await socket.read(buffer);
    return count === null ? undefined : buffer.subarray(0, count);
  } catch {
    return undefined; // a reset counts as the end
  }
}

function joined(a: Uint8Array, b: Uint8Array): Uint8Array {
  const all = new Uint8Array(a.length + b.length);
  all.set(a);
  all.set(b, a.length);
  return all;
}
