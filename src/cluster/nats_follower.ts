/**
 * Follows the log: receives the batches that the stream republishes, fetches missing ones, and delivers them in order, no
 * faster than they are handled. Runs in the worker.
 */
import type { Msg } from "@nats-io/transport-node";
import { LogError, type LogErrorKind } from "./log_error.ts";
import { OPEN_TIMEOUT, UNHANDLED_BYTES_MAX, UNHANDLED_MAX } from "./log_limits.ts";
import type { NatsClient } from "./nats_client.ts";
import { Fetcher } from "./nats_fetcher.ts";
import { Identity } from "./nats_identity.ts";
import { APPEND_HEADER, type Names, readState, type StreamState } from "./nats_stream.ts";
import { Sequencer } from "./sequencer.ts";

/** How long a batch that is stored may take to be republished before it is fetched, in milliseconds. */
const REPUBLISH_TIMEOUT = 20;

/** How long after the last batch the stream is asked whether there is more, and how often, in milliseconds. */
const IDLE = 1000;

/** How long to wait before a fetch is repeated, in milliseconds. */
const RETRY_DELAY = 50;

/** After how many fetched batches their number is reported, at the latest. */
const FILLED_MAX = 256;

/** The calls that a follower makes. */
export interface FollowerEvents {
  /** The next batch, with the value of `APPEND_HEADER`. Its bytes are the receiver's. */
  batch(sequence: number, bytes: Uint8Array<ArrayBuffer>, sender: string): void;
  /** The stream is another one now, or lacks the next batch. Nothing is delivered after this. */
  lost(kind: LogErrorKind, message: string): void;
  /** Batches were fetched that were not received. */
  filled(count: number): void;
}

interface Batch {
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly sender: string;
}

/** Delivers each batch of the log once, in order. */
export class Follower {
  readonly #client: NatsClient;
  readonly #names: Names;
  readonly #events: FollowerEvents;
  readonly #fetcher: Fetcher;
  readonly #identity: Identity;
  readonly #unhandled: { readonly sequence: number; readonly size: number }[] = [];
  #unhandledBytes = 0;
  #sequencer: Sequencer<Batch> | undefined; // once started
  #lastReceived = 0; // the sequence of the last message that was republished
  #lastTaken = 0; // when the last batch came, in milliseconds
  #delivered = { sequence: 0, sender: "" }; // the last one
  #filled = 0; // not reported yet
  #retry: ReturnType<typeof setTimeout> | undefined; // no fetches before
  #reached: { readonly sequence: number; readonly resolve: () => void }[] = [];

