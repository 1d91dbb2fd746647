import { type ByteSink, Outbox, type StallOptions } from "../../src/transport/outbox.ts";

/** A socket for tests: writes wait until they are taken. */
export class Pipe implements ByteSink {
  /** What was taken, a string for each write. */
  readonly writes: string[] = [];
  #waiting: { bytes: Uint8Array; taken: PromiseWithResolvers<number> }[] = [];

  /** Writes that wait. */
  get waiting(): number {
    return this.#waiting.length;
  }

  write(bytes: Uint8Array): Promise<number> {
    const taken = Promise.withResolvers<number>();
    this.#waiting.push({ bytes, taken });
    return taken.promise;
  }

  /** Takes what waits, wholly. */
  takeAll(): void {
    this.take(Infinity);
  }

  /** Takes what waits, of each write no more than `most` bytes. */
  take(most: number): void {
    for (const { bytes, taken } of this.#waiting.splice(0)) {
      const part = bytes.subarray(0, most);
      this.writes.push(new TextDecoder().decode(part));
      taken.resolve(part.length);
    }
  }

  /** Fails what waits. */
  fail(): void {
    for (const { taken } of this.#waiting.splice(0)) taken.reject(new Deno.errors.ConnectionReset("gone"));
  }
}

/** An outbox whose client may take its time, unless said otherwise. */
export function outboxTo(
  limit: number,
  sink: ByteSink,
  stall: StallOptions = { timeout: 60_000, onStalled: () => {} },
): Outbox {
  return new Outbox(limit, sink, stall);
}
