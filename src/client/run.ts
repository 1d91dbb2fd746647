/**
 * `tincan connect`: finds the server, asks what only the user can decide, and runs the terminal client or the pipe.
 */
import { isNick } from "./nicknames.ts";
import { tellError as say } from "./tell.ts";
import { reasonOf } from "../util/system_error.ts";
import { ConnectError } from "./connect_error.ts";
import { ServerDialer } from "./line_socket.ts";
import { CertificateFile, configDirectory, type Environment, Settings } from "./settings.ts";
import { createSession } from "./session.ts";
import { reach } from "./reach.ts";
import { DEFAULT_HOST, parseTarget, type Target, TargetError } from "./target.ts";
import { Trust } from "./trust.ts";
import type { Login } from "../web/connection.js";
import { toRoomName } from "../web/room.js";

/** The options of the command line. */
export interface ConnectOptions {
  readonly target: string | undefined;
  readonly room: string | undefined;
  readonly nick: string | undefined;
  /** Whether to log in, with a password that is asked for. */
  readonly login: boolean;
  /** The path of certificates of further authorities. */
  readonly ca: string | undefined;
  /** Whether to print messages without a terminal. */
  readonly tail: boolean;
  /** Whether plain text is allowed everywhere. */
  readonly plain: boolean;
  readonly env: Environment;
  /** Prompts for a password on the terminal, without echo. */
  readonly askSecretly: (prompt: string) => Promise<string>;
}

/** Exit codes: success; the server cannot be reached, or rejects something; the command line cannot be used. */
export const EXIT = { ok: 0, failed: 1, usage: 2 } as const;

/** The command line asks for something that is not possible here. The message is one line. */
class RunError extends Error {
  override name = "RunError";

  constructor(message: string, readonly code: number) {
    super(message);
  }
}

/** Runs the client, and resolves to its exit code. */
export async function runConnect(options: ConnectOptions): Promise<number> {
  const name = options.target ?? DEFAULT_HOST;
  try {
    return await connect(options, parseTarget(name));
  } catch (error) {
    if (error instanceof TargetError) {
      say(error.message);
      return EXIT.usage;
    }
    if (error instanceof ConnectError) {
      say(`Cannot connect to ${JSON.stringify(name)}: ${error.message}`);
      return EXIT.failed;
    }
    if (error instanceof RunError) {
      say(error.message);
      return error.code;
    }
    throw error;
  }
}

async function connect(options: ConnectOptions, target: Target): Promise<number> {
  const isPipe = options.tail || !Deno.stdin.isTerminal();
  const named = options.room ?? target.room;
  const room = named === "" ? "" : toRoomName(named); // as /join does: else it would be a private conversation
  if (!isPipe && !Deno.stdout.isTerminal()) {
    throw new RunError("Cannot use stdout: it is not a terminal; to print messages there, use --tail", EXIT.usage);
  }
  if (isPipe && room === "" && target.code === "") {
    throw new RunError(
      `Cannot run without a terminal: name a room, as in tincan connect ${target.host} '#room'`,
      EXIT.usage,
    );
  }
  const ca = await readAuthorities(options.ca);
  const directory = configDirectory(options.env);
  const settings = Settings.of(directory, target.server);
  if (directory === undefined) say("Nothing is stored: HOME is not set.");
  const known = openCertificates(directory);
  const login = options.login ? await askLogin(options, settings) : undefined;
  const trust = new Trust(known, ca);
  const loading = isPipe ? undefined : import("./app.ts"); // while the network is waited for
  const { way, wire, options: dialOptions } = await reach(target, { trust, allowsPlain: options.plain }, settings);
  if (settings.problem !== undefined) say(settings.problem);
  const session = createSession({
    dialer: new ServerDialer(way, wire, dialOptions),
    settings,
    network: target.host,
    nick: login?.name ?? options.nick ?? nickname(settings, options.env),
    room,
    code: target.code,
    login,
    device: deviceName(options.env),
    isForPeople: !isPipe,
  });
  if (loading !== undefined) return await (await loading).runApp(session);
  if (options.tail) return await (await import("./tail.ts")).runTail(session);
  return await (await import("./pipe.ts")).runPipe(session);
}

async function readAuthorities(path: string | undefined): Promise<string | undefined> {
  if (path === undefined) return undefined;
  try {
    const text = await Deno.readTextFile(path);
    if (text.includes("-----BEGIN CERTIFICATE-----")) return text;
  } catch (error) {
    throw new RunError(`Cannot use --ca ${JSON.stringify(path)}: ${reasonOf(error)}`, EXIT.usage);
  }
  throw new RunError(`Cannot use --ca ${JSON.stringify(path)}: it contains no certificate (PEM)`, EXIT.usage);
}

function openCertificates(directory: string | undefined): CertificateFile {
  try {
    return new CertificateFile(directory);
  } catch (error) {
    throw new RunError(`Cannot read the known certificates in ${directory}: ${reasonOf(error)}`, EXIT.failed);
  }
}

/** Asks for the name of the account, unless it is known, and for its password, unless there is a token. */
async function askLogin({ nick, askSecretly }: ConnectOptions, settings: Settings): Promise<Login | undefined> {
  const [known] = tokenIn(settings);
  if (known !== undefined && (nick === undefined || nick.toLowerCase() === known.toLowerCase())) return undefined;
  if (!Deno.stdin.isTerminal()) {
    throw new RunError("Cannot ask for the password: stdin is not a terminal; log in on a terminal once", EXIT.usage);
  }
  const name = nick ?? prompt("Account:")?.trim() ?? "";
  if (!isNick(name)) throw new RunError("Cannot log in: no name of an account", EXIT.usage);
  const password = await askSecretly(`Password of ${name}: `);
  if (password === "") throw new RunError("Cannot log in: no password", EXIT.usage);
  return { name, password };
}

/** The account of the stored token. */
function tokenIn(settings: Settings): [name?: string] {
  try {
    const [name] = JSON.parse(settings.getItem("tincan.token") ?? "[]");
    return typeof name === "string" ? [name] : [];
  } catch {
    return [];
  }
}

/** The nickname used last, or else that of the user of this machine. */
function nickname(settings: Settings, env: Environment): string {
  const [account] = tokenIn(settings);
  const names = [account, settings.getItem("tincan.nick"), env("USER"), env("USERNAME")];
  return names.find((name) => name && name !== "root" && isNick(name)) ?? "guest";
}

/** The name under which the server lists this device. */
function deviceName(env: Environment): string {
  const systems: Record<string, string> = { darwin: "macOS", linux: "Linux", windows: "Windows" };
  const system = systems[Deno.build.os] ?? Deno.build.os;
  return env("SSH_CONNECTION") ? `Terminal on ${system} (ssh)` : `Terminal on ${system}`;
}
