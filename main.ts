/**
 * tincan: arguments in, exit code out; signals.
 *
 * Exits with 0 after it was asked to stop or has done what it was told, 1 when it cannot, 2 when the command line makes no
 * sense, and, when it is told twice to stop, at once, with 128 and the signal's number, as a shell would say it.
 */
import { Accounts } from "./src/accounts/accounts.ts";
import { hashPassword, PASSWORD_MAX, prepare } from "./src/accounts/password.ts";
import project from "./deno.json" with { type: "json" };
import { type Options, parseCommandLine, UsageError } from "./src/cli.ts";
import { CommandError, COMMANDS } from "./src/commands.ts";
import { BanTable } from "./src/history/ban_table.ts";
import { Database } from "./src/history/database.ts";
import { type History, StoreError } from "./src/history/history.ts";
import { MemoryHistory, TARGET_LINES } from "./src/history/memory.ts";
import { SqliteHistory } from "./src/history/sqlite.ts";
import { Log } from "./src/log.ts";
import { Operators } from "./src/operators.ts";
import { Reader } from "./src/reader.ts";
import { DoorError, Server } from "./src/server.ts";
import { TlsFiles } from "./src/tls_files.ts";
import { CertificateError } from "./src/transport/certificate.ts";
import { warmUp } from "./src/warmup.ts";

/** The most bytes in a file given with `--motd`. */
const MOTD_MAX = 64 * 1024;

/** The most bytes in a file given with `--password-file`: what is larger is another file, given by mistake. */
const PASSWORD_FILE_MAX = 4096;

/** Signals that mean "stop", and their numbers. Windows has only the first. */
const SIGNALS = { SIGINT: 2, SIGTERM: 15 } as const;

/**
 * How soon after a signal the same one is no second one, in milliseconds. `npx` and the like pass on what the terminal
 * has sent to everybody already, so that a single Ctrl-C comes twice.
 */
const ECHO_TIME = 50;

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
    if (request.command === "passwd") {
      console.log(await operatorLine(request));
      return 0;
    }
    const { command } = request;
    if (command === "export" || command === "import" || command === "forget") {
      await COMMANDS[command](request);
      return 0;
    }
    const log = new Log(request.logLevel, request.logFormat, Deno.stderr, request.logRate);
    survive(log);
    const readText = readerOf(request);
    const readMotd = () => motdOf(request, readText);
    const [motd, operators, password] = [await readMotd(), await operatorsOf(request), await passwordOf(request)];
    const tlsFiles = request.tls && await TlsFiles.open(request.tls, readText, log);
    const { history, accounts, bans } = await withData(request, () => storeOf(request));
    const tls = tlsFiles?.tls;
    const files = { motd, readMotd, operators, password, history, accounts, bans, version: project.version, tls };
    const server = await withData(request, () => new Server(request, files, log));
    const stop = stopSignal();
    if (tlsFiles !== undefined) onHangUp(() => void tlsFiles.reload());
    for (const door of server.doors) console.log(door);
    void warmUp(request).then(dropPermissions);
    log.info("stopping", { signal: await stop });
    await server.stop();
    history.close();
    await log.flushed();
    return 0;
  } catch (error) {
    if (!EXPECTED.some((kind) => error instanceof kind)) throw error;
    console.error((error as Error).message);
    return error instanceof UsageError || error instanceof CertificateError ? 2 : 1;
  }
}

/** What reads those files that may be read anew, when nothing else can be any more. */
function readerOf({ motd, tls }: Options): (path: string) => Promise<string> {
  const paths = [motd, tls?.cert, tls?.key].filter((path) => path !== undefined);
  if (paths.length === 0) return Deno.readTextFile;
  const reader = new Reader(paths);
  return (path) => reader.read(path);
}

