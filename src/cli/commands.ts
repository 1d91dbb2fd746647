/**
 * The commands that run without a server: `export`, `import`, `forget`, `passwd` and `token`.
 */
import { AuthError, type AuthErrorCode, type Caller } from "../accounts/auth.ts";
import { Devices } from "../accounts/devices.ts";
import { choose, hashPassword, PasswordError } from "../accounts/password.ts";
import { isNick, prepareName } from "../chat/names.ts";
import { StoreError } from "../chat/store.ts";
import { Database } from "../history/database.ts";
import { erase } from "../history/erase.ts";
import { Export } from "../history/export.ts";
import { Import } from "../history/import.ts";
import { FormatError } from "../history/jsonl.ts";
import { describeToken, readDevice } from "../accounts/device_texts.ts";
import { isSystemError, reasonOf } from "../util/system_error.ts";
import { openAccounts } from "./accounts.ts";
import type { Options } from "./options.ts";
import { writeOut } from "./output.ts";
import { askSecretly } from "./password_prompt.ts";
import { Progress } from "./progress.ts";
import { UsageError } from "./usage_error.ts";
import { counted } from "../util/counted.ts";

/** The first line of stdin is read up to this length, in characters. No password is as long. */
const FIRST_LINE_MAX = 10_000;

/** A command failed. The message is one line, for the person who ran it. */
export class CommandError extends Error {
  override name = "CommandError";
}

/** Runs a command. Rejects with a {@linkcode CommandError} or a {@linkcode UsageError}. */
type Command = (options: Options) => Promise<void>;

/** The commands by name; `serve` and `echo`, which are servers, are not among them. */
export const COMMANDS: Readonly<Partial<Record<Options["command"], Command>>> = {
  export: runExport,
  import: runImport,
  forget: runForget,
  passwd: runPasswd,
  token: runToken,
};

/** Writes the stored messages to stdout. */
async function runExport({ data, format, room, files }: Options): Promise<void> {
  if (files && (format !== "jsonl" || room !== undefined)) {
    throw new UsageError("Cannot use --files: it needs --format jsonl, and exports the files of all rooms");
  }
  await withDatabase(`export ${quoted(data!)}`, () => Database.read(data!), async (database) => {
    const all = new Export(database, format, room, files);
    if (!all.found) throw new CommandError(`Cannot export ${quoted(room!)}: there is no such room`);
    // On a terminal, the bar would mix with the exported lines.
    const progress = Deno.stdout.isTerminal() ? undefined : await showProgress("Exporting");
    const total = progress && all.count();
    let done = 0;
    try {
      for (const { text, messages } of all.pieces()) {
        if (!await writeOut(text, "export")) break;
        progress?.set(done += messages, total!);
      }
    } finally {
      progress?.stop();
    }
  });
}

/** Stores the messages of an export, which it reads from stdin. */
async function runImport({ data, sync }: Options): Promise<void> {
  if (Deno.stdin.isTerminal()) {
    throw new UsageError(`Cannot import from a terminal: tincan import --data DIR < FILE`);
  }
  await withDatabase(`import into ${quoted(data!)}`, () => Database.open(data!, sync), async (database) => {
    const progress = await showProgress("Importing");
    const all = new Import(database);
    let failure: unknown;
    try {
      await all.read(Deno.stdin.readable, (done, total) => progress?.set(done, total));
    } catch (error) {
      failure = error;
    }
    progress?.stop();
    const known = all.known > 0 ? `, and ${counted(all.known, "line")} there already` : "";
    const { files } = all;
    const more = files.imported > 0 ? `, and ${counted(files.imported, "file")}` : "";
    const written = writeOut(`${counted(all.imported, "line")} imported${known}${more}\n`);
    if (failure === undefined) return void await written;
    await written.catch(() => {}); // the first error is the one to report
    if (failure instanceof FormatError) throw new CommandError(`Cannot import: ${failure.message}`);
    throw isSystemError(failure) ? new CommandError(`Cannot import: ${reasonOf(failure)}`) : failure;
  });
}

/** Deletes all messages of a nickname, and its account. */
async function runForget({ data, argument }: Options): Promise<void> {
  if (argument === undefined) throw new UsageError("Cannot forget: tincan forget NAME --data DIR");
  const nick = prepareName(argument);
  if (!isNick(nick)) throw new UsageError(`Cannot forget ${quoted(nick)}: it is not a valid nickname`);
  await withDatabase(`forget ${quoted(nick)} in ${quoted(data!)}`, () => Database.reopen(data!), async (database) => {
    const { inRooms, inPrivate, account } = erase(database, nick);
    const more = inPrivate > 0 ? `, and ${counted(inPrivate, "line")} of private conversations` : "";
    await writeOut(`${counted(inRooms, "line")} erased${more}${account ? ", and the account" : ""}\n`);
  });
}

