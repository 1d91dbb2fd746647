/**
 * Parses the command line and the environment into {@linkcode Options}.
 */
import { parseArgs } from "@std/cli/parse-args";
import type { Flag } from "./flag.ts";
import { flagName, FLAGS, type FlagValues, OPTION_NAMES, type OptionName, variableName } from "./flags.ts";
import { helpText } from "./help.ts";
import { type Options, optionsOf } from "./options.ts";
import { commandRow, DEFAULT_COMMAND, isCommand } from "./command_table.ts";
import { UsageError } from "./usage_error.ts";

/** What a command line asks for: to run with these options, or to print a text. */
export type CommandLine = Options | { readonly print: string };

/** Looks up an environment variable. */
export type Environment = (name: string) => string | undefined;

const FLAG_NAMES = OPTION_NAMES.map(flagName);

/** How switches are written. */
const SWITCHES = OPTION_NAMES.filter((name) => (FLAGS[name] as Flag).value === "").map((name) => `--${flagName(name)}`);

/**
 * Parses a command line.
 *
 * @param args The arguments, without the program's name.
 * @param env Each flag can be set by an environment variable too. The flag overrides the variable, and a variable that is
 * empty counts as not set.
 * @param version What `--version` prints.
 * @throws {UsageError} if the command line cannot be used; the message names the flag or argument.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { parseCommandLine } from "./command_line.ts";
 *
 * const env = (name: string) => name === "TINCAN_HOST" ? "::1" : undefined;
 * const request = parseCommandLine(["echo", "--port", "0"], env, "1.0.0");
 * if ("print" in request) throw new Error("not expected");
 * assertEquals([request.command, request.host, request.port], ["echo", "::1", 0]);
 * ```
 */
export function parseCommandLine(args: readonly string[], env: Environment, version: string): CommandLine {
  const { given, help, showsVersion, words } = split(args);
  if (help) return { print: helpText() };
  if (showsVersion) return { print: `tincan ${version}` };
  const { command, argument, more } = parseCommand(words);
  for (const name of OPTION_NAMES) {
    const { commands }: Flag = FLAGS[name];
    if (!given.has(name) || commands?.includes(command)) continue;
    if (commands !== undefined) {
      throw new UsageError(`Cannot use --${flagName(name)}: it is for tincan ${commands.join(" and tincan ")}`);
    }
    if (command === "connect" && name !== "logLevel") {
      throw new UsageError(`Cannot use --${flagName(name)}: it is for the server; see tincan connect HOST:PORT`);
    }
  }
  const values = Object.fromEntries(OPTION_NAMES.map((name) => [name, readOption(name, given.get(name), env)]));
  return optionsOf(command, argument, more, values as FlagValues); // as each reader returns it
}

/** A command line, split into flags and words. */
interface Arguments {
  /** The values of flags. */
  readonly given: ReadonlyMap<OptionName, string>;
  readonly help: boolean;
  readonly showsVersion: boolean;
  /** The arguments that are neither flags nor their values. */
  readonly words: readonly string[];
}

/** @throws {UsageError} for an unknown flag, and for a flag without a value. */
function split(args: readonly string[]): Arguments {
  let unknown: string | undefined;
  // A switch is no boolean of the parser: that takes `=no` for true, and its absence for false.
  const withValues = args.map((arg) => SWITCHES.includes(arg) ? `${arg}=yes` : arg);
  const parsed = parseArgs(withValues, {
    string: ["_", ...FLAG_NAMES],
    boolean: ["help", "version"],
    alias: { help: "h", version: "V" },
    unknown(arg, key) {
      if (key === undefined) return true; // not a flag
      unknown ??= arg;
    },
  });
  // This check comes first, as what looks like an unknown flag may be the missing value: `--rate -1`.
  const empty = OPTION_NAMES.find((name) => parsed[flagName(name)] === "");
  if (empty !== undefined) {
    const { accepts } = FLAGS[empty].reader;
    const which = accepts.startsWith("one of ") ? `, ${accepts}` : "";
    throw new UsageError(`Cannot use --${flagName(empty)}: it needs a value${which}`);
  }
  if (unknown !== undefined) throw new UsageError(`Cannot use "${unknown}": no such flag; tincan --help lists them`);
  const given = new Map<OptionName, string>();
  for (const name of OPTION_NAMES) {
    const value = parsed[flagName(name)];
    if (value !== undefined) given.set(name, String(value));
  }
  return { given, help: parsed.help === true, showsVersion: parsed.version === true, words: parsed._.map(String) };
}

/** @throws {UsageError} for an unknown command, and for too many arguments. */
function parseCommand(words: readonly string[]): Pick<Options, "command" | "argument" | "more"> {
  const [command = DEFAULT_COMMAND, ...rest] = words;
  if (!isCommand(command)) {
    throw new UsageError(`Cannot run "${command}": no such command; tincan --help lists them`);
  }
  const takesName = commandRow(command).argument !== undefined;
  const argument = takesName ? rest[0] : undefined;
  const more = takesName ? rest.slice(1) : rest;
  if (more.length === 0 || commandRow(command).takesMore) return { command, argument, more };
  throw new UsageError(`Cannot use "${more[0]}": ${command} takes ${takesName ? "one name" : "flags only"}`);
}

/** Returns the value of an option: of its flag, else of its variable, else its default. */
function readOption(name: OptionName, given: string | undefined, env: Environment): unknown {
  const { reader, default: byDefault, commands }: Flag = FLAGS[name];
  const variable = variableName(name);
  const fromEnv = commands === undefined ? env(variable) || undefined : undefined;
  const text = given ?? fromEnv;
  if (text === undefined) return byDefault === undefined ? undefined : reader.read(byDefault);
  const value = reader.read(text);
  if (value !== undefined) return value;
  const setting = given === undefined ? `${variable} (--${flagName(name)})` : `--${flagName(name)}`;
  throw new UsageError(`Cannot use ${setting} ${JSON.stringify(text)}: it must be ${reader.accepts}`);
}
