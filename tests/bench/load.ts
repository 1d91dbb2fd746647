/**
 * Benchmarks the whole program: starts tincan, has many clients chat over real sockets, and prints Markdown tables.
 *
 * ```sh
 * deno run --allow-all tests/bench/load.ts                  # everything
 * deno run --allow-all tests/bench/load.ts --only growth    # one scenario
 * TINCAN_BIN=dist/tincan deno run --allow-all tests/bench/load.ts
 * ```
 *
 * All clients run in this process, which uses at least as much processor time as the server, so deliveries are lower
 * bounds and latencies upper bounds. Memory and processor time are those of the server alone (Linux only).
 */
import { WebSocketWire, type Wire } from "./websocket_wire.ts";
import { parseArgs } from "@std/cli/parse-args";
import project from "../../deno.json" with { type: "json" };

const ROOT = `${import.meta.dirname}/../../`;

/** Bytes of a delivered line with its line end. As sent, it has about 64. */
const LINE_SIZE = 76;

/** Digits of the sender's id and the time in microseconds, which end each line, separated by a space. */
const ID_DIGITS = 5;
const TIME_DIGITS = 12;
const TIME_AT = LINE_SIZE - 1 - TIME_DIGITS;
const ID_AT = TIME_AT - 1 - ID_DIGITS;

const LF = 0x0a;
const ZERO = 0x30;

/** The size of a client's read buffer, in bytes. */
const READ_SIZE = 16 * 1024;

/** Clients that connect at a time. */
const CONNECT_BATCH = 100;

/** The pause after the start of the server, in milliseconds: it warms up for at most a second. */
const SETTLE_TIME = 1000;

/** The time under load before the measurement, and of the measurement, in milliseconds. */
const RAMP_TIME = 1000;
const MEASURE_TIME = 2000;

/** The interval at which a paced load sends due lines, in milliseconds. */
const PACE_TIME = 1;

/** The time within which the last lines must arrive, in milliseconds; later ones count as lost. */
const DRAIN_TIME = 5000;

/** The time limit of the start and of an answer, in milliseconds. */
const DEADLINE = 30_000;

/** The time after which a stopping server is killed, in milliseconds. */
const STOP_TIME = 7000;

/** One client of this many measures latency. */
const SAMPLE = 10;

/** The load of the growth scenario: low enough that two lines rarely share a write. */
const GROWTH_DELIVERIES_PER_SECOND = 40_000;

/** Open files that the process needs beside the clients' sockets. */
const SPARE_FILES = 100;

/** Clock ticks per second in `/proc/PID/stat`. */
const TICKS_PER_SECOND = 100;

const encoder = new TextEncoder();
const decoder = new TextDecoder();

function sleep(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}

/** Rejects when a promise takes too long. @param expected What it stands for: "No answer within 60 s". */
async function within<T>(promise: Promise<T>, expected: string): Promise<T> {
  let timer;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`No ${expected} within ${DEADLINE / 1000} s`)), DEADLINE);
  });
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}

/** A server that was started for a scenario. */
class Server implements AsyncDisposable {
  /** The running server, to be stopped on SIGTERM. */
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
      "--room-rate",
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
      await within(server.#open(), "open listener of the server");
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
    const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" "); // from the third field on
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
      // Already ended.
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

  async #open(): Promise<void> {
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

/** The counts of all clients of a scenario. */
interface Tally {
  /** Whether a client sends the next line when one of its own has been delivered to it. */
  talking: boolean;
  /** Deliveries expected of all lines sent so far. */
  expected: number;
  /** Deliveries so far. */
  received: number;
  /** Latencies, in microseconds. */
  readonly latencies: number[];
  /** The first error, if any. */
  failure: unknown;
}

/** The transport of the clients. */
type Over = "tcp" | "websocket";

/** A client: sends requests while the scenario is prepared, then sends lines and counts those it receives. */
class Client implements Disposable {
  readonly #socket: Wire;
  readonly #id: number;
  readonly #tally: Tally;
  readonly #audience: number;
  readonly #buffer = new Uint8Array(READ_SIZE);
  #line = new Uint8Array(0); // as it is sent
  #pending = 0; // lines to send when the write under way is done
  #writing = false;

  private constructor(socket: Wire, id: number, tally: Tally, audience: number) {
    this.#socket = socket;
    this.#id = id;
    this.#tally = tally;
    this.#audience = audience;
  }

  /** @param audience The number of clients that receive a line of this one. */
  static async connect(server: Server, over: Over, id: number, tally: Tally, audience: number): Promise<Client> {
    const socket = over === "tcp"
      ? await Deno.connect({ port: server.port })
      : await WebSocketWire.connect(server.webPort);
    if ("setNoDelay" in socket) socket.setNoDelay();
    const client = new Client(socket, id, tally, audience);
    const [, nick] = await client.ask("", /You are (\S+),.*\n/);
    const padding = "x".repeat(ID_AT - `<${nick}> `.length);
    const sender = String(id).padStart(ID_DIGITS, "0");
    client.#line = encoder.encode(`${padding}${sender} ${"0".repeat(TIME_DIGITS)}\n`);
    return client;
  }

