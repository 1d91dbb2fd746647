/** A log in memory that nodes of a test share: a total order without NATS. */
import type { LogHandlers, LogStatus } from "../../src/cluster/log.ts";
import { LogError } from "../../src/cluster/log_error.ts";
import type { NodeLog } from "../../src/cluster/node_options.ts";
import { type Answer, PeerError } from "../../src/cluster/peer_requests.ts";

/** The stored batches, and the logs of nodes that read them. */
export class FakeStream {
  readonly batches: { readonly sequence: number; readonly bytes: Uint8Array<ArrayBuffer> }[] = [];
  readonly logs = new Set<FakeLog>();
  created = "one";
  first = 1;
  last = 0;
  /** Stores a batch again with this probability: a number in [0, 1) from a sequence that the test knows. */
  duplicate: () => boolean = () => false;

  open = (handlers: LogHandlers): Promise<FakeLog> => Promise.resolve(new FakeLog(this, handlers));

  /** Stores a batch, and returns its sequence. */
  store(bytes: Uint8Array<ArrayBuffer>): number {
    const sequence = ++this.last;
    this.batches.push({ sequence, bytes: bytes.slice() });
    for (const log of this.logs) log.wake();
    return sequence;
  }

  /** Removes the batches up to a sequence. */
  trim(sequence: number): void {
    this.batches.splice(0, this.batches.findLastIndex((batch) => batch.sequence <= sequence) + 1);
    this.first = sequence + 1;
  }

  /** Deletes everything, and begins anew. */
  recreate(created: string): void {
    this.batches.length = 0;
    this.first = 1;
    this.last = 0;
    this.created = created;
  }
}

/** The log of a node. */
export class FakeLog implements NodeLog {
  readonly created: string;
  readonly first: number;
  readonly last: number;
  readonly resent = 0;
  readonly filled = 0;
  status: LogStatus = { connected: true, silent: false, reason: "" };
  /** Whether the node is cut off: nothing that it appends is stored, and nothing is delivered. */
  #paused = Promise.withResolvers<void>();
  #isPaused = false;
  readonly #stream: FakeStream;
  readonly #handlers: LogHandlers;
  readonly #topics = new Map<string, Answer>();
  #next = 0;
  #running = false;
  #closed = false;
  #applied: { readonly sequence: number; readonly resolve: () => void }[] = [];

  constructor(stream: FakeStream, handlers: LogHandlers) {
    this.#stream = stream;
    this.#handlers = handlers;
    ({ created: this.created, first: this.first, last: this.last } = stream);
    this.#paused.resolve();
  }

  pause(): void {
    if (this.#isPaused) return;
    this.#isPaused = true;
    this.#paused = Promise.withResolvers();
  }

  resume(): void {
    this.#isPaused = false;
    this.#paused.resolve();
    this.wake();
  }

  start(from: number): Promise<void> {
    if (from < this.#stream.first) return Promise.reject(new LogError("trimmed", `Batch ${from} is not stored.`));
    if (from > this.#stream.last + 1) return Promise.reject(new LogError("behind", "The log ends before."));
    this.#next = from;
    this.#stream.logs.add(this);
    this.wake();
    return Promise.resolve();
  }

  async append(bytes: Uint8Array<ArrayBuffer>): Promise<number> {
    await this.#paused.promise;
    this.#check();
    const sequence = this.#stream.store(bytes);
    if (this.#stream.duplicate()) this.#stream.store(bytes);
    await this.#reach(sequence);
    return sequence;
  }

  async appendAfter(last: number, bytes: Uint8Array<ArrayBuffer>): Promise<number | undefined> {
    await this.#paused.promise;
    this.#check();
    if (this.#stream.last !== last) return undefined;
    const sequence = this.#stream.store(bytes);
    await this.#reach(sequence);
    return sequence;
  }

  async range(): Promise<{ first: number; last: number }> {
    await this.#paused.promise;
    this.#check();
    const { first, last } = this.#stream;
    return { first, last };
  }

  async *ask(topic: string): AsyncGenerator<Uint8Array, void, void> {
    await this.#paused.promise;
    const peers = [...this.#stream.logs].filter((log) => log.#topics.has(topic) && !log.#isPaused);
    if (peers.length === 0) throw new PeerError("no peer answers");
    try {
      yield* peers[0]!.#topics.get(topic)!(new Uint8Array());
    } catch (error) {
      throw new PeerError((error as Error).message);
    }
  }

  serve(topic: string, answer: Answer | undefined): void {
    if (answer === undefined) this.#topics.delete(topic);
    else this.#topics.set(topic, answer);
  }

  /** Ends the log, as a crash of the process would. */
  close(): void {
    this.#closed = true;
    this.#stream.logs.delete(this);
    this.#paused.resolve();
  }

  wake(): void {
    if (!this.#running && this.#next > 0) void this.#run();
  }

  #check(): void {
    if (this.#closed) throw new LogError("closed", "The log is closed");
  }

  async #reach(sequence: number): Promise<void> {
    if (this.#next > sequence) return;
    await new Promise<void>((resolve) => this.#applied.push({ sequence, resolve }));
  }

  async #run(): Promise<void> {
    this.#running = true;
    for (;;) {
      await new Promise<void>((resolve) => setTimeout(resolve)); // as a message of the worker
      await this.#paused.promise;
      if (this.#closed) return;
      const batch = this.#stream.batches.find((each) => each.sequence === this.#next);
      if (batch === undefined) break;
      await this.#handlers.batch(batch.sequence, batch.bytes.slice());
      this.#next++;
      const done = this.#applied.filter((each) => each.sequence < this.#next);
      this.#applied = this.#applied.filter((each) => each.sequence >= this.#next);
      for (const { resolve } of done) resolve();
    }
    this.#running = false;
  }
}
