/**
 * The outbox of a connection: a bounded queue of bytes for one client, written one chunk at a time.
 *
 * `push` never waits. Chunks queued during a write are joined into the next one. The limit is the only protection
 * needed against a client that does not read: a client that exceeds it is disconnected, and no other client is affected.
 */

/**
 * Memory that a queued chunk costs in addition to its bytes, approximately: an array slot and the object around a
 * buffer of its own. It counts toward the limit; otherwise 10 KB of short lines could occupy a megabyte.
 */
const CHUNK_COST = 200;

/** Maximum number of bytes joined into one write. */
const WRITE_SIZE = 64 * 1024;

const EMPTY = new Uint8Array(0);
const noop = () => {}; // shared by all outboxes

/** Where an outbox writes to: a socket. */
export interface ByteSink {
  /** Writes some of `bytes`; resolves to how many were written, at least 1. */
  write(bytes: Uint8Array): Promise<number>;
}

/** When a client counts as stalled. */
export interface StallOptions {
  /** How long a slow write may continue without progress, in milliseconds. */
  readonly timeout: number;
  /** Called when that time has passed. */
  readonly onStalled: () => void;
}

/** A bounded queue of bytes. */
export class Outbox {
  /** Used by {@linkcode Fanout} only: whether this outbox is scheduled for a round. */
  scheduled = false;

  /** Used by {@linkcode Fanout} only: the tick in which the write in flight began. */
  writeTick = 0;

  /** Used by {@linkcode Fanout} only: the number of the last round that began with this outbox and has written it. */
  lastRound = 0;

  /** Whether a write failed. The outbox is closed then. */
  failed = false;

  readonly #sink: ByteSink;
  readonly #limit: number;
  readonly #stall: StallOptions;
  #stallTimer: ReturnType<typeof setTimeout> | undefined;
  #first: Uint8Array | undefined; // the next chunk to be written …
  #more: Uint8Array[] | undefined; // … and those after it; most outboxes hold at most one chunk and need no array
  #size = 0; // cost of all chunks that are queued or being written
  #bytes: Uint8Array = EMPTY; // being written …
  #cost = 0; // … and its part of `#size`
  #writing = false;
  #closed = false;
  #onFlushed: (outbox: Outbox) => void = noop;
  #drained: PromiseWithResolvers<void> | undefined;

  /**
   * @param limit Maximum size in bytes, including the cost of each chunk.
   * @param sink The client's socket.
   */
  constructor(limit: number, sink: ByteSink, stall: StallOptions) {
    this.#limit = limit;
    this.#sink = sink;
    this.#stall = stall;
  }

  /** Bytes that are queued or being written, including the cost of each chunk. */
  get size(): number {
    return this.#size;
  }

  /** Whether chunks are queued and no write is in flight. */
  get ready(): boolean {
    return this.#first !== undefined && !this.#writing;
  }

  /** Whether nothing is left to be written, or the outbox is closed. */
  get empty(): boolean {
    return this.#closed || (this.#first === undefined && !this.#writing);
  }

  /**
   * Queues bytes without copying them: the caller must not change them afterwards.
   *
   * @returns Whether they fitted; if not, nothing was queued. A closed outbox accepts and drops everything.
   */
  push(bytes: Uint8Array): boolean {
    if (this.#closed) return true;
    const size = this.#size + bytes.length + CHUNK_COST;
    if (size > this.#limit) return false;
    this.#size = size;
    if (this.#first === undefined) this.#first = bytes;
    else (this.#more ??= []).push(bytes);
    return true;
  }

  /**
   * Writes queued chunks, joined, up to 64 KiB of them (or one chunk, if it is longer). Call it only while `ready`. It
   * takes a callback instead of returning a promise because it runs once for each client and round, where each promise
   * shows.
   *
   * @param onFlushed Called when all of these chunks have been written, or the write has failed.
   */
  flush(onFlushed: (outbox: Outbox) => void): void {
    this.#onFlushed = onFlushed;
    this.#writing = true;
    this.#takeChunks();
    this.#sink.write(this.#bytes).then(this.#onWritten, this.#onFailed);
  }

  /** Starts the stall timeout for the write in flight, which each write that makes progress restarts. */
  startStallTimer(): void {
    if (this.#writing) this.#stallTimer ??= setTimeout(this.#stall.onStalled, this.#stall.timeout);
  }

  readonly #onWritten = (count: number) => {
    const slow = this.#stallTimer !== undefined;
    if (slow) {
      clearTimeout(this.#stallTimer);
      this.#stallTimer = undefined;
    }
    if (count < this.#bytes.length && !this.#closed) {
      this.#bytes = this.#bytes.subarray(count);
      this.#sink.write(this.#bytes).then(this.#onWritten, this.#onFailed);
      if (slow) this.startStallTimer();
      return;
    }
    this.#bytes = EMPTY; // shared chunks are released as soon as possible
    this.#size -= this.#cost;
    this.#writing = false;
    this.#notifyDrained();
    this.#onFlushed(this);
  };

  readonly #onFailed = () => {
    this.failed = true;
    this.close();
    this.#onWritten(this.#bytes.length);
  };

  /**
   * Drops all queued chunks and those pushed later. A write in flight no longer counts either, as not every version of
   * Deno ends it when its socket is closed.
   */
  close(): void {
    this.#closed = true;
    this.#first = this.#more = undefined;
    this.#size = this.#cost = 0;
    clearTimeout(this.#stallTimer);
    this.#stallTimer = undefined;
    this.#notifyDrained();
  }

  /** Resolves when the outbox is `empty`. */
  drained(): Promise<void> {
    if (this.empty) return Promise.resolve();
    this.#drained ??= Promise.withResolvers();
    return this.#drained.promise;
  }

  #notifyDrained() {
    if (this.#drained === undefined || !this.empty) return;
    this.#drained.resolve();
    this.#drained = undefined;
  }

  /** Moves chunks from the queue to `#bytes`. */
  #takeChunks() {
    this.#bytes = this.#first!;
    this.#first = undefined;
    this.#cost = this.#bytes.length + CHUNK_COST;
    if (this.#more !== undefined) this.#joinChunks(this.#more);
  }

  #joinChunks(more: Uint8Array[]) {
    let count = 0;
    let length = this.#bytes.length;
    while (count < more.length && length + more[count]!.length <= WRITE_SIZE) length += more[count++]!.length;
    if (count > 0) {
      const joined = new Uint8Array(length);
      joined.set(this.#bytes);
      let at = this.#bytes.length;
      for (const chunk of more.splice(0, count)) {
        joined.set(chunk, at);
        at += chunk.length;
      }
      this.#bytes = joined;
      this.#cost = length + (count + 1) * CHUNK_COST;
    }
    this.#first = more.shift();
    if (more.length === 0) this.#more = undefined;
  }
}
