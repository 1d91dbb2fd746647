/** Real curl against a running server. */
import { Client, named, notInstalled, type Program, within } from "./harness.ts";

/** Why tests with curl cannot run here, if so. */
export const missingCurl = notInstalled("curl");

/** Runs a shell script. Resolves to its stdout; the error has its stderr. */
export async function sh(script: string, env: Record<string, string> = {}): Promise<string> {
  const { code, stdout, stderr } = await new Deno.Command("bash", {
    args: ["-euo", "pipefail", "-c", script],
    env,
    stdin: "null",
  }).output();
  const text = new TextDecoder().decode(stdout);
  if (code !== 0) throw new Error(`${script} ended with ${code}: ${text}${new TextDecoder().decode(stderr)}`);
  return text;
}

/** Runs curl, without progress. */
export function curl(...args: string[]): Promise<string> {
  return sh(`curl -sS --max-time 60 ${args.map((arg) => `'${arg.replaceAll("'", "'\\''")}'`).join(" ")}`);
}

/** A curl that goes on reading. */
export class Follower implements AsyncDisposable {
  readonly #child: Deno.ChildProcess;
  readonly #reader: ReadableStreamDefaultReader<string>;
  received = "";

  constructor(script: string, env: Record<string, string> = {}) {
    this.#child = new Deno.Command("bash", {
      args: ["-euc", `exec ${script}`],
      env,
      stdin: "null",
      stdout: "piped",
      stderr: "null",
    }).spawn();
    this.#reader = this.#child.stdout.pipeThrough(new TextDecoderStream()).getReader();
  }

  /** Waits until something that matches has been received. */
  async until(wanted: RegExp): Promise<void> {
    while (!wanted.test(this.received)) {
      const next = this.#reader.read();
      const { value, done } = await within(next, () => named(wanted), () => this.received);
      if (done) throw new Error(`No ${named(wanted)} before the end of the stream: ${this.received}`);
      this.received += value;
    }
  }

  /** Waits for the end, and returns all that was received. */
  async rest(): Promise<string> {
    for (;;) {
      const { value, done } = await within(this.#reader.read(), () => "end of the stream", () => this.received);
      if (done) return this.received;
      this.received += value;
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    try {
      this.#child.kill("SIGKILL");
    } catch {
      // It has ended.
    }
    await this.#child.status;
    await this.#reader.cancel();
  }
}

/** Registers an account on the text port, and makes tokens: one for all, and one for a room. */
export async function makeTokens(
  program: Program,
  nick: string,
  room: string,
): Promise<{ readonly token: string; readonly hook: string }> {
  using client = await Client.join(program.port);
  await client.send(`/nick ${nick}`, "/register open-sesame");
  await client.until(new RegExp(`^-- ${nick} is now registered`));
  await client.send("/devices add curl");
  const token = await client.until(/^tincan_/);
  await client.send(`/devices add hook ${room}`);
  const hook = await client.until(/^tincan_/);
  return { token, hook };
}
