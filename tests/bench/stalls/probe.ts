/**
 * Measures, from clients of another network, for how long the server stalls. A thread of its own, so that the benchmark's
 * other clients do not delay it.
 *
 * The length of a stall is taken from outside: one connection asks for `/healthz` again and again, and the processor time
 * that the server's main thread spends between two answers bounds any piece of work in which it answered nothing. Three
 * more clients measure how long a JOIN, a login and a message to a room take.
 */
/// <reference lib="webworker" />
import { LineClient } from "./line_client.ts";
import { mainThreadTime } from "./server.ts";

/** The commands to the probe, in the sequence in which they are sent. */
export type Command =
  | { readonly kind: "connect"; readonly pid: number; readonly irc: number; readonly web: number }
  | { readonly kind: "start"; readonly login: boolean }
  | { readonly kind: "stop" };

/** The longest of each, in milliseconds; of a login only if there was one. */
export interface Waits {
  /** Processor time between two answers. */
  block: number;
  join: number;
  login: number | undefined;
  message: number;
}

/** The network of the probe's clients. */
const HOST = "::1";

const PASSWORD = "open-sesame-123";

/** How long the JOIN and message clients rest after an answer, in milliseconds. */
const REST = 5;

const encoder = new TextEncoder();
const decoder = new TextDecoder();

class Probe {
  readonly #pid: number;
  readonly #webPort: number;
  readonly #joiner: LineClient;
  readonly #member: LineClient;
  readonly #speaker: LineClient;
  readonly #listener: LineClient;
  readonly #buffer = new Uint8Array(4096);
  readonly #request: Uint8Array;
  #web: Deno.TcpConn | undefined; // reopened, since idle connections are closed
  #running = false;
  #loops: Promise<unknown>[] = [];
  #waits: Waits = { block: 0, join: 0, login: undefined, message: 0 };

  private constructor(pid: number, webPort: number, clients: readonly LineClient[]) {
    this.#pid = pid;
    this.#webPort = webPort;
    this.#request = encoder.encode(`GET /healthz HTTP/1.1\r\nHost: localhost:${webPort}\r\n\r\n`);
    [this.#joiner, this.#member, this.#speaker, this.#listener] = clients as [
      LineClient,
      LineClient,
      LineClient,
      LineClient,
    ];
  }

  static async connect(pid: number, irc: number, web: number): Promise<Probe> {
    const names = ["joiner", "member", "speaker", "listener"];
    const clients: LineClient[] = [];
    for (const name of names) clients.push(await LineClient.irc(HOST, irc, `probe-${name}`));
    const [, member, speaker, listener] = clients as [LineClient, LineClient, LineClient, LineClient];
    await member.ask([`NS REGISTER ${PASSWORD}`], /NickServ!\S+ NOTICE .*\r\n/);
    await member.ask(["NS LOGOUT"], /NickServ!\S+ NOTICE .*\r\n/);
    for (const each of [speaker, listener]) await each.ask(["JOIN #probe"], / 366 /);
    return new Probe(pid, web, clients);
  }

  async start(login: boolean): Promise<void> {
    await this.#connectWeb();
    this.#running = true;
    this.#waits = { block: 0, join: 0, login: undefined, message: 0 };
    this.#loops = [this.#watchBlocks(), this.#watchJoins(), this.#watchMessages()];
    if (login) this.#loops.push(this.#watchLogin());
  }

  async #connectWeb(): Promise<void> {
    this.#web?.close();
    this.#web = await Deno.connect({ hostname: HOST, port: this.#webPort });
    this.#web.setNoDelay();
  }

  async stop(): Promise<Waits> {
    this.#running = false;
    await Promise.all(this.#loops);
    this.#web!.close();
    this.#web = undefined;
    return this.#waits;
  }

  /** Asks for `/healthz`, at least twice after whatever ran before it was told to stop. */
  async #watchBlocks() {
    let before = await this.#askHealth();
    for (let last = false; !last;) {
      last = !this.#running;
      const now = await this.#askHealth();
      this.#waits.block = Math.max(this.#waits.block, now - before);
      before = now;
    }
  }

  /** Returns the server's processor time when the answer is there. */
  async #askHealth(): Promise<number> {
    await this.#web!.write(this.#request);
    let text = "";
    while (!text.endsWith("\r\n\r\nok\n")) {
      const count = await this.#web!.read(this.#buffer);
      if (count === null) { // closed by a timeout
        await this.#connectWeb();
        return await this.#askHealth();
      }
      text += decoder.decode(this.#buffer.subarray(0, count));
    }
    if (/^connection: close/im.test(text)) await this.#connectWeb(); // the limit of requests per connection
    return mainThreadTime(this.#pid);
  }

  async #watchJoins() {
    while (this.#running) {
      const began = performance.now();
      await this.#joiner.ask(["JOIN #talk0"], / 366 /);
      this.#waits.join = Math.max(this.#waits.join, performance.now() - began);
      await this.#joiner.ask(["PART #talk0"], / PART /);
      await rest();
    }
  }

  async #watchMessages() {
    for (let n = 0; this.#running; n++) {
      const text = `said-${n}-${Math.random().toString(36).slice(2)}`;
      const heard = this.#listener.ask([], new RegExp(text));
      const began = performance.now();
      await this.#speaker.send([`PRIVMSG #probe :${text}`]);
      await heard;
      this.#waits.message = Math.max(this.#waits.message, performance.now() - began);
      await rest();
    }
  }

  async #watchLogin() {
    await rest(); // the measured action has begun
    const began = performance.now();
    await this.#member.ask([`NS IDENTIFY probe-member ${PASSWORD}`], /NickServ!\S+ NOTICE .*\r\n/);
    this.#waits.login = performance.now() - began;
    await this.#member.ask(["NS LOGOUT"], /NickServ!\S+ NOTICE .*\r\n/);
  }
}

function rest(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, REST));
}

let probe: Probe | undefined;

self.onmessage = async ({ data }: MessageEvent<Command>) => {
  switch (data.kind) {
    case "connect":
      probe = await Probe.connect(data.pid, data.irc, data.web);
      return self.postMessage("connected");
    case "start":
      await probe!.start(data.login);
      return self.postMessage("started");
    case "stop":
      return self.postMessage(await probe!.stop());
  }
};
