/**
 * Starts tincan from outside and talks to it over real sockets. `forms.ts` has the two forms that end-to-end tests run.
 *
 * Nothing here sleeps. Whatever is waited for has a deadline, and missing it says what came instead.
 */
import { once } from "node:events";
import { connect, type Socket } from "node:net";
import project from "../../deno.json" with { type: "json" };

/** How long anything may take before it counts as not happening, in milliseconds. */
const DEADLINE = 60_000;

export const ROOT = `${import.meta.dirname}/../../`;

/** One way to run tincan: the command line up to its own arguments. */
export interface Form {
  readonly name: string;
  readonly command: readonly string[];
  /** Why it cannot be run here, if so. */
  readonly missing?: string;
}

/** As `deno task start` runs it: the same flags. */
export const source: Form = {
  name: "deno run",
  command: [Deno.execPath(), ...taskArguments("start")],
};

/** Rejects when a promise takes too long, with what `otherwise` says. */
export async function within<T>(promise: Promise<T>, otherwise: () => string): Promise<T> {
  let timer;
  const late = new Promise<never>((_, reject) => timer = setTimeout(() => reject(new Error(otherwise())), DEADLINE));
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}

/** Bytes as lines that can be waited for. */
class LineQueue {
  /** All that came, for messages. */
  all = "";
  readonly #lines: string[] = [];
  #read = 0; // how many of them were asked for
  #rest = ""; // of the line that has not ended yet
  #ended = false;
  #news = Promise.withResolvers<void>();

  constructor(stream: AsyncIterable<Uint8Array>) {
    void this.#pump(stream);
  }

