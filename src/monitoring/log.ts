/**
 * The log: a line for each event, as text or JSON. Messages of the chat are not logged at any level.
 *
 * Logging never blocks. While the sink is slow, such as a stopped terminal, lines wait in a bounded queue; lines beyond the
 * bound are dropped and counted, and the count is logged once there is room. Errors of the sink are ignored.
 *
 * The log cannot fill a disk: each message has a limit of lines a minute, and the next line with the same message says how
 * many were suppressed.
 */
import { TokenBucket } from "../util/token_bucket.ts";

/** The levels, from the least to the most important. */
export const LOG_LEVELS = ["debug", "info", "warn", "error"] as const;
export type Level = typeof LOG_LEVELS[number];

/** `text` for people, `json` (an object on each line) for programs. */
export const LOG_FORMATS = ["text", "json"] as const;
export type LogFormat = typeof LOG_FORMATS[number];

/** The fields of an event; `undefined` ones are left out. */
export type Fields = Record<string, string | number | undefined>;

/** How many lines a minute may have the same message, by default. All of them may come at once. */
export const MESSAGE_RATE = 300;

/** The most lines that wait for the sink. */
const QUEUE_MAX = 10_000;

/** The most characters of one write. */
const WRITE_MAX = 64 * 1024;

/** Where log lines are written: `Deno.stderr` is one. */
export interface LogSink {
  /** Resolves to the number of bytes that were written, as `Deno.stderr.write` does. */
  write(bytes: Uint8Array): Promise<number>;
}

/** A log with a level, a format and a sink. */
export class Log {
  readonly #level: number;
  readonly #format: (time: Date, level: Level, message: string, fields: Fields) => string;
  readonly #sink: LogSink;
  readonly #rate: number;
  #queue: string[] = [];
  #dropped = 0;
  readonly #kinds = new Map<string, { readonly bucket: TokenBucket; suppressed: number }>(); // by message; the program has a fixed set of them
  #writing: Promise<void> | undefined;

  /**
   * @param level Less important events are not logged.
   * @param rate How many lines a minute may have the same message; Infinity for no limit.
   */
  constructor(level: Level, format: LogFormat, sink: LogSink, rate: number = MESSAGE_RATE) {
    this.#rate = rate;
    this.#level = LOG_LEVELS.indexOf(level);
    this.#format = format === "json" ? asJson : asText;
    this.#sink = sink;
  }

  debug(message: string, fields: Fields = {}): void {
    this.#log("debug", message, fields);
  }
  info(message: string, fields: Fields = {}): void {
    this.#log("info", message, fields);
  }
  warn(message: string, fields: Fields = {}): void {
    this.#log("warn", message, fields);
  }
  error(message: string, fields: Fields = {}): void {
    this.#log("error", message, fields);
  }

  /** Resolves when all lines are written, or have failed. */
  async flushed(): Promise<void> {
    while (this.#writing !== undefined) await this.#writing;
  }

  #log(level: Level, message: string, fields: Fields) {
    if (LOG_LEVELS.indexOf(level) < this.#level) return;
    const suppressed = this.#suppressed(message);
    if (suppressed === undefined) return;
    if (suppressed > 0) fields = { ...fields, suppressed };
    if (this.#queue.length >= QUEUE_MAX) {
      this.#dropped++;
      return;
    }
    this.#logDropped();
    this.#queue.push(this.#format(new Date(), level, message, fields));
    this.#writing ??= this.#write();
  }

  /** Returns how many lines with a message were suppressed before this one; `undefined` if this one is, too. */
  #suppressed(message: string): number | undefined {
    if (this.#rate === Infinity) return 0;
    const now = performance.now();
    let kind = this.#kinds.get(message);
    if (kind === undefined) {
      kind = { bucket: new TokenBucket(this.#rate / 60, this.#rate, now), suppressed: 0 };
      this.#kinds.set(message, kind);
    }
    if (kind.bucket.wait(now) > 0) {
      kind.suppressed++;
      return undefined;
    }
    kind.bucket.take();
    const { suppressed } = kind;
    kind.suppressed = 0;
    return suppressed;
  }

  /** Logs the number of dropped lines at the place where they are missing. */
  #logDropped() {
    if (this.#dropped === 0) return;
    this.#queue.push(this.#format(new Date(), "warn", "log lines dropped", { count: this.#dropped }));
    this.#dropped = 0;
  }

  async #write() {
    await undefined; // so that all lines of this tick are written together
    while (this.#queue.length > 0) {
      let lines = "";
      let count = 0;
      while (count < this.#queue.length && lines.length < WRITE_MAX) lines += this.#queue[count++] + "\n";
      this.#queue.splice(0, count);
      if (this.#queue.length === 0) this.#logDropped();
      try {
        let bytes: Uint8Array = new TextEncoder().encode(lines);
        while (bytes.length > 0) bytes = bytes.subarray(await this.#sink.write(bytes));
      } catch {
        // The sink is closed: there is no place to report that.
      }
    }
    this.#writing = undefined;
  }
}

/** Returns an error as the log has it: the stack, which begins with the message. */
export function errorDetails(error: unknown): string {
  return error instanceof Error ? error.stack ?? error.message : String(error);
}

/** Formats a line in local time: `2026-11-22 14:05:09 info connected peer=127.0.0.1:50312 door=text`. */
function asText(time: Date, level: Level, message: string, fields: Fields): string {
  const two = (number: number) => String(number).padStart(2, "0");
  const day = `${time.getFullYear()}-${two(time.getMonth() + 1)}-${two(time.getDate())}`;
  const clock = `${two(time.getHours())}:${two(time.getMinutes())}:${two(time.getSeconds())}`;
  let line = `${day} ${clock} ${level} ${message}`;
  for (const [name, value] of Object.entries(fields)) {
    if (value !== undefined) line += ` ${name}=${quoted(String(value))}`;
  }
  return line;
}

/**
 * Formats a line in UTC:
 * `{"time":"2026-11-22T13:05:09.123Z","level":"info","message":"connected","peer":"127.0.0.1:50312","door":"text"}`.
 */
function asJson(time: Date, level: Level, message: string, fields: Fields): string {
  return escaped(JSON.stringify({ time: time.toISOString(), level, message, ...fields }));
}

/** Quotes a value unless it is one word, so that no value can look like another field or line. */
function quoted(value: string): string {
  return /^[\w.:@/#[\]+-]+$/.test(value) ? value : escaped(JSON.stringify(value));
}

/** Escapes what `JSON.stringify` does not: C1 controls, line separators, bidirectional and invisible characters. */
function escaped(json: string): string {
  const escape = (unit: string) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`;
  return json.replace(/[\x7f-\x9f\p{Zl}\p{Zp}\p{Cf}]/gu, (character) => character.split("").map(escape).join(""));
}
