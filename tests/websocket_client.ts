/**
 * A client for WebSockets (RFC 6455) that shows each frame as it came, and can be as rude as a test needs it to be.
 */

// What a frame is.
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

/** What an HTTP request was answered. */
export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  /** What came after the head, as text. */
  readonly body: string;
}

const encoder = new TextEncoder();
const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/** Sends bytes as they are, and resolves to the answer once the server has hung up. */
export async function rawRequest(port: number, request: string): Promise<Answer> {
  using socket = await Deno.connect({ port });
  const written = write(socket, encoder.encode(request)).catch(() => {}); // it need not be read to its end
  let text = "";
  const buffer = new Uint8Array(65536);
  try {
    for (let n = await socket.read(buffer); n !== null; n = await socket.read(buffer)) {
      text += String.fromCharCode(...buffer.subarray(0, n));
    }
  } catch {
    // A reset ends it as an end does.
  }
  await written;
  return answerOf(text);
}

/** Bytes of a head, a character each, and what follows it. */
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

/** A frame of a client: masked, as RFC 6455 wants it, with a mask that changes nothing. */
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

/** What asks for a WebSocket. */
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

/** See the head of this file. */
export class WebSocketClient implements Disposable {
  /** What its handshake was answered. */
  readonly answer: Answer;
  readonly #socket: Deno.TcpConn;
  #bytes: Uint8Array; // that came and make no frame yet

  private constructor(socket: Deno.TcpConn, answer: Answer, rest: Uint8Array) {
    this.#socket = socket;
    this.answer = answer;
    this.#bytes = rest;
  }

  /** Opens a WebSocket; throws what the server said if it did not let it in. */
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
      if (more === undefined) throw new Error(`The end came before a handshake: ${text}`);
      bytes = joined(bytes, more);
    }
  }

  /** Sends texts, a frame each. */
  async send(...texts: string[]): Promise<void> {
    for (const text of texts) await this.write(frame(TEXT, encoder.encode(text)));
  }

  /** Sends bytes in a frame. */
  async sendBytes(bytes: Uint8Array): Promise<void> {
    await this.write(frame(BINARY, bytes));
  }

  /** Sends bytes as they are. */
  write(bytes: Uint8Array): Promise<void> {
    return write(this.#socket, bytes);
  }

  /** The next frame; `undefined` after the last. Pings are answered and not shown, a close is answered. */
  async next(): Promise<Frame | undefined> {
    while (true) {
      const frame = this.#take();
      if (frame === undefined) {
        const more = await read(this.#socket);
        if (more === undefined) return undefined;
        this.#bytes = joined(this.#bytes, more);
      } else if (frame.opcode === PING) await this.write(framed(PONG, frame.bytes));
      else {
        if (frame.opcode === CLOSE) await this.write(framed(CLOSE, frame.bytes)).catch(() => {}); // so it hangs up
        return frame;
      }
    }
  }

  /** The next frame, which must be of text. */
  async text(): Promise<string> {
    const frame = await this.next();
    if (frame?.opcode === TEXT) return decoder.decode(frame.bytes);
    throw new Error(`A text was expected, but ${shown(frame)} came`);
  }

  /** Skips to the text that matches, and returns it. */
  async until(wanted: RegExp): Promise<string> {
    const seen: string[] = [];
    while (true) {
      const text = await this.text().catch((error) => {
        throw new Error(`Waited in vain for ${wanted}: ${error.message}; what came:\n${seen.slice(-10).join("\n")}`);
      });
      if (wanted.test(text)) return text;
      seen.push(text);
    }
  }

  /** Reads to the end, and returns all that came before it. */
  async rest(): Promise<Frame[]> {
    const frames: Frame[] = [];
    for (let frame = await this.next(); frame !== undefined; frame = await this.next()) frames.push(frame);
    return frames;
  }

  /** Vanishes: no close frame, nothing. */
  [Symbol.dispose](): void {
    try {
      this.#socket.close();
    } catch {
      // Closed already.
    }
  }

  #take(): Frame | undefined {
    const bytes = this.#bytes;
    if (bytes.length < 2) return undefined;
    if ((bytes[0]! & 0x80) === 0 || (bytes[1]! & 0x80) !== 0) {
      throw new Error("A whole frame without mask was expected");
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
    return undefined; // a reset ends it as an end does
  }
}

function joined(a: Uint8Array, b: Uint8Array): Uint8Array {
  const all = new Uint8Array(a.length + b.length);
  all.set(a);
  all.set(b, a.length);
  return all;
}
