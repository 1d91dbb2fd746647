/**
 * Real NATS servers for tests: each on loopback with a free port and a directory of its own; one, or three as a cluster.
 */

/** How long a server may take to start, in milliseconds. */
const START_TIMEOUT = 20_000;

/** How often is looked whether it has started. */
const POLL = 10;

/** Settings of a server beside its address and its directory. */
export interface NatsSettings {
  /** Lines of the configuration file. */
  readonly config?: string;
  /** `false` for a server that stores nothing. */
  readonly jetstream?: boolean;
}

/** The place of a server in a cluster. */
interface Member {
  readonly name: string;
  /** The port for other servers, and those of all members. */
  readonly port: number;
  readonly ports: readonly number[];
}

/** A NATS server, which can be killed and started again on the same port, with what it has stored. */
export class NatsServer implements AsyncDisposable {
  readonly #directory: string;
  readonly #settings: NatsSettings;
  readonly #member: Member | undefined;
  #port = -1; // a free one
  #child: Deno.ChildProcess | undefined;

  private constructor(directory: string, settings: NatsSettings, member: Member | undefined) {
    this.#directory = directory;
    this.#settings = settings;
    this.#member = member;
  }

  /** Starts a server. */
  static async start(settings: NatsSettings = {}, member?: Member): Promise<NatsServer> {
    const server = new NatsServer(await Deno.makeTempDir({ prefix: "tincan-nats-" }), settings, member);
    try {
      await server.start();
    } catch (error) {
      await server[Symbol.asyncDispose]();
      throw error;
    }
    return server;
  }

  get name(): string {
    return this.#member?.name ?? "single";
  }

  /** `127.0.0.1:port`, where clients connect. */
  get host(): string {
    return `127.0.0.1:${this.#port}`;
  }

  get port(): number {
    return this.#port;
  }

  get url(): string {
    return `nats://${this.host}`;
  }

  /** Starts the server, for the first time or again. Resolves when it accepts connections. */
  async start(): Promise<void> {
    const directory = this.#directory;
    const { config = "", jetstream = true } = this.#settings;
    const lines = [`listen: "127.0.0.1:${this.#port}"`, `ports_file_dir: "${directory}"`, config];
    if (jetstream) lines.push(`jetstream { store_dir: "${directory}/store" }`);
    if (this.#member !== undefined) {
      const { name, port, ports } = this.#member;
      const routes = ports.map((each) => `"nats://127.0.0.1:${each}"`).join(", ");
      lines.push(`server_name: ${name}`, `cluster { name: c, listen: "127.0.0.1:${port}", routes: [${routes}] }`);
    }
    await Deno.writeTextFile(`${directory}/nats.conf`, lines.join("\n"));
    const args = ["-c", `${directory}/nats.conf`, "-l", `${directory}/nats.log`];
    const env = { PATH: `${Deno.env.get("PATH")}:/usr/sbin` }; // where Debian puts it, which users may not look
    try {
      this.#child = new Deno.Command("nats-server", { args, env, stdin: "null", stdout: "null", stderr: "null" })
        .spawn();
    } catch (error) {
      if (!(error instanceof Deno.errors.NotFound)) throw error;
      throw new Error("This test needs nats-server, which is not installed: apt-get install nats-server");
    }
    let exited = false;
    void this.#child.status.then(() => exited = true);
    const ports = `${directory}/nats-server_${this.#child.pid}.ports`;
    const end = performance.now() + START_TIMEOUT;
    for (;;) {
      const found = /"(?:nats|tls):\/\/127\.0\.0\.1:(\d+)"/.exec(await Deno.readTextFile(ports).catch(() => ""));
      if (found !== null) {
        this.#port = Number(found[1]);
        return;
      }
      if (exited || performance.now() > end) throw new Error(`nats-server does not start:\n${await this.log()}`);
      await delay(POLL);
    }
  }

  /** Sends a signal: `SIGSTOP` freezes the server, `SIGCONT` continues it. */
  signal(signal: Deno.Signal): void {
    this.#child!.kill(signal);
  }

  /** Kills the server, as a crash would. */
  async kill(): Promise<void> {
    const child = this.#child;
    this.#child = undefined;
    try {
      child?.kill("SIGKILL");
    } catch (error) {
      if (!(error instanceof TypeError)) throw error; // it has exited
    }
    await child?.status;
  }

  /** Removes what the server has stored, while it does not run. */
  async erase(): Promise<void> {
    await Deno.remove(`${this.#directory}/store`, { recursive: true });
  }

  /** Copies what the server has stored to another place, or from there, while it does not run. */
  async copyStore(direction: "save" | "restore"): Promise<void> {
    const [store, copy] = [`${this.#directory}/store`, `${this.#directory}/copy`];
    const [from, to] = direction === "save" ? [store, copy] : [copy, store];
    await Deno.remove(to, { recursive: true }).catch(() => {});
    const { success } = await new Deno.Command("cp", { args: ["-a", from, to] }).output();
    if (!success) throw new Error(`Cannot copy ${from}`);
  }

  log(): Promise<string> {
    return Deno.readTextFile(`${this.#directory}/nats.log`).catch(() => "");
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.kill();
    await Deno.remove(this.#directory, { recursive: true });
  }
}

/** Three servers that are a cluster. */
export class NatsCluster implements AsyncDisposable {
  private constructor(readonly servers: readonly NatsServer[]) {}

  static async start(): Promise<NatsCluster> {
    for (let attempt = 1;; attempt++) {
      // JetStream wants to know the routes from the start, so the ports are chosen here. Another program may take one.
      const ports = freePorts(3);
      const members = ports.map((port, index) => ({ name: `n${index + 1}`, port, ports }));
      const started = await Promise.allSettled(members.map((member) => NatsServer.start({}, member)));
      const servers = started.flatMap((each) => each.status === "fulfilled" ? [each.value] : []);
      if (servers.length === 3) return new NatsCluster(servers);
      for (const server of servers) await server[Symbol.asyncDispose]();
      const failed = started.find((each) => each.status === "rejected");
      if (attempt === 3 || /not installed/.test(String(failed?.reason))) throw failed?.reason;
    }
  }

  /** The URLs of all servers, separated by commas. */
  get urls(): string {
    return this.servers.map((server) => server.url).join(",");
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const server of this.servers) await server[Symbol.asyncDispose]();
  }
}

/** Ports that nothing listens on. */
function freePorts(count: number): number[] {
  const listeners = Array.from({ length: count }, () => Deno.listen({ hostname: "127.0.0.1", port: 0 }));
  const ports = listeners.map((listener) => (listener.addr as Deno.NetAddr).port);
  for (const listener of listeners) listener.close();
  return ports;
}

function delay(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}
