/**
 * The files that flags name: read when the server starts, and again on SIGHUP and REHASH.
 *
 * A file that cannot be used prevents the start. On a reload it is reported, and its previous content stays in use.
 */
import { isWide, PASSWORD_BYTES_MAX, PASSWORD_MAX, prepare } from "../accounts/password.ts";
import { Operators } from "../moderation/operators.ts";
import type { Reloaded } from "../moderation/reloaded.ts";
import type { Log } from "../monitoring/log.ts";
import { reasonOf } from "../util/system_error.ts";
import { ConfigReader, type FileContent } from "./config_reader.ts";
import { readMotd } from "./motd.ts";
import type { Options } from "./options.ts";
import { TlsFiles } from "./tls_files.ts";
import { UsageError } from "./usage_error.ts";

/** The largest file for `--password-file`, in bytes: a larger one is probably the wrong file. */
const PASSWORD_FILE_MAX = 4096;

/** Permission bits of readers other than the owner. A group is often given a TLS key on purpose. */
const GROUP_AND_OTHERS = 0o044;
const OTHERS = 0o004;

/** A file that a flag names. */
interface ConfigFile {
  /** What the file holds, for the log. */
  readonly what: string;
  readonly flag: string;
  readonly path: string;
  /** Permission bits that are logged as a warning; 0 if the file is not secret. */
  readonly unwanted: number;
  /** Whether the file is read at the start alone. */
  readonly once: boolean;
  /** Puts the content into use, or throws and changes nothing. */
  readonly use: (bytes: Uint8Array) => void;
}

/** The current contents of the files that flags name. */
export class ConfigFiles {
  /** The message of the day, by line. */
  readonly motd: { lines: readonly string[] } = { lines: [] };
  readonly operators = new Operators();
  /** The server password, if there is one. */
  password: string | undefined;
  /** Names of the server operators whose line the last reload changed or removed. */
  revoked: readonly string[] = [];
  /** The credentials for NATS, and the certificate to check its servers with; empty if there is none. */
  readonly cluster = { creds: "", ca: "" };

  readonly #files: ConfigFile[] = [];
  readonly #log: Log;
  readonly #read: (path: string) => Promise<FileContent>;
  #tlsFiles: TlsFiles | undefined;
  #reloading: Promise<unknown> = Promise.resolve();

  private constructor({ motd, operators, passwordFile, tlsCert, tlsKey, sendBuffer, cluster }: Options, log: Log) {
    this.#log = log;
    const add = (
      what: string,
      flag: string,
      path: string | undefined,
      unwanted: number,
      use: ConfigFile["use"],
      once = false,
    ) => {
      if (path !== undefined) this.#files.push({ what, flag, path, unwanted, use, once });
    };
    add("motd", "motd", motd, 0, (bytes) => this.motd.lines = readMotd(decode(bytes), sendBuffer / 2));
    add("operators", "operators", operators, GROUP_AND_OTHERS, (bytes) => {
      this.revoked = this.operators.replace(Operators.read(decode(bytes)));
    });
    add("password", "password-file", passwordFile, GROUP_AND_OTHERS, (bytes) => this.password = readPassword(bytes));
    const { credsFile, caFile } = cluster ?? {};
    // Once: the connection to NATS lasts as long as the process.
    const useCreds = (bytes: Uint8Array) => this.cluster.creds = readPem(bytes, /-----BEGIN NATS USER JWT-----/);
    add("cluster credentials", "cluster-creds", credsFile, GROUP_AND_OTHERS, useCreds, true);
    const useCa = (bytes: Uint8Array) => this.cluster.ca = readPem(bytes, /-----BEGIN CERTIFICATE-----/);
    add("cluster certificate", "cluster-ca", caFile, 0, useCa, true);
    const paths = [motd, operators, passwordFile, tlsCert, tlsKey, credsFile, caFile].filter((path) =>
      path !== undefined
    );
    const reader = paths.length === 0 ? undefined : new ConfigReader(paths);
    this.#read = (path) => reader!.read(path);
  }

  /** The certificate in use; `undefined` without TLS. */
  get tls(): TlsFiles["tls"] | undefined {
    return this.#tlsFiles?.tls;
  }

