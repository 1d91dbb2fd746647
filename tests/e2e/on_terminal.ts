/** Runs a command on a terminal of its own, by `script`. */
import { assert } from "@std/assert";
import { ROOT, within } from "./harness.ts";

/** An `sh` command on its own terminal. With `exec`, the exit code after a Ctrl-C is that of the program. */
export class Terminal implements AsyncDisposable {
  /** All output of the terminal. */
  seen = "";
  readonly #child: Deno.ChildProcess;
  readonly #keys: WritableStreamDefaultWriter<Uint8Array<ArrayBuffer>>;
  readonly #output: ReadableStreamDefaultReader<Uint8Array<ArrayBuffer>>;
  readonly #decoder = new TextDecoder();

  constructor(line: string, env: Record<string, string> = {}) {
    const args = ["--quiet", "--return", "--command", line, "/dev/null"];
    // Not the shell of the user: dash, unlike bash, exits with 130 after a Ctrl-C that its command has handled.
    const options = {
      args,
      cwd: ROOT,
      env: { ...env, SHELL: "/bin/sh" },
      stdin: "piped",
      stdout: "piped",
      stderr: "null",
    } as const;
    this.#child = new Deno.Command("script", options).spawn();
    this.#keys = this.#child.stdin.getWriter();
    this.#output = this.#child.stdout.getReader();
  }

  /** Waits until the output contains a text. */
  async until(text: string): Promise<void> {
    while (!this.seen.includes(text) && await this.#read(`'${text}'`));
    assert(this.seen.includes(text), `No '${text}' before the end of the output: ${this.seen}`);
  }

  async type(text: string): Promise<void> {
    await this.#keys.write(new TextEncoder().encode(text));
  }

  /** Waits for the command to end, and returns its exit code. */
  async code(): Promise<number> {
    while (await this.#read("end of the output"));
    return (await this.#child.status).code;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    try {
      this.#child.kill("SIGKILL");
    } catch {
      // Already ended.
    }
    await this.#child.status;
    await this.#keys.abort().catch(() => {});
    await this.#output.cancel();
  }

  async #read(expected: string): Promise<boolean> {
    const { value, done } = await within(
      this.#output.read(),
      () => expected,
      () => this.seen,
    );
    if (value !== undefined) this.seen += this.#decoder.decode(value, { stream: true });
    return !done;
  }
}
