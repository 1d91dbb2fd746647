/**
 * The load of a soak test: clients that stay and read everything, and clients that connect, act and disconnect in
 * various ways.
 *
 * The load is bounded, so that it measures the program and not the capacity of the machine.
 */
import { Client, resettable } from "../e2e/harness.ts";
import { Random } from "../fuzz/random.ts";
import { WebSocketClient } from "../websocket_client.ts";

/** The interval of the speaker's messages, in milliseconds: each is a measurement at each reader. */
const TALK_TIME = 25;

/** The ports of a server. */
export interface Ports {
  readonly port: number;
  readonly ircPort: number;
  readonly webPort: number;
}

/** Readers that stay connected, on each of the text and IRC listeners. */
const READERS = 5;

/** Churning clients at a time, and the pause of each between two actions, in milliseconds. */
const CHURNERS = 13;
const REST_TIME = 40;

/** The mean number of actions before a client leaves. */
const ACTIONS = 12;

/** Flags of the server that the load needs. The space for files is full after some 80 uploads: from then on, old files are deleted. */
export const CHURN_FLAGS = [
  ...["--rate", "off", "--max-per-ip", "off", "--send-buffer", "256KiB"],
  ...["--uploads", "everyone", "--max-file", "16KiB", "--max-files", "1MiB"],
];

/** The size of an uploaded file, in bytes, and the part of the actions over HTTP that upload one. */
const FILE_SIZE = 8192;
const UPLOAD_CHANCE = 0.1;

/** The lines in the history of each room, and the length of those in {@linkcode LONG_ROOM}. */
export const HISTORY_LINES = 100;
const LONG_LINE = 1000;

/** Where clients that read slowly or not at all request more than the kernel buffers: about 4 MB, in answers of 32 KB. */
const LONG_ROOM = "#long";
const REQUESTS = 150;

/**
 * The delivery times of lines. They are in typed arrays, since a million objects would slow down the measuring process by
 * garbage collection.
 */
export class Arrivals {
  length = 0;
  #sent = new Float64Array(1024);
  #took = new Float64Array(1024);

