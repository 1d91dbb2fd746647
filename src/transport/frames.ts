/**
 * WebSocket frames (RFC 6455): parses those of clients, and encodes those of the server.
 *
 * An invalid frame throws a {@linkcode FrameError} as soon as it can be detected: a message that is too long is rejected
 * by its header, before any of it is stored.
 */
import { LineEncoder } from "./line_connection.ts";

/** Opcodes (RFC 6455, section 5.2). */
const CONTINUATION = 0;
export const TEXT = 1;
export const BINARY = 2;
export const CLOSE = 8;
export const PING = 9;
export const PONG = 10;

/** Maximum length of the payload of a control frame in bytes. */
const CONTROL_MAX = 125;

/** Maximum length of a frame header in bytes: 2, 8 for the payload length, 4 for the mask. */
const HEADER_MAX = 14;

/** Status codes of close frames (section 7.4.1). */
export const NORMAL = 1000;
export const PROTOCOL_ERROR = 1002;
export const NOT_UTF8 = 1007;
export const TOO_BIG = 1009;

/** A client violated the protocol. */
export class FrameError extends Error {
  override name = "FrameError";
  /** The status code for the close frame. */
  readonly code: number;

  constructor(code: number, message: string) {
    super(message);
    this.code = code;
  }
}

/**
 * A complete message, from one frame or several; or a control frame; or an empty fragment of a message (`CONTINUATION`),
 * reported because a client can send any number of them.
 */
export interface WebSocketMessage {
  readonly opcode: number;
  readonly bytes: Uint8Array<ArrayBuffer>;
}

const EMPTY: Uint8Array<ArrayBuffer> = new Uint8Array(0);
const EMPTY_FRAGMENT: WebSocketMessage = { opcode: CONTINUATION, bytes: EMPTY };

/**
 * Parses the frames of one client.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { FrameReader } from "./frames.ts";
 *
 * const reader = new FrameReader(1000);
 * const frame = new Uint8Array([0x81, 0x82, 1, 2, 3, 4, 0x69, 0x6b]); // "hi", masked
 * const messages = [...reader.push(frame.subarray(0, 3)), ...reader.push(frame.subarray(3))];
 * assertEquals(messages, [{ opcode: 1, bytes: new TextEncoder().encode("hi") }]);
 * ```
 */
export class FrameReader {
  readonly #max: number;
  readonly #header = new Uint8Array(HEADER_MAX); // of the current frame …
  #headerLength = 0; // … bytes of it received …
  #headerSize = 2; // … and its full size, as far as it is known
  #inHeader = true;
  #left = 0; // payload bytes of the current frame not received yet
  #unmasked = 0; // payload bytes of the current frame received
  #control: Uint8Array<ArrayBuffer> = EMPTY; // payload of the current control frame
  #controlLength = 0;
  #message: Uint8Array<ArrayBuffer> = EMPTY; // buffer for the current message, which grows with it
  #messageLength = 0;
  #opcode = CONTINUATION; // of the current message; CONTINUATION if there is none

  /** @param max Maximum length of a message in bytes. */
  constructor(max: number) {
    this.#max = max;
  }

  /** Memory held for an incomplete message, in bytes. */
  get held(): number {
    return this.#message.length;
  }

