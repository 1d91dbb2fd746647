/**
 * Starts tincan from outside and talks to it over real sockets. `forms.ts` has the two forms that end-to-end tests run.
 *
 * Nothing here sleeps. Each wait has a deadline, and its error shows what was received instead.
 */
import { once } from "node:events";
import { connect, type Socket } from "node:net";
import project from "../../deno.json" with { type: "json" };

/** How long a wait may take before it fails, in milliseconds. */
const DEADLINE = 60_000;

export const ROOT = `${import.meta.dirname}/../../`;

/** A way to run tincan: the command line up to tincan's own arguments. */
export interface Form {
  readonly name: string;
  readonly command: readonly string[];
  /** Why this form cannot be run here, if so. */
  readonly missing?: string;
}

/** From source, with the flags of `deno task start`. */
export const source: Form = {
  name: "deno run",
  command: [Deno.execPath(), ...taskArguments("start")],
};

/**
 * Rejects when a promise takes longer than the deadline.
 *
 * @param expected What the promise stands for, such as `exit of the server`: the error is "No exit of the server within 60 s".
 * @param received What was received instead, for the error.
 */
export async function within<T>(
  promise: Promise<T>,
  expected: () => string,
  received = (): string | undefined => undefined,
): Promise<T> {
  let timer;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => {
      const instead = received();
      const more = instead === undefined ? "" : `; received:\n${instead}`;
      reject(new Error(`No ${expected()} within ${DEADLINE / 1000} s${more}`));
    }, DEADLINE);
  });
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}

/** Splits a stream into lines that can be waited for. */
class LineQueue {
  /** All received text, for error messages. */
  all = "";
  readonly #lines: string[] = [];
  #read = 0; // lines already returned by next()
  #rest = ""; // the beginning of an incomplete line
  #ended = false;
  #news = Promise.withResolvers<void>();

  constructor(stream: AsyncIterable<Uint8Array>) {
    void this.#pump(stream);
  }

  /**
   * The next line with its line end; `undefined` after the last. Text after the last line end counts as a line.
   *
   * @param expected What is waited for, as for {@linkcode within}.
   */
  async next(expected: string): Promise<string | undefined> {
    while (this.#lines.length === this.#read && !this.#ended) {
      await within(this.#news.promise, () => expected, () => shown(this.all));
    }
    return this.#lines[this.#read++];
  }

  /** Drops lines already returned, so that a run of hours does not fill the memory. */
  forget(): void {
    this.all = "";
    this.#lines.splice(0, this.#read);
    this.#read = 0;
  }

  async #pump(stream: AsyncIterable<Uint8Array>) {
    const decoder = new TextDecoder();
    try {
      for await (const bytes of stream) this.#put(decoder.decode(bytes, { stream: true }));
    } catch {
      // A reset counts as the end.
    }
    this.#ended = true;
    if (this.#rest !== "") this.#lines.push(this.#rest);
    this.#rest = "";
    this.#put("");
  }

  #put(text: string) {
    this.all += text;
    const lines = (this.#rest + text).split(/(?<=\n)/);
    this.#rest = lines.at(-1)?.endsWith("\n") ? "" : lines.pop() ?? "";
    for (const line of lines) this.#lines.push(line);
    this.#news.resolve();
    this.#news = Promise.withResolvers();
  }
}

/** Sends and receives lines, over a socket or the pipes of a program. */
export class Talker {
  readonly #lines: LineQueue;
  readonly #writer: WritableStreamDefaultWriter<Uint8Array<ArrayBuffer>>;

  constructor(readable: AsyncIterable<Uint8Array>, writable: WritableStream<Uint8Array<ArrayBuffer>>) {
    this.#lines = new LineQueue(readable);
    this.#writer = writable.getWriter();
  }

  /** All text received so far. */
  get received(): string {
    return this.#lines.all;
  }

  /** Drops received text, but not the lines that have not been read yet. */
  forget(): void {
    this.#lines.forget();
  }

  /** Sends lines, each with `\n`. */
  async send(...lines: string[]): Promise<void> {
    for (const line of lines) await this.write(`${line}\n`);
  }

  /** Sends bytes unchanged. */
  async write(bytes: string | Uint8Array<ArrayBuffer>): Promise<void> {
    await this.#writer.write(typeof bytes === "string" ? new TextEncoder().encode(bytes) : bytes);
  }

