/**
 * What the connections of all transports have in common: a bounded outbox that the fan-out writes, and lines that are
 * passed on no faster than their client may talk.
 *
 * A transport adds how bytes are read and written, and what it takes to hang up.
 */
import { type Connection, type Protocol, WRONG_PROTOCOL } from "./connection.ts";
import type { Fanout } from "./fanout.ts";
import { type ByteSink, Outbox } from "./outbox.ts";
import type { EvictableSocket } from "./socket.ts";
import { TokenBucket } from "../util/token_bucket.ts";

/** What went through connections, for all who share it. */
export interface Traffic {
  /** Lines that were passed on. */
  linesIn: number;
  /** Lines, and bytes of them, that were queued. */
  linesOut: number;
  bytesOut: number;
}

/**
 * What a client is told that speaks another protocol than its port does, in that protocol where possible.
 *
 * @param secure Whether it has come in over TLS.
 */
export type Hint = (protocol: Protocol, secure: boolean) => string;

/** How the connections of one door behave. */
export interface LineOptions {
  /** Where what goes through them is counted. */
  traffic: Traffic;
  /** Shared by all connections of the server. */
  fanout: Fanout;
  /** The most bytes a client's line may have, without its end. */
  maxLine: number;
  /** Lines a second that a client may send; Infinity for as many as it likes. */
  rate: number;
  /** Lines that a client may send at once before `rate` binds it. */
  burst: number;
  /** The most bytes that may wait for a client. */
  sendBuffer: number;
  /** How long a client may take none of what waits for it, in milliseconds. */
  stallTime: number;
  /** Protocols by whose first line a client is rejected; none if nothing else is said. */
  rejects?: ReadonlySet<Protocol>;
  /** What such a client is told: whole lines, or a TLS record; nothing if nothing else is said. */
  hint?: Hint;
  /** Told of a client that is rejected for its protocol. */
  onRejected?: (peer: string, protocol: Protocol) => void;
}

/** Makes bytes of lines, once for all clients that are sent the same array one after another. */
export class LineEncoder {
  readonly #make: (lines: readonly string[]) => Uint8Array;
  #lines: readonly string[] | undefined;
  #bytes: Uint8Array = new Uint8Array(0);

  /** @param make How bytes are made of lines. */
  constructor(make: (lines: readonly string[]) => Uint8Array) {
    this.#make = make;
  }

  encode(lines: readonly string[]): Uint8Array {
    if (lines !== this.#lines) {
      this.#lines = lines;
      this.#bytes = this.#make(lines);
    }
    return this.#bytes;
  }
}

const encoder = new TextEncoder();

/** One for all connections: so that it can tell that they are sent the same. Those of WebSockets are in `frames.ts`. */
export const LF: LineEncoder = new LineEncoder((lines) => encoder.encode(lines.join("\n") + "\n"));
export const CRLF: LineEncoder = new LineEncoder((lines) => encoder.encode(lines.join("\r\n") + "\r\n"));

/** The longest time that a timer takes, in milliseconds; it takes longer ones for none at all. */
const TIMER_MAX = 2 ** 31 - 1;

const nobody = () => {};

/** See the head of this file. */
export abstract class LineConnection implements Connection {
  abstract readonly address: string;
  abstract readonly peer: string;
  abstract readonly entrant: EvictableSocket | undefined;
  abstract readonly secure: boolean;
  abstract readonly lines: AsyncIterable<Iterable<string>>;
  readonly maxLine: number;
  onTooLong: (beginning: string) => void = nobody;
  onMalformed: ((line: string) => void) | undefined;
  ending: string | undefined;

  protected readonly options: LineOptions;
  protected readonly outbox: Outbox;
  /** Makes bytes of lines. */
  protected encoder: LineEncoder;
  protected closing = false;
  #released = false;
  #closed: PromiseWithResolvers<void> | undefined;
  #wake: (() => void) | undefined; // ends the pause of a client that talks too fast
  #pausedUntil = 0; // by the monotonic clock; 0 if it is not