  /**
   * Parses the bytes of one read. Iterate to the end before the next call.
   *
   * @throws {FrameError} After all messages before the invalid frame were returned.
   */
  *push(bytes: Uint8Array): Generator<WebSocketMessage> {
    for (let at = 0; at < bytes.length;) {
      if (this.#inHeader) {
        this.#header[this.#headerLength++] = bytes[at++]!;
        if (this.#headerLength === 2) this.#parseHeaderStart();
        if (this.#headerLength < this.#headerSize) continue;
        this.#parseLength();
      } else {
        const count = Math.min(this.#left, bytes.length - at);
        this.#unmask(bytes.subarray(at, at + count));
        at += count;
      }
      if (this.#left > 0) continue;
      this.#inHeader = true;
      this.#headerLength = 0;
      this.#headerSize = 2;
      const message = this.#finishFrame();
      if (message !== undefined) yield message;
    }
  }

  /** Whether the current frame is a control frame, which may occur within a fragmented message. */
  get #isControl(): boolean {
    return (this.#header[0]! & 8) !== 0;
  }

  /** Checks the first two bytes of a header. */
  #parseHeaderStart() {
    const [first, second] = this.#header as unknown as [number, number];
    const opcode = first & 15;
    const fin = (first & 0x80) !== 0;
    if ((first & 0x70) !== 0) throw new FrameError(PROTOCOL_ERROR, "reserved bits are set");
    if (opcode > PONG || (opcode > BINARY && opcode < CLOSE)) throw new FrameError(PROTOCOL_ERROR, "unknown opcode");
    if ((second & 0x80) === 0) throw new FrameError(PROTOCOL_ERROR, "frame is not masked");
    if (this.#isControl) {
      if (!fin) throw new FrameError(PROTOCOL_ERROR, "control frame is fragmented");
      if ((second & 0x7f) > CONTROL_MAX) throw new FrameError(PROTOCOL_ERROR, "control frame is too long");
    } else if ((opcode === CONTINUATION) !== (this.#opcode !== CONTINUATION)) {
      throw new FrameError(
        PROTOCOL_ERROR,
        opcode === CONTINUATION ? "no message to continue" : "previous message is incomplete",
      );
    }
    const length = second & 0x7f;
    this.#headerSize = 6 + (length === 126 ? 2 : length === 127 ? 8 : 0);
  }

  /** Checks the payload length of a complete header. */
  #parseLength() {
    const view = new DataView(this.#header.buffer);
    let length = this.#header[1]! & 0x7f;
    if (length === 126) {
      length = view.getUint16(2);
      if (length < 126) throw new FrameError(PROTOCOL_ERROR, "length is not in its shortest form");
    } else if (length === 127) {
      length = Number(view.getBigUint64(2));
      if (length < 65_536) throw new FrameError(PROTOCOL_ERROR, "length is not in its shortest form");
    }
    if (this.#isControl) {
      this.#control = new Uint8Array(length);
      this.#controlLength = 0;
    } else {
      if (this.#messageLength + length > this.#max) throw new FrameError(TOO_BIG, "sent too much at once");
      const opcode = this.#header[0]! & 15;
      if (opcode !== CONTINUATION) this.#opcode = opcode;
    }
    this.#inHeader = false;
    this.#left = length;
    this.#unmasked = 0;
  }

  /** Stores a part of the payload, unmasked. */
  #unmask(masked: Uint8Array) {
    const control = this.#isControl;
    if (!control) this.#makeRoom(masked.length);
    const target = control ? this.#control : this.#message;
    let at = control ? this.#controlLength : this.#messageLength;
    const mask = this.#headerSize - 4;
    for (const byte of masked) target[at++] = byte ^ this.#header[mask + (this.#unmasked++ & 3)]!;
    if (control) this.#controlLength = at;
    else this.#messageLength = at;
    this.#left -= masked.length;
  }

  #makeRoom(count: number) {
    const length = this.#messageLength + count;
    if (length <= this.#message.length) return;
    // Grows with the bytes received, not by the length announced in the header, which may never arrive.
    const room = new Uint8Array(Math.min(this.#max, Math.max(length, 2 * this.#message.length)));
    room.set(this.#message.subarray(0, this.#messageLength));
    this.#message = room;
  }

  /** Completes the current frame; returns the message that it completes, if any. */
  #finishFrame(): WebSocketMessage | undefined {
    if (this.#isControl) {
      const bytes = this.#control;
      this.#control = EMPTY;
      return { opcode: this.#header[0]! & 15, bytes };
    }
    if ((this.#header[0]! & 0x80) === 0) return this.#unmasked === 0 ? EMPTY_FRAGMENT : undefined; // FIN is not set
    const message = { opcode: this.#opcode, bytes: this.#message.subarray(0, this.#messageLength) };
    this.#opcode = CONTINUATION;
    this.#message = EMPTY;
    this.#messageLength = 0;
    return message;
  }
}

const encoder = new TextEncoder();
const LINE_END = 0x0a;

/** How lines are framed: one per text frame, one per binary frame, or all lines of one `send` in a text frame. */
export type Framing = "text" | "binary" | "lines";

/** The encoders, shared by all connections so that lines for many clients are encoded once. */
export const FRAMINGS: Readonly<Record<Framing, LineEncoder>> = {
  text: new LineEncoder((lines) => framePerLine(TEXT, lines)),
  binary: new LineEncoder((lines) => framePerLine(BINARY, lines)),
  lines: new LineEncoder((lines) => frame(TEXT, encoder.encode(lines.join("\n")))),
};

/** Encodes an unfragmented frame, without a mask, as servers send them. */
export function frame(opcode: number, bytes: Uint8Array): Uint8Array {
  const start = headerSize(bytes.length);
  const all = new Uint8Array(start + bytes.length);
  writeHeader(all, 0, opcode, bytes.length);
  all.set(bytes, start);
  return all;
}

function framePerLine(opcode: number, lines: readonly string[]): Uint8Array {
  const bytes = encoder.encode(lines.join("\n") + "\n");
  let size = 0;
  for (let start = 0, end = bytes.indexOf(LINE_END); end >= 0; end = bytes.indexOf(LINE_END, start = end + 1)) {
    size += headerSize(end - start) + end - start;
  }
  const all = new Uint8Array(size);
  let at = 0;
  for (let start = 0, end = bytes.indexOf(LINE_END); end >= 0; end = bytes.indexOf(LINE_END, start = end + 1)) {
    at = writeHeader(all, at, opcode, end - start);
    all.set(bytes.subarray(start, end), at);
    at += end - start;
  }
  return all;
}

function headerSize(length: number): number {
  return length < 126 ? 2 : length < 65_536 ? 4 : 10;
}

/** Writes a frame header at `at`; returns the offset of its end. */
function writeHeader(all: Uint8Array, at: number, opcode: number, length: number): number {
  const view = new DataView(all.buffer, at);
  all[at] = 0x80 | opcode;
  all[at + 1] = length < 126 ? length : length < 65_536 ? 126 : 127;
  if (length >= 65_536) view.setBigUint64(2, BigInt(length));
  else if (length >= 126) view.setUint16(2, length);
  return at + headerSize(length);
}

/** Encodes the payload of a close frame. Characters of `reason` outside printable ASCII are replaced by `?`. */
export function closePayload(code: number, reason: string): Uint8Array {
  const text = encoder.encode(reason.replace(/[^ -~]/g, "?").slice(0, CONTROL_MAX - 2));
  const bytes = new Uint8Array(2 + text.length);
  new DataView(bytes.buffer).setUint16(0, code);
  bytes.set(text, 2);
  return bytes;
}

const strict = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/**
 * Returns the status code of a close frame from a client; `undefined` if it has none.
 *
 * @throws {FrameError} if the payload is not valid in a close frame.
 */
export function parseClosePayload(bytes: Uint8Array): number | undefined {
  if (bytes.length === 0) return undefined;
  if (bytes.length === 1) throw new FrameError(PROTOCOL_ERROR, "close code is incomplete");
  const code = bytes[0]! * 256 + bytes[1]!;
  // 1004 to 1006 and 1015 are never sent; 1016 to 2999 are not assigned (section 7.4.2).
  const known = (code >= 1000 && code <= 1014 && (code < 1004 || code > 1006)) || (code >= 3000 && code <= 4999);
  if (!known) throw new FrameError(PROTOCOL_ERROR, "invalid close code");
  decodeText(bytes.subarray(2));
  return code;
}

/**
 * Decodes the payload of a text message.
 *
 * @throws {FrameError} if it is not UTF-8.
 */
export function decodeText(bytes: Uint8Array): string {
  try {
    return strict.decode(bytes);
  } catch {
    throw new FrameError(NOT_UTF8, "text is not UTF-8");
  }
}
