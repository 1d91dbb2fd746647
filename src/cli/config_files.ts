/**
 * The files that flags name: read at the start, where one that makes no sense is refused in one line, and again whenever
 * the server is told to, where one that makes no sense leaves in force what was read before.
 *
 * By then the rest of the disk is out of reach: see `cli/config_reader.ts`.
 */
import { isWide, PASSWORD_BYTES_MAX, PASSWORD_MAX, prepare } from "../accounts/password.ts";
import { type Options, UsageError } from "./options.ts";
import type { Log } from "../monitoring/log.ts";
import { readMotd } from "./motd.ts";
import { Operators } from "../moderation/operators.ts";
import { ConfigReader, type FileContent } from "./config_reader.ts";
import type { Reloaded } from "../moderation/reloaded.ts";
import { TlsFiles } from "./tls_files.ts";
import { reasonOf } from "../util/system_error.ts";

/** The most bytes in a file given with `--password-file`: what is larger is another file, given by mistake. */
const PASSWORD_FILE_MAX = 4096;

/** Who else may read a file: its group, or anybody. A group is often given a TLS key, and then on purpose. */
const GROUP_AND_OTHERS = 0o044;
const OTHERS = 0o004;

/** A file that a flag names. */
interface Source {
  /** What it is, in the log. */
  readonly what: string;
  readonly flag: string;
  readonly path: string;
  /** Who must not be able to read it; 0 if anybody may. */
  readonly secretTo: number;
  /** Takes what is in it, or throws and changes nothing. */
  readonly take: (bytes: Uint8Array) => void;
}

/** See the head of this file. */
export class ConfigFiles {
  /** What everybody is shown on arrival, a line each. */
  readonly motd: { lines: readonly string[] } = { lines: [] };
  readonly operators = new Operators();
  /** What everybody has to say to be let in, if anything. */
  password: string | undefined;
  /** Names of server operators whose line has changed or gone since `reload` was called last. */
  revoked: readonly string[] = [];

  readonly #sources: Source[] = [];
  readonly #log: Log;
  readonly #read: (path: string) => Promise<FileContent>;
  #tlsFiles: TlsFiles | undefined;
  #reloading: Promise<unknown> = Promise.resolve();

  private constructor({ motd, operators, passwordFile, tls, sendBuffer }: Options, log: Log) {
    this.#log = log;
    const add = (what: string, flag: string, path: string | undefined, secretTo: number, take: Source["take"]) => {
      if (path !== undefined) this.#sources.push({ what, flag, path, secretTo, take });
    };
    add("motd", "motd", motd, 0, (bytes) => this.motd.lines = readMotd(decode(bytes), sendBuffer / 2));
    add("operators", "operators", operators, GROUP_AND_OTHERS, (bytes) => {
      this.revoked = this.operators.replace(Operators.read(decode(bytes)));
    });
    add("password", "password-file", passwordFile, GROUP_AND_OTHERS, (bytes) => this.password = readPassword(bytes));
    const paths = [motd, operators, passwordFile, tls?.cert, tls?.key].filter((path) => path !== undefined);
    const reader = paths.length === 0 ? undefined : new ConfigReader(paths);
    this.#read = (path) => reader!.read(path);
  }

  /** What is needed to speak TLS; without it, none is spoken. */
  get tls(): TlsFiles["tls"] | undefined {
    return this.#tlsFiles?.tls;
  }

  /**
   * Reads them for the first time.
   *
   * @throws {UsageError}
   * @throws {CertificateError} for the files of TLS.
   */
  static async open(options: Options, log: Log): Promise<ConfigFiles> {
    const files = new ConfigFiles(options, log);
    for (const source of files.#sources) await files.#load(source);
    if (options.tls !== undefined) {
      files.#tlsFiles = await TlsFiles.open(options.tls, (path) => files.#readPem(path, options.tls!.key), log);
    }
    return files;
  }

  /** Reads them again, one reload after the other. Never rejects: what cannot be used leaves what was read before. */
  reload(): Promise<Reloaded> {
    const reloaded = this.#reloading.then(() => this.#reload());
    this.#reloading = reloaded;
    return reloaded;
  }

  async #reload(): Promise<Reloaded> {
    this.revoked = [];
    const done: string[] = [];
    const failed: { what: string; why: string }[] = [];
    for (const source of this.#sources) {
      const { what, path: file } = source;
      try {
        await this.#load(source);
        done.push(what);
        this.#log.info(`${what} reloaded`, { file });
      } catch (error) {
        const why = (error as Error).message;
        failed.push({ what, why });
        this.#log.error(`${what} not reloaded: the one before stays`, { error: why });
      }
    }
    const why = await this.#tlsFiles?.reload();
    if (why !== undefined) failed.push({ what: "certificate", why });
    else if (this.#tlsFiles !== undefined) done.push("certificate");
    if (failed.length === 0) this.#log.info(done.length > 0 ? "reloaded" : "nothing to reload: no flag names a file");
    return { done, failed };
  }

  async #load({ flag, path, secretTo, take }: Source): Promise<void> {
    try {
      const { bytes, mode } = await this.#read(path);
      take(bytes);
      this.#warnIfReadable(path, mode, secretTo);
    } catch (error) {
      throw new UsageError(`Cannot use --${flag} "${path}": ${reasonOf(error)}`);
    }
  }

  async #readPem(path: string, key: string): Promise<string> {
    const { bytes, mode } = await this.#read(path);
    if (path === key) this.#warnIfReadable(path, mode, OTHERS);
    return decode(bytes, false); // around the blocks there may be anything
  }

  #warnIfReadable(file: string, mode: number | null, secretTo: number) {
    if (((mode ?? 0) & secretTo) === 0) return;
    this.#log.warn("secret file can be read by others: chmod 600 it", { file, mode: modeOf(mode!) });
  }
}

/** Permissions as `chmod` takes them: `640`. */
export function modeOf(mode: number): string {
  return (mode & 0o777).toString(8).padStart(3, "0");
}

/** A text file's text: UTF-8, or UTF-16 with a byte order mark, as PowerShell writes it. */
function decode(bytes: Uint8Array, fatal = true): string {
  const [first, second] = bytes;
  const encoding = first === 0xff && second === 0xfe
    ? "utf-16le"
    : first === 0xfe && second === 0xff
    ? "utf-16be"
    : "utf-8";
  try {
    return new TextDecoder(encoding, { fatal }).decode(bytes);
  } catch {
    throw new Error("it is not UTF-8");
  }
}

/** The password in a file: its first line. */
function readPassword(bytes: Uint8Array): string {
  if (bytes.length > PASSWORD_FILE_MAX) throw new Error(`it has more than ${PASSWORD_FILE_MAX} bytes`);
  const [line = ""] = decode(bytes).split(/\r\n?|\n/);
  if (line === "") throw new Error("its first line is empty");
  if ([...line].length > PASSWORD_MAX) throw new Error(`its first line has more than ${PASSWORD_MAX} characters`);
  if (isWide(line)) throw new Error(`its first line has more than ${PASSWORD_BYTES_MAX} bytes`);
  const password = prepare(line);
  if (password === undefined) throw new Error("its first line has characters that no password can have");
  return password;
}
