/**
 * The frames of WebSocket (RFC 6455): takes apart what a client sends, and puts together what it is sent.
 *
 * Knows bytes only. What is against the rules is thrown as a {@linkcode FrameError} as soon as it can be known: of what is
 * too long not a byte is kept.
 */
import { LineEncoder } from "./line_connection.ts";

/** What a frame is, as far as there are such frames. */
const CONTINUATION = 0;
export const TEXT = 1;
export const BINARY = 2;
export const CLOSE = 8;
export const PING = 9;
export const PONG = 10;

/** The most bytes in a frame that is about the connection itself. */
const CONTROL_MAX = 125;

/** The most bytes that come before what is in a frame: 2, 8 for its length, 4 for the mask. */
const HEAD_MAX = 14;

/** Codes that say why a WebSocket was closed (section 7.4.1). */
export const NORMAL = 1000;
export const PROTOCOL_ERROR = 1002;
export const NOT_UTF8 = 1007;
export const TOO_BIG = 1009;

/** A client broke the rules. */
export class FrameError extends Error {
  override name = "FrameError";
  /** What it is told with the closing. */
  readonly code: number;

  constructor(code: number, message: string) {
    super(message);
    this.code = code;
  }
}

/**
 * A message, whole: what was in one frame or several. Or a ping, a pong, a close; or a piece of a message with nothing in
 * it, as there can be any number of those before the message is whole.
 */
export interface WebSocketMessage {
  readonly opcode: number;
  readonly bytes: Uint8Array<ArrayBuffer>;
}

const NOTHING: Uint8Array<ArrayBuffer> = new Uint8Array(0);
const EMPTY_PIECE: WebSocketMessage = { opcode: CONTINUATION, bytes: NOTHING };

