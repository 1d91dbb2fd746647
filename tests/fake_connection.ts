/** A client without a socket, for tests of protocols: is fed lines, and keeps what it is sent. */
import { type Connection, type Protocol, WRONG_PROTOCOL } from "../src/transport/connection.ts";

export class FakeConnection implements Connection {
  readonly peer = "127.0.0.1:50000";
  readonly secure = false;
  readonly queued: number = 0;
  readonly held = 0;
  readonly lines: AsyncIterable<Iterable<string>> = this.#read();
  closeReason: string | undefined;
  onTooLong: (beginning?: string) => void = () => {};
  onMalformed: ((line: string) => void) | undefined;
  #sent: string[] = [];
  #waiting: { lines: readonly string[]; dealtWith: () => void }[] = [];
  #wake = () => {};
  #open = true;
  /** Whether the client was asked not to show what is typed. */
  hidden = false;
  /** What it was taken for, if it was rejected for its protocol. */
  rejected: Protocol | undefined;
  readonly #closed = Promise.withResolvers<void>();

  constructor(readonly address = "127.0.0.1", readonly maxLine = 64) {}

  get closed(): Promise<void> {
    return this.#closed.promise;
  }

  get open(): boolean {
    return this.#open;
  }

  send(lines: readonly string[]): void {
    if (this.#open) this.#sent.push(...lines);
  }

  hideInput(hidden: boolean): void {
    this.hidden = hidden;
  }

  close(reason?: string): void {
    if (!this.#open) return;
    this.#open = false;
    this.closeReason ??= reason;
    this.#wake();
  }

  reject(protocol: Protocol): void {
    this.rejected = protocol;
    this.close(WRONG_PROTOCOL);
  }

  abort(reason: string): void {
    this.close(reason);
  }

  /** Sends lines, one after the other; resolves when the protocol has dealt with all of them, or has hung up. */
  async says(...lines: string[]): Promise<void> {
    for (const line of lines) await this.feed([line]);
  }

  /** Sends lines that come together; resolves when the protocol has dealt with them, or has hung up. */
  async feed(lines: readonly string[]): Promise<void> {
    if (!this.#open) return;
    await new Promise<void>((dealtWith) => {
      this.#waiting.push({ lines, dealtWith });
      this.#wake();
    });
  }

  /** Leaves, without a word. */
  leave(ending?: string): void {
    this.closeReason = ending;
    this.close();
  }

  /** What was sent since the last call. */
  take(): string[] {
    const lines = this.#sent;
    this.#sent = [];
    return lines;
  }

  /** As real ones do: none after the connection was closed. */
  *#passOn(lines: readonly string[]): Generator<string> {
    for (const line of lines) {
      if (!this.#open) return;
      yield line;
    }
  }

  async *#read(): AsyncGenerator<Iterable<string>> {
    let dealtWith = () => {};
    try {
      while (this.#open) {
        const next = this.#waiting.shift();
        if (next === undefined) {
          await new Promise<void>((resolve) => this.#wake = resolve);
          continue;
        }
        dealtWith = next.dealtWith;
        yield this.#passOn(next.lines);
        dealtWith(); // whoever asks for more is done with these
      }
    } finally {
      this.#open = false;
      dealtWith();
      for (const { dealtWith } of this.#waiting.splice(0)) dealtWith(); // never read
      this.#closed.resolve();
    }
  }
}
