/**
 * tincan: parses the arguments, runs a command or the server, handles signals, and sets the exit code.
 *
 * Exit codes: 0 after a normal stop and after a command that succeeded; 1 if it failed; 2 if the command line or a file
 * that it names cannot be used; 128 and the signal's number, as shells do, if a second signal ends the process at once.
 */
import type { Accounts } from "./src/accounts/accounts.ts";
import project from "./deno.json" with { type: "json" };
import { parseCommandLine } from "./src/cli/command_line.ts";
import { CommandError, COMMANDS } from "./src/cli/commands.ts";
import { openAccounts } from "./src/cli/accounts.ts";
import { ConfigFiles, modeOf } from "./src/cli/config_files.ts";
import type { Options } from "./src/cli/options.ts";
import { askSecretly } from "./src/cli/password_prompt.ts";
import { UsageError } from "./src/cli/usage_error.ts";
import { BanTable } from "./src/history/ban_table.ts";
import { IgnoreTable } from "./src/history/ignore_table.ts";
import { InviteLinkTable } from "./src/history/invite_link_table.ts";
import { Database, type ExposedFile, knownTime } from "./src/history/database.ts";
import type { CheckpointStore } from "./src/chat/checkpoint_store.ts";
import type { NodeHistory } from "./src/chat/node_history.ts";
import { type HistoryStore, StoreError } from "./src/chat/store.ts";
import type { FileStore } from "./src/files/file_store.ts";
import type { FileKind, Sniffer } from "./src/files/types.ts";
import { MemoryHistory, TARGET_LINES } from "./src/history/memory.ts";
import { SqliteHistory } from "./src/history/sqlite.ts";
import { errorDetails, Log } from "./src/monitoring/log.ts";
import { OutputError, tellError, writeOut } from "./src/cli/output.ts";
import { ClusterError } from "./src/server/cluster_error.ts";
import { ListenError } from "./src/server/listeners.ts";
import { Server } from "./src/server/server.ts";
import { CertificateError } from "./src/transport/certificate.ts";
import { isSystemError, reasonOf } from "./src/util/system_error.ts";
import { type ExpiryClock, TrustedClock } from "./src/util/trusted_clock.ts";
import { warmUp } from "./src/server/warmup.ts";

/** Signals that stop the server, and their numbers. Windows has only the first. */
const STOP_SIGNALS = { SIGINT: 2, SIGTERM: 15 } as const;

/**
 * How soon after a signal the same signal is ignored, in milliseconds. The terminal sends Ctrl-C to all processes of the
 * foreground, and wrappers such as `npx` forward it to tincan again.
 */
const DUPLICATE_TIME = 50;

/** The size of the history of a node of a cluster that has no file, in bytes. */
const MEMORY_SIZE = 64 * 1024 * 1024;

/** How long the process waits at its end for the log to be written, in milliseconds. */
const LOG_TIMEOUT = 1000;

