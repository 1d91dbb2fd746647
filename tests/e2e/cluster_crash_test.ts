/**
 * The claim that a cluster makes, under crashes at random: every line that any client has received is in the history of every
 * node that survives, once, in one order.
 */
import { assert, assertEquals } from "@std/assert";
import { DatabaseSync } from "node:sqlite";
import { Random } from "../fuzz/random.ts";
import { Cluster, IrcClient } from "./cluster.ts";
import { executable, test } from "./forms.ts";
import { type Form, source } from "./harness.ts";

/** How many nodes and NATS servers there are, and how many clients each node has. */
const COUNT = 3;
const CLIENTS = 2;

/** How many rounds of crashes there are with each form. */
const ROUNDS = [[source, 20], [executable, 6]] as const;

/** How long a client waits between two lines, in milliseconds. */
const PAUSE = 20;

const ROOM = "#tea";

/** A client that writes lines all the time, connects again when it is disconnected, and notes what it receives. */
class Writer {
  /** Ids and texts, in the order in which they were received; a list for each connection. */
  readonly heard: string[][] = [];
  readonly #name: string;
  readonly #cluster: Cluster;
  readonly #node: number;
  readonly #work: Promise<void>;
  #stopped = false;
  #count = 0;

  constructor(name: string, cluster: Cluster, node: number) {
    this.#name = name;
    this.#cluster = cluster;
    this.#node = node;
    this.#work = this.#run();
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    await this.#work;
  }

  async #run(): Promise<void> {
    while (!this.#stopped) {
      try {
        await this.#connection();
      } catch {
        await delay(PAUSE); // the node is not there, or the connection was lost
      }
    }
  }

  async #connection(): Promise<void> {
    const port = this.#cluster.nodes[this.#node]!.ircPort;
    const connection = await Deno.connect({ hostname: "127.0.0.1", port });
    const heard: string[] = [];
    this.heard.push(heard);
    try {
      await write(connection, `CAP REQ :message-tags echo-message\nNICK ${this.#name}x${this.heard.length}\n`);
      await write(connection, `USER x 0 * :x\nCAP END\nJOIN ${ROOM}\n`);
      const reading = this.#read(connection, heard);
      let ended = false;
      void reading.finally(() => ended = true);
      while (!this.#stopped && !ended) {
        await write(connection, `PRIVMSG ${ROOM} :${this.#name} ${++this.#count}\n`);
        await delay(PAUSE);
      }
    } finally {
      connection.close();
    }
  }

  async #read(connection: Deno.Conn, heard: string[]): Promise<void> {
    const decoder = new TextDecoder();
    const bytes = new Uint8Array(64 * 1024);
    let rest = "";
    try {
      for (let count = await connection.read(bytes); count !== null; count = await connection.read(bytes)) {
        const lines = (rest + decoder.decode(bytes.subarray(0, count), { stream: true })).split("\n");
        rest = lines.pop()!;
        for (const line of lines) {
          const [, id, text] = /msgid=([^; ]+).* PRIVMSG #tea :(.*?)\r?$/.exec(line) ?? [];
          if (id !== undefined) heard.push(`${id} ${text}`);
        }
      }
    } catch {
      // The connection was reset, or closed by the writer.
    }
  }
}

for (const [form, rounds] of ROUNDS) {
  test(
    "cluster: what a client has received is in the history of all nodes, once and in one order, whatever crashes",
    (form) => crash(form, rounds),
    undefined,
    [form],
  );
}