  /** Sends a request and waits for its answer. Skips other input. */
  async ask(question: string, answer: RegExp): Promise<RegExpExecArray> {
    await this.#write(encoder.encode(question));
    let text = "";
    while (true) {
      const count = await within(this.#socket.read(this.#buffer), `answer that matches ${answer}`);
      if (count === null) throw new Error(`No answer that matches ${answer} before the end of the connection`);
      text += decoder.decode(this.#buffer.subarray(0, count));
      const match = answer.exec(text);
      if (match !== null) return match;
    }
  }

  /** Counts lines until the end, and measures their latency if `sampled`. */
  async listen(sampled: boolean): Promise<void> {
    try {
      let rest = 0; // bytes of an incomplete line
      while (true) {
        const count = await this.#socket.read(rest === 0 ? this.#buffer : this.#buffer.subarray(rest));
        if (count === null) return; // missing lines count as lost
        rest = this.#take(rest + count, sampled);
      }
    } catch (error) {
      if (!(error instanceof Deno.errors.BadResource || error instanceof Deno.errors.Interrupted)) {
        this.#tally.failure ??= error;
      }
    }
  }

  /** Sends lines in one write. */
  say(count: number): void {
    this.#tally.expected += count * this.#audience;
    this.#pending += count;
    if (!this.#writing) void this.#writePending();
  }

  [Symbol.dispose](): void {
    this.#socket.close();
  }

  /** Counts the lines in the first `length` bytes of the buffer. Returns the bytes left of an incomplete line. */
  #take(length: number, sampled: boolean): number {
    const buffer = this.#buffer;
    const now = sampled ? microseconds() : 0;
    let at = 0;
    let own = 0;
    for (; at + LINE_SIZE <= length; at += LINE_SIZE) {
      if (buffer[at + LINE_SIZE - 1] !== LF) {
        throw new Error(`Not a line of the load: ${decoder.decode(buffer.subarray(at, length)).slice(0, 200)}`);
      }
      this.#tally.received++;
      if (this.#tally.talking && number(buffer, at + ID_AT, ID_DIGITS) === this.#id) own++;
      if (sampled) this.#tally.latencies.push(now - number(buffer, at + TIME_AT, TIME_DIGITS));
    }
    if (own > 0) this.say(own);
    if (at > 0) buffer.copyWithin(0, at, length);
    return length - at;
  }

  async #writePending() {
    this.#writing = true;
    const size = this.#line.length;
    try {
      while (this.#pending > 0) {
        const bytes = new Uint8Array(size * this.#pending);
        putNumber(this.#line, size - 1 - TIME_DIGITS, TIME_DIGITS, microseconds());
        for (let at = 0; at < bytes.length; at += size) bytes.set(this.#line, at);
        this.#pending = 0;
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

/** The clients of a scenario, evenly spread over its rooms. */
class Crowd implements Disposable {
  readonly clients: Client[] = [];
  readonly tally: Tally = { talking: false, expected: 0, received: 0, latencies: [], failure: undefined };

  /** Connects all clients. One room is the lobby. */
  async gather(server: Server, over: Over, count: number, rooms = 1): Promise<void> {
    const audience = count / rooms;
    while (this.clients.length < count) {
      const first = this.clients.length;
      const ids = Array.from({ length: Math.min(CONNECT_BATCH, count - first) }, (_, n) => first + n);
      this.clients.push(...await Promise.all(ids.map((id) => Client.connect(server, over, id, this.tally, audience))));
    }
    if (rooms > 1) await this.#askAll((n) => `/join #r${n % rooms}\n`, /^-- You are .* ?in #r\d+.*\n/m);
    await this.#askAll(() => "/ping\n", /^-- Pong.*\n/m); // by the answer, all joins have been read
  }

  async #askAll(question: (n: number) => string, answer: RegExp) {
    await Promise.all(this.clients.map((client, n) => client.ask(question(n), answer)));
  }

  [Symbol.dispose](): void {
    for (const client of this.clients) client[Symbol.dispose]();
  }
}

/** The load of a scenario. */
interface Load {
  readonly clients: number;
  /** TCP by default. */
  readonly over?: Over;
  readonly rooms?: number;
  /** For a closed loop: the clients that send lines, the next for each of theirs that has been delivered to them. */
  readonly talkers?: number;
  /** Lines in flight of each talker. */
  readonly inFlight?: number;
  /** For a paced load: lines per second in all, sent by the clients one after the other. */
  readonly linesPerSecond?: number;
}

/** The result of a load. */
interface Outcome {
  readonly deliveriesPerSecond: number;
  /** Latency in milliseconds; of a paced load only. */
  readonly p50: number;
  readonly p99: number;
  /** The server's processor time, in microseconds. */
  readonly cpuPerDelivery: number | undefined;
  /** Expected deliveries that did not arrive. */
  readonly lost: number;
}

/** Runs a load against a new server. */
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

/** Has the clients send lines one after the other, at a rate of lines per second in all. */
async function pace(clients: readonly Client[], linesPerSecond: number, signal: AbortSignal) {
  const start = performance.now();
  for (let said = 0; !signal.aborted; await sleep(PACE_TIME)) {
    const due = (performance.now() - start) * linesPerSecond / 1000;
    for (; said < due; said++) clients[said % clients.length]!.say(1);
  }
}

/** A percentile of sorted times in microseconds, in milliseconds. */
function percentile(sorted: readonly number[], part: number): number {
  return (sorted[Math.floor(sorted.length * part)] ?? NaN) / 1000;
}

/** Why this machine cannot open so many clients, if so. */
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

/** A scenario, which can be run by name. Successive scenarios with the same columns share a table. */
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

/** A Markdown table in the layout of `deno fmt`. */
function markdown(rows: readonly (readonly string[])[]): string {
  const widths = rows[0]!.map((_, column) => Math.max(3, ...rows.map((row) => row[column]!.length)));
  const line = (row: readonly string[]) => `| ${row.map((cell, n) => cell.padEnd(widths[n]!)).join(" | ")} |`;
  const [head, ...body] = rows;
  return [line(head!), line(widths.map((width) => "-".repeat(width))), ...body.map(line)].join("\n");
}

/** The machine, versions and command line, in one line. */
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
