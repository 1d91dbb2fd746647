/** A connection without a socket for tests of protocols: passes on the lines of a test and records the output. */
import { type Connection, type Protocol, WRONG_PROTOCOL } from "../src/transport/connection.ts";

export class FakeConnection implements Connection {
  readonly peer = "127.0.0.1:50000";
  readonly secure = false;
  certificate: string | undefined;
  readonly queued: number = 0;
  readonly held = 0;
  readonly lines: AsyncIterable<Iterable<string>> = this.#read();
  closeReason: string | undefined;
  onTooLong: (beginning?: string) => void = () => {};
  onMalformed: ((line: string) => void) | undefined;
  #sent: string[] = [];
  #waiting: { lines: readonly string[]; handled: () => void }[] = [];
  #wake = () => {};
  #open = true;
  echoesLocally = false;
  /** Whether the client was asked to hide its input. */
  hidden = false;
  /** The detected protocol, if the connection was rejected for it. */
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

  /** Sends lines one after the other. Resolves when the protocol has handled all of them or closed the connection. */
  async says(...lines: string[]): Promise<void> {
    for (const line of lines) await this.feed([line]);
  }

  /** Sends lines that arrive together. Resolves when the protocol has handled them or closed the connection. */
  async feed(lines: readonly string[]): Promise<void> {
    if (!this.#open) return;
    await new Promise<void>((handled) => {
      this.#waiting.push({ lines, handled });
      this.#wake();
    });
  }

  /** Closes the connection from the client's side. */
  leave(ending?: string): void {
    this.closeReason = ending;
    this.close();
  }

  /** Returns the lines sent since the last call. */
  take(): string[] {
    const lines = this.#sent;
    this.#sent = [];
    return lines;
  }

  /** Yields no lines after the connection was closed, as real connections do. */
  *#passOn(lines: readonly string[]): Generator<string> {
    for (const line of lines) {
      if (!this.#open) return;
      yield line;
    }
  }

  async *#read(): AsyncGenerator<Iterable<string>> {
    let handled = () => {};
    try {
      while (this.#open) {
        const next = this.#waiting.shift();
        if (next === undefined) {
          await new Promise<void>((resolve) => this.#wake = resolve);
          continue;
        }
        handled = next.handled;
        yield this.#passOn(next.lines);
        handled(); // the protocol requests more lines when it has handled these
      }
    } finally {
      this.#open = false;
      handled();
      for (const { handled } of this.#waiting.splice(0)) handled(); // never read
      this.#closed.resolve();
    }
  }
}
