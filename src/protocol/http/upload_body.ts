/** Writes the body of an upload into the store, a chunk at a time. */
import { CHUNK_SIZE, type FileStore, type FileWriter } from "../../files/file_store.ts";
import { SIZE_BYTES } from "../../files/types.ts";
import { StoreError } from "../../chat/store.ts";
import type { TimeSlicer } from "../time_slicer.ts";

/** For how long a chunk waits for a database that another program has locked, and between attempts, in milliseconds. */
export const LOCK_TIME = 5000;
const LOCK_PAUSE = 20;

/**
 * The pause after each chunk, in milliseconds: an upload is no faster than 16 MB/s. Every 15 chunks or so, SQLite's log is copied
 * into the database, for which all clients wait: lines that are said in between are not delayed.
 */
const CHUNK_PAUSE = 4;

/** Where a body is written. */
export interface BodyTarget {
  readonly files: FileStore;
  /** Shares the time for writing chunks between networks. */
  readonly slicer: TimeSlicer;
  /** The networks of the client, the widest first. */
  readonly networks: readonly string[];
}

/** A file whose bytes are stored, and that is not visible yet. */
export interface WrittenBody {
  readonly writer: FileWriter;
  /** Its first bytes, for `sniff`. */
  readonly head: Uint8Array;
}

/**
 * Writes a body. The caller finishes or aborts the writer.
 *
 * @throws {StoreError}
 * @throws The error of the stream, when the client has left or sends too much. The written bytes are dropped then.
 */
export async function writeBody(body: AsyncIterable<Uint8Array>, target: BodyTarget): Promise<WrittenBody> {
  const writer = target.files.begin();
  const head = new Uint8Array(SIZE_BYTES);
  const chunk = new Uint8Array(CHUNK_SIZE);
  let filled = 0;
  const flush = async () => {
    if (filled === 0) return;
    const bytes = chunk.subarray(0, filled);
    if (writer.size < SIZE_BYTES) head.set(bytes, writer.size);
    await whenReady(target, () => writer.append(bytes));
    filled = 0;
    await new Promise((resolve) => setTimeout(resolve, CHUNK_PAUSE));
  };
  try {
    for await (const piece of body) {
      for (let at = 0; at < piece.length;) {
        const taken = piece.subarray(at, at + CHUNK_SIZE - filled);
        chunk.set(taken, filled);
        filled += taken.length;
        at += taken.length;
        if (filled === CHUNK_SIZE) await flush();
      }
    }
    await flush();
    return { writer, head: head.subarray(0, Math.min(writer.size, SIZE_BYTES)) };
  } catch (error) {
    writer.abort();
    throw error;
  }
}

/**
 * Runs a short change of the store once it can be written, in its turn.
 *
 * @throws {StoreError} also if another program has it locked for too long.
 */
export async function whenReady<T>({ files, slicer, networks }: BodyTarget, change: () => T): Promise<T> {
  const end = performance.now() + LOCK_TIME;
  for (;;) {
    const done = await slicer.run(() => files.ready ? { value: change() } : undefined, { networks });
    if (done !== undefined) return done.value;
    if (performance.now() >= end) throw new StoreError("another program keeps it locked");
    await new Promise((resolve) => setTimeout(resolve, LOCK_PAUSE));
  }
}
