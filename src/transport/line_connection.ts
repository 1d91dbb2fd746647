/** What the connections of all transports share: a bounded outbox, rate-limited lines, and an orderly close. */
import { type Connection, type Protocol, WRONG_PROTOCOL } from "./connection.ts";
import type { Fanout } from "./fanout.ts";
import { type ByteSink, Outbox } from "./outbox.ts";
import type { EvictableSocket } from "./socket.ts";
import { TokenBucket } from "../util/token_bucket.ts";

/** Counters of lines and bytes, shared by all connections. */
export interface Traffic {
  /** Lines delivered to protocols. */
  linesIn: number;
  /** Lines queued for clients, and their bytes. */
  linesOut: number;
  bytesOut: number;
}

/**
 * Returns the message for a client that uses another protocol than the port, in that protocol where possible.
 *
 * @param secure Whether the client is connected over TLS.
 */
export type WrongProtocolReply = (protocol: Protocol, secure: boolean) => string;

/** The source of time of a connection. */
export interface Clock {
  /** Returns the time in milliseconds; it never goes back. */
  now(): number;
  /** Calls back after some milliseconds; returns a function that cancels the call. */
  callAfter(milliseconds: number, callback: () => void): () => void;
}

/** The longest delay of `setTimeout` in milliseconds; it treats longer ones as no delay. */
const TIMER_MAX = 2 ** 31 - 1;

/** The clock of the system. */
const SYSTEM_CLOCK: Clock = {
  now: () => performance.now(),
  callAfter(milliseconds, callback) {
    const timer = setTimeout(callback, Math.min(milliseconds, TIMER_MAX));
    return () => clearTimeout(timer);
  },
};

/** Settings of the connections of one listener. */
export interface LineOptions {
  traffic: Traffic;
  /** Shared by all connections of the server. */
  fanout: Fanout;
  /** Maximum length of a line from a client in bytes, excluding its end. */
  maxLine: number;
  /** Lines per second that a client may send; Infinity for no limit. */
  rate: number;
  /** Lines that a client may send at once before `rate` applies. */
  burst: number;
  /** Maximum size of the outbox in bytes. */
  sendBuffer: number;
  /** How long a client may read nothing of its outbox before it is disconnected, in milliseconds. */
  stallTime: number;
  /** Clients whose first line is of one of these protocols are rejected. Default: none. */
  rejectedProtocols?: ReadonlySet<Protocol>;
  /** The message for such a client: whole lines, or a TLS record. Default: no message. */
  wrongProtocolReply?: WrongProtocolReply;
  /** Called when a client is rejected for its protocol. */
  onWrongProtocol?: (peer: string, protocol: Protocol) => void;
  /** Used for the rate limit and for pauses. Default: the clock of the system. */
  clock?: Clock;
}

/** Encodes lines to bytes, once for consecutive calls with the same array. */
export class LineEncoder {
  readonly #encodeLines: (lines: readonly string[]) => Uint8Array;
  #lines: readonly string[] | undefined;
  #bytes: Uint8Array = new Uint8Array(0);

  constructor(encodeLines: (lines: readonly string[]) => Uint8Array) {
    this.#encodeLines = encodeLines;
  }

  encode(lines: readonly string[]): Uint8Array {
    if (lines !== this.#lines) {
      this.#lines = lines;
      this.#bytes = this.#encodeLines(lines);
    }
    return this.#bytes;
  }
}

const encoder = new TextEncoder();

/** Encoders shared by all connections, so that lines for many clients are encoded once. `frames.ts` has those of WebSocket. */
export const LF: LineEncoder = new LineEncoder((lines) => encoder.encode(lines.join("\n") + "\n"));
export const CRLF: LineEncoder = new LineEncoder((lines) => encoder.encode(lines.join("\r\n") + "\r\n"));

const noop = () => {};

/** A connection of lines over a byte stream. Subclasses read and write bytes and close the socket. */
export abstract class LineConnection implements Connection {
  abstract readonly address: string;
  abstract readonly peer: string;
  abstract readonly evictable: EvictableSocket | undefined;
  abstract readonly secure: boolean;
  abstract readonly lines: AsyncIterable<Iterable<string>>;
  readonly maxLine: number;
  onTooLong: (beginning: string) => void = noop;
  onMalformed: ((line: string) => void) | undefined;
  closeReason: string | undefined;

  protected readonly options: LineOptions;
  readonly #clock: Clock;
  protected readonly outbox: Outbox;
  protected encoder: LineEncoder;
  protected closing = false;
  #released = false;
  #closed: PromiseWithResolvers<void> | undefined;
  #endWait: (() => void) | undefined; // ends the wait for the rate limiter or for a pause
  #pausedUntil = 0; // on the monotonic clock; 0 if not paused

  constructor(sink: ByteSink, options: LineOptions, encoder: LineEncoder) {
    this.options = options;
    this.#clock = options.clock ?? SYSTEM_CLOCK;
    this.maxLine = options.maxLine;
    this.encoder = encoder;
    const onStalled = () => this.abort("too slow to read");
    this.outbox = new Outbox(options.sendBuffer, sink, { timeout: options.stallTime, onStalled });
  }

  get echoesLocally(): boolean {
    return false;
  }

