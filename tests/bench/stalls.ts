/**
 * Measures for how long one client can stall the server: starts it with a prepared store, many rooms and many members,
 * has one client send each command with the worst known arguments, and prints a Markdown table. Linux only.
 *
 * ```sh
 * deno run --allow-all tests/bench/stalls.ts                    # 200,000 lines, 10,000 rooms, 8,000 members
 * deno run --allow-all tests/bench/stalls.ts --lines 1000000
 * deno run --allow-all tests/bench/stalls.ts --only LIST,WHO    # some commands
 * deno run --allow-all tests/bench/stalls.ts --part mass        # commands, crowd or mass
 * TINCAN_BIN=dist/tincan deno run --allow-all tests/bench/stalls.ts
 * ```
 *
 * Three parts:
 *
 * - `commands`: one client, each command three times. The block is the longest piece of processor time between two answers
 *   to a probe (see `stalls/probe.ts`); the waits are the longest of clients of another network. Of the three runs the
 *   medians are shown.
 * - `crowd`: 85 clients of one address send the worst commands again and again.
 * - `mass`: many members of one room do the same at once, or are cut off at once, for growing numbers of members. Twice
 *   the members may take twice the processor time, and not four times.
 */
import { parseArgs } from "@std/cli/parse-args";
import { hashPassword } from "../../src/accounts/password.ts";
import { commands as ircCommands } from "../../src/protocol/irc/commands.ts";
import { commands as textCommands } from "../../src/protocol/text/commands.ts";
import { BIG, OPERATOR_PASSWORD, type Row, rows, SHARED } from "./stalls/commands.ts";
import { LineClient } from "./stalls/line_client.ts";
import type { Command, Waits } from "./stalls/probe.ts";
import { Server } from "./stalls/server.ts";
import { makeStore, talked } from "./stalls/store.ts";

/** How often each command is measured. */
const RUNS = 3;

/** The minimum time of a measurement, in milliseconds. */
const LEAST_TIME = 150;

/** Clients that connect at a time, and the number of IRC clients among the members. */
const BATCH = 100;
const IRC_MEMBERS = 600;

/** The network of all clients but the probe's. */
const HOST = "127.0.0.1";

/** Clients of the crowd, and how long they repeat a command, in milliseconds. */
const CROWD = 85;
const CROWD_TIME = 3000;

/** The time limit of the whole benchmark, in milliseconds. */
const DEADLINE = 20 * 60_000;

/** The numbers of members that act at once. */
const MASSES: readonly (readonly [kind: "text" | "irc", counts: readonly number[]])[] = [
  ["text", [2000, 4000, 8000]],
  ["irc", [500, 1000, 2000]],
];

type Flags = { readonly [name in "lines" | "rooms" | "members" | "only" | "part"]?: string };
const flags: Flags = { ...parseArgs(Deno.args, { string: ["lines", "rooms", "members", "only", "part"] }) } as Flags;
const lines = Number(flags.lines ?? 200_000);
const rooms = Number(flags.rooms ?? 10_000);
const members = Number(flags.members ?? 8_000);
const only = flags.only?.split(",");

const UNLIMITED = ["--max-per-ip", "off", "--max-clients", "off", "--max-unregistered", "off", "--rate", "off"];
const FLAGS = [
  ...UNLIMITED,
  "--room-rate",
  "off",
  "--nick-rate",
  "off",
  "--register-time",
  "1h",
  "--log-level",
  "error",
];

/** A worker that measures from another network; see `stalls/probe.ts`. */
class ProbeThread implements Disposable {
  readonly #worker = new Worker(new URL("./stalls/probe.ts", import.meta.url), { type: "module" });

  async connect({ pid, ports: { irc, web } }: Server): Promise<void> {
    await this.#send({ kind: "connect", pid, irc, web });
  }

  async start(login: boolean): Promise<void> {
    await this.#send({ kind: "start", login });
  }

  stop(): Promise<Waits> {
    return this.#send({ kind: "stop" }) as Promise<Waits>;
  }

  [Symbol.dispose](): void {
    this.#worker.terminate();
  }

  #send(command: Command): Promise<unknown> {
    const answer = new Promise((resolve, reject) => {
      this.#worker.onmessage = ({ data }) => resolve(data);
      this.#worker.onerror = (event) => reject(new Error(`The probe failed: ${event.message}`));
    });
    this.#worker.postMessage(command);
    return answer;
  }
}

function sleep(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}

