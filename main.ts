/**
 * tincan: arguments in, exit code out; signals.
 *
 * Exits with 0 after it was asked to stop or has done what it was told, 1 when it cannot, 2 when the command line makes no
 * sense, and, when it is told twice to stop, at once, with 128 and the signal's number, as a shell would say it.
 */
import { Accounts } from "./src/accounts/accounts.ts";
import project from "./deno.json" with { type: "json" };
import { type Options, parseCommandLine, UsageError } from "./src/cli.ts";
import { CommandError, COMMANDS } from "./src/commands.ts";
import { NamedFiles } from "./src/files.ts";
import { BanTable } from "./src/history/ban_table.ts";
import { Database } from "./src/history/database.ts";
import { type History, StoreError } from "./src/history/history.ts";
import { MemoryHistory, TARGET_LINES } from "./src/history/memory.ts";
import { SqliteHistory } from "./src/history/sqlite.ts";
import { Log } from "./src/log.ts";
import { DoorError, Server } from "./src/server.ts";
import { CertificateError } from "./src/transport/certificate.ts";
import { warmUp } from "./src/warmup.ts";

/** Signals that mean "stop", and their numbers. Windows has only the first. */
const SIGNALS = { SIGINT: 2, SIGTERM: 15 } as const;

/**
 * How soon after a signal the same one is no second one, in milliseconds. `npx` and the like pass on what the terminal
 * has sent to everybody already, so that a single Ctrl-C comes twice.
 */
const ECHO_TIME = 50;

/** How long the end waits for the log to be read, in milliseconds. */
const LOG_TIME = 1000;

/** What can go wrong that is no mistake of ours: a line for whoever started it says it all. */
const EXPECTED = [UsageError, DoorError, CommandError, CertificateError];

/** Runs tincan, and resolves to its exit code. */
async function main(args: string[]): Promise<number> {
  try {
    const request = parseCommandLine(args, (name) => Deno.env.get(name), project.version);
    if ("print" in request) {
      console.log(request.print);
      return 0;
    }
    const command = COMMANDS[request.command];
    if (command !== undefined) {
      await command(request);
      return 0;
    }
    const log = new Log(request.logLevel, request.logFormat, Deno.stderr, request.logRate);
    survive(log);
    const named = await NamedFiles.open(request, log);
    const store = await withData(request, () => storeOf(request));
    const files = Object.assign(named, store, { version: project.version });
    const server = await withData(request, () => new Server(request, files, log));
    drop(FILES_AND_MORE); // before anybody is heard
    const stop = stopSignal();
    onHangUp(() => void server.reload());
    for (const door of server.doors) console.log(door);
    void warmUp(request).finally(() => drop(["net"])).then(() => log.debug("warm"));
    log.info("stopping", { signal: await stop });
    await server.stop();
    store.history.close();
    await Promise.race([log.flushed(), delay(LOG_TIME)]); // whoever reads it may have stopped doing so
    return 0;
  } catch (error) {
    const expected = EXPECTED.some((kind) => error instanceof kind);
    console.error(expected ? (error as Error).message : error); // thrown on, it would end this with 0: see `survive`
    return error instanceof UsageError || error instanceof CertificateError ? 2 : 1;
  }
}

/** Where things are kept. */
interface Store {
  readonly history: History;
  readonly accounts?: Accounts;
  readonly bans?: BanTable;
}

/** Where what is said is kept, the names that are somebody's own, and the bans of the server. */
async function storeOf({ data, sync, keep, maxAccounts }: Options): Promise<Store> {
  if (data === undefined) {
    return { history: new MemoryHistory({ ...keep, lines: Math.min(keep.lines, TARGET_LINES) }) };
  }
  const file = await Database.open(data, sync);
  const history = new SqliteHistory(file, keep);
  const accounts = new Accounts(file, { most: maxAccounts, secret: history.secret });
  return { history, accounts, bans: new BanTable(file) };
}

/** Does something that may find out that what is kept cannot be used. */
async function withData<T>({ data }: Options, use: () => T | Promise<T>): Promise<T> {
  try {
    return await use();
  } catch (error) {
    if (!(error instanceof StoreError)) throw error;
    throw new UsageError(`Cannot use --data "${data}": ${error.message}`);
  }
}

/** A mistake of ours that nothing else has caught goes to the log, and ends nobody's conversation. */
function survive(log: Log) {
  const told = (error: unknown) => error instanceof Error ? error.stack : `${error}`;
  globalThis.addEventListener("unhandledrejection", (event) => {
    event.preventDefault();
    log.error("unhandled rejection", { error: told(event.reason) });
  });
  globalThis.addEventListener("error", (event) => {
    event.preventDefault();
    log.error("uncaught error", { error: told(event.error) });
  });
}

function delay(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}

/** What is given up as soon as the doors are open; the net, a moment later, as warming up needs it. */
const FILES_AND_MORE = ["read", "write", "env", "run", "ffi", "sys", "import"] as const;

/** What is open stays open; from here on nothing more can be opened or asked of the environment. See `reader.ts`. */
function drop(names: readonly Deno.PermissionDescriptor["name"][]) {
  for (const name of names) Deno.permissions.revokeSync({ name });
}

/** Has something done whenever the process is told that there is something new: else that would end it. Not on Windows. */
function onHangUp(listener: () => void) {
  if (Deno.build.os !== "windows") Deno.addSignalListener("SIGHUP", listener);
}

/** Resolves to the first signal that means "stop". The second one ends the process. */
function stopSignal(): Promise<string> {
  return new Promise((resolve) => {
    let first: { signal: string; at: number } | undefined;
    for (const [signal, number] of Object.entries(SIGNALS) as [keyof typeof SIGNALS, number][]) {
      if (Deno.build.os === "windows" && signal !== "SIGINT") continue;
      Deno.addSignalListener(signal, () => {
        const now = performance.now();
        if (first === undefined) {
          first = { signal, at: now };
          resolve(signal);
        } else if (signal !== first.signal || now - first.at > ECHO_TIME) Deno.exit(128 + number);
      });
    }
  });
}

Deno.exit(await main(Deno.args));
