/**
 * tincan: arguments in, exit code out; signals.
 *
 * Exits with 0 after it was asked to stop or has done what it was told, 1 when it cannot, 2 when the command line makes no
 * sense, and, when it is told twice to stop, at once, with 128 and the signal's number, as a shell would say it.
 */
import { Accounts } from "./src/accounts/accounts.ts";
import project from "./deno.json" with { type: "json" };
import { type Options, parseCommandLine, UsageError } from "./src/cli/options.ts";
import { CommandError, COMMANDS } from "./src/cli/commands.ts";
import { ConfigFiles, modeOf } from "./src/cli/config_files.ts";
import { AccountTable } from "./src/history/account_table.ts";
import { BanTable } from "./src/history/ban_table.ts";
import { Database, type ExposedFile, knownTime } from "./src/history/database.ts";
import { type HistoryStore, StoreError } from "./src/chat/store.ts";
import { MemoryHistory, TARGET_LINES } from "./src/history/memory.ts";
import { SqliteHistory } from "./src/history/sqlite.ts";
import { Log } from "./src/monitoring/log.ts";
import { OutputError, tellError, writeOut } from "./src/cli/output.ts";
import { ListenError } from "./src/server/listeners.ts";
import { Server } from "./src/server/server.ts";
import { CertificateError } from "./src/transport/certificate.ts";
import { isSystemError, reasonOf } from "./src/util/system_error.ts";
import { type ExpiryClock, TrustedClock } from "./src/util/trusted_clock.ts";
import { warmUp } from "./src/server/warmup.ts";

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
const EXPECTED = [UsageError, ListenError, CommandError, CertificateError, OutputError];

/** Where mistakes of ours go once the server runs; before that they end the program. */
let record: Log | undefined;

/** Runs tincan, and resolves to its exit code. */
async function main(args: string[]): Promise<number> {
  let debug = false; // whether a mistake of ours is told with all that belongs to it
  try {
    catchAll();
    const request = parseCommandLine(args, (name) => Deno.env.get(name), project.version);
    if ("print" in request) {
      await writeOut(`${request.print}\n`);
      return 0;
    }
    debug = request.logLevel === "debug";
    const command = COMMANDS[request.command];
    if (command !== undefined) {
      await command(request);
      return 0;
    }
    const log = record = new Log(request.logLevel, request.logFormat, Deno.stderr, request.logRate);
    const named = await ConfigFiles.open(request, log);
    const store = await withData(request, () => storeOf(request));
    for (const { path: file, mode, mended } of store.exposed) {
      const what = mended ? "database could be read by others, and no longer can" : "database can be read by others";
      log.warn(what, { file, mode: modeOf(mode) });
    }
    const files = Object.assign(named, store, { version: project.version });
    const server = await withData(request, () => new Server(request, files, log));
    drop(FILES_AND_MORE); // before anybody is heard
    const stop = stopSignal();
    onHangUp(() => void server.reload());
    const heard = await writeOut(server.addresses.map((address) => `${address}\n`).join(""));
    if (!heard) log.warn("stdout is closed: the addresses of the ports are not printed");
    void warmUp(request).finally(() => drop(["net"])).then(() => log.debug("warm"));
    log.info("stopping", { signal: await stop });
    await server.stop();
    store.history.close();
    await Promise.race([log.flushed(), delay(LOG_TIME)]); // whoever reads it may have stopped doing so
    return 0;
  } catch (error) {
    tellError(sentence(error, debug)); // thrown on, it would end this with 0: see `catchAll`
    return error instanceof UsageError || error instanceof CertificateError ? 2 : 1;
  }
}

/** Where things are kept. */
interface Store {
  readonly history: HistoryStore;
  /** Files that others could read. */
  readonly exposed: readonly ExposedFile[];
  readonly accounts?: Accounts;
  readonly bans?: BanTable;
  readonly clock: ExpiryClock;
}

/** Where what is said is kept, the names that are somebody's own, and the bans of the server. */
async function storeOf({ data, sync, keep, maxAccounts }: Options): Promise<Store> {
  if (data === undefined) {
    const clock = new TrustedClock();
    const retention = { ...keep, lines: Math.min(keep.lines, TARGET_LINES) };
    return { history: new MemoryHistory(retention, undefined, clock), clock, exposed: [] };
  }
  const file = await Database.open(data, sync);
  const clock = new TrustedClock(knownTime(file));
  const history = new SqliteHistory(file, keep, clock);
  file.neverWait();
  const accounts = new Accounts(new AccountTable(file), { max: maxAccounts, secret: history.secret });
  return { history, accounts, bans: new BanTable(file), clock, exposed: file.exposed };
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

/** What went wrong, in one line; a mistake of ours with where it happened, if that is asked for. */
function sentence(error: unknown, debug = false): string {
  if (EXPECTED.some((kind) => error instanceof kind)) return (error as Error).message;
  if (debug) return detailsOf(error);
  const why = reasonOf(error).split("\n")[0];
  if (isSystemError(error)) return `Cannot go on: ${why}`;
  return `Cannot go on, by a mistake in tincan: ${why} (--log-level debug tells where)`;
}

function detailsOf(error: unknown): string {
  return error instanceof Error ? error.stack ?? error.message : String(error);
}

/**
 * Handles errors that nothing else has caught. Once the server runs they go to the log and end no connection; before that
 * they end the program. It also keeps a file that may not grow any more (`ulimit -f`) from
 * ending it without a word: the write that is one too many fails instead.
 */
function catchAll() {
  const caught = (event: Event, message: string, error: unknown) => {
    event.preventDefault();
    if (record !== undefined) return record.error(message, { error: detailsOf(error) });
    tellError(sentence(error));
    Deno.exit(1);
  };
  globalThis.addEventListener("unhandledrejection", (event) => caught(event, "unhandled rejection", event.reason));
  globalThis.addEventListener("error", (event) => caught(event, "uncaught error", event.error));
  if (Deno.build.os !== "windows") Deno.addSignalListener("SIGXFSZ", () => {});
}

function delay(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}

/** What is given up as soon as the doors are open; the net, a moment later, as warming up needs it. */
const FILES_AND_MORE = ["read", "write", "env", "run", "ffi", "sys", "import"] as const;

/** What is open stays open; from here on nothing more can be opened or asked of the environment. See `cli/config_reader.ts`. */
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
