/** Runs the server: opens its storage and its ports, handles signals, and gives up permissions. */
import type { Accounts } from "../accounts/accounts.ts";
import { openAccounts } from "../cli/accounts.ts";
import { ConfigFiles, modeOf } from "../cli/config_files.ts";
import type { Options } from "../cli/options.ts";
import { writeOut } from "../cli/output.ts";
import { UsageError } from "../cli/usage_error.ts";
import { BanTable } from "../history/ban_table.ts";
import { IgnoreTable } from "../history/ignore_table.ts";
import { InviteLinkTable } from "../history/invite_link_table.ts";
import { Database, type ExposedFile, knownTime } from "../history/database.ts";
import type { CheckpointStore } from "../chat/checkpoint_store.ts";
import type { NodeHistory } from "../chat/node_history.ts";
import { type HistoryStore, StoreError } from "../chat/store.ts";
import type { FileStore } from "../files/file_store.ts";
import type { FileKind, Sniffer } from "../files/types.ts";
import { MemoryHistory, TARGET_LINES } from "../history/memory.ts";
import { SqliteHistory } from "../history/sqlite.ts";
import { Log } from "../monitoring/log.ts";
import { type ExpiryClock, TrustedClock } from "../util/trusted_clock.ts";
import { ClusterError } from "./cluster_error.ts";
import { Server } from "./server.ts";
import { warmUp } from "./warmup.ts";

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

/** Runs the server until a signal stops it. */
export async function serve(options: Options, version: string, opened: (log: Log) => void): Promise<void> {
  const log = new Log(options.logLevel, options.logFormat, Deno.stderr, options.logRate);
  opened(log);
  const configFiles = await ConfigFiles.open(options, log);
  const storage = await withDataErrors(options, () => openStorage(options));
  for (const { path: file, mode, corrected } of storage.exposed) {
    const what = corrected ? "database could be read by others, and no longer can" : "database can be read by others";
    log.warn(what, { file, mode: modeOf(mode) });
  }
  const files = Object.assign(configFiles, storage, { version });
  const server = await withDataErrors(options, () => new Server(options, files, log));
  // Before permissions are given up, as the worker needs some, and before clients come, as they need the state of the cluster.
  await withDataErrors(options, () => server.join());
  revoke(ALL_BUT_NET); // before any client is served
  await withDataErrors(options, () => server.open());
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
  const { sniff } = await import("../files/sniff.ts"); // needs no permission, as it is part of the program
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
