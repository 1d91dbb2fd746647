/**
 * The command line: flags and environment to {@linkcode Options}, and the text of `--help`.
 *
 * All flags are rows of one table. A value that makes no sense throws a {@linkcode UsageError} that names the flag.
 */
import { parseArgs } from "@std/cli/parse-args";
import { AddressSet } from "../util/address_ranges.ts";
import { readDuration } from "../util/duration.ts";
import { type Sync, SYNCS } from "../history/database.ts";
import type { Retention } from "../chat/store.ts";
import { type Level, LOG_FORMATS, LOG_LEVELS, type LogFormat } from "../monitoring/log.ts";
import { IRC_LINE_MAX } from "../protocol/irc/format.ts";

/** What is asked for on the command line, checked. */
export interface Options {
  /**
   * `serve` for the chat, `echo` for the echo server, `passwd` to make a line for a file of operators; `export`, `import`
   * and `forget` for what is in `data`.
   */
  readonly command: keyof typeof COMMANDS;
  /** What follows the command, where something may. */
  readonly argument: string | undefined;
  /** The address to listen on. */
  readonly host: string;
  /** The text door's port, 0 for any that is free; or `off`, for no text door. */
  readonly port: number | "off";
  /** The IRC door's port, likewise. */
  readonly ircPort: number | "off";
  /** The web door's port, likewise. */
  readonly webPort: number | "off";
  /** Web pages of other hosts that may connect. */
  readonly allowOrigin: readonly string[];
  /** Proxies that are believed when they say for whom they ask. */
  readonly trustProxy: AddressSet;
  /** Bytes in a line of the text door, without its end. */
  readonly maxLine: number;
  /** Connections in all; Infinity for as many as there may be. */
  readonly maxClients: number;
  /** Connections from one address; Infinity for as many as there may be. */
  readonly maxPerIp: number;
  /** Connections a minute from one address, where `maxPerIp` is a limit; Infinity for as many as there may be. */
  readonly connectRate: number;
  /** Connections that have not said yet who they are. */
  readonly maxUnregistered: number;
  /** How long they may take for it, in milliseconds. */
  readonly registerTime: number;
  /** Rooms that one can be in. */
  readonly maxJoined: number;
  /** New rooms an hour from one address; Infinity for as many as there may be. */
  readonly roomRate: number;
  /** Changes of name a minute; Infinity for as many as one likes. */
  readonly nickRate: number;
  /** Wrong passwords from one connection, the last one included. */
  readonly maxFailures: number;
  /** Bytes of tags in a line of an IRC client. */
  readonly maxTags: number;
  /** Messages in one answer with what was said before. */
  readonly maxHistory: number;
  /** Lines a second from one client; Infinity for as many as it sends. */
  readonly rate: number;
  /** Lines at once from one client; Infinity for as many as it sends. */
  readonly burst: number;
  /** Bytes that may wait for one client. */
  readonly sendBuffer: number;
  /** Bytes of memory above which those are let go of for whom most is held; Infinity for as many as there are. */
  readonly maxMemory: number;
  /** Comings and goings are announced in rooms of up to so many. */
  readonly announce: number;
  /** The server's name. */
  readonly name: string;
  /** A file that is shown on arrival. */
  readonly motd: string | undefined;
  /** The directory in which what is said is kept; none keeps it in memory. */
  readonly data: string | undefined;
  /** What a kept message survives. */
  readonly sync: Sync;
  /** How long, and how much, is kept. */
  readonly keep: Retention;
  /** Whether what is said to one person alone is kept, too. */
  readonly keepPrivate: boolean;
  /** Rooms in all. */
  readonly maxRooms: number;
  /** The room to export; none exports all. */
  readonly room: string | undefined;
  /** What to export it as. */
  readonly format: typeof EXPORT_FORMATS[number];
  /** A file with the password that everybody needs. */
  readonly passwordFile: string | undefined;
  /** Names that can be somebody's own, in all. */
  readonly maxAccounts: number;
  /** A file with the names of those who run the server, and the hashes of their passwords. */
  readonly operators: string | undefined;
  /** The files with the certificate and its key for TLS; without them, none is spoken. */
  readonly tls: { readonly cert: string; readonly key: string } | undefined;
  readonly logLevel: Level;
  readonly logFormat: LogFormat;
  /** Lines with the same message a minute; Infinity for all that there are. */
  readonly logRate: number;
}

/** What a command line comes to: a program to run, or a text to print. */
export type CommandLine = Options | { readonly print: string };

