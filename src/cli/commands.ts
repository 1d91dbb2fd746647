/**
 * What tincan does when it is no server: writes down what is kept, takes it in, erases some of it; makes the line of a
 * server operator.
 */
import { choose, hashPassword, PasswordError } from "../accounts/password.ts";
import { isNick } from "../chat/names.ts";
import { type Options, UsageError } from "./options.ts";
import { Database } from "../history/database.ts";
import { FormatError } from "../history/jsonl.ts";
import { erase } from "../history/erase.ts";
import { Export } from "../history/export.ts";
import { StoreError } from "../chat/store.ts";
import { Import } from "../history/import.ts";
import { writeOut } from "./output.ts";
import { Progress } from "./progress.ts";
import { askSecretly } from "./password_prompt.ts";
import { isSystemError, reasonOf } from "../util/system_error.ts";

/** How much of stdin is read for its first line, at least, in characters: more than any password may have. */
const FIRST_LINE_MAX = 10_000;

/** Something cannot be done. The message is one line for whoever wanted it. */
export class CommandError extends Error {
  override name = "CommandError";
}

/** These commands, by name. Each resolves when it is done, and rejects with a `CommandError` or a `UsageError`. */
export const COMMANDS: Readonly<Partial<Record<Options["command"], (options: Options) => Promise<void>>>> = {
  export: exportAll,
  import: importAll,
  forget,
  passwd,
};

/** Writes what is kept to stdout. */
async function exportAll({ data, format, room }: Options): Promise<void> {
  await withFile(`export ${quoted(data!)}`, () => Database.read(data!), async (file) => {
    const all = new Export(file, format, room);
    if (!all.found) throw new CommandError(`Cannot export ${quoted(room!)}: there is no such room`);
    // Not where it would come in between the lines.
    const progress = Deno.stdout.isTerminal() ? undefined : await progressOf("Exporting");
    const count = progress && all.count();
    let done = 0;
    try {
      for (const { text, messages } of all.pieces()) {
        if (!await writeOut(text, "export")) break;
        progress?.set(done += messages, count!);
      }
    } finally {
      progress?.stop();
    }
  });
}

/** Takes in from stdin what somebody has exported. */
async function importAll({ data, sync }: Options): Promise<void> {
  if (Deno.stdin.isTerminal()) {
    throw new UsageError(`Cannot import from a terminal: tincan import --data DIR < FILE`);
  }
  await withFile(`import into ${quoted(data!)}`, () => Database.open(data!, sync), async (file) => {
    const progress = await progressOf("Importing");
    const all = new Import(file);
    let failure: unknown;
    try {
      await all.read(Deno.stdin.readable, (done, of) => progress?.set(done, of));
    } catch (error) {
      failure = error;
    }
    progress?.stop();
    const known = all.known > 0 ? `, and ${counted(all.known)} there already` : "";
    const told = writeOut(`${counted(all.imported)} imported${known}\n`);
    if (failure === undefined) return void await told;
    await told.catch(() => {}); // what went wrong first is what counts
    if (failure instanceof FormatError) throw new CommandError(`Cannot import: ${failure.message}`);
    throw isSystemError(failure) ? new CommandError(`Cannot import: ${reasonOf(failure)}`) : failure;
  });
}

/** Erases what somebody has said. */
async function forget({ data, argument: nick }: Options): Promise<void> {
  if (nick === undefined) throw new UsageError("Cannot forget: tincan forget NAME --data DIR");
  if (!isNick(nick)) throw new UsageError(`Cannot forget ${quoted(nick)}: nobody can be called that`);
  await withFile(`forget ${quoted(nick)} in ${quoted(data!)}`, () => Database.reopen(data!), async (file) => {
    const { inRooms, inPrivate, account } = erase(file, nick);
    const more = inPrivate > 0 ? `, and ${counted(inPrivate)} of private conversations` : "";
    await writeOut(`${counted(inRooms)} erased${more}${account ? ", and the account" : ""}\n`);
  });
}

/** Makes a line for `--operators`. The password comes from the terminal, where it is not shown, or else from stdin. */
async function passwd({ argument: name }: Options): Promise<void> {
  if (name === undefined || !/^[^\s#]+$/.test(name)) throw new UsageError("Cannot make a line: tincan passwd NAME");
  const password = await askPassword();
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

/** Asks for a password: twice, where it cannot be seen whether it is what was meant. */
async function askPassword(): Promise<string> {
  if (!Deno.stdin.isTerminal()) return await readFirstLine();
  const [password = "", again] = await askSecretly("Password: ", "Once more: ");
  if (again !== password) throw new UsageError("Cannot make a line: these are two different passwords");
  return password;
}

/** Does something with what is kept, and says in one line why it cannot be done. */
async function withFile(what: string, open: () => Promise<Database>, run: (file: Database) => Promise<void> | void) {
  try {
    const file = await open();
    try {
      await run(file);
    } finally {
      file.close();
    }
  } catch (error) {
    if (!(error instanceof StoreError)) throw error;
    throw new CommandError(`Cannot ${what}: ${error.message}`);
  }
}

/** A progress bar, where there is somebody who sees it. */
async function progressOf(what: string): Promise<Progress | undefined> {
  return Deno.stderr.isTerminal() ? await Progress.show(what) : undefined;
}

function counted(lines: number): string {
  return `${lines} ${lines === 1 ? "line" : "lines"}`;
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