  constructor(sink: ByteSink, options: LineOptions, encoder: LineEncoder) {
    this.options = options;
    this.maxLine = options.maxLine;
    this.encoder = encoder;
    const onStalled = () => this.abort("too slow to read");
    this.outbox = new Outbox(options.sendBuffer, sink, { time: options.stallTime, onStalled });
  }

  get queued(): number {
    return this.outbox.size;
  }

  /** Of a socket's bytes no more than one short read and a line wait to be taken: they count as nothing. */
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
    if (milliseconds > 0) this.#pausedUntil = Math.max(this.#pausedUntil, performance.now() + milliseconds);
  }

  hideInput(_hidden: boolean): void {}

  close(reason?: string): void {
    if (!this.#end(reason)) return;
    void this.finish();
  }

  reject(protocol: Protocol): void {
    if (this.closing) return;
    const { hint, onRejected } = this.options;
    onRejected?.(this.peer, protocol);
    if (hint !== undefined) this.tell(hint(protocol, this.secure));
    this.close(WRONG_PROTOCOL);
  }

  abort(reason: string): void {
    if (this.#end(reason)) this.release();
  }

  /** Queues what a rejected client is told: not as lines, as its line ends may be part of another protocol. */
  protected tell(text: string): void {
    if (this.outbox.push(encoder.encode(text))) this.options.fanout.add(this.outbox);
  }

  /** Lets what is queued go out, hangs up, and then calls `release`. */
  protected abstract finish(): Promise<void>;

  /** Hangs up, if that has not happened yet. */
  protected abstract hangUp(): void;

  /** Lets go of all that the connection holds. */
  protected release(): void {
    this.outbox.close();
    this.hangUp();
    this.#released = true;
    this.#closed?.resolve();
  }

  /** What passes lines on no faster than this client may talk. */
  protected bucket(): TokenBucket | undefined {
    const { rate, burst } = this.options;
    return rate === Infinity ? undefined : new TokenBucket(rate, burst, performance.now());
  }

  /** Hands lines on for as long as this client may go on, each at the moment it is asked for. */
  protected *passOn(lines: string[], bucket: TokenBucket | undefined): Generator<string> {
    while (lines.length > 0 && !this.closing && this.mayGoOn(bucket)) {
      const line = lines.shift()!;
      bucket?.take();
      this.options.fanout.spend(line.length);
      this.options.traffic.linesIn++;
      yield line;
    }
  }

  /**
   * Takes what is no line for some: else it would be a way to be busy with a client that has nothing to say. Resolves once
   * they could have been passed on, or when this is the end.
   *
   * @param length How many bytes each of them is.
   */
  protected async toll(bucket: TokenBucket | undefined, lines: number, length = 0): Promise<void> {
    for (; lines > 0; lines--) {
      while (!this.closing && !this.mayGoOn(bucket)) await this.obstacle(bucket);
      if (this.closing) return;
      bucket?.take();
      this.options.fanout.spend(length);
    }
  }

  /** Whether this client's next line may be passed on now. */
  protected mayGoOn(bucket: TokenBucket | undefined): boolean {
    const { fanout, sendBuffer } = this.options;
    if (this.#pausedUntil > 0 && this.#pauseLeft() > 0) return false;
    return fanout.solvent && this.outbox.size <= sendBuffer / 2 && !bucket?.wait(performance.now());
  }

  /** Resolves when it is worth asking `mayGoOn` again. */
  protected obstacle(bucket: TokenBucket | undefined): Promise<void> {
    const { fanout, sendBuffer } = this.options;
    if (this.outbox.size > sendBuffer / 2) return this.outbox.drained();
    const wait = Math.max(this.#pauseLeft(), bucket?.wait(performance.now()) ?? 0);
    return wait ? this.#pause(wait) : fanout.roundOver();
  }

  /** Begins the end; returns whether it had not begun yet. */
  #end(reason: string | undefined): boolean {
    if (this.closing) return false;
    this.closing = true;
    this.ending ??= reason;
    this.#wake?.();
    return true;
  }

  #pauseLeft(): number {
    const left = Math.max(0, this.#pausedUntil - performance.now());
    if (left === 0) this.#pausedUntil = 0;
    return Math.ceil(left);
  }

  #pause(milliseconds: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, Math.min(milliseconds, TIMER_MAX));
      this.#wake = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }
}
