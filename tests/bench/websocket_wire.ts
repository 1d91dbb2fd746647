/**
 * A WebSocket as a client of a load needs one: lines in, lines out, as cheaply as over TCP.
 *
 * It speaks just enough of RFC 6455 to the server that it knows: frames of text, whole, as `lines.tincan` has them.
 */

/** What a client of a load reads from and writes to. */
export interface Wire {
  read(buffer: Uint8Array): Promise<number | null>;
  write(bytes: Uint8Array): Promise<number>;
  close(): void;
}

const LF = 0x0a;
const TEXT_FRAME = 0x81;
const MASKED = 0x80;

/** Bytes that are read from the socket at once. */
const READ_SIZE = 64 * 1024;

/** See the head of this file. */
export class WebSocketWire implements Wire {
  readonly #socket: Deno.TcpConn;
  readonly #buffer = new Uint8Array(READ_SIZE);
  #at = 0; // what of the buffer was taken …
  #end = 0; // … and what of it there is
  #left = 0; // bytes of the frame that are still to come
  #owesEnd = false; // a frame has ended, and its last line's end was not handed on

  private constructor(socket: Deno.TcpConn) {
    this.#socket = socket;
  }

  /** Opens a WebSocket where the server speaks plain lines. */
  static async connect(port: number): Promise<WebSocketWire> {
    const socket = await Deno.connect({ port });
    socket.setNoDelay();
    const wire = new WebSocketWire(socket);
    await wire.#send(new TextEncoder().encode(
      `GET /text HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n` +
        `Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\nSec-WebSocket-Protocol: lines.tincan\r\n\r\n`,
    ));
    let head = "";
    while (!head.includes("\r\n\r\n")) {
      if (!await wire.#fill()) throw new Error("The server hung up");
      while (wire.#at < wire.#end && !head.endsWith("\r\n\r\n")) head += String.fromCharCode(wire.#buffer[wire.#at++]!);
    }
    if (!head.startsWith("HTTP/1.1 101")) throw new Error(`Not let in: ${head}`);
    return wire;
  }

  async read(buffer: Uint8Array): Promise<number | null> {
    let length = 0;
    while (length === 0) {
      if (this.#at === this.#end && !await this.#fill()) return null;
      while (this.#at < this.#end && length < buffer.length) {
        if (this.#owesEnd) {
          buffer[length++] = LF;
          this.#owesEnd = false;
        } else if (this.#left > 0) {
          const count = Math.min(this.#left, this.#end - this.#at, buffer.length - length);
          buffer.set(this.#buffer.subarray(this.#at, this.#at + count), length);
          this.#at += count;
          length += count;
          this.#left -= count;
          this.#owesEnd = this.#left === 0;
        } else await this.#frame();
      }
      if (this.#owesEnd && length < buffer.length) {
        buffer[length++] = LF;
        this.#owesEnd = false;
      }
    }
    return length;
  }

  /** Writes whole lines, as one frame. The mask is all zeros, so that it changes nothing. */
  async write(bytes: Uint8Array): Promise<number> {
    if (bytes.length === 0) return 0;
    const text = bytes.subarray(0, bytes.at(-1) === LF ? -1 : undefined);
    const size = text.length < 126 ? [text.length] : [126, text.length >> 8, text.length & 0xff];
    const frame = new Uint8Array(1 + size.length + 4 + text.length);
    frame.set([TEXT_FRAME, size[0]! | MASKED, ...size.slice(1)]);
    frame.set(text, 1 + size.length + 4);
    await this.#send(frame);
    return bytes.length;
  }

  close(): void {
    this.#socket.close();
  }

  /** Reads a frame's head. */
  async #frame() {
    await this.#byte(); // one kind is all that there is
    this.#left = await this.#byte();
    const more = this.#left === 126 ? 2 : this.#left === 127 ? 8 : 0;
    if (more > 0) this.#left = 0;
    for (let i = 0; i < more; i++) this.#left = this.#left * 256 + await this.#byte();
  }

  async #byte(): Promise<number> {
    if (this.#at === this.#end && !await this.#fill()) throw new Error("The server hung up");
    return this.#buffer[this.#at++]!;
  }

  async #fill(): Promise<boolean> {
    this.#at = this.#end = 0;
    const count = await this.#socket.read(this.#buffer);
    this.#end = count ?? 0;
    return count !== null;
  }

  async #send(bytes: Uint8Array) {
    for (let at = 0; at < bytes.length;) at += await this.#socket.write(bytes.subarray(at));
  }
}
