/** Runs `pty_program.ts` on a pseudo-terminal of script(1), and shows its output on an emulator. */
import { TextLineStream } from "@std/streams/text-line-stream";
import { VARIABLES } from "../../../src/client/terminal/capabilities.ts";
import { Emulator } from "./emulator.ts";

/** The time limit of each wait, in milliseconds. */
const DEADLINE = 60_000;

/** What the program reports. */
export interface Report {
  readonly type: string;
  readonly [name: string]: unknown;
}

/** A promise that rejects at the deadline. */
export async function within<T>(promise: Promise<T>, what: () => string): Promise<T> {
  let timer;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`No ${what()} in time`)), DEADLINE);
  });
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}

/** The command that runs the program, for a shell. */
export function programCommand(port: number): string {
  const program = new URL("pty_program.ts", import.meta.url).pathname;
  const root = new URL("../../..", import.meta.url).pathname;
  return `'${Deno.execPath()}' run --quiet --no-prompt --no-check --config='${root}/deno.json' --lock='${root}/tests/deno.lock' ` +
    `--allow-net=127.0.0.1 --allow-env=${VARIABLES} '${program}' ${port}`;
}

/** Receives what programs report. */
export class Reports implements Disposable {
  readonly all: Report[] = [];
  readonly #listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  readonly #connected = Promise.withResolvers<Deno.Conn>();
  #changed = Promise.withResolvers<void>();
  #hasEnded = false;

  constructor() {
    this.#read();
  }

  get port(): number {
    return this.#listener.addr.port;
  }

  /** Waits for the report that fulfils a condition, among those since an index. */
  async until(condition: (report: Report) => boolean, from = 0): Promise<Report> {
    for (;;) {
      const found = this.all.slice(from).find(condition);
      if (found !== undefined) return found;
      if (this.#hasEnded) throw new Error(`The program ended after ${JSON.stringify(this.all)}`);
      await within(this.#changed.promise, () => `report after ${JSON.stringify(this.all)}`);
    }
  }

  /** Waits for a report of a type. */
  type(type: string, from = 0): Promise<Report> {
    return this.until((report) => report.type === type, from);
  }

  /** Waits until the program has ended. */
  async ended(): Promise<void> {
    while (!this.#hasEnded) await within(this.#changed.promise, () => "end of the program");
  }

  async tell(command: string): Promise<void> {
    await (await this.#connected.promise).write(new TextEncoder().encode(`${command}\n`));
  }

  [Symbol.dispose](): void {
    this.#listener.close();
    this.#connected.promise.then((connection) => {
      try {
        connection.close();
      } catch {
        // It was closed by the program's end.
      }
    });
  }

  async #read(): Promise<void> {
    const connection = await this.#listener.accept().catch(() => undefined);
    if (connection === undefined) return;
    this.#connected.resolve(connection);
    try {
      const lines = connection.readable.pipeThrough(new TextDecoderStream()).pipeThrough(new TextLineStream());
      for await (const line of lines) {
        this.all.push(JSON.parse(line));
        this.#changed.resolve();
        this.#changed = Promise.withResolvers();
      }
    } catch {
      // The program was ended.
    }
    this.#hasEnded = true;
    this.#changed.resolve();
  }
}

/** A program on a pseudo-terminal. */
export class Pty implements AsyncDisposable {
  readonly reports = new Reports();
  readonly emulator: Emulator;
  readonly #home: string;
  readonly #child: Deno.ChildProcess;
  readonly #input: WritableStreamDefaultWriter<Uint8Array<ArrayBuffer>>;
  readonly #reading: Promise<void>;
  #output = "";
  #changed = Promise.withResolvers<void>();

  private constructor(home: string, columns: number, rows: number, options: Options) {
    this.#home = home;
    this.emulator = new Emulator(columns || 80, rows || 24);
    // TERM and others are what the test says, and not what this terminal has.
    const env = { PATH: Deno.env.get("PATH")!, HOME: Deno.env.get("HOME")!, TERM: "xterm-256color", LANG: "C.UTF-8" };
    const deno = Object.fromEntries(Object.entries(Deno.env.toObject()).filter(([name]) => name.startsWith("DENO_")));
    const command = programCommand(this.reports.port);
    this.#child = new Deno.Command("script", {
      args: [
        "-qfec",
        `tty > device; stty cols ${columns} rows ${rows}; stty -g > before; ${
          options.wrap?.(command) ?? command
        }; echo $? > code; ` +
        "stty -g > after",
        "/dev/null",
      ],
      cwd: home,
      clearEnv: true,
      env: { ...deno, ...env, ...options.env, SHELL: "/bin/sh" },
      stdin: "piped",
      stdout: "piped",
      stderr: "inherit",
    }).spawn();
    this.#input = this.#child.stdin.getWriter();
    this.#reading = this.#read();
  }

  /** Runs the program, and waits until it has opened the terminal. */
  static async open(columns = 40, rows = 10, options: Options = {}): Promise<Pty> {
    const pty = new Pty(await Deno.makeTempDir(), columns, rows, options);
    await pty.reports.type("open");
    return pty;
  }

  /** Sends what a user types. */
  async type(text: string): Promise<void> {
    await this.#input.write(new TextEncoder().encode(text));
  }

  /** All that the program wrote. */
  get output(): string {
    return this.#output;
  }

  /** Waits until the emulator shows something. */
  async shows(condition: (emulator: Emulator) => boolean): Promise<void> {
    while (!condition(this.emulator)) {
      await within(this.#changed.promise, () => `change of\n${this.emulator.text}`);
    }
  }

  /** The file of the pseudo-terminal. */
  async device(): Promise<string> {
    return (await Deno.readTextFile(`${this.#home}/device`)).trim();
  }

  /** Sets the size of the terminal. The emulator keeps its own. */
  async resize(columns: number, rows: number): Promise<void> {
    const { success } = await new Deno.Command("stty", {
      args: ["-F", await this.device(), "cols", String(columns), "rows", String(rows)],
    }).output();
    if (!success) throw new Error("stty failed");
  }

  /** Ends script(1), as when a window is closed. */
  hangUp(): void {
    this.#child.kill("SIGKILL");
  }

  /** Waits for the end. Returns the program's exit code, and whether the modes of the terminal are as before. */
  async ended(): Promise<{ code: number; isRestored: boolean }> {
    await within(this.#reading, () => `end of the program, that shows\n${this.emulator.text}`);
    const [code, before, after] = await Promise.all(
      ["code", "before", "after"].map((name) => Deno.readTextFile(`${this.#home}/${name}`)),
    );
    return { code: Number(code), isRestored: before === after };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.reports[Symbol.dispose]();
    try {
      this.#child.kill("SIGKILL");
    } catch {
      // It has ended.
    }
    await this.#input.close().catch(() => {});
    await this.#child.status;
    await this.#reading;
    this.emulator.close();
    await Deno.remove(this.#home, { recursive: true });
  }

  async #read(): Promise<void> {
    for await (const text of this.#child.stdout.pipeThrough(new TextDecoderStream())) {
      this.#output += text;
      await this.emulator.write(text);
      this.#changed.resolve();
      this.#changed = Promise.withResolvers();
    }
  }
}

export interface Options {
  /** Changes the command that runs the program. */
  readonly wrap?: (command: string) => string;
  readonly env?: Readonly<Record<string, string>>;
}
