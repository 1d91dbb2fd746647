/** What the page uses of a browser, for tests of its connection: sockets, timers, a clock, `fetch` and `navigator.onLine`. */
/// <reference lib="dom" />
import { FakeTimers } from "../fake_timers.ts";

/** A WebSocket of which the test is the server. */
export class FakeSocket {
  static readonly OPEN = 1;
  readyState = 0;
  onopen: (() => void) | null = null;
  onmessage: ((event: { data: string }) => void) | null = null;
  onclose: ((event: { reason: string }) => unknown) | null = null;
  #sent: string[] = [];

  constructor(readonly url: string, readonly protocols: string[]) {
    FakeBrowser.current!.sockets.push(this);
  }

  send(line: string): void {
    if (this.readyState === 0) throw new DOMException("It is connecting.", "InvalidStateError");
    this.#sent.push(line);
  }

  close(): void {
    this.readyState = 3;
  }

  /** The lines that the page has sent since the last call. */
  take(): string[] {
    return this.#sent.splice(0);
  }

  open(): void {
    this.readyState = FakeSocket.OPEN;
    this.onopen?.();
  }

  /** Sends lines to the page, each in a frame. */
  say(...lines: string[]): void {
    for (const line of lines) this.onmessage?.({ data: line });
  }

  /** Ends the connection from the server's side. Resolves when the page has handled it. */
  async end(reason = ""): Promise<void> {
    this.readyState = 3;
    await this.onclose?.({ reason });
  }
}

/** A browser, until it is disposed. */
export class FakeBrowser implements Disposable {
  static current: FakeBrowser | undefined;
  readonly sockets: FakeSocket[] = [];
  online = true;
  /** The answer to `fetch`, or an error if there is none. */
  answer: Response | undefined;
  /** The URLs of `fetch`. */
  readonly fetched: string[] = [];
  readonly timers = new FakeTimers();
  readonly #real = { WebSocket, setInterval, clearInterval, fetch, Date };
  readonly #random = Math.random;
  #now = Date.UTC(2026, 10, 20, 12);
  #intervals: { run: () => void; every: number; at: number }[] = [];

  constructor() {
    FakeBrowser.current = this;
    const now = () => this.#now;
    Object.assign(globalThis, {
      Date: class extends Date {
        constructor(...[time]: [] | [number | string | Date]) {
          super(time ?? now());
        }

        static override now = now;
      },
      WebSocket: FakeSocket,
      setInterval: (run: () => void, every: number) => this.#intervals.push({ run, every, at: this.#now + every }),
      clearInterval: (id: number | undefined) => {
        const interval = this.#intervals[(id ?? 0) - 1];
        if (interval !== undefined) interval.at = Infinity;
      },
      fetch: (url: string) => {
        this.fetched.push(url);
        return this.answer === undefined ? Promise.reject(new TypeError("no network")) : Promise.resolve(this.answer);
      },
    });
    Object.defineProperty(navigator, "onLine", { configurable: true, get: () => this.online });
    Math.random = () => 1; // the longest delay
  }

  /** The latest socket. */
  get socket(): FakeSocket {
    return this.sockets.at(-1)!;
  }

  get now(): number {
    return this.#now;
  }

  /** Lets seconds pass. */
  pass(seconds: number): void {
    for (let second = 0; second < seconds; second++) {
      this.#now += 1000;
      this.timers.pass(1000);
      for (const each of this.#intervals) {
        if (each.at > this.#now) continue;
        each.at += each.every;
        each.run();
      }
    }
  }

  [Symbol.dispose](): void {
    this.timers[Symbol.dispose]();
    Object.assign(globalThis, this.#real);
    Reflect.deleteProperty(navigator, "onLine");
    Math.random = this.#random;
    FakeBrowser.current = undefined;
  }
}
