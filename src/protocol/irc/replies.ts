/**
 * Replies to one client: numerics, standard replies, lists, and the limit on the size of a response.
 */
import type { Steps } from "../time_slicer.ts";
import type { Capability } from "./capabilities.ts";
import { byteLength, fit, IRC_LINE_MAX } from "./format.ts";
import { joinWords } from "./join_words.ts";
import type { LabeledOutput } from "./labels.ts";
import { type Numeric, numeric } from "./numerics.ts";

/** Upper bound on the bytes of a parameter that is repeated in an error which would not fit otherwise. */
const REPEATED_MAX = 100;

/** The number of lines that {@linkcode Replies.replyInSteps} makes in one step. */
const LINES_PER_STEP = 32;

/**
 * Commands whose own specification uses `FAIL` for their errors, and the capability that enables it. "" needs none: a client
 * that sends such a command implements its specification, and waits for a `FAIL`.
 */
const OWN_FAILURES: ReadonlyMap<string, Capability | ""> = new Map<string, Capability | "">([
  ["*", ""], // INVALID_UTF8
  ["BATCH", ""],
  ["CHATHISTORY", ""],
  ["MARKREAD", ""],
  ["REDACT", ""],
  ["REGISTER", ""],
  ["SEARCH", ""],
  ["SETNAME", "setname"],
  ["TOKEN", ""],
]);

/** What a command can send to its client. Lines are without their ends. */
export interface Replies {
  /** The client's nickname in replies, or `*`. */
  readonly name: string;
  /** Whether the client has enabled a capability. */
  has(capability: Capability): boolean;
  /** Sends lines. One that begins with `:` or `@` is sent as it is; the server's name is put before any other. */
  reply(...lines: readonly string[]): void;
  /** Sends a numeric. */
  numeric(name: Numeric, ...args: (string | number)[]): void;
  /** Returns a numeric, to be sent with others. */
  line(name: Numeric, ...args: (string | number)[]): string;
  /** Returns the numerics that a list takes: each has as many whole words as fit, as its last parameter. */
  numericList(
    name: Numeric,
    args: readonly (string | number)[],
    words: Iterable<string>,
    separator?: string,
  ): Iterable<string>;
  /**
   * Sends a list, in as many lines as it takes; an empty one in one line.
   *
   * @param head What precedes the list in each line.
   * @param more What follows `head` in all lines but the last.
   */
  replyList(head: string, words: readonly string[], more?: string): void;
  /**
   * Sends an error that has no numeric: as a standard reply (IRCv3, "standard-replies") if the client has enabled those or
   * the command's own specification uses them, else as a NOTICE.
   *
   * @param context What goes between the code and the description. It is shortened if the line would be too long.
   */
  fail(command: string, code: string, text: string, ...context: string[]): void;
  /**
   * Warns the client that a part of a command was not done, if the client has enabled standard replies.
   *
   * @param context As for `fail`.
   */
  warn(command: string, code: string, text: string, ...context: string[]): void;
  /** Whether a line of the server's fits into 510 bytes. */
  fits(line: string): boolean;
  /** The bytes that are left in a line of the server's after `head`. */
  bytesLeft(head: string): number;
  /** Counts lines against the limit on the response; returns whether they may be sent. */
  reserve(lines: readonly string[]): boolean;
  /** Sends lines up to the limit on the response, and makes no more of them; returns whether all were sent. */
  replyWithinLimit(lines: Iterable<string>): boolean;
  /**
   * Sends lines up to the limit on the response, made in slices of time; returns whether all were sent.
   *
   * @param lines The lines; `undefined` marks work that made no line.
   */
  replyInSteps(lines: Iterable<string | undefined>): Steps<boolean>;
}

/** Writes replies to a session's output. */
export abstract class ReplyWriter implements Replies {
  abstract readonly name: string;

  protected readonly output: LabeledOutput;
  readonly #server: string;
  readonly #max: number;
  #reserved = 0; // bytes of the response that count against the limit

