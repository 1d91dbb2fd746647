/**
 * Reads config files after the process has given up its permission to read files.
 *
 * Deno cannot revoke the read permission except for some paths. A worker keeps the permissions that it was created with,
 * so one worker that may read these paths, and nothing else, reads them for the whole life of the process. It receives
 * paths and returns their contents.
 */
/// <reference lib="deno.unstable" />

/** How long reading a file may take, in milliseconds: a named pipe may have no writer. */
const READ_TIMEOUT = 10_000;

/** The largest file that is read, in bytes: a larger one is probably the wrong file, or has no end. */
export const FILE_MAX = 1024 * 1024;

/** The worker's code. It has no file of its own, so that `deno compile` needs no extra module. */
const CODE = `
// Deno.readFile takes the path as a whole. Deno.open would need the permission to read a symbolic link's target.
async function read(path) {
  const { isDirectory, isCharDevice, isBlockDevice, size, mode } = await Deno.stat(path);
  if (isDirectory) throw new Error("it is a directory");
  if (isCharDevice || isBlockDevice) throw new Error("it is a device");
  const signal = AbortSignal.timeout(${READ_TIMEOUT});
  const bytes = size > ${FILE_MAX} ? undefined : await Deno.readFile(path, { signal });
  if (bytes === undefined || bytes.length > ${FILE_MAX}) throw new Error("it has more than ${FILE_MAX} bytes");
  return { bytes, mode };
}
self.onmessage = async ({ data: { id, path } }) => {
  try {
    self.postMessage({ id, file: await read(path) });
  } catch (error) {
    self.postMessage({ id, name: error.name, error: error.message });
  }
};`;

/** What a file contains, and its permissions. */
export interface FileContent {
  readonly bytes: Uint8Array;
  /** The mode bits, as in `chmod`; `null` on systems without them. */
  readonly mode: number | null;
}

/** The worker's result for one path: a file, or the name and message of an error. */
interface ReadResult {
  readonly id: number;
  readonly file?: FileContent;
  readonly name?: string;
  readonly error?: string;
}

/** Reads the files at a few paths, independently of the permissions of its own process. */
export class ConfigReader {
  readonly #worker: Worker;
  readonly #pending = new Map<number, (result: ReadResult) => void>();
  #nextId = 0;

  /** @param paths The paths that can be read; no other can. */
  constructor(paths: readonly string[]) {
    const permissions: Deno.PermissionOptionsObject = {
      read: [...paths],
      write: false,
      net: false,
      env: false,
      run: false,
      ffi: false,
      sys: false,
      import: false,
    };
    const url = `data:text/javascript,${encodeURIComponent(CODE)}`;
    this.#worker = new Worker(url, { type: "module", name: "reader", deno: { permissions } });
    this.#worker.onmessage = ({ data }: MessageEvent<ReadResult>) => {
      this.#pending.get(data.id)?.(data);
      this.#pending.delete(data.id);
    };
    this.#worker.onerror = (event) => {
      event.preventDefault(); // else the error ends the process
      for (const [id, resolve] of this.#pending) resolve({ id, error: event.message });
    };
  }

  /**
   * Reads a file.
   *
   * @throws {Error} the error of `Deno.readFile`, or one whose message says why the file is not accepted: a directory, a
   * device, too large, or too slow.
   */
  async read(path: string): Promise<FileContent> {
    const id = this.#nextId++;
    let timeout;
    const result = await new Promise<ReadResult>((resolve) => {
      timeout = setTimeout(() => resolve({ id, error: "it takes too long to read" }), READ_TIMEOUT);
      this.#pending.set(id, resolve);
      this.#worker.postMessage({ id, path });
    });
    clearTimeout(timeout);
    this.#pending.delete(id);
    if (result.file !== undefined) return result.file;
    // Deno wants --allow-all for /dev/stdin, /dev/fd/63, /proc/… .
    if (/^Requires all access/.test(result.error ?? "")) throw new Error("it is not a file on a disk");
    const kinds: Readonly<Record<string, new (message?: string) => Error>> = Deno.errors;
    throw new (kinds[result.name ?? ""] ?? Error)(result.error);
  }

  /** Ends the worker. */
  close(): void {
    this.#worker.terminate();
  }
}