/** Sets the password of an account, or prints a line for the file of `--operators`. */
async function runPasswd(options: Options): Promise<void> {
  const { argument: name, account } = options;
  if (account !== undefined) return await setPassword(options, account);
  if (name === undefined || !/^[^\s#]+$/.test(name)) throw new UsageError("Cannot make a line: tincan passwd NAME");
  const password = await readPassword();
  if (password === "") throw new UsageError("Cannot make a line: the password is empty");
  let line;
  try {
    line = `${name} ${await hashPassword(choose(password))}\n`;
  } catch (error) {
    if (!(error instanceof PasswordError)) throw error;
    throw new UsageError(error.message);
  }
  await writeOut(line);
}

/** Sets the password of an account in a directory that no server uses. */
async function setPassword({ data, argument }: Options, name: string): Promise<void> {
  if (argument !== undefined) throw new UsageError(`Cannot use "${argument}": with --account, passwd takes no name`);
  const what = `set the password of ${quoted(name)} in ${quoted(data!)}`;
  await withDatabase(what, () => Database.reopen(data!), async (database) => {
    const accounts = openAccounts(database, { secret: new Uint8Array() });
    const account = accounts.find(name);
    if (account === undefined) throw new CommandError(`Cannot ${what}: there is no such account`);
    const password = await readPassword();
    try {
      await accounts.changePassword(name, choose(password));
    } catch (error) {
      if (!(error instanceof PasswordError)) throw error;
      throw new UsageError(error.message);
    }
    await writeOut(`The password of ${account.name} is changed. Its devices and bots are signed out.\n`);
  });
}

/** Lists, adds or revokes tokens of an account in a directory that no server uses. */
async function runToken({ data, argument: action = "", more: [name = "", ...words] }: Options): Promise<void> {
  if (!/^(?:list|add|revoke)$/.test(action) || name === "" || (action !== "list" && words.length === 0)) {
    throw new UsageError(
      "Cannot manage tokens: tincan token list NAME, add NAME DEVICE [read] [#ROOM], or revoke NAME N, with --data DIR",
    );
  }
  const what = `${action} tokens of ${quoted(name)} in ${quoted(data!)}`;
  const open = () => action === "list" ? Database.read(data!) : Database.reopen(data!);
  await withDatabase(what, open, async (database) => {
    const accounts = openAccounts(database, { secret: new Uint8Array() });
    const account = accounts.find(name)?.name;
    if (account === undefined) throw new CommandError(`Cannot ${what}: there is no such account`);
    const devices = new Devices(accounts, { info() {}, warn() {} });
    const caller = { address: "", peer: "" };
    try {
      await writeOut(await tokenAction(devices, caller, account, action, words.join(" ")));
    } catch (error) {
      if (!(error instanceof AuthError)) throw error;
      throw new CommandError(`Cannot ${what}: ${TOKEN_ERRORS[error.code]?.(error.subject) ?? error.code}`);
    }
  });
}

/** What `token` prints. @throws {AuthError} */
async function tokenAction(
  devices: Devices,
  caller: Caller,
  account: string,
  action: string,
  text: string,
): Promise<string> {
  if (action === "add") {
    const { name, scope } = readDevice(text);
    return `${(await devices.add(caller, account, name, scope)).secret}\n`; // alone, for scripts
  }
  if (action === "revoke") {
    const { name } = await devices.revoke(caller, account, /^\d{1,9}$/.test(text) ? Number(text) : -1);
    return `${name} is signed out\n`;
  }
  return devices.list(caller, account).map((token) => `${describeToken(token)}\n`).join("");
}

/** Why an action on tokens failed. */
const TOKEN_ERRORS: Readonly<Partial<Record<AuthErrorCode, (subject: string) => string>>> = {
  "token-name-invalid": (most) => `the name of the device must have 1 to ${most} characters`,
  "token-room-invalid": (room) => `${room} is not a valid room name`,
  "tokens-full": (most) => `it has ${most} tokens, which is the most; revoke one first`,
  "no-such-token": () => "there is no token with this number; tincan token list shows the numbers",
};

/** Reads a password: twice from a terminal, where typing errors are not visible, else the first line of stdin. */
async function readPassword(): Promise<string> {
  if (!Deno.stdin.isTerminal()) return await readFirstLine();
  const [password = "", again] = await askSecretly("Password: ", "Once more: ");
  if (again !== password) throw new UsageError("Cannot make a line: the passwords differ");
  return password;
}

/**
 * Opens a database, runs an action on it, and closes it.
 *
 * @param what What fails if the database cannot be used, as in `Cannot …: another tincan uses it`.
 * @throws {CommandError} if the database cannot be used.
 */
async function withDatabase(
  what: string,
  open: () => Promise<Database>,
  action: (database: Database) => Promise<void>,
): Promise<void> {
  try {
    const database = await open();
    try {
      await action(database);
    } finally {
      database.close();
    }
  } catch (error) {
    if (!(error instanceof StoreError)) throw error;
    throw new CommandError(`Cannot ${what}: ${error.message}`);
  }
}

/** Shows a progress bar if stderr is a terminal. */
async function showProgress(what: string): Promise<Progress | undefined> {
  return Deno.stderr.isTerminal() ? await Progress.show(what) : undefined;
}

function quoted(name: string): string {
  return JSON.stringify(name);
}

async function readFirstLine(): Promise<string> {
  let text = "";
  for await (const part of Deno.stdin.readable.pipeThrough(new TextDecoderStream())) {
    text += part;
    if (text.includes("\n") || text.length > FIRST_LINE_MAX) break;
  }
  return text.split(/\r?\n/)[0] ?? "";
}
