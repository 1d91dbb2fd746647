/**
 * The body of an HTTP request as a stream (RFC 9112, sections 6 and 7): read from the socket only when its consumer asks
 * for the next piece, so that a slow consumer slows the client down.
 */
import { HttpError } from "./http_error.ts";
import type { HttpInput } from "./http_input.ts";
import { type BodyFraming, FIELDS_MAX, parseField } from "./http_request.ts";

/** Maximum length of a piece of a body, in bytes, and that of the first one. */
export const PIECE_MAX = 64 * 1024;
export const PIECE_MIN = 4 * 1024;

/** Maximum length of the line before a chunk, with extensions, and of all extensions and trailers of a body, in bytes. */
export const CHUNK_LINE_MAX = 256;
export const CHUNK_EXTRAS_MAX = 8 * 1024;

/** The lowest rate of a body in bytes a millisecond: a body may take {@linkcode BodyOptions.time} and its limit at this rate. */
const RATE_MIN = 16;

/** Size line of a chunk; extensions are ignored. Eight digits are more than any limit. */
const CHUNK_LINE = /^([0-9A-Fa-f]{1,8})(?:[\t ]*;[\t\x20-\x7e\x80-\xff]*)?$/;

const CR = 0x0d;
const LF = 0x0a;

/** Settings of a body. */
export interface BodyOptions {
  readonly framing: BodyFraming;
  /** Maximum length in bytes. */
  readonly limit: number;
  /** How long the client may send nothing while the body is read, in milliseconds. */
  readonly time: number;
  /** Called before the first read that has to wait for the client: sends `100 Continue`, if the client expects it. */
  readonly onWait: () => Promise<void>;
}

/** Reads a body, once. */
export class RequestBody {
  /** The pieces of the body, of at most {@linkcode PIECE_MAX} bytes. Fails with an `HttpError`, or when the client leaves. */
  readonly stream: ReadableStream<Uint8Array<ArrayBuffer>>;
  readonly #input: HttpInput;
  readonly #options: BodyOptions;
  #left: number; // bytes to come: of the body, or of the chunk
  #inChunk = false; // whether a chunk has begun, the end of which has not been read
  #received = 0;
  #extras = 0;
  #atTrailers = false; // whether the last chunk has been read
  #trailers = 0;
  #size = PIECE_MIN; // of the next piece that is read: a slow client is to hold little memory
  #waited = false;
  #patience: number; // milliseconds that may still be spent waiting for the client
  #complete = false;
  #ended = false;
  #failure: unknown;

