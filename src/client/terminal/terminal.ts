/**
 * The real terminal: raw input, the alternate screen, its size and signals, and its restoration at the end.
 *
 * Input is in cbreak mode, so that Ctrl-C, Ctrl-Z and Ctrl-\ are signals. SIGTSTP keeps its default action, as a process
 * needs a permission to stop itself; SIGCONT sets everything up again.
 */
import { capabilitiesOf, readEnvironment } from "./capabilities.ts";
import { type Input, KeyDecoder } from "./keys.ts";
import type { Capabilities } from "./style.ts";

/**
 * The time after which an ESC that nothing follows is the Escape key, in milliseconds. Over ssh, the bytes of a key arrive
 * together.
 */
export const ESCAPE_DELAY = 50;

/** Changes of the size within this time are reported once, in milliseconds. */
export const RESIZE_DELAY = 20;

/** How often the size is read on Windows, which has no signal for it, in milliseconds. */
const SIZE_POLL = 500;

/** The limit of output that waits while a frame is written, in UTF-16 code units. Above it, all is drawn again later. */
export const WAITING_MAX = 1024 * 1024;

/** How long the end waits for the frame that is being written, in milliseconds. */
const END_TIME = 300;

/** The size of a terminal that does not say it. */
const UNKNOWN_SIZE = { columns: 80, rows: 24 };

/** Alternate screen, bracketed paste, focus events; no wrapping at the right edge. */
const ENTER = "\x1b[?1049h\x1b[?2004h\x1b[?1004h\x1b[?7l\x1b[H\x1b[2J";

/** Saves the title of the window, as the terminfo entry of xterm does it. Other terminals ignore it. */
const SAVE_TITLE = "\x1b[22;0;0t";

/**
 * Ends a sequence or frame that was cut off, and undoes ENTER and SAVE_TITLE. The screen is cleared where there is no
 * alternate one.
 */
const LEAVE =
  "\x18\x1b]8;;\x1b\\\x1b[?2026l\x1b[m\x1b[?7h\x1b[?1004l\x1b[?2004l\x1b[H\x1b[2J\x1b[?1049l\x1b[23;0;0t\x1b[?25h";

/** What a terminal reports. */
export interface TerminalEvents {
  input(input: Input): void;
  resize(columns: number, rows: number): void;
  /** SIGINT, Ctrl-C. */
  interrupted(): void;
  /** SIGCONT, or output was lost: the terminal shows something else, and may have another size. Draw everything again. */
  resumed(): void;
  /** stdin or stdout is gone. */
  closed(): void;
  /** SIGTERM, SIGHUP. */
  terminated(): void;
}

const encoder = new TextEncoder();

/** The terminal of this process. There is one at a time. */
export class Terminal {
  readonly capabilities: Capabilities;
  /** Called after a frame is written. */
  onDrain: () => void = () => {};

  readonly #events: TerminalEvents;
  readonly #decoder = new KeyDecoder();
  #size: { columns: number; rows: number };
  #waiting = "";
  /** True if what waited was too long, and is lost. */
  #isOutputLost = false;
  #isWriting = false;
  #written: Promise<void> = Promise.resolve(); // what is being written
  #isEnding = false;
  #isClosed = false;
  #escapeTimer: ReturnType<typeof setTimeout> | undefined;
  #resizeTimer: ReturnType<typeof setTimeout> | undefined;
  #sizePoll: ReturnType<typeof setInterval> | undefined;
  readonly #listeners: (readonly [Deno.Signal, () => void])[] = [];
  readonly #restore = () => this.close();

  private constructor(events: TerminalEvents) {
    this.#events = events;
    this.capabilities = capabilitiesOf(readEnvironment(), Deno.noColor, Deno.build.os);
    this.#size = readSize();
  }

  /** True if stdin and stdout are a terminal that has a cursor. */
  static isAvailable(): boolean {
    return Deno.stdin.isTerminal() && Deno.stdout.isTerminal() && readEnvironment().TERM !== "dumb";
  }

  /**
   * Raw mode (cbreak: Ctrl-Z stops the process), alternate screen, bracketed paste, focus events. A read of stdin is
   * pending until the process ends, also after `close()`: it has to end by `Deno.exit`.
   */
  static open(events: TerminalEvents): Terminal {
    const terminal = new Terminal(events);
    terminal.#enter(SAVE_TITLE);
    terminal.#listen();
    terminal.#read();
    return terminal;
  }

  /** The number of columns. */
  get columns(): number {
    return this.#size.columns;
  }

  /** The number of rows. */
  get rows(): number {
    return this.#size.rows;
  }

  /** False while a frame is being written. Then render no further frame before `onDrain` is called. */
  get isReady(): boolean {
    return !this.#isWriting;
  }

