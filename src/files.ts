/**
 * The files that flags name, but for the certificate: read, looked through, and refused in one line where they make no
 * sense.
 */
import { PASSWORD_MAX, prepare } from "./accounts/password.ts";
import { type Options, UsageError } from "./cli.ts";
import { Operators } from "./operators.ts";
import { Reader } from "./reader.ts";

/** The most bytes in a file given with `--motd`. */
const MOTD_MAX = 64 * 1024;

/** The most bytes in a file given with `--password-file`: what is larger is another file, given by mistake. */
const PASSWORD_FILE_MAX = 4096;

/** What reads those files that may be read anew, when nothing else can be any more. */
export function readerOf({ motd, tls }: Options): (path: string) => Promise<string> {
  const paths = [motd, tls?.cert, tls?.key].filter((path) => path !== undefined);
  if (paths.length === 0) return Deno.readTextFile;
  const reader = new Reader(paths);
  return (path) => reader.read(path);
}

/** What everybody is shown on arrival, as it was in its file when that was last read. */
export class Motd {
  /** A line each. */
  lines: readonly string[] = [];
  readonly #options: Options;
  readonly #readText: (path: string) => Promise<string>;

  private constructor(options: Options, readText: (path: string) => Promise<string>) {
    this.#options = options;
    this.#readText = readText;
  }

  /**
   * Reads it for the first time.
   *
   * @throws {UsageError}
   */
  static async open(options: Options, readText: (path: string) => Promise<string>): Promise<Motd> {
    const motd = new Motd(options, readText);
    await motd.reload();
    return motd;
  }

  /**
   * Reads it again; if that cannot be done, what was there before stays.
   *
   * @throws {UsageError}
   */
  async reload(): Promise<void> {
    const { motd, sendBuffer } = this.#options;
    if (motd === undefined) return;
    const most = Math.min(MOTD_MAX, sendBuffer / 2);
    try {
      const text = await this.#readText(motd);
      if (new TextEncoder().encode(text).length > most) throw new Error(`it has more than ${most} bytes`);
      this.lines = text.trimEnd().split(/\r?\n/);
    } catch (error) {
      throw unusable("motd", motd, error);
    }
  }
}

/** The file of those who may run the server. */
export async function operatorsOf({ operators }: Options): Promise<Operators> {
  if (operators === undefined) return new Operators();
  try {
    return Operators.read(await Deno.readTextFile(operators));
  } catch (error) {
    throw unusable("operators", operators, error);
  }
}

/** What everybody has to say to be let in. */
export async function passwordOf({ passwordFile }: Options): Promise<string | undefined> {
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
    throw unusable("password-file", passwordFile, error);
  }
}

function unusable(flag: string, path: string, error: unknown): UsageError {
  const why = error instanceof Deno.errors.NotFound ? "no such file" : (error as Error).message;
  return new UsageError(`Cannot use --${flag} "${path}": ${why}`);
}