  constructor(input: HttpInput, options: BodyOptions) {
    const { framing, limit, time } = options;
    this.#input = input;
    this.#options = options;
    this.#left = framing === "chunked" ? 0 : framing;
    this.#patience = time + limit / RATE_MIN;
    this.stream = new ReadableStream({ pull: (controller) => this.#pull(controller) }, { highWaterMark: 0 });
  }

  /** Whether all of it has been read. */
  get complete(): boolean {
    return this.#complete;
  }

  /** Why it could not be read; `undefined` if it could so far. */
  get failure(): unknown {
    return this.#failure;
  }

  /** Has later reads fail, as the request has been answered. */
  end(): void {
    this.#ended = true;
  }

  async #pull(controller: ReadableStreamDefaultController<Uint8Array<ArrayBuffer>>) {
    try {
      if (this.#ended) throw new Error("The request has been answered already");
      const piece = this.#options.framing === "chunked" ? await this.#readChunks() : await this.#readPiece(this.#left);
      if (this.#options.framing !== "chunked") {
        this.#left -= piece.length;
        this.#complete = this.#left === 0;
      }
      if (piece.length > 0) controller.enqueue(piece);
      if (this.#complete) controller.close();
    } catch (error) {
      this.#failure = error;
      controller.error(error);
    }
  }

  /** Reads up to a number of bytes: from the buffer, or from the socket if that is empty. */
  async #readPiece(most: number): Promise<Uint8Array<ArrayBuffer>> {
    const input = this.#input;
    if (!input.empty) {
      const from = input.start;
      input.start = Math.min(from + most, input.end);
      return input.buffer.slice(from, input.start);
    }
    const target = new Uint8Array(Math.min(most, this.#size));
    const count = await this.#wait(() => input.read(target));
    if (count === this.#size) this.#size = Math.min(4 * this.#size, PIECE_MAX);
    return count < target.length / 2 ? target.slice(0, count) : target.subarray(0, count);
  }

  /** Reads at least one byte of data, and all that has arrived with it; nothing at the end of the body. */
  async #readChunks(): Promise<Uint8Array<ArrayBuffer>> {
    const input = this.#input;
    const pieces: Uint8Array<ArrayBuffer>[] = [];
    while (!this.#complete) {
      if (this.#left === 0) {
        const wanted = this.#inChunk ? this.#endChunk() : this.#beginChunk();
        if (!wanted) continue;
        if (pieces.length > 0) break;
        await this.#fill();
      } else if (input.empty && pieces.length > 0) break;
      else {
        const piece = await this.#readPiece(this.#left);
        this.#left -= piece.length;
        pieces.push(piece);
      }
    }
    return pieces.length === 1 ? pieces[0]! : joined(pieces);
  }

  /** Reads the CRLF after a chunk. Returns whether more input is needed first. @throws {HttpError} */
  #endChunk(): boolean {
    const input = this.#input;
    const { buffer, start, end } = input;
    if (start < end && buffer[start] !== CR) throw invalidChunk();
    if (end - start < 2) return true;
    if (buffer[start + 1] !== LF) throw invalidChunk();
    input.start += 2;
    this.#inChunk = false;
    return false;
  }

  /** Reads the line before a chunk. Returns whether more input is needed first. @throws {HttpError} */
  #beginChunk(): boolean {
    const line = this.#line(CHUNK_LINE_MAX);
    if (line === undefined) return true;
    if (this.#atTrailers) return this.#readTrailer(line);
    const [, digits] = CHUNK_LINE.exec(line) ?? [];
    if (digits === undefined) throw invalidChunk();
    this.#countExtras(line.length - digits.length);
    this.#left = parseInt(digits, 16);
    this.#received += this.#left;
    if (this.#received > this.#options.limit) throw bodyTooLong(this.#options.limit);
    if (this.#left === 0) this.#atTrailers = true;
    else this.#inChunk = true;
    return false;
  }

  /** Checks a trailer field, which is ignored, or ends the body. */
  #readTrailer(line: string): boolean {
    if (line === "") {
      this.#complete = true;
      return false;
    }
    this.#countExtras(line.length);
    if (++this.#trailers > FIELDS_MAX) throw new HttpError(431, `Too many header fields: at most ${FIELDS_MAX}`);
    parseField(line);
    return false;
  }

  #countExtras(length: number) {
    this.#extras += length;
    if (this.#extras > CHUNK_EXTRAS_MAX) throw new HttpError(431, "Chunk extensions or trailers too long");
  }

  /** Takes a line from the buffer, without its CRLF; `undefined` if it is not complete. @throws {HttpError} */
  #line(most: number): string | undefined {
    const input = this.#input;
    const { buffer, start, end } = input;
    const at = buffer.subarray(start, Math.min(end, start + most)).indexOf(LF);
    if (at < 0 && end - start >= most) {
      throw new HttpError(400, `Line of a chunked body too long: at most ${most} bytes`);
    }
    if (at < 0) return undefined;
    if (at === 0 || buffer[start + at - 1] !== CR) throw new HttpError(400, "Lines must end in CRLF");
    input.start += at + 1;
    return String.fromCharCode(...buffer.subarray(start, start + at - 1));
  }

  async #fill() {
    await this.#wait(async () => {
      const outcome = await this.#input.fill();
      return outcome === "read" ? 0 : outcome;
    });
  }

  /**
   * Waits for the client, as long as it may take.
   *
   * @throws {HttpError} 408 after the timeout.
   * @throws {BodyEndedError} if the client has ended the stream.
   */
  async #wait(read: () => Promise<number | "end" | "timeout">): Promise<number> {
    if (!this.#waited) {
      this.#waited = true;
      await this.#options.onWait();
    }
    const input = this.#input;
    const begun = performance.now();
    input.setTimeout(Math.min(this.#options.time, Math.max(this.#patience, 1)));
    const outcome = await read();
    input.clearTimeout();
    this.#patience -= performance.now() - begun;
    if (outcome === "timeout") throw new HttpError(408, "Request body too slow");
    if (outcome === "end") throw new BodyEndedError();
    return outcome;
  }
}

/** The client has ended the stream within a body. */
export class BodyEndedError extends Error {}

/** The error of a body that is longer than its limit in bytes. */
export function bodyTooLong(limit: number): HttpError {
  return new HttpError(413, `Request body too long: at most ${limit} bytes`);
}

function invalidChunk(): HttpError {
  return new HttpError(400, "Invalid chunk in the request body");
}

function joined(pieces: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const all = new Uint8Array(pieces.reduce((length, piece) => length + piece.length, 0));
  let at = 0;
  for (const piece of pieces) {
    all.set(piece, at);
    at += piece.length;
  }
  return all;
}
