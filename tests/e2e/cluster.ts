/** Clusters of real processes for end-to-end tests: NATS servers, and nodes of tincan that share their log. */
import { type JetStreamManager, jetstreamManager } from "@nats-io/jetstream";
import { connect } from "@nats-io/transport-node";
import { Cable } from "../cluster/cable.ts";
import { NatsCluster, NatsServer, type NatsSettings } from "../cluster/nats.ts";
import { Client, type Form, type Program, start } from "./harness.ts";

/** What no test of a cluster is about. */
const UNLIMITED = ["--rate", "off", "--burst", "off", "--max-per-ip", "off", "--connect-rate", "off"];

/** The stream of a cluster with the name that is the default. */
export const STREAM = "TINCAN_tincan";

/** How long to wait before a condition is looked at again, in milliseconds. */
const POLL = 20;

/** How long a condition may take, in milliseconds. */
const DEADLINE = 60_000;

/** How a cluster is started. */
export interface ClusterSettings {
  /** How many NATS servers: one, or three of which each stores everything. One by default. */
  readonly servers?: 1 | 3;
  /** Settings of the only NATS server. */
  readonly nats?: NatsSettings;
  /** More flags for all nodes. */
  readonly args?: readonly string[];
  /** Whether nodes have a directory for `--data`. They have by default. */
  readonly data?: boolean;
}

/** NATS servers, and the nodes that a test starts. */
export class Cluster implements AsyncDisposable {
  readonly nats: readonly NatsServer[];
  /** The nodes that were started, by index; a node that was started again replaces the one before. */
  readonly nodes: Program[] = [];
  readonly #stack: AsyncDisposableStack;
  readonly #form: Form;
  readonly #settings: ClusterSettings;
  readonly #directory: string;
  /** Where a node finds NATS, if not at the servers themselves. */
  readonly #routes = new Map<number, string>();

  private constructor(
    stack: AsyncDisposableStack,
    nats: readonly NatsServer[],
    form: Form,
    settings: ClusterSettings,
    directory: string,
  ) {
    this.#stack = stack;
    this.nats = nats;
    this.#form = form;
    this.#settings = settings;
    this.#directory = directory;
  }

  /** Starts NATS and some nodes, one after the other. */
  static async start(form: Form, nodes: number, settings: ClusterSettings = {}): Promise<Cluster> {
    await using stack = new AsyncDisposableStack();
    const directory = await Deno.makeTempDir({ prefix: "tincan-cluster-" });
    stack.defer(() => Deno.remove(directory, { recursive: true }));
    const nats = settings.servers === 3
      ? stack.use(await NatsCluster.start()).servers
      : [stack.use(await NatsServer.start(settings.nats))];
    const cluster = new Cluster(stack.move(), nats, form, settings, directory);
    try {
      for (let index = 0; index < nodes; index++) await cluster.startNode(index);
    } catch (error) {
      await cluster[Symbol.asyncDispose]();
      throw error;
    }
    return cluster;
  }

  /** The URLs of all NATS servers. */
  get urls(): string {
    return this.nats.map(({ url }) => url).join();
  }

  /** The directory of a node's `--data`. */
  dataOf(index: number): string {
    return `${this.#directory}/node${index}`;
  }

  /** Has a node find NATS at another URL from its next start on: such as that of a cable. */
  route(index: number, url: string): void {
    this.#routes.set(index, url);
  }

  /** Puts a cable between NATS and a node that is started after this. */
  cable(index: number): Cable {
    const cable = this.#stack.use(new Cable(this.nats[0]!.port));
    this.route(index, cable.url);
    return cable;
  }

  /** Acts on the stream, as the administrator of NATS. */
  async administer<T>(act: (manager: JetStreamManager) => Promise<T>): Promise<T> {
    const connection = await connect({ servers: this.nats.map(({ url }) => url) });
    try {
      return await act(await jetstreamManager(connection));
    } finally {
      await connection.close();
    }
  }

  /** The NATS server that leads the stream. */
  async leader(): Promise<NatsServer> {
    const info = await this.administer((manager) => manager.streams.info(STREAM));
    return this.nats.find(({ name }) => name === info.cluster!.leader)!;
  }

  /** What a node answers on `/healthz`. */
  async health({ webPort }: Program): Promise<{ readonly status: number; readonly text: string }> {
    const response = await fetch(`http://127.0.0.1:${webPort}/healthz`);
    return { status: response.status, text: await response.text() };
  }

