/**
 * Parses command lines in tests.
 */
import { AddressSet } from "../../src/util/address_ranges.ts";
import { assert, assertEquals, assertThrows } from "@std/assert";
import { parseCommandLine } from "../../src/cli/command_line.ts";
import type { Options } from "../../src/cli/options.ts";
import { UsageError } from "../../src/cli/usage_error.ts";

/** The options of an empty command line, written out so that no default changes by accident. */
export const DEFAULTS: Options = {
  command: "serve",
  argument: undefined,
  more: [],
  host: "127.0.0.1",
  port: 8888,
  ircPort: 6667,
  webPort: 8080,
  tlsCert: undefined,
  tlsKey: undefined,
  allowOrigin: [],
  publicUrl: undefined,
  trustProxy: new AddressSet(),
  name: "tincan",
  motd: undefined,
  passwordFile: undefined,
  operators: undefined,
  maxAccounts: 10_000,
  maxFailures: 3,
  alwaysOn: "opt-in",
  alwaysOnExpire: 30 * 86_400_000,
  maxClients: 10_000,
  maxPerIp: 100,
  connectRate: 120,
  maxUnregistered: 1000,
  registerTime: 30_000,
  rate: 10,
  burst: 30,
  maxLine: 8192,
  maxTags: 4096,
  sendBuffer: 2 ** 20,
  maxMemory: 2 ** 30,
  maxRooms: 10_000,
  maxJoined: 50,
  maxSessions: 10,
  roomRate: 60,
  nickRate: 10,
  redactTime: 24 * 60 * 60_000,
  typing: "on",
  announce: 100,
  data: undefined,
  sync: "normal",
  keep: 90 * 86_400_000,
  keepLines: 100_000,
  maxData: 10 * 2 ** 30,
  keepPrivate: "accounts",
  maxHistory: 100,
  uploads: "accounts",
  maxFile: 10 * 2 ** 20,
  maxFiles: 2 ** 30,
  cluster: undefined,
  reusePort: false,
  logLevel: "info",
  logFormat: "text",
  logRate: 300,
  account: undefined,
  files: false,
  room: undefined,
  format: "text",
  nick: undefined,
  login: false,
  ca: undefined,
  plain: false,
  tail: false,
};

/** Parses a command line whose arguments are separated by spaces, and an environment. */
export function parse(args: string, env: Record<string, string> = {}): Options {
  const request = parseCommandLine(split(args), (name) => env[name], "1.2.3");
  assert(!("print" in request), "a text to print was not expected");
  return request;
}

/** Returns the text that a command line prints. */
export function printed(args: string): string {
  const request = parseCommandLine(split(args), () => undefined, "1.2.3");
  assert("print" in request, "a text to print was expected");
  return request.print;
}

/** Asserts that a command line is rejected with a message. */
export function assertRejected(args: string, message: string, env: Record<string, string> = {}): void {
  const error = assertThrows(() => parse(args, env), UsageError);
  assertEquals(error.message, message, args);
}

function split(args: string): string[] {
  return args === "" ? [] : args.split(" ");
}
