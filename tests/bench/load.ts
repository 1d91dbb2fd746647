/**
 * How fast the whole program is: starts tincan, has many clients talk to it over real sockets, and prints Markdown
 * tables.
 *
 * ```sh
 * deno run --allow-all tests/bench/load.ts                  # everything
 * deno run --allow-all tests/bench/load.ts --only growth    # one scenario
 * TINCAN_BIN=dist/tincan deno run --allow-all tests/bench/load.ts
 * ```
 *
 * All clients live in this one process, which works at least as hard as the server: read the numbers of deliveries as
 * "at least", and those of latency as "at most". Memory and processor time are the server's own (Linux only).
 */
import { WebSocketWire, type Wire } from "./websocket_wire.ts";
import { parseArgs } from "@std/cli/parse-args";
import project from "../../deno.json" with { type: "json" };

const ROOT = `${import.meta.dirname}/../../`;

/** Bytes of a line as it is delivered, its end included. As it is said it has about 64. */
const LINE_SIZE = 76;

/** Each line ends in who says it and when (in microseconds), in so many digits, with a space between, and LF. */
const WHO_DIGITS = 5;
const TIME_DIGITS = 12;
const TIME_AT = LINE_SIZE - 1 - TIME_DIGITS;
const WHO_AT = TIME_AT - 1 - WHO_DIGITS;

const LF = 0x0a;
const ZERO = 0x30;

/** Bytes that a client reads at once. */
const READ_SIZE = 16 * 1024;

/** How many clients connect at a time. */
const CONNECT_BATCH = 100;

/** How long the server gets to itself after its start, in milliseconds: it warms up for a second at the most. */
const SETTLE_TIME = 1000;

/** How long there is load before anything is measured, and how long it is measured, in milliseconds. */
const RAMP_TIME = 1000;
const MEASURE_TIME = 2000;

/** How often a paced load is topped up, in milliseconds. */
const PACE_TIME = 1;

/** How long the last lines may take to arrive, in milliseconds; what is not there by then counts as lost. */
const DRAIN_TIME = 5000;

/** How long anything else may take, in milliseconds: a start, an answer. */
const DEADLINE = 30_000;

/** How long the server may take to stop before it is killed, in milliseconds. */
const STOP_TIME = 7000;

/** Latency is taken at one client of so many. */
const SAMPLE = 10;

/** The load under which the growth of the cost is measured: low enough that hardly two lines share a write. */
const GROWTH_DELIVERIES_PER_SECOND = 40_000;

/** Open files that a process needs beside its clients' sockets. */
const SPARE_FILES = 100;

/** Clock ticks a second in `/proc/PID/stat`. */
const TICKS_PER_SECOND = 100;

const encoder = new TextEncoder();
const decoder = new TextDecoder();

function sleep(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}

async function within<T>(promise: Promise<T>, what: string): Promise<T> {
  let timer;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`Waited in vain for ${what}`)), DEADLINE);
  });
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}

/** A tincan that was started for a scenario. */
class Server implements AsyncDisposable {
  /** The one that is running, for when this program is told to stop. */
  static running: Server | undefined;

  port = 0;
  webPort = 0;
  readonly #child: Deno.ChildProcess;

  private constructor(child: Deno.ChildProcess) {
    this.#child = child;
  }

  static async start(): Promise<Server> {
    const [command, ...before] = serverCommand();
    const flags = [
      "--port",
      "0",
      "--irc-port",
      "off",
      "--web-port",
      "0",
      "--rate",
      "off",
      "--max-per-ip",
      "off",
      "--log-level",
      "error",
    ];
    const child = new Deno.Command(command!, {
      args: [...before, ...flags],
      cwd: ROOT,
      stdin: "null",
      stdout: "piped",
      stderr: "inherit",
    }).spawn();
    const server = new Server(child);
    Server.running = server;
    try {
      await within(server.#openDoors(), "the server to open its doors");
      await sleep(SETTLE_TIME);
      return server;
    } catch (error) {
      await server[Symbol.asyncDispose]();
      throw error;
    }
  }

  /** Processor time used until now, in microseconds; `undefined` where that cannot be read. */
  cpuTime(): number | undefined {
    const stat = readProc(`${this.#child.pid}/stat`);
    if (stat === undefined) return undefined;
    const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" "); // from the third on
    return (Number(fields[11]) + Number(fields[12])) * 1e6 / TICKS_PER_SECOND;
  }

