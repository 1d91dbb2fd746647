/** Shared by tests of the log: logs that record their batches and reports, and texts as batches. */
import type { LogError } from "../../src/cluster/log_error.ts";
import { Log, type LogHandlers, type LogOptions, type LogStatus } from "../../src/cluster/log.ts";

/** A text as a batch. */
export function bytes(text: string): Uint8Array<ArrayBuffer> {
  return new TextEncoder().encode(text);
}

/** A batch as text. */
export function textOf(batch: Uint8Array): string {
  return new TextDecoder().decode(batch);
}

/** A log, and what it has reported. */
export class RecordedLog implements Disposable {
  log!: Log;
  readonly batches: { readonly sequence: number; readonly text: string }[] = [];
  readonly statuses: LogStatus[] = [];
  readonly troubles: string[] = [];
  error: LogError | undefined;
  #changed = Promise.withResolvers<void>();

  private constructor() {}

  /**
   * Opens a log.
   *
   * @param extra Called for each batch after it was recorded.
   */
  static async open(
    servers: string,
    options: Partial<LogOptions> = {},
    extra?: LogHandlers["batch"],
  ): Promise<RecordedLog> {
    const recorded = new RecordedLog();
    recorded.log = await Log.open({ servers, cluster: "test", replicas: 1, ...options }, {
      batch(sequence, batch) {
        recorded.batches.push({ sequence, text: textOf(batch) });
        recorded.#change();
        return extra?.(sequence, batch);
      },
      status(status) {
        recorded.statuses.push(status);
        recorded.#change();
      },
      lost(error) {
        recorded.error = error;
        recorded.#change();
      },
      trouble(message) {
        recorded.troubles.push(message);
        recorded.#change();
      },
    });
    return recorded;
  }

  /** Opens a log, and starts it at a sequence. */
  static async start(
    servers: string,
    options: Partial<LogOptions> = {},
    from = 1,
    extra?: LogHandlers["batch"],
  ): Promise<RecordedLog> {
    const recorded = await RecordedLog.open(servers, options, extra);
    try {
      await recorded.log.start(from);
    } catch (error) {
      recorded.log.close();
      throw error;
    }
    return recorded;
  }

  get texts(): string[] {
    return this.batches.map(({ text }) => text);
  }

  /** The sequence of the last batch. */
  get last(): number {
    return this.batches.at(-1)?.sequence ?? 0;
  }

  append(text: string): Promise<number> {
    return this.log.append(bytes(text));
  }

  /** Resolves when a condition holds, which is checked after each report. */
  async until(condition: () => boolean): Promise<void> {
    while (!condition()) await this.#changed.promise;
  }

  [Symbol.dispose](): void {
    this.log.close();
  }

  #change(): void {
    this.#changed.resolve();
    this.#changed = Promise.withResolvers();
  }
}