/**
 * Takes apart what one client sends.
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
  readonly #head = new Uint8Array(HEAD_MAX); // of the frame that is being read …
  #got = 0; // … what there is of it …
  #needed = 2; // … and how much it is, as far as that can be said
  #inHead = true;
  #left = 0; // bytes of the frame that are still to come
  #turn = 0; // which byte of the mask is next
  #control: Uint8Array<ArrayBuffer> = NOTHING; // what there is of a control frame
  #controlLength = 0;
  #message: Uint8Array<ArrayBuffer> = NOTHING; // what there is of a message; grows with it
  #messageLength = 0;
  #opcode = CONTINUATION; // of the message that is being read; this one if there is none

  /** @param max The most bytes in a message. */
  constructor(max: number) {
    this.#max = max;
  }

  /** How much memory the message takes of which only a part has come, in bytes. */
  get held(): number {
    return this.#message.length;
  }

  /**
   * Takes the bytes of one read. Whoever iterates less than all of what is returned must not go on with another.
   *
   * @throws {FrameError} What came before the mistake has been returned by then.
   */
  *push(bytes: Uint8Array): Generator<WebSocketMessage> {
    for (let at = 0; at < bytes.length;) {
      if (this.#inHead) {
        this.#head[this.#got++] = bytes[at++]!;
        if (this.#got === 2) this.#begin();
        if (this.#got < this.#needed) continue;
        this.#measure();
      } else {
        const count = Math.min(this.#left, bytes.length - at);
        this.#unmask(bytes.subarray(at, at + count));
        at += count;
      }
      if (this.#left > 0) continue;
      this.#inHead = true;
      this.#got = 0;
      this.#needed = 2;
      const message = this.#finish();
      if (message !== undefined) yield message;
    }
  }

  /** Whether a frame is one that may stand inside of a message. */
  get #isControl(): boolean {
    return (this.#head[0]! & 8) !== 0;
  }

  /** The first two bytes of a frame say what it is. */
  #begin() {
    const [first, second] = this.#head as unknown as [number, number];
    const opcode = first & 15;
    const fin = (first & 0x80) !== 0;
    if ((first & 0x70) !== 0) throw new FrameError(PROTOCOL_ERROR, "reserved bits are set");
    if (opcode > PONG || (opcode > BINARY && opcode < CLOSE)) throw new FrameError(PROTOCOL_ERROR, "no such frame");
    if ((second & 0x80) === 0) throw new FrameError(PROTOCOL_ERROR, "a frame is not masked");
    if (this.#isControl) {
      if (!fin) throw new FrameError(PROTOCOL_ERROR, "a control frame is in pieces");
      if ((second & 0x7f) > CONTROL_MAX) throw new FrameError(PROTOCOL_ERROR, "a control frame is too long");
    } else if ((opcode === CONTINUATION) !== (this.#opcode !== CONTINUATION)) {
      throw new FrameError(PROTOCOL_ERROR, opcode === CONTINUATION ? "nothing goes on" : "a message has not ended");
    }
    const length = second & 0x7f;
    this.#needed = 6 + (length === 126 ? 2 : length === 127 ? 8 : 0);
  }

  /** The whole head of a frame says how long it is. */
  #measure() {
    const view = new DataView(this.#head.buffer);
    let length = this.#head[1]! & 0x7f;
    if (length === 126) {
      length = view.getUint16(2);
      if (length < 126) throw new FrameError(PROTOCOL_ERROR, "a length is written longer than it is");
    } else if (length === 127) {
      length = Number(view.getBigUint64(2));
      if (length < 65_536) throw new FrameError(PROTOCOL_ERROR, "a length is written longer than it is");
    }
    if (this.#isControl) {
      this.#control = new Uint8Array(length);
      this.#controlLength = 0;
    } else {
      if (this.#messageLength + length > this.#max) throw new FrameError(TOO_BIG, "sent too much at once");
      const opcode = this.#head[0]! & 15;
      if (opcode !== CONTINUATION) this.#opcode = opcode;
    }
    this.#inHead = false;
    this.#left = length;
    this.#turn = 0;
  }

  /** Takes a part of what is in a frame. */
  #unmask(masked: Uint8Array) {
    const control = this.#isControl;
    if (!control) this.#makeRoom(masked.length);
    const target = control ? this.#control : this.#message;
    let at = control ? this.#controlLength : this.#messageLength;
    const mask = this.#needed - 4;
    for (const byte of masked) target[at++] = byte ^ this.#head[mask + (this.#turn++ & 3)]!;
    if (control) this.#controlLength = at;
    else this.#messageLength = at;
    this.#left -= masked.length;
  }

  #makeRoom(count: number) {
    const length = this.#messageLength + count;
    if (length <= this.#message.length) return;
    // No more than is there, or twice that: what a head promises need never come.
    const room = new Uint8Array(Math.min(this.#max, Math.max(length, 2 * this.#message.length)));
    room.set(this.#message.subarray(0, this.#messageLength));
    this.#message = room;
  }

  /** A frame is whole, and with it perhaps a message. */
  #finish(): WebSocketMessage | undefined {
    if (this.#isControl) {
      const bytes = this.#control;
      this.#control = NOTHING;
      return { opcode: this.#head[0]! & 15, bytes };
    }
    if ((this.#head[0]! & 0x80) === 0) return this.#turn === 0 ? EMPTY_PIECE : undefined; // it goes on
    const message = { opcode: this.#opcode, bytes: this.#message.subarray(0, this.#messageLength) };
    this.#opcode = CONTINUATION;
    this.#message = NOTHING;
    this.#messageLength = 0;
    return message;
  }
}

const encoder = new TextEncoder();
const LINE_END = 0x0a;

/** How lines are put into frames: each into one of text or of bytes, or all that go out together into one of text. */
export type Framing = "text" | "binary" | "lines";

/** One for each way, and for all connections: see {@linkcode LineEncoder}. */
export const FRAMINGS: Readonly<Record<Framing, LineEncoder>> = {
  text: new LineEncoder((lines) => framePerLine(TEXT, lines)),
  binary: new LineEncoder((lines) => framePerLine(BINARY, lines)),
  lines: new LineEncoder((lines) => frame(TEXT, encoder.encode(lines.join("\n")))),
};

/** A frame as a server sends it: whole, and without a mask. */
export function frame(opcode: number, bytes: Uint8Array): Uint8Array {
  const start = headSize(bytes.length);
  const all = new Uint8Array(start + bytes.length);
  putHead(all, 0, opcode, bytes.length);
  all.set(bytes, start);
  return all;
}

function framePerLine(opcode: number, lines: readonly string[]): Uint8Array {
  const bytes = encoder.encode(lines.join("\n") + "\n");
  let size = 0;
  for (let start = 0, end = bytes.indexOf(LINE_END); end >= 0; end = bytes.indexOf(LINE_END, start = end + 1)) {
    size += headSize(end - start) + end - start;
  }
  const all = new Uint8Array(size);
  let at = 0;
  for (let start = 0, end = bytes.indexOf(LINE_END); end >= 0; end = bytes.indexOf(LINE_END, start = end + 1)) {
    at = putHead(all, at, opcode, end - start);
    all.set(bytes.subarray(start, end), at);
    at += end - start;
  }
  return all;
}

function headSize(length: number): number {
  return length < 126 ? 2 : length < 65_536 ? 4 : 10;
}

/** Writes a frame's head; returns where it ends. */
function putHead(all: Uint8Array, at: number, opcode: number, length: number): number {
  const view = new DataView(all.buffer, at);
  all[at] = 0x80 | opcode;
  all[at + 1] = length < 126 ? length : length < 65_536 ? 126 : 127;
  if (length >= 65_536) view.setBigUint64(2, BigInt(length));
  else if (length >= 126) view.setUint16(2, length);
  return at + headSize(length);
}

/** What is in a close frame: a code, and words that any client can show. */
export function closing(code: number, reason: string): Uint8Array {
  const words = encoder.encode(reason.replace(/[^ -~]/g, "?").slice(0, CONTROL_MAX - 2));
  const bytes = new Uint8Array(2 + words.length);
  new DataView(bytes.buffer).setUint16(0, code);
  bytes.set(words, 2);
  return bytes;
}

const strict = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/**
 * The code in a close frame of a client; none if it gave none.
 *
 * @throws {FrameError} for what may not be in one.
 */
export function closeCode(bytes: Uint8Array): number | undefined {
  if (bytes.length === 0) return undefined;
  if (bytes.length === 1) throw new FrameError(PROTOCOL_ERROR, "half a code");
  const code = bytes[0]! * 256 + bytes[1]!;
  // 1004 to 1006 and 1015 are never sent; 1016 to 2999 mean nothing yet (section 7.4.2).
  const known = (code >= 1000 && code <= 1014 && (code < 1004 || code > 1006)) || (code >= 3000 && code <= 4999);
  if (!known) throw new FrameError(PROTOCOL_ERROR, "no such code");
  textOf(bytes.subarray(2));
  return code;
}

/**
 * What a message says.
 *
 * @throws {FrameError} when it is not UTF-8.
 */
export function textOf(bytes: Uint8Array): string {
  try {
    return strict.decode(bytes);
  } catch {
    throw new FrameError(NOT_UTF8, "a text is not UTF-8");
  }
}