/** Connects many members to the big room; the IRC clients among them to some more. */
async function gather({ ports }: Server, kind: "text" | "irc", count: number, more: readonly string[] = []) {
  const all: LineClient[] = [];
  const connect = async (n: number) => {
    if (kind === "text") {
      const client = await LineClient.text(HOST, ports.text);
      await client.ask([`/join ${BIG}`], /You are .*#big/);
      return client;
    }
    const client = await LineClient.irc(HOST, ports.irc, `member${n}`);
    const names = [BIG, ...more];
    await client.ask([`JOIN ${names.join(",")}`], new RegExp(` 366 \\S+ ${names.at(-1)} `));
    return client;
  };
  while (all.length < count) {
    const first = all.length;
    const batch = Array.from({ length: Math.min(BATCH, count - first) }, (_, n) => connect(first + n));
    all.push(...await Promise.all(batch));
  }
  return all;
}

/** Runs a function and returns the stalls that the probe measured meanwhile. */
async function measured(probe: ProbeThread, login: boolean, run: () => Promise<void>): Promise<Waits> {
  await probe.start(login);
  await sleep(20);
  const began = performance.now();
  await run();
  await sleep(Math.max(20, LEAST_TIME - (performance.now() - began)));
  return await probe.stop();
}

/** The clients that send the commands. */
class Attackers {
  readonly #server: Server;
  #clients = new Map<string, LineClient>();

  constructor(server: Server) {
    this.#server = server;
  }

  /** The client for a row; a new one where the last was disconnected. */
  async of({ port, operator, ends }: Row): Promise<LineClient> {
    const key = ends ? "" : `${port} ${operator}`;
    const known = this.#clients.get(key);
    if (known !== undefined) return known;
    const client = port === "text" ? await this.#text(operator) : await this.#irc(operator, ends);
    if (!ends) this.#clients.set(key, client);
    return client;
  }

  async #irc(operator: boolean, short: boolean): Promise<LineClient> {
    const nick = operator ? "boss" : short ? `short${Math.floor(Math.random() * 1e6)}` : "attacker";
    const client = await LineClient.irc(HOST, this.#server.ports.irc, nick);
    const capabilities = "batch message-tags server-time setname away-notify draft/chathistory echo-message";
    await client.ask([`CAP REQ :${capabilities}`], / (?:ACK|NAK) /);
    if (operator) await client.ask([`OPER boss ${OPERATOR_PASSWORD}`], / 381 /);
    await client.ask([`JOIN ${[BIG, "#own", ...SHARED].join(",")}`], new RegExp(` 366 \\S+ ${SHARED.at(-1)} `));
    await client.send([`JOIN ${Array.from({ length: 40 }, (_, n) => talked(n)).join(",")}`]);
    await client.settled("irc");
    return client;
  }

  async #text(operator: boolean): Promise<LineClient> {
    const client = await LineClient.text(HOST, this.#server.ports.text);
    if (operator) await client.ask([`/oper boss ${OPERATOR_PASSWORD}`], /server operator now/);
    await client.send([`/join ${BIG}`]);
    await client.settled("text");
    return client;
  }
}

/** Sends a row's lines and resolves when they were answered. */
async function send(server: Server, attackers: Attackers, row: Row): Promise<void> {
  if (row.port === "web") {
    const response = await fetch(`http://${HOST}:${server.ports.web}${row.lines[0]}`);
    await response.arrayBuffer();
    return;
  }
  const client = await attackers.of(row);
  await client.send(row.lines);
  if (row.ends) return await sleep(LEAST_TIME);
  await client.settled(row.port);
}

async function undo(attackers: Attackers, row: Row): Promise<void> {
  if (row.undo.length === 0 || row.port === "web") return;
  const client = await attackers.of(row);
  await client.send(row.undo);
  await client.settled(row.port);
}

function median(all: readonly number[]): number | undefined {
  return all.toSorted((a, b) => a - b)[Math.floor(all.length / 2)];
}

function milliseconds(time: number | undefined): string {
  return time === undefined ? "–" : time < 10 ? time.toFixed(1) : time.toFixed(0);
}

/** The medians of several runs: a machine that is busy with other things adds to some of them. */
function together(all: readonly Waits[]): string[] {
  const known = (key: keyof Waits) => all.map((waits) => waits[key]).filter((wait) => wait !== undefined);
  return (["block", "join", "login", "message"] as const).map((key) => milliseconds(median(known(key))));
}

const HEAD = ["command", "block, ms", "JOIN, ms", "login, ms", "message, ms"];

async function measureCommands(server: Server, probe: ProbeThread, attackers: Attackers): Promise<string[][]> {
  const table: string[][] = [HEAD];
  const idle: Waits[] = [];
  for (let run = 0; run < RUNS; run++) idle.push(await measured(probe, true, () => sleep(LEAST_TIME)));
  table.push(["nothing", ...together(idle)]);
  for (const row of chosen()) {
    const all: Waits[] = [];
    if (row.port !== "web" && !row.ends) await attackers.of(row);
    for (let run = 0; run < (row.once ? 1 : RUNS); run++) {
      if (row.undo.length > 0 && run === 0) await undo(attackers, row);
      all.push(await measured(probe, run === 0, () => send(server, attackers, row)));
      await undo(attackers, row);
    }
    const name = `${row.port} ${row.command}${row.about === "" ? "" : ` (${row.about})`}`;
    const cells = [name, ...together(all)];
    console.error(cells.join("  "));
    table.push(cells);
  }
  return table;
}

function chosen(): Row[] {
  return rows().filter(({ command }) => only === undefined || only.includes(command));
}

/** Commands that a crowd repeats: open to any client, and slow or delivered to many. */
const CROWD_COMMANDS = ["SEARCH", "LIST", "WHO", "NAMES", "CHATHISTORY", "JOIN", "AWAY", "NICK", "PRIVMSG", "SETNAME"];

async function measureCrowd(server: Server, probe: ProbeThread): Promise<string[][]> {
  const table: string[][] = [[`${CROWD} clients of one address`, ...HEAD.slice(1)]];
  const rooms = [BIG, ...SHARED, ...Array.from({ length: 40 }, (_, i) => talked(i))].join(",");
  for (const [number, row] of chosen().entries()) {
    if (row.port !== "irc" || !CROWD_COMMANDS.includes(row.command)) continue;
    // New clients for each command: at the end many still wait for answers.
    const crowd: LineClient[] = [];
    for (let n = 0; n < CROWD; n++) {
      const client = await LineClient.irc(HOST, server.ports.irc, `crowd${number}-${n}`);
      await client.send([`JOIN ${rooms}`]);
      await client.settled("irc");
      crowd.push(client);
    }
    const waits = await measured(probe, true, async () => {
      const end = performance.now() + CROWD_TIME;
      const repeat = async (client: LineClient, n: number) => {
        for (let round = 0; performance.now() < end; round++) {
          const own = (line: string) =>
            row.command === "NICK" ? `NICK crowd${number}-${n}${round % 2 === 0 ? "x" : ""}` : line;
          await client.send([...row.lines.map(own), ...row.command === "NICK" ? [] : row.undo]);
          await client.settled("irc");
        }
      };
      for (const [n, client] of crowd.entries()) repeat(client, n).catch(() => {}); // the client is disconnected in the end
      await sleep(CROWD_TIME);
    });
    for (const client of crowd) client[Symbol.dispose]();
    const cells = [`${row.command} (${row.about || row.lines[0]!.slice(0, 40)})`, ...together([waits])];
    console.error(cells.join("  "));
    table.push(cells);
    await sleep(CROWD_TIME); // their pending commands are dropped meanwhile
  }
  return table;
}

/** The processor time of the server's main thread for an action, until the server has been idle for a while. */
async function cost(server: Server, probe: ProbeThread, run: () => Promise<void>): Promise<[number, number]> {
  await probe.start(false);
  const before = server.cpu;
  await run();
  // A server that only answers the probe counts as idle.
  for (let last = server.cpu, quiet = 0; quiet < 3;) {
    await sleep(200);
    const now = server.cpu;
    quiet = now - last < 120 ? quiet + 1 : 0;
    last = now;
  }
  const { block } = await probe.stop();
  return [server.cpu - before, block];
}

async function measureMass(): Promise<string[][]> {
  const table: string[][] = [[
    "what many members of one room do at once",
    "members",
    "processor time, ms",
    "block, ms",
  ]];
  const add = (what: string, count: number, [time, block]: [number, number]) => {
    const cells = [what, String(count), milliseconds(time), milliseconds(block)];
    console.error(cells.join("  "));
    table.push(cells);
  };
  for (const [kind, counts] of MASSES) {
    for (const rooms of kind === "irc" ? [[], SHARED.slice(0, 1)] : [[]]) {
      for (const count of counts) {
        if (count > members) continue;
        await using server = await Server.start(FLAGS);
        using probe = new ProbeThread();
        await probe.connect(server);
        const crowd = await gather(server, kind, count, rooms);
        const name = `${kind} clients, ${1 + rooms.length} rooms`;
        if (kind === "irc") {
          add(`AWAY by all (${name})`, count, await cost(server, probe, () => everyone(crowd, () => "AWAY :x")));
          add(
            `NICK by all (${name})`,
            count,
            await cost(server, probe, () => everyone(crowd, (n) => `NICK other${n}`)),
          );
        }
        add(
          `cut off (${name})`,
          count,
          await cost(server, probe, async () => {
            for (const client of crowd) client[Symbol.dispose]();
            await sleep(500);
          }),
        );
      }
    }
  }
  return table;
}

async function everyone(crowd: readonly LineClient[], line: (n: number) => string): Promise<void> {
  await Promise.all(crowd.map((client, n) => client.send([line(n)])));
}

/** A Markdown table in the layout of `deno fmt`. */
function markdown(table: readonly (readonly string[])[]): string {
  const widths = table[0]!.map((_, column) => Math.max(3, ...table.map((row) => row[column]!.length)));
  const line = (row: readonly string[]) => `| ${row.map((cell, n) => cell.padEnd(widths[n]!)).join(" | ")} |`;
  const [head, ...body] = table;
  return [line(head!), line(widths.map((width) => "-".repeat(width))), ...body.map(line)].join("\n");
}

/** Commands of the program's tables that have no row. */
function missing(): string[] {
  const known = new Set(rows().map(({ port, command }) => `${port} ${command}`));
  const all = [...ircCommands.keys()].map((name) => `irc ${name}`).concat(
    Object.keys(textCommands).map((name) => `text ${name}`),
  );
  return all.filter((name) => !known.has(name));
}

async function main() {
  const timer = setTimeout(() => {
    console.error(`No result within ${DEADLINE / 60_000} minutes`);
    Deno.exit(1);
  }, DEADLINE);
  const parts = flags.part?.split(",") ?? ["commands", "crowd", "mass"];
  console.log(
    `${lines} lines, ${rooms} rooms, ${members} members; Deno ${Deno.version.deno}; ${
      new Date().toISOString().slice(0, 10)
    }`,
  );
  if (missing().length > 0) console.log(`\nNot measured: ${missing().join(", ")}`);
  if (parts.includes("commands") || parts.includes("crowd")) {
    const directory = await Deno.makeTempDir({ prefix: "tincan-stalls-" });
    try {
      console.error("preparing the store");
      await makeStore(`${directory}/data`, lines, rooms - SHARED.length - 4);
      await Deno.writeTextFile(`${directory}/operators`, `boss ${await hashPassword(OPERATOR_PASSWORD)}\n`);
      const keep = ["--data", `${directory}/data`, "--keep", "off", "--keep-lines", "off"];
      await using server = await Server.start([...FLAGS, ...keep, "--operators", `${directory}/operators`]);
      const attackers = new Attackers(server);
      await addBans(await attackers.of(row("irc", true)));
      console.error("connecting the members");
      const irc = Math.min(IRC_MEMBERS, members);
      using _spare = await LineClient.irc(HOST, server.ports.irc, "spare");
      await gather(server, "irc", irc, SHARED);
      await gather(server, "text", members - irc);
      using probe = new ProbeThread();
      await probe.connect(server);
      if (parts.includes("commands")) console.log(`\n${markdown(await measureCommands(server, probe, attackers))}`);
      if (parts.includes("crowd")) console.log(`\n${markdown(await measureCrowd(server, probe))}`);
    } finally {
      await Deno.remove(directory, { recursive: true });
    }
  }
  if (parts.includes("mass")) console.log(`\n${markdown(await measureMass())}`);
  clearTimeout(timer);
  Deno.exit();
}

/** A row for its client alone. */
function row(port: "irc" | "text", operator: boolean): Row {
  return { port, operator, command: "", about: "", lines: [], ends: false, once: false, undo: [] };
}

/** Nearly as many bans as the limit allows, with masks that are slow to match. */
async function addBans(operator: LineClient): Promise<void> {
  for (let n = 0; n < 990; n++) await operator.send([`KLINE *a*a*a*a${n}b!*@* :test`]);
  await operator.settled("irc");
}

await main();