/** The command line makes no sense. The message is one line for the person who wrote it. */
export class UsageError extends Error {
  override name = "UsageError";
}

/**
 * How many times the longest line fits into a client's send buffer, at least: what is said in one round goes there as
 * one, and it may be several lines and the names around them.
 */
export const LINES_IN_BUFFER = 8;

/** One flag: how it is shown, what it is when nothing is said, and how its value is read. */
interface Flag<T> {
  /** What its value is called; nothing, if it has none and is just there or not. */
  readonly value: string;
  readonly default: string;
  readonly help: string;
  /** Throws a `RangeError` that says what the value must be. */
  readonly read: (text: string) => T;
}

function flag<T>(value: string, byDefault: string, help: string, read: (text: string) => T): Flag<T> {
  return { value, default: byDefault, help, read };
}

const FLAGS = {
  "host": flag("ADDRESS", "127.0.0.1", "address to listen on", host),
  "port": flag("PORT", "8888", "text door; 0 for any free port, or off", port),
  "irc-port": flag("PORT", "6667", "IRC door, likewise", port),
  "web-port": flag("PORT", "8080", "web door, likewise", port),
  "max-line": flag("BYTES", "8192", "bytes in a line of the text door", (text) => size(text, 64)),
  "max-clients": flag("N", "10000", "connections, or off", (text) => count(text, 1)),
  "max-per-ip": flag("N", "100", "connections from one address, or off", (text) => count(text, 1)),
  "max-accounts": flag("N", "10000", "names that can be somebody's own", (text) => whole(text, 0)),
  "connect-rate": flag("N", "120", "as many connect from one address a minute, or off", (text) => count(text, 1)),
  "max-unregistered": flag(
    "N",
    "1000",
    "connections of strangers, or off",
    (text) => count(text, 1),
  ),
  "register-time": flag("TIME", "30s", "how long they may take to say so", time),
  // On the text door one is in the next room before one has left the last.
  "max-joined": flag("N", "50", "rooms that one can be in", (text) => whole(text, 2)),
  "nick-rate": flag("N", "10", "changes of name a minute, or off", (text) => count(text, 1)),
  "room-rate": flag("N", "60", "new rooms an hour from one address, or off", (text) => count(text, 1)),
  "max-failures": flag("N", "3", "wrong passwords from one connection", (text) => whole(text, 1)),
  "max-tags": flag("BYTES", "4096", "bytes of tags in an IRC client's line", tags),
  "max-history": flag("N", "100", "messages in one answer to CHATHISTORY", (text) => whole(text, 1)),
  "max-rooms": flag("N", "10000", "rooms, or off", (text) => count(text, 1)),
  "rate": flag("N", "10", "lines a second from one client, or off", rate),
  "burst": flag("N", "30", "lines at once from one client, or off", (text) => count(text, 1)),
  "send-buffer": flag("SIZE", "1MiB", "what may wait for one slow reader", (text) => size(text, 1024)),
  "max-memory": flag("SIZE", "1GiB", "above that who reads slowest has to go, or off", (text) => sizeOrOff(text, 64)),
  "announce": flag("N", "100", "tell rooms of up to N who comes and goes", (text) => whole(text, 0)),
  "name": flag("NAME", "tincan", "the server's name", name),
  "motd": flag("FILE", "", "a file to show on arrival", (text) => text || undefined),
  "operators": flag("FILE", "", "who may run the server: NAME and a hash a line", (text) => text || undefined),
  "password-file": flag("FILE", "", "everybody needs its first line as a password", (text) => text || undefined),
  "data": flag("DIR", "", "keep what is said in there; else in memory", (text) => text || undefined),
  "sync": flag("HOW", "normal", "full survives a power cut too, but is slower", (text) => one(text, SYNCS)),
  "keep": flag("TIME", "90d", "how long it is kept: 12h, 90d, 2w, or off", duration),
  "keep-lines": flag("N", "100000", "lines kept of a room, or off", (text) => count(text, 1)),
  "max-data": flag("SIZE", "10GiB", "then the heaviest writer loses lines, or off", (text) => sizeOrOff(text, 1)),
  "keep-private": flag("", "", "keep what is said to one person alone, too", yesOrNo),
  "allow-origin": flag("URLS", "", "web pages of other hosts that may connect", origins),
  "trust-proxy": flag("IPS", "", "proxies to be believed about addresses", proxies),
  "tls-cert": flag("FILE", "", "TLS on every port: the certificate and its chain", (text) => text || undefined),
  "tls-key": flag("FILE", "", "and the certificate's private key", (text) => text || undefined),
  "log-level": flag("LEVEL", "info", "debug, info, warn or error", (text) => one(text, LOG_LEVELS)),
  "log-rate": flag("N", "300", "lines with the same message a minute, or off", (text) => count(text, 1)),
  "log-format": flag("FORMAT", "text", "text or json, to stderr", (text) => one(text, LOG_FORMATS)),
};