  /** Resident memory, in bytes; `undefined` where that cannot be read. */
  memory(): number | undefined {
    const kilobytes = /VmRSS:\s+(\d+)/.exec(readProc(`${this.#child.pid}/status`) ?? "")?.[1];
    return kilobytes === undefined ? undefined : Number(kilobytes) * 1024;
  }

  stop(signal: Deno.Signal = "SIGTERM"): void {
    try {
      this.#child.kill(signal);
    } catch {
      // It has ended.
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.stop();
    const timer = setTimeout(() => this.stop("SIGKILL"), STOP_TIME);
    await this.#child.status;
    clearTimeout(timer);
    if (!this.#child.stdout.locked) await this.#child.stdout.cancel();
    Server.running = undefined;
  }

  async #openDoors(): Promise<void> {
    let text = "";
    for await (const bytes of this.#child.stdout.values({ preventCancel: true })) {
      text += decoder.decode(bytes);
      const ports = /^text .* (\d+)\nweb .*:(\d+)\n/m.exec(text);
      if (ports === null) continue;
      this.port = Number(ports[1]);
      this.webPort = Number(ports[2]);
      return;
    }
    throw new Error("The server ended at its start");
  }
}

/** `TINCAN_BIN`, or else what `deno task start` runs. */
function serverCommand(): string[] {
  const given = Deno.env.get("TINCAN_BIN");
  if (given) return [given];
  return [Deno.execPath(), ...project.tasks.start.command.replaceAll("'", "").split(" ").slice(1)];
}

function readProc(path: string): string | undefined {
  try {
    return Deno.readTextFileSync(`/proc/${path}`);
  } catch {
    return undefined;
  }
}

/** What the clients of a scenario count together. */
interface Tally {
  /** Whether a line that came back is followed by the next. */
  talking: boolean;
  /** Deliveries that there should be, of all that was said until now. */
  expected: number;
  /** Deliveries that there were. */
  received: number;
  /** Latencies, in microseconds. */
  readonly latencies: number[];
  /** What went wrong on the way, if anything. */
  failure: unknown;
}

/** What clients come in over. */
type Over = "tcp" | "websocket";

/** One client: asks and waits while a scenario is prepared, then says lines and counts those that it gets. */
class Client implements Disposable {
  readonly #socket: Wire;
  readonly #id: number;
  readonly #tally: Tally;
  readonly #audience: number;
  readonly #buffer = new Uint8Array(READ_SIZE);
  #line = new Uint8Array(0); // as it is said
  #unsaid = 0; // lines that wait until the write under way is done
  #writing = false;

  private constructor(socket: Wire, id: number, tally: Tally, audience: number) {
    this.#socket = socket;
    this.#id = id;
    this.#tally = tally;
    this.#audience = audience;
  }

  /** @param audience How many get what this client says. */
  static async connect(server: Server, over: Over, id: number, tally: Tally, audience: number): Promise<Client> {
    const socket = over === "tcp"
      ? await Deno.connect({ port: server.port })
      : await WebSocketWire.connect(server.webPort);
    if ("setNoDelay" in socket) socket.setNoDelay();
    const client = new Client(socket, id, tally, audience);
    const [, nick] = await client.ask("", /You are (\S+),.*\n/);
    const padding = "x".repeat(WHO_AT - `<${nick}> `.length);
    const who = String(id).padStart(WHO_DIGITS, "0");
    client.#line = encoder.encode(`${padding}${who} ${"0".repeat(TIME_DIGITS)}\n`);
    return client;
  }

