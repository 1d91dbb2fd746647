/**
 * Space on the disk that is given back when an upload has filled it.
 *
 * SQLite needs space even to delete something: for the write-ahead log, and to copy that into the database. Without a reserve, a full
 * disk would stay full, and no message could be stored. The lock file has it: a file of its own would be one more to explain.
 */

/** The size of the reserve in bytes: the log grows to some 2 MB before it is copied. */
export const RESERVE_SIZE = 4 * 1024 * 1024;

/** How many bytes one step takes. */
const STEP_SIZE = 256 * 1024;

/** How long it waits until it takes space again after it has given it back, or when there was none, in milliseconds. */
const RETRY_INTERVAL = 60_000;

/** A file whose contents do not matter. */
export type ReserveFile = Pick<Deno.FsFile, "writeSync" | "truncateSync" | "seekSync">;

/** Takes space, and gives it back. */
export class DiskReserve {
  readonly #file: ReserveFile;
  readonly #now: () => number;
  #size = 0;
  #retryAt = -Infinity;

  /**
   * @param file Takes the space. Nothing is read from it.
   * @param now The monotonic clock.
   */
  constructor(file: ReserveFile, now: () => number = () => performance.now()) {
    this.#file = file;
    this.#now = now;
  }

  /** How many bytes it has. */
  get size(): number {
    return this.#size;
  }

  /** Takes some space, unless it has enough or there was none shortly before; returns whether there is more to take. */
  runStep(): boolean {
    if (this.#size >= RESERVE_SIZE || this.#now() < this.#retryAt) return false;
    try {
      this.#file.seekSync(this.#size, Deno.SeekMode.Start);
      const bytes = new Uint8Array(STEP_SIZE);
      for (let done = 0; done < STEP_SIZE;) done += this.#file.writeSync(bytes.subarray(done));
      this.#size += STEP_SIZE;
    } catch {
      this.release(); // what is left is more useful to others
      return false;
    }
    return this.#size < RESERVE_SIZE;
  }

  /** Gives all of it back. */
  release(): void {
    this.#retryAt = this.#now() + RETRY_INTERVAL;
    this.#size = 0;
    try {
      this.#file.truncateSync(0);
    } catch {
      // then it stays taken, and the disk full
    }
  }
}
