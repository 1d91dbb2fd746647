/**
 * Splitting of a byte stream into lines: `Framer` cuts it after complete lines, `splitLines` splits the decoded text.
 *
 * `Framer` passes on complete lines only. So an overlong line never takes more memory than the limit, and a character that
 * was cut between two reads is complete before it is decoded.
 */

const LF = 0x0a;
const CR = 0x0d;
const EMPTY: Uint8Array<ArrayBuffer> = new Uint8Array(0);
const LINE_END: Uint8Array<ArrayBuffer> = new Uint8Array([LF]);

/** Cuts the bytes of one client after complete lines, and buffers an incomplete line up to a limit. */
export class Framer {
  readonly #maxLine: number;
  #rest = EMPTY; // buffer for an incomplete line, which grows with it
  #length = 0; // bytes of `#rest` in use
  #skipping = false; // within a line that exceeds the limit

  /** Whether the last complete line ended in CRLF. */
  crlf = false;

  /** Whether the last `push` dropped an overlong line. It preceded the lines that were returned. */
  tooLong = false;

  /** The beginning of that line, at most `maxLine` + 1 bytes. */
  beginning = EMPTY;

  /** @param maxLine Maximum length of a line in bytes, excluding its end. */
  constructor(maxLine: number) {
    this.#maxLine = maxLine;
  }

  /**
   * Processes the bytes of one read.
   *
   * @param chunk At most `maxLine` bytes, so that only the first line in it, which may have begun in an earlier chunk, can
   * be too long. It is not retained, but the result may be a view of it.
   * @returns Complete lines with their ends; empty if there are none.
   */
  push(chunk: Uint8Array<ArrayBuffer>): Uint8Array<ArrayBuffer> {
    this.tooLong = false;
    const first = chunk.indexOf(LF);
    if (first < 0) {
      this.#buffer(chunk);
      return EMPTY;
    }
    const end = chunk.lastIndexOf(LF) + 1;
    const whole = this.#complete(chunk, first, end);
    if (end < chunk.length) this.#buffer(chunk.subarray(end));
    const last = whole.length - 1;
    if (last >= 0) this.crlf = last > 0 && whole[last - 1] === CR;
    return whole;
  }

  /** Ends the input. Returns the last line, with an end added, if it had none; otherwise an empty array. */
  finish(): Uint8Array<ArrayBuffer> {
    this.tooLong = false;
    return this.#length > 0 || this.#skipping ? this.push(LINE_END) : EMPTY;
  }

  /** Returns the lines of `chunk` up to `end`, the first of which ends at `first` and may have begun in `#rest`. */
  #complete(chunk: Uint8Array<ArrayBuffer>, first: number, end: number): Uint8Array<ArrayBuffer> {
    if (this.#length === 0 && !this.#skipping) return chunk.subarray(0, end);
    const beforeLf = first > 0 ? chunk[first - 1] : this.#rest[this.#length - 1];
    const length = this.#length + first - (beforeLf === CR ? 1 : 0);
    this.tooLong = this.#skipping || length > this.#maxLine;
    if (this.tooLong) {
      this.beginning = this.#rest.subarray(0, this.#length);
      this.#reset();
      return chunk.subarray(first + 1, end);
    }
    const whole = new Uint8Array(this.#length + end);
    whole.set(this.#rest.subarray(0, this.#length));
    whole.set(chunk.subarray(0, end), this.#length);
    this.#reset();
    return whole;
  }

  /** Appends to the incomplete line, up to the limit. */
  #buffer(bytes: Uint8Array<ArrayBuffer>) {
    if (this.#skipping) return;
    const room = this.#maxLine + 1 - this.#length; // one byte more, which may be the CR of the line end
    if (bytes.length > room) {
      bytes = bytes.subarray(0, room);
      this.#skipping = true;
    }
    const length = this.#length + bytes.length;
    if (length > this.#rest.length) {
      const room = new Uint8Array(Math.min(Math.max(length, 2 * this.#rest.length), this.#maxLine + 1));
      room.set(this.#rest.subarray(0, this.#length));
      this.#rest = room;
    }
    this.#rest.set(bytes, this.#length);
    this.#length = length;
  }

  #reset() {
    this.#rest = EMPTY;
    this.#length = 0;
    this.#skipping = false;
  }
}

/**
 * Whether bytes are UTF-8, given the decoded text: if they are, each U+FFFD in it occurs in the bytes as well.
 *
 * @example
 * ```ts
 * import { assert } from "@std/assert";
 * import { isUtf8 } from "./lines.ts";
 *
 * const decoder = new TextDecoder();
 * const [good, bad] = [new Uint8Array([0xc3, 0xa9]), new Uint8Array([0xe9])]; // é in UTF-8 and in Latin-1
 * assert(isUtf8(good, decoder.decode(good)));
 * assert(!isUtf8(bad, decoder.decode(bad)));
 * ```
 */
export function isUtf8(bytes: Uint8Array, text: string): boolean {
  if (!text.includes("\ufffd")) return true; // nearly always
  let replaced = text.split("\ufffd").length - 1;
  for (let at = bytes.indexOf(0xef); at >= 0; at = bytes.indexOf(0xef, at + 1)) {
    if (bytes[at + 1] === 0xbf && bytes[at + 2] === 0xbd) replaced--;
  }
  return replaced === 0;
}

/**
 * Returns the indices of lines that are not UTF-8.
 *
 * @param bytes Complete lines with their ends.
 * @param lines The decoded lines without their ends.
 */
export function malformedLines(bytes: Uint8Array, lines: readonly string[]): number[] {
  const malformed: number[] = [];
  let start = 0;
  for (const [number, line] of lines.entries()) {
    const end = bytes.indexOf(LF, start);
    if (!isUtf8(bytes.subarray(start, end), line)) malformed.push(number);
    start = end + 1;
  }
  return malformed;
}

/**
 * Splits a text of complete lines. It is synchronous, as promises for each line cost a twentieth of the deliveries: see
 * docs/decisions/lines-without-streams.md.
 *
 * @param text One or more lines with their ends, LF or CRLF.
 * @returns The lines without their ends.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { splitLines } from "./lines.ts";
 *
 * assertEquals(splitLines("one\r\ntwo\n"), ["one", "two"]);
 * ```
 */
export function splitLines(text: string): string[] {
  const lines: string[] = [];
  for (let start = 0, end = text.indexOf("\n"); end >= 0; end = text.indexOf("\n", start)) {
    lines.push(text.slice(start, text.charCodeAt(end - 1) === CR && end > start ? end - 1 : end));
    start = end + 1;
  }
  return lines;
}