  /** Sends something, and waits for an answer. What else comes is skipped. */
  async ask(question: string, answer: RegExp): Promise<RegExpExecArray> {
    await this.#write(encoder.encode(question));
    let text = "";
    while (true) {
      const count = await within(this.#socket.read(this.#buffer), `${answer}`);
      if (count === null) throw new Error(`The server hung up before ${answer}`);
      text += decoder.decode(this.#buffer.subarray(0, count));
      const match = answer.exec(text);
      if (match !== null) return match;
    }
  }

  /** Counts lines from now on, until the end; takes their latency as well if so told. */
  async listen(sampled: boolean): Promise<void> {
    try {
      let kept = 0; // bytes of a line that is not whole yet
      while (true) {
        const count = await this.#socket.read(kept === 0 ? this.#buffer : this.#buffer.subarray(kept));
        if (count === null) return; // what it does not get is counted as lost
        kept = this.#take(kept + count, sampled);
      }
    } catch (error) {
      if (!(error instanceof Deno.errors.BadResource || error instanceof Deno.errors.Interrupted)) {
        this.#tally.failure ??= error;
      }
    }
  }

  /** Says so many lines, in one write. */
  say(count: number): void {
    this.#tally.expected += count * this.#audience;
    this.#unsaid += count;
    if (!this.#writing) void this.#writeUnsaid();
  }

  [Symbol.dispose](): void {
    this.#socket.close();
  }

  /** Counts the lines in so many bytes of the buffer; returns how many bytes are left of one that is not whole. */
  #take(length: number, sampled: boolean): number {
    const buffer = this.#buffer;
    const now = sampled ? microseconds() : 0;
    let at = 0;
    let own = 0;
    for (; at + LINE_SIZE <= length; at += LINE_SIZE) {
      if (buffer[at + LINE_SIZE - 1] !== LF) {
        throw new Error(`Not a line that was said: ${decoder.decode(buffer.subarray(at, length)).slice(0, 200)}`);
      }
      this.#tally.received++;
      if (this.#tally.talking && number(buffer, at + WHO_AT, WHO_DIGITS) === this.#id) own++;
      if (sampled) this.#tally.latencies.push(now - number(buffer, at + TIME_AT, TIME_DIGITS));
    }
    if (own > 0) this.say(own);
    if (at > 0) buffer.copyWithin(0, at, length);
    return length - at;
  }

  async #writeUnsaid() {
    this.#writing = true;
    const size = this.#line.length;
    try {
      while (this.#unsaid > 0) {
        const bytes = new Uint8Array(size * this.#unsaid);
        putNumber(this.#line, size - 1 - TIME_DIGITS, TIME_DIGITS, microseconds());
        for (let at = 0; at < bytes.length; at += size) bytes.set(this.#line, at);
        this.#unsaid = 0;
        await this.#write(bytes);
      }
    } catch (error) {
      this.#tally.failure ??= error;
    }
    this.#writing = false;
  }

  async #write(bytes: Uint8Array) {
    for (let at = 0; at < bytes.length;) at += await this.#socket.write(bytes.subarray(at));
  }
}

function microseconds(): number {
  return Math.round(performance.now() * 1000);
}

function number(bytes: Uint8Array, at: number, digits: number): number {
  let value = 0;
  for (let i = at; i < at + digits; i++) value = value * 10 + bytes[i]! - ZERO;
  return value;
}

function putNumber(bytes: Uint8Array, at: number, digits: number, value: number) {
  for (let i = at + digits - 1; i >= at; i--) {
    bytes[i] = ZERO + value % 10;
    value = Math.floor(value / 10);
  }
}

/** All clients of a scenario, evenly spread over its rooms. */
class Crowd implements Disposable {
  readonly clients: Client[] = [];
  readonly tally: Tally = { talking: false, expected: 0, received: 0, latencies: [], failure: undefined };

  /** Connects everybody. With one room, it is the lobby. */
  async gather(server: Server, over: Over, count: number, rooms = 1): Promise<void> {
    const audience = count / rooms;
    while (this.clients.length < count) {
      const first = this.clients.length;
      const ids = Array.from({ length: Math.min(CONNECT_BATCH, count - first) }, (_, n) => first + n);
      this.clients.push(...await Promise.all(ids.map((id) => Client.connect(server, over, id, this.tally, audience))));
    }
    if (rooms > 1) await this.#askAll((n) => `/join #r${n % rooms}\n/ping\n`);
    await this.#askAll(() => "/ping\n"); // when this is answered, all that was said of coming and going has been read
  }

  async #askAll(question: (n: number) => string) {
    await Promise.all(this.clients.map((client, n) => client.ask(question(n), /^-- Pong.*\n/m)));
  }

  [Symbol.dispose](): void {
    for (const client of this.clients) client[Symbol.dispose]();
  }
}

/** Who says how much. */
interface Load {
  readonly clients: number;
  /** TCP if nothing else is said. */
  readonly over?: Over;
  readonly rooms?: number;
  /** A closed loop: so many clients talk, and say a line more for each of theirs that has come back. */
  readonly talkers?: number;
  /** Lines of each talker that are under way. */
  readonly inFlight?: number;
  /** Or at a pace: so many lines a second in all, said by everybody in turn. */
  readonly linesPerSecond?: number;
}

/** What came of a load. */
interface Outcome {
  readonly deliveriesPerSecond: number;
  /** In milliseconds; of a paced load only. */
  readonly p50: number;
  readonly p99: number;
  /** The server's processor time, in microseconds. */
  readonly cpuPerDelivery: number | undefined;
  /** Deliveries that did not arrive, of all that there should have been. */
  readonly lost: number;
}

/** Puts a fresh server under a load. */
async function measure(load: Load): Promise<Outcome> {
  await using server = await Server.start();
  using crowd = new Crowd();
  const { clients, tally } = crowd;
  await crowd.gather(server, load.over ?? "tcp", load.clients, load.rooms);
  const paced = load.linesPerSecond !== undefined;
  clients.forEach((client, n) => void client.listen(paced && n % SAMPLE === 0));

  tally.talking = !paced;
  for (const client of clients.slice(0, load.talkers ?? 0)) client.say(load.inFlight ?? 1);
  const pacing = new AbortController();
  const paceEnded = paced ? pace(clients, load.linesPerSecond, pacing.signal) : Promise.resolve();

  await sleep(RAMP_TIME);
  tally.latencies.length = 0;
  const before = { received: tally.received, cpu: server.cpuTime(), at: performance.now() };
  await sleep(MEASURE_TIME);
  const deliveries = tally.received - before.received;
  const cpu = server.cpuTime();
  const seconds = (performance.now() - before.at) / 1000;
  const latencies = tally.latencies.slice().sort((a, b) => a - b);

  tally.talking = false;
  pacing.abort();
  await paceEnded;
  const deadline = performance.now() + DRAIN_TIME;
  while (tally.received < tally.expected && performance.now() < deadline) await sleep(10);
  if (tally.failure !== undefined) throw tally.failure;
  return {
    deliveriesPerSecond: deliveries / seconds,
    p50: percentile(latencies, 0.5),
    p99: percentile(latencies, 0.99),
    cpuPerDelivery: cpu === undefined || before.cpu === undefined ? undefined : (cpu - before.cpu) / deliveries,
    lost: tally.expected - tally.received,
  };
}

/** Has everybody in turn say a line, so many a second in all. */
async function pace(clients: readonly Client[], linesPerSecond: number, signal: AbortSignal) {
  const start = performance.now();
  for (let said = 0; !signal.aborted; await sleep(PACE_TIME)) {
    const due = (performance.now() - start) * linesPerSecond / 1000;
    for (; said < due; said++) clients[said % clients.length]!.say(1);
  }
}

/** In milliseconds, of sorted microseconds. */
function percentile(sorted: readonly number[], part: number): number {
  return (sorted[Math.floor(sorted.length * part)] ?? NaN) / 1000;
}

/** Why there cannot be so many clients here, if so. */
function tooMany(clients: number): string | undefined {
  const limit = Number(/Max open files\s+(\d+)/.exec(readProc("self/limits") ?? "")?.[1] ?? Infinity);
  return clients + SPARE_FILES > limit ? `skipped: no more than ${limit} open files` : undefined;
}

const counted = new Intl.NumberFormat("en", { maximumFractionDigits: 0 });
const tenths = new Intl.NumberFormat("en", { minimumFractionDigits: 1, maximumFractionDigits: 1 });

const twoDigits = new Intl.NumberFormat("en", { maximumSignificantDigits: 2 });

function processorTime(microseconds: number | undefined): string {
  return microseconds === undefined ? "n/a" : `${twoDigits.format(microseconds)} µs`;
}

/** What can be run by its name. Those that follow each other and have the same columns share a table. */
interface Scenario {
  readonly name: string;
  readonly columns: readonly string[];
  run(): Promise<string[][]>;
}

function throughput(name: string, title: string, load: Load): Scenario {
  return {
    name,
    columns: ["load", "deliveries a second", "processor time a delivery", "lost"],
    async run() {
      const hindrance = tooMany(load.clients);
      if (hindrance !== undefined) return [[title, hindrance, "", ""]];
      const { deliveriesPerSecond, cpuPerDelivery, lost } = await measure(load);
      const rounded = Math.round(deliveriesPerSecond / 1000) * 1000;
      return [[title, counted.format(rounded), processorTime(cpuPerDelivery), counted.format(lost)]];
    },
  };
}

function latency(name: string, title: string, load: Load): Scenario {
  return {
    name,
    columns: ["load", "p50", "p99", "lost"],
    async run() {
      const hindrance = tooMany(load.clients);
      if (hindrance !== undefined) return [[title, hindrance, "", ""]];
      const { p50, p99, lost } = await measure(load);
      return [[title, `${tenths.format(p50)} ms`, `${tenths.format(p99)} ms`, counted.format(lost)]];
    },
  };
}

const silence: Scenario = {
  name: "silence",
  columns: ["load", "memory per client"],
  async run() {
    const count = 2000;
    const title = `${counted.format(count)} clients that say nothing`;
    const hindrance = tooMany(count);
    if (hindrance !== undefined) return [[title, hindrance]];
    await using server = await Server.start();
    using crowd = new Crowd();
    const before = server.memory();
    await crowd.gather(server, "tcp", count);
    await sleep(SETTLE_TIME);
    const after = server.memory();
    if (before === undefined || after === undefined) return [[title, "n/a"]];
    return [[title, `${tenths.format((after - before) / count / 1024)} KiB`]];
  },
};

const GROWTH_ROOMS = [1, 10, 100];

const growth: Scenario = {
  name: "growth",
  columns: [
    "processor time a delivery",
    ...GROWTH_ROOMS.map((rooms) => rooms === 1 ? "1 room" : `${rooms} rooms`),
    "lost",
  ],
  async run() {
    const rows: string[][] = [];
    for (const clients of [100, 1000, 5000]) {
      const hindrance = tooMany(clients);
      let lost = 0;
      const cells: string[] = [];
      for (const rooms of GROWTH_ROOMS) {
        if (hindrance !== undefined) {
          cells.push(hindrance);
          continue;
        }
        const linesPerSecond = GROWTH_DELIVERIES_PER_SECOND / (clients / rooms);
        const outcome = await measure({ clients, rooms, linesPerSecond });
        lost += outcome.lost;
        cells.push(processorTime(outcome.cpuPerDelivery));
      }
      rows.push([`${counted.format(clients)} clients`, ...cells, counted.format(lost)]);
    }
    return rows;
  },
};

const SCENARIOS: readonly Scenario[] = [
  throughput("100", "100 clients, 10 talk, 8 lines in flight each", { clients: 100, talkers: 10, inFlight: 8 }),
  throughput("500", "500 clients, 20 talk, 8 lines in flight each", { clients: 500, talkers: 20, inFlight: 8 }),
  throughput("web-500", "500 clients over WebSocket, 20 talk, 8 lines in flight each", {
    clients: 500,
    over: "websocket",
    talkers: 20,
    inFlight: 8,
  }),
  throughput("rooms", "1,000 rooms of 5, everyone talks, 1 line in flight each", {
    clients: 5000,
    rooms: 1000,
    talkers: 5000,
    inFlight: 1,
  }),
  latency("paced-100", "100 clients, 500 lines a second", { clients: 100, linesPerSecond: 500 }),
  latency("paced-1000", "1,000 clients, 20 lines a second", { clients: 1000, linesPerSecond: 20 }),
  silence,
  growth,
];

/** As `deno fmt` would lay it out. */
function markdown(rows: readonly (readonly string[])[]): string {
  const widths = rows[0]!.map((_, column) => Math.max(3, ...rows.map((row) => row[column]!.length)));
  const line = (row: readonly string[]) => `| ${row.map((cell, n) => cell.padEnd(widths[n]!)).join(" | ")} |`;
  const [head, ...body] = rows;
  return [line(head!), line(widths.map((width) => "-".repeat(width))), ...body.map(line)].join("\n");
}

/** What was measured where, in one line. */
function headLine(): string {
  const cpu = /model name\s*: (.*)/.exec(readProc("cpuinfo") ?? "")?.[1] ?? Deno.build.arch;
  const cores = navigator.hardwareConcurrency;
  const server = Deno.env.get("TINCAN_BIN") ? "tincan as an executable" : "tincan from source";
  const command = ["deno run --allow-all tests/bench/load.ts", ...Deno.args].join(" ");
  const date = new Date().toISOString().slice(0, 10);
  return `${cpu}, ${cores} cores for server and clients; Deno ${Deno.version.deno}; ${server}; ${date}; \`${command}\`:`;
}

async function main() {
  const { only } = parseArgs(Deno.args, { string: ["only"] });
  const chosen = SCENARIOS.filter(({ name }) => only === undefined || name === only);
  if (chosen.length === 0) {
    console.error(`There is no scenario "${only}", but: ${SCENARIOS.map(({ name }) => name).join(", ")}`);
    Deno.exit(2);
  }
  if (Deno.build.os !== "windows") {
    Deno.addSignalListener("SIGTERM", () => {
      Server.running?.stop();
      Deno.exit(143);
    });
  }
  console.log(headLine());
  let rows: (readonly string[])[] = [];
  for (const [n, { columns, run }] of chosen.entries()) {
    if (rows.length === 0) rows.push(columns);
    rows.push(...await run());
    if (chosen[n + 1]?.columns.join() === columns.join()) continue;
    console.log(`\n${markdown(rows)}`);
    rows = [];
  }
  Deno.exit();
}

await main();
