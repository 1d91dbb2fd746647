/**
 * A client of the text or IRC port for the stall benchmark: sends lines, and waits for an answer.
 */

/** How long an answer may take, in milliseconds. */
const ANSWER_TIME = 60_000;

/** The interval of PONG lines of an IRC client, in milliseconds. */
const PONG_TIME = 60_000;

const READ_SIZE = 16 * 1024;

/** The limit of buffered input while waiting for an answer, in characters. */
const BUFFER_MAX = 4096;

const encoder = new TextEncoder();

/** For clients whose input matters only while they wait for an answer. */
const ignore = () => {};

/** A connection that is always read, so that it never slows the server down. */
export class LineClient implements Disposable {
  /** Called for each piece of input. */
  onText: (text: string) => void = ignore;
  readonly #socket: Deno.TcpConn;
  #text = ""; // the last input
  #waiting: { readonly pattern: RegExp; readonly resolve: (match: RegExpExecArray) => void } | undefined;
  #ended = false;
  #timer: ReturnType<typeof setInterval> | undefined;
  #queue: Promise<unknown> = Promise.resolve(); // writes, one after the other

  private constructor(socket: Deno.TcpConn) {
    this.#socket = socket;
    socket.setNoDelay();
    void this.#read();
  }

  static async connect(hostname: string, port: number): Promise<LineClient> {
    return new LineClient(await Deno.connect({ hostname, port }));
  }

  /** Connects to the IRC port and registers. */
  static async irc(hostname: string, port: number, nick: string): Promise<LineClient> {
    const client = await LineClient.connect(hostname, port);
    await client.ask([`NICK ${nick}`, `USER ${nick} 0 * :${nick}`], / (?:422|376) /);
    client.#timer = setInterval(() => client.send(["PONG x"]).catch(() => {}), PONG_TIME);
    return client;
  }

  /** Connects to the text port. */
  static async text(hostname: string, port: number): Promise<LineClient> {
    const client = await LineClient.connect(hostname, port);
    await client.ask([], /You are \S+,/);
    return client;
  }

  send(lines: readonly string[]): Promise<void> {
    const bytes = encoder.encode(lines.map((line) => `${line}\r\n`).join(""));
    const written = this.#queue.then(async () => {
      for (let at = 0; at < bytes.length;) at += await this.#socket.write(bytes.subarray(at));
    });
    this.#queue = written.catch(() => {});
    return written;
  }

  /** Sends lines and resolves at the first match of an answer in the input that follows. */
  async ask(lines: readonly string[], pattern: RegExp): Promise<RegExpExecArray> {
    let timer;
    const answer = new Promise<RegExpExecArray>((resolve, reject) => {
      if (this.#ended) {
        reject(new Error(`No answer that matches ${pattern}: disconnected; received: ${this.#text.slice(-300)}`));
      }
      timer = setTimeout(
        () =>
          reject(
            new Error(
              `No answer that matches ${pattern} within ${ANSWER_TIME / 1000} s; received: ${this.#text.slice(-300)}`,
            ),
          ),
        ANSWER_TIME,
      );
      if (lines.length > 0) this.#text = "";
      this.#waiting = { pattern, resolve };
      this.#look();
    });
    try {
      await this.send(lines);
      return await answer;
    } finally {
      clearTimeout(timer);
    }
  }

  /** Resolves when the server has answered all lines that were sent. */
  async settled(kind: "irc" | "text"): Promise<void> {
    if (this.#ended) return;
    const token = `t${Math.random().toString(36).slice(2)}`;
    if (kind === "irc") await this.ask([`PING ${token}`], new RegExp(`PONG.*${token}`));
    else await this.ask(["/ping"], /^-- Pong/m);
  }

  [Symbol.dispose](): void {
    this.#ended = true;
    clearInterval(this.#timer);
    try {
      this.#socket.close();
    } catch {
      // Already closed.
    }
  }

  async #read() {
    const buffer = new Uint8Array(READ_SIZE);
    const decoder = new TextDecoder();
    try {
      for (let count; (count = await this.#socket.read(buffer)) !== null;) {
        if (this.#waiting === undefined && this.onText === ignore) continue;
        const text = decoder.decode(buffer.subarray(0, count), { stream: true });
        this.#text = this.#text.slice(-BUFFER_MAX) + text;
        this.#look();
        this.onText(text);
      }
    } catch {
      // Reset, or closed here.
    }
    this.#ended = true;
  }

  #look() {
    const match = this.#waiting?.pattern.exec(this.#text);
    if (!match) return;
    const { resolve } = this.#waiting!;
    this.#waiting = undefined;
    resolve(match);
  }
}
