/** The bytes that a client sends on an HTTP connection: buffered, and read with a timeout. */
import { HttpError } from "./http_error.ts";
import type { Socket } from "./socket.ts";

/** Maximum length of a request head in bytes. */
export const HEAD_MAX = 8 * 1024;

/** Initial size of the read buffer in bytes: most request heads fit into it. */
const BUFFER_SIZE = 1024;

const LF = 0x0a;

/** The result of a read. */
export type ReadOutcome = "read" | "end" | "timeout";

/** Reads from a socket into a buffer. After a timeout, nothing more can be read. */
export class HttpInput {
  readonly #socket: Socket;
  #buffer: Uint8Array<ArrayBuffer> = new Uint8Array(BUFFER_SIZE);
  #timer: ReturnType<typeof setTimeout> | undefined;
  #onTimeout: (() => void) | undefined; // ends the read in flight
  #timedOut = false;
  /** The unprocessed bytes of {@linkcode buffer} begin here … */
  start = 0;
  /** … and end here. */
  end = 0;

  constructor(socket: Socket) {
    this.#socket = socket;
  }

  /** The buffer, which is another one after some reads. */
  get buffer(): Uint8Array<ArrayBuffer> {
    return this.#buffer;
  }

  /** Whether all bytes that have arrived are processed. */
  get empty(): boolean {
    return this.start === this.end;
  }

  /** A copy of the unprocessed bytes. */
  get rest(): Uint8Array<ArrayBuffer> {
    return this.#buffer.slice(this.start, this.end);
  }

  /** Has the read in flight, and those that follow, end after a time in milliseconds. */
  setTimeout(time: number): void {
    this.clearTimeout();
    this.#timer = setTimeout(() => {
      this.#timedOut = true;
      this.#onTimeout?.();
    }, time);
  }

  clearTimeout(): void {
    clearTimeout(this.#timer);
  }

  /**
   * Reads more into the buffer, which grows up to {@linkcode HEAD_MAX}. Unprocessed bytes are moved to its beginning.
   *
   * @throws {HttpError} when the buffer is full.
   */
  async fill(): Promise<ReadOutcome> {
    if (this.start > 0) {
      this.#buffer.copyWithin(0, this.start, this.end);
      this.end -= this.start;
      this.start = 0;
    }
    if (this.end === this.#buffer.length) this.#grow();
    const count = await this.read(this.#buffer.subarray(this.end));
    if (typeof count !== "number") return count;
    this.end += count;
    return "read";
  }

  #grow() {
    if (this.end >= HEAD_MAX) {
      const isFirstLine = this.#buffer.subarray(0, this.end).indexOf(LF) < 0;
      throw isFirstLine
        ? new HttpError(414, "URL too long")
        : new HttpError(431, `Request header too long: at most ${HEAD_MAX} bytes`);
    }
    const larger = new Uint8Array(Math.min(2 * this.end, HEAD_MAX));
    larger.set(this.#buffer);
    this.#buffer = larger;
  }

  /** Reads into a buffer of the caller, past that of this class, which has to be empty. Returns the number of bytes read. */
  async read(target: Uint8Array): Promise<number | "end" | "timeout"> {
    if (this.#timedOut) return "timeout";
    const timeout = new Promise<"timeout">((resolve) => this.#onTimeout = () => resolve("timeout"));
    const reading = this.#socket.read(target).catch(() => null);
    const count = await Promise.race([reading, timeout]);
    this.#onTimeout = undefined;
    return count ?? "end";
  }
}
