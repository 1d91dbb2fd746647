/**
 * `tincan connect` in a shell in a terminal of tmux, with a home directory of its own.
 */
import { Terminal } from "./irc_clients.ts";
import { type Form, notInstalled, ROOT } from "./harness.ts";

/** Why these tests cannot run, or `undefined`. */
export const missing = notInstalled("tmux", "bash");

/** The prompt of the shell. */
const PROMPT = "ready>";

/** What a test starts a terminal with. */
export interface TerminalOptions {
  /** Columns and rows, such as `80x24`. */
  readonly size?: string;
  /** The directory of the client's files; a temporary one without it. */
  readonly config?: string;
  /** Whether the client shows colours; the tests read text alone. */
  readonly hasColors?: boolean;
}

/** A terminal with a shell, in which `tincan` runs a form. */
export class ClientTerminal extends Terminal {
  readonly #directory: string;

  private constructor(directory: string) {
    super(directory, `exec bash --noprofile --rcfile '${directory}/shell'`);
    this.#directory = directory;
  }

  /** Starts the shell. */
  static async open(form: Form, options: TerminalOptions = {}): Promise<ClientTerminal> {
    const { size = "80x24", hasColors = false } = options;
    const directory = await Deno.makeTempDir();
    const config = options.config ?? `${directory}/config`;
    const words = form.command.map((word) => `'${word}'`).join(" ");
    const colors = hasColors ? "unset NO_COLOR; export COLORTERM=truecolor" : "export NO_COLOR=1";
    const script = `#!/bin/sh\n${colors}\nexport XDG_CONFIG_HOME='${config}'\ncd '${ROOT}'\nexec ${words} "$@"\n`;
    await Deno.writeTextFile(`${directory}/tincan`, script, { mode: 0o755 });
    await Deno.writeTextFile(`${directory}/shell`, `PS1='${PROMPT} '\nunset HISTFILE\n`);
    const terminal = new ClientTerminal(directory);
    await terminal.resize(size);
    await terminal.shell();
    return terminal;
  }

  /** Starts the shell and the client in it, and waits for its first room. @param args More arguments, such as a room. */
  static async connect(
    form: Form,
    port: number,
    nick: string,
    options: TerminalOptions & { readonly args?: string } = {},
  ): Promise<ClientTerminal> {
    const terminal = await ClientTerminal.open(form, options);
    await terminal.run(`connect irc://127.0.0.1:${port} --nick ${nick} ${options.args ?? ""}`);
    await terminal.shows(`${nick} ›`, " here");
    return terminal;
  }

  /** Runs tincan in the shell. @param args Its arguments. */
  async run(args: string): Promise<void> {
    await this.type(`~/tincan ${args}`);
  }

  /** Presses keys by their names in tmux: `C-c`, `M-1`, `PPage`. */
  async press(...keys: string[]): Promise<void> {
    await this.ask(`send-keys ${keys.join(" ")}`);
  }

  /** Pastes a text, as terminals do it: between the marks of a bracketed paste if the program has asked for them. */
  async paste(text: string): Promise<void> {
    const path = `${this.#directory}/paste`;
    await Deno.writeTextFile(path, text);
    await this.ask(`load-buffer '${path}'`);
    await this.ask("paste-buffer -p");
  }

  /** Waits until the screen contains all texts, and returns it. */
  shows(...wanted: (string | RegExp)[]): Promise<string[]> {
    return this.#until((screen) => wanted.every((each) => contains(screen, each)), wanted.join(", "));
  }

  /** Waits until the screen contains none of the texts any more, and returns it. */
  hides(...unwanted: (string | RegExp)[]): Promise<string[]> {
    const expected = `no ${unwanted.join(", ")}`;
    return this.#until((screen) => !unwanted.some((each) => contains(screen, each)), expected);
  }

  /** Waits for the prompt of the shell at the end of the screen, and returns the screen. */
  shell(): Promise<string[]> {
    return this.#until((screen) => screen.findLast((row) => row !== "")?.trim() === PROMPT, "the prompt of the shell");
  }

  /** The row of the input, at the bottom. */
  async inputRow(): Promise<string> {
    return (await this.screen()).at(-1) ?? "";
  }

  /** What tmux knows of the terminal: whether the alternate screen is on, and the cursor is visible. */
  async modes(): Promise<{ alternate: boolean; cursor: boolean }> {
    const [answer = ""] = await this.ask("display-message -p '#{alternate_on} #{cursor_flag}'");
    const [alternate, cursor] = answer.split(" ");
    return { alternate: alternate === "1", cursor: cursor === "1" };
  }

  /** Where the cursor is. */
  async cursor(): Promise<[column: number, row: number]> {
    const [answer = ""] = await this.ask("display-message -p '#{cursor_x} #{cursor_y}'");
    const [column, row] = answer.split(" ").map(Number);
    return [column!, row!];
  }

  /** The screen with its colours, as escape sequences. */
  styledScreen(): Promise<string[]> {
    return this.ask("capture-pane -p -e");
  }

  /** Runs a command in the shell, and returns what it prints. */
  async output(command: string): Promise<string> {
    const path = `${this.#directory}/output`;
    await this.type(`${command} > '${path}'; echo written`);
    await this.#until((screen) => screen.includes("written"), "written");
    await this.type("clear");
    await this.#until((screen) => screen.filter((row) => row !== "").join() === PROMPT, "the prompt alone");
    return await Deno.readTextFile(path);
  }

  /** Ends the client, if it runs, and the shell: files that they leave behind would be in the way of the removal. */
  override async [Symbol.asyncDispose](): Promise<void> {
    try {
      await this.press("'C-\\'"); // SIGQUIT, which the shell ignores
      await this.shell();
      await this.type("exit");
      await this.ended();
    } catch {
      // The shell has ended, or a test has failed.
    }
    await super[Symbol.asyncDispose]();
  }

  #until(isWanted: (screen: string[]) => boolean, expected: string): Promise<string[]> {
    const wanted = (screen: string[]) => isWanted(screen);
    wanted.toString = () => expected; // for the error message
    return this.until(wanted);
  }
}

function contains(screen: readonly string[], wanted: string | RegExp): boolean {
  return typeof wanted === "string"
    ? screen.some((row) => row.includes(wanted))
    : screen.some((row) => wanted.test(row)) || wanted.test(screen.join("\n"));
}
