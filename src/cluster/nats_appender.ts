/**
 * Appends batches, one at a time, and appends a batch again until it is delivered. Runs in the worker.
 *
 * An append is over when the follower delivers the batch, not when it is acknowledged. If the acknowledgement is lost, the
 * batch may be stored twice; the number that its author puts into it tells.
 */
import { headers } from "@nats-io/transport-node";
import type { NatsClient } from "./nats_client.ts";
import { isUnanswered, JETSTREAM_ERROR, jetstreamCode } from "./nats_errors.ts";
import type { Follower } from "./nats_follower.ts";
import { APPEND_HEADER, type Names } from "./nats_stream.ts";

/** How long an acknowledgement may take before the batch is appended again, in milliseconds. */
const ACK_TIMEOUT = 1500;

/** How long to wait after an error, in milliseconds. */
const RETRY_DELAY = 100;

/** How long to wait if the log seems to be another, in milliseconds: the follower finds out. */
const SUSPICION_DELAY = 500;

/** Codes of a refused conditional append. */
const WRONG_LAST: ReadonlySet<number> = new Set([
  JETSTREAM_ERROR.wrongLastSequence,
  JETSTREAM_ERROR.wrongLastSequenceUnknown,
]);

/** Errors that only say that the server or the stream has no leader yet. */
const PASSING: ReadonlySet<number> = new Set([
  JETSTREAM_ERROR.unavailable,
  JETSTREAM_ERROR.streamMissing,
  JETSTREAM_ERROR.streamOffline,
]);

/** The calls that an appender makes. */
export interface AppenderEvents {
  /** A batch is appended again. */
  resent(): void;
  /** Something to log; the append goes on. */
  trouble(message: string): void;
}

/** Appends batches to the log. */
export class Appender {
  /** Tells the appends of this process from all others. */
  readonly #nonce = crypto.randomUUID().slice(0, 18);
  readonly #client: NatsClient;
  readonly #names: Names;
  readonly #follower: Follower;
  readonly #events: AppenderEvents;
  #current = 0; // the id of the append under way, or 0
  #trouble = ""; // why the last attempt has failed, if it was reported
  #wake = Promise.withResolvers<void>();

  constructor(client: NatsClient, names: Names, follower: Follower, events: AppenderEvents) {
    this.#client = client;
    this.#names = names;
    this.#follower = follower;
    this.#events = events;
  }

  /** The id of the append that a delivered batch completes, or 0. */
  complete(sender: string): number {
    if (this.#current === 0 || sender !== this.#sender(this.#current)) return 0;
    const id = this.#current;
    this.#current = 0;
    this.wake();
    return id;
  }

  /** The connection is there again: no need to wait for a timeout. */
  wake(): void {
    this.#wake.resolve();
    this.#wake = Promise.withResolvers();
  }

  /**
   * Appends a batch. Resolves when it is delivered or the log is lost, or to `"refused"`.
   *
   * @param last The batch is appended only if this is the last sequence.
   * @throws {Error} if another append is under way.
   */
  async append(id: number, bytes: Uint8Array, last?: number): Promise<"refused" | undefined> {
    if (this.#current !== 0) throw new Error("another append is under way");
    this.#current = id;
    this.#trouble = "";
    for (let isFirst = true; this.#isPending(id);) {
      if (!isFirst && !await this.#mayRepeat(id)) continue;
      if (!this.#follower.isTrusted) { // it may be another stream, or an older copy
        await this.#pause(RETRY_DELAY);
        continue;
      }
      if (!isFirst) this.#events.resent();
      isFirst = false;
      const sequence = await this.#publish(id, bytes, last);
      if (sequence === "refused") {
        // It may be refused because it was stored before: then it is delivered.
        const end = await this.#follower.check();
        if (end === undefined) continue;
        await this.#follower.reach(end);
        if (!this.#isPending(id)) break;
        this.#current = 0;
        return "refused";
      }
      if (sequence === undefined) continue;
      // An acknowledged sequence that was delivered already is one of a log that is not the same.
      if (sequence < this.#follower.next && this.#isPending(id)) {
        await this.#follower.check();
        await this.#pause(SUSPICION_DELAY);
      } else await this.#follower.reach(sequence);
    }
    return undefined;
  }

  #sender(id: number): string {
    return `${this.#nonce}:${id}`;
  }

  #isPending(id: number): boolean {
    return this.#current === id && !this.#follower.isLost;
  }

  /** Finds out whether the batch was stored after all. Resolves to whether it must be appended again. */
  async #mayRepeat(id: number): Promise<boolean> {
    if (!this.#client.connected) await this.#pause(1000);
    if (!this.#client.connected) return false;
    const end = await this.#follower.check();
    if (end === undefined) {
      await this.#pause(RETRY_DELAY);
      return false;
    }
    await this.#follower.reach(end);
    return this.#isPending(id);
  }

  /** Resolves to the sequence of the stored batch; to `undefined` if it is not known whether it was stored. */
  async #publish(id: number, bytes: Uint8Array, last: number | undefined): Promise<number | "refused" | undefined> {
    const header = headers();
    header.set(APPEND_HEADER, this.#sender(id));
    const expect = last === undefined ? undefined : { lastSequence: last };
    try {
      const published = this.#client.jetstream.publish(this.#names.log, bytes, {
        headers: header,
        expect,
        timeout: ACK_TIMEOUT,
      });
      const ack = await Promise.race([published, this.#wake.promise]);
      return ack?.seq;
    } catch (error) {
      const code = jetstreamCode(error);
      if (WRONG_LAST.has(code)) return "refused";
      const isKnown = isUnanswered(error) || PASSING.has(code) || (error as Error).name === "TimeoutError";
      const reason = isKnown || !this.#client.connected ? "" : this.#client.reasonOf(error);
      if (reason !== "" && reason !== this.#trouble) this.#events.trouble(`Cannot append to the log yet: ${reason}`);
      this.#trouble = reason;
      await this.#pause(RETRY_DELAY);
      return undefined;
    }
  }

  /** Waits for some time, or until the connection is there again. */
  async #pause(milliseconds: number): Promise<void> {
    let timer;
    const timeout = new Promise<void>((resolve) => timer = setTimeout(resolve, milliseconds));
    await Promise.race([timeout, this.#wake.promise]);
    clearTimeout(timer);
  }
}