  /** Closes the sending side. */
  async end(): Promise<void> {
    await this.#writer.close();
  }

  /**
   * The next line with its line end, `undefined` after the last.
   *
   * @param expected What is waited for, as for {@linkcode within}.
   */
  raw(expected = "line"): Promise<string | undefined> {
    return this.#lines.next(expected);
  }

  /** The next `count` lines. */
  async lines(count: number): Promise<string[]> {
    const lines: string[] = [];
    while (lines.length < count) lines.push(stripped(await this.raw(`line ${lines.length + 1} of ${count}`)));
    return lines;
  }

  /** Skips to the line that equals or matches `wanted`, and returns it. */
  async until(wanted: string | RegExp): Promise<string> {
    while (true) {
      const raw = await this.raw(named(wanted));
      if (raw === undefined) {
        throw new Error(`No ${named(wanted)} before the end of the stream; received:\n${shown(this.received)}`);
      }
      const line = stripped(raw);
      if (typeof wanted === "string" ? line === wanted : wanted.test(line)) return line;
    }
  }

  /** All lines until the end. */
  async rest(): Promise<string[]> {
    const lines: string[] = [];
    for (let raw = await this.raw("end of the stream"); raw !== undefined; raw = await this.raw("end of the stream")) {
      lines.push(stripped(raw));
    }
    return lines;
  }
}

/** A client on a TCP socket. */
export class Client extends Talker implements Disposable {
  readonly #socket: Deno.Conn;

  constructor(socket: Deno.Conn) {
    super(socket.readable, socket.writable);
    this.#socket = socket;
  }

  /** Connects, and reads the greeting: the client is in the lobby by then. */
  static async join(port: number): Promise<Client> {
    const client = new Client(await Deno.connect({ port }));
    await client.until(/^-- Welcome/);
    await client.until(/^-- More comfortable/); // the last line of the greeting in an empty room
    return client;
  }

  /** Closes the sending side of the socket; answers can still be read. */
  override async end(): Promise<void> {
    await this.#socket.closeWrite();
  }

  [Symbol.dispose](): void {
    try {
      this.#socket.close();
    } catch {
      // Already closed.
    }
  }
}

/** A socket with `resetAndDestroy()`, for tests of reset connections. It reads nothing. */
export async function resettable(port: number): Promise<Socket> {
  const socket = connect(port, "127.0.0.1");
  await once(socket, "connect");
  socket.on("error", () => {}); // errors are expected
  return socket;
}

/** A running tincan process. */
export class Program implements AsyncDisposable {
  readonly #child: Deno.ChildProcess;
  readonly log: LineQueue;
  readonly stdout: LineQueue;
  /** The port of the text or echo listener; 0 when neither is open. */
  port = 0;
  /** The port of the IRC listener; 0 when it is not open. */
  ircPort = 0;
  /** The port of the web listener; 0 when it is not open. */
  webPort = 0;