  /**
   * @param server The server's name.
   * @param max Upper bound on the bytes of one command's response.
   */
  constructor(output: LabeledOutput, server: string, max: number) {
    this.output = output;
    this.#server = server;
    this.#max = max;
  }

  abstract has(capability: Capability): boolean;

  reply(...lines: readonly string[]): void {
    this.output.reply(lines.map((line) => {
      if (line.startsWith("@")) return line;
      return fit(line.startsWith(":") ? line : `:${this.#server} ${line}`);
    }));
  }

  numeric(name: Numeric, ...args: (string | number)[]): void {
    const line = this.line(name, ...args);
    const isWhole = this.fits(line) || !/^(?:ERR|RPL_ENDOF)/.test(name); // only these repeat what the client has sent
    this.reply(isWhole ? line : this.line(name, ...args.map(shortened)));
  }

  line(name: Numeric, ...args: (string | number)[]): string {
    return numeric(name, this.name, ...args);
  }

  *numericList(
    name: Numeric,
    args: readonly (string | number)[],
    words: Iterable<string>,
    separator = " ",
  ): Generator<string> {
    const max = this.bytesLeft(this.line(name, ...args, ""));
    for (const text of joinWords(words, max, separator)) yield this.line(name, ...args, text);
  }

  replyList(head: string, words: readonly string[], more = ""): void {
    const lines = [...joinWords(words, this.bytesLeft(`${head}${more} :`))];
    const last = lines.pop() ?? "";
    this.reply(...lines.map((line) => `${head}${more} :${line}`), `${head} :${last}`);
  }

  fail(command: string, code: string, text: string, ...context: string[]): void {
    if (!this.has("standard-replies") && !this.#hasOwnFailures(command)) {
      return this.reply(`NOTICE ${this.name} :${command}: ${text}`);
    }
    this.#standardReply("FAIL", command, code, text, context);
  }

  warn(command: string, code: string, text: string, ...context: string[]): void {
    if (this.has("standard-replies")) this.#standardReply("WARN", command, code, text, context);
  }

  fits(line: string): boolean {
    return this.bytesLeft(line) >= 0;
  }

  bytesLeft(head: string): number {
    return IRC_LINE_MAX - byteLength(head) - byteLength(this.#server) - 2; // ":" and " "
  }

  reserve(lines: readonly string[]): boolean {
    for (const line of lines) this.#reserved += byteLength(line) + byteLength(this.#server) + 4; // ":", " ", CR LF
    return this.#reserved <= this.#max;
  }

  replyWithinLimit(lines: Iterable<string>): boolean {
    const fitting: string[] = [];
    let all = true;
    for (const line of lines) {
      all = this.reserve([line]);
      if (!all) break;
      fitting.push(line);
    }
    this.reply(...fitting);
    return all;
  }

  *replyInSteps(lines: Iterable<string | undefined>): Steps<boolean> {
    const fitting: string[] = [];
    let all = true;
    let made = 0;
    for (const line of lines) {
      if (++made % LINES_PER_STEP === 0) yield;
      if (line === undefined) continue;
      all = this.reserve([line]);
      if (!all) break;
      fitting.push(line);
    }
    this.reply(...fitting);
    return all;
  }

  /** Begins to count the response to another command. */
  protected resetLimit(): void {
    this.#reserved = 0;
  }

  #standardReply(kind: "FAIL" | "WARN", command: string, code: string, text: string, context: readonly string[]) {
    const line = (words: readonly string[]) => `${[kind, command, code, ...words].join(" ")} :${text}`;
    const whole = line(context);
    this.reply(this.fits(whole) ? whole : line(context.map(shortened)));
  }

  #hasOwnFailures(command: string): boolean {
    const capability = OWN_FAILURES.get(command);
    return capability === "" || (capability !== undefined && this.has(capability));
  }
}

/**
 * Replaces a long parameter of an error by `*`. A client's parameter may be as long as a line: cut off, it would be another
 * word, and the description after it would be lost.
 */
function shortened(word: string | number): string {
  return byteLength(String(word)) > REPEATED_MAX ? "*" : String(word);
}