type Name = keyof typeof FLAGS;
const NAMES = Object.keys(FLAGS) as Name[];
const SWITCHES = NAMES.filter((name) => FLAGS[name].value === "");

/** What `export` writes: lines for people, or an object a line for programs, `import` among them. */
export const EXPORT_FORMATS = ["text", "jsonl"] as const;

/** The flags of `export` alone. */
const EXPORT_FLAGS = ["room", "format"] as const;

const COMMANDS = {
  serve: "the chat server; what tincan is when told nothing",
  echo: "answer every line with Hello, world!",
  passwd: "NAME and a password to a line for --operators",
  export: "--data to stdout; --room #ROOM, --format text|jsonl",
  import: "stdin into --data: what export --format jsonl wrote",
  forget: "NAME: erase all that NAME has said, and its account",
};

/** The commands that want something more, and what it is. */
const ARGUMENTS: Readonly<Record<string, string>> = { passwd: "one name", forget: "one name" };

/**
 * Reads a command line.
 *
 * @param args The arguments, without the program's name.
 * @param env Looks up an environment variable: each flag can be set by one, and the flag wins.
 * @param version What `--version` says.
 * @throws {UsageError} for what makes no sense.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { parseCommandLine } from "./options.ts";
 *
 * const env = (name: string) => name === "TINCAN_HOST" ? "::1" : undefined;
 * const request = parseCommandLine(["echo", "--port", "0"], env, "1.0.0");
 * if ("print" in request) throw new Error("not expected");
 * assertEquals([request.command, request.host, request.port], ["echo", "::1", 0]);
 * ```
 */
