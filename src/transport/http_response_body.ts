/** Sends the body of a response that is streamed: with its length, in chunks, or up to the end of the connection. */
import { concat } from "@std/bytes/concat";
import type { StreamedResponse } from "./http_exchange.ts";

/** Where a body is sent. */
export interface BodyTarget {
  /** Resolves when the client has taken the bytes. */
  readonly write: (bytes: Uint8Array) => Promise<void>;
  /** Whether the client uses HTTP/1.0, which has no chunks. */
  readonly isHttp10: boolean;
}

const encoder = new TextEncoder();
const LAST_CHUNK = encoder.encode("0\r\n\r\n");
const CRLF = encoder.encode("\r\n");

/** The body of a streamed response. */
export class ResponseBody {
  readonly #reader: ReadableStreamDefaultReader<Uint8Array>;
  readonly #target: BodyTarget;
  readonly #length: number | undefined;

  constructor({ headers, stream }: StreamedResponse, target: BodyTarget) {
    this.#reader = stream.getReader();
    this.#target = target;
    const length = new Headers(headers).get("content-length");
    this.#length = length === null ? undefined : Number(length);
  }

  /** Whether its length is not known. */
  get isEndless(): boolean {
    return this.#length === undefined;
  }

  /** The fields of the head that say how it ends. */
  get fields(): [string, string][] {
    return this.#isChunked ? [["transfer-encoding", "chunked"]] : [];
  }

  /** Sends all pieces. @throws if the stream or a write fails, or the stream does not have the length that was promised. */
  async send(): Promise<void> {
    const { write } = this.#target;
    let sent = 0;
    for (let next = await this.#reader.read(); !next.done; next = await this.#reader.read()) {
      const { value } = next;
      if (value.length === 0) continue; // as a chunk it would be the end
      sent += value.length;
      if (sent > (this.#length ?? Infinity)) throw new Error(`The response is longer than ${this.#length} bytes`);
      await write(this.#isChunked ? concat([encoder.encode(`${value.length.toString(16)}\r\n`), value, CRLF]) : value);
    }
    if (sent < (this.#length ?? 0)) throw new Error(`The response is shorter than ${this.#length} bytes`);
    if (this.#isChunked) await write(LAST_CHUNK);
  }

  /** Tells the source that the client takes no more. The read in flight ends. */
  async cancel(): Promise<void> {
    try {
      await this.#reader.cancel("the client has left");
    } catch {
      // It has failed already.
    }
  }

  get #isChunked(): boolean {
    return this.isEndless && !this.#target.isHttp10;
  }
}
