/**
 * The log: one line an event, to stderr, for people or for machines.
 *
 * Writing never holds anybody up. A reader that is slow, such as a terminal that was stopped, makes the log wait in a
 * bounded queue; beyond it lines are counted instead of kept, and the count is logged when there is room again. A reader
 * that is gone costs nothing more. What people say to each other is not logged at any level.
 *
 * Nor can anybody fill a disk: of each message there are so many a minute, and the next one says how many were left out.
 */
import { TokenBucket } from "../util/token_bucket.ts";

/** From the most to the least talkative. */
export const LOG_LEVELS = ["debug", "info", "warn", "error"] as const;
export type Level = typeof LOG_LEVELS[number];

/** `text` for people, `json` (one object a line) for machines. */
export const LOG_FORMATS = ["text", "json"] as const;
export type LogFormat = typeof LOG_FORMATS[number];

/** What belongs to an event, by name. What is `undefined` is left out. */
export type Fields = Record<string, string | number | undefined>;

/** How many lines with the same message there can be a minute; as many may come at once. */
export const MESSAGE_RATE = 300;

/** The most lines that wait to be written. */
const QUEUE_MAX = 10_000;

/** The most that is written at once, in characters. */
const WRITE_MAX = 64 * 1024;

/** Where log lines go; resolves to how many bytes were taken. */
export interface LogSink {
  write(bytes: Uint8Array): Promise<number>;
}

/** See the head of this file. */
export class Log {
  readonly #level: number;
  readonly #format: (time: Date, level: Level, message: string, fields: Fields) => string;
  readonly #sink: LogSink;
  readonly #rate: number;
  #queue: string[] = [];
  #dropped = 0;
  readonly #kinds = new Map<string, { readonly bucket: TokenBucket; suppressed: number }>(); // by message: those are ours
  #writing: Promise<void> | undefined;

  /**
   * @param level The least important events that are logged.
   * @param rate How many lines with the same message there can be a minute.
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

  /** Resolves when all that was logged until now is written, or cannot be. */
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
    this.#admitDropped();
    this.#queue.push(this.#format(new Date(), level, message, fields));
    this.#writing ??= this.#write();
  }

  /** How many lines with a message were left out since the last one; nothing, if this one is to be left out as well. */
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

  /** Says how many lines are missing, where they are missing. */
  #admitDropped() {
    if (this.#dropped === 0) return;
    this.#queue.push(this.#format(new Date(), "warn", "log lines dropped", { count: this.#dropped }));
    this.#dropped = 0;
  }

  async #write() {
    await undefined; // so that what is logged in one go is written in one go
    while (this.#queue.length > 0) {
      let lines = "";
      let count = 0;
      while (count < this.#queue.length && lines.length < WRITE_MAX) lines += this.#queue[count++] + "\n";
      this.#queue.splice(0, count);
      if (this.#queue.length === 0) this.#admitDropped();
      try {
        let bytes: Uint8Array = new TextEncoder().encode(lines);
        while (bytes.length > 0) bytes = bytes.subarray(await this.#sink.write(bytes));
      } catch {
        // Nobody reads the log any more: there is no one left to tell.
      }
    }
    this.#writing = undefined;
  }
}

/** `2026-11-22 14:05:09 info connected peer=127.0.0.1:50312 door=text`, in local time. */
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

/** `{"time":"2026-11-22T13:05:09.123Z","level":"info","message":"connected","peer":"127.0.0.1:50312","door":"text"}` */
function asJson(time: Date, level: Level, message: string, fields: Fields): string {
  return escaped(JSON.stringify({ time: time.toISOString(), level, message, ...fields }));
}

/** Quotes a value that would not be one word; nothing that a client chose can look like another field or line. */
function quoted(value: string): string {
  return /^[\w.:@/#[\]+-]+$/.test(value) ? value : escaped(JSON.stringify(value));
}

/** JSON lets some characters through that end a line, turn it around or hide in it, or do things to a terminal. */
function escaped(json: string): string {
  const escape = (unit: string) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`;
  return json.replace(/[\x7f-\x9f\p{Zl}\p{Zp}\p{Cf}]/gu, (character) => character.split("").map(escape).join(""));
}