  /** Adds a delivery: when it was sent, and how long it took, in milliseconds. */
  add(sent: number, took: number): void {
    if (this.length === this.#sent.length) [this.#sent, this.#took] = [twice(this.#sent), twice(this.#took)];
    this.#sent[this.length] = sent;
    this.#took[this.length++] = took;
  }

  /** The delivery times of lines sent at `time` or later, in milliseconds. */
  since(time: number): number[] {
    const took: number[] = [];
    for (let i = 0; i < this.length; i++) if (this.#sent[i]! >= time) took.push(this.#took[i]!);
    return took;
  }
}

function twice(numbers: Float64Array<ArrayBuffer>): Float64Array<ArrayBuffer> {
  const longer = new Float64Array(2 * numbers.length);
  longer.set(numbers);
  return longer;
}

/** Runs the load until it is stopped. */
export class Churn {
  /** Lines delivered to the readers. */
  readonly arrivals = new Arrivals();
  /** The number of actions of each kind. */
  readonly done = {
    connects: 0,
    deeds: 0,
    resets: 0,
    kicks: 0,
    webSockets: 0,
    histories: 0,
    deaf: 0,
    slow: 0,
    posts: 0,
    streams: 0,
    uploads: 0,
  };
  readonly #ports: Ports;
  readonly #random: Random;
  readonly #resting = new Set<() => void>(); // ends the pauses under way
  #stopping = false;
  #said = 0;
  #lost: string | undefined;

  constructor(ports: Ports, seed: number) {
    this.#ports = ports;
    this.#random = new Random(seed);
  }

  /** Fills the history of each room to its limit, so that no command costs more later. */
  async fill(): Promise<void> {
    using speaker = await Client.join(this.#ports.port);
    await speaker.send("/echo on");
    for (const room of ["#lobby", "#churn", "#other", LONG_ROOM]) {
      await speaker.send(`/join ${room}`);
      const length = room === LONG_ROOM ? LONG_LINE : 0;
      for (let i = 1; i <= HISTORY_LINES; i++) await speaker.send(`hello ${`${i} in ${room}`.padStart(length)}`);
      await speaker.until(new RegExp(`${HISTORY_LINES} in ${room}$`));
    }
    await speaker.send("/quit");
    await speaker.rest();
  }

  /** Runs until {@linkcode stop}. @throws When a reader has missed a line, or a client failed. */
  async run(): Promise<void> {
    const { port, ircPort } = this.#ports;
    using speaker = await Client.join(port);
    await speaker.send("/nick speaker", "/join #soak");
    await speaker.until(/^-- You are alone in #soak/);
    const readers: Promise<void>[] = [];
    const clients: Disposable[] = [];
    for (let i = 0; i < READERS; i++) {
      const text = await Client.join(port);
      await text.send(`/nick text${i}`, "/join #soak");
      await text.until(/^-- You are in #soak/);
      const irc = new Client(await Deno.connect({ port: ircPort }));
      await irc.send(`NICK irc${i}`, "USER u 0 * :r", "JOIN #soak");
      await irc.until(/ 366 /);
      readers.push(this.#read(text), this.#read(irc));
      clients.push(text, irc);
    }
    const reading = Promise.all(readers);
    reading.catch(() => {}); // awaited below
    const others = Array.from({ length: CHURNERS }, (_, i) => this.#churn(new Random(this.#random.int(2 ** 31)), i));
    await this.#talk(speaker);
    await Promise.all(others);
    await speaker.send("the end");
    await reading;
    for (const client of clients) client[Symbol.dispose]();
    if (this.#lost !== undefined) throw new Error(this.#lost);
  }

  stop(): void {
    this.#stopping = true;
    for (const wake of this.#resting) wake();
  }

  async #talk(speaker: Client) {
    while (!this.#stopping) {
      await speaker.send(`line ${this.#said++} ${performance.now()}`);
      await this.#rest(TALK_TIME);
      speaker.forget();
    }
  }

  /** Reads all lines, and checks that they are complete and in order. */
  async #read(client: Client) {
    for (let next = 0;;) {
      const line = await client.until(/line \d+ [\d.]+$|the end$|^PING |^:\S+ PING /);
      if (line.includes("PING ")) {
        await client.send("PONG");
        continue;
      }
      const [, number, at] = /line (\d+) ([\d.]+)$/.exec(line) ?? [];
      if (number === undefined) {
        if (next !== this.#said) this.#lost ??= `${next} of ${this.#said} lines had arrived at the end`;
        return;
      }
      if (Number(number) !== next) this.#lost ??= `line ${number} arrived where ${next} was expected`;
      next = Number(number) + 1;
      this.arrivals.add(Number(at), performance.now() - Number(at));
      client.forget();
    }
  }

  /** Connects and disconnects again and again, each time with a new nickname. */
  async #churn(random: Random, slot: number) {
    const most = [this.#text, this.#text, this.#irc, this.#irc, this.#web, this.#reset];
    const ways = [[this.#deaf], [this.#slow], [this.#http]][slot] ?? most; // one client of each of these at a time
    for (let i = 0; !this.#stopping; i++) {
      this.done.connects++;
      await random.pick(ways).call(this, random, `n${slot}_${i}`);
      await this.#rest(REST_TIME);
    }
  }

  async #text(random: Random, nick: string) {
    using client = await Client.join(this.#ports.port);
    await client.send(`/nick ${nick}`, "/join #churn");
    await this.#act(random, async (i) => {
      this.done.histories++;
      const line = random.pick([
        "hello",
        "/me waves",
        `/nick ${nick}_${i}`,
        "/history 50",
        "/search hello",
        "/who",
        "LIST",
        "/join #other",
        "/reply yes",
        "/react 👍",
        "/unreact",
        "/delete",
        "/paste\none\n\ntwo\n.",
        "/mentions",
      ]);
      await client.send(line, "/join #churn");
      client.forget();
    });
    await client.send("/quit bye");
    await client.rest();
  }

  async #irc(random: Random, nick: string) {
    using client = new Client(await Deno.connect({ port: this.#ports.ircPort }));
    await client.send(
      "CAP REQ :batch message-tags server-time draft/chathistory draft/multiline draft/event-playback",
      `NICK ${nick}`,
      "USER u 0 * :r",
      "CAP END",
    );
    // Few rooms, used again and again: a room with a ban persists, and each adds to the memory.
    const own = `#own_${nick.split("_")[0]}`;
    await client.send(`JOIN ${own},#churn`, "INVITE text0 #churn", `MODE ${own} +b x!*@*`);
    let last = nick;
    await this.#act(random, async (i) => {
      this.done.histories++;
      this.done.kicks++;
      last = `${nick}_${i}`;
      await client.send(`PRIVMSG #churn :hello ${i}`, "CHATHISTORY LATEST #churn * 50", "WHO #churn", `NICK ${last}`);
      await client.send(
        `KICK ${own} ${last} :again`,
        `JOIN ${own}`,
        "@+typing=active TAGMSG #churn",
        "BATCH +m draft/multiline #churn",
        "@batch=m PRIVMSG #churn :one",
        "@batch=m PRIVMSG #churn :two",
        "BATCH -m",
        `PRIVMSG ${last} :psst`,
        "NAMES #churn",
        "LIST",
      );
      client.forget();
    });
    await client.send("QUIT :bye");
    await client.rest();
  }

  async #web(random: Random, nick: string) {
    using client = await WebSocketClient.open(this.#ports.webPort);
    this.done.webSockets++;
    await client.send(`NICK ${nick}`, "USER u 0 * :r", "JOIN #churn");
    await client.until(/ 366 /);
    await this.#act(random, async () => await client.send("PRIVMSG #churn :hello"));
    if (random.chance(0.5)) return; // without QUIT
    await client.send("QUIT");
    await client.rest();
  }

  /** Posts, replies, follows the room and uploads, each with a connection of its own. */
  async #http(random: Random) {
    let last = await this.#post("hello");
    await this.#act(random, async () => {
      if (random.chance(UPLOAD_CHANCE)) await this.#upload();
      else if (random.chance(0.5)) await this.#follow(last);
      else last = await this.#post(random.pick(["hello", "one\n\ntwo"]), last);
    });
  }

  /** Posts a line. Returns its id, or that of the line to reply to if that has expired. */
  async #post(text: string, reply_to?: string): Promise<string> {
    this.done.posts++;
    const headers = { "content-type": "application/json" };
    const response = await this.#request("", { method: "POST", headers, body: JSON.stringify({ text, reply_to }) });
    const { id, detail } = await response.json();
    const isExpired = response.status === 404 && reply_to !== undefined;
    if (response.status !== 201 && !isExpired) this.#lost ??= `a post got ${response.status}: ${detail}`;
    return id ?? reply_to;
  }

  /** Streams the room from a line on until it has the line after it, and leaves. */
  async #follow(since: string) {
    this.done.streams++;
    const response = await this.#request(`/stream?since=${since}`);
    const next = await this.#post("streamed");
    let received = "";
    for await (const text of response.body!.pipeThrough(new TextDecoderStream())) {
      received += text;
      if (received.includes(`id: ${next}\n`)) return; // closes the connection
    }
    this.#lost ??= "a stream ended";
  }

  async #upload() {
    this.done.uploads++;
    const response = await this.#request("/files/small.bin", { method: "PUT", body: new Uint8Array(FILE_SIZE) });
    const { detail } = await response.json();
    if (response.status !== 201) this.#lost ??= `an upload got ${response.status}: ${detail}`;
  }

  /** Sends a request for the room #churn, or for a path below it. */
  #request(path: string, init: RequestInit = {}): Promise<Response> {
    const headers = { ...init.headers as Record<string, string>, connection: "close" };
    return fetch(`http://127.0.0.1:${this.#ports.webPort}/rooms/churn${path}`, { ...init, headers });
  }

  async #reset(random: Random) {
    this.done.resets++;
    const socket = await resettable(random.pick([this.#ports.port, this.#ports.ircPort, this.#ports.webPort]));
    socket.write(random.pick(["/list\n".repeat(20) + "half", "NICK x", "GET /metrics HTTP/1.1\r\n", ""]));
    await this.#rest(REST_TIME);
    socket.resetAndDestroy();
  }

  /** Requests much, and never reads. */
  async #deaf(random: Random) {
    this.done.deaf++;
    const socket = await resettable(this.#ports.port);
    socket.pause();
    socket.write(`/join ${LONG_ROOM}\n` + `/history ${HISTORY_LINES}\n`.repeat(REQUESTS));
    await this.#rest(REST_TIME * (50 + random.int(100)));
    socket.resetAndDestroy();
  }

  /** Requests much, and reads slowly. */
  async #slow(random: Random) {
    this.done.slow++;
    using socket = await Deno.connect({ port: this.#ports.port });
    await socket.write(
      new TextEncoder().encode(`/join ${LONG_ROOM}\n` + `/history ${HISTORY_LINES}\n`.repeat(REQUESTS)),
    );
    for (let i = 50 + random.int(100); i > 0 && !this.#stopping; i--) {
      await socket.read(new Uint8Array(1000));
      await this.#rest(REST_TIME);
    }
  }

  async #act(random: Random, action: (i: number) => Promise<void>) {
    for (let i = random.int(2 * ACTIONS); i > 0 && !this.#stopping; i--) {
      this.done.deeds++;
      await action(i);
      await this.#rest(REST_TIME);
    }
  }

  /** Pauses, at most until the load is stopped. Racing against one shared promise would add a reaction to it each time. */
  async #rest(milliseconds: number) {
    if (this.#stopping) return;
    const { promise, resolve } = Promise.withResolvers<void>();
    const timer = setTimeout(resolve, milliseconds);
    this.#resting.add(resolve);
    await promise;
    clearTimeout(timer);
    this.#resting.delete(resolve);
  }
}
