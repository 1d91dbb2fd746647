/**
 * `tincan connect`: finds the server, asks what only the user can decide, and runs the terminal client or the pipe.
 */
import { ConnectError } from "./connect_error.ts";
import { dial, type Dialed, type DialOptions, PlainTextError } from "./dial.ts";
import { ServerDialer } from "./line_socket.ts";
import { CertificateFile, configDirectory, type Environment, Settings } from "./settings.ts";
import { createSession } from "./session.ts";
import { DEFAULT_HOST, parseTarget, type Target, TargetError, urlOf, type Way } from "./target.ts";
import { Trust, UnknownCertificateError } from "./trust.ts";

/** What the command line asks for. */
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
}

/** Exit codes. */
export const EXIT = { ok: 0, failed: 1, usage: 2 } as const;

/** Runs the client, and resolves to its exit code. */
export async function runConnect(options: ConnectOptions): Promise<number> {
  const say = (text: string) => void Deno.stderr.writeSync(new TextEncoder().encode(`${text}\n`));
  try {
    const target = parseTarget(options.target ?? DEFAULT_HOST);
    const directory = configDirectory(options.env);
    const settings = Settings.of(directory, target.host);
    if (settings.problem !== undefined) say(settings.problem);
    const ca = options.ca === undefined ? undefined : await Deno.readTextFile(options.ca);
    const known = new CertificateFile(directory);
    const dialOptions = { trust: new Trust(known, ca), allowsPlain: options.plain };
    const { way, wire } = await reach(target, target.ways, dialOptions, known);
    const session = createSession({
      dialer: new ServerDialer(way, wire, dialOptions),
      settings,
      network: target.host,
      nick: options.nick ?? (settings.getItem("tincan.nick") || "guest"),
      room: options.room ?? target.room,
      code: target.code,
      device: "tincan connect",
      isForPeople: true,
    });
    const { runApp } = await import("./app.ts");
    return await runApp(session);
  } catch (error) {
    if (error instanceof TargetError) {
      say(error.message);
      return EXIT.usage;
    }
    if (error instanceof ConnectError) {
      say(`Cannot connect to ${JSON.stringify(options.target ?? DEFAULT_HOST)}: ${error.message}`);
      return EXIT.failed;
    }
    throw error;
  }
}

/** Connects, and asks the user where that is needed. */
async function reach(
  target: Target,
  ways: readonly Way[],
  options: DialOptions,
  known: CertificateFile,
): Promise<Dialed> {
  try {
    return await dial(ways, options);
  } catch (error) {
    if (error instanceof UnknownCertificateError) {
      const { server, fingerprint, why } = error;
      const what = `No authority vouches for the certificate of ${server}: ${why}.\nIts fingerprint is ${fingerprint}.`;
      if (!ask(what, "Trust it from now on?")) throw new ConnectError("the certificate is not trusted");
      known.add(server, fingerprint);
      return reach(target, ways, options, known);
    }
    if (error instanceof PlainTextError) {
      const what = `${target.host}: ${error.message}. Others on the way could read everything, and passwords.`;
      if (!ask(what, "Connect without encryption?")) throw error;
      return reach(target, ways.filter(({ scheme }) => !scheme.endsWith("s") || scheme === "ws"), {
        ...options,
        allowsPlain: true,
      }, known);
    }
    throw error;
  }
}

function ask(what: string, question: string): boolean {
  if (!Deno.stdin.isTerminal()) return false;
  console.error(what);
  return /^y(es)?$/i.test(prompt(`${question} (yes/no)`) ?? "");
}

/** For messages: where the session is. */
export const placeOf = urlOf;
