/**
 * Copies a database from a read-only place to one where SQLite can read it.
 *
 * In WAL mode, SQLite creates two files beside a database even to read it. Where it cannot, as in a snapshot of a file
 * system, on a full disk or in another user's directory, a copy of the database and its log is read instead.
 */
import { join } from "node:path";
import { reasonOf } from "../util/system_error.ts";
import { StoreError } from "../chat/store.ts";

/** A copy, in a temporary directory of its own. */
export interface Copy {
  readonly path: string;
  /** Removes the copy. On systems that can remove open files, call this as soon as the copy is open. */
  remove(): void;
}

/**
 * Copies a database and its log.
 *
 * @throws {StoreError} if there is no space for a copy, or if another process writes to the database meanwhile.
 */
export async function copyOf(path: string): Promise<Copy> {
  const files = [path, `${path}-wal`];
  const before = files.map(stateOf).join();
  let directory: string | undefined;
  const remove = () => {
    try {
      if (directory !== undefined) Deno.removeSync(directory, { recursive: true });
    } catch {
      // The system removes it with other temporary files.
    }
  };
  try {
    directory = await Deno.makeTempDir({ prefix: "tincan-" }); // with permissions for its owner only
    const copy = join(directory, "tincan.db");
    await Deno.copyFile(path, copy);
    if (stateOf(files[1]!) !== undefined) await Deno.copyFile(files[1]!, `${copy}-wal`);
    for (const { name } of Deno.readDirSync(directory)) Deno.chmodSync(join(directory, name), 0o600);
    if (files.map(stateOf).join() !== before) throw new StoreError("it is read-only, and another program writes to it");
    return { path: copy, remove };
  } catch (error) {
    remove();
    if (error instanceof StoreError) throw error;
    throw new StoreError(`it is read-only, and no copy can be made (TMPDIR says where): ${reasonOf(error)}`);
  }
}

/** The properties of a file that change with each write; undefined if there is no file. */
function stateOf(path: string): string | undefined {
  try {
    const { size, mtime } = Deno.statSync(path);
    return `${size} ${mtime?.getTime()}`;
  } catch {
    return undefined;
  }
}