  /** Writes a frame. While one is being written, others wait and are written together afterwards. */
  write(text: string): void {
    if (this.#isClosed || this.#isEnding || text === "") return;
    if (!this.#isWriting) {
      this.#written = this.#writeAll(text);
    } else if (this.#waiting.length + text.length > WAITING_MAX || this.#isOutputLost) {
      this.#waiting = "";
      this.#isOutputLost = true;
    } else {
      this.#waiting += text;
    }
  }

  /**
   * Waits until the frame that is being written has arrived, but at most `END_TIME`, and then closes the terminal. The
   * rest of the frame would else be shown on the main screen.
   */
  async end(): Promise<void> {
    this.#isEnding = true;
    this.#waiting = "";
    let timer: ReturnType<typeof setTimeout> | undefined;
    const timeout = new Promise<void>((resolve) => timer = setTimeout(resolve, END_TIME));
    await Promise.race([this.#written, timeout]);
    clearTimeout(timer);
    this.close();
  }

  /** Restores the terminal completely, also after an error. Idempotent. */
  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    clearTimeout(this.#escapeTimer);
    clearTimeout(this.#resizeTimer);
    clearInterval(this.#sizePoll);
    for (const [signal, listener] of this.#listeners) Deno.removeSignalListener(signal, listener);
    for (const event of ["unload", "error", "unhandledrejection"]) removeEventListener(event, this.#restore);
    try {
      writeSync(LEAVE); // waits for a write that is under way
    } catch {
      // There is no terminal any more.
    }
    try {
      Deno.stdin.setRaw(false);
    } catch {
      // The same.
    }
  }

  /** Sets the modes of the terminal. @param before Written first. */
  #enter(before = ""): void {
    try {
      Deno.stdin.setRaw(true, { cbreak: true });
    } catch (error) {
      if (Deno.build.os !== "windows") throw error;
      Deno.stdin.setRaw(true); // Ctrl-C comes as a key then
    }
    writeSync(before + ENTER);
  }

  /** Listens to signals and to what ends the process. */
  #listen(): void {
    const on = (signal: Deno.Signal, listener: () => void) => {
      try {
        Deno.addSignalListener(signal, listener);
        this.#listeners.push([signal, listener]);
      } catch {
        // Windows has few signals.
      }
    };
    on("SIGINT", () => this.#interrupt());
    on("SIGWINCH", () => this.#resizeSoon());
    on("SIGCONT", () => this.#resume());
    for (const signal of ["SIGTERM", "SIGHUP", "SIGQUIT", "SIGBREAK"] as const) {
      on(signal, () => this.#events.terminated());
    }
    if (Deno.build.os === "windows") {
      this.#sizePoll = setInterval(() => {
        const { columns, rows } = readSize();
        if (columns !== this.columns || rows !== this.rows) this.#resizeSoon();
      }, SIZE_POLL);
    }
    // An error that nothing catches, or an exit elsewhere, must not leave the terminal in raw mode.
    for (const event of ["unload", "error", "unhandledrejection"]) addEventListener(event, this.#restore);
  }

  #interrupt(): void {
    this.#decoder.reset(); // a paste whose end was lost must not take all keys
    this.#events.interrupted();
  }

  /** After SIGCONT: the shell may have changed all modes. */
  #resume(): void {
    if (this.#isClosed) return;
    try {
      this.#enter(); // in the background, this stops the process again
    } catch {
      return this.#end();
    }
    this.#size = readSize();
    this.#events.resumed();
  }

  /** Reads the size in a moment. */
  #resizeSoon(): void {
    this.#resizeTimer ??= setTimeout(() => {
      this.#resizeTimer = undefined;
      this.#size = readSize();
      this.#events.resize(this.columns, this.rows);
    }, RESIZE_DELAY);
  }

  /** Reads keys until the end of stdin. */
  async #read(): Promise<void> {
    const buffer = new Uint8Array(16 * 1024);
    for (;;) {
      let length: number | null;
      try {
        length = await Deno.stdin.read(buffer);
      } catch {
        length = null;
      }
      if (this.#isClosed) return;
      if (length === null) return this.#end();
      clearTimeout(this.#escapeTimer);
      this.#report(this.#decoder.write(buffer.subarray(0, length)));
      if (this.#decoder.isWaiting) {
        this.#escapeTimer = setTimeout(() => this.#report(this.#decoder.flush()), ESCAPE_DELAY);
      }
    }
  }

  #report(inputs: readonly Input[]): void {
    for (const input of inputs) {
      if (this.#isClosed) return;
      if ("key" in input && input.key.ctrl && !input.key.alt && input.key.name === "c") this.#interrupt();
      else this.#events.input(input);
    }
  }

  /** stdin or stdout is gone. */
  #end(): void {
    if (this.#isClosed) return;
    this.close();
    this.#events.closed();
  }

  /** Writes a text, and what waits afterwards. */
  async #writeAll(text: string): Promise<void> {
    this.#isWriting = true;
    try {
      while (text !== "") {
        let bytes = encoder.encode(text);
        while (bytes.length > 0) {
          bytes = bytes.subarray(await Deno.stdout.write(bytes));
          if (this.#isClosed) return;
        }
        text = this.#waiting;
        this.#waiting = "";
      }
    } catch {
      return this.#end();
    } finally {
      this.#isWriting = false;
    }
    if (this.#isOutputLost) {
      this.#isOutputLost = false;
      this.#events.resumed();
    }
    this.onDrain();
  }
}

/** Writes at once. */
function writeSync(text: string): void {
  let bytes = encoder.encode(text);
  while (bytes.length > 0) bytes = bytes.subarray(Deno.stdout.writeSync(bytes));
}

/** The terminal's size; a terminal that does not know it says 0. */
function readSize(): { columns: number; rows: number } {
  try {
    const { columns, rows } = Deno.consoleSize();
    return { columns: columns || UNKNOWN_SIZE.columns, rows: rows || UNKNOWN_SIZE.rows };
  } catch {
    return UNKNOWN_SIZE;
  }
}
