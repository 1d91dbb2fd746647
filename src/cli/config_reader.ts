/**
 * Reads a few files again, when the rest of the disk is out of reach.
 *
 * What may be read can be given up as a whole, and not but for some files. A worker, though, is given what it may do when
 * it is made, and keeps that when its maker gives up its own. So there is one that may read these files and do nothing
 * else; all that goes in is which of them, and all that comes out is what is in it.
 */
/// <reference lib="deno.unstable" />

/** How long reading a file may take, in milliseconds: it could be a pipe that nobody writes to. */
const TIME = 10_000;

/** The most bytes of a file: what is larger is another file, given by mistake, or has no end. */
export const FILE_MAX = 1024 * 1024;

/** Runs in the worker, and has no module of its own, so that nothing need be found when it is made. */
const CODE = `
// By its path, as a whole: opening a file would take the right to read what a link leads to.
async function read(path) {
  const { isDirectory, isCharDevice, isBlockDevice, size, mode } = await Deno.stat(path);
  if (isDirectory) throw new Error("it is a directory");
  if (isCharDevice || isBlockDevice) throw new Error("it is a device");
  const bytes = size > ${FILE_MAX} ? undefined : await Deno.readFile(path, { signal: AbortSignal.timeout(${TIME}) });
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

/** What is in a file, and who may read it. */
export interface FileContent {
  readonly bytes: Uint8Array;
  /** Its permissions, as in `chmod`; nothing where files have none. */
  readonly mode: number | null;
}

/** What comes back from there. */
interface Answer {
  readonly id: number;
  readonly file?: FileContent;
  readonly name?: string;
  readonly error?: string;
}

/** See the head of this file. */
export class ConfigReader {
  readonly #worker: Worker;
  readonly #asked = new Map<number, (answer: Answer) => void>();
  #id = 0;

  /** @param paths What may be read: no file else can be. */
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
    this.#worker.onmessage = ({ data }: MessageEvent<Answer>) => {
      this.#asked.get(data.id)?.(data);
      this.#asked.delete(data.id);
    };
    this.#worker.onerror = (event) => {
      event.preventDefault(); // it would end the process
      for (const [id, answer] of this.#asked) answer({ id, error: event.message });
    };
  }

  /**
   * Reads a file.
   *
   * @throws {Error} what `Deno.open` would throw, or one that says that it is no file of a size that makes sense.
   */
  async read(path: string): Promise<FileContent> {
    const id = this.#id++;
    let timeout;
    const answer = await new Promise<Answer>((resolve) => {
      timeout = setTimeout(() => resolve({ id, error: "it takes too long to read" }), TIME);
      this.#asked.set(id, resolve);
      this.#worker.postMessage({ id, path });
    });
    clearTimeout(timeout);
    this.#asked.delete(id);
    if (answer.file !== undefined) return answer.file;
    if (/^Requires all access/.test(answer.error ?? "")) throw new Error("it is not a file on a disk"); // /dev/stdin, /dev/fd/63, /proc/…
    const kinds: Readonly<Record<string, new (message?: string) => Error>> = Deno.errors;
    throw new (kinds[answer.name ?? ""] ?? Error)(answer.error);
  }

  /** Ends the worker. */
  close(): void {
    this.#worker.terminate();
  }
}