export function parseCommandLine(
  args: readonly string[],
  env: (name: string) => string | undefined,
  version: string,
): CommandLine {
  let unknown: string | undefined;
  // A switch alone says yes. To the parser it is no boolean: one takes =no for yes, and is false when it is not there.
  const spelled = args.map((arg) => SWITCHES.some((name) => arg === `--${name}`) ? `${arg}=yes` : arg);
  const given = parseArgs(spelled, {
    string: ["_", ...NAMES, ...EXPORT_FLAGS],
    boolean: ["help", "version"],
    alias: { help: "h", version: "V" },
    unknown(arg, key) {
      if (key === undefined) return true; // not a flag
      unknown ??= arg;
    },
  });
  // In this order: what looks like an unknown flag may be the value that a flag lacks, as in --rate -1.
  const empty = [...NAMES, ...EXPORT_FLAGS].find((name) => given[name] === "");
  if (empty !== undefined) throw new UsageError(`Cannot use --${empty}: it needs a value`);
  if (unknown !== undefined) throw new UsageError(`Cannot use "${unknown}": no such flag; tincan --help lists them`);
  if (given.help) return { print: help() };
  if (given.version) return { print: `tincan ${version}` };
  const [command = "serve", ...rest] = given._.map(String);
  if (!isCommand(command)) {
    throw new UsageError(`Cannot run "${command}": no such command; tincan --help lists them`);
  }
  const wanted = ARGUMENTS[command];
  const [argument, ...more] = wanted === undefined ? [undefined, ...rest] : rest;
  if (more.length > 0) throw new UsageError(`Cannot use "${more[0]}": ${command} takes ${wanted ?? "flags only"}`);
  const foreign = EXPORT_FLAGS.find((name) => given[name] !== undefined && command !== "export");
  if (foreign !== undefined) throw new UsageError(`Cannot use --${foreign}: it is for tincan export`);

  const value = <N extends Name>(name: N) => read(name, given[name], env) as ReturnType<typeof FLAGS[N]["read"]>;
  const [cert, key] = [value("tls-cert"), value("tls-key")];
  if (cert !== undefined && key === undefined) throw new UsageError("Cannot use --tls-cert: it needs --tls-key FILE");
  if (key !== undefined && cert === undefined) throw new UsageError("Cannot use --tls-key: it needs --tls-cert FILE");
  const options: Options = {
    command,
    host: value("host"),
    argument,
    port: value("port"),
    ircPort: value("irc-port"),
    webPort: value("web-port"),
    allowOrigin: value("allow-origin"),
    trustProxy: value("trust-proxy"),
    maxLine: value("max-line"),
    maxClients: value("max-clients"),
    maxPerIp: value("max-per-ip"),
    connectRate: value("connect-rate"),
    maxUnregistered: value("max-unregistered"),
    registerTime: value("register-time"),
    maxJoined: value("max-joined"),
    roomRate: value("room-rate"),
    nickRate: value("nick-rate"),
    maxFailures: value("max-failures"),
    maxTags: value("max-tags"),
    maxHistory: value("max-history"),
    rate: value("rate"),
    burst: value("burst"),
    sendBuffer: value("send-buffer"),
    maxMemory: value("max-memory"),
    announce: value("announce"),
    name: value("name"),
    motd: value("motd"),
    operators: value("operators"),
    passwordFile: value("password-file"),
    maxAccounts: value("max-accounts"),
    data: value("data"),
    sync: value("sync"),
    keep: { age: value("keep"), lines: value("keep-lines"), size: value("max-data") },
    keepPrivate: value("keep-private"),
    maxRooms: value("max-rooms"),
    room: given["room"] === undefined ? undefined : String(given["room"]),
    format: exportFormat(given["format"]),
    tls: cert === undefined || key === undefined ? undefined : { cert, key },
    logLevel: value("log-level"),
    logFormat: value("log-format"),
    logRate: value("log-rate"),
  };
  const doors = command === "echo" ? [options.port] : [options.port, options.ircPort, options.webPort];
  if (doors.every((door) => door === "off")) throw new UsageError("Cannot use --port off: no door would be left open");
  if (options.data === undefined) {
    if (options.keepPrivate && command === "serve") {
      throw new UsageError("Cannot use --keep-private: it needs --data DIR to keep it in");
    }
    if (["export", "import", "forget"].includes(command)) {
      throw new UsageError(`Cannot ${command} without --data DIR: nothing is kept anywhere else`);
    }
  }
  const irc = command === "serve" && (options.ircPort !== "off" || options.webPort !== "off");
  const longest = { "--max-line": options.maxLine, "--max-tags and 510": irc ? options.maxTags + IRC_LINE_MAX : 0 };
  for (const [name, bytes] of Object.entries(longest)) {
    if (options.sendBuffer >= LINES_IN_BUFFER * bytes) continue;
    throw new UsageError(`Cannot use --send-buffer: it must be ${LINES_IN_BUFFER} times ${name} or more`);
  }
  return options;
}

/** The value of a flag: as given, else from the environment, else its default. */
function read(name: Name, given: unknown, env: (name: string) => string | undefined): unknown {
  const { default: byDefault, read } = FLAGS[name];
  const variable = variableOf(name);
  const fromEnv = given === undefined ? env(variable) || undefined : undefined; // set to nothing is not set
  const what = fromEnv === undefined ? `--${name}` : `${variable} (--${name})`;
  const text = given === undefined ? fromEnv : String(given);
  if (text === undefined) return read(byDefault);
  try {
    return read(text);
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    throw new UsageError(`Cannot use ${what} ${JSON.stringify(text)}: it must be ${error.message}`);
  }
}

function isCommand(name: string): name is keyof typeof COMMANDS {
  return Object.hasOwn(COMMANDS, name);
}

function variableOf(name: string): string {
  return "TINCAN_" + name.toUpperCase().replaceAll("-", "_");
}

function help(): string {
  const lines = ["tincan – a chat server for nc, telnet and IRC clients, all in the same rooms", ""];
  lines.push("Usage: tincan [COMMAND] [FLAGS]", "", "Commands:");
  for (const [command, text] of Object.entries(COMMANDS)) lines.push(`  ${command.padEnd(22)} ${text}`);
  lines.push("", "Flags:");
  for (const name of NAMES) {
    const { value, default: byDefault, help } = FLAGS[name];
    lines.push(`  ${`--${name} ${value}`.trimEnd().padEnd(22)} ${help}${byDefault && ` [${byDefault}]`}`);
  }
  lines.push(`  ${"-h, --help".padEnd(22)} show this`, `  ${"-V, --version".padEnd(22)} show the version`, "");
  lines.push(`The environment sets flags too: ${variableOf("max-line")} stands for --max-line.`);
  return lines.join("\n");
}

