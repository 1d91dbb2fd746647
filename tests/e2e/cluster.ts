/** Clusters of real processes for end-to-end tests: NATS servers, and nodes of tincan that share their log. */
import { NatsCluster, NatsServer } from "../cluster/nats.ts";
import { Client, type Form, type Program, start } from "./harness.ts";

/** What no test of a cluster is about. */
const UNLIMITED = ["--rate", "off", "--burst", "off", "--max-per-ip", "off", "--connect-rate", "off"];

/** How long a node may take to be healthy, and how often it is asked, in milliseconds. */
const DEADLINE = 60_000;
const POLL = 50;

/** How a cluster is started. */
export interface ClusterSettings {
  /** How many NATS servers: one, or three of which each stores everything. One by default. */
  readonly servers?: 1 | 3;
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
      : [stack.use(await NatsServer.start())];
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
    for (const end = performance.now() + DEADLINE; performance.now() < end;) {
      const response = await fetch(`http://127.0.0.1:${this.nodes[index]!.webPort}/healthz`);
      await response.body?.cancel();
      if (response.ok) return;
      await new Promise((resolve) => setTimeout(resolve, POLL));
    }
    throw new Error(`Node ${index} is not healthy within ${DEADLINE / 1000} s:\n${this.nodes[index]!.log.all}`);
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
  /**
   * Connects and registers.
   *
   * @param capabilities Those to enable.
   */
  static async register(port: number, nick: string, ...capabilities: string[]): Promise<IrcClient> {
    const client = new IrcClient(await Deno.connect({ hostname: "127.0.0.1", port }));
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
}