  /** The next line, with its end; `undefined` when there are no more. What lacks an end at the end is a line. */
  async next(waitingFor: string): Promise<string | undefined> {
    while (this.#lines.length === this.#read && !this.#ended) {
      await within(this.#news.promise, () => `Waited in vain for ${waitingFor}; what came:\n${shown(this.all)}`);
    }
    return this.#lines[this.#read++];
  }

  /** Forgets what was asked for already, for those who go on for hours. */
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
      // A reset ends it as an end does.
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

/** Something that says lines and is sent lines: a socket, or a program. */
export class Talker {
  readonly #lines: LineQueue;
  readonly #writer: WritableStreamDefaultWriter<Uint8Array<ArrayBuffer>>;

  constructor(readable: AsyncIterable<Uint8Array>, writable: WritableStream<Uint8Array<ArrayBuffer>>) {
    this.#lines = new LineQueue(readable);
    this.#writer = writable.getWriter();
  }

  /** All that came until now. */
  get received(): string {
    return this.#lines.all;
  }

  /** Forgets what came, but for the lines that nobody has asked for yet. */
  forget(): void {
    this.#lines.forget();
  }

  /** Sends lines, each with `\n`. */
  async send(...lines: string[]): Promise<void> {
    for (const line of lines) await this.write(`${line}\n`);
  }

  /** Sends bytes as they are. */
  async write(bytes: string | Uint8Array<ArrayBuffer>): Promise<void> {
    await this.#writer.write(typeof bytes === "string" ? new TextEncoder().encode(bytes) : bytes);
  }

  /** Says that nothing more will come. */
  async end(): Promise<void> {
    await this.#writer.close();
  }

  /** The next line with its end, `undefined` after the last. */
  raw(waitingFor = "a line"): Promise<string | undefined> {
    return this.#lines.next(waitingFor);
  }

  /** The next lines, whatever they are. */
  async lines(count: number): Promise<string[]> {
    const lines: string[] = [];
    while (lines.length < count) lines.push(stripped(await this.raw(`line ${lines.length + 1} of ${count}`)));
    return lines;
  }

  /** Skips to the line that is, or matches, what is given, and returns it. */
  async until(wanted: string | RegExp): Promise<string> {
    while (true) {
      const raw = await this.raw(`${wanted}`);
      if (raw === undefined) throw new Error(`The end came before ${wanted}:\n${shown(this.received)}`);
      const line = stripped(raw);
      if (typeof wanted === "string" ? line === wanted : wanted.test(line)) return line;
    }
  }

  /** All lines until the end. */
  async rest(): Promise<string[]> {
    const lines: string[] = [];
    for (let raw = await this.raw("the end"); raw !== undefined; raw = await this.raw("the end")) {
      lines.push(stripped(raw));
    }
    return lines;
  }
}

/** A client on a socket of its own. */
export class Client extends Talker implements Disposable {
  readonly #socket: Deno.TcpConn;

  constructor(socket: Deno.TcpConn) {
    super(socket.readable, socket.writable);
    this.#socket = socket;
  }

  /** Connects, and reads the greeting. Whoever is greeted is in the room. */
  static async join(port: number): Promise<Client> {
    const client = new Client(await Deno.connect({ port }));
    await client.until(/^-- Welcome/);
    return client;
  }

  /** Hangs up one way: nothing more will come, and answers are still read. */
  override async end(): Promise<void> {
    await this.#socket.closeWrite();
  }

  [Symbol.dispose](): void {
    try {
      this.#socket.close();
    } catch {
      // Closed already.
    }
  }
}

/** A socket with a `resetAndDestroy()`, for a client whose machine gives it up. It reads nothing. */
export async function resettable(port: number): Promise<Socket> {
  const socket = connect(port, "127.0.0.1");
  await once(socket, "connect");
  socket.on("error", () => {}); // whatever it is, it is meant to happen
  return socket;
}

/** A tincan that was started from outside. */
export class Program implements AsyncDisposable {
  readonly #child: Deno.ChildProcess;
  readonly log: LineQueue;
  readonly stdout: LineQueue;
  /** The port in the line of the text or the echo door; 0 when neither is open. */
  port = 0;
  /** The port in the line of the IRC door; 0 when it is not open. */
  ircPort = 0;
  /** The port in the line of the web door; 0 when it is not open. */
  webPort = 0;

  /** @param input What it finds on stdin; nothing there is an end. */
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

  /** Its exit code, once it has ended. */
  async code(): Promise<number> {
    const status = await within(this.#child.status, () => `It does not end; its log:\n${this.log.all}`);
    return status.code;
  }

  /** Skips to the line of the log that matches. */
  async logged(wanted: RegExp): Promise<string> {
    while (true) {
      const line = await this.log.next(`${wanted} in the log`);
      if (line === undefined) throw new Error(`The log ended before ${wanted}:\n${this.log.all}`);
      if (wanted.test(line)) return line.trimEnd();
    }
  }

  /**
   * Waits until it is warm and has given up its permissions: before that, how much memory it takes and how many files it
   * has open is not what people make it take. It says so in the log, with `--log-level debug`.
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
      // It has ended.
    }
    await this.#child.status;
  }
}

/**
 * Starts a server, each of its doors on a free port, and waits until they are open.
 *
 * @param args More of its arguments; those for its doors win over the free ports.
 */
export async function start(form: Form, args: string[] = [], env: Record<string, string> = {}): Promise<Program> {
  const doors = form.command.includes("echo") || args.includes("echo") ? DOORS.slice(0, 1) : DOORS;
  const program = new Program(form, [...DOORS.flatMap(({ flag }) => [flag, "0"]), ...args], env);
  for (const { flag, key, line: pattern } of doors) {
    const given = args.lastIndexOf(flag);
    if (given >= 0 && args[given + 1] === "off") continue;
    const line = (await program.stdout.next("the door line"))?.trimEnd();
    const port = pattern.exec(line ?? "")?.[1];
    if (port === undefined) throw new Error(`No line for the door of ${flag}, but ${line}\n${program.log.all}`);
    program[key] = Number(port);
  }
  return program;
}

/** The doors, as they are told on stdout. */
const DOORS = [
  { flag: "--port", key: "port", line: /^(?:text|echo) {2}(?:nc \S+ |openssl s_client -quiet -connect \S+:)(\d+)$/ },
  { flag: "--irc-port", key: "ircPort", line: /^irc {3}ircs?:\/\/\S+:(\d+)$/ },
  { flag: "--web-port", key: "webPort", line: /^web {3}https?:\/\/\S+:(\d+)$/ },
] as const;

/**
 * Runs a command line that ends by itself.
 *
 * @param input What it finds on stdin.
 */
export async function run(form: Form, args: string[], env: Record<string, string> = {}, input?: string) {
  await using program = new Program(form, args, env, input);
  const code = await program.code();
  while (await program.stdout.next("the end of stdout") !== undefined);
  while (await program.log.next("the end of stderr") !== undefined);
  return { code, stdout: program.stdout.all, stderr: program.log.all };
}

/** Writes a text, and ends it. It does not matter if nobody reads. */
async function write(stream: WritableStream<Uint8Array<ArrayBuffer>>, text: string): Promise<void> {
  try {
    await new Blob([text]).stream().pipeTo(stream);
  } catch {
    // It has ended before.
  }
}

/** Says which of these programs are not installed, if any. */
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

/** The end of what came, no longer than it helps. */
function shown(received: string): string {
  return received.split("\n").slice(-10).map((line) => line.slice(0, 100)).join("\n");
}

function stripped(raw: string | undefined): string {
  if (raw === undefined) throw new Error("The end came before the line");
  return raw.replace(/\r?\n$/, "");
}

/** What a task of deno.json gives to `deno`. */
export function taskArguments(task: "start" | "dev" | "compile"): string[] {
  return project.tasks[task].command.replaceAll("'", "").split(" ").slice(1);
}
