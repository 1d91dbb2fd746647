/**
 * What one client has yet to receive: a queue of bytes, bounded, written a piece at a time.
 *
 * `push` never waits. What is queued while a write is under way is joined into the next one. The bound is the whole
 * protection against a client that does not read: past it the client is dropped, and nobody else notices.
 */

/**
 * What a queued chunk costs beside its bytes, in bytes, about: an array slot and the object around a private buffer.
 * It counts toward the bound, or a client could make the server keep a megabyte's worth of objects per 10 KB of lines.
 */
const CHUNK_COST = 200;

/** The most bytes that are joined into one write. */
const WRITE_SIZE = 64 * 1024;

const NOTHING = new Uint8Array(0);
const nobody = () => {}; // one for all: each client has an outbox

/** Where an outbox's bytes go: a socket, or in a test anything. */
export interface ByteSink {
  /** Resolves to how many of the bytes were taken, 1 at least. */
  write(bytes: Uint8Array): Promise<number>;
}

/** When a client counts as one that does not read. */
export interface Stall {
  /** How long a write that is late may go on without any progress, in milliseconds. */
  readonly time: number;
  /** Called when that is over. */
  readonly onStalled: () => void;
}

/** See the head of this file. */
export class Outbox {
  /** For {@linkcode Fanout} alone: whether this outbox is listed for the next round. */
  listed = false;

  /** For {@linkcode Fanout} alone: the tick of its clock in which the write now under way began. */
  writingSince = 0;

  /** For {@linkcode Fanout} alone: the number of the last round that had begun with this outbox, and has written it. */
  round = 0;

  /** Whether a write failed: nothing can be written any more. */
  failed = false;

  readonly #sink: ByteSink;
  readonly #limit: number;
  readonly #stall: Stall;
  #stallTimer: ReturnType<typeof setTimeout> | undefined; // runs while a write is late
  #first: Uint8Array | undefined; // what is written next …
  #more: Uint8Array[] | undefined; // … and after it: most have one chunk at a time, and no array
  #size = 0; // of all that is queued or being written
  #bytes: Uint8Array = NOTHING; // what is being written …
  #cost = 0; // … and what of `#size` it is
  #writing = false;
  #closed = false;
  #done: (outbox: Outbox) => void = nobody;
  #emptied: PromiseWithResolvers<void> | undefined; // for those who wait for it

  /**
   * @param limit The most that may be queued, in bytes, chunks' own cost included.
   * @param sink The client's socket.
   */
  constructor(limit: number, sink: ByteSink, stall: Stall) {
    this.#limit = limit;
    this.#sink = sink;
    this.#stall = stall;
  }

  /** Bytes queued, including those of a write under way, and what the chunks cost beside. */
  get size(): number {
    return this.#size;
  }

  /** Whether there is something to write, and no write under way that will go on to it. */
  get ready(): boolean {
    return this.#first !== undefined && !this.#writing;
  }

  /** Whether there is nothing left to write, or nobody left to write it to. */
  get empty(): boolean {
    return this.#closed || (this.#first === undefined && !this.#writing);
  }

  /**
   * Queues bytes. They are not copied, so whoever gives them must not change them any more.
   *
   * @returns Whether they fitted; if not, nothing was queued.
   */
  push(bytes: Uint8Array): boolean {
    if (this.#closed) return true; // nobody is left whom it could matter to
    const size = this.#size + bytes.length + CHUNK_COST;
    if (size > this.#limit) return false;
    this.#size = size;
    if (this.#first === undefined) this.#first = bytes;
    else (this.#more ??= []).push(bytes);
    return true;
  }

  /**
   * Writes what is queued, joined, up to 64 KiB of it (or one chunk, if that is longer). It takes callbacks rather than
   * returning a promise because it runs once for each client and round: each promise saved here shows.
   *
   * @param done Called when the client's socket has taken all of it, or cannot take it any more; the outbox is closed
   * then.
   */
  flush(done: (outbox: Outbox) => void): void {
    this.#done = done;
    this.#writing = true;
    this.#take();
    this.#sink.write(this.#bytes).then(this.#written, this.#broken);
  }

  /** Says that the write under way is late: from here on it must get on, or the client counts as stalled. */
  late(): void {
    if (this.#writing) this.#stallTimer ??= setTimeout(this.#stall.onStalled, this.#stall.time);
  }

  readonly #written = (count: number) => {
    const late = this.#stallTimer !== undefined;
    if (late) {
      clearTimeout(this.#stallTimer);
      this.#stallTimer = undefined;
    }
    if (count < this.#bytes.length && !this.#closed) {
      this.#bytes = this.#bytes.subarray(count);
      this.#sink.write(this.#bytes).then(this.#written, this.#broken);
      if (late) this.late();
      return;
    }
    this.#bytes = NOTHING; // many share it, and none should keep it
    this.#size -= this.#cost;
    this.#writing = false;
    this.#settle();
    this.#done(this);
  };

  readonly #broken = () => {
    this.failed = true;
    this.close();
    this.#written(this.#bytes.length);
  };

  /**
   * Drops what is queued, and from here on whatever is pushed. A write that is under way counts no more either: not
   * every Deno ends it when its socket is closed.
   */
  close(): void {
    this.#closed = true;
    this.#first = this.#more = undefined;
    this.#size = this.#cost = 0;
    clearTimeout(this.#stallTimer);
    this.#stallTimer = undefined;
    this.#settle();
  }

  /** Resolves as soon as nothing is left to write. */
  drained(): Promise<void> {
    if (this.empty) return Promise.resolve();
    this.#emptied ??= Promise.withResolvers();
    return this.#emptied.promise;
  }

  #settle() {
    if (this.#emptied === undefined || !this.empty) return;
    this.#emptied.resolve();
    this.#emptied = undefined;
  }

  /** Takes from the queue what goes into one write. */
  #take() {
    this.#bytes = this.#first!;
    this.#first = undefined;
    this.#cost = this.#bytes.length + CHUNK_COST;
    if (this.#more !== undefined) this.#join(this.#more);
  }

  /** Joins more chunks to the first, as many as go into one write. */
  #join(more: Uint8Array[]) {
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