  /**
   * Reads all files for the first time.
   *
   * @throws {UsageError} if a file cannot be used.
   * @throws {CertificateError} if the certificate or its key cannot be used.
   */
  static async open(options: Options, log: Log): Promise<ConfigFiles> {
    const files = new ConfigFiles(options, log);
    for (const file of files.#files) await files.#load(file);
    const { tlsCert: cert, tlsKey: key } = options;
    if (cert !== undefined && key !== undefined) {
      files.#tlsFiles = await TlsFiles.open({ cert, key }, (path) => files.#readPem(path, key), log);
    }
    return files;
  }

  /** Reads all files again, after any reload that is under way. Never rejects: errors are logged and returned. */
  reload(): Promise<Reloaded> {
    const reloaded = this.#reloading.then(() => this.#reload());
    this.#reloading = reloaded;
    return reloaded;
  }

  async #reload(): Promise<Reloaded> {
    this.revoked = [];
    const done: string[] = [];
    const failed: { what: string; why: string }[] = [];
    for (const file of this.#files) {
      const { what, path, once } = file;
      if (once) continue;
      try {
        await this.#load(file);
        done.push(what);
        this.#log.info(`${what} reloaded`, { file: path });
      } catch (error) {
        const why = (error as Error).message;
        failed.push({ what, why });
        this.#log.error(`${what} not reloaded: the previous one stays in use`, { error: why });
      }
    }
    const why = await this.#tlsFiles?.reload();
    if (why !== undefined) failed.push({ what: "certificate", why });
    else if (this.#tlsFiles !== undefined) done.push("certificate");
    if (failed.length === 0) this.#log.info(done.length > 0 ? "reloaded" : "nothing to reload: no flag names a file");
    return { done, failed };
  }

  async #load({ flag, path, unwanted, use }: ConfigFile): Promise<void> {
    try {
      const { bytes, mode } = await this.#read(path);
      use(bytes);
      this.#warnIfReadable(path, mode, unwanted);
    } catch (error) {
      throw new UsageError(`Cannot use --${flag} "${path}": ${reasonOf(error)}`);
    }
  }

  async #readPem(path: string, keyPath: string): Promise<string> {
    const { bytes, mode } = await this.#read(path);
    if (path === keyPath) this.#warnIfReadable(path, mode, OTHERS);
    return decode(bytes, false); // PEM allows any text around its blocks (RFC 7468, section 2)
  }

  #warnIfReadable(file: string, mode: number | null, unwanted: number) {
    if (((mode ?? 0) & unwanted) === 0) return;
    this.#log.warn("secret file can be read by others: chmod 600 it", { file, mode: modeOf(mode!) });
  }
}

/** Formats permissions as `chmod` takes them: `640`. */
export function modeOf(mode: number): string {
  return (mode & 0o777).toString(8).padStart(3, "0");
}

/**
 * Decodes a text file: UTF-8, or UTF-16 with a byte order mark, as PowerShell writes it.
 *
 * @param fatal Whether to throw on invalid bytes, instead of replacing them.
 */
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

/** Returns a text with PEM blocks, or blocks like them, if it has the one that is needed. */
function readPem(bytes: Uint8Array, block: RegExp): string {
  const text = decode(bytes);
  if (!block.test(text)) throw new Error(`it has no line ${block.source}`);
  return text;
}

/** Returns the password in a file, which is its first line. */
function readPassword(bytes: Uint8Array): string {
  if (bytes.length > PASSWORD_FILE_MAX) throw new Error(`it has more than ${PASSWORD_FILE_MAX} bytes`);
  const [line = ""] = decode(bytes).split(/\r\n?|\n/);
  if (line === "") throw new Error("its first line is empty");
  if ([...line].length > PASSWORD_MAX) throw new Error(`its first line has more than ${PASSWORD_MAX} characters`);
  if (isWide(line)) throw new Error(`its first line has more than ${PASSWORD_BYTES_MAX} bytes`);
  const password = prepare(line);
  if (password === undefined) throw new Error("its first line has characters that are not allowed in a password");
  return password;
}