  /** @param input The content of stdin; without it, stdin is closed. */
  constructor(form: Form, args: string[], env: Record<string, string> = {}, input?: string) {
    const [command, ...before] = form.command;
    this.#child = new Deno.Command(command!, {
      args: [...before, ...args],
      cwd: ROOT,
      env,
      stdin: input === undefined ? "null" : "piped",
      stdout: "piped",
      stderr: "piped",
    }).spawn();
    if (input !== undefined) void write(this.#child.stdin, input);
    this.stdout = new LineQueue(this.#child.stdout);
    this.log = new LineQueue(this.#child.stderr);
  }

  get pid(): number {
    return this.#child.pid;
  }

  kill(signal: Deno.Signal): void {
    this.#child.kill(signal);
  }

  /** Waits for the process to end and returns its exit code. */
  async code(): Promise<number> {
    const status = await within(this.#child.status, () => "exit of the process", () => this.log.all);
    return status.code;
  }

  /** Skips to the log line that matches, and returns it. */
  async logged(wanted: RegExp): Promise<string> {
    while (true) {
      const line = await this.log.next(`${named(wanted)} in the log`);
      if (line === undefined) throw new Error(`No ${named(wanted)} before the end of the log:\n${this.log.all}`);
      if (wanted.test(line)) return line.trimEnd();
    }
  }

  /**
   * Waits until the server has warmed up and dropped its permissions, so that measurements of memory and open files do
   * not include the start. Needs `--log-level debug`, which logs this.
   */
  async warm(): Promise<void> {
    await this.logged(/ debug warm$/m);
  }

  /** Resident memory, in bytes (Linux). */
  memory(): number {
    const status = Deno.readTextFileSync(`/proc/${this.pid}/status`);
    return Number(/VmRSS:\s+(\d+)/.exec(status)![1]) * 1024;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    try {
      this.#child.kill("SIGKILL");
    } catch {
      // Already ended.
    }
    await this.#child.status;
  }
}

/**
 * Starts a server with each listener on a free port, and waits until they are open.
 *
 * @param args More arguments; port flags among them override the free ports.
 */
export async function start(form: Form, args: string[] = [], env: Record<string, string> = {}): Promise<Program> {
  const listeners = form.command.includes("echo") || args.includes("echo") ? LISTENERS.slice(0, 1) : LISTENERS;
  const program = new Program(form, [...LISTENERS.flatMap(({ flag }) => [flag, "0"]), ...args], env);
  for (const { flag, key, line: pattern } of listeners) {
    const given = args.lastIndexOf(flag);
    if (given >= 0 && args[given + 1] === "off") continue;
    const line = (await program.stdout.next(`line on stdout for ${flag}`))?.trimEnd();
    const port = pattern.exec(line ?? "")?.[1];
    if (port === undefined) throw new Error(`No line on stdout for ${flag}, but ${line}; the log:\n${program.log.all}`);
    program[key] = Number(port);
  }
  return program;
}

/** The listeners, as the server prints them on stdout. */
const LISTENERS = [
  { flag: "--port", key: "port", line: /^(?:text|echo) {2}(?:nc \S+ |openssl s_client -quiet -connect \S+:)(\d+)$/ },
  { flag: "--irc-port", key: "ircPort", line: /^irc {3}ircs?:\/\/\S+:(\d+)$/ },
  { flag: "--web-port", key: "webPort", line: /^web {3}https?:\/\/\S+:(\d+)$/ },
] as const;

/**
 * Runs a command to its end.
 *
 * @param input The content of stdin.
 */
export async function run(form: Form, args: string[], env: Record<string, string> = {}, input?: string) {
  await using program = new Program(form, args, env, input);
  const code = await program.code();
  while (await program.stdout.next("end of stdout") !== undefined);
  while (await program.log.next("end of stderr") !== undefined);
  return { code, stdout: program.stdout.all, stderr: program.log.all };
}

/** Writes a text and closes the stream. Ignores a reader that has ended. */
async function write(stream: WritableStream<Uint8Array<ArrayBuffer>>, text: string): Promise<void> {
  try {
    await new Blob([text]).stream().pipeTo(stream);
  } catch {
    // The process ended first.
  }
}

/** Names those of the programs that are not installed; `undefined` if all are. */
export function notInstalled(...programs: string[]): string | undefined {
  const folders = (Deno.env.get("PATH") ?? "").split(":");
  const missing = programs.filter((program) => !folders.some((folder) => isFile(`${folder}/${program}`)));
  return missing.length > 0 ? `not installed: ${missing.join(", ")}` : undefined;
}

function isFile(path: string): boolean {
  try {
    return Deno.statSync(path).isFile;
  } catch {
    return false;
  }
}

/** A line that is waited for, as the object of an error message: `'-- Pong.'` or `line that matches /PONG/`. */
export function named(wanted: string | RegExp): string {
  return typeof wanted === "string" ? `'${wanted}'` : `line that matches ${wanted}`;
}

/** The last lines of received text, shortened for an error message. */
function shown(received: string): string {
  return received.split("\n").slice(-10).map((line) => line.slice(0, 100)).join("\n");
}

function stripped(raw: string | undefined): string {
  if (raw === undefined) throw new Error("No line before the end of the stream");
  return raw.replace(/\r?\n$/, "");
}

/** The arguments that a task of deno.json passes to `deno`. */
export function taskArguments(task: "start" | "dev" | "compile"): string[] {
  return project.tasks[task].command.replaceAll("'", "").split(" ").slice(1);
}
