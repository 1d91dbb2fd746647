/**
 * Fetches stored batches by their sequences, many at the same time. Runs in the worker.
 *
 * These are JetStream's direct gets, without the library's promise and timer for each: a node that was away has to fetch
 * faster than the others append.
 */
import { createInbox, type Msg } from "@nats-io/transport-node";
import { BATCH_MAX, FETCH_BYTES_MAX, FETCHES_MAX } from "./log_limits.ts";
import type { NatsClient } from "./nats_client.ts";

/** How long a fetch waits for its answer, and how often is looked for those that have waited, in milliseconds. */
const TIMEOUT = 1000;
const TIMEOUT_INTERVAL = 250;

/** By how much the expected size of a batch shrinks with each smaller one. */
const DECAY = 0.95;

/** The calls that a fetcher makes. */
export interface FetcherEvents {
  fetched(sequence: number, message: Msg): void;
  /** The stream does not have the batch, or has not answered. */
  absent(sequence: number): void;
}

/** Requests batches of a stream. */
export class Fetcher {
  readonly #client: NatsClient;
  readonly #events: FetcherEvents;
  readonly #subject: string;
  readonly #inbox = createInbox();
  readonly #pending = new Map<number, number>(); // sequence → when it was requested, in milliseconds
  #size = BATCH_MAX; // what a batch may have, as far as is known from those before, in bytes

  constructor(client: NatsClient, stream: string, events: FetcherEvents) {
    this.#client = client;
    this.#events = events;
    this.#subject = `$JS.API.DIRECT.GET.${stream}`;
    client.subscribe(`${this.#inbox}.*`, (message) => this.#receive(message));
    setInterval(() => this.#expire(), TIMEOUT_INTERVAL);
  }

  /** How many fetches are under way. */
  get pending(): number {
    return this.#pending.size;
  }

  /** Fetches batches that are not under way yet, as many as the limits allow. */
  request(sequences: readonly number[]): void {
    const most = Math.max(1, Math.min(FETCHES_MAX, Math.floor(FETCH_BYTES_MAX / this.#size)));
    for (const sequence of sequences) {
      if (this.#pending.size >= most) return;
      if (this.#pending.has(sequence)) continue;
      this.#pending.set(sequence, performance.now());
      const reply = `${this.#inbox}.${sequence}`;
      this.#client.connection.publish(this.#subject, `{"seq":${sequence}}`, { reply });
    }
  }

  /** Forgets all fetches: their connection is lost. */
  clear(): void {
    this.#pending.clear();
  }

  #receive(message: Msg): void {
    const sequence = Number(message.subject.slice(this.#inbox.length + 1));
    if (!this.#pending.delete(sequence)) return; // too late
    if (message.headers?.get("Nats-Sequence") !== String(sequence)) return this.#events.absent(sequence);
    this.#size = Math.max(message.data.length, this.#size * DECAY, 1);
    this.#events.fetched(sequence, message);
  }

  #expire(): void {
    const oldest = performance.now() - TIMEOUT;
    const expired = [...this.#pending].filter(([, since]) => since < oldest).map(([sequence]) => sequence);
    for (const sequence of expired) this.#pending.delete(sequence);
    for (const sequence of expired) this.#events.absent(sequence);
  }
}