  /** @param created When the stream was created. */
  constructor(client: NatsClient, names: Names, created: string, events: FollowerEvents) {
    this.#client = client;
    this.#names = names;
    this.#events = events;
    this.#fetcher = new Fetcher(client, names.stream, {
      fetched: (sequence, message) => this.#fetched(sequence, message),
      absent: () => this.#retryLater(),
    });
    const position = () => ({
      next: this.next,
      firstMissing: this.#sequencer?.firstMissing() ?? 0,
      delivered: this.#delivered,
    });
    this.#identity = new Identity(client, names.stream, created, position, {
      trusted: () => this.#sequencer?.drain(),
      stored: (last) => this.#learn(last),
      lost: (kind, message) => this.#lose(kind, message),
    });
    client.subscribe(names.out, (message) => this.#receive(message));
    setInterval(() => this.#idle(), IDLE);
  }

  /** The sequence that is delivered next; 0 before the start. */
  get next(): number {
    return this.#sequencer?.next ?? 0;
  }

  /** Whether the stream is known to be the one that was followed. */
  get isTrusted(): boolean {
    return this.#identity.isTrusted;
  }

  get isLost(): boolean {
    return this.#identity.isLost;
  }

  /**
   * Delivers the batches from a sequence on. The log is lost if it does not have them.
   *
   * @throws {Error} if the stream does not answer, or NATS does not permit to read it.
   */
  async start(from: number): Promise<void> {
    const state = await this.#subscribed();
    this.#sequencer = new Sequencer<Batch>(
      from,
      (sequence, batch, size) => this.#deliver(sequence, batch, size),
      () => this.#mayDeliver(),
    );
    const verdict = this.#identity.judge(state, from);
    if (verdict !== undefined) return this.#identity.lose(...verdict);
    this.#learn(state.last);
  }

  /** The receiver has handled all batches up to a sequence. */
  handled(sequence: number): void {
    while (this.#unhandled.length > 0 && this.#unhandled[0]!.sequence <= sequence) {
      this.#unhandledBytes -= this.#unhandled.shift()!.size;
    }
    this.#sequencer?.drain();
    this.#fetchMissing();
  }

  /** A batch is known to be stored. Resolves once it was delivered, or the log was lost. */
  async reach(sequence: number): Promise<void> {
    if (this.next > sequence || this.isLost) return;
    const reached = new Promise<void>((resolve) => this.#reached.push({ sequence, resolve }));
    setTimeout(() => this.#learn(sequence), REPUBLISH_TIMEOUT);
    await reached;
  }

  /**
   * Compares the stream with the batches that were delivered, and fetches missing ones. Resolves to the last sequence, or
   * to `undefined` if the stream did not answer.
   */
  check(): Promise<number | undefined> {
    return this.#identity.check();
  }

  /** Nothing is delivered until the stream was checked after the reconnection. */
  disconnected(): void {
    this.#lastReceived = 0; // another server may be a little behind
    this.#fetcher.clear();
    this.#identity.doubt();
  }

  reconnected(): Promise<void> {
    return this.#identity.reconnected();
  }

  /** Reads the state of the stream when the server has the subscription: every batch stored after that is received. */
  async #subscribed(): Promise<StreamState> {
    const end = performance.now() + OPEN_TIMEOUT;
    for (;;) {
      try {
        await this.#client.subscribed();
        return await readState(this.#client, this.#names.stream);
      } catch (error) {
        if (error instanceof LogError || performance.now() >= end) throw error;
        await new Promise((resolve) => setTimeout(resolve, RETRY_DELAY));
      }
    }
  }

  #lose(kind: LogErrorKind, message: string): void {
    this.#events.lost(kind, message);
    for (const { resolve } of this.#reached.splice(0)) resolve();
  }

  #receive(message: Msg): void {
    const sequence = Number(message.headers?.get("Nats-Sequence"));
    if (!Number.isSafeInteger(sequence) || sequence < 1) throw new Error("it has no sequence");
    // A server republishes in order, so the sequences of a stream that was created again show here first.
    if (sequence <= this.#lastReceived) this.#identity.doubt();
    this.#lastReceived = sequence;
    this.#take(sequence, message);
    this.#fetchMissing();
  }

  #take(sequence: number, message: Msg): void {
    if (this.#sequencer === undefined || this.isLost || sequence < this.#sequencer.next) return;
    this.#lastTaken = performance.now();
    const { data } = message;
    // A copy, as the data is a part of the library's read buffer.
    const make = () => ({ bytes: new Uint8Array(data), sender: message.headers?.get(APPEND_HEADER) ?? "" });
    this.#sequencer.take(sequence, make, data.length);
  }

  #deliver(sequence: number, { bytes, sender }: Batch, size: number): void {
    this.#unhandled.push({ sequence, size });
    this.#unhandledBytes += size;
    this.#delivered = { sequence, sender };
    this.#events.batch(sequence, bytes, sender);
    if (this.#reached.length === 0) return;
    const done = this.#reached.filter((each) => each.sequence <= sequence);
    this.#reached = this.#reached.filter((each) => each.sequence > sequence);
    for (const { resolve } of done) resolve();
  }

  /** Whether the receiver can be given another batch, of any size, and the stream is known to be the same. */
  #mayDeliver(): boolean {
    return this.isTrusted && !this.isLost && this.#unhandled.length < UNHANDLED_MAX &&
      this.#unhandledBytes < UNHANDLED_BYTES_MAX;
  }

  /** Batches up to a sequence are stored. */
  #learn(sequence: number): void {
    if (this.#sequencer === undefined) return;
    this.#sequencer.known = Math.max(this.#sequencer.known, sequence);
    this.#fetchMissing();
  }

  /** Asks the stream whether there is more: the last message may be lost, or the stream gone. */
  #idle(): void {
    const isQuiet = performance.now() - this.#lastTaken >= IDLE;
    if (isQuiet && this.#client.connected && this.next > 0 && !this.isLost) void this.check();
  }

  /** Fetches missing batches, as far as there is room for them. */
  #fetchMissing(): void {
    const isReady = this.#mayDeliver() && this.#client.connected && this.#retry === undefined;
    if (isReady && this.#sequencer !== undefined) this.#fetcher.request(this.#sequencer.missing());
  }

  #fetched(sequence: number, message: Msg): void {
    this.#filled++;
    this.#take(sequence, message);
    this.#fetchMissing();
    if (this.#filled < FILLED_MAX && this.#fetcher.pending > 0) return;
    this.#events.filled(this.#filled);
    this.#filled = 0;
  }

  /** Tries again a little later, after a look whether the next batch is there at all. */
  #retryLater(): void {
    this.#retry ??= setTimeout(async () => {
      const { next } = this;
      if (this.#sequencer?.missing()[0] === next) await this.#identity.explain(next);
      this.#retry = undefined;
      this.#fetchMissing();
    }, RETRY_DELAY);
  }
}