/** The lines of the file to show on arrival. */
async function motdOf({ motd, sendBuffer }: Options, readText: (path: string) => Promise<string>): Promise<string[]> {
  if (motd === undefined) return [];
  const most = Math.min(MOTD_MAX, sendBuffer / 2);
  try {
    const text = await readText(motd);
    if (new TextEncoder().encode(text).length > most) throw new Error(`it has more than ${most} bytes`);
    return text.trimEnd().split(/\r?\n/);
  } catch (error) {
    const why = error instanceof Deno.errors.NotFound ? "no such file" : (error as Error).message;
    throw new UsageError(`Cannot use --motd "${motd}": ${why}`);
  }
}

/** The file of those who may run the server. */
async function operatorsOf({ operators }: Options): Promise<Operators> {
  if (operators === undefined) return new Operators();
  try {
    return Operators.read(await Deno.readTextFile(operators));
  } catch (error) {
    const why = error instanceof Deno.errors.NotFound ? "no such file" : (error as Error).message;
    throw new UsageError(`Cannot use --operators "${operators}": ${why}`);
  }
}

/** What everybody has to say to be let in. */
async function passwordOf({ passwordFile }: Options): Promise<string | undefined> {
  if (passwordFile === undefined) return undefined;
  try {
    const { size } = await Deno.stat(passwordFile);
    if (size > PASSWORD_FILE_MAX) throw new Error(`it has more than ${PASSWORD_FILE_MAX} bytes`);
    const [line = ""] = (await Deno.readTextFile(passwordFile)).split(/\r?\n/);
    if (line === "") throw new Error("its first line is empty");
    if ([...line].length > PASSWORD_MAX) throw new Error(`its first line has more than ${PASSWORD_MAX} characters`);
    const password = prepare(line);
    if (password === undefined) throw new Error("its first line has characters that no password can have");
    return password;
  } catch (error) {
    const why = error instanceof Deno.errors.NotFound ? "no such file" : (error as Error).message;
    throw new UsageError(`Cannot use --password-file "${passwordFile}": ${why}`);
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

/** A line for that file. The password comes from the terminal, where it is not shown, or else from stdin. */
async function operatorLine({ argument: name }: Options): Promise<string> {
  if (name === undefined || !/^[^\s#]+$/.test(name)) throw new UsageError("Cannot make a line: tincan passwd NAME");
  const password = Deno.stdin.isTerminal() ? askSecretly("Password: ") : await readFirstLine();
  if (password === "") throw new UsageError("Cannot make a line: the password is empty");
  return `${name} ${await hashPassword(password)}`;
}

function askSecretly(question: string): string {
  const write = (text: string) => Deno.stderr.writeSync(new TextEncoder().encode(text));
  write(question);
  Deno.stdin.setRaw(true, { cbreak: true }); // Ctrl-C still works
  try {
    const bytes: number[] = [];
    const byte = new Uint8Array(1);
    while (Deno.stdin.readSync(byte) === 1 && byte[0] !== 0x0a && byte[0] !== 0x0d) {
      if (byte[0] === 0x7f || byte[0] === 0x08) bytes.pop();
      else bytes.push(byte[0]!);
    }
    return new TextDecoder().decode(new Uint8Array(bytes));
  } finally {
    Deno.stdin.setRaw(false);
    write("\n");
  }
}

async function readFirstLine(): Promise<string> {
  const text = await new Response(Deno.stdin.readable).text();
  return text.split(/\r?\n/)[0] ?? "";
}

/** A mistake of ours that nothing else has caught goes to the log, and ends nobody's conversation. */
function survive(log: Log) {
  globalThis.addEventListener("unhandledrejection", (event) => {
    event.preventDefault();
    log.error("unhandled rejection", { error: event.reason instanceof Error ? event.reason.stack : `${event.reason}` });
  });
}

/** What is open stays open; from here on nothing more can be opened or asked of the environment. See `reader.ts`. */
async function dropPermissions() {
  for (const name of ["net", "write", "env", "read"] as const) await Deno.permissions.revoke({ name });
}

/** Has something done whenever the process is told that there is something new. There is no such thing on Windows. */
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
