import { type ByteSink, Outbox, type StallOptions } from "../../src/transport/outbox.ts";

/** A sink whose writes complete when the test says so. */
export class Pipe implements ByteSink {
  /** The bytes written, as a string for each write. */
  readonly writes: string[] = [];
  #waiting: { bytes: Uint8Array; taken: PromiseWithResolvers<number> }[] = [];

  /** Number of writes in flight. */
  get waiting(): number {
    return this.#waiting.length;
  }

  write(bytes: Uint8Array): Promise<number> {
    const taken = Promise.withResolvers<number>();
    this.#waiting.push({ bytes, taken });
    return taken.promise;
  }

  /** Completes all writes in flight. */
  takeAll(): void {
    this.take(Infinity);
  }

  /** Completes all writes in flight, each with at most `most` bytes. */
  take(most: number): void {
    for (const { bytes, taken } of this.#waiting.splice(0)) {
      const part = bytes.subarray(0, most);
      this.writes.push(new TextDecoder().decode(part));
      taken.resolve(part.length);
    }
  }

  /** Fails all writes in flight. */
  fail(): void {
    for (const { taken } of this.#waiting.splice(0)) taken.reject(new Deno.errors.ConnectionReset("gone"));
  }
}

/** An outbox, by default with a long stall timeout. */
export function outboxTo(
  limit: number,
  sink: ByteSink,
  stall: StallOptions = { timeout: 60_000, onStalled: () => {} },
): Outbox {
  return new Outbox(limit, sink, stall);
}