  /** The arguments that a node is started with. */
  argsOf(index: number, args: readonly string[] = []): string[] {
    const { servers = 1, data = true, args: common = [] } = this.#settings;
    return [
      ...UNLIMITED,
      ...["--cluster", this.#routes.get(index) ?? this.urls, "--cluster-replicas", String(servers)],
      ...["--node", `n${index}`],
      ...(data ? ["--data", this.dataOf(index)] : []),
      ...common,
      ...args,
    ];
  }

  /** Starts a node, for the first time or again. Resolves when its ports are open: then it has joined the cluster. */
  async startNode(index: number, args: readonly string[] = []): Promise<Program> {
    const node = await start(this.#form, this.argsOf(index, args));
    this.#stack.use(node);
    return this.nodes[index] = node;
  }

  /** Waits until a node takes commands. */
  async healthy(index: number): Promise<void> {
    await until(async () => (await this.health(this.nodes[index]!)).status === 200);
  }

  /** Kills a node, as a crash would. */
  async killNode(index: number): Promise<void> {
    await this.nodes[index]![Symbol.asyncDispose]();
  }

  /** Stops a node, as an operator would. Returns its exit code. */
  async stopNode(index: number): Promise<number> {
    this.nodes[index]!.kill("SIGTERM");
    return await this.nodes[index]!.code();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#stack.disposeAsync();
  }
}

/** An IRC client that a test drives line by line. */
export class IrcClient extends Client {
  nick = "";

  /**
   * Connects and registers.
   *
   * @param capabilities Those to enable.
   */
  static async register(port: number, nick: string, ...capabilities: string[]): Promise<IrcClient> {
    const client = new IrcClient(await Deno.connect({ hostname: "127.0.0.1", port }));
    client.nick = nick;
    if (capabilities.length > 0) await client.send("CAP LS 302", `CAP REQ :${capabilities.join(" ")}`);
    await client.send(`NICK ${nick}`, `USER ${nick} 0 * :${nick}`);
    if (capabilities.length > 0) await client.send("CAP END");
    await client.until(/ 001 /);
    await client.settled();
    return client;
  }

  /** Waits until the server has replied to everything that was sent. */
  async settled(): Promise<void> {
    const token = crypto.randomUUID();
    await this.send(`PING ${token}`);
    await this.until(new RegExp(`PONG .*${token}`));
  }

  /** Joins a room, and waits for the list of its members. */
  async enter(room: string): Promise<void> {
    await this.send(`JOIN ${room}`);
    await this.until(new RegExp(` 366 \\S+ ${room} `));
  }

  /** The last 100 messages of a room as the history of this node has them, as {@linkcode messages} returns them. */
  async history(room: string): Promise<string[]> {
    const before = this.received.length;
    await this.send(`CHATHISTORY LATEST ${room} * 100`);
    await this.until(/BATCH -/);
    return messages(this.received.slice(before), room);
  }
}

/** Waits until each of these clients has received what all of them have sent. */
export async function settleAll(clients: readonly IrcClient[]): Promise<void> {
  const token = crypto.randomUUID();
  const nicks = clients.map(({ nick }) => nick);
  // Private messages take the way of all lines: they come after those that their authors have sent before.
  await Promise.all(clients.map((client) => client.send(...nicks.map((nick) => `PRIVMSG ${nick} :${token}`))));
  await Promise.all(
    clients.map((client) =>
      until(() =>
        nicks.every((nick) => new RegExp(`:${nick}!\\S+ PRIVMSG ${client.nick} :${token}`).test(client.received))
      )
    ),
  );
}

/** The id and the text of each message that a client was sent in a room, in order. */
export function messages(received: string, room: string): string[] {
  const lines = received.split("\n").filter((line) => line.includes(` PRIVMSG ${room} `));
  return lines.map((line) => `${/msgid=([^; ]+)/.exec(line)![1]} ${line.slice(line.indexOf(" :", 1) + 2).trimEnd()}`);
}

/** Waits until a condition holds. */
export async function until(condition: () => boolean | Promise<boolean>): Promise<void> {
  const end = performance.now() + DEADLINE;
  while (!await condition()) {
    if (performance.now() > end) throw new Error(`Not within ${DEADLINE / 1000} s: ${condition}`);
    await delay(POLL);
  }
}

/** Lets time pass, where it is what the test is about. */
export function delay(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}
