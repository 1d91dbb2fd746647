/**
 * The files of the client, in the user's config directory: per server the nickname, rooms, token and read markers, and the
 * certificates that the user has accepted. The directory has the mode 700, and each file the mode 600.
 */
import { dirname, join } from "node:path";
import { bracketed } from "../util/bracketed.ts";
import { reasonOf } from "../util/system_error.ts";
import type { KnownCertificates } from "./trust.ts";
import type { Store } from "../web/storage.js";

/** Looks up an environment variable. */
export type Environment = (name: string) => string | undefined;

/** The most bytes of a file that is read or written. A server can cause much to be stored, such as long names of rooms. */
const FILE_MAX = 4 * 1024 * 1024;

/**
 * The directory of the client's files: `$XDG_CONFIG_HOME/tincan` or `~/.config/tincan`, on Windows `%APPDATA%\tincan`.
 * `undefined` if the environment names none.
 */
export function configDirectory(env: Environment, os: string = Deno.build.os): string | undefined {
  if (os === "windows") {
    const folder = env("APPDATA");
    return folder ? join(folder, "tincan") : undefined;
  }
  const folder = env("XDG_CONFIG_HOME");
  if (folder?.startsWith("/")) return join(folder, "tincan"); // the XDG Base Directory Specification says to ignore relative paths
  const home = env("HOME");
  return home ? join(home, ".config", "tincan") : undefined;
}

/** Names with values, stored in a file. If the file cannot be used, they are in memory alone, and `problem` says why. */
export class Settings implements Store {
  /** Why nothing is stored, as a sentence; `undefined` if all is well. */
  problem: string | undefined;
  #values = new Map<string, string>();

  /** @param path The file; `undefined` for memory alone. */
  constructor(readonly path: string | undefined) {
    this.#load();
  }

  /** Opens the settings of a server. @param server `HOST` or `HOST:PORT`. */
  static of(directory: string | undefined, server: string): Settings {
    // The prefix keeps names such as `con` apart from those of devices on Windows.
    const name = `server-${encodeURIComponent(server.toLowerCase()).replaceAll("*", "%2A")}.json`;
    return new Settings(directory === undefined ? undefined : join(directory, name));
  }

  getItem(name: string): string | null {
    return this.#values.get(name) ?? null;
  }

  /** Stores a value. Another client may have changed others meanwhile: the file is read again first. */
  setItem(name: string, value: string): void {
    if (this.#values.get(name) === value) return;
    this.#load();
    this.#values.set(name, value);
    this.#save();
  }

  removeItem(name: string): void {
    if (!this.#values.has(name)) return;
    this.#load();
    this.#values.delete(name);
    this.#save();
  }

  #load() {
    if (this.path === undefined || this.problem !== undefined) return;
    try {
      const text = readFile(this.path);
      if (text !== undefined) this.#values = valuesIn(text);
    } catch (error) {
      this.problem = error instanceof SyntaxError
        ? `The settings in ${this.path} are damaged: ${error.message}. Nothing is stored until you repair or delete the file.`
        : `Cannot read the settings in ${this.path}: ${reasonOf(error)}. Nothing is stored.`;
    }
  }

  #save() {
    if (this.path === undefined || this.problem !== undefined) return;
    try {
      writeFile(this.path, `${JSON.stringify(Object.fromEntries(this.#values), undefined, 2)}\n`);
    } catch (error) {
      this.problem = `Cannot store the settings in ${this.path}: ${reasonOf(error)}.`;
    }
  }
}

/** @throws {SyntaxError} */
function valuesIn(text: string): Map<string, string> {
  let values: unknown;
  try {
    values = JSON.parse(text);
  } catch {
    throw new SyntaxError("it is no JSON");
  }
  if (typeof values !== "object" || values === null || Array.isArray(values)) throw new SyntaxError("it is no object");
  const entries = Object.entries(values);
  if (entries.some(([, value]) => typeof value !== "string")) throw new SyntaxError("a value is no text");
  return new Map(entries);
}

/** A storage in memory, for what ends with the process. */
export function memoryStore(): Store {
  return new Settings(undefined);
}

/** The certificates that the user has accepted: lines of `HOST:PORT SHA256:…`, to which lines are only added. */
export class CertificateFile implements KnownCertificates {
  readonly path: string;
  readonly #isStored: boolean;
  #lines: string[] = [];

  /** @throws {Error} of the system if there is a file that cannot be read. */
  constructor(directory: string | undefined) {
    this.#isStored = directory !== undefined;
    this.path = directory === undefined ? "the memory" : join(directory, "known_certificates");
    if (this.#isStored) this.#lines = this.#read();
  }

  find(server: string): { fingerprint: string; line: number } | undefined {
    const at = this.#lines.findLastIndex((line) => line.startsWith(`${server} `));
    const fingerprint = this.#lines[at]?.slice(server.length + 1).trim();
    return fingerprint === undefined ? undefined : { fingerprint, line: at + 1 };
  }

  isKnownAt(host: string, fingerprint: string): boolean {
    const name = bracketed(host).toLowerCase();
    return this.#lines.some((line) => {
      const [server = "", known] = line.trim().split(/\s+/);
      return server.replace(/:\d+$/, "") === name && known === fingerprint;
    });
  }

  /** Adds a line. Another client may have added others meanwhile: the file is read again first. */
  add(server: string, fingerprint: string): void {
    const line = `${server} ${fingerprint}`;
    this.#lines.push(line); // also if it cannot be stored
    if (!this.#isStored) return;
    const lines = this.#read();
    if (lines.at(-1) === "") lines.pop();
    this.#lines = [...lines, line];
    writeFile(this.path, `${this.#lines.join("\n")}\n`);
  }

  #read(): string[] {
    return (readFile(this.path) ?? "").split("\n");
  }
}

/** The text of a file; `undefined` if there is none. Its mode is corrected, if others could read it. */
function readFile(path: string): string | undefined {
  try {
    const { size, mode } = Deno.statSync(path);
    if (size > FILE_MAX) throw new Error(`it has more than ${FILE_MAX} bytes`);
    if (mode !== null && (mode & 0o077) !== 0) Deno.chmodSync(path, 0o600);
    return Deno.readTextFileSync(path);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw error;
  }
}

/** Replaces a file at once: other programs see the old content or the new one. */
function writeFile(path: string, text: string): void {
  let bytes = new TextEncoder().encode(text);
  if (bytes.length > FILE_MAX) throw new Error(`it would have more than ${FILE_MAX} bytes`);
  Deno.mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
  const temporary = `${path}.${crypto.randomUUID().slice(0, 8)}`;
  try {
    const file = Deno.openSync(temporary, { write: true, createNew: true, mode: 0o600 });
    try {
      while (bytes.length > 0) bytes = bytes.subarray(file.writeSync(bytes));
      file.syncDataSync();
    } finally {
      file.close();
    }
    Deno.renameSync(temporary, path);
  } catch (error) {
    try {
      Deno.removeSync(temporary);
    } catch {
      // it was not created
    }
    throw error;
  }
}
