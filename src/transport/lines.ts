/**
 * Bytes to lines: what a client sends, cut where lines end, capped, decoded, and split by `TextLineStream`.
 *
 * `Framer` looks at bytes and lets only whole lines through. So a line over the cap never takes more memory than the
 * cap, a character that was cut between two reads is whole again before it is decoded, and `TextLineStream`, which
 * would hold an unfinished line without any bound, is never given one.
 */
import { TextLineStream } from "@std/streams/text-line-stream";

const LF = 0x0a;
const CR = 0x0d;
const NOTHING: Uint8Array<ArrayBuffer> = new Uint8Array(0);
const END: Uint8Array<ArrayBuffer> = new Uint8Array([LF]);

/** Cuts one client's bytes where its lines end, and keeps the unfinished rest, up to a cap. */
export class Framer {
  readonly #maxLine: number;
  #rest = NOTHING; // room for the unfinished line; grows with it, goes when it is finished
  #length = 0; // how much of `#rest` is in use
  #skipping = false; // inside a line that is over the cap already

  /** Whether the last line that ended did so in `\r\n`. */
  crlf = false;

  /** Whether, since the last `push`, a line had to be thrown away for its length. It came before what was returned. */
  tooLong = false;

  /** The beginning of that line, as much of it as may be kept. */
  beginning = NOTHING;

  /** @param maxLine The most bytes a line may have, without its end. */
  constructor(maxLine: number) {
    this.#maxLine = maxLine;
  }

  /**
   * Takes the bytes of one read.
   *
   * @param chunk At most `maxLine` bytes, so that of all its lines only the first, which may have begun in an earlier
   * chunk, can be too long. It is not kept, but what is returned may be a part of it.
   * @returns Whole lines with their ends; no bytes when none ended yet.
   */
  push(chunk: Uint8Array<ArrayBuffer>): Uint8Array<ArrayBuffer> {
    this.tooLong = false;
    const first = chunk.indexOf(LF);
    if (first < 0) {
      this.#keep(chunk);
      return NOTHING;
    }
    const end = chunk.lastIndexOf(LF) + 1;
    const whole = this.#complete(chunk, first, end);
    if (end < chunk.length) this.#keep(chunk.subarray(end));
    const last = whole.length - 1;
    if (last >= 0) this.crlf = last > 0 && whole[last - 1] === CR;
    return whole;
  }

  /** Takes the end of the input. Returns the last line, with an end, when it came without one; else no bytes. */
  finish(): Uint8Array<ArrayBuffer> {
    this.tooLong = false;
    return this.#length > 0 || this.#skipping ? this.push(END) : NOTHING;
  }

  /** The lines of `chunk` up to `end`, the first of which ends at `first` and may have begun in `#rest`. */
  #complete(chunk: Uint8Array<ArrayBuffer>, first: number, end: number): Uint8Array<ArrayBuffer> {
    if (this.#length === 0 && !this.#skipping) return chunk.subarray(0, end);
    const beforeLf = first > 0 ? chunk[first - 1] : this.#rest[this.#length - 1];
    const length = this.#length + first - (beforeLf === CR ? 1 : 0);
    this.tooLong = this.#skipping || length > this.#maxLine;
    if (this.tooLong) {
      this.beginning = this.#rest.subarray(0, this.#length);
      this.#forget();
      return chunk.subarray(first + 1, end);
    }
    const whole = new Uint8Array(this.#length + end);
    whole.set(this.#rest.subarray(0, this.#length));
    whole.set(chunk.subarray(0, end), this.#length);
    this.#forget();
    return whole;
  }

  /** Keeps the beginning of a line, up to the cap. */
  #keep(bytes: Uint8Array<ArrayBuffer>) {
    if (this.#skipping) return;
    const room = this.#maxLine + 1 - this.#length; // one more than the cap: it may turn out to be the \r of a line's end
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

  #forget() {
    this.#rest = NOTHING;
    this.#length = 0;
    this.#skipping = false;
  }
}

/**
 * Whether some bytes are UTF-8, given what they were decoded to: then each U+FFFD in that is there in the bytes as well.
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
 * The numbers of those lines that are not UTF-8.
 *
 * @param bytes Whole lines, with their ends.
 * @param lines What they were decoded to.
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
 * Splits one client's text into lines, by `TextLineStream`.
 *
 * The stream is some 5 KB with all that belongs to it, so a connection has a splitter from its client's first line on:
 * of the many who only listen, none pays for one.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { LineSplitter } from "./lines.ts";
 *
 * assertEquals(await new LineSplitter().split("one\r\ntwo\n"), ["one", "two"]);
 * ```
 */
export class LineSplitter {
  readonly #writer: WritableStreamDefaultWriter<string>;
  readonly #reader: ReadableStreamDefaultReader<string>;

  constructor() {
    const stream = new TextLineStream();
    this.#writer = stream.writable.getWriter();
    this.#reader = stream.readable.getReader();
  }

  /**
   * Splits text. One call at a time.
   *
   * @param text Whole lines, one or more, with their ends.
   * @returns The lines without their ends.
   */
  async split(text: string): Promise<string[]> {
    const written = this.#writer.write(text); // is done when its lines have been read
    const lines: string[] = [];
    for (let end = text.indexOf("\n"); end >= 0; end = text.indexOf("\n", end + 1)) {
      lines.push((await this.#reader.read()).value!);
    }
    await written;
    return lines;
  }
}
