/**
 * tincan: parses the arguments, runs a command or the server, handles signals, and sets the exit code.
 *
 * Exit codes: 0 after a normal stop and after a command that succeeded; 1 if it failed; 2 if the command line or a file
 * that it names cannot be used; 128 and the signal's number, as shells do, if a second signal ends the process at once.
 */
import project from "./deno.json" with { type: "json" };
import { parseCommandLine } from "./src/cli/command_line.ts";
import type { Options } from "./src/cli/options.ts";
import { tellError, writeOut } from "./src/cli/output.ts";
import { askSecretly } from "./src/cli/password_prompt.ts";
import { UsageError } from "./src/cli/usage_error.ts";
import { errorDetails, type Log } from "./src/monitoring/log.ts";
import { isSystemError, reasonOf } from "./src/util/system_error.ts";

/** Errors with a message for users, by their name, as their modules are loaded when they are needed; any other error is a bug in tincan. */
const USER_ERRORS = new Set([
  "UsageError",
  "ListenError",
  "ClusterError",
  "CommandError",
  "CertificateError",
  "OutputError",
]);

/** Where uncaught errors are logged while the server runs; before that, they end the process. */
let serverLog: Log | undefined;

/** Runs tincan, and resolves to its exit code. */
async function main(args: string[]): Promise<number> {
  let debug = false; // whether a bug is reported with its stack trace
  try {
    handleUncaughtErrors();
    const request = parseCommandLine(args, (name) => Deno.env.get(name), project.version);
    if ("print" in request) {
      await writeOut(`${request.print}\n`);
      return 0;
    }
    debug = request.logLevel === "debug";
    if (request.command === "connect") return await connect(request);
    if (request.command === "serve" || request.command === "echo") await serve(request);
    else await (await import("./src/cli/commands.ts")).COMMANDS[request.command]?.(request);
    return 0;
  } catch (error) {
    tellError(messageOf(error, debug)); // not rethrown: once the server has a log, an uncaught error is only logged
    return error instanceof Error && /^(?:Usage|Certificate)Error$/.test(error.name) ? 2 : 1;
  }
}

/** Runs the client. The server does not load it. */
async function connect({ argument: first, more, room, nick, login, ca, plain, tail }: Options): Promise<number> {
  const words = first?.startsWith("#") ? [undefined, first, ...more] : [first, ...more];
  const [target, named, ...rest] = words;
  if (rest.length > 0) throw new UsageError(`Cannot use "${rest[0]}": connect takes one target and one room`);
  const { runConnect } = await import("./src/client/run.ts");
  const env = (name: string) => Deno.env.get(name);
  const ask = async (prompt: string) => (await askSecretly(prompt))[0] ?? "";
  return await runConnect({ target, room: room ?? named, nick, login, ca, plain, tail, env, askSecretly: ask });
}

/** Runs the server. The client does not load it. */
async function serve(options: Options): Promise<void> {
  const { serve } = await import("./src/server/serve.ts");
  await serve(options, project.version, (log) => serverLog = log);
}

/** The message for an error that ends the program: one line, or for a bug the stack trace with `debug`. */
function messageOf(error: unknown, debug = false): string {
  if (error instanceof Error && USER_ERRORS.has(error.name)) return error.message;
  if (debug) return errorDetails(error);
  const why = reasonOf(error).split("\n")[0];
  if (isSystemError(error)) return `Cannot continue: ${why}`;
  return `Cannot continue because of a bug in tincan: ${why} (--log-level debug shows where)`;
}

/**
 * Handles uncaught errors and rejections. While the server runs they are logged, and all connections stay open; before that
 * they end the process. Also ignores SIGXFSZ, so that a write beyond the file size limit (`ulimit -f`) fails with an error
 * instead of ending the process.
 */
function handleUncaughtErrors() {
  const handle = (event: Event, message: string, error: unknown) => {
    event.preventDefault();
    if (serverLog !== undefined) return serverLog.error(message, { error: errorDetails(error) });
    queueMicrotask(() => { // after other listeners: the client restores the terminal first, or the error could not be seen
      tellError(messageOf(error));
      Deno.exit(1);
    });
  };
  globalThis.addEventListener("unhandledrejection", (event) => handle(event, "unhandled rejection", event.reason));
  globalThis.addEventListener("error", (event) => handle(event, "uncaught error", event.error));
  if (Deno.build.os !== "windows") Deno.addSignalListener("SIGXFSZ", () => {});
}

Deno.exit(await main(Deno.args));
