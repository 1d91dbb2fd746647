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

/** Runs in the worker, and has no module of its own, so that nothing need be found when it is made. */
const CODE = `
self.onmessage = async ({ data: { id, path } }) => {
  try {
    self.postMessage({ id, text: await Deno.readTextFile(path) });
  } catch (error) {
    self.postMessage({ id, missing: error instanceof Deno.errors.NotFound, error: error.message });
  }
};`;

/** What comes back from there. */
interface Answer {
  readonly id: number;
  readonly text?: string;
  readonly missing?: boolean;
  readonly error?: string;
}

/** See the head of this file. */
export class Reader {
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
  }

  /** Reads a file; throws what `Deno.readTextFile` would throw. */
  async read(path: string): Promise<string> {
    const id = this.#id++;
    let timeout;
    const answer = await new Promise<Answer>((resolve) => {
      timeout = setTimeout(() => resolve({ id, error: "it takes too long to read" }), TIME);
      this.#asked.set(id, resolve);
      this.#worker.postMessage({ id, path });
    });
    clearTimeout(timeout);
    this.#asked.delete(id);
    if (answer.text !== undefined) return answer.text;
    throw answer.missing ? new Deno.errors.NotFound(answer.error) : new Error(answer.error);
  }

  /** Ends the worker. */
  close(): void {
    this.#worker.terminate();
  }
}