  get queued(): number {
    return this.outbox.size;
  }

  /** The outbox. Unprocessed input is at most one short read and a line, which is not counted. */
  get held(): number {
    return this.queued;
  }

  get closed(): Promise<void> {
    this.#closed ??= Promise.withResolvers();
    if (this.#released) this.#closed.resolve();
    return this.#closed.promise;
  }

  send(lines: readonly string[]): void {
    if (this.closing || lines.length === 0) return;
    const bytes = this.encoder.encode(lines);
    if (!this.outbox.push(bytes)) return this.abort("too slow to read");
    const { traffic, fanout } = this.options;
    traffic.linesOut += lines.length;
    traffic.bytesOut += bytes.length;
    fanout.add(this.outbox);
  }

  pause(milliseconds: number): void {
    if (milliseconds > 0) this.#pausedUntil = Math.max(this.#pausedUntil, this.#clock.now() + milliseconds);
  }

  hideInput(_hidden: boolean): void {}

  close(reason?: string): void {
    if (!this.#beginClose(reason)) return;
    void this.finish();
  }

  reject(protocol: Protocol): void {
    if (this.closing) return;
    const { wrongProtocolReply, onWrongProtocol } = this.options;
    onWrongProtocol?.(this.peer, protocol);
    if (wrongProtocolReply !== undefined) this.sendRaw(wrongProtocolReply(protocol, this.secure));
    this.close(WRONG_PROTOCOL);
  }

  abort(reason: string): void {
    if (this.#beginClose(reason)) this.release();
  }

  /** Queues the message for a rejected client, unframed because it may be of another protocol. */
  protected sendRaw(text: string): void {
    if (this.outbox.push(encoder.encode(text))) this.options.fanout.add(this.outbox);
  }

  /** Sends what is queued, closes the socket in an orderly way, and then calls `release`. */
  protected abstract finish(): Promise<void>;

  /** Closes the socket, if it is still open. */
  protected abstract closeSocket(): void;

  /** Releases all resources of the connection. */
  protected release(): void {
    this.outbox.close();
    this.closeSocket();
    this.#released = true;
    this.#closed?.resolve();
  }

  /** Creates the rate limiter for this client's lines; `undefined` if there is no limit. */
  protected createRateLimiter(): TokenBucket | undefined {
    const { rate, burst } = this.options;
    return rate === Infinity ? undefined : new TokenBucket(rate, burst, this.#clock.now());
  }

  /** Removes lines from the front of `lines` and yields them while the next one may be accepted. */
  protected *acceptLines(lines: string[], limiter: TokenBucket | undefined): Generator<string> {
    while (lines.length > 0 && !this.closing && this.canAccept(limiter)) {
      const line = lines.shift()!;
      this.#charge(limiter, line.length);
      this.options.traffic.linesIn++;
      yield line;
    }
  }

  /**
   * Charges the rate limit and the input credit for input that is not delivered as lines; otherwise it would be a way to
   * keep the server busy without limit. Resolves when as many lines could have been accepted, or the connection closes.
   *
   * @param lines How many lines the input counts as.
   * @param length The length of each of them in bytes.
   */
  protected async chargeLines(limiter: TokenBucket | undefined, lines: number, length = 0): Promise<void> {
    for (; lines > 0; lines--) {
      while (!this.closing && !this.canAccept(limiter)) await this.whenAcceptable(limiter);
      if (this.closing) return;
      this.#charge(limiter, length);
    }
  }

  /**
   * Whether the next line may be accepted now: the client is not paused, reads its replies, and has tokens left, and
   * input credit is left for this round.
   */
  protected canAccept(limiter: TokenBucket | undefined): boolean {
    const { fanout, sendBuffer } = this.options;
    if (this.#pausedUntil > 0 && this.#pauseLeft() > 0) return false;
    return fanout.hasCredit && this.outbox.size <= sendBuffer / 2 && !limiter?.wait(this.#clock.now());
  }

  /** Resolves when `canAccept` may have changed. */
  protected whenAcceptable(limiter: TokenBucket | undefined): Promise<void> {
    const { fanout, sendBuffer } = this.options;
    if (this.outbox.size > sendBuffer / 2 && !this.outbox.empty) return this.outbox.drained();
    const wait = Math.max(this.#pauseLeft(), limiter?.wait(this.#clock.now()) ?? 0);
    return wait ? this.#wait(wait) : fanout.roundOver();
  }

  #charge(limiter: TokenBucket | undefined, length: number) {
    limiter?.take();
    this.options.fanout.useCredit(length);
  }

  /** Returns whether the connection was not closing yet. */
  #beginClose(reason: string | undefined): boolean {
    if (this.closing) return false;
    this.closing = true;
    this.closeReason ??= reason;
    this.#endWait?.();
    return true;
  }

  #pauseLeft(): number {
    const left = Math.max(0, this.#pausedUntil - this.#clock.now());
    if (left === 0) this.#pausedUntil = 0;
    return Math.ceil(left);
  }

  #wait(milliseconds: number): Promise<void> {
    return new Promise((resolve) => {
      const cancel = this.#clock.callAfter(milliseconds, resolve);
      this.#endWait = () => {
        cancel();
        resolve();
      };
    });
  }
}
