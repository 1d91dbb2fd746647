/**
 * Starts the server for the stall benchmark, and reads the processor time of its main thread.
 */
import { join } from "node:path";
import project from "../../../deno.json" with { type: "json" };

const ROOT = join(import.meta.dirname!, "../../..");

/** How long a start or a stop may take, in milliseconds. */
const START_TIME = 120_000;
const STOP_TIME = 10_000;

/** How long the server warms up after its start, in milliseconds. */
const SETTLE_TIME = 1500;

/** The ports of a running server. */
export interface Ports {
  readonly text: number;
  readonly irc: number;
  readonly web: number;
}

/** `TINCAN_BIN`, or else what `deno task start` runs. */
export function serverCommand(): string[] {
  const given = Deno.env.get("TINCAN_BIN");
  if (given) return [given];
  return [Deno.execPath(), ...project.tasks.start.command.replaceAll("'", "").split(" ").slice(1)];
}

/** Runs a command of the program, such as `import`, to its end. */
export async function runCommand(args: readonly string[], stdin?: ReadableStream<Uint8Array>): Promise<void> {
  const [command, ...before] = serverCommand();
  const child = new Deno.Command(command!, {
    args: [...before, ...args],
    cwd: ROOT,
    stdin: stdin === undefined ? "null" : "piped",
    stdout: "null",
    stderr: "inherit",
  }).spawn();
  if (stdin !== undefined) await stdin.pipeTo(child.stdin);
  const { success } = await child.status;
  if (!success) throw new Error(`Cannot run ${args.join(" ")}: it failed`);
}

/** A running server. */
export class Server implements AsyncDisposable {
  readonly ports: Ports;
  readonly #child: Deno.ChildProcess;

  private constructor(child: Deno.ChildProcess, ports: Ports) {
    this.#child = child;
    this.ports = ports;
  }

  /** Starts the server on free ports of all addresses, so that `127.0.0.1` and `::1` are clients of two networks. */
  static async start(flags: readonly string[]): Promise<Server> {
    const [command, ...before] = serverCommand();
    const args = [...before, "--host", "::", "--port", "0", "--irc-port", "0", "--web-port", "0", ...flags];
    const child = new Deno.Command(command!, { args, cwd: ROOT, stdin: "null", stdout: "piped", stderr: "inherit" })
      .spawn();
    let timer;
    const late = new Promise<never>((_, reject) => {
      timer = setTimeout(
        () => reject(new Error(`No line on stdout for each listener within ${START_TIME / 1000} s`)),
        START_TIME,
      );
    });
    try {
      const server = new Server(child, await Promise.race([readPorts(child), late]));
      await new Promise((resolve) => setTimeout(resolve, SETTLE_TIME));
      return server;
    } catch (error) {
      child.kill("SIGKILL");
      throw error;
    } finally {
      clearTimeout(timer);
    }
  }

  get pid(): number {
    return this.#child.pid;
  }

  /** Processor time of the main thread until now, in milliseconds. */
  get cpu(): number {
    return mainThreadTime(this.pid);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const kill = (signal: Deno.Signal) => {
      try {
        this.#child.kill(signal);
      } catch {
        // Already ended.
      }
    };
    kill("SIGTERM");
    const timer = setTimeout(() => kill("SIGKILL"), STOP_TIME);
    await this.#child.status;
    clearTimeout(timer);
    await this.#child.stdout.cancel().catch(() => {});
  }
}

async function readPorts(child: Deno.ChildProcess): Promise<Ports> {
  let text = "";
  const decoder = new TextDecoder();
  for await (const bytes of child.stdout.values({ preventCancel: true })) {
    text += decoder.decode(bytes, { stream: true });
    const [, a, b, c] = /^text .* (\d+)\nirc .*:(\d+)\nweb .*:(\d+)\n/m.exec(text) ?? [];
    if (c !== undefined) return { text: Number(a), irc: Number(b), web: Number(c) };
  }
  throw new Error("Cannot start the server: it has exited");
}

/**
 * Processor time of a process's main thread, in milliseconds (Linux). It counts neither other processes nor the threads
 * that collect garbage or derive keys, so a busy machine adds little to it.
 */
export function mainThreadTime(pid: number): number {
  const [nanoseconds = ""] = Deno.readTextFileSync(`/proc/${pid}/task/${pid}/schedstat`).split(" ");
  return Number(nanoseconds) / 1e6;
}