/** As it is, but for what stands around an address or behind a name in URLs. */
function host(text: string): string {
  return text.replace(/^\[(.*)\]$/, "$1").replace(/^localhost\.$/i, "localhost");
}

function port(text: string): number | "off" {
  if (text === "off") return text;
  const number = Number(text);
  if (/^\d{1,5}$/.test(text) && number <= 65535) return number;
  throw new RangeError('a number from 0 to 65535, or "off"');
}

function whole(text: string, least: number): number {
  if (/^\d{1,15}$/.test(text) && Number(text) >= least) return Number(text);
  throw new RangeError(`a whole number, ${least} or more`);
}

function count(text: string, least: number): number {
  if (text === "off") return Infinity;
  try {
    return whole(text, least);
  } catch {
    throw new RangeError(`a whole number, ${least} or more, or "off"`);
  }
}

function rate(text: string): number {
  if (text === "off") return Infinity;
  if (/^\d{1,9}(\.\d{1,9})?$/.test(text) && Number(text) > 0) return Number(text);
  throw new RangeError('a number above 0, or "off"');
}

/** In milliseconds; no more than a timer can take. */
function time(text: string): number {
  const time = readDuration(text);
  if (time !== undefined && time < 2 ** 31) return time;
  throw new RangeError("a time such as 30s or 2m");
}

/** In milliseconds. */
function duration(text: string): number {
  const time = text === "off" ? Infinity : readDuration(text);
  if (time !== undefined) return time;
  throw new RangeError('a time such as 12h, 90d or 2w, or "off"');
}

function yesOrNo(text: string): boolean {
  if (text === "" || text === "false" || text === "no" || text === "0") return false;
  if (text === "true" || text === "yes" || text === "1") return true;
  throw new RangeError("yes or no");
}

function exportFormat(given: unknown): typeof EXPORT_FORMATS[number] {
  try {
    return one(given === undefined ? "text" : String(given), EXPORT_FORMATS);
  } catch (error) {
    throw new UsageError(`Cannot use --format "${given}": it must be ${(error as Error).message}`);
  }
}

const UNITS: Readonly<Record<string, number>> = { "": 1, b: 1, kib: 1024, mib: 1024 ** 2, gib: 1024 ** 3 };

function size(text: string, least: number): number {
  const [, digits = "", unit = "?"] = /^(\d{1,12})([a-z]*)$/i.exec(text) ?? [];
  const bytes = Number(digits) * (UNITS[unit.toLowerCase()] ?? NaN);
  if (digits !== "" && bytes >= least) return bytes;
  throw new RangeError(`a number of bytes, ${least} or more, such as 8192, 64KiB or 1MiB`);
}

/** The most is what IRCv3, "message-tags", lets a client send. */
function tags(text: string): number {
  const bytes = /^\d{3,4}$/.test(text) ? Number(text) : NaN;
  if (bytes >= 512 && bytes <= 4096) return bytes;
  throw new RangeError("a number of bytes, 512 to 4096");
}

/** @param least In MiB. */
function sizeOrOff(text: string, least: number): number {
  if (text === "off") return Infinity;
  try {
    return size(text, least * 1024 ** 2);
  } catch {
    throw new RangeError(`${least}MiB or more, such as 512MiB or 2GiB, or "off"`);
  }
}

function origins(text: string): string[] {
  const urls = text.split(",").filter((url) => url !== "");
  for (const url of urls) {
    if (URL.canParse(url) && new URL(url).origin === url) continue;
    throw new RangeError("URLs without a path, with a comma between them, such as https://chat.example.org");
  }
  return urls;
}

function proxies(text: string): AddressSet {
  try {
    return new AddressSet(text.split(",").filter((address) => address !== ""));
  } catch {
    throw new RangeError("IP addresses, with a comma between them, such as 127.0.0.1,10.0.0.0/8");
  }
}

function name(text: string): string {
  const bytes = new TextEncoder().encode(text).length; // it is in every line to an IRC client, which has 512
  if (bytes <= 63 && /^[^\p{Z}\p{C}:@][^\p{Z}\p{C}]*$/u.test(text)) return text;
  throw new RangeError("1 to 63 bytes without spaces, and neither a colon nor an @ first");
}

function one<T extends string>(text: string, allowed: readonly T[]): T {
  const found = allowed.find((each) => each === text);
  if (found !== undefined) return found;
  throw new RangeError(`one of ${allowed.join(", ")}`);
}