async function crash(form: Form, rounds: number): Promise<void> {
  const seed = Number(Deno.env.get("TINCAN_SEED") ?? Date.now() % 1_000_000);
  const random = new Random(seed);
  await using cluster = await Cluster.start(form, COUNT, { servers: 3 });
  const writers = Array.from({ length: COUNT * CLIENTS }, (_, n) => new Writer(`w${n}`, cluster, n % COUNT));
  const events: string[] = [`seed ${seed}`];
  /** Each round breaks something and mends it; nodes that have ended because of it are started again. */
  const kinds: Record<string, () => Promise<void>> = {
    "kill -9 of a node": async () => await cluster.killNode(random.int(COUNT)),
    "kill -9 of two nodes": async () => {
      const spared = random.int(COUNT);
      await Promise.all([0, 1, 2].filter((n) => n !== spared).map((n) => cluster.killNode(n)));
    },
    "stop of a node": async () => void await cluster.stopNode(random.int(COUNT)),
    "pause of a node": async () => {
      const node = cluster.nodes[random.int(COUNT)]!;
      node.kill("SIGSTOP");
      await delay(500 + random.next() * 8000); // shorter or longer than the lease
      node.kill("SIGCONT");
    },
    "kill -9 of a NATS server": async () => {
      const server = cluster.nats[random.int(COUNT)]!;
      await server.kill();
      await delay(random.next() * 3000);
      await server.start();
    },
    "kill -9 of all NATS servers": async () => {
      await Promise.all(cluster.nats.map((server) => server.kill()));
      await delay(random.next() * 2000);
      await Promise.all(cluster.nats.map((server) => server.start()));
    },
  };
  try {
    for (let round = 0; round < rounds; round++) {
      const names = Object.keys(kinds);
      const kind = names[round < names.length ? round : random.int(names.length)]!; // each kind at least once
      events.push(kind);
      await delay(300 + random.next() * 1000);
      await kinds[kind]!();
      for (const [index, node] of cluster.nodes.entries()) {
        if (!await isRunning(node.pid)) await cluster.startNode(index);
      }
      for (const index of cluster.nodes.keys()) await cluster.healthy(index);
    }
    await Promise.all(writers.map((writer) => writer.stop()));
    for (const [n, { ircPort }] of cluster.nodes.entries()) { // all that was appended is applied then
      using last = await IrcClient.register(ircPort, `last${n}`);
      await last.enter(ROOM);
      await last.send(`PRIVMSG ${ROOM} :last ${n}`);
      await last.settled();
    }
    for (const [n] of cluster.nodes.entries()) assertEquals(await cluster.stopNode(n), 0);
    const [first, ...others] = cluster.nodes.map((_, n) => stored(cluster.dataOf(n)));
    for (const other of others) assertEquals(other, first);
    assertEquals(new Set(first).size, first!.length, "a line is stored twice");
    assertEquals(
      new Set(first!.map((line) => line.slice(line.indexOf(" ")))).size,
      first!.length,
      "a line was said twice",
    );
    const places = new Map(first!.map((line, place) => [line, place]));
    let received = 0;
    for (const heard of writers.flatMap((writer) => writer.heard)) {
      let before = -1;
      for (const line of heard) {
        const place = places.get(line);
        assert(place !== undefined, `a client has received "${line}", which is not in the history`);
        assert(place > before, `a client has received "${line}" twice or in another order`);
        before = place;
        received++;
      }
    }
    assert(received > 100 * rounds, `only ${received} lines were received`);
  } catch (error) {
    const logs = cluster.nodes.map(({ log }, n) => `node ${n}:\n${log.all.split("\n").slice(-15).join("\n")}`);
    throw new Error(`After ${events.join(", ")}: ${(error as Error).message}\n${logs.join("\n")}`, { cause: error });
  }
}

/** The ids and texts of the lines in a data directory, in order. */
function stored(directory: string): string[] {
  const db = new DatabaseSync(`${directory}/tincan.db`, { readOnly: true });
  try {
    const rows = db.prepare(
      "SELECT message.id, text FROM message JOIN target ON target.id = message.target WHERE target.key = ? ORDER BY message.id",
    ).all(ROOM) as { id: number; text: string }[];
    return rows.map(({ id, text }) => `${id.toString(36)} ${text}`);
  } finally {
    db.close();
  }
}

/** Whether a process runs: one that has ended and was not waited for is a zombie. */
async function isRunning(pid: number): Promise<boolean> {
  const status = await Deno.readTextFile(`/proc/${pid}/stat`).catch(() => "");
  return status !== "" && !/\) [ZX] /.test(status);
}

async function write(connection: Deno.Conn, text: string): Promise<void> {
  const bytes = new TextEncoder().encode(text);
  for (let at = 0; at < bytes.length;) at += await connection.write(bytes.subarray(at));
}

function delay(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}