/** Errors with a message for users; any other error is a bug in tincan. */
const USER_ERRORS = [UsageError, ListenError, ClusterError, CommandError, CertificateError, OutputError];

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
    const command = COMMANDS[request.command];
    if (command === undefined) await serve(request);
    else await command(request);
    return 0;
  } catch (error) {
    tellError(messageOf(error, debug)); // not rethrown: once the server has a log, an uncaught error is only logged
    return error instanceof UsageError || error instanceof CertificateError ? 2 : 1;
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

/** Runs the server until a signal stops it. */
async function serve(options: Options): Promise<void> {
  const log = serverLog = new Log(options.logLevel, options.logFormat, Deno.stderr, options.logRate);
  const configFiles = await ConfigFiles.open(options, log);
  const storage = await withDataErrors(options, () => openStorage(options));
  for (const { path: file, mode, corrected } of storage.exposed) {
    const what = corrected ? "database could be read by others, and no longer can" : "database can be read by others";
    log.warn(what, { file, mode: modeOf(mode) });
  }
  const files = Object.assign(configFiles, storage, { version: project.version });
  const server = await withDataErrors(options, () => new Server(options, files, log));
  // Before permissions are given up, as the worker needs some, and before clients come, as they need the state of the cluster.
  await withDataErrors(options, () => server.join());
  await withDataErrors(options, () => server.open());
  revoke(ALL_BUT_NET); // before any client is served
  const stop = stopSignal();
  onHangUp(() => void server.reload());
  const hasReader = await writeOut(server.addresses.map((door) => `${door}\n`).join(""));
  if (!hasReader) log.warn("stdout is closed: the addresses of the ports are not printed");
  if (storage.files !== undefined && options.uploads !== "off") void sniff(new Uint8Array());
  void warmUp(options).finally(() => revoke(["net"])).then(() => log.debug("warm"));
  const failure = server.failed.then((sentence) => new ClusterError(sentence));
  const reason = await Promise.race([stop, failure]);
  if (typeof reason === "string") log.info("stopping", { signal: reason });
  await server.stop();
  storage.history.close();
  await Promise.race([log.flushed(), delay(LOG_TIMEOUT)]); // the reader of stderr may have stopped reading
  if (reason instanceof ClusterError) throw reason;
}

/** Messages, accounts and bans: in the directory of `--data`, or in memory. */
interface Storage {
  readonly history: HistoryStore;
  /** Files that other users of the machine could read. */
  readonly exposed: readonly ExposedFile[];
  readonly accounts?: Accounts;
  readonly bans?: BanTable;
  readonly ignores?: IgnoreTable;
  readonly files?: { readonly store: FileStore; readonly sniff: Sniffer };
  readonly links?: InviteLinkTable;
  readonly clock: ExpiryClock;
  /** What a node of a cluster stores. */
  readonly node?: { readonly history: NodeHistory; readonly checkpoints?: CheckpointStore };
}

async function openStorage(options: Options): Promise<Storage> {
  const { data, sync, keep, keepLines, maxData, maxAccounts, maxFiles, cluster } = options;
  const retention = { age: keep, lines: keepLines, size: maxData };
  if (data === undefined && cluster !== undefined) { // the same tables as with a file, so that nodes do the same
    const clock = new TrustedClock();
    const file = Database.inMemory();
    const lines = Math.min(keepLines, TARGET_LINES);
    const history = new SqliteHistory(file, { ...retention, lines, size: Math.min(maxData, MEMORY_SIZE) }, clock);
    const accounts = openAccounts(file, { max: maxAccounts, secret: history.secret, persistent: false });
    const [bans, ignores, links] = [new BanTable(file), new IgnoreTable(file), new InviteLinkTable(file)];
    return { history, node: { history }, accounts, bans, ignores, links, clock, exposed: [] };
  }
  if (data === undefined) {
    const clock = new TrustedClock();
    const lines = Math.min(keepLines, TARGET_LINES);
    const history = new MemoryHistory({ ...retention, lines }, undefined, clock);
    if (maxAccounts === 0) return { history, clock, exposed: [] };
    const file = Database.inMemory();
    const accounts = openAccounts(file, { max: maxAccounts, secret: history.secret, persistent: false });
    return { history, accounts, ignores: new IgnoreTable(file), clock, exposed: [] };
  }
  const file = await Database.open(data, sync);
  const clock = new TrustedClock(knownTime(file));
  const history = new SqliteHistory(file, retention, clock);
  file.failWhenLocked();
  const accounts = openAccounts(file, { max: maxAccounts, secret: history.secret });
  const { checkpoints, files: store } = history;
  store.limit({ size: maxFiles });
  const [bans, ignores, links] = [new BanTable(file), new IgnoreTable(file), new InviteLinkTable(file)];
  const [node, files] = [{ history, checkpoints }, { store, sniff }];
  return { history, node, accounts, bans, ignores, links, files, clock, exposed: file.exposed };
}

/** Finds the type of a file. Its libraries take 30 ms to load: that is done once the ports are open. */
async function sniff(head: Uint8Array): Promise<FileKind> {
  const { sniff } = await import("./src/files/sniff.ts"); // needs no permission, as it is part of the program
  return sniff(head);
}

/** Runs an action, and throws a storage error as an error in `--data`. */
async function withDataErrors<T>({ data }: Options, action: () => T | Promise<T>): Promise<T> {
  try {
    return await action();
  } catch (error) {
    if (!(error instanceof StoreError)) throw error;
    throw new UsageError(`Cannot use --data "${data}": ${error.message}`);
  }
}

/** The message for an error that ends the program: one line, or for a bug the stack trace with `debug`. */
function messageOf(error: unknown, debug = false): string {
  if (USER_ERRORS.some((kind) => error instanceof kind)) return (error as Error).message;
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
    tellError(messageOf(error));
    Deno.exit(1);
  };
  globalThis.addEventListener("unhandledrejection", (event) => handle(event, "unhandled rejection", event.reason));
  globalThis.addEventListener("error", (event) => handle(event, "uncaught error", event.error));
  if (Deno.build.os !== "windows") Deno.addSignalListener("SIGXFSZ", () => {});
}

function delay(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}

/** The permissions that the server gives up once its ports are open. The warm-up needs `net` a moment longer. */
const ALL_BUT_NET = ["read", "write", "env", "run", "ffi", "sys", "import"] as const;

/** Gives up permissions for good. Open files and sockets stay open; `ConfigReader` reads the config files from then on. */
function revoke(names: readonly Deno.PermissionDescriptor["name"][]) {
  for (const name of names) Deno.permissions.revokeSync({ name });
}

/** Calls a listener on each SIGHUP, which ends the process otherwise. Windows has no such signal. */
function onHangUp(listener: () => void) {
  if (Deno.build.os !== "windows") Deno.addSignalListener("SIGHUP", listener);
}

/** Resolves to the first stop signal. A second one ends the process. */
function stopSignal(): Promise<string> {
  return new Promise((resolve) => {
    let first: { signal: string; at: number } | undefined;
    for (const [signal, number] of Object.entries(STOP_SIGNALS) as [keyof typeof STOP_SIGNALS, number][]) {
      if (Deno.build.os === "windows" && signal !== "SIGINT") continue;
      Deno.addSignalListener(signal, () => {
        const now = performance.now();
        if (first === undefined) {
          first = { signal, at: now };
          resolve(signal);
        } else if (signal !== first.signal || now - first.at > DUPLICATE_TIME) Deno.exit(128 + number);
      });
    }
  });
}

Deno.exit(await main(Deno.args));
