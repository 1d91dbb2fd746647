/**
 * Finds out whether the stream is still the one that is followed: it may be deleted, created again, restored from an older
 * copy, or trimmed. Runs in the worker.
 */
import type { LogErrorKind } from "./log_error.ts";
import type { NatsClient } from "./nats_client.ts";
import { JETSTREAM_ERROR, jetstreamCode } from "./nats_errors.ts";
import { APPEND_HEADER, readState, type StreamState } from "./nats_stream.ts";

/** How long the stream must seem to be another before that is believed: a new leader may need a moment. */
const SUSPICION_TIME = 3000;

/**
 * How long the stream must be missing, or seem to have been created again, before that is believed, in milliseconds. Servers of
 * NATS that have all been killed elect a leader that answers so until it has loaded what it knew, which takes seconds on a busy
 * machine.
 */
const REPLACED_TIME = 15_000;

/** How often a stream that seems to be another is checked, in milliseconds. */
const SUSPICION_INTERVAL = 250;

/**
 * How long the next batch may not be fetched though the leader has it, in milliseconds: longer than an election takes, or the restart
 * of a server.
 */
const UNANSWERED_TIME = 30_000;

/** How long to wait before a check is repeated that had no answer, in milliseconds. */
const RETRY_DELAY = 50;

/** How many checks may be under way before another doubt adds none. */
const CHECKS_MAX = 2;

/** The reason why a stream cannot be followed any longer: the kind of error, and a sentence. */
export type Verdict = readonly [kind: LogErrorKind, message: string];

/** How far the stream was followed. */
export interface Position {
  /** The sequence that is delivered next; 0 before the start. */
  readonly next: number;
  /** The first sequence from `next` on that was not received. */
  readonly firstMissing: number;
  /** The last batch that was delivered since the start, with its `APPEND_HEADER`; sequence 0 if none was. */
  readonly delivered: { readonly sequence: number; readonly sender: string };
}

/** The calls that the check makes. */
export interface IdentityEvents {
  /** The stream is known to be the same again. */
  trusted(): void;
  /** All batches up to this sequence are stored. */
  stored(last: number): void;
  /** The stream is another one, or lacks the next batch. */
  lost(kind: LogErrorKind, message: string): void;
}

/** Compares the stream with what was delivered of it. */
export class Identity {
  /** Whether the stream is known to be the same. It is in doubt from the loss of a connection to the next check. */
  isTrusted = true;
  readonly #client: NatsClient;
  readonly #stream: string;
  readonly #created: string;
  readonly #position: () => Position;
  readonly #events: IdentityEvents;
  #suspicion: { readonly kind: LogErrorKind; readonly since: number } | undefined;
  #hole: { readonly sequence: number; readonly since: number } | undefined; // a batch that is not stored
  #unanswered: { readonly sequence: number; readonly since: number } | undefined; // a batch that is stored, and cannot be fetched
  #doubts = 0; // how many there were
  #checks = 0; // under way
  #isLost = false;

  /** @param created When the stream was created that is followed. */
  constructor(
    client: NatsClient,
    stream: string,
    created: string,
    position: () => Position,
    events: IdentityEvents,
  ) {
    this.#client = client;
    this.#stream = stream;
    this.#created = created;
    this.#position = position;
    this.#events = events;
  }

  get isLost(): boolean {
    return this.#isLost;
  }

  /** The stream may be another one from now on, until a check finds that it is not. */
  doubt(): void {
    this.#doubts++;
    this.isTrusted = false;
    if (this.#client.connected && this.#checks < CHECKS_MAX) void this.check();
  }

  /** Checks the stream. Resolves to its last sequence, or to `undefined` if it did not answer. */
  async check(): Promise<number | undefined> {
    const { next } = this.#position(); // batches that are delivered during the request may be newer than the answer
    const doubts = this.#doubts;
    this.#checks++;
    try {
      const state = await readState(this.#client, this.#stream);
      const verdict = this.judge(state, next) ?? (this.isTrusted ? undefined : await this.#compare(state));
      this.#suspect(verdict);
      if (verdict === undefined && doubts === this.#doubts && !this.isTrusted) {
        this.isTrusted = true;
        this.#events.trusted();
      }
      this.#events.stored(state.last);
      return state.last;
    } catch (error) {
      if (jetstreamCode(error) === JETSTREAM_ERROR.streamMissing) {
        this.#suspect(["replaced", `The stream ${this.#stream} was deleted.`]);
      }
      return undefined;
    } finally {
      this.#checks--;
    }
  }

  /** Checks the stream after a reconnection, as soon as it answers. */
  async reconnected(): Promise<void> {
    while (this.#position().next > 0 && this.#client.connected && !this.#isLost) {
      if (await this.check() !== undefined) return;
      await new Promise((resolve) => setTimeout(resolve, RETRY_DELAY));
    }
  }

  /** Finds out why the next batch cannot be fetched. */
  async explain(next: number): Promise<void> {
    const last = await this.check();
    if (this.#suspicion !== undefined || last === undefined || last < next || this.#position().next !== next) return;
    // The stream should have it. A replica may be behind, so the leader is asked.
    const found = await this.#client.manager.streams.getMessage(this.#stream, { seq: next }).catch(() => undefined);
    if (found === undefined || this.#position().next !== next) return;
    if (found !== null) return this.#noteUnanswered(next);
    if (this.#hole?.sequence !== next) this.#hole = { sequence: next, since: performance.now() };
    if (performance.now() - this.#hole.since < SUSPICION_TIME) return;
    this.lose("trimmed", `The stream ${this.#stream} has lost batch ${next}.`);
  }

  /** The leader has a batch, and direct requests for it have no answer. Without the permission for them, they never have one. */
  #noteUnanswered(sequence: number): void {
    if (this.#unanswered?.sequence !== sequence) this.#unanswered = { sequence, since: performance.now() };
    if (performance.now() - this.#unanswered.since < UNANSWERED_TIME) return;
    const subject = `$JS.API.DIRECT.GET.${this.#stream}`;
    this.lose("stream", `NATS does not answer requests on ${subject}. Permit the user of tincan to publish on it.`);
  }

  /** Returns why the stream cannot be followed, given that all batches before `next` were delivered. */
  judge({ first, last, created }: StreamState, next: number): Verdict | undefined {
    if (created !== this.#created) return ["replaced", `The stream ${this.#stream} was deleted and created again.`];
    if (last < next - 1) {
      const delivered = `batch ${next - 1} was delivered already`;
      return ["behind", `The stream ${this.#stream} ends with batch ${last}, and ${delivered}.`];
    }
    const needed = Math.max(next, this.#position().firstMissing);
    if (first <= needed) return undefined;
    return ["trimmed", `The stream ${this.#stream} begins with batch ${first} by now, and batch ${needed} is needed.`];
  }

  /** The stream cannot be followed any longer. */
  lose(kind: LogErrorKind, message: string): void {
    if (this.#isLost) return;
    this.#isLost = true;
    this.#events.lost(kind, message);
  }

  /** Compares the last batch that was delivered with the one in the stream, which an older copy has not. */
  async #compare({ first }: StreamState): Promise<Verdict | undefined> {
    const { sequence, sender } = this.#position().delivered;
    if (sequence < Math.max(first, 1)) return undefined; // nothing was delivered, or it was trimmed since
    const found = await this.#client.manager.streams.getMessage(this.#stream, { seq: sequence });
    if (found !== null && found.header.get(APPEND_HEADER) === sender) return undefined;
    return ["behind", `The stream ${this.#stream} no longer has the batch ${sequence} that was delivered already.`];
  }

  /** Declares the stream lost when a verdict has held for some time. */
  #suspect(verdict: Verdict | undefined): void {
    if (verdict === undefined || this.#isLost || this.#position().next === 0) {
      this.#suspicion = undefined;
      return;
    }
    const [kind, message] = verdict;
    if (this.#suspicion?.kind !== kind) this.#suspicion = { kind, since: performance.now() };
    this.#doubts++;
    this.isTrusted = false;
    const time = kind === "replaced" ? REPLACED_TIME : SUSPICION_TIME;
    if (performance.now() - this.#suspicion.since >= time) return this.lose(kind, message);
    setTimeout(() => void this.check(), SUSPICION_INTERVAL);
  }
}
